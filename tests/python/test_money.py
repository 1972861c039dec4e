"""Money that adds up: four cases over two months, worked out by hand to the cent, and the sum of minutes that others published.

All times UTC, all money in USD. As of 16 April 2026, half of April is over: 15 of its 30 days.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest
from made_events import DEFAULTS, KEYS, WORKFLOW_COLUMNS, Events, workflow, write_csv
from project import WITHOUT_TESTS, build, database, dbt, query

AS_OF = "2026-04-16 00:00:00"
MARCH, APRIL = dt.date(2026, 3, 1), dt.date(2026, 4, 1)
# What is read below, and by RECONCILIATIONS.
READ = ["fct_charge", "fct_message", "rpt_cost_weekly", "rpt_kpi_weekly", "rpt_integrity_violation", "rpt_manual_effort_monthly",
        "rpt_quarantined_event"]  # fmt: skip
RECONCILIATIONS = [
    "charges_reconcile_to_the_fixed_costs",
    "charges_reconcile_to_the_rate_card",
    "weekly_cost_equals_its_kpi",
]

WORKFLOWS = [
    ["pay", "billing", "Ops", 24, "hours", "paid", False, False, False, True, 7],
    ["kyc", "compliance", "Ops", 2, "business_days", "confirmed", False, False, False, False, 7],
]
# SMS have a rate of their own, which changes on 16 March; the others have the general one, from 10 March. Agents are paid in EUR.
COST_RATES = """
messaging,sms,message,0.05,USD,2026-01-01,2026-03-16
messaging,sms,message,0.06,USD,2026-03-16,
messaging,,message,0.10,USD,2026-03-10,
agent,,minute,1.00,EUR,2026-01-01,
platform,,case,0.40,USD,2026-01-01,
"""
# A EUR is worth 1.10 until March and 1.20 from April on; a GBP has no rate.
FX_RATES = """
EUR,2026-01-01,1.10
EUR,2026-04-01,1.20
"""
FIXED_COSTS = """
2026-03-01,platform,,90.00,USD
2026-03-01,agent,kyc,20.00,EUR
2026-03-01,messaging,,7.00,GBP
2026-04-01,platform,,60.00,USD
2026-04-01,messaging,,30.00,EUR
2026-04-01,platform,kyc,10.00,USD
2026-05-01,platform,,60.00,USD
"""


def write_reference(folder: Path) -> Path:
    """The two workflows, the rate card, the exchange rates and the fixed costs above."""
    workflows = [workflow(*row) for row in WORKFLOWS]
    write_csv(folder / "workflows.csv", WORKFLOW_COLUMNS, workflows)
    for table, columns, rows in [
        ("cost_rates", "category,channel,unit,amount,currency,valid_from,valid_to", COST_RATES),
        ("fx_rates", "currency,valid_from,rate", FX_RATES),
        ("fixed_costs", "month,category,workflow,amount,currency", FIXED_COSTS),
    ]:
        (folder / f"{table}.csv").write_text(columns + rows, encoding="utf-8")
    return folder


def four_cases() -> Events:
    events = Events()
    add = events.add

    def resolve(case_id: str, moment: str) -> None:
        add("writeback_attempts", case_id, moment, idempotency_key=case_id)
        add("writeback_acks", case_id, moment, idempotency_key=case_id)

    # c1 is resolved in its week. 100 EUR are paid in the last minute of March, and 40 of them refunded a minute later, in April.
    add("case_triggers", "c1", "2026-03-02 09:00")
    add("message_events", "c1", "2026-03-02 09:01", message_id="m1")
    resolve("c1", "2026-03-03 09:00")
    add("payments", "c1", "2026-03-31 23:59", amount=100, currency="EUR")
    add("payments", "c1", "2026-04-01 00:00", amount=40, currency="EUR", status="refunded")

    # c2's first email has no rate yet. An agent takes 20 USD, of which 5 EUR go back by themselves.
    add("case_triggers", "c2", "2026-03-09 10:00")
    add("message_events", "c2", "2026-03-09 10:01", message_id="m2", channel="email")
    add("message_events", "c2", "2026-03-15 23:59", message_id="m3")
    add("message_events", "c2", "2026-03-16 00:00", message_id="m4")
    add("message_events", "c2", "2026-03-16 09:00", message_id="m5", channel="email")
    add("agent_touches", "c2", "2026-03-31 10:00", handle_minutes=10, wrap_up_minutes=2)
    resolve("c2", "2026-03-31 11:00")
    add("payments", "c2", "2026-03-31 10:05", flow="agent", amount=20)
    add("payments", "c2", "2026-04-02 10:05", amount=5, currency="EUR", status="refunded")

    # c3 (KYC) is triggered in March, and worked and resolved in April.
    add("case_triggers", "c3", "2026-03-30 10:00", workflow="kyc")
    add("message_events", "c3", "2026-03-31 10:00", message_id="m6", channel="whatsapp")
    add("message_events", "c3", "2026-04-01 08:00", message_id="m7")
    add("agent_touches", "c3", "2026-04-01 09:00", handle_minutes=5)
    add("agent_touches", "c3", "2026-04-02 09:00", wrap_up_minutes=2)
    resolve("c3", "2026-04-02 10:00")

    # c4 is April's only case, and open; a payment in GBP can't be converted.
    add("case_triggers", "c4", "2026-04-01 10:00")
    add("message_events", "c4", "2026-04-01 10:01", message_id="m8")
    add("payments", "c4", "2026-04-01 10:02", amount=30, currency="GBP")
    return events


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("money_input")
    return {
        "events_path": four_cases().write(folder / "events"),
        "reference_path": write_reference(folder / "reference"),
        "as_of": AS_OF,
    }


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, variables: dict[str, Any]) -> Path:
    folder = tmp_path_factory.mktemp("money")
    build(folder, variables, *WITHOUT_TESTS, "--select", *(f"+{name}" for name in READ))
    return folder


def cents(amount: float) -> Any:
    """An amount that has to agree far below a cent."""
    return pytest.approx(amount, abs=1e-9)


def test_months_add_up(built: Path) -> None:
    rows = query(
        built,
        """
        select
            cast(date_trunc('month', charged_at) as date) as month, is_fixed, category,
            count(*), sum(quantity), count(amount), coalesce(sum(amount), 0)
        from marts.fct_charge group by all order by month, is_fixed, category
        """,
    )
    assert rows == [
        (MARCH, False, "agent", 1, 12, 1, cents(13.20)),  # 12 × 1.00 EUR × 1.10
        (MARCH, False, "messaging", 6, 6, 5, cents(0.36)),  # m1 0.05, m2 none, m3 0.05, m4 0.06, m5 0.10, m6 0.10
        (MARCH, False, "platform", 3, 3, 3, cents(1.20)),  # 3 × 0.40
        (MARCH, True, "agent", 1, 1, 1, cents(22.00)),  # 20 EUR × 1.10, c3's alone
        (MARCH, True, "messaging", 3, 3, 0, 0),  # GBP: null for each of three cases
        (MARCH, True, "platform", 3, 3, 3, cents(90.00)),  # 30 each
        (APRIL, False, "agent", 2, 7, 2, cents(8.40)),  # (5 + 2) × 1.00 EUR × 1.20
        (APRIL, False, "messaging", 2, 2, 2, cents(0.12)),  # m7, m8: 0.06 each
        (APRIL, False, "platform", 1, 1, 1, cents(0.40)),
        (APRIL, True, "messaging", 1, 1, 1, cents(18.00)),  # 30 EUR × 1.20 × ½
        (APRIL, True, "platform", 1, 1, 1, cents(30.00)),  # 60 × ½; that of KYC has no case to carry it
    ]


def test_what_is_not_charged_is_listed(built: Path) -> None:
    assert sorted(query(built, "select kind, case_id from marts.rpt_integrity_violation"), key=repr) == [
        ("missing_rate", "c1"),  # its part of the GBP
        ("missing_rate", "c2"),  # likewise
        ("missing_rate", "c2"),  # m2
        ("missing_rate", "c3"),
        ("unallocated_fixed_cost", None),  # April's platform for KYC; May has not begun
    ]
    assert query(built, "select source_table, case_id, reason from marts.rpt_quarantined_event") == [
        ("payments", "c4", "unknown_currency")
    ]


def test_refunds_count_at_their_own_date(built: Path) -> None:
    rows = query(
        built, "select case_id, net_collected, net_collected_automated from marts.fct_case_journey order by case_id"
    )
    assert rows == [
        ("c1", cents(62.00), cents(62.00)),  # 100 × 1.10 − 40 × 1.20
        ("c2", cents(14.00), cents(-6.00)),  # 20 by the agent, −5 × 1.20
        ("c3", 0, 0),
        ("c4", 0, 0),
    ]


def test_weekly_cost_and_its_parts(built: Path) -> None:
    rows = query(
        built,
        """
        select
            week_start, workflow, messaging_cost, agent_cost, platform_cost, fixed_cost, total_cost, resolved_cases,
            cost_per_resolved_case, is_provisional
        from marts.rpt_cost_weekly where total_cost > 0 or resolved_cases > 0
        order by week_start, workflow
        """,
    )
    week_1, week_2, week_3, week_5 = (dt.date(2026, 3, day) for day in (2, 9, 16, 30))
    in_march = [
        # c1: m1, its case, and 30 of the shared cost; the part in GBP adds nothing.
        (week_1, (0.05, 0, 0.40, 30, 30.45), 1, cents(30.45)),
        # c2: m2 without a rate, m3 on Sunday; not resolved yet.
        (week_2, (0.05, 0, 0.40, 30, 30.45), 0, None),
        # m4 and m5.
        (week_3, (0.16, 0, 0, 0, 0.16), 0, None),
    ]
    expected = [
        (week, workflow, *map(cents, parts), resolved, value, False)
        for week, parts, resolved, value in in_march
        for workflow in ("(all)", "pay")
    ]
    # The week of 30 March ends in April, which is not over: provisional. c2 and c3 are resolved.
    expected += [
        (week_5, "(all)", *map(cents, (0.22, 21.60, 0.80, 100, 122.62)), 2, cents(61.31), True),
        # m6, m7; both touches of April; c3's case; 30 + 22 of March.
        (week_5, "kyc", *map(cents, (0.16, 8.40, 0.40, 52, 60.96)), 1, cents(60.96), True),
        # m8; the touch of c2; c4's case; 30 + 18 of April.
        (week_5, "pay", *map(cents, (0.06, 13.20, 0.40, 48, 61.66)), 1, cents(61.66), True),
    ]
    assert rows == expected


def test_parts_per_resolved_case(built: Path) -> None:
    [row] = query(
        built,
        """
        select
            messaging_cost_per_resolved_case, agent_cost_per_resolved_case, platform_cost_per_resolved_case,
            fixed_cost_per_resolved_case, cost_per_resolved_case
        from marts.rpt_cost_weekly where week_start = '2026-03-30' and workflow = '(all)'
        """,
    )
    # 0.22, 21.60, 0.80, 100 and 122.62 over two cases.
    assert row == tuple(map(cents, (0.11, 10.80, 0.40, 50, 61.31)))


def test_manual_effort(built: Path) -> None:
    rows = query(
        built,
        """
        select month, workflow, touches, handle_minutes, wrap_up_minutes, agent_cost, wrap_up_cost, resolved_cases
        from marts.rpt_manual_effort_monthly order by month, workflow
        """,
    )
    assert rows == [
        (MARCH, "pay", 1, 10, 2, cents(13.20), cents(2.20), 2),  # 12 × 1.10, of it 2 × 1.10
        (APRIL, "kyc", 2, 5, 2, cents(8.40), cents(2.40), 1),  # 7 × 1.20, of it 2 × 1.20
    ]


def outcomes(folder: Path, variables: dict[str, Any]) -> dict[str, str]:
    """The status of each reconciling dbt test on a folder's database."""
    dbt("test", "--select", *RECONCILIATIONS, folder=folder, variables=variables, artifacts=True)
    results = json.loads((folder / "target/run_results.json").read_text())["results"]
    return {result["unique_id"].split(".")[2]: result["status"] for result in results if "test." in result["unique_id"]}


@pytest.mark.slow
def test_a_cent_too_much_does_not_reconcile(built: Path, variables: dict[str, Any], tmp_path: Path) -> None:
    assert outcomes(built, variables) == dict.fromkeys(RECONCILIATIONS, "pass")
    folder = tmp_path / "spoiled"
    shutil.copytree(built, folder)
    with duckdb.connect(str(database(folder))) as connection:
        # A view gives way to a table with its rows.
        connection.execute("""
            create temporary table charges as select * from marts.fct_charge;
            drop view marts.fct_charge;
            create table marts.fct_charge as select * from charges;
            update marts.fct_charge set amount = amount + 0.01
            where charge_id in ('platform:c1', (select min(charge_id) from marts.fct_charge where is_fixed and amount > 0))
        """)
    assert outcomes(folder, variables) == dict.fromkeys(RECONCILIATIONS, "fail")


@pytest.mark.slow
def test_two_minutes_of_wrap_up_on_50_000_cases(tmp_path: Path) -> None:
    """The published sum: 50,000 cases a month with two minutes of wrap-up each are 1,666.7 hours of agents' work."""
    events = tmp_path / "events"
    events.mkdir()
    own_columns = {
        "case_triggers": {},
        "agent_touches": {"handle_minutes": "3", "wrap_up_minutes": "2"},
    }
    for table, columns in own_columns.items():
        values = {
            "event_id": f"'{table}-' || number",
            "case_id": "'case-' || number",
            # One every 50 seconds: from 1 March to 29 March.
            "occurred_at": "timestamp '2026-03-01' + number * interval 50 seconds",
            "loaded_at": "timestamp '2026-03-31'",
            **{column: "null" if value is None else f"'{value}'" for column, value in DEFAULTS[table].items()},
            **columns,
        }
        assert list(values) == [*KEYS, *DEFAULTS[table]]
        items = ", ".join(f"{value} as {column}" for column, value in values.items())
        duckdb.sql(f"copy (select {items} from range(50000) numbers (number)) to '{events / table}.parquet'")
    paths = {"events_path": events, "reference_path": write_reference(tmp_path / "reference")}
    build(tmp_path, {**paths, "as_of": AS_OF}, "--select", "+rpt_manual_effort_monthly", *WITHOUT_TESTS)
    rows = query(
        tmp_path,
        """
        select month, workflow, touches, handle_minutes, wrap_up_minutes, agent_cost, wrap_up_cost
        from marts.rpt_manual_effort_monthly
        """,
    )
    # 50,000 × 2 minutes; a minute costs 1.10.
    assert rows == [(MARCH, "pay", 50_000, 150_000, 100_000, cents(275_000), cents(110_000))]
    assert round(rows[0][4] / 60, 1) == 1_666.7
