"""The data contract of the public tables, as the Open Data Contract Standard has it (ODCS 3.1): what dbt's manifest says of them.

Keys, quality and relationships are those that the data tests of each build check; the freshness is the contract gate's limit.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from scripts.export.source import PERSONAL, Model, Source
from scripts.marts import ROOT

NAME = "contract.odcs.yaml"
PURPOSE = "Case journeys and KPIs of automated case resolution in billing, collections and compliance, each figure traceable to its cases."
LIMITATIONS = (
    "A case is resolved only when the system of record has acknowledged everything that was written back. What a source doesn't know is "
    "null. Figures of provisional weeks may still move. Rates are rolled up as ratios of sums, never averaged."
)
USAGE = "Moments (_at) are UTC; dates, weeks and months are local to the reporting time zone; amounts are in the reporting currency."
LOGICAL = {
    "VARCHAR": "string",
    "TIMESTAMP": "timestamp",
    "DATE": "date",
    "BOOLEAN": "boolean",
    "BIGINT": "integer",
    "INTEGER": "integer",
    "DOUBLE": "number",
    "DECIMAL": "number",
}
# Five times as fast where PyYAML came with it.
DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
REF = re.compile(r"ref\('(\w+)'\)")


def write(source: Source, folder: Path) -> dict[str, dict[str, int]]:
    """Write contract.odcs.yaml. Returns: file -> number of tables and columns."""
    contract = contract_of(source)
    text = yaml.dump(contract, Dumper=DUMPER, sort_keys=False, allow_unicode=True, width=140)
    (folder / NAME).write_text(text, encoding="utf-8")
    columns = sum(len(columns) for columns in source.tables.values())
    return {NAME: {"tables": len(source.tables), "columns": columns}}


def contract_of(source: Source) -> dict[str, Any]:
    """The contract, as YAML has it."""
    return {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": "closed_loop.marts",
        "name": "closed_loop marts",
        "version": source.run["project_version"],
        "status": "active",
        "description": {"purpose": PURPOSE, "limitations": LIMITATIONS, "usage": USAGE},
        "servers": [
            {"server": "parquet", "type": "local", "path": "./parquet/{model}.parquet", "format": "parquet"},
        ],
        "schema": [table_of(source, table, columns) for table, columns in source.tables.items()],
        "slaProperties": [freshness()],
        "customProperties": [
            {"property": "asOf", "value": f"{source.run['as_of'].isoformat()}Z"},
            {"property": "reportingTimezone", "value": source.run["reporting_timezone"]},
            {"property": "reportingCurrency", "value": source.run["reporting_currency"]},
            {"property": "pii", "value": source.pii},
        ],
    }


def freshness() -> dict[str, Any]:
    """How old the latest loaded event may be, in hours."""
    limits = yaml.safe_load((ROOT / "gates/thresholds.yml").read_text(encoding="utf-8"))
    return {
        "property": "freshness",
        "value": limits["contract"]["freshness"]["max"],
        "unit": "h",
        "element": "dim_run.as_of",
        "driver": "operational",
        "description": "The moment that everything is computed for; the contract gate stops a pipeline whose events are older.",
    }


def table_of(source: Source, table: str, columns: dict[str, str]) -> dict[str, Any]:
    """A table of the contract."""
    model = source.models[table]
    tests = [
        node
        for node in source.manifest["nodes"].values()
        if node.get("attached_node") == model["unique_id"] and node.get("test_metadata")
    ]
    keys = keys_of(tests)
    required = {name for name in columns if never_null(model, tests, name)}
    primary = next((key for key in keys if required.issuperset(key)), [])
    description = plain(model["description"])
    found = {
        "name": table,
        "logicalType": "object",
        "physicalName": table,
        "physicalType": "table",
        "description": description,
        "dataGranularityDescription": re.split(r"(?<=[.:]) ", description)[0].rstrip(".:"),
        "properties": [
            column_of(source, table, name, kind, name in required, primary, tests) for name, kind in columns.items()
        ],
    }
    quality = [*duplicates(key for key in keys if key != primary), *conditions(table, tests)]
    return {**found, "quality": quality} if quality else found


def column_of(
    source: Source, table: str, name: str, kind: str, required: bool, primary: list[str], tests: list[Model]
) -> dict[str, Any]:
    """A column of a table."""
    found: dict[str, Any] = {
        "name": name,
        "logicalType": LOGICAL[kind.partition("(")[0]],
        "physicalType": kind,
        "description": plain(source.models[table]["columns"][name]["description"]),
        "required": required,
    }
    if name in primary:
        found |= {"primaryKey": True, "primaryKeyPosition": primary.index(name) + 1}
    if [name] in keys_of(tests):
        found["unique"] = True
    if name in PERSONAL.get(table, set()):
        found |= {"classification": "personal", "tags": ["personal"]}
    mine = [test for test in tests if test["column_name"] == name]
    known = [(REF.findall(arguments(test)["to"])[0], arguments(test)["field"]) for test in named(mine, "relationships")]
    relationships = [
        {"type": "foreignKey", "to": f"{other}.{field}"} for other, field in known if other in source.tables
    ]
    quality = [
        {
            "name": test["name"],
            "type": "library",
            "metric": "invalidValues",
            "arguments": {"validValues": arguments(test)["values"]},
            "mustBe": 0,
            "dimension": "conformity",
        }
        for test in named(mine, "accepted_values")
    ]
    return (
        found | ({"relationships": relationships} if relationships else {}) | ({"quality": quality} if quality else {})
    )


def duplicates(keys: Any) -> list[dict[str, Any]]:
    """Rules for what is unique and isn't the primary key, of several columns."""
    return [
        {
            "type": "library",
            "metric": "duplicateValues",
            "arguments": {"properties": key},
            "mustBe": 0,
            "dimension": "uniqueness",
        }
        for key in keys
        if len(key) > 1
    ]


def conditions(table: str, tests: list[Model]) -> list[dict[str, Any]]:
    """Rules for what holds in every row: the conditions that a build tests."""
    return [
        {
            "name": test["name"],
            "type": "sql",
            "query": f"select count(*) from {table} where not coalesce({plain(arguments(test)['expression'])}, false)",
            "mustBe": 0,
            "dimension": "consistency",
        }
        for test in named(tests, "expression_holds")
    ]


def keys_of(tests: list[Model]) -> list[list[str]]:
    """What is unique in a table, as lists of columns: combinations first."""
    several = [arguments(test)["columns"] for test in named(tests, "unique_combination")]
    return [*several, *([test["column_name"]] for test in named(tests, "unique"))]


def never_null(model: Model, tests: list[Model], name: str) -> bool:
    """Whether a column is said, or tested, never to be null."""
    tested = any(test["column_name"] == name for test in named(tests, "not_null"))
    words = plain(model["columns"][name]["description"])
    said = re.search(r"\b[Nn]ever null( in an accepted row)?", words)
    # Only one table has rows that were not accepted.
    return tested or (said is not None and not (said[1] and model["alias"] == "rpt_quarantined_event"))


def named(tests: list[Model], name: str) -> list[Model]:
    """The data tests of a kind, by name."""
    return sorted((test for test in tests if test["test_metadata"]["name"] == name), key=lambda test: test["name"])


def arguments(test: Model) -> dict[str, Any]:
    """What a data test was given."""
    return test["test_metadata"]["kwargs"]


def plain(text: str) -> str:
    """A text of several lines as one."""
    return " ".join(text.split())
