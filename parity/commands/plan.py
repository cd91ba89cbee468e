"""``parity plan``: what a configuration would run; nothing is run."""

from __future__ import annotations

from pathlib import Path

import click

from parity.commands.output import check_json_target, console_for, json_option, write_json
from parity.commands.own import own_options

__all__ = ["plan"]


@click.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.option(
    "--engine",
    type=click.Choice(["imperative", "declarative"]),
    default="imperative",
    show_default=True,
    help="Which engine is asked.",
)
@click.option("--mermaid", is_flag=True, help="Print a diagram in Mermaid's language instead.")
@own_options
@json_option
def plan(
    config: Path,
    engine: str,
    mermaid: bool,
    patterns: Path | None,
    components: Path | None,
    json_target: str | None,
) -> int:
    """Show the phases, iterations, windows and containers that CONFIG would run.

    Nothing is run and nothing is written. Leaves with 0, or with 2 when it cannot be run.
    """
    from parity.own import Own
    from parity.reporting.plan import plan_diagram, plan_document, print_plan

    check_json_target(json_target)
    console = console_for(json_target)
    planned = Own(patterns, components).engine(engine).plan_workflow(config)
    write_json(plan_document(planned, engine), json_target)
    if mermaid:
        click.echo(plan_diagram(planned), err=json_target == "-")
    else:
        print_plan(planned, engine, console)
    return 0
