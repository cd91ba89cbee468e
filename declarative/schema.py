"""The kinds of pattern, one model each, and what is wrong with a file that should be one.

`definition_of` reads a document as the kind it names. Values that may be references are checked
where they are resolved, with the same positions; everything else is checked here, all at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal, TypeAlias, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from containers.configuration.plain import found
from containers.container import Role
from containers.errors import ConfigPath, Problem
from containers.events import EventKind
from containers.nearest import did_you_mean, nearest
from containers.strict_yaml import Document
from declarative.errors import PatternError

__all__ = [
    "ContainerDefinition",
    "DefaultsDefinition",
    "Definition",
    "PhaseDefinition",
    "RouteDefinition",
    "SequenceDefinition",
    "TopologyDefinition",
    "WorkflowDefinition",
    "definition_of",
    "json_schemas",
]


_NAME: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")


def _named(text: str) -> str:
    if _NAME.fullmatch(text):  # names become folders
        return text
    message = "found {value}, expected a name of letters, digits, '.', '_' or '-'"
    raise PydanticCustomError("refused", message, {"value": found(text)})


def _one_of(words: tuple[str, ...]) -> Any:
    def check(value: Any) -> Any:
        if isinstance(value, str) and value in words:
            return value
        close = nearest(value, words) if isinstance(value, str) else None
        raise PydanticCustomError(
            "refused", "found {value}, expected one of {words}",
            {
                "value": found(value),
                "words": ", ".join(words),
                "hint": f"did you mean '{close}'?" if close else None,
            },
        )  # fmt: skip

    return BeforeValidator(check)


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Name: TypeAlias = Annotated[str, AfterValidator(_named)]
Text: TypeAlias = Annotated[str, Field(min_length=1)]
Names: TypeAlias = Annotated[
    list[Name],
    BeforeValidator(_listed),
    WithJsonSchema({"type": ["string", "array"], "items": {"type": "string"}}),
]
WholeOrReference: TypeAlias = Annotated[Any, WithJsonSchema({"type": ["integer", "string"]})]
Loops: TypeAlias = Annotated[
    dict[str, Any],
    WithJsonSchema({"type": "object", "additionalProperties": {"type": ["string", "array"]}}),
]
RoleName: TypeAlias = Annotated[str, _one_of(tuple(Role))]
KindName: TypeAlias = Annotated[str, _one_of(tuple(EventKind))]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=False)


class PhaseDefinition(_Model):
    """A phase: a sequence of runs of a topology, after the phases it depends on."""

    name: Name
    topology: Name
    sequence: Name
    config: dict[str, Any] = {}
    depends_on: Names = []
    required: bool = True


class WorkflowDefinition(_Model):
    """Phases, and what their configurations have in common."""

    kind: Literal["workflow"]
    name: Name
    defaults: dict[str, Any] = {}
    phases: Annotated[list[PhaseDefinition], Field(min_length=1)]


class WindowDefinition(_Model):
    """A range of base bars of the first symbol, both ends included."""

    name: Name
    first_bar: WholeOrReference
    last_bar: WholeOrReference


class IterationDefinition(_Model):
    """One run of the topology."""

    window: WindowDefinition
    seed: WholeOrReference


class SequenceDefinition(_Model):
    """The runs that make a phase."""

    kind: Literal["sequence"]
    name: Name
    iterations: Annotated[list[IterationDefinition], Field(min_length=1)]


class ReportDefinition(_Model):
    """Under which names a container's report appears in the result."""

    portfolio: Text
    strategy: Text
    profile: Text
    parameters: Any


class ContainerDefinition(_Model):
    """One container, or one for each pass of ``foreach``."""

    id: Text
    role: RoleName
    foreach: Loops | None = None
    report: ReportDefinition | None = None
    settings: dict[str, Any] = {}


class RouteDefinition(_Model):
    """One route for each event, and for each pass of ``foreach``."""

    events: Annotated[list[KindName], Field(min_length=1)]
    foreach: Loops | None = None
    publisher: Annotated[Text, Field(alias="from")]
    subscriber: Annotated[Text, Field(alias="to")]
    topic: Text | None = None


class TopologyDefinition(_Model):
    """The containers of a unit, in topology order, and the routes between them."""

    kind: Literal["topology"]
    name: Name
    let: dict[str, Any] = {}
    containers: Annotated[list[ContainerDefinition], Field(min_length=1)]
    routes: list[RouteDefinition] = []


class ItemDefaults(_Model):
    """What items of the configuration's lists are completed with."""

    symbols: dict[str, Any] = {}
    strategies: dict[str, Any] = {}
    classifiers: dict[str, Any] = {}
    risk_profiles: dict[str, Any] = {}


class DefaultsDefinition(_Model):
    """The configuration below all others."""

    kind: Literal["defaults"]
    name: Name
    configuration: dict[str, Any]
    items: ItemDefaults


Definition: TypeAlias = (
    WorkflowDefinition | SequenceDefinition | TopologyDefinition | DefaultsDefinition
)

_KINDS: Final[Mapping[str, type[Definition]]] = {
    "workflow": WorkflowDefinition,
    "sequence": SequenceDefinition,
    "topology": TopologyDefinition,
    "defaults": DefaultsDefinition,
}


def definition_of(document: Document) -> Definition:
    """Read a document as the kind of pattern it says it is.

    Raises:
        PatternError: With every problem, in the order of the document.
    """
    data = document.data
    kind = data.get("kind")
    if "kind" not in data or not isinstance(kind, str) or kind not in _KINDS:
        message = "the required key 'kind' is missing" if "kind" not in data else (
            f"found the kind {found(kind)}, expected one of {', '.join(_KINDS)}"
        )  # fmt: skip
        close = nearest(kind, _KINDS) if isinstance(kind, str) else None
        hint = f"did you mean '{close}'?" if close else "kind says what the file is a pattern of"
        location = document.locate(("kind",))
        raise PatternError([Problem(message, path=("kind",), location=location, hint=hint)])
    model = _KINDS[kind]
    try:
        return model.model_validate(data)
    except ValidationError as error:
        problems = [_problem(detail, model, document) for detail in error.errors(include_url=False)]
        raise PatternError(sorted(problems, key=_place)) from None


def json_schemas() -> dict[str, dict[str, Any]]:
    """Give the JSON Schema of each kind of pattern, by kind."""
    return {kind: model.model_json_schema(by_alias=True) for kind, model in _KINDS.items()}


def _place(problem: Problem) -> tuple[int, int]:
    assert problem.location is not None  # every problem of a pattern has one
    return problem.location.line, problem.location.column


def _problem(detail: ErrorDetails, model: type[BaseModel], document: Document) -> Problem:
    path: ConfigPath = tuple(detail["loc"])
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        allowed = tuple(_keys_at(model, path[:-1]))
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
    expected = _EXPECTED.get(kind, str(detail["msg"]).lower())
    message = f"found {found(detail['input'])}, expected {expected}"
    if kind in ("too_short", "string_too_short"):
        message = f"found nothing in it, expected {expected}"
    return Problem(message, path=path, location=document.locate(path))


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
    for step in path:
        if isinstance(step, str) and current is not None:
            fields = {info.alias or name: info for name, info in current.model_fields.items()}
            current = _model_in(fields[step].annotation)
    if current is not None:
        yield from (info.alias or name for name, info in current.model_fields.items())


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)
