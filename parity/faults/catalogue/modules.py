"""A mistake in every module of `containers` that has none elsewhere: both engines share it.

`WITHOUT` lists the modules for which there is none, each with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from parity.faults.bars import Bars
from parity.faults.catalogue.writing import fault
from parity.faults.fault import Fault
from parity.faults.refusals import (
    BAD_BARS,
    BAD_STRUCTURE,
    BAD_SYNTAX,
    BAD_VALUES,
    TWO_FILES,
    TWO_OF_ONE_TYPE,
    UNKNOWN_PHASE,
    WRONG_SPACE,
    WRONG_TOGETHER,
)
from parity.faults.scenarios import (
    COMPONENTS,
    GATED,
    MANY_UNITS,
    REPLAY,
    SHORT_PIPELINE,
    SHORT_WALK,
    SIMPLE,
    TWO_SYMBOLS,
    WALK,
    cut,
    spread,
)

__all__ = ["FAULTS", "WITHOUT"]

_PLANTED: Final = msgspec.structs.replace(SIMPLE, planted="field")
_INSERTED: Final = msgspec.structs.replace(SIMPLE, planted="event")
_CLOCK: Final = msgspec.structs.replace(
    SIMPLE,
    config=SIMPLE.config.replace("data_dir: .", "data_dir: ., end_date: 2020-02-14"),
    bars=(
        Bars(
            "ONE",
            rows=tuple(
                row.replace(",", "T16:00,", 1) for row in Bars("ONE", 60).csv().splitlines()[1:]
            ),
        ),
    ),
)
_STANDARD: Final = msgspec.structs.replace(
    COMPONENTS,
    control="imperative:trace=standard",
    candidates=("declarative:trace=standard",),
    baseline=True,
)
_LIMITED: Final = msgspec.structs.replace(
    SIMPLE, config=SIMPLE.config + "trace: {max_events: 40}\n"
)
_FORMS: Final = msgspec.structs.replace(
    TWO_SYMBOLS,
    config=TWO_SYMBOLS.config.replace("[AAA, BBB]", "[ONE, {symbol: TWO, timeframes: [1d, 1w]}]"),
    bars=(
        Bars("ONE", 40, parquet=True),
        Bars("TWO", 40, seed=2, volume=False),
        Bars("TWO", 8, seed=2, timeframe="1w", start="2019-12-30"),
    ),
)
_NUMBERS: Final = msgspec.structs.replace(
    SIMPLE, config=SIMPLE.config + "execution: {slippage_bps: 1e-1, commission_fixed: 010}\n"
)
_ALIASED: Final = msgspec.structs.replace(
    SIMPLE,
    config="workflow: simple_backtest\ndata: {data_dir: .}\nsymbols: [ONE]\n"
    "strategies: [{type: momentum, name: a, parameters: &p {fast_period: 3, slow_period: 8}}, {type: momentum, name: b, parameters: *p}]\n",
)
_DOTTED: Final = msgspec.structs.replace(
    WALK,
    config=WALK.config.replace(
        "strategies: [", "strategies: [{type: momentum, name: momentum.more}, "
    ).replace("momentum.fast_period:", "momentum.more.fast_period:"),
)
_REPLAYED: Final = msgspec.structs.replace(REPLAY, baseline=True)
_APPROVED: Final = msgspec.structs.replace(GATED, baseline=True)

FAULTS: Final[tuple[Fault, ...]] = (
    # components
    fault(
        "M01-both-bus",
        "acts are sorted by container, not by step",
        TWO_SYMBOLS,
        "oracle:trace",
        (
            "containers/bus.py",
            "acts.sort(key=lambda entry: entry[:2])",
            "acts.sort(key=lambda entry: entry[1:2])",
        ),
    ),
    fault(
        "M02-both-averages",
        "an average is measured downwards",
        SIMPLE,
        "oracle:trace",
        (
            "containers/components/averages.py",
            "return window, closes[: len(means)] + means",
            "return window, closes[: len(means)] - means",
        ),
    ),
    fault(
        "M03-both-changes",
        "a rate of change is upside down",
        COMPONENTS,
        "oracle:trace",
        (
            "containers/components/changes.py",
            "now / series[: len(now)] - 1.0",
            "series[: len(now)] / now - 1.0",
        ),
    ),
    fault(
        "M04-both-classifiers",
        "a volatility is not annualised by the root",
        COMPONENTS,
        "oracle:trace",
        (
            "containers/components/classifiers.py",
            "deviation * math.sqrt(self.context.periods_per_year)",
            "deviation * self.context.periods_per_year",
        ),
    ),
    fault(
        "M05-both-discovery",
        "of two components of one name the last is taken",
        TWO_OF_ONE_TYPE,
        "refusal",
        (
            "containers/components/discovery.py",
            "        problems += [_clash(n, there[n], cls) for n, cls in found.items() if n in there]\n",
            "",
        ),
    ),
    fault(
        "M06-both-interfaces",
        "a view is half as strong",
        SIMPLE,
        "oracle:trace",
        (
            "containers/components/interfaces.py",
            "LONG: Final = Decision(1, 1.0)",
            "LONG: Final = Decision(1, 0.5)",
        ),
    ),
    fault(
        "M07-both-parameters",
        "a fraction passes for a whole number",
        BAD_STRUCTURE,
        "refusal",
        (
            "containers/components/parameters.py",
            '(self.kind == "number" or isinstance(value, int))',
            '(self.kind == "number" or isinstance(value, int | float))',
        ),
    ),
    fault(
        "M08-both-profiles",
        "a preset has another size",
        SIMPLE,
        "oracle:trace",
        (
            "containers/components/profiles.py",
            "Preset(max_position_size=0.25)",
            "Preset(max_position_size=0.2)",
        ),
    ),
    fault(
        "M09-both-registry",
        "two strategies have changed names",
        TWO_SYMBOLS,
        "ending:refused",
        (
            "containers/components/registry.py",
            "strategies={cls.type_name: cls for cls in strategies}",
            'strategies={cls.type_name: cls for cls in strategies} | {"momentum": MeanReversion, "mean_reversion": Momentum}',
        ),
    ),
    # configuration
    fault(
        "F23-both-parameter",
        "an unknown parameter is ignored",
        BAD_STRUCTURE,
        "refusal",
        (
            "containers/configuration/component_rules.py",
            "            yield Finding((*here, name), message, hint, at_key=True)\n            continue",
            "            continue",
        ),
    ),
    fault(
        "F23-both-key",
        "an unknown key is ignored",
        BAD_STRUCTURE,
        "refusal",
        ("containers/configuration/schema.py", 'extra="forbid"', 'extra="ignore"'),
    ),
    fault(
        "F23-both-phase",
        "a phase that there is not is ignored",
        UNKNOWN_PHASE,
        "refusal",
        (
            "containers/configuration/unknown.py",
            "        if name not in known:\n",
            "        if name in known:\n",
        ),
    ),
    fault(
        "M10-both-digest",
        "the hash is of paths as well",
        SIMPLE,
        "invariant:digests",
        ("containers/configuration/digest.py", "if key not in _LEFT_OUT}", "if key}"),
    ),
    fault(
        "M11-both-fields",
        "a bound belongs to what is allowed",
        BAD_STRUCTURE,
        "refusal",
        (
            "containers/configuration/fields.py",
            "not value > self.above)",
            "not value >= self.above)",
        ),
    ),
    fault(
        "M12-both-members",
        "a member may be declared later",
        BAD_VALUES,
        "refusal",
        (
            "containers/configuration/member_rules.py",
            "for name in names[:place] if name is not None]",
            "for name in names if name is not None]",
        ),
    ),
    fault(
        "M13-both-names",
        "a metric has another name",
        GATED,
        "ending:refused",
        ("containers/configuration/names.py", '    "num_trades",', '    "trades",'),
    ),
    fault(
        "M14-both-plain",
        "lists come out from behind",
        TWO_SYMBOLS,
        "invariant:windows",
        (
            "containers/configuration/plain.py",
            "return [self.copy(item, (*path, index)) for index, item in enumerate(value)]",
            "return [self.copy(item, (*path, index)) for index, item in enumerate(value)][::-1]",
        ),
    ),
    fault(
        "M15-both-reading",
        "data are looked for a folder further up",
        SIMPLE,
        "ending:refused",
        (
            "containers/configuration/reading.py",
            "base_dir=path.parent)",
            "base_dir=path.parent.parent / '..')",
        ),
    ),
    fault(
        "M16-both-rules",
        "two profiles may have one name",
        WRONG_TOGETHER,
        "refusal",
        (
            "containers/configuration/rules.py",
            "            if name in seen:\n                hint",
            "            if name in seen and noun == 'strategies':\n                hint",
        ),
    ),
    fault(
        "M17-both-settings",
        "an operator is not known",
        GATED,
        "ending:failed",
        (
            "containers/configuration/settings.py",
            'Operator: TypeAlias = Literal[">", ">=", "<", "<=", "==", "!="]',
            'Operator: TypeAlias = Literal[">", "<", "<=", "==", "!="]',
        ),
    ),
    fault(
        "M18-both-space",
        "a parameter belongs to the strategy with the shortest name that fits",
        _DOTTED,
        "ending:refused",
        (
            "containers/configuration/space.py",
            "strategy = max(fitting, key=len)",
            "strategy = min(fitting, key=len)",
        ),
    ),
    fault(
        "M19-both-structure",
        "a phase may change the workflow",
        BAD_VALUES,
        "refusal",
        (
            "containers/configuration/structure.py",
            'if key == "workflow":',
            'if key == "workflows":',
        ),
    ),
    fault(
        "M20-both-validation",
        "a space is not checked",
        WRONG_SPACE,
        "refusal",
        (
            "containers/configuration/validation.py",
            "        findings += check_space(plain, components)\n",
            "        pass\n",
        ),
    ),
    # containers and their lives
    fault(
        "M21-both-container",
        "stops are looked at before signals come",
        TWO_SYMBOLS,
        "oracle:trace",
        (
            "containers/container.py",
            "    SIGNALS = 5\n    REQUESTS = 6\n",
            "    SIGNALS = 6\n    REQUESTS = 5\n",
        ),
    ),
    fault(
        "M22-both-lifecycle",
        "a container that failed is taken for a stopped one",
        GATED,
        "invariant:lifecycle",
        (
            "containers/lifecycle.py",
            "    (State.RUNNING, Trigger.FAIL): State.FAULTED,",
            "    (State.RUNNING, Trigger.FAIL): State.STOPPED,",
        ),
    ),
    fault(
        "M23-both-failures",
        "of a container's failure its wrapping is told",
        _APPROVED,
        "baseline:errors",
        (
            "containers/failures.py",
            "first = error.cause if isinstance(error, ContainerError) else error",
            "first = error",
        ),
    ),
    fault(
        "M24-both-ports",
        "warming up is trading",
        WALK,
        "oracle:trace",
        ("containers/ports.py", 'WARM_UP: Final = "warm_up"', 'WARM_UP: Final = "trading"'),
    ),
    fault(
        "M25-both-events",
        "a stop has another reason",
        TWO_SYMBOLS,
        "invariant:causes",
        ("containers/events.py", 'STOP_LOSS = "stop_loss"', 'STOP_LOSS = "stop"'),
    ),
    fault(
        "M26-both-errors",
        "a place in a list is written like a key",
        BAD_STRUCTURE,
        "refusal",
        ("containers/errors.py", '            text += f"[{key}]"', '            text += f".{key}"'),
    ),
    fault(
        "M27-both-nearest",
        "the farthest name is the nearest",
        BAD_STRUCTURE,
        "refusal",
        ("containers/nearest.py", "(best is None or rank < best)", "(best is None or rank > best)"),
    ),
    fault(
        "M28-both-results",
        "every unit is walked twice",
        WALK,
        "invariant:summaries",
        (
            "containers/results.py",
            "            yield here, iteration\n",
            "            yield here, iteration\n            yield here, iteration\n",
        ),
    ),
    # data
    fault(
        "M30-both-blocks",
        "a file without volumes is refused",
        _FORMS,
        "ending:refused",
        (
            "containers/data/blocks.py",
            '        elif not places and field != "volume":',
            "        elif not places:",
        ),
    ),
    fault(
        "M31-both-checking",
        "a low may be above open and close",
        BAD_BARS,
        "refusal",
        (
            "containers/data/checking.py",
            "if low > min(open_, close) + TOLERANCE * close:",
            "if low > high + TOLERANCE * close:",
        ),
    ),
    fault(
        "M32-both-csv",
        "a missing price is 1",
        BAD_BARS,
        "refusal",
        ("containers/data/csv_reading.py", "missing=np.nan)[0]", "missing=1.0)[0]"),
    ),
    fault(
        "M33-both-instants",
        "a date as an end is its beginning",
        _CLOCK,
        "oracle:trace",
        ("containers/data/instants.py", "        ns += _DAY_NS - 1\n", "        ns += 0\n"),
    ),
    fault(
        "M34-both-parquet",
        "times are taken for a tenth of what they are",
        _FORMS,
        "oracle:trace",
        (
            "containers/data/parquet_reading.py",
            "np.where(readable, counts, 0) * np.int64(unit_ns)",
            "np.where(readable, counts, 0) * np.int64(unit_ns) // 10",
        ),
    ),
    fault(
        "M35-both-files",
        "of two files of one stream the first is taken",
        TWO_FILES,
        "refusal",
        ("containers/data/reading.py", "    if len(existing) == 1:", "    if len(existing) >= 1:"),
    ),
    # executors
    fault(
        "M40-both-opening",
        "units have a thousandth of a second",
        spread(SHORT_WALK, "imperative"),
        "status",
        (
            "containers/executors/opening.py",
            "executor = _of_spec(spec, unit_timeout_s)",
            "executor = _of_spec(spec, 0.001)",
        ),
    ),
    fault(
        "M41-both-packing",
        "every stream that travels is the first",
        spread(SHORT_WALK, "declarative"),
        "trace",
        (
            "containers/executors/packing.py",
            "                return _mapped_rows, where",
            "                return _mapped_rows, (0, *where[1:])",
        ),
    ),
    fault(
        "M42-both-processes",
        "what units share is removed before they run",
        spread(SHORT_WALK, "imperative"),
        "status",
        (
            "containers/executors/processes.py",
            "        return shared\n\n    def pack(",
            "        _free(shared)\n        return shared\n\n    def pack(",
        ),
    ),
    fault(
        "M43-both-spec",
        "an executor has lost its name",
        spread(SHORT_WALK, "imperative"),
        "crash",
        (
            "containers/executors/spec.py",
            '    if kind == "processes":',
            '    if kind == "process":',
        ),
    ),
    fault(
        "M44-both-units",
        "results of units that travel together come from behind",
        spread(MANY_UNITS, "imperative", "memory"),
        "topology",
        (
            "containers/executors/units.py",
            "        results.append(_run(function, loaded, item))\n",
            "        results.insert(0, _run(function, loaded, item))\n",
        ),
    ),
    # files and storage
    fault(
        "M50-both-files",
        "of what is written in pieces the last is left out",
        GATED,
        "invariant:files",
        (
            "containers/files.py",
            "            stream.writelines(pieces)",
            "            stream.writelines(list(pieces)[:-1] or [b''])",
        ),
    ),
    fault(
        "M51-both-outputs",
        "numbers of an output are rounded",
        _APPROVED,
        "baseline:files",
        (
            "containers/outputs.py",
            "        return float(value)\n",
            "        return round(float(value), 3)\n",
        ),
    ),
    fault(
        "M52-both-parquet",
        "a table's digest is of its first column",
        cut(SHORT_WALK, "declarative"),
        "status",
        (
            "containers/parquet.py",
            "(name, xxhash.xxh3_128(), xxhash.xxh3_128()) for name in schema.names",
            "(name, xxhash.xxh3_128(), xxhash.xxh3_128()) for name in schema.names[:1]",
        ),
    ),
    fault(
        "M53-both-tables",
        "of a curve the returns are kept",
        cut(SHORT_WALK, "declarative"),
        "equity",
        (
            "containers/tables.py",
            "columns = [pa.array(curve.time_ns), pa.array(curve.equity)]",
            "columns = [pa.array(curve.time_ns), pa.array(curve.equity[::-1].copy())]",
        ),
    ),
    fault(
        "M54-both-card",
        "a run's card is not found again",
        cut(SHORT_WALK, "declarative"),
        "status",
        ("containers/storage/card.py", "    if schema != _SCHEMA:", "    if schema == _SCHEMA:"),
    ),
    fault(
        "M55-both-document",
        "a result is written without its last field",
        GATED,
        "invariant:files",
        (
            "containers/storage/document.py",
            "for name in value.__struct_fields__)\n",
            "for name in value.__struct_fields__[:-1])\n",
        ),
    ),
    fault(
        "M56-both-folder",
        "units lie one level up",
        cut(SHORT_WALK, "declarative"),
        "status",
        (
            "containers/storage/folder.py",
            '"/".join((self.relative, *map(str, keys)))',
            '"/".join((self.relative, *map(str, keys[-1:])))',
        ),
    ),
    fault(
        "M57-both-identity",
        "what a phase depends on is the time of day",
        cut(SHORT_PIPELINE, "declarative", 7),
        "status",
        (
            "containers/storage/identity.py",
            '    state.update(str(document.get("random_seed")).encode())',
            '    state.update(__import__("uuid").uuid4().bytes)',
        ),
    ),
    fault(
        "M60-both-log",
        "a record of a log is found under the key of another",
        cut(SHORT_PIPELINE, "declarative", 7),
        "status",
        ("containers/storage/log.py", "frame.key == _packed(key)", "frame.key != _packed(key)"),
    ),
    fault(
        "M61-both-manifest",
        "the manifest leaves files in folders out",
        GATED,
        "invariant:files",
        (
            "containers/storage/manifest.py",
            "            yield from _below(Path(entry.path))\n        elif entry.is_file() and entry.name not in (MANIFEST_FILE, CARD_FILE):",
            "            continue\n        elif entry.is_file() and entry.name not in (MANIFEST_FILE, CARD_FILE):",
        ),
    ),
    fault(
        "M62-both-phase-store",
        "a phase that has ended is taken for one that has not",
        cut(SHORT_PIPELINE, "declarative", 7),
        "status",
        (
            "containers/storage/phase_store.py",
            "            if _PHASE in places:\n                self._done",
            "            if not places:\n                self._done",
        ),
    ),
    fault(
        "M63-both-unit-folder",
        "the trace of a unit is said to be in another folder",
        GATED,
        "errors",
        (
            "containers/storage/unit_folder.py",
            'return replace(trace.summary(), path=f"{self._relative}/trace")',
            'return replace(trace.summary(), path=f"{self._relative}/traces")',
        ),
    ),
    # YAML
    fault(
        "M70-both-strict-yaml",
        "a key's place is its value's",
        BAD_STRUCTURE,
        "refusal",
        (
            "containers/strict_yaml.py",
            "line, column = entry[:2] if at_key else place[:2]",
            "line, column = place[:2]",
        ),
    ),
    fault(
        "F22-both-duplicate",
        "of a key that is there twice the last one counts",
        BAD_SYNTAX,
        "refusal",
        (
            "containers/yaml_building.py",
            "        elif frame.key in frame.data:\n",
            "        elif frame.key in frame.data and False:\n",
        ),
    ),
    fault(
        "F22-both-number",
        "a number with an exponent is text",
        _NUMBERS,
        "ending:refused",
        (
            "containers/yaml_scalars.py",
            "    if _FLOAT.fullmatch(word):",
            "    if _FLOAT.fullmatch(word) and 'e' not in word:",
        ),
    ),
    # traces
    fault(
        "M80-both-alignment",
        "fields are not compared",
        _PLANTED,
        "planted",
        ("containers/trace/alignment.py", "        if not len(rows):\n", "        if len(rows):\n"),
    ),
    fault(
        "M81-both-chunk",
        "a digest is of the first column alone",
        _PLANTED,
        "planted",
        (
            "containers/trace/chunk.py",
            "            for name, head in heads.items():\n                column",
            "            for name, head in list(heads.items())[:1]:\n                column",
        ),
    ),
    fault(
        "M82-both-columns",
        "floats are equal when they are close",
        _PLANTED,
        "planted",
        (
            "containers/trace/columns.py",
            "        different: Mask = self.data.view(np.int64) != other.data.view(np.int64)",
            "        different: Mask = ~np.isclose(self.data, other.data)",
        ),
    ),
    fault(
        "M84-both-distances",
        "how far two numbers are apart is not counted in doubles",
        _PLANTED,
        "planted",
        ("containers/trace/distances.py", "int((high - low).max())", "int((high - low).min()) * 0"),
    ),
    fault(
        "M87-both-matching",
        "an event too many makes those behind it differ",
        _INSERTED,
        "planted",
        (
            "containers/trace/matching.py",
            "    head = _alike(left, right, 1)\n",
            "    head = min(len(left), len(right))\n",
        ),
    ),
    fault(
        "M90-both-renumbering",
        "numbers behind an event too many are not taken for renumbered",
        _INSERTED,
        "planted",
        (
            "containers/trace/renumbering.py",
            "        extra = np.diff(places, prepend=-1) - 1\n",
            "        extra = np.diff(places, prepend=-1) * 0\n",
        ),
    ),
    fault(
        "M83-both-combining",
        "of several traces the last one's events are counted",
        WALK,
        "invariant:summaries",
        (
            "containers/trace/combining.py",
            "events, kept, dropped = events + part.events, kept + part.kept, dropped + part.dropped",
            "events, kept, dropped = part.events, kept + part.kept, dropped + part.dropped",
        ),
    ),
    fault(
        "M85-both-levels",
        "standard keeps no labels",
        _STANDARD,
        "baseline:trace",
        (
            "containers/trace/levels.py",
            "    EventKind.CANCELLATION,\n    EventKind.PORTFOLIO_UPDATE,\n    EventKind.CLASSIFICATION,\n",
            "    EventKind.CANCELLATION,\n    EventKind.PORTFOLIO_UPDATE,\n",
        ),
    ),
    fault(
        "M86-both-mappings",
        "values of a mapping are held under the names of others",
        _APPROVED,
        "baseline:trace",
        (
            "containers/trace/mappings.py",
            "names = TextColumn.numbered(map(tuple, values), len(values), plural=True)",
            "names = TextColumn.numbered([tuple(v)[::-1] for v in values], len(values), plural=True)",
        ),
    ),
    fault(
        "M88-both-trace-parquet",
        "a null that was stored comes back as 0",
        cut(SHORT_WALK, "declarative"),
        "invariant:causes",
        (
            "containers/trace/parquet.py",
            "            mask = column.data == -1 if column.nullable else None",
            "            mask = column.data == 0 if column.nullable else None",
        ),
    ),
    fault(
        "M89-both-recorder",
        "a limited trace keeps one event less",
        _LIMITED,
        "invariant:levels",
        (
            "containers/trace/recorder.py",
            "rest = newest_chunks(self._pieces, self._limit)",
            "rest = newest_chunks(self._pieces, self._limit - 1)",
        ),
    ),
    fault(
        "M91-both-trace-storage",
        "a stored trace is read without its last kind of event",
        cut(SHORT_WALK, "declarative"),
        "invariant:causes",
        (
            "containers/trace/storage.py",
            "for kind in info.kinds])",
            "for kind in list(info.kinds)[:-1]])",
        ),
    ),
    fault(
        "M92-both-table",
        "events of one kind are held from behind",
        TWO_SYMBOLS,
        "ending:failed",
        (
            "containers/trace/table.py",
            "                values.extend(more)\n",
            "                values.extend(more[::-1])\n",
        ),
    ),
    fault(
        "M93-both-texts",
        "texts that were stored come back from behind",
        cut(SHORT_WALK, "declarative"),
        "invariant:causes",
        (
            "containers/trace/texts.py",
            "            return cls(codes, tuple(texts), plural)\n        first",
            "            return cls(codes, tuple(texts)[::-1], plural)\n        first",
        ),
    ),
    fault(
        "M94-both-trace",
        "a trace has the digest of its first chunk",
        SIMPLE,
        "invariant:summaries",
        (
            "containers/trace/trace.py",
            "return self.infos[-1].prefix.digest if self.infos else EMPTY_DIGEST",
            "return EMPTY_DIGEST",
        ),
    ),
    # trading
    fault(
        "M96-both-classifier",
        "a label is published at every bar",
        COMPONENTS,
        "oracle:trace",
        (
            "containers/trading/classifier.py",
            "if label is None or label == last:",
            "if label is None:",
        ),
    ),
    fault(
        "M97-both-data",
        "bars are published while they warm up only",
        WALK,
        "oracle:trace",
        ("containers/trading/data.py", "        self._outlet = self._trading\n", "        pass\n"),
    ),
    fault(
        "M98-both-features",
        "features are those of the next bar",
        SIMPLE,
        "oracle:trace",
        (
            "containers/trading/features.py",
            "        return [None] * (len(block) - len(known)) + known",
            "        return [None] * (len(block) - len(known) - 1) + known + known[-1:]",
        ),
    ),
    fault(
        "M99-both-panel",
        "members are heard in the place of others",
        COMPONENTS,
        "oracle:trace",
        (
            "containers/trading/panel.py",
            "views[self._places[signal.container]] = ",
            "views[-1 - self._places[signal.container]] = ",
        ),
    ),
    fault(
        "M100-both-replay",
        "a stored signal is traded the other way round",
        _REPLAYED,
        "baseline:trace",
        (
            "containers/trading/replay.py",
            "symbol, signal.direction, signal.strength, signal.seq,",
            "symbol, -signal.direction, signal.strength, signal.seq,",
        ),
    ),
    fault(
        "M101-both-strategy",
        "features are handed to a strategy from behind",
        SIMPLE,
        "oracle:trace",
        (
            "containers/trading/strategy.py",
            "return itemgetter(*names)",
            "return itemgetter(*names[::-1])",
        ),
    ),
)

WITHOUT: Final[Mapping[str, str]] = {
    "containers/executors/base.py": "it declares what executors have, and does nothing",
    "containers/executors/lanes.py": "it declares what lanes and backends have, and does nothing",
    "containers/executors/cluster.py": "it needs a Dask cluster, which the catalogue does not start; "
    "mutants of it are held against the study that `make verify` runs over one",
    "containers/executors/foreign.py": "it serves executors that a Python program hands in, which no "
    "verification does; its tests see what goes wrong in it",
    "containers/executors/folders.py": "it removes what workers left behind that died; nothing that a "
    "run gives back depends on it, and its tests look at the folders",
    "containers/storage/lock.py": "it keeps two processes from one run, and a verification has one; "
    "tests run two",
    "containers/trace/side_by_side.py": "it shows what stands beside what once a verdict is out, "
    "for `parity explain`",
    "containers/trace/windows.py": "it reads traces of several chunks side by side, which no small "
    "scenario has; tests align such traces",
    "containers/storage/ids.py": "ids are left out of every comparison, since no two runs share one; "
    "its tests assert their form",
    "containers/trace/errors.py": "it words what is wrong with an event, which no engine publishes",
}
