"""The gates' command line: exit codes, what it says, and what it leaves behind. That each check catches its fault: test_mutants_*.py."""

from __future__ import annotations

import errno
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import duckdb
import pytest
import yaml
from made_events import Events
from project import ROOT, SEEDS, database, dbt, query
from seven_cases import seven_cases, write_reference
from typer.testing import CliRunner, Result

from scripts.gate import judge, places, warehouse, words
from scripts.gate.__main__ import Screen, app, check_environment

# How each check ends on the demo.
CONTRACT = dict.fromkeys(
    [
        "inputs", "missing_keys", "timestamps", "values", "enumerations", "lookups", "orphans", "duplicates", "quarantine",
        "empty_tables", "volume", "silent_days", "freshness", "table_freshness",
    ],
    "passed",
)  # fmt: skip
# 54 of 3,603 cases are complete and unacknowledged: more than the 1 % that one kind of violation may concern.
INTEGRITY = dict.fromkeys(
    [
        "seal", "empty", "denominators", "contributions", "acknowledgements", "journeys", "reconciliation", "repetitions", "ranges",
        "status", "violations",
    ],
    "passed",
) | {"violations": "warned"}  # fmt: skip
# A Monday of the demo, by when its loads are complete.
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


@pytest.mark.slow
def test_the_demo_passes_the_contract_gate(built: Path) -> None:
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
    assert result.stdout.startswith("The contract gate passed: 14 of 14 checks passed.\n")
    # The marts stay as they were, and what was staged is gone.
    assert query(built, "select table_schema, table_name from information_schema.tables order by all") == before
    for kind, told in {"validations": "silent_days", "expectations": "Load the missing partition again."}.items():
        (page,) = (built / "docs" / kind).rglob("*.html")
        assert told in page.read_text(encoding="utf-8")


def test_the_demo_passes_the_integrity_gate_with_its_warnings(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within this process, and with what dbt has parsed; as programs, both start and parse in the slow tests."""

    def run_dbt(*arguments: str, variables: dict[str, Any], **_: Any) -> str:
        result = dbt(*arguments, folder=built, variables=variables)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    monkeypatch.setattr(warehouse, "run_dbt", run_dbt)
    monkeypatch.setenv("CLOSED_LOOP_DUCKDB", str(database(built)))
    result = CliRunner().invoke(app, ["integrity", "--json", str(built / "integrity.json")])
    assert result.exit_code == 0, result.output
    assert statuses(built, "integrity.json") == INTEGRITY
    (violations,) = (
        c for c in json.loads((built / "integrity.json").read_text())["checks"] if c["check"] == "violations"
    )
    assert violations["failing"] == [
        {"thing": "missing_minutes", "measured": pytest.approx(48 / 3603), "row_count": "49"},
        {"thing": "unacknowledged_completion", "measured": pytest.approx(54 / 3603), "row_count": "54"},
    ]
    assert violations["unit"] == "share"
    assert "unacknowledged_completion: 1.5 % of cases break a rule (at most 1 %)" in result.stdout
    assert {row["thing"] for row in violations["rows"]} == {"missing_minutes", "unacknowledged_completion"}


@pytest.mark.slow
def test_own_thresholds_fail_the_gate_in_every_format(built: Path) -> None:
    (built / "own.yml").write_text("integrity:\n  violations: {severity: error, max: 0.003, do: Call Ann | now.}\n")
    (built / "summary.md").write_text("before\n")
    result = gate(
        built, "integrity", "--alerts", "--thresholds", str(built / "own.yml"), "--junit", str(built / "junit.xml"),
        "--markdown", str(built / "summary.md"),
    )  # fmt: skip
    assert result.returncode == 1, result.stdout + result.stderr
    assert "unacknowledged_completion" in result.stdout and "What to do: Call Ann | now." in result.stdout
    suite = ElementTree.parse(built / "junit.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == (str(len(INTEGRITY) + 2), "1")
    (failed,) = (case for case in suite if case.find("failure") is not None)
    assert failed.get("name") == "violations" and "Call Ann" in (failed.find("failure").text or "")  # type: ignore[union-attr]
    summary = (built / "summary.md").read_text()
    assert (
        summary.startswith("before\n## The integrity gate failed: 1 of 13 checks failed.\n")
        and "| violations | failed | " in summary
    )


@pytest.mark.slow
def test_tables_that_are_gone_or_replaced_are_named(built: Path, tmp_path: Path) -> None:
    """And nothing else is asked. Without the seal, the database counts as one that was never built."""
    shutil.copy(database(built), database(tmp_path))
    with duckdb.connect(str(database(tmp_path))) as connection:
        connection.execute(
            "drop table marts.rpt_alert; drop table intermediate.int_message__assembled; create table kept as from marts.fct_writeback; "
            "drop view marts.fct_writeback; create table marts.fct_writeback as select * replace (true as is_verified) from kept"
        )
    result = gate(tmp_path, "integrity", "--json", str(tmp_path / "integrity.json"))
    assert result.returncode == 1 and "tables are gone or replaced" in result.stdout, result.stdout + result.stderr
    (seal,) = json.loads((tmp_path / "integrity.json").read_text())["checks"]
    assert {row["thing"]: row["problem"] for row in seal["rows"]} == {
        "rpt_alert": "is gone",
        "int_message__assembled": "is gone",
        "fct_writeback": "is a table; a build makes it a view",
    }
    with duckdb.connect(str(database(tmp_path))) as connection:
        connection.execute("drop schema history cascade")
    result = gate(tmp_path, "integrity")
    assert result.returncode == 1 and "no build was ever completed in this database" in result.stdout


@pytest.mark.slow
def test_an_input_that_breaks_the_contract_fails_with_its_sentences(built: Path, tmp_path: Path) -> None:
    """So does one that the build won't take, because the database holds other events."""
    shutil.copy(database(built), database(tmp_path))
    events = Events()
    events.add("case_triggers", "c1", "2026-03-02 09:00")
    folder = events.write(tmp_path / "events")
    file = folder / "case_triggers.csv"
    file.write_text(file.read_text().replace("workflow", "work_flow", 1).replace("2026-03-02 09:00,", "yesterday,"))
    result = gate(
        tmp_path,
        "contract",
        "--vars",
        json.dumps({"events_path": str(folder), "reference_path": str(SEEDS)}),
        "--json",
        str(tmp_path / "outcome.json"),
    )
    assert result.returncode == 1, result.stdout + result.stderr
    (inputs,) = json.loads((tmp_path / "outcome.json").read_text())["checks"]
    assert inputs["check"] == "inputs" and inputs["status"] == "failed"
    assert any("work_flow" in row["problem"] or "workflow" in row["problem"] for row in inputs["rows"])
    assert any("holds the events of the demo" in row["problem"] for row in inputs["rows"])
    assert not (tmp_path / "outcome.json.part").exists()


# Without dbt ---------------------------------------------------------------------------------------------------------

# What measure() returns of a log that ended years ago, and in which every payment has a word of its own.
LONG_AGO = {"last_loaded_at": "2018-01-01 00:00:00", "as_of": "2026-05-25 00:00:00"}
MEASURED: dict[str, dict[str, Any]] = {
    check: {"measures": [{"thing": "payments", "measured": "0"}], "rows": []} for check in CONTRACT
} | {
    "values": {
        "measures": [
            {"thing": "case_triggers", "measured": "0.02001", "row_count": "31"},
            {"thing": "payments", "measured": "1", "row_count": "412"},
        ],
        "rows": [{"thing": "payments", "why": "invalid_value", "event_id": "p1", "occurred_at": None}],
    },
    "enumerations": {
        "measures": [{"thing": "payments.status", "measured": "0.9999", "such_as": "cheque {value}"}],
        "rows": [],
    },
    "empty_tables": {"measures": [{"thing": "payments", "measured": "412"}, {"thing": "exceptions", "measured": "0"}]},
    "volume": {"measures": [{"thing": "payments", "measured": "2.0004", "row_count": "200", "average_before": "100"}]},
    "silent_days": {"measures": [{"thing": "payments", "measured": "1", "first_day": "2026-05-20"}]},
    "freshness": {"measures": [{"thing": "any table", "measured": "73584", **LONG_AGO}]},
    "table_freshness": {"measures": [{"thing": "payments", "measured": "-5.25", **LONG_AGO}]},
}
# By check: the sentences on the screen, in Markdown and in JUnit.
SENTENCES = {
    "values": [
        "case_triggers: 2.001 % of rows hold a value that the contract doesn't allow (at most 2 %): row count 31",
        "payments: 100 % of rows hold a value that the contract doesn't allow (at most 2 %): row count 412",
    ],
    "enumerations": [
        "payments.status: 99.99 % of rows hold a word that the contract doesn't list (at most 2 %): such as cheque {value}"
    ],
    "volume": [
        "payments: the last complete week had 2.0004 times the rows of an average week before it (at most 2 times): "
        "row count 200, average before 100"
    ],
    "silent_days": [
        "payments: 1 day of the last 7 without a row, where the four weeks before had rows on that weekday (none allowed): "
        "first day 2026-05-20"
    ],
    "freshness": [
        "any table: last loaded 3,066 days before 2026-05-25 00:00:00 UTC (at most 26 h): last loaded at 2018-01-01 00:00:00"
    ],
    "table_freshness": [
        "payments: last loaded 5.25 h after 2026-05-25 00:00:00 UTC (at most 1 h after): last loaded at 2018-01-01 00:00:00"
    ],
    "empty_tables": ["exceptions: no rows in the table (at least 1 row)"],
}


class Called:
    """A gate called within this process, on figures instead of a warehouse."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.folder, self.measured = folder, 0
        self.figures: dict[str, Any] | BaseException = MEASURED
        monkeypatch.setenv("CLOSED_LOOP_DUCKDB", str(database(folder)))
        monkeypatch.setattr(warehouse, "staged", lambda *_: nullcontext())
        monkeypatch.setattr(warehouse, "measure", self.measure)

    def measure(self, *_: Any) -> dict[str, Any]:
        self.measured += 1
        if isinstance(self.figures, BaseException):
            raise self.figures
        return {check: dict(figures) for check, figures in self.figures.items() if check != "inputs"}

    def __call__(self, *arguments: str | Path) -> Result:
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        assert "Traceback" not in result.output or isinstance(self.figures, ZeroDivisionError)
        return result


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Called:
    return Called(monkeypatch, tmp_path)


def test_every_report_says_the_same_words(called: Called) -> None:
    outputs = {option: called.folder / option for option in ("json", "junit", "markdown")}
    arguments = [argument for option, path in outputs.items() for argument in (f"--{option}", path)]
    result = called("contract", *arguments)
    assert result.exit_code == 1
    screen, markdown = " ".join(result.stdout.split()), outputs["markdown"].read_text(encoding="utf-8")
    cases = {case.get("name"): case for case in ElementTree.parse(outputs["junit"]).getroot()}
    outcome = json.loads(outputs["json"].read_text())
    for check, sentences in SENTENCES.items():
        for sentence in sentences:
            assert sentence in screen and sentence in markdown, sentence
            assert sentence in "".join(cases[check].itertext()), sentence
        failure = cases[check].find("failure")
        assert failure is None or failure.get("message") == "; ".join(sentences)
    figures = {
        check["check"]: (check["unit"], [thing["measured"] for thing in check["failing"]])
        for check in outcome["checks"]
    }
    assert figures["values"] == ("share", [0.02001, 1.0]) and figures["volume"] == ("times", [2.0004])

    # A person who reads from above meets the verdict, then what failed, then what only warns, then the rest.
    lines = result.stdout.splitlines()
    assert lines[0] == "The contract gate failed: 5 of 14 checks failed, 2 warned."
    assert [line for line in lines if re.match("[A-Z]+: ", line)] == [
        *(f"FAILED: {check}" for check in ("values", "enumerations", "volume", "silent_days", "freshness")),
        *(f"WARNED: {check}" for check in ("empty_tables", "table_freshness")),
    ]
    assert "    payments: why=invalid_value event_id=p1" in lines
    passed = "inputs, missing_keys, timestamps, lookups, orphans, duplicates, quarantine"
    assert screen.endswith(f"Passed: {passed}. Don't build yet: put right what failed, and run this gate again.")
    assert max(map(len, lines)) <= 80 and "\x1b" not in result.stdout


def test_a_finished_log_is_not_asked_whether_it_goes_on(called: Called) -> None:
    called.figures = MEASURED | {check: MEASURED["orphans"] for check in ("values", "enumerations", "empty_tables")}
    called.figures["empty_tables"] = {"measures": [{"thing": "payments", "measured": "1"}]}
    assert called("contract").exit_code == 1
    places_of = {option: called.folder / option for option in ("json", "junit")}
    result = called("contract", "--history", "--json", places_of["json"], "--junit", places_of["junit"])
    assert result.exit_code == 0, result.output
    left_out = ["volume", "silent_days", "freshness", "table_freshness"]
    assert result.stdout.startswith("The contract gate passed: 10 of 10 checks passed.\n")
    assert f"Left out (--history: the log is finished): {', '.join(left_out)}." in " ".join(result.stdout.split())
    assert list(json.loads(places_of["json"].read_text())["left_out"]) == left_out
    suite = ElementTree.parse(places_of["junit"]).getroot()
    assert [case.get("name") for case in suite if case.find("skipped") is not None] == left_out
    assert suite.get("tests") == "14" and suite.get("skipped") == "4"


def test_what_is_switched_off_is_told(called: Called) -> None:
    own = called.folder / "own.yml"
    own.write_text("contract: {values: {severity: 'off'}}")
    result = called("contract", "--thresholds", own)
    assert result.stdout.startswith("The contract gate failed: 4 of 13 checks failed, 2 warned.\n")
    assert "Left out (switched off in the thresholds): values." in result.stdout


@pytest.mark.parametrize(
    ("value", "unit", "least", "most", "told"),
    [
        (0.0204, "share", None, 0.02, "2.04 % (at most 2 %)"),
        (0.020000001, "share", None, 0.02, "2.0000001 % (at most 2 %)"),
        (1e-9, "share", None, 0, "0.0000001 % (none allowed)"),
        (0.09999, "share", 0.1, None, "9.999 % (at least 10 %)"),
        (0.49999, "times", 0.5, 2, "0.49999 times (at least 0.5 times)"),
        (26.001, "hours_before", -1, 26, "26.001 h before (at most 26 h)"),
        (0.4, "hours_before", -1, 0.25, "24 min before (at most 15 min)"),
        (100.5, "hours_before", -1, 100, "4.19 days before (at most 100 h)"),
        (200.2, "hours_before", -1, 168, "8.34 days before (at most 7 days)"),
        (-1.0001, "hours_before", -1, 26, "1.0001 h after (at most 1 h after)"),
        (1, "cell", None, None, "1 cell (none allowed)"),
        (2875432, "cell", None, 1000, "2,875,432 cells (at most 1,000 cells)"),
        (1e300, "cell", None, None, f"1{',000' * 100} cells (none allowed)"),
    ],
)
def test_no_figure_is_rounded_into_its_limits(value: float, unit: str, least: float, most: float, told: str) -> None:
    assert f"{words.amount(value, unit, [least, most])} ({words.broken(value, least, most, unit)})" == told


@pytest.mark.parametrize("gate_name", ["contract", "integrity"])
def test_every_check_can_say_its_rule(gate_name: str) -> None:
    rules = {check: limits.rule() for check, limits in judge.read_thresholds(gate_name, None).items()}
    assert not [rule for rule in rules.values() if "{" in rule]
    known = {
        "volume": "the last complete week had at least 0.5 times and at most 2 times the rows of an average week before it",
        "freshness": "last loaded at most 1 h after and at most 26 h before as_of UTC",
        "denominators": "no cells of rpt_kpi_weekly whose numerator, denominator, value and interval don't fit together",
    }
    assert {check: rule for check, rule in rules.items() if check in known}.items() <= known.items()


def unwritable(folder: Path) -> dict[str, tuple[str, Path, str]]:
    """Places where no report can go: name -> option, path, and what has to be said of it."""
    (folder / "a_file").write_text("text")
    (folder / "binary").write_bytes(b"DUCK\x00\xff\xfe")
    (folder / "latin.md").write_bytes("Übersicht\n".encode("latin-1"))
    (folder / "utf16.md").write_bytes("Übersicht\n".encode("utf-16"))
    (folder / "broken").symlink_to(folder / "gone")
    (folder / "loop").symlink_to(folder / "loop")
    return {
        **{f"{option} is a folder": (f"--{option}", folder, "is a folder") for option in ("json", "junit", "markdown")},
        "docs are a file": ("--docs", folder / "a_file", "is a file. Name a folder"),
        "nothing at all": ("--markdown", Path(""), "is a folder"),
        "below a file": ("--json", folder / "a_file/deep/x.json", "a file, where a folder is needed"),
        "docs below a file": ("--docs", folder / "a_file/docs", "a file, where a folder is needed"),
        "broken link": ("--junit", folder / "broken", "which isn't there"),
        "broken link to docs": ("--docs", folder / "broken", "which isn't there"),
        "loop": ("--json", folder / "loop", "can't be written"),
        "too long": ("--json", folder / ("x" * 300), "can't be written: File name too long"),
        "nowhere to make it": ("--json", Path("/proc/none/x.json"), "was not written"),
        "Latin-1": ("--markdown", folder / "latin.md", "something else than UTF-8 text"),
        "UTF-16": ("--markdown", folder / "utf16.md", "something else than UTF-8 text"),
        "no report": ("--junit", folder / "binary", "it is no report"),
        "the database": ("--json", database(folder), "is what the database names, too"),
    }


@pytest.mark.parametrize("name", unwritable(Path(tempfile.mkdtemp())))
def test_a_report_that_cannot_be_written_ends_with_2(name: str, called: Called) -> None:
    option, path, says = unwritable(called.folder)[name]
    before = {file: file.read_bytes() for file in called.folder.rglob("*") if file.is_file()}
    result = called("contract", option, path)
    assert result.exit_code == 2 and says in result.stderr and f"{option} {path}" in result.stderr
    assert called.measured == (1 if "was not written" in says else 0), "it is told before anything is measured"
    assert {file: file.read_bytes() for file in called.folder.rglob("*") if file.is_file()} == before


def test_two_reports_need_two_places(called: Called) -> None:
    (called.folder / "own.yml").write_text("contract: {}")
    same = called.folder / "same"
    result = called("contract", "--json", same, "--junit", called.folder / "." / "same")
    assert result.exit_code == 2 and "is what --json names, too" in result.stderr
    result = called("contract", "--thresholds", called.folder / "own.yml", "--markdown", called.folder / "own.yml")
    assert result.exit_code == 2 and "is what --thresholds names, too" in result.stderr
    assert called.measured == 0 and {path.name for path in called.folder.iterdir()} == {"own.yml"}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_the_other_reports_and_the_verdict_survive_a_full_disk(called: Called, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(places.shutil, "copytree", full)
    xml, docs = called.folder / "x.xml", called.folder / "docs"
    result = called("contract", "--json", "/dev/full", "--junit", xml, "--docs", docs)
    assert result.exit_code == 2
    assert result.stdout.startswith("The contract gate failed: ")
    assert "--json /dev/full was not written: No space left on device" in result.stderr
    assert f"--docs {docs} was not written: No space left on device" in result.stderr
    assert ElementTree.parse(xml).getroot().get("failures") == "5" and not list(docs.iterdir())
    assert Path("/dev/full").is_char_device()


def test_a_report_goes_where_the_link_leads_and_keeps_its_mode(called: Called) -> None:
    real, link = called.folder / "real.json", called.folder / "link.json"
    real.write_text("{}")
    real.chmod(0o640)
    link.symlink_to(real)
    assert called("contract", "--json", link).exit_code == 1
    assert link.is_symlink() and json.loads(real.read_text())["gate"] == "contract"
    assert real.stat().st_mode & 0o777 == 0o640


def test_an_error_of_its_own_is_no_verdict(called: Called) -> None:
    called.figures = ZeroDivisionError("an error that nobody thought of")
    result = called("contract", "--json", called.folder / "x.json")
    assert (
        result.exit_code == 2 and "error in the gate itself" in result.stderr and "nobody thought of" in result.stderr
    )
    assert not list(called.folder.iterdir())


def test_a_reader_who_left_is_no_verdict() -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        Screen(file=Closed()).print("The gate passed.")


def test_an_interrupted_gate_drops_what_it_staged(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ran = []

    def run_dbt(command: str, *arguments: str, **_: Any) -> str:
        ran.append((command, *arguments)[: 1 if command == "build" else 2])
        if command == "build":
            raise KeyboardInterrupt
        return ""

    monkeypatch.setattr(warehouse, "run_dbt", run_dbt)
    monkeypatch.setenv("CLOSED_LOOP_DUCKDB", str(database(tmp_path)))
    # Beside no database: the one that was staged in is removed. Into a database: the schemas are dropped.
    for drops in ([], [("run-operation", "drop_scratch")]):
        result = CliRunner().invoke(app, ["contract"])
        assert result.exit_code == 2 and "was interrupted" in result.stderr
        assert ran == [("build",), *drops]
        assert {path.name for path in tmp_path.iterdir()} <= {database(tmp_path).name}
        database(tmp_path).write_text("no database, but not empty")
        ran.clear()


def test_an_interrupted_dbt_is_ended() -> None:
    # A shell that started the tests in the background has left SIGINT ignored.
    waits = "signal.signal(signal.SIGINT, signal.default_int_handler); print(flush=True); time.sleep(60)"
    sleeps = [sys.executable, "-c", f"import signal, time; {waits}"]
    with subprocess.Popen(sleeps, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        process.stdout.readline()
        warehouse.stop(process)
    assert process.returncode


def test_no_gate_makes_a_database(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(warehouse, "run_dbt", lambda *_, **__: pytest.fail("dbt would make a database"))
    monkeypatch.chdir(tmp_path)
    for file in (tmp_path / "x.duckdb", tmp_path / "empty.duckdb", tmp_path / "no folder/x.duckdb"):
        monkeypatch.setenv("CLOSED_LOOP_DUCKDB", str(file))
        if file.stem == "empty":
            file.touch()
        for arguments in (["integrity"], ["contract", "--vars", "{events_schema: raw}"]):
            result = CliRunner().invoke(app, arguments)
            assert result.exit_code == 2
            assert all(word in result.stderr for word in (str(file), "CLOSED_LOOP_DUCKDB", "dbt build"))
    result = CliRunner().invoke(app, ["contract"])
    assert result.exit_code == 2 and "there is no folder" in result.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"empty.duckdb"} and not (
        tmp_path / "empty.duckdb"
    ).stat().st_size


def test_the_database_is_that_of_the_profile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def file(text: str, target: str | None = None) -> Path | None:
        (tmp_path / "profiles.yml").write_text(text)
        return warehouse.duckdb_file(target, {})

    monkeypatch.setenv("DBT_PROFILES_DIR", str(tmp_path))
    monkeypatch.setenv("CLOSED_LOOP_DUCKDB", "from/here.duckdb")
    own = (ROOT / "profiles.yml").read_text()
    assert file(own) == ROOT / "from/here.duckdb" and file(own, "postgres") is None and file(own, "nowhere") is None
    one = "closed_loop: {target: a, outputs: {a: {type: duckdb, path: %s}}}"
    assert file(one % "/x/y.duckdb") == Path("/x/y.duckdb")
    assert file(one % "'md:y'") is None and file(one % "\"{{ env_var('NOT_SET') }}\"") is None
    assert file("[") is None


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["integrity", "--vars", "{as_of: ["], "--vars is no YAML"),
        (["integrity", "--vars", "[as_of]"], "has to be a YAML mapping"),
        (["contract", "--vars", "{as_of: soon}"], "as_of 'soon' is no UTC timestamp"),
        (["integrity", "--thresholds", "nowhere.yml"], "nowhere.yml"),
        (["integrity", "--no-such-option"], "--no-such-option"),
    ],
)
def test_what_could_not_run_says_why_and_ends_with_2(arguments: list[str], named: str, called: Called) -> None:
    result = called(*arguments)
    assert result.exit_code == 2 and named in result.stderr


@pytest.mark.slow
def test_a_target_that_is_none_is_told_by_dbt(tmp_path: Path) -> None:
    result = gate(tmp_path, "integrity", "--target", "nowhere")
    assert result.returncode == 2, result.stdout + result.stderr
    assert "nowhere" in result.stderr and "Traceback" not in result.stderr + result.stdout


@pytest.mark.slow
def test_an_unknown_var_stops_the_integrity_gate(built: Path) -> None:
    result = gate(built, "integrity", "--vars", "{event_path: x}")
    assert result.returncode == 2 and "there is no var event_path; did you mean events_path?" in result.stderr


@pytest.mark.parametrize(
    ("set_", "meant"),
    [("ASOF", "AS_OF"), ("DUCKDB_PATH", "DUCKDB"), ("MEMORY", "MEMORY_LIMIT"), ("duckdb", "DUCKDB"), ("HOME", "")],
)
def test_a_misspelt_environment_variable_is_named(set_: str, meant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"CLOSED_LOOP_{set_}", "x")
    expected = f"there is no CLOSED_LOOP_{set_}; did you mean CLOSED_LOOP_{meant}?"
    with pytest.raises(warehouse.CouldNotRun, match=re.escape(expected)) if meant else nullcontext():
        check_environment()


@pytest.mark.parametrize(
    ("own", "named"),
    [
        ("integrity: {no_such_check: {max: 1}}", "no check 'no_such_check'"),
        ("integrity: {violations: {severity: fatal}}", "severity is error, warn, off, not 'fatal'"),
        ("integrity: {violations: {max: few}}", "max has to be a number, not 'few'"),
        ("integrity: {violations: {max: .inf}}", "max has to be a number, not 'inf'"),
        ("integrity: {violations: {maximum: 1}}", "may have severity, min, max, says and do"),
        ("integrity: {violations: {unit: row}}", "may have severity, min, max, says and do"),
        ("integrity: {violations: {says: Too many.}}", "says has to hold {value}"),
        ("- a list", "holds no checks"),
        ("# \xdcber", "can't be read"),
    ],
)
def test_wrong_thresholds_are_named(own: str, named: str, called: Called) -> None:
    (called.folder / "own.yml").write_text(own, encoding="latin-1")
    result = called("integrity", "--thresholds", called.folder / "own.yml")
    assert result.exit_code == 2 and named in " ".join(result.stderr.split())


@pytest.mark.slow
def test_a_held_database_is_named(built: Path, tmp_path: Path) -> None:
    shutil.copy(database(built), database(tmp_path))
    with duckdb.connect(str(database(tmp_path))):
        result = gate(tmp_path, "integrity")
    assert result.returncode == 2, result.stdout + result.stderr
    assert f"Another program (process {os.getpid()}) has {database(tmp_path)} open." in result.stderr


@pytest.mark.slow
def test_the_job_of_the_readme_runs(tmp_path: Path) -> None:
    (job,) = re.findall(
        r"```yaml\n(name: closed_loop.*?)```",
        (ROOT / "docs/in_a_pipeline.md").read_text(encoding="utf-8"),
        flags=re.DOTALL,
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
    headings = [line for line in (tmp_path / "summary.md").read_text().splitlines() if line.startswith("## ")]
    assert [heading.split(":")[0] for heading in headings] == [
        "## The contract gate passed",
        "## The integrity gate passed",
    ]
