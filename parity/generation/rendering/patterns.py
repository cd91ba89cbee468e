"""A definition as a pattern, for the declarative engine."""

from __future__ import annotations

from typing import Any

from parity.generation.specs import (
    BranchSpec,
    ChangeSpec,
    ConditionSpec,
    ModuleSpec,
    OutputSpec,
    PhaseSpec,
    WorkflowSpec,
)

__all__ = ["module_pattern", "workflow_pattern"]


def workflow_pattern(workflow: WorkflowSpec) -> dict[str, Any]:
    """Give the content of a workflow's pattern; what it leaves out is what the spec has not."""
    pattern: dict[str, Any] = {"kind": "workflow", "name": workflow.name}
    if workflow.defaults:
        pattern["defaults"] = workflow.defaults
    if workflow.fail_fast:
        pattern["fail_fast"] = True
    if workflow.imports:
        pattern["imports"] = [
            {"module": item.module, "as": item.as_}
            | ({"parameters": item.parameters} if item.parameters else {})
            for item in workflow.imports
        ]
    pattern["phases"] = [_phase(phase) for phase in workflow.phases]
    if workflow.loop is not None:
        iterate: dict[str, Any] = {"while": _condition(workflow.loop.condition)}
        if workflow.loop.changes:
            iterate["change"] = _changes(workflow.loop.changes)
        pattern["iterate"] = iterate
    if workflow.branches:
        pattern["branches"] = [_branch(branch) for branch in workflow.branches]
    if workflow.outputs:
        pattern["outputs"] = _outputs(workflow.outputs)
    return pattern


def module_pattern(module: ModuleSpec) -> dict[str, Any]:
    """Give the content of a module's pattern."""
    pattern: dict[str, Any] = {"kind": "module", "name": module.name}
    if module.parameters:
        pattern["parameters"] = module.parameters
    return pattern | {"phases": [_phase(phase) for phase in module.phases]}


def _phase(phase: PhaseSpec) -> dict[str, Any]:
    pattern: dict[str, Any] = {
        "name": phase.name,
        "topology": phase.topology,
        "sequence": _sequence(phase.sequences),
    }
    if phase.depends_on:
        named = phase.depends_on
        pattern["depends_on"] = named if isinstance(named, str) else list(named)
    if phase.when:
        conditions = [_condition(condition) for condition in phase.when]
        pattern["when"] = conditions[0] if len(conditions) == 1 else conditions
    if phase.inputs:
        pattern["inputs"] = phase.inputs
    if phase.config:
        pattern["config"] = phase.config
    if phase.outputs:
        pattern["outputs"] = _outputs(phase.outputs)
    if not phase.required:
        pattern["required"] = False
    return pattern


def _sequence(names: tuple[str, ...]) -> Any:
    first, *rest = names
    return {"type": first, "body": _sequence(tuple(rest))} if rest else first


def _condition(condition: ConditionSpec) -> dict[str, Any]:
    if condition.expression is not None:
        return {"expression": condition.expression}
    return {
        "metric": {
            "phase": condition.phase,
            "name": condition.metric,
            "operator": condition.operator,
            "value": condition.value,
        }
    }


def _outputs(outputs: dict[str, OutputSpec]) -> dict[str, Any]:
    return {
        name: {"value": output.value} | ({} if output.file is None else {"file": output.file})
        for name, output in outputs.items()
    }


def _branch(branch: BranchSpec) -> dict[str, Any]:
    pattern: dict[str, Any] = {"name": branch.name}
    if branch.condition is not None:
        pattern["when"] = _condition(branch.condition)
    pattern["workflow"] = branch.workflow
    config = dict(branch.config)
    if branch.strategies_of is not None:
        config["strategies"] = f"${{{branch.strategies_of}.best_strategies}}"
    if config:
        pattern["config"] = config
    return pattern


def _changes(changes: tuple[ChangeSpec, ...]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for change in changes:
        node = tree
        for key in change.path[:-1]:
            node = node.setdefault(key, {})
        node[change.path[-1]] = {
            "value": change.value,
            "widen": {"widen": change.value},
            "expression": {"expression": change.expression},
        }[change.kind]
    return tree
