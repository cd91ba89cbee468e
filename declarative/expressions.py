"""A small language for conditions and figures of patterns; never Python's own `eval`.

    results.check.metrics.sharpe_ratio < 1.0 and iteration < 3
    config.walk_forward.train_bars * 2
    'momentum' in config.names

1. `compile_expression` cuts the text into tokens and parses it by precedence, once; every node
   becomes a closure. Only structure, names and literals are judged here.
2. `Expression.evaluate` runs the closures over a scope, a mapping of names to plain data.
3. `Expression.lookups` are the chains of keys that it looks up, so that names can be checked
   before there are values.

``a.b`` and ``a['b']`` look up a key of a mapping or a field of a result, never an attribute. There
are no calls, but for the functions that whoever compiles it allows (sequence patterns: `share`).
"""

from __future__ import annotations

import keyword
import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final, NoReturn, TypeAlias, TypeVar

from containers.nearest import did_you_mean
from declarative.views import is_list, keys_of, look_up, same

__all__ = ["Expression", "ExpressionError", "ExpressionSyntaxError", "compile_expression"]

MAX_LENGTH: Final = 1_000
MAX_DEPTH: Final = 50
_LIMIT: Final = 2**63

T = TypeVar("T")
Scope: TypeAlias = Mapping[str, Any]
Run: TypeAlias = Callable[[Scope], Any]
Function: TypeAlias = Callable[..., Any]
Lookup: TypeAlias = tuple[str | int, ...]


class ExpressionSyntaxError(Exception):
    """The text is no expression; the message says why."""


class ExpressionError(Exception):
    """An expression cannot be worked out with these values; the message says why."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression.

    Attributes:
        text: As it was written.
        lookups: The chains of keys looked up, as far as they are written out, in order.
    """

    text: str
    lookups: tuple[Lookup, ...]
    _run: Run

    def evaluate(self, scope: Scope) -> Any:
        """Give the value in ``scope``.

        Raises:
            ExpressionError: The values do not allow it.
        """
        return self._run(scope)


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of an expression: how to run it, and which keys it looks up."""

    run: Run
    key: str | int | None = None
    """The value of a literal that can be a key."""
    lookup: Lookup | None = None


@lru_cache(maxsize=4096)
def compile_expression(text: str, functions: tuple[tuple[str, Function], ...] = ()) -> Expression:
    """Compile a text.

    Args:
        text: The expression.
        functions: What may be called, by name; none for a user's conditions.

    Raises:
        ExpressionSyntaxError: It is not of the language.

    >>> compile_expression("a.b[1] * 2 > 5 or not true").evaluate({"a": {"b": [1, 3]}})
    True
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionSyntaxError(f"found {len(text)} characters, expected at most {MAX_LENGTH}")
    parser = _Parser(text, dict(functions))
    part = parser.whole()
    lookups = tuple(dict.fromkeys(parser.lookups))
    return Expression(text, lookups, part.run)


_TOKENS: Final = re.compile(
    r"""\s*(?:
        (?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![A-Za-z0-9_]))
      | (?P<text>'[^'\\\r\n]*'|"[^"\\\r\n]*")
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<sign>==|!=|<=|>=|//|[-<>+*/%()\[\],.])
      | (?P<other>\S)
    )""",
    re.VERBOSE | re.ASCII,
)
_WORDS: Final[Mapping[str, Any]] = {
    "true": True, "True": True, "false": False, "False": False, "null": None, "None": None,
}  # fmt: skip
_KEYWORDS: Final = ("and", "or", "not", "in")
_COMPARISONS: Final = ("<", "<=", ">", ">=", "==", "!=", "in", "not in")
_ORDERS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_ARITHMETIC: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul,
    "/": operator.truediv, "//": operator.floordiv, "%": operator.mod,
}  # fmt: skip


class _Parser:
    """Precedence, lowest first: or, and, not, comparisons, + -, * / // %, unary -, lookups."""

    def __init__(self, text: str, functions: Mapping[str, Function]) -> None:
        self.text = text
        self.functions = functions
        self.lookups: list[Lookup] = []
        self._tokens = self._cut(text)
        self._place = 0
        self._open = 0

    @staticmethod
    def _cut(text: str) -> list[tuple[str, str]]:
        tokens: list[tuple[str, str]] = []
        place, end = 0, len(text.rstrip())
        while place < end:
            match = _TOKENS.match(text, place)
            assert match is not None  # anything but blanks is at least `other`
            kind = str(match.lastgroup)
            if kind == "other":
                raise ExpressionSyntaxError(f"found {match[kind]!r}, which is not of the language")
            tokens.append((kind, match[kind]))
            place = match.end()
        return tokens

    def whole(self) -> _Part:
        part = self._or()
        if self._place < len(self._tokens):
            self._unexpected("the end")
        return part

    # -- tokens

    def _next(self) -> str:
        """Give the next sign or word; empty at the end and before numbers and quoted text."""
        if self._place < len(self._tokens):
            kind, text = self._tokens[self._place]
            return text if kind in ("sign", "name") else ""
        return ""

    def _take(self, *signs: str) -> str | None:
        if self._next() in signs and self._next():
            self._place += 1
            return self._tokens[self._place - 1][1]
        return None

    def _need(self, sign: str) -> None:
        if self._take(sign) is None:
            self._unexpected(f"'{sign}'")

    def _unexpected(self, expected: str) -> NoReturn:
        what = "the end"
        if self._place < len(self._tokens):
            what = f"'{self._tokens[self._place][1]}'"
        raise ExpressionSyntaxError(f"found {what}, expected {expected}")

    def _deeper(self, parse: Callable[[], T]) -> T:
        """Parse what stands in brackets or behind a sign, of which a few may be open at once."""
        self._open += 1
        if self._open > MAX_DEPTH:
            raise ExpressionSyntaxError(f"it is nested deeper than {MAX_DEPTH} levels")
        parsed = parse()
        self._open -= 1
        return parsed

    # -- precedence

    def _or(self) -> _Part:
        return self._logic("or", self._and, stops=True)

    def _and(self) -> _Part:
        return self._logic("and", self._not, stops=False)

    def _logic(self, word: str, inner: Callable[[], _Part], *, stops: bool) -> _Part:
        first = inner()
        if self._next() != word:
            return first
        parts = [first]
        while self._take(word):
            parts.append(inner())
        runs = [part.run for part in parts]

        def run(scope: Scope) -> bool:
            for each in runs:
                if _boolean(each(scope), word) is stops:
                    return stops
            return not stops

        return _Part(run)

    def _not(self) -> _Part:
        if self._take("not"):
            inner = self._deeper(self._not)
            run = inner.run
            return _Part(lambda scope: not _boolean(run(scope), "not"))
        return self._comparison()

    def _comparison(self) -> _Part:
        parts, signs = [self._sum()], []
        while True:
            sign = self._take("<", "<=", ">", ">=", "==", "!=", "in")
            if sign is None and self._next() == "not":
                self._place += 1
                self._need("in")
                sign = "not in"
            if sign is None:
                break
            signs.append(sign)
            parts.append(self._sum())
        if not signs:
            return parts[0]
        first, links = parts[0].run, list(zip(signs, (p.run for p in parts[1:]), strict=True))

        def run(scope: Scope) -> bool:
            left = first(scope)
            for sign, right_run in links:
                right = right_run(scope)
                if not _compared(sign, left, right):
                    return False
                left = right
            return True

        return _Part(run)

    def _sum(self) -> _Part:
        return self._arithmetic(("+", "-"), self._product)

    def _product(self) -> _Part:
        return self._arithmetic(("*", "/", "//", "%"), self._signed)

    def _arithmetic(self, signs: tuple[str, ...], inner: Callable[[], _Part]) -> _Part:
        left = inner()
        while sign := self._take(*signs):
            right = inner()
            left = _calculation(sign, left, right)
        return left

    def _signed(self) -> _Part:
        if self._take("-"):
            inner = self._deeper(self._signed)
            run = inner.run
            return _Part(lambda scope: _negated(run(scope)))
        return self._looked_up()

    def _looked_up(self) -> _Part:
        part = self._value()
        chain: Lookup | None = part.lookup
        while sign := self._take(".", "["):
            if sign == ".":
                kind, name = self._peek()
                if kind != "name" or keyword.iskeyword(name):
                    self._unexpected("a name after '.', and reserved words in brackets")
                self._place += 1
                key = _literal(name)
            else:
                key = self._deeper(self._or)
                self._need("]")
            if chain is not None and key.key is not None:
                chain = (*chain, key.key)
            elif chain is not None:
                self.lookups.append(chain)
                chain = None
            part = _lookup(part, key)
        if chain is not None:
            self.lookups.append(chain)
        return replace(part, lookup=chain)

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._place] if self._place < len(self._tokens) else ("", "")

    def _value(self) -> _Part:
        kind, text = self._peek()
        if kind == "number":
            self._place += 1
            return _literal(_number(text))
        if kind == "text":
            self._place += 1
            return _literal(text[1:-1])
        if kind == "name" and text not in _KEYWORDS:
            self._place += 1
            if text in _WORDS:
                return _literal(_WORDS[text])
            if self._next() == "(":
                return self._call(text)
            return _Part(lambda scope: _named(scope, text), lookup=(text,))
        if self._take("("):
            part = self._deeper(self._or)
            self._need(")")
            if part.lookup is not None:
                self.lookups.pop()  # it may go on behind the bracket
            return part
        if self._take("["):
            items = self._deeper(lambda: self._listed("]"))
            runs = [item.run for item in items]
            return _Part(lambda scope: [run(scope) for run in runs])
        return self._unexpected("a value")

    def _call(self, name: str) -> _Part:
        if name not in self.functions:
            known = ", ".join(self.functions)
            hint = f"; known: {known}" if known else "; there are no functions"
            raise ExpressionSyntaxError(f"'{name}(…)' is a call, which is not possible{hint}")
        self._place += 1
        items = self._deeper(lambda: self._listed(")"))
        function, runs = self.functions[name], [item.run for item in items]

        def run(scope: Scope) -> Any:
            values = [each(scope) for each in runs]
            try:
                return function(*values)
            except (TypeError, ValueError, ArithmeticError) as error:
                shown = ", ".join(map(_described, values))
                raise ExpressionError(f"{name}({shown}) has no value") from error

        return _Part(run)

    def _listed(self, end: str) -> list[_Part]:
        items: list[_Part] = []
        while self._next() != end:
            items.append(self._or())
            if self._take(",") is None:
                break
        self._need(end)
        return items


def _literal(value: Any) -> _Part:
    is_key = isinstance(value, str | int) and not isinstance(value, bool)
    return _Part(lambda _: value, key=value if is_key else None)


def _calculation(sign: str, left: _Part, right: _Part) -> _Part:
    a, b = left.run, right.run
    return _Part(lambda scope: _calculated(sign, a(scope), b(scope)))


def _calculated(sign: str, x: Any, y: Any) -> int | float:
    for value in (x, y):
        if not _is_number(value):
            raise ExpressionError(f"found {_described(value)} beside '{sign}', expected a number")
    try:
        result: int | float = _ARITHMETIC[sign](x, y)
    except ZeroDivisionError:
        raise ExpressionError(f"{x!r} {sign} {y!r} divides by zero") from None
    except OverflowError:
        raise ExpressionError(f"{x!r} {sign} {y!r} is too large") from None
    return _within(result, f"{x!r} {sign} {y!r}")


def _negated(x: Any) -> int | float:
    if not _is_number(x):
        raise ExpressionError(f"found {_described(x)} behind '-', expected a number")
    return _within(-x, f"-{x!r}")  # not 0 - x, which loses the sign of a zero


def _lookup(part: _Part, key: _Part) -> _Part:
    a, b = part.run, key.run

    def run(scope: Scope) -> Any:
        value, step = a(scope), b(scope)
        if not isinstance(step, str | int) or isinstance(step, bool):
            raise ExpressionError(
                f"found {_described(step)} in brackets, expected a key or an index"
            )
        try:
            return look_up(value, step)
        except LookupError:
            known = keys_of(value)
            message = f"{_described(value)} has no {step!r}"
            if known and isinstance(step, str):
                message += f" ({did_you_mean(step, known)})"
            raise ExpressionError(message) from None

    return _Part(run)


def _named(scope: Scope, name: str) -> Any:
    try:
        return scope[name]
    except KeyError:
        message = f"there is no '{name}' ({did_you_mean(name, scope)})"
        raise ExpressionError(message) from None


def _number(text: str) -> int | float:
    if text.isdigit() and text.startswith("0") and text.strip("0"):
        raise ExpressionSyntaxError(f"found '{text}', expected a number without zeros in front")
    value = int(text) if text.isdigit() else float(text)
    try:
        return _within(value, text)
    except ExpressionError as error:
        raise ExpressionSyntaxError(str(error)) from None


def _within(value: int | float, what: str) -> int | float:
    if isinstance(value, int):
        if not -_LIMIT <= value <= _LIMIT:
            raise ExpressionError(f"{what} is beyond the whole numbers of 64 bits")
    elif not math.isfinite(value):
        raise ExpressionError(f"{what} is no finite number")
    return value


def _compared(sign: str, left: Any, right: Any) -> bool:
    if sign == "==":
        return same(left, right)
    if sign == "!=":
        return not same(left, right)
    if sign in _ORDERS:
        for value in (left, right):
            if not _is_number(value):
                message = f"found {_described(value)} beside '{sign}', expected a number"
                raise ExpressionError(message)
        return _ORDERS[sign](left, right)
    return _inside(left, right) is (sign == "in")


def _inside(item: Any, of: Any) -> bool:
    if isinstance(of, str):
        if isinstance(item, str):
            return item in of
        raise ExpressionError(f"found {_described(item)} beside 'in' a text, expected text")
    known = of if is_list(of) else keys_of(of)
    if known is None:
        raise ExpressionError(
            f"found {_described(of)} after 'in', expected a list, a mapping or text"
        )
    return any(same(item, each) for each in known)


def _boolean(value: Any, word: str) -> bool:
    if isinstance(value, bool):
        return value
    raise ExpressionError(f"found {_described(value)} beside '{word}', expected true or false")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _described(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return repr(value)
    if is_list(value):
        return "a list"
    return "a mapping" if keys_of(value) is not None else f"a {type(value).__name__}"
