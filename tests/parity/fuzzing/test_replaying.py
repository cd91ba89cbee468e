"""Saved examples: what is written, what can be run again, and what is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from parity.errors import ParityError
from parity.fuzzing import Finding, load_reproducer, save_reproducer
from parity.fuzzing.evaluation import Asked
from parity.generation import ConfigSpec, Example, MarketSpec, PhaseSpec, StreamSpec, WorkflowSpec
from parity.generation.specs import BarRow
from tests.parity.conftest import Output

DAY = 86_400
BARS = tuple(BarRow(day * DAY, 10.0, 12.0, 9.0, 10.0 + day % 3, None) for day in range(8))
EXAMPLE = Example(
    market=MarketSpec((StreamSpec("S0", "1d", BARS),)),
    config=ConfigSpec(
        {"workflow": "drawn", "symbols": ["S0"], "strategies": [{"type": "buy_and_hold"}]}
    ),
    workflows=(WorkflowSpec("drawn", (PhaseSpec("p0"),)),),
)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    finding = Finding("engines", "trace", "trace differs first, at x")
    return save_reproducer(EXAMPLE, tmp_path / "kept", finding)


def test_a_saved_example_can_be_read_by_people(saved: Path) -> None:
    assert saved.name.startswith("engines-trace-")
    names = sorted(f.relative_to(saved).as_posix() for f in saved.rglob("*") if f.is_file())
    assert names == [
        "config.yaml",
        "definitions/workflow.py",
        "example.json",
        "market/S0_1d.csv",
        "patterns/workflow_0.yaml",
        "verdict.txt",
    ]
    assert (saved / "verdict.txt").read_text() == "engines: trace\ntrace differs first, at x\n"
    assert (saved / "config.yaml").read_text() == (
        "workflow: drawn\ndata: {data_dir: market}\nsymbols: [S0]\n"
        "strategies: [{type: buy_and_hold}]\n"
    )
    assert load_reproducer(saved).example == EXAMPLE


def test_saving_the_same_again_gives_the_same(saved: Path) -> None:
    before = (saved / "example.json").read_bytes()
    finding = Finding("engines", "trace", "trace differs first, at x")
    assert save_reproducer(EXAMPLE, saved.parent, finding) == saved
    assert (saved / "example.json").read_bytes() == before


def test_what_holds_now_is_fixed(parity: Callable[..., Output], saved: Path) -> None:
    output = parity("replay", str(saved), "--json", "-")
    assert (output.code, output.err) == (0, f"FIXED {saved}\n")
    assert output.document == {
        "schema": "paritykit/replay/1",
        "exit_code": 0,
        "replays": [{"folder": str(saved), "outcome": "FIXED", "text": ""}],
    }


def test_a_saved_folder_can_be_verified_where_it_lies(
    parity: Callable[..., Output], saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(saved)
    own = ("--components", "definitions", "--patterns", "patterns")
    assert parity("verify", "config.yaml", *own).code == 0
    assert (saved / ".parity").is_dir()
    assert parity("replay", str(saved)).code == 0  # what that left there is nobody's


def changed(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    file = folder / "example.json"
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content))


DAMAGES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "no folder": (shutil.rmtree, "there is no such folder"),
    "another folder": (
        lambda folder: (folder / "example.json").unlink(),
        "it has no example.json, so it is no saved example",
    ),
    "no JSON": (
        lambda folder: (folder / "example.json").write_text('{"schema": '),
        "example.json cannot be read: ",
    ),
    "cut off": (
        lambda folder: (folder / "example.json").write_bytes(
            (folder / "example.json").read_bytes()[:-30]
        ),
        "example.json cannot be read: ",
    ),
    "no text": (
        lambda folder: (folder / "example.json").write_bytes(b"\xff\xfe{}"),
        "example.json cannot be read: ",
    ),
    "a foreign document": (
        lambda folder: (folder / "example.json").write_text("[1, 2]"),
        "example.json has no schema, so it is none of ours",
    ),
    "another schema": (
        lambda folder: changed(folder, lambda c: c.update(schema="paritykit/example/2")),
        "example.json has the schema 'paritykit/example/2', expected 'paritykit/example/1'",
    ),
    "no version": (
        lambda folder: changed(folder, lambda c: c.update(versions={})),
        "example.json is damaged: it does not say which version saved it",
    ),
    "another version": (
        lambda folder: changed(folder, lambda c: c["versions"].update(paritykit="99.1.0")),
        "paritykit 99.1.0 saved it, and this is ",
    ),
    "a missing part": (
        lambda folder: changed(folder, lambda c: c["example"].pop("market")),
        "example.json is damaged: ",
    ),
    "a wrong part": (
        lambda folder: changed(folder, lambda c: c["example"].update(trace="loud")),
        "example.json is damaged: ",
    ),
    "a changed file": (
        lambda folder: (folder / "config.yaml").write_text("workflow: other\n"),
        "config.yaml is not what example.json says: it was changed or damaged",
    ),
    "a file too few": (
        lambda folder: (folder / "market" / "S0_1d.csv").unlink(),
        "it is damaged: market/S0_1d.csv is missing",
    ),
    "a file too many": (
        lambda folder: (folder / "patterns" / "more.yaml").write_text(""),
        "patterns/more.yaml does not belong to the example",
    ),
    "a relation that is gone": (
        lambda folder: changed(
            folder, lambda c: c.update(asked={"relation": "x", "engine": "imperative", "seed": ""})
        ),
        "there is no relation 'x' of 'imperative' here",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_cannot_be_run_again_is_an_error(
    parity: Callable[..., Output], saved: Path, damage: str
) -> None:
    do, message = DAMAGES[damage]
    do(saved)
    output = parity("replay", str(saved))
    assert output.code == 2
    assert output.out.startswith(f"ERROR {saved}: {message}")


def test_an_error_outweighs_a_failure_and_a_failure_what_is_fixed(
    parity: Callable[..., Output], saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted = Example(EXAMPLE.market, EXAMPLE.config, EXAMPLE.workflows, mistake="cycle")
    failing = save_reproducer(accepted, tmp_path / "kept")
    output = parity("replay", str(saved), str(failing))
    assert output.code == 1
    told = f"FAILED {failing}: both engines ran an example with the mistake 'cycle'"
    assert output.out.splitlines() == [f"FIXED {saved}", told]
    assert parity("replay", str(saved), str(failing), str(tmp_path)).code == 2


def test_a_relation_that_found_it_is_held_again(saved: Path) -> None:
    asked = Asked("repeated", "declarative", "7")
    folder = save_reproducer(EXAMPLE, saved.parent, Finding("relation", "repeated", "no"), asked)
    assert load_reproducer(folder).asked == asked
    assert "relation: repeated, of declarative" in (folder / "verdict.txt").read_text()


def test_what_is_no_example_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(ParityError, match="there is no such folder"):
        load_reproducer(tmp_path / "nothing")
