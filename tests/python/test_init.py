"""A working folder (`python -m scripts.init`): three sample cases go all the way in it, in each of its four forms."""

from __future__ import annotations

import csv
import itertools
import os
import re
import subprocess
from pathlib import Path

import duckdb
import pytest
from project import ROOT, query
from typer.testing import CliRunner, Result

from scripts.check.look import look
from scripts.check.macros import Project
from scripts.init.__main__ import app
from scripts.map_log.__main__ import app as map_log

FORMS = list(itertools.product(("project", "package"), ("files", "schema")))


def init(folder: Path, *options: str) -> Result:
    """The command, without a terminal to ask at."""
    return CliRunner().invoke(app, [str(folder), *options])


def made(tmp_path: Path, kind: str = "project", source: str = "files") -> Path:
    """A working folder with a blank in its name."""
    folder = tmp_path / "my cases"
    result = init(
        folder,
        "--as",
        kind,
        "--from",
        source,
        "--workflow",
        "dunning",
        "--time-zone",
        "Europe/Berlin",
        "--currency",
        "EUR",
    )
    assert result.exit_code == 0, result.output
    return folder


@pytest.mark.parametrize("kind, source", FORMS)
def test_it_holds_what_is_ones_own_and_no_row_of_the_demo(kind: str, source: str, tmp_path: Path) -> None:
    folder = made(tmp_path, kind, source)
    with duckdb.connect() as connection:
        contract = Project(connection, {}).call("reference_contract")
    for table in contract.keys() - {"kpi_catalog", "manual_steps", "time_zones"}:
        with (folder / f"reference/{table}.csv").open(encoding="utf-8") as file:
            header, *rows = csv.reader(file)
        assert header == list(contract[table])
        assert len(rows) == (table == "workflows") and all(row[0] == "dunning" for row in rows)
        assert f"### `{table}`" in (folder / "REFERENCE.md").read_text(encoding="utf-8")
    texts = {path.name: path.read_text(encoding="utf-8") for path in folder.rglob("*") if path.is_file()}
    assert not [name for name, text in texts.items() if "[[" in text or "{% " in text]
    # What has to be changed is named where it stands.
    export = "seeds/export.csv" if (kind, source) == ("package", "schema") else "export/cases.csv"
    assert f"`{export}`" in texts["README.md"] and (folder / export).is_file()


def test_the_sample_becomes_three_cases(tmp_path: Path) -> None:
    """Finished by the customer, by an agent, and open: one trigger each, two acknowledged records."""
    folder = made(tmp_path)
    options = [
        "--case",
        "Case",
        "--activity",
        "Step",
        "--time",
        "At",
        "--as-it-happened",
        "--out",
        str(folder / "events"),
    ]
    mapped = CliRunner().invoke(
        map_log, [str(folder / "export/cases.csv"), "--mapping", str(folder / "mapping.csv"), *options]
    )
    assert mapped.exit_code == 0, mapped.output
    settings = {"reporting_timezone": "Europe/Berlin", "reporting_currency": "EUR"}
    report = look(str(folder / "events"), str(folder / "reference"), settings)
    assert report.problems == [] and report.is_usable()
    assert not [table.name for table in report.tables if table.quarantined]
    accepted = {table.name: table.accepted for table in report.tables if table.accepted}
    expected = {
        "case_triggers": 3, "message_events": 5, "action_events": 2, "writeback_attempts": 2, "writeback_acks": 2, "exceptions": 1,
        "agent_touches": 1, "payments": 1,
    }  # fmt: skip
    assert accepted == expected
    # The models of the fourth form take the same rows of the same export.
    models = made(tmp_path / "as models", "package", "schema")
    with duckdb.connect() as connection:
        connection.execute(f"create table export as from read_csv('{models}/seeds/export.csv')")
        for table, rows in expected.items():
            text = (models / f"models/events/{table}.sql").read_text(encoding="utf-8")
            found = connection.sql(text.replace("{{ ref('export') }}", "export"))
            assert found.aggregate("count(*), count(distinct event_id)").fetchall() == [(rows, rows)], table


@pytest.mark.parametrize(
    "options, says",
    [
        (("--workflow", "Late Payment"), "isn't a name of small letters"),
        (("--time-zone", "Berlin"), "Berlin isn't a time zone"),
        (("--currency", "euro"), "euro isn't a currency code"),
    ],
)
def test_a_wrong_answer_makes_nothing(options: tuple[str, ...], says: str, tmp_path: Path) -> None:
    result = init(tmp_path / "mine", *options)
    assert result.exit_code == 2 and says in result.stderr, result.output
    assert not list(tmp_path.iterdir())


def test_nothing_that_is_there_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "events.csv").touch()
    for folder, says in (
        (tmp_path, "isn't an empty folder"),
        (tmp_path / "events.csv", "isn't an empty folder"),
        (ROOT / "mine", "is within the project"),
        (ROOT / "scripts/../mine", "is within the project"),
    ):
        result = init(folder)
        assert result.exit_code == 2 and says in result.stderr, result.output
    assert [path.name for path in tmp_path.iterdir()] == ["events.csv"] and not (ROOT / "mine").exists()
    for name in ("it's", "do$llar", "ha#sh", "col: on", "two\nlines", 'q"uote'):
        result = init(tmp_path / name)
        assert result.exit_code == 2 and "reads in its own way" in result.stderr, name
    (tmp_path / "empty").mkdir()
    assert init(tmp_path / "empty").exit_code == 0 and (tmp_path / "empty/vars.yml").is_file()


needs_environments = pytest.mark.skipif(
    not all((ROOT / name / "installed").exists() for name in (".venv-gate", ".venv-view")),
    reason="needs the environments of a user: make .venv-gate/installed .venv-view/installed",
)


@pytest.mark.slow
@needs_environments
@pytest.mark.parametrize("kind, source", FORMS)
def test_make_ends_in_a_page(kind: str, source: str, tmp_path: Path) -> None:
    folder = made(tmp_path, kind, source)
    result = subprocess.run(["make"], cwd=folder, capture_output=True, text=True, timeout=1200, check=False)
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-4000:]
    assert query(folder, "select case_id, resolution_path from marts.fct_case_journey order by case_id") == [
        ("S-1", "in_message"), ("S-2", "assisted"), ("S-3", "open"),
    ]  # fmt: skip
    assert "Case resolution scorecard" in (folder / "scorecard.html").read_text(encoding="utf-8")


PAGE = ROOT / "docs/your_own_events.md"


def blocks() -> list[tuple[str, str]]:
    """The blocks of the worked path, in order: the language, and what stands in it."""
    section = PAGE.read_text(encoding="utf-8").partition("## From an export to the page\n")[2].partition("\n## ")[0]
    return re.findall(r"^```(\w+)\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)


def test_what_the_worked_path_names_is_there(tmp_path: Path) -> None:
    """The steps are those of the Makefile, the files those of the project; the whole path runs in make test-all."""
    commands = "\n".join(text for language, text in blocks() if language == "sh")
    makefile = (made(tmp_path) / "Makefile").read_text(encoding="utf-8")
    (steps,) = re.findall(r"^\.PHONY: all environments (.*)$", makefile, re.MULTILINE)
    named = re.findall(r"^make ([a-z ]+)$", commands, re.MULTILINE)
    assert {step for line in named for step in line.split()} == set(steps.split())
    files = re.findall(r"examples/[\w/.]+", commands)
    assert len(files) == 3 and all((ROOT / file).is_file() for file in files)
    variables = re.findall(r"^([A-Z_]+) \?=", makefile, re.MULTILINE)
    # A shell keeps the width of its window in COLUMNS.
    assert "COLUMNS" not in variables
    assert set(variables) <= set(re.findall(r"\b([A-Z_]+)=", commands)) and len(variables) == 4


@pytest.mark.slow
@needs_environments
def test_the_worked_path_leads_to_the_page(tmp_path: Path) -> None:
    """Every command of the page, in one shell; what the page shows is what they print."""
    commands = [text for language, text in blocks() if language == "sh"]
    script = "\n".join(f"{text}\necho ended: $?" for text in commands)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CLOSED_LOOP_")}
    result = subprocess.run(
        ["bash", "-c", script],
        cwd=ROOT,
        env={**environment, "HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=1200,
        check=False,
    )
    # The first mapping stops, and is meant to.
    assert re.findall(r"^ended: (\d+)$", result.stdout, re.MULTILINE) == ["0", "0", "2", "0", "0"], result.stdout[
        -4000:
    ]
    said = " ".join(result.stdout.split())
    shown = [line for language, text in blocks() if language == "text" for line in text.splitlines()]
    assert not [line for line in shown if " ".join(line.split()) not in said]
    assert "Case resolution scorecard" in (tmp_path / "dunning/scorecard.html").read_text(encoding="utf-8")
    # Each case of the export is there, but for the four without a trigger (examples/event_logs/dunning/make_log.py).
    assert query(tmp_path / "dunning", "select count(*) from marts.fct_case_journey") == [(996,)]


def test_the_line_for_cron_runs() -> None:
    """As cron has it: five fields, then a command in which % is written \\%."""
    page = (ROOT / "docs/in_a_pipeline.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"^```cron\n(.*)\n```$", page, re.MULTILINE)
    *moment, command = line.split(" ", 5)
    assert all(re.fullmatch(r"\*|\d+", field) for field in moment)
    assert "%" not in command.replace("\\%", "")
    shown = (
        command.replace("\\%", "%")
        .replace("cd /home/me/dunning", "true")
        .replace("make LOADED=", "printenv CLOSED_LOOP_AS_OF && echo ")
        .replace(" >> make.log 2>&1", "")
    )
    said = subprocess.run(["sh", "-c", shown], capture_output=True, text=True, check=True).stdout
    as_of, loaded = said.splitlines()
    assert re.fullmatch(r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d", as_of)
    # The rows of the export have landed by then.
    assert loaded == f"--exported-at '{as_of}Z'"
