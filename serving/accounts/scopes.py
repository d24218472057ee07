"""The scopes of a token: what its holder may do."""

from __future__ import annotations

from enum import StrEnum


class Scope(StrEnum):
    """One permission; `admin` includes all others."""

    SCORES_WRITE = "scores:write"
    SCORES_READ = "scores:read"
    RECORDS_WRITE = "records:write"
    MODELS_READ = "models:read"
    DATA_SCIENTIST = "data:scientist"
    ADMIN = "admin"


MEANING: dict[Scope, str] = {
    Scope.SCORES_WRITE: "score declaration lines, and record new ones",
    Scope.SCORES_READ: "read stored scores",
    Scope.RECORDS_WRITE: "post and revise declarations, inspections, nonconformities, opinions and parties",
    Scope.MODELS_READ: "read models and their figures",
    Scope.DATA_SCIENTIST: "score as of a past instant",
    Scope.ADMIN: "everything",
}
