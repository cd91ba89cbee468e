"""Examples at the edges of what a run does: windows that just fit, seeds in seeds, null metrics.

What is drawn freely hardly ever comes to an edge. A boundary takes a configuration and its market
and sets what it needs, sizes first, so that the edge is met by construction; it may ask for the
topology and the sequences of one phase. See `BOUNDARIES` for what there is.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, TypeAlias

import msgspec

from parity.generation.drawing import Drawing, Forced
from parity.generation.market import SECONDS, START_S, draw_market, draw_rows
from parity.generation.specs import BarRow, MarketSpec, StreamSpec

__all__ = ["BOUNDARIES", "FOCUS", "draw_boundary_market", "set_boundary"]

_Config: TypeAlias = dict[str, Any]
_Sets: TypeAlias = Callable[[Drawing, _Config, MarketSpec], Forced | None]

_NULLABLE: Final = ("win_rate", "profit_factor", "sharpe_ratio", "sortino_ratio", "ruined_at")


def set_boundary(name: str, drawing: Drawing, config: _Config, market: MarketSpec) -> Forced | None:
    """Set what a boundary needs; give what one phase must be, null where any will do."""
    return BOUNDARIES[name](drawing, config, market)


def draw_boundary_market(name: str, drawing: Drawing) -> MarketSpec | None:
    """Draw the market of a boundary that needs one of its own; null: any will do."""
    if name == "long_run":
        return _long_market(drawing)
    if name == "sessions_to_midnight":
        return _sessions(drawing)
    if name == "dropped_bars":
        return _with_bad_bars(drawing, draw_market(drawing, ("few", "some"), True))
    if name in ("leave_one_out", "two_noises", "noise_in_sweep", "sweep_in_noise"):
        return draw_market(drawing, ("few",))
    if name == "blocks_in_windows":
        return draw_market(drawing, ("some",), True)
    if name in _OF_WINDOWS:
        return draw_market(drawing, ("few", "some"))
    return None


# -- seeds inside seeds


def _noise(config: _Config, drawing: Drawing) -> None:
    config["monte_carlo"] = {
        "iterations": drawing.whole(2, 3),
        "method": "parameter_noise",
        "noise_level": drawing.pick((0.5, 1.5)),
    }
    config["random_seed"] = drawing.whole(0, 99)
    _tunable(config)


def _tunable(config: _Config) -> str:
    """See to it that the first strategy has a parameter that a few bars can tell apart."""
    first = config["strategies"][0]
    if first["type"] in ("ensemble", "buy_and_hold"):
        first["type"], first["parameters"] = "breakout", {"lookback": 2}
    key = {"momentum": "slow_period", "rsi": "period"}.get(first["type"], "lookback")
    return f"{first.get('name', first['type'])}.{key}"


def _space(config: _Config, drawing: Drawing, *, sampled: bool) -> None:
    """Walk one parameter of the first strategy; sampled, from a list or a range."""
    key = _tunable(config)
    values: Any = drawing.pick(([2, 4], [1, 3]))
    if sampled and drawing.chance(50):
        values = {"low": 1, "high": 6}
    config["parameter_space"] = {key: values}
    config["parameter_sweep"] = {"random": {"count": 2}} if sampled else {}


def _two_noises(drawing: Drawing, config: _Config, market: MarketSpec) -> Forced:
    _noise(config, drawing)
    return Forced("backtest", ("monte_carlo", "monte_carlo"))


def _sweep_in_noise(drawing: Drawing, config: _Config, market: MarketSpec) -> Forced:
    _noise(config, drawing)
    _space(config, drawing, sampled=True)
    return Forced("backtest", ("monte_carlo", "parameter_sweep"))


def _noise_in_sweep(drawing: Drawing, config: _Config, market: MarketSpec) -> Forced:
    _noise(config, drawing)
    _space(config, drawing, sampled=True)
    return Forced("backtest", ("parameter_sweep", "monte_carlo"))


def _noise_in_windows(drawing: Drawing, config: _Config, market: MarketSpec) -> Forced:
    _noise(config, drawing)
    _space(config, drawing, sampled=drawing.chance(50))
    outer = drawing.pick(("train_test", "out_of_sample", "in_sample"))
    return Forced("backtest", (outer, "monte_carlo"))


def _blocks_in_windows(drawing: Drawing, config: _Config, market: MarketSpec) -> Forced:
    """Draw blocks of a window's own bars, and now and then windows of what was drawn."""
    config["monte_carlo"] = {"iterations": 2, "method": "block_bootstrap", "block_bars": 2}
    config["train_test"] = {"train_ratio": drawing.pick((0.5, 0.6))}
    config["k_fold"] = {"folds": 2}
    config["walk_forward"] = {
        "train_bars": max(2, market.bars // 6),
        "test_bars": max(1, market.bars // 8),
        "warmup_bars": drawing.pick((1, 5)),
    }
    config["data"].pop("start_date", None)
    config["data"].pop("end_date", None)
    _tunable(config)
    config.pop("parameter_space", None)
    config.pop("parameter_sweep", None)
    outer = drawing.pick(("out_of_sample", "in_sample", "train_test", "k_fold", "walk_forward"))
    inner = drawing.pick(((), ("walk_forward",), ("k_fold",), ("out_of_sample",)))
    if outer in ("walk_forward", "k_fold"):
        inner = ()
    return Forced("backtest", (outer, "monte_carlo", *inner))


# -- windows


def _exact(drawing: Drawing, config: _Config, market: MarketSpec, off: int, short: int) -> Forced:
    """Let windows end ``short`` bars before the data, each step ``off`` longer than a test."""
    bars = market.bars - short
    test = max(1, min(drawing.whole(2, max(2, bars // 5)), bars - 1))
    step = max(1, test + off)
    steps = drawing.whole(1, 3)
    while steps and bars - test - steps * step < 1:
        steps -= 1
    section: dict[str, Any] = {
        "train_bars": bars - test - steps * step,
        "test_bars": test,
        "step_bars": step,
    }
    section |= {} if drawing.chance(60) else {"anchored": True}
    if drawing.chance(40):
        section["close_at_end"] = False
    if drawing.chance(40):
        section["warmup_bars"] = drawing.pick((0, 1, "auto"))
    config["walk_forward"] = section
    if drawing.chance(50):
        _space(config, drawing, sampled=False)
    else:
        config.pop("parameter_space", None)
    signals = "parameter_space" not in config and drawing.chance(30)
    return Forced("signal_generation" if signals else "backtest", ("walk_forward",))


def _step_below(drawing: Drawing, config: _Config, market: MarketSpec) -> Forced:
    return _exact(drawing, config, market, -1, 0)


def _step_equal(drawing: Drawing, config: _Config, market: MarketSpec) -> Forced:
    return _exact(drawing, config, market, 0, 0)


def _step_above(drawing: Drawing, config: _Config, market: MarketSpec) -> Forced:
    return _exact(drawing, config, market, 1, 0)


def _one_bar_left(drawing: Drawing, config: _Config, market: MarketSpec) -> Forced:
    return _exact(drawing, config, market, drawing.pick((0, -1)), 1)


def _windows_of_a_phase(drawing: Drawing, config: _Config, market: MarketSpec) -> Forced:
    """Leave the windows to the settings of the phase."""
    _exact(drawing, config, market, drawing.pick((0, -1)), 0)
    return Forced("backtest", ("walk_forward",), {"walk_forward": config.pop("walk_forward")})


def _data_of_a_phase(drawing: Drawing, config: _Config, market: MarketSpec) -> Forced:
    """Give a phase fewer bars than the others have."""
    config["data"].pop("end_date", None)
    config["data"].pop("start_date", None)
    rows = market.streams[0].rows
    last = rows[len(rows) - 1 - drawing.whole(0, len(rows) // 3)].label_s
    moment = datetime.datetime.fromtimestamp(last, datetime.UTC)
    end = moment.strftime("%Y-%m-%dT%H:%M:%S")
    return Forced("backtest", ("single_pass",), {"data": {"end_date": end}})


def _one_window(drawing: Drawing, config: _Config, market: MarketSpec) -> Forced:
    test = drawing.whole(1, max(1, market.bars // 2))
    config["walk_forward"] = {"train_bars": max(1, market.bars - test), "test_bars": test}
    return Forced("backtest", ("walk_forward",))


def _least_split(drawing: Drawing, config: _Config, market: MarketSpec) -> Forced:
    """Leave one bar to the training, or to the test."""
    bars = market.bars
    least = next((r for r in range(1, 100) if bars * r // 100 == 1), 50)
    most = next((r for r in range(99, 0, -1) if bars * r // 100 == bars - 1), 50)
    config["train_test"] = {"train_ratio": drawing.pick((least, most)) / 100}
    sequence = drawing.pick(("train_test", "in_sample", "out_of_sample"))
    return Forced("backtest", (sequence,))


def _leave_one_out(drawing: Drawing, config: _Config, market: MarketSpec) -> Forced:
    config["k_fold"] = {"folds": max(2, market.bars)}
    config.pop("parameter_space", None)
    return Forced("backtest", ("k_fold",))


def _embargo(drawing: Drawing, config: _Config, market: MarketSpec) -> Forced:
    folds = drawing.whole(2, 3)
    length = market.bars // folds
    config["k_fold"] = {"folds": folds, "embargo_bars": max(0, length - drawing.whole(0, 2))}
    if folds == 2:  # an embargo of a whole fold leaves no training
        config["k_fold"]["embargo_bars"] = max(0, length - 1 - drawing.whole(0, 2))
    if drawing.chance(50):
        config.pop("parameter_space", None)
    else:
        _space(config, drawing, sampled=False)
    return Forced("backtest", ("k_fold",))


def _folds_of_combinations(drawing: Drawing, config: _Config, market: MarketSpec) -> Forced:
    config["k_fold"] = {"folds": 2, "embargo_bars": drawing.whole(0, 1)}
    _space(config, drawing, sampled=drawing.chance(30))
    return Forced(drawing.pick(("optimization", "backtest")), ("k_fold",))


# -- money


def _costs(drawing: Drawing) -> dict[str, Any]:
    return {
        "slippage_bps": drawing.pick((5, 120.5)),
        "commission_bps": drawing.pick((10, 0.5)),
        "commission_per_share": drawing.pick((0.01, 1)),
        "commission_fixed": drawing.pick((1, 2.5)),
        "commission_minimum": drawing.pick((5, 0.5)),
    }


def _costs_at_closes(drawing: Drawing, config: _Config, market: MarketSpec) -> Forced | None:
    """Fill in the first slice of a window, with all costs."""
    config["execution"] = {"fill": "same_close", **_costs(drawing), "close_at_end": True}
    config["strategies"][0] = {"type": "buy_and_hold", "name": "held"}
    config.pop("parameter_space", None)
    config["strategies"] = [e for e in config["strategies"] if e["type"] != "ensemble"]
    return Forced("backtest", drawing.pick((("train_test",), ("single_pass",), ("k_fold",))))


def _stops_and_flips(drawing: Drawing, config: _Config, market: MarketSpec) -> Forced | None:
    """Hit stops in the slices in which signals turn round, on both sides."""
    profile: dict[str, Any] = {"type": "aggressive", "stop_loss": drawing.pick((0.01, 0.002))}
    if drawing.chance(50):
        profile |= {"max_drawdown": drawing.pick((0.02, 0.2)), "drawdown_cooldown_bars": 1}
    if drawing.chance(50):
        profile["max_leverage"] = drawing.pick((0.5, 1.5))
    config["risk_profiles"] = [profile]
    config["portfolio"] = {"allow_short": True, "fractional": drawing.chance(50)}
    config["execution"] = {"fill": drawing.pick(("same_close", "next_open"))}
    if drawing.chance(60):
        config["execution"] |= _costs(drawing)
    quick = drawing.pick(
        (
            {"type": "rate_of_change", "name": "quick", "parameters": {"lookback": 1}},
            {
                "type": "momentum",
                "name": "quick",
                "parameters": {"fast_period": 1, "slow_period": 2},
            },
            {"type": "breakout", "name": "quick", "parameters": {"lookback": 1}},
        )
    )
    config["strategies"] = [quick]
    config.pop("parameter_space", None)
    return Forced("backtest", ("single_pass",))


def _null_constraints(drawing: Drawing, config: _Config, market: MarketSpec) -> Forced:
    """Rank by, and constrain, metrics that some combinations do not have."""
    config["objective"] = {
        "metric": drawing.pick(_NULLABLE),
        "direction": drawing.pick(("min", "max")),
        "constraints": [
            {"metric": drawing.pick(_NULLABLE), "operator": "<=", "value": 1_000},
            {"metric": "num_trades", "operator": drawing.pick((">=", "!=")), "value": 1},
        ][: drawing.whole(1, 2)],
    }
    config["parameter_space"] = {_tunable(config): [1, 500, 2]}
    config["parameter_sweep"] = {}
    return (
        Forced(drawing.pick(("backtest", "optimization")), ("single_pass",))
        if drawing.chance(30)
        else Forced("backtest", ("parameter_sweep",))
    )


def _parts_of_lots(drawing: Drawing, config: _Config, market: MarketSpec) -> None:
    config["portfolio"] = {
        "fractional": drawing.chance(50),
        "lot_size": drawing.pick((0.1, 7, 0.5, 100)),
        "allow_short": drawing.chance(50),
    }


# -- what takes part


def _chosen_types(drawing: Drawing, config: _Config, market: MarketSpec) -> Forced:
    """Walk the keys of some types of strategies alone."""
    _tunable(config)
    first = config["strategies"][0]["type"]
    other = "rsi" if first != "rsi" else "breakout"
    config["strategies"] = [e for e in config["strategies"][:1] if e["type"] != "ensemble"]
    config["strategies"].append({"type": other, "name": "other"})
    key = "other.period" if other == "rsi" else "other.lookback"
    config["parameter_space"] = {_tunable(config): [2, 3], key: [2, 5]}
    config["parameter_sweep"] = drawing.pick(
        ({"only": [first]}, {"skip": [first]}, {"skip": [other]})
    )
    return Forced("backtest", ("parameter_sweep",))


def _ensembles(drawing: Drawing, config: _Config, market: MarketSpec) -> None:
    """Nest ensembles; one may step on a timeframe of its own."""
    plain = [e for e in config["strategies"] if e["type"] != "ensemble"]
    names = [str(e.get("name", e["type"])) for e in plain]
    inner: dict[str, Any] = {
        "type": "ensemble",
        "name": "inner",
        "parameters": {"members": {name: drawing.pick((1, -0.5, 2)) for name in names}},
    }
    members = {"inner": drawing.pick((1, -1)), names[0]: drawing.pick((0.25, 1))}
    outer = {"type": "ensemble", "name": "outer", "parameters": {"members": members}}
    if drawing.chance(50):
        outer["parameters"]["threshold"] = drawing.pick((0.25, 0.5))  # type: ignore[index]
    common = set.intersection(*(set(market.timeframes(s)) for s in market.symbols))
    if common and drawing.chance(50):
        outer["timeframe"] = sorted(common)[0]
    config["strategies"] = [*plain, inner, outer]


def _dropped(drawing: Drawing, config: _Config, market: MarketSpec) -> Forced:
    config["data"]["on_bad_bar"] = "drop"
    config["data"]["timestamp"] = market.timestamp
    config["data"].pop("start_date", None)
    config["data"].pop("end_date", None)
    return Forced("backtest", drawing.pick((("single_pass",), ("train_test",))))


def _to_midnight(drawing: Drawing, config: _Config, market: MarketSpec) -> Forced:
    """Let the number of days decide, which labels and ends of bars count differently."""
    config["metrics"] = {"periods_per_year": "auto"}
    config["data"].pop("start_date", None)
    config["data"].pop("end_date", None)
    return Forced("backtest", drawing.pick((("single_pass",), ("train_test",), ("k_fold",))))


def _long(drawing: Drawing, config: _Config, market: MarketSpec) -> Forced:
    """Run for more samples than any part holds at a time, and keep few events or all."""
    config["data"] = {"timestamp": market.timestamp} if market.timestamp != "start" else {}
    config["symbols"] = [{"symbol": "S0", "timeframes": ["5m"]}]
    config["strategies"] = [
        {"type": "momentum", "parameters": {"fast_period": 3, "slow_period": 20}}
    ]
    for section in ("classifiers", "risk_profiles", "parameter_space", "parameter_sweep"):
        config.pop(section, None)
    config["trace"] = {"max_events": drawing.pick((100, 5_000, None))}
    storage = drawing.pick(("disk", "memory", "hybrid"))
    config["results"] = {"storage": storage, "store_full_results": True}
    return Forced("backtest", ("single_pass",))


# -- markets of their own


def _long_market(drawing: Drawing) -> MarketSpec:
    slots = [START_S + 300 * index for index in range(drawing.whole(8_200, 8_800))]
    return MarketSpec((StreamSpec("S0", "5m", tuple(draw_rows(drawing, slots))),))


def _sessions(drawing: Drawing) -> MarketSpec:
    """Days of a few bars, of which the last ends at midnight, or the first begins there."""
    timeframe = drawing.pick(("1h", "15m", "4h"))
    length = SECONDS[timeframe]
    count = drawing.whole(2, 5)
    first = drawing.pick((86_400 - count * length, 0))
    timestamp: Literal["start", "end"] = "end" if drawing.chance(30) else "start"
    opens = START_S + first + (length if timestamp == "end" else 0)
    slots = [
        opens + 86_400 * day + length * index
        for day in range(drawing.whole(2, 12))
        for index in range(count)
    ]
    return MarketSpec((StreamSpec("S0", timeframe, tuple(draw_rows(drawing, slots))),), timestamp)


def _with_bad_bars(drawing: Drawing, market: MarketSpec) -> MarketSpec:
    """Put rows that are no good between the others, which stay."""
    streams = []
    for stream in market.streams:
        rows: list[BarRow] = []
        every = drawing.whole(3, 7)
        for index, row in enumerate(stream.rows):
            rows.append(row)
            if index % every == 1:
                rows.append(_bad(drawing, row))
        streams.append(msgspec.structs.replace(stream, rows=tuple(rows)))
    return MarketSpec(tuple(streams), market.timestamp)


def _bad(drawing: Drawing, row: BarRow) -> BarRow:
    label = row.label_s + 1
    changes: Mapping[str, Any] = drawing.pick(
        (
            {"label_s": row.label_s},
            {"label_s": row.label_s - 1},
            {"label_s": label, "close": None},
            {"label_s": label, "open": -1.0},
            {"label_s": label, "high": (row.low or 1.0) / 2},
            {"label_s": label, "low": (row.high or 1.0) * 2},
            {"label_s": label, "volume": -1.0},
        )
    )
    return msgspec.structs.replace(row, **changes)


BOUNDARIES: Final[Mapping[str, _Sets]] = {
    "two_noises": _two_noises,
    "sweep_in_noise": _sweep_in_noise,
    "noise_in_sweep": _noise_in_sweep,
    "noise_in_windows": _noise_in_windows,
    "blocks_in_windows": _blocks_in_windows,
    "step_below_test": _step_below,
    "step_equal_test": _step_equal,
    "step_above_test": _step_above,
    "one_bar_left": _one_bar_left,
    "long_run": _long,
    "windows_of_a_phase": _windows_of_a_phase,
    "data_of_a_phase": _data_of_a_phase,
    "one_window": _one_window,
    "least_split": _least_split,
    "leave_one_out": _leave_one_out,
    "embargo": _embargo,
    "folds_of_combinations": _folds_of_combinations,
    "costs_at_closes": _costs_at_closes,
    "stops_and_flips": _stops_and_flips,
    "null_constraints": _null_constraints,
    "parts_of_lots": _parts_of_lots,
    "chosen_types": _chosen_types,
    "nested_ensembles": _ensembles,
    "replayed_ensembles": _ensembles,
    "dropped_bars": _dropped,
    "sessions_to_midnight": _to_midnight,
}
"""What brings an example to an edge, by name."""

FOCUS: Final[Mapping[str, frozenset[str]]] = {
    "replayed_ensembles": frozenset({"topology:signal_replay"}),
}
"""Other features that a boundary asks for."""

_OF_WINDOWS: Final = frozenset(
    {
        "noise_in_windows",
        "step_below_test",
        "step_equal_test",
        "step_above_test",
        "one_bar_left",
        "windows_of_a_phase",
        "data_of_a_phase",
        "one_window",
        "least_split",
        "leave_one_out",
        "embargo",
        "folds_of_combinations",
        "costs_at_closes",
        "null_constraints",
    }
)
