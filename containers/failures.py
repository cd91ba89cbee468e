"""From what was raised to what a result carries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from containers.errors import ContainerError
from containers.journal import JournalPath
from containers.results import ErrorInfo

__all__ = ["describe_error", "path_text"]


def path_text(path: JournalPath) -> str:
    """Write a structural path.

    >>> path_text((("iteration", 0), ("phase", "backtest")))
    'iteration=0/phase=backtest'
    """
    return "/".join(f"{level}={key}" for level, key in path)


def describe_error(
    error: BaseException, path: JournalPath, attached: Sequence[BaseException] = ()
) -> ErrorInfo:
    """Describe ``error`` as found at ``path``, with the errors that followed it.

    A `ContainerError` names the container; what is described is its cause.
    """
    first = error.cause if isinstance(error, ContainerError) else error
    return ErrorInfo(
        type=type(first).__name__,
        message=str(first),
        path=path_text(path),
        container=error.container if isinstance(error, ContainerError) else None,
        activity=error.activity if isinstance(error, ContainerError) else None,
        causes=tuple(f"{type(cause).__name__}: {cause}" for cause in _chain(first)),
        attached=tuple(describe_error(later, path) for later in attached),
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Give what ``error`` was raised from, nearest first, each once."""
    seen = {id(error)}
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    while cause is not None and id(cause) not in seen:
        yield cause
        seen.add(id(cause))
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
