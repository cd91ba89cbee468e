"""What is read of a configuration, what is refused, and how that is said."""

from __future__ import annotations

from typing import Final

import msgspec

from parity.faults.catalogue.writing import fault
from parity.faults.fault import Fault
from parity.faults.refusals import (
    BAD_STRUCTURE,
    BAD_SYNTAX,
    BAD_VALUES,
    UNKNOWN_PHASE,
    WRONG_SPACE,
    WRONG_TOGETHER,
)
from parity.faults.scenarios import GATED, SIMPLE, TWO_SYMBOLS, WALK

__all__ = ["FAULTS"]

_NUMBERS: Final = msgspec.structs.replace(
    SIMPLE, config=SIMPLE.config + "execution: {slippage_bps: 1e-1, commission_fixed: 010}\n"
)
_DOTTED: Final = msgspec.structs.replace(
    WALK,
    config=WALK.config.replace(
        "strategies: [", "strategies: [{type: momentum, name: momentum.more}, "
    ).replace("momentum.fast_period:", "momentum.more.fast_period:"),
)

FAULTS: Final[tuple[Fault, ...]] = (
    fault(
        "F23-both-parameter",
        "an unknown parameter is ignored",
        BAD_STRUCTURE,
        "refusal",
        (
            "containers/configuration/component_rules.py",
            "            yield Finding((*here, name), message, hint, at_key=True)\n            continue",
            "            continue",
        ),
    ),
    fault(
        "F23-both-key",
        "an unknown key is ignored",
        BAD_STRUCTURE,
        "refusal",
        ("containers/configuration/schema.py", 'extra="forbid"', 'extra="ignore"'),
    ),
    fault(
        "F23-both-phase",
        "a phase that there is not is ignored",
        UNKNOWN_PHASE,
        "refusal",
        (
            "containers/configuration/unknown.py",
            "        if name not in known:\n",
            "        if name in known:\n",
        ),
    ),
    fault(
        "M10-both-digest",
        "the hash is of paths as well",
        SIMPLE,
        "invariant:digests",
        ("containers/configuration/digest.py", "if key not in _LEFT_OUT}", "if key}"),
    ),
    fault(
        "M11-both-fields",
        "a bound belongs to what is allowed",
        BAD_STRUCTURE,
        "refusal",
        (
            "containers/configuration/fields.py",
            "not value > self.above)",
            "not value >= self.above)",
        ),
    ),
    fault(
        "M12-both-members",
        "a member may be declared later",
        BAD_VALUES,
        "refusal",
        (
            "containers/configuration/member_rules.py",
            "for name in names[:place] if name is not None]",
            "for name in names if name is not None]",
        ),
    ),
    fault(
        "M13-both-names",
        "a metric has another name",
        GATED,
        "ending:refused",
        ("containers/configuration/names.py", '    "num_trades",', '    "trades",'),
    ),
    fault(
        "M14-both-plain",
        "lists come out from behind",
        TWO_SYMBOLS,
        "invariant:windows",
        (
            "containers/configuration/plain.py",
            "return [self.copy(item, (*path, index)) for index, item in enumerate(value)]",
            "return [self.copy(item, (*path, index)) for index, item in enumerate(value)][::-1]",
        ),
    ),
    fault(
        "M15-both-reading",
        "data are looked for a folder further up",
        SIMPLE,
        "ending:refused",
        (
            "containers/configuration/reading.py",
            "base_dir=path.parent)",
            "base_dir=path.parent.parent / '..')",
        ),
    ),
    fault(
        "M16-both-rules",
        "two profiles may have one name",
        WRONG_TOGETHER,
        "refusal",
        (
            "containers/configuration/rules.py",
            "            if name in seen:\n                hint",
            "            if name in seen and noun == 'strategies':\n                hint",
        ),
    ),
    fault(
        "M17-both-settings",
        "an operator is not known",
        GATED,
        "ending:failed",
        (
            "containers/configuration/settings.py",
            'Operator: TypeAlias = Literal[">", ">=", "<", "<=", "==", "!="]',
            'Operator: TypeAlias = Literal[">", "<", "<=", "==", "!="]',
        ),
    ),
    fault(
        "M18-both-space",
        "a parameter belongs to the strategy with the shortest name that fits",
        _DOTTED,
        "ending:refused",
        (
            "containers/configuration/space.py",
            "strategy = max(fitting, key=len)",
            "strategy = min(fitting, key=len)",
        ),
    ),
    fault(
        "M19-both-structure",
        "a phase may change the workflow",
        BAD_VALUES,
        "refusal",
        (
            "containers/configuration/structure.py",
            'if key == "workflow":',
            'if key == "workflows":',
        ),
    ),
    fault(
        "M20-both-validation",
        "a space is not checked",
        WRONG_SPACE,
        "refusal",
        (
            "containers/configuration/validation.py",
            "        findings += check_space(plain, components)\n",
            "        pass\n",
        ),
    ),
    fault(
        "M26-both-errors",
        "a place in a list is written like a key",
        BAD_STRUCTURE,
        "refusal",
        ("containers/errors.py", '            text += f"[{key}]"', '            text += f".{key}"'),
    ),
    fault(
        "M27-both-nearest",
        "the farthest name is the nearest",
        BAD_STRUCTURE,
        "refusal",
        ("containers/nearest.py", "(best is None or rank < best)", "(best is None or rank > best)"),
    ),
    fault(
        "M70-both-strict-yaml",
        "a key's place is its value's",
        BAD_STRUCTURE,
        "refusal",
        (
            "containers/strict_yaml.py",
            "line, column = entry[:2] if at_key else place[:2]",
            "line, column = place[:2]",
        ),
    ),
    fault(
        "F22-both-duplicate",
        "of a key that is there twice the last one counts",
        BAD_SYNTAX,
        "refusal",
        (
            "containers/yaml_building.py",
            "        elif frame.key in frame.data:\n",
            "        elif frame.key in frame.data and False:\n",
        ),
    ),
    fault(
        "F22-both-number",
        "a number with an exponent is text",
        _NUMBERS,
        "ending:refused",
        (
            "containers/yaml_scalars.py",
            "    if _FLOAT.fullmatch(word):",
            "    if _FLOAT.fullmatch(word) and 'e' not in word:",
        ),
    ),
)
