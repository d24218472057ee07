"""Labels that lie: who was inspected and why, how much of that is known, and what is corrected for it.

`propensity` estimates the chance of an inspection, `support` says where it tells anything, `outcomes` what
results tell of any line, `hint` what reasons that nobody recorded add, and `estimates` judges a model beyond
the lines that were inspected.
"""

from training.selection.correction import Correction, Observed, correction_of, uncorrected
from training.selection.estimates import Estimates, selection_estimates
from training.selection.given import given_chosen
from training.selection.hint import Hint, lift
from training.selection.outcomes import Outcomes, Screened, fit_outcomes
from training.selection.population import Population, population_of
from training.selection.propensity import Propensity, estimate_propensity
from training.selection.support import support_of

__all__ = [
    "Correction",
    "Estimates",
    "Hint",
    "Observed",
    "Outcomes",
    "Population",
    "Propensity",
    "Screened",
    "correction_of",
    "estimate_propensity",
    "fit_outcomes",
    "given_chosen",
    "lift",
    "population_of",
    "selection_estimates",
    "support_of",
    "uncorrected",
]
