"""How the faults of the catalogue are written down."""

from __future__ import annotations

from parity.faults.fault import SUBJECTS, Edit, Fault, Scenario

__all__ = ["fault"]


def fault(
    id: str,
    title: str,
    scenario: Scenario,
    expected: str,
    *edits: tuple[str, str, str],
    excuse: str | None = None,
) -> Fault:
    """Make a fault.

    Args:
        id: ``KIND-SUBJECT`` or ``KIND-SUBJECT-WORD``.
        title: The mistake in a few words.
        scenario: The smallest verification that must see it.
        expected: Who sees it.
        edits: Of each its file, the text before, and the text after.
        excuse: Why it escapes; null: it must not.
    """
    kind, subject, *_ = id.split("-", 2)
    assert subject in SUBJECTS, id
    changes = tuple(Edit(*edit) for edit in edits)
    return Fault(id, kind, title, subject, changes, scenario, expected, excuse)
