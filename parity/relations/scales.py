"""The same case in other units: prices twice as high, bars three times as far apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from parity.channels import CAUSE_FIRST, Channel
from parity.places import phase_of
from parity.record import Record
from parity.relations.mapped import mapped, without
from parity.relations.sheets import (
    Sheet,
    configs_of,
    phases_of,
    sheets_of,
    text_of,
    with_data,
    write_sheets,
)
from parity.relations.trial import DoesNotApplyError, Trial

__all__ = ["prices_scaled", "time_stretched"]

_COSTS: Final = ("commission_per_share", "commission_fixed", "commission_minimum")
_MONEY: Final = frozenset(
    (
        "bar.open", "bar.high", "bar.low", "bar.close", "price", "commission", "reference_price",
        "cash",
        "positions_value", "equity", "entry_price", "exit_price", "net_profit", "initial_capital",
        "final_equity", "expectancy", "total_commission", "min_cash", "mean_net_profit", *_COSTS,
    )
)  # fmt: skip
"""Names of values that are amounts of money: of fields, figures and settings."""

_FIGURES: Final = ("initial_capital", "final_equity", "expectancy", "total_commission", "min_cash")
"""Those that a definition can read or set."""

_AMOUNTS: Final = ("sma_", "std_", "ema_", "atr_", "highest_", "lowest_")
"""Beginnings of the names of features that are amounts of money."""

_SHIPPED: Final = frozenset(
    (
        "momentum", "mean_reversion", "rsi", "breakout", "rate_of_change", "buy_and_hold",
        "ensemble", "trend", "volatility",
    )
)  # fmt: skip
_TIMES: Final = frozenset(
    (
        "time_ns", "start_ns", "end_ns", "trading_from_ns", "from_ns", "first_ns", "last_ns",
        "entry_time", "exit_time", "ruined_at",
    )
)  # fmt: skip
_DIGESTS: Final = ("digest", "config_digest")
_NO_FILES: Final = tuple(channel for channel in CAUSE_FIRST if channel is not Channel.FILES)


def prices_scaled(trial: Trial) -> None:
    """Multiply prices, capital and fixed costs by a power of two; all money is multiplied alike."""
    trial.needs_success()
    configs = configs_of(trial.base)
    _refuse_what_knows_amounts(trial, configs)
    factor = float(trial.draw.choice((0.25, 0.5, 2.0, 4.0, 8.0)))
    sheets = sheets_of(trial)
    for sheet in sheets:
        for row in sheet.rows:
            if not all(1e-100 < sheet.price(row, name) < 1e100 for name in ("low", "high")):
                raise DoesNotApplyError("some prices are so extreme that they would overflow")
            sheet.set_prices(row, factor)
    folder = trial.folder()
    write_sheets(sheets, folder)
    config = _scaled(with_data(trial.config, folder), configs, factor)
    other = trial.run(config)

    def change(name: str, value: Any) -> Any:
        is_money = name in _MONEY or name.startswith(_AMOUNTS)
        return value * factor if is_money and isinstance(value, float) else value

    metric = configs[""]["objective"]["metric"]
    due = mapped(_primary(trial.base, metric), change)
    told = f"prices and capital multiplied by {factor:g}"
    trial.agree(_bare(due), _bare(_primary(other, metric)), told, _NO_FILES)


def _refuse_what_knows_amounts(trial: Trial, configs: Mapping[str, Any]) -> None:
    named = sorted(name for name in (*_FIGURES, *_COSTS) if name in trial.own_text)
    if named:
        raise DoesNotApplyError(f"definitions of a user's own name amounts: {', '.join(named)}")
    for config in configs.values():
        for item in [*config["strategies"], *config["classifiers"]]:
            if item["type"] not in _SHIPPED:
                raise DoesNotApplyError("components of a user's own may know amounts")
        if any(c["metric"] in _MONEY for c in config["objective"]["constraints"]):
            raise DoesNotApplyError("a constraint is on an amount of money")
        capital = config["portfolio"]["initial_capital"]
        if not 1e-100 < capital < 1e100:
            raise DoesNotApplyError("the capital is so extreme that it would overflow")
        if config["objective"]["metric"] == "mean_net_profit":
            raise DoesNotApplyError("there is no such metric")


def _scaled(config: dict[str, Any], configs: Mapping[str, Any], factor: float) -> dict[str, Any]:
    """Scale capital and fixed costs, for the run and for every phase of its own passes."""
    _scale_sections(config, configs[""], factor)
    for place, resolved in configs.items():
        name = place.rpartition("phase=")[2]
        if "phase=" in place and "branch=" not in place:
            phases = config.setdefault("phases", {})
            _scale_sections(phases.setdefault(name, {}), resolved, factor)
    return config


def _scale_sections(target: dict[str, Any], resolved: Mapping[str, Any], factor: float) -> None:
    portfolio = target.setdefault("portfolio", {})
    portfolio["initial_capital"] = resolved["portfolio"]["initial_capital"] * factor
    execution = target.setdefault("execution", {})
    for name in _COSTS:
        execution[name] = resolved["execution"][name] * factor


def _primary(record: Record, metric: str) -> Record:
    """Name the value of the primary metric by the metric, and so statistics that go by values."""

    def renamed(tree: Any, inside: str = "") -> Any:
        if isinstance(tree, Mapping):
            if set(tree) == {"metric", "value"}:
                return {"metric": tree["metric"], str(tree["metric"]): tree["value"]}
            deeper = "sensitivity" if "parameter_sensitivity" in tree else inside
            return {key: renamed(value, deeper) for key, value in tree.items()}
        return tree

    outputs = {
        place: renamed(_sensitivity(content, metric))
        for place, content in record.channels.get(Channel.OUTPUTS, {}).items()
    }
    return msgspec.structs.replace(record, channels={**record.channels, Channel.OUTPUTS: outputs})


def _sensitivity(content: Any, metric: str) -> Any:
    """Put the name of the metric above the statistics of a parameter's sensitivity."""
    aggregate = content.get("aggregate_metrics") if isinstance(content, Mapping) else None
    if not aggregate or "parameter_sensitivity" not in aggregate:
        return content
    named = {
        parameter: {value: {metric: own} for value, own in values.items()}
        for parameter, values in aggregate["parameter_sensitivity"].items()
    }
    return {**content, "aggregate_metrics": {**aggregate, "parameter_sensitivity": named}}


def _bare(record: Record) -> Record:
    """Strike what follows from all bits, how a user wrote what was resolved, values put in text."""
    record = without(record, (*_DIGESTS, "phases"), [Channel.CONFIG])
    return without(record, (*_DIGESTS, "outputs"), [Channel.OUTPUTS])


def time_stretched(trial: Trial) -> None:
    """Put bars three times as far apart; nothing but times may change, since windows count bars."""
    trial.needs_success()
    sheets = sheets_of(trial)
    configs = configs_of(trial.base)
    if len({sheet.timeframe for sheet in sheets}) > 1:
        raise DoesNotApplyError("bars of several timeframes would come in another order")
    length = sheets[0].length
    if length.unit == "mo":
        raise DoesNotApplyError("months have no fixed length")
    config = trial.config
    if length.unit in ("m", "h"):
        _fix_periods(trial, config, configs)
    data = configs[""]["data"]
    if any(_dates(config) != _dates(configs[""]) for config in configs.values()):
        raise DoesNotApplyError("its phases have different ranges")
    if "start_date" in trial.own_text or "end_date" in trial.own_text:
        raise DoesNotApplyError("definitions of a user's own name the range")
    shift_ns = 0 if data["timestamp"] == "end" else length.nominal_s * 1_000_000_000
    first = min(label for sheet in sheets for row in sheet.rows if (label := sheet.label_ns(row)))
    for sheet in sheets:
        sheet.rows = list(sheet.in_range(data))
        for row in sheet.rows:
            label = sheet.label_ns(row)
            assert label is not None  # it was found to be in the range
            row[sheet.time_column] = text_of(first + (label - first) * 3)
    if not _fits(sheets, first):
        raise DoesNotApplyError("three times as far apart they would leave the calendar")
    folder = trial.folder()
    write_sheets(sheets, folder)
    other = trial.run(with_data(config, folder, start_date=None, end_date=None))

    def change(name: str, value: Any) -> Any:
        is_time = name in _TIMES or name.startswith("last_bars.")
        if not is_time or not isinstance(value, int):
            return _without_mean_times(name, value)
        return first + (value - shift_ns - first) * 3 + shift_ns

    due, other = mapped(trial.base, change), mapped(other, _without_mean_times)
    due, other = (_without_times(record) for record in (due, other))
    trial.agree(due, other, "bars three times as far apart", _NO_FILES)


def _without_mean_times(name: str, value: Any) -> Any:
    """Strike the mean of times, as over iterations, which is rounded; those it is of are held."""
    return None if name in _TIMES and isinstance(value, float) else value


def _fix_periods(
    trial: Trial, config: dict[str, Any], configs: Mapping[str, Mapping[str, Any]]
) -> None:
    """Say how many bars a year has wherever ``auto`` does: it goes by how many a day has."""
    automatic = {
        place: resolved
        for place, resolved in configs.items()
        if resolved["metrics"]["periods_per_year"] == "auto"
    }
    if not automatic:
        return
    found = {
        figures["periods_per_year"]
        for place, figures in trial.base.channels.get(Channel.METRICS, {}).items()
        if "/portfolio=" in place and phase_of(place) in automatic
    }
    firsts = {resolved["symbols"][0]["symbol"] for resolved in automatic.values()}
    if len(found) != 1 or len(firsts) != 1 or "periods_per_year" in trial.own_text:
        raise DoesNotApplyError("nobody says how many bars a year has")
    (number,) = found
    if "" in automatic:
        config.setdefault("metrics", {})["periods_per_year"] = number
    for own in phases_of(config):
        if "auto" in (own.get("metrics") or {}).values():
            own["metrics"]["periods_per_year"] = number


def _dates(config: Mapping[str, Any]) -> tuple[Any, Any]:
    return config["data"]["start_date"], config["data"]["end_date"]


def _fits(sheets: list[Sheet], first: int) -> bool:
    last = max(int(sheet.label_ns(row) or 0) for sheet in sheets for row in sheet.rows)
    return first > -(2**62) and last < 2**62


def _without_times(record: Record) -> Record:
    """Strike what goes by times as numbers or by all bits, and values put in text."""
    record = without(record, (*_DIGESTS, "start_date", "end_date", "metrics"), [Channel.CONFIG])
    return without(record, (*_DIGESTS, "ruined_at", "outputs"), [Channel.OUTPUTS])
