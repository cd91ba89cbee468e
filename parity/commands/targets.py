"""Files that a command is to write, looked at before hours of work go by."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

__all__ = ["check_file", "check_folder", "check_targets"]


def check_file(option: str, target: str, stream: str = "") -> None:
    """Refuse a file that can't be written.

    Args:
        option: The option that names it.
        target: The file.
        stream: What else the option takes, for the message: ``, or '-'``.

    Raises:
        UsageError: Its folder does not exist, or it is a folder itself, or it is write-protected.
    """
    from parity.errors import UsageError

    path = Path(target)
    try:
        _is_there(path)
        if path.is_dir():
            raise UsageError(f"{option} {target}: this is a folder; name a file{stream}")
        if not path.parent.is_dir():
            what = f"the folder {path.parent} does not exist; make it first"
            raise UsageError(f"{option} {target}: {what}")
        if not target or not os.access(path if path.exists() else path.resolve().parent, os.W_OK):
            raise UsageError(f"{option} {target}: this cannot be written; choose another place")
    except (OSError, ValueError) as error:  # a name that is too long, or that no file can have
        raise UsageError(f"{option} {target}: {_reason(error)}; choose another name") from error


def check_folder(option: str, target: Path, names: Iterable[str] = ()) -> None:
    """Refuse a folder that can't be made or written to; nothing is made.

    Args:
        option: The option that names it.
        target: The folder.
        names: Of the files that are to be written in it.

    Raises:
        UsageError: It is a file, or lies below one, or may not be written to, or has something
            that is no file in the place of one.
    """
    from parity.errors import UsageError

    try:
        there = target
        while not _is_there(there) and there != there.parent:
            there = there.parent
        if not there.is_dir():
            raise UsageError(f"{option} {target}: {there} is a file; choose a writable folder")
        if not os.access(there, os.W_OK | os.X_OK):
            what = f"{there} cannot be written to; choose a writable folder"
            raise UsageError(f"{option} {target}: {what}")
    except (OSError, ValueError) as error:
        raise UsageError(f"{option} {target}: {_reason(error)}; choose another name") from error
    for name in names:
        if _is_there(target / name):
            check_file(option, str(target / name))


def check_targets(targets: Mapping[str, Iterable[Path]], inputs: Iterable[Path] = ()) -> None:
    """Refuse that one file is written twice, or over what is read.

    Args:
        targets: The files that each option has written.
        inputs: Files that are read.

    Raises:
        UsageError: Two options name the same file, or one names a file that is read.
    """
    from parity.errors import UsageError

    read = {_identity(path): path for path in inputs}
    written: dict[str, str] = {}
    for option, paths in targets.items():
        for path in paths:
            identity = _identity(path)
            if identity in read:
                what = f"{path} is read by this command; write to another file"
                raise UsageError(f"{option}: {what}")
            if identity in written:
                what = f"{path} is the file of both; name two"
                raise UsageError(f"{written[identity]} and {option}: {what}")
            written[identity] = option


def _is_there(path: Path) -> bool:
    """Whether there is something at a path, be it a link that leads nowhere.

    Raises:
        OSError: No file can be called so, or nobody may look.
        ValueError: No file can be called so.
    """
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _identity(path: Path) -> str:
    """Give what tells files apart: the path, links followed."""
    return os.path.realpath(path)
