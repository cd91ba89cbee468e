"""The scenarios of the catalogue: small configurations, each for several faults."""

from __future__ import annotations

from typing import Final

import msgspec

from parity.faults.bars import Bars
from parity.faults.fault import Scenario
from parity.faults.own import (
    GATED_PATTERN,
    GATED_PYTHON,
    NESTED_PATTERN,
    NESTED_PYTHON,
    SHADOW_PATTERN,
    SHADOW_PYTHON,
)

__all__ = [
    "BOOTSTRAP",
    "COMPONENTS",
    "COOLDOWN",
    "DRAWDOWN",
    "FAILING",
    "GATED",
    "GATED_BY_DEFAULT",
    "MANY_UNITS",
    "NESTED",
    "NULL_FIGURES",
    "ONE_TRADE",
    "PHASE_OVERRIDE",
    "PIPELINE",
    "RANDOM_SPLIT",
    "REPLAY",
    "RULES_OFF",
    "SEARCH",
    "SEEDED",
    "SHADOWED_PATTERN",
    "SHADOWED_PYTHON",
    "SHORT_BOOTSTRAP",
    "SHORT_PIPELINE",
    "SHORT_WALK",
    "SIMPLE",
    "SPLIT",
    "STOP_AT_THE_LIMIT",
    "TIE",
    "TWO_STRATEGIES",
    "TWO_SYMBOLS",
    "UNKNOWN_SEQUENCE_IN_PATTERN",
    "UNKNOWN_SEQUENCE_IN_PYTHON",
    "WALK",
    "WINDOWLESS",
    "cut",
    "spread",
]

# Two symbols with holes between them, and one that falls: made up to be followed by hand.
_AAA: Final = Bars(
    "AAA",
    rows=(
        "2024-01-02,100.0,101.0,99.0,100.0,10000",
        "2024-01-03,100.0,101.0,99.0,100.0,11000",
        "2024-01-04,100.0,103.0,100.0,102.0,12000",
        "2024-01-05,110.0,113.0,109.0,112.0,20000",
        "2024-01-09,108.0,108.0,93.0,94.0,25000",
        "2024-01-10,95.0,96.0,91.0,92.0,18000",
        "2024-01-11,91.0,92.0,87.0,88.0,15000",
        "2024-01-12,88.0,89.0,85.0,86.0,14000",
        "2024-01-16,86.0,87.0,83.0,84.0,13000",
        "2024-01-17,85.0,97.0,84.0,96.0,22000",
    ),
)
_BBB: Final = Bars(
    "BBB",
    rows=(
        "2024-01-02,50.0,51.0,49.0,50.0,8000",
        "2024-01-03,50.0,51.0,49.0,50.0,8100",
        "2024-01-04,50.0,52.0,50.0,51.0,",
        "2024-01-05,51.0,53.0,51.0,52.0,8300",
        "2024-01-08,52.0,54.0,52.0,53.0,8400",
        "2024-01-09,53.0,55.0,53.0,54.0,8500",
        "2024-01-11,54.0,54.0,51.0,52.0,8600",
        "2024-01-12,53.0,53.0,47.0,48.0,8700",
        "2024-01-16,47.0,48.0,45.0,46.0,8800",
        "2024-01-17,46.0,47.0,44.0,45.0,8900",
        "2024-01-18,45.0,46.0,43.0,44.0,9000",
        "2024-01-19,44.0,45.0,42.0,43.0,9100",
    ),
)
_CCC: Final = Bars(
    "CCC",
    rows=(
        "2024-03-04,100.0,101.0,99.0,100.0,5000",
        "2024-03-05,100.0,101.0,99.0,100.0,5000",
        "2024-03-06,99.0,99.0,93.0,94.0,5000",
        "2024-03-07,92.0,93.0,79.0,80.0,5000",
        "2024-03-08,80.0,82.0,77.0,78.0,5000",
        "2024-03-11,79.0,88.0,78.0,87.0,5000",
        "2024-03-12,85.0,86.0,71.0,72.0,5000",
        "2024-03-13,73.0,81.0,72.0,80.0,5000",
        "2024-03-14,79.0,80.0,67.0,68.0,5000",
        "2024-03-15,69.0,75.0,68.0,74.0,5000",
        "2024-03-18,75.0,81.0,74.0,80.0,5000",
        "2024-03-19,80.0,81.0,78.0,79.0,5000",
    ),
)
# Bought at 100 on the second bar; the third closes at exactly 75.
_STOP: Final = Bars(
    "STOP",
    rows=(
        "2024-01-01,100,101,99,100,",
        "2024-01-02,100,101,99,100,",
        "2024-01-03,90,91,74,75,",
        "2024-01-04,80,81,79,80,",
    ),
)
# The averages of 2 and 4 closes are equal on the fifth bar.
_EVEN: Final = Bars(
    "EVEN",
    rows=(
        "2024-01-01,10,10,10,10,",
        "2024-01-02,11,11,11,11,",
        "2024-01-03,12,12,12,12,",
        "2024-01-04,13,13,13,13,",
        "2024-01-05,10,10,10,10,",
        "2024-01-08,12,12,12,12,",
        "2024-01-09,14,14,14,14,",
        "2024-01-10,11,11,11,11,",
        "2024-01-11,9,9,9,9,",
    ),
)
_ONE: Final = Bars("ONE", 130, seed=3)
_TWO: Final = Bars("TWO", 130, seed=5, skip=7)
_LONG: Final = Bars("LONG", 150, seed=4, swing=40)
# Nothing that is tried on it is good enough at first.
_POOR: Final = Bars("ONE", 130, seed=1)

TWO_SYMBOLS: Final = Scenario(
    """workflow: simple_backtest
data: {data_dir: .}
symbols: [AAA, BBB]
strategies: [{type: momentum, parameters: {fast_period: 2, slow_period: 3}}]
risk_profiles:
  - {type: custom, name: steady, max_position_size: 0.6, stop_loss: 0.05}
  - {type: aggressive, max_position_size: 1.0}
execution:
  {fill: next_open, slippage_bps: 10, commission_bps: 2, commission_per_share: 0.02,
   commission_fixed: 1, commission_minimum: 10, close_at_end: true}
portfolio: {initial_capital: 100000, lot_size: 10, allow_short: true}
""",
    (_AAA, _BBB),
)
DRAWDOWN: Final = Scenario(
    """workflow: simple_backtest
data: {data_dir: .}
symbols: [CCC]
strategies: [{type: mean_reversion, name: dip, parameters: {lookback: 3, num_std: 1.0}}]
risk_profiles:
  - {type: custom, name: guarded, max_position_size: 1.2, max_leverage: 1.0, max_drawdown: 0.05,
     drawdown_cooldown_bars: 2}
execution: {fill: same_close, slippage_bps: 10, commission_bps: 10}
portfolio: {initial_capital: 10000, fractional: true, allow_short: true}
""",
    (_CCC,),
)
TIE: Final = Scenario(
    """workflow: simple_backtest
data: {data_dir: .}
symbols: [EVEN]
strategies: [{type: momentum, parameters: {fast_period: 2, slow_period: 4}}]
risk_profiles: [{type: aggressive}]
portfolio: {allow_short: true}
""",
    (_EVEN,),
)
SIMPLE: Final = Scenario(
    """workflow: simple_backtest
data: {data_dir: .}
symbols: [ONE]
strategies: [{type: momentum, parameters: {fast_period: 3, slow_period: 8}}]
""",
    (_ONE,),
)
COOLDOWN: Final = Scenario(
    """workflow: simple_backtest
data: {data_dir: .}
symbols: [LONG]
strategies: [{type: momentum, parameters: {fast_period: 2, slow_period: 5}}]
risk_profiles: [{type: aggressive, max_drawdown: 0.03, drawdown_cooldown_bars: 3}]
portfolio: {allow_short: true}
""",
    (_LONG,),
)
PHASE_OVERRIDE: Final = Scenario(
    """workflow: simple_backtest
data: {data_dir: .}
symbols: [AAA]
strategies: [{type: momentum, parameters: {fast_period: 1, slow_period: 2}}]
portfolio: {initial_capital: 50000}
phases: {backtest: {portfolio: {initial_capital: 60000}}}
""",
    (_AAA,),
)
RULES_OFF: Final = Scenario(
    """workflow: simple_backtest
data: {data_dir: .}
symbols: [AAA, BBB]
strategies: [{type: buy_and_hold}]
risk_profiles: [{type: aggressive, max_position_size: 0.9, max_leverage: null}]
""",
    (_AAA, _BBB),
)
TWO_STRATEGIES: Final = Scenario(
    """workflow: simple_backtest
data: {data_dir: .}
symbols: [AAA, BBB]
strategies: [{type: buy_and_hold}, {type: momentum}]
risk_profiles: [{type: aggressive}, {type: conservative}]
""",
    (_AAA, _BBB),
)
SEEDED: Final = Scenario(
    """workflow: simple_backtest
data: {data_dir: .}
symbols: [AAA]
strategies: [{type: buy_and_hold}]
random_seed: 7
""",
    (_AAA,),
)
REPLAY: Final = Scenario(
    """workflow: signal_generation_and_replay
data: {data_dir: .}
symbols: [AAA, BBB]
strategies: [{type: momentum, parameters: {fast_period: 1, slow_period: 2}}]
""",
    (_AAA, _BBB),
)
STOP_AT_THE_LIMIT: Final = Scenario(
    """workflow: simple_backtest
data: {data_dir: .}
symbols: [STOP]
strategies: [{type: buy_and_hold}]
risk_profiles: [{type: aggressive, stop_loss: 0.25}]
""",
    (_STOP,),
)
COMPONENTS: Final = Scenario(
    """workflow: simple_backtest
data: {data_dir: .}
symbols: [ONE, TWO]
strategies:
  - {type: rsi, parameters: {period: 5}}
  - {type: breakout, parameters: {lookback: 5}}
  - {type: rate_of_change, parameters: {lookback: 4}}
  - {type: ensemble, parameters: {members: {rsi: 1, breakout: -0.5}}}
classifiers: [{type: volatility, parameters: {lookback: 5}}]
portfolio: {allow_short: true}
""",
    (_ONE, _TWO),
)

_STUDY: Final = """
data: {data_dir: .}
symbols: [ONE]
strategies: [{type: momentum, parameters: {fast_period: 3, slow_period: 8}}]
risk_profiles: [{type: aggressive}]
parameter_space: {momentum.fast_period: [2, 4], momentum.slow_period: [7, 12]}
walk_forward: {train_bars: 40, test_bars: 25, step_bars: 15}
monte_carlo: {iterations: 3, noise_level: 0.3}
"""
WALK: Final = Scenario("workflow: walk_forward_validation" + _STUDY, (_ONE,))
SPLIT: Final = Scenario("workflow: train_test_optimization" + _STUDY, (_ONE,))
RANDOM_SPLIT: Final = Scenario(SPLIT.config + "parameter_sweep: {random: {count: 4}}\n", (_ONE,))
PIPELINE: Final = Scenario(
    "workflow: research_pipeline"
    + _STUDY
    + "classifiers: [{type: trend, parameters: {fast_period: 2, slow_period: 6}}]\n"
    + "objective: {metric: total_return}\n",
    (_ONE,),
)
BOOTSTRAP: Final = Scenario(
    """workflow: research_pipeline
data: {data_dir: .}
symbols: [ONE]
strategies: [{type: momentum, parameters: {fast_period: 3, slow_period: 8}}]
objective: {metric: total_return}
parameter_space: {momentum.slow_period: [7, 12]}
monte_carlo: {iterations: 3, method: block_bootstrap, block_bars: 10}
walk_forward: {train_bars: 40, test_bars: 25}
""",
    (_ONE,),
)
# The one trade of the first strategy is what the objective asks for, exactly.
ONE_TRADE: Final = Scenario(
    """workflow: research_pipeline
data: {data_dir: .}
symbols: [ONE]
strategies: [{type: buy_and_hold}, {type: momentum}]
execution: {close_at_end: true}
objective: {metric: num_trades, constraints: [{metric: num_trades, operator: "==", value: 1}]}
parameter_space: {momentum.slow_period: [200, 250]}
walk_forward: {train_bars: 40, test_bars: 25}
monte_carlo: {iterations: 3}
""",
    (_ONE,),
)
SEARCH: Final = Scenario(
    """workflow: adaptive_strategy_search
data: {data_dir: .}
symbols: [ONE]
strategies: [{type: momentum, parameters: {fast_period: 3, slow_period: 8}}]
parameter_space: {momentum.fast_period: [2, 4], momentum.slow_period: [7, 12]}
walk_forward: {train_bars: 40, test_bars: 25}
max_iterations: 2
""",
    (_POOR,),
)

_SPREAD_STUDY: Final = """
data: {data_dir: ., end_date: 2020-02-28}
symbols: [ONE, TWO]
strategies: [{type: momentum, parameters: {fast_period: 2, slow_period: 4}}]
risk_profiles: [{type: aggressive}, {type: moderate}]
objective: {metric: total_return}
parameter_space: {momentum.slow_period: [3, 5]}
walk_forward: {train_bars: 15, test_bars: 8}
results: {store_full_results: true}
random_seed: 7
"""
# Two windows and more with two choices each.
SHORT_WALK: Final = Scenario(
    "workflow: walk_forward_validation" + _SPREAD_STUDY, (_ONE, _TWO), oracle=False
)
# Four phases.
SHORT_PIPELINE: Final = Scenario(
    "workflow: research_pipeline"
    + _SPREAD_STUDY
    + "monte_carlo: {iterations: 3, noise_level: 0.2}\n",
    (_ONE, _TWO),
    oracle=False,
)
SHORT_BOOTSTRAP: Final = Scenario(
    "workflow: research_pipeline"
    + _SPREAD_STUDY.replace("[ONE, TWO]", "[ONE]")
    + "monte_carlo: {iterations: 3, method: block_bootstrap, block_bars: 5}\n",
    (_ONE,),
    oracle=False,
)
# So many short units that several travel together to a worker: 33. The first, which goes alone, is
# the best, so that what befalls the others does not change the test.
MANY_UNITS: Final = Scenario(
    """workflow: train_test_optimization
data: {data_dir: ., end_date: 2020-02-05}
symbols: [ONE]
strategies: [{type: momentum}]
risk_profiles: [{type: aggressive}]
objective: {metric: total_return}
parameter_space:
  momentum.fast_period: [1, 2, 3, 4]
  momentum.slow_period: [7, 5, 6, 8, 9, 10, 11, 12]
""",
    (_ONE,),
    oracle=False,
)


def spread(scenario: Scenario, engine: str, storage: str = "hybrid") -> Scenario:
    """Let ``engine`` spread its units over a process, and hold it against the other in this one."""
    return _told(scenario, engine, f"executor=processes:1,storage={storage}")


def cut(scenario: Scenario, engine: str, after: int = 3) -> Scenario:
    """Interrupt ``engine`` after so many units and resume it."""
    return _told(scenario, engine, f"storage=disk,interrupt={after}")


def _told(scenario: Scenario, engine: str, options: str) -> Scenario:
    other = "declarative" if engine == "imperative" else "imperative"
    return msgspec.structs.replace(scenario, control=other, candidates=(f"{engine}:{options}",))


GATED: Final = Scenario(
    """workflow: gated
data: {data_dir: ., end_date: 2020-03-31}
symbols: [ONE]
strategies: [{type: momentum, parameters: {fast_period: 3, slow_period: 8}}]
risk_profiles: [{type: aggressive}]
classifiers: [{type: trend, parameters: {fast_period: 2, slow_period: 6}}]
parameter_space: {momentum.fast_period: [2, 4]}
phases:
  breaks: {strategies: [{type: momentum}, {type: brittle, parameters: {bears: 1.0}}]}
max_iterations: 2
results: {storage: disk}
random_seed: 5
""",
    (_ONE,),
    files={"remark.json": "not this\n"},
    patterns={"gated.yaml": GATED_PATTERN},
    components={"gated.py": GATED_PYTHON},
)

# It goes on for two passes by what its condition says, not by the limit, which is the default.
GATED_BY_DEFAULT: Final = msgspec.structs.replace(
    GATED,
    config=GATED.config.replace("max_iterations: 2\n", ""),
    patterns={
        "gated.yaml": GATED_PATTERN.replace(
            'bars > 10"}\n  change', 'bars > 10 and iteration < 1"}\n  change'
        )
    },
    components={
        "gated.py": GATED_PYTHON.replace(
            'return result.phase_results["first"].metrics["bars"] > 10', "return index < 1"
        )
    },
)
# A required phase fails, others succeed.
FAILING: Final = msgspec.structs.replace(
    GATED,
    config=GATED.config.replace(
        "phases:\n",
        "phases:\n"
        "  middle: {strategies: [{type: momentum}, {type: brittle, parameters: {bears: 1.0}}]}\n",
    ),
    ending="failed",
)
# One name, the shipped definition's and the user's: whichever engine it is must refuse that.
SHADOWED_PYTHON: Final = msgspec.structs.replace(
    SIMPLE,
    components={"mine.py": SHADOW_PYTHON},
    candidates=("imperative",),
    ending="refused",
    refused=("two workflows are called 'simple_backtest'", "mine.py:4"),
)
UNKNOWN_SEQUENCE_IN_PYTHON: Final = msgspec.structs.replace(
    SIMPLE,
    config=SIMPLE.config.replace("simple_backtest", "mine"),
    components={
        "mine.py": SHADOW_PYTHON.replace("simple_backtest", "mine").replace(
            "train_test", "train_tset"
        )
    },
    candidates=("imperative",),
    ending="refused",
    refused=("names the sequence 'train_tset', which does not exist", "train_test"),
)
UNKNOWN_SEQUENCE_IN_PATTERN: Final = msgspec.structs.replace(
    SIMPLE,
    config=SIMPLE.config.replace("simple_backtest", "mine"),
    patterns={
        "mine.yaml": SHADOW_PATTERN.replace("simple_backtest", "mine").replace(
            "train_test", "train_tset"
        )
    },
    control="declarative",
    ending="refused",
    refused=("mine.yaml:3:", "there is no sequence 'train_tset'", "train_test"),
)
SHADOWED_PATTERN: Final = msgspec.structs.replace(
    SIMPLE,
    patterns={"mine.yaml": SHADOW_PATTERN},
    control="declarative",
    ending="refused",
    refused=("mine.yaml:2:7", "the workflow 'simple_backtest' exists already"),
)
WINDOWLESS: Final = msgspec.structs.replace(
    WALK,
    config=WALK.config.replace("train_bars: 40", "train_bars: 500"),
    ending="refused",
    refused=("config.yaml:7:15: walk_forward: ",),
)
# Of two combinations one never trades, so that its Sharpe ratio is null, and the other one loses.
NULL_FIGURES: Final = msgspec.structs.replace(
    SPLIT,
    config=SPLIT.config.replace("[7, 12]", "[12, 120]").replace(
        "fast_period: [2, 4]", "fast_period: [4]"
    ),
)
NESTED: Final = Scenario(
    """workflow: nested
data: {data_dir: .}
symbols: [ONE]
strategies: [{type: momentum, parameters: {fast_period: 3, slow_period: 8}}]
risk_profiles: [{type: aggressive}]
parameter_space: {momentum.fast_period: [2, 4]}
walk_forward: {train_bars: 50, test_bars: 30}
monte_carlo: {iterations: 2}
k_fold: {folds: 3, embargo_bars: 2}
""",
    (_ONE,),
    patterns={"nested.yaml": NESTED_PATTERN},
    components={"nested.py": NESTED_PYTHON},
)
