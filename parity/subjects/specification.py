"""Subjects by name: ``ENGINE[:key=value,…]``.

Engines beyond our own join by the entry-point group ``parity.engines``: each names a callable that
takes the options of the specification as a mapping and gives a `Subject`.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

import msgspec

from containers.errors import ExecutorError
from containers.journal import JournalConsumer
from containers.nearest import did_you_mean
from parity.errors import UsageError
from parity.own import ENGINES, Own
from parity.record import Record

if TYPE_CHECKING:
    from containers.executors import UnitExecutor
    from parity.subjects.limits import Limits

__all__ = [
    "HASH_SEED",
    "Subject",
    "SubjectFactory",
    "SubjectSpec",
    "parse_subject",
    "subject_for",
    "told_apart",
]

_GROUP: Final = "parity.engines"
_LAST_SEED: Final = 4_294_967_295

HASH_SEED: Final = "hash_seed"
"""The key that needs a process of its own: the seed counts from its beginning."""
ORACLE: Final = "oracle"

OPTIONS: Final[Mapping[str, tuple[str, ...] | None]] = {
    "trace": ("none", "minimal", "standard", "detailed"),
    "storage": ("memory", "disk", "hybrid"),
    "executor": (),
    "interrupt": (),
    "hash_seed": (),
    "backend": None,
}
"""Keys of a specification with their values.

Empty: see `_CHECKS`. Null: not available yet.
"""


class Subject(Protocol):
    """Something that can run a workflow and be recorded."""

    @property
    def name(self) -> str:
        """How reports call it: its specification."""
        ...

    def run(self, config: Mapping[str, Any] | Path, root: Path) -> Record:
        """Run ``config`` and record it.

        A refusal or failure is a record too. ``root`` is a folder of the subject's own for what
        it stores; it need not exist.
        """
        ...


SubjectFactory: TypeAlias = Callable[[Mapping[str, str]], Subject]


class SubjectSpec(msgspec.Struct, frozen=True):
    """A parsed specification."""

    engine: str
    options: Mapping[str, str] = {}

    def __str__(self) -> str:
        options = ",".join(f"{key}={value}" for key, value in self.options.items())
        return f"{self.engine}:{options}" if options else self.engine


def parse_subject(text: str) -> SubjectSpec:
    """Parse ``ENGINE[:key=value,…]``.

    >>> parse_subject("declarative:trace=standard,executor=dask://127.0.0.1:8786").options
    {'trace': 'standard', 'executor': 'dask://127.0.0.1:8786'}

    Raises:
        UsageError: It is not of that form, or a key or value does not exist.
    """
    engine, colon, rest = text.partition(":")
    options: dict[str, str] = {}
    for part in rest.split(",") if colon else ():
        key, equals, value = part.partition("=")
        if not equals or not value:
            raise UsageError(f"subject '{text}': found '{part}', expected key=value")
        if key not in OPTIONS:
            raise UsageError(f"subject '{text}': unknown key '{key}'; {did_you_mean(key, OPTIONS)}")
        if key in options:
            raise UsageError(f"subject '{text}': '{key}' is given twice")
        allowed = OPTIONS[key]
        if allowed is None:
            raise UsageError(f"subject '{text}': '{key}' is not available in this version")
        if key in _CHECKS:
            _CHECKS[key](text, value)
        elif value not in allowed:
            hint = did_you_mean(value, allowed)
            raise UsageError(f"subject '{text}': {key} cannot be '{value}'; {hint}")
        options[key] = value
    if "interrupt" in options and options.get("storage") not in ("disk", "hybrid"):
        raise UsageError(
            f"subject '{text}': 'interrupt' needs storage=disk or storage=hybrid, from which an "
            "interrupted run can be resumed"
        )
    return SubjectSpec(engine=engine, options=options)


def _check_count(text: str, value: str) -> None:
    if not value.isascii() or not value.isdecimal() or not int(value):
        raise UsageError(
            f"subject '{text}': found interrupt={value}, expected after how many units: 1 or more"
        )


def _check_seed(text: str, value: str) -> None:
    is_number = value.isascii() and value.isdecimal() and len(value) <= 10
    if value != "random" and not (is_number and int(value) <= _LAST_SEED):
        raise UsageError(
            f"subject '{text}': found hash_seed={value}, expected 0 to {_LAST_SEED}, or random: "
            "what PYTHONHASHSEED can be"
        )


def _check_executor(text: str, value: str) -> None:
    from containers.executors import parse_executor

    try:
        parse_executor(value)
    except ExecutorError as error:
        raise UsageError(f"subject '{text}': {error}") from error


_CHECKS: Final[Mapping[str, Callable[[str, str], None]]] = {
    "executor": _check_executor,
    "hash_seed": _check_seed,
    "interrupt": _check_count,
}
"""Of keys that take more than a few words: refuse a value, given the specification and it."""


def subject_for(
    spec: SubjectSpec,
    own: Own | None = None,
    watch: JournalConsumer | None = None,
    executor: UnitExecutor | str | None = None,
    limits: Limits | None = None,
) -> Subject:
    """Give the subject that a specification names.

    Args:
        spec: The specification.
        own: A user's own patterns and components, for our two engines; null: none.
        watch: Hears the journals of our two engines as well; null: nobody does.
        executor: Where units of our two engines run, left open; null, or text: where the
            specification says or else the text, opened for each run.
        limits: Of each run, in a process of its own; null: in this process, unless the
            specification has a ``hash_seed``. The oracle is always in this one: it is ours, and
            reads the control's record.

    Raises:
        UsageError: There is no such engine, or two of that name, or it takes no executor, or it
            can't be made.
    """
    own = Own() if own is None else own
    factories = _factories(own, watch, executor)
    if spec.engine not in factories:
        hint = did_you_mean(spec.engine, factories)
        raise UsageError(f"there is no engine '{spec.engine}'; {hint}")
    if spec.engine != ORACLE and (limits is not None or HASH_SEED in spec.options):
        from parity.subjects.isolated import ProcessSubject
        from parity.subjects.limits import UNLIMITED

        text = executor if executor is None or isinstance(executor, str) else executor.name
        return ProcessSubject(
            spec, own, watch=watch, executor=text, limits=UNLIMITED if limits is None else limits
        )
    return factories[spec.engine](spec.options)


def _factories(
    own: Own, watch: JournalConsumer | None, executor: UnitExecutor | str | None
) -> dict[str, SubjectFactory]:
    # Late: an engine is only imported when it is asked for.
    def engine(name: str) -> SubjectFactory:
        def factory(options: Mapping[str, str]) -> Subject:
            from parity.subjects.engine import EngineSubject

            make = partial(own.engine, name)
            return EngineSubject(name, make, options, lambda: own.components, watch, executor)

        return factory

    def oracle(options: Mapping[str, str]) -> Subject:
        from parity.subjects.oracle import OracleSubject

        for key in ("executor", HASH_SEED):
            if key in options:
                raise UsageError(f"the oracle works in this process alone; leave its '{key}' out")
        return OracleSubject(options)

    factories = {**{name: engine(name) for name in ENGINES}, ORACLE: oracle}
    for point in entry_points(group=_GROUP):
        if point.name in factories:
            raise UsageError(
                f"two engines are called '{point.name}'; one is {point.value} (entry point of "
                f"{point.dist.name if point.dist else 'an unknown distribution'}): rename it"
            )
        factories[point.name] = _loading(point)
    return factories


def told_apart(subjects: Sequence[Subject]) -> list[Subject]:
    """Number those of one name, from the second on: ``declarative``, ``declarative (2)``.

    Args:
        subjects: As `subject_for` gives them.
    """
    seen: Counter[str] = Counter()
    apart: list[Subject] = []
    for subject in subjects:
        seen[subject.name] += 1
        count = seen[subject.name]
        one: Any = subject if count == 1 else copy.copy(subject)
        if count > 1:
            one.name = f"{subject.name} ({count})"
        apart.append(one)
    return apart


class _Named:
    """A subject under another name: that it calls itself by could be anyone's."""

    def __init__(self, name: str, subject: Subject) -> None:
        self.name = name
        self._subject = subject

    def run(self, config: Mapping[str, Any] | Path, root: Path) -> Record:
        """Run ``config`` as the subject does."""
        return self._subject.run(config, root)


def _loading(point: EntryPoint) -> SubjectFactory:
    engine = f"engine '{point.name}' ({point.value})"

    def factory(options: Mapping[str, str]) -> Subject:
        try:
            made: Subject | None = point.load()(options)
            is_one = callable(getattr(made, "run", None)) and isinstance(
                getattr(made, "name", None), str
            )
        except (Exception, SystemExit) as error:  # foreign code; nothing has been run yet
            what = f"{type(error).__name__}: {error}"
            raise UsageError(f"{engine} can't be made: {what}") from error
        if not is_one:
            raise UsageError(f"{engine} gave no subject: {made!r:.200}")
        assert made is not None
        return _Named(str(SubjectSpec(point.name, options)), made)

    return factory
