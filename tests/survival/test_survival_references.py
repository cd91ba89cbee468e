"""What references and expressions see of results does not depend on where these lie."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.contract.definitions import workflow
from tests.survival.observing import Observation, Study, observe
from tests.survival.studies import nested

ENGINES = ("imperative", "declarative")
WORK = "results.work"
ONE = f"{WORK}.iterations[0]"
PORTFOLIO = f"{WORK}.portfolios['momentum.aggressive']"

TRUE = (
    f"{WORK}.iterations == {WORK}.iterations",
    f"{WORK}.iterations != [{ONE}]",
    f"{ONE} == {ONE}",
    f"{ONE} in {WORK}.iterations",
    f"{ONE}.iterations not in {WORK}.iterations",
    f"{ONE}.iterations[0].iterations[0].window.name == 'combination'",
    f"{WORK} == {WORK}",
    "results == results",
    f"{WORK}.portfolios == {WORK}.portfolios",
    f"{WORK}.portfolios != {ONE}.portfolios",
    f"{WORK}.portfolios in [1, {WORK}.portfolios]",
    f"{PORTFOLIO}.equity_curve == {PORTFOLIO}.equity_curve",
    f"{PORTFOLIO}.trades != []",
    f"{PORTFOLIO}.trades[0] in {PORTFOLIO}.trades",
    f"'window' in {ONE}",
    f"null not in {ONE}.metrics",
    f"[1] not in {ONE}.metrics",
    f"1 not in {WORK}.iterations",
)
"""Of a walk-forward whose trains optimise, phase ``work``."""

WRONG = (
    f"{WORK}.iterations[99].seed == 0",
    f"{WORK}.iterations > 1",
    f"{WORK}.iterations.seed == 0",
    f"{WORK}.portfolios.nobody == 1",
)
"""What cannot be decided."""


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def seen(engine: str, study: Study, root: Path) -> dict[str, Observation]:
    """Run a study in every mode."""
    found = {}
    for storage in ("memory", "disk", "hybrid"):
        here = root / storage
        here.mkdir()
        one = Study({**study.config, "results": {"storage": storage}}, study.definitions)
        found[storage] = observe(engine, one, here)
    return found


def after_work(folder: Path, *phases: dict[str, Any], **keys: Any) -> Study:
    """Give a study of phases behind a walk-forward."""
    config = nested(folder).config
    work = {"name": "work", "sequence": "walk_forward"}
    return Study(config, [workflow(work, *({"depends_on": "work", **p} for p in phases), **keys)])


def test_expressions_see_the_same_wherever_results_lie(engine: str, tmp_path: Path) -> None:
    phases = [
        {"name": f"p{number}", "when": {"expression": text}, "required": False}
        for number, text in enumerate(TRUE + WRONG)
    ]
    for storage, one in seen(engine, after_work(tmp_path / "market", *phases), tmp_path).items():
        results = one.document["phase_results"]
        for number, text in enumerate(TRUE):
            found = results[f"p{number}"]
            assert found["status"] == "succeeded", (storage, text, found["reason"], found["error"])
        for number, text in enumerate(WRONG, len(TRUE)):
            error = results[f"p{number}"]["error"]
            assert error is not None, (storage, text)
            assert error["type"] == "ConditionError", (storage, text)


@pytest.mark.parametrize(
    "value",
    [
        "${work.iterations}",
        "${work.iterations.1.iterations.0.window.name}",
        "${work.portfolios}",
        "${work}",
        "windows: ${work.iterations}",
        "${work.iterations.0.portfolios} are portfolios",
        "${work.iterations.99}",
        "${work.iterations.seed}",
    ],
)
def test_references_lead_to_the_same_wherever_results_lie(
    engine: str, value: str, tmp_path: Path
) -> None:
    phase = {"name": "told", "outputs": {"told": {"value": value, "file": "told.json"}}}
    found = seen(engine, after_work(tmp_path / "market", phase), tmp_path)
    told = {name: one.document["phase_results"]["told"] for name, one in found.items()}
    leads_somewhere = "99" not in value and "seed" not in value
    for one in told.values():
        assert (one["error"] is None) == leads_somewhere, one["error"]
        assert leads_somewhere or one["error"]["type"] == "MissingReferenceError"
    assert len({_placeless(one["outputs"]) for one in told.values()}) == 1
    assert len({json.dumps(one["error"]) for one in told.values()}) == 1
    if leads_somewhere:
        files = [tmp_path / name / "results" / "mine" / "0/told/told.json" for name in told]
        assert len({_placeless(json.loads(file.read_text())) for file in files}) == 1


def _placeless(value: Any) -> str:
    """Write down a value without the places of traces and phases, which only files have."""
    if isinstance(value, dict):
        kept = {k: _placeless(v) for k, v in value.items() if k not in _PLACES}
        return json.dumps(kept)
    if isinstance(value, list):
        return json.dumps(list(map(_placeless, value)))
    if isinstance(value, str) and '"trace_summary"' in value:
        begin = value.index("[" if value.startswith("windows") else "{")
        whole, end = json.JSONDecoder().raw_decode(value[begin:])
        return value[:begin] + _placeless(whole) + value[begin + end :]
    return json.dumps(value)


_PLACES = ("path", "results_path", "trace")


@pytest.mark.parametrize("form", ["json", "yaml", "csv"])
def test_iterations_become_the_same_file_wherever_they_lie(
    engine: str, form: str, tmp_path: Path
) -> None:
    phase = {
        "name": "told",
        "outputs": {"told": {"value": "${work.iterations}", "file": f"told.{form}"}},
    }
    config = {"trace_level": "none"}
    study = after_work(tmp_path / "market", phase)
    found = seen(engine, Study({**study.config, **config}, study.definitions), tmp_path)
    told = [one.document["phase_results"]["told"] for one in found.values()]
    if form == "csv":
        for one in told:
            assert one["error"]["type"] == "OutputError"
            assert "a Python Window at [0].window" in one["error"]["message"]
        assert all(one["error"] == told[0]["error"] for one in told)
        return
    files = [tmp_path / name / "results" / "mine" / f"0/told/told.{form}" for name in found]
    # Where a trace lies is the one thing in which they differ.
    lines = [[x for x in f.read_text().splitlines() if "path" not in x] for f in files]
    assert lines[0] == lines[1] == lines[2]
