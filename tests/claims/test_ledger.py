"""The claims that come with zonediff, and what they are worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from zonediff.corpus.claim import Claim, Decided, OfRuns
from zonediff.corpus.scenario import Scenario
from zonediff.result.claims import ClaimVerdict

Ledger = Mapping[str, Mapping[str, ClaimVerdict]]
Shipped = tuple[Sequence[Scenario], Sequence[Claim]]

LETTER = {"supported": "S", "refuted": "R", "depends": "D", "moot": ".", "undecided": "?"}

# upstream; igor-movable; michal-split/1, /2, /3; hyperv-xen-only;
# v4.12, v4.13, v4.14, v4.14-stable, v6.1, v6.12, v7.2
TABLE = """\
C01      S R SSS S SRRRRRR
C02      S R SSS S SRRRRRR
C03      D S DDD D DDSSSSS
C04      D S DDD D DSSDSSS
C05      S R SSS S SRRRRRR
C06      D R DDD D DRRRRRR
C07      S S SSS S S......
C08      D R DDD D DRRRRRR
C09      R R RRD D RRRRRRR
C10      D D DDD D DDDDDDD
C11      D D DDD D DDDDDDD
C12      D D DDD D DDDDDDD
C13      D D DDD D DDDDRRR
C14      D D DD. . DDSSRRR
C15      S . SS. . SSSSSSS
C16      R D RR. . RRRRRRR
C17      S S SSS S SSSDSSS
C18      . . ..D D .......
C19      S D SSS S SDRRRRR
C20      . . SSS . .......
D01      ? ? ??? ? ?????SS
D02      ? ? ??? ? ?????RR
D03      ? ? ??? ? ?????SS
D04      ? ? ??? ? ?????SS
D05      ? ? ??? ? ?????SS
E01      S . ... . S......
E02      S . ... . S......
E03      S . ... . SS.....
E04      S . ... . SS.....
E05      . . ... . .SS.S..
E06      . . ... . ..S.S..
E07      D D DDD D DSDDDDD
E08      R S RRR R RSRRRRR
E09      R . RRR R R......
E10      . R ... . .RSSSSS
E11      S S SSS S SDSRSSS
E12      S S SSS S SSSSSSS
E13      ? ? ??? ? ???????
E14      D D DRR R SSSSSSS
E15      S S SSS S SSSSSSS
E16      . . ... . .S.....
"""


def test_verdicts(ledger: Ledger) -> None:
    """Whoever changes a rule or a claim sees here which verdicts that changes."""
    actual = {
        name: "".join(LETTER[item.verdict] for item in verdicts.values())
        for name, verdicts in ledger.items()
    }
    table = (line.split() for line in TABLE.splitlines())
    assert actual == {name: "".join(letters) for name, *letters in table}


def test_every_claim_of_the_thread_is_there(shipped: Shipped) -> None:
    claims = [claim.id for claim in shipped[1] if claim.id.startswith("C")]
    assert claims == [f"C{number:02}" for number in range(1, 21)]


def test_whoever_is_named_is_so_for_a_mail(shipped: Shipped) -> None:
    for claim in shipped[1]:
        assert claim.where.message.count("@") == 1, claim.id
        assert not set("<> ") & set(claim.where.message), claim.id
        assert "2017-02-27" <= claim.where.date <= "2026-07-09", claim.id


def test_texts_are_ascii_and_short(shipped: Shipped) -> None:
    for claim in shipped[1]:
        texts = [claim.says, *(case.says for case in claim.cases)]
        assert "".join(texts).isascii(), claim.id
        assert max(map(len, texts)) <= 220, claim.id
        assert not [case.says for case in claim.cases if case.says.endswith(".")], claim.id


def test_rules_that_claims_ask_for_do_decide(shipped: Shipped, ledger: Ledger) -> None:
    """A rule that is renamed would silently refute whoever speaks of it."""
    checks = [case.check for claim in shipped[1] for case in claim.cases]
    outcomes = [check.outcome for check in checks if isinstance(check, OfRuns)]
    decided = {
        reason.rule
        for verdicts in ledger.values()
        for verdict in verdicts.values()
        for case in verdict.cases
        for reason in case.reasons
    }
    assert {item.rule for item in outcomes if isinstance(item, Decided)} <= decided


def test_scenarios_name_the_claims_that_they_decide(shipped: Shipped) -> None:
    scenarios = {scenario.id: scenario for scenario in shipped[0]}
    silent = [
        (name, claim.id)
        for claim in shipped[1]
        for name in claim.scenarios
        if claim.id not in scenarios[name].claims
    ]
    assert silent == []


def test_scenarios_name_claims_that_there_are(shipped: Shipped) -> None:
    named = {claim for scenario in shipped[0] for claim in scenario.claims}
    assert named <= {claim.id for claim in shipped[1]}


def test_what_cannot_be_relied_on_does_not_hold(ledger: Ledger) -> None:
    """A line of a transcript that the model agrees with has no business being marked."""
    marked = [
        (name, variant, case.says, case.holds)
        for name, verdicts in ledger.items()
        for variant, verdict in verdicts.items()
        for case in verdict.cases
        if case.unreliable is not None
    ]
    assert len(marked) == 9
    assert [item for item in marked if item[3]] == []


@pytest.mark.parametrize("transcript", ["E01", "E02", "E03", "E04", "E05", "E06"])
def test_transcripts_agree_line_by_line(ledger: Ledger, transcript: str) -> None:
    verdicts = ledger[transcript].values()
    assert {item.verdict for item in verdicts} == {"supported", "moot"}
    assert sum(len(item.cases) for item in verdicts if item.verdict == "supported") >= 4


# --- some arguments in full -----------------------------------------------------------------------


def test_onlining_order_is_the_condition_of_c03(ledger: Ledger) -> None:
    condition = ledger["C03"]["upstream"].condition
    assert (
        "it works in every order: yes for order=last-to-first, "
        "no for order=edges-inward, first-to-last, middle-outward" in condition
    )


def test_the_number_is_the_condition_of_c13(ledger: Ledger) -> None:
    assert ledger["C13"]["upstream"].condition == (
        "yes: the kernel survives it. no: it takes about half of what is free "
        "(73.08 %, claimed 50 +- 10)"
    )


def test_c09_overlooks_xen(ledger: Ledger) -> None:
    condition = ledger["C09"]["hyperv-xen-only"].condition
    assert condition.endswith("no: what a Xen balloon adds is not online at once")


def test_e09_is_refuted_by_a_shortest_sequence(ledger: Ledger) -> None:
    (case,) = ledger["E09"]["v4.12"].cases
    assert case.steps == [
        "echo online_kernel > memory34/state",
        "echo online_movable > memory37/state",
        "echo online_movable > memory36/state",
        "echo online_movable > memory35/state",
    ]


def test_c06_rests_on_a_proof(ledger: Ledger) -> None:
    proof = next(case for case in ledger["C06"]["upstream"].cases if not case.scenario)
    assert proof.holds
    assert proof.detail.startswith("nothing leads there: all 15 states seen")
