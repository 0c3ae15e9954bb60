"""Work on a real Dask cluster gives what it gives here, or one message that says what is wrong."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast
from urllib.request import urlopen

import pytest

from tests.cluster import SECONDS, Cluster
from zonediff.compare.run import run
from zonediff.corpus.loader import load
from zonediff.variants.registry import Registry
from zonediff.work import dask_pool
from zonediff.work.contract import FOLDERS, WorkerContract
from zonediff.work.open_pool import open_pool
from zonediff.work.pool import ClusterError, ClusterLost

ROOT = Path(__file__).resolve().parents[2]

distributed = pytest.importorskip("distributed", reason="the extra `cluster` is not installed")

IMPATIENT = {"DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "1s"}


def zonediff(*arguments: object, env: dict[str, str] | None = None) -> tuple[int, str, str]:
    """Exit code, output, and errors."""
    done = subprocess.run(
        [
            sys.executable,
            "-P",
            "-c",
            "from zonediff.cli.main import main; main()",
            *map(str, arguments),
        ],
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_runs_with_many_seeds(cluster: Cluster) -> None:
    scenarios = load(["pressure/help-by-chance"])
    with open_pool(Registry(), scheduler=cluster.address) as pool:
        assert pool.dashboard is not None
        assert pool.dashboard.startswith("http://127.0.0.1:")
        with urlopen(pool.dashboard) as page:
            assert '<a href="status">Status</a>' in page.read().decode()
        there = run(scenarios, ["igor-movable"], seeds=210, pool=pool)
    assert there == run(scenarios, ["igor-movable"], seeds=210)


def test_random_walks(cluster: Cluster) -> None:
    walks = ("explore", "upstream", "v4.13", "--level", "results", "--random", 60)
    of_this_process, there = zonediff(*walks), zonediff(*walks, "--scheduler", cluster.address)
    assert there[:2] == of_this_process[:2]


def test_workers_of_other_sources_are_refused(cluster: Cluster, tmp_path: Path) -> None:
    ours = tmp_path / "zonediff"
    shutil.copytree(ROOT / "zonediff", ours)
    for folder in (*FOLDERS, "reports", "cli"):
        shutil.copytree(ROOT / folder, ours / folder, ignore=shutil.ignore_patterns("recordings"))
    with (ours / "engine" / "kernel.py").open("a") as file:
        file.write("# one line more\n")
    code, out, err = zonediff(
        *("explore", "upstream", "v4.13", "--random", 1, "--scheduler", cluster.address),
        env={"PYTHONPATH": str(tmp_path)},
    )
    assert (code, out) == (2, "")
    assert "has the sources of zonediff " in err
    assert ": install the same on both, and restart workers that ran before" in err
    assert err.count("\n") == 1


IMPORTS = """
import zonediff_test_helper
from zonediff.variants.upstream import Upstream


class Mine(Upstream):
    "As upstream."

    name = "mine"
    origin = "a test"
"""


def test_workers_without_what_a_variant_imports_are_refused(
    cluster: Cluster, tmp_path: Path
) -> None:
    (tmp_path / "zonediff_test_helper.py").write_text("ANSWER = 42\n")
    file = tmp_path / "mine.py"
    file.write_text(IMPORTS)
    code, out, err = zonediff(
        *("explore", "upstream", "mine", "--random", 1, "--scheduler", cluster.address),
        *("--variant-file", file),
        env={"PYTHONPATH": str(tmp_path)},
    )
    assert (code, out) == (2, "")
    assert ": ModuleNotFoundError: No module named 'zonediff_test_helper': install there " in err


def test_workers_that_have_loaded_what_has_changed_since_are_refused(tmp_path: Path) -> None:
    helper, file = tmp_path / "zonediff_test_helper.py", tmp_path / "mine.py"
    helper.write_text("ANSWER = 42\n")
    file.write_text(IMPORTS)
    there = {"PYTHONPATH": str(tmp_path)}
    cluster = Cluster(tmp_path, workers=1, env=there)
    walks = ("explore", "upstream", "mine", "--random", 1, "--variant-file", file)
    try:
        for text, code in (("", 0), ("# a word\n", 2)):
            helper.write_text(helper.read_text() + text)
            actual = zonediff(*walks, "--scheduler", cluster.address, env=there)
            assert actual[0] == code, actual
    finally:
        cluster.close()
    assert "'zonediff_test_helper' has changed since this process first read it" in actual[2]


def test_workers_without_zonediff_are_refused(tmp_path: Path) -> None:
    (tmp_path / "zonediff").mkdir()
    (tmp_path / "zonediff" / "__init__.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'zonediff'\")\n"
    )
    bare = Cluster(tmp_path, workers=1, env={"PYTHONPATH": str(tmp_path)})
    try:
        code, out, err = zonediff("sweep", "glance", "--scheduler", bare.address)
    finally:
        bare.close()
    assert (code, out) == (2, "")
    assert err.startswith("Error: worker tcp://127.0.0.1:")
    assert "cannot run zonediff (" in err
    assert "No module named" in err
    assert err.endswith("): install there the version that is installed here\n")


def test_a_worker_that_dies_while_it_is_asked_is_none_of_them() -> None:
    class OneDies:
        """As much of a Dask client as asks its workers."""

        def wait_for_workers(self, count: int, timeout: float) -> None:
            pass

        def run(self, asked: Callable[..., object], *about: object, on_error: str) -> object:
            gone = distributed.comm.CommClosedError("in <TCP>")
            return {"tcp://one:1": gone, "tcp://two:2": asked(*about)}

    dask_pool._check_workers(cast(Any, OneDies()), "tcp://here:3", WorkerContract.of_this_process())
    with pytest.raises(ClusterError, match=r"^worker tcp://two:2 has simpy "):
        dask_pool._check_workers(
            cast(Any, OneDies()), "tcp://here:3", WorkerContract((), (), (("simpy", "0"),))
        )


def test_a_scheduler_without_workers_is_told(tmp_path: Path) -> None:
    empty = Cluster(tmp_path, workers=0)
    try:
        code, out, err = zonediff("sweep", "glance", "--scheduler", empty.address, env=IMPATIENT)
    finally:
        empty.close()
    assert (code, out) == (2, "")
    assert err == (
        f"Error: {empty.address}: no worker connected to this scheduler within 1 s; "
        f"start one with: dask worker {empty.address}\n"
    )


def test_an_address_where_nobody_answers() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        code, out, err = zonediff("sweep", "glance", "--scheduler", address, env=IMPATIENT)
    assert (code, out) == (2, "")
    assert err == f"Error: {address}: no Dask scheduler answers there within 1 s\n"


@pytest.mark.parametrize("address", ["host:8786", "http://127.0.0.1:1", "tcp://127.0.0.1", "here"])
def test_an_address_that_is_none(address: str) -> None:
    code, out, err = zonediff("sweep", "glance", "--scheduler", address)
    assert (code, out) == (2, "")
    assert err == (
        f"Error: --scheduler {address}: expected the address of a Dask scheduler, such as "
        "tcp://127.0.0.1:8786, or 'local' to start one on this machine\n"
    )


def test_a_missing_extra_is_told(tmp_path: Path) -> None:
    (tmp_path / "distributed.py").write_text("raise ImportError('it is not here')\n")
    code, out, err = zonediff(
        *("sweep", "glance", "--scheduler", "local"), env={"PYTHONPATH": str(tmp_path)}
    )
    assert (code, out) == (2, "")
    assert err == (
        "Error: --scheduler needs Dask (it is not here): pip install 'zonediff[cluster]'\n"
    )


DIES = """
import os
import signal

from zonediff.variants.upstream import Upstream


class Dies(Upstream):
    '''Takes its process with it when a block is onlined.'''

    name = "dies"
    origin = "a test"

    def zone_to_online(self, kernel, block, online_type):
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_kills_workers_is_found_and_others_are_not_blamed(tmp_path: Path) -> None:
    (tmp_path / "dies.py").write_text(DIES)
    code, out, _ = zonediff(
        *("run", "reproducer/online-movable-first-block", "--variants", "dies,igor-movable"),
        *("--variant-file", tmp_path / "dies.py", "--scheduler", "local", "--jobs", 2),
    )
    assert code == 3
    assert "1 error on dies:\n" in out
    assert "igor-movable failed in" not in out


def test_a_cluster_whose_workers_are_all_gone_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zonediff.work.dask_pool.PATIENCE", 0.5)
    monkeypatch.setattr("zonediff.work.dask_pool.RECOUNT", 0.1)
    monkeypatch.setattr("zonediff.work.pool.WorkerPool.watch_after", 0.1)
    (tmp_path / "dies.py").write_text(DIES)
    registry = Registry([tmp_path / "dies.py"])
    scenarios = load(["reproducer/online-movable-first-block"])
    single = Cluster(tmp_path, workers=1)
    try:
        with (
            open_pool(registry, scheduler=single.address) as pool,
            pytest.raises(ClusterLost, match=r"there were no workers for"),
        ):
            run(scenarios, ["dies"], registry=registry, pool=pool)
    finally:
        single.close()


def test_a_cluster_of_its_own_leaves_nothing_behind() -> None:
    walks = ("explore", "upstream", "v4.13", "--level", "results", "--random", 5)
    of_this_process = zonediff(*walks)
    there = zonediff(*walks, "--scheduler", "local", "--jobs", 1)
    assert there[:2] == of_this_process[:2]
    assert there[2] in ("", of_this_process[2]) or there[2].startswith("Dask dashboard: ")


@pytest.fixture
def tls(tmp_path: Path) -> dict[str, str]:
    """Dask's settings for TLS with a certificate that is its own authority."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
            *("-subj", "/CN=zonediff", "-keyout", key, "-out", cert),
        ],
        check=True,
        capture_output=True,
    )
    prefix = "DASK_DISTRIBUTED__COMM__"
    return {
        f"{prefix}REQUIRE_ENCRYPTION": "True",
        f"{prefix}TLS__CA_FILE": str(cert),
        **{
            f"{prefix}TLS__{role}__{name}": str(path)
            for role in ("SCHEDULER", "WORKER", "CLIENT")
            for name, path in (("CERT", cert), ("KEY", key))
        },
    }


def test_a_local_cluster_uses_tls_where_dask_is_configured_so(tls: dict[str, str]) -> None:
    code = (
        "import zonediff.work.dask_pool as pool\n"
        "from zonediff.work.contract import WorkerContract\n"
        "if __name__ == '__main__':\n"
        "    with pool.dask_pool(WorkerContract.of_this_process(), 'local', 1) as opened:\n"
        "        print(opened._client.scheduler.address)\n"
    )
    script = Path(tls["DASK_DISTRIBUTED__COMM__TLS__CA_FILE"]).with_name("script.py")
    script.write_text(code)
    done = subprocess.run(
        [sys.executable, script], env={**os.environ, **tls}, capture_output=True, text=True,
        timeout=SECONDS, check=False,
    )  # fmt: skip
    assert done.stdout.startswith("tls://127.0.0.1:"), done.stderr


@pytest.mark.parametrize("scheduler", ["local", "tls://127.0.0.1:9"])
def test_tls_that_is_not_set_up_is_one_message(scheduler: str) -> None:
    env = {"DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION": "True", **IMPATIENT}
    code, _, errors = zonediff("run", "ordering", "--scheduler", scheduler, env=env)
    assert code == 2
    assert errors.startswith("Error: ")
    assert "as its configuration says: " in errors
    assert errors.count("\n") == 1
