"""Making an example smaller by leaving parts of it out, after Hypothesis has shrunk it.

Hypothesis shrinks the draws; what it cannot do is take a part out of the middle of what was drawn
without changing all that was drawn after it. `smaller` takes parts of the example itself: phases,
what phases have, keys of the configuration, symbols, bars. Each suggestion is one step; whoever
holds it says whether it still shows what was found.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import msgspec

from parity.generation.expression_texts import simpler_texts
from parity.generation.specs import (
    ConfigSpec,
    Example,
    LoopSpec,
    MarketSpec,
    PhaseSpec,
    StreamSpec,
    WorkflowSpec,
)

__all__ = ["reduced", "smaller"]

_replace = msgspec.structs.replace

_NEEDED: Final = frozenset({"workflow", "data", "symbols", "strategies"})


def reduced(example: Example, shows: Callable[[Example], bool]) -> Example:
    """Leave out part after part, as long as what is left still shows it.

    Args:
        example: Shows it.
        shows: Says whether an example does; raises to end it.
    """
    again = True
    while again:
        again = False
        for suggestion in smaller(example):
            if shows(suggestion):
                example, again = suggestion, True
                break
    return example


def smaller(example: Example) -> Iterator[Example]:
    """Suggest examples with one part less, the largest parts first."""
    yield from _fewer_bars(example)
    yield from _fewer_streams(example)
    yield from _simpler_workflows(example)
    if example.modules:
        yield _replace(example, modules=())
    for written in _simpler_config(example.config.written):
        yield _replace(example, config=ConfigSpec(written, example.config.form))
    if example.config.form != "python":
        yield _replace(example, config=ConfigSpec(example.config.written, "python"))
    if example.trace != "detailed":
        yield _replace(example, trace="detailed")


def _fewer_bars(example: Example) -> Iterator[Example]:
    """Leave out bars of all symbols by the time of their labels, in ever smaller parts."""
    times = sorted({row.label_s for stream in example.market.streams for row in stream.rows})
    part = len(times) // 2
    while part:
        for start in range(0, len(times), part):
            out = set(times[start : start + part])
            streams = tuple(
                _replace(s, rows=tuple(row for row in s.rows if row.label_s not in out))
                for s in example.market.streams
            )
            if all(stream.rows for stream in streams):
                yield _with_streams(example, streams)
        part //= 2


def _fewer_streams(example: Example) -> Iterator[Example]:
    streams = example.market.streams
    symbols = example.market.symbols
    for symbol in symbols if len(symbols) > 1 else ():
        left = tuple(stream for stream in streams if stream.symbol != symbol)
        yield _named(_with_streams(example, left), left)
    for stream in streams:
        if len(example.market.timeframes(stream.symbol)) > 1:
            left = tuple(other for other in streams if other is not stream)
            yield _named(_with_streams(example, left), left)
        if stream.form != "csv":
            plain = tuple(_replace(s, form="csv") for s in streams)
            yield _with_streams(example, plain)


def _with_streams(example: Example, streams: tuple[StreamSpec, ...]) -> Example:
    return _replace(example, market=MarketSpec(streams, example.market.timestamp))


def _named(example: Example, streams: tuple[StreamSpec, ...]) -> Example:
    """Let the configuration name the symbols and timeframes that are left, and no others."""
    market = MarketSpec(streams)
    written = copy.deepcopy(example.config.written)
    written["symbols"] = [
        {"symbol": symbol, "timeframes": list(market.timeframes(symbol))}
        for symbol in market.symbols
    ]
    return _replace(example, config=ConfigSpec(written, example.config.form))


def _simpler_workflows(example: Example) -> Iterator[Example]:
    for index, workflow in enumerate(example.workflows):
        if workflow.name != example.config.written.get("workflow"):
            yield _replace(example, workflows=_without(example.workflows, index))
        for simpler in _simpler_workflow(workflow):
            changed = (*example.workflows[:index], simpler, *example.workflows[index + 1 :])
            yield _replace(example, workflows=changed)


def _simpler_workflow(workflow: WorkflowSpec) -> Iterator[WorkflowSpec]:
    for index in range(len(workflow.phases)):
        if len(workflow.phases) > 1:
            yield _replace(workflow, phases=_without(workflow.phases, index))
    plain = WorkflowSpec(name=workflow.name, phases=workflow.phases)
    for field in ("branches", "loop", "imports", "outputs", "defaults", "fail_fast"):
        if getattr(workflow, field) != getattr(plain, field):
            yield _replace(workflow, **{field: getattr(plain, field)})
    for defaults in _simpler_mapping(workflow.defaults):
        yield _replace(workflow, defaults=defaults)
    if workflow.loop is not None:
        yield from (_replace(workflow, loop=loop) for loop in _simpler_loops(workflow.loop))
    for index, phase in enumerate(workflow.phases):
        for simpler in _simpler_phase(phase):
            phases = (*workflow.phases[:index], simpler, *workflow.phases[index + 1 :])
            yield _replace(workflow, phases=phases)


def _simpler_loops(loop: LoopSpec) -> Iterator[LoopSpec]:
    for index, change in enumerate(loop.changes):
        yield _replace(loop, changes=_without(loop.changes, index))
        if change.python is None:
            for text in simpler_texts(change.expression or ""):
                shorter = _replace(change, expression=text)
                changes = (*loop.changes[:index], shorter, *loop.changes[index + 1 :])
                yield _replace(loop, changes=changes)
    if loop.condition.python is None:
        for text in simpler_texts(loop.condition.expression or ""):
            yield _replace(loop, condition=_replace(loop.condition, expression=text))


def _simpler_phase(phase: PhaseSpec) -> Iterator[PhaseSpec]:
    plain = PhaseSpec(name=phase.name)
    for field in ("config", "outputs", "when", "inputs", "depends_on", "required", "topology"):
        if getattr(phase, field) != getattr(plain, field):
            yield _replace(phase, **{field: getattr(plain, field)})
    if phase.sequences != plain.sequences:
        yield _replace(phase, sequences=plain.sequences)
    for index in range(len(phase.sequences)):
        if len(phase.sequences) > 1:
            yield _replace(phase, sequences=_without(phase.sequences, index))
    for index, condition in enumerate(phase.when):
        yield _replace(phase, when=_without(phase.when, index))
        for text in simpler_texts(condition.expression or ""):
            shorter = _replace(condition, expression=text)
            when = (*phase.when[:index], shorter, *phase.when[index + 1 :])
            yield _replace(phase, when=when)
    for name in phase.outputs:
        yield _replace(phase, outputs={k: v for k, v in phase.outputs.items() if k != name})
    for config in _simpler_mapping(phase.config):
        yield _replace(phase, config=config)


def _simpler_config(written: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for key in written:
        if key not in _NEEDED:
            yield {k: v for k, v in written.items() if k != key}
    for key, value in written.items():
        if isinstance(value, dict):
            for mapping in _simpler_mapping(value):
                yield {**written, key: mapping}
        elif isinstance(value, list) and key != "symbols":
            for items in _simpler_list(value):
                yield {**written, key: items}


def _simpler_mapping(mapping: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for key in mapping:
        yield {k: v for k, v in mapping.items() if k != key}
    for key, value in mapping.items():
        if isinstance(value, dict):
            yield from ({**mapping, key: simpler} for simpler in _simpler_mapping(value))
        elif isinstance(value, list):
            yield from ({**mapping, key: simpler} for simpler in _simpler_list(value))


def _simpler_list(items: list[Any]) -> Iterator[list[Any]]:
    for index, item in enumerate(items):
        if len(items) > 1:
            yield items[:index] + items[index + 1 :]
        if isinstance(item, dict):
            for simpler in _simpler_mapping(item):
                yield [*items[:index], simpler, *items[index + 1 :]]


def _without(items: tuple[Any, ...], index: int) -> tuple[Any, ...]:
    return (*items[:index], *items[index + 1 :])
