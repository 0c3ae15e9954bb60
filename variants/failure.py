"""Failures of variants, reported with the line in the variant and not as a mistake of zonediff."""

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
def failures_of(*policies: Policy) -> Iterator[None]:
    """Turn exceptions raised inside into VariantFailed for these variants.

    Errors of zonediff pass unchanged. So does everything when all variants are zonediff's own.
    """
    try:
        yield
    except BaseException as error:  # a variant may even call sys.exit()
        foreign = [policy for policy in policies if not _is_ours(type(policy))]
        zonediffs_own = not foreign or type(error).__module__.startswith(_OURS)
        if zonediffs_own or isinstance(error, KeyboardInterrupt):
            raise
        names = " or ".join(policy.name for policy in foreign)
        raise VariantFailed(f"variant {names} failed: {in_words(error, *foreign)}") from error


def in_words(error: BaseException, *policies: Policy) -> str:
    """The exception in words, with the last line of these variants' code in its traceback.

    Without such a line, as after an answer that the engine cannot use, it is the line that raised
    the exception.
    """
    classes = {cls for policy in policies for cls in type(policy).__mro__[:-1] if not _is_ours(cls)}
    files = {getattr(sys.modules.get(cls.__module__), "__file__", None) for cls in classes}
    frames = traceback.extract_tb(error.__traceback__)
    variant_frames = [frame for frame in frames if frame.filename in files]
    where = (variant_frames or frames)[-1]
    try:
        message = str(error)
    except Exception:
        message = "(its message cannot be printed)"
    return f"{where.filename}:{where.lineno}: {type(error).__name__}: {message}"


def _is_ours(cls: type) -> bool:
    return cls.__module__.startswith(_OURS)
