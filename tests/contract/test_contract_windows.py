"""Section 8.1: which bars a window has, what warms up, and what a unit then does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from containers.errors import ConfigurationError
from containers.events import EventKind
from containers.journal import Entry, TopologyBuilt, UnitExecuted
from containers.results import IterationResult, PhaseResult, WorkflowResult, units
from tests.contract import reference
from tests.contract.conftest import Config, Run, plain
from tests.contract.definitions import one_phase, workflow
from tests.contract.market import bars_of, end_ns

ENDS = [end_ns(bar) for bar in bars_of("AAA")]


def work(
    run: Run, config: Config, sequence: Any, topology: str = "backtest", **keys: Any
) -> PhaseResult:
    result: WorkflowResult = run(config, definitions=[one_phase(sequence, topology)], **keys)
    assert result.error is None, result.error
    return result.phase_results["work"]


def spans(iterations: Sequence[IterationResult]) -> list[Any]:
    """Give (name, first bar, last bar) of iterations, with those below."""
    found: list[Any] = []
    for iteration in iterations:
        window = iteration.window
        assert window.start_ns == ENDS[window.first_bar]
        assert window.end_ns == ENDS[window.last_bar]
        span: tuple[Any, ...] = (window.name, window.first_bar, window.last_bar)
        below = spans(iteration.iterations)
        found.append((*span, below) if below else span)
    return found


def times(unit: IterationResult) -> list[int]:
    (portfolio,) = unit.portfolios.values()
    assert portfolio.equity_curve is not None
    return list(portfolio.equity_curve.time_ns.tolist())


@pytest.mark.parametrize(
    ("ratio", "numerator", "denominator"),
    [(0.7, 7, 10), (0.1, 1, 10), (0.55, 55, 100), (0.29, 29, 100), (0.35, 35, 100), (1 / 3, 0, 0)],
)
def test_train_test_splits_by_the_ratio_as_it_is_written(
    run: Run, study: Config, ratio: float, numerator: int, denominator: int
) -> None:
    # 0.55 x 60, 0.29 x 100 and the like fall just below a whole number in floats.
    if not denominator:
        numerator, denominator = 3333333333333333, 10**16
    study["train_test"] = {"train_ratio": ratio}
    (train, test) = reference.split(60, numerator, denominator)
    assert spans(work(run, study, "train_test").iterations) == [
        ("train", *train), ("test", *test),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["in_sample", "out_of_sample"])
def test_a_part_of_train_test_alone(run: Run, study: Config, name: str) -> None:
    study["parameter_space"] = {"momentum.fast_period": [1, 2]}
    whole = work(run, {**study, "parameter_space": {}}, "train_test")
    part = work(run, study, name)
    (one,) = part.iterations
    both = {i.window.name: i for i in whole.iterations}
    assert plain(one) == plain(both["train" if name == "in_sample" else "test"])
    assert part.metrics == one.metrics
    assert plain(part.portfolios) == plain(one.portfolios)
    assert (part.best_parameters, part.aggregate_metrics) == ({}, one.aggregate_metrics)


@pytest.mark.parametrize(
    ("train", "test", "step", "anchored"),
    [(20, 10, None, False), (20, 10, None, True), (20, 10, 4, False), (20, 10, 4, True),
     (20, 10, 15, False), (7, 13, None, False), (50, 10, None, False), (59, 1, None, False)],
)  # fmt: skip
def test_walk_forward_windows(
    run: Run, study: Config, train: int, test: int, step: int | None, anchored: bool
) -> None:
    section = {"train_bars": train, "test_bars": test, "step_bars": step, "anchored": anchored}
    study["walk_forward"] = section
    phase = work(run, study, "walk_forward")
    assert spans(phase.iterations) == [
        ("window", a[0], b[1], [("train", *a), ("test", *b)])
        for a, b in reference.walk(60, train, test, step, anchored=anchored)
    ]


@pytest.mark.parametrize(("k", "embargo"), [(5, 0), (7, 0), (5, 3), (2, 29), (60, 0), (4, 15)])
def test_folds(run: Run, study: Config, k: int, embargo: int) -> None:
    study["k_fold"] = {"folds": k, "embargo_bars": embargo, "warmup_bars": 0}
    study["strategies"] = [{"type": "buy_and_hold"}]
    expected = []
    for j, (pieces, test) in enumerate(reference.folds(60, k, embargo)):
        below = [("piece", *piece) for piece in pieces]
        train = ("train", pieces[0][0], pieces[-1][1], below)
        first, last = min(train[1], test[0]), max(train[2], test[1])
        expected.append(("fold", first, last, [train, ("test", *test)]))
        assert j < k
    assert spans(work(run, study, "k_fold").iterations) == expected


@pytest.mark.parametrize(
    ("sequence", "section", "fragment"),
    [
        ("walk_forward", {"walk_forward": {"train_bars": 55, "test_bars": 10}}, "walk_forward"),
        ("train_test", {"train_test": {"train_ratio": 0.01}}, "train_test"),
        ("in_sample", {"train_test": {"train_ratio": 0.01}}, "train_test"),
        ("k_fold", {"k_fold": {"folds": 61}}, "k_fold"),
        ("k_fold", {"k_fold": {"folds": 2, "embargo_bars": 30}}, "k_fold"),
    ],
)
def test_no_window_at_all_is_a_configuration_error(
    run: Run, study: Config, sequence: str, section: Config, fragment: str
) -> None:
    journal: list[Entry] = []
    with pytest.raises(ConfigurationError, match=fragment):
        run({**study, **section}, definitions=[one_phase(sequence)], journal=journal)
    assert journal == []


@pytest.mark.parametrize(
    ("warm_up", "expected"),
    [(0, [0, 0, 0]), (3, [0, 3, 3]), (25, [0, 20, 25]), ("auto", [0, 5, 5])],
)
def test_warm_up_is_cut_at_the_configured_start(
    run: Run, study: Config, warm_up: Any, expected: list[int]
) -> None:
    # Windows: train 0-19, test 20-29; train 10-29, test 30-39: two trains and two tests.
    study["walk_forward"] = {"train_bars": 20, "test_bars": 10, "warmup_bars": warm_up}
    study["data"] |= {"end_date": bars_of("AAA")[39].label.isoformat()}
    phase = work(run, study, "walk_forward")
    found = [u.window.warmup_bars for _, u in units(phase.iterations)]
    cut = min(expected[2], 10)
    assert found == [expected[0], expected[1], cut, expected[2]]
    assert all(i.window.warmup_bars == 0 for i in phase.iterations)


@pytest.mark.parametrize(
    ("topology", "changes", "expected"),
    [
        ("backtest", {}, 5),
        ("backtest", {"classifiers": [{"type": "volatility", "parameters": {"lookback": 8}}]}, 9),
        ("signal_generation", {"classifiers": [{"type": "trend"}]}, 30),
        ("analysis", {"classifiers": [{"type": "volatility", "parameters": {"lookback": 1}}]}, 2),
        ("analysis", {}, 0),
        ("optimization", {"parameter_space": {"momentum.slow_period": [4, 7]}}, 7),
        ("signal_replay", {}, 0),
        ("backtest", {"strategies": [{"type": "rsi", "parameters": {"period": 3}}]}, 15),
        ("backtest", {"strategies": [{"type": "breakout", "parameters": {"lookback": 6}}]}, 7),
        ("backtest", {"strategies": [{"type": "buy_and_hold"}]}, 0),
    ],
)
def test_auto_warms_up_as_many_bars_as_the_unit_looks_back(
    run: Run, study: Config, topology: str, changes: Config, expected: int
) -> None:
    inputs = {"analysis": {"result": "${first}"}, "signal_replay": {"signals": "${first.signals}"}}
    definition = workflow(
        {"name": "first", "topology": "signal_generation"},
        {"name": "work", "topology": topology, "sequence": "out_of_sample",
         "depends_on": "first", "inputs": inputs.get(topology, {})},
    )  # fmt: skip
    result = run({**study, **changes}, definitions=[definition])
    assert result.error is None, result.error
    (test,) = result.phase_results["work"].iterations
    assert (test.window.first_bar, test.window.warmup_bars) == (42, expected)


def test_a_window_without_warm_up_is_a_backtest_of_its_dates(run: Run, study: Config) -> None:
    study["symbols"] = ["AAA", "BBB"]
    study["metrics"] = {"periods_per_year": 252}
    study["walk_forward"] = {
        "train_bars": 20, "test_bars": 10, "warmup_bars": 0, "close_at_end": False,
    }  # fmt: skip
    study["trace_level"] = "detailed"
    phase = work(run, study, "walk_forward")
    labels = [bar.label for bar in bars_of("AAA")]
    for _, unit in units(phase.iterations):
        first, last = unit.window.first_bar, unit.window.last_bar
        # All bars that end before the first symbol's next one belong: none of BBB's do here
        # but the Saturdays, whose ends come before Monday's.
        until = ENDS[last + 1] if last + 1 < 60 else None
        dates: Config = {"start_date": labels[first].isoformat()}
        if until is not None:
            dates["end_date"] = max(
                bar.label for bar in [*bars_of("AAA"), *bars_of("BBB")] if end_ns(bar) < until
            ).isoformat()
        alone = work(run, {**study, "data": {**study["data"], **dates}}, "single_pass")
        assert plain(unit.portfolios) == plain(alone.iterations[0].portfolios)
        assert list(unit.trace.events()) == list(alone.iterations[0].trace.events())


def test_bars_of_other_symbols_belong_by_their_ends(run: Run, study: Config) -> None:
    study["symbols"] = ["AAA", "BBB"]
    study["train_test"] = {"train_ratio": 0.25, "warmup_bars": 2}
    study["trace_level"] = "detailed"
    train, test = work(run, study, "train_test").iterations
    both = sorted({*ENDS, *(end_ns(bar) for bar in bars_of("BBB"))})
    # The bar after the last of train is bar 15; with the last window everything belongs.
    assert times(train) == [t for t in both if ENDS[0] <= t < ENDS[15]]
    assert times(test) == [t for t in both if t >= ENDS[15]]
    heard = {e.time_ns for e in test.trace.events() if e.kind is EventKind.BAR}
    assert sorted(heard) == [t for t in both if t >= ENDS[13]]


def test_single_pass_at_the_top_has_bars_before_the_first(run: Run, study: Config) -> None:
    study["symbols"] = ["BBB", "AAA"]
    for sequence in ("single_pass", "monte_carlo", "parameter_sweep"):
        study["parameter_space"] = {"momentum.fast_period": [2]}
        study["monte_carlo"] = {"iterations": 1}
        phase = work(run, study, sequence)
        (unit,) = [u for _, u in units(phase.iterations)]
        bars = bars_of("BBB")
        assert (unit.window.first_bar, unit.window.last_bar) == (0, len(bars) - 1)
        assert unit.window.start_ns == end_ns(bars[0])
        assert times(unit)[0] == ENDS[0] < unit.window.start_ns
    study["train_test"] = {"train_ratio": 0.5}
    train, _ = work(run, study, "train_test").iterations
    assert times(train.iterations[0])[0] == end_ns(bars_of("BBB")[0])


def test_warm_up_feeds_bars_and_features_and_nothing_else(run: Run, study: Config) -> None:
    study["trace_level"] = "detailed"
    study["classifiers"] = [{"type": "trend", "parameters": {"fast_period": 1, "slow_period": 2}}]
    journal: list[Entry] = []
    study["train_test"] = {"train_ratio": 0.5, "warmup_bars": 10}
    _, test = work(run, study, "train_test", journal=journal).iterations
    assert (test.window.first_bar, test.window.warmup_bars) == (30, 10)
    before = [e for e in test.trace.events() if e.time_ns < ENDS[30]]
    assert {e.kind for e in before} == {
        EventKind.BAR, EventKind.FEATURES, EventKind.CLASSIFICATION,
    }  # fmt: skip
    bars = [e for e in test.trace.events() if e.kind is EventKind.BAR]
    assert [e.time_ns for e in bars] == ENDS[20:]
    features = [e for e in test.trace.events() if e.kind is EventKind.FEATURES]
    # Features begin with the first warm-up bar, and are ready after their own number of bars.
    ready = [e.values["sma_5"] is not None for e in features]
    assert ready == [False] * 4 + [True] * 36
    assert test.metrics["bars"] == 30
    assert times(test) == ENDS[30:]
    slices = [e.record.slices for e in journal if isinstance(e.record, UnitExecuted)]
    assert slices == [30, 40]


def test_signals_begin_afresh_with_the_window(run: Run, study: Config) -> None:
    study["trace_level"] = "detailed"
    study["train_test"] = {"train_ratio": 0.5}
    _, test = work(run, study, "train_test").iterations
    closes = [bar.close for bar in bars_of("AAA")]
    last, expected = 0, []
    for k in range(30, 60):
        fast = sum(closes[k - 1 : k + 1]) / 2
        slow = sum(closes[k - 4 : k + 1]) / 5
        direction = (fast > slow) - (fast < slow)
        if direction != last:
            expected.append((ENDS[k], direction))
            last = direction
    signals = [(e.time_ns, e.direction) for e in test.trace.events() if e.kind is EventKind.SIGNAL]
    assert signals == expected
    assert signals[0][0] == ENDS[30]


@pytest.mark.parametrize("close", [True, False])
def test_positions_of_a_test_are_closed_at_its_end(run: Run, study: Config, close: bool) -> None:
    study["strategies"] = [{"type": "buy_and_hold"}]
    study["walk_forward"] = {"train_bars": 20, "test_bars": 20, "close_at_end": close}
    study["train_test"] = {"close_at_end": close}
    study["k_fold"] = {"folds": 3, "close_at_end": close}
    for sequence in ("walk_forward", "train_test", "k_fold"):
        for path, unit in units(work(run, study, sequence).iterations):
            trades = unit.metrics["num_trades"]
            is_test = unit.window.name == "test"
            assert trades == (1 if is_test and close else 0), (sequence, path)


def test_elsewhere_the_configuration_decides_about_closing(run: Run, study: Config) -> None:
    study["strategies"] = [{"type": "buy_and_hold"}]
    study["execution"] = {"close_at_end": True}
    study["train_test"] = {"close_at_end": False}
    train, test = work(run, study, "train_test").iterations
    assert train.metrics["num_trades"] == 1
    assert test.metrics["num_trades"] == 1


def test_every_unit_begins_with_the_initial_capital(run: Run, study: Config) -> None:
    study["walk_forward"] = {"train_bars": 20, "test_bars": 10}
    for _, unit in units(work(run, study, "walk_forward").iterations):
        assert unit.aggregate_metrics["initial_capital"] == 100_000.0


def test_periods_per_year_is_that_of_the_whole_range(run: Run, study: Config) -> None:
    study["symbols"] = [{"symbol": "AAA", "timeframes": ["1w", "1d"]}]
    study["walk_forward"] = {"train_bars": 20, "test_bars": 10}
    for _, unit in units(work(run, study, "walk_forward").iterations):
        assert unit.metrics["periods_per_year"] == 252.0


def test_longer_bars_belong_by_their_ends_too(run: Run, study: Config) -> None:
    study["symbols"] = [{"symbol": "AAA", "timeframes": ["1w", "1d"]}]
    study["strategies"][0] |= {"timeframe": "1w"}
    study["trace_level"] = "detailed"
    study["train_test"] = {"train_ratio": 0.5, "warmup_bars": 7}
    _, test = work(run, study, "train_test").iterations
    weeks = [end_ns(bar, 7) for bar in bars_of("AAA", "1w")]
    heard = [
        e.time_ns for e in test.trace.events() if e.kind is EventKind.BAR and e.timeframe == "1w"
    ]
    assert heard == [t for t in weeks if t >= ENDS[23]]
    signals = [e.time_ns for e in test.trace.events() if e.kind is EventKind.SIGNAL]
    assert signals
    assert set(signals) <= {t for t in weeks if t >= ENDS[30]}


def test_a_symbol_without_bars_in_the_window_is_never_traded(run: Run, study: Config) -> None:
    study["symbols"] = ["AAA", "BBB"]
    study["strategies"] = [{"type": "buy_and_hold"}]
    study["train_test"] = {"train_ratio": 0.06, "close_at_end": True}  # three bars, before BBB's
    train, _ = work(run, study, "train_test").iterations
    (portfolio,) = train.portfolios.values()
    assert train.metrics["bars"] == 3
    assert portfolio.trades == ()


def test_the_topology_of_a_window_says_where_trading_begins(run: Run, study: Config) -> None:
    journal: list[Entry] = []
    study["train_test"] = {"train_ratio": 0.5}
    work(run, study, "train_test", journal=journal)
    built = [e.record for e in journal if isinstance(e.record, TopologyBuilt)]
    assert len(built) == 2
    topics = {(r.kind, r.publisher, r.subscriber): r.topic for r in built[1].routes}
    assert topics["BAR", "data/AAA/1d", "features/AAA/1d"] is None
    for subscriber in ("portfolio/momentum.aggressive", "execution", "strategy/momentum"):
        assert topics["BAR", "data/AAA/1d", subscriber] == "trading"
    assert topics["FEATURES", "features/AAA/1d", "strategy/momentum"] == "trading"


def test_nothing_is_out_of_sample_without_a_sample(run: Run, study: Config) -> None:
    study["train_test"] = {"train_ratio": 0.01}
    with pytest.raises(ConfigurationError):
        work(run, study, "out_of_sample")


def test_problems_of_all_phases_are_told_together(run: Run, study: Config) -> None:
    study["walk_forward"] = {"train_bars": 60, "test_bars": 1}
    definition = workflow(
        {"name": "one", "sequence": "walk_forward"}, {"name": "two", "sequence": "parameter_sweep"}
    )
    with pytest.raises(ConfigurationError) as raised:
        run(study, definitions=[definition])
    found = [problem.path for problem in raised.value.problems]
    assert found == [("walk_forward",), ("parameter_space",)]
    # None is told to look into the engine's own files.
    assert all(problem.location is None for problem in raised.value.problems)
