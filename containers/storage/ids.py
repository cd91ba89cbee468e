"""Names of runs."""

from __future__ import annotations

import re

from containers.errors import ConfigurationError, Problem

__all__ = ["check_workflow_id", "default_workflow_id"]

_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}")


def default_workflow_id(workflow: str, digest: str, number: int) -> str:
    """Name a run after its workflow and configuration.

    >>> default_workflow_id("simple_backtest", "0123456789abcdef", 1)
    'simple_backtest-01234567-1'
    """
    return f"{workflow}-{digest[:8]}-{number}"


def check_workflow_id(workflow_id: str) -> str:
    """Give ``workflow_id`` back when it is one safe path segment.

    Raises:
        ConfigurationError: It is not.
    """
    if _ID.fullmatch(workflow_id):
        return workflow_id
    message = (
        f"found the workflow id {workflow_id!r}, expected letters, digits, '.', '_' or '-', "
        "at most 200 of them"
    )
    raise ConfigurationError([Problem(message, hint="it becomes the name of a folder")])
