"""Faults of a user's own: from a folder that a caller names, and by entry point.

1. `faults_of_folder` reads YAML files (a list under ``faults``), and imports Python files, which
   have a ``FAULTS``. Only a caller's word leads here.
2. `faults_of_entry_points` loads what installed distributions name in the group ``parity.faults``:
   a fault, some faults, or a function that gives them.
3. `checked` refuses two of one id.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Final

import msgspec

from containers.errors import ConfigPath, ConfigurationError, Location, Problem
from containers.nearest import did_you_mean
from containers.strict_yaml import Document, load
from parity.channels import Channel
from parity.errors import UsageError
from parity.faults.bars import Bars
from parity.faults.fault import Edit, Fault, Scenario

__all__ = ["GROUP", "checked", "faults_of_entry_points", "faults_of_folder"]

GROUP: Final = "parity.faults"
_NAME: Final = "FAULTS"
_TOP: Final = "faults"


def faults_of_folder(folder: Path) -> tuple[Fault, ...]:
    """Read every ``.yaml``, ``.yml`` and ``.py`` file of ``folder``, in order of names.

    Files that begin with ``_`` are left out.

    Raises:
        ConfigurationError: A file is no good; every problem of all files is named.
        UsageError: There is no fault in it.
    """
    from containers.components.discovery import load_modules

    found: list[Fault] = []
    problems: list[Problem] = []
    for module in load_modules(folder):
        file = str(module.__file__)
        if hasattr(module, _NAME):
            found += _given(getattr(module, _NAME), f"{_NAME} of {file}")
    for path in sorted(folder.iterdir()):
        if path.suffix in (".yaml", ".yml") and not path.name.startswith("_"):
            try:
                found += _of_document(load(path))
            except ConfigurationError as error:
                problems += error.problems
    if problems:
        raise ConfigurationError(problems)
    if not found:
        raise UsageError(
            f"{folder} has no fault; expected .yaml files with a list '{_TOP}', or .py files with "
            f"a '{_NAME}'"
        )
    return tuple(found)


def faults_of_entry_points() -> tuple[Fault, ...]:
    """Load the faults of installed distributions.

    Raises:
        UsageError: One cannot be loaded, or gives no fault.
    """
    found: list[Fault] = []
    for point in entry_points(group=GROUP):
        where = f"entry point '{point.name}' ({point.value})"
        try:
            given = point.load()
            given = given() if callable(given) else given
        except Exception as error:  # foreign code; nothing has been run yet
            raise UsageError(
                f"{where} of the group {GROUP} cannot be loaded: {type(error).__name__}: {error}"
            ) from error
        found += _given(given, where)
    return tuple(found)


def checked(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    """Give the faults.

    Raises:
        UsageError: Two have one id, or what is expected to see one does not exist.
    """
    seers = list(_seers())
    by_id: dict[str, Fault] = {}
    for fault in faults:
        if fault.id in by_id:
            raise UsageError(
                f"two faults are called '{fault.id}': '{by_id[fault.id].title}' and "
                f"'{fault.title}'; rename one"
            )
        if fault.expected not in seers:
            hint = did_you_mean(fault.expected, seers)
            raise UsageError(
                f"fault '{fault.id}' is expected to be seen by '{fault.expected}', which does not "
                f"exist; {hint}"
            )
        by_id[fault.id] = fault
    return tuple(by_id.values())


def _seers() -> Iterator[str]:
    """Name all that can see a fault; see `parity.faults.fault`."""
    from parity.invariants import INVARIANTS
    from parity.relations import RELATIONS

    yield from ("refusal", "planted", "crash")
    yield from (channel.value for channel in Channel)
    yield from (f"oracle:{channel.value}" for channel in Channel)
    yield from (f"baseline:{channel.value}" for channel in Channel)
    yield from (f"ending:{ending}" for ending in ("parity", "refused", "failed", "empty"))
    yield from (f"invariant:{name}" for name in INVARIANTS)
    yield from (f"relation:{name}" for name in RELATIONS)


def _given(value: Any, where: str) -> tuple[Fault, ...]:
    faults = (value,) if isinstance(value, Fault) else value
    if not isinstance(faults, Iterable) or isinstance(faults, str):
        raise UsageError(f"{where} is {type(value).__name__}, expected faults")
    faults = tuple(faults)
    for fault in faults:
        if not isinstance(fault, Fault):
            raise UsageError(f"{where} has {type(fault).__name__}, expected a parity.faults.Fault")
    return faults


def _of_document(document: Document) -> Iterator[Fault]:
    """Read the faults of a file.

    Raises:
        ConfigurationError: Something in it is not as it should be.
    """
    _refuse_others(document, (), document.data, (_TOP,))
    entries = document.data.get(_TOP)
    if not isinstance(entries, list) or not entries:
        raise _problem(document, (_TOP,), f"expected a list of faults under '{_TOP}'")
    for number, entry in enumerate(entries):
        path: ConfigPath = (_TOP, number)
        if not isinstance(entry, dict):
            raise _problem(document, path, "expected a mapping: id, title, edits, scenario, …")
        _refuse_others(document, path, entry, Fault.__struct_fields__)
        yield _fault(document, path, entry)


def _fault(document: Document, path: ConfigPath, entry: Mapping[str, Any]) -> Fault:
    entry = {**entry}
    for number, edit in enumerate(_list(document, (*path, "edits"), entry.get("edits"))):
        _refuse_others(document, (*path, "edits", number), edit, Edit.__struct_fields__)
    scenario = entry.get("scenario")
    if isinstance(scenario, dict):
        where: ConfigPath = (*path, "scenario")
        _refuse_others(document, where, scenario, Scenario.__struct_fields__)
        for number, bars in enumerate(_list(document, (*where, "bars"), scenario.get("bars", []))):
            _refuse_others(document, (*where, "bars", number), bars, Bars.__struct_fields__)
        config = scenario.get("config")
        if isinstance(config, dict):  # JSON is YAML
            entry["scenario"] = {**scenario, "config": json.dumps(config, indent=1)}
    entry.setdefault("fault", entry.get("id"))
    try:
        return msgspec.convert(entry, Fault)
    except msgspec.ValidationError as error:
        message, _, inside = str(error).partition(" - at `$")
        place = (*path, *_steps(inside.rstrip("`")))
        raise _problem(document, place, message[:1].lower() + message[1:]) from error


def _list(document: Document, path: ConfigPath, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise _problem(document, path, f"expected a list under '{path[-1]}'")
    return value


def _refuse_others(
    document: Document, path: ConfigPath, entry: Any, known: tuple[str, ...]
) -> None:
    if not isinstance(entry, dict):
        raise _problem(document, path, f"expected a mapping with {', '.join(known)}")
    others = [key for key in entry if key not in known]
    if others:
        raise _problem(
            document, (*path, others[0]), f"unknown key '{others[0]}'",
            did_you_mean(others[0], known), key=True,
        )  # fmt: skip


def _steps(text: str) -> Iterator[str | int]:
    """Read a path as msgspec writes it: ``.edits[0].file``."""
    for part in text.replace("[", ".").replace("]", "").split("."):
        if part and part != "...":
            yield int(part) if part.isdigit() else part


def _problem(
    document: Document,
    path: ConfigPath,
    message: str,
    hint: str | None = None,
    *,
    key: bool = False,
) -> ConfigurationError:
    location: Location = document.locate(path, key=key)
    return ConfigurationError([Problem(message, location=location, hint=hint)])
