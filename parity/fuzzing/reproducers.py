"""Saved examples: a small folder that people can read and `parity replay` can run.

```
example.json         the example as it was drawn, with versions and what was found
verdict.txt          what was found, in words
config.yaml          the configuration
market/              the files of bars
definitions/         the workflow in Python          patterns/    the same as patterns
```

What is run again is ``example.json``; the other files must be what it says, so that nobody reads
one thing and runs another.
"""

from __future__ import annotations

import platform
import re
import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Final

import msgspec

from containers.files import write_aside
from parity.errors import ParityError
from parity.fuzzing.evaluation import Asked, Finding, digest_of
from parity.generation.rendering import render
from parity.generation.specs import Example

__all__ = ["Reproducer", "ReproducerError", "load_reproducer", "save_reproducer"]

SCHEMA: Final = "paritykit/example/1"
_FILE: Final = "example.json"
_VERDICT: Final = "verdict.txt"
_LARGEST: Final = 20_000_000


class ReproducerError(ParityError):
    """A folder is no saved example that can be run again; the message says why."""


class Versions(msgspec.Struct, frozen=True):
    """With what an example was saved."""

    paritykit: str
    python: str


class Told(msgspec.Struct, frozen=True):
    """What was found, as far as a file keeps it."""

    kind: str
    name: str
    text: str


class Reproducer(msgspec.Struct, frozen=True):
    """What ``example.json`` holds.

    Attributes:
        schema: Of the file.
        versions: With what it was saved.
        found: What was found; null: nothing, it was saved because it is worth running.
        asked: The relation that is held as well; null: none.
        example: The example.
    """

    schema: str
    versions: Versions
    found: Told | None
    asked: Asked | None
    example: Example


def save_reproducer(
    example: Example, into: Path, finding: Finding | None = None, asked: Asked | None = None
) -> Path:
    """Save an example below a folder, under a name that says what was found.

    Args:
        example: What is saved.
        into: The folder that gets the new one; it is made.
        finding: What was found; null: nothing.
        asked: The relation that found it; null: none.

    Returns:
        The new folder; one of the same name, which holds the same, is replaced.
    """
    told = None if finding is None else Told(finding.kind, finding.name, finding.text)
    label = "example" if finding is None else f"{finding.kind}-{finding.name}"
    folder = into / f"{re.sub('[^A-Za-z0-9_-]+', '-', label)}-{digest_of(example)[:8]}"
    content = Reproducer(SCHEMA, _versions(), told, asked, example)
    into.mkdir(parents=True, exist_ok=True)
    if folder.exists():
        shutil.rmtree(folder)
    render(example, folder)
    write_aside(folder / _VERDICT, _verdict(finding, asked).encode())
    text = msgspec.json.format(msgspec.json.encode(content), indent=1)
    write_aside(folder / _FILE, text + b"\n")  # last: a folder without it is not whole
    return folder


def load_reproducer(folder: Path) -> Reproducer:
    """Read a saved example, and hold the files beside it against it.

    Raises:
        ReproducerError: It is none, it is damaged, something in it was changed, or another version
            saved it.
    """
    file = folder / _FILE
    if not folder.is_dir():
        raise ReproducerError("there is no such folder")
    if not file.is_file():
        raise ReproducerError(f"it has no {_FILE}, so it is no saved example")
    try:
        if file.stat().st_size > _LARGEST:
            raise ReproducerError(f"{_FILE} has more than {_LARGEST} bytes, so it is none of ours")
        raw = msgspec.json.decode(file.read_bytes())
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ReproducerError(f"{_FILE} cannot be read: {error}") from error
    _check_origin(raw)
    try:
        reproducer = msgspec.convert(raw, Reproducer)
    except msgspec.ValidationError as error:
        raise ReproducerError(f"{_FILE} is damaged: {error}") from error
    _check_files(reproducer.example, folder)
    return reproducer


def _versions() -> Versions:
    return Versions(version("paritykit"), platform.python_version())


def _check_origin(raw: object) -> None:
    """Refuse what is not ours, and what another version saved: it may have meant another thing."""
    schema = raw.get("schema") if isinstance(raw, dict) else None
    if not isinstance(raw, dict) or not isinstance(schema, str):
        raise ReproducerError(f"{_FILE} has no schema, so it is none of ours")
    if schema != SCHEMA:
        raise ReproducerError(f"{_FILE} has the schema '{schema}', expected '{SCHEMA}'")
    saved = raw.get("versions")
    by = saved.get("paritykit") if isinstance(saved, dict) else None
    if not isinstance(by, str):
        raise ReproducerError(f"{_FILE} is damaged: it does not say which version saved it")
    ours = _versions().paritykit
    if by.split(".")[:2] != ours.split(".")[:2]:
        raise ReproducerError(
            f"paritykit {by} saved it, and this is {ours}: what an example means may have changed; "
            "run it with that version, or search again"
        )


def _check_files(example: Example, folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="parity-") as scratch:
        due = Path(scratch) / "due"
        try:
            render(example, due)
        except (ValueError, OSError, OverflowError) as error:
            raise ReproducerError(f"{_FILE} is damaged: {error}") from error
        expected = _contents(due)
    found = _contents(folder)
    for name in sorted({*expected, *found} - {_FILE, _VERDICT}):
        if name not in found:
            raise ReproducerError(f"it is damaged: {name} is missing")
        if name not in expected:
            raise ReproducerError(f"{name} does not belong to the example")
        if found[name] != expected[name]:
            raise ReproducerError(f"{name} is not what {_FILE} says: it was changed or damaged")


_BESIDE: Final = ("__pycache__", ".parity", "results")
"""What running something in a saved folder leaves there."""


def _contents(folder: Path) -> dict[str, bytes]:
    files = {file.relative_to(folder): file for file in sorted(folder.rglob("*"))}
    return {
        name.as_posix(): file.read_bytes()
        for name, file in files.items()
        if file.is_file() and not set(_BESIDE) & set(name.parts[:-1])
    }


def _verdict(finding: Finding | None, asked: Asked | None) -> str:
    if finding is None:
        return "Nothing: it is kept because it is worth running.\n"
    held = f"relation: {asked.relation}, of {asked.engine}\n" if asked is not None else ""
    return f"{finding.kind}: {finding.name}\n{held}{finding.text}\n"
