"""Kernel configurations: `make tinyconfig` with our fragments, by machine, and the user's own."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from zonediff.engine.bounds import FILE_BYTES
from zonediff.review.errors import ReviewError

FOLDER: Final = Path(__file__).with_name("fragments")

_SET: Final = re.compile(r"(CONFIG_\w+)=(.+)")
_UNSET: Final = re.compile(r"# (CONFIG_\w+) is not set")


@dataclass(frozen=True, slots=True)
class Configuration:
    """Options added to `make tinyconfig`, as the lines of a fragment."""

    lines: tuple[str, ...]

    @property
    def digest(self) -> str:
        """A hash of the options."""
        return hashlib.sha256("\n".join(self.lines).encode()).hexdigest()

    def lacking(self, config: str) -> list[str]:
        """Return the options that a finished `.config` does not have as they were asked for."""
        written = _options(config.splitlines())
        return [
            name for name, value in _options(self.lines).items() if written.get(name, "n") != value
        ]


def configuration(names: Sequence[str], fragments: Sequence[Path] = ()) -> Configuration:
    """Return a configuration of our fragments of these names, then those of the user.

    Raises ReviewError for a fragment that cannot be read or has other lines than options.
    """
    lines: list[str] = []
    for name in names:
        lines += _lines(FOLDER / f"{name}.config")
    for path in fragments:
        lines += _lines(path)
    # The last line about an option counts, as for scripts/kconfig/merge_config.sh.
    last = {_name(line): line for line in lines}
    return Configuration(tuple(last.values()))


def _lines(path: Path) -> list[str]:
    """Return the lines of a fragment that set options. Raises ReviewError."""
    try:
        with path.open("rb") as file:
            content = file.read(FILE_BYTES + 1)
    except OSError as error:
        raise ReviewError(f"{path}: {error.strerror}") from None
    if len(content) > FILE_BYTES:
        raise ReviewError(f"{path}: larger than {FILE_BYTES >> 20} MiB")
    lines = []
    for number, line in enumerate(content.decode(errors="replace").splitlines(), 1):
        text = line.strip()
        if _SET.fullmatch(text) or _UNSET.fullmatch(text):
            lines.append(text)
        elif text and not text.startswith("#"):
            raise ReviewError(
                f"{path}, line {number}: not an option: write CONFIG_NAME=y, "
                "or # CONFIG_NAME is not set"
            )
    return lines


def _name(line: str) -> str:
    match = _SET.fullmatch(line) or _UNSET.fullmatch(line)
    assert match is not None
    return match[1]


def _options(lines: Sequence[str]) -> dict[str, str]:
    """Return the value of each option; `n` for one that is not set."""
    options = {}
    for line in lines:
        if match := _SET.fullmatch(line):
            options[match[1]] = match[2]
        elif match := _UNSET.fullmatch(line):
            options[match[1]] = "n"
    return options
