"""The places in kernel sources that mutants change: conditions and constants in functions."""

from __future__ import annotations

import pytest

from benchmarks.kernel_mutants import mutant, places

SOURCE = """\
#include <linux/mm.h>
#define BIG(x) ((x) > 4 && \\
\t(x) != 7)
/* a == b */
static int limit = 8;
struct thing { int parts[3]; };

// 1 < 2
static int first(struct thing *t, int n)
{
\tif (!t || t->parts[0] == 0x10UL)
\t\treturn -1; /* 2 */
\tpr_info("n != %d\\n", n << 2);
\treturn n >= '1' ? true : 010;
}

int second(void) { return limit; }
"""


def found(text: str) -> list[tuple[str, str, int, tuple[str, ...]]]:
    return [(place.function, place.token, place.line, place.others) for place in places(text)]


def test_places_are_conditions_and_constants_in_functions() -> None:
    assert found(SOURCE) == [
        ("first", "!", 11, ("",)),
        ("first", "||", 11, ("&&",)),
        ("first", "0", 11, ("1",)),
        ("first", "==", 11, ("!=",)),
        ("first", "0x10UL", 11, ("17UL", "15UL")),
        ("first", "1", 12, ("2", "0")),
        ("first", "2", 13, ("3", "1")),
        ("first", ">=", 14, (">", "<")),
        ("first", "true", 14, ("false",)),
        ("first", "010", 14, ("9", "7")),
    ]


def test_a_place_is_where_its_token_stands() -> None:
    assert all(SOURCE.startswith(place.token, place.start) for place in places(SOURCE))


@pytest.mark.parametrize("seed", range(20))
def test_a_mutant_has_one_other_token(seed: int) -> None:
    item = mutant(seed, {"a.c": SOURCE, "b.c": SOURCE})
    assert item == mutant(seed, {"a.c": SOURCE, "b.c": SOURCE})
    before, after = SOURCE.splitlines(), item.content.splitlines()
    changed = [n for n, (old, new) in enumerate(zip(before, after, strict=True), 1) if old != new]
    assert changed == [item.line]
    old, new = item.change.split(" -> ")
    assert old in before[item.line - 1]
    assert new == "nothing" or new in after[item.line - 1]


def test_the_function_is_the_one_around_the_place() -> None:
    text = "long\nfirst(int a, int (*f)(int), struct b *c)\n{\n\treturn a < 2;\n}\n"
    assert [place.function for place in places(text)] == ["first", "first"]
    macro = "DEFINE(name, 1);\nstatic void __ref second(int a) {\n\tif (a) { a = 1; }\n}\n"
    assert [place.function for place in places(macro)] == ["second"]
