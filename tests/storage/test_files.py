"""Files are written whole, under their names, or not at all."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from containers.errors import StorageError
from containers.files import write_pieces_aside
from containers.storage import write_aside


def test_a_file_is_written_whole_under_its_name_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    write_aside(path, b"first")
    write_aside(path, b"second")
    assert path.read_bytes() == b"second"
    assert list(tmp_path.iterdir()) == [path]


def test_pieces_become_one_file(tmp_path: Path) -> None:
    write_pieces_aside(tmp_path / "file", (b"%d," % n for n in range(5)))
    assert (tmp_path / "file").read_bytes() == b"0,1,2,3,4,"


def full_disk(pieces: int) -> Iterator[bytes]:
    """Stand for a disk that has taken some pieces and no more."""
    for _ in range(pieces):
        yield b"half of" * 10_000
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("pieces", [0, 1, 100])
def test_a_failed_write_leaves_what_was_there_and_nothing_else(pieces: int, tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    write_aside(path, b"before")
    with pytest.raises(StorageError) as raised:
        write_pieces_aside(path, full_disk(pieces))
    assert str(raised.value).startswith(f"{path} could not be written: No space left on device")
    assert isinstance(raised.value.__cause__, OSError)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_rename_leaves_what_was_there_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "result.json"
    write_aside(path, b"before")

    def fail(*_: Any) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(StorageError, match="could not be written: Input/output error"):
        write_aside(path, b"after")
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupt_leaves_what_was_there_and_nothing_else(tmp_path: Path) -> None:
    def interrupted() -> Iterator[bytes]:
        yield b"half of"
        raise KeyboardInterrupt

    path = tmp_path / "result.json"
    write_aside(path, b"before")
    with pytest.raises(KeyboardInterrupt):
        write_pieces_aside(path, interrupted())
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_in_a_folder_that_does_not_exist_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="could not be written: No such file or directory"):
        write_aside(tmp_path / "missing" / "result.json", b"")
    assert list(tmp_path.iterdir()) == []
