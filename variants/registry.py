"""Finding variants: ours, those of installed packages, and those of a file.

A third party adds variants in an installed package with an entry point in the group
`zonediff.variants` (its name is ignored; it loads a Policy class), or in a plain Python file that
defines Policy classes with a `name`.
"""

from __future__ import annotations

import difflib
import hashlib
import importlib.abc
import importlib.util
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import import_module
from pathlib import Path, PurePath
from types import CodeType
from typing import Final

from zonediff.engine.errors import ZonediffError
from zonediff.engine.policy import Policy
from zonediff.variants.exits import MODULE_PREFIX, guard_exits
from zonediff.variants.metadata import wrong_attributes
from zonediff.variants.model import Model
from zonediff.variants.source_lines import misnamed, place_in
from zonediff.variants.subject import Subject

GROUP: Final = "zonediff.variants"

SUBJECTS: Final = "zonediff.subjects"
"""Entry points of subjects that are not models, each under the prefix of its variants' names."""

LIVE: Final = "live:"
"""The prefix of a real kernel's name; the path of its image follows."""

OURS: Final = {
    "upstream": "upstream:Upstream",
    "igor-movable": "igor_movable:IgorMovable",
    "michal-split": "michal_split:MichalSplit",
    "michal-split/1": "michal_split:MichalSplit1",
    "michal-split/2": "michal_split:MichalSplit2",
    "michal-split/3": "michal_split:MichalSplit3",
    "hyperv-xen-only": "hyperv_xen_only:HypervXenOnly",
    "pre-auto-online": "pre_auto_online:PreAutoOnline",
    "v4.3": "v4_3:V4_3",
    "v4.9": "v4_9:V4_9",
    "v4.12": "v4_12:V4_12",
    "v4.13": "v4_13:V4_13",
    "v4.14": "v4_14:V4_14",
    "v4.14-stable": "v4_14:V4_14Stable",
    "v4.17": "v4_17:V4_17",
    "v5.4": "v5_4:V5_4",
    "v5.10": "v5_10:V5_10",
    "v6.1": "v6_1:V6_1",
    "v6.12": "v6_12:V6_12",
    "v7.2": "v7_2:V7_2",
}
"""The module and class of each of our variants, so that only the named ones are imported."""

COMPARED: Final = (
    "upstream",
    "igor-movable",
    "michal-split/1",
    "michal-split/2",
    "michal-split/3",
    "hyperv-xen-only",
)
"""The variants of a run in which the user names none."""


_RELEASE: Final = re.compile(r"v([0-9]+)\.([0-9]+)")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/+-]*")


class VariantError(ZonediffError):
    """A variant cannot be used; the message says which, why, and which there are."""


@dataclass(frozen=True, slots=True)
class VariantFile:
    """A Python file that defines variants, with its text, which workers can load."""

    path: Path
    text: bytes

    @classmethod
    def read(cls, file: str | Path) -> VariantFile:
        """The file as it is now. Raises VariantError."""
        path = Path(file)
        if path.is_dir():
            raise VariantError(f"{path}: is a folder; a variant file is a Python file, NAME.py")
        if not path.is_file():
            raise VariantError(f"{path}: no such variant file")
        return cls(path, path.read_bytes())


class Registry:
    """All variants that can be named: ours, installed ones, and those of `files`.

    files: the path of a variant file, or several. Raises VariantError when a file cannot be loaded
    or defines no variant, or when two variants share a name.
    """

    def __init__(self, files: str | Path | Iterable[str | Path | VariantFile] = ()) -> None:
        paths = [files] if isinstance(files, str | Path) else files
        self.files = tuple(
            file if isinstance(file, VariantFile) else VariantFile.read(file) for file in paths
        )
        self._extra: dict[str, type[Policy]] = {}
        self._of_files = [(file, load_file(file)) for file in self.files]
        for file, policies in self._of_files:
            for policy in policies:
                self._enter(policy, str(file.path))
        self._installed = False

    def names(self) -> list[str]:
        """Every name, ours first."""
        self._load_installed()
        return [*OURS, *self._extra]

    def default_names(self) -> list[str]:
        """The variants of a run that names none: ours, then those of files."""
        self._load_installed()
        return [*COMPARED, *self._extra]

    def timeline(self) -> list[Model]:
        """The variants that are releases, the oldest first."""
        models = [self.model(name) for name in self.names()]
        return sorted(
            (model for model in models if model.released),
            key=lambda model: (model.released or "", model.name),
        )

    def resolve(self, name: str) -> Subject:
        """The variant of this name, or the subject of its prefix, as a kernel image for `live:`.

        Raises VariantError.
        """
        if self.is_model(name):
            return self.model(name)
        return _subject_of(name.partition(":")[0])(name)

    @staticmethod
    def is_model(name: str) -> bool:
        """Whether a name is that of a model, and not of a subject with a prefix."""
        return ":" not in name

    def model(self, name: str) -> Model:
        """The modelled variant of this name. Raises VariantError with the nearest names."""
        if name in OURS:
            module, _, cls = OURS[name].partition(":")
            return Model(getattr(import_module(f"zonediff.variants.{module}"), cls)())
        if name not in self._extra:
            self._load_installed()
        if name not in self._extra:
            similar = _nearest(name, self.names())
            raise VariantError(
                f"there is no variant {name!r}: did you mean {' or '.join(similar)}?"
            )
        try:
            return Model(self._extra[name]())
        except Exception as error:
            where = _place_of_error(self._extra[name], error)
            raise VariantError(f"{where}variant {name!r} cannot be made: {error!r}") from error

    def hints(self) -> list[str]:
        """Likely slips in variant files that can be loaded."""
        return [
            f"{file.path}:{slip.place.line}:{slip.place.column}: {policy.name}: {slip}"
            for file, policies in self._of_files
            for policy in policies
            for slip in misnamed(policy, file.text)
            if slip.meant is not None
        ]

    def _load_installed(self) -> None:
        if self._installed:
            return
        from importlib.metadata import entry_points

        self._installed = True
        for entry in sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value)):
            try:
                policy = entry.load()
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # their module may raise anything
                raise VariantError(
                    f"variant {entry.name!r} ({entry.value}) cannot be loaded: {error!r}"
                ) from error
            if not _is_variant(policy):
                raise VariantError(f"{entry.value} is no Policy class with a name")
            self._enter(policy, entry.value)

    def _enter(self, policy: type[Policy], where: str) -> None:
        if not isinstance(policy.name, str) or not valid_name(policy.name):
            raise VariantError(
                f"{_where(policy, where, 'name')}: {policy.name!r} is no name for a variant: "
                "letters, digits and ._/+-"
            )
        if not _is_date(vars(policy).get("released")):
            raise VariantError(
                f"{_where(policy, where, 'released')}: variant {policy.name!r}: released is a date "
                f"as in 2017-02-19, not {policy.released!r}"
            )
        missing = sorted(policy.__abstractmethods__)
        if missing:
            raise VariantError(
                f"{_where(policy, where)}: variant {policy.name!r} does not answer {missing[0]}()"
            )
        for wrong in wrong_attributes(policy):
            raise VariantError(
                f"{_where(policy, where, wrong.name)}: variant {policy.name!r}: {wrong}"
            )
        if policy.name in OURS or policy.name in self._extra:
            raise VariantError(
                f"{_where(policy, where, 'name')}: there is already a variant {policy.name!r}"
            )
        self._extra[policy.name] = policy


@cache
def _subject_of(prefix: str) -> Callable[[str], Subject]:
    """The entry point that makes subjects of names with this prefix. Raises VariantError."""
    from importlib.metadata import entry_points

    entries = [*entry_points(group=SUBJECTS, name=prefix)]
    if not entries:
        known = ", ".join(sorted(f"{entry.name}:" for entry in entry_points(group=SUBJECTS)))
        raise VariantError(f"no variant begins with {prefix + ':'!r}; prefixes are: {known}")
    make: Callable[[str], Subject] = entries[0].load()
    return make


def _nearest(name: str, names: Sequence[str]) -> Sequence[str]:
    """The names that the user may have meant: the nearest releases, or similar names."""
    releases = {known: number for known in names if (number := _release(known)) is not None}
    if (wanted := _release(name)) is not None and releases:
        in_order = sorted(releases, key=releases.__getitem__)
        older = [known for known in in_order if releases[known] <= wanted]
        newer = [known for known in in_order if releases[known] > wanted]
        return [*older[-1:], *newer[:1]]
    return difflib.get_close_matches(name, names, n=3) or names


def _release(name: str) -> tuple[int, ...] | None:
    """The numbers of a name such as v6.1; None for others."""
    match = _RELEASE.fullmatch(name)
    return tuple(map(int, match.groups())) if match else None


def valid_name(name: str) -> bool:
    """Whether a variant may have this name."""
    return _NAME.fullmatch(name) is not None


class _Loader(importlib.abc.ExecutionLoader):
    """Loads a variant file from its text."""

    def __init__(self, file: VariantFile) -> None:
        self.file = file

    def get_filename(self, fullname: str) -> str:
        return str(self.file.path)

    def get_source(self, fullname: str) -> str:
        """Return the text, for tracebacks on machines without the file."""
        return importlib.util.decode_source(self.file.text)

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.file.text, str(self.file.path), "exec", dont_inherit=True)


def public_names(names: Sequence[str]) -> list[str]:
    """Return the names for reports: those of real kernels without folders, each made unique."""
    public: list[str] = []
    for name in names:
        plain = f"{LIVE}{PurePath(name.removeprefix(LIVE)).name}" if name.startswith(LIVE) else name
        number, unique = 1, plain
        while unique in public and name.startswith(LIVE):
            number += 1
            unique = f"{plain}-{number}"
        public.append(unique)
    return public


def load_file(path_or_file: str | Path | VariantFile) -> list[type[Policy]]:
    """The Policy classes that a Python file defines, in order. Raises VariantError."""
    text = path_or_file if isinstance(path_or_file, VariantFile) else VariantFile.read(path_or_file)
    file = text.path
    if file.suffix != ".py":
        raise VariantError(f"{file}: a variant file is a Python file, NAME.py")
    if mistake := _no_source(text.text):
        raise VariantError(f"{file}{mistake}; a variant file is Python source, text in UTF-8")
    # Files in different folders may have the same name.
    name = f"{MODULE_PREFIX}{file.stem}_{hashlib.sha256(text.text).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(name, file, loader=_Loader(text))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    guard_exits()
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        raise VariantError(f"{file}:{error.lineno}:{error.offset}: {error.msg}") from error
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a file may raise anything
        line = _line_in(file, error)
        raise VariantError(f"{file}:{line}: {type(error).__name__}: {_message(error)}") from error
    policies = [
        value for value in vars(module).values() if _is_variant(value) and value.__module__ == name
    ]
    if not policies:
        raise VariantError(
            f"{file}: defines no variant: a variant is a class built on a Policy (such as "
            "zonediff.variants.upstream.Upstream) with a name and a docstring of its own"
        )
    return policies


def _message(error: BaseException) -> str:
    """The message of an error; the error's own class computes it and may fail."""
    try:
        return str(error)
    except Exception:
        return "(its message cannot be printed)"


def variant_file(cls: type) -> bytes | None:
    """The text of the variant file that defines a class, as it was loaded; None when none does."""
    loader = getattr(sys.modules.get(cls.__module__), "__loader__", None)
    return loader.file.text if isinstance(loader, _Loader) else None


def _where(cls: type, where: str, name: str = "") -> str:
    """A variant file with the line of the class, or of one of its attributes."""
    text = variant_file(cls)
    return where if text is None else f"{where}:{place_in(text, cls.__name__, name).line}"


def _place_of_error(cls: type, error: BaseException) -> str:
    """The file and line of a variant that raised an error; empty if no variant file did."""
    if variant_file(cls) is None:
        return ""
    file = inspect.getfile(cls)
    return f"{file}:{_line_in(Path(file), error)}: "


def _no_source(text: bytes) -> str | None:
    """Why these bytes are not a program's text, with the line; None when they are."""
    if b"\0" in text:
        return f":{_line_at(text, text.index(0))}: holds a NUL byte"
    try:
        importlib.util.decode_source(text)
    except UnicodeDecodeError as error:
        where, byte = _line_at(text, error.start), text[error.start]
        return f":{where}: byte 0x{byte:02x} cannot be read as {error.encoding}"
    except SyntaxError as error:
        return f": {error.msg}"
    return None


def _line_at(text: bytes, offset: int) -> int:
    return text.count(b"\n", 0, offset) + 1


def _is_variant(value: object) -> bool:
    return inspect.isclass(value) and issubclass(value, Policy) and "name" in vars(value)


def _is_date(value: object) -> bool:
    """Whether it is a date on which a release can be, or None."""
    try:
        return value is None or date.fromisoformat(str(value)).isoformat() == value
    except ValueError:
        return False


def _line_in(file: Path, error: BaseException) -> int:
    """The last line of `file` in the error's traceback."""
    line, trace = 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(file):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
