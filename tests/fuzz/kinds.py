"""The kinds of input that come from strangers: how one is made, and the commands that read it."""

from __future__ import annotations

import json
import sqlite3
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Any, ClassVar, Final

import yaml
from click.testing import CliRunner

from tests.fuzz.mutations import mutate_bytes, mutate_text, mutate_value
from zonediff.cli.main import cli
from zonediff.corpus import claim_files, loader, recording
from zonediff.reports.formats import FORMATS
from zonediff.variants import igor_movable, michal_split

SCENARIO: Final = "reproducer/online-movable-first-block"
SHARE_OF_VALUES: Final = 0.6
SHARE_OF_TEXTS: Final = 0.9
"""Below the first number of [0, 1) the data is changed, below the second its text, else bytes."""


class Kind(ABC):
    """A kind of input. file: what its files are called. codes: the exit codes of its commands."""

    name: ClassVar[str]
    file: ClassVar[str]
    codes: ClassVar[frozenset[int]] = frozenset({0, 1, 2, 3})

    def make(self, random: Random) -> bytes:
        """Return an input that is almost right."""
        share = random.random()
        if share < SHARE_OF_VALUES:
            return self.changed(random)
        good = random.choice(self.good)
        if share < SHARE_OF_TEXTS:
            text = mutate_text(good.decode(errors="surrogateescape"), random)
            return text.encode(errors="surrogateescape")
        return mutate_bytes(good, random)

    @cached_property
    @abstractmethod
    def good(self) -> Sequence[bytes]:
        """Inputs that are right."""

    @abstractmethod
    def changed(self, random: Random) -> bytes:
        """Return an input whose data is changed, in the form that it has to have."""

    @abstractmethod
    def commands(self, file: Path, random: Random) -> Iterator[tuple[str, ...]]:
        """Yield the commands that read the input; `<FILE` at the end gives it on standard input."""


class Yaml(Kind):
    """Files of YAML."""

    file = "input.yaml"
    folder: ClassVar[Path]

    @cached_property
    def good(self) -> Sequence[bytes]:
        return [file.read_bytes() for file in sorted(self.folder.rglob("*.yaml"))]

    @cached_property
    def data(self) -> list[Any]:
        """The good inputs as data."""
        return [yaml.load(text, yaml.CSafeLoader) for text in self.good]

    def changed(self, random: Random) -> bytes:
        data = mutate_value(random.choice(self.data), random, [random.choice(self.data)])
        text: str = yaml.safe_dump(data, allow_unicode=random.random() < 0.5, sort_keys=False)
        return text.encode(errors="surrogatepass")


class ScenarioFile(Yaml):
    name = "scenario"
    folder = loader.SHIPPED

    def commands(self, file: Path, random: Random) -> Iterator[tuple[str, ...]]:
        variant = random.choice(("igor-movable", "v4.13", "v6.1"))
        yield "run", str(file), "--variants", variant


class ClaimFile(Yaml):
    name = "claim"
    file = "C99.yaml"
    folder = claim_files.SHIPPED
    codes = frozenset({0, 2})

    def commands(self, file: Path, random: Random) -> Iterator[tuple[str, ...]]:
        yield "read-claim", str(file)


class SweepFile(Yaml):
    name = "sweep"
    folder = loader.SHIPPED.parent / "sweeps"
    codes = frozenset({0, 2})

    def commands(self, file: Path, random: Random) -> Iterator[tuple[str, ...]]:
        yield "read-sweep", str(file)


class ArenaFile(Yaml):
    name = "arena"
    codes = frozenset({0, 1, 2})
    good = (
        b"machine: {nodes: [1G], dimms: [{id: dimm1, size: 256M}]}\nalphabet: [state, unplug]\n",
        b"machine:\n  nodes: [1G]\n  cmdline: movable_node\nplug:\n- {id: dimm1, size: 128M}\n"
        b"- {id: dimm2, size: 128M, node: 0, addr: 0x100000000}\nalphabet: [plug, knob, online]\n"
        b"boot_blocks: [7]\n",
        b"machine: {nodes: [512M, 512M, 512M], dimms: [{id: a, size: 128M, node: 1},\n"
        b"  {id: b, size: 128M, node: 2}]}\nalphabet: [state]\nsymmetry: [1, 2]\n",
    )

    def commands(self, file: Path, random: Random) -> Iterator[tuple[str, ...]]:
        states = ("--max-states", "20", "--depth", "2")
        yield "explore", "upstream", "igor-movable", "--machine", str(file), *states


class ResultFile(Kind):
    """Results that `run -o` writes."""

    name = "result"
    file = "input.json"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def data(self) -> list[Any]:
        """The good results as data."""
        return [json.loads(text) for text in self.good]

    @cached_property
    def good(self) -> Sequence[bytes]:
        small, series = self.folder / "small.json", self.folder / "series.json"
        mail = self.folder / "series.eml"
        mail.write_text(MAIL, encoding="utf-8")
        call("run", SCENARIO, "--variants", "igor-movable", "-o", str(small))
        call(
            *("run", SCENARIO, "--variants", "michal-split", "--explore", "-o", str(series)),
            *("--series", f"michal-split={mail}"),
        )
        return [small.read_bytes(), series.read_bytes()]

    def changed(self, random: Random) -> bytes:
        small, large = self.data
        data = mutate_value(small if random.random() < 0.8 else large, random, [large])
        return json.dumps(data, ensure_ascii=random.random() < 0.5).encode(errors="surrogatepass")

    def commands(self, file: Path, random: Random) -> Iterator[tuple[str, ...]]:
        form = random.choice(list(FORMATS))
        yield "report", str(file), "--format", form, "-o", str(self.folder / "report")


class RecordingFile(Kind):
    """Recordings of real kernels."""

    name = "recording"
    file = "input.jsonl"
    codes = frozenset({0, 1, 2})

    @cached_property
    def good(self) -> Sequence[bytes]:
        lines: list[bytes] = []
        for file in sorted(recording.SHIPPED.glob("*.jsonl")):
            lines += sorted(file.read_bytes().splitlines(), key=len)[:8]
        return lines

    @cached_property
    def data(self) -> list[Any]:
        """The good recordings as data."""
        return [json.loads(line) for line in self.good]

    def changed(self, random: Random) -> bytes:
        data = mutate_value(random.choice(self.data), random, [random.choice(self.data)])
        return json.dumps(data, ensure_ascii=random.random() < 0.5).encode(errors="surrogatepass")

    def commands(self, file: Path, random: Random) -> Iterator[tuple[str, ...]]:
        yield "validate", str(file), *random.choice(((), ("--json",)))


MAIL: Final = """\
From 0123456789abcdef0123456789abcdef01234567 Mon Sep 17 00:00:00 2001
From: =?UTF-8?q?Vitaly=20K=C3=BCznetsov?= <v@r.com>
Date: Mon, 6 Mar 2017 10:00:00 +0100
Subject: [PATCH 1/2] hv: online what is added
Message-Id: <1@x>
MIME-Version: 1.0
Content-Type: text/plain; charset=UTF-8
Content-Transfer-Encoding: 8bit

Some text.

Signed-off-by: X <x@y>
---
 mm/memory_hotplug.c | 2 +-

diff --git a/mm/memory_hotplug.c b/mm/memory_hotplug.c
index 1234567..89abcde 100644
--- a/mm/memory_hotplug.c
+++ b/mm/memory_hotplug.c
@@ -10,4 +10,4 @@ int zone_for_memory(int nid)
 \ta
-\tb
+\tc
 \td
 }
diff --git a/old name.c b/new name.c
similarity index 100%
rename from old name.c
rename to new name.c
diff --git a/logo.png b/logo.png
index 1234567..89abcde 100644
Binary files a/logo.png and b/logo.png differ
-- \n2.39.5

"""
PARTS: Final = """\
Subject: =?iso-8859-1?b?W1BBVENIXSBncvbfZXI=?=
From: A <a@b.c>
Date: Mon, 06 Mar 2017 10:00:00 +0000
Content-Type: multipart/mixed; boundary="xx"

--xx
Content-Type: text/plain; charset="iso-8859-1"
Content-Transfer-Encoding: quoted-printable

gr=F6=DFer

--xx
Content-Type: text/x-patch; charset*=utf-8''utf-8
Content-Transfer-Encoding: base64

LS0tIGEvbW0veC5jCisrKyBiL21tL3guYwpAQCAtMSArMSBAQCBpbnQgZih2b2lkKQotYQorYgo=
--xx--
"""


class Mail(Kind):
    """Patches in mails."""

    name = "mail"
    file = "input.mbox"
    codes = frozenset({0, 1, 2})
    good = tuple(text.encode() for text in (MAIL, MAIL * 2, MAIL.split("\n", 1)[1], PARTS))

    def changed(self, random: Random) -> bytes:
        lines = random.choice(self.good).decode().split("\n")
        changed = mutate_value(lines, random)
        text = "\n".join(line if isinstance(line, str) else repr(line) for line in changed)
        return text.encode(errors="surrogatepass")

    def commands(self, file: Path, random: Random) -> Iterator[tuple[str, ...]]:
        yield random.choice(
            (
                ("b4-check", f"<{file}"),
                ("b4-check", "--variant", "michal-split", f"<{file}"),
                ("series", "--mbox", str(file)),
                ("series", "--mbox", str(file), "--variant", "michal-split", "--json"),
            )
        )


class VariantSource(Kind):
    """Variant files, which are Python code."""

    name = "variant"
    file = "input.py"
    good = tuple(
        Path(module.__file__ or "")
        .read_bytes()
        .replace(b'"michal', b'"my')
        .replace(b'"igor', b'"my')
        for module in (igor_movable, michal_split)
    )

    def changed(self, random: Random) -> bytes:
        text = random.choice(self.good).decode()
        for _ in range(random.choice((1, 1, 2))):
            old, new = random.choice(_IN_CODE)
            text = text.replace(old, new, random.choice((1, 1, -1)))
        return text.encode()

    def commands(self, file: Path, random: Random) -> Iterator[tuple[str, ...]]:
        yield "run", SCENARIO, "--variants", "my-movable", "--variant-file", str(file)


_IN_CODE: Final = (
    *((f" {name} = ", f" {name} = {odd} or ") for name in ("name", "origin", "intends", "stages")
      for odd in ("7", "('x',)", "b'x'", "object()", "[1]")),
    *((f" {name} = ", f" {name} = None and ") for name in ("name", "origin", "intends", "stages")),
    *(("return ", f"return {odd} or ") for odd in ("7", "'x'", "(1, 2)", "object()")),
    *(("return ", f"{odd}; return ") for odd in ("exit(0)", "import os; os._exit(0)", "1 / 0")),
    *(("Rule(", f"Rule({odd}, ") for odd in ("7", "None", "'{'", "''")),
    *(("Final = Rule(", f"Final = {odd} or Rule(") for odd in ("7", "'x'")),
    *(("class ", f"{odd}\n\nclass ") for odd in (
        "raise BaseException", "import os; os._exit(0)", "exit(3)", "import no_such_module",
        "raise GeneratorExit", "def f(): f()\nf()", "x = [0] * 10**30")),
    *((word, odd)
      for word in ("Decision(", "because(", "Upstream", "self", "kernel", "Zone.MOVABLE")
      for odd in ("None", "(", "7", "'x'")),
)  # fmt: skip


class StoreFile(Kind):
    """Stores, which are SQLite files; only their rows are changed as data."""

    name = "store"
    file = "input.sqlite"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def good(self) -> Sequence[bytes]:
        runs, sweep = self.folder / "runs.sqlite", self.folder / "sweep.sqlite"
        call("run", SCENARIO, "--variants", "igor-movable", "--store", str(runs))
        grid = self.folder / "grid.yaml"
        grid.write_text(GRID, encoding="utf-8")
        call("sweep", str(grid), "--store", str(sweep))
        return [runs.read_bytes(), sweep.read_bytes()]

    def changed(self, random: Random) -> bytes:
        file = self.folder / "changed.sqlite"
        file.write_bytes(random.choice(self.good))
        with closing(sqlite3.connect(file, isolation_level=None)) as database:
            for _ in range(random.choice((1, 1, 3))):
                _change_store(database, random)
        return file.read_bytes()

    def commands(self, file: Path, random: Random) -> Iterator[tuple[str, ...]]:
        yield random.choice(
            (
                ("run", SCENARIO, "--variants", "igor-movable", "--store", str(file)),
                ("sweep", str(self.folder / "grid.yaml"), "--store", str(file)),
                ("sweep", "export", str(file), "-o", str(self.folder / "points.csv")),
            )
        )


GRID: Final = """\
title: A small grid
base: [128M]
added: {first: 1G, last: 2G, step: 1G}
variants: [upstream]
paths: [acpi]
onliners: [kernel]
"""


def _change_store(database: sqlite3.Connection, random: Random) -> None:
    tables = ("reserved", "outcomes", "sweep", "rows", "points")
    known = [name for (name,) in database.execute("SELECT name FROM sqlite_master")]
    left = [name for name in tables if name in known]
    if not left:
        return
    table = random.choice(left)
    names = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
    column = random.choice(names)
    change = random.randrange(6)
    if change == 0:
        database.execute(f"DROP TABLE {table}")
    elif change == 1:
        database.execute(f"ALTER TABLE {table} RENAME COLUMN {column} TO {column}2")
    elif change == 2:
        mark = random.choice(("application_id", "user_version"))
        database.execute(f"PRAGMA {mark} = {random.choice((0, 1, 2, -1))}")
    else:
        values = [row[0] for row in database.execute(f"SELECT {column} FROM {table}")]
        for value in values:
            database.execute(
                f"UPDATE OR IGNORE {table} SET {column} = ? WHERE {column} = ?",
                (_odd_cell(value, random), value),
            )


def _odd_cell(value: Any, random: Random) -> Any:
    """Return a value for a cell: changed JSON where it holds JSON, else anything."""
    if isinstance(value, bytes):
        try:
            body = mutate_value(json.loads(zlib.decompress(value)), random)
        except (ValueError, zlib.error):  # an earlier change has damaged it
            return random.choice((mutate_bytes(value, random), b"", BOMB))
        packed = zlib.compress(json.dumps(body).encode())
        return random.choice((packed, packed, packed, mutate_bytes(value, random), b"", BOMB))
    if isinstance(value, str) and value.startswith("{"):
        return json.dumps(mutate_value(json.loads(value), random))
    return random.choice((None, "", "x", -1, 2**63 - 1, 1.5, b"\0", "a" * 1000, "1" * 30))


BOMB: Final = zlib.compress(b"[" + b"0," * (1 << 26))


def kinds(folder: Path) -> dict[str, Kind]:
    """Return every kind by its name. folder: for the files that commands write."""
    all_kinds: list[Kind] = [
        ScenarioFile(),
        ClaimFile(),
        ResultFile(folder),
        RecordingFile(),
        StoreFile(folder),
        Mail(),
        VariantSource(),
        SweepFile(),
        ArenaFile(),
    ]
    return {kind.name: kind for kind in all_kinds}


def call(*command: str) -> tuple[int, str]:
    """Run a command in this process; return its exit code, and what it prints."""
    given = None
    if command[-1].startswith("<"):
        given = Path(command[-1][1:]).read_bytes()
        command = command[:-1]
    done = CliRunner().invoke(cli, command, input=given)
    return done.exit_code, done.output
