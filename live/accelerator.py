"""Choosing KVM or TCG for guests: KVM where it works, otherwise TCG, with one warning."""

from __future__ import annotations

import logging
import multiprocessing

from zonediff.live.host import Accelerator, kvm_problem

_log = logging.getLogger(__name__)

_chosen: Accelerator | None = None


def accelerator() -> Accelerator:
    """Return the accelerator of this process's guests."""
    if _chosen is None:
        _choose(kvm_problem())
    return _chosen or "tcg"


def distrust_kvm(problem: str) -> None:
    """Use TCG from now on, and warn with the problem of KVM."""
    _choose(problem)


def _choose(problem: str | None) -> None:
    global _chosen
    _chosen = "tcg" if problem else "kvm"
    # Worker processes would repeat the warning.
    if problem and multiprocessing.parent_process() is None:
        _log.warning("live: guests run under TCG, several times slower than KVM: %s", problem)
