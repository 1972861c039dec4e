"""Order, repetition and surroundings do not matter: the public tables are the same, row by row and bit by bit.

One hostile input is built once as it is; every other build changes how it arrives (order, parts, loads, repetition) or what
is round it (session time zone, threads, hash seed, an earlier build in the same database). Loads one after the other: test_increments.py.
"""

from __future__ import annotations

import datetime as dt
import json
import random
import shutil
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import hostile
import pytest
import yaml
from project import ROOT, WITHOUT_TESTS, build, database, dbt, public_tables, query, unlike_tables

# Reports in Kolkata; every quarantine reason; alike weeks before, so that baselines and alerts speak; rows in every public table.
SEED, CASES = 320, 40
# A second delivery lands this much later, where nothing else follows from that.
LATER = dt.timedelta(hours=1)
ORPHANS = ("orphan_case", "orphan_reference")
# Neither UTC nor where the input reports, and half an hour off the full hour.
SESSION_TIME_ZONE = "Pacific/Marquesas"

Rows = list[dict[str, Any]]


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


def assert_same(got: Path, expected: Path, *besides: str) -> None:
    """The public tables of two folders are the same, floats to the last bit. besides: tables that are not compared."""
    found = unlike_tables(got, expected, besides)
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
    assert_same(tmp_path, once, "rpt_row_reconciliation", "rpt_quarantined_event")

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
            written = connection.sql(f"from '{file}'")
            zoned = [name for name, kind in zip(written.columns, written.types, strict=True) if kind == "TIMESTAMP"]
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
