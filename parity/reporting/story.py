"""What a verification came to, told once for all reports.

1. `conclusion` gives the verdict in two words, with what was compared.
2. `findings` gives what keeps it from being a pass, worst first: one for each comparison that is no
   parity, each broken check, each subject that differs from itself, each rule of the policy with a
   problem. There are none if and only if the exit code is 0.
3. `headline` and `told` put a finding into words: one line, and the lines below it.

Findings keep what they are about as it is, typed; words are made where a report is written.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final, TypeAlias

import msgspec

from parity.checks import CheckKind, CheckOutcome
from parity.comparison.outcome import Difference
from parity.comparison.values import ulp_distance
from parity.divergence import Divergence
from parity.noise import NoiseFloor
from parity.policy import RuleStanding
from parity.reporting.words import (
    count,
    event_words,
    message_lines,
    size_words,
    value_words,
    verdict_words,
    visible,
)
from parity.verdicts import Verdict
from parity.verification import Coverage, Pair, Totals, Verification

__all__ = [
    "Conclusion",
    "Finding",
    "FindingKind",
    "Source",
    "check_told",
    "conclusion",
    "counts_words",
    "coverage_told",
    "findings",
    "further",
    "headline",
    "pair_words",
    "told",
]

Source: TypeAlias = Pair | CheckOutcome | NoiseFloor | RuleStanding


class FindingKind(StrEnum):
    """What a finding is about."""

    DIFFERENCE = "difference"
    REFUSED = "refused"
    FAILED = "failed"
    EMPTY = "empty"
    CHECK = "check"
    NOISE = "noise"
    RULE = "rule"

    @property
    def is_error(self) -> bool:
        """Whether nothing could be compared, rather than something being found different."""
        return self in (FindingKind.REFUSED, FindingKind.FAILED)


class Finding(msgspec.Struct, frozen=True):
    """Something that keeps a verification from being a pass.

    Attributes:
        kind: What it is.
        config: The configuration as it was named; null for a rule, which is of all.
        subject: Whose run it is about; null for a rule.
        source: What it was found in.
        is_noise: Whether all that differs here differs as well when one of the two runs again.
    """

    kind: FindingKind
    config: str | None
    subject: str | None
    source: Source
    is_noise: bool = False


class Conclusion(msgspec.Struct, frozen=True):
    """The verdict as people say it.

    Attributes:
        words: For example ``NO PARITY``.
        rest: What belongs behind it, for example ``by all alike``; often empty.
        passed: Whether it is parity.
        totals: What was compared.
        comparisons: In how many comparisons.
    """

    words: str
    rest: str
    passed: bool
    totals: Totals
    comparisons: int

    def __str__(self) -> str:
        return f"{self.words}{self.rest}"


_ENDINGS: Final[Mapping[int, tuple[str, str]]] = {
    0: ("PARITY", ""),
    1: ("NO PARITY", ""),
    2: ("REFUSED", " by all alike"),
    3: ("FAILED", " in all alike"),
    4: ("NOTHING COMPARED", ""),
}

_NOISE: Final = (
    "all that differs here differs as well, and as far, when one of the two runs again: begin there"
)

_KINDS: Final[Mapping[str, FindingKind]] = {
    "differs": FindingKind.DIFFERENCE,
    "refused": FindingKind.REFUSED,
    "failed": FindingKind.FAILED,
    "empty": FindingKind.EMPTY,
}


def conclusion(verification: Verification) -> Conclusion:
    """Say what a verification came to."""
    words, rest = _ENDINGS[verification.exit_code]
    return Conclusion(
        words=words,
        rest=rest,
        passed=verification.exit_code == 0,
        totals=verification.totals,
        comparisons=len(verification.pairs),
    )


def counts_words(told: Conclusion) -> str:
    """Say how much was compared."""
    totals = told.totals
    return (
        f"{count(totals.events, 'event')}, {count(totals.trades, 'trade')} and "
        f"{count(totals.figures, 'figure')} compared in {count(told.comparisons, 'comparison')}"
    )


def findings(verification: Verification) -> tuple[Finding, ...]:
    """Give everything that keeps a verification from being a pass, differences first.

    What all refuse or fail alike, for the same reason, is found once for each configuration.
    """
    found = list(_findings(verification))
    order = list(FindingKind)
    return tuple(sorted(found, key=lambda finding: order.index(finding.kind)))


def _findings(verification: Verification) -> Iterator[Finding]:
    alike: set[tuple[str, str | None]] = set()
    for pair in verification.pairs:
        if pair.ending == "parity":
            continue
        kind = _KINDS[pair.ending]
        if kind.is_error:
            if (pair.config, pair.control.explanation) in alike:
                continue
            alike.add((pair.config, pair.control.explanation))
        is_noise = kind is FindingKind.DIFFERENCE and verification.is_noise(pair)
        yield Finding(kind, pair.config, pair.candidate_name, pair, is_noise)
    for check in verification.checks:
        if check.verdict.is_difference:
            yield Finding(FindingKind.CHECK, check.config, check.subject, check)
    for noise in verification.noise:
        if noise.verdict.is_difference:
            yield Finding(FindingKind.NOISE, noise.config, noise.subject, noise)
    for rule in verification.rules:
        if rule.problem is not None:
            yield Finding(FindingKind.RULE, None, None, rule)


def pair_words(pair: Pair) -> str:
    """Give what a comparison came to, as a table shows it."""
    if pair.ending in ("refused", "failed"):
        return f"{pair.ending} alike"
    if pair.ending == "empty":
        return "nothing compared"
    return verdict_words(pair.verdict)


def headline(finding: Finding) -> str:
    """Put a finding into one line, without the name of its configuration."""
    source = finding.source
    if isinstance(source, CheckOutcome):
        verb = "breaks the" if source.kind is CheckKind.INVARIANT else "does not keep the"
        return f"{visible(source.subject)} {verb} {source.kind} {visible(source.name)}"
    if isinstance(source, NoiseFloor):
        return f"{visible(source.subject)} differs from itself, {count(source.runs, 'run')}"
    if isinstance(source, RuleStanding):
        return f"rule of the policy: {visible(source.problem or '')}: {visible(source.rule)}"
    control, candidate = visible(source.control.subject), visible(source.candidate_name)
    if finding.kind is FindingKind.EMPTY:
        return f"{candidate} against {control}: no event, trade or figure was compared"
    if finding.kind.is_error:
        return f"{finding.kind} by {control} and {candidate} alike"
    if source.divergence is not None:
        return f"{candidate} parts from {control} first in {source.divergence.channel}"
    if source.candidate is not None and source.candidate.status != source.control.status:
        return f"{candidate} {source.candidate.status}, {control} {source.control.status}"
    return f"{candidate} against {control}: a channel that counts was filled by neither"


def told(finding: Finding) -> tuple[str, ...]:
    """Tell a finding, a line for each thing there is to say."""
    source = finding.source
    if isinstance(source, CheckOutcome):
        return tuple(check_told(source))
    if isinstance(source, NoiseFloor):
        return tuple(_noise(source))
    if isinstance(source, RuleStanding):
        return tuple(_rule(source))
    if finding.kind.is_error:
        return tuple(message_lines(source.control.explanation or "it did not say why"))
    if source.divergence is not None:
        noise = (_NOISE,) if finding.is_noise else ()
        return (*_divergence(source.divergence, source), *noise)
    if finding.kind is FindingKind.EMPTY:
        return tuple(_empty(source))
    return tuple(_unfilled(source))


def check_told(check: CheckOutcome) -> Iterator[str]:
    """Tell a check that is broken: the rule, the place, what was due and what was found."""
    if check.reason is not None:
        yield from message_lines(f"rule: {check.reason}")
    if check.first is not None:
        yield visible(check.first.path)
        yield from _two_sides(check.first, "due", "found")


def _two_sides(first: Difference, left: str, right: str) -> Iterator[str]:
    width = max(len(left), len(right)) + 1
    yield f"{left + ':':<{width}} {value_words(first.control)}"
    yield f"{right + ':':<{width}} {value_words(first.candidate)}"


def _noise(noise: NoiseFloor) -> Iterator[str]:
    for channel, verdict in noise.channels.items():
        yield f"{channel}: {verdict_words(verdict)}"
    size = size_words(noise.max_abs, noise.max_ulp)
    if size:
        yield f"numbers differ {size}"
    if noise.first is not None:
        yield f"first at {visible(noise.first.path)}"
        yield from _two_sides(noise.first, "first run", "later run")


def _rule(rule: RuleStanding) -> Iterator[str]:
    yield f"at {visible(rule.place)}"
    yield from message_lines(f"reason given: {rule.reason}")
    if rule.owner is not None:
        yield f"owner: {visible(rule.owner)}"
    if rule.expires is not None:
        yield f"holds until {visible(rule.expires)}"


def _empty(pair: Pair) -> Iterator[str]:
    looked_at = [channel.value for channel, outcome in pair.channels.items() if outcome.compared]
    yield f"channels that were compared: {', '.join(looked_at) or 'none'}"
    yield from _said(pair)


def _unfilled(pair: Pair) -> Iterator[str]:
    for channel, outcome in pair.channels.items():
        if outcome.required and outcome.verdict is Verdict.NOT_COMPARABLE:
            yield f"{channel}: {visible(outcome.reason or 'nothing was compared')}"
    yield from _said(pair)


def _divergence(divergence: Divergence, pair: Pair) -> Iterator[str]:
    yield visible(divergence.path)
    if divergence.phase is not None:
        inside = "" if divergence.iteration is None else f", iteration {divergence.iteration}"
        yield f"phase: {visible(divergence.phase)}{inside}"
    if divergence.container is not None:
        yield visible(f"container: {divergence.container}")
    if divergence.settings:
        settings = (f"{one.path} = {value_words(one.control)}" for one in divergence.settings)
        yield f"settings in play: {', '.join(settings)}"
    both = isinstance(divergence.control, Mapping) and isinstance(divergence.candidate, Mapping)
    if divergence.fields and both:
        yield from (_field(divergence, name) for name in divergence.fields)
    else:
        yield f"control:   {value_words(divergence.control)}"
        yield f"candidate: {value_words(divergence.candidate)}"
    yield from _chains(divergence)
    if divergence.also:
        yield f"differing too: {', '.join(channel.value for channel in divergence.also)}"
    yield from _said(pair)


def _field(divergence: Divergence, name: str) -> str:
    left, right = divergence.control.get(name), divergence.candidate.get(name)
    text = f"{value_words(left)} in the control, {value_words(right)} in the candidate"
    if isinstance(left, float) and isinstance(right, float):
        distance = ulp_distance(left, right)
        text += "" if distance is None else f" ({distance:,} ulp)"
    return f"{visible(name)}: {text}"


def _chains(divergence: Divergence) -> Iterator[str]:
    """Tell what led to the two events; once, when it is the same on both sides."""
    control, candidate = divergence.control_chain, divergence.candidate_chain
    if control[1:] and control[1:] == candidate[1:]:
        yield "caused on both sides by:"
        yield from (f"  <- {event_words(event)}" for event in control[1:])
        return
    for side, chain in (("control", control), ("candidate", candidate)):
        if chain:
            yield f"{side}'s chain:"
            for depth, event in enumerate(chain):
                yield f"  {'<- ' if depth else '   '}{event_words(event)}"


def _said(pair: Pair) -> Iterator[str]:
    for record in (pair.control, pair.candidate):
        if record is not None and record.explanation is not None:
            yield from message_lines(f"{record.subject} said: {record.explanation}")


def further(told: Conclusion, record: str | None) -> list[str]:
    """Say where the record is, and how to look into it; nothing without one."""
    if record is None:
        return []
    lines = [f"record: {visible(record)}"]
    return (
        lines if told.passed else [*lines, f"more: parity explain {visible(shlex.quote(record))}"]
    )


def coverage_told(coverage: Coverage) -> list[str]:
    """Say how many units the oracle was held against, and why it was not against the others."""
    if not (coverage.held or coverage.beyond):
        return []
    left = sum(coverage.beyond.values())
    lines = [f"oracle: held against {coverage.held:,} of {coverage.held + left:,} units"]
    lines += [f"  {n:,} beyond it: {visible(reason)}" for reason, n in coverage.beyond.items()]
    return lines
