"""What came of `parity approve` and `parity check`, as JSON documents.

The classes here are the documents, ``paritykit/approve/1`` and ``paritykit/check/1``.
"""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias

import msgspec

from parity.baselines import Approval, Approved, Check, Checked, Standing
from parity.baselines.locating import Changed, Range, StandIn
from parity.channels import Channel
from parity.comparison.outcome import ChannelOutcome
from parity.divergence import Divergence
from parity.policy import RuleStanding
from parity.reporting.plain import plain_document
from parity.verdicts import Verdict
from parity.verification import Totals

__all__ = ["ApproveDocument", "CheckDocument", "approve_document", "check_document"]

FIGURES_SHOWN: Final = 100
"""Changed figures of a configuration that a document lists."""

Number: TypeAlias = float | str | None


class ChannelPart(msgspec.Struct, frozen=True):
    """The verdict on one channel; of trades, equity and trace ``different`` counts places."""

    verdict: Verdict
    required: bool
    compared: int
    different: int
    missing: int
    extra: int
    max_abs: Number
    max_ulp: int | None
    tolerance_used: Number
    reason: str | None


class FiguresPart(msgspec.Struct, frozen=True):
    """Figures that are not what was approved: how many, and the first of them."""

    changed: int
    first: tuple[Changed, ...]


class CheckedPart(msgspec.Struct, frozen=True):
    """One configuration, held against what was approved of it.

    ``ending`` is ``same``, ``differs``, ``unapproved`` (there is no baseline) or ``empty`` (nothing
    was compared). ``now`` shows what lies where the baseline has a digest. ``status`` and
    ``explanation`` are null without a baseline.
    """

    config: str
    baseline: str
    workflow: str | None
    ending: Literal["same", "differs", "unapproved", "empty"]
    verdict: Verdict
    status: dict[str, str] | None
    totals: Totals
    channels: dict[Channel, ChannelPart]
    first_divergence: Divergence | None
    now: str | None
    figures: FiguresPart
    trace: Range | None
    stand_in: StandIn | None
    explanation: dict[str, str | None] | None
    record: str | None


class CheckDocument(msgspec.Struct, frozen=True):
    """What came of holding one engine against approved results.

    ``unused`` are files of baselines that no configuration used.
    """

    schema: Literal["paritykit/check/1"]
    verdict: Verdict
    exit_code: int
    subject: str
    baselines: str
    totals: Totals
    workflows: tuple[CheckedPart, ...]
    unused: tuple[str, ...]
    rules: tuple[RuleStanding, ...]


class ApprovedPart(msgspec.Struct, frozen=True):
    """One configuration, and what came of approving it.

    ``channels`` and ``figures`` are against what was approved before; ``first_divergence`` is where
    subjects part, which is why a result was refused.
    """

    config: str
    baseline: str
    standing: Standing
    status: str | None
    reason: str | None
    channels: dict[Channel, ChannelPart]
    figures: FiguresPart
    first_divergence: Divergence | None


class ApproveDocument(msgspec.Struct, frozen=True):
    """What came of approving results; without ``written`` nothing was written."""

    schema: Literal["paritykit/approve/1"]
    exit_code: int
    subjects: tuple[str, ...]
    baselines: str
    written: bool
    workflows: tuple[ApprovedPart, ...]
    removed: tuple[str, ...]


def check_document(check: Check, record: str | None) -> dict[str, Any]:
    """Give the document of a check, plain.

    Args:
        check: What came of it.
        record: Where the record of it is kept; null when it is not.
    """
    return plain_document(
        CheckDocument(
            schema="paritykit/check/1",
            verdict=check.verdict,
            exit_code=check.exit_code,
            subject=check.subject,
            baselines=str(check.folder),
            totals=check.totals,
            workflows=tuple(_checked(one, record) for one in check.checked),
            unused=tuple(map(str, check.unused)),
            rules=check.rules,
        )
    )


def approve_document(approval: Approval) -> dict[str, Any]:
    """Give the document of an approval, plain."""
    return plain_document(
        ApproveDocument(
            schema="paritykit/approve/1",
            exit_code=approval.exit_code,
            subjects=approval.subjects,
            baselines=str(approval.folder),
            written=approval.written,
            workflows=tuple(map(_approved, approval.approved)),
            removed=tuple(map(str, approval.removed)),
        )
    )


def _checked(one: Checked, record: str | None) -> CheckedPart:
    held = one.held
    return CheckedPart(
        config=str(one.config),
        baseline=str(one.baseline),
        workflow=None if held is None else held.record.workflow,
        ending=one.ending,
        verdict=one.verdict,
        status=None
        if held is None
        else {"approved": held.approved.status, "now": held.record.status},
        totals=one.totals,
        channels=_channels(one.channels),
        first_divergence=one.divergence,
        now=one.now,
        figures=_figures(one.figures),
        trace=one.range,
        stand_in=one.stand_in,
        explanation=None
        if held is None
        else {"approved": held.approved.explanation, "now": held.record.explanation},
        record=None if held is None else record,
    )


def _approved(one: Approved) -> ApprovedPart:
    return ApprovedPart(
        config=str(one.config),
        baseline=str(one.baseline),
        standing=one.standing,
        status=one.status,
        reason=one.reason,
        channels=_channels(one.channels),
        figures=_figures(one.figures),
        first_divergence=one.divergence,
    )


def _channels(channels: Any) -> dict[Channel, ChannelPart]:
    return {channel: _channel(outcome) for channel, outcome in channels.items()}


def _channel(outcome: ChannelOutcome) -> ChannelPart:
    names = ChannelPart.__struct_fields__
    return ChannelPart(**{name: getattr(outcome, name) for name in names})


def _figures(changed: tuple[Changed, ...]) -> FiguresPart:
    return FiguresPart(len(changed), changed[:FIGURES_SHOWN])
