"""BI tools: what they list, the recipes of docs/bi.md, and the dashboard for Superset.

Superset and older clients have environments of their own; where those aren't set up, their tests skip and say so.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import psycopg2.extras
import pytest
import yaml
from click.testing import Result
from project import ROOT, database, query
from tiers import slow_but
from typer.testing import CliRunner

from scripts import postgres_server
from scripts.superset import __main__ as command

PAGE = (ROOT / "docs/bi.md").read_text(encoding="utf-8")
# The first block is before the query, the others run it.
SMALLER, *RECIPES = re.findall(r"```python\n((?:(?!```).)*)```", PAGE, re.DOTALL)
(WEEK,) = re.findall(r"```sql\n((?:(?!```).)*)```", PAGE, re.DOTALL)
PERSONAL_COLUMNS = {"customer_ref", "actor", "what", "agent_ref", "uri", "row_json"}
PERSONAL_TABLES = {"fct_case_journey", "fct_case_event", "fct_agent_touch", "fct_evidence", "rpt_quarantined_event"}
Files = dict[str, dict[str, Any]]


def environment_of(name: str) -> Path:
    """The Python of an environment that `make` sets up; skips where nobody has."""
    python = ROOT / name / "bin/python"
    if not python.exists():
        pytest.skip(f"{name} isn't there: make {name}/installed")
    return python


def test_what_a_tool_lists_is_what_the_page_says(demo: Path) -> None:
    listed = {schema for (schema,) in query(demo, "select distinct table_schema from information_schema.tables")}
    (table,) = re.findall(r"\| schema \| for \|\n((?:\|[^\n]*\n)+)", PAGE)
    assert listed == set(re.findall(r"`(\w+)`", "".join(line.split("|")[1] for line in table.splitlines())))


# Recipes -------------------------------------------------------------------------------------------------------------


def run(code: str, folder: Path, python: str | Path, **environment: str) -> str:
    """What a recipe prints, run in a folder."""
    result = subprocess.run(
        [python, "-c", code], cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def reading(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a copy of the demo's database, and the query of the page."""
    folder = tmp_path_factory.mktemp("reading")
    shutil.copy(database(demo), database(folder))
    (folder / "week.sql").write_text(WEEK, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def marts_on_postgres(demo: Path) -> Iterator[dict[str, str]]:
    """The environment of a PostgreSQL server with a copy of the demo's public tables that dashboards and recipes read."""
    types = {"VARCHAR": "text", "DOUBLE": "double precision"}
    tables = {
        "dim_kpi": "", "dim_run": "", "fct_case_journey": "", "rpt_kpi_weekly": "where cohort_dimension = 'all'", "rpt_open_case": "",
        "rpt_funnel_weekly": "where cohort_dimension = 'all'", "rpt_backlog_daily": "", "rpt_cost_weekly": "", "rpt_savings_monthly": "",
        "rpt_signal": "", "rpt_writeback_health_weekly": "",
    }  # fmt: skip
    try:
        with postgres_server.running_server() as server:
            with psycopg2.connect(
                host=server["PGHOST"], port=server["PGPORT"], user=server["PGUSER"], dbname=server["PGDATABASE"]
            ) as connection:
                cursor = connection.cursor()
                cursor.execute("create schema marts")
                for table, where in tables.items():
                    columns = query(demo, f"select column_name, column_type from (describe marts.{table})")
                    listed = ", ".join(f'"{name}" {types.get(kind, kind)}' for name, kind in columns)
                    cursor.execute(f"create table marts.{table} ({listed})")
                    psycopg2.extras.execute_values(
                        cursor,
                        f"insert into marts.{table} values %s",
                        query(demo, f"select * from marts.{table} {where}"),
                    )
            connection.close()
            yield server
    except postgres_server.PostgresMissing as missing:
        pytest.skip(f"not read from PostgreSQL: {missing}")


@pytest.mark.parametrize("recipe", slow_but(RECIPES[:1], RECIPES))
def test_recipe(recipe: str, reading: Path, request: pytest.FixtureRequest) -> None:
    is_fast = not request.node.get_closest_marker("slow")
    python = Path(sys.executable) if is_fast else environment_of(".venv-recipes")
    server = request.getfixturevalue("marts_on_postgres") if "psycopg" in recipe else {}
    shown = run(recipe, reading, python, **server)
    # As the page has them, to the decimals that every tool shows.
    for title, value in (("Completion rate", "0.7207"), ("Deflection rate", "0.806")):
        assert title in shown and value in shown, shown


@pytest.mark.slow
def test_an_older_client_reads_the_file(reading: Path) -> None:
    shown = run("import duckdb; print(duckdb.__version__)\n" + RECIPES[0], reading, environment_of(".venv-recipes"))
    assert shown.startswith("1.4.") and "Completion rate" in shown


@pytest.mark.slow
def test_a_smaller_file_has_the_marts_and_nobody(reading: Path) -> None:
    run(SMALLER, reading, sys.executable)
    with duckdb.connect(str(reading / "for_bi.duckdb"), read_only=True) as connection:
        copied = connection.execute("select table_schema, table_name from information_schema.tables").fetchall()
        assert connection.sql(WEEK).fetchall() == query(reading, WEEK)
    there = query(
        reading, "select table_schema, table_name from information_schema.tables where table_schema = 'marts'"
    )
    assert set(copied) == {(schema, table) for schema, table in there if table not in PERSONAL_TABLES}


# Superset ------------------------------------------------------------------------------------------------------------


def write(folder: Path, out: Path, *arguments: str) -> Result:
    """What the command says that writes the ZIP from the database of a folder. arguments: what is not to be as usual."""
    usual = ["--database", str(database(folder)), "--manifest", str(folder / "target/manifest.json"), "--out", str(out)]
    return CliRunner().invoke(command.app, [*usual, *arguments])


@pytest.fixture(scope="module")
def bundle(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ZIP of the demo."""
    out = tmp_path_factory.mktemp("superset") / "closed_loop_superset.zip"
    result = write(demo, out)
    assert result.exit_code == 0, result.output
    return out


@pytest.fixture(scope="module")
def files(bundle: Path) -> Files:
    """File of the ZIP -> its content."""
    with zipfile.ZipFile(bundle) as archive:
        assert archive.testzip() is None
        return {name.partition("/")[2]: yaml.safe_load(archive.read(name)) for name in archive.namelist()}


def under(files: Files, kind: str) -> list[dict[str, Any]]:
    """The parts of one kind."""
    return [content for name, content in files.items() if name.startswith(f"{kind}/")]


def rows_of(dataset: dict[str, Any]) -> str:
    """A dataset in a `from`."""
    return (
        f"({dataset['sql']}) as rows_of"
        if dataset["sql"]
        else f"{dataset['schema']}.{dataset['table_name']} as rows_of"
    )


def query_of(chart: dict[str, Any], files: Files) -> str:
    """What the browser would ask for a chart, in SQL, with the choices that the dashboard's filters begin with."""
    (dataset,) = [each for each in under(files, "datasets") if each["uuid"] == chart["dataset_uuid"]]
    (dashboard,) = under(files, "dashboards")
    (place,) = [
        each
        for each in dashboard["position"].values()
        if isinstance(each, dict) and each.get("meta", {}).get("uuid") == chart["uuid"]
    ]
    params = chart["params"]
    where = [f"({each['sqlExpression']})" for each in params["adhoc_filters"]]
    for each in dashboard["metadata"]["native_filter_configuration"]:
        if place["meta"]["chartId"] not in each["scope"]["excluded"]:
            (chosen,) = each["defaultDataMask"]["extraFormData"]["filters"]
            where.append(f"{chosen['col']} = '{chosen['val'][0]}'")
    columns = params.get("all_columns") or [params["x_axis"], *params["groupby"]]
    metrics = [f'{each["sqlExpression"]} as "{each["label"]}"' for each in params.get("metrics", [])]
    grouped = f" group by {', '.join(columns)}" if metrics else ""
    return f"select {', '.join([*columns, *metrics])} from {rows_of(dataset)} where {' and '.join(where) or 'true'}{grouped}"


def test_the_zip_is_the_same_each_time(demo: Path, bundle: Path, files: Files, tmp_path: Path) -> None:
    assert write(demo, tmp_path / "again.zip").exit_code == 0
    assert (tmp_path / "again.zip").read_bytes() == bundle.read_bytes()
    assert os.listdir(tmp_path) == ["again.zip"]
    # In another process and second, too: nothing of the moment, and the names by which Superset knows an earlier import.
    with zipfile.ZipFile(bundle) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert files["dashboards/closed_loop.yaml"]["uuid"] == "3bfd6967-419b-58eb-b6d0-b37e0ebeaa4b"


def test_each_column_of_the_datasets_is_there_in_words_and_names_nobody(demo: Path, files: Files) -> None:
    assert len(under(files, "datasets")) == 11
    for dataset in under(files, "datasets"):
        names = [column["column_name"] for column in dataset["columns"]]
        assert names == [name for (name,) in query(demo, f"select column_name from (describe from {rows_of(dataset)})")]
        assert all(column["description"] for column in dataset["columns"])
        assert not PERSONAL_COLUMNS & set(names), dataset["table_name"]


def test_each_chart_of_the_zip_has_rows(demo: Path, files: Files) -> None:
    charts = {chart["slice_name"]: query(demo, query_of(chart, files)) for chart in under(files, "charts")}
    assert len(charts) == 11
    assert [title for title, found in charts.items() if not found] == []
    check_figures(
        {
            title: [row[-1] for row in found]
            for title, found in charts.items()
            if title in ("How cases went", "Open cases")
        }
    )


def check_figures(cases: dict[str, list[int]]) -> None:
    """The demo has 3,603 cases, of which 223 are open (README, docs/where_do_cases_get_stuck.md)."""
    assert {title: sum(counts) for title, counts in cases.items()} == {"How cases went": 3603, "Open cases": 223}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--database", "nowhere.duckdb"), "there is no database at nowhere.duckdb"),
        (("--manifest", "nowhere.json"), "there is no nowhere.json"),
        (("--out", "nowhere/closed_loop.zip"), "nowhere"),
    ],
)
def test_nothing_is_written_from_what_is_not_there(
    arguments: tuple[str, str], says: str, demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = write(demo, tmp_path / "out.zip", *arguments)
    assert result.exit_code == 2 and "Nothing was written: " in result.output and says in result.output
    assert os.listdir(tmp_path) == []


@pytest.mark.slow
def test_the_charts_have_the_same_rows_on_postgres(demo: Path, files: Files, marts_on_postgres: dict[str, str]) -> None:
    with psycopg2.connect(
        host=marts_on_postgres["PGHOST"],
        port=marts_on_postgres["PGPORT"],
        user=marts_on_postgres["PGUSER"],
        dbname=marts_on_postgres["PGDATABASE"],
    ) as connection:
        cursor = connection.cursor()
        for chart in under(files, "charts"):
            sql = query_of(chart, files)
            cursor.execute(sql)
            got, expected = (
                {tuple(map(comparable, row)) for row in found} for found in (cursor.fetchall(), query(demo, sql))
            )
            assert got == expected, chart["slice_name"]


def comparable(value: Any) -> Any:
    """A figure to ten digits: sums of doubles depend on the order of the rows."""
    return (
        value
        if value is None or isinstance(value, (str, bool)) or not hasattr(value, "__float__")
        else f"{float(value):.10g}"
    )


@pytest.mark.slow
def test_superset_shows_rows_in_each_chart(demo: Path, tmp_path: Path) -> None:
    python = environment_of(".venv-superset")
    shutil.copy(database(demo), database(tmp_path))
    shutil.copytree(demo / "target", tmp_path / "target", ignore=shutil.ignore_patterns("compiled", "run"))
    assert write(tmp_path, tmp_path / "bundle.zip").exit_code == 0
    home = tmp_path / "home"
    home.mkdir()
    asked = [python, ROOT / "tests/python/in_superset.py", home, tmp_path / "bundle.zip", tmp_path / "shown.json"]
    result = subprocess.run(asked, cwd=home, capture_output=True, text=True, check=False, timeout=1200)
    assert result.returncode == 0, result.stderr[-6000:]
    charts = json.loads((tmp_path / "shown.json").read_text(encoding="utf-8"))
    assert len(charts) == 11
    assert [title for title, found in charts.items() if not found] == []
    check_figures({title: [row["cases"] for row in charts[title]] for title in ("How cases went", "Open cases")})
    week = {row["title"]: (row["figure"], row["status"]) for row in charts["KPIs of the week"]}
    # As on the page: 0.721 of 154 cases.
    assert week["Completion rate"] == ("72.1 %", "green")
