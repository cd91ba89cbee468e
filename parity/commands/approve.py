"""``parity approve``: make what workflows give now what they must give."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from parity.commands.executing import executor_option, opened
from parity.commands.isolating import isolation_options, limits_of, made
from parity.commands.output import check_json_target, console_for, json_option, write_json
from parity.commands.own import own_options

if TYPE_CHECKING:
    from parity.subjects import SubjectSpec

__all__ = ["approve", "baselines_option", "refuse_oracle"]

baselines_option = click.option(
    "--baselines",
    type=click.Path(path_type=Path),
    default=Path("baselines"),
    show_default=True,
    help="Folder of approved results.",
)


@click.command()
@click.argument("configs", type=click.Path(path_type=Path), nargs=-1)
@click.option(
    "--subject",
    metavar="ENGINE[:key=value,…]",
    help="Take the word of this one alone. Without it both engines run, and must agree.",
)
@baselines_option
@click.option("--update", is_flag=True, help="Replace what was approved where it is different now.")
@click.option("--all", "every", is_flag=True, help="Every configuration that has a baseline.")
@click.option("--prune", is_flag=True, help="Remove baselines whose configuration is gone.")
@isolation_options
@executor_option
@own_options
@json_option
def approve(
    configs: tuple[Path, ...],
    subject: str | None,
    baselines: Path,
    update: bool,
    every: bool,
    prune: bool,
    isolate: bool,
    time_limit: str | None,
    memory_limit: str | None,
    executor: str | None,
    patterns: Path | None,
    components: Path | None,
    json_target: str | None,
) -> int:
    """Run each CONFIG and keep what it gives as what it must give; `parity check` holds it to it.

    What differs from what was approved before is shown, and replaced with --update only. Nothing is
    written unless everything can be: leaves with 0 then, and with 1 when the engines disagree,
    there is nothing to approve, or something changed without --update.
    """
    from parity.baselines import BaselineFolder, configurations
    from parity.baselines import approve as approve_configs
    from parity.commands.progress import working
    from parity.errors import UsageError
    from parity.own import ENGINES, Own
    from parity.reporting.baselines import approve_document
    from parity.reporting.baselines_text import print_approval
    from parity.subjects import parse_subject

    check_json_target(json_target)
    limits = limits_of(isolate, time_limit, memory_limit)
    if every and configs:
        raise UsageError("--all means every configuration with a baseline: name none beside it")
    if not (every or configs or prune):
        raise UsageError("there is nothing to approve: name configurations, or give --all")
    console = console_for(json_target)
    folder = BaselineFolder(baselines)
    named = configurations(folder, configs) if configs or every else []
    own = Own(patterns, components)
    specs = [parse_subject(text) for text in ([subject] if subject else ENGINES)]
    for spec in specs:
        refuse_oracle(spec)
    with (
        opened(specs, executor, isolate) as executors,
        tempfile.TemporaryDirectory(prefix="parity-") as scratch,
        working(runs=len(named) * (len(specs) + (not subject))) as watch,
    ):
        subjects = made(specs, own, watch, executors, limits)
        approval = approve_configs(
            named,
            folder,
            subjects,
            Path(scratch),
            update=update,
            prune=prune,
            on_step=lambda config, name: watch.say(f"{config} · {name}"),
        )
    write_json(approve_document(approval), json_target)
    print_approval(approval, console)
    return approval.exit_code


def refuse_oracle(spec: SubjectSpec) -> None:
    """Refuse what gives no whole run.

    Raises:
        UsageError: It is the oracle.
    """
    from parity.errors import UsageError

    if spec.engine == "oracle":
        raise UsageError(
            "the oracle works out single units, not whole runs, so it gives no baseline and can't "
            "be held against one; parity verify holds it against an engine's run"
        )
