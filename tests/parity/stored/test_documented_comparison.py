"""The worked example of docs/comparing-stored-results.md, taken from the page as it stands."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from parity.stored.mapping import read_mapping
from tests.parity.conftest import HANDMADE, ROOT, Output

Parity = Callable[..., Output]

PAGE = (ROOT / "docs" / "comparing-stored-results.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"^```\w+\n# (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))


@pytest.fixture
def example(parity: Parity) -> Parity:
    """Give `parity` in a folder with the files of the page and the run."""
    for name in ("theirs.csv", "mapping.yaml"):
        Path(name).write_text(BLOCKS[name], encoding="utf-8")
    assert parity("run", str(HANDMADE / "two_symbols.yaml"), "--json", "run.json").code == 0
    return parity


def test_the_worked_example_gives_what_the_page_says(example: Parity) -> None:
    command = re.search(r"^parity (compare theirs.csv run.json --mapping .*)$", PAGE, re.MULTILINE)
    assert command is not None
    done = example(*command[1].split())
    assert done.code == 1
    told = done.out.splitlines()
    for line in BLOCKS["output"].splitlines():
        assert line in told


def test_with_the_commission_they_are_equal(example: Parity) -> None:
    repaired = BLOCKS["theirs.csv"].replace("3949.10", "3888.52")
    Path("theirs.csv").write_text(repaired, encoding="utf-8")
    arguments = ("--mapping", "mapping.yaml", "--portfolio", "momentum.steady")
    done = example("compare", "theirs.csv", "run.json", *arguments)
    assert done.code == 0, done.out


def test_the_other_mapping_of_the_page_can_be_read(tmp_path: Path) -> None:
    every = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    for number, text in enumerate(every):
        file = tmp_path / f"{number}.yaml"
        file.write_text(text, encoding="utf-8")
        assert read_mapping(file)
    assert len(every) == 2
