from __future__ import annotations

import pickle
import re
import subprocess
import sys

import pytest

from containers.errors import ContainersError, ExecutorError, WorkerError
from containers.executors import ExecutorSpec, open_executor, parse_executor


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("serial", ExecutorSpec("serial")),
        ("processes", ExecutorSpec("processes")),
        ("processes:1", ExecutorSpec("processes", workers=1)),
        ("processes:64", ExecutorSpec("processes", workers=64)),
        ("dask://localhost:8786", ExecutorSpec("dask", address="localhost:8786")),
        ("dask://[::1]:1", ExecutorSpec("dask", address="[::1]:1")),
    ],
)
def test_a_text_and_its_spec_give_each_other(text: str, spec: ExecutorSpec) -> None:
    assert parse_executor(text) == spec
    assert str(spec) == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("process", "did you mean 'processes'?"),
        ("", "expected serial, processes, processes:N or dask://HOST:PORT"),
        ("serial:2", "serial takes no number"),
        ("processes:0", "found '0' as the number of processes, expected 1 or more"),
        ("processes:", "found '' as the number of processes"),
        ("processes:-1", "found '-1' as"),
        ("processes:two", "found 'two' as"),
        ("processes:²", "found '²' as"),
        ("dask", "expected the scheduler's address, like dask://127.0.0.1:8786"),
        ("dask://host", "expected the scheduler's address"),
        ("dask:host:1", "expected the scheduler's address"),
        ("dask://host:0", "expected the scheduler's address"),
        ("dask://host:99999", "expected the scheduler's address"),
        ("dask://a/b:1", "expected the scheduler's address"),
    ],
)
def test_a_wrong_text_is_refused_with_what_was_expected(text: str, message: str) -> None:
    with pytest.raises(ExecutorError, match=re.escape(message)) as caught:
        parse_executor(text)
    assert f"executor '{text}'" in str(caught.value)


@pytest.mark.parametrize("kind", [WorkerError, ExecutorError])
def test_errors_of_executors_pickle(kind: type[ContainersError]) -> None:
    back = pickle.loads(pickle.dumps(kind("what happened")))
    assert type(back) is kind
    assert str(back) == "what happened"


@pytest.mark.parametrize("given", [None, "serial", ExecutorSpec("serial")])
def test_serial_is_no_executor(given: str | ExecutorSpec | None) -> None:
    with open_executor(given) as executor:
        assert executor is None


def test_what_is_no_executor_is_refused_with_its_type() -> None:
    with (
        pytest.raises(ExecutorError, match="found a int as executor, expected a text such as"),
        open_executor(3),  # type: ignore[arg-type]  # on purpose
    ):
        pass


@pytest.mark.parametrize("seconds", [0, -1.0, float("inf"), float("nan")])
def test_a_limit_that_is_no_time_is_refused(seconds: float) -> None:
    with (
        pytest.raises(ExecutorError, match="as the limit of a unit, expected seconds above 0"),
        open_executor("processes", unit_timeout_s=seconds),
    ):
        pass


def test_importing_executors_imports_nothing_that_takes_long() -> None:
    code = (
        "import sys, containers.executors\n"
        "print({'loky', 'cloudpickle', 'distributed', 'pyarrow', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_spec_that_no_text_gives_is_refused_as_a_text_is() -> None:
    with (
        pytest.raises(ExecutorError, match="found '0' as the number of processes"),
        open_executor(ExecutorSpec("processes", workers=0)),
    ):
        pass
