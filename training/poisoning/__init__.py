"""Whether the labels to learn from can be believed: sources that lie, enterprises whose past was made up."""

from __future__ import annotations

from training.poisoning.gate import poisoning_gate, suspicions
from training.poisoning.suspicion import Suspicion

__all__ = ["Suspicion", "poisoning_gate", "suspicions"]
