"""The code that decides an outcome, as a hash: what other code found is never taken for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from zonediff.engine.policy import Policy
from zonediff.variants.registry import variant_file
from zonediff.work.contract import digest, own_versions
from zonediff.work.dependencies import code, imports


def fingerprint(*policies: Policy, packages: Sequence[str] = ()) -> str:
    """A hash of all that a worker would have to agree on for these variants.

    packages: distributions that decide the outcome too.
    """
    versions = str(own_versions(packages)).encode()
    return digest([versions, *(text for policy in policies for text in _code(policy))])


def _code(policy: Policy) -> Iterator[bytes]:
    """Which classes a variant is built of, and the code of those that are not ours."""
    for cls in type(policy).__mro__[:-1]:
        yield cls.__qualname__.encode()
        text = variant_file(cls)  # as it was loaded
        if text is None:
            yield from code([cls.__module__.partition(".")[0]])
        else:
            yield text
            yield from code(imports(text))
