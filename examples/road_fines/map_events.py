#!/usr/bin/env python3
"""Map the public event log of road traffic fines onto the raw event contract of closed_loop.

Reads one table of log events (.parquet or .csv) and writes OUT_DIR/events/<table>.parquet, the event
tables that the log fills, and OUT_DIR/reference/<table>.csv. README.md beside this file explains every decision.
"""

import argparse
import os
import shutil
import sys
from pathlib import Path

import duckdb

STATIC_REFERENCE = Path(__file__).resolve().parent / "reference"
REQUIRED_COLUMNS = (
    "case:concept:name",
    "event_seq",
    "concept:name",
    "time:timestamp",
    "vehicleClass",
    "article",
    "points",
    "amount",
    "dismissal",
    "expense",
    "paymentAmount",
)
UNMAPPED_ACTIVITIES = ("Add penalty", "Send Appeal to Prefecture", "Notify Result Appeal to Offender")

# Grain: one row per event of the log. A value that cannot be read as its type stops the script.
LOG_EVENT = """
create table log_event as
with

typed as (
    select
        nullif("case:concept:name"::varchar, '') as case_id,
        "event_seq"::integer as event_seq,
        nullif("concept:name"::varchar, '') as activity,
        "time:timestamp"::timestamptz as happened_at,
        nullif("vehicleClass"::varchar, '') as vehicle_class,
        -- a sparse column of numbers that has passed through pandas reads 157.0
        nullif(regexp_replace("article"::varchar, '[.]0+$', ''), '') as article,
        nullif(regexp_replace("points"::varchar, '[.]0+$', ''), '') as points,
        "amount"::decimal(18, 2) as amount,
        nullif("dismissal"::varchar, 'NIL') as dismissal,
        "expense"::decimal(18, 2) as postage,
        "paymentAmount"::decimal(18, 2) as payment_amount,
    from log_file
),

identified as (
    select
        *,
        activity = 'Send for Credit Collection' as is_collection,
        -- padded, because ties on a timestamp are broken by event_id
        format('{}-{:03d}', case_id, event_seq) as event_id,
        happened_at at time zone 'UTC' as occurred_at,
        (happened_at at time zone 'Europe/Rome')::date as local_date,
    from typed
),

linked as (
    select
        *,
        last_value(if(activity = 'Send Fine', event_id, null) ignore nulls) over so_far as letter_id,
        bool_or(activity = 'Insert Fine Notification') over so_far as is_notified,
        last_value(if(activity = 'Insert Date Appeal to Prefecture', event_id, null) ignore nulls)
            over so_far as appeal_id,
    from identified
    window so_far as (
        partition by case_id order by event_seq rows between unbounded preceding and current row
    )
)

-- the log has no load time
select *, occurred_at as loaded_at from linked
"""

# Per event table: the rows of log_event that feed it, and its own columns, in the order of the contract.
EVENT_TABLES = {
    "case_triggers": (
        "activity = 'Create Fine'",
        """
        'road_fine' as workflow, article as product, vehicle_class as segment, points as risk_tier,
        'road_fines_log' as source_system, amount as amount_due
    """,
    ),
    "case_closures": ("dismissal <> ''", "'closed' as kind, 'cancelled' as reason, 'system' as actor"),
    "message_events": (
        "activity in ('Send Fine', 'Insert Fine Notification')",
        """
        coalesce(letter_id, event_id) as message_id, 'letter' as channel,
        if(activity = 'Send Fine', 'sent', 'delivered') as status, false as is_fallback
    """,
    ),
    "action_events": (
        "activity = 'Payment'",
        """
        if(is_notified, letter_id, null) as message_id, 'pay' as action, 'completed' as step,
        'customer' as actor
    """,
    ),
    "writeback_attempts": (
        "activity = 'Payment'",
        """
        'payment-' || event_id as idempotency_key, 1 as attempt_number, 'fines_ledger' as target_system,
        'accepted' as status, 1 as fields_required
    """,
    ),
    "writeback_acks": (
        "activity = 'Payment'",
        """
        'payment-' || event_id as idempotency_key, 'entry-' || event_id as ack_id,
        'persisted' as outcome, 1 as fields_persisted
    """,
    ),
    "exceptions": (
        "activity in ('Insert Date Appeal to Prefecture', 'Appeal to Judge', 'Send for Credit Collection')",
        """
        case activity
            when 'Insert Date Appeal to Prefecture' then 'appeal_to_prefecture'
            when 'Appeal to Judge' then 'appeal_to_judge'
            else 'credit_collection'
        end as reason
    """,
    ),
    "agent_touches": (
        "activity in ('Receive Result Appeal from Prefecture', 'Send for Credit Collection')",
        """
        if(is_collection, event_id, appeal_id) as exception_id,
        if(is_collection, 'credit_collection', 'prefecture') as agent_ref, occurred_at as ended_at,
        if(is_collection, 'transferred', 'resolved') as outcome, if(is_collection, 1, 0) as handoffs
    """,
    ),
    "payments": (
        "activity = 'Payment'",
        """
        event_id as payment_id, 'automated' as flow, 'succeeded' as status,
        payment_amount as amount, 'EUR' as currency
    """,
    ),
}

# Mean postage per day: the day's messages, each charged at it, add up to the day's postage.
COST_RATES = """
with

postage_rates as (
    select
        'messaging' as category, null::varchar as channel, 'message' as unit,
        sum(postage)::double / count(*) as amount, 'EUR' as currency,
        local_date as valid_from, local_date + 1 as valid_to,
    from log_event
    where activity = 'Send Fine'
    group by local_date
),

-- the log knows no other cost: 0 is a rate, no row would be a violation
free_rates (category, channel, unit, amount, currency, valid_from, valid_to) as (
    values
        ('agent', null, 'minute', 0.0, 'EUR', date '1999-01-01', null),
        ('platform', null, 'case', 0.0, 'EUR', date '1999-01-01', null)
)

select * from postage_rates
union all
select * from free_rates
order by category, valid_from
"""


class MappingError(Exception):
    """The log or OUT_DIR is not fit for use; the message says why."""


def quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def check_arguments(log: Path, out_dir: Path, overwrite: bool) -> None:
    if not log.is_file():
        raise MappingError(f"no such file: {log}")
    if log.suffix.lower() not in (".parquet", ".csv"):
        raise MappingError(f"expected a .parquet or .csv file: {log}")
    if out_dir.exists() and not out_dir.is_dir():
        raise MappingError(f"not a folder: {out_dir}")
    found = {entry.name for entry in out_dir.iterdir()} if out_dir.exists() else set()
    if found and not overwrite:
        raise MappingError(f"{out_dir} is not empty; give another folder or --overwrite")
    if found - {"events", "reference"}:
        raise MappingError(f"{out_dir} holds more than events/ and reference/; it is left as it is")


def load_log(con: duckdb.DuckDBPyConnection, log: Path) -> None:
    """Create the table log_event, or say what is wrong with the file."""
    options = ", header = true, all_varchar = true" if log.suffix.lower() == ".csv" else ""
    reader = "read_csv" if options else "read_parquet"
    try:
        con.execute(f"create view log_file as select * from {reader}({quoted(log)}{options})")
    except duckdb.Error as error:
        raise MappingError(f"cannot read {log} as {log.suffix[1:]}: {first_line(error)}") from error
    columns = {row[0] for row in con.execute("describe log_file").fetchall()}
    missing = [column for column in REQUIRED_COLUMNS if column not in columns]
    if missing:
        raise MappingError(f"{log} lacks the column(s): {', '.join(missing)}")
    con.execute(LOG_EVENT)

    mapped = " or ".join(f"({condition})" for condition, _ in EVENT_TABLES.values())
    rows, keyless, repeated, unknown = con.execute(f"""
        select
            count(*),
            count(*) filter (event_id is null or activity is null or occurred_at is null),
            count(event_id) - count(distinct event_id),
            string_agg(distinct activity, ', ') filter (not ({mapped}) and activity not in {UNMAPPED_ACTIVITIES}),
        from log_event
    """).fetchone()
    if not rows:
        raise MappingError(f"{log} has no rows")
    if keyless:
        raise MappingError(f"{keyless} rows lack a case, an event_seq, an activity or a time")
    if repeated:
        raise MappingError(f"{repeated} rows repeat the event_seq of another row of their case")
    if unknown:
        raise MappingError(f"activities this mapping does not know: {unknown}")


def write_tables(con: duckdb.DuckDBPyConnection, folder: Path) -> None:
    (folder / "events").mkdir()
    for table, (condition, columns) in EVENT_TABLES.items():
        query = f"select event_id, case_id, occurred_at, loaded_at, {columns} from log_event where {condition}"
        target = quoted(folder / "events" / f"{table}.parquet")
        copied = con.execute(f"copy ({query} order by event_id) to {target} (format parquet, compression zstd)")
        print(f"{table:<20}{copied.fetchone()[0]:>10,}")
    (folder / "reference").mkdir()
    for source in sorted(STATIC_REFERENCE.glob("*.csv")):
        shutil.copy(source, folder / "reference")
    con.execute(f"copy ({COST_RATES}) to {quoted(folder / 'reference' / 'cost_rates.csv')} (format csv, header)")


def report_open_ends(con: duckdb.DuckDBPyConnection) -> None:
    """Print what is in the log and not, or not fully, in the event tables."""
    not_mapped = f"select activity, count(*) from log_event where activity in {UNMAPPED_ACTIVITIES} group by activity"
    for activity, count in con.execute(f"{not_mapped} order by activity").fetchall():
        print(f"not mapped: {count:,} events {activity!r}")
    unlinked = "activity = 'Receive Result Appeal from Prefecture' and appeal_id is null"
    count = con.execute(f"select count(*) from log_event where {unlinked}").fetchone()[0]
    print(f"without exception_id: {count:,} touches (the result of an appeal that the log does not have before it)")


def put_in_place(staging: Path, out_dir: Path) -> None:
    """Swap the finished folder in by renames: OUT_DIR is the old one or the new one, never a mixture."""
    old = staging.with_suffix(".old")
    if out_dir.exists():
        out_dir.rename(old)
    try:
        staging.rename(out_dir)
    except OSError:
        if old.exists():
            old.rename(out_dir)
        raise
    shutil.rmtree(old, ignore_errors=True)


def first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]


def map_events(log: Path, out_dir: Path, overwrite: bool) -> None:
    check_arguments(log, out_dir, overwrite)
    out_dir.parent.mkdir(parents=True, exist_ok=True)
    staging = out_dir.parent / f".{out_dir.name}.{os.getpid()}.tmp"
    spill = staging / "spill"
    staging.mkdir()
    try:
        with duckdb.connect(config={"memory_limit": "1GB", "temp_directory": str(spill)}) as con:
            con.execute("set TimeZone = 'UTC'")  # a time without an offset is UTC
            load_log(con, log)
            write_tables(con, staging)
            report_open_ends(con)
        shutil.rmtree(spill, ignore_errors=True)
        put_in_place(staging, out_dir)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    print(f"written to {out_dir}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("log", metavar="LOG", type=Path, help="the event log as a table, .parquet or .csv")
    parser.add_argument("out_dir", metavar="OUT_DIR", type=Path, help="folder to create")
    parser.add_argument("--overwrite", action="store_true", help="replace an OUT_DIR of an earlier run")
    arguments = parser.parse_args()
    try:
        map_events(arguments.log, arguments.out_dir.resolve(), arguments.overwrite)
    except (MappingError, duckdb.Error, OSError) as error:
        print(f"map_events: {first_line(error)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
