"""`zonediff sweep`: what it prints and writes, and how it ends."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from zonediff.cli.main import cli
from zonediff.compare import assemble
from zonediff.compare.describe import variant_info
from zonediff.compare.sweep import plan
from zonediff.reports.formats import FORMATS, render
from zonediff.result.files import ResultFileError, dumps, load, loads
from zonediff.result.frontiers import FrontierRow
from zonediff.result.judgements import Run
from zonediff.result.result import Result as JsonOutcomes
from zonediff.variants.registry import Registry
from zonediff.work.pool import InProcess

TABLE = """\
  boot memory    x 64    A      B
-------------  ------  ---  -----
         128M      8G   3G  >= 8G
         192M     12G   6G  >= 8G

A  one DIMM, whoever onlines it: all variants
   DIMMs of 128M, one after the other, nobody to online it: all variants
   DIMMs of 128M, one after the other, the knob (where there is one) at
     online or onlined by udev at once: igor-movable
B  DIMMs of 128M, one after the other, the knob (where there is one) at
     online or onlined by udev at once: upstream
x 64: the memmap of this size (1.5625 % of it) is as large as boot
memory.
"""


def zonediff(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(item) for item in arguments], prog_name="zonediff")


def test_the_table_and_the_result(file: Path, tmp_path: Path) -> None:
    output, store = tmp_path / "out.json", tmp_path / "store.sqlite"
    done = zonediff("sweep", file, "--store", store, "-o", output)
    assert (done.exit_code, done.output) == (0, f"{TABLE}\nwrote {output}\n")
    result = load(output)
    assert [variant.name for variant in result.variants] == ["upstream", "igor-movable"]
    assert len(result.frontiers) == 12
    first = result.frontiers[0]
    assert (first.variant, first.path, first.onliner) == ("upstream", "acpi", "kernel")
    least = [35004, 18540, 2076, None, None, None, None, None]
    assert first.rows[0] == FrontierRow(128 << 20, 51468, least)
    assert dumps(loads(output.read_text(), "again")) == output.read_text()
    again = tmp_path / "again.json"
    assert zonediff("sweep", file, "--jobs", 2, "-o", again).exit_code == 0
    assert again.read_bytes() == output.read_bytes()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"variant":"igor-movable","path"', '"variant":"strange","path"', "'strange' is not descr"),
        ("35004,18540,2076,null", "35004,18540,2076", "does not have one value for each size"),
        ("[1073741824,2147483648", "[2147483648,1073741824", "do not ascend from above 0"),
        ('"base":134217728', '"base":134217729', "do not have the same machines and sizes"),
    ],
)
def test_a_damaged_result_is_refused(
    file: Path, tmp_path: Path, old: str, new: str, message: str
) -> None:
    output = tmp_path / "out.json"
    zonediff("sweep", file, "-o", output)
    text = output.read_text()
    assert old in text
    with pytest.raises(ResultFileError, match=message):
        loads(text.replace(old, new, 1), "damaged")


def test_mistakes_exit_with_2(file: Path, tmp_path: Path) -> None:
    file.write_text(file.read_text().replace("acpi", "acpy"))
    done = zonediff("sweep", file)
    assert done.exit_code == 2
    assert f"{file}:5:9: paths[0]: unknown value 'acpy', did you mean 'acpi'?" in done.output
    assert zonediff("sweep", "frontier", "--store", tmp_path).exit_code == 2
    assert zonediff("sweep", "frontier", "--store", tmp_path / "no" / "where").exit_code == 2


def test_ctrl_c_exits_with_130_and_says_what_is_kept(file: Path, tmp_path: Path) -> None:
    mine, store = tmp_path / "stopped.py", tmp_path / "store.sqlite"
    mine.write_text(
        "from zonediff.variants.upstream import Upstream\n\n"
        "class Stopped(Upstream):\n"
        "    '''Ctrl-C is pressed while it runs.'''\n"
        "    name = 'stopped'\n"
        "    origin = 'a test'\n"
        "    def zone_of_new_memory(self, kernel, node, first, source):\n"
        "        raise KeyboardInterrupt\n"
    )
    file.write_text(file.read_text().replace("igor-movable", "stopped"))
    done = zonediff("sweep", file, "--variant-file", mine, "--store", store)
    assert (done.exit_code, done.output) == (130, f"Interrupted; {store} has what was done.\n")
    done = zonediff("sweep", file, "--variant-file", mine)
    assert (done.exit_code, done.output) == (
        130,
        "Interrupted; nothing is kept without --store.\n",
    )


@pytest.mark.parametrize("form", FORMATS)
def test_every_report_has_the_frontiers_and_claims_nothing_of_scenarios(
    file: Path, tmp_path: Path, form: str
) -> None:
    zonediff("sweep", file, "-o", tmp_path / "out.json")
    text = render(load(tmp_path / "out.json"), form)
    table = "        192M     12G   6G  >= 8G"
    shown = {
        "text": table,
        "html": '<rect class="dies"',
        "mail": table,
        "markdown": table,
        "json": "35004,18540,2076,null",
    }
    assert shown.get(form, "") in text
    assert ("0 scenarios were run." in text) == (form in shown and form != "json")
    assert "0 regressions" not in text
    assert "behaves like" not in text
    assert "CONFIG_MOVABLE_NODE" not in text


def test_a_run_sweeps_only_the_variants_that_it_could_run(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "find", lambda name: file)
    registry = Registry()
    result = JsonOutcomes(
        baseline="upstream",
        variants=[variant_info(registry.resolve(name)) for name in ("upstream", "v4.13", "v4.14")],
        scenarios=[],
        runs=[Run("any", "v4.13", "error")],
        judgements=[],
    )
    wanted = assemble.Wanted(scenarios=[], variants=[], registry=registry)
    actual = assemble._with_frontiers(
        result, wanted, InProcess(registry), assemble._no_bar, []
    ).frontiers
    assert {item.variant for item in actual} == {"upstream", "v4.14"}
