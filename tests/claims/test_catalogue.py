from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from tools.corpus_page import catalogue
from zonediff.corpus.claim import Claim
from zonediff.corpus.loader import SHIPPED
from zonediff.corpus.scenario import Scenario

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_is_up_to_date(shipped: tuple[Sequence[Scenario], Sequence[Claim]]) -> None:
    """If this fails: python -m tools.corpus_page > docs/corpus.md."""
    assert (DOCS / "corpus.md").read_text(encoding="utf-8") == catalogue(*shipped)


def test_every_file_has_a_line_and_every_link_a_file() -> None:
    text = (DOCS / "corpus.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert [link for link in links if not (DOCS / link).is_file()] == []
    files = {f"../corpus/scenarios/{path.relative_to(SHIPPED)}" for path in SHIPPED.rglob("*.yaml")}
    assert files <= set(links)
