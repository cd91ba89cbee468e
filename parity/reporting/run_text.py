"""The result of one run, for people."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from containers.results import Metric, PhaseResult, WorkflowResult, units

__all__ = ["print_result"]


def print_result(result: WorkflowResult, console: Console) -> None:
    """Print the figures of every portfolio of every phase, or why there are none."""
    console.print(f"[bold]{escape(result.workflow)}[/] by the {result.engine} engine")
    for name, phase in result.phase_results.items():
        reason = f": {escape(phase.reason)}" if phase.reason else ""
        count = sum(1 for _ in units(phase.iterations))
        of = f", {count:,} unit{'s' if count != 1 else ''}" if count else ""
        sequence = f"{escape(phase.topology)}, {escape(phase.sequence)}{of}"
        console.print(f"phase {escape(name)} ({sequence}): {phase.status}{reason}")
        if phase.metrics:
            console.print(_figures(phase))
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


def _figures(phase: PhaseResult) -> Table:
    """Give a column for each portfolio, the best marked; without portfolios the means."""
    columns = {
        escape(name) + (" *" if name == phase.best_portfolio and len(phase.portfolios) > 1 else ""):
        portfolio.metrics
        for name, portfolio in phase.portfolios.items()
    } or {"mean": phase.metrics}  # fmt: skip
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("figure")
    for heading in columns:
        table.add_column(heading, justify="right")
    for figure in phase.metrics:
        table.add_row(figure, *(_figure(metrics.get(figure)) for metrics in columns.values()))
    return table


def _figure(value: Metric) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"
