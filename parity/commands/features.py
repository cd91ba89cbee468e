"""``parity features``: what both engines have been seen to do."""

from __future__ import annotations

from pathlib import Path

import click

from parity.commands.output import bare_json_option, check_json_target, console_for, write_json

__all__ = ["evidence_option", "features"]

evidence_option = click.option(
    "--evidence",
    type=click.Path(path_type=Path),
    default=Path(".parity/evidence"),
    show_default=True,
    help="Folder in which verifications leave what they showed.",
)


@click.command()
@evidence_option
@click.option("--markdown", is_flag=True, help="Print the table as Markdown.")
@bare_json_option
def features(evidence: Path, markdown: bool, json_target: str | None) -> int:
    """Show which features both engines have, with the evidence of the last verifications.

    A tick stands for runs in which every part of the feature was seen, in journal or trace, and
    that agreed with all they were compared with.
    """
    from rich.markup import escape

    from parity.evidence import EvidenceStore, standings
    from parity.reporting.features import features_document, features_markdown, print_features

    check_json_target(json_target)
    runs = EvidenceStore(evidence).runs()
    console = console_for(json_target)
    found = standings(runs)
    write_json(features_document(found), json_target)
    if markdown:
        click.echo(features_markdown(found), err=json_target == "-")
        return 0
    print_features(found, console)
    if not runs:
        where = escape(str(evidence))
        console.print(f"[dim]no evidence in {where}: run parity verify first[/]")
    return 0
