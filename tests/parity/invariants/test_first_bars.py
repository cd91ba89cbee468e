"""The bars that invariants read are found from wherever the configuration was named."""

from __future__ import annotations

from pathlib import Path

import pytest

from parity.invariants.market import first_bars

ROOT = Path(__file__).resolve().parents[3]
EDGES = ROOT / "fixtures" / "edges"


@pytest.mark.parametrize(
    ("symbol", "on_bad_bar", "count"), [("BAD", "drop", 40), ("NANOS", "error", 40)]
)
def test_a_folder_may_be_relative_to_the_working_directory(
    monkeypatch: pytest.MonkeyPatch, symbol: str, on_bad_bar: str, count: int
) -> None:
    monkeypatch.chdir(ROOT)
    config = {
        "data": {
            "data_dir": "data",
            "start_date": None,
            "end_date": None,
            "timestamp": "start",
            "on_bad_bar": on_bad_bar,
        },
        "symbols": [{"symbol": symbol, "timeframes": ["1d"]}],
    }
    found = {base: first_bars(config, base) for base in (EDGES, Path("fixtures/edges"))}
    assert [bars and len(bars.ends) for bars in found.values()] == [count, count]
