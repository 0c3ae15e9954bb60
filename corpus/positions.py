"""YAML text as plain data that remembers where every value stood.

Only the plain part of YAML is read: mappings, lists, text, true and false, whole numbers.
Anchors, aliases and tags are refused: a scenario needs none, and without aliases a small file
cannot unfold into a large one. It is built from the parser's events, so that a hostile text is
given up before anything is made of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, NoReturn, TypeAlias

import yaml

from zonediff.corpus.problems import Mistake, Path, Problem, ScenarioError, format_path

Plain: TypeAlias = "bool | int | str | list[Plain] | dict[str, Plain] | None"
"""What a scenario file is made of."""

MAX_DEPTH: Final = 16
"""Levels of nesting in a file; a scenario has six."""

# libyaml is several times faster; the pure Python parser reads the same.
_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# The words of YAML 1.2's core schema, so that `no`, `on` and `off` are text. Whole numbers are
# numbers only in their shortest form: turned back into text nothing of `00` or `0x20` is lost.
_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMBER: Final = re.compile(r"0|-?[1-9][0-9]{0,17}")
_UNPRINTABLE: Final = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)


class Mark(NamedTuple):
    """A place in a text, counted from 1."""

    line: int
    column: int


@dataclass(slots=True)
class Document:
    """The value of a text, and where each part of it stands.

    problems: what is wrong with the text as YAML while its value could still be read.
    broken: paths of values that stand for something unreadable.
    keys, values: where the key of a path stands, and its value.
    """

    file: str
    value: Plain = None
    problems: list[Problem] = field(default_factory=list)
    broken: set[Path] = field(default_factory=set)
    keys: dict[Path, Mark] = field(default_factory=dict)
    values: dict[Path, Mark] = field(default_factory=lambda: {(): Mark(1, 1)})

    def locate(self, mistake: Mistake) -> Problem:
        """The mistake with its position: that of its value or key, else of what should hold it."""
        path = mistake.path
        mark = self.keys.get(path) if mistake.on_key else None
        while mark is None:
            mark = self.values.get(path)
            path = path[:-1]
        return Problem(self.file, *mark, format_path(mistake.path), mistake.message)

    def locate_all(self, mistakes: Iterable[Mistake]) -> Iterator[Problem]:
        """The mistakes with their positions, less those in values known to be unreadable."""
        for mistake in mistakes:
            path = mistake.path
            if not any(path[:length] in self.broken for length in range(len(path) + 1)):
                yield self.locate(mistake)


def parse(text: str, file: str) -> Document:
    """Read a text; `file` is what its problems call it.

    Raises ScenarioError when it is empty, no YAML, more than one document or nested too deeply.
    What is wrong but leaves the rest readable is in the document's `problems`.
    """
    if found := _UNPRINTABLE.search(text):
        raise ScenarioError([_at(file, text, found.start(), f"the character {found[0]!r}")])
    document = Document(file)
    reader = _Reader(document, iter(yaml.parse(text, Loader=_LOADER)))
    try:
        reader.run()
    except yaml.MarkedYAMLError as error:
        reader.give_up(error.problem_mark, (), _explain(error, text))
    except (OverflowError, ValueError) as error:  # an escape like "\UFFFFFFFF", in pure Python
        reader.give_up(yaml.Mark("", 0, 0, 0, None, 0), (), f"not YAML: {error}")
    return document


class _Reader:
    """Builds a document from parser events."""

    def __init__(self, document: Document, events: Iterator[Any]) -> None:
        self.document = document
        self.events = events

    def report(self, mark: Any, path: Path, message: str) -> None:
        problem = Problem(self.document.file, *_mark(mark), format_path(path), message)
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
            self.give_up(last.start_mark, (), "a second document; a file has one scenario")

    def value(self, event: Any, path: Path) -> Plain:
        """The value that begins with this event."""
        self.document.values.setdefault(path, _mark(event.start_mark))
        self.refuse_extras(event, path)
        if isinstance(event, yaml.AliasEvent):
            return None
        if isinstance(event, yaml.ScalarEvent):
            return event.value if event.style else _plain(event.value)
        if len(path) >= MAX_DEPTH:
            self.give_up(event.start_mark, path[:1], f"nested more than {MAX_DEPTH} levels deep")
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
            here = (*path, key)
            if key in entries:
                first = self.document.keys[here]
                message = f"the key is here twice, first at {first.line}:{first.column}"
                self.report(event.start_mark, here, message)
            self.document.keys.setdefault(here, _mark(event.start_mark))
            value = self.value(next(self.events), here)
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
            message = f"the alias *{event.anchor}: scenarios have none, write the value out"
            self.report(event.start_mark, path, message)
            self.document.broken.add(path)
            return
        if event.anchor is not None:
            message = f"the anchor &{event.anchor}: scenarios have no aliases, remove it"
            self.report(event.start_mark, path, message)
        if event.tag is not None:
            message = f"the tag {event.tag}: scenarios have none, remove it"
            self.report(event.start_mark, path, message)
            self.document.broken.add(path)


def decode(data: bytes, file: str) -> str:
    """The text of a file's bytes. Raises ScenarioError when they are not UTF-8 text."""
    try:
        text = data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        message = f"byte {data[error.start]:#04x} is not UTF-8; a scenario is a UTF-8 text file"
        raise ScenarioError([_at(file, before, len(before), message)]) from None
    if (at := text.find("\0")) >= 0:
        raise ScenarioError([_at(file, text, at, "a binary file; a scenario is a text file")])
    return text


def _at(file: str, text: str, offset: int, message: str) -> Problem:
    line = text.count("\n", 0, offset) + 1
    return Problem(file, line, offset - text.rfind("\n", 0, offset), "", message)


def _mark(mark: Any) -> Mark:
    return Mark(mark.line + 1, mark.column + 1)


def _plain(text: str) -> Plain:
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _NUMBER.fullmatch(text) else text


def _explain(error: yaml.MarkedYAMLError, text: str) -> str:
    mark = error.problem_mark
    if mark is not None and "".join(text.splitlines()[mark.line :][:1])[mark.column :][:1] == "\t":
        return "a tab: YAML is indented with spaces"
    if error.context is None or error.context_mark is None:
        return f"not YAML: {error.problem}"
    since = _mark(error.context_mark)
    return f"not YAML: {error.problem}, {error.context} from {since.line}:{since.column}"
