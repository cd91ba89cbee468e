"""What a process of `parity.faults.worker` is told to do."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from parity.faults.fault import Scenario

__all__ = ["Job", "Task"]


class Task(msgspec.Struct, frozen=True):
    """One scenario to verify.

    Attributes:
        scenario: What is run.
        folder: An empty folder for it.
        result: File for the observation.
        approved: What unchanged code came to; null: nothing to compare with.
    """

    scenario: Scenario
    folder: str
    result: str
    approved: Mapping[str, str] | None = None


class Job(msgspec.Struct, frozen=True):
    """What a process does.

    Attributes:
        begun: File that appears when all is imported.
        tasks: What is verified, one after the other.
        watched: Files that no statement marks, and for each what is to appear when it is opened.
    """

    begun: str
    tasks: tuple[Task, ...]
    watched: Mapping[str, str] = {}
