"""A verification for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from containers.data import format_instant
from parity.checks import CheckKind, CheckOutcome
from parity.comparison.values import ulp_distance
from parity.divergence import Divergence
from parity.verdicts import Verdict
from parity.verification import Pair, Verification

__all__ = ["print_verification"]

_COLOURS: Mapping[Verdict, str] = {
    Verdict.EQUAL: "green",
    Verdict.IGNORED: "yellow",
    Verdict.WITHIN_TOLERANCE: "yellow",
    Verdict.NOT_COMPARABLE: "dim",
    Verdict.EXTRA: "red",
    Verdict.MISSING: "red",
    Verdict.DIFFERENT: "red",
}

_ENDINGS: Mapping[int, str] = {
    0: "[bold green]PARITY[/]",
    1: "[bold red]NO PARITY[/]",
    2: "[bold red]REFUSED[/] by all alike",
    3: "[bold red]FAILED[/] in all alike",
    4: "[bold red]NOTHING COMPARED[/]",
}


def print_verification(verification: Verification, console: Console, record: str | None) -> None:
    """Print a table of pairs, what is wrong with each, and the verdict."""
    console.print(_table(verification))
    told: set[str] = set()
    for pair in verification.pairs:
        _print_pair(pair, console, told)
    for check in verification.broken:
        _print_broken(check, console)
    totals = verification.totals
    counts = (
        f"{totals.events:,} events, {totals.trades:,} trades and {totals.figures:,} figures"
        f" compared in {len(verification.pairs)} comparisons"
    )
    console.print(f"{_ENDINGS[verification.exit_code]}: {counts}.")
    for line in [*_checks(verification), *_coverage(verification)]:
        console.print(f"[dim]{escape(line)}[/]")
    if record is not None:
        console.print(f"[dim]record: {escape(record)}[/]")


def _table(verification: Verification) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("configuration", f"{verification.control} against", "verdict"):
        table.add_column(heading, overflow="fold")
    for heading in ("events", "trades", "figures"):
        table.add_column(heading, justify="right")
    for pair in verification.pairs:
        totals = pair.totals
        word = pair.verdict.value.replace("_", " ")
        if pair.ending in ("refused", "failed"):
            word = f"{pair.ending} alike"
        table.add_row(
            escape(pair.config),
            escape(pair.candidate_name),
            f"[{_COLOURS[pair.verdict]}]{word}[/]",
            f"{totals.events:,}",
            f"{totals.trades:,}",
            f"{totals.figures:,}",
        )
    return table


def _print_pair(pair: Pair, console: Console, told: set[str]) -> None:
    if pair.note is not None and not (pair.coverage and pair.coverage.beyond):
        console.print(f"[dim]{escape(pair.config)}: {escape(pair.note)}[/]")
    if pair.note is not None:
        return
    if pair.divergence is None:
        if pair.control.explanation and pair.control.explanation not in told:
            told.add(pair.control.explanation)
            console.print(escape(pair.control.explanation), soft_wrap=True)
        return
    console.print(f"\n[bold]{escape(pair.config)}[/] — {escape(pair.candidate_name)} parts from")
    console.print(f"{escape(pair.control.subject)} first in [bold]{pair.divergence.channel}[/]:")
    for line in _story(pair.divergence, pair):
        console.print(f"  {escape(line)}", soft_wrap=True)
    console.print()


def _print_broken(check: CheckOutcome, console: Console) -> None:
    console.print(f"\n[bold]{escape(check.config)}[/] — {escape(check.subject)} breaks the")
    console.print(f"{check.kind} [bold]{check.name}[/]: {escape(check.reason or '')}")
    first = check.first
    if first is not None:
        for line in (
            first.path,
            f"due:   {_value(first.control)}",
            f"found: {_value(first.candidate)}",
        ):
            console.print(f"  {escape(line)}", soft_wrap=True)
    console.print()


def _checks(verification: Verification) -> list[str]:
    """Count the checks that hold."""
    held = Counter(c.kind for c in verification.checks if c.verdict is Verdict.EQUAL)
    return [f"{kind}s: {held[kind]:,} hold" for kind in CheckKind if held[kind]]


def _coverage(verification: Verification) -> list[str]:
    """Say how many units the oracle was held against, and why it was not against the others."""
    coverage = verification.coverage
    if not (coverage.held or coverage.beyond):
        return []
    left = sum(coverage.beyond.values())
    lines = [f"oracle: held against {coverage.held:,} of {coverage.held + left:,} units"]
    lines += [f"  {count:,} beyond it: {reason}" for reason, count in coverage.beyond.items()]
    return lines


def _story(divergence: Divergence, pair: Pair) -> list[str]:
    lines = [divergence.path]
    if divergence.phase is not None:
        inside = "" if divergence.iteration is None else f", iteration {divergence.iteration}"
        lines.append(f"phase: {divergence.phase}{inside}")
    if divergence.container is not None:
        lines.append(f"container: {divergence.container} (obeys {divergence.config_path})")
    if divergence.fields:
        lines += [f"{name}: {_fields(divergence, name)}" for name in divergence.fields]
    else:
        lines.append(f"control:   {_value(divergence.control)}")
        lines.append(f"candidate: {_value(divergence.candidate)}")
    lines += _chains(divergence)
    if divergence.also:
        lines.append(f"differing too: {', '.join(channel.value for channel in divergence.also)}")
    assert pair.candidate is not None  # without one there is no divergence
    for record in (pair.control, pair.candidate):
        if record.explanation is not None:
            lines.append(f"{record.subject} said: {record.explanation}")
    return lines


def _chains(divergence: Divergence) -> list[str]:
    """Tell what led to the two events; once, when it is the same on both sides."""
    control, candidate = divergence.control_chain, divergence.candidate_chain
    if control[1:] and control[1:] == candidate[1:]:
        return ["caused on both sides by:", *(f"  <- {_event(event)}" for event in control[1:])]
    lines = []
    for side, chain in (("control", control), ("candidate", candidate)):
        if chain:
            lines.append(f"{side}'s chain:")
            lines += [f"  {'<- ' if depth else '   '}{_event(e)}" for depth, e in enumerate(chain)]
    return lines


def _fields(divergence: Divergence, name: str) -> str:
    left, right = divergence.control.get(name), divergence.candidate.get(name)
    text = f"{_value(left)} in the control, {_value(right)} in the candidate"
    if isinstance(left, float) and isinstance(right, float):
        distance = ulp_distance(left, right)
        text += "" if distance is None else f" ({distance:,} ulp)"
    return text


def _event(event: Mapping[str, Any]) -> str:
    header = ("kind", "seq", "time_ns", "container", "cause")
    rest = ", ".join(f"{k} {_value(v)}" for k, v in event.items() if k not in header)
    when = format_instant(event["time_ns"])
    return f"{event['kind']} #{event['seq']} at {when} by {event['container']}: {rest}"


def _value(value: Any) -> str:
    return "nothing" if value is None else repr(value)
