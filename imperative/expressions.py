"""The safe expression language of conditions: a whitelist over Python's grammar, compiled once.

1. `_tokens` reads the text and refuses every sign the language does not have;
2. Python's own parser gives a tree of what is left;
3. `_Compiler` turns each node of the whitelist into a closure, and notes every path of fixed keys
   (``results.sweep.metrics``), so that names can be checked before anything runs;
4. `CompiledExpression.evaluate` runs the closures over plain data.

Nothing of the text is ever executed as Python: there are no calls, and ``a.b`` is a key.
"""

from __future__ import annotations

import ast
import itertools
import keyword
import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Final, TypeAlias

from containers.errors import ConditionError
from containers.nearest import did_you_mean
from imperative.values import equal, fields_of, is_list, is_number, kind_of, step_into

__all__ = ["NAMES", "CompiledExpression", "ExpressionSyntaxError", "compile_expression"]

NAMES: Final = ("results", "config", "outputs", "iteration")
"""What an expression can name."""

_LONGEST: Final = 1_000
_DEEPEST: Final = 50
_LARGEST: Final = 2**63

_Names: TypeAlias = Mapping[str, Any]
_Evaluate: TypeAlias = Callable[[_Names], Any]
_Path: TypeAlias = tuple[str | int, ...]

_TOKEN: Final = re.compile(
    r"""\s*(?:
        (?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)(?![A-Za-z0-9_.])
      | (?P<text>'[^'\\\n]*'|"[^"\\\n]*")
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<sign>==|!=|<=|>=|//|[-+*/%<>()\[\].,])
    )""",
    re.VERBOSE | re.ASCII,
)
_WORDS: Final[Mapping[str, Any]] = {
    "true": True, "True": True, "false": False, "False": False, "null": None, "None": None,
}  # fmt: skip


class ExpressionSyntaxError(ValueError):
    """The text is no expression; the message says what was found."""


class CompiledExpression:
    """An expression, ready to be evaluated any number of times.

    Attributes:
        text: As written.
        paths: Every path of fixed keys and indexes it reads, its name first, each once.
    """

    def __init__(self, text: str, evaluate: _Evaluate, paths: tuple[_Path, ...]) -> None:
        self.text: Final = text
        self.paths: Final = paths
        self._evaluate = evaluate

    def evaluate(self, names: _Names) -> Any:
        """Give the value.

        Args:
            names: A value for each of `NAMES`: plain data, or frozen results.

        Raises:
            ConditionError: A key is not there, or an operation cannot take its values.
        """
        return self._evaluate(names)

    def decide(self, names: _Names) -> bool:
        """Give the value, which must be true or false.

        Raises:
            ConditionError: It is neither, or it has no value.
        """
        value = self._evaluate(names)
        if isinstance(value, bool):
            return value
        raise ConditionError(
            f"the expression '{self.text}' gave {kind_of(value)}, expected true or false"
        )


@lru_cache(maxsize=1_024)
def compile_expression(text: str) -> CompiledExpression:
    """Compile ``text``.

    Raises:
        ExpressionSyntaxError: It is too long or too deep, or holds what the language has not.

    >>> names = {"results": {"sweep": {"metrics": {"num_trades": 3}}}}
    >>> compile_expression("1 <= results.sweep.metrics['num_trades'] < 5").decide(names)
    True
    """
    if not isinstance(text, str):
        raise ExpressionSyntaxError(f"found {kind_of(text)}, expected an expression as text")
    if len(text) > _LONGEST:
        raise ExpressionSyntaxError(
            f"the expression has {len(text)} characters, expected at most {_LONGEST}"
        )
    tokens, depths = _tokens(text)
    try:
        tree = ast.parse(" ".join(tokens), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        why = error.msg if isinstance(error, SyntaxError) else "it is nested too deep"
        raise ExpressionSyntaxError(f"'{text}' is no expression: {why}") from None
    compiler = _Compiler(text, depths)
    evaluate = compiler.compile(tree.body, 0)
    return CompiledExpression(text, evaluate, tuple(dict.fromkeys(compiler.paths)))


def _tokens(text: str) -> tuple[list[str], dict[int, int]]:
    """Give the signs and words of ``text``; whatever else it holds is refused.

    Also gives, for the place of each where they are joined by blanks, how many brackets are open
    behind it.
    """
    place, column, depth, before = 0, 0, 0, None
    tokens: list[str] = []
    depths: dict[int, int] = {}
    end = len(text.rstrip())
    if not end:
        raise ExpressionSyntaxError("found an empty expression, expected a comparison")
    while place < end:
        match = _TOKEN.match(text, place)
        if match is None:
            found = text[place:].lstrip()[:12]
            raise ExpressionSyntaxError(
                f"'{text}' holds {found!r} at character {place + 1}, which expressions have not; "
                "they have names, numbers, text in quotes without backslashes, lists, "
                "comparisons, and, or, not, in, + - * / // %"
            )
        kind, token = str(match.lastgroup), match[str(match.lastgroup)]
        if kind == before == "text":
            raise ExpressionSyntaxError(f"'{text}' has two texts side by side")
        if kind == "name" and keyword.iskeyword(token) and tokens and tokens[-1] == ".":
            raise ExpressionSyntaxError(
                f"'{text}' has the reserved word '{token}' behind a dot; write ['{token}']"
            )
        depth += (token in "([") - (token in ")]") if kind == "sign" else 0
        if depth > _DEEPEST:  # before Python's parser sees them
            raise _too_deep()
        tokens.append(token)
        depths[column] = depth
        place, column, before = match.end(), column + len(token) + 1, kind
    return tokens, depths


def _too_deep() -> ExpressionSyntaxError:
    return ExpressionSyntaxError(
        f"more than {_DEEPEST} brackets, 'not' and '-' stand inside one another"
    )


class _Compiler:
    """Turns a tree into closures; ``paths`` fills with what is read.

    Chains of one operator are walked and not descended, however long they are.
    """

    def __init__(self, text: str, depths: Mapping[int, int]) -> None:
        self.text = text
        self.paths: list[_Path] = []
        self._depths = depths

    def compile(self, node: ast.expr, signs: int) -> _Evaluate:
        """Give the closure of ``node``, around which there are ``signs`` of 'not' and '-'."""
        if signs + self._depths.get(node.col_offset, 0) > _DEEPEST:
            raise _too_deep()
        match node:
            case ast.Constant(value=value):
                return self._constant(value)
            case ast.Name(id=name) if name in _WORDS:
                return self._constant(_WORDS[name])
            case ast.Name() | ast.Attribute() | ast.Subscript():
                return self._path(node, signs)
            case ast.List(elts=items):
                parts = [self.compile(item, signs) for item in items]
                return lambda names: [part(names) for part in parts]
            case ast.BoolOp(op=op, values=values):
                return self._chain(isinstance(op, ast.And), values, signs)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                inner = self.compile(operand, signs + 1)
                return lambda names: not self._boolean(inner(names), "not")
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                inner = self.compile(operand, signs + 1)
                return lambda names: self._negated(inner(names))
            case ast.BinOp(op=op) if type(op) in _ARITHMETIC:
                return self._arithmetic(node, signs)
            case ast.Compare(left=left, ops=ops, comparators=others):
                return self._comparison(left, ops, others, signs)
        raise ExpressionSyntaxError(
            f"'{self.text}' holds {_NOUNS.get(type(node), type(node).__name__)}, which expressions "
            "have not"
        )

    def _constant(self, value: Any) -> _Evaluate:
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _LARGEST:
            raise ExpressionSyntaxError(f"the number {value} is beyond 2**63")
        if isinstance(value, float) and not math.isfinite(value):
            raise ExpressionSyntaxError(f"'{self.text}' holds a number that is too large")
        return lambda names: value

    def _path(self, node: ast.expr, signs: int) -> _Evaluate:
        """Compile a name, or a list, with its keys and indexes; fixed ones are noted."""
        keys: list[str | int | ast.expr] = []
        while isinstance(node, ast.Attribute | ast.Subscript):
            keys.append(node.attr if isinstance(node, ast.Attribute) else _fixed(node.slice))
            node = node.value
        keys.reverse()
        for key in keys:
            if isinstance(key, int):
                self._constant(key)
        steps: list[_Evaluate] = [
            self.compile(key, signs) if isinstance(key, ast.expr) else self._constant(key)
            for key in keys
        ]
        if not isinstance(node, ast.Name):
            return self._followed(self.compile(node, signs), steps)
        name = node.id
        if name not in NAMES:
            raise ExpressionSyntaxError(
                f"'{self.text}' names '{name}', which does not exist; {did_you_mean(name, NAMES)}"
            )
        known = itertools.takewhile(lambda key: not isinstance(key, ast.expr), keys)
        path = (name, *(key for key in known if isinstance(key, str | int)))
        self.paths.append(path)
        if len(path) <= len(keys):
            return self._followed(lambda names: names[name], steps)
        return lambda names: self._follow(names[name], path[1:])

    def _followed(self, start: _Evaluate, steps: list[_Evaluate]) -> _Evaluate:
        return lambda names: self._follow(start(names), (step(names) for step in steps))

    def _follow(self, value: Any, keys: Iterable[Any]) -> Any:
        try:
            for key in keys:
                value = step_into(value, key)
        except LookupError as error:
            raise ConditionError(f"the expression '{self.text}': {error.args[0]}") from None
        return value

    def _chain(self, every: bool, values: list[ast.expr], signs: int) -> _Evaluate:
        parts = [self.compile(value, signs) for value in values]
        word = "and" if every else "or"

        def evaluate(names: _Names) -> bool:
            for part in parts:
                if self._boolean(part(names), word) is not every:
                    return not every
            return every

        return evaluate

    def _arithmetic(self, node: ast.expr, signs: int) -> _Evaluate:
        rest: list[tuple[str, Callable[[Any, Any], Any], _Evaluate]] = []
        while isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
            rest.append((*_ARITHMETIC[type(node.op)], self.compile(node.right, signs)))
            node = node.left
        rest.reverse()
        first = self.compile(node, signs)

        def evaluate(names: _Names) -> int | float:
            x: int | float = first(names)
            for sign, compute, following in rest:
                y = following(names)
                if not is_number(x) or not is_number(y):
                    raise self._refused(f"{kind_of(x)} {sign} {kind_of(y)}", "numbers")
                try:
                    x = self._bounded(compute(x, y))
                except ZeroDivisionError:
                    raise ConditionError(f"the expression '{self.text}' divides by zero") from None
                except OverflowError:
                    raise self._too_large() from None
            return x

        return evaluate

    def _comparison(
        self, left: ast.expr, ops: list[ast.cmpop], others: list[ast.expr], signs: int
    ) -> _Evaluate:
        if not all(type(op) in _COMPARISONS for op in ops):
            raise ExpressionSyntaxError(
                f"'{self.text}' holds 'is', which expressions have not; write =="
            )
        first = self.compile(left, signs)
        rest = [
            (*_COMPARISONS[type(op)], self.compile(other, signs))
            for op, other in zip(ops, others, strict=True)
        ]

        def evaluate(names: _Names) -> bool:
            x = first(names)
            for sign, compare, following in rest:
                y = following(names)
                if sign in ("<", "<=", ">", ">="):
                    if not is_number(x) or not is_number(y):
                        raise self._refused(f"{kind_of(x)} {sign} {kind_of(y)}", "numbers")
                elif sign.endswith("in") and not _can_hold(y, x):
                    wanted = "a list, a mapping, or text in text"
                    raise self._refused(f"{kind_of(x)} {sign} {kind_of(y)}", wanted)
                if not compare(x, y):
                    return False
                x = y
            return True

        return evaluate

    def _boolean(self, value: Any, word: str) -> bool:
        if isinstance(value, bool):
            return value
        raise self._refused(f"{word} of {kind_of(value)}", "true or false")

    def _negated(self, value: Any) -> int | float:
        if not is_number(value):
            raise self._refused(f"- of {kind_of(value)}", "a number")
        return self._bounded(-value)

    def _bounded(self, value: int | float) -> int | float:
        if isinstance(value, int) and abs(value) > _LARGEST:
            raise self._too_large()
        if isinstance(value, float) and not math.isfinite(value):
            raise self._too_large()
        return value

    def _too_large(self) -> ConditionError:
        return ConditionError(f"the expression '{self.text}' gives a number that is too large")

    def _refused(self, what: str, expected: str) -> ConditionError:
        return ConditionError(f"the expression '{self.text}' has {what}, expected {expected}")


def _fixed(node: ast.expr) -> str | int | ast.expr:
    """Give the key or index that ``node`` writes down; else the node."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str | int):
        return node if isinstance(node.value, bool) else node.value
    return node


def _can_hold(whole: Any, part: Any) -> bool:
    return (
        fields_of(whole) is not None
        or is_list(whole)
        or (isinstance(whole, str) and isinstance(part, str))
    )


def _holds(part: Any, whole: Any) -> bool:
    if isinstance(whole, str):
        return part in whole
    known = fields_of(whole)
    return any(equal(part, item) for item in (whole if known is None else known))


_ARITHMETIC: Final[Mapping[type[ast.operator], tuple[str, Callable[[Any, Any], Any]]]] = {
    ast.Add: ("+", operator.add),
    ast.Sub: ("-", operator.sub),
    ast.Mult: ("*", operator.mul),
    ast.Div: ("/", operator.truediv),
    ast.FloorDiv: ("//", operator.floordiv),
    ast.Mod: ("%", operator.mod),
}
_COMPARISONS: Final[Mapping[type[ast.cmpop], tuple[str, Callable[[Any, Any], bool]]]] = {
    ast.Lt: ("<", operator.lt),
    ast.LtE: ("<=", operator.le),
    ast.Gt: (">", operator.gt),
    ast.GtE: (">=", operator.ge),
    ast.Eq: ("==", equal),
    ast.NotEq: ("!=", lambda x, y: not equal(x, y)),
    ast.In: ("in", _holds),
    ast.NotIn: ("not in", lambda x, y: not _holds(x, y)),
}
_NOUNS: Final[Mapping[type[ast.expr], str]] = {
    ast.Call: "a call",
    ast.IfExp: "'if'",
    ast.Tuple: "a tuple (write a list in [])",
    ast.UnaryOp: "a sign other than '-' and 'not'",
    ast.BinOp: "an unknown operator",
    ast.Lambda: "a function",
    ast.Slice: "a slice",
}
