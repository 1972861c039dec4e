"""The rows that a mapping makes of a log, and the files that they are written to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from scripts.check.macros import Project
from scripts.map_log.log import FILE, ROW, Log, Times, is_time
from scripts.map_log.mapping import EVERY, WINDOWS, Names, NotMapped, Row, guess, hint, listed
from scripts.marts import literal, quoted

FORMATS = {"parquet": "format parquet, compression zstd", "csv": "format csv, header"}
# Whether an event makes a row; no column of a log has such a name.
MADE = '"(made)"'
SHARED = ("event_id", "case_id", "occurred_at", "loaded_at")


@dataclass
class Made:
    """What became of the log. tables: table -> rows. ignored: activity -> why and how many events. unmet: activity -> events for which
    no row's condition holds. idle: rows of the mapping that made nothing."""

    tables: dict[str, int]
    ignored: dict[str, tuple[str, int]]
    unmet: dict[str, int]
    idle: list[Row]


class Maker:
    """One run of a mapping over the table `log`. landed: SQL of type timestamptz for when a row landed; None for when it was over."""

    def __init__(self, project: Project, times: Times, log: Log, mapping: list[Row], landed: str | None) -> None:
        self.project, self.connection, self.times = project, project.connection, times
        self.names, self.files, self.mapping, self.landed = log.names, log.files, mapping, landed
        self.contract: dict[str, dict[str, Any]] = project.call("event_contract")
        self.making = [row for row in mapping if not row.is_ignored()]
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
        for table in tables:
            self.check_ids(table)
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
        )

    def check_activities(self) -> None:
        """Raises NotMapped where the log has an activity that the mapping doesn't name, or ignores and maps."""
        counted = "select coalesce(activity, ''), count(*) from log group by all order by all"
        self.activities: dict[str, int] = dict(self.connection.execute(counted).fetchall())
        known = [row.activity for row in self.mapping if row.activity != EVERY]
        unknown = [
            f"{activity or '(empty)'}: {count:,} events. {guess(activity, known)}".strip()
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

    def chosen(self, row: Row) -> str:
        """The SQL condition on an event of the log that it makes a row; never null. What `when` says is asked of its own events only."""
        taken = ", ".join(literal(activity) for activity in self.activities if row.takes(activity))
        when = self.names.filled_in(row.when) or "true"
        return f"case when coalesce(activity, '') in ({taken or 'null'}) then coalesce(({when}), false) else false end"

    def check_rows(self) -> None:
        """Finds the types of all expressions. Raises NotMapped with everything that is wrong with them."""
        problems = []
        for row in self.making:
            checks = [("when", "(" + (self.names.filled_in(row.when) or "true") + ")")]
            checks += [(name, value.sql(self.names)) for name, value in row.values.items()]
            for name, expression in checks:
                problem = self.problem(row, name, expression)
                problems += [f"{row}, {name}: {problem}"] if problem else []
            for name, spec in self.contract[row.table].items():
                if name not in (*SHARED, *row.values) and not self.project.call("column_type", spec)["is_nullable"]:
                    problems.append(f"{row} gives no {name}, which may not be null.")
        if problems:
            raise NotMapped(listed("the mapping doesn't fit", problems))

    def problem(self, row: Row, name: str, expression: str) -> str | None:
        """What is wrong with an expression; None where it is fit, and then its type is known."""
        try:
            described = self.connection.execute(f"describe select position, {expression} from log {WINDOWS}").fetchall()
        except duckdb.Error as error:
            return explained(str(error), self.names)
        if len(described) != 2:
            return "it is more than one value. Write one expression without a comma outside of parentheses."
        found_type = described[1][1].lower()
        self.types[row.number, name] = found_type
        if name == "when":
            return None if found_type == "boolean" else f"{row.when} is no condition, but of type {found_type}."
        return self.wrong_type(row, name, found_type) or self.wrong_literal(row, name, found_type)

    def wrong_type(self, row: Row, name: str, found_type: str) -> str | None:
        """What is wrong with the type of a value; None where its values can be read, or may be."""
        kind = self.project.call("column_type", self.contract[row.table][name])
        if kind["name"] == "timestamp" and not is_time(found_type):
            return f"{row.values[name].text} is of type {found_type}, which is no time."
        return None

    def wrong_literal(self, row: Row, name: str, found_type: str) -> str | None:
        """What is wrong with a value that is the same in every row; None where it is fit, or no such value."""
        kind = self.project.call("column_type", self.contract[row.table][name])
        if not row.values[name].is_literal():
            return None
        text = row.values[name].text
        if kind["accepted_values"]:
            allowed = kind["accepted_values"]
            return (
                None
                if text in allowed
                else f"{text} is not allowed. {hint(text, allowed)}{column_hint(text, self.names)}"
            )
        if kind["name"] == "text":
            return None
        wrong = self.connection.execute(
            f"select {self.unfit(kind['name'], 'value', found_type)} from (select {literal(text)} as value)"
        )
        return f"{text} is no {kind['name']}.{column_hint(text, self.names)}" if wrong.fetchone()[0] else None

    def unfit(self, kind: str, column: str, found_type: str) -> str:
        """The SQL condition that a value can't be read as a contract type. kind: of the contract, no text."""
        if kind == "timestamp":
            return f"{column} is not null and {self.times.moment(column, found_type)} is null"
        return self.project.call("unfit_value", column, kind, found_type) or "false"

    def typed(self, row: Row, name: str) -> str:
        """A column of a row, as the contract's type: SQL that stops at the first value that can't be read."""
        column, found_type = quoted(f"made {name}"), self.types[row.number, name]
        kind = self.project.call("column_type", self.contract[row.table][name])["name"]
        text = f"nullif(cast({column} as varchar), '')"
        if kind == "text":
            return text
        if kind == "timestamp":
            value = f"timezone('UTC', {self.times.moment(column, found_type)})"
            problem = self.times.problem(column, found_type)
        else:
            value = self.project.call("text_as", kind, text, "try_cast")
            problem = f"{text} || {literal(f' is no {kind}')}"
        files = "[" + ", ".join(literal(file) for file in self.files) + "]"
        place = f"{literal(f'{row}, {name}: ')} || {files}[{FILE} + 1] || ', row ' || {ROW} || ': '"
        return f"case when {self.unfit(kind, column, found_type)} then error({place} || {problem}) else {value} end"

    def insert(self, row: Row) -> int:
        """Makes the rows of one row of the mapping; how many. Raises NotMapped where a value can't be read."""
        columns = self.contract[row.table]
        made = f"made_{row.table}"
        given = [name for name in columns if name in row.values]
        values = "".join(
            f", case when {MADE} then {row.values[name].sql(self.names)} end as {quoted(f'made {name}')}"
            for name in given
        )
        listed_columns = []
        for name in [*SHARED, *(name for name in given if name not in SHARED)]:
            listed_columns.append(f"{self.typed(row, name) if name in given else self.default(row, name)} as {name}")
        types = {name: self.project.call("column_type", spec)["name"] for name, spec in columns.items()}
        empty = ", ".join(f"null::{self.project.call('sql_type', kind)} as {name}" for name, kind in types.items())
        query = f"""
            insert into {made} by name
            select {", ".join(listed_columns)}
            from (
                select *{values}
                from (select *, {self.chosen(row)} as {MADE} from log {WINDOWS}) as log
                {WINDOWS}
            ) as events
            where {MADE}
        """
        try:
            self.connection.execute(f"create table if not exists {made} as select {empty} limit 0")
            return self.connection.execute(query).fetchone()[0]
        except duckdb.Error as error:
            raise NotMapped(self.told(row, str(error))) from error

    def default(self, row: Row, name: str) -> str:
        """What stands in one of the four shared columns where the mapping says nothing: SQL."""
        if name != "loaded_at":
            return "timezone('UTC', occurred_at)" if name == "occurred_at" else name
        if self.landed is not None:
            return f"timezone('UTC', {self.landed})"
        ends = [name for name in ("occurred_at", "ended_at") if name in row.values]
        texts = [self.typed(row, name) for name in ends] + ["timezone('UTC', occurred_at)"] * (
            "occurred_at" not in ends
        )
        return f"greatest({', '.join(texts)})"

    def told(self, row: Row, error: str) -> str:
        """An error while rows are made: its own words where it says the row, or else which row and column of the mapping it is in."""
        first = error.splitlines()[0].partition(": ")
        if first[2].startswith(str(row)):
            return first[2]
        chosen = f"(select *, {self.chosen(row)} as {MADE} from log {WINDOWS}) as log"
        asked = {"when": MADE} | {
            name: f"case when {MADE} then {value.sql(self.names)} end" for name, value in row.values.items()
        }
        for name, expression in asked.items():
            try:
                self.connection.execute(
                    f"select count(value) from (select cast({expression} as varchar) || '' as value from {chosen} {WINDOWS})"
                )
            except duckdb.Error as found:
                return f"{row}, {name}: {explained(str(found), self.names)}"
        return f"{row}: {error.splitlines()[0]}"

    def check_ids(self, table: str) -> None:
        """Raises NotMapped where two rows of the mapping give one event of the log the same id in a table."""
        rows = [row for row in self.making if row.table == table and "event_id" not in row.values]
        if len(rows) < 2:
            return
        query = f"select event_id from made_{table} group by event_id having count(*) > 1 order by event_id limit 1"
        found = self.connection.execute(query).fetchone()
        if found:
            raise NotMapped(
                f"{' and '.join(map(str, rows))} make more than one row of {table} of the same event, such as {found[0]}. "
                "Give one of them an id of its own: event_id={event_id}-2"
            )

    def unmet(self, ignored: set[str]) -> dict[str, int]:
        """Events of mapped activities for which no row's condition holds: activity -> how many."""
        query = f"""
            select coalesce(activity, ''), count(*)
            from (select activity, {" or ".join(map(self.chosen, self.making))} as {MADE} from log {WINDOWS})
            where not {MADE}
            group by all
            order by all
        """
        return {
            activity: count for activity, count in self.connection.execute(query).fetchall() if activity not in ignored
        }

    def write(self, folder: Path, file_format: str) -> None:
        """Writes each table that was made as <table>.<format>, its columns those that the mapping gives."""
        for table in {row.table: None for row in self.making}:
            given = {name for row in self.making if row.table == table for name in row.values}
            columns = ", ".join(name for name in self.contract[table] if name in given or name in SHARED)
            target = literal(str(folder / f"{table}.{file_format}"))
            query = f"select {columns} from made_{table} order by loaded_at, event_id"
            self.connection.execute(f"copy ({query}) to {target} ({FORMATS[file_format]})")


def explained(error: str, names: Names) -> str:
    """An error of DuckDB in an expression, in words that help. error: its text."""
    first = error.splitlines()[0]
    unknown = names.unknown(first)
    if unknown is not None:
        return f"the log has no column {unknown}. {names.nearest(unknown)}"
    if "GROUP BY" in first:
        return "what sums up over events needs `over earlier` or `over later`."
    return first


def column_hint(text: str, names: Names) -> str:
    """A reminder that columns stand in braces, where a literal text is the name of one."""
    found = names.find(text)
    return f" For the log's column write {{{found}}}." if found else ""
