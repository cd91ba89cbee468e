"""The same case with settings that must not matter, or that must not pass."""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from containers.trace import Trace
from parity.channels import CAUSE_FIRST, Channel
from parity.levels import due_kinds
from parity.record import Record
from parity.relations.mapped import without
from parity.relations.sheets import configs_of, phases_of, with_settings
from parity.relations.trial import DoesNotApplyError, Trial

__all__ = ["mistaken", "reseeded", "trace_kept", "unused_sections"]

_DIGESTS: Final = ("digest", "config_digest")
_LEVELS: Final = ("none", "minimal", "standard", "detailed")
_TRIED: Final = 8  # mistakes of one trial: a refusal takes no time
_SECTIONS: Final[Mapping[str, tuple[frozenset[str], Mapping[str, Any]]]] = {
    "walk_forward": (
        frozenset(("walk_forward",)),
        {"train_bars": 17, "test_bars": 5, "step_bars": 3, "anchored": True, "warmup_bars": 2},
    ),
    "train_test": (
        frozenset(("train_test", "in_sample", "out_of_sample")),
        {"train_ratio": 0.37, "warmup_bars": 1, "close_at_end": False},
    ),
    "k_fold": (frozenset(("k_fold",)), {"folds": 3, "embargo_bars": 4, "close_at_end": False}),
    "monte_carlo": (
        frozenset(("monte_carlo",)),
        {"iterations": 7, "method": "block_bootstrap", "block_bars": 2, "noise_level": 0.9},
    ),
}
"""Sections of the configuration: the sequences that use them, and other settings."""


def unused_sections(trial: Trial) -> None:
    """Change the sections that no phase's sequence uses; nothing but the config hash changes."""
    trial.needs_success()
    used = _sequences(trial.base)
    config = trial.config
    changed = []
    for name, (sequences, other) in _SECTIONS.items():
        named = re.search(rf"config[.\[][\"']?{name}|\[[\"']{name}[\"']\]", trial.own_text)
        if not used & sequences and not named:
            config[name] = dict(other)
            changed.append(name)
    if not changed:
        raise DoesNotApplyError("its sequences, or definitions of a user's own, use every section")
    sections = (*_DIGESTS, *changed)
    due, found = (
        without(without(record, sections, [Channel.CONFIG]), _DIGESTS[1:], [Channel.OUTPUTS])
        for record in (trial.base, trial.run(config))
    )
    channels = [channel for channel in CAUSE_FIRST if channel is not Channel.FILES]
    trial.agree(due, found, f"other {', '.join(changed)}", channels)


def _sequences(record: Record) -> set[str]:
    return {
        word
        for entries in record.channels.get(Channel.PLAN, {}).values()
        for entry in entries
        for planned in entry.get("phases", ())
        for word in re.findall(r"[^()\s]+", planned["sequence"])
    }


def reseeded(trial: Trial) -> None:
    """Run with another seed where nothing is drawn; nothing but the seed may change."""
    trial.needs_success()
    if "seed" in trial.own_text:
        raise DoesNotApplyError("definitions of a user's own name the seed")
    drawn = any(
        entry["spawn_key"]
        for entries in trial.base.channels.get(Channel.WINDOWS, {}).values()
        for entry in entries
    )
    sweeps = any(
        c["parameter_sweep"]["random"] is not None for c in configs_of(trial.base).values()
    )
    if drawn or sweeps:
        raise DoesNotApplyError("it draws at random")
    config = with_settings(trial.config, {"random_seed": trial.draw.randint(1, 10**6)})
    struck = ("seed", "random_seed", *_DIGESTS)
    due, found = (
        without(
            without(record, struck, [Channel.CONFIG, Channel.WINDOWS]),
            ("seed", "random_seed", "config_digest"), [Channel.OUTPUTS],
        )
        for record in (trial.base, trial.run(config))
    )  # fmt: skip
    channels = [channel for channel in CAUSE_FIRST if channel is not Channel.FILES]
    trial.agree(due, found, "another seed", channels)


def trace_kept(trial: Trial) -> None:
    """Keep some containers' events alone, or the newest alone; nothing else may change."""
    trial.needs_unread("trace")
    trial.needs_success()
    containers = _drawn_levels(trial)
    limit = trial.draw.choice((None, 0, 1, 7, 100, 5_000))
    config = trial.config
    settings = {"containers": containers, "max_events": limit}
    for own in phases_of(config):
        if "trace" in own:
            own["trace"] = settings
    config["trace"] = settings
    other = trial.run(config)
    what = f"trace.containers {containers}, max_events {limit}"
    if any(c["trace"]["max_events"] is not None for c in configs_of(trial.base).values()):
        raise DoesNotApplyError("the run itself keeps only the newest events")
    if any(c["trace"]["containers"] for c in configs_of(trial.base).values()):
        raise DoesNotApplyError("the run itself keeps the events of some containers alone")
    traces = trial.base.channels.get(Channel.TRACE, {})
    for unit, trace in traces.items():
        if trial.base.settings_of(unit).level != "detailed":
            continue  # its phase keeps less, and a container's level can ask for more than that
        kept = trace.filtered(lambda kind, name: kind in due_kinds(name, "detailed", containers))
        dropped = 0 if limit is None else max(len(kept) - limit, 0)
        if limit is not None:
            kept = kept.newest(limit)
        again = other.channels.get(Channel.TRACE, {}).get(unit)
        if not trial.found.holds(f"{unit}: trace, {what}", again is not None, "a trace", None):
            continue
        assert again is not None  # that was just looked at
        trial.found.equal(f"{unit}: dropped, {what}", dropped, again.dropped)
        trial.found.equal(f"{unit}: events, {what}", trace.events_total, again.events_total)
        trial.found.equal(f"{unit}: digest, {what}", _again(kept).digest, again.digest)
        trial.agree_traces(kept, again, unit, what)
    due, found = (_traceless(record) for record in (trial.base, other))
    few = [c for c in CAUSE_FIRST if c not in (Channel.TRACE, Channel.FILES)]
    trial.agree(due, found, what, few)


def _drawn_levels(trial: Trial) -> dict[str, str]:
    names = sorted(
        {
            container["id"]
            for entries in trial.base.channels.get(Channel.TOPOLOGY, {}).values()
            for entry in entries
            for container in entry["containers"]
        }
    )
    globs = ["*", "data/*", "features/*", "portfolio/*", "strategy/*", *names]
    count = trial.draw.randint(0, min(4, len(globs)))
    return {glob: trial.draw.choice(_LEVELS) for glob in trial.draw.sample(globs, count)}


def _again(trace: Trace) -> Trace:
    """Cut a trace into chunks as one that was recorded is."""
    return Trace.from_chunks(trace.chunks, trace.events_total, trace.dropped)


def _traceless(record: Record) -> Record:
    channels = {**record.channels, Channel.TRACE: {}}
    record = msgspec.structs.replace(record, channels=channels, trace_settings={})
    record = without(record, ("trace", "trace_level"), [Channel.CONFIG])
    return without(record, ("trace_summary", "phase_results"), [Channel.OUTPUTS])


def mistaken(trial: Trial) -> None:
    """Make mistakes in the configuration, one at a time; each is refused, and its place named."""
    if trial.base.status == "refused":
        raise DoesNotApplyError("the configuration is refused as it is")
    mistakes = list(_mistakes(trial.config, trial.draw))
    for path, value in trial.draw.sample(mistakes, _TRIED):
        _hold_mistake(trial, path, value)


def _hold_mistake(trial: Trial, path: tuple[Any, ...], value: Any) -> None:
    config = trial.config
    node: Any = config
    for key in path[:-1]:
        node = node.setdefault(key, {}) if isinstance(node, dict) else node[key]
    node[path[-1]] = value
    other = trial.run(config)
    what = f"{'.'.join(map(str, path))}: {value!r}"
    trial.found.equal(f"status, {what}", "refused", other.status)
    if other.status != "refused":
        return
    problems = other.channels[Channel.ERRORS][""].get("problems", ())
    named = [list(problem["path"]) for problem in problems]
    near = any(list(path[: len(one)]) == one or one[: len(path)] == list(path) for one in named)
    trial.found.holds(f"place of the mistake, {what}", near, list(path), named)


def _mistakes(
    config: Mapping[str, Any], draw: random.Random
) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Give paths in a user's configuration, and values that may not stand there."""
    yield ("capital",), 5
    yield ("execution", "slipage_bps"), 5
    yield ("portfolio", "initial_capital"), draw.choice((0, -1, "100000", True, None))
    yield ("portfolio", "lot_size"), draw.choice((0, -2.5, "1"))
    yield ("portfolio", "allow_short"), draw.choice((1, "yes", None))
    yield ("execution", "fill"), draw.choice(("close", "NEXT_OPEN", 1))
    yield ("execution", "slippage_bps"), draw.choice((-1, "5", True))
    yield ("execution", "commission_minimum"), draw.choice((-0.5, "free"))
    yield ("objective", "metric"), draw.choice(("sharpe", "profit", 3))
    yield ("objective", "direction"), draw.choice(("maximum", "up", True))
    yield ("random_seed",), draw.choice((-1, 1.5, "0", True))
    yield ("max_iterations",), draw.choice((0, -3, 2.5, "10"))
    yield ("trace_level",), draw.choice(("full", "Detailed", 3))
    yield ("results", "storage"), draw.choice(("ram", "Disk", 1))
    yield ("walk_forward", "train_bars"), draw.choice((0, -5, 10.0, "10"))
    yield ("walk_forward", "step_bars"), draw.choice((0, -1, 2.5))
    yield ("train_test", "train_ratio"), draw.choice((0, 1, -0.1, 1.7, "0.7"))
    yield ("k_fold", "folds"), draw.choice((1, 0, 2.0, "5"))
    yield ("k_fold", "embargo_bars"), draw.choice((-1, 1.5))
    yield ("monte_carlo", "method"), draw.choice(("bootstrap", 2))
    yield ("monte_carlo", "iterations"), draw.choice((0, -1, 3.0))
    yield ("monte_carlo", "noise_level"), draw.choice((-0.1, "0.1"))
    yield ("data", "on_bad_bar"), draw.choice(("ignore", "Drop"))
    yield ("data", "timestamp"), draw.choice(("begin", "End"))
    yield ("data", "start_date"), draw.choice(("yesterday", "2020-13-01", 20200101))
    yield ("metrics", "periods_per_year"), draw.choice((0, -252, "252"))
    yield ("parameter_space", "nobody.at_all"), [1, 2]
    yield ("phases", "no such phase"), {"random_seed": 1}
    yield ("workflow",), "no_such_workflow"
    yield from _in_lists(config, draw)


def _in_lists(
    config: Mapping[str, Any], draw: random.Random
) -> Iterator[tuple[tuple[Any, ...], Any]]:
    strategies = config.get("strategies")
    if isinstance(strategies, list) and strategies:
        at = draw.randrange(len(strategies))
        yield ("strategies", at, "type"), "no_such_strategy"
        yield ("strategies", at, "parameter"), {}
        yield ("strategies", at, "symbols"), ["NOT A SYMBOL"]
        yield ("strategies", at, "timeframe"), "7w"
        yield ("strategies",), [*copy.deepcopy(strategies), copy.deepcopy(strategies[at])]
    symbols = config.get("symbols")
    if isinstance(symbols, list) and symbols:
        yield ("symbols",), [*symbols, symbols[0]]
        yield ("symbols",), []
    yield ("risk_profiles",), [{"type": "custom"}]
    yield ("risk_profiles",), [{"type": "moderate", "max_position_size": draw.choice((-1, "0.1"))}]
    yield ("risk_profiles",), [{"type": "moderate", "stop_loss": draw.choice((0, -0.1, "5%"))}]
