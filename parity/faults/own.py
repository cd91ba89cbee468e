"""A workflow of a user's own in both forms, with a strategy that can break: for scenarios.

Its phases are declared out of order; one may fail, one is skipped by a condition, and each has a
dependent. It runs twice, with a branch after each pass.
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "GATED_PATTERN",
    "GATED_PYTHON",
    "NESTED_PATTERN",
    "NESTED_PYTHON",
    "SHADOW_PATTERN",
    "SHADOW_PYTHON",
]

GATED_PATTERN: Final = """\
kind: workflow
name: gated
defaults:
  objective: {metric: total_return, constraints: [{metric: bars, operator: ">=", value: 1}]}
  execution: {slippage_bps: 4}
phases:
  - name: last
    topology: backtest
    sequence: single_pass
    depends_on: [middle, first]
    when: {expression: "results.middle.metrics.bars > 10 and iteration >= 0"}
    config:
      strategies: "${first.best_strategies}"
      execution: {commission_bps: 3}
      objective:
        constraints: [{metric: bars, operator: ">", value: "${first.metrics.num_trades}"}]
    outputs:
      remark: {value: "after ${first.metrics.num_trades} trades", file: remark.json}
      nested:
        value: {of: ["${last.outputs.remark}", "${first.best_parameters}"]}
        file: nested.yaml
      fixed: {value: 2024-01-02, file: fixed.json}
      same: {value: remark.json}
      total: {value: "${first.metrics.total_return}", file: total.json}
  - name: middle
    topology: backtest
    sequence: single_pass
    depends_on: first
    when:
      - {metric: {phase: first, name: num_trades, operator: ">=", value: 1}}
      - {metric: {phase: first, name: bars, operator: "==", value: "${first.metrics.bars}"}}
  - {name: first, topology: backtest, sequence: parameter_sweep}
  - {name: breaks, topology: backtest, sequence: parameter_sweep, required: false}
  - name: after_broken
    topology: backtest
    sequence: single_pass
    depends_on: breaks
    required: false
  - name: never
    topology: backtest
    sequence: single_pass
    when: {metric: {phase: first, name: calmar_ratio, operator: "<", value: -1.0e9}}
    depends_on: first
  - {name: after_never, topology: backtest, sequence: single_pass, depends_on: never}
  - name: labels
    topology: analysis
    sequence: single_pass
    depends_on: first
    inputs: {result: "${first}"}
  - name: odd
    topology: backtest
    sequence: single_pass
    depends_on: labels
    required: false
    when: {metric: {phase: labels, name: bars, operator: ">", value: 0}}
  - name: lost
    topology: backtest
    sequence: single_pass
    depends_on: first
    required: false
    outputs: {nothing: {value: "${first.best_parameters.nothing}"}}
iterate:
  while: {expression: "results.first.metrics.bars > 10"}
  change: {random_seed: {expression: "config.random_seed + 1"}, parameter_space: {widen: 2}}
branches:
  - name: wide
    workflow: simple_backtest
    when: {metric: {phase: first, name: bars, operator: ">", value: 10}}
    config: {execution: {slippage_bps: 9}, phases: {backtest: {random_seed: 3}}}
outputs:
  best: {value: "${first.best_parameters}", file: best.json}
"""

GATED_PYTHON: Final = """\
from containers.components import FLAT, LONG, Sma, number
from imperative.workflow import (
    Branch, Expression, MetricThreshold, Output, Phase, Ref, Workflow
)


def phase(name, topology, sequence, **more):
    return Phase(name=name, topology=topology, sequence=sequence, **more)


class BrittleError(ArithmeticError):
    pass


class Brittle:
    type_name = "brittle"
    parameters = {"bears": number(1e9, minimum=0.0)}

    def __init__(self, bears):
        self.bears = bears
        self.indicators = (Sma(3),)

    def decide(self, last, close, values):
        if close > self.bears:
            raise BrittleError(f"a close of {close} is more than {self.bears}")
        (average,) = values
        return LONG if average is not None and close > average else FLAT


class Gated(Workflow):
    name = "gated"
    defaults = {
        "objective": {
            "metric": "total_return",
            "constraints": [{"metric": "bars", "operator": ">=", "value": 1}],
        },
        "execution": {"slippage_bps": 4},
    }
    outputs = {"best": Output(Ref("first.best_parameters"), "best.json")}

    def get_phases(self, config):
        bars = Ref("first.metrics.bars")
        trades = {"metric": "bars", "operator": ">", "value": Ref("first.metrics.num_trades")}
        return [
            phase(
                "last", "backtest", "single_pass",
                depends_on=["middle", "first"],
                conditions=[Expression("results.middle.metrics.bars > 10 and iteration >= 0")],
                config={
                    "strategies": Ref("first.best_strategies"),
                    "execution": {"commission_bps": 3},
                    "objective": {"constraints": [trades]},
                },
                outputs={
                    "remark": Output("after ${first.metrics.num_trades} trades", "remark.json"),
                    "nested": Output(
                        {"of": ["${last.outputs.remark}", "${first.best_parameters}"]},
                        "nested.yaml",
                    ),
                    "fixed": Output("2024-01-02", "fixed.json"),
                    "same": Output("remark.json"),
                    "total": Output(Ref("first.metrics.total_return"), "total.json"),
                },
            ),
            phase(
                "middle", "backtest", "single_pass", depends_on="first",
                conditions=[
                    MetricThreshold("first", "num_trades", ">=", 1),
                    MetricThreshold("first", "bars", "==", bars),
                ],
            ),
            phase("first", "backtest", "parameter_sweep"),
            phase("breaks", "backtest", "parameter_sweep", required=False),
            phase(
                "after_broken", "backtest", "single_pass", depends_on="breaks", required=False
            ),
            phase(
                "never", "backtest", "single_pass", depends_on="first",
                conditions=[MetricThreshold("first", "calmar_ratio", "<", -1.0e9)],
            ),
            phase("after_never", "backtest", "single_pass", depends_on="never"),
            phase(
                "labels", "analysis", "single_pass", depends_on="first",
                inputs={"result": Ref("first")},
            ),
            phase(
                "odd", "backtest", "single_pass", depends_on="labels", required=False,
                conditions=[MetricThreshold("labels", "bars", ">", 0)],
            ),
            phase(
                "lost", "backtest", "single_pass", depends_on="first", required=False,
                outputs={"nothing": Output(Ref("first.best_parameters.nothing"))},
            ),
        ]

    def get_branches(self, result, index, config):
        if not result.phase_results["first"].metrics["bars"] > 10:
            return []
        own = {"execution": {"slippage_bps": 9}, "phases": {"backtest": {"random_seed": 3}}}
        return [Branch("wide", "simple_backtest", own)]

    def should_continue(self, result, index, config):
        return result.phase_results["first"].metrics["bars"] > 10

    def modify_config_for_next(self, config, result, index):
        space = {
            name: [max(round(min(values) / 2), 1), *values, max(values) * 2]
            for name, values in config["parameter_space"].items()
        }
        space = {name: list(dict.fromkeys(values)) for name, values in space.items()}
        return {"random_seed": config["random_seed"] + 1, "parameter_space": space}
"""

NESTED_PATTERN: Final = """\
kind: workflow
name: nested
phases:
  - {name: shaken, topology: backtest, sequence: {type: monte_carlo, body: walk_forward}}
  - {name: folds, topology: backtest, sequence: k_fold}
  - {name: beside, topology: optimization, sequence: train_test}
"""

NESTED_PYTHON: Final = """\
from imperative.workflow import Phase, Sequence, Workflow


class Nested(Workflow):
    name = "nested"

    def get_phases(self, config):
        nested = Sequence("monte_carlo", body="walk_forward")
        return [
            Phase(name="shaken", topology="backtest", sequence=nested),
            Phase(name="folds", topology="backtest", sequence="k_fold"),
            Phase(name="beside", topology="optimization", sequence="train_test"),
        ]
"""

SHADOW_PATTERN: Final = """\
kind: workflow
name: simple_backtest
phases: [{name: mine, topology: backtest, sequence: train_test}]
"""

SHADOW_PYTHON: Final = """\
from imperative.workflow import Phase, Workflow


class SimpleBacktest(Workflow):
    name = "simple_backtest"

    def get_phases(self, config):
        return [Phase(name="mine", topology="backtest", sequence="train_test")]
"""
