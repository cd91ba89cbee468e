"""The result of one run, for people."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from containers.results import Metric, WorkflowResult

__all__ = ["print_result"]


def print_result(result: WorkflowResult, console: Console) -> None:
    """Print the figures of every portfolio of every phase, or why there are none."""
    console.print(f"[bold]{escape(result.workflow)}[/] by the {result.engine} engine")
    for name, phase in result.phase_results.items():
        reason = f": {escape(phase.reason)}" if phase.reason else ""
        console.print(f"phase {escape(name)}: {phase.status}{reason}")
        if not phase.portfolios:
            continue
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column("figure")
        for portfolio in phase.portfolios:
            star = " *" if portfolio == phase.best_portfolio and len(phase.portfolios) > 1 else ""
            table.add_column(escape(portfolio) + star, justify="right")
        for figure in phase.metrics:
            values = (p.metrics[figure] for p in phase.portfolios.values())
            table.add_row(figure, *(_figure(value) for value in values))
        console.print(table)
    if result.trace_summary is not None:
        summary = result.trace_summary
        where = f" in {escape(summary.path)}" if summary.path else ""
        console.print(f"[dim]{summary.events:,} events, {summary.kept:,} kept{where}[/]")
    if result.error is not None:
        error = result.error
        place = f" in container '{error.container}' ({error.activity})" if error.container else ""
        text = f"{error.type}: {error.message}{place} at {error.path}"
        console.print(f"[bold red]failed[/] {escape(text)}", soft_wrap=True)
        for cause in error.causes:
            console.print(f"  caused by {escape(cause)}", soft_wrap=True)
        for later in error.attached:
            console.print(f"  then {escape(later.type)}: {escape(later.message)}", soft_wrap=True)


def _figure(value: Metric) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"
