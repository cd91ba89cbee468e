"""Records kept on disk, so that a verdict can be looked into later.

    {folder}/{number}/index.json          what was compared, and where each part lies; written last
    {folder}/{number}/verify.json         the document of `parity verify`
    {folder}/{number}/{configuration}/configuration.yaml, control-{subject}/record.json, trace/{n}/…
    {folder}/{number}/{configuration}/{pair}-{subject}/…

Numbers are given by exclusive creation, so any number of processes can write to one folder.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from containers.files import write_aside
from containers.nearest import did_you_mean
from parity.channels import Channel
from parity.comparison.outcome import ChannelOutcome
from parity.divergence import Divergence
from parity.errors import UsageError
from parity.places import unit_of
from parity.records.record_file import RECORD_FILE, StoredRecord, load_record, save_record
from parity.records.sealed import read_sealed, seal_of, sealed_json
from parity.verdicts import Verdict
from parity.verification import Pair, Verification

__all__ = ["LATEST", "RecordFolder", "RecordIndex", "StoredPair"]

LATEST: Final = "latest"
"""What stands for the newest record."""

_INDEX: Final = "index.json"
_DOCUMENT: Final = "verify.json"
_CONFIGURATION: Final = "configuration.yaml"
_SCHEMA: Final = "paritykit/records/1"
_AGAIN: Final = "verify again for a new record"


class StoredPair(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One comparison of a verification; as `Pair`, with the folders of records in their place.

    Attributes:
        config: The configuration as it was named.
        configuration: A copy of its file, relative to the record; null when it was none.
        control: Folder of the control's record, relative.
        candidate: Folder of the candidate's; null when it could not express the workflow.
        candidate_name: How reports call the candidate.
        verdict: The worst of the channels that count.
        ending: What the pair came to.
        channels: Verdict and counts of every channel, without the first difference.
        divergence: Where the two part first; null when they don't.
        note: Why nothing was compared; null when something was.
    """

    config: str
    configuration: str | None
    control: str
    candidate: str | None
    candidate_name: str
    verdict: Verdict
    ending: str
    channels: dict[Channel, ChannelOutcome]
    divergence: Divergence | None
    note: str | None


class RecordIndex(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a verification compared.

    Attributes:
        control: Name of the reference.
        candidates: Names of what was held against it.
        exit_code: With which it left.
        pairs: Its comparisons, the oracle's included.
        records: Folder of each record, and the checksum that it states.
    """

    control: str
    candidates: tuple[str, ...]
    exit_code: int
    pairs: tuple[StoredPair, ...]
    records: dict[str, str | None]


class RecordFolder:
    """The folder of one verification's records."""

    def __init__(self, path: Path) -> None:
        self.path: Final = path

    @classmethod
    def create(cls, parent: Path) -> RecordFolder:
        """Make the next free folder below ``parent``.

        Raises:
            UsageError: It can't be made there; nothing was left behind.
        """
        try:
            parent.mkdir(parents=True, exist_ok=True)
            number = max(_numbers(parent), default=0) + 1
            while True:
                path = parent / f"{number:06d}"
                try:
                    path.mkdir()
                    return cls(path)
                except FileExistsError:
                    number += 1
        except OSError as error:
            raise UsageError(
                f"records cannot be kept in {parent}: {error.strerror}; choose a writable folder "
                "with --records"
            ) from error

    @classmethod
    def latest(cls, parent: Path) -> RecordFolder:
        """Open the newest record below ``parent``.

        Raises:
            UsageError: There is none.
        """
        numbers = _numbers(parent)
        if not numbers:
            raise UsageError(f"there is no record in {parent}; make one with parity verify")
        return cls.open(_numbered(parent, max(numbers)))

    @classmethod
    def named(cls, name: str, parent: Path) -> RecordFolder:
        """Open a record by ``latest``, by its number below ``parent``, or by its path.

        Raises:
            UsageError: There is no such record.
        """
        if name == LATEST:
            return cls.latest(parent)
        path = Path(name)
        if name.isascii() and name.isdigit() and not path.is_dir():
            numbers = _numbers(parent)
            if int(name) in numbers:
                return cls.open(_numbered(parent, int(name)))
            there = f"from {min(numbers)} to {max(numbers)}" if numbers else "none at all"
            raise UsageError(f"there is no record {int(name)} in {parent} (there is {there})")
        if path.name in (_INDEX, _DOCUMENT) and path.is_file():
            path = path.parent
        if not path.is_dir():
            what = "is no folder" if path.exists() else "does not exist"
            hint = did_you_mean(name, [LATEST]) if os.sep not in name else "expected its folder"
            raise UsageError(
                f"the record {name} {what}: {hint}; name a number in {parent}, a record's folder, "
                f"or '{LATEST}'"
            )
        return cls.open(path)

    @classmethod
    def open(cls, path: Path) -> RecordFolder:
        """Open the record in a folder.

        Raises:
            UsageError: The folder holds no record, or one that was not finished.
        """
        if not (path / _INDEX).is_file():
            if not path.is_dir():
                raise UsageError(f"there is no record {path}; make one with parity verify")
            remains = (path / _DOCUMENT).exists() or any(path.glob("*/*/record.json"))
            empty = not any(path.iterdir())
            if remains or empty:
                raise UsageError(
                    f"{path} has no {_INDEX}: keeping it was interrupted, or an earlier version "
                    f"kept it; {_AGAIN}"
                )
            raise UsageError(f"{path} is not the folder of a record; it has no {_INDEX}")
        return cls(path)

    def index(self) -> RecordIndex:
        """Read what was compared.

        Raises:
            UsageError: It is damaged, edited, or of another version.
        """
        return read_sealed(self.path / _INDEX, RecordIndex, _SCHEMA, again=_AGAIN)

    def load(self, folder: str) -> StoredRecord:
        """Read one subject's record; ``folder`` is as a `StoredPair` names it.

        Raises:
            UsageError: It is damaged, edited, foreign or of another version, or another record than
                the one that was kept here.
        """
        path = self.path / folder
        if not path.resolve().is_relative_to(self.path.resolve()):
            raise UsageError(f"{self.path} names a record outside it, {folder}; {_AGAIN}")
        seal = seal_of(path / RECORD_FILE)
        if seal is not None and seal != self.index().records.get(folder):
            raise UsageError(
                f"{path / RECORD_FILE} is another record than the one {_INDEX} names; {_AGAIN}"
            )
        return load_record(path)

    def save(self, verification: Verification, document: dict[str, Any]) -> None:
        """Save the document and the record of every subject, traces as Parquet.

        Raises:
            StorageError: Something could not be written; what was is whole.
        """
        units: dict[int, set[str]] = {}  # those whose traces are looked into first, by record
        for pair in verification.pairs:
            unit = None if pair.divergence is None else unit_of(pair.divergence.path)
            for record in (pair.control, pair.candidate):
                units.setdefault(id(record), set()).update([] if unit is None else [unit])
        saved: dict[int, str] = {}
        controls: list[int] = []
        pairs = []
        for number, pair in enumerate(verification.pairs):
            if id(pair.control) not in controls:
                controls.append(id(pair.control))
            config = str(controls.index(id(pair.control)))
            places = []
            for place, record in (("control", pair.control), (str(number), pair.candidate)):
                if record is not None and id(record) not in saved:
                    saved[id(record)] = f"{config}/{place}-{_plain_name(record.subject)}"
                    save_record(record, self.path / saved[id(record)], units[id(record)])
                places.append(None if record is None else saved[id(record)])
            assert places[0] is not None  # there is always a control
            copied = self._copy(pair.config, config)
            pairs.append(_stored(pair, copied, places[0], places[1]))
        index = RecordIndex(
            verification.control,
            verification.candidates,
            verification.exit_code,
            tuple(pairs),
            {folder: seal_of(self.path / folder / RECORD_FILE) for folder in saved.values()},
        )
        # In ASCII: names of files can hold what has no UTF-8.
        write_aside(self.path / _DOCUMENT, json.dumps(document).encode() + b"\n")
        plain = msgspec.to_builtins(index, enc_hook=repr)
        write_aside(self.path / _INDEX, sealed_json({"schema": _SCHEMA, **plain}))

    def _copy(self, config: str, folder: str) -> str | None:
        """Keep a copy of a configuration's file, so that what was verified can be shown later."""
        try:
            content = Path(config).read_bytes()
        except (OSError, ValueError):
            return None  # it was a mapping, or has gone: then there are no lines to show
        relative = f"{folder}/{_CONFIGURATION}"
        write_aside(self.path / relative, content)
        return relative


def _stored(
    pair: Pair, configuration: str | None, control: str, candidate: str | None
) -> StoredPair:
    return StoredPair(
        config=pair.config,
        configuration=configuration,
        control=control,
        candidate=candidate,
        candidate_name=pair.candidate_name,
        verdict=pair.verdict,
        ending=pair.ending,
        channels={
            channel: msgspec.structs.replace(outcome, first=None)
            for channel, outcome in pair.channels.items()
        },
        divergence=pair.divergence,
        note=pair.note,
    )


def _plain_name(subject: str) -> str:
    return re.sub(r"[^A-Za-z0-9=_-]+", "-", subject)[:80]


def _numbers(parent: Path) -> Sequence[int]:
    """Give the numbers of the records below a folder."""
    try:
        names = [path.name for path in parent.iterdir()]
    except FileNotFoundError:
        return []
    except OSError as error:
        what = "is no folder" if parent.exists() else f"cannot be read: {error.strerror}"
        raise UsageError(f"{parent} {what}; name the one that records are kept in") from error
    return [int(name) for name in names if name.isascii() and name.isdigit()]


def _numbered(parent: Path, number: int) -> Path:
    return parent / f"{number:06d}"
