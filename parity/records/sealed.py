"""JSON files that notice when they were cut off or edited.

The last entry of such a document is ``checksum``, xxh3_128 of everything before it, so any change
of a byte shows. `sealed_json` makes the bytes, `read_sealed` reads a file back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
import xxhash

from parity.errors import UsageError

__all__ = ["read_sealed", "seal_of", "sealed_json"]

T = TypeVar("T", bound=msgspec.Struct)

_SEAL: Final = re.compile(rb',"checksum":"([0-9a-f]{32})"\}\n\Z')


def sealed_json(document: Mapping[str, Any]) -> bytes:
    """Give a document of at least one entry as JSON, with its checksum as the last entry."""
    # In ASCII: names of files can hold what has no UTF-8.
    body = json.dumps(document, separators=(",", ":")).encode()
    checksum = xxhash.xxh3_128_hexdigest(body).encode()
    return body[:-1] + b',"checksum":"' + checksum + b'"}\n'


def seal_of(file: Path) -> str | None:
    """Give the checksum that a file states; null when it states none, or cannot be read."""
    try:
        seal = _SEAL.search(file.read_bytes())
    except OSError:
        return None
    return None if seal is None else seal[1].decode()


def read_sealed(file: Path, type_: type[T], schema: str, *, again: str) -> T:
    """Read a file that `sealed_json` made.

    Args:
        file: It.
        type_: What it holds, without ``schema`` and ``checksum``; unknown keys are refused where it
            forbids them.
        schema: What its entry ``schema`` has to be.
        again: What to do when the file is no good.

    Raises:
        UsageError: It is not there, was cut off or edited, or is of another kind or version.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}; {again}") from error
    try:
        # Python's reader knows NaN and infinity, which results may hold.
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{file} was cut off or damaged: {error}; {again}") from error
    found = document.pop("schema", None) if isinstance(document, dict) else None
    if found != schema:
        what = "without a schema" if found is None else f"of the schema {found!r}"
        raise UsageError(f"{file} holds a document {what}; expected {schema!r}: {again}")
    seal = _SEAL.search(content)
    if (
        seal is None
        or xxhash.xxh3_128_hexdigest(content[: seal.start()] + b"}") != seal[1].decode()
    ):
        raise UsageError(
            f"{file} does not have the checksum it states: it was cut off or edited; {again}"
        )
    del document["checksum"]
    try:
        return msgspec.convert(document, type_)
    except msgspec.ValidationError as error:
        raise UsageError(f"{file} does not hold what it should: {error}; {again}") from error
