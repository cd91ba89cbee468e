"""Records kept on disk, so that a verdict can be looked into later.

    {folder}/{number}/verify.json
    {folder}/{number}/{configuration}/control-{subject}/record.json, trace/{n}/…
    {folder}/{number}/{configuration}/{pair}-{subject}/…

Numbers are given by exclusive creation, so any number of processes can write to one folder.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import msgspec

from containers.errors import StorageError
from containers.files import write_aside
from containers.results import EquityCurve, TraceSummary
from containers.trace import Trace
from parity.channels import Channel
from parity.errors import UsageError
from parity.places import unit_of
from parity.record import Record
from parity.verification import Verification

__all__ = ["TRACES_KEPT", "RecordFolder"]

TRACES_KEPT = 100
"""How many traces of a record are saved, those of the first units; of the others the summary is,
with the digest. The unit of the first divergence is always among them."""


class RecordFolder:
    """The folder of one verification's records."""

    def __init__(self, path: Path) -> None:
        self.path: Final = path

    @classmethod
    def create(cls, parent: Path) -> RecordFolder:
        """Make the next free folder below ``parent``.

        Raises:
            UsageError: It can't be made there; nothing was left behind.
        """
        try:
            parent.mkdir(parents=True, exist_ok=True)
            taken = [int(p.name) for p in parent.iterdir() if p.name.isdigit()]
            number = max(taken, default=0) + 1
            while True:
                path = parent / f"{number:06d}"
                try:
                    path.mkdir()
                    return cls(path)
                except FileExistsError:
                    number += 1
        except OSError as error:
            raise UsageError(
                f"records cannot be kept in {parent}: {error.strerror}; choose a writable folder "
                "with --records"
            ) from error

    def save(self, verification: Verification, document: dict[str, Any]) -> None:
        """Save the document and the record of every subject, traces as Parquet.

        Raises:
            StorageError: Something could not be written; what was is whole.
        """
        saved: set[int] = set()
        controls: list[int] = []
        for number, pair in enumerate(verification.pairs):
            if id(pair.control) not in controls:
                controls.append(id(pair.control))
            config = self.path / str(controls.index(id(pair.control)))
            for place, record in (("control", pair.control), (str(number), pair.candidate)):
                if record is not None and id(record) not in saved:
                    saved.add(id(record))
                    name = re.sub(r"[^A-Za-z0-9=_-]+", "-", record.subject)[:80]
                    first = pair.divergence
                    unit = None if first is None else unit_of(first.path)
                    _save_record(record, config / f"{place}-{name}", unit)
        write_aside(self.path / "verify.json", _json(document))


def _save_record(record: Record, folder: Path, unit: str | None) -> None:
    """Save a record; ``unit`` is the one whose trace is looked into first, null for none."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{folder} could not be created: {error.strerror}") from error
    channels: dict[str, Any] = {}
    for channel, content in record.channels.items():
        if channel is Channel.TRACE:
            kept = {*list(content)[:TRACES_KEPT], unit}
            channels[channel.value] = {
                place: _kept_trace(trace, folder, i if place in kept else None)
                for i, (place, trace) in enumerate(content.items())
            }
        else:
            channels[channel.value] = content
    document = {
        "schema": "paritykit/record/1",
        "subject": record.subject,
        "workflow": record.workflow,
        "status": record.status,
        "explanation": record.explanation,
        "duration_s": record.duration_s,
        "declared": sorted(record.declared),
        "channels": channels,
    }
    write_aside(folder / "record.json", _json(msgspec.to_builtins(document, enc_hook=_encode)))


def _kept_trace(trace: Trace, folder: Path, number: int | None) -> TraceSummary:
    """Save a trace, or where it has no number leave it at its summary."""
    if number is None:
        return trace.summary(None)
    return trace.save(folder / "trace" / str(number)).summary(folder)


def _encode(value: object) -> object:
    if isinstance(value, EquityCurve):
        return {"time_ns": value.time_ns.tolist(), "equity": value.equity.tolist()}
    tolist = getattr(value, "tolist", None)
    # A foreign subject can record anything; what has no plain form is kept as it shows itself.
    return repr(value) if tolist is None else tolist()


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode() + b"\n"
