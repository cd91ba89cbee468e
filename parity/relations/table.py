"""All relations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from parity.relations import bars, parts, phases, process, repeats, scales, settings, symbols, ways
from parity.relations.relation import Check, Relation

__all__ = ["RELATIONS"]


def _of(name: str, source: str, check: Check, why: str, *, needs_process: bool = False) -> Relation:
    return Relation(name, needs_process, why, source, check)


_ALL: Final = (
    _of("repeated", "1.1", repeats.repeated, "a run again gives the same"),
    _of(
        "other_between", "1.1", repeats.other_between,
        "running A, then B, then A gives the first A again",
    ),
    _of(
        "engine_reused", "1.1", repeats.engine_reused,
        "an engine that has run before gives the same as a new one",
    ),
    _of(
        "as_file", "1.1", repeats.as_file,
        "a configuration from YAML and from Python resolves to equal values of equal types",
    ),
    _of(
        "storage", "9.5", ways.storage,
        "a storage mode decides where data lie and not one number",
    ),
    _of(
        "trace_level", "11", ways.trace_level,
        "a trace level changes what is kept and nothing else",
    ),
    _of(
        "interrupted", "9.6", ways.interrupted,
        "a run that was interrupted and resumed comes out as if it had never been interrupted",
    ),
    _of(
        "future_perturbed", "3", bars.future_perturbed,
        "nothing that was published, traded or decided until a time depends on later bars",
    ),
    _of(
        "out_of_range", "2.4", bars.out_of_range,
        "bars outside the configured range are used by nothing",
    ),
    _of(
        "data_rewritten", "2.2", bars.data_rewritten,
        "the same bars give the same, in whatever form the files have them",
    ),
    _of(
        "bad_rows", "2.3", bars.bad_rows,
        "a bad row is an error, or is dropped, journalled and changes nothing",
    ),
    _of(
        "prices_scaled", "4", scales.prices_scaled,
        "with prices, capital and fixed costs times a power of two, all money is that times more",
    ),
    _of(
        "time_stretched", "8.1", scales.time_stretched,
        "windows count bars and never days: how far apart bars are changes nothing but times",
    ),
    _of(
        "symbols_renamed", "1.6", symbols.symbols_renamed,
        "what symbols are called changes nothing but names",
    ),
    _of(
        "symbols_permuted", "3", symbols.symbols_permuted,
        "portfolios of one symbol each do not depend on the order of symbols",
    ),
    _of(
        "strategy_alone", "7.5", parts.strategy_alone,
        "a portfolio does not depend on the other strategies and profiles of its unit",
    ),
    _of(
        "window_alone", "8.1", parts.window_alone,
        "a window is an independent run over its bars; nothing comes from outside it",
    ),
    _of(
        "first_part", "3", parts.first_part,
        "a run over the first bars alone has what the whole run has until they end",
    ),
    _of(
        "trace_kept", "11", settings.trace_kept,
        "which containers' events are kept, and how many, changes what is kept and nothing else",
    ),
    _of(
        "unused_sections", "1.1", settings.unused_sections,
        "sections that no phase's sequence uses change nothing but the config hash",
    ),
    _of(
        "reseeded", "8.6", settings.reseeded,
        "where nothing is drawn another seed changes nothing but the seed",
    ),
    _of(
        "mistaken", "1.1", settings.mistaken,
        "a mistake in the configuration is an error before anything runs, and its place is named",
    ),
    _of(
        "phases_permuted", "7.1", phases.phases_permuted,
        "the order in which independent phases are declared changes nothing of any of them",
    ),
    _of(
        "executor", "12", ways.executor,
        "an executor changes nothing that a run gives back, writes or journals",
        needs_process=True,
    ),
    _of(
        "fresh_process", "1.1", process.fresh_process,
        "a run depends on nothing but its configuration and its data",
        needs_process=True,
    ),
    _of(
        "hash_seed", "1.1", process.hash_seed,
        "a run does not depend on how texts hash",
        needs_process=True,
    ),
)  # fmt: skip

RELATIONS: Final[Mapping[str, Relation]] = {relation.name: relation for relation in _ALL}
"""How two runs of one engine must agree, by name, those that start no process first."""
