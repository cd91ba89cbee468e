"""``run.json``: what a run is, and what has become of it."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal, TypeAlias

import msgspec

from containers.errors import StorageError
from containers.files import not_read, write_aside
from containers.storage.identity import Identity

__all__ = ["CARD_FILE", "RunCard", "RunState", "read_card", "write_card"]

CARD_FILE: Final = "run.json"
_SCHEMA: Final = "paritykit/run-card/1"

RunState: TypeAlias = Literal["running", "finished", "failed"]


class RunCard(msgspec.Struct, frozen=True, kw_only=True):
    """What a run is.

    Attributes:
        engine: Which engine runs it.
        workflow: Name of the workflow.
        storage: ``memory``, ``disk`` or ``hybrid``.
        identity: What its result depends on.
        state: ``running`` also of a run that was interrupted; its lock tells the two apart.
        schema: Of the file.
    """

    engine: str
    workflow: str
    storage: str
    identity: Identity
    state: RunState = "running"
    schema: str = _SCHEMA


class _Schema(msgspec.Struct):
    schema: str


def write_card(folder: Path, card: RunCard) -> None:
    """Write the card of the run in ``folder``.

    Raises:
        StorageError: It could not be written; the one before it stays.
    """
    text = msgspec.json.format(msgspec.json.encode(card), indent=1)
    write_aside(folder / CARD_FILE, text + b"\n")


def read_card(folder: Path) -> RunCard:
    """Read the card of the run in ``folder``.

    Raises:
        StorageError: There is none, or it is not ours.
    """
    file = folder / CARD_FILE
    try:
        content = file.read_bytes()
        schema = msgspec.json.decode(content, type=_Schema).schema
        if schema != _SCHEMA:
            raise StorageError(
                f"{file} has the schema {schema!r}; expected {_SCHEMA!r}: use the version that "
                "began the run, or start one of its own"
            )
        return msgspec.json.decode(content, type=RunCard)
    except OSError as error:
        raise not_read(file, error) from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise StorageError(
            f"{file} does not describe a run: {error}; restore it, or start a run of its own"
        ) from error
