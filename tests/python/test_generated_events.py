"""Generated events: the demo seeds come from the generator, the same seed gives the same bytes, and the sums are those asked for."""

from __future__ import annotations

import hashlib
from pathlib import Path

import duckdb
import pytest
from project import ROOT

from scripts.generate_events import TABLES, columns_of, generate, write_demo


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def count(folder: Path, sql: str) -> tuple[object, ...]:
    """The one row of a query, in which {table} stands for a table's files."""
    files = {table: f"read_parquet('{folder}/{table}*/**/*.parquet', hive_partitioning = false)" for table in TABLES}
    if (folder / "payments.parquet").exists():
        files = {table: f"'{folder}/{table}.parquet'" for table in TABLES}
    return duckdb.sql(sql.format(**files)).fetchall()[0]


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generated") / "events"
    generate(3000, 26, folder)
    return folder


def test_the_demo_seeds_come_from_it(tmp_path: Path) -> None:
    write_demo(tmp_path)
    written = digests(tmp_path)
    assert sorted(written) == sorted(f"{table}.csv" for table in TABLES)
    assert written == {
        name: hashlib.sha256((ROOT / "seeds/events" / name).read_bytes()).hexdigest() for name in written
    }


@pytest.mark.slow
def test_same_seed_same_bytes(generated: Path, tmp_path: Path) -> None:
    generate(3000, 26, tmp_path / "again")
    assert digests(tmp_path / "again") == digests(generated)
    generate(3000, 26, tmp_path / "other", seed=7)
    assert not digests(tmp_path / "other").items() & digests(generated).items()


def test_as_many_cases_and_weeks_as_asked_for(generated: Path) -> None:
    # Orphans name cases that have no trigger; bad triggers are no cases.
    cases, first, last = count(
        generated,
        """
        select count(distinct case_id), min(occurred_at), max(occurred_at) from {case_triggers}
        where workflow in ('failed_payment', 'card_update', 'payment_plan', 'kyc_refresh', 'address_update')
        """,
    )
    assert cases == 3000
    # 26 weeks from Monday 2026-01-05 end with Sunday 2026-07-05, and the events with the morning after it.
    assert (str(first)[:10], str(last)[:10] >= "2026-06-29") == ("2026-01-05", True)
    (latest,) = count(generated, "select max(occurred_at) from {payments} where occurred_at <= loaded_at")
    assert str(latest) < "2026-07-06 09:00"


def test_every_flaw_of_the_story_is_there(generated: Path) -> None:
    (late,) = count(generated, "select count(*) from {message_events} where loaded_at > occurred_at + interval 8 days")
    (repeated,) = count(
        generated, "select count(*) - count(distinct event_id) from {payments} where event_id is not null"
    )
    (orphans,) = count(
        generated,
        "select count(*) from {payments} where case_id not in (select case_id from {case_triggers} where case_id is not null)",
    )
    (retried,) = count(generated, "select count(*) from {writeback_attempts} where attempt_number > 1")
    assert all(number > 0 for number in (late, repeated, orphans, retried)), (late, repeated, orphans, retried)
    (longest,) = count(
        generated, "select max(loaded_at - occurred_at) from {message_events} where occurred_at > '2026-01-01'"
    )
    assert longest.days <= 35, longest  # type: ignore[attr-defined]


def test_columns_are_the_contracts(generated: Path) -> None:
    for table in TABLES:
        described = duckdb.sql(f"describe select * from '{generated}/{table}.parquet'").fetchall()
        assert [column[0] for column in described] == columns_of(table)


@pytest.mark.slow
def test_daily_files_hold_the_same_rows(generated: Path, tmp_path: Path) -> None:
    generate(3000, 26, tmp_path / "daily", daily=True)
    assert len(list((tmp_path / "daily/case_triggers").iterdir())) > 150
    for table in TABLES:
        names = ", ".join(columns_of(table))
        daily = f"select {names} from read_parquet('{tmp_path}/daily/{table}/**/*.parquet', hive_partitioning = false)"
        single = f"select {names} from '{generated}/{table}.parquet'"
        difference = duckdb.sql(
            f"(({daily}) except all ({single})) union all (({single}) except all ({daily}))"
        ).fetchall()
        assert difference == []


def test_it_does_not_write_over_tables(generated: Path) -> None:
    before = digests(generated)
    with pytest.raises(SystemExit, match="is there already"):
        generate(10, 1, generated)
    assert digests(generated) == before
