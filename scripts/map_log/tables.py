"""The rows that a mapping makes of a log, and the files that they are written to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from scripts.check.macros import Project
from scripts.map_log.log import FILE, ROW, Log, Times, is_time, others
from scripts.map_log.mapping import EVERY, WINDOWS, Names, NotMapped, Row, guess, hint, listed
from scripts.marts import literal, quoted

FORMATS = {"parquet": "format parquet, compression zstd", "csv": "format csv, header"}
SHARED = ("event_id", "case_id", "occurred_at", "loaded_at")
# Whether an event makes a row, and the number of the mapping's row that made one; no column of a log has such names.
MADE, MAKER = '"(made)"', '"(maker)"'


@dataclass
class Made:
    """What became of the log.

    tables: table -> rows. ignored: activity -> why, and how many events. unmet: activity -> events for which no row's condition holds.
    idle: rows of the mapping that made nothing. notes: what the user should know, as sentences.
    """

    tables: dict[str, int]
    ignored: dict[str, tuple[str, int]]
    unmet: dict[str, int]
    idle: list[Row]
    notes: list[str]


class Maker:
    """One run of a mapping over the table `log`. landed: SQL of type timestamptz for when a row landed; None for when it was over."""

    def __init__(self, project: Project, times: Times, log: Log, mapping: list[Row], landed: str | None) -> None:
        self.project, self.connection, self.times = project, project.connection, times
        self.names, self.files, self.mapping, self.landed = log.names, log.files, mapping, landed
        self.contract: dict[str, dict[str, Any]] = project.call("event_contract")
        self.making = [row for row in mapping if not row.is_ignored()]
        self.activities: dict[str, int] = {}
        # The type of each expression, by the number of its row and its column.
        self.types: dict[tuple[int, str], str] = {}

    def make(self) -> Made:
        """Makes a table made_<table> per event table that gets rows. Raises NotMapped."""
        self.check_activities()
        self.check_rows()
        counts = {row.number: self.insert(row) for row in self.making}
        tables = dict.fromkeys((row.table for row in self.making), 0)
        for row in self.making:
            tables[row.table] += counts[row.number]
        if not tables["case_triggers"]:
            openers = " and ".join(str(row) for row in self.making if row.table == "case_triggers")
            raise NotMapped(f"no case is opened: {openers} of the mapping made nothing of this log.")
        notes = [note for table in tables for note in self.repeated_ids(table)]
        ignored = {
            activity: (row.note, count)
            for activity, count in self.activities.items()
            for row in self.mapping
            if row.is_ignored() and row.takes(activity)
        }
        return Made(
            {table: tables[table] for table in self.contract if table in tables},
            ignored,
            self.unmet(set(ignored)),
            [row for row in self.making if not counts[row.number]],
            notes,
        )

    def check_activities(self) -> None:
        """Raises NotMapped where the log has an activity that the mapping doesn't name, or ignores and maps."""
        counted = "select coalesce(activity, ''), count(*) from log group by all order by all"
        self.activities = dict(self.connection.execute(counted).fetchall())
        known = [row.activity for row in self.mapping if row.activity != EVERY]
        unknown = [
            f"{activity or '(empty)'}: {count:,} event{'s' * (count > 1)}. {guess(activity, known)}".strip()
            for activity, count in self.activities.items()
            if not any(row.names(activity) for row in self.mapping)
        ]
        if unknown:
            raise NotMapped(
                listed("the mapping doesn't name all activities. Map them, or ignore them with the table -", unknown)
            )
        for activity in self.activities:
            naming = [row for row in self.mapping if row.names(activity)]
            if len({row.is_ignored() for row in naming}) > 1:
                raise NotMapped(f"{' and '.join(map(str, naming))}: {activity} is both ignored and mapped.")

    def check_rows(self) -> None:
        """Finds the types of all expressions. Raises NotMapped with everything that is wrong with them."""
        problems = []
        for row in self.making:
            checks = {"when": f"({self.names.filled_in(row.when) or 'true'})"}
            checks |= {name: value.sql(self.names) for name, value in row.values.items()}
            for name, expression in checks.items():
                problem = self.problem(row, name, expression)
                problems += [f"{row}, {name}: {problem}"] if problem else []
            problems += [
                f"{row} gives no {name}, which may not be null."
                for name, spec in self.contract[row.table].items()
                if name not in (*SHARED, *row.values) and not self.project.call("column_type", spec)["is_nullable"]
            ]
        if problems:
            raise NotMapped(listed("the mapping doesn't fit", problems))

    def problem(self, row: Row, name: str, expression: str) -> str | None:
        """What is wrong with a row's condition or value; None where it is fit, and then its type is known."""
        try:
            described = self.connection.execute(f"describe select position, {expression} from log {WINDOWS}").fetchall()
        except duckdb.Error as error:
            parts = row.values[name].parts if name in row.values else ()
            return explained(str(error), self.names, [part[0] for part in parts if not isinstance(part, str)])
        found_type = described[1][1].lower()
        self.types[row.number, name] = found_type
        if name == "when":
            return None if found_type == "boolean" else f"{row.when} is no condition, but of type {found_type}."
        value = row.values[name]
        if value.is_literal():
            return self.wrong_literal(value.text, self.contract[row.table][name])
        if found_type.startswith(("struct", "map", "tuple")) or found_type.endswith("]"):
            return f"{value.text} is more than one value, of type {found_type}."
        if self.kind(row, name) == "timestamp" and not is_time(found_type):
            return f"{value.text} is of type {found_type}, which is no time."
        return None

    def kind(self, row: Row, name: str) -> str:
        """The contract's name for the type of a column."""
        return self.project.call("column_type", self.contract[row.table][name])["name"]

    def wrong_literal(self, text: str, spec: Any) -> str | None:
        """What is wrong with a value that is the same in every row; None where it is fit. spec: the contract's entry of its column."""
        kind = self.project.call("column_type", spec)
        allowed = kind["accepted_values"]
        if text in allowed or (kind["name"] == "text" and not allowed):
            return None
        column = self.names.find(text)
        meant = f" For the log's column write {{{column}}}." if column else ""
        if allowed:
            return f"{text} is not allowed. {hint(text, allowed)}{meant}"
        unfit = self.unfit(kind["name"], "value", "varchar")
        query = f"select {unfit} from (select {literal(text)} as value)"
        return f"{text} is no {kind['name']}.{meant}" if self.connection.execute(query).fetchone()[0] else None

    def unfit(self, kind: str, column: str, found_type: str) -> str:
        """The SQL condition that a value can't be read as a contract type. kind: the contract's name of the type."""
        if kind == "text":
            return "false"
        if kind == "timestamp":
            return f"{column} is not null and {self.times.moment(column, found_type)} is null"
        return self.project.call("unfit_value", column, kind, found_type) or "false"

    def chosen(self, row: Row) -> str:
        """The SQL condition on an event that it makes a row; never null. `when` is asked of the row's own events only."""
        taken = ", ".join(literal(activity) for activity in self.activities if row.takes(activity))
        when = self.names.filled_in(row.when) or "true"
        return f"case when coalesce(activity, '') in ({taken or 'null'}) then coalesce(({when}), false) else false end"

    def rows(self, row: Row, names: list[str]) -> str:
        """The query of the events that make a row and, as `made <column>`, of what goes into some columns."""
        values = "".join(
            f", case when {MADE} then {row.values[name].sql(self.names)} end as {made(name)}" for name in names
        )
        # Windows see all events, so that the others are left out at the end.
        return f"""
            select *
            from (
                select *{values}
                from (select *, {self.chosen(row)} as {MADE} from log {WINDOWS}) as log
                {WINDOWS}
            ) as events
            where {MADE}
        """

    def typed(self, row: Row, name: str) -> str:
        """What goes into a column, as the contract's type: SQL that stops where a value can't be read."""
        column, kind, found_type = made(name), self.kind(row, name), self.types[row.number, name]
        text = f"nullif(cast({column} as varchar), '')"
        if kind == "text":
            return text
        if kind == "timestamp":
            value = f"timezone('UTC', {self.times.moment(column, found_type)})"
        else:
            value = self.project.call("text_as", kind, text, "try_cast")
        # told() finds the words; the text keeps DuckDB from stopping before there is a row.
        return f"case when {self.unfit(kind, column, found_type)} then error({text}) else {value} end"

    def landing(self, row: Row) -> str:
        """When a row landed, where the mapping doesn't say it: SQL."""
        if self.landed is not None:
            return f"timezone('UTC', {self.landed})"
        moments = [self.typed(row, name) for name in ("occurred_at", "ended_at") if name in row.values]
        return (
            f"greatest(timezone('UTC', occurred_at), {', '.join(moments)})"
            if moments
            else "timezone('UTC', occurred_at)"
        )

    def insert(self, row: Row) -> int:
        """Makes the rows of one row of the mapping; how many. Raises NotMapped where a value can't be read."""
        columns = {
            "event_id": "event_id",
            "case_id": "case_id",
            "occurred_at": "timezone('UTC', occurred_at)",
            "loaded_at": self.landing(row),
            **{name: self.typed(row, name) for name in row.values},
        }
        kinds = {name: self.kind(row, name) for name in self.contract[row.table]}
        empty = "".join(f", null::{self.project.call('sql_type', kind)} as {name}" for name, kind in kinds.items())
        given = "".join(f", {value} as {name}" for name, value in columns.items())
        made_of = f"{FILE}, {ROW}, {row.number} as {MAKER}"
        self.connection.execute(
            f"create table if not exists made_{row.table} as select {made_of}{empty} from log limit 0"
        )
        try:
            inserted = self.connection.execute(
                f"insert into made_{row.table} by name select {made_of}{given} from ({self.rows(row, list(row.values))})"
            )
        except duckdb.Error as error:
            raise NotMapped(self.told(row, error)) from error
        return inserted.fetchone()[0]

    def told(self, row: Row, error: duckdb.Error) -> str:
        """Where an error is that came up while rows were made: in which column of which row of the mapping, at which row of the log."""
        for name in ["when", *row.values]:
            try:
                problem = self.first_unfit(row, name)
            except duckdb.Error as found:
                problem = explained(str(found), self.names)
            if problem:
                return f"{row}, {name}: {problem}"
        return f"{row}: {str(error).splitlines()[0]}"

    def first_unfit(self, row: Row, name: str) -> str | None:
        """The first value of the log that a column can't take; None where there is none. Raises DuckDB's errors where it can't be asked."""
        if name == "when":
            self.connection.execute(f"select count(*) from ({self.rows(row, [])})")
            return None
        column, kind, found_type = made(name), self.kind(row, name), self.types[row.number, name]
        problem = (
            self.times.problem(column, found_type)
            if kind == "timestamp"
            else f"{column} || {literal(f' is no {kind}')}"
        )
        query = f"""
            select {FILE}, {ROW}, {problem}, count(*) over ()
            from ({self.rows(row, [name])})
            where {self.unfit(kind, column, found_type)} or hash({column}) is null
            order by {FILE}, {ROW}
            limit 1
        """
        found = self.connection.execute(query).fetchone()
        return found and f"{self.files[found[0]]}, row {found[1]}: {found[2]}.{others(found[3] - 1)}"

    def repeated_ids(self, table: str) -> list[str]:
        """What there is to say of rows of a table with one id. Raises NotMapped where two rows of the mapping give it to one event."""
        (repeated,) = self.connection.execute(
            f"select count(event_id) - count(distinct event_id) from made_{table}"
        ).fetchone()
        if not repeated:
            return []
        query = f"""
            select event_id, list(distinct {MAKER})
            from made_{table}
            where event_id is not null
            group by event_id, {FILE}, {ROW}
            having count(distinct {MAKER}) > 1
            order by event_id
            limit 1
        """
        found = self.connection.execute(query).fetchone()
        if found:
            rows = " and ".join(str(row) for row in self.making if row.number in found[1])
            raise NotMapped(
                f"{rows} make more than one row of {table} of the same event, such as {found[0]}. "
                "Give one of them an id of its own: event_id={event_id}-2"
            )
        return [f"Rows of {table} with the id of another row: {repeated:,}. A build takes one of each."]

    def unmet(self, ignored: set[str]) -> dict[str, int]:
        """Events of mapped activities for which no row's condition holds: activity -> how many."""
        query = f"""
            select coalesce(activity, ''), count(*)
            from (select activity, {" or ".join(map(self.chosen, self.making))} as {MADE} from log {WINDOWS})
            where not {MADE}
            group by all
            order by all
        """
        counts = self.connection.execute(query).fetchall()
        return {activity: count for activity, count in counts if activity not in ignored}

    def write(self, folder: Path, file_format: str) -> None:
        """Writes each table that was made as <table>.<format>, its columns those that the mapping gives."""
        for table in {row.table: None for row in self.making}:
            given = {name for row in self.making if row.table == table for name in row.values}
            columns = ", ".join(name for name in self.contract[table] if name in given or name in SHARED)
            target = literal(str(folder / f"{table}.{file_format}"))
            query = f"select {columns} from made_{table} order by loaded_at, event_id"
            self.connection.execute(f"copy ({query}) to {target} ({FORMATS[file_format]})")


def made(name: str) -> str:
    """The name of the column that holds what goes into a column of the contract, while rows are made."""
    return quoted(f"made {name}")


def explained(error: str, names: Names, expressions: Iterable[str] = ()) -> str:
    """An error of DuckDB in words that help. error: its text. expressions: what stood in braces, which may be misspelt columns."""
    first = error.splitlines()[0]
    unknown = names.unknown(first)
    if unknown is not None:
        return f"the log has no column {unknown}. {names.nearest(unknown)}"
    if "GROUP BY" in first:
        return "what sums up over events needs `over earlier` or `over later`."
    meant = (guess(expression.strip(), names.columns) for expression in expressions)
    return " ".join([first, *filter(None, meant)])
