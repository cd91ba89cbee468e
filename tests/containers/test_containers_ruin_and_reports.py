"""Step 9: ruin, updates, and what a portfolio reports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest

from containers.bus import Bus
from containers.container import Role, Step
from containers.events import (
    Bar,
    Cancellation,
    Event,
    EventKind,
    Fill,
    Order,
    OrderRequest,
    PortfolioUpdate,
    Signal,
)
from containers.results import Trade
from containers.storage import PortfolioFiles
from containers.tables import read_curve, read_trades
from containers.trace import TraceRecorder
from containers.trading import Costs, PortfolioContainer, PortfolioReport, Sizing

RunMarket: TypeAlias = Callable[..., tuple[list[Event], dict[str, PortfolioReport]]]

SHORT: dict[str, Any] = {"capital": 500.0, "allow_short": True}
NO_LIMIT: dict[str, Any] = {"fixed_quantity": 10.0, "max_leverage": None}


def updates(events: Sequence[Event], portfolio: str = "s.p") -> list[tuple[int, float, float]]:
    return [
        (e.time_ns, e.cash, e.equity)
        for e in events
        if isinstance(e, PortfolioUpdate) and e.container == f"portfolio/{portfolio}"
    ]


# --- ruin -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("close", "ruined"), [(149.49, False), (149.5, True), (160.0, True)])
def test_a_portfolio_with_no_equity_left_is_closed_and_ends(
    close: float, ruined: bool, run_market: RunMarket
) -> None:
    # 10 short at 100 for 5: cash 500 + 1000 - 5 = 1495, worth nothing when the price is 149.5.
    events, reports = run_market(
        {"AAA/1d": [100.0, 100.0, close, 90.0, 90.0]},
        {0: [("AAA", -1, 1.0)], 3: [("AAA", 1, 1.0)]},
        costs=Costs(commission_fixed=5.0),
        **SHORT,
        **NO_LIMIT,
    )
    metrics = reports["s.p"].metrics
    if not ruined:
        assert len(updates(events)) == 5
        assert metrics["ruined_at"] is None
        return
    left = 1495.0 - 10.0 * close - 5.0
    assert updates(events) == [(0, 500.0, 500.0), (1, 1495.0, 495.0), (2, left, left)]
    assert (metrics["ruined_at"], metrics["final_equity"], metrics["bars"]) == (2, left, 3)
    bar = [e.seq for e in events if isinstance(e, Bar)][2]
    closing = [e for e in events if isinstance(e, Fill)][1]
    assert closing == Fill(
        closing.seq, 2, "execution", bar, "s.p", "AAA", 10.0, close, 5.0, "ruined"
    )
    # Nothing after its last update, though a signal comes in slice 3.
    assert {type(e) for e in events if e.time_ns > 2} == {Bar, Signal}
    assert [t.exit_time for t in reports["s.p"].trades or ()] == [2]


def test_the_costs_of_closing_show_in_the_last_update(run_market: RunMarket) -> None:
    # Bought back at 150 x (1 + 1000 / 10000) = 165: 1500 - 1650 = -150.
    events, _ = run_market(
        {"AAA/1d": [100.0, 100.0, 150.0, 90.0]},
        {0: [("AAA", -1, 1.0)]},
        costs=Costs(slippage_bps=1000.0),
        **{**SHORT, "capital": 600.0},
        **NO_LIMIT,
    )
    # Sold at 90: cash 600 + 900 = 1500.
    assert [cash for _, cash, _ in updates(events)] == [600.0, 1500.0, pytest.approx(-150.0)]


def test_another_portfolio_goes_on(run_market: RunMarket) -> None:
    events, reports = run_market(
        {"AAA/1d": [100.0, 100.0, 160.0, 160.0, 160.0]},
        {0: [("AAA", -1, 1.0)], 3: [("AAA", 0, 1.0)]},
        portfolios={"s.p": NO_LIMIT, "s.q": {"fixed_quantity": 1.0}},
        **SHORT,
    )
    assert [time for time, _, _ in updates(events, "s.p")] == [0, 1, 2]
    assert [time for time, _, _ in updates(events, "s.q")] == [0, 1, 2, 3, 4]
    after = [e.container for e in events if e.time_ns == 3 and isinstance(e, OrderRequest)]
    assert after == ["portfolio/s.q"]
    assert reports["s.q"].metrics["ruined_at"] is None
    assert reports["s.q"].metrics["final_equity"] == 440.0  # 500 + 100 - 160


@pytest.mark.parametrize("order", [("s.p", "s.q"), ("s.q", "s.p")])
def test_another_portfolio_can_be_ruined_later(
    order: tuple[str, str], run_market: RunMarket
) -> None:
    # s.p is 10 short at 100: 1500 - 10 x 160 < 0. s.q is 5 short: 1000 - 5 x 160 = 200, and
    # 1000 - 5 x 200 = 0 a slice later.
    settings = {"s.p": NO_LIMIT, "s.q": {**NO_LIMIT, "fixed_quantity": 5.0}}
    events, reports = run_market(
        {"AAA/1d": [100.0, 100.0, 160.0, 200.0, 200.0]},
        {0: [("AAA", -1, 1.0)]},
        portfolios={name: settings[name] for name in order},
        **SHORT,
    )
    ruins = [
        (e.time_ns, e.portfolio, e.quantity, e.price)
        for e in events
        if isinstance(e, Fill) and e.reason == "ruined"
    ]
    assert ruins == [(2, "s.p", 10.0, 160.0), (3, "s.q", 5.0, 200.0)]
    assert [reports[name].metrics["ruined_at"] for name in ("s.p", "s.q")] == [2, 3]


def test_a_portfolio_that_was_flat_for_a_while_can_be_ruined(run_market: RunMarket) -> None:
    events, reports = run_market(
        {"AAA/1d": [100.0, 100.0, 100.0, 100.0, 100.0, 160.0, 160.0]},
        {0: [("AAA", -1, 1.0)], 1: [("AAA", 0, 1.0)], 3: [("AAA", -1, 1.0)]},
        **SHORT,
        **NO_LIMIT,
    )
    assert reports["s.p"].metrics["ruined_at"] == 5
    assert [(e.time_ns, e.reason) for e in events if isinstance(e, Fill)] == [
        (1, "order"), (2, "order"), (4, "order"), (5, "ruined"),
    ]  # fmt: skip


def test_ruined_portfolios_are_cancelled_and_closed_one_after_the_other_before_any_update(
    run_market: RunMarket,
) -> None:
    events, _ = run_market(
        {
            "AAA/1d": [100.0, 100.0, 160.0, 160.0, 160.0],
            "BBB/1d": [10.0] * 5,
            "CCC/1d": {0: 10.0, 4: 10.0},
            "DDD/1d": {0: 10.0, 4: 10.0},
        },
        # Both orders that wait are older than the ruin; DDD's is the older one.
        {0: [("BBB", 1, 1.0), ("AAA", -1, 1.0), ("DDD", 1, 1.0)], 1: [("CCC", 1, 1.0)]},
        portfolios={"s.p": NO_LIMIT, "s.q": {**NO_LIMIT, "fixed_quantity": 20.0}},
        **SHORT,
    )
    course = [
        (e.kind.value, e.portfolio, e.symbol, e.quantity, e.reason)
        for e in events
        if e.time_ns == 2 and isinstance(e, Fill | Cancellation)
    ]
    assert course == [
        ("CANCELLATION", "s.p", "DDD", 10.0, "ruined"),
        ("CANCELLATION", "s.p", "CCC", 10.0, "ruined"),
        ("FILL", "s.p", "AAA", 10.0, "ruined"),
        ("FILL", "s.p", "BBB", -10.0, "ruined"),
        ("CANCELLATION", "s.q", "DDD", 20.0, "ruined"),
        ("CANCELLATION", "s.q", "CCC", 20.0, "ruined"),
        ("FILL", "s.q", "AAA", 20.0, "ruined"),
        ("FILL", "s.q", "BBB", -20.0, "ruined"),
    ]
    assert [type(e) for e in events if e.time_ns == 2][-2:] == [PortfolioUpdate, PortfolioUpdate]
    orders = {(e.portfolio, e.symbol): e.seq for e in events if isinstance(e, Order)}
    for event in events:
        if isinstance(event, Cancellation):
            assert event.cause == orders[event.portfolio, event.symbol]
    assert not [e for e in events if e.time_ns > 2 and not isinstance(e, Bar)]


def test_a_portfolio_can_be_ruined_with_nothing_left_to_close(run_market: RunMarket) -> None:
    # AAA ends in slice 2 and is bought back at 150: 1500 - 1500 = 0. BBB goes on.
    events, reports = run_market(
        {"AAA/1d": [100.0, 100.0, 150.0], "BBB/1d": [10.0] * 5},
        {0: [("AAA", -1, 1.0)], 3: [("BBB", 1, 1.0)]},
        close_at_end=True,
        **SHORT,
        **NO_LIMIT,
    )
    assert [(e.time_ns, e.reason) for e in events if isinstance(e, Fill)] == [
        (1, "order"), (2, "close_at_end"),
    ]  # fmt: skip
    assert updates(events)[-1] == (2, 0.0, 0.0)
    assert reports["s.p"].metrics["ruined_at"] == 2
    assert {type(e) for e in events if e.time_ns > 2} == {Bar, Signal}


def test_what_a_rounding_leaves_after_the_closes_does_not_revive_a_portfolio(
    run_market: RunMarket,
) -> None:
    # Cash 0.5 + 0.1 + 0.4 = 1. Worth -0.7 - 0.3 = -1 together, so nothing is left; but paid one
    # after the other, (1 - 0.7) - 0.3 leaves 5.6e-17.
    events, reports = run_market(
        {"AAA/1d": [0.1, (0.1, 0.7), 0.7, 0.7], "BBB/1d": [0.4, (0.4, 0.3), 0.3, 0.3]},
        {0: [("AAA", -1, 1.0), ("BBB", -1, 1.0)], 2: [("AAA", 1, 1.0)]},
        capital=0.5,
        allow_short=True,
        fixed_quantity=1.0,
        max_leverage=None,
    )
    left = ((0.5 + 0.1 + 0.4) - 0.7) - 0.3
    assert left > 0.0
    assert updates(events) == [(0, 0.5, 0.5), (1, left, left)]
    assert reports["s.p"].metrics["ruined_at"] == 1
    assert {type(e) for e in events if e.time_ns > 1} == {Bar, Signal}


def test_a_ruined_portfolio_watches_no_stops(run_market: RunMarket) -> None:
    events, _ = run_market(
        {"AAA/1d": [100.0, 100.0, 160.0, 200.0, 200.0]},
        {0: [("AAA", -1, 1.0)], 3: [("AAA", -1, 0.5)]},
        stop_loss=0.9,
        **SHORT,
        **NO_LIMIT,
    )
    assert len([e for e in events if isinstance(e, OrderRequest)]) == 1


# --- updates and reports ----------------------------------------------------------------------


def test_an_update_adds_positions_in_the_order_of_symbols(run_market: RunMarket) -> None:
    events, _ = run_market(
        {"BBB/1d": [0.1, 0.1], "AAA/1d": [0.3, 0.3], "CCC/1d": [0.6, 0.6]},
        {0: [("CCC", 1, 1.0), ("BBB", 1, 1.0), ("AAA", 1, 1.0)]},
        fixed_quantity=1.0,
    )
    update = events[-1]
    assert isinstance(update, PortfolioUpdate)
    assert update.positions_value == ((0.0 + 0.1) + 0.3) + 0.6
    assert update.cash == ((1000.0 - 0.1) - 0.3) - 0.6
    assert update.equity == update.cash + update.positions_value


def test_a_report_holds_figures_trades_and_curve(run_market: RunMarket) -> None:
    # 10 at 10 for 1: 899, + 120 held twice; sold at 13 for 1: 899 + 130 - 1 = 1028.
    _, reports = run_market(
        {"AAA/1d": [10.0, (10.0, 12.0), 12.0, 13.0]},
        {0: [("AAA", 1, 1.0)], 2: [("AAA", 0, 1.0)]},
        fixed_quantity=10.0,
        costs=Costs(commission_fixed=1.0),
    )
    report = reports["s.p"]
    assert report.equity_curve is not None
    assert report.equity_curve.time_ns.tolist() == [0, 1, 2, 3]
    assert report.equity_curve.equity.tolist() == [1000.0, 1019.0, 1019.0, 1028.0]
    assert report.equity_curve.time_ns.dtype == np.int64
    assert report.equity_curve.equity.dtype == np.float64
    assert report.trades == (
        Trade(
            portfolio="s.p", symbol="AAA", side=1, quantity=10.0, entry_time=1, exit_time=3,
            entry_price=10.0, exit_price=13.0, bars_held=2, commission=2.0, net_profit=28.0,
        ),
    )  # fmt: skip
    wanted = {
        "final_equity": 1028.0,
        "total_return": 1028.0 / 1000.0 - 1,
        "max_drawdown": 0.0,
        "num_trades": 1,
        "win_rate": 1.0,
        "profit_factor": None,
        "expectancy": 28.0,
        "exposure": 0.5,
        "turnover": 230.0 / (4066.0 / 4),
        "total_commission": 2.0,
        "min_cash": 899.0,
        "bars": 4,
        "periods_per_year": 252.0,
        "ruined_at": None,
    }
    assert {name: report.metrics[name] for name in wanted} == wanted


def test_trades_are_in_the_order_of_their_closing_fills(run_market: RunMarket) -> None:
    _, reports = run_market(
        {"AAA/1d": [10.0] * 4, "BBB/1d": [10.0] * 4, "CCC/1d": [10.0] * 4},
        {
            0: [("AAA", 1, 1.0), ("BBB", 1, 1.0), ("CCC", 1, 1.0)],
            1: [("CCC", 0, 1.0)],
            2: [("AAA", 0, 1.0), ("BBB", 0, 1.0)],
        },
        fixed_quantity=10.0,
    )
    assert [t.symbol for t in reports["s.p"].trades or ()] == ["CCC", "AAA", "BBB"]


@pytest.mark.parametrize("bars", [1, 4_095, 4_096, 4_097, 9_000])
def test_files_hold_to_the_bit_what_a_report_without_files_does(
    bars: int, run_market: RunMarket, tmp_path: Path
) -> None:
    market = {"AAA/1d": [10.0 + (n * 7919 % 101) / 7 for n in range(bars)]}
    script = {n: [("AAA", n % 4 - 1 if n % 4 < 3 else 0, 0.5)] for n in range(bars)}
    settings: dict[str, Any] = {"allow_short": True, "fixed_quantity": 1.0, "capital": 1e6}
    settings["costs"] = Costs(commission_bps=1.0)
    _, kept = run_market(market, script, **settings)
    _, written = run_market(
        market, script, **settings, files=lambda name: PortfolioFiles(tmp_path, name)
    )
    expected, found = kept["s.p"], written["s.p"]
    assert repr(found.metrics) == repr(expected.metrics)
    assert (found.trades, found.equity_curve) == (None, None)
    folder = tmp_path / "portfolios" / "s.p"
    assert repr(read_trades(folder / "trades.parquet")) == repr(expected.trades)
    assert expected.equity_curve is not None
    curve = read_curve(folder / "equity.parquet")
    assert curve.time_ns.tobytes() == expected.equity_curve.time_ns.tobytes()
    assert curve.equity.tobytes() == expected.equity_curve.equity.tobytes()
    assert bars < 4_095 or len(expected.trades or ()) > 1_000


def portfolio(files: PortfolioFiles | None = None) -> PortfolioContainer:
    container = PortfolioContainer(
        "portfolio/s.p",
        portfolio="s.p",
        base_timeframes={"BBB": "1d", "AAA": "1h"},
        initial_capital=1000.0,
        sizing=Sizing(0.5, None, False, 1.0, True),
        stop_loss=0.1,
        periods_per_year=252.0,
        files=files,
    )
    bus = Bus(TraceRecorder())
    bus.attach(container)
    bus.seal()
    container.initialize(bus.port(container))
    container.start()
    return container


def test_a_portfolio_completes_its_files_when_it_was_collected_and_is_cleaned(
    tmp_path: Path,
) -> None:
    container = portfolio(PortfolioFiles(tmp_path, "s.p"))
    report = container.collect()
    container.stop()
    folder = tmp_path / "portfolios" / "s.p"
    assert [path for path in folder.glob("*") if not path.name.startswith(".")] == []
    container.cleanup()
    assert sorted(path.name for path in folder.iterdir()) == ["equity.parquet", "trades.parquet"]
    assert isinstance(report, PortfolioReport)
    assert report.metrics["final_equity"] == 1000.0
    assert (report.trades, report.equity_curve) == (None, None)


def test_a_portfolio_that_was_never_collected_leaves_no_files(tmp_path: Path) -> None:
    container = portfolio(PortfolioFiles(tmp_path, "s.p"))
    container.stop()
    container.cleanup()
    assert list(tmp_path.rglob("*.parquet*")) == []


def test_a_portfolio_without_files_has_trades_and_curve_in_its_report() -> None:
    container = portfolio()
    report = container.collect()
    container.stop()
    container.cleanup()
    assert isinstance(report, PortfolioReport)
    assert report.trades == ()
    assert report.equity_curve is not None


def test_a_portfolio_says_what_decides_its_behaviour() -> None:
    container = portfolio()
    assert dict(container.settings()) == {
        "portfolio": "s.p",
        "base_timeframes": {"BBB": "1d", "AAA": "1h"},
        "initial_capital": 1000.0,
        "sizing": {
            "max_position_size": 0.5, "fixed_quantity": None, "fractional": False,
            "lot_size": 1.0, "allow_short": True,
        },
        "stop_loss": 0.1,
    }  # fmt: skip
    assert container.role is Role.PORTFOLIO
    assert {Step.REQUESTS, Step.UPDATES} <= set(container.acts())
    assert set(container.handlers()) == {
        EventKind.BAR, EventKind.SIGNAL, EventKind.ORDER, EventKind.FILL, EventKind.CANCELLATION,
    }  # fmt: skip
