"""``parity explain``: the story of where two runs part first, from a record."""

from __future__ import annotations

from pathlib import Path

import click

from parity.commands.output import check_json_target, console_for, json_option, write_json

__all__ = ["explain"]


@click.command()
@click.argument("record", default="latest", metavar="[RECORD]")
@click.option(
    "--config",
    metavar="NAME",
    help="Of several configurations this one: as it was named, or the name of its file.",
)
@click.option("--candidate", metavar="NAME", help="Of several candidates this one.")
@click.option(
    "--records",
    type=click.Path(path_type=Path),
    default=Path(".parity/records"),
    show_default=True,
    help="Folder in which records are kept.",
)
@json_option
def explain(
    record: str,
    config: str | None,
    candidate: str | None,
    records: Path,
    json_target: str | None,
) -> int:
    """Tell where the runs of RECORD part first, why, and what came of it.

    RECORD is a number, the folder of a record, or 'latest'. Without --config and --candidate it is
    the first comparison that is no parity. Leaves with 0 when the record could be told, whatever
    its verdict, and with 2 when it is damaged or there is none.
    """
    from parity.explaining import choose_pair
    from parity.explaining import explain as explain_pair
    from parity.records import RecordFolder
    from parity.reporting.explanation import explanation_document, print_explanation

    check_json_target(json_target)
    folder = RecordFolder.named(record, records)
    explanation = explain_pair(folder, choose_pair(folder.index(), config, candidate))
    write_json(explanation_document(explanation), json_target)
    print_explanation(explanation, console_for(json_target))
    return 0
