"""The commands that somebody tries first, in any order: each ends well, or says in one sentence what to run before it."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest
from project import WITHOUT_UNIT_TESTS, build, database, dbt, public_tables, query

# Where tables stand can't be pinned in a unit test: those that read the demo are off where the demo is.
PLACES = {"events_path", "events_schema", "reference_path", "reference_schema", "schema_prefix"}
# Hooks ask for it, the query of a model doesn't.
OF_HOOKS = {"reader_roles"}
HISTORY = ("kpi_first_published",)
# As far as can be from the defaults, and from what the unit tests pin.
OTHER_VARS = {
    "reporting_timezone": "Asia/Tokyo",
    "reporting_currency": "JPY",
    "quiet_hours_start": 11,
    "quiet_hours_end": 13,
    "history_start": "2026-06-01",
    "clock_skew_minutes": 0,
    "writeback_timeout_minutes": 1,
    "settling_hours": 1000,
    "min_sample": 100000,
    "baseline_weeks": 1,
    "pii": "dropped",
    "as_of": "2026-01-07 00:00:00",
}


@pytest.mark.slow
def test_any_first_command_ends_well_or_says_what_is_missing(demo: Path, tmp_path: Path) -> None:
    for command in (["run"], ["test"], ["test", "--select", "test_type:unit"]):
        result = dbt(*command, folder=tmp_path)
        assert result.returncode != 0 and "reads tables that are not there" in result.stdout, result.stdout[-3000:]
        assert "dbt seed, then dbt run" in result.stdout and "Catalog Error" not in result.stdout
        assert query(tmp_path, "select count(*) from information_schema.tables") == [(0,)], command

    # Without rows, and nothing is published or recorded.
    build(tmp_path, None, "--empty", *WITHOUT_UNIT_TESTS)
    assert not any(public_tables(tmp_path)[name] for name in ("fct_case_journey", "rpt_kpi_weekly"))
    for name in (*HISTORY, "build_inputs", "build_reads", "build_log", "build_seal"):
        assert query(tmp_path, f"select count(*) from history.{name}") == [(0,)]

    # The next commands give what one build gives.
    for command in ("seed", "run"):
        result = dbt(command, folder=tmp_path)
        assert result.returncode == 0, result.stdout[-3000:]
    tables = public_tables(tmp_path)
    assert tables == public_tables(demo)
    for name in HISTORY:
        rows = f"select * from history.{name} order by all"
        assert query(tmp_path, rows) == query(demo, rows) != []

    # Figures are not replaced by empty tables.
    result = dbt("build", "--empty", folder=tmp_path)
    assert result.returncode != 0 and "--empty would replace the tables" in result.stdout, result.stdout[-3000:]
    assert public_tables(tmp_path) == tables

    # Published figures of an earlier version are not published anew.
    with duckdb.connect(str(database(tmp_path))) as connection:
        connection.execute("alter table history.kpi_first_published rename to int_kpi__published")
    result = dbt("build", folder=tmp_path)
    assert result.returncode != 0 and "rename to kpi_first_published; then build" in result.stdout, result.stdout[
        -3000:
    ]


def vars_of(manifest: dict[str, Any], model: dict[str, Any]) -> set[str]:
    """The vars that a model asks for, itself or in a macro that it calls."""
    macros = [*model["depends_on"]["macros"]]
    text = model["raw_code"]
    for name in macros:
        # The list grows while it is walked.
        if name.startswith("macro.closed_loop."):
            text += manifest["macros"][name]["macro_sql"]
            macros += [other for other in manifest["macros"][name]["depends_on"]["macros"] if other not in macros]
    return set(re.findall(r"\bvar\('(\w+)'", text))


def test_unit_tests_pin_the_vars_that_they_depend_on(demo: Path) -> None:
    manifest = json.loads((demo / "target/manifest.json").read_text(encoding="utf-8"))
    models = {node["name"]: node for node in manifest["nodes"].values() if node["resource_type"] == "model"}
    tests = manifest["unit_tests"]
    needed = {name: vars_of(manifest, models[test["model"]]) - PLACES - OF_HOOKS for name, test in tests.items()}
    pinned = {name: set((test["overrides"] or {"vars": {}})["vars"]) for name, test in tests.items()}
    assert set().union(*needed.values()) >= set(OTHER_VARS), "else nothing would be asked of some var"
    free = {name: needed[name] - pinned[name] for name in tests if needed[name] - pinned[name]}
    assert not free, free


@pytest.mark.slow
def test_unit_tests_pass_in_another_time_zone(demo: Path, tmp_path: Path) -> None:
    """And whatever the other vars are."""
    shutil.copy(database(demo), database(tmp_path))
    result = dbt("test", "--select", "test_type:unit", folder=tmp_path, variables=OTHER_VARS)
    assert result.returncode == 0, result.stdout[-6000:]
    assert re.search(r"PASS=1\d\d ", result.stdout), result.stdout[-300:]
