"""Plain values of what results and journals hold: mappings, lists, text, numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from containers.results import ErrorInfo

__all__ = ["plain", "plain_error", "without_root"]


def plain(value: Any) -> Any:
    """Give ``value`` as plain mappings, lists, tuples and scalars, types of numbers unchanged.

    >>> plain({"a": (1, 2.0, None)})
    {'a': (1, 2.0, None)}
    """
    return msgspec.to_builtins(value, enc_hook=_encode)


def _encode(value: object) -> object:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        # A float of numpy's is not a float: what leaks out of an engine must be seen.
        return {"numpy": type(value).__name__, "value": value.item()}
    summary = getattr(value, "summary", None)
    if summary is not None:
        # Where its files lie is said by the trace summary, below the run's folder.
        return {**msgspec.to_builtins(summary(None)), "path": None}
    # Iterations and portfolios that lie in files are the same as those in memory.
    if isinstance(value, Mapping):
        return dict(value)
    return tuple(value) if isinstance(value, Sequence) else repr(value)


def plain_error(error: ErrorInfo | None, root: Path | None) -> dict[str, Any] | None:
    """Give what engines must say alike of an error.

    Of a container's failure that is everything, since it says it itself. All else is worded by the
    engine, and only type and place are compared.
    """
    if error is None:
        return None
    told: dict[str, Any] = {
        "type": error.type,
        "path": error.path,
        "container": error.container,
        "activity": error.activity,
        "attached": [plain_error(later, root) for later in error.attached],
    }
    if error.container is not None:
        told["message"] = without_root(error.message, root)
        told["causes"] = without_root(list(error.causes), root)
    return told


def without_root(tree: Any, root: Path | None) -> Any:
    """Strike a subject's own folder from texts: it means nothing, and differs between any two."""
    if isinstance(tree, str):
        return tree if root is None else tree.replace(str(root), "ROOT")
    if isinstance(tree, Mapping):
        return {key: without_root(value, root) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [without_root(value, root) for value in tree]
    return tree
