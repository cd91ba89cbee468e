"""``parity verify``: run workflows through several subjects and compare everything."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from parity.commands.executing import executor_option, opened
from parity.commands.features import evidence_option
from parity.commands.isolating import isolation_options, limits_of, made, repeats
from parity.commands.output import console_for
from parity.commands.own import own_options
from parity.commands.policies import applied_policy, policy_options
from parity.commands.reports import Reports, report_options

__all__ = ["verify"]

_SUBJECT = "ENGINE[:key=value,…]"


@click.command()
@click.argument("configs", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option(
    "--control", default="imperative", show_default=True, metavar=_SUBJECT, help="The reference."
)
@click.option(
    "--candidate",
    "candidates",
    multiple=True,
    default=("declarative",),
    show_default=True,
    metavar=_SUBJECT,
    help="What is held against it; may be given several times.",
)
@isolation_options
@click.option(
    "--repeat",
    type=int,
    metavar="N",
    help="Run each subject N times, at least 2, and compare it with itself as well.",
)
@policy_options
@click.option(
    "--records",
    type=click.Path(path_type=Path),
    default=Path(".parity/records"),
    show_default=True,
    help="Folder in which the record of this verification is kept.",
)
@click.option(
    "--thorough",
    is_flag=True,
    help="Hold each engine against all relations as well: perturbed bars, other ways to run, …",
)
@click.option(
    "--seed", type=int, default=0, show_default=True, help="Where --thorough's choices come from."
)
@evidence_option
@executor_option
@own_options
@report_options
def verify(
    configs: tuple[Path, ...],
    control: str,
    candidates: tuple[str, ...],
    isolate: bool,
    time_limit: str | None,
    memory_limit: str | None,
    repeat: int | None,
    policy_file: Path | None,
    today: str | None,
    records: Path,
    thorough: bool,
    seed: int,
    evidence: Path,
    executor: str | None,
    patterns: Path | None,
    components: Path | None,
    reports: Reports,
) -> int:
    """Run each CONFIG through the control and every candidate, and the oracle where it can.

    Leaves with 0 on parity, 1 when anything differs, 2 when a configuration can't be run, 3 when
    it fails alike everywhere, 4 when no event, trade or metric was compared. A rule of the policy
    that never fired or has expired is 1 as well.
    """
    from parity.checking import Thorough
    from parity.commands.progress import working
    from parity.commands.targets import check_folder
    from parity.evidence import EvidenceStore
    from parity.own import Own
    from parity.records import RecordFolder
    from parity.reporting.document import verification_document
    from parity.reporting.text import print_verification
    from parity.subjects import parse_subject
    from parity.verifying import verify as verify_configs

    reports.check(configs if policy_file is None else (*configs, policy_file))
    check_folder("--records", records)
    check_folder("--evidence", evidence)
    limits = limits_of(isolate, time_limit, memory_limit)
    runs = repeats(repeat)
    console = console_for(reports.json_target)
    store = EvidenceStore(evidence)
    store.runs()  # what is there must be ours, before hours of work go by
    policy = applied_policy(policy_file, today)
    own = Own(patterns, components)
    specs = [parse_subject(text) for text in (control, *candidates)]
    named = [(str(config), config) for config in configs]
    with (
        opened(specs, executor, isolate) as executors,
        tempfile.TemporaryDirectory(prefix="parity-") as scratch,
        working(runs=len(named) * (len(specs) * runs + 1)) as watch,
    ):
        reference, *others = made(specs, own, watch, executors, limits)
        verification = verify_configs(
            named,
            reference,
            others,
            Path(scratch),
            repeat=runs,
            policy=policy,
            thorough=Thorough(own, seed) if thorough else None,
            on_step=lambda config, subject: watch.say(f"{config} · {subject}"),
        )
        # A configuration that nobody could run leaves nothing worth keeping.
        folder = RecordFolder.create(records) if verification.ran else None
        record = None if folder is None else str(folder.path)
        document = verification_document(verification, record)
        if folder is not None:
            watch.say("keeping the record")
            folder.save(verification, document)
            store.add(verification)
    reports.write(verification, document, record)
    print_verification(verification, console, record)
    reports.annotate(verification)
    return verification.exit_code
