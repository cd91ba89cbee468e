"""Configurations and data that must be refused, with all that must be said.

What refuses them lies in `containers`, so both engines refuse alike, whatever they should. These
texts were read and approved by people: one that changes is changed here as well, or is a mistake.
"""

from __future__ import annotations

from typing import Final

from parity.faults.bars import Bars
from parity.faults.fault import Scenario

__all__ = [
    "BAD_BARS",
    "BAD_STRUCTURE",
    "BAD_SYNTAX",
    "BAD_VALUES",
    "TWO_FILES",
    "UNKNOWN_PHASE",
    "UNKNOWN_WORKFLOW",
    "WRONG_SPACE",
    "WRONG_TOGETHER",
]

_ONE: Final = Bars("ONE", 30)
_TWO: Final = Bars("TWO", 30, seed=2)
BAD_STRUCTURE: Final = Scenario(
    """workflow: simple_backtest
data: {data_dir: ., timestamp: middle, on_bad_bar: ignore}
symbols: [ONE, {symbol: TWO, timeframes: [1d, 24h]}]
strateges: []
strategies:
  - {type: momentun}
  - {type: momentum, parameters: {fast_period: 0, slow: 3}}
  - {type: momentum, parameters: {fast_period: 1.5}}
  - {type: ensemble, parameters: {members: {momentum: "1"}}}
  - {type: ensemble, name: all, parameters: {members: {nobody: 1}}}
risk_profiles: [{type: custom}, {type: aggressive, max_position_size: -1}]
execution: {fill: never, slippage_bps: "5"}
portfolio: {lot_size: 0, allow_short: yes}
trace: {max_events: 1.5}
trace_level: all
random_seed: -1
walk_forward: {train_bars: 0, warmup_bars: some}
k_fold: {folds: 1}
train_test: {train_ratio: 1}
monte_carlo: {noise_level: -0.1, iterations: 0}
results: {storage: tape}
parameter_space: {momentum.fast: [1]}
metrics: {periods_per_year: 0}
max_iterations: 0
objective: {metric: sharp, direction: up, constraints: [{metric: bars, operator: "=>", value: 1}]}
""",
    (_ONE, _TWO),
    ending="refused",
    refused=(
        "config.yaml:2:32: data.timestamp: found 'middle', expected start or end",
        "config.yaml:2:52: data.on_bad_bar: found 'ignore', expected error or drop",
        "config.yaml:4:1: strateges: unknown key 'strateges' (did you mean 'strategies'?)",
        (
            "config.yaml:6:12: strategies[0].type: there is no strategy of type 'momentun' "
            "(did you mean 'momentum'?)"
        ),
        (
            "config.yaml:7:48: strategies[1].parameters.fast_period: found 0, expected a "
            "whole number of at least 1"
        ),
        (
            "config.yaml:7:51: strategies[1].parameters.slow: unknown parameter 'slow' of "
            "strategy 'momentum' (known: fast_period, slow_period)"
        ),
        (
            "config.yaml:8:48: strategies[2].parameters.fast_period: found 1.5, expected a "
            "whole number of at least 1"
        ),
        (
            "config.yaml:9:55: strategies[3].parameters.members.momentum: found '1', "
            "expected a finite number (remove the quotes)"
        ),
        (
            "config.yaml:10:56: strategies[4].parameters.members.nobody: there is no "
            "strategy 'nobody' before 'all' (known: ensemble, momentum, momentun)"
        ),
        (
            "config.yaml:11:71: risk_profiles[1].max_position_size: found -1, expected a "
            "number above 0, or null"
        ),
        ("config.yaml:12:19: execution.fill: found 'never', expected next_open or same_close"),
        (
            "config.yaml:12:40: execution.slippage_bps: found '5', expected a number of at "
            "least 0 and below 10000 (remove the quotes)"
        ),
        "config.yaml:13:23: portfolio.lot_size: found 0, expected a number above 0",
        (
            "config.yaml:13:39: portfolio.allow_short: found 'yes', expected true or false "
            "(write true or false)"
        ),
        (
            "config.yaml:14:21: trace.max_events: found 1.5, expected a whole number of at "
            "least 0, or null"
        ),
        (
            "config.yaml:15:14: trace_level: found 'all', expected none, minimal, standard "
            "or detailed"
        ),
        "config.yaml:16:14: random_seed: found -1, expected a whole number of at least 0",
        (
            "config.yaml:17:28: walk_forward.train_bars: found 0, expected a whole number of "
            "at least 1"
        ),
        (
            "config.yaml:17:44: walk_forward.warmup_bars: found 'some', expected a whole "
            "number of at least 0, or 'auto'"
        ),
        "config.yaml:18:17: k_fold.folds: found 1, expected a whole number of at least 2",
        (
            "config.yaml:19:27: train_test.train_ratio: found 1, expected a number above 0 "
            "and below 1"
        ),
        ("config.yaml:20:28: monte_carlo.noise_level: found -0.1, expected a number of at least 0"),
        (
            "config.yaml:20:46: monte_carlo.iterations: found 0, expected a whole number of "
            "at least 1"
        ),
        ("config.yaml:21:20: results.storage: found 'tape', expected memory, disk or hybrid"),
        (
            "config.yaml:23:29: metrics.periods_per_year: found 0, expected a number above "
            "0, or 'auto'"
        ),
        ("config.yaml:24:17: max_iterations: found 0, expected a whole number of at least 1"),
        (
            "config.yaml:25:21: objective.metric: found 'sharp', expected a known name "
            "(known: annual_return, annual_volatility, bars, calmar_ratio, expectancy, "
            "exposure, final_equity, max_drawdown, min_cash, num_trades, periods_per_year, "
            "profit_factor, ruined_at, sharpe_ratio, sortino_ratio, total_commission, "
            "total_return, turnover, win_rate)"
        ),
        "config.yaml:25:39: objective.direction: found 'up', expected max or min",
        (
            "config.yaml:25:82: objective.constraints[0].operator: found '=>', expected >, "
            ">=, <, <=, == or != (did you mean '>='?)"
        ),
    ),
)
BAD_VALUES: Final = Scenario(
    """workflow: simple_backtest
data: {data_dir: ., start_date: 2020-02-30, end_date: 2019-01-01}
symbols: [ONE, ONE]
strategies:
  - {type: momentum, symbols: [THREE]}
  - {type: momentum, timeframe: 1w}
  - {type: ensemble, parameters: {members: {late: 1}}}
  - {type: rsi, name: late}
risk_profiles: [{type: aggressive}, {type: aggressive}]
parameter_space: {momentum.fast_perid: [5], late.period: []}
phases: {bactest: {}, backtest: {workflow: x, portfolio: {fixed_quantity: 1}}}
""",
    (_ONE, _TWO),
    ending="refused",
    refused=(
        "config.yaml:2:33: data.start_date: '2020-02-30' has no such date in the calendar",
        (
            "config.yaml:7:45: strategies[2].parameters.members.late: the member 'late' is "
            "declared after 'ensemble' (move the strategy 'late' before 'ensemble')"
        ),
        (
            "config.yaml:10:58: parameter_space.late.period: found an empty list, expected "
            "at least one value"
        ),
        (
            "config.yaml:11:34: phases.backtest.workflow: unknown key 'workflow' (a phase "
            "cannot change the workflow)"
        ),
        (
            "config.yaml:11:59: phases.backtest.portfolio.fixed_quantity: unknown key "
            "'fixed_quantity' (known: allow_short, fractional, initial_capital, lot_size)"
        ),
    ),
)
BAD_SYNTAX: Final = Scenario(
    """workflow: simple_backtest
data: {data_dir: .}
data: {data_dir: ..}
symbols: [ONE
strategies: &a [{type: momentum}]
""",
    (_ONE, _TWO),
    ending="refused",
    refused=(
        (
            "config.yaml:3:1: the key 'data' stands here a second time; first in line 2, "
            "column 1 (remove one of the two)"
        ),
        ("config.yaml:4:10: this list in brackets cannot be read (check ',' and the closing ']')"),
    ),
)
UNKNOWN_WORKFLOW: Final = Scenario(
    """workflow: simple_backtset
data: {data_dir: .}
symbols: [ONE]
strategies: [{type: momentum}]
""",
    (_ONE, _TWO),
    ending="refused",
    refused=(
        (
            "config.yaml:1:11: workflow: there is no workflow 'simple_backtset' (did you "
            "mean 'simple_backtest'?)"
        ),
    ),
)
BAD_BARS: Final = Scenario(
    """workflow: simple_backtest
data: {data_dir: ., start_date: 2020-01-01}
symbols: [BAD, GONE]
strategies: [{type: momentum}]
""",
    (_ONE,),
    files={
        "BAD_1d.csv": """Date,open,high,low,close,volume
2024-01-02,100.0,101.0,99.0,100.0,10
2024-01-02,100.0,101.0,99.0,100.0,10
2024-01-03,100.0,99.0,99.0,100.0,10
2024-01-04,100.0,101.0,100.5,100.0,10
2024-01-05,-1,101.0,99.0,100.0,10
2024-01-06,1e999,101.0,99.0,100.0,10
2024-01-07,,101.0,99.0,100.0,10
2024-01-08,x,101.0,99.0,100.0,-5
2024-13-09,100,101.0,99.0,100.0,
2024-01-10,100,101.0,99.0,100.0,-5
"""
    },
    ending="refused",
    refused=(
        (
            "BAD_1d.csv:3:1: Date is '2024-01-02'; expected a time after 2024-01-02, the "
            "last kept bar's (line 2) (on_bad_bar: drop leaves such bars out)"
        ),
        (
            "BAD_1d.csv:4:18: high is '99.0'; expected at least 100.0, the larger of open "
            "and close (on_bad_bar: drop leaves such bars out)"
        ),
        (
            "BAD_1d.csv:5:24: low is '100.5'; expected at most 100.0, the smaller of open "
            "and close (on_bad_bar: drop leaves such bars out)"
        ),
        (
            "BAD_1d.csv:6:12: open is '-1'; expected a finite price above 0 as a plain "
            "decimal number (on_bad_bar: drop leaves such bars out)"
        ),
        (
            "BAD_1d.csv:7:12: open is '1e999'; expected a finite price above 0 as a plain "
            "decimal number (on_bad_bar: drop leaves such bars out)"
        ),
        (
            "BAD_1d.csv:8:12: open is missing; expected a finite price above 0 as a plain "
            "decimal number (on_bad_bar: drop leaves such bars out)"
        ),
        (
            "BAD_1d.csv:9:12: open is 'x'; expected a finite price above 0 as a plain "
            "decimal number (on_bad_bar: drop leaves such bars out)"
        ),
        (
            "BAD_1d.csv:10:1: Date is '2024-13-09'; expected a time that exists "
            "('2024-13-09' has no such date in the calendar) (on_bad_bar: drop leaves such "
            "bars out)"
        ),
        (
            "BAD_1d.csv:11:33: volume is '-5'; expected nothing, or a finite volume of 0 or "
            "more as a plain decimal number (on_bad_bar: drop leaves such bars out)"
        ),
        (
            "config.yaml:3:16: symbols[1]: there is no GONE_1d.csv (or .parquet) for symbol "
            "'GONE' in . (the nearest it holds is ONE_1d.csv)"
        ),
    ),
)
WRONG_TOGETHER: Final = Scenario(
    """workflow: simple_backtest
data: {data_dir: ., start_date: 2020-02-01, end_date: 2020-01-15}
symbols: [ONE, ONE, {symbol: TWO, timeframes: [1d, 24h]}]
strategies:
  - {type: momentum, symbols: [THREE]}
  - {type: momentum, timeframe: 1w}
  - {type: rsi, symbols: []}
risk_profiles: [{type: aggressive}, {type: aggressive}, {type: custom, name: none}]
portfolio: {lot_size: 10}
parameter_space: {momentum.fast_period: [5]}
""",
    (_ONE, _TWO),
    ending="refused",
    refused=(
        ("config.yaml:2:55: data.end_date: the end '2020-01-15' is before the start '2020-02-01'"),
        (
            "config.yaml:8:37: risk_profiles[1].name: two risk profiles are called "
            "'aggressive' (a second one of a type needs a name of its own)"
        ),
        (
            "config.yaml:8:57: risk_profiles[2]: a risk profile needs a size, and this one "
            "has none (set max_position_size or fixed_quantity)"
        ),
        (
            "config.yaml:3:16: symbols[1].symbol: the symbol 'ONE' stands here a second time "
            "(give it all its timeframes in one place)"
        ),
        (
            "config.yaml:3:52: symbols[2].timeframes[1]: '24h' is as long as '1d' (keep one "
            "of the two)"
        ),
        (
            "config.yaml:5:32: strategies[0].symbols[0]: the symbol 'THREE' is not "
            "configured (known: ONE, TWO)"
        ),
        (
            "config.yaml:6:33: strategies[1].timeframe: the symbol 'ONE' has no timeframe "
            "'1w' (it has 1d)"
        ),
        (
            "config.yaml:6:33: strategies[1].timeframe: the symbol 'TWO' has no timeframe "
            "'1w' (it has 1d, 24h)"
        ),
        (
            "config.yaml:6:5: strategies[1].name: two strategies are called 'momentum' (a "
            "second one of a type needs a name of its own)"
        ),
        (
            "config.yaml:7:26: strategies[2].symbols: found an empty list, expected at least "
            "one symbol, or null for all"
        ),
    ),
)
WRONG_SPACE: Final = Scenario(
    """workflow: simple_backtest
data: {data_dir: ., start_date: 2020-02-01, end_date: 2020-01-15}
symbols: [ONE]
strategies: [{type: momentum}]
parameter_space: {momentum.fast_perid: [5], momentum.slow_period: [30, 0]}
""",
    (_ONE, _TWO),
    ending="refused",
    refused=(
        ("config.yaml:2:55: data.end_date: the end '2020-01-15' is before the start '2020-02-01'"),
        (
            "config.yaml:5:19: parameter_space.momentum.fast_perid: the strategy 'momentum' "
            "has no parameter 'fast_perid' (did you mean 'fast_period'?)"
        ),
        (
            "config.yaml:5:72: parameter_space.momentum.slow_period[1]: found 0, expected a "
            "whole number of at least 1"
        ),
    ),
)
UNKNOWN_PHASE: Final = Scenario(
    """workflow: simple_backtest
data: {data_dir: .}
symbols: [ONE]
strategies: [{type: momentum}]
phases: {bactest: {}}
""",
    (_ONE, _TWO),
    ending="refused",
    refused=(
        (
            "config.yaml:5:10: phases.bactest: workflow 'simple_backtest' has no phase "
            "'bactest' (did you mean 'backtest'?)"
        ),
    ),
)
TWO_FILES: Final = Scenario(
    """workflow: simple_backtest
data: {data_dir: .}
symbols: [ONE]
strategies: [{type: momentum}]
""",
    (_ONE, Bars("ONE", 30, parquet=True)),
    ending="refused",
    refused=("config.yaml:3:11: symbols[0]: ", "ONE_1d.csv", "ONE_1d.parquet"),
)
