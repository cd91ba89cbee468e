"""Section 8.4: which combinations there are."""

from __future__ import annotations

from typing import Any

import pytest

from containers.errors import ConfigurationError
from tests.contract import reference
from tests.contract.conftest import Config, Run, plain
from tests.contract.definitions import one_phase
from tests.contract.test_contract_windows import work

ENSEMBLE = [
    {"type": "momentum", "parameters": {"fast_period": 2, "slow_period": 5}},
    {"type": "mean_reversion", "name": "m.r", "parameters": {"lookback": 5, "num_std": 1}},
    {"type": "ensemble", "name": "all", "parameters": {"members": {"momentum": 1, "m.r": 0.5}}},
]


def parameters(run: Run, study: Config) -> list[Any]:
    phase = work(run, study, "parameter_sweep")
    for index, iteration in enumerate(phase.iterations):
        assert iteration.window.name == "combination"
        assert iteration.seed == study.get("random_seed", 0)
        expected = (index,) if study.get("parameter_sweep", {}).get("random") else ()
        assert iteration.spawn_key == expected
    return [dict(iteration.parameters) for iteration in phase.iterations]


def test_the_product_in_declared_order_last_key_fastest(run: Run, study: Config) -> None:
    space = {"momentum.slow_period": [9, 4], "momentum.fast_period": [3, 1, 2]}
    study["parameter_space"] = space
    found = parameters(run, study)
    assert found == reference.product(space)
    assert [list(p) for p in found] == [list(space)] * 6
    assert found[1] == {"momentum.slow_period": 9, "momentum.fast_period": 1}


def test_values_keep_their_type(run: Run, study: Config) -> None:
    study["strategies"] = [{"type": "mean_reversion"}]
    study["parameter_space"] = {"mean_reversion.num_std": [1, 1.5], "mean_reversion.lookback": [5]}
    found = parameters(run, study)
    assert [type(p["mean_reversion.num_std"]) for p in found] == [float, float]
    assert [type(p["mean_reversion.lookback"]) for p in found] == [int, int]


def test_weights_of_an_ensemble_and_names_with_dots(run: Run, study: Config) -> None:
    study["strategies"] = ENSEMBLE
    space: Config = {
        "all.members.m.r": [0.5, -1.0],
        "m.r.lookback": [4, 6],
        "all.threshold": [0.0, 0.2],
    }
    study["parameter_space"] = space
    assert parameters(run, study) == reference.product(space)
    phase = work(run, study, "parameter_sweep")
    for iteration in phase.iterations:
        given = iteration.portfolios["all.aggressive"].parameters
        assert given["members"]["m.r"] == iteration.parameters["all.members.m.r"]
        assert given["members"]["momentum"] == 1.0
        assert given["threshold"] == iteration.parameters["all.threshold"]


def test_the_longest_strategy_name_that_fits_counts(run: Run, study: Config) -> None:
    study["strategies"] = [
        {"type": "momentum", "name": "a", "parameters": {"fast_period": 2, "slow_period": 5}},
        {"type": "momentum", "name": "a.b", "parameters": {"fast_period": 2, "slow_period": 5}},
    ]
    study["parameter_space"] = {"a.b.fast_period": [1, 3]}
    phase = work(run, study, "parameter_sweep")
    for iteration, value in zip(phase.iterations, (1, 3), strict=True):
        assert iteration.portfolios["a.b.aggressive"].parameters["fast_period"] == value
        assert iteration.portfolios["a.aggressive"].parameters["fast_period"] == 2


@pytest.mark.parametrize("seed", [0, 12345])
def test_random_samples(run: Run, study: Config, seed: int) -> None:
    study["strategies"] = [{"type": "mean_reversion"}]
    space: Config = {
        "mean_reversion.lookback": {"low": 1, "high": 9},
        "mean_reversion.num_std": {"low": 0.5, "high": 2},
        "mean_reversion.lookback ": None,
    }
    del space["mean_reversion.lookback "]
    study |= {"parameter_space": space, "random_seed": seed,
              "parameter_sweep": {"random": {"count": 8}}}  # fmt: skip
    expected = [reference.drawn(space, {"mean_reversion.lookback": 1}, seed, i) for i in range(8)]
    found = parameters(run, study)
    assert found == expected
    assert {type(p["mean_reversion.lookback"]) for p in found} == {int}
    lists = {"mean_reversion.num_std": [0.5, 1.0, 2.5], "mean_reversion.lookback": [5, 7]}
    study["parameter_space"] = lists
    assert parameters(run, study) == [reference.drawn(lists, {}, seed, i) for i in range(8)]


def test_only_and_skip_leave_keys_out(run: Run, study: Config) -> None:
    study["strategies"] = ENSEMBLE
    study["parameter_space"] = {"all.members.momentum": [1.0, 2.0], "momentum.fast_period": [1, 2],
                                "m.r.lookback": [4, 6]}  # fmt: skip
    for settings, keys in [
        ({"only": ["ensemble"]}, ["all.members.momentum"]),
        ({"skip": ["ensemble"]}, ["momentum.fast_period", "m.r.lookback"]),
        ({"only": ["momentum", "ensemble"], "skip": ["ensemble"]}, ["momentum.fast_period"]),
    ]:
        study["parameter_sweep"] = settings
        assert list(parameters(run, study)[0]) == keys


@pytest.mark.parametrize(
    ("space", "sweep", "fragments"),
    [
        ({"momentun.fast_period": [1]}, {}, ["momentun", "momentum"]),
        ({"momentum.fast_perod": [1]}, {}, ["fast_perod", "fast_period"]),
        ({"momentum": [1]}, {}, ["momentum"]),
        ({"momentum.fast_period": []}, {}, ["fast_period"]),
        ({"momentum.fast_period": 5}, {}, ["fast_period"]),
        ({"momentum.fast_period": [0]}, {}, ["0"]),
        ({"momentum.fast_period": [1.5]}, {}, ["1.5"]),
        ({"momentum.fast_period": ["2"]}, {}, ["2"]),
        ({"momentum.fast_period": [True]}, {}, []),
        ({"momentum.fast_period": {"low": 1, "high": 5}}, {}, ["fast_period"]),
        ({"momentum.fast_period": {"low": 5, "high": 5}}, {"random": {"count": 2}}, []),
        ({"momentum.fast_period": {"low": 6, "high": 5}}, {"random": {"count": 2}}, []),
        ({"momentum.fast_period": {"low": 1}}, {"random": {"count": 2}}, []),
        ({"momentum.fast_period": [1]}, {"random": {"count": 0}}, []),
        ({}, {}, ["parameter_space"]),
        ({"momentum.fast_period": [1]}, {"skip": ["momentum"]}, []),
        ({"momentum.fast_period": [1]}, {"only": []}, []),
    ],
)
@pytest.mark.parametrize("form", ["parameter_sweep", "optimization"])
def test_a_wrong_space_is_a_configuration_error(
    run: Run, study: Config, space: Any, sweep: Any, fragments: list[str], form: str
) -> None:
    study |= {"parameter_space": space, "parameter_sweep": sweep}
    definition = (
        one_phase("parameter_sweep") if form == "parameter_sweep" else one_phase(topology=form)
    )
    with pytest.raises(ConfigurationError) as caught:
        run(study, definitions=[definition])
    for fragment in fragments:
        assert fragment in str(caught.value)


def test_the_best_of_a_sweep_is_its_parameters_run_alone(run: Run, study: Config) -> None:
    study["parameter_space"] = {"momentum.fast_period": [1, 2, 3], "momentum.slow_period": [4, 8]}
    phase = work(run, study, "parameter_sweep")
    best = {key.split(".")[1]: value for key, value in phase.best_parameters.items()}
    study |= {"strategies": [{"type": "momentum", "parameters": best}], "parameter_space": {}}
    alone = work(run, study, "single_pass")
    assert plain(alone.portfolios) == plain(phase.portfolios)
    assert alone.metrics == phase.metrics
