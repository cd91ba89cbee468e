"""The manifest lists every file of the results, and nothing else."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
import xxhash

from containers.errors import StorageError
from containers.storage import MANIFEST_FILE
from tests.storage.samples import create

CONTENTS = {
    "result.json": b"{}",
    "0/backtest/0/trace/part-0.parquet": b"x" * 3_000_000,
    "0/backtest/0/empty": b"",
    "0/backtest/0/portfolios/s.p/trades.parquet": b"trades",
    "0/backtest/iterations.log": b"log",
}
HIDDEN = (
    ".lock", "run.json", "manifest.json", "0/backtest/units.log", "0/.hidden/file",
    "0/backtest/.0.part/file", "0/backtest/.file",
)  # fmt: skip
NESTED = ("0/run.json", "0/manifest.json")
"""Files of outputs below a phase may be called as those of the run are."""


def write(folder: Path, name: str, content: bytes) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def test_the_manifest_lists_every_file_of_the_results_with_size_and_digest(tmp_path: Path) -> None:
    folder = create(tmp_path)
    for name, content in CONTENTS.items():
        write(folder.path, name, content)
    for name in HIDDEN:
        write(folder.path, name, b"hidden")
    for name in NESTED:
        write(folder.path, name, b"")
    assert folder.write_manifest() == MANIFEST_FILE == "manifest.json"
    document = json.loads((folder.path / "manifest.json").read_text())
    assert document["schema"] == "paritykit/manifest/1"
    listed = {entry["path"]: entry for entry in document["files"]}
    assert sorted(listed) == sorted((*CONTENTS, *NESTED))
    for name, content in CONTENTS.items():
        assert listed[name] == {
            "path": name,
            "bytes": len(content),
            "digest": xxhash.xxh3_128(content).hexdigest(),
        }


def test_equal_folders_have_equal_manifests(tmp_path: Path) -> None:
    texts = []
    for names in (list(CONTENTS), list(reversed(CONTENTS))):
        folder = create(tmp_path)
        for name in names:
            write(folder.path, name, CONTENTS[name])
        folder.write_manifest()
        texts.append((folder.path / "manifest.json").read_bytes())
    assert texts[0] == texts[1]


def test_a_run_without_files_has_an_empty_manifest(tmp_path: Path) -> None:
    folder = create(tmp_path)
    folder.write_manifest()
    assert json.loads((folder.path / "manifest.json").read_text())["files"] == []


def test_a_manifest_that_cannot_be_written_is_a_storage_error(tmp_path: Path) -> None:
    folder = create(tmp_path)
    (folder.path / "manifest.json").mkdir()
    with pytest.raises(StorageError, match=r"manifest\.json could not be written: Is a directory"):
        folder.write_manifest()
    assert not list(folder.path.glob(".*.part"))


def test_a_manifest_of_many_files_takes_no_more_memory_than_one_of_few(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        folder = create(tmp_path)
        for number in range(count):
            write(folder.path, f"0/sweep/{number // 10}/{number}/file", b"")
        tracemalloc.start()
        folder.write_manifest()
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    peak(10)
    assert peak(2_000) < peak(100) + 300_000  # 1,900 entries more are 2 MB more


def test_a_file_that_cannot_be_read_is_a_storage_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = create(tmp_path)
    write(folder.path, "0/file", b"x")
    real = Path.open

    def refuse(self: Path, *args: Any, **kwargs: Any) -> Any:
        if self.name == "file":
            raise PermissionError(13, "Permission denied")
        return real(self, *args, **kwargs)

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(StorageError, match="0/file could not be read: Permission denied; restore"):
        folder.write_manifest()
    assert sorted(path.name for path in folder.path.iterdir()) == [".lock", "0", "run.json"]
