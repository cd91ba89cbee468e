"""What was approved of a run, in short: a digest of each channel of its record."""

from __future__ import annotations

import hashlib
import json

from parity.record import Record
from parity.recording.plain import plain

__all__ = ["digests"]


def digests(record: Record) -> dict[str, str]:
    """Give the SHA-256 of each filled channel of ``record``, of traces that of their digests."""
    return {
        channel.value: hashlib.sha256(
            json.dumps(plain(content), sort_keys=True).encode()
        ).hexdigest()
        for channel, content in record.channels.items()
        if content
    }
