"""The container of one classifier, over every symbol it watches."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any, ClassVar

from containers.components import Classifier
from containers.container import Act, Container, Handler, Role, Step
from containers.events import Bar, Classification, EventKind, Features
from containers.ports import Clock, Outlet, Port
from containers.results import Label

__all__ = ["ClassifierContainer"]


class ClassifierContainer(Container):
    """Publishes a classification when a symbol's label changes (step 4); its first is a change.

    It steps on each FEATURES it is sent and keeps apart what it remembers of each symbol. The
    BARs it is sent must be those the FEATURES were made from. It collects every label it
    published, those of the warm-up included: a tuple of `Label`.
    """

    role: ClassVar[Role] = Role.CLASSIFIER

    def __init__(self, container_id: str, *, classifier: Classifier) -> None:
        super().__init__(container_id)
        self._classifier = classifier
        self._names = [indicator.name for indicator in classifier.indicators]
        self._labels: dict[str, str] = {}
        self._published: list[Label] = []
        self._bars: deque[Bar] = deque()
        self._features: deque[Features] = deque()
        self._outlet: Outlet
        self._clock: Clock

    def settings(self) -> Mapping[str, Any]:
        """Name the type and its parameters."""
        names = self._classifier.parameters
        parameters = {name: getattr(self._classifier, name) for name in names}
        return {"type": self._classifier.type_name, "parameters": parameters}

    def handlers(self) -> Mapping[EventKind, Handler | None]:
        """Take bars and their features."""
        return {EventKind.BAR: self._bars.append, EventKind.FEATURES: self._features.append}

    def acts(self) -> Mapping[Step, Act]:
        """Classify in step 4."""
        return {Step.CLASSIFICATION: Act(self.publish_labels, when=self._features)}

    def on_initialize(self, port: Port) -> None:
        """Find the outlet."""
        self._clock = port.clock
        self._outlet = port.outlet(EventKind.CLASSIFICATION)

    def publish_labels(self) -> None:
        """Classify every symbol of this slice; publish the labels that changed."""
        clock, classify = self._clock, self._classifier.classify
        while self._features:
            # Both were delivered in topology order of the same streams.
            features, bar = self._features.popleft(), self._bars.popleft()
            symbol, known = features.symbol, features.values
            last = self._labels.get(symbol)
            label = classify(last, bar.close, [known[name] for name in self._names])
            if label is None or label == last:
                continue
            self._labels[symbol] = label
            self._published.append(Label(clock.time_ns, symbol, label))
            self._outlet.publish(
                Classification(
                    clock.seq, clock.time_ns, self.id, features.seq, symbol, label,
                )
            )  # fmt: skip

    def on_collect(self) -> tuple[Label, ...]:
        """Give the labels in the order in which they were published."""
        return tuple(self._published)

    def on_cleanup(self) -> None:
        """Let go of the labels."""
        self._published = []
