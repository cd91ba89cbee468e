"""What a baseline keeps of a record: small, and enough to say what differs.

Figures are kept in full. Trades, curves and traces become digests with marks (`marks`); all other
channels become outlines (`outline`), of which long lists are cut:

- `lifecycle` keeps digests of its moves, and in full how many slices and events a unit had;
- `topology` keeps the id and a digest of each container, and digests of the routes;
- `outputs` keeps what is short, and digests of the rest;
- `files` leaves out digests of files whose bytes depend on the version of a library (Parquet, logs
  and indexes of traces): what is in them is in other channels.

A place in a file is told from the folder of the configuration, so that a baseline made in one clone
serves in another.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from containers.errors import ConfigPath
from parity.baselines.marks import marks_of_curve, marks_of_trace, marks_of_trades
from parity.baselines.outline import brief, digest_of, outline, pieces_of, plain
from parity.channels import CAUSE_FIRST, Channel, Content
from parity.record import Record, Status, TraceSettings
from parity.recording.files import FOLDER

__all__ = ["BY_DIGEST", "Sketch", "sketch_of"]

BY_DIGEST: Final = frozenset({Channel.TRACE, Channel.TRADES, Channel.EQUITY})
"""Channels of which a baseline has digests alone."""

_BUILT: Final = 64
_UNIT_EXECUTED: Final = "UnitExecuted"
_OF_A_SUMMARY: Final = ("events", "kept", "dropped", "digest", "path")
_OF_A_LIBRARY: Final = (".parquet", ".log", "/trace.json")


class Sketch(msgspec.Struct, frozen=True):
    """A record, reduced.

    Attributes:
        workflow: Name of the workflow; null when it never got that far.
        status: As of the record.
        declared: As of the record.
        told: As of the record.
        trace_settings: As of the record.
        channels: By channel and structural path: figures in full, marks, outlines.
        said: What a refusal or failure said, for people; never compared.
    """

    workflow: str | None
    status: Status
    declared: frozenset[Channel]
    told: Mapping[ConfigPath, str]
    trace_settings: Mapping[str, TraceSettings]
    channels: Mapping[Channel, Content]
    said: str | None = None


def sketch_of(record: Record, config: Path) -> Sketch:
    """Reduce a record of a run of the configuration in the file ``config``."""
    channels: dict[Channel, dict[str, Any]] = {}
    for channel in CAUSE_FIRST:
        reduce = _REDUCERS.get(channel, outline)
        channels[channel] = {
            place: reduce(content) for place, content in record.channels.get(channel, {}).items()
        }
    channels[Channel.FILES] = {
        place: outline(_without_bytes(content)) if place == FOLDER else outline(content)
        for place, content in record.channels.get(Channel.FILES, {}).items()
    }
    if record.status == "refused":
        channels[Channel.ERRORS] = {
            place: outline(_from_folder(content, config.parent))
            for place, content in record.channels.get(Channel.ERRORS, {}).items()
        }
    said = record.explanation
    return Sketch(
        workflow=record.workflow,
        status=record.status,
        declared=record.declared,
        told=record.told,
        trace_settings=record.trace_settings,
        channels=channels,
        said=None if said is None else said.replace(f"{config.parent}{os.sep}", ""),
    )


def _lifecycle(entries: Any) -> Any:
    """Keep digests of what containers did, and in full how many events came of it."""
    if not isinstance(entries, list):
        return outline(entries)
    counts = [entry for entry in entries if _type(entry) == _UNIT_EXECUTED]
    moves = [entry for entry in entries if _type(entry) != _UNIT_EXECUTED]
    order = [_type(entry) for entry in entries]
    return [*(outline(entry) for entry in counts), {"order": digest_of(order)}, *pieces_of(moves)]


def _topology(entries: Any) -> Any:
    """Keep the id of each container with a digest of what it is, and digests of the rest."""
    if not isinstance(entries, list):
        return outline(entries)
    return [_built(entry) for entry in entries]


def _built(entry: Any) -> Any:
    containers = entry.get("containers") if isinstance(entry, Mapping) else None
    if not isinstance(containers, list | tuple):
        return outline(entry, 0)
    kept = [
        {"id": outline(one["id"]), "digest": digest_of(one)}
        if isinstance(one, Mapping) and "id" in one
        else {"digest": digest_of(one)}
        for one in containers[:_BUILT]
    ]
    rest = {key: value for key, value in entry.items() if key != "containers"}
    return {"containers": [*kept, *pieces_of(containers, len(kept))], **outline(rest, 0)}


def _outputs(content: Any) -> Any:
    """Keep what is short two levels down; of a trace's summary what says how much there was."""
    if not isinstance(content, Mapping):
        return outline(content)
    kept = brief(content, 2)
    summary = content.get("trace_summary")
    if isinstance(summary, Mapping):
        # It stays a mapping with these keys: comparing leaves some out, by how a side was told.
        short = {key: outline(summary[key]) for key in _OF_A_SUMMARY if key in summary}
        rest = {key: value for key, value in summary.items() if key not in _OF_A_SUMMARY}
        kept["trace_summary"] = {**short, "rest": digest_of(rest)}
    return kept


def _type(entry: Any) -> Any:
    return entry.get("type") if isinstance(entry, Mapping) else None


def _without_bytes(files: Any) -> Any:
    if not isinstance(files, Mapping):
        return files
    return {
        name: {key: value for key, value in entry.items() if key not in ("bytes", "digest")}
        if isinstance(entry, Mapping) and str(name).endswith(_OF_A_LIBRARY)
        else entry
        for name, entry in files.items()
    }


def _from_folder(tree: Any, folder: Path) -> Any:
    """Tell the files that problems lie in as seen from ``folder``."""
    if isinstance(tree, list | tuple):
        return [_from_folder(item, folder) for item in tree]
    if not isinstance(tree, Mapping):
        return tree
    return {
        key: Path(os.path.relpath(value, folder)).as_posix()
        if key == "file" and isinstance(value, str)
        else _from_folder(value, folder)
        for key, value in tree.items()
    }


_REDUCERS: Final[Mapping[Channel, Callable[[Any], Any]]] = {
    Channel.LIFECYCLE: _lifecycle,
    Channel.TOPOLOGY: _topology,
    Channel.TRACE: marks_of_trace,
    Channel.TRADES: marks_of_trades,
    Channel.EQUITY: marks_of_curve,
    Channel.METRICS: plain,
    Channel.OUTPUTS: _outputs,
}
