"""The fixture ``parity``: verifies configurations for one test."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from containers.errors import ConfigurationError
from parity.case import Configured
from parity.checking import Thorough
from parity.errors import UsageError
from parity.own import Own
from parity.policy import AppliedPolicy, read_policy
from parity.records import RecordFolder
from parity.reporting.document import verification_document
from parity.reporting.story import conclusion, counts_words, findings, headline, told
from parity.subjects import parse_subject, subject_for, told_apart
from parity.testing.account import account_of
from parity.testing.choosing import (
    Options,
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
            options: Those of `Options`, and ``candidate`` for a single one.

        Raises:
            pytest.UsageError: Something of this does not exist or does not fit together; nothing
                was run.
        """
        __tracebackhide__ = True
        try:
            chosen = options_of(options)
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
        parent = records_folder(self._config) or self._temporary.mktemp("parity-records")
        folder = RecordFolder.create(parent)
        folder.save(verification, verification_document(verification, str(folder.path)))
        end = conclusion(verification)
        said = f"{end}: {counts_words(end)}"
        # For other reports of pytest, such as its JUnit XML.
        self._request.node.user_properties.append(("parity", said))
        return verification, None if end.passed else _story(verification, said, folder.path)

    def _verify(self, config: str | Path | Mapping[str, Any], options: Options) -> Verification:
        named: tuple[str, Configured]
        if isinstance(config, Mapping):
            named = ("configuration", config)
        else:
            file = file_for(config, self._folder, self._config, "a configuration")
            named = (name_of(file, self._config), file)
        own = Own(
            folder_for(options.patterns, self._folder, self._config),
            folder_for(options.components, self._folder, self._config),
        )
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
            return self._taken(verification)
        return verification

    def _policy(self, options: Options) -> AppliedPolicy | None:
        if options.policy is None:
            file = policy_of_settings(self._config)
        else:
            file = file_for(options.policy, self._folder, self._config, "a policy")
        if file is None:
            return None
        return AppliedPolicy(read_policy(file), datetime.datetime.now(datetime.UTC).date())

    def _taken(self, verification: Verification) -> Verification:
        """Leave it to the end of the session whether a rule of the settings ever fired."""
        account_of(self._config).add(verification.rules)
        rules = tuple(
            msgspec.structs.replace(rule, problem=None)
            if rule.problem is not None and rule.problem.startswith(_NEVER)
            else rule
            for rule in verification.rules
        )
        return msgspec.structs.replace(verification, rules=rules)


def _story(verification: Verification, said: str, record: Path) -> str:
    """Tell what keeps a verification from being a pass."""
    lines = [said]
    for finding in findings(verification):
        where = "" if finding.config is None else f"{finding.config} — "
        lines += ["", f"{where}{headline(finding)}", *(f"  {line}" for line in told(finding))]
    return "\n".join([*lines, "", f"record: {record}"])
