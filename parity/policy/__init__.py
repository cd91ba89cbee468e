"""Rules for what may differ: which differences, by how much, why, and until when.

`read_policy` reads a file, `AppliedPolicy` applies it in one verification, `RuleStanding` says how
a rule stands at the end.
"""

from parity.policy.judging import AppliedPolicy, Judge
from parity.policy.reading import parse_policy, read_policy
from parity.policy.rule import Policy, Rule
from parity.policy.schema import policy_schema
from parity.policy.standing import RuleStanding

__all__ = [
    "AppliedPolicy",
    "Judge",
    "Policy",
    "Rule",
    "RuleStanding",
    "parse_policy",
    "policy_schema",
    "read_policy",
]
