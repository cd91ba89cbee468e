"""What the pytest plugin does once a test asks for it."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from containers.errors import ConfigurationError
from containers.nearest import did_you_mean
from parity.case import Configured
from parity.errors import UsageError
from parity.verification import Verification

__all__ = [
    "Chosen",
    "Parity",
    "check_settings",
    "failure_text",
    "marked",
    "policy_file",
    "records_folder",
]

_OPTIONS: Final = ("control", "candidate", "candidates", "policy", "thorough")


class Chosen(msgspec.Struct, frozen=True):
    """A configuration that a marker names.

    Attributes:
        name: As reports call it: its path from the root directory.
        path: Its file.
        options: The marker's keywords.
    """

    name: str
    path: Path
    options: Mapping[str, Any] = {}


class Parity:
    """The fixture ``parity``: verifies configurations for one test.

    Args:
        request: Of the test.
        temporary: Makes folders for runs, and for records where no other place is given.
    """

    def __init__(self, request: pytest.FixtureRequest, temporary: pytest.TempPathFactory) -> None:
        self._request = request
        self._temporary = temporary

    def __call__(
        self,
        config: str | Path | Mapping[str, Any],
        *,
        control: str = "imperative",
        candidate: str | None = None,
        candidates: str | Sequence[str] = (),
        policy: str | Path | None = None,
        thorough: bool = False,
    ) -> Verification:
        """Verify a configuration, and fail the test on anything but parity.

        Args:
            config: Its file, looked for from the folder of the test and then from the root
                directory; or a mapping, whose relative folders start at the working directory.
            control: The reference, ``ENGINE[:key=value,…]``.
            candidate: What is held against it; null: ``declarative``, unless there are
                ``candidates``.
            candidates: Several of them instead.
            policy: File with rules for what may differ, looked for like ``config``; null: that of
                the setting ``parity_policy``.
            thorough: Whether engines are held against relations as well.

        Raises:
            pytest.UsageError: Something of this does not exist or does not fit together; nothing
                was run.
        """
        __tracebackhide__ = True
        verification, story = self.verified(
            config,
            control=control,
            candidate=candidate,
            candidates=candidates,
            policy=policy,
            thorough=thorough,
        )
        if story is not None:
            pytest.fail(story, pytrace=False)
        return verification

    def verified(
        self,
        config: str | Path | Mapping[str, Any],
        *,
        control: str = "imperative",
        candidate: str | None = None,
        candidates: str | Sequence[str] = (),
        policy: str | Path | None = None,
        thorough: bool = False,
    ) -> tuple[Verification, str | None]:
        """Verify a configuration as a call does; give the story instead of failing, null on parity.

        Raises:
            pytest.UsageError: As of a call.
        """
        __tracebackhide__ = True
        try:
            subjects = [control, *_candidates(candidate, candidates)]
            verification, record = self._verify(config, subjects, policy, thorough)
        except (UsageError, ConfigurationError) as error:
            raise pytest.UsageError(str(error)) from None
        self._note(verification)
        return verification, failure_text(verification, record) if verification.exit_code else None

    def _verify(
        self,
        config: str | Path | Mapping[str, Any],
        subjects: Sequence[str],
        policy: str | Path | None,
        thorough: bool,
    ) -> tuple[Verification, str]:
        from parity.records import RecordFolder
        from parity.reporting.document import verification_document
        from parity.subjects import parse_subject, subject_for
        from parity.verifying import verify

        pytest_config = self._request.config
        if isinstance(config, Mapping):
            named: tuple[str, Configured] = ("configuration", config)
        else:
            chosen = _chosen(config, self._request.path.parent, pytest_config)
            named = (chosen.name, chosen.path)
        reference, *others = [subject_for(parse_subject(text)) for text in subjects]
        verification = verify([named], reference, others, self._temporary.mktemp("parity-runs"))
        parent = records_folder(pytest_config) or self._temporary.mktemp("parity-records")
        folder = RecordFolder.create(parent)
        folder.save(verification, verification_document(verification, str(folder.path)))
        return verification, str(folder.path)

    def _note(self, verification: Verification) -> None:
        """Leave the verdict among the properties of the test, for other reports of pytest."""
        from parity.reporting.story import conclusion, counts_words

        end = conclusion(verification)
        self._request.node.user_properties.append(("parity", f"{end}: {counts_words(end)}"))


def _candidates(candidate: str | None, candidates: str | Sequence[str]) -> list[str]:
    if candidate is not None and candidates:
        raise UsageError("give 'candidate' or 'candidates', not both")
    if candidate is not None:
        return [candidate]
    return [candidates] if isinstance(candidates, str) else list(candidates) or ["declarative"]


def failure_text(verification: Verification, record: str) -> str:
    """Tell what keeps a verification from being a pass."""
    from parity.reporting.story import conclusion, counts_words, findings, headline, told

    end = conclusion(verification)
    lines = [f"{end}: {counts_words(end)}"]
    for finding in findings(verification):
        where = "" if finding.config is None else f"{finding.config} — "
        lines += ["", f"{where}{headline(finding)}", *(f"  {line}" for line in told(finding))]
    return "\n".join([*lines, "", f"record: {record}"])


def marked(markers: Iterable[pytest.Mark], folder: Path, config: pytest.Config) -> list[Chosen]:
    """Give the configurations that markers name, in their order.

    Args:
        markers: Of one test.
        folder: Of its file.
        config: Pytest's.

    Raises:
        UsageError: A marker names none, or one that is not there, or has an unknown keyword.
    """
    found: dict[tuple[str, str], Chosen] = {}
    for marker in markers:
        for option in marker.kwargs:
            if option not in _OPTIONS:
                hint = did_you_mean(option, _OPTIONS)
                raise UsageError(f"marker parity: unknown keyword '{option}'; {hint}")
        if not marker.args:
            raise pytest.UsageError(
                "marker parity: it names no configuration; give a path or a glob"
            )
        for text in marker.args:
            if not isinstance(text, str | Path):
                raise UsageError(f"marker parity: found {text!r}, expected a path or a glob")
            for chosen in _matching(text, folder, config):
                options = msgspec.structs.replace(chosen, options=dict(marker.kwargs))
                found[chosen.name, repr(marker.kwargs)] = options
    return list(found.values())


def check_settings(config: pytest.Config) -> None:
    """Refuse settings that lead nowhere.

    Raises:
        pytest.UsageError: One does.
    """
    try:
        policy_file(config)
        records_folder(config)
    except UsageError as error:
        raise pytest.UsageError(str(error)) from None


def policy_file(config: pytest.Config) -> Path | None:
    """Give the policy of the settings; null without one.

    Raises:
        UsageError: It is not there.
    """
    text: str = config.getini("parity_policy")
    if not text:
        return None
    base = config.rootpath if config.inipath is None else config.inipath.parent
    file = base / text
    if not file.is_file():
        raise UsageError(f"parity_policy = {text}: there is no such file in {base}")
    return file


def records_folder(config: pytest.Config) -> Path | None:
    """Give the folder below which records are kept; null: a temporary one.

    Raises:
        UsageError: It can't be made or written to.
    """
    from parity.commands.targets import check_folder

    text: str | None = config.getoption("--parity-records")
    if not text:
        return None
    folder = config.invocation_params.dir / text
    check_folder("--parity-records", folder)
    return folder


def _matching(text: str | Path, folder: Path, config: pytest.Config) -> list[Chosen]:
    """Give the files a path or a glob means."""
    if not glob.has_magic(str(text)):
        return [_chosen(text, folder, config)]
    for base in _bases(folder, config):
        files = sorted(
            base / name
            # Not by `Path.glob`, which takes no absolute pattern.
            for name in glob.glob(str(text), root_dir=base, recursive=True)  # noqa: PTH207
            if (base / name).is_file()
        )
        if files:
            return [Chosen(_name(file, config), file) for file in files]
    raise _missing("configurations", text, folder, config)


def _chosen(text: str | Path, folder: Path, config: pytest.Config) -> Chosen:
    for base in _bases(folder, config):
        file = base / text
        if file.is_file():
            return Chosen(_name(file, config), file)
    raise _missing("a configuration", text, folder, config)


def _missing(what: str, text: str | Path, folder: Path, config: pytest.Config) -> UsageError:
    where = " or ".join(map(str, _bases(folder, config)))
    return UsageError(f"found no '{text}' in {where}, expected {what} there")


def _bases(folder: Path, config: pytest.Config) -> list[Path]:
    return list(dict.fromkeys((folder, config.rootpath)))


def _name(file: Path, config: pytest.Config) -> str:
    """Give the path from the root directory, where it lies below."""
    root = config.rootpath
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else str(file)
