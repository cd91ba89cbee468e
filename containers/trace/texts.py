"""A column of text, or of tuples of text: int32 codes into the texts that occur.

Texts are numbered in order of their first appearance in the column, so equal columns have equal
codes whatever made them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import count as counting
from typing import Any, Final, Self

import numpy as np

from containers.trace.columns import (
    Buffer,
    Column,
    Mask,
    RefusedValueError,
    Rows,
    frozen,
    same_bits,
)

__all__ = ["TextColumn"]

_FEW: Final = 8
"""Up to so many texts it is worth looking whether they are in their order already."""

_EXPECTED: Final = {
    False: "text",
    True: "a tuple of texts, none of them empty or with a comma",
}


class TextColumn(Column):
    """Text, or (``plural``) tuples of text joined with ",": int32 codes into ``texts``."""

    def __init__(self, codes: Buffer, texts: tuple[str, ...], plural: bool) -> None:
        self.codes: Final = frozen(codes, np.int32)
        self._texts: Final = texts
        self.plural: Final = plural

    @classmethod
    def build(cls, values: Sequence[Any], plural: bool) -> TextColumn:
        """Hold values; `RefusedValueError` when one is no text (no tuple of texts).

        Members of a `StrEnum` are taken for the text they are, and come back as plain text. A
        member of a tuple must not be empty nor hold a comma, which joins them.
        """
        due = tuple if plural else str
        # Most columns hold one text only: counting is a pointer comparison a row.
        if values and type(values[0]) is due and values.count(values[0]) == len(values):
            return cls._checked(np.zeros(len(values), np.int32), values[:1], plural)
        try:
            return cls.numbered(values, len(values), plural)
        except TypeError:  # unhashable, hence no text either
            row = next(row for row, value in enumerate(values) if not _is_hashable(value))
            raise RefusedValueError(row, values[row], _EXPECTED[plural]) from None

    @classmethod
    def numbered(cls, values: Iterable[Hashable], count: int, plural: bool) -> TextColumn:
        """Do as `build`, with ``count`` values that are made on the way and read once."""
        numbering: defaultdict[Hashable, int] = defaultdict(counting().__next__)
        codes = np.fromiter(map(numbering.__getitem__, values), np.int32, count)
        return cls._checked(codes, tuple(numbering), plural)

    @classmethod
    def _checked(cls, codes: Buffer, unique: Sequence[Hashable], plural: bool) -> TextColumn:
        texts = []
        for code, value in enumerate(unique):
            try:
                texts.append(_joined(value) if plural else _plain(value))
            except (TypeError, ValueError) as error:
                found = None if isinstance(error, TypeError) else f"{value!r}, {error}"
                row = int(np.argmax(codes == code))
                raise RefusedValueError(row, value, _EXPECTED[plural], found) from None
        return cls(codes, tuple(texts), plural)

    @classmethod
    def canonical(cls, codes: Buffer, texts: Sequence[str], plural: bool) -> Self:
        """Hold any codes into distinct ``texts``; renumbers by first appearance, drops unused."""
        if _is_canonical(codes, len(texts)):
            return cls(codes, tuple(texts), plural)
        first = np.full(len(texts), len(codes), np.intp)
        # Of repeated indexes the last assignment stays: backwards, that is the first appearance.
        first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
        order = np.argsort(first, kind="stable")
        order = order[: int(np.count_nonzero(first < len(codes)))]
        renumbered = np.zeros(len(texts), np.int32)
        renumbered[order] = np.arange(len(order), dtype=np.int32)
        return cls(renumbered[codes], tuple(texts[code] for code in order.tolist()), plural)

    def __len__(self) -> int:
        return len(self.codes)

    def buffers(self) -> Iterator[Buffer]:  # noqa: D102 - described by Column, as all below
        yield self.codes

    @property
    def texts(self) -> tuple[str, ...]:  # noqa: D102
        return self._texts

    def members(self) -> list[tuple[str, ...]]:
        """Split each text of a plural column into its members."""
        return [tuple(text.split(",")) if text else () for text in self._texts]

    def values(self) -> list[Any]:  # noqa: D102
        choices = self.members() if self.plural else self._texts
        return [choices[code] for code in self.codes.tolist()]

    def take(self, rows: Rows) -> Self:  # noqa: D102
        return self.canonical(self.codes[rows], self._texts, self.plural)

    def part(self, start: int, stop: int) -> Self:  # noqa: D102
        return type(self)(self.codes[start:stop], self._texts, self.plural)

    @classmethod
    def concatenate(cls, columns: Sequence[Self]) -> Self:  # noqa: D102
        # Texts of each column stand in order of first appearance, hence so do those of all.
        numbering: dict[str, int] = {}
        pieces = []
        for column in columns:
            codes = [numbering.setdefault(text, len(numbering)) for text in column.texts]
            alike = codes == list(range(len(codes)))
            pieces.append(column.codes if alike else np.array(codes, np.int32)[column.codes])
        return cls(np.concatenate(pieces), tuple(numbering), columns[0].plural)

    def same(self, other: Column) -> bool:  # noqa: D102
        return (
            isinstance(other, TextColumn)
            and self._texts == other.texts
            and same_bits(self.codes, other.codes)
        )

    def differs(self, other: Column) -> Mask:  # noqa: D102
        assert isinstance(other, TextColumn)
        if self._texts == other.texts:
            theirs = other.codes
        else:
            numbering = {text: code for code, text in enumerate(self._texts)}
            mine = np.array([numbering.get(text, -1) for text in other.texts], np.int32)
            theirs = mine[other.codes]
        different: Mask = self.codes != theirs
        return different


def _is_canonical(codes: Buffer, count: int) -> bool:
    """Tell whether each of a few codes appears, in ascending order of first appearance.

    What was written canonically is read so again; to look is a tenth of the work of renumbering.
    """
    if count > _FEW:
        return False
    last = -1
    for code in range(count):
        if not len(codes):
            return False
        first = int(np.argmax(codes == code))  # 0 where it does not appear, as does another one
        if first <= last:
            return False
        last = first
    return True


def _plain(value: object) -> str:
    """Check one text."""
    if type(value) is not str and not isinstance(value, StrEnum):
        raise TypeError
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("which UTF-8 cannot express") from None
    return str(value)


def _joined(value: object) -> str:
    """Check and join one tuple of texts."""
    if type(value) is not tuple:
        raise TypeError
    members = [_plain(member) for member in value]
    if not all(members) or any("," in member for member in members):
        raise ValueError("with a member that is empty or has a comma")
    return ",".join(members)


def _is_hashable(value: object) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True
