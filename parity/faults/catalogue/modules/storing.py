"""Executors, which send results, and folders, which keep them."""

from __future__ import annotations

from typing import Final

from parity.faults.catalogue.writing import fault
from parity.faults.fault import Fault
from parity.faults.own_mistakes import NAMES_OF_NO_FILES
from parity.faults.scenarios import GATED, MANY_UNITS, SHORT_PIPELINE, SHORT_WALK, cut, spread

__all__ = ["FAULTS"]


FAULTS: Final[tuple[Fault, ...]] = (
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
        GATED,
        "invariant:output_files",
        (
            "containers/outputs.py",
            "        return float(value)\n",
            "        return round(float(value), 3)\n",
        ),
    ),
    fault(
        "M51-both-name",
        "the file of an output may be hidden",
        NAMES_OF_NO_FILES,
        "refusal",
        ("containers/outputs.py", 'segment.startswith(".")', 'segment.startswith("..")'),
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
)
