"""Bad input stops the build with a message that names the thing and the way out, and leaves the marts as they were."""

from __future__ import annotations

import datetime as dt
import gzip
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from made_events import WORKFLOW_COLUMNS, Events, workflow, write_csv
from project import ROOT, SEEDS, WITHOUT_TESTS, WITHOUT_UNIT_TESTS, build, database, dbt, public_tables, query
from tiers import slow_but

GOOD_WORKFLOW = workflow("pay", "billing", "Ops", 24, "hours", "", False, False, False, True, 7)


def one_case() -> Events:
    events = Events()
    events.add("case_triggers", "c1", "2026-03-02 09:00")
    events.add("message_events", "c1", "2026-03-02 09:01")
    events.add("payments", "c1", "2026-03-02 09:02", amount=12.5)
    events.add("payments", "c1", "2026-03-02 09:03", amount=7.25)
    return events


def in_file(name: str, old: str, new: str) -> Callable[[Path], None]:
    """What writes another text into a file of a folder, once."""

    def replace(folder: Path) -> None:
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1))

    return replace


# Table -> what each of its two parts selects from its CSV, where all is text.
PARTS = {
    "payments": ("*", "* exclude (amount, currency)"),
    "exceptions": (
        "* replace (occurred_at::timestamptz as occurred_at)",
        "* replace (occurred_at::timestamp as occurred_at)",
    ),
    "evidence_items": ("*", "* replace (occurred_at::timestamp as occurred_at)"),
    "identity_checks": ("* replace (1 as event_id)", "* replace (1.0::double as event_id)"),
    # These may be parts of one table.
    "agent_touches": ("* replace (0::tinyint as logins, null as ended_at)", "* replace (0::bigint as logins)"),
}


def has_parts_that_disagree(folder: Path) -> None:
    with duckdb.connect() as connection:
        for table, selects in PARTS.items():
            path = folder / "events" / table
            path.mkdir()
            for number, selected in enumerate(selects):
                connection.execute(
                    f"copy (select {selected} from read_csv('{path}.csv', all_varchar = true, header = true)) "
                    f"to '{path}/part-{number}.parquet' (format parquet)"
                )
            path.with_suffix(".csv").unlink()


def has_days_that_are_none(folder: Path) -> None:
    rows = [{"holiday_date": day, "name": "no"} for day in ("2026-02-30", "2026-01-01 10:00", "01/02/2026")]
    write_csv(folder / "reference/business_holidays.csv", ["holiday_date", "name"], rows)


def stands_there_twice(folder: Path) -> None:
    (folder / "events/payments").mkdir()
    with duckdb.connect() as connection:
        connection.execute(f"copy (select 1 as x) to '{folder}/events/payments/part.parquet' (format parquet)")


# Names that are no table's, but nearly -> the table that each is taken for.
NEAR_NAMES = {
    "payment.csv": "payments",
    "Payments.csv": "payments",
    "payments.CSV": "payments",
    "payments.parq": "payments",
    "payments_2026-03.csv": "payments",
    "payments.csv.bz2": "payments",
    "exceptions": "exceptions",
    "case-triggers.csv": "case_triggers",
    "agent_touch/part.parquet": "agent_touches",
    "evidence_item.csv/part.csv": "evidence_items",
}


def has_names_that_nearly_are_a_table(folder: Path) -> None:
    for name in NEAR_NAMES:
        (folder / "events" / name).parent.mkdir(exist_ok=True)
        (folder / "events" / name).write_text("not read")


def has_a_name_that_nearly_is_a_reference_table(folder: Path) -> None:
    (folder / "reference/workflow.csv").write_text("not read")


def has_folders_that_can_not_be_read_whole(folder: Path) -> None:
    """Beside the part of stands_there_twice()."""
    for path in (
        "elsewhere/deep",
        "events/payments/day=1/_temporary",
        "events/exceptions.parquet",
    ):
        (folder / path).mkdir(parents=True)
    (folder / "events/payments/day=3").symlink_to(folder / "elsewhere")
    (folder / "events/payments/round").symlink_to(folder / "events")
    (folder / "events/payments/more.csv").write_text("not read")


def has_no_folder(folder: Path) -> None:
    shutil.rmtree(folder / "events")


def is_a_file(folder: Path) -> None:
    shutil.rmtree(folder / "events")
    (folder / "events").write_text("no folder")


def is_a_broken_parquet_file(folder: Path) -> None:
    (folder / "events/payments.csv").unlink()
    (folder / "events/payments.parquet").write_text("no parquet")


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
    "columns": (
        [
            in_file("events/payments.csv", "amount", "amnt"),
            in_file("events/case_closures.csv", "case_id", "case_id,Case_ID"),
        ],
        [
            "payments lacks the column amount",
            "case_closures: the header of case_closures.csv names the column case_id more than once",
            "nothing was built",
        ],
    ),
    "values": (
        [
            in_file("events/payments.csv", ",100,", ",twelve,"),
            in_file("events/message_events.csv", "2026-03-02 09:01", "2026-03-02 04:01:00 EST"),
            in_file("events/payments.csv", ",50,", ",7.255,"),
            has_days_that_are_none,
        ],
        [
            "payments.amount (varchar) has 2 value(s) that are no money, such as '7.255' in the row with event_id payments-002 "
            "of events/payments.csv",
            "message_events.occurred_at (varchar) has 1 value(s) that are no timestamp, such as '2026-03-02 04:01:00 EST' "
            "in the row with event_id message_events-001",
            "business_holidays.holiday_date (varchar) has 3 value(s) that are no date, such as '01/02/2026'",
        ],
    ),
    "a large amount": (
        [in_file("events/payments.csv", ",50,", ",1234567890123456.784,")],
        ["payments.amount (varchar) has 1 value(s) that are no money, such as '1234567890123456.784'"],
    ),
    "parts": (
        [has_parts_that_disagree],
        [
            "payments: its part events/payments/part-1.parquet lacks the column(s) amount, currency",
            "exceptions.occurred_at is timestamp in events/exceptions/part-1.parquet, but timestamp with time zone in events/",
            "evidence_items.occurred_at is timestamp in events/evidence_items/part-1.parquet, but varchar in events/evidence_items/part-0",
            "identity_checks.event_id is double in",
        ],
    ),
    "files": (
        [stands_there_twice, has_names_that_nearly_are_a_table, has_folders_that_can_not_be_read_whole],
        [
            "events_path holds the table payments more than once: payments.csv and payments/",
            *(
                f"{name.split('/')[0]}{'/' * ('/' in name)} looks like the table {table},"
                for name, table in NEAR_NAMES.items()
            ),
            "payments/more.csv is in the folder of a table, but is no *.parquet",
            "exceptions.parquet holds no file, or can't be read",
            "payments/day=3 is a link to a folder",
            "payments/round is a link to a folder",
        ],
    ),
    # Reference tables are looked for first.
    "reference name": ([has_a_name_that_nearly_is_a_reference_table], ["workflow.csv looks like the table workflows,"]),
    "no folder": ([has_no_folder], ["events_path", "holds none of the tables", "check that it exists and can be read"]),
    "not a folder": ([is_a_file], ["events_path", "holds none of the tables", "check that it exists and can be read"]),
    "no parquet": ([is_a_broken_parquet_file], ["payments.parquet", "Parquet"]),
    "surplus field": ([in_file("events/payments.csv", "USD,\n", "USD,,surplus\n")], ["payments.csv"]),
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


@pytest.mark.parametrize("name", slow_but({"columns", "values"}, BROKEN_FILES))
def test_broken_files(built_cases: Path, tmp_path: Path, name: str) -> None:
    break_them, says = BROKEN_FILES[name]
    shutil.copytree(built_cases, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("target", "logs"))
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
    assert public_tables(tmp_path) == public_tables(built_cases)
    # The gate tells by this that the marts are older than a build.
    assert query(tmp_path, "select max(build_number) from history.build_inputs where kind = 'start'") == [(2,)]
    assert query(tmp_path, "select max(build_number) from history.build_seal") == [(1,)]


BROKEN_VARS = {
    "reporting_timezone": ("UTC'; drop schema marts; --", "is no IANA time zone"),
    "as_of": ("2026-13-01", "is no UTC timestamp"),
    "quiet_hours_start": (25, "is no hour"),
    "settling_hours": (-1, "is no duration"),
    "baseline_weeks": (1.5, "is no count"),
    "reporting_currency": ("dollars", "is no currency code"),
    "history_start": ("2015-02-30", "is no date"),
    "clock_skew_minutes": (99999999999999999999, "is no duration. Use a number of minutes from 0 to 525600"),
    "writeback_timeout_minutes": (525600.5, "is no duration"),
    "min_sample": (10**400, "is no count. Use a whole number from 0 to 1000000"),
    "allow_other_events": ("yes", "is neither true nor false"),
}
UNKNOWN_VARS = {
    "event_path": "did you mean events_path?",
    "reference-schema": "did you mean reference_schema?",
    "colour": "docs/settings.md",
}


def test_broken_vars(tmp_path: Path) -> None:
    values = {name: value for name, (value, _) in BROKEN_VARS.items()}
    result = dbt("build", folder=tmp_path, variables={**values, **dict.fromkeys(UNKNOWN_VARS, "x")})
    assert result.returncode != 0
    for name, (value, says) in BROKEN_VARS.items():
        assert f"{name} '{value}' {says}" in result.stdout, result.stdout[-3000:]
    for name, says in UNKNOWN_VARS.items():
        assert f"there is no var {name}; {says}" in result.stdout, result.stdout[-3000:]
    assert query(tmp_path, "select count(*) from information_schema.tables") == [(0,)]


@pytest.mark.slow
def test_events_are_in_one_place(tmp_path: Path) -> None:
    result = dbt("build", folder=tmp_path, variables={"events_path": "a", "events_schema": "b"})
    assert result.returncode != 0
    assert "events_path and events_schema are both set" in result.stdout, result.stdout[-3000:]


def published(folder: Path) -> list[tuple[object, ...]]:
    """The figures that a folder's database has published."""
    return query(folder, "select * from history.kpi_first_published")


@pytest.mark.slow
def test_a_database_keeps_to_its_events(built_cases: Path, tmp_path: Path) -> None:
    """The demo is not built over one's own events, not even its seeds, with or without marts; a move has to be asked for."""
    shutil.copytree(built_cases, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("target", "logs"))
    with duckdb.connect(str(database(tmp_path))) as connection:
        connection.execute(
            "drop schema marts cascade; insert into history.kpi_first_published values ('k', '2026-01-05', '(all)', 1, '2026-01-20')"
        )
    before = published(tmp_path)
    says = "the database holds the events of events_path 'events', not of the demo (neither events_path nor events_schema is set)"
    refused = dbt("seed", folder=tmp_path)
    assert refused.returncode != 0 and says in refused.stdout, refused.stdout[-3000:]
    assert "allow_other_events: true" in refused.stdout

    assert (
        query(tmp_path, "select * from information_schema.tables where table_schema in ('demo_events', 'marts')") == []
    )

    shutil.move(tmp_path / "events", tmp_path / "moved")
    moved = {"events_path": tmp_path / "moved", "reference_path": tmp_path / "reference", "allow_other_events": True}
    build(tmp_path, moved, "--select", "build_inputs")
    latest = "name = 'events_path' and build_number = (select max(build_number) from history.build_inputs)"
    assert query(tmp_path, f"select content from history.build_inputs where {latest}") == [("moved",)]
    assert published(tmp_path) == before


def test_what_is_read(tmp_path: Path) -> None:
    """What other tools write, where nothing is lost: other types, moments with an offset, folders of parts, links, packed files. What
    is no table is named, an event table without a file counts as empty and is named too, and what begins with _ or . is not read."""
    events = one_case()
    events.add("agent_touches", "c1", "2026-03-02 09:00")
    moments = {
        "2026-03-02T11:01:00 +02:00": dt.datetime(2026, 3, 2, 9, 1),
        "2026-03-02 14:32+0530": dt.datetime(2026, 3, 2, 9, 2),
        "2026-03-02 04:03:00.250000000 -05": dt.datetime(2026, 3, 2, 9, 3, 0, 250000),
        "2026-03-02T09:04:00Z": dt.datetime(2026, 3, 2, 9, 4),
        "2026-03-02T09:05": dt.datetime(2026, 3, 2, 9, 5),
    }
    for written in moments:
        events.add("action_events", "c1", written, loaded_at="2026-03-03")
    folder = events.write(tmp_path / "events")
    (folder / "exceptions.csv").unlink()
    with gzip.open(folder / "action_events.csv.gz", "wb") as packed:
        packed.write((folder / "action_events.csv").read_bytes())
    (folder / "action_events.csv").unlink()
    touches = (
        "select 'e' as event_id, 'c1' as case_id, timestamptz '2026-03-02 11:00:00+02' as occurred_at, "
        "timestamp_ns '2026-03-02 09:30:00' as loaded_at, null::integer as exception_id, 7 as agent_ref, null::integer as ended_at, "
        "'resolved' as outcome, 5 as handle_minutes, 1.5::decimal(5, 3) as wrap_up_minutes, 2.0::double as logins, '0' as handoffs"
    )
    (folder / "agent_touches.csv").unlink()
    # As Spark leaves them; nothing but one part is to be read. The folder itself is a link.
    parts = tmp_path / "elsewhere/touches [1]*"
    for name in (
        "day=1/part?'0.parquet",
        "day=1/_temporary/0.parquet",
        ".tmp/0.parquet",
        "_old.parquet",
        ".hidden.parquet",
    ):
        (parts / name).parent.mkdir(parents=True, exist_ok=True)
        with duckdb.connect() as connection:
            connection.execute(
                f"copy ({touches}) to '{str(parts / name).replace(chr(39), chr(39) * 2)}' (format parquet)"
            )
    (parts / "_SUCCESS").touch()
    (parts / "day=2").mkdir()
    (folder / "agent_touches.parquet").symlink_to(parts)
    # A linked file.
    (folder / "payments.csv").rename(tmp_path / "elsewhere/p.csv")
    (folder / "payments.csv").symlink_to(tmp_path / "elsewhere/p.csv")
    for name in ("_payments.csv", ".payments.csv.swp", "notes.txt", "archive/payments.csv"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("not read")
    write_csv(tmp_path / "reference/workflows.csv", WORKFLOW_COLUMNS, [GOOD_WORKFLOW])
    holiday = {"holiday_date": "2026-01-01T00:00:00", "name": "New Year"}
    write_csv(tmp_path / "reference/business_holidays.csv", ["holiday_date", "name"], [holiday])
    output = build(
        tmp_path,
        {"events_path": folder, "reference_path": tmp_path / "reference"},
        *WITHOUT_TESTS,
        "--select",
        "+rpt_row_reconciliation",
        "+stg_events__agent_touches",
        "+stg_events__action_events",
        "+stg_reference__business_holidays",
        environment={"TZ": "America/New_York"},
    )
    assert "has no file for exceptions: counted as empty" in output
    assert (
        "holds what is none of the tables, and is not read: agent_touches.parquet/day=2/ (empty, or it can't be read), archive/, notes.txt."
        in output
    )
    assert query(
        tmp_path,
        "select source_table, raw_rows from marts.rpt_row_reconciliation where raw_rows > 0 or source_table = 'exceptions' order by all",
    ) == [
        ("action_events", 5),
        ("agent_touches", 1),
        ("case_triggers", 1),
        ("exceptions", 0),
        ("message_events", 1),
        ("payments", 2),
    ]
    [touch] = query(
        tmp_path,
        "select occurred_at, loaded_at, exception_id, agent_ref, ended_at, handle_minutes, wrap_up_minutes, logins, handoffs "
        "from staging.stg_events__agent_touches",
    )
    nine, half_past = dt.datetime(2026, 3, 2, 9), dt.datetime(2026, 3, 2, 9, 30)
    assert touch == (nine, half_past, None, "7", None, 5.0, 1.5, 2, 0)
    assert query(tmp_path, "select occurred_at from staging.stg_events__action_events order by event_id") == [
        (moment,) for moment in moments.values()
    ]
    assert query(tmp_path, "select holiday_date from staging.stg_reference__business_holidays") == [
        (dt.date(2026, 1, 1),)
    ]


@pytest.mark.slow
def test_all_rows_bad(tmp_path: Path) -> None:
    """Nothing is accepted, nothing is lost, and the build still ends well: the reasons are there to be read. Numbers that would make sums
    overflow and moments that are none neither stop it nor move what it is computed for."""
    at, late = "2026-03-02 09:01", "2026-03-02 09:02:00"
    events = Events()
    events.add("case_triggers", "c1", "2026-03-02 09:00", workflow="unheard_of")
    events.add("case_triggers", "c1", "-infinity", loaded_at=late)
    events.add("case_triggers", "c1", "9999-12-31", loaded_at=late)
    events.add("case_triggers", "c1", "2026-03-02 09:00", due_at="infinity")
    events.add("message_events", "c1", at)
    events.add("payments", "", at, amount=-1)
    # Not of this moment: they do not exist yet.
    events.add("message_events", "c1", at, loaded_at="9999-12-31")
    events.add("message_events", "c1", "infinity", loaded_at="infinity")
    events.add("message_events", "c1", at, loaded_at="2100-01-01")
    events.add("message_events", "c1", at, loaded_at="-infinity")
    bad_touches: list[dict[str, Any]] = [
        {"handle_minutes": "1e25"},
        {"handle_minutes": "1e400"},
        {"wrap_up_minutes": "100000.001"},
        {"logins": "9223372036854775807"},
        {"logins": "9223372036854775807"},
        {"handoffs": 1_000_000_001},
        {"ended_at": "infinity"},
        {"ended_at": "-infinity"},
    ]
    for columns in bad_touches:
        events.add("agent_touches", "c1", at, **columns)
    events.add("agent_touches", "c1", at, handle_minutes=100_000, logins=1_000_000_000)
    events.write(tmp_path / "events")
    build(tmp_path, {"events_path": tmp_path / "events", "reference_path": SEEDS}, *WITHOUT_UNIT_TESTS)
    assert query(tmp_path, "select as_of from staging.stg_events__as_of") == [(dt.datetime(2026, 3, 2, 9, 2),)]
    assert query(
        tmp_path, "select source_table, reason, count(*) from marts.rpt_quarantined_event group by all order by all"
    ) == [
        ("agent_touches", "from_the_future", 1),
        ("agent_touches", "invalid_value", 7),
        ("agent_touches", "orphan_case", 1),
        ("case_triggers", "before_history", 1),
        ("case_triggers", "from_the_future", 1),
        ("case_triggers", "invalid_value", 1),
        ("case_triggers", "unknown_workflow", 1),
        ("message_events", "from_the_future", 1),
        ("message_events", "orphan_case", 1),
        ("payments", "missing_key", 1),
    ]
    assert query(tmp_path, "select count(*) from marts.fct_case_journey") == [(0,)]
    assert query(tmp_path, "select count(*) from marts.rpt_kpi_weekly") == [(0,)]


@pytest.mark.skipif(
    os.name != "posix" or os.geteuid() == 0, reason="root can read every folder; run as an ordinary user"
)
def test_unreadable_folder(tmp_path: Path) -> None:
    one_case().write(tmp_path / "events")
    (tmp_path / "events").chmod(0)
    try:
        result = dbt("build", folder=tmp_path, variables={"events_path": tmp_path / "events", "reference_path": SEEDS})
    finally:
        (tmp_path / "events").chmod(0o755)
    assert result.returncode != 0
    assert "check that it exists and can be read" in result.stdout


@pytest.mark.slow
def test_a_reference_date_that_is_none(tmp_path: Path) -> None:
    """Tables can hold infinite dates, which no day can be subtracted from. An open end is empty."""
    one_case().write(tmp_path / "events")
    with duckdb.connect(str(database(tmp_path))) as connection:
        connection.execute("create schema mine")
        connection.execute(f"create table mine.workflows as from read_csv('{SEEDS}/workflows.csv')")
        connection.execute(
            f"create table mine.kpi_targets as select * replace ('infinity'::date as due_date) "
            f"from read_csv('{SEEDS}/kpi_targets.csv') where kpi_id = 'completion_rate' and workflow = '*'"
        )
    variables = {"events_path": tmp_path / "events", "reference_schema": "mine"}
    result = dbt("build", *WITHOUT_TESTS, folder=tmp_path, variables=variables)
    assert result.returncode != 0
    assert "kpi_targets: a row has a due_date outside the years 1 to 9999" in result.stdout, result.stdout[-3000:]
    assert "an open end is empty (completion_rate)" in result.stdout


@pytest.mark.slow
def test_an_event_table_missing_in_the_schema(tmp_path: Path) -> None:
    with duckdb.connect(str(database(tmp_path))) as connection:
        connection.execute("create schema raw; create table raw.case_triggers (event_id varchar)")
    result = dbt("build", folder=tmp_path, variables={"events_schema": "raw", "reference_path": SEEDS})
    assert result.returncode != 0
    assert "the schema raw has no table case_closures, message_events, identity_checks" in result.stdout
    assert "`dbt run-operation create_event_tables`" in result.stdout
