"""Section 8.7: the four analyses, computed once more here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest

from containers.errors import ConfigurationError
from containers.events import EventKind
from containers.results import IterationResult, PhaseResult, PortfolioResult
from tests.contract import reference
from tests.contract.conftest import Config, Run
from tests.contract.definitions import workflow


@pytest.fixture(autouse=True)
def _several(study: Config) -> None:
    study |= {
        "symbols": ["AAA", "BBB"],
        "strategies": [
            {"type": "momentum", "parameters": {"fast_period": 2, "slow_period": 5}},
            {"type": "buy_and_hold"},
        ],
        "risk_profiles": [{"type": "aggressive"}, {"type": "moderate", "stop_loss": 0.02}],
        "classifiers": [
            {"type": "trend", "parameters": {"fast_period": 2, "slow_period": 4}},
            {"type": "volatility", "parameters": {"lookback": 4, "low": 0.15, "high": 0.35}},
        ],
        "walk_forward": {"train_bars": 20, "test_bars": 10},
        "parameter_space": {"momentum.slow_period": [3, 61, 7]},
        "monte_carlo": {"iterations": 2},
        "trace_level": "detailed",
    }


def analysed(
    run: Run, study: Config, sequence: Any, over: Any = "single_pass"
) -> tuple[PhaseResult, PhaseResult]:
    definition = workflow(
        {"name": "input", "sequence": sequence},
        {"name": "labels", "topology": "analysis", "sequence": over, "depends_on": "input",
         "inputs": {"result": "${input}"}},
    )  # fmt: skip
    result = run(study, definitions=[definition])
    assert result.error is None, result.error
    return result.phase_results["input"], result.phase_results["labels"]


def samples(portfolio: PortfolioResult) -> list[tuple[int, float]]:
    curve = portfolio.equity_curve
    assert curve is not None
    return list(zip(curve.time_ns.tolist(), curve.equity.tolist(), strict=True))


@pytest.mark.parametrize("sequence", ["single_pass", "walk_forward", "train_test"])
@pytest.mark.parametrize("over", ["single_pass", "in_sample", "out_of_sample"])
def test_regime_performance(run: Run, study: Config, sequence: str, over: str) -> None:
    source, labels = analysed(run, study, sequence, over)
    (unit,) = labels.iterations
    given: dict[str, list[tuple[int, str]]] = {"trend": [], "volatility": []}
    for event in unit.trace.events():
        if event.kind is EventKind.CLASSIFICATION and event.symbol == "AAA":
            given[event.container.split("/")[1]].append((event.time_ns, event.label))
    expected: dict[str, Any] = {}
    for name, portfolio in source.portfolios.items():
        curve = samples(portfolio)
        returns = reference.returns_of(curve, 100_000.0)
        expected[name] = {}
        for classifier, changes in given.items():
            by_label: dict[str, list[float]] = {}
            for (time, _), r in zip(curve, returns, strict=True):
                before = [label for t, label in changes if t <= time]
                if before:
                    by_label.setdefault(before[-1], []).append(r)
            figures = {}
            for label, own in by_label.items():
                levels = [1.0]
                for r in own:
                    levels.append(levels[-1] * (1 + r))
                figures[label] = {
                    "samples": len(own),
                    "mean_return": reference.running(own)[1],
                    "sharpe_ratio": reference.sharpe(own, 252.0),
                    "max_drawdown": reference.drawdown(levels, 1.0),
                }
            expected[name][classifier] = figures
    assert labels.aggregate_metrics["regime_performance"] == expected
    some = next(iter(expected.values()))
    order = labels.aggregate_metrics["regime_performance"]["momentum.aggressive"]["trend"]
    assert list(order) == list(some["trend"])


def combinations(iterations: Sequence[IterationResult]) -> list[IterationResult]:
    found = []
    for iteration in iterations:
        if iteration.window.name == "combination":
            found.append(iteration)
        found += combinations(iteration.iterations)
    return found


@pytest.mark.parametrize("sequence", ["single_pass", "parameter_sweep", "walk_forward"])
def test_parameter_sensitivity(run: Run, study: Config, sequence: str) -> None:
    study["objective"] = {"metric": "total_return"}
    study["parameter_space"] |= {"momentum.fast_period": [1, 2]}
    source, labels = analysed(run, study, sequence)
    values: dict[str, dict[str, list[Any]]] = {}
    for combination in combinations(source.iterations):
        for key, value in combination.parameters.items():
            own = values.setdefault(key, {}).setdefault(str(value), [])
            own.append(combination.metrics["total_return"])
    expected = {
        key: {text: reference.statistics(own) for text, own in by_text.items()}
        for key, by_text in values.items()
    }
    found = labels.aggregate_metrics["parameter_sensitivity"]
    assert found == expected
    assert bool(found) is (sequence != "single_pass")
    for key, by_text in expected.items():
        assert list(found[key]) == list(by_text)


def test_correlation(run: Run, study: Config) -> None:
    source, labels = analysed(run, study, "walk_forward")
    found = labels.aggregate_metrics["correlation"]
    by_time = {
        name: dict(
            zip(
                [t for t, _ in samples(p)], reference.returns_of(samples(p), 100_000.0), strict=True
            )
        )
        for name, p in source.portfolios.items()
    }
    expected = {a: {b: pearson(by_time[a], by_time[b]) for b in by_time if b != a} for a in by_time}
    assert found == expected
    assert any(value is not None for row in found.values() for value in row.values())


def pearson(a: dict[int, float], b: dict[int, float]) -> float | None:
    times = [time for time in a if time in b]
    if len(times) < 2:
        return None
    xs, ys = [a[t] for t in times], [b[t] for t in times]
    mean_x, mean_y = reference.total(xs) / len(xs), reference.total(ys) / len(ys)
    both = reference.total((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True))
    spread_x = reference.total((x - mean_x) * (x - mean_x) for x in xs)
    spread_y = reference.total((y - mean_y) * (y - mean_y) for y in ys)
    spread = math.sqrt(spread_x * spread_y)
    return None if spread == 0 else both / spread


def test_strategy_characteristics(run: Run, study: Config) -> None:
    source, labels = analysed(run, study, "single_pass")
    trades: dict[str, list[Any]] = {}
    for portfolio in source.portfolios.values():
        trades.setdefault(portfolio.strategy, []).extend(portfolio.trades or ())
    expected = {}
    for strategy, own in trades.items():
        profits = [trade.net_profit for trade in own]
        lost = reference.total(p for p in profits if p < 0)
        n = len(own)
        expected[strategy] = {
            "num_trades": n,
            "win_rate": sum(p > 0 for p in profits) / n if n else None,
            "mean_net_profit": reference.total(profits) / n if n else None,
            "mean_bars_held": sum(t.bars_held for t in own) / n if n else None,
            "profit_factor": reference.total(p for p in profits if p > 0) / -lost if lost else None,
            "long_trades": sum(t.side == 1 for t in own),
            "short_trades": sum(t.side == -1 for t in own),
        }
    assert labels.aggregate_metrics["strategy_characteristics"] == expected
    assert expected["momentum"]["num_trades"]


def test_an_analysis_gives_labels_and_trades_nothing(run: Run, study: Config) -> None:
    _, labels = analysed(run, study, "single_pass")
    assert list(labels.aggregate_metrics) == [
        "regime_performance", "parameter_sensitivity", "correlation", "strategy_characteristics",
    ]  # fmt: skip
    (unit,) = labels.iterations
    kinds = {event.kind for event in unit.trace.events()}
    assert kinds == {EventKind.BAR, EventKind.FEATURES, EventKind.CLASSIFICATION}
    assert (labels.metrics, dict(labels.portfolios), labels.best_portfolio) == ({}, {}, None)
    features = [e for e in unit.trace.events() if e.kind is EventKind.FEATURES]
    # Those of the classifiers; the strategies are not there.
    assert list(features[0].values) == ["sma_2", "sma_4", "return_std_4"]


def test_an_input_without_portfolios_has_nothing_to_measure(run: Run, study: Config) -> None:
    _, labels = analysed(run, study, "monte_carlo")
    analyses = labels.aggregate_metrics
    assert analyses["regime_performance"] == {}
    assert analyses["correlation"] == {}
    assert analyses["strategy_characteristics"] == {}


@pytest.mark.parametrize(
    ("topology", "inputs"),
    [("analysis", {}), ("signal_replay", {}), ("analysis", {"reslt": "${input}"})],
)
def test_a_topology_without_its_input_is_a_configuration_error(
    run: Run, study: Config, topology: str, inputs: Any
) -> None:
    definition = workflow(
        {"name": "input"},
        {"name": "next", "topology": topology, "depends_on": "input", "inputs": inputs},
    )
    with pytest.raises(ConfigurationError):
        run(study, definitions=[definition])
