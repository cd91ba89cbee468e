"""Mutants: every change that one operator makes at one place of some files.

1. `mutants_of` lists them all, in an order that depends on the files' text alone.
2. `draw` takes some, uniformly, by a seed.
3. `Mutant.apply` makes the changed text.

An id says which mutant it is as long as its line stays as it is, wherever that line moves to. So
results, and reasons why a mutant is equivalent, outlive changes elsewhere in the file.
"""

from __future__ import annotations

import difflib
import hashlib
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from parity.errors import UsageError
from parity.sensitivity.operators import mutated, occurrences

__all__ = ["Mutant", "draw", "mutants_of", "python_files"]


class Mutant(msgspec.Struct, frozen=True):
    """One operator, applied at one place.

    Attributes:
        file: Path of the file, from the folder that packages are imported from.
        operator: Name of the operator, as cosmic-ray calls it.
        index: Which of the operator's places in the file it is, from 0.
        line: Line of the place, from 1.
        column: Column in characters, from 0.
        text: That line, without blanks around it.
        occurrence: Which of the equal changes to equal lines of the file it is, from 0.
    """

    file: str
    operator: str
    index: int
    line: int
    column: int
    text: str
    occurrence: int

    @property
    def id(self) -> str:
        """File, operator, digest of the line, occurrence."""
        digest = hashlib.sha256(self.text.encode()).hexdigest()[:8]
        return f"{self.file}:{self.operator}:{digest}:{self.occurrence}"

    def apply(self, source: str) -> str:
        """Give the changed text of the file."""
        return mutated(source, self.operator, self.index)

    def diff(self, source: str) -> str:
        """Show the change as a unified diff with a line around it."""
        lines = difflib.unified_diff(
            source.splitlines(), self.apply(source).splitlines(),
            f"a/{self.file}", f"b/{self.file}", lineterm="", n=1,
        )  # fmt: skip
        return "\n".join(lines)


def python_files(root: Path, paths: Iterable[str]) -> tuple[str, ...]:
    """Find the Python files below some paths of ``root``, sorted.

    Raises:
        UsageError: A path does not exist, or there is no file.
    """
    found: set[str] = set()
    for given in paths:
        path = root / given
        if not path.exists():
            raise UsageError(f"there is no {given} in {root}")
        files = [path] if path.is_file() else path.rglob("*.py")
        found |= {file.relative_to(root).as_posix() for file in files}
    if not found:
        raise UsageError(f"there is no Python file below {', '.join(paths)} in {root}")
    return tuple(sorted(found))


def mutants_of(root: Path, paths: Iterable[str]) -> tuple[Mutant, ...]:
    """List every mutant of the Python files below some paths.

    Args:
        root: The folder that packages are imported from.
        paths: Packages, folders or files, from there.

    Raises:
        UsageError: A path does not exist, there is no file, or cosmic-ray is not installed.
    """
    found: list[Mutant] = []
    for file in python_files(root, paths):
        found += _of_file(file, (root / file).read_text(encoding="utf-8"))
    return tuple(found)


def _of_file(file: str, source: str) -> Iterator[Mutant]:
    lines = source.split("\n")
    seen: Counter[tuple[str, str]] = Counter()
    for place in occurrences(source):
        text = lines[place.line - 1].strip()
        key = (place.operator, text)
        yield Mutant(
            file, place.operator, place.place, place.line, place.column, text, seen[key]
        )  # fmt: skip
        seen[key] += 1


def draw(root: Path, mutants: Sequence[Mutant], count: int, seed: int) -> tuple[Mutant, ...]:
    """Take ``count`` mutants, each as likely as any other.

    Each has a rank, a digest of seed and id; the lowest are taken. So a larger sample of a seed has
    the smaller one in it, and a change of the code replaces only mutants of the lines it touches.
    What comes out as no Python (the ``**`` of a call is a power to an operator) is passed over.

    Raises:
        UsageError: There are not so many.
    """

    def rank(mutant: Mutant) -> bytes:
        return hashlib.sha256(f"{seed}:{mutant.id}".encode()).digest()

    taken: list[Mutant] = []
    if count > len(mutants):
        raise _too_many(count, len(mutants))
    for mutant in sorted(mutants, key=rank):
        if len(taken) == count:
            break
        if _is_sound(mutant, (root / mutant.file).read_text(encoding="utf-8")):
            taken.append(mutant)
    if len(taken) < count:
        raise _too_many(count, len(taken))
    return tuple(taken)


def _too_many(count: int, there: int) -> UsageError:
    return UsageError(f"--sample {count}: there are {there:,} mutants; ask for fewer")


def _is_sound(mutant: Mutant, source: str) -> bool:
    """Whether the operator can do what it says it can, and what comes out is other Python."""
    try:
        changed = mutant.apply(source)
    except (AttributeError, TypeError, ValueError):  # cosmic-ray trips over a dotted exception
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of `is` with a literal
            compile(changed, "mutant", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    return changed != source
