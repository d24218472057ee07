"""Labels that lie: who was inspected and why, how much of that is known, and what is corrected for it.

`propensity` estimates the chance of an inspection, `support` says where it tells anything, `hint` measures
reasons that nobody recorded, and `estimates` judges a model beyond the lines that were inspected.
"""

from training.selection.correction import Correction, Observed, correction_of, uncorrected
from training.selection.estimates import Estimates, selection_estimates
from training.selection.given import given_chosen
from training.selection.hint import Hint, fit_hint, lift
from training.selection.population import Population, population_of
from training.selection.propensity import Propensity, estimate_propensity
from training.selection.support import support_of

__all__ = [
    "Correction",
    "Estimates",
    "Hint",
    "Observed",
    "Population",
    "Propensity",
    "correction_of",
    "estimate_propensity",
    "fit_hint",
    "given_chosen",
    "lift",
    "population_of",
    "selection_estimates",
    "support_of",
    "uncorrected",
]
