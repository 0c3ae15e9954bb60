"""What exploring found, in the report."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
from xml.etree import ElementTree

import pytest

from zonediff.compare.describe import variant_info
from zonediff.explore.arena import STANDARD
from zonediff.explore.pairs import explore_pairs
from zonediff.explore.portrait import portraits
from zonediff.reports.forms import html
from zonediff.reports.page import portrait
from zonediff.reports.page.explorations import SHOWN, arenas
from zonediff.reports.page.index import Index
from zonediff.result.explorations import Portrait
from zonediff.result.files import dumps, loads
from zonediff.result.result import Result
from zonediff.variants.registry import Registry

NAMES = ("upstream", "igor-movable", "michal-split/1", "v4.13", "v4.14")


@pytest.fixture(scope="module")
def explored() -> Result:
    models = [Registry().model(name) for name in NAMES]
    policies = [model.policy for model in models]
    return Result(
        "upstream",
        [variant_info(model) for model in models],
        *([], [], []),
        explorations=[
            *explore_pairs(policies, STANDARD["two-blocks"]),
            *explore_pairs(policies, STANDARD["one-dimm"], level="results"),
        ],
        portraits=portraits(policies),
    )


@pytest.fixture(scope="module")
def small(explored: Result) -> Portrait:
    return explored.portraits[0]


def test_the_table_says_who_behaves_like_whom(explored: Result) -> None:
    two_blocks, one_dimm = arenas(Index(explored))
    assert (two_blocks.name, two_blocks.level) == ("two-blocks", "sysfs")
    table = [[cell.standing for cell in row.cells] for row in two_blocks.rows]
    assert [row.variant.name for row in two_blocks.rows] == list(NAMES)
    assert table[0] == [None, "apart", "alike", "apart", "apart"]
    assert table[2][0] == "alike"
    assert {cell.standing for row in one_dimm.rows for cell in row.cells} >= {"within", "beyond"}
    upstream, v4_14 = one_dimm.rows[0], one_dimm.rows[4]
    assert (upstream.cells[4].standing, v4_14.cells[0].standing) == ("within", "beyond")


def test_the_baseline_is_told_from_each_group_that_is_alike(explored: Result) -> None:
    models = ["upstream", "michal-split/3", "hyperv-xen-only"]
    policies = [Registry().model(name).policy for name in models]
    result = dataclasses.replace(
        explored, explorations=explore_pairs(policies, STANDARD["hotplug"])
    )
    result = dataclasses.replace(
        result, variants=[variant_info(Registry().model(name)) for name in models], portraits=[]
    )
    (arena,) = arenas(Index(result))
    (parted,) = arena.differences
    assert [link.name for link in parted.variants] == models[1:]
    assert parted.witnesses[0].says.startswith("auto_online_blocks reads")
    assert len(parted.witnesses) <= SHOWN


def test_a_bound_is_not_taken_for_a_proof(explored: Result) -> None:
    item = next(item for item in explored.explorations if item.verdict == "equivalent")
    bounded = dataclasses.replace(item, depth=3)
    (arena,) = arenas(Index(dataclasses.replace(explored, explorations=[bounded])))
    assert arena.rows[0].cells[1].standing == "bounded"


def test_the_page_holds_it_all_and_is_the_same_each_time(explored: Result) -> None:
    page = html.render(explored)
    assert page == html.render(loads(dumps(explored), "x"))
    assert '<section id="explorations">' in page
    assert '<a href="#explorations">Explorations</a>' in page
    assert "echo online_movable &gt; memory32/state  # EINVAL | ok" in page
    nothing = html.render(dataclasses.replace(explored, explorations=[], portraits=[]))
    assert "explorations" not in nothing[nothing.index("<body>") :]


def test_the_drawing_is_the_portrait(small: Portrait) -> None:
    drawing = ElementTree.fromstring(portrait.svg(small))
    states = drawing.findall("g")
    assert sorted(int(item.findtext("title", "").partition(":")[0]) for item in states) == list(
        range(12)
    )
    heads = [path for path in drawing.findall("path") if path.get("class") == "head"]
    assert len(heads) == len({(move.source, move.target) for move in small.moves})
    width, height = (int(drawing.get(side, "")) for side in ("width", "height"))
    assert width < 1200
    assert height < 400


def test_layers_are_distances_from_boot(small: Portrait) -> None:
    layers = portrait.layers(small)
    assert layers[0] == [0]
    assert sorted(state for layer in layers for state in layer) == list(range(12))
    depth = {state: number for number, layer in enumerate(layers) for state in layer}
    assert all(depth[move.target] <= depth[move.source] + 1 for move in small.moves)


def test_words_say_what_the_drawing_shows(small: Portrait) -> None:
    words = list(portrait.text(small))
    assert words[0][0] == "0: memory32 offline [Normal], memory33 offline [Normal Movable]"
    assert "echo online_movable > memory33/state -> 3" in words[0][1]
    assert sum(len(moves) for _, moves in words) == len(small.moves)


@pytest.mark.skipif(not shutil.which("dot"), reason="needs Graphviz")
def test_graphviz_reads_it(small: Portrait) -> None:
    done = subprocess.run(
        ["dot", "-Tplain"], input=portrait.dot(small), capture_output=True, text=True, check=True
    )
    kinds = [line.partition(" ")[0] for line in done.stdout.splitlines()]
    assert kinds.count("node") == 12
    assert kinds.count("edge") == len({(move.source, move.target) for move in small.moves})
