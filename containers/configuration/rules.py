"""Rules that tie values together: names, portfolio ids, symbols, timeframes, dates, sizes.

Each rule takes a complete configuration as plain data and gives findings. What is malformed or
missing is passed over: other modules report that, and all problems are reported at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from containers.configuration.structure import Finding
from containers.data.instants import parse_instant
from containers.data.timeframe import Timeframe
from containers.errors import ConfigPath
from containers.nearest import did_you_mean

__all__ = ["check_rules"]

Config: TypeAlias = Mapping[str, Any]
Rule: TypeAlias = Callable[[Config], Iterator[Finding]]

_LOT_TOLERANCE: Final = 1e-9


def check_rules(config: Config) -> Iterator[Finding]:
    """Apply every rule to ``config``."""
    for rule in _RULES:
        yield from rule(config)


def _lists_hold_something(config: Config) -> Iterator[Finding]:
    for key, noun in (
        ("symbols", "symbol"),
        ("strategies", "strategy"),
        ("risk_profiles", "risk profile"),
    ):
        if config.get(key) == []:
            yield Finding((key,), f"found an empty list, expected at least one {noun}")
    for path, entry in _items(config, "symbols"):
        if entry.get("timeframes") == []:
            yield Finding(
                (*path, "timeframes"), "found an empty list, expected at least one timeframe"
            )
    for path, entry in _stepping(config):
        if entry.get("symbols") == []:
            message = "found an empty list, expected at least one symbol, or null for all"
            yield Finding((*path, "symbols"), message)


def _names_are_unique(config: Config) -> Iterator[Finding]:
    for key, noun in (
        ("strategies", "strategies"),
        ("classifiers", "classifiers"),
        ("risk_profiles", "risk profiles"),
    ):
        seen: set[str] = set()
        for path, name in _named(config, key):
            if name in seen:
                hint = "a second one of a type needs a name of its own"
                yield Finding((*path, "name"), f"two {noun} are called '{name}'", hint)
            seen.add(name)


def _portfolio_ids_are_unique(config: Config) -> Iterator[Finding]:
    strategies = dict.fromkeys(name for _, name in _named(config, "strategies"))
    profiles = {name: path for path, name in _named(config, "risk_profiles")}
    owners: dict[str, tuple[str, str]] = {}
    for strategy in strategies:
        for profile, path in profiles.items():
            portfolio = f"{strategy}.{profile}"
            first = owners.setdefault(portfolio, (strategy, profile))
            if first != (strategy, profile):
                yield Finding(
                    (*path, "name"),
                    f"strategy '{first[0]}' with profile '{first[1]}' and strategy '{strategy}' "
                    f"with profile '{profile}' would both be the portfolio '{portfolio}'",
                    "use names without dots",
                )


def _symbols_are_unique(config: Config) -> Iterator[Finding]:
    seen: set[str] = set()
    for path, entry in _items(config, "symbols"):
        symbol = entry.get("symbol")
        if isinstance(symbol, str):
            if symbol in seen:
                message = f"the symbol '{symbol}' stands here a second time"
                yield Finding((*path, "symbol"), message, "give it all its timeframes in one place")
            seen.add(symbol)


def _timeframes_differ(config: Config) -> Iterator[Finding]:
    for path, entry in _items(config, "symbols"):
        lengths: dict[int, str] = {}
        for index, text in enumerate(_list(entry, "timeframes")):
            timeframe = _timeframe(text)
            if timeframe is None:
                continue
            first = lengths.setdefault(timeframe.nominal_seconds, text)
            if first != text:
                message = f"'{text}' is as long as '{first}'"
                yield Finding((*path, "timeframes", index), message, "keep one of the two")
            elif text in _list(entry, "timeframes")[:index]:
                message = f"the timeframe '{text}' stands here a second time"
                yield Finding((*path, "timeframes", index), message)


def _components_use_configured_streams(config: Config) -> Iterator[Finding]:
    streams = {
        entry["symbol"]: [text for text in _list(entry, "timeframes") if isinstance(text, str)]
        for _, entry in _items(config, "symbols")
        if isinstance(entry.get("symbol"), str)
    }
    for path, entry in _stepping(config):
        used = _list(entry, "symbols")
        for index, symbol in enumerate(used):
            here = (*path, "symbols", index)
            if isinstance(symbol, str) and streams and symbol not in streams:
                message = f"the symbol '{symbol}' is not configured"
                yield Finding(here, message, did_you_mean(symbol, streams))
            elif symbol in used[:index]:
                yield Finding(here, f"the symbol '{symbol}' stands here a second time")
        timeframe = entry.get("timeframe")
        if _timeframe(timeframe) is None:
            continue
        for symbol in used or streams:
            known = streams.get(symbol) if isinstance(symbol, str) else None
            if known and timeframe not in known:
                message = f"the symbol '{symbol}' has no timeframe '{timeframe}'"
                yield Finding((*path, "timeframe"), message, f"it has {', '.join(known)}")


def _dates_are_in_order(config: Config) -> Iterator[Finding]:
    data = _mapping(config, "data")
    start, end = data.get("start_date"), data.get("end_date")
    if isinstance(start, str) and isinstance(end, str):
        try:
            wrong = parse_instant(start) > parse_instant(end, end=True)
        except ValueError:
            return
        if wrong:
            message = f"the end '{end}' is before the start '{start}'"
            yield Finding(("data", "end_date"), message)


def _profiles_have_a_size(config: Config) -> Iterator[Finding]:
    portfolio = _mapping(config, "portfolio")
    lot, fractional = portfolio.get("lot_size"), portfolio.get("fractional")
    for path, profile in _items(config, "risk_profiles"):
        size, quantity = profile.get("max_position_size", 0.0), profile.get("fixed_quantity", 0.0)
        if size is None and quantity is None:
            message = "a risk profile needs a size, and this one has none"
            yield Finding(path, message, "set max_position_size or fixed_quantity")
        if fractional is False and _positive(lot) and _positive(quantity):
            lots = quantity / lot
            if not 0.5 < lots < math.inf or abs(lots - round(lots)) > _LOT_TOLERANCE:
                yield Finding(
                    (*path, "fixed_quantity"),
                    f"found {quantity!r}, expected a multiple of the lot size {lot!r}",
                    "or set portfolio.fractional to true",
                )


_RULES: Final[tuple[Rule, ...]] = (
    _lists_hold_something,
    _names_are_unique,
    _portfolio_ids_are_unique,
    _symbols_are_unique,
    _timeframes_differ,
    _components_use_configured_streams,
    _dates_are_in_order,
    _profiles_have_a_size,
)


def _mapping(config: Config, key: str) -> Mapping[str, Any]:
    value = config.get(key)
    return value if isinstance(value, Mapping) else {}


def _list(config: Config, key: str) -> list[Any]:
    value = config.get(key)
    return value if isinstance(value, list) else []


def _items(config: Config, key: str) -> Iterator[tuple[ConfigPath, Mapping[str, Any]]]:
    for index, item in enumerate(_list(config, key)):
        if isinstance(item, Mapping):
            yield (key, index), item


def _stepping(config: Config) -> Iterator[tuple[ConfigPath, Mapping[str, Any]]]:
    """Give what steps on streams: strategies and classifiers."""
    yield from _items(config, "strategies")
    yield from _items(config, "classifiers")


def _named(config: Config, key: str) -> Iterator[tuple[ConfigPath, str]]:
    for path, item in _items(config, key):
        if isinstance(item.get("name"), str):
            yield path, item["name"]


def _timeframe(text: Any) -> Timeframe | None:
    try:
        return Timeframe.parse(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _positive(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and 0.0 < value < math.inf
