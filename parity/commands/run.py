"""``parity run``: one workflow, one engine."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from parity.commands.executing import executor_option
from parity.commands.output import check_json_target, console_for, json_option, write_json_pieces
from parity.commands.own import own_options

__all__ = ["run"]

_DEFAULT: Final = "imperative"


@click.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.option(
    "--engine",
    type=click.Choice(["imperative", "declarative"]),
    default=_DEFAULT,
    show_default=True,
    help="Which engine runs it.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder below which results are stored, when results.storage asks for that.",
)
@click.option("--id", "workflow_id", metavar="RUN", help="Id of the run; by default it gets one.")
@click.option(
    "--resume",
    metavar="RUN",
    help="Go on with a run that was interrupted or failed: its id, or the path of its folder.",
)
@executor_option
@click.option(
    "--unit-timeout",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Give a worker up that does not finish a unit in so long.",
)
@own_options
@json_option
def run(
    config: Path,
    engine: str,
    out: Path | None,
    workflow_id: str | None,
    resume: str | None,
    executor: str | None,
    unit_timeout: float | None,
    patterns: Path | None,
    components: Path | None,
    json_target: str | None,
) -> int:
    """Run the workflow of CONFIG through one engine.

    Leaves with 0 when it succeeded, 2 when it can't be run or resumed, 3 when it failed, 130 when
    it was interrupted. What storage disk or hybrid has kept by then is not run again by --resume.
    """
    from containers.storage.document import json_pieces
    from parity.commands.progress import working
    from parity.commands.resuming import Whereabouts, command_line, id_of
    from parity.own import Own
    from parity.reporting.run_text import print_result

    check_json_target(json_target)
    _check_options(workflow_id, resume, executor, unit_timeout)
    if resume is not None:
        workflow_id = id_of(resume, config, out)
    whereabouts = Whereabouts(out, workflow_id)
    options = {
        "--engine": None if engine == _DEFAULT else engine,
        "--out": out,
        "--executor": executor,
        "--unit-timeout": unit_timeout,
        "--patterns": patterns,
        "--components": components,
    }
    console = console_for(json_target)
    try:
        with working() as watch:
            watch.say(f"{config} · {engine}")
            runner = Own(patterns, components).engine(
                engine,
                root=out,
                consumers=[watch, whereabouts],
                executor=executor,
                unit_timeout_s=unit_timeout,
            )
            result = runner.run_workflow(config, workflow_id, resume=resume is not None)
    except KeyboardInterrupt as error:
        for name in whereabouts.resumable():
            error.add_note(f"go on with: {command_line(config, options, name)}")
        raise
    write_json_pieces(json_pieces(result), json_target)
    print_result(result, console)
    if not result.success and whereabouts.keeps:
        click.echo(f"try again: {command_line(config, options, result.workflow_id)}", err=True)
    return 0 if result.success else 3


def _check_options(
    workflow_id: str | None, resume: str | None, executor: str | None, unit_timeout: float | None
) -> None:
    """Refuse options that do not fit together, before anything is read.

    Raises:
        UsageError: They don't.
        ExecutorError: There is no such executor.
    """
    from containers.executors import parse_executor
    from parity.errors import UsageError

    if resume is not None and workflow_id is not None:
        raise UsageError("--id names a new run, and --resume one that is there: give one of them")
    spec = None if executor is None else parse_executor(executor)
    if unit_timeout is not None and (spec is None or spec.kind == "serial"):
        raise UsageError(
            "--unit-timeout is a limit for workers: give it with --executor processes or dask://…"
        )
