"""Reference implementation (oracle) of the definitions, in plain Python.

It shares no code with the dbt project and was written from the definitions in words alone, so that an agreement of the two
says something. Every function names the rule, the table or the kind of KPI that it implements (docs/reference has them in words).
Clear and slow: a few thousand events at most.

Use: ``build(events, reference, variables)`` gives the public tables as lists of dicts. What `reference` lacks is empty:
pass ``{**seed_reference(root), **reference}`` where the project falls back to its own seeds. Without a table `time_zones`
every IANA name that Python knows is in the list.
"""

from __future__ import annotations

import csv
import datetime as dt
import decimal
import math
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, available_timezones

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
    """One column of the raw contract (Event tables)."""

    kind: str  # text, timestamp, boolean, integer, double, money
    nullable: bool = False
    allowed: tuple[str, ...] = ()


def _text(*allowed: str) -> Column:
    """A text column, with its listed set if it has one (Event tables)."""
    return Column("text", False, allowed)


def _optional_text(*allowed: str) -> Column:
    """A text column marked `*`, with its listed set (Event tables)."""
    return Column("text", True, allowed)


OPTIONAL_TEXT = Column("text", True)
TIMESTAMP = Column("timestamp")
OPTIONAL_TIMESTAMP = Column("timestamp", True)
BOOLEAN = Column("boolean")
INTEGER = Column("integer")
MONEY = Column("money")
OPTIONAL_BOOLEAN = Column("boolean", True)
OPTIONAL_INTEGER = Column("integer", True)
OPTIONAL_DOUBLE = Column("double", True)
OPTIONAL_MONEY = Column("money", True)

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
        "due_at": OPTIONAL_TIMESTAMP,
        "customer_timezone": OPTIONAL_TEXT,
        "amount_due": OPTIONAL_MONEY,
        "currency": OPTIONAL_TEXT,
        "variant": OPTIONAL_TEXT,
    },
    "case_closures": {
        "kind": _text("closed", "reopened"),
        "reason": _optional_text("withdrawn", "rejected", "cancelled", "written_off", "expired", "duplicate"),
        "actor": _text("customer", "agent", "system"),
    },
    "message_events": {
        "message_id": _text(),
        "channel": _text("sms", "email", "whatsapp", "rcs", "push", "chat", "voice", "letter", "portal"),
        "status": _text("sent", "delivered", "opened", "clicked", "failed"),
        "is_fallback": BOOLEAN,
    },
    "identity_checks": {
        "method": _text("otp", "knowledge", "document", "biometric"),
        "outcome": _text("passed", "failed", "abandoned"),
    },
    "action_events": {
        "message_id": OPTIONAL_TEXT,
        "action": _text(
            *("pay", "plan", "update_card", "confirm_details", "upload_document", "attest", "sign", "select", "other")
        ),
        "step": _text("started", "progressed", "ineligible", "failed", "abandoned", "completed"),
        "actor": _text("customer", "agent"),
        "actor_ref": OPTIONAL_TEXT,
        "error_reason": OPTIONAL_TEXT,
    },
    "writeback_attempts": {
        "idempotency_key": _text(),
        "attempt_number": INTEGER,
        "target_system": _text(),
        "adapter": _optional_text("rest", "soap", "webhook", "queue", "batch", "file", "other"),
        "status": _text("accepted", "failed", "timed_out"),
        "fields_required": OPTIONAL_INTEGER,
        "error_reason": OPTIONAL_TEXT,
    },
    "writeback_acks": {
        "idempotency_key": _text(),
        "ack_id": _text(),
        "outcome": _text("persisted", "rejected", "reversed"),
        "fields_persisted": OPTIONAL_INTEGER,
    },
    "exceptions": {
        "reason": _text(),
        "has_context": OPTIONAL_BOOLEAN,
    },
    "agent_touches": {
        "exception_id": OPTIONAL_TEXT,
        "agent_ref": _text(),
        "ended_at": OPTIONAL_TIMESTAMP,
        "outcome": _text("resolved", "returned", "transferred"),
        "handle_minutes": OPTIONAL_DOUBLE,
        "wrap_up_minutes": OPTIONAL_DOUBLE,
        "logins": OPTIONAL_INTEGER,
        "handoffs": OPTIONAL_INTEGER,
        "copy_pastes": OPTIONAL_INTEGER,
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
        "decline_reason": OPTIONAL_TEXT,
    },
}

EVENT_TABLES = tuple(OWN_COLUMNS)
CONTRACT: dict[str, dict[str, Column]] = {table: {**SHARED_COLUMNS, **own} for table, own in OWN_COLUMNS.items()}

# Case: `workflow` … `source_system`, `customer_timezone`, `variant`, as they are; `due_at` and `amount_due` by
# rules of their own, `currency` not at all.
TRIGGER_ATTRIBUTES = tuple(
    name for name in OWN_COLUMNS["case_triggers"] if name not in ("due_at", "amount_due", "currency")
)

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

# Case, `is_evidence_complete`: the types that a workflow can require, by the flag `requires_<type>`.
REQUIRED_EVIDENCE = ("consent", "identity", "document", "attestation")

# Policy rules, `quiet_hours_contact`: they disturb nobody.
SILENT_CHANNELS = ("letter", "portal")

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
    """The dbt vars (dbt vars), typed; `as_of` is None only when nothing at all was ever loaded."""

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
    """A var given as text, date or timestamp, as a naive UTC timestamp (dbt vars)."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        value = dt.datetime.fromisoformat(value)
    if isinstance(value, dt.datetime):
        return value
    return dt.datetime(value.year, value.month, value.day)


def default_as_of(events: Tables) -> dt.datetime | None:
    """Shared rules: by default the greatest `loaded_at` over all event tables (good and bad rows alike) before 2100-01-01."""
    loads = [row["loaded_at"] for table in EVENT_TABLES for row in events.get(table, ())]
    return max((load for load in loads if load is not None and load < dt.datetime(2100, 1, 1)), default=None)


def settings_from(events: Tables, variables: Row) -> Settings:
    """Dbt vars: defaults filled in."""
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
    """Dbt vars: `reporting_timezone` decides dates, weeks, months, business days, quiet hours."""
    return moment.replace(tzinfo=dt.UTC).astimezone(timezone)


@lru_cache(maxsize=200_000)
def local_midnight(date: dt.date, timezone: ZoneInfo) -> dt.datetime:
    """The UTC moment at which a local date begins (From events to cases)."""
    midnight = dt.datetime(date.year, date.month, date.day, tzinfo=timezone)
    return midnight.astimezone(dt.UTC).replace(tzinfo=None)


def local_date(moment: dt.datetime, settings: Settings) -> dt.date:
    """Dates are local to the reporting timezone."""
    return to_local(moment, settings.timezone).date()


def monday_of(date: dt.date) -> dt.date:
    """First paragraph: a week begins on Monday."""
    return date - dt.timedelta(days=date.weekday())


def local_week(moment: dt.datetime, settings: Settings) -> dt.date:
    """First paragraph: the local week (Monday) of a clock."""
    return monday_of(local_date(moment, settings))


def first_of_month(date: dt.date) -> dt.date:
    """Reference tables, `fixed_costs`: a month is named by its first day."""
    return date.replace(day=1)


def next_month(date: dt.date) -> dt.date:
    """The first day of the month after the one that holds `date` (Charge)."""
    return (date.replace(day=1) + dt.timedelta(days=32)).replace(day=1)


def seconds_between(start: dt.datetime, end: dt.datetime) -> float:
    """From events to cases: durations are elapsed time."""
    return (end - start) / dt.timedelta(seconds=1)


def minutes_between(start: dt.datetime, end: dt.datetime) -> float:
    """From events to cases: seconds / 60."""
    return seconds_between(start, end) / 60


# ---------------------------------------------------------------------------------------------------------------------
# Reference tables
# ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reference:
    """The reference tables that decide figures and verdicts (Reference tables)."""

    workflows: dict[str, Row]
    cost_rates: list[Row]
    fixed_costs: list[Row]
    fx_rates: list[Row]
    holidays: frozenset[dt.date]
    targets: dict[tuple[str, str], list[Row]]  # by KPI and workflow (or `*`)
    alert_rules: list[Row]
    directions: dict[str, str]  # of the catalogue: by KPI, `higher` or `lower`
    holiday_names: dict[dt.date, str]
    signal_rules: list[Row]
    step_minutes: dict[str, float]  # of `manual_steps`: by step
    changes: list[Row]
    fixes: list[Row]
    catalog: list[Row]
    time_zones: Collection[str]


def empty_to_null(row: Row) -> Row:
    """Shared rules: an empty string counts as null in every text column."""
    return {name: None if value == "" and isinstance(value, str) else value for name, value in row.items()}


def reference_from(reference: Tables) -> Reference:
    """Reference tables."""
    tables = {name: [empty_to_null(row) for row in rows] for name, rows in reference.items()}
    targets = defaultdict(list)
    for row in tables.get("kpi_targets", []):
        targets[row["kpi_id"], row["workflow"]].append(row)
    zones = {row["timezone"] for row in tables.get("time_zones", [])}
    return Reference(
        workflows={row["workflow"]: row for row in tables.get("workflows", [])},
        cost_rates=tables.get("cost_rates", []),
        fixed_costs=tables.get("fixed_costs", []),
        fx_rates=tables.get("fx_rates", []),
        holidays=frozenset(row["holiday_date"] for row in tables.get("business_holidays", [])),
        targets=targets,
        alert_rules=tables.get("alert_rules", []),
        directions={row["kpi_id"]: row["direction"] for row in tables.get("kpi_catalog", []) if row["direction"]},
        holiday_names={
            row["holiday_date"]: row["name"] for row in reversed(sorted(tables.get("business_holidays", []), key=repr))
        },
        signal_rules=tables.get("signal_rules", []),
        step_minutes={row["step"]: float(row["minutes"]) for row in tables.get("manual_steps", [])},
        changes=tables.get("changes", []),
        fixes=tables.get("fixes", []),
        catalog=tables.get("kpi_catalog", []),
        time_zones=zones if "time_zones" in tables else available_timezones(),
    )


_DATE = dt.date.fromisoformat

SEED_TYPES: dict[str, dict[str, Callable[[str], Any]]] = {
    "kpi_targets": {"target": float, "red_flag": float, "valid_from": _DATE, "valid_to": _DATE, "due_date": _DATE},
    "alert_rules": {"amount": float, "min_sample": int},
    "kpi_catalog": {"display_order": int},
    "signal_rules": {"odds_ratio": float, "false_alarms_per_year": float},
    "manual_steps": {"minutes": float},
    "changes": {"changed_on": _DATE},
    "fixes": {"engineering_hours": float},
    "time_zones": {},
}


def seed_reference(root: str | os.PathLike[str]) -> Tables:
    """Where the tables come from: the verdict tables of the project's own seeds, typed.

    `root` is the folder of the project. An empty field is null, as everywhere; a seed that is not there is left out.
    With events of one's own only `kpi_catalog`, `manual_steps` and the list of time zones come from the seeds.
    """
    tables: Tables = {}
    for table, types in SEED_TYPES.items():
        path = os.path.join(root, "seeds", "reference", f"{table}.csv")
        if not os.path.exists(path):
            continue
        with open(path, encoding="utf-8", newline="") as file:
            tables[table] = [
                {name: types.get(name, str)(text) if text else None for name, text in row.items()}
                for row in csv.DictReader(file)
            ]
    return tables


def fx_rate(currency: str, date: dt.date, reference: Reference, settings: Settings) -> float | None:
    """Dbt vars (last paragraph): the rate of the latest `valid_from` on or before the date.

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


def read_row(table: str, row: Row) -> Row:
    """Shared rules, Where the tables come from: an absent column marked `*` counts as null, as does empty text."""
    absent = {name: None for name, column in OWN_COLUMNS[table].items() if column.nullable}
    return absent | empty_to_null(row)


def is_visible(row: Row, settings: Settings) -> bool:
    """Shared rules: rows with `loaded_at > as_of` do not exist; a row without `loaded_at` is visible."""
    return row["loaded_at"] is None or (settings.as_of is not None and row["loaded_at"] <= settings.as_of)


def is_missing_key(row: Row) -> bool:
    """What happens to each raw row: `missing_key`."""
    return row["event_id"] is None or row["case_id"] is None


def is_missing_timestamp(row: Row) -> bool:
    """What happens to each raw row: `missing_timestamp`."""
    return row["occurred_at"] is None or row["loaded_at"] is None


def is_from_the_future(row: Row, settings: Settings) -> bool:
    """What happens to each raw row: `from_the_future`."""
    moments = (row["occurred_at"], row.get("ended_at"))
    return any(moment is not None and moment - row["loaded_at"] > settings.clock_skew for moment in moments)


def is_before_history(row: Row, settings: Settings) -> bool:
    """What happens to each raw row: `before_history`."""
    return row["occurred_at"] < settings.history_start


def has_missing_value(table: str, row: Row) -> bool:
    """What happens to each raw row: `invalid_value`, a column not marked `*` is null."""
    return any(row[name] is None for name, column in OWN_COLUMNS[table].items() if not column.nullable)


def has_unlisted_value(table: str, row: Row) -> bool:
    """What happens to each raw row: `invalid_value`, a value outside its listed set."""
    return any(
        column.allowed and row[name] is not None and row[name] not in column.allowed
        for name, column in OWN_COLUMNS[table].items()
    )


def has_bad_number(table: str, row: Row) -> bool:
    """What happens to each raw row: `invalid_value`, a negative number.

    NaN and infinite doubles are invalid as well (reading decided by the owner).
    """
    numbers = [
        row[name]
        for name, column in OWN_COLUMNS[table].items()
        if column.kind in ("integer", "double", "money") and row[name] is not None
    ]
    return any(not math.isfinite(number) or number < 0 for number in numbers)


def is_beyond_bounds(table: str, row: Row) -> bool:
    """What happens to each raw row: `invalid_value`, a touch's minutes over 100,000, any integer over 1,000,000,000."""
    limits = {"integer": 1_000_000_000} | ({"double": 100_000} if table == "agent_touches" else {})
    return any(
        row[name] is not None and row[name] > limits[column.kind]
        for name, column in OWN_COLUMNS[table].items()
        if column.kind in limits
    )


def has_bad_attempt_number(row: Row) -> bool:
    """What happens to each raw row: `invalid_value`, `attempt_number < 1`."""
    return row.get("attempt_number") is not None and row["attempt_number"] < 1


def ends_before_it_starts(row: Row) -> bool:
    """What happens to each raw row: `invalid_value`, `ended_at < occurred_at`."""
    return row.get("ended_at") is not None and row["ended_at"] < row["occurred_at"]


def is_due_before_it_starts(table: str, row: Row) -> bool:
    """What happens to each raw row: `invalid_value`, `due_at` earlier than `occurred_at`."""
    return table == "case_triggers" and row["due_at"] is not None and row["due_at"] < row["occurred_at"]


def has_unknown_timezone(table: str, row: Row, reference: Reference) -> bool:
    """What happens to each raw row: `invalid_value`, a `customer_timezone` that is not in the list."""
    zone = row["customer_timezone"] if table == "case_triggers" else None
    return zone is not None and zone not in reference.time_zones


def is_invalid_value(table: str, row: Row, reference: Reference) -> bool:
    """What happens to each raw row: `invalid_value`."""
    return (
        has_missing_value(table, row)
        or has_unlisted_value(table, row)
        or has_bad_number(table, row)
        or is_beyond_bounds(table, row)
        or has_bad_attempt_number(row)
        or ends_before_it_starts(row)
        or is_due_before_it_starts(table, row)
        or has_unknown_timezone(table, row, reference)
    )


def is_unknown_workflow(table: str, row: Row, reference: Reference) -> bool:
    """What happens to each raw row: `unknown_workflow` (triggers)."""
    return table == "case_triggers" and row["workflow"] not in reference.workflows


def is_unknown_currency(table: str, row: Row, reference: Reference, settings: Settings) -> bool:
    """What happens to each raw row: `unknown_currency` (no rate on the event's local date).

    Payments, and triggers with an `amount_due`; there no currency is the reporting currency.
    """
    if table == "case_triggers" and row["amount_due"] is not None:
        currency = row["currency"] or settings.currency
    elif table == "payments":
        currency = row["currency"]
    else:
        return False
    return fx_rate(currency, local_date(row["occurred_at"], settings), reference, settings) is None


def quarantine_reason(table: str, row: Row, reference: Reference, settings: Settings) -> str | None:
    """What happens to each raw row, step 1: the first test that holds is the reason."""
    if is_missing_key(row):
        return "missing_key"
    if is_missing_timestamp(row):
        return "missing_timestamp"
    if is_from_the_future(row, settings):
        return "from_the_future"
    if is_before_history(row, settings):
        return "before_history"
    if is_invalid_value(table, row, reference):
        return "invalid_value"
    if is_unknown_workflow(table, row, reference):
        return "unknown_workflow"
    if is_unknown_currency(table, row, reference, settings):
        return "unknown_currency"
    return None


def delivery_order(row: Row) -> tuple:
    """What happens to each raw row, step 2: smallest (`loaded_at`, `occurred_at`, `case_id`).

    The definitions say no more; the payload comes last only to make the oracle itself independent of row order.
    """
    payload = tuple(f"{name}={row[name]!r}" for name in sorted(row))
    return (row["loaded_at"], row["occurred_at"], row["case_id"], payload)


def deduplicate(rows: Iterable[Row]) -> tuple[list[Row], list[Row]]:
    """What happens to each raw row, step 2: (kept, duplicates), one kept per `event_id`."""
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
    """What happens to each raw row, step 3: `orphan_reference`."""
    if table == "writeback_acks":
        return (row["case_id"], row["idempotency_key"]) not in attempts
    if table == "agent_touches" and row["exception_id"] is not None:
        return (row["case_id"], row["exception_id"]) not in exceptions
    return False


@dataclass
class Sorted:
    """Where every visible raw row ended (What happens to each raw row)."""

    raw: dict[str, int]
    accepted: Tables
    duplicate: Tables
    quarantined: dict[str, list[tuple[str, Row]]]


def separate_orphans(kept: Tables) -> tuple[Tables, dict[str, list[tuple[str, Row]]]]:
    """What happens to each raw row, step 3: `orphan_case`, then `orphan_reference`."""
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
    """What happens to each raw row: exactly one of accepted, duplicate, quarantined."""
    raw: dict[str, int] = {}
    kept: Tables = {}
    duplicate: Tables = {}
    quarantined: dict[str, list[tuple[str, Row]]] = {}
    for table in EVENT_TABLES:
        visible = [read_row(table, row) for row in events.get(table, ()) if is_visible(row, settings)]
        judged = [(quarantine_reason(table, row, reference, settings), row) for row in visible]
        raw[table] = len(visible)
        quarantined[table] = [(reason, row) for reason, row in judged if reason is not None]
        kept[table], duplicate[table] = deduplicate(row for reason, row in judged if reason is None)
    accepted, orphans = separate_orphans(kept)
    for table in EVENT_TABLES:
        quarantined[table] += orphans[table]
    return Sorted(raw, accepted, duplicate, quarantined)


def quarantined_events(ended: Sorted) -> list[Row]:
    """`rpt_quarantined_event` (without `row_json`)."""
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
    """`rpt_row_reconciliation`; README.md, principle 2."""
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
    """From events to cases: by time, ties broken by `event_id`, ascending.

    Text is compared byte by byte (Shared rules): the order of code points is the order of UTF-8 bytes.
    """
    return sorted(rows, key=lambda row: (row["occurred_at"], row["event_id"].encode("utf-8")))


def earliest(rows: Iterable[Row]) -> dt.datetime | None:
    """The time of the earliest of some events, None if there is none."""
    return min((row["occurred_at"] for row in rows), default=None)


def total(values: Iterable[Any]) -> float:
    """Charge: null adds nothing to a sum; a sum of nothing is 0."""
    return math.fsum(float(value) for value in values if value is not None)


def known_total(values: Iterable[Any]) -> float | None:
    """Case, `agent_minutes`; Money: the unknown is left out; None where there is something, all unknown."""
    given = list(values)
    known = [value for value in given if value is not None]
    return None if given and not known else total(known)


def by_case(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Case: the events of each case, in order."""
    grouped = defaultdict(list)
    for row in in_order(rows):
        grouped[row["case_id"]].append(row)
    return grouped


def percentile(values: Iterable[float], fraction: float) -> float | None:
    """Cells: percentile by linear interpolation (`percentile_cont`); None of nothing."""
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


def has_enough_fields(ack: Row, first_attempt: Row) -> bool:
    """Logical writeback, sufficient: enough fields, of which an unknown number proves nothing.

    Where it is unknown how many are required any number will do, also an unknown one ("where only `fields_persisted` is null").
    """
    if first_attempt["fields_required"] is None:
        return True
    return ack["fields_persisted"] is not None and ack["fields_persisted"] >= first_attempt["fields_required"]


def sufficient_acks(first_attempt: Row, acks: list[Row]) -> list[Row]:
    """Logical writeback: sufficient."""
    return [
        ack
        for ack in acks
        if ack["outcome"] == "persisted"
        and ack["occurred_at"] >= first_attempt["occurred_at"]
        and has_enough_fields(ack, first_attempt)
    ]


def reversed_at(first_verified: dt.datetime | None, acks: list[Row]) -> dt.datetime | None:
    """Logical writeback: `reversed_at`, the latest that is later than the first verification."""
    if first_verified is None:
        return None
    reversals = [ack["occurred_at"] for ack in acks if ack["outcome"] == "reversed"]
    return max((moment for moment in reversals if moment > first_verified), default=None)


def stretches(acks: list[Row]) -> list[list[Row]]:
    """Logical writeback: the acknowledgements between reversals; at equal times the reversal comes first."""
    found: list[list[Row]] = [[]]
    for ack in sorted(acks, key=lambda ack: (ack["occurred_at"], ack["outcome"] != "reversed")):
        if ack["outcome"] == "reversed":
            found.append([])
        else:
            found[-1].append(ack)
    return found


def is_double_written(acks: list[Row]) -> bool:
    """Logical writeback: more than one distinct `ack_id` with outcome `persisted` within one stretch."""
    return any(
        len({ack["ack_id"] for ack in stretch if ack["outcome"] == "persisted"}) > 1 for stretch in stretches(acks)
    )


def last_error_reason(attempts: list[Row]) -> str | None:
    """Logical writeback: of the last attempt that has one."""
    reasons = [attempt["error_reason"] for attempt in attempts if attempt["error_reason"] is not None]
    return reasons[-1] if reasons else None


def build_writeback(attempts: list[Row], acks: list[Row], settings: Settings) -> Row:
    """Logical writeback: one row; `attempts` in order."""
    first, last = attempts[0], attempts[-1]
    sufficient = sufficient_acks(first, acks)
    first_verified = earliest(sufficient)
    undone = reversed_at(first_verified, acks)
    verified = earliest(ack for ack in sufficient if undone is None or ack["occurred_at"] > undone)
    return {
        "case_id": first["case_id"],
        "idempotency_key": first["idempotency_key"],
        "first_attempted_at": first["occurred_at"],
        "last_attempted_at": last["occurred_at"],
        "attempt_count": len(attempts),
        "target_system": first["target_system"],
        "adapter": first["adapter"],
        "fields_required": first["fields_required"],
        "first_verified_at": first_verified,
        "was_verified": first_verified is not None,
        "reversed_at": undone,
        "is_reversed": undone is not None,
        "verified_at": verified,
        "is_verified": verified is not None,
        "persist_seconds": None if first_verified is None else seconds_between(first["occurred_at"], first_verified),
        "is_settled": first_verified is not None or last["occurred_at"] + settings.writeback_timeout <= settings.as_of,
        "is_retried": len(attempts) > 1,
        "is_double_written": is_double_written(acks),
        "last_error_reason": last_error_reason(attempts),
    }


def build_writebacks(accepted: Tables, settings: Settings) -> list[Row]:
    """Logical writeback: one row per (`case_id`, `idempotency_key`) with an attempt."""
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
    """Exception: one row; `touches` are those that name it, in order of start."""
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
    """Exception: one row per accepted `exceptions.event_id`."""
    touches = defaultdict(list)
    for row in in_order(accepted["agent_touches"]):
        if row["exception_id"] is not None:
            touches[row["exception_id"]].append(row)
    return [build_exception(row, touches[row["event_id"]]) for row in accepted["exceptions"]]


# ---------------------------------------------------------------------------------------------------------------------
# Message
# ---------------------------------------------------------------------------------------------------------------------


def build_message(events: list[Row], customer_actions: list[Row]) -> Row:
    """Message: one row; `events` and the customer's actions that name it, in order."""

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
    """Message: one row per `message_id` within its case, where a message event names it."""
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
    """Everything that belongs to one case, each list in order (Case)."""

    triggers: list[Row]
    closures: list[Row]
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
        """Case: action events by the customer."""
        return [row for row in self.actions if row["actor"] == "customer"]


def counted_checks(checks: list[Row]) -> list[Row]:
    """Case: identity checks up to and including the first that passed (all if none passed)."""
    counted = []
    for check in checks:
        counted.append(check)
        if check["outcome"] == "passed":
            break
    return counted


def resolved_at(writebacks: list[Row]) -> dt.datetime | None:
    """Case: the greatest `verified_at` where there is a writeback and all are verified."""
    if not writebacks or not all(writeback["is_verified"] for writeback in writebacks):
        return None
    return max(writeback["verified_at"] for writeback in writebacks)


def signed_payment(payment: Row, reference: Reference, settings: Settings) -> float:
    """Case: succeeded minus refunded, in reporting currency by the event's own local date."""
    sign = {"succeeded": 1, "refunded": -1, "failed": 0}[payment["status"]]
    if sign == 0:
        return 0.0
    rate = fx_rate(payment["currency"], local_date(payment["occurred_at"], settings), reference, settings)
    assert rate is not None, "a payment without a rate was quarantined"
    return sign * float(payment["amount"]) * rate


def net_collected(payments: list[Row], reference: Reference, settings: Settings) -> float:
    """Case: `net_collected` of some payment events."""
    return total(signed_payment(payment, reference, settings) for payment in payments)


def known_minutes(touch: Row) -> float | None:
    """Case, `agent_minutes`: what is known of `handle_minutes + wrap_up_minutes`; None where neither is."""
    return known_total((touch["handle_minutes"], touch["wrap_up_minutes"]))


def amount_due(trigger: Row, reference: Reference, settings: Settings) -> float | None:
    """Case: `amount_due` in reporting currency by the trigger's local date."""
    if trigger["amount_due"] is None:
        return None
    date = local_date(trigger["occurred_at"], settings)
    rate = fx_rate(trigger["currency"] or settings.currency, date, reference, settings)
    assert rate is not None, "a trigger without a rate was quarantined"
    return float(trigger["amount_due"]) * rate


def closing_event(closures: list[Row]) -> Row | None:
    """Case, `closed_at`: the latest closure event, where it is `closed`, whatever came before."""
    return closures[-1] if closures and closures[-1]["kind"] == "closed" else None


def resolution_path(case: Row) -> str:
    """Case: `resolution_path`, the five ways a case ends or goes on."""
    if case["is_automated"]:
        return "in_message"
    if case["is_resolved"]:
        return "assisted" if case["is_agent_touched"] else "self_cured"
    return "closed" if case["closed_at"] is not None else "open"


def resolution_minutes(triggered: dt.datetime, resolved: dt.datetime | None) -> float | None:
    """Case: null when not resolved or negative."""
    if resolved is None or resolved < triggered:
        return None
    return minutes_between(triggered, resolved)


def is_business_day(date: dt.date, reference: Reference) -> bool:
    """SLA: Monday to Friday, not a holiday."""
    return date.weekday() < 5 and date not in reference.holidays


def business_due_date(start: dt.date, business_days: int, reference: Reference) -> dt.date:
    """SLA: count forward, the trigger's own date not counted (0 days: that date)."""
    date = start
    for _ in range(business_days):
        date += dt.timedelta(days=1)
        while not is_business_day(date, reference):
            date += dt.timedelta(days=1)
    return date


def due_at(trigger: Row, workflow: Row, reference: Reference, settings: Settings) -> dt.datetime:
    """SLA: the trigger's own `due_at`, where it has one; else by the workflow."""
    triggered = trigger["occurred_at"]
    if trigger["due_at"] is not None:
        return trigger["due_at"]
    if workflow["sla_unit"] == "hours":
        return triggered + float(workflow["sla_value"]) * HOUR
    if workflow["sla_unit"] == "days":
        return triggered + float(workflow["sla_value"]) * DAY
    last = business_due_date(local_date(triggered, settings), int(workflow["sla_value"]), reference)
    return local_midnight(last + dt.timedelta(days=1), settings.timezone)


def is_quiet_hour(hour: int, settings: Settings) -> bool:
    """Dbt vars: `quiet_hours_start`, `quiet_hours_end`."""
    start, end = settings.quiet_start, settings.quiet_end
    if start == end:
        return False
    if start > end:
        return hour >= start or hour < end
    return start <= hour < end


def quiet_hours_contact(messages: list[Row], customer_timezone: str | None, settings: Settings) -> bool:
    """Policy rules: some message was first `sent` in quiet hours, by the customer's clock if that is known."""
    timezone = settings.timezone if customer_timezone is None else ZoneInfo(customer_timezone)
    return any(
        message["sent_at"] is not None
        and message["channel"] not in SILENT_CHANNELS
        and is_quiet_hour(to_local(message["sent_at"], timezone).hour, settings)
        for message in messages
    )


def has_valid_evidence(evidence: list[Row], kind: str, by: dt.datetime | None = None) -> bool:
    """Policy rules and Case: a valid evidence item of a type, at or before a moment if one is given."""
    return any(
        item["is_valid"] and item["evidence_type"] == kind and (by is None or item["occurred_at"] <= by)
        for item in evidence
    )


def consent_missing(workflow: Row, completed: dt.datetime | None, evidence: list[Row]) -> bool:
    """Policy rules: `consent_missing`."""
    return bool(
        workflow["requires_consent"]
        and completed is not None
        and not has_valid_evidence(evidence, "consent", completed)
    )


def identity_missing(workflow: Row, completed: dt.datetime | None, passed: dt.datetime | None) -> bool:
    """Policy rules: `identity_missing`."""
    return bool(
        workflow["requires_identity"] and completed is not None and not (passed is not None and passed <= completed)
    )


def missing_when_resolved(kind: str, workflow: Row, resolved: dt.datetime | None, evidence: list[Row]) -> bool:
    """Policy rules: `document_missing`, `attestation_missing`."""
    return bool(
        workflow[f"requires_{kind}"] and resolved is not None and not has_valid_evidence(evidence, kind, resolved)
    )


def payment_missing(workflow: Row, resolved: dt.datetime | None, payments: list[Row]) -> bool:
    """Policy rules: `payment_missing`: none succeeded, by whatever flow, at or before `resolved_at`."""
    return bool(
        workflow["requires_payment"]
        and resolved is not None
        and not any(row["status"] == "succeeded" and row["occurred_at"] <= resolved for row in payments)
    )


def required_evidence(workflow: Row) -> list[str]:
    """Case, `is_evidence_complete`: the types that the workflow requires."""
    return [kind for kind in REQUIRED_EVIDENCE if workflow[f"requires_{kind}"]]


def is_evidence_complete(workflow: Row, evidence: list[Row]) -> bool | None:
    """Case: for each type that the workflow requires one valid item; null where it requires none."""
    required = required_evidence(workflow)
    return all(has_valid_evidence(evidence, kind) for kind in required) if required else None


def furthest_stage(case: Row) -> str:
    """Funnel: the furthest stage whose own event the case has."""
    return [stage for stage in STAGES if case[STAGE_EVENT[stage]] is not None][-1]


def is_due(due: dt.datetime, closed_unresolved_at: dt.datetime | None, settings: Settings) -> bool:
    """Case: `due_at <= as_of`, unless the case is closed unresolved and was by `due_at`."""
    return due <= settings.as_of and not (closed_unresolved_at is not None and closed_unresolved_at <= due)


def is_straight_through(automated: bool, exceptions: list[Row], writebacks: list[Row]) -> bool:
    """Case: automated, no exception, every writeback verified with a single attempt and never reversed.

    Reversed is meant as in Logical writeback: a reversal that comes before the verification has undone nothing.
    """
    return (
        automated
        and not exceptions
        and all(row["is_verified"] and row["attempt_count"] == 1 and not row["is_reversed"] for row in writebacks)
    )


def build_case(mine: CaseEvents, reference: Reference, settings: Settings) -> Row:
    """Case: one row per `case_id` with an accepted trigger."""
    trigger = mine.triggers[0]
    workflow = reference.workflows[trigger["workflow"]]
    triggered = trigger["occurred_at"]
    first_sent = mine.sent_events[0] if mine.sent_events else None
    sent_messages = [message for message in mine.messages if message["sent_at"] is not None]
    passed = earliest(check for check in mine.checks if check["outcome"] == "passed")
    completed = earliest(action for action in mine.customer_actions if action["step"] == "completed")
    resolved = resolved_at(mine.writebacks)
    closing = closing_event(mine.closures)
    closed = closing["occurred_at"] if closing else None
    due = due_at(trigger, workflow, reference, settings)
    case_is_due = is_due(due, closed if resolved is None else None, settings)
    touched = bool(mine.touches) or any(action["actor"] == "agent" for action in mine.actions)
    deflected = resolved is not None and not touched
    automated = deflected and completed is not None
    time_breach = case_is_due and not (resolved is not None and resolved <= due)
    policy_breach = (
        quiet_hours_contact(mine.messages, trigger["customer_timezone"], settings)
        or consent_missing(workflow, completed, mine.evidence)
        or identity_missing(workflow, completed, passed)
        or missing_when_resolved("document", workflow, resolved, mine.evidence)
        or missing_when_resolved("attestation", workflow, resolved, mine.evidence)
        or payment_missing(workflow, resolved, mine.payments)
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
        "agent_minutes": known_total(map(known_minutes, mine.touches)),
        "exception_count": len(mine.exceptions),
        "net_collected": net_collected(mine.payments, reference, settings),
        "net_collected_automated": net_collected(automated_payments, reference, settings),
        "closed_at": closed,
        "closure_reason": closing["reason"] if closing else None,
        "due_at_source": "workflow" if trigger["due_at"] is None else "case",
        "amount_due": amount_due(trigger, reference, settings),
        "is_initiated": first_sent is not None,
        "is_completed_in_message": completed is not None,
        "is_resolved": resolved is not None,
        "is_agent_touched": touched,
        "is_deflected": deflected,
        "is_automated": automated,
        "is_straight_through": is_straight_through(automated, mine.exceptions, mine.writebacks),
        "resolution_minutes": resolution_minutes(triggered, resolved),
        "due_at": due,
        "is_due": case_is_due,
        "is_time_breach": time_breach,
        "is_policy_breach": policy_breach,
        "is_sla_breached": case_is_due and (time_breach or policy_breach),
        "is_evidence_complete": is_evidence_complete(workflow, mine.evidence),
        "is_mature": triggered + float(workflow["maturity_days"]) * DAY <= settings.as_of,
    }
    case["stage"] = furthest_stage(case)
    case["resolution_path"] = resolution_path(case)
    case["is_closed_unresolved"] = case["resolution_path"] == "closed"
    return case


# ---------------------------------------------------------------------------------------------------------------------
# The world: everything of the journey, held together
# ---------------------------------------------------------------------------------------------------------------------


@dataclass
class World:
    """All rows of the journey, for charges, violations and KPIs to draw on."""

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
        """Case: the workflow of the earliest trigger."""
        return self.reference.workflows[self.cases[case_id]["workflow"]]


def build_world(accepted: Tables, reference: Reference, settings: Settings) -> World:
    """Writebacks, exceptions, messages, cases (only accepted rows count)."""
    writebacks = build_writebacks(accepted, settings)
    exceptions = build_exceptions(accepted)
    messages = build_messages(accepted)
    rows = {table: by_case(accepted[table]) for table in EVENT_TABLES}

    def of(derived: list[Row], case_id: str) -> list[Row]:
        return [row for row in derived if row["case_id"] == case_id]

    case_events = {
        case_id: CaseEvents(
            triggers=triggers,
            closures=rows["case_closures"].get(case_id, []),
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
    """Charge: rates valid on a local date; one in a currency without an fx rate that day is no rate."""
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
    """Charge: of several valid ones the latest `valid_from`, in reporting currency."""
    rates = valid_rates(category, channel, date, world)
    if not rates:
        return None
    rate = max(rates, key=lambda row: row["valid_from"])
    conversion = fx_rate(rate["currency"], date, world.reference, world.settings)
    assert conversion is not None
    return float(rate["amount"]) * conversion


def messaging_rate(channel: str, date: dt.date, world: World) -> float | None:
    """Charge, messaging: where the channel has none valid on that date, the rate with no channel."""
    rate = latest_rate("messaging", channel, date, world)
    return rate if rate is not None else latest_rate("messaging", None, date, world)


def charge(case_id: str, category: str, at: dt.datetime, quantity: float | None, rate: float | None) -> Row:
    """Charge: a variable charge; null without a rate or without minutes."""
    return {
        "case_id": case_id,
        "category": category,
        "is_fixed": False,
        "charged_at": at,
        "quantity": quantity,
        "amount": None if rate is None or quantity is None else quantity * rate,
    }


def messaging_charges(world: World) -> Iterator[Row]:
    """Charge, messaging: at the message's `sent_at`."""
    for message in world.messages:
        if message["sent_at"] is not None:
            date = local_date(message["sent_at"], world.settings)
            rate = messaging_rate(message["channel"], date, world)
            yield charge(message["case_id"], "messaging", message["sent_at"], 1, rate)


def agent_charge(touch: Row, world: World) -> Row:
    """Charge, agent: minutes (`handle + wrap_up`) times the rate; null where either of the two is."""
    handle, wrap_up = touch["handle_minutes"], touch["wrap_up_minutes"]
    minutes = None if handle is None or wrap_up is None else handle + wrap_up
    rate = latest_rate("agent", None, local_date(touch["occurred_at"], world.settings), world)
    return charge(touch["case_id"], "agent", touch["occurred_at"], minutes, rate)


def agent_charges(world: World) -> Iterator[Row]:
    """Charge, agent: at the touch's start."""
    for touch in world.accepted["agent_touches"]:
        yield agent_charge(touch, world)


def platform_charges(world: World) -> Iterator[Row]:
    """Charge, platform: at `triggered_at`, rate per case."""
    for case in world.cases.values():
        rate = latest_rate("platform", None, local_date(case["triggered_at"], world.settings), world)
        yield charge(case["case_id"], "platform", case["triggered_at"], 1, rate)


def elapsed_part_of_month(month: dt.date, settings: Settings) -> float:
    """Charge, fixed: elapsed UTC seconds over the month's UTC seconds, clipped to 0..1."""
    begin = local_midnight(month, settings.timezone)
    end = local_midnight(next_month(month), settings.timezone)
    return min(1.0, max(0.0, seconds_between(begin, settings.as_of) / seconds_between(begin, end)))


def cases_of_fixed_cost(cost: Row, world: World) -> list[Row]:
    """Charge, fixed: cases triggered in that local month (of its workflow, or of all where shared)."""
    return [
        case
        for case in world.cases.values()
        if first_of_month(local_date(case["triggered_at"], world.settings)) == cost["month"]
        and cost["workflow"] in (None, case["workflow"])
    ]


def fixed_cost_per_case(cost: Row, case_count: int, world: World) -> float | None:
    """Charge, fixed: converted at the rate of the month's first day; null without one (owner's reading)."""
    rate = fx_rate(cost["currency"], cost["month"], world.reference, world.settings)
    if rate is None:
        return None
    return float(cost["amount"]) * rate * elapsed_part_of_month(cost["month"], world.settings) / case_count


def fixed_charges(world: World) -> Iterator[Row]:
    """Charge, fixed: for each row of `fixed_costs` one charge per case, at `triggered_at`."""
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
    """Charge: all four kinds."""
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
    """Integrity violations: `unacknowledged_completion`; not of a closed case."""
    for case in world.cases.values():
        writebacks = world.case_events[case["case_id"]].writebacks
        settled = bool(writebacks) and all(writeback["is_settled"] for writeback in writebacks)
        is_open = not case["is_resolved"] and case["closed_at"] is None
        if case["is_completed_in_message"] and is_open and settled:
            yield case["case_id"]


def completions_without_writeback(world: World) -> Iterator[str]:
    """Integrity violations: `completion_without_writeback`."""
    for case in world.cases.values():
        if (
            case["is_completed_in_message"]
            and case["action_completed_at"] + world.settings.writeback_timeout <= world.settings.as_of
            and case["writeback_count"] == 0
            and case["closed_at"] is None
        ):
            yield case["case_id"]


def acks_with_writeback(world: World) -> Iterator[tuple[Row, Row]]:
    """Integrity violations: each acknowledgement with its writeback."""
    writebacks = {(row["case_id"], row["idempotency_key"]): row for row in world.writebacks}
    for ack in world.accepted["writeback_acks"]:
        yield ack, writebacks[ack["case_id"], ack["idempotency_key"]]


def acks_before_attempt(world: World) -> Iterator[str]:
    """Integrity violations: `ack_before_attempt`, per acknowledgement, whatever its outcome."""
    for ack, writeback in acks_with_writeback(world):
        if ack["occurred_at"] < writeback["first_attempted_at"]:
            yield ack["case_id"]


def is_partial(ack: Row, writeback: Row) -> bool:
    """Integrity violations, `partial_persist`: fewer fields than required, or an unknown number of at least 1."""
    if writeback["fields_required"] is None:
        return False
    if ack["fields_persisted"] is None:
        return writeback["fields_required"] >= 1
    return ack["fields_persisted"] < writeback["fields_required"]


def partial_persists(world: World) -> Iterator[str]:
    """Integrity violations: `partial_persist`, per acknowledgement, of a writeback that was never verified."""
    for ack, writeback in acks_with_writeback(world):
        if ack["outcome"] == "persisted" and is_partial(ack, writeback) and not writeback["was_verified"]:
            yield ack["case_id"]


def double_writes(world: World) -> Iterator[str]:
    """Integrity violations: `double_write`, per writeback."""
    return (writeback["case_id"] for writeback in world.writebacks if writeback["is_double_written"])


def idempotency_keys_reused(world: World) -> Iterator[str]:
    """Integrity violations: `idempotency_key_reused`, each case of the key."""
    cases_of_key = defaultdict(set)
    for writeback in world.writebacks:
        cases_of_key[writeback["idempotency_key"]].add(writeback["case_id"])
    for case_ids in cases_of_key.values():
        if len(case_ids) > 1:
            yield from case_ids


def negative_durations(world: World) -> Iterator[str]:
    """Integrity violations: `negative_duration`."""
    for case in world.cases.values():
        if case["is_resolved"] and case["resolved_at"] < case["triggered_at"]:
            yield case["case_id"]


def actions_without_identity(world: World) -> Iterator[str]:
    """Integrity violations: `action_without_identity`."""
    for case in world.cases.values():
        workflow = world.workflow_of(case["case_id"])
        if identity_missing(workflow, case["action_completed_at"], case["identity_passed_at"]):
            yield case["case_id"]


def missing_rates(world: World) -> Iterator[str]:
    """Charge and Integrity violations: `missing_rate`, per charge; not where the minutes are missing."""
    return (row["case_id"] for row in world.charges if row["amount"] is None and row["quantity"] is not None)


def missing_minutes(world: World) -> Iterator[str]:
    """Charge and Integrity violations: `missing_minutes`, per charge."""
    return (row["case_id"] for row in world.charges if row["quantity"] is None)


def resolved_without_payment(world: World) -> Iterator[str]:
    """Integrity violations: `resolved_without_payment`, per case."""
    for case_id, case in world.cases.items():
        if payment_missing(world.workflow_of(case_id), case["resolved_at"], world.case_events[case_id].payments):
            yield case_id


def unallocated_fixed_costs(world: World) -> Iterator[None]:
    """Charge and Integrity violations: `unallocated_fixed_cost`, per fixed cost."""
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
    "missing_minutes": missing_minutes,
    "unallocated_fixed_cost": unallocated_fixed_costs,
    "resolved_without_payment": resolved_without_payment,
}


def integrity_violations(world: World) -> list[Row]:
    """`rpt_integrity_violation` (without `detail`)."""
    return [{"kind": kind, "case_id": case_id} for kind, find in VIOLATIONS.items() for case_id in find(world)]


# ---------------------------------------------------------------------------------------------------------------------
# KPIs: the units of each
# ---------------------------------------------------------------------------------------------------------------------


class Unit(NamedTuple):
    """One unit of a KPI (`fct_kpi_contribution`)."""

    case_id: str
    unit_id: str | None
    clock_at: dt.datetime
    numerator: float | None
    denominator: float | None = 1
    observed_value: float | None = None


@dataclass(frozen=True)
class Kpi:
    """One KPI."""

    kpi_id: str
    tier: str  # headline, leading, diagnostic
    shape: str  # rate, ratio, count, or the fraction of a percentile
    is_maturing: bool  # M
    applies_where: tuple[str, ...]  # the flags of `workflows` without any of which the KPI cannot apply
    units: Callable[[World], Iterable[Unit]]

    @property
    def fraction(self) -> float | None:
        """Cells: which percentile, if it is one."""
        return {"median": 0.5, "p90": 0.9}.get(self.shape)


KPIS: dict[str, Kpi] = {}

# Headline and Leading indicators, column "good is"; of the others higher is good (diagnostics have neither).
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
        "closed_unresolved_rate",
        "writeback_reversal_rate",
        "ineligible_rate",
        "payment_decline_rate",
    }
)


def kpi(kpi_id: str, tier: str, shape: str, maturing: bool = False, where: tuple[str, ...] = ()):
    """Register a function as the units of a KPI."""

    def register(units: Callable[[World], Iterable[Unit]]) -> Callable[[World], Iterable[Unit]]:
        KPIS[kpi_id] = Kpi(kpi_id, tier, shape, maturing, where, units)
        return units

    return register


def case_units(world: World, clock: str, is_in: Callable[[Row], bool], hit: Callable[[Row], bool]) -> Iterator[Unit]:
    """First paragraph: cases are counted by `case_id`; 1 for a hit, else 0."""
    for case in world.cases.values():
        if is_in(case):
            yield Unit(case["case_id"], case["case_id"], case[clock], int(hit(case)))


def message_units(world: World, clock: str, hit: Callable[[Row], bool]) -> Iterator[Unit]:
    """Messages that have the clock."""
    for message in world.messages:
        if message[clock] is not None:
            yield Unit(message["case_id"], message["message_id"], message[clock], int(hit(message)))


def writeback_units(world: World, is_in: Callable[[Row], bool], hit: Callable[[Row], bool]) -> Iterator[Unit]:
    """Logical writebacks, by `first_attempted_at`."""
    for row in world.writebacks:
        if is_in(row):
            yield Unit(row["case_id"], row["idempotency_key"], row["first_attempted_at"], int(hit(row)))


def resolved_denominators(world: World) -> Iterator[Unit]:
    """KPIs of two clocks: resolved cases by `resolved_at`, in the denominator only (numerator 0)."""
    return case_units(world, "resolved_at", is_resolved, lambda case: False)


def is_any(row: Row) -> bool:
    """No restriction."""
    return True


def is_initiated(case: Row) -> bool:
    """Case: `is_initiated`."""
    return case["is_initiated"]


def is_resolved(case: Row) -> bool:
    """Case: `is_resolved`."""
    return case["is_resolved"]


def is_completed(case: Row) -> bool:
    """Case: `is_completed_in_message`."""
    return case["is_completed_in_message"]


def is_settled(writeback: Row) -> bool:
    """Logical writeback: `is_settled`."""
    return writeback["is_settled"]


def was_verified(writeback: Row) -> bool:
    """Logical writeback: `was_verified`."""
    return writeback["was_verified"]


# Headline -----------------------------------------------------------------------------------------------------------


@kpi("completion_rate", "headline", "rate", maturing=True)
def completion_rate(world: World) -> Iterable[Unit]:
    """Headline."""
    return case_units(world, "triggered_at", is_initiated, is_completed)


@kpi("automated_resolution_rate", "headline", "rate", maturing=True)
def automated_resolution_rate(world: World) -> Iterable[Unit]:
    """Headline."""
    return case_units(world, "triggered_at", is_any, lambda case: case["is_automated"])


@kpi("verified_writeback_rate", "headline", "rate", maturing=True)
def verified_writeback_rate(world: World) -> Iterable[Unit]:
    """Headline: cases completed in message, not closed unresolved."""
    return case_units(
        world,
        "action_completed_at",
        lambda case: is_completed(case) and not case["is_closed_unresolved"],
        is_resolved,
    )


@kpi("writeback_success_rate", "headline", "rate")
def writeback_success_rate(world: World) -> Iterable[Unit]:
    """Headline: was verified, whatever came later."""
    return writeback_units(world, is_settled, was_verified)


@kpi("deflection_rate", "headline", "rate", maturing=True)
def deflection_rate(world: World) -> Iterable[Unit]:
    """Headline: resolved without an agent, by a message or by itself."""
    return case_units(world, "resolved_at", is_resolved, lambda case: case["is_deflected"])


@kpi("containment_rate", "headline", "rate", maturing=True)
def containment_rate(world: World) -> Iterable[Unit]:
    """Headline."""
    return case_units(
        world, "first_sent_at", is_initiated, lambda case: is_completed(case) and not case["is_agent_touched"]
    )


def resolution_times(world: World) -> Iterator[Unit]:
    """Headline: resolved cases with `resolution_minutes`, by `resolved_at`."""
    for case in world.cases.values():
        if case["resolution_minutes"] is not None:
            yield Unit(case["case_id"], case["case_id"], case["resolved_at"], None, 1, case["resolution_minutes"])


@kpi("time_to_resolution_median", "headline", "median")
def time_to_resolution_median(world: World) -> Iterable[Unit]:
    """Headline."""
    return resolution_times(world)


@kpi("time_to_resolution_p90", "headline", "p90")
def time_to_resolution_p90(world: World) -> Iterable[Unit]:
    """Headline."""
    return resolution_times(world)


@kpi("sla_breach_rate", "headline", "rate")
def sla_breach_rate(world: World) -> Iterable[Unit]:
    """Headline."""
    return case_units(world, "due_at", lambda case: case["is_due"], lambda case: case["is_sla_breached"])


@kpi("sla_on_time_rate", "headline", "rate")
def sla_on_time_rate(world: World) -> Iterable[Unit]:
    """Headline: of resolved cases, due or not yet due."""
    return case_units(world, "resolved_at", is_resolved, lambda case: case["resolved_at"] <= case["due_at"])


@kpi("cost_per_resolved_case", "headline", "ratio")
def cost_per_resolved_case(world: World) -> Iterable[Unit]:
    """Headline: charges by when charged; resolved cases by `resolved_at`."""
    for row in world.charges:
        yield Unit(row["case_id"], None, row["charged_at"], row["amount"], 0)
    yield from resolved_denominators(world)


@kpi("exception_escape_rate", "headline", "rate", maturing=True)
def exception_escape_rate(world: World) -> Iterable[Unit]:
    """Headline: exceptions with a closed first pass."""
    for row in world.exceptions:
        if row["first_pass_closed_at"] is not None:
            yield Unit(row["case_id"], row["exception_id"], row["first_pass_closed_at"], int(row["is_escaped"]))


@kpi("escalation_success_rate", "headline", "rate", maturing=True)
def escalation_success_rate(world: World) -> Iterable[Unit]:
    """Headline."""
    for row in world.exceptions:
        yield Unit(row["case_id"], row["exception_id"], row["raised_at"], int(row["is_first_touch_resolved"]))


@kpi("action_response_rate", "headline", "rate", maturing=True)
def action_response_rate(world: World) -> Iterable[Unit]:
    """Headline."""
    return message_units(world, "delivered_at", lambda message: message["action_started_at"] is not None)


@kpi("identity_pass_rate", "headline", "rate")
def identity_pass_rate(world: World) -> Iterable[Unit]:
    """Headline: identity checks up to and including the first pass."""
    for case_id, mine in world.case_events.items():
        for check in counted_checks(mine.checks):
            yield Unit(case_id, check["event_id"], check["occurred_at"], int(check["outcome"] == "passed"))


@kpi("payment_recovery_per_1000", "headline", "ratio", maturing=True, where=("collects_payment",))
def payment_recovery_per_1000(world: World) -> Iterable[Unit]:
    """Headline: triggered cases of workflows that collect payment."""
    for case_id, case in world.cases.items():
        if world.workflow_of(case_id)["collects_payment"]:
            yield Unit(case_id, case_id, case["triggered_at"], 1000 * case["net_collected_automated"])


# Leading indicators -------------------------------------------------------------------------------------------------


@kpi("writeback_retry_rate", "leading", "rate")
def writeback_retry_rate(world: World) -> Iterable[Unit]:
    """Leading indicators: of all logical writebacks, settled or not."""
    return writeback_units(world, is_any, lambda row: row["is_retried"])


@kpi("writeback_first_attempt_rate", "leading", "rate")
def writeback_first_attempt_rate(world: World) -> Iterable[Unit]:
    """Leading indicators: was verified, with one attempt."""
    return writeback_units(world, is_settled, lambda row: row["was_verified"] and row["attempt_count"] == 1)


def persist_times(world: World) -> Iterator[Unit]:
    """Leading indicators: `persist_seconds` of writebacks that were verified, by `first_attempted_at`."""
    for row in world.writebacks:
        if row["was_verified"]:
            yield Unit(
                row["case_id"], row["idempotency_key"], row["first_attempted_at"], None, 1, row["persist_seconds"]
            )


@kpi("time_to_persist_median", "leading", "median")
def time_to_persist_median(world: World) -> Iterable[Unit]:
    """Leading indicators."""
    return persist_times(world)


@kpi("time_to_persist_p90", "leading", "p90")
def time_to_persist_p90(world: World) -> Iterable[Unit]:
    """Leading indicators."""
    return persist_times(world)


@kpi("fallback_rate", "leading", "rate")
def fallback_rate(world: World) -> Iterable[Unit]:
    """Leading indicators."""
    return message_units(world, "sent_at", lambda message: message["is_fallback"])


@kpi("straight_through_rate", "leading", "rate", maturing=True)
def straight_through_rate(world: World) -> Iterable[Unit]:
    """Leading indicators."""
    return case_units(world, "resolved_at", is_resolved, lambda case: case["is_straight_through"])


@kpi("consent_capture_rate", "leading", "rate", where=("requires_consent",))
def consent_capture_rate(world: World) -> Iterable[Unit]:
    """Leading indicators: valid consent evidence by `action_completed_at`."""
    return case_units(
        world,
        "action_completed_at",
        lambda case: is_completed(case) and world.workflow_of(case["case_id"])["requires_consent"],
        lambda case: has_valid_evidence(
            world.case_events[case["case_id"]].evidence, "consent", case["action_completed_at"]
        ),
    )


@kpi("document_capture_rate", "leading", "rate", where=("requires_document",))
def document_capture_rate(world: World) -> Iterable[Unit]:
    """Leading indicators: valid document evidence by `resolved_at`."""
    return case_units(
        world,
        "resolved_at",
        lambda case: is_resolved(case) and world.workflow_of(case["case_id"])["requires_document"],
        lambda case: has_valid_evidence(world.case_events[case["case_id"]].evidence, "document", case["resolved_at"]),
    )


@kpi(
    "evidence_completeness_rate",
    "leading",
    "rate",
    maturing=True,
    where=tuple(f"requires_{kind}" for kind in REQUIRED_EVIDENCE),
)
def evidence_completeness_rate(world: World) -> Iterable[Unit]:
    """Leading indicators: resolved cases of workflows that require any."""
    return case_units(
        world,
        "resolved_at",
        lambda case: is_resolved(case) and case["is_evidence_complete"] is not None,
        lambda case: case["is_evidence_complete"],
    )


@kpi("context_handover_rate", "leading", "rate")
def context_handover_rate(world: World) -> Iterable[Unit]:
    """Leading indicators: exceptions of which it is known."""
    for row in world.exceptions:
        if row["has_context"] is not None:
            yield Unit(row["case_id"], row["exception_id"], row["raised_at"], int(row["has_context"]))


@kpi("agent_minutes_per_resolution", "leading", "ratio")
def agent_minutes_per_resolution(world: World) -> Iterable[Unit]:
    """Leading indicators: agent minutes by touch start; resolved cases by `resolved_at`.

    A touch of which no minutes are known is a unit all the same; its numerator is null, which adds nothing.
    """
    for touch in world.accepted["agent_touches"]:
        yield Unit(touch["case_id"], touch["event_id"], touch["occurred_at"], known_minutes(touch), 0)
    yield from resolved_denominators(world)


@kpi("closed_unresolved_rate", "leading", "rate", maturing=True)
def closed_unresolved_rate(world: World) -> Iterable[Unit]:
    """Leading indicators."""
    return case_units(world, "triggered_at", is_any, lambda case: case["is_closed_unresolved"])


@kpi("writeback_reversal_rate", "leading", "rate", maturing=True)
def writeback_reversal_rate(world: World) -> Iterable[Unit]:
    """Leading indicators: reversed, of the writebacks that were verified."""
    return writeback_units(world, was_verified, lambda row: row["is_reversed"])


@kpi("ineligible_rate", "leading", "rate", maturing=True)
def ineligible_rate(world: World) -> Iterable[Unit]:
    """Leading indicators: cases with an `ineligible` step by the customer, of those with an action by the customer."""
    return case_units(
        world,
        "action_started_at",
        lambda case: case["action_started_at"] is not None,
        lambda case: any(
            action["step"] == "ineligible" for action in world.case_events[case["case_id"]].customer_actions
        ),
    )


@kpi("payment_decline_rate", "leading", "rate", where=("collects_payment",))
def payment_decline_rate(world: World) -> Iterable[Unit]:
    """Leading indicators and Cells: automated payment events, in workflows that collect payment."""
    for row in world.accepted["payments"]:
        is_counted = row["flow"] == "automated" and row["status"] in ("succeeded", "failed")
        if is_counted and world.workflow_of(row["case_id"])["collects_payment"]:
            yield Unit(row["case_id"], row["event_id"], row["occurred_at"], int(row["status"] == "failed"))


@kpi("payment_completion_rate", "leading", "rate", maturing=True, where=("collects_payment",))
def payment_completion_rate(world: World) -> Iterable[Unit]:
    """Leading indicators: by the first customer `pay` action event."""
    for case_id, mine in world.case_events.items():
        first_pay = earliest(action for action in mine.customer_actions if action["action"] == "pay")
        if first_pay is not None and world.workflow_of(case_id)["collects_payment"]:
            paid = any(row["status"] == "succeeded" and row["flow"] == "automated" for row in mine.payments)
            yield Unit(case_id, case_id, first_pay, int(paid))


# Diagnostics --------------------------------------------------------------------------------------------------------


@kpi("open_rate", "diagnostic", "rate")
def open_rate(world: World) -> Iterable[Unit]:
    """Diagnostics: messages opened or clicked."""
    return message_units(world, "delivered_at", lambda message: message["opened_at"] is not None)


@kpi("click_rate", "diagnostic", "rate")
def click_rate(world: World) -> Iterable[Unit]:
    """Diagnostics."""
    return message_units(world, "delivered_at", lambda message: message["clicked_at"] is not None)


@kpi("bot_containment_rate", "diagnostic", "rate", maturing=True)
def bot_containment_rate(world: World) -> Iterable[Unit]:
    """Diagnostics."""
    return case_units(world, "first_sent_at", is_initiated, lambda case: not case["is_agent_touched"])


@kpi("conversation_volume", "diagnostic", "count")
def conversation_volume(world: World) -> Iterable[Unit]:
    """Diagnostics and Cells: no denominator."""
    for case in world.cases.values():
        if is_initiated(case):
            yield Unit(case["case_id"], case["case_id"], case["first_sent_at"], 1, None)


@kpi("self_cure_rate", "diagnostic", "rate", maturing=True)
def self_cure_rate(world: World) -> Iterable[Unit]:
    """Diagnostics."""
    return case_units(world, "resolved_at", is_resolved, lambda case: case["resolution_path"] == "self_cured")


@kpi("handle_time_mean", "diagnostic", "ratio")
def handle_time_mean(world: World) -> Iterable[Unit]:
    """Diagnostics: agent touches of which it is known."""
    for touch in world.accepted["agent_touches"]:
        if touch["handle_minutes"] is not None:
            yield Unit(touch["case_id"], touch["event_id"], touch["occurred_at"], touch["handle_minutes"])


@kpi("messages_per_resolution", "diagnostic", "ratio")
def messages_per_resolution(world: World) -> Iterable[Unit]:
    """Diagnostics: messages by `sent_at`; resolved cases by `resolved_at`."""
    for message in world.messages:
        if message["sent_at"] is not None:
            yield Unit(message["case_id"], message["message_id"], message["sent_at"], 1, 0)
    yield from resolved_denominators(world)


@kpi("clicks_per_resolution", "diagnostic", "ratio")
def clicks_per_resolution(world: World) -> Iterable[Unit]:
    """Diagnostics: clicked messages by `delivered_at`; resolved cases by `resolved_at`."""
    for message in world.messages:
        if message["clicked_at"] is not None:
            yield Unit(message["case_id"], message["message_id"], message["delivered_at"], 1, 0)
    yield from resolved_denominators(world)


def contributions(world: World) -> list[Row]:
    """`fct_kpi_contribution`: every unit behind every cell."""
    return [
        {
            "kpi_id": kpi_id,
            "case_id": unit.case_id,
            "unit_id": unit.unit_id,
            "clock_at": unit.clock_at,
            "clock_date": local_date(unit.clock_at, world.settings),
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
    """Cells: from the week of the earliest clock of any unit to that of `as_of` (or the latest clock).

    No unit at all: no weeks (reading decided by the owner).
    """
    if not units:
        return []
    first = min(unit["week_start"] for unit in units)
    last = max(local_week(settings.as_of, settings), max(unit["week_start"] for unit in units))
    return [first + WEEK * number for number in range((last - first).days // 7 + 1)]


def cohorts_of(case: Row) -> list[tuple[str, str]]:
    """Cells: `all` and the attributes of the case; a null is the value `(none)`."""
    attributes = [(name, NO_ATTRIBUTE if case[name] is None else case[name]) for name in COHORT_DIMENSIONS]
    return [("all", "all"), *attributes]


def cells_of(case: Row) -> list[tuple[str, str, str]]:
    """Cells: (workflow, cohort dimension, cohort value) of everything that belongs to a case."""
    return [
        (workflow, dimension, value)
        for workflow in (case["workflow"], ALL_WORKFLOWS)
        for dimension, value in cohorts_of(case)
    ]


def can_apply(definition: Kpi, workflow: str, reference: Reference) -> bool:
    """Cells: a KPI which cannot apply to a workflow has no cell there; `(all)` always has one."""
    if workflow == ALL_WORKFLOWS or not definition.applies_where:
        return True
    return any(reference.workflows[workflow][flag] for flag in definition.applies_where)


def wilson(successes: float, n: float, z: float = 1.96) -> tuple[float, float]:
    """Cells: Wilson score interval."""
    p = successes / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return centre - half, centre + half


def cell_figures(definition: Kpi, units: list[Row]) -> Row:
    """Cells: numerator, denominator, value, sample_size, ci_low, ci_high of some units."""
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
    """Cells: `maturity_days` of the workflow; for `(all)` the greatest of all workflows."""
    rows = reference.workflows.values() if workflow == ALL_WORKFLOWS else [reference.workflows[workflow]]
    return max((float(row["maturity_days"]) * DAY for row in rows), default=dt.timedelta(0))


def lag(definition: Kpi, workflow: str, reference: Reference, settings: Settings) -> dt.timedelta:
    """Cells: `settling_hours`, at least the writeback timeout, and for M at least `maturity_days`."""
    least = max(settings.settling, settings.writeback_timeout)
    return max(least, maturity(workflow, reference)) if definition.is_maturing else least


def is_cost_unsettled(week: dt.date, settings: Settings) -> bool:
    """Cells: cost is provisional until `settling_hours` after the month of the week's last day has ended."""
    last_day = week + dt.timedelta(days=6)
    return local_midnight(next_month(last_day), settings.timezone) + settings.settling > settings.as_of


def is_provisional(definition: Kpi, week: dt.date, workflow: str, reference: Reference, settings: Settings) -> bool:
    """Cells: the week's end plus its lag is later than `as_of`."""
    week_end = local_midnight(week + WEEK, settings.timezone)
    if week_end + lag(definition, workflow, reference, settings) > settings.as_of:
        return True
    return definition.kpi_id == "cost_per_resolved_case" and is_cost_unsettled(week, settings)


def kpi_cells(definition: Kpi, units: list[Row], weeks: list[dt.date], world: World) -> dict[tuple, list[Row]]:
    """Cells: units by (week, workflow, cohort dimension, cohort value); `all` cells exist without units."""
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
    """Cells: other cohorts' cells exist where numerator or denominator is not zero."""
    return cohort_dimension == "all" or bool(figures["numerator"]) or bool(figures["denominator"])


def with_prior_values(rows: list[Row]) -> list[Row]:
    """Cells: `prior_value` is the same cell's value one week earlier, `change` the difference to it."""

    def key(row: Row, week: dt.date) -> tuple:
        return week, row["workflow"], row["cohort_dimension"], row["cohort_value"], row["kpi_id"]

    values = {key(row, row["week_start"]): row["value"] for row in rows}
    for row in rows:
        prior = values.get(key(row, row["week_start"] - WEEK))
        row["prior_value"] = prior
        row["change"] = None if prior is None or row["value"] is None else row["value"] - prior
    return rows


def kpi_weekly(units: list[Row], weeks: list[dt.date], world: World) -> list[Row]:
    """`rpt_kpi_weekly` (baseline, target and status: `with_verdicts`)."""
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

# By KPI and workflow (or `(all)`), of the KPIs that can have a verdict.
Baselines = dict[tuple[str, str], float | None]

NO_VERDICT: Row = {
    name: None for name in ("baseline_value", "target", "red_flag", "status", "owner", "action", "is_certain")
}


def pools_of(units: list[Row]) -> Pools:
    """Baseline and Alerts: the units that are pooled, cohort `all`."""
    pools: Pools = defaultdict(list)
    for unit in units:
        for workflow in (unit["workflow"], ALL_WORKFLOWS):
            pools[unit["kpi_id"], workflow, unit["week_start"]].append(unit)
    return pools


def pooled_figures(definition: Kpi, workflow: str, weeks: list[dt.date], pools: Pools) -> Row:
    """Baseline: ratio of sums; percentiles over the pooled units."""
    return cell_figures(
        definition, [unit for week in weeks for unit in pools.get((definition.kpi_id, workflow, week), [])]
    )


def pooled_value(definition: Kpi, workflow: str, weeks: list[dt.date], pools: Pools) -> float | None:
    """Baseline: the value of some pooled weeks."""
    return pooled_figures(definition, workflow, weeks, pools)["value"]


def rounded(value: Any) -> decimal.Decimal:
    """Alerts: both sides of a comparison are rounded to 9 decimals first.

    Half away from zero, on the exact decimal value of the double (reading decided by the owner).
    """
    with decimal.localcontext(prec=400):
        return decimal.Decimal(value).quantize(decimal.Decimal("1e-9"), rounding=decimal.ROUND_HALF_UP)


def is_less(one: float, other: float) -> bool:
    """Alerts: strictly less, rounded."""
    return rounded(one) < rounded(other)


def first_baseline_week(workflow: str, world: World) -> dt.date | None:
    """Baseline: the first Monday on or after the earliest local trigger date; None without a case."""
    triggered = [case["triggered_at"] for case in world.cases.values() if workflow in (ALL_WORKFLOWS, case["workflow"])]
    if not triggered:
        return None
    date = local_date(min(triggered), world.settings)
    return monday_of(date + dt.timedelta(days=6))


def baseline_window(workflow: str, world: World) -> list[dt.date]:
    """Baseline: `baseline_weeks` weeks from there; none without a case."""
    first = first_baseline_week(workflow, world)
    return [] if first is None else [first + WEEK * number for number in range(world.settings.baseline_weeks)]


def baseline_value(definition: Kpi, workflow: str, weeks: list[dt.date], pools: Pools, world: World) -> float | None:
    """Baseline: NULL unless every week of the window is listed and none of them is provisional."""
    window = baseline_window(workflow, world)
    if not window or any(
        week not in weeks or is_provisional(definition, week, workflow, world.reference, world.settings)
        for week in window
    ):
        return None
    return pooled_value(definition, workflow, window, pools)


def applying_workflows(definition: Kpi, reference: Reference) -> list[str]:
    """Cells: the workflows that have cells of a KPI, and `(all)`."""
    return [name for name in (*reference.workflows, ALL_WORKFLOWS) if can_apply(definition, name, reference)]


def all_baselines(weeks: list[dt.date], pools: Pools, world: World) -> Baselines:
    """Baseline: of headline and leading KPIs."""
    return {
        (kpi_id, workflow): baseline_value(definition, workflow, weeks, pools, world)
        for kpi_id, definition in KPIS.items()
        if definition.tier != "diagnostic"
        for workflow in applying_workflows(definition, world.reference)
    }


def serves(row: Row, monday: dt.date) -> bool:
    """Target: the Monday lies in [`valid_from`, `valid_to`); null is open."""
    valid_from, valid_to = row.get("valid_from"), row.get("valid_to")
    return (valid_from is None or valid_from <= monday) and (valid_to is None or monday < valid_to)


def target_row(kpi_id: str, workflow: str, monday: dt.date, reference: Reference) -> Row | None:
    """Target: the workflow's own before `*`, which also serves `(all)`; then the latest `valid_from`, null the earliest."""
    for name in (workflow, "*"):
        serving = [row for row in reference.targets.get((kpi_id, name), []) if serves(row, monday)]
        if serving:
            return max(serving, key=lambda row: row.get("valid_from") or dt.date.min)
    return None


def target_figure(row: Row | None, name: str, baseline: float | None) -> float | None:
    """Target: `target` or `red_flag` of a row as a value; a relative change is applied to the baseline."""
    if row is None or row[name] is None:
        return None
    if row["kind"] == "absolute":
        return float(row[name])
    return None if baseline is None else baseline * (1 + float(row[name]))


def owner_of(row: Row | None, workflow: str, reference: Reference) -> str | None:
    """Target: of the target's row, else (no row, or no owner in it) the workflow's; NULL for `(all)`."""
    if row is not None and row["owner"] is not None:
        return row["owner"]
    return None if workflow == ALL_WORKFLOWS else reference.workflows[workflow]["owner"]


def lower_is_better(kpi_id: str, reference: Reference) -> bool:
    """Column "good is"; the catalogue's `direction`, where there is one, says it for the operator."""
    default = "lower" if kpi_id in LOWER_IS_BETTER else "higher"
    return reference.directions.get(kpi_id, default) == "lower"


def is_worse(value: float, threshold: float, lower_is_good: bool) -> bool:
    """Status: strictly on the wrong side."""
    return is_less(threshold, value) if lower_is_good else is_less(value, threshold)


def status_of(row: Row, target: float | None, red_flag: float | None, world: World) -> str:
    """Status: the first that holds."""
    lower_is_good = lower_is_better(row["kpi_id"], world.reference)
    if target is None or red_flag is None:
        return "no_target"
    if row["is_provisional"]:
        return "provisional"
    if row["value"] is None:
        return "no_data"
    if row["sample_size"] < world.settings.min_sample:
        return "too_little_data"
    if is_worse(row["value"], red_flag, lower_is_good):
        return "red"
    if is_worse(row["value"], target, lower_is_good):
        return "amber"
    return "green"


def is_certain(row: Row, status: str, target: float | None, red_flag: float | None, world: World) -> bool | None:
    """Status: the whole interval is on the status's side; rates with a colour only.

    For green, "neither beyond it" is read as the target, also where target and red flag stand the wrong way round.
    """
    if KPIS[row["kpi_id"]].shape != "rate" or status not in ("red", "amber", "green"):
        return None
    lower_is_good = lower_is_better(row["kpi_id"], world.reference)

    def beyond(threshold: float) -> list[bool]:
        return [is_worse(bound, threshold, lower_is_good) for bound in (row["ci_low"], row["ci_high"])]

    if status == "red":
        return all(beyond(red_flag))
    if status == "amber":
        return all(beyond(target)) and not any(beyond(red_flag))
    return not any(beyond(target))


def verdict(row: Row, baseline: float | None, monday: dt.date, world: World) -> Row:
    """`rpt_kpi_weekly`: baseline_value, target, red_flag, status, owner, action, is_certain of a cell of cohort `all`.

    `monday` is the one by which a target serves the week or period.
    """
    goal = target_row(row["kpi_id"], row["workflow"], monday, world.reference)
    target = target_figure(goal, "target", baseline)
    red_flag = target_figure(goal, "red_flag", baseline)
    status = status_of(row, target, red_flag, world)
    return {
        "baseline_value": baseline,
        "target": target,
        "red_flag": red_flag,
        "status": status,
        "owner": owner_of(goal, row["workflow"], world.reference),
        "action": None if goal is None else goal["action"],
        "is_certain": is_certain(row, status, target, red_flag, world),
    }


def with_verdicts(rows: list[Row], baselines: Baselines, world: World) -> list[Row]:
    """Target: only cohort `all` cells of headline and leading KPIs have baseline, target, status, owner, action."""
    for row in rows:
        if row["cohort_dimension"] != "all" or row["tier"] == "diagnostic":
            row.update(NO_VERDICT)
        else:
            row.update(verdict(row, baselines[row["kpi_id"], row["workflow"]], row["week_start"], world))
    return rows


# ---------------------------------------------------------------------------------------------------------------------
# Periods
# ---------------------------------------------------------------------------------------------------------------------


class Period(NamedTuple):
    """One period (Periods); `end` is the first day after it."""

    kind: str
    start: dt.date
    end: dt.date


def next_quarter(quarter: dt.date) -> dt.date:
    """The first day of the quarter after the one that begins on a day (Periods)."""
    return next_month(next_month(next_month(quarter)))


def first_of_quarter(date: dt.date) -> dt.date:
    """Periods: the first day of the quarter of a date."""
    return dt.date(date.year, 3 * ((date.month - 1) // 3) + 1, 1)


def periods_of(weeks: list[dt.date]) -> list[Period]:
    """Periods: four listed weeks that end with each; every month and quarter in which a listed week begins."""
    rolling = [Period("rolling_4_weeks", weeks[n - 3], weeks[n] + WEEK) for n in range(3, len(weeks))]
    months = [Period("month", month, next_month(month)) for month in sorted({first_of_month(week) for week in weeks})]
    quarters = sorted({first_of_quarter(week) for week in weeks})
    return [*rolling, *months, *(Period("quarter", quarter, next_quarter(quarter)) for quarter in quarters)]


def is_period_provisional(definition: Kpi, period: Period, workflow: str, world: World) -> bool:
    """Periods: where its last week is; month and quarter where their end plus the lag is later than `as_of`."""
    reference, settings = world.reference, world.settings
    if period.kind == "rolling_4_weeks":
        return is_provisional(definition, period.end - WEEK, workflow, reference, settings)
    end = local_midnight(period.end, settings.timezone)
    return end + lag(definition, workflow, reference, settings) > settings.as_of


def kpi_period(units: list[Row], weeks: list[dt.date], baselines: Baselines, world: World) -> list[Row]:
    """`rpt_kpi_period`: units by the local date of their clock, each side of a KPI on two clocks by its own."""
    dated = defaultdict(list)
    for unit in units:
        for workflow in (unit["workflow"], ALL_WORKFLOWS):
            dated[unit["kpi_id"], workflow].append((local_date(unit["clock_at"], world.settings), unit))
    rows = []
    for kpi_id, definition in KPIS.items():
        for workflow in applying_workflows(definition, world.reference):
            for period in periods_of(weeks):
                mine = [unit for date, unit in dated[kpi_id, workflow] if period.start <= date < period.end]
                row = {
                    "period_kind": period.kind,
                    "period_start": period.start,
                    "period_end": period.end,
                    "workflow": workflow,
                    "kpi_id": kpi_id,
                    "tier": definition.tier,
                    **cell_figures(definition, mine),
                    "is_provisional": is_period_provisional(definition, period, workflow, world),
                }
                last_monday = monday_of(period.end - dt.timedelta(days=1))
                if definition.tier == "diagnostic":
                    row.update(NO_VERDICT)
                else:
                    row.update(verdict(row, baselines[kpi_id, workflow], last_monday, world))
                rows.append(row)
    return rows


# ---------------------------------------------------------------------------------------------------------------------
# Progress of targets
# ---------------------------------------------------------------------------------------------------------------------


def served_workflows(target: Row, reference: Reference) -> list[str]:
    """Progress of targets: the workflows that a target with a `due_date` serves.

    A diagnostic has no target, so a row that names one serves nobody; neither does one of a workflow that does not exist.
    """
    definition = KPIS[target["kpi_id"]]
    if definition.tier == "diagnostic":
        return []
    applying = applying_workflows(definition, reference)
    if target["workflow"] != "*":
        return [name for name in applying if name == target["workflow"]]
    own = {
        name
        for (kpi_id, name), rows in reference.targets.items()
        if kpi_id == target["kpi_id"] and any(row.get("due_date") is not None for row in rows)
    }
    return [name for name in applying if name == ALL_WORKFLOWS or name not in own]


def latest_final_value(target: Row, rolling: list[Row]) -> float | None:
    """Progress of targets: `latest_value`; the last day of four weeks is the one before `period_end`."""
    found = [
        row
        for row in rolling
        if not row["is_provisional"]
        and row["value"] is not None
        and row["period_end"] - dt.timedelta(days=1) <= target["due_date"]
    ]
    return max(found, key=lambda row: row["period_end"])["value"] if found else None


def share_of_time(target: Row, workflow: str, world: World) -> float | None:
    """Progress of targets: `share_of_time`, in days, within 0 and 1; NULL for a workflow without a case."""
    window_start = first_baseline_week(workflow, world)
    if window_start is None:
        return None
    after_baseline = window_start + WEEK * world.settings.baseline_weeks
    start = max(after_baseline, target.get("valid_from") or dt.date.min)
    if target["due_date"] <= start:
        return 1.0
    today = local_date(world.settings.as_of, world.settings)
    return min(1.0, max(0.0, (today - start).days / (target["due_date"] - start).days))


def share_of_way(start: float | None, latest: float | None, goal: float | None) -> float | None:
    """Progress of targets: `share_of_way`; NULL where start = target, which like every comparison is rounded."""
    if start is None or latest is None or goal is None or rounded(start) == rounded(goal):
        return None
    return (latest - start) / (goal - start)


def progress_of(row: Row, world: World) -> str:
    """Progress of targets: `progress`, the first that holds."""
    if row["start_value"] is None or row["latest_value"] is None or row["target"] is None:
        return "no_data"
    if not is_worse(row["latest_value"], row["target"], lower_is_better(row["kpi_id"], world.reference)):
        return "met"
    if row["due_date"] < local_date(world.settings.as_of, world.settings):
        return "missed"
    if is_less(row["share_of_time"], 0.25):
        return "too_early"
    if row["share_of_way"] is None or is_less(row["share_of_way"], row["share_of_time"]):
        return "off_track"
    return "on_track"


def target_progress(periods: list[Row], baselines: Baselines, world: World) -> list[Row]:
    """`rpt_target_progress`."""
    rolling = defaultdict(list)
    for row in periods:
        if row["period_kind"] == "rolling_4_weeks":
            rolling[row["kpi_id"], row["workflow"]].append(row)
    rows = []
    for target in (row for rows in world.reference.targets.values() for row in rows):
        if target.get("due_date") is None:
            continue
        for workflow in served_workflows(target, world.reference):
            start = baselines[target["kpi_id"], workflow]
            latest = latest_final_value(target, rolling[target["kpi_id"], workflow])
            goal = target_figure(target, "target", start)
            row: Row = {
                "kpi_id": target["kpi_id"],
                "workflow": workflow,
                "due_date": target["due_date"],
                "target": goal,
                "start_value": start,
                "latest_value": latest,
                "share_of_time": share_of_time(target, workflow, world),
                "share_of_way": share_of_way(start, latest, goal),
                "owner": owner_of(target, workflow, world.reference),
            }
            rows.append({**row, "progress": progress_of(row, world)})
    return rows


# ---------------------------------------------------------------------------------------------------------------------
# Before and after a change
# ---------------------------------------------------------------------------------------------------------------------


def newcombe_difference(after: Row, before: Row) -> tuple[float | None, float | None]:
    """Before and after a change: Newcombe (1998), Statistics in Medicine 17, 873–890, method 10.

    Square and add: the distances of each share from its Wilson bounds. None where a side has no units.
    """
    if not after["denominator"] or not before["denominator"]:
        return None, None
    p, q = after["value"], before["value"]
    below = math.hypot(p - after["ci_low"], before["ci_high"] - q)
    above = math.hypot(after["ci_high"] - p, q - before["ci_low"])
    return p - q - below, p - q + above


def change_verdict(row: Row, definition: Kpi, after_weeks: list[dt.date], weeks: list[dt.date], world: World) -> str:
    """Before and after a change: `verdict`.

    A week is there when it is listed, whether the KPI applies to the workflow or not.
    """
    reference, settings = world.reference, world.settings
    if any(
        week not in weeks or is_provisional(definition, week, row["workflow"], reference, settings)
        for week in after_weeks
    ):
        return "too_early"
    if min(row["before_sample"], row["after_sample"]) < settings.min_sample:
        return "too_little_data"
    if definition.shape != "rate":
        return "no_interval"
    if row["ci_low"] is None or not (is_less(0, row["ci_low"]) or is_less(row["ci_high"], 0)):
        return "unclear"
    has_fallen = is_less(row["ci_high"], 0)
    return "better" if has_fallen == lower_is_better(row["kpi_id"], reference) else "worse"


def change_effect(weeks: list[dt.date], pools: Pools, world: World) -> list[Row]:
    """`rpt_change_effect`: four whole weeks before the week of the change, and four after it.

    Weeks before the first listed one hold nothing: they make the sample small, not the verdict early.
    """
    rows = []
    for change in world.reference.changes:
        definition = KPIS[change["kpi_id"]]
        assert definition.tier != "diagnostic", "`changes` may not name a diagnostic"
        week = monday_of(change["changed_on"])
        after_weeks = [week + WEEK * number for number in (1, 2, 3, 4)]
        before_weeks = [week - WEEK * number for number in (1, 2, 3, 4)]
        before = pooled_figures(definition, change["workflow"], before_weeks, pools)
        after = pooled_figures(definition, change["workflow"], after_weeks, pools)
        known = before["value"] is not None and after["value"] is not None
        difference = after["value"] - before["value"] if known else None
        low, high = newcombe_difference(after, before) if definition.shape == "rate" else (None, None)
        row: Row = {
            "change_id": change["change_id"],
            "changed_on": change["changed_on"],
            "kpi_id": change["kpi_id"],
            "workflow": change["workflow"],
            "description": change["description"],
            "before_value": before["value"],
            "after_value": after["value"],
            "before_sample": before["sample_size"],
            "after_sample": after["sample_size"],
            "difference": difference,
            "relative_change": difference / before["value"] if known and before["value"] != 0 else None,
            "ci_low": low,
            "ci_high": high,
        }
        rows.append({**row, "verdict": change_verdict(row, definition, after_weeks, weeks, world)})
    return rows


# ---------------------------------------------------------------------------------------------------------------------
# Alerts
# ---------------------------------------------------------------------------------------------------------------------

ALERT_Z = 2.576


def newcombe(successes: float, n: float, z: float = ALERT_Z) -> tuple[float, float]:
    """Alerts: Newcombe (1998), Statistics in Medicine 17, method 4: Wilson with continuity correction."""
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
    """Alerts: of the `baseline_weeks` listed weeks directly before a week, those not provisional."""
    window = [week - WEEK * number for number in range(1, world.settings.baseline_weeks + 1)]
    return [
        earlier
        for earlier in window
        if earlier in weeks and not is_provisional(definition, earlier, workflow, world.reference, world.settings)
    ]


def trailing(row: Row, weeks: list[dt.date], pools: Pools, world: World) -> float | None:
    """Alerts: the KPI pooled over these weeks; None unless 3 of them have a denominator above 0."""
    definition = KPIS[row["kpi_id"]]
    window = trailing_weeks(definition, row["week_start"], row["workflow"], weeks, world)
    filled = [
        week
        for week in window
        if total(unit["denominator"] for unit in pools.get((row["kpi_id"], row["workflow"], week), [])) > 0
    ]
    return pooled_value(definition, row["workflow"], window, pools) if len(filled) >= 3 else None


def alert_reference(rule: Row, row: Row, weeks: list[dt.date], pools: Pools, world: World) -> float | None:
    """Alerts: `amount`, or `trailing`; None where the rule is silent."""
    if rule["kind"] in ("below", "above"):
        return float(rule["amount"])
    if KPIS[rule["kpi_id"]].fraction is not None:
        return None
    return trailing(row, weeks, pools, world)


def is_breached(rule: Row, value: float, reference: float) -> bool:
    """Alerts: below and above strictly, drop and rise also when equal; rounded."""
    amount = float(rule["amount"])
    if rule["kind"] == "below":
        return is_less(value, amount)
    if rule["kind"] == "above":
        return is_less(amount, value)
    if rule["kind"] == "drop":
        return not is_less(reference - amount, value)
    return not is_less(value, reference + amount)


def chance_explains(rule: Row, row: Row, reference: float) -> bool:
    """Alerts: the bound of the week's rate, on the side towards the reference, reaches the reference."""
    low, high = newcombe(row["numerator"], row["denominator"])
    if rule["kind"] in ("below", "drop"):
        return not is_less(high, reference)
    return not is_less(reference, low)


def is_confirmed(rule: Row, row: Row, reference: float, world: World) -> bool:
    """Alerts: enough of a sample and, for a rate, not explained by chance."""
    min_sample = world.settings.min_sample if rule["min_sample"] is None else rule["min_sample"]
    if row["sample_size"] < min_sample:
        return False
    return KPIS[row["kpi_id"]].shape != "rate" or not chance_explains(rule, row, reference)


def alerts(rows: list[Row], weeks: list[dt.date], pools: Pools, world: World) -> list[Row]:
    """`rpt_alert`: every breach of a rule in a final week with a sample, confirmed or not."""
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
                        # A percentile never pages.
                        "severity": "warn" if KPIS[rule["kpi_id"]].fraction is not None else rule["severity"],
                        "owner": rule["owner"],
                        "action": rule["action"],
                    }
                )
    return found


# ---------------------------------------------------------------------------------------------------------------------
# Signals
# ---------------------------------------------------------------------------------------------------------------------

# Signals: which KPIs settle within hours, and by what each may be divided.
SIGNAL_DIMENSIONS = {
    "writeback_success_rate": ("all", "target_system"),
    "writeback_retry_rate": ("all", "target_system"),
    "identity_pass_rate": ("all", "method"),
    "fallback_rate": ("all", "channel"),
}

ONE_DAY = dt.timedelta(days=1)

# How long before a day the days of its reference are, and those whose scores are added up.
REFERENCE_DAYS = tuple(ONE_DAY * back for back in range(15, 71))
SCORED_DAYS = tuple(ONE_DAY * back for back in range(14))

# Numerator and denominator by local date; a day without units is absent.
Daily = dict[dt.date, tuple[int, int]]


def dimension_values(dimension: str, world: World) -> dict[tuple[str, str | None], str]:
    """Signals: the value of the dimension by unit (`case_id`, `unit_id`)."""
    if dimension == "target_system":
        return {(row["case_id"], row["idempotency_key"]): row["target_system"] for row in world.writebacks}
    if dimension == "method":
        return {(row["case_id"], row["event_id"]): row["method"] for row in world.accepted["identity_checks"]}
    return {(row["case_id"], row["message_id"]): row["channel"] for row in world.messages}


def signal_series(rule: Row, units: list[Row], world: World) -> dict[tuple[str, str], Daily]:
    """Signals: by workflow or `(all)` and value of the dimension, the units of each local day up to that of `as_of`."""
    assert rule["dimension"] in SIGNAL_DIMENSIONS[rule["kpi_id"]], "other combinations stop the build"
    values = {} if rule["dimension"] == "all" else dimension_values(rule["dimension"], world)
    today = local_date(world.settings.as_of, world.settings) if units else None
    series: dict[tuple[str, str], Daily] = defaultdict(dict)
    for unit in units:
        day = local_date(unit["clock_at"], world.settings)
        if unit["kpi_id"] != rule["kpi_id"] or day > today:
            continue
        value = "all" if rule["dimension"] == "all" else values[unit["case_id"], unit["unit_id"]]
        for workflow in (unit["workflow"], ALL_WORKFLOWS):
            x, m = series[workflow, value].get(day, (0, 0))
            series[workflow, value][day] = (x + unit["numerator"], m + 1)
    return series


def reference_rate(day: dt.date, daily: Daily, world: World) -> float | None:
    """Signals: p₀ of a day, of the 56 days that end 15 days before it; None where it is silent."""
    window = [daily.get(day - back, (0, 0)) for back in REFERENCE_DAYS]
    k, n = sum(x for x, _ in window), sum(m for _, m in window)
    return None if n < world.settings.min_sample else (k + 0.5) / (n + 1)


def shifted_rate(p: float, rule: Row) -> float:
    """Signals: p₁, whose odds are those of p₀ times the odds ratio, or for a drop divided by it."""
    ratio = float(rule["odds_ratio"])
    odds = p / (1 - p) * (ratio if rule["kind"] == "rise" else 1 / ratio)
    return odds / (1 + odds)


def day_score(rule: Row, x: int, m: int, p: float | None) -> float:
    """Signals: the logarithm of the day's likelihood ratio; 0 where the reference is silent."""
    if p is None or m == 0:
        return 0.0
    shifted = shifted_rate(p, rule)
    return x * math.log(shifted / p) + (m - x) * math.log((1 - shifted) / (1 - p))


def greatest_sum(scores: dict[dt.date, float], day: dt.date) -> float:
    """Signals: S(d), the greatest of 0 and the sums of the scores from day j to d, j = d−13 … d."""
    last = [scores.get(day - back, 0.0) for back in SCORED_DAYS]
    return max(0.0, *(math.fsum(last[:count]) for count in range(1, len(last) + 1)))


def signal_threshold(rule: Row) -> float:
    """Signals: h."""
    return math.log(14 * 365 / float(rule["false_alarms_per_year"]))


def series_scores(rule: Row, daily: Daily, world: World) -> list[Row]:
    """Signals: every day of one series, from its first to that of `as_of`, with its reference and its score."""
    first, today = min(daily), local_date(world.settings.as_of, world.settings)
    days = [first + ONE_DAY * number for number in range((today - first).days + 1)]
    rows = []
    for day in days:
        x, m = daily.get(day, (0, 0))
        p = reference_rate(day, daily, world)
        rows.append({"day": day, "x": x, "m": m, "reference": p, "own_score": day_score(rule, x, m, p)})
    scores = {row["day"]: row["own_score"] for row in rows}
    return [{**row, "score": greatest_sum(scores, row["day"])} for row in rows]


def signals(units: list[Row], world: World) -> list[Row]:
    """`rpt_signal`: a row per series and day with a signal."""
    found = []
    for rule in world.reference.signal_rules:
        threshold = signal_threshold(rule)
        for (workflow, value), daily in signal_series(rule, units, world).items():
            first_day = None
            for day in series_scores(rule, daily, world):
                if is_less(day["score"], threshold):
                    first_day = None
                    continue
                first_day = first_day or day["day"]
                found.append(
                    {
                        "rule_id": rule["rule_id"],
                        "kpi_id": rule["kpi_id"],
                        "day": day["day"],
                        "workflow": workflow,
                        "dimension": rule["dimension"],
                        "dimension_value": value,
                        "numerator": day["x"],
                        "denominator": day["m"],
                        "value": share(day["x"], day["m"]),
                        "reference": day["reference"],
                        "score": day["score"],
                        "threshold": threshold,
                        "first_day": first_day,
                        "is_open": day["day"] == max(daily) and is_less(0, day["own_score"]),
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
    """`rpt_scorecard_weekly`: value and status of every headline and leading KPI; NULL without a cell."""
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
    """`rpt_writeback_health_weekly`: the most frequent, the first in the alphabet (by bytes) among equals."""
    counts = Counter(reason for reason in reasons if reason is not None)
    return min(counts, key=lambda reason: (-counts[reason], reason.encode("utf-8")), default=None)


def writeback_health_weekly(world: World) -> list[Row]:
    """`rpt_writeback_health_weekly`: weeks, systems and adapters with a first attempt; an unknown adapter is one too."""
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
            "verified": sum(row["was_verified"] for row in rows),
            "retried": sum(row["is_retried"] for row in rows),
            "double_written": sum(row["is_double_written"] for row in rows),
            "persist_seconds_median": percentile((row["persist_seconds"] for row in rows if row["was_verified"]), 0.5),
            "persist_seconds_p90": percentile((row["persist_seconds"] for row in rows if row["was_verified"]), 0.9),
            "top_error_reason": top_error_reason(
                reason for row in rows for reason in reasons[row["case_id"], row["idempotency_key"]]
            ),
        }
        for (week, target_system, adapter), rows in groups.items()
    ]


# ---------------------------------------------------------------------------------------------------------------------
# Open cases, backlog, missing evidence
# ---------------------------------------------------------------------------------------------------------------------


def open_case_state(case: Row, settings: Settings) -> str:
    """`rpt_open_case`: `overdue`, `at_risk` (half of the time used), `on_track`."""
    if case["due_at"] <= settings.as_of:
        return "overdue"
    term = case["due_at"] - case["triggered_at"]
    # Due and trigger are one moment that is still to come: there is no share of it.
    if term == dt.timedelta(0):
        return "on_track"
    return "at_risk" if 2 * (settings.as_of - case["triggered_at"]) >= term else "on_track"


def open_cases(world: World) -> list[Row]:
    """`rpt_open_case` (without `waiting_for`, which is prose); a trigger after `as_of` has a negative age."""
    as_of = world.settings.as_of
    rows = []
    for case in world.cases.values():
        if case["resolution_path"] != "open":
            continue
        term = case["due_at"] - case["triggered_at"]
        rows.append(
            {
                "case_id": case["case_id"],
                "workflow": case["workflow"],
                "triggered_at": case["triggered_at"],
                "age_minutes": minutes_between(case["triggered_at"], as_of),
                "due_at": case["due_at"],
                "minutes_left": minutes_between(as_of, case["due_at"]),
                "share_of_sla_used": (as_of - case["triggered_at"]) / term if term else None,
                "state": open_case_state(case, world.settings),
                "stage": case["stage"],
            }
        )
    return rows


class Stay(NamedTuple):
    """From when to when a case is in the backlog (`rpt_backlog_daily`)."""

    workflow: str
    entered: dt.date
    left: dt.date | None
    by: str | None  # resolved, closed
    due_at: dt.datetime


def stay_of(case: Row, settings: Settings) -> Stay:
    """`rpt_backlog_daily`: one both closed and resolved leaves when resolved; never before its trigger's day."""
    entered = local_date(case["triggered_at"], settings)
    moment = case["resolved_at"] if case["is_resolved"] else case["closed_at"]
    if moment is None:
        return Stay(case["workflow"], entered, None, None, case["due_at"])
    by = "resolved" if case["is_resolved"] else "closed"
    return Stay(case["workflow"], entered, max(entered, local_date(moment, settings)), by, case["due_at"])


def backlog_day(day: dt.date, stays: list[Stay], settings: Settings) -> Row:
    """`rpt_backlog_daily`: one day of one workflow.

    Overdue are cases of `closing`: one that leaves on the day of `as_of`, after `as_of`, has left.
    """
    limit = min(local_midnight(day + ONE_DAY, settings.timezone), settings.as_of)
    before = [stay for stay in stays if stay.entered < day and (stay.left is None or stay.left >= day)]
    still_in = [stay for stay in stays if stay.entered <= day and (stay.left is None or stay.left > day)]
    left = Counter(stay.by for stay in stays if stay.left == day)
    return {
        "opening": len(before),
        "triggered": sum(stay.entered == day for stay in stays),
        "resolved": left["resolved"],
        "closed": left["closed"],
        "closing": len(still_in),
        "overdue": sum(stay.due_at <= limit for stay in still_in),
    }


def backlog_daily(world: World) -> list[Row]:
    """`rpt_backlog_daily`: every day from the first trigger's (of all cases) to that of `as_of`, every workflow and `(all)`."""
    settings = world.settings
    stays = [stay_of(case, settings) for case in world.cases.values()]
    if not stays:
        return []
    first, today = min(stay.entered for stay in stays), local_date(settings.as_of, settings)
    return [
        {
            "day": first + ONE_DAY * number,
            "workflow": workflow,
            **backlog_day(
                first + ONE_DAY * number,
                [stay for stay in stays if workflow in (ALL_WORKFLOWS, stay.workflow)],
                settings,
            ),
        }
        for workflow in (*world.reference.workflows, ALL_WORKFLOWS)
        for number in range((today - first).days + 1)
    ]


def missing_evidence(world: World) -> list[Row]:
    """`rpt_missing_evidence`: required types without a valid item, of cases completed in message or resolved."""
    return [
        {
            "case_id": case_id,
            "workflow": case["workflow"],
            "evidence_type": kind,
            "stage": case["stage"],
            "resolution_path": case["resolution_path"],
        }
        for case_id, case in world.cases.items()
        if is_completed(case) or is_resolved(case)
        for kind in required_evidence(world.workflow_of(case_id))
        if not has_valid_evidence(world.case_events[case_id].evidence, kind)
    ]


# ---------------------------------------------------------------------------------------------------------------------
# Manual effort
# ---------------------------------------------------------------------------------------------------------------------

# Waste: the steps of `manual_steps` and the counts of a touch.
STEP_COUNTS = {"login": "logins", "handoff": "handoffs", "copy_paste": "copy_pastes"}


def wrap_up_cost(touch: Row, world: World) -> float | None:
    """`rpt_manual_effort_monthly`: the part of an agent charge that is for wrap-up; of no charge none."""
    charged = agent_charge(touch, world)
    if charged["amount"] is None:
        return None
    rate = latest_rate("agent", None, local_date(touch["occurred_at"], world.settings), world)
    assert rate is not None
    return touch["wrap_up_minutes"] * rate


def step_minutes(touches: list[Row], world: World) -> float | None:
    """Waste: Σ steps × minutes; a step that is not in `manual_steps` takes 0; NULL where no count at all is known."""
    return known_total(
        None if touch[column] is None else touch[column] * world.reference.step_minutes.get(step, 0.0)
        for touch in touches
        for step, column in STEP_COUNTS.items()
    )


def waste(manual: float | None, wrap_up: float | None, steps: float | None, agent_charges_of_month: float) -> Row:
    """Waste: capped by the manual minutes; NULL where those are 0 or unknown, or where nothing of it is known."""
    if not manual:
        return dict.fromkeys(("waste_minutes", "waste_share", "loaded_cost_per_minute", "waste_cost"))
    per_minute = agent_charges_of_month / manual
    known = None if wrap_up is None and steps is None else min(manual, (wrap_up or 0.0) + (steps or 0.0))
    return {
        "waste_minutes": known,
        "waste_share": None if known is None else known / manual,
        "loaded_cost_per_minute": per_minute,
        "waste_cost": None if known is None else known * per_minute,
    }


def manual_effort_of(touches: list[Row], resolved_cases: int, charges: list[Row], world: World) -> Row:
    """`rpt_manual_effort_monthly`: one row's figures; `charges` are the agent charges, variable and fixed."""
    manual = known_total(map(known_minutes, touches))
    wrap_up = known_total(touch["wrap_up_minutes"] for touch in touches)
    steps = step_minutes(touches, world)
    return {
        "touches": len(touches),
        "handoffs": known_total(touch["handoffs"] for touch in touches),
        "logins": known_total(touch["logins"] for touch in touches),
        "copy_pastes": known_total(touch["copy_pastes"] for touch in touches),
        "step_minutes": steps,
        "manual_minutes": manual,
        **waste(manual, wrap_up, steps, total(row["amount"] for row in charges)),
        "handle_minutes": known_total(touch["handle_minutes"] for touch in touches),
        "wrap_up_minutes": wrap_up,
        "agent_cost": total(agent_charge(touch, world)["amount"] for touch in touches),
        "wrap_up_cost": total(wrap_up_cost(touch, world) for touch in touches),
        "preventable_touches": sum(touch["exception_id"] is None for touch in touches),
        "resolved_cases": resolved_cases,
    }


def manual_effort_monthly(world: World) -> list[Row]:
    """`rpt_manual_effort_monthly`: months and workflows with a touch (by its start) or a resolved case."""

    def cell(case_id: str, moment: dt.datetime) -> tuple[dt.date, str]:
        return first_of_month(local_date(moment, world.settings)), world.cases[case_id]["workflow"]

    touches, charges = defaultdict(list), defaultdict(list)
    for touch in world.accepted["agent_touches"]:
        touches[cell(touch["case_id"], touch["occurred_at"])].append(touch)
    for row in world.charges:
        if row["category"] == "agent":
            charges[cell(row["case_id"], row["charged_at"])].append(row)
    resolved = Counter(cell(case["case_id"], case["resolved_at"]) for case in world.cases.values() if is_resolved(case))
    return [
        {
            "month": month,
            "workflow": workflow,
            **manual_effort_of(touches[month, workflow], resolved[month, workflow], charges[month, workflow], world),
        }
        for month, workflow in {**dict.fromkeys(touches), **dict.fromkeys(resolved)}
    ]


# ---------------------------------------------------------------------------------------------------------------------
# Savings, what to fix first
# ---------------------------------------------------------------------------------------------------------------------


def savings_monthly(periods: list[Row]) -> list[Row]:
    """`rpt_savings_monthly`: the months of `rpt_kpi_period`; a month without savings adds nothing to the sum so far."""
    months = [row for row in periods if (row["kpi_id"], row["period_kind"]) == ("cost_per_resolved_case", "month")]
    rows = []
    so_far: dict[str, float] = defaultdict(float)
    for row in sorted(months, key=lambda row: row["period_start"]):
        baseline = row["baseline_value"]
        savings = None if baseline is None else baseline * row["denominator"] - row["numerator"]
        so_far[row["workflow"]] += savings or 0.0
        rows.append(
            {
                "month": row["period_start"],
                "workflow": row["workflow"],
                "resolved_cases": row["denominator"],
                "total_cost": row["numerator"],
                "cost_per_resolved_case": row["value"],
                "baseline_cost_per_resolved_case": baseline,
                "savings": savings,
                "cumulative_savings": so_far[row["workflow"]],
                "is_provisional": row["is_provisional"],
            }
        )
    return rows


def is_spared(fix: Row, touch: Row, world: World) -> bool:
    """Money: whether a fix would spare a touch. Without a value the two kinds that need one spare nothing."""
    if fix["workflow"] not in (None, world.cases[touch["case_id"]]["workflow"]):
        return False
    if fix["kind"] == "routine_touch":
        return touch["exception_id"] is None
    if fix["value"] is None:
        return False
    if fix["kind"] == "exception_reason":
        return any(
            row["exception_id"] == touch["exception_id"] and row["reason"] == fix["value"] for row in world.exceptions
        )
    return any(
        row["case_id"] == touch["case_id"] and row["error_reason"] == fix["value"]
        for row in world.accepted["writeback_attempts"]
    )


def recent_touches(world: World) -> list[Row]:
    """Money: the touches of the three whole local months before that of `as_of`, by their start."""
    if world.settings.as_of is None:
        return []
    end = first_of_month(local_date(world.settings.as_of, world.settings))
    start = end
    for _ in range(3):
        start = first_of_month(start - ONE_DAY)
    return [
        touch
        for touch in world.accepted["agent_touches"]
        if start <= local_date(touch["occurred_at"], world.settings) < end
    ]


def fix_priority(world: World) -> list[Row]:
    """`rpt_fix_priority`: the monthly saving per engineering hour, the greatest first, compared to 9 decimals."""
    recent = recent_touches(world)
    rows = []
    for fix in world.reference.fixes:
        touches = [touch for touch in recent if is_spared(fix, touch, world)]
        minutes = known_total(map(known_minutes, touches))
        cost = total(agent_charge(touch, world)["amount"] for touch in touches) / 3
        hours = fix["engineering_hours"]
        rows.append(
            {
                **{name: fix[name] for name in ("fix_id", "title", "kind", "value", "workflow", "engineering_hours")},
                "touches_per_month": len(touches) / 3,
                "minutes_per_month": None if minutes is None else minutes / 3,
                "cost_per_month": cost,
                "monthly_savings_per_engineering_hour": cost / float(hours) if hours else None,
            }
        )

    def order(row: Row) -> tuple:
        savings = row["monthly_savings_per_engineering_hour"]
        return savings is None, -rounded(savings or 0), row["fix_id"].encode("utf-8")

    return [{**row, "priority": number} for number, row in enumerate(sorted(rows, key=order), start=1)]


# ---------------------------------------------------------------------------------------------------------------------
# Funnel
# ---------------------------------------------------------------------------------------------------------------------


def has_reached(case: Row, stage: str) -> bool:
    """Funnel: that stage's own event or any later stage's."""
    return any(case[STAGE_EVENT[later]] is not None for later in STAGES[STAGES.index(stage) :])


def median_from_trigger(cases: list[Row], stage: str) -> float | None:
    """`rpt_funnel_weekly`: over cases that have the stage's own event; negative minutes count."""
    event = STAGE_EVENT[stage]
    return percentile(
        (minutes_between(case["triggered_at"], case[event]) for case in cases if case[event] is not None), 0.5
    )


def share(part: int, whole: int) -> float | None:
    """README.md, principle 5: zero denominator is NULL."""
    return part / whole if whole else None


def funnel_stages(cases: list[Row]) -> list[Row]:
    """`rpt_funnel_weekly`: the five stages of one cell."""
    counts = [sum(has_reached(case, stage) for case in cases) for stage in STAGES]
    own = [sum(case[STAGE_EVENT[stage]] is not None for case in cases) for stage in STAGES]
    return [
        {
            "stage_number": number + 1,
            "stage": stage,
            "cases": counts[number],
            "own_event_cases": own[number],
            "skipped_cases": counts[number] - own[number],
            "share_of_triggered": share(counts[number], len(cases)),
            "share_of_previous": None if number == 0 else share(counts[number], counts[number - 1]),
            "median_minutes_from_trigger": median_from_trigger(cases, stage),
        }
        for number, stage in enumerate(STAGES)
    ]


def funnel_weekly(weeks: list[dt.date], world: World) -> list[Row]:
    """`rpt_funnel_weekly`: cohort `all` in every week; others where a case was triggered."""
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
# Accepted events
# ---------------------------------------------------------------------------------------------------------------------


def event_facts(table: str, world: World) -> list[Row]:
    """`fct_agent_touch` and its likes: an accepted event, the workflow of its case, its own columns."""
    return [
        {
            "event_id": row["event_id"],
            "case_id": row["case_id"],
            "workflow": world.cases[row["case_id"]]["workflow"],
            "occurred_at": row["occurred_at"],
            **{name: row[name] for name in OWN_COLUMNS[table]},
        }
        for row in world.accepted[table]
    ]


def agent_touches(world: World) -> list[Row]:
    """`fct_agent_touch`: `agent_cost` is its variable charge; NULL without a rate or without minutes."""
    return [{**row, "agent_cost": agent_charge(row, world)["amount"]} for row in event_facts("agent_touches", world)]


def payments(world: World) -> list[Row]:
    """`fct_payment`: `amount_reporting`, refunds negative, failed 0."""
    return [
        {**row, "amount_reporting": signed_payment(row, world.reference, world.settings)}
        for row in event_facts("payments", world)
    ]


# `fct_case_event`: the column whose value completes the `activity`; two tables have none.
ACTIVITY_COLUMN = {
    "case_closures": "kind",
    "message_events": "status",
    "identity_checks": "outcome",
    "action_events": "step",
    "writeback_attempts": "status",
    "writeback_acks": "outcome",
    "agent_touches": "outcome",
    "evidence_items": "evidence_type",
    "payments": "status",
}
FIXED_ACTIVITY = {"case_triggers": "triggered", "exceptions": "raised"}


def case_events(world: World) -> list[Row]:
    """`fct_case_event` (without `actor` and `what`, which are prose)."""
    return [
        {
            "case_id": row["case_id"],
            "occurred_at": row["occurred_at"],
            "source_table": table,
            "event_id": row["event_id"],
            "activity": f"{table}.{FIXED_ACTIVITY[table] if table in FIXED_ACTIVITY else row[ACTIVITY_COLUMN[table]]}",
            "message_id": row.get("message_id"),
            "idempotency_key": row.get("idempotency_key"),
            "exception_id": row["event_id"] if table == "exceptions" else row.get("exception_id"),
        }
        for table in EVENT_TABLES
        for row in world.accepted[table]
    ]


# ---------------------------------------------------------------------------------------------------------------------
# Dimensions
# ---------------------------------------------------------------------------------------------------------------------


def date_dimension(weeks: list[dt.date], reference: Reference) -> list[Row]:
    """`dim_date`: every day of the listed weeks."""
    days = [week + ONE_DAY * number for week in weeks for number in range(7)]
    return [
        {
            "date_day": day,
            "week_start": monday_of(day),
            "month_start": first_of_month(day),
            "quarter_start": first_of_quarter(day),
            "is_business_day": is_business_day(day, reference),
            "holiday_name": reference.holiday_names.get(day),
        }
        for day in days
    ]


def run_dimension(weeks: list[dt.date], world: World) -> list[Row]:
    """`dim_run` (without `project_version`)."""
    settings = world.settings
    judged = [
        definition
        for definition in KPIS.values()
        if definition.tier == "headline" and definition.kpi_id != "cost_per_resolved_case"
    ]
    final = [
        week
        for week in weeks
        if not any(is_provisional(definition, week, ALL_WORKFLOWS, world.reference, settings) for definition in judged)
    ]
    return [
        {
            "as_of": settings.as_of,
            "reporting_timezone": settings.timezone.key,
            "reporting_currency": settings.currency,
            "first_week": min(weeks, default=None),
            "latest_week": max(weeks, default=None),
            "latest_final_week": max(final, default=None),
        }
    ]


def kpi_dimension(reference: Reference) -> list[Row]:
    """`dim_kpi`: the catalogue, its definitions in words renamed, and M."""
    same = ("kpi_id", "title", "tier", "unit", "display_order", "sentence")
    return [
        {
            **{name: row[name] for name in same if name in row},
            "numerator_definition": row["numerator"],
            "denominator_definition": row["denominator"],
            "matures": KPIS[row["kpi_id"]].is_maturing,
        }
        for row in reference.catalog
    ]


# ---------------------------------------------------------------------------------------------------------------------
# Everything
# ---------------------------------------------------------------------------------------------------------------------


def build(events: Tables, reference: Tables, variables: Row) -> Tables:
    """The public tables that the oracle covers, from raw events, reference tables and dbt vars."""
    settings = settings_from(events, variables)
    tables = reference_from(reference)
    ended = sort_rows(events, tables, settings)
    world = build_world(ended.accepted, tables, settings)
    units = contributions(world)
    weeks = published_weeks(units, settings)
    pools = pools_of(units)
    baselines = all_baselines(weeks, pools, world)
    cells = with_verdicts(kpi_weekly(units, weeks, world), baselines, world)
    periods = kpi_period(units, weeks, baselines, world)
    built = {
        "fct_case_journey": list(world.cases.values()),
        "fct_writeback": world.writebacks,
        "fct_exception": world.exceptions,
        "fct_message": world.messages,
        "fct_agent_touch": agent_touches(world),
        "fct_identity_check": event_facts("identity_checks", world),
        "fct_evidence": event_facts("evidence_items", world),
        "fct_payment": payments(world),
        "fct_closure": event_facts("case_closures", world),
        "fct_charge": world.charges,
        "fct_case_event": case_events(world),
        "fct_kpi_contribution": units,
        "rpt_kpi_weekly": cells,
        "rpt_kpi_period": periods,
        "rpt_target_progress": target_progress(periods, baselines, world),
        "rpt_change_effect": change_effect(weeks, pools, world),
        "rpt_signal": signals(units, world),
        "rpt_savings_monthly": savings_monthly(periods),
        "rpt_fix_priority": fix_priority(world),
        "rpt_scorecard_weekly": scorecard_weekly(cells, weeks, world),
        "rpt_funnel_weekly": funnel_weekly(weeks, world),
        "rpt_writeback_health_weekly": writeback_health_weekly(world),
        "rpt_alert": alerts(cells, weeks, pools, world),
        "rpt_open_case": open_cases(world),
        "rpt_backlog_daily": backlog_daily(world),
        "rpt_missing_evidence": missing_evidence(world),
        "rpt_manual_effort_monthly": manual_effort_monthly(world),
        "rpt_integrity_violation": integrity_violations(world),
        "rpt_quarantined_event": quarantined_events(ended),
        "rpt_row_reconciliation": row_reconciliation(ended),
        "dim_workflow": list(tables.workflows.values()),
        "dim_date": date_dimension(weeks, tables),
        "dim_run": run_dimension(weeks, world),
    }
    # Without a catalogue of its own a run takes the project's, which the oracle does not know.
    return built | ({"dim_kpi": kpi_dimension(tables)} if tables.catalog else {})
