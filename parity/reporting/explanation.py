"""The story of a first divergence, for people and as a document, schema ``paritykit/explain/1``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal

from rich.console import Console
from rich.markup import escape

from containers.data import format_instant
from parity.divergence import Divergence
from parity.explaining.effects import Effects, TradeChange
from parity.explaining.events import FieldDifference, Neighbour, shared_causes
from parity.explaining.explanation import Explanation
from parity.explaining.origins import ToldSetting
from parity.explaining.surroundings import Sibling
from parity.reporting.plain import plain_document

__all__ = ["SCHEMA", "ExplainDocument", "explanation_document", "print_explanation"]

SCHEMA: Final = "paritykit/explain/1"

_MARKS: Final = {"equal": "=", "different": "≠", "missing": "-", "extra": "+"}
_HEADER: Final = ("kind", "seq", "time_ns", "container", "cause")
_LONGEST: Final = 160
"""Characters of a value that is shown beside others."""


class ExplainDocument(Explanation, frozen=True, kw_only=True):
    """The story of a first divergence."""

    schema: Literal["paritykit/explain/1"]


def explanation_document(explanation: Explanation) -> dict[str, Any]:
    """Give the document: `Explanation` as it is, with its schema."""
    told = {name: getattr(explanation, name) for name in explanation.__struct_fields__}
    return plain_document(ExplainDocument(schema=SCHEMA, **told))


def print_explanation(explanation: Explanation, console: Console) -> None:
    """Print the story."""
    divergence = explanation.divergence
    head = f"[bold]{escape(explanation.config)}[/] — {escape(explanation.candidate)}"
    against = escape(explanation.control)
    if divergence is None:
        agrees = explanation.ending == "parity"
        verb = "agrees with" if agrees else "is not at parity with"
        console.print(f"{head} {verb} {against}.", soft_wrap=True)
    else:
        console.print(
            f"{head} parts from {against} first in [bold]{divergence.channel}[/]:", soft_wrap=True
        )
    for line in _lines(explanation):
        console.print(escape(line), soft_wrap=True)
    console.print(f"[dim]record: {escape(explanation.record)}[/]", soft_wrap=True)


def _lines(told: Explanation) -> Iterator[str]:
    yield from (f"  {reason}" for reason in told.reasons)
    if told.divergence is None and told.ending == "parity" and told.exit_code and not told.others:
        yield f"  the verification left with {told.exit_code} all the same: see verify.json"
    if told.divergence is not None:
        yield from _where(told.divergence)
        yield from _titled("what differs", _differing(told.divergence, told.fields))
        yield from _titled("settings in play", map(_setting, told.settings))
        yield from _titled("around it", _around(told.neighbours))
        yield from _titled("beside it", map(_sibling, told.siblings))
        yield from _titled("what led to it", _causes(told.divergence))
        if told.effects is not None:
            yield from _titled("what it did", _effects(told.effects))
        yield from _titled("how much differs", _further(told))
    for side, said in told.said.items():
        if said is not None:
            yield from _titled(f"what the {side} said", said.splitlines())
    if told.others:
        yield from _titled(
            "no parity either (choose with --config and --candidate)",
            (f"{config} — {candidate}" for config, candidate in told.others),
        )


def _titled(title: str, lines: Iterator[str] | Sequence[str]) -> Iterator[str]:
    """Give lines under a title; nothing without lines."""
    first = True
    for line in lines:
        if first:
            yield ""
            yield f"  {title}"
            first = False
        yield f"    {line}"


def _where(divergence: Divergence) -> Iterator[str]:
    yield f"  {divergence.path}"
    known = (
        ("phase", divergence.phase),
        ("iteration", divergence.iteration),
        ("container", divergence.container),
    )
    told = ", ".join(f"{name} {value}" for name, value in known if value is not None)
    if told:
        yield f"  {told}"


def _differing(divergence: Divergence, fields: Sequence[FieldDifference]) -> Iterator[str]:
    if fields:
        width = max(len(field.name) for field in fields)
        for field in fields:
            name = f"{field.name.ljust(width)}  " if width else ""
            yield f"{name}{_shown(field.control)} → {_shown(field.candidate)}{_apart(field)}"
        return
    for side, value, chain in (
        ("control", divergence.control, divergence.control_chain),
        ("candidate", divergence.candidate, divergence.candidate_chain),
    ):
        yield f"{side + ':':<11}{_event(chain[0]) if chain else _entry(value)}"


def _setting(setting: ToldSetting) -> str:
    value = _shown(setting.control)
    if repr(setting.control) != repr(setting.candidate):
        value = f"{value} in the control, {_shown(setting.candidate)} in the candidate"
    origins = {
        "user": setting.place,
        "iteration": "changed by the sequence for this iteration",
        "workflow": "set by the workflow",
        "default": "default",
    }
    origin = "" if setting.origin is None else f"   ({origins[setting.origin]})"
    return f"{setting.path} = {value}{origin}"


def _around(rows: Sequence[Neighbour]) -> Iterator[str]:
    for row in rows:
        pointer = ">" if row.here else " "
        mark = _MARKS[row.mark]
        if row.mark == "different":
            yield f"{pointer} {mark} control    {_event(row.control or {})}"
            yield f"    candidate  {_event(row.candidate or {})}"
        else:
            yield f"{pointer} {mark} {_event(row.control or row.candidate or {})}"


def _sibling(sibling: Sibling) -> str:
    mark = f"{'>' if sibling.here else ' '} {'=' if sibling.same else '≠'} {sibling.path}: "
    if sibling.same:
        return mark + _entry(sibling.control)
    return f"{mark}{_entry(sibling.control)} → {_entry(sibling.candidate)}"


def _causes(divergence: Divergence) -> Iterator[str]:
    """Tell the causes of both events, where they are the same once."""
    ours, theirs, shared = shared_causes(
        divergence.control_chain[1:], divergence.candidate_chain[1:]
    )
    one_side = not (divergence.control_chain and divergence.candidate_chain)
    for side, chain in (("control", ours), ("candidate", theirs)):
        if chain and not one_side:
            yield f"in the {side}"
        yield from (f"<- {_event(event)}" for event in chain)
    if shared and (ours or theirs):
        yield "on both sides"
    yield from (f"<- {_event(event)}" for event in shared)


def _effects(effects: Effects) -> Iterator[str]:
    trades, figures = (f"of this {scope}" for scope in (effects.trades_of, effects.figures_of))
    if not (effects.trades_changed or effects.figures_changed or effects.final_equity):
        yield f"no trade {trades} and no figure {figures} is another"
        return
    for end in effects.final_equity:
        portfolio = end.name.rpartition("/portfolio=")[2]
        yield f"final equity of {portfolio}: {_moved(end)}"
    if effects.trades_changed:
        yield f"trades {trades} that differ: {effects.trades_changed:,}"
        yield from (f"  {_trade(change)}" for change in effects.trades)
        if effects.trades_changed > len(effects.trades):
            yield f"  … and {effects.trades_changed - len(effects.trades):,} more"
    if effects.figures_changed:
        yield f"figures {figures} that differ: {effects.figures_changed:,}"
        for other in effects.figures:
            _, separator, portfolio = other.place.rpartition("/portfolio=")
            owner = f"{portfolio}: " if separator else ""
            yield f"  {owner}{other.figure.name} {_moved(other.figure)}"
        if effects.figures_changed > len(effects.figures):
            yield f"  … and {effects.figures_changed - len(effects.figures):,} more"


def _trade(change: TradeChange) -> str:
    trade = change.control if change.control is not None else change.candidate
    assert trade is not None  # one side has it
    entry, portfolio = trade.get("entry_time"), change.place.rpartition("/portfolio=")[2]
    when = format_instant(entry) if isinstance(entry, int) else str(entry)
    name = f"{portfolio}: {trade.get('symbol')} entered {when}"
    if change.control is None or change.candidate is None:
        side = "candidate" if change.control is None else "control"
        return f"{name}: only in the {side}"
    fields = (f"{f.name} {_shown(f.control)} → {_shown(f.candidate)}" for f in change.fields)
    return f"{name}: {', '.join(fields)}"


def _further(told: Explanation) -> Iterator[str]:
    for channel, outcome in told.channels.items():
        counts = (
            ("different", outcome.different),
            ("missing", outcome.missing),
            ("extra", outcome.extra),
        )
        words = [f"{count:,} {word}" for word, count in counts if count]
        if words and outcome.verdict.is_difference:
            apart = "" if outcome.max_ulp is None else f", by at most {outcome.max_ulp:,} ulp"
            yield f"{channel}: {', '.join(words)} of {outcome.compared:,} compared{apart}"
    if told.units_differing:
        yield f"units whose traces differ: {told.units_differing:,} of {told.units:,}"
    for kind in told.kinds:
        fields = f" (in {', '.join(kind.fields)})" if kind.fields else ""
        counts = (("different", kind.different), ("missing", kind.missing), ("extra", kind.extra))
        each = ", ".join(f"{count:,} {word}" for word, count in counts if count)
        yield f"in this unit, {kind.kind}: {each}{fields}"


def _event(event: Mapping[str, Any]) -> str:
    rest = ", ".join(f"{k} {_shown(v)}" for k, v in event.items() if k not in _HEADER)
    when = format_instant(event["time_ns"])
    return f"{event['kind']} #{event['seq']} at {when} by {event['container']}: {rest}"


def _apart(field: FieldDifference) -> str:
    told = [] if field.absolute is None else [f"{field.absolute!r} apart"]
    told += [] if field.ulp is None else [f"{field.ulp:,} ulp"]
    return f"   ({', '.join(told)})" if told else ""


def _moved(field: FieldDifference) -> str:
    """Say from where to where a figure moved, and by how much."""
    text = f"{_shown(field.control)} → {_shown(field.candidate)}"
    if field.absolute is None:
        return text
    change = field.candidate - field.control
    share = f", {change / abs(field.control):+.3g} of it" if field.control else ""
    return f"{text}   ({change:+.6g}{share})"


def _entry(value: Any) -> str:
    if isinstance(value, Mapping) and value:
        return _cut(", ".join(f"{key} {_shown(inner)}" for key, inner in value.items()))
    return _shown(value)


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    return _cut(value if isinstance(value, str) else repr(value))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
