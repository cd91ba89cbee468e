"""Putting faults in, one after the other, and seeing what sees them.

1. Every distinct scenario is verified with unchanged code, which must end as it says.
2. Per fault a changed tree is made (`parity.faults.tree`), and a process of its own verifies the
   fault's scenario with it (`parity.faults.worker`).
3. `_judge` holds what was seen against what was expected.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import msgspec

from parity.faults.fault import Fault, Outcome, Scenario, Standing
from parity.faults.jobs import Job, Task
from parity.faults.processes import Processes
from parity.faults.tree import OURS, InvalidChange, SourceTree, environment

__all__ = ["LIMIT_S", "run_faults"]

_MARKS: Final = "marks"
LIMIT_S: Final = 60.0
"""Seconds after which a verification is cut off; the slowest takes a twentieth of it."""


class Seen(msgspec.Struct, frozen=True):
    """An observation as the process left it; see `parity.faults.observing.Observation`."""

    seen_by: tuple[str, ...]
    baseline: Mapping[str, str] = {}


class _Ended(msgspec.Struct, frozen=True):
    """How a process ended that left no observation."""

    why: str
    begun: bool


def run_faults(
    faults: Sequence[Fault],
    *,
    jobs: int = 2,
    limit_s: float = LIMIT_S,
    on_done: Callable[[Outcome], None] = lambda outcome: None,
) -> tuple[Outcome, ...]:
    """Put every fault in and see what sees it.

    Args:
        faults: What is put in.
        jobs: How many at once.
        limit_s: Seconds that one verification may take.
        on_done: Called in this thread with each outcome, in the order of ``faults``.

    Returns:
        Outcomes in the order of ``faults``.
    """
    with tempfile.TemporaryDirectory(prefix="parity-faults-") as scratch:
        packages = (*OURS, *(edit.file.split("/")[0] for f in faults for edit in f.edits))
        tree = SourceTree(Path(scratch), (_module(p) for p in packages), jobs=jobs)
        processes = Processes()
        with ThreadPoolExecutor(jobs) as pool:
            try:
                unchanged = _unchanged(processes, tree, faults, pool, jobs, limit_s)
                futures = [
                    pool.submit(_run, processes, tree, number, fault, unchanged, limit_s)
                    for number, fault in enumerate(faults)
                ]
                outcomes = []
                for future in futures:
                    outcomes.append(future.result())
                    on_done(outcomes[-1])
            except BaseException:
                processes.end()
                pool.shutdown(cancel_futures=True)
                raise
    return tuple(outcomes)


def _module(part: str) -> str:
    return part.removesuffix(".py")


def _key(scenario: Scenario) -> bytes:
    return msgspec.json.encode(scenario)


def _unchanged(
    processes: Processes,
    tree: SourceTree,
    faults: Iterable[Fault],
    pool: ThreadPoolExecutor,
    jobs: int,
    limit_s: float,
) -> dict[bytes, Seen | _Ended]:
    """Verify every distinct scenario with unchanged code."""
    scenarios = list({_key(fault.scenario): fault.scenario for fault in faults}.values())
    # A few per process: starting one takes longer than most scenarios.
    size = max(1, min(8, -(-len(scenarios) // jobs)))
    batches = [scenarios[at : at + size] for at in range(0, len(scenarios), size)]
    found: dict[bytes, Seen | _Ended] = {}
    work = [
        pool.submit(
            _verify,
            processes,
            tree.base,
            tree.base.parent / f"unchanged-{n}",
            batch,
            limit_s * size,
        )
        for n, batch in enumerate(batches)
    ]
    for batch, each in zip(batches, work, strict=True):
        found.update(zip(map(_key, batch), each.result(), strict=True))
    return found


def _run(
    processes: Processes,
    tree: SourceTree,
    number: int,
    fault: Fault,
    unchanged: Mapping[bytes, Seen | _Ended],
    limit_s: float,
) -> Outcome:
    began = time.perf_counter()
    reference = unchanged[_key(fault.scenario)]
    sound = _soundness(fault.scenario, reference)
    if sound is not None:
        return Outcome(fault, "invalid", note=sound)
    assert isinstance(reference, Seen)
    name = f"fault-{number}"
    try:
        change = tree.apply(fault.edits)
        source = tree.change(name, change)
    except InvalidChange as problem:
        return Outcome(fault, "invalid", note=str(problem))
    marks = [source.parent / _MARKS / str(number) for number in range(len(change.marks))]
    watched = {
        str(source / file): str(mark)
        for (file, _), mark in zip(change.marks, marks, strict=True)
        if not file.endswith(".py")
    }
    approved = reference.baseline if fault.scenario.baseline else None
    (seen,) = _verify(
        processes,
        source,
        source.parent,
        [fault.scenario],
        limit_s,
        watched=watched,
        approved=approved,
    )
    reached = [mark.exists() for mark in marks]
    tree.remove(name)
    outcome = _judge(fault, seen, reached)
    return msgspec.structs.replace(outcome, seconds=time.perf_counter() - began)


def _soundness(scenario: Scenario, seen: Seen | _Ended) -> str | None:
    """Say why unchanged code makes a scenario worthless; null when it does not."""
    if isinstance(seen, _Ended):
        return f"unchanged code comes to no verdict: {seen.why}"
    if seen.seen_by:
        return f"unchanged code does not end in {scenario.ending}: {', '.join(seen.seen_by)}"
    return None


def _judge(fault: Fault, seen: Seen | _Ended, reached: Sequence[bool]) -> Outcome:
    if isinstance(seen, _Ended) and not seen.begun:
        return Outcome(fault, "invalid", note=f"the changed source cannot be run: {seen.why}")
    if not all(reached):
        missed = fault.edits[list(reached).index(False)]
        what = "was not opened" if not missed.file.endswith(".py") else "was not reached"
        return Outcome(fault, "invalid", note=f"the change in {missed.file} {what}")
    if isinstance(seen, _Ended):
        return Outcome(fault, "escaped", note=f"no verdict: {seen.why}")
    standing: Standing = "escaped"
    if seen.seen_by:
        standing = "caught" if fault.expected in map(_named, seen.seen_by) else "elsewhere"
    first = seen.seen_by[0] if seen.seen_by else None
    return Outcome(fault, standing, first, seen.seen_by)


def _named(seen: str) -> str:
    """Leave out of a crash what crashed."""
    return "crash" if seen.startswith("crash:") else seen


def _verify(
    processes: Processes,
    source: Path,
    folder: Path,
    scenarios: Sequence[Scenario],
    limit_s: float,
    *,
    watched: Mapping[str, str] = {},
    approved: Mapping[str, str] | None = None,
) -> list[Seen | _Ended]:
    """Verify scenarios in a process that has the packages of ``source``."""
    (folder / _MARKS).mkdir(parents=True, exist_ok=True)
    begun, job_file = folder / "begun", folder / "job.json"
    tasks = tuple(
        Task(scenario, str(folder / f"run-{n}"), str(folder / f"seen-{n}.json"), approved)
        for n, scenario in enumerate(scenarios)
    )
    job_file.write_bytes(msgspec.json.encode(Job(str(begun), tasks, watched)))
    command = (sys.executable, "-m", "parity.faults.worker", str(job_file))
    ended = processes.call(
        command,
        folder=folder,
        environment=environment(source, folder / _MARKS),
        output=folder / "output",
        limit_s=limit_s,
    )
    why = f"cut off after {limit_s:g} s" if ended.code is None else ended.told
    found: list[Seen | _Ended] = []
    for task in tasks:
        result = Path(task.result)
        if result.exists():
            found.append(msgspec.json.decode(result.read_bytes(), type=Seen))
        else:
            found.append(_Ended(why, begun.exists()))
    return found
