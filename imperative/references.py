"""References: values of a workflow definition that are known only when they are needed.

A reference is `Ref(path)` or text with ``${path}`` in it. A value that is one reference as a whole
keeps the type of what it names; inside text it becomes text. What comes out is never searched for
references again.

`Names` is what paths lead through; `imperative.definitions` checks paths before anything runs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

from containers.errors import MissingReferenceError
from containers.nearest import did_you_mean
from containers.results import PhaseResult
from imperative.values import as_text, is_list, kind_of
from imperative.workflow import Ref

__all__ = [
    "PHASE_FIELDS",
    "WORDS",
    "Names",
    "find_references",
    "has_reference",
    "map_references",
    "phase_view",
    "resolve",
    "split_settings",
    "starting_name",
    "take_name",
]

PHASE_FIELDS: Final = (
    "status",
    "metrics",
    "best_portfolio",
    "best_parameters",
    "best_strategies",
    "portfolios",
    "aggregate_metrics",
    "outputs",
    "signals",
    "iterations",
)
"""What can be read of a phase."""

WORDS: Final = ("config", "inputs", "outputs", "iteration", "parameters")
"""What a path can begin with besides the name of a phase; no phase is called by one of them."""

_IN_TEXT: Final = re.compile(r"\$\{([^{}]*)\}")


def find_references(value: object) -> Iterator[str]:
    """Give the path of every reference in ``value``, also inside nested mappings and lists."""
    if isinstance(value, Ref):
        yield value.path
    elif isinstance(value, str):
        yield from _IN_TEXT.findall(value)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from find_references(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from find_references(item)


def has_reference(value: object) -> bool:
    """Say whether there is a reference anywhere in ``value``."""
    return next(find_references(value), None) is not None


def resolve(value: Any, look_up: Callable[[str], Any]) -> Any:
    """Put values in the place of references; mappings and lists are made anew.

    Raises:
        MissingReferenceError: What ``look_up`` raises.

    >>> resolve({"a": Ref("x"), "b": ["${x}", "n=${x}!"]}, {"x": 5}.get)
    {'a': 5, 'b': [5, 'n=5!']}
    """
    if isinstance(value, Ref):
        return look_up(value.path)
    if isinstance(value, str):
        whole = _IN_TEXT.fullmatch(value)
        if whole is not None:
            return look_up(whole[1])
        return _IN_TEXT.sub(lambda match: as_text(look_up(match[1])), value)
    if isinstance(value, Mapping):
        return {key: resolve(item, look_up) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [resolve(item, look_up) for item in value]
    return value


def map_references(value: Any, change: Callable[[str], Any]) -> Any:
    """Put other references, or values, in the place of references; inside text as text."""

    def written(found: Any) -> str:
        return f"${{{found.path}}}" if isinstance(found, Ref) else as_text(found)

    if isinstance(value, Ref):
        return change(value.path)
    if isinstance(value, str):
        whole = _IN_TEXT.fullmatch(value)
        if whole is not None:
            return change(whole[1])
        return _IN_TEXT.sub(lambda match: written(change(match[1])), value)
    if isinstance(value, Mapping):
        return {key: map_references(item, change) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [map_references(item, change) for item in value]
    return value


def split_settings(settings: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Part settings, leaf by leaf, into those without and those with references.

    A list is one leaf.

    >>> split_settings({"a": {"x": 1, "y": Ref("p.status")}, "b": [1, "${p.status}"]})
    ({'a': {'x': 1}}, {'a': {'y': Ref(path='p.status')}, 'b': [1, '${p.status}']})
    """
    plain: dict[str, Any] = {}
    late: dict[str, Any] = {}
    for key, value in settings.items():
        if not has_reference(value):
            plain[key] = value
        elif isinstance(value, Mapping):
            below, later = split_settings(value)
            late[key] = later
            if below:
                plain[key] = below
        else:
            late[key] = value
    return plain, late


def starting_name(path: str, phases: Iterable[str]) -> tuple[str | None, list[str]]:
    """Give what a path begins with and the rest of it; null when no such name is known.

    Names of phases may have dots; the longest that fits counts.
    """
    return take_name(path.split("."), {*phases, *WORDS})


def take_name(segments: list[str], known: Iterable[str]) -> tuple[str | None, list[str]]:
    """Give the longest name that ``segments`` begin with, and what is left of them."""
    names = set(known)
    for count in range(len(segments), 0, -1):
        name = ".".join(segments[:count])
        if name in names:
            return name, segments[count:]
    return None, segments


def phase_view(result: PhaseResult, best_strategies: list[dict[str, Any]]) -> dict[str, Any]:
    """Give what references and expressions can read of a phase, by `PHASE_FIELDS`."""
    view = {name: getattr(result, name, None) for name in PHASE_FIELDS}
    return view | {"best_strategies": best_strategies}


class Names:
    """What the references of one phase, or of a workflow's end, lead through.

    Args:
        results: Phase results by the names that paths use.
        views: What `phase_view` gives of them, by the same names.
        others: Values for those of `WORDS` that there are; a function is called when it is needed.
    """

    def __init__(
        self,
        results: Mapping[str, PhaseResult],
        views: Mapping[str, Mapping[str, Any]],
        others: Mapping[str, Any],
    ) -> None:
        self._results: Final = results
        self._views: Final = views
        self._others: Final = others

    def look_up(self, path: str) -> Any:
        """Give the value at ``path``.

        Raises:
            MissingReferenceError: It leads nowhere.
        """
        name, rest = starting_name(path, self._results)
        if name is not None and name in self._results:
            return self._follow(path, self._views[name], rest) if rest else self._results[name]
        if name is None or name not in self._others:
            found = path.split(".")[0]
            hint = did_you_mean(found, (*self._results, *self._others))
            raise MissingReferenceError(f"${{{path}}}: there is no '{found}' here; {hint}")
        value = self._others[name]
        return self._follow(path, value() if callable(value) else value, rest)

    def _follow(self, path: str, value: Any, rest: list[str]) -> Any:
        while rest:
            if isinstance(value, msgspec.Struct):
                value = {field: getattr(value, field) for field in value.__struct_fields__}
            if isinstance(value, Mapping):
                name, left = take_name(rest, value)
                if name is None:
                    hint = did_you_mean(rest[0], [str(key) for key in value])
                    raise MissingReferenceError(f"${{{path}}}: there is no '{rest[0]}'; {hint}")
                value, rest = value[name], left
            elif is_list(value):
                index, count = rest[0], len(value)
                if not index.isdecimal() or int(index) >= count:
                    raise MissingReferenceError(
                        f"${{{path}}}: a list of {count} has no item '{index}'; they count from 0"
                    )
                value, rest = value[int(index)], rest[1:]
            else:
                raise MissingReferenceError(
                    f"${{{path}}}: {kind_of(value)} has nothing called '{rest[0]}'"
                )
        return value
