"""The files of a run, as its folder has them and as its manifest lists them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import xxhash

from containers.results import WorkflowResult
from containers.storage import MANIFEST_FILE, RESULT_FILE, result_files
from parity.channels import Channel
from parity.recording.holding import OUTPUT_FORMS, holds_an_output

__all__ = ["FOLDER", "add_files"]

FOLDER: Final = "folder"
"""Place of the folder's files in the channel ``files``."""


_OWN: Final = re.compile(
    r"(result|manifest)\.json|(.*/)?(trace/[a-z_]+\.(json|parquet)|[0-9]+/signals\.parquet"
    r"|portfolios/[^/]+/(trades|equity)\.parquet)"
)
"""What a run writes itself, beside outputs."""


def add_files(
    channels: Mapping[Channel, dict[str, Any]], folder: Path, result: WorkflowResult
) -> None:
    """Record every file of the results, with its digest and whether the manifest says the same.

    ``result.json`` names engine and run, so that its bytes differ between any two: of it goes in
    whether it holds the result that was given back. Of a file that a run does not write itself it
    goes in whether it holds an output. Without the folder nothing is recorded.
    """
    if not folder.is_dir():
        return
    listed = _manifest(folder / MANIFEST_FILE)
    files: dict[str, Any] = {}
    for file in result_files(folder):
        name = file.relative_to(folder).as_posix()
        content = file.read_bytes()
        found = {"bytes": len(content), "digest": xxhash.xxh3_128_hexdigest(content)}
        files[name] = {"listed": listed.pop(name, None) == found}
        if file.suffix in OUTPUT_FORMS and not _OWN.fullmatch(name):
            files[name]["holds_an_output"] = holds_an_output(file, name, result)
        if name == RESULT_FILE:
            files[name]["is_the_result"] = _holds(content, result)
        else:
            files[name] |= found
    if (folder / MANIFEST_FILE).is_file():
        files[MANIFEST_FILE] = {"lists_what_is_not_there": sorted(listed)}
    channels[Channel.FILES][FOLDER] = files


def _manifest(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        return {
            entry["path"]: {"bytes": entry["bytes"], "digest": entry["digest"]}
            for entry in document["files"]
        }
    except (OSError, ValueError, KeyError, TypeError):
        return {}  # none, or none that can be read: then no file is listed


def _holds(content: bytes, result: WorkflowResult) -> bool:
    try:
        return bool(json.loads(content) == result.to_document())
    except ValueError:
        return False
