"""One unit of a longer study: which bars, which parameters, which strategies.

What a study decided before the unit (its windows and parameters) is taken from the record of a run;
what the unit then gives is worked out afresh.

1. `settings_of` puts the parameters of all iterations around the unit into the strategies, expands
   the combinations of an ``optimization``, and says whether positions are closed at the end.
2. `cut` takes the bars of the unit's window, with those that only warm up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, Final

import numpy as np

from containers.results import Window
from parity.oracle.bars import PricedBar
from parity.oracle.components import PARAMETERS
from parity.oracle.refusal import CannotExpress
from parity.oracle.settings import Settings, Stream, read_settings

__all__ = ["Unit", "cut", "settings_of"]

_TOPOLOGIES: Final = ("backtest", "optimization", "signal_generation", "analysis")

# Names of the iterations that each sequence makes, as far down as it goes by itself.
_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "single_pass": ("full",),
    "in_sample": ("train",),
    "out_of_sample": ("test",),
    "train_test": ("train", "test", "combination"),
    "walk_forward": ("window", "train", "test", "combination"),
    "k_fold": ("fold", "train", "test", "combination", "piece"),
    "parameter_sweep": ("combination",),
    "monte_carlo": ("sample",),
}
_TRAINING: Final = ("train_test", "walk_forward", "k_fold")
_UNCUT: Final = ("full", "combination", "sample")


@dataclass(frozen=True)
class Unit:
    """A unit as the record of a run describes it.

    Attributes:
        topology: Name of the phase's topology.
        sequence: The phase's sequence as text, bodies in brackets.
        config: The resolved configuration of the phase.
        windows: Of all iterations around the unit, outermost first; the last one is its own.
        parameters: Changes of all these iterations, inner over outer.
        spawn_key: Indexes of the random iterations around it, outermost first.
    """

    topology: str
    sequence: str
    config: Mapping[str, Any]
    windows: Sequence[Window]
    parameters: Mapping[str, Any]
    spawn_key: Sequence[int] = ()

    @property
    def names(self) -> list[str]:
        """Names of the iterations around the unit, outermost first."""
        return [window.name for window in self.windows]

    @property
    def sequences(self) -> list[str]:
        """The sequence and its bodies, outermost first."""
        return re.findall(r"[^()\s]+", self.sequence)


def settings_of(unit: Unit, base_dir: Path) -> Settings:
    """Give what decides the result of ``unit``.

    Raises:
        CannotExpress: It is of a kind that the oracle does not cover.
    """
    _check(unit)
    config = dict(unit.config)
    config["strategies"] = _changed(config["strategies"], unit.parameters)
    if _optimizes(unit):
        config["strategies"] = _combined(config, unit.spawn_key)
    elif unit.topology == "signal_generation":
        config["risk_profiles"] = []
    elif unit.topology == "analysis":
        config["strategies"], config["risk_profiles"] = [], []
    settings = read_settings(config, base_dir)
    if _is_closed(unit):
        settings = replace(settings, execution=replace(settings.execution, close_at_end=True))
    return settings


def cut(
    streams: Mapping[Stream, Sequence[PricedBar]], first: Stream, unit: Unit
) -> tuple[dict[Stream, Sequence[PricedBar]], int | None]:
    """Give the bars of a unit, and the time before which they only warm up.

    Args:
        streams: All bars in the configured range.
        first: The base stream of the first symbol, whose bars windows count.
        unit: Whose window it is.

    Returns:
        Bars by stream, and int64 nanoseconds; null where nothing warms up.
    """
    if all(name in _UNCUT for name in unit.names):
        return dict(streams), None  # all the data, also what ends before the first bar
    window, base = unit.windows[-1], streams[first]
    trading_from_ns = base[window.first_bar].end_ns
    start_ns = base[window.first_bar - window.warmup_bars].end_ns
    is_open = window.last_bar == len(base) - 1
    stop_ns = None if is_open else base[window.last_bar + 1].end_ns
    bars: dict[Stream, Sequence[PricedBar]] = {
        stream: [
            bar
            for bar in all_bars
            if bar.end_ns >= start_ns and (stop_ns is None or bar.end_ns < stop_ns)
        ]
        for stream, all_bars in streams.items()
    }
    return bars, trading_from_ns


def _check(unit: Unit) -> None:
    if unit.topology == "signal_replay":
        raise CannotExpress("it replays stored signals")
    if unit.topology not in _TOPOLOGIES:
        raise CannotExpress(f"the oracle has no topology {unit.topology!r}")
    known: set[str] = set()
    for sequence in unit.sequences:
        if sequence not in _NAMES:
            raise CannotExpress(f"the oracle has no sequence {sequence!r}")
        known.update(_NAMES[sequence])
    for name in unit.names:
        if name not in known:
            raise CannotExpress(f"{unit.sequence} has no iteration called {name!r}")
    if "sample" in unit.names and unit.config["monte_carlo"]["method"] != "parameter_noise":
        raise CannotExpress("it runs over bootstrapped bars")


def _changed(
    strategies: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Put ``{strategy}.{parameter}`` values into strategies."""
    changed = [{**item, "parameters": dict(item.get("parameters") or {})} for item in strategies]
    for key, value in parameters.items():
        item, (name, *member) = _target(changed, key)
        if member:
            members = {**item["parameters"][name], member[0]: value}
            item["parameters"][name] = members
        else:
            item["parameters"][name] = value
    return changed


def _target(
    strategies: Sequence[dict[str, Any]], key: str
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Give the strategy that a key means, the longest name that fits, and the parameter's path."""
    fitting = [item for item in strategies if key.startswith(f"{_name(item)}.")]
    if not fitting:
        raise CannotExpress(f"no strategy has the parameter {key!r}")
    item = max(fitting, key=lambda item: len(_name(item)))
    rest = key.removeprefix(f"{_name(item)}.")
    if rest.startswith("members."):
        return item, ("members", rest.removeprefix("members."))
    return item, (rest,)


def _name(item: Mapping[str, Any]) -> str:
    return str(item.get("name") or item["type"])


def _optimizes(unit: Unit) -> bool:
    """Whether all combinations run side by side in this unit; a ``test`` has the best one alone."""
    tested = any(name == "test" and maker in _TRAINING for name, maker in _makers(unit))
    return unit.topology == "optimization" and not tested


def _makers(unit: Unit) -> Iterator[tuple[str, str]]:
    """Give the name of every iteration around the unit, and the sequence that made it."""
    names = list(reversed(unit.names))
    for sequence in unit.sequences:
        made = [names.pop()] if names else []
        if sequence in ("walk_forward", "k_fold") and names:
            made.append(names.pop())
        if made[-1:] == ["train"] and sequence in _TRAINING:
            if names and names[-1] == "combination" and unit.topology != "optimization":
                made.append(names.pop())
            if names and names[-1] == "piece":
                made.append(names.pop())
        yield from ((name, sequence) for name in made)


def _combined(config: Mapping[str, Any], spawn_key: Sequence[int]) -> list[dict[str, Any]]:
    """Give the strategies of every combination, all of one before those of the next."""
    strategies: list[dict[str, Any]] = []
    for number, combination in enumerate(_combinations(config, spawn_key)):
        for item in _changed(config["strategies"], combination):
            item["name"] = f"{_name(item)}#{number}"
            if "members" in item["parameters"]:
                members = item["parameters"]["members"]
                item["parameters"]["members"] = {f"{m}#{number}": w for m, w in members.items()}
            strategies.append(item)
    return strategies


def _combinations(config: Mapping[str, Any], spawn_key: Sequence[int]) -> Iterator[dict[str, Any]]:
    sweep, strategies = config["parameter_sweep"], config["strategies"]
    space = {
        key: values
        for key, values in config["parameter_space"].items()
        if _is_chosen(_target(strategies, key)[0]["type"], sweep)
    }
    if sweep["random"] is None:
        for values in product(*space.values()):
            yield dict(zip(space, values, strict=True))
        return
    for index in range(sweep["random"]["count"]):
        seeds = np.random.SeedSequence(config["random_seed"], spawn_key=(*spawn_key, index))
        draw = np.random.Generator(np.random.PCG64(seeds))
        yield {key: _drawn(draw, strategies, key, values) for key, values in space.items()}


def _is_chosen(kind: str, sweep: Mapping[str, Any]) -> bool:
    only = sweep.get("only")
    return (only is None or kind in only) and kind not in sweep.get("skip", ())


def _drawn(
    draw: np.random.Generator, strategies: Sequence[dict[str, Any]], key: str, values: Any
) -> Any:
    if not isinstance(values, Mapping):
        return values[int(draw.integers(0, len(values)))]
    value = float(draw.uniform(values["low"], values["high"]))
    item, (name, *_) = _target(strategies, key)
    # Whole parameters are periods, and none is below 1; `round` takes a half to the even side.
    whole = isinstance(PARAMETERS[item["type"]].get(name), int)
    return max(1, round(value)) if whole else value


def _is_closed(unit: Unit) -> bool:
    """Whether a ``test`` around the unit closes what is open at its end."""
    for depth, name in enumerate(unit.names):
        if name == "test":
            above = unit.names[depth - 1] if depth else ""
            section = {"window": "walk_forward", "fold": "k_fold"}.get(above, "train_test")
            if unit.config[section]["close_at_end"]:
                return True
    return False
