"""What an engine of others found, portfolio by portfolio, checked as it comes in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
import numpy as np

from containers.configuration.names import METRIC_NAMES
from containers.nearest import did_you_mean
from containers.results import EquityCurve, Trade
from parity.channels import Channel
from parity.errors import SubjectError

__all__ = ["BACKTEST", "FILLED", "Answers", "time_ns"]

BACKTEST: Final = "iteration=0/phase=backtest"
"""Place of the one phase of a simple backtest, where trades and curves are kept in any case."""

FILLED: Final[Mapping[str, Channel]] = {
    channel.value: channel for channel in (Channel.TRADES, Channel.EQUITY, Channel.METRICS)
}
"""What it can be asked for."""

_COLUMNS: Final = tuple(name for name in Trade.__struct_fields__ if name != "portfolio")
_TIMES: Final = frozenset({"entry_time", "exit_time"})
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Answers:
    """What an engine has found, by portfolio; checked as it comes in.

    Args:
        fills: What it declares.
        figures: Names of the metrics it has; null: all.
    """

    def __init__(self, fills: Sequence[str], figures: Sequence[str] | None) -> None:
        self._fills = fills
        self._figures = METRIC_NAMES if figures is None else figures
        self.channels: Final[dict[Channel, dict[str, Any]]] = {FILLED[name]: {} for name in fills}
        self.places: Final[set[str]] = set()
        self._given: Final[set[str]] = set()

    def portfolio(
        self,
        portfolio: str,
        *,
        trades: Iterable[Mapping[str, Any] | Trade] | None = None,
        equity: tuple[Iterable[Any], Iterable[float]] | None = None,
        metrics: Mapping[str, float | int | None] | None = None,
        place: str = BACKTEST,
    ) -> None:
        """Put in what one portfolio did: all that is declared, and nothing else.

        Args:
            portfolio: Its id, ``{strategy}.{profile}``.
            trades: A row for each closed trade in the order in which they were closed: ``symbol``,
                ``side`` (1 or -1), ``quantity`` (positive), ``entry_time``, ``exit_time``,
                ``entry_price``, ``exit_price``, ``bars_held``, ``commission``, ``net_profit``.
                Times are the ends of bars, as `time_ns` takes them.
            equity: Times and values of equal length, one for each slice, oldest first.
            metrics: The declared figures; null where one is undefined.
            place: Of the phase, iteration or unit that it belongs to.

        Raises:
            SubjectError: Something is missing, not declared, unknown or of a wrong type.
        """
        if not isinstance(portfolio, str) or not portfolio:
            raise SubjectError(f"found {portfolio!r} as the id of a portfolio, expected text")
        if not isinstance(place, str) or not place:
            raise SubjectError(
                f"portfolio '{portfolio}': found {place!r} as a place, expected text"
            )
        here = f"{place}/portfolio={portfolio}"
        if here in self._given:
            raise SubjectError(f"portfolio '{portfolio}' is answered twice")
        self._given.add(here)
        for name, value in (("trades", trades), ("equity", equity), ("metrics", metrics)):
            if (value is not None) != (name in self._fills):
                what = (
                    f"gives {name}, which the adapter does not declare; add it to its 'fills'"
                    if value is not None
                    else f"gives no {name}, which the adapter declares; an empty list says that "
                    "there were none"
                )
                raise SubjectError(f"portfolio '{portfolio}' {what}")
        self.places.add(place)
        where = f"portfolio '{portfolio}'"
        if trades is not None:
            self.channels[Channel.TRADES][here] = _trades(portfolio, trades)
        if equity is not None:
            self.channels[Channel.EQUITY][here] = _curve(where, equity)
        if metrics is not None:
            self.channels[Channel.METRICS][here] = _metrics(where, metrics, self._figures)


def time_ns(value: Any) -> int:
    """Give a moment as whole nanoseconds since 1970 in UTC.

    >>> time_ns(datetime(2024, 1, 2, tzinfo=UTC)) == time_ns(np.datetime64("2024-01-02"))
    True

    Args:
        value: Such a number, a ``datetime`` with a time zone (pandas' as well), or a moment of
            numpy's, which is in UTC.

    Raises:
        SubjectError: It is something else, or a ``datetime`` without a time zone.
    """
    if isinstance(value, np.datetime64) and not np.isnat(value):
        return int(value.astype("datetime64[ns]").astype(np.int64))
    # Not a time that is none of pandas', which is a datetime and differs from itself.
    if isinstance(value, datetime) and value == value:
        if value.tzinfo is None:
            raise SubjectError(f"found {value!r}, expected a time zone: say that it is UTC")
        whole = (value - _EPOCH) // timedelta(microseconds=1)
        return int(whole) * 1000 + int(getattr(value, "nanosecond", 0))
    if isinstance(value, int | np.integer) and not isinstance(value, bool):
        if not -(2**63) <= value < 2**63:
            raise SubjectError(f"found {value} as a time, which is beyond what 64 bits hold")
        return int(value)
    raise SubjectError(f"found {value!r} as a time, expected nanoseconds or a datetime")


def _trades(portfolio: str, rows: Iterable[Any]) -> tuple[Trade, ...]:
    trades: list[Trade] = []
    if not isinstance(rows, Iterable):
        found = type(rows).__name__
        raise SubjectError(f"portfolio '{portfolio}', trades: found {found}, expected rows")
    for number, row in enumerate(rows):
        where = f"portfolio '{portfolio}', trade {number}"
        trade = row if isinstance(row, Trade) else _trade(where, portfolio, row)
        if trade.side not in (1, -1) or not trade.quantity > 0 or trade.portfolio != portfolio:
            raise SubjectError(
                f"{where}: found side {trade.side}, quantity {trade.quantity} and portfolio "
                f"'{trade.portfolio}', expected side 1 or -1 and a quantity above 0"
            )
        if trade.exit_time < trade.entry_time:
            raise SubjectError(f"{where}: it was closed before it was opened")
        if trades and trade.exit_time < trades[-1].exit_time:
            raise SubjectError(f"{where}: it was closed before trade {number - 1}; rows are "
                               "expected in the order in which trades were closed")  # fmt: skip
        trades.append(trade)
    return tuple(trades)


def _trade(where: str, portfolio: str, row: Any) -> Trade:
    if not isinstance(row, Mapping):
        raise SubjectError(f"{where}: found {type(row).__name__}, expected a mapping or a Trade")
    _check_names(where, "column", row, _COLUMNS)
    try:
        plain = {name: time_ns(row[name]) if name in _TIMES else _plain(row[name]) for name in row}
        return msgspec.convert({"portfolio": portfolio, **plain}, Trade)
    except (SubjectError, msgspec.ValidationError) as error:
        raise SubjectError(f"{where}: {error}") from error


def _curve(where: str, equity: Any) -> EquityCurve:
    try:
        times, values = equity
        moments = np.array([time_ns(moment) for moment in times], dtype=np.int64)
        levels = np.array([float(value) for value in values], dtype=np.float64)
    except (SubjectError, TypeError, ValueError, OverflowError) as error:
        raise SubjectError(f"{where}, equity: expected times and values: {error}") from error
    if len(moments) != len(levels):
        raise SubjectError(f"{where}, equity: found {len(moments)} times and {len(levels)} values")
    if np.isnan(levels).any():
        raise SubjectError(f"{where}, equity: found nan, expected numbers")
    if (np.diff(moments) <= 0).any():
        raise SubjectError(
            f"{where}, equity: times do not ascend; expected oldest first, each once"
        )
    return EquityCurve(moments, levels)


def _metrics(where: str, metrics: Any, figures: Sequence[str]) -> dict[str, Any]:
    if not isinstance(metrics, Mapping):
        raise SubjectError(f"{where}, metrics: found {type(metrics).__name__}, expected a mapping")
    _check_names(f"{where}, metrics", "figure", metrics, figures)
    found = {name: _plain(metrics[name]) for name in figures}
    for name, value in found.items():
        is_number = isinstance(value, float | int) and not isinstance(value, bool)
        if value is not None and not (is_number and abs(value) < float("inf")):
            raise SubjectError(f"{where}, {name}: found {value!r}, expected a finite number, or "
                               "null where it is undefined")  # fmt: skip
    return found


def _check_names(where: str, kind: str, given: Mapping[Any, Any], due: Sequence[str]) -> None:
    for name in given:
        if name not in due:
            raise SubjectError(f"{where}: unknown {kind} {name!r}; {did_you_mean(str(name), due)}")
    missing = [name for name in due if name not in given]
    if missing:
        raise SubjectError(f"{where}: {kind} {', '.join(missing)} is missing")


def _plain(value: Any) -> Any:
    """Give a number of numpy's as one of Python's: an adapter says what it means by its columns."""
    return value.item() if isinstance(value, np.generic) else value
