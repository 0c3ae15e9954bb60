"""A small series for any kernel of today: a regression, a fix, a header, and one that fails.

The patches are made from the tree that they are for. As a program, it writes the mbox:
`python -m tests.review.kernel_series TREE FILE`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

from tests.review.pretend import diff, mail, write_mbox

MEMORY = "drivers/base/memory.c"
HEADER = "include/linux/memory_hotplug.h"

_WRITE = "static ssize_t state_store("
_CHECKED = "\tif (online_type < 0)\n\t\treturn -EINVAL;\n"
_REFUSAL = "\tif (online_type == MMOP_ONLINE_KERNEL)\n\t\treturn -EPERM;\n"
_NO_FUNCTION = "\tif (there_is_no_such_function(online_type))\n\t\treturn -EPERM;\n"
_DECLARED = "struct dev_pagemap;\n"
_DECLARATION = "struct zonediff_names_no_such_type;\n"


class Edit(NamedTuple):
    """A patch: its subject, the file, the text that it changes after an anchor, and the new one."""

    subject: str
    path: str
    anchors: tuple[str, ...]
    removed: str
    added: str


EDITS = (
    Edit("mm: refuse online_kernel", MEMORY, (_WRITE, _CHECKED), "", _REFUSAL),
    Edit("mm: allow online_kernel again", MEMORY, (_WRITE, _CHECKED), _REFUSAL, ""),
    Edit("mm: declare a type", HEADER, (_DECLARED,), "", _DECLARATION),
    Edit("mm: call a function that is missing", MEMORY, (_WRITE, _CHECKED), "", _NO_FUNCTION),
)


def edited(text: str, edit: Edit) -> str:
    """The text after an edit."""
    end = 0
    for anchor in edit.anchors:
        end = text.index(anchor, end) + len(anchor)
    assert text.startswith(edit.removed, end)
    return text[:end] + edit.added + text[end + len(edit.removed) :]


def write_series(tree: Path, file: Path) -> Path:
    """Write the series for a tree as an mbox."""
    texts = {edit.path: (tree / edit.path).read_text() for edit in EDITS}
    mails = [mail(f"[PATCH 0/{len(EDITS)}] mm: a series to try a review with", id="0@series")]
    for number, edit in enumerate(EDITS, 1):
        before = texts[edit.path]
        texts[edit.path] = edited(before, edit)
        mails.append(
            mail(
                f"[PATCH {number}/{len(EDITS)}] {edit.subject}",
                diff(edit.path, before, texts[edit.path]),
                id=f"{number}@series",
                answers=["0@series"],
            )
        )
    return write_mbox(file, *mails)


if __name__ == "__main__":
    write_series(Path(sys.argv[1]), Path(sys.argv[2]))
