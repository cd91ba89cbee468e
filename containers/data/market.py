"""All market data of a run, loaded and checked before anything else happens.

1. `load_market` checks what is asked for: symbols, timeframes, dates, the folder;
2. reads and checks every file as a whole, collecting what is wrong with any of them;
3. gives each bar its end and applies the range to labels;
4. and hands out `MarketData`, which never changes again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from containers.data.bars import Bars
from containers.data.checking import OnBadBar, check_rows
from containers.data.instants import format_instant, parse_instant
from containers.data.reading import find_file, read_blocks
from containers.data.timeframe import Timeframe
from containers.errors import ConfigPath, DataError, Location, Problem
from containers.journal import BarDropped

__all__ = ["LabelMarks", "MarketData", "StreamKey", "load_market"]

StreamKey: TypeAlias = tuple[str, str]
"""Symbol and canonical text of the timeframe."""
LabelMarks: TypeAlias = Literal["start", "end"]


class MarketData(Mapping[StreamKey, Bars]):
    """Bars of all configured streams: symbols in config order, shorter timeframe first.

    Frozen: no attribute can be set and no column written to. It pickles, and equals only itself.
    What `cut` gives can have streams without bars.

    Attributes:
        symbols: In config order.
        dropped: A record for each bad bar that was left out, in the order of the streams.

    Raises:
        ValueError: There is no stream, one is there twice, two of one symbol have the same nominal
            length, or one has no bars.
    """

    __slots__ = ("_streams", "_timeframes", "dropped", "symbols")
    _streams: dict[StreamKey, Bars]
    _timeframes: dict[str, tuple[Timeframe, ...]]
    symbols: tuple[str, ...]
    dropped: tuple[BarDropped, ...]

    def __init__(self, streams: Iterable[Bars], dropped: Iterable[BarDropped] = ()) -> None:
        by_symbol: dict[str, list[Bars]] = {}
        for bars in streams:
            by_symbol.setdefault(bars.symbol, []).append(bars)
            if not len(bars):
                raise ValueError(f"{bars} has no bars; expected at least one")
        if not by_symbol:
            raise ValueError("market data without streams; expected at least one")
        ordered: dict[StreamKey, Bars] = {}
        for symbol, several in by_symbol.items():
            several.sort(key=lambda bars: bars.timeframe.nominal_seconds)
            lengths = {bars.timeframe.nominal_seconds for bars in several}
            if len(lengths) < len(several):
                raise ValueError(f"two streams of {symbol} have timeframes of the same length")
            ordered |= {(symbol, str(bars.timeframe)): bars for bars in several}
        self._fill(ordered, tuple(dropped))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"market data is frozen; {name} cannot be set")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"market data is frozen; {name} cannot be deleted")

    def __getitem__(self, key: StreamKey) -> Bars:
        return self._streams[key]

    def __iter__(self) -> Iterator[StreamKey]:
        return iter(self._streams)

    def __len__(self) -> int:
        return len(self._streams)

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other

    def __repr__(self) -> str:
        return f"MarketData({', '.join(repr(bars) for bars in self.values())})"

    def __reduce__(self) -> tuple[Callable[..., MarketData], tuple[Any, ...]]:
        return _restored, (dict(self._streams), self.dropped)

    def _fill(self, streams: dict[StreamKey, Bars], dropped: tuple[BarDropped, ...]) -> None:
        timeframes: dict[str, tuple[Timeframe, ...]] = {}
        for (symbol, _), bars in streams.items():
            timeframes[symbol] = (*timeframes.get(symbol, ()), bars.timeframe)
        for name, value in (
            ("_streams", streams),
            ("_timeframes", timeframes),
            ("symbols", tuple(timeframes)),
            ("dropped", dropped),
        ):
            object.__setattr__(self, name, value)

    def cut(self, start_ns: int | None, stop_ns: int | None) -> MarketData:
        """Give the bars that end in a range, of the same streams; nothing is copied.

        A stream can come out without bars. ``dropped`` is empty: those records belong to files.

        Args:
            start_ns: Earliest end, ns UTC; null for no limit.
            stop_ns: The first end that is too late, ns UTC; null for no limit.
        """
        parts = {key: bars.ending(start_ns, stop_ns) for key, bars in self._streams.items()}
        return _restored(parts, ())

    def timeframes(self, symbol: str) -> tuple[Timeframe, ...]:
        """Give a symbol's timeframes, shortest first.

        Raises:
            KeyError: The symbol is not configured.
        """
        return self._timeframes[symbol]

    def base_timeframe(self, symbol: str) -> Timeframe:
        """Give a symbol's shortest timeframe, on which it is filled and marked.

        Raises:
            KeyError: The symbol is not configured.
        """
        return self.timeframes(symbol)[0]

    def base(self, symbol: str) -> Bars:
        """Give the bars of a symbol's base timeframe.

        Raises:
            KeyError: The symbol is not configured.
        """
        return self[symbol, str(self.base_timeframe(symbol))]

    def last_base_end(self, symbol: str) -> int | None:
        """Give the end of a symbol's last base bar, ns UTC; null when it has none.

        Raises:
            KeyError: The symbol is not configured.
        """
        ends = self.base(symbol).end_ns
        return int(ends[-1]) if len(ends) else None

    def slice_times(self) -> npt.NDArray[np.int64]:
        """Give the time of every slice: the different ends of all streams, (k,) int64 ascending."""
        columns = [bars.end_ns for bars in self.values() if len(bars)]
        if len(columns) == 1:
            return columns[0]
        ends = np.concatenate(columns or [np.empty(0, np.int64)])
        ends.sort(kind="stable")  # which makes quick work of runs that are sorted already
        times: npt.NDArray[np.int64] = ends[np.diff(ends, prepend=ends[:1] - 1) != 0]
        return times

    def periods_per_year(self, symbol: str | None = None) -> float:
        """Give N of the metrics for ``auto``, from a symbol's base bars; null: the first symbol.

        Raises:
            KeyError: The symbol is not configured.
            ValueError: It has no base bar.
        """
        bars = self.base(self.symbols[0] if symbol is None else symbol)
        return bars.timeframe.periods_per_year(len(bars), bars.distinct_dates())


def _restored(streams: dict[StreamKey, Bars], dropped: tuple[BarDropped, ...]) -> MarketData:
    """Make market data of streams that are in order already, with bars or without."""
    market = object.__new__(MarketData)
    market._fill(streams, dropped)
    return market


def load_market(
    folder: Path,
    symbols: Sequence[tuple[str, Sequence[str]]],
    *,
    start: str | None = None,
    end: str | None = None,
    timestamp: LabelMarks = "start",
    on_bad_bar: OnBadBar = "error",
) -> MarketData:
    """Load every configured stream.

    Args:
        folder: Holds a file ``{symbol}_{timeframe}.csv`` or ``.parquet`` per stream.
        symbols: Each symbol with its timeframes, in config order.
        start: Earliest label; null for no limit. A date alone is its first nanosecond.
        end: Latest label; null for no limit. A date alone is its last nanosecond.
        timestamp: What a label marks of its bar. A bar is known at its end.
        on_bad_bar: ``error`` or ``drop``; either way the whole file is checked, not the range.

    Raises:
        DataError: Anything that keeps a stream from being loaded, for all streams at once.
            Nothing is kept of those that could be.
    """
    problems: list[Problem] = []
    wanted = _timeframes(symbols, problems)
    start_ns = _limit(start, "start_date", problems)
    end_ns = _limit(end, "end_date", problems)
    if start_ns is not None and end_ns is not None and start_ns > end_ns:
        problems.append(
            Problem(
                f"start_date {start} is after end_date {end}; expected it not to be",
                path=("data", "start_date"),
            )
        )
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        problems.append(
            Problem(
                f"{folder} {what}; expected a folder with files like GOOG_1d.csv",
                path=("data", "data_dir"),
            )
        )
    if problems:
        raise DataError(problems)
    streams: list[Bars] = []
    dropped: list[BarDropped] = []
    for path, symbol, timeframe in wanted:
        try:
            bars, left_out = _load_stream(folder, path, symbol, timeframe, timestamp, on_bad_bar)
            streams.append(_in_range(bars, path, start_ns, end_ns))
            dropped.extend(left_out)
        except DataError as error:
            problems.extend(error.problems)
    if problems:
        raise DataError(problems)
    return MarketData(streams, dropped)


def _timeframes(
    symbols: Sequence[tuple[str, Sequence[str]]], problems: list[Problem]
) -> list[tuple[ConfigPath, str, Timeframe]]:
    """Give every stream asked for, in the order of `MarketData`, and note what is wrong."""
    wanted: list[tuple[ConfigPath, str, Timeframe]] = []
    seen: set[str] = set()
    if not symbols:
        problems.append(Problem("there is no symbol; expected at least one", path=("symbols",)))
    for index, (symbol, texts) in enumerate(symbols):
        path: ConfigPath = ("symbols", index)
        if symbol in seen:
            problems.append(
                Problem(f"symbol '{symbol}' is there twice; expected each once", path=path)
            )
        seen.add(symbol)
        if not texts:
            problems.append(
                Problem(f"symbol '{symbol}' has no timeframe; expected at least one", path=path)
            )
        by_length: dict[int, Timeframe] = {}
        for text in texts:
            try:
                timeframe = Timeframe.parse(text)
            except ValueError as error:
                problems.append(Problem(str(error), path=path))
                continue
            other = by_length.setdefault(timeframe.nominal_seconds, timeframe)
            if other is not timeframe:
                problems.append(
                    Problem(
                        f"timeframes '{other}' and '{timeframe}' of symbol '{symbol}' have the "
                        "same length; expected each length once",
                        path=path,
                    )
                )
        wanted.extend((path, symbol, by_length[length]) for length in sorted(by_length))
    return wanted


def _limit(text: str | None, key: str, problems: list[Problem]) -> int | None:
    if text is None:
        return None
    try:
        return parse_instant(text, end=key == "end_date")
    except ValueError as error:
        problems.append(Problem(str(error), path=("data", key)))
        return None


def _load_stream(
    folder: Path,
    path: ConfigPath,
    symbol: str,
    timeframe: Timeframe,
    timestamp: LabelMarks,
    on_bad_bar: OnBadBar,
) -> tuple[Bars, tuple[BarDropped, ...]]:
    file = find_file(folder, symbol, timeframe, path)
    rows = check_rows(read_blocks(file), str(file), file.name, on_bad_bar)
    label_ns = rows.label_ns
    problem: str | None = None
    if not label_ns.size:
        left_out = f"; all {len(rows.dropped)} were dropped as bad" if rows.dropped else ""
        problem = f"holds no bars{left_out}; expected at least one"
    elif timestamp == "start" and int(label_ns[-1]) > timeframe.latest_label_ns:
        problem = (
            f"the {timeframe} bar of {format_instant(int(label_ns[-1]))} ends too late; "
            f"expected labels up to {format_instant(timeframe.latest_label_ns)}"
        )
    if problem is None:
        end_ns = timeframe.end_ns(label_ns) if timestamp == "start" else label_ns
        # Only months can do this: 30 and 31 January both end with February.
        wrong = np.flatnonzero(end_ns[1:] <= end_ns[:-1])  # a difference may be no int64
        if not wrong.size:
            columns = (*rows.prices, rows.volume, rows.volume_valid)
            return Bars(symbol, timeframe, label_ns, end_ns, *columns), rows.dropped
        first, second = (format_instant(int(label_ns[wrong[0] + k])) for k in (0, 1))
        problem = (
            f"the {timeframe} bars of {first} and {second} do not end one after the other; "
            f"expected labels {timeframe} apart"
        )
    raise DataError([Problem(problem, path=path, location=Location(str(file)))])


def _in_range(bars: Bars, path: ConfigPath, start_ns: int | None, end_ns: int | None) -> Bars:
    chosen = bars.between(start_ns, end_ns)
    if len(chosen):
        return chosen
    first = "its first bar" if start_ns is None else format_instant(start_ns)
    last = "its last bar" if end_ns is None else format_instant(end_ns)
    covered = " to ".join(format_instant(int(bars.label_ns[k])) for k in (0, -1))
    raise DataError(
        [
            Problem(
                f"no {bars.timeframe} bar of '{bars.symbol}' lies in the range {first} to {last}; "
                f"its file covers {covered}",
                path=path,
                hint="change data.start_date and data.end_date",
            )
        ]
    )
