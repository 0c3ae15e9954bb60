"""Reads YAML text as plain data, with the position of every key and value.

Only a part of YAML is read: mappings, lists, text, true and false, whole numbers. Anchors, aliases
and tags are refused: a scenario needs none, and without aliases a small file cannot expand into a
large one. The data is built from the parser's events, so a hostile text is refused before anything
large is built.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any, Final, NamedTuple, NoReturn, TypeAlias

import yaml

from zonediff.corpus.problems import Mistake, Path, Problem, ScenarioError, format_path
from zonediff.engine.bounds import FILE_BYTES, FILE_DEPTH, FILE_VALUES

Plain: TypeAlias = "bool | int | str | list[Plain] | dict[str, Plain] | None"
"""The data of a scenario file."""

# libyaml is several times faster; the pure Python parser reads the same.
_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# The words of YAML 1.2's core schema, so that `no`, `on` and `off` are text. Whole numbers are
# numbers only in their shortest form, so that `00` and `0x20` keep their text.
_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMBER: Final = re.compile(r"0|-?[1-9][0-9]{0,17}")
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_UNPRINTABLE: Final = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)


class Mark(NamedTuple):
    """A place in a text, counted from 1."""

    line: int
    column: int


@dataclass(slots=True)
class Document:
    """The value of a text, with the position of each of its parts.

    problems: mistakes in the YAML that leave the value readable. broken: paths of values that could
    not be read. keys, values: by path, the position of the key and of the value.
    """

    file: str
    value: Plain = None
    problems: list[Problem] = field(default_factory=list)
    broken: set[Path] = field(default_factory=set)
    keys: dict[Path, Mark] = field(default_factory=dict)
    values: dict[Path, Mark] = field(default_factory=lambda: {(): Mark(1, 1)})

    def locate(self, mistake: Mistake) -> Problem:
        """Return the mistake with the position of its value or key, or of the nearest parent."""
        path = mistake.path
        mark = self.keys.get(path) if mistake.on_key else None
        while mark is None:
            mark = self.values.get(path)
            path = path[:-1]
        return Problem(self.file, *mark, format_path(mistake.path), mistake.message)

    def locate_all(self, mistakes: Iterable[Mistake]) -> Iterator[Problem]:
        """Yield the mistakes with their positions, except those in unreadable values."""
        for mistake in mistakes:
            path = mistake.path
            if not any(path[:length] in self.broken for length in range(len(path) + 1)):
                yield self.locate(mistake)


def parse(text: str, file: str) -> Document:
    """Read a text; problems name it `file`.

    Raises ScenarioError if the text is empty, not YAML, nested too deeply, or several documents.
    Mistakes that leave the rest readable are in `problems` of the document.
    """
    if match := _UNPRINTABLE.search(text):
        message = f"the character {match[0]!r} is not allowed"
        raise ScenarioError([_problem_at(file, text, match.start(), message)])
    document = Document(file)
    lines = _Lines(text)
    reader = _Reader(document, iter(yaml.parse(text, Loader=_LOADER)), lines)
    try:
        reader.run()
    except yaml.MarkedYAMLError as error:
        reader.give_up(error.problem_mark, (), _explain(error, text, lines))
    except (OverflowError, ValueError) as error:  # an escape like "\UFFFFFFFF", in pure Python
        reader.give_up(yaml.Mark("", 0, 0, 0, None, 0), (), f"not YAML: {error}")
    return document


class _Lines:
    """The lines of a text as editors count them.

    YAML 1.1 also ends a line at NEL (U+0085), U+2028 and U+2029; so parser marks are not used.
    """

    def __init__(self, text: str) -> None:
        self._starts = [0, *(match.end() for match in _LINE_END.finditer(text))]

    def place(self, mark: Any) -> Mark:
        """Return the place of a parser's mark."""
        line = bisect_right(self._starts, mark.index)
        return Mark(line, mark.index - self._starts[line - 1] + 1)


class _Reader:
    """Builds a document from parser events."""

    def __init__(self, document: Document, events: Iterator[Any], lines: _Lines) -> None:
        self.document = document
        self.events = events
        self.place = lines.place

    def report(self, mark: Any, path: Path, message: str) -> None:
        problem = Problem(self.document.file, *self.place(mark), format_path(path), message)
        self.document.problems.append(problem)

    def give_up(self, mark: Any, path: Path, message: str) -> NoReturn:
        self.report(mark, path, message)
        raise ScenarioError(self.document.problems)

    def run(self) -> None:
        next(self.events)  # the stream's start
        first = next(self.events)
        if isinstance(first, yaml.StreamEndEvent):
            self.give_up(first.start_mark, (), "the file is empty")
        self.document.value = self.value(next(self.events), ())
        next(self.events)  # the document's end
        last = next(self.events)
        if not isinstance(last, yaml.StreamEndEvent):
            self.give_up(last.start_mark, (), "a second document; a file has only one")

    def value(self, event: Any, path: Path) -> Plain:
        """Return the value that begins with this event."""
        if len(self.document.values) >= FILE_VALUES:
            self.give_up(event.start_mark, path[:1], f"more than {FILE_VALUES} values in one file")
        self.document.values.setdefault(path, self.place(event.start_mark))
        self.refuse_extras(event, path)
        if isinstance(event, yaml.AliasEvent):
            return None
        if isinstance(event, yaml.ScalarEvent):
            return event.value if event.style else _plain(event.value)
        if len(path) >= FILE_DEPTH:
            self.give_up(event.start_mark, path[:1], f"nested more than {FILE_DEPTH} levels deep")
        if isinstance(event, yaml.SequenceStartEvent):
            return self.items(path)
        return self.entries(path)

    def items(self, path: Path) -> Plain:
        items: list[Plain] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append(self.value(event, (*path, len(items))))
        return items

    def entries(self, path: Path) -> Plain:
        entries: dict[str, Plain] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self.key(event, path)
            entry_path = (*path, key)
            if key in entries:
                first = self.document.keys[entry_path]
                message = f"the key occurs twice, first at {first.line}:{first.column}"
                self.report(event.start_mark, entry_path, message)
            self.document.keys.setdefault(entry_path, self.place(event.start_mark))
            value = self.value(next(self.events), entry_path)
            entries.setdefault(key, value)
        return entries

    def key(self, event: Any, path: Path) -> str:
        if isinstance(event, yaml.ScalarEvent):
            self.refuse_extras(event, path)
            return str(event.value)
        self.report(event.start_mark, path, "a key is a word, not a list, a mapping or an alias")
        self.document.broken.add(path)
        self.value(event, (*path, ""))
        return ""

    def refuse_extras(self, event: Any, path: Path) -> None:
        if isinstance(event, yaml.AliasEvent):
            message = f"the alias *{event.anchor} is not allowed: write the value out"
            self.report(event.start_mark, path, message)
            self.document.broken.add(path)
            return
        if event.anchor is not None:
            message = f"the anchor &{event.anchor} is not allowed: remove it"
            self.report(event.start_mark, path, message)
        if event.tag is not None:
            message = f"the tag {event.tag} is not allowed: remove it"
            self.report(event.start_mark, path, message)
            self.document.broken.add(path)


def read_document(path: FilePath, shown: str = "") -> Document:
    """Read a file; problems name it `shown`, by default its path. Raises ScenarioError."""
    shown = shown or str(path)
    try:
        with path.open("rb") as file:
            data = file.read(FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = str(getattr(error, "strerror", None) or error).lower()
        raise ScenarioError([Problem(shown, 0, 0, "", reason)]) from None
    if len(data) > FILE_BYTES:
        raise ScenarioError([Problem(shown, 1, 1, "", f"larger than {FILE_BYTES} bytes")])
    return parse(decode(data, shown), shown)


def decode(data: bytes, file: str) -> str:
    """Decode the bytes of a file. Raises ScenarioError if they are not UTF-8 text."""
    try:
        text = data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        message = f"byte {data[error.start]:#04x} is not UTF-8; a scenario is a UTF-8 text file"
        raise ScenarioError([_problem_at(file, before, len(before), message)]) from None
    if (offset := text.find("\0")) >= 0:
        message = "a binary file; a scenario is a text file"
        raise ScenarioError([_problem_at(file, text, offset, message)])
    return text


def _problem_at(file: str, text: str, offset: int, message: str) -> Problem:
    mark = _Lines(text).place(yaml.Mark(file, offset, 0, 0, None, 0))
    return Problem(file, *mark, "", message)


def _plain(text: str) -> Plain:
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _NUMBER.fullmatch(text) else text


def _explain(error: yaml.MarkedYAMLError, text: str, lines: _Lines) -> str:
    mark = error.problem_mark
    if mark is not None and text[mark.index : mark.index + 1] == "\t":
        return "a tab: indent YAML with spaces"
    if error.context is None or error.context_mark is None:
        return f"not YAML: {error.problem}"
    start = lines.place(error.context_mark)
    return f"not YAML: {error.problem}, {error.context} from {start.line}:{start.column}"
