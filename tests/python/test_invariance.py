"""Order, repetition and surroundings do not matter: the public tables are the same, row by row and bit by bit.

One hostile input is built once as it is; every other build changes how it arrives (order, parts, loads, repetition) or what
is round it (session time zone, threads, hash seed, an earlier build in the same database).
"""

from __future__ import annotations

import datetime as dt
import json
import random
import shutil
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import hostile
import pytest
import yaml
from project import ROOT, WITHOUT_TESTS, build, database, dbt, public_tables, query

# Reports in Kolkata; every quarantine reason; alike weeks before, so that baselines and alerts speak; rows in every public table.
SEED, CASES = 69, 40
# Where the input is cut into three loads; the last is the as_of of every other build.
CUTS = [dt.datetime(2026, 3, 5, 11), dt.datetime(2026, 3, 9, 23)]
# A second delivery lands this much later, where nothing else follows from that.
LATER = dt.timedelta(hours=1)
ORPHANS = ("orphan_case", "orphan_reference")
# Neither UTC nor where the input reports, and half an hour off the full hour.
SESSION_TIME_ZONE = "Pacific/Marquesas"

Rows = list[dict[str, Any]]
Cell = tuple[str, dt.date, str]


class Input(NamedTuple):
    """What a build reads."""

    events: dict[str, Rows]
    reference: Path
    variables: dict[str, Any]
    as_of: dt.datetime


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Input:
    """The hostile input, its reference tables written."""
    events, reference, variables = hostile.hostile_events(SEED, cases=CASES)
    assert variables["reporting_timezone"] != "UTC" and all(events.values())
    folder = tmp_path_factory.mktemp("reference")
    hostile.write_reference_csv(reference, str(folder))
    return Input(events, folder, variables, variables["as_of"])


@pytest.fixture(scope="module")
def once(given: Input, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the build that the others are compared with: one file per table, one load, each row once."""
    folder = tmp_path_factory.mktemp("once")
    hostile.write_parquet(given.events, str(folder / "events"))
    build_marts(given, folder)
    tables = public_tables(folder)
    # Nothing was published before, so nothing is restated.
    assert {table for table, rows in tables.items() if not rows} == {"rpt_kpi_restatement"}
    return folder


def build_marts(
    given: Input, folder: Path, *arguments: str, environment: dict[str, str] | None = None, **more: Any
) -> None:
    """Build the events of a folder, without tests. more: further dbt vars."""
    paths = {"events_path": folder / "events", "reference_path": given.reference}
    build(folder, {**given.variables, **paths, **more}, *arguments, *WITHOUT_TESTS, environment=environment)


def write_part(events: dict[str, Rows], folder: Path, part: str) -> None:
    """Write the event tables as one part each: <table>/<part>.parquet. part: its name, which may have a folder."""
    hostile.write_parquet(events, str(folder / "written"))
    for table in events:
        target = folder / "events" / table / f"{part}.parquet"
        target.parent.mkdir(parents=True, exist_ok=True)
        (folder / "written" / f"{table}.parquet").rename(target)


def assert_same(got: Path, expected: Path, besides: Iterable[str] = ()) -> None:
    """The public tables of two folders are the same, floats to the last bit. besides: tables that are not compared."""
    got_tables, expected_tables = public_tables(got), public_tables(expected)
    assert got_tables.keys() == expected_tables.keys()
    found = []
    for table in sorted(expected_tables.keys() - set(besides)):
        # repr() tells 0.0 from -0.0 and each double from the next.
        rows, others = (Counter(map(repr, tables[table])) for tables in (got_tables, expected_tables))
        if rows != others:
            found.append(f"{table}: got {sum(rows.values())} rows, expected {sum(others.values())}")
            found += [f"  got      {row[:400]}" for row in list(rows - others)[:3]]
            found += [f"  expected {row[:400]}" for row in list(others - rows)[:3]]
    assert not found, "\n".join(found)


# How the rows arrive -------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_shuffled_rows_in_several_parts(given: Input, once: Path, tmp_path: Path) -> None:
    """Three parts in nested folders; the last row may come first."""
    shuffled = random.Random(SEED)
    parts: list[dict[str, Rows]] = [{table: [] for table in given.events} for _ in range(3)]
    for table, rows in given.events.items():
        for row in shuffled.sample(rows, len(rows)):
            shuffled.choice(parts)[table].append(row)
    for part, name in zip(parts, ["b", "a/z", "a/c/1"], strict=True):
        write_part(part, tmp_path, name)
    build_marts(given, tmp_path, environment={"PYTHONHASHSEED": "1"})
    assert_same(tmp_path, once)


def redelivered(row: dict[str, Any], given: Input) -> dict[str, Any]:
    """A row as it is delivered again: later, where it is visible and its reason does not hang on when it was loaded."""
    loaded_at = row["loaded_at"]
    if loaded_at is None or loaded_at > given.as_of:
        return row
    skew = dt.timedelta(minutes=given.variables.get("clock_skew_minutes", 5))
    if any(moment and moment > loaded_at + skew for moment in (row["occurred_at"], row.get("ended_at"))):
        return row
    return {**row, "loaded_at": min(loaded_at + LATER, given.as_of)}


def quarantined(folder: Path) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    """rpt_quarantined_event: its columns but for `loaded_at` and `row_json`, and the raw row with its moments."""
    rows = query(
        folder,
        "select source_table, reason, event_id, case_id, occurred_at, loaded_at, row_json from marts.rpt_quarantined_event",
    )
    found = []
    for *columns, loaded_at, row_json in rows:
        raw = json.loads(row_json)
        for name in {"occurred_at", "loaded_at", "ended_at"} & raw.keys():
            raw[name] = raw[name] and dt.datetime.fromisoformat(raw[name])
        assert raw["loaded_at"] == loaded_at
        found.append((tuple(columns), raw))
    return found


@pytest.mark.slow
def test_every_row_delivered_twice(given: Input, once: Path, tmp_path: Path) -> None:
    """Of two deliveries one is kept, so only the two reports on deliveries know.

    A row that breaks a rule on its own is quarantined once more. Of the others each further delivery is a duplicate, also of an
    orphan: twice the old duplicates, and one per accepted row and orphan.
    """
    doubled = {
        table: [delivery for row in rows for delivery in (redelivered(row, given), row)]
        for table, rows in given.events.items()
    }
    hostile.write_parquet(doubled, str(tmp_path / "events"))
    build_marts(given, tmp_path)
    assert_same(tmp_path, once, besides=["rpt_row_reconciliation", "rpt_quarantined_event"])

    listed = quarantined(once)
    expected = list(listed)
    own: Counter[str] = Counter()
    orphans: Counter[str] = Counter()
    for columns, raw in listed:
        if columns[1] in ORPHANS:
            orphans[columns[0]] += 1
        else:
            own[columns[0]] += 1
            expected.append((columns, redelivered(raw, given)))
    assert sorted(map(repr, quarantined(tmp_path))) == sorted(map(repr, expected))

    counts = "select source_table, raw_rows, accepted_rows, duplicate_rows, quarantined_rows from marts.rpt_row_reconciliation"
    before = query(once, counts)
    assert sorted(query(tmp_path, counts)) == sorted(
        (table, 2 * raw, accepted, 2 * duplicate + accepted + orphans[table], bad + own[table])
        for table, raw, accepted, duplicate, bad in before
    )
    # All of it was met: repeats before, orphans, and bad rows that were not loaded again at the same moment.
    assert sum(row[3] for row in before) > 0 and orphans.total() > 0
    assert any(redelivered(raw, given) != raw for columns, raw in listed if columns[1] not in ORPHANS)
    assert any(redelivered(raw, given) == raw for columns, raw in listed if columns[1] == "from_the_future")


# Three loads ---------------------------------------------------------------------------------------------------------


def published_cells(folder: Path) -> dict[Cell, tuple[float | None, bool]]:
    """The cells that can be published: (KPI, week, workflow) -> (value, is_provisional)."""
    cells = query(
        folder,
        "select kpi_id, week_start, workflow, value, is_provisional from marts.rpt_kpi_weekly where cohort_dimension = 'all'",
    )
    return {cell[:3]: cell[3:] for cell in cells}


def differ(one: float | None, other: float | None) -> bool:
    """By more than 1e-9, or one of them is there and the other isn't."""
    if one is None or other is None:
        return one is not other
    return abs(one - other) > 1e-9


@pytest.mark.slow
def test_three_loads(given: Input, once: Path, tmp_path: Path) -> None:
    """Each load adds a part and is built; the end is that of one load, but for what was published on the way."""
    moments = [*CUTS, given.as_of]
    unseen = {table: list(rows) for table, rows in given.events.items()}
    published: dict[Cell, tuple[float | None, dt.datetime]] = {}
    # The later the load, the earlier the name: the order of the files is not that of the loads.
    for moment, name in zip(moments, "cba", strict=True):
        load = {
            table: [row for row in rows if row["loaded_at"] is None or row["loaded_at"] <= moment]
            for table, rows in unseen.items()
        }
        unseen = {table: [row for row in rows if row not in load[table]] for table, rows in unseen.items()}
        assert any(load.values())
        write_part(load, tmp_path, name)
        build_marts(given, tmp_path, as_of=moment)
        cells = published_cells(tmp_path)
        final = {cell: value for cell, (value, is_provisional) in cells.items() if not is_provisional}
        assert final.keys() - published.keys(), f"nothing became final by {moment}"
        published |= {cell: (value, moment) for cell, value in final.items() if cell not in published}
        if moment == moments[0]:
            shutil.copy(database(tmp_path), tmp_path / "after_first_load.duckdb")
    assert_same(tmp_path, once, besides=["rpt_kpi_restatement"])

    kept = query(
        tmp_path,
        "select kpi_id, week_start, workflow, published_value, published_as_of from history.kpi_first_published",
    )
    assert {row[:3]: row[3:] for row in kept} == published
    restated = {
        (*cell, value, moment, cells[cell][0], given.as_of)
        for cell, (value, moment) in published.items()
        if cell in cells and differ(value, cells[cell][0])
    }
    assert {row[4] for row in restated} == set(CUTS), "late rows have to change figures of both earlier builds"
    columns = "kpi_id, week_start, workflow, published_value, published_as_of, restated_value, restated_as_of"
    got = query(tmp_path, f"select {columns} from marts.rpt_kpi_restatement")
    assert sorted(map(repr, got)) == sorted(map(repr, restated))

    # What lands later does not exist: all rows, as of the first load, are the first load.
    past = tmp_path / "past"
    shutil.copytree(once / "events", past / "events")
    build_marts(given, past, as_of=moments[0])
    first = tmp_path / "first"
    first.mkdir()
    (tmp_path / "after_first_load.duckdb").rename(database(first))
    assert_same(past, first)


# What is round it ----------------------------------------------------------------------------------------------------


def profile_with(folder: Path, **settings: Any) -> dict[str, str]:
    """A copy of the project's profile with further DuckDB settings; the environment that uses it."""
    profiles = yaml.safe_load((ROOT / "profiles.yml").read_text())
    profiles["closed_loop"]["outputs"]["duckdb"]["settings"] = settings
    (folder / "profiles.yml").write_text(yaml.safe_dump(profiles))
    return {"DBT_PROFILES_DIR": str(folder)}


@pytest.mark.slow
def test_another_session_time_zone_and_8_threads(given: Input, once: Path, tmp_path: Path) -> None:
    """A process, a session and columns with a time zone; as many threads as the database and dbt can use."""
    shutil.copytree(once / "events", tmp_path / "written")
    (tmp_path / "events").mkdir()
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        for file in (tmp_path / "written").iterdir():
            zoned = ["occurred_at", "loaded_at"] + (["ended_at"] if file.stem == "agent_touches" else [])
            columns = ", ".join(f"cast({name} as timestamptz) as {name}" for name in zoned)
            connection.execute(
                f"copy (select * replace ({columns}) from '{file}') to '{tmp_path}/events/{file.name}' (format parquet)"
            )
    session = profile_with(tmp_path, TimeZone=SESSION_TIME_ZONE, threads=8, preserve_insertion_order=False)
    shown = dbt(
        *("--quiet", "show", "--output", "json", "--inline"),
        "select current_setting('TimeZone') as zone, current_setting('threads') as threads",
        folder=tmp_path,
        environment=session,
    )
    assert json.loads(shown.stdout)["show"] == [{"zone": SESSION_TIME_ZONE, "threads": 8}], shown.stdout
    build_marts(given, tmp_path, "--threads", "8", environment={**session, "TZ": SESSION_TIME_ZONE})
    assert_same(tmp_path, once)


@pytest.mark.slow
def test_the_same_again_with_1_thread(given: Input, once: Path, tmp_path: Path) -> None:
    """Into the database of the first build, which publishes nothing a second time."""
    kept = "select * from history.kpi_first_published order by all"
    shutil.copytree(once / "events", tmp_path / "events")
    shutil.copy(database(once), database(tmp_path))
    session = profile_with(tmp_path, threads=1)
    build_marts(given, tmp_path, "--threads", "1", environment={**session, "PYTHONHASHSEED": "2"})
    assert_same(tmp_path, once)
    assert query(tmp_path, kept) == query(once, kept) != []
