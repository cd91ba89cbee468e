"""Walks and what drives them: one thing after the other, or side by side.

A walk is a generator that has units run. It yields

- a unit, whatever that is, and is sent what came of it; or
- `Beside`, walks that need nothing of one another, and goes on when all of them are through; the
  outcome of each is taken in order.

`walk_through` drives a walk in this process, one unit at a time. `SideBySide` has units run
elsewhere, a bounded number of them at once, the first in path order first. Both come to the same:

1. Outcomes are taken in order, whatever the order in which they come.
2. What a walk does to the world, such as writing to the journal, it does through its `Gate`, which
   lets it through when all that comes before the walk is over and done with.
3. The first walk in path order that fails is the one that is told. Nothing of later ones shows.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any, Final, Protocol, TypeAlias, TypeVar

__all__ = ["OPEN", "Beside", "Gate", "Runner", "SideBySide", "Walk", "walk_through"]

T = TypeVar("T")

Walk: TypeAlias = Generator[Any, Any, T]
"""Yields units and `Beside`, returns an outcome."""


class Gate:
    """Holds back what a walk does until everything before the walk is done.

    Args:
        behind: The gate of the walk around; null: there is none, and this one is open.
    """

    __slots__ = ("_behind", "_waiting")

    def __init__(self, behind: Gate | None = None) -> None:
        self._behind: Final = behind
        self._waiting: list[Callable[[], object]] | None = None if behind is None else []

    def do(self, effect: Callable[[], object]) -> None:
        """Do it now, or as soon as this gate and those around are open."""
        if self._waiting is not None:
            self._waiting.append(effect)
        elif self._behind is None:
            effect()
        else:
            self._behind.do(effect)

    def open(self) -> None:
        """Let through what has waited, in order, and everything from now on."""
        waiting, self._waiting = self._waiting or [], None
        for effect in waiting:
            self.do(effect)


OPEN: Final = Gate()
"""Holds nothing back."""


@dataclass(frozen=True, slots=True)
class Beside:
    """Walks that need nothing of one another.

    Attributes:
        starts: Each makes a walk, given its gate. They are asked for one by one, as late as
            possible; what asking raises comes after all walks before.
        take: Is given the outcome of each walk, in order.
    """

    starts: Iterator[Callable[[Gate], Walk[Any]]]
    take: Callable[[Any], None]


def walk_through(walk: Walk[T], run: Callable[[Any], Any]) -> T:
    """Drive a walk, one unit after the other; whatever it raises is raised."""
    answer: Any = None
    while True:
        try:
            step = walk.send(answer)
        except StopIteration as end:
            outcome: T = end.value
            return outcome
        if isinstance(step, Beside):
            for start in step.starts:
                step.take(walk_through(start(OPEN), run))
            answer = None
        else:
            answer = run(step)


class Runner(Protocol):
    """Has units run somewhere else."""

    def known(self, unit: Any, gate: Gate) -> Any | None:
        """Give what came of a unit when it ran before; null: it has to be run."""

    def submit(self, unit: Any) -> Future[Any]:
        """Have it run; the future is given to `received` when it is done."""

    def received(self, unit: Any, future: Future[Any], gate: Gate) -> Any:
        """Give what the walk is sent; a failure of the unit is raised.

        Args:
            unit: The unit.
            future: Of its answer; it is done.
            gate: Of the unit's walk.
        """


@dataclass(eq=False, slots=True)
class _Node:
    """A walk on its way.

    Attributes:
        path: Its place among all: indexes that lead to it.
        walk: Null: there is none, something failed at this place.
        beside: The walks it waits for.
        more: Whether further ones can be started.
        children: Those that are on their way, or through and not yet taken, in order.
        started: How many of them there have been.
        through: Whether it has come to its outcome.
        error: What it failed of.
    """

    path: tuple[int, ...]
    gate: Gate
    parent: _Node | None
    walk: Walk[Any] | None = None
    beside: Beside | None = None
    more: bool = False
    children: deque[_Node] = field(default_factory=deque)
    started: int = 0
    through: bool = False
    outcome: Any = None
    error: Exception | None = None

    @property
    def first(self) -> bool:
        """Whether everything before it is taken, here and all the way up."""
        node: _Node | None = self
        while node is not None and (above := node.parent) is not None:
            if above.children[0] is not node:
                return False
            node = above
        return True

    @property
    def order(self) -> tuple[float, ...]:
        """Sorts those first that are deeper, then those before."""
        return (*self.path, math.inf)


class SideBySide:
    """Drives a walk with many units on their way at once.

    Args:
        runner: Has units run.
        ahead: How many units, and walks of one group, may be under way or wait for their turn.
    """

    def __init__(self, runner: Runner, ahead: int) -> None:
        self._runner: Final = runner
        self._ahead: Final = ahead
        self._flying: dict[Future[Any], tuple[_Node, Any]] = {}
        self._landed: SimpleQueue[Future[Any]] = SimpleQueue()
        self._held = 0  # units that have been begun and whose turn has not come
        self._open: list[tuple[tuple[float, ...], _Node]] = []  # a heap of nodes with more to start
        self._end: tuple[int, ...] | None = None  # where something failed; nothing begins behind

    def run(self, walk: Walk[T]) -> T:
        """Drive a walk to its outcome.

        Raises:
            Exception: What the first walk in path order that fails has raised. No unit is under
                way any more.
            BaseException: An interruption; units that have begun are left alone.
        """
        root = _Node((), OPEN, None, walk)
        try:
            self._advance(root, None)
            while not root.through:
                self._raise_first(root)
                if not self._start_one():
                    self._land(self._landed.get())
        except Exception:
            self._wind_up()
            raise
        finally:
            for future in self._flying:
                future.cancel()
        outcome: T = root.outcome
        return outcome

    # -- one step of one walk

    def _advance(self, node: _Node, answer: Any) -> None:
        """Let a walk go on until it waits for something."""
        assert node.walk is not None  # else it has failed, and nobody lets it go on
        try:
            while True:
                step = node.walk.send(answer)
                if isinstance(step, Beside):
                    node.beside, node.more = step, True
                    heapq.heappush(self._open, (node.order, node))
                    return
                self._held += 1
                answer = self._runner.known(step, node.gate)
                if answer is None:
                    self._fly(node, step)
                    return
                node.gate.do(self._let_go)
        except StopIteration as end:
            node.through, node.outcome = True, end.value
        except Exception as error:  # noqa: BLE001  # told when its turn comes
            self._fail(node, error)
        if node.parent is not None:
            self._settle(node.parent)

    def _fly(self, node: _Node, unit: Any) -> None:
        future = self._runner.submit(unit)
        self._flying[future] = node, unit
        future.add_done_callback(self._landed.put)

    def _land(self, future: Future[Any]) -> None:
        """Hand on what came of a unit."""
        node, unit = self._flying.pop(future)
        node.gate.do(self._let_go)
        try:
            answer = self._runner.received(unit, future, node.gate)
        except Exception as error:  # noqa: BLE001  # told when its turn comes
            self._fail(node, error)
        else:
            if node.error is None:
                self._advance(node, answer)

    def _let_go(self) -> None:
        self._held -= 1

    # -- walks beside one another

    def _start_one(self) -> bool:
        """Start the next walk in path order, unless enough is under way."""
        if not self._open:
            return False
        node = self._open[0][1]
        path = (*node.path, node.started)
        if self._end is not None and path > self._end:
            return False
        # What is first in order may always go on, else what waits for it could wait forever.
        if (len(node.children) if node.first else self._held) >= self._ahead:
            return False
        assert node.beside is not None  # it has more to start
        child = _Node(path, Gate(node.gate), node)
        try:
            start = next(node.beside.starts, None)
            if start is not None:
                child.walk = start(child.gate)
        except Exception as error:  # noqa: BLE001  # told when its turn comes
            start = None
            self._append(node, child)
            self._fail(child, error)
        if start is None:
            node.more = False
            heapq.heappop(self._open)
            self._settle(node)
            return True
        self._append(node, child)
        self._advance(child, None)
        return True

    def _append(self, node: _Node, child: _Node) -> None:
        node.started += 1
        node.children.append(child)
        if len(node.children) == 1:
            self._have_turn(child)

    def _settle(self, node: _Node) -> None:
        """Take the outcomes whose turn has come; once all are in, let the walk go on."""
        assert node.beside is not None  # it has children
        children = node.children
        while children and (child := children[0]).through:
            try:
                node.beside.take(child.outcome)
            except Exception as error:  # noqa: BLE001  # told when its turn comes
                self._fail(child, error)
                return
            children.popleft()
            if children:
                self._have_turn(children[0])
        if not children and not node.more and node.error is None:
            self._advance(node, None)

    def _have_turn(self, node: _Node) -> None:
        try:
            node.gate.open()
        except Exception as error:  # noqa: BLE001  # told at once: its turn has come
            self._fail(node, error)

    # -- failures

    def _fail(self, node: _Node, error: Exception) -> None:
        node.error, node.through = error, False
        if self._end is None or node.path < self._end:
            self._end = node.path

    def _raise_first(self, root: _Node) -> None:
        """Raise what failed, if everything before it is done."""
        node = root
        while node.children and node.error is None:
            node = node.children[0]
        if node.error is not None:
            raise node.error

    def _wind_up(self) -> None:
        """Wait for the units that have begun; what is finished is kept, and told nobody."""
        for future in self._flying:
            future.cancel()
        while self._flying:
            future = self._landed.get()
            node, unit = self._flying.pop(future)
            if not future.cancelled():
                with suppress(Exception):  # it comes after what is being told
                    self._runner.received(unit, future, node.gate)
