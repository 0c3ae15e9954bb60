"""The mechanism behind test_pages, and that it can fail."""

from __future__ import annotations

from typing import Any

import pytest

from tests.docs.transcripts import Command, File, Program, fits, run, run_program, steps

PAGE = """\
Text, and `$ no command`.

```yaml
# mine.yaml
title: mine
```

<!-- file: fix.patch -->

```diff
From: A
```

```
$ zonediff list \\
    variants
upstream ...
...
$ zonediff check
```

<!-- not run: it takes an hour -->

```
$ zonediff wait
```

```python
x = "$ no command"
print(x)
```

```text
$ no command
```

<!-- not run: an excerpt -->

```python
x = ...
```

```python
y = x
```

No output:

```text
any text
```
"""


def test_files_and_commands_in_order() -> None:
    assert list(steps(PAGE)) == [
        File("mine.yaml", "# mine.yaml\ntitle: mine\n"),
        File("fix.patch", "From: A\n"),
        Command(15, "zonediff list  variants", "upstream ...\n..."),
        Command(19, "zonediff check", None),
        Program(29, 'x = "$ no command"\nprint(x)\n', "$ no command\n"),
        Program(44, "y = x\n", None),
    ]


def test_the_programs_of_a_page_share_their_names() -> None:
    names: dict[str, Any] = {}
    assert run_program(Program(1, "x = 1\nprint(x)\n", None), "page.md", names) == "1\n"
    assert run_program(Program(5, "print(x + 1)\n", None), "page.md", names) == "2\n"


def test_a_program_that_fails_shows_its_line_in_the_page() -> None:
    with pytest.raises(ZeroDivisionError) as failure:
        run_program(Program(7, "x = 1\nx / 0\n", None), "page.md", {})
    last = failure.traceback[-1]
    assert (str(last.path), last.lineno + 1) == ("page.md", 8)


@pytest.mark.parametrize("text", ["git send-email x.eml", "rm -r out", "sh -c 'zonediff'"])
def test_no_other_program_is_run(text: str) -> None:
    with pytest.raises(AssertionError, match="not run"):
        run(Command(1, text, None))


@pytest.mark.parametrize(
    ("expected", "found", "fit"),
    [
        ("a\nb", "a\nb\n", True),
        ("a\nb", "a  \nb\n\n", True),
        ("a", "a\nb\n", False),
        ("a\nb", "a\n", False),
        ("a\n...", "a\nb\nc\n", True),
        ("...\nc", "a\nb\nc\n", True),
        ("a\n...\nc", "a\nc\n", True),
        ("a\n...\nc", "a\nb\n", False),
        ("1 of ... lines", "1 of 7 lines", True),
        ("1 of ... lines", "2 of 7 lines", False),
        ("a.c", "abc", False),
    ],
)
def test_what_fits(expected: str, found: str, fit: bool) -> None:
    assert fits(expected, found) is fit
