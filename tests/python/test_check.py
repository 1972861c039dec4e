"""The first look (`python -m scripts.check`): what it says of each row is what a build says, and of each KPI what the events can show."""

from __future__ import annotations

import csv
import dataclasses
import json
import shutil
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb
import hostile
import oracle
import pytest
from project import ROOT, SEEDS, query
from tiers import slow_but
from typer.testing import CliRunner, Result

from scripts.check import page, words
from scripts.check.__main__ import app
from scripts.check.look import Report, look
from scripts.check.macros import Project, Refused

DEMO = ROOT / "seeds/events"


def check(*arguments: str | Path) -> Result:
    """The command."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def workflows(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder with the demo's workflows, and no other reference table."""
    folder = tmp_path_factory.mktemp("reference")
    shutil.copy(SEEDS / "workflows.csv", folder)
    return str(folder)


def write(folder: Path, **tables: Iterable[dict[str, Any]]) -> Path:
    """CSV files of a few rows each, by the columns of the first row."""
    folder.mkdir(exist_ok=True)
    for name, rows in tables.items():
        rows = list(rows)
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return folder


def event(number: int, **columns: Any) -> dict[str, Any]:
    """An event of its own case, loaded a minute after it happened."""
    shared = {
        "event_id": f"e{number}", "case_id": f"c{number}", "occurred_at": "2026-03-02T09:00:00Z", "loaded_at": "2026-03-02T09:01:00Z",
    }  # fmt: skip
    return {**shared, **columns}


def triggers(count: int = 3, **columns: Any) -> list[dict[str, Any]]:
    """Cases that a demo workflow begins."""
    return [event(number, workflow="failed_payment", **columns) for number in range(count)]


def reasons_of(report: Report) -> Counter[tuple[str, str]]:
    """How many rows of each table would be quarantined for each reason."""
    found: Counter[tuple[str, str]] = Counter()
    for table in report.tables:
        for reason in table.reasons:
            found[table.name, reason.reason] += reason.rows
    return found


def ends_of(report: Report) -> list[tuple[str, int, int | None, int | None, int | None]]:
    """What became of the rows of each table."""
    return sorted(
        (table.name, table.rows - table.later, table.accepted, table.duplicates, table.quarantined)
        for table in report.tables
    )


def verdicts(report: Report) -> dict[str, str]:
    """KPI -> whether the events can show it."""
    return {kpi.kpi_id: kpi.coverage for kpi in report.kpis}


def why(report: Report, kpi_id: str) -> list[str]:
    """What is said of a KPI."""
    return next(kpi.why for kpi in report.kpis if kpi.kpi_id == kpi_id)


@pytest.mark.parametrize("seed", slow_but({0}, range(6)))
def test_every_row_ends_as_the_rules_say(seed: int, tmp_path: Path) -> None:
    events, reference, variables = hostile.hostile_events(seed)
    given = hostile.write_inputs(tmp_path, events, reference, variables)
    report = look(str(given.pop("events_path")), str(given.pop("reference_path")), given)
    assert report.problems == []
    expected = oracle.sort_rows(events, oracle.reference_from(reference), oracle.settings_from(events, variables))
    quarantined = oracle.quarantined_events(expected)
    assert quarantined
    assert reasons_of(report) == Counter((row["source_table"], row["reason"]) for row in quarantined)
    assert ends_of(report) == sorted(tuple(row.values()) for row in oracle.row_reconciliation(expected))


def test_says_of_the_demo_what_its_build_says(demo: Path, tmp_path: Path) -> None:
    page_file, json_file = tmp_path / "check.html", tmp_path / "check.json"
    result = check(DEMO, "--reference", SEEDS, "--page", page_file, "--json", json_file)
    assert result.exit_code == 0, result.stdout + result.stderr
    said = json.loads(json_file.read_text(encoding="utf-8"))
    built = query(demo, "select source_table, reason, count(*) from marts.rpt_quarantined_event group by all")
    found: Counter[tuple[str, str]] = Counter()
    for table in said["tables"]:
        for reason in table["reasons"]:
            found[table["name"], reason["reason"]] += reason["rows"]
            assert 0 < len(reason["examples"]) <= 3
    assert found == {(table, reason): rows for table, reason, rows in built}
    ends = query(demo, "from marts.rpt_row_reconciliation order by source_table")
    keys = ("name", "rows", "accepted", "duplicates", "quarantined")
    assert sorted(tuple(table[key] for key in keys) for table in said["tables"]) == ends
    ((as_of,),) = query(demo, "select cast(as_of as varchar) from marts.dim_run")
    assert said["as_of"] == as_of
    # The demo has a unit of every KPI, and tells what it can't know.
    in_part = {kpi["kpi_id"] for kpi in said["kpis"] if kpi["coverage"] != "full"}
    assert in_part == {"context_handover_rate", "agent_minutes_per_resolution", "handle_time_mean"}
    assert "A build would run." in result.stdout and "case-90005" in result.stdout
    assert "A build would run." in page_file.read_text(encoding="utf-8")


def test_without_acknowledgements_nothing_counts_as_resolved(tmp_path: Path, workflows: str) -> None:
    actions = [event(0, action="pay", step="completed", actor="customer")]
    messages = [event(1, message_id="m", channel="sms", status="sent", is_fallback="false")]
    report = look(
        str(write(tmp_path, case_triggers=triggers(), action_events=actions, message_events=messages)), workflows, {}
    )
    assert report.problems == []
    found = verdicts(report)
    assert found["completion_rate"] == found["conversation_volume"] == "full"
    for kpi_id in (
        "automated_resolution_rate",
        "verified_writeback_rate",
        "deflection_rate",
        "time_to_resolution_p90",
        "sla_breach_rate",
    ):
        assert found[kpi_id] == "none"
        assert "no acknowledgements: nothing can count as resolved" in why(report, kpi_id)
    # No agent is in the events: untouched by one is no finding. The completed actions decide what is contained, though.
    assert found["bot_containment_rate"] == "none" and found["containment_rate"] == "partial"
    # A message can be a fallback, and none of them was.
    assert found["fallback_rate"] == "partial" and found["open_rate"] == "none"
    # The demo's workflows collect payments, and no payment is there.
    assert found["payment_recovery_per_1000"] == "none"


def test_what_a_source_knows_in_part_is_shown_in_part(tmp_path: Path, workflows: str) -> None:
    touches = [
        event(number, agent_ref="a", outcome="resolved", handle_minutes=minutes)
        for number, minutes in enumerate([4, 5, ""])
    ]
    report = look(str(write(tmp_path, case_triggers=triggers(), agent_touches=touches)), workflows, {})
    assert verdicts(report)["handle_time_mean"] == "partial"
    assert why(report, "handle_time_mean") == ["handle_minutes is known in 2 of 3 rows of agent_touches"]


def written(count: int = 3) -> dict[str, list[dict[str, Any]]]:
    """Cases whose records are written and acknowledged; nothing is required of the fields."""
    attempts = [
        event(
            number,
            idempotency_key=f"k{number}",
            attempt_number=1,
            target_system="crm",
            status="accepted",
            fields_required="",
        )
        for number in range(count)
    ]
    acks = [
        event(number, idempotency_key=f"k{number}", ack_id=f"a{number}", outcome="persisted", fields_persisted="")
        for number in range(count)
    ]
    return {"case_triggers": triggers(count), "writeback_attempts": attempts, "writeback_acks": acks}


def test_one_acknowledgement_that_proves_nothing_hides_no_kpi(tmp_path: Path, workflows: str) -> None:
    tables = written()
    tables["writeback_attempts"][0]["fields_required"] = 4
    report = look(str(write(tmp_path / "one", **tables)), workflows, {})
    assert verdicts(report)["writeback_success_rate"] == "partial"
    assert why(report, "writeback_success_rate") == ["fields_persisted is known in 2 of 3 rows of writeback_acks"]
    # The first attempt says what is required: a retry of the same record that says more changes nothing.
    retry = {**tables["writeback_attempts"][0], "event_id": "retry", "occurred_at": "2026-03-02T09:00:30Z"}
    tables["writeback_attempts"][0]["fields_required"] = ""
    report = look(
        str(write(tmp_path / "retry", **tables | {"writeback_attempts": [*tables["writeback_attempts"], retry]})),
        workflows,
        {},
    )
    assert verdicts(report)["writeback_success_rate"] == "full"
    for row in tables["writeback_attempts"]:
        row["fields_required"] = 4
    report = look(str(write(tmp_path / "all", **tables)), workflows, {})
    assert verdicts(report)["writeback_success_rate"] == verdicts(report)["deflection_rate"] == "none"
    assert "none proves anything" in " ".join(why(report, "writeback_success_rate"))


def test_a_second_attempt_is_one_whatever_its_number(tmp_path: Path, workflows: str) -> None:
    tables = written()
    assert verdicts(look(str(write(tmp_path / "once", **tables)), workflows, {}))["writeback_retry_rate"] == "partial"
    tables["writeback_attempts"].append({**tables["writeback_attempts"][0], "event_id": "again"})
    assert verdicts(look(str(write(tmp_path / "twice", **tables)), workflows, {}))["writeback_retry_rate"] == "full"


def test_what_moves_a_figure_is_enough_to_show_it(tmp_path: Path, workflows: str) -> None:
    """Handle minutes without wrap-up, resolved cases with agents and without actions, payments none of which failed."""
    touches = [event(0, agent_ref="a", outcome="returned", handle_minutes=4, exception_id="e0")]
    payments = [event(1, payment_id="p", flow="automated", status="succeeded", amount=5, currency="USD")]
    tables = written() | {"agent_touches": touches, "exceptions": [event(0, reason="stuck")], "payments": payments}
    report = look(str(write(tmp_path, **tables)), workflows, {})
    found = verdicts(report)
    assert (
        found["agent_minutes_per_resolution"] == found["self_cure_rate"] == found["payment_decline_rate"] == "partial"
    )
    assert why(report, "agent_minutes_per_resolution") == ["no touch says its wrap_up_minutes"]
    assert why(report, "payment_decline_rate") == ["no automated payment failed (flow, status)"]
    assert "no touch on an exception resolved it (outcome), so it is right only if that never happens" in why(
        report, "escalation_success_rate"
    )


def test_kpis_of_other_workflows_can_not_be_shown(tmp_path: Path, workflows: str) -> None:
    address = [{**row, "workflow": "address_update"} for row in triggers()]
    report = look(str(write(tmp_path, case_triggers=address)), workflows, {})
    assert "no workflow of these cases has collects_payment in the table workflows" in why(
        report, "payment_decline_rate"
    )


def test_every_column_of_a_kpi_says_what_it_needs() -> None:
    with duckdb.connect() as connection:
        project = Project(connection, {})
        needs = project.call("kpi_needs")
        assert len({need["kpi_id"] for need in needs}) == len(project.call("kpi_definitions")) == 40
        without = Project(connection, {})
        without.replace_macro("facts_of_columns", lambda: {"messages": {}, "cases": {}})
        with pytest.raises(
            Refused, match="lacks the column triggered_at of cases, by which completion_rate is defined"
        ):
            without.call("kpi_needs")


def test_names_what_stops_a_build_and_what_it_may_be_meant_for(tmp_path: Path) -> None:
    actions = [event(0, action="pay", stepp="completed", actor="customer", colour="red")]
    write(tmp_path, case_triggers=triggers(), action_events=actions, notes=[{"a": 1}])
    result = check(tmp_path)
    assert result.exit_code == 1
    said = " ".join(result.stdout.split())
    assert "A build would stop: 2 problems." in said
    assert "table action_events lacks the column step (text). Add it." in said
    assert "the reference table workflows is not given" in said
    assert "action_events.stepp is no column of the contract, and is not read; is it meant to be step?" in said
    assert "action_events.colour is no column of the contract, and is not read." in said
    assert "holds what is none of the tables, and is not read: notes.csv." in said
    assert "each of which needs a row in workflows: failed_payment (3)." in said
    # What can be judged is judged all the same: no workflow counts as unknown where none is given.
    assert "case_triggers .csv 3 3 0 0" in said


def test_tables_wait_for_what_their_rows_are_looked_up_in(tmp_path: Path, workflows: str) -> None:
    broken = [{**row, "occurred_at": "yesterday"} for row in triggers()]
    exceptions = [event(0, reason="stuck")]
    report = look(str(write(tmp_path, case_triggers=broken, exceptions=exceptions)), workflows, {})
    assert (
        len(report.problems) == 1
        and "case_triggers.occurred_at" in report.problems[0]
        and "'yesterday'" in report.problems[0]
    )
    (waiting,) = (table for table in report.tables if table.name == "exceptions")
    assert (waiting.waits_for, waiting.rows, waiting.accepted, waiting.quarantined) == ("case_triggers", 1, None, None)


def test_reference_tables_that_are_wrong_are_not_called_missing(tmp_path: Path, workflows: str) -> None:
    reference = tmp_path / "reference"
    shutil.copytree(workflows, reference)
    table = reference / "workflows.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("billing", "biling"), encoding="utf-8")
    report = look(str(write(tmp_path / "events", case_triggers=triggers())), str(reference), {})
    assert len(report.problems) == 1 and "has another domain than billing" in report.problems[0]
    table.rename(reference / "workflow.csv")
    report = look(str(tmp_path / "events"), str(reference), {})
    assert [problem for problem in report.problems if "looks like the table workflows" in problem]
    assert not [problem for problem in report.problems if "not given" in problem]


def test_files_that_can_not_be_read_are_named(tmp_path: Path, workflows: str) -> None:
    write(tmp_path, case_triggers=triggers())
    (tmp_path / "payments.parquet").write_text("no Parquet")
    report = look(str(tmp_path), workflows, {})
    assert len(report.problems) == 1 and report.problems[0].startswith("table payments can't be read: ")
    assert verdicts(report)["payment_decline_rate"] == "none"


def test_silent_traps_are_told(tmp_path: Path, workflows: str) -> None:
    copied = [
        event(
            number,
            loaded_at="2026-03-02T09:00:00Z",
            ended_at="2026-03-02T09:30:00Z",
            agent_ref="a",
            outcome="resolved",
            handle_minutes=0,
        )
        for number in range(3)
    ]
    local = [{**row, "occurred_at": "2026-03-02 09:00:00"} for row in triggers()]
    report = look(str(write(tmp_path, case_triggers=local, agent_touches=copied)), workflows, {})
    (touches,) = (table for table in report.tables if table.name == "agent_touches")
    assert [(reason.reason, reason.column, reason.rows) for reason in touches.reasons] == [
        ("from_the_future", "ended_at", 3)
    ]
    said = "\n".join(words.remarks(report))
    assert "agent_touches: loaded_at is occurred_at in every row." in said
    assert "agent_touches: handle_minutes is 0 in every row." in said
    assert "So much would be quarantined that a build warns of it: agent_touches 100 %." in said
    assert "case_triggers: occurred_at is without a zone: read as UTC." in said
    assert "no row of agent_touches would be accepted" in why(report, "handle_time_mean")


def test_events_without_a_case_are_of_no_use(tmp_path: Path, workflows: str) -> None:
    write(tmp_path, case_triggers=triggers(occurred_at="1999-12-31T00:00:00Z"))
    result = check(tmp_path, "--reference", workflows)
    assert result.exit_code == 1
    assert "A build would run, and find no case: not one trigger would be accepted." in result.stdout
    assert "before_history: occurred_at is 1999-12-31 00:00:00 (3)" in result.stdout
    earlier = check(tmp_path, "--reference", workflows, "--vars", "{history_start: '1999-01-01'}")
    assert earlier.exit_code == 0 and "It would quarantine 0 of 3 rows" in earlier.stdout


def test_rows_of_later_are_not_counted(tmp_path: Path, workflows: str) -> None:
    write(tmp_path, case_triggers=[*triggers(2), event(9, workflow="failed_payment", loaded_at="2026-03-05T09:00:00Z")])
    report = look(str(tmp_path), workflows, {"as_of": "2026-03-03 00:00:00"})
    table = report.tables[0]
    assert (table.rows, table.later, table.accepted) == (3, 1, 2)


def test_texts_of_the_data_stay_texts(tmp_path: Path, workflows: str) -> None:
    nasty = "<script>alert(1)</script>[red]\x1b[2J"
    write(tmp_path, case_triggers=[*triggers(), event(7, workflow=nasty)])
    html = page.html(look(str(tmp_path), workflows, {}))
    assert "&lt;script&gt;" in html and "<script" not in html
    result = check(tmp_path, "--reference", workflows)
    assert "\x1b" not in result.stdout and "[red]\\x1b[2J" in result.stdout


def test_personal_texts_are_not_told(tmp_path: Path, workflows: str) -> None:
    touches = [event(number, agent_ref=name, outcome="lost") for number, name in enumerate(["Ada Secret", ""])]
    write(tmp_path, case_triggers=triggers(customer_ref="Grace Secret"), agent_touches=touches)
    report = look(str(tmp_path), workflows, {})
    assert reasons_of(report) == {("agent_touches", "invalid_value"): 2}
    assert "Secret" not in json.dumps(dataclasses.asdict(report))
    assert "Secret" not in page.html(report) and "Secret" not in check(tmp_path, "--reference", workflows).stdout


def test_could_not_run_is_an_exit_code_of_its_own(tmp_path: Path, workflows: str) -> None:
    write(tmp_path, case_triggers=triggers())
    for arguments, said in {
        ("--vars", "[a"): "--vars [a is no YAML",
        ("--page", str(tmp_path / "nowhere/check.html")): "can't be written",
    }.items():
        result = check(tmp_path, "--reference", workflows, *arguments)
        assert result.exit_code == 2 and said in result.stderr and not result.stdout, result.stderr
    unknown = check(tmp_path, "--reference", workflows, "--vars", "{reporting_timezon: UTC}")
    assert unknown.exit_code == 1 and "did you mean reporting_timezone?" in unknown.stdout
    nowhere = check(tmp_path / "nowhere")
    assert nowhere.exit_code == 1 and "check that it exists" in " ".join(nowhere.stdout.split())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["case_triggers.csv"]


@pytest.mark.parametrize("quarantined, warned", [(5, []), (6, ["case_triggers"])])
def test_a_build_warns_of_many_quarantined_rows(quarantined: int, warned: list[str]) -> None:
    test = (ROOT / "tests/singular/few_rows_are_quarantined.sql").read_text(encoding="utf-8")
    assert "severity='warn'" in test
    with duckdb.connect() as connection:
        rows = f"('case_triggers', 100, {100 - quarantined}, 0, {quarantined}), ('payments', 0, 0, 0, 0)"
        connection.execute(
            "create table rpt_row_reconciliation as"
            f" from (values {rows}) as t (source_table, raw_rows, accepted_rows, duplicate_rows, quarantined_rows)"
        )
        project = Project(connection, {})
        assert [row[0] for row in connection.sql(project.template(test).render()).fetchall()] == warned
        # The last lines of a build name the table, too.
        assert project.call("tables_much_quarantined", "rpt_row_reconciliation") == [f"{name} (6 %)" for name in warned]
