"""Write raw events of the contract's tables, in any number.

    python -m scripts.generate_events --cases 1000000 --weeks 26 --out DIR

The journeys of scripts/journeys.py are simulated once, as a library, over 22 weeks with their outages, faults, retries, late and bad
rows. Cases are copies of them with ids of their own, minutes apart and with other amounts; after 22 weeks the story begins again. The
copying is done in SQL, in a stream, so that memory stays bounded. The same seed gives the same bytes. `--long-ids` makes all ids as long as
UUIDs: the same rows in the same order, each id as a UUID made of its MD5. `--demo` writes the demo seeds: the library itself, as CSV.
"""

from __future__ import annotations

import argparse
import csv
import shutil
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import yaml

from scripts.journeys import COMMON, FIRST_MONDAY, SEED, TABLES, WEEKS, Row, make_events

ROOT = Path(__file__).resolve().parents[1]
SEEDS = ROOT / "seeds/events"
IDS = {"event_id", "case_id", "customer_ref", "message_id", "idempotency_key", "ack_id", "exception_id", "payment_id"}
# The library is up to so many times the demo, 18,000 journeys; fewer where few cases are asked for.
GREATEST_SCALE, CASES_PER_SCALE = 5, 20_000
LATE_PER_1000, LATE_DAYS = 3, 30
JITTER_SECONDS = 1800
MEMORY = "2GB"


def columns_of(table: str) -> list[str]:
    """The columns of an event table, in the contract's order."""
    return f"{COMMON} {TABLES[table][1]}".split()


def column_types(table: str) -> dict[str, str]:
    """Column -> SQL type, as the seeds have them."""
    properties = yaml.safe_load((SEEDS / "_events__seeds.yml").read_text(encoding="utf-8"))
    (seed,) = (seed for seed in properties["seeds"] if seed["name"] == table)
    return seed["config"]["column_types"]


def write_csv(path: Path, columns: list[str], rows: list[Row]) -> None:
    """One CSV, by `loaded_at` (rows without one last), then by `event_id`; the csv module leaves None empty."""
    rows.sort(key=lambda row: (row["loaded_at"] or datetime.max, row["event_id"] or ""))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([str(v).lower() if isinstance(v, bool) else v for v in map(row.get, columns)] for row in rows)


def write_demo(folder: Path) -> None:
    """Write the demo seeds as <table>.csv."""
    folder.mkdir(parents=True, exist_ok=True)
    for table, rows in make_events().items():
        write_csv(folder / f"{table}.csv", columns_of(table), rows)
        print(f"{table}: {len(rows):,} rows")


def load_library(connection: duckdb.DuckDBPyConnection, seed: int, cases: int, folder: Path) -> None:
    """Simulate the library, whose events are never cut off, and load each table of it as library.<table>; see choose_cases()."""
    never = datetime(9000, 1, 1)
    scale = max(1, min(GREATEST_SCALE, cases // CASES_PER_SCALE))
    connection.execute("create schema library")
    for table, rows in make_events(seed, scale, never, never, WEEKS).items():
        file = folder / f"{table}.csv"
        write_csv(file, columns_of(table), rows)
        connection.execute(
            f"create table library.{table} as select * from read_csv("
            f"'{file}', header = true, delim = ',', quote = '\"', columns = {column_types(table)})"
        )
        file.unlink()


def end_of(weeks: int) -> datetime:
    """When the events of so many weeks end, and are loaded for the last time: the Monday morning after them."""
    return FIRST_MONDAY + timedelta(weeks=weeks, hours=9)


def choose_cases(connection: duckdb.DuckDBPyConnection, cases: int, weeks: int) -> None:
    """How often each journey of the library is copied in each round of its weeks: table `chosen`, `cases` copies in all, evenly spread."""
    connection.execute(
        f"""
        create table chosen as
        with journeys as (
            select case_id, min(occurred_at) as triggered_at, row_number() over (order by case_id) as number
            from library.case_triggers
            where case_id is not null and occurred_at >= timestamp '{FIRST_MONDAY}'
            group by case_id
        ),
        numbered as (
            select
                case_id,
                number,
                round,
                row_number() over (order by round, number) as place,
                count(*) over () as places
            from journeys, range({weeks // WEEKS + 1}) as rounds (round)
            where triggered_at + to_days(cast(7 * {WEEKS} * round as integer)) < timestamp '{end_of(weeks)}' - to_seconds({JITTER_SECONDS})
        )
        select
            case_id,
            round,
            number,
            cast({cases}::hugeint * place // places - {cases}::hugeint * (place - 1) // places as bigint) as copies
        from numbered
        """
    )


def long_id(short_id: str) -> str:
    """SQL for the long id of a short one; both are SQL."""
    return f"cast(cast(md5({short_id}) as uuid) as varchar)"


def copy_table(
    connection: duckdb.DuckDBPyConnection, table: str, folder: Path, seed: int, weeks: int, daily: bool, long_ids: bool
) -> int:
    """Write one table as <table>.parquet, or by day of loading below <table>/; returns its number of rows."""
    ends_at = end_of(weeks)
    last_load = ends_at
    items = []
    for column in columns_of(table):
        if column in IDS:
            short_id = f"{column} || suffix"
            items.append(f"{long_id(short_id) if long_ids else short_id} as {column}")
        elif column == "loaded_at":
            # least() would make a missing time the last one.
            loaded_at = f"least(loaded_at + shift + to_seconds(lateness), timestamp '{last_load}')"
            items.append(f"case when loaded_at is not null then {loaded_at} end as loaded_at")
        elif column.endswith("_at"):
            items.append(f"{column} + shift as {column}")
        elif column in ("amount", "amount_due"):
            # Between half and twice the amount of the library, the same factor for all of a case.
            items.append(f"cast({column} * (50 + (draw // 7) % 151) / 100 as decimal(18, 2)) as {column}")
        else:
            items.append(column)
    query = f"""
        with rows_of_library as (
            select
                library_rows.*,
                chosen.round,
                chosen.number,
                chosen.copies,
                row_number() over (
                    order by
                        chosen.round,
                        library_rows.loaded_at nulls last,
                        library_rows.event_id,
                        library_rows.occurred_at,
                        library_rows.case_id
                ) as place
            from library.{table} as library_rows
            -- Rows that name no case of the library (orphans, missing keys) come once per round and copy of the first journey copied.
            left join chosen as own on library_rows.case_id = own.case_id and own.round = 0
            inner join chosen on chosen.case_id = coalesce(own.case_id, (select min(case_id) from chosen where round = 0 and copies > 0))
        ),
        copied as (
            select *, unnest(range(copies)) as copy
            from (select * from rows_of_library order by place)
        ),
        drawn as (
            select *, (number * 7919 + copy * 104729 + round * 1299709 + {seed} * 15485863) % 2147483647 as draw
            from copied
        ),
        shifted as (
            select
                *,
                '-' || round || '-' || copy as suffix,
                to_days(cast({7 * WEEKS} * round as integer)) + to_seconds(draw % {JITTER_SECONDS}) as shift,
                case
                    when (draw * 48271 + place * 69621) % 1000 < {LATE_PER_1000} then (draw * 16807 + place) % {LATE_DAYS * 86400}
                    else 0
                end as lateness
            from drawn
        )
        select {", ".join(items)}
        from shifted
        where occurred_at is null or occurred_at + shift < timestamp '{ends_at}' or occurred_at > loaded_at
    """
    if daily:
        target, options = folder / table, "format parquet, partition_by (loaded_on)"
        query = f"select *, cast(loaded_at as date) as loaded_on from ({query})"
    else:
        target, options = folder / f"{table}.parquet", "format parquet"
    [(rows,)] = connection.execute(f"copy ({query}) to '{target}' ({options})").fetchall()
    return rows


def generate(cases: int, weeks: int, out: Path, seed: int = SEED, daily: bool = False, long_ids: bool = False) -> int:
    """Write the tables into a folder that holds none of them yet; returns the number of rows. Nothing half-written stays behind."""
    held = [str(path) for table in TABLES for path in (out / table, out / f"{table}.parquet") if path.exists()]
    if held:
        raise SystemExit(f"{held[0]} is there already. Name an empty folder, or remove the tables in it.")
    out.mkdir(parents=True, exist_ok=True)
    total = 0
    with tempfile.TemporaryDirectory(prefix=".generating_", dir=out) as name, duckdb.connect() as connection:
        connection.execute(
            f"set memory_limit = '{MEMORY}'; set temp_directory = '{name}/spill'; "
            f"set enable_progress_bar = {str(sys.stderr.isatty()).lower()}"
        )
        load_library(connection, seed, cases, Path(name))
        choose_cases(connection, cases, weeks)
        for table in TABLES:
            started = time.monotonic()
            rows = copy_table(connection, table, Path(name), seed, weeks, daily, long_ids)
            print(f"{table}: {rows:,} rows, {time.monotonic() - started:.0f} s", flush=True)
            total += rows
        for path in sorted(Path(name).iterdir()):
            if path.name != "spill":
                shutil.move(path, out / path.name)
    return total


def main() -> None:
    """Parse the command line and write the files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, metavar="N", help="number of cases")
    parser.add_argument(
        "--weeks",
        type=int,
        default=26,
        metavar="W",
        help="weeks of triggers, from 2026-01-05 (default: 26)",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder for the <table>.parquet")
    parser.add_argument("--seed", type=int, default=SEED, help=f"another seed gives other journeys (default: {SEED})")
    parser.add_argument(
        "--daily", action="store_true", help="a file per table and day of loading: <table>/loaded_on=<day>/"
    )
    parser.add_argument("--long-ids", action="store_true", help="ids as long as UUIDs")
    parser.add_argument(
        "--demo", action="store_true", help="write the demo seeds instead, as CSV into seeds/events or --out"
    )
    arguments = parser.parse_args()
    if arguments.demo:
        write_demo(arguments.out or SEEDS)
        return
    if not arguments.cases or not arguments.out or arguments.cases < 1 or arguments.weeks < 1:
        parser.error("--cases, --weeks (1 or more) and --out are needed")
    rows = generate(
        arguments.cases, arguments.weeks, arguments.out, arguments.seed, arguments.daily, arguments.long_ids
    )
    print(f"{arguments.cases:,} cases, {rows:,} rows in {arguments.out}")


if __name__ == "__main__":
    main()
