"""What both engines have been seen to do: features, and the runs that are their evidence."""

from parity.evidence.features import FEATURES, Feature, observed
from parity.evidence.store import EvidenceStore, Run, Standing, standings

__all__ = ["FEATURES", "EvidenceStore", "Feature", "Run", "Standing", "observed", "standings"]
