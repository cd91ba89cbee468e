"""``parity plan``: what would run, as text, JSON and diagram; nothing runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.parity.conftest import HANDMADE, OWN, Output

STUDY = (
    str(OWN / "study.yaml"),
    "--components",
    str(OWN / "components"),
    "--patterns",
    str(OWN / "patterns"),
)


@pytest.mark.parametrize("engine", ["imperative", "declarative"])
def test_a_plan_shows_phases_windows_units_and_containers(
    parity: Callable[..., Output], tmp_path: Path, engine: str
) -> None:
    output = parity("plan", *STUDY, "--engine", engine)
    assert output.code == 0
    assert f"study by the {engine} engine: 7 phases, 67 units; nothing was run" in output.out
    for line in (
        "3. noise: backtest, monte_carlo(walk_forward)",
        "   40 units, 4 combinations",
        "   sample × 2: bars 0 to 124",
        "         combination × 4: bars 20 to 59, 9 before to warm up",
        "   after late.signals",
        "   input signals: late.signals.signals",
        "   containers of a unit: 2 data, 2 features, 1 classifier",
    ):
        assert line in output.out.splitlines()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("engine", ["imperative", "declarative"])
def test_a_component_that_cannot_be_made_is_no_error_of_a_plan(
    parity: Callable[..., Output], engine: str
) -> None:
    output = parity("plan", str(OWN / "breaks.yaml"), *STUDY[1:], "--engine", engine)
    assert output.code == 0
    assert "   containers of a unit: a component cannot be made" in output.out.splitlines()


def test_both_engines_plan_alike(parity: Callable[..., Output]) -> None:
    plans = {}
    for engine in ("imperative", "declarative"):
        plan = parity("plan", *STUDY, "--engine", engine, "--json", "-").document
        assert (plan["schema"], plan["engine"]) == ("paritykit/plan/1", engine)
        plans[engine] = plan | {"engine": None}
    assert plans["imperative"] == plans["declarative"]


def test_a_plan_as_a_diagram(parity: Callable[..., Output]) -> None:
    lines = parity("plan", *STUDY, "--mermaid").out.splitlines()
    assert lines[0] == "flowchart TD"
    assert '    p1["late.replay<br/>signal_replay, out_of_sample<br/>1 unit"]' in lines
    assert "    p0 --> p1" in lines


def test_conditions_stand_on_the_edges(parity: Callable[..., Output], tmp_path: Path) -> None:
    text = (HANDMADE / "two_symbols.yaml").read_text(encoding="utf-8")
    text = text.replace("simple_backtest", "research_pipeline")
    text = text.replace("data_dir: .", f"data_dir: {HANDMADE}")
    text += "parameter_space: {momentum.fast_period: [1, 2]}\n"
    text += "walk_forward: {train_bars: 3, test_bars: 2}\n"
    (tmp_path / "c.yaml").write_text(text, encoding="utf-8")
    output = parity("plan", "c.yaml", "--mermaid")
    assert output.code == 0, output.err
    assert '    p0 -->|"sweep.num_trades #gt;= 1"| p1' in output.out.splitlines()
    assert "units by reference" in output.out
    assert "   references decide what runs" in parity("plan", "c.yaml").out


def test_a_configuration_that_cannot_run_cannot_be_planned(
    parity: Callable[..., Output], tmp_path: Path
) -> None:
    (tmp_path / "c.yaml").write_text("workflow: simple_backtest\nsymbls: [A]\n", encoding="utf-8")
    output = parity("plan", "c.yaml", "--json", "-")
    assert output.code == 2
    assert "c.yaml:2:1: symbls: unknown key 'symbls' (did you mean 'symbols'?)" in output.err
    assert [path.name for path in tmp_path.iterdir()] == ["c.yaml"]
