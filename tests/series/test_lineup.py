"""A series beside the stages of a variant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from zonediff.compare.series.lineup import line_up, listed, stages_of
from zonediff.compare.series.restated import known, overridden
from zonediff.result.series import LineUp, Patch
from zonediff.variants.registry import COMPARED, OURS, Registry, VariantError


def patch(*functions: str, subject: str = "mm: change") -> Patch:
    return Patch("1@x", subject, "A <a@x>", "2017-03-06", (), functions)


def lined_up(variant: str, *patches: Patch, registry: Registry | None = None) -> LineUp:
    return line_up(patches, variant, "upstream", registry or Registry())


def test_the_models_know_functions_by_rules_and_by_stages() -> None:
    assert {"zone_can_shift", "store_mem_state", "has_unmovable_pages"} <= known()
    assert "setup_memhp_default_state" in known()
    assert "unrelated" not in known()


@pytest.mark.parametrize(
    ("variant", "below", "functions"),
    [
        ("igor-movable", "upstream", {"zone_for_memory"}),
        ("michal-split/1", "upstream", {"add_memory"}),
        ("michal-split/2", "michal-split/1", set()),
        ("michal-split/3", "michal-split/2", {"add_memory"}),
        ("v4.14", "v4.13", {"zone_for_pfn_range", "default_zone_for_pfn"}),
        ("upstream", "upstream", set()),
    ],
)
def test_what_a_variant_overrides_is_told_from_its_own_methods(
    variant: str, below: str, functions: set[str]
) -> None:
    registry = Registry()
    classes = [type(registry.model(name).policy) for name in (variant, below)]
    assert overridden(*classes) == functions


@pytest.mark.parametrize("name", OURS)
def test_stages_name_variants_that_there_are(name: str) -> None:
    registry = Registry()
    assert all(stage.variant in OURS for stage in stages_of(name, registry))


def test_a_variant_without_stages_is_its_only_one() -> None:
    assert [stage.variant for stage in stages_of("igor-movable", Registry())] == ["igor-movable"]
    stages = [stage.variant for stage in stages_of("michal-split", Registry())]
    assert stages == [name for name in COMPARED if name.startswith("michal-split/")]


def test_patches_find_their_stages_by_functions() -> None:
    series = lined_up(
        "michal-split",
        patch("hv_mem_hot_add", "hv_memory_notifier"),
        patch("setup_memhp_default_state"),
        patch("store_auto_online_blocks"),
    )
    assert [(line.stage, line.by) for line in series.patches] == [
        ("michal-split/1", ("hv_mem_hot_add",)),
        ("michal-split/2", ("setup_memhp_default_state",)),
        ("michal-split/3", ("store_auto_online_blocks",)),
    ]
    assert series.warnings() == []
    assert series.stages[0].untouched == ("add_memory", "reserve_additional_memory")


def test_a_subject_weighs_more_than_functions() -> None:
    series = lined_up(
        "hyperv-xen-only", patch(subject="mm, hotplug: get rid of auto_online_blocks")
    )
    assert series.patches[0].by == ("subject",)


def test_what_a_patch_changes_and_its_stage_does_not_model_is_a_warning() -> None:
    series = lined_up(
        "michal-split",
        patch("hv_mem_hot_add"),
        patch("setup_memhp_default_state", "store_mem_state", "hv_mem_hot_add"),
        patch("memory_probe_store", "unrelated"),
    )
    assert series.warnings() == [
        "patch 2/3 changes store_mem_state, which michal-split/2 leaves as upstream has it"
    ]


def test_patches_and_stages_without_each_other_are_warnings() -> None:
    series = lined_up("michal-split", patch("unrelated"), patch("hv_mem_hot_add"))
    assert series.warnings() == [
        "patch 1/2 belongs to no stage of michal-split",
        "no patch belongs to michal-split/2",
        "no patch belongs to michal-split/3",
    ]


def test_every_patch_belongs_to_a_single_stage() -> None:
    series = lined_up("igor-movable", patch("unrelated"), patch("zone_for_memory"))
    assert [line.stage for line in series.patches] == ["igor-movable"] * 2
    assert series.warnings() == []


def test_a_variant_of_ones_own_is_known_by_its_rules(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text('''
"""Mine."""
from zonediff.engine.memory import Zone
from zonediff.engine.rules import Decision, Rule
from zonediff.variants.upstream import Upstream

RULE = Rule("mine", "brand_new_function", "always", "mm/mine.c")
UNUSED = Rule("other", "another_function", "never", "mm/mine.c")


def decide():
    return Decision(Zone.MOVABLE, RULE.because())


class Mine(Upstream):
    """Mine."""

    name = "mine"
    origin = "a test"

    def zone_of_new_memory(self, kernel, node, first, source):
        return decide()
''')
    series = lined_up("mine", patch("brand_new_function"), registry=Registry([file]))
    assert series.patches[0].restated == ("brand_new_function",)
    assert series.stages[0].overrides == ("brand_new_function",)


def test_without_a_variant_there_is_a_list() -> None:
    series = listed([patch("zone_can_shift", "unrelated")])
    assert series.patches[0].restated == ("zone_can_shift",)
    assert (series.stages, series.warnings()) == ((), [])


def test_an_unknown_variant() -> None:
    with pytest.raises(VariantError, match="did you mean michal-split"):
        lined_up("michal-splt", patch())


def test_the_order_of_patches_is_kept(linux: Any) -> None:
    from zonediff.compare.series.repository import read_range

    series = lined_up("michal-split", *read_range(linux.path, "base..main"))
    assert [line.stage for line in series.patches] == [
        "michal-split/1",
        "michal-split/2",
        "michal-split/3",
    ]


def test_mechanism_that_no_rule_names_is_known() -> None:
    series = lined_up(
        "michal-split",
        patch("hv_mem_hot_add"),
        patch("setup_memhp_default_state", "memory_block_change_state"),
        patch("store_auto_online_blocks"),
    )
    [warning] = series.warnings()
    assert warning == (
        "patch 2/3 changes memory_block_change_state, which michal-split/2 leaves as upstream has "
        "it"
    )
