"""The pytest plugin: workflows are verified as tests.

1. The fixture `parity` is called with a configuration; it fails the test with the story of the
   first divergence, and never passes on nothing compared.
2. Its method ``parity.check`` holds one engine against its baseline instead; with
   ``--parity-approve`` what it gives becomes the baseline.
3. The markers ``parity("studies/*.yaml")`` and ``parity_check("studies/*.yaml")`` make a test of
   each configuration; the fixtures `parity_verification` and `parity_checked` are what came of it.
4. At the end of the session the rules of the settings' policy that never fired and the baselines
   that were not used are named. Of several workers each sends what it saw to who reports.

Everything that takes long is imported when a test asks for it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final, TypeVar

import pytest

if TYPE_CHECKING:
    from parity.baselines import Check
    from parity.testing.account import Account
    from parity.testing.fixture import Parity
    from parity.verification import Verification

__all__ = ["parity", "parity_checked", "parity_verification"]

_PATHS: Final = "paths and globs, from the folder of the test, or from the root directory"
_VERIFY: Final = (
    "parity(*paths, control='imperative', candidate='declarative', candidates=[…], policy=None, "
    f"thorough=False, patterns=None, components=None): verify each configuration ({_PATHS})"
)
_CHECK: Final = (
    "parity_check(*paths, subject='imperative', policy=None, patterns=None, components=None): "
    f"hold an engine against the baseline of each configuration ({_PATHS})"
)
_MARKERS: Final = {
    "parity": ("parity_verification", _VERIFY),
    "parity_check": ("parity_checked", _CHECK),
}
"""Each marker with the fixture that is what came of it, and its help."""
_STORIES: Final = pytest.StashKey[list[str]]()
Result = TypeVar("Result")
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
        help="fail when a rule of parity_policy never fired, or a baseline of parity_baselines was "
        "not used; for runs of all tests",
    )
    group.addoption(
        "--parity-approve",
        action="store_true",
        help="make what engines give now their baselines, instead of holding them against those",
    )
    parser.addini(
        "parity_baselines",
        "folder of approved results, from the ini file's folder; 'baselines' in the root directory "
        "if it is not set",
    )
    parser.addini(
        "parity_policy", "file with rules for what may differ, from the ini file's folder"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Name the markers, and refuse settings that lead nowhere before any test runs."""
    for _, help_of_marker in _MARKERS.values():
        config.addinivalue_line("markers", help_of_marker)
    if config.getini("parity_policy") or config.getoption("--parity-records"):
        from parity.testing.choosing import check_settings

        check_settings(config)


def pytest_report_header(config: pytest.Config) -> str:
    """Say what workflows are held against, and where records go."""
    policy = config.getini("parity_policy") or "none"
    baselines = config.getini("parity_baselines") or "baselines"
    approving = " (approving)" if config.getoption("--parity-approve") else ""
    records = config.getoption("--parity-records") or "in the temporary folder"
    return f"parity: policy {policy}, baselines {baselines}{approving}, records {records}"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test of each configuration that a marker names."""
    for name, (fixture, _) in _MARKERS.items():
        markers = list(metafunc.definition.iter_markers(name))
        if not markers:
            continue
        from parity.errors import UsageError
        from parity.testing.choosing import marked

        try:
            chosen = marked(markers, metafunc.definition.path.parent, metafunc.config)
        except UsageError as error:
            # In the way in which pytest shows nothing but the message.
            raise pytest.Collector.CollectError(f"{metafunc.definition.name}: {error}") from None
        if fixture not in metafunc.fixturenames:
            metafunc.fixturenames.append(fixture)
        metafunc.parametrize(fixture, chosen, ids=[each.name for each in chosen], indirect=True)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> None:
    """Fail the test of a marker when what it names is no parity, before its own lines run."""
    stories = pyfuncitem.stash.get(_STORIES, [])
    if stories:
        pytest.fail("\n\n".join(stories), pytrace=False)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Take what a worker saw."""
    seen = getattr(node, "workeroutput", {}).get(_SEEN)
    if seen:
        from parity.testing.account import account_of

        account_of(node.config).take(seen)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send what a worker saw; else say whether all that was there was used."""
    account = _account(session.config)
    output = getattr(session.config, "workeroutput", None)
    if account is None:
        return
    if output is not None:
        output[_SEEN] = account.seen()
    elif session.config.getoption("--parity-unused") and account.unused():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Name what was not used."""
    account = _account(config)
    unused = [] if account is None else account.unused()
    if unused:
        terminalreporter.section("parity: not used by these tests")
        for line in unused:
            terminalreporter.write_line(line)


def _account(config: pytest.Config) -> Account | None:
    """Give the account of a session; null where no test asked for anything, and nothing is due."""
    if "parity.testing.account" not in sys.modules:
        return None
    from parity.testing.account import account_of

    return account_of(config)


@pytest.fixture
def parity(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Parity:
    """Verify a configuration: ``parity("my.yaml", candidates=["declarative"], policy="p.yaml")``.

    It gives the `Verification`, and fails the test on anything but parity.
    """
    from parity.testing.fixture import Parity

    return Parity(request, tmp_path_factory)


@pytest.fixture
def parity_verification(request: pytest.FixtureRequest, parity: Parity) -> Verification:
    """What came of verifying the configuration of the marker ``parity``."""
    __tracebackhide__ = True
    choice = _choice(request)
    return _judged(request, parity.verified(choice.path, choice.options))


@pytest.fixture
def parity_checked(request: pytest.FixtureRequest, parity: Parity) -> Check:
    """What came of holding an engine against the baseline, by the marker ``parity_check``."""
    __tracebackhide__ = True
    choice = _choice(request)
    return _judged(request, parity.checked(choice.path, choice.options))


def _choice(request: pytest.FixtureRequest) -> Any:
    __tracebackhide__ = True
    choice = getattr(request, "param", None)
    if choice is None:
        raise pytest.UsageError(
            f"{request.node.name} asks what came of its marker, and has none that a function can "
            f"have: give it the marker of {request.fixturename}, or ask for the fixture parity"
        )
    return choice


def _judged(request: pytest.FixtureRequest, found: tuple[Result, str | None]) -> Result:
    """Keep the story for when the test is called, so that it fails and is no error."""
    result, story = found
    if story is not None:
        request.node.stash.setdefault(_STORIES, []).append(story)
    return result


@pytest.fixture(autouse=True)
def _parity_of_the_marker(request: pytest.FixtureRequest) -> None:
    """Verify what a marker names although the test does not look at what came of it."""
    __tracebackhide__ = True
    for name, (fixture, _) in _MARKERS.items():
        if request.node.get_closest_marker(name) is not None:
            request.getfixturevalue(fixture)
