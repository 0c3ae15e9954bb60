"""Signals that end a command: SIGTERM and SIGHUP let it clean up, as Ctrl-C does."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_ENDING: Final = (signal.SIGTERM, signal.SIGHUP)

_SIGNALLED: Final = 128
"""Added to a signal's number, it is the exit code of a shell's command that the signal ended."""


class Ending:
    """The end of a command. code: its exit code, None when no signal of ours arrived."""

    code: int | None = None


@contextmanager
def ended_by_signals() -> Iterator[Ending]:
    """Raise KeyboardInterrupt on SIGTERM and SIGHUP, so that a command ends as on Ctrl-C.

    A signal that is ignored, as under nohup, stays ignored.
    """
    ending = Ending()
    if threading.current_thread() is not threading.main_thread():
        yield ending
        return

    def end(number: int, _: object) -> None:
        ending.code = _SIGNALLED + number
        raise KeyboardInterrupt

    handled = [number for number in _ENDING if signal.getsignal(number) is signal.SIG_DFL]
    for number in handled:
        signal.signal(number, end)
    try:
        yield ending
    finally:
        for number in handled:
            signal.signal(number, signal.SIG_DFL)
