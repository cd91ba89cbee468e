"""What came of mutants, kept as it comes, so that an interrupted sample is gone on with.

A file of lines of JSON. The first says what it is; each other is one result, with the digest of
the code and of what it was held against. Of a result of other code nothing is taken.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from parity.errors import UsageError

__all__ = ["Result", "ResultsFile"]

_FORMAT: Final = "paritykit/mutants/1"
_HEAD: Final = json.dumps({"format": _FORMAT}) + "\n"


class Result(msgspec.Struct, frozen=True):
    """What came of one mutant.

    Attributes:
        mutant: Its id.
        digest: Of the code it was made from, and of all stages.
        outcome: ``caught`` or ``escaped``.
        stage: Name of the stage that saw it; null when none did.
        detail: What that stage said of it, or ``time limit``, or how its process died.
        executed: Whether any stage ran the changed statement.
        seconds: How long it took.
    """

    mutant: str
    digest: str
    outcome: str
    stage: str | None
    detail: str | None
    executed: bool
    seconds: float


class ResultsFile:
    """The results of one code, by mutant.

    Args:
        path: The file; made when there is none.
        digest: Of the code now.

    Raises:
        UsageError: It is not such a file, or cannot be written.
    """

    def __init__(self, path: Path, digest: str) -> None:
        self._path = path
        self._digest = digest
        self._known: dict[str, Result] = {}
        try:
            if path.exists():
                self._read()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(_HEAD, encoding="utf-8")
        except OSError as error:
            raise UsageError(
                f"results cannot be kept in {path}: {error.strerror}; name another with --results"
            ) from error

    @property
    def known(self) -> Mapping[str, Result]:
        """Results of this code, by mutant."""
        return self._known

    def add(self, result: Result) -> None:
        """Append a result."""
        line = msgspec.json.encode(result) + b"\n"
        with self._path.open("ab") as file:
            file.write(line)
        self._known[result.mutant] = result

    def _read(self) -> None:
        lines = self._path.read_bytes().split(b"\n")
        if lines[0] != _HEAD.strip().encode():
            raise UsageError(
                f"{self._path} is no file of results of mutants ({_FORMAT}); move it away, or name "
                "another with --results"
            )
        # What follows the last end of line was cut off when its process ended: it is not there.
        if lines[-1]:
            whole = self._path.read_bytes()[: -len(lines[-1])]
            self._path.write_bytes(whole)
        for number, line in enumerate(lines[1:-1], start=2):
            try:
                result = msgspec.json.decode(line, type=Result)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise UsageError(
                    f"{self._path}:{number}: this is no result of a mutant: {error}; remove the "
                    "line, or name another file with --results"
                ) from error
            if result.digest == self._digest:
                self._known[result.mutant] = result
