"""Walks come to the same one after the other and side by side, whatever finishes first."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import partial
from typing import Any

import pytest

from declarative.scheduling import OPEN, Beside, Gate, SideBySide, Walk, walk_through

Tree = list["Tree"] | str
"""A unit by its name, or what is beside one another."""


class BrokenError(Exception):
    """What a test's unit raises."""


class World:
    """Walks a tree, notes what is done to the world, and fails at some units."""

    def __init__(self, *broken: str) -> None:
        self.done: list[str] = []
        self.broken = broken

    def walk(self, tree: Tree, gate: Gate) -> Walk[str]:
        if isinstance(tree, str):
            gate.do(lambda: self.done.append(f"begin {tree}"))
            answer: str = yield tree
            gate.do(lambda: self.done.append(f"end {tree}"))
            return answer
        outcomes: list[str] = []
        starts: Iterator[Callable[[Gate], Walk[str]]] = (partial(self.walk, t) for t in tree)
        yield Beside(starts, outcomes.append)
        gate.do(lambda: self.done.append(f"took {outcomes}"))
        return f"[{' '.join(outcomes)}]"

    def work(self, unit: str) -> str:
        if unit in self.broken:
            raise BrokenError(unit)
        return unit.upper()

    def serially(self, tree: Tree) -> str:
        return walk_through(self.walk(tree, OPEN), self.work)


class Elsewhere:
    """Finishes units in an order of its own: those under way, by ``choose``."""

    def __init__(self, world: World, choose: Callable[[list[str]], str]) -> None:
        self.world = world
        self.choose = choose
        self.submitted: list[str] = []
        self.under_way: dict[str, Future[str]] = {}
        self.most = 0
        self.known_units: dict[str, str] = {}

    def known(self, unit: str, gate: Gate) -> str | None:
        del gate
        return self.known_units.get(unit)

    def submit(self, unit: str) -> Future[str]:
        future: Future[str] = Future()
        future.set_running_or_notify_cancel()
        self.submitted.append(unit)
        self.under_way[unit] = future
        self.most = max(self.most, len(self.under_way))
        return future

    def received(self, unit: str, future: Future[str], gate: Gate) -> str:
        del unit, gate
        return future.result()

    def finish_one(self) -> None:
        unit = self.choose(list(self.under_way))
        future = self.under_way.pop(unit)
        try:
            future.set_result(self.world.work(unit))
        except BrokenError as error:
            future.set_exception(error)


class Driver(SideBySide):
    """Lets units finish one by one, whenever the walk has to wait."""

    def __init__(self, elsewhere: Elsewhere, ahead: int) -> None:
        super().__init__(elsewhere, ahead)
        landed = self._landed
        get = landed.get

        class Landed:
            put = landed.put

            def get(self) -> Any:
                if landed.empty():
                    elsewhere.finish_one()
                return get()

        self._landed = Landed()  # type: ignore[assignment]  # what is used of a queue


def beside(world: World, tree: Tree, elsewhere: Elsewhere, ahead: int = 4) -> str:
    return Driver(elsewhere, ahead).run(world.walk(tree, OPEN))


def last(units: list[str]) -> str:
    return units[-1]


def first(units: list[str]) -> str:
    return units[0]


TREE: Tree = [["a", "b", ["c"]], [], ["d", "e"], "f", [["g"], ["h", "i"]]]


def random_tree(draw: random.Random, depth: int, names: Iterator[int]) -> Tree:
    if depth == 0 or draw.random() < 0.3:
        return f"u{next(names)}"
    return [random_tree(draw, depth - 1, names) for _ in range(draw.randrange(5))]


@pytest.mark.parametrize("seed", range(40))
def test_whatever_finishes_first_all_comes_to_what_it_comes_to_serially(seed: int) -> None:
    draw = random.Random(seed)
    names = iter(range(1000))
    tree = [random_tree(draw, 3, names) for _ in range(4)]
    serial, world = World(), World()
    expected = serial.serially(tree)
    elsewhere = Elsewhere(world, draw.choice)
    assert beside(world, tree, elsewhere, ahead=draw.randrange(1, 7)) == expected
    assert world.done == serial.done
    assert len(elsewhere.submitted) == len(set(elsewhere.submitted))


@pytest.mark.parametrize("seed", range(40))
def test_the_first_failure_in_path_order_is_told_and_nothing_behind_it_shows(seed: int) -> None:
    draw = random.Random(seed)
    broken = draw.sample("abcdefghi", 2)
    serial, world = World(*broken), World(*broken)
    with pytest.raises(BrokenError) as expected:
        serial.serially(TREE)
    elsewhere = Elsewhere(world, draw.choice)
    with pytest.raises(BrokenError) as raised:
        beside(world, TREE, elsewhere)
    assert str(raised.value) == str(expected.value)
    assert world.done == serial.done
    assert not elsewhere.under_way


def test_what_had_begun_when_something_failed_is_waited_for_and_taken_in() -> None:
    received: list[str] = []

    class Keeping(Elsewhere):
        def received(self, unit: str, future: Future[str], gate: Gate) -> str:
            if future.exception() is None:
                received.append(unit)
            return super().received(unit, future, gate)

    elsewhere = Keeping(World("b"), lambda units: min(units, key="bdac".index))
    with pytest.raises(BrokenError, match=r"^b$"):
        beside(elsewhere.world, ["a", "b", "c", "d"], elsewhere)
    assert not elsewhere.under_way
    assert sorted(received) == ["a", "c", "d"]


def test_units_are_begun_in_path_order_those_that_are_deeper_first() -> None:
    world = World()
    elsewhere = Elsewhere(world, first)
    beside(world, TREE, elsewhere, ahead=3)
    assert elsewhere.submitted == list("abcdefghi")


@pytest.mark.parametrize("ahead", [1, 3, 8])
def test_no_more_than_so_many_are_under_way_or_wait_for_their_turn(ahead: int) -> None:
    world = World()
    names = [f"u{n}" for n in range(50)]
    elsewhere = Elsewhere(world, last)  # the first one is always the last to finish
    beside(world, list(names), elsewhere, ahead)
    assert elsewhere.most == ahead
    nested = Elsewhere(World(), last)
    beside(nested.world, [[f"{k}{n}" for n in range(9)] for k in range(9)], nested, ahead)
    assert nested.most <= 2 * ahead


def test_what_waits_for_what_an_earlier_one_has_chosen_is_begun_before_what_is_behind_it() -> None:
    world = World()
    units: list[str] = []

    def window(name: str, gate: Gate) -> Walk[str]:
        del gate
        train = yield f"train {name}"
        test: str = yield f"test {name} with {train}"
        return test

    def windows() -> Walk[None]:
        yield Beside((partial(window, str(n)) for n in range(6)), units.append)

    elsewhere = Elsewhere(world, first)
    Driver(elsewhere, 2).run(windows())
    assert elsewhere.submitted[:3] == ["train 0", "train 1", "test 0 with TRAIN 0"]
    assert len(units) == 6


def two_groups(world: World, name: str, gate: Gate) -> Walk[str]:
    """Walk a group of five units, then, when these are through, another one."""
    for group in "xy":
        yield from world.walk([f"{name}{group}{n}" for n in range(5)], gate)
    return name


def windows(world: World) -> Walk[None]:
    yield Beside((partial(two_groups, world, str(n)) for n in range(3)), lambda name: None)


def test_what_is_first_goes_on_while_what_runs_ahead_waits_for_its_turn() -> None:
    world, serial = World(), World()
    walk_through(windows(serial), serial.work)
    at_once: list[int] = []

    def last_of(units: list[str]) -> str:
        at_once.append(sum(unit.startswith("0y") for unit in units))
        return units[-1]

    Driver(Elsewhere(world, last_of), 4).run(windows(world))
    assert world.done == serial.done
    assert max(at_once) == 4


def test_of_several_groups_with_more_to_begin_the_first_has_its_units_begun() -> None:
    world = World()
    elsewhere = Elsewhere(world, first)
    Driver(elsewhere, 8).run(windows(world))
    assert elsewhere.submitted[:9] == [*(f"0x{n}" for n in range(5)), "1x0", "1x1", "1x2", "1x3"]
    assert elsewhere.submitted.index("0y4") < elsewhere.submitted.index("2x4")


@pytest.mark.parametrize(
    ("broken", "ahead"), [(["0x3"], 3), (["1x1", "0y1"], 3), (["1x0"], 3), (["2x1", "1y0"], 12)]
)
def test_nothing_behind_the_first_failure_is_begun_any_more(broken: list[str], ahead: int) -> None:
    begun: dict[str, list[str]] = {}

    class Noting(World):
        def work(self, unit: str) -> str:
            if unit in self.broken:
                begun[unit] = list(elsewhere.submitted)
            return super().work(unit)

    order = ["0x", "1x", "0y", "1y", "2x", "2y"]
    world = Noting(*broken)
    elsewhere = Elsewhere(
        world,
        lambda units: min(units, key=lambda unit: (unit not in broken, order.index(unit[:2]))),
    )
    with pytest.raises(BrokenError, match=broken[-1]):
        Driver(elsewhere, ahead).run(windows(world))
    later = elsewhere.submitted[len(begun[broken[-1]]) :]
    assert all(unit < broken[-1] for unit in later)  # their names are in path order


def test_what_is_known_is_not_run_again() -> None:
    world, serial = World(), World()
    elsewhere = Elsewhere(world, last)
    elsewhere.known_units = {unit: unit.upper() for unit in "abdgh"}
    assert beside(world, TREE, elsewhere) == serial.serially(TREE)
    assert sorted(elsewhere.submitted) == list("cefi")
    assert world.done == serial.done


def test_what_asking_for_a_walk_raises_comes_after_those_before_it() -> None:
    world = World("b")

    def starts() -> Iterator[Callable[[Gate], Walk[str]]]:
        yield partial(world.walk, "a")
        yield partial(world.walk, "b")
        raise BrokenError("no window fits")

    def walk() -> Walk[None]:
        yield Beside(starts(), lambda outcome: None)

    with pytest.raises(BrokenError, match=r"^b$"):
        Driver(Elsewhere(world, last), 4).run(walk())
    world.broken = ()
    with pytest.raises(BrokenError, match="no window fits"):
        Driver(Elsewhere(world, last), 4).run(walk())


def test_what_taking_an_outcome_raises_is_a_failure_at_its_place() -> None:
    world = World()

    def take(outcome: str) -> None:
        if outcome == "B":
            raise BrokenError("cannot be taken")
        world.done.append(f"took {outcome}")

    def walk() -> Walk[None]:
        yield Beside((partial(world.walk, unit) for unit in "abc"), take)

    with pytest.raises(BrokenError, match="cannot be taken"):
        Driver(Elsewhere(world, last), 4).run(walk())
    assert world.done == ["begin a", "end a", "took A", "begin b", "end b"]


def test_an_interruption_leaves_what_is_under_way_alone_and_cancels_the_rest() -> None:
    world = World()

    class Interrupted(Elsewhere):
        def received(self, unit: str, future: Future[str], gate: Gate) -> str:
            raise KeyboardInterrupt

    waiting: Future[str] = Future()

    class Queued(Interrupted):
        def submit(self, unit: str) -> Future[str]:
            return waiting if unit == "b" else super().submit(unit)

    with pytest.raises(KeyboardInterrupt):
        beside(world, ["a", "b"], Queued(world, first))
    assert waiting.cancelled()


def test_a_gate_lets_through_in_order_and_only_when_those_around_are_open() -> None:
    done: list[str] = []
    outer = Gate(OPEN)
    inner = Gate(outer)
    inner.do(lambda: done.append("inner"))
    inner.open()
    assert done == []
    outer.do(lambda: done.append("outer"))
    outer.open()
    assert done == ["inner", "outer"]
    inner.do(lambda: done.append("now"))
    assert done == ["inner", "outer", "now"]
