"""The story of a first divergence, told from a record: `explain` gives an `Explanation`."""

from parity.explaining.choosing import choose_pair
from parity.explaining.explanation import Explanation, explain

__all__ = ["Explanation", "choose_pair", "explain"]
