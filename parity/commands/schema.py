"""``parity schema``: the JSON Schemas by which editors complete, and programs read and check."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import click

from parity.commands.output import write_json

__all__ = ["schema"]

_CONFIGURATION = "configuration"


@click.command()
@click.argument("kind", required=False)
def schema(kind: str | None) -> int:
    """Print the JSON Schema of KIND: `configuration`, `policy`, a pattern's, or a document's.

    The document of a command is what --json gives, `runs-show` for `runs show`. Without KIND,
    print all of them, by kind.
    """
    from containers.nearest import did_you_mean
    from parity.errors import UsageError

    known = _schemas()
    if kind is None:
        write_json({name: make() for name, make in known.items()}, "-")
        return 0
    if kind not in known:
        raise UsageError(f"there is no schema of '{kind}'; {did_you_mean(kind, known)}")
    write_json(known[kind](), "-")
    return 0


def _schemas() -> dict[str, Callable[[], dict[str, Any]]]:
    """Give what makes each schema, by kind."""
    from containers.configuration import json_schema
    from declarative import json_schemas
    from parity.policy import policy_schema
    from parity.reporting.schemas import DOCUMENTS, document_schema

    return {
        _CONFIGURATION: json_schema,
        "policy": policy_schema,
        **{kind: partial(dict, schema) for kind, schema in json_schemas().items()},
        **{document: partial(document_schema, document) for document in DOCUMENTS},
    }
