"""Reference implementation (oracle) of the specification, in plain Python.

It shares no code with the dbt project and was written from the specification alone, so that an agreement of the two
says something. It is meant to be read next to the specification: every function names the section it implements.
Clear and slow: a few thousand events at most.

Use: ``build(events, reference, variables)`` gives the public tables as lists of dicts. What `reference` lacks is empty:
pass ``{**seed_reference(root), **reference}`` where the project falls back to its own seeds.
"""

from __future__ import annotations

import csv
import datetime as dt
import decimal
import math
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

Row = dict[str, Any]
Tables = dict[str, list[Row]]

MINUTE = dt.timedelta(minutes=1)
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(hours=24)
WEEK = dt.timedelta(days=7)


# ---------------------------------------------------------------------------------------------------------------------
# The contract
# ---------------------------------------------------------------------------------------------------------------------


class Column(NamedTuple):
    """One column of the raw contract (events.md, Event tables)."""

    kind: str  # text, timestamp, boolean, integer, double, money
    nullable: bool = False
    allowed: tuple[str, ...] = ()


def _text(*allowed: str) -> Column:
    """A text column, with its listed set if it has one (events.md, Event tables)."""
    return Column("text", False, allowed)


OPTIONAL_TEXT = Column("text", True)
TIMESTAMP = Column("timestamp")
OPTIONAL_TIMESTAMP = Column("timestamp", True)
BOOLEAN = Column("boolean")
INTEGER = Column("integer")
DOUBLE = Column("double")
MONEY = Column("money")

SHARED_COLUMNS: dict[str, Column] = {
    "event_id": _text(),
    "case_id": _text(),
    "occurred_at": TIMESTAMP,
    "loaded_at": TIMESTAMP,
}

OWN_COLUMNS: dict[str, dict[str, Column]] = {
    "case_triggers": {
        "workflow": _text(),
        "product": OPTIONAL_TEXT,
        "customer_ref": OPTIONAL_TEXT,
        "segment": OPTIONAL_TEXT,
        "tenure_band": OPTIONAL_TEXT,
        "overdue_bucket": OPTIONAL_TEXT,
        "risk_tier": OPTIONAL_TEXT,
        "contact_preference": OPTIONAL_TEXT,
        "source_system": OPTIONAL_TEXT,
    },
    "message_events": {
        "message_id": _text(),
        "channel": _text("sms", "email", "whatsapp"),
        "status": _text("sent", "delivered", "opened", "clicked", "failed"),
        "is_fallback": BOOLEAN,
    },
    "identity_checks": {
        "method": _text("otp", "knowledge", "document", "biometric"),
        "outcome": _text("passed", "failed", "abandoned"),
    },
    "action_events": {
        "message_id": OPTIONAL_TEXT,
        "action": _text("pay", "plan", "update_card", "confirm_details", "upload_document", "attest"),
        "step": _text("started", "progressed", "ineligible", "failed", "abandoned", "completed"),
        "actor": _text("customer", "agent"),
        "actor_ref": OPTIONAL_TEXT,
        "error_reason": OPTIONAL_TEXT,
    },
    "writeback_attempts": {
        "idempotency_key": _text(),
        "attempt_number": INTEGER,
        "target_system": _text(),
        "adapter": _text("rest", "soap", "webhook", "queue", "batch"),
        "status": _text("accepted", "failed", "timed_out"),
        "fields_required": INTEGER,
        "error_reason": OPTIONAL_TEXT,
    },
    "writeback_acks": {
        "idempotency_key": _text(),
        "ack_id": _text(),
        "outcome": _text("persisted", "rejected"),
        "fields_persisted": INTEGER,
    },
    "exceptions": {
        "reason": _text(),
        "has_context": BOOLEAN,
    },
    "agent_touches": {
        "exception_id": OPTIONAL_TEXT,
        "agent_ref": _text(),
        "ended_at": OPTIONAL_TIMESTAMP,
        "outcome": _text("resolved", "returned", "transferred"),
        "handle_minutes": DOUBLE,
        "wrap_up_minutes": DOUBLE,
        "logins": INTEGER,
        "handoffs": INTEGER,
    },
    "evidence_items": {
        "evidence_type": _text("consent", "identity", "document", "attestation"),
        "is_valid": BOOLEAN,
        "uri": OPTIONAL_TEXT,
    },
    "payments": {
        "payment_id": _text(),
        "flow": _text("automated", "agent"),
        "status": _text("succeeded", "failed", "refunded"),
        "amount": MONEY,
        "currency": _text(),
    },
}

EVENT_TABLES = tuple(OWN_COLUMNS)
CONTRACT: dict[str, dict[str, Column]] = {table: {**SHARED_COLUMNS, **own} for table, own in OWN_COLUMNS.items()}
TRIGGER_ATTRIBUTES = tuple(OWN_COLUMNS["case_triggers"])

COHORT_DIMENSIONS = (
    "entry_channel",
    "product",
    "segment",
    "tenure_band",
    "overdue_bucket",
    "risk_tier",
    "contact_preference",
)

STAGES = ("triggered", "identity_passed", "action_started", "action_completed", "writeback_succeeded")

STAGE_EVENT = {
    "triggered": "triggered_at",
    "identity_passed": "identity_passed_at",
    "action_started": "action_started_at",
    "action_completed": "action_completed_at",
    "writeback_succeeded": "resolved_at",
}

ALL_WORKFLOWS = "(all)"
NO_ATTRIBUTE = "(none)"


# ---------------------------------------------------------------------------------------------------------------------
# Settings and local time
# ---------------------------------------------------------------------------------------------------------------------

DEFAULTS: dict[str, Any] = {
    "as_of": None,
    "reporting_timezone": "UTC",
    "reporting_currency": "USD",
    "quiet_hours_start": 21,
    "quiet_hours_end": 8,
    "history_start": dt.date(2015, 1, 1),
    "clock_skew_minutes": 5,
    "writeback_timeout_minutes": 60,
    "settling_hours": 24,
    "min_sample": 30,
    "baseline_weeks": 8,
}


@dataclass(frozen=True)
class Settings:
    """The dbt vars (events.md, dbt vars), typed; `as_of` is None only when nothing at all was ever loaded."""

    as_of: dt.datetime | None
    timezone: ZoneInfo
    currency: str
    quiet_start: int
    quiet_end: int
    history_start: dt.datetime
    clock_skew: dt.timedelta
    writeback_timeout: dt.timedelta
    settling: dt.timedelta
    min_sample: int
    baseline_weeks: int


def _as_timestamp(value: Any) -> dt.datetime | None:
    """A var given as text, date or timestamp, as a naive UTC timestamp (events.md, dbt vars)."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        value = dt.datetime.fromisoformat(value)
    if isinstance(value, dt.datetime):
        return value
    return dt.datetime(value.year, value.month, value.day)


def default_as_of(events: Tables) -> dt.datetime | None:
    """events.md, Shared rules: by default the greatest `loaded_at` over all event tables (good and bad rows alike) before 2100-01-01."""
    loads = [row["loaded_at"] for table in EVENT_TABLES for row in events.get(table, ())]
    return max((load for load in loads if load is not None and load < dt.datetime(2100, 1, 1)), default=None)


def settings_from(events: Tables, variables: Row) -> Settings:
    """events.md, dbt vars: defaults filled in."""
    given = {**DEFAULTS, **{name: value for name, value in variables.items() if value is not None}}
    as_of = _as_timestamp(given["as_of"])
    history_start = _as_timestamp(given["history_start"])
    assert history_start is not None
    return Settings(
        as_of=as_of if as_of is not None else default_as_of(events),
        timezone=ZoneInfo(given["reporting_timezone"]),
        currency=given["reporting_currency"],
        quiet_start=int(given["quiet_hours_start"]),
        quiet_end=int(given["quiet_hours_end"]),
        history_start=history_start,
        clock_skew=dt.timedelta(minutes=float(given["clock_skew_minutes"])),
        writeback_timeout=dt.timedelta(minutes=float(given["writeback_timeout_minutes"])),
        settling=dt.timedelta(hours=float(given["settling_hours"])),
        min_sample=int(given["min_sample"]),
        baseline_weeks=int(given["baseline_weeks"]),
    )


@lru_cache(maxsize=200_000)
def to_local(moment: dt.datetime, timezone: ZoneInfo) -> dt.datetime:
    """events.md, dbt vars: `reporting_timezone` decides dates, weeks, months, business days, quiet hours."""
    return moment.replace(tzinfo=dt.UTC).astimezone(timezone)


@lru_cache(maxsize=200_000)
def local_midnight(date: dt.date, timezone: ZoneInfo) -> dt.datetime:
    """The UTC moment at which a local date begins (journey.md, From events to cases)."""
    midnight = dt.datetime(date.year, date.month, date.day, tzinfo=timezone)
    return midnight.astimezone(dt.UTC).replace(tzinfo=None)


def local_date(moment: dt.datetime, settings: Settings) -> dt.date:
    """marts.md: dates are local to the reporting timezone."""
    return to_local(moment, settings.timezone).date()


def monday_of(date: dt.date) -> dt.date:
    """kpis.md, first paragraph: a week begins on Monday."""
    return date - dt.timedelta(days=date.weekday())


def local_week(moment: dt.datetime, settings: Settings) -> dt.date:
    """kpis.md, first paragraph: the local week (Monday) of a clock."""
    return monday_of(local_date(moment, settings))


def first_of_month(date: dt.date) -> dt.date:
    """events.md, Reference tables, `fixed_costs`: a month is named by its first day."""
    return date.replace(day=1)


def next_month(date: dt.date) -> dt.date:
    """The first day of the month after the one that holds `date` (journey.md, Charge)."""
    return (date.replace(day=1) + dt.timedelta(days=32)).replace(day=1)


def seconds_between(start: dt.datetime, end: dt.datetime) -> float:
    """journey.md, From events to cases: durations are elapsed time."""
    return (end - start) / dt.timedelta(seconds=1)


def minutes_between(start: dt.datetime, end: dt.datetime) -> float:
    """journey.md, From events to cases: seconds / 60."""
    return seconds_between(start, end) / 60


# ---------------------------------------------------------------------------------------------------------------------
# Reference tables
# ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reference:
    """The reference tables that decide figures and verdicts (events.md, Reference tables)."""

    workflows: dict[str, Row]
    cost_rates: list[Row]
    fixed_costs: list[Row]
    fx_rates: list[Row]
    holidays: frozenset[dt.date]
    targets: dict[tuple[str, str], Row]  # by KPI and workflow (or `*`)
    alert_rules: list[Row]
    directions: dict[str, str]  # of the catalogue: by KPI, `higher` or `lower`


def empty_to_null(row: Row) -> Row:
    """events.md, Shared rules: an empty string counts as null in every text column."""
    return {name: None if value == "" and isinstance(value, str) else value for name, value in row.items()}


def reference_from(reference: Tables) -> Reference:
    """events.md, Reference tables."""
    tables = {name: [empty_to_null(row) for row in rows] for name, rows in reference.items()}
    return Reference(
        workflows={row["workflow"]: row for row in tables.get("workflows", [])},
        cost_rates=tables.get("cost_rates", []),
        fixed_costs=tables.get("fixed_costs", []),
        fx_rates=tables.get("fx_rates", []),
        holidays=frozenset(row["holiday_date"] for row in tables.get("business_holidays", [])),
        targets={(row["kpi_id"], row["workflow"]): row for row in tables.get("kpi_targets", [])},
        alert_rules=tables.get("alert_rules", []),
        directions={row["kpi_id"]: row["direction"] for row in tables.get("kpi_catalog", []) if row["direction"]},
    )


SEED_TYPES: dict[str, dict[str, Callable[[str], Any]]] = {
    "kpi_targets": {"target": float, "red_flag": float},
    "alert_rules": {"amount": float, "min_sample": int},
    "kpi_catalog": {},
}


def seed_reference(root: str | os.PathLike[str]) -> Tables:
    """events.md, Where the tables come from: the verdict tables of the project's own seeds, typed.

    `root` is the folder of the project. An empty field is null, as everywhere.
    """
    tables: Tables = {}
    for table, types in SEED_TYPES.items():
        path = os.path.join(root, "seeds", "reference", f"{table}.csv")
        with open(path, encoding="utf-8", newline="") as file:
            tables[table] = [
                {name: types.get(name, str)(text) if text else None for name, text in row.items()}
                for row in csv.DictReader(file)
            ]
    return tables


def fx_rate(currency: str, date: dt.date, reference: Reference, settings: Settings) -> float | None:
    """events.md, dbt vars (last paragraph): the rate of the latest `valid_from` on or before the date.

    The reporting currency itself always converts at 1 (reading decided by the owner), whatever rows there are.
    """
    if currency == settings.currency:
        return 1.0
    known = [row for row in reference.fx_rates if row["currency"] == currency and row["valid_from"] <= date]
    if not known:
        return None
    return float(max(known, key=lambda row: row["valid_from"])["rate"])


# ---------------------------------------------------------------------------------------------------------------------
# What happens to each raw row
# ---------------------------------------------------------------------------------------------------------------------


def is_visible(row: Row, settings: Settings) -> bool:
    """events.md, Shared rules: rows with `loaded_at > as_of` do not exist; a row without `loaded_at` is visible."""
    return row["loaded_at"] is None or (settings.as_of is not None and row["loaded_at"] <= settings.as_of)


def is_missing_key(row: Row) -> bool:
    """events.md, What happens to each raw row: `missing_key`."""
    return row["event_id"] is None or row["case_id"] is None


def is_missing_timestamp(row: Row) -> bool:
    """events.md, What happens to each raw row: `missing_timestamp`."""
    return row["occurred_at"] is None or row["loaded_at"] is None


def is_from_the_future(row: Row, settings: Settings) -> bool:
    """events.md, What happens to each raw row: `from_the_future`."""
    moments = (row["occurred_at"], row.get("ended_at"))
    return any(moment is not None and moment - row["loaded_at"] > settings.clock_skew for moment in moments)


def is_before_history(row: Row, settings: Settings) -> bool:
    """events.md, What happens to each raw row: `before_history`."""
    return row["occurred_at"] < settings.history_start


def has_missing_value(table: str, row: Row) -> bool:
    """events.md, What happens to each raw row: `invalid_value`, a column not marked `*` is null."""
    return any(row[name] is None for name, column in OWN_COLUMNS[table].items() if not column.nullable)


def has_unlisted_value(table: str, row: Row) -> bool:
    """events.md, What happens to each raw row: `invalid_value`, a value outside its listed set."""
    return any(
        column.allowed and row[name] is not None and row[name] not in column.allowed
        for name, column in OWN_COLUMNS[table].items()
    )


def has_bad_number(table: str, row: Row) -> bool:
    """events.md, What happens to each raw row: `invalid_value`, a negative number.

    NaN and infinite doubles are invalid as well (reading decided by the owner).
    """
    numbers = [
        row[name]
        for name, column in OWN_COLUMNS[table].items()
        if column.kind in ("integer", "double", "money") and row[name] is not None
    ]
    return any(not math.isfinite(number) or number < 0 for number in numbers)


def is_beyond_bounds(table: str, row: Row) -> bool:
    """events.md, What happens to each raw row: `invalid_value`, a touch's minutes over 100,000, any integer over 1,000,000,000."""
    limits = {"integer": 1_000_000_000} | ({"double": 100_000} if table == "agent_touches" else {})
    return any(
        row[name] is not None and row[name] > limits[column.kind]
        for name, column in OWN_COLUMNS[table].items()
        if column.kind in limits
    )


def has_bad_attempt_number(row: Row) -> bool:
    """events.md, What happens to each raw row: `invalid_value`, `attempt_number < 1`."""
    return row.get("attempt_number") is not None and row["attempt_number"] < 1


def ends_before_it_starts(row: Row) -> bool:
    """events.md, What happens to each raw row: `invalid_value`, `ended_at < occurred_at`."""
    return row.get("ended_at") is not None and row["ended_at"] < row["occurred_at"]


def is_invalid_value(table: str, row: Row) -> bool:
    """events.md, What happens to each raw row: `invalid_value`."""
    return (
        has_missing_value(table, row)
        or has_unlisted_value(table, row)
        or has_bad_number(table, row)
        or is_beyond_bounds(table, row)
        or has_bad_attempt_number(row)
        or ends_before_it_starts(row)
    )


def is_unknown_workflow(table: str, row: Row, reference: Reference) -> bool:
    """events.md, What happens to each raw row: `unknown_workflow` (triggers)."""
    return table == "case_triggers" and row["workflow"] not in reference.workflows


def is_unknown_currency(table: str, row: Row, reference: Reference, settings: Settings) -> bool:
    """events.md, What happens to each raw row: `unknown_currency` (payments: no rate on the event's local date)."""
    return (
        table == "payments"
        and fx_rate(row["currency"], local_date(row["occurred_at"], settings), reference, settings) is None
    )


def quarantine_reason(table: str, row: Row, reference: Reference, settings: Settings) -> str | None:
    """events.md, What happens to each raw row, step 1: the first test that holds is the reason."""
    if is_missing_key(row):
        return "missing_key"
    if is_missing_timestamp(row):
        return "missing_timestamp"
    if is_from_the_future(row, settings):
        return "from_the_future"
    if is_before_history(row, settings):
        return "before_history"
    if is_invalid_value(table, row):
        return "invalid_value"
    if is_unknown_workflow(table, row, reference):
        return "unknown_workflow"
    if is_unknown_currency(table, row, reference, settings):
        return "unknown_currency"
    return None


def delivery_order(row: Row) -> tuple:
    """events.md, What happens to each raw row, step 2: smallest (`loaded_at`, `occurred_at`, `case_id`).

    The specification says no more; the payload comes last only to make the oracle itself independent of row order.
    """
    payload = tuple(f"{name}={row[name]!r}" for name in sorted(row))
    return (row["loaded_at"], row["occurred_at"], row["case_id"], payload)


def deduplicate(rows: Iterable[Row]) -> tuple[list[Row], list[Row]]:
    """events.md, What happens to each raw row, step 2: (kept, duplicates), one kept per `event_id`."""
    deliveries = defaultdict(list)
    for row in rows:
        deliveries[row["event_id"]].append(row)
    kept, duplicates = [], []
    for same_event in deliveries.values():
        first, *others = sorted(same_event, key=delivery_order)
        kept.append(first)
        duplicates.extend(others)
    return kept, duplicates


def refers_to_nothing(table: str, row: Row, attempts: set[tuple], exceptions: set[tuple]) -> bool:
    """events.md, What happens to each raw row, step 3: `orphan_reference`."""
    if table == "writeback_acks":
        return (row["case_id"], row["idempotency_key"]) not in attempts
    if table == "agent_touches" and row["exception_id"] is not None:
        return (row["case_id"], row["exception_id"]) not in exceptions
    return False


@dataclass
class Sorted:
    """Where every visible raw row ended (events.md, What happens to each raw row)."""

    raw: dict[str, int]
    accepted: Tables
    duplicate: Tables
    quarantined: dict[str, list[tuple[str, Row]]]


def separate_orphans(kept: Tables) -> tuple[Tables, dict[str, list[tuple[str, Row]]]]:
    """events.md, What happens to each raw row, step 3: `orphan_case`, then `orphan_reference`."""
    triggered = {row["case_id"] for row in kept["case_triggers"]}
    in_a_case: Tables = {}
    orphans: dict[str, list[tuple[str, Row]]] = {table: [] for table in EVENT_TABLES}
    for table in EVENT_TABLES:
        in_a_case[table] = [row for row in kept[table] if row["case_id"] in triggered]
        orphans[table] += [("orphan_case", row) for row in kept[table] if row["case_id"] not in triggered]
    attempts = {(row["case_id"], row["idempotency_key"]) for row in in_a_case["writeback_attempts"]}
    exceptions = {(row["case_id"], row["event_id"]) for row in in_a_case["exceptions"]}
    accepted: Tables = {table: [] for table in EVENT_TABLES}
    for table in EVENT_TABLES:
        for row in in_a_case[table]:
            if refers_to_nothing(table, row, attempts, exceptions):
                orphans[table].append(("orphan_reference", row))
            else:
                accepted[table].append(row)
    return accepted, orphans


def sort_rows(events: Tables, reference: Reference, settings: Settings) -> Sorted:
    """events.md, What happens to each raw row: exactly one of accepted, duplicate, quarantined."""
    raw: dict[str, int] = {}
    kept: Tables = {}
    duplicate: Tables = {}
    quarantined: dict[str, list[tuple[str, Row]]] = {}
    for table in EVENT_TABLES:
        visible = [empty_to_null(row) for row in events.get(table, ()) if is_visible(row, settings)]
        judged = [(quarantine_reason(table, row, reference, settings), row) for row in visible]
        raw[table] = len(visible)
        quarantined[table] = [(reason, row) for reason, row in judged if reason is not None]
        kept[table], duplicate[table] = deduplicate(row for reason, row in judged if reason is None)
    accepted, orphans = separate_orphans(kept)
    for table in EVENT_TABLES:
        quarantined[table] += orphans[table]
    return Sorted(raw, accepted, duplicate, quarantined)


def quarantined_events(ended: Sorted) -> list[Row]:
    """marts.md, `rpt_quarantined_event` (without `row_json`)."""
    return [
        {
            "source_table": table,
            "event_id": row["event_id"],
            "case_id": row["case_id"],
            "reason": reason,
            "occurred_at": row["occurred_at"],
            "loaded_at": row["loaded_at"],
        }
        for table in EVENT_TABLES
        for reason, row in ended.quarantined[table]
    ]


def row_reconciliation(ended: Sorted) -> list[Row]:
    """marts.md, `rpt_row_reconciliation`; README.md, principle 2."""
    return [
        {
            "source_table": table,
            "raw_rows": ended.raw[table],
            "accepted_rows": len(ended.accepted[table]),
            "duplicate_rows": len(ended.duplicate[table]),
            "quarantined_rows": len(ended.quarantined[table]),
        }
        for table in EVENT_TABLES
    ]


# ---------------------------------------------------------------------------------------------------------------------
# From events to cases: small helpers
# ---------------------------------------------------------------------------------------------------------------------


def in_order(rows: Iterable[Row]) -> list[Row]:
    """journey.md, From events to cases: by time, ties broken by `event_id`, ascending.

    Text is compared byte by byte (events.md, Shared rules): the order of code points is the order of UTF-8 bytes.
    """
    return sorted(rows, key=lambda row: (row["occurred_at"], row["event_id"].encode("utf-8")))


def earliest(rows: Iterable[Row]) -> dt.datetime | None:
    """journey.md: the time of the earliest of some events, None if there is none."""
    return min((row["occurred_at"] for row in rows), default=None)


def total(values: Iterable[Any]) -> float:
    """journey.md, Charge: null adds nothing to a sum; a sum of nothing is 0."""
    return math.fsum(float(value) for value in values if value is not None)


def by_case(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """journey.md, Case: the events of each case, in order."""
    grouped = defaultdict(list)
    for row in in_order(rows):
        grouped[row["case_id"]].append(row)
    return grouped


def percentile(values: Iterable[float], fraction: float) -> float | None:
    """kpis.md, Cells: percentile by linear interpolation (`percentile_cont`); None of nothing."""
    ordered = sorted(values)
    if not ordered:
        return None
    position = fraction * (len(ordered) - 1)
    below = math.floor(position)
    above = math.ceil(position)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)


# ---------------------------------------------------------------------------------------------------------------------
# Logical writeback
# ---------------------------------------------------------------------------------------------------------------------


def verified_at(first_attempt: Row, acks: list[Row]) -> dt.datetime | None:
    """journey.md, Logical writeback: `verified_at`."""
    return earliest(
        ack
        for ack in acks
        if ack["outcome"] == "persisted"
        and ack["occurred_at"] >= first_attempt["occurred_at"]
        and ack["fields_persisted"] >= first_attempt["fields_required"]
    )


def is_double_written(acks: list[Row]) -> bool:
    """journey.md, Logical writeback: more than one distinct `ack_id` with outcome `persisted`."""
    return len({ack["ack_id"] for ack in acks if ack["outcome"] == "persisted"}) > 1


def last_error_reason(attempts: list[Row]) -> str | None:
    """journey.md, Logical writeback: of the last attempt that has one."""
    reasons = [attempt["error_reason"] for attempt in attempts if attempt["error_reason"] is not None]
    return reasons[-1] if reasons else None


def build_writeback(attempts: list[Row], acks: list[Row], settings: Settings) -> Row:
    """journey.md, Logical writeback: one row; `attempts` in order."""
    first, last = attempts[0], attempts[-1]
    verified = verified_at(first, acks)
    return {
        "case_id": first["case_id"],
        "idempotency_key": first["idempotency_key"],
        "first_attempted_at": first["occurred_at"],
        "last_attempted_at": last["occurred_at"],
        "attempt_count": len(attempts),
        "target_system": first["target_system"],
        "adapter": first["adapter"],
        "fields_required": first["fields_required"],
        "verified_at": verified,
        "is_verified": verified is not None,
        "persist_seconds": None if verified is None else seconds_between(first["occurred_at"], verified),
        "is_settled": verified is not None or last["occurred_at"] + settings.writeback_timeout <= settings.as_of,
        "is_retried": len(attempts) > 1,
        "is_double_written": is_double_written(acks),
        "last_error_reason": last_error_reason(attempts),
    }


def build_writebacks(accepted: Tables, settings: Settings) -> list[Row]:
    """journey.md, Logical writeback: one row per (`case_id`, `idempotency_key`) with an attempt."""
    attempts, acks = defaultdict(list), defaultdict(list)
    for row in in_order(accepted["writeback_attempts"]):
        attempts[row["case_id"], row["idempotency_key"]].append(row)
    for row in in_order(accepted["writeback_acks"]):
        acks[row["case_id"], row["idempotency_key"]].append(row)
    return [build_writeback(rows, acks[key], settings) for key, rows in attempts.items()]


# ---------------------------------------------------------------------------------------------------------------------
# Exception
# ---------------------------------------------------------------------------------------------------------------------


def build_exception(exception: Row, touches: list[Row]) -> Row:
    """journey.md, Exception: one row; `touches` are those that name it, in order of start."""
    first = touches[0] if touches else None
    has_later = len(touches) > 1
    return {
        "exception_id": exception["event_id"],
        "case_id": exception["case_id"],
        "reason": exception["reason"],
        "has_context": exception["has_context"],
        "raised_at": exception["occurred_at"],
        "touch_count": len(touches),
        "first_pass_closed_at": first["ended_at"] if first else None,
        "is_escaped": has_later,
        "is_first_touch_resolved": first is not None and first["outcome"] == "resolved" and not has_later,
    }


def build_exceptions(accepted: Tables) -> list[Row]:
    """journey.md, Exception: one row per accepted `exceptions.event_id`."""
    touches = defaultdict(list)
    for row in in_order(accepted["agent_touches"]):
        if row["exception_id"] is not None:
            touches[row["exception_id"]].append(row)
    return [build_exception(row, touches[row["event_id"]]) for row in accepted["exceptions"]]


# ---------------------------------------------------------------------------------------------------------------------
# Message
# ---------------------------------------------------------------------------------------------------------------------


def build_message(events: list[Row], customer_actions: list[Row]) -> Row:
    """journey.md, Message: one row; `events` and the customer's actions that name it, in order."""

    def with_status(*statuses: str) -> list[Row]:
        return [event for event in events if event["status"] in statuses]

    described_by = (with_status("sent") or events)[0]
    return {
        "case_id": described_by["case_id"],
        "message_id": described_by["message_id"],
        "channel": described_by["channel"],
        "is_fallback": described_by["is_fallback"],
        "sent_at": earliest(with_status("sent")),
        "delivered_at": earliest(with_status("delivered", "opened", "clicked") + customer_actions),
        "opened_at": earliest(with_status("opened", "clicked")),
        "clicked_at": earliest(with_status("clicked")),
        "action_started_at": earliest(customer_actions),
    }


def build_messages(accepted: Tables) -> list[Row]:
    """journey.md, Message: one row per `message_id` within its case, where a message event names it."""
    events, actions = defaultdict(list), defaultdict(list)
    for row in in_order(accepted["message_events"]):
        events[row["case_id"], row["message_id"]].append(row)
    for row in in_order(accepted["action_events"]):
        if row["actor"] == "customer" and row["message_id"] is not None:
            actions[row["case_id"], row["message_id"]].append(row)
    return [build_message(rows, actions[key]) for key, rows in events.items()]


# ---------------------------------------------------------------------------------------------------------------------
# Case
# ---------------------------------------------------------------------------------------------------------------------


@dataclass
class CaseEvents:
    """Everything that belongs to one case, each list in order (journey.md, Case)."""

    triggers: list[Row]
    messages: list[Row]
    sent_events: list[Row]
    checks: list[Row]
    actions: list[Row]
    writebacks: list[Row]
    exceptions: list[Row]
    touches: list[Row]
    evidence: list[Row]
    payments: list[Row]

    @property
    def customer_actions(self) -> list[Row]:
        """journey.md, Case: action events by the customer."""
        return [row for row in self.actions if row["actor"] == "customer"]


def counted_checks(checks: list[Row]) -> list[Row]:
    """journey.md, Case: identity checks up to and including the first that passed (all if none passed)."""
    counted = []
    for check in checks:
        counted.append(check)
        if check["outcome"] == "passed":
            break
    return counted


def resolved_at(writebacks: list[Row]) -> dt.datetime | None:
    """journey.md, Case: the greatest `verified_at` where there is a writeback and all are verified."""
    if not writebacks or not all(writeback["is_verified"] for writeback in writebacks):
        return None
    return max(writeback["verified_at"] for writeback in writebacks)


def signed_payment(payment: Row, reference: Reference, settings: Settings) -> float:
    """journey.md, Case: succeeded minus refunded, in reporting currency by the event's own local date."""
    sign = {"succeeded": 1, "refunded": -1, "failed": 0}[payment["status"]]
    if sign == 0:
        return 0.0
    rate = fx_rate(payment["currency"], local_date(payment["occurred_at"], settings), reference, settings)
    assert rate is not None, "a payment without a rate was quarantined"
    return sign * float(payment["amount"]) * rate


def net_collected(payments: list[Row], reference: Reference, settings: Settings) -> float:
    """journey.md, Case: `net_collected` of some payment events."""
    return total(signed_payment(payment, reference, settings) for payment in payments)


def resolution_minutes(triggered: dt.datetime, resolved: dt.datetime | None) -> float | None:
    """journey.md, Case: null when not resolved or negative."""
    if resolved is None or resolved < triggered:
        return None
    return minutes_between(triggered, resolved)


def is_business_day(date: dt.date, reference: Reference) -> bool:
    """journey.md, SLA: Monday to Friday, not a holiday."""
    return date.weekday() < 5 and date not in reference.holidays


def business_due_date(start: dt.date, business_days: int, reference: Reference) -> dt.date:
    """journey.md, SLA: count forward, the trigger's own date not counted (0 days: that date)."""
    date = start
    for _ in range(business_days):
        date += dt.timedelta(days=1)
        while not is_business_day(date, reference):
            date += dt.timedelta(days=1)
    return date


def due_at(triggered: dt.datetime, workflow: Row, reference: Reference, settings: Settings) -> dt.datetime:
    """journey.md, SLA."""
    if workflow["sla_unit"] == "hours":
        return triggered + float(workflow["sla_value"]) * HOUR
    if workflow["sla_unit"] == "days":
        return triggered + float(workflow["sla_value"]) * DAY
    last = business_due_date(local_date(triggered, settings), int(workflow["sla_value"]), reference)
    return local_midnight(last + dt.timedelta(days=1), settings.timezone)


def is_quiet_hour(hour: int, settings: Settings) -> bool:
    """events.md, dbt vars: `quiet_hours_start`, `quiet_hours_end`."""
    start, end = settings.quiet_start, settings.quiet_end
    if start == end:
        return False
    if start > end:
        return hour >= start or hour < end
    return start <= hour < end


def quiet_hours_contact(messages: list[Row], settings: Settings) -> bool:
    """journey.md, Policy rules: some message was first `sent` in quiet hours."""
    return any(
        message["sent_at"] is not None and is_quiet_hour(to_local(message["sent_at"], settings.timezone).hour, settings)
        for message in messages
    )


def has_valid_evidence(evidence: list[Row], kind: str, by: dt.datetime | None = None) -> bool:
    """journey.md, Policy rules and Case: a valid evidence item of a type, at or before a moment if one is given."""
    return any(
        item["is_valid"] and item["evidence_type"] == kind and (by is None or item["occurred_at"] <= by)
        for item in evidence
    )


def consent_missing(workflow: Row, completed: dt.datetime | None, evidence: list[Row]) -> bool:
    """journey.md, Policy rules: `consent_missing`."""
    return bool(
        workflow["requires_consent"]
        and completed is not None
        and not has_valid_evidence(evidence, "consent", completed)
    )


def identity_missing(workflow: Row, completed: dt.datetime | None, passed: dt.datetime | None) -> bool:
    """journey.md, Policy rules: `identity_missing`."""
    return bool(
        workflow["requires_identity"] and completed is not None and not (passed is not None and passed <= completed)
    )


def document_missing(workflow: Row, resolved: dt.datetime | None, evidence: list[Row]) -> bool:
    """journey.md, Policy rules: `document_missing`."""
    return bool(
        workflow["requires_document"]
        and resolved is not None
        and not has_valid_evidence(evidence, "document", resolved)
    )


def is_evidence_complete(workflow: Row, evidence: list[Row]) -> bool:
    """journey.md, Case: for each of consent, identity, document that the workflow requires, one valid item."""
    return all(
        has_valid_evidence(evidence, kind)
        for kind in ("consent", "identity", "document")
        if workflow[f"requires_{kind}"]
    )


def furthest_stage(case: Row) -> str:
    """journey.md, Funnel: the furthest stage whose own event the case has."""
    return [stage for stage in STAGES if case[STAGE_EVENT[stage]] is not None][-1]


def is_time_breach(due: dt.datetime, resolved: dt.datetime | None, settings: Settings) -> bool:
    """journey.md, Case: due, and not resolved by `due_at`."""
    return due <= settings.as_of and not (resolved is not None and resolved <= due)


def is_straight_through(automated: bool, exceptions: list[Row], writebacks: list[Row]) -> bool:
    """journey.md, Case: automated, no exception, every writeback verified with a single attempt."""
    return automated and not exceptions and all(row["is_verified"] and row["attempt_count"] == 1 for row in writebacks)


def build_case(mine: CaseEvents, reference: Reference, settings: Settings) -> Row:
    """journey.md, Case: one row per `case_id` with an accepted trigger."""
    trigger = mine.triggers[0]
    workflow = reference.workflows[trigger["workflow"]]
    triggered = trigger["occurred_at"]
    first_sent = mine.sent_events[0] if mine.sent_events else None
    sent_messages = [message for message in mine.messages if message["sent_at"] is not None]
    passed = earliest(check for check in mine.checks if check["outcome"] == "passed")
    completed = earliest(action for action in mine.customer_actions if action["step"] == "completed")
    resolved = resolved_at(mine.writebacks)
    due = due_at(triggered, workflow, reference, settings)
    touched = bool(mine.touches) or any(action["actor"] == "agent" for action in mine.actions)
    automated = resolved is not None and not touched
    time_breach = is_time_breach(due, resolved, settings)
    policy_breach = (
        quiet_hours_contact(mine.messages, settings)
        or consent_missing(workflow, completed, mine.evidence)
        or identity_missing(workflow, completed, passed)
        or document_missing(workflow, resolved, mine.evidence)
    )
    automated_payments = [payment for payment in mine.payments if payment["flow"] == "automated"]
    case = {
        "case_id": trigger["case_id"],
        **{name: trigger[name] for name in TRIGGER_ATTRIBUTES},
        "trigger_count": len(mine.triggers),
        "triggered_at": triggered,
        "first_sent_at": first_sent["occurred_at"] if first_sent else None,
        "entry_channel": first_sent["channel"] if first_sent else None,
        "message_count": len(sent_messages),
        "fallback_message_count": sum(message["is_fallback"] for message in sent_messages),
        "identity_attempt_count": len(counted_checks(mine.checks)),
        "identity_passed_at": passed,
        "action_started_at": earliest(mine.customer_actions),
        "action_completed_at": completed,
        "writeback_count": len(mine.writebacks),
        "verified_writeback_count": sum(writeback["is_verified"] for writeback in mine.writebacks),
        "resolved_at": resolved,
        "agent_touch_count": len(mine.touches),
        "agent_minutes": total(touch["handle_minutes"] + touch["wrap_up_minutes"] for touch in mine.touches),
        "exception_count": len(mine.exceptions),
        "net_collected": net_collected(mine.payments, reference, settings),
        "net_collected_automated": net_collected(automated_payments, reference, settings),
        "is_initiated": first_sent is not None,
        "is_completed_in_message": completed is not None,
        "is_resolved": resolved is not None,
        "is_agent_touched": touched,
        "is_automated": automated,
        "is_straight_through": is_straight_through(automated, mine.exceptions, mine.writebacks),
        "resolution_minutes": resolution_minutes(triggered, resolved),
        "due_at": due,
        "is_due": due <= settings.as_of,
        "is_time_breach": time_breach,
        "is_policy_breach": policy_breach,
        "is_sla_breached": due <= settings.as_of and (time_breach or policy_breach),
        "is_evidence_complete": is_evidence_complete(workflow, mine.evidence),
        "is_mature": triggered + float(workflow["maturity_days"]) * DAY <= settings.as_of,
    }
    case["stage"] = furthest_stage(case)
    return case


# ---------------------------------------------------------------------------------------------------------------------
# The world: everything of the journey, held together
# ---------------------------------------------------------------------------------------------------------------------


@dataclass
class World:
    """All rows of the journey (journey.md), for charges, violations and KPIs to draw on."""

    settings: Settings
    reference: Reference
    accepted: Tables
    writebacks: list[Row]
    exceptions: list[Row]
    messages: list[Row]
    case_events: dict[str, CaseEvents]
    cases: dict[str, Row]
    charges: list[Row] = field(default_factory=list)

    def workflow_of(self, case_id: str) -> Row:
        """journey.md, Case: the workflow of the earliest trigger."""
        return self.reference.workflows[self.cases[case_id]["workflow"]]


def build_world(accepted: Tables, reference: Reference, settings: Settings) -> World:
    """journey.md: writebacks, exceptions, messages, cases (only accepted rows count)."""
    writebacks = build_writebacks(accepted, settings)
    exceptions = build_exceptions(accepted)
    messages = build_messages(accepted)
    rows = {table: by_case(accepted[table]) for table in EVENT_TABLES}

    def of(derived: list[Row], case_id: str) -> list[Row]:
        return [row for row in derived if row["case_id"] == case_id]

    case_events = {
        case_id: CaseEvents(
            triggers=triggers,
            messages=of(messages, case_id),
            sent_events=[row for row in rows["message_events"].get(case_id, []) if row["status"] == "sent"],
            checks=rows["identity_checks"].get(case_id, []),
            actions=rows["action_events"].get(case_id, []),
            writebacks=of(writebacks, case_id),
            exceptions=of(exceptions, case_id),
            touches=rows["agent_touches"].get(case_id, []),
            evidence=rows["evidence_items"].get(case_id, []),
            payments=rows["payments"].get(case_id, []),
        )
        for case_id, triggers in rows["case_triggers"].items()
    }
    cases = {case_id: build_case(mine, reference, settings) for case_id, mine in case_events.items()}
    world = World(settings, reference, accepted, writebacks, exceptions, messages, case_events, cases)
    world.charges = build_charges(world)
    return world


# ---------------------------------------------------------------------------------------------------------------------
# Charge
# ---------------------------------------------------------------------------------------------------------------------


def valid_rates(category: str, channel: str | None, date: dt.date, world: World) -> list[Row]:
    """journey.md, Charge: rates valid on a local date; one in a currency without an fx rate that day is no rate."""
    return [
        rate
        for rate in world.reference.cost_rates
        if rate["category"] == category
        and rate["channel"] == channel
        and rate["valid_from"] <= date
        and (rate["valid_to"] is None or date < rate["valid_to"])
        and fx_rate(rate["currency"], date, world.reference, world.settings) is not None
    ]


def latest_rate(category: str, channel: str | None, date: dt.date, world: World) -> float | None:
    """journey.md, Charge: of several valid ones the latest `valid_from`, in reporting currency."""
    rates = valid_rates(category, channel, date, world)
    if not rates:
        return None
    rate = max(rates, key=lambda row: row["valid_from"])
    conversion = fx_rate(rate["currency"], date, world.reference, world.settings)
    assert conversion is not None
    return float(rate["amount"]) * conversion


def messaging_rate(channel: str, date: dt.date, world: World) -> float | None:
    """journey.md, Charge, messaging: where the channel has none valid on that date, the rate with no channel."""
    rate = latest_rate("messaging", channel, date, world)
    return rate if rate is not None else latest_rate("messaging", None, date, world)


def charge(case_id: str, category: str, at: dt.datetime, quantity: float, rate: float | None) -> Row:
    """journey.md, Charge: a variable charge; null without a rate."""
    return {
        "case_id": case_id,
        "category": category,
        "is_fixed": False,
        "charged_at": at,
        "quantity": quantity,
        "amount": None if rate is None else quantity * rate,
    }


def messaging_charges(world: World) -> Iterator[Row]:
    """journey.md, Charge, messaging: at the message's `sent_at`."""
    for message in world.messages:
        if message["sent_at"] is not None:
            date = local_date(message["sent_at"], world.settings)
            rate = messaging_rate(message["channel"], date, world)
            yield charge(message["case_id"], "messaging", message["sent_at"], 1, rate)


def agent_charges(world: World) -> Iterator[Row]:
    """journey.md, Charge, agent: at the touch's start, minutes (`handle + wrap_up`) times the rate."""
    for touch in world.accepted["agent_touches"]:
        minutes = touch["handle_minutes"] + touch["wrap_up_minutes"]
        rate = latest_rate("agent", None, local_date(touch["occurred_at"], world.settings), world)
        yield charge(touch["case_id"], "agent", touch["occurred_at"], minutes, rate)


def platform_charges(world: World) -> Iterator[Row]:
    """journey.md, Charge, platform: at `triggered_at`, rate per case."""
    for case in world.cases.values():
        rate = latest_rate("platform", None, local_date(case["triggered_at"], world.settings), world)
        yield charge(case["case_id"], "platform", case["triggered_at"], 1, rate)


def elapsed_part_of_month(month: dt.date, settings: Settings) -> float:
    """journey.md, Charge, fixed: elapsed UTC seconds over the month's UTC seconds, clipped to 0..1."""
    begin = local_midnight(month, settings.timezone)
    end = local_midnight(next_month(month), settings.timezone)
    return min(1.0, max(0.0, seconds_between(begin, settings.as_of) / seconds_between(begin, end)))


def cases_of_fixed_cost(cost: Row, world: World) -> list[Row]:
    """journey.md, Charge, fixed: cases triggered in that local month (of its workflow, or of all where shared)."""
    return [
        case
        for case in world.cases.values()
        if first_of_month(local_date(case["triggered_at"], world.settings)) == cost["month"]
        and cost["workflow"] in (None, case["workflow"])
    ]


def fixed_cost_per_case(cost: Row, case_count: int, world: World) -> float | None:
    """journey.md, Charge, fixed: converted at the rate of the month's first day; null without one (owner's reading)."""
    rate = fx_rate(cost["currency"], cost["month"], world.reference, world.settings)
    if rate is None:
        return None
    return float(cost["amount"]) * rate * elapsed_part_of_month(cost["month"], world.settings) / case_count


def fixed_charges(world: World) -> Iterator[Row]:
    """journey.md, Charge, fixed: for each row of `fixed_costs` one charge per case, at `triggered_at`."""
    for cost in world.reference.fixed_costs:
        cases = cases_of_fixed_cost(cost, world)
        for case in cases:
            yield {
                "case_id": case["case_id"],
                "category": cost["category"],
                "is_fixed": True,
                "charged_at": case["triggered_at"],
                "quantity": 1,
                "amount": fixed_cost_per_case(cost, len(cases), world),
            }


def build_charges(world: World) -> list[Row]:
    """journey.md, Charge: all four kinds."""
    return [
        *messaging_charges(world),
        *agent_charges(world),
        *platform_charges(world),
        *fixed_charges(world),
    ]


# ---------------------------------------------------------------------------------------------------------------------
# Integrity violations
# ---------------------------------------------------------------------------------------------------------------------


def unacknowledged_completions(world: World) -> Iterator[str]:
    """journey.md, Integrity violations: `unacknowledged_completion`."""
    for case in world.cases.values():
        writebacks = world.case_events[case["case_id"]].writebacks
        settled = bool(writebacks) and all(writeback["is_settled"] for writeback in writebacks)
        if case["is_completed_in_message"] and not case["is_resolved"] and settled:
            yield case["case_id"]


def completions_without_writeback(world: World) -> Iterator[str]:
    """journey.md, Integrity violations: `completion_without_writeback`."""
    for case in world.cases.values():
        if (
            case["is_completed_in_message"]
            and case["action_completed_at"] + world.settings.writeback_timeout <= world.settings.as_of
            and case["writeback_count"] == 0
        ):
            yield case["case_id"]


def acks_with_writeback(world: World) -> Iterator[tuple[Row, Row]]:
    """journey.md, Integrity violations: each acknowledgement with its writeback."""
    writebacks = {(row["case_id"], row["idempotency_key"]): row for row in world.writebacks}
    for ack in world.accepted["writeback_acks"]:
        yield ack, writebacks[ack["case_id"], ack["idempotency_key"]]


def acks_before_attempt(world: World) -> Iterator[str]:
    """journey.md, Integrity violations: `ack_before_attempt`, per acknowledgement, whatever its outcome."""
    for ack, writeback in acks_with_writeback(world):
        if ack["occurred_at"] < writeback["first_attempted_at"]:
            yield ack["case_id"]


def partial_persists(world: World) -> Iterator[str]:
    """journey.md, Integrity violations: `partial_persist`, per acknowledgement."""
    for ack, writeback in acks_with_writeback(world):
        if (
            ack["outcome"] == "persisted"
            and ack["fields_persisted"] < writeback["fields_required"]
            and not writeback["is_verified"]
        ):
            yield ack["case_id"]


def double_writes(world: World) -> Iterator[str]:
    """journey.md, Integrity violations: `double_write`, per writeback."""
    return (writeback["case_id"] for writeback in world.writebacks if writeback["is_double_written"])


def idempotency_keys_reused(world: World) -> Iterator[str]:
    """journey.md, Integrity violations: `idempotency_key_reused`, each case of the key."""
    cases_of_key = defaultdict(set)
    for writeback in world.writebacks:
        cases_of_key[writeback["idempotency_key"]].add(writeback["case_id"])
    for case_ids in cases_of_key.values():
        if len(case_ids) > 1:
            yield from case_ids


def negative_durations(world: World) -> Iterator[str]:
    """journey.md, Integrity violations: `negative_duration`."""
    for case in world.cases.values():
        if case["is_resolved"] and case["resolved_at"] < case["triggered_at"]:
            yield case["case_id"]


def actions_without_identity(world: World) -> Iterator[str]:
    """journey.md, Integrity violations: `action_without_identity`."""
    for case in world.cases.values():
        workflow = world.workflow_of(case["case_id"])
        if identity_missing(workflow, case["action_completed_at"], case["identity_passed_at"]):
            yield case["case_id"]


def missing_rates(world: World) -> Iterator[str]:
    """journey.md, Charge and Integrity violations: `missing_rate`, per charge."""
    return (row["case_id"] for row in world.charges if row["amount"] is None)


def unallocated_fixed_costs(world: World) -> Iterator[None]:
    """journey.md, Charge and Integrity violations: `unallocated_fixed_cost`, per fixed cost."""
    settings = world.settings
    for cost in world.reference.fixed_costs:
        has_begun = settings.as_of is not None and local_midnight(cost["month"], settings.timezone) <= settings.as_of
        if has_begun and not cases_of_fixed_cost(cost, world):
            yield None


VIOLATIONS: dict[str, Callable[[World], Iterator[str | None]]] = {
    "unacknowledged_completion": unacknowledged_completions,
    "completion_without_writeback": completions_without_writeback,
    "ack_before_attempt": acks_before_attempt,
    "partial_persist": partial_persists,
    "double_write": double_writes,
    "idempotency_key_reused": idempotency_keys_reused,
    "negative_duration": negative_durations,
    "action_without_identity": actions_without_identity,
    "missing_rate": missing_rates,
    "unallocated_fixed_cost": unallocated_fixed_costs,
}


def integrity_violations(world: World) -> list[Row]:
    """marts.md, `rpt_integrity_violation` (without `detail`)."""
    return [{"kind": kind, "case_id": case_id} for kind, find in VIOLATIONS.items() for case_id in find(world)]


# ---------------------------------------------------------------------------------------------------------------------
# KPIs: the units of each
# ---------------------------------------------------------------------------------------------------------------------


class Unit(NamedTuple):
    """One unit of a KPI (kpis.md; marts.md, `fct_kpi_contribution`)."""

    case_id: str
    unit_id: str | None
    clock_at: dt.datetime
    numerator: float | None
    denominator: float | None = 1
    observed_value: float | None = None


@dataclass(frozen=True)
class Kpi:
    """One row of the tables of kpis.md."""

    kpi_id: str
    tier: str  # headline, leading, diagnostic
    shape: str  # rate, ratio, count, or the fraction of a percentile
    is_maturing: bool  # M
    applies_where: str | None  # the flag of `workflows` without which the KPI cannot apply
    units: Callable[[World], Iterable[Unit]]

    @property
    def fraction(self) -> float | None:
        """kpis.md, Cells: which percentile, if it is one."""
        return {"median": 0.5, "p90": 0.9}.get(self.shape)


KPIS: dict[str, Kpi] = {}

# kpis.md, Headline and Leading indicators, column "good is"; of the others higher is good (diagnostics have neither).
LOWER_IS_BETTER = frozenset(
    {
        "time_to_resolution_median",
        "time_to_resolution_p90",
        "sla_breach_rate",
        "cost_per_resolved_case",
        "exception_escape_rate",
        "writeback_retry_rate",
        "time_to_persist_median",
        "time_to_persist_p90",
        "fallback_rate",
        "agent_minutes_per_resolution",
    }
)


def kpi(kpi_id: str, tier: str, shape: str, maturing: bool = False, where: str | None = None):
    """Register a function as the units of a KPI of kpis.md."""

    def register(units: Callable[[World], Iterable[Unit]]) -> Callable[[World], Iterable[Unit]]:
        KPIS[kpi_id] = Kpi(kpi_id, tier, shape, maturing, where, units)
        return units

    return register


def case_units(world: World, clock: str, is_in: Callable[[Row], bool], hit: Callable[[Row], bool]) -> Iterator[Unit]:
    """kpis.md, first paragraph: cases are counted by `case_id`; 1 for a hit, else 0."""
    for case in world.cases.values():
        if is_in(case):
            yield Unit(case["case_id"], case["case_id"], case[clock], int(hit(case)))


def message_units(world: World, clock: str, hit: Callable[[Row], bool]) -> Iterator[Unit]:
    """kpis.md: messages that have the clock."""
    for message in world.messages:
        if message[clock] is not None:
            yield Unit(message["case_id"], message["message_id"], message[clock], int(hit(message)))


def writeback_units(world: World, is_in: Callable[[Row], bool], hit: Callable[[Row], bool]) -> Iterator[Unit]:
    """kpis.md: logical writebacks, by `first_attempted_at`."""
    for row in world.writebacks:
        if is_in(row):
            yield Unit(row["case_id"], row["idempotency_key"], row["first_attempted_at"], int(hit(row)))


def resolved_denominators(world: World) -> Iterator[Unit]:
    """kpis.md, KPIs of two clocks: resolved cases by `resolved_at`, in the denominator only (numerator 0)."""
    return case_units(world, "resolved_at", is_resolved, lambda case: False)


def is_any(row: Row) -> bool:
    """kpis.md: no restriction."""
    return True


def is_initiated(case: Row) -> bool:
    """journey.md, Case: `is_initiated`."""
    return case["is_initiated"]


def is_resolved(case: Row) -> bool:
    """journey.md, Case: `is_resolved`."""
    return case["is_resolved"]


def is_completed(case: Row) -> bool:
    """journey.md, Case: `is_completed_in_message`."""
    return case["is_completed_in_message"]


def is_settled(writeback: Row) -> bool:
    """journey.md, Logical writeback: `is_settled`."""
    return writeback["is_settled"]


# Headline -----------------------------------------------------------------------------------------------------------


@kpi("completion_rate", "headline", "rate", maturing=True)
def completion_rate(world: World) -> Iterable[Unit]:
    """kpis.md, Headline, A1."""
    return case_units(world, "triggered_at", is_initiated, is_completed)


@kpi("automated_resolution_rate", "headline", "rate", maturing=True)
def automated_resolution_rate(world: World) -> Iterable[Unit]:
    """kpis.md, Headline, B1."""
    return case_units(world, "triggered_at", is_any, lambda case: case["is_automated"])


@kpi("verified_writeback_rate", "headline", "rate", maturing=True)
def verified_writeback_rate(world: World) -> Iterable[Unit]:
    """kpis.md, Headline, A2."""
    return case_units(world, "action_completed_at", is_completed, is_resolved)


@kpi("writeback_success_rate", "headline", "rate")
def writeback_success_rate(world: World) -> Iterable[Unit]:
    """kpis.md, Headline, B3."""
    return writeback_units(world, is_settled, lambda row: row["is_verified"])


@kpi("deflection_rate", "headline", "rate")
def deflection_rate(world: World) -> Iterable[Unit]:
    """kpis.md, Headline, A3."""
    return case_units(world, "resolved_at", is_resolved, lambda case: case["is_automated"])


@kpi("containment_rate", "headline", "rate", maturing=True)
def containment_rate(world: World) -> Iterable[Unit]:
    """kpis.md, Headline, B4."""
    return case_units(
        world, "first_sent_at", is_initiated, lambda case: is_completed(case) and not case["is_agent_touched"]
    )


def resolution_times(world: World) -> Iterator[Unit]:
    """kpis.md, Headline, A4 and B2: resolved cases with `resolution_minutes`, by `resolved_at`."""
    for case in world.cases.values():
        if case["resolution_minutes"] is not None:
            yield Unit(case["case_id"], case["case_id"], case["resolved_at"], None, 1, case["resolution_minutes"])


@kpi("time_to_resolution_median", "headline", "median")
def time_to_resolution_median(world: World) -> Iterable[Unit]:
    """kpis.md, Headline, A4, B2."""
    return resolution_times(world)


@kpi("time_to_resolution_p90", "headline", "p90")
def time_to_resolution_p90(world: World) -> Iterable[Unit]:
    """kpis.md, Headline, B2."""
    return resolution_times(world)


@kpi("sla_breach_rate", "headline", "rate")
def sla_breach_rate(world: World) -> Iterable[Unit]:
    """kpis.md, Headline, A5."""
    return case_units(world, "due_at", lambda case: case["is_due"], lambda case: case["is_sla_breached"])


@kpi("sla_on_time_rate", "headline", "rate")
def sla_on_time_rate(world: World) -> Iterable[Unit]:
    """kpis.md, Headline, B10: of resolved cases, due or not yet due."""
    return case_units(world, "resolved_at", is_resolved, lambda case: case["resolved_at"] <= case["due_at"])


@kpi("cost_per_resolved_case", "headline", "ratio")
def cost_per_resolved_case(world: World) -> Iterable[Unit]:
    """kpis.md, Headline, A6, B9: charges by when charged; resolved cases by `resolved_at`."""
    for row in world.charges:
        yield Unit(row["case_id"], None, row["charged_at"], row["amount"], 0)
    yield from resolved_denominators(world)


@kpi("exception_escape_rate", "headline", "rate", maturing=True)
def exception_escape_rate(world: World) -> Iterable[Unit]:
    """kpis.md, Headline, A7: exceptions with a closed first pass."""
    for row in world.exceptions:
        if row["first_pass_closed_at"] is not None:
            yield Unit(row["case_id"], row["exception_id"], row["first_pass_closed_at"], int(row["is_escaped"]))


@kpi("escalation_success_rate", "headline", "rate", maturing=True)
def escalation_success_rate(world: World) -> Iterable[Unit]:
    """kpis.md, Headline, B5."""
    for row in world.exceptions:
        yield Unit(row["case_id"], row["exception_id"], row["raised_at"], int(row["is_first_touch_resolved"]))


@kpi("action_response_rate", "headline", "rate", maturing=True)
def action_response_rate(world: World) -> Iterable[Unit]:
    """kpis.md, Headline, B6."""
    return message_units(world, "delivered_at", lambda message: message["action_started_at"] is not None)


@kpi("identity_pass_rate", "headline", "rate")
def identity_pass_rate(world: World) -> Iterable[Unit]:
    """kpis.md, Headline, B7: identity checks up to and including the first pass."""
    for case_id, mine in world.case_events.items():
        for check in counted_checks(mine.checks):
            yield Unit(case_id, check["event_id"], check["occurred_at"], int(check["outcome"] == "passed"))


@kpi("payment_recovery_per_1000", "headline", "ratio", maturing=True, where="collects_payment")
def payment_recovery_per_1000(world: World) -> Iterable[Unit]:
    """kpis.md, Headline, B8: triggered cases of workflows that collect payment."""
    for case_id, case in world.cases.items():
        if world.workflow_of(case_id)["collects_payment"]:
            yield Unit(case_id, case_id, case["triggered_at"], 1000 * case["net_collected_automated"])


# Leading indicators -------------------------------------------------------------------------------------------------


@kpi("writeback_retry_rate", "leading", "rate")
def writeback_retry_rate(world: World) -> Iterable[Unit]:
    """kpis.md, Leading indicators: of all logical writebacks, settled or not."""
    return writeback_units(world, is_any, lambda row: row["is_retried"])


@kpi("writeback_first_attempt_rate", "leading", "rate")
def writeback_first_attempt_rate(world: World) -> Iterable[Unit]:
    """kpis.md, Leading indicators: verified with one attempt."""
    return writeback_units(world, is_settled, lambda row: row["is_verified"] and row["attempt_count"] == 1)


def persist_times(world: World) -> Iterator[Unit]:
    """kpis.md, Leading indicators: `persist_seconds` of verified writebacks, by `first_attempted_at`."""
    for row in world.writebacks:
        if row["is_verified"]:
            yield Unit(
                row["case_id"], row["idempotency_key"], row["first_attempted_at"], None, 1, row["persist_seconds"]
            )


@kpi("time_to_persist_median", "leading", "median")
def time_to_persist_median(world: World) -> Iterable[Unit]:
    """kpis.md, Leading indicators."""
    return persist_times(world)


@kpi("time_to_persist_p90", "leading", "p90")
def time_to_persist_p90(world: World) -> Iterable[Unit]:
    """kpis.md, Leading indicators."""
    return persist_times(world)


@kpi("fallback_rate", "leading", "rate")
def fallback_rate(world: World) -> Iterable[Unit]:
    """kpis.md, Leading indicators."""
    return message_units(world, "sent_at", lambda message: message["is_fallback"])


@kpi("straight_through_rate", "leading", "rate")
def straight_through_rate(world: World) -> Iterable[Unit]:
    """kpis.md, Leading indicators."""
    return case_units(world, "resolved_at", is_resolved, lambda case: case["is_straight_through"])


@kpi("consent_capture_rate", "leading", "rate", where="requires_consent")
def consent_capture_rate(world: World) -> Iterable[Unit]:
    """kpis.md, Leading indicators: valid consent evidence by `action_completed_at`."""
    return case_units(
        world,
        "action_completed_at",
        lambda case: is_completed(case) and world.workflow_of(case["case_id"])["requires_consent"],
        lambda case: has_valid_evidence(
            world.case_events[case["case_id"]].evidence, "consent", case["action_completed_at"]
        ),
    )


@kpi("document_capture_rate", "leading", "rate", where="requires_document")
def document_capture_rate(world: World) -> Iterable[Unit]:
    """kpis.md, Leading indicators: valid document evidence by `resolved_at`."""
    return case_units(
        world,
        "resolved_at",
        lambda case: is_resolved(case) and world.workflow_of(case["case_id"])["requires_document"],
        lambda case: has_valid_evidence(world.case_events[case["case_id"]].evidence, "document", case["resolved_at"]),
    )


@kpi("evidence_completeness_rate", "leading", "rate", maturing=True)
def evidence_completeness_rate(world: World) -> Iterable[Unit]:
    """kpis.md, Leading indicators."""
    return case_units(world, "resolved_at", is_resolved, lambda case: case["is_evidence_complete"])


@kpi("context_handover_rate", "leading", "rate")
def context_handover_rate(world: World) -> Iterable[Unit]:
    """kpis.md, Leading indicators."""
    for row in world.exceptions:
        yield Unit(row["case_id"], row["exception_id"], row["raised_at"], int(row["has_context"]))


@kpi("agent_minutes_per_resolution", "leading", "ratio")
def agent_minutes_per_resolution(world: World) -> Iterable[Unit]:
    """kpis.md, Leading indicators: agent minutes by touch start; resolved cases by `resolved_at`."""
    for touch in world.accepted["agent_touches"]:
        minutes = touch["handle_minutes"] + touch["wrap_up_minutes"]
        yield Unit(touch["case_id"], touch["event_id"], touch["occurred_at"], minutes, 0)
    yield from resolved_denominators(world)


@kpi("payment_completion_rate", "leading", "rate", maturing=True, where="collects_payment")
def payment_completion_rate(world: World) -> Iterable[Unit]:
    """kpis.md, Leading indicators: by the first customer `pay` action event."""
    for case_id, mine in world.case_events.items():
        first_pay = earliest(action for action in mine.customer_actions if action["action"] == "pay")
        if first_pay is not None and world.workflow_of(case_id)["collects_payment"]:
            paid = any(row["status"] == "succeeded" and row["flow"] == "automated" for row in mine.payments)
            yield Unit(case_id, case_id, first_pay, int(paid))


# Diagnostics --------------------------------------------------------------------------------------------------------


@kpi("open_rate", "diagnostic", "rate")
def open_rate(world: World) -> Iterable[Unit]:
    """kpis.md, Diagnostics: messages opened or clicked."""
    return message_units(world, "delivered_at", lambda message: message["opened_at"] is not None)


@kpi("click_rate", "diagnostic", "rate")
def click_rate(world: World) -> Iterable[Unit]:
    """kpis.md, Diagnostics."""
    return message_units(world, "delivered_at", lambda message: message["clicked_at"] is not None)


@kpi("bot_containment_rate", "diagnostic", "rate", maturing=True)
def bot_containment_rate(world: World) -> Iterable[Unit]:
    """kpis.md, Diagnostics."""
    return case_units(world, "first_sent_at", is_initiated, lambda case: not case["is_agent_touched"])


@kpi("conversation_volume", "diagnostic", "count")
def conversation_volume(world: World) -> Iterable[Unit]:
    """kpis.md, Diagnostics and Cells: no denominator."""
    for case in world.cases.values():
        if is_initiated(case):
            yield Unit(case["case_id"], case["case_id"], case["first_sent_at"], 1, None)


@kpi("handle_time_mean", "diagnostic", "ratio")
def handle_time_mean(world: World) -> Iterable[Unit]:
    """kpis.md, Diagnostics."""
    for touch in world.accepted["agent_touches"]:
        yield Unit(touch["case_id"], touch["event_id"], touch["occurred_at"], touch["handle_minutes"])


@kpi("messages_per_resolution", "diagnostic", "ratio")
def messages_per_resolution(world: World) -> Iterable[Unit]:
    """kpis.md, Diagnostics: messages by `sent_at`; resolved cases by `resolved_at`."""
    for message in world.messages:
        if message["sent_at"] is not None:
            yield Unit(message["case_id"], message["message_id"], message["sent_at"], 1, 0)
    yield from resolved_denominators(world)


@kpi("clicks_per_resolution", "diagnostic", "ratio")
def clicks_per_resolution(world: World) -> Iterable[Unit]:
    """kpis.md, Diagnostics: clicked messages by `delivered_at`; resolved cases by `resolved_at`."""
    for message in world.messages:
        if message["clicked_at"] is not None:
            yield Unit(message["case_id"], message["message_id"], message["delivered_at"], 1, 0)
    yield from resolved_denominators(world)


def contributions(world: World) -> list[Row]:
    """marts.md, `fct_kpi_contribution`: every unit behind every cell."""
    return [
        {
            "kpi_id": kpi_id,
            "case_id": unit.case_id,
            "unit_id": unit.unit_id,
            "clock_at": unit.clock_at,
            "week_start": local_week(unit.clock_at, world.settings),
            "workflow": world.cases[unit.case_id]["workflow"],
            "numerator": unit.numerator,
            "denominator": unit.denominator,
            "observed_value": unit.observed_value,
        }
        for kpi_id, definition in KPIS.items()
        for unit in definition.units(world)
    ]


# ---------------------------------------------------------------------------------------------------------------------
# Cells
# ---------------------------------------------------------------------------------------------------------------------


def published_weeks(units: list[Row], settings: Settings) -> list[dt.date]:
    """kpis.md, Cells: from the week of the earliest clock of any unit to that of `as_of` (or the latest clock).

    No unit at all: no weeks (reading decided by the owner).
    """
    if not units:
        return []
    first = min(unit["week_start"] for unit in units)
    last = max(local_week(settings.as_of, settings), max(unit["week_start"] for unit in units))
    return [first + WEEK * number for number in range((last - first).days // 7 + 1)]


def cohorts_of(case: Row) -> list[tuple[str, str]]:
    """kpis.md, Cells: `all` and the attributes of the case; a null is the value `(none)`."""
    attributes = [(name, NO_ATTRIBUTE if case[name] is None else case[name]) for name in COHORT_DIMENSIONS]
    return [("all", "all"), *attributes]


def cells_of(case: Row) -> list[tuple[str, str, str]]:
    """kpis.md, Cells: (workflow, cohort dimension, cohort value) of everything that belongs to a case."""
    return [
        (workflow, dimension, value)
        for workflow in (case["workflow"], ALL_WORKFLOWS)
        for dimension, value in cohorts_of(case)
    ]


def can_apply(definition: Kpi, workflow: str, reference: Reference) -> bool:
    """kpis.md, Cells: a KPI which cannot apply to a workflow has no cell there; `(all)` always has one."""
    if workflow == ALL_WORKFLOWS or definition.applies_where is None:
        return True
    return bool(reference.workflows[workflow][definition.applies_where])


def wilson(successes: float, n: float, z: float = 1.96) -> tuple[float, float]:
    """kpis.md, Cells: Wilson score interval."""
    p = successes / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return centre - half, centre + half


def cell_figures(definition: Kpi, units: list[Row]) -> Row:
    """kpis.md, Cells: numerator, denominator, value, sample_size, ci_low, ci_high of some units."""
    sample_size = sum(1 for unit in units if unit["denominator"])
    numerator: float | None = total(unit["numerator"] for unit in units)
    denominator: float | None = total(unit["denominator"] for unit in units)
    ci_low = ci_high = None
    if definition.shape == "count":
        denominator, value = None, numerator
    elif definition.fraction is not None:
        numerator, value = None, percentile((unit["observed_value"] for unit in units), definition.fraction)
    else:
        value = None if denominator == 0 else numerator / denominator
        if definition.shape == "rate" and denominator:
            ci_low, ci_high = wilson(numerator, denominator)
    return {
        "numerator": numerator,
        "denominator": denominator,
        "value": value,
        "sample_size": sample_size,
        "ci_low": ci_low,
        "ci_high": ci_high,
    }


def maturity(workflow: str, reference: Reference) -> dt.timedelta:
    """kpis.md, Cells: `maturity_days` of the workflow; for `(all)` the greatest of all workflows."""
    rows = reference.workflows.values() if workflow == ALL_WORKFLOWS else [reference.workflows[workflow]]
    return max((float(row["maturity_days"]) * DAY for row in rows), default=dt.timedelta(0))


def lag(definition: Kpi, workflow: str, reference: Reference, settings: Settings) -> dt.timedelta:
    """kpis.md, Cells: `settling_hours`, at least the writeback timeout, and for M at least `maturity_days`."""
    least = max(settings.settling, settings.writeback_timeout)
    return max(least, maturity(workflow, reference)) if definition.is_maturing else least


def is_cost_unsettled(week: dt.date, settings: Settings) -> bool:
    """kpis.md, Cells: cost is provisional until `settling_hours` after the month of the week's last day has ended."""
    last_day = week + dt.timedelta(days=6)
    return local_midnight(next_month(last_day), settings.timezone) + settings.settling > settings.as_of


def is_provisional(definition: Kpi, week: dt.date, workflow: str, reference: Reference, settings: Settings) -> bool:
    """kpis.md, Cells: the week's end plus its lag is later than `as_of`."""
    week_end = local_midnight(week + WEEK, settings.timezone)
    if week_end + lag(definition, workflow, reference, settings) > settings.as_of:
        return True
    return definition.kpi_id == "cost_per_resolved_case" and is_cost_unsettled(week, settings)


def kpi_cells(definition: Kpi, units: list[Row], weeks: list[dt.date], world: World) -> dict[tuple, list[Row]]:
    """kpis.md, Cells: units by (week, workflow, cohort dimension, cohort value); `all` cells exist without units."""
    cells: dict[tuple, list[Row]] = defaultdict(list)
    for week in weeks:
        for workflow in (*world.reference.workflows, ALL_WORKFLOWS):
            if can_apply(definition, workflow, world.reference):
                cells[week, workflow, "all", "all"] = []
    for unit in units:
        for cell in cells_of(world.cases[unit["case_id"]]):
            cells[(unit["week_start"], *cell)].append(unit)
    return cells


def cell_exists(cohort_dimension: str, figures: Row) -> bool:
    """kpis.md, Cells: other cohorts' cells exist where numerator or denominator is not zero."""
    return cohort_dimension == "all" or bool(figures["numerator"]) or bool(figures["denominator"])


def with_prior_values(rows: list[Row]) -> list[Row]:
    """kpis.md, Cells: `prior_value` is the same cell's value one week earlier, `change` the difference to it."""

    def key(row: Row, week: dt.date) -> tuple:
        return week, row["workflow"], row["cohort_dimension"], row["cohort_value"], row["kpi_id"]

    values = {key(row, row["week_start"]): row["value"] for row in rows}
    for row in rows:
        prior = values.get(key(row, row["week_start"] - WEEK))
        row["prior_value"] = prior
        row["change"] = None if prior is None or row["value"] is None else row["value"] - prior
    return rows


def kpi_weekly(units: list[Row], weeks: list[dt.date], world: World) -> list[Row]:
    """marts.md, `rpt_kpi_weekly` (baseline, target and status: `with_verdicts`)."""
    units_of = defaultdict(list)
    for unit in units:
        units_of[unit["kpi_id"]].append(unit)
    rows = []
    for kpi_id, definition in KPIS.items():
        for (week, workflow, dimension, value), mine in kpi_cells(definition, units_of[kpi_id], weeks, world).items():
            figures = cell_figures(definition, mine)
            if cell_exists(dimension, figures):
                rows.append(
                    {
                        "week_start": week,
                        "workflow": workflow,
                        "cohort_dimension": dimension,
                        "cohort_value": value,
                        "kpi_id": kpi_id,
                        "tier": definition.tier,
                        **figures,
                        "is_provisional": is_provisional(definition, week, workflow, world.reference, world.settings),
                    }
                )
    return with_prior_values(rows)


# ---------------------------------------------------------------------------------------------------------------------
# Baseline, target, status
# ---------------------------------------------------------------------------------------------------------------------

# Units by KPI, workflow (or `(all)`) and week.
Pools = dict[tuple[str, str, dt.date], list[Row]]

NO_VERDICT: Row = {"baseline_value": None, "target": None, "red_flag": None, "status": None, "owner": None}


def pools_of(units: list[Row]) -> Pools:
    """kpis.md, Baseline and Alerts: the units that are pooled, cohort `all`."""
    pools: Pools = defaultdict(list)
    for unit in units:
        for workflow in (unit["workflow"], ALL_WORKFLOWS):
            pools[unit["kpi_id"], workflow, unit["week_start"]].append(unit)
    return pools


def pooled_value(definition: Kpi, workflow: str, weeks: list[dt.date], pools: Pools) -> float | None:
    """kpis.md, Baseline: ratio of sums; percentiles over the pooled units."""
    units = [unit for week in weeks for unit in pools.get((definition.kpi_id, workflow, week), [])]
    return cell_figures(definition, units)["value"]


def rounded(value: Any) -> decimal.Decimal:
    """kpis.md, Alerts: both sides of a comparison are rounded to 9 decimals first.

    Half away from zero, on the exact decimal value of the double (reading decided by the owner).
    """
    with decimal.localcontext(prec=400):
        return decimal.Decimal(value).quantize(decimal.Decimal("1e-9"), rounding=decimal.ROUND_HALF_UP)


def is_less(one: float, other: float) -> bool:
    """kpis.md, Alerts: strictly less, rounded."""
    return rounded(one) < rounded(other)


def first_baseline_week(workflow: str, world: World) -> dt.date | None:
    """kpis.md, Baseline: the first Monday on or after the earliest local trigger date; None without a case."""
    triggered = [case["triggered_at"] for case in world.cases.values() if workflow in (ALL_WORKFLOWS, case["workflow"])]
    if not triggered:
        return None
    date = local_date(min(triggered), world.settings)
    return monday_of(date + dt.timedelta(days=6))


def baseline_window(workflow: str, world: World) -> list[dt.date]:
    """kpis.md, Baseline: `baseline_weeks` weeks from there; none without a case."""
    first = first_baseline_week(workflow, world)
    return [] if first is None else [first + WEEK * number for number in range(world.settings.baseline_weeks)]


def baseline_value(definition: Kpi, workflow: str, weeks: list[dt.date], pools: Pools, world: World) -> float | None:
    """kpis.md, Baseline: NULL unless every week of the window is listed and none of them is provisional."""
    window = baseline_window(workflow, world)
    if not window or any(
        week not in weeks or is_provisional(definition, week, workflow, world.reference, world.settings)
        for week in window
    ):
        return None
    return pooled_value(definition, workflow, window, pools)


def target_row(kpi_id: str, workflow: str, reference: Reference) -> Row | None:
    """kpis.md, Target: the row for the workflow wins over `*`; `*` also serves `(all)`."""
    return reference.targets.get((kpi_id, workflow)) or reference.targets.get((kpi_id, "*"))


def target_figure(row: Row | None, name: str, baseline: float | None) -> float | None:
    """kpis.md, Target: `target` or `red_flag` of a row as a value; a relative change is applied to the baseline."""
    if row is None or row[name] is None:
        return None
    if row["kind"] == "absolute":
        return float(row[name])
    return None if baseline is None else baseline * (1 + float(row[name]))


def owner_of(row: Row | None, workflow: str, reference: Reference) -> str | None:
    """kpis.md, Target: of the target's row, else (no row, or no owner in it) the workflow's; NULL for `(all)`."""
    if row is not None and row["owner"] is not None:
        return row["owner"]
    return None if workflow == ALL_WORKFLOWS else reference.workflows[workflow]["owner"]


def lower_is_better(kpi_id: str, reference: Reference) -> bool:
    """kpis.md, column "good is"; the catalogue's `direction`, where there is one, says it for the operator."""
    default = "lower" if kpi_id in LOWER_IS_BETTER else "higher"
    return reference.directions.get(kpi_id, default) == "lower"


def is_worse(value: float, threshold: float, lower_is_good: bool) -> bool:
    """kpis.md, Status: strictly on the wrong side."""
    return is_less(threshold, value) if lower_is_good else is_less(value, threshold)


def status_of(row: Row, target: float | None, red_flag: float | None, world: World) -> str:
    """kpis.md, Status: the first that holds."""
    lower_is_good = lower_is_better(row["kpi_id"], world.reference)
    if target is None or red_flag is None:
        return "no_target"
    if row["value"] is None:
        return "no_data"
    if row["sample_size"] < world.settings.min_sample:
        return "too_little_data"
    if is_worse(row["value"], red_flag, lower_is_good):
        return "red"
    if is_worse(row["value"], target, lower_is_good):
        return "amber"
    return "green"


def verdict(row: Row, baseline: float | None, world: World) -> Row:
    """marts.md, `rpt_kpi_weekly`: baseline_value, target, red_flag, status, owner of a cell of cohort `all`."""
    goal = target_row(row["kpi_id"], row["workflow"], world.reference)
    target = target_figure(goal, "target", baseline)
    red_flag = target_figure(goal, "red_flag", baseline)
    return {
        "baseline_value": baseline,
        "target": target,
        "red_flag": red_flag,
        "status": status_of(row, target, red_flag, world),
        "owner": owner_of(goal, row["workflow"], world.reference),
    }


def with_verdicts(rows: list[Row], weeks: list[dt.date], pools: Pools, world: World) -> list[Row]:
    """kpis.md, Target: only cohort `all` cells of headline and leading KPIs have baseline, target, status, owner."""
    baselines: dict[tuple[str, str], float | None] = {}
    for row in rows:
        if row["cohort_dimension"] != "all" or row["tier"] == "diagnostic":
            row.update(NO_VERDICT)
            continue
        key = row["kpi_id"], row["workflow"]
        if key not in baselines:
            baselines[key] = baseline_value(KPIS[row["kpi_id"]], row["workflow"], weeks, pools, world)
        row.update(verdict(row, baselines[key], world))
    return rows


# ---------------------------------------------------------------------------------------------------------------------
# Alerts
# ---------------------------------------------------------------------------------------------------------------------

ALERT_Z = 2.576


def newcombe(successes: float, n: float, z: float = ALERT_Z) -> tuple[float, float]:
    """kpis.md, Alerts: Newcombe (1998), Statistics in Medicine 17, method 4: Wilson with continuity correction."""
    p = successes / n
    q = 1 - p
    base = 2 * n * p + z * z
    width = 2 * (n + z * z)
    low, high = 0.0, 1.0  # by definition where there is no success, or nothing but successes
    if successes > 0:
        low = (base - 1 - z * math.sqrt(z * z - 2 - 1 / n + 4 * p * (n * q + 1))) / width
    if successes < n:
        high = (base + 1 + z * math.sqrt(z * z + 2 - 1 / n + 4 * p * (n * q - 1))) / width
    return low, high


def trailing_weeks(definition: Kpi, week: dt.date, workflow: str, weeks: list[dt.date], world: World) -> list[dt.date]:
    """kpis.md, Alerts: of the `baseline_weeks` listed weeks directly before a week, those not provisional."""
    window = [week - WEEK * number for number in range(1, world.settings.baseline_weeks + 1)]
    return [
        earlier
        for earlier in window
        if earlier in weeks and not is_provisional(definition, earlier, workflow, world.reference, world.settings)
    ]


def trailing(row: Row, weeks: list[dt.date], pools: Pools, world: World) -> float | None:
    """kpis.md, Alerts: the KPI pooled over these weeks; None unless 3 of them have a denominator above 0."""
    definition = KPIS[row["kpi_id"]]
    window = trailing_weeks(definition, row["week_start"], row["workflow"], weeks, world)
    filled = [
        week
        for week in window
        if total(unit["denominator"] for unit in pools.get((row["kpi_id"], row["workflow"], week), [])) > 0
    ]
    return pooled_value(definition, row["workflow"], window, pools) if len(filled) >= 3 else None


def alert_reference(rule: Row, row: Row, weeks: list[dt.date], pools: Pools, world: World) -> float | None:
    """kpis.md, Alerts: `amount`, or `trailing`; None where the rule is silent."""
    if rule["kind"] in ("below", "above"):
        return float(rule["amount"])
    if KPIS[rule["kpi_id"]].fraction is not None:
        return None
    return trailing(row, weeks, pools, world)


def is_breached(rule: Row, value: float, reference: float) -> bool:
    """kpis.md, Alerts: below and above strictly, drop and rise also when equal; rounded."""
    amount = float(rule["amount"])
    if rule["kind"] == "below":
        return is_less(value, amount)
    if rule["kind"] == "above":
        return is_less(amount, value)
    if rule["kind"] == "drop":
        return not is_less(reference - amount, value)
    return not is_less(value, reference + amount)


def chance_explains(rule: Row, row: Row, reference: float) -> bool:
    """kpis.md, Alerts: the bound of the week's rate, on the side towards the reference, reaches the reference."""
    low, high = newcombe(row["numerator"], row["denominator"])
    if rule["kind"] in ("below", "drop"):
        return not is_less(high, reference)
    return not is_less(reference, low)


def is_confirmed(rule: Row, row: Row, reference: float, world: World) -> bool:
    """kpis.md, Alerts: enough of a sample and, for a rate, not explained by chance."""
    min_sample = world.settings.min_sample if rule["min_sample"] is None else rule["min_sample"]
    if row["sample_size"] < min_sample:
        return False
    return KPIS[row["kpi_id"]].shape != "rate" or not chance_explains(rule, row, reference)


def alerts(rows: list[Row], weeks: list[dt.date], pools: Pools, world: World) -> list[Row]:
    """marts.md, `rpt_alert`: every breach of a rule in a final week with a sample, confirmed or not."""
    cells = [
        row for row in rows if row["cohort_dimension"] == "all" and not row["is_provisional"] and row["sample_size"] > 0
    ]
    found = []
    for rule in world.reference.alert_rules:
        for row in cells:
            if row["kpi_id"] != rule["kpi_id"] or row["value"] is None:
                continue
            reference = alert_reference(rule, row, weeks, pools, world)
            if reference is not None and is_breached(rule, row["value"], reference):
                found.append(
                    {
                        "rule_id": rule["rule_id"],
                        "kpi_id": row["kpi_id"],
                        "week_start": row["week_start"],
                        "workflow": row["workflow"],
                        "value": row["value"],
                        "reference": reference,
                        "sample_size": row["sample_size"],
                        "is_confirmed": is_confirmed(rule, row, reference, world),
                        "severity": rule["severity"],
                        "owner": rule["owner"],
                        "action": rule["action"],
                    }
                )
    return found


# ---------------------------------------------------------------------------------------------------------------------
# Scorecard
# ---------------------------------------------------------------------------------------------------------------------


def scorecard_weekly(rows: list[Row], weeks: list[dt.date], world: World) -> list[Row]:
    """marts.md, `rpt_scorecard_weekly`: value and status of every headline and leading KPI; NULL without a cell."""
    cells = {
        (row["week_start"], row["workflow"], row["kpi_id"]): row for row in rows if row["cohort_dimension"] == "all"
    }
    shown = [kpi_id for kpi_id, definition in KPIS.items() if definition.tier != "diagnostic"]
    scorecard = []
    for week in weeks:
        for workflow in (*world.reference.workflows, ALL_WORKFLOWS):
            line: Row = {"week_start": week, "workflow": workflow}
            for kpi_id in shown:
                found = cells.get((week, workflow, kpi_id), {})
                line[kpi_id] = found.get("value")
                line[f"{kpi_id}_status"] = found.get("status")
            scorecard.append(line)
    return scorecard


# ---------------------------------------------------------------------------------------------------------------------
# Writeback health
# ---------------------------------------------------------------------------------------------------------------------


def top_error_reason(reasons: Iterable[str | None]) -> str | None:
    """marts.md, `rpt_writeback_health_weekly`: the most frequent, the first in the alphabet (by bytes) among equals."""
    counts = Counter(reason for reason in reasons if reason is not None)
    return min(counts, key=lambda reason: (-counts[reason], reason.encode("utf-8")), default=None)


def writeback_health_weekly(world: World) -> list[Row]:
    """marts.md, `rpt_writeback_health_weekly`: weeks, systems and adapters with a first attempt."""
    reasons = defaultdict(list)
    for attempt in world.accepted["writeback_attempts"]:
        reasons[attempt["case_id"], attempt["idempotency_key"]].append(attempt["error_reason"])
    groups = defaultdict(list)
    for row in world.writebacks:
        week = local_week(row["first_attempted_at"], world.settings)
        groups[week, row["target_system"], row["adapter"]].append(row)
    return [
        {
            "week_start": week,
            "target_system": target_system,
            "adapter": adapter,
            "attempts": sum(row["attempt_count"] for row in rows),
            "logical_writebacks": len(rows),
            "settled": sum(row["is_settled"] for row in rows),
            "verified": sum(row["is_verified"] for row in rows),
            "retried": sum(row["is_retried"] for row in rows),
            "double_written": sum(row["is_double_written"] for row in rows),
            "persist_seconds_median": percentile((row["persist_seconds"] for row in rows if row["is_verified"]), 0.5),
            "persist_seconds_p90": percentile((row["persist_seconds"] for row in rows if row["is_verified"]), 0.9),
            "top_error_reason": top_error_reason(
                reason for row in rows for reason in reasons[row["case_id"], row["idempotency_key"]]
            ),
        }
        for (week, target_system, adapter), rows in groups.items()
    ]


# ---------------------------------------------------------------------------------------------------------------------
# Cases at risk
# ---------------------------------------------------------------------------------------------------------------------


def is_at_risk(case: Row, settings: Settings) -> bool:
    """marts.md, `rpt_case_at_risk`: open, not yet due, and at least half of its time used."""
    if case["is_resolved"] or case["is_due"]:
        return False
    term = case["due_at"] - case["triggered_at"]
    return term > dt.timedelta(0) and 2 * (settings.as_of - case["triggered_at"]) >= term


def cases_at_risk(world: World) -> list[Row]:
    """marts.md, `rpt_case_at_risk`: it waits for the stage that follows its own."""
    as_of = world.settings.as_of
    return [
        {
            "case_id": case["case_id"],
            "workflow": case["workflow"],
            "due_at": case["due_at"],
            "minutes_left": minutes_between(as_of, case["due_at"]),
            "share_of_sla_used": (as_of - case["triggered_at"]) / (case["due_at"] - case["triggered_at"]),
            "stage": case["stage"],
            "waiting_for": STAGES[STAGES.index(case["stage"]) + 1],
        }
        for case in world.cases.values()
        if is_at_risk(case, world.settings)
    ]


# ---------------------------------------------------------------------------------------------------------------------
# Manual effort
# ---------------------------------------------------------------------------------------------------------------------


def manual_effort_of(touches: list[Row], resolved_cases: int, world: World) -> Row:
    """marts.md, `rpt_manual_effort_monthly`: one row's figures; a touch without a rate adds nothing to a cost."""
    rates = [latest_rate("agent", None, local_date(touch["occurred_at"], world.settings), world) for touch in touches]
    priced = [(touch, rate) for touch, rate in zip(touches, rates, strict=True) if rate is not None]
    return {
        "touches": len(touches),
        "handoffs": sum(touch["handoffs"] for touch in touches),
        "logins": sum(touch["logins"] for touch in touches),
        "handle_minutes": total(touch["handle_minutes"] for touch in touches),
        "wrap_up_minutes": total(touch["wrap_up_minutes"] for touch in touches),
        "agent_cost": total((touch["handle_minutes"] + touch["wrap_up_minutes"]) * rate for touch, rate in priced),
        "wrap_up_cost": total(touch["wrap_up_minutes"] * rate for touch, rate in priced),
        "preventable_touches": sum(touch["exception_id"] is None for touch in touches),
        "resolved_cases": resolved_cases,
    }


def manual_effort_monthly(world: World) -> list[Row]:
    """marts.md, `rpt_manual_effort_monthly`: months and workflows with a touch (by its start) or a resolved case."""

    def cell(case_id: str, moment: dt.datetime) -> tuple[dt.date, str]:
        return first_of_month(local_date(moment, world.settings)), world.cases[case_id]["workflow"]

    touches = defaultdict(list)
    for touch in world.accepted["agent_touches"]:
        touches[cell(touch["case_id"], touch["occurred_at"])].append(touch)
    resolved = Counter(cell(case["case_id"], case["resolved_at"]) for case in world.cases.values() if is_resolved(case))
    return [
        {
            "month": month,
            "workflow": workflow,
            **manual_effort_of(touches[month, workflow], resolved[month, workflow], world),
        }
        for month, workflow in {**dict.fromkeys(touches), **dict.fromkeys(resolved)}
    ]


# ---------------------------------------------------------------------------------------------------------------------
# Funnel
# ---------------------------------------------------------------------------------------------------------------------


def has_reached(case: Row, stage: str) -> bool:
    """journey.md, Funnel: that stage's own event or any later stage's."""
    return any(case[STAGE_EVENT[later]] is not None for later in STAGES[STAGES.index(stage) :])


def median_from_trigger(cases: list[Row], stage: str) -> float | None:
    """marts.md, `rpt_funnel_weekly`: over cases that have the stage's own event; negative minutes count."""
    event = STAGE_EVENT[stage]
    return percentile(
        (minutes_between(case["triggered_at"], case[event]) for case in cases if case[event] is not None), 0.5
    )


def share(part: int, whole: int) -> float | None:
    """README.md, principle 5: zero denominator is NULL."""
    return part / whole if whole else None


def funnel_stages(cases: list[Row]) -> list[Row]:
    """marts.md, `rpt_funnel_weekly`: the five stages of one cell."""
    counts = [sum(has_reached(case, stage) for case in cases) for stage in STAGES]
    return [
        {
            "stage_number": number + 1,
            "stage": stage,
            "cases": counts[number],
            "share_of_triggered": share(counts[number], len(cases)),
            "share_of_previous": None if number == 0 else share(counts[number], counts[number - 1]),
            "median_minutes_from_trigger": median_from_trigger(cases, stage),
        }
        for number, stage in enumerate(STAGES)
    ]


def funnel_weekly(weeks: list[dt.date], world: World) -> list[Row]:
    """marts.md, `rpt_funnel_weekly`: cohort `all` in every week; others where a case was triggered."""
    cells: dict[tuple, list[Row]] = defaultdict(list)
    for week in weeks:
        for workflow in (*world.reference.workflows, ALL_WORKFLOWS):
            cells[week, workflow, "all", "all"] = []
    for case in world.cases.values():
        for cell in cells_of(case):
            cells[(local_week(case["triggered_at"], world.settings), *cell)].append(case)
    return [
        {
            "week_start": week,
            "workflow": workflow,
            "cohort_dimension": dimension,
            "cohort_value": value,
            **stage,
        }
        for (week, workflow, dimension, value), cases in cells.items()
        for stage in funnel_stages(cases)
    ]


# ---------------------------------------------------------------------------------------------------------------------
# Everything
# ---------------------------------------------------------------------------------------------------------------------


def build(events: Tables, reference: Tables, variables: Row) -> Tables:
    """marts.md: the public tables that the oracle covers, from raw events, reference tables and dbt vars."""
    settings = settings_from(events, variables)
    tables = reference_from(reference)
    ended = sort_rows(events, tables, settings)
    world = build_world(ended.accepted, tables, settings)
    units = contributions(world)
    weeks = published_weeks(units, settings)
    pools = pools_of(units)
    cells = with_verdicts(kpi_weekly(units, weeks, world), weeks, pools, world)
    return {
        "fct_case_journey": list(world.cases.values()),
        "fct_writeback": world.writebacks,
        "fct_exception": world.exceptions,
        "fct_message": world.messages,
        "fct_charge": world.charges,
        "fct_kpi_contribution": units,
        "rpt_kpi_weekly": cells,
        "rpt_scorecard_weekly": scorecard_weekly(cells, weeks, world),
        "rpt_funnel_weekly": funnel_weekly(weeks, world),
        "rpt_writeback_health_weekly": writeback_health_weekly(world),
        "rpt_alert": alerts(cells, weeks, pools, world),
        "rpt_case_at_risk": cases_at_risk(world),
        "rpt_manual_effort_monthly": manual_effort_monthly(world),
        "rpt_integrity_violation": integrity_violations(world),
        "rpt_quarantined_event": quarantined_events(ended),
        "rpt_row_reconciliation": row_reconciliation(ended),
    }
