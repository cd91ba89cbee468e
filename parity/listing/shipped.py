"""What this distribution ships, read from its sources: nothing of it is imported.

A list of names must not take as long as loading two engines does. What is read here is held by a
test against what the engines themselves answer.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

__all__ = ["components", "definitions", "patterns"]

_ROOT: Final = Path(__file__).resolve().parents[2]
_HEADER: Final = re.compile(r"^(kind|name): *([\w.-]+) *(?:#.*)?$", re.MULTILINE)


def definitions(package: str) -> Iterator[tuple[str, Path]]:
    """Give (name, file) of the classes that a package of the imperative engine offers.

    Args:
        package: ``workflows``, ``sequences``, ``topologies`` or ``modules``.
    """
    folder = _ROOT / "imperative" / package
    if not folder.is_dir():
        return
    offered = _offered(ast.parse((folder / "__init__.py").read_text(encoding="utf-8")))
    for file in sorted(folder.glob("*.py")):
        for cls in _classes(file):
            name = _text_of(cls, "name")
            if cls.name in offered and name is not None:
                yield name, file.relative_to(_ROOT)


def patterns() -> Iterator[tuple[str, str, Path]]:
    """Give (kind, name, file) of the patterns of the declarative engine."""
    for file in sorted((_ROOT / "declarative" / "patterns").rglob("*.yaml")):
        header = dict(_HEADER.findall(file.read_text(encoding="utf-8")))
        if "kind" in header and "name" in header:
            yield header["kind"], header["name"], file.relative_to(_ROOT)


def components() -> Iterator[tuple[str, str, Path]]:
    """Give (kind, name, file) of the strategies, classifiers and risk profiles."""
    for file in sorted((_ROOT / "containers" / "components").glob("*.py")):
        for cls in _classes(file):
            name = _text_of(cls, "type_name")
            methods = {node.name for node in cls.body if isinstance(node, ast.FunctionDef)}
            if name is not None:
                kind = "classifier" if "classify" in methods else "strategy"
                yield kind, name, file.relative_to(_ROOT)
    file = _ROOT / "containers" / "components" / "profiles.py"
    for name in _keys_of(file, "PRESETS"):
        yield "risk profile", name, file.relative_to(_ROOT)


def _classes(file: Path) -> Iterator[ast.ClassDef]:
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef):
            yield node


def _assigned(node: ast.stmt) -> tuple[str | None, ast.expr | None]:
    """Give name and value of an assignment to one name."""
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return node.target.id, node.value
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id, node.value
    return None, None


def _text_of(cls: ast.ClassDef, attribute: str) -> str | None:
    """Give the text that a class assigns to an attribute; null when it does not."""
    for node in cls.body:
        name, value = _assigned(node)
        if name == attribute and isinstance(value, ast.Constant) and isinstance(value.value, str):
            return value.value
    return None


def _offered(module: ast.Module) -> set[str]:
    for node in module.body:
        name, value = _assigned(node)
        if name == "__all__" and isinstance(value, ast.List | ast.Tuple):
            return {str(i.value) for i in value.elts if isinstance(i, ast.Constant)}
    return set()


def _keys_of(file: Path, variable: str) -> Iterator[str]:
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        name, value = _assigned(node)
        if name == variable and isinstance(value, ast.Dict):
            for key in value.keys:
                if isinstance(key, ast.Constant):
                    yield str(key.value)
