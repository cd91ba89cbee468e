"""What a fault is: a small change of source, and the smallest run in which it must be seen.

A fault's `Fault.expected`, and what sees it first, are named alike:

| Name | Who sees it |
|---|---|
| ``CHANNEL`` | the comparison of control and candidate: the channel in which they part first |
| ``oracle:CHANNEL`` | the comparison with the oracle |
| ``invariant:NAME``, ``relation:NAME`` | a check of `parity.invariants` or `parity.relations` |
| ``ending:ENDING`` | the verification ends in another way: failed, refused, empty, parity |
| ``refusal`` | a refusal does not say what is due |
| ``baseline:CHANNEL`` | what was approved of the run (`Scenario.baseline`) |
| ``planted`` | a difference that was planted in the candidate is not seen |
| ``crash`` | the verification itself raises |
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

import msgspec

from parity.faults.bars import Bars

__all__ = ["SUBJECTS", "Edit", "Fault", "Outcome", "Scenario", "Standing"]

SUBJECTS: Final = ("imperative", "declarative", "both")

Ending: TypeAlias = Literal["parity", "differs", "refused", "failed", "empty"]

Standing: TypeAlias = Literal["caught", "elsewhere", "escaped", "invalid"]
"""Caught by what was expected to, by something else, by nothing; or it did not take effect."""


class Edit(msgspec.Struct, frozen=True):
    """A change of ``before``, found exactly once in ``file``, to ``after``.

    Attributes:
        file: Path from the folder that packages are imported from, for example
            ``containers/metrics.py``; its first part is the package.
        before: Text of the file as it is.
        after: What takes its place.
    """

    file: str
    before: str
    after: str


class Scenario(msgspec.Struct, frozen=True):
    """A verification: one small configuration with everything it needs, and how it is run.

    Attributes:
        config: The configuration as YAML. It is written to a folder of its own, in which its
            ``data_dir: .`` is that of ``bars``.
        bars: Market data, made by `parity.faults.bars`.
        files: Further files beside the configuration: path → text.
        patterns: A user's own patterns: file name → YAML.
        components: A user's own components: file name → Python.
        control: The reference, ``ENGINE[:key=value,…]``.
        candidates: What is held against it.
        oracle: Whether the oracle is held against the control as well.
        relations: Names of relations that are held too.
        ending: How the verification ends with unchanged code.
        refused: With ``ending: refused``, what the refusal must say, each somewhere.
        baseline: Whether what unchanged code comes to is taken as approved, and compared with.
        planted: What is changed in the trace of the last candidate before it is compared; unchanged
            code sees exactly that. ``field``: a number is one ulp higher; ``event``: there is an
            event too many; null: nothing is.
    """

    config: str
    bars: tuple[Bars, ...] = ()
    files: Mapping[str, str] = {}
    patterns: Mapping[str, str] = {}
    components: Mapping[str, str] = {}
    control: str = "imperative"
    candidates: tuple[str, ...] = ("declarative",)
    oracle: bool = True
    relations: tuple[str, ...] = ()
    ending: Ending = "parity"
    refused: tuple[str, ...] = ()
    baseline: bool = False
    planted: Literal["field", "event"] | None = None


class Fault(msgspec.Struct, frozen=True):
    """A mistake that is put into an engine, and where it must be seen.

    Attributes:
        id: Unique, for example ``F13-imperative``.
        fault: Its kind, for example ``F13``; faults of one kind share it.
        title: The mistake in a few words.
        subject: Where it is: an engine's name, or ``both`` for what both share or both have.
        edits: The changes it consists of; each must take effect.
        scenario: The smallest verification that must see it.
        expected: Who sees it, as the module says.
        excuse: Why it escapes, where that is known and accepted; null: it must not.
    """

    id: str
    fault: str
    title: str
    subject: str
    edits: tuple[Edit, ...]
    scenario: Scenario
    expected: str
    excuse: str | None = None


class Outcome(msgspec.Struct, frozen=True):
    """What came of one fault.

    Attributes:
        fault: The fault.
        standing: Whether it was caught.
        first_seen_by: Who saw it first; null when nobody did.
        seen_by: All who saw it, in the order in which a report names them.
        note: What else is to be said: why it is invalid, that it was cut off; null: nothing.
        seconds: How long it took, for reports only.
    """

    fault: Fault
    standing: Standing
    first_seen_by: str | None = None
    seen_by: tuple[str, ...] = ()
    note: str | None = None
    seconds: float = 0.0
