"""The data of `fixtures/edges` are what their script writes, and every edge has a baseline."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from types import ModuleType

import pytest

EDGES = Path(__file__).resolve().parents[2] / "fixtures" / "edges"


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, on a copy of the data."""
    spec = importlib.util.spec_from_file_location("edges_build", EDGES / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    shutil.copytree(EDGES / "data", tmp_path / "data")
    monkeypatch.setattr(module, "DATA", tmp_path / "data")
    return module


def test_the_files_are_what_the_script_writes(build: ModuleType) -> None:
    assert build.main(["--check"]) == 0
    written = {path.name for path in build.DATA.iterdir()}
    assert build.main([]) == 0
    assert {path.name for path in build.DATA.iterdir()} == written


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("LOUD_1d.csv", "FLAT_1d.csv"),
        ("NANOS_1d.parquet", "DAYS_1d.parquet"),
        ("NONE_1d.parquet", "LATIN_1d.csv"),
    ],
)
def test_a_file_that_holds_something_else_is_named(
    build: ModuleType, capsys: pytest.CaptureFixture[str], name: str, other: str
) -> None:
    shutil.copy(build.DATA / other, build.DATA / name)
    assert build.main(["--check"]) == 1
    assert f"{name} is not what this script writes" in capsys.readouterr().err


def test_every_edge_has_a_baseline() -> None:
    approved = EDGES.parent / "baselines" / "edges"
    assert {file.name for file in EDGES.glob("*.yaml")} == {
        file.name.removesuffix(".json") for file in approved.iterdir()
    }
