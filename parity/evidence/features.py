"""The features that both engines must have, and how each shows in the record of a run.

A feature has parts; a part has been seen in a run when the journal's records or the events that
only it brings about are there. Nothing is taken from what an engine says it can do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

import msgspec

from parity.channels import Channel
from parity.evidence import signs
from parity.record import Record

__all__ = ["FEATURES", "Feature", "observed"]

Sign: TypeAlias = Callable[[Record], bool]


class Feature(msgspec.Struct, frozen=True):
    """A row of ``parity features``.

    Attributes:
        name: Its name.
        parts: What it consists of, each with its sign in a record; none: it is not there yet.
    """

    name: str
    parts: Mapping[str, Sign] = {}


FEATURES: Final = (
    Feature(
        "Container lifecycle",
        {
            "initialize": signs.moved("initialize"),
            "start": signs.moved("start"),
            "execute": signs.executed,
            "collect while running": signs.collected_while_running,
            "stop": signs.moved("stop"),
            "clean up": signs.moved("cleanup"),
        },
    ),
    Feature("Real execution", {"events": signs.has_events, "fills": signs.has_fills}),
    Feature(
        "Execution modes",
        {
            name: signs.topology(name)
            for name in (
                "backtest", "optimization", "signal_generation", "signal_replay", "analysis",
            )
        },
    ),
    Feature(
        "Memory management",
        {
            "memory": signs.storage("memory"),
            "disk": signs.storage("disk"),
            "hybrid": signs.storage("hybrid"),
            "iterations in a log": signs.keeps_iterations_in_files,
        },
    ),
    Feature(
        "Result collection",
        {
            "metrics": signs.has_metrics,
            "aggregation": signs.has_aggregates,
            "trades": signs.fills(Channel.TRADES),
            "equity curves": signs.fills(Channel.EQUITY),
            "result folders": signs.file("result.json"),
        },
    ),
    Feature(
        "Error recovery",
        {
            "a container failed": signs.has_failed_container,
            "others stopped and cleaned": signs.recovered,
            "finished work stays": signs.went_on_after_a_failure,
        },
    ),
    Feature(
        "Component discovery",
        {"by name": signs.executed, "a user's own": signs.has_own_components},
    ),
    Feature(
        "Composable workflows",
        {"iteration": signs.has_second_pass, "branching": signs.has_branch},
    ),
    Feature(
        "Sub-workflows and modules",
        {"modules": signs.has_module, "nested sequences": signs.has_nested_sequence},
    ),
    Feature(
        "Event tracing, trace level presets, container-specific settings",
        {
            "traces": signs.has_events,
            "level presets": signs.has_other_level,
            "container-specific settings": signs.has_container_levels,
        },
    ),
    Feature(
        "Deep config merging; primary metric; workflow ids; phase ordering; store_full_results; "
        "container roles",
        {
            "deep merging": signs.has_merged_configuration,
            "primary metric": signs.has_primary_metric,
            "workflow ids": signs.has_folder,
            "phase ordering": signs.has_ordered_phases,
            "store_full_results": signs.keeps_full_results,
            "container roles": signs.has_roles,
        },
    ),
    Feature(
        "Sequences",
        {
            **{
                name: signs.sequence(name)
                for name in (
                    "single_pass", "train_test", "walk_forward", "k_fold", "monte_carlo",
                    "parameter_sweep",
                )
            },
            "nested": signs.has_nested_sequence,
        },
    ),
    Feature(
        "Conditional phases; inputs and outputs",
        {
            "condition met": signs.has_met_condition,
            "condition not met": signs.has_unmet_condition,
            "inputs": signs.has_inputs,
            "outputs": signs.has_outputs,
            **{form: signs.output_file(form) for form in ("json", "yaml", "csv", "parquet")},
        },
    ),
    Feature("Resume", {"interrupted and resumed": signs.was_resumed}),
    Feature(
        "Parallel and distributed",
        {name: signs.ran_on(name) for name in ("serial", "processes", "dask")},
    ),
)  # fmt: skip


def observed(record: Record) -> dict[str, list[str]]:
    """Give the parts of each feature that a run shows; features without any are left out."""
    return dict(_observed(record))


def _observed(record: Record) -> Iterator[tuple[str, list[str]]]:
    for feature in FEATURES:
        seen = [part for part, sign in feature.parts.items() if _is_seen(sign, record)]
        if seen:
            yield feature.name, seen


def _is_seen(sign: Sign, record: Record) -> bool:
    found: Any = sign(record)
    return bool(found)
