"""``parity list``: what there is, by name, engine and origin."""

from __future__ import annotations

from pathlib import Path

import click

from parity.commands.output import bare_json_option, check_json_target, write_json
from parity.commands.own import own_options

__all__ = ["list_command"]


@click.command(name="list")
@own_options
@bare_json_option
def list_command(patterns: Path | None, components: Path | None, json_target: str | None) -> int:
    """List workflows, sequences, topologies, modules and components, with engine and origin."""
    from parity.listing import KINDS, inventory
    from parity.reporting.listing import list_document

    check_json_target(json_target)
    items = inventory(patterns, components)
    write_json(list_document(items), json_target)
    width = max(len(item.name) for item in items)
    for kind in KINDS:
        found = [item for item in items if item.kind == kind]
        if found:
            click.echo(f"{kind}", err=json_target == "-")
        for item in found:
            line = f"  {item.name:<{width}}  {item.engine:<11}  {item.origin}"
            click.echo(line, err=json_target == "-")
    return 0
