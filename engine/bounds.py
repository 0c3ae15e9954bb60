"""The bounds of inputs: sizes, counts and depths above which a file is refused.

Inputs come from strangers. Each bound is far above what people write, and keeps the time and the
memory for an input in proportion to its size. docs/reliability.md lists them all.
"""

from __future__ import annotations

from typing import Final

# --- files of YAML: scenarios, claims, sweeps and machines to explore ---

FILE_BYTES: Final = 1 << 20
"""The largest file, in bytes."""

FILE_DEPTH: Final = 16
"""The most levels of nesting; a scenario has six."""

FILE_VALUES: Final = 50_000
"""The most values in one file: texts, numbers, lists and mappings."""

MEMBERS: Final = 256
"""The most scenarios that one file makes with `with:`."""

FAMILY_VALUES: Final = 200_000
"""The most values of all scenarios that one file makes."""

STEPS: Final = 1024
"""The most steps of a scenario."""

GOALS: Final = 1024
"""The most goals of a scenario."""

DEVICES: Final = 2048
"""The most memory devices that a scenario has, one after the other or at once."""

ACTS: Final = 20_000
"""The most memory blocks that the steps of a file's scenarios name, each counted once a step."""

ADDITIONS: Final = 1024
"""The most devices that a host adds in one step, writes of a probe loop, and udev workers."""

STEP_MINUTES: Final = 60
"""The most minutes that pass in one step."""

ARITHMETIC_CHARACTERS: Final = 200
"""The longest arithmetic in a claim."""

SEARCH_STATES: Final = 100_000
"""The most states that the search of a claim visits."""

SEARCH_STEPS: Final = 1024
"""The most steps that the search of a claim chooses among."""

SWEEP_BYTES: Final = 1 << 40
"""The most memory that a sweep adds to a machine, in bytes."""

SWEEP_SIZES: Final = 4096
"""The most sizes on an axis of a sweep."""

SUGGESTION_CHARACTERS: Final = 64
"""The longest unknown word for which a message suggests a similar word."""

SUGGESTION_WORDS: Final = 512
"""The most known words that are searched for a similar word."""

PROBLEMS: Final = 100
"""The most mistakes of one run that are listed; the remaining ones are counted."""

# --- patches ---

MAIL_BYTES: Final = 64 << 20
"""The largest file of mails that is read, in bytes."""

HEADER_CHARACTERS: Final = 4096
"""The most characters of a header that is used: subject, date, sender, message id, content type."""

MAIL_PARTS: Final = 20
"""The most parts of one mail that hold parts themselves (multipart, message)."""

DIFF_NUMBER_DIGITS: Final = 9
"""The most digits of a line number or count in a diff."""

SERIES_PATCHES: Final = 200
"""The most patches of a series; a longer one means that the range is wrong."""

# --- results ---

RESULT_BYTES: Final = 256 << 20
"""The largest result file, in bytes."""

UNPACKED_TIMES: Final = 32
"""The largest ratio of a result to its file, with shared content counted at each reference."""

UNPACKED_FROM: Final = 1 << 20
"""The smallest file size, in bytes, for that ratio; smaller files count as this large."""

RESULT_NUMBER: Final = (1 << 64) - 1
"""The largest number in a result, above or below zero; kernels print counts unsigned."""

BLOCK_NUMBER: Final = (1 << 25) - 1
"""The largest number of a memory block in a result: 52 bits of addresses, in blocks of 128M."""

STORED_BYTES: Final = 64 << 20
"""The largest outcome in a store, unpacked, in bytes."""

# --- recordings ---

RECORDING_BYTES: Final = 64 << 20
"""The largest file of recordings, in bytes."""

RECORDINGS: Final = 100_000
"""The most recordings in one file."""
