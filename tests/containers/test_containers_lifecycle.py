"""The life of a container: the table, and what moves along it."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import ClassVar, TypeAlias

import pytest

from containers.bus import Bus
from containers.container import Container, Role
from containers.errors import ContainerError, LifecycleError
from containers.lifecycle import TRANSITIONS, State, Trigger, mermaid
from containers.ports import Port
from containers.trace import TraceRecorder

Move: TypeAlias = tuple[str, Trigger, State, State]

# Steps that take a new container to each state.
WAYS: dict[State, tuple[str, ...]] = {
    State.CREATED: (),
    State.INITIALIZED: ("initialize",),
    State.RUNNING: ("initialize", "start"),
    State.STOPPED: ("initialize", "start", "stop"),
    State.CLEANED: ("initialize", "start", "stop", "cleanup"),
    State.FAULTED: ("initialize", "fail"),
}

# The contract: created, initialized, running, stopped, cleaned, in this order; results are
# collected while running; what was touched can be cleaned; a failure leads to faulted, which can
# only be cleaned.
LEGAL: dict[tuple[str, str], str] = {
    ("created", "initialize"): "initialized",
    ("initialized", "start"): "running",
    ("running", "collect"): "running",
    ("running", "stop"): "stopped",
    ("stopped", "cleanup"): "cleaned",
    ("initialized", "cleanup"): "cleaned",
    ("faulted", "cleanup"): "cleaned",
}
ASKED = [trigger for trigger in Trigger if trigger is not Trigger.FAIL]
PAIRS = [(state, trigger) for state in State for trigger in ASKED]


class Recorded(Container):
    """Notes its hooks, and raises in the one it is told to."""

    role: ClassVar[Role] = Role.FEATURES

    def __init__(self, fails_in: str | None = None) -> None:
        super().__init__("features/AAA/1d")
        self.fails_in = fails_in
        self.hooks: list[str] = []
        self.ports: list[Port] = []
        self.moves: list[Move] = []
        self.lifecycle.observer = lambda *move: self.moves.append(move)

    def _hook(self, name: str) -> None:
        self.hooks.append(name)
        if name == self.fails_in:
            raise RuntimeError(f"broken {name}")

    def on_initialize(self, port: Port) -> None:
        self.ports.append(port)
        self._hook("initialize")

    def on_start(self) -> None:
        self._hook("start")

    def on_collect(self) -> object:
        self._hook("collect")
        return "results"

    def on_stop(self) -> None:
        self._hook("stop")

    def on_cleanup(self) -> None:
        self._hook("cleanup")


@pytest.fixture
def port() -> Port:
    bus = Bus(TraceRecorder())
    bus.seal()
    return bus.port(Recorded())


def triggers(container: Recorded, port: Port) -> dict[str, Callable[[], object]]:
    return {
        "initialize": lambda: container.initialize(port),
        "start": container.start,
        "collect": container.collect,
        "stop": container.stop,
        "cleanup": container.cleanup,
        "fail": container.lifecycle.fail,
    }


def brought_to(state: State, port: Port) -> Recorded:
    container = Recorded()
    for name in WAYS[state]:
        triggers(container, port)[name]()
    assert container.state is state
    container.hooks.clear()
    container.moves.clear()
    return container


def test_the_table_holds_the_moves_of_the_contract_and_no_others() -> None:
    asked = {(s, t): target for (s, t), target in TRANSITIONS.items() if t is not Trigger.FAIL}
    assert asked == {(State(s), Trigger(t)): State(target) for (s, t), target in LEGAL.items()}


def test_a_failure_leads_from_every_state_but_cleaned_to_faulted() -> None:
    fails = {s: target for (s, t), target in TRANSITIONS.items() if t is Trigger.FAIL}
    assert fails == {state: State.FAULTED for state in State if state is not State.CLEANED}


def test_a_new_container_is_created() -> None:
    assert Recorded().state is State.CREATED


@pytest.mark.parametrize(("state", "trigger"), PAIRS)
def test_a_trigger_moves_by_the_table_or_raises_and_moves_nothing(
    state: State, trigger: Trigger, port: Port
) -> None:
    container = brought_to(state, port)
    target = LEGAL.get((state.value, trigger.value))
    act = triggers(container, port)[trigger.value]
    if target is not None:
        act()
        assert container.state == target
        assert container.hooks == [trigger.value]
        assert container.moves == [("features/AAA/1d", trigger, state, State(target))]
        return
    with pytest.raises(LifecycleError) as raised:
        act()
    error = raised.value
    assert (error.container, error.state, error.trigger) == ("features/AAA/1d", state, trigger)
    assert error.allowed == tuple(t for (s, t) in TRANSITIONS if s is state)
    assert container.state is state
    assert container.hooks == []
    assert container.moves == []


@pytest.mark.parametrize("state", State)
def test_a_reported_failure_faults_all_but_a_cleaned_container(state: State, port: Port) -> None:
    container = brought_to(state, port)
    container.lifecycle.fail()
    if state is State.CLEANED:
        assert container.state is State.CLEANED
        assert container.moves == []
    else:
        assert container.state is State.FAULTED
        assert container.moves == [("features/AAA/1d", Trigger.FAIL, state, State.FAULTED)]


@pytest.mark.parametrize(
    ("state", "trigger"),
    [
        (State.CREATED, "initialize"),
        (State.INITIALIZED, "start"),
        (State.RUNNING, "collect"),
        (State.RUNNING, "stop"),
        (State.STOPPED, "cleanup"),
        (State.INITIALIZED, "cleanup"),
        (State.FAULTED, "cleanup"),
    ],
)
def test_a_hook_that_raises_faults_the_container(state: State, trigger: str, port: Port) -> None:
    container = brought_to(state, port)
    container.fails_in = trigger
    with pytest.raises(ContainerError) as raised:
        triggers(container, port)[trigger]()
    error = raised.value
    assert (error.container, error.activity) == ("features/AAA/1d", trigger)
    assert isinstance(error.cause, RuntimeError)
    assert error.__cause__ is error.cause
    assert str(error) == (
        f"container 'features/AAA/1d' failed in {trigger}: RuntimeError: broken {trigger}"
    )
    assert container.state is State.FAULTED
    assert container.moves == [("features/AAA/1d", Trigger.FAIL, state, State.FAULTED)]


def test_a_second_start_after_a_failed_one_is_illegal(port: Port) -> None:
    container = brought_to(State.INITIALIZED, port)
    container.fails_in = "start"
    with pytest.raises(ContainerError):
        container.start()
    container.fails_in = None
    with pytest.raises(LifecycleError, match="cannot start while faulted"):
        container.start()
    assert container.state is State.FAULTED
    assert container.hooks == ["start"]


def test_a_faulted_container_whose_cleanup_failed_can_be_cleaned_again(port: Port) -> None:
    container = brought_to(State.FAULTED, port)
    container.fails_in = "cleanup"
    with pytest.raises(ContainerError, match="failed in cleanup: RuntimeError: broken cleanup"):
        container.cleanup()
    assert container.state is State.FAULTED
    container.fails_in = None
    container.cleanup()
    assert container.moves[-1] == (
        "features/AAA/1d", Trigger.CLEANUP, State.FAULTED, State.CLEANED,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("state", "trigger"),
    [
        (State.CREATED, Trigger.INITIALIZE),
        (State.INITIALIZED, Trigger.START),
        (State.RUNNING, Trigger.STOP),
    ],
)
def test_an_interrupt_goes_on_its_way(state: State, trigger: Trigger, port: Port) -> None:
    container = brought_to(state, port)
    with pytest.raises(KeyboardInterrupt), container.lifecycle.moving(trigger):
        raise KeyboardInterrupt
    assert container.state is not TRANSITIONS[state, trigger]


def test_an_observer_hears_of_every_move_once_it_is_made(port: Port) -> None:
    container = Recorded()
    seen: list[State] = []
    container.lifecycle.observer = lambda *_: seen.append(container.state)
    for name in ("initialize", "start", "collect", "stop", "cleanup"):
        triggers(container, port)[name]()
    assert seen == ["initialized", "running", "running", "stopped", "cleaned"]


def test_a_container_gets_its_port_and_gives_its_results(port: Port) -> None:
    container = Recorded()
    container.initialize(port)
    container.start()
    assert container.collect() == "results"
    assert container.ports == [port]


def test_a_plain_container_has_nothing_to_say(port: Port) -> None:
    container = Container("data/AAA/1d")
    container.initialize(port)
    container.start()
    assert container.collect() is None
    container.stop()
    container.cleanup()
    assert (container.settings(), container.handlers(), container.acts()) == ({}, {}, {})


def test_the_message_of_an_illegal_move_says_what_is_allowed(port: Port) -> None:
    with pytest.raises(LifecycleError) as raised:
        brought_to(State.CREATED, port).stop()
    assert str(raised.value) == (
        "container 'features/AAA/1d' cannot stop while created; allowed now: initialize, fail"
    )
    with pytest.raises(LifecycleError) as raised:
        brought_to(State.CLEANED, port).start()
    assert str(raised.value) == (
        "container 'features/AAA/1d' cannot start while cleaned; allowed now: nothing"
    )


def test_the_errors_survive_a_way_between_processes() -> None:
    moved = LifecycleError("execution", "created", "stop", ["initialize"])
    copy = pickle.loads(pickle.dumps(moved))
    assert (copy.container, copy.state, copy.trigger, copy.allowed) == (
        "execution", "created", "stop", ("initialize",),
    )  # fmt: skip
    failed = ContainerError("execution", "start", RuntimeError("broken"))
    again = pickle.loads(pickle.dumps(failed))
    assert (again.container, again.activity, str(again)) == ("execution", "start", str(failed))


def test_the_diagram_lists_every_transition_and_nothing_else() -> None:
    lines = mermaid().splitlines()
    assert lines[:2] == ["stateDiagram-v2", "    [*] --> created"]
    assert lines[-1] == "    cleaned --> [*]"
    drawn = lines[2:-1]
    assert len(drawn) == len(set(drawn)) == len(TRANSITIONS)
    for (source, trigger), target in TRANSITIONS.items():
        assert f"    {source.value} --> {target.value}: {trigger.value}" in drawn
