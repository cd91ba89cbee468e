"""The pytest plugin: workflows are verified as tests.

1. The fixture `parity` is called with a configuration; it fails the test with the story of the
   first divergence, and never passes on nothing compared.
2. The marker ``parity("studies/*.yaml")`` makes a test of each configuration; the fixture
   `parity_verification` is what came of it.
3. At the end of the session the rules of the settings' policy that never fired are named. With
   several workers each sends what it saw to the one that reports.

Everything that takes long is imported when a test asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from parity.testing import Parity
    from parity.verification import Verification

__all__ = ["parity", "parity_verification"]

_MARKER: Final = "parity"
_MARKER_HELP: Final = (
    "parity(*paths, control='imperative', candidate='declarative', candidates=(…), policy=None, "
    "thorough=False, patterns=None, components=None): verify each configuration (paths and globs, "
    "from the folder of the test, or from the root directory)"
)
_RESULT: Final = "parity_verification"
_STORY: Final = pytest.StashKey[str]()
_SEEN: Final = "parity_seen"
"""Under which a worker sends what it saw."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options and the settings of the ini file."""
    group = parser.getgroup("parity", "workflows through several engines")
    group.addoption(
        "--parity-records",
        metavar="DIR",
        help="keep the records of verifications below DIR; by default in pytest's temporary folder",
    )
    group.addoption(
        "--parity-unused",
        action="store_true",
        help="fail when a rule of parity_policy never fired; for runs of all tests",
    )
    parser.addini(
        "parity_policy", "file with rules for what may differ, from the ini file's folder"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker, and refuse settings that lead nowhere before any test runs."""
    config.addinivalue_line("markers", _MARKER_HELP)
    if config.getini("parity_policy") or config.getoption("--parity-records"):
        from parity.testing import check_settings

        check_settings(config)


def pytest_report_header(config: pytest.Config) -> str:
    """Say by which policy workflows are held, and where records go."""
    policy = config.getini("parity_policy") or "none"
    records = config.getoption("--parity-records") or "in the temporary folder"
    return f"parity: policy {policy}, records {records}"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test of each configuration that a marker names."""
    markers = list(metafunc.definition.iter_markers(_MARKER))
    if not markers:
        return
    from parity.errors import UsageError
    from parity.testing import marked

    try:
        chosen = marked(markers, metafunc.definition.path.parent, metafunc.config)
    except UsageError as error:
        # In the way in which pytest shows nothing but the message.
        raise pytest.Collector.CollectError(f"{metafunc.definition.name}: {error}") from None
    if _RESULT not in metafunc.fixturenames:
        metafunc.fixturenames.append(_RESULT)
    metafunc.parametrize(_RESULT, chosen, ids=[choice.name for choice in chosen], indirect=True)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> None:
    """Fail the test of a marker when what it names is no parity, before its own lines run."""
    story = pyfuncitem.stash.get(_STORY, None)
    if story is not None:
        pytest.fail(story, pytrace=False)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Take what a worker saw."""
    seen = getattr(node, "workeroutput", {}).get(_SEEN)
    if seen:
        from parity.testing import account_of

        account_of(node.config).take(seen)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send what a worker saw; else say whether all that was there was used."""
    if not session.config.getini("parity_policy"):
        return
    from parity.testing import account_of

    account = account_of(session.config)
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[_SEEN] = account.seen()
    elif session.config.getoption("--parity-unused") and account.unused():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Name what was not used."""
    if not config.getini("parity_policy"):
        return
    from parity.testing import account_of

    unused = account_of(config).unused()
    if unused:
        terminalreporter.section("parity: not used by these tests")
        for line in unused:
            terminalreporter.write_line(line)


@pytest.fixture
def parity(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Parity:
    """Verify a configuration: ``parity("my.yaml", candidates=["declarative"], policy="p.yaml")``.

    It gives the `Verification`, and fails the test on anything but parity.
    """
    from parity.testing import Parity

    return Parity(request, tmp_path_factory)


@pytest.fixture
def parity_verification(request: pytest.FixtureRequest, parity: Parity) -> Verification:
    """What came of verifying the configuration of the marker ``parity``."""
    __tracebackhide__ = True
    choice = getattr(request, "param", None)
    if choice is None:
        raise pytest.UsageError(
            f"{request.node.name} asks what came of its marker, and has none that a function can "
            "have: give it @pytest.mark.parity('PATH'), or ask for the fixture parity"
        )
    verification, story = parity.verified(choice.path, choice.options)
    if story is not None:
        request.node.stash[_STORY] = story
    return verification


@pytest.fixture(autouse=True)
def _parity_of_the_marker(request: pytest.FixtureRequest) -> None:
    """Verify what a marker names although the test does not look at what came of it."""
    __tracebackhide__ = True
    if request.node.get_closest_marker(_MARKER) is not None:
        request.getfixturevalue(_RESULT)
