"""Section 7.5: signals generated, kept, and replayed."""

from __future__ import annotations

from typing import Any

import pytest

from containers.events import EventKind
from containers.journal import Entry, TopologyBuilt
from containers.results import PhaseResult, WorkflowResult
from tests.contract.conftest import Config, Run, plain
from tests.contract.definitions import workflow
from tests.contract.market import bars_of, end_ns

ENDS = [end_ns(bar) for bar in bars_of("AAA")]


@pytest.fixture(autouse=True)
def _several(study: Config) -> None:
    study |= {
        "symbols": ["AAA", {"symbol": "BBB", "timeframes": ["1d", "1w"]}],
        "strategies": [
            {"type": "momentum", "parameters": {"fast_period": 2, "slow_period": 5}},
            {"type": "mean_reversion", "parameters": {"lookback": 4, "num_std": 0.5}},
            {
                "type": "momentum",
                "name": "weekly",
                "symbols": ["BBB"],
                "timeframe": "1w",
                "parameters": {"fast_period": 1, "slow_period": 2},
            },
            {
                "type": "momentum",
                "name": "never",
                "parameters": {"fast_period": 70, "slow_period": 80},
            },
        ],
        "classifiers": [{"type": "trend", "parameters": {"fast_period": 2, "slow_period": 4}}],
        "trace_level": "detailed",
    }


def both(
    run: Run, study: Config, sequence: Any = "single_pass", replay: Any = None,
    journal: list[Entry] | None = None,
) -> tuple[PhaseResult, PhaseResult, WorkflowResult]:  # fmt: skip
    definition = workflow(
        {"name": "generate", "topology": "signal_generation"},
        {"name": "replay", "topology": "signal_replay", "depends_on": "generate",
         "sequence": sequence, "inputs": {"signals": "${generate.signals}"}, **(replay or {})},
    )  # fmt: skip
    result = run(study, definitions=[definition], journal=journal)
    return result.phase_results["generate"], result.phase_results["replay"], result


def backtest(run: Run, study: Config, sequence: Any = "single_pass") -> PhaseResult:
    definition = workflow({"name": "work", "sequence": sequence})
    return run(study, definitions=[definition]).phase_results["work"]


def test_every_signal_is_kept(run: Run, study: Config) -> None:
    generate, _, _ = both(run, study)
    trace = generate.iterations[0].trace
    events = [e for e in trace.events() if e.kind is EventKind.SIGNAL]
    assert generate.signals is not None
    assert list(generate.signals.strategies) == ["momentum", "mean_reversion", "weekly", "never"]
    assert [
        (r.time_ns, f"strategy/{r.strategy}", r.symbol, r.direction, r.strength, r.seq)
        for r in generate.signals.rows
    ] == [(e.time_ns, e.container, e.symbol, e.direction, e.strength, e.seq) for e in events]
    assert generate.iterations[0].signals == generate.signals
    assert (generate.metrics, generate.best_portfolio, dict(generate.portfolios)) == ({}, None, {})
    kinds = {e.kind for e in trace.events()}
    assert kinds == {
        EventKind.BAR, EventKind.FEATURES, EventKind.CLASSIFICATION, EventKind.SIGNAL,
    }  # fmt: skip
    assert all(e.origin is None for e in events)


def test_replay_equals_the_backtest(run: Run, study: Config) -> None:
    _, replay, result = both(run, study)
    assert result.error is None
    direct = backtest(run, study)
    assert plain(replay.portfolios) == plain(direct.portfolios)
    assert replay.metrics == direct.metrics
    assert replay.best_portfolio == direct.best_portfolio
    assert replay.signals is None


def test_replayed_signals_name_their_origin_and_the_bar(run: Run, study: Config) -> None:
    generate, replay, _ = both(run, study)
    assert generate.signals is not None
    events = list(replay.iterations[0].trace.events())
    by_seq = {e.seq: e for e in events}
    signals = [e for e in events if e.kind is EventKind.SIGNAL]
    stored = {row.seq: row for row in generate.signals.rows}
    assert [e.origin for e in signals] == list(stored)
    for event in signals:
        row = stored[event.origin]
        assert (event.time_ns, event.symbol, event.direction, event.strength) == (
            row.time_ns, row.symbol, row.direction, row.strength,
        )  # fmt: skip
        bar = by_seq[event.cause]
        assert (bar.kind, bar.time_ns) == (EventKind.BAR, event.time_ns)
        bars = [e for e in events if e.kind is EventKind.BAR and e.time_ns == event.time_ns]
        own = [b for b in bars if b.symbol == event.symbol and b.timeframe == "1d"]
        assert bar == (own[0] if own else bars[-1])


def test_a_replay_has_no_features_and_no_classifiers(run: Run, study: Config) -> None:
    journal: list[Entry] = []
    both(run, study, journal=journal)
    generated, replayed = [e.record for e in journal if isinstance(e.record, TopologyBuilt)]
    roles = ["data"] * 3 + ["features"] * 3 + ["classifier"] + ["strategy"] * 4
    assert [c.role for c in generated.containers] == roles
    roles = ["data"] * 3 + ["strategy"] * 4 + ["portfolio"] * 4 + ["risk"] * 4 + ["execution"]
    assert [c.role for c in replayed.containers] == roles


def test_in_a_window_the_last_signal_before_it_counts(run: Run, study: Config) -> None:
    study["train_test"] = {"train_ratio": 0.5}
    generate, replay, result = both(run, study, "out_of_sample")
    assert result.error is None
    assert generate.signals is not None
    unit = replay.iterations[0]
    assert unit.window.first_bar == 30
    assert unit.window.warmup_bars == 0
    from_ns = ENDS[30]
    found = {
        (e.container.split("/")[1], e.symbol, e.time_ns, e.direction, e.origin)
        for e in unit.trace.events()
        if e.kind is EventKind.SIGNAL
    }
    firsts = {  # the first slice of the window with a bar of the symbol, in any timeframe
        "AAA": from_ns,
        "BBB": min(
            t for days, frame in ((1, "1d"), (7, "1w"))
            for t in (end_ns(bar, days) for bar in bars_of("BBB", frame)) if t >= from_ns
        ),
    }  # fmt: skip
    expected = set()
    for strategy in generate.signals.strategies:
        for symbol, first in firsts.items():
            rows = [
                r for r in generate.signals.rows if (r.strategy, r.symbol) == (strategy, symbol)
            ]
            inside = [r for r in rows if r.time_ns >= from_ns]
            before = [r for r in rows if r.time_ns < first]
            own = any(r.time_ns == first for r in inside)
            expected |= {(strategy, symbol, r.time_ns, r.direction, r.seq) for r in inside}
            if before and not own and (before[-1].direction, before[-1].strength) != (0, 1.0):
                last = before[-1]
                expected.add((strategy, symbol, first, last.direction, last.seq))
    assert found == expected
    assert any(time == from_ns for _, _, time, _, _ in found)


def test_an_ensemble_weighs_the_replayed_signals(run: Run, study: Config) -> None:
    ensemble = {"type": "ensemble", "name": "all",
                "parameters": {"members": {"momentum": 1, "mean_reversion": 0.6}}}  # fmt: skip
    study["strategies"] = [*study["strategies"][:2], ensemble]
    journal: list[Entry] = []
    _, replay, result = both(run, study, journal=journal)
    assert result.error is None
    direct = backtest(run, study)
    assert plain(replay.portfolios) == plain(direct.portfolios)
    events = {e.seq: e for e in replay.iterations[0].trace.events()}
    signals = [
        e for e in events.values() if e.container == "strategy/all" and e.kind is EventKind.SIGNAL
    ]
    assert signals
    for event in signals:
        assert event.origin is None
        assert (events[event.cause].kind, events[event.cause].symbol) == (
            EventKind.BAR, event.symbol,
        )  # fmt: skip


def test_weights_may_be_swept_over_one_recording(run: Run, study: Config) -> None:
    study["strategies"] = [
        *study["strategies"][:2],
        {"type": "ensemble", "name": "all",
         "parameters": {"members": {"momentum": 1, "mean_reversion": 1}}},
    ]  # fmt: skip
    study["parameter_space"] = {
        "momentum.fast_period": [2, 3],  # names a replayed strategy: left out
        "all.members.momentum": [0.5, 1.0, 2.0],
    }
    _, replay, result = both(run, study, "parameter_sweep")
    assert result.error is None
    assert [dict(i.parameters) for i in replay.iterations] == [
        {"all.members.momentum": weight} for weight in (0.5, 1.0, 2.0)
    ]


def test_a_strategy_that_was_not_recorded_fails_the_phase(run: Run, study: Config) -> None:
    study["parameter_space"] = {}
    other = {"strategies": [{"type": "buy_and_hold"}]}
    _, replay, result = both(run, study, replay={"config": {**other}})
    # The user's strategies win over the phase's own, so the phase is told by the user.
    assert result.success
    study["phases"] = {"replay": other}
    _, replay, result = both(run, study)
    assert not result.success
    assert replay.error is not None
    assert (replay.error.type, replay.error.path) == (
        "ConfigurationError", "iteration=0/phase=replay",
    )  # fmt: skip
    assert "buy_and_hold" in replay.error.message


def test_signals_of_windows_stand_one_after_the_other(run: Run, study: Config) -> None:
    study["walk_forward"] = {"train_bars": 20, "test_bars": 10}
    definition = workflow(
        {"name": "work", "topology": "signal_generation", "sequence": "walk_forward"}
    )
    phase = run(study, definitions=[definition]).phase_results["work"]
    assert phase.signals is not None
    rows = [
        row
        for window in phase.iterations
        for row in (window.iterations[1].signals or pytest.fail("no signals")).rows
    ]
    assert list(phase.signals.rows) == rows
    assert phase.metrics == {}
    assert dict(phase.aggregate_metrics) == {"iterations": 4, "statistics": {}}


def test_a_monte_carlo_has_no_signals(run: Run, study: Config) -> None:
    study["monte_carlo"] = {"iterations": 2}
    definition = workflow(
        {"name": "work", "topology": "signal_generation", "sequence": "monte_carlo"}
    )
    phase = run(study, definitions=[definition]).phase_results["work"]
    assert phase.signals is None
    assert phase.iterations[0].signals is not None
