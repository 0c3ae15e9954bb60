"""A variant that fails at its work: told with the line of it, and not as a mistake of zonediff."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from zonediff.engine.errors import ZonediffError
from zonediff.engine.policy import Policy

_OURS: Final = "zonediff."


class VariantFailed(ZonediffError):
    """The code of a variant raised something; the message says which, where and what."""


@contextmanager
def told(*policies: Policy) -> Iterator[None]:
    """Tell what is raised meanwhile as a failure of these variants.

    What zonediff says by an exception of its own stays as it is; so does all that is raised where
    there are only variants of zonediff.
    """
    try:
        yield
    except BaseException as error:  # it may even leave
        others = [policy for policy in policies if not _is_ours(type(policy))]
        ours = not others or type(error).__module__.startswith(_OURS)
        if ours or isinstance(error, KeyboardInterrupt):
            raise
        names = " or ".join(policy.name for policy in others)
        raise VariantFailed(f"variant {names} failed: {in_words(error, *others)}") from error


def in_words(error: BaseException, *policies: Policy) -> str:
    """What was raised, and the last line in the code of these variants that led there.

    Without any, as when they gave the engine what it can do nothing with, it is the line that
    raised it.
    """
    classes = {cls for policy in policies for cls in type(policy).__mro__[:-1] if not _is_ours(cls)}
    files = {getattr(sys.modules.get(cls.__module__), "__file__", None) for cls in classes}
    frames = traceback.extract_tb(error.__traceback__)
    theirs = [frame for frame in frames if frame.filename in files]
    where = (theirs or frames)[-1]
    try:
        said = str(error)
    except Exception:
        said = "it cannot say what"
    return f"{where.filename}:{where.lineno}: {type(error).__name__}: {said}"


def _is_ours(cls: type) -> bool:
    return cls.__module__.startswith(_OURS)
