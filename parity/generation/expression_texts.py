"""What a text of the expression language holds, and what is simpler than it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Final

__all__ = ["KINDS", "kinds_of", "simpler_texts"]

_NODES: Final[Mapping[type[ast.AST], str]] = {
    ast.Or: "or",
    ast.And: "and",
    ast.Not: "not",
    ast.Lt: "less",
    ast.LtE: "less_or_equal",
    ast.Gt: "greater",
    ast.GtE: "greater_or_equal",
    ast.Eq: "equal",
    ast.NotEq: "unequal",
    ast.In: "in",
    ast.NotIn: "not_in",
    ast.Add: "plus",
    ast.Sub: "minus",
    ast.Mult: "times",
    ast.Div: "divided",
    ast.FloorDiv: "floor_divided",
    ast.Mod: "modulo",
    ast.USub: "negative",
    ast.List: "list",
    ast.Attribute: "key",
    ast.Subscript: "bracket",
}
_LITERALS: Final[Mapping[type, str]] = {int: "whole", float: "float", str: "text"}
_ROOTS: Final = ("config", "results", "outputs", "iteration")

KINDS: Final = (*_NODES.values(), "chain", "long_chain", *_LITERALS.values(), "word", *_ROOTS)
"""Kinds of nodes that an expression can have."""


def kinds_of(text: str) -> set[str]:
    """Give the kinds of nodes that an expression has; none for what is no expression."""
    try:
        tree = ast.parse(" ".join(text.split()), mode="eval")
    except (SyntaxError, ValueError):
        return set()
    found: set[str] = set()
    for node in ast.walk(tree):
        if type(node) in _NODES:
            found.add(_NODES[type(node)])
        elif isinstance(node, ast.Compare) and len(node.ops) > 1:
            found.add("long_chain" if len(node.ops) > 2 else "chain")
        elif isinstance(node, ast.Constant):
            found.add(_LITERALS.get(type(node.value), "word"))
        elif isinstance(node, ast.Name):
            found.add(node.id if node.id in _ROOTS else "word")
    return found


def simpler_texts(text: str) -> Iterator[str]:
    """Suggest shorter expressions: each part of one, and it with a link or an operand less."""
    try:
        tree = ast.parse(" ".join(text.split()), mode="eval").body
    except (SyntaxError, ValueError):
        return
    whole = ast.unparse(tree)
    for simpler in _simpler(tree):
        shorter = ast.unparse(simpler)
        if len(shorter) < len(whole):
            yield shorter


def _simpler(node: ast.expr) -> Iterator[ast.expr]:
    match node:
        case ast.BoolOp(op=op, values=values):
            yield from values
            for index, value in enumerate(values):
                for simpler in _simpler(value):
                    yield ast.BoolOp(op, [*values[:index], simpler, *values[index + 1 :]])
        case ast.Compare(left=left, ops=ops, comparators=others):
            parts = [left, *others]
            yield from (part for part in parts if isinstance(part, ast.Compare | ast.BoolOp))
            for index in range(len(ops) if len(ops) > 1 else 0):
                rest = [*parts[: index + 1], *parts[index + 2 :]]
                yield ast.Compare(rest[0], [*ops[:index], *ops[index + 1 :]], rest[1:])
            for index, part in enumerate(parts):
                for simpler in _simpler(part):
                    changed = [*parts[:index], simpler, *parts[index + 1 :]]
                    yield ast.Compare(changed[0], ops, changed[1:])
        case ast.UnaryOp(op=op, operand=operand):
            yield operand
            yield from (ast.UnaryOp(op, simpler) for simpler in _simpler(operand))
        case ast.BinOp(left=left, op=op, right=right):
            yield left
            yield right
            yield from (ast.BinOp(simpler, op, right) for simpler in _simpler(left))
            yield from (ast.BinOp(left, op, simpler) for simpler in _simpler(right))
