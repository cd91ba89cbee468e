"""What came of verifying: pairs, checks, rules, noise floors, and one number for all of it.

`parity.verifying` makes it; reports and exit codes read it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

import msgspec

from parity.channels import Channel
from parity.checks import CheckOutcome
from parity.comparison.outcome import ChannelOutcome
from parity.divergence import Divergence
from parity.noise import NoiseFloor, is_within
from parity.policy import RuleStanding
from parity.record import Record
from parity.verdicts import Verdict, worst

__all__ = ["Coverage", "Ending", "Pair", "Totals", "Verification"]

Ending: TypeAlias = Literal["parity", "differs", "refused", "failed", "empty"]

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

    @classmethod
    def of(cls, channels: Mapping[Channel, ChannelOutcome]) -> Totals:
        """Take them from what came of comparing channels."""
        counts = {channel: outcome.compared for channel, outcome in channels.items()}
        return cls(
            events=counts.get(Channel.TRACE, 0),
            trades=counts.get(Channel.TRADES, 0),
            figures=counts.get(Channel.METRICS, 0),
        )

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
        return Totals.of(self.channels)

    @property
    def ending(self) -> Ending:
        """What the pair comes to, by which the exit code goes.

        Of a candidate that cannot express the workflow nothing was compared; the oracle, which
        nobody asked for, is then left out.
        """
        if self.optional and self.candidate is None:
            return "parity"
        if self.candidate is None:  # it cannot express the workflow
            return "empty" if self.control.status == "succeeded" else self.control.status
        if self.candidate.status != self.control.status:
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
    def verdict(self) -> Verdict:
        """The worst verdict of all pairs, the oracle's silences left out.

        A run that is wrong by itself is different from what it must be.
        """
        of_pairs = [p.verdict for p in self.pairs if not (p.optional and p.candidate is None)]
        return worst([*of_pairs, Verdict.DIFFERENT] if self.holds_back else of_pairs)

    @property
    def broken(self) -> list[CheckOutcome]:
        """The checks that do not hold."""
        return [check for check in self.checks if check.verdict.is_difference]

    @property
    def holds_back(self) -> bool:
        """Whether a run is wrong by itself: it breaks a check, or differs from its repetition."""
        return bool(self.broken) or any(floor.verdict.is_difference for floor in self.noise)

    def is_noise(self, pair: Pair) -> bool:
        """Whether all in which a pair differs differs as well between runs of one of the two."""
        both = (pair.control.subject, pair.candidate_name)
        floors = (f for f in self.noise if f.config == pair.config and f.subject in both)
        return is_within(pair.channels, floors)

    @property
    def exit_code(self) -> int:
        """0 parity; 1 anything differs; 2 all refuse alike; 3 fail alike; 4 nothing compared.

        Over several configurations a difference outweighs everything, and so does a run that is
        wrong by itself; then come failure, refusal, and nothing compared. A rule of the policy with
        a problem makes 1 of what would be 0.
        """
        endings: set[str] = {pair.ending for pair in self.pairs}
        if self.holds_back:
            endings.add("differs")
        for ending in ("differs", "failed", "refused", "empty"):
            if ending in endings:
                return _ENDINGS[ending]
        if not self.pairs:
            return _ENDINGS["empty"]
        gated = any(rule.problem is not None for rule in self.rules)
        return _ENDINGS["differs" if gated else "parity"]
