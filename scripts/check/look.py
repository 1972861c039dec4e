"""What `python -m scripts.check` finds in a folder of events: per table and per KPI, in the project's own words and by its own rules."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import duckdb

from scripts.check import needs
from scripts.check.macros import Project, Refused, Result
from scripts.marts import literal

EXAMPLES = 3
VALUES = 5
# How alike a name has to be to one of the contract for it to be offered, as macros/checks/check_names.sql has it.
LIKENESS = 0.6
# Tables that others look things up in.
PARENTS = {"writeback_acks": ["writeback_attempts"], "agent_touches": ["exceptions"]}
WAYS_OUT = {
    "missing_key": "Give each event an id, and the id of its case.",
    "missing_timestamp": "Write when it happened and when it was loaded; a row without either counts nowhere.",
    "from_the_future": (
        "Look for a time zone applied twice, or loaded_at copied from occurred_at; "
        "or allow more in the var clock_skew_minutes."
    ),
    "before_history": "Look for a default date such as 1970-01-01; or set the var history_start to an earlier date.",
    "unknown_workflow": "Add it to workflows.",
    "unknown_currency": "Add a rate of it to fx_rates that begins no later.",
    "orphan_case": "Load the trigger of the case; the row is taken in once that is accepted.",
    "orphan_reference": "Load what it refers to, of the same case; the row is taken in once that is accepted.",
}


@dataclass
class Reason:
    """Why rows of a table would be quarantined: the first rule that they break, and by which column.

    values: the most frequent ones, each with its rows. allowed: what the contract lists, empty where any value may be.
    """

    reason: str
    column: str
    rows: int
    do: str
    allowed: list[str] = field(default_factory=list)
    values: list[dict[str, Any]] = field(default_factory=list)
    examples: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Table:
    """An event table. source: the name of its file or folder, None where there is none.

    accepted, duplicates, quarantined: None where the rows can't be judged, and `problems` or `waits_for` says why.
    later: rows that were loaded after as_of.
    """

    name: str
    source: str | None = None
    rows: int = 0
    later: int = 0
    accepted: int | None = None
    duplicates: int | None = None
    quarantined: int | None = None
    first: str | None = None
    last: str | None = None
    zone: str | None = None
    weeks: dict[str, int] = field(default_factory=dict)
    absent: list[str] = field(default_factory=list)
    unread: list[dict[str, str | None]] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)
    repeated: list[dict[str, Any]] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    waits_for: str | None = None


@dataclass
class Report:
    """All that was found. problems: what would stop a build. said: what a build would note.

    tolerable: the share of a table that may be quarantined before a build warns.
    given: the reference tables that were given. unlisted: workflows of the triggers, where workflows isn't given.
    """

    events: str
    reference: str | None
    as_of: str | None = None
    tolerable: float = 0.0
    problems: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    given: list[str] = field(default_factory=list)
    unlisted: list[dict[str, Any]] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    kpis: list[needs.Coverage] = field(default_factory=list)

    def is_usable(self) -> bool:
        """Whether nothing would stop a build, and it would find a case, as far as triggers can be judged."""
        return not self.problems and any(table.name == "case_triggers" and table.accepted for table in self.tables)


def look(events: str, reference: str | None, variables: Mapping[str, Any]) -> Report:
    """Everything there is to say about a folder or bucket of events.

    reference: the folder of the reference tables, None where there is none yet.
    variables: vars of the project, as `dbt build --vars` takes them.
    """
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set variable closed_loop_pii_key = ?", [os.environ.get("DBT_ENV_SECRET_PII_KEY", "")])
        # What doesn't fit into memory.
        connection.execute(f"set temp_directory = {literal(folder)}")
        given = {**variables, "events_path": events, "reference_path": reference}
        return Look(Project(connection, given), Report(events, reference)).run()


def way_out_of_value(column: str, kind: Mapping[str, Any]) -> str:
    """What to do about values that the contract doesn't allow. kind: of the macro column_type()."""
    unknown = ", or leave it null where it isn't known" if kind["is_nullable"] else "; it may not be null"
    if kind["accepted_values"]:
        return f"Map it to one of them{unknown}."
    if column == "customer_timezone":
        return f"Write an IANA name that time_zones lists, such as Europe/Rome{unknown}."
    if kind["name"] == "timestamp":
        return f"Write a moment that isn't before occurred_at{unknown}."
    if kind["name"] in ("integer", "double", "money"):
        return f"Write a number that isn't negative or beyond all measure{unknown}."
    return f"Fill it in at the source{unknown}."


class Look:
    """One look: the project on the events, and the report as it grows."""

    def __init__(self, project: Project, report: Report) -> None:
        self.project = project
        self.report = report
        # kind and table -> what is wrong with it, where it was given.
        self.found: dict[tuple[str, str], list[str]] = {}
        self.contract: dict[str, dict[str, Any]] = project.call("event_contract")
        self.check_columns = project.replace_macro("check_columns", self.remember)
        self.own_relation = project.replace_macro("own_relation", self.readable)
        self.raw_rows = project.replace_macro("raw_rows", self.loaded)
        self.held: set[str] = set()

    def run(self) -> Report:
        """The report."""
        report, project = self.report, self.project
        report.tolerable = project.call("tolerable_quarantine")
        report.problems += project.call("check_vars")
        if report.problems:
            return report
        report.problems += project.call("check_tables", "events")
        # What is wrong with the files, or with the rows, is not that they aren't given.
        if not report.reference or not project.call("raw_files", "reference")["problems"]:
            report.problems += project.call("check_given_reference")
        if report.reference:
            report.problems += project.call("check_tables", "reference")
        report.said = list(project.said)
        report.given = [name for kind, name in self.found if kind == "reference"]
        if any(kind == "events" for kind, _ in self.found):
            self.look_at_tables()
        return report

    def remember(self, kind: str, table: str, relation: str) -> list[str]:
        """What the project finds wrong with a table's columns and values. Where it can't be read at all, that is what is wrong."""
        try:
            problems = self.check_columns(kind, table, relation)
        except duckdb.Error as error:
            problems = [f"table {table} can't be read: {str(error).splitlines()[0]}"]
        # The caller adds to the list what is wrong with the rows.
        self.found[kind, table] = problems
        return problems

    def readable(self, kind: str, table: str) -> str | None:
        """Where a given table is read from; None where something is wrong with it, so that it counts as empty."""
        if self.found.get((kind, table)):
            return None
        try:
            return self.own_relation(kind, table)
        except Refused:
            return None

    def loaded(self, kind: str, table: str) -> str:
        """The query of a raw table's rows as the contract has them. Event tables are read from their files once."""
        if kind == "reference":
            return self.raw_rows(kind, table)
        if table not in self.held:
            self.held.add(table)
            self.project.connection.execute(f"create temp table raw_{table} as {self.raw_rows(kind, table)}")
        return f"select * from raw_{table}"

    def look_at_tables(self) -> None:
        """The tables, their rows and what they can show."""
        report, project = self.report, self.project
        if not self.readable("reference", "workflows"):
            triggers = project.call("raw_rows", "events", "case_triggers")
            report.unlisted = self.rows(
                f"select workflow, count(*) as rows from ({triggers}) group by workflow order by rows desc, workflow"
            )
            # As if all of them were listed: what is wrong with the rows is not that.
            flags = "".join(f", cast(null as boolean) as {flag}" for flag in project.call("kpi_flags"))
            project.replace("stg_reference__workflows", f"select distinct workflow{flags} from ({triggers})")
        project.relation("stg_events__as_of")
        report.as_of = self.rows("select cast(as_of as varchar) as as_of from stg_events__as_of")[0]["as_of"]
        report.tables = [self.table(name) for name in self.contract]
        report.kpis = needs.coverage(project, {table.name: (table.rows, table.accepted) for table in report.tables})

    def table(self, name: str) -> Table:
        """What there is to say about an event table."""
        files = self.project.call("raw_files", "events")["found"]
        table = Table(name, source=files[name]["name"] if name in files else None)
        table.problems = self.found.get(("events", name), [])
        if table.source:
            self.columns(table)
        if table.problems:
            return table
        self.count(table)
        broken = [parent for parent in ("case_triggers", *PARENTS.get(name, [])) if self.found.get(("events", parent))]
        if broken:
            table.waits_for = broken[0]
        else:
            self.judge(table)
        self.volumes(table)
        self.traps(table)
        return table

    def columns(self, table: Table) -> None:
        """The columns that are not there, and those that nothing reads, with the one of the contract that each may be meant for."""
        try:
            found = self.project.call("source_types", self.own_relation("events", table.name))
        except duckdb.Error:
            return
        columns = self.contract[table.name]
        table.absent = [column for column in columns if column not in found]
        for name in found:
            if name not in columns:
                nearest = self.project.call("nearest_name", name, table.absent) if table.absent else {"likeness": 0}
                table.unread.append(
                    {"column": name, "nearest": nearest["name"] if nearest["likeness"] > LIKENESS else None}
                )
        table.zone = self.zone(table, found.get("occurred_at"))

    def zone(self, table: Table, found_type: str | None) -> str | None:
        """How the moments of a table say which zone they are in; None where it has none."""
        if found_type is None or table.problems:
            return None
        if found_type != "varchar":
            return "with a zone" if "with time zone" in found_type else "without a zone: read as UTC"
        query = f"""
            select
                count(occurred_at) as moments,
                count(case when regexp_matches(occurred_at, ':[0-9.]+ ?(Z|[+-][0-9]{{2}}(:?[0-9]{{2}})?)$') then 1 end) as zoned
            from {self.own_relation("events", table.name)}
        """
        (count,) = self.rows(query)
        if count["moments"] in (0, count["zoned"]):
            return "with a zone" if count["moments"] else None
        return (
            "without a zone: read as UTC"
            if not count["zoned"]
            else f"{count['zoned']:,} of {count['moments']:,} with a zone, the others read as UTC"
        )

    def volumes(self, table: Table) -> None:
        """From when to when the rows are, and how many in each local week: the accepted ones, or all of them where none is."""
        rows = self.project.relation(f"stg_events__{table.name}") if table.accepted else f"raw_{table.name}"
        (span,) = self.rows(
            f"select cast(min(occurred_at) as varchar) as first, cast(max(occurred_at) as varchar) as last from {rows}"
        )
        table.first, table.last = span["first"], span["last"]
        query = f"""
            select
                cast({self.project.call("local_week", "occurred_at")} as varchar) as week_start,
                count(*) as rows
            from {rows}
            where isfinite(occurred_at)
            group by week_start
            order by min(occurred_at)
        """
        table.weeks = {row["week_start"]: row["rows"] for row in self.rows(query)}

    def count(self, table: Table) -> None:
        """How many rows there are, and how many of them models can't see yet."""
        raw, visible = self.project.call("raw_rows", "events", table.name), self.project.call("is_visible")
        (found,) = self.rows(f"select count(*) as rows, count(case when {visible} then 1 end) as visible from ({raw})")
        table.rows, table.later = found["rows"], found["rows"] - found["visible"]

    def judge(self, table: Table) -> None:
        """What becomes of the rows: the judgment of the project's own staging."""
        base = self.project.relation(f"base_events__{table.name}")
        counts = {
            row["row_status"]: row["rows"]
            for row in self.rows(f"select row_status, count(*) as rows from {base} group by row_status")
        }
        table.duplicates, table.quarantined = counts.get("duplicate", 0), counts.get("quarantined", 0)
        table.accepted = table.rows - table.later - table.duplicates - table.quarantined
        repeated = f"""
            select event_id, count(*) + 1 as deliveries
            from {base}
            where row_status = 'duplicate'
            group by event_id
            order by deliveries desc, event_id
            limit {EXAMPLES}
        """
        table.repeated = self.rows(repeated)
        broken = f"""
            select
                quarantine_reason as reason,
                {self.broken_column(table.name)} as broken_column,
                event_id,
                case_id,
                cast(occurred_at as varchar) as occurred_at,
                cast(loaded_at as varchar) as loaded_at,
                {self.broken_value(table.name)} as value
            from {base} as raw_rows
            where row_status = 'quarantined'
        """
        self.project.connection.execute(f"create or replace temp table broken_rows as {broken}")
        for row in self.rows(
            "select reason, broken_column, count(*) as rows from broken_rows group by all order by rows desc, reason, broken_column"
        ):
            table.reasons.append(self.reason(table.name, row["reason"], row["broken_column"], row["rows"]))

    def reason(self, table: str, reason: str, column: str, rows: int) -> Reason:
        """A reason, with what the rows hold."""
        those = f"from broken_rows where reason = {literal(reason)} and broken_column = {literal(column)}"
        kind = self.project.call("column_type", self.contract[table][column])
        is_value = reason == "invalid_value"
        return Reason(
            reason,
            column,
            rows,
            way_out_of_value(column, kind) if is_value else WAYS_OUT[reason],
            kind["accepted_values"] if is_value else [],
            self.rows(
                f"select value, count(*) as rows {those} group by value order by rows desc, value limit {VALUES}"
            ),
            self.rows(
                f"select event_id, case_id, occurred_at, loaded_at, value {those} order by loaded_at, event_id, case_id limit {EXAMPLES}"
            ),
        )

    def broken_column(self, table: str) -> str:
        """The column that breaks the rule of a quarantined row of base_events__*: an SQL expression of type text."""
        columns = self.contract[table]
        blank = self.project.call("is_blank", "event_id")
        cases = [
            f"when quarantine_reason = 'missing_key' then case when {blank} then 'event_id' else 'case_id' end",
            "when quarantine_reason = 'missing_timestamp' then case when occurred_at is null then 'occurred_at' else 'loaded_at' end",
            "when quarantine_reason = 'before_history' then 'occurred_at'",
            "when quarantine_reason = 'unknown_workflow' then 'workflow'",
            "when quarantine_reason = 'unknown_currency' then 'currency'",
            "when quarantine_reason = 'orphan_case' then 'case_id'",
        ]
        skew = self.project.call("add_seconds", "loaded_at", 60 * float(self.project.variables["clock_skew_minutes"]))
        later = (
            f"case when occurred_at > {skew} then 'occurred_at' else 'ended_at' end"
            if "ended_at" in columns
            else "'occurred_at'"
        )
        cases.append(f"when quarantine_reason = 'from_the_future' then {later}")
        reference = (
            "exception_id" if "exception_id" in columns else "idempotency_key" if "idempotency_key" in columns else None
        )
        if reference:
            cases.append(f"when quarantine_reason = 'orphan_reference' then '{reference}'")
        for column, entry in columns.items():
            condition = self.project.call("invalid_condition", column, entry).strip()
            if condition:
                cases.append(f"when {condition} then '{column}'")
        # The time zone is looked up, so that it's the one that is left.
        return f"case {' '.join(cases)} else 'customer_timezone' end"

    def broken_value(self, table: str) -> str:
        """What stands in that column: an SQL expression of type text, null where nothing does."""
        cases = (f"when '{column}' then nullif(cast({column} as varchar), '')" for column in self.contract[table])
        return f"case broken_column {' '.join(cases)} end"

    def traps(self, table: Table) -> None:
        """What no rule forbids, and yet is seldom meant."""
        raw = f"({self.project.call('raw_rows', 'events', table.name)})"
        (copied,) = self.rows(f"select count(case when loaded_at = occurred_at then 1 end) as rows from {raw}")
        if table.rows and copied["rows"] == table.rows:
            table.hints.append(
                "loaded_at is occurred_at in every row. Write when the row landed with you; else whatever ends later seems to "
                "come from the future."
            )
        types = {column: self.project.call("column_type", entry) for column, entry in self.contract[table.name].items()}
        numbers = [
            column
            for column, kind in types.items()
            if kind["is_nullable"] and kind["name"] in ("double", "integer") and column not in table.absent
        ]
        if numbers and table.rows > 1:
            zeros = ", ".join(f"count(case when {column} = 0 then 1 end) as {column}" for column in numbers)
            (found,) = self.rows(f"select {zeros} from {raw}")
            for column in [column for column in numbers if found[column] == table.rows]:
                table.hints.append(
                    f"{column} is 0 in every row. Where it isn't known, leave it null or the column out: 0 counts as measured."
                )

    def rows(self, query: str) -> Result:
        """The rows of a query."""
        return self.project.run_query(query)
