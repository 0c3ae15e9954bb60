"""Make docs/corpus.md: a line for each scenario file and each claim that come with zonediff.

Run as `python -m tools.corpus_page > docs/corpus.md`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from zonediff.corpus.claim import Claim
from zonediff.corpus.claim_files import load_claims
from zonediff.corpus.loader import SHIPPED, load
from zonediff.corpus.positions import decode, parse
from zonediff.corpus.scenario import Scenario

_HEAD: Final = """\
# The corpus

These scenarios and claims come with zonediff. [scenarios.md](scenarios.md) and
[claims.md](claims.md) say how to write your own. `python -m tools.corpus_page` writes this page
from the files.
"""
_WHERE: Final = "../corpus"


def catalogue(scenarios: Sequence[Scenario], claims: Sequence[Claim]) -> str:
    """The page, as Markdown; scenarios and claims are the shipped ones."""
    files = [list(members) for _, members in groupby(scenarios, key=lambda item: item.file)]
    lines = [
        _HEAD,
        f"{len(scenarios)} scenarios in {len(files)} files, {len(claims)} claims.",
    ]
    for folder, shelf in groupby(files, key=lambda members: members[0].folder):
        lines += ["", f"## {folder}", "", "| scenario | | claims |", "| --- | --- | --- |"]
        lines += [_row(members) for members in shelf]
    lines += ["", "## Claims", "", "| claim | | scenarios |", "| --- | --- | --- |"]
    for claim in claims:
        link = f"[{claim.id}]({_WHERE}/claims/{claim.file})"
        lines.append(_cells(link, f"{claim.who}: {claim.says}", str(len(claim.scenarios))))
    return "\n".join(lines) + "\n"


def _row(members: Sequence[Scenario]) -> str:
    """The line of a file, with the values that make its family."""
    first = members[0]
    family = first.id.partition("[")[0].rpartition("/")[2]
    values = "; ".join(_values(members))
    description = f"{_title(first)} ({values})" if values else first.title
    claims = sorted({claim for member in members for claim in member.claims})
    return _cells(f"[{family}]({_WHERE}/scenarios/{first.file})", description, ", ".join(claims))


def _values(members: Sequence[Scenario]) -> Iterator[str]:
    """Each parameter of a family with its values, `size: 256M, 1G`."""
    for index, (name, _) in enumerate(members[0].parameters):
        values = dict.fromkeys(member.parameters[index][1] for member in members)
        yield f"{name}: {', '.join(values)}"


def _title(scenario: Scenario) -> str:
    """The title as the file has it, for all members of a family alike."""
    data = parse(decode((SHIPPED / scenario.file).read_bytes(), scenario.file), scenario.file).value
    return str(data["title"]).strip() if isinstance(data, dict) else scenario.title


def _cells(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    corpus = load()
    print(catalogue(corpus, load_claims(corpus)), end="")
