"""Mistakes in building topologies and leading containers through their lives."""

from __future__ import annotations

from typing import Final

from parity.faults.catalogue.writing import fault
from parity.faults.fault import Fault
from parity.faults.scenarios import REPLAY, TWO_STRATEGIES, TWO_SYMBOLS

__all__ = ["FAULTS"]

FAULTS: Final[tuple[Fault, ...]] = (
    fault(
        "F13-imperative",
        "results are collected after cleanup",
        TWO_SYMBOLS,
        "plan",
        (
            "imperative/unit.py",
            (
                "            collected = _collect(unit)\n"
                "        _stop(unit, errors)\n"
                "        _clean_up(unit, errors)\n"
            ),
            (
                "        _stop(unit, errors)\n"
                "        _clean_up(unit, errors)\n"
                "        with keeping(errors):\n"
                "            collected = _collect(unit)\n"
            ),
        ),
    ),
    fault(
        "F15-imperative-start",
        "containers are started in another order",
        TWO_SYMBOLS,
        "lifecycle",
        (
            "imperative/unit.py",
            "    for container in unit.bus.containers:\n        container.start()",
            "    for container in reversed(unit.bus.containers):\n        container.start()",
        ),
    ),
    fault(
        "F17-imperative-route",
        "a subscription is dropped",
        TWO_SYMBOLS,
        "topology",
        (
            "imperative/topologies/trading.py",
            'connect(EventKind.CANCELLATION, "execution", name, topic=portfolio)',
            "pass",
        ),
    ),
    fault(
        "F15-declarative-stop",
        "containers are stopped in the order of their start",
        TWO_SYMBOLS,
        "lifecycle",
        (
            "declarative/driver.py",
            (
                "    for container in reversed(containers):\n"
                "        if container.state is State.RUNNING:"
            ),
            "    for container in containers:\n        if container.state is State.RUNNING:",
        ),
    ),
    fault(
        "X02-declarative",
        "a setting does not reach its container",
        TWO_SYMBOLS,
        "topology",
        (
            "declarative/patterns/parts/trading.yaml",
            "stop_loss: ${portfolio.profile.stop_loss}",
            "stop_loss: null",
        ),
    ),
    fault(
        "X03-declarative",
        "profiles outer, strategies inner",
        TWO_STRATEGIES,
        "topology",
        (
            "declarative/patterns/parts/trading.yaml",
            'foreach: {strategy: "${strategies}", profile: "${config.risk_profiles}"}',
            'foreach: {profile: "${config.risk_profiles}", strategy: "${strategies}"}',
        ),
    ),
    fault(
        "X04-imperative",
        "stored signals count from the beginning of time",
        REPLAY,
        "topology",
        ("imperative/topologies/signals.py", "from_ns=plot.cut.from_ns,", "from_ns=0,"),
    ),
)
