"""The mutation operators of cosmic-ray, which are published, and where they apply.

1. `occurrences` goes through the nodes of a file and asks every operator for its places.
2. `mutated` does the n-th of them.

Most nodes of a file are of kinds that no operator changes (names, brackets, commas); asking two
hundred operators about each takes minutes. `_candidates` passes over them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from parity.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Occurrence", "mutated", "occurrences", "operators"]

_KINDS: Final = frozenset(
    {
        "assert_stmt", "comparison", "decorator", "except_clause", "factor", "for_stmt",
        "if_stmt", "keyword", "not_test", "number", "test", "while_stmt",
    }
)  # fmt: skip
"""Kinds of nodes that some operator changes, beside binary operators."""


class Occurrence(NamedTuple):
    """A place where an operator applies.

    Attributes:
        operator: Name of the operator.
        place: Which of its places in the file, from 0, in the order of the text.
        line: Line of the place, from 1.
        column: Column in characters, from 0.
    """

    operator: str
    place: int
    line: int
    column: int


@cache
def operators() -> Mapping[str, Any]:
    """Give cosmic-ray's operators by name, in its order, but those that need arguments.

    Raises:
        UsageError: It is not installed.
    """
    try:
        from cosmic_ray.operators.provider import OperatorProvider
    except ImportError as error:
        raise UsageError(
            "mutants need the package cosmic-ray, which is not installed; "
            "do: pip install 'paritykit[sensitivity]'"
        ) from error
    provider = OperatorProvider()
    return {name: provider[name]() for name in provider if not provider[name].arguments()}


def occurrences(source: str) -> Iterator[Occurrence]:
    """Give every place of ``source`` where an operator applies, operator by operator.

    Places in annotations of functions and of their locals are left out, and so is the ``|`` of
    types in other annotations: these are for readers and type checkers.
    """
    nodes = [(node, _is_of_types(node)) for node in _candidates(_parsed(source))]
    dead = _dead(source)
    for name, operator in operators().items():
        index = 0  # what is left out is counted as well: `mutated` sees it too
        for node, of_types in nodes:
            for (line, column), _ in operator.mutation_positions(node):
                spans = dead.get(line, ())
                if not of_types and not any(b <= (line, column) < e for b, e in spans):
                    yield Occurrence(name, index, line, column)
                index += 1


def mutated(source: str, operator: str, index: int) -> str:
    """Do what an operator does at its ``index``-th place.

    Raises:
        LookupError: There is no such place.
    """
    from cosmic_ray.ast import Visitor

    applied = operators()[operator]

    class Once(Visitor):  # type: ignore[misc]  # cosmic-ray has no types
        left = index

        def visit(self, node: Any) -> Any:
            for place, _ in enumerate(applied.mutation_positions(node)):
                if self.left == 0:
                    node = applied.mutate(node, place)
                self.left -= 1
            return node

    visitor = Once()
    tree = visitor.walk(_parsed(source))
    if visitor.left >= 0:
        raise LookupError(f"{operator} has no place {index}")
    text: str = tree.get_code()
    return text


def _parsed(source: str) -> Any:
    from cosmic_ray.ast import get_ast

    return get_ast(source)


def _candidates(tree: Any) -> Iterator[Any]:
    """Give the nodes that some operator may change, in the order of the text."""
    from cosmic_ray.operators.binary_operator_replacement import BinaryOperators

    signs = {operator.value for operator in BinaryOperators}
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if node.type in _KINDS or (node.type == "operator" and node.value in signs):
            yield node
        waiting.extend(reversed(getattr(node, "children", ())))


def _is_of_types(node: Any) -> bool:
    """Whether a node is a ``|`` in the type of an annotated name, which may be deep in it."""
    if node.type != "operator" or node.value != "|":
        return False
    below = node
    while (parent := below.parent) is not None:
        if parent.type == "annassign":
            return bool(below is parent.children[1])
        if parent.type.endswith("_stmt") and parent.type != "expr_stmt":
            return False
        below = parent
    return False


_Span = tuple[tuple[int, int], tuple[int, int]]


def _dead(source: str) -> dict[int, list[_Span]]:
    """Find, by line, the annotations of functions and of their locals."""
    lines = source.split("\n")
    found: dict[int, list[_Span]] = {}
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for annotation in _annotations(node):
            span = _span(annotation, lines)
            for line in range(span[0][0], span[1][0] + 1):
                found.setdefault(line, []).append(span)
    return found


def _annotations(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.expr]:
    given = function.args
    every: Iterable[ast.arg | None] = (
        *given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg
    )  # fmt: skip
    yield from (arg.annotation for arg in every if arg is not None and arg.annotation)
    if function.returns is not None:
        yield function.returns
    waiting: list[ast.AST] = [*function.body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.AnnAssign):
            yield node.annotation
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            waiting.extend(ast.iter_child_nodes(node))


def _span(node: ast.expr, lines: list[str]) -> _Span:
    """Give begin and end with columns in characters, as parso counts."""
    assert node.end_lineno is not None
    assert node.end_col_offset is not None

    def column(line: int, offset: int) -> int:
        return len(lines[line - 1].encode()[:offset].decode())

    return (
        (node.lineno, column(node.lineno, node.col_offset)),
        (node.end_lineno, column(node.end_lineno, node.end_col_offset)),
    )
