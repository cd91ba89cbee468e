"""Verifications of subjects that differ from an honest one in something chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from containers.events import Event, EventKind
from containers.trace import Trace
from parity.channels import Channel
from parity.record import Record
from parity.records import RecordFolder
from parity.reporting.document import verification_document
from parity.subjects import parse_subject, subject_for
from parity.verification import Verification
from parity.verifying import verify
from tests.parity.conftest import HANDMADE

CONFIG = f"""
workflow: simple_backtest
data: {{data_dir: {HANDMADE}}}
symbols: [AAA, BBB]
strategies:
  - {{type: momentum, name: quick, parameters: {{fast_period: 1, slow_period: 2}}}}
execution: {{slippage_bps: 5, commission_per_share: 0.01}}
"""

Act = Callable[[Record], Record]


class Altered:
    """Answers with what ``act`` makes of an honest record."""

    def __init__(self, act: Act, name: str = "altered") -> None:
        self._act = act
        self.name = name

    def run(self, config: Mapping[str, Any] | Path, root: Path) -> Record:
        honest = subject_for(parse_subject("declarative")).run(config, root)
        return msgspec.structs.replace(self._act(honest), subject=self.name)


def with_events(change: Callable[[list[Event]], list[Event]]) -> Act:
    """Change the events of every unit, then number them anew, causes with them."""

    def act(record: Record) -> Record:
        traces = {}
        for unit, trace in record.channels[Channel.TRACE].items():
            events = change(list(trace.events()))
            numbers = {event.seq: number for number, event in enumerate(events)}
            traces[unit] = Trace.from_events(
                [
                    msgspec.structs.replace(
                        event,
                        seq=number,
                        cause=None if event.cause is None else numbers.get(event.cause),
                    )
                    for number, event in enumerate(events)
                ]
            )
        return with_channel(record, Channel.TRACE, traces)

    return act


def with_channel(record: Record, channel: Channel, content: Any) -> Record:
    """Put something else in a channel."""
    return msgspec.structs.replace(record, channels={**record.channels, channel: content})


def row_of(events: list[Event], kind: EventKind, nth: int = 0) -> int:
    """Give the row of the n-th event of a kind."""
    return [row for row, event in enumerate(events) if event.kind is kind][nth]


def verified(folder: Path, *subjects: Altered) -> tuple[RecordFolder, Verification]:
    """Verify `CONFIG` and keep the record below ``folder``."""
    file = folder / "mine.yaml"
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(CONFIG, encoding="utf-8")
    control = subject_for(parse_subject("imperative"))
    found = verify([(str(file), file)], control, subjects, folder / "runs", oracle=False)
    record = RecordFolder.create(folder / ".parity" / "records")
    record.save(found, verification_document(found, str(record.path)))
    return record, found
