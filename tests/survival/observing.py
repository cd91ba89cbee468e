"""Everything that can be seen of a run, as plain data that two runs either share or not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from containers.journal import Entry
from parity.damage.observation import Observation, observation_of
from tests.contract.conftest import made
from tests.contract.definitions import Definition

__all__ = ["ID", "Observation", "Study", "observe"]

ID: Final = "mine"


@dataclass(frozen=True)
class Study:
    """What is run: a configuration, the definitions it needs, and how a subject is made."""

    config: Mapping[str, Any]
    definitions: Sequence[Definition] = ()
    options: Mapping[str, Any] = field(default_factory=dict)


def observe(
    engine: str,
    study: Study,
    root: Path,
    *,
    resume: bool = False,
    consumers: Sequence[Callable[[Entry], None]] = (),
    **options: Any,
) -> Observation:
    """Run a study through an engine and look at everything.

    Args:
        engine: Its name.
        study: What to run.
        root: Where it writes: results, and the patterns it is given.
        resume: Whether the run that is there goes on.
        consumers: Hear the journal, before it is noted.
        options: More for the engine's constructor.
    """
    entries: list[Entry] = []
    subject = made(
        engine,
        study.definitions,
        root / "patterns",
        root=root,
        consumers=[*consumers, entries.append],
        **{**study.options, **options},
    )
    result = subject.run_workflow(study.config, ID, resume=resume)
    return observation_of(result, entries, root / "results" / ID, root)
