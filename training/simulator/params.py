"""The parameters of a simulated port, as `port.toml` states them; that file explains each."""

from __future__ import annotations

import datetime as dt
import hashlib
import tomllib
from pathlib import Path
from typing import Annotated, TypeAlias

import msgspec

from training.simulator.errors import BadParameters

DEFAULT_PARAMS = Path(__file__).with_name("port.toml")
Share: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=1)]
Positive: TypeAlias = Annotated[float, msgspec.Meta(gt=0)]
Amount: TypeAlias = Annotated[float, msgspec.Meta(ge=0)]
Days: TypeAlias = Annotated[list[Amount], msgspec.Meta(min_length=3, max_length=3)]
Shares3: TypeAlias = Annotated[list[Share], msgspec.Meta(min_length=3, max_length=3)]
Monthly: TypeAlias = Annotated[list[Positive], msgspec.Meta(min_length=12, max_length=12)]


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of the parameter file; every key must stand there."""


class Period(Section, frozen=True):
    """When the records begin and end, and how busy months and weekdays are."""

    until: dt.date
    days: Annotated[int, msgspec.Meta(ge=30, le=4000)]
    monthly: Monthly
    weekday: Annotated[list[Positive], msgspec.Meta(min_length=7, max_length=7)]


class Size(Section, frozen=True):
    """How many parties there are, and how unequal they are."""

    growth: Positive
    traders: Positive
    makers: Positive
    agents: Positive
    zipf: Positive
    zipf_offset: Positive
    lanes_small: Amount
    lanes_large: Amount
    second_product: Share
    lane_zipf: Positive
    origin_spread: Positive

    def count(self, per_100k: float, lines: int) -> int:
        """Return how many parties a port of so many lines has."""
        return max(12, round(per_100k * (lines / 100_000) ** self.growth))


class Traders(Section, frozen=True):
    """Who the traders are, when they come and go, and how they change identity."""

    exporters: Share
    start_later: Share
    leave_early: Share
    changes_identity: Share
    identity_same_agent: Share
    identity_same_overseas: Share
    credit_advanced: Share
    credit_dishonest: Share
    invalid_uscc: Share
    owner_other: Share
    penalty_after_failure: Share


class LineParams(Section, frozen=True):
    """What is declared on a line, and how noisily."""

    items_mean: Annotated[float, msgspec.Meta(ge=1)]
    price_noise: Positive
    price_maker: Amount
    price_origin: Amount
    quantity_spread: Positive
    weight_noise: Amount
    value_median: Positive
    batch_declared: Share
    produced_declared: Share
    maker_missing: Share
    maker_missing_special: Share
    brand_missing: Share
    brand_missing_special: Share
    overseas_missing: Share
    preference_used: Share


class Risk(Section, frozen=True):
    """What makes a line defective, in log-odds."""

    defective: Annotated[float, msgspec.Meta(gt=0, lt=0.5)]
    heading: Amount
    commodity_sd: Amount
    country: Amount
    commodity_country_sd: Amount
    maker_sd: Amount
    trader_sd: Amount
    trader_heading_sd: Amount
    maker_drift: Amount
    country_drift: Amount
    under_pricing: float
    maker_undeclared: float
    new_trader: float
    new_trader_days: Positive
    credit_advanced: float
    credit_dishonest: float
    consumer_by_post: float
    summer_food: float
    identity_change_bias: float


class Batches(Section, frozen=True):
    """Production runs, and how often one goes wrong."""

    run_days: Positive
    bad: Share
    lift: float
    lift_sd: Amount


class Policy(Section, frozen=True):
    """Which lines are inspected, how deep, and what is missed."""

    random: Share
    random_food: Share
    random_trusted: Share
    random_post: Share
    target: Share
    threshold_start: float
    threshold_step: Positive
    commodity_noise: Amount
    commodity_weight: float
    trader_weight: float
    maker_weight: float
    complaint_weight: float
    price_weight: float
    prior_count: Positive
    prior_rate: Positive
    unseen_hint: float
    unseen_noise: Positive
    officer_share: Share
    sensitivity: Shares3
    depth: Shares3
    depth_food: Shares3
    depth_statutory: Shares3


class Results(Section, frozen=True):
    """When results are known, and how an inspection ends."""

    look_days: Positive
    pass_days: Days
    fail_days: Days
    pending_share: Share
    third_party: Share
    laboratories: Annotated[int, msgspec.Meta(ge=1)]
    outcome: Shares3


class Opinions(Section, frozen=True):
    """How often, when and how exactly people complain."""

    per_defect: Amount
    per_line: Amount
    irrelevant_per_line: Amount
    negated_per_line: Amount
    praise_per_line: Amount
    delay: Positive
    goods_days: Amount
    lead: Amount
    lead_days: Positive
    names_brand: Share
    names_maker: Share
    names_trader: Share
    names_code: Share
    names_batch: Share
    duplicated: Share
    misfiled: Share
    injured: Share
    intake_days: Positive
    channels: Annotated[list[Share], msgspec.Meta(min_length=8, max_length=8)]


class Findings(Section, frozen=True):
    """How often defective lines are found elsewhere than at the port."""

    sampling_per_defect: Amount
    notice_per_defect: Amount
    notice_per_export_defect: Amount
    return_per_export_defect: Amount
    report_per_defect: Amount
    delay: Positive
    publish_days: Positive


class Life(Section, frozen=True):
    """Shares of lines with a further revision of each kind."""

    amended: Share
    cancelled: Share
    released: Share
    summary: Share


class Modes(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"imports": "import", "exports": "export"}
):
    """Supervision modes: shares by direction, and their risk."""

    imports: dict[str, Amount]
    exports: dict[str, Amount]
    risk: dict[str, float]


class Group(Section, frozen=True):
    """A group of commodities: how far consumers see it, its season and its origins."""

    consumer: Amount
    monthly: Monthly
    origins: dict[str, Positive]


class Params(Section, frozen=True):
    """A whole world."""

    period: Period
    size: Size
    traders: Traders
    lines: LineParams
    risk: Risk
    batches: Batches
    policy: Policy
    results: Results
    opinions: Opinions
    findings: Findings
    life: Life
    modes: Modes
    offices: dict[str, tuple[float, int]]
    groups: dict[str, Group]
    destinations: dict[str, Positive]
    countries: dict[str, tuple[float, float, str, str, float]]
    rates: dict[str, Positive]


def load_params(path: Path = DEFAULT_PARAMS) -> tuple[Params, str]:
    """Read a parameter file; returns it with the SHA-256 of its bytes.

    Raises BadParameters when a value is missing, unknown or of the wrong type.
    """
    content = path.read_bytes()
    try:
        params = msgspec.convert(tomllib.loads(content.decode()), Params)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise BadParameters(f"{path}: {error}") from error
    _check_references(params, path)
    return params, hashlib.sha256(content).hexdigest()


def _check_references(params: Params, path: Path) -> None:
    named = (
        {code for group in params.groups.values() for code in group.origins}
        | set(params.destinations)
        | {"CN"}
    )
    unknown = sorted(named - {"CN"} - set(params.countries))
    if unknown:
        raise BadParameters(
            f"{path}: {unknown[0]} is an origin or destination but stands not under [countries]"
        )
    modes = sorted((set(params.modes.imports) | set(params.modes.exports)) - set(params.modes.risk))
    if modes:
        raise BadParameters(f"{path}: supervision mode {modes[0]} has no risk under [modes.risk]")
    currencies = sorted({row[2] for row in params.countries.values()} - set(params.rates))
    if currencies:
        raise BadParameters(f"{path}: currency {currencies[0]} has no rate under [rates]")
