"""Events as columns: recorded, kept, stored, compared."""

from __future__ import annotations

from typing import Final

import msgspec

from parity.faults.catalogue.writing import fault
from parity.faults.fault import Fault
from parity.faults.scenarios import COMPONENTS, GATED, SHORT_WALK, SIMPLE, TWO_SYMBOLS, WALK, cut

__all__ = ["FAULTS"]

_PLANTED: Final = msgspec.structs.replace(SIMPLE, planted="field")
_INSERTED: Final = msgspec.structs.replace(SIMPLE, planted="event")
_STANDARD: Final = msgspec.structs.replace(
    COMPONENTS,
    control="imperative:trace=standard",
    candidates=("declarative:trace=standard",),
)
_LIMITED: Final = msgspec.structs.replace(
    SIMPLE, config=SIMPLE.config + "trace: {max_events: 40}\n"
)

FAULTS: Final[tuple[Fault, ...]] = (
    fault(
        "M80-both-alignment",
        "fields are not compared",
        _PLANTED,
        "planted",
        ("containers/trace/alignment.py", "        if not len(rows):\n", "        if len(rows):\n"),
    ),
    fault(
        "M81-both-chunk",
        "a digest is of the first column alone",
        _PLANTED,
        "planted",
        (
            "containers/trace/chunk.py",
            "            for name, head in heads.items():\n                column",
            "            for name, head in list(heads.items())[:1]:\n                column",
        ),
    ),
    fault(
        "M82-both-columns",
        "floats are equal when they are close",
        _PLANTED,
        "planted",
        (
            "containers/trace/columns.py",
            "        different: Mask = self.data.view(np.int64) != other.data.view(np.int64)",
            "        different: Mask = ~np.isclose(self.data, other.data)",
        ),
    ),
    fault(
        "M84-both-distances",
        "how far two numbers are apart is not counted in doubles",
        _PLANTED,
        "planted",
        ("containers/trace/distances.py", "int((high - low).max())", "int((high - low).min()) * 0"),
    ),
    fault(
        "M87-both-matching",
        "an event too many makes those behind it differ",
        _INSERTED,
        "planted",
        (
            "containers/trace/matching.py",
            "    head = _alike(left, right, 1)\n",
            "    head = min(len(left), len(right))\n",
        ),
    ),
    fault(
        "M90-both-renumbering",
        "numbers behind an event too many are not taken for renumbered",
        _INSERTED,
        "planted",
        (
            "containers/trace/renumbering.py",
            "        extra = np.diff(places, prepend=-1) - 1\n",
            "        extra = np.diff(places, prepend=-1) * 0\n",
        ),
    ),
    fault(
        "M83-both-combining",
        "of several traces the last one's events are counted",
        WALK,
        "invariant:summaries",
        (
            "containers/trace/combining.py",
            "events, kept, dropped = events + part.events, kept + part.kept, dropped + part.dropped",
            "events, kept, dropped = part.events, kept + part.kept, dropped + part.dropped",
        ),
    ),
    fault(
        "M85-both-levels",
        "standard keeps no labels",
        _STANDARD,
        "oracle:trace",
        (
            "containers/trace/levels.py",
            "    EventKind.CANCELLATION,\n    EventKind.PORTFOLIO_UPDATE,\n    EventKind.CLASSIFICATION,\n",
            "    EventKind.CANCELLATION,\n    EventKind.PORTFOLIO_UPDATE,\n",
        ),
    ),
    fault(
        "M86-both-mappings",
        "values of a mapping are held under the names of others",
        GATED,
        "invariant:features",
        (
            "containers/trace/mappings.py",
            "names = TextColumn.numbered(map(tuple, values), len(values), plural=True)",
            "names = TextColumn.numbered([tuple(v)[::-1] for v in values], len(values), plural=True)",
        ),
    ),
    fault(
        "M88-both-trace-parquet",
        "a null that was stored comes back as 0",
        cut(SHORT_WALK, "declarative"),
        "invariant:causes",
        (
            "containers/trace/parquet.py",
            "            mask = column.data == -1 if column.nullable else None",
            "            mask = column.data == 0 if column.nullable else None",
        ),
    ),
    fault(
        "M89-both-recorder",
        "a limited trace keeps one event less",
        _LIMITED,
        "invariant:levels",
        (
            "containers/trace/recorder.py",
            "rest = newest_chunks(self._pieces, self._limit)",
            "rest = newest_chunks(self._pieces, self._limit - 1)",
        ),
    ),
    fault(
        "M91-both-trace-storage",
        "a stored trace is read without its last kind of event",
        cut(SHORT_WALK, "declarative"),
        "invariant:causes",
        (
            "containers/trace/storage.py",
            "for kind in info.kinds])",
            "for kind in list(info.kinds)[:-1]])",
        ),
    ),
    fault(
        "M92-both-table",
        "events of one kind are held from behind",
        TWO_SYMBOLS,
        "ending:failed",
        (
            "containers/trace/table.py",
            "                values.extend(more)\n",
            "                values.extend(more[::-1])\n",
        ),
    ),
    fault(
        "M93-both-texts",
        "texts that were stored come back from behind",
        cut(SHORT_WALK, "declarative"),
        "invariant:causes",
        (
            "containers/trace/texts.py",
            "            return cls(codes, tuple(texts), plural)\n        first",
            "            return cls(codes, tuple(texts)[::-1], plural)\n        first",
        ),
    ),
    fault(
        "M94-both-trace",
        "a trace has the digest of its first chunk",
        SIMPLE,
        "invariant:summaries",
        (
            "containers/trace/trace.py",
            "return self.infos[-1].prefix.digest if self.infos else EMPTY_DIGEST",
            "return EMPTY_DIGEST",
        ),
    ),
)
