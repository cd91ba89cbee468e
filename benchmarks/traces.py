"""Comparing traces of ten million events on disk, each comparison in a process of its own.

1. `_recorded` runs an engine over minutes of a random walk and keeps what its recorder wrote.
2. `_written` writes that again and again at later times through `TraceWriter`, up to ten million
   events; with one field of one event changed, or one event too many, in the middle.
3. `measure_traces` takes the times of opening and comparing two of them, beside pyarrow reading the
   same files with nothing compared. Contenders take turns.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from rich.console import Console
from rich.table import Table as Printed

from benchmarks.peaks import own_peak_kb
from benchmarks.workloads import minutes_config, synthetic
from containers.events import Event, EventKind, PortfolioUpdate
from containers.storage import UnitFolder
from containers.trace import Trace, TraceChunk, TraceWriter, align
from containers.trace.chunk import recut
from containers.trace.columns import IntColumn
from containers.trace.table import Table

__all__ = ["TRACES_IN_CHILD", "compare_in_child", "measure_traces"]

TRACES_IN_CHILD: Final = "traces-in-child"
"""By which the command knows that it is to call `compare_in_child`."""

_EVENTS: Final = 10_000_000
_BARS: Final = 330_000
_ROUNDS: Final = 5
_WAYS: Final = {
    "pyarrow reads both, nothing is compared": ("equal", "read"),
    "equal, by digests": ("equal", "digests"),
    "equal, every buffer read, checked and compared": ("equal", "full"),
    "one field of one event differs": ("changed", "full"),
    "one event too many": ("inserted", "full"),
}


def measure_traces(console: Console) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        once = _recorded(folder)
        for which in ("left", "equal", "changed", "inserted"):
            _written(once, folder / which, which)
        found: dict[str, list[tuple[float, float]]] = {way: [] for way in _WAYS}
        for _ in range(_ROUNDS):
            for way, (other, how) in _WAYS.items():
                found[way].append(_measured(folder / "left", folder / other, how))
    table = Printed(title=f"Two traces of {_EVENTS:,} events on disk, opened and compared")
    for heading in ("", "s", "x pyarrow", "MB above base"):
        table.add_column(heading, justify="left" if not heading else "right")
    [alone, *_] = found.values()
    for way, each in found.items():
        seconds = statistics.median(own for own, _ in each)
        ratio = statistics.median(own / a for (own, _), (a, _) in zip(each, alone, strict=True))
        memory = max(mb for _, mb in each)
        table.add_row(way, f"{seconds:,.3f}", f"{ratio:.2f}", f"{memory:,.0f}")
    console.print(table)


def compare_in_child(left: Path, right: Path, how: str) -> None:
    """Open and compare two traces; print the seconds, and the megabytes above what was there."""
    import pyarrow.parquet as pq

    base = own_peak_kb()
    began = time.perf_counter()
    if how == "read":
        for file in sorted((*left.glob("*.parquet"), *right.glob("*.parquet"))):
            parquet = pq.ParquetFile(file)
            for number in range(parquet.num_row_groups):
                parquet.read_row_group(number, use_threads=False)
    else:
        ours, theirs = Trace.open(left), Trace.open(right)
        align(ours, theirs, use_digests=how == "digests")
    seconds = time.perf_counter() - began
    print(seconds, (own_peak_kb() - base) / 1024)


def _measured(left: Path, right: Path, how: str) -> tuple[float, float]:
    command = [sys.executable, "-m", "benchmarks", TRACES_IN_CHILD, str(left), str(right), how]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, megabytes = map(float, done.stdout.split())
    return seconds, megabytes


def _recorded(folder: Path) -> Trace:
    """Run the declarative engine with its trace on disk; the unit's folder stays."""
    from declarative import DeclarativeWorkflowManager, run_unit

    phase = (
        DeclarativeWorkflowManager().prepare(minutes_config(*synthetic(folder, _BARS))).phases[0]
    )
    trace = run_unit(phase.unit(), folder=UnitFolder(folder / "run", "")).trace
    if trace is None:
        raise TypeError("a detailed run has a trace")
    return trace


def _written(once: Trace, path: Path, which: str) -> None:
    with TraceWriter(path) as writer:
        for chunk in _whole(recut(_varied(_repeated(once), which))):
            writer.write(chunk)
        writer.finish(_EVENTS + len(once), 0)


def _whole(chunks: Iterator[TraceChunk]) -> Iterator[TraceChunk]:
    """Give chunks up to the last event."""
    left = _EVENTS
    for chunk in chunks:
        yield chunk.slice(0, left)
        left -= chunk.rows
        if left <= 0:
            return


def _repeated(once: Trace) -> Iterator[TraceChunk]:
    first, last = once.infos[0].first_ns, once.infos[-1].last_ns
    for turn in range(_EVENTS // len(once) + 1):
        for chunk in once.chunks:
            yield _shifted(chunk, turn * len(once), turn * (last - first + 60_000_000_000))


def _varied(chunks: Iterator[TraceChunk], which: str) -> Iterator[TraceChunk]:
    """Change an event in the middle, or put one more there."""
    rows = shift = 0
    for chunk in chunks:
        rows += chunk.rows
        if which not in ("changed", "inserted") or rows - chunk.rows > _EVENTS // 2:
            yield _shifted(chunk, shift, 0)
        elif rows <= _EVENTS // 2:
            yield chunk
        else:
            events = chunk.events()
            row = next(r for r, e in enumerate(events) if e.kind is EventKind.PORTFOLIO_UPDATE)
            shift = which == "inserted"
            yield TraceChunk.from_events([*events[: row + shift], _other(events[row], shift)])
            yield _shifted(chunk.slice(row + 1, chunk.rows), shift, 0)


def _other(event: Event, shift: int) -> Event:
    """Give the event of another number, or with another last bit of its equity."""
    if shift or not isinstance(event, PortfolioUpdate):
        return msgspec.structs.replace(event, seq=event.seq + shift)
    return msgspec.structs.replace(event, equity=float(np.nextafter(event.equity, np.inf)))


def _shifted(chunk: TraceChunk, numbers: int, ns: int) -> TraceChunk:
    """Give a chunk with greater numbers, causes and times."""
    if not numbers and not ns:
        return chunk
    tables = []
    for kind, table in chunk.tables.items():
        cause = table.columns["cause"]
        assert isinstance(cause, IntColumn)
        columns = {
            **table.columns,
            "seq": IntColumn(table.seq + numbers, nullable=False),
            "time_ns": IntColumn(table.time_ns + ns, nullable=False),
            "cause": IntColumn(np.where(cause.data < 0, -1, cause.data + numbers), nullable=True),
        }
        tables.append(Table(kind, columns))
    return TraceChunk(tables)
