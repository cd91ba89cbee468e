"""A verification as a JSON document, schema ``paritykit/verify/1``.

The classes here are the document: `verification_document` fills them, and the published schema is
made of them, so that the two cannot drift.
"""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias

import msgspec

from parity.channels import Channel
from parity.checks import CheckKind, CheckOutcome
from parity.comparison.outcome import Difference
from parity.divergence import Divergence
from parity.noise import NoiseFloor
from parity.policy import RuleStanding
from parity.record import Status
from parity.reporting.plain import plain_document
from parity.verdicts import Verdict
from parity.verification import Coverage, Pair, Totals, Verification

__all__ = ["SCHEMA", "VerifyDocument", "verification_document"]

SCHEMA: Final = "paritykit/verify/1"

Number: TypeAlias = float | str | None
"""A size; null: nothing has one. JSON has no infinity and no NaN: those are text."""


class Subjects(msgspec.Struct, frozen=True):
    """Who was compared: the reference, and what was held against it."""

    control: str
    candidates: tuple[str, ...]


class ChannelPart(msgspec.Struct, frozen=True):
    """The verdict on one channel, and the counts behind it.

    ``required`` says whether it counts; ``reason`` why it was not comparable, or which rules of
    the policy excused what differs, and ``rules`` where these stand; ``tolerated`` and ``ignored``
    count what they excused.
    """

    verdict: Verdict
    required: bool
    compared: int
    different: int
    missing: int
    extra: int
    tolerated: int
    ignored: int
    max_abs: Number
    max_ulp: int | None
    tolerance_used: Number
    reason: str | None
    rules: tuple[str, ...]


class StatusPart(msgspec.Struct, frozen=True):
    """How both runs ended; null for a candidate that could not express the workflow."""

    control: Status
    candidate: Status | None


class ExplanationPart(msgspec.Struct, frozen=True):
    """What refusals and failures said, for people."""

    control: str | None
    candidate: str | None


class WorkflowPart(msgspec.Struct, frozen=True):
    """One configuration, run by the control and one candidate.

    ``oracle`` is null but for the oracle; ``first_divergence`` is null where they don't part;
    ``note`` says why nothing was compared.
    """

    config: str
    workflow: str | None
    control: str
    candidate: str
    verdict: Verdict
    status: StatusPart
    totals: Totals
    channels: dict[Channel, ChannelPart]
    first_divergence: Divergence | None
    oracle: Coverage | None
    note: str | None
    explanation: ExplanationPart
    record: str | None


class DifferencePart(msgspec.Struct, frozen=True):
    """The first thing that is not as it was due; null on a side that has nothing there."""

    path: str
    control: Any
    candidate: Any
    fields: tuple[str, ...]


class CheckPart(msgspec.Struct, frozen=True):
    """What came of an invariant or a relation, for one subject and configuration."""

    name: str
    kind: CheckKind
    config: str
    subject: str
    verdict: Verdict
    compared: int
    first: DifferencePart | None
    reason: str | None


class NoisePart(msgspec.Struct, frozen=True):
    """How far a subject is from itself on one configuration; channels that were equal are left out.

    Sizes are null when no numbers differ.
    """

    config: str
    subject: str
    runs: int
    verdict: Verdict
    channels: dict[Channel, Verdict]
    max_abs: Number
    max_ulp: int | None
    first: DifferencePart | None


class VerifyDocument(msgspec.Struct, frozen=True):
    """What came of verifying some configurations.

    ``workflows`` has one entry for each configuration and candidate, the oracle included.
    """

    schema: Literal["paritykit/verify/1"]
    verdict: Verdict
    exit_code: int
    subjects: Subjects
    totals: Totals
    oracle: Coverage
    workflows: tuple[WorkflowPart, ...]
    checks: tuple[CheckPart, ...]
    rules: tuple[RuleStanding, ...]
    noise: tuple[NoisePart, ...]


def verification_document(verification: Verification, record: str | None) -> dict[str, Any]:
    """Give the document, plain.

    Args:
        verification: What came of it.
        record: Where the record of this verification is kept; null when it is not.
    """
    document = VerifyDocument(
        schema=SCHEMA,
        verdict=verification.verdict,
        exit_code=verification.exit_code,
        subjects=Subjects(verification.control, verification.candidates),
        totals=verification.totals,
        oracle=verification.coverage,
        workflows=tuple(_pair(pair, record) for pair in verification.pairs),
        checks=tuple(map(_check, verification.checks)),
        rules=verification.rules,
        noise=tuple(map(_noise, verification.noise)),
    )
    return plain_document(document)


def _pair(pair: Pair, record: str | None) -> WorkflowPart:
    candidate = pair.candidate
    return WorkflowPart(
        config=pair.config,
        workflow=pair.control.workflow,
        control=pair.control.subject,
        candidate=pair.candidate_name,
        verdict=pair.verdict,
        status=StatusPart(pair.control.status, None if candidate is None else candidate.status),
        totals=pair.totals,
        channels={
            channel: _taken(ChannelPart, outcome) for channel, outcome in pair.channels.items()
        },
        first_divergence=pair.divergence,
        oracle=pair.coverage,
        note=pair.note,
        explanation=ExplanationPart(
            pair.control.explanation, None if candidate is None else candidate.explanation
        ),
        record=record,
    )


def _check(check: CheckOutcome) -> CheckPart:
    part: CheckPart = _taken(CheckPart, check, first=_difference(check.first))
    return part


def _noise(noise: NoiseFloor) -> NoisePart:
    part: NoisePart = _taken(NoisePart, noise, first=_difference(noise.first))
    return part


def _difference(difference: Difference | None) -> DifferencePart | None:
    if difference is None:
        return None
    part: DifferencePart = _taken(DifferencePart, difference)
    return part


def _taken(part: type[msgspec.Struct], source: msgspec.Struct, **other: Any) -> Any:
    """Fill a part with the fields of the same name, and with what is given here instead."""
    names = part.__struct_fields__
    return part(**{name: other[name] if name in other else getattr(source, name) for name in names})
