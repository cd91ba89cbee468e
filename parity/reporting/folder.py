"""All reports of a verification in one folder, and each by its file's name."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeAlias

from containers.files import not_written, write_aside
from parity.reporting.annotations import github_annotations
from parity.reporting.junit import junit_xml
from parity.reporting.markdown import verification_markdown
from parity.verification import Verification

__all__ = ["RENDERED", "REPORT_FILES", "append_to", "report", "write_report"]

Renderer: TypeAlias = Callable[[Verification, str | None, Path], bytes]

_WIDTH: Final = 160


def _text(verification: Verification, record: str | None, base: Path) -> bytes:
    from rich.console import Console

    from parity.reporting.text import print_verification

    stream = io.StringIO()
    print_verification(verification, Console(file=stream, width=_WIDTH, highlight=False), record)
    return stream.getvalue().encode()


def _markdown(verification: Verification, record: str | None, base: Path) -> bytes:
    return verification_markdown(verification, record).encode()


def _junit(verification: Verification, record: str | None, base: Path) -> bytes:
    return junit_xml(verification, record)


def _annotations(verification: Verification, record: str | None, base: Path) -> bytes:
    return "".join(f"{line}\n" for line in github_annotations(verification, base)).encode()


RENDERED: Final[Mapping[str, Renderer]] = {
    "report.txt": _text,
    "report.md": _markdown,
    "junit.xml": _junit,
    "annotations.txt": _annotations,
}
"""What each file of the folder is made by, beside ``verify.json``."""

REPORT_FILES: Final = ("verify.json", *RENDERED)


def report(name: str, verification: Verification, record: str | None, base: Path) -> bytes:
    """Give the content of one file of the folder.

    Args:
        name: A key of `RENDERED`.
        verification: What is told.
        record: Where its record is kept; null when it is not.
        base: The folder of the repository.
    """
    return RENDERED[name](verification, record, base)


def write_report(path: Path, content: bytes) -> None:
    """Write a report whole or not at all.

    Raises:
        StorageError: It could not be written; what was there is as it was.
    """
    write_aside(path, content)


def append_to(path: Path, content: bytes) -> None:
    """Add to a file that others write to as well.

    Raises:
        StorageError: It could not be written.
    """
    try:
        with path.open("ab") as stream:
            stream.write(content)
    except OSError as error:
        raise not_written(path, error) from error
