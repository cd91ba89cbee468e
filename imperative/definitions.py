"""What a workflow's definition shows to be wrong, before anything runs.

1. Each field of a phase has the type it must have.
2. Topologies, sequences, metrics, operators and inputs exist.
3. Every reference, threshold and expression leads to something: to a phase that the reader
   depends on, a field of it, an output that it declares, a key of the configuration.

Messages name the workflow, the phase and the field.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from containers.configuration import METRIC_NAMES
from containers.errors import MissingReferenceError, OutputError, Problem
from containers.nearest import did_you_mean
from containers.outputs import check_output_name
from imperative.expressions import ExpressionSyntaxError, compile_expression
from imperative.findings import OPERATORS
from imperative.references import (
    PHASE_FIELDS,
    WORDS,
    Names,
    find_references,
    has_reference,
    starting_name,
    take_name,
)
from imperative.sequences import PhaseSequence
from imperative.topologies import TOPOLOGIES, Topology
from imperative.values import is_number, kind_of
from imperative.workflow import Expression, MetricThreshold, Output, Phase, Ref, Workflow

__all__ = ["DefinitionCheck", "check_shape"]


def check_shape(workflow: str, phases: Sequence[Phase]) -> Iterator[Problem]:
    """Find fields of phases that have the wrong type; other checks can then rely on them."""
    for place, phase in enumerate(phases):
        if not isinstance(phase, Phase):
            kind = type(phase).__name__
            yield Problem(f"workflow '{workflow}': phase {place} is a {kind}, expected a Phase")
            continue
        owner = f"phase {phase.name!r} of workflow '{workflow}'"
        for name, expected, noun in (
            ("config", Mapping, "a mapping"),
            ("inputs", Mapping, "a mapping from names to references"),
            ("outputs", Mapping, "a mapping from names to Outputs"),
        ):
            if not isinstance(getattr(phase, name), expected):
                found = kind_of(getattr(phase, name))
                yield Problem(f"{owner}: {name}: found {found}, expected {noun}")
        names = (phase.depends_on,) if isinstance(phase.depends_on, str) else phase.depends_on
        if not isinstance(names, Sequence) or not all(isinstance(n, str) for n in names):
            yield Problem(f"{owner}: depends_on: expected a name or a list of names")
        if isinstance(phase.conditions, str) or not isinstance(phase.conditions, Sequence):
            yield Problem(f"{owner}: conditions: expected a list of conditions")
        if phase.name in WORDS:
            yield Problem(f"{owner} is called like a word of references", hint="rename it")


class DefinitionCheck:
    """Checks the phases of one workflow.

    Args:
        workflow: Whose phases they are.
        phases: All of them, in the order of execution.
        config: The resolved configuration of the workflow.
        topologies: By name.
        sequences: By name.
    """

    def __init__(
        self,
        workflow: Workflow,
        phases: Sequence[Phase],
        config: Mapping[str, Any],
        *,
        topologies: Mapping[str, type[Topology]],
        sequences: Mapping[str, type[PhaseSequence]],
    ) -> None:
        self._workflow: Final = workflow
        self._phases: Final = {phase.name: phase for phase in phases}
        self._config: Final = Names({}, {}, {"config": config})
        self._topologies: Final = topologies
        self._sequences: Final = sequences
        self._behind: Final[dict[str, set[str]]] = {}
        for phase in phases:
            behind = set(phase.dependencies)
            for name in phase.dependencies:
                behind |= self._behind[name]
            self._behind[phase.name] = behind

    def problems(self) -> Iterator[Problem]:
        """Give everything that is wrong, phase by phase."""
        for phase in self._phases.values():
            owner = f"phase '{phase.name}' of workflow '{self._workflow.name}'"
            yield from self._names(phase, owner)
            yield from self._inputs(phase, owner)
            yield from self._references(phase, phase.config, f"{owner}: config")
            for place, condition in enumerate(phase.conditions):
                yield from self._condition(phase, condition, f"{owner}: conditions[{place}]")
            yield from self._outputs(phase, phase.outputs, owner)
        yield from self._outputs(None, self._workflow.outputs, f"workflow '{self._workflow.name}'")

    def _names(self, phase: Phase, owner: str) -> Iterator[Problem]:
        wanted = [("topology", phase.topology, set(self._topologies))]
        wanted += [("sequence", name, set(self._sequences)) for name in phase.chain]
        for noun, name, known in wanted:
            if name not in known:
                message = f"{owner} names the {noun} '{name}', which does not exist"
                yield Problem(message, hint=did_you_mean(name, known))

    def _inputs(self, phase: Phase, owner: str) -> Iterator[Problem]:
        for name, value in phase.inputs.items():
            paths = list(find_references(value))
            whole = isinstance(value, Ref) or (len(paths) == 1 and value == f"${{{paths[0]}}}")
            if not whole:
                yield Problem(
                    f"{owner}: inputs.{name}: found {kind_of(value)}, expected a reference"
                )
                continue
            if paths[0].split(".")[0] == "inputs":
                yield Problem(f"{owner}: inputs.{name}: an input cannot name inputs")
                continue
            yield from self._references(phase, value, f"{owner}: inputs.{name}")
        topology = self._topologies.get(phase.topology)
        for name, kind in topology.inputs.items() if topology is not None else ():
            if name not in phase.inputs:
                message = f"{owner}: the topology '{phase.topology}' needs the input '{name}'"
                hint = f"write inputs={{'{name}': Ref(…)}}, which gives a {kind.__name__}"
                yield Problem(message, hint=hint)

    def _condition(self, phase: Phase, condition: object, owner: str) -> Iterator[Problem]:
        if isinstance(condition, MetricThreshold):
            yield from self._threshold(phase, condition, owner)
        elif isinstance(condition, Expression):
            try:
                compiled = compile_expression(condition.text)
            except ExpressionSyntaxError as error:
                yield Problem(f"{owner}: {error}")
                return
            for path in compiled.paths:
                yield from self._expression_path(phase, path, owner)
        elif not callable(condition):
            expected = "a MetricThreshold, an Expression or a function"
            yield Problem(f"{owner}: found {kind_of(condition)}, expected {expected}")

    def _threshold(self, phase: Phase, condition: MetricThreshold, owner: str) -> Iterator[Problem]:
        yield from self._reading(phase, condition.phase, ["metrics", condition.name], owner)
        if condition.operator not in OPERATORS:
            message = f"{owner}: there is no operator {kind_of(condition.operator)}"
            yield Problem(message, hint=did_you_mean(str(condition.operator), OPERATORS))
        if has_reference(condition.value):
            yield from self._references(phase, condition.value, owner)
        elif not is_number(condition.value) or not math.isfinite(condition.value):
            found = kind_of(condition.value)
            yield Problem(f"{owner}: value: found {found}, expected a number or a reference to one")

    def _outputs(
        self, phase: Phase | None, outputs: Mapping[str, Output], owner: str
    ) -> Iterator[Problem]:
        for name, output in outputs.items():
            here = f"{owner}: outputs.{name}"
            if not isinstance(output, Output):
                yield Problem(f"{here}: found {kind_of(output)}, expected an Output")
                continue
            yield from self._references(phase, output.value, here, own=True)
            if output.file is not None:
                try:
                    check_output_name(output.file)
                except OutputError as error:
                    yield Problem(f"{here}: {error}")

    def _references(
        self, phase: Phase | None, value: object, owner: str, *, own: bool = False
    ) -> Iterator[Problem]:
        for path in find_references(value):
            name, rest = starting_name(path, self._phases)
            here = f"{owner}: ${{{path}}}"
            if name in self._phases:
                yield from self._reading(phase, str(name), rest, here, own=own)
            elif name == "outputs":
                yield from self._output(phase, rest, here, own=own)
            elif name == "config":
                yield from self._of_config(path, here)
            elif name == "inputs" and phase is not None:
                if take_name(rest, phase.inputs)[0] is None:
                    found = rest[0] if rest else ""
                    hint = did_you_mean(found, phase.inputs)
                    yield Problem(f"{here}: the phase has no input '{found}'", hint=hint)
            elif name != "iteration":
                found = path.split(".")[0]
                beyond = ("parameters",) if phase is not None else ("parameters", "inputs")
                known = [*self._phases, *(word for word in WORDS if word not in beyond)]
                yield Problem(
                    f"{here}: there is no '{found}' here", hint=did_you_mean(found, known)
                )

    def _expression_path(
        self, phase: Phase, path: tuple[str | int, ...], owner: str
    ) -> Iterator[Problem]:
        root, *rest = path
        if root == "config":
            yield from self._of_config(".".join(map(str, path)), owner)
        if root not in ("results", "outputs") or not rest:
            return
        names = phase.own_names or {name: name for name in self._phases}
        if rest[0] not in names:
            hint = did_you_mean(str(rest[0]), names)
            yield Problem(f"{owner}: there is no phase '{rest[0]}'", hint=hint)
            return
        keys = [str(key) for key in rest[1:]]
        full = names[str(rest[0])]
        if root == "results":
            yield from self._reading(phase, full, keys, owner)
        else:
            yield from self._output(phase, [full, *keys], owner)

    def _of_config(self, path: str, owner: str) -> Iterator[Problem]:
        try:
            self._config.look_up(path)
        except MissingReferenceError as error:
            yield Problem(f"{owner}: {error}")

    def _output(
        self, phase: Phase | None, rest: list[str], owner: str, *, own: bool = False
    ) -> Iterator[Problem]:
        if not rest:
            return
        name, further = take_name(rest, self._phases)
        if name is None:
            hint = did_you_mean(rest[0], self._phases)
            yield Problem(f"{owner}: there is no phase '{rest[0]}'", hint=hint)
            return
        yield from self._reading(phase, name, ["outputs", *further], owner, own=own)

    def _reading(
        self,
        reader: Phase | None,
        name: str,
        rest: Sequence[str],
        owner: str,
        *,
        own: bool = False,
    ) -> Iterator[Problem]:
        """Check that ``reader`` may read phase ``name``, and that what it reads can be there."""
        if name not in self._phases:
            hint = did_you_mean(name, self._phases)
            yield Problem(f"{owner}: there is no phase '{name}'", hint=hint)
            return
        if reader is not None and name not in self._behind[reader.name]:
            if name == reader.name and not own:
                yield Problem(f"{owner}: the phase reads itself, which has not run then")
            elif name != reader.name:
                hint = f"add '{name}' to depends_on"
                message = f"{owner}: phase '{reader.name}' reads '{name}' without depending on it"
                yield Problem(message, hint=hint)
        if not rest:
            return
        field, *further = rest
        if field not in PHASE_FIELDS:
            hint = did_you_mean(field, PHASE_FIELDS)
            yield Problem(f"{owner}: a phase has no '{field}'", hint=hint)
        elif field == "metrics" and further and self._phases[name].topology in TOPOLOGIES:
            if further[0] not in METRIC_NAMES:
                hint = did_you_mean(further[0], METRIC_NAMES)
                yield Problem(f"{owner}: there is no metric '{further[0]}'", hint=hint)
        elif field == "outputs" and further:
            declared = self._phases[name].outputs
            if take_name(further, declared)[0] is None:
                hint = did_you_mean(further[0], declared)
                yield Problem(f"{owner}: phase '{name}' has no output '{further[0]}'", hint=hint)
