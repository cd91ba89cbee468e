"""A plan for people, for programs, and as a diagram."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal

import msgspec
from rich.console import Console
from rich.markup import escape

from containers.results import PlannedIteration, PlannedRun, PlannedRunPhase

__all__ = ["SCHEMA", "PlanDocument", "plan_diagram", "plan_document", "print_plan"]

SCHEMA: Final = "paritykit/plan/1"
_SIBLINGS: Final = 6
"""How many iterations of one level are shown; what follows is counted."""


class PlanDocument(msgspec.Struct, frozen=True):
    """What a run by an engine would do in its first pass, phases in the order of execution."""

    schema: Literal["paritykit/plan/1"]
    engine: str
    workflow: str
    digest: str
    phases: tuple[PlannedRunPhase, ...]


def plan_document(planned: PlannedRun, engine: str) -> dict[str, Any]:
    """Give the plan as a document, whole."""
    document: dict[str, Any] = msgspec.to_builtins(
        PlanDocument(SCHEMA, engine, planned.workflow, planned.digest, planned.phases)
    )
    return document


def print_plan(planned: PlannedRun, engine: str, console: Console) -> None:
    """Print phases in order of execution, each with its windows and containers."""
    units = [phase.units for phase in planned.phases]
    known = sum(unit for unit in units if unit is not None)
    total = _count(known, "unit") + (" and what references decide" if None in units else "")
    console.print(
        f"[bold]{escape(planned.workflow)}[/] by the {engine} engine: "
        f"{_count(len(planned.phases), 'phase')}, {total}; nothing was run"
    )
    for number, phase in enumerate(planned.phases, start=1):
        console.print()
        for line in _phase(number, phase):
            console.print(escape(line), soft_wrap=True)


def _phase(number: int, phase: PlannedRunPhase) -> Iterator[str]:
    optional = "" if phase.required else " (its failure is not the workflow's)"
    yield f"{number}. {phase.name}: {phase.topology}, {phase.sequence}{optional}"
    if phase.depends_on:
        yield f"   after {', '.join(phase.depends_on)}"
    for condition in phase.conditions:
        yield f"   if {condition}"
    for name, path in phase.inputs.items():
        yield f"   input {name}: {path}"
    if phase.units is None:
        yield "   references decide what runs"
        return
    combinations = ""
    if phase.combinations is not None:
        combinations = f", {_count(phase.combinations, 'combination')}"
    yield f"   {_count(phase.units, 'unit')}{combinations}"
    yield from _tree(phase.iterations, "   ")
    roles = Counter(container.partition("/")[0] for container in phase.containers)
    told = ", ".join(f"{n:,} {role}" for role, n in roles.items())
    yield f"   containers of a unit: {told or 'a component cannot be made'}"


def _tree(iterations: Sequence[PlannedIteration], indent: str) -> Iterator[str]:
    for iteration in iterations[:_SIBLINGS]:
        window = iteration.window
        bars = f"bars {window.first_bar:,} to {window.last_bar:,}"
        warmup = f", {window.warmup_bars:,} before to warm up" if window.warmup_bars else ""
        times = f" × {iteration.repeats:,}" if iteration.repeats > 1 else ""
        yield f"{indent}{window.name}{times}: {bars}{warmup}"
        yield from _tree(iteration.iterations, f"{indent}  ")
    if len(iterations) > _SIBLINGS:
        rest = iterations[_SIBLINGS:]
        units = sum(iteration.units for iteration in rest)
        yield f"{indent}… and {len(rest):,} more, {_count(units, 'unit')}"


def plan_diagram(planned: PlannedRun) -> str:
    """Give a Mermaid flowchart: a node for each phase, an edge for each dependency."""
    names = {phase.name: f"p{number}" for number, phase in enumerate(planned.phases)}
    lines = ["flowchart TD"]
    for phase in planned.phases:
        units = "units by reference" if phase.units is None else _count(phase.units, "unit")
        text = f"{phase.name}<br/>{phase.topology}, {phase.sequence}<br/>{units}"
        lines.append(f'    {names[phase.name]}["{_quoted(text)}"]')
    for phase in planned.phases:
        for dependency in phase.depends_on:
            gates = "<br/>".join(_quoted(condition) for condition in phase.conditions)
            arrow = f'-->|"{gates}"|' if gates else "-->"
            lines.append(f"    {names[dependency]} {arrow} {names[phase.name]}")
    return "\n".join(lines)


def _quoted(text: str) -> str:
    """Write what would end or shape a label as Mermaid's entities; line breaks stay."""
    escaped = text.replace("#", "#35;").replace('"', "#quot;")
    escaped = escaped.replace("<br/>", "\n").replace("<", "#lt;").replace(">", "#gt;")
    return escaped.replace("\n", "<br/>")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
