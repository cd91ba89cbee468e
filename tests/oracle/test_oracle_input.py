"""How the oracle reads configurations and bars."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from containers.events import Bar
from parity.oracle import Backtest, CannotExpress, run_backtest
from parity.oracle.settings import Settings, resolve
from parity.oracle.times import bar_end, parse_timeframe, parse_timestamp

if TYPE_CHECKING:
    from tests.oracle.conftest import RunBacktest

DAY_NS = 86_400 * 10**9
CONFIG: dict[str, Any] = {
    "workflow": "simple_backtest",
    "data": {"data_dir": "market"},
    "symbols": ["A"],
    "strategies": [{"type": "momentum"}],
}


def ns(text: str) -> int:
    return parse_timestamp(text)


def resolved(**changes: Any) -> Settings:
    return resolve({**CONFIG, **changes}, Path("base"))


def closes(result: Backtest) -> list[float]:
    return [event.close for event in result.events if isinstance(event, Bar)]


# Configuration


def test_defaults_fill_what_is_left_out() -> None:
    settings = resolved()
    assert settings.data.folder == Path("base/market")
    assert settings.symbols[0].base == ("A", "1d")
    assert settings.strategies[0].name == "momentum"
    assert settings.strategies[0].parameters == {"fast_period": 10, "slow_period": 30}
    (profile,) = settings.profiles
    assert (profile.name, profile.max_position_size, profile.max_leverage) == (
        "moderate",
        0.25,
        1.0,
    )
    assert (profile.max_drawdown, profile.drawdown_cooldown_bars, profile.stop_loss) == (None,) * 3
    assert not settings.execution.same_close
    assert (settings.initial_capital, settings.lot_size) == (100000.0, 1.0)


def test_phase_overrides_merge_deeply_and_replace_lists() -> None:
    settings = resolved(
        portfolio={"initial_capital": 500, "allow_short": True},
        phases={"backtest": {"portfolio": {"initial_capital": 700}, "symbols": ["B", "C"]}},
    )
    assert (settings.initial_capital, settings.allow_short) == (700.0, True)
    assert [symbol.name for symbol in settings.symbols] == ["B", "C"]


def test_resolving_leaves_the_configuration_as_it_was() -> None:
    config = {**CONFIG, "phases": {"backtest": {"data": {"start_date": "2020-01-02"}}}}
    resolve(config, Path())
    assert config["data"] == {"data_dir": "market"}


@pytest.mark.parametrize(
    ("profile", "size"),
    [
        ({"type": "conservative"}, 0.1),
        ({"type": "moderate"}, 0.25),
        ({"type": "aggressive"}, 1 / 3),
        ({"type": "aggressive", "max_position_size": 0.9}, 0.9),
        ({"type": "custom", "max_position_size": 0.5}, 0.5),
        ({"type": "custom", "fixed_quantity": 10}, None),
    ],
)
def test_presets_are_limited_to_an_equal_share_unless_set(
    profile: dict[str, Any], size: float | None
) -> None:
    settings = resolved(symbols=["A", "B", "C"], risk_profiles=[profile])
    assert settings.profiles[0].max_position_size == size


def test_a_null_switches_a_rule_off_and_opens_a_range() -> None:
    settings = resolved(
        data={"data_dir": "market", "start_date": None},
        risk_profiles=[{"type": "moderate", "max_leverage": None}],
    )
    assert settings.profiles[0].max_leverage is None
    assert settings.data.first_ns is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"workflow": "research_pipeline"}, "the workflow is 'research_pipeline'"),
        ({"phases": {"check": {}}}, "simple_backtest has no phase 'check'"),
        ({"strategies": [{"type": "own"}]}, "no strategy of type 'own'"),
        ({"classifiers": [{"type": "own"}]}, "no classifier of type 'own'"),
        ({"strategies": [{"type": "trend"}]}, "no strategy of type 'trend'"),
        ({"strategies": [{"type": "rsi", "parameters": {"n": 1}}]}, "rsi has no parameter 'n'"),
        ({"strategies": [{"type": "rsi", "timeframe": "1h"}]}, "A has no timeframe '1h'"),
        ({"data": {"source": "feed", "data_dir": "."}}, "data comes from 'feed'"),
        (
            {"strategies": [{"type": "ensemble", "parameters": {"members": {"rsi": 1}}}]},
            "ensemble 'ensemble' comes before member 'rsi'",
        ),
    ],
)
def test_what_the_oracle_does_not_cover_is_named(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(CannotExpress) as caught:
        resolved(**changes)
    assert reason in caught.value.reason


# Time


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-02", DAY_NS),
        ("1970-01-01 00:00:01.5", 1_500_000_000),
        ("1970-01-01T00:00:00.000000001Z", 1),
        ("1970-01-01T01:00+01:00", 0),
        ("1969-12-31 19:00:00-0500", 0),
        ("1969-12-31", -DAY_NS),
    ],
)
def test_timestamps_without_a_zone_are_utc(text: str, expected: int) -> None:
    assert parse_timestamp(text) == expected


@pytest.mark.parametrize("text", ["", "2020-02-30", "2020-01-01 25:00", "01/02/2020", "soon"])
def test_what_is_no_timestamp_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_timestamp(text)


@pytest.mark.parametrize(
    ("timeframe", "label", "end"),
    [
        ("5m", "2020-01-01 09:30", "2020-01-01 09:35"),
        ("1w", "2020-01-06", "2020-01-13"),
        ("1mo", "2021-01-31", "2021-02-28"),
        ("1mo", "2020-01-31 12:00", "2020-02-29 12:00"),
        ("3mo", "2020-11-30", "2021-02-28"),
        ("12mo", "2020-02-29", "2021-02-28"),
    ],
)
def test_a_bar_ends_one_length_after_its_start(timeframe: str, label: str, end: str) -> None:
    assert bar_end(ns(label), parse_timeframe(timeframe)) == ns(end)


def test_monthly_bars_are_known_a_calendar_month_on(backtest: RunBacktest) -> None:
    labels = {"2021-01-31": 10.0, "2021-02-28": 11.0}
    result = backtest({"A_1mo": labels}, symbols=[{"symbol": "A", "timeframes": ["1mo"]}])
    times = [event.time_ns for event in result.events if isinstance(event, Bar)]
    assert times == [ns("2021-02-28"), ns("2021-03-28")]


def test_labels_can_mark_the_end(backtest: RunBacktest) -> None:
    result = backtest({"A": [10]}, data={"timestamp": "end"})
    assert result.events[0].time_ns == ns("2020-01-01")


def test_both_ends_of_the_range_are_inclusive(backtest: RunBacktest) -> None:
    result = backtest(
        {"A": [1, 2, 3, 4]}, data={"start_date": "2020-01-02", "end_date": "2020-01-03"}
    )
    assert closes(result) == [2.0, 3.0]


def test_an_end_date_means_its_whole_day_and_an_end_time_that_instant(
    backtest: RunBacktest,
) -> None:
    bars = {"2020-01-01 10:00": 1.0, "2020-01-01 23:00": 2.0, "2020-01-02 00:00": 3.0}
    hourly = {"symbols": [{"symbol": "A", "timeframes": ["1h"]}]}
    result = backtest({"A_1h": bars}, data={"end_date": "2020-01-01"}, **hourly)
    assert closes(result) == [1.0, 2.0]
    result = backtest({"A_1h": bars}, data={"end_date": "2020-01-01T10:00"}, **hourly)
    assert closes(result) == [1.0]


# Files


def run_files(folder: Path, **data: Any) -> Backtest:
    config = {**CONFIG, "data": {"data_dir": ".", **data}}
    return run_backtest(config, folder)


def test_columns_are_found_in_any_case_and_volume_may_be_missing(tmp_path: Path) -> None:
    (tmp_path / "A_1d.csv").write_text("Date,Close,LOW,high,Open\n2020-01-01,2,1,3,2\n")
    bar = run_files(tmp_path).events[0]
    assert isinstance(bar, Bar)
    assert (bar.open, bar.high, bar.low, bar.close, bar.volume) == (2.0, 3.0, 1.0, 2.0, None)


def test_bad_bars_are_dropped(tmp_path: Path) -> None:
    rows = [
        "2020-01-02,2,3,1,2,5",
        "2020-01-01,2,3,1,2,5",  # before the last kept bar
        "2020-01-02,2,3,1,2,5",  # twice
        "soon,2,3,1,2,5",
        "2020-01-03,,3,1,2,5",  # no open
        "2020-01-03,2,inf,1,2,5",
        "2020-01-03,2,3,0,2,5",
        "2020-01-03,2,1.9,1,2,5",  # high below the close
        "2020-01-03,2,3,2.1,2,5",  # low above the close
        "2020-01-03,2,3,1,2,-1",
        "2020-01-03,2,3,1,2,nan",
        "2020-01-03,2,2,2,2.000000001,",  # within the tolerance; volume unknown
        "2020-01-04,2,3,1,2,0",
    ]
    (tmp_path / "A_1d.csv").write_text("\n".join(["timestamp,open,high,low,close,volume", *rows]))
    bars = [
        event for event in run_files(tmp_path, on_bad_bar="drop").events if isinstance(event, Bar)
    ]
    assert [bar.time_ns // DAY_NS for bar in bars] == [
        ns(text) // DAY_NS for text in ("2020-01-03", "2020-01-04", "2020-01-05")
    ]
    assert [bar.volume for bar in bars] == [5.0, None, 0.0]


def test_bad_bars_are_errors_unless_dropped(tmp_path: Path) -> None:
    (tmp_path / "A_1d.csv").write_text("timestamp,open,high,low,close\n2020-01-01,0,3,1,2\n")
    with pytest.raises(ValueError, match=r"A_1d\.csv: bad bar"):
        run_files(tmp_path)


def test_a_row_of_another_length_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "A_1d.csv").write_text("timestamp,open,high,low,close\n2020-01-01,2,3,1\n")
    with pytest.raises(ValueError, match=r"A_1d\.csv:2: wrong number of fields"):
        run_files(tmp_path, on_bad_bar="drop")


def test_a_missing_file_and_an_empty_range_are_errors(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there are 0 files A_1d"):
        run_files(tmp_path)
    (tmp_path / "A_1d.csv").write_text("timestamp,open,high,low,close\n2020-01-01,2,3,1,2\n")
    with pytest.raises(ValueError, match=r"A_1d\.csv has no bar in the range"):
        run_files(tmp_path, start_date="2021-01-01")


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_parquet_gives_the_same_bars(tmp_path: Path, unit: Literal["s", "ms", "us", "ns"]) -> None:
    moment = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    table = pa.table(
        {
            "Timestamp": pa.array([moment], pa.timestamp(unit, tz="America/New_York")),
            "Open": [2.0],
            "High": [3.0],
            "Low": [1.0],
            "Close": [2.5],
            "Volume": pa.array([None], pa.int64()),
        }
    )
    pq.write_table(table, tmp_path / "A_1d.parquet")
    bar = run_files(tmp_path, source="parquet").events[0]
    assert isinstance(bar, Bar)
    assert (bar.time_ns, bar.close, bar.volume) == (ns("2020-01-02"), 2.5, None)
