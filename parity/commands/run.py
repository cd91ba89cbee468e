"""``parity run``: one workflow, one engine."""

from __future__ import annotations

from pathlib import Path

import click

from parity.commands.output import check_json_target, console_for, json_option, write_json

__all__ = ["run"]


@click.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.option(
    "--engine",
    type=click.Choice(["imperative", "declarative"]),
    default="imperative",
    show_default=True,
    help="Which engine runs it.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder below which results are stored, when results.storage asks for that.",
)
@json_option
def run(config: Path, engine: str, out: Path | None, json_target: str | None) -> int:
    """Run the workflow of CONFIG through one engine.

    Leaves with 0 when it succeeded, 2 when the configuration can't be run, 3 when it failed.
    """
    from parity.commands.progress import working
    from parity.reporting.run_text import print_result
    from parity.subjects.engine import Engine

    check_json_target(json_target)
    console = console_for(json_target)
    runner: Engine
    if engine == "imperative":
        from imperative import Coordinator

        runner = Coordinator(root=out)
    else:
        from declarative import DeclarativeWorkflowManager

        runner = DeclarativeWorkflowManager(root=out)
    with working() as say:
        say(f"{config} · {engine}")
        result = runner.run_workflow(config)
    write_json(result.to_document(), json_target)
    print_result(result, console)
    return 0 if result.success else 3
