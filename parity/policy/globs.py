"""Globs over the paths of differences: ``PLACE: INSIDE``.

A place has segments between ``/``; what is inside has names between ``.`` and indexes or quoted
names in brackets. ``*`` is any text within one of these, ``**`` any number of them, none included.
Behind a separator at the end, ``**`` is everything below and the thing itself. Nothing else is
special: ``[0]`` is an index, ``?`` a question mark.

1. `compile_glob` cuts a glob at the first ``": "`` and turns both halves into one expression.
2. `covers` tells whether everything that one glob matches is matched by another.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

__all__ = ["BadGlobError", "compile_glob", "covers"]

_SEPARATOR: Final = ": "
_IN_PLACE: Final = r"(?:(?!: )[^/])*"
_PLACES: Final = r"(?:(?!: ).)*"
_IN_NAME: Final = r"[^.\[\]]*"
_IN_BRACKETS: Final = r"[^\]]*"
_TOKEN: Final = re.compile(r"(?P<dot>\.?)(?P<name>[^.\[\]]+)|\[(?P<index>[^\]]+)\]")
_QUOTED: Final = re.compile(r"""\[('|")(?:(?!\1)[^\\]|\\.)*\1\]""")
_IN_QUOTES: Final = r"""(?:[^'"\\]|\\.)*"""


class BadGlobError(ValueError):
    """A glob that is not one; the message says what was found and what was expected."""


@lru_cache(maxsize=4096)
def compile_glob(glob: str) -> re.Pattern[str]:
    """Give the expression that a whole path must match.

    >>> bool(compile_glob("**/portfolio=*: sharpe_ratio").fullmatch(
    ...     "iteration=0/phase=x/window=2/unit=0/portfolio=a.b: sharpe_ratio"))
    True
    >>> bool(compile_glob("**: a.*").fullmatch("x: a.b.c"))
    False

    Raises:
        BadGlobError: It is empty, has an empty segment, or ``**`` beside other text.
    """
    if not glob.strip():
        raise BadGlobError("found an empty path, expected a glob such as '**: sharpe_ratio'")
    if glob != glob.strip():
        raise BadGlobError(f"found blanks around the path {glob!r}, expected none")
    if "**/**" in glob or "**.**" in glob:
        raise BadGlobError(f"found two '**' in a row in {glob!r}, expected one")
    if glob.startswith(_SEPARATOR.strip() + " "):
        place, inside = "", glob[len(_SEPARATOR) :]
    else:
        place, separator, inside = glob.partition(_SEPARATOR)
        if not separator:
            return re.compile(_place(place, open_end=True), re.DOTALL)
    if not inside:
        raise BadGlobError("found nothing behind ': ', expected what lies inside the place")
    if inside == "**":
        return re.compile(f"{_place(place)}(?:: .*)?", re.DOTALL)
    return re.compile(f"{_place(place)}: {_inside(inside)}", re.DOTALL)


def _place(glob: str, *, open_end: bool = False) -> str:
    """Turn the glob of a place; with an open end, a last ``**`` takes in what is inside as well."""
    if glob == "**":
        return ".*" if open_end else _PLACES
    if not glob:
        return ""
    pattern = ""
    segments = glob.split("/")
    for number, segment in enumerate(segments):
        last = number == len(segments) - 1
        if not segment:
            raise BadGlobError(f"found an empty segment in {glob!r}, expected text between all '/'")
        if segment == "**" and last:
            pattern += "(?:(?:/|: ).*)?" if open_end else f"(?:/{_PLACES})?"
        elif segment == "**":
            pattern += f"(?:/{_PLACES})?" if number else f"(?:{_PLACES}/)?"
        else:
            # Behind a leading `**` the slash is part of what that matched.
            slash = "" if number == 0 or (number == 1 and segments[0] == "**") else "/"
            pattern += slash + _segment(segment, _IN_PLACE)
    return pattern


def _inside(glob: str) -> str:
    """Turn the glob of what lies inside a place; it is not ``**`` alone."""
    pattern = ""
    at = 0
    leading = False  # whether a `**` opened it, which may stand for nothing
    while at < len(glob):
        found = _QUOTED.match(glob, at)
        if found is not None:
            pattern += ("(?:.*)?" if leading else "") + _segment(found[0], _IN_QUOTES)
            leading, at = False, found.end()
            continue
        found = _TOKEN.match(glob, at)
        if found is None or (found["name"] and bool(found["dot"]) != bool(at)):
            raise BadGlobError(
                f"found {glob[at:]!r} in {glob!r}, expected names between '.', and indexes or "
                "quoted names in brackets"
            )
        at = found.end()
        if found["name"] == "**":
            leading = leading or not pattern
            pattern += r"(?:[.\[].*)?" if found["dot"] else ""
        elif found["name"]:
            dot = r"(?:.*\.)?" if leading else re.escape(found["dot"])
            pattern, leading = pattern + dot + _segment(found["name"], _IN_NAME), False
        else:
            gap = "(?:.*)?" if leading else ""
            pattern += rf"{gap}\[{_segment(found['index'], _IN_BRACKETS)}\]"
            leading = False
    return pattern


def _segment(text: str, within: str) -> str:
    if "**" in text:
        raise BadGlobError(
            f"found {text!r}, expected '**' alone between separators, or '*' within a segment"
        )
    first, *rest = (re.escape(part) for part in text.split("*"))
    if not rest:
        return first
    # What stands behind a star is taken where it comes first, for good: no other place of it lets
    # the rest match that this does not. So no glob takes longer than its length times the path's.
    *middle, last = rest
    return first + "".join(f"(?>{within}?{part})" for part in middle if part) + within + last


_PLACE_STANDINS: Final = ("", "\ue000", "\ue001/\ue002", "\ue001/\ue002/\ue003")
_INSIDE_STANDINS: Final = ("", "\ue000", "\ue001.\ue002", "\ue001[\ue002].\ue003")


def covers(broad: str, narrow: str) -> bool:
    """Tell whether ``broad`` matches everything that ``narrow`` does.

    Each wildcard of ``narrow`` is replaced by characters that no path has and only a wildcard can
    match: ``*`` by one of them, ``**`` by none, one and several segments.

    >>> covers("**: *", "**: sharpe_ratio"), covers("**: sharpe_ratio", "**: *")
    (True, False)
    """
    expression, standins = compile_glob(broad), _standins(narrow)
    return bool(standins) and all(expression.fullmatch(path) for path in standins)


@lru_cache(maxsize=4096)
def _standins(glob: str) -> tuple[str, ...]:
    matcher = compile_glob(glob)
    candidates = set()
    for outer in _PLACE_STANDINS:
        for inner in _INSIDE_STANDINS:
            for star in ("", "\ue004", "\ue004\ue005"):
                place, separator, inside = glob.partition(_SEPARATOR)
                text = place.replace("**", outer) + separator + inside.replace("**", inner)
                if not separator and place.endswith("**"):
                    candidates.add(f"{text}: \ue006".replace("*", star))
                candidates.add(text.replace("*", star))
                candidates.add(text.replace("/: ", ": ").replace("*", star).strip("/"))
    return tuple(path for path in sorted(candidates) if matcher.fullmatch(path))
