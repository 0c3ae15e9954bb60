"""A variant that fails is told by the line of its own that led there, whatever it worked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from zonediff.cli.main import cli
from zonediff.engine.kernel import KernelDied
from zonediff.engine.policy import Policy
from zonediff.variants.failure import VariantFailed, failures_of
from zonediff.variants.registry import Registry

FAILS = """
from zonediff.variants.upstream import Upstream


class Fails(Upstream):
    '''Costs what cannot be.'''

    name = "fails"
    origin = "a test"

    def memmap_kib(self, kernel, blocks):
        return {cost}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "fails.py"
    path.write_text(FAILS.format(cost="1 // 0"))
    return path


def policies(file: Path, *names: str) -> list[Policy]:
    return [Registry([file]).model(name).policy for name in names]


@pytest.mark.parametrize(
    "command",
    [
        ("explore", "upstream", "fails"),
        ("explore", "upstream", "fails", "--random", "5"),
        ("explore", "upstream", "fails", "--random", "5", "--jobs", "2"),
        ("validate", "--variant", "fails"),
    ],
)
def test_whatever_it_worked_for(file: Path, command: tuple[str, ...]) -> None:
    done = CliRunner().invoke(cli, [*command, "--variant-file", str(file)])
    assert (done.exit_code, done.output) == (
        2,
        f"Error: variant fails failed: {file}:12: ZeroDivisionError: integer division or modulo by "
        "zero\n",
    )


@pytest.mark.parametrize(
    "command", [("explore", "upstream", "fails"), ("explore", "upstream", "fails", "--random", "5")]
)
def test_a_variant_that_leaves_has_failed(file: Path, command: tuple[str, ...]) -> None:
    file.write_text(FAILS.format(cost="exit(0)"))
    done = CliRunner().invoke(cli, [*command, "--variant-file", str(file)])
    message = f"Error: variant fails failed: {file}:12: SystemExit: 0\n"
    assert (done.exit_code, done.output) == (2, message)


ODD = """
class Odd(BaseException):
    def __str__(self):
        raise TypeError

def odd():
    raise Odd
"""


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_whatever_it_raises(file: Path, jobs: str) -> None:
    file.write_text(ODD + FAILS.format(cost="odd()"))
    done = CliRunner().invoke(
        cli,
        [
            "explore",
            "upstream",
            "fails",
            "--random",
            "5",
            "--jobs",
            jobs,
            "--variant-file",
            str(file),
        ],
    )
    message = f"Error: variant fails failed: {file}:7: Odd: (its message cannot be printed)\n"
    assert (done.exit_code, done.output) == (2, message)


def test_what_the_engine_cannot_work_with_is_the_variants_mistake_too(file: Path) -> None:
    file.write_text(FAILS.format(cost="None"))
    done = CliRunner().invoke(cli, ["explore", "upstream", "fails", "--variant-file", str(file)])
    assert done.exit_code == 2
    assert done.output.startswith("Error: variant fails failed: ")
    assert ": TypeError: " in done.output


def test_our_own_mistakes_stay_what_they_are(file: Path) -> None:
    with pytest.raises(ZeroDivisionError), failures_of(*policies(file, "upstream", "v4.13")):
        1 // 0  # noqa: B018
    with (
        pytest.raises(VariantFailed, match=r"^variant fails failed: "),
        failures_of(*policies(file, "upstream", "fails")),
    ):
        1 // 0  # noqa: B018


def test_what_we_say_by_an_exception_stays_as_it_is(file: Path) -> None:
    with pytest.raises(KernelDied), failures_of(*policies(file, "fails")):
        raise KernelDied("panic")
