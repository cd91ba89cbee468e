"""Runs of fixtures, recorded once for all tests that hold them against something."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

import msgspec

from containers.trace import Trace
from parity.channels import Channel
from parity.own import Own
from parity.record import Record
from parity.subjects import parse_subject, record_of, subject_for
from tests.parity.conftest import OWN, ROOT

__all__ = ["FIXTURES", "file_of", "record"]

FIXTURES = ("workflows/search_on_disk", "own/fragile", "refusals/misspelt_keys")
"""Together they fill every channel: hooks, files, errors and refusals too."""


def file_of(name: str) -> Path:
    return ROOT / "fixtures" / f"{name}.yaml"


@cache
def record(name: str, subject: str = "imperative") -> Record:
    """Run a fixture; traces that it stores are read before its folder goes away."""
    own = Own(OWN / "patterns", OWN / "components")
    with tempfile.TemporaryDirectory() as folder:
        found = record_of(subject_for(parse_subject(subject), own), file_of(name), Path(folder))
        traces = {
            unit: Trace.from_chunks(list(trace.chunks), trace.events_total, trace.dropped)
            for unit, trace in found.channels.get(Channel.TRACE, {}).items()
        }
        channels = {**found.channels, Channel.TRACE: traces}
        return msgspec.structs.replace(found, channels=channels)
