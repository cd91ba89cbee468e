"""Which configurations a marker or a call means, with which options, by which settings.

A path that is not absolute is looked for from the folder of the test, then from the root directory;
a path of the settings is told from the folder of the ini file.
"""

from __future__ import annotations

import glob
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from containers.nearest import did_you_mean
from parity.commands.targets import check_folder
from parity.errors import UsageError
from parity.reporting.words import visible

__all__ = [
    "CHECKING",
    "VERIFYING",
    "Chosen",
    "Options",
    "baselines_folder",
    "check_settings",
    "file_for",
    "folder_for",
    "marked",
    "name_of",
    "options_of",
    "policy_of_settings",
    "records_folder",
]


class Options(msgspec.Struct, frozen=True):
    """How a configuration is verified, or checked against its baseline.

    Attributes:
        control: The reference, ``ENGINE[:key=value,…]``; only for verifying.
        candidates: What is held against it, likewise.
        subject: What is held against the baseline; only for checking.
        policy: File with rules for what may differ, as it was given; null: that of the settings.
        thorough: Whether engines are held against relations as well; only for verifying.
        patterns: Folder of the user's patterns, as it was given; null: none.
        components: Folder of the user's Python files, likewise.
    """

    control: str = "imperative"
    candidates: tuple[str, ...] = ("declarative",)
    subject: str = "imperative"
    policy: str | Path | None = None
    thorough: bool = False
    patterns: str | Path | None = None
    components: str | Path | None = None


class Chosen(msgspec.Struct, frozen=True):
    """A configuration that a marker names.

    Attributes:
        name: As reports call it: its path from the root directory.
        path: Its file.
        options: How it is verified.
    """

    name: str
    path: Path
    options: Options


_PATHS: Final = ("policy", "patterns", "components")
VERIFYING: Final = ("control", "candidate", "candidates", "thorough", *_PATHS)
CHECKING: Final = ("subject", *_PATHS)
"""Keywords of each, `Options` and ``candidate`` for a single one."""


_CHECK: Final = "parity_check"


def options_of(keywords: Mapping[str, Any], known: Sequence[str]) -> Options:
    """Read the keywords of a marker or a call.

    Args:
        keywords: As given.
        known: `VERIFYING` or `CHECKING`.

    Raises:
        UsageError: One is unknown, has a value of the wrong kind, or two exclude each other.
    """
    for keyword, value in keywords.items():
        if keyword not in known:
            raise UsageError(f"unknown keyword '{keyword}'; {did_you_mean(keyword, known)}")
        if keyword in ("control", "candidate", "subject"):
            _expect(keyword, value, str, "text: ENGINE[:key=value,…]")
        elif keyword in _PATHS and value is not None:
            _expect(keyword, value, (str, Path), "a path")
        elif keyword == "thorough":
            _expect(keyword, value, bool, "True or False")
    given = dict(keywords)
    if "candidate" in given and "candidates" in given:
        raise UsageError("give 'candidate' or 'candidates', not both")
    names = given.pop("candidate", None) or given.pop("candidates", Options().candidates)
    names = (names,) if isinstance(names, str) else names
    if not isinstance(names, list | tuple) or not all(isinstance(each, str) for each in names):
        raise UsageError(f"found candidates={names!r}, expected a list of ENGINE[:key=value,…]")
    if not names:
        raise UsageError("found no candidates, expected at least one: nothing would be compared")
    return Options(candidates=tuple(names), **given)


def _expect(keyword: str, value: object, kind: type | tuple[type, ...], what: str) -> None:
    if not isinstance(value, kind):
        raise UsageError(f"found {keyword}={value!r}, expected {what}")


def marked(markers: Iterable[pytest.Mark], folder: Path, config: pytest.Config) -> list[Chosen]:
    """Give the configurations that markers name, in their order.

    Args:
        markers: Of one test.
        folder: Of its file.
        config: Pytest's.

    Raises:
        UsageError: A marker names none, or one that is not there, or has a wrong keyword.
    """
    found: dict[Chosen, None] = {}
    for marker in markers:
        options = options_of(marker.kwargs, CHECKING if marker.name == _CHECK else VERIFYING)
        if not marker.args:
            raise UsageError("the marker names no configuration; give it a path or a glob")
        for text in marker.args:
            if not isinstance(text, str | Path):
                raise UsageError(f"the marker names {text!r}, expected a path or a glob")
            for file in _matching(text, folder, config):
                found[Chosen(name_of(file, config), file, options)] = None
    return list(found)


def check_settings(config: pytest.Config) -> None:
    """Refuse settings that lead nowhere.

    Raises:
        pytest.UsageError: One does.
    """
    try:
        policy_of_settings(config)
        records_folder(config)
    except UsageError as error:
        raise pytest.UsageError(str(error)) from None


def policy_of_settings(config: pytest.Config) -> Path | None:
    """Give the policy of the settings; null without one.

    Raises:
        UsageError: It is not there.
    """
    text: str = config.getini("parity_policy")
    if not text:
        return None
    base = config.rootpath if config.inipath is None else config.inipath.parent
    if not (base / text).is_file():
        raise UsageError(f"parity_policy = {text}: there is no such file in {base}")
    return base / text


def baselines_folder(config: pytest.Config) -> Path:
    """Give the folder of baselines, which need not exist."""
    text: str = config.getini("parity_baselines")
    if not text:
        return config.rootpath / "baselines"
    return (config.rootpath if config.inipath is None else config.inipath.parent) / text


def records_folder(config: pytest.Config) -> Path | None:
    """Give the folder below which records are kept; null: a temporary one.

    Raises:
        UsageError: It can't be made or written to.
    """
    text: str | None = config.getoption("--parity-records")
    if not text:
        return None
    folder = config.invocation_params.dir / text
    check_folder("--parity-records", folder)
    return folder


def file_for(text: str | Path, folder: Path, config: pytest.Config, what: str) -> Path:
    """Give the file that a path means.

    Args:
        text: The path.
        folder: Of the test.
        config: Pytest's.
        what: What it is, for the message.

    Raises:
        UsageError: It is not there.
    """
    for base in _bases(folder, config):
        if (base / text).is_file():
            return base / text
    raise _missing(text, folder, config, what)


def folder_for(text: str | Path | None, folder: Path, config: pytest.Config) -> Path | None:
    """Give the folder that a path means; null of null.

    Raises:
        UsageError: It is not there.
    """
    if text is None:
        return None
    for base in _bases(folder, config):
        if (base / text).is_dir():
            return base / text
    raise _missing(text, folder, config, "a folder")


def name_of(file: Path, config: pytest.Config) -> str:
    """Give the path from the root directory, where it lies below."""
    root = config.rootpath
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else str(file)


def _matching(text: str | Path, folder: Path, config: pytest.Config) -> list[Path]:
    """Give the files a path or a glob means; a name with brackets can be that of a file."""
    if not glob.has_magic(str(text)) or any(
        (base / text).is_file() for base in _bases(folder, config)
    ):
        return [file_for(text, folder, config, "a configuration")]
    for base in _bases(folder, config):
        # Not by `Path.glob`, which takes no absolute pattern.
        names = glob.glob(str(text), root_dir=base, recursive=True)  # noqa: PTH207
        files = sorted(base / name for name in names if (base / name).is_file())
        if files:
            return files
    raise _missing(text, folder, config, "configurations")


def _missing(text: str | Path, folder: Path, config: pytest.Config, what: str) -> UsageError:
    where = " or ".join(map(str, _bases(folder, config)))
    return UsageError(f"found no '{visible(str(text))}' in {where}, expected {what} there")


def _bases(folder: Path, config: pytest.Config) -> list[Path]:
    return list(dict.fromkeys((folder, config.rootpath)))
