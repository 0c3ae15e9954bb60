"""The protocol with the guest's agent, on a port on which the kernel prints as well."""

from __future__ import annotations

import hashlib

from zonediff.live.agent import AGAIN, Agent, escaped
from zonediff.live.guest import blocks_between_states, culprits_in, used_pages


def answer(number: int, *lines: str) -> list[bytes]:
    """What agent.sh sends."""
    body = "".join(f"{line}\n" for line in lines).encode()
    digest = hashlib.md5(body).hexdigest()
    begin = b"begin %d %s  -" % (number, digest.encode())
    return [b"", begin, *body.splitlines(), b"end %d" % number]


def take(agent: Agent, *lines: bytes) -> None:
    for line in lines:
        agent.take(line)


def test_the_agent_speaks_first() -> None:
    agent = Agent()
    take(agent, *answer(0, "release 6.1", "events yes"))
    assert agent.answer == ["release 6.1", "events yes"]


def test_a_request_is_one_line_whatever_it_is_about() -> None:
    agent = Agent()
    assert agent.request("observe") == b"1 observe\n"
    assert agent.request("write", "a b", "-n\n") == rb"2 write \x61\x20\x62 \x2d\x6e\x0a" + b"\n"
    assert escaped("é") == r"\xc3\xa9"


def test_an_answer_is_there_when_its_end_is() -> None:
    agent = Agent()
    agent.request("write", "memory32/state", "online")
    *begin, end = answer(1, "failed: Invalid argument")
    take(agent, *begin)
    assert not agent.answered
    take(agent, end)
    assert agent.answered
    assert agent.answer == ["failed: Invalid argument"]


def test_what_the_kernel_prints_before_and_after_does_not_matter() -> None:
    agent = Agent()
    agent.request("observe")
    take(agent, b"random: crng init done", *answer(1, "links memory0/node0"), b"serial8250: odd")
    assert agent.answer == ["links memory0/node0"]


def test_what_the_kernel_prints_right_before_the_end_does_not_matter() -> None:
    agent = Agent()
    agent.request("observe")
    *lines, end = answer(1, "one")
    take(agent, *lines, b"tsc: unstable" + end)
    assert agent.answer == ["one"]


def test_an_answer_with_a_line_of_the_kernels_in_it_is_asked_for_again() -> None:
    agent = Agent()
    agent.request("write", "memory32/state", "online")
    begin, *rest = answer(1, "done")[1:]
    take(agent, begin, b"Built 1 zonelists", *rest)
    assert agent.answered
    assert agent.answer is None
    assert agent.request(AGAIN) == b"1 again\n"
    take(agent, *answer(1, "done"))
    assert agent.answer == ["done"]


def test_an_answer_whose_begin_is_lost_is_asked_for_again() -> None:
    agent = Agent()
    agent.request("observe")
    take(agent, *answer(1, "done")[2:])
    assert agent.answered
    assert agent.answer is None


def test_answers_to_earlier_requests_are_no_answers() -> None:
    agent = Agent()
    agent.request("observe")
    agent.request("observe")
    take(agent, *answer(1, "old"))
    assert not agent.answered
    take(agent, *answer(2, "new"))
    assert agent.answer == ["new"]


def test_an_answer_whose_checksum_could_not_be_made_is_asked_for_again() -> None:
    agent = Agent()
    agent.request("observe")
    take(agent, b"begin 1 ", b"done", b"end 1")
    assert agent.answered
    assert agent.answer is None


def test_a_hang_names_its_culprits() -> None:
    answer = [
        "task 24 (kworker/u2:1) R",
        "[<0>] offline_pages+0x5c1/0x8e0",
        "[<0>] memory_subsys_offline+0x97/0x150",
        "",
        "task 30 (idle) R",
        "memory31/state:online",
        "memory32/state:going-offline",
    ]
    assert culprits_in(answer) == [
        "task 24 (kworker/u2:1) R: offline_pages < memory_subsys_offline",
        "memory32 reads going-offline",
    ]
    assert blocks_between_states(answer) == [32]


def test_a_block_names_the_pages_that_are_in_use() -> None:
    slab, buddy, lru = "pages 3 flags 0x80", "pages 120 flags 0x400", "pages 1 flags 0x24"
    assert used_pages(32, ["pages 32644 flags 0x0", slab, buddy, lru]) == (
        "memory32 has 3 pages (slab), 1 page (referenced lru)"
    )
    assert used_pages(32, ["pages 32768 flags 0x0", buddy]) == ""
