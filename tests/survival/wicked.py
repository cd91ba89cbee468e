"""Components that do to a worker what no component should."""

from __future__ import annotations

import os
import threading
import time
from typing import Any

import msgspec

from containers.components import Components, Momentum, default_components

__all__ = [
    "FAST",
    "SWITCH",
    "UnsendableError",
    "dying",
    "hanging",
    "holding_a_lock",
    "leaning",
    "raising",
    "state",
]

FAST = 3
"""The fast period that does not agree with them."""

SWITCH = "PARITYKIT_TEST_WICKED"
"""The variable of the environment that makes them die or hang."""


class UnsendableError(RuntimeError):
    """Holds what cannot be pickled."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.lock = threading.Lock()


class _Dying(Momentum, frozen=True):
    def decide(self, *arguments: Any, **others: Any) -> Any:
        if self.fast_period == FAST and SWITCH in os.environ:
            os._exit(7)
        return super().decide(*arguments, **others)


class _Hanging(Momentum, frozen=True):
    def decide(self, *arguments: Any, **others: Any) -> Any:
        if self.fast_period == FAST and SWITCH in os.environ:
            time.sleep(1000)
        return super().decide(*arguments, **others)


class _Raising(Momentum, frozen=True):
    def decide(self, *arguments: Any, **others: Any) -> Any:
        if self.fast_period == FAST:
            raise UnsendableError(f"fast_period {self.fast_period}")
        return super().decide(*arguments, **others)


state = {"factor": 1}
"""State of a process, which is no business of a component."""


class _Leaning(Momentum, frozen=True):
    def decide(self, *arguments: Any, **others: Any) -> Any:
        decision = super().decide(*arguments, **others)
        return decision._replace(strength=decision.strength / state["factor"])


def dying() -> Components:
    """Give components of which a worker dies, however often it is tried."""
    return _with(_Dying)


def hanging() -> Components:
    """Give components that never come back."""
    return _with(_Hanging)


def raising() -> Components:
    """Give components whose error cannot be sent."""
    return _with(_Raising)


def leaning() -> Components:
    """Give components that look at ``state``."""
    return _with(_Leaning)


def holding_a_lock() -> Components:
    """Give components of a class that cannot be sent: it was made around a lock."""
    lock = threading.Lock()

    class Locked(Momentum, frozen=True):
        def decide(self, *arguments: Any, **others: Any) -> Any:
            with lock:
                return super().decide(*arguments, **others)

    return _with(Locked)


def _with(momentum: type) -> Components:
    shipped = default_components()
    return msgspec.structs.replace(shipped, strategies={**shipped.strategies, "momentum": momentum})
