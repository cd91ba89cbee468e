"""What a session used of what its settings name, added up over all tests and workers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import pytest

from parity.policy import RuleStanding

__all__ = ["Account", "account_of"]


class Account:
    """Which rules of the settings' policy fired in which tests, of those that applied it."""

    def __init__(self) -> None:
        self._fired: Final[dict[tuple[str, str], int]] = {}

    def add(self, rules: Iterable[RuleStanding]) -> None:
        """Count what the rules did in one verification."""
        for rule in rules:
            key = (rule.place, rule.rule)
            self._fired[key] = self._fired.get(key, 0) + rule.fired

    def seen(self) -> list[list[Any]]:
        """Give all of it in types that go from one process to another."""
        return [[place, rule, fired] for (place, rule), fired in self._fired.items()]

    def take(self, seen: Sequence[Sequence[Any]]) -> None:
        """Add what another process saw."""
        for place, rule, fired in seen:
            self._fired[place, rule] = self._fired.get((place, rule), 0) + fired

    def unused(self) -> list[str]:
        """Say what was not used, a line for each; nothing of a policy that no test applied."""
        return [
            f"{place}: this rule never fired: {rule}"
            for (place, rule), fired in sorted(self._fired.items())
            if not fired
        ]


_KEY: Final = pytest.StashKey[Account]()


def account_of(config: pytest.Config) -> Account:
    """Give the account of a session."""
    if _KEY not in config.stash:
        config.stash[_KEY] = Account()
    return config.stash[_KEY]
