"""Replay recordings of real kernels through the models, and find the first disagreements.

`zonediff.compare.comparable` defines what is compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from zonediff.compare.comparable import discrepancies, same_result
from zonediff.compare.recorded_chance import give_inputs, hangs_by_chance
from zonediff.corpus.recording import Recording, read
from zonediff.engine.guest import Guest
from zonediff.engine.policy import Policy
from zonediff.engine.run import Runner
from zonediff.result.certificates import SHIPPED, read_certificates
from zonediff.result.replays import Disagreement, FileReplay, Replay
from zonediff.result.result import Evidence
from zonediff.variants.failure import failures_of


def replay(recording: Recording, policy: Policy) -> Replay:
    """Run the recording's machine and steps through a policy until model and kernel disagree.

    Raises VariantFailed.
    """
    with failures_of(policy):
        return _replay(recording, Runner(Guest(recording.machine, policy)))


def _replay(recording: Recording, runner: Runner) -> Replay:
    end = runner.boot()
    reasons, _ = runner.accounts()
    total = len(recording.steps)
    differences = tuple(discrepancies(recording.boot, runner.observation))
    if differences or end != "ran":
        gone = Disagreement(recording.id, -1, "boot", "booted", end, differences, reasons)
        return Replay(recording.id, total, 0, gone)
    inputs: list[str] = []
    for number, step in enumerate(recording.steps):
        inputs += give_inputs(runner, step, number)
        if hangs_by_chance(runner, step):
            inputs.append(f"step {number}: the offlining does not return")
            return Replay(recording.id, total, total, None, tuple(inputs))
        act = runner.act(step.do)
        differences = ()
        if runner.end == "ran":
            differences = tuple(discrepancies(step.observation, runner.observation))
        if differences or not same_result(step.result, act.result, step.do):
            parting = Disagreement(
                recording.id,
                number,
                str(step.do),
                step.result or "ok",
                act.result or "ok",
                differences,
                act.reasons,
            )
            return Replay(recording.id, total, number, parting, tuple(inputs))
    return Replay(recording.id, total, total, None, tuple(inputs))


def validate(
    files: Sequence[Path],
    policy_of: Callable[[str], Policy],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[FileReplay]:
    """Replay files of recordings, each through the variant that it names.

    policy_of gives the policy of a variant by name. progress: called with the number of files done,
    and of all. Raises RecordingError for a file that holds no recordings, and what policy_of raises
    for an unknown variant.
    """
    replays_of_files: list[FileReplay] = []
    for number, file in enumerate(files, 1):
        groups: dict[tuple[str, str], list[Replay]] = {}
        for recording in read(file):
            policy = policy_of(recording.variant)
            replayed = replay(recording, policy)
            groups.setdefault((recording.kernel, recording.variant), []).append(replayed)
        replays_of_files += [
            FileReplay(file.name, kernel, variant, policy_of(variant).name, tuple(replays))
            for (kernel, variant), replays in groups.items()
        ]
        progress(number, len(files))
    return replays_of_files


def evidence(policy: Policy, files: Iterable[Path]) -> list[Evidence]:
    """The evidence for a variant from the recordings in these files, as reports show it."""
    speaking = {policy.name, *policy.recorded_as}
    files_of_model = [file for file in files if next(read(file)).variant in speaking]
    return [
        Evidence(
            kernel=item.kernel,
            recording=item.file.removesuffix(".jsonl"),
            traces=item.traces,
            steps=item.steps,
            agreeing_traces=item.agreeing_traces,
            agreeing_steps=item.agreeing_steps,
        )
        for item in validate(files_of_model, lambda _: policy)
    ] + _certified(policy)


def _certified(policy: Policy) -> list[Evidence]:
    """The evidence for a variant from the certificates that come with zonediff."""
    certificates = [item for item in read_certificates(SHIPPED) if item.variant == policy.name]
    if not certificates:
        return []
    # Imported here, as it loads NumPy.
    from zonediff.compare.certified import evidence_of

    return evidence_of(policy, certificates)
