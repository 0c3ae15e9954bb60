"""The cache of builds: folders of objects, kernel images, sources of commits, ccache's files.

Below one folder, `$XDG_CACHE_HOME/zonediff/review` by default:

    sources/COMMIT/      the files of a commit of a git tree
    builds/KEY/SERIES/   a build folder; KEY: tree, configuration and compiler
    images/KEY/          a kernel image with its configuration and log; KEY: also all changes
    ccache/              ccache's own cache
    scratch/             sources that are being built; emptied by the next build

A lock keeps two commands from building at once.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from zonediff.engine.units import GIB
from zonediff.live import cache
from zonediff.review.errors import ReviewError
from zonediff.review.watched import size_of

SIZE: Final = 20 * GIB
"""The size from which the entries used least recently are removed, in bytes."""

_KINDS: Final = ("sources", "builds", "images", "ccache", "scratch")
_LOCK: Final = "lock"
_MARK: Final = "zonediff-review-cache"


class Entry(NamedTuple):
    """A part of the cache that goes as a whole. used: when it was used last, in seconds."""

    path: Path
    kind: str
    bytes: int
    used: float


@dataclass(frozen=True, slots=True)
class BuildCache:
    """The cache in a folder. limit: its size from which old entries go, in bytes."""

    folder: Path
    limit: int = SIZE

    @property
    def sources(self) -> Path:
        return self.folder / "sources"

    @property
    def builds(self) -> Path:
        return self.folder / "builds"

    @property
    def images(self) -> Path:
        return self.folder / "images"

    @property
    def ccache(self) -> Path:
        return self.folder / "ccache"

    @property
    def scratch(self) -> Path:
        return self.folder / "scratch"

    @contextmanager
    def locked(self, waits: Callable[[], None] = lambda: None) -> Iterator[None]:
        """Make the folder if need be, and keep others from building meanwhile.

        waits: called once when another command is building. Raises ReviewError for a folder that
        is not empty and no cache of ours, or cannot be written to.
        """
        self._make()
        with (self.folder / _LOCK).open("wb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waits()
                fcntl.flock(lock, fcntl.LOCK_EX)
            remove(self.scratch)
            yield

    def entries(self) -> list[Entry]:
        """Return the entries, the one used least recently first."""
        entries = []
        for kind in _KINDS:
            folder = self.folder / kind
            # ccache limits its own size; an entry of it alone is of no use.
            places = [folder] if kind in ("ccache", "scratch") else _inside(folder)
            for place in places:
                if place.is_dir() and not place.is_symlink():
                    entries.append(Entry(place, kind, size_of(place), place.stat().st_mtime))
        return sorted(entries, key=lambda entry: entry.used)

    def make_room(self) -> list[Entry]:
        """Remove the entries used least recently until the cache is below its limit.

        Return them. Call it while no other command builds.
        """
        entries = self.entries()
        size = sum(entry.bytes for entry in entries)
        removed = []
        for entry in entries:
            if size <= self.limit:
                break
            remove(entry.path)
            size -= entry.bytes
            removed.append(entry)
        return removed

    def clear(self) -> int:
        """Remove everything; return the number of bytes. Raises ReviewError as locked() does."""
        if not self.folder.is_dir():
            return 0
        with self.locked():
            entries = self.entries()
            for entry in entries:
                remove(entry.path)
        return sum(entry.bytes for entry in entries)

    def _make(self) -> None:
        """Make the folder, marked as ours. Raises ReviewError."""
        mark = self.folder / _MARK
        try:
            if not mark.exists() and self.folder.is_dir() and any(self.folder.iterdir()):
                raise ReviewError(
                    f"{self.folder}: not empty and no cache of ours: name an empty or new folder"
                )
            self.folder.mkdir(parents=True, exist_ok=True)
            mark.touch()
        except OSError as error:
            raise ReviewError(
                f"{self.folder}: cannot hold the cache of builds: {error.strerror}"
            ) from None


def default_cache() -> Path:
    """Return the folder of the cache when the user names none."""
    return cache.folder() / "review"


def touch(folder: Path) -> None:
    """Note that an entry is used now."""
    with contextlib.suppress(OSError):
        os.utime(folder)


def remove(path: Path) -> None:
    """Remove a folder, without following links, also where folders in it are read-only."""

    def retry(function: Callable[[str], object], name: str, _: object) -> None:
        with contextlib.suppress(OSError):
            Path(name).parent.chmod(0o700)
            if not Path(name).is_symlink():
                Path(name).chmod(0o700)
            function(name)

    shutil.rmtree(path, onerror=retry)


def _inside(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []
