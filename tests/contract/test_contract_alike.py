"""Everything one engine tells, the other tells alike: results and journals, compared whole."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from containers.components import default_components
from containers.container import Role
from containers.errors import ConfigurationError
from containers.journal import Entry
from containers.trading import PortfolioContainer
from tests.contract.conftest import Config, Run, plain
from tests.contract.definitions import Definition, one_phase, workflow

MESSAGES = ("message", "causes", "attached")


def told(run: Run, name: str, config: Config, *definitions: Definition, **keys: Any) -> Any:
    """Give a run's document and journal, without the engine's name and its own wording."""
    journal: list[Entry] = []
    try:
        document = run(config, definitions=definitions, journal=journal, **keys).to_document()
    except ConfigurationError as error:
        assert journal == []
        return type(error) if type(error).__module__.startswith("containers") else "pattern"
    text = json.dumps([document, plain(journal)])
    return reworded(json.loads(text.replace(f'"{name}"', '"any"')))


def reworded(value: Any) -> Any:
    if isinstance(value, dict):
        errors = "activity" in value and value["container"] is None
        return {k: reworded(v) for k, v in value.items() if not (errors and k in MESSAGES)}
    return [reworded(item) for item in value] if isinstance(value, list) else value


def alike(both: dict[str, Run], config: Config, *definitions: Definition, **keys: Any) -> Any:
    found = []
    for name, run in both.items():
        given = {**keys, "root": keys["root"] / name} if "root" in keys else keys
        found.append(told(run, name, config, *definitions, **given))
    assert found[0] == found[1]
    return found[0]


def nested(outer: str, *inner: str) -> Any:
    return {"type": outer, "body": nested(*inner)} if inner else outer


@pytest.fixture(autouse=True)
def _sections(study: Config) -> None:
    study |= {
        "symbols": ["BBB", {"symbol": "AAA", "timeframes": ["1w", "1d"]}],
        "strategies": [
            {"type": "momentum", "parameters": {"fast_period": 2, "slow_period": 5}},
            {"type": "mean_reversion", "symbols": ["AAA"], "parameters": {"lookback": 4}},
            {"type": "momentum", "name": "weekly", "timeframe": "1w", "symbols": ["AAA"],
             "parameters": {"fast_period": 1, "slow_period": 2}},
            {"type": "ensemble", "name": "all",
             "parameters": {"members": {"momentum": 1, "weekly": 0.5, "mean_reversion": -0.2}}},
        ],
        "classifiers": [{"type": "volatility", "parameters": {"lookback": 4}}],
        "risk_profiles": [{"type": "aggressive"}, {"type": "moderate", "stop_loss": 0.02}],
        "walk_forward": {"train_bars": 20, "test_bars": 12, "step_bars": 10},
        "monte_carlo": {"iterations": 2, "noise_level": 0.3},
        "k_fold": {"folds": 3, "embargo_bars": 2},
        "parameter_space": {"momentum.slow_period": [4, 7], "all.threshold": [0.0, 0.3]},
        "trace_level": "detailed",
    }  # fmt: skip


SEQUENCES = [
    nested(*names)
    for names in [
        ("single_pass",),
        ("in_sample",),
        ("out_of_sample",),
        ("train_test",),
        ("walk_forward",),
        ("k_fold",),
        ("parameter_sweep",),
        ("monte_carlo",),
        ("monte_carlo", "walk_forward"),
        ("walk_forward", "monte_carlo"),
        ("parameter_sweep", "monte_carlo"),
        ("k_fold", "monte_carlo"),
        ("in_sample", "parameter_sweep"),
        ("out_of_sample", "walk_forward"),
        ("in_sample", "k_fold"),
        ("walk_forward", "walk_forward"),
        ("train_test", "k_fold"),
        ("parameter_sweep", "walk_forward"),
        ("single_pass", "train_test", "single_pass"),
        ("monte_carlo", "in_sample", "parameter_sweep"),
    ]
]


@pytest.mark.parametrize("topology", ["backtest", "optimization", "signal_generation"])
@pytest.mark.parametrize("sequence", SEQUENCES, ids=str)
def test_every_sequence_of_every_topology_is_told_alike(
    both: dict[str, Run], study: Config, sequence: Any, topology: str
) -> None:
    if isinstance(sequence, dict) and sequence["body"] == "walk_forward":
        few = sequence["type"] in ("out_of_sample", "walk_forward")  # bars to walk over
        study["walk_forward"] |= {"train_bars": 9, "test_bars": 5, "step_bars": 5} if few else {}
    found = alike(both, study, one_phase(sequence, topology))
    assert found is ConfigurationError or found[0]["success"]


@pytest.mark.parametrize("sequence", SEQUENCES[:8], ids=str)
def test_replays_and_analyses_are_told_alike(
    both: dict[str, Run], study: Config, sequence: Any
) -> None:
    study["parameter_space"] = {"all.threshold": [0.0, 0.3]}
    definition = workflow(
        {"name": "generate", "topology": "signal_generation"},
        {
            "name": "replay",
            "topology": "signal_replay",
            "depends_on": "generate",
            "inputs": {"signals": "${generate.signals}"},
            "sequence": sequence,
        },
        {
            "name": "labels",
            "topology": "analysis",
            "depends_on": "replay",
            "inputs": {"result": "${replay}"},
        },
    )
    assert alike(both, study, definition)[0]["success"]


@pytest.mark.parametrize("sampling", [{"count": 3}, None])
@pytest.mark.parametrize("method", ["parameter_noise", "block_bootstrap"])
def test_random_runs_are_told_alike(
    both: dict[str, Run], study: Config, sampling: Any, method: str
) -> None:
    study |= {"symbols": ["AAA", "CCC"], "strategies": study["strategies"][:2], "random_seed": 9}
    study["parameter_space"] = {"momentum.slow_period": [3, 8], "mean_reversion.num_std": [1, 2]}
    if sampling:
        study["parameter_space"] = {"momentum.slow_period": {"low": 3, "high": 9}}
    study["parameter_sweep"] = {"random": sampling}
    study["monte_carlo"] |= {"method": method, "block_bars": 6}
    for sequence in (
        nested("parameter_sweep", "monte_carlo"),
        nested("walk_forward", "monte_carlo"),
    ):
        assert alike(both, study, one_phase(sequence))[0]["success"]


class Boom(PortfolioContainer):
    """A portfolio that fails on its twelfth bar."""

    def on_bar(self, bar: Any) -> None:
        super().on_bar(bar)
        self._heard = getattr(self, "_heard", 0) + 1
        if self._heard == 25:
            raise RuntimeError("boom")


@pytest.mark.parametrize("sequence", ["single_pass", "walk_forward", "k_fold", "monte_carlo"])
@pytest.mark.parametrize("storage", ["memory", "disk"])
def test_a_failure_inside_a_unit_is_told_alike(
    both: dict[str, Run], study: Config, tmp_path: Any, sequence: str, storage: str
) -> None:
    study["results"] = {"storage": storage}
    containers = {Role.PORTFOLIO.value: Boom}
    components = msgspec.structs.replace(default_components(), containers=containers)
    definition = workflow(
        {"name": "before"}
        | {"topology": "analysis", "inputs": {"result": "${first}"}, "depends_on": "first"},
        {"name": "first", "topology": "signal_generation"},
        {"name": "work", "sequence": sequence},
        {"name": "after", "depends_on": "work"},
    )
    found = []
    for name, run in both.items():
        found.append(
            told(
                run,
                name,
                study,
                definition,
                components=components,
                root=tmp_path / name,
                workflow_id="mine",
            )
        )
        folder = tmp_path / name / "results" / "mine"
        found[-1].append(sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*")))
    assert found[0] == found[1]
    error = found[0][0]["phase_results"]["work"]["error"]
    assert (error["type"], error["message"], error["activity"]) == (
        "RuntimeError",
        "boom",
        "execute",
    )
    assert error["path"].startswith("iteration=0/phase=work/window=0/")
    assert found[0][0]["phase_results"]["after"]["status"] == "skipped"


@pytest.mark.parametrize(
    "phases",
    [
        [
            {"name": "a", "config": {"strategies": "${config.random_seed}"}},
            {"name": "b", "depends_on": "a"},
        ],
        [{"name": "a", "when": [{"expression": "1"}]}, {"name": "b"}],
        [
            {"name": "a"},
            {"name": "b", "depends_on": "a", "outputs": {"x": {"value": "${a.best_parameters.x}"}}},
        ],
        [{"name": "a", "outputs": {"x": {"value": 1, "file": "x.csv"}}}],
        [
            {"name": "a"},
            {
                "name": "b",
                "depends_on": "a",
                "sequence": "walk_forward",
                "config": {"walk_forward": {"train_bars": "${a.metrics.bars}"}},
            },
        ],
        [
            {"name": "a"},
            {"name": "b", "depends_on": "a", "config": {"data": {"end_date": "${a.status}"}}},
        ],
        [
            {"name": "a"},
            {
                "name": "b",
                "depends_on": "a",
                "topology": "signal_replay",
                "inputs": {"signals": "${a.best_portfolio}"},
            },
        ],
        [
            {"name": "a"},
            {
                "name": "b",
                "depends_on": "a",
                "topology": "signal_replay",
                "inputs": {"signals": "${a.signals}"},
            },
        ],
        [
            {"name": "a"},
            {
                "name": "b",
                "depends_on": "a",
                "topology": "analysis",
                "inputs": {"result": "${a.metrics.bars}"},
            },
        ],
        [
            {"name": "a"},
            {
                "name": "b",
                "depends_on": "a",
                "sequence": "parameter_sweep",
                "config": {"parameter_space": {"momentum.slow_period": "${a.best_parameters}"}},
            },
        ],
        [{"name": "a", "when": [{"expression": "false"}]}],
    ],
    ids=range(11),
)
def test_failures_outside_units_are_told_alike(
    both: dict[str, Run], study: Config, tmp_path: Any, phases: Any
) -> None:
    study["trace_level"] = "none"
    found = alike(both, study, workflow(*phases), root=tmp_path)
    assert found[0]["success"] is False
    assert found[0]["error"]["path"].startswith("iteration=0")
