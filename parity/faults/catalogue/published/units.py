"""Units, and the lives of their containers: F11 to F16."""

from __future__ import annotations

from typing import Final

from parity.faults.catalogue.writing import fault
from parity.faults.fault import Fault
from parity.faults.scenarios import GATED, SIMPLE, TWO_SYMBOLS

__all__ = ["FAULTS"]

FAULTS: Final[tuple[Fault, ...]] = (
    fault(
        "F11-imperative",
        "slices are counted and not run",
        SIMPLE,
        "trace",
        (
            "imperative/unit.py",
            "            run(times_ns[first : first + _TIMES_AT_ONCE].tolist())",
            "            run([])",
        ),
    ),
    fault(
        "F11-declarative",
        "slices are counted and not run",
        SIMPLE,
        "trace",
        (
            "declarative/driver.py",
            "        bus.run_slices(times_ns[first : first + CHUNK_SLICES].tolist())",
            "        bus.run_slices([])",
        ),
    ),
    fault(
        "F13-declarative",
        "results are collected after cleanup",
        TWO_SYMBOLS,
        "plan",
        (
            "declarative/driver.py",
            "            collected = _collect(containers)\n        except Exception as error:  # noqa: BLE001  # handed on, as the first cause\n            errors.append(error)\n        errors += _stop(containers)\n        errors += _clean_up(containers)\n",
            "        except Exception as error:  # noqa: BLE001  # handed on, as the first cause\n            errors.append(error)\n        errors += _stop(containers)\n        errors += _clean_up(containers)\n        collected = _collect(containers)\n",
        ),
    ),
    fault(
        "F14-imperative",
        "a phase whose unit failed is reported as a success",
        GATED,
        "plan",
        ("imperative/outcome.py", '        status="failed",', '        status="succeeded",'),
    ),
    fault(
        "F14-declarative",
        "a phase whose unit failed is reported as a success",
        GATED,
        "plan",
        (
            "declarative/phases.py",
            '            status="failed",',
            '            status="succeeded",',
        ),
    ),
    fault(
        "F15-declarative-start",
        "containers are started in another order",
        TWO_SYMBOLS,
        "lifecycle",
        (
            "declarative/driver.py",
            "    for container in containers:\n        container.start()",
            "    for container in reversed(containers):\n        container.start()",
        ),
    ),
    fault(
        "F15-imperative-stop",
        "containers are stopped in the order of their start",
        TWO_SYMBOLS,
        "lifecycle",
        (
            "imperative/unit.py",
            "    for container in reversed(unit.bus.containers):\n        if container.state is State.RUNNING:",
            "    for container in unit.bus.containers:\n        if container.state is State.RUNNING:",
        ),
    ),
    fault(
        "F16-imperative",
        "a container that failed is not cleaned",
        GATED,
        "lifecycle",
        (
            "imperative/unit.py",
            "return container.state not in (State.CREATED, State.CLEANED)",
            "return container.state not in (State.CREATED, State.CLEANED, State.FAULTED)",
        ),
    ),
    fault(
        "F16-declarative",
        "a container that failed is not cleaned",
        GATED,
        "lifecycle",
        (
            "declarative/driver.py",
            "if container.state not in (State.CREATED, State.CLEANED):",
            "if container.state not in (State.CREATED, State.CLEANED, State.FAULTED):",
        ),
    ),
)
