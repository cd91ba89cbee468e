from __future__ import annotations

import subprocess
import sys

from containers.configuration import METRIC_NAMES, json_schema


def test_the_json_schema_names_every_key_and_forbids_others() -> None:
    schema = json_schema()
    assert schema["additionalProperties"] is False
    assert {"workflow", "phases", "monte_carlo"} <= set(schema["properties"])
    assert all(part["additionalProperties"] is False for part in schema["$defs"].values())


def test_the_json_schema_states_ranges_nulls_words_and_shorthands() -> None:
    sections = json_schema()["$defs"]
    assert sections["Portfolio"]["properties"]["initial_capital"] == {
        "type": "number",
        "exclusiveMinimum": 0,
        "title": "Initial Capital",
    }
    leverage = sections["RiskProfileEntry"]["properties"]["max_leverage"]
    assert {"type": "null"} in leverage["anyOf"]
    warmup = sections["KFold"]["properties"]["warmup_bars"]
    assert {"const": "auto"} in warmup["anyOf"]
    assert sections["Objective"]["properties"]["metric"]["enum"] == list(METRIC_NAMES)
    symbols = json_schema()["properties"]["symbols"]["items"]["anyOf"]
    assert symbols[0]["type"] == "string"
    assert symbols[1] == {"$ref": "#/$defs/SymbolEntry"}


def test_importing_the_configuration_imports_no_heavy_package() -> None:
    code = (
        "import sys, containers.configuration; "
        "print({'pandas', 'pyarrow', 'deepdiff', 'hypothesis'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
