"""Risk profiles that have a name: how much of the equity one position may take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

__all__ = ["DEFAULT_MAX_LEVERAGE", "PRESETS", "Preset"]


class Preset(msgspec.Struct, frozen=True):
    """``max_position_size`` as a share of equity; null when the configuration must set a size."""

    max_position_size: float | None


PRESETS: Final[Mapping[str, Preset]] = {
    "conservative": Preset(max_position_size=0.1),
    "moderate": Preset(max_position_size=0.25),
    "aggressive": Preset(max_position_size=1.0),
    "custom": Preset(max_position_size=None),
}

DEFAULT_MAX_LEVERAGE: Final = 1.0
