"""Making certain that changed source was run: the changed statement says so itself.

A call is put before the innermost statement that an edit touches, in the compiled module only; the
source is left as the edit made it. The call makes an empty file the first time it is reached,
in whatever process that is, in the folder that the environment names; so one compiled module serves
any number of runs.

The statement is found in the source as it was, by its path through the blocks, and the call goes
to the same path in the changed source, where the statement may be another one or gone.
"""

from __future__ import annotations

import ast
import bisect
import importlib.util
import marshal
import threading
from collections.abc import Sequence
from types import CodeType
from typing import Final, TypeAlias

__all__ = ["VARIABLE", "Marks", "compiled"]

_NAME: Final = "__parity_mark_{number}__"
_PROLOGUE: Final = """
def {name}():
    global {name}
    import os
    folder = os.environ.get({variable!r})
    if folder is not None:
        open(os.path.join(folder, {mark!r}), "ab").close()
    {name} = int
"""
_ALONE: Final = threading.Lock()
"""CPython before 3.13 counts the depth of all syntax trees on their way in one number: two threads
that make one at the same time end with a SystemError."""

_UNCHECKED: Final = (1).to_bytes(4, "little")  # by content, and taken without a look at the source

VARIABLE: Final = "PARITY_MARKS"
"""Of the environment: the folder in which marks appear."""

Marks: TypeAlias = Sequence[tuple[int, str]]
"""Offset in the text as it was, and the name of the file that shows that it was reached."""
_Path: TypeAlias = tuple[tuple[str, int], ...]


def compiled(before: str, after: str, file: str, marks: Marks) -> bytes:
    """Compile changed source with its marks.

    Args:
        before: The source as it was.
        after: The source as it is.
        file: Name of the file, for tracebacks.
        marks: Where ``before`` was changed.

    Returns:
        The content of a ``.pyc`` file that is taken whatever its source.

    Raises:
        SyntaxError: ``after`` is no Python.
        LookupError: At an offset there is no statement.
    """
    with _ALONE:
        code = _marked(before, after, file, marks)
    digest = importlib.util.source_hash(after.encode())
    return importlib.util.MAGIC_NUMBER + _UNCHECKED + digest + marshal.dumps(code)


def _marked(before: str, after: str, file: str, marks: Marks) -> CodeType:
    tree = ast.parse(after, file)
    was = ast.parse(before, file)
    starts = _line_starts(before)
    paths = [_path_to(was, *_position(before, starts, offset)) for offset, _ in marks]
    # From behind, so that a call that is put in moves no other path.
    for number, path in sorted(enumerate(paths), key=lambda each: each[1], reverse=True):
        _insert(tree, path, _NAME.format(number=number))
    first = _first_statement(tree)
    for number, (_, mark) in enumerate(marks):
        name = _NAME.format(number=number)
        tree.body[first:first] = ast.parse(
            _PROLOGUE.format(name=name, mark=mark, variable=VARIABLE)
        ).body
    code = compile(ast.fix_missing_locations(tree), file, "exec", dont_inherit=True)
    assert isinstance(code, CodeType)
    return code


def _line_starts(text: str) -> list[int]:
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    return starts


def _position(text: str, starts: list[int], offset: int) -> tuple[int, int]:
    """Give line (from 1) and column in UTF-8 bytes of the first character that is not blank."""
    while offset < len(text) and text[offset].isspace():
        offset += 1
    line = bisect.bisect_right(starts, offset) - 1
    return line + 1, len(text[starts[line] : offset].encode())


def _path_to(tree: ast.Module, line: int, column: int) -> _Path:
    """Find the innermost statement at a position, as fields and indexes from the module down."""
    path: list[tuple[str, int]] = []
    node: ast.AST = tree
    while (step := _step(node, line, column)) is not None:
        field, index, node = step
        path.append((field, index))
    while path and not isinstance(_node_at(tree, path), ast.stmt):
        path.pop()  # a handler or case has no place before it
    if not path:
        raise LookupError(f"there is no statement at line {line}")
    return tuple(path)


def _step(node: ast.AST, line: int, column: int) -> tuple[str, int, ast.AST] | None:
    for field in ("body", "orelse", "finalbody", "handlers", "cases"):
        children = getattr(node, field, None)
        if not isinstance(children, list):
            continue
        for index, child in enumerate(children):
            begin, end = _extent(child)
            if begin <= (line, column) < end:
                return field, index, child
    return None


def _extent(node: ast.AST) -> tuple[tuple[int, int], tuple[int, int]]:
    if isinstance(node, ast.match_case):
        last = node.body[-1]
        return (node.pattern.lineno, node.pattern.col_offset), _end(last)
    assert isinstance(node, ast.stmt | ast.ExceptHandler)
    begins = [(node.lineno, node.col_offset)]
    decorators = getattr(node, "decorator_list", [])
    begins += [(each.lineno, each.col_offset - 1) for each in decorators]  # each with its @
    return min(begins), _end(node)


def _end(node: ast.stmt | ast.ExceptHandler) -> tuple[int, int]:
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    return node.end_lineno, node.end_col_offset


def _node_at(tree: ast.AST, path: Sequence[tuple[str, int]]) -> ast.AST:
    node = tree
    for field, index in path:
        node = getattr(node, field)[index]
    return node


def _insert(tree: ast.Module, path: _Path, name: str) -> None:
    """Put a call at ``path``, or, where an edit took that away, as near before it as there is."""
    node: ast.AST = tree
    block, place = tree.body, 0
    for field, index in path:
        children = getattr(node, field, None)
        if not isinstance(children, list) or (not children and field != "body"):
            break
        if field not in ("handlers", "cases"):
            block, place = children, min(index, len(children))
        if index >= len(children):
            break
        node = children[index]
    if block is tree.body:
        place = max(place, _first_statement(tree))
    block.insert(place, ast.parse(f"{name}()").body[0])


def _first_statement(tree: ast.Module) -> int:
    """Give the index of the first statement after docstring and ``from __future__``."""
    index = 0
    for index, node in enumerate(tree.body):  # the index is what is looked for
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            continue
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        return index
    return index + 1
