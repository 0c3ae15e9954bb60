"""Check whether the mail of a patch changes functions that the models restate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from zonediff.compare.series.lineup import line_up, listed
from zonediff.compare.series.mails import NoPatchError, read_mails
from zonediff.compare.series.patch import SeriesError
from zonediff.engine.words import count_of
from zonediff.result.series import Patch
from zonediff.variants.registry import Registry


class MailCheck(NamedTuple):
    """The answer about a mail, with the keys that b4 reads. details: one on each line."""

    status: Literal["pass", "warn", "fail"]
    summary: str
    details: str = ""


def check_mail(
    mail: bytes, variant: str | None, baseline: str, registry: Registry
) -> MailCheck | None:
    """Check a mail against a variant, or against all models; None when it holds no patch.

    Raises VariantError for an unknown variant.
    """
    try:
        patches = read_mails(mail, "mail")
    except NoPatchError:
        return None
    except SeriesError as error:
        return MailCheck("fail", str(error))
    restated, left = _restated(patches, variant, baseline, registry)
    if not restated:
        return MailCheck("pass", "changes no function that the models restate")
    if not left:
        return MailCheck("pass", f"{variant} models what it changes", _lines(restated))
    advice = (
        "compare it with a variant that models it: zonediff run"
        if variant is None
        else f"{variant} does not model these"
    )
    count = count_of(len(left), "function")
    return MailCheck(
        "warn", f"changes {count} that the models restate", f"{_lines(left)}\n{advice}"
    )


def _restated(
    patches: Sequence[Patch], variant: str | None, baseline: str, registry: Registry
) -> tuple[list[str], list[str]]:
    """The changed functions that models restate, and those of them that the variant leaves."""
    if variant is None:
        restated = [name for line in listed(patches).patches for name in line.restated]
        return restated, restated
    lines = line_up(patches, variant, baseline, registry).patches
    # One patch of several does not have to reach every stage, or any.
    left = [name for line in lines for name in (line.left if line.stage else line.restated)]
    return [name for line in lines for name in line.restated], left


def _lines(functions: Sequence[str]) -> str:
    return "\n".join(f"{name}()" for name in functions)
