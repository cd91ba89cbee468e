"""Components of a user's own: from a folder that a caller names, or by entry point.

1. `load_modules` imports the Python files of a folder. Only a caller's word leads here, never
   anything that a configuration says.
2. `find_components` picks the strategies and classifiers out of modules and classes.
3. `with_folder` and `with_entry_points` add them to the components there are; two of one name are
   an error that shows both places.
"""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import msgspec

from containers.components.registry import Components
from containers.errors import ConfigurationError, Location, Problem

__all__ = [
    "GROUP",
    "defined_in",
    "find_components",
    "load_modules",
    "place_of",
    "with_entry_points",
    "with_folder",
]

GROUP: Final = "paritykit.components"
"""Entry points of this group name a component class, or a module that holds some."""

_STEPS: Final[Mapping[str, str]] = {
    "decide": "strategies",
    "combine": "strategies",
    "classify": "classifiers",
}
"""The method that makes a class with a ``type_name`` a component, and where it then belongs."""


def load_modules(folder: Path) -> tuple[ModuleType, ...]:
    """Import every ``.py`` file of ``folder``, in order of names, but those that begin with ``_``.

    A file is imported once, however often it is asked for. The folder is not put on the path:
    files cannot import one another by their bare names.

    Raises:
        ConfigurationError: There is no such folder, or a file cannot be imported.
    """
    if not folder.is_dir():
        what = "is no folder" if folder.exists() else "there is no such folder"
        hint = "name a folder with .py files"
        raise ConfigurationError([Problem(what, location=Location(str(folder)), hint=hint)])
    problems: list[Problem] = []
    modules: list[ModuleType] = []
    for file in sorted(folder.glob("*.py")):
        if file.name.startswith("_"):
            continue
        try:
            modules.append(_module(file.resolve()))
        except (Exception, SystemExit) as error:  # noqa: BLE001  # a user's file can raise anything
            message = f"cannot be imported: {type(error).__name__}: {error}"
            problems.append(Problem(message, location=_where(error, file)))
    if problems:
        raise ConfigurationError(problems)
    return tuple(modules)


def _module(file: Path) -> ModuleType:
    digest = hashlib.sha256(str(file).encode()).hexdigest()[:12]
    name = f"paritykit_user_{digest}_{file.stem}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None  # it is a .py file
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # before it runs: dataclasses and pickling look it up there
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _where(error: BaseException, file: Path) -> Location:
    """Give the line of ``file`` that an error came from; where none is known, the file."""
    if isinstance(error, SyntaxError) and error.filename == str(file.resolve()):
        return Location(str(file), error.lineno or 0, error.offset or 0)
    line, frame = 0, error.__traceback__
    while frame is not None:
        if frame.tb_frame.f_code.co_filename == str(file.resolve()):
            line = frame.tb_lineno
        frame = frame.tb_next
    return Location(str(file), line)


def defined_in(module: ModuleType) -> Iterator[type[Any]]:
    """Give the classes that a module defines itself, in the order of its text."""
    for value in list(vars(module).values()):
        if isinstance(value, type) and value.__module__ == module.__name__:
            yield value


def place_of(thing: object) -> str:
    """Say where a class is written: file and line, or as much as is known.

    >>> place_of(int)
    'builtins.int'
    """
    try:
        file = inspect.getsourcefile(thing)  # type: ignore[arg-type]  # raises for other things
        _, line = inspect.getsourcelines(thing)  # type: ignore[arg-type]  # likewise
    except (OSError, TypeError):
        return f"{getattr(thing, '__module__', '?')}.{getattr(thing, '__qualname__', thing)}"
    return f"{file}:{line}"


def find_components(classes: Iterable[type[Any]]) -> dict[str, dict[str, type[Any]]]:
    """Sort classes into ``strategies`` and ``classifiers`` by type name; others are passed over.

    Raises:
        ConfigurationError: One has a type name but is no component, or two have the same.
    """
    found: dict[str, dict[str, type[Any]]] = {"strategies": {}, "classifiers": {}}
    problems: list[Problem] = []
    for cls in classes:
        name = getattr(cls, "type_name", None)
        if not isinstance(name, str):
            continue
        steps = [step for step in _STEPS if callable(getattr(cls, step, None))]
        if len(steps) != 1 or not isinstance(getattr(cls, "parameters", None), Mapping):
            message = (
                f"'{cls.__name__}' has a type_name but is no component: expected `parameters`, and "
                "one of `decide`, `combine` and `classify`"
            )
            problems.append(Problem(message, location=Location(place_of(cls))))
            continue
        kind = found[_STEPS[steps[0]]]
        first = kind.setdefault(name, cls)
        if first is not cls:
            problems.append(_clash(name, first, cls))
    if problems:
        raise ConfigurationError(problems)
    return found


def with_folder(components: Components, folder: Path) -> Components:
    """Add the components in the files of ``folder``.

    Raises:
        ConfigurationError: As `load_modules` and `find_components`, or a name is taken.
    """
    modules = load_modules(folder)
    return _with(components, [cls for module in modules for cls in defined_in(module)])


def with_entry_points(components: Components) -> Components:
    """Add the components that installed distributions offer.

    Raises:
        ConfigurationError: An entry point cannot be loaded or names no component, or a name is
            taken.
    """
    points = sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value))
    return _with(components, [cls for point in points for cls in _offered(point)])


def _offered(point: EntryPoint) -> list[type[Any]]:
    origin = f"{point.dist.name if point.dist else '?'} ({point.value})"
    try:
        thing = point.load()
    except Exception as error:  # foreign code can raise anything
        message = (
            f"the entry point '{point.name}' cannot be loaded: {type(error).__name__}: {error}"
        )
        raise ConfigurationError([Problem(message, location=Location(origin))]) from error
    classes = list(defined_in(thing)) if isinstance(thing, ModuleType) else [thing]
    offered = [cls for cls in classes if isinstance(getattr(cls, "type_name", None), str)]
    if not offered:
        message = f"the entry point '{point.name}' names no component"
        hint = "expected a class with a type_name, or a module with some"
        raise ConfigurationError([Problem(message, location=Location(origin), hint=hint)])
    return offered


def _with(components: Components, classes: Iterable[type[Any]]) -> Components:
    problems: list[Problem] = []
    merged: dict[str, Any] = {}
    for kind, found in find_components(classes).items():
        there = getattr(components, kind)
        problems += [_clash(n, there[n], cls) for n, cls in found.items() if n in there]
        merged[kind] = {**there, **found}
    if problems:
        raise ConfigurationError(problems)
    return msgspec.structs.replace(components, **merged)


def _clash(name: str, first: type[Any], second: type[Any]) -> Problem:
    message = f"a component '{name}' exists already, at {place_of(first)}"
    return Problem(message, location=Location(place_of(second)), hint="choose another type_name")
