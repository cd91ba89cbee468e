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
    """Add up the traces of units, in the order given, one at a time; null of none.

    One summary is its own total. Of several, counts are added, the digest is that of their digests
    one after the other, and there is no single path.
    """
    only: TraceSummary | None = None
    count = events = kept = dropped = 0
    kinds: Counter[str] = Counter()
    containers: Counter[str] = Counter()
    first_ns: int | None = None
    last_ns: int | None = None
    chained = xxhash.xxh3_128()
    for part in summaries:
        only = None if count else part
        count += 1
        events, kept, dropped = events + part.events, kept + part.kept, dropped + part.dropped
        kinds.update(part.by_kind)
        containers.update(part.by_container)
        first_ns = min((t for t in (first_ns, part.first_ns) if t is not None), default=None)
        last_ns = max((t for t in (last_ns, part.last_ns) if t is not None), default=None)
        chained.update(part.digest.encode())
    if count <= 1:
        return only
    return TraceSummary(
        events=events,
        kept=kept,
        dropped=dropped,
        by_kind=dict(kinds),
        by_container={name: containers[name] for name in sorted(containers)},
        first_ns=first_ns,
        last_ns=last_ns,
        digest=chained.hexdigest(),
        path=None,
    )
