"""Searching for workflows on which the engines part, and running again what was found."""

from parity.fuzzing.evaluation import Evaluation, Finding, evaluate
from parity.fuzzing.reproducers import Reproducer, load_reproducer, save_reproducer
from parity.fuzzing.search import Limits, Search, SearchOutcome

__all__ = [
    "Evaluation",
    "Finding",
    "Limits",
    "Reproducer",
    "Search",
    "SearchOutcome",
    "evaluate",
    "load_reproducer",
    "save_reproducer",
]
