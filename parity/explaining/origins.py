"""Where a setting comes from: the user's file, an iteration, a workflow, or a default."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

from containers.errors import ConfigPath, ConfigurationError
from containers.strict_yaml import Document, loads
from imperative.defaults import ENGINE_DEFAULTS
from parity.obeying import MISSING, Setting, changed_at, parsed_path, value_at
from parity.places import phase_name
from parity.record import Record

__all__ = ["Origin", "ToldSetting", "read_configuration", "told_settings"]

Origin: TypeAlias = Literal["user", "iteration", "workflow", "default"]


class ToldSetting(msgspec.Struct, frozen=True):
    """A setting in play.

    Attributes:
        path: As in `Setting`.
        control: Its value in the control's run.
        candidate: Its value in the candidate's.
        origin: ``user``: it stands in the user's configuration; ``iteration``: a sequence changed
            it for the iteration; ``workflow``: the workflow or one of its phases sets it, perhaps
            from a result; ``default``: nobody does. Null where that cannot be told.
        place: Where it stands in the user's file, ``file:line:column``; null elsewhere.
    """

    path: str
    control: Any
    candidate: Any
    origin: Origin | None
    place: str | None


def read_configuration(copy: Path | None, name: str) -> Document | None:
    """Read the copy of a configuration; null without one, or when it is no YAML.

    Args:
        copy: The file that was kept.
        name: The name of the file that it is a copy of, for positions.
    """
    if copy is None:
        return None
    try:
        return loads(copy.read_text(encoding="utf-8"), name)
    except (OSError, ValueError, ConfigurationError):
        return None  # what was refused has no settings, and what is missing no lines


def told_settings(
    settings: tuple[Setting, ...], document: Document | None, record: Record, place: str
) -> tuple[ToldSetting, ...]:
    """Say of each setting where it comes from.

    Args:
        settings: As a divergence has them.
        document: The user's configuration; null where it is unknown.
        record: The control's.
        place: Structural path of the divergence.
    """
    changed = changed_at(record, place)
    return tuple(_told(setting, document, changed, phase_name(place)) for setting in settings)


def _told(
    setting: Setting, document: Document | None, changed: Mapping[str, Any], phase: str | None
) -> ToldSetting:
    path = parsed_path(setting.path)
    origin: Origin | None = None
    where: str | None = None
    if path[-2:-1] == ("parameters",) and any(
        name.rpartition(".")[2] == path[-1] and value == setting.control
        for name, value in changed.items()
    ):
        origin = "iteration"
    elif document is not None:
        origin, where = _written(document, path, setting.control, phase)
    return ToldSetting(setting.path, setting.control, setting.candidate, origin, where)


def _written(
    document: Document, path: ConfigPath, value: Any, phase: str | None
) -> tuple[Origin | None, str | None]:
    overrides = [] if phase is None else [("phases", phase, *path)]
    for written in (*overrides, path):
        found = value_at(document.data, written)
        if found is not MISSING and _means(found, value):
            return "user", str(document.locate(written, key=isinstance(written[-1], str)))
    if path[0] in ("strategies", "classifiers", "risk_profiles") and len(path) > 2:
        # The entry is the user's own, and what it does not say is its component's default.
        entry = value_at(document.data, path[:2])
        if entry is MISSING:
            return None, None  # the default profile and a workflow's own look alike
        if value_at(document.data, path) is MISSING:
            return "default", None
    default = value_at(ENGINE_DEFAULTS, path)
    if default is not MISSING and _means(default, value):
        return "default", None
    return "workflow", None


def _means(written: Any, resolved: Any) -> bool:
    """Whether a value as written is the resolved one; entries may be written in short."""
    if isinstance(resolved, Mapping) or isinstance(written, Mapping):
        return True
    return bool(written == resolved) or isinstance(resolved, list | tuple)
