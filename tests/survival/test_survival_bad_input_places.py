"""Places that cannot be written to, lead elsewhere, or go away while a run goes on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from containers.errors import ConfigurationError, StorageError
from containers.journal import Entry, UnitExecuted
from tests.contract.conftest import made
from tests.contract.definitions import workflow
from tests.survival.observing import ID, Study, observe
from tests.survival.studies import nested

ENGINES = ("imperative", "declarative")


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def written_to(study: Study, directory: str) -> Study:
    """Give the study with another results directory."""
    results = {**study.config["results"], "directory": directory}
    return Study({**study.config, "results": results}, study.definitions)


@pytest.mark.parametrize("vanishes", ["results", "results/mine", "results/mine/0/work"])
def test_a_folder_that_vanishes_fails_the_run_and_nothing_wrong_is_said(
    engine: str, vanishes: str, tmp_path: Path
) -> None:
    study = nested(tmp_path / "market")
    (tmp_path / "whole").mkdir()
    expected = observe(engine, study, tmp_path / "whole")
    root = tmp_path / "run"
    root.mkdir()
    heard = 0

    def vanish(entry: Entry) -> None:
        nonlocal heard
        heard += isinstance(entry.record, UnitExecuted)
        if heard == 9 and isinstance(entry.record, UnitExecuted):
            shutil.rmtree(root / vanishes)

    subject = made(engine, study.definitions, root / "patterns", root=root, consumers=[vanish])
    result = subject.run_workflow(study.config, ID)
    assert not result.success
    assert result.error is not None
    assert result.error.type == "StorageError", result.error
    assert str(root) in result.error.message
    if vanishes == "results/mine/0/work":
        assert observe(engine, study, root, resume=True) == expected
    else:
        with pytest.raises(ConfigurationError, match="there is no run 'mine'"):
            observe(engine, study, root, resume=True)


@pytest.mark.parametrize("storage", ["disk", "hybrid"])
def test_a_run_that_vanishes_after_its_end_gives_no_number(
    engine: str, storage: str, tmp_path: Path
) -> None:
    study = nested(tmp_path / "market", storage)
    subject = made(engine, study.definitions, tmp_path / "patterns", root=tmp_path)
    result = subject.run_workflow(study.config, ID)
    work = result.phase_results["work"]
    shutil.rmtree(tmp_path / "results")
    if storage == "disk":
        with pytest.raises(StorageError, match=r"iterations\.log could not be read"):
            work.iterations[0]
        return
    leaf = work.iterations[0].iterations[0].iterations[0].iterations[0]
    with pytest.raises(StorageError, match=r"trace"):
        len(leaf.trace)


@pytest.mark.parametrize("what", ["file", "dangling link", "link to a file", "below a file"])
def test_a_results_directory_that_is_none_is_refused(
    engine: str, what: str, tmp_path: Path
) -> None:
    study = nested(tmp_path / "market")
    place = tmp_path / "results"
    (tmp_path / "file").write_text("kept")
    if what == "file":
        place.write_text("kept")
    elif what == "dangling link":
        place.symlink_to(tmp_path / "nowhere")
    elif what == "link to a file":
        place.symlink_to(tmp_path / "file")
    else:
        study = written_to(study, "file/results")
    with pytest.raises(ConfigurationError) as raised:
        observe(engine, study, tmp_path)
    assert str(tmp_path) in str(raised.value)
    assert (tmp_path / "file").read_text() == "kept"
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("there", ["folder", "full folder", "file", "link"])
def test_an_id_whose_place_is_taken_is_refused_and_left_alone(
    engine: str, there: str, tmp_path: Path
) -> None:
    study = nested(tmp_path / "market")
    place = tmp_path / "results" / ID
    place.parent.mkdir()
    if there == "file":
        place.write_text("kept")
    elif there == "link":
        place.symlink_to(tmp_path)
    else:
        place.mkdir()
        if there == "full folder":
            (place / "kept").write_text("kept")
    before = sorted(str(path) for path in tmp_path.rglob("*"))
    for resume, message in ((False, "a run with the id 'mine' exists"), (True, "there is no run")):
        with pytest.raises(ConfigurationError, match=message):
            observe(engine, study, tmp_path, resume=resume)
    after = {str(path) for path in tmp_path.rglob("*")} - {str(tmp_path / "patterns")}
    assert {path for path in after if "/patterns" not in path} == set(before)


@pytest.mark.parametrize(
    "workflow_id",
    ["../mine", "a/b", "/tmp/x", "", ".", "..", ".hidden", "a b", "a\\b", "ä", "a\n", "a" * 300],
)
@pytest.mark.parametrize("resume", [False, True])
def test_an_id_that_is_no_name_is_refused_before_anything_is_written(
    engine: str, workflow_id: str, resume: bool, tmp_path: Path
) -> None:
    study = nested(tmp_path / "market")
    subject = made(engine, study.definitions, tmp_path / "patterns", root=tmp_path)
    with pytest.raises(ConfigurationError):
        subject.run_workflow(study.config, workflow_id, resume=resume)
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("directory", ["../elsewhere", "a/../../elsewhere", "absolute", "link"])
def test_results_go_where_they_are_told_and_are_resumed_there(
    engine: str, directory: str, tmp_path: Path
) -> None:
    """The user's own word on where results lie may lead anywhere."""
    study = nested(tmp_path / "market")
    root = tmp_path / "root"
    (root / "a").mkdir(parents=True)
    elsewhere = tmp_path / "elsewhere"
    if directory == "link":
        elsewhere.mkdir()
        (root / "link").symlink_to(elsewhere)
    told = str(elsewhere) if directory == "absolute" else directory
    study = written_to(study, told)
    subject = made(engine, study.definitions, root / "patterns", root=root)
    result = subject.run_workflow(study.config, ID)
    assert result.success
    assert (elsewhere / ID / "manifest.json").is_file()
    again = subject.run_workflow(study.config, ID, resume=True)
    assert again.to_document() == result.to_document()
    assert not (root / "results").exists()


@pytest.mark.parametrize("storage", ["memory", "disk"])
@pytest.mark.parametrize("segment", ["0", "work", "deep"])
def test_an_output_goes_through_no_link_out_of_the_run(
    engine: str, segment: str, storage: str, tmp_path: Path
) -> None:
    """A folder of a run that became a link while the run went on leads nowhere."""
    config = {**nested(tmp_path / "market", storage).config, "trace_level": "none"}
    outside = tmp_path / "outside"
    outside.mkdir()
    output = {"value": "${first.status}", "file": "deep/er.json"}
    study = Study(
        config,
        [
            workflow(
                {"name": "first"},
                {"name": "work", "depends_on": "first", "outputs": {"told": output}},
            )
        ],
    )
    places = {"0": "0", "work": "0/work", "deep": "0/work/deep"}

    def lay(entry: Entry) -> None:
        record = type(entry.record).__name__
        if record == "PhaseStarted" and "work" in str(entry.path):
            place = tmp_path / "results" / ID / places[segment]
            place.parent.mkdir(parents=True, exist_ok=True)
            if place.exists():
                shutil.move(place, tmp_path / "moved")
            place.symlink_to(outside)

    subject = made(engine, study.definitions, tmp_path / "patterns", root=tmp_path, consumers=[lay])
    result = subject.run_workflow(study.config, ID)
    assert not result.success
    assert result.error is not None
    assert result.error.type in ("StorageError", "OutputError"), result.error
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["result.json", "manifest.json", "0/work/iterations.log", ".lock", "run.json"]
)
def test_a_file_that_cannot_be_replaced_is_named_and_the_run_stays_resumable(
    engine: str, name: str, tmp_path: Path
) -> None:
    """A folder in the place of a file cannot be written over, not even by root."""
    study = nested(tmp_path / "market")
    expected = observe(engine, study, tmp_path)
    file = tmp_path / "results" / ID / name
    kept = file.read_bytes()
    file.unlink()
    file.mkdir()
    told = refused(engine, study, tmp_path)
    expected_words = {".lock": f"results/{ID} could not be locked", "run.json": "there is no run"}
    assert expected_words.get(name, name) in told
    file.rmdir()
    if name != "result.json":  # a run that is taken up again has none
        file.write_bytes(kept)
    assert observe(engine, study, tmp_path, resume=True) == expected


def refused(engine: str, study: Study, root: Path) -> str:
    """Give the message with which a run is not resumed, or fails."""
    try:
        error = observe(engine, study, root, resume=True).document["error"]
    except (ConfigurationError, StorageError) as raised:
        return str(raised)
    assert error["type"] == "StorageError"
    return str(error["message"])
