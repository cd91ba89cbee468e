"""What applies where the user says nothing.

1. `ENGINE_DEFAULTS` stand below everything; ``workflow``, ``symbols``, ``strategies`` and
   ``data.data_dir`` have no default.
2. `merge` lays one configuration over another.
3. `complete` then fills in the items of lists, which see the merged whole.
4. `resolve` does all three and answers data that nobody else holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final

from containers.components import Components
from containers.components.profiles import DEFAULT_MAX_LEVERAGE

__all__ = ["ENGINE_DEFAULTS", "complete", "merge", "resolve"]

ENGINE_DEFAULTS: Final[Mapping[str, Any]] = {
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
        "slippage_bps": 0.0,
        "commission_bps": 0.0,
        "commission_per_share": 0.0,
        "commission_fixed": 0.0,
        "commission_minimum": 0.0,
        "close_at_end": False,
    },
    "portfolio": {
        "initial_capital": 100000.0,
        "fractional": False,
        "lot_size": 1.0,
        "allow_short": False,
    },
    "objective": {"metric": "sharpe_ratio", "direction": "max", "constraints": []},
    "metrics": {"periods_per_year": "auto"},
    "trace_level": "standard",
    "trace": {"containers": {}, "max_events": None},
    "results": {"storage": "memory", "directory": "results", "store_full_results": False},
    "random_seed": 0,
    "max_iterations": 10,
    "parameter_space": {},
    "parameter_sweep": {"random": None, "only": None, "skip": []},
    "walk_forward": {
        "train_bars": 252,
        "test_bars": 63,
        "step_bars": None,
        "anchored": False,
        "warmup_bars": "auto",
        "close_at_end": True,
    },
    "train_test": {"train_ratio": 0.7, "warmup_bars": "auto", "close_at_end": True},
    "k_fold": {"folds": 5, "embargo_bars": 0, "warmup_bars": "auto", "close_at_end": True},
    "monte_carlo": {
        "iterations": 100,
        "method": "parameter_noise",
        "noise_level": 0.1,
        "block_bars": 20,
    },
    "phases": {},
}


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Lay ``over`` on ``base``: mappings merge deeply, all else replaces, null too.

    Neither is changed; the answer refers to what they hold.

    >>> merge({"a": {"x": 1, "y": 2}, "b": [1, 2]}, {"a": {"y": None}, "b": [3]})
    {'a': {'x': 1, 'y': None}, 'b': [3]}
    """
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            merged[key] = merge(below, value)
        else:
            merged[key] = value
    return merged


def resolve(components: Components, *layers: Mapping[str, Any]) -> dict[str, Any]:
    """Merge ``layers``, weakest first, over the engine's defaults, then complete the items.

    The answer shares nothing with the layers or the defaults. It has not been checked.
    """
    merged: dict[str, Any] = dict(ENGINE_DEFAULTS)
    for layer in layers:
        merged = merge(merged, layer)
    return deepcopy(complete(merged, components))


def complete(config: Mapping[str, Any], components: Components) -> dict[str, Any]:
    """Fill in what the items of lists leave out; a key that is there, null included, stays.

    Args:
        config: A merged configuration whose parts have been checked. It is not changed.
        components: Declare the parameters and presets.
    """
    completed = dict(config)
    if "symbols" in config:
        completed["symbols"] = [_filled(item, {"timeframes": ["1d"]}) for item in config["symbols"]]
    if "strategies" in config:
        completed["strategies"] = [
            _component(item, components.strategies) for item in config["strategies"]
        ]
    completed["classifiers"] = [
        _component(item, components.classifiers) for item in config["classifiers"]
    ]
    completed["risk_profiles"] = [
        _profile(item, components, symbols=len(config.get("symbols", ())))
        for item in config["risk_profiles"]
    ]
    return completed


def _component(item: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """Give a strategy or classifier its name, its streams and all its parameters, in order."""
    declared = known[item["type"]].parameters
    parameters = {name: parameter.default for name, parameter in declared.items()}
    parameters |= item.get("parameters", {})
    named = {"name": item["type"], "parameters": {}, "symbols": None, "timeframe": None}
    return {**_filled(item, named), "parameters": parameters}


def _profile(item: Mapping[str, Any], components: Components, *, symbols: int) -> dict[str, Any]:
    """Give a risk profile its name, its size and all its rules."""
    size = components.profiles[item["type"]].max_position_size
    if size is not None and symbols:
        size = min(size, 1 / symbols)
    return _filled(
        item,
        {
            "name": item["type"],
            "max_position_size": size,
            "fixed_quantity": None,
            "max_leverage": DEFAULT_MAX_LEVERAGE,
            "max_drawdown": None,
            "drawdown_cooldown_bars": None,
            "stop_loss": None,
        },
    )


def _filled(item: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    return {**item, **{key: value for key, value in defaults.items() if key not in item}}
