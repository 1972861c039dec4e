"""The gates' command line: exit codes, what it says, and what it leaves behind. That each check catches its fault: test_mutants_*.py."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import duckdb
import pytest
import yaml
from made_events import Events
from project import ROOT, database, query
from test_hand_worked import seven_cases, write_reference

# How each check ends on the demo.
CONTRACT = dict.fromkeys(
    [
        "inputs", "missing_keys", "timestamps", "values", "enumerations", "lookups", "orphans", "duplicates", "quarantine",
        "empty_tables", "volume", "silent_days", "freshness", "table_freshness",
    ],
    "passed",
) | {"duplicates": "warned", "table_freshness": "warned"}  # fmt: skip
# 25 of 1,501 cases are complete and unacknowledged: more than the 1 % that one kind of violation may concern.
INTEGRITY = dict.fromkeys(
    [
        "denominators", "contributions", "acknowledgements", "reconciliation", "repetitions", "ranges", "status", "violations",
    ],
    "passed",
) | {"violations": "warned"}  # fmt: skip
# The demo's cases end with this Monday.
AT_THE_END = ("--vars", "{as_of: 2026-05-25}")


def gate(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a gate on a folder's database."""
    settings = {
        "CLOSED_LOOP_DUCKDB": str(database(folder)),
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
    }
    return subprocess.run(
        [sys.executable, "-m", "scripts.gate", *arguments],
        cwd=ROOT,
        env={**os.environ, **settings, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def built(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the demo's database, to run gates on."""
    folder = tmp_path_factory.mktemp("gates")
    shutil.copy(database(demo), database(folder))
    return folder


def statuses(folder: Path, outcome: str) -> dict[str, str]:
    return {check["check"]: check["status"] for check in json.loads((folder / outcome).read_text())["checks"]}


def test_the_demo_passes_the_contract_gate_with_its_warnings(built: Path) -> None:
    before = query(built, "select table_schema, table_name from information_schema.tables order by all")
    result = gate(
        built,
        "contract",
        *AT_THE_END,
        "--json",
        str(built / "contract.json"),
        "--docs",
        str(built / "docs"),
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert statuses(built, "contract.json") == CONTRACT
    assert "contract gate: passed" in result.stdout
    # The marts stay as they were, and what was staged is gone.
    assert query(built, "select table_schema, table_name from information_schema.tables order by all") == before
    for kind, words in {"validations": "silent_days", "expectations": "Load the missing partition again."}.items():
        (page,) = (built / "docs" / kind).rglob("*.html")
        assert words in page.read_text(encoding="utf-8")


def test_the_demo_passes_the_integrity_gate_with_its_warnings(built: Path) -> None:
    result = gate(built, "integrity", "--json", str(built / "integrity.json"))
    assert result.returncode == 0, result.stdout + result.stderr
    assert statuses(built, "integrity.json") == INTEGRITY
    (violations,) = (
        c for c in json.loads((built / "integrity.json").read_text())["checks"] if c["check"] == "violations"
    )
    assert violations["failing"] == [{"thing": "unacknowledged_completion", "measured": pytest.approx(25 / 1501)}]
    assert {row["thing"] for row in violations["rows"]} == {"unacknowledged_completion"}


def test_own_thresholds_fail_the_gate_in_every_format(built: Path) -> None:
    (built / "own.yml").write_text("integrity:\n  violations: {severity: error, max: 0.003, do: Call Ann | now.}\n")
    (built / "summary.md").write_text("before\n")
    result = gate(
        built, "integrity", "--alerts", "--thresholds", str(built / "own.yml"), "--junit", str(built / "junit.xml"),
        "--markdown", str(built / "summary.md"),
    )  # fmt: skip
    assert result.returncode == 1, result.stdout + result.stderr
    assert "unacknowledged_completion" in result.stdout and "what to do: Call Ann | now." in result.stdout
    suite = ElementTree.parse(built / "junit.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == (str(len(INTEGRITY) + 1), "1")
    (failed,) = (case for case in suite if case.find("failure") is not None)
    assert failed.get("name") == "violations" and "Call Ann" in (failed.find("failure").text or "")  # type: ignore[union-attr]
    summary = (built / "summary.md").read_text()
    assert summary.startswith("before\n## Integrity gate: failed") and "| violations | failed | " in summary


def test_an_input_that_breaks_the_contract_fails_with_its_sentences(tmp_path: Path) -> None:
    events = Events()
    events.add("case_triggers", "c1", "2026-03-02 09:00")
    folder = events.write(tmp_path / "events")
    file = folder / "case_triggers.csv"
    file.write_text(file.read_text().replace("workflow", "work_flow", 1).replace("2026-03-02 09:00,", "yesterday,"))
    result = gate(
        tmp_path,
        "contract",
        "--vars",
        json.dumps({"events_path": str(folder)}),
        "--json",
        str(tmp_path / "outcome.json"),
    )
    assert result.returncode == 1, result.stdout + result.stderr
    (inputs,) = json.loads((tmp_path / "outcome.json").read_text())["checks"]
    assert inputs["check"] == "inputs" and inputs["status"] == "failed"
    assert any("work_flow" in row["problem"] or "workflow" in row["problem"] for row in inputs["rows"])
    assert not (tmp_path / "outcome.json.part").exists()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["integrity", "--vars", "{as_of: ["], "--vars is no YAML"),
        (["integrity", "--vars", "[as_of]"], "has to be a YAML mapping"),
        (["contract", "--vars", "{as_of: soon}"], "as_of 'soon' is no UTC timestamp"),
        (["integrity", "--thresholds", "nowhere.yml"], "nowhere.yml"),
        (["integrity", "--target", "nowhere"], "nowhere"),
        (["integrity"], "rpt_kpi_weekly"),
        (["integrity", "--no-such-option"], "--no-such-option"),
    ],
)
def test_what_could_not_run_says_why_and_ends_with_2(arguments: list[str], named: str, tmp_path: Path) -> None:
    result = gate(tmp_path, *arguments)
    assert result.returncode == 2, result.stdout + result.stderr
    assert named in result.stderr and "Traceback" not in result.stderr + result.stdout


@pytest.mark.parametrize(
    ("own", "named"),
    [
        ("integrity: {no_such_check: {max: 1}}", "no check 'no_such_check'"),
        ("integrity: {violations: {severity: fatal}}", "severity is error, warn, off, not 'fatal'"),
        ("integrity: {violations: {max: few}}", "max has to be a number, not 'few'"),
        ("integrity: {violations: {maximum: 1}}", "may have severity, min, max, says and do"),
        ("- a list", "holds no checks"),
    ],
)
def test_wrong_thresholds_are_named(own: str, named: str, tmp_path: Path) -> None:
    (tmp_path / "own.yml").write_text(own)
    result = gate(tmp_path, "integrity", "--thresholds", str(tmp_path / "own.yml"))
    assert result.returncode == 2, result.stdout + result.stderr
    assert named in " ".join(result.stderr.split())


def test_a_held_database_is_named(built: Path, tmp_path: Path) -> None:
    shutil.copy(database(built), database(tmp_path))
    with duckdb.connect(str(database(tmp_path))):
        result = gate(tmp_path, "integrity")
    assert result.returncode == 2, result.stdout + result.stderr
    assert "lock" in result.stderr and str(os.getpid()) in result.stderr


def test_the_job_of_the_readme_runs(tmp_path: Path) -> None:
    (job,) = re.findall(
        r"```yaml\n(name: closed_loop.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.DOTALL
    )
    steps = yaml.safe_load(job)["jobs"]["build"]["steps"]
    commands = [step["run"] for step in steps if step.get("name")]
    assert len(commands) == 3
    variables = {
        "events_path": str(seven_cases().write(tmp_path / "events")),
        "reference_path": str(write_reference(tmp_path / "reference")),
        "as_of": "2026-03-11 00:00:00",
    }
    settings = {
        "CLOSED_LOOP_DUCKDB": str(database(tmp_path)),
        "DBT_TARGET_PATH": str(tmp_path / "target"),
        "DBT_LOG_PATH": str(tmp_path / "logs"),
        "VARS": json.dumps(variables),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
    }
    for command in commands:
        command = command.replace(".venv-gate/bin/", f"{Path(sys.executable).parent}/").replace(
            "results/", f"{tmp_path}/results/"
        )
        result = subprocess.run(
            command, shell=True, cwd=ROOT, env={**os.environ, **settings}, capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, result.stdout[-3000:] + result.stderr
    assert {file.name for file in (tmp_path / "results").iterdir()} == {"contract.xml", "integrity.xml"}
    assert [line for line in (tmp_path / "summary.md").read_text().splitlines() if line.startswith("## ")] == [
        "## Contract gate: passed",
        "## Integrity gate: passed",
    ]
