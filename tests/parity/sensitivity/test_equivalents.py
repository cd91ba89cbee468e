"""Mutants listed as equivalent: each with a reason, and each one that there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import mutants as core
from containers.errors import ConfigurationError
from parity.sensitivity.equivalents import equivalents, equivalents_in
from parity.sensitivity.mutants import Mutant, mutants_of
from parity.sensitivity.sample import PACKAGES

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def mutants(tmp_path: Path) -> tuple[Mutant, ...]:
    """Those of a package of one line."""
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "one.py").write_text("x = 1 + 2\n", encoding="utf-8")
    return mutants_of(tmp_path, ["toy"])


def _list(folder: Path, *entries: tuple[str, str]) -> Path:
    lines = [f"  - {{id: '{id_}', reason: '{reason}'}}" for id_, reason in entries]
    file = folder / "list.yaml"
    file.write_text("\n".join(["equivalents:", *lines]), encoding="utf-8")
    return file


def test_reasons_are_given_by_the_mutants_id(tmp_path: Path, mutants: tuple[Mutant, ...]) -> None:
    file = _list(tmp_path, (mutants[0].id, "nobody looks"))
    assert equivalents_in(file, mutants, ["toy"]) == {mutants[0].id: "nobody looks"}


def test_an_entry_whose_line_has_changed_or_gone_is_an_error(
    tmp_path: Path, mutants: tuple[Mutant, ...]
) -> None:
    old = f"{mutants[0].file}:{mutants[0].operator}:00000000:0"
    file = _list(tmp_path, (mutants[0].id, "nobody looks"), (old, "nobody looked"))
    with pytest.raises(ConfigurationError) as error:
        equivalents_in(file, mutants, ["toy"])
    (problem,) = error.value.problems
    assert problem.message == f"'{old}' names no mutant: its line has changed or gone"
    assert problem.location is not None
    assert problem.location.line == 3
    assert problem.hint is not None
    assert "take the entry off" in problem.hint


def test_an_entry_whose_file_is_gone_is_one_too(
    tmp_path: Path, mutants: tuple[Mutant, ...]
) -> None:
    with pytest.raises(ConfigurationError, match="names no mutant"):
        equivalents_in(_list(tmp_path, ("toy/two.py:X:00000000:0", "why")), mutants, ["toy"])


def test_entries_of_files_that_were_not_looked_at_are_left_alone(
    tmp_path: Path, mutants: tuple[Mutant, ...]
) -> None:
    file = _list(tmp_path, ("other/two.py:X:00000000:0", "why"), ("toys/b.py:X:0:0", "why"))
    assert len(equivalents_in(file, mutants, ["toy/"])) == 2


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ((("there", ""),), "has no reason"),
        ((("there", "why"), ("there", "why")), "is there twice"),
    ],
)
def test_an_entry_has_a_reason_and_is_there_once(
    tmp_path: Path,
    mutants: tuple[Mutant, ...],
    entries: tuple[tuple[str, str], ...],
    message: str,
) -> None:
    named = tuple((mutants[0].id, reason) for _, reason in entries)
    with pytest.raises(ConfigurationError, match=message):
        equivalents_in(_list(tmp_path, *named), mutants, ["toy"])


@pytest.mark.parametrize("text", ["equivalents: 3", "others: []", "equivalents: [{id: x}]"])
def test_another_form_is_an_error(tmp_path: Path, mutants: tuple[Mutant, ...], text: str) -> None:
    file = tmp_path / "list.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="expected"):
        equivalents_in(file, mutants, ["toy"])


def test_the_list_that_is_shipped_names_mutants_that_there_are() -> None:
    listed = {id_.partition(":")[0] for id_ in equivalents((), ())}
    there = [file for file in listed if (ROOT / file).is_file()]
    equivalents(mutants_of(ROOT, there) if there else (), PACKAGES)


def test_the_list_of_the_comparison_core_names_mutants_that_there_are() -> None:
    equivalents_in(ROOT / "benchmarks" / "mutants.yaml", mutants_of(ROOT, core.CORE), core.CORE)
