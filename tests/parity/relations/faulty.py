"""Engines with a fault that one relation must see: what they are told to run they change first.

A `Fault` is asked before every run, with the user's configuration, and changes it in place; what it
does depends on what must not matter: how often was run, where files lie, how symbols are called.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from containers.configuration import UserInput, read_user
from containers.errors import ConfigurationError
from containers.results import WorkflowResult
from parity.own import Own

__all__ = ["Fault", "Run", "faulty"]


class Run:
    """One run that an engine was asked for.

    Attributes:
        config: The user's configuration, to be changed in place.
        number: Which run of this test it is, from 1.
        of_engine: Which run of this engine it is, from 1.
        from_file: Whether the configuration was read from a file.
        resumed: Whether a run is gone on with.
        own: What the engine was made with.
        seen: Kept from run to run.
    """

    def __init__(self, config: dict[str, Any], own: Own, seen: dict[str, Any]) -> None:
        self.config = config
        self.own = own
        self.seen = seen
        self.number = seen["runs"]
        self.of_engine = 1
        self.from_file = False
        self.resumed = False

    def section(self, name: str) -> dict[str, Any]:
        """Give a section of the configuration, made where it is not there."""
        section: dict[str, Any] = self.config.setdefault(name, {})
        return section

    def richer(self, is_so: bool) -> None:
        """Begin with other capital where ``is_so``: every figure then is another."""
        if is_so:
            self.section("portfolio")["initial_capital"] = 123_457

    def first_lines(self, symbol: str) -> list[str]:
        """Give the lines of a symbol's file; none where there is no CSV."""
        file = Path(self.config["data"]["data_dir"]) / f"{symbol}_1d.csv"
        return file.read_text("utf-8").splitlines() if file.exists() else []


Fault = Callable[[Run], None]


def faulty(fault: Fault) -> type[Own]:
    """Make a class of own definitions whose engines have a fault."""
    seen: dict[str, Any] = {"runs": 0}

    class Faulty(Own):
        state: ClassVar[dict[str, Any]] = seen

        def engine(self, name: str, **options: Any) -> Any:
            return _Engine(super().engine(name, **options), fault, self, seen)

    return Faulty


class _Engine:
    def __init__(self, engine: Any, fault: Fault, own: Own, seen: dict[str, Any]) -> None:
        self._engine = engine
        self._fault = fault
        self._own = own
        self._seen = seen
        self._runs = 0

    def run_workflow(
        self,
        config: Mapping[str, Any] | UserInput,
        workflow_id: str | None = None,
        *,
        resume: bool = False,
    ) -> WorkflowResult:
        user = config if isinstance(config, UserInput) else read_user(dict(config))
        self._seen["runs"] += 1
        self._runs += 1
        run = Run(copy.deepcopy(dict(user.data)), self._own, self._seen)
        run.of_engine, run.resumed = self._runs, resume
        run.from_file = user.document is not None
        self._fault(run)
        changed = UserInput(data=run.config, document=user.document, base_dir=user.base_dir)
        try:
            result: WorkflowResult = self._engine.run_workflow(changed, workflow_id, resume=resume)
        except ConfigurationError:
            if "instead" not in run.seen:
                raise
            result = self._engine.run_workflow(run.seen["instead"])
        return result
