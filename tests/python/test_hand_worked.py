"""Seven cases whose KPIs were worked out by hand from the definitions; the arithmetic stands beside each figure.

Week 1 is that of Monday 2026-03-02, week 2 that of 2026-03-09; all times UTC.
"""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest
from project import WITHOUT_TESTS, WITHOUT_UNIT_TESTS, build, dbt, query

WEEK_1, WEEK_2 = dt.date(2026, 3, 2), dt.date(2026, 3, 9)


@pytest.fixture(scope="module")
def earlier(built_cases: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, built as of an earlier moment as far as the weekly KPIs."""
    folder = tmp_path_factory.mktemp("earlier")
    paths = {"events_path": built_cases / "events", "reference_path": built_cases / "reference"}
    build(folder, {**paths, "as_of": "2026-03-16 12:00:00"}, *WITHOUT_TESTS, "--select", "+rpt_kpi_weekly")
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
    built_cases: Path, kpi_id: str, week: dt.date, numerator: float, denominator: int, value: float
) -> None:
    [row] = query(
        built_cases,
        f"""
        select numerator, denominator, value, sample_size from marts.rpt_kpi_weekly
        where kpi_id = '{kpi_id}' and week_start = '{week}' and workflow = '(all)' and cohort_dimension = 'all'
        """,
    )
    assert row == (pytest.approx(numerator), denominator, pytest.approx(value), denominator)


def test_every_headline_kpi_is_worked_out(built_cases: Path) -> None:
    headline = {kpi_id for (kpi_id,) in query(built_cases, "select kpi_id from marts.dim_kpi where tier = 'headline'")}
    assert headline == {figure[0] for figure in FIGURES}


def test_cohorts_and_workflows_split_the_figure(built_cases: Path) -> None:
    cells = query(
        built_cases,
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


def test_a_kpi_has_no_cell_where_it_cannot_apply(built_cases: Path) -> None:
    workflows = query(
        built_cases,
        "select distinct workflow from marts.rpt_kpi_weekly where kpi_id = 'payment_recovery_per_1000' order by 1",
    )
    assert workflows == [("(all)",), ("pay",)]


def test_wilson_interval(built_cases: Path) -> None:
    # 5 of 6: (2·5 + 3.8416 ± 1.96 √(3.8416 + 4·5·(1 − 5/6))) ÷ (2·(6 + 3.8416)) = 0.4365 and 0.9699
    [bounds] = query(
        built_cases,
        """
        select ci_low, ci_high from marts.rpt_kpi_weekly
        where kpi_id = 'completion_rate' and week_start = '2026-03-02' and workflow = '(all)' and cohort_dimension = 'all'
        """,
    )
    assert bounds == (pytest.approx(0.4365, abs=5e-5), pytest.approx(0.9699, abs=5e-5))


def test_funnel(built_cases: Path) -> None:
    rows = query(
        built_cases,
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


def test_violations(built_cases: Path) -> None:
    assert sorted(query(built_cases, "select kind, case_id from marts.rpt_integrity_violation")) == [
        ("action_without_identity", "c6"),
        ("partial_persist", "c6"),
        ("unacknowledged_completion", "c4"),
        ("unacknowledged_completion", "c6"),
    ]


def test_why_a_case_is_in_breach(built_cases: Path) -> None:
    rows = query(
        built_cases,
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


def test_what_is_provisional(earlier: Path) -> None:
    """As of Monday 2026-03-16 12:00: week 1 has settled and matured (7 days, at 00:00), March and week 2 have not."""
    rows = query(
        earlier,
        """
        select kpi_id, week_start from marts.rpt_kpi_weekly
        where
            is_provisional and workflow = '(all)' and cohort_dimension = 'all' and week_start = '2026-03-02'
            or not is_provisional and week_start >= '2026-03-09'
        """,
    )
    assert rows == [("cost_per_resolved_case", WEEK_1)]


@pytest.mark.slow
def test_every_data_test_passes(built_cases: Path, tmp_path: Path) -> None:
    folder = tmp_path / "tested"
    shutil.copytree(built_cases, folder)
    paths = {"events_path": folder / "events", "reference_path": folder / "reference"}
    result = dbt("test", *WITHOUT_UNIT_TESTS, folder=folder, variables={**paths, "as_of": "2026-04-30 00:00:00"})
    assert result.returncode == 0, result.stdout[-6000:]
