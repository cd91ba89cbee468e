"""``parity schema``: the JSON Schemas by which editors complete and check."""

from __future__ import annotations

import click

from parity.commands.output import write_json

__all__ = ["schema"]

_CONFIGURATION = "configuration"


@click.command()
@click.argument("kind", required=False)
def schema(kind: str | None) -> int:
    """Print the JSON Schema of KIND: `configuration`, `policy`, or a kind of pattern.

    Without KIND, print all of them, by kind.
    """
    from containers.configuration import json_schema
    from containers.nearest import did_you_mean
    from declarative import json_schemas
    from parity.errors import UsageError
    from parity.policy import policy_schema

    schemas = {_CONFIGURATION: json_schema(), "policy": policy_schema(), **json_schemas()}
    if kind is None:
        write_json(schemas, "-")
        return 0
    if kind not in schemas:
        raise UsageError(f"there is no schema of '{kind}'; {did_you_mean(kind, schemas)}")
    write_json(schemas[kind], "-")
    return 0
