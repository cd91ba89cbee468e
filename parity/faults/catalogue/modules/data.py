"""Bars as they are read from files."""

from __future__ import annotations

from typing import Final

import msgspec

from parity.faults.bars import Bars
from parity.faults.catalogue.writing import fault
from parity.faults.fault import Fault
from parity.faults.refusals import BAD_BARS, TWO_FILES
from parity.faults.scenarios import SIMPLE, TWO_SYMBOLS

__all__ = ["FAULTS"]

_CLOCK: Final = msgspec.structs.replace(
    SIMPLE,
    config=SIMPLE.config.replace("data_dir: .", "data_dir: ., end_date: 2020-02-14"),
    bars=(
        Bars(
            "ONE",
            rows=tuple(
                row.replace(",", "T16:00,", 1) for row in Bars("ONE", 60).csv().splitlines()[1:]
            ),
        ),
    ),
)
_FORMS: Final = msgspec.structs.replace(
    TWO_SYMBOLS,
    config=TWO_SYMBOLS.config.replace("[AAA, BBB]", "[ONE, {symbol: TWO, timeframes: [1d, 1w]}]"),
    bars=(
        Bars("ONE", 40, parquet=True),
        Bars("TWO", 40, seed=2, volume=False),
        Bars("TWO", 8, seed=2, timeframe="1w", start="2019-12-30"),
    ),
)

FAULTS: Final[tuple[Fault, ...]] = (
    fault(
        "M30-both-blocks",
        "a file without volumes is refused",
        _FORMS,
        "ending:refused",
        (
            "containers/data/blocks.py",
            '        elif not places and field != "volume":',
            "        elif not places:",
        ),
    ),
    fault(
        "M31-both-checking",
        "a low may be above open and close",
        BAD_BARS,
        "refusal",
        (
            "containers/data/checking.py",
            "if low > min(open_, close) + TOLERANCE * close:",
            "if low > high + TOLERANCE * close:",
        ),
    ),
    fault(
        "M32-both-csv",
        "a missing price is 1",
        BAD_BARS,
        "refusal",
        ("containers/data/csv_reading.py", "missing=np.nan)[0]", "missing=1.0)[0]"),
    ),
    fault(
        "M33-both-instants",
        "a date as an end is its beginning",
        _CLOCK,
        "oracle:trace",
        ("containers/data/instants.py", "        ns += _DAY_NS - 1\n", "        ns += 0\n"),
    ),
    fault(
        "M34-both-parquet",
        "times are taken for a tenth of what they are",
        _FORMS,
        "oracle:trace",
        (
            "containers/data/parquet_reading.py",
            "np.where(readable, counts, 0) * np.int64(unit_ns)",
            "np.where(readable, counts, 0) * np.int64(unit_ns) // 10",
        ),
    ),
    fault(
        "M35-both-files",
        "of two files of one stream the first is taken",
        TWO_FILES,
        "refusal",
        ("containers/data/reading.py", "    if len(existing) == 1:", "    if len(existing) >= 1:"),
    ),
)
