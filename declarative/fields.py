"""The types of single keys of patterns: names, words of a list, expressions.

A value that is refused says what was found, what was expected and the nearest word; what it says
becomes a problem with a position in `declarative.schema`.
"""

from __future__ import annotations

import math
import re
from typing import Annotated, Any, Final, TypeAlias, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    GetJsonSchemaHandler,
    WithJsonSchema,
)
from pydantic import Field as PydanticField
from pydantic_core import PydanticCustomError, core_schema

from containers.configuration.names import METRIC_NAMES, OPERATORS
from containers.configuration.plain import found
from containers.container import Role
from containers.events import EventKind
from containers.nearest import nearest
from declarative.analyses import ANALYSES
from declarative.expressions import ExpressionSyntaxError, compile_expression
from declarative.windows import FUNCTIONS

__all__ = [
    "AlsoText",
    "AnalysisName",
    "ConditionText",
    "ExpressionValue",
    "Expressions",
    "KindName",
    "Listed",
    "Loops",
    "MetricName",
    "ModuleAlone",
    "Name",
    "NamedAlone",
    "Names",
    "OperatorName",
    "RoleName",
    "Text",
    "Threshold",
    "compiled",
    "exactly_one",
    "refused",
]

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")

_NAME: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
_FUNCTIONS: Final = tuple(FUNCTIONS.items())


def refused(message: str, hint: str | None = None) -> PydanticCustomError:
    """Make the error that `declarative.schema` tells with its position."""
    return PydanticCustomError("refused", "{message}", {"message": message, "hint": hint})


def compiled(value: str | int | bool) -> Any:
    """Give the expression of a sequence: what was read, compiled once."""
    return compile_expression(value if isinstance(value, str) else _written(value), _FUNCTIONS)


def _written(value: int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def exactly_one(model: M, *keys: str) -> M:
    """Check that one of several keys is there, and no other of them."""
    given = [key for key in keys if getattr(model, key) is not None]
    if len(given) == 1:
        return model
    what = " and ".join(given) if given else "none"
    raise refused(f"found {what}, expected exactly one of {', '.join(keys)}")


def _named(text: str) -> str:
    if _NAME.fullmatch(text):  # names become folders
        return text
    raise refused(f"found {found(text)}, expected a name of letters, digits, '.', '_' or '-'")


def _one_of(words: tuple[str, ...]) -> Any:
    def check(value: Any) -> Any:
        if isinstance(value, str) and value in words:
            return value
        close = nearest(value, words) if isinstance(value, str) else None
        raise refused(
            f"found {found(value)}, expected one of {', '.join(words)}",
            f"did you mean '{close}'?" if close else None,
        )

    return BeforeValidator(check)


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _alone(value: Any) -> Any:
    return {"type": value} if isinstance(value, str) else value


def _module_alone(value: Any) -> Any:
    return {"module": value} if isinstance(value, str) else value


class AlsoText:
    """Lets a schema say that text may stand in place of a mapping."""

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"anyOf": [{"type": "string", "minLength": 1}, handler(schema)]}


class _AlsoAlone:
    """Lets a schema say that an item may stand in place of a list of one."""

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        listed = handler(schema)
        return {"anyOf": [listed["items"], listed]}


def _names_listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _condition(text: str) -> str:
    try:
        compile_expression(text)
    except ExpressionSyntaxError as error:
        raise refused(f"{found(text)} is no expression: {error}") from None
    return text


def _expression(value: Any) -> Any:
    if not isinstance(value, str | int | bool):
        raise refused(f"found {found(value)}, expected an expression")
    try:
        compiled(value)
    except ExpressionSyntaxError as error:
        raise refused(f"{found(value)} is no expression: {error}") from None
    return value


def _threshold(value: Any) -> Any:
    if isinstance(value, str) and "${" in value:
        return value
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if number and math.isfinite(value):
        return value
    raise refused(f"found {found(value)}, expected a number or a reference to one")


Name: TypeAlias = Annotated[str, AfterValidator(_named)]
Text: TypeAlias = Annotated[str, PydanticField(min_length=1)]
NamedAlone: Final = BeforeValidator(_alone)
ModuleAlone: Final = BeforeValidator(_module_alone)
Names: TypeAlias = Annotated[
    list[Name],
    BeforeValidator(_names_listed),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
Listed: TypeAlias = Annotated[list[T], BeforeValidator(_listed), _AlsoAlone()]
Loops: TypeAlias = Annotated[
    dict[str, Any],
    WithJsonSchema({"type": "object", "additionalProperties": {"type": ["string", "array"]}}),
]
RoleName: TypeAlias = Annotated[str, _one_of(tuple(Role))]
KindName: TypeAlias = Annotated[str, _one_of(tuple(EventKind))]
MetricName: TypeAlias = Annotated[str, _one_of(METRIC_NAMES)]
OperatorName: TypeAlias = Annotated[str, _one_of(OPERATORS)]
AnalysisName: TypeAlias = Annotated[str, _one_of(tuple(ANALYSES))]
ConditionText: TypeAlias = Annotated[str, AfterValidator(_condition)]
ExpressionValue: TypeAlias = Annotated[
    Any,
    BeforeValidator(_expression),
    WithJsonSchema({"type": ["string", "integer", "boolean"]}),
]
Expressions: TypeAlias = dict[str, ExpressionValue]
Threshold: TypeAlias = Annotated[
    Any,
    BeforeValidator(_threshold),
    WithJsonSchema({"type": ["number", "string"]}),
]
