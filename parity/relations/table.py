"""All relations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from parity.relations import process, repeats, ways
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
