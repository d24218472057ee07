"""Grades as policy: from the probability of a hazard to a cell, its grade, colour and competence."""

from __future__ import annotations

from models.grading.errors import InvalidGradingPolicy, Problem, VersionTaken
from models.grading.policy import GradingPolicy
from models.grading.reading import SHIPPED, ReadPolicy, parse_policy, read_policy
from models.grading.tables import Cell, Grader

__all__ = [
    "SHIPPED",
    "Cell",
    "Grader",
    "GradingPolicy",
    "InvalidGradingPolicy",
    "Problem",
    "ReadPolicy",
    "VersionTaken",
    "parse_policy",
    "read_policy",
]
