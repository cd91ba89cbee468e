"""Mistakes in windows, draws, choices, chains and statistics."""

from __future__ import annotations

from typing import Final

from parity.faults.catalogue.writing import fault
from parity.faults.fault import Fault
from parity.faults.scenarios import (
    BOOTSTRAP,
    ONE_TRADE,
    PIPELINE,
    RANDOM_SPLIT,
    SEARCH,
    SEEDED,
    SPLIT,
    WALK,
)

__all__ = ["FAULTS"]

FAULTS: Final[tuple[Fault, ...]] = (
    fault(
        "F34-declarative-unset",
        "the seed is not handed on",
        SEEDED,
        "windows",
        (
            "declarative/tasks.py",
            "            seed=around.configuration.random_seed,\n",
            "            seed=0,\n",
        ),
    ),
    fault(
        "X14-imperative-longer",
        "a test is one bar longer",
        WALK,
        "windows",
        (
            "imperative/sequences/windows.py",
            "Stretch(first_test, first_test + test - 1)",
            "Stretch(first_test, first_test + test)",
        ),
    ),
    fault(
        "F27-declarative",
        "train reaches into the test",
        SPLIT,
        "windows",
        (
            "declarative/patterns/sequences/train_test.yaml",
            "    last: split - 1",
            "    last: split",
        ),
    ),
    fault(
        "X14-declarative-step",
        "windows do not step",
        WALK,
        "windows",
        (
            "declarative/patterns/sequences/walk_forward.yaml",
            "    first: choose(config.walk_forward.anchored, 0, index * step)",
            "    first: choose(config.walk_forward.anchored, 0, index)",
        ),
    ),
    fault(
        "X05-declarative-none",
        "nothing warms up",
        SPLIT,
        "windows",
        (
            "declarative/patterns/sequences/train_test.yaml",
            "    first: split\n    last: bars - 1\n    warmup: config.train_test.warmup_bars\n",
            "    first: split\n    last: bars - 1\n    warmup: 0\n",
        ),
    ),
    fault(
        "X05-declarative-strategy",
        "a strategy hears what comes before the window",
        SPLIT,
        "topology",
        (
            "declarative/patterns/parts/strategies.yaml",
            (
                "    from: features/${stream.symbol}/${stream.timeframe}\n"
                "    to: strategy/${strategy.name}\n"
                "    topic: trading\n"
            ),
            (
                "    from: features/${stream.symbol}/${stream.timeframe}\n"
                "    to: strategy/${strategy.name}\n"
            ),
        ),
    ),
    fault(
        "X15-declarative",
        "a test keeps its positions",
        WALK,
        "topology",
        (
            "declarative/patterns/sequences/walk_forward.yaml",
            "        closes: config.walk_forward.close_at_end",
            "        closes: config.execution.close_at_end",
        ),
    ),
    fault(
        "X16-declarative-choice",
        "a test does not take what its train chose",
        SPLIT,
        "windows",
        ("declarative/patterns/sequences/train_test.yaml", "    best_of: train\n", ""),
    ),
    fault(
        "F34-imperative-sample",
        "every random sample is the first",
        RANDOM_SPLIT,
        "windows",
        (
            "imperative/sequences/combinations.py",
            "draw = generator(seed, (*spawn_key, index))",
            "draw = generator(seed, (*spawn_key, 0))",
        ),
    ),
    fault(
        "X10-imperative-noise",
        "noise is cut to whole numbers in place of rounded",
        PIPELINE,
        "windows",
        (
            "imperative/sequences/noise.py",
            "return max(round(value), 1, int(parameter.minimum or 1))",
            "return max(int(value), 1, int(parameter.minimum or 1))",
        ),
    ),
    fault(
        "X17-imperative",
        "the last block is never drawn",
        BOOTSTRAP,
        "trace",
        (
            "imperative/sequences/bootstrap.py",
            "draw.integers(0, n - block_bars + 1)",
            "draw.integers(0, n - block_bars)",
        ),
    ),
    fault(
        "X18-declarative-first",
        "a window's first return is against what the chain has reached",
        WALK,
        "equity",
        (
            "declarative/chaining.py",
            "before = np.concatenate(((initial_capital,), equities[:-1]))",
            "before = np.concatenate(((capital,), equities[:-1]))",
        ),
    ),
    fault(
        "X18-imperative-overlap",
        "overlapping tests count whole",
        WALK,
        "trades",
        (
            "imperative/sequences/walk_forward.py",
            "if step < settings.test_bars:",
            "if step > settings.test_bars:",
        ),
    ),
    fault(
        "F31-imperative-statistics",
        "population instead of sample deviation over iterations",
        WALK,
        "outputs",
        (
            "imperative/statistics.py",
            "math.sqrt(total / (len(values) - 1))",
            "math.sqrt(total / len(values))",
        ),
    ),
    fault(
        "X07-imperative-threshold",
        "a threshold that is met exactly is not met",
        ONE_TRADE,
        "config",
        ("imperative/findings.py", '">=": operator.ge', '">=": operator.gt'),
    ),
    fault(
        "X16-imperative-direction",
        "the worst is best where more is better",
        SPLIT,
        "windows",
        (
            "imperative/findings.py",
            '-value if objective.direction == "max" else value',
            'value if objective.direction == "max" else -value',
        ),
    ),
    fault(
        "F31-imperative-regime",
        "population instead of sample deviation within a regime",
        PIPELINE,
        "outputs",
        ("imperative/analyses/regimes.py", "math.sqrt(m2 / (count - 1))", "math.sqrt(m2 / count)"),
    ),
    fault(
        "X19-declarative",
        "the search is never widened",
        SEARCH,
        "config",
        (
            "declarative/patterns/workflows/adaptive_strategy_search.yaml",
            "change: {parameter_space: {widen: 1.5}}",
            "change: {parameter_space: {widen: 1}}",
        ),
    ),
)
