"""Texts of the expression language, over all of its grammar, aimed so that every part decides.

An expression is made from a size and a seed, which are cheap to draw and shrink well. Each part
knows what it comes to where that is known, so that constants stand near what they are compared
with and both answers occur. Several comparisons are held against one another with ``==`` and
``!=``: the value of such a text changes with that of any of its parts, so one wrong part shows.
What cannot be worked out (``1 // 0``) stands where evaluation must stop before it.
"""

from __future__ import annotations

import math
import operator
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

__all__ = ["LONGEST", "Name", "condition", "number"]

LONGEST: Final = 1_000
"""The most characters of an expression."""

_DEEPEST: Final = 50
_SAFE: Final = 2**62


class Name(NamedTuple):
    """Something that an expression can read.

    Attributes:
        text: How it is written.
        kind: ``number``, ``text``, ``bool``, ``null``, ``list``, ``mapping``; ``maybe``: a number
            or null.
        hint: What it is, or probably is; constants are chosen near it. Null: nobody knows.
        guard: What must be true for it to be there; empty: nothing.
    """

    text: str
    kind: str
    hint: Any = None
    guard: str = ""


class _Part(NamedTuple):
    """A piece of text, how tightly it binds, and about what it comes to (null: unknown)."""

    text: str
    level: int
    value: Any = None

    def at(self, level: int) -> str:
        """Give the text where something of this level is needed."""
        return self.text if self.level >= level else f"({self.text})"


_OR, _AND, _NOT, _COMPARED, _SUM, _PRODUCT, _SIGN, _ATOM = range(8)

_COMPUTED: Final[Mapping[str, tuple[int, Callable[[Any, Any], Any]]]] = {
    "+": (_SUM, operator.add),
    "-": (_SUM, operator.sub),
    "*": (_PRODUCT, operator.mul),
    "/": (_PRODUCT, operator.truediv),
    "//": (_PRODUCT, operator.floordiv),
    "%": (_PRODUCT, operator.mod),
}
_ORDERED: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_COMPARED_BY: Final = {**_ORDERED, "==": operator.eq, "!=": operator.ne}
_UNDEFINED: Final = (
    "1 / 0 > 0",
    "7 // 0 == 1",
    "7 % (1 - 1) == 0",
    "null < 1",
    "'a' < 'b'",
    "true + 1 == 2",
    "-'a' == 1",
    "not 1",
    "[1, 2][2] == 1",
    "[1][-1] == 1",
    "1 in 'a1'",
    "1 in 5",
    "9223372036854775807 + 2 > 0",
    "1e308 * 10 > 1",
    "config.symbols[iteration + 9].symbol == 'S0'",
    "config['port' + 'folio'] == 1",
    "1 and true",
    "iteration.x == 1",
)
"""What is found wrong only when it is worked out."""


def condition(size: int, seed: int, names: Sequence[Name]) -> str:
    """Make an expression that is true or false.

    Args:
        size: About how many comparisons it has.
        seed: Chooses it.
        names: What it can read.
    """
    rng = random.Random(seed)
    for most in range(size, 0, -1):
        made = _Maker(rng, names).condition(most)
        if len(made.text) <= LONGEST and made.text.count("(") < _DEEPEST // 2:
            return _stretched(rng, made.text)
    return "iteration >= 0"


def number(size: int, seed: int, names: Sequence[Name]) -> str:
    """Make an expression that is a number; the arguments are those of `condition`."""
    rng = random.Random(seed)
    text = _Maker(rng, names).number(min(size, 4)).text
    return text if len(text) < LONGEST // 2 else "iteration"


def _stretched(rng: random.Random, text: str) -> str:
    """Now and then reach the limits: as long, or as deep, as an expression may be."""
    chance = rng.random()
    if chance < 0.03:
        return text + " " * (LONGEST - len(text) - 1) + "\n" if len(text) < LONGEST else text
    if chance < 0.06:
        # Nothing inside is deeper than half of what may be.
        return "(" * (_DEEPEST // 2) + text + ")" * (_DEEPEST // 2)
    return text


class _Maker:
    """Makes the parts of one expression."""

    def __init__(self, rng: random.Random, names: Sequence[Name]) -> None:
        self._rng = rng
        self._names = names

    # -- true or false

    def condition(self, size: int) -> _Part:
        """Combine so many comparisons, so that each decides."""
        if size <= 1:
            return self._decided()
        left = self.condition(size // 2)
        right = self.condition(size - size // 2)
        if self._rng.random() < 0.6:
            sign = self._rng.choice(("==", "!="))
            value = None
            if left.value is not None and right.value is not None:
                value = (left.value == right.value) is (sign == "==")
            return _Part(f"{left.at(_SUM)} {sign} {right.at(_SUM)}", _COMPARED, value)
        word = self._rng.choice(("and", "or"))
        level = _AND if word == "and" else _OR
        stops = word == "or"
        value = None
        if stops in (left.value, right.value):
            value = stops
        elif left.value is not None and right.value is not None:
            value = not stops
        return _Part(f"{left.at(level)} {word} {right.at(level + 1)}", level, value)

    def _decided(self) -> _Part:
        """Make one comparison, or what stands for one."""
        at = self._rng.random()
        if at < 0.10:
            return self._exact()
        if at < 0.40:
            return self._chain(self._rng.choice((1, 2, 2, 3)))
        if at < 0.52:
            return self._membership()
        if at < 0.66:
            return self._equality()
        if at < 0.76:
            inner = self.condition(self._rng.choice((1, 1, 2)))
            value = None if inner.value is None else not inner.value
            return _Part(f"not {inner.at(_NOT)}", _NOT, value)
        if at < 0.88:
            return self._stopped()
        if at < 0.93:
            names = self._of("bool")
            if names:
                return self._guarded(self._rng.choice(names))
        if at < 0.98:
            return self._maybe()
        return self._rng.choice((_Part("true", _ATOM, True), _Part("False", _ATOM, False)))

    def _chain(self, links: int) -> _Part:
        """Compare numbers, of which each is near the one before."""
        guards: list[str] = []
        left = self.number(2, guards)
        text, value = left.text if left.level >= _SUM else f"({left.text})", True
        last: Any = left.value
        known = True
        for link in range(links):
            if link and self._rng.random() < 0.2:
                sign = self._rng.choice(("==", "!="))
            else:
                sign = self._rng.choice(tuple(_ORDERED) if self._rng.random() < 0.85 else ("==",))
            right = self._near(last, guards)
            text += f" {sign} {right.at(_SUM)}"
            if last is None or right.value is None:
                known = False
            else:
                value = value and _COMPARED_BY[sign](last, right.value)
            last = right.value
        if self._rng.random() < 0.12:  # what is in a list is compared on the way
            sign = self._rng.choice(("in", "not in"))
            there = [self._near(last, guards).text for _ in range(self._rng.choice((1, 2, 3)))]
            text += f" {sign} [{', '.join(there)}]"
            known = False
        return self._behind(guards, _Part(text, _COMPARED, value if known else None))

    def _exact(self) -> _Part:
        """Compare what is worked out with exactly what it comes to, so that any error shows."""
        for _ in range(6):
            part = self.number(2)
            if part.value is not None and part.level < _ATOM:
                break
        due = self._literal(part.value) if part.value is not None else self._leaf(None)
        sign, swapped = self._rng.choice(("==", "!=", ">=", "<=")), self._rng.random() < 0.3
        left, right = (due, part) if swapped else (part, due)
        value = None if part.value is None else sign != "!="
        return _Part(f"{left.at(_SUM)} {sign} {right.at(_SUM)}", _COMPARED, value)

    def _near(self, value: Any, guards: list[str]) -> _Part:
        """Give a number that a value can be on either side of, or equal to."""
        if value is None or self._rng.random() < 0.25:
            return self.number(1, guards)
        if isinstance(value, int):
            return self._literal(value + self._rng.choice((0, 0, 1, -1, 2, -3, 0.5, -0.5)))
        if self._rng.random() < 0.3 and float(value) == int(value):
            return self._literal(int(value))
        off = self._rng.choice((0.0, 1e-3, -1e-3, 0.25, -0.25, 1.0, -1.0))
        return self._literal(value + off * max(abs(value), 0.5))

    def _membership(self) -> _Part:
        sign = self._rng.choice(("in", "not in"))
        at = self._rng.random()
        if at < 0.35:
            texts = [name for name in self._of("text") if not name.guard]
            if texts:
                name = self._rng.choice(texts)
                other = self._rng.choice(texts)
                whole = self._rng.choice(
                    (f"[{other.text}, 'x', null]", f"'{name.hint or 'x'}ab'", f"['{name.hint}']")
                )
                return _Part(f"{name.text} {sign} {whole}", _COMPARED)
        if at < 0.6:
            mappings = [name for name in self._of("mapping") if not name.guard]
            if mappings:
                name = self._rng.choice(mappings)
                keys = list(name.hint or ())
                key = self._rng.choice([*keys, "none"])
                return _Part(
                    f"'{key}' {sign} {name.text}", _COMPARED, (key in keys) == (sign == "in")
                )
        if at < 0.75:
            lists = [name for name in self._of("list") if not name.guard]
            if lists:
                name = self._rng.choice(lists)
                items = [i for i in name.hint or () if isinstance(i, str | int | float)]
                item = self._written(self._rng.choice([*items, "none", 7]))
                return _Part(f"{item} {sign} {name.text}", _COMPARED)
        return self._rng.choice(
            (
                _Part(f"2 {sign} [1, 2.0, 'b']", _COMPARED, sign == "in"),
                _Part(f"true {sign} [1, 'true']", _COMPARED, sign != "in"),
                _Part(f"'bc' {sign} \"abcd\"", _COMPARED, sign == "in"),
                _Part(f"[1] {sign} [[1.0], 2]", _COMPARED, sign == "in"),
                _Part(f"null {sign} []", _COMPARED, sign != "in"),
                _Part(f"'' {sign} ''", _COMPARED, sign == "in"),
            )
        )

    def _equality(self) -> _Part:
        """Compare values of any types, alike and unlike."""
        sign = self._rng.choice(("==", "!="))
        names = [
            n for n in self._names if not n.guard and n.kind in ("text", "null", "bool", "list")
        ]
        if names and self._rng.random() < 0.7:
            name = self._rng.choice(names)
            there = self._rng.choice([name.hint, name.hint, "x", 1, None, True, [1, "b"]])
            alike = type(there) is type(name.hint) and there == name.hint
            left, right = name.text, self._written(there)
            if self._rng.random() < 0.3:
                left, right = right, left
            known = None if name.hint is None else alike == (sign == "==")
            return _Part(f"{left} {sign} {right}", _COMPARED, known)
        one, other, same = self._rng.choice(
            (
                ("1", "true", False),
                ("0", "false", False),
                ("1", "1.0", True),
                ("'1'", "1", False),
                ("null", "false", False),
                ("null", "0", False),
                ("None", "null", True),
                ("[1, [2, 'a']]", "[1.0, [2, 'a']]", True),
                ("[1, 2]", "[2, 1]", False),
                ("[true]", "[1]", False),
                ("[]", "null", False),
                ("''", "null", False),
                ("'a' == 'a'", "true", True),
                ("-0.0", "0", True),
            )
        )
        text = f"({one}) {sign} {other}" if "==" in one else f"{one} {sign} {other}"
        return _Part(text, _COMPARED, same == (sign == "=="))

    def _stopped(self) -> _Part:
        """Put what has no value behind what ends the evaluation."""
        wrong = self._rng.choice(_UNDEFINED)
        at = self._rng.random()
        if at < 0.15:  # a chain ends with the first link that does not hold
            return _Part(
                f"{self._rng.choice(('2 < 1', '1 == 2', '0 > 5'))} < 1 // 0", _COMPARED, False
            )
        for _ in range(8):
            first = self._chain(self._rng.choice((1, 2)))
            if first.value is not None and "results" not in first.text:
                word = "or" if first.value else "and"
                level = _OR if first.value else _AND
                # The hint of a name is what it probably is; a constant is sure.
                sure = "true or" if first.value else "false and"
                text = (
                    f"{sure} {wrong}" if "." in first.text else f"{first.at(level)} {word} {wrong}"
                )
                return _Part(text, level, first.value)
        return _Part(f"true or {wrong}", _OR, True)

    def _maybe(self) -> _Part:
        """Ask for null before a number is compared."""
        names = self._of("maybe")
        if not names:
            return self._equality()
        name = self._rng.choice(names)
        sign, than = self._rng.choice(tuple(_ORDERED)), self._literal(self._rng.choice((0, 0.5, 1)))
        text = self._rng.choice(
            (
                f"{name.text} == null or {name.text} {sign} {than.text}",
                f"not ({name.text} != null and {name.text} {sign} {than.text})",
                f"{name.text} != null",
            )
        )
        level = _COMPARED if text.endswith("null") else _NOT if text.startswith("not") else _OR
        return self._behind([name.guard], _Part(text, level))

    def _guarded(self, name: Name) -> _Part:
        return self._behind([name.guard], _Part(name.text, _ATOM, name.hint))

    def _behind(self, guards: Sequence[str], part: _Part) -> _Part:
        """Let a part be worked out only where what it reads is there."""
        asked = list(dict.fromkeys(guard for guard in guards if guard))
        if not asked:
            return part
        return _Part(f"{' and '.join(asked)} and {part.at(_NOT)}", _AND, part.value)

    # -- numbers

    def number(self, size: int, guards: list[str] | None = None) -> _Part:
        """Make a number; what must be asked before it is worked out is added to ``guards``."""
        at = self._rng.random()
        if size <= 0 or at < 0.35:
            return self._leaf(guards)
        if at < 0.45:
            inner = self.number(size - 1, guards)
            value = None if inner.value is None else -inner.value
            return _Part(f"-{inner.at(_SIGN)}", _SIGN, value)
        sign = self._rng.choice(tuple(_COMPUTED))
        level, compute = _COMPUTED[sign]
        left = self.number(size - 1, guards)
        right = self.number(size - 1, guards)
        if sign in ("/", "//", "%") and (not right.value or not _is_safe(right.value)):
            right = self._literal(self._rng.choice((2, 3, 0.5, 7, -2, -3.5)))
        if sign in ("//", "%") and self._rng.random() < 0.5:  # where rounding has two ways
            left = self._literal(self._rng.choice((-7, -5, -1, -7.5)))
            right = self._literal(self._rng.choice((2, 3, 4, 2.5)))
        if left.value is None or right.value is None:
            value = None
        else:
            try:
                value = compute(left.value, right.value)
            except (OverflowError, ZeroDivisionError):
                return left
            if not _is_safe(value):
                return left
        return _Part(f"{left.at(level)} {sign} {right.at(level + 1)}", level, value)

    def _leaf(self, guards: list[str] | None) -> _Part:
        names = [n for n in self._of("number") if guards is not None or not n.guard]
        if names and self._rng.random() < 0.6:
            name = self._rng.choice(names)
            if guards is not None:
                guards.append(name.guard)
            return _Part(name.text, _ATOM, name.hint)
        if self._rng.random() < 0.08:  # an index, or a key, that is worked out
            index = self._rng.choice((0, 1, 2))
            items = self._rng.choice(((4, 5, 6), (0, 1, 2), (0.5, 7, 2)))
            at = self._rng.choice((str(index), f"{index + 3} % 3", f"[{index}][0]"))
            return _Part(f"[{', '.join(map(str, items))}][{at}]", _ATOM, items[index])
        return self._literal(
            self._rng.choice((0, 1, 2, 3, 5, 7, 10, 100, 0.5, 1.5, 0.1, 1e3, -1, -2, -7, -0.5))
        )

    def _literal(self, value: float) -> _Part:
        """Write a number in one of its ways."""
        written = repr(abs(value))
        if isinstance(value, float) and value == int(value) and "e" not in written:
            written = self._rng.choice((written, written[:-1], f"{int(abs(value))}e0"))
        elif written.startswith("0.") and self._rng.random() < 0.5:
            written = written[1:]
        if value < 0:
            return _Part(f"-{written}", _SIGN, value)
        return _Part(written, _ATOM, value)

    def _of(self, kind: str) -> list[Name]:
        return [name for name in self._names if name.kind == kind]

    def _written(self, value: Any) -> str:
        """Write a plain value as a literal."""
        if value is None:
            return self._rng.choice(("null", "None"))
        if isinstance(value, bool):
            return self._rng.choice(("true", "True") if value else ("false", "False"))
        if isinstance(value, str):
            return self._rng.choice((f"'{value}'", f'"{value}"'))
        if isinstance(value, Sequence):
            return f"[{', '.join(map(self._written, value))}]"
        if isinstance(value, int | float):
            return self._literal(value).text
        return "null"  # a mapping has no literal


def _is_safe(value: float) -> bool:
    return math.isfinite(value) and abs(value) < _SAFE
