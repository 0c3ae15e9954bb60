"""How large a page gets: a corpus of 1,000 scenarios on 10 variants has to stay under 5 MB."""

from __future__ import annotations

from benchmarks.report import BYTES_ALLOWED, SCENARIOS, VARIANTS, grown_result
from zonediff.reports.forms.html import render

SHARE = 8
DEARER = 1.4
"""Of an eighth of that corpus less can be said once: a scenario takes 1.37 times as much there."""


def test_a_part_of_the_corpus_stays_within_its_share_of_what_is_allowed() -> None:
    result = grown_result(SCENARIOS // SHARE, share=SHARE)
    assert (len(result.scenarios), len(result.variants)) == (SCENARIOS // SHARE, len(VARIANTS))
    assert len(render(result).encode()) < DEARER * BYTES_ALLOWED / SHARE
