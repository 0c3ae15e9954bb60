"""Why a step ends as it does, in the words of the model of the baseline."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from zonediff.live.image import Image
from zonediff.review.actions import MEMORY_FOLDER, Action
from zonediff.review.machines import MACHINES
from zonediff.review.model_reasons import model_reasons

ONLINE = Action("write", f"{MEMORY_FOLDER}/memory32/state", "online_movable")
UNPLUG = Action("unplug", "dimm0")
PLUG = Action("plug", "dimm0")


@pytest.fixture
def image(tmp_path: Path) -> Image:
    (tmp_path / "config").write_text("CONFIG_MEMORY_HOTPLUG=y\n")
    return Image(tmp_path / "bzImage", "6.1.0-odd (somebody)", "")


def test_the_last_step_is_explained(image: Image) -> None:
    reasons = model_reasons(image, MACHINES["dimm"], "", (UNPLUG, PLUG, ONLINE, ONLINE))
    assert reasons
    assert all(reason.startswith("v6.1: ") for reason in reasons)
    assert model_reasons(image, MACHINES["dimm"], "", (ONLINE,)) != reasons


@pytest.mark.parametrize("release", ["3.2.1", "odd", "2026.1"])
def test_a_release_without_a_model_is_not_explained(image: Image, release: str) -> None:
    assert model_reasons(replace(image, banner=release), MACHINES["dimm"], "", (ONLINE,)) == []


def test_other_devices_and_files_are_not_explained(image: Image) -> None:
    assert model_reasons(image, MACHINES["dax"], "", (ONLINE,)) == []
    other = Action("write", "/sys/bus/dax/drivers/kmem/bind", "dax0.0")
    assert model_reasons(image, MACHINES["dimm"], "", (ONLINE, other)) == []
    assert model_reasons(image, MACHINES["dimm"], "", (Action("plug", "dimm7"),)) == []
    assert model_reasons(image, MACHINES["dimm"], "", ()) == []
