"""The event bus of a unit: deterministic, breadth-first by step.

1. An engine attaches containers in topology order (`Bus.attach`) and connects them
   (`Bus.connect`). `Bus.seal` fixes both: it looks every route up once, so that publishing is a
   walk over a tuple, and lays the agenda: all acts, by step, then by topology order.
2. The engine calls `Bus.run_slices`, which for each time slice walks the agenda and leaves out what
   has nothing to do. That is the barrier: no act of step k + 1 runs before the last act of step k
   has returned.
3. An act publishes through an `Outlet`. The event is numbered, kept if the trace wants it, and
   delivered at once to every subscriber's handler. Handlers only take note; publishing from one
   is refused, since its events would belong to another step than the one it runs in.

A container that raises is moved to ``faulted`` and named by the `ContainerError`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from typing import Final, NoReturn

from containers.container import Container, Handler, Step
from containers.errors import ContainerError, WiringError
from containers.events import Event, EventKind
from containers.journal import Route
from containers.lifecycle import State
from containers.nearest import did_you_mean
from containers.ports import Clock, Outlet, Port
from containers.trace import TraceRecorder

__all__ = ["Bus"]

_WARMING: Final = frozenset((Step.BARS, Step.FEATURES, Step.CLASSIFICATION))
"""The steps of a slice before the window."""


class BusOutlet:
    """An outlet of this bus; see `containers.ports.Outlet`."""

    __slots__ = ("publish", "skip", "wanted")

    def __init__(
        self,
        bus: Bus,
        subscribers: Sequence[tuple[Container, Handler]],
        keep: Callable[[Event], None] | None,
    ) -> None:
        if len(subscribers) == 1:
            publish = _publisher_to_one(bus, *subscribers[0], keep)
        else:
            publish = _publisher(bus, subscribers, keep)
        self.publish: Final = publish
        self.skip: Final = bus.skip
        self.wanted: Final = bool(subscribers) or keep is not None


# Closures, since they run for every event and their variables are the quickest to reach.


def _publisher(
    bus: Bus,
    subscribers: Sequence[tuple[Container, Handler]],
    keep: Callable[[Event], None] | None,
) -> Callable[[Event], None]:
    handlers = tuple(handler for _, handler in subscribers)

    def publish(event: Event) -> None:
        seq = event.seq
        if seq != bus.seq or bus.delivering:
            bus.refuse(event)
        bus.seq = seq + 1
        if keep is not None:
            keep(event)
        bus.delivering = True
        try:
            for handler in handlers:
                handler(event)
        except Exception as error:
            raise _blame(subscribers[handlers.index(handler)][0], error) from error
        bus.delivering = False

    return publish


def _publisher_to_one(
    bus: Bus, hearer: Container, handler: Handler, keep: Callable[[Event], None] | None
) -> Callable[[Event], None]:
    """Do without the loop, which takes longer than the rest: most events have one hearer."""

    def publish(event: Event) -> None:
        seq = event.seq
        if seq != bus.seq or bus.delivering:
            bus.refuse(event)
        bus.seq = seq + 1
        if keep is not None:
            keep(event)
        bus.delivering = True
        try:
            handler(event)
        except Exception as error:
            raise _blame(hearer, error) from error
        bus.delivering = False

    return publish


class BusPort:
    """A container's connection to this bus; see `containers.ports.Port`."""

    __slots__ = ("_bus", "_container", "clock")

    def __init__(self, bus: Bus, container: Container) -> None:
        self.clock: Final[Clock] = bus
        self._bus = bus
        self._container = container

    def outlet(self, kind: EventKind, topic: str | None = None) -> Outlet:
        """Give the outlet for ``kind``; subscribers of ``topic`` and of all topics hear it."""
        return self._bus.outlet(self._container.id, kind, topic)


class Bus:
    """The bus of one unit.

    Attributes:
        seq: Number of the next event; equals the number of events so far.
        time_ns: End of the current slice, int64 nanoseconds UTC.
        delivering: True while handlers run.
    """

    def __init__(
        self, recorder: TraceRecorder, keeps: Callable[[str, EventKind], bool] = lambda _, __: True
    ) -> None:
        self.seq = 0
        self.time_ns = 0
        self.delivering = False
        self._recorder = recorder
        self._trim_at = 0  # the number of events at which the recorder wants to be asked
        self._keeps = keeps
        self._containers: dict[str, Container] = {}
        self._handlers: dict[str, Mapping[EventKind, Handler | None]] = {}
        self._routes: dict[Route, None] = {}
        self._from: dict[tuple[str, str], list[Route]] = {}
        self._agenda: tuple[tuple[Sized, Callable[[], None]], ...] = ()
        self._warm_up: tuple[tuple[Sized, Callable[[], None]], ...] = ()
        self._actors: dict[Callable[[], None], Container] = {}
        self._sealed = False
        self._entered = False

    @property
    def containers(self) -> tuple[Container, ...]:
        """All containers, in topology order."""
        return tuple(self._containers.values())

    @property
    def routes(self) -> tuple[Route, ...]:
        """All routes by publisher and subscriber in topology order, then kind, then topic."""
        place = {name: i for i, name in enumerate(self._containers)}
        rank = {kind.value: i for i, kind in enumerate(EventKind)}
        return tuple(
            sorted(
                self._routes,
                key=lambda r: (
                    place[r.publisher],
                    place[r.subscriber],
                    rank[r.kind],
                    r.topic or "",
                ),
            )
        )

    def attach(self, container: Container) -> None:
        """Add a container; the order of calls is the topology order.

        Raises:
            WiringError: The id is taken, or the bus is sealed. Nothing has changed.
        """
        self._must_be_open()
        if container.id in self._containers:
            raise WiringError(f"two containers have the id '{container.id}'; ids must be unique")
        self._handlers[container.id] = container.handlers()
        self._containers[container.id] = container

    def connect(
        self, kind: EventKind, publisher: str, subscriber: str, topic: str | None = None
    ) -> None:
        """Have ``publisher``'s events of ``kind`` (on ``topic``; null: all) sent to ``subscriber``.

        Raises:
            WiringError: An end does not exist, the subscriber takes no such events, the route
                exists, or the bus is sealed. Nothing has changed.
        """
        self._must_be_open()
        for end in (publisher, subscriber):
            if end not in self._containers:
                hint = did_you_mean(end, self._containers)
                raise WiringError(
                    f"a route names the container '{end}', which does not exist; {hint}"
                )
        if kind not in self._handlers[subscriber]:
            taken = ", ".join(self._handlers[subscriber]) or "none"
            raise WiringError(f"'{subscriber}' takes no {kind} events; it takes: {taken}")
        route = Route(kind=kind.value, publisher=publisher, subscriber=subscriber, topic=topic)
        if route in self._routes:
            raise WiringError(f"the route {kind} {publisher} -> {subscriber} is connected twice")
        self._routes[route] = None
        self._from.setdefault((publisher, route.kind), []).append(route)

    def seal(self) -> None:
        """End the wiring and lay the agenda. Containers can be initialised from here on."""
        self._must_be_open()
        acts = [
            (step, place, act, container)
            for place, container in enumerate(self._containers.values())
            for step, act in container.acts().items()
        ]
        acts.sort(key=lambda entry: entry[:2])
        self._agenda = tuple((act.when, act.run) for _, _, act, _ in acts)
        steps = [step for step, *_ in acts]
        self._warm_up = tuple(
            entry for step, entry in zip(steps, self._agenda, strict=True) if step in _WARMING
        )
        self._actors = {act.run: container for _, _, act, container in acts}
        self._sealed = True

    def port(self, container: Container) -> Port:
        """Give ``container`` its connection."""
        if not self._sealed:
            raise WiringError("the bus is not sealed; connect all routes and seal it first")
        return BusPort(self, container)

    def outlet(self, publisher: str, kind: EventKind, topic: str | None) -> Outlet:
        """Look up who hears ``publisher``'s events of ``kind`` on ``topic``."""
        subscribers = [
            (self._containers[route.subscriber], handler)
            for route in self._from.get((publisher, kind), ())
            if (route.topic is None or route.topic == topic)
            and (handler := self._handlers[route.subscriber][kind]) is not None
        ]
        keep = self._recorder.keeper(kind) if self._keeps(publisher, kind) else None
        return BusOutlet(self, subscribers, keep)

    def skip(self) -> None:
        """Number an event that nobody wants."""
        self.seq += 1

    def run_slices(self, times_ns: Iterable[int]) -> None:
        """Take all containers through the steps of each slice, one slice after the other.

        Args:
            times_ns: When the slices end, int64 nanoseconds UTC, ascending.

        Raises:
            ContainerError: One raised; it is faulted, its slice is left unfinished.
            WiringError: Before the first slice, a container is not running.
        """
        if not self._entered:
            self._enter()
        agenda = self._agenda
        for time_ns in times_ns:
            self.time_ns = time_ns
            try:
                for when, act in agenda:
                    if when:
                        act()
            except ContainerError:
                raise
            except Exception as error:
                raise _blame(self._actors[act], error) from error
            if self.seq >= self._trim_at:
                self._trim_at = self.seq + self._recorder.trim()

    def run_slice(self, time_ns: int) -> None:
        """Do as `run_slices`, for one."""
        self.run_slices((time_ns,))

    def run_warm_up_slices(self, times_ns: Iterable[int]) -> None:
        """Do as `run_slices` with steps 1, 3 and 4 alone: bars, features, classifications."""
        whole, self._agenda = self._agenda, self._warm_up
        try:
            self.run_slices(times_ns)
        finally:
            self._agenda = whole

    def run_warm_up_slice(self, time_ns: int) -> None:
        """Do as `run_warm_up_slices`, for one."""
        self.run_warm_up_slices((time_ns,))

    def refuse(self, event: Event) -> NoReturn:
        """Raise for an event that may not be published now."""
        if self.delivering:
            raise WiringError(
                f"'{event.container}' published {event.kind} from a handler; handlers take note, "
                "publish from an act of the step it belongs to"
            )
        raise WiringError(
            f"'{event.container}' numbered its {event.kind} {event.seq}, the next number is "
            f"{self.seq}"
        )

    def _enter(self) -> None:
        idle = [c.id for c in self._containers.values() if c.state is not State.RUNNING]
        if idle:
            raise WiringError(f"not running: {', '.join(idle)}; start every container first")
        self._entered = True

    def _must_be_open(self) -> None:
        if self._sealed:
            raise WiringError("the bus is sealed; its containers and routes are fixed")


def _blame(container: Container, error: Exception) -> ContainerError:
    container.lifecycle.fail()
    return ContainerError(container.id, "execute", error)
