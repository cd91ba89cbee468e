"""Comparing two records, channel by channel, cause first.

1. `common_ground` takes away what the two sides do not have in common by what they are and were
   told; `_compare` has the rest cleaned, and says which channels count: those both subjects
   declare, if they belong to every run or either side filled them.
2. `_MEANS` compares the content by the means of its kind; traces first reduced to what both kept.
   Where bits differ the policy is asked, and nowhere else.
3. `_outcome` turns the counts into a verdict. A channel in which everything is ignored was not
   compared, whatever its bits.
4. The overall verdict is the worst of the channels that count.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from parity.channels import CAUSE_FIRST, REQUIRED, Channel
from parity.comparison.curves import compare_curves, looks_at_curves
from parity.comparison.ground import common_ground
from parity.comparison.outcome import ChannelOutcome, Tally
from parity.comparison.rows import compare_rows, looks_at_rows
from parity.comparison.traces import compare_traces, looks_at_traces
from parity.comparison.trees import compare_trees, looks_at_trees
from parity.policy.judging import NOBODY, AppliedPolicy, Judge
from parity.record import Record
from parity.verdicts import Verdict, worst

__all__ = ["compare_records", "overall"]


def compare_records(
    control: Record, candidate: Record, policy: AppliedPolicy | None = None
) -> dict[Channel, ChannelOutcome]:
    """Compare everything that both subjects declare; the result is in order of cause.

    Args:
        control: The reference.
        candidate: What is held against it.
        policy: Says which differences are excused, and keeps account of what its rules did once
            everything is compared; null: none are.

    Raises:
        UsageError: A comparator or cleaner of the policy failed; nothing was added to its account.
    """
    judges: dict[Channel, Judge] = {}
    outcomes = {}
    for channel in CAUSE_FIRST:
        judges[channel] = _judge(channel, control, candidate, policy)
        outcomes[channel] = _compare(channel, control, candidate, judges[channel], policy)
    if policy is not None:
        policy.take(judges.values())
    return outcomes


def overall(outcomes: Mapping[Channel, ChannelOutcome]) -> Verdict:
    """Give the worst verdict of the channels that count."""
    return worst(outcome.verdict for outcome in outcomes.values() if outcome.required)


def _judge(
    channel: Channel, control: Record, candidate: Record, policy: AppliedPolicy | None
) -> Judge:
    # That one run failed and the other did not is beyond all rules.
    told_apart = control.status != candidate.status
    if policy is None or (told_apart and channel in (Channel.STATUS, Channel.ERRORS)):
        return NOBODY
    return policy.judge(channel)


def _compare(
    channel: Channel,
    control: Record,
    candidate: Record,
    judge: Judge,
    policy: AppliedPolicy | None,
) -> ChannelOutcome:
    ground = common_ground(channel, control, candidate)
    if isinstance(ground, str):
        return _not_comparable(ground)
    left, right = ground
    if policy is not None:
        left, right = (policy.cleaned(channel, side) for side in (left, right))
    if not left and not right:
        return _not_comparable("neither side filled it", required=channel in REQUIRED)
    compare, looks_at = _MEANS.get(channel, (compare_trees, looks_at_trees))
    tally = compare(left, right, judge)
    passes = tally.compared and not tally.verdict.is_difference
    if passes and judge.may_ignore and not looks_at(left, right, judge):
        tally.compared = 0
        tally.ignored += not tally.ignored
    # What both filled with nothing (no trade on either side) agrees.
    verdict = tally.verdict
    if verdict is Verdict.NOT_COMPARABLE and left.keys() == right.keys():
        verdict = Verdict.EQUAL
    return _outcome(verdict, tally)


_MEANS: Final[Mapping[Channel, tuple[Callable[..., Tally], Callable[..., bool]]]] = {
    Channel.TRACE: (compare_traces, looks_at_traces),
    Channel.TRADES: (compare_rows, looks_at_rows),
    Channel.EQUITY: (compare_curves, looks_at_curves),
}
"""What compares a channel, and what says whether rules leave anything of it to be compared; all
others hold trees."""


def _outcome(verdict: Verdict, tally: Tally) -> ChannelOutcome:
    excused = [f"{count:,} by {at} ({why})" for (at, why), count in tally.rules.items()]
    nothing = verdict is Verdict.IGNORED and not tally.compared
    words = ["everything in it is ignored"] if nothing else []
    words += [f"excused: {', '.join(excused)}"] if excused else []
    return ChannelOutcome(
        verdict=verdict,
        required=True,
        compared=tally.compared,
        different=tally.different,
        missing=tally.missing,
        extra=tally.extra,
        max_abs=tally.max_abs,
        max_ulp=tally.max_ulp,
        tolerance_used=tally.used,
        first=tally.first,
        reason="; ".join(words) or None,
        tolerated=tally.tolerated,
        ignored=tally.ignored,
        rules=tuple(at for at, _ in tally.rules),
    )


def _not_comparable(reason: str, *, required: bool = False) -> ChannelOutcome:
    return ChannelOutcome(verdict=Verdict.NOT_COMPARABLE, required=required, reason=reason)
