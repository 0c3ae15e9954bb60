"""A hash of the code that decides an outcome, so that outcomes of other code are never reused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from zonediff.engine.policy import Policy
from zonediff.variants.registry import variant_file
from zonediff.work.contract import digest, own_versions
from zonediff.work.dependencies import code_hashes, imports


def fingerprint(*policies: Policy, packages: Sequence[str] = ()) -> str:
    """Return a hash of all that a worker must have in common with this process for these variants.

    packages: more distributions that decide the outcome.
    """
    versions = str(own_versions(packages)).encode()
    return digest([versions, *(text for policy in policies for text in _code(policy))])


def _code(policy: Policy) -> Iterator[bytes]:
    """Yield the names of a variant's classes, and the code of those outside zonediff."""
    for cls in type(policy).__mro__[:-1]:
        yield cls.__qualname__.encode()
        text = variant_file(cls)  # the text that was loaded
        if text is None:
            yield from code_hashes([cls.__module__.partition(".")[0]])
        else:
            yield text
            yield from code_hashes(imports(text))
