"""What a verification has to say beside its comparisons: checks, rules, tolerances, noise.

Each function gives typed rows; a report makes words of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from parity.channels import Channel
from parity.checks import CheckKind, CheckOutcome
from parity.comparison.outcome import ChannelOutcome
from parity.noise import NoiseFloor
from parity.policy import RuleStanding
from parity.reporting.words import count, share, size_words, value_words, verdict_words, visible
from parity.verdicts import Verdict
from parity.verification import Verification

__all__ = [
    "CheckCounts",
    "Excused",
    "check_counts",
    "check_counts_words",
    "excused",
    "excused_words",
    "noise_words",
    "rule_words",
]

_PLURALS: Final[Mapping[CheckKind, str]] = {
    CheckKind.INVARIANT: "invariants",
    CheckKind.RELATION: "relations",
}


class CheckCounts(msgspec.Struct, frozen=True):
    """How the checks of one kind came out.

    Attributes:
        kind: Invariants or relations.
        names: How many different ones were tried.
        held: How often one held.
        broken: How often one was broken.
        silent: How often there was nothing to hold it against.
        compared: Things that were looked at, of all kinds.
    """

    kind: CheckKind
    names: int
    held: int
    broken: int
    silent: int
    compared: int


class Excused(msgspec.Struct, frozen=True):
    """A channel that is not equal, and that a rule of the policy let pass.

    Attributes:
        config: The configuration as it was named.
        candidate: Name of the candidate.
        channel: The channel.
        outcome: What came of it.
    """

    config: str
    candidate: str
    channel: Channel
    outcome: ChannelOutcome


def check_counts(checks: tuple[CheckOutcome, ...]) -> Iterator[CheckCounts]:
    """Count what came of checks, by kind; a kind of which none was tried is left out."""
    for kind in CheckKind:
        tried = [check for check in checks if check.kind is kind]
        if tried:
            counts = Counter(
                "broken"
                if check.verdict.is_difference
                else "silent"
                if check.verdict is Verdict.NOT_COMPARABLE
                else "held"
                for check in tried
            )
            yield CheckCounts(
                kind=kind,
                names=len({check.name for check in tried}),
                held=counts["held"],
                broken=counts["broken"],
                silent=counts["silent"],
                compared=sum(check.compared for check in tried),
            )


def check_counts_words(counts: CheckCounts) -> str:
    """Put the counts of one kind of check into a line."""
    parts = [f"{counts.held:,} held"]
    if counts.broken:
        parts.append(f"{counts.broken:,} broken")
    if counts.silent:
        parts.append(f"{counts.silent:,} had nothing to be held against")
    what = f"{_PLURALS[counts.kind]} ({counts.names:,} of them)"
    return f"{what}: {', '.join(parts)}; {count(counts.compared, 'thing')} looked at"


def excused(verification: Verification) -> Iterator[Excused]:
    """Give every channel that is within tolerance or ignored."""
    for pair in verification.pairs:
        for channel, outcome in pair.channels.items():
            if outcome.verdict in (Verdict.WITHIN_TOLERANCE, Verdict.IGNORED):
                yield Excused(pair.config, pair.candidate_name, channel, outcome)


def excused_words(row: Excused) -> str:
    """Put an excused channel into a line."""
    outcome = row.outcome
    parts = [verdict_words(outcome.verdict)]
    if outcome.tolerance_used is not None:
        parts.append(f"{share(outcome.tolerance_used)} of it used")
    size = size_words(outcome.max_abs, outcome.max_ulp)
    parts += [size] if size else []
    parts += [visible(outcome.reason)] if outcome.reason else []
    place = f"{visible(row.config)}: {visible(row.candidate)}, {row.channel}"
    return f"{place}: {'; '.join(parts)}"


def rule_words(rule: RuleStanding) -> str:
    """Put how a rule stands into a line."""
    parts = [f"excused {count(rule.fired, 'difference')}"]
    if rule.used is not None:
        parts.append(f"{share(rule.used)} of its tolerance used")
    if rule.owner is not None:
        parts.append(f"owner {visible(rule.owner)}")
    if rule.expires is not None:
        parts.append(f"until {visible(rule.expires)}")
    if rule.problem is not None:
        parts = [visible(rule.problem), *parts[1:]]
    told = f"{visible(rule.place)}: {visible(rule.rule)} ({visible(rule.reason)})"
    return f"{told}: {', '.join(parts)}"


def noise_words(noise: NoiseFloor) -> str:
    """Put a noise floor into a line."""
    name = f"{visible(noise.config)}: {visible(noise.subject)}, {count(noise.runs, 'run')}"
    if noise.verdict is Verdict.EQUAL:
        return f"{name}: the same bits every time"
    channels = ", ".join(
        f"{channel} {verdict_words(verdict)}" for channel, verdict in noise.channels.items()
    )
    size = size_words(noise.max_abs, noise.max_ulp)
    text = f"{name}: differs from itself ({channels or verdict_words(noise.verdict)})"
    text += f", {size}" if size else ""
    if noise.first is not None:
        sides = f"{value_words(noise.first.control)}, then {value_words(noise.first.candidate)}"
        text += f"; first at {visible(noise.first.path)}: {sides}"
    return text
