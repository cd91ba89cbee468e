"""Mistakes of one token in what spreads, keeps and resumes units, unseen by comparisons.

What comes out can be right: work that is done twice, what is lost only when a process ends, an
order that is decided by chance. A test of the contract sees each. Those that a comparison sees are
in the catalogue (`parity.faults`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["UNSEEN", "Unseen"]


@dataclass(frozen=True)
class Unseen:
    """A change of ``before``, found exactly once in ``file``, and the test that fails of it."""

    name: str
    file: str
    before: str
    after: str
    test: str


_INTERRUPTS: Final = "tests/survival/test_survival_interrupts.py"
_SCHEDULING: Final = "tests/declarative/test_declarative_scheduling.py"

UNSEEN: Final = (
    Unseen(
        "a unit that has finished is not kept (imperative)",
        "imperative/keeping.py",
        "        self._store.keep(node.keys, content)\n",
        "",
        f"{_INTERRUPTS}::test_no_unit_runs_twice[imperative]",
    ),
    Unseen(
        "a unit that has finished is not kept (declarative)",
        "declarative/desk.py",
        "        store.keep(position.keys, content)\n",
        "",
        f"{_INTERRUPTS}::test_no_unit_runs_twice[declarative]",
    ),
    Unseen(
        "a unit's folder has its name before the unit is kept",
        "declarative/desk.py",
        "        store.keep(position.keys, content)\n"
        "        store.publish(position.keys, record.part)\n",
        "        store.publish(position.keys, record.part)\n"
        "        store.keep(position.keys, content)\n",
        f"{_INTERRUPTS}::test_a_unit_is_kept_before_its_folder_gets_its_name[declarative]",
    ),
    Unseen(
        "the last record of a log is cut off",
        "containers/storage/log.py",
        "if frame is not None and frame.end > size:",
        "if frame is not None and frame.end >= size:",
        "tests/storage/test_log.py::test_records_are_found_by_their_keys",
    ),
    Unseen(
        "a unit is taken as finished when its files are gone",
        "containers/storage/phase_store.py",
        "if part is not None and not (place.is_dir() or part_of(place, part).is_dir()):",
        "if part is None and not (place.is_dir() or part_of(place, part).is_dir()):",
        "tests/storage/test_phase_interrupted.py::test_a_unit_whose_folder_is_gone_is_run_again",
    ),
    Unseen(
        "trades that were written are written again",
        "containers/storage/portfolio_files.py",
        "            trades.clear()\n",
        "",
        "tests/storage/test_portfolio_files.py"
        "::test_what_is_written_as_it_comes_is_all_that_came_and_nothing_twice",
    ),
    Unseen(
        "what runs when a phase fails is not kept (imperative)",
        "imperative/scheduling.py",
        "                self._keeper.keep(node, future.result().content)\n",
        "                pass\n",
        "tests/imperative/test_imperative_resume.py"
        "::test_units_that_ran_ahead_of_a_lost_executor_are_kept",
    ),
    Unseen(
        "what runs when a phase fails is not kept (declarative)",
        "declarative/scheduling.py",
        "                    self._runner.received(unit, future, node.gate)\n",
        "                    pass\n",
        f"{_SCHEDULING}::test_what_had_begun_when_something_failed_is_waited_for_and_taken_in",
    ),
    Unseen(
        "results are taken in the order in which they come (imperative)",
        "imperative/scheduling.py",
        "            if waiting.result is None or waiting.error is not None:\n"
        "                return\n",
        "            if waiting.result is None or waiting.error is not None:\n"
        "                continue\n",
        "tests/imperative/test_imperative_side_by_side.py"
        "::test_whatever_order_units_end_in_nothing_changes",
    ),
    Unseen(
        "results are taken in the order in which they come (declarative)",
        "declarative/scheduling.py",
        "        while children and (child := children[0]).through:\n",
        "        while child := next((each for each in children if each.through), None):\n"
        "            children.remove(child)\n"
        "            children.appendleft(child)\n",
        f"{_SCHEDULING}::test_whatever_finishes_first_all_comes_to_what_it_comes_to_serially",
    ),
    Unseen(
        "a subject is not interrupted",
        "parity/subjects/engine.py",
        "                raise _Interruption\n",
        "                pass\n",
        "tests/parity/test_executing.py::test_a_subject_that_is_to_be_interrupted_is",
    ),
)
