"""A definition as Python, for the imperative engine: the text of a file with its classes.

References that are whole values become ``Ref``; in longer text they stay as they are. Loops and
branches, which a pattern says in keys, become the hooks that do the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from parity.generation.specs import (
    BranchSpec,
    ChangeSpec,
    ConditionSpec,
    ImportSpec,
    LoopSpec,
    ModuleSpec,
    OutputSpec,
    PhaseSpec,
    WorkflowSpec,
)

__all__ = ["python_text"]

_WHOLE: Final = re.compile(r"\$\{([^{}]*)\}")
_WIDTH: Final = 88

_HEAD: Final = '''"""Definitions of a generated example; the pattern beside this says the same."""

from imperative import (
    Branch,
    Expression,
    Import,
    MetricThreshold,
    Module,
    Output,
    Phase,
    Ref,
    Sequence,
    Workflow,
)
from imperative.parameters import items_with
from imperative.workflows.adaptive_strategy_search import widened
'''

_NAMES: Final = '''from imperative.expressions import compile_expression
from imperative.references import phase_view


def names_of(result, index, config):
    """Give what an expression of a hook can read."""
    results = result.phase_results
    return {
        "results": {name: phase_view(results[name], []) for name in results},
        "config": config,
        "outputs": {name: results[name].outputs for name in results if results[name].outputs},
        "iteration": index,
    }

'''


def _works_out(workflow: WorkflowSpec) -> bool:
    """Say whether a hook of the workflow works out an expression."""
    loop = workflow.loop
    conditions = [branch.condition for branch in workflow.branches]
    if loop is not None:
        conditions.append(loop.condition)
    return any(
        c is not None and c.expression is not None and c.python is None for c in conditions
    ) or (
        loop is not None
        and any(c.expression is not None and c.python is None for c in loop.changes)
    )


def python_text(workflows: Iterable[WorkflowSpec], modules: Iterable[ModuleSpec]) -> str:
    """Write definitions as one Python file, every class under a name of its own."""
    workflows = list(workflows)
    lines = [_HEAD + _NAMES if any(map(_works_out, workflows)) else _HEAD]
    for number, module in enumerate(modules):
        lines += ["", f"class Module{number}(Module):", *_module(module), ""]
    for number, workflow in enumerate(workflows):
        lines += ["", f"class Workflow{number}(Workflow):", *_workflow(workflow), ""]
    return "\n".join(lines)


def _module(module: ModuleSpec) -> Iterator[str]:
    yield f"    name = {module.name!r}"
    if module.parameters:
        yield f"    parameters = {_value(module.parameters)}"
    yield ""
    yield "    def get_phases(self, parameters):"
    yield from _returned(module.phases)


def _workflow(workflow: WorkflowSpec) -> Iterator[str]:
    yield f"    name = {workflow.name!r}"
    if workflow.defaults:
        yield f"    defaults = {_value(workflow.defaults)}"
    if workflow.fail_fast:
        yield "    fail_fast = True"
    if workflow.imports:
        yield f"    imports = [{', '.join(map(_import, workflow.imports))}]"
    if workflow.outputs:
        yield f"    outputs = {_outputs(workflow.outputs)}"
    yield ""
    yield "    def get_phases(self, config):"
    yield from _returned(workflow.phases)
    if workflow.branches:
        yield from _branches(workflow.branches)
    if workflow.loop is not None:
        yield from _loop(workflow.loop)


def _returned(phases: Sequence[PhaseSpec]) -> Iterator[str]:
    yield "        return ["
    for phase in phases:
        yield "            Phase("
        yield from (f"                {key}={value}," for key, value in _phase(phase))
        yield "            ),"
    yield "        ]"


def _phase(phase: PhaseSpec) -> Iterator[tuple[str, str]]:
    yield "name", repr(phase.name)
    yield "topology", repr(phase.topology)
    yield "sequence", _sequence(phase.sequences)
    if phase.depends_on:
        named = phase.depends_on
        yield "depends_on", repr(named if isinstance(named, str) else list(named))
    if phase.when:
        yield "conditions", f"[{', '.join(map(_condition, phase.when))}]"
    if phase.inputs:
        yield "inputs", _value(phase.inputs)
    if phase.config:
        yield "config", _value(phase.config)
    if phase.outputs:
        yield "outputs", _outputs(phase.outputs)
    if not phase.required:
        yield "required", "False"


def _sequence(names: tuple[str, ...]) -> str:
    first, *rest = names
    return f"Sequence({first!r}, body={_sequence(tuple(rest))})" if rest else repr(first)


def _condition(condition: ConditionSpec) -> str:
    if condition.expression is not None:
        return f"Expression({_text(condition.expression)})"
    parts = (repr(condition.phase), repr(condition.metric), repr(condition.operator))
    return f"MetricThreshold({', '.join(parts)}, {_value(condition.value)})"


def _outputs(outputs: Mapping[str, OutputSpec]) -> str:
    written = (
        f"{_text(name)}: Output({_value(output.value)}"
        + ("" if output.file is None else f", file={_text(output.file)}")
        + ")"
        for name, output in outputs.items()
    )
    return f"{{{', '.join(written)}}}"


def _import(item: ImportSpec) -> str:
    given = f", parameters={_value(item.parameters)}" if item.parameters else ""
    return f"Import({item.module!r}, as_={item.as_!r}{given})"


def _branches(branches: Sequence[BranchSpec]) -> Iterator[str]:
    yield ""
    yield "    def get_branches(self, result, index, config):"
    yield "        branches = []"
    for branch in branches:
        indent = "        "
        if branch.condition is not None:
            yield from _decided(branch.condition)
            yield "        if holds:"
            indent += "    "
        yield f"{indent}changes = {_value(branch.config)}"
        if branch.strategies_of is not None:
            phase = repr(branch.strategies_of)
            yield f'{indent}own = config["phases"].get({phase}, {{}})'
            yield f"{indent}best = result.phase_results[{phase}].best_parameters"
            yield f'{indent}strategies = own.get("strategies", config["strategies"])'
            yield f'{indent}changes["strategies"] = items_with(strategies, best)'
        yield f"{indent}branches.append(Branch({branch.name!r}, {branch.workflow!r}, changes))"
    yield "        return branches"


def _loop(loop: LoopSpec) -> Iterator[str]:
    yield ""
    yield "    def should_continue(self, result, index, config):"
    yield from _decided(loop.condition)
    yield "        return holds"
    if loop.changes:
        yield ""
        yield "    def modify_config_for_next(self, config, result, index):"
        yield "        changes = {}"
        for change in loop.changes:
            yield from _change(change)
        yield "        return changes"


def _decided(condition: ConditionSpec) -> Iterator[str]:
    """Write a hook's condition, leaving its answer in ``holds``."""
    if condition.python is not None:
        yield f"        holds = {condition.python}"
        return
    if condition.expression is not None:
        yield f"        text = {_text(condition.expression)}"
        yield "        holds = compile_expression(text).decide(names_of(result, index, config))"
        return
    # A phase that was skipped has no metrics; null holds for nothing.
    yield f"        metrics = result.phase_results[{condition.phase!r}].metrics"
    yield f"        value = metrics.get({condition.metric!r})"
    comparison = f"value {condition.operator} {condition.value!r}"
    yield f"        holds = value is not None and {comparison}"


def _change(change: ChangeSpec) -> Iterator[str]:
    node = "changes"
    for key in change.path[:-1]:
        yield f"        {node}.setdefault({key!r}, {{}})"
        node += f"[{key!r}]"
    target = f"        {node}[{change.path[-1]!r}]"
    if change.kind == "widen":
        around = "config" + "".join(f"[{key!r}]" for key in change.path)
        yield f"        space = {around}"
        yield f"{target} = {{key: widened(space[key], {change.value!r}) for key in space}}"
    elif change.kind == "expression" and change.python is not None:
        yield f"{target} = {change.python}"
    elif change.kind == "expression":
        yield f"        text = {_text(str(change.expression))}"
        yield f"{target} = compile_expression(text).evaluate(names_of(result, index, config))"
    else:
        yield f"{target} = {_value(change.value)}"


def _value(value: Any) -> str:
    if isinstance(value, str):
        whole = _WHOLE.fullmatch(value)
        return _text(value) if whole is None else f"Ref({_text(whole[1])})"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_text(key)}: {_value(item)}' for key, item in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, float) and (value != value or abs(value) == float("inf")):
        return f'float("{value!r}")'
    return repr(value)


def _text(value: str) -> str:
    return json.dumps(value) if value.isascii() else repr(value)
