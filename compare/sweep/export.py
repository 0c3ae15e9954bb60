"""Write the points of a sweep as a table, for other programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from zonediff.compare.sweep.frontier import drawn
from zonediff.compare.sweep.plan import Row
from zonediff.compare.sweep.work import Outcome
from zonediff.engine.errors import ZonediffError
from zonediff.result.frontiers import State, state


class ExportError(ZonediffError):
    """A form that cannot be written here; the message says what to install."""


class Record(NamedTuple):
    """A point of a sweep.

    base, added: in bytes. state: `ok`, `tight` (less than half of the free memory left) or `dies`.
    free_kib: free in kernel zones before the addition. least_kib: the least that was free; for a
    death, before it. died_at: the piece of memory that the kernel did not survive. An inferred
    point has neither of these two.
    """

    variant: str
    path: str
    onliner: str
    base: int
    added: int
    state: State
    free_kib: int
    least_kib: int | None
    died_at: int | None
    inferred: bool


def records(outcomes: Mapping[Row, Outcome]) -> Iterator[Record]:
    """Every point of these rows, in their order."""
    for row, outcome in outcomes.items():
        ((frontier_row,),) = (frontier.rows for frontier in drawn([row], outcomes))
        run = {point.added: point for point in outcome.points}
        for size, left in zip(row.added, frontier_row.least_kib, strict=True):
            point = run.get(size)
            yield Record(
                *(row.variant, row.path, row.onliner, row.base, size),
                state(outcome.free_kib, left),
                outcome.free_kib,
                None if point is None else point.least_kib,
                None if point is None else point.died_at,
                point is None,
            )


def as_csv(points: Iterable[Record]) -> bytes:
    """Comma-separated values with a header line; None is empty, a boolean 0 or 1."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Record._fields)
    writer.writerows((*point[:-1], int(point.inferred)) for point in points)
    return text.getvalue().encode()


def as_parquet(points: Iterable[Record]) -> bytes:
    """An Apache Parquet file. Raises ExportError when pyarrow is not installed."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise ExportError(
            f"Parquet needs pyarrow ({error}): pip install 'zonediff[cluster]', or write .csv"
        ) from None
    word = pyarrow.dictionary(pyarrow.int16(), pyarrow.string())
    number = pyarrow.int64()
    kinds = (word, word, word, number, number, word, number, number, number, pyarrow.bool_())
    columns = [*zip(*points, strict=True)] or [()] * len(kinds)
    table = pyarrow.table(
        {
            name: pyarrow.array(column, kind)
            for name, column, kind in zip(Record._fields, columns, kinds, strict=True)
        }
    )
    file = io.BytesIO()
    parquet.write_table(table, file)
    return file.getvalue()


FORMS: Final[dict[str, Callable[[Iterable[Record]], bytes]]] = {
    ".csv": as_csv,
    ".parquet": as_parquet,
}
"""The function that writes a table, by the suffix of the file."""
