from __future__ import annotations

from collections.abc import Sequence

import pytest

from containers.errors import ConfigurationError
from imperative import Phase
from imperative.ordering import order_phases


def phase(name: str, depends_on: str | Sequence[str] = ()) -> Phase:
    return Phase(name=name, topology="backtest", sequence="single_pass", depends_on=depends_on)


def order(*phases: Phase) -> list[str]:
    return [ordered.name for ordered in order_phases("w", phases)]


def message(*phases: Phase) -> str:
    with pytest.raises(ConfigurationError) as caught:
        order_phases("w", phases)
    return str(caught.value)


def test_independent_phases_run_as_declared() -> None:
    assert order(phase("b"), phase("a"), phase("c")) == ["b", "a", "c"]


def test_a_dependent_declared_first_runs_after_what_it_depends_on() -> None:
    assert order(phase("check", "sweep"), phase("sweep")) == ["sweep", "check"]


def test_after_each_phase_the_first_declared_ready_one_is_next() -> None:
    phases = (phase("d", ["b"]), phase("c", ["a"]), phase("a"), phase("b"))
    assert order(*phases) == ["a", "c", "b", "d"]


def test_a_dependency_given_as_text_is_one_name_not_letters() -> None:
    assert phase("x", "abc").dependencies == ("abc",)


def test_an_unknown_dependency_is_named_with_the_nearest() -> None:
    assert message(phase("sweep"), phase("check", "sweeps")) == (
        "phase 'check' of workflow 'w' depends on 'sweeps', which does not exist "
        "(did you mean 'sweep'?)"
    )


def test_a_circle_is_named_from_its_first_declared_phase() -> None:
    phases = (phase("late", "b"), phase("a", "c"), phase("b", "a"), phase("c", "b"))
    assert message(*phases) == (
        "phases of workflow 'w' depend on each other: a -> c -> b -> a "
        "(remove one of these dependencies)"
    )


def test_a_phase_that_depends_on_itself_is_a_circle() -> None:
    assert "depend on each other: a -> a" in message(phase("a", "a"))


def test_two_phases_of_one_name_are_refused() -> None:
    assert message(phase("a"), phase("a")) == "workflow 'w' has two phases 'a', expected one"


def test_a_workflow_without_phases_is_refused() -> None:
    assert message() == "workflow 'w' has no phases, expected at least one"


@pytest.mark.parametrize("name", ["../out", "a/b", ".hidden", "", "a b"])
def test_a_phase_name_that_is_no_folder_name_is_refused(name: str) -> None:
    assert message(phase(name)).startswith(f"workflow 'w' has a phase {name!r}, expected letters")
