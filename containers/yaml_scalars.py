"""What an unquoted YAML word means, and what a syntax error means, in words of our own.

The words are those of the YAML 1.2 core schema. Everything that is not null, true, false or a
number there is text.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple, TypeAlias

from yaml.error import Mark, MarkedYAMLError

__all__ = ["MAX_DIGITS", "AbsurdNumberError", "Scalar", "SyntaxProblem", "scalar", "syntax_problem"]

Scalar: TypeAlias = str | int | float | bool | None

MAX_DIGITS: Final = 100
"""Digits of a whole number. Reading longer ones takes time that grows with their square."""

_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMERIC_STARTS: Final = frozenset("0123456789+-.")
_INTEGER: Final = re.compile(r"[-+]?[0-9]+")
_OCTAL: Final = re.compile(r"0o[0-7]+")
_HEXADECIMAL: Final = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITY: Final = re.compile(r"[-+]?\.(inf|Inf|INF)")
_NAN: Final = frozenset((".nan", ".NaN", ".NAN"))


class AbsurdNumberError(ValueError):
    """A whole number with more digits than anybody means."""


def scalar(word: str) -> Scalar:
    """Give the value of an unquoted word.

    >>> [scalar(word) for word in ("010", "0x1f", "+5", "1e-3", ".5", "~", "True")]
    [10, 31, 5, 0.001, 0.5, None, True]
    >>> [scalar(word) for word in ("on", "2005-01-03", "12:30", "1_000", "tRue")]
    ['on', '2005-01-03', '12:30', '1_000', 'tRue']

    Raises:
        AbsurdNumberError: It is a whole number of more than `MAX_DIGITS` digits.
    """
    if word in _WORDS:
        return _WORDS[word]
    if word[0] not in _NUMERIC_STARTS:
        return word
    for pattern, base in ((_INTEGER, 10), (_OCTAL, 8), (_HEXADECIMAL, 16)):
        if pattern.fullmatch(word):
            if len(word) > MAX_DIGITS:
                raise AbsurdNumberError(f"found a whole number of {len(word):,} digits")
            return int(word if base == 10 else word[2:], base)
    if _FLOAT.fullmatch(word):
        return float(word)
    if _INFINITY.fullmatch(word):
        return float("-inf" if word[0] == "-" else "inf")
    return float("nan") if word in _NAN else word


_INDENTATION: Final = (
    "this line does not fit the lines before it",
    "start all keys of a mapping in the same column, and put odd text in quotes",
)
_ESCAPE: Final = ("found an escape in double quotes that cannot be read", "write \\\\ for a \\")
_DIRECTIVE: Final = ("found a directive ('%…') that cannot be read", "remove it")
_LIST: Final = ("a list cannot start here", "put each '- ' on its own line")
_TAG: Final = ("found a tag ('!…') that cannot be read", "remove it; tags are not supported")
_OPEN: Final = ("text in quotes is not closed", "add the closing quote")

_PROBLEMS: Final[tuple[tuple[str, tuple[str, str | None]], ...]] = (
    # a part of what PyYAML's two parsers say -> what we say
    (
        "mapping values are not allowed",
        (
            "found ': ' where no key can stand",
            "put text that holds ': ' in quotes, or start the key in the column of its mapping",
        ),
    ),
    ("expected ':'", ("found a line without ': '", "write it as 'key: value'")),
    ("unexpected end of stream", _OPEN),
    ("unexpected document", _OPEN),
    ("escape", _ESCAPE),
    ("hex", _ESCAPE),
    ("alphabetic or numeric", ("'&' and '*' must be followed by a name", "put text in quotes")),
    ("directive", _DIRECTIVE),
    ("incompatible", _DIRECTIVE),
    ("node content", ("a value is missing here", "close open brackets, or write the value")),
    ("tag handle", _TAG),
    ("document start", ("found text that belongs to no key", "write it as 'key: value'")),
    ("sequence entries are not allowed", _LIST),
    ("sequence entry", _LIST),
    ("'-' indicator", _INDENTATION),
    ("expected key", _INDENTATION),
    ("block end", _INDENTATION),
)
_CONTEXTS: Final[tuple[tuple[str, tuple[str, str | None]], ...]] = (
    ("flow sequence", ("this list in brackets cannot be read", "check ',' and the closing ']'")),
    ("flow mapping", ("this mapping in braces cannot be read", "check ',' and the closing '}'")),
    ("tag", _TAG),
    ("directive", _DIRECTIVE),
    ("block scalar", ("the header of this block of text cannot be read", None)),
)
_AT_CONTEXT: Final = ("expected ':'", "unexpected end of stream", "unexpected document")


class SyntaxProblem(NamedTuple):
    """What is wrong, what to do about it, and the PyYAML mark it is about."""

    message: str
    hint: str | None
    mark: Mark | None


def syntax_problem(error: MarkedYAMLError, text: str) -> SyntaxProblem:
    """Say in our words what a parser of PyYAML found in ``text``."""
    problem, context = error.problem or "", error.context or ""
    mark = error.problem_mark or error.context_mark
    if "cannot start any token" in problem and mark is not None:
        return SyntaxProblem(*_bad_start(text, mark.line, mark.column), mark)
    for part, (message, hint) in _PROBLEMS:
        if part in problem:
            at_start = part in _AT_CONTEXT and error.context_mark is not None
            return SyntaxProblem(message, hint, error.context_mark if at_start else mark)
    for part, (message, hint) in _CONTEXTS:
        if part in context:
            return SyntaxProblem(message, hint, error.context_mark or mark)
    return SyntaxProblem(
        "this cannot be read as YAML", "check quotes, brackets and indentation", mark
    )


def _bad_start(text: str, line: int, column: int) -> tuple[str, str | None]:
    lines = text.split("\n")
    found = lines[line][column : column + 1] if line < len(lines) else ""
    if found == "\t":
        return "found a tab where spaces belong", "indent with spaces"
    return f"text cannot start with '{found}'", "put it in quotes"
