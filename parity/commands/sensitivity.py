"""``parity sensitivity``: put mistakes in on purpose, and see which of them a verdict sees."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from parity.commands.output import check_json_target, console_for, json_option, write_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parity.faults import Fault, Outcome

__all__ = ["sensitivity"]


@click.command()
@click.option("--catalogue", is_flag=True, help="Put in the faults of the catalogue; the default.")
@click.option(
    "--faults",
    "folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder with faults of your own, in YAML or Python. Python files are imported.",
)
@click.option(
    "--only",
    metavar="GLOB",
    multiple=True,
    help="Of the catalogue only the faults whose id fits; may be given several times.",
)
@click.option(
    "--fail-under",
    type=click.FloatRange(0, 100),
    metavar="PERCENT",
    help="Leave with 1 when fewer are seen.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=2,
    show_default=True,
    help="How many at once.",
)
@click.option("--list", "listing", is_flag=True, help="Show which faults there are; run nothing.")
@json_option
def sensitivity(
    catalogue: bool,
    folder: Path | None,
    only: tuple[str, ...],
    fail_under: float | None,
    jobs: int,
    listing: bool,
    json_target: str | None,
) -> int:
    """Measure what a verdict is worth: put mistakes into the engines, one at a time.

    Leaves with 1 when one escapes that is not listed with a reason, or did not take effect, or when
    fewer are seen than --fail-under says.
    """
    from parity.commands.progress import working
    from parity.faults import run_faults
    from parity.reporting.sensitivity import (
        SCHEMA,
        catalogue_entries,
        print_catalogue,
        print_faults,
    )
    from parity.sensitivity import wilson

    check_json_target(json_target)
    console = console_for(json_target)
    faults = _chosen(folder, only)
    if listing:
        write_json({"schema": SCHEMA, "faults": _listed(faults)}, json_target)
        print_faults(faults, console)
        return 0
    with working(runs=len(faults)) as watch:
        watch.say("unchanged code")
        outcomes = run_faults(faults, jobs=jobs, on_done=lambda done: watch.say(done.fault.id))
    seen = sum(outcome.standing in ("caught", "elsewhere") for outcome in outcomes)
    score, interval = seen / len(outcomes), wilson(seen, len(outcomes))
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "mutants": catalogue_entries(outcomes),
        "score": score,
        "interval": list(interval),
    }
    write_json(document, json_target)
    print_catalogue(outcomes, console)
    failed = [outcome for outcome in outcomes if _is_failure(outcome)]
    return 1 if failed or (fail_under is not None and score * 100 < fail_under) else 0


def _chosen(folder: Path | None, only: Sequence[str]) -> tuple[Fault, ...]:
    """Give the faults that were asked for.

    Raises:
        UsageError: A glob fits none, or two faults have one id.
        ConfigurationError: A file of faults is no good.
    """
    from fnmatch import fnmatchcase

    from containers.nearest import did_you_mean
    from parity.errors import UsageError
    from parity.faults.catalogue import CATALOGUE
    from parity.faults.loading import checked, faults_of_entry_points, faults_of_folder

    own = faults_of_folder(folder) if folder is not None else ()
    faults = checked((*CATALOGUE, *faults_of_entry_points(), *own))
    for glob in only:
        if not any(fnmatchcase(fault.id, glob) for fault in faults):
            hint = did_you_mean(glob, [fault.id for fault in faults])
            raise UsageError(f"--only {glob}: no fault is called so; {hint}")
    return tuple(
        fault for fault in faults if not only or any(fnmatchcase(fault.id, g) for g in only)
    )


def _listed(faults: Sequence[Fault]) -> list[dict[str, Any]]:
    return [
        {
            "id": fault.id,
            "fault": fault.fault,
            "title": fault.title,
            "subject": fault.subject,
            "expected": fault.expected,
            "files": sorted({edit.file for edit in fault.edits}),
            "excuse": fault.excuse,
        }
        for fault in faults
    ]


def _is_failure(outcome: Outcome) -> bool:
    """Whether an outcome is not as it was accepted."""
    if outcome.standing in ("caught", "elsewhere"):
        return outcome.fault.excuse is not None  # it is no longer needed
    return outcome.standing == "invalid" or outcome.fault.excuse is None
