"""``parity check``: hold one engine against approved results."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from parity.commands.approve import baselines_option, refuse_oracle
from parity.commands.executing import executor_option, opened
from parity.commands.isolating import isolation_options, limits_of, made
from parity.commands.output import check_json_target, console_for, json_option, write_json
from parity.commands.own import own_options
from parity.commands.policies import applied_policy, policy_options

if TYPE_CHECKING:
    from parity.subjects import SubjectSpec

__all__ = ["check"]

_SUBJECT = "ENGINE[:key=value,…]"


@click.command()
@click.argument("configs", type=click.Path(path_type=Path), nargs=-1)
@click.option(
    "--subject", default="imperative", show_default=True, metavar=_SUBJECT, help="What is checked."
)
@baselines_option
@click.option(
    "--only", is_flag=True, help="Leave baselines of other configurations than CONFIG alone."
)
@click.option(
    "--stand-in",
    metavar=_SUBJECT,
    help="Asked for the approved run where the subject differs, to find the very event. By default "
    "the other engine, if it is still there.",
)
@click.option("--no-stand-in", is_flag=True, help="Ask nobody.")
@click.option(
    "--records",
    type=click.Path(path_type=Path),
    default=Path(".parity/records"),
    show_default=True,
    help="Folder in which the record of a check that found differences is kept.",
)
@policy_options
@isolation_options
@executor_option
@own_options
@json_option
def check(
    configs: tuple[Path, ...],
    subject: str,
    baselines: Path,
    only: bool,
    stand_in: str | None,
    no_stand_in: bool,
    records: Path,
    policy_file: Path | None,
    today: str | None,
    isolate: bool,
    time_limit: str | None,
    memory_limit: str | None,
    executor: str | None,
    patterns: Path | None,
    components: Path | None,
    json_target: str | None,
) -> int:
    """Run each CONFIG, or everything that was approved, and hold it against what was approved.

    Leaves with 0 when everything is as approved, refusals and failures included; 1 when anything
    differs, has no baseline, or a baseline was not used; 2 when a baseline is damaged or there is
    none; 4 when no event, trade or figure was compared.
    """
    from parity.baselines import BaselineFolder, configurations
    from parity.baselines import check as check_configs
    from parity.commands.progress import working
    from parity.commands.targets import check_folder
    from parity.errors import UsageError
    from parity.own import Own
    from parity.records import RecordFolder
    from parity.reporting.baselines import check_document
    from parity.reporting.baselines_text import print_check
    from parity.reporting.document import verification_document
    from parity.subjects import parse_subject

    check_json_target(json_target)
    check_folder("--records", records)
    limits = limits_of(isolate, time_limit, memory_limit)
    if only and not configs:
        raise UsageError("--only leaves other baselines alone: name the configurations to check")
    if stand_in is not None and no_stand_in:
        raise UsageError("--stand-in names one, and --no-stand-in wants none: give one of them")
    policy = applied_policy(policy_file, today)
    console = console_for(json_target)
    folder = BaselineFolder(baselines)
    folder.read_all()  # what is there must be sound, before hours of work go by
    named = configurations(folder, configs)
    own = Own(patterns, components)
    spec = parse_subject(subject)
    refuse_oracle(spec)
    other = None if no_stand_in else _other(spec, stand_in)
    specs = [spec] if other is None or isinstance(other, str) else [spec, other]
    with (
        opened(specs, executor, isolate) as executors,
        tempfile.TemporaryDirectory(prefix="parity-") as scratch,
        working(runs=len(named)) as watch,
    ):
        checked, *others = made(specs, own, watch, executors, limits)
        found = check_configs(
            named,
            folder,
            checked,
            Path(scratch),
            stand_in=others[0] if others else other if isinstance(other, str) else None,
            only=only,
            policy=policy,
            on_step=lambda config, name: watch.say(f"{config} · {name}"),
        )
        verification = found.as_verification()
        differs = any(one.ending == "differs" for one in found.checked)
        kept = RecordFolder.create(records) if differs and verification.ran else None
        record = None if kept is None else str(kept.path)
        if kept is not None:
            watch.say("keeping the record")
            kept.save(verification, verification_document(verification, record))
    write_json(check_document(found, record), json_target)
    print_check(found, console, record)
    return found.exit_code


def _other(spec: SubjectSpec, named: str | None) -> SubjectSpec | str | None:
    """Give the specification of who stands in for the approved run, or say why nobody can."""
    from importlib.util import find_spec

    from parity.own import ENGINES
    from parity.subjects import SubjectSpec, parse_subject

    if named is not None:
        return parse_subject(named)
    if spec.engine not in ENGINES:
        return f"{spec.engine} is no engine of ours, whose other one could be asked (--stand-in)"
    name = next(engine for engine in ENGINES if engine != spec.engine)
    if find_spec(name) is None:
        return f"the engine '{name}' is not installed any more"
    # Told to keep the same, so that the two can be compared to the last event.
    told = {key: value for key, value in spec.options.items() if key in ("trace", "storage")}
    return SubjectSpec(name, told)
