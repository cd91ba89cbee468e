"""What one pass through the phases has come to so far, as references and conditions see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy, deepcopy
from typing import Any, Final

import msgspec

from containers.results import PhaseResult
from containers.storage import StoredPortfolios
from imperative.parameters import items_with
from imperative.references import Names, phase_view
from imperative.workflow import Context, Phase

__all__ = ["PassView", "copied"]


class PassView:
    """Results of a pass, in the order in which phases ended.

    Args:
        config: The resolved configuration of the workflow.
        iteration: Index of the pass.
    """

    def __init__(self, config: Mapping[str, Any], iteration: int) -> None:
        self.results: Final[dict[str, PhaseResult]] = {}
        self._config: Final = config
        self._iteration: Final = iteration
        self._views: Final[dict[str, dict[str, Any]]] = {}
        self._strategies: Final[dict[str, Sequence[Mapping[str, Any]]]] = {}

    def add(
        self, name: str, result: PhaseResult, strategies: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        """Take what a phase came to.

        Args:
            name: Of the phase.
            result: What it came to.
            strategies: Those of its resolved configuration, as plain data.
        """
        best = items_with(strategies, result.best_parameters) if strategies else []
        self.results[name] = result
        self._strategies[name] = strategies
        self._views[name] = phase_view(result, deepcopy(best))

    def strategies(self, name: str) -> Sequence[Mapping[str, Any]]:
        """Give the strategies of a phase's resolved configuration."""
        return self._strategies[name]

    @property
    def outputs(self) -> dict[str, Mapping[str, Any]]:
        """All outputs so far, by phase."""
        return {name: result.outputs for name, result in self.results.items() if result.outputs}

    def look_up(
        self, phase: Phase | None = None, inputs: Callable[[], Mapping[str, Any]] | None = None
    ) -> Callable[[str], Any]:
        """Give what finds the value of a path.

        Args:
            phase: Whose references they are; null: the workflow's own.
            inputs: Gives the inputs of the phase when they are asked for.
        """
        others: dict[str, Any] = {
            "config": self._config,
            "outputs": self.outputs,
            "iteration": self._iteration,
        }
        if inputs is not None:
            others["inputs"] = inputs
        look_up = Names(self.results, self._views, others).look_up
        own_names = None if phase is None else phase.own_names
        if own_names is None:
            return look_up
        # Paths below it were given full names when the module was imported; as a whole it is
        # seen as the module's expressions see it.
        mine = self.expression_names(own_names)["outputs"]
        return lambda path: mine if path == "outputs" else look_up(path)

    def expression_names(self, own_names: Mapping[str, str] | None) -> dict[str, Any]:
        """Give what the names of an expression mean.

        Args:
            own_names: Of a module: its names and the phases they mean; null: every phase's own.
        """
        names = {name: name for name in self._views} if own_names is None else own_names
        outputs = self.outputs
        return {
            "results": {
                name: self._views[full] for name, full in names.items() if full in self._views
            },
            "config": self._config,
            "outputs": {name: outputs[full] for name, full in names.items() if full in outputs},
            "iteration": self._iteration,
        }

    def context(self) -> Context:
        """Give what a callable condition may look at."""
        return Context(
            results=copied(self.results),
            config=deepcopy(dict(self._config)),
            outputs=copied(self.outputs),
            iteration=self._iteration,
        )


def copied(value: Any) -> Any:
    """Copy results, so that who is shown them can change nothing.

    Mappings and lists are made anew, also inside frozen results; arrays cannot be written to, and
    traces are shared. What lies in files is read by whoever looks at it.
    """
    if isinstance(value, msgspec.Struct):
        fields = {name: getattr(value, name) for name in value.__struct_fields__}
        changed = {
            name: copied(field)
            for name, field in fields.items()
            if isinstance(field, Mapping | list | tuple | msgspec.Struct) and name != "trace"
        }
        return msgspec.structs.replace(value, **changed) if changed else value
    if isinstance(value, StoredPortfolios):
        stored = copy(value)
        stored.bare = copied(value.bare)  # type: ignore[misc]  # a fresh copy
        return stored
    if isinstance(value, Mapping):
        return {key: copied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [copied(item) for item in value]
    if isinstance(value, tuple):
        return tuple(copied(item) for item in value)
    return value
