"""``parity run``: one workflow, one engine."""

from __future__ import annotations

from pathlib import Path

import click

from parity.commands.output import check_json_target, console_for, json_option, write_json
from parity.commands.own import own_options

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
@own_options
@json_option
def run(
    config: Path,
    engine: str,
    out: Path | None,
    patterns: Path | None,
    components: Path | None,
    json_target: str | None,
) -> int:
    """Run the workflow of CONFIG through one engine.

    Leaves with 0 when it succeeded, 2 when the configuration can't be run, 3 when it failed.
    """
    from parity.commands.progress import working
    from parity.own import Own
    from parity.reporting.run_text import print_result

    check_json_target(json_target)
    console = console_for(json_target)
    with working() as watch:
        watch.say(f"{config} · {engine}")
        runner = Own(patterns, components).engine(engine, root=out, consumers=[watch])
        result = runner.run_workflow(config)
    write_json(result.to_document(), json_target)
    print_result(result, console)
    return 0 if result.success else 3
