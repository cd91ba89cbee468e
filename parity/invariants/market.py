"""The bars that a run's windows count: labels and ends of the first symbol's, from its file.

A file of which the run kept every row is read by its first column alone, since nothing else counts
here; where bad rows were dropped it is read by the oracle's own reader, row by row.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from parity.invariants.batch import Ints
from parity.oracle.bars import load_streams
from parity.oracle.settings import DEFAULTS, read_settings
from parity.oracle.times import (
    Timeframe,
    bar_end,
    date_range,
    parse_timeframe,
    parse_timestamp,
    periods_per_year,
)

__all__ = ["FirstBars", "first_bars"]

_COLUMNS: Final = ("timestamp", "date", "datetime")
_PLAIN_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_SECOND_NS: Final = 1_000_000_000


class FirstBars(NamedTuple):
    """The first symbol's base bars in the configured range, oldest first.

    Attributes:
        ends: Int64 nanoseconds UTC, ascending.
        periods_per_year: N of ``auto``.
    """

    ends: Ints
    periods_per_year: float


def first_bars(config: Mapping[str, Any], base_dir: Path | None) -> FirstBars | None:
    """Read the first symbol's base bars.

    Args:
        config: Resolved, of a phase that ran.
        base_dir: Where a relative ``data.data_dir`` starts; null: nowhere.

    Returns:
        Null where the file is not to be found.
    """
    folder = Path(config["data"]["data_dir"])
    if not folder.is_absolute():
        if base_dir is None:
            return None
        folder = base_dir / folder
    entry = config["symbols"][0]
    base = min(entry["timeframes"], key=lambda text: parse_timeframe(text).nominal_s)
    for ending in (".csv", ".parquet"):
        file = folder / f"{entry['symbol']}_{base}{ending}"
        try:
            state = file.stat()
        except OSError:
            continue
        data = config["data"]
        chosen = tuple((k, data[k]) for k in ("start_date", "end_date", "timestamp", "on_bad_bar"))
        return _read(file, (state.st_mtime_ns, state.st_size), entry["symbol"], base, chosen)
    return None


@lru_cache(maxsize=64)
def _read(
    file: Path,
    state: tuple[int, int],
    symbol: str,
    timeframe: str,
    data: tuple[tuple[str, Any], ...],
) -> FirstBars:
    """Read a file; ``state`` is asked with, so that what has changed is read again."""
    section = dict(data)
    base = parse_timeframe(timeframe)
    labels = None if section["on_bad_bar"] == "drop" else _labels(file)
    if labels is None:
        config = {
            **DEFAULTS,
            "data": {**DEFAULTS["data"], **section, "data_dir": str(file.parent.absolute())},
            "symbols": [{"symbol": symbol, "timeframes": [timeframe]}],
            "strategies": [],
            "risk_profiles": [],
        }
        (bars,) = load_streams(read_settings(config, file.parent)).values()
        labels = np.array([bar.label_ns for bar in bars], np.int64)
    first, last = date_range(section["start_date"], section["end_date"])
    inside = np.ones(len(labels), np.bool_)
    if first is not None:
        inside &= labels >= first
    if last is not None:
        inside &= labels <= last
    labels = labels[inside]
    ends = labels if section["timestamp"] == "end" else _ends(labels, base)
    return FirstBars(ends, periods_per_year(base, labels.tolist()))


def _ends(labels: Ints, timeframe: Timeframe) -> Ints:
    if timeframe.unit == "mo":
        return np.array([bar_end(label, timeframe) for label in labels.tolist()], np.int64)
    return labels + timeframe.nominal_s * _SECOND_NS


def _labels(file: Path) -> Ints | None:
    """Read the times of a plain CSV file, whose every row is good; null where it is not plain."""
    if file.suffix != ".csv":
        return None
    text = file.read_text(encoding="utf-8-sig")
    if '"' in text:
        return None
    header, *rows = text.splitlines()
    names = [name.strip().lower() for name in header.split(",")]
    column = next(index for index, name in enumerate(names) if name in _COLUMNS)
    cells = [row.split(",", column + 1)[column].strip() for row in rows if row.strip()]
    if all(map(_PLAIN_DATE.fullmatch, cells)):
        return np.array(cells, "datetime64[ns]").astype(np.int64)
    return np.array(list(map(parse_timestamp, cells)), np.int64)
