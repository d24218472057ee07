"""Tables of what was said: scores with their evidence, tokens, and answers kept for repeated requests."""

from __future__ import annotations

import sqlalchemy as sa

METADATA = sa.MetaData()

TOKENS = sa.Table(
    "tokens",
    METADATA,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("name", sa.String(128), nullable=False, unique=True),
    sa.Column("hash", sa.String(64), nullable=False, unique=True),
    sa.Column("scopes", sa.String(512), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("revoked_at", sa.BigInteger),
)
"""Tokens; `hash` is the SHA-256 of the token in hexadecimal, `scopes` are separated by spaces."""

SCORE_MODELS = sa.Table(
    "score_models",
    METADATA,
    sa.Column("fingerprint", sa.String(64), primary_key=True),
    sa.Column("target", sa.String(64), nullable=False),
    sa.Column("version", sa.String(64)),
    sa.Column("spec_fingerprint", sa.String(64), nullable=False),
    sa.Column("features", sa.Text, nullable=False),
    sa.Column("vocabularies", sa.Text, nullable=False),
)
"""The models that scores name, so that a score can be read without its bundle.

`features` is a JSON list of [name, family] in the order of the vectors, `vocabularies` a JSON object of the
categories' codes.
"""

SCORES = sa.Table(
    "scores",
    METADATA,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("line_id", sa.String(128), nullable=False),
    sa.Column("target", sa.String(64), nullable=False),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("spec_fingerprint", sa.String(64), nullable=False),
    sa.Column("scored_at", sa.BigInteger, nullable=False),
    sa.Column("as_of", sa.BigInteger, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("line_sequence", sa.BigInteger),
    sa.Column("line", sa.Text),
    sa.Column("what_if", sa.Boolean, nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("direction", sa.String(8), nullable=False),
    sa.Column("regime", sa.String(32), nullable=False),
    sa.Column("hs_code", sa.String(64), nullable=False),
    sa.Column("base", sa.Double, nullable=False),
    sa.Column("log_odds", sa.Double, nullable=False),
    sa.Column("probability", sa.Double, nullable=False),
    sa.Column("percentile", sa.Double),
    sa.Column("percentile_basis", sa.String(32), nullable=False),
    sa.Column("vector", sa.LargeBinary, nullable=False),
    sa.Column("contributions", sa.LargeBinary, nullable=False),
    sa.Column("warnings", sa.Text, nullable=False),
    sa.Column("caller", sa.String(128), nullable=False),
    sa.Column("event", sa.String(32)),
    sa.Column("grade", sa.String(8)),
    sa.Column("grading", sa.Text),
    sa.Column("position", sa.BigInteger),
    sa.Index("scores_by_line", "line_id", "id"),
    sa.Index("scores_by_time", "scored_at"),
    sa.Index("scores_by_rank", "target", "direction", "regime", "fingerprint", "id"),
    sa.Index("scores_by_grade", "grade", "id"),
    sa.Index("scores_by_position", "position", unique=True),
)
"""Every answer with its evidence; `vector` and `contributions` are little-endian float64.

`line_sequence` is the sequence of the declaration's revision that was scored; a what-if has none and keeps
its `line` as JSON instead. Ids grow with time, so that they order pages. `event` names goods x maker x batch,
`grading` is the policy step as JSON (`serving.grading.Grading`); both are null in scores from before grades.
`position` is the place in the order of commits, which that of ids is not.
"""

SCORE_COUNTER = sa.Table(
    "score_counter",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("redacted_to", sa.BigInteger, nullable=False),
    sa.Column("followed_to", sa.BigInteger, nullable=False, server_default="0"),
    sa.CheckConstraint("id = 1", name="ck_score_counter_one_row"),
)
"""One row: the last position allotted; its lock, held until commit, orders scores.

`redacted_to` is the record sequence up to which redactions have been carried over to what was said,
`followed_to` that up to which lines that no longer stand were taken out of `event_lines`.
"""

EVENT_LINES = sa.Table(
    "event_lines",
    METADATA,
    sa.Column("target", sa.String(64), primary_key=True),
    sa.Column("line_id", sa.String(128), primary_key=True),
    sa.Column("event", sa.String(32), nullable=False),
    sa.Column("policy", sa.String(64), nullable=False),
    sa.Column("gravity", sa.String(160), nullable=False),
    sa.Column("quantity", sa.Double),
    sa.Column("unit", sa.String(64)),
    sa.Column("own", sa.Text, nullable=False),
    sa.Index("event_lines_by_line", "line_id"),
    sa.Index("event_lines_by_event", "event", "target", "policy", "gravity", "line_id", "quantity", "unit"),
)
"""What events hold: each line under the event of its newest score, per target, if that has one.

`gravity` sorts the gravest line first and names it after 20 digits; `own` is the line's own cell as JSON,
`unit` null where no quantity is stated and '' where one without a unit is. Lines that are cancelled,
withdrawn or erased drop out. All can be made anew from scores and records.
"""

GRADING_POLICIES = sa.Table(
    "grading_policies",
    METADATA,
    sa.Column("sha256", sa.String(64), primary_key=True),
    sa.Column("version", sa.String(64), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("first_used_at", sa.BigInteger, nullable=False),
)
"""The policies that graded, as they were read: a grade is verified by the text of this SHA-256."""

ANSWERS = sa.Table(
    "idempotent_answers",
    METADATA,
    sa.Column("caller", sa.String(128), primary_key=True),
    sa.Column("key", sa.String(255), primary_key=True),
    sa.Column("request_hash", sa.String(64), nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("answered_at", sa.BigInteger, nullable=False, index=True),
)
"""Answers kept under a caller's Idempotency-Key."""
