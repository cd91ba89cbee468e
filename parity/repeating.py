"""Running a subject several times, to see how far it is from itself."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

from parity.channels import Channel
from parity.comparison.outcome import ChannelOutcome, Difference
from parity.noise import NoiseFloor
from parity.record import Record
from parity.subjects import Subject, record_of
from parity.verdicts import Verdict, worst

__all__ = ["FEWEST_RUNS", "Compare", "repeated"]

FEWEST_RUNS: Final = 2
"""One run differs from nothing."""

Compare: TypeAlias = Callable[[Record, Record], Mapping[Channel, ChannelOutcome]]


def repeated(
    subject: Subject,
    name: str,
    config: Mapping[str, Any] | Path,
    root: Path,
    runs: int,
    compare: Compare,
    on_run: Callable[[int], None] = lambda run: None,
) -> tuple[Record, NoiseFloor]:
    """Run a subject several times; give its first record, and how far the others are from it.

    Of the later runs one is held at a time, and what it stored is removed.

    Args:
        subject: What is run.
        name: Of the configuration.
        config: The configuration.
        root: The subject's own folder; later runs have one beside it.
        runs: How often, at least `FEWEST_RUNS`.
        compare: Compares two records, and takes whatever a foreign subject put into them.
        on_run: Called with 2, 3, … before each later run.
    """
    first = record_of(subject, config, root)
    floor = _Floor()
    for run in range(FEWEST_RUNS, runs + 1):
        on_run(run)
        beside = root.with_name(f"{root.name}-again")
        again = record_of(subject, config, beside / str(run))
        floor.take(first, again, compare(first, again))
        shutil.rmtree(beside, ignore_errors=True)  # what is left there takes room, no more
    return first, NoiseFloor(
        config=name,
        subject=subject.name,
        runs=runs,
        verdict=floor.verdict,
        channels=floor.channels,
        max_abs=floor.max_abs,
        max_ulp=floor.max_ulp,
        first=floor.first,
    )


class _Floor:
    """What differed so far."""

    def __init__(self) -> None:
        self.channels: Final[dict[Channel, Verdict]] = {}
        self.verdict = Verdict.NOT_COMPARABLE
        self.max_abs: float | None = None
        self.max_ulp: int | None = None
        self.first: Difference | None = None

    def take(
        self, first: Record, again: Record, outcomes: Mapping[Channel, ChannelOutcome]
    ) -> None:
        seen = [v for v in (self.verdict,) if v is not Verdict.NOT_COMPARABLE]
        if first.status != again.status:  # which counts whatever it declares
            seen.append(Verdict.DIFFERENT)
            self._note(Difference("status", first.status, again.status))
        for channel, outcome in outcomes.items():
            if outcome.verdict is Verdict.NOT_COMPARABLE:
                continue
            seen.append(outcome.verdict)
            if outcome.verdict is Verdict.EQUAL:
                continue
            self.channels[channel] = worst(
                (outcome.verdict, self.channels.get(channel, Verdict.EQUAL))
            )
            self.max_abs = _larger(self.max_abs, outcome.max_abs)
            self.max_ulp = _larger(self.max_ulp, outcome.max_ulp)
            if outcome.first is not None:
                self._note(outcome.first)
        self.verdict = worst(seen)

    def _note(self, difference: Difference) -> None:
        if self.first is None:
            self.first = difference


def _larger(left: Any, right: Any) -> Any:
    return right if left is None else left if right is None else max(left, right)
