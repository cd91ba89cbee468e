"""Numbers of events, compared up to renumbering.

An event too many shifts the numbers of all that follow, which is no difference of theirs. So of
counterparts two things are asked:

* ``seq``: they stand at the same place among the counterparts of their part, and from one place to
  the next the shift between the two sides changes at most by the events that only one side has in
  between (of which some may have been published on the other side without being kept);
* ``cause``: the right one is the counterpart of the left one. Causes that were not kept lie between
  two kept events, and shift as one of these does.

What is known of earlier parts is held as runs of one shift, so it is small where traces are alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from containers.trace.columns import Mask, Rows
from containers.trace.matching import Pairs
from containers.trace.windows import Part

__all__ = ["Renumbering"]

_Ints = npt.NDArray[np.int64]

_ALONE: Final = np.iinfo(np.int64).min
"""In place of a shift: events that have no counterpart."""


class Renumbering:
    """How numbers of the left trace became numbers of the right one, as far as compared."""

    def __init__(self) -> None:
        self._shift = 0  # of the last counterparts
        self._missing = 0  # events since then that only the left trace has
        self._extra = 0  # those that only the right trace has
        self._runs: Final = _Runs()
        self._extras: Final = _Runs()

    @property
    def untouched(self) -> bool:
        """Whether events with equal numbers were counterparts, without exception."""
        return not (self._shift or self._missing or self._extra) and self._runs.trivial

    def skip(self, first: int, last: int) -> None:
        """Take note of equal events with these numbers, while nothing was shifted."""
        self._runs.add(_Block(*(np.array([n], np.int64) for n in (first, last, 0))), follows=True)

    def compare(self, left: Part, right: Part, pairs: Pairs) -> tuple[Mask, Mask]:
        """Mark the pairs whose ``seq`` differs, and those whose ``cause`` does.

        Args:
            left: Events that follow those of the call before.
            right: Likewise.
            pairs: The counterparts among them.
        """
        follows = not (self._missing or self._extra)
        mine, yours = left.seqs[pairs.left], right.seqs[pairs.right]
        places = pairs.right
        ordered = bool((places[1:] > places[:-1]).all())
        seq_differs = np.zeros(len(mine), np.bool_)
        if not ordered:
            places = np.sort(pairs.right)
            seq_differs = places != pairs.right
        if len(mine):
            missing = np.diff(pairs.left, prepend=-1) - 1
            extra = np.diff(places, prepend=-1) - 1
            missing[0] += self._missing
            extra[0] += self._extra
            shifts = right.seqs[places] - mine
            change = np.diff(shifts, prepend=self._shift)
            seq_differs |= (change < -missing) | (change > extra)
            self._shift = int(shifts[-1])
            self._missing = len(left) - int(pairs.left[-1]) - 1
            self._extra = len(right) - int(places[-1]) - 1
        else:
            self._missing += len(left)
            self._extra += len(right)
        self._learn(left, right, pairs, yours - mine, follows)
        return seq_differs, self._causes_differ(left.causes[pairs.left], right.causes[pairs.right])

    def _learn(self, left: Part, right: Part, pairs: Pairs, shifts: _Ints, follows: bool) -> None:
        all_shifts = np.full(len(left), _ALONE)
        all_shifts[pairs.left] = shifts
        # Between neighbours that are counterparts of neighbours nothing else was published.
        partner = np.full(len(left), -1)
        partner[pairs.left] = pairs.right
        joined = np.zeros(len(left), np.bool_)
        joined[1:] = (all_shifts[1:] == all_shifts[:-1]) & np.where(
            all_shifts[1:] == _ALONE,
            np.diff(left.seqs) == 1,
            np.diff(partner) == 1,
        )
        begin = np.flatnonzero(~joined)
        if len(begin):
            end = np.append(begin[1:], len(left)) - 1
            block = _Block(left.seqs[begin], left.seqs[end], all_shifts[begin])
            self._runs.add(block, follows=follows and partner[0] == 0)
        alone = np.ones(len(right), np.bool_)
        alone[pairs.right] = False
        seqs = right.seqs[alone]
        if len(seqs):
            begin = np.flatnonzero(np.diff(seqs, prepend=seqs[0] - 2) != 1)
            end = np.append(begin[1:], len(seqs)) - 1
            block = _Block(seqs[begin], seqs[end], np.full(len(begin), _ALONE))
            self._extras.add(block, follows=False)

    def _causes_differ(self, mine: _Ints, yours: _Ints) -> Mask:
        least, most = self._runs.shifts_of(mine)
        change = yours - mine
        differs = (change < least) | (change > most)
        free = least != most
        if free.any():
            differs[free] |= self._extras.hold(yours[free])
        null = (mine == -1) | (yours == -1)
        differs[null] = (mine != yours)[null]
        return differs


class _Runs:
    """Runs of numbers with one shift each, ascending."""

    def __init__(self) -> None:
        self._blocks: Final[list[_Block]] = []
        self._firsts: Final[list[int]] = []

    @property
    def trivial(self) -> bool:
        """Whether all there is, if anything, is one run that is not shifted."""
        return not self._blocks or (
            len(self._blocks) == len(self._blocks[0].starts) == 1
            and int(self._blocks[0].shifts[0]) == 0
        )

    def add(self, block: _Block, *, follows: bool) -> None:
        """Add runs that come after all there are.

        Args:
            block: At least one run.
            follows: Nothing lies between them and the last run there is.
        """
        if follows and self._blocks:
            last = self._blocks[-1]
            if last.shifts[-1] == block.shifts[0] != _ALONE:
                last.ends[-1] = block.ends[0]
                block = _Block(*(array[1:] for array in block))
        if len(block.starts):
            self._blocks.append(block)
            self._firsts.append(int(block.starts[0]))

    def hold(self, numbers: _Ints) -> Mask:
        """Mark the numbers that lie in a run."""
        held = np.zeros(len(numbers), np.bool_)
        for at, here in self._by_block(numbers):
            if at >= 0:
                block = self._blocks[at]
                runs = np.searchsorted(block.starts, numbers[here], side="right") - 1
                held[here] = numbers[here] <= block.ends[runs]
        return held

    def shifts_of(self, numbers: _Ints) -> tuple[_Ints, _Ints]:
        """Give the least and the most by which numbers may be shifted; 1 and 0: they are alone."""
        least, most = np.empty(len(numbers), np.int64), np.empty(len(numbers), np.int64)
        for at, here in self._by_block(numbers):
            asked = numbers[here]
            if at < 0:
                before = np.zeros(len(asked), np.int64)
                after = np.full(len(asked), self._after(0, 0))
            else:
                block = self._blocks[at]
                runs = np.searchsorted(block.starts, asked, side="right") - 1
                before = after = block.shifts[runs]
                if (asked > block.ends[runs]).any():
                    between = asked > block.ends[runs]
                    before, after = before.copy(), after.copy()
                    # Few runs are asked for: most numbers lie in one.
                    for run in np.unique(runs[between]).tolist():
                        those = between & (runs == run)
                        before[those] = self._before(at, run)
                        after[those] = self._after(at, run + 1, before=int(before[those][0]))
            least[here], most[here] = np.minimum(before, after), np.maximum(before, after)
        alone = least == _ALONE
        least[alone], most[alone] = 1, 0
        return least, most

    def _by_block(self, numbers: _Ints) -> Iterator[tuple[int, Rows]]:
        """Give for each block that is asked for, -1 for before the first, which items ask."""
        if not len(numbers):
            return
        blocks = np.searchsorted(np.array(self._firsts, np.int64), numbers, side="right") - 1
        for at in np.unique(blocks).tolist():
            yield at, np.flatnonzero(blocks == at)

    def _before(self, at: int, run: int) -> int:
        """Give the shift of the last counterparts up to a run."""
        for block in (self._blocks[number] for number in range(at, -1, -1)):
            shifts = block.shifts[: run + 1] if block is self._blocks[at] else block.shifts
            paired = np.flatnonzero(shifts != _ALONE)
            if len(paired):
                return int(shifts[paired[-1]])
        return 0

    def _after(self, at: int, run: int, before: int = 0) -> int:
        """Give the shift of the first counterparts from a run on; without any, that before."""
        for number in range(at, len(self._blocks)):
            shifts = self._blocks[number].shifts[run if number == at else 0 :]
            paired = np.flatnonzero(shifts != _ALONE)
            if len(paired):
                return int(shifts[paired[0]])
        return before


class _Block(NamedTuple):
    """Runs: the first and the last number of each, and its shift or `_ALONE`."""

    starts: _Ints
    ends: _Ints
    shifts: _Ints
