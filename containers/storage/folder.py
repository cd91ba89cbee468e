"""The folder of a run: made once, filled piece by piece, closed by a manifest.

    {root}/{directory}/{workflow_id}/
        run.json  result.json  manifest.json
        {loop iteration}/{phase}/                       outputs, portfolios/…, logs
        {loop iteration}/{phase}/{sequence iteration}/…/
            trace/…  portfolios/{id}/trades.parquet  portfolios/{id}/equity.parquet
            signals.parquet

Every file is written aside and renamed, so what exists under its own name is complete. The
manifest lists path, bytes and digest of all results and is written last. While a run goes on, it
holds the lock of its folder; what an interrupted one has left, `RunFolder.resume` takes up.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from containers.errors import ConfigurationError, Problem, StorageError
from containers.files import inside, write_pieces_aside
from containers.nearest import did_you_mean
from containers.outputs import write_output
from containers.results import PortfolioResult, WorkflowResult
from containers.storage.card import CARD_FILE, RunCard, read_card, write_card
from containers.storage.document import json_pieces
from containers.storage.ids import check_workflow_id, default_workflow_id
from containers.storage.lock import RunLock
from containers.storage.manifest import MANIFEST_FILE, write_manifest
from containers.storage.phase_store import PhaseStore
from containers.storage.portfolio_files import PortfolioFiles
from containers.storage.portfolios import StoredPortfolios, bare_portfolios
from containers.storage.unit_folder import UnitFolder

__all__ = ["RESULT_FILE", "PhaseFolder", "RunFolder"]

RESULT_FILE: Final = "result.json"


class _Outputs:
    """Writes the outputs of a run: over what it wrote before it was resumed, never over another."""

    def __init__(self, root: Path, *, resumed: bool) -> None:
        self._root: Final = root
        self._resumed: Final = resumed
        self._written: Final[set[str]] = set()

    def write(self, folder: str, name: str, value: object) -> str:
        own = (f"{folder}/{name}" if folder else name) not in self._written
        path = write_output(self._root, folder, name, value, over=self._resumed and own)
        self._written.add(path)
        return path


class PhaseFolder:
    """Where a phase keeps its data; it is made when something is written there.

    Attributes:
        path: The folder.
        relative: Its path inside the run's folder.
    """

    def __init__(self, root: Path, relative: str, outputs: _Outputs) -> None:
        self.path: Final = root / relative
        self.relative: Final = relative
        self._root = root
        self._outputs = outputs

    def store(self, identity: str) -> PhaseStore:
        """Open the logs of the phase.

        Args:
            identity: What the phase depends on; see `containers.storage.identity.phase_identity`.

        Raises:
            StorageError: What is there is damaged or belongs to something else, or nothing can be
                written there.
        """
        return PhaseStore(self._root, self.relative, identity)

    def unit(self, keys: Sequence[int]) -> UnitFolder:
        """Give the folder of a unit, for one attempt to run it; nothing is made yet.

        Args:
            keys: Indexes of the iterations that lead to it, outermost first.
        """
        return UnitFolder(self._root, "/".join((self.relative, *map(str, keys))))

    def save_portfolio(self, name: str, portfolio: PortfolioResult) -> None:
        """Save trades and equity curve of a portfolio as Parquet.

        Raises:
            StorageError: They could not be written.
            ValueError: It has none.
        """
        if portfolio.trades is None or portfolio.equity_curve is None:
            raise ValueError(f"the portfolio '{name}' has no trades and curve that could be saved")
        inside(self._root, f"{self.relative}/portfolios/{name}")
        files = PortfolioFiles(self.path, name)
        try:
            files.add_samples(portfolio.equity_curve)
            files.complete(portfolio.trades)
        finally:
            files.abandon()

    def stored_portfolios(
        self, portfolios: Mapping[str, PortfolioResult]
    ) -> Mapping[str, PortfolioResult]:
        """Give portfolios that have been saved here; trades and curves are read when asked for."""
        return StoredPortfolios(self._root, self.relative, bare_portfolios(portfolios))

    def write_output(self, name: str, value: object) -> str:
        """Write an output; answer the file's path inside the run's folder.

        Raises:
            OutputError: Name or value are refused, or the file is there; see `containers.outputs`.
            StorageError: It could not be written.
        """
        return self._outputs.write(self.relative, name, value)


class RunFolder:
    """The folder of one run, made by `create` or taken up by `resume`.

    Attributes:
        path: The folder.
        workflow_id: Its name.
        resumed: Whether it was there before.
    """

    def __init__(self, path: Path, card: RunCard, lock: RunLock, *, resumed: bool) -> None:
        self.path: Final = path
        self.workflow_id: Final = path.name
        self.resumed: Final = resumed
        self._card = card
        self._lock: Final = lock
        self._outputs: Final = _Outputs(path, resumed=resumed)

    @classmethod
    def create(
        cls, parent: Path, *, card: RunCard, digest: str, workflow_id: str | None
    ) -> RunFolder:
        """Make a new folder under ``parent``, alone among any number of processes.

        Args:
            parent: The results directory; made where it does not exist.
            card: What the run is.
            digest: Config hash, for the default id.
            workflow_id: Name of the run; null: one made of workflow, digest and a number.

        Raises:
            ConfigurationError: The id is taken or unsafe, or the folder can't be made there.
                Nothing was left behind.
            StorageError: Nothing can be written into it, alike.
        """
        number = 1
        while True:
            default = default_workflow_id(card.workflow, digest, number)
            name = default if workflow_id is None else workflow_id
            path = parent / check_workflow_id(name)
            try:
                parent.mkdir(parents=True, exist_ok=True)
                path.mkdir()
                break
            except FileExistsError as error:
                taken = os.path.lexists(path)
                if workflow_id is not None or not taken:
                    what = f"a run with the id '{name}' exists in {parent}"
                    what = what if taken else f"{parent} is not a folder"
                    hint = "choose another id, or none and get the next free one"
                    raise ConfigurationError([Problem(what, hint=hint)]) from error
                number += 1
            except OSError as error:
                raise _not_writable(parent, error.strerror) from error
        lock = None
        try:
            lock = RunLock(path)
            write_card(path, card)
        except BaseException:
            shutil.rmtree(path, ignore_errors=True)  # it was made here, and nothing is in it
            if lock is not None:
                lock.release()
            raise
        return cls(path, card, lock, resumed=False)

    @classmethod
    def resume(cls, parent: Path, *, card: RunCard, workflow_id: str) -> RunFolder:
        """Take up a run that is there. Result and manifest of its last end are removed.

        Args:
            parent: The results directory.
            card: What is to be run now.
            workflow_id: Name of the run.

        Raises:
            ConfigurationError: There is no such run, somebody holds it, it cannot be resumed, or
                it was another: every difference is named. It is as it was.
            StorageError: Nothing can be written into it.
        """
        path = parent / check_workflow_id(workflow_id)
        if not (path / CARD_FILE).is_file():
            raise _no_run(parent, workflow_id)
        try:
            lock = RunLock(path)
        except StorageError as error:
            raise _not_writable(parent, str(error)) from error
        if not lock.held:
            hint = "wait for it, or end it; then resume it"
            raise ConfigurationError([Problem(f"the run '{workflow_id}' is going on", hint=hint)])
        try:
            problems = _obstacles(read_card(path), card)
            if problems:
                raise ConfigurationError(
                    replace(p, message=f"the run '{workflow_id}' cannot be resumed: {p.message}")
                    for p in problems
                )
            write_card(path, card)
            for left in (path / MANIFEST_FILE, path / RESULT_FILE, *path.glob(".*.part")):
                _remove(left)
        except BaseException:
            lock.release()
            raise
        return cls(path, card, lock, resumed=True)

    def phase(self, parts: Sequence[str | int]) -> PhaseFolder:
        """Give the folder of a phase, which is made when something is written there.

        Args:
            parts: Names of the folders that lead to it: loop iteration, phase; below a branch,
                those of the branch first.
        """
        return PhaseFolder(self.path, "/".join(map(str, parts)), self._outputs)

    def write_output(self, name: str, value: object) -> str:
        """Write an output of the workflow; answer the file's path inside the folder.

        Raises:
            OutputError: Name or value are refused, or the file is there; see `containers.outputs`.
            StorageError: It could not be written.
        """
        return self._outputs.write("", name, value)

    def write_result(self, result: WorkflowResult) -> str:
        """Write the result as a document; answer the file's path inside the folder.

        Raises:
            StorageError: It could not be written, or a part of it not be read.
        """
        write_pieces_aside(self.path / RESULT_FILE, json_pieces(result))
        return RESULT_FILE

    def write_manifest(self) -> str:
        """List every file of the results; answer the manifest's path inside the folder.

        Raises:
            StorageError: It could not be written.
        """
        return write_manifest(self.path)

    def close(self, *, success: bool) -> None:
        """Say what became of the run, and let go of it.

        Raises:
            StorageError: It could not be said; the run counts as interrupted.
        """
        try:
            self._card = replace(self._card, state="finished" if success else "failed")
            write_card(self.path, self._card)
        finally:
            self.release()

    def release(self) -> None:
        """Let go of the run as it is; after `close` nothing is left to do."""
        self._lock.release()


def _obstacles(before: RunCard, now: RunCard) -> list[Problem]:
    """Say why a run cannot go on as ``now`` asks for; empty when it can."""
    if "memory" in (before.storage, now.storage):
        whose = "now" if now.storage == "memory" else "when it was begun"
        hint = "set results.storage to disk or hybrid, and start a run of its own"
        message = f"its storage is memory {whose}, so nothing of it was kept"
        return [Problem(message, path=("results", "storage"), hint=hint)]
    problems: list[Problem] = []
    for name in ("engine", "workflow"):
        was, is_ = getattr(before, name), getattr(now, name)
        if was != is_:
            problems.append(Problem(f"its {name} was {was}, and is {is_} now"))
    return problems + before.identity.differences(now.identity)


def _remove(file: Path) -> None:
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        raise _not_writable(file, error.strerror) from error


def _no_run(parent: Path, workflow_id: str) -> ConfigurationError:
    known = sorted(c.parent.name for c in parent.glob(f"*/{CARD_FILE}") if c.is_file())
    hint = did_you_mean(workflow_id, known) if known else "there is none at all"
    return ConfigurationError([Problem(f"there is no run '{workflow_id}' in {parent}", hint=hint)])


def _not_writable(place: Path, reason: str | None) -> ConfigurationError:
    message = f"results cannot be written to {place}: {reason}"
    hint = "choose a writable folder in results.directory or --out"
    return ConfigurationError([Problem(message, path=("results", "directory"), hint=hint)])
