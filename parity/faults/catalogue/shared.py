"""Mistakes that both engines make alike, so that comparing one with the other shows nothing.

Each is seen by the oracle, by an invariant, by a relation, or by how a run must end.
"""

from __future__ import annotations

from typing import Final

import msgspec

from parity.faults.catalogue.writing import fault
from parity.faults.fault import Fault
from parity.faults.scenarios import (
    COMPONENTS,
    GATED,
    NULL_FIGURES,
    PIPELINE,
    SIMPLE,
    SPLIT,
    TWO_SYMBOLS,
    WALK,
    WINDOWLESS,
)

__all__ = ["FAULTS"]

_PERTURBED: Final = msgspec.structs.replace(COMPONENTS, oracle=False, relations=("later_bars",))
_IN_BETWEEN: Final = msgspec.structs.replace(WALK, oracle=False, relations=("other_between",))

FAULTS: Final[tuple[Fault, ...]] = (
    fault(
        "F01-both",
        "phases run as they are written",
        GATED,
        "ending:failed",
        (
            "imperative/ordering.py",
            "ready = next((phase for phase in waiting if done.issuperset(phase.dependencies)), None)",
            "ready = waiting[0]",
        ),
        (
            "declarative/workflows.py",
            "ready = (p for p in phases if p.name not in done and done.issuperset(p.depends_on))",
            "ready = (p for p in phases if p.name not in done)",
        ),
    ),
    fault(
        "F03-both",
        "dependents of a failed phase still run",
        GATED,
        "invariant:statuses",
        (
            "imperative/phases.py",
            '    for name in phase.dependencies:\n        if results[name].status == "failed":',
            '    for name in ():\n        if results[name].status == "failed":',
        ),
        (
            "declarative/phases.py",
            '    for name in depends_on:\n        if finished.results[name].status == "failed":',
            '    for name in ():\n        if finished.results[name].status == "failed":',
        ),
    ),
    fault(
        "F04-both",
        "hooks are counted from 1",
        GATED,
        "invariant:passes",
        (
            "imperative/hooks.py",
            'arguments = {"index": self._index}',
            'arguments = {"index": self._index + 1}',
        ),
        (
            "declarative/loop.py",
            'hook="should_continue", arguments={"index": index}',
            'hook="should_continue", arguments={"index": index + 1}',
        ),
    ),
    fault(
        "F07-both",
        "a branch of a later pass takes the place of the earlier",
        GATED,
        "invariant:summaries",
        (
            "imperative/loop.py",
            '{f"{index}/{name}": branch for name, branch in branches.items()}',
            "branches",
        ),
        (
            "declarative/loop.py",
            'run.branches[f"{index}/{name}"] = branch',
            "run.branches[name] = branch",
        ),
    ),
    fault(
        "F11-both",
        "slices are counted and not run",
        SIMPLE,
        "invariant:slices",
        (
            "imperative/unit.py",
            "            run(times_ns[first : first + _TIMES_AT_ONCE].tolist())",
            "            run([])",
        ),
        (
            "declarative/driver.py",
            "        bus.run_slices(times_ns[first : first + CHUNK_SLICES].tolist())",
            "        bus.run_slices([])",
        ),
    ),
    fault(
        "F15-both",
        "containers are started in another order",
        TWO_SYMBOLS,
        "invariant:lifecycle",
        (
            "imperative/unit.py",
            "    for container in unit.bus.containers:\n        container.start()",
            "    for container in reversed(unit.bus.containers):\n        container.start()",
        ),
        (
            "declarative/driver.py",
            "    for container in containers:\n        container.start()",
            "    for container in reversed(containers):\n        container.start()",
        ),
    ),
    fault(
        "F16-both",
        "a container that failed is not cleaned",
        GATED,
        "invariant:lifecycle",
        (
            "imperative/unit.py",
            "return container.state not in (State.CREATED, State.CLEANED)",
            "return container.state not in (State.CREATED, State.CLEANED, State.FAULTED)",
        ),
        (
            "declarative/driver.py",
            "if container.state not in (State.CREATED, State.CLEANED):",
            "if container.state not in (State.CREATED, State.CLEANED, State.FAULTED):",
        ),
    ),
    fault(
        "F26-both",
        "windows are counted in calendar days",
        WALK,
        "invariant:windows",
        (
            "imperative/sequences/windows.py",
            "    train, test = settings.train_bars, settings.test_bars\n    if train",
            "    train, test = settings.train_bars * 5 // 7, settings.test_bars * 5 // 7\n    if train",
        ),
        (
            "declarative/patterns/sequences/walk_forward.yaml",
            "  train: config.walk_forward.train_bars\n  test: config.walk_forward.test_bars\n",
            "  train: config.walk_forward.train_bars * 5 // 7\n  test: config.walk_forward.test_bars * 5 // 7\n",
        ),
    ),
    fault(
        "F27-both",
        "train reaches into the test",
        SPLIT,
        "invariant:windows",
        (
            "imperative/sequences/windows.py",
            "return Split(Stretch(0, first_test - 1), Stretch(first_test, n - 1))",
            "return Split(Stretch(0, first_test), Stretch(first_test, n - 1))",
        ),
        (
            "declarative/patterns/sequences/train_test.yaml",
            "    last: split - 1",
            "    last: split",
        ),
    ),
    fault(
        "F28-both",
        "no window at all counts as success",
        WINDOWLESS,
        "refusal",
        (
            "imperative/sequences/windows.py",
            "    if train + test > n:\n",
            "    if train + test > n * 1000:\n",
        ),
        (
            "imperative/planning.py",
            "        if not planned:\n            message",
            "        if planned is None:\n            message",
        ),
        (
            "declarative/sequences.py",
            '        raise _unfit(entries, "there is no window that fits", around)',
            "        return",
        ),
    ),
    fault(
        "F29-both",
        "symbols are streamed one after another",
        TWO_SYMBOLS,
        "invariant:time_order",
        (
            "containers/data/market.py",
            '        ends.sort(kind="stable")  # which makes quick work of runs that are sorted already\n',
            "",
        ),
    ),
    fault(
        "F30-both-same-bar",
        "an order fills at the open of the bar that it was decided on",
        TWO_SYMBOLS,
        "invariant:fill_bars",
        (
            "containers/trading/execution.py",
            "filling = Step.OPEN_FILLS if at_open else Step.CLOSE_FILLS",
            "filling = Step.CLOSE_FILLS",
        ),
    ),
    fault(
        "F32-both-best",
        "a null metric is best",
        NULL_FIGURES,
        "invariant:aggregation",
        (
            "imperative/findings.py",
            "        return broken, True, 0.0",
            "        return broken, False, -math.inf",
        ),
        (
            "declarative/statistics.py",
            "        return breaks, True, 0.0",
            "        return breaks, False, -math.inf",
        ),
    ),
    fault(
        "F33-both",
        "aggregates are taken from another level and yield nothing",
        WALK,
        "invariant:aggregation",
        (
            "imperative/findings.py",
            'sum(int(portfolio.metrics["num_trades"] or 0) for portfolio in held)',
            "0",
        ),
        (
            "declarative/outcomes.py",
            '        trades += int(metrics["num_trades"] or 0)\n',
            "        trades += 0\n",
        ),
    ),
    fault(
        "F31-both-statistics",
        "population instead of sample deviation over iterations",
        WALK,
        "invariant:aggregation",
        (
            "imperative/statistics.py",
            "math.sqrt(total / (len(values) - 1))",
            "math.sqrt(total / len(values))",
        ),
        ("declarative/statistics.py", "(len(known) - 1)", "len(known)"),
    ),
    fault(
        "F34-both",
        "the seed is reset at each iteration",
        PIPELINE,
        "invariant:windows",
        (
            "imperative/sequences/noise.py",
            "np.random.SeedSequence(seed, spawn_key=spawn_key)",
            "np.random.SeedSequence(seed)",
        ),
        (
            "declarative/variations.py",
            "np.random.PCG64(np.random.SeedSequence(random_seed, spawn_key=spawn_key))",
            "np.random.PCG64(np.random.SeedSequence(random_seed))",
        ),
    ),
    fault(
        "F35-both",
        "defaults are changed: a later run inherits from an earlier",
        _IN_BETWEEN,
        "relation:other_between",
        (
            "imperative/defaults.py",
            "    merged = dict(base)\n    for key, value in over.items():\n        below = merged.get(key)\n",
            "    merged = base\n    for key, value in over.items():\n        below = merged.get(key)\n",
        ),
        ("declarative/resolution.py", "    merged = dict(lower)\n", "    merged = lower\n"),
    ),
    fault(
        "F36-both",
        "iterations share their settings, and noise compounds",
        PIPELINE,
        "invariant:windows",
        (
            "imperative/sequences/monte_carlo.py",
            '                yield Iteration("sample", scope.changed(noise, spawn_key), noise)',
            '                scope = scope.changed(noise, spawn_key[:-1])\n                yield Iteration("sample", scope.changed(noise, spawn_key), noise)',
        ),
        (
            "declarative/sequences.py",
            "    parameters = noisy(configuration, components, draws)\n",
            "    parameters = noisy(configuration, components, draws)\n    for s in configuration.strategies:\n        s.parameters.update({k.rpartition('.')[2]: v for k, v in parameters.items()})\n",
        ),
    ),
)
