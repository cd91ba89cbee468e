"""What a text like ``processes:4`` means."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec

from containers.errors import ExecutorError
from containers.nearest import nearest

__all__ = ["ExecutorKind", "ExecutorSpec", "parse_executor"]

ExecutorKind: TypeAlias = Literal["serial", "processes", "dask"]

_EXPECTED: Final = "expected serial, processes, processes:N or dask://HOST:PORT"


class ExecutorSpec(msgspec.Struct, frozen=True):
    """An executor as it is asked for; `str` gives the text of it.

    Attributes:
        kind: ``serial`` is this process, ``processes`` are workers on this machine, ``dask`` those
            of a cluster.
        workers: Number of processes, at least 1; null for as many as this process has processors.
            Always null but for ``processes``.
        address: ``HOST:PORT`` of the scheduler of a cluster; null but for ``dask``.
    """

    kind: ExecutorKind
    workers: int | None = None
    address: str | None = None

    def __str__(self) -> str:
        if self.kind == "dask":
            return f"dask://{self.address}"
        return self.kind if self.workers is None else f"{self.kind}:{self.workers}"


def parse_executor(text: str) -> ExecutorSpec:
    """Read the text of an executor.

    >>> parse_executor("processes:4")
    ExecutorSpec(kind='processes', workers=4, address=None)
    >>> str(parse_executor("dask://127.0.0.1:8786"))
    'dask://127.0.0.1:8786'

    Raises:
        ExecutorError: It means no executor.
    """
    kind, colon, rest = text.partition(":")
    if kind == "serial" and not colon:
        return ExecutorSpec("serial")
    if kind == "processes" and not colon:
        return ExecutorSpec("processes")
    if kind == "processes":
        if not (rest.isascii() and rest.isdigit() and 1 <= len(rest) <= 5 and int(rest)):
            raise _wrong(text, f"found '{rest}' as the number of processes, expected 1 or more")
        return ExecutorSpec("processes", workers=int(rest))
    if kind == "dask":
        address = rest.removeprefix("//")
        host, _, port = address.rpartition(":")
        in_range = port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) < 65536
        if address == rest or not host or not in_range or set(host) & set("/ @"):
            raise _wrong(text, "expected the scheduler's address, like dask://127.0.0.1:8786")
        return ExecutorSpec("dask", address=address)
    near = nearest(kind, ["serial", "processes", "dask"])
    if kind == "serial":
        raise _wrong(text, "serial takes no number")
    raise _wrong(text, _EXPECTED + (f" (did you mean '{near}'?)" if near else ""))


def _wrong(text: str, why: str) -> ExecutorError:
    return ExecutorError(f"executor '{text}' is not understood: {why}")
