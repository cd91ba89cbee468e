"""A verification as a JSON document, schema ``paritykit/verify/1``."""

from __future__ import annotations

from typing import Any

import msgspec

from parity.comparison.outcome import ChannelOutcome
from parity.divergence import Divergence
from parity.verification import Pair, Verification

__all__ = ["SCHEMA", "verification_document"]

SCHEMA = "paritykit/verify/1"


def verification_document(verification: Verification, record: str | None) -> dict[str, Any]:
    """Give the document.

    Args:
        verification: What came of it.
        record: Where the record of this verification is kept; null when it is not.
    """
    return {
        "schema": SCHEMA,
        "verdict": verification.verdict.value,
        "exit_code": verification.exit_code,
        "subjects": {
            "control": verification.control, "candidates": list(verification.candidates),
        },
        "totals": msgspec.to_builtins(verification.totals),
        "oracle": msgspec.to_builtins(verification.coverage),
        "workflows": [_pair(pair, record) for pair in verification.pairs],
    }  # fmt: skip


def _pair(pair: Pair, record: str | None) -> dict[str, Any]:
    return {
        "config": pair.config,
        "workflow": pair.control.workflow,
        "control": pair.control.subject,
        "candidate": pair.candidate_name,
        "verdict": pair.verdict.value,
        "status": {
            "control": pair.control.status,
            "candidate": None if pair.candidate is None else pair.candidate.status,
        },
        "totals": msgspec.to_builtins(pair.totals),
        "channels": {channel.value: _channel(o) for channel, o in pair.channels.items()},
        "first_divergence": None if pair.divergence is None else _divergence(pair.divergence),
        "oracle": msgspec.to_builtins(pair.coverage),
        "note": pair.note,
        "explanation": {
            "control": pair.control.explanation,
            "candidate": None if pair.candidate is None else pair.candidate.explanation,
        },
        "record": record,
    }


def _channel(outcome: ChannelOutcome) -> dict[str, Any]:
    return {
        "verdict": outcome.verdict.value,
        "required": outcome.required,
        "compared": outcome.compared,
        "different": outcome.different,
        "missing": outcome.missing,
        "extra": outcome.extra,
        "max_abs": _finite(outcome.max_abs),
        "max_ulp": outcome.max_ulp,
        "tolerance_used": outcome.tolerance_used,
        "reason": outcome.reason,
    }


def _divergence(divergence: Divergence) -> dict[str, Any]:
    document: dict[str, Any] = _plain(msgspec.to_builtins(divergence))
    return document


def _finite(value: float | None) -> float | str | None:
    """JSON has no infinity and no NaN; as text they can't be mistaken for null."""
    return value if value is None or value - value == 0 else repr(value)


def _plain(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _plain(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [_plain(value) for value in tree]
    return _finite(tree) if isinstance(tree, float) else tree
