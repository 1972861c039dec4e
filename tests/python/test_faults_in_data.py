"""Faults in what a build reads: a corrupted database, input that vanishes or is cut off, too little memory, tables changed by
hand. Each ends in a clear message and, once its cause is gone, in the right tables. Pages for people: docs/troubleshooting.md."""

from __future__ import annotations

import re
import shutil
import signal
from pathlib import Path

import duckdb
import pytest
import yaml
from faults import SECOND, Stage, Stages
from project import ROOT, SEEDS, WITHOUT_TESTS, build, database, dbt, query

from scripts.generate_events import generate

PAGE = ROOT / "docs/troubleshooting.md"
BLOCK_BYTES, HEADER_BYTES = 262144, 3 * 4096


def overwrite(file: Path, start: int, text: bytes) -> None:
    """Write bytes over those at a place of a file."""
    with file.open("r+b") as opened:
        opened.seek(start)
        opened.write(text)


def place_of_published_figures(file: Path) -> int:
    """Where in a DuckDB file the published values are."""
    with duckdb.connect(str(file), read_only=True) as connection:
        [(block, offset)] = connection.sql(
            "select block_id, block_offset from pragma_storage_info('history.kpi_first_published') "
            "where column_name = 'published_value' and segment_type = 'DOUBLE'"
        ).fetchall()
    return HEADER_BYTES + block * BLOCK_BYTES + offset


def test_a_database_that_is_cut_off_or_none(built_stage: Stage, tmp_path: Path) -> None:
    stage = built_stage.copy(tmp_path)
    file = database(tmp_path)
    with file.open("r+b") as opened:
        opened.truncate(file.stat().st_size // 2)
    stage.fails(SECOND, f'Could not read enough bytes from file "{file}"')
    overwrite(file, 0, b"not a database " * 10)
    stage.fails(SECOND, f'The file "{file}" exists, but it is not a valid DuckDB database file')


def sql_below(heading: str) -> str:
    """The SQL of a section of the page."""
    section = PAGE.read_text(encoding="utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    return "\n".join(re.findall(r"```sql\n(.*?)```", section, re.DOTALL))


@pytest.mark.slow
def test_corrupted_figures_come_back_from_a_copy(
    stages: Stages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unreadable published figures are reported and left alone; the two commands of the page bring them back in a new file."""
    stage = stages.fresh(tmp_path)
    file = database(tmp_path)
    monkeypatch.chdir(tmp_path)
    with duckdb.connect(str(file), read_only=True) as connection:
        connection.execute(sql_below("Keep a copy of the published figures"))
    overwrite(file, place_of_published_figures(file), b"\x5a" * 32)
    output = stage.fails(SECOND, "Failure in model kpi_first_published", "Corrupt database file")
    assert "SKIP relation marts.rpt_kpi_restatement" in output
    file.rename(file.with_suffix(".broken"))
    with duckdb.connect(str(file)) as connection:
        connection.execute(sql_below("Bring them back"))
    assert stage.published() == stages.before["history.kpi_first_published"]
    stages.ends_well(stage)


@pytest.mark.slow
def test_a_file_that_vanishes_during_the_build(stages: Stages, tmp_path: Path) -> None:
    """It was there when the input was checked: then it is not an empty table."""
    inputs = tmp_path / "inputs"
    shutil.copytree(stages.first.inputs, inputs)
    stage = Stage(stages.fresh(tmp_path).folder, inputs)
    # The second hook is check_inputs().
    process = stage.stopped_at(SECOND, "OK hook: closed_loop.on-run-start.1")
    shutil.move(inputs / "events/case_triggers.csv", tmp_path)
    process.send_signal(signal.SIGCONT)
    output, _ = process.communicate()
    shutil.move(tmp_path / "case_triggers.csv", inputs / "events")
    assert process.returncode != 0, "a file that vanished was counted as empty"
    assert "case_triggers" in output
    assert stage.published() == stages.before["history.kpi_first_published"]
    stages.ends_well(stage)


def test_a_parquet_file_that_is_cut_off(built_stage: Stage, tmp_path: Path) -> None:
    inputs = tmp_path / "inputs"
    shutil.copytree(built_stage.inputs, inputs, ignore=shutil.ignore_patterns("target", "logs"))
    stage = Stage(built_stage.copy(tmp_path / "stage").folder, inputs)
    before = stage.tables()
    whole = inputs / "events/payments.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"copy (from '{inputs}/events/payments.csv') to '{whole}'")
    (inputs / "events/payments.csv").unlink()
    whole.write_bytes(whole.read_bytes()[:-100])
    stage.fails(SECOND, "events/payments.parquet")
    assert stage.tables() == before


@pytest.mark.slow
def test_tables_changed_by_hand(stages: Stages, tmp_path: Path) -> None:
    """A mart is dropped, another replaced by a view; a view of others' making stays and shows the new figures."""
    stage = stages.fresh(tmp_path)
    with duckdb.connect(str(database(tmp_path))) as connection:
        connection.execute(
            "drop table marts.rpt_alert; drop table marts.rpt_cost_weekly; create view marts.rpt_cost_weekly as select 1 as one; "
            "drop view marts.fct_message; create table marts.fct_message as select 1 as one; create schema bi; "
            "create view bi.weekly as select * from marts.rpt_kpi_weekly"
        )
    stages.ends_well(stage)
    with duckdb.connect(str(database(tmp_path)), read_only=True) as connection:
        shown = connection.sql("from bi.weekly").fetchall()
    assert sorted(shown, key=repr) == stages.after["marts.rpt_kpi_weekly"]


def profiles_with(folder: Path, **settings: str) -> Path:
    """A folder with the project's profile and further settings of DuckDB: two threads on any machine, for each takes memory."""
    profiles = yaml.safe_load((ROOT / "profiles.yml").read_text(encoding="utf-8"))
    profiles["closed_loop"]["outputs"]["duckdb"]["settings"] = {"threads": 2, **settings}
    folder.mkdir()
    (folder / "profiles.yml").write_text(yaml.safe_dump(profiles), encoding="utf-8")
    return folder


@pytest.mark.slow
def test_memory_limit_reached(stages: Stages, tmp_path: Path) -> None:
    stage = stages.fresh(tmp_path)
    stage.fails(SECOND, "Out of Memory Error", profiles=profiles_with(tmp_path / "tiny", memory_limit="24MB"))
    assert stage.published() == stages.before["history.kpi_first_published"]
    stage.build(SECOND, profiles=profiles_with(tmp_path / "enough", memory_limit="512MB"))
    assert stage.tables() == stages.after


@pytest.mark.slow
def test_beyond_the_memory_limit_it_goes_on_on_disk(tmp_path: Path) -> None:
    """The largest table of cases' rows, and 64 MB: it fails without room on disk, and with it gives the same rows."""
    events = {"events_path": tmp_path / "events", "reference_path": SEEDS}
    generate(40_000, 20, tmp_path / "events")
    build(tmp_path, events, "--select", "+int_message__assembled", *WITHOUT_TESTS)
    rows = "select count(*), sum(hash(messages)) from intermediate.int_message__assembled as messages"
    unlimited = query(tmp_path, rows)
    assert unlimited[0][0] > 60_000
    again = ["--select", "int_message__assembled", "--full-refresh", *WITHOUT_TESTS]
    limits = {"memory_limit": "64MB", "max_temp_directory_size": "0KB"}
    profiles = {"DBT_PROFILES_DIR": str(profiles_with(tmp_path / "no_disk", **limits))}
    result = dbt("build", *again, folder=tmp_path, variables=events, environment=profiles)
    assert result.returncode != 0 and "Out of Memory Error: failed to offload" in result.stdout, result.stdout[-3000:]
    assert query(tmp_path, rows) == unlimited
    limits |= {"max_temp_directory_size": "10GB"}
    profiles = {"DBT_PROFILES_DIR": str(profiles_with(tmp_path / "disk", **limits))}
    build(tmp_path, events, *again, environment=profiles)
    assert query(tmp_path, rows) == unlimited
