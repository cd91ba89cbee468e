"""What expressions of an example can read, with about what it comes to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from parity.generation.expressions import Name
from parity.generation.phases_made import Made
from parity.generation.specs import MarketSpec, OutputSpec

__all__ = ["KNOWN", "known_output", "names_for"]

KNOWN: Final = "known"
"""Name of the output whose content is known beforehand."""

_CONTENT: Final[Mapping[str, Any]] = {
    "n": 3,
    "x": 2.5,
    "below": -4,
    "s": "abc",
    "yes": True,
    "no": False,
    "nothing": None,
    "items": [1, 2.0, "b", None, [3, {"deep": 9}]],
    "deep": {"a": {"b": 1}, "a.b": 2, "in": 7, "1": "one"},
}
_DEFAULTS: Final[Mapping[tuple[str, str], Any]] = {
    ("portfolio", "initial_capital"): 100_000.0,
    ("portfolio", "lot_size"): 1.0,
    ("portfolio", "fractional"): False,
    ("portfolio", "allow_short"): False,
    ("execution", "fill"): "next_open",
    ("execution", "slippage_bps"): 0.0,
    ("execution", "commission_bps"): 0.0,
    ("execution", "close_at_end"): False,
    ("objective", "metric"): "sharpe_ratio",
    ("objective", "direction"): "max",
    ("train_test", "train_ratio"): 0.7,
    ("walk_forward", "train_bars"): 252,
    ("walk_forward", "test_bars"): 63,
    ("walk_forward", "anchored"): False,
    ("k_fold", "folds"): 5,
    ("k_fold", "embargo_bars"): 0,
    ("monte_carlo", "iterations"): 100,
    ("monte_carlo", "method"): "parameter_noise",
    ("monte_carlo", "noise_level"): 0.1,
    ("data", "timestamp"): "start",
    ("data", "source"): "csv",
    ("data", "on_bad_bar"): "error",
    ("data", "start_date"): None,
    ("results", "storage"): "memory",
    ("results", "store_full_results"): False,
}


def known_output() -> OutputSpec:
    """Give an output of nested mappings and lists, for later expressions to read."""
    return OutputSpec(dict(_CONTENT))


def names_for(
    config: Mapping[str, Any], reads: Sequence[Made], market: MarketSpec
) -> tuple[Name, ...]:
    """Give what an expression can read.

    Args:
        config: The user's configuration.
        reads: The phases that it may read.
        market: The user's market.
    """
    names = [Name("iteration", "number", 0), *_of_config(config, market)]
    for made in reads:
        names += _of_phase(made, config, market)
    return tuple(names)


def _of_config(config: Mapping[str, Any], market: MarketSpec) -> Iterator[Name]:
    for (section, key), default in _DEFAULTS.items():
        value = config.get(section, {}).get(key, default)
        text = f"config.{section}.{key}"
        if key in ("folds", "lot_size", "method"):
            text = f"config['{section}'].{key}"
        yield Name(text, _kind(value), value)
    yield Name("config.random_seed", "number", config.get("random_seed", 0))
    yield Name("config.max_iterations", "number", config.get("max_iterations", 10))
    symbol = market.symbols[0]
    yield Name("config.symbols[0].symbol", "text", symbol)
    yield Name("config['symbols'][0]['symbol']", "text", symbol)
    yield Name("config.symbols[iteration * 0].symbol", "text", symbol)
    yield Name("config.symbols[0].timeframes", "list", list(market.timeframes(symbol)))
    yield Name("config.strategies[0].type", "text", config["strategies"][0]["type"])
    yield Name("config.portfolio", "mapping", ["initial_capital", "lot_size", "allow_short"])
    yield Name("config.strategies[0]", "mapping", ["type", "name", "parameters", "timeframe"])
    yield Name("config.parameter_space", "mapping", list(config.get("parameter_space", ())))
    yield Name("config", "mapping", ["symbols", "strategies", "phases"])


def _of_phase(made: Made, config: Mapping[str, Any], market: MarketSpec) -> Iterator[Name]:
    here = f"results.{made.name}"
    ran = "" if made.is_sure else f"{here}.status == 'succeeded'"
    yield Name(f"{here}.status", "text", "succeeded")
    yield Name(f"results['{made.name}'].status", "text", "succeeded")
    if ran == "":
        yield Name(f"{here}.metrics", "mapping", ["num_trades", "bars"])
        yield Name(f"{here}.best_parameters", "mapping", list(config.get("parameter_space", ())))
    if "metrics" in made.gives:
        capital = config.get("portfolio", {}).get("initial_capital", 100_000.0)
        for metric, hint in (
            ("num_trades", 1),
            ("bars", market.bars),
            ("total_return", 0.0),
            ("final_equity", capital),
            ("max_drawdown", 0.02),
        ):
            yield Name(f"{here}.metrics.{metric}", "number", hint, ran)
        for metric in ("sharpe_ratio", "win_rate", "profit_factor", "annual_volatility"):
            yield Name(f"{here}.metrics['{metric}']", "maybe", None, ran)
    if made.gives:
        yield Name(f"{here}.iterations[0].window.last_bar", "number", market.bars - 1, ran)
        yield Name(f"{here}.iterations[0].window.warmup_bars", "number", 0, ran)
        yield Name(f"{here}.iterations[0].seed", "number", config.get("random_seed", 0), ran)
    if KNOWN in made.phase.outputs:
        for start in (f"outputs.{made.name}.{KNOWN}", f"{here}.outputs.{KNOWN}"):
            yield from _of_known(start, ran)


def _of_known(start: str, ran: str) -> Iterator[Name]:
    for key, value in _CONTENT.items():
        yield Name(f"{start}.{key}", _kind(value), value, ran)
    items, deep = f"{start}.items", f"{start}.deep"
    yield Name(f"{items}[1]", "number", 2.0, ran)
    yield Name(f"{items}[4][1].deep", "number", 9, ran)
    yield Name(f"{items}[{start}.n - 1]", "text", "b", ran)
    yield Name(f"{deep}.a.b", "number", 1, ran)
    yield Name(f"{deep}['a.b']", "number", 2, ran)
    yield Name(f"{deep}['in']", "number", 7, ran)
    yield Name(f"{deep}['1']", "text", "one", ran)


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, str):
        return "text"
    if isinstance(value, int | float):
        return "number"
    return "list" if isinstance(value, list | tuple) else "mapping"
