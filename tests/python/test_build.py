"""What a user does first: the two commands, a second build, a build without a row, a file that older clients can read."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import duckdb
import pytest
from made_events import Events
from project import ROOT, SEEDS, WITHOUT_UNIT_TESTS, build, database, query


@pytest.mark.slow
def test_a_fresh_clone_builds_with_one_command(tmp_path: Path) -> None:
    """`make build` on what git tracks, with nothing but the locked build dependencies."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("not a git checkout: there is nothing to clone")
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("DBT_", "CLOSED_LOOP_"))}
    result = subprocess.run(["make", "build"], cwd=clone, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-4000:]
    said = result.stdout.splitlines()
    steps = " → ".join(rf"\d+ {step}" for step in ("seeds", "staging", "intermediate", "marts", "records", "tests"))
    assert len(said) < 20 and re.fullmatch(steps, said[-2]), said
    assert said[-1].startswith("Next: make scorecard")
    # What it leaves out: the unit tests, which test the models and not the data.
    units = [clone / ".venv/bin/dbt", "--log-level", "warn", "test", "--select", "test_type:unit"]
    result = subprocess.run(units, cwd=clone, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-4000:]
    with duckdb.connect(str(clone / "closed_loop.duckdb"), read_only=True) as connection:
        assert connection.sql("select count(*) > 0 from marts.rpt_kpi_weekly where value is not null").fetchall() == [
            (True,)
        ]
    assert stat.filemode((clone / "closed_loop.duckdb").stat().st_mode) == "-rw-------"
    status = subprocess.run(["git", "status", "--porcelain"], cwd=clone, capture_output=True, text=True, check=True)
    assert status.stdout == "", "a build leaves files behind that git does not ignore"


def test_a_build_is_done_when_everything_is_there(demo: Path) -> None:
    """The seal comes after each model that builds grow, and after all that it seals: one that it didn't wait for could fail, and never
    get what is new."""
    manifest = json.loads((demo / "target/manifest.json").read_text(encoding="utf-8"))
    nodes = {name: node for name, node in manifest["nodes"].items() if node["resource_type"] == "model"}

    def before(name: str) -> set[str]:
        needed: set[str] = set()
        found = {f"model.closed_loop.{name}"}
        while found:
            needed |= found
            parents = {parent for name in found for parent in nodes[name]["depends_on"]["nodes"]}
            found = parents & nodes.keys() - needed
        return needed

    grown = {
        name
        for name, node in nodes.items()
        if node["config"]["materialized"] == "incremental" and node["config"]["full_refresh"] is None
    }
    assert len(grown) > 10 and grown <= before("build_seal"), grown - before("build_seal")
    sealed = {name for name, node in nodes.items() if node["schema"] in ("marts", "history")}
    assert len(sealed) > 25 and sealed <= before("build_seal"), sealed - before("build_seal")


@pytest.mark.slow
def test_empty_tables_build(tmp_path: Path) -> None:
    events = Events().write(tmp_path / "events")
    own = {"events_path": events, "reference_path": SEEDS}
    build(tmp_path, {**own, "as_of": "2026-03-01 00:00:00"}, *WITHOUT_UNIT_TESTS)
    assert query(tmp_path, "select count(*) from marts.rpt_kpi_weekly where value is not null") == [(0,)]
    assert query(tmp_path, "select count(*), sum(raw_rows) from marts.rpt_row_reconciliation") == [(11, 0)]
    # Without as_of there is no moment to compute for, which is no error either.
    build(tmp_path, own, *WITHOUT_UNIT_TESTS)


def test_duckdb_1_clients_can_read_the_file(demo: Path) -> None:
    with duckdb.connect(str(database(demo)), read_only=True) as connection:
        [(tags,)] = connection.sql(
            "select tags from duckdb_databases() where not internal and path is not null"
        ).fetchall()
    assert tags["storage_version"].startswith("v1.4"), tags
