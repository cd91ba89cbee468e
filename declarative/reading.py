"""What workflow definitions read of earlier phases: references in values, checked and resolved.

References are those of `declarative.references`; here dots in names are found (the longest name
that fits counts), items of lists are also written ``a.0``, and results are looked into by their
fields (`declarative.views`).

1. `Readable` says what may be read from where a value stands; `check` holds every reference below
   a node against it, before anything runs.
2. `resolve_value` gives the value with its references resolved, once.
3. `split` takes the settings that hold references apart from those that hold none.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from containers.configuration import METRIC_NAMES
from containers.errors import MissingReferenceError, Problem
from containers.nearest import did_you_mean
from declarative.errors import PatternError
from declarative.references import Node, Reference, Template, template_of
from declarative.views import PHASE_FIELDS, PhaseView, keys_of, walk

__all__ = [
    "RESERVED",
    "Readable",
    "check",
    "holds_reference",
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
        roots: Further names that references may begin with, and what is known to be in them
            (null: anything).
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
            return ("'iteration' is a number, which has nothing in it", None) if rest else None
        if root in self.roots:
            return self._inside(str(root), self.roots[str(root)], steps[1:])
        known = [*self.outputs, "config", "outputs", "iteration", *self.roots]
        return f"there is no '{root}' to refer to", did_you_mean(str(root), known)

    def unreachable(self, phase: str) -> tuple[str, str | None] | None:
        """Say that a phase must be depended on to be read; null when it is."""
        if phase in self.reachable:
            return None
        message = f"{self.reader} reads the phase '{phase}' without depending on it"
        return message, f"add '{phase}' to depends_on"

    def _phase(
        self, steps: tuple[str | int, ...]
    ) -> tuple[str | None, tuple[str | int, ...]]:
        """Find the phase that a path begins with: the longest name that fits."""
        for end in range(len(steps), 0, -1):
            name = ".".join(map(str, steps[:end]))
            if name in self.outputs:
                return name, steps[end:]
        return None, steps[1:]

    def _field(
        self, phase: str, steps: tuple[str | int, ...]
    ) -> tuple[str, str | None] | None:
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
        self, name: str, value: Any, steps: tuple[str | int, ...]
    ) -> tuple[str, str | None] | None:
        if value is None:
            return None
        reached, place = walk(value, steps)
        if place == len(steps):
            return None
        where = ".".join(map(str, (name, *steps[:place])))
        missing = str(steps[place])
        known = keys_of(reached)
        hint = did_you_mean(missing, known) if known else None
        return f"'{where}' has no '{missing}'", hint


def references_in(node: Node) -> Iterator[tuple[Node, Reference]]:
    """Give every reference below a node, with the text it stands in.

    Raises:
        PatternError: A text is malformed.
    """
    value = node.value
    if isinstance(value, str):
        if "$" in value:
            for part in template_of(node).parts:
                if isinstance(part, Reference):
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
            wrong = readable.problem(_plain_steps(reference))
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
            plain[key] = unescaped(below)
    return plain, leaves


def unescaped(node: Node) -> Any:
    """Give a value that holds no references: ``$${`` in it is ``${``."""
    return resolve_value(node, {})


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
        return _filled(template_of(node), scope) if "$" in value else value
    if isinstance(value, dict):
        return {key: resolve_value(node.at(key), scope) for key in value}
    if isinstance(value, list):
        return [resolve_value(node.at(index), scope) for index in range(len(value))]
    return value


def _filled(template: Template, scope: Mapping[str, Any]) -> Any:
    parts = template.parts
    if len(parts) == 1 and isinstance(parts[0], Reference):
        found = _found(parts[0], scope)
        return found.result if isinstance(found, PhaseView) else found
    return "".join(p if isinstance(p, str) else _written(p, scope) for p in parts)


def _written(reference: Reference, scope: Mapping[str, Any]) -> str:
    """Write a value inside text: text as it is, everything else as JSON."""
    value = _found(reference, scope)
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError):
        message = f"${{{reference.text}}} is a {type(value).__name__}"
        raise MissingReferenceError(
            f"{message}, which cannot be written inside text; let it stand alone, "
            "or refer to a part of it"
        ) from None


def _found(reference: Reference, scope: Mapping[str, Any]) -> Any:
    steps = tuple(
        _filled_key(step, scope) if isinstance(step, Template) else step
        for step in (reference.root, *reference.steps)
    )
    value, place = walk(scope, steps)
    if place == len(steps):
        return value
    missing = str(steps[place])
    known = keys_of(value)
    where = f"'{'.'.join(map(str, steps[:place]))}' has" if place else "there is"
    hint = f" ({did_you_mean(missing, known)})" if known else ""
    if isinstance(value, list | tuple):
        hint = f" (it has {len(value)} items, counted from 0)"
    raise MissingReferenceError(f"${{{reference.text}}}: {where} no '{missing}'{hint}")


def _filled_key(step: Template, scope: Mapping[str, Any]) -> str:
    return "".join(p if isinstance(p, str) else _written(p, scope) for p in step.parts)


def _plain_steps(reference: Reference) -> tuple[str | int, ...]:
    """Give the steps up to the first that only values decide."""
    steps: list[str | int] = [reference.root]
    for step in reference.steps:
        if isinstance(step, Template):
            if any(not isinstance(part, str) for part in step.parts):
                break
            steps.append("".join(map(str, step.parts)))
        else:
            steps.append(step)
    return tuple(steps)
