"""From a folder to the rows of one stream: which file it is, and which reader reads it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from containers.data.blocks import Block
from containers.data.csv_reading import read_csv
from containers.data.parquet_reading import read_parquet
from containers.data.timeframe import Timeframe
from containers.errors import ConfigPath, DataError, Problem
from containers.nearest import nearest

__all__ = ["find_file", "read_blocks"]

_BAR_FILE: Final = re.compile(r"(?P<symbol>.+)_(?P<timeframe>[1-9][0-9]*(?:m|h|d|w|mo))")
_FORMATS: Final = (".csv", ".parquet")


def find_file(folder: Path, symbol: str, timeframe: Timeframe, path: ConfigPath = ()) -> Path:
    """Find the file of a stream, ``{symbol}_{timeframe}.csv`` or ``.parquet``.

    Args:
        folder: Where bars are; it exists.
        symbol: As configured.
        timeframe: As configured.
        path: Where the configuration names the symbol, for the error.

    Returns:
        ``folder`` with the name, not resolved.

    Raises:
        DataError: The symbol cannot be part of a file's name; there is no such file; or there
            are two, one of each format.
    """
    if not symbol.strip() or ".." in symbol or not symbol.isprintable() or set(symbol) & set("/\\"):
        raise DataError(
            [
                Problem(
                    f"symbol {symbol!r} cannot be part of a file's name; "
                    "expected a name without '/', '\\', '..' and control characters",
                    path=path,
                )
            ]
        )
    candidates = [folder / f"{symbol}_{timeframe}{suffix}" for suffix in _FORMATS]
    existing = [candidate for candidate in candidates if _is_file(candidate)]
    if len(existing) == 1:
        return existing[0]
    if existing:
        raise DataError(
            [
                Problem(
                    f"both {existing[0].name} and {existing[1].name} exist in {folder}; "
                    "expected one of them",
                    path=path,
                    hint="remove the one that is out of date",
                )
            ]
        )
    raise DataError(
        [
            Problem(
                f"there is no {candidates[0].name} (or .parquet) for symbol '{symbol}' in {folder}",
                path=path,
                hint=_nearest(folder, symbol, timeframe),
            )
        ]
    )


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name too long to be any file's
        return False


def read_blocks(path: Path) -> Iterator[Block]:
    """Read a file by the format its name ends with.

    Raises:
        DataError: As `read_csv` and `read_parquet` do, while blocks are taken.
    """
    return read_parquet(path) if path.suffix == ".parquet" else read_csv(path)


def _nearest(folder: Path, symbol: str, timeframe: Timeframe) -> str:
    there: dict[str, list[str]] = {}
    # Sorted, because the order of a folder is the file system's.
    for name in sorted(entry.name for entry in folder.iterdir() if entry.suffix in _FORMATS):
        match = _BAR_FILE.fullmatch(Path(name).stem)
        if match is not None:
            there.setdefault(match["symbol"], []).append(name)
    if not there:
        return "the folder holds no file of bars; its names are like GOOG_1d.csv"
    if symbol in there:
        return f"of '{symbol}' it holds {', '.join(there[symbol])}"
    near = nearest(symbol, there)
    if near is not None:
        wanted = [name for name in there[near] if Path(name).stem.endswith(f"_{timeframe}")]
        return f"the nearest it holds is {(wanted or there[near])[0]}"
    shown = ", ".join(list(there)[:10])
    return f"it holds {shown}{' and others' if len(there) > 10 else ''}"
