"""Market events of a unit, held as columns: recording, storing, reading, comparing.

A `TraceRecorder` collects what the bus publishes; `Trace` is what it becomes, in memory or on disk;
`align` tells how two of them differ. Importing this package does not import pyarrow.
"""

from __future__ import annotations

from containers.trace.alignment import Alignment, Difference, Excuse, KindCounts, align
from containers.trace.chunk import (
    CHUNK_ROWS,
    EMPTY_DIGEST,
    FORMAT,
    ChunkInfo,
    PrefixDigest,
    TraceChunk,
)
from containers.trace.columns import Column
from containers.trace.combining import combine_summaries, summaries_of
from containers.trace.errors import InvalidEventError
from containers.trace.levels import KINDS, TraceLevel, kept_kinds, lower_level
from containers.trace.recorder import PIECE_ROWS, TraceRecorder
from containers.trace.side_by_side import Beside, side_by_side
from containers.trace.storage import TraceWriter
from containers.trace.table import SCHEMAS, ColumnType, Table
from containers.trace.trace import Trace

__all__ = [
    "CHUNK_ROWS",
    "EMPTY_DIGEST",
    "FORMAT",
    "KINDS",
    "PIECE_ROWS",
    "SCHEMAS",
    "Alignment",
    "Beside",
    "ChunkInfo",
    "Column",
    "ColumnType",
    "Difference",
    "Excuse",
    "InvalidEventError",
    "KindCounts",
    "PrefixDigest",
    "Table",
    "Trace",
    "TraceChunk",
    "TraceLevel",
    "TraceRecorder",
    "TraceWriter",
    "align",
    "combine_summaries",
    "kept_kinds",
    "lower_level",
    "side_by_side",
    "summaries_of",
]
