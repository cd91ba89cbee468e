"""A log, written and read whole, for all tests of logs."""

from __future__ import annotations

from pathlib import Path

from containers.storage.log import Key, LogReader, LogWriter, recover

OWNER = "0123456789abcdef"
RECORDS: list[tuple[Key, bytes]] = [
    ((0,), b"first"),
    ((1, 2, 3), b""),
    ((4,), b"\x00" * 40),
    ((2**32 - 1,), bytes(range(256))),
    ((), b"the phase"),
]


def write(path: Path, records: list[tuple[Key, bytes]]) -> list[int]:
    """Write a log; answer at which byte it ended after its owner and after each record."""
    writer = LogWriter(path, OWNER)
    ends = [path.stat().st_size]
    for key, content in records:
        writer.append(key, content)
        ends.append(path.stat().st_size)
    writer.close()
    return ends


def read(path: Path) -> dict[Key, bytes]:
    places, _ = recover(path, OWNER)
    reader = LogReader(path, places)
    return {key: reader.read(key) for key in places}


def open_files() -> int:
    """Count what this process holds open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())
