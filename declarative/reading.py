"""What workflow definitions read of earlier phases: references in values, checked and resolved.

    ${sweep.best_parameters}                  names between dots; at each step the longest that fits
    ${sweep.portfolios.momentum.moderate}     counts, so names may hold dots
    ${sweep.iterations.0}                     items of a list by their index

A ``${`` that is not closed is text. Results are looked into by their fields (`declarative.views`).

0. `cut` takes a text apart, once per text.
1. `Readable` says what may be read from where a value stands; `check` holds every reference below
   a node against it, before anything runs.
2. `resolve_value` gives the value with its references resolved, once.
3. `split` takes the settings that hold references apart from those that hold none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from containers.configuration import METRIC_NAMES
from containers.errors import MissingReferenceError, Problem
from containers.nearest import did_you_mean
from containers.outputs import plain_output
from declarative.errors import PatternError
from declarative.references import Node
from declarative.views import PHASE_FIELDS, PhaseView, is_list, keys_of, walk

__all__ = [
    "RESERVED",
    "Read",
    "Readable",
    "check",
    "cut",
    "holds_reference",
    "parts_of",
    "references_in",
    "resolve_value",
    "split",
]

RESERVED: Final = ("config", "inputs", "outputs", "iteration", "parameters")
"""What phases cannot be called, since references begin with it."""


@dataclass(frozen=True, slots=True)
class Readable:
    """What may be read from one place.

    Attributes:
        reader: What reads, for messages.
        outputs: Names of the outputs of every phase that is known here, by its name here.
        reachable: Those of them that are sure to be done.
        config: The workflow's resolved configuration; null where it is not known yet.
        roots: Further names that references may begin with, and the names that are in them.
    """

    reader: str
    outputs: Mapping[str, Collection[str]]
    reachable: Collection[str]
    config: Mapping[str, Any] | None
    roots: Mapping[str, Any] = field(default_factory=dict)

    def problem(self, steps: tuple[str | int, ...]) -> tuple[str, str | None] | None:
        """Say what is wrong with a path, and what to do; null when nothing is known to be."""
        phase, rest = self._phase(steps)
        if phase is not None:
            return self.unreachable(phase) or self._field(phase, rest)
        root = steps[0]
        if root == "config" and "config" not in self.roots:
            return self._inside("config", self.config, steps[1:])
        if root == "outputs":
            return self._output(steps[1:])
        if root == "iteration":
            return None
        if root in self.roots:
            return self._inside(str(root), self.roots[str(root)], steps[1:], names_alone=True)
        known = [*self.outputs, "config", "outputs", "iteration", *self.roots]
        return f"there is no '{root}' to refer to", did_you_mean(str(root), known)

    def unreachable(self, phase: str) -> tuple[str, str | None] | None:
        """Say that a phase must be depended on to be read; null when it is."""
        if phase in self.reachable:
            return None
        message = f"{self.reader} reads the phase '{phase}' without depending on it"
        return message, f"add '{phase}' to depends_on"

    def _phase(self, steps: tuple[str | int, ...]) -> tuple[str | None, tuple[str | int, ...]]:
        """Find the phase that a path begins with: the longest name that fits."""
        for end in range(len(steps), 0, -1):
            name = ".".join(map(str, steps[:end]))
            if name in self.outputs:
                return name, steps[end:]
        return None, steps[1:]

    def _field(self, phase: str, steps: tuple[str | int, ...]) -> tuple[str, str | None] | None:
        if not steps:
            return None
        first = str(steps[0])
        if first not in PHASE_FIELDS:
            return f"a phase's result has no '{first}'", did_you_mean(first, PHASE_FIELDS)
        if first == "metrics" and len(steps) > 1 and steps[1] not in METRIC_NAMES:
            hint = did_you_mean(str(steps[1]), METRIC_NAMES)
            return f"there is no metric '{steps[1]}'", hint
        if first == "outputs" and len(steps) > 1:
            return self._output((phase, *steps[1:]))
        return None

    def _output(self, steps: tuple[str | int, ...]) -> tuple[str, str | None] | None:
        if not steps:
            return None
        phase, rest = self._phase(steps)
        if phase is None:
            message = f"there is no phase '{steps[0]}'"
            return message, did_you_mean(str(steps[0]), self.outputs)
        problem = self.unreachable(phase)
        if problem is not None or not rest:
            return problem
        known = dict.fromkeys(self.outputs[phase])
        _, place = walk({name: {} for name in known}, rest[:1])
        if not place and not any(
            ".".join(map(str, rest[:end])) in known for end in range(len(rest), 0, -1)
        ):
            message = f"the phase '{phase}' has no output '{rest[0]}'"
            return message, did_you_mean(str(rest[0]), known)
        return None

    def _inside(
        self,
        name: str,
        value: Any,
        steps: tuple[str | int, ...],
        *,
        names_alone: bool = False,
    ) -> tuple[str, str | None] | None:
        """Say what a path leads to that is not there; below a name, where names are all we know."""
        if value is None:
            return None
        reached, place = walk(value, steps)
        if place == len(steps) or (place and names_alone):
            return None
        where = ".".join(map(str, (name, *steps[:place])))
        missing = str(steps[place])
        known = keys_of(reached)
        hint = did_you_mean(missing, known) if known else None
        return f"'{where}' has no '{missing}'", hint


@dataclass(frozen=True, slots=True)
class Read:
    """One reference: its path as it is written, and the steps it takes."""

    text: str
    steps: tuple[str | int, ...]


_READ: Final = re.compile(r"\$\{([^{}]*)\}")


@lru_cache(maxsize=4096)
def cut(text: str) -> tuple[str | Read, ...]:
    """Take a text apart into what is literal and what is read.

    Raises:
        ValueError: A reference is malformed.

    >>> cut("after ${a.b.0} of ${c")
    ('after ', Read(text='a.b.0', steps=('a', 'b', '0')), ' of ${c')
    """
    parts: list[str | Read] = []
    place = 0
    for match in _READ.finditer(text):
        if match.start() > place:
            parts.append(text[place : match.start()])
        parts.append(Read(match[1], _steps(match[1])))
        place = match.end()
    if place < len(text) or not parts:
        parts.append(text[place:])
    return tuple(parts)


def _steps(path: str) -> tuple[str, ...]:
    steps = path.split(".")
    if not all(steps):
        raise ValueError(f"${{{path}}} is no reference, expected names between dots")
    return tuple(steps)


def parts_of(node: Node) -> tuple[str | Read, ...]:
    """Take the text of a node apart.

    Raises:
        PatternError: A reference is malformed.
    """
    try:
        return cut(node.value)
    except ValueError as error:
        raise node.error(str(error), "for example ${sweep.best_parameters}") from None


def references_in(node: Node) -> Iterator[tuple[Node, Read]]:
    """Give every reference below a node, with the text it stands in.

    Raises:
        PatternError: A reference is malformed.
    """
    value = node.value
    if isinstance(value, str):
        if "${" in value:
            for part in parts_of(node):
                if isinstance(part, Read):
                    yield node, part
    elif isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from references_in(node.at(key))


def holds_reference(node: Node) -> bool:
    """Say whether any text below a node holds a reference."""
    return next(references_in(node), None) is not None


def check(node: Node, readable: Readable) -> list[Problem]:
    """Say what is known to be wrong with the references below a node."""
    problems: list[Problem] = []
    try:
        for place, reference in references_in(node):
            wrong = readable.problem(reference.steps)
            if wrong is not None:
                text = f"${{{reference.text}}}: {wrong[0]}"
                problems += place.error(text, wrong[1]).problems
    except PatternError as error:
        problems += error.problems
    return problems


def split(node: Node) -> tuple[dict[str, Any], list[tuple[str | int, ...]]]:
    """Take a mapping apart.

    Returns:
        What holds no references, and the paths of the leaves that do: a list that holds one
        anywhere is one leaf.
    """
    plain: dict[str, Any] = {}
    leaves: list[tuple[str | int, ...]] = []
    for key, value in node.value.items():
        below = node.at(key)
        if isinstance(value, dict) and value:
            inner, inner_leaves = split(below)
            leaves += [(key, *leaf) for leaf in inner_leaves]
            if inner or not inner_leaves:
                plain[key] = inner
        elif holds_reference(below):
            leaves.append((key,))
        else:
            plain[key] = value
    return plain, leaves


def resolve_value(node: Node, scope: Mapping[str, Any]) -> Any:
    """Give what ``node`` stands for: a value that is one reference keeps its type.

    Args:
        node: The value.
        scope: What references begin with: phases as `PhaseView`, and plain data.

    Raises:
        MissingReferenceError: A reference leads to nothing.
    """
    value = node.value
    if isinstance(value, str):
        return _filled(parts_of(node), scope) if "${" in value else value
    if isinstance(value, dict):
        return {key: resolve_value(node.at(key), scope) for key in value}
    if isinstance(value, list):
        return [resolve_value(node.at(index), scope) for index in range(len(value))]
    return value


def _filled(parts: tuple[str | Read, ...], scope: Mapping[str, Any]) -> Any:
    if len(parts) == 1 and isinstance(parts[0], Read):
        found = _found(parts[0], scope)
        return found.result if isinstance(found, PhaseView) else found
    return "".join(p if isinstance(p, str) else _written(p, scope) for p in parts)


def _written(reference: Read, scope: Mapping[str, Any]) -> str:
    """Write a value inside text: text as it is, everything else as JSON."""
    value = _found(reference, scope)
    if isinstance(value, str):
        return value
    whole = value.result if isinstance(value, PhaseView) else value
    return json.dumps(plain_output(whole), ensure_ascii=False, allow_nan=False)


def _found(reference: Read, scope: Mapping[str, Any]) -> Any:
    steps = reference.steps
    value, place = walk(scope, steps)
    if place == len(steps):
        return value
    missing = str(steps[place])
    known = keys_of(value)
    where = f"'{'.'.join(map(str, steps[:place]))}' has" if place else "there is"
    hint = f" ({did_you_mean(missing, known)})" if known else ""
    if is_list(value):
        hint = f" (it has {len(value)} items, counted from 0)"
    raise MissingReferenceError(f"${{{reference.text}}}: {where} no '{missing}'{hint}")
