"""What workflow patterns say around phases: modules, conditions, references, passes, branches."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from containers.components import default_components
from containers.journal import Entry, TopologyBuilt
from containers.results import WorkflowResult, units
from declarative import DeclarativeWorkflowManager, PatternError, patterns
from declarative.loop import _wider
from declarative.moulds import Moulds
from declarative.reading import cut
from declarative.running import run_unit

Config = dict[str, Any]
PatternFolder = Callable[..., Path]

MODULE = """
    kind: module
    name: checks
    parameters: {least: 1, name: momentum}
    phases:
      - name: again
        topology: backtest
        sequence: single_pass
        config: {random_seed: "${parameters.least}"}
        outputs: {who: {value: "${parameters.name} ${again.metrics.bars}"}}
      - name: later
        depends_on: again
        when: {metric: {phase: again, name: bars, operator: ">=", value: "${parameters.least}"}}
        topology: backtest
        sequence: single_pass
"""
MINE = """
    kind: workflow
    name: mine
    imports:
      - {module: checks, as: first, parameters: {least: 7}}
      - checks.yaml
    phases:
      - {name: last, depends_on: checks.later, topology: backtest, sequence: single_pass}
    outputs: {who: {value: "${first.again.outputs.who}"}}
"""


@pytest.fixture
def run(pattern_folder: PatternFolder, config: Config) -> Callable[..., WorkflowResult]:
    def act(keep: list[Entry] | None = None, **files: str) -> WorkflowResult:
        manager = DeclarativeWorkflowManager(
            patterns=pattern_folder(**files), consumers=[] if keep is None else [keep.append]
        )
        return manager.run_workflow({**config, "workflow": "mine"})

    return act


def refused(run: Callable[..., Any], **files: str) -> list[str]:
    with pytest.raises(PatternError) as caught:
        run(**files)
    return [str(problem).rpartition("/")[2] for problem in caught.value.problems]


def test_modules_are_imported_by_name_or_file_with_parameters(run: Callable[..., Any]) -> None:
    result = run(mine=MINE, checks=MODULE)
    assert list(result.phase_results) == [
        "first.again", "first.later", "checks.again", "checks.later", "last",
    ]  # fmt: skip
    assert result.success
    assert result.outputs == {"who": "momentum 40"}
    seeds = [p.iterations[0].seed for p in result.phase_results.values()]
    assert seeds == [7, 0, 1, 0, 0]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "module: checks,", "module: check,",
            ("mine.yaml:4:14: imports[0].module: there is no module 'check' (did you mean "
             "'checks'?)"),
        ),
        (
            "least: 7", "lest: 7",
            ("mine.yaml:4:46: imports[0].parameters.lest: the module 'checks' has no parameter "
             "'lest' (did you mean 'least'?)"),
        ),
        (
            "least: 7", 'least: "${last.status}"',
            ("mine.yaml:4:53: imports[0].parameters.least: a parameter is a plain value, without "
             "references"),
        ),
        (
            "name: last,", "name: config,",
            ("mine.yaml:7:12: phases[0].name: a phase cannot be called 'config' (references begin "
             "with that word; choose another)"),
        ),
        (
            "first.again.outputs.who", "first.again.outputs.how",
            ("mine.yaml:8:24: outputs.who.value: ${first.again.outputs.how}: the phase "
             "'first.again' has no output 'how' (did you mean 'who'?)"),
        ),
        (
            "first.again.outputs.who", "frist.again.status",
            ("mine.yaml:8:24: outputs.who.value: ${frist.again.status}: there is no 'frist' to "
             "refer to (known: checks.again, checks.later, config, first.again, first.later, "
             "iteration, last, outputs)"),
        ),
    ],
)  # fmt: skip
def test_a_wrong_import_or_reference_is_told_at_its_place(
    old: str, new: str, message: str, run: Callable[..., Any]
) -> None:
    assert old in MINE
    assert refused(run, mine=MINE.replace(old, new), checks=MODULE) == [message]


def test_modules_cannot_import_each_other_in_a_circle(run: Callable[..., Any]) -> None:
    other = "kind: module\nname: other\nimports: [checks]\nphases: []\n"
    checks = MODULE.replace("phases:", "imports: [other]\n    phases:", 1)
    (message,) = refused(run, mine=MINE, checks=checks, other=other)
    assert message.endswith("modules import each other in a circle: checks -> other -> checks")


def test_what_a_phase_reads_it_must_depend_on(run: Callable[..., Any]) -> None:
    mine = """
        kind: workflow
        name: mine
        phases:
          - {name: a, topology: backtest, sequence: single_pass}
          - name: b
            topology: backtest
            sequence: single_pass
            when:
              - {expression: "results.a.metrics.bars > 1"}
              - {metric: {phase: c, name: bars, operator: "<", value: "${a.metrics.brs}"}}
    """
    assert refused(run, mine=mine) == [
        ("mine.yaml:9:22: phases[1].when[0].expression: 'results.a.metrics.bars > 1': the phase "
         "'b' reads the phase 'a' without depending on it (add 'a' to depends_on)"),
        "mine.yaml:10:26: phases[1].when[1].metric.phase: there is no phase 'c' (known: a, b)",
        ("mine.yaml:10:63: phases[1].when[1].metric.value: ${a.metrics.brs}: the phase 'b' reads "
         "the phase 'a' without depending on it (add 'a' to depends_on)"),
    ]  # fmt: skip


def test_passes_change_the_configuration_until_a_condition_fails(run: Callable[..., Any]) -> None:
    mine = """
        kind: workflow
        name: mine
        phases: [{name: a, topology: backtest, sequence: single_pass}]
        iterate:
          while: {expression: "iteration < 2"}
          change:
            portfolio: {initial_capital: {expression: "config.portfolio.initial_capital * 2"}}
    """
    result = run(mine=mine)
    capitals = [
        each.phase_results["a"].aggregate_metrics["initial_capital"] for each in result.iterations
    ]
    assert capitals == [100_000.0, 200_000.0, 400_000.0]


@pytest.mark.parametrize(
    ("values", "factor", "wider"),
    [
        ([2.0, 4.0], 2, [1.0, 2.0, 4.0, 8.0]),
        ([5, 10], 1.5, [3, 5, 10, 15]),
        ([1, 2], 4, [1, 2, 8]),
        ([2, 4], 1, [2, 4]),
        (["a"], 2, ["a"]),
        ([], 2, []),
        ([True], 2, [True]),
    ],
)
def test_lists_widen_at_both_ends(values: list[Any], factor: float, wider: list[Any]) -> None:
    assert _wider(values, factor) == wider


def test_a_text_is_taken_apart_at_its_references() -> None:
    assert [p if isinstance(p, str) else p.steps for p in cut("a ${b.c.1.d e} $ {x} ${y")] == [
        "a ", ("b", "c", "1", "d e"), " $ {x} ${y",
    ]  # fmt: skip
    for wrong in ("${}", "${.a}", "${a..b}", "${a.}"):
        with pytest.raises(ValueError, match="is no reference"):
            cut(wrong)


def test_a_filled_mould_is_what_the_topology_expands_to(
    run: Callable[..., Any], config: Config
) -> None:
    config["strategies"] = [
        {"type": "momentum", "parameters": {"fast_period": 2, "slow_period": 4}},
        {"type": "mean_reversion", "parameters": {"lookback": 3}},
        {"type": "ensemble", "parameters": {"members": {"momentum": 1.0, "mean_reversion": 1.0}}},
    ]
    config["parameter_space"] = {
        "momentum.fast_period": [2, 3, 4],
        "mean_reversion.lookback": [2, 4],
    }
    config["walk_forward"] = {"train_bars": 12, "test_bars": 9}
    manager = DeclarativeWorkflowManager()
    plan = manager.prepare({**config, "workflow": "walk_forward_validation"})
    phase = plan.phases[0]
    assert phase.resolved is not None
    assert phase.market is not None
    work = phase.work(phase.resolved, phase.market, {}, several=True)
    unit = work.unit(work.start())
    filled, alone = run_unit(unit, moulds=Moulds()), run_unit(unit)
    assert filled.trace is not None
    assert alone.trace is not None
    assert filled.trace.digest == alone.trace.digest
    result = manager.run_workflow({**config, "workflow": "walk_forward_validation"})
    for _, ran in units(result.phase_results["validate"].iterations):
        assert len(ran.portfolios) == 3


def test_settings_of_every_unit_are_its_own(config: Config) -> None:
    entries: list[Entry] = []
    manager = DeclarativeWorkflowManager(consumers=[entries.append])
    config["parameter_space"] = {"momentum.fast_period": [2, 3], "momentum.slow_period": [3, 4]}
    manager.run_workflow({**config, "workflow": "train_test_optimization"})
    built = [e.record for e in entries if isinstance(e.record, TopologyBuilt)]
    features = [
        next(c.settings["features"] for c in record.containers if c.role == "features")
        for record in built
    ]
    assert features[:4] == [["sma_2", "sma_3"], ["sma_2", "sma_4"], ["sma_3"], ["sma_3", "sma_4"]]
    assert len(features) == 5


def test_plugins_bring_patterns_by_entry_point(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    package = tmp_path / "my_patterns"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "mine.yaml").write_text(
        "kind: workflow\nname: plugged\nphases: [{name: a, topology: backtest, "
        "sequence: single_pass}]\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    group = patterns.PLUGINS
    found = [EntryPoint("mine", "my_patterns", group)]
    monkeypatch.setattr(patterns, "entry_points", lambda group: found)
    assert "plugged" in DeclarativeWorkflowManager().library.names("workflow")
    found.append(EntryPoint("gone", "no_such_package", group))
    with pytest.raises(PatternError, match=r"the patterns 'gone' \(no_such_package\) cannot be"):
        DeclarativeWorkflowManager(components=default_components())
