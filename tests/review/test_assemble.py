"""`zonediff review` from mails to a result, with a tree that builds at once and no guests."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner, Result

from tests.review.pretend import (
    CODE,
    HEADER,
    SOURCES,
    diff,
    mail,
    make_tree,
    pretend_image,
    write_mbox,
)
from zonediff.cli.main import cli
from zonediff.live.host import Host
from zonediff.live.virtual_machine import QemuFailed
from zonediff.result.reviews import Cause, ReviewStep, ReviewVerdict, StageComparison
from zonediff.review import assemble, watched
from zonediff.review.alphabet import Alphabet
from zonediff.review.errors import ReviewError
from zonediff.review.explore import DerivedAlphabet
from zonediff.review.limits import Limits
from zonediff.review.sandbox import choose_sandbox
from zonediff.review.stage_image import StageImage
from zonediff.review.watched import Bounds, Ended

pytest.importorskip("tuxmake")
try:
    choose_sandbox(unsafe=False)
except ReviewError as error:
    pytest.skip(str(error), allow_module_level=True)

TEXT = SOURCES[CODE]


class Compared(NamedTuple):
    """The names of the stages that were compared, and their images.

    bases: name and image of the kernel before the series, where others were compared.
    """

    names: list[tuple[str, str]]
    images: list[tuple[bytes, bytes]]
    bases: list[tuple[str, bytes]]


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> Compared:
    """Compares images by their bytes: an image with `BUG` regresses. Keeps what was compared."""
    done = Compared([], [], [])

    def compare(one: StageImage, two: StageImage, *_: object, **given: Any) -> StageComparison:
        names = one.stage.name, two.stage.name
        contents = one.image.path.read_bytes(), two.image.path.read_bytes()
        done.names.append(names)
        done.images.append(contents)
        bugs = [b"BUG" in content for content in contents]
        verdict: ReviewVerdict = "fix" if bugs[0] else "regression"
        step = ReviewStep("echo offline > /sys/devices/system/memory/memory8/state")
        causes = [Cause("died", verdict, [step], [], 1, 3, 3)] if bugs[0] != bugs[1] else []
        return StageComparison(*names, (2, 2), (2, 2), 2, True, 2, causes=causes)

    def judge_again(comparison: StageComparison, base: StageImage, *_: object) -> StageComparison:
        done.bases.append((base.stage.name, base.image.path.read_bytes()))
        return comparison

    host = Host("qemu", "7.2", Path("busybox"), "0", "setpriv")
    monkeypatch.setattr(assemble, "find_host", lambda: host)
    monkeypatch.setattr(assemble, "derive_alphabet", lambda *_: DerivedAlphabet(Alphabet(())))
    monkeypatch.setattr(assemble, "compare_stages", compare)
    monkeypatch.setattr(assemble, "with_refusals_taken_back", judge_again)
    monkeypatch.setattr("zonediff.review.mail_series.b4_program", lambda: None)
    return done


Review = Callable[..., Result]


@pytest.fixture
def review(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Review:
    monkeypatch.chdir(tmp_path)
    make_tree(tmp_path / "tree")

    def run(*arguments: str | Path) -> Result:
        words = ["review", *map(str, arguments)]
        if "--cache" not in words:
            words += ["--cache", "kept", "--jobs", "1"]
        return CliRunner(catch_exceptions=False).invoke(cli, words)

    return run


def series(tmp_path: Path, *texts: tuple[str, str], name: str = "m", version: str = "") -> Path:
    """An mbox of patches, each to the text of the one before: (subject, text of CODE)."""
    before, mails = TEXT, [mail(f"[PATCH{version} 0/{len(texts)}] mm: a series", id="0@x")]
    for number, (subject, after) in enumerate(texts, 1):
        mails.append(
            mail(
                f"[PATCH{version} {number}/{len(texts)}] {subject}",
                diff(CODE, before, after),
                id=f"{number}@x",
                answers=["0@x"],
            )
        )
        before = after
    return write_mbox(tmp_path / name, *mails)


def stages(path: Path) -> list[tuple[str, str, str]]:
    [review] = json.loads(path.read_text())["reviews"]
    return [
        (stage["name"], stage["outcome"], stage.get("problem", "")) for stage in review["stages"]
    ]


A, B, BUG = TEXT.replace("one", "a"), TEXT.replace("one", "b"), TEXT.replace("one", "BUG")
ERROR = "#error it says so\n" + TEXT


def test_the_last_patch_is_compared_with_the_base(
    tmp_path: Path, review: Review, compared: Compared
) -> None:
    file = series(tmp_path, ("mm: first", A), ("mm: second", BUG))
    done = review(file, "--tree", "tree", "-o", "r.json", "--mail", "r.txt", "--html", "r.html")
    assert done.exit_code == 1, done.output
    assert compared.names == [("base", "2/2")]
    assert [b"BUG" in image for image in compared.images[0]] == [False, True]
    assert stages(tmp_path / "r.json") == [
        ("base", "ready", ""),
        ("1/2", "not-built", ""),
        ("2/2", "ready", ""),
    ]
    [result] = json.loads((tmp_path / "r.json").read_text())["reviews"]
    assert result["series"] == "mm: a series"
    assert (result["tree"], result["base"]) == ("tree", "Linux 6.1.7-pretend")
    assert result["stages"][2]["patch"] == "mm: second"
    assert result["stages"][2]["message_id"] == "2@x"
    assert result["stages"][2]["release"] == "6.1.7-pretend"
    assert result["stages"][2]["compiler"].startswith("gcc")
    assert result["comparisons"][0]["not_tested"] == [
        "1 stage (1/2) not built: --every builds and compares each."
    ]
    assert "mm: a series" in (tmp_path / "r.txt").read_text()
    assert "mm: a series" in (tmp_path / "r.html").read_text()


def test_bounds_of_the_user(
    tmp_path: Path, review: Review, compared: Compared, monkeypatch: pytest.MonkeyPatch
) -> None:
    compare, limits = vars(assemble)["compare_stages"], []

    def bounded(*given: Any, **named: Any) -> StageComparison:
        limits.append(named["limits"])
        comparison: StageComparison = compare(*given, **named)
        return comparison

    monkeypatch.setattr(assemble, "compare_stages", bounded)
    file = series(tmp_path, ("mm: first", A))
    review(file, "--tree", "tree", "--steps", "3", "--seconds", "90")
    review(file, "--tree", "tree")
    assert limits == [Limits(steps=3, seconds=90), Limits()]


def test_every_patch_is_compared_with_the_one_before(
    tmp_path: Path, review: Review, compared: Compared
) -> None:
    file = series(tmp_path, ("mm: first", BUG), ("mm: second", A))
    done = review(file, "--tree", "tree", "--every", "-o", "r.json")
    assert done.exit_code == 1, done.output
    assert compared.names == [("base", "1/2"), ("1/2", "2/2"), ("base", "2/2")]
    assert compared.bases == [("base", compared.images[0][0])]


def test_a_patch_that_does_not_build_is_found(
    tmp_path: Path, review: Review, compared: Compared
) -> None:
    file = series(tmp_path, ("mm: first", A), ("mm: second", ERROR), ("mm: third", ERROR + "\n"))
    done = review(file, "--tree", "tree", "-o", "r.json")
    assert done.exit_code == 3, done.output
    problem = "mm/memory_hotplug.c:1:2: error: #error it says so"
    assert stages(tmp_path / "r.json") == [
        ("base", "ready", ""),
        ("1/3", "ready", ""),
        ("2/3", "does-not-build", problem),
        ("3/3", "does-not-build", problem),
    ]
    assert compared.names == []
    assert f"2/3 does not build: {problem}" in done.stderr


def test_keep_going_compares_what_builds(
    tmp_path: Path, review: Review, compared: Compared
) -> None:
    file = series(tmp_path, ("mm: first", A), ("mm: second", ERROR))
    assert review(file, "--tree", "tree", "--keep-going").exit_code == 3
    assert compared.names == [("base", "1/2")]


def wrong_patch(tmp_path: Path) -> Path:
    other = TEXT.replace("two", "nothing like it")
    patches = [diff(CODE, TEXT, A), diff(CODE, other, other + "int x;\n"), diff(CODE, A, B)]
    mails = [
        mail(f"[PATCH {number}/3] mm: {number}", text, id=f"{number}@x", answers=["0@x"])
        for number, text in enumerate(patches, 1)
    ]
    return write_mbox(tmp_path / "m", *mails)


def test_a_patch_that_does_not_apply_is_named_with_its_hunk(
    tmp_path: Path, review: Review, compared: Compared
) -> None:
    done = review(wrong_patch(tmp_path), "--tree", "tree", "-o", "r.json")
    assert done.exit_code == 3, done.output
    assert stages(tmp_path / "r.json") == [
        ("base", "not-built", ""),
        ("1/3", "not-built", ""),
        ("2/3", "does-not-apply", f"{CODE}: hunk @@ -1,3 +1,4 @@ does not fit"),
        ("3/3", "not-built", "not tried, as an earlier patch does not apply"),
    ]
    assert compared.names == []
    assert not (tmp_path / "kept").exists()


def test_keep_going_leaves_out_a_patch_that_does_not_apply(
    tmp_path: Path, review: Review, compared: Compared
) -> None:
    done = review(wrong_patch(tmp_path), "--tree", "tree", "--keep-going", "-o", "r.json")
    assert done.exit_code == 3, done.output
    assert compared.names == [("base", "3/3")]
    assert compared.images[0][1].endswith(B.encode())


def test_the_same_code_is_not_compared(tmp_path: Path, review: Review, compared: Compared) -> None:
    text = diff("Documentation/x.rst", "", "words\n")
    file = write_mbox(tmp_path / "m", mail("[PATCH] mm: document it", text))
    done = review(file, "--tree", "tree", "-o", "r.json")
    assert done.exit_code == 0, done.output
    assert compared.names == []
    assert stages(tmp_path / "r.json") == [("base", "ready", ""), ("1/1", "same-code", "")]


def test_a_series_that_leads_back_to_the_base_says_so(
    tmp_path: Path, review: Review, compared: Compared
) -> None:
    file = series(tmp_path, ("mm: first", A), ("mm: revert it", TEXT))
    review(file, "--tree", "tree", "--every", "-o", "r.json")
    assert compared.names == [("base", "1/2"), ("1/2", "2/2")]
    [result] = json.loads((tmp_path / "r.json").read_text())["reviews"]
    assert result["notes"] == ["base and 2/2 have the same code and were not compared."]


def test_two_revisions_are_compared_with_each_other(
    tmp_path: Path, review: Review, compared: Compared
) -> None:
    before = series(tmp_path, ("mm: first", BUG), name="old", version=" v6")
    after = series(tmp_path, ("mm: first", A), name="new", version=" v7")
    done = review(after, "--since", before, "--tree", "tree", "-o", "r.json")
    assert done.exit_code == 0, done.output
    assert compared.names == [("v6", "v7")]
    [result] = json.loads((tmp_path / "r.json").read_text())["reviews"]
    assert result["series"] == "mm: a series v6 to v7"
    [(name, image)] = compared.bases
    assert name == "base"
    assert image.endswith(TEXT.encode())
    assert [cause["verdict"] for cause in result["comparisons"][0]["causes"]] == ["fix"]


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=A", "-c", "user.email=a@x", "-C", str(folder), *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repo(tmp_path: Path, review: Review) -> Path:
    folder = tmp_path / "tree"
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    for text in (A, BUG, B):
        (folder / CODE).write_text(text)
        git(folder, "commit", "-qam", f"mm: to {text.split()[1]}")
    return folder


def test_every_commit_of_a_range(
    tmp_path: Path, review: Review, repo: Path, compared: Compared
) -> None:
    status = git(repo, "status", "--porcelain"), git(repo, "worktree", "list")
    done = review("--tree", repo, "--range", "HEAD~3..HEAD", "-o", "r.json")
    assert done.exit_code == 1, done.output
    assert compared.names == [("base", "1/3"), ("1/3", "2/3"), ("2/3", "3/3"), ("base", "3/3")]
    assert (git(repo, "status", "--porcelain"), git(repo, "worktree", "list")) == status
    [result] = json.loads((tmp_path / "r.json").read_text())["reviews"]
    assert result["stages"][2]["commit"] == git(repo, "rev-parse", "HEAD~1")
    assert result["base"].startswith("Linux 6.1.7-pretend, commit ")


def test_a_base_commit_that_the_tree_has_is_honoured(
    tmp_path: Path, review: Review, repo: Path, compared: Compared
) -> None:
    base = git(repo, "rev-parse", "HEAD~3")
    file = write_mbox(
        tmp_path / "m", mail("[PATCH] mm: a", f"{diff(CODE, TEXT, A)}\nbase-commit: {base}")
    )
    done = review(file, "--tree", repo, "-o", "r.json")
    assert done.exit_code == 0, done.output
    [result] = json.loads((tmp_path / "r.json").read_text())["reviews"]
    assert (result["wanted_base"], result.get("notes")) == (base, None)
    assert result["base"] == f"Linux 6.1.7-pretend, commit {base[:12]}"


def test_a_base_commit_that_the_tree_lacks_is_said(
    tmp_path: Path, review: Review, compared: Compared
) -> None:
    text = f"{diff(CODE, TEXT, A)}\nbase-commit: {'ab' * 20}"
    review(
        write_mbox(tmp_path / "m", mail("[PATCH] mm: a", text)), "--tree", "tree", "-o", "r.json"
    )
    [result] = json.loads((tmp_path / "r.json").read_text())["reviews"]
    assert result["notes"] == [
        "The series names the base commit abababababab, which the tree does not have; it was "
        "built on Linux 6.1.7-pretend instead."
    ]


def test_two_images_need_no_tree(tmp_path: Path, review: Review, compared: Compared) -> None:
    for name, content in (("a.img", b"x"), ("b.img", b"BUG")):
        (tmp_path / name).write_bytes(pretend_image() + content)
    done = review("--base", "a.img", "--patched", "b.img", "-o", "r.json")
    assert done.exit_code == 1, done.output
    assert compared.names == [("base", "patched")]
    assert not (tmp_path / "kept").exists()


def test_a_second_review_builds_nothing(
    tmp_path: Path, review: Review, compared: Compared, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = series(tmp_path, ("mm: first", A))
    review(file, "--tree", "tree")

    def watch(*_: object, **__: object) -> None:
        pytest.fail("it was built again")

    monkeypatch.setattr("zonediff.review.builder.watch", watch)
    assert review(file, "--tree", "tree").exit_code == 0
    assert compared.names == [("base", "1/1")] * 2


def test_an_interrupt_writes_what_was_compared(
    tmp_path: Path, review: Review, compared: Compared, monkeypatch: pytest.MonkeyPatch
) -> None:
    compare = vars(assemble)["compare_stages"]

    def once(*given: Any, **named: Any) -> StageComparison:
        if compared.names:
            raise KeyboardInterrupt
        comparison: StageComparison = compare(*given, **named)
        return comparison

    monkeypatch.setattr(assemble, "compare_stages", once)
    file = series(tmp_path, ("mm: first", A), ("mm: second", B))
    done = review(file, "--tree", "tree", "--every", "-o", "r.json")
    assert done.exit_code == 130
    result = json.loads((tmp_path / "r.json").read_text())
    assert result["complete"] is False
    assert len(result["reviews"][0]["comparisons"]) == 1


def test_an_interrupt_of_a_build_leaves_nothing_behind_and_says_what_was_built(
    tmp_path: Path,
    review: Review,
    compared: Compared,
    left_running: Callable[[], set[int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    logs = []

    def watch(command: list[str], bounds: Bounds, log: Path, **given: Any) -> Ended:
        logs.append(log)
        if len(logs) > 1:
            given["on_line"] = interrupt
        return watched.watch(command, bounds, log, **given)

    def interrupt(line: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("zonediff.review.builder.watch", watch)
    file = series(tmp_path, ("mm: first", A), ("mm: second", B))
    done = review(file, "--tree", "tree", "-o", "r.json", "--mail", "r.txt")
    assert done.exit_code == 130, done.output
    assert done.stderr.splitlines()[-1] == "Interrupted. Built: base."
    assert stages(tmp_path / "r.json") == [
        ("base", "ready", ""),
        ("1/2", "not-built", ""),
        ("2/2", "not-built", ""),
    ]
    assert "2/2 (mm: second) <2@x>: not built" in (tmp_path / "r.txt").read_text()
    assert not left_running()
    assert not (tmp_path / "kept/scratch").exists()
    assert [*(tmp_path / "kept/images").iterdir()] == [logs[0].parent]
    assert compared.names == []


def test_a_kernel_that_cannot_be_run_is_set_aside(
    tmp_path: Path, review: Review, compared: Compared, monkeypatch: pytest.MonkeyPatch
) -> None:
    compare = vars(assemble)["compare_stages"]

    def fail(one: StageImage, two: StageImage, *given: Any, **named: Any) -> StageComparison:
        if two.stage.name == "2/2":
            raise QemuFailed("the image is none")
        comparison: StageComparison = compare(one, two, *given, **named)
        return comparison

    monkeypatch.setattr(assemble, "compare_stages", fail)
    file = series(tmp_path, ("mm: first", A), ("mm: second", B))
    done = review(file, "--tree", "tree", "--every", "-o", "r.json")
    assert done.exit_code == 3, done.output
    assert compared.names == [("base", "1/2")]
    assert stages(tmp_path / "r.json")[2] == (
        "2/2",
        "does-not-build",
        "it cannot be compared with 1/2: the image is none",
    )


# --- usage ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name one series: files of mails, --range A..B, or --base and --patched"),
        (["m", "--range", "A..B"], "name one series"),
        (["m"], "name the kernel sources with --tree DIR"),
        (["--base", "a"], "--base and --patched belong together"),
        (["--base", "a", "--patched", "b", "--every"], "are images: nothing is built of a tree"),
        (["--range", "A..B", "--tree", "tree", "--since", "m"], "--since goes with the mails"),
        (["absent", "--tree", "tree"], "absent: No such file or directory"),
        (["m", "--tree", "absent"], "absent: there is no such folder: name the sources"),
        (["m", "--tree", "tree", "-o", "m"], "m is read as well: name another file"),
        (["m", "--tree", "tree", "-o", "tree/Makefile"], "is a file of the tree, which is only"),
        (["m", "--tree", "tree", "--cache", "tree/x"], "and the tree lie in each other"),
        (["m", "--tree", "tree", "--config", "m"], "m, line 1: not an option: write CONFIG_NAME=y"),
        (["m", "--tree", "tree", "--range", "x"], "name one series"),
        (["--range", "x", "--tree", "tree"], "'x' is no range: write A..B"),
        (["--clear"], "--clear goes with `zonediff review cache`"),
    ],
)
def test_usage(
    tmp_path: Path, review: Review, compared: Compared, arguments: Sequence[str], message: str
) -> None:
    series(tmp_path, ("mm: first", A))
    makefile = (tmp_path / "tree/Makefile").read_text()
    done = review(*arguments)
    assert done.exit_code == 2, done.output
    assert message in " ".join(done.stderr.split())
    assert (tmp_path / "tree/Makefile").read_text() == makefile


def test_the_cache_is_shown_and_cleared(tmp_path: Path, review: Review, compared: Compared) -> None:
    review(series(tmp_path, ("mm: first", A)), "--tree", "tree")
    shown = review("cache", "--cache", "kept")
    assert shown.exit_code == 0
    assert sum("images/" in line for line in shown.stdout.splitlines()) == 2
    assert shown.stdout.splitlines()[-1].endswith("of at most 20.00 GiB")
    cleared = review("cache", "--clear", "--cache", "kept")
    assert cleared.stdout.startswith("kept: removed ")
    assert not any((tmp_path / "kept/images").iterdir())


def test_a_header_patch_compiles_what_includes_it(
    tmp_path: Path, review: Review, compared: Compared
) -> None:
    text = diff(HEADER, SOURCES[HEADER], "int other;\n")
    file = write_mbox(tmp_path / "m", mail("[PATCH] mm: header", text))
    assert review(file, "--tree", "tree", "-o", "r.json").exit_code == 0
    logs = [path.read_text() for path in (tmp_path / "kept/images").glob("*/build.log")]
    assert [log.count("  CC ") for log in logs] == [1, 1]
