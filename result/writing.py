"""Writes files whole, or sets of files all or none; pipes and devices are written to."""

from __future__ import annotations

import os
import signal
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

_STEM: Final = 50
"""Characters of a file's name in that of its temporary file; a name has at most 255 bytes."""


def write_text(path: Path, text: str) -> None:
    """Replace the content of a file at once: readers see all of the old text or all of the new.

    Raises OSError; see write_files().
    """
    write_files({path: text})


def write_files(contents: Mapping[Path, str | bytes]) -> None:
    """Replace the contents of files: of all, or, when one cannot be written, of none.

    All new contents are on the disk, in temporary files, before the first file is replaced. Pipes
    and devices such as `/dev/stdout` are written to directly. A pipe without a reader keeps no
    other file from being written. Raises OSError with the name of the file.
    """
    ready: list[tuple[Path, Path]] = []
    closed: BrokenPipeError | None = None
    with ExitStack() as unfinished:
        for path, content in contents.items():
            if not _is_written_to(path):
                ready.append((_temporary(path, _encoded(content), unfinished), path))
        for path, content in contents.items():
            if _is_written_to(path):
                try:
                    _send(path, _encoded(content))
                except BrokenPipeError as error:
                    closed = error
        with _uninterrupted():
            for temporary, path in ready:
                with _naming(path):
                    temporary.replace(os.path.realpath(path))
    if closed is not None:
        raise closed


def _encoded(content: str | bytes) -> bytes:
    # A name of a file that is not UTF-8 is text with surrogates, which have no encoding.
    return content.encode(errors="backslashreplace") if isinstance(content, str) else content


def _is_written_to(path: Path) -> bool:
    """Whether a file is written to, as pipes and devices are, and not replaced."""
    return path.exists() and (not path.is_file() or _stream(path) is not None)


def _stream(path: Path) -> int | None:
    """The descriptor of standard output or standard error, where a path such as /dev/fd/1 is it."""
    if not str(path).startswith(("/dev/", "/proc/")):
        return None
    for descriptor in (1, 2):
        with suppress(OSError):  # it may be closed
            if os.path.samestat(path.stat(), os.fstat(descriptor)):
                return descriptor
    return None


def _send(path: Path, content: bytes) -> None:
    """Write to a pipe or device."""
    stream = _stream(path)
    with _naming(path):
        if stream is None:
            path.write_bytes(content)
            return
        for buffered in (sys.stdout, sys.stderr):
            if buffered is not None:
                buffered.flush()
        with open(stream, "wb", closefd=False) as file:
            file.write(content)


def _temporary(path: Path, content: bytes, unfinished: ExitStack) -> Path:
    """Write the new content of a file beside it; `unfinished` removes the temporary file."""
    place = Path(os.path.realpath(path))
    with _naming(path):
        handle, name = tempfile.mkstemp(prefix=f".{place.name[:_STEM]}.", dir=place.parent)
        temporary = Path(name)
        unfinished.callback(temporary.unlink, missing_ok=True)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        temporary.chmod(_mode(place))
    return temporary


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Replace the name of the temporary file in an OSError by the user's file."""
    try:
        yield
    except OSError as error:
        if error.errno is not None:
            error.filename, error.filename2 = str(path), None
        raise


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let signals that end the process wait."""
    ending = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ending)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _mode(path: Path) -> int:
    """Return the permissions of the new version: the old one's, else what the umask leaves."""
    if path.exists():
        return stat.S_IMODE(path.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
