"""``parity compare``: stored results of another system against a run, or a file against another."""

from __future__ import annotations

from pathlib import Path

import click

from parity.commands.output import check_json_target, console_for, json_option, write_json
from parity.commands.policies import applied_policy, policy_options

__all__ = ["compare"]


@click.command()
@click.argument("left")
@click.argument("right")
@click.option(
    "--mapping",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="How the columns of a file become our fields, what is ignored and tolerated, and why.",
)
@click.option(
    "--table",
    type=click.Choice(["trades", "equity", "metrics"]),
    help="What is compared. By default what the files are, or what both sides have.",
)
@click.option("--key", metavar="COLUMNS", help="Columns by which rows are matched, with commas.")
@click.option(
    "--place",
    metavar="PHASE|PATH",
    help="Whose portfolios of a run: the name of a phase, or a structural path. By default the "
    "only phase's.",
)
@click.option("--portfolio", metavar="NAME", help="Only this portfolio of a run.")
@click.option(
    "--rows",
    type=click.IntRange(min=0),
    default=5,
    show_default=True,
    help="How many rows that are not the same are shown, of each kind.",
)
@click.option(
    "--dir",
    "directory",
    type=click.Path(path_type=Path),
    default=Path("results"),
    show_default=True,
    help="The results directory in which ids of runs are looked for.",
)
@policy_options
@json_option
def compare(
    left: str,
    right: str,
    mapping: Path | None,
    table: str | None,
    key: str | None,
    place: str | None,
    portfolio: str | None,
    rows: int,
    directory: Path,
    policy_file: Path | None,
    today: str | None,
    json_target: str | None,
) -> int:
    """Compare the trades, equity and metrics that are stored in LEFT and RIGHT.

    Each is a file (CSV, Parquet, JSON), a folder of files called trades, equity and metrics, or a
    run: its id, the folder of its results, what `parity run --json` wrote, a record of `parity
    verify`.

    Leaves with 0 when all is equal or tolerated, 1 when anything differs, 2 when something can't be
    read or does not fit the mapping, 4 when nothing was compared.
    """
    from parity.errors import UsageError
    from parity.reporting.stored import compare_document, print_comparison
    from parity.stored import Kind, Wishes, compare_stored, open_side, read_mapping

    check_json_target(json_target)
    columns = tuple(name.strip() for name in key.split(",")) if key is not None else ()
    if not all(columns):
        raise UsageError(f"--key {key}: found a name of nothing, expected names with commas")
    outcome = compare_stored(
        (left, right),
        (open_side(left, directory), open_side(right, directory)),
        {} if mapping is None else read_mapping(mapping),
        Wishes(
            table=None if table is None else Kind(table),
            place=place,
            portfolio=portfolio,
            key=columns,
            rows=rows,
            policy=applied_policy(policy_file, today),
        ),
    )
    write_json(compare_document(outcome), json_target)
    print_comparison(outcome, console_for(json_target))
    return outcome.exit_code
