"""An example as a folder that people can read, and that both engines can run.

```
config.yaml            the user's configuration
market/                the files of bars
definitions/*.py       the Python form of the workflow
patterns/*.yaml        the same as patterns
```
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from parity.generation.rendering.market_files import write_market
from parity.generation.rendering.patterns import module_pattern, workflow_pattern
from parity.generation.rendering.python import python_text
from parity.generation.rendering.yaml_text import yaml_text
from parity.generation.specs import Example

__all__ = ["Rendered", "configuration", "render"]

_MARKET: Final = "market"


class Rendered:
    """Where an example was written.

    Attributes:
        config: What a subject is given: the file, or the mapping, as the example says.
        mapping: The mapping in either case, its ``data.data_dir`` absolute.
        patterns: Folder of patterns; null when the workflow is a shipped one.
        definitions: Folder of Python definitions, likewise.
    """

    def __init__(self, example: Example, folder: Path) -> None:
        self.mapping: Final = configuration(example, folder / _MARKET)
        file = folder / "config.yaml"
        self.config: Final[Mapping[str, Any] | Path] = (
            file if example.config.form == "yaml" else self.mapping
        )
        own = bool(example.workflows or example.modules)
        self.patterns: Final = folder / "patterns" if own else None
        self.definitions: Final = folder / "definitions" if own else None


def render(example: Example, folder: Path) -> Rendered:
    """Write an example below ``folder``, which is made; the same example gives the same bytes."""
    (folder / _MARKET).mkdir(parents=True)
    write_market(example.market, folder / _MARKET)
    written = configuration(example, Path(_MARKET))
    (folder / "config.yaml").write_text(yaml_text(written), encoding="utf-8")
    rendered = Rendered(example, folder)
    if rendered.patterns is not None and rendered.definitions is not None:
        rendered.patterns.mkdir()
        rendered.definitions.mkdir()
        # Numbered, since a wrong example can have two of one name.
        for number, module in enumerate(example.modules):
            file = rendered.patterns / f"module_{number}.yaml"
            file.write_text(yaml_text(module_pattern(module)), encoding="utf-8")
        for number, workflow in enumerate(example.workflows):
            file = rendered.patterns / f"workflow_{number}.yaml"
            file.write_text(yaml_text(workflow_pattern(workflow)), encoding="utf-8")
        text = python_text(example.workflows, example.modules)
        (rendered.definitions / "workflow.py").write_text(text, encoding="utf-8")
    return rendered


def configuration(example: Example, data_dir: Path) -> dict[str, Any]:
    """Give the user's configuration with the folder of his files in it."""
    written = copy.deepcopy(example.config.written)
    data = written.get("data", {})
    if isinstance(data, dict):
        written["data"] = {"data_dir": str(data_dir), **data}
    # As people write it: what runs, then on what, then the rest.
    first = ("workflow", "data", "symbols", "strategies")
    order = dict.fromkeys(itertools.chain(first, written))
    return {key: written[key] for key in order if key in written}
