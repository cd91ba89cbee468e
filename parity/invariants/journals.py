"""The journal: which records stand where, in which order. `docs/semantics.md` 9.1."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from parity.channels import Channel
from parity.invariants.findings import Findings
from parity.invariants.run import Run

__all__ = ["check_journal"]

_ORDERS: Final = (
    (r"", r"WorkflowStarted (BarDropped )?ConfigResolved (OutputWritten )?WorkflowFinished "),
    (
        r".*branch=[^/]+",
        (
            r"(WorkflowStarted (BarDropped )?ConfigResolved (OutputWritten )?WorkflowFinished "
            r"|ErrorRaised )"
        ),
    ),
    (r".*iteration=\d+", r"(ConfigResolved )?PlanMade (HookCalled )?(ErrorRaised )?|ErrorRaised "),
    (
        r".*phase=[^/]+",
        (
            r"PhaseSkipped |(ConfigResolved )?PhaseStarted (ErrorRaised )?(OutputWritten )?"
            r"(ErrorRaised )?PhaseFinished "
        ),
    ),
    (r".*window=\d+", r"IterationStarted "),
    (
        r".*unit=\d+",
        (
            r"TopologyBuilt (LifecycleMoved )?(UnitExecuted )?(LifecycleMoved )?(ErrorRaised )?"
            r"|ErrorRaised "
        ),
    ),
)
"""For a path, outermost kinds first, the records it can have, in order; like ones are one."""


def check_journal(run: Run, found: Findings) -> None:
    """Hold the records of every path against those it can have, in their order."""
    status = run.channel(Channel.STATUS)
    seconds = {f"{place}/branch={name}" for place, name in run.second_branches.items()}
    for place, content in status.items():
        if "journal" not in content:
            continue
        text = "".join(f"{name} " for name in content["journal"])
        rule = next(rule for path, rule in _ORDERS if re.fullmatch(path, place))
        if run.record.status != "succeeded" and place in ("",):
            later = "(ErrorRaised )?(OutputWritten )?WorkflowFinished"
            rule = rule.replace("WorkflowFinished", later)
        error = run.get(Channel.ERRORS, f"{place}/result").get("error") if place else None
        if error and error["path"] == place:  # of its own: its outputs
            rule = rule.replace("WorkflowFinished", "ErrorRaised WorkflowFinished")
        if place in seconds:
            rule = f"{rule}(ErrorRaised )?"  # of the second of its name, which cannot be begun
        found.holds(
            f"{place}: records", re.fullmatch(rule, text) is not None, rule.strip(), text.strip()
        )
    _hold_heard(status.get("", {}).get("heard", ()), seconds, found)
    for channel in (Channel.CONFIG, Channel.PLAN, Channel.WINDOWS, Channel.LIFECYCLE):
        for place, entries in run.channel(channel).items():
            wrong = [entry["number"] for entry in entries if "number" in entry]
            found.equal(f"{place}: numbers of records out of turn", [], wrong)


def _hold_heard(heard: Sequence[str], seconds: set[str], found: Findings) -> None:
    """A part is heard of after what it is part of, and as one piece among its like.

    The error of a second branch of one name stands at the place of the first, and comes later.
    """
    closed: set[str] = set()
    expected = set(seconds)
    open_parts: list[str] = []
    for place in heard:
        found.compared += 1
        parts = place.split("/") if place else []
        chain = ["/".join(parts[: depth + 1]) for depth in range(len(parts))]
        if place in expected and place in closed:
            expected.remove(place)
            closed.remove(place)
        again = next((part for part in chain if part in closed), None)
        if again is not None:
            found.breaks("heard", "each part in one piece", again)
            return
        closed.update(part for part in open_parts if part not in chain)
        open_parts = chain
