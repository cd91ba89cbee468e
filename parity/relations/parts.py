"""A part of a case against the whole: one strategy, one window, the first bars, each alone."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from containers.trace import Trace
from parity.channels import Channel
from parity.record import Record
from parity.relations.sheets import configs_of, sheets_of, text_of
from parity.relations.trial import DoesNotApplyError, Trial

__all__ = ["first_part", "strategy_alone", "window_alone"]

_UNIT: Final = "iteration=0/phase=backtest/window=0/unit=0"
_CHANNELS: Final = (Channel.TRADES, Channel.EQUITY, Channel.METRICS)
_LEFT_OUT: Final = ("phases", "parameter_space", "trace", "results", "max_iterations")


def _simple(trial: Trial, **changes: Any) -> dict[str, Any]:
    """Give a simple backtest of the case's data, strategies, profiles and costs."""
    config = {key: value for key, value in trial.config.items() if key not in _LEFT_OUT}
    results = {"store_full_results": True}
    return {**config, "workflow": "simple_backtest", "results": results, **changes}


def _plain_base(trial: Trial, config: dict[str, Any]) -> Record:
    record = trial.run(config)
    if record.status != "succeeded":
        raise DoesNotApplyError(f"as a simple backtest it {record.status}")
    return record


def strategy_alone(trial: Trial) -> None:
    """Run one strategy with one profile alone: its portfolio does what it did among the others."""
    trial.needs_success()
    base = _plain_base(trial, _simple(trial))
    resolved = configs_of(base)[""]
    plain = [item for item in resolved["strategies"] if item["type"] != "ensemble"]
    profiles = resolved["risk_profiles"]
    if len(resolved["strategies"]) * len(profiles) < 2 or not plain:
        raise DoesNotApplyError("there is only one strategy with one profile")
    item, profile = trial.draw.choice(plain), trial.draw.choice(profiles)
    alone = trial.run(_simple(trial, strategies=[item], risk_profiles=[profile]))
    name = f"{item['name']}.{profile['name']}"
    place = f"{_UNIT}/portfolio={name}"
    due, found = (_only(record, place) for record in (base, alone))
    trial.agree(due, found, f"{name} run alone", _CHANNELS)


def _only(record: Record, place: str) -> Record:
    """Keep of a record what one portfolio of one unit came to."""
    channels = {
        channel: {key: value for key, value in content.items() if key == place}
        if channel in _CHANNELS
        else content
        for channel, content in record.channels.items()
    }
    return msgspec.structs.replace(record, channels=channels)


def window_alone(trial: Trial) -> None:
    """Run one window of a walk-forward as a backtest of its own: nothing comes from outside it."""
    trial.needs_success()
    sheets = sheets_of(trial)
    first = configs_of(trial.base)[""]
    data = first["data"]
    labels = {
        (sheet.symbol, sheet.timeframe): [sheet.label_ns(row) or 0 for row in sheet.in_range(data)]
        for sheet in sheets
    }
    if len({tuple(mine) for mine in labels.values()}) > 1:
        raise DoesNotApplyError("its streams have bars at different times")
    times = next(iter(labels.values()))
    count = len(times)
    if count < 6:
        raise DoesNotApplyError("there are too few bars for windows")
    train, test = count // 3, max(count // 5, 1)
    settings = {"train_bars": train, "test_bars": test, "warmup_bars": 0, "close_at_end": True}
    metrics = {"periods_per_year": 252}
    whole = _simple(trial, walk_forward=settings, metrics=metrics)
    walked = _plain_base(trial, {**whole, "workflow": "walk_forward_validation"})
    number = trial.draw.randrange((count - train) // test)
    window = trial.draw.choice((0, 1))
    if window == 0:
        begin, stop = number * test, number * test + train - 1
    else:
        begin = number * test + train
        stop = begin + test - 1
    execution = dict(trial.config.get("execution") or {})
    if window == 1:
        execution["close_at_end"] = True
    section = {
        **trial.config["data"],
        "start_date": text_of(times[begin]),
        "end_date": text_of(times[stop]),
    }
    single = trial.run({**whole, "data": section, "execution": execution})
    unit = f"iteration=0/phase=validate/window={number}/window={window}/unit=0"
    what = f"bars {begin} to {stop} run alone"
    left = walked.channels[Channel.TRACE].get(unit)
    right = single.channels.get(Channel.TRACE, {}).get(_UNIT)
    if not trial.found.holds(f"{unit}: trace, {what}", bool(left and right), "two traces", None):
        return
    assert left is not None  # that was just looked at
    assert right is not None
    trial.agree_traces(left, right, unit, what)
    for place, figures in walked.channels[Channel.METRICS].items():
        if place.startswith(f"{unit}/"):
            again = single.channels[Channel.METRICS].get(place.replace(unit, _UNIT))
            trial.found.equal(f"{place}: figures, {what}", figures, again)


def first_part(trial: Trial) -> None:
    """Leave out the bars after a time: until the last bar that is left, all is as it was."""
    trial.needs_success()
    base = _plain_base(trial, _simple(trial))
    data = configs_of(base)[""]["data"]
    sheets = sheets_of(trial)
    labels = sorted(
        {
            label
            for sheet in sheets
            for row in sheet.in_range(data)
            if (label := sheet.label_ns(row))
        }
    )
    starts = [next(sheet.in_range(data)) for sheet in sheets]
    latest = max(sheet.label_ns(row) or 0 for sheet, row in zip(sheets, starts, strict=True))
    choices = [label for label in labels[:-1] if label >= latest]
    if not choices:
        raise DoesNotApplyError("no bar can be left out")
    last = trial.draw.choice(choices)
    section = {**trial.config["data"], "end_date": text_of(last)}
    # How many bars a year has goes by all bars of the range, where the case leaves it to them.
    (periods,) = {
        figures["periods_per_year"]
        for place, figures in base.channels[Channel.METRICS].items()
        if place.startswith(f"{_UNIT}/")
    }
    metrics = {"periods_per_year": periods}
    part = trial.run(_simple(trial, data=section, metrics=metrics))
    if not trial.found.holds("status", part.status == "succeeded", "succeeded", part.explanation):
        return
    left, right = (record.channels[Channel.TRACE][_UNIT] for record in (base, part))
    # From the last bar of a symbol on its end shows; before any has ended nothing does.
    ends = {
        sheet.end_ns(row, labels_are_ends=data["timestamp"] == "end") or 0
        for sheet in sheets
        for row in list(sheet.in_range({**data, "end_date": text_of(last)}))[-1:]
    }
    before = min(ends)
    what = f"bars after {text_of(last)} left out"
    trial.agree_traces(_before(left, before), _before(right, before), _UNIT, what)


def _before(trace: Trace, end: int) -> Trace:
    pieces = []
    for chunk in trace.chunks:
        count = sum(int((table.time_ns < end).sum()) for table in chunk.tables.values())
        pieces.append(chunk.slice(0, count))
    return Trace.from_chunks(pieces)
