"""Changed source beside unchanged: a tree of packages in which a few files are others.

1. `SourceTree` copies the packages once and compiles them.
2. `SourceTree.change` makes a second tree of hard links, which costs a hundredth of a second, and
   puts the changed files into it, compiled with their marks (see `parity.faults.marking`).
3. Whatever runs with that tree first on its path has the change, its own processes included.
"""

from __future__ import annotations

import compileall
import importlib.util
import os
import py_compile
import shutil
from collections.abc import Iterable, Mapping, Sequence
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Final

from parity.errors import UsageError
from parity.faults.fault import Edit
from parity.faults.marking import VARIABLE, compiled

__all__ = ["OURS", "Change", "InvalidChange", "SourceTree", "environment"]

OURS: Final = ("containers", "declarative", "imperative", "parity")
_LEFT_OUT: Final = ("__pycache__", "*.pyc", ".git", ".venv", "*.egg-info")


class InvalidChange(Exception):  # noqa: N818  # no error of the program: a verdict on the change
    """A change cannot be made: its text is not there, or what comes out is no Python."""


class Change:
    """Files with other content, and what shows that each edit was reached.

    Attributes:
        texts: File → its changed text.
        marks: Per edit: its file, the offset in the text as it was, and where its mark appears.
    """

    def __init__(self, texts: Mapping[str, str], marks: Sequence[tuple[str, int]]) -> None:
        self.texts = texts
        self.marks = marks


class SourceTree:
    """A copy of packages, from which changed ones are made.

    Args:
        folder: Where the copy goes; made, and left to its owner to remove.
        packages: Names of packages or modules; they are found as an import finds them.
        root: Folder with the packages, in place of where an import finds them.
        more: Further files and folders of ``root`` that belong to it, not compiled.
        jobs: Processes that compile.

    Raises:
        UsageError: There is no such package.
    """

    def __init__(
        self,
        folder: Path,
        packages: Iterable[str] = OURS,
        *,
        root: Path | None = None,
        more: Iterable[str] = (),
        jobs: int = 1,
    ) -> None:
        self.base: Final = folder / "base"
        self._folder: Final = folder
        self.base.mkdir(parents=True)
        for name in dict.fromkeys(packages):
            _copy(_found(name, root), self.base)
        compileall.compile_dir(
            self.base,
            quiet=2,
            workers=jobs,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )
        for name in more:
            assert root is not None
            _copy(root / name, self.base)

    def text(self, file: str) -> str:
        """Give the text of a file as it is.

        Raises:
            InvalidChange: There is none.
        """
        try:
            # Bytes, so that ends of lines stay what they are.
            return (self.base / file).read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidChange(f"{file} cannot be read: {error}") from error

    def apply(self, edits: Sequence[Edit]) -> Change:
        """Work out what some edits come to.

        Raises:
            InvalidChange: A text is not found exactly once, or is replaced by itself.
        """
        texts: dict[str, str] = {}
        marks: list[tuple[str, int]] = []
        for edit in edits:
            was = self.text(edit.file)
            text = texts.get(edit.file, was)
            for known in (text, was):
                if known.count(edit.before) != 1 or not edit.before:
                    raise InvalidChange(
                        f"{edit.file} has {known.count(edit.before)} times what is to be changed, "
                        f"expected once: {edit.before.strip()[:60]!r}"
                    )
            if edit.before == edit.after:
                raise InvalidChange(f"{edit.file}: the change changes nothing")
            texts[edit.file] = text.replace(edit.before, edit.after)
            shared = _shared(edit.before, edit.after)
            offset = was.index(edit.before) + min(shared, len(edit.before) - 1)
            marks.append((edit.file, offset))
        return Change(texts, marks)

    def change(self, name: str, change: Change) -> Path:
        """Make a tree with a change.

        Args:
            name: Of the tree; unique among those of this one.
            change: What is other than it was.

        Returns:
            The folder that goes on the path. Where a process has it, and a folder for marks (see
            `environment`), a file appears there for each statement of ``change.marks`` that is
            reached, called by its number. Of what is no Python it is to the process to do that;
            see `parity.faults.worker`.

        Raises:
            InvalidChange: What comes out is no Python.
        """
        target = self._folder / name / "tree"
        shutil.copytree(self.base, target, copy_function=_link)
        for file, text in change.texts.items():
            marks = [
                (offset, str(number))
                for number, (of, offset) in enumerate(change.marks)
                if of == file
            ]
            path = target / file
            path.unlink()  # the link, not what it leads to
            path.write_bytes(text.encode())
            if path.suffix == ".py":
                cached = Path(importlib.util.cache_from_source(str(path)))
                cached.parent.mkdir(exist_ok=True)
                cached.unlink(missing_ok=True)
                try:
                    cached.write_bytes(compiled(self.text(file), text, str(path), marks))
                except (SyntaxError, LookupError) as error:
                    raise InvalidChange(f"{file}: {error}") from error
        return target

    def remove(self, name: str) -> None:
        """Remove a changed tree with all that was left beside it."""
        shutil.rmtree(self._folder / name)


def environment(tree: Path, marks: Path) -> dict[str, str]:
    """Give the environment of a process that has the packages of ``tree``.

    Args:
        tree: Goes first on the path.
        marks: A folder in which marks appear.
    """
    kept = os.environ.get("PYTHONPATH")
    path = str(tree) if not kept else os.pathsep.join((str(tree), kept))
    more = {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", VARIABLE: str(marks)}
    return {**os.environ, **more}


def _found(name: str, root: Path | None) -> Path:
    if root is not None:
        for path in (root / name, root / f"{name}.py"):
            if path.exists():
                return path
        raise UsageError(f"there is no package '{name}' in {root}")
    # By path, without importing it: what it does when imported is the changed process's business.
    spec = PathFinder.find_spec(name) or importlib.util.find_spec(name)
    if spec is not None and spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations)))
    if spec is not None and spec.origin is not None:
        return Path(spec.origin)
    raise UsageError(f"there is no package '{name}'; a fault's file begins with one's name")


def _copy(path: Path, target: Path) -> None:
    if path.is_dir():
        shutil.copytree(path, target / path.name, ignore=shutil.ignore_patterns(*_LEFT_OUT))
    else:
        shutil.copy(path, target)


def _link(source: str, target: str) -> None:
    os.link(source, target)


def _shared(left: str, right: str) -> int:
    """Count the characters that both begin with."""
    pairs = enumerate(zip(left, right, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(left), len(right)))
