"""Tests of the oracle itself: figures worked out by hand from the specification, and a sweep of hostile inputs."""

from __future__ import annotations

import datetime as dt
import math
import random
from collections import Counter
from decimal import Decimal
from typing import Any

import compare
import duckdb
import hostile
import oracle
import pytest

Row = dict[str, Any]


def utc(text: str) -> dt.datetime:
    """A timestamp from text."""
    return dt.datetime.fromisoformat(text)


def workflow(name: str = "billing", **changes: Any) -> Row:
    """A row of `workflows` that requires nothing."""
    row = {
        "workflow": name,
        "domain": "billing",
        "owner": "ops",
        "sla_value": 24,
        "sla_unit": "hours",
        "completion_means": "done",
        "requires_consent": False,
        "requires_identity": False,
        "requires_document": False,
        "collects_payment": False,
        "maturity_days": 0,
    }
    return {**row, **changes}


DEFAULT_VALUES: dict[str, Row] = {
    "case_triggers": {"workflow": "billing"},
    "message_events": {"message_id": "m", "channel": "sms", "status": "sent", "is_fallback": False},
    "identity_checks": {"method": "otp", "outcome": "passed"},
    "action_events": {"action": "pay", "step": "completed", "actor": "customer"},
    "writeback_attempts": {
        "idempotency_key": "k",
        "attempt_number": 1,
        "target_system": "ledger",
        "adapter": "rest",
        "status": "accepted",
        "fields_required": 2,
    },
    "writeback_acks": {"idempotency_key": "k", "ack_id": "a", "outcome": "persisted", "fields_persisted": 2},
    "exceptions": {"reason": "dispute", "has_context": True},
    "agent_touches": {
        "agent_ref": "a1",
        "outcome": "resolved",
        "handle_minutes": 10.0,
        "wrap_up_minutes": 2.0,
        "logins": 1,
        "handoffs": 0,
    },
    "evidence_items": {"evidence_type": "consent", "is_valid": True},
    "payments": {
        "payment_id": "p",
        "flow": "automated",
        "status": "succeeded",
        "amount": Decimal("10.00"),
        "currency": "USD",
    },
}


def event(table: str, event_id: str | None, at: str | None, case_id: str | None = "c", **own: Any) -> Row:
    """An event row; loaded when it happened unless told otherwise."""
    row: Row = {name: None for name in oracle.CONTRACT[table]}
    moment = None if at is None else utc(at)
    row.update(event_id=event_id, case_id=case_id, occurred_at=moment, loaded_at=moment)
    row.update(DEFAULT_VALUES[table])
    row.update({name: utc(value) if name.endswith("_at") and value else value for name, value in own.items()})
    return row


def build(events: dict[str, list[Row]], reference: dict[str, list[Row]] | None = None, **variables: Any) -> dict:
    """The oracle with one plain workflow and text for timestamps."""
    return oracle.build(events, {"workflows": [workflow()], **(reference or {})}, variables)


def cell(tables: dict, kpi_id: str, week: str, name: str = "(all)", cohort: tuple = ("all", "all")) -> Row:
    """The one cell of `rpt_kpi_weekly` with these coordinates."""
    (row,) = [
        row
        for row in tables["rpt_kpi_weekly"]
        if (row["kpi_id"], row["week_start"], row["workflow"]) == (kpi_id, dt.date.fromisoformat(week), name)
        and (row["cohort_dimension"], row["cohort_value"]) == cohort
    ]
    return row


# journey.md, SLA -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("unit", "value", "holidays", "triggered", "expected"),
    [
        # Friday 27 March 2026, 23:30 in Berlin; clocks go forward on Sunday 29 March at 01:00 UTC.
        ("hours", 24, [], "2026-03-27 22:30", "2026-03-28 22:30"),
        ("days", 3, [], "2026-03-27 22:30", "2026-03-30 22:30"),
        # Monday 30, Tuesday 31: ends with 1 April, 00:00 in summer time.
        ("business_days", 2, [], "2026-03-27 22:30", "2026-03-31 22:00"),
        ("business_days", 2, ["2026-03-30"], "2026-03-27 22:30", "2026-04-01 22:00"),
        # One hour later it is Saturday; a holiday on a weekend changes nothing.
        ("business_days", 1, ["2026-03-29"], "2026-03-27 23:30", "2026-03-30 22:00"),
        # No days: the end of that Saturday, still in winter time.
        ("business_days", 0, [], "2026-03-27 23:30", "2026-03-28 23:00"),
    ],
)
def test_due_at(unit: str, value: int, holidays: list[str], triggered: str, expected: str) -> None:
    """journey.md, SLA: three units, round the change to summer time."""
    reference = {
        "workflows": [workflow(sla_unit=unit, sla_value=value)],
        "business_holidays": [{"holiday_date": dt.date.fromisoformat(day), "name": "feast"} for day in holidays],
    }
    tables = build(
        {"case_triggers": [event("case_triggers", "t", triggered)]}, reference, reporting_timezone="Europe/Berlin"
    )
    assert tables["fct_case_journey"][0]["due_at"] == utc(expected)


def test_resolved_exactly_when_due_is_on_time() -> None:
    """journey.md, Case: `resolved_at <= due_at` is on time, `due_at <= as_of` is due."""
    events = {
        "case_triggers": [event("case_triggers", "t", "2026-01-05 10:00")],
        "writeback_attempts": [event("writeback_attempts", "w", "2026-01-05 11:00")],
        "writeback_acks": [event("writeback_acks", "k", "2026-01-06 10:00")],
    }
    case = build(events)["fct_case_journey"][0]
    assert (case["is_due"], case["is_time_breach"], case["resolution_minutes"]) == (True, False, 1440)
    events["writeback_acks"][0]["occurred_at"] += dt.timedelta(microseconds=1)
    assert build(events, as_of=utc("2026-01-06 10:00"))["fct_case_journey"][0]["is_time_breach"] is True


# events.md, quiet hours ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "sent", "expected"),
    [
        (21, 8, "2026-03-30 05:59:59.999999", True),  # 07:59:59 in Berlin, summer time
        (21, 8, "2026-03-30 06:00", False),
        (21, 8, "2026-03-28 06:59", True),  # 07:59, winter time
        (21, 8, "2026-03-30 18:59", False),
        (21, 8, "2026-03-30 19:00", True),
        (9, 17, "2026-03-30 07:00", True),
        (9, 17, "2026-03-30 15:00", False),
        (8, 8, "2026-03-30 01:00", False),
        (23, 0, "2026-03-30 21:30", True),
        (23, 0, "2026-03-30 22:00", False),
    ],
)
def test_quiet_hours(start: int, end: int, sent: str, expected: bool) -> None:
    """events.md, dbt vars: windows over midnight, within a day, and off."""
    events = {
        "case_triggers": [event("case_triggers", "t", "2026-03-27 12:00")],
        "message_events": [event("message_events", "m", sent)],
    }
    variables = {"reporting_timezone": "Europe/Berlin", "quiet_hours_start": start, "quiet_hours_end": end}
    assert build(events, **variables)["fct_case_journey"][0]["is_policy_breach"] is expected


# events.md, What happens to each raw row -----------------------------------------------------------------------------


def quarantined(tables: dict) -> dict:
    """Reasons by event id."""
    return {row["event_id"]: row["reason"] for row in tables["rpt_quarantined_event"]}


def test_first_reason_wins() -> None:
    """events.md, What happens to each raw row, step 1: the order of the tests."""
    at, future = "2026-01-05 10:00", "2026-01-05 09:54:59.999999"
    events = {
        "case_triggers": [
            event("case_triggers", "ok", at, loaded_at="2026-01-05 09:55"),
            event("case_triggers", "key", None, case_id="", workflow=None),
            event("case_triggers", "time", None, workflow=None),
            event("case_triggers", "future", at, loaded_at=future, workflow=None),
            event("case_triggers", "history", "2014-12-31 23:59:59.999999", workflow=None),
            event("case_triggers", "null", at, workflow=""),
            event("case_triggers", "workflow", at, workflow="Billing"),
            event("case_triggers", "unseen", None, loaded_at="2026-02-01 00:00", case_id=None),
        ],
        "agent_touches": [
            event("agent_touches", "ends late", at, ended_at="2026-01-05 10:05:00.000001", agent_ref=None),
            event("agent_touches", "ends early", at, ended_at="2026-01-05 09:59"),
            event("agent_touches", "nan", at, handle_minutes=math.nan),
        ],
        "payments": [
            event("payments", "currency", at, currency="GBP"),
            event("payments", "negative", at, amount=Decimal("-0.01"), currency="GBP"),
        ],
        "writeback_attempts": [event("writeback_attempts", "zeroth", at, attempt_number=0)],
    }
    tables = build(events, as_of=utc("2026-01-31 00:00"))
    assert quarantined(tables) == {
        "key": "missing_key",
        "time": "missing_timestamp",
        "future": "from_the_future",
        "history": "before_history",
        "null": "invalid_value",
        "workflow": "unknown_workflow",
        "ends late": "from_the_future",
        "ends early": "invalid_value",
        "nan": "invalid_value",
        "currency": "unknown_currency",
        "negative": "invalid_value",
        "zeroth": "invalid_value",
    }
    assert tables["rpt_row_reconciliation"][0] == {
        "source_table": "case_triggers",
        "raw_rows": 7,
        "accepted_rows": 1,
        "duplicate_rows": 0,
        "quarantined_rows": 6,
    }


def test_duplicates_keep_the_smallest() -> None:
    """events.md, step 2: smallest (`loaded_at`, `occurred_at`, `case_id`), byte by byte; each delivery judged alone."""
    loaded = "2026-01-05 12:00"
    triggers = [
        event("case_triggers", "t", "2026-01-05 10:00", "b", loaded_at=loaded, product="kept by time"),
        event("case_triggers", "t", "2026-01-05 11:00", "a", loaded_at=loaded, product="later"),
        event("case_triggers", "t", "2026-01-05 09:00", "a", loaded_at="2026-01-05 12:01", product="loaded later"),
        event("case_triggers", "t", "2026-01-05 09:00", "a", loaded_at="2026-01-05 11:00", workflow="?"),
        event("case_triggers", "u", "2026-01-05 10:00", "é", loaded_at=loaded),
        event("case_triggers", "u", "2026-01-05 10:00", "z", loaded_at=loaded),
        event("case_triggers", "u", "2026-01-05 10:00", "Z", loaded_at=loaded),
    ]
    for _ in range(5):
        random.shuffle(triggers)
        tables = build({"case_triggers": triggers})
        assert {row["case_id"]: row["product"] for row in tables["fct_case_journey"]} == {
            "b": "kept by time",
            "Z": None,
        }
        assert quarantined(tables) == {"t": "unknown_workflow"}
        assert tables["rpt_row_reconciliation"][0]["duplicate_rows"] == 4


def test_orphans() -> None:
    """events.md, step 3: an acknowledgement whose only attempt is bad, a touch that names another case's exception."""
    at = "2026-01-05 10:00"
    events = {
        "case_triggers": [event("case_triggers", "t", at), event("case_triggers", "t2", at, "d")],
        "writeback_attempts": [event("writeback_attempts", "w", at, adapter="fax")],
        "writeback_acks": [event("writeback_acks", "k", at), event("writeback_acks", "k2", at, "nowhere")],
        "exceptions": [event("exceptions", "x", at, "d")],
        "agent_touches": [
            event("agent_touches", "other case", at, exception_id="x"),
            event("agent_touches", "empty", at, exception_id=""),
        ],
    }
    assert quarantined(build(events)) == {
        "w": "invalid_value",
        "k": "orphan_reference",
        "k2": "orphan_case",
        "other case": "orphan_reference",
    }


# journey.md, Logical writeback ---------------------------------------------------------------------------------------


def test_writeback() -> None:
    """journey.md, Logical writeback: first and last by time and id, early and partial acknowledgements."""
    events = {
        "case_triggers": [event("case_triggers", "t", "2026-01-05 10:00")],
        "writeback_attempts": [
            event("writeback_attempts", "a", "2026-01-05 11:00", fields_required=9, error_reason="last"),
            event("writeback_attempts", "B", "2026-01-05 11:00", fields_required=2, error_reason="first"),
            event("writeback_attempts", "z", "2026-01-05 11:30", error_reason=""),
        ],
        "writeback_acks": [
            event("writeback_acks", "k1", "2026-01-05 10:59:59", ack_id="early"),
            event("writeback_acks", "k2", "2026-01-05 11:01", ack_id="partial", fields_persisted=1),
            event("writeback_acks", "k3", "2026-01-05 11:02", ack_id="refused", outcome="rejected"),
            event("writeback_acks", "k4", "2026-01-05 11:00:30", ack_id="good"),
        ],
    }
    tables = build(events)
    row = tables["fct_writeback"][0]
    assert row["fields_required"] == 2
    assert row["verified_at"] == utc("2026-01-05 11:00:30")
    assert row["persist_seconds"] == 30
    assert row["attempt_count"] == 3
    assert row["last_error_reason"] == "last"
    assert row["is_double_written"] and row["is_retried"]
    kinds = Counter(row["kind"] for row in tables["rpt_integrity_violation"])
    assert kinds == {"ack_before_attempt": 1, "double_write": 1, "missing_rate": 1}


# journey.md, Charge --------------------------------------------------------------------------------------------------


def rate(category: str, amount: float, valid_from: str, **more: Any) -> Row:
    """A row of `cost_rates`."""
    row = {"category": category, "channel": None, "unit": "case", "amount": amount, "currency": "USD", "valid_to": None}
    return {**row, "valid_from": dt.date.fromisoformat(valid_from), **more}


def test_fixed_cost_share() -> None:
    """journey.md, Charge: 280 for February, seven of 28 days over, two cases: 35 each."""
    month = dt.date(2026, 2, 1)
    cost = {"month": month, "category": "platform", "workflow": None, "amount": Decimal("280.00"), "currency": "USD"}
    triggers = [
        event("case_triggers", "1", "2026-02-01 00:00", "c1"),
        event("case_triggers", "2", "2026-02-07 12:00", "c2"),
        event("case_triggers", "3", "2026-01-31 23:59:59", "c3"),
    ]
    march = {**cost, "month": dt.date(2026, 3, 1)}
    reference = {"fixed_costs": [cost, {**cost, "currency": "JPY"}, {**cost, "workflow": "none"}, march]}
    tables = build({"case_triggers": triggers}, reference, as_of=utc("2026-02-08 00:00"))
    fixed = [(row["case_id"], row["amount"]) for row in tables["fct_charge"] if row["is_fixed"]]
    assert sorted(fixed, key=repr) == [("c1", 35.0), ("c1", None), ("c2", 35.0), ("c2", None)]
    kinds = Counter((row["kind"], row["case_id"]) for row in tables["rpt_integrity_violation"])
    assert kinds == {
        ("missing_rate", "c1"): 2,
        ("missing_rate", "c2"): 2,
        ("missing_rate", "c3"): 1,
        ("unallocated_fixed_cost", None): 1,
    }


def test_messaging_rates() -> None:
    """journey.md, Charge: channel before no channel, the latest that has an fx rate, by local date."""
    reference = {
        "cost_rates": [
            rate("messaging", 1, "2026-01-01", channel="sms"),
            rate("messaging", 2, "2026-01-03", channel="sms", currency="GBP"),
            rate("messaging", 3, "2026-01-04", channel="sms", currency="JPY"),
            rate("messaging", 5, "2026-01-01", channel="email", valid_to=dt.date(2026, 1, 3)),
            rate("messaging", 7, "2026-01-02"),
        ],
        "fx_rates": [{"currency": "GBP", "valid_from": dt.date(2026, 1, 4), "rate": 1.5}],
    }
    sent = [
        ("m1", "2026-01-03 12:00", "sms"),  # GBP has no rate yet: 1
        ("m2", "2026-01-05 12:00", "sms"),  # GBP at 1.5, JPY is no rate: 3
        ("m3", "2026-01-02 22:59", "email"),  # 23:59 on the 2nd in Berlin: 5
        ("m4", "2026-01-02 23:00", "email"),  # the 3rd, no longer covered: 7
        ("m5", "2026-01-01 12:00", "whatsapp"),  # nothing yet
    ]
    events = {
        "case_triggers": [event("case_triggers", "t", "2026-01-01 10:00")],
        "message_events": [event("message_events", m, at, message_id=m, channel=channel) for m, at, channel in sent],
    }
    tables = build(events, reference, reporting_timezone="Europe/Berlin")
    charges = [row for row in tables["fct_charge"] if row["category"] == "messaging"]
    assert [row["amount"] for row in sorted(charges, key=lambda row: row["charged_at"])] == [None, 5, 7, 1, 3]


def test_net_collected() -> None:
    """journey.md, Case: succeeded minus refunded, each at its own date's rate; the reporting currency at 1."""
    fx = [("GBP", "2026-01-01", 1.5), ("GBP", "2026-01-06", 2.0), ("USD", "2026-01-01", 9.0)]
    reference = {
        "fx_rates": [{"currency": c, "valid_from": dt.date.fromisoformat(day), "rate": r} for c, day, r in fx],
        "workflows": [workflow(collects_payment=True)],
    }
    events = {
        "case_triggers": [event("case_triggers", "t", "2026-01-05 10:00")],
        "payments": [
            event("payments", "1", "2026-01-05 10:00", currency="GBP"),
            event("payments", "2", "2026-01-06 10:00", currency="GBP", status="refunded", amount=Decimal("2.50")),
            event("payments", "3", "2026-01-06 10:00", flow="agent"),
            event("payments", "4", "2026-01-06 10:00", status="failed"),
        ],
    }
    tables = build(events, reference)
    case = tables["fct_case_journey"][0]
    assert (case["net_collected"], case["net_collected_automated"]) == (20, 10)
    recovery = cell(tables, "payment_recovery_per_1000", "2026-01-05")
    assert (recovery["numerator"], recovery["denominator"], recovery["sample_size"]) == (10000, 1, 1)
    assert recovery["ci_low"] is None


# kpis.md, Cells ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson(successes: int, n: int, low: float, high: float) -> None:
    """kpis.md, Cells: against the examples of Newcombe (1998), Statistics in Medicine 17, table I, method 3."""
    assert oracle.wilson(successes, n) == pytest.approx((low, high), abs=5e-5)


def test_percentile() -> None:
    """kpis.md, Cells: linear interpolation."""
    assert oracle.percentile([40, 10, 30, 20], 0.5) == 25
    assert oracle.percentile([40, 10, 30, 20], 0.9) == pytest.approx(37)
    assert oracle.percentile([7], 0.9) == 7
    assert oracle.percentile([], 0.5) is None


@pytest.mark.parametrize(
    ("kpi_id", "final_at"),
    [
        # The week of 26 January ends on Monday 2 February 00:00 in New York, 05:00 UTC.
        ("deflection_rate", "2026-02-03 05:00"),  # 24 settling hours
        ("completion_rate", "2026-02-05 05:00"),  # three days of maturity
        # Its last day is 1 February: until February is over, 1 March 05:00 UTC, and 24 hours.
        ("cost_per_resolved_case", "2026-03-02 05:00"),
    ],
)
def test_is_provisional(kpi_id: str, final_at: str) -> None:
    """kpis.md, Cells: the week's end plus its lag is later than `as_of`."""
    events = {"case_triggers": [event("case_triggers", "t", "2026-01-28 10:00")]}
    reference = {"workflows": [workflow(maturity_days=1), workflow("slow", maturity_days=3)]}
    for as_of, expected in ((utc(final_at) - dt.timedelta(microseconds=1), True), (utc(final_at), False)):
        tables = build(events, reference, as_of=as_of, reporting_timezone="America/New_York")
        assert cell(tables, kpi_id, "2026-01-26")["is_provisional"] is expected


def test_cells() -> None:
    """kpis.md, Cells: every week, every workflow it can apply to, null as `(none)`, prior value, two clocks."""
    events = {
        "case_triggers": [
            event("case_triggers", "1", "2026-01-05 10:00", "c1", product=""),
            event("case_triggers", "2", "2026-01-19 10:00", "c2", product="card"),
        ],
        "message_events": [
            event("message_events", "1", "2026-01-05 10:00", "c1"),
            event("message_events", "2", "2026-01-19 10:00", "c2"),
        ],
        "writeback_attempts": [event("writeback_attempts", "1", "2026-01-05 10:00", "c1")],
        "writeback_acks": [event("writeback_acks", "1", "2026-01-12 10:00", "c1")],
    }
    reference = {
        "workflows": [workflow(), workflow("unused", requires_consent=True)],
        "cost_rates": [rate("platform", 4, "2026-01-01"), rate("messaging", 0.5, "2026-01-01")],
    }
    tables = build(events, reference)
    weeks = ["2026-01-05", "2026-01-12", "2026-01-19"]
    cost = [cell(tables, "cost_per_resolved_case", week) for week in weeks]
    assert [(row["numerator"], row["denominator"], row["value"]) for row in cost] == [
        (4.5, 0, None),
        (0, 1, 0),
        (4.5, 0, None),
    ]
    volume = [cell(tables, "conversation_volume", week) for week in weeks]
    assert [(row["value"], row["denominator"], row["sample_size"]) for row in volume] == [
        (1, None, 0),
        (0, None, 0),
        (1, None, 0),
    ]
    assert [row["change"] for row in volume] == [None, -1, 1]
    assert cell(tables, "automated_resolution_rate", weeks[0], cohort=("product", "(none)"))["value"] == 1
    assert cell(tables, "time_to_resolution_median", weeks[1])["value"] == 10080
    assert cell(tables, "time_to_resolution_median", weeks[1])["numerator"] is None
    assert cell(tables, "consent_capture_rate", weeks[0], "unused")["denominator"] == 0
    names = [row["workflow"] for row in tables["rpt_kpi_weekly"] if row["kpi_id"] == "consent_capture_rate"]
    assert sorted(names) == ["(all)"] * 3 + ["unused"] * 3
    empty = [row for row in tables["rpt_funnel_weekly"] if row["workflow"] == "unused"]
    assert len(empty) == 15 and {(row["cases"], row["share_of_triggered"]) for row in empty} == {(0, None)}


def test_funnel() -> None:
    """journey.md, Funnel: a later stage's event counts for the earlier ones; negative minutes count in the median."""
    events = {
        "case_triggers": [event("case_triggers", "1", "2026-01-05 10:00")],
        "action_events": [event("action_events", "1", "2026-01-05 09:30", step="completed")],
    }
    rows = [
        row for row in build(events)["rpt_funnel_weekly"] if row["workflow"] == "(all)" and row["cohort_value"] == "all"
    ]
    assert [row["cases"] for row in rows] == [1, 1, 1, 1, 0]
    assert [row["median_minutes_from_trigger"] for row in rows] == [0, None, -30, -30, None]
    assert [row["share_of_previous"] for row in rows] == [None, 1, 1, 1, 0]


def test_nothing_at_all() -> None:
    """README.md, principle 5; kpis.md, Cells: no unit, no weeks; the reconciliation still has ten rows."""
    tables = build({})
    assert {name: len(rows) for name, rows in tables.items() if rows} == {"rpt_row_reconciliation": 10}


# Hostile inputs ------------------------------------------------------------------------------------------------------

SEEDS = range(200)


def canonical(rows: list[Row]) -> list[str]:
    """Rows as sorted text, sums rounded: their order and the order of summation do not matter."""
    return sorted(
        repr([(name, round(value, 6) if isinstance(value, float) else value) for name, value in sorted(row.items())])
        for row in rows
    )


def test_hostile_inputs_reach_everything() -> None:
    """No crash; every row ends once; every reason, violation and KPI occurs; nothing undetermined is generated."""
    reasons, kinds, values = Counter(), Counter(), Counter()
    for seed in SEEDS:
        events, reference, variables = hostile.hostile_events(seed)
        tables = oracle.build(events, reference, variables)
        reasons.update((row["source_table"], row["reason"]) for row in tables["rpt_quarantined_event"])
        kinds.update(row["kind"] for row in tables["rpt_integrity_violation"])
        values.update(row["kpi_id"] for row in tables["rpt_kpi_weekly"] if row["value"] is not None)
        for row in tables["rpt_row_reconciliation"]:
            assert row["raw_rows"] == row["accepted_rows"] + row["duplicate_rows"] + row["quarantined_rows"]
        assert undetermined(events, reference, variables) == 0
    shared = ("missing_key", "missing_timestamp", "from_the_future", "before_history", "invalid_value")
    expected = {(table, reason) for table in oracle.EVENT_TABLES for reason in shared}
    expected |= {(table, "orphan_case") for table in oracle.EVENT_TABLES if table != "case_triggers"}
    expected |= {("writeback_acks", "orphan_reference"), ("agent_touches", "orphan_reference")}
    expected |= {("case_triggers", "unknown_workflow"), ("payments", "unknown_currency")}
    assert set(reasons) == expected
    assert set(kinds) == set(oracle.VIOLATIONS)
    assert set(values) == set(oracle.KPIS)


def undetermined(events: dict, reference: dict, variables: Row) -> int:
    """Valid deliveries of one event with equal (`loaded_at`, `occurred_at`, `case_id`) and unequal payloads."""
    settings = oracle.settings_from(events, variables)
    tables = oracle.reference_from(reference)
    count = 0
    for table, rows in events.items():
        first: dict[tuple, Row] = {}
        for row in map(oracle.empty_to_null, rows):
            if oracle.is_visible(row, settings) and oracle.quarantine_reason(table, row, tables, settings) is None:
                key = (row["event_id"], row["loaded_at"], row["occurred_at"], row["case_id"])
                count += first.setdefault(key, row) != row
    return count


@pytest.mark.parametrize("seed", range(0, 200, 40))
def test_order_does_not_matter(seed: int) -> None:
    """README.md, principle 7: shuffled rows give the same result."""
    events, reference, variables = hostile.hostile_events(seed)
    before = oracle.build(events, reference, variables)
    for rows in [*events.values(), *reference.values()]:
        random.Random(seed).shuffle(rows)
    after = oracle.build(events, reference, variables)
    assert {name: canonical(rows) for name, rows in before.items()} == {
        name: canonical(rows) for name, rows in after.items()
    }


def test_same_seed_same_input() -> None:
    """hostile.py: an input can be made again from its seed."""
    first, second = hostile.hostile_events(3), hostile.hostile_events(3)
    assert repr(first) == repr(second)


def test_parquet_keeps_every_value(tmp_path: Any) -> None:
    """hostile.py: what is read back from the files is what was generated."""
    for seed in range(4):
        events, reference, _ = hostile.hostile_events(seed)
        folder = str(tmp_path / str(seed))
        hostile.write_parquet(events, folder)
        hostile.write_reference_csv(reference, folder)
        for table, rows in events.items():
            found = duckdb.execute(f"select * from read_parquet('{folder}/{table}.parquet')")
            names = [column[0] for column in found.description]
            read = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
            assert sorted(map(repr, read)) == sorted(repr({name: row[name] for name in names}) for row in rows)


# compare.py ----------------------------------------------------------------------------------------------------------


def duckdb_type(values: list) -> str:
    """A column type that holds some values."""
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int, float} and float in kinds:
        return "double"
    names = {bool: "boolean", int: "bigint", dt.datetime: "timestamp", dt.date: "date", Decimal: "decimal(18,2)"}
    return names.get(kinds.pop(), "varchar") if kinds else "varchar"


def write_marts(path: str, tables: dict[str, list[Row]]) -> None:
    """The oracle's tables as the schema `marts` of a DuckDB file."""
    with duckdb.connect(path) as connection:
        connection.execute("create schema marts")
        for table, rows in tables.items():
            names = list(rows[0])
            columns = ", ".join(f'"{name}" {duckdb_type([row[name] for row in rows])}' for name in names)
            connection.execute(f"create table marts.{table} ({columns})")
            marks = ", ".join("?" * len(names))
            some = [list(row.values()) for row in rows]
            connection.executemany(f"insert into marts.{table} values ({marks})", some)


def test_compare_finds_what_differs(tmp_path: Any) -> None:
    """compare.py: silent on equal tables; names table, key, column, got and expected otherwise."""
    inputs = hostile.hostile_events(5, cases=25)
    tables = oracle.build(*inputs)
    path = str(tmp_path / "figures.duckdb")
    write_marts(path, tables)
    assert compare.differences(path, tables) == []
    with duckdb.connect(path) as connection:
        connection.execute("update marts.fct_case_journey set agent_minutes = agent_minutes + 1e-6 where is_due")
        connection.execute("update marts.fct_message set sent_at = sent_at + interval 1 microsecond")
        connection.execute("delete from marts.fct_charge where category = 'platform'")
        connection.execute("insert into marts.rpt_integrity_violation values ('double_write', null)")
        connection.execute("update marts.fct_kpi_contribution set unit_id = 'any' where unit_id is null")
        connection.execute("alter table marts.rpt_funnel_weekly drop column cases")
        connection.execute("drop table marts.fct_exception")
    found = compare.differences(path, tables)
    due = sum(row["is_due"] for row in tables["fct_case_journey"])
    assert sum("fct_case_journey" in line and "agent_minutes: got" in line for line in found) == min(due, 20)
    assert any(line.startswith("fct_message [") and " sent_at: got " in line for line in found)
    assert any(line.startswith("fct_charge [") and "missing row" in line for line in found)
    assert any("double_write" in line and "unexpected row" in line for line in found)
    assert not any("fct_kpi_contribution" in line for line in found)
    assert "rpt_funnel_weekly: there is no column cases" in found
    assert "fct_exception: there is no such table in the schema marts" in found
