"""Tests of the oracle itself: figures worked out by hand from the specification, and a sweep of hostile inputs."""

from __future__ import annotations

import datetime as dt
import math
import random
from collections import Counter
from decimal import Decimal
from pathlib import Path
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


# kpis.md, Baseline, target, status ------------------------------------------------------------------------------------


def kpi_target(kpi_id: str, goal: float, red_flag: float, name: str = "*", **more: Any) -> Row:
    """A row of `kpi_targets`."""
    row = {"kpi_id": kpi_id, "workflow": name, "kind": "absolute", "target": goal, "red_flag": red_flag}
    return {**row, "owner": "Lead", "action": "act", **more}


def alert_rule(kpi_id: str, kind: str, amount: float, **more: Any) -> Row:
    """A row of `alert_rules`, called by its kind."""
    row = {"rule_id": kind, "kpi_id": kpi_id, "kind": kind, "amount": amount, "min_sample": None}
    return {**row, "severity": "page", "owner": "Lead", "action": "act", **more}


def triggered_and_sent(weekly: list[tuple[str, int, int]], name: str = "billing") -> dict[str, list[Row]]:
    """Per day: so many messages sent, so many of them by a fallback; one case on the first day."""
    events: dict[str, list[Row]] = {"case_triggers": [], "message_events": []}
    events["case_triggers"].append(event("case_triggers", name, f"{weekly[0][0]} 10:00", name, workflow=name))
    for day, sent, fallback in weekly:
        for number in range(sent):
            m = f"{name} {day} {number}"
            more = {"message_id": m, "is_fallback": number < fallback}
            events["message_events"].append(event("message_events", m, f"{day} 10:00", name, **more))
    return events


def test_seed_reference() -> None:
    """oracle.seed_reference: typed rows; the catalogue and kpis.md agree on what is good."""
    tables = oracle.seed_reference(Path(__file__).resolve().parents[2])
    assert {type(row["target"]) for row in tables["kpi_targets"]} == {float}
    assert {type(row["min_sample"]) for row in tables["alert_rules"]} <= {int, type(None)}
    directions = {row["kpi_id"]: (row["tier"], row["direction"]) for row in tables["kpi_catalog"]}
    assert directions == {
        kpi_id: (
            definition.tier,
            None if definition.tier == "diagnostic" else "lower" if kpi_id in oracle.LOWER_IS_BETTER else "higher",
        )
        for kpi_id, definition in oracle.KPIS.items()
    }


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1 / 3, "0.333333333"),
        (1 / 1024, "0.000976563"),  # exactly 0.0009765625
        (-1 / 1024, "-0.000976563"),
        (3 / 1024, "0.002929688"),
        (0.3333333335, "0.333333333"),  # the double is a little less than that
        (7, "7.000000000"),
        (1.5e17, "150000000000000000.000000000"),
    ],
)
def test_rounded(value: float, expected: str) -> None:
    """kpis.md, Alerts: 9 decimals, half away from zero."""
    assert str(oracle.rounded(value)) == expected


@pytest.mark.parametrize(
    ("as_of", "weeks", "expected"),
    [
        # Triggered on Tuesday 6 January: the baseline begins on the 12th; its last week ends on the 26th, and 24 hours.
        ("2026-01-27 00:00", 2, 0.3),
        ("2026-01-26 23:59:59.999999", 2, None),
        ("2026-01-20 00:00", 1, 0.5),
        ("2026-01-19 23:59", 1, None),
        ("2026-02-10 00:00", 0, None),
        ("2026-02-03 00:00", 3, 0.35),
        ("2026-02-03 00:00", 4, None),
    ],
)
def test_baseline(as_of: str, weeks: int, expected: float | None) -> None:
    """kpis.md, Baseline: first Monday on or after the earliest trigger; pooled; final."""
    sent = [("2026-01-06", 2, 2), ("2026-01-12", 10, 5), ("2026-01-25", 10, 1), ("2026-01-26", 20, 8)]
    targets = [kpi_target("fallback_rate", -0.2, 0, kind="change_vs_baseline")]
    tables = build(
        triggered_and_sent(sent), {"kpi_targets": targets}, as_of=utc(as_of), baseline_weeks=weeks, min_sample=1
    )
    for name in ("billing", "(all)"):
        row = cell(tables, "fallback_rate", "2026-01-12", name)
        assert row["baseline_value"] == pytest.approx(expected)
        assert row["target"] == (None if expected is None else pytest.approx(expected * 0.8))
        assert row["red_flag"] == pytest.approx(expected)
        wanted = "no_target" if expected is None else "red" if expected < 0.5 else "amber"
        assert (row["status"], row["owner"]) == (wanted, "Lead")


def test_baseline_on_a_monday_is_of_the_workflow() -> None:
    """kpis.md, Baseline: local dates; a Monday counts at once; `(all)` begins with the earliest of all cases."""
    # Sunday 23:00 UTC is Monday in Berlin.
    first = triggered_and_sent([("2026-01-12", 4, 1)])
    first["case_triggers"][0].update(occurred_at=utc("2026-01-11 23:00"), loaded_at=utc("2026-01-11 23:00"))
    second = triggered_and_sent([("2026-01-20", 1, 0), ("2026-01-26", 2, 1)], "late")
    events = {table: [*first[table], *second[table]] for table in first}
    reference = {"workflows": [workflow(), workflow("late"), workflow("never")]}
    variables = {"as_of": utc("2026-03-01 00:00"), "baseline_weeks": 1, "reporting_timezone": "Europe/Berlin"}
    tables = build(events, reference, **variables)
    found = {
        name: cell(tables, "fallback_rate", "2026-01-19", name)["baseline_value"]
        for name in ("billing", "late", "never", "(all)")
    }
    assert found == {"billing": 0.25, "late": 0.5, "never": None, "(all)": 0.25}


@pytest.mark.parametrize(
    ("kpi_id", "goal", "red_flag", "min_sample", "expected"),
    [
        # Three messages, one of them by a fallback and delivered: 1/3.
        ("fallback_rate", 0.333333333, 0.5, 3, "green"),
        ("fallback_rate", 0.3333333328, 0.5, 3, "green"),  # rounds to 0.333333333
        ("fallback_rate", 0.333333332, 0.5, 3, "amber"),
        ("fallback_rate", 0.1, 0.333333333, 3, "amber"),
        ("fallback_rate", 0.1, 0.333333332, 3, "red"),
        ("fallback_rate", 0.5, 0.1, 3, "red"),
        ("fallback_rate", 0.1, 0.1, 4, "too_little_data"),
        ("completion_rate", 0.5, 0, 1, "amber"),
        ("completion_rate", 0.5, 0.000000001, 1, "red"),
        ("completion_rate", 0, 0, 1, "green"),
        ("deflection_rate", 0.3, 0.3, 1, "no_data"),
    ],
)
def test_status(kpi_id: str, goal: float, red_flag: float, min_sample: int, expected: str) -> None:
    """kpis.md, Status: the first that holds; strict; both directions; rounded."""
    reference = {"kpi_targets": [kpi_target(kpi_id, goal, red_flag)]}
    tables = build(triggered_and_sent([("2026-01-05", 3, 1)]), reference, min_sample=min_sample)
    assert cell(tables, kpi_id, "2026-01-05")["status"] == expected
    line = next(row for row in tables["rpt_scorecard_weekly"] if row["workflow"] == "(all)")
    assert (line[f"{kpi_id}_status"], line[kpi_id]) == (expected, cell(tables, kpi_id, "2026-01-05")["value"])


def test_whose_target() -> None:
    """kpis.md, Target: the workflow's row before `*`, also without a baseline; owners; where there is none at all."""
    reference = {
        "workflows": [workflow(), workflow("other", owner="them"), workflow("third")],
        "kpi_targets": [
            kpi_target("fallback_rate", 0.5, 0.6),
            kpi_target("fallback_rate", 0.2, 0.3, "billing", owner=None),
            kpi_target("fallback_rate", -0.2, 0, "other", kind="change_vs_baseline"),
            kpi_target("open_rate", 0.2, 0.3),
        ],
    }
    tables = build(triggered_and_sent([("2026-01-05", 3, 1)]), reference, min_sample=1)

    def found(kpi_id: str, name: str, cohort: tuple = ("all", "all")) -> tuple:
        row = cell(tables, kpi_id, "2026-01-05", name, cohort)
        return tuple(row[column] for column in ("target", "red_flag", "status", "owner"))

    assert found("fallback_rate", "billing") == (0.2, 0.3, "red", "ops")
    assert found("fallback_rate", "other") == (None, None, "no_target", "Lead")
    assert found("fallback_rate", "third") == (0.5, 0.6, "no_data", "Lead")
    assert found("fallback_rate", "(all)") == (0.5, 0.6, "green", "Lead")
    assert found("completion_rate", "other") == (None, None, "no_target", "them")
    assert found("completion_rate", "(all)") == (None, None, "no_target", None)
    assert found("open_rate", "(all)") == (None, None, None, None)
    assert found("fallback_rate", "(all)", ("product", "(none)")) == (None, None, None, None)
    line = next(row for row in tables["rpt_scorecard_weekly"] if row["workflow"] == "billing")
    assert "open_rate" not in line and len(line) == 2 + 2 * 28
    assert (line["payment_recovery_per_1000"], line["payment_recovery_per_1000_status"]) == (None, None)


# kpis.md, Alerts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(81, 263, 0.2535, 0.3682), (15, 148, 0.0598, 0.1644), (0, 20, 0.0, 0.2005), (1, 29, 0.0018, 0.1963)],
)
def test_newcombe(successes: int, n: int, low: float, high: float) -> None:
    """kpis.md, Alerts: against Newcombe (1998), Statistics in Medicine 17, table I, method 4; and mirrored.

    The table is for z = 1.959964; at 1.96 the upper bound of 15 of 148 would already print as 0.1645.
    """
    z = 1.959964
    assert oracle.newcombe(successes, n, z) == pytest.approx((low, high), abs=5e-5)
    assert oracle.newcombe(n - successes, n, z) == pytest.approx((1 - high, 1 - low), abs=5e-5)


def test_newcombe_is_the_root_of_its_equation() -> None:
    """kpis.md, Alerts: (|p - x| - 1 / 2n)² = z² x (1 - x) / n at both bounds, by bisection."""
    z = 2.576
    for n in (1, 2, 7, 40, 500):
        for successes in range(0, n + 1, max(1, n // 5)):
            low, high = oracle.newcombe(successes, n)
            p = successes / n
            assert 0 <= low <= p <= high <= 1
            for bound in [low] * (successes > 0) + [high] * (successes < n):
                distance = abs(p - bound) - 1 / (2 * n)
                assert distance > 0
                assert distance**2 == pytest.approx(z * z * bound * (1 - bound) / n)


def rules_that_fire(tables: dict, name: str = "(all)") -> dict:
    """(reference, is_confirmed) by rule and week."""
    return {
        (row["rule_id"], row["week_start"].isoformat()): (row["reference"], row["is_confirmed"])
        for row in tables["rpt_alert"]
        if row["workflow"] == name
    }


def test_below_and_above() -> None:
    """kpis.md, Alerts: strict and rounded; confirmed by sample and bound; not in provisional or empty weeks."""
    sent = [("2026-01-05", 10, 9), ("2026-01-12", 2, 2), ("2026-01-26", 10, 9)]
    rules = [
        alert_rule("fallback_rate", "above", 0.5),
        alert_rule("fallback_rate", "below", 0.9, rule_id="not below"),
        alert_rule("fallback_rate", "above", 0.8999999999, rule_id="rounds"),
        alert_rule("fallback_rate", "above", 0.3, rule_id="large", min_sample=10),
        alert_rule("fallback_rate", "above", 0.3, rule_id="larger", min_sample=11),
        alert_rule("open_rate", "below", 1, rule_id="nothing delivered"),
        alert_rule("conversation_volume", "below", 9, rule_id="no sample"),
        alert_rule("payment_recovery_per_1000", "below", 9, rule_id="no cell"),
    ]
    tables = build(triggered_and_sent(sent), {"alert_rules": rules}, as_of=utc("2026-02-02 12:00"), min_sample=2)
    # 9 of 10 has the lower bound 0.445, 2 of 2 the lower bound 0.132.
    assert rules_that_fire(tables) == {
        ("above", "2026-01-05"): (0.5, False),
        ("above", "2026-01-12"): (0.5, False),
        ("rounds", "2026-01-12"): (0.8999999999, False),
        ("large", "2026-01-05"): (0.3, True),
        ("large", "2026-01-12"): (0.3, False),
        ("larger", "2026-01-05"): (0.3, False),
        ("larger", "2026-01-12"): (0.3, False),
    }
    assert rules_that_fire(tables, "billing") == rules_that_fire(tables)
    assert [round(bound, 3) for bound in (oracle.newcombe(9, 10)[0], oracle.newcombe(2, 2)[0])] == [0.445, 0.132]


def test_drop_and_rise() -> None:
    """kpis.md, Alerts: pooled over the listed weeks before; three of them with a denominator; equal counts."""
    days = ["2026-01-05", "2026-01-12", "2026-01-19", "2026-01-26", "2026-02-02", "2026-02-09"]
    sent = list(zip(days, [10, 0, 10, 20, 40, 40], [1, 0, 2, 5, 8, 32], strict=True))
    rules = [
        alert_rule("fallback_rate", "rise", 0.6),
        alert_rule("fallback_rate", "rise", 0.61, rule_id="too much"),
        alert_rule("fallback_rate", "drop", 0, rule_id="same"),
        alert_rule("time_to_resolution_median", "rise", 0, rule_id="percentile"),
        alert_rule("messages_per_resolution", "rise", 0, rule_id="diagnostic"),
    ]
    inputs = triggered_and_sent(sent), {"alert_rules": rules}
    fired = rules_that_fire(build(*inputs, as_of=utc("2026-03-01 00:00"), baseline_weeks=4, min_sample=1))
    # 2 February: 8 of 40 against 8 of 40; 9 February: 32 of 40 against 15 of 70.
    assert fired == {("same", "2026-02-02"): (0.2, False)}
    fired = rules_that_fire(build(*inputs, as_of=utc("2026-03-01 00:00"), baseline_weeks=5, min_sample=1))
    assert fired == {("same", "2026-02-02"): (0.2, False), ("rise", "2026-02-09"): (0.2, True)}
    fired = rules_that_fire(build(*inputs, as_of=utc("2026-03-01 00:00"), baseline_weeks=3, min_sample=1))
    assert fired == {}
    for weeks in (0, 1, 2):
        assert build(*inputs, as_of=utc("2026-03-01 00:00"), baseline_weeks=weeks)["rpt_alert"] == []


def test_minimum_sample_alone_confirms_what_is_no_rate() -> None:
    """kpis.md, Alerts, last sentence: the var where the rule has none; a rule on a diagnostic KPI like any other."""
    events = {
        "case_triggers": [event("case_triggers", "t", "2026-01-05 10:00")],
        "agent_touches": [event("agent_touches", str(number), "2026-01-05 11:00") for number in range(3)],
    }
    for min_sample, confirmed in ((3, True), (4, False)):
        tables = build(
            events,
            {"alert_rules": [alert_rule("handle_time_mean", "above", 9.5)]},
            as_of=utc("2026-02-01 00:00"),
            min_sample=min_sample,
        )
        (row, again) = tables["rpt_alert"]
        assert (row["value"], row["reference"], row["sample_size"]) == (10, 9.5, 3)
        assert row["is_confirmed"] is again["is_confirmed"] is confirmed


# marts.md, the other reports -----------------------------------------------------------------------------------------


def test_writeback_health() -> None:
    """marts.md, `rpt_writeback_health_weekly`: system, adapter and week of the first attempt; reasons of every attempt."""
    week = "2026-01-05"
    later = {"idempotency_key": "k2", "target_system": "crm"}
    events = {
        "case_triggers": [event("case_triggers", "t", f"{week} 09:00")],
        "writeback_attempts": [
            event("writeback_attempts", "1", f"{week} 10:00", error_reason="b"),
            event("writeback_attempts", "2", "2026-01-12 10:00", target_system="crm", error_reason="a"),
            event("writeback_attempts", "3", f"{week} 11:00", idempotency_key="k1", error_reason="B"),
            event("writeback_attempts", "4", "2026-01-12 11:00", **later),
            event("writeback_attempts", "5", "2026-01-12 11:30", **later),
        ],
        "writeback_acks": [
            event("writeback_acks", "1", f"{week} 10:01"),
            event("writeback_acks", "2", f"{week} 10:02", ack_id="b"),
            event("writeback_acks", "3", f"{week} 11:03", idempotency_key="k1"),
        ],
    }
    first, second = build(events, as_of=utc("2026-01-12 12:00"))["rpt_writeback_health_weekly"]
    assert list(first.values()) == [dt.date(2026, 1, 5), "ledger", "rest", 3, 2, 2, 2, 1, 1, 120, 168, "B"]
    assert list(second.values()) == [dt.date(2026, 1, 12), "crm", "rest", 2, 1, 0, 0, 1, 0, None, None, None]


def test_case_at_risk() -> None:
    """marts.md, `rpt_case_at_risk`: open, not due, half of the time used; the stage that comes next."""
    events = {
        "case_triggers": [
            event("case_triggers", "half", "2026-01-05 12:00", "half"),
            event("case_triggers", "less", "2026-01-05 12:00:00.000001", "less"),
            event("case_triggers", "due", "2026-01-05 00:00", "due"),
            event("case_triggers", "done", "2026-01-05 06:00", "done"),
            event("case_triggers", "late", "2026-01-05 00:00:00.000001", "late"),
        ],
        "identity_checks": [event("identity_checks", "1", "2026-01-05 12:00", "half")],
        "action_events": [event("action_events", "1", "2026-01-05 12:00", "late")],
        "writeback_attempts": [event("writeback_attempts", "1", "2026-01-05 12:00", "done")],
        "writeback_acks": [event("writeback_acks", "1", "2026-01-05 12:00", "done")],
    }
    rows = {row.pop("case_id"): row for row in build(events, as_of=utc("2026-01-06 00:00"))["rpt_case_at_risk"]}
    assert set(rows) == {"half", "late"}
    assert rows["half"] == {
        "workflow": "billing",
        "due_at": utc("2026-01-06 12:00"),
        "minutes_left": 720,
        "share_of_sla_used": 0.5,
        "stage": "identity_passed",
        "waiting_for": "action_started",
    }
    assert (rows["late"]["stage"], rows["late"]["waiting_for"]) == ("action_completed", "writeback_succeeded")


def test_manual_effort() -> None:
    """marts.md, `rpt_manual_effort_monthly`: local months; variable costs only; a month with only a resolution."""
    events = {
        "case_triggers": [event("case_triggers", "t", "2026-01-30 12:00")],
        "exceptions": [event("exceptions", "x", "2026-01-31 12:00")],
        "agent_touches": [
            event("agent_touches", "1", "2026-01-31 22:59", exception_id="x", handoffs=2),
            event("agent_touches", "2", "2026-01-31 23:00", exception_id=""),
        ],
        "writeback_attempts": [event("writeback_attempts", "1", "2026-03-01 12:00")],
        "writeback_acks": [event("writeback_acks", "1", "2026-03-01 12:00")],
    }
    cost = {"category": "agent", "workflow": None, "amount": Decimal("280.00"), "currency": "USD"}
    reference = {
        "cost_rates": [rate("agent", 0.5, "2026-02-01")],
        "fixed_costs": [{**cost, "month": dt.date(2026, 1, 1)}],
    }
    rows = build(events, reference, reporting_timezone="Europe/Berlin")["rpt_manual_effort_monthly"]
    found = {row["month"].month: list(row.values())[1:] for row in rows}
    assert found == {
        1: ["billing", 1, 2, 1, 10, 2, 0, 0, 0, 0],
        2: ["billing", 1, 0, 1, 10, 2, 6, 1, 1, 0],
        3: ["billing", 0, 0, 0, 0, 0, 0, 0, 0, 1],
    }


# Hostile inputs ------------------------------------------------------------------------------------------------------

SEEDS = range(200)


def canonical(rows: list[Row]) -> list[str]:
    """Rows as sorted text, sums rounded: their order and the order of summation do not matter."""
    return sorted(
        repr([(name, round(value, 6) if isinstance(value, float) else value) for name, value in sorted(row.items())])
        for row in rows
    )


@pytest.mark.slow
def test_hostile_inputs_reach_everything() -> None:
    """No crash; every row ends once; every reason, violation and KPI occurs; nothing undetermined is generated."""
    reasons, kinds, values, verdicts, risks = Counter(), Counter(), Counter(), Counter(), Counter()
    for seed in SEEDS:
        events, reference, variables = hostile.hostile_events(seed)
        tables = oracle.build(events, reference, variables)
        reasons.update((row["source_table"], row["reason"]) for row in tables["rpt_quarantined_event"])
        kinds.update(row["kind"] for row in tables["rpt_integrity_violation"])
        values.update(row["kpi_id"] for row in tables["rpt_kpi_weekly"] if row["value"] is not None)
        verdicts.update((row["kpi_id"], row["status"]) for row in tables["rpt_kpi_weekly"] if row["status"])
        rules = {row["rule_id"]: row["kind"] for row in reference["alert_rules"]}
        verdicts.update((rules[row["rule_id"]], row["is_confirmed"]) for row in tables["rpt_alert"])
        risks.update(row["waiting_for"] for row in tables["rpt_case_at_risk"])
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
    statuses = ("no_target", "no_data", "too_little_data", "red", "amber", "green")
    judged = {kpi_id for kpi_id, definition in oracle.KPIS.items() if definition.tier != "diagnostic"}
    expected = {(kpi_id, status) for kpi_id in judged for status in statuses}
    expected |= {(kind, confirmed) for kind in ("below", "above", "drop", "rise") for confirmed in (True, False)}
    assert set(verdicts) == expected
    assert set(risks) == set(oracle.STAGES[1:])


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
        connection.begin()
        connection.execute("create schema marts")
        for table, rows in tables.items():
            names = list(rows[0]) if rows else list(compare.NATURAL_KEYS[table])
            columns = ", ".join(f'"{name}" {duckdb_type([row[name] for row in rows])}' for name in names)
            connection.execute(f"create table marts.{table} ({columns})")
            marks = ", ".join("?" * len(names))
            some = [list(row.values()) for row in rows]
            if some:
                connection.executemany(f"insert into marts.{table} values ({marks})", some)
        connection.commit()


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
