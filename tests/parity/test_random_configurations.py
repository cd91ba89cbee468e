"""Small random configurations on small random data: both engines and the oracle agree."""

from __future__ import annotations

import datetime
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parity.subjects import Subject, parse_subject, subject_for
from parity.verdicts import Verdict
from parity.verifying import verify

FIRST = datetime.date(2024, 1, 1)


@st.composite
def bars(draw: st.DrawFn) -> str:
    """Draw a file of daily bars with gaps, ties and flat stretches; prices in quarters."""
    days = draw(st.lists(st.integers(0, 60), min_size=3, max_size=40, unique=True))
    price, lines = draw(st.integers(40, 400)), ["timestamp,open,high,low,close,volume"]
    for day in sorted(days):
        open_ = max(4, price + draw(st.integers(-20, 20)))
        close = max(4, open_ + draw(st.sampled_from([0, 0, 0, 1, -1, 4, -4, 25, -25])))
        high, low = max(open_, close) + draw(st.integers(0, 3)), min(open_, close)
        volume = draw(st.sampled_from(["", "0", "1000"]))
        date = FIRST + datetime.timedelta(days=day)
        lines.append(f"{date},{open_ / 4},{high / 4},{low / 4},{close / 4},{volume}")
        price = close
    return "\n".join(lines) + "\n"


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), strategy)


PROFILE = st.fixed_dictionaries(
    {"type": st.sampled_from(["conservative", "moderate", "aggressive"])},
    optional={
        "max_position_size": st.sampled_from([0.1, 0.5, 1.0, 3.0]),
        "fixed_quantity": maybe(st.sampled_from([10.0, 50.0])),
        "max_leverage": maybe(st.sampled_from([0.5, 1.0, 2.5])),
        "max_drawdown": maybe(st.sampled_from([0.01, 0.1])),
        "drawdown_cooldown_bars": maybe(st.integers(1, 5)),
        "stop_loss": maybe(st.sampled_from([0.01, 0.1])),
    },
)
PERIODS = st.integers(1, 8)
STRATEGY = st.one_of(
    st.fixed_dictionaries(
        {
            "type": st.just("momentum"),
            "parameters": st.fixed_dictionaries({"fast_period": PERIODS, "slow_period": PERIODS}),
        }
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("mean_reversion"),
            "parameters": st.fixed_dictionaries(
                {"lookback": PERIODS, "num_std": st.sampled_from([0, 0.5, 2])}
            ),
        }
    ),
    st.just({"type": "buy_and_hold"}),
)


@st.composite
def workflows(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, str]]:
    """Draw a configuration, and the files of its symbols."""
    symbols = [f"S{i}" for i in range(draw(st.integers(1, 3)))]
    strategies = draw(st.lists(STRATEGY, min_size=1, max_size=2))
    profiles = draw(st.lists(PROFILE, min_size=1, max_size=2))
    config = {
        "workflow": "simple_backtest",
        "data": {"timestamp": draw(st.sampled_from(["start", "end"]))},
        "symbols": symbols,
        "strategies": [{**entry, "name": f"s{i}"} for i, entry in enumerate(strategies)],
        "risk_profiles": [{**entry, "name": f"p{i}"} for i, entry in enumerate(profiles)],
        "execution": {
            "fill": draw(st.sampled_from(["next_open", "same_close"])),
            "slippage_bps": draw(st.sampled_from([0, 10])),
            "commission_bps": draw(st.sampled_from([0, 25])),
            "commission_per_share": draw(st.sampled_from([0, 0.01])),
            "commission_fixed": draw(st.sampled_from([0, 1])),
            "commission_minimum": draw(st.sampled_from([0, 5])),
            "close_at_end": draw(st.booleans()),
        },
        "portfolio": {
            "initial_capital": draw(st.sampled_from([1000, 100000])),
            "fractional": draw(st.booleans()),
            "lot_size": draw(st.sampled_from([1, 10])),
            "allow_short": draw(st.booleans()),
        },
    }
    return config, {symbol: draw(bars()) for symbol in symbols}


@pytest.fixture(scope="module")
def subjects() -> tuple[Subject, Subject]:
    return subject_for(parse_subject("imperative")), subject_for(parse_subject("declarative"))


@settings(max_examples=max(100, settings().max_examples))
@given(workflow=workflows())
def test_both_engines_and_the_oracle_agree(
    subjects: tuple[Subject, Subject], workflow: tuple[dict[str, Any], dict[str, str]]
) -> None:
    config, files = workflow
    control, candidate = subjects
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for symbol, content in files.items():
            (folder / f"{symbol}_1d.csv").write_text(content, encoding="utf-8")
        config["data"]["data_dir"] = name
        verification = verify([("random", config)], control, [candidate], folder / "out")
    assert [pair.verdict for pair in verification.pairs] == [Verdict.EQUAL, Verdict.EQUAL], (
        [pair.divergence for pair in verification.pairs],
        [pair.control.explanation for pair in verification.pairs],
    )
    assert verification.exit_code == 0
