"""Which settings of the configuration decide on what differs.

The container that published an event, its kind and the fields that differ say which settings are in
play: a FILL with another price obeys `execution.slippage_bps` and `execution.fill`. Settings are
given as paths into the resolved configuration of the phase, those most to the point first, each
with the value that it has there or that the sequence gave it for the iteration.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from containers.errors import ConfigPath
from containers.events import EventKind
from parity.channels import Channel
from parity.places import phase_name, phase_of, windows_of
from parity.record import Record

__all__ = [
    "MISSING",
    "Setting",
    "configuration_at",
    "parsed_path",
    "path_text",
    "settings_in_play",
    "value_at",
]


class Setting(msgspec.Struct, frozen=True):
    """A setting that is in play.

    Attributes:
        path: Into the resolved configuration, for example ``strategies[0].parameters.fast_period``.
        control: Its value in the control's run; null also when it has none.
        candidate: Likewise; the control's when the candidate records no configuration.
    """

    path: str
    control: Any
    candidate: Any


_STEP: Final = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]|\[(?:'([^']*)'|\"([^\"]*)\")\]")
_LEADING: Final = re.compile(r"^\[\d+\]\.config(?=[.\[]|$)\.?")
_BUILT: Final = re.compile(r"\[(\d+)\]\.containers\[(\d+)\](?:\.settings)?\.?")

_COSTS: Final = (
    "execution.commission_bps", "execution.commission_per_share", "execution.commission_fixed",
    "execution.commission_minimum",
)  # fmt: skip
_SIZE: Final = (
    "risk.max_position_size", "risk.fixed_quantity", "portfolio.allow_short", "portfolio.lot_size",
    "portfolio.fractional", "portfolio.initial_capital",
)  # fmt: skip
_LIMITS: Final = (
    "risk.max_leverage", "risk.max_drawdown", "risk.drawdown_cooldown_bars", "portfolio.lot_size",
    "portfolio.fractional",
)  # fmt: skip
_BARS: Final = ("data.data_dir", "data.source", "data.on_bad_bar")

_ALL: Final = ""
_OBEYS: Final[Mapping[EventKind, Mapping[str, Sequence[str]]]] = {
    EventKind.BAR: {
        **dict.fromkeys(("open", "high", "low", "close", "volume"), _BARS),
        _ALL: ("symbol", "data.start_date", "data.end_date", "data.timestamp", *_BARS),
    },
    EventKind.FILL: {
        "price": ("execution.slippage_bps", "execution.fill"),
        "commission": _COSTS,
        "quantity": _SIZE,
        "reason": ("execution.close_at_end",),
        _ALL: ("execution.fill", "execution.close_at_end"),
    },
    EventKind.CANCELLATION: {_ALL: ("execution.fill", "execution.close_at_end")},
    EventKind.FEATURES: {_ALL: ("features",)},
    EventKind.CLASSIFICATION: {_ALL: ("component",)},
    EventKind.SIGNAL: {_ALL: ("component",)},
    EventKind.ORDER_REQUEST: {
        "quantity": _SIZE,
        "reference_price": _BARS,
        "reason": ("risk.stop_loss",),
        _ALL: (*_SIZE, "risk.stop_loss"),
    },
    EventKind.ORDER: {"requested": _SIZE, _ALL: _LIMITS},
    EventKind.REJECTION: {"requested": _SIZE, _ALL: _LIMITS},
    EventKind.PORTFOLIO_UPDATE: {_ALL: ("portfolio.initial_capital",)},
}
"""By kind and field the settings it follows; under `_ALL` those of the event as a whole, and of
fields not named. ``risk`` is the profile of the event's portfolio, ``component`` the strategy or
classifier that published it, ``features`` the parameters that name the features that differ,
``symbol`` the entry of its symbol."""

_OF_TRADES: Final[Mapping[str, tuple[EventKind, str]]] = {
    "entry_price": (EventKind.FILL, "price"),
    "exit_price": (EventKind.FILL, "price"),
    "commission": (EventKind.FILL, "commission"),
    "net_profit": (EventKind.FILL, "commission"),
    "quantity": (EventKind.FILL, "quantity"),
}
_NUMBERING: Final = frozenset({"seq", "cause", "kind"})
_WINDOWS: Final[Mapping[str, Sequence[str]]] = {
    "seed": ("random_seed",),
    "spawn_key": ("random_seed", "monte_carlo"),
    "parameters": ("parameter_space", "monte_carlo"),
}
_SEQUENCES: Final = ("walk_forward", "train_test", "k_fold", "monte_carlo")


def path_text(path: ConfigPath) -> str:
    """Write a path as people do.

    >>> path_text(("strategies", 0, "parameters", "fast_period"))
    'strategies[0].parameters.fast_period'
    """
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif "." in step or "[" in step:
            text += f"[{step!r}]"
        else:
            text += f".{step}" if text else step
    return text


def parsed_path(text: str) -> ConfigPath:
    """Read a path that `path_text` wrote.

    >>> parsed_path("parameter_space['fast.fast_period'][1]")
    ('parameter_space', 'fast.fast_period', 1)
    """
    return tuple(
        int(index) if index else name or one or two for name, index, one, two in _STEP.findall(text)
    )


def configuration_at(record: Record, place: str) -> Mapping[str, Any] | None:
    """Give the resolved configuration of the phase a place lies in, changed as its iterations were.

    Null where the record has none.
    """
    for above in (phase_of(place), ""):
        entries = _listed(record.channels.get(Channel.CONFIG, {}).get(above))
        found = [e["config"] for e in entries if isinstance(e, Mapping) and "config" in e]
        if found and isinstance(found[-1], Mapping):
            config: dict[str, Any] = copy.deepcopy(dict(found[-1]))
            for name, value in changed_at(record, place).items():
                component, _, parameter = str(name).rpartition(".")
                for entry in _entries(config, "strategies"):
                    parameters = entry.get("parameters")
                    if entry.get("name") == component and isinstance(parameters, dict):
                        parameters[parameter] = value
            return config
    return None


def changed_at(record: Record, place: str) -> dict[str, Any]:
    """Give the parameters that the iterations around a place changed, ``component.parameter``."""
    changed: dict[str, Any] = {}
    windows = record.channels.get(Channel.WINDOWS, {})
    for window in (*windows_of(place), place) if "/window=" in place else ():
        for entry in _listed(windows.get(window)):
            if isinstance(entry, Mapping) and isinstance(entry.get("parameters"), Mapping):
                changed |= entry["parameters"]
    return changed


def settings_in_play(
    control: Record,
    candidate: Record,
    channel: Channel,
    path: str,
    container: str | None,
    fields: Sequence[str],
    left: Any,
    right: Any,
) -> tuple[Setting, ...]:
    """Give the settings that decide on a difference.

    Args:
        control: The control's record.
        candidate: The candidate's record.
        channel: Where they differ.
        path: Place, and path inside it, as in `Difference.path`.
        container: Id of the container that differs; null without one.
        fields: Names of the fields that differ.
        left: What the control has: an event, a mapping, or a value.
        right: What the candidate has.
    """
    place, _, inside = path.partition(": ")
    ours, theirs = (configuration_at(record, place) for record in (control, candidate))
    config = ours if ours is not None else theirs
    if config is None:
        return ()
    names = list(_names(channel, inside, container, fields, left, right, control, place))
    if channel is Channel.TOPOLOGY:
        names += _built(control, candidate, place, inside)
    paths: list[ConfigPath] = []
    for name in names:
        event = left if left is not None else right
        paths += _resolved(name, config, container, event, (left, right))
    found = []
    for one in dict.fromkeys(paths):
        a, b = (_value(each, one) for each in (ours, theirs))
        found.append(Setting(path_text(one), a, b if theirs is not None else a))
    return tuple(found)


def _names(
    channel: Channel,
    inside: str,
    container: str | None,
    fields: Sequence[str],
    left: Any,
    right: Any,
    control: Record,
    place: str,
) -> Iterator[str]:
    """Give the names of settings as `_OBEYS` has them, or as plain paths."""
    match channel:
        case Channel.TRACE:
            kinds = [event.kind for event in (left, right) if hasattr(event, "kind")]
            for kind in dict.fromkeys(kinds):
                yield from _of_kind(kind, fields if len(kinds) == 2 else ())
        case Channel.CONFIG:
            if _LEADING.match(inside):
                yield _LEADING.sub("", inside)
        case Channel.WINDOWS:
            for name, names in _WINDOWS.items():
                if f".{name}" in inside:
                    yield from names
            yield from _sequences(control, place)
        case Channel.TRADES:
            for field in fields:
                if field in _OF_TRADES:
                    kind, name = _OF_TRADES[field]
                    yield from _of_kind(kind, (name,))
        case Channel.METRICS:
            if inside.endswith("periods_per_year"):
                yield "metrics.periods_per_year"
        case Channel.OUTPUTS:
            if inside.startswith("best_"):
                yield from ("objective.metric", "objective.direction", "objective.constraints")
        case _:
            return


def _of_kind(kind: EventKind, fields: Sequence[str]) -> Iterator[str]:
    table = _OBEYS[kind]
    if not fields:
        yield from table[_ALL]
    for field in fields:
        if field in table:
            yield from table[field]
        elif field not in _NUMBERING or (field == "kind"):
            yield from table[_ALL]


def _sequences(record: Record, place: str) -> Iterator[str]:
    """Give the sections that decide on the windows of the phase a place lies in."""
    phase = phase_name(place)
    for entries in record.channels.get(Channel.PLAN, {}).values():
        for entry in _listed(entries):
            for planned in _listed(entry.get("phases")) if isinstance(entry, Mapping) else ():
                if isinstance(planned, Mapping) and planned.get("name") == phase:
                    text = str(planned.get("sequence"))
                    yield from (name for name in _SEQUENCES if name in text)
                    return


def _built(control: Record, candidate: Record, place: str, inside: str) -> list[str]:
    """Give the settings of a container that was built otherwise."""
    match = _BUILT.match(inside)
    if match is None:
        return []
    rest = inside[match.end() :]
    for record in (control, candidate):
        try:
            entry = record.channels[Channel.TOPOLOGY][place][int(match[1])]
            role = str(entry["containers"][int(match[2])]["role"])
        except (LookupError, TypeError):
            continue
        prefix = {
            "strategy": "component.", "classifier": "component.", "risk": "risk.",
            "portfolio": "portfolio.", "execution": "execution.",
        }.get(role)  # fmt: skip
        if prefix is not None:
            return [prefix + rest]
        return ["features" if role == "features" else "symbol"]
    return []


def _resolved(
    name: str, config: Mapping[str, Any], container: str | None, event: Any, both: tuple[Any, Any]
) -> Iterator[ConfigPath]:
    """Turn a name into the paths that it stands for in this configuration."""
    head, _, rest = name.partition(".")
    role, _, owner = (container or "").partition("/")
    if head == "risk":
        portfolio = getattr(event, "portfolio", None) or owner
        profile = portfolio.rpartition(".")[2]
        starts = [("risk_profiles", i) for i in _places(config, "risk_profiles", profile)]
    elif head == "component":
        section = "classifiers" if role == "classifier" else "strategies"
        starts = [(section, i) for i in _places(config, section, owner)]
        if not rest:
            for start in starts:
                parameters = _value(config, (*start, "parameters"))
                yield from ((*start, "parameters", key) for key in parameters or {})
            return
    elif head == "features":
        yield from _of_features(config, both)
        return
    elif head == "symbol":
        symbol = getattr(event, "symbol", None) or owner.rpartition("/")[0]
        for index, entry in enumerate(_listed(config.get("symbols"))):
            if entry == symbol or (isinstance(entry, Mapping) and entry.get("symbol") == symbol):
                yield ("symbols", index)
        return
    else:
        starts, rest = [], name
        yield from _existing(config, (), name)
    for start in starts:
        yield from _existing(config, start, rest)


def _existing(config: Mapping[str, Any], start: ConfigPath, rest: str) -> Iterator[ConfigPath]:
    """Give the path, or as much of it as there is beyond its start."""
    path = (*start, *parsed_path(rest))
    while len(path) > len(start) and not _has(config, path):
        path = path[:-1]
    if len(path) > len(start):
        yield path


def _of_features(config: Mapping[str, Any], both: tuple[Any, Any]) -> Iterator[ConfigPath]:
    """Give the parameters that are the number in the name of a feature that differs."""
    left, right = (dict(getattr(event, "values", None) or {}) for event in both)
    names = [name for name in {**left, **right} if repr(left.get(name)) != repr(right.get(name))]
    numbers = {name.rpartition("_")[2] for name in names or {**left, **right}}
    for section in ("strategies", "classifiers"):
        for index, entry in enumerate(_entries(config, section)):
            parameters = entry.get("parameters")
            for key, value in parameters.items() if isinstance(parameters, Mapping) else ():
                if str(value) in numbers:
                    yield (section, index, "parameters", key)


def _listed(value: Any) -> Sequence[Any]:
    """Give a list as it is; of anything else, which a foreign subject may record, nothing."""
    return value if isinstance(value, list | tuple) else ()


def _entries(config: Mapping[str, Any], section: str) -> list[Any]:
    return [entry for entry in _listed(config.get(section)) if isinstance(entry, Mapping)]


def _places(config: Mapping[str, Any], section: str, name: str) -> Iterable[int]:
    return [i for i, entry in enumerate(_entries(config, section)) if entry.get("name") == name]


def _has(config: Any, path: ConfigPath) -> bool:
    return _value(config, path, _MISSING) is not _MISSING


_MISSING: Final = object()


def _value(tree: Any, path: ConfigPath, default: Any = None) -> Any:
    for step in path:
        try:
            tree = tree[step]
        except (LookupError, TypeError):
            return default
    return tree


MISSING: Final = object()
"""What stands for a value that is not there; null is one that is."""


def value_at(tree: Any, path: ConfigPath) -> Any:
    """Give what lies at a path of a tree; `MISSING` where it leads nowhere."""
    for step in path:
        try:
            tree = tree[step]
        except (LookupError, TypeError):
            return MISSING
    return tree
