"""The mechanism behind test_pages, and that it can fail."""

from __future__ import annotations

import pytest

from tests.docs.transcripts import Command, File, fits, run, steps

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
```
"""


def test_files_and_commands_in_order() -> None:
    assert list(steps(PAGE)) == [
        File("mine.yaml", "# mine.yaml\ntitle: mine\n"),
        File("fix.patch", "From: A\n"),
        Command(15, "zonediff list  variants", "upstream ...\n..."),
        Command(19, "zonediff check", None),
    ]


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
