"""Whatever is in the data, the vars or a path is only text, and no secret is written anywhere."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import duckdb
import hostile
import jinja2
import pytest
import yaml
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from made_events import DEFAULTS, Events
from project import LOGGED, ROOT, WITHOUT_TESTS, WITHOUT_UNIT_TESTS, build, database, dbt, query
from rich.console import Console
from test_gate import gate
from typer.testing import CliRunner

from scripts.gate import report, warehouse
from scripts.gate.__main__ import app
from scripts.gate.judge import Limits, Outcome, Result

TEXTS = {
    "little bobby": "Robert'); drop schema marts cascade;--",
    "ends a string": "' or 1 = 1 /*",
    "quoted": "\"quoted\" 'twice' `thrice`",
    "dollar quotes": "$$; select 1; $body$ ${PGPASSWORD} $1 :name ?",
    "jinja": "{{ ref('x') }} {{ env_var('HOME') }}",
    "jinja block": "{% raw %} {% endfor %} {# #} }} %}",
    "backslashes": "\\ \\' \\n \\u0041 \\| \\\\| \\x",
    "lines": "one\ntwo\r\nthree\rfour\u2028five",
    "control": "\t\x01\x1b[2J\x1b]0;title\x07\x7f",
    "right to left": "\u202eabc\u202c \u05d0\u05d1 \ufeff",
    "marks": "e\u0301 \U0001f469\u200d\U0001f4bb \uff5e \U0010fffd",
    "percent": "100% %s %(name)s %%",
    "html": "<script>alert(1)</script> &amp; <!-- ]]>",
    "markup": "[red]x[/red] [/] | ``` ~~~ **b**",
    "formula": "=cmd|' /C calc'!A0",
    "json": '{"a": [1, null]} \\"',
    "word": "null",
    "blank": " ",
    "path": "../../etc/passwd\\..\\*[a-z]?",
    "comma": 'a,b;"c""d"',
    "long": "x'" * 5000,
}  # fmt: skip
ID_COLUMNS = ["event_id", "case_id"]
FREE_TEXTS = {
    table: [name for name, kind in columns.items() if kind == "varchar" and (table, name) not in hostile.LISTED]
    for table, columns in hostile.COLUMN_TYPES.items()
}
MONDAY = dt.datetime(2026, 3, 2, 9)
AS_OF = dt.datetime(2026, 6, 1)
SECRETS = {
    "PGPASSWORD": "hunter2-in-the-environment",
    "DBT_ENV_SECRET_TOKEN": "s3cr3t-of-dbt",
    "AWS_SECRET_ACCESS_KEY": "wJalr-not-a-real-key",
    "DBT_ENV_SECRET_PII_KEY": "k3yOfHashedColumns" * 2,
}


# Data ----------------------------------------------------------------------------------------------------------------


def event(table: str, text: str, occurred_at: dt.datetime = MONDAY) -> dict[str, Any]:
    """A sound event whose every free text is the same."""
    row = {**DEFAULTS[table], **{name: text for name in [*ID_COLUMNS, *FREE_TEXTS[table]]}}
    return {**row, "occurred_at": occurred_at, "loaded_at": MONDAY + dt.timedelta(hours=1)}


def hostile_texts(folder: Path) -> dict[str, Any]:
    """Per text a case, resolved in time, in a workflow of that name, and beside each event one from before history."""
    events: dict[str, list[dict[str, Any]]] = {table: [] for table in DEFAULTS}
    for text in TEXTS.values():
        for table, rows in events.items():
            rows += [event(table, text), {**event(table, text, dt.datetime(2001, 1, 1)), "event_id": "old" + text}]
    hostile.write_parquet(events, str(folder / "events"))

    first = dt.date(2015, 1, 1)
    flags = {"requires_consent": True, "requires_identity": True, "requires_document": False, "collects_payment": True}
    flags |= {"requires_attestation": False, "requires_payment": False}
    sla = {"domain": "billing", "sla_value": 1, "sla_unit": "hours", "maturity_days": 7, **flags}
    rows_of = {
        "workflows": lambda text: {**sla, "workflow": text, "owner": text, "completion_means": text},
        "kpi_targets": lambda text: {
            **{"kpi_id": "completion_rate", "kind": "absolute", "target": 0.9, "red_flag": 0.1},
            **{"workflow": text, "owner": text, "action": text},
        },
        "cost_rates": lambda text: {
            **{"category": "messaging", "unit": "message", "amount": 0.1, "valid_from": first, "valid_to": None},
            **{"channel": text, "currency": text},
        },
        "fixed_costs": lambda text: {
            **{"month": dt.date(2026, 3, 1), "category": "agent", "amount": Decimal(10)},
            **{"workflow": text, "currency": text},
        },
        "fx_rates": lambda text: {"currency": text, "valid_from": first, "rate": 2},
        "business_holidays": lambda text: {"holiday_date": first, "name": text},
        "alert_rules": lambda text: {
            **{"kpi_id": "completion_rate", "kind": "above", "amount": 0.5, "min_sample": 1, "severity": "page"},
            **{"rule_id": text, "owner": text, "action": text},
        },
    }
    reference = {table: [row_of(text) for text in TEXTS.values()] for table, row_of in rows_of.items()}
    hostile.write_reference_csv(reference, str(folder / "reference"))
    return {"events_path": folder / "events", "reference_path": folder / "reference", "as_of": AS_OF}


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a build of the hostile texts, secrets in its environment."""
    folder = tmp_path_factory.mktemp("texts")
    variables = hostile_texts(folder)
    build(folder, variables, *WITHOUT_TESTS, environment=SECRETS | LOGGED, artifacts=True)
    return folder


@pytest.mark.slow
def test_every_data_test_passes(texts: Path, tmp_path: Path) -> None:
    folder = tmp_path / "tested"
    shutil.copytree(texts, folder)
    paths = {"events_path": folder / "events", "reference_path": folder / "reference"}
    # Parsed anew: with the secrets in the environment.
    arguments = ("--no-partial-parse", "test", *WITHOUT_UNIT_TESTS)
    result = dbt(*arguments, folder=folder, variables={**paths, "as_of": AS_OF}, environment=SECRETS | LOGGED)
    assert result.returncode == 0, result.stdout[-6000:]
    assert_no_secret(folder)


@pytest.mark.slow
def test_texts_arrive_unchanged(texts: Path) -> None:
    everything = sorted(TEXTS.values())
    # The currency of what is owed is not published.
    trigger = ", ".join(column for column in FREE_TEXTS["case_triggers"] if column != "currency")
    for table, columns in {
        "fct_case_journey": f"case_id, {trigger}",
        "fct_writeback": "case_id, idempotency_key, target_system, last_error_reason",
        "fct_exception": "exception_id, case_id, reason",
        "fct_message": "case_id, message_id",
        "dim_workflow": "workflow, owner, completion_means",
    }.items():
        rows = query(texts, f"select {columns} from marts.{table}")
        assert sorted(row[0] for row in rows) == everything, table
        assert all(set(row) == {row[0]} for row in rows), table

    # A completed case is in a final week: the target is met, and the rule of each text is breached in each workflow.
    cells = query(
        texts,
        """
        select workflow, owner, status from marts.rpt_kpi_weekly
        where kpi_id = 'completion_rate' and cohort_dimension = 'all' and workflow <> '(all)' and value = 1
        """,
    )
    assert sorted(cells) == [(text, text, "too_little_data") for text in everything]
    alerts = query(texts, "select rule_id, owner, action from marts.rpt_alert where workflow = '(all)' and value = 1")
    assert sorted(alerts) == [(text, text, text) for text in everything]
    health = query(texts, "select target_system, top_error_reason, verified from marts.rpt_writeback_health_weekly")
    assert sorted(health) == [(text, text, 1) for text in everything]
    paid = query(texts, "select distinct net_collected, is_resolved from marts.fct_case_journey")
    assert paid == [(0.0, True)]


@pytest.mark.slow
def test_the_audit_trail_tells_them_unchanged(texts: Path) -> None:
    rows = query(texts, "select source_table, event_id, case_id, actor, what from marts.fct_case_event")
    assert sorted(row[:3] for row in rows) == sorted(
        (table, text, text) for table in DEFAULTS for text in TEXTS.values()
    )
    # Two of the free texts of a trigger are told, each with its own words round it.
    told = {(table, text): (actor, what) for table, text, _, actor, what in rows}
    for text in TEXTS.values():
        assert told["case_triggers", text] == (text, f"case triggered: {text}")
        assert told["evidence_items", text] == ("customer", f"valid consent evidence at {text}")
        assert told["agent_touches", text] == (f"agent {text}", f"agent touch on exception {text}: resolved")
        assert told["payments", text] == ("customer", f"payment {text} succeeded: 0.00 {text}: {text}")
        assert told["action_events", text] == (f"customer {text}", f"action pay completed in message {text}: {text}")


@pytest.mark.slow
def test_quarantined_rows_parse_to_what_they_were(texts: Path) -> None:
    rows = query(texts, "select source_table, event_id, case_id, reason, row_json from marts.rpt_quarantined_event")
    got = {(table, event_id): (case_id, reason, json.loads(raw)) for table, event_id, case_id, reason, raw in rows}
    assert len(got) == len(rows) == len(DEFAULTS) * len(TEXTS)
    for text in TEXTS.values():
        for table in DEFAULTS:
            raw = {**event(table, text), "event_id": "old" + text}
            raw |= {"occurred_at": "2001-01-01 00:00:00", "loaded_at": "2026-03-02 10:00:00"}
            assert got[table, "old" + text] == (text, "before_history", raw)


# Vars and paths ------------------------------------------------------------------------------------------------------

DROP = "; drop schema marts cascade; drop schema staging cascade; --"
# dbt renders a var that is a text once, as Jinja; what comes of it has to be refused all the same.
HOSTILE_VALUES = {
    "quotes and lines": f"UTC\n'\"{DROP}",
    "open end": "x'; drop schema marts cascade; commit; select * from information_schema.tables where '1' = '1",
    "rendered": "{{ 'x\"' }}" + DROP,
    "list": [f"x'{DROP}", "UTC"],
    "dict": {f"x'{DROP}": "UTC"},
}
PATHS = {"events_path", "reference_path"}
SCHEMAS = {"events_schema", "reference_schema"}
SETTINGS = set(yaml.safe_load((ROOT / "dbt_project.yml").read_text())["vars"]) - PATHS - SCHEMAS


def marked_database(folder: Path) -> Path:
    """A database with something to lose; returns the folder."""
    folder.mkdir(exist_ok=True)
    with duckdb.connect(str(database(folder))) as connection:
        connection.execute("create schema marts; create schema staging; create table marts.kept as select 42 as answer")
    return folder


def assert_untouched(folder: Path) -> None:
    """Nothing was dropped, and no table was made."""
    assert query(folder, "select answer from marts.kept") == [(42,)]
    tables = query(folder, "select table_schema, table_name from information_schema.tables")
    assert tables == [("marts", "kept")]
    assert query(folder, "select count(*) from duckdb_schemas() where schema_name = 'staging' and not internal") == [
        (1,)
    ]


def assert_refused(variables: dict[str, Any], folder: Path) -> None:
    """A build ends before it has made or dropped anything, and names each var."""
    result = dbt("build", folder=folder, variables=variables)
    assert result.returncode != 0
    assert not {var for var in variables if f"{var} '" not in result.stdout}, result.stdout[-3000:]
    assert "othing was built" in result.stdout and "Traceback" not in result.stdout + result.stderr
    assert_untouched(folder)


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE_VALUES)
def test_hostile_vars_are_refused(name: str, tmp_path: Path) -> None:
    """All of them at once."""
    value = HOSTILE_VALUES[name]
    # Of a list, dbt itself makes no schema of a source.
    others = {"reference_schema"} if not isinstance(value, str) else SCHEMAS
    assert_refused(dict.fromkeys((SETTINGS | others) - {"schema_prefix"}, value), marked_database(tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize("value", [f'x"{DROP}', HOSTILE_VALUES["list"]], ids=["double quote", "list"])
def test_a_hostile_prefix_is_refused(value: Any, tmp_path: Path) -> None:
    """It comes alone: it is in the names of the schemas that dbt makes before any hook runs."""
    assert_refused({"schema_prefix": value}, marked_database(tmp_path))


def database_name_problem(path: str) -> str | None:
    """What the macro of this name says of a path, as dbt-duckdb reads it; dbt itself would parse the project for each."""
    returned: list[str | None] = []

    class Returned(Exception):
        pass

    def return_(value: str | None) -> None:
        returned.append(value)
        raise Returned

    target = {"path": path, "database": DuckDBCredentials.path_derived_database_name(path)}
    template = (ROOT / "macros/engine/duckdb.sql").read_text(encoding="utf-8")
    environment = jinja2.Environment(extensions=["jinja2.ext.do"])
    module = environment.from_string(template, {"target": target, "modules": {"re": re}, "return": return_}).module
    with pytest.raises(Returned):
        module.duckdb__database_name_problem()  # type: ignore[attr-defined]
    return returned[0]


def test_a_database_has_a_name_that_duckdb_takes() -> None:
    good = [
        "closed_loop.duckdb",
        "/data/ä b-1%{.v2.duckdb",
        "it's/a.duckdb",
        ":memory:",
        "md:main?x=1",
        "mains.db",
        "pg_catalog.db",
    ]
    bad = [
        "main.duckdb",
        "/data/MAIN.v2.duckdb",
        "system",
        "temp",
        ".temp.db",
        "it's.duckdb",
        'a"b.db',
        "a\\b.db",
        "a\n.db",
        "a?b.db",
    ]
    bad += ["a#b/c.db", "a;b.db", " a.db"]
    assert {path: database_name_problem(path) for path in good} == dict.fromkeys(good)
    for path in bad:
        assert f"CLOSED_LOOP_DUCKDB '{path}' can't be used" in (database_name_problem(path) or ""), path


@pytest.mark.slow
def test_a_build_refuses_another_name(tmp_path: Path) -> None:
    result = dbt("build", folder=tmp_path, environment={"CLOSED_LOOP_DUCKDB": "system"})
    assert result.returncode != 0 and "CLOSED_LOOP_DUCKDB 'system' can't be used" in result.stdout
    assert "Nothing was built." in result.stdout and not (tmp_path / "system").exists()


# Commands that run SQL without the project's hook.
WITHOUT_THE_HOOK = {
    "zone": (
        ("show", "--inline", "select {{ to_local(\"timestamp '2026-01-01'\") }} as x"),
        {"reporting_timezone": "UTC') as x; drop schema marts cascade; select ('1"},
    ),
    "events": (
        ("show", "--inline", "select * from ({{ raw_rows('events', 'payments') }}) as x"),
        {"events_schema": HOSTILE_VALUES["open end"]},
    ),
    "prefix": (("run-operation", "drop_scratch"), {"schema_prefix": f'x"{DROP}'}),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", WITHOUT_THE_HOOK)
def test_hostile_vars_do_no_harm_without_the_hook(name: str, tmp_path: Path) -> None:
    command, variables = WITHOUT_THE_HOOK[name]
    folder = marked_database(tmp_path)
    assert dbt(*command, folder=folder, variables=variables).returncode != 0
    assert_untouched(folder)


def two_events() -> Events:
    events = Events()
    events.add("case_triggers", "c1", "2026-03-02 09:00", workflow="failed_payment")
    events.add("payments", "c1", "2026-03-02 09:02", amount=12.5)
    return events


@pytest.mark.slow
def test_a_path_is_no_pattern_and_no_code(tmp_path: Path) -> None:
    """A folder named like code is read; one whose name the pattern in it would match is not."""
    folder = tmp_path / 'it\'s a "{{ test }}"; -- [1]*?'
    two_events().write(folder / "events")
    shutil.copytree(ROOT / "seeds/reference", folder / "reference", ignore=shutil.ignore_patterns("*.yml"))
    other = tmp_path / 'it\'s a "{{ test }}"; -- 1 and more'
    wrong = two_events()
    wrong.add("payments", "c1", "2026-03-02 09:03", amount=99)
    wrong.write(other / "events")

    def raw(path: Path) -> str:
        # dbt renders vars; so a path with braces is given as raw text.
        return f"{{% raw %}}{path}{{% endraw %}}"

    paths = {"events_path": raw(folder / "events"), "reference_path": raw(folder / "reference")}
    build(tmp_path, paths, *WITHOUT_TESTS)
    assert query(tmp_path, "select net_collected from marts.fct_case_journey") == [(12.5,)]

    shutil.rmtree(folder)
    result = dbt("build", folder=tmp_path, variables=paths)
    assert result.returncode != 0 and "holds none of the tables" in result.stdout, result.stdout[-3000:]


# Gates ---------------------------------------------------------------------------------------------------------------


def hostile_results() -> list[Result]:
    """A failed and a warned check of every hostile text, in the rows and in the words of a thresholds file."""
    rows = [{"thing": text, "problem": text, "of_row": None} for text in [*TEXTS.values(), "\x00\ufffe\uffff"]]
    failing = [{**row, "measured": 1.0} for row in rows]
    words = TEXTS["control"] + TEXTS["markup"] + TEXTS["html"] + TEXTS["lines"] + "{value} {problem} {thing} {0.x} {"
    return [
        Result(check, Limits(severity, "row", words, words, max=0.0), status, len(rows), failing[at:], rows[at:])
        for at in range(0, len(rows), 5)
        for check, severity, status in [("keys", "error", "failed"), ("values", "warn", "warned")]
    ]


def test_gate_reports_hold_hostile_texts(tmp_path: Path) -> None:
    results = hostile_results()
    outcome = Outcome("contract", results, {"volume": TEXTS["lines"] + TEXTS["control"]})
    suite = ElementTree.fromstring(report.as_junit(outcome))
    assert len(suite.findall("testcase/failure")) == len(suite.findall("testcase/system-out")) == len(results) / 2
    told = json.loads(report.as_json(outcome))["checks"]
    assert [check["rows"] for check in told] == [result.rows for result in outcome.results]

    lines = re.split(r"\r\n|\r|\n", report.as_markdown(outcome))
    table = [line for line in lines if line.startswith("|")]
    assert len(table) == 2 + len(results)
    assert all(len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) == 4 for line in table)
    # Fences open and close in turn, and every row of what is wrong is within one.
    fences = [line for line in lines if line.lstrip().startswith(("```", "~~~"))]
    assert fences == ["```text", "```"] * len(results)

    with (tmp_path / "screen").open("w+", encoding="utf-8", newline="") as file:
        report.print_screen(outcome, Console(file=file, width=200, color_system=None))
        file.seek(0)
        screen = file.read()
    assert "[red]x[/red]" in screen
    assert not set(re.findall(r"[\x00-\x09\x0b-\x1f\x7f]", screen)), "a terminal obeys these"


HOSTILE_CALLS = {
    "vars make an object": ["integrity", "--vars", "!!python/object/apply:os.system ['touch /tmp/made']"],
    "vars hold a date": ["contract", "--vars", "{as_of: [2026-01-01]}"],
    "as_of is SQL": ["contract", "--vars", json.dumps({"as_of": f"x'{DROP}"})],
    "thresholds name no check": ["integrity", "--thresholds", "{integrity: {\"x'[red]\\e[2J{{ y }}\": {severity: warn}}}"],
    "thresholds are a list": ["integrity", "--thresholds", "{integrity: ['a']}"],
    "thresholds are nested": ["integrity", "--thresholds", "{integrity: {denominators: {severity: [error]}}}"],
    "words are a list": ["integrity", "--thresholds", "{integrity: {denominators: {says: [a], do: {b: c}}}}"],
    "limits are no number": ["integrity", "--thresholds", "{integrity: {denominators: {min: .nan}}}"],
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE_CALLS)
def test_a_hostile_call_of_a_gate_is_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 2 is "could not run"; 1 would say that the data are bad, 0 that they are good. dbt is not even asked."""
    monkeypatch.setattr(warehouse, "run_dbt", lambda *_, **__: pytest.fail("dbt was asked"))
    folder = marked_database(tmp_path)
    arguments = list(HOSTILE_CALLS[name])
    if arguments[1] == "--thresholds":
        (tmp_path / "thresholds.yml").write_text(arguments[2])
        arguments[2] = str(tmp_path / "thresholds.yml")
    monkeypatch.setenv("CLOSED_LOOP_DUCKDB", str(database(folder)))
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2, result.output
    assert "could not run: " in result.stderr and "Traceback" not in result.stderr
    assert "\x1b" not in result.stderr + result.stdout
    assert_untouched(folder)


# Secrets -------------------------------------------------------------------------------------------------------------


def assert_no_secret(folder: Path, *outputs: subprocess.CompletedProcess[str]) -> None:
    """Neither what was printed nor any file of a folder has the value of a secret."""
    files = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert any(path.name == "dbt.log" for path in files)
    for name, secret in SECRETS.items():
        assert not [path for path, content in files.items() if secret.encode() in content], name
        assert not [output.args for output in outputs if secret in output.stdout + output.stderr], name


@pytest.mark.slow
def test_a_build_writes_no_secret(texts: Path) -> None:
    assert {path.name for path in (texts / "target").glob("*")} >= {
        "manifest.json",
        "run_results.json",
        "partial_parse.msgpack",
    }
    assert_no_secret(texts)


@pytest.mark.slow
def test_a_failing_connection_tells_no_secret(tmp_path: Path) -> None:
    """PostgreSQL on a port where nobody listens: dbt, its debug command and a gate, all at their most talkative."""
    environment = {**SECRETS, **LOGGED, "PGHOST": "127.0.0.1", "PGPORT": "1", "PGUSER": "u", "PGDATABASE": "d"}
    postgres = ("--target", "postgres")
    outputs = [
        dbt("build", *postgres, "--debug", folder=tmp_path, environment=environment),
        subprocess.run(
            [Path(sys.executable).parent / "dbt", "debug", *postgres, "--log-path", tmp_path / "debug_logs"],
            cwd=ROOT,
            env={**os.environ, **environment, "DBT_PROFILES_DIR": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        ),
        gate(
            tmp_path,
            *("integrity", *postgres, "--json", str(tmp_path / "gate.json"), "--markdown", str(tmp_path / "gate.md")),
            **environment,
        ),
    ]
    assert all(output.returncode for output in outputs)
    assert all("127.0.0.1" in output.stdout + output.stderr for output in outputs), "each has tried to connect"
    assert_no_secret(tmp_path, *outputs)


def test_the_profile_has_no_secret() -> None:
    """User, password and the key of hashed columns come from the environment alone, and without it the latter two are empty."""
    profiles = yaml.safe_load((ROOT / "profiles.yml").read_text())
    outputs = [output for profile in profiles.values() for output in profile["outputs"].values()]
    found = {
        key: value
        for output in outputs
        for key, value in output.items()
        if re.search(r"user|pass|token|secret|key", key)
    }
    assert set(found) == {"user", "password"}
    assert re.fullmatch(r"\{\{ env_var\('PGUSER'(, '\w*')?\) \}\}", found["user"])
    assert re.fullmatch(r"\{\{ env_var\('PGPASSWORD'(, '')?\) \}\}", found["password"])
    settings = {name: value for output in outputs for name, value in output.get("settings", {}).items()}
    for name in ("TimeZone", "disabled_optimizers"):
        settings.pop(name)
    assert settings == {"variable closed_loop_pii_key": "{{ env_var('DBT_ENV_SECRET_PII_KEY', '') }}"}


KEY_LIKE = {
    "private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "AWS key": r"\b(AKIA|ASIA)[0-9A-Z]{16}\b",
    "GitHub token": r"\b(gh[pousr]_[0-9A-Za-z]{36}|github_pat_\w{22,})",
    "Slack token": r"\bxox[abprs]-[0-9A-Za-z-]{10,}",
    "Google key": r"\bAIza[0-9A-Za-z_-]{35}\b",
    "JSON web token": r"\beyJ[\w-]{15,}\.eyJ[\w-]{15,}\.",
    "password in a URL": r"\b\w+://[^\s/:@'\"<>{}$]+:[^\s/:@'\"<>{}$]+@[\w.-]+",
    "assigned secret": r"(?i)\b(password|passwd|secret|api_?key|access_?token)\s*[:=]\s*['\"][^'\"{}$\s]{6,}['\"]",
}
# What each pattern has to find, put together here so that this file holds none of them.
FOUND = {
    "private key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "AWS key": "AKIA" + "ABCDEFGHIJKLMNOP",
    "GitHub token": "ghp_" + "a" * 36,
    "Slack token": "xoxb-" + "1234567890",
    "Google key": "AIza" + "a" * 35,
    "JSON web token": "eyJ" + "a" * 20 + ".eyJ" + "b" * 20 + ".c",
    "password in a URL": "postgres://me:" + "open@db.example",
    "assigned secret": "password" + ": 'opensesame'",
}


@pytest.mark.skipif(
    not (ROOT / ".git").exists() or shutil.which("git") is None, reason="not a git checkout: git can't list the files"
)
def test_no_tracked_file_holds_a_secret() -> None:
    assert all(re.search(pattern, FOUND[name]) for name, pattern in KEY_LIKE.items())
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [ROOT / name for name in listed.split("\0") if name]
    assert ROOT / "profiles.yml" in files
    found = []
    for path in files:
        text = path.read_bytes().decode("utf-8", errors="replace") if path.is_file() else ""
        found += [f"{path.relative_to(ROOT)}: {name}" for name, pattern in KEY_LIKE.items() if re.search(pattern, text)]
    assert not found
