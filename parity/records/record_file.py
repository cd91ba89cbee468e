"""One record as a folder: ``record.json``, and its traces below ``trace``.

What was plain comes back as it was, tuples as lists. Traces come back opened when they are first
looked at; of those that were not kept the summary remains.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from containers.errors import StorageError
from containers.files import write_aside
from containers.results import EquityCurve, TraceSummary, Trade
from containers.trace import Trace
from parity.channels import Channel, Content
from parity.errors import UsageError
from parity.record import Record, Status, TraceSettings
from parity.records.sealed import read_sealed, sealed_json

__all__ = ["RECORD_FILE", "TRACES_KEPT", "StoredRecord", "load_record", "save_record"]

TRACES_KEPT = 100
"""How many traces of a record are saved, those of the first units; of the others the summary is,
with the digest. The units of first divergences are always among them."""

RECORD_FILE: Final = "record.json"

_SCHEMA: Final = "paritykit/record/1"
_AGAIN: Final = "verify again for a new record"


class StoredRecord(msgspec.Struct, frozen=True):
    """A record that was read back.

    Attributes:
        record: It; its channel ``trace`` has the traces that were kept.
        summaries: What is known of every unit's trace, kept or not.
        path: Its folder.
    """

    record: Record
    summaries: Mapping[str, TraceSummary]
    path: Path


class _Told(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    path: tuple[str, ...]
    value: str


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    subject: str
    workflow: str | None
    status: Status
    explanation: str | None
    duration_s: float
    declared: frozenset[Channel]
    told: tuple[_Told, ...]
    trace_settings: dict[str, TraceSettings]
    covers: frozenset[str] | None
    executor: str
    resumed: bool
    beyond: str | None
    figures: frozenset[str] | None
    channels: dict[Channel, dict[str, Any]]


def save_record(record: Record, folder: Path, also: Collection[str] = ()) -> None:
    """Save a record.

    Args:
        record: What was seen of a run.
        folder: Where to; made where it does not exist.
        also: Units whose traces are kept beside those of the first ones.

    Raises:
        StorageError: Something could not be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{folder} could not be created: {error.strerror}") from error
    channels: dict[str, Any] = {}
    for channel, content in record.channels.items():
        if channel is Channel.TRACE:
            kept = {*list(content)[:TRACES_KEPT], *also}
            channels[channel.value] = {
                place: _kept_trace(trace, folder, i if place in kept else None)
                for i, (place, trace) in enumerate(content.items())
            }
        else:
            channels[channel.value] = content
    document = {
        "schema": _SCHEMA,
        "subject": record.subject,
        "workflow": record.workflow,
        "status": record.status,
        "explanation": record.explanation,
        "duration_s": record.duration_s,
        "declared": sorted(record.declared),
        "told": [{"path": path, "value": value} for path, value in record.told.items()],
        "trace_settings": record.trace_settings,
        "covers": None if record.covers is None else sorted(record.covers),
        "executor": record.executor,
        "resumed": record.resumed,
        "beyond": record.beyond,
        "figures": None if record.figures is None else sorted(record.figures),
        "channels": channels,
    }
    plain = msgspec.to_builtins(document, enc_hook=_encode)
    write_aside(folder / RECORD_FILE, sealed_json(plain))


def _kept_trace(trace: Trace, folder: Path, number: int | None) -> TraceSummary:
    """Save a trace, or where it has no number leave it at its summary."""
    if number is None:
        return msgspec.structs.replace(trace.summary(None), path=None)
    return trace.save(folder / "trace" / str(number)).summary(folder)


def _encode(value: object) -> object:
    if isinstance(value, EquityCurve):
        return {"time_ns": value.time_ns.tolist(), "equity": value.equity.tolist()}
    tolist = getattr(value, "tolist", None)
    # A foreign subject can record anything; what has no plain form is kept as it shows itself.
    return repr(value) if tolist is None else tolist()


def load_record(folder: Path) -> StoredRecord:
    """Read a record back.

    Raises:
        UsageError: It is damaged, edited, foreign or of another version, or a trace that it names
            is not there.
    """
    file = folder / RECORD_FILE
    document = read_sealed(file, _Document, _SCHEMA, again=_AGAIN)
    channels: dict[Channel, Content] = dict(document.channels)
    try:
        summaries = msgspec.convert(channels.pop(Channel.TRACE, {}), dict[str, TraceSummary])
        if Channel.TRADES in channels:
            channels[Channel.TRADES] = {
                place: _rows(rows) for place, rows in channels[Channel.TRADES].items()
            }
        if Channel.EQUITY in channels:
            channels[Channel.EQUITY] = {
                place: _curve(curve) for place, curve in channels[Channel.EQUITY].items()
            }
    except (msgspec.ValidationError, ValueError, TypeError, KeyError) as error:
        raise UsageError(f"{file} does not hold what it should: {error}; {_AGAIN}") from error
    if Channel.TRACE in document.channels:
        channels[Channel.TRACE] = {
            place: _trace(folder, summary)
            for place, summary in summaries.items()
            if summary.path is not None
        }
    record = Record(
        subject=document.subject,
        workflow=document.workflow,
        status=document.status,
        declared=document.declared,
        # In the order in which they were saved.
        channels={channel: channels[channel] for channel in document.channels},
        duration_s=document.duration_s,
        explanation=document.explanation,
        told={told.path: told.value for told in document.told},
        trace_settings=document.trace_settings,
        covers=document.covers,
        executor=document.executor,
        resumed=document.resumed,
        beyond=document.beyond,
        figures=document.figures,
    )
    return StoredRecord(record, summaries, folder)


def _trace(folder: Path, summary: TraceSummary) -> Trace:
    assert summary.path is not None  # asked for those alone that have one
    path = folder / summary.path
    if not path.resolve().is_relative_to(folder.resolve()):
        raise UsageError(f"{folder} names a trace outside it, {summary.path}; {_AGAIN}")
    try:
        trace = Trace.open(path)
    except StorageError as error:
        raise UsageError(f"a trace of {folder} cannot be read: {error}; {_AGAIN}") from error
    if trace.digest != summary.digest:
        raise UsageError(f"{path} is another trace than the one {RECORD_FILE} names; {_AGAIN}")
    return trace


def _rows(rows: Sequence[Mapping[str, Any]]) -> Sequence[msgspec.Struct]:
    """Give rows as trades where they are, bit by bit, else as structs with the fields they have."""
    try:
        trades = msgspec.convert(rows, list[Trade])
    except msgspec.ValidationError:
        trades = []
    alike = len(trades) == len(rows) and all(
        [*map(type, msgspec.structs.astuple(trade))] == [*map(type, row.values())]
        for trade, row in zip(trades, rows, strict=True)
    )
    return trades if alike else [msgspec.defstruct("Row", list(row))(**row) for row in rows]


def _curve(curve: Any) -> EquityCurve:
    return EquityCurve(np.array(curve["time_ns"], np.int64), np.array(curve["equity"], np.float64))
