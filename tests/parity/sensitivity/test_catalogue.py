"""The catalogue has every published fault in each engine, and its faults are seen."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from parity.faults import run_faults
from parity.faults.catalogue import CATALOGUE
from parity.faults.catalogue.modules import WITHOUT
from parity.faults.loading import checked

ROOT = Path(__file__).resolve().parents[3]
_PUBLISHED = [f"F{number:02}" for number in range(1, 37)]
_BOTH = {"F07", "F11", "F16", "F26", "F28", "F29", "F30", "F31", "F32", "F35", "F36"}

# One of each kind of scenario and of each kind of sight.
SLICE = (
    "F12-declarative",
    "F20-imperative",
    "F23-both-key",
    "F26-both",
    "F35-both",
    "M82-both-columns",
    "M87-both-matching",
    "M34-both-parquet",
    "X02-declarative",
    "X21-both-results-units-travel",
    "X22-both-seed-stored-as",
)


def test_there_are_faults_of_every_published_kind() -> None:
    kinds = Counter(fault.fault for fault in CATALOGUE)
    assert [kind for kind in _PUBLISHED if not kinds[kind]] == []
    assert len(CATALOGUE) >= 60


def test_what_both_engines_can_share_is_put_into_both() -> None:
    both = {fault.fault for fault in CATALOGUE if fault.subject == "both"}
    assert both >= _BOTH


def test_each_has_an_id_of_its_own_that_says_kind_and_subject() -> None:
    assert max(Counter(fault.id for fault in CATALOGUE).values()) == 1
    for fault in CATALOGUE:
        assert fault.id.startswith(f"{fault.fault}-{fault.subject}")


def test_a_subject_is_where_the_change_is() -> None:
    for fault in CATALOGUE:
        packages = {edit.file.partition("/")[0] for edit in fault.edits}
        engines = {"imperative", "declarative"}
        assert packages in ({fault.subject}, {"containers"}, engines), fault.id
        assert (fault.subject == "both") == (packages in ({"containers"}, engines)), fault.id


def test_what_is_expected_to_see_a_fault_exists() -> None:
    assert checked(CATALOGUE) == CATALOGUE


def test_every_module_that_both_engines_share_has_a_fault() -> None:
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "containers").rglob("*.py")}
    modules = {module for module in modules if not module.endswith("__init__.py")}
    shared = {e.file for fault in CATALOGUE if fault.subject == "both" for e in fault.edits}
    assert modules - shared - WITHOUT.keys() == set()
    assert WITHOUT.keys() - (modules - shared) == set(), "an exception that is none"
    assert all(WITHOUT.values())


def test_none_is_accepted_to_escape() -> None:
    assert [fault.id for fault in CATALOGUE if fault.excuse is not None] == []


def test_every_change_is_found_exactly_once() -> None:
    for fault in CATALOGUE:
        for edit in fault.edits:
            text = (ROOT / edit.file).read_text(encoding="utf-8")
            assert text.count(edit.before) == 1, f"{fault.id}: {edit.file} has changed"


def test_a_slice_of_the_catalogue_is_caught_as_named() -> None:
    faults = [fault for fault in CATALOGUE if fault.id in SLICE]
    assert len(faults) == len(SLICE)
    outcomes = run_faults(faults)
    seen = {outcome.fault.id: (outcome.standing, outcome.note) for outcome in outcomes}
    assert seen == dict.fromkeys([fault.id for fault in faults], ("caught", None))


@pytest.mark.deep
def test_the_whole_catalogue_is_caught_as_named() -> None:
    outcomes = run_faults(CATALOGUE)
    others = [(o.fault.id, o.standing, o.note) for o in outcomes if o.standing != "caught"]
    assert others == []
