"""The fixture ``parity``: verifies configurations for one test."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from rich.console import Console

from containers.errors import ConfigurationError
from parity.baselines import BaselineFolder, Check, approve
from parity.baselines import check as check_configs
from parity.case import Configured
from parity.checking import Thorough
from parity.commands.policies import applied_policy
from parity.errors import UsageError
from parity.own import Own
from parity.policy import AppliedPolicy, RuleStanding
from parity.records import RecordFolder
from parity.reporting.baselines_text import print_approval, print_check
from parity.reporting.document import verification_document
from parity.reporting.story import conclusion, counts_words, findings, further, headline, told
from parity.subjects import parse_subject, subject_for, told_apart
from parity.testing.account import account_of
from parity.testing.choosing import (
    CHECKING,
    VERIFYING,
    Options,
    baselines_folder,
    file_for,
    folder_for,
    name_of,
    options_of,
    policy_of_settings,
    records_folder,
)
from parity.verification import Verification
from parity.verifying import verify

__all__ = ["Parity"]

_NEVER: Final = "never fired"
_WIDTH: Final = 500


class Parity:
    """Verifies configurations for one test.

    Args:
        request: Of the test.
        temporary: Makes folders for runs, and for records where no other place is given.
    """

    def __init__(self, request: pytest.FixtureRequest, temporary: pytest.TempPathFactory) -> None:
        self._request = request
        self._config = request.config
        self._folder = request.path.parent
        self._temporary = temporary

    def __call__(self, config: str | Path | Mapping[str, Any], **options: Any) -> Verification:
        """Verify a configuration, and fail the test on anything but parity.

        Args:
            config: Its file, looked for from the folder of the test and then from the root
                directory; or a mapping, whose relative folders start at the working directory.
            options: Those of `Options` that are for verifying, and ``candidate`` for a single one.

        Raises:
            pytest.UsageError: Something of this does not exist or does not fit together; nothing
                was run.
        """
        __tracebackhide__ = True
        try:
            chosen = options_of(options, VERIFYING)
        except UsageError as error:
            raise pytest.UsageError(str(error)) from None
        verification, story = self.verified(config, chosen)
        if story is not None:
            pytest.fail(story, pytrace=False)
        return verification

    def verified(
        self, config: str | Path | Mapping[str, Any], options: Options
    ) -> tuple[Verification, str | None]:
        """Verify a configuration as a call does; give the story instead of failing, null on parity.

        Raises:
            pytest.UsageError: As of a call.
        """
        __tracebackhide__ = True
        try:
            verification = self._verify(config, options)
        except (UsageError, ConfigurationError) as error:
            raise pytest.UsageError(str(error)) from None
        record = self._keep(verification)
        end = conclusion(verification)
        said = f"{end}: {counts_words(end)}"
        # For other reports of pytest, such as its JUnit XML.
        self._request.node.user_properties.append(("parity", said))
        return verification, None if end.passed else _story(verification, said, record)

    def check(self, config: str | Path, **options: Any) -> Check:
        """Hold an engine against the baseline of a configuration, and fail unless it is the same.

        With ``--parity-approve`` what it gives becomes the baseline first.

        Args:
            config: Its file, looked for as in a call.
            options: Those of `Options` that are for checking.

        Raises:
            pytest.UsageError: Something of this does not exist or does not fit together, or the
                baseline is damaged.
        """
        __tracebackhide__ = True
        try:
            chosen = options_of(options, CHECKING)
        except UsageError as error:
            raise pytest.UsageError(str(error)) from None
        check, story = self.checked(config, chosen)
        if story is not None:
            pytest.fail(story, pytrace=False)
        return check

    def checked(self, config: str | Path, options: Options) -> tuple[Check, str | None]:
        """Check as `check` does; give the story instead of failing, null where it is as approved.

        Raises:
            pytest.UsageError: As of `check`.
        """
        __tracebackhide__ = True
        try:
            check, refused = self._check(config, options)
        except (UsageError, ConfigurationError) as error:
            raise pytest.UsageError(str(error)) from None
        if refused is not None:
            return check, refused
        verification = check.as_verification()
        record = self._keep(verification) if check.exit_code else None
        return check, None if record is None else _check_story(check, record)

    def _check(self, config: str | Path, options: Options) -> tuple[Check, str | None]:
        """Approve where that is asked for, then check; a text says why nothing was approved."""
        file = file_for(config, self._folder, self._config, "a configuration")
        folder = BaselineFolder(baselines_folder(self._config))
        subject = subject_for(parse_subject(options.subject), self._own(options))
        root = self._temporary.mktemp("parity-runs")
        if self._config.getoption("--parity-approve"):
            approval = approve([file], folder, [subject], root / "approve", update=True)
            if approval.exit_code:
                return Check(subject.name, folder.path, ()), _text(print_approval, approval)
        check = check_configs(
            [file], folder, subject, root / "check", only=True, policy=self._policy(options)
        )
        account = account_of(self._config)
        for one in check.checked:
            account.add_baseline(one.baseline)
        if options.policy is None:
            check = msgspec.structs.replace(check, rules=self._taken(check.rules))
        return check, None

    def _verify(self, config: str | Path | Mapping[str, Any], options: Options) -> Verification:
        named: tuple[str, Configured]
        if isinstance(config, Mapping):
            named = ("configuration", config)
        else:
            file = file_for(config, self._folder, self._config, "a configuration")
            named = (name_of(file, self._config), file)
        own = self._own(options)
        specs = [parse_subject(text) for text in (options.control, *options.candidates)]
        reference, *others = [subject_for(spec, own) for spec in specs]
        verification = verify(
            [named],
            reference,
            told_apart(others),
            self._temporary.mktemp("parity-runs"),
            policy=self._policy(options),
            thorough=Thorough(own) if options.thorough else None,
        )
        if options.policy is None:
            rules = self._taken(verification.rules)
            return msgspec.structs.replace(verification, rules=rules)
        return verification

    def _own(self, options: Options) -> Own:
        return Own(
            folder_for(options.patterns, self._folder, self._config),
            folder_for(options.components, self._folder, self._config),
        )

    def _keep(self, verification: Verification) -> Path:
        """Keep the record; give its folder."""
        parent = records_folder(self._config) or self._temporary.mktemp("parity-records")
        folder = RecordFolder.create(parent)
        folder.save(verification, verification_document(verification, str(folder.path)))
        return folder.path

    def _policy(self, options: Options) -> AppliedPolicy | None:
        if options.policy is None:
            file = policy_of_settings(self._config)
        else:
            file = file_for(options.policy, self._folder, self._config, "a policy")
        return applied_policy(file, None)

    def _taken(self, rules: tuple[RuleStanding, ...]) -> tuple[RuleStanding, ...]:
        """Leave it to the end of the session whether a rule of the settings ever fired."""
        account_of(self._config).add_rules(rules)
        return tuple(
            msgspec.structs.replace(rule, problem=None)
            if rule.problem is not None and rule.problem.startswith(_NEVER)
            else rule
            for rule in rules
        )


def _check_story(check: Check, record: Path) -> str:
    """Tell what is not as approved, as ``parity check`` does."""
    story = _text(print_check, check, str(record))
    return f"{story}\nto approve what it gives now: pytest --parity-approve"


def _text(write: Callable[..., None], what: object, *more: object) -> str:
    """Give what a report of the command line would print."""
    stream = io.StringIO()
    write(what, Console(file=stream, width=_WIDTH, highlight=False), *more)
    return stream.getvalue().strip()


def _story(verification: Verification, said: str, record: Path) -> str:
    """Tell what keeps a verification from being a pass."""
    lines = [said]
    for finding in findings(verification):
        where = "" if finding.config is None else f"{finding.config} — "
        lines += ["", f"{where}{headline(finding)}", *(f"  {line}" for line in told(finding))]
    return "\n".join([*lines, "", *further(conclusion(verification), str(record))])
