"""Every number of the hand-made walk-forward study, from both engines."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import msgspec
import pytest

from containers.results import IterationResult, PortfolioResult
from tests.contract.conftest import HANDMADE, ROOT, Config, Run

CASE = HANDMADE / "walk_forward"
PORTFOLIO = "rising.aggressive"


@pytest.fixture(scope="module")
def expected() -> Any:
    return msgspec.json.decode((CASE / "expected.json").read_bytes())


def same(portfolio: PortfolioResult, numbers: Config) -> None:
    curve = portfolio.equity_curve
    assert curve is not None
    samples = [list(s) for s in zip(curve.time_ns.tolist(), curve.equity.tolist(), strict=True)]
    assert samples == numbers["curve"]
    assert msgspec.to_builtins(list(portfolio.trades or ())) == numbers["trades"]
    assert portfolio.metrics == numbers["metrics"]
    assert list(portfolio.metrics) == list(numbers["metrics"])
    types = {name: type(value) for name, value in portfolio.metrics.items()}
    assert types == {name: type(value) for name, value in numbers["metrics"].items()}


def same_unit(unit: IterationResult, numbers: Config) -> None:
    window = unit.window
    assert (window.first_bar, window.last_bar, window.warmup_bars) == (
        numbers["first_bar"],
        numbers["last_bar"],
        numbers["warmup_bars"],
    )
    same(unit.portfolios[PORTFOLIO], numbers)
    assert unit.metrics == numbers["metrics"]


def test_an_engine_equals_the_hand_computed_walk(run: Run, expected: Any) -> None:
    result = run(CASE / "walk_forward.yaml")
    assert result.success
    phase = result.phase_results["validate"]
    assert len(phase.iterations) == len(expected["windows"])
    for window, numbers in zip(phase.iterations, expected["windows"], strict=True):
        train, test = window.iterations
        for combination, run_alone in zip(train.iterations, numbers["combinations"], strict=True):
            same_unit(combination, run_alone)
        assert dict(train.best_parameters) == numbers["best_parameters"]
        assert dict(test.parameters) == numbers["best_parameters"]
        same_unit(test, numbers["test"])
    same(phase.portfolios[PORTFOLIO], expected)
    assert phase.metrics == expected["metrics"]
    assert dict(phase.best_parameters) == expected["best_parameters"]
    assert dict(phase.aggregate_metrics) == expected["aggregate_metrics"]


def test_the_script_gives_them_again() -> None:
    command = [sys.executable, str(CASE / "compute.py"), "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_case_shows_what_it_is_made_for(expected: Any) -> None:
    windows = expected["windows"]
    best = [w["best_parameters"]["rising.lookback"] for w in windows]
    assert set(best) == {1, 2}
    returns = [[c["metrics"]["total_return"] for c in w["combinations"]] for w in windows]
    assert any(one == two for one, two in returns)
    profits = [trade["net_profit"] for trade in expected["trades"]]
    assert min(profits) < 0 < max(profits)
    held = [t["bars_held"] for w in windows for t in w["test"]["trades"]]
    assert 0 in held
