"""Small but nasty inputs, from a seed: what a broken producer, a slow loader and a careless operator can do.

``hostile_events(seed)`` gives (events, reference, variables) for ``oracle.build``; ``write_parquet`` and
``write_reference_csv`` lay them down where the dbt vars ``events_path`` and ``reference_path`` can point.

What the definitions leave undetermined is left out on purpose, so that every difference found is a fault:

- two valid deliveries of one event with equal (loaded_at, occurred_at, case_id) always have equal payloads;
- of the rates of one category and channel, and of the fx rates of one currency, no two begin on the same day;
- rates carry the unit of their category, months are first days, no amount of the reference tables is negative;
- no workflow, attribute or currency is called `(all)`; nothing happens at a local midnight that DST skips;
- of the targets of one KPI and workflow no two begin on the same day; none is for `(all)` by name, none has a target or red
  flag that is null; a relative target of money is never "unchanged", and no alert on money is for "any" change (there the
  order of a sum would decide);
- no threshold of a signal is a round number, so that no score comes within 1e-7 of it;
- no fix that needs a value is without one; no change names a diagnostic.

`(none)` as an attribute's own value is included: it shares its cell with null.
"""

from __future__ import annotations

import csv
import datetime as dt
import math
import os
import random
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import oracle

Row = dict[str, Any]
Tables = dict[str, list[Row]]

SECOND = dt.timedelta(seconds=1)
MINUTE = dt.timedelta(minutes=1)
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
MICROSECOND = dt.timedelta(microseconds=1)

DUCKDB_TYPES = {
    "text": "varchar",
    "timestamp": "timestamp",
    "boolean": "boolean",
    "integer": "integer",
    "double": "double",
    "money": "decimal(18,2)",
}
# The raw contract, in order: a table's own columns, and which of them have listed values.
COLUMN_TYPES = {
    table: {name: DUCKDB_TYPES[column.kind] for name, column in columns.items()}
    for table, columns in oracle.OWN_COLUMNS.items()
}
SHARED_TYPES = {name: DUCKDB_TYPES[column.kind] for name, column in oracle.SHARED_COLUMNS.items()}
# What a source need not know.
OPTIONAL_COLUMNS = {
    table: [name for name, column in columns.items() if column.nullable]
    for table, columns in oracle.OWN_COLUMNS.items()
}
# Where customers are: on both sides of the date line, half hours and quarters off, with and without summer time.
CUSTOMER_ZONES = [
    *["Europe/Berlin", "America/New_York", "Asia/Kolkata", "America/St_Johns", "Pacific/Chatham", "Pacific/Honolulu"],
    *["Australia/Lord_Howe", "America/Sao_Paulo"],
]
LISTED = {
    (table, name): column.allowed
    for table, columns in oracle.OWN_COLUMNS.items()
    for name, column in columns.items()
    if column.allowed
} | {("case_triggers", "customer_timezone"): CUSTOMER_ZONES}
# As the project's own files begin, which test_documentation.py compares with the contract.
REFERENCE_COLUMNS = {
    path.stem: path.read_text(encoding="utf-8").split("\n", 1)[0].split(",")
    for path in sorted(Path(__file__).parents[2].glob("seeds/reference/*.csv"))
}

# Prefixes of ids: their order by bytes differs from that of dictionaries, of UTF-16 and of case-blind collations.
NASTY = [
    "a",
    "A",
    "z",
    "Z",
    "B",
    "b",
    "_",
    "-",
    "~",
    "0",
    "9",
    "10",
    " ",
    "é",
    "e\u0301",
    "É",
    "ß",
    "ss",
    "Ω",
    "\u0131",
    "\uff5e",
    "\U0001f600",
    "'",
    '"',
    "''",
    '""',
    "\n",
    "\r\n",
    "\t",
    ";",
    "; drop table cases; --",
    ",",
    "{{ x }}",
    "{% raw %}",
    "{",
    "}",
    "}}",
    "{# ",
    "%",
    "%s",
    "\\",
    "\\n",
    "/*",
    "$$",
    "|",
    "null",
    "NULL",
    "true",
    "1e5",
    "007",
]

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]

# Local moments round which a run is clustered: DST changes, month ends, the turn of the year.
ANCHORS = [
    dt.datetime(2026, 3, 29),
    dt.datetime(2026, 10, 25),
    dt.datetime(2026, 3, 8),
    dt.datetime(2026, 11, 1),
    dt.datetime(2026, 1, 1),
    dt.datetime(2026, 3, 1),
    dt.datetime(2026, 5, 31),
    dt.datetime(2026, 8, 31),
]

# The days on which the clocks of a zone change.
CLOCK_CHANGES = {
    "Europe/Berlin": [dt.datetime(2026, 3, 29), dt.datetime(2026, 10, 25)],
    "America/New_York": [dt.datetime(2026, 3, 8), dt.datetime(2026, 11, 1)],
}

# Pairs whose order by UTF-8 bytes is not that of UTF-16, of a dictionary, or of normalised text: the first is smaller.
BYTE_ORDER = [("\uff5e", "\U0001f600"), ("Z", "a"), ("z", "é"), ("e\u0301", "é"), ("10", "9"), ("B", "a"), ("-", "A")]


class World:
    """What one run has in common: its random numbers, its zone, its moments, its names."""

    def __init__(self, seed: int, cases: int) -> None:
        self.random = random.Random(f"hostile {seed}")
        self.case_count = cases
        self.variables: Row = {}
        self.serial: dict[str, int] = {}
        self.events: Tables = {table: [] for table in COLUMN_TYPES}

        self.zone = ZoneInfo(self.pick(ZONES))
        self.variables["reporting_timezone"] = self.zone.key
        self.anchor = self.pick(CLOCK_CHANGES.get(self.zone.key, ANCHORS) if self.often(0.5) else ANCHORS)
        self.span = dt.timedelta(days=self.pick([4, 12, 20, 30]))
        self.begin = self.anchor - self.span / 2
        self.choose_variables()
        self.pool = [self.moment_in_span() for _ in range(8)] + [self.boundary() for _ in range(8)]

    # Random helpers --------------------------------------------------------------------------------------------------

    def pick(self, choices: Any) -> Any:
        """One of some choices."""
        return self.random.choice(list(choices))

    def often(self, chance: float) -> bool:
        """True with that chance."""
        return self.random.random() < chance

    def identifier(self, kind: str) -> str:
        """A new id with a nasty prefix, nearly always unique within its kind; another kind may use the same text."""
        number = self.serial.get(kind, 0)
        self.serial[kind] = number + 1
        return f"{self.pick(NASTY)}{number}" if self.often(0.8) else f"{self.pick(NASTY)}{number}{self.pick(NASTY)}"

    # Variables -------------------------------------------------------------------------------------------------------

    def choose_variables(self) -> None:
        """The dbt vars, some left to their defaults; `as_of` is chosen last (`choose_as_of`)."""
        optional = {
            "reporting_currency": ["USD", "EUR", "INR"],
            "clock_skew_minutes": [0, 5, 60, 1440],
            "writeback_timeout_minutes": [0, 15, 60, 1440, 4320],
            "settling_hours": [0, 24, 36, 96],
            "min_sample": [1, 3, 30],
            "baseline_weeks": [1, 3, 8],
        }
        for name, choices in optional.items():
            if self.often(0.7):
                self.variables[name] = self.pick(choices)
        if self.often(0.8):
            start, end = self.pick(
                [(21, 8), (22, 6), (9, 17), (0, 7), (23, 0), (8, 8), (0, 0), (2, 3), (20, 23), (3, 2)]
            )
            self.variables["quiet_hours_start"], self.variables["quiet_hours_end"] = start, end
        if self.often(0.3):
            self.variables["history_start"] = (self.begin + self.span / 4).date()

    @property
    def skew(self) -> dt.timedelta:
        """The tolerance for `occurred_at` after `loaded_at`."""
        return self.variables.get("clock_skew_minutes", 5) * MINUTE

    @property
    def timeout(self) -> dt.timedelta:
        """After this an unacknowledged writeback has failed."""
        return self.variables.get("writeback_timeout_minutes", 60) * MINUTE

    @property
    def history_start(self) -> dt.datetime:
        """The moment before which events are quarantined."""
        date = self.variables.get("history_start", dt.date(2015, 1, 1))
        return dt.datetime(date.year, date.month, date.day)

    # Moments (naive UTC) ---------------------------------------------------------------------------------------------

    def to_utc(self, local: dt.datetime) -> dt.datetime:
        """A local wall time as naive UTC; of a doubled hour one of the two."""
        aware = local.replace(tzinfo=self.zone, fold=self.random.randrange(2))
        return aware.astimezone(dt.UTC).replace(tzinfo=None)

    def moment_in_span(self) -> dt.datetime:
        """Any minute of the run's span."""
        minutes = self.random.randrange(int(self.span / MINUTE))
        return self.to_utc(self.begin + minutes * MINUTE)

    def boundary(self) -> dt.datetime:
        """At, just before or just after a local midnight, week, month, quiet hour or DST change."""
        day = dt.datetime.combine((self.begin + self.random.randrange(self.span.days + 1) * DAY).date(), dt.time())
        quiet = [self.variables.get("quiet_hours_start", 21), self.variables.get("quiet_hours_end", 8)]
        candidates = [
            day,
            day - day.weekday() * DAY,
            dt.datetime(self.anchor.year, self.anchor.month, 1),
            self.anchor,
            self.anchor + self.pick([1, 2, 3]) * HOUR,
            day + self.pick(quiet) * HOUR,
        ]
        nudge = self.pick([0 * SECOND, 0 * SECOND, MICROSECOND, -MICROSECOND, SECOND, -SECOND, 30 * MINUTE, -HOUR])
        return self.to_utc(self.pick(candidates)) + nudge

    def moment(self) -> dt.datetime:
        """A moment: of the shared pool (ties), at a boundary, or anywhere."""
        roll = self.random.random()
        if roll < 0.3:
            return self.pick(self.pool)
        return self.boundary() if roll < 0.6 else self.moment_in_span()

    def after(self, base: dt.datetime) -> dt.datetime:
        """Mostly some time after a moment, often at the very same, sometimes before it."""
        roll = self.random.random()
        if roll < 0.2:
            return base
        if roll < 0.3:
            return base - self.pick([MICROSECOND, SECOND, MINUTE, HOUR, 26 * HOUR, 3 * DAY])
        if roll < 0.36:
            return self.moment()
        return base + self.pick(
            [
                MICROSECOND,
                333333 * MICROSECOND,
                SECOND,
                90 * SECOND,
                7 * MINUTE,
                15 * MINUTE,
                HOUR,
                3 * HOUR,
                11 * HOUR,
                DAY,
                47 * HOUR,
                5 * DAY,
            ]
        )

    def loaded_after(self, occurred: dt.datetime) -> dt.datetime:
        """When a row lands: soon, late, or (within the skew) before it happened."""
        roll = self.random.random()
        if roll < 0.08:
            return occurred - self.skew
        if roll < 0.4:
            return occurred + self.pick([0 * SECOND, SECOND, MINUTE])
        return occurred + self.pick([5 * MINUTE, HOUR, 9 * HOUR, 2 * DAY, 6 * DAY])

    # Rows ------------------------------------------------------------------------------------------------------------

    def add(self, table: str, case_id: str, occurred_at: dt.datetime, **own: Any) -> Row:
        """A new event of a table."""
        row = {
            "event_id": self.identifier(table),
            "case_id": case_id,
            "occurred_at": occurred_at,
            "loaded_at": self.loaded_after(occurred_at),
            **own,
        }
        self.events[table].append(row)
        return row


# ---------------------------------------------------------------------------------------------------------------------
# Reference tables
# ---------------------------------------------------------------------------------------------------------------------

PROSE = ["done", 'says "done"; then stops', "two\nlines, with a comma", "{{ not jinja }} {% at all %}", "it's", None]


def workflows(world: World) -> list[Row]:
    """Three SLA units, every flag, one workflow without cases."""
    names = ["billing", "Billing", "plans, long", "kyc 'x'", 'quo"te', "é;{{w}}", "zz_never"]
    chosen = world.random.sample(names[:-1], world.pick([2, 3, 4])) + names[-1:]
    rows = []
    for number, name in enumerate(chosen):
        unit = ["hours", "days", "business_days"][number % 3] if number < 3 else world.pick(["hours", "business_days"])
        rows.append(
            {
                "workflow": name,
                "domain": world.pick(["billing", "collections", "compliance", "service", "other"]),
                "owner": world.pick(["ops", "o'hara", 'team; "b"']),
                "sla_value": world.pick({"hours": [0, 1, 24, 72], "days": [1, 3], "business_days": [0, 1, 2, 5]}[unit]),
                "sla_unit": unit,
                "completion_means": world.pick([text for text in PROSE if text]),
                "requires_consent": world.often(0.6),
                "requires_identity": world.often(0.6),
                "requires_document": world.often(0.5),
                "requires_attestation": world.often(0.4),
                "requires_payment": world.often(0.4),
                "collects_payment": world.often(0.6),
                "maturity_days": world.pick([0, 1, 3, 7, 14]),
            }
        )
    if world.often(0.3):
        # Nothing to show as evidence.
        rows[0] |= {f"requires_{kind}": False for kind in LISTED["evidence_items", "evidence_type"]}
    return rows


def fx_rates(world: World) -> list[Row]:
    """GBP changes often; CHF begins in the middle; JPY is unknown; the reporting currency may have an odd row."""
    middle = (world.begin + world.span / 2).date()
    old = dt.date(2014, 12, 30)
    rows = [
        {"currency": "GBP", "valid_from": old, "rate": 1.27},
        {"currency": "CHF", "valid_from": middle, "rate": 1.125},
        {"currency": "USD", "valid_from": old, "rate": 0.97},
        {"currency": "EUR", "valid_from": old, "rate": 1.0837},
        {"currency": "INR", "valid_from": old, "rate": 0.0119},
    ]
    for day in sorted(world.random.sample(range(world.span.days), min(3, world.span.days))):
        rate = round(world.random.uniform(0.5, 2), 4)
        rows.append({"currency": "GBP", "valid_from": world.begin.date() + day * DAY, "rate": rate})
    world.random.shuffle(rows)
    return rows


def cost_rates(world: World) -> list[Row]:
    """Rates that overlap, that leave gaps, that end before they begin, in currencies with and without an fx rate."""
    begin, end = world.begin.date(), (world.begin + world.span).date()
    old, middle = dt.date(2014, 1, 1), begin + (end - begin) / 2
    later = middle + 2 * DAY
    candidates = [
        ("messaging", "sms", 0.0075, "USD", old, None),
        ("messaging", "sms", 0.011, "GBP", middle, None),
        ("messaging", "sms", 0.5, "JPY", later, None),
        ("messaging", "email", 0.001, "EUR", old, middle),
        ("messaging", "email", 9.0, "USD", begin, begin),
        ("messaging", "whatsapp", 0.2, "JPY", old, None),
        ("messaging", "whatsapp", 0.03, "CHF", begin, later),
        ("messaging", None, 0.05, "USD", old, middle),
        ("messaging", None, 0.06, "CHF", begin, end),
        ("agent", None, 0.9, "USD", old, middle),
        ("agent", None, 1.1, "GBP", middle + DAY, None),
        ("agent", None, 2.0, "JPY", begin, None),
        ("platform", None, 0.25, "EUR", old, None),
        ("platform", None, 0.4, "CHF", begin, None),
        ("platform", None, 0, "GBP", later, later + DAY),
    ]
    kept = [rate for rate in candidates if world.often(0.8)]
    units = {"messaging": "message", "agent": "minute", "platform": "case"}
    rows = [
        {
            "category": category,
            "channel": channel,
            "unit": units[category],
            "amount": amount,
            "currency": currency,
            "valid_from": valid_from,
            "valid_to": valid_to,
        }
        for category, channel, amount, currency, valid_from, valid_to in kept
    ]
    world.random.shuffle(rows)
    return rows


def fixed_costs(world: World, names: list[str]) -> list[Row]:
    """Shared, of a workflow, of a month without cases, of a month to come, in a currency without a rate."""
    month = (world.begin + world.span / 2).date().replace(day=1)
    before = (month - DAY).replace(day=1)
    after = (month + 32 * DAY).replace(day=1)
    candidates = [
        (month, "platform", None, "1200.00", "USD"),
        (month, "platform", None, "1200.00", "USD"),
        (month, "agent", names[0], "310.55", "GBP"),
        (month, "messaging", names[1], "77.77", "EUR"),
        (month, "agent", None, "5.00", "JPY"),
        (month, "platform", None, "0.00", "USD"),
        (before, "platform", None, "99.99", "CHF"),
        (before, "agent", names[-1], "10.00", "USD"),
        (before, "platform", names[0], "640.00", "GBP"),
        (dt.date(2024, 2, 1), "platform", None, "100.00", "USD"),
        (dt.date(2027, 6, 1), "platform", None, "100.00", "USD"),
        (after, "platform", None, "800.00", "USD"),
        (after, "messaging", names[0], "13.13", "EUR"),
        (after, "platform", None, "3.00", "JPY"),
    ]
    return [
        {"month": first, "category": category, "workflow": workflow, "amount": Decimal(amount), "currency": currency}
        for first, category, workflow, amount, currency in candidates
        if world.often(0.6)
    ]


def business_holidays(world: World) -> list[Row]:
    """Some days of the span, working days or not."""
    days = world.random.sample(range(world.span.days + 5), min(4, world.span.days))
    return [
        {"holiday_date": world.begin.date() + day * DAY, "name": world.pick(["feast", 'a "day", off'])} for day in days
    ]


def hostile_reference(world: World) -> Tables:
    """The reference tables that decide figures; `add_verdicts` adds those for verdicts, but for the catalogue."""
    rows = workflows(world)
    return {
        "workflows": rows,
        "cost_rates": cost_rates(world),
        "fixed_costs": fixed_costs(world, [row["workflow"] for row in rows]),
        "fx_rates": fx_rates(world),
        "business_holidays": business_holidays(world),
    }


# ---------------------------------------------------------------------------------------------------------------------
# The events of one case
# ---------------------------------------------------------------------------------------------------------------------


class Case:
    """One case in the making: its id, its base time, the ids that its events share."""

    def __init__(self, world: World, workflow_names: list[str], shared_keys: list[str]) -> None:
        self.world = world
        self.names = workflow_names
        self.shared_keys = shared_keys
        self.case_id = world.identifier("case")
        self.at = world.moment()
        self.message_ids: list[str] = []

    def triggers(self) -> None:
        """None at all, one, or several that disagree on everything."""
        world = self.world
        attributes = {
            "product": ["card", "Card", "loan", "", None, "(none)", " "],
            "customer_ref": ["c'1", "", None],
            "segment": ["prime", None, 'ne"ar', "{{seg}}"],
            "tenure_band": ["0-1", "1-5", None, ""],
            "overdue_bucket": ["30", "60", None],
            "risk_tier": ["low", "high", None],
            "contact_preference": ["sms", "email", ""],
            "source_system": ["crm", "bill;ing", None],
        }
        count = world.pick([0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 3])
        for number in range(count):
            at = self.at if number == 0 else world.after(self.at)
            values = {name: world.pick(choices) for name, choices in attributes.items()}
            world.add(
                "case_triggers", self.case_id, at, workflow=world.pick(self.names), **values, **self.own_terms(at)
            )

    def own_terms(self, at: dt.datetime) -> Row:
        """What a trigger says of its own: when it is due (at once, at a boundary, …), where the customer is, what is owed."""
        world = self.world
        due = world.pick([at, at + MICROSECOND, at + HOUR, at + DAY, at + 9 * DAY, max(at, world.boundary())])
        owed = Decimal(world.random.randrange(90000)).scaleb(-2)
        return {
            "due_at": due if world.often(0.3) else None,
            "customer_timezone": world.pick([None, None, "", *CUSTOMER_ZONES, "UTC"]),
            "amount_due": world.pick([None, None, owed, owed, Decimal("0.00")]),
            "currency": world.pick([None, "", "USD", "EUR", "GBP", "GBP", "CHF"] + ["JPY"] * world.often(0.2)),
            "variant": world.pick(["a", "B", "", None]),
        }

    def closures(self) -> None:
        """Closed, reopened, closed again: before the trigger, after all is resolved, at one moment."""
        world = self.world
        at = world.after(self.at)
        for _ in range(world.pick([0, 0, 0, 1, 1, 2, 3])):
            world.add(
                "case_closures",
                self.case_id,
                at,
                kind=world.pick(["closed", "closed", "reopened"]),
                reason=world.pick([*LISTED["case_closures", "reason"], "", None]),
                actor=world.pick(LISTED["case_closures", "actor"]),
            )
            at = world.after(at)

    def messages(self) -> None:
        """Sent or not, delivered or not, opened without delivery, sent twice over different channels."""
        world = self.world
        for number in range(world.pick([0, 1, 1, 1, 2, 3])):
            # Message ids repeat between cases: they are unique only within one.
            message_id = world.identifier("message") if world.often(0.6) else f"m{number}"
            self.message_ids.append(message_id)
            statuses = world.pick(
                [
                    ["sent"],
                    ["sent", "delivered"],
                    ["sent", "delivered", "opened", "clicked"],
                    ["sent", "opened"],
                    ["sent", "clicked"],
                    ["clicked", "opened"],
                    ["failed"],
                    ["sent", "failed", "sent"],
                    ["sent", "sent", "delivered", "delivered"],
                    ["delivered"],
                ]
            )
            at = world.after(self.at)
            for status in statuses:
                channel = world.pick(LISTED["message_events", "channel"])
                world.add(
                    "message_events",
                    self.case_id,
                    at,
                    message_id=message_id,
                    channel=channel,
                    status=status,
                    is_fallback=world.often(0.3),
                )
                at = world.after(at)

    def checks(self) -> None:
        """Failures, a pass, checks after the pass, ties of a pass and a failure."""
        world = self.world
        at = world.after(self.at)
        for _ in range(world.pick([0, 0, 1, 1, 2, 3, 4])):
            world.add(
                "identity_checks",
                self.case_id,
                at,
                method=world.pick(LISTED["identity_checks", "method"]),
                outcome=world.pick(["passed", "passed", "failed", "abandoned"]),
            )
            at = world.after(at)

    def actions(self) -> None:
        """By customers and agents; naming messages of this case, of none, or with no message event."""
        world = self.world
        at = world.after(self.at)
        for _ in range(world.pick([0, 1, 1, 2, 3, 4])):
            world.add(
                "action_events",
                self.case_id,
                at,
                message_id=world.pick(self.message_ids * 3 + [None, "", "never sent", "m0", "m1"]),
                action=world.pick(["pay", "pay", "pay", *LISTED["action_events", "action"]]),
                step=world.pick(["completed", "completed", "completed", *LISTED["action_events", "step"]]),
                actor=world.pick(["customer"] * 7 + ["agent"]),
                actor_ref=world.pick(["a1", "", None, "o'neil"]),
                error_reason=world.pick([None, None, "", "card; expired"]),
            )
            at = world.after(at)

    def writebacks(self) -> None:
        """Retries, acknowledgements before the attempt, partial, double, rejected, for no attempt, of a shared key."""
        world = self.world
        for _ in range(world.pick([0, 0, 1, 1, 1, 1, 2])):
            key = world.pick(self.shared_keys) if world.often(0.12) else world.identifier("key")
            required = world.pick([0, 1, 3, 3, 3])
            at = world.after(self.at)
            attempts = world.pick([1, 1, 1, 1, 2, 3]) if world.often(0.96) else 0
            first = at
            for number in range(attempts):
                world.add(
                    "writeback_attempts",
                    self.case_id,
                    at,
                    idempotency_key=key,
                    attempt_number=world.pick([number + 1, 1, 7]),
                    target_system=world.pick(["ledger", "Ledger", "crm 'x'"]),
                    adapter=world.pick([*LISTED["writeback_attempts", "adapter"], None, ""]),
                    status=world.pick(LISTED["writeback_attempts", "status"]),
                    fields_required=world.pick([required] * 6 + [5, 5, None]),
                    error_reason=world.pick([None, None, "", "timeout", "Timeout", 'bad; "field"\nline']),
                )
                at = world.after(at)
            self.acks(key, first, required)

    def acks(self, key: str, first: dt.datetime, required: int) -> None:
        """The acknowledgements of one writeback."""
        world = self.world
        ack_id = world.identifier("ack")
        at = world.pick([first, first, world.after(first), world.after(first), first - MICROSECOND])
        for number in range(world.pick([0, 1, 1, 1, 1, 2, 2, 3, 5])):
            world.add(
                "writeback_acks",
                self.case_id,
                at,
                idempotency_key=key,
                ack_id=ack_id if number == 0 or world.often(0.5) else world.identifier("ack"),
                outcome=world.pick(["persisted"] * 5 + ["rejected"] + ["reversed"] * (3 if number else 1)),
                fields_persisted=world.pick([max(0, required + world.pick([0, 0, 0, 0, 0, 0, 1, -1, 2]))] * 9 + [None]),
            )
            # What is written again is often written at the very moment of the reversal.
            at = at if world.often(0.15) else world.after(at)

    def work(self) -> None:
        """Exceptions and agent touches, tied to each other, to nothing, or to another case's exception."""
        world = self.world
        if world.often(0.45):
            return
        raised = []
        for _ in range(world.pick([0, 1, 1, 2])):
            exception = world.add(
                "exceptions",
                self.case_id,
                world.after(self.at),
                reason=world.pick(["no_consent", "dispute; 'x'"]),
                has_context=world.pick([True, True, True, False, False, None]),
            )
            raised.append(exception["event_id"])
        others = [row["event_id"] for row in world.events["exceptions"][-6:]]
        at = world.after(self.at)
        for _ in range(world.pick([0, 1, 1, 2, 3])):
            ended = world.pick([at, at + 90 * SECOND, at + 20 * MINUTE, None, at + world.skew])
            world.add(
                "agent_touches",
                self.case_id,
                at,
                exception_id=world.pick(raised * 4 + others[:1] + [None, None, "", "no such"][: 2 if raised else 4]),
                agent_ref=world.pick(["a1", "o'neil"]),
                ended_at=ended,
                outcome=world.pick(["resolved", "resolved", "returned", "transferred"]),
                handle_minutes=world.pick([0.0, 1.5, 12.25, 0.1, 7 / 3, 7 / 3, None]),
                wrap_up_minutes=world.pick([0.0, 0.2, 3.0, 3.0, None]),
                logins=world.pick([0, 1, 4, None]),
                handoffs=world.pick([0, 1, 2, None]),
                copy_pastes=world.pick([0, 3, None, None]),
            )
            row = world.events["agent_touches"][-1]
            if world.often(0.1):
                row |= dict.fromkeys(
                    world.pick([("logins", "handoffs", "copy_pastes"), ("handle_minutes", "wrap_up_minutes")])
                )
            if row["ended_at"] is not None:
                row["loaded_at"] = max(row["loaded_at"], row["ended_at"] - world.skew)
            at = world.after(at)

    def evidence(self) -> None:
        """Valid and not, before and after the action."""
        world = self.world
        for kind in LISTED["evidence_items", "evidence_type"]:
            for _ in range(world.pick([0, 1, 1, 2])):
                at = world.after(self.at) if world.often(0.6) else self.at
                world.add(
                    "evidence_items",
                    self.case_id,
                    at,
                    evidence_type=kind,
                    is_valid=world.often(0.8),
                    uri=world.pick(["s3://x/'y'", "", None]),
                )

    def payments(self) -> None:
        """Succeeded, failed, refunded (also more than was paid), in several currencies."""
        world = self.world
        for _ in range(world.pick([0, 0, 1, 1, 2, 3])):
            world.add(
                "payments",
                self.case_id,
                world.after(self.at),
                payment_id=world.pick(["p1", "p2", "P'3"]),
                flow=world.pick(["automated", "automated", "agent"]),
                status=world.pick(["succeeded", "succeeded", "succeeded", "refunded", "failed"]),
                amount=Decimal(world.random.randrange(150000) if world.often(0.8) else 10000).scaleb(-2),
                currency=world.pick(["USD", "USD", "EUR", "GBP", "GBP", "CHF", "JPY", "usd"]),
                decline_reason=world.pick(["insufficient funds", "", None]),
            )

    def smooth(self) -> None:
        """A case where all goes well, so that automated and straight-through ones occur too."""
        world = self.world
        at = self.at
        name = world.pick(self.names)
        attributes = {column: None for column in COLUMN_TYPES["case_triggers"] if column != "workflow"}
        world.add("case_triggers", self.case_id, at, workflow=name, **{**attributes, **self.own_terms(at)})
        step = world.pick([0 * SECOND, SECOND, MINUTE, HOUR])
        for status in ("sent", "delivered", "opened", "clicked"):
            at += step
            world.add(
                "message_events",
                self.case_id,
                at,
                message_id="m",
                channel=world.pick(["sms", "email"]),
                status=status,
                is_fallback=False,
            )
        done = at + 2 * step
        for kind in LISTED["evidence_items", "evidence_type"]:
            # By the resolution, or a hair after it.
            by = at if world.often(0.9) else done + world.pick([0 * SECOND, MICROSECOND])
            world.add("evidence_items", self.case_id, by, evidence_type=kind, is_valid=True, uri=None)
        world.add("identity_checks", self.case_id, at, method="otp", outcome="passed")
        at += step
        world.add(
            "action_events",
            self.case_id,
            at,
            message_id="m",
            action="pay",
            step="completed",
            actor="customer",
            actor_ref=None,
            error_reason=None,
        )
        world.add(
            "payments",
            self.case_id,
            at if world.often(0.8) else done + world.pick([0 * SECOND, MICROSECOND]),
            payment_id="p",
            flow="automated",
            status="succeeded" if world.often(0.9) else "failed",
            amount=Decimal("42.42"),
            currency=world.pick(["USD", "GBP", "EUR"]),
            decline_reason=None,
        )
        key = world.identifier("key")
        world.add(
            "writeback_attempts",
            self.case_id,
            at,
            idempotency_key=key,
            attempt_number=1,
            target_system="ledger",
            adapter="rest",
            status="accepted",
            fields_required=2,
            error_reason=None,
        )
        outcomes = ["persisted"]
        if world.often(0.25):
            # Undone, perhaps written again, perhaps twice.
            outcomes += world.pick([["reversed"], ["reversed", "persisted"], ["reversed", "persisted", "persisted"]])
        for number, outcome in enumerate(outcomes, start=1):
            world.add(
                "writeback_acks",
                self.case_id,
                at + number * step,
                idempotency_key=key,
                ack_id=world.identifier("ack"),
                outcome=outcome,
                fields_persisted=2 if outcome == "persisted" else None,
            )
        if world.often(0.1):
            # Closed in spite of it, or not before long.
            self.closures()

    def make(self) -> None:
        """Everything that happens to the case."""
        if self.world.often(0.25):
            self.smooth()
            return
        self.triggers()
        self.closures()
        self.messages()
        self.checks()
        self.actions()
        self.writebacks()
        self.work()
        self.evidence()
        self.payments()


# ---------------------------------------------------------------------------------------------------------------------
# Bad rows
# ---------------------------------------------------------------------------------------------------------------------


def break_key(world: World, table: str, row: Row) -> None:
    """`missing_key`."""
    row[world.pick(["event_id", "case_id"])] = world.pick([None, ""])


def break_timestamp(world: World, table: str, row: Row) -> None:
    """`missing_timestamp`."""
    row[world.pick(["occurred_at", "loaded_at"])] = None


def break_future(world: World, table: str, row: Row) -> None:
    """`from_the_future`, by a microsecond or by hours; a touch also by its end."""
    if row["occurred_at"] is None:
        return
    excess = world.pick([MICROSECOND, HOUR])
    if table == "agent_touches" and world.often(0.5):
        row["ended_at"] = row["occurred_at"] + HOUR
        row["loaded_at"] = row["ended_at"] - world.skew - excess
    else:
        row["loaded_at"] = row["occurred_at"] - world.skew - excess


def break_history(world: World, table: str, row: Row) -> None:
    """`before_history`, by a microsecond or by years."""
    row["occurred_at"] = world.history_start - world.pick([MICROSECOND, 400 * DAY])
    if row.get("ended_at") is not None:
        row["ended_at"] = row["occurred_at"]


def break_null(world: World, table: str, row: Row) -> None:
    """`invalid_value`: a column that may not be null; an empty text is null."""
    name = world.pick([name for name, column in oracle.OWN_COLUMNS[table].items() if not column.nullable])
    row[name] = "" if COLUMN_TYPES[table][name] == "varchar" and world.often(0.5) else None


def break_value(world: World, table: str, row: Row) -> None:
    """`invalid_value`: unlisted, negative, not a number, the attempt 0, an end or a due moment before the start."""
    breaks: list[tuple[str, Any]] = []
    for name, kind in COLUMN_TYPES[table].items():
        if (table, name) in LISTED:
            good = world.pick(LISTED[table, name])
            breaks += [(name, bad) for bad in (good.upper(), f" {good}", f"{good} ", "another", "'")]
        if kind == "integer":
            breaks.append((name, -1))
        if kind == "double":
            breaks += [
                (name, bad) for bad in (-0.5, float("nan"), float("nan"), float("inf"), float("inf"), float("-inf"))
            ]
        if kind.startswith("decimal"):
            breaks.append((name, Decimal("-0.01")))
        if name == "attempt_number":
            breaks += [(name, 0)] * 6
        if name in ("ended_at", "due_at") and row["occurred_at"] is not None:
            breaks.append((name, row["occurred_at"] - world.pick([MICROSECOND, HOUR])))
    if not breaks:
        break_null(world, table, row)
        return
    name, value = world.pick(breaks)
    row[name] = value


def break_reference(world: World, table: str, row: Row) -> None:
    """`unknown_workflow`, `unknown_currency`; for other tables an orphan."""
    if table == "case_triggers" and world.often(0.3):
        row["amount_due"], row["currency"] = Decimal("1.00"), world.pick(["JPY", "usd", " USD"])
    elif table == "case_triggers":
        row["workflow"] = world.pick(["BILLING", "no such", "billing ", "zz_never "])
    elif table == "payments":
        row["currency"] = world.pick(["JPY", "usd", "XXX", " USD"])
    else:
        row["case_id"] = "no such case"


BREAKS: list[Callable[[World, str, Row], None]] = [
    break_key,
    break_timestamp,
    break_future,
    break_history,
    break_null,
    break_value,
    break_reference,
]


def break_row(world: World, table: str, row: Row) -> None:
    """Break a row in one way or in several at once."""
    for breaking in world.random.sample(BREAKS, world.pick([1, 1, 1, 2, 3])):
        breaking(world, table, row)


def add_bad_rows(world: World) -> None:
    """Some rows go bad (what refers to them is orphaned); others get a bad delivery of the same event beside them."""
    for table, rows in world.events.items():
        for row in list(rows):
            roll = world.random.random()
            if roll < 0.03:
                break_row(world, table, row)
                row["_is_bad"] = True
            elif roll < 0.06:
                bad = dict(row, _is_bad=True)
                break_row(world, table, bad)
                rows.append(bad)


# ---------------------------------------------------------------------------------------------------------------------
# Repeated deliveries
# ---------------------------------------------------------------------------------------------------------------------


def other_payload(world: World, table: str, row: Row, template: Row) -> None:
    """Take one to three own values of another event of the same table."""
    for name in world.random.sample(list(COLUMN_TYPES[table]), min(world.pick([1, 2, 3]), len(COLUMN_TYPES[table]))):
        if name != "ended_at":
            row[name] = template[name]


def repeat_row(world: World, table: str, row: Row) -> Row:
    """Another delivery of an event: the same or another payload; later, earlier or at the same moment."""
    again = dict(row)
    good = [other for other in world.events[table] if not other.get("_is_bad")]
    way = world.pick(["identical", "reloaded", "corrected", "retimed", "moved"])
    if way == "identical":
        return again
    if way == "reloaded":
        again["loaded_at"] += world.pick([MICROSECOND, HOUR, 3 * DAY])
        return again
    if way == "corrected":
        again["loaded_at"] += world.pick([MICROSECOND, -MICROSECOND, HOUR, 2 * DAY])
    if way == "retimed":
        again["occurred_at"] -= world.pick([MICROSECOND, SECOND, DAY])
    if way == "moved":
        again["case_id"] = world.pick(good)["case_id"]
        if again["case_id"] == row["case_id"]:
            return dict(row)
    if world.often(0.7):
        other_payload(world, table, again, world.pick(good))
    return again


def add_repeats(world: World) -> None:
    """Deliver some good rows again, up to three times."""
    for table, rows in world.events.items():
        good = [row for row in rows if not row.get("_is_bad")]
        for row in good:
            if world.often(0.1):
                for _ in range(world.pick([1, 1, 2, 3])):
                    rows.append(repeat_row(world, table, row))


def drop_undetermined(events: Tables) -> None:
    """Of good deliveries with equal (event_id, loaded_at, occurred_at, case_id) keep those like the first."""
    for rows in events.values():
        first: dict[tuple, Row] = {}
        kept = []
        for row in rows:
            key = (row["event_id"], row["loaded_at"], row["occurred_at"], row["case_id"])
            if row.get("_is_bad") or first.setdefault(key, row) == row:
                kept.append(row)
        rows[:] = [{name: value for name, value in row.items() if name != "_is_bad"} for row in kept]


# ---------------------------------------------------------------------------------------------------------------------
# As of
# ---------------------------------------------------------------------------------------------------------------------


def choose_as_of(world: World, reference: Tables) -> None:
    """Absent, in the middle, or exactly where something turns: a load, a timeout, a maturity, the end of a week."""
    loads = sorted(row["loaded_at"] for rows in world.events.values() for row in rows if row["loaded_at"] is not None)
    if not loads or world.often(0.3):
        return
    attempts = [row["occurred_at"] + world.timeout for row in world.events["writeback_attempts"] if row["occurred_at"]]
    triggers = [row["occurred_at"] for row in world.events["case_triggers"] if row["occurred_at"]]
    days = world.pick(reference["workflows"])["maturity_days"]
    settling = world.variables.get("settling_hours", 24) * HOUR
    monday = dt.datetime.combine((world.begin + world.span * 0.7).date(), dt.time())
    monday -= monday.weekday() * DAY
    month = (world.begin + world.span).replace(day=1, hour=0, minute=0)
    lag = max(settling, world.timeout)
    after_anchor = dt.datetime.combine(world.anchor.date(), dt.time()) + (7 - world.anchor.weekday()) * DAY
    candidates = [
        loads[len(loads) * 3 // 4],
        loads[len(loads) // 2],
        loads[-1] + 3 * DAY,
        loads[-1] + 17 * DAY,
        loads[-1] + 45 * DAY,
        loads[len(loads) * 2 // 3] - MICROSECOND,
        world.to_utc(monday) + lag,
        world.to_utc(monday) + max(lag, days * DAY),
        world.to_utc(monday) + settling,
        world.to_utc(monday) - MICROSECOND,
        world.to_utc(after_anchor) + lag - world.pick([0 * SECOND, MICROSECOND, 30 * MINUTE, -30 * MINUTE]),
        world.to_utc(after_anchor) + max(lag, days * DAY) - world.pick([0 * SECOND, 30 * MINUTE, -30 * MINUTE]),
        world.to_utc(month) + world.pick([settling, 0 * HOUR, -MICROSECOND]),
        world.begin + world.span * 0.6,
    ]
    if attempts:
        candidates.append(world.pick(attempts))
    due = [row["due_at"] for row in world.events["case_triggers"] if row["due_at"]]
    if due:
        candidates.append(world.pick(due) - world.pick([0 * SECOND, MICROSECOND]))
    if triggers:
        candidates += [world.pick(triggers) + days * DAY, world.pick(triggers) + 24 * HOUR, world.pick(triggers) + HOUR]
    world.variables["as_of"] = world.pick(candidates)


# ---------------------------------------------------------------------------------------------------------------------
# Round as_of: what turns at an exact moment, and ties that only the order of bytes decides
# ---------------------------------------------------------------------------------------------------------------------


class EdgeCase:
    """A clean case of a few rows, all loaded by `as_of`."""

    def __init__(self, world: World, as_of: dt.datetime, triggered: dt.datetime, workflow: str) -> None:
        self.world = world
        self.as_of = as_of
        self.case_id = world.identifier("edge")
        attributes = {column: None for column in COLUMN_TYPES["case_triggers"]}
        self.trigger = self.add("case_triggers", triggered, **{**attributes, "workflow": workflow})

    def add(self, table: str, at: dt.datetime, **own: Any) -> Row:
        """An event that is loaded when it happened, at the latest by `as_of`."""
        row = self.world.add(table, self.case_id, at, **own)
        row["loaded_at"] = min(max(at, at - self.world.skew), self.as_of)
        return row

    def complete(self, at: dt.datetime) -> None:
        """The customer completes the action."""
        self.add(
            "action_events",
            at,
            message_id=None,
            action="pay",
            step="completed",
            actor="customer",
            actor_ref=None,
            error_reason=None,
        )

    def attempt(self, at: dt.datetime, key: str) -> Row:
        """A writeback is attempted."""
        return self.add(
            "writeback_attempts",
            at,
            idempotency_key=key,
            attempt_number=1,
            target_system="ledger",
            adapter="rest",
            status="failed",
            fields_required=1,
            error_reason=None,
        )

    def check(self, at: dt.datetime, outcome: str) -> Row:
        """An identity check."""
        return self.add("identity_checks", at, method="otp", outcome=outcome)

    def sent(self, at: dt.datetime, message_id: str, channel: str) -> Row:
        """A message is sent."""
        return self.add(
            "message_events", at, message_id=message_id, channel=channel, status="sent", is_fallback=channel == "sms"
        )

    def touch(self, at: dt.datetime, exception_id: str | None, outcome: str) -> Row:
        """An agent's touch, whose end depends on its outcome."""
        return self.add(
            "agent_touches",
            at,
            exception_id=exception_id,
            agent_ref="a1",
            ended_at=None if outcome == "returned" else at,
            outcome=outcome,
            handle_minutes=1.0,
            wrap_up_minutes=0.5,
            logins=0,
            handoffs=0,
            copy_pastes=1,
        )

    def close(self, at: dt.datetime, kind: str = "closed") -> Row:
        """The case is closed, or opened again."""
        return self.add("case_closures", at, kind=kind, reason="expired" if kind == "closed" else None, actor="system")

    def acknowledge(self, at: dt.datetime, key: str, outcome: str = "persisted") -> Row:
        """The system of record has persisted everything, or has undone it."""
        ack_id = self.world.identifier("ack")
        return self.add("writeback_acks", at, idempotency_key=key, ack_id=ack_id, outcome=outcome, fields_persisted=1)


def add_closure_edges(world: World, as_of: dt.datetime, names: list[str]) -> None:
    """Cases closed just when they are due, a hair before and after, and then resolved or opened again."""
    for due in (as_of - HOUR, as_of):
        for nudge in (0 * SECOND, MICROSECOND, -MICROSECOND):
            case = EdgeCase(world, as_of, due - DAY, world.pick(names))
            case.trigger["due_at"] = due
            if world.often(0.5):
                case.complete(due - HOUR)
            if due + nudge > as_of:
                continue
            case.close(due + nudge)
            ending = world.pick(["resolved", "attempted", "reopened", "", ""])
            if ending in ("resolved", "attempted"):
                key = world.identifier("key")
                case.attempt(due - 2 * HOUR, key)
                if ending == "resolved":
                    case.acknowledge(due - HOUR, key)
            if ending == "reopened":
                case.close(min(due + nudge + MICROSECOND, as_of), "reopened")


def add_reversal_edges(world: World, as_of: dt.datetime, names: list[str]) -> None:
    """Reversals just when a writeback is verified, a hair before and after; written again just then, and a hair later."""
    at = as_of - 3 * HOUR
    for nudge in (0 * SECOND, MICROSECOND, -MICROSECOND):
        for again in (None, 0 * SECOND, MICROSECOND, HOUR):
            case = EdgeCase(world, as_of, at - HOUR, world.pick(names))
            case.complete(at - MINUTE)
            key = world.identifier("key")
            case.attempt(at - MINUTE, key)
            first = case.acknowledge(at, key)
            case.acknowledge(at + nudge, key, "reversed")
            if again is not None:
                other = case.acknowledge(at + nudge + again, key)
                other["ack_id"] = world.pick([first["ack_id"], other["ack_id"]])


def add_customer_clocks(world: World, as_of: dt.datetime, names: list[str]) -> None:
    """Messages round the quiet hours of customers in four zones, on the days when clocks change too."""
    start, end = world.variables.get("quiet_hours_start", 21), world.variables.get("quiet_hours_end", 8)
    for name in world.random.sample(CUSTOMER_ZONES, 4):
        days = [as_of.date() - number * DAY for number in (2, 3, 5)]
        days += [day.date() for day in CLOCK_CHANGES.get(name, []) if day + 3 * DAY < as_of < day + 60 * DAY]
        for day in days:
            hour = world.pick([start, end])
            local = dt.datetime.combine(day, dt.time(hour % 24), tzinfo=ZoneInfo(name))
            nudge = world.pick([0 * SECOND, -MICROSECOND, MICROSECOND, HOUR, -HOUR])
            at = local.astimezone(dt.UTC).replace(tzinfo=None) + nudge
            if at <= as_of and at - HOUR >= world.history_start:
                case = EdgeCase(world, as_of, at - HOUR, world.pick(names))
                case.trigger["customer_timezone"] = name
                case.trigger["due_at"] = at
                case.sent(at, "m", world.pick(["sms", "push", "voice", "letter", "portal"]))


def add_timeout_edges(world: World, as_of: dt.datetime, names: list[str]) -> None:
    """Completions and attempts exactly a timeout ago, and a microsecond less; retries that prolong the wait."""
    limit = as_of - world.timeout
    for nudge in (0 * SECOND, MICROSECOND, -MICROSECOND):
        EdgeCase(world, as_of, limit - DAY, world.pick(names)).complete(limit + min(nudge, world.timeout))
        waiting = EdgeCase(world, as_of, limit - DAY, world.pick(names))
        waiting.complete(limit - DAY)
        waiting.attempt(limit + min(nudge, world.timeout), world.identifier("key"))
        retried = EdgeCase(world, as_of, limit - DAY, world.pick(names))
        retried.complete(limit - HOUR)
        key = world.identifier("key")
        retried.attempt(limit - HOUR, key)
        retried.attempt(limit + min(nudge, world.timeout), key)
        if world.often(0.5):
            retried.attempt(limit - HOUR, world.identifier("key"))


def add_term_edges(world: World, as_of: dt.datetime, rows: list[Row]) -> None:
    """Triggers whose term or maturity ends exactly at `as_of`; events that happen after `as_of`, within the skew."""
    for row in rows:
        terms = [row["maturity_days"] * DAY]
        terms += {"hours": [row["sla_value"] * HOUR], "days": [row["sla_value"] * DAY]}.get(row["sla_unit"], [])
        for term in terms:
            for nudge in (0 * SECOND, MICROSECOND):
                EdgeCase(world, as_of, as_of - term + min(nudge, term), row["workflow"])
    ahead = EdgeCase(world, as_of, as_of, world.pick(rows)["workflow"])
    ahead.sent(as_of + world.skew, "m", "sms")
    ahead.check(as_of + world.skew, "passed")
    if "history_start" in world.variables:
        for nudge in (0 * SECOND, -MICROSECOND):
            EdgeCase(world, as_of, min(world.history_start + nudge, as_of), world.pick(rows)["workflow"])


def add_tie(case: EdgeCase, at: dt.datetime, number: int, event_id: str, key: str, exception_id: str) -> None:
    """One side of a tie: the first passes, goes by text message, is resolved; the second does not."""
    rows = [
        case.check(at, ("passed", "failed")[number]),
        case.sent(at, "m", ("sms", "email")[number]),
        case.touch(at, exception_id, ("resolved", "returned")[number]),
        case.close(at, ("closed", "reopened")[number]),
        case.attempt(at, key),
    ]
    rows[-1].update(fields_required=number, error_reason=f"e{number}")
    for row in rows:
        row["event_id"] = event_id


def add_byte_order_ties(world: World, as_of: dt.datetime, names: list[str]) -> None:
    """Two events of one moment, whose ids only bytes put in order, and that say different things."""
    for pair in BYTE_ORDER:
        at = as_of - world.pick([HOUR, DAY, 3 * DAY])
        case = EdgeCase(world, as_of, at, names[0])
        serial, key = world.identifier("tie"), world.identifier("key")
        ids = [f"{prefix}{serial}" for prefix in pair]
        world.random.shuffle(ids)
        exception = case.add("exceptions", at, reason="tie", has_context=True)
        for number, event_id in enumerate(ids):
            add_tie(case, at, number, event_id, key, exception["event_id"])
        case.trigger["event_id"] = ids[0]
        again = {"event_id": ids[1], "workflow": world.pick(names), "product": "second"}
        world.events["case_triggers"].append({**case.trigger, **again})


def add_edges(world: World, reference: Tables) -> None:
    """Some of the above, round the moment that the run is computed for."""
    loads = [row["loaded_at"] for rows in world.events.values() for row in rows if row["loaded_at"] is not None]
    as_of = world.variables.get("as_of", max(loads, default=world.anchor))
    rows = reference["workflows"][:-1]
    names = [row["workflow"] for row in rows]
    if world.often(0.3):
        return
    if world.often(0.6):
        add_timeout_edges(world, as_of, names)
    if world.often(0.6):
        add_term_edges(world, as_of, rows)
    if world.often(0.6):
        add_byte_order_ties(world, as_of, names)
    if world.often(0.5):
        add_closure_edges(world, as_of, names)
    if world.often(0.5):
        add_reversal_edges(world, as_of, names)
    if world.often(0.5):
        add_customer_clocks(world, as_of, names)


# ---------------------------------------------------------------------------------------------------------------------
# Verdicts: targets, alert rules, and weeks that give them something to say
# ---------------------------------------------------------------------------------------------------------------------

# Fractions that small samples often have, exactly, rounded, and off by less than the rounding of a comparison.
NEAR_RATES = [
    *[0, 0.05, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.75, 0.8, 0.9, 0.95, 1],
    *[1 / 3, 0.333333333, 0.3333333334, 0.333333334, 2 / 3, 0.6666666671, 0.666666666, 0.5000000004, 0.500000001],
]

# KPIs by what is near their values.
NEAR_VALUES: list[tuple[list[str], list[float]]] = [
    (
        [
            *["completion_rate", "automated_resolution_rate", "verified_writeback_rate", "writeback_success_rate"],
            *["deflection_rate", "containment_rate", "sla_breach_rate", "sla_on_time_rate", "exception_escape_rate"],
            *["escalation_success_rate", "action_response_rate", "identity_pass_rate", "writeback_retry_rate"],
            *["writeback_first_attempt_rate", "fallback_rate", "straight_through_rate", "consent_capture_rate"],
            *["document_capture_rate", "evidence_completeness_rate", "context_handover_rate"],
            *["payment_completion_rate", "open_rate", "click_rate", "bot_containment_rate", "self_cure_rate"],
            *["closed_unresolved_rate", "writeback_reversal_rate", "ineligible_rate", "payment_decline_rate"],
        ],
        NEAR_RATES,
    ),
    (["time_to_resolution_median", "time_to_resolution_p90"], [0, 1, 60, 180, 420, 660, 1440, 4320, 7200]),
    (["time_to_persist_median", "time_to_persist_p90"], [0, 1, 60, 90, 420, 900, 3600, 39600, 86400]),
    (["cost_per_resolved_case"], [0.01, 0.3, 2, 10.5, 50, 200, 900]),
    (["payment_recovery_per_1000"], [-20000, 0.5, 14000, 42420, 300000, 900000]),
    (["agent_minutes_per_resolution", "handle_time_mean"], [0, 1, 1.5, 4.25, 12.25, 20]),
    (["conversation_volume"], [0, 1, 5]),
    (["messages_per_resolution", "clicks_per_resolution"], [0, 0.5, 1, 1.5, 2, 4]),
]

NEAR = {kpi_id: values for kpi_ids, values in NEAR_VALUES for kpi_id in kpi_ids}
RATES = NEAR_VALUES[0][0]
MONEY = ["cost_per_resolved_case", "payment_recovery_per_1000"]
DIAGNOSTICS = [
    *["open_rate", "click_rate", "bot_containment_rate", "conversation_volume", "handle_time_mean"],
    *["messages_per_resolution", "clicks_per_resolution", "self_cure_rate"],
]
LOWER_IS_GOOD = [
    *["time_to_resolution_median", "time_to_resolution_p90", "sla_breach_rate", "cost_per_resolved_case"],
    *["exception_escape_rate", "writeback_retry_rate", "time_to_persist_median", "time_to_persist_p90"],
    *["fallback_rate", "agent_minutes_per_resolution", "closed_unresolved_rate", "writeback_reversal_rate"],
    *["ineligible_rate", "payment_decline_rate"],
]


def kpi_target(world: World, kpi_id: str, workflow: str) -> Row:
    """A target and a red flag, mostly in order, sometimes equal, sometimes the wrong way round."""
    kind = world.pick(["absolute", "absolute", "change_vs_baseline"])
    changes = [-1, -0.5, -0.2, -0.1, 0.1, 0.15, 0.5, 1] + ([] if kpi_id in MONEY else [0, 0, 0])
    pair = [world.pick(NEAR[kpi_id] if kind == "absolute" else changes) for _ in range(2)]
    if world.often(0.85):
        pair.sort(reverse=kpi_id not in LOWER_IS_GOOD)
    if world.often(0.1):
        pair[1] = pair[0]
    return {
        "kpi_id": kpi_id,
        "workflow": workflow,
        "kind": kind,
        "target": pair[0],
        "red_flag": pair[1],
        "owner": world.pick(["Lead", "o'neil", 'team; "t"', None]),
        "action": world.pick([text for text in PROSE if text]),
        "valid_from": None,
        "valid_to": None,
        "due_date": None,
    }


def dated_targets(world: World, kpi_id: str, workflow: str, as_of: dt.datetime) -> list[Row]:
    """One target, or several that follow each other, overlap or leave a gap; some of them are due by a day."""
    rows = [kpi_target(world, kpi_id, workflow)]
    if world.often(0.3):
        # As many days as there are rows, so that no two begin on the same.
        days = sorted(world.random.sample(range(-70, 10), world.pick([1, 2])))
        starts = [as_of.date() + number * DAY for number in days]
        starts = [day - day.weekday() * DAY if world.often(0.4) else day for day in starts]
        rows = rows * world.often(0.7) + [
            {**kpi_target(world, kpi_id, workflow), "valid_from": day} for day in sorted(set(starts))
        ]
    for row in rows:
        if world.often(0.2):
            row["valid_to"] = (row["valid_from"] or as_of.date() - 20 * DAY) + world.pick([1, 7, 21]) * DAY
        if world.often(0.5):
            row["due_date"] = as_of.date() + world.pick([-50, -20, -1, 0, 1, 10, 30, 90, 400]) * DAY
    return rows


def kpi_targets(world: World, names: list[str], as_of: dt.datetime) -> list[Row]:
    """For every workflow, for some, for one that does not exist, for no one; also for KPIs that may have none."""
    if world.often(0.05):
        return []
    rows = []
    for kpi_id in NEAR:
        chance = 0.3 if kpi_id in DIAGNOSTICS else 0.75
        if world.often(0.15):
            continue
        for name, share in [("*", chance), *((name, chance / 3) for name in [*names, "no such"])]:
            rows += dated_targets(world, kpi_id, name, as_of) if world.often(share) else []
    world.random.shuffle(rows)
    return rows


def alert_rule(world: World, kpi_id: str, kind: str, number: int) -> Row:
    """A rule; by how much it has to drop or rise may be nothing at all."""
    if kind in ("below", "above"):
        amount = world.pick(NEAR[kpi_id])
    elif kpi_id in RATES:
        amount = world.pick([0, 0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1 / 3])
    else:
        amount = world.pick([0.5, 3, 10, 1000] if kpi_id in MONEY else [0, 0.5, 1, 5])
    return {
        "rule_id": f"{world.pick(NASTY)}{kind}{number}",
        "kpi_id": kpi_id,
        "kind": kind,
        "amount": amount,
        "min_sample": world.pick([None, None, 0, 1, 2, 3, 5, 30]),
        "severity": world.pick(["warn", "page"]),
        "owner": world.pick(["Lead", "o'neil", 'team; "t"']),
        "action": world.pick([text for text in PROSE if text]),
    }


def alert_rules(world: World) -> list[Row]:
    """All four kinds, on rates and on what is none, on one KPI several times."""
    if world.often(0.05):
        return []
    kpi_ids = [world.pick(RATES) for _ in range(20)] + [world.pick(NEAR) for _ in range(12)]
    kpi_ids += ["writeback_success_rate", "fallback_rate", "identity_pass_rate", "writeback_retry_rate"] * 2
    kinds = ["below", "above", "drop", "rise"]
    return [
        alert_rule(world, kpi_id, world.pick(kinds if number % 2 else kinds[2:]), number)
        for number, kpi_id in enumerate(kpi_ids)
    ]


SIGNALS = [
    *[("writeback_success_rate", "all"), ("writeback_success_rate", "target_system")],
    *[("writeback_retry_rate", "all"), ("writeback_retry_rate", "target_system")],
    *[("identity_pass_rate", "all"), ("identity_pass_rate", "method")],
    *[("fallback_rate", "all"), ("fallback_rate", "channel")],
]


def signal_rules(world: World) -> list[Row]:
    """Every KPI by every dimension that it may have, both kinds; from hardly ever a false alarm to several a week."""
    return [
        {
            "rule_id": f"{world.pick(NASTY)}{kind}{number}",
            "kpi_id": kpi_id,
            "kind": kind,
            "dimension": dimension,
            "odds_ratio": world.pick([1.5, 2.0, 3.0, 4.75]),
            "false_alarms_per_year": round(world.pick([0.25, 20, 300, 1500]) * world.random.uniform(0.9, 1.1), 6),
            "severity": world.pick(["warn", "page"]),
            "owner": world.pick(["Lead", "o'neil", 'team; "t"']),
            "action": world.pick([text for text in PROSE if text]),
        }
        for number, (kpi_id, dimension) in enumerate(SIGNALS)
        for kind in ("drop", "rise")
        if world.often(0.6)
    ]


def manual_steps(world: World) -> list[Row]:
    """Mostly all steps; one that is not listed takes no time."""
    steps = ["login", "handoff", "copy_paste"]
    return [{"step": step, "minutes": world.pick([0, 0.5, 2.25, 4])} for step in steps if world.often(0.85)]


def changes(world: World, names: list[str], as_of: dt.datetime) -> list[Row]:
    """Changes of all kinds of KPI before, within and after the data."""
    kpi_ids = [kpi_id for kpi_id in NEAR if kpi_id not in DIAGNOSTICS]
    volume = ["fallback_rate", "identity_pass_rate", "writeback_success_rate", "completion_rate"]
    return [
        {
            "change_id": f"{world.pick(NASTY)}{number}",
            "changed_on": as_of.date() - world.random.randrange(-10, 90) * DAY,
            "kpi_id": world.pick([*kpi_ids, *volume * 4]),
            "workflow": world.pick([*names, "(all)", "(all)"]),
            "description": world.pick([text for text in PROSE if text]),
        }
        for number in range(world.pick([0, 10, 16]))
    ]


def fixes(world: World, names: list[str]) -> list[Row]:
    """All three kinds, of all workflows or of one, with and without hours; some alike but for their id."""
    values = {
        "exception_reason": ["no_consent", "dispute; 'x'", "dispute", "tie", "Dispute"],
        "error_reason": ["timeout", "Timeout", 'bad; "field"\nline', "b", "B", "e0"],
        "routine_touch": [None],
    }
    rows = []
    for number in range(world.pick([0, 6, 9])):
        kind = world.pick(values)
        row = {
            "fix_id": f"{world.pick(NASTY)}{number}",
            "title": world.pick([text for text in PROSE if text]),
            "kind": kind,
            "value": world.pick(values[kind]),
            "workflow": world.pick([None, None, *names]),
            "engineering_hours": world.pick([None, 0, 1, 2.5, 40, 40]),
        }
        rows += [row, {**row, "fix_id": f"{world.pick(NASTY)}again{number}"}][: 2 if world.often(0.3) else 1]
    return rows


class HistoryCase(EdgeCase):
    """A case of the time before the run's span."""

    def pay(self, at: dt.datetime, status: str) -> None:
        """An automated payment."""
        self.add(
            "payments",
            at,
            payment_id="p",
            flow="automated",
            status=status,
            amount=Decimal("10.01"),
            currency="USD",
            decline_reason="insufficient funds" if status == "failed" else None,
        )

    def exception(self, at: dt.datetime, good: bool) -> None:
        """Solved on the first touch, or not."""
        raised = self.add("exceptions", at, reason="dispute", has_context=good)
        self.touch(at + HOUR, raised["event_id"], "resolved")
        if not good:
            self.touch(at + 2 * HOUR, raised["event_id"], "returned")

    def go_well(self, at: dt.datetime) -> None:
        """Everything at the first try."""
        key = self.world.identifier("key")
        self.sent(at, "m", "email")
        self.check(at + MINUTE, "passed")
        for kind in LISTED["evidence_items", "evidence_type"]:
            self.add("evidence_items", at + MINUTE, evidence_type=kind, is_valid=True, uri=None)
        self.complete(at + 2 * MINUTE)
        self.pay(at + 2 * MINUTE, "succeeded")
        self.attempt(at + 3 * MINUTE, key)
        self.acknowledge(at + 4 * MINUTE, key)

    def go_badly(self, at: dt.datetime) -> None:
        """Another channel, failed checks, no evidence, attempts without an answer, or one that is undone."""
        key = self.world.identifier("key")
        self.sent(at, "m", "sms")
        for number in range(2):
            self.check(at + number * MINUTE, "failed")
        self.complete(at + 5 * MINUTE)
        self.pay(at + 5 * MINUTE, "failed")
        for number, reason in enumerate(self.world.random.sample(["b", "B", "a", "é", None], 3)):
            self.attempt(at + (6 + number) * MINUTE, key)["error_reason"] = reason
        if self.world.often(0.3):
            self.acknowledge(at + 9 * MINUTE, key)
            self.acknowledge(at + 10 * MINUTE, key, "reversed")
        if self.world.often(0.4):
            self.close(at + 20 * MINUTE)
        if self.world.often(0.5):
            action = self.add(
                "action_events",
                at + 5 * MINUTE,
                **{**dict.fromkeys(COLUMN_TYPES["action_events"]), "action": "plan", "actor": "customer"},
            )
            action["step"] = "ineligible"


class DayCase(EdgeCase):
    """A case of one day of a long history: some messages, checks and writebacks, and perhaps a touch."""

    def go(self, at: dt.datetime, share: dict[str, float]) -> None:
        """share: of what goes wrong, by channel, method and target system."""
        world = self.world
        for number in range(world.pick([1, 2, 3])):
            channel = world.pick(["sms", "email"])
            sent = self.sent(at, f"m{number}", channel)
            sent["is_fallback"] = world.often(share[channel])
        method = world.pick(["otp", "knowledge"])
        outcomes = ["failed", "failed", "failed", "passed"] if world.often(share[method]) else ["passed"]
        for number, outcome in enumerate(outcomes):
            self.check(at + number * SECOND, outcome)["method"] = method
        for number in range(world.pick([1, 2, 3])):
            key = world.identifier("key")
            target = world.pick(["ledger", "crm 'x'"])
            goes_wrong = world.often(share[target])
            for step in range(2 if goes_wrong else 1):
                attempt = self.attempt(at + (number + step) * SECOND, key)
                attempt["target_system"] = target
                attempt["error_reason"] = world.pick(["timeout", "b"]) if goes_wrong else None
            if not goes_wrong or world.often(0.3):
                self.acknowledge(at + MINUTE, key)
        if world.often(0.25):
            raised = self.add("exceptions", at, reason="dispute", has_context=None)
            self.touch(at, world.pick([raised["event_id"], None]), "resolved")


def add_days(world: World, as_of: dt.datetime, names: list[str]) -> None:
    """A long history day by day, in which something begins to go wrong or to go well some days before its end."""
    length, fault = world.pick([78, 95]), world.pick([1, 3, 9, 18])
    last = world.pick([0, 0, 0, 1, 6])
    usual = world.pick([0.1, 0.5, 0.85])
    share = dict.fromkeys(["sms", "email", "otp", "knowledge", "ledger", "crm 'x'"], usual)
    changed = world.random.sample(sorted(share), world.pick([2, 3, 6]))
    chosen = world.random.sample(names, min(len(names), world.pick([1, 2])))
    # Where nothing happened for long, a reference that was there runs out of units again.
    gap = range(last + fault + 1, world.pick([60, 66])) if world.often(0.3) else range(0)
    for back in range(length, last - 1, -1):
        if back == last + fault:
            share |= dict.fromkeys(changed, 0.97 if usual < 0.8 else 0.05)
        if world.often(0.08) or back in gap:
            continue
        for _ in range(world.pick([1, 1, 2] if back > last + fault else [1, 2, 3])):
            at = as_of - back * DAY - world.pick([2 * MINUTE, HOUR, 5 * HOUR])
            DayCase(world, as_of, at, world.pick(chosen)).go(at, share)


def add_history(world: World, as_of: dt.datetime, names: list[str]) -> None:
    """Some weeks that are alike and, before or after the run's span begins, one or two that are the opposite."""
    weeks, alike = world.pick([(5, 4), (6, 4), (5, 3)])
    first = world.begin - world.begin.weekday() * DAY - weeks * 7 * DAY
    alike_is_good = world.often(0.6)
    chosen = world.random.sample(names, min(len(names), world.pick([1, 2])))
    for week in range(weeks):
        good = alike_is_good if week < alike else not alike_is_good
        for number in range(world.pick([4, 9, 12])):
            minutes = world.pick([600, 700, 1100]) + world.random.randrange(7) * 1440
            at = world.to_utc(first + week * 7 * DAY + minutes * MINUTE)
            case = HistoryCase(world, as_of, at, chosen[number % len(chosen)])
            goes_well = good if world.often(0.93) else not good
            (case.go_well if goes_well else case.go_badly)(at)
            if world.often(0.4):
                case.exception(at + HOUR, goes_well)


def add_half_used_terms(world: World, as_of: dt.datetime, rows: list[Row]) -> None:
    """Open cases that have used half of their time, a microsecond less or more, or nearly all of it, at every stage."""
    for row in rows:
        term = row["sla_value"] * {"hours": HOUR, "days": DAY, "business_days": DAY}[row["sla_unit"]]
        for at in (
            as_of - term / 2,
            as_of - term / 2 + MICROSECOND,
            as_of - term / 2 - MICROSECOND,
            as_of - term * 0.9,
        ):
            if term and at < as_of:
                case = EdgeCase(world, as_of, at, row["workflow"])
                step = world.pick([0, 1, 2, 3])
                if step == 1:
                    case.check(at, "passed")
                if step >= 2:
                    case.complete(at)
                if step == 3:
                    case.attempt(at, world.identifier("key"))


def add_verdicts(world: World, reference: Tables) -> None:
    """Targets, rules, short windows, small samples; cases for them. Drawn last, from random numbers of their own."""
    loads = [row["loaded_at"] for rows in world.events.values() for row in rows if row["loaded_at"] is not None]
    as_of = world.variables.get("as_of", max(loads, default=world.anchor))
    names = [row["workflow"] for row in reference["workflows"]]
    reference["kpi_targets"] = kpi_targets(world, names, as_of)
    reference["alert_rules"] = alert_rules(world)
    reference["signal_rules"] = signal_rules(world)
    reference["manual_steps"] = manual_steps(world)
    reference["changes"] = changes(world, names, as_of)
    reference["fixes"] = fixes(world, names)
    has_history = world.often(0.45)
    if world.often(0.85):
        world.variables["baseline_weeks"] = world.pick([3, 3, 4, 5] if has_history else [1, 1, 2, 2, 3, 3, 4, 0])
    if world.often(0.8):
        world.variables["min_sample"] = world.pick([1, 1, 2, 3, 4, 5])
    if has_history:
        add_history(world, as_of, names[:-1])
    if world.often(0.5):
        add_half_used_terms(world, as_of, reference["workflows"][:-1])
    if world.often(0.35) and "history_start" not in world.variables:
        add_days(world, as_of, names[:-1])


# ---------------------------------------------------------------------------------------------------------------------
# Everything
# ---------------------------------------------------------------------------------------------------------------------


def add_bounds(world: World) -> None:
    """Further rows like some of those that are there, with the largest number that may be or a hair more, or loaded at a sentinel.

    Drawn from random numbers of their own, after everything else.
    """
    numbers = {
        "double": [100_000.0, 100_000.0, math.nextafter(100_000.0, math.inf), 1e25],
        "integer": [1_000_000_000, 1_000_000_000, 1_000_000_001, 2_147_483_647],
    }
    sentinels = [dt.datetime(2100, 1, 1), dt.datetime(9999, 12, 31), dt.datetime(9999, 12, 31, 23, 59, 59, 999999)]
    for table, rows in world.events.items():
        for row in world.random.sample(rows, min(6, len(rows))):
            more = dict(row, event_id=world.identifier("bound"))
            columns = [name for name, kind in COLUMN_TYPES[table].items() if kind in numbers]
            if columns and world.often(0.7):
                name = world.pick(columns)
                more[name] = world.pick(numbers[COLUMN_TYPES[table][name]])
            else:
                more["loaded_at"] = world.pick(sentinels)
            rows.append(more)
    # A moment that some systems write for "never".
    triggers = world.events["case_triggers"]
    for row in world.random.sample(triggers, min(3, len(triggers))):
        triggers.append(dict(row, event_id=world.identifier("bound"), due_at=world.pick(sentinels[:2])))


def leave_columns_out(world: World) -> None:
    """Some tables without some columns that may be null, which counts as if they were.

    Deliveries that differed in such a column only for one of them to be refused may now both be good: of deliveries with one
    key those like the first stay.
    """
    for table in world.random.sample(sorted(COLUMN_TYPES), world.pick([1, 2, 4])):
        optional = OPTIONAL_COLUMNS[table]
        absent = world.random.sample(optional, world.pick([1, len(optional)])) if optional else []
        rows = [{name: value for name, value in row.items() if name not in absent} for row in world.events[table]]
        first: dict[tuple, Row] = {}
        world.events[table] = [
            row
            for row in rows
            if first.setdefault((row["event_id"], row["loaded_at"], row["occurred_at"], row["case_id"]), row) == row
        ]


def hostile_events(seed: int, cases: int = 60, with_bounds: bool = True) -> tuple[Tables, Tables, Row]:
    """(events, reference, variables) of a seed; the same seed gives the same input.

    with_bounds: whether add_bounds() adds to it, and whether some tables are left without some columns.
    """
    world = World(seed, cases)
    reference = hostile_reference(world)
    names = [row["workflow"] for row in reference["workflows"][:-1]]
    shared_keys = ["K1", "k1", "k'\n1"]
    for _ in range(cases):
        Case(world, names, shared_keys).make()
    if world.often(0.8):
        add_bad_rows(world)
    if world.often(0.8):
        add_repeats(world)
    drop_undetermined(world.events)
    choose_as_of(world, reference)
    add_edges(world, reference)
    if world.often(0.1):
        world.events[world.pick(COLUMN_TYPES)] = []
    world.random = random.Random(f"verdicts {seed}")
    add_verdicts(world, reference)
    if with_bounds:
        world.random = random.Random(f"bounds {seed}")
        add_bounds(world)
        world.random = random.Random(f"absent {seed}")
        if world.often(0.4):
            leave_columns_out(world)
    for rows in world.events.values():
        world.random.shuffle(rows)
    return world.events, reference, world.variables


def write_inputs(folder: Path, events: Tables, reference: Tables, variables: dict) -> dict:
    """Write events and reference tables below a folder; returns the dbt vars with the paths to them."""
    paths = {"events_path": folder / "events", "reference_path": folder / "reference"}
    for path in paths.values():
        path.mkdir(parents=True)
    write_parquet(events, str(paths["events_path"]))
    write_reference_csv(reference, str(paths["reference_path"]))
    return {**variables, **paths}


def write_parquet(events: Tables, folder: str) -> None:
    """One typed `<table>.parquet` per event table, empty ones too; a column that no row has is left out."""
    import duckdb

    os.makedirs(folder, exist_ok=True)
    connection = duckdb.connect()
    try:
        for table, own in COLUMN_TYPES.items():
            rows = events.get(table, [])
            present = {name for row in rows for name in row} or {*SHARED_TYPES, *own}
            types = {name: kind for name, kind in {**SHARED_TYPES, **own}.items() if name in present}
            columns = ", ".join(f'"{name}" {kind}' for name, kind in types.items())
            connection.execute(f"create table {table} ({columns})")
            values = [[row.get(name) for name in types] for row in rows]
            if values:
                marks = ", ".join("?" * len(types))
                connection.executemany(f"insert into {table} values ({marks})", values)
            path = os.path.join(folder, f"{table}.parquet").replace("'", "''")
            connection.execute(f"copy {table} to '{path}' (format parquet)")
    finally:
        connection.close()


def csv_value(value: Any) -> Any:
    """A value as the reference CSV files hold it: null empty, booleans in lower case, dates in ISO form."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dt.date, dt.datetime)):
        return value.isoformat()
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")
    return value


def write_reference_csv(reference: Tables, folder: str) -> None:
    """One `<table>.csv` per reference table of `reference` (without rows: a header); the others come from the seeds."""
    os.makedirs(folder, exist_ok=True)
    for table, rows in reference.items():
        path = os.path.join(folder, f"{table}.csv")
        with open(path, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(REFERENCE_COLUMNS[table])
            writer.writerows([csv_value(row.get(name)) for name in REFERENCE_COLUMNS[table]] for row in rows)
