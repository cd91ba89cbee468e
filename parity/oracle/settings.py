"""From the user's configuration to what the loop needs: defaults, overrides, names, presets.

1. `resolve` lays the user's mapping over `DEFAULTS`, then ``phases.backtest`` over both (`merge`).
2. `read_settings` reads what came of it, or what a record says came of it.
   `_symbols` completes each symbol and puts its timeframes in order, shortest first.
3. `_components` completes strategies and classifiers: name, parameters, streams they step on.
4. `_profile` completes risk profiles: name, preset size, rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from parity.oracle.components import PARAMETERS, is_classifier, is_strategy
from parity.oracle.refusal import CannotExpress
from parity.oracle.times import Timeframe, date_range, parse_timeframe

__all__ = [
    "Component",
    "DataSettings",
    "Execution",
    "Profile",
    "Settings",
    "Stream",
    "Symbol",
    "merge",
    "read_settings",
    "resolve",
]

WORKFLOW: Final = "simple_backtest"
PHASE: Final = "backtest"

DEFAULTS: Final[Mapping[str, Any]] = {
    "data": {
        "source": "csv",
        "start_date": None,
        "end_date": None,
        "timestamp": "start",
        "on_bad_bar": "error",
    },
    "classifiers": [],
    "risk_profiles": [{"type": "moderate"}],
    "execution": {
        "fill": "next_open",
        "slippage_bps": 0,
        "commission_bps": 0,
        "commission_per_share": 0,
        "commission_fixed": 0,
        "commission_minimum": 0,
        "close_at_end": False,
    },
    "portfolio": {
        "initial_capital": 100000,
        "fractional": False,
        "lot_size": 1,
        "allow_short": False,
    },
    "metrics": {"periods_per_year": "auto"},
}

# max_position_size of each preset, before it is limited to an equal share; custom has none.
PRESETS: Final[Mapping[str, float | None]] = {
    "conservative": 0.1,
    "moderate": 0.25,
    "aggressive": 1.0,
    "custom": None,
}

Stream: TypeAlias = tuple[str, str]
"""A symbol and a timeframe."""


@dataclass(frozen=True)
class Symbol:
    """A symbol with its timeframes, shortest first: the first is its base."""

    name: str
    timeframes: tuple[Timeframe, ...]

    @property
    def base(self) -> Stream:
        """The stream that fills, marks and counts go by."""
        return self.name, self.timeframes[0].text


@dataclass(frozen=True)
class Component:
    """A strategy or a classifier: complete parameters, and its streams in order of symbols."""

    type: str
    name: str
    parameters: Mapping[str, Any]
    streams: tuple[Stream, ...]


@dataclass(frozen=True)
class Profile:
    """A risk profile; null switches a rule off."""

    name: str
    max_position_size: float | None
    fixed_quantity: float | None
    max_leverage: float | None
    max_drawdown: float | None
    drawdown_cooldown_bars: int | None
    stop_loss: float | None


@dataclass(frozen=True)
class Execution:
    """How orders fill and what that costs."""

    same_close: bool
    slippage_bps: float
    commission_bps: float
    commission_per_share: float
    commission_fixed: float
    commission_minimum: float
    close_at_end: bool


@dataclass(frozen=True)
class DataSettings:
    """Where the bars are and which of them count; range ends are labels, null where open."""

    folder: Path
    first_ns: int | None
    last_ns: int | None
    label_is_end: bool
    drop_bad: bool


@dataclass(frozen=True)
class Settings:
    """Everything that decides the result of a unit."""

    data: DataSettings
    symbols: tuple[Symbol, ...]
    strategies: tuple[Component, ...]
    classifiers: tuple[Component, ...]
    profiles: tuple[Profile, ...]
    execution: Execution
    initial_capital: float
    fractional: bool
    lot_size: float
    allow_short: bool
    periods_per_year: float | None


def merge(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one mapping over another: mappings merge, all else replaces, null included.

    >>> merge({"a": {"b": 1, "c": 2}, "d": [1, 2]}, {"a": {"b": None}, "d": [3]})
    {'a': {'b': None, 'c': 2}, 'd': [3]}
    """
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            merged[key] = merge(below, value)
        else:
            merged[key] = value
    return merged


def resolve(config: Mapping[str, Any], base_dir: Path) -> Settings:
    """Give the complete settings of the one unit of a simple backtest.

    The configuration is one that both engines accept: it is not checked again.

    Raises:
        CannotExpress: When the oracle does not cover the workflow or one of its components.
    """
    if config.get("workflow") != WORKFLOW:
        raise CannotExpress(f"the workflow is {config.get('workflow')!r}, not {WORKFLOW!r}")
    overrides = config.get("phases") or {}
    for phase in overrides:
        if phase != PHASE:
            raise CannotExpress(f"{WORKFLOW} has no phase {phase!r}")
    return read_settings(merge(merge(DEFAULTS, config), overrides.get(PHASE) or {}), base_dir)


def read_settings(settings: Mapping[str, Any], base_dir: Path) -> Settings:
    """Read a merged configuration; what items of its lists leave out is completed.

    Raises:
        CannotExpress: When the oracle does not cover one of its components.
    """
    symbols = _symbols(settings["symbols"])
    portfolio, auto = settings["portfolio"], settings["metrics"]["periods_per_year"] == "auto"
    return Settings(
        data=_data(settings["data"], base_dir),
        symbols=symbols,
        strategies=_components(settings["strategies"], symbols, classify=False),
        classifiers=_components(settings["classifiers"], symbols, classify=True),
        profiles=tuple(_profile(item, len(symbols)) for item in settings["risk_profiles"]),
        execution=_execution(settings["execution"]),
        initial_capital=float(portfolio["initial_capital"]),
        fractional=portfolio["fractional"],
        lot_size=float(portfolio["lot_size"]),
        allow_short=portfolio["allow_short"],
        periods_per_year=None if auto else float(settings["metrics"]["periods_per_year"]),
    )


def _data(data: Mapping[str, Any], base_dir: Path) -> DataSettings:
    if data["source"] not in ("csv", "parquet"):
        raise CannotExpress(f"data comes from {data['source']!r}, not from files")
    first_ns, last_ns = date_range(data["start_date"], data["end_date"])
    return DataSettings(
        folder=base_dir / data["data_dir"],
        first_ns=first_ns,
        last_ns=last_ns,
        label_is_end=data["timestamp"] == "end",
        drop_bad=data["on_bad_bar"] == "drop",
    )


def _symbols(items: Sequence[Any]) -> tuple[Symbol, ...]:
    symbols = []
    for item in items:
        entry = {"symbol": item} if isinstance(item, str) else item
        timeframes = [parse_timeframe(text) for text in entry.get("timeframes", ["1d"])]
        timeframes.sort(key=lambda timeframe: timeframe.nominal_s)
        symbols.append(Symbol(entry["symbol"], tuple(timeframes)))
    return tuple(symbols)


def _components(
    items: Sequence[Mapping[str, Any]], symbols: Sequence[Symbol], *, classify: bool
) -> tuple[Component, ...]:
    components: list[Component] = []
    for item in items:
        kind = item["type"]
        known = is_classifier(kind) if classify else is_strategy(kind)
        if not known:
            role = "classifier" if classify else "strategy"
            raise CannotExpress(f"among the shipped ones is no {role} of type {kind!r}")
        component = Component(
            type=kind,
            name=item.get("name") or kind,
            parameters=_parameters(kind, item.get("parameters") or {}),
            streams=_streams(item, symbols),
        )
        for member in component.parameters.get("members", ()):
            if member not in [earlier.name for earlier in components]:
                raise CannotExpress(f"ensemble {component.name!r} comes before member {member!r}")
        components.append(component)
    return tuple(components)


def _parameters(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    complete: dict[str, Any] = {}
    for name, default in PARAMETERS[kind].items():
        value = given.get(name, default)
        complete[name] = float(value) if isinstance(default, float) else value
    for name in given:
        if name not in complete:
            raise CannotExpress(f"{kind} has no parameter {name!r}")
    return complete


def _streams(item: Mapping[str, Any], symbols: Sequence[Symbol]) -> tuple[Stream, ...]:
    wanted = item.get("symbols")
    streams = []
    for symbol in symbols:
        if wanted is not None and symbol.name not in wanted:
            continue
        timeframe = item.get("timeframe") or symbol.timeframes[0].text
        if timeframe not in [configured.text for configured in symbol.timeframes]:
            raise CannotExpress(f"{symbol.name} has no timeframe {timeframe!r}")
        streams.append((symbol.name, timeframe))
    return tuple(streams)


def _profile(item: Mapping[str, Any], symbol_count: int) -> Profile:
    preset = PRESETS[item["type"]]
    share = None if preset is None else min(preset, 1.0 / symbol_count)
    cooldown = item.get("drawdown_cooldown_bars")
    return Profile(
        name=item.get("name") or item["type"],
        max_position_size=_number(item.get("max_position_size", share)),
        fixed_quantity=_number(item.get("fixed_quantity")),
        max_leverage=_number(item.get("max_leverage", 1.0)),
        max_drawdown=_number(item.get("max_drawdown")),
        drawdown_cooldown_bars=None if cooldown is None else int(cooldown),
        stop_loss=_number(item.get("stop_loss")),
    )


def _execution(execution: Mapping[str, Any]) -> Execution:
    return Execution(
        same_close=execution["fill"] == "same_close",
        slippage_bps=float(execution["slippage_bps"]),
        commission_bps=float(execution["commission_bps"]),
        commission_per_share=float(execution["commission_per_share"]),
        commission_fixed=float(execution["commission_fixed"]),
        commission_minimum=float(execution["commission_minimum"]),
        close_at_end=execution["close_at_end"],
    )


def _number(value: float | int | None) -> float | None:
    return None if value is None else float(value)
