"""A verification for people, on a terminal or in a log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from parity.reporting.standing import (
    check_counts,
    check_counts_words,
    excused,
    excused_words,
    noise_words,
    rule_words,
)
from parity.reporting.story import (
    Finding,
    conclusion,
    counts_words,
    coverage_told,
    findings,
    further,
    headline,
    pair_words,
    told,
)
from parity.reporting.words import visible
from parity.verdicts import Verdict
from parity.verification import Verification

__all__ = ["print_verification"]

_COLOURS: Final[Mapping[Verdict, str]] = {
    Verdict.EQUAL: "green",
    Verdict.IGNORED: "yellow",
    Verdict.WITHIN_TOLERANCE: "yellow",
    Verdict.NOT_COMPARABLE: "dim",
    Verdict.EXTRA: "red",
    Verdict.MISSING: "red",
    Verdict.DIFFERENT: "red",
}


def print_verification(verification: Verification, console: Console, record: str | None) -> None:
    """Print a table of comparisons, what is wrong, what was let pass, and the verdict."""
    console.print(_table(verification))
    for pair in verification.pairs:
        if pair.note is not None and not (pair.coverage and pair.coverage.beyond):
            _print_aside(console, f"{pair.config}: {pair.note}")
    said: set[str] = set()
    for finding in findings(verification):
        _print_finding(finding, console, said)
    _print_standing(verification, console)
    end = conclusion(verification)
    colour = "green" if end.passed else "red"
    console.print(f"[bold {colour}]{end.words}[/]{end.rest}: {counts_words(end)}.")
    for line in (*coverage_told(verification.coverage), *further(end, record)):
        _print_aside(console, line)


def _table(verification: Verification) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("configuration", f"{verification.control} against", "verdict"):
        table.add_column(escape(visible(heading)), overflow="fold")
    for heading in ("events", "trades", "figures"):
        table.add_column(heading, justify="right")
    for pair in verification.pairs:
        totals = pair.totals
        table.add_row(
            escape(visible(pair.config)),
            escape(visible(pair.candidate_name)),
            f"[{_COLOURS[pair.verdict]}]{pair_words(pair)}[/]",
            f"{totals.events:,}",
            f"{totals.trades:,}",
            f"{totals.figures:,}",
        )
    return table


def _print_finding(finding: Finding, console: Console, said: set[str]) -> None:
    """Print a finding; what all refuse or fail alike is only told once."""
    lines = told(finding)
    if finding.kind.is_error:
        for line in lines:
            if line not in said:
                said.add(line)
                console.print(escape(line), soft_wrap=True)
        return
    where = "" if finding.config is None else f"[bold]{escape(visible(finding.config))}[/] — "
    console.print(f"\n{where}{escape(headline(finding))}:", soft_wrap=True)
    for line in lines:
        console.print(f"  {escape(line)}", soft_wrap=True)
    console.print()


def _print_standing(verification: Verification, console: Console) -> None:
    """Print what was let pass, and what else was looked at."""
    for row in excused(verification):
        console.print(f"[yellow]{escape(excused_words(row))}[/]", soft_wrap=True)
    for noise in verification.noise:
        colour = "dim" if noise.verdict is Verdict.EQUAL else "yellow"
        console.print(f"[{colour}]noise of {escape(noise_words(noise))}[/]", soft_wrap=True)
    for rule in verification.rules:
        console.print(f"[dim]rule {escape(rule_words(rule))}[/]", soft_wrap=True)
    for counts in check_counts(verification.checks):
        _print_aside(console, check_counts_words(counts))


def _print_aside(console: Console, text: str) -> None:
    console.print(f"[dim]{escape(visible(text))}[/]", soft_wrap=True)
