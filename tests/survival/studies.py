"""The studies that are interrupted, killed and spread: small, with everything in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from imperative.workflow import Branch
from tests.contract.definitions import Definition, workflow
from tests.contract.market import write_market
from tests.survival.observing import Study

__all__ = ["everything", "nested", "pipeline"]

MARKET = Path(__file__).resolve().parents[2] / "fixtures" / "market"


def nested(folder: Path, storage: str = "disk", **settings: Any) -> Study:
    """Give a Monte Carlo of walk-forwards, each of which optimises."""
    config = {
        **_base(folder, storage),
        "walk_forward": {"train_bars": 20, "test_bars": 15},
        "monte_carlo": {"iterations": 3, "noise_level": 0.2},
        "parameter_space": {"momentum.fast_period": [1, 2]},
        **settings,
    }
    body = {"type": "monte_carlo", "body": "walk_forward"}
    return Study(config, [workflow({"name": "work", "sequence": body})])


def everything(folder: Path, storage: str = "disk", **settings: Any) -> Study:
    """Give a workflow with passes, a branch, conditions, outputs, late settings and inputs.

    Of each it has the least, and of its traces the fills: it is run more often than all others.
    """
    config = {
        **_base(folder, storage),
        "trace_level": "minimal",
        "classifiers": [{"type": "trend", "parameters": {"fast_period": 2, "slow_period": 5}}],
        "parameter_space": {"momentum.fast_period": [1, 2]},
        "monte_carlo": {"iterations": 3, "noise_level": 0.3},
        "k_fold": {"folds": 3, "embargo_bars": 1},
        "walk_forward": {"train_bars": 20, "test_bars": 24, "step_bars": 16},
        "max_iterations": 2,
        **settings,
    }
    return Study(config, [_everything()])


def pipeline(storage: str = "disk", **settings: Any) -> Study:
    """Give the shipped research pipeline over real bars, to its end."""
    return Study(
        {
            "workflow": "research_pipeline",
            "data": {
                "data_dir": str(MARKET), "start_date": "2005-01-03", "end_date": "2006-06-30",
            },
            "symbols": ["GOOG", "AAPL"],
            "strategies": [{"type": "momentum"}],
            "risk_profiles": [{"type": "aggressive"}],
            "classifiers": [
                {"type": "trend", "parameters": {"fast_period": 5, "slow_period": 20}},
                {"type": "volatility"},
            ],
            "objective": {"metric": "total_return"},
            "parameter_space": {"momentum.fast_period": [5, 10], "momentum.slow_period": [20, 40]},
            "monte_carlo": {"iterations": 12, "noise_level": 0.2},
            "walk_forward": {"train_bars": 120, "test_bars": 60},
            "random_seed": 5,
            "results": {"storage": storage},
            **settings,
        }
    )  # fmt: skip


def _base(folder: Path, storage: str) -> dict[str, Any]:
    folder.mkdir(parents=True, exist_ok=True)
    write_market(folder)
    return {
        "workflow": "written",
        "data": {"data_dir": str(folder)},
        "symbols": ["AAA", "CCC"],
        "strategies": [{"type": "momentum", "parameters": {"fast_period": 2, "slow_period": 5}}],
        "risk_profiles": [{"type": "aggressive"}],
        "execution": {"slippage_bps": 5, "commission_bps": 2},
        "portfolio": {"allow_short": True},
        "results": {"storage": storage},
        "trace_level": "standard",
    }


def _everything() -> Definition:
    def get_branches(self: Any, result: Any, index: int, config: Any) -> list[Branch]:
        return [Branch("wide", "simple_backtest", {"risk_profiles": [{"type": "conservative"}]})]

    def should_continue(self: Any, result: Any, index: int, config: Any) -> bool:
        return True

    def modify_config_for_next(self: Any, config: Any, result: Any, index: int) -> dict[str, Any]:
        return {"monte_carlo": {"noise_level": 0.1}}

    return workflow(
        {
            "name": "sweep",
            "sequence": "parameter_sweep",
            "outputs": {"best": {"value": "${sweep.best_parameters}", "file": "best.json"}},
        },
        {
            "name": "shake",
            "depends_on": "sweep",
            "sequence": "monte_carlo",
            "when": {"expression": "results.sweep.metrics.num_trades >= 0"},
            "config": {"strategies": "${sweep.best_strategies}", "parameter_space": {}},
        },
        {"name": "folds", "sequence": "k_fold", "depends_on": "shake"},
        {"name": "walk", "sequence": "walk_forward", "depends_on": "shake"},
        {"name": "heard", "topology": "signal_generation"},
        {
            "name": "replayed",
            "topology": "signal_replay",
            "depends_on": "heard",
            "inputs": {"signals": "${heard.signals}"},
            "outputs": {"curve": {"value": "${replayed.signals}"}},
        },
        {
            "name": "regimes",
            "topology": "analysis",
            "depends_on": "walk",
            "inputs": {"result": "${walk}"},
        },
        {
            "name": "never",
            "depends_on": "sweep",
            "when": {"expression": "results.sweep.metrics.num_trades < 0"},
        },
        iterate={
            "while": {"expression": "1 == 1"},
            "change": {"monte_carlo": {"noise_level": 0.1}},
        },
        branches=[
            {
                "name": "wide",
                "workflow": "simple_backtest",
                "config": {"risk_profiles": [{"type": "conservative"}]},
            }
        ],
        hooks={
            "get_branches": get_branches,
            "should_continue": should_continue,
            "modify_config_for_next": modify_config_for_next,
        },
    )
