"""Folders of a user's own components that must be refused, with all that must be said."""

from __future__ import annotations

import json
from typing import Final

from parity.faults.bars import Bars
from parity.faults.fault import Scenario

__all__ = [
    "FILES_THAT_BREAK",
    "NAMES_OF_NO_FILES",
    "NO_COMPONENTS",
    "TWO_OF_HIS_OWN",
    "TWO_OF_ONE_TYPE",
]

_ONE: Final = Bars("ONE", 30)
_CONFIG: Final = """workflow: simple_backtest
data: {data_dir: .}
symbols: [ONE]
strategies: [{type: momentum}]
"""


def _refused(components: dict[str, str], *refused: str) -> Scenario:
    return Scenario(
        _CONFIG, (_ONE,), components=components, ending="refused", refused=tuple(refused)
    )


TWO_OF_ONE_TYPE: Final = _refused(
    {
        "mine.py": """from containers.components import FLAT


class Mine:
    type_name = "momentum"
    parameters = {}
    indicators = ()

    def decide(self, last, close, values):
        return FLAT


class Trend(Mine):
    type_name = "volatility"
""",
        "other.py": """class Label:
    type_name = "trend"
    parameters = {}
    indicators = ()

    def classify(self, last, close, values):
        return None


class Together:
    type_name = "ensemble"
    parameters = {}
    indicators = ()

    def combine(self, last, close, values, views):
        return last
""",
    },
    "momentum",
    "mine.py:4",
    "mine.py:4: a component 'momentum' exists already, at ",
    "containers/components/strategies.py:",
    "(choose another type_name)",
    "other.py:1: a component 'trend' exists already, at ",
    "containers/components/classifiers.py:",
    "other.py:10: a component 'ensemble' exists already, at ",
    "containers/components/ensemble.py:",
)
TWO_OF_HIS_OWN: Final = _refused(
    {
        "first.py": """class Decides:
    type_name = "same"
    parameters = {}
    indicators = ()

    def decide(self, last, close, values):
        return last


class Labels:
    type_name = "same"
    parameters = {}
    indicators = ()

    def classify(self, last, close, values):
        return None
""",
        "second.py": """class Combines:
    type_name = "same"
    parameters = {}
    indicators = ()
    members = {}

    def combine(self, last, close, values, views):
        return last


class LabelsToo:
    type_name = "same"
    parameters = {}
    indicators = ()

    def classify(self, last, close, values):
        return None
""",
    },
    "second.py:1: a component 'same' exists already, at ",
    "first.py:1 (choose another type_name)",
    "second.py:11: a component 'same' exists already, at ",
    "first.py:10 (choose another type_name)",
)
NO_COMPONENTS: Final = _refused(
    {
        "none.py": """from containers.components import Momentum, integer


def decide(last, close, values):
    return last


class Plain:
    type_name = "plain"
    parameters = {"period": integer(1, minimum=1)}
    indicators = ()

    def decide(self, last, close, values):
        return last


class Nameless(Plain):
    type_name = None


class WithoutParameters:
    type_name = "without"
    decide = Plain.decide


class ListOfParameters(Plain):
    type_name = "list"
    parameters = ["period"]


class WithoutSteps:
    type_name = "stepless"
    parameters = {}


class NoStep(Plain):
    type_name = "no_step"
    decide = None


class TwoSteps(Plain):
    type_name = "two_steps"

    def classify(self, last, close, values):
        return None


Mine = type("Mine", (), {"type_name": "mine"})
"""
    },
    "none.py:21: 'WithoutParameters' has a type_name but is no component: expected `parameters`, "
    "and one of `decide`, `combine` and `classify`",
    "none.py:26: 'ListOfParameters' has a type_name but is no component",
    "none.py:31: 'WithoutSteps' has a type_name but is no component",
    "none.py:36: 'NoStep' has a type_name but is no component",
    "none.py:41: 'TwoSteps' has a type_name but is no component",
    ".Mine: 'Mine' has a type_name but is no component",
)
FILES_THAT_BREAK: Final = _refused(
    {
        "_left_out.py": "raise ValueError('nobody reads this')\n",
        "notes.txt": "raise ValueError('nor this')\n",
        "a_good.py": "from __future__ import annotations\n",
        "b_raises.py": """import json


def read(text):
    return json.loads(text)


def outer():
    return read("{")


VALUE = outer()
""",
        "c_raises_at_once.py": "\n\nraise KeyError('at once')\n",
        "d_ends.py": "import sys\n\nsys.exit(3)\n",
        "e_is_not_python.py": "\nvalue = 1; return 5\n",
        "f_compiles.py": "\n\n\ncompile('(', 'elsewhere.py', 'exec')\n",
        "g_imports.py": "x = 1\nimport no_such_module_of_anybody\n",
        "h_is_too_deep.py": "def f():\n    return f()\n\n\nf()\n",
    },
    "components/b_raises.py:5: cannot be imported: JSONDecodeError: ",
    "components/c_raises_at_once.py:3: cannot be imported: KeyError: 'at once'",
    "components/d_ends.py:3: cannot be imported: SystemExit: 3",
    "components/e_is_not_python.py:2:12: cannot be imported: SyntaxError: 'return' outside ",
    "components/f_compiles.py:4: cannot be imported: SyntaxError: ",
    "components/g_imports.py:2: cannot be imported: ModuleNotFoundError: No module named "
    "'no_such_module_of_anybody'",
    "components/h_is_too_deep.py:2: cannot be imported: RecursionError: ",
)

_BELOW: Final = "expected a path below the folder of its phase"
_FORM: Final = "expected an ending that says its form (known: .json, .yaml, .csv, .parquet)"
_NO_FILES: Final = {
    "/a.json": _BELOW,
    "a//b.json": _BELOW,
    "./a.json": _BELOW,
    "../a.json": _BELOW,
    "a/../b.json": _BELOW,
    "a.json/": _BELOW,
    "a\\b.json": "expected a path without '\\' or invisible characters",
    "a\tb.json": "expected a path without '\\' or invisible characters",
    "n" * 196 + ".json": "expected names of at most 200 bytes",
    "folder/" + "ä" * 98 + ".json": "expected names of at most 200 bytes",
    "a": _FORM,
    "a.json.": _FORM,
    ".json": _FORM,
    "a.jsn": "expected an ending that says its form (did you mean '.json'?)",
    "a.JSON": "expected an ending that says its form (did you mean '.json'?)",
    "a.xlsx": "expected an ending that says its form (known: .csv, .json, .parquet, .yaml)",
    ".a.json": "expected names that do not begin with a dot",
    "a/.b/c.csv": "expected names that do not begin with a dot",
}
"""Names that no file of an output has, and what is said of each."""
NAMES_OF_NO_FILES: Final = Scenario(
    _CONFIG.replace("simple_backtest", "misnamed"),
    (_ONE,),
    patterns={
        "misnamed.yaml": """kind: workflow
name: misnamed
phases:
  - name: one
    topology: backtest
    sequence: single_pass
    outputs:
"""
        + "".join(
            f"      o{number}: {{value: 1, file: {json.dumps(name)}}}\n"
            for number, name in enumerate(_NO_FILES)
        )
        + "outputs: {last: {value: 1, file: a/b}}\n"
    },
    components={
        "misnamed.py": f"""from imperative.workflow import Output, Phase, Workflow


class Misnamed(Workflow):
    name = "misnamed"
    outputs = {{"last": Output(1, "a/b")}}

    def get_phases(self, config):
        outputs = {{f"o{{n}}": Output(1, name) for n, name in enumerate({list(_NO_FILES)})}}
        return [Phase(name="one", topology="backtest", sequence="single_pass", outputs=outputs)]
"""
    },
    ending="refused",
    refused=(
        *(f"found the file {name!r}, {said}" for name, said in _NO_FILES.items()),
        f"found the file 'a/b', {_FORM}",
    ),
)
