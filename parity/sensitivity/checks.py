"""The process that verifies configurations one after the other, up to the first difference.

``python -m parity.sensitivity.checks PLAN.json NAME…`` runs the named checks of a plan in one
process, which saves starting one for each. It leaves with 0 when all end as they should, else with
1 as soon as one does not, and its last line says which and where. A check that takes far longer
than it should ends the process by an alarm.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Final

import msgspec

from parity.faults.fault import Scenario

__all__ = ["Check", "Plan", "main"]

_LIMIT_S: Final = 60
"""Seconds that a check may take: more than ten times what the slowest takes."""


class Check(msgspec.Struct, frozen=True):
    """A configuration that is verified, or a scenario with all that belongs to it.

    Attributes:
        config: File of the configuration; null: it is ``scenario``.
        scenario: A scenario of the catalogue; null: it is ``config``.
        patterns: Folder of a user's own patterns; null: none.
        components: Folder of a user's own components; null: none.
        control: The reference.
        candidates: What is held against it.
    """

    config: str | None = None
    scenario: Scenario | None = None
    patterns: str | None = None
    components: str | None = None
    control: str = "imperative"
    candidates: tuple[str, ...] = ("declarative",)


Plan = dict[str, Check]


def main(plan_file: str, *names: str) -> int:
    """Run checks of a plan; answer 1 at the first that ends otherwise than it should."""
    plan = msgspec.json.decode(Path(plan_file).read_bytes(), type=Plan)
    home = Path.cwd()
    for name in names:
        # What hangs is ended by the signal, whatever it does with exceptions.
        signal.alarm(_LIMIT_S)
        with tempfile.TemporaryDirectory(prefix="parity-check-") as folder:
            seen = _seen(plan[name], Path(folder))
            os.chdir(home)  # a scenario has its own
        if seen is not None:
            print(f"{name}: {seen}")  # noqa: T201  # what the caller reads
            return 1
    return 0


def _seen(check: Check, folder: Path) -> str | None:
    from parity.faults.observing import observe

    if check.scenario is not None:
        found = observe(check.scenario, folder)
        return ", ".join(found.seen_by) or None
    from parity.faults.observing import seen_by
    from parity.own import Own
    from parity.subjects import parse_subject, subject_for
    from parity.verifying import verify

    assert check.config is not None  # one of the two
    own = Own(
        None if check.patterns is None else Path(check.patterns),
        None if check.components is None else Path(check.components),
    )
    control, *candidates = [
        subject_for(parse_subject(text), own) for text in (check.control, *check.candidates)
    ]
    verification = verify(
        [(check.config, Path(check.config))], control, candidates, folder / "runs"
    )
    if verification.exit_code == 0:
        return None
    return ", ".join(seen_by(verification)) or f"exit code {verification.exit_code}"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
