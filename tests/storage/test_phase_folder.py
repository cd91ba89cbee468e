"""The folder of a phase: made when something is written there."""

from __future__ import annotations

from pathlib import Path

import pytest

from containers.errors import OutputError
from containers.storage import RunFolder
from tests.storage.samples import card, create, files, portfolio


def test_the_folder_of_a_phase_is_made_when_something_is_written(tmp_path: Path) -> None:
    folder = create(tmp_path)
    phase = folder.phase((0, "validate"))
    assert phase.relative == "0/validate"
    assert not phase.path.exists()
    folder.phase((0, "validate")).unit((0,)).create()
    phase.save_portfolio("s.p", portfolio())
    assert phase.write_output("best.json", {"fast.fast_period": 3}) == "0/validate/best.json"
    assert folder.write_output("all.csv", [{"a": 1}]) == "all.csv"
    assert files(folder.path) == [
        ".lock",
        "0/validate/best.json",
        "0/validate/portfolios/s.p/equity.parquet",
        "0/validate/portfolios/s.p/trades.parquet",
        "all.csv",
        "run.json",
    ]
    with pytest.raises(OutputError, match="which is there already"):
        folder.phase((0, "validate")).write_output("best.json", {})


@pytest.mark.parametrize(("trades", "samples"), [(None, 2), ((), None), (None, None)])
def test_a_portfolio_without_trades_or_curve_cannot_be_saved(
    trades: tuple[()] | None, samples: int | None, tmp_path: Path
) -> None:
    phase = create(tmp_path).phase((0, "validate"))
    with pytest.raises(ValueError, match=r"the portfolio 's\.q' has no trades and curve"):
        phase.save_portfolio("s.q", portfolio(trades, samples))
    assert not phase.path.exists()


def test_outputs_are_written_over_their_own_files_when_a_run_is_resumed(tmp_path: Path) -> None:
    first = create(tmp_path, "mine")
    first.phase((0, "a")).write_output("best.json", {"a": 1})
    first.write_output("all.csv", [{"a": 1}])
    first.release()
    again = RunFolder.resume(tmp_path, card=card(), workflow_id="mine")
    assert again.phase((0, "a")).write_output("best.json", {"b": 2}) == "0/a/best.json"
    assert again.write_output("all.csv", [{"b": 2}]) == "all.csv"
    assert (again.path / "all.csv").read_text() == "b\n2\n"
    (again.path / "folder.json").mkdir()
    with pytest.raises(OutputError, match="which is there already"):
        again.write_output("folder.json", {})
    (again.path / "link.json").symlink_to(again.path / "all.csv")
    with pytest.raises(OutputError, match="which is there already"):
        again.write_output("link.json", {})


def test_a_resumed_run_writes_no_output_over_that_of_another(tmp_path: Path) -> None:
    create(tmp_path, "mine").release()
    again = RunFolder.resume(tmp_path, card=card(), workflow_id="mine")
    again.phase((0, "a")).write_output("best.json", {"a": 1})
    for write, name in (
        (again.phase((0, "a")).write_output, "best.json"),
        (again.write_output, "0/a/best.json"),
    ):
        with pytest.raises(OutputError, match="which is there already"):
            write(name, {"a": 2})
    assert (again.path / "0/a/best.json").read_text() == '{\n "a": 1\n}\n'
    again.release()
