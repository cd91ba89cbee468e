from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import pytest

from containers.components import Components
from containers.configuration import (
    ParameterRange,
    schema,
    settings,
    validate_resolved,
)
from containers.errors import ConfigurationError, Location

Problems = Callable[..., list[str]]


def changed(data: dict[str, Any], *path: str | int, to: object) -> dict[str, Any]:
    data = copy.deepcopy(data)
    place: Any = data
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return data


def without(data: dict[str, Any], *path: str | int) -> dict[str, Any]:
    data = copy.deepcopy(data)
    place: Any = data
    for step in path[:-1]:
        place = place[step]
    del place[path[-1]]
    return data


def every_key(data: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    free = ("parameter_space", "containers", "phases")
    if isinstance(data, list):
        return [p for index, item in enumerate(data) for p in every_key(item, (*path, index))]
    if not isinstance(data, Mapping) or (path[-1:] and path[-1] in free):
        return []
    return [p for key, item in data.items() for p in ((*path, key), *every_key(item, (*path, key)))]


def test_a_complete_configuration_is_typed_and_frozen(
    complete: dict[str, Any], components: Components
) -> None:
    config = validate_resolved(complete, components=components)
    assert config.workflow == "simple_backtest"
    assert config.symbols[0].timeframes == ("1d",)
    assert config.strategies[0].parameters == {"fast_period": 10, "slow_period": 30}
    assert repr(config.portfolio.initial_capital) == "100000.0"
    assert config.parameter_space["fast.fast_period"] == (5, 10, 20)
    assert config.parameter_space["fast.slow_period"] == ParameterRange(3.0, 60.0)
    assert config.metrics.periods_per_year == "auto"
    with pytest.raises(AttributeError):
        config.random_seed = 5  # type: ignore[misc]  # frozen is what is tested


def test_a_configuration_travels_to_another_process(
    complete: dict[str, Any], components: Components
) -> None:
    config = validate_resolved(complete, components=components)
    assert pickle.loads(pickle.dumps(config)) == config


def test_nothing_is_mutated(complete: dict[str, Any], components: Components) -> None:
    complete["symbols"] = [{"symbol": "GOOG", "timeframes": ("1d",)}]
    before = copy.deepcopy(complete)
    validate_resolved(complete, components=components)
    assert complete == before


def test_settings_and_schema_have_the_same_keys() -> None:
    def of_schema(section: type[schema.Section]) -> set[str]:
        return set(section.model_fields)

    def of_settings(struct: type[msgspec.Struct]) -> set[str]:
        return set(struct.__struct_fields__)

    pairs: dict[type[schema.Section], type[msgspec.Struct]] = {
        schema.UserConfiguration: settings.Configuration,
        schema.Data: settings.DataSettings,
        schema.SymbolEntry: settings.SymbolSettings,
        schema.StrategyEntry: settings.StrategySettings,
        schema.ClassifierEntry: settings.ClassifierSettings,
        schema.RiskProfileEntry: settings.RiskSettings,
        schema.Execution: settings.ExecutionSettings,
        schema.Portfolio: settings.PortfolioSettings,
        schema.ConstraintEntry: settings.Constraint,
        schema.Objective: settings.ObjectiveSettings,
        schema.Metrics: settings.MetricsSettings,
        schema.Trace: settings.TraceSettings,
        schema.Results: settings.ResultsSettings,
        schema.RandomSampling: settings.RandomSampling,
        schema.ParameterSweep: settings.ParameterSweepSettings,
        schema.WalkForward: settings.WalkForwardSettings,
        schema.TrainTest: settings.TrainTestSettings,
        schema.KFold: settings.KFoldSettings,
        schema.MonteCarlo: settings.MonteCarloSettings,
    }
    sections = {
        item
        for item in vars(schema).values()
        if isinstance(item, type) and issubclass(item, schema.Section)
    }
    assert sections - {schema.Section, schema.PhaseOverride} == set(pairs)
    for section, struct in pairs.items():
        assert of_schema(section) == of_settings(struct), section


def test_every_key_is_required(complete: dict[str, Any], problems_of: Problems) -> None:
    paths = [path for path in every_key(complete) if path != ("phases",)]
    assert len(paths) > 80
    for path in paths:
        problems = problems_of(without(complete, *path), resolved=True)
        expected = f"the required key '{path[-1]}' is missing"
        assert len(problems) == 1, path
        assert expected in problems[0], path


def test_phases_need_not_be_there(complete: dict[str, Any], components: Components) -> None:
    config = validate_resolved(without(complete, "phases"), components=components)
    assert config.phases == {}
    assert config.walk_forward.close_at_end is True
    said = changed(complete, "walk_forward", "close_at_end", to=False)
    assert validate_resolved(said, components=components).walk_forward.close_at_end is False


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        (("workflow",), "write the name of a workflow, for example workflow: simple_backtest"),
        (("data",), "write at least data: {data_dir: FOLDER}"),
        (("data", "data_dir"), "write the folder that holds the files of market data"),
        (("symbols",), "write what to trade, for example symbols: [GOOG]"),
        (("strategies",), "write at least one, for example strategies: [{type: momentum}]"),
    ],
)
def test_a_missing_key_without_default_says_what_to_write(
    path: tuple[str, ...], hint: str, complete: dict[str, Any], problems_of: Problems
) -> None:
    (problem,) = problems_of(without(complete, *path), resolved=True)
    assert problem.endswith(f"the required key '{path[-1]}' is missing ({hint})")


def test_a_missing_key_is_located_at_the_mapping_around_it(
    complete: dict[str, Any], components: Components
) -> None:
    asked: list[tuple[Any, bool]] = []

    def locate(path: Any, key: bool) -> Location:
        asked.append((path, key))
        return Location("c.yaml", 1, 1)

    data = without(complete, "data", "source")
    with pytest.raises(ConfigurationError, match=r"^c\.yaml:1:1: data\.source: "):
        validate_resolved(data, components=components, locate=locate)
    assert asked == [(("data", "source"), False)]


MOMENTUM = {
    "type": "momentum",
    "name": "slow",
    "parameters": {"fast_period": 10, "slow_period": 30},
    "symbols": None,
    "timeframe": None,
}
PROFILE = {
    "type": "custom",
    "name": "own",
    "max_position_size": 0.1,
    "fixed_quantity": None,
    "max_leverage": 1.0,
    "max_drawdown": None,
    "drawdown_cooldown_bars": None,
    "stop_loss": None,
}


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        (("symbols",), [], "symbols: found an empty list, expected at least one symbol"),
        (
            ("strategies",),
            [],
            "strategies: found an empty list, expected at least one strategy",
        ),
        (
            ("risk_profiles",),
            [],
            "risk_profiles: found an empty list, expected at least one risk profile",
        ),
        (
            ("symbols", 0, "timeframes"),
            [],
            "symbols[0].timeframes: found an empty list, expected at least one timeframe",
        ),
        (
            ("strategies", 0, "symbols"),
            [],
            (
                "strategies[0].symbols: found an empty list, "
                "expected at least one symbol, or null for all"
            ),
        ),
        (
            ("strategies",),
            [MOMENTUM, MOMENTUM],
            (
                "strategies[1].name: two strategies are called 'slow' "
                "(a second one of a type needs a name of its own)"
            ),
        ),
        (
            ("risk_profiles",),
            [PROFILE, PROFILE],
            (
                "risk_profiles[1].name: two risk profiles are called 'own' "
                "(a second one of a type needs a name of its own)"
            ),
        ),
        (
            ("symbols",),
            [{"symbol": "GOOG", "timeframes": ["1d"]}, {"symbol": "GOOG", "timeframes": ["1h"]}],
            (
                "symbols[1].symbol: the symbol 'GOOG' stands here a second time "
                "(give it all its timeframes in one place)"
            ),
        ),
        (
            ("symbols", 0, "timeframes"),
            ["60m", "1h"],
            "symbols[0].timeframes[1]: '1h' is as long as '60m' (keep one of the two)",
        ),
        (
            ("symbols", 0, "timeframes"),
            ["1d", "1h", "1d"],
            "symbols[0].timeframes[2]: the timeframe '1d' stands here a second time",
        ),
        (
            ("strategies", 0, "symbols"),
            ["GOGO"],
            "strategies[0].symbols[0]: the symbol 'GOGO' is not configured (did you mean 'GOOG'?)",
        ),
        (
            ("strategies", 0, "symbols"),
            ["GOOG", "GOOG"],
            "strategies[0].symbols[1]: the symbol 'GOOG' stands here a second time",
        ),
        (
            ("strategies", 0, "timeframe"),
            "1h",
            "strategies[0].timeframe: the symbol 'GOOG' has no timeframe '1h' (it has 1d)",
        ),
        (
            ("data", "end_date"),
            "2005-01-02",
            "data.end_date: the end '2005-01-02' is before the start '2005-01-03'",
        ),
        (
            ("risk_profiles", 0, "max_position_size"),
            None,
            (
                "risk_profiles[0]: a risk profile needs a size, and this one has none "
                "(set max_position_size or fixed_quantity)"
            ),
        ),
        (
            ("risk_profiles", 0, "fixed_quantity"),
            2.5,
            (
                "risk_profiles[0].fixed_quantity: found 2.5, "
                "expected a multiple of the lot size 1 (or set portfolio.fractional to true)"
            ),
        ),
        (
            ("risk_profiles", 0, "fixed_quantity"),
            1e-12,
            (
                "risk_profiles[0].fixed_quantity: found 1e-12, "
                "expected a multiple of the lot size 1 (or set portfolio.fractional to true)"
            ),
        ),
    ],
)
def test_values_that_do_not_fit_together(
    path: tuple[str | int, ...],
    value: object,
    problem: str,
    complete: dict[str, Any],
    problems_of: Problems,
) -> None:
    assert problems_of(changed(complete, *path, to=value), resolved=True) == [problem]


def test_two_portfolios_whose_ids_collide_through_dots(
    complete: dict[str, Any], problems_of: Problems
) -> None:
    complete["parameter_space"] = {}
    complete["strategies"] = [{**MOMENTUM, "name": "a"}, {**MOMENTUM, "name": "a.b"}]
    complete["risk_profiles"] = [{**PROFILE, "name": "b.c"}, {**PROFILE, "name": "c"}]
    assert problems_of(complete, resolved=True) == [
        (
            "risk_profiles[1].name: strategy 'a' with profile 'b.c' and strategy 'a.b' "
            "with profile 'c' would both be the portfolio 'a.b.c' (use names without dots)"
        )
    ]


def test_one_day_is_a_range_and_a_time_counts(
    complete: dict[str, Any], components: Components, problems_of: Problems
) -> None:
    complete["data"].update(start_date="2005-01-03T12:00", end_date="2005-01-03")
    validate_resolved(complete, components=components)
    complete["data"]["end_date"] = "2005-01-03T11:00"
    (problem,) = problems_of(complete, resolved=True)
    assert "is before the start" in problem


def test_a_fixed_quantity_is_a_size_and_may_be_a_fraction_when_lots_may(
    complete: dict[str, Any], components: Components
) -> None:
    complete["risk_profiles"][0].update(max_position_size=None, fixed_quantity=2.5)
    complete["portfolio"]["fractional"] = True
    validate_resolved(complete, components=components)
    complete["portfolio"].update(fractional=False, lot_size=0.1)
    validate_resolved(complete, components=components)


def test_absurd_lots_are_refused_and_do_not_crash(
    complete: dict[str, Any], problems_of: Problems
) -> None:
    complete["risk_profiles"][0]["fixed_quantity"] = 1e300
    complete["portfolio"]["lot_size"] = 1e-300
    (problem,) = problems_of(complete, resolved=True)
    assert "multiple of the lot size" in problem


def test_problems_of_all_kinds_come_together(
    complete: dict[str, Any], problems_of: Problems
) -> None:
    complete["data"].update(source="cvs", end_date="2001-01-01")
    complete["strategies"][0]["parameters"] = {"fast_period": 0}
    del complete["k_fold"]
    assert [problem.split(":")[0] for problem in problems_of(complete, resolved=True)] == [
        "data.source",
        "data.end_date",
        "strategies[0].parameters.fast_period",
        "strategies[0].parameters.slow_period",
        "k_fold",
    ]


def test_ranges_need_both_ends_in_a_complete_configuration(
    complete: dict[str, Any], problems_of: Problems
) -> None:
    complete["parameter_space"] = {"fast.fast_period": {"low": 1}}
    assert problems_of(complete, resolved=True) == [
        "parameter_space.fast.fast_period.high: the required key 'high' is missing"
    ]


def test_malformed_parts_never_crash_a_rule(
    complete: dict[str, Any], problems_of: Problems
) -> None:
    junk: tuple[object, ...] = (None, True, 5, "x", [], [5], {"a": None}, [[]], [{}])
    for path in every_key(complete):
        for value in junk:
            try:
                problems_of(changed(complete, *path, to=value), resolved=True)
            except pytest.fail.Exception:  # it happened to be valid
                continue
