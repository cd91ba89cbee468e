"""The process that verifies configurations one after the other, up to the first difference.

``python -m parity.sensitivity.checks PLAN.json NAME…`` runs the named checks of a plan in one
process, which saves starting one for each. It leaves with 0 when all end as they should, else with
1 as soon as one does not, and its last line says which and where. A check that takes far longer
than it should ends the process by an alarm. With ``--apart`` before the names each runs in a fork.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Final, TypeAlias

import msgspec

from containers.errors import ConfigurationError
from parity.damage.check import Damage
from parity.faults.fault import Scenario
from parity.faults.marking import VARIABLE
from parity.fuzzing.evaluation import Asked
from parity.generation.specs import Example
from parity.own import ENGINES, Own
from parity.sensitivity.killing import Apart
from parity.sensitivity.telling import Telling

__all__ = [
    "APART",
    "Alignments",
    "Check",
    "Damage",
    "Drawn",
    "Examples",
    "Fixture",
    "Observed",
    "Plan",
    "Planned",
    "Tellings",
    "main",
]

APART: Final = "--apart"
_LIMIT_S: Final = 60
"""Seconds that a check may take: more than ten times what the slowest takes."""


class Fixture(msgspec.Struct, frozen=True, tag=True):
    """A configuration that is verified.

    Attributes:
        config: Its file.
        patterns: Folder of a user's own patterns; null: none.
        components: Folder of a user's own components; null: none.
        candidates: What is held against the imperative engine.
        exit_code: How the verification ends: 0, or 3 where all fail alike.
    """

    config: str
    patterns: str | None = None
    components: str | None = None
    candidates: tuple[str, ...] = ("declarative",)
    exit_code: int = 0

    def seen(self, folder: Path) -> str | None:
        """Verify it; say who sees a difference, null when nobody does."""
        from parity.faults.observing import seen_by
        from parity.subjects import parse_subject, subject_for
        from parity.verifying import verify

        own = Own(self.patterns, self.components)
        control, *candidates = [
            subject_for(parse_subject(text), own) for text in ("imperative", *self.candidates)
        ]
        verification = verify(
            [(self.config, Path(self.config))], control, candidates, folder / "runs"
        )
        if verification.exit_code == self.exit_code:
            return None
        return ", ".join(seen_by(verification)) or f"exit code {verification.exit_code}"


class Planned(msgspec.Struct, frozen=True, tag=True):
    """A configuration of which both engines say, running nothing, what they would run.

    The attributes are those of `Fixture`.
    """

    config: str
    patterns: str | None = None
    components: str | None = None

    def seen(self, folder: Path) -> str | None:
        """Ask both; say which phase they plan otherwise, null when they agree."""
        own = Own(self.patterns, self.components)
        plans = []
        for engine in ENGINES:
            try:
                plan = own.engine(engine, root=folder).plan_workflow(Path(self.config))
            except ConfigurationError:  # what is said then is another check's
                plans.append({"refused": ""})
            else:
                whole = {"workflow": plan.workflow, "digest": plan.digest}
                plans.append(whole | {f"phase {phase.name}": repr(phase) for phase in plan.phases})
        left, right = plans
        if list(left.items()) == list(right.items()):
            return None
        names = [name for name in {**left, **right} if left.get(name) != right.get(name)]
        return f"the engines plan otherwise: {names[0] if names else 'the order of phases'}"


class Observed(msgspec.Struct, frozen=True, tag=True):
    """A scenario of the catalogue, with all that belongs to it."""

    scenario: Scenario

    def seen(self, folder: Path) -> str | None:
        """Verify it; say who sees something, null when nobody does."""
        from parity.faults.observing import observe

        return ", ".join(observe(self.scenario, folder).seen_by) or None


class Drawn(msgspec.Struct, frozen=True):
    """An example that a search drew and found nothing in, and the relation that was held."""

    example: Example
    asked: Asked | None


class Examples(msgspec.Struct, frozen=True, tag=True):
    """Some of these."""

    drawn: tuple[Drawn, ...]

    def seen(self, folder: Path) -> str | None:
        """Run them again; say what does not hold now, null when everything does."""
        from parity.fuzzing.replaying import finding_in

        for number, each in enumerate(self.drawn):
            finding = finding_in(each.example, each.asked, folder / str(number))
            if finding is not None:
                return f"{finding.kind}:{finding.name}"
        return None


class Alignments(msgspec.Struct, frozen=True, tag=True):
    """Traces of a scenario, changed on purpose: is that seen, and nothing else?"""

    scenario: Scenario
    rounds: int

    def seen(self, folder: Path) -> str | None:
        """Change and align them; say what is found wrong, null when nothing is."""
        from parity.channels import Channel
        from parity.faults.observing import write_scenario
        from parity.sensitivity.alignments import long_traces, short_traces
        from parity.subjects import parse_subject, subject_for

        config = write_scenario(self.scenario, folder)
        subject = subject_for(parse_subject(self.scenario.control), Own())
        record = subject.run(config, folder / "runs")
        events = list(next(iter(record.channels[Channel.TRACE].values())))
        if self.rounds:
            return short_traces(events, self.rounds)
        return long_traces(events, folder / "traces")


class Tellings(msgspec.Struct, frozen=True, tag=True):
    """Some configurations, and what engines must say of them: one takes no time, hundreds do."""

    each: tuple[Telling, ...]

    def seen(self, folder: Path) -> str | None:
        """Ask the engines; say what the first says that says something else."""
        for number, telling in enumerate(self.each):
            seen = telling.seen(folder / str(number))
            if seen is not None:
                return seen
        return None


Check: TypeAlias = Fixture | Planned | Tellings | Observed | Examples | Alignments | Damage
Plan: TypeAlias = dict[str, Check]


def main(plan_file: str, *names: str) -> int:
    """Run checks of a plan; answer 1 at the first that ends otherwise than it should."""
    apart = names[:1] == (APART,)
    names = names[apart:]
    plan = msgspec.json.decode(Path(plan_file).read_bytes(), type=Plan)
    if apart:
        _run_apart([(name, plan[name]) for name in names])
        return 0
    return next((1 for name in names if _is_seen(name, plan[name])), 0)


def _is_seen(name: str, check: Check) -> bool:
    """Run a check, and print what it sees."""
    home = Path.cwd()
    # What hangs is ended by the signal, whatever it does with exceptions.
    signal.alarm(_LIMIT_S)
    try:
        with tempfile.TemporaryDirectory(prefix="parity-check-") as folder:
            seen = check.seen(Path(folder))
            os.chdir(home)  # a scenario has its own
    finally:
        signal.alarm(0)
    if seen is not None:
        print(f"{name}: {seen}")  # noqa: T201  # what the caller reads
    return seen is not None


def _run_apart(checks: Sequence[tuple[str, Check]]) -> None:
    """Run each check in a fork of this process, with marks of its own, as `Apart` says."""
    import declarative  # noqa: F401  # what all need is imported once
    import imperative  # noqa: F401
    import parity.faults.observing
    import parity.fuzzing.replaying
    import parity.verifying  # noqa: F401

    marks = Path(os.environ[VARIABLE])
    for number, (name, check) in enumerate(checks):
        own = marks / f"of-{number}"
        own.mkdir()
        began = time.perf_counter()
        child = os.fork()
        if child == 0:
            os.environ[VARIABLE] = str(own)
            os._exit(_said(name, check, own / "said"))
        _, status = os.waitpid(child, 0)
        lines = (own / "said").read_text(encoding="utf-8").splitlines()
        came = Apart(
            os.waitstatus_to_exitcode(status),
            lines[-1] if lines else "",
            time.perf_counter() - began,
        )
        (marks / f"{number}.json").write_bytes(msgspec.json.encode(came))


def _said(name: str, check: Check, file: Path) -> int:
    """Run a check; what it prints, or raises, goes to a file. Answer what to leave with."""
    with file.open("w", encoding="utf-8") as said, redirect_stdout(said):
        try:
            return int(_is_seen(name, check))
        except BaseException:  # noqa: BLE001  # a process that ends so leaves with 1
            traceback.print_exc(file=said)
            return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
