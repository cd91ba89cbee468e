"""What came of `parity approve` and `parity check`, for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from containers.data import format_instant
from parity.baselines import Approval, Check, Checked, Standing
from parity.baselines.locating import Changed, Range, StandIn
from parity.comparison.values import ulp_distance
from parity.divergence import Divergence
from parity.reporting.standing import rule_words
from parity.verdicts import Verdict

__all__ = ["print_approval", "print_check"]

_SHOWN: Final = 8

_STANDINGS: Final[Mapping[Standing, str]] = {
    Standing.NEW: "[green]new[/]",
    Standing.UNCHANGED: "[dim]unchanged[/]",
    Standing.CHANGED: "[yellow]changed[/]",
    Standing.REFUSED: "[red]refused[/]",
}

_ENDINGS: Final[Mapping[str, str]] = {
    "same": "[green]as approved[/]",
    "differs": "[red]different[/]",
    "unapproved": "[red]not approved[/]",
    "empty": "[red]nothing compared[/]",
}


def print_approval(approval: Approval, console: Console) -> None:
    """Print how each result stands, what changed, and what was written."""
    table = _table("configuration", "result", "run")
    for one in approval.approved:
        table.add_row(escape(str(one.config)), _STANDINGS[one.standing], one.status or "")
    console.print(table)
    for one in approval.approved:
        if one.reason is not None:
            _line(console, f"{one.config}: {one.reason}")
        if one.divergence is not None:
            _lines(console, _divergence(one.divergence, *_sides(approval)))
        if one.standing is Standing.CHANGED and one.channels:
            differing = [c.value for c, o in one.channels.items() if o.verdict.is_difference]
            # Nothing may differ and the file still do: a trace level, say, that was approved lower.
            words = ", ".join(differing) if differing else "how it was recorded"
            _line(console, f"{one.config}: changed against what was approved: {words}")
            first = next((o.first for o in one.channels.values() if o.first is not None), None)
            if first is not None and not one.figures:
                _line(console, f"  {first.path}")
            _lines(console, _figures(one.figures))
    for file in approval.removed:
        _line(console, f"removed: {file}, whose configuration is gone")
    console.print(_approval_words(approval))


def _sides(approval: Approval) -> tuple[str, str]:
    return (approval.subjects[0], "the other")


def _approval_words(approval: Approval) -> str:
    counts = {s: sum(one.standing is s for one in approval.approved) for s in Standing}
    told = ", ".join(f"{count} {standing}" for standing, count in counts.items() if count)
    told = told or "nothing to approve"
    bad = [one.status for one in approval.approved if one.status in ("refused", "failed")]
    if bad and not counts[Standing.REFUSED]:
        told += f" ({len(bad)} of them a run that was refused or failed)"
    by = escape(" and ".join(approval.subjects))
    if approval.exit_code == 0:
        return f"[bold green]APPROVED[/]: {told}, from {by}, in {escape(str(approval.folder))}."
    hint = ""
    if not counts[Standing.REFUSED]:
        hint = " Give --update to replace what was approved."
    return f"[bold red]NOT APPROVED[/]: {told}; nothing was written.{hint}"


def print_check(check: Check, console: Console, record: str | None) -> None:
    """Print how each configuration stands to what was approved, and where it parts from that."""
    table = _table("configuration", f"{check.subject} is")
    for heading in ("events", "trades", "figures"):
        table.add_column(heading, justify="right")
    for one in check.checked:
        totals = one.totals
        word = _ENDINGS[one.ending]
        if one.ending == "same" and one.held is not None and one.held.record.status != "succeeded":
            word = f"[green]{one.held.record.status} as approved[/]"
        table.add_row(
            escape(str(one.config)),
            word,
            f"{totals.events:,}",
            f"{totals.trades:,}",
            f"{totals.figures:,}",
        )
    console.print(table)
    for one in check.checked:
        _print_checked(one, check.subject, console)
    for file in check.unused:
        _line(
            console,
            f"not used: {file}; name its configuration, give --only to leave others alone, or if "
            "the configuration is gone: parity approve --prune",
        )
    for rule in check.rules:
        _line(console, rule_words(rule))
    totals = check.totals
    counts = (
        f"{totals.events:,} events, {totals.trades:,} trades and {totals.figures:,} figures held "
        f"against {len(check.checked)} baselines in {escape(str(check.folder))}"
    )
    words = {0: "[bold green]AS APPROVED[/]", 1: "[bold red]NOT AS APPROVED[/]"}
    console.print(f"{words.get(check.exit_code, '[bold red]NOTHING COMPARED[/]')}: {counts}.")
    if record is not None:
        console.print(f"[dim]record: {escape(record)}[/]")


def _print_checked(one: Checked, subject: str, console: Console) -> None:
    if one.held is None:
        _line(
            console,
            f"{one.config}: there is no baseline {one.baseline}; make it with: parity approve "
            f"{one.config}",
        )
        return
    if one.ending == "empty":
        _line(console, f"{one.config}: no event, trade or figure was compared")
    if one.ending != "differs":
        return
    console.print()
    if one.divergence is None:
        unfilled = [
            channel.value
            for channel, outcome in one.channels.items()
            if outcome.required and outcome.verdict is Verdict.NOT_COMPARABLE
        ]
        _line(console, f"{one.config}: nothing was compared in {', '.join(unfilled)}")
        return
    console.print(
        f"[bold]{escape(str(one.config))}[/]: {escape(subject)} parts from what was approved first "
        f"in [bold]{one.divergence.channel}[/]:"
    )
    _lines(console, _divergence(one.divergence, "approved", "now"))
    if one.now is not None:
        _line(console, f"  now it is: {one.now}")
    if one.range is not None:
        _lines(console, _range(one.range))
    _lines(console, _figures(one.figures))
    for record in (one.held.approved, one.held.record):
        if record.explanation is not None:
            _line(console, f"  {record.subject} said: {record.explanation}")
    _lines(console, _stand_in(one.stand_in, subject))
    _line(console, f"  if this is meant: parity approve --update {one.config}")
    console.print()


def _divergence(divergence: Divergence, left: str, right: str) -> Iterable[str]:
    yield f"  {divergence.path}"
    if divergence.container is not None:
        obeys = "" if divergence.config_path is None else f" (obeys {divergence.config_path})"
        yield f"  container: {divergence.container}{obeys}"
    a, b = divergence.control, divergence.candidate
    width = max(len(left), len(right)) + 1
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        names = divergence.fields or tuple(
            n for n in dict.fromkeys((*a, *b)) if a.get(n) != b.get(n)
        )
        if "digest" in a:
            yield f"  by digest; differing: {', '.join(names) or 'the number of rows'}"
            counts = [side.get("kept", side.get("count", 0)) for side in (a, b)]
            yield f"  rows: {counts[0]:,} {left}, {counts[1]:,} {right}"
        else:
            for name in names:
                x, y = a.get(name), b.get(name)
                yield f"  {name}: {_value(x)} {left}, {_value(y)} {right}{_distance(x, y)}"
    else:
        yield f"  {left + ':':<{width}} {_value(a)}"
        yield f"  {right + ':':<{width}} {_value(b)}{_distance(a, b)}"
    if divergence.also:
        yield f"  differing too: {', '.join(channel.value for channel in divergence.also)}"


def _range(found: Range) -> Iterable[str]:
    when = ""
    if found.first_ns is not None and found.last_ns is not None:
        when = f", {format_instant(found.first_ns)} to {format_instant(found.last_ns)}"
    yield (
        f"  trace of {found.unit}: the first difference lies in events {found.first:,} to "
        f"{found.last:,} (chunk {found.chunk}{when}); what comes before is as approved"
    )
    if found.kinds:
        kinds = (f"{kind} ({a:,} approved, {b:,} now)" for kind, (a, b) in found.counts.items())
        yield f"  kinds that differ, cause first: {', '.join(kinds)}"
    else:
        yield "  no kind differs in what it holds: only numbers of events or their causes do"
    if found.events:
        yield "  now there are (what was approved is known by digest alone):"
        yield from (f"    {_event(event)}" for event in found.events)


def _figures(changed: tuple[Changed, ...]) -> Iterable[str]:
    if not changed:
        return
    yield f"  {len(changed):,} figures changed:"
    for one in changed[:_SHOWN]:
        distance = _distance(one.approved, one.now)
        yield (
            f"    {one.place}: {one.name or 'all'}: {_value(one.approved)} approved, "
            f"{_value(one.now)} now{distance}"
        )
    if len(changed) > _SHOWN:
        yield f"    and {len(changed) - _SHOWN:,} more (--json lists them)"


def _stand_in(answer: StandIn | None, subject: str) -> Iterable[str]:
    if answer is None:
        return
    if answer.answer == "none":
        yield f"  the approved run can't be had again: {answer.reason}"
    elif answer.answer == "same":
        yield (
            f"  {answer.subject} gives the same as {subject}, and not what was approved: what they "
            "share has changed (configuration, market data, containers)"
        )
    elif answer.answer == "other":
        yield f"  {answer.subject} gives neither what was approved nor what {subject} gives"
    else:
        yield f"  {answer.subject} still gives what was approved; {subject} parts from it:"
        if answer.divergence is not None:
            yield from (f"  {line}" for line in _exact(answer.divergence, answer.subject, subject))


def _exact(divergence: Divergence, left: str, right: str) -> Iterable[str]:
    """Tell the first difference of two runs, both of which are there."""
    yield f"  in {divergence.channel}: {divergence.path}"
    a, b = divergence.control, divergence.candidate
    if divergence.fields and isinstance(a, Mapping) and isinstance(b, Mapping):
        for name in divergence.fields:
            x, y = a.get(name), b.get(name)
            yield f"  {name}: {_value(x)} in {left}, {_value(y)} in {right}{_distance(x, y)}"
    else:
        yield f"  {left}: {_value(a)}"
        yield f"  {right}: {_value(b)}{_distance(a, b)}"
    if divergence.container is not None:
        obeys = "" if divergence.config_path is None else f" (obeys {divergence.config_path})"
        yield f"  container: {divergence.container}{obeys}"
    for side, chain in ((left, divergence.control_chain), (right, divergence.candidate_chain)):
        if chain:
            yield f"  {side}'s chain:"
            yield from (
                f"    {'<- ' if depth else '   '}{_event(e)}" for depth, e in enumerate(chain)
            )


def _event(event: Mapping[str, Any]) -> str:
    header = ("kind", "seq", "time_ns", "container", "cause")
    rest = ", ".join(f"{k} {_value(v)}" for k, v in event.items() if k not in header)
    when = format_instant(event["time_ns"])
    return f"{event['kind']} #{event['seq']} at {when} by {event['container']}: {rest}"


def _distance(left: Any, right: Any) -> str:
    if not (isinstance(left, float) and isinstance(right, float)):
        return ""
    ulp = ulp_distance(left, right)
    return "" if ulp is None else f" ({ulp:,} ulp)"


def _value(value: Any) -> str:
    if isinstance(value, Mapping) and ("kept" in value or "count" in value):
        count = value.get("kept", value.get("count"))
        return f"{count:,} rows, digest {value.get('digest') or 'of nothing'}"
    return "nothing" if value is None else repr(value)


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(escape(heading), overflow="fold")
    return table


def _line(console: Console, text: str) -> None:
    console.print(escape(text), soft_wrap=True)


def _lines(console: Console, texts: Iterable[str]) -> None:
    for text in texts:
        _line(console, text)
