"""Other ways to run that change nothing: storage, executors, trace levels, interruptions."""

from __future__ import annotations

from containers.journal import Entry, UnitExecuted
from parity.channels import Channel
from parity.relations.trial import DoesNotApplyError, Trial

__all__ = ["executor", "interrupted", "storage", "trace_level"]

_STORAGE = ("memory", "disk", "hybrid")
_LEVELS = ("none", "minimal", "standard")


def storage(trial: Trial) -> None:
    """Run with another way of storing results."""
    trial.needs_unread("results", "storage")
    section = trial.case.config.get("results")
    now = section.get("storage", "memory") if isinstance(section, dict) else "memory"
    mode = trial.draw.choice([mode for mode in _STORAGE if mode != now])
    trial.agree(trial.base, trial.run(storage=mode), f"run with storage {mode}")


def trace_level(trial: Trial) -> None:
    """Run at a lower trace level."""
    trial.needs_unread("trace_level")
    level = trial.draw.choice(_LEVELS)
    trial.agree(trial.base, trial.run(trace=level), f"run at trace level {level}")


def executor(trial: Trial) -> None:
    """Run the units in processes of their own."""
    trial.agree(trial.base, trial.run(executor="processes:2"), "run by two processes")


def interrupted(trial: Trial) -> None:
    """Interrupt the run after some units, and go on with it."""
    trial.needs_unread("results", "storage")
    units = sum(
        entry["type"] == UnitExecuted.__name__
        for entries in trial.base.channels.get(Channel.LIFECYCLE, {}).values()
        for entry in entries
    )
    if not units:
        raise DoesNotApplyError("no unit came to its end, so nothing can be interrupted after one")
    after = trial.draw.randint(1, units)
    heard: list[Entry] = []
    mode = trial.draw.choice(_STORAGE[1:])
    record = trial.run(storage=mode, interrupt=str(after), watch=heard.append)
    trial.agree(trial.base, record, f"interrupted after {after} units and resumed")
