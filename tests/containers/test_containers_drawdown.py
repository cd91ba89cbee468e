"""Step 7, `max_drawdown`: what losses refuse, and when they are forgotten, by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import pytest

from containers.events import Event, Order, Rejection
from containers.trading import Costs, PortfolioReport

RunMarket: TypeAlias = Callable[..., tuple[list[Event], dict[str, PortfolioReport]]]
Answer: TypeAlias = tuple[int, str, str, float, float, tuple[str, ...]]

DRAWDOWN = ("max_drawdown",)


def answers(events: Sequence[Event]) -> list[Answer]:
    """Time, kind, symbol, quantity, requested and rules of every answer."""
    return [
        (e.time_ns, e.kind.value, e.symbol, e.quantity, e.requested, e.rules)
        for e in events
        if isinstance(e, Order | Rejection)
    ]


FALL: dict[str, Any] = {"fixed_quantity": 10.0, "max_leverage": None, "max_drawdown": 0.25}


@pytest.mark.parametrize(
    ("close", "answer"),
    [
        # 10 at 50 leave 500 in cash. At 20 the equity is 700, 30 % below 1000; at 25 it is 750.
        (20.0, (1, "REJECTION", "BBB", 0.0, 10.0, DRAWDOWN)),
        (25.0, (1, "ORDER", "BBB", 10.0, 10.0, ())),
    ],
)
def test_beyond_the_drawdown_nothing_is_added(
    close: float, answer: Answer, run_market: RunMarket
) -> None:
    events, _ = run_market(
        {"AAA/1d": [50.0, (50.0, close), close], "BBB/1d": [10.0] * 3},
        {0: [("AAA", 1, 1.0)], 1: [("BBB", 1, 1.0)]},
        **FALL,
    )
    assert answers(events)[1] == answer


@pytest.mark.parametrize(
    ("capital", "limits"),
    [
        # 10 at 5, then at 2: 50 + 20 = 70 of 100, 30 % below; 450 + 20 = 470 of 500, 6 % below.
        (100.0, {"max_drawdown": 0.25, "max_leverage": None}),
        (500.0, {"max_drawdown": 0.05, "max_leverage": 0.1}),  # the close is not tested for it
    ],
)
@pytest.mark.parametrize(
    ("direction", "answer"),
    [
        (-1, (1, "ORDER", "AAA", -10.0, -20.0, DRAWDOWN)),
        (0, (1, "ORDER", "AAA", -10.0, -10.0, ())),
    ],
)
def test_beyond_the_drawdown_a_flip_becomes_the_close_and_a_close_passes(
    direction: int, answer: Answer, capital: float, limits: dict[str, Any], run_market: RunMarket
) -> None:
    events, _ = run_market(
        {"AAA/1d": [5.0, (5.0, 2.0), 2.0]},
        {0: [("AAA", 1, 1.0)], 1: [("AAA", direction, 1.0)]},
        capital=capital,
        allow_short=True,
        fixed_quantity=10.0,
        **limits,
    )
    assert answers(events)[1] == answer


def test_a_drawdown_is_measured_from_the_highest_update(run_market: RunMarket) -> None:
    # 500 + 10 x 150 = 2000 after slice 1; 500 + 10 x 99 = 1490 in slice 2, 25.5 % below.
    events, _ = run_market(
        {"AAA/1d": [50.0, (50.0, 150.0), 99.0, 99.0], "BBB/1d": [10.0] * 4},
        {0: [("AAA", 1, 1.0)], 2: [("BBB", 1, 1.0)]},
        **FALL,
    )
    assert answers(events)[1] == (2, "REJECTION", "BBB", 0.0, 10.0, DRAWDOWN)


def test_without_a_drawdown_limit_losses_refuse_nothing(run_market: RunMarket) -> None:
    events, _ = run_market(
        {"AAA/1d": [50.0, (50.0, 1.0), 1.0], "BBB/1d": [10.0] * 3},
        {0: [("AAA", 1, 1.0)], 1: [("BBB", 1, 1.0)]},
        **{**FALL, "max_drawdown": None},
    )
    assert answers(events)[1] == (1, "ORDER", "BBB", 10.0, 10.0, ())


def probes(events: Sequence[Event], symbol: str) -> list[tuple[int, str]]:
    return [(a[0], a[1]) for a in answers(events) if a[2] == symbol]


@pytest.mark.parametrize(
    ("cooldown", "outcome"),
    [
        (1, [(3, "ORDER")]),
        (2, [(3, "REJECTION"), (4, "ORDER")]),
        (3, [(3, "REJECTION"), (4, "REJECTION"), (5, "ORDER")]),
        (None, [(3, "REJECTION"), (4, "REJECTION"), (5, "REJECTION")]),
    ],
)
def test_the_peak_is_forgotten_after_updates_without_a_position(
    cooldown: int | None, outcome: list[tuple[int, str]], run_market: RunMarket
) -> None:
    # Flat with 700 from slice 2 on: the updates of slices 2, 3, 4 count 1, 2, 3.
    events, _ = run_market(
        {"AAA/1d": [50.0, (50.0, 20.0), 20.0] + [20.0] * 4, "BBB/1d": [10.0] * 7},
        {0: [("AAA", 1, 1.0)], 1: [("AAA", 0, 1.0)]}
        | {k: [("BBB", 1, 1.0)] for k in (3, 4, 5)},
        drawdown_cooldown_bars=cooldown,
        **FALL,
    )  # fmt: skip
    assert probes(events, "BBB") == outcome


def test_updates_with_a_position_do_not_cool_down(run_market: RunMarket) -> None:
    # Held until slice 4, where the exit fills: the updates of slices 4 and 5 count.
    events, _ = run_market(
        {"AAA/1d": [50.0, (50.0, 20.0)] + [20.0] * 6, "BBB/1d": [10.0] * 8},
        {0: [("AAA", 1, 1.0)], 3: [("AAA", 0, 1.0)]}
        | {k: [("BBB", 1, 1.0)] for k in (4, 5, 6)},
        drawdown_cooldown_bars=2,
        **FALL,
    )  # fmt: skip
    assert probes(events, "BBB") == [(4, "REJECTION"), (5, "REJECTION"), (6, "ORDER")]


def test_a_position_in_between_starts_the_cool_down_anew(run_market: RunMarket) -> None:
    # Flat in slice 2 (count 1); an old order for BBB fills in slice 3 (0) and its exit in slice 4
    # (1); after slice 5 (2) the peak is forgotten.
    bbb = {0: 10.0, 3: 10.0, 4: 10.0, 5: 10.0, 6: 10.0, 7: 10.0}
    events, _ = run_market(
        {"AAA/1d": [50.0, (50.0, 20.0)] + [20.0] * 6, "BBB/1d": bbb, "CCC/1d": [10.0] * 8},
        {
            0: [("AAA", 1, 1.0), ("BBB", 1, 1.0)],
            1: [("AAA", 0, 1.0)],
            3: [("BBB", 0, 1.0), ("CCC", 1, 1.0)],
            4: [("CCC", 1, 1.0)],
            5: [("CCC", 1, 1.0)],
            6: [("CCC", 1, 1.0)],
        },
        drawdown_cooldown_bars=2,
        **FALL,
    )
    assert probes(events, "CCC") == [
        (3, "REJECTION"), (4, "REJECTION"), (5, "REJECTION"), (6, "ORDER"),
    ]  # fmt: skip


def test_after_a_cool_down_the_drawdown_is_measured_from_the_equity_then(
    run_market: RunMarket,
) -> None:
    # The peak is 700 after slice 2. 10 BBB at 40 leave 300; at 22 the equity is 520, 25.7 % below
    # 700; at 23 it is 530, 24.3 %.
    for close, kind in ((22.0, "REJECTION"), (23.0, "ORDER")):
        events, _ = run_market(
            {
                "AAA/1d": [50.0, (50.0, 20.0)] + [20.0] * 5,
                "BBB/1d": [40.0] * 4 + [(40.0, close), close, close],
            },
            {
                0: [("AAA", 1, 1.0)], 1: [("AAA", 0, 1.0)],
                3: [("BBB", 1, 1.0)], 4: [("AAA", 1, 1.0)],
            },
            drawdown_cooldown_bars=1,
            **FALL,
        )  # fmt: skip
        assert probes(events, "AAA")[-1] == (4, kind)


def test_updates_within_the_limit_do_not_cool_down(run_market: RunMarket) -> None:
    # 10 AAA at 50, sold at 30: 800, flat and 20 % below 1000. 10 BBB at 40, at 30: 700, 30 %.
    events, _ = run_market(
        {
            "AAA/1d": [50.0, 50.0, 30.0] + [30.0] * 6,
            "BBB/1d": [40.0] * 7 + [30.0] * 2,
            "CCC/1d": [10.0] * 9,
        },
        {0: [("AAA", 1, 1.0)], 1: [("AAA", 0, 1.0)], 5: [("BBB", 1, 1.0)], 7: [("CCC", 1, 1.0)]},
        drawdown_cooldown_bars=1,
        **FALL,
    )
    assert probes(events, "BBB") == [(5, "ORDER")]
    assert probes(events, "CCC") == [(7, "REJECTION")]


def test_every_cool_down_counts_from_its_own_beginning(run_market: RunMarket) -> None:
    # With fills at the close, 20 % slippage and an end in the same slice, AAA and BBB each lose
    # 100 x 12 - 100 x 8 = 400 at once: 600 after slice 1, 200 after slice 2, both times flat and
    # beyond the limit, so both times the peak is forgotten at once.
    events, _ = run_market(
        {"AAA/1d": [10.0] * 2, "BBB/1d": [10.0] * 3, "CCC/1d": [10.0] * 5},
        {1: [("AAA", 1, 1.0)], 2: [("BBB", 1, 1.0)], 3: [("CCC", 1, 1.0)]},
        costs=Costs(slippage_bps=2000.0),
        fill="same_close",
        close_at_end=True,
        drawdown_cooldown_bars=1,
        **{**FALL, "fixed_quantity": 100.0},
    )
    assert [a[1] for a in answers(events)] == ["ORDER", "ORDER", "ORDER"]
