"""Read a series to review from mails: one patch, a thread, several revisions, files of patches."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from zonediff.compare.series.mails import SeriesMail, read_bytes, read_thread
from zonediff.compare.series.patch import SeriesError
from zonediff.engine.bounds import MAIL_BYTES, SERIES_PATCHES
from zonediff.engine.words import count_of
from zonediff.review.errors import ReviewError

_TAGS: Final = re.compile(r"\s*\[([^\]]*)\]\s*")
_REPLY: Final = re.compile(r"\s*(?:re|aw|sv|fwd?|antw)\s*:", re.I)
_VERSION: Final = re.compile(r"\bv([0-9]{1,4})\b", re.I)
_NUMBER: Final = re.compile(r"\b([0-9]{1,9})/([0-9]{1,9})\b")
_BASE: Final = re.compile(r"^base-commit: ([0-9a-f]{7,64})\s*$", re.MULTILINE)
_NEEDS: Final = re.compile(r"^prerequisite-patch-id: ", re.MULTILINE)
_NOT_IN_A_NAME: Final = re.compile(r"[\s\x00-\x1f\x7f]")

_B4_SECONDS: Final = 120


@dataclass(frozen=True, slots=True)
class MailedPatch:
    """A patch to apply: its subject without tags, its mail's id, and the diff."""

    subject: str
    message_id: str
    diff: str


@dataclass(frozen=True, slots=True)
class MailedSeries:
    """A revision of a series, its patches in order.

    revision: `v6`, empty for the first. base: the commit that a line `base-commit:` names, empty
    without one. notes: what a reader should know about how it was read, a sentence each.
    """

    title: str
    revision: str
    patches: tuple[MailedPatch, ...]
    base: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Entry:
    """A mail of a revision. number: 0 for the cover letter.

    thread: the id of the first mail of its thread, empty for a mail that nothing refers to.
    """

    mail: SeriesMail
    title: str
    version: int
    number: int
    total: int
    thread: str


def read_mailed_series(paths: Sequence[Path]) -> MailedSeries:
    """Return the newest revision of the series in files: an mbox, a maildir, or single mails.

    b4 chooses the patches of a thread where it is installed, as it knows patches that were sent
    again. Raises SeriesError, and ReviewError when a patch of the revision is missing.
    """
    where = ", ".join(str(path) for path in paths)
    mails = [mail for path in paths for mail in _mails(path)]
    entries = _entries(mails)
    if not any(entry.mail.diff and entry.number for entry in entries):
        raise ReviewError(f"{where}: {count_of(len(mails), 'mail')}, but no patch in any of them")
    chosen = _newest(entries)
    patches, notes = _patches(chosen, where)
    if len(paths) == 1 and len(patches) > 1 and (again := _by_b4(paths[0], chosen)):
        with suppress(ReviewError, SeriesError):
            patches, notes = _patches(_newest(_entries(again)), where)
            notes = [*notes, "b4 chose the patches of the thread."]
    texts = "\n".join(entry.mail.text for entry in chosen)
    base = _BASE.search(texts)
    if _NEEDS.search(texts):
        notes = [*notes, "The series names prerequisite patches, which were not applied."]
    version = max(entry.version for entry in chosen)
    return MailedSeries(
        title=next((entry.title for entry in chosen if entry.number == 0), patches[0].subject),
        revision=f"v{version}" if version > 1 else "",
        patches=tuple(patches),
        base=base[1] if base else "",
        notes=tuple(notes),
    )


def _mails(path: Path) -> list[SeriesMail]:
    """Return the mails of a file or of a maildir. Raises SeriesError."""
    if not path.is_dir():
        return read_thread(read_bytes(path), str(path))
    folders = [path / name for name in ("cur", "new") if (path / name).is_dir()]
    if not folders:
        raise SeriesError(f"{path}: a folder without cur and new: name an mbox, or a maildir")
    files = sorted(
        (file for folder in folders for file in folder.iterdir() if file.is_file()),
        key=lambda file: file.name,
    )
    if not files:
        raise SeriesError(f"{path}: a maildir without mails")
    left = MAIL_BYTES
    mails = []
    for file in files:
        data = read_bytes(file)
        left -= len(data)
        if left < 0:
            raise SeriesError(f"{path}: larger than {MAIL_BYTES >> 20} MiB")
        mails += read_thread(data, str(file))
    return mails


def _entries(mails: Sequence[SeriesMail]) -> list[_Entry]:
    """Return the mails that belong to revisions: cover letters and patches."""
    above = {mail.id: mail.answers[0] for mail in mails if mail.answers}
    referred = set(above.values())
    roots: dict[str, str] = {}

    def root(id: str) -> str:
        """Return the first mail of a thread; each id is followed once."""
        way: dict[str, None] = {}
        while id in above and id not in way and id not in roots:
            way[id] = None
            id = above[id]
        first = roots.get(id, id)
        roots.update(dict.fromkeys(way, first))
        return first

    entries = []
    for mail in mails:
        thread = root(mail.id) if mail.answers or mail.id in referred else ""
        entry = _entry(mail, thread)
        if entry is not None:
            entries.append(entry)
    return entries


def _entry(mail: SeriesMail, thread: str) -> _Entry | None:
    """Return a mail's place in its revision; None for replies and mails without a patch."""
    if _REPLY.match(mail.subject):
        return None
    title, tags = mail.subject, ""
    while match := _TAGS.match(title):
        tags += f" {match[1]}"
        title = title[match.end() :]
    number = _NUMBER.search(tags)
    if number is None and not mail.diff:
        return None
    version = _VERSION.search(tags)
    return _Entry(
        mail,
        title=title or "a patch without subject",
        version=int(version[1]) if version else 1,
        number=int(number[1]) if number else 1,
        total=int(number[2]) if number else 1,
        thread=thread,
    )


def _newest(entries: Sequence[_Entry]) -> list[_Entry]:
    """Return the entries of the newest revision: by its number, then by when it was sent."""
    groups: dict[tuple[int, int, str], list[_Entry]] = {}
    for entry in entries:
        groups.setdefault((entry.version, entry.total, entry.thread), []).append(entry)
    with_patches = [
        group for group in groups.values() if any(item.mail.diff and item.number for item in group)
    ]
    chosen = max(with_patches, key=lambda group: (group[0].version, *_weight(group)))
    version, total, thread = chosen[0].version, chosen[0].total, chosen[0].thread
    present = {entry.number for entry in chosen}
    # A patch sent again with a new version leaves the others as they were.
    for before in sorted(groups, reverse=True):
        if before[1:] == (total, thread) and before[0] < version:
            chosen = [*chosen, *(item for item in groups[before] if item.number not in present)]
            present |= {entry.number for entry in chosen}
    return sorted(chosen, key=lambda entry: (entry.number, entry.mail.sent))


def _weight(group: Sequence[_Entry]) -> tuple[bool, float]:
    """Prefer a series to a single patch of the same version, then the one sent last."""
    return group[0].total > 1, max(entry.mail.sent for entry in group)


def _patches(chosen: Sequence[_Entry], where: str) -> tuple[list[MailedPatch], list[str]]:
    """Return the patches of a revision by number, and notes. Raises ReviewError."""
    notes: list[str] = []
    numbered: dict[int, _Entry] = {}
    newest = max(entry.version for entry in chosen)
    for entry in chosen:
        if entry.number == 0 or not entry.mail.diff:
            continue
        before = numbered.get(entry.number)
        if before is not None and before.mail.diff != entry.mail.diff:
            notes.append(f"Patch {entry.number} is there more than once; the last one is used.")
        if entry.version < newest:
            notes.append(f"Patch {entry.number} is that of v{entry.version}.")
        numbered[entry.number] = entry
    total = max(entry.total for entry in numbered.values())
    if total > SERIES_PATCHES:
        raise ReviewError(f"{where}: more than {SERIES_PATCHES} patches")
    missing = [str(number) for number in range(1, total + 1) if number not in numbered]
    if missing:
        raise ReviewError(
            f"{where}: patch {', '.join(missing[:5])} of {total} is missing: name a file with all "
            "mails of the series"
        )
    return [
        MailedPatch(entry.title, entry.mail.id, entry.mail.diff)
        for _, entry in sorted(numbered.items())
    ], list(dict.fromkeys(notes))


def b4_program() -> str | None:
    """Return the path of b4, None where it is not installed."""
    return shutil.which("b4")


def _by_b4(path: Path, chosen: Sequence[_Entry]) -> list[SeriesMail] | None:
    """Return the mails that b4 makes of a thread without a network; None where it makes none."""
    b4, id = b4_program(), chosen[0].mail.id
    if b4 is None or path.is_dir() or not id or id.startswith("-") or _NOT_IN_A_NAME.search(id):
        return None
    with tempfile.TemporaryDirectory(prefix="zonediff-b4-") as folder:
        out = Path(folder, "out")
        out.mkdir()
        environment = {
            **{name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ},
            "HOME": folder,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CEILING_DIRECTORIES": folder,
        }
        mails = str(path.absolute())
        with suppress(OSError, subprocess.TimeoutExpired, SeriesError):
            done = subprocess.run(
                [b4, "--offline-mode", "am", "-m", mails, "-o", str(out), id],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_B4_SECONDS,
                check=False,
            )
            made = sorted(out.glob("*.mbx"))
            if done.returncode == 0 and len(made) == 1:
                return read_thread(read_bytes(made[0]), str(path))
    return None
