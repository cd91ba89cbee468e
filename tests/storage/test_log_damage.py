"""Logs that are cut off end before that; damage elsewhere is noticed, and is never a record."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from containers.errors import StorageError
from containers.storage.log import Key, LogReader, LogWriter, recover
from tests.storage.logs import OWNER, RECORDS, read, write

# --- cut off ----------------------------------------------------------------------------------


def test_a_log_that_is_cut_off_at_any_byte_ends_before_its_last_record(tmp_path: Path) -> None:
    path = tmp_path / "log"
    ends = write(path, RECORDS)
    content = path.read_bytes()
    for size in range(len(content)):
        path.write_bytes(content[:size])
        whole = sum(end <= size for end in ends) - 1  # the first end is the owner's
        expected = dict(RECORDS[: max(whole, 0)])
        assert read(path) == expected, size
        good = ends[whole] if whole >= 0 else recover(path, OWNER)[1]
        assert recover(path, OWNER)[1] == good, size


def test_a_log_that_was_cut_off_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    path = tmp_path / "log"
    ends = write(path, RECORDS)
    content = path.read_bytes()
    for size in range(len(content)):
        path.write_bytes(content[:size])
        _, good = recover(path, OWNER)
        writer = LogWriter(path, OWNER, good)
        for key, record in RECORDS[max(sum(end <= size for end in ends) - 1, 0) :]:
            writer.append(key, record)
        writer.close()
        assert path.read_bytes() == content, size


@pytest.mark.parametrize("zeros", [1, 19, 23, 24, 25, 200, 70_000])
def test_zeros_behind_the_last_record_are_no_records(zeros: int, tmp_path: Path) -> None:
    path = tmp_path / "log"
    ends = write(path, RECORDS)
    content = path.read_bytes()
    path.write_bytes(content + b"\x00" * zeros)
    assert recover(path, OWNER)[1] == ends[-1]
    assert read(path) == dict(RECORDS)
    path.write_bytes(content + b"\x00" * zeros + b"\x01")
    if zeros < 23:  # less than a header
        assert read(path) == dict(RECORDS)
    else:
        with pytest.raises(StorageError, match=f"is damaged at byte {len(content)}"):
            recover(path, OWNER)


def test_a_last_record_whose_end_became_zeros_is_as_if_it_were_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "log"
    ends = write(path, RECORDS[:-1])
    content = path.read_bytes()
    for size in range(ends[-2], ends[-1] - 1):
        path.write_bytes(content[:size].ljust(len(content), b"\x00"))
        assert read(path) == dict(RECORDS[:-2]), size
    path.write_bytes(b"\x00" * len(content))
    assert recover(path, OWNER) == ({}, 0)


def test_a_last_record_that_ends_in_zeros_by_right_is_one(tmp_path: Path) -> None:
    write(tmp_path / "log", RECORDS[:3])
    assert read(tmp_path / "log") == dict(RECORDS[:3])
    write(tmp_path / "log", RECORDS[:2])
    assert read(tmp_path / "log") == dict(RECORDS[:2])


# --- damaged ----------------------------------------------------------------------------------


def never_wrong(path: Path, records: list[tuple[Key, bytes]]) -> bool:
    """Say whether damage was noticed; if it was not, every record that is found was written."""
    expected: dict[Key, list[bytes]] = {}
    for key, content in records:
        expected.setdefault(key, []).append(content)
    try:
        places, _ = recover(path, OWNER)
    except StorageError:
        return True
    noticed = False
    reader = LogReader(path, places)
    for key in {*places, *expected}:
        try:
            assert reader.read(key) in expected[key]
        except StorageError:
            noticed = True
    return noticed


def test_a_flipped_bit_is_never_a_wrong_record(tmp_path: Path) -> None:
    path = tmp_path / "log"
    write(path, RECORDS)
    content = path.read_bytes()
    for byte in range(len(content)):
        for flip in (1 << byte % 8, 0xFF):
            damaged = bytearray(content)
            damaged[byte] ^= flip
            path.write_bytes(damaged)
            assert never_wrong(path, RECORDS), (byte, flip)


KEYS = st.lists(st.integers(0, 2**32 - 1), max_size=4).map(tuple)


@given(st.lists(st.tuples(KEYS, st.binary(max_size=60)), max_size=6), st.data())
def test_no_damage_ever_gives_a_wrong_record(
    records: list[tuple[Key, bytes]], data: st.DataObject
) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "log"
        write(path, records)
        content = bytearray(path.read_bytes())
        begin = data.draw(st.integers(0, len(content)))
        end = data.draw(st.integers(begin, len(content)))
        content[begin:end] = data.draw(st.binary(max_size=40))
        path.write_bytes(content)
        never_wrong(path, records)
