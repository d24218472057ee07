"""What is measured of a server, summed over its workers where there are several."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
"""The variable by which the client library shares values between processes; `customs-risk serve` sets it."""

REQUESTS = Counter("customs_risk_requests_total", "Requests answered.", ["method", "route", "status"])
SECONDS = Histogram(
    "customs_risk_request_seconds",
    "Seconds from request to answer.",
    ["method", "route"],
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)
SCORES = Counter("customs_risk_scores_total", "Lines scored.", ["target", "direction", "what_if"])
REJECTS = Counter("customs_risk_rejects_total", "Lines and records rejected.", ["kind"])
RECORDS = Counter("customs_risk_records_total", "Records taken.", ["kind"])
SEQUENCE = Gauge("customs_risk_sequence", "Last record applied.", multiprocess_mode="livemin")
MODEL_PROMOTION = Gauge(
    "customs_risk_model_promotion", "Promotion in use.", ["target"], multiprocess_mode="livemin"
)
SHADOW_FAULTS = Gauge(
    "customs_risk_shadow_faults",
    "1 while a challenger cannot be scored in shadow.",
    ["target"],
    multiprocess_mode="livemax",
)
MODEL_FAULTS = Gauge(
    "customs_risk_model_faults",
    "1 while a promoted model cannot be used.",
    ["target"],
    multiprocess_mode="livemax",
)
