"""One summary over the traces of several units."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import xxhash

from containers.results import LoopIterationResult, TraceSummary, units

__all__ = ["combine_summaries", "summaries_of"]


def summaries_of(passes: Iterable[LoopIterationResult]) -> Iterator[TraceSummary]:
    """Give the summaries of all units: passes in order, in each its phases, then its branches.

    Those of a phase come in the order of the leaves of its iterations. Units without a trace are
    left out, and so are those of a phase that failed, which has no iterations.
    """
    for one in passes:
        for phase in one.phase_results.values():
            for _, unit in units(phase.iterations):
                if unit.trace_summary is not None:
                    yield unit.trace_summary
        for branch in one.branches.values():
            yield from summaries_of(branch.iterations)


def combine_summaries(summaries: Iterable[TraceSummary]) -> TraceSummary | None:
    """Add up the traces of units, in the order given; null of none.

    One summary is its own total. Of several, counts are added, the digest is that of their digests
    one after the other, and there is no single path.
    """
    parts = tuple(summaries)
    if len(parts) <= 1:
        return parts[0] if parts else None
    kinds: Counter[str] = Counter()
    containers: Counter[str] = Counter()
    for part in parts:
        kinds.update(part.by_kind)
        containers.update(part.by_container)
    chained = xxhash.xxh3_128("".join(part.digest for part in parts).encode())
    return TraceSummary(
        events=sum(part.events for part in parts),
        kept=sum(part.kept for part in parts),
        dropped=sum(part.dropped for part in parts),
        by_kind=dict(kinds),
        by_container={name: containers[name] for name in sorted(containers)},
        first_ns=min((p.first_ns for p in parts if p.first_ns is not None), default=None),
        last_ns=max((p.last_ns for p in parts if p.last_ns is not None), default=None),
        digest=chained.hexdigest(),
        path=None,
    )
