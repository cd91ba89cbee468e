"""``python -m declarative``: write the JSON Schemas of patterns, which editors read, anew."""

from __future__ import annotations

import json
from pathlib import Path

from declarative.schema import json_schemas

if __name__ == "__main__":
    folder = Path(__file__).parent / "schemas"
    for kind, schema in json_schemas().items():
        (folder / f"{kind}.json").write_text(json.dumps(schema, indent=1) + "\n", encoding="utf-8")
