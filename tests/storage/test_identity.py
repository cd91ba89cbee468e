"""What makes two runs the same run, and what makes no difference."""

from __future__ import annotations

import importlib.util
import platform
import sys
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

import numpy as np
import pytest

from containers.data import Bars, MarketData, Timeframe
from containers.storage import Identity, Source, identity_of, phase_identity

DOCUMENT: dict[str, Any] = {
    "workflow": "simple_backtest",
    "random_seed": 7,
    "data": {"data_dir": "data", "symbols": ["AAA"], "start": None},
    "results": {"directory": "results", "storage": "disk", "store_full_results": False},
    "parameter_space": {"s.fast": [3, 5], "s.slow": [10, 20]},
    "strategies": [{"name": "s", "parameters": {"fast": 3}}],
    "phases": {"test": {"data": {"data_dir": "data", "symbols": ["AAA"]}, "results": {}}},
}


def bars(symbol: str = "AAA", timeframe: str = "1d", **changes: Any) -> Bars:
    columns: dict[str, Any] = {
        "label_ns": np.arange(5, dtype=np.int64),
        "end_ns": np.arange(5, dtype=np.int64) + 1,
        "open": np.full(5, 1.0),
        "high": np.full(5, 3.0),
        "low": np.full(5, 0.5),
        "close": np.full(5, 2.0),
        "volume": np.zeros(5),
        "volume_valid": np.zeros(5, dtype=np.bool_),
    }
    return Bars(symbol=symbol, timeframe=Timeframe.parse(timeframe), **{**columns, **changes})


MARKET = MarketData([bars(), bars("BBB")])


def take(
    document: Mapping[str, Any] = DOCUMENT,
    markets: Any = (MARKET,),
    sources: Any = (),
    seed: int = 7,
) -> Identity:
    return identity_of(document, markets=markets, sources=sources, seed=seed)


def changed(path: str, value: Any) -> dict[str, Any]:
    document = deepcopy(DOCUMENT)
    place = document
    *above, last = path.split("/")
    for key in above:
        place = place[key]
    place[last] = value
    return document


# --- configuration ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("data/data_dir", "elsewhere"),
        ("results/directory", "elsewhere"),
        ("results/storage", "hybrid"),
        ("random_seed", 8),
        ("phases/test/data/data_dir", "elsewhere"),
        ("phases/test/results", {"directory": "elsewhere", "storage": "hybrid"}),
        ("data", MappingProxyType(DOCUMENT["data"])),
        ("data/symbols", ("AAA",)),
    ],
)
def test_where_things_lie_and_the_seed_are_no_part_of_the_configuration(
    path: str, value: Any
) -> None:
    assert take(changed(path, value)).configuration == take().configuration


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("workflow", "other"),
        ("results/store_full_results", True),
        ("data/start", "2020-01-01"),
        ("strategies", []),
        ("phases/test/data/symbols", ["BBB"]),
        ("phases/test/random_seed", 8),
        ("parameter_space", {"s.slow": [10, 20], "s.fast": [3, 5]}),
        ("parameter_space", {"s.fast": [5, 3], "s.slow": [10, 20]}),
        ("parameter_space", {"s.fast": [3.0, 5], "s.slow": [10, 20]}),
        ("parameter_space", {"s.fast": ["3", 5], "s.slow": [10, 20]}),
        ("parameter_space", {"s.fast": [True, 5], "s.slow": [10, 20]}),
    ],
)
def test_all_else_is_in_its_order(path: str, value: Any) -> None:
    assert take(changed(path, value)).configuration != take().configuration


def test_the_configuration_that_was_given_is_left_as_it_was() -> None:
    before = deepcopy(DOCUMENT)
    take()
    assert before == DOCUMENT


def test_a_phase_depends_on_configuration_seed_and_data() -> None:
    first = phase_identity(DOCUMENT, MARKET)
    assert phase_identity(changed("data/data_dir", "elsewhere"), MARKET) == first
    assert phase_identity(DOCUMENT, MarketData([bars(), bars("BBB")])) == first
    others = [
        phase_identity(changed("workflow", "other"), MARKET),
        phase_identity(changed("random_seed", 8), MARKET),
        phase_identity(DOCUMENT, MarketData([bars()])),
        phase_identity(DOCUMENT, MarketData([bars(close=np.full(5, 1.5)), bars("BBB")])),
        phase_identity(DOCUMENT, MarketData([bars("BBB"), bars()])),
    ]
    assert len({first, *others}) == 6


# --- data -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "column", ["label_ns", "end_ns", "open", "high", "low", "close", "volume", "volume_valid"]
)
def test_each_column_of_the_data_counts(column: str) -> None:
    values = getattr(bars(), column).copy()
    values[2] += 1
    found = take(markets=(MarketData([bars(**{column: values}), bars("BBB")]),))
    assert found.data["AAA_1d"] != take().data["AAA_1d"]
    assert found.data["BBB_1d"] == take().data["BBB_1d"]


def test_streams_are_named_by_symbol_and_timeframe() -> None:
    market = MarketData([bars(), bars("AAA", "1h"), bars("B_B")])
    assert list(take(markets=(market,)).data) == ["AAA_1h", "AAA_1d", "B_B_1d"]
    assert take(markets=()).data == {}


def test_all_data_under_one_name_count() -> None:
    same, other = MarketData([bars()]), MarketData([bars(close=np.full(5, 1.5))])
    digests = [
        take(markets=markets).data["AAA_1d"]
        for markets in ((same,), (other,), (same, other), (other, same))
    ]
    assert len(set(digests)) == 4
    assert take(markets=(same, MarketData([bars()]))).data["AAA_1d"] == digests[0]


def test_the_seed_is_kept_whatever_its_length() -> None:
    assert take(seed=2**200).seed == str(2**200)


# --- code -------------------------------------------------------------------------------------


@pytest.fixture
def package(tmp_path: Path) -> Iterator[ModuleType]:
    folder = tmp_path / "code" / "of_a_test"
    (folder / "deep").mkdir(parents=True)
    (folder / "__init__.py").write_text("class Inside:\n    pass\n")
    (folder / "deep" / "part.py").write_text("x = 1\n")
    (folder / "pattern.yaml").write_text("a: 1\n")
    spec = importlib.util.spec_from_file_location(
        "of_a_test", folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["of_a_test"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["of_a_test"]


def code(*sources: Source) -> str:
    return take(sources=sources).code


@pytest.mark.parametrize("name", ["__init__.py", "deep/part.py", "pattern.yaml"])
def test_each_source_of_a_package_counts(name: str, package: ModuleType, tmp_path: Path) -> None:
    file = tmp_path / "code" / "of_a_test" / name
    before = code(package)
    text = file.read_text()
    file.write_text(text + "# more\n")
    assert code(package) != before
    file.write_text(text)
    assert code(package) == before
    file.rename(file.with_name(f"other{file.suffix}"))
    assert code(package) != before
    file.with_name(f"other{file.suffix}").unlink()
    assert code(package) != before


def test_what_is_no_source_does_not_count(package: ModuleType, tmp_path: Path) -> None:
    before = code(package)
    for name in ("notes.txt", "deep/part.pyc", "README"):
        (tmp_path / "code" / "of_a_test" / name).write_text("x")
    assert code(package) == before


def test_a_file_a_folder_a_module_and_a_class_count_by_what_they_hold(
    package: ModuleType, tmp_path: Path
) -> None:
    folder = tmp_path / "code" / "of_a_test"
    assert code(package) == code(folder)
    assert code(package.Inside) == code(folder / "__init__.py")
    assert code(folder / "__init__.py", folder / "deep", folder / "pattern.yaml") == code(folder)
    assert len({code(), code(package.Inside), code(folder / "deep"), code(folder)}) == 4


def test_neither_order_nor_place_of_sources_counts(package: ModuleType, tmp_path: Path) -> None:
    folder = tmp_path / "code" / "of_a_test"
    before = code(folder / "deep", folder / "__init__.py")
    assert code(folder / "__init__.py", folder / "deep", folder / "deep") == before
    folder.rename(tmp_path / "moved")
    assert code(tmp_path / "moved" / "deep", tmp_path / "moved" / "__init__.py") == before


def test_all_folders_of_a_package_count(package: ModuleType, tmp_path: Path) -> None:
    more = tmp_path / "more"
    more.mkdir()
    package.__path__.append(str(more))
    before = code(package)
    (more / "other.py").write_text("y = 2\n")
    assert code(package) != before


def test_what_has_no_file_counts_for_nothing() -> None:
    nowhere = type("Nowhere", (), {"__module__": "nowhere"})
    assert code(int, nowhere, sys, ModuleType("prompt")) == code()


def test_versions_count(monkeypatch: pytest.MonkeyPatch) -> None:
    before = code()
    with monkeypatch.context() as patch:
        patch.setattr(np, "__version__", "0.0")
        assert code() != before
    monkeypatch.setattr(platform, "python_version", lambda: "0.0")
    assert code() != before
