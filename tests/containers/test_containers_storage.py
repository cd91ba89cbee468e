"""The folder of a run: made once, whole or not at all, listed by its manifest."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import xxhash

import containers
from containers.errors import ConfigurationError, OutputError, StorageError
from containers.results import EquityCurve, PortfolioResult, Signals, StoredSignal, Trade
from containers.storage import RunFolder, check_workflow_id, default_workflow_id, write_aside
from containers.tables import read_signals
from containers.trading import PortfolioReport

DIGEST = "0123456789abcdef0123456789abcdef"


def create(parent: Path, workflow_id: str | None = None) -> RunFolder:
    return RunFolder.create(
        parent, workflow="simple_backtest", digest=DIGEST, workflow_id=workflow_id
    )


def files(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


# --- creation ---------------------------------------------------------------------------------


def test_runs_are_named_after_workflow_and_configuration_and_numbered(tmp_path: Path) -> None:
    names = [create(tmp_path / "new" / "results").workflow_id for _ in range(3)]
    assert names == [f"simple_backtest-01234567-{n}" for n in (1, 2, 3)]
    assert default_workflow_id("w", DIGEST, 12) == "w-01234567-12"


def test_the_first_free_number_is_taken(tmp_path: Path) -> None:
    for number in (1, 3):
        (tmp_path / default_workflow_id("simple_backtest", DIGEST, number)).mkdir()
    assert create(tmp_path).workflow_id.endswith("-2")
    assert create(tmp_path).workflow_id.endswith("-4")


def test_a_file_of_the_name_takes_the_number_as_well(tmp_path: Path) -> None:
    (tmp_path / default_workflow_id("simple_backtest", DIGEST, 1)).write_text("")
    assert create(tmp_path).workflow_id.endswith("-2")


def test_a_given_id_names_the_folder(tmp_path: Path) -> None:
    folder = create(tmp_path, "my-run_1.2")
    assert (folder.workflow_id, folder.path) == ("my-run_1.2", tmp_path / "my-run_1.2")
    assert folder.path.is_dir()


def test_a_given_id_that_exists_is_refused_and_left_alone(tmp_path: Path) -> None:
    kept = create(tmp_path, "mine").path / "kept"
    kept.write_text("kept")
    with pytest.raises(ConfigurationError) as raised:
        create(tmp_path, "mine")
    assert str(raised.value) == (
        f"a run with the id 'mine' exists in {tmp_path} "
        "(choose another id, or none and get the next free one)"
    )
    assert files(tmp_path) == ["mine/kept"]


@pytest.mark.parametrize("good", ["a", "A.b", "0", "_x", "-x", "a..b", "x" * 200])
def test_one_safe_path_segment_is_an_id(good: str) -> None:
    assert check_workflow_id(good) == good


@pytest.mark.parametrize(
    "bad", ["", ".", "..", ".hidden", "a/b", "../a", "/a", "a\\b", "a b", "ä", "a\n", "a:b", "a\0"]
)
def test_anything_else_is_no_id(bad: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        check_workflow_id(bad)
    assert str(raised.value) == (
        f"found the workflow id {bad!r}, expected letters, digits, '.', '_' or '-', "
        "at most 200 of them (it becomes the name of a folder)"
    )


@pytest.mark.parametrize("bad", ["", "..", "a/b", ".hidden"])
def test_nothing_is_made_for_an_unsafe_id(bad: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        create(tmp_path / "results", bad)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("workflow_id", [None, "mine"])
def test_a_file_in_the_place_of_the_results_is_refused(
    workflow_id: str | None, tmp_path: Path
) -> None:
    (tmp_path / "results").write_text("a file")
    with pytest.raises(ConfigurationError, match="is not a folder"):
        create(tmp_path / "results", workflow_id)
    assert (tmp_path / "results").read_text() == "a file"


def test_results_below_a_file_are_refused_with_the_key_to_change(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError) as raised:
        create(tmp_path / "file" / "results")
    assert str(raised.value) == (
        f"results.directory: results cannot be written to {tmp_path / 'file' / 'results'}: "
        "Not a directory (choose a writable folder in results.directory or --out)"
    )
    assert raised.value.problems[0].path == ("results", "directory")


def test_a_folder_that_may_not_be_written_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(ConfigurationError, match=r"^results\.directory: .*Permission denied"):
        create(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_threads_never_share_a_folder(tmp_path: Path) -> None:
    together = Barrier(8)

    def make(_: int) -> str:
        together.wait()
        return create(tmp_path / "results").workflow_id

    with ThreadPoolExecutor(8) as pool:
        names = sorted(pool.map(make, range(8)))
    assert names == [f"simple_backtest-01234567-{n}" for n in range(1, 9)]


def test_of_threads_with_one_given_id_one_wins(tmp_path: Path) -> None:
    together = Barrier(8)

    def make(_: int) -> bool:
        together.wait()
        try:
            create(tmp_path / "results", "mine")
        except ConfigurationError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(make, range(8))) == 1


def test_processes_never_share_a_folder(tmp_path: Path) -> None:
    script = (
        "import sys, pathlib; from containers.storage import RunFolder\n"
        "sys.stdin.readline()\n"
        "for _ in range(20):\n"
        f"    folder = RunFolder.create(pathlib.Path({str(tmp_path / 'results')!r}), "
        f"workflow='w', digest={DIGEST!r}, workflow_id=None)\n"
        "    print(folder.workflow_id)\n"
    )
    root = Path(containers.__file__).parents[1]
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", script],
            cwd=root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for run in runs:
        assert run.stdin is not None
        run.stdin.write("go\n")
        run.stdin.flush()
    names = [name for run in runs for name in run.communicate(timeout=60)[0].split()]
    assert sorted(names) == sorted(f"w-01234567-{n}" for n in range(1, 41))


# --- files ------------------------------------------------------------------------------------


def test_a_file_is_written_whole_under_its_name_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    write_aside(path, b"first")
    write_aside(path, b"second")
    assert path.read_bytes() == b"second"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("method", ["write_bytes", "replace"])
def test_a_failed_write_leaves_what_was_there_and_nothing_else(
    method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "result.json"
    write_aside(path, b"before")
    real = Path.write_bytes

    def fail(self: Path, *args: Any) -> None:
        if method == "write_bytes":
            real(self, b"half of")  # a disk that fills up has taken some of it
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, method, fail)
    with pytest.raises(StorageError) as raised:
        write_aside(path, b"after")
    assert str(raised.value) == f"{path} could not be written: No space left on device"
    assert isinstance(raised.value.__cause__, OSError)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_in_a_folder_that_does_not_exist_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="could not be written: No such file or directory"):
        write_aside(tmp_path / "missing" / "result.json", b"")
    assert list(tmp_path.iterdir()) == []


def test_the_result_is_json_that_reads_back(tmp_path: Path) -> None:
    folder = create(tmp_path)
    document = {"workflow": "simple_backtest", "figures": [0.1, None, "ä"], "deep": {"b": 1}}
    assert folder.write_result(document) == "result.json"
    text = (folder.path / "result.json").read_text(encoding="utf-8")
    assert json.loads(text) == document
    assert "ä" in text
    assert text.endswith("}\n")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_result_with_a_figure_that_is_none_is_not_written(value: float, tmp_path: Path) -> None:
    folder = create(tmp_path)
    with pytest.raises(ValueError, match="JSON"):
        folder.write_result({"figure": value})
    assert files(folder.path) == []


def test_the_manifest_lists_every_other_file_with_size_and_digest(tmp_path: Path) -> None:
    folder = create(tmp_path)
    contents = {
        "result.json": b"{}",
        "0/backtest/0/trace/part-0.parquet": b"x" * 3_000_000,
        "0/backtest/0/empty": b"",
        "0/backtest/0/portfolios/s.p/trades.parquet": b"trades",
    }
    for name, content in contents.items():
        path = folder.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    assert folder.write_manifest() == "manifest.json"
    document = json.loads((folder.path / "manifest.json").read_text())
    assert document["schema"] == "paritykit/manifest/1"
    assert [entry["path"] for entry in document["files"]] == sorted(contents)
    for entry in document["files"]:
        content = contents[entry["path"]]
        assert entry == {
            "path": entry["path"],
            "bytes": len(content),
            "digest": xxhash.xxh3_128(content).hexdigest(),
        }


# --- the folder of a unit ---------------------------------------------------------------------


def test_a_unit_has_a_folder_by_iteration_phase_and_window(tmp_path: Path) -> None:
    folder = create(tmp_path)
    unit = folder.unit((2, "backtest", 5))
    assert unit.relative == "2/backtest/5"
    assert unit.path == folder.path / "2" / "backtest" / "5"
    assert unit.path.is_dir()
    assert unit.trace == unit.path / "trace"
    assert not unit.trace.exists()
    assert folder.unit((2, "backtest", 6)).relative == "2/backtest/6"


def test_no_two_units_share_a_folder(tmp_path: Path) -> None:
    folder = create(tmp_path)
    folder.unit((0, "backtest", 0))
    with pytest.raises(StorageError, match="could not be created: File exists"):
        folder.unit((0, "backtest", 0))


def test_a_unit_below_a_file_cannot_be_made(tmp_path: Path) -> None:
    folder = create(tmp_path)
    (folder.path / "0").write_text("")
    with pytest.raises(StorageError, match="could not be created: Not a directory"):
        folder.unit((0, "backtest", 0))


TRADES = (
    Trade("s.p", "AAA", 1, 10.0, 10, 30, 0.1, 0.3, 2, 0.0, 2.0),
    Trade("s.p", "BBB", -1, 5.0, 2**62, 2**62 + 1, 100.0, 110.0, 0, 1.5, -51.5),
)


def report(trades: tuple[Trade, ...] = TRADES) -> PortfolioReport:
    times = np.array([10, 2**62 + 1], dtype=np.int64)
    equities = np.array([1000.0, 0.1 + 0.2])
    return PortfolioReport({}, trades, EquityCurve(times, equities))


def test_trades_and_curve_are_saved_exactly(tmp_path: Path) -> None:
    unit = create(tmp_path).unit((0, "backtest", 0))
    unit.save_portfolio("fast.moderate", report())
    folder = unit.path / "portfolios" / "fast.moderate"
    assert files(unit.path) == [
        "portfolios/fast.moderate/equity.parquet", "portfolios/fast.moderate/trades.parquet",
    ]  # fmt: skip
    trades = pq.read_table(folder / "trades.parquet")
    assert trades.column_names == list(Trade.__struct_fields__)
    assert tuple(Trade(**row) for row in trades.to_pylist()) == TRADES
    curve = pq.read_table(folder / "equity.parquet")
    assert curve.to_pydict() == {"time_ns": [10, 2**62 + 1], "equity": [1000.0, 0.1 + 0.2]}


def test_without_trades_their_columns_and_types_are_the_same(tmp_path: Path) -> None:
    unit = create(tmp_path).unit((0, "backtest", 0))
    unit.save_portfolio("with", report())
    unit.save_portfolio("without", report(()))
    tables = [
        pq.read_table(unit.path / "portfolios" / name / "trades.parquet")
        for name in ("with", "without")
    ]
    assert tables[0].schema == tables[1].schema
    assert tables[1].num_rows == 0


def test_a_portfolio_that_cannot_be_saved_is_a_storage_error(tmp_path: Path) -> None:
    unit = create(tmp_path).unit((0, "backtest", 0))
    (unit.path / "portfolios").write_text("")
    with pytest.raises(StorageError, match="could not be created: Not a directory"):
        unit.save_portfolio("s.p", report())


# --- the folder of a phase --------------------------------------------------------------------


def test_units_lie_below_the_iterations_that_lead_to_them(tmp_path: Path) -> None:
    folder = create(tmp_path)
    unit = folder.unit((0, "wide", 1, "validate", 3, 0, 12))
    assert unit.relative == "0/wide/1/validate/3/0/12"
    assert unit.path.is_dir()


def test_the_folder_of_a_phase_is_made_when_something_is_written(tmp_path: Path) -> None:
    folder = create(tmp_path)
    phase = folder.phase((0, "validate"))
    assert phase.relative == "0/validate"
    assert not phase.path.exists()
    folder.unit((0, "validate", 0))
    kept = report()
    chained = PortfolioResult("s", "p", {}, {}, kept.trades, kept.equity_curve)
    phase.save_portfolio("s.p", chained)
    phase.save_portfolio("s.q", PortfolioResult("s", "q", {}, {}, None, None))
    assert phase.write_output("best.json", {"fast.fast_period": 3}) == "0/validate/best.json"
    assert folder.write_output("all.csv", [{"a": 1}]) == "all.csv"
    assert files(folder.path) == [
        "0/validate/best.json",
        "0/validate/portfolios/s.p/equity.parquet",
        "0/validate/portfolios/s.p/trades.parquet",
        "all.csv",
    ]
    with pytest.raises(OutputError, match="which is there already"):
        folder.phase((0, "validate")).write_output("best.json", {})


SIGNALS = Signals(
    ("fast", "never"),
    (
        StoredSignal(2**62 + 1, "fast", "AAA", -1, 0.1 + 0.2, 0),
        StoredSignal(2**62 + 2, "fast", "ä", 0, 0.0, 2**40),
    ),
)


@pytest.mark.parametrize("signals", [SIGNALS, Signals(("a", "b"), ()), Signals((), ())])
def test_signals_are_saved_exactly_and_read_back(signals: Signals, tmp_path: Path) -> None:
    unit = create(tmp_path).unit((0, "generate", 0))
    unit.save_signals(signals)
    assert files(unit.path) == ["signals.parquet"]
    assert read_signals(unit.path / "signals.parquet") == signals
    first = (unit.path / "signals.parquet").read_bytes()
    unit.save_signals(signals)
    assert (unit.path / "signals.parquet").read_bytes() == first


def test_what_is_no_signals_is_not_read_as_such(tmp_path: Path) -> None:
    unit = create(tmp_path).unit((0, "generate", 0))
    unit.save_portfolio("s.p", report())
    with pytest.raises(StorageError, match="holds no signals; it does not name their strategies"):
        read_signals(unit.path / "portfolios" / "s.p" / "trades.parquet")
    (unit.path / "broken.parquet").write_bytes(b"PAR1")
    with pytest.raises(StorageError, match="could not be read as signals"):
        read_signals(unit.path / "broken.parquet")
    with pytest.raises(StorageError, match="could not be read as signals"):
        read_signals(unit.path / "missing.parquet")
