"""A patch series beside the variant that models it, as plain data: what results hold of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file that a patch changes, with the lines it adds and removes (none of a binary file)."""

    path: str
    added: int
    removed: int
    binary: bool = False


@dataclass(frozen=True, slots=True)
class Patch:
    """One patch.

    id: the commit or message-id. date: of authorship, `2017-02-27`; empty when unknown.
    functions: the C functions it changes, in order. number: its place as its mail gives it.
    notes: what was wrong in the source but could be coped with.
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
    tree after it, None when none does; by: what told so, `subject` or the functions in common.
    left: functions of `restated` that the stage leaves as the baseline has them.
    """

    patch: Patch
    restated: tuple[str, ...]
    stage: str | None = None
    by: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StageLine:
    """A stage in a line-up.

    overrides: functions that it restates otherwise than the stage before it. untouched: those of
    them that no patch of the series changes. patches: how many patches it is lined up with.
    """

    variant: str
    overrides: tuple[str, ...]
    untouched: tuple[str, ...]
    patches: int


@dataclass(frozen=True, slots=True)
class LineUp:
    """A series, and the stages of a variant (none when no variant was asked for).

    source: the file of mails or the range that it comes from. base: the commit before it, where
    that is known.
    """

    patches: tuple[PatchLine, ...]
    baseline: str = ""
    variant: str = ""
    stages: tuple[StageLine, ...] = ()
    source: str = ""
    base: str = ""

    def warnings(self) -> list[str]:
        """What the series changes and the variant does not model, and the other way round."""
        sentences = []
        for number, line in enumerate(self.patches, 1):
            patch = f"patch {number}/{len(self.patches)}"
            if self.variant and line.stage is None:
                sentences.append(f"{patch} belongs to no stage of {self.variant}")
            sentences += [
                f"{patch} changes {name}, which {line.stage} leaves as {self.baseline} has it"
                for name in line.left
            ]
        sentences += [
            f"no patch belongs to {stage.variant}" for stage in self.stages if not stage.patches
        ]
        return sentences
