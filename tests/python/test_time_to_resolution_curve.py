"""The curve of the time to resolution against lifelines, an established library of survival analysis.

What the cases of a curve are is read off `fct_case_journey` in plain Python; the estimate, the counts at each time and the percentiles
are lifelines'. On hostile events test_against_oracle.py asks the same. A published example stands in models/marts/_curve__unit_tests.yml.
"""

from __future__ import annotations

import datetime as dt
import math
import random
import warnings
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from lifelines import KaplanMeierFitter
from lifelines.exceptions import ApproximationWarning
from made_events import Events
from project import SEEDS, WITHOUT_TESTS, build, database, query

Curve = tuple[dt.date, str]
# (minutes, whether the case was resolved then; else it was last seen open)
Case = tuple[float, bool]

TOLERANCE = 1e-9
CURVES = """
    select
        month, workflow, elapsed_minutes, at_risk_cases, resolved_cases, censored_cases, share_open, median_minutes, p90_minutes
    from {curve}
    order by month, workflow, elapsed_minutes
"""
JOURNEYS = """
    select workflow, triggered_at, resolved_at, (select as_of from staging.stg_events__as_of) as as_of
    from marts.fct_case_journey
"""


def cases_by_curve(journeys: list[tuple[Any, ...]], time_zone: str) -> dict[Curve, list[Case]]:
    """The cases of each curve, those left out that were resolved before their trigger."""
    curves: dict[Curve, list[Case]] = defaultdict(list)
    for workflow, triggered_at, resolved_at, as_of in journeys:
        local = triggered_at.replace(tzinfo=dt.UTC).astimezone(ZoneInfo(time_zone))
        minutes = ((resolved_at or max(as_of, triggered_at)) - triggered_at).total_seconds() / 60
        if minutes >= 0:
            for name in (workflow, "(all)"):
                curves[local.date().replace(day=1), name].append((minutes, resolved_at is not None))
    return curves


def percentile(fitted: KaplanMeierFitter, share: float) -> float | None:
    """lifelines' percentile, NULL for infinity. It compares doubles as they are, so where its curve is at the share but for noise,
    the time is read off the curve."""
    estimate = fitted.survival_function_["KM_estimate"]
    if (abs(estimate - share) <= TOLERANCE).any():
        return float(estimate.index[estimate <= share + TOLERANCE][0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ApproximationWarning)
        found = float(fitted.percentile(share))
    return None if math.isinf(found) else found


def expected_rows(cases: list[Case]) -> Iterator[tuple[float | None, ...]]:
    """A curve by lifelines: time, at risk, resolved, censored, share open, median, 90th percentile."""
    fitted = KaplanMeierFitter().fit([minutes for minutes, _ in cases], [resolved for _, resolved in cases])
    percentiles = percentile(fitted, 0.5), percentile(fitted, 0.1)
    events = fitted.event_table
    shares = fitted.survival_function_["KM_estimate"]
    table = zip(events.index, events["at_risk"], events["observed"], events["censored"], shares, strict=True)
    for minutes, at_risk, observed, censored, share in table:
        if observed + censored:  # lifelines begins each table at 0
            yield float(minutes), int(at_risk), int(observed), int(censored), float(share), *percentiles


def differ(got: float | None, expected: float | None) -> bool:
    if got is None or expected is None:
        return got is not expected
    return not abs(got - expected) <= TOLERANCE


def differences(rows: list[tuple[Any, ...]], curves: dict[Curve, list[Case]]) -> list[str]:
    """Where the rows of the model aren't lifelines'."""
    got = defaultdict(list)
    for month, workflow, *row in rows:
        got[month, workflow].append(row)
    found = [f"{curve}: only on one side" for curve in got.keys() ^ curves.keys()]
    for curve in got.keys() & curves.keys():
        expected = list(expected_rows(curves[curve]))
        if len(got[curve]) != len(expected):
            found.append(f"{curve}: got {len(got[curve])} times, expected {len(expected)}")
        found += [
            f"{curve}: got {row}, expected {wanted}"
            for row, wanted in zip(got[curve], expected, strict=False)
            if any(map(differ, row, wanted))
        ]
    return found


def assert_is_lifelines(folder: Path, time_zone: str) -> dict[Curve, list[Case]]:
    """The model of a folder's build gives lifelines' curves; returns the cases of each."""
    curves = cases_by_curve(query(folder, JOURNEYS), time_zone)
    rows = query(folder, CURVES.format(curve="marts.rpt_time_to_resolution_curve"))
    found = differences(rows, curves)
    assert not found, "\n".join(found[:20])
    return curves


def test_demo(demo: Path) -> None:
    curves = assert_is_lifelines(demo, "UTC")
    assert len({month for month, _ in curves}) >= 5 and len({workflow for _, workflow in curves}) == 6


def test_a_large_month(demo: Path) -> None:
    """200,000 cases: their curve has many logarithms to add up. A third of the times are whole minutes, where many cases tie,
    resolved and open ones. The SQL is that of the demo's build, on tables of its own."""
    rng = random.Random(20260301)
    as_of = dt.datetime(2026, 4, 1)
    journeys = []
    for _ in range(200_000):
        triggered_at = as_of - dt.timedelta(microseconds=rng.randrange(60 * 10**6, 30 * 86400 * 10**6))
        taken = dt.timedelta(minutes=rng.expovariate(1 / 10_000))
        if rng.random() < 1 / 3:
            triggered_at = as_of - dt.timedelta(minutes=rng.randrange(1, 30 * 1440))
            taken = dt.timedelta(minutes=int(rng.expovariate(1 / 10_000)))
        resolved_at = triggered_at + taken if triggered_at + taken <= as_of else None
        journeys.append((rng.choice("ab"), triggered_at, resolved_at, as_of))
    sql = (demo / "target/compiled/closed_loop/models/marts/rpt_time_to_resolution_curve.sql").read_text(
        encoding="utf-8"
    )
    rows = on_tables_of_its_own(sql, journeys)
    assert max(at_risk for _, _, _, at_risk, *_ in rows) > 100_000
    found = differences(rows, cases_by_curve(journeys, "UTC"))
    assert not found, "\n".join(found[:20])


def on_tables_of_its_own(sql: str, journeys: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The rows of the model's compiled SQL on made cases."""
    with duckdb.connect() as connection:
        connection.execute(f"attach ':memory:' as {database(Path()).stem}")
        connection.execute(f"use {database(Path()).stem}")
        connection.execute("create schema marts")
        connection.execute("create schema staging")
        connection.execute(
            "create table made (workflow varchar, triggered_at timestamp, resolved_at timestamp, as_of timestamp)"
        )
        columns = {
            name: list(values) for name, values in zip(("w", "t", "r", "a"), zip(*journeys, strict=True), strict=True)
        }
        connection.execute("insert into made select unnest($w), unnest($t), unnest($r), unnest($a)", columns)
        connection.execute("create table staging.stg_events__as_of as select max(as_of) as as_of from made")
        connection.execute(
            """
            create table marts.fct_case_journey as
            select
                *,
                resolved_at is not null as is_resolved,
                (epoch_us(resolved_at) - epoch_us(triggered_at)) / 1e6 / 60 as resolution_minutes
            from made
            """
        )
        return connection.sql(CURVES.format(curve=f"({sql})")).fetchall()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        # a has been open for 45 minutes, b for 35: nothing is resolved, nothing known of the median.
        ("2026-03-02 09:45:00", [(35, 2, 0, 1, 1, None), (45, 1, 0, 1, 1, None)]),
        # a was resolved after 60 minutes; b has been open for 65, so half of both are left.
        ("2026-03-02 10:15:00", [(60, 2, 1, 0, 0.5, 60), (65, 1, 0, 1, 0.5, 60)]),
    ],
)
def test_as_of_ends_what_is_seen(as_of: str, expected: list[tuple[Any, ...]], tmp_path: Path) -> None:
    events = Events()
    events.add("case_triggers", "a", "2026-03-02 09:00", workflow="card_update")
    events.add("writeback_attempts", "a", "2026-03-02 09:30")
    events.add("writeback_acks", "a", "2026-03-02 10:00")
    events.add("case_triggers", "b", "2026-03-02 09:10", workflow="failed_payment")
    variables = {"events_path": events.write(tmp_path / "events"), "reference_path": SEEDS, "as_of": as_of}
    build(tmp_path, variables, "--select", "+rpt_time_to_resolution_curve", *WITHOUT_TESTS)
    rows = query(tmp_path, CURVES.format(curve="marts.rpt_time_to_resolution_curve"))
    assert [tuple(row[:6]) for _, workflow, *row in rows if workflow == "(all)"] == expected
