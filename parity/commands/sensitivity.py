"""``parity sensitivity``: put mistakes in on purpose, and see which of them a verdict sees."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING

import click

from parity.commands.output import check_json_target, console_for, json_option, write_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from parity.faults import Fault, Outcome
    from parity.reporting.sensitivity import ScorePart, SensitivityDocument
    from parity.sensitivity.sample import Score

__all__ = ["sensitivity"]

_SEEN = ("caught", "elsewhere")


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
    "--sample",
    type=click.IntRange(min=1),
    metavar="N",
    help="Draw so many mutants, and take each through the standard verification.",
)
@click.option("--seed", type=click.IntRange(min=0), help="By which they are drawn; printed.")
@click.option(
    "--results",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path(".parity/mutants.jsonl"),
    show_default=True,
    help="File in which results of mutants are kept as they come; a second run goes on from it.",
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
    sample: int | None,
    seed: int | None,
    results: Path,
    fail_under: float | None,
    jobs: int,
    listing: bool,
    json_target: str | None,
) -> int:
    """Measure what a verdict is worth: put mistakes into the engines, one at a time.

    Leaves with 1 when one escapes that is not listed with a reason, or did not take effect, or when
    fewer are seen than --fail-under says.
    """
    from parity.errors import UsageError
    from parity.reporting.sensitivity import LISTING, SCHEMA, fault_entries, print_faults

    check_json_target(json_target)
    console = console_for(json_target)
    if seed is not None and sample is None:
        raise UsageError("--seed is for --sample: say how many mutants are drawn")
    if sample is not None and (folder is not None or only) and not catalogue:
        raise UsageError("--faults and --only are for the catalogue: add --catalogue")
    if listing or catalogue or sample is None:
        faults = _chosen(folder, only)
        if listing:
            write_json({"schema": LISTING, "faults": fault_entries(faults)}, json_target)
            print_faults(faults, console)
            return 0
    document: SensitivityDocument = {
        "schema": SCHEMA, "mutants": [], "score": None, "interval": None,
    }  # fmt: skip
    codes = []
    if catalogue or sample is None:
        codes.append(_catalogue(faults, jobs, fail_under, document, console))
    if sample is not None:
        drawn_by = secrets.randbelow(1_000_000) if seed is None else seed
        codes.append(_sample(sample, drawn_by, results, jobs, fail_under, document, console))
    write_json(document, json_target)
    return max(codes)


def _catalogue(
    faults: Sequence[Fault],
    jobs: int,
    fail_under: float | None,
    document: SensitivityDocument,
    console: Console,
) -> int:
    """Put faults in, say what came of them, and add it to the document; give the exit code."""
    from parity.commands.progress import working
    from parity.faults import run_faults
    from parity.reporting.sensitivity import catalogue_entries, print_catalogue
    from parity.sensitivity.sample import Score

    with working(runs=len(faults) + 1) as watch:
        watch.say("unchanged code")
        outcomes = run_faults(faults, jobs=jobs, on_done=lambda done: watch.say(done.fault.id))
    score = Score(sum(each.standing in _SEEN for each in outcomes), len(outcomes))
    document["mutants"] += catalogue_entries(outcomes)
    document["catalogue"] = _add(document, score)
    print_catalogue(outcomes, console)
    failed = any(_is_failure(outcome) for outcome in outcomes)
    return 1 if failed or _is_under(score, fail_under) else 0


def _sample(
    count: int,
    seed: int,
    results: Path,
    jobs: int,
    fail_under: float | None,
    document: SensitivityDocument,
    console: Console,
) -> int:
    """Draw mutants, say what came of them, and add it to the document; give the exit code."""
    from parity.commands.progress import working
    from parity.reporting.sensitivity import print_sample, sample_entries
    from parity.sensitivity.sample import take_sample
    from parity.sensitivity.standard import APPROVED

    console.print(f"{count} mutants by seed {seed}; results are kept in {results}", soft_wrap=True)
    with working(runs=count) as watch:
        sample = take_sample(count, seed, results, jobs=jobs, on_step=watch.say)
    document["mutants"] += sample_entries(sample)
    part = _add(document, sample.score)
    part |= {"seed": seed, "population": sample.population}
    if APPROVED in sample.stages:
        part["score_without_approved"] = sample.score_without_approved.share
    document["sample"] = part
    print_sample(sample, console)
    escaped = any(each.standing == "escaped" for each in sample.mutants)
    if fail_under is not None:
        escaped = _is_under(sample.score, fail_under)
    return 1 if escaped or sample.stale else 0


def _add(document: SensitivityDocument, score: Score) -> ScorePart:
    """Make a score that of the whole document, as the last one is; give it as a part."""
    document["score"] = score.share
    document["interval"] = None if score.interval is None else list(score.interval)
    return {"caught": score.caught, "of": score.of, "score": score.share}


def _is_under(score: Score, fail_under: float | None) -> bool:
    return fail_under is not None and (score.share or 0.0) * 100 < fail_under


def _chosen(folder: Path | None, only: Sequence[str]) -> tuple[Fault, ...]:
    """Give the faults that were asked for.

    Raises:
        UsageError: A glob fits none, or two faults have one id.
        ConfigurationError: A file of faults is no good.
    """
    from fnmatch import fnmatchcase

    from containers.nearest import nearest
    from parity.errors import UsageError
    from parity.faults.catalogue import CATALOGUE
    from parity.faults.loading import checked, faults_of_entry_points, faults_of_folder

    own = faults_of_folder(folder) if folder is not None else ()
    faults = checked((*CATALOGUE, *faults_of_entry_points(), *own))
    for glob in only:
        if not any(fnmatchcase(fault.id, glob) for fault in faults):
            close = nearest(glob, [fault.id for fault in faults])
            hint = "" if close is None else f"; did you mean '{close}'?"
            raise UsageError(
                f"--only {glob}: none of {len(faults)} faults is called so{hint}; "
                "'parity sensitivity --list' names them all"
            )
    return tuple(
        fault for fault in faults if not only or any(fnmatchcase(fault.id, g) for g in only)
    )


def _is_failure(outcome: Outcome) -> bool:
    """Whether an outcome is not as it was accepted."""
    if outcome.standing in _SEEN:
        return outcome.fault.excuse is not None  # it is no longer needed
    return outcome.standing == "invalid" or outcome.fault.excuse is None
