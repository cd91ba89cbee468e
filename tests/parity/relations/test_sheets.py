"""Bars as rows of cells: whatever types a table has, the cells are what a CSV file may hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from parity.relations.sheets import Sheet, _read

DATA = Path(__file__).resolve().parents[3] / "fixtures" / "edges" / "data"


@pytest.mark.parametrize("symbol", ["NANOS", "MILLIS", "SECONDS", "DAYS", "TEXTS", "LOUD"])
def test_prices_of_every_type_are_numbers_and_labels_are_times(symbol: str) -> None:
    sheet: Sheet = _read(DATA, symbol, "1d")
    assert len(sheet.rows) == 40
    for row in sheet.rows:
        assert sheet.label_ns(row) is not None
        low, close, high = (sheet.price(row, name) for name in ("low", "close", "high"))
        assert 0 < low <= close <= high


def test_labels_of_a_dictionary_of_times_are_times(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    times = pa.array([0, 86_400], pa.timestamp("s")).dictionary_encode()
    table = pa.table({"date": times, **{name: [1.0, 1.0] for name in ("open", "high", "low")}})
    pq.write_table(table, tmp_path / "X_1d.parquet")
    sheet = _read(tmp_path, "X", "1d")
    assert [sheet.label_ns(row) for row in sheet.rows] == [0, 86_400_000_000_000]
