"""Section 8.3: chaining, statistics, and what an iteration comes to."""

from __future__ import annotations

from typing import Any

import pytest

from containers.results import IterationResult, PortfolioResult, units
from tests.contract import reference
from tests.contract.conftest import Config, Run, plain
from tests.contract.market import bars_of, end_ns
from tests.contract.test_contract_windows import work

ENDS = [end_ns(bar) for bar in bars_of("AAA")]


def samples(portfolio: PortfolioResult) -> list[tuple[int, float]]:
    curve = portfolio.equity_curve
    assert curve is not None
    return list(zip(curve.time_ns.tolist(), curve.equity.tolist(), strict=True))


def check_chain(
    chained: PortfolioResult, parts: list[PortfolioResult], stops: list[int | None]
) -> None:
    windows = [(samples(part), part.trades or ()) for part in parts]
    curve, trades = reference.chain(windows, 100_000.0, stops)
    assert samples(chained) == curve
    assert list(chained.trades or ()) == trades
    expected = reference.chained_metrics(curve, trades, 100_000.0, 252.0)
    assert chained.metrics == expected
    assert list(chained.metrics) == list(reference.METRICS)
    last = parts[-1]
    assert (chained.strategy, chained.profile) == (last.strategy, last.profile)
    assert chained.parameters == last.parameters


@pytest.mark.parametrize("step", [None, 10, 7, 3, 1, 14])
def test_a_walk_forward_chains_its_tests(run: Run, study: Config, step: int | None) -> None:
    study["symbols"] = ["AAA", "BBB"]
    study["risk_profiles"] = [{"type": "aggressive"}, {"type": "moderate", "stop_loss": 0.02}]
    study["walk_forward"] = {"train_bars": 20, "test_bars": 10, "step_bars": step}
    study["parameter_space"] = {"momentum.slow_period": [3, 6]}
    phase = work(run, study, "walk_forward")
    tests = [window.iterations[1] for window in phase.iterations]
    stops: list[int | None] = [None] * len(tests)
    if step is not None and step < 10:
        stops = [ENDS[test.window.first_bar + step] for test in tests]
    for name, chained in phase.portfolios.items():
        check_chain(chained, [test.portfolios[name] for test in tests], stops)
    ids = list(phase.portfolios)
    best = ids[reference.best([phase.portfolios[i].metrics for i in ids])]
    assert phase.best_portfolio == best
    assert phase.metrics == phase.portfolios[best].metrics
    assert dict(phase.aggregate_metrics) == reference.aggregate([t.metrics for t in tests])
    assert phase.signals is None


def test_a_window_comes_to_what_its_train_and_test_do(run: Run, study: Config) -> None:
    study |= {"parameter_space": {"momentum.slow_period": [3, 6]}, "k_fold": {"folds": 3},
              "walk_forward": {"train_bars": 20, "test_bars": 10}}  # fmt: skip
    for sequence in ("walk_forward", "k_fold"):
        for window in work(run, study, sequence).iterations:
            train, test = window.iterations
            check_same(window, test)
            assert window.best_parameters == train.best_parameters


def check_same(whole: IterationResult, part: Any) -> None:
    for name in ("portfolios", "metrics", "best_portfolio", "aggregate_metrics"):
        assert plain(getattr(whole, name)) == plain(getattr(part, name)), name


def test_train_test_comes_to_its_test(run: Run, study: Config) -> None:
    study["parameter_space"] = {"momentum.slow_period": [3, 6]}
    phase = work(run, study, "train_test")
    train, test = phase.iterations
    for name in ("portfolios", "metrics", "best_portfolio", "aggregate_metrics"):
        assert plain(getattr(phase, name)) == plain(getattr(test, name)), name
    assert phase.best_parameters == train.best_parameters


@pytest.mark.parametrize("space", [{}, {"momentum.slow_period": [3, 6]}])
def test_k_fold_chains_tests_and_the_pieces_of_each_train(
    run: Run, study: Config, space: Config
) -> None:
    study |= {"k_fold": {"folds": 4, "embargo_bars": 3}, "parameter_space": space}
    phase = work(run, study, "k_fold")
    tests = [fold.iterations[1] for fold in phase.iterations]
    name = "momentum.aggressive"
    check_chain(phase.portfolios[name], [t.portfolios[name] for t in tests], [None] * 4)
    for fold in phase.iterations:
        train = fold.iterations[0]
        parts = train.iterations if space else (train,)
        assert len(parts) == (2 if space else 1)
        for part in parts:
            assert {piece.window.name for piece in part.iterations} == {"piece"}
            pieces = [piece.portfolios[name] for piece in part.iterations]
            check_chain(part.portfolios[name], pieces, [None] * len(pieces))
            assert part.metrics == part.portfolios[name].metrics
            assert dict(part.aggregate_metrics) == reference.aggregate(
                [piece.metrics for piece in part.iterations]
            )
    assert dict(phase.aggregate_metrics) == reference.aggregate([t.metrics for t in tests])


def test_a_chain_ends_with_ruin(run: Run, study: Config) -> None:
    study |= {
        "risk_profiles": [{"type": "custom", "max_position_size": 40, "max_leverage": 40}],
        "walk_forward": {"train_bars": 5, "test_bars": 5},
    }
    phase = work(run, study, "walk_forward")
    tests = [window.iterations[1] for window in phase.iterations]
    name = "momentum.custom"
    assert any(t.metrics["ruined_at"] is not None for t in tests[:-1])
    check_chain(phase.portfolios[name], [t.portfolios[name] for t in tests], [None] * len(tests))
    curve = samples(phase.portfolios[name])
    assert curve[-1][1] <= 0 < curve[-2][1]
    assert phase.metrics["annual_return"] is None


@pytest.mark.parametrize("sequence", ["parameter_sweep", "monte_carlo"])
def test_statistics_over_iterations(run: Run, study: Config, sequence: str) -> None:
    # Slow averages never ready leave nulls among the figures.
    study |= {
        "parameter_space": {"momentum.slow_period": [3, 61, 6, 7, 99]},
        "monte_carlo": {"iterations": 5, "noise_level": 0.9},
    }
    phase = work(run, study, sequence)
    metrics = [iteration.metrics for iteration in phase.iterations]
    assert dict(phase.aggregate_metrics) == reference.aggregate(metrics)
    assert list(phase.aggregate_metrics) == ["iterations", "statistics"]
    figures = phase.aggregate_metrics["statistics"]
    assert list(figures) == list(reference.METRICS)
    assert list(figures["bars"]) == [
        "count", "nulls", "mean", "std", "min", "max", "p5", "p25", "p50", "p75", "p95",
    ]  # fmt: skip
    assert figures["ruined_at"]["count"] == 0
    assert figures["ruined_at"]["mean"] is None
    assert type(figures["bars"]["mean"]) is float
    if sequence == "monte_carlo":
        assert phase.metrics == reference.means(metrics)
        assert (phase.best_portfolio, dict(phase.portfolios)) == (None, {})
        assert dict(phase.best_parameters) == {}
    else:
        best = phase.iterations[reference.best(metrics)]
        assert phase.metrics == best.metrics
        assert plain(phase.portfolios) == plain(best.portfolios)
        assert dict(phase.best_parameters) == dict(best.parameters)
        assert figures["sharpe_ratio"]["nulls"] == 2


def test_one_iteration_has_no_deviation(run: Run, study: Config) -> None:
    study["monte_carlo"] = {"iterations": 1}
    phase = work(run, study, "monte_carlo")
    figures = phase.aggregate_metrics["statistics"]["bars"]
    assert figures["std"] is None
    assert figures["p5"] == figures["p95"] == 60.0


def test_sums_of_a_unit_are_over_its_portfolios(run: Run, study: Config) -> None:
    study["risk_profiles"] = [
        {"type": "aggressive"},
        {"type": "moderate"},
        {"type": "conservative"},
    ]
    phase = work(run, study, "single_pass")
    metrics = [p.metrics for p in phase.portfolios.values()]
    initial, final = 300_000.0, reference.total(m["final_equity"] for m in metrics)  # type: ignore[misc]
    assert dict(phase.aggregate_metrics) == {
        "portfolios": 3,
        "initial_capital": initial,
        "final_equity": final,
        "total_return": final / initial - 1,
        "num_trades": sum(m["num_trades"] for m in metrics),  # type: ignore[misc]
        "total_commission": reference.total(m["total_commission"] for m in metrics),  # type: ignore[misc]
    }
    (unit,) = phase.iterations
    check_same(unit, phase)


@pytest.mark.parametrize("keep", [True, False])
def test_store_full_results_decides_about_iterations_alone(
    run: Run, study: Config, keep: bool
) -> None:
    study |= {"results": {"store_full_results": keep}, "k_fold": {"folds": 3},
              "walk_forward": {"train_bars": 20, "test_bars": 10}}  # fmt: skip
    for sequence in ("single_pass", "walk_forward", "k_fold", "train_test"):
        phase = work(run, study, sequence)
        full = work(run, {**study, "results": {"store_full_results": True}}, sequence)
        assert plain(phase.portfolios) == plain(full.portfolios)
        assert phase.metrics == full.metrics
        for portfolio in phase.portfolios.values():
            assert portfolio.trades is not None
            assert portfolio.equity_curve is not None
        for (_, unit), (_, whole) in zip(
            units(phase.iterations), units(full.iterations), strict=True
        ):
            assert unit.metrics == whole.metrics
            for portfolio in unit.portfolios.values():
                assert (portfolio.trades is not None) is keep
                assert (portfolio.equity_curve is not None) is keep


def test_windows_that_overlap_are_cut_by_their_own_tests_whatever_the_body(
    run: Run, study: Config
) -> None:
    study["walk_forward"] = {"train_bars": 10, "test_bars": 20, "step_bars": 15}
    study["train_test"] = {"train_ratio": 0.4}
    phase = work(run, study, {"type": "walk_forward", "body": "out_of_sample"})
    windows = [iteration.iterations[1] for iteration in phase.iterations]
    for name, chained in phase.portfolios.items():
        parts = [window.portfolios[name] for window in windows]
        # The body's test begins 8 bars into that of the window, whose first 15 bars count.
        stops: list[int | None] = [ENDS[window.window.first_bar + 15] for window in windows]
        check_chain(chained, parts, stops)


def test_what_the_pieces_of_an_optimization_chose_in_a_body_of_theirs_counts(
    run: Run, study: Config
) -> None:
    study["k_fold"] = {"folds": 2}
    study["parameter_space"] = {"momentum.slow_period": [4, 7]}
    nested = {"type": "k_fold", "body": "train_test"}
    phase = work(run, study, nested, topology="optimization")
    for fold in phase.iterations:
        train, test = fold.iterations
        chosen = train.iterations[-1].best_parameters
        assert chosen
        assert train.best_parameters == test.parameters == chosen
