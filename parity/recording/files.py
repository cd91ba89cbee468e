"""The files of a run, as its folder has them and as its manifest lists them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from containers.results import WorkflowResult
from parity.channels import Channel

__all__ = ["FILES", "add_files"]

FILES: Final = "files"
"""Place of the folder's files in the channel ``files``."""

_RESULT: Final = "result.json"
_MANIFEST: Final = "manifest.json"


def add_files(
    channels: Mapping[Channel, dict[str, Any]], folder: Path, result: WorkflowResult
) -> None:
    """Record every file below ``folder``; without the folder, nothing.

    A file goes in with bytes and digest as the manifest has them, null where it does not list it.
    The result names engine and run, so that its bytes differ between any two: of that file goes in
    whether it holds the result that was given back.
    """
    if not folder.is_dir():
        return
    listed = _manifest(folder / _MANIFEST)
    files: dict[str, Any] = {}
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = file.relative_to(folder).as_posix()
        if name == _RESULT:
            files[name] = {"listed": name in listed, "is_the_result": _holds(file, result)}
        elif name != _MANIFEST:
            files[name] = listed.get(name)
    files[_MANIFEST] = {"lists_only_files": set(listed) <= set(files)}
    channels[Channel.FILES][FILES] = files


def _manifest(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        return {
            entry["path"]: {"bytes": entry["bytes"], "digest": entry["digest"]}
            for entry in document["files"]
        }
    except (OSError, ValueError, KeyError, TypeError):
        return {}  # none, or none that can be read: then no file is listed


def _holds(file: Path, result: WorkflowResult) -> bool:
    try:
        return bool(json.loads(file.read_text(encoding="utf-8")) == result.to_document())
    except (OSError, ValueError):
        return False
