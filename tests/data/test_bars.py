from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from containers.data.bars import CHUNK_ROWS, Bars
from containers.data.timeframe import Timeframe

DAY_NS = 86_400_000_000_000


def make_bars(count: int, **columns: Any) -> Bars:
    label_ns = np.arange(count, dtype=np.int64) * DAY_NS
    close = 100.0 + np.arange(count)
    settings: dict[str, Any] = {
        "symbol": "GOOG",
        "timeframe": Timeframe(1, "d"),
        "label_ns": label_ns,
        "end_ns": label_ns + DAY_NS,
        "open": close - 1.0,
        "high": close + 2.0,
        "low": close - 2.0,
        "close": close,
        "volume": np.full(count, 5.0),
        "volume_valid": np.ones(count, dtype=np.bool_),
    }
    return Bars(**(settings | columns))


def test_columns_cannot_be_written_to_but_the_callers_array_can() -> None:
    close = np.array([100.0, 101.0])
    bars = make_bars(2, close=close)
    with pytest.raises(ValueError, match="read-only"):
        bars.close[0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        bars.rows(0, 0).close[0] = 1.0
    close[0] = 100.5
    with pytest.raises(AttributeError):
        bars.symbol = "MSFT"  # type: ignore[misc]


def test_pickled_bars_come_back_equal_and_read_only() -> None:
    bars = make_bars(3)
    again = pickle.loads(pickle.dumps(bars))
    assert list(again) == list(bars)
    assert (again.symbol, again.timeframe) == ("GOOG", Timeframe(1, "d"))
    with pytest.raises(ValueError, match="read-only"):
        again.label_ns[0] = 1


def test_a_column_of_another_dtype_is_refused() -> None:
    with pytest.raises(TypeError, match="column close is int64; expected float64"):
        make_bars(2, close=np.array([1, 2]))


def test_a_column_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match=r"column volume has shape \(1,\); expected \(2,\)"):
        make_bars(2, volume=np.array([1.0]))


def test_rows_includes_both_ends_and_shares_the_columns() -> None:
    bars = make_bars(5)
    part = bars.rows(1, 3)
    assert part.close.tolist() == [101.0, 102.0, 103.0]
    assert np.shares_memory(part.close, bars.close)
    assert len(bars.rows(2, 1)) == 0
    assert len(bars.rows(0, 4)) == 5


@pytest.mark.parametrize(("first", "last"), [(-1, 2), (0, 5), (3, 1), (6, 5)])
def test_rows_that_do_not_exist_are_refused(first: int, last: int) -> None:
    with pytest.raises(IndexError) as raised:
        make_bars(5).rows(first, last)
    assert str(raised.value) == (
        f"bars {first} to {last} of GOOG 1d; "
        "expected positions from 0 to 4, the first not after the last"
    )


@pytest.mark.parametrize(
    ("start_ns", "end_ns", "closes"),
    [
        (None, None, [100.0, 101.0, 102.0]),
        (DAY_NS, None, [101.0, 102.0]),
        (DAY_NS + 1, None, [102.0]),
        (None, DAY_NS, [100.0, 101.0]),
        (None, DAY_NS - 1, [100.0]),
        (DAY_NS, DAY_NS, [101.0]),
        (1, 2, []),
        (2 * DAY_NS, 0, []),
        (None, -1, []),
        (9 * DAY_NS, None, []),
    ],
)
def test_between_goes_by_labels_and_includes_both_ends(
    start_ns: int | None, end_ns: int | None, closes: list[float]
) -> None:
    assert make_bars(3).between(start_ns, end_ns).close.tolist() == closes


def test_walking_gives_python_values_and_null_volumes() -> None:
    bars = make_bars(2, volume_valid=np.array([True, False]))
    rows = list(bars)
    assert rows == [
        (DAY_NS, 99.0, 102.0, 98.0, 100.0, 5.0),
        (2 * DAY_NS, 100.0, 103.0, 99.0, 101.0, None),
    ]
    assert [type(value) for value in rows[0]] == [int, float, float, float, float, float]


def test_walking_crosses_chunks() -> None:
    count = CHUNK_ROWS + 3
    valid = np.ones(count, dtype=np.bool_)
    valid[CHUNK_ROWS] = False
    rows = list(make_bars(count, volume_valid=valid))
    assert [row[4] for row in rows] == [100.0 + index for index in range(count)]
    assert [index for index, row in enumerate(rows) if row[5] is None] == [CHUNK_ROWS]


def test_distinct_dates_are_those_of_the_labels() -> None:
    hours = np.array([0, 1, 23, 24, 71], dtype=np.int64) * (DAY_NS // 24)
    assert make_bars(5, label_ns=hours).distinct_dates() == 3
    assert make_bars(0).distinct_dates() == 0


def test_bars_say_what_they_are() -> None:
    assert repr(make_bars(2)) == "Bars(GOOG_1d, 2 bars)"


def test_bars_are_split_at_a_time_that_belongs_to_the_later_part() -> None:
    bars = make_bars(3)
    for time_ns, count in ((None, 0), (0, 0), (DAY_NS, 0), (DAY_NS + 1, 1), (9 * DAY_NS, 3)):
        before, after = bars.split_at(time_ns)
        assert bars.count_before(time_ns) == len(before) == count
        assert [*before, *after] == list(bars)
        assert not after.close.flags.writeable
