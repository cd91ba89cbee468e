"""The options by which a verification is reported elsewhere than on the terminal."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from parity.verification import Verification

__all__ = ["Reports", "report_options"]

F = TypeVar("F", bound=Callable[..., Any])

_SUMMARY = "GITHUB_STEP_SUMMARY"
_WORKSPACE = "GITHUB_WORKSPACE"


class Reports:
    """Where a verification is reported.

    Args:
        json_target: File of the JSON document, ``-`` for standard output; null: nowhere.
        junit: File of the JUnit XML; null: nowhere.
        markdown: File of the Markdown; null: nowhere.
        github: Whether annotations are printed and the summary of the step is added to.
        folder: Folder of all reports; null: nowhere.
    """

    def __init__(
        self,
        json_target: str | None = None,
        junit: str | None = None,
        markdown: str | None = None,
        github: bool = False,
        folder: Path | None = None,
    ) -> None:
        self.json_target = json_target
        self.junit = junit
        self.markdown = markdown
        self.github = github
        self.folder = folder

    @property
    def summary(self) -> str | None:
        """The file of the step's summary; null where none is to be written."""
        return (os.environ.get(_SUMMARY) or None) if self.github else None

    def check(self, inputs: Iterable[Path]) -> None:
        """Refuse what can't be written, before hours of work go by.

        Args:
            inputs: Files that the command reads.

        Raises:
            UsageError: A file or folder can't be written, or is named twice, or is an input.
        """
        from parity.commands.output import check_json_target
        from parity.commands.targets import check_file, check_folder, check_targets
        from parity.reporting.folder import REPORT_FILES

        check_json_target(self.json_target)
        targets: dict[str, list[Path]] = {}
        if self.json_target not in (None, "-"):
            targets["--json"] = [Path(str(self.json_target))]
        for option, target in {
            "--junit": self.junit, "--markdown": self.markdown, _SUMMARY: self.summary,
        }.items():  # fmt: skip
            if target is not None:
                check_file(option, target)
                targets[option] = [Path(target)]
        if self.folder is not None:
            check_folder("--report", self.folder, REPORT_FILES)
            targets["--report"] = [self.folder / name for name in REPORT_FILES]
        check_targets(targets, inputs)

    def write(
        self, verification: Verification, document: Mapping[str, Any], record: str | None
    ) -> None:
        """Write every file that was asked for, the JSON document first.

        Args:
            verification: What came of it.
            document: The same as a document.
            record: Where its record is kept; null when it is not.

        Raises:
            StorageError: A file could not be written; those before it are whole.
        """
        from parity.commands.output import write_json
        from parity.reporting.folder import append_to, report, write_report

        write_json(document, self.json_target)
        base = _base()
        if self.junit is not None:
            write_report(Path(self.junit), report("junit.xml", verification, record, base))
        if self.markdown is not None:
            write_report(Path(self.markdown), report("report.md", verification, record, base))
        if self.summary is not None:
            append_to(Path(self.summary), report("report.md", verification, record, base))
        if self.folder is not None:
            self._write_folder(self.folder, verification, document, record, base)

    def annotate(self, verification: Verification) -> None:
        """Print annotations, where they were asked for, to where the text went."""
        from parity.reporting.annotations import github_annotations

        if self.github:
            for line in github_annotations(verification, _base()):
                click.echo(line, err=self.json_target == "-")

    def _write_folder(
        self,
        folder: Path,
        verification: Verification,
        document: Mapping[str, Any],
        record: str | None,
        base: Path,
    ) -> None:
        from containers.errors import StorageError
        from parity.commands.output import write_json
        from parity.reporting.folder import RENDERED, report, write_report

        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"{folder} could not be created: {error.strerror}") from error
        write_json(document, str(folder / "verify.json"))
        for name in RENDERED:
            write_report(folder / name, report(name, verification, record, base))


def _base() -> Path:
    """Give the folder of the repository, as far as is known."""
    return Path(os.environ.get(_WORKSPACE) or ".")


def report_options(command: F) -> F:
    """Add ``--junit``, ``--markdown``, ``--github``, ``--report`` and ``--json`` to a command.

    It is handed them together, as ``reports``.
    """
    from parity.commands.output import json_option

    @functools.wraps(command)
    def gathered(
        *arguments: Any,
        json_target: str | None,
        junit: str | None,
        markdown: str | None,
        github: bool,
        report: Path | None,
        **others: Any,
    ) -> Any:
        reports = Reports(json_target, junit, markdown, github, report)
        return command(*arguments, reports=reports, **others)

    decorated: Any = json_option(gathered)
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    added: F = decorated
    return added


_OPTIONS = (
    click.option("--junit", metavar="FILE", help="Write JUnit XML to FILE, as CI systems read it."),
    click.option("--markdown", metavar="FILE", help="Write Markdown to FILE, for a pull request."),
    click.option(
        "--github",
        is_flag=True,
        help="Print annotations for GitHub Actions, and add the Markdown to the step's summary.",
    ),
    click.option(
        "--report",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="Write all of these and the JSON document to DIR.",
    ),
)
