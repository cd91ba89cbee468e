"""What is read back is what was written, or a StorageError: never another number."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from containers.errors import StorageError
from containers.results import IterationResult, PhaseResult
from containers.storage import (
    ITERATIONS_FILE,
    PhaseFolder,
    StoredIterations,
    StoredPortfolios,
    bare_portfolios,
    loaded,
)
from tests.storage.logs import open_files
from tests.storage.phases import IDENTITY, complete
from tests.storage.samples import (
    iteration,
    phase,
    phase_result,
    portfolio,
    same_portfolio,
    same_portfolios,
)


def stored(tmp_path: Path) -> tuple[PhaseFolder, StoredPortfolios]:
    folder = phase(tmp_path)
    held = {"s.q": portfolio(()), "s.p": portfolio()}
    for name, each in held.items():
        folder.save_portfolio(name, each)
    found = folder.stored_portfolios(held)
    assert isinstance(found, StoredPortfolios)
    return folder, found


def finished(tmp_path: Path) -> PhaseResult:
    folder = phase(tmp_path)
    complete(folder)
    store = folder.store(IDENTITY)
    found = store.finished()
    store.close()
    assert found is not None
    return found


# --- portfolios -------------------------------------------------------------------------------


def test_stored_portfolios_are_a_mapping_that_reads_what_is_asked_for(tmp_path: Path) -> None:
    folder, found = stored(tmp_path)
    held = {"s.q": portfolio(()), "s.p": portfolio()}
    assert same_portfolios(found, held)
    assert (list(found), len(found)) == (["s.q", "s.p"], 2)
    assert "s.p" in found
    assert "s.r" not in found
    assert found.get("s.r") is None
    (folder.path / "portfolios" / "s.q" / "equity.parquet").unlink()
    assert same_portfolio(found["s.p"], portfolio())
    with pytest.raises(KeyError):
        found["s.r"]
    assert repr(found) == "<portfolios s.q, s.p in 0/backtest>"


def test_figures_are_there_without_a_file_being_read(tmp_path: Path) -> None:
    folder, found = stored(tmp_path)
    for file in folder.path.rglob("*.parquet"):
        file.unlink()
    bare = bare_portfolios(found)
    assert bare == {name: replace(portfolio(None, None)) for name in ("s.q", "s.p")}
    assert bare_portfolios({"s.p": portfolio()}) == {"s.p": portfolio(None, None)}
    assert folder.stored_portfolios(found) is not found


@pytest.mark.parametrize("name", ["equity.parquet", "trades.parquet"])
@pytest.mark.parametrize("content", [None, b"", b"PAR1", b"PAR1" * 30, b"\x00" * 900])
def test_a_file_that_is_gone_or_none_is_named_with_what_to_do(
    name: str, content: bytes | None, tmp_path: Path
) -> None:
    folder, found = stored(tmp_path)
    file = folder.path / "portfolios" / "s.p" / name
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    before = open_files()
    with pytest.raises(StorageError) as raised:
        found["s.p"]
    assert str(raised.value).startswith(f"{file} could not be read as ")
    assert str(raised.value).endswith(
        "the file is damaged or gone: restore it, or run the workflow again"
    )
    assert open_files() == before


def test_the_file_of_another_kind_is_named_with_what_was_expected(tmp_path: Path) -> None:
    folder, found = stored(tmp_path)
    place = folder.path / "portfolios" / "s.p"
    (place / "equity.parquet").write_bytes((place / "trades.parquet").read_bytes())
    message = "holds no equity curve: found the columns .*, expected time_ns int64, equity double; "
    with pytest.raises(StorageError, match=message):
        found["s.p"]


def test_the_file_of_another_portfolio_is_its_own_affair(tmp_path: Path) -> None:
    folder, found = stored(tmp_path)
    places = folder.path / "portfolios"
    content = (places / "s.q" / "trades.parquet").read_bytes()
    (places / "s.p" / "trades.parquet").write_bytes(content)
    assert found["s.p"].trades == ()  # the manifest knows of such changes


# --- iterations -------------------------------------------------------------------------------


def test_stored_iterations_are_a_sequence(tmp_path: Path) -> None:
    found = finished(tmp_path)
    assert isinstance(found.iterations, StoredIterations)
    window = found.iterations[0]
    below = window.iterations
    assert isinstance(below, StoredIterations)
    assert [each.seed for each in below] == [0, 1]
    assert (below[-1].seed, below[-2].seed, len(below)) == (1, 0, 2)
    assert [each.seed for each in below[::-1]] == [1, 0]
    assert below[5:] == []
    for index in (2, -3):
        with pytest.raises(IndexError, match=f"iteration {index} of 2"):
            below[index]
    assert below[0].iterations == ()
    assert (repr(below)).endswith("iterations.log>")


def test_stored_iterations_equal_others_of_the_same_content(tmp_path: Path) -> None:
    folder = phase(tmp_path)
    store = folder.store(IDENTITY)
    kept = tuple(iteration("sample", seed=number) for number in range(3))
    for index, each in enumerate(kept):
        store.add((index,), each)
    store.finish(phase_result(iterations=kept))
    lazy = store.iterations(3)
    assert lazy == kept
    assert kept == tuple(lazy)
    assert lazy != kept[:2]
    assert lazy != (*kept[:2], iteration())
    assert lazy.__eq__("abc") is NotImplemented
    with pytest.raises(TypeError, match="unhashable"):
        hash(lazy)


def test_a_stored_result_can_be_sent_to_another_process(tmp_path: Path) -> None:
    found = finished(tmp_path)
    sent: PhaseResult = pickle.loads(pickle.dumps(found))
    leaf, other = sent.iterations[0].iterations[1], found.iterations[0].iterations[1]
    assert same_portfolios(leaf.portfolios, other.portfolios)


def test_an_iteration_that_is_damaged_or_gone_is_named(tmp_path: Path) -> None:
    found = finished(tmp_path)
    log = next(tmp_path.rglob(ITERATIONS_FILE))
    content = log.read_bytes()
    log.write_bytes(content.replace(b"sample", b"simple", 1))
    with pytest.raises(StorageError, match="does not have the record 0/0 as it was written"):
        found.iterations[0].iterations[0]
    assert found.iterations[0].iterations[1].seed == 1
    log.unlink()
    with pytest.raises(StorageError, match=r"iterations\.log could not be read: No such fi"):
        found.iterations[0]


# --- loaded -----------------------------------------------------------------------------------


def every(iterations: Any) -> list[IterationResult]:
    return [each for one in iterations for each in (one, *every(one.iterations))]


def test_a_loaded_result_needs_no_file_but_those_of_traces(tmp_path: Path) -> None:
    found = finished(tmp_path)
    whole = loaded(found)
    expected = every(found.iterations)
    portfolios = [dict(each.portfolios) for each in expected]
    for file in [*tmp_path.rglob("*.parquet"), *tmp_path.rglob("*.log")]:
        file.unlink()
    held = every(whole.iterations)
    assert isinstance(whole.iterations, tuple)
    assert [each.window for each in held] == [each.window for each in expected]
    assert all(map(same_portfolios, (each.portfolios for each in held), portfolios))
    assert type(whole.portfolios) is dict


def test_a_result_that_cannot_be_loaded_says_which_file(tmp_path: Path) -> None:
    found = finished(tmp_path)
    next(tmp_path.rglob("trades.parquet")).unlink()
    with pytest.raises(StorageError, match=r"trades\.parquet could not be read as trades"):
        loaded(found)
