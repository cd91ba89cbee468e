"""Workflows of many units through both engines and the oracle."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from containers.components import default_components
from containers.events import Fill
from containers.trading import ExecutionContainer, StrategyContainer
from imperative import Coordinator
from parity.channels import Channel
from parity.own import Own
from parity.record import Record
from parity.subjects import parse_subject, subject_for
from parity.subjects.engine import EngineSubject
from parity.subjects.units import units_of
from parity.verdicts import Verdict
from parity.verification import Coverage, Pair
from parity.verifying import verify
from tests.parity.conftest import OWN, ROOT, Output

STUDY = (
    str(OWN / "study.yaml"),
    "--components",
    str(OWN / "components"),
    "--patterns",
    str(OWN / "patterns"),
)

WALK: Mapping[str, Any] = {
    "workflow": "walk_forward_validation",
    "data": {
        "data_dir": str(ROOT / "fixtures" / "market"),
        "start_date": "2005-01-03",
        "end_date": "2005-04-30",
    },
    "symbols": ["GOOG", "IBM"],
    "strategies": [{"type": "momentum", "parameters": {"fast_period": 2, "slow_period": 5}}],
    "parameter_space": {"momentum.fast_period": [1, 3]},
    "walk_forward": {"train_bars": 30, "test_bars": 20},
}


def test_every_kind_of_unit_is_compared_and_the_oracle_holds_what_it_can(
    parity: Callable[..., Output],
) -> None:
    output = parity("verify", *STUDY, "--json", "-")
    assert output.code == 0, output.err
    document = output.document
    assert document["oracle"] == {
        "held": 63,
        "beyond": {"it runs over bootstrapped bars": 3, "it replays stored signals": 1},
    }
    engine, oracle = document["workflows"]
    assert (engine["oracle"], oracle["oracle"]) == (None, document["oracle"])
    assert engine["totals"]["events"] > oracle["totals"]["events"] > 50_000
    assert "oracle: held against 63 of 67 units" in output.err
    assert "  3 beyond it: it runs over bootstrapped bars" in output.err
    # A line for each comparison, however many units there are.
    assert len(output.err.splitlines()) < 10


def fault(container: str, cls: type) -> EngineSubject:
    components = msgspec.structs.replace(default_components(), containers={container: cls})
    return EngineSubject(
        "imperative", lambda **options: Coordinator(components=components, **options), {}
    )


def test_a_divergence_names_phase_iteration_and_container(tmp_path: Path) -> None:
    class Turned(StrategyContainer):
        def publish_signals(self) -> None:
            if self._clock.time_ns > 1_109_900_000_000_000_000:  # in March: window 0, its test
                self._views.clear()
            super().publish_signals()

    verification = verify(
        [("c", WALK)], subject_for(parse_subject("declarative")), [fault("strategy", Turned)],
        tmp_path, oracle=False,
    )  # fmt: skip
    divergence = verification.pairs[0].divergence
    assert divergence is not None
    assert (divergence.channel, divergence.phase) == (Channel.TRACE, "validate")
    assert divergence.iteration == "window=0/window=1"
    assert divergence.container == "strategy/momentum"


def test_what_was_built_otherwise_names_its_container(tmp_path: Path) -> None:
    class Free(ExecutionContainer):
        def settings(self) -> dict[str, Any]:
            return {**super().settings(), "fill": "never"}

    verification = verify(
        [("c", WALK)], subject_for(parse_subject("declarative")), [fault("execution", Free)],
        tmp_path, oracle=False,
    )  # fmt: skip
    divergence = verification.pairs[0].divergence
    assert divergence is not None
    assert (divergence.channel, divergence.container) == (Channel.TOPOLOGY, "execution")
    assert divergence.iteration == "window=0/window=0/window=0"


def test_the_oracle_sees_a_fault_in_a_window_that_both_engines_share(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nothing is cancelled or closed at the end of a window, in either engine.
    monkeypatch.setattr(ExecutionContainer, "end_symbols", lambda self: None)
    control = subject_for(parse_subject("imperative"))
    candidate = subject_for(parse_subject("declarative"))
    pairs = verify([("c", WALK)], control, [candidate], tmp_path).pairs
    assert [pair.ending for pair in pairs] == ["parity", "differs"]
    assert pairs[1].divergence is not None
    assert pairs[1].divergence.channel is Channel.TRACE


def record_of(config: Mapping[str, Any], tmp_path: Path) -> Record:
    return subject_for(parse_subject("imperative")).run(config, tmp_path)


def test_the_units_of_a_record_have_their_window_parameters_and_configuration(
    tmp_path: Path,
) -> None:
    units = [unit for unit in units_of(record_of(WALK, tmp_path)) if unit is not None]
    # 82 bars: two windows, in each two combinations and a test.
    assert [unit.unit.names for unit in units] == [
        ["window", "train", "combination"],
        ["window", "train", "combination"],
        ["window", "test"],
    ] * 2
    test = units[2]
    assert test.place == "iteration=0/phase=validate/window=0/window=1/unit=0"
    assert test.unit.windows[-1].warmup_bars == 5
    assert set(test.unit.parameters) == {"momentum.fast_period"}
    assert test.unit.config["execution"]["fill"] == "next_open"
    assert test.same_as == ()


def test_a_phase_of_one_unit_comes_to_what_the_unit_comes_to(tmp_path: Path) -> None:
    config = {**WALK, "workflow": "simple_backtest"}
    (unit,) = units_of(record_of(config, tmp_path))
    assert unit is not None
    assert unit.same_as == ("iteration=0/phase=backtest",)


def test_a_unit_that_a_record_does_not_explain_is_beyond_the_oracle(tmp_path: Path) -> None:
    record = record_of(WALK, tmp_path)
    channels = {**record.channels, Channel.PLAN: {}}
    units = list(units_of(msgspec.structs.replace(record, channels=channels)))
    assert units == [None] * 6


def test_a_phases_own_trace_level_is_that_of_its_units(tmp_path: Path) -> None:
    config = {**WALK, "phases": {"validate": {"trace_level": "minimal"}}}
    record = record_of(config, tmp_path)
    assert {settings.level for settings in record.trace_settings.values()} == {"minimal"}
    kinds = {type(e) for trace in record.channels[Channel.TRACE].values() for e in trace.events()}
    assert kinds == {Fill}
    control, candidate = (subject_for(parse_subject(e)) for e in ("imperative", "declarative"))
    verification = verify([("c", config)], control, [candidate], tmp_path / "v")
    assert verification.exit_code == 0
    assert verification.coverage.held == 6


def test_traces_of_many_units_are_kept_up_to_a_number(
    parity: Callable[..., Output], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("parity.records.record_file.TRACES_KEPT", 2)
    (tmp_path / "c.json").write_text(json.dumps(WALK), encoding="utf-8")
    (tmp_path / "c.yaml").write_text(json.dumps(WALK), encoding="utf-8")
    assert parity("verify", "c.yaml").code == 0
    kept = tmp_path / ".parity" / "records" / "000001" / "0" / "control-imperative"
    record = json.loads((kept / "record.json").read_text(encoding="utf-8"))
    traces = list(record["channels"]["trace"].values())
    assert len(traces) == 6
    assert [trace["path"] is not None for trace in traces] == [True, True] + [False] * 4
    assert sorted(path.name for path in (kept / "trace").iterdir()) == ["0", "1"]


def test_own_folders_are_loaded_when_they_are_asked_for(tmp_path: Path) -> None:
    own = Own(patterns=tmp_path / "none", components=tmp_path / "none")
    assert own.patterns == tmp_path / "none"  # nothing has been read yet
    assert "momentum" in Own().components.strategies
    assert Own().definitions is None


def test_a_run_of_many_units_prints_a_table_for_each_phase(
    parity: Callable[..., Output],
) -> None:
    output = parity("run", *STUDY, "--engine", "declarative")
    assert output.code == 0, output.err
    lines = output.out.splitlines()
    assert "phase noise (backtest, monte_carlo(walk_forward), 40 units): succeeded" in lines
    assert "phase labels (analysis, single_pass, 1 unit): succeeded" in lines
    noise = lines.index("phase noise (backtest, monte_carlo(walk_forward), 40 units): succeeded")
    assert lines[noise + 1].split() == ["figure", "mean"]
    assert len(lines) < 200


def oracle_on(folder: Path, sequence: str, **keys: str) -> Pair:
    """Run a workflow of one phase and of these keys through an engine and the oracle."""
    text = f"kind: workflow\nname: own\nphases: [{{name: a, sequence: {sequence}, "
    text += ", ".join(f"{key}: {value}" for key, value in keys.items()) + "}]\n"
    patterns = folder / "patterns"
    patterns.mkdir()
    (patterns / "own.yaml").write_text(text, encoding="utf-8")
    config = {**WALK, "workflow": "own", "parameter_space": {"momentum.slow_period": [5, 8]}}
    engine = subject_for(parse_subject("declarative"), Own(patterns=patterns))
    (pair,) = verify([("c", config)], engine, [], folder / "runs").pairs
    return pair


def test_the_oracle_sees_all_combinations_in_the_test_of_a_body_that_optimises_nothing(
    tmp_path: Path,
) -> None:
    sequence = "{type: train_test, body: out_of_sample}"
    pair = oracle_on(tmp_path, sequence, topology="optimization")
    assert (pair.verdict, pair.coverage) == (Verdict.EQUAL, Coverage(2, {}))


def test_the_oracle_is_not_asked_for_units_of_a_phase_that_failed(tmp_path: Path) -> None:
    nowhere = "{x: {value: '${a.best_parameters.nowhere}'}}"
    pair = oracle_on(
        tmp_path, "single_pass", topology="backtest", required="false", outputs=nowhere
    )
    assert (pair.control.status, pair.candidate) == ("succeeded", None)
