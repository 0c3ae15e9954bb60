"""Outcome tables: every outcome once, whoever works on it, and whoever dies of it."""

from __future__ import annotations

import tempfile
from collections import Counter
from concurrent.futures import Future
from contextlib import ExitStack
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from zonediff.variants.registry import Registry
from zonediff.work import outcome_table
from zonediff.work.chunks import ItemSource
from zonediff.work.contract import ChunkResult
from zonediff.work.outcome_table import OutcomeTable, map_stored, rounds
from zonediff.work.pool import InProcess, Work
from zonediff.work.store import Store, open_store

ITEMS = 12
_TABLE = "CREATE TABLE IF NOT EXISTS negatives (item TEXT PRIMARY KEY, outcome INTEGER)"


class Negatives(OutcomeTable[int, int]):
    """Of each number its negative; that of 7 is not kept."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        store.create([_TABLE])

    def key(self, item: int) -> str:
        return str(item)

    def read(self, item: int) -> int | None:
        rows = self.store.execute("SELECT outcome FROM negatives WHERE item = ?", [str(item)])
        return int(rows[0][0]) if rows else None

    def write(self, item: int, outcome: int) -> None:
        if item != 7:
            self.store.execute("INSERT INTO negatives VALUES (?, ?)", [str(item), outcome])


def _negative(registry: Registry, item: int) -> int:
    return -item


def _all(path: Path, items: range) -> list[list[tuple[int, int]]]:
    with open_store(path) as store:
        chunks = map_stored(
            InProcess(Registry()), _negative, items, lambda item: 0, Negatives(store)
        )
        return list(chunks)


def test_what_is_there_is_told_and_not_done(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    first, *others = _all(path, range(5))
    assert first == []
    assert others == [[(item, -item)] for item in range(5)]
    assert _all(path, range(5)) == [[(item, -item) for item in range(5)]]
    known, *others = _all(path, range(3, 9))
    assert known == [(3, -3), (4, -4)]
    assert others == [[(item, -item)] for item in range(5, 9)]
    known, *others = _all(path, range(9))
    assert len(known) == 8
    assert others == [[(7, -7)]], "what was not kept is done again"


def test_without_a_table_all_is_done() -> None:
    assert dict(chain(*map_stored(InProcess(Registry()), _negative, range(5), lambda item: 0))) == {
        item: -item for item in range(5)
    }


def test_what_another_does_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, calls = tmp_path / "a.sqlite", Counter[str]()
    with open_store(path) as other, open_store(path, lambda: calls.update(["waits"])) as store:
        theirs = Negatives(other)
        ((_, source),) = [next(rounds(range(5), theirs))]
        reserved = source.take(2)
        # Whenever this one waits the other one does something: one item, and then it goes.
        ends = iter([lambda: theirs.save([(0, -100)]), other.release_own])
        monkeypatch.setattr(outcome_table, "sleep", lambda seconds: next(ends)())
        actual = chain(
            *map_stored(
                InProcess(Registry()), _negative, range(5), lambda item: 0, Negatives(store)
            )
        )
        assert dict(actual) == {0: -100, 1: -1, 2: -2, 3: -3, 4: -4}
    assert reserved == [0, 1]
    assert calls == {"waits": 2}


def test_a_failure_leaves_nothing_reserved(tmp_path: Path) -> None:
    class Fails(InProcess):
        def submit(self, work: Work[int, int], items: list[int]) -> Future[ChunkResult[int]]:  # type: ignore[override]
            if items == [3]:
                raise KeyError
            return super().submit(work, items)

    path = tmp_path / "a.sqlite"
    with pytest.raises(KeyError), open_store(path) as store:
        list(map_stored(Fails(Registry()), _negative, range(9), lambda item: 0, Negatives(store)))
    with open_store(path) as store:
        assert store.execute("SELECT * FROM reserved") == []
        assert len(store.execute("SELECT * FROM negatives")) == 3


class Clients(RuleBasedStateMachine):
    """Clients come, reserve, finish what they reserved or go without it; and some die."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.path = Path(self.stack.enter_context(tempfile.TemporaryDirectory())) / "a.sqlite"
        self.stores: dict[int, ExitStack] = {}
        self.tables: dict[int, Negatives] = {}
        self.sources: dict[int, ItemSource[int]] = {}
        self.hands: dict[int, list[int]] = {}
        self.saved: Counter[int] = Counter()

    @precondition(lambda self: len(self.stores) < 3)
    @rule()
    def one_comes(self) -> None:
        stack = ExitStack()
        store = stack.enter_context(open_store(self.path))
        assert store.client not in self.stores
        self.stores[store.client] = stack
        self.tables[store.client] = Negatives(store)
        self.hands[store.client] = []
        self.look(store.client)

    def look(self, client: int) -> None:
        known, self.sources[client] = next(rounds(range(ITEMS), self.tables[client]))
        assert {item for item, _ in known} == {item for item in self.saved if item != 7}

    @precondition(lambda self: self.stores)
    @rule(data=st.data(), size=st.integers(1, 5))
    def one_takes(self, data: st.DataObject, size: int) -> None:
        client = data.draw(st.sampled_from(sorted(self.stores)))
        if not self.hands[client]:
            self.look(client)
        taken = self.sources[client].take(size)
        for hand in self.hands.values():
            assert not {*taken} & {*hand}, "two have the same item"
        assert not {*taken} & {item for item in self.saved if item != 7}, "it was done already"
        self.hands[client] += taken

    @precondition(lambda self: any(self.hands.values()))
    @rule(data=st.data())
    def one_finishes(self, data: st.DataObject) -> None:
        client = data.draw(st.sampled_from([c for c, hand in self.hands.items() if hand]))
        count = data.draw(st.integers(1, len(self.hands[client])))
        done, self.hands[client] = self.hands[client][:count], self.hands[client][count:]
        self.tables[client].save([(item, -item) for item in done])
        self.saved.update(done)

    @precondition(lambda self: self.stores)
    @rule(data=st.data())
    def one_goes(self, data: st.DataObject) -> None:
        client = data.draw(st.sampled_from(sorted(self.stores)))
        for held in (self.tables, self.sources, self.hands):
            del held[client]
        self.stores.pop(client).close()

    @precondition(lambda self: self.stores)
    @rule(data=st.data(), item=st.integers(0, ITEMS - 1))
    def one_died_and_left_something_reserved(self, data: st.DataObject, item: int) -> None:
        table = self.tables[data.draw(st.sampled_from(sorted(self.stores)))]
        with table.store.transaction():
            table.store.execute(
                "INSERT INTO reserved VALUES (?, 99) ON CONFLICT DO NOTHING", [table.key(item)]
            )

    def teardown(self) -> None:
        for stack in self.stores.values():
            stack.close()
        calls = dict(chain(*_all(self.path, range(ITEMS))))
        assert calls == {item: -item for item in range(ITEMS)}
        assert {self.saved[item] for item in range(ITEMS) if item != 7} <= {0, 1}
        assert [*self.path.parent.iterdir()] == [self.path]
        self.stack.close()


TestClients = Clients.TestCase
