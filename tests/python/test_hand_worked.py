"""Seven cases whose KPIs were worked out by hand from the definitions; the arithmetic stands beside each figure.

Week 1 is that of Monday 2026-03-02, week 2 that of 2026-03-09; all times UTC.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from made_events import WORKFLOW_COLUMNS, Events, workflow, write_csv
from project import WITHOUT_TESTS, WITHOUT_UNIT_TESTS, build, query

WEEK_1, WEEK_2 = dt.date(2026, 3, 2), dt.date(2026, 3, 9)


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


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hand_worked")
    seven_cases().write(folder / "events")
    write_reference(folder / "reference")
    paths = {"events_path": folder / "events", "reference_path": folder / "reference"}
    build(folder, {**paths, "as_of": "2026-04-30 00:00:00"}, *WITHOUT_UNIT_TESTS)
    (folder / "earlier").mkdir()
    build(folder / "earlier", {**paths, "as_of": "2026-03-16 12:00:00"}, *WITHOUT_TESTS)
    return folder


# kpi_id, week, numerator, denominator, value: over all workflows.
FIGURES = [
    ("completion_rate", WEEK_1, 5, 6, 5 / 6),  # c1-c6 were contacted; all but c3 completed
    ("completion_rate", WEEK_2, 0, 0, None),  # c7 was not contacted
    ("automated_resolution_rate", WEEK_1, 3, 6, 0.5),  # c1, c2, c5 of six triggered
    ("automated_resolution_rate", WEEK_2, 0, 1, 0.0),
    ("verified_writeback_rate", WEEK_1, 3, 5, 0.6),  # of c1, c2, c4, c5, c6: c1, c2, c5
    ("writeback_success_rate", WEEK_1, 4, 6, 4 / 6),  # all of k1-k6 but k4 and k6
    ("deflection_rate", WEEK_1, 2, 3, 2 / 3),  # c1, c2 of c1, c2, c3
    ("deflection_rate", WEEK_2, 1, 1, 1.0),  # c5
    ("containment_rate", WEEK_1, 4, 6, 4 / 6),  # c1, c2, c4, c5; c6 met an agent
    ("time_to_resolution_median", WEEK_1, None, 3, 45.0),  # 14, 45, 220
    ("time_to_resolution_median", WEEK_2, None, 1, 5400.0),
    ("time_to_resolution_p90", WEEK_1, None, 3, 185.0),  # 45 + 0.8 × (220 − 45)
    ("sla_breach_rate", WEEK_1, 1, 4, 0.25),  # c1-c4 due, c4 open
    ("sla_breach_rate", WEEK_2, 2, 3, 2 / 3),  # c5-c7 due; c6 and c7 open
    ("sla_on_time_rate", WEEK_1, 3, 3, 1.0),
    ("sla_on_time_rate", WEEK_2, 1, 1, 1.0),
    ("cost_per_resolved_case", WEEK_1, 93.6, 3, 31.2),  # 6 × 0.10 + 30 × 1 + 6 × 0.50 + 6 × 70/7
    ("cost_per_resolved_case", WEEK_2, 40.5, 1, 40.5),  # 30 × 1 + 0.50 + 70/7
    ("exception_escape_rate", WEEK_1, 0, 1, 0.0),
    ("exception_escape_rate", WEEK_2, 1, 1, 1.0),  # c6, first closed on Monday
    ("escalation_success_rate", WEEK_1, 1, 2, 0.5),  # c3 yes, c6 (raised on Sunday) no
    ("escalation_success_rate", WEEK_2, 0, 0, None),
    ("action_response_rate", WEEK_1, 3, 5, 0.6),  # m4 was never delivered; m3 and m6 had no action
    ("identity_pass_rate", WEEK_1, 3, 4, 0.75),  # c2's first check failed; its third does not count
    ("payment_recovery_per_1000", WEEK_1, 130_000, 4, 32_500.0),  # 100 + 50 − 20 of c1-c4, 1000-fold
    ("payment_recovery_per_1000", WEEK_2, 0, 1, 0.0),
]


@pytest.mark.parametrize(("kpi_id", "week", "numerator", "denominator", "value"), FIGURES)
def test_headline_kpi(
    built: Path, kpi_id: str, week: dt.date, numerator: float, denominator: int, value: float
) -> None:
    [row] = query(
        built,
        f"""
        select numerator, denominator, value, sample_size from marts.rpt_kpi_weekly
        where kpi_id = '{kpi_id}' and week_start = '{week}' and workflow = '(all)' and cohort_dimension = 'all'
        """,
    )
    assert row == (pytest.approx(numerator), denominator, pytest.approx(value), denominator)


def test_every_headline_kpi_is_worked_out(built: Path) -> None:
    headline = {kpi_id for (kpi_id,) in query(built, "select kpi_id from marts.dim_kpi where tier = 'headline'")}
    assert headline == {figure[0] for figure in FIGURES}


def test_cohorts_and_workflows_split_the_figure(built: Path) -> None:
    cells = query(
        built,
        """
        select workflow, cohort_dimension, cohort_value, numerator, denominator, prior_value, change
        from marts.rpt_kpi_weekly
        where
            kpi_id = 'deflection_rate' and week_start = '2026-03-09'
            and cohort_dimension in ('all', 'entry_channel', 'segment')
        """,
    )
    assert sorted(cells, key=repr) == sorted(
        [
            # Only c5 was resolved in week 2; week 1 had 2/3 over all and for pay, and no resolved KYC case.
            ("(all)", "all", "all", 1.0, 1, 2 / 3, pytest.approx(1 / 3)),
            ("(all)", "entry_channel", "whatsapp", 1.0, 1, None, None),
            ("(all)", "segment", "(none)", 1.0, 1, 2 / 3, pytest.approx(1 / 3)),
            ("kyc", "all", "all", 1.0, 1, None, None),
            ("kyc", "entry_channel", "whatsapp", 1.0, 1, None, None),
            ("kyc", "segment", "(none)", 1.0, 1, None, None),
            ("pay", "all", "all", 0.0, 0, 2 / 3, None),
        ],
        key=repr,
    )


def test_a_kpi_has_no_cell_where_it_cannot_apply(built: Path) -> None:
    workflows = query(
        built,
        "select distinct workflow from marts.rpt_kpi_weekly where kpi_id = 'payment_recovery_per_1000' order by 1",
    )
    assert workflows == [("(all)",), ("pay",)]


def test_wilson_interval(built: Path) -> None:
    # 5 of 6: (2·5 + 3.8416 ± 1.96 √(3.8416 + 4·5·(1 − 5/6))) ÷ (2·(6 + 3.8416)) = 0.4365 and 0.9699
    [bounds] = query(
        built,
        """
        select ci_low, ci_high from marts.rpt_kpi_weekly
        where kpi_id = 'completion_rate' and week_start = '2026-03-02' and workflow = '(all)' and cohort_dimension = 'all'
        """,
    )
    assert bounds == (pytest.approx(0.4365, abs=5e-5), pytest.approx(0.9699, abs=5e-5))


def test_funnel(built: Path) -> None:
    rows = query(
        built,
        """
        select stage, cases, own_event_cases, share_of_triggered, share_of_previous, median_minutes_from_trigger
        from marts.rpt_funnel_weekly
        where week_start = '2026-03-02' and workflow = '(all)' and cohort_dimension = 'all' order by stage_number
        """,
    )
    assert rows == [
        ("triggered", 6, 6, 1.0, None, 0.0),
        # All six: c3 is resolved and c4, c6 completed without a check of their own. Checks after 10, 20 and 6 minutes.
        ("identity_passed", 6, 3, 1.0, 1.0, 10.0),
        # Started after 11, 30, 120, 10 and 30 minutes; c3 by its resolution.
        ("action_started", 6, 5, 1.0, 1.0, 30.0),
        # Completed after 12, 30, 120, 10 and 30 minutes; c3 by its resolution.
        ("action_completed", 6, 5, 1.0, 1.0, 30.0),
        # c1, c2, c3, c5: 14, 45, 220 and 5,400 minutes.
        ("writeback_succeeded", 4, 4, pytest.approx(4 / 6), pytest.approx(4 / 6), 132.5),
    ]


def test_violations(built: Path) -> None:
    assert sorted(query(built, "select kind, case_id from marts.rpt_integrity_violation")) == [
        ("action_without_identity", "c6"),
        ("partial_persist", "c6"),
        ("unacknowledged_completion", "c4"),
        ("unacknowledged_completion", "c6"),
    ]


def test_why_a_case_is_in_breach(built: Path) -> None:
    rows = query(
        built,
        """
        select case_id, due_at, is_time_breach, is_policy_breach, is_sla_breached from marts.fct_case_journey
        where is_sla_breached order by case_id
        """,
    )
    assert rows == [
        ("c4", dt.datetime(2026, 3, 5, 10), True, False, True),
        ("c6", dt.datetime(2026, 3, 11), True, True, True),
        ("c7", dt.datetime(2026, 3, 10, 8), True, False, True),
    ]


def test_what_is_provisional(built: Path) -> None:
    """As of Monday 2026-03-16 12:00: week 1 has settled and matured (7 days, at 00:00), March and week 2 have not."""
    rows = query(
        built / "earlier",
        """
        select kpi_id, week_start from marts.rpt_kpi_weekly
        where
            is_provisional and workflow = '(all)' and cohort_dimension = 'all' and week_start = '2026-03-02'
            or not is_provisional and week_start >= '2026-03-09'
        """,
    )
    assert rows == [("cost_per_resolved_case", WEEK_1)]
