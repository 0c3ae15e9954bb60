"""Breaking a rule on purpose is noticed; and the tool that breaks them breaks what it should."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

SAMPLE = '''
"""A module."""
from x import y

NAME = Rule("id", "f", "text {block}", "f.c")


class Variant:
    """A variant."""

    name = "variant"
    knob = True

    def f(self, a: int, b: str = "word") -> int:
        """Do it."""
        if a < 1 and not b:
            self.a = a + 2
        elif a in (3,):
            raise KeyError(f"no {a + 1}")
        return Decision(None, NAME.because(block=a))
'''

LIST = """
import ast, sys
from pathlib import Path
from tests.mutation.sites import mutants
sample = sys.stdin.read()
for number, mutant in enumerate(mutants(Path("s.py"), ast.parse(sample), "s")):
    tree = ast.parse(sample)
    mutants(Path("s.py"), tree, "s")[number].apply()
    assert ast.unparse(tree) != ast.unparse(ast.parse(sample)), mutant.key
    print(mutant.key.removeprefix("s:"))
"""


def python(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )


def test_breaking_any_rule_is_noticed() -> None:
    done = python("-m", "tests.mutation", "--rules")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_module_is_broken_in_what_it_does_and_not_in_what_it_says() -> None:
    done = python("-c", LIST, given=SAMPLE)
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "Variant: True -> False",
        "Variant.f: 'word' -> 'word?'",
        "Variant.f: if a < 1 and (not b) -> if not (a < 1 and (not b))",
        "Variant.f: a < 1 and (not b) -> a < 1 or not b",
        "Variant.f: a < 1 -> a <= 1",
        "Variant.f: a < 1 -> a >= 1",
        "Variant.f: 1 -> 2",
        "Variant.f: not b -> b",
        "Variant.f: self.a = a + 2 -> pass",
        "Variant.f: a + 2 -> a - 2",
        "Variant.f: 2 -> 3",
        "Variant.f: if a in (3,) -> if not a in (3,)",
        "Variant.f: a in (3,) -> a not in (3,)",
        "Variant.f: 3 -> 4",
        "Variant.f: raise KeyError(f'no {a + 1}') -> pass",
        "Variant.f: Decision(None, NAME.because(block=a)) -> Decision(0, NAME.because(block=a))",
    ]
