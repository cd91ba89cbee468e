"""What the strategies for examples promise, and that both forms of one say the same."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from declarative import DeclarativeWorkflowManager
from imperative import Coordinator
from imperative.discovery import load_folder
from parity.channels import Channel
from parity.fuzzing.evaluation import Evaluation, evaluate, write
from parity.generation import (
    BAR_STEPS,
    FEATURES,
    MISTAKES,
    ConditionSpec,
    Example,
    OutputSpec,
    PhaseSpec,
    WorkflowSpec,
    examples,
    features,
    invalid_examples,
    render,
    workflows,
)
from parity.generation.features import needed_for
from parity.generation.rendering.python import python_text
from parity.generation.rendering.yaml_text import yaml_text
from tests.parity.generation.drawn import drawn

ROOT = Path(__file__).resolve().parents[3]


def run(example: Example, folder: Path) -> Evaluation:
    written = write(example, folder / "example")
    try:
        return evaluate(written, folder / "runs")
    finally:
        written.forget()
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Counter[str]:
    """Count the features of examples that have run, none of which may differ."""
    found: Counter[str] = Counter()
    wanted = [f"{kind}:{name}" for kind in FEATURES for name in FEATURES[kind]]
    for feature in wanted:
        if feature.startswith("mistake:"):
            continue
        for example in drawn(examples(focus=needed_for(feature)), 8, at=5)[1:]:
            if found[feature]:
                break
            evaluation = run(example, tmp_path_factory.mktemp("run"))
            assert not evaluation.findings, evaluation.findings
            found.update(features(example, evaluation.ran))
    return found


@pytest.mark.parametrize("kind", [kind for kind in FEATURES if kind != "mistake"])
def test_every_feature_can_be_had_and_is_counted(seen: Counter[str], kind: str) -> None:
    missing = [name for name in FEATURES[kind] if not seen[f"{kind}:{name}"]]
    assert not missing


def test_nearly_all_examples_run(tmp_path: Path) -> None:
    endings = Counter(
        run(example, tmp_path / str(number)).status
        for number, example in enumerate(drawn(examples(), 20, at=1))
    )
    assert endings["succeeded"] >= 0.8 * endings.total()


@pytest.mark.parametrize("mistake", MISTAKES)
def test_both_engines_refuse_or_fail_alike_at_every_mistake(mistake: str, tmp_path: Path) -> None:
    for number, example in enumerate(drawn(invalid_examples(mistake=mistake), 3, at=3)):
        evaluation = run(example, tmp_path / str(number))
        due = {"failed"} if mistake == "fails_while_running" else {"refused"}
        assert {evaluation.status} == due
        assert not evaluation.findings
        assert features(example, evaluation.ran) == {f"mistake:{mistake}"}


def resolved(example: Example, folder: Path) -> Iterator[Any]:
    """Give the configurations of all phases that either engine plans, from the written files."""
    rendered = render(example, folder)
    definitions = None if rendered.definitions is None else load_folder(rendered.definitions)
    yield Coordinator(definitions=definitions).plan_workflow(rendered.config)
    yield DeclarativeWorkflowManager(patterns=rendered.patterns).plan_workflow(rendered.config)


def test_both_forms_load_and_resolve_to_the_same(tmp_path: Path) -> None:
    compared = 0
    for number, example in enumerate(drawn(workflows(), 25, at=2)):
        ours, theirs = resolved(example, tmp_path / str(number))
        assert msgspec.to_builtins(ours) == msgspec.to_builtins(theirs)
        compared += bool(example.workflows)
    assert compared > 10


def test_an_example_is_kept_as_json_and_comes_back(tmp_path: Path) -> None:
    for example in [*drawn(examples(), 15), *drawn(invalid_examples(), 15)]:
        assert msgspec.json.decode(msgspec.json.encode(example), type=Example) == example


def test_the_same_example_is_written_alike(tmp_path: Path) -> None:
    (example, *_) = drawn(examples(), 3, at=9)[-1:]
    render(example, tmp_path / "a")
    render(example, tmp_path / "b")
    files = [f.relative_to(tmp_path / "a") for f in (tmp_path / "a").rglob("*") if f.is_file()]
    assert files
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_examples_stay_small(tmp_path: Path) -> None:
    for number, example in enumerate(drawn(examples(), 12, at=4)):
        evaluation = run(example, tmp_path / str(number))
        windows = evaluation.control.channels.get(Channel.WINDOWS, {})
        above = {place.rpartition("/")[0] for place in windows}
        bars = sum(
            entry["window"]["last_bar"] - entry["window"]["first_bar"] + 1
            for place, (entry,) in windows.items()
            if place not in above
        )
        assert bars <= BAR_STEPS


def test_a_definition_is_written_in_both_forms() -> None:
    workflow = WorkflowSpec(
        name="drawn",
        phases=(
            PhaseSpec(name="a", outputs={"n": OutputSpec("${a.metrics.bars}", "n.json")}),
            PhaseSpec(
                name="b",
                sequences=("monte_carlo", "walk_forward"),
                depends_on="a",
                when=(ConditionSpec("a", "bars", ">", 1),),
                config={"random_seed": "${a.outputs.n}"},
                outputs={"said": OutputSpec("after ${a.metrics.bars}")},
            ),
        ),
    )
    text = python_text([workflow], [])
    assert 'outputs={"n": Output(Ref("a.metrics.bars"), file="n.json")},' in text
    assert "sequence=Sequence('monte_carlo', body='walk_forward')," in text
    assert "conditions=[MetricThreshold('a', 'bars', '>', 1)]," in text
    assert 'config={"random_seed": Ref("a.outputs.n")},' in text
    assert 'outputs={"said": Output("after ${a.metrics.bars}")},' in text


def test_yaml_is_written_as_it_is_read(tmp_path: Path) -> None:
    from containers.strict_yaml import loads

    value = {
        "text": ["on", "no", "1e3", "true", "null", "", "a: b", "#x", "010", "2024-01-01", "ä"],
        "numbers": [1, -2, 1.5, 1e-07, 1e22, 0.1],
        "flags": [True, False, None],
        "deep": {"a": [{"b": {}}, []], "long": ["x" * 60, "y" * 60, {"z": "w" * 60}]},
    }
    assert loads(yaml_text(value), "x.yaml").data == value


def test_the_documentation_shows_what_can_be_imported() -> None:
    import parity.generation

    text = (ROOT / "docs" / "fuzzing.md").read_text(encoding="utf-8")
    for name in ("examples", "invalid_examples", "markets", "workflows", "FEATURES", "MISTAKES"):
        assert name in parity.generation.__all__
        assert f"`{name}" in text
