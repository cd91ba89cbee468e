"""How two runs of one engine must agree: the same bars once more, some other way.

A relation needs no second engine and no third opinion: it changes a case in a way whose effect is
known exactly (mostly none), runs it again, and compares.
"""

from __future__ import annotations

from parity.relations.relation import Relation
from parity.relations.table import RELATIONS

__all__ = ["RELATIONS", "Relation"]
