"""Reading a policy file; whatever is wrong with it is said at once, each with its place.

1. `containers.strict_yaml` gives the data with positions; duplicate keys end there.
2. `_Reader.rule` turns each entry into a `Rule`, or notes what is wrong with it.
3. `_Reader.contradictions` finds rules that say two things about the same differences, and rules
   that can never decide because one before them decides on all that they cover.
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from containers.errors import ConfigPath, ConfigurationError, Location
from containers.nearest import did_you_mean
from containers.strict_yaml import Document, load, loads
from parity.channels import ALL, Channel
from parity.errors import UsageError
from parity.policy.extensions import CLEANERS, COMPARATORS
from parity.policy.extensions import load as load_extension
from parity.policy.globs import BadGlobError, compile_glob, covers
from parity.policy.rule import BOUNDS, NO_LISTS, Kind, Policy, Rule, one_line
from parity.policy.tolerance import Tolerance

__all__ = ["KEYS", "SCHEMA", "parse_policy", "read_policy"]

SCHEMA: Final = "paritykit/policy/1"
"""What the key ``schema`` of a policy file must say."""

_TOP: Final = ("schema", "rules", "cleaners")
KEYS: Final = (
    "channel", "path", "abs", "rel", "ulp", "nan_equal", "ignore", "unordered", "comparator",
    "reason", "owner", "expires",
)  # fmt: skip
"""The keys of a rule."""

_FLAGS: Final = ("nan_equal", "ignore", "unordered")
_KINDS: Final = ("abs", "rel", "ulp", "nan_equal", "ignore", "unordered", "comparator")
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


def read_policy(path: Path) -> Policy:
    """Read a policy file, and load the comparators and cleaners it names.

    Raises:
        UsageError: It cannot be read, or something in it is wrong: a line for each problem, with
            its place. Nothing has been compared.
    """
    try:
        document = load(path)
    except ConfigurationError as error:
        raise UsageError(str(error)) from error
    return _Reader(document).policy()


def parse_policy(text: str, file: str = "policy") -> Policy:
    """Read a policy from text; ``file`` is the name that messages carry.

    Raises:
        UsageError: As `read_policy`.
    """
    try:
        document = loads(text, file)
    except ConfigurationError as error:
        raise UsageError(str(error)) from error
    return _Reader(document).policy()


class _Reader:
    """One reading of one document, collecting problems."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._problems: list[tuple[int, int, str]] = []  # line, column, what is said of it

    def policy(self) -> Policy:
        """Give the policy; `UsageError` with all problems where there are any."""
        data = self._document.data
        for key in data:
            if key not in _TOP:
                self._note((key,), f"unknown key '{key}'; {did_you_mean(key, _TOP)}", key=True)
        if "schema" not in data:
            self._note((), f"found no 'schema', expected 'schema: {SCHEMA}'")
        elif data["schema"] != SCHEMA:
            self._note(("schema",), f"found the schema {data['schema']!r}, expected '{SCHEMA}'")
        cleaners = self._cleaners(data.get("cleaners", []))
        rules = self._rules(data.get("rules", []), required="cleaners" not in data)
        self._contradictions(rules)
        if self._problems:
            self._problems.sort(key=lambda problem: problem[:2])
            raise UsageError("\n".join(said for _, _, said in self._problems))
        places = {name: str(self._at(("cleaners", at))) for at, name in enumerate(cleaners)}
        return Policy(self._document.file, tuple(rules), cleaners, places)

    def _rules(self, entries: Any, *, required: bool) -> list[Rule]:
        if not isinstance(entries, list):
            self._note(("rules",), f"found {_shown(entries)} for rules, expected a list of rules")
            return []
        if not entries and required:
            self._note(
                ("rules",), "found no rules, expected at least one; leave the policy out instead"
            )
        rules = []
        for number, entry in enumerate(entries):
            before = len(self._problems)
            rule = self._rule(("rules", number), entry)
            if rule is not None and len(self._problems) == before:
                rules.append(rule)
        return rules

    def _rule(self, at: ConfigPath, entry: Any) -> Rule | None:
        if not isinstance(entry, dict):
            self._note(at, f"found {_shown(entry)} for a rule, expected a mapping")
            return None
        for key in entry:
            if key not in KEYS:
                self._note((*at, key), f"unknown key '{key}'; {did_you_mean(key, KEYS)}", key=True)
        channels = self._channels(at, entry)
        pattern = self._pattern(at, entry)
        kind = self._kind(at, entry, channels)
        reason = self._text(at, entry, "reason", why="every rule says why it is there")
        owner = self._text(at, entry, "owner") if "owner" in entry else None
        expires = self._day(at, entry)
        tolerance = self._tolerance(at, entry)
        comparator = None
        if kind is Kind.COMPARATOR:
            name = self._text(at, entry, "comparator")
            if name:
                place = self._at((*at, "comparator"))
                loaded = self._load(COMPARATORS, name, place)
                comparator = None if loaded is None else (name, loaded)
        if kind is None or pattern is None:
            return None
        return Rule(
            channels=channels,
            path=entry["path"],
            pattern=pattern,
            kind=kind,
            reason=reason,
            text=one_line(entry),
            place=self._at(at),
            tolerance=tolerance,
            comparator=comparator,
            owner=owner,
            expires=expires,
        )

    def _channels(self, at: ConfigPath, entry: Mapping[str, Any]) -> frozenset[Channel]:
        if "channel" not in entry:
            self._note(at, "found no 'channel', expected a channel, a list of them, or '*'")
            return ALL
        named = entry["channel"]
        if named == "*":
            return ALL
        place: ConfigPath = (*at, "channel")
        listed = isinstance(named, list)
        names = named if isinstance(named, list) else [named]
        if not names:
            self._note(place, "found no channel, expected one, a list of them, or '*'")
        channels = set()
        for number, name in enumerate(names):
            here = (*place, number) if listed else place
            if not isinstance(name, str):
                self._note(here, f"found {_shown(name)} for a channel, expected its name")
            elif name == "*":
                self._note(here, "found '*' in a list, expected it alone: it is every channel")
            elif name not in ALL:
                hint = did_you_mean(name, [channel.value for channel in ALL])
                self._note(here, f"there is no channel '{name}'; {hint}")
            elif name in channels:
                self._note(here, f"the channel '{name}' is named twice")
            else:
                channels.add(Channel(name))
        return frozenset(channels)

    def _pattern(self, at: ConfigPath, entry: Mapping[str, Any]) -> re.Pattern[str] | None:
        glob = entry.get("path")
        if "path" not in entry:
            self._note(at, "found no 'path', expected a glob such as '**: sharpe_ratio'")
        elif not isinstance(glob, str):
            self._note((*at, "path"), f"found {_shown(glob)} for a path, expected a glob")
        else:
            try:
                return compile_glob(glob)
            except BadGlobError as error:
                self._note((*at, "path"), str(error))
        return None

    def _kind(
        self, at: ConfigPath, entry: Mapping[str, Any], channels: frozenset[Channel]
    ) -> Kind | None:
        given = [key for key in _KINDS if key in entry]
        for key in _FLAGS:
            if key in entry and entry[key] is not True:
                self._note(
                    (*at, key), f"found {_shown(entry[key])} for {key}, expected true, or no {key}"
                )
        if not given:
            self._note(at, f"found nothing to do in the rule, expected one of {', '.join(_KINDS)}")
            return None
        kinds = {Kind.TOLERANCE if key in BOUNDS else Kind(key) for key in given}
        if len(kinds) > 1:
            self._note(
                (*at, given[-1]),
                f"{' and '.join(given)} contradict each other in one rule; of these only "
                f"{', '.join(BOUNDS)} can stand together",
                key=True,
            )
            return None
        (kind,) = kinds
        if kind is Kind.UNORDERED and channels and channels <= NO_LISTS:
            names = ", ".join(sorted(channels))
            self._note(
                (*at, "unordered"), f"{names} has no lists without order; it goes by time", key=True
            )
        return kind

    def _tolerance(self, at: ConfigPath, entry: Mapping[str, Any]) -> Tolerance:
        bounds = {key: self._bound(at, entry, key) for key in ("abs", "rel", "ulp") if key in entry}
        return Tolerance(**bounds, nan_equal=entry.get("nan_equal") is True)

    def _bound(self, at: ConfigPath, entry: Mapping[str, Any], key: str) -> Any:
        value = entry[key]
        whole = key == "ulp"
        expected = f"a {'whole number' if whole else 'number'} of 0 or more"
        if type(value) not in ((int,) if whole else (int, float)):
            self._note((*at, key), f"found {_shown(value)} for {key}, expected {expected}")
        elif value < 0 or (isinstance(value, float) and not math.isfinite(value)):
            self._note((*at, key), f"found {key}: {value}, expected {expected}, not infinite")
        else:
            return value
        return None

    def _text(
        self, at: ConfigPath, entry: Mapping[str, Any], key: str, *, why: str | None = None
    ) -> str:
        because = f": {why}" if why else ""
        value = entry.get(key)
        if key not in entry:
            self._note(at, f"found no '{key}', expected text{because}")
        elif not isinstance(value, str):
            self._note((*at, key), f"found {_shown(value)} for {key}, expected text{because}")
        elif not value.strip():
            self._note((*at, key), f"found an empty {key}, expected text{because}")
        else:
            return value.strip()
        return ""

    def _day(self, at: ConfigPath, entry: Mapping[str, Any]) -> datetime.date | None:
        if "expires" not in entry:
            return None
        value = entry["expires"]
        if isinstance(value, str) and _DAY.fullmatch(value):
            try:
                return datetime.date.fromisoformat(value)
            except ValueError:
                pass
        self._note(
            (*at, "expires"),
            f"found {_shown(value)} for expires, expected a day that exists, as YYYY-MM-DD",
        )
        return None

    def _cleaners(self, names: Any) -> dict[str, Any]:
        if not isinstance(names, list) or (not names and "cleaners" in self._document.data):
            self._note(
                ("cleaners",), f"found {_shown(names)} for cleaners, expected a list of names"
            )
            return {}
        cleaners: dict[str, Any] = {}
        for number, name in enumerate(names):
            at = ("cleaners", number)
            if not isinstance(name, str) or not name.strip():
                self._note(at, f"found {_shown(name)} for a cleaner, expected its name")
            elif name in cleaners:
                self._note(at, f"the cleaner '{name}' is named twice")
            else:
                cleaners[name] = self._load(CLEANERS, name, self._at(at))
        return cleaners

    def _contradictions(self, rules: Sequence[Rule]) -> None:
        for number, rule in enumerate(rules):
            for earlier in rules[:number]:
                shared = rule.channels & earlier.channels
                if not shared:
                    continue
                if rule.path == earlier.path:
                    where = "every channel" if shared == ALL else ", ".join(sorted(shared))
                    self._say(
                        rule.place,
                        f"the path '{rule.path}' in {where} has a rule already, at "
                        f"{earlier.place}; expected one rule that says everything about it",
                    )
                    break
                if rule.channels <= earlier.channels and _hides(earlier, rule):
                    self._say(
                        rule.place,
                        f"this rule can never decide: the one at {earlier.place} comes before it, "
                        f"and its path '{earlier.path}' covers '{rule.path}'; put the narrower "
                        "rule first",
                    )
                    break

    def _load(self, group: str, name: str, place: Location) -> Any:
        try:
            return load_extension(group, name)
        except UsageError as error:
            self._say(place, str(error))
            return None

    def _note(self, path: ConfigPath, message: str, *, key: bool = False) -> None:
        self._say(self._document.locate(path, key=key), message)

    def _say(self, place: Location, message: str) -> None:
        self._problems.append((place.line, place.column, f"{place}: {message}"))

    def _at(self, path: ConfigPath) -> Location:
        return self._document.locate(path)


def _hides(earlier: Rule, later: Rule) -> bool:
    """Whether ``earlier`` decides on all that ``later`` covers."""
    return covers(earlier.path, later.path)


def _shown(value: Any) -> str:
    """Show a value as the file has it, by what it is where that is long."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    return f"text {value!r}" if isinstance(value, str) else repr(value)
