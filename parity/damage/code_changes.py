"""Code that a run was begun with, changed: which changes are other code, and which are not."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from containers.storage.identity import Source, identity_of
from parity.damage.told import Outcomes

__all__ = ["CODE"]


_FILES: Final[Mapping[str, str]] = {
    "__init__.py": "from damaged_code.steps import Steps\n",
    "steps.py": "class Steps:\n    pass\n",
    "deep/rules.yaml": "a: 1\n",
    "deep/others.yml": "b: 2\n",
    "read.txt": "nobody runs this\n",
}
_CHANGES: Final[Mapping[str, Callable[[Path], Any]]] = {
    "as it was": lambda folder: None,
    "another module": lambda folder: (folder / "steps.py").write_text("Steps = int\n"),
    "another first module": lambda folder: (folder / "__init__.py").write_text("Steps = 1\n"),
    "another pattern": lambda folder: (folder / "deep/rules.yaml").write_text("a: 2\n"),
    "another pattern of the other ending": lambda folder: (folder / "deep/others.yml").write_text(
        "b: 3\n"
    ),
    "another text": lambda folder: (folder / "read.txt").write_text("other\n"),
    "a module more": lambda folder: (folder / "deep/more.py").write_text(""),
    "a pattern less": lambda folder: (folder / "deep/rules.yaml").unlink(),
    "a module of another name": lambda folder: (folder / "steps.py").rename(folder / "step.py"),
    "a pattern in another folder": lambda folder: (folder / "deep/rules.yaml").rename(
        folder / "rules.yaml"
    ),
    "a folder that is called like a module": lambda folder: (folder / "more.py").mkdir(),
}


def code(folder: Path) -> Outcomes:
    """Change a package, and look at it as a folder, a package, a module and a file."""
    base = folder / "as-it-was" / "damaged_code"
    for name, text in _FILES.items():
        (base / name).parent.mkdir(parents=True, exist_ok=True)
        (base / name).write_text(text)
    due = {name: _digest(source) for name, source in _sources(base).items()}
    told: Outcomes = {name: {} for name in due}
    for change, act in _CHANGES.items():
        root = folder / "changed" / "damaged_code"
        shutil.copytree(base, root)
        act(root)
        for name, source in _sources(root).items():
            same = _digest(source) == due[name]
            told[name][change] = "the same code" if same else "other code"
        shutil.rmtree(root.parent)
    alone = _digest(sys), _digest(int), _digest(folder / "nowhere")
    told["what has no file"] = {
        "built in": f"{len(set(alone))} of {len(alone)} are different",
        "with a folder": _compared(_digest(sys, base), due["a folder"]),
        "the folder twice": _compared(_digest(base, base), due["a folder"]),
        "the folder and a file of it": _compared(_digest(base, base / "steps.py"), due["a folder"]),
    }
    return told


def _sources(root: Path) -> dict[str, Source]:
    """Give the ways to name what lies there."""
    package = _module("damaged_code", root / "__init__.py", root)
    found: dict[str, Source] = {"a folder": root, "a package": package}
    steps = root / "steps.py"
    if steps.exists():
        found["a file"] = steps
        found["a module"] = _module("damaged_code_steps", steps)
    return found


def _module(name: str, file: Path, package: Path | None = None) -> ModuleType:
    """Make a module without running it: only where it lies counts."""
    within = None if package is None else [str(package)]
    spec = importlib.util.spec_from_file_location(name, file, submodule_search_locations=within)
    assert spec is not None
    return importlib.util.module_from_spec(spec)


def _digest(*sources: Source) -> str:
    return identity_of({}, markets=(), sources=sources, seed=0).code


def _compared(digest: str, due: str) -> str:
    return "the same code" if digest == due else "other code"


CODE: Final[Mapping[str, Callable[[Path], Outcomes]]] = {"changes": code}
"""What is held, by name; each takes an empty folder."""
