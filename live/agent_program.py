"""The guest's agent as a program: agent.c, compiled once where a C compiler is there."""

from __future__ import annotations

import hashlib
import logging
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from zonediff.live.cache import cached

SOURCE: Final = Path(__file__).with_name("agent.c")

_FLAGS: Final = ("-std=gnu11", "-Os", "-static", "-s")
_COMPILERS: Final = ("cc", "gcc", "clang")

_log = logging.getLogger(__name__)


def agent_program() -> Path | None:
    """The compiled agent; None where no compiler can make it, or nothing can be kept."""
    compiler = next(filter(None, map(shutil.which, _COMPILERS)), None)
    if compiler is None:
        return None
    source = SOURCE.read_bytes()
    name = f"agent-{hashlib.sha256(source + ' '.join(_FLAGS).encode()).hexdigest()[:16]}"
    try:
        return cached(name, lambda: _compiled(compiler))
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", b"") or str(error).encode()
        _log.debug("agent.c cannot be compiled: %s", said.decode(errors="replace"))
        return None


def _compiled(compiler: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "agent"
        subprocess.run([compiler, *_FLAGS, "-o", program, SOURCE], check=True, capture_output=True)
        return program.read_bytes()
