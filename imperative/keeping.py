"""What a phase keeps of its units and iterations, with storage ``disk`` or ``hybrid``.

A unit is kept as soon as it has finished (`Keeper.keep`), in whatever order units do: a run that is
resumed finds it there (`Keeper.found`) and does not run it again. When it is its turn in path order
its folder gets its name (`Keeper.publish`); once its level has taken it, it goes into the tree
(`Keeper.add`), and so does every iteration above, behind those below it.
"""

from __future__ import annotations

from typing import Final

from containers.errors import StorageError
from containers.journal import IterationStarted, Journal
from containers.results import IterationResult
from containers.storage import PhaseStore, UnitRecord, decode_unit
from imperative.walk import Node

__all__ = ["Keeper", "write_again"]


class Keeper:
    """Keeps the units and iterations of one phase.

    Args:
        store: Of the phase.
    """

    def __init__(self, store: PhaseStore) -> None:
        self._store: Final = store

    def found(self, node: Node) -> UnitRecord | None:
        """Take what came of a unit before; null when it has not finished.

        Raises:
            StorageError: The log is damaged, or has another unit in this place.
        """
        record = self._store.unit(node.keys)
        if record is None:
            return None
        if not _belongs(record.result, node.started):
            place = "/".join(map(str, node.keys))
            raise StorageError(
                f"unit {place} of the phase ran over {record.result.window} with "
                f"{record.result.parameters} before, and now it would over {node.started.window} "
                f"with {node.started.parameters}; start a run of its own"
            )
        return self._took(node, record)

    def keep(self, node: Node, content: bytes) -> UnitRecord:
        """Take a unit that has finished.

        Args:
            node: The unit.
            content: Its record, encoded.

        Raises:
            StorageError: It could not be written.
        """
        self._store.keep(node.keys, content)
        return self._took(node, decode_unit(content, self._store.root))

    def publish(self, node: Node) -> None:
        """Give the folder of a unit its name.

        Raises:
            StorageError: It cannot be renamed.
        """
        if node.record is not None:
            self._store.publish(node.keys, node.record.part)

    def add(self, node: Node) -> None:
        """Put an iteration that was taken into the tree.

        Raises:
            StorageError: It could not be written.
        """
        assert node.result is not None  # it was taken
        children = 0 if node.inside is None else node.inside.taken
        journal = () if node.record is None else node.record.journal
        self._store.add(node.keys, node.result, journal, children)

    def _took(self, node: Node, record: UnitRecord) -> UnitRecord:
        node.record, node.result = record, record.result
        return record


def write_again(store: PhaseStore, journal: Journal) -> None:
    """Write what the journal said of the iterations of a phase that had come to its end.

    Args:
        store: Of the phase.
        journal: Of the phase.

    Raises:
        StorageError: The log is damaged.
    """
    around = [journal]
    for keys, result, records in store.walk():
        del around[len(keys) :]
        own = around[-1].child("window", keys[-1])
        around.append(own)
        own.write(
            IterationStarted(
                window=result.window,
                parameters=result.parameters,
                seed=result.seed,
                spawn_key=result.spawn_key,
            )
        )
        if records:
            unit = own.child("unit", 0)
            for record in records:
                unit.write(record)


def _belongs(result: IterationResult, started: IterationStarted) -> bool:
    """Say whether a unit is that of an iteration."""
    return (
        result.window == started.window
        and dict(result.parameters) == dict(started.parameters)
        and result.spawn_key == started.spawn_key
    )
