"""The same case with symbols that have other names, or stand in another order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import msgspec

from parity.channels import CAUSE_FIRST, Channel
from parity.record import Record
from parity.relations.mapped import mapped, without
from parity.relations.sheets import configs_of, sheets_of, with_data, write_sheets
from parity.relations.trial import DoesNotApplyError, Trial

__all__ = ["symbols_permuted", "symbols_renamed"]

_DIGESTS: Final = ("digest", "config_digest")
_FEW: Final = (Channel.WINDOWS, Channel.TRADES, Channel.EQUITY, Channel.METRICS)


def symbols_renamed(trial: Trial) -> None:
    """Give every symbol another name; nothing but names may change."""
    trial.needs_success()
    configs = configs_of(trial.base)
    symbols = dict.fromkeys(e["symbol"] for c in configs.values() for e in c["symbols"])
    _refuse_names(trial, configs, set(symbols))
    # In another alphabetical order, and not only of letters.
    new = {name: f"{chr(ord('z') - at % 20)} é.{at}" for at, name in enumerate(symbols)}
    sheets = sheets_of(trial)
    folder = trial.folder()
    renamed = [type(s)(new[s.symbol], s.timeframe, s.columns, s.rows) for s in sheets]
    write_sheets(renamed, folder)
    config = with_data(_renamed(trial.config, new), folder)
    other = trial.run(config)
    change = _changing(new)
    due = mapped(trial.base, change, keys=lambda key: str(change("", key)))
    channels = [channel for channel in CAUSE_FIRST if channel is not Channel.FILES]
    trial.agree(_bare(due), _bare(other), "symbols renamed", channels)


def _bare(record: Record) -> Record:
    """Strike what follows from all bits, and values put in text; sort what goes by names."""
    record = without(record, _DIGESTS, [Channel.CONFIG])
    return _sorted_counts(without(record, (*_DIGESTS, "outputs"), [Channel.OUTPUTS]))


def _refuse_names(trial: Trial, configs: Mapping[str, Any], symbols: set[str]) -> None:
    if any(symbol in trial.own_text for symbol in symbols):
        raise DoesNotApplyError("definitions of a user's own name a symbol")
    for config in configs.values():
        items = [*config["strategies"], *config["classifiers"], *config["risk_profiles"]]
        if symbols & {item["name"] for item in items}:
            raise DoesNotApplyError("a symbol is called like a component")
        if config["trace"]["containers"]:
            raise DoesNotApplyError("trace settings may name symbols")


def _changing(new: Mapping[str, str]) -> Callable[[str, Any], Any]:
    def change(name: str, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if value in new:
            return new[value]
        head, slash, rest = value.partition("/")
        symbol, end, timeframe = rest.rpartition("/")
        if head in ("data", "features") and symbol in new:
            return f"{head}{slash}{new[symbol]}{end}{timeframe}"
        return value

    return change


def _renamed(tree: Any, new: Mapping[str, str], key: str = "") -> Any:
    """Rename the symbols of a user's configuration, where symbols stand."""
    if isinstance(tree, dict):
        return {name: _renamed(value, new, name) for name, value in tree.items()}
    if isinstance(tree, list):
        return [_renamed(item, new, key) for item in tree]
    return new.get(tree, tree) if key in ("symbols", "symbol") and isinstance(tree, str) else tree


def _sorted_counts(record: Record) -> Record:
    """Sort the counts by container, which go by name."""

    def ordered(tree: Any, name: str = "") -> Any:
        if isinstance(tree, Mapping):
            keys = sorted(tree) if name == "by_container" else list(tree)
            return {key: ordered(tree[key], key) for key in keys}
        return [ordered(i, name) for i in tree] if isinstance(tree, list | tuple) else tree

    outputs = {p: ordered(c) for p, c in record.channels.get(Channel.OUTPUTS, {}).items()}
    return msgspec.structs.replace(record, channels={**record.channels, Channel.OUTPUTS: outputs})


def symbols_permuted(trial: Trial) -> None:
    """Reverse the order of symbols, every strategy trading one alone: portfolios stay as they are.

    With several symbols a portfolio's values are sums in config order, and sums of floats depend on
    their order; with one they do not. Windows count bars of the first symbol, so all must have
    bars at the same times.
    """
    trial.needs_success()
    config = trial.config
    symbols = config.get("symbols")
    sheets = sheets_of(trial)
    data = configs_of(trial.base)[""]["data"]
    if not isinstance(symbols, list) or len(symbols) < 2:
        raise DoesNotApplyError("there is only one symbol")
    times = {tuple(sheet.label_ns(row) for row in sheet.in_range(data)) for sheet in sheets}
    if len(times) > 1 or len({sheet.timeframe for sheet in sheets}) > 1:
        raise DoesNotApplyError("its symbols have bars at different times")
    names = [entry["symbol"] if isinstance(entry, dict) else entry for entry in symbols]
    strategies = list(_of_one_symbol(config.get("strategies"), names))
    if not strategies:
        raise DoesNotApplyError("no strategy can trade one symbol alone")
    plain = {
        **{k: v for k, v in config.items() if k not in ("phases", "parameter_space", "trace")},
        "workflow": "simple_backtest",
        "strategies": strategies,
    }
    straight = trial.run(plain)
    reverse = trial.run({**plain, "symbols": symbols[::-1]})
    if straight.status != "succeeded":
        raise DoesNotApplyError(f"with one symbol for each strategy the run {straight.status}")
    trial.agree(straight, reverse, "symbols in the reverse order", _FEW)
    _hold_containers(trial, straight, reverse)


def _of_one_symbol(strategies: Any, symbols: list[str]) -> Iterator[dict[str, Any]]:
    """Give strategies that trade one symbol each; ensembles, which need their members, left out."""
    for item in strategies if isinstance(strategies, list) else ():
        if item.get("type") == "ensemble":
            continue
        for number, symbol in enumerate(item.get("symbols") or symbols):
            name = item.get("name") or item["type"]
            yield {**item, "name": f"{name}-{number}", "symbols": [symbol]}


def _hold_containers(trial: Trial, straight: Record, reverse: Record) -> None:
    """Every container publishes the same; those that speak for many may do so in another order."""
    sides = []
    for record in (straight, reverse):
        by_container: dict[str, list[str]] = {}
        for trace in record.channels.get(Channel.TRACE, {}).values():
            for event in trace:
                shown = msgspec.structs.replace(event, seq=0, cause=None)
                by_container.setdefault(event.container, []).append(repr(shown))
        sides.append({name: sorted(events) for name, events in by_container.items()})
    for name, due in sides[0].items():
        found = sides[1].get(name, [])
        if not trial.found.equal(f"{name}: events", len(due), len(found)):
            continue
        pairs = zip(due, found, strict=True)
        wrong = next(((a, b) for a, b in pairs if a != b), (None, None))
        trial.found.equal(f"{name}: events, symbols in the reverse order", *wrong)
