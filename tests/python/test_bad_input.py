"""Bad input stops the build with a message that names the thing and the way out, and leaves the marts as they were."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from made_events import WORKFLOW_COLUMNS, Events, write_csv
from project import ROOT, WITHOUT_TESTS, WITHOUT_UNIT_TESTS, build, database, dbt, public_tables, query

GOOD_WORKFLOW = dict(
    zip(WORKFLOW_COLUMNS, ["pay", "billing", "Ops", 24, "hours", "", False, False, False, True, 7], strict=True)
)


def one_case() -> Events:
    events = Events()
    events.add("case_triggers", "c1", "2026-03-02 09:00")
    events.add("message_events", "c1", "2026-03-02 09:01")
    events.add("payments", "c1", "2026-03-02 09:02", amount=12.5)
    events.add("payments", "c1", "2026-03-02 09:03", amount=7.25)
    return events


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one good case, its reference tables, and its built marts: what every bad build starts from."""
    folder = tmp_path_factory.mktemp("good")
    one_case().write(folder / "events")
    write_csv(folder / "reference" / "workflows.csv", WORKFLOW_COLUMNS, [GOOD_WORKFLOW])
    build(folder, {"events_path": folder / "events", "reference_path": folder / "reference"}, *WITHOUT_TESTS)
    return folder


def lacks_a_column(folder: Path) -> None:
    replace(folder / "events/payments.csv", "amount", "amnt")


def lacks_two_columns_of_a_parquet_part(folder: Path) -> None:
    (folder / "events/payments.csv").unlink()
    (folder / "events/payments").mkdir()
    with duckdb.connect() as connection:
        for part, columns in {"1": "*", "2": "* exclude (amount, currency)"}.items():
            connection.execute(
                f"copy (select {columns} from (select 'e{part}' as event_id, 'c1' as case_id, timestamp '2026-03-02 09:02' "
                "as occurred_at, timestamp '2026-03-02 09:03' as loaded_at, 'p' as payment_id, 'automated' as flow, "
                "'succeeded' as status, 1.5::decimal(18, 2) as amount, 'USD' as currency)) "
                f"to '{folder}/events/payments/part-{part}.parquet' (format parquet)"
            )


def has_a_word_for_an_amount(folder: Path) -> None:
    replace(folder / "events/payments.csv", "12.5", "twelve")


def has_a_third_decimal(folder: Path) -> None:
    replace(folder / "events/payments.csv", "7.25", "7.255")


def has_a_local_time(folder: Path) -> None:
    replace(folder / "events/message_events.csv", "2026-03-02 09:01", "2026-03-02 09:01:00+02:00")


def stands_there_twice(folder: Path) -> None:
    (folder / "events/payments").mkdir()
    with duckdb.connect() as connection:
        connection.execute(f"copy (select 1 as x) to '{folder}/events/payments/part.parquet' (format parquet)")


def has_no_folder(folder: Path) -> None:
    shutil.rmtree(folder / "events")


def is_a_file(folder: Path) -> None:
    shutil.rmtree(folder / "events")
    (folder / "events").write_text("no folder")


def is_a_broken_parquet_file(folder: Path) -> None:
    (folder / "events/payments.csv").unlink()
    (folder / "events/payments.parquet").write_text("no parquet")


def has_a_row_with_too_many_fields(folder: Path) -> None:
    replace(folder / "events/payments.csv", "USD\n", "USD,surplus\n")


def lists_a_workflow_twice_in_weeks(folder: Path) -> None:
    write_csv(
        folder / "reference/workflows.csv", WORKFLOW_COLUMNS, [GOOD_WORKFLOW, {**GOOD_WORKFLOW, "sla_unit": "weeks"}]
    )


def has_two_rates_from_one_day(folder: Path) -> None:
    columns = ["category", "channel", "unit", "amount", "currency", "valid_from", "valid_to"]
    rate = {"category": "agent", "unit": "minute", "currency": "USD", "valid_from": "2026-01-01"}
    write_csv(folder / "reference/cost_rates.csv", columns, [{**rate, "amount": 1}, {**rate, "amount": 2}])


def has_two_fx_rates_from_one_day(folder: Path) -> None:
    rate = {"currency": "EUR", "valid_from": "2026-01-01"}
    write_csv(
        folder / "reference/fx_rates.csv",
        ["currency", "valid_from", "rate"],
        [{**rate, "rate": 1}, {**rate, "rate": 2}],
    )


def describes_an_unknown_kpi(folder: Path) -> None:
    text = (ROOT / "seeds/reference/kpi_catalog.csv").read_text()
    (folder / "reference/kpi_catalog.csv").write_text(text.replace("completion_rate,", "completion_rat,", 1))


# Broken in one go, because a message lists all that it finds -> what it has to say.
BROKEN_FILES: dict[str, tuple[list[Callable[[Path], None]], list[str]]] = {
    "columns": ([lacks_a_column], ["payments lacks the column amount", "nothing was built"]),
    "values": (
        [has_a_word_for_an_amount, has_a_local_time, has_a_third_decimal],
        ["payments.amount", "2 value(s)", "no money", "message_events.occurred_at", "+02:00", "UTC"],
    ),
    "parts": (
        [lacks_two_columns_of_a_parquet_part],
        ["payments: its part", "part-2.parquet lacks the column(s) amount, currency"],
    ),
    "two forms": ([stands_there_twice], ["payments more than once", "payments.csv", "payments/**/*.parquet"]),
    "no folder": ([has_no_folder], ["events_path", "holds none of the tables", "check that it exists and can be read"]),
    "not a folder": ([is_a_file], ["events_path", "holds none of the tables", "check that it exists and can be read"]),
    "no parquet": ([is_a_broken_parquet_file], ["payments.parquet", "Parquet"]),
    "surplus field": ([has_a_row_with_too_many_fields], ["payments.csv"]),
    "reference": (
        [
            lists_a_workflow_twice_in_weeks,
            has_two_rates_from_one_day,
            has_two_fx_rates_from_one_day,
            describes_an_unknown_kpi,
        ],
        [
            "workflows: a row lists a workflow a second time (pay)",
            "workflows: a row has another sla_unit than hours, days, business_days (weeks)",
            "cost_rates: a row overlaps",
            "agent (any channel) from 2026-01-01",
            "fx_rates: a row overlaps",
            "EUR from 2026-01-01",
            "kpi_catalog: a row is missing for a KPI that macros/kpi/kpi_definitions.sql defines (completion_rate)",
            "kpi_catalog: a row describes a KPI that macros/kpi/kpi_definitions.sql does not define (completion_rat)",
        ],
    ),
}


@pytest.mark.parametrize("name", BROKEN_FILES)
def test_broken_files(built: Path, tmp_path: Path, name: str) -> None:
    break_them, says = BROKEN_FILES[name]
    shutil.copytree(built, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("target", "logs"))
    for break_it in break_them:
        break_it(tmp_path)
    result = dbt(
        "build",
        folder=tmp_path,
        variables={"events_path": tmp_path / "events", "reference_path": tmp_path / "reference"},
    )
    assert result.returncode != 0
    for words in says:
        assert words in result.stdout, result.stdout[-3000:]
    assert "Traceback" not in result.stdout + result.stderr
    assert public_tables(tmp_path) == public_tables(built)


BROKEN_VARS = {
    "reporting_timezone": ("UTC'; drop schema marts; --", "is no IANA time zone"),
    "as_of": ("2026-13-01", "is no UTC timestamp"),
    "quiet_hours_start": (25, "is no hour"),
    "settling_hours": (-1, "is no duration"),
    "baseline_weeks": (1.5, "is no count"),
    "reporting_currency": ("dollars", "is no currency code"),
    "history_start": ("2015-02-30", "is no date"),
}


def test_broken_vars(tmp_path: Path) -> None:
    both = {"events_path": "a", "events_schema": "b"}
    result = dbt(
        "build", folder=tmp_path, variables={**{name: value for name, (value, _) in BROKEN_VARS.items()}, **both}
    )
    assert result.returncode != 0
    for name, (value, says) in BROKEN_VARS.items():
        assert f"{name} '{value}' {says}" in result.stdout, result.stdout[-3000:]
    assert "events_path and events_schema are both set" in result.stdout
    assert query(tmp_path, "select count(*) from information_schema.tables") == [(0,)]


def test_a_missing_event_file_counts_as_empty_and_is_named(tmp_path: Path) -> None:
    one_case().write(tmp_path / "events")
    (tmp_path / "events/exceptions.csv").unlink()
    write_csv(tmp_path / "reference/workflows.csv", WORKFLOW_COLUMNS, [GOOD_WORKFLOW])
    output = build(
        tmp_path, {"events_path": tmp_path / "events", "reference_path": tmp_path / "reference"}, *WITHOUT_TESTS
    )
    assert "has no file for exceptions: counted as empty" in output
    assert query(tmp_path, "select raw_rows from marts.rpt_row_reconciliation where source_table = 'exceptions'") == [
        (0,)
    ]


def test_other_types_are_read_where_nothing_is_lost(tmp_path: Path) -> None:
    """What other tools write: whole numbers as doubles, instants with a time zone, nanoseconds, columns without any value."""
    events = one_case().write(tmp_path / "events")
    events_of = {
        "agent_touches": "timestamptz '2026-03-02 11:00:00+02' as occurred_at, timestamp_ns '2026-03-02 09:30:00' as loaded_at, "
        "null::integer as exception_id, 7 as agent_ref, null::integer as ended_at, 'resolved' as outcome, 5 as handle_minutes, "
        "1.5::decimal(5, 3) as wrap_up_minutes, 2.0::double as logins, '0' as handoffs",
    }
    with duckdb.connect() as connection:
        for table, columns in events_of.items():
            (events / f"{table}.csv").unlink()
            connection.execute(
                f"copy (select 'e' as event_id, 'c1' as case_id, {columns}) to '{events}/{table}.parquet'"
            )
    write_csv(tmp_path / "reference/workflows.csv", WORKFLOW_COLUMNS, [GOOD_WORKFLOW])
    build(tmp_path, {"events_path": events, "reference_path": tmp_path / "reference"}, *WITHOUT_TESTS)
    [touch] = query(
        tmp_path,
        "select occurred_at, loaded_at, exception_id, agent_ref, ended_at, handle_minutes, wrap_up_minutes, logins, handoffs "
        "from staging.stg_events__agent_touches",
    )
    nine, half_past = dt.datetime(2026, 3, 2, 9), dt.datetime(2026, 3, 2, 9, 30)
    assert touch == (nine, half_past, None, "7", None, 5.0, 1.5, 2, 0)


def test_all_rows_bad(tmp_path: Path) -> None:
    """Nothing is accepted, nothing is lost, and the build still ends well: the reasons are there to be read."""
    events = Events()
    events.add("case_triggers", "c1", "2026-03-02 09:00", workflow="unheard_of")
    events.add("message_events", "c1", "2026-03-02 09:01")
    events.add("payments", "", "2026-03-02 09:01", amount=-1)
    events.write(tmp_path / "events")
    build(tmp_path, {"events_path": tmp_path / "events"}, *WITHOUT_UNIT_TESTS)
    assert sorted(query(tmp_path, "select source_table, reason from marts.rpt_quarantined_event")) == [
        ("case_triggers", "unknown_workflow"),
        ("message_events", "orphan_case"),
        ("payments", "missing_key"),
    ]
    assert query(tmp_path, "select count(*) from marts.fct_case_journey") == [(0,)]


@pytest.mark.skipif(
    os.name != "posix" or os.geteuid() == 0, reason="root can read every folder; run as an ordinary user"
)
def test_unreadable_folder(tmp_path: Path) -> None:
    one_case().write(tmp_path / "events")
    (tmp_path / "events").chmod(0)
    try:
        result = dbt("build", folder=tmp_path, variables={"events_path": tmp_path / "events"})
    finally:
        (tmp_path / "events").chmod(0o755)
    assert result.returncode != 0
    assert "check that it exists and can be read" in result.stdout


def test_an_event_table_missing_in_the_schema(tmp_path: Path) -> None:
    with duckdb.connect(str(database(tmp_path))) as connection:
        connection.execute("create schema raw; create table raw.case_triggers (event_id varchar)")
    result = dbt("build", folder=tmp_path, variables={"events_schema": "raw"})
    assert result.returncode != 0
    assert "the schema raw has no table message_events" in result.stdout
