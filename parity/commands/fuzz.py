"""``parity fuzz``: search for workflows on which the engines part."""

from __future__ import annotations

from pathlib import Path

import click

from parity.commands.output import bare_json_option, check_json_target, console_for, write_json

__all__ = ["fuzz"]

_EXAMPLES = 200


@click.command()
@click.option(
    "--examples",
    type=click.IntRange(min=1),
    metavar="N",
    help=f"End after N examples; {_EXAMPLES} when no --time is given either.",
)
@click.option("--time", "limit", metavar="LIMIT", help="End after so long: 90s, 5m, 1h.")
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Where examples are drawn from: the same seed and N give the same search.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".parity/reproducers"),
    show_default=True,
    help="Folder in which an example that does not hold is saved.",
)
@bare_json_option
def fuzz(
    examples: int | None, limit: str | None, seed: int, out: Path, json_target: str | None
) -> int:
    """Run generated workflows through both engines, and save the first on which they part.

    Every example is compared, held against the invariants and, where it can be, the oracle, and run
    once more in some other way. One that does not hold is made as small as it can be.

    Leaves with 0 when everything held, 1 when something did not, 130 when interrupted.
    """
    from parity.commands.fuzz_progress import searching
    from parity.commands.limits import seconds_of
    from parity.fuzzing import Limits, Search, save_reproducer
    from parity.reporting.fuzz import print_search, search_document

    check_json_target(json_target)
    console = console_for(json_target)
    seconds = None if limit is None else seconds_of(limit, "--time")
    if examples is None and seconds is None:
        examples = _EXAMPLES
    limits = Limits(examples=examples, seconds=seconds)
    with searching(limits) as on_example:
        outcome = Search(seed, limits, on_example).run()
    found = outcome.found
    folder = (
        None if found is None else save_reproducer(found.example, out, found.finding, found.asked)
    )
    code = 1 if found is not None else 130 if outcome.interrupted else 0
    write_json(search_document(outcome, folder, code), json_target)
    print_search(outcome, folder, console)
    return code
