"""KVM where it works, else TCG, with one line that says so."""

from __future__ import annotations

import logging
import multiprocessing

from zonediff.live.host import Accelerator, kvm_problem

_log = logging.getLogger(__name__)

_chosen: Accelerator | None = None


def accelerator() -> Accelerator:
    """What guests run under in this process."""
    if _chosen is None:
        _choose(kvm_problem())
    return _chosen or "tcg"


def distrust_kvm(why: str) -> None:
    """Use TCG from now on."""
    _choose(why)


def _choose(problem: str | None) -> None:
    global _chosen
    _chosen = "tcg" if problem else "kvm"
    # Worker processes would each say the same again.
    if problem and multiprocessing.parent_process() is None:
        _log.warning("live: guests run under TCG, several times slower than KVM: %s", problem)
