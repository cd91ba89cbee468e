"""Taking up a run that was interrupted: what it is known by, and what is heard of it again.

The engine goes through the run from its beginning. Finished phases are taken from their stores
(`replay` tells the journal of them), finished units by `declarative.desk`.
"""

from __future__ import annotations

from pathlib import Path

import containers
from containers.components import Components
from containers.journal import IterationStarted, Journal
from containers.storage import Identity, PhaseStore, Source, identity_of
from declarative.patterns import Library
from declarative.plan import Plan

__all__ = ["identity", "replay"]


def identity(plan: Plan, components: Components, library: Library) -> Identity:
    """Give what a run is known by: its result depends on nothing else.

    Args:
        plan: Of the first pass.
        components: What exists.
        library: All patterns.

    Raises:
        OSError: A source cannot be read.
    """
    sources: list[Source] = [containers, Path(__file__).parent]
    for kind in (components.strategies, components.classifiers, components.containers):
        for made in kind.values():
            sources += made.__mro__ if isinstance(made, type) else ()
    # The shipped ones belong to the package; their names are no paths here.
    sources += [Path(pattern.origin) for pattern in library if Path(pattern.origin).is_file()]
    return identity_of(
        plan.resolved.plain,
        markets=[phase.market for phase in plan.phases if phase.market is not None],
        sources=sources,
        seed=plan.resolved.typed.random_seed,
    )


def replay(store: PhaseStore, journal: Journal) -> None:
    """Write to the journal of a phase what was written when it ran.

    Raises:
        StorageError: Its log is damaged.
    """
    above = [journal]
    for keys, iteration, records in store.walk():
        del above[len(keys) :]
        here = above[-1].child("window", keys[-1])
        above.append(here)
        here.write(
            IterationStarted(
                window=iteration.window,
                parameters=iteration.parameters,
                seed=iteration.seed,
                spawn_key=iteration.spawn_key,
            )
        )
        if records:
            unit = here.child("unit", 0)
            for record in records:
                unit.write(record)
