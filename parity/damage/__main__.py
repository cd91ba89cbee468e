"""Show what differs from what was approved, or approve it: ``python -m parity.damage HOME``."""

from __future__ import annotations

import sys

from parity.damage.check import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
