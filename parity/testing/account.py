"""What a session used of what its settings name, added up over all tests and workers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from parity.errors import UsageError
from parity.testing.choosing import baselines_folder

if TYPE_CHECKING:
    from parity.policy import RuleStanding

__all__ = ["Account", "account_of"]


class Account:
    """Which rules of the settings' policy fired in which tests, and which baselines were used.

    Args:
        baselines: Their folder.
    """

    def __init__(self, baselines: Path) -> None:
        self._fired: Final[dict[tuple[str, str], int]] = {}
        self._used: Final[set[str]] = set()
        self._baselines: Final = baselines

    def add_rules(self, rules: Iterable[RuleStanding]) -> None:
        """Count what the rules did in one verification."""
        for rule in rules:
            key = (rule.place, rule.rule)
            self._fired[key] = self._fired.get(key, 0) + rule.fired

    def add_baseline(self, file: Path) -> None:
        """Note that a baseline was used."""
        self._used.add(str(file))

    def seen(self) -> dict[str, list[Any]]:
        """Give all of it in types that go from one process to another."""
        fired = [[place, rule, number] for (place, rule), number in self._fired.items()]
        return {"fired": fired, "used": sorted(self._used)}

    def take(self, seen: Mapping[str, Sequence[Any]]) -> None:
        """Add what another process saw."""
        for place, rule, fired in seen["fired"]:
            self._fired[place, rule] = self._fired.get((place, rule), 0) + fired
        self._used.update(seen["used"])

    def unused(self) -> list[str]:
        """Say what was not used, a line for each.

        Nothing of a policy that no test applied, and nothing of baselines where no test used one.
        """
        lines = [
            f"{place}: this rule never fired: {rule}"
            for (place, rule), fired in sorted(self._fired.items())
            if not fired
        ]
        return lines + (self._unused_baselines() if self._used else [])

    def _unused_baselines(self) -> list[str]:
        from parity.baselines import BaselineFolder

        folder = BaselineFolder(self._baselines)
        try:
            files = [folder.file_of(key) for key in folder.read_all()]
        except UsageError as error:
            return [str(error)]
        return [f"{file}: not used" for file in files if str(file) not in self._used]


_KEY: Final = pytest.StashKey[Account]()


def account_of(config: pytest.Config) -> Account:
    """Give the account of a session."""
    if _KEY not in config.stash:
        config.stash[_KEY] = Account(baselines_folder(config))
    return config.stash[_KEY]
