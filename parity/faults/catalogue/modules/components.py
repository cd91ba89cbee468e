"""Components, and the containers that trade with them: averages, classifiers, strategies, features."""

from __future__ import annotations

from typing import Final

from parity.faults.catalogue.writing import fault
from parity.faults.fault import Fault
from parity.faults.own_mistakes import (
    FILES_THAT_BREAK,
    NO_COMPONENTS,
    TWO_OF_HIS_OWN,
    TWO_OF_ONE_TYPE,
)
from parity.faults.refusals import BAD_STRUCTURE
from parity.faults.scenarios import COMPONENTS, REPLAY, SIMPLE, TWO_SYMBOLS, WALK

__all__ = ["FAULTS"]


FAULTS: Final[tuple[Fault, ...]] = (
    fault(
        "M02-both-averages",
        "an average is measured downwards",
        SIMPLE,
        "oracle:trace",
        (
            "containers/components/averages.py",
            "return window, closes[: len(means)] + means",
            "return window, closes[: len(means)] - means",
        ),
    ),
    fault(
        "M03-both-changes",
        "a rate of change is upside down",
        COMPONENTS,
        "oracle:trace",
        (
            "containers/components/changes.py",
            "now / series[: len(now)] - 1.0",
            "series[: len(now)] / now - 1.0",
        ),
    ),
    fault(
        "M04-both-classifiers",
        "a volatility is not annualised by the root",
        COMPONENTS,
        "oracle:trace",
        (
            "containers/components/classifiers.py",
            "deviation * math.sqrt(self.context.periods_per_year)",
            "deviation * self.context.periods_per_year",
        ),
    ),
    fault(
        "M05-both-discovery",
        "of two components of one name the last is taken",
        TWO_OF_ONE_TYPE,
        "refusal",
        (
            "containers/components/discovery.py",
            "        problems += [_clash(n, there[n], cls) for n, cls in found.items() if n in there]\n",
            "",
        ),
    ),
    fault(
        "M05-both-unimportable",
        "a user's file that breaks is passed over",
        FILES_THAT_BREAK,
        "refusal",
        (
            "containers/components/discovery.py",
            "            problems.append(Problem(message, location=_where(error, file)))\n",
            "            del message\n",
        ),
    ),
    fault(
        "M05-both-incomplete",
        "a class without parameters passes for a component",
        NO_COMPONENTS,
        "refusal",
        (
            "containers/components/discovery.py",
            'if len(steps) != 1 or not isinstance(getattr(cls, "parameters", None), Mapping):',
            "if len(steps) != 1:",
        ),
    ),
    fault(
        "M05-both-clash",
        "of two of a user's own the first is taken",
        TWO_OF_HIS_OWN,
        "refusal",
        (
            "containers/components/discovery.py",
            "        if first is not cls:\n            problems.append(_clash(name, first, cls))\n",
            "",
        ),
    ),
    fault(
        "M06-both-interfaces",
        "a view is half as strong",
        SIMPLE,
        "oracle:trace",
        (
            "containers/components/interfaces.py",
            "LONG: Final = Decision(1, 1.0)",
            "LONG: Final = Decision(1, 0.5)",
        ),
    ),
    fault(
        "M07-both-parameters",
        "a fraction passes for a whole number",
        BAD_STRUCTURE,
        "refusal",
        (
            "containers/components/parameters.py",
            '(self.kind == "number" or isinstance(value, int))',
            '(self.kind == "number" or isinstance(value, int | float))',
        ),
    ),
    fault(
        "M08-both-profiles",
        "a preset has another size",
        SIMPLE,
        "oracle:trace",
        (
            "containers/components/profiles.py",
            "Preset(max_position_size=0.25)",
            "Preset(max_position_size=0.2)",
        ),
    ),
    fault(
        "M09-both-registry",
        "two strategies have changed names",
        TWO_SYMBOLS,
        "ending:refused",
        (
            "containers/components/registry.py",
            "strategies={cls.type_name: cls for cls in strategies}",
            'strategies={cls.type_name: cls for cls in strategies} | {"momentum": MeanReversion, "mean_reversion": Momentum}',
        ),
    ),
    fault(
        "M96-both-classifier",
        "a label is published at every bar",
        COMPONENTS,
        "oracle:trace",
        (
            "containers/trading/classifier.py",
            "if label is None or label == last:",
            "if label is None:",
        ),
    ),
    fault(
        "M97-both-data",
        "bars are published while they warm up only",
        WALK,
        "oracle:trace",
        ("containers/trading/data.py", "        self._outlet = self._trading\n", "        pass\n"),
    ),
    fault(
        "M98-both-features",
        "features are those of the next bar",
        SIMPLE,
        "oracle:trace",
        (
            "containers/trading/features.py",
            "        return [None] * (len(block) - len(known)) + known",
            "        return [None] * (len(block) - len(known) - 1) + known + known[-1:]",
        ),
    ),
    fault(
        "M99-both-panel",
        "members are heard in the place of others",
        COMPONENTS,
        "oracle:trace",
        (
            "containers/trading/panel.py",
            "views[self._places[signal.container]] = ",
            "views[-1 - self._places[signal.container]] = ",
        ),
    ),
    fault(
        "M100-both-replay",
        "a stored signal is traded the other way round",
        REPLAY,
        "invariant:replay",
        (
            "containers/trading/replay.py",
            "symbol, signal.direction, signal.strength, signal.seq,",
            "symbol, -signal.direction, signal.strength, signal.seq,",
        ),
    ),
    fault(
        "M101-both-strategy",
        "features are handed to a strategy from behind",
        SIMPLE,
        "oracle:trace",
        (
            "containers/trading/strategy.py",
            "return itemgetter(*names)",
            "return itemgetter(*names[::-1])",
        ),
    ),
)
