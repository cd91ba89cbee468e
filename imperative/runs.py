"""The folder of a run: made when something is written, or taken up when a run is resumed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from containers.errors import ConfigurationError, Problem
from containers.storage import (
    RunCard,
    RunFolder,
    Source,
    check_workflow_id,
    default_workflow_id,
    identity_of,
)
from imperative.loop import ENGINE, needs_folder
from imperative.preparation import Preparation

__all__ = ["Runs"]


class Runs:
    """Names a run and gives it its folder.

    Args:
        preparation: What is about to run.
        root: The folder that ``results.directory`` starts from; null: the working directory.
        sources: What computes; a run is resumed only with the same.
        workflow_id: Name of the run; null: one made of the workflow and the config hash.
        resumed: Whether a run of this name is to be taken up.
    """

    def __init__(
        self,
        preparation: Preparation,
        root: Path | None,
        sources: Sequence[Source],
        workflow_id: str | None,
        *,
        resumed: bool,
    ) -> None:
        self._preparation: Final = preparation
        self._root: Final = Path.cwd() if root is None else root
        self._sources: Final = sources
        self._workflow_id: Final = workflow_id
        self._resumed: Final = resumed

    def begin(self) -> tuple[str, RunFolder | None]:
        """Name the run, and give its folder when results are stored or outputs go to files.

        Raises:
            ConfigurationError: The name is taken or unsafe, there is no run to be resumed, or it
                was another. Nothing was written.
        """
        preparation, given = self._preparation, self._workflow_id
        configuration = preparation.configuration
        if given is not None:
            check_workflow_id(given)
        if self._resumed:
            folder = self._taken_up()
        elif configuration.settings.results.storage != "memory" or needs_folder(preparation):
            folder = self.make_folder()
        else:
            name = preparation.workflow.name
            return given or default_workflow_id(name, configuration.digest, 1), None
        return folder.workflow_id, folder

    def make_folder(self) -> RunFolder:
        """Make a new folder.

        Raises:
            ConfigurationError: The name is taken or unsafe, or it cannot be made there.
        """
        configuration = self._preparation.configuration
        return RunFolder.create(
            self._parent,
            card=self._card(),
            digest=configuration.digest,
            workflow_id=self._workflow_id,
        )

    def _taken_up(self) -> RunFolder:
        if self._workflow_id is None:
            message = "a run is resumed by its workflow id, and none was given"
            raise ConfigurationError([Problem(message, hint="name the folder of the run")])
        return RunFolder.resume(self._parent, card=self._card(), workflow_id=self._workflow_id)

    @property
    def _parent(self) -> Path:
        return self._root / self._preparation.configuration.settings.results.directory

    def _card(self) -> RunCard:
        preparation, configuration = self._preparation, self._preparation.configuration
        return RunCard(
            engine=ENGINE,
            workflow=preparation.workflow.name,
            storage=configuration.settings.results.storage,
            identity=identity_of(
                configuration.document,
                markets=preparation.loader.markets,
                sources=self._sources,
                seed=configuration.settings.random_seed,
            ),
        )
