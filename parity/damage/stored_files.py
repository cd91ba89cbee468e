"""Files of a finished run that are read when they are asked for: damaged, and read.

Whoever reads one gets what was written, or a message that names the file.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import xxhash

from containers.results import PortfolioResult
from containers.tables import read_signals
from containers.trace import Trace
from parity.damage.stored_study import RUN, StoredStudy, raised_by
from parity.damage.told import Outcomes
from parity.damage.ways import WAYS, Way

__all__ = ["files"]

_Reader = Callable[[], Any]

_UNIT: Final = Path("0") / "replayed" / "0"
_PORTFOLIO: Final = Path("portfolios") / "momentum.aggressive"


def files(engine: str) -> Callable[[Path, Path], Outcomes]:
    """Make a part: of the home of the study and an empty folder."""

    def part(home: Path, folder: Path) -> Outcomes:
        study = StoredStudy(engine, home)
        study.run(folder)
        result = study.run(folder, resume=True)
        run = folder / RUN
        unit = result.phase_results["replayed"].iterations[0]
        phase = result.phase_results["work"]
        trace, signals = _UNIT / "trace", Path("0/heard/0/signals.parquet")
        readers: dict[Path, _Reader] = {
            _UNIT / _PORTFOLIO / "trades.parquet": lambda: _portfolio(unit.portfolios),
            _UNIT / _PORTFOLIO / "equity.parquet": lambda: _portfolio(unit.portfolios),
            Path("0/work") / _PORTFOLIO / "equity.parquet": lambda: _portfolio(phase.portfolios),
            signals: lambda: read_signals(run / signals),
            trace / "fill.parquet": lambda: _trace(run / trace),
            trace / "order.parquet": lambda: _trace(run / trace),
            trace / "trace.json": lambda: _trace(run / trace),
        }
        found = {
            file.as_posix(): _damaged(run / file, read, folder, _ways_of(run / file))
            for file, read in readers.items()
        }
        found["trace.json with its checksum"] = _resealed(run / trace, folder)
        return found

    return part


def _portfolio(portfolios: Mapping[str, PortfolioResult]) -> Any:
    held = portfolios["momentum.aggressive"]
    assert held.equity_curve is not None  # stored portfolios have one
    curve = held.equity_curve
    return repr(held.trades), curve.time_ns.tobytes(), curve.equity.tobytes()


def _trace(folder: Path) -> Any:
    trace = Trace.open(folder)
    return repr([*trace]), trace.summary(folder), trace.digest


def _ways_of(file: Path) -> Mapping[str, Callable[[Path], None]]:
    ways: dict[str, Callable[[Path], None]] = {way: _writing(way) for way in WAYS}
    ways["removed"] = lambda file: file.unlink()
    ways["a folder in its place"] = _made_a_folder
    ways["its neighbour in its place"] = _exchanged
    if file.parent.name == "trace" and file.suffix == ".parquet":
        return ways  # by their sizes all others are told from what was written
    if file.suffix == ".parquet":
        ways |= {name: _table(change) for name, change in _TABLES.items()}
    else:
        ways |= {name: _index(change) for name, change in _INDEXES.items()}
    return ways


def _writing(way: str) -> Callable[[Path], None]:
    return lambda file: _write(file, WAYS[way])


def _write(file: Path, change: Way) -> None:
    file.write_bytes(change(file.read_bytes()))


def _made_a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def _exchanged(file: Path) -> None:
    others = sorted(other for other in file.parent.glob("*.parquet") if other != file)
    if others:
        shutil.copyfile(others[0], file)


def _damaged(
    file: Path, read: _Reader, root: Path, ways: Mapping[str, Callable[[Path], None]]
) -> dict[str, str]:
    due, content = read(), file.read_bytes()
    told: dict[str, str] = {}
    for way, damage in ways.items():
        damage(file)
        if file.is_dir() or not file.exists() or file.read_bytes() != content:
            told[way] = _read(read, due, root)
        if file.is_dir():
            file.rmdir()
        file.write_bytes(content)
    assert read() == due
    return told


def _read(read: _Reader, due: Any, root: Path) -> str:
    came: list[Any] = []
    said = raised_by(lambda: came.append(read()), root)
    if said is not None:
        return said
    return "the same" if came == [due] else "not meant: something else"


_Table = Callable[[pa.Table], pa.Table]


def _table(change: _Table) -> Callable[[Path], None]:
    def write(file: Path) -> None:
        table = change(pq.read_table(file))
        pq.write_table(table, file, compression="zstd", write_page_checksum=True)

    return write


def _first_replaced(table: pa.Table, value: Any) -> pa.Table:
    column, field = table.column(0).to_pylist(), table.schema.field(0).with_nullable(True)
    return table.set_column(0, field, pa.array([value, *column[1:]], field.type))


_TABLES: Final[Mapping[str, _Table]] = {
    "written by others": lambda table: table,
    "without what it says of itself": lambda table: table.replace_schema_metadata(None),
    "a row less": lambda table: table.slice(1),
    "a row twice": lambda table: pa.concat_tables([table.slice(0, 1), table]),
    "no rows": lambda table: table.slice(0, 0),
    "rows the other way round": lambda table: table.take(list(range(len(table)))[::-1]),
    "a column less": lambda table: table.remove_column(0),
    "a column more": lambda table: table.append_column("more", table.column(0)),
    "columns the other way round": lambda table: table.select(table.column_names[::-1]),
    "a column of another name": lambda table: table.rename_columns(
        ["another", *table.column_names[1:]]
    ),
    "a column of another type": lambda table: table.set_column(
        0, "another", pa.array(["x"] * len(table))
    ),
    "a null": lambda table: _first_replaced(table, None),
}


def _index(change: Callable[[Any], None]) -> Callable[[Path], None]:
    def write(file: Path) -> None:
        index = json.loads(file.read_bytes())
        change(index)
        file.write_bytes(json.dumps(index, indent=1).encode())

    return write


def _put(*path: Any, value: Any) -> Callable[[Any], None]:
    def change(index: Any) -> None:
        node = index
        for key in path[:-1]:
            node = node[key]
        if value is ...:
            del node[path[-1]]
        else:
            node[path[-1]] = value

    return change


_INDEXES: Final[Mapping[str, Callable[[Any], None]]] = {
    "format 0": _put("format", value="paritykit/trace/0"),
    "format 2": _put("format", value="paritykit/trace/2"),
    "no format": _put("format", value=...),
    "format null": _put("format", value=None),
    "events less": _put("events", value=1),
    "a key more": _put("more", value=1),
    "no checksum": _put("checksum", value=...),
    "checksum 0": _put("checksum", value="0"),
    "checksum g": _put("checksum", value="g"),
    "files of nothing": _put("files", value={}),
    "chunks of nothing": _put("chunks", value=[]),
    "another digest": _put("chunks", 0, "prefix", "digest", value="0" * 32),
}

_FORGED: Final[Mapping[str, Callable[[Any], None]]] = {
    "as it was": lambda index: None,
    "format 0": _put("format", value="paritykit/trace/0"),
    "a key more": _put("more", value=1),
    "another size": _put("files", "fill.parquet", "bytes", value=1),
    "a larger size": _put("files", "fill.parquet", "bytes", value=10**9),
    "a file that is not there": _put("files", "bar.parquet", value={"rows": 1, "bytes": 1}),
    "no files": _put("files", value={}),
    "a kind of others": _put("chunks", 0, "kinds", value={"FILL": 1}),
    "a kind that has no file": _put("chunks", 0, "kinds", "BAR", value=1),
    "no kinds": _put("chunks", 0, "kinds", value={}),
    "another publisher": _put("chunks", 0, "containers", value={"nobody": 1}),
    "another first number": _put("chunks", 0, "first_seq", value=7),
    "another last number": _put("chunks", 0, "last_seq", value=9),
    "another first time": _put("chunks", 0, "first_ns", value=1),
    "another last time": _put("chunks", 0, "last_ns", value=1),
    "another size in memory": _put("chunks", 0, "nbytes", value=1),
    "another count": _put("chunks", 0, "prefix", "events", value=1),
    "another digest": _put("chunks", 0, "prefix", "digest", value="0" * 32),
    "a chunk twice": lambda index: index["chunks"].append(index["chunks"][0]),
}
"""Changes of an index that has the checksum of what it says then."""


def _resealed(folder: Path, root: Path) -> dict[str, str]:
    file = folder / "trace.json"
    due, content = _trace(folder), file.read_bytes()
    told: dict[str, str] = {}
    for name, change in _FORGED.items():
        index = json.loads(content)
        change(index)
        index["checksum"] = ""
        index["checksum"] = xxhash.xxh3_128_hexdigest(msgspec.json.encode(index))
        file.write_bytes(json.dumps(index).encode())
        told[name] = _read(lambda: _trace(folder), due, root)
    file.write_bytes(content)
    for part in sorted(folder.glob("*.parquet")):
        fresh = part.read_bytes()
        for way in ("a row less", "rows the other way round", "a column of another name"):
            _table(_TABLES[way])(part)
            index = json.loads(content)
            index["files"][part.name]["bytes"] = part.stat().st_size
            index["checksum"] = ""
            index["checksum"] = xxhash.xxh3_128_hexdigest(msgspec.json.encode(index))
            file.write_bytes(json.dumps(index).encode())
            told[f"{part.name} with {way}"] = _read(lambda: _trace(folder), due, root)
            part.write_bytes(fresh)
    file.write_bytes(content)
    return told
