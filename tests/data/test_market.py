from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from containers.data import MarketData, Timeframe, load_market, parse_instant
from containers.errors import ConfigurationError, DataError

Write = Callable[..., Path]
PRICES = "10,12,9,11,500"


def days(*texts: str) -> list[str]:
    return [f"{text},{PRICES}" for text in texts]


def refusals(folder: Path, symbols: Sequence[tuple[str, Sequence[str]]], **how: Any) -> list[str]:
    with pytest.raises(DataError) as raised:
        load_market(folder, symbols, **how)
    found = [str(problem) for problem in raised.value.problems]
    return [text.replace(f"{folder}/", "").replace(str(folder), "FOLDER") for text in found]


@pytest.fixture
def folder(tmp_path: Path, write_csv: Write) -> Path:
    write_csv(*days("2005-01-03", "2005-01-04", "2005-01-05"), name="GOOG_1d.csv")
    hours = [f"2005-01-0{day}T{hour:02}:00" for day in (3, 4) for hour in (9, 10, 11)]
    write_csv(*days(*hours), name="GOOG_1h.csv")
    write_csv(*days("2005-01-01", "2005-02-01"), name="GOOG_1mo.csv")
    write_csv(*days("2005-01-03", "2005-01-06"), name="MSFT_1d.csv")
    return tmp_path


def test_streams_come_in_config_order_of_symbols_and_shorter_first(folder: Path) -> None:
    market = load_market(folder, [("MSFT", ["1d"]), ("GOOG", ["1mo", "1h", "1d"])])
    assert list(market) == [("MSFT", "1d"), ("GOOG", "1h"), ("GOOG", "1d"), ("GOOG", "1mo")]
    assert market.symbols == ("MSFT", "GOOG")
    assert [str(timeframe) for timeframe in market.timeframes("GOOG")] == ["1h", "1d", "1mo"]
    assert str(market.base_timeframe("GOOG")) == "1h"
    assert market.base("GOOG") is market["GOOG", "1h"]
    assert len(market) == 4
    assert market.dropped == ()


def test_a_bar_is_known_at_its_end(folder: Path) -> None:
    bars = load_market(folder, [("GOOG", ["1mo"])]).base("GOOG")
    assert bars.end_ns.tolist() == [parse_instant("2005-02-01"), parse_instant("2005-03-01")]
    assert bars.label_ns.tolist() == [parse_instant("2005-01-01"), parse_instant("2005-02-01")]


def test_with_labels_at_the_end_the_label_is_the_end(folder: Path) -> None:
    bars = load_market(folder, [("GOOG", ["1mo"])], timestamp="end").base("GOOG")
    assert bars.end_ns.tolist() == bars.label_ns.tolist()


def test_slices_are_the_different_ends_of_all_streams(folder: Path) -> None:
    market = load_market(folder, [("GOOG", ["1d"]), ("MSFT", ["1d"])])
    expected = ["2005-01-04", "2005-01-05", "2005-01-06", "2005-01-07"]
    assert market.slice_times().tolist() == [parse_instant(text) for text in expected]
    assert market.last_base_end("GOOG") == parse_instant("2005-01-06")


def test_the_range_includes_both_ends_and_goes_by_labels(folder: Path) -> None:
    market = load_market(folder, [("GOOG", ["1h"])], start="2005-01-03T10:00", end="2005-01-03")
    labels = market.base("GOOG").label_ns.tolist()
    assert labels == [parse_instant("2005-01-03T10:00"), parse_instant("2005-01-03T11:00")]


def test_periods_per_year_are_those_of_the_first_symbol_in_the_range(folder: Path) -> None:
    symbols = [("GOOG", ["1h"]), ("MSFT", ["1d"])]
    assert load_market(folder, symbols).periods_per_year() == 252.0 * 3
    assert load_market(folder, symbols, start="2005-01-03T11:00").periods_per_year() == 252.0 * 2
    assert load_market(folder, symbols).periods_per_year("MSFT") == 252.0


def test_an_unknown_symbol_is_a_key_error(folder: Path) -> None:
    market = load_market(folder, [("GOOG", ["1d"])])
    with pytest.raises(KeyError, match="MSFT"):
        market.base("MSFT")
    assert ("MSFT", "1d") not in market


def test_market_data_is_frozen_and_pickles(folder: Path) -> None:
    market = load_market(folder, [("GOOG", ["1h", "1d"]), ("MSFT", ["1d"])])
    with pytest.raises(AttributeError, match="market data is frozen; symbols cannot be set"):
        market.symbols = ()
    with pytest.raises(AttributeError, match="market data is frozen; dropped cannot be deleted"):
        del market.dropped
    again = pickle.loads(pickle.dumps(market))
    assert list(again) == list(market)
    assert [list(bars) for bars in again.values()] == [list(bars) for bars in market.values()]
    assert repr(again) == (
        "MarketData(Bars(GOOG_1h, 6 bars), Bars(GOOG_1d, 3 bars), Bars(MSFT_1d, 2 bars))"
    )
    assert again != market
    assert hash(market) == hash(market)


def test_market_data_of_impossible_streams_is_refused(folder: Path) -> None:
    bars = load_market(folder, [("GOOG", ["1h"])]).base("GOOG")
    other = replace(bars, timeframe=Timeframe(60, "m"))
    with pytest.raises(ValueError, match="two streams of GOOG have timeframes of the same length"):
        MarketData([bars, other])
    with pytest.raises(ValueError, match=r"Bars\(GOOG_1h, 0 bars\) has no bars; expected at least"):
        MarketData([bars.rows(0, -1)])
    with pytest.raises(ValueError, match="market data without streams; expected at least one"):
        MarketData([])


def test_dropped_bars_are_recorded_in_the_order_of_the_streams(
    tmp_path: Path, write_csv: Write
) -> None:
    for name in ("A_1h.csv", "A_1d.csv", "B_1d.csv"):
        write_csv(*days("2005-01-03", "x", "2005-01-04"), name=name)
    symbols = [("B", ["1d"]), ("A", ["1d", "1h"])]
    market = load_market(tmp_path, symbols, on_bad_bar="drop")
    assert [one.file for one in market.dropped] == ["B_1d.csv", "A_1h.csv", "A_1d.csv"]


# --- what is refused --------------------------------------------------------------------------


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    assert refusals(tmp_path / "none", [("GOOG", ["1d"])]) == [
        ("data.data_dir: FOLDER does not exist; expected a folder with files like GOOG_1d.csv")
    ]


def test_a_folder_that_is_a_file_is_refused(write_csv: Write) -> None:
    (message,) = refusals(write_csv(), [("GOOG", ["1d"])])
    assert "FOLDER is not a folder" in message


def test_problems_of_all_streams_are_told_at_once(folder: Path, write_csv: Write) -> None:
    write_csv("x,1,1,1,1,1", "2005-01-03,1,1,1,0,1", name="AAPL_1d.csv")
    write_csv(header="timestamp,open", name="IBM_1d.csv")
    symbols = [("AAPL", ["1d"]), ("GOOG", ["1d"]), ("IBM", ["1d"]), ("MFST", ["1d"])]
    found = refusals(folder, symbols)
    assert [text.split(": ")[0] for text in found] == [
        "AAPL_1d.csv:2:1",
        "AAPL_1d.csv:3:18",
        *["IBM_1d.csv:1"] * 3,
        "symbols[3]",
    ]
    assert "symbols[3]: there is no MFST_1d.csv (or .parquet)" in found[-1]


def test_the_whole_file_is_checked_not_only_the_range(folder: Path, write_csv: Write) -> None:
    write_csv(*days("2005-01-03", "2005-01-04", "bad"), name="AAPL_1d.csv")
    assert len(refusals(folder, [("AAPL", ["1d"])], end="2005-01-03")) == 1


@pytest.mark.parametrize(
    ("start", "end", "asked"),
    [
        ("2006-01-01", None, "2006-01-01 to its last bar"),
        (None, "2004-12-31", "its first bar to 2004-12-31T23:59:59.999999999"),
        (
            "2005-01-03T00:00:01",
            "2005-01-03",
            "2005-01-03T00:00:01 to 2005-01-03T23:59:59.999999999",
        ),
    ],
)
def test_an_empty_range_says_what_the_file_covers(
    folder: Path, start: str | None, end: str | None, asked: str
) -> None:
    assert refusals(folder, [("GOOG", ["1d"])], start=start, end=end) == [
        (
            f"symbols[0]: no 1d bar of 'GOOG' lies in the range {asked}; its file "
            "covers 2005-01-03 to 2005-01-05 (change data.start_date and data.end_date)"
        )
    ]


def test_a_file_without_bars_is_refused(tmp_path: Path, write_csv: Write) -> None:
    write_csv()
    assert refusals(tmp_path, [("GOOG", ["1d"])]) == [
        "GOOG_1d.csv: symbols[0]: holds no bars; expected at least one"
    ]


def test_a_file_of_bad_bars_alone_is_refused(tmp_path: Path, write_csv: Write) -> None:
    write_csv("x,1,1,1,1,1", "y,1,1,1,1,1")
    assert refusals(tmp_path, [("GOOG", ["1d"])], on_bad_bar="drop") == [
        "GOOG_1d.csv: symbols[0]: holds no bars; all 2 were dropped as bad; expected at least one"
    ]


def test_dates_that_cannot_be_read_are_refused_by_their_key(folder: Path) -> None:
    found = refusals(folder, [("GOOG", ["1d"])], start="2005", end="2005-02-30")
    assert found[0].startswith("data.start_date: '2005' is not an ISO 8601 date or time")
    assert found[1] == "data.end_date: '2005-02-30' has no such date in the calendar"


def test_a_range_that_ends_before_it_starts_is_refused(folder: Path) -> None:
    found = refusals(folder, [("GOOG", ["1d"])], start="2005-01-05", end="2005-01-04")
    assert found == [
        "data.start_date: start_date 2005-01-05 is after end_date 2005-01-04; expected it not to be"
    ]


def test_symbols_and_timeframes_that_cannot_be_are_refused_together(folder: Path) -> None:
    symbols: list[tuple[str, list[str]]] = [
        ("GOOG", ["60m", "1d", "1h"]),
        ("MSFT", []),
        ("GOOG", ["15min"]),
    ]
    found = refusals(folder, symbols)
    assert found[:3] == [
        (
            "symbols[0]: timeframes '60m' and '1h' of symbol 'GOOG' have the same length; "
            "expected each length once"
        ),
        "symbols[1]: symbol 'MSFT' has no timeframe; expected at least one",
        "symbols[2]: symbol 'GOOG' is there twice; expected each once",
    ]
    assert found[3].startswith("symbols[2]: timeframe '15min' is not understood")


def test_no_symbols_are_refused(folder: Path) -> None:
    assert refusals(folder, []) == ["symbols: there is no symbol; expected at least one"]


def test_months_that_end_together_are_refused(tmp_path: Path, write_csv: Write) -> None:
    write_csv(*days("2005-01-30", "2005-01-31"), name="GOOG_1mo.csv")
    assert refusals(tmp_path, [("GOOG", ["1mo"])]) == [
        (
            "GOOG_1mo.csv: symbols[0]: the 1mo bars of 2005-01-30 and 2005-01-31 do not end "
            "one after the other; expected labels 1mo apart"
        )
    ]
    assert load_market(tmp_path, [("GOOG", ["1mo"])], timestamp="end")


def test_a_bar_that_ends_after_the_last_instant_is_refused(
    tmp_path: Path, write_csv: Write
) -> None:
    write_csv(*days("2262-04-11"))
    assert refusals(tmp_path, [("GOOG", ["1d"])]) == [
        (
            "GOOG_1d.csv: symbols[0]: the 1d bar of 2262-04-11 ends too late; "
            "expected labels up to 2262-04-10T23:47:16.854775807"
        )
    ]


def test_a_data_error_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        load_market(tmp_path, [("GOOG", ["1d"])])


def test_the_committed_market_data_load() -> None:
    fixtures = Path(__file__).parents[2] / "fixtures" / "market"
    names = sorted(path.name.removesuffix("_1d.csv") for path in fixtures.glob("*_1d.csv"))
    market = load_market(fixtures, [(name, ["1d"]) for name in names])
    assert list(market.symbols) == names


def test_a_cut_has_the_bars_that_end_in_it_and_shares_their_columns(folder: Path) -> None:
    market = load_market(folder, [("MSFT", ["1d"]), ("GOOG", ["1h", "1d"])])
    start, stop = parse_instant("2005-01-04T10:00"), parse_instant("2005-01-05")
    cut = market.cut(start, stop)
    assert list(cut) == list(market)
    assert cut.symbols == market.symbols
    assert [len(bars) for bars in cut.values()] == [0, 3, 0]
    assert cut["GOOG", "1h"].end_ns.tolist() == [
        parse_instant(f"2005-01-04T{hour}:00") for hour in (10, 11, 12)
    ]
    assert cut.slice_times().tolist() == cut["GOOG", "1h"].end_ns.tolist()
    assert cut["GOOG", "1h"].close.base is not None
    assert (cut.last_base_end("GOOG"), cut.last_base_end("MSFT")) == (
        parse_instant("2005-01-04T12:00"), None,
    )  # fmt: skip
    assert [str(cut.base_timeframe(symbol)) for symbol in cut.symbols] == ["1d", "1h"]
    with pytest.raises(ValueError, match="read-only"):
        cut["GOOG", "1h"].close[0] = 1.0
    with pytest.raises(ValueError, match="have no periods per year"):
        cut.periods_per_year("MSFT")


@pytest.mark.parametrize(
    ("start", "stop", "expected"),
    [
        (None, None, [0, 1, 2]),
        ("2005-01-04", None, [0, 1, 2]),
        ("2005-01-04T00:00:00.000000001", None, [1, 2]),
        (None, "2005-01-06", [0, 1]),
        (None, "2005-01-06T00:00:00.000000001", [0, 1, 2]),
        ("2005-01-05", "2005-01-06", [1]),
        ("2005-01-06", "2005-01-05", []),
        ("2006-01-01", None, []),
    ],
)
def test_a_cut_has_its_start_and_not_its_stop(
    start: str | None, stop: str | None, expected: list[int], folder: Path
) -> None:
    market = load_market(folder, [("GOOG", ["1d"])])
    first, last = (None if text is None else parse_instant(text) for text in (start, stop))
    cut = market.cut(first, last)
    ends = market.base("GOOG").end_ns.tolist()
    assert cut.base("GOOG").end_ns.tolist() == [ends[index] for index in expected]
    assert cut.slice_times().tolist() == [ends[index] for index in expected]


def test_a_cut_can_be_cut_and_pickled_and_has_no_records_of_files(
    tmp_path: Path, write_csv: Write
) -> None:
    write_csv(*days("2005-01-03", "2005-01-04"), "2005-01-05,1,1,1,x,1", name="GOOG_1d.csv")
    market = load_market(tmp_path, [("GOOG", ["1d"])], on_bad_bar="drop")
    assert len(market.dropped) == 1
    empty = market.cut(None, parse_instant("2005-01-05")).cut(parse_instant("2006-01-01"), None)
    assert empty.dropped == ()
    assert empty.slice_times().tolist() == []
    again = pickle.loads(pickle.dumps(empty))
    assert list(again) == [("GOOG", "1d")]
    assert len(again.base("GOOG")) == 0
    assert again.symbols == ("GOOG",)
    whole = pickle.loads(pickle.dumps(market))
    assert whole.dropped == market.dropped


def test_bars_may_lie_further_apart_than_an_int64_can_count(
    tmp_path: Path, write_csv: Write
) -> None:
    first, last = "1677-09-21T00:12:43.145224193", "2262-04-11T23:47:16.854775807"
    write_csv(*days(first, last), name="GOOG_1d.csv")
    bars = load_market(tmp_path, [("GOOG", ["1d"])], timestamp="end").base("GOOG")
    assert bars.end_ns.tolist() == [parse_instant(first), parse_instant(last)]
