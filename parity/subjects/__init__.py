"""What can be run and recorded: our engines, the oracle, and others by entry point."""

from parity.subjects.engine import EngineSubject
from parity.subjects.guard import record_of
from parity.subjects.oracle import OracleSubject
from parity.subjects.specification import (
    Subject,
    SubjectSpec,
    parse_subject,
    subject_for,
    told_apart,
)

__all__ = [
    "EngineSubject",
    "OracleSubject",
    "Subject",
    "SubjectSpec",
    "parse_subject",
    "record_of",
    "subject_for",
    "told_apart",
]
