"""The manifest: every file of a run's results with its size and digest, written last."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import xxhash

from containers.files import not_read, write_pieces_aside
from containers.storage.card import CARD_FILE
from containers.storage.phase_store import UNITS_FILE

__all__ = ["MANIFEST_FILE", "result_files", "write_manifest"]

MANIFEST_FILE: Final = "manifest.json"
_BLOCK: Final = 1_048_576


def result_files(folder: Path) -> Iterator[Path]:
    """Give the files of a run's results, in the order of their paths.

    That is every file but the manifest, the run's card, logs of units, and what is hidden: a name
    that begins with a dot, or a folder called so.
    """
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _below(Path(entry.path))
        elif entry.is_file() and entry.name not in (MANIFEST_FILE, CARD_FILE):
            yield Path(entry.path)


def _below(folder: Path) -> Iterator[Path]:
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _below(Path(entry.path))
        elif entry.is_file() and entry.name != UNITS_FILE:
            yield Path(entry.path)


def write_manifest(folder: Path) -> str:
    """List the files of a run's results; answer the manifest's path inside the folder.

    It is written as the files are found, so that it takes no more memory for many than for few.

    Raises:
        StorageError: It could not be written, or a file not be read; there is no part of it.
    """
    write_pieces_aside(folder / MANIFEST_FILE, _pieces(folder))
    return MANIFEST_FILE


def _pieces(folder: Path) -> Iterator[bytes]:
    yield b'{\n "schema": "paritykit/manifest/1",\n "files": ['
    separator = b""
    for file in result_files(folder):
        try:
            entry = {
                "path": file.relative_to(folder).as_posix(),
                "bytes": file.stat().st_size,
                "digest": _digest(file),
            }
        except OSError as error:
            raise not_read(file, error) from error
        yield separator + b"\n  " + json.dumps(entry).encode()
        separator = b","
    yield b"\n ]\n}\n"


def _digest(file: Path) -> str:
    state = xxhash.xxh3_128()
    with file.open("rb", buffering=0) as stream:
        while block := stream.read(_BLOCK):
            state.update(block)
    return state.hexdigest()
