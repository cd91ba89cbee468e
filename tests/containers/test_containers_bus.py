"""The bus: steps as barriers, delivery at once, one numbering."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeAlias

import pytest

from containers.bus import Bus
from containers.container import Act, Container, Handler, Role, Step
from containers.errors import ContainerError, WiringError
from containers.events import Classification, Event, EventKind, Signal
from containers.journal import Route
from containers.lifecycle import State
from containers.ports import Outlet, Port
from containers.trace import TraceRecorder

SIGNAL, LABEL = EventKind.SIGNAL, EventKind.CLASSIFICATION
Doing: TypeAlias = Callable[["Player"], None]


class Player(Container):
    """Does what the test says at each step and notes what it hears."""

    role: ClassVar[Role] = Role.FEATURES

    def __init__(
        self,
        name: str,
        log: list[str],
        doing: Mapping[Step, Doing] | None = None,
        hears: Mapping[EventKind, Doing | None] | None = None,
        when: list[Any] | None = None,
    ) -> None:
        super().__init__(name)
        self.log = log
        self._doing = doing or {}
        self._hears = hears or {}
        self._when = when
        self.port: Port

    def on_initialize(self, port: Port) -> None:
        self.port = port

    def acts(self) -> Mapping[Step, Act]:
        acts = {step: self._act(step, doing) for step, doing in self._doing.items()}
        if self._when is None:
            return {step: Act(run) for step, run in acts.items()}
        return {step: Act(run, self._when) for step, run in acts.items()}

    def handlers(self) -> Mapping[EventKind, Handler]:
        return {kind: self._handler(doing) for kind, doing in self._hears.items()}

    def _act(self, step: Step, doing: Doing) -> Callable[[], None]:
        def run() -> None:
            self.log.append(f"{self.id} {step.name}")
            doing(self)

        return run

    def _handler(self, doing: Doing | None) -> Handler:
        def take(event: Event) -> None:
            self.log.append(f"{self.id} <- {event.kind} {event.seq} of {event.container}")
            if doing is not None:
                doing(self)

        return take

    def outlet(self, kind: EventKind = SIGNAL, topic: str | None = None) -> Outlet:
        return self.port.outlet(kind, topic)

    def publish(self, topic: str | None = None, seq: int | None = None) -> None:
        bus = self.port.clock
        number = bus.seq if seq is None else seq
        self.outlet(SIGNAL, topic).publish(
            Signal(number, bus.time_ns, self.id, None, "AAA", 1, 1.0)
        )

    def label(self) -> None:
        bus = self.port.clock
        self.outlet(LABEL).publish(Classification(bus.seq, bus.time_ns, self.id, None, "AAA", "up"))


def nothing(_: Player) -> None:
    pass


def broken(_: Player) -> None:
    raise RuntimeError("broken")


def started(*players: Player, routes: tuple[tuple[Any, ...], ...] = ()) -> Bus:
    bus = Bus(TraceRecorder())
    for player in players:
        bus.attach(player)
    for route in routes:
        bus.connect(*route)
    bus.seal()
    for player in players:
        player.initialize(bus.port(player))
    for player in players:
        player.start()
    return bus


# --- steps ------------------------------------------------------------------------------------


def test_the_steps_are_in_the_order_of_the_contract() -> None:
    names = [step.name for step in sorted(Step)]
    assert names[:8] == [
        "BARS", "OPEN_FILLS", "FEATURES", "CLASSIFICATION", "SIGNALS", "REQUESTS", "RISK",
        "CLOSE_FILLS",
    ]  # fmt: skip
    assert names.index("CLOSE_FILLS") < names.index("RUIN") < names.index("UPDATES")
    assert names[-1] == "UPDATES"


def test_the_roles_are_in_topology_order() -> None:
    assert [role.value for role in Role] == [
        "data", "features", "classifier", "strategy", "portfolio", "risk", "execution",
    ]  # fmt: skip


def test_every_container_finishes_a_step_before_any_starts_the_next() -> None:
    log: list[str] = []
    # Declared backwards, attached b before a: neither the names nor the declarations decide.
    steps = dict.fromkeys(sorted(Step, reverse=True), nothing)
    bus = started(Player("b", log, steps), Player("a", log, steps))
    bus.run_slice(7)
    assert log == [f"{name} {step.name}" for step in sorted(Step) for name in ("b", "a")]


def test_a_slice_walks_all_steps_again_with_its_own_time() -> None:
    times: list[int] = []
    player = Player("a", [], {Step.BARS: lambda p: times.append(p.port.clock.time_ns)})
    bus = started(player)
    bus.run_slice(7)
    bus.run_slice(9)
    assert times == [7, 9]


def test_an_act_with_nothing_to_do_is_passed_over_until_it_has() -> None:
    log: list[str] = []
    work: list[Any] = []
    bus = started(Player("a", log, {Step.RISK: nothing}, when=work))
    bus.run_slice(1)
    assert log == []
    work.append("a request")
    bus.run_slice(2)
    assert log == ["a RISK"]


# --- delivery ---------------------------------------------------------------------------------


def test_an_event_is_delivered_while_it_is_published() -> None:
    log: list[str] = []

    def act(player: Player) -> None:
        player.publish()
        log.append("published")

    hears: dict[EventKind, Doing | None] = {SIGNAL: None}
    bus = started(
        Player("a", log, {Step.SIGNALS: act}),
        Player("b", log, {Step.SIGNALS: nothing}, hears=hears),
        Player("c", log, hears=hears),
        routes=((SIGNAL, "a", "b"), (SIGNAL, "a", "c")),
    )
    bus.run_slice(1)
    assert log == [
        "a SIGNALS", "b <- SIGNAL 0 of a", "c <- SIGNAL 0 of a", "published", "b SIGNALS",
    ]  # fmt: skip


def test_only_the_kind_and_the_publisher_of_a_route_are_delivered() -> None:
    log: list[str] = []

    def act(player: Player) -> None:
        player.publish()
        player.label()

    hears: dict[EventKind, Doing | None] = {SIGNAL: None, LABEL: None}
    bus = started(
        Player("a", [], {Step.SIGNALS: act}),
        Player("b", [], {Step.SIGNALS: act}),
        Player("c", log, hears=hears),
        routes=((SIGNAL, "a", "c"), (LABEL, "b", "c")),
    )
    bus.run_slice(1)
    assert log == ["c <- SIGNAL 0 of a", "c <- CLASSIFICATION 3 of b"]


def test_a_route_with_a_topic_carries_that_topic_alone() -> None:
    log: list[str] = []

    def act(player: Player) -> None:
        for topic in ("x", "y", None):
            player.publish(topic)

    hears: dict[EventKind, Doing | None] = {SIGNAL: None}
    bus = started(
        Player("a", [], {Step.SIGNALS: act}),
        Player("of x", log, hears=hears),
        Player("of y", log, hears=hears),
        Player("of all", log, hears=hears),
        routes=((SIGNAL, "a", "of x", "x"), (SIGNAL, "a", "of y", "y"), (SIGNAL, "a", "of all")),
    )
    bus.run_slice(1)
    assert log == [
        "of x <- SIGNAL 0 of a", "of all <- SIGNAL 0 of a",
        "of y <- SIGNAL 1 of a", "of all <- SIGNAL 1 of a",
        "of all <- SIGNAL 2 of a",
    ]  # fmt: skip


def test_events_are_numbered_without_gaps_kept_or_not() -> None:
    def act(player: Player) -> None:
        player.publish()
        player.label()
        player.publish()

    recorder = TraceRecorder()
    bus = Bus(recorder, lambda container, kind: (container, kind) == ("a", SIGNAL))
    players = [Player(name, [], {Step.SIGNALS: act}) for name in ("a", "b")]
    for player in players:
        bus.attach(player)
    bus.seal()
    for player in players:
        player.initialize(bus.port(player))
        player.start()
    bus.run_slice(5)
    bus.run_slice(6)
    assert bus.seq == 12
    assert [(e.seq, e.time_ns, e.container) for e in recorder.finish(12)] == [
        (0, 5, "a"), (2, 5, "a"), (6, 6, "a"), (8, 6, "a"),
    ]  # fmt: skip


# --- refusals ---------------------------------------------------------------------------------


def test_publishing_from_a_handler_is_refused_and_faults_the_publisher() -> None:
    hears: dict[EventKind, Doing | None] = {SIGNAL: Player.label}
    a, b = Player("a", [], {Step.SIGNALS: Player.publish}), Player("b", [], hears=hears)
    bus = started(a, b, routes=((SIGNAL, "a", "b"),))
    with pytest.raises(ContainerError) as raised:
        bus.run_slice(1)
    assert (raised.value.container, raised.value.activity) == ("b", "execute")
    assert isinstance(raised.value.cause, WiringError)
    assert str(raised.value.cause) == (
        "'b' published CLASSIFICATION from a handler; handlers take note, "
        "publish from an act of the step it belongs to"
    )
    assert bus.seq == 1
    assert (a.state, b.state) == (State.RUNNING, State.FAULTED)


@pytest.mark.parametrize("number", [1, -1, 7])
def test_an_event_with_another_number_than_the_next_is_refused(number: int) -> None:
    log: list[str] = []
    hears: dict[EventKind, Doing | None] = {SIGNAL: None}
    player, other = Player("a", log), Player("b", log, hears=hears)
    recorder = TraceRecorder()
    bus = Bus(recorder)
    bus.attach(player)
    bus.attach(other)
    bus.connect(SIGNAL, "a", "b")
    bus.seal()
    player.initialize(bus.port(player))
    with pytest.raises(WiringError) as raised:
        player.publish(seq=number)
    assert str(raised.value) == f"'a' numbered its SIGNAL {number}, the next number is 0"
    assert (bus.seq, log) == (0, [])
    assert not any(recorder.waiting.values())


def test_a_container_that_raises_in_an_act_is_faulted_and_named() -> None:
    log: list[str] = []
    a, b, c = (
        Player("a", log, {Step.RISK: nothing}),
        Player("b", log, {Step.RISK: broken}),
        Player("c", log, {Step.RISK: nothing}),
    )
    bus = started(a, b, c)
    with pytest.raises(ContainerError) as raised:
        bus.run_slice(1)
    error = raised.value
    assert str(error) == "container 'b' failed in execute: RuntimeError: broken"
    assert (error.container, error.activity) == ("b", "execute")
    assert error.__cause__ is error.cause
    assert isinstance(error.cause, RuntimeError)
    assert [p.state for p in (a, b, c)] == [State.RUNNING, State.FAULTED, State.RUNNING]
    assert log == ["a RISK", "b RISK"]  # the slice is left unfinished


def test_a_container_that_raises_in_a_handler_is_blamed_and_not_the_publisher() -> None:
    hears: dict[EventKind, Doing | None] = {SIGNAL: None}
    failing: dict[EventKind, Doing | None] = {SIGNAL: broken}
    a = Player("a", [], {Step.SIGNALS: Player.publish})
    b, c = Player("b", [], hears=hears), Player("c", [], hears=failing)
    bus = started(a, b, c, routes=((SIGNAL, "a", "b"), (SIGNAL, "a", "c")))
    with pytest.raises(ContainerError) as raised:
        bus.run_slice(1)
    assert (raised.value.container, raised.value.activity) == ("c", "execute")
    assert str(raised.value.cause) == "broken"
    assert [p.state for p in (a, b, c)] == [State.RUNNING, State.RUNNING, State.FAULTED]


@pytest.mark.parametrize("hearers", ["b", "bc", "bcd"])
def test_whoever_raises_is_blamed_however_many_hear_the_event(hearers: str) -> None:
    failing: dict[EventKind, Doing | None] = {SIGNAL: broken}
    hearing: dict[EventKind, Doing | None] = {SIGNAL: None}
    a = Player("a", [], {Step.SIGNALS: Player.publish})
    others = [Player(n, [], hears=failing if n == hearers[-1] else hearing) for n in hearers]
    bus = started(a, *others, routes=tuple((SIGNAL, "a", n) for n in hearers))
    with pytest.raises(ContainerError) as raised:
        bus.run_slice(1)
    assert raised.value.container == hearers[-1]


def test_slices_are_run_one_after_the_other_up_to_a_failure() -> None:
    times: list[int] = []

    def note(player: Player) -> None:
        times.append(bus.time_ns)
        if bus.time_ns == 30:
            broken(player)

    bus = started(Player("a", [], {Step.BARS: note}), routes=())
    bus.run_slices(())
    bus.run_slices((10, 20))
    with pytest.raises(ContainerError):
        bus.run_slices((30, 40))
    assert times == [10, 20, 30]


def test_a_slice_is_refused_while_a_container_is_not_running() -> None:
    bus = Bus(TraceRecorder())
    log: list[str] = []
    players = [Player(name, log, {Step.BARS: nothing}) for name in ("a", "b", "c")]
    for player in players:
        bus.attach(player)
    bus.seal()
    for player in players:
        player.initialize(bus.port(player))
    players[1].start()
    with pytest.raises(WiringError) as raised:
        bus.run_slice(1)
    assert str(raised.value) == "not running: a, c; start every container first"
    assert log == []


# --- wiring -----------------------------------------------------------------------------------


def unsealed() -> Bus:
    hears: dict[EventKind, Doing | None] = {SIGNAL: None, LABEL: None}
    bus = Bus(TraceRecorder())
    bus.attach(Player("strategy/fast", []))
    bus.attach(Player("portfolio/fast", [], hears=hears))
    bus.attach(Player("deaf", []))
    return bus


@pytest.mark.parametrize(
    ("route", "message"),
    [
        (
            (SIGNAL, "strategy/fats", "portfolio/fast"),
            (
                "a route names the container 'strategy/fats', which does not exist; "
                "did you mean 'strategy/fast'?"
            ),
        ),
        (
            (SIGNAL, "strategy/fast", "portfolio/fest"),
            (
                "a route names the container 'portfolio/fest', which does not exist; "
                "did you mean 'portfolio/fast'?"
            ),
        ),
        (
            (EventKind.ORDER, "strategy/fast", "portfolio/fast"),
            "'portfolio/fast' takes no ORDER events; it takes: SIGNAL, CLASSIFICATION",
        ),
        (
            (SIGNAL, "strategy/fast", "deaf"),
            "'deaf' takes no SIGNAL events; it takes: none",
        ),
        (
            (LABEL, "strategy/fast", "portfolio/fast", "x"),
            "the route CLASSIFICATION strategy/fast -> portfolio/fast is connected twice",
        ),
    ],
)
def test_a_route_that_cannot_work_is_refused_and_changes_nothing(
    route: tuple[Any, ...], message: str
) -> None:
    bus = unsealed()
    bus.connect(LABEL, "strategy/fast", "portfolio/fast", "x")
    before = bus.routes
    with pytest.raises(WiringError) as raised:
        bus.connect(*route)
    assert str(raised.value) == message
    assert bus.routes == before


def test_a_second_container_of_an_id_is_refused() -> None:
    bus = unsealed()
    before = bus.containers
    with pytest.raises(WiringError) as raised:
        bus.attach(Player("deaf", []))
    assert str(raised.value) == "two containers have the id 'deaf'; ids must be unique"
    assert bus.containers == before


@pytest.mark.parametrize(
    "change",
    [
        lambda bus: bus.attach(Player("new", [])),
        lambda bus: bus.connect(SIGNAL, "strategy/fast", "portfolio/fast"),
        lambda bus: bus.seal(),
    ],
)
def test_a_sealed_bus_cannot_be_changed(change: Callable[[Bus], None]) -> None:
    bus = unsealed()
    bus.seal()
    with pytest.raises(WiringError) as raised:
        change(bus)
    assert str(raised.value) == "the bus is sealed; its containers and routes are fixed"


def test_no_container_gets_a_port_before_the_bus_is_sealed() -> None:
    bus = unsealed()
    with pytest.raises(WiringError) as raised:
        bus.port(bus.containers[0])
    assert str(raised.value) == "the bus is not sealed; connect all routes and seal it first"


def test_routes_are_listed_in_topology_order_then_by_kind_then_by_topic() -> None:
    hears: dict[EventKind, Doing | None] = {SIGNAL: None, LABEL: None}
    bus = Bus(TraceRecorder())
    for name in ("z", "a", "m"):
        bus.attach(Player(name, [], hears=hears))
    wanted = [
        Route("CLASSIFICATION", "z", "a"),
        Route("SIGNAL", "z", "a"),
        Route("SIGNAL", "z", "a", "x"),
        Route("SIGNAL", "z", "a", "y"),
        Route("CLASSIFICATION", "z", "m"),
        Route("SIGNAL", "a", "z"),
        Route("SIGNAL", "m", "z"),
    ]
    for route in reversed(wanted):
        bus.connect(EventKind(route.kind), route.publisher, route.subscriber, route.topic)
    assert list(bus.routes) == wanted


def test_containers_are_listed_as_they_were_attached() -> None:
    assert [c.id for c in unsealed().containers] == ["strategy/fast", "portfolio/fast", "deaf"]
