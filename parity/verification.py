"""The main job: run workflows through subjects, compare, and say what came of it.

1. `verify` runs the control and each candidate on every configuration.
2. Each candidate is compared with the control (`compare_records`), and so is the oracle, on every
   unit of a run of the control's that it can express.
3. Every run is held against all invariants, and where that is asked for each engine of ours against
   all relations (`parity.checking`).
4. `Verification.exit_code` says it in one number (see README.md).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

import msgspec

from parity.channels import ORACLE, Channel
from parity.checking import Configured, Thorough, held_alone
from parity.checks import CheckOutcome
from parity.comparison.outcome import ChannelOutcome
from parity.comparison.records import compare_records, overall
from parity.divergence import Divergence, first_divergence
from parity.noise import NoiseFloor
from parity.policy import RuleStanding
from parity.record import Record, record_of_crash
from parity.subjects import OracleSubject, Subject, record_of
from parity.verdicts import Verdict, worst

__all__ = ["Configured", "Coverage", "Pair", "Totals", "Verification", "verify"]

_ENDINGS: Final[Mapping[str, int]] = {
    "parity": 0,
    "differs": 1,
    "refused": 2,
    "failed": 3,
    "empty": 4,
}


class Totals(msgspec.Struct, frozen=True):
    """How much was compared."""

    events: int = 0
    trades: int = 0
    figures: int = 0

    def __add__(self, other: Totals) -> Totals:
        return Totals(
            self.events + other.events, self.trades + other.trades, self.figures + other.figures
        )

    def __bool__(self) -> bool:
        return bool(self.events or self.trades or self.figures)


class Coverage(msgspec.Struct, frozen=True):
    """How many units the oracle was held against.

    Attributes:
        held: Units it worked out.
        beyond: Units it could not express, counted by the reason.
    """

    held: int = 0
    beyond: Mapping[str, int] = {}

    def __add__(self, other: Coverage) -> Coverage:
        return Coverage(self.held + other.held, dict(Counter(self.beyond) + Counter(other.beyond)))


class Pair(msgspec.Struct, frozen=True):
    """One configuration, run by the control and one candidate.

    Attributes:
        config: The configuration as it was named.
        control: The control's record.
        candidate: The candidate's record; null when it could not express the workflow.
        candidate_name: How reports call the candidate.
        verdict: The worst of the channels that count.
        channels: Verdict and counts of every channel, cause first; empty without a candidate.
        divergence: Where the two part first; null when they don't.
        note: Why nothing was compared; null when something was.
        optional: The oracle's silence is no failure.
        coverage: Of the oracle, the units it was held against; null for others.
    """

    config: str
    control: Record
    candidate: Record | None
    candidate_name: str
    verdict: Verdict
    channels: Mapping[Channel, ChannelOutcome]
    divergence: Divergence | None
    note: str | None = None
    optional: bool = False
    coverage: Coverage | None = None

    @property
    def totals(self) -> Totals:
        """What was compared: events of traces, trades, figures of portfolios."""
        counts = {channel: outcome.compared for channel, outcome in self.channels.items()}
        return Totals(
            events=counts.get(Channel.TRACE, 0),
            trades=counts.get(Channel.TRADES, 0),
            figures=counts.get(Channel.METRICS, 0),
        )

    @property
    def ending(self) -> Literal["parity", "differs", "refused", "failed", "empty"]:
        """What the pair comes to, by which the exit code goes."""
        if self.optional and self.candidate is None:
            return "parity"
        if self.candidate is None or self.candidate.status != self.control.status:
            return "differs"
        if self.verdict.is_difference:
            return "differs"
        if self.control.status == "refused":
            return "refused"
        if self.control.status == "failed":
            return "failed"
        if not self.totals:
            return "empty"
        # A channel that counts and that neither side filled: the gate is not met.
        return "differs" if self.verdict is Verdict.NOT_COMPARABLE else "parity"


class Verification(msgspec.Struct, frozen=True):
    """What came of verifying some configurations.

    Attributes:
        control: Name of the reference.
        candidates: Names of what was held against it.
        pairs: One for each configuration and candidate, the oracle included.
        checks: What came of invariants and relations, by configuration and subject.
        rules: How each rule of the policy stands.
        noise: How far each subject is from itself, where that was measured.
    """

    control: str
    candidates: tuple[str, ...]
    pairs: tuple[Pair, ...]
    checks: tuple[CheckOutcome, ...] = ()
    rules: tuple[RuleStanding, ...] = ()
    noise: tuple[NoiseFloor, ...] = ()

    @property
    def ran(self) -> bool:
        """Whether any subject got as far as running."""
        records = [r for p in self.pairs for r in (p.control, p.candidate) if r is not None]
        return any(record.status != "refused" for record in records)

    @property
    def totals(self) -> Totals:
        """What was compared in all pairs."""
        total = Totals()
        for pair in self.pairs:
            total += pair.totals
        return total

    @property
    def coverage(self) -> Coverage:
        """How many units the oracle was held against in all."""
        coverage = Coverage()
        for pair in self.pairs:
            coverage += pair.coverage or Coverage()
        return coverage

    @property
    def broken(self) -> list[CheckOutcome]:
        """The checks that do not hold."""
        return [check for check in self.checks if check.verdict.is_difference]

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of all pairs, the oracle's silences left out."""
        return worst(p.verdict for p in self.pairs if not (p.optional and p.candidate is None))

    @property
    def exit_code(self) -> int:
        """0 parity; 1 anything differs; 2 all refuse alike; 3 fail alike; 4 nothing compared.

        Over several configurations a difference outweighs everything, a broken check included; then
        come failure, refusal, and nothing compared.
        """
        if self.broken:
            return _ENDINGS["differs"]
        endings = {pair.ending for pair in self.pairs}
        for ending in ("differs", "failed", "refused", "empty"):
            if ending in endings:
                return _ENDINGS[ending]
        return 0 if self.pairs else _ENDINGS["empty"]


def verify(
    configs: Sequence[tuple[str, Configured]],
    control: Subject,
    candidates: Sequence[Subject],
    root: Path,
    *,
    oracle: bool = True,
    thorough: Thorough | None = None,
    on_step: Callable[[str, str], None] = lambda config, subject: None,
) -> Verification:
    """Run every configuration through all subjects and compare.

    Args:
        configs: Name and content (a file's path or a mapping) of each.
        control: The reference.
        candidates: What is held against it.
        root: Each run gets a folder of its own below; made when something is stored.
        oracle: Hold the oracle against the control as well.
        thorough: Holds engines against relations; null: nobody does.
        on_step: Called with (configuration, subject) before each run.
    """
    pairs: list[Pair] = []
    checks: list[CheckOutcome] = []
    for number, (name, config) in enumerate(configs):
        folder = root / str(number)
        on_step(name, control.name)
        reference = record_of(control, config, folder / "control")
        records = [reference]
        for index, candidate in enumerate(candidates):
            on_step(name, candidate.name)
            record = record_of(candidate, config, folder / f"candidate-{index}")
            records.append(record)
            pairs.append(_compare(name, reference, record))
        for record in records:
            checks += held_alone(record, name, config)
        if thorough is not None:
            by_name = {record.subject: record for record in records}
            checks += thorough.hold(name, config, by_name, folder / "relations", on_step)
        if oracle and reference.status == "succeeded":
            on_step(name, OracleSubject.name)
            pairs.append(_ask_oracle(name, reference, config, folder))
    return Verification(
        control=control.name,
        candidates=tuple(candidate.name for candidate in candidates),
        pairs=tuple(pairs),
        checks=tuple(checks),
    )


def _compare(name: str, control: Record, candidate: Record) -> Pair:
    try:
        outcomes = compare_records(control, candidate)
    except Exception as error:  # noqa: BLE001  # what a foreign subject recorded can be anything
        candidate = record_of_crash(candidate.subject, error, candidate.duration_s)
        outcomes = compare_records(control, candidate)
    return Pair(
        config=name,
        control=control,
        candidate=candidate,
        candidate_name=candidate.subject,
        verdict=overall(outcomes),
        channels=outcomes,
        divergence=first_divergence(control, candidate, outcomes),
    )


def _ask_oracle(name: str, control: Record, config: Configured, root: Path) -> Pair:
    if not any(control.channels.get(channel) for channel in ORACLE):
        return _silent(
            name, control, "the control filled nothing that the oracle fills", Coverage()
        )
    oracle = OracleSubject({}, control)
    record = record_of(oracle, config, root)
    held = len(record.channels.get(Channel.TRACE, ()))
    coverage = Coverage(held, dict(oracle.beyond))
    if record.status == "refused":
        return _silent(name, control, str(record.explanation), coverage)
    return msgspec.structs.replace(
        _compare(name, control, record), optional=True, coverage=coverage
    )


def _silent(name: str, control: Record, note: str, coverage: Coverage) -> Pair:
    return Pair(
        config=name,
        control=control,
        candidate=None,
        candidate_name=OracleSubject.name,
        verdict=Verdict.NOT_COMPARABLE,
        channels={},
        divergence=None,
        note=note,
        optional=True,
        coverage=coverage,
    )
