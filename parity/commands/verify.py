"""``parity verify``: run workflows through several subjects and compare everything."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from parity.commands.executing import executor_option, opened
from parity.commands.features import evidence_option
from parity.commands.output import check_json_target, console_for, json_option, write_json
from parity.commands.own import own_options

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
@json_option
def verify(
    configs: tuple[Path, ...],
    control: str,
    candidates: tuple[str, ...],
    records: Path,
    thorough: bool,
    seed: int,
    evidence: Path,
    executor: str | None,
    patterns: Path | None,
    components: Path | None,
    json_target: str | None,
) -> int:
    """Run each CONFIG through the control and every candidate, and the oracle where it can.

    Leaves with 0 on parity, 1 when anything differs, 2 when a configuration can't be run, 3 when
    it fails alike everywhere, 4 when no event, trade or metric was compared.
    """
    from parity.checking import Thorough
    from parity.commands.progress import working
    from parity.evidence import EvidenceStore
    from parity.own import Own
    from parity.records import RecordFolder
    from parity.reporting.document import verification_document
    from parity.reporting.text import print_verification
    from parity.subjects import parse_subject, subject_for
    from parity.verification import verify as verify_configs

    check_json_target(json_target)
    console = console_for(json_target)
    store = EvidenceStore(evidence)
    store.runs()  # what is there must be ours, before hours of work go by
    own = Own(patterns, components)
    specs = [parse_subject(text) for text in (control, *candidates)]
    named = [(str(config), config) for config in configs]
    with (
        opened(specs, executor) as executors,
        tempfile.TemporaryDirectory(prefix="parity-") as scratch,
        working(runs=len(named) * (len(specs) + 1)) as watch,
    ):
        reference, *others = [
            subject_for(spec, own, watch, where)
            for spec, where in zip(specs, executors, strict=True)
        ]
        verification = verify_configs(
            named,
            reference,
            others,
            Path(scratch),
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
    write_json(document, json_target)
    print_verification(verification, console, record)
    return verification.exit_code
