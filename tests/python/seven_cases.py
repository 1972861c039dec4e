"""The seven cases whose KPIs test_hand_worked.py works out, with their reference tables; tests of other things build on them too."""

from __future__ import annotations

from pathlib import Path

from made_events import WORKFLOW_COLUMNS, Events, workflow, write_csv
from project import WITHOUT_TESTS, build


def seven_cases() -> Events:
    events = Events()
    add = events.add

    # c1 pays in the message and is acknowledged after 14 minutes: automated, straight through.
    add("case_triggers", "c1", "2026-03-02 09:00")
    add("message_events", "c1", "2026-03-02 09:01", message_id="m1")
    add("message_events", "c1", "2026-03-02 09:02", message_id="m1", status="delivered")
    add("identity_checks", "c1", "2026-03-02 09:10")
    add("action_events", "c1", "2026-03-02 09:11", message_id="m1", step="started")
    add("action_events", "c1", "2026-03-02 09:12", message_id="m1")
    add("writeback_attempts", "c1", "2026-03-02 09:13", idempotency_key="k1")
    add("writeback_acks", "c1", "2026-03-02 09:14", idempotency_key="k1")
    add("payments", "c1", "2026-03-02 09:12", amount=100)

    # c2 fails a check first, needs a second attempt, is acknowledged after 45 minutes, and gets 20 of 50 back.
    add("case_triggers", "c2", "2026-03-02 10:00")
    add("message_events", "c2", "2026-03-02 10:01", message_id="m2")
    add("message_events", "c2", "2026-03-02 10:05", message_id="m2", status="delivered")
    add("identity_checks", "c2", "2026-03-02 10:10", outcome="failed")
    add("identity_checks", "c2", "2026-03-02 10:20")
    add("identity_checks", "c2", "2026-03-02 10:25", outcome="failed")
    add("action_events", "c2", "2026-03-02 10:30", message_id="m2")
    add(
        "writeback_attempts", "c2", "2026-03-02 10:31", idempotency_key="k2", status="timed_out", error_reason="timeout"
    )
    add("writeback_attempts", "c2", "2026-03-02 10:41", idempotency_key="k2", attempt_number=2)
    add("writeback_acks", "c2", "2026-03-02 10:45", idempotency_key="k2")
    add("payments", "c2", "2026-03-02 10:30", amount=50)
    add("payments", "c2", "2026-03-10 10:30", amount=20, status="refunded")

    # c3 does not react; an agent resolves it at the first touch, 220 minutes after the trigger.
    add("case_triggers", "c3", "2026-03-03 10:00")
    add("message_events", "c3", "2026-03-03 10:00", message_id="m3")
    add("message_events", "c3", "2026-03-03 10:01", message_id="m3", status="delivered")
    x3 = add("exceptions", "c3", "2026-03-03 12:00")
    add("agent_touches", "c3", "2026-03-03 13:00", loaded_at="2026-03-03 14:00", exception_id=x3,
        ended_at="2026-03-03 13:30", handle_minutes=20, wrap_up_minutes=10)  # fmt: skip
    add("writeback_attempts", "c3", "2026-03-03 13:31", idempotency_key="k3")
    add("writeback_acks", "c3", "2026-03-03 13:40", idempotency_key="k3")

    # c4 completes, but nothing acknowledges the writeback: not resolved, and overdue since 2026-03-05 10:00.
    add("case_triggers", "c4", "2026-03-04 10:00")
    add("message_events", "c4", "2026-03-04 10:00", message_id="m4")
    add("action_events", "c4", "2026-03-04 12:00")
    add("writeback_attempts", "c4", "2026-03-04 12:01", idempotency_key="k4")

    # c5 (KYC, Friday) is acknowledged on Tuesday 09:00: 3 days and 18 hours = 5,400 minutes; due Wednesday 00:00.
    add("case_triggers", "c5", "2026-03-06 15:00", workflow="kyc")
    add("message_events", "c5", "2026-03-06 15:00", message_id="m5", channel="whatsapp")
    add("message_events", "c5", "2026-03-06 15:05", message_id="m5", channel="whatsapp", status="opened")
    add("identity_checks", "c5", "2026-03-06 15:06")
    add("evidence_items", "c5", "2026-03-06 15:09")
    add("action_events", "c5", "2026-03-06 15:10", message_id="m5", action="confirm_details")
    add("writeback_attempts", "c5", "2026-03-06 15:11", idempotency_key="k5")
    add("writeback_acks", "c5", "2026-03-10 09:00", idempotency_key="k5")

    # c6 (KYC, Saturday night) is contacted in quiet hours, completes without check and consent, is persisted in part, and
    # goes round two agents in vain.
    add("case_triggers", "c6", "2026-03-07 22:00", workflow="kyc")
    add("message_events", "c6", "2026-03-07 22:00", message_id="m6", channel="email")
    add("message_events", "c6", "2026-03-07 22:01", message_id="m6", channel="email", status="delivered")
    add("action_events", "c6", "2026-03-07 22:30", action="confirm_details")
    add("writeback_attempts", "c6", "2026-03-07 22:31", idempotency_key="k6")
    add("writeback_acks", "c6", "2026-03-07 22:40", idempotency_key="k6", fields_persisted=2)
    x6 = add("exceptions", "c6", "2026-03-08 10:00")
    add("agent_touches", "c6", "2026-03-09 09:00", loaded_at="2026-03-09 10:00", exception_id=x6,
        ended_at="2026-03-09 09:10", outcome="returned", handle_minutes=5, wrap_up_minutes=5)  # fmt: skip
    add("agent_touches", "c6", "2026-03-09 11:00", loaded_at="2026-03-09 12:00", exception_id=x6,
        ended_at="2026-03-09 11:20", handle_minutes=10, wrap_up_minutes=10)  # fmt: skip

    # c7 is triggered and never contacted: due 2026-03-10 08:00.
    add("case_triggers", "c7", "2026-03-09 08:00")
    return events


def write_reference(folder: Path) -> Path:
    """Two workflows, round rates (0.10 a message, 1.00 an agent's minute, 0.50 a case) and 70.00 of fixed cost in March."""
    workflows = [
        ["pay", "billing", "Ops", 24, "hours", "paid", False, False, False, True, 7],
        ["kyc", "compliance", "Ops", 2, "business_days", "confirmed", True, True, False, False, 7],
    ]
    rates = [("messaging", "message", 0.10), ("agent", "minute", 1.00), ("platform", "case", 0.50)]
    rows = {
        "workflows": (WORKFLOW_COLUMNS, [workflow(*row) for row in workflows]),
        "cost_rates": (
            ["category", "channel", "unit", "amount", "currency", "valid_from", "valid_to"],
            [
                {"category": category, "unit": unit, "amount": amount, "currency": "USD", "valid_from": "2026-01-01"}
                for category, unit, amount in rates
            ],
        ),
        "fixed_costs": (
            ["month", "category", "workflow", "amount", "currency"],
            [{"month": "2026-03-01", "category": "platform", "amount": 70, "currency": "USD"}],
        ),
    }
    for table, (columns, table_rows) in rows.items():
        write_csv(folder / f"{table}.csv", columns, table_rows)
    return folder


def make_seven_cases(folder: Path) -> None:
    """Write them into a folder and build them there."""
    seven_cases().write(folder / "events")
    write_reference(folder / "reference")
    paths = {"events_path": folder / "events", "reference_path": folder / "reference"}
    build(folder, {**paths, "as_of": "2026-04-30 00:00:00"}, *WITHOUT_TESTS)
