"""References, defaults and merging: F18 to F25."""

from __future__ import annotations

from typing import Final

from parity.faults.catalogue.writing import fault
from parity.faults.fault import Fault
from parity.faults.scenarios import GATED, RULES_OFF, SIMPLE, TWO_STRATEGIES, TWO_SYMBOLS

__all__ = ["FAULTS"]

FAULTS: Final[tuple[Fault, ...]] = (
    fault(
        "F18-imperative-type",
        "a reference loses its type",
        GATED,
        "outputs",
        (
            "imperative/references.py",
            "        if whole is not None:\n            return look_up(whole[1])",
            "        if whole is not None:\n            return as_text(look_up(whole[1]))",
        ),
    ),
    fault(
        "F18-imperative-nested",
        "a reference inside a list stays as it is written",
        GATED,
        "config",
        (
            "imperative/references.py",
            "        return [resolve(item, look_up) for item in value]",
            "        return list(value)",
        ),
    ),
    fault(
        "F18-declarative-type",
        "a reference loses its type",
        GATED,
        "plan",
        (
            "declarative/reading.py",
            "return found.result if isinstance(found, PhaseView) else found",
            "return found.result if isinstance(found, PhaseView) else _written(parts[0], scope)",
        ),
    ),
    fault(
        "F18-declarative-nested",
        "a reference inside a list stays as it is written",
        GATED,
        "plan",
        (
            "declarative/reading.py",
            "        return [resolve_value(node.at(index), scope) for index in range(len(value))]",
            "        return list(value)",
        ),
    ),
    fault(
        "F19-imperative",
        "a missing reference becomes null",
        GATED,
        "plan",
        (
            "imperative/references.py",
            "                    raise MissingReferenceError(f\"${{{path}}}: there is no '{rest[0]}'; {hint}\")",
            "                    return None",
        ),
    ),
    fault(
        "F19-declarative",
        "a missing reference becomes null",
        GATED,
        "plan",
        (
            "declarative/reading.py",
            "    missing = str(steps[place])\n    known = keys_of(value)\n    where",
            "    if place < len(steps):\n        return None\n    missing = str(steps[place])\n    known = keys_of(value)\n    where",
        ),
    ),
    fault(
        "F20-declarative",
        "a shallow merge where a deep one is due",
        TWO_SYMBOLS,
        "status",
        (
            "declarative/resolution.py",
            "merged[key] = _laid_over(below, value) if both else value",
            "merged[key] = value",
        ),
    ),
    fault(
        "F21-declarative-default",
        "another default",
        SIMPLE,
        "config",
        ("declarative/patterns/defaults.yaml", "on_bad_bar: error", "on_bad_bar: drop"),
    ),
    fault(
        "F21-declarative-null",
        "an explicit null is replaced by the default",
        RULES_OFF,
        "config",
        (
            "declarative/resolution.py",
            "        whole = merge(defaults, item)\n",
            "        whole = merge(defaults, {k: v for k, v in item.items() if v is not None})\n",
        ),
    ),
    fault(
        "F21-imperative-cap",
        "a preset is not capped by the number of symbols",
        TWO_STRATEGIES,
        "config",
        (
            "imperative/defaults.py",
            "size = min(size, 1 / symbols)",
            "size = max(size, 1 / symbols)",
        ),
    ),
    fault(
        "F24-imperative",
        "settings that a phase hands on lie one level off",
        GATED,
        "config",
        (
            "imperative/references.py",
            "            late[key] = later\n",
            "            late |= later\n",
        ),
    ),
    fault(
        "F24-declarative",
        "a phase's value is handed on one level off",
        GATED,
        "plan",
        (
            "declarative/phases.py",
            "        target[str(path[-1])] = resolve_value(node.at(*path), scope)",
            "        settings[str(path[-1])] = resolve_value(node.at(*path), scope)",
        ),
    ),
    fault(
        "F25-imperative",
        "text that is a path is replaced by the file's content",
        GATED,
        "outputs",
        (
            "imperative/references.py",
            "    if isinstance(value, str):\n        whole = _IN_TEXT.fullmatch(value)\n        if whole is not None:\n            return look_up(whole[1])\n        return _IN_TEXT.sub(lambda match: as_text(look_up(match[1])), value)",
            "    if isinstance(value, str):\n        from pathlib import Path\n        if Path(value).is_file():\n            return Path(value).read_text()\n        whole = _IN_TEXT.fullmatch(value)\n        if whole is not None:\n            return look_up(whole[1])\n        return _IN_TEXT.sub(lambda match: as_text(look_up(match[1])), value)",
        ),
    ),
    fault(
        "F25-declarative",
        "text that is a path is replaced by the file's content",
        GATED,
        "outputs",
        (
            "declarative/reading.py",
            'return _filled(parts_of(node), scope) if "${" in value else value',
            'return _filled(parts_of(node), scope) if "${" in value else open(value).read() if __import__("os").path.isfile(value) else value',
        ),
    ),
)
