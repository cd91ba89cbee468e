"""Reading a document as the pattern it says it is, and what is wrong with one that is none.

`definition_of` gives the model (`declarative.definitions`) of the kind that a document names, or
every problem at once: file, line, column, the offending key, the allowed ones, the nearest name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from containers.configuration.plain import found
from containers.errors import ConfigPath, Problem
from containers.nearest import did_you_mean, nearest
from containers.strict_yaml import Document
from declarative.definitions import KINDS, Definition
from declarative.errors import PatternError
from declarative.references import Node

__all__ = ["definition_of", "json_schemas", "model_of"]

M = TypeVar("M", bound=BaseModel)


def definition_of(document: Document) -> Definition:
    """Read a document as the kind of pattern it says it is.

    Raises:
        PatternError: With every problem, in the order of the document.
    """
    data = document.data
    kind = data.get("kind")
    if "kind" not in data or not isinstance(kind, str) or kind not in KINDS:
        message = "the required key 'kind' is missing" if "kind" not in data else (
            f"found the kind {found(kind)}, expected one of {', '.join(KINDS)}"
        )  # fmt: skip
        close = nearest(kind, KINDS) if isinstance(kind, str) else None
        hint = f"did you mean '{close}'?" if close else "kind says what the file is a pattern of"
        location = document.locate(("kind",))
        raise PatternError([Problem(message, path=("kind",), location=location, hint=hint)])
    model = KINDS[kind]
    try:
        return model.model_validate(data)
    except ValidationError as error:
        problems = [_problem(detail, model, document) for detail in error.errors(include_url=False)]
        raise PatternError(sorted(problems, key=_place)) from None


def model_of(model: type[M], node: Node) -> M:
    """Read a part of a pattern anew, in which something has been put in.

    Raises:
        PatternError: With every problem.
    """
    try:
        return model.model_validate(node.value)
    except ValidationError as error:
        problems = [
            _problem(detail, model, node.document, node.path)
            for detail in error.errors(include_url=False)
        ]
        raise PatternError(sorted(problems, key=_place)) from None


def json_schemas() -> dict[str, dict[str, Any]]:
    """Give the JSON Schema of each kind of pattern, by kind.

    Editors find them in ``declarative/schemas/``: a pattern's first line names its own, as
    ``# yaml-language-server: $schema=FILE``.
    """
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return {
        kind: {**dialect, **model.model_json_schema(by_alias=True)} for kind, model in KINDS.items()
    }


def _place(problem: Problem) -> tuple[int, int]:
    assert problem.location is not None  # every problem of a pattern has one
    return problem.location.line, problem.location.column


def _problem(
    detail: ErrorDetails, model: type[BaseModel], document: Document, above: ConfigPath = ()
) -> Problem:
    inside: ConfigPath = tuple(detail["loc"])
    path = _as_written((*above, *inside), document)
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        allowed = tuple(_keys_at(model, inside[:-1]))
        return Problem(
            f"unknown key '{path[-1]}'; allowed: {', '.join(allowed)}",
            path=path,
            location=document.locate(path, key=True),
            hint=did_you_mean(str(path[-1]), allowed),
        )
    if kind == "missing":
        message = f"the required key '{path[-1]}' is missing"
        return Problem(message, path=path, location=document.locate(path[:-1]))
    if kind == "refused":
        message = str(detail["msg"])
        hint = context.get("hint")
        return Problem(message, path=path, location=document.locate(path), hint=hint)
    expected = _EXPECTED.get(kind, str(context.get("expected", detail["msg"])))
    message = f"found {found(detail['input'])}, expected {expected}"
    if kind in ("too_short", "string_too_short"):
        message = f"found nothing in it, expected {expected}"
    return Problem(message, path=path, location=document.locate(path))


def _as_written(path: ConfigPath, document: Document) -> ConfigPath:
    """Leave out indexes into what stands alone where a list may be."""
    written: list[str | int] = []
    value = document.data
    for step in path:
        if isinstance(step, int) and not isinstance(value, list):
            continue
        written.append(step)
        inside = isinstance(value, dict) and step in value
        inside = inside or (isinstance(value, list) and isinstance(step, int) and step < len(value))
        value = value[step] if inside else None
    return tuple(written)


_EXPECTED: Final[Mapping[str, str]] = {
    "string_type": "text",
    "string_too_short": "text",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "bool_type": "true or false",
    "too_short": "at least one item",
}


def _keys_at(model: type[BaseModel], path: ConfigPath) -> Iterator[str]:
    """Give the keys that are allowed at ``path``."""
    current: type[BaseModel] | None = model
    named = False  # whether the step is a name of the user's, in a mapping of models
    for step in path:
        if isinstance(step, str) and not named and current is not None:
            fields = {info.alias or name: info for name, info in current.model_fields.items()}
            annotation = fields[step].annotation
            current, named = _model_in(annotation), get_origin(annotation) is dict
        else:
            named = False
    if current is not None:
        yield from (info.alias or name for name, info in current.model_fields.items())


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)
