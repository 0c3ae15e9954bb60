"""A patch series and the variant that models it, as plain data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file that a patch changes, with the numbers of lines added and removed; 0 if binary."""

    path: str
    added: int
    removed: int
    binary: bool = False


@dataclass(frozen=True, slots=True)
class Patch:
    """One patch.

    id: the commit or message-id. date: of authorship, `2017-02-27`; empty when unknown.
    functions: the C functions it changes, in order. number: its number in the series, by its mail.
    notes: mistakes in the source that did not prevent reading it.
    """

    id: str
    subject: str
    author: str
    date: str
    files: tuple[FileChange, ...]
    functions: tuple[str, ...]
    number: int | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PatchLine:
    """A patch in a line-up.

    restated: functions it changes that the models restate. stage: the variant that stands for the
    tree after it, None if there is none. by: the evidence for the stage, `subject` or the functions
    in common. left: functions of `restated` that the stage leaves as the baseline has them.
    """

    patch: Patch
    restated: tuple[str, ...]
    stage: str | None = None
    by: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StageLine:
    """A stage in a line-up.

    overrides: functions that it restates differently from the stage before it. untouched: those of
    them that no patch of the series changes. patches: the number of patches lined up with it.
    """

    variant: str
    overrides: tuple[str, ...]
    untouched: tuple[str, ...]
    patches: int


@dataclass(frozen=True, slots=True)
class LineUp:
    """A series, and the stages of a variant (none when no variant was asked for).

    source: the file of mails or the range of commits. base: the commit before it, if known.
    """

    patches: tuple[PatchLine, ...]
    baseline: str = ""
    variant: str = ""
    stages: tuple[StageLine, ...] = ()
    source: str = ""
    base: str = ""

    def warnings(self) -> list[str]:
        """Return a line for each change that only the series or only the variant makes."""
        warnings = []
        for number, line in enumerate(self.patches, 1):
            patch = f"patch {number}/{len(self.patches)}"
            if self.variant and line.stage is None:
                warnings.append(f"{patch} belongs to no stage of {self.variant}")
            warnings += [
                f"{patch} changes {name}, which {line.stage} leaves as {self.baseline} has it"
                for name in line.left
            ]
        warnings += [
            f"no patch belongs to {stage.variant}" for stage in self.stages if not stage.patches
        ]
        return warnings
