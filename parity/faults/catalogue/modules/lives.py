"""The bus, the lives of containers, what they say to each other, and what comes of it."""

from __future__ import annotations

from typing import Final

from parity.faults.catalogue.writing import fault
from parity.faults.fault import Fault
from parity.faults.scenarios import GATED, TWO_SYMBOLS, WALK

__all__ = ["FAULTS"]


FAULTS: Final[tuple[Fault, ...]] = (
    fault(
        "M01-both-bus",
        "acts are sorted by container, not by step",
        TWO_SYMBOLS,
        "oracle:trace",
        (
            "containers/bus.py",
            "acts.sort(key=lambda entry: entry[:2])",
            "acts.sort(key=lambda entry: entry[1:2])",
        ),
    ),
    fault(
        "M21-both-container",
        "stops are looked at before signals come",
        TWO_SYMBOLS,
        "oracle:trace",
        (
            "containers/container.py",
            "    SIGNALS = 5\n    REQUESTS = 6\n",
            "    SIGNALS = 6\n    REQUESTS = 5\n",
        ),
    ),
    fault(
        "M22-both-lifecycle",
        "a container that failed is taken for a stopped one",
        GATED,
        "invariant:lifecycle",
        (
            "containers/lifecycle.py",
            "    (State.RUNNING, Trigger.FAIL): State.FAULTED,",
            "    (State.RUNNING, Trigger.FAIL): State.STOPPED,",
        ),
    ),
    fault(
        "M23-both-failures",
        "of a container's failure its wrapping is told",
        GATED,
        "invariant:errors",
        (
            "containers/failures.py",
            "first = error.cause if isinstance(error, ContainerError) else error",
            "first = error",
        ),
    ),
    fault(
        "M24-both-ports",
        "warming up is trading",
        WALK,
        "oracle:trace",
        ("containers/ports.py", 'WARM_UP: Final = "warm_up"', 'WARM_UP: Final = "trading"'),
    ),
    fault(
        "M25-both-events",
        "a stop has another reason",
        TWO_SYMBOLS,
        "invariant:causes",
        ("containers/events.py", 'STOP_LOSS = "stop_loss"', 'STOP_LOSS = "stop"'),
    ),
    fault(
        "M28-both-results",
        "every unit is walked twice",
        WALK,
        "invariant:summaries",
        (
            "containers/results.py",
            "            yield here, iteration\n",
            "            yield here, iteration\n            yield here, iteration\n",
        ),
    ),
)
