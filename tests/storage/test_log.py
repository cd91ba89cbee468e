"""Logs: what was appended is found by its key."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from containers.errors import StorageError
from containers.storage.log import LogReader, LogWriter, recover
from tests.storage.logs import OWNER, RECORDS, open_files, read, write


def test_records_are_found_by_their_keys(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "log"
    ends = write(path, RECORDS)
    assert read(path) == dict(RECORDS)
    assert recover(path, OWNER)[1] == ends[-1] == path.stat().st_size


def test_a_writer_says_where_each_record_lies(tmp_path: Path) -> None:
    writer = LogWriter(tmp_path / "log", OWNER)
    places = {key: writer.append(key, content) for key, content in RECORDS}
    writer.close()
    reader = LogReader(tmp_path / "log", places)
    assert {key: reader.read(key) for key in places} == dict(RECORDS)
    assert recover(tmp_path / "log", OWNER)[0] == places


def test_of_several_records_under_one_key_the_last_counts(tmp_path: Path) -> None:
    write(tmp_path / "log", [((0,), b"first"), ((1,), b"other"), ((0,), b"last")])
    assert read(tmp_path / "log") == {(0,): b"last", (1,): b"other"}


def test_a_log_without_records_is_one(tmp_path: Path) -> None:
    write(tmp_path / "log", [])
    assert read(tmp_path / "log") == {}


def test_equal_records_make_equal_files(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write(tmp_path / name, RECORDS)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_key_that_is_not_there_is_a_storage_error(tmp_path: Path) -> None:
    write(tmp_path / "log", RECORDS)
    reader = LogReader(tmp_path / "log", recover(tmp_path / "log", OWNER)[0])
    assert (7,) not in reader
    with pytest.raises(StorageError, match="does not have the record 7/1 as it was written; the f"):
        reader.read((7, 1))


def test_what_is_read_after_the_file_changed_is_what_was_written_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "log"
    write(path, RECORDS)
    reader = LogReader(path, recover(path, OWNER)[0])
    write(path, [((9,), b"another log altogether"), *RECORDS])
    with pytest.raises(StorageError, match="does not have the record of the phase as it was"):
        reader.read(())
    write(path, [((3,), RECORDS[0][1]), *RECORDS[1:]])
    with pytest.raises(StorageError, match="does not have the record 0 as it was written"):
        reader.read((0,))
    assert reader.read(()) == b"the phase"
    path.write_bytes(b"")
    with pytest.raises(StorageError, match="does not have the record 0 as it was written"):
        reader.read((0,))
    path.unlink()
    with pytest.raises(StorageError, match="could not be read: No such file or directory; restore"):
        reader.read((0,))


def test_a_log_of_another_owner_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "log", RECORDS)
    with pytest.raises(StorageError, match="belongs to another configuration or other data than"):
        recover(tmp_path / "log", "another")


@pytest.mark.parametrize("content", [b"PAR1", b"{}", b"paritykit/log/2\n", b"\x00" * 15 + b"x"])
def test_a_file_that_is_no_log_is_refused_with_what_was_expected(
    content: bytes, tmp_path: Path
) -> None:
    (tmp_path / "log").write_bytes(content)
    with pytest.raises(StorageError, match="is no log of a run; expected it to begin with b'pari"):
        recover(tmp_path / "log", OWNER)


def test_two_logs_in_one_file_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "log", RECORDS)
    content = (tmp_path / "log").read_bytes()
    (tmp_path / "log").write_bytes(content * 2)
    with pytest.raises(StorageError, match=f"is damaged at byte {len(content)}: restore the file"):
        recover(tmp_path / "log", OWNER)
    (tmp_path / "log").write_bytes(content + content[len(b"paritykit/log/1\n") :])
    with pytest.raises(StorageError, match=f"is damaged at byte {len(content)}: restore the file"):
        recover(tmp_path / "log", OWNER)


def test_a_log_that_names_no_owner_is_refused(tmp_path: Path) -> None:
    ends = write(tmp_path / "log", RECORDS)
    content = (tmp_path / "log").read_bytes()
    (tmp_path / "log").write_bytes(content[:16] + content[ends[0] :])
    with pytest.raises(StorageError, match="is damaged at byte 16"):
        recover(tmp_path / "log", OWNER)


def test_a_folder_in_the_place_of_a_log_is_refused(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    with pytest.raises(StorageError, match="could not be read: Is a directory"):
        recover(tmp_path / "log", OWNER)
    with pytest.raises(StorageError, match="could not be written: Is a directory"):
        LogWriter(tmp_path / "log", OWNER)


def test_no_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("kept")
    (tmp_path / "log").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StorageError, match="could not be written: Too many levels of symbolic lin"):
        LogWriter(tmp_path / "log", OWNER)
    assert (tmp_path / "elsewhere").read_text() == "kept"


def test_many_records_take_little_memory_and_no_open_files(tmp_path: Path) -> None:
    path, count = tmp_path / "log", 30_000
    writer = LogWriter(path, OWNER)
    for index in range(count):
        writer.append((index, 0), b"content")
    writer.close()
    files = open_files()
    tracemalloc.start()
    reader = LogReader(path, recover(path, OWNER)[0])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak / count < 300
    for index in range(0, count, 3_000):
        assert reader.read((index, 0)) == b"content"
    assert open_files() == files
