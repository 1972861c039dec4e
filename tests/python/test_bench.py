"""The benchmark: the script agrees with the project, a difference is found and named, and its page says what its JSON says.

How fast anything is depends on the machine, and is not tested.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
from project import ROOT

for library in ("matplotlib", "psutil"):
    pytest.importorskip(library)

from scripts.bench import report  # noqa: E402
from scripts.bench.agreement import differences  # noqa: E402
from scripts.bench.steps import CouldNotRun, Sample, Workbench, check_disk, find_loads, measure_size  # noqa: E402
from scripts.journeys import TABLES  # noqa: E402

pytestmark = pytest.mark.slow

CASES = 2000
PAGE = f"# A page\n\nBefore.\n\n{report.BEGIN}\n\nold figures\n\n{report.END}\n\nAfter.\n"
# 1 in one cell, 0 in all others.
ONE_OF = "cast(kpi_id = '{}' and workflow = '(all)' and week_start = '2026-01-12' as integer)"


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.bench", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one small run that kept what it made; its events, databases and results stand in `work`."""
    folder = tmp_path_factory.mktemp("bench")
    (folder / "page.md").write_text(PAGE, encoding="utf-8")
    without = [argument for step in ("dbt", "limited") for argument in ("--without", step)]
    places = ["--folder", str(folder), "--out", str(folder / "run.json"), "--page", str(folder / "page.md")]
    result = bench("--cases", str(CASES), "--weeks", "6", *places, *without, "--keep")
    assert result.returncode == 0, result.stderr
    (work,) = folder.glob("run_*")
    work.rename(folder / "work")
    return folder


def figures(run: Path) -> dict[str, Any]:
    return json.loads((run / "run.json").read_text(encoding="utf-8"))


def test_everything_is_measured_and_agrees(run: Path) -> None:
    (size,) = figures(run)["sizes"]
    assert size["wrong"] == []
    assert set(size["agreement"]) == {"duckdb", "long_ids"}
    for agreed in size["agreement"].values():
        # Some cases are triggered later than the moment that all compute for.
        assert 0.9 * CASES < agreed["cases"] < CASES
        assert agreed["kpis"] == 16
        assert 0 < agreed["resolved_cases"] < CASES
    for name in ("floor", "duckdb", "full", "daily", "long_ids", "longer"):
        step = size["steps"][name]
        assert step["seconds"] > 0 and step["cpu_seconds"] > 0, name
        # Starting Python alone takes ten million bytes, and none of this needs a thousand times that.
        assert 1e7 < step["peak_bytes"] < 1e10, name
    database = run / f"work/{CASES}/built.duckdb"
    full, daily = size["steps"]["full"], size["steps"]["daily"]
    assert daily["result_bytes"] == database.stat().st_size
    if sys.platform == "linux":
        assert full["written_bytes"] >= full["result_bytes"]
    assert {"int_case__assembled", "rpt_kpi_weekly"} <= {model["name"] for model in full["models"]}


def test_day_is_a_usual_one(run: Path) -> None:
    """From six to six, three days before the last load; neither much less nor much more than a 42nd of six weeks."""
    loads = find_loads(run / f"work/events/{CASES}")
    tables = [f"select loaded_at from '{run}/work/events/{CASES}/{table}.parquet'" for table in TABLES]
    every = " union all ".join(tables)
    [(last_load, rows)] = duckdb.execute(f"select max(loaded_at), count(*) from ({every})").fetchall()
    last = dt.datetime.combine(last_load.date(), dt.time(6)) - dt.timedelta(days=3)
    before = last - dt.timedelta(days=1)
    days = f"select count(*) from ({every}) where loaded_at > '{before}' and loaded_at <= '{last}'"
    [(daily_rows,)] = duckdb.execute(days).fetchall()
    assert loads == (str(before), str(last), rows, daily_rows)
    assert 1 / 126 < daily_rows / rows < 3 / 42
    (size,) = figures(run)["sizes"]
    assert (size["as_of"], size["rows"], size["daily_rows"]) == (str(last), rows, daily_rows)


def test_long_ids_are_of_the_same_events(run: Path) -> None:
    """All as long as a UUID; null where the short one is null, the same where it is the same."""
    folders = run / f"work/events/{CASES}", run / f"work/{CASES}/long_ids_events"
    short, long = (f"(select *, row_number() over () as place from '{folder}/payments.parquet')" for folder in folders)
    for name in ("event_id", "case_id", "payment_id"):
        [counts] = duckdb.execute(
            f"""
            select
                count(*) filter ((short.{name} is null) <> (long.{name} is null) or length(long.{name}) <> 36),
                count(*) filter (short.occurred_at is distinct from long.occurred_at),
                count(distinct short.{name}) - count(distinct long.{name}),
                count(distinct short.{name}) - count(distinct short.{name} || long.{name})
            from {short} as short full join {long} as long using (place)
            """
        ).fetchall()
        assert counts == (0, 0, 0, 0), name


def test_twice_the_history_has_as_many_rows_a_day(run: Path) -> None:
    (size,) = figures(run)["sizes"]
    longer = size["steps"]["longer"]
    assert longer["rows"] == pytest.approx(2 * size["rows"], rel=0.2)
    assert longer["daily_rows"] == pytest.approx(size["daily_rows"], rel=0.5)


def test_page_says_what_was_measured(run: Path) -> None:
    page = (run / "page.md").read_text(encoding="utf-8")
    assert page.startswith("# A page\n\nBefore.\n") and page.endswith("\nAfter.\n")
    assert "old figures" not in page
    (size,) = figures(run)["sizes"]
    line = re.search(r"\| closed_loop, full build \| ([0-9.]+) \| ([0-9.]+) \|", page)
    assert line
    seconds = {name: step["seconds"] for name, step in size["steps"].items()}
    assert float(line[1]) == pytest.approx(seconds["full"], abs=0.051)
    assert float(line[2]) == pytest.approx(seconds["full"] / seconds["duckdb"], abs=0.0051)
    assert "(page.svg)" in page and (run / "page.svg").read_text(encoding="utf-8").startswith("<?xml")
    # The same figures give the same page and the same plot.
    before = (page, (run / "page.svg").read_bytes())
    again = bench("--from-json", str(run / "run.json"), "--page", str(run / "page.md"))
    assert again.returncode == 0, again.stderr
    assert ((run / "page.md").read_text(encoding="utf-8"), (run / "page.svg").read_bytes()) == before


@pytest.mark.parametrize(
    ("table", "change", "named"),
    [
        (
            "kpis",
            f"select * replace (numerator + {ONE_OF.format('writeback_success_rate')} as numerator)",
            "writeback_success_rate",
        ),
        (
            "kpis",
            f"select * replace (value + 1e-5 * {ONE_OF.format('time_to_resolution_p90')} as value)",
            "time_to_resolution_p90",
        ),
        ("kpis", f"select * replace (value + 2e-9 * {ONE_OF.format('deflection_rate')} as value)", "deflection_rate"),
        ("kpis", "select * replace (denominator + 1 as denominator)", "more cells differ"),
        # The same values in other cases: no column's values as such are different.
        ("journeys", "select * replace (reverse(case_id) as case_id)", "stage of the journeys"),
        ("journeys", "select * replace (not is_resolved as is_resolved)", "resolved cases of the journeys"),
        ("journeys", "select * replace (net_collected + 0.01 as net_collected)", "net_collected of the journeys"),
        ("journeys", "select * exclude (stage)", "lack stage"),
    ],
)
def test_a_difference_is_named(run: Path, tmp_path: Path, table: str, change: str, named: str) -> None:
    results = run / f"work/{CASES}"
    changed = shutil.copy(results / "rival.duckdb", tmp_path)
    with duckdb.connect(changed) as connection:
        connection.execute(f"create or replace table {table} as {change} from {table}")
    found, _ = differences(results / "built.duckdb", Path(changed), "duckdb")
    assert any(named in line for line in found), found


def test_a_step_that_does_not_finish_is_noted(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events = run / f"work/events/{CASES}"
    monkeypatch.setattr("scripts.bench.steps.DBT", "false")
    monkeypatch.setattr("scripts.bench.steps.REFERENCE", tmp_path / "nowhere")
    size, wrong = measure_size(
        Workbench(tmp_path, print), events, Sample(CASES, 6, 38), ["floor", "duckdb", "full", "daily"], "4GB"
    )
    assert {name for name, step in size["steps"].items() if "failed" in step} == {"duckdb", "full", "daily"}
    assert "nowhere" in size["steps"]["duckdb"]["failed"]
    assert [line.split(" ")[0] for line in wrong] == ["full", "daily"]
    shown = "\n".join(report.costs({"cases": CASES, **size}))
    assert shown.count("did not finish") == 3
    assert f"The day loads {size['daily_rows']:,} rows, {100 * size['daily_rows'] / size['rows']:.2f}% of all." in shown


def test_what_it_needs(tmp_path: Path) -> None:
    with pytest.raises(CouldNotRun, match="need about"):
        check_disk(tmp_path, 10**12, False)
    (tmp_path / "1" / "payments.parquet").parent.mkdir()
    (tmp_path / "1" / "payments.parquet").touch()
    without = [argument for step in ("dbt", "full", "daily", "limited") for argument in ("--without", step)]
    halfway = bench("--cases", "1", "--events", str(tmp_path), "--folder", str(tmp_path / "f"), "--no-page", *without)
    assert halfway.returncode == 2
    assert "1 of 11 tables" in halfway.stderr
    assert not list((tmp_path / "f").glob("run_*"))
    unknown = bench("--without", "nothing")
    assert unknown.returncode == 2
    assert "--without knows" in unknown.stderr
