"""What results say of traces: counts, times and digests of units, and of all together."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import xxhash

from containers.events import EventKind
from containers.trace import FORMAT, SCHEMAS, Trace
from parity.channels import Channel
from parity.invariants.batch import Batch
from parity.invariants.findings import Findings
from parity.invariants.run import Run, Unit
from parity.levels import due_kinds

__all__ = ["check_levels", "check_summaries"]

_COUNTS: Final = ("events", "kept", "dropped")


def check_summaries(run: Run, found: Findings) -> None:
    """Hold every summary of a trace against the trace, and the workflows' against their units'."""
    outputs = run.channel(Channel.OUTPUTS)
    for unit in run.units:
        shown = outputs.get(unit.place, {}).get("trace_summary")
        if unit.trace is None or shown is None:
            found.equal(f"{unit.place}: trace and summary", unit.trace is None, shown is None)
    for batch in run.batches:
        for unit, due in _counted(batch):
            shown = outputs.get(unit.place, {}).get("trace_summary")
            if shown is not None:
                here = {key: shown[key] for key in due}
                found.equal(f"{unit.place}: trace_summary", due, here)
    for phase in run.phases:
        # Of one unit of every phase all bits are hashed once more: what holds there holds of all.
        for unit in phase.units[:1]:
            shown = outputs.get(unit.place, {}).get("trace_summary")
            if unit.trace is not None and shown is not None:
                found.equal(f"{unit.place}: digest", _digest(unit.trace), shown["digest"])
    for place, content in outputs.items():
        if "aggregated_results" in content:
            below = [outputs[unit]["trace_summary"] for unit in _units_below(run, place)]
            due_total = _total([summary for summary in below if summary is not None])
            found.equal(f"{place}: trace_summary", due_total, content["trace_summary"])


def _counted(batch: Batch) -> Iterator[tuple[Unit, dict[str, Any]]]:
    """Count the events of a batch's units once more, from their columns, side by side."""
    units = len(batch.units)
    kinds: list[dict[str, int]] = [{} for _ in range(units)]
    containers: list[Counter[str]] = [Counter() for _ in range(units)]
    first = np.full(units, np.iinfo(np.int64).max)
    last = np.full(units, np.iinfo(np.int64).min)
    for kind in EventKind:
        events = batch[kind]
        for number, count in enumerate(np.bincount(events.unit, minlength=units).tolist()):
            if count:
                kinds[number][str(kind)] = count
        codes, texts = events.texts("container")
        pairs = np.bincount(events.unit * len(texts) + codes, minlength=units * len(texts))
        for pair in np.flatnonzero(pairs).tolist():
            containers[pair // len(texts)][texts[pair % len(texts)]] += int(pairs[pair])
        np.minimum.at(first, events.unit, events.time_ns)
        np.maximum.at(last, events.unit, events.time_ns)
    for number, unit in enumerate(batch.units):
        trace = unit.trace
        assert trace is not None  # a batch has only units with traces
        kept = sum(kinds[number].values())
        yield (
            unit,
            {
                "events": trace.events_total,
                "kept": kept,
                "dropped": trace.dropped,
                "by_kind": kinds[number],
                "by_container": dict(containers[number]),
                "first_ns": int(first[number]) if kept else None,
                "last_ns": int(last[number]) if kept else None,
                "digest": trace.digest,
            },
        )


def _digest(trace: Trace) -> str:
    """Hash the canonical bytes of a trace, as `containers.trace.chunk` describes them."""
    digest = xxhash.xxh3_128_hexdigest(FORMAT.encode())
    for chunk in trace.chunks:
        hasher = xxhash.xxh3_128(bytes.fromhex(digest))
        kinds = [kind for kind in EventKind if kind in chunk.tables]
        hasher.update(_count(len(kinds)))
        for kind in kinds:
            table = chunk.tables[kind]
            hasher.update(_text(kind.value) + _count(len(table)) + _count(len(SCHEMAS[kind])))
            for name, type_ in SCHEMAS[kind].items():
                column = table.columns[name]
                texts, buffers = column.texts, list(column.buffers())
                hasher.update(_text(name) + _text(type_.value) + _count(len(texts)))
                hasher.update(b"".join(_text(text) for text in texts) + _count(len(buffers)))
                for buffer in buffers:
                    content = buffer.astype(buffer.dtype.newbyteorder("<"), copy=False)
                    hasher.update(_count(content.nbytes))
                    hasher.update(content.view(np.uint8).data)
        digest = hasher.hexdigest()
    return digest


def _count(value: int) -> bytes:
    return struct.pack("<q", value)


def _text(value: str) -> bytes:
    content = value.encode()
    return _count(len(content)) + content


def _units_below(run: Run, place: str) -> Iterator[str]:
    """Give the units of a workflow in path order: passes, their phases, then their branches."""
    below = f"{place}/iteration=" if place else "iteration="
    passes = [key for key in run.passes if key.startswith(below) and key[len(below) :].isdigit()]
    for one in passes:
        for phase in run.passes[one]:
            yield from (unit.place for unit in phase.units)
        prefix = f"{one}/branch="
        branches = dict.fromkeys(
            key[: len(prefix)] + key[len(prefix) :].partition("/")[0]
            for key in run.passes
            if key.startswith(prefix)
        )
        for branch in branches:
            yield from _units_below(run, branch)


def _total(summaries: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    if len(summaries) < 2:
        return summaries[0] if summaries else None
    chained = xxhash.xxh3_128()
    kinds: Counter[str] = Counter()
    containers: Counter[str] = Counter()
    for summary in summaries:
        kinds.update(summary["by_kind"])
        containers.update(summary["by_container"])
        chained.update(summary["digest"].encode())
    firsts = [s["first_ns"] for s in summaries if s["first_ns"] is not None]
    lasts = [s["last_ns"] for s in summaries if s["last_ns"] is not None]
    return {
        **{name: sum(summary[name] for summary in summaries) for name in _COUNTS},
        "by_kind": dict(kinds),
        "by_container": dict(containers),
        "first_ns": min(firsts, default=None),
        "last_ns": max(lasts, default=None),
        "digest": chained.hexdigest(),
        "path": None,
    }


def check_levels(run: Run, found: Findings) -> None:
    """Look for kept events that the unit's level leaves out, and count those that a limit left."""
    for unit in run.units:
        if unit.trace is None:
            continue
        settings = run.record.settings_of(unit.place)
        if settings.limit is not None:
            kept = len(unit.trace)
            found.holds(
                f"{unit.place}: kept", kept <= settings.limit, f"at most {settings.limit}", kept
            )
            if unit.trace.dropped:
                found.equal(f"{unit.place}: kept", settings.limit, kept)
        else:
            found.equal(f"{unit.place}: dropped", 0, unit.trace.dropped)
        for info in unit.trace.infos:
            for name in info.containers:
                allowed = due_kinds(name, settings.level, settings.overrides)
                found.holds(f"{unit.place}: events of {name}", bool(allowed), "none kept", "some")
        for chunk in unit.trace.chunks:
            for kind, table in chunk.tables.items():
                for name in table.containers.texts:
                    allowed = due_kinds(name, settings.level, settings.overrides)
                    found.holds(
                        f"{unit.place}: {kind} of {name}", kind in allowed, "not kept", "kept"
                    )
