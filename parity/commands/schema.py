"""``parity schema``: the JSON Schemas by which editors complete, and programs read and check."""

from __future__ import annotations

import click

from parity.commands.output import write_json

__all__ = ["schema"]

_CONFIGURATION = "configuration"


@click.command()
@click.argument("kind", required=False)
def schema(kind: str | None) -> int:
    """Print the JSON Schema of KIND: `configuration`, a kind of pattern, or a command's document.

    Of a command it is what --json gives, `runs-show` for `runs show`. Without KIND, print all of
    them, by kind.
    """
    from containers.configuration import json_schema
    from containers.nearest import did_you_mean
    from declarative import json_schemas
    from parity.errors import UsageError
    from parity.reporting.schemas import DOCUMENTS, document_schema

    schemas = {
        _CONFIGURATION: json_schema(),
        **json_schemas(),
        **{document: document_schema(document) for document in DOCUMENTS},
    }
    if kind is None:
        write_json(schemas, "-")
        return 0
    if kind not in schemas:
        raise UsageError(f"there is no schema of '{kind}'; {did_you_mean(kind, schemas)}")
    write_json(schemas[kind], "-")
    return 0
