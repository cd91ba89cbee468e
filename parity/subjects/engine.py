"""Our two engines as subjects."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from containers.components import Components, default_components
from containers.configuration import UserInput, read_user, validate_partial
from containers.errors import ConfigPath, ConfigurationError
from containers.journal import Entry, JournalConsumer, UnitExecuted
from containers.results import PlannedRun, WorkflowResult
from parity.errors import SubjectError
from parity.record import Record, record_of_crash, record_of_refusal, record_of_run

if TYPE_CHECKING:
    from containers.executors import UnitExecutor

__all__ = ["Engine", "EngineSubject", "told", "told_by"]

_RESULTS: Final = "results"
_INTERRUPTED: Final = "interrupted"
"""Id of a run that is interrupted and resumed."""


class Engine(Protocol):
    """What `imperative.Coordinator` and `declarative.DeclarativeWorkflowManager` share."""

    def run_workflow(
        self,
        config: Mapping[str, Any] | str | Path | UserInput,
        workflow_id: str | None = None,
        *,
        resume: bool = False,
    ) -> WorkflowResult:
        """Run a workflow, or go on with one."""
        ...

    def plan_workflow(self, config: Mapping[str, Any] | str | Path | UserInput) -> PlannedRun:
        """Say what `run_workflow` would run, and run nothing."""
        ...


class EngineSubject:
    """An engine, run in this process and recorded through its journal and result.

    Args:
        engine: Name of the engine.
        factory: Makes one; takes ``consumers``, ``root`` and ``executor``.
        options: ``trace``, ``storage``, ``executor`` and ``interrupt``; without ``trace`` it
            records at ``detailed``.
        components: Gives what exists.
        watch: Hears the journal as well; null: nobody does.
        executor: Where units run, left open; null, or text: where ``options`` say or else the
            text, opened for each run.
    """

    def __init__(
        self,
        engine: str,
        factory: Callable[..., Engine],
        options: Mapping[str, str],
        components: Callable[[], Components] = default_components,
        watch: JournalConsumer | None = None,
        executor: UnitExecutor | str | None = None,
    ) -> None:
        self._factory = factory
        self._watch = watch
        as_text = executor is None or isinstance(executor, str)
        self._executor = options.get("executor", executor) if as_text else executor
        self._components = components
        self._told = told_by(options)
        self._interrupted_after = int(options["interrupt"]) if "interrupt" in options else None
        text = ",".join(f"{key}={value}" for key, value in options.items())
        self.name = f"{engine}:{text}" if text else engine

    def run(self, config: Mapping[str, Any] | Path, root: Path) -> Record:
        """Run ``config``; results that are stored go below ``root``."""
        entries: list[Entry] = []
        began = time.perf_counter()
        try:
            user = read_user(config)
            # As written: what the subject is told must not hide that the user's word is wrong.
            validate_partial(user.data, components=self._components(), locate=user.locate)
            user = told(user, self._told)
            resumed = self._interrupted_after is not None and self._begin(user, root)
            consumers = [entries.append, *([] if self._watch is None else [self._watch])]
            engine = self._factory(consumers=consumers, root=root, executor=self._executor)
            if resumed:
                result = engine.run_workflow(user, _INTERRUPTED, resume=True)
            else:
                result = engine.run_workflow(user)
        except ConfigurationError as error:
            elapsed = time.perf_counter() - began
            file = config if isinstance(config, Path) else None
            return record_of_refusal(self.name, error, elapsed, root=root, config=file)
        except Exception as error:  # noqa: BLE001  # whatever an engine lets out is its verdict
            return record_of_crash(self.name, error, time.perf_counter() - began)
        elapsed = time.perf_counter() - began
        return record_of_run(
            self.name, result, entries, elapsed,
            told=self._told, root=root, folder=root / _RESULTS / result.workflow_id,
            executor=_name(self._executor), resumed=resumed,
        )  # fmt: skip

    def _begin(self, user: UserInput, root: Path) -> bool:
        """Run until so many units have finished, then leave as Ctrl-C does.

        Answers whether the run was interrupted; one that fails before that is not.

        Raises:
            SubjectError: It succeeded before so many units had finished.
        """
        finished = 0

        def hear(entry: Entry) -> None:
            nonlocal finished
            finished += isinstance(entry.record, UnitExecuted)
            if finished == self._interrupted_after:
                raise _Interruption

        engine = self._factory(consumers=[hear], root=root, executor=self._executor)
        try:
            result = engine.run_workflow(user, _INTERRUPTED)
        except _Interruption:
            return True
        if result.success:
            raise SubjectError(
                f"the run was to be interrupted after {self._interrupted_after} units, and came to "
                f"its end after {finished}; give interrupt a smaller number"
            )
        return False


class _Interruption(KeyboardInterrupt):
    """Raised in place of a Ctrl-C, so that a true one is not taken for it."""


def _name(executor: UnitExecutor | str | None) -> str:
    if executor is None:
        return "serial"
    return executor if isinstance(executor, str) else executor.name


def told_by(options: Mapping[str, str]) -> dict[ConfigPath, str]:
    """Give the settings, by path, with which a subject's options override a configuration."""
    settings: dict[ConfigPath, str] = {
        ("trace_level",): options.get("trace", "detailed"),
        ("results", "directory"): _RESULTS,  # whatever the user's, each subject has its own
    }
    if "storage" in options:
        settings["results", "storage"] = options["storage"]
    return settings


def told(user: UserInput, settings: Mapping[ConfigPath, Any]) -> UserInput:
    """Override settings in a user's input; one below no mapping is left to be refused."""
    data = copy.deepcopy(user.data)
    for path, value in settings.items():
        node: Any = data
        for key in path[:-1]:
            node = node.setdefault(key, {}) if isinstance(node, dict) else None
        if isinstance(node, dict):
            node[path[-1]] = value
    return UserInput(data=data, document=user.document, base_dir=user.base_dir)
