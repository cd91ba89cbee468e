"""Rules for what may differ: which differences, by how much, why, and until when."""

from parity.policy.standing import RuleStanding

__all__ = ["RuleStanding"]
