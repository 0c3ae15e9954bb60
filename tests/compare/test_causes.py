"""Which rule is named as the cause of a difference."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from zonediff.compare.run import run
from zonediff.corpus.loader import load
from zonediff.engine.trace import PRINTED, Reason
from zonediff.result.causes import deciding_rule, own_reasons
from zonediff.result.judgements import Difference
from zonediff.variants.registry import Registry


def reason(rule: str, text: str = "") -> Reason:
    return Reason(rule, rule.partition(".")[0], text or rule)


def parted(
    baseline: Sequence[Reason],
    candidate: Sequence[Reason],
    what: str = "blocks",
    outcomes: tuple[str, str] = ("one", "two"),
) -> Difference:
    return Difference(0, 0, what, "plug dimm1", *outcomes, list(baseline), list(candidate))


SHARED, LESS = reason("shift.stays", "blocks 32-39 stay"), reason("shift.stays", "block 32 stays")
OLD, NEW, NEWER = reason("old.rule"), reason("new.rule"), reason("newer.rule")
PANIC = reason("out_of_memory")
DIED, LIVED = "the kernel died (panic) in step 1: plug dimm1", "ok"


@pytest.mark.parametrize(
    ("difference", "rule"),
    [
        (parted([SHARED], [LESS, NEW]), "because new: new.rule"),
        (
            parted([OLD, SHARED], [LESS]),
            "because this rule of the baseline does not apply: old: old.rule",
        ),
        (parted([SHARED, OLD], [NEW, LESS, NEWER]), "because new: new.rule"),
        (parted([SHARED], [LESS]), "the same rules with other numbers: shift: block 32 stays"),
        (parted([SHARED], [SHARED]), "None"),
        (parted([], []), "None"),
    ],
)
def test_the_first_rule_that_the_other_side_lacks(difference: Difference, rule: str) -> None:
    assert str(deciding_rule(difference)) == rule


@pytest.mark.parametrize(
    ("difference", "rule", "side"),
    [
        (parted([SHARED], [NEW, PANIC], "end", (LIVED, DIED)), "out_of_memory", "candidate"),
        (parted([OLD, PANIC], [NEW], "end", (DIED, LIVED)), "out_of_memory", "baseline"),
        (parted([SHARED], [NEW, LESS], "end", (LIVED, DIED)), "new.rule", "candidate"),
        (parted([OLD], [NEW, PANIC], "end", (DIED, DIED)), "out_of_memory", "candidate"),
    ],
)
def test_a_death_is_decided_by_the_last_rule_unless_both_sides_have_it(
    difference: Difference, rule: str, side: str
) -> None:
    deciding = deciding_rule(difference)
    assert deciding is not None
    assert (deciding.reason.rule, deciding.side) == (rule, side)


def test_a_line_of_a_log_is_no_cause() -> None:
    printed = [Reason(PRINTED, "printk", text) for text in ("pci 0000:00", "memory32 onlined")]
    gives = Reason("result", "(the real kernel)", "echo offline > memory32/state gives EBUSY")
    deciding = deciding_rule(parted([OLD], [*printed, gives, *printed], "result", ("ok", "EBUSY")))
    assert str(deciding) == f"because {gives}"
    deciding = deciding_rule(parted([OLD], printed))
    assert str(deciding) == "because this rule of the baseline does not apply: old: old.rule"
    assert deciding_rule(parted(printed, printed[:1])) is None


def test_sentences_decide_only_among_the_same_rules() -> None:
    assert own_reasons([SHARED], [LESS, NEW]) == ([], [NEW])
    assert own_reasons([SHARED, NEW], [LESS, NEW]) == ([SHARED], [LESS])


ELSEWHERE = '''
from zonediff.engine.memory import OnlineType, Zone
from zonediff.engine.rules import MEMORY_HOTPLUG_C, Decision, Rule
from zonediff.variants.upstream import Upstream

UPPER = Rule("upper_half", "upper_half", "block {block} goes to zone Movable", MEMORY_HOTPLUG_C)

class Elsewhere(Upstream):
    """From block 34 on, plain `online` puts memory into Movable."""

    name = "elsewhere"
    origin = "a test"

    def zone_to_online(self, kernel, block, online_type):
        if online_type is OnlineType.KEEP and block >= 34:
            return Decision(Zone.MOVABLE, UPPER.because(block=block))
        return super().zone_to_online(kernel, block, online_type)
'''


def test_a_rule_that_both_sides_apply_to_other_blocks_is_no_cause(tmp_path: Path) -> None:
    """The upper blocks of a DIMM go elsewhere; the lower ones stay, as all do on the baseline."""
    file = tmp_path / "elsewhere.py"
    file.write_text(ELSEWHERE)
    registry = Registry([file])
    scenarios = load(["knob/boot-parameter[state=online]"])
    (judgement,) = run(scenarios, ["elsewhere"], registry=registry).judgements
    assert judgement.difference is not None
    sentences = [item.text for item in judgement.difference.candidate_reasons]
    assert any("stays" in text or "stay" in text for text in sentences)
    deciding = deciding_rule(judgement.difference)
    assert deciding is not None
    assert (deciding.reason.rule, deciding.side) == ("upper_half", "candidate")


READ_OTHERWISE = {
    ("drivers/hyperv-default", "v6.1"): ("removable_show.always", "candidate"),
    ("numa/balanced-nodes", "v4.14"): ("show_valid_zones.default-first", "candidate"),
    ("knob/asked-twice", "v4.12"): ("memory_block_change_state.no-driver-core", "baseline"),
    ("knob/boot-parameter[state=online]", "michal-split/2"): (
        "setup_memhp_default_state",
        "baseline",
    ),
    ("knob/config-default-online", "michal-split/2"): ("memhp_auto_online.config", "baseline"),
}


@pytest.mark.parametrize(("scenario", "variant"), READ_OTHERWISE)
def test_a_file_that_reads_otherwise_has_its_own_rule(scenario: str, variant: str) -> None:
    (judgement,) = run(load([scenario]), [variant], registry=Registry()).judgements
    assert judgement.difference is not None
    deciding = deciding_rule(judgement.difference)
    assert deciding is not None
    assert (deciding.reason.rule, deciding.side) == READ_OTHERWISE[scenario, variant]


RELISTED = '''
from zonediff.variants.upstream import Upstream

class Relisted(Upstream):
    """valid_zones lists one name."""

    name = "relisted"
    origin = "a test"

    def valid_zones(self, kernel, block):
        return super().valid_zones(kernel, block)[:1]
'''


def test_an_answer_without_a_rule_of_its_own_does_not_borrow_that_of_its_base(
    tmp_path: Path,
) -> None:
    file = tmp_path / "relisted.py"
    file.write_text(RELISTED)
    registry = Registry([file])
    (judgement,) = run(load(["numa/balanced-nodes"]), ["relisted"], registry=registry).judgements
    assert judgement.difference is not None
    deciding = deciding_rule(judgement.difference)
    assert deciding is not None
    assert deciding.reason.rule == "show_valid_zones.relisted"
    assert deciding.reason.text == "valid_zones reads as relisted lists it"


def test_in_the_whole_corpus_the_other_side_lacks_the_rule_of_each_cause() -> None:
    registry = Registry()
    names = [name for name in registry.names() if name != "upstream"]
    result = run(load(), names, registry=registry)
    differences = [item.difference for item in result.judgements if item.difference]
    assert len(differences) > 1000
    for difference in differences:
        before = {item.rule for item in difference.baseline_reasons}
        after = {item.rule for item in difference.candidate_reasons}
        deciding = deciding_rule(difference)
        assert deciding is not None
        assert deciding.reason.rule in before ^ after
