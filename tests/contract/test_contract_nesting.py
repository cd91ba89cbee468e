"""Section 8: a sequence may be the body of another; its changes apply inside."""

from __future__ import annotations

from typing import Any

import pytest

from containers.errors import ConfigurationError
from containers.journal import Entry, IterationStarted
from containers.results import units
from tests.contract import reference
from tests.contract.conftest import Config, Run, plain
from tests.contract.definitions import one_phase
from tests.contract.test_contract_windows import work

SPACE = {"momentum.fast_period": [1, 2], "momentum.slow_period": [4, 8]}


@pytest.fixture(autouse=True)
def _sections(study: Config) -> None:
    study |= {
        "walk_forward": {"train_bars": 20, "test_bars": 15},
        "monte_carlo": {"iterations": 2, "noise_level": 0.5},
        "k_fold": {"folds": 3},
    }


def nested(outer: str, *inner: str) -> Any:
    return {"type": outer, "body": nested(*inner)} if inner else outer


def test_a_monte_carlo_of_walk_forwards(run: Run, study: Config) -> None:
    phase = work(run, study, nested("monte_carlo", "walk_forward"))
    assert phase.sequence == "monte_carlo(walk_forward)"
    metrics = []
    for index, sample in enumerate(phase.iterations):
        assert [w.window.name for w in sample.iterations] == ["window"] * 2
        assert {u.spawn_key for _, u in units(sample.iterations)} == {(index,)}
        parameters = {k.split(".")[1]: v for k, v in sample.parameters.items()}
        alone = {**study, "strategies": [{"type": "momentum", "parameters": parameters}]}
        walked = work(run, alone, "walk_forward")
        assert plain(sample.portfolios) == plain(walked.portfolios)
        assert sample.metrics == walked.metrics
        assert sample.aggregate_metrics == walked.aggregate_metrics
        metrics.append(walked.metrics)
    assert phase.metrics == reference.means(metrics)
    assert dict(phase.aggregate_metrics) == reference.aggregate(metrics)


def test_a_walk_forward_of_monte_carlos_trains_on_means(run: Run, study: Config) -> None:
    study["parameter_space"] = SPACE
    phase = work(run, study, nested("walk_forward", "monte_carlo"))
    for window in phase.iterations:
        train, test = window.iterations
        assert [c.window.name for c in train.iterations] == ["combination"] * 4
        for combination in (*train.iterations, test):
            samples = combination.iterations
            assert [s.window.name for s in samples] == ["sample"] * 2
            assert combination.metrics == reference.means([s.metrics for s in samples])
            # The noise is on the combination's parameters.
            given = {k: combination.parameters[k] for k in SPACE}
            for index, sample in enumerate(samples):
                assert dict(sample.parameters) == reference.noisy(given, 0.5, 0, index)
        best = reference.best([c.metrics for c in train.iterations])
        assert dict(test.parameters) == dict(train.iterations[best].parameters)
        assert window.metrics == test.metrics
        assert dict(window.portfolios) == {}
    # Without curves there is nothing to chain: means over the windows.
    metrics = [window.iterations[1].metrics for window in phase.iterations]
    assert (dict(phase.portfolios), phase.best_portfolio) == ({}, None)
    assert phase.metrics == reference.means(metrics)
    assert dict(phase.aggregate_metrics) == reference.aggregate(metrics)


def test_a_sweep_of_monte_carlos(run: Run, study: Config) -> None:
    study["parameter_space"] = SPACE
    phase = work(run, study, nested("parameter_sweep", "monte_carlo"))
    metrics = [c.metrics for c in phase.iterations]
    for combination in phase.iterations:
        assert combination.spawn_key == ()
        assert [s.spawn_key for s in combination.iterations] == [(0,), (1,)]
        assert combination.metrics == reference.means([s.metrics for s in combination.iterations])
    best = reference.best(metrics)
    assert dict(phase.best_parameters) == dict(phase.iterations[best].parameters)
    assert phase.metrics == metrics[best]


def test_keys_of_random_iterations_add_up(run: Run, study: Config) -> None:
    study |= {"random_seed": 3, "parameter_sweep": {"random": {"count": 2}}}
    study["parameter_space"] = {"momentum.slow_period": {"low": 4, "high": 12}}
    phase = work(run, study, nested("monte_carlo", "parameter_sweep", "monte_carlo"))
    minimum = {"momentum.slow_period": 1}
    for i, sample in enumerate(phase.iterations):
        outer = reference.noisy({"momentum.fast_period": 2, "momentum.slow_period": 5}, 0.5, 3, i)
        assert dict(sample.parameters) == outer
        for j, combination in enumerate(sample.iterations):
            assert combination.spawn_key == (i, j)
            drawn = reference.drawn(study["parameter_space"], minimum, 3, i, j)
            assert dict(combination.parameters) == drawn
            for k, inner in enumerate(combination.iterations):
                assert inner.spawn_key == (i, j, k)
                given = {**outer, **drawn}
                assert dict(inner.parameters) == reference.noisy(given, 0.5, 3, i, j, k)


def test_random_training_draws_alike_in_every_window(run: Run, study: Config) -> None:
    study |= {"parameter_sweep": {"random": {"count": 3}}, "random_seed": 4}
    study["parameter_space"] = {"momentum.slow_period": {"low": 4, "high": 12}}
    phase = work(run, study, "walk_forward")
    expected = [
        reference.drawn(study["parameter_space"], {"momentum.slow_period": 1}, 4, k)
        for k in range(3)
    ]
    for window in phase.iterations:
        train, test = window.iterations
        assert [dict(c.parameters) for c in train.iterations] == expected
        assert [c.spawn_key for c in train.iterations] == [(0,), (1,), (2,)]
        assert (train.spawn_key, test.spawn_key) == ((), ())


def test_inside_a_part_the_space_may_be_swept(run: Run, study: Config) -> None:
    study["parameter_space"] = SPACE
    phase = work(run, study, nested("in_sample", "parameter_sweep"))
    (train,) = phase.iterations
    assert (train.window.first_bar, train.window.last_bar) == (0, 41)
    assert [dict(c.parameters) for c in train.iterations] == reference.product(SPACE)
    assert dict(phase.best_parameters) == dict(train.best_parameters)
    assert phase.metrics == train.metrics


def test_windows_inside_a_part_are_windows_of_that_part(run: Run, study: Config) -> None:
    study["walk_forward"] = {"train_bars": 8, "test_bars": 4}
    study["train_test"] = {"train_ratio": 0.7}
    (test,) = work(run, study, nested("out_of_sample", "walk_forward")).iterations
    assert (test.window.first_bar, test.window.last_bar) == (42, 59)
    found = [(w.window.first_bar, w.window.last_bar) for _, w in units(test.iterations)]
    expected = [(a + 42, b + 42) for pair in reference.walk(18, 8, 4, None) for a, b in pair]
    assert found == expected
    # Warm-up reaches back to the configured start, not to the part's.
    assert {w.window.warmup_bars for _, w in units(test.iterations)} == {5}


@pytest.mark.parametrize(
    "sequence",
    [
        "single_pass",
        "train_test",
        "walk_forward",
        "k_fold",
        "parameter_sweep",
        "monte_carlo",
        "in_sample",
    ],
)
def test_a_body_of_single_pass_changes_nothing(run: Run, study: Config, sequence: str) -> None:
    study["parameter_space"] = SPACE
    bare = work(run, study, sequence)
    wrapped = work(run, study, nested(sequence, "single_pass"))
    for name in ("metrics", "portfolios", "best_portfolio", "best_parameters"):
        assert plain(getattr(bare, name)) == plain(getattr(wrapped, name)), name
    assert bare.aggregate_metrics == wrapped.aggregate_metrics
    found = [u.metrics for _, u in units(wrapped.iterations)]
    assert found == [u.metrics for _, u in units(bare.iterations)]
    names = {u.window.name for _, u in units(wrapped.iterations)}
    assert names == {"full"}


def test_a_single_pass_of_something_is_that_thing(run: Run, study: Config) -> None:
    study["parameter_space"] = SPACE
    for sequence in ("walk_forward", "parameter_sweep", "monte_carlo"):
        bare = work(run, study, sequence)
        wrapped = work(run, study, nested("single_pass", sequence))
        assert wrapped.metrics == bare.metrics
        assert plain(wrapped.iterations[0].iterations) == plain(bare.iterations)


@pytest.mark.parametrize("outer", ["walk_forward", "train_test", "k_fold", "parameter_sweep"])
@pytest.mark.parametrize("space", [SPACE, {}])
def test_a_space_that_is_used_up_cannot_be_swept_again(
    run: Run, study: Config, outer: str, space: Config
) -> None:
    study["parameter_space"] = space
    with pytest.raises(ConfigurationError, match="parameter_space"):
        run(study, definitions=[one_phase(nested(outer, "parameter_sweep"))])


def test_a_sequence_that_does_not_exist_is_told_with_the_nearest(run: Run, study: Config) -> None:
    for sequence in ("walk_foward", nested("monte_carlo", "walk_foward")):
        with pytest.raises(ConfigurationError, match="walk_forward"):
            run(study, definitions=[one_phase(sequence)])


def test_paths_have_a_window_for_each_level(run: Run, study: Config) -> None:
    journal: list[Entry] = []
    study["parameter_space"] = {"momentum.fast_period": [1, 2]}
    work(run, study, nested("monte_carlo", "walk_forward"), journal=journal)
    started = {
        tuple(key for _, key in e.path[2:]): e.record.window.name
        for e in journal
        if isinstance(e.record, IterationStarted)
    }
    assert started[0,] == "sample"
    assert started[0, 1] == "window"
    assert started[0, 1, 0] == "train"
    assert started[0, 1, 0, 1] == "combination"
    assert started[0, 1, 1] == "test"
    assert all({level for level, _ in e.path[2:]} <= {"window", "unit"} for e in journal)
    warm = {
        tuple(key for _, key in e.path[2:]): e.record.window.warmup_bars
        for e in journal
        if isinstance(e.record, IterationStarted)
    }
    assert (warm[0,], warm[0, 1], warm[0, 1, 0]) == (0, 0, 0)
    assert warm[0, 1, 1] > 0
