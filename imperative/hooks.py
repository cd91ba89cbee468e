"""The hooks of a workflow, called with copies; what they give is checked and journalled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any, Final

from containers.configuration import canonical
from containers.errors import ConfigurationError, HookError, Problem
from containers.journal import HookCalled, Journal
from containers.results import LoopIterationResult
from imperative.passes import copied
from imperative.values import kind_of
from imperative.workflow import Branch, Hook, Workflow, has_hook

__all__ = ["Hooks"]


class Hooks:
    """The hooks of a workflow after one pass.

    Args:
        workflow: Whose hooks they are.
        index: Of the pass.
        config: The resolved configuration of the workflow.
        journal: Of the pass.
    """

    def __init__(
        self, workflow: Workflow, index: int, config: Mapping[str, Any], journal: Journal
    ) -> None:
        self._workflow: Final = workflow
        self._index: Final = index
        self._config: Final = config
        self._journal: Final = journal

    def branches(self, result: LoopIterationResult) -> tuple[Branch, ...]:
        """Ask for the workflows that run after the pass; none without the hook.

        Raises:
            HookError: It gave something else, or changed the configuration.
            Exception: What it raised.
        """
        if not has_hook(self._workflow, "get_branches"):
            return ()
        hook = self._workflow.get_branches
        given = self._call("get_branches", lambda config: hook(copied(result), self._index, config))
        if not isinstance(given, Sequence) or isinstance(given, str):
            raise self._wrong("get_branches", given, "a list of Branch")
        for branch in given:
            if not isinstance(branch, Branch) or not isinstance(branch.config, Mapping):
                raise self._wrong("get_branches", branch, "a list of Branch")
        self._journalled("get_branches", [branch.name for branch in given])
        return tuple(given)

    def continues(self, result: LoopIterationResult) -> bool:
        """Ask whether another pass follows; none does without the hook.

        Raises:
            HookError: It gave something else, or changed the configuration.
            Exception: What it raised.
        """
        if not has_hook(self._workflow, "should_continue"):
            return False
        hook = self._workflow.should_continue
        given = self._call(
            "should_continue", lambda config: hook(copied(result), self._index, config)
        )
        if not isinstance(given, bool):
            raise self._wrong("should_continue", given, "true or false")
        self._journalled("should_continue", given)
        return given

    def changes(self, result: LoopIterationResult) -> dict[str, Any]:
        """Ask what changes in the user's configuration; nothing without the hook.

        Raises:
            HookError: It gave something else, or changed the configuration.
            ConfigurationError: It changes what belongs to the run as a whole.
            Exception: What it raised.
        """
        if not has_hook(self._workflow, "modify_config_for_next"):
            return {}
        hook = self._workflow.modify_config_for_next
        given = self._call(
            "modify_config_for_next", lambda config: hook(config, copied(result), self._index)
        )
        if not isinstance(given, Mapping):
            raise self._wrong("modify_config_for_next", given, "a mapping of changes")
        changes = deepcopy(dict(given))
        self._journalled("modify_config_for_next", changes)
        for key in ("workflow", "results"):
            if key in changes:
                message = f"the changes for the next pass name '{key}', which holds for the run"
                raise ConfigurationError([Problem(message, path=(key,))])
        return changes

    def _call(self, hook: Hook, call: Callable[[dict[str, Any]], Any]) -> Any:
        """Call a hook with a copy of the configuration, and see that it leaves it as it is."""
        shown = deepcopy(dict(self._config))
        given = call(shown)
        try:
            same = canonical(shown) == canonical(self._config)
        except (TypeError, ValueError):
            same = False
        if not same:
            raise HookError(
                f"{hook} of workflow '{self._workflow.name}' changed the configuration it was "
                "shown; give changes from modify_config_for_next"
            )
        return given

    def _journalled(self, hook: Hook, result: Any) -> None:
        arguments = {"index": self._index}
        self._journal.write(HookCalled(hook=hook, arguments=arguments, result=result))

    def _wrong(self, hook: Hook, given: object, expected: str) -> HookError:
        return HookError(
            f"{hook} of workflow '{self._workflow.name}' gave {kind_of(given)}, expected {expected}"
        )
