"""Comparing traces of ten million events on disk, each way in a process of its own.

A real run is recorded once, and written again and again at later times: through `TraceWriter`, in
chunks as the recorder gives them.
"""

from __future__ import annotations
