"""Phases in their order, their conditions and passes: F01 to F08."""

from __future__ import annotations

from typing import Final

from parity.faults.catalogue.writing import fault
from parity.faults.fault import Fault
from parity.faults.scenarios import FAILING, GATED, GATED_BY_DEFAULT

__all__ = ["FAULTS"]

FAULTS: Final[tuple[Fault, ...]] = (
    fault(
        "F01-imperative",
        "phases run as they are written",
        GATED,
        "plan",
        (
            "imperative/ordering.py",
            "ready = next((phase for phase in waiting if done.issuperset(phase.dependencies)), None)",
            "ready = waiting[0]",
        ),
    ),
    fault(
        "F01-declarative",
        "phases run as they are written",
        GATED,
        "plan",
        (
            "declarative/workflows.py",
            "ready = (p for p in phases if p.name not in done and done.issuperset(p.depends_on))",
            "ready = (p for p in phases if p.name not in done)",
        ),
    ),
    fault(
        "F02-imperative",
        "depends_on is read letter by letter",
        GATED,
        "status",
        (
            "imperative/workflow.py",
            "names = (self.depends_on,) if isinstance(self.depends_on, str) else self.depends_on",
            "names = self.depends_on",
        ),
    ),
    fault(
        "F02-declarative",
        "depends_on is read letter by letter",
        GATED,
        "status",
        (
            "declarative/workflows.py",
            "depends_on = dict.fromkeys(definition.depends_on)",
            'depends_on = dict.fromkeys("".join(definition.depends_on))',
        ),
    ),
    fault(
        "F03-imperative",
        "dependents of a failed phase still run",
        GATED,
        "plan",
        (
            "imperative/phases.py",
            '    for name in phase.dependencies:\n        if results[name].status == "failed":',
            '    for name in ():\n        if results[name].status == "failed":',
        ),
    ),
    fault(
        "F03-declarative",
        "dependents of a failed phase still run",
        GATED,
        "plan",
        (
            "declarative/phases.py",
            '    for name in depends_on:\n        if finished.results[name].status == "failed":',
            '    for name in ():\n        if finished.results[name].status == "failed":',
        ),
    ),
    fault(
        "F04-imperative",
        "hooks are counted from 1",
        GATED,
        "hooks",
        (
            "imperative/hooks.py",
            'arguments = {"index": self._index}',
            'arguments = {"index": self._index + 1}',
        ),
    ),
    fault(
        "F04-declarative",
        "hooks are counted from 1",
        GATED,
        "hooks",
        (
            "declarative/loop.py",
            'hook="should_continue", arguments={"index": index}',
            'hook="should_continue", arguments={"index": index + 1}',
        ),
    ),
    fault(
        "F05-imperative",
        "another default for max_iterations",
        GATED_BY_DEFAULT,
        "config",
        ("imperative/defaults.py", '"max_iterations": 10', '"max_iterations": 1'),
    ),
    fault(
        "F05-declarative",
        "max_iterations is read before defaults are merged",
        GATED_BY_DEFAULT,
        "plan",
        (
            "declarative/loop.py",
            "if index + 1 < _limit(plan) and",
            'if index + 1 < user.data.get("max_iterations", 1) and',
        ),
    ),
    fault(
        "F06-imperative",
        "one phase that succeeds makes a pass succeed",
        FAILING,
        "status",
        ("imperative/phases.py", "    if decisive:\n", "    if len(decisive) == len(required):\n"),
    ),
    fault(
        "F06-declarative",
        "a failed phase does not make a pass fail",
        FAILING,
        "status",
        (
            "declarative/loop.py",
            "        if name in failing:\n            return False, result.error",
            "        if name in failing:\n            return True, result.error",
        ),
    ),
    fault(
        "F07-imperative",
        "a branch of a later pass takes the place of the earlier",
        GATED,
        "outputs",
        (
            "imperative/loop.py",
            '{f"{index}/{name}": branch for name, branch in branches.items()}',
            "branches",
        ),
    ),
    fault(
        "F07-declarative",
        "a branch of a later pass takes the place of the earlier",
        GATED,
        "outputs",
        (
            "declarative/loop.py",
            'run.branches[f"{index}/{name}"] = branch',
            "run.branches[name] = branch",
        ),
    ),
    fault(
        "F08-imperative",
        "a condition that cannot be decided skips",
        GATED,
        "plan",
        (
            "imperative/conditions.py",
            "        raise ConditionError(\n            f\"phase '{condition.phase}' has no metric '{condition.name}'; it has: {known}\"\n        )",
            "        return f\"phase '{condition.phase}' has no metric '{condition.name}'; it has: {known}\"",
        ),
    ),
    fault(
        "F08-declarative",
        "a condition that cannot be decided skips",
        GATED,
        "plan",
        (
            "declarative/conditions.py",
            "raise ConditionError(f\"the phase '{metric.phase}' has no metric '{metric.name}'\")",
            "return f\"the phase '{metric.phase}' has no metric '{metric.name}'\"",
        ),
    ),
)
