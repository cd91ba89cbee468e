"""One description of a workflow, written in both forms: a pattern, and a Python class.

A description is the pattern as plain data. What stands in patterns as text (references, thresholds,
expressions) is written as objects for Python; hooks, which Python writes as methods, are given
beside it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from imperative import workflow as python

__all__ = ["Definition", "module", "one_phase", "workflow"]

_WHOLE: Final = re.compile(r"\$\{([^{}]*)\}")


@dataclass(frozen=True)
class Definition:
    """A workflow or a module, in the form of a pattern, and the hooks of its Python form."""

    kind: str
    content: Mapping[str, Any]
    hooks: Mapping[str, Callable[..., Any]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What a configuration, or an import, calls it."""
        return str(self.content["name"])

    def write(self, folder: Path) -> None:
        """Write the pattern; JSON is YAML."""
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"kind": self.kind, **self.content}, indent=1)
        (folder / f"{self.kind}_{self.name}.yaml").write_text(text, encoding="utf-8")

    def python(self) -> type[Any]:
        """Make the Python class."""
        made = [_phase(phase) for phase in self.content.get("phases", ())]

        def get_phases(self: Any, config: Any = None) -> Sequence[Any]:
            return made

        body: dict[str, Any] = {
            "name": self.name,
            "get_phases": get_phases,
            "imports": tuple(_import(item) for item in self.content.get("imports", ())),
        }
        for key in ("defaults", "fail_fast", "parameters"):
            if key in self.content:
                body[key] = self.content[key]
        if "outputs" in self.content:
            body["outputs"] = _outputs(self.content["outputs"])
        body.update(self.hooks)
        base = python.Workflow if self.kind == "workflow" else python.Module
        return type("Written", (base,), body)


def workflow(
    *phases: Mapping[str, Any],
    name: str = "written",
    hooks: Mapping[str, Callable[..., Any]] | None = None,
    **keys: Any,
) -> Definition:
    """Describe a workflow of ``phases``; ``keys`` are the pattern's other keys."""
    content = {"name": name, **keys, "phases": [_completed(phase) for phase in phases]}
    return Definition("workflow", content, hooks or {})


def module(*phases: Mapping[str, Any], name: str, **keys: Any) -> Definition:
    """Describe a module of ``phases``."""
    return Definition(
        "module", {"name": name, **keys, "phases": [_completed(phase) for phase in phases]}
    )


def one_phase(sequence: Any = "single_pass", topology: str = "backtest", **keys: Any) -> Definition:
    """Describe a workflow of one phase, ``work``."""
    return workflow({"name": "work", "sequence": sequence, "topology": topology, **keys})


def _completed(phase: Mapping[str, Any]) -> dict[str, Any]:
    return {"topology": "backtest", "sequence": "single_pass", **phase}


def _phase(phase: Mapping[str, Any]) -> Any:
    made: dict[str, Any] = dict(phase)
    made["sequence"] = _sequence(made["sequence"])
    for key in ("config", "inputs"):
        if key in made:
            made[key] = _referring(made[key])
    if "outputs" in made:
        made["outputs"] = _outputs(made["outputs"])
    if "when" in made:
        conditions = made.pop("when")
        conditions = [conditions] if isinstance(conditions, Mapping) else conditions
        made["conditions"] = tuple(_condition(item) for item in conditions)
    return python.Phase(**made)


def _sequence(value: Any) -> Any:
    if isinstance(value, str):
        return value
    return python.Sequence(value["type"], _sequence(value["body"]))


def _outputs(outputs: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: python.Output(_referring(output["value"]), output.get("file"))
        for name, output in outputs.items()
    }


def _condition(condition: Any) -> Any:
    if "expression" in condition:
        return python.Expression(condition["expression"])
    metric = condition["metric"]
    return python.MetricThreshold(
        metric["phase"], metric["name"], metric["operator"], _referring(metric["value"])
    )


def _import(item: Mapping[str, Any]) -> Any:
    return python.Import(item["module"], item["as"], item.get("parameters", {}))


def _referring(value: Any) -> Any:
    """Put a Ref where a value is one reference; text with references stays text."""
    if isinstance(value, str):
        whole = _WHOLE.fullmatch(value)
        return python.Ref(whole[1]) if whole else value
    if isinstance(value, Mapping):
        return {key: _referring(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_referring(item) for item in value]
    return value
