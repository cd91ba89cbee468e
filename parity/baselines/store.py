"""The folder of baselines: one file for each configuration, at a place that its path gives.

    {folder}/{path of the configuration, as seen from the folder around it}.json

So ``fixtures/baselines`` has in ``workflows/ruin.yaml.json`` what was approved of
``fixtures/workflows/ruin.yaml``. Where the path leads further up, ``..`` is written ``_up_``; a
configuration that lies in the folder of baselines itself is below ``_within_``.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from containers.files import not_written
from parity.baselines.layout import Baseline, parse
from parity.errors import UsageError

__all__ = ["BaselineFolder"]

_UP: Final = "_up_"
_WITHIN: Final = "_within_"
_SUFFIX: Final = ".json"


class BaselineFolder:
    """A folder of baselines, which need not exist yet."""

    def __init__(self, path: Path) -> None:
        self.path: Final = path

    def key_of(self, config: Path) -> str:
        """Name a configuration's file as seen from this folder, with slashes.

        Links on the way to it are followed; one that is the file itself is a name of its own.

        Raises:
            UsageError: It lies on another drive.
        """
        try:
            key = os.path.relpath(config.parent.resolve() / config.name, self.path.resolve())
        except ValueError:
            raise UsageError(
                f"{config} lies on another drive than {self.path}; baselines are kept by the way "
                "from one to the other: choose a folder nearby with --baselines"
            ) from None
        return Path(key).as_posix()

    def config_of(self, key: str) -> Path:
        """Give the configuration's file, named as short as it can be from the working directory."""
        return Path(os.path.normpath(self.path / key))

    def file_of(self, key: str) -> Path:
        """Give the file in which the baseline of a configuration lies, or would lie."""
        steps = key.split("/")
        steps = steps[1:] if steps[0] == ".." else [_WITHIN, *steps]
        return self.path.joinpath(*(_UP if step == ".." else step for step in steps[:-1])) / (
            f"{steps[-1]}{_SUFFIX}"
        )

    def read(self, key: str) -> Baseline | None:
        """Read the baseline of one configuration; null when there is none.

        Raises:
            UsageError: It cannot be read, or is damaged, foreign, or of another configuration.
        """
        file = self.file_of(key)
        if not file.is_file():
            return None
        baseline = _read(file)
        if baseline.config != key:
            raise self._misplaced(file, baseline)
        return baseline

    def read_all(self) -> Mapping[str, Baseline]:
        """Read every baseline, by the key of its configuration.

        Raises:
            UsageError: There is no such folder, there is none in it, or one is damaged, foreign,
                or not where that of its configuration belongs.
        """
        if not self.path.is_dir():
            what = "is no folder" if self.path.exists() else "does not exist"
            raise UsageError(
                f"{self.path} {what}, expected a folder of approved results; name it with "
                "--baselines, or make it with: parity approve CONFIG"
            )
        try:
            files = sorted(
                file
                for file in self.path.rglob(f"*{_SUFFIX}")
                if not any(part.startswith(".") for part in file.relative_to(self.path).parts)
            )
        except OSError as error:
            raise UsageError(f"{self.path} cannot be read: {error.strerror}") from error
        if not files:
            raise UsageError(
                f"there is no baseline in {self.path}, so nothing can be held against one; make "
                "some with: parity approve CONFIG"
            )
        found: dict[str, Baseline] = {}
        for file in files:
            baseline = _read(file)
            if self.file_of(baseline.config) != file:
                raise self._misplaced(file, baseline)
            found[baseline.config] = baseline
        return found

    def write(self, files: Mapping[str, bytes]) -> None:
        """Write the baselines of some configurations: all of them aside first, then in place.

        Raises:
            StorageError: One could not be written aside; then none has been touched.
        """
        asides: list[tuple[Path, Path]] = []
        try:
            for key, content in files.items():
                file = self.file_of(key)
                aside = file.with_name(f".{file.name}.{os.getpid()}.part")
                asides.append((aside, file))
                try:
                    if file.is_dir():
                        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
                    file.parent.mkdir(parents=True, exist_ok=True)
                    aside.write_bytes(content)
                except OSError as error:
                    raise not_written(file, error) from error
            for aside, file in asides:
                try:
                    aside.replace(file)
                except OSError as error:
                    raise not_written(file, error) from error
        finally:
            for aside, _ in asides:
                with suppress(OSError):
                    aside.unlink()

    def remove(self, keys: Iterable[str]) -> None:
        """Remove the baselines of some configurations.

        Raises:
            StorageError: One could not be removed; those before it are gone.
        """
        for key in keys:
            file = self.file_of(key)
            try:
                file.unlink()
            except OSError as error:
                raise not_written(file, error) from error

    def _misplaced(self, file: Path, baseline: Baseline) -> UsageError:
        due = self.file_of(baseline.config)
        if due.is_file():
            return UsageError(
                f"there are two baselines of {self.config_of(baseline.config)}: {due} and {file}; "
                "remove the one that is not meant"
            )
        return UsageError(
            f"{file}: this is the baseline of {self.config_of(baseline.config)}, which belongs to "
            f"{due}; move it there, or if the configuration was moved, make it anew with: "
            "parity approve CONFIG"
        )


def _read(file: Path) -> Baseline:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error
    return parse(content, str(file))
