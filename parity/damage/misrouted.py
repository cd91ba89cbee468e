"""Events that are published when they may not be, and traces that are asked for what is not there.

What engines wire is right, so that only this shows what a bus refuses: events from a handler, with
another number, to nobody; and that it is as it was behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import ClassVar, Final

from containers.bus import Bus
from containers.container import Act, Container, Handler, Role, Step
from containers.errors import ContainerError, WiringError
from containers.events import Event, EventKind, Signal
from containers.ports import Outlet, Port
from containers.trace import Trace, TraceRecorder
from parity.damage.told import Outcomes

__all__ = ["buses", "positions"]

_SIGNAL: Final = EventKind.SIGNAL


class _Speaker(Container):
    """Publishes a signal in its act if it speaks; else it hears them, and may answer.

    Args:
        name: Its id.
        number: What is added to the number of what it publishes.
        speaks: Whether it does.
        answers: What it answers with: an event, an error, or nothing.
    """

    role: ClassVar[Role] = Role.STRATEGY

    def __init__(self, name: str, number: int = 0, *, speaks: bool = False, answers: str = ""):
        super().__init__(name)
        self._number = number
        self._speaks = speaks
        self._answers = answers
        self.heard: list[int] = []
        self._port: Port
        self._outlet: Outlet

    def on_initialize(self, port: Port) -> None:
        """Look up who hears it."""
        self._port, self._outlet = port, port.outlet(_SIGNAL)

    def acts(self) -> Mapping[Step, Act]:
        """Publish, if it speaks."""
        return {Step.SIGNALS: Act(self._say)} if self._speaks else {}

    def handlers(self) -> Mapping[EventKind, Handler]:
        """Hear signals, if it does not speak."""
        return {} if self._speaks else {_SIGNAL: self._hear}

    def _say(self) -> None:
        clock = self._port.clock
        seq = clock.seq + self._number
        self._outlet.publish(Signal(seq, clock.time_ns, self.id, None, "ONE", 1, 1.0))

    def _hear(self, event: Event) -> None:
        self.heard.append(event.seq)
        if self._answers == "an event":
            self._say()
        elif self._answers == "an error":
            raise ValueError("it does not listen")


def buses(folder: Path) -> Outcomes:
    """Have containers publish with wrong numbers and from handlers, to several and to nobody."""
    told: dict[str, dict[str, str]] = {}
    for listeners in range(4):
        numbered = {
            f"{number:+} to its number": _slices(listeners, number=number) for number in (-1, 0, 1)
        }
        answered = {
            f"{answers} from listener {which}": _slices(listeners, answers=answers, which=which)
            for answers in ("an event", "an error")
            for which in range(listeners)
        }
        told[f"{listeners} listeners"] = numbered | answered
    return told


def _slices(listeners: int, *, number: int = 0, answers: str = "", which: int = 0) -> str:
    """Run two slices, one after the other whatever becomes of the first; say what came of them."""
    speaker = _Speaker("speaker", number, speaks=True)
    others = [
        _Speaker(f"listener {n}", answers=answers if n == which else "") for n in range(listeners)
    ]
    recorder = TraceRecorder()
    bus = Bus(recorder)
    for each in (speaker, *others):
        bus.attach(each)
    for each in others:
        bus.connect(_SIGNAL, speaker.id, each.id)
    bus.seal()
    for each in (speaker, *others):
        each.initialize(bus.port(each))
        each.start()
    said = []
    for time_ns in (5, 6):
        try:
            bus.run_slice(time_ns)
            said.append("done")
        except (ContainerError, WiringError) as error:
            said.append(str(error))
    states = [f"{each.id} {each.state.value} {each.heard}" for each in (speaker, *others)]
    kept = [event.seq for event in recorder.finish(bus.seq).events()]
    return f"{said}; {bus.seq} events, kept {kept}; {', '.join(states)}"


def positions(folder: Path) -> Outcomes:
    """Ask traces for events that there are not, by position and by number."""
    numbers = (0, 1, 4, 5, 9)
    events = [Signal(seq, seq, "strategy/a", None, "ONE", 1, 1.0) for seq in numbers]
    traces: dict[str, Trace] = {
        "none": Trace.from_events([]),
        "some": Trace.from_events(events),
    }
    return {
        name: {
            f"{way} {place}": _asked(partial(ask, place))
            for way, ask in (("position", trace.event), ("number", trace.event_by_seq))
            for place in (-2, -1, *range(12))
        }
        for name, trace in traces.items()
    }


def _asked(ask: Callable[[], Event | None]) -> str:
    try:
        found = ask()
    except IndexError as error:
        return f"IndexError: {error}"
    return "no event" if found is None else f"event {found.seq}"
