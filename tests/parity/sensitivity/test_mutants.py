"""Mutants are listed and drawn by the text of the files alone."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from parity.errors import UsageError
from parity.sensitivity import wilson
from parity.sensitivity.mutants import draw, mutants_of
from parity.sensitivity.operators import mutated, occurrences, operators

_TEXT = '''"""Some arithmetic."""

from __future__ import annotations


def f(x: int | None, *, y: int = 1) -> int | None:
    kept: dict[str, int | None] = {"x": x}
    if x is None:
        return None
    return x + y if x > 0 else len({**kept})


class Point:
    x: int | None = None
    y: list[int | None] | None = None
    z = 3 - 1
'''


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A package of one module."""
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "__init__.py").write_text(_TEXT, encoding="utf-8")
    return tmp_path


def test_every_operator_does_what_its_own_examples_say() -> None:
    for name, operator in operators().items():
        for example in operator.examples():
            places = [
                each for each in occurrences(example.pre_mutation_code) if each.operator == name
            ]
            if example.pre_mutation_code == example.post_mutation_code:
                continue
            found = mutated(example.pre_mutation_code, name, example.occurrence)
            assert found.split() == example.post_mutation_code.split(), name
            assert example.occurrence in [place.place for place in places], name


def test_types_of_functions_and_unions_of_types_are_left_out(project: Path) -> None:
    lines = [m.line for m in mutants_of(project, ["toy"]) if "Operator_BitOr" in m.operator]
    assert lines == []
    assert {m.text for m in mutants_of(project, ["toy"]) if "Sub_Add" in m.operator} == {
        "z = 3 - 1"
    }


def test_every_mutant_changes_the_line_that_it_names(project: Path) -> None:
    """What is left out stands among what is not: both are counted alike."""
    source = (
        "from x import Flag\n\n\n"
        "def g(x: int | None) -> int:\n"
        "    parts: list[int | str] = []\n"
        "    return Flag.A | Flag.B if x == 1 else x - 2\n\n\n"
        "NONE: int | None = None\nWHOLE = 3 | 4\n"
    )
    (project / "toy" / "__init__.py").write_text(source, encoding="utf-8")
    mutants = mutants_of(project, ["toy"])
    assert {m.line for m in mutants if "BitOr" in m.operator} == {6, 10}
    for mutant in mutants:
        pairs = zip(source.split("\n"), mutant.apply(source).split("\n"), strict=True)
        changed = [line for line, (was, now) in enumerate(pairs, start=1) if was != now]
        assert changed == [mutant.line], mutant.id


def test_an_id_outlives_what_changes_elsewhere(project: Path) -> None:
    before = {mutant.id for mutant in mutants_of(project, ["toy"])}
    file = project / "toy" / "__init__.py"
    file.write_text(_TEXT.replace("class Point", "VERSION = 7\n\n\nclass Point"), encoding="utf-8")
    after = mutants_of(project, ["toy"])
    assert len({mutant.id for mutant in after}) == len(after)
    assert before < {mutant.id for mutant in after}


def test_a_seed_draws_the_same_and_a_larger_sample_has_the_smaller_one(project: Path) -> None:
    mutants = mutants_of(project, ["toy"])
    ten = draw(project, mutants, 10, 1)
    assert draw(project, tuple(reversed(mutants)), 10, 1) == ten
    assert draw(project, mutants, 15, 1)[:10] == ten
    assert draw(project, mutants, 10, 2) != ten


def test_what_is_no_python_is_not_drawn(project: Path) -> None:
    mutants = [m for m in mutants_of(project, ["toy"]) if m.operator.endswith("Pow_Div")]
    assert mutants  # the two stars of a call are a power to the operator
    with pytest.raises(UsageError, match=r"--sample 1: there are 0 mutants; ask for fewer"):
        draw(project, mutants, 1, 1)


def test_what_an_operator_cannot_do_is_not_drawn(project: Path) -> None:
    text = "try:\n    pass\nexcept (OSError, re.error):\n    pass\n"
    (project / "toy" / "__init__.py").write_text(text, encoding="utf-8")
    mutants = mutants_of(project, ["toy"])
    assert [m.operator for m in mutants] == ["ExceptionReplacer"] * 2
    assert len(draw(project, mutants, 1, 0)) == 1
    with pytest.raises(UsageError, match="there are 1 mutants"):
        draw(project, mutants, 2, 0)


def test_mutants_are_drawn_evenly(project: Path) -> None:
    mutants = mutants_of(project, ["toy"])
    drawn = Counter(m.id for seed in range(300) for m in draw(project, mutants, 1, seed))
    valid = len(draw(project, mutants, len(drawn), 0))
    assert len(drawn) > 0.9 * valid
    assert max(drawn.values()) < 6 * 300 / valid + 6


def test_a_mutant_shows_its_change(project: Path) -> None:
    (mutant,) = (m for m in mutants_of(project, ["toy"]) if m.operator.endswith("Add_Sub"))
    assert mutant.diff(_TEXT).splitlines()[4:6] == [
        "-    return x + y if x > 0 else len({**kept})",
        "+    return x - y if x > 0 else len({**kept})",
    ]


@pytest.mark.parametrize(
    ("paths", "message"),
    [(["nothing"], "there is no nothing in"), (["empty"], "there is no Python file below empty")],
)
def test_paths_without_files_are_refused(project: Path, paths: list[str], message: str) -> None:
    (project / "empty").mkdir()
    with pytest.raises(UsageError, match=message):
        mutants_of(project, paths)


# R. G. Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine
# 17 (1998), table I, method 3: the score interval without continuity correction.
@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_is_that_of_the_published_table(
    hits: int, trials: int, low: float, high: float
) -> None:
    assert tuple(round(end, 4) for end in wilson(hits, trials)) == (low, high)
    assert wilson(trials, trials)[1] == 1.0
