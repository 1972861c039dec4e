"""Exports: as many rows as the tables, valid by each standard's own rules, no personal text where it may not be, and whole or not there.

The structure that OCEL asks for is that of ocel-standard.org/2.0/ocel20-schema-json.json, in the words of this file.
"""

from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path
from typing import Any

import duckdb
import jsonschema
import pytest
import yaml
from click.testing import Result
from project import ROOT, database, query
from tiers import slow_but
from typer.testing import CliRunner

from scripts import marts
from scripts.export import __main__ as command

KEYS = [
    "occurred_at", "source_table", "event_id", "case_id", "workflow", "actor", "activity", "what", "message_id", "idempotency_key",
    "exception_id",
]  # fmt: skip
# Persons and places of evidence, as the demo's references begin.
PERSONAL = ("cust-", "agent-", "vault://")
HOSTILE = "\x1b[31m\"quoted\" 'text'\n\u2028[bold] {%- raw -%} back\\slash, ü\x07"


def export(folder: Path, out: Path, *arguments: str) -> Result:
    """What the command says that exports the database of a folder. arguments: what is not to be as usual."""
    usual = ["--database", str(database(folder)), "--manifest", str(folder / "target/manifest.json"), "--out", str(out)]
    return CliRunner().invoke(command.app, [*usual, *arguments])


def exported_to(folder: Path, out: Path, *formats: str) -> Path:
    """The folder of an export that has to succeed. formats: all of them where none is named."""
    result = export(folder, out, *(argument for name in formats for argument in ("--format", name)))
    assert result.exit_code == 0, result.output
    return out


def lines(folder: Path) -> list[dict[str, Any]]:
    """The events of an export."""
    with (folder / "case_events.jsonl").open(encoding="utf-8", newline="\n") as file:
        return [json.loads(line) for line in file]


@pytest.fixture(scope="module")
def exported(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an export of the demo."""
    return exported_to(demo, tmp_path_factory.mktemp("exported") / "out")


@pytest.fixture(scope="module")
def few(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a copy of the demo's database whose audit trail is that of fifty cases; copy it."""
    folder = tmp_path_factory.mktemp("few")
    shutil.copy(database(demo), database(folder))
    (folder / "target").symlink_to(demo / "target")
    change(
        folder,
        "create table marts.trail as from marts.fct_case_event where case_id < 'case-00050' or case_id = 'case-01382'",
        "create or replace view marts.fct_case_event as from marts.trail",
    )
    return folder


@pytest.fixture
def copy(few: Path, tmp_path: Path) -> Path:
    """The folder of a copy of that, to be changed."""
    return Path(shutil.copytree(few, tmp_path / "copy", symlinks=True))


def change(folder: Path, *statements: str, values: tuple[str, ...] = ()) -> None:
    """Run statements on the database of a folder, the first one with values."""
    with duckdb.connect(str(database(folder))) as connection:
        for number, statement in enumerate(statements):
            connection.execute(statement, list(values) if number == 0 else [])


@pytest.fixture(scope="module")
def contract(exported: Path) -> dict[str, Any]:
    """The data contract of the demo."""
    return yaml.load((exported / "contract.odcs.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


@pytest.fixture(scope="module")
def trail(exported: Path) -> list[dict[str, Any]]:
    """The events of the demo's export."""
    return lines(exported)


@pytest.fixture(scope="module")
def ocel(exported: Path) -> dict[str, Any]:
    """The object-centric log of the demo."""
    return json.loads((exported / "ocel.json").read_text(encoding="utf-8"))


def test_every_public_table_is_a_file_of_the_same_rows(demo: Path, exported: Path) -> None:
    tables = {
        name for (name,) in query(demo, "select table_name from information_schema.tables where table_schema = 'marts'")
    }
    assert {file.stem for file in (exported / "parquet").iterdir()} == tables
    index = json.loads((exported / "export.json").read_text(encoding="utf-8"))
    with duckdb.connect(str(database(demo)), read_only=True) as connection:
        for table in tables:
            file = f"read_parquet('{exported}/parquet/{table}.parquet')"
            sides = [
                connection.sql(f"select count(*), bit_xor(hash(t)), any_value(typeof(t)) from {side} as t").fetchall()
                for side in (f"marts.{table}", file)
            ]
            assert sides[0] == sides[1], table
            assert index["files"][f"parquet/{table}.parquet"]["rows"] == sides[0][0][0], table
        codecs = connection.sql(
            f"select distinct compression from parquet_metadata('{exported}/parquet/*.parquet')"
        ).fetchall()
    assert codecs == [("ZSTD",)]


def test_each_event_is_a_line_with_the_same_keys(demo: Path, trail: list[dict[str, Any]]) -> None:
    ((count,),) = query(demo, "select count(*) from marts.fct_case_event")
    assert len(trail) == count and {tuple(event) for event in trail} == {tuple(KEYS)}
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", event["occurred_at"]) for event in trail)
    assert [event["occurred_at"] for event in trail] == sorted(event["occurred_at"] for event in trail)
    # By hand from seeds/events.
    with (ROOT / "seeds/events/writeback_attempts.csv").open(encoding="utf-8") as file:
        (raw,) = [row for row in csv.DictReader(file) if row["case_id"] == "case-01382"]
    (event,) = [event for event in trail if event["event_id"] == raw["event_id"]]
    assert event == {
        "occurred_at": "2026-03-16T09:35:15.000000Z",
        "source_table": "writeback_attempts",
        "event_id": raw["event_id"],
        "case_id": "case-01382",
        "workflow": "failed_payment",
        "actor": "system",
        "activity": "writeback_attempts.accepted",
        "what": "attempt 1 to write wb-01382-1 to billing_core by rest accepted",
        "message_id": None,
        "idempotency_key": "wb-01382-1",
        "exception_id": None,
    }


# Whatever isn't clear is treated alike.
@pytest.mark.parametrize("pii", slow_but(["hashed"], ["hashed", "dropped"]))
def test_unless_references_are_clear_events_have_none(copy: Path, tmp_path: Path, pii: str) -> None:
    """The references are clear here, so what is missing from the file was kept out by the export itself."""
    change(copy, "update history.build_inputs set content = ? where kind = 'var' and name = 'pii'", values=(pii,))
    out = exported_to(copy, tmp_path / "out", "events")
    text = (out / "case_events.jsonl").read_text(encoding="utf-8")
    assert not [reference for reference in PERSONAL if reference in text]
    actors = {event["actor"] for event in lines(out) if event["source_table"] in ("action_events", "agent_touches")}
    assert actors == {"customer", "agent"}
    evidence = {event["what"] for event in lines(out) if event["source_table"] == "evidence_items"}
    assert "valid consent evidence" in evidence
    assert json.loads((out / "export.json").read_text(encoding="utf-8"))["pii"] == pii


def test_clear_references_are_only_where_the_contract_says(
    exported: Path, contract: dict[str, Any], trail: list[dict[str, Any]]
) -> None:
    page = (ROOT / "docs/privacy.md").read_text(encoding="utf-8")
    listed = {
        (table, column)
        for table, columns in re.findall(r"^\| `marts\.(\w+)` \| (.*?) \|", page, re.MULTILINE)
        for column in re.findall(r"`(\w+)`", columns)
    }
    said = {
        (table["name"], column["name"])
        for table in contract["schema"]
        for column in table["properties"]
        if column.get("classification") == "personal"
    }
    assert said == listed
    found = {key for event in trail for key, value in event.items() if value and any(p in value for p in PERSONAL)}
    assert found == {column for table, column in said if table == "fct_case_event"}
    log = (exported / "ocel.json").read_text(encoding="utf-8")
    assert not [reference for reference in PERSONAL if reference in log]


def list_of(required: list[str], **properties: Any) -> dict[str, Any]:
    """JSON schema of an array of objects."""
    return {"type": "array", "items": {"type": "object", "properties": properties, "required": required}}


TEXT, MOMENT = {"type": "string"}, {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"}
TYPES = list_of(["name", "attributes"], name=TEXT, attributes=list_of(["name", "type"], name=TEXT, type=TEXT))
RELATED = list_of(["objectId", "qualifier"], objectId=TEXT, qualifier=TEXT)
LOG = {
    "type": "object",
    "required": ["eventTypes", "objectTypes", "events", "objects"],
    "properties": {
        "eventTypes": TYPES,
        "objectTypes": TYPES,
        "events": list_of(
            ["id", "type", "time"],
            id=TEXT, type=TEXT, time=MOMENT, attributes=list_of(["name", "value"], name=TEXT, value=TEXT), relationships=RELATED,
        ),
        "objects": list_of(
            ["id", "type"],
            id=TEXT, type=TEXT, attributes=list_of(["name", "value", "time"], name=TEXT, value=TEXT, time=MOMENT), relationships=RELATED,
        ),
    },
}  # fmt: skip


def problems_of(log: dict[str, Any]) -> list[str]:
    """Where a log breaks the rules of OCEL 2.0: structure, and what its definitions say on top of the schema."""
    # One query writes all items of a kind, so a few of each type show their structure.
    few = {kind: [item for number, item in enumerate(log[kind]) if number % 500 == 0] for kind in ("events", "objects")}
    found = [error.message[:200] for error in jsonschema.Draft7Validator(LOG).iter_errors({**log, **few})]
    known = {item["id"] for item in log["objects"]}
    for kind in ("object", "event"):
        types = {one["name"]: {each["name"]: each["type"] for each in one["attributes"]} for one in log[f"{kind}Types"]}
        words = {word for attributes in types.values() for word in attributes.values()}
        found += [
            f"no type of the standard: {word}" for word in words - {"string", "time", "integer", "float", "boolean"}
        ]
        items = log[f"{kind}s"]
        if len({item["id"] for item in items}) < len(items):
            found.append(f"an id of two {kind}s")
        for item in items:
            if item["type"] not in types:
                found.append(f"undeclared type {item['type']}")
                continue
            declared = types[item["type"]]
            for each in item["attributes"]:
                if each["name"] not in declared:
                    found.append(f"undeclared attribute {each['name']}")
                elif declared[each["name"]] == "boolean" and each["value"] not in ("true", "false"):
                    found.append(f"no boolean: {each['value']}")
            found += [
                f"unknown object {each['objectId']}" for each in item["relationships"] if each["objectId"] not in known
            ]
    return found


def test_the_log_keeps_the_rules_of_ocel(ocel: dict[str, Any]) -> None:
    assert problems_of(ocel) == []


def test_the_log_has_an_object_for_each_row_and_an_event_for_each_event(demo: Path, ocel: dict[str, Any]) -> None:
    def count(condition: str) -> int:
        return query(demo, f"select count(*) from {condition}")[0][0]

    for kind, table in {
        "case": "case_journey",
        "message": "message",
        "writeback": "writeback",
        "exception": "exception",
    }.items():
        assert sum(item["type"] == kind for item in ocel["objects"]) == count(f"marts.fct_{table}"), kind
    assert len(ocel["events"]) == count("marts.fct_case_event")
    related = [each["qualifier"] for event in ocel["events"] for each in event["relationships"]]
    assert related.count("case") == count("marts.fct_case_event")
    assert related.count("writeback") == count("marts.fct_case_event where idempotency_key is not null")
    assert related.count("message") == count("marts.fct_case_event where message_id is not null")
    assert related.count("exception") == count("marts.fct_case_event where exception_id is not null")
    (event,) = [event for event in ocel["events"] if event["id"] == "exceptions:exc-00135"]
    assert event == {
        "id": "exceptions:exc-00135",
        "type": "exceptions.raised",
        "time": "2026-03-16T10:13:12.000000Z",
        "attributes": [{"name": "actor", "value": "system"}],
        "relationships": [
            {"objectId": "case:case-01382", "qualifier": "case"},
            {"objectId": "exception:exc-00135", "qualifier": "exception"},
        ],
    }
    (writeback,) = [item for item in ocel["objects"] if item["id"] == "writeback:case-01382:wb-01382-1"]
    assert writeback["relationships"] == [{"objectId": "case:case-01382", "qualifier": "belongs to"}]
    assert {each["name"]: each["value"] for each in writeback["attributes"]} == {
        "target_system": "billing_core",
        "adapter": "rest",
        "is_verified": "false",
        "is_reversed": "false",
    }


def test_hostile_texts_stay_texts(copy: Path, tmp_path: Path) -> None:
    """In the trail, as ids, and where a colon would make two ids one."""
    change(
        copy,
        "update marts.trail set what = ? where event_id = 'act-02964'",
        "create or replace table marts.journey as select case when case_id = 'case-00001' then 'a:b' when case_id = 'case-00002' "
        "then 'a' else case_id end as case_id, * exclude (case_id) from marts.fct_case_journey",
        "create table marts.messages as select 'a:b' as case_id, 'c' as message_id, * exclude (case_id, message_id) "
        "from marts.fct_message limit 1",
        "insert into marts.messages select 'a', 'b:c', * exclude (case_id, message_id) from marts.messages",
        "create or replace view marts.fct_message as from marts.messages",
        "create or replace view marts.fct_case_journey as from marts.journey",
        values=(HOSTILE,),
    )
    out = exported_to(copy, tmp_path / "out", "events", "ocel")
    (event,) = [event for event in lines(out) if event["event_id"] == "act-02964"]
    assert event["what"] == HOSTILE
    # Two cases have other names now, so that their events point nowhere.
    log = json.loads((out / "ocel.json").read_text(encoding="utf-8"))
    assert {item["id"] for item in log["objects"] if item["type"] == "message"} == {
        "message:a%3Ab:c",
        "message:a:b%3Ac",
    }


def test_nothing_at_all_is_exported_too(copy: Path, tmp_path: Path) -> None:
    change(
        copy,
        *(
            f"create table marts.no_{table} as from marts.fct_{table} limit 0; "
            f"create or replace view marts.fct_{table} as from marts.no_{table}"
            for table in ("case_event", "case_journey", "message", "writeback", "exception")
        ),
    )
    out = exported_to(copy, tmp_path / "out", "events", "ocel")
    assert lines(out) == []
    log = json.loads((out / "ocel.json").read_text(encoding="utf-8"))
    assert problems_of(log) == [] and log["events"] == log["objects"] == log["eventTypes"] == []


def test_the_contract_has_every_table_and_column(demo: Path, contract: dict[str, Any]) -> None:
    assert (contract["apiVersion"], contract["kind"], contract["status"]) == ("v3.1.0", "DataContract", "active")
    assert contract["version"] == marts.project_version() and contract["id"]
    columns = query(
        demo,
        "select table_name, column_name, data_type from information_schema.columns where table_schema = 'marts' "
        "order by table_name, ordinal_position",
    )
    listed = [
        (table["name"], column["name"], column["physicalType"])
        for table in contract["schema"]
        for column in table["properties"]
    ]
    assert listed == columns
    for table in contract["schema"]:
        assert table["dataGranularityDescription"].startswith("One row"), table["name"]
        assert all(column["description"] and "{{" not in column["description"] for column in table["properties"])
    # gates/thresholds.yml, contract gate.
    (sla,) = contract["slaProperties"]
    assert (sla["property"], sla["value"], sla["unit"], sla["element"]) == ("freshness", 26, "h", "dim_run.as_of")


def test_the_files_keep_the_contract(exported: Path, contract: dict[str, Any]) -> None:
    tables = {table["name"]: {column["name"] for column in table["properties"]} for table in contract["schema"]}
    broken, rules = [], 0
    with duckdb.connect() as connection:
        for table in tables:
            connection.execute(f"create table {table} as from read_parquet('{exported}/parquet/{table}.parquet')")

        def one(sql: str) -> Any:
            return connection.sql(sql).fetchall()[0][0]

        for table in contract["schema"]:
            name, columns = table["name"], table["properties"]
            for column in columns:
                if column["required"] and one(f"select count(*) from {name} where {column['name']} is null"):
                    broken.append(f"{name}.{column['name']} is null somewhere")
                for each in column.get("relationships", []):
                    other, _, field = each["to"].partition(".")
                    assert field in tables[other], each
            primary = sorted(
                (column["primaryKeyPosition"], column["name"]) for column in columns if "primaryKey" in column
            )
            assert [position for position, _ in primary] == list(range(1, len(primary) + 1))
            keys = [[column for _, column in primary]] if primary else []
            keys += [[column["name"]] for column in columns if column.get("unique")]
            for quality in table.get("quality", []):
                rules += 1
                if quality["type"] == "sql":
                    broken += [quality["name"]] * (one(quality["query"]) != quality["mustBe"])
                else:
                    keys.append(quality["arguments"]["properties"])
            for key in keys:
                listed = ", ".join(key)
                if one(f"select count(*) from (select {listed} from {name} group by {listed} having count(*) > 1)"):
                    broken.append(f"{name} has {listed} twice")
    assert broken == []
    # Every condition that a build tests is a rule.
    conditions = sum(
        len(re.findall("expression_holds:", file.read_text(encoding="utf-8")))
        for file in (ROOT / "models/marts").glob("*.yml")
    )
    assert rules >= conditions > 40


def test_an_earlier_export_is_replaced_and_nothing_else(few: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    exported_to(few, out, "events")
    exported_to(few, out, "events")
    assert {path.name for path in out.iterdir()} == {"case_events.jsonl", "export.json"}
    (out / "notes.txt").write_text("mine", encoding="utf-8")
    result = export(few, out, "--format", "events")
    assert result.exit_code == 2 and "holds notes.txt, which is not of an earlier export" in result.stderr
    assert (out / "case_events.jsonl").exists()
    for other, message in ((tmp_path / "out/notes.txt", "is no folder"), (tmp_path / "none/out", "there is no folder")):
        result = export(few, other, "--format", "events")
        assert result.exit_code == 2 and message in result.stderr
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/export.json").write_text('{"made_by": "me", "files": {}}', encoding="utf-8")
    assert "holds export.json" in export(few, tmp_path / "mine").stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "out"]


@pytest.mark.parametrize(
    "error", [marts.Unreadable("the disk is full"), KeyboardInterrupt(), OSError(28, "No space left")]
)
def test_what_fails_leaves_nothing_behind(
    few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    out = exported_to(few, tmp_path / "out", "events")
    before = (out / "export.json").read_text(encoding="utf-8")

    def fails(*_: object) -> Any:
        raise error

    monkeypatch.setitem(command.WRITES, command.Format.OCEL, fails)
    result = export(few, out, "--format", "events", "--format", "ocel")
    assert result.exit_code == 2 and "Nothing was exported" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (out / "export.json").read_text(encoding="utf-8") == before


def test_a_build_that_did_not_finish_is_not_exported(copy: Path, tmp_path: Path) -> None:
    change(copy, "update history.build_inputs set build_number = 7 where kind = 'start'")
    result = export(copy, tmp_path / "out")
    assert result.exit_code == 2 and "build 7 was started and did not finish" in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_contract_needs_the_manifest_of_these_tables(demo: Path, copy: Path, tmp_path: Path) -> None:
    def problem(manifest: Path) -> str:
        result = export(copy, tmp_path / "out", "--manifest", str(manifest), "--format", "odcs")
        assert result.exit_code == 2 and not (tmp_path / "out").exists()
        return result.stderr

    assert "which describes the tables. Run dbt parse" in problem(tmp_path / "none.json")
    for text in ("no JSON", "[]", "{}"):
        (tmp_path / "bad.json").write_text(text, encoding="utf-8")
        assert "is no manifest of dbt" in problem(tmp_path / "bad.json")
    change(copy, "alter table marts.dim_date add column season varchar")
    assert "don't have the same columns of dim_date. Run dbt parse" in problem(demo / "target/manifest.json")


@pytest.mark.slow
def test_the_same_tables_give_the_same_bytes(demo: Path, exported: Path, tmp_path: Path) -> None:
    again = exported_to(demo, tmp_path / "out")
    assert (again / "export.json").read_text(encoding="utf-8") == (exported / "export.json").read_text(encoding="utf-8")
