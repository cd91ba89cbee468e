"""Deciding on differences by the rules of a policy, and keeping account of what each rule did.

1. An `AppliedPolicy` is one policy during one verification, on one day. It gives a `Judge` for a
   channel of one comparison.
2. Comparators ask the judge where bits differ, and only there: the first rule of that channel whose
   path covers the difference decides, whether it excuses it or not.
3. `AppliedPolicy.take` adds up what the judges of a comparison saw, once that is complete;
   `AppliedPolicy.standings` says how every rule stands at the end.

A rule that has expired decides nothing.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from parity.channels import Channel
from parity.policy.extensions import ask, clean
from parity.policy.rule import Kind, Policy, Rule
from parity.policy.standing import RuleStanding
from parity.recording.plain import plain

__all__ = ["NOBODY", "AppliedPolicy", "Judge", "Ruling"]


class Ruling(NamedTuple):
    """That a rule excuses a difference.

    Attributes:
        rule: The rule.
        share: How much of its tolerance is used, 0 to 1; null where it ignores.
    """

    rule: Rule
    share: float | None


class Account:
    """What one rule did.

    Attributes:
        asked: Differences that it decided on.
        fired: Those of them that it excused.
        used: Largest share of its tolerance; null without one.
    """

    __slots__ = ("asked", "fired", "used")

    def __init__(self) -> None:
        self.asked = 0
        self.fired = 0
        self.used: float | None = None

    def add(self, asked: int, fired: int, used: float | None) -> None:
        """Count decisions, and take the largest share among them."""
        self.asked += asked
        self.fired += fired
        if used is not None:
            self.used = used if self.used is None else max(self.used, used)


class Judge:
    """The rules that hold in one channel, and what they did in one comparison of it."""

    def __init__(self, rules: Sequence[Rule] = ()) -> None:
        self.rules: Final = tuple(rules)
        self.accounts: Final[dict[Rule, Account]] = {}

    def __bool__(self) -> bool:
        return bool(self.rules)

    def rule_for(self, path: str) -> Rule | None:
        """Give the rule that decides on the difference at ``path``; null when none does."""
        for rule in self.rules:
            if rule.pattern.fullmatch(path) is not None:
                return rule
        return None

    def on_values(self, path: str, left: Any, right: Any) -> Ruling | None:
        """Decide on two values whose bits differ; null: they stay different."""
        rule = self.rule_for(path)
        if rule is None:
            return None
        if rule.kind is Kind.IGNORE:
            return self._fired(Ruling(rule, None))
        share = None
        if rule.kind is Kind.TOLERANCE:
            share = rule.tolerance.share(left, right)
        elif rule.comparator is not None and _alike(left, right):
            share = ask(*rule.comparator, path, left, right)
        self.account(rule).add(1, 0, None)
        if share is None:
            return None
        self.account(rule).add(0, 1, share)
        return Ruling(rule, share)

    def on_absence(self, path: str, things: int = 1) -> Ruling | None:
        """Decide on ``things`` that only one side has; only a rule that ignores can excuse them."""
        rule = self.rule_for(path)
        if rule is None:
            return None
        ignored = rule.kind is Kind.IGNORE
        self.account(rule).add(things, things if ignored else 0, None)
        return Ruling(rule, None) if ignored else None

    def takes_whole(self, path: str) -> bool:
        """Whether a rule decides on what lies at ``path`` as a whole, whatever is in it."""
        rule = self.rule_for(path)
        return rule is not None and rule.kind in (Kind.IGNORE, Kind.COMPARATOR)

    def unordered(self, path: str) -> Rule | None:
        """Give the rule by which the order of the list at ``path`` means nothing."""
        rule = self.rule_for(path)
        return rule if rule is not None and rule.kind is Kind.UNORDERED else None

    def on_order(self, rule: Rule) -> Ruling:
        """Note that a rule excused another order."""
        return self._fired(Ruling(rule, None))

    def on_numbers(
        self, path: str, left: npt.NDArray[Any], right: npt.NDArray[Any]
    ) -> npt.NDArray[np.float64]:
        """Decide on pairs of numbers whose bits differ, as `on_values` would on each.

        Args:
            path: Of all of them; the rule that covers it does not ignore.
            left: int64 or float64, none of them null.
            right: As long.

        Returns:
            The share that each pair uses, 0 to 1; NaN where it stays different.
        """
        rule = self.rule_for(path)
        if rule is not None and rule.kind is Kind.TOLERANCE:
            shares = rule.tolerance.shares(left, right)
            excused = shares[~np.isnan(shares)]
            largest = float(excused.max()) if len(excused) else None
            self.account(rule).add(len(left), len(excused), largest)
            return shares
        rulings = [
            self.on_values(path, a, b) for a, b in zip(left.tolist(), right.tolist(), strict=True)
        ]
        answers = [np.nan if r is None or r.share is None else r.share for r in rulings]
        return np.array(answers, np.float64)

    def ignores(self, path: str) -> bool:
        """Whether what lies at ``path`` is ignored, differing or not; nothing is noted."""
        rule = self.rule_for(path)
        return rule is not None and rule.kind is Kind.IGNORE

    @property
    def may_ignore(self) -> bool:
        """Whether any rule here ignores."""
        return any(rule.kind is Kind.IGNORE for rule in self.rules)

    def account(self, rule: Rule) -> Account:
        """Give the account of a rule."""
        return self.accounts.setdefault(rule, Account())

    def _fired(self, ruling: Ruling) -> Ruling:
        self.account(ruling.rule).add(1, 1, ruling.share)
        return ruling


NOBODY: Final = Judge()
"""Excuses nothing."""


class AppliedPolicy:
    """A policy during one verification.

    Args:
        policy: What it says.
        today: The day by which rules expire; a rule holds until the end of its last day.
    """

    def __init__(self, policy: Policy, today: datetime.date) -> None:
        self.policy: Final = policy
        self.today: Final = today
        self._valid: Final = tuple(rule for rule in policy.rules if not self._expired(rule))
        self._accounts: Final[dict[Rule, Account]] = {}
        self._cleaned: Final[dict[str, int]] = {}

    def judge(self, channel: Channel) -> Judge:
        """Give the judge of a channel in one comparison."""
        return Judge([rule for rule in self._valid if channel in rule.channels])

    def cleaned(self, channel: Channel, content: Mapping[str, Any]) -> Mapping[str, Any]:
        """Give content as all cleaners leave it, in the order of the policy.

        Raises:
            UsageError: A cleaner failed.
        """
        for name, cleaner in self.policy.cleaners.items():
            given, content = content, clean(name, cleaner, channel, content)
            changed = _packed(given) != _packed(content)
            self._cleaned[name] = self._cleaned.get(name, 0) + changed
        return content

    def take(self, judges: Iterable[Judge]) -> None:
        """Add what the rules did in one complete comparison."""
        for judge in judges:
            for rule, account in judge.accounts.items():
                total = self._accounts.setdefault(rule, Account())
                total.add(account.asked, account.fired, account.used)

    def standings(self) -> tuple[RuleStanding, ...]:
        """Say how every rule and every cleaner stands, each in the order of the file."""
        cleaners = (self._cleaner(name, place) for name, place in self.policy.places.items())
        return (*map(self._standing, self.policy.rules), *cleaners)

    def _cleaner(self, name: str, place: str) -> RuleStanding:
        fired = self._cleaned.get(name, 0)
        return RuleStanding(
            rule=f"cleaner: {name}",
            place=place,
            reason="cleans both sides before they are compared",
            fired=fired,
            problem=None if fired else "never fired: there was nothing that it changed",
        )

    def _standing(self, rule: Rule) -> RuleStanding:
        account = self._accounts.get(rule, Account())
        return RuleStanding(
            rule=rule.text,
            place=str(rule.place),
            reason=rule.reason,
            owner=rule.owner,
            expires=None if rule.expires is None else rule.expires.isoformat(),
            fired=account.fired,
            used=account.used,
            problem=self._problem(rule, account),
        )

    def _problem(self, rule: Rule, account: Account) -> str | None:
        if self._expired(rule):
            return "expired"
        if account.fired:
            return None
        if account.asked:
            differences = "difference" if account.asked == 1 else "differences"
            return f"never fired: it covers {account.asked:,} {differences} and excused none"
        return "never fired"

    def _expired(self, rule: Rule) -> bool:
        return rule.expires is not None and self.today > rule.expires


def _packed(content: Mapping[str, Any]) -> bytes:
    # MessagePack keeps 1 from 1.0, and of a trace there is the digest.
    return msgspec.msgpack.encode(plain(content))


def _alike(left: Any, right: Any) -> bool:
    """Whether two values are of one type; any two mappings are, and any two lists."""
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return True
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return True
    return type(left) is type(right)
