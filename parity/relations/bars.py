"""The same case over other bars: later ones perturbed, others out of range, in another form."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from containers.trace import Trace
from parity.channels import Channel
from parity.invariants.findings import alike
from parity.record import Record
from parity.relations.mapped import without
from parity.relations.sheets import (
    PRICES,
    Sheet,
    configs_of,
    sheets_of,
    text_of,
    with_data,
    write_sheets,
)
from parity.relations.trial import DoesNotApplyError, Trial

__all__ = ["bad_rows", "data_rewritten", "future_perturbed", "out_of_range"]

_WAYS_SAID: Final = (
    "no time", "a time that was there", "a price that is missing", "a price of 0 or less",
    "a high below its open", "a low above its open", "a volume below 0",
)  # fmt: skip
_WAYS: Final = len(_WAYS_SAID)
_FAR_NS: Final = 100 * 86_400 * 1_000_000_000  # so that months end apart as well
_FACTORS: Final = (0.25, 0.5, 0.75, 1.25, 1.5, 2.0, 4.0)


def future_perturbed(trial: Trial) -> None:
    """Change every bar after a time; nothing that was decided until then may change."""
    trial.needs_success()
    sheets = sheets_of(trial)
    data = configs_of(trial.base)[""]["data"]
    at_end = data["timestamp"] == "end"
    ends = sorted(
        {
            end
            for sheet in sheets
            for row in sheet.in_range(data)
            if (end := sheet.end_ns(row, labels_are_ends=at_end)) is not None
        }
    )
    if len(ends) < 2:
        raise DoesNotApplyError("there is only one slice, and nothing after it")
    until = ends[trial.draw.randrange(len(ends) - 1)]
    for sheet in sheets:
        for row in sheet.rows:
            end = sheet.end_ns(row, labels_are_ends=at_end)
            if end is not None and end > until:
                sheet.set_prices(row, trial.draw.choice(_FACTORS))
    folder = trial.folder()
    write_sheets(sheets, folder)
    other = trial.run(with_data(trial.config, folder))
    if other.status == "refused":
        trial.found.breaks(f"bars after {until} perturbed", "a run", other.explanation)
        return
    _hold_past(trial, other, until)


def _hold_past(trial: Trial, other: Record, until: int) -> None:
    """Hold what two runs have until a time against each other, where both decided it alike."""
    base, found = trial.base, trial.found
    what = f"bars after {until} ns perturbed"
    configs, other_configs = configs_of(base), configs_of(other)
    windows = base.channels.get(Channel.WINDOWS, {})
    others = other.channels.get(Channel.WINDOWS, {})
    for phase, config in configs.items():
        if "/phase=" not in f"/{phase}" or phase not in other_configs:
            continue  # a condition on what came later has kept it from running
        same = alike(_plain(config), _plain(other_configs[phase]))
        if not same and _is_decided_beforehand(base, phase):
            found.breaks(
                f"{phase}: configuration, {what}", _plain(config), _plain(other_configs[phase])
            )
        if not same or _looks_ahead(base, other, phase, until):
            continue
        for place in (p for p in windows if p.startswith(f"{phase}/")):
            if place not in others:
                continue
            left, right = windows[place][0], others[place][0]
            decided = _decided(place, windows, until)
            # How many bars warm up goes by parameters, which a later train may have chosen.
            hidden = () if decided else ("warmup_bars",)
            mine, theirs = (
                {key: value for key, value in one["window"].items() if key not in hidden}
                for one in (left, right)
            )
            found.equal(f"{place}: window, {what}", mine, theirs)
            if decided:
                found.equal(f"{place}: parameters, {what}", left["parameters"], right["parameters"])
            if not _same_around(place, windows, others):
                continue
            _hold_unit(trial, other, f"{place}/unit=0", until, what)


def _is_decided_beforehand(record: Record, phase: str) -> bool:
    """Whether nothing that came of bars can be in a phase's configuration."""
    around, _, name = phase.rpartition("/phase=")
    if around != "iteration=0":
        return False  # a hook's or a branch's changes
    return any(
        planned["name"] == name and planned["units"] is not None
        for entry in record.channels[Channel.PLAN].get(around, ())
        for planned in entry.get("phases", ())
    )


def _plain(config: Mapping[str, Any]) -> dict[str, Any]:
    data = {key: value for key, value in config["data"].items() if key != "data_dir"}
    return {**config, "data": data}


def _looks_ahead(base: Record, other: Record, phase: str, until: int) -> bool:
    """Whether a phase may know what came later: bars drawn from all, signals made with it."""
    config = configs_of(base)[phase]
    plan = base.channels[Channel.PLAN].get(phase.rpartition("/")[0], ())
    name = phase.rpartition("phase=")[2]
    for entry in plan:
        for planned in entry.get("phases", ()):
            if planned["name"] != name:
                continue
            bootstraps = config["monte_carlo"]["method"] == "block_bootstrap"
            if bootstraps and "monte_carlo" in planned["sequence"]:
                return True
            source = planned["inputs"].get("signals")
            if source is not None:
                return not _same_signals(base, other, phase, str(source), until)
            if planned["inputs"]:
                return True
    return False


def _same_signals(base: Record, other: Record, phase: str, source: str, until: int) -> bool:
    rows = []
    for record in (base, other):
        place = f"{phase.rpartition('phase=')[0]}phase={source.removesuffix('.signals')}"
        signals = record.channels[Channel.OUTPUTS].get(place, {}).get("signals")
        if signals is None:
            return False
        rows.append([row for row in signals["rows"] if row["time_ns"] <= until])
    return alike(*rows)


def _decided(place: str, windows: Mapping[str, Any], until: int) -> bool:
    """Whether the parameters of an iteration were decided by bars until a time, at every level."""
    parts = place.split("/")
    for depth in range(len(parts), 0, -1):
        here = "/".join(parts[:depth])
        if here not in windows:
            break
        if windows[here][0]["window"]["name"] == "test" and depth > 1:
            siblings = "/".join(parts[: depth - 1])
            train = windows.get(f"{siblings}/window=0")
            if train is not None and train[0]["window"]["end_ns"] > until:
                return False
    return True


def _same_around(place: str, windows: Mapping[str, Any], others: Mapping[str, Any]) -> bool:
    parts = place.split("/")
    for depth in range(len(parts), 0, -1):
        here = "/".join(parts[:depth])
        if here in windows and not alike(windows[here], others.get(here)):
            return False
    return True


def _hold_unit(trial: Trial, other: Record, unit: str, until: int, what: str) -> None:
    left = trial.base.channels.get(Channel.TRACE, {}).get(unit)
    right = other.channels.get(Channel.TRACE, {}).get(unit)
    if left is None or right is None or left.dropped or right.dropped:
        return
    past, other_past = (_until(trace, until) for trace in (left, right))
    trial.agree_traces(past, other_past, unit, what)
    for place, curve in trial.base.channels.get(Channel.EQUITY, {}).items():
        if place.startswith(f"{unit}/"):
            again = other.channels[Channel.EQUITY].get(place)
            if again is None:
                continue
            count = int(np.searchsorted(curve.time_ns, until, side="right"))
            due = curve.equity[:count].tolist()
            trial.found.equal(f"{place}: equity, {what}", due, again.equity[:count].tolist())
    for place, trades in trial.base.channels.get(Channel.TRADES, {}).items():
        if place.startswith(f"{unit}/"):
            again = other.channels[Channel.TRADES].get(place, ())
            due = [trade for trade in trades if trade.exit_time <= until]
            shown = [trade for trade in again if trade.exit_time <= until]
            trial.found.holds(f"{place}: trades, {what}", due == shown, due, shown)


def _until(trace: Trace, until: int) -> Trace:
    """Give, in memory, the events of a trace until a time, that one included."""
    pieces = []
    for chunk in trace.chunks:
        times = np.concatenate([table.time_ns for table in chunk.tables.values()])
        pieces.append(chunk.slice(0, int(np.count_nonzero(times <= until))))
    return Trace.from_chunks(pieces, None)


def out_of_range(trial: Trial) -> None:
    """Change every bar outside the configured range; nothing may change."""
    sheets = sheets_of(trial)
    sections = {repr(sorted(_range(c).items())): _range(c) for c in configs_of(trial.base).values()}
    if len(sections) > 1:
        raise DoesNotApplyError("its phases have different ranges")
    (data,) = sections.values()
    changed = 0
    for sheet in sheets:
        kept = {id(row) for row in sheet.in_range(data)}
        for row in sheet.rows:
            if id(row) not in kept:
                sheet.set_prices(row, trial.draw.choice(_FACTORS))
                changed += 1
    folder, limits = trial.folder(), {}
    if not changed:
        limits = _put_around(sheets, data, trial)
    write_sheets(sheets, folder)
    other = trial.run(with_data(trial.config, folder, **limits))
    struck = ("start_date", "end_date", "digest", "config_digest") if limits else ()
    due, found = (
        without(without(record, struck, [Channel.CONFIG]), struck[3:], [Channel.OUTPUTS])
        for record in (trial.base, other)
    )
    channels = [c for c in Channel if not limits or c is not Channel.FILES]
    trial.agree(due, found, "other bars outside the range", channels)


def _put_around(sheets: list[Sheet], data: Mapping[str, Any], trial: Trial) -> dict[str, Any]:
    """Put bars before and after all there are; give the range that leaves them out."""
    if data["start_date"] is not None or data["end_date"] is not None:
        raise DoesNotApplyError("no bar is outside the configured range")
    if "start_date" in trial.own_text or "end_date" in trial.own_text:
        raise DoesNotApplyError("definitions of a user's own name the range")
    labels = [label for s in sheets for row in s.rows if (label := s.label_ns(row)) is not None]
    first, last = min(labels), max(labels)
    if not -(2**62) < first <= last < 2**62:
        raise DoesNotApplyError("there are no times before or after the bars")
    for sheet in sheets:
        for place, label in ((0, first - _FAR_NS), (len(sheet.rows) + 1, last + _FAR_NS)):
            row = list(sheet.rows[0])
            row[sheet.time_column] = text_of(label)
            sheet.set_prices(row, trial.draw.choice(_FACTORS))
            sheet.rows.insert(place, row)
    return {"start_date": text_of(first), "end_date": text_of(last)}


def _range(config: Mapping[str, Any]) -> dict[str, Any]:
    return {key: config["data"][key] for key in ("start_date", "end_date")}


def data_rewritten(trial: Trial) -> None:
    """Write the same bars in another form: other columns, quotes, blanks, or Parquet."""
    sheets = sheets_of(trial)
    folder = trial.folder()
    folder.mkdir(parents=True)
    form = trial.draw.choice(("csv", "parquet"))
    for sheet in sheets:
        (_write_csv if form == "csv" else _write_parquet)(sheet, folder, trial.draw)
    other = trial.run(with_data(trial.config, folder))
    trial.agree(trial.base, other, f"the same bars written otherwise, as {form}")


def _write_csv(sheet: Sheet, folder: Path, draw: random.Random) -> None:
    order = list(range(len(sheet.columns)))
    draw.shuffle(order)
    names = [sheet.columns[at].capitalize() for at in order]
    lines = [", ".join(["remark", *names])]
    for row in sheet.rows:
        cells = [f'"{row[at]}"' if draw.random() < 0.2 else f" {row[at]} " for at in order]
        lines.append(",".join(["some text", *cells]))
        if draw.random() < 0.05:
            lines.append("")
    (folder / f"{sheet.symbol}_{sheet.timeframe}.csv").write_text("\n".join(lines), "utf-8")


def _write_parquet(sheet: Sheet, folder: Path, draw: random.Random) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns: dict[str, Any] = {}
    for at, name in enumerate(sheet.columns):
        cells = [row[at] for row in sheet.rows]
        if at == sheet.time_column:
            labels = [sheet.label_ns(row) for row in sheet.rows]
            kind = pa.timestamp("ns", tz="UTC" if draw.random() < 0.5 else None)
            columns[name.upper()] = pa.array(labels, pa.int64()).cast(kind)
        elif name in (*PRICES, "volume"):
            numbers = [float(cell) if cell else None for cell in cells]
            columns[name.upper()] = pa.array(numbers, pa.float64())
    pq.write_table(pa.table(columns), folder / f"{sheet.symbol}_{sheet.timeframe}.parquet")


def bad_rows(trial: Trial) -> None:
    """Put bad rows between the good ones: dropped they change nothing, else nothing runs."""
    trial.needs_unread("data", "on_bad_bar")
    sheets = sheets_of(trial)
    sections = [c["data"] for c in configs_of(trial.base).values()]
    if any(section["on_bad_bar"] != sections[0]["on_bad_bar"] for section in sections):
        raise DoesNotApplyError("its phases treat bad bars differently")
    good = [list(sheet.rows) for sheet in sheets]
    chosen = trial.draw.randrange(_WAYS - 1)
    with_volume = all("volume" in sheet.columns for sheet in sheets)
    for way in range(_WAYS if with_volume else _WAYS - 1):
        put = 0
        for sheet, rows in zip(sheets, good, strict=True):
            sheet.rows = []
            for row in rows:
                sheet.rows.append(row)
                if trial.draw.random() < 0.05 or row is rows[len(rows) // 2]:
                    sheet.rows.append(_spoilt(sheet, row, way, trial.draw))
                    put += 1
        folder = trial.folder()
        write_sheets(sheets, folder)
        refused = trial.run(with_data(trial.config, folder, on_bad_bar="error"))
        trial.found.holds(
            f"status, {put} bad rows ({_WAYS_SAID[way]}) and on_bad_bar: error",
            refused.status == "refused", "refused", refused.status,
        )  # fmt: skip
        if way == chosen:
            _hold_dropped(trial, folder, put, _WAYS_SAID[way])


def _hold_dropped(trial: Trial, folder: Path, put: int, way: str) -> None:
    """Hold a run that drops bad rows against the base, which never had them."""
    kept = trial.run(with_data(trial.config, folder, on_bad_bar="drop"))
    entries = kept.channels.get(Channel.CONFIG, {}).get("", ())
    dropped = sum(entry["type"] == "BarDropped" for entry in entries)
    if kept.status != "refused":
        trial.found.equal(f"BarDropped records ({way})", put, dropped)
    few = (Channel.CONFIG, Channel.STATUS, Channel.OUTPUTS, Channel.FILES)
    channels = [channel for channel in Channel if channel not in few]
    trial.agree(trial.base, kept, f"{put} bad rows ({way}) dropped", channels)


def _spoilt(sheet: Sheet, row: list[str], way: int, draw: random.Random) -> list[str]:
    """Give a row that is bad in one of the ways of `docs/semantics.md` 2.3, and in no other.

    All bad rows of a trial are bad in one way: a check that is left out must not be done by others.
    """
    bad = list(row)
    at = {name: sheet.columns.index(name) for name in PRICES}
    if way == 0:
        bad[sheet.time_column] = "yesterday"
    elif way == 1:
        pass  # a label that is not after the last kept bar's
    elif way == 2:
        name, cell = draw.choice(
            (("close", ""), ("open", "nan"), ("low", "1_000"), ("high", "1e999"))
        )
        bad[at[name]] = cell
    elif way == 3:
        bad[at["low"]] = draw.choice(("0", "-1.5", "-0.0"))  # which is below all it must be below
    elif way == 4:
        bad[at["high"]] = repr(sheet.price(row, "low") * 0.5)
    elif way == 5:
        bad[at["low"]] = repr(sheet.price(row, "high") * 1.5)
    else:
        bad[sheet.columns.index("volume")] = draw.choice(("-1", "many", "1e999"))
    if way > 1:
        # The label too is that of the row before; a later one would show what else is checked.
        later = sheet.label_ns(row)
        assert later is not None  # good rows have labels
        bad[sheet.time_column] = text_of(later + 1)
    return bad
