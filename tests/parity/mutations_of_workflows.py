"""Mistakes of one token in what runs many units: windows, draws, choices, chains, conditions.

The forms are those of `mutations`; `config` names a text of `CONFIGURATIONS`, whose ``{market}`` is
the folder of the real bars.
"""

from __future__ import annotations

from typing import Final

from tests.parity.mutations import Mutation

__all__ = ["CONFIGURATIONS", "IN_COMPONENTS", "IN_WORKFLOWS"]

_STUDY: Final = """
data: {{data_dir: {market}, start_date: 2004-07-01, end_date: 2004-12-31}}
symbols: [AAPL]
strategies: [{{type: momentum, parameters: {{fast_period: 3, slow_period: 8}}}}]
risk_profiles: [{{type: aggressive}}]
parameter_space: {{momentum.fast_period: [2, 4], momentum.slow_period: [7, 12]}}
walk_forward: {{train_bars: 40, test_bars: 25, step_bars: 15}}
monte_carlo: {{iterations: 3, noise_level: 0.3}}
"""

CONFIGURATIONS: Final = {
    "walk": "workflow: walk_forward_validation" + _STUDY,
    "split": "workflow: train_test_optimization" + _STUDY,
    "random_split": "workflow: train_test_optimization"
    + _STUDY
    + "parameter_sweep: {{random: {{count: 4}}}}\n",
    "pipeline": "workflow: research_pipeline"
    + _STUDY
    + "classifiers: [{{type: trend, parameters: {{fast_period: 2, slow_period: 6}}}}]\n"
    + "objective: {{metric: total_return}}\n",
    "bootstrap": """
workflow: research_pipeline
data: {{data_dir: {market}, start_date: 2004-07-01, end_date: 2004-12-31}}
symbols: [AAPL]
strategies: [{{type: momentum, parameters: {{fast_period: 3, slow_period: 8}}}}]
parameter_space: {{momentum.slow_period: [7, 12]}}
monte_carlo: {{iterations: 3, method: block_bootstrap, block_bars: 10}}
walk_forward: {{train_bars: 40, test_bars: 25}}
""",
    "one_trade": """
workflow: research_pipeline
data: {{data_dir: {market}, start_date: 2003-01-01, end_date: 2003-06-30}}
symbols: [IBM]
strategies: [{{type: buy_and_hold}}, {{type: momentum}}]
execution: {{close_at_end: true}}
objective: {{metric: num_trades, constraints: [{{metric: num_trades, operator: "==", value: 1}}]}}
parameter_space: {{momentum.slow_period: [200, 250]}}
walk_forward: {{train_bars: 40, test_bars: 25}}
monte_carlo: {{iterations: 3}}
""",
    # Half a year in which the first search finds nothing good enough, so that there is a second.
    "search": """
workflow: adaptive_strategy_search
data: {{data_dir: {market}, start_date: 2003-01-01, end_date: 2003-06-30}}
symbols: [IBM]
strategies: [{{type: momentum, parameters: {{fast_period: 3, slow_period: 8}}}}]
parameter_space: {{momentum.fast_period: [2, 4], momentum.slow_period: [7, 12]}}
walk_forward: {{train_bars: 40, test_bars: 25}}
max_iterations: 2
""",
    "components": """
workflow: simple_backtest
data: {{data_dir: {market}, start_date: 2003-01-01, end_date: 2003-06-30}}
symbols: [IBM, MSFT]
strategies:
  - {{type: rsi, parameters: {{period: 5}}}}
  - {{type: breakout, parameters: {{lookback: 5}}}}
  - {{type: ensemble, parameters: {{members: {{rsi: 1, breakout: -0.5}}}}}}
classifiers: [{{type: volatility, parameters: {{lookback: 5}}}}]
portfolio: {{allow_short: true}}
""",
}


def _engine(name: str, file: str, before: str, after: str, channel: str, config: str) -> Mutation:
    return Mutation(name, file, before, after, config, channel, "declarative")


def _shared(name: str, file: str, before: str, after: str, channel: str, config: str) -> Mutation:
    return Mutation(name, f"containers/{file}", before, after, config, channel, "oracle")


_PATTERNS: Final = "declarative/patterns"

IN_WORKFLOWS = (
    _engine(
        "a test is one bar longer",
        "imperative/sequences/windows.py",
        "Stretch(first_test, first_test + test - 1)",
        "Stretch(first_test, first_test + test)",
        "windows",
        "walk",
    ),
    _engine(
        "train reaches into the test",
        f"{_PATTERNS}/sequences/train_test.yaml",
        "    last: split - 1",
        "    last: split",
        "windows",
        "split",
    ),
    _engine(
        "windows do not step",
        f"{_PATTERNS}/sequences/walk_forward.yaml",
        "    first: choose(config.walk_forward.anchored, 0, index * step)",
        "    first: choose(config.walk_forward.anchored, 0, index)",
        "windows",
        "walk",
    ),
    _engine(
        "nothing warms up",
        f"{_PATTERNS}/sequences/train_test.yaml",
        "    first: split\n    last: bars - 1\n    warmup: config.train_test.warmup_bars\n",
        "    first: split\n    last: bars - 1\n    warmup: 0\n",
        "windows",
        "split",
    ),
    _engine(
        "a strategy hears what comes before the window",
        f"{_PATTERNS}/parts/strategies.yaml",
        "    from: features/${stream.symbol}/${stream.timeframe}\n"
        "    to: strategy/${strategy.name}\n    topic: trading\n",
        "    from: features/${stream.symbol}/${stream.timeframe}\n"
        "    to: strategy/${strategy.name}\n",
        "topology",
        "split",
    ),
    _engine(
        "a test keeps its positions",
        f"{_PATTERNS}/sequences/walk_forward.yaml",
        "        closes: config.walk_forward.close_at_end",
        "        closes: config.execution.close_at_end",
        "topology",
        "walk",
    ),
    _engine(
        "a test does not take what its train chose",
        f"{_PATTERNS}/sequences/train_test.yaml",
        "    best_of: train\n",
        "",
        "windows",
        "split",
    ),
    _engine(
        "every random sample is the first",
        "imperative/sequences/combinations.py",
        "draw = generator(seed, (*spawn_key, index))",
        "draw = generator(seed, (*spawn_key, 0))",
        "windows",
        "random_split",
    ),
    _engine(
        "noise is cut to whole numbers in place of rounded",
        "imperative/sequences/noise.py",
        "return max(round(value), 1, int(parameter.minimum or 1))",
        "return max(int(value), 1, int(parameter.minimum or 1))",
        "windows",
        "pipeline",
    ),
    _engine(
        "the last block is never drawn",
        "imperative/sequences/bootstrap.py",
        "draw.integers(0, n - block_bars + 1)",
        "draw.integers(0, n - block_bars)",
        "trace",
        "bootstrap",
    ),
    _engine(
        "a window's first return is against what the chain has reached",
        "declarative/chaining.py",
        "before = np.concatenate(((initial_capital,), equities[:-1]))",
        "before = np.concatenate(((capital,), equities[:-1]))",
        "equity",
        "walk",
    ),
    _engine(
        "overlapping tests count whole",
        "imperative/sequences/walk_forward.py",
        "if step < settings.test_bars:",
        "if step > settings.test_bars:",
        "trades",
        "walk",
    ),
    _engine(
        "population instead of sample deviation over iterations",
        "imperative/statistics.py",
        "math.sqrt(total / (len(values) - 1))",
        "math.sqrt(total / len(values))",
        "outputs",
        "walk",
    ),
    _engine(
        "a threshold that is met exactly is not met",
        "imperative/findings.py",
        '">=": operator.ge',
        '">=": operator.gt',
        "config",
        "one_trade",
    ),
    _engine(
        "the worst is best where more is better",
        "imperative/findings.py",
        '-value if objective.direction == "max" else value',
        'value if objective.direction == "max" else -value',
        "windows",
        "split",
    ),
    _engine(
        "population instead of sample deviation within a regime",
        "imperative/analyses/regimes.py",
        "math.sqrt(m2 / (count - 1))",
        "math.sqrt(m2 / count)",
        "outputs",
        "pipeline",
    ),
    _engine(
        "the search is never widened",
        f"{_PATTERNS}/workflows/adaptive_strategy_search.yaml",
        "change: {parameter_space: {widen: 1.5}}",
        "change: {parameter_space: {widen: 1}}",
        "config",
        "search",
    ),
)

IN_COMPONENTS = (
    _shared(
        "weights of members count with their signs",
        "components/ensemble.py",
        "weights += abs(weight)",
        "weights += weight",
        "trace",
        "components",
    ),
    _shared(
        "gains are smoothed over one change less",
        "components/smoothing.py",
        "gain = (gain * (n - 1) + up) / n",
        "gain = (gain * (n - 2) + up) / n",
        "trace",
        "components",
    ),
)
