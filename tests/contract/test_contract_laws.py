"""What must hold for every number of bars and every setting: section 8 as laws."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from containers.errors import ConfigurationError
from containers.results import units
from tests.contract import reference
from tests.contract.conftest import Config, Run
from tests.contract.definitions import one_phase
from tests.contract.market import bars_of

FEW = settings(
    max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)


def small(market: Path, bars: int, **changes: Any) -> Config:
    return {
        "workflow": "written",
        "data": {"data_dir": str(market), "end_date": bars_of("AAA")[bars - 1].label.isoformat()},
        "symbols": ["AAA"],
        "strategies": [{"type": "momentum", "parameters": {"fast_period": 1, "slow_period": 3}}],
        "trace_level": "none",
        **changes,
    }


@FEW
@given(n=st.integers(3, 40), train=st.integers(1, 12), test=st.integers(1, 8),
       step=st.none() | st.integers(1, 10), anchored=st.booleans())  # fmt: skip
def test_train_and_test_are_adjacent_and_tests_do_not_overlap(
    run: Run, market: Path, n: int, train: int, test: int, step: int | None, anchored: bool
) -> None:
    section = {"train_bars": train, "test_bars": test, "step_bars": step, "anchored": anchored}
    config = small(market, n, walk_forward=section)
    expected = reference.walk(n, train, test, step, anchored=anchored)
    if not expected:
        with pytest.raises(ConfigurationError):
            run(config, definitions=[one_phase("walk_forward")])
        return
    phase = run(config, definitions=[one_phase("walk_forward")]).phase_results["work"]
    found = []
    for window in phase.iterations:
        a, b = (part.window for part in window.iterations)
        assert a.last_bar + 1 == b.first_bar
        assert (window.window.first_bar, window.window.last_bar) == (a.first_bar, b.last_bar)
        assert b.last_bar < n
        found.append(((a.first_bar, a.last_bar), (b.first_bar, b.last_bar)))
    assert found == expected
    if step is None or step >= test:
        ends = [b for _, b in found]
        assert all(x[1] < y[0] for x, y in pairwise(ends))
    # The stitched curve never goes back in time, whatever the step.
    (portfolio,) = phase.portfolios.values()
    assert portfolio.equity_curve is not None
    stitched = portfolio.equity_curve.time_ns.tolist()
    assert stitched == sorted(set(stitched))


@FEW
@given(n=st.integers(2, 40), k=st.integers(2, 12), embargo=st.integers(0, 4))
def test_every_bar_is_in_exactly_one_test_of_a_k_fold(
    run: Run, market: Path, n: int, k: int, embargo: int
) -> None:
    config = small(market, n, k_fold={"folds": k, "embargo_bars": embargo})
    expected = reference.folds(n, k, embargo)
    if n < k or any(not pieces for pieces, _ in expected):
        with pytest.raises(ConfigurationError):
            run(config, definitions=[one_phase("k_fold")])
        return
    phase = run(config, definitions=[one_phase("k_fold")]).phase_results["work"]
    tested: list[int] = []
    for fold in phase.iterations:
        train, test = fold.iterations
        bars = range(test.window.first_bar, test.window.last_bar + 1)
        tested += bars
        for piece in train.iterations:
            seen = range(piece.window.first_bar, piece.window.last_bar + 1)
            assert not set(seen) & set(bars)
            assert all(abs(a - b) > embargo for a in (seen[0], seen[-1]) for b in bars)
    assert tested == list(range(n))
    (portfolio,) = phase.portfolios.values()
    assert portfolio.metrics["bars"] == n


@FEW
@given(n=st.integers(2, 50), hundredths=st.integers(1, 99))
def test_train_and_test_are_everything_once(
    run: Run, market: Path, n: int, hundredths: int
) -> None:
    config = small(market, n, train_test={"train_ratio": hundredths / 100})
    (train, test) = reference.split(n, hundredths, 100)
    if train[1] < 0:
        with pytest.raises(ConfigurationError):
            run(config, definitions=[one_phase("train_test")])
        return
    phase = run(config, definitions=[one_phase("train_test")]).phase_results["work"]
    a, b = (part.window for part in phase.iterations)
    assert ((a.first_bar, a.last_bar), (b.first_bar, b.last_bar)) == (train, test)


@FEW
@given(warm_up=st.integers(0, 30))
def test_warm_up_changes_only_what_features_know(run: Run, market: Path, warm_up: int) -> None:
    """Beyond the look-back more warm-up changes nothing of an average."""
    section = {"train_bars": 20, "test_bars": 10, "warmup_bars": warm_up}
    phase = run(
        small(market, 40, walk_forward=section), definitions=[one_phase("walk_forward")]
    ).phase_results["work"]
    auto = run(
        small(market, 40, walk_forward={**section, "warmup_bars": "auto"}),
        definitions=[one_phase("walk_forward")],
    ).phase_results["work"]
    for (_, unit), (_, other) in zip(units(phase.iterations), units(auto.iterations), strict=True):
        assert unit.window.warmup_bars == min(warm_up, unit.window.first_bar)
        if warm_up >= 3:
            assert unit.metrics == other.metrics


@FEW
@given(data=st.data())
def test_the_best_of_a_sweep_is_the_best_alone(run: Run, market: Path, data: Any) -> None:
    fast = data.draw(st.lists(st.integers(1, 6), min_size=1, max_size=3, unique=True))
    slow = data.draw(st.lists(st.integers(1, 9), min_size=1, max_size=3, unique=True))
    space = {"momentum.fast_period": fast, "momentum.slow_period": slow}
    swept = run(
        small(market, 40, parameter_space=space), definitions=[one_phase("parameter_sweep")]
    ).phase_results["work"]
    best = {key.split(".")[1]: value for key, value in swept.best_parameters.items()}
    alone = run(
        small(market, 40, strategies=[{"type": "momentum", "parameters": best}]),
        definitions=[one_phase()],
    ).phase_results["work"]
    assert alone.metrics == swept.metrics


@FEW
@given(first=st.integers(1, 4), extra=st.integers(1, 4), seed=st.integers(0, 2**32))
def test_an_iteration_depends_on_its_index_and_seed_alone(
    run: Run, market: Path, first: int, extra: int, seed: int
) -> None:
    def samples(count: int) -> Any:
        config = small(market, 20, monte_carlo={"iterations": count}, random_seed=seed)
        phase = run(config, definitions=[one_phase("monte_carlo")]).phase_results["work"]
        return [dict(i.parameters) for i in phase.iterations]

    assert samples(first + extra)[:first] == samples(first)
