"""The log as one table, `log`: its own columns and, in front of them, what the mapper finds out about each event."""

from __future__ import annotations

import csv
import glob
import gzip
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from scripts.check.macros import Project
from scripts.map_log.mapping import Names, NotMapped, guess
from scripts.map_log.xes import as_json_lines
from scripts.marts import literal, quoted

# What the mapper adds, and expressions may name; a column of the log that has one of these names is hidden by it.
ADDED = ("case_id", "activity", "occurred_at", "event_id", "position")
# Names that no column of a log has: where a row comes from, when it landed, and which of its like in its file it is.
FILE, ROW, LANDED, NTH = '"(file)"', '"(row)"', '"(landed)"', '"(nth)"'
XES_NAMES = {"case": "case:concept:name", "activity": "concept:name", "time": "time:timestamp"}
DELIMITERS = ",;\t|"
KINDS = (".csv", ".parquet", ".xes")


@dataclass(frozen=True)
class Reading:
    """How a log is read. case, activity, time, loaded: its columns, None where XES's names hold or where there is no such column.

    timezone: the zone of times that don't say their own. time_format: as strptime has it, None for ISO 8601.
    """

    case: str | None = None
    activity: str | None = None
    time: str | None = None
    timezone: str | None = None
    time_format: str | None = None
    loaded: str | None = None


@dataclass
class Log:
    """What was read. names: the columns that expressions may name. files: their names. notes: what the user should know, as sentences."""

    names: Names
    files: list[str]
    events: int
    notes: list[str]


class Times:
    """Times of the log as SQL: moments with a time zone, whatever type they have in the log."""

    def __init__(self, project: Project, reading: Reading) -> None:
        self.project = project
        self.timezone = reading.timezone
        self.format = reading.time_format

    def is_instant(self, column: str, found_type: str) -> str:
        """Whether a value says by itself which moment it is: an SQL condition."""
        if found_type == "timestamp with time zone" or (self.format and "%z" in self.format):
            return "true"
        if found_type != "varchar" or self.format:
            return "false"
        return f"regexp_matches({column}, ':[0-9.]+ ?(Z|[+-][0-9]{{2}}(:?[0-9]{{2}})?)$')"

    def wall_clock(self, column: str, found_type: str) -> str:
        """What the clock showed, or UTC where the value is an instant; null where it can't be read: SQL of type timestamp."""
        if found_type == "timestamp with time zone":
            return f"timezone('UTC', {column})"
        if found_type != "varchar":
            return f"try_cast({column} as timestamp)"
        if self.format:
            parsed = f"try_strptime({column}, {literal(self.format)})"
            return f"timezone('UTC', {parsed})" if "%z" in self.format else parsed
        return f"({self.project.call('text_as_timestamp', column, 'try_cast')})"

    def moment(self, column: str, found_type: str) -> str:
        """The moment that a value says; null where it can't be read, or where nobody says its zone: SQL of type timestamptz."""
        clock = self.wall_clock(column, found_type)
        return f"case when {self.is_instant(column, found_type)} then timezone('UTC', {clock}) else {self.local(clock)} end"

    def local(self, clock: str) -> str:
        """A local time as a moment: of an hour that comes twice the first; one that doesn't exist as if the clocks had not changed yet."""
        if not self.timezone:
            return "null::timestamptz"
        later = f"timezone({literal(self.timezone)}, {clock})"
        earlier = f"({later} - interval 1 hour)"
        return f"case when timezone({literal(self.timezone)}, {earlier}) = {clock} then {earlier} else {later} end"

    def problem(self, column: str, found_type: str) -> str:
        """What is wrong with a value that moment() can't read: SQL of type text."""
        written = (
            f"as {self.format} has it"
            if self.format
            else "as ISO 8601 has it; say how it is written with --time-format"
        )
        asked = f"is no time {written}"
        zoneless = "has no time zone; name it with --timezone, such as Europe/Berlin or UTC"
        clock = self.wall_clock(column, found_type)
        return f"cast({column} as varchar) || ' ' || case when {clock} is null then {literal(asked)} else {literal(zoneless)} end"


def read_log(project: Project, files: list[Path], reading: Reading, folder: Path) -> Log:
    """Makes the table `log` on the project's connection. folder: for what is only needed meanwhile. Raises NotMapped."""
    connection = project.connection
    check_timezone(connection, reading.timezone)
    if "%Z" in (reading.time_format or ""):
        raise NotMapped(
            "--time-format has %Z, but names of time zones are ambiguous. Use %z for an offset, or leave the zone out of the export and "
            "name it with --timezone."
        )
    for number, file in enumerate(files):
        read_file(connection, number, file, folder)
    together = " union all by name ".join(f"from file_{number}" for number in range(len(files)))
    connection.execute(f"create view read as {together}")
    types = types_of(connection, "read")
    (events,) = connection.execute("select count(*) from read").fetchone()
    if not events:
        raise NotMapped(f"there is no event in {' and '.join(map(str, files))}.")
    names = Names(name for name in types if quoted(name) not in (FILE, ROW))
    columns = {
        role: find_column(names, role, getattr(reading, role)) for role in ("case", "activity", "time", "loaded")
    }
    notes = repeated_rows(connection, names, len(files))
    times = Times(project, reading)
    for name in filter(None, (columns["time"], columns["loaded"])):
        if not is_time(types[name]):
            raise NotMapped(f"the log's column {name} is of type {types[name]}, which is no time.")
    connection.execute(f"create table log as {log_query(times, names, columns, types)}")
    for name, moment in ((columns["time"], "occurred_at"), (columns["loaded"], LANDED)):
        if name is not None:
            check_times(connection, files, times, name, types[name], moment)
    notes += changed_rows(connection, names) if len(files) > 1 else []
    notes += changed_clocks(connection, times, columns["time"], types) if reading.timezone else []
    for number in range(len(files)):
        connection.execute(f"drop table file_{number}")
    return Log(
        Names([*ADDED, *(name for name in names.columns if name.lower() not in ADDED)]),
        [file.name for file in files],
        events,
        notes,
    )


def check_timezone(connection: duckdb.DuckDBPyConnection, timezone: str | None) -> None:
    """Raises NotMapped where there is no such zone; makes it the session's, in which dates and hours of expressions are."""
    zones = [name for (name,) in connection.execute("select name from pg_timezone_names() order by name").fetchall()]
    if timezone is not None and timezone not in zones:
        raise NotMapped(f"there is no time zone {timezone}. {guess(timezone, zones) or 'Write it as Europe/Berlin.'}")
    connection.execute(f"set TimeZone = {literal(timezone or 'UTC')}")


def read_file(connection: duckdb.DuckDBPyConnection, number: int, file: Path, folder: Path) -> None:
    """Makes the table file_<number> of a file, its rows numbered from 1, or from 2 where row 1 is a CSV's header. Raises NotMapped."""
    kind = next((kind for kind in KINDS if file.name.lower().removesuffix(".gz").endswith(kind)), None)
    if kind is None or (kind == ".parquet" and file.name.lower().endswith(".gz")):
        raise NotMapped(f"{file} is neither .csv, .csv.gz, .parquet, .xes nor .xes.gz.")
    if not file.is_file():
        raise NotMapped(f"there is no file {file}.")
    try:
        source = reader(kind, file, folder / f"{number}.jsonl")
        numbers = f"{number} as {FILE}, row_number() over () + {int(kind == '.csv')} as {ROW}"
        connection.execute(
            f"create table file_{number} as select {numbers}, {cleaned(connection, source)} from {source}"
        )
    except (NotMapped, duckdb.Error, OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        # DuckDB says first what is wrong, and then for pages what one might do about it.
        lines = str(error).partition("Possible")[0].splitlines()
        raise NotMapped(f"{file} can't be read: {'; '.join(line.strip() for line in lines if line.strip())}") from error


def reader(kind: str, file: Path, lines: Path) -> str:
    """What reads a file, as a from-item. kind: one of KINDS. lines: where the events of an XES file are put down. Raises NotMapped."""
    # A path is taken as it stands: brackets and stars in it are no patterns, and case=1 is no column.
    name, plain = literal(glob.escape(str(file))), "hive_partitioning = false"
    if kind == ".csv":
        if file.suffix.lower() == ".gz":
            check_packed(file)
        delimiter, columns = header(file)
        if not columns:
            raise NotMapped("it has no header in its first line.")
        # All is set, because DuckDB would otherwise guess it, and leave out lines without a word.
        form = f"delim = {literal(delimiter)}, quote = '\"', escape = '\"', skip = 0, comment = '', auto_detect = false"
        return f"read_csv({name}, header = true, {form}, {plain}, columns = {as_texts(columns)})"
    if kind == ".parquet":
        return f"read_parquet({name}, {plain})"
    columns = as_json_lines(file, lines)
    if not columns:
        raise NotMapped("it has no trace with events.")
    name = literal(glob.escape(str(lines)))
    form = "format = 'newline_delimited', auto_detect = false"
    return f"read_json({name}, {form}, {plain}, columns = {as_texts(columns)})"


def check_packed(file: Path) -> None:
    """Raises OSError, EOFError or zlib.error where a file packed by gzip is damaged: DuckDB doesn't look at its checksum."""
    with gzip.open(file, "rb") as packed:
        while packed.read(2**20):
            pass


def as_texts(columns: list[str]) -> str:
    """Columns of type text, as DuckDB's readers take them. Raises NotMapped where two have one name: DuckDB takes no account of case."""
    lower = [column.lower() for column in columns]
    twice = [column for column in columns if lower.count(column.lower()) > 1]
    if twice or "" in columns:
        raise NotMapped(f"two columns have one name: {' and '.join(twice)}." if twice else "a column has no name.")
    return "{" + ", ".join(f"{literal(column)}: 'varchar'" for column in columns) + "}"


def header(file: Path) -> tuple[str, list[str]]:
    """What stands between the cells of a CSV, packed by gzip or not, and its columns. Of the usual delimiters the header's most frequent
    counts."""
    with (gzip.open if file.suffix.lower() == ".gz" else open)(file, "rt", encoding="utf-8-sig", newline="") as text:
        line = re.sub('"[^"]*"', "", text.readline())
        delimiter = max(DELIMITERS, key=line.count)
        text.seek(0)
        return delimiter, next(csv.reader(text, delimiter=delimiter), [])


def cleaned(connection: duckdb.DuckDBPyConnection, source: str) -> str:
    """The columns of a source, an empty text as null."""
    return ", ".join(
        f"nullif({quoted(name)}, '') as {quoted(name)}" if kind == "varchar" else quoted(name)
        for name, kind in types_of(connection, source).items()
    )


def types_of(connection: duckdb.DuckDBPyConnection, source: str) -> dict[str, str]:
    """Column -> type of a from-item, in lower case."""
    return {row[0]: row[1].lower() for row in connection.execute(f"describe select * from {source}").fetchall()}


def find_column(names: Names, role: str, asked: str | None) -> str | None:
    """The log's column for a role, None where `loaded` isn't asked for. Raises NotMapped where it isn't there."""
    name = asked or XES_NAMES.get(role)
    found = names.find(name) if name is not None else None
    if name is not None and found is None:
        way_out = names.nearest(name) if asked else f"Name the column of the {role} with --{role}. {names.nearest('')}"
        raise NotMapped(f"the log has no column {name}. {way_out}")
    return found


def repeated_rows(connection: duckdb.DuckDBPyConnection, names: Names, files: int) -> list[str]:
    """What there is to say of rows that come twice. A row that is the same in two files counts once: exports overlap.

    names: the log's columns. Makes the view `rows`, which the log is made of.
    """
    listed = ", ".join(map(quoted, names.columns))
    once_each = f"select count(*) - count(distinct hash({FILE}, {listed})) from read"
    (twice,) = connection.execute(once_each).fetchone()
    notes = [
        f"Rows that repeat another row of their file, word for word: {twice:,}. Each counts. If the export has ids of its own, map them to "
        "event_id; a build takes one row per id."
    ] * bool(twice)
    if files == 1:
        connection.execute("create view rows as from read")
        return notes
    numbered = f"select *, row_number() over (partition by {FILE}, {listed} order by {ROW}) as {NTH} from read"
    connection.execute(
        f"""
        create table rows as
        select * exclude ({NTH})
        from ({numbered})
        qualify row_number() over (partition by {listed}, {NTH} order by {FILE}) = 1
        """
    )
    (once,) = connection.execute("select (select count(*) from read) - (select count(*) from rows)").fetchone()
    return [*notes, *[f"Rows that are in two files, word for word: {once:,}. They count once."] * bool(once)]


def changed_rows(connection: duckdb.DuckDBPyConnection, names: Names) -> list[str]:
    """What there is to say of events that two files have with other attributes, because a column was added or a value corrected."""
    own = "".join(f", {quoted(name)}" for name in names.columns if name.lower() not in ADDED)
    attributes = f"hash(case_id{own})"
    query = f"""
        select count(*)
        from (
            from log
            where case_id is not null and occurred_at is not null
            window same as (partition by case_id, activity, occurred_at)
            qualify {FILE} > min({FILE}) over same and min({attributes}) over same < max({attributes}) over same
        )
    """
    (changed,) = connection.execute(query).fetchone()
    return [
        f"Events that an earlier file has with the same case, activity and time, but other attributes: {changed:,}. Each counts. If the "
        "export has ids of its own, map them to event_id."
    ] * bool(changed)


def check_times(
    connection: duckdb.DuckDBPyConnection, files: list[Path], times: Times, name: str, found_type: str, moment: str
) -> None:
    """Raises NotMapped at the first time of a column that can't be read. moment: what the log has for it."""
    column = quoted(name)
    unread = f"select (select count({column}) from rows) - (select count({moment}) from log)"
    (count,) = connection.execute(unread).fetchone()
    if not count:
        return
    query = f"""
        select {FILE}, {ROW}, {times.problem(column, found_type)}
        from rows
        where {column} is not null and {times.moment(column, found_type)} is null
        order by {FILE}, {ROW}
        limit 1
    """
    file, row, problem = connection.execute(query).fetchone()
    raise NotMapped(f"{files[file].name}, row {row}, {name}: {problem}.{others(count - 1)}")


def others(count: int) -> str:
    """How many more rows have the same problem, as a sentence; empty where none has."""
    return f" Further rows like it: {count:,}." if count else ""


def is_time(found_type: str) -> bool:
    """Whether times are read from a type of DuckDB."""
    return found_type in ("varchar", "date") or found_type.startswith("timestamp")


def log_query(times: Times, names: Names, columns: dict[str, str | None], types: dict[str, str]) -> str:
    """The query of the table `log`.

    An event's id is its case, its moment and its number among the events of that moment in the case: it stays what it is when other
    events come, and ids of one moment are in the log's order, which decides ties.
    """

    def moment(name: str | None) -> str:
        return "null::timestamptz" if name is None else times.moment(quoted(name), types[name])

    own = "".join(f", {quoted(name)}" for name in names.columns if name.lower() not in ADDED)
    return f"""
        with events as (
            select
                *,
                cast({quoted(columns["case"])} as varchar) as "(case)",
                cast({quoted(columns["activity"])} as varchar) as "(activity)",
                {moment(columns["time"])} as "(moment)",
                {moment(columns["loaded"])} as {LANDED}
            from rows
        )
        select
            "(case)" as case_id,
            "(activity)" as activity,
            "(moment)" as occurred_at,
            concat_ws('-', "(case)", {stamp('"(moment)"')}, format('{{:03d}}', row_number() over (
                partition by "(case)", "(moment)" order by {FILE}, {ROW}
            ))) as event_id,
            row_number() over (partition by "(case)" order by "(moment)", {FILE}, {ROW}) as position,
            {FILE}, {ROW}, {LANDED}{own}
        from events
    """


def stamp(moment: str) -> str:
    """A moment as it stands in an id, so that ids of a case sort by time, with and without fractions: SQL of type text."""
    clock = f"timezone('UTC', {moment})"
    fraction = f"microsecond({clock}) % 1000000 <> 0"
    return f"strftime({clock}, '%Y%m%dT%H%M%S') || case when {fraction} then strftime({clock}, '.%f') else '' end"


def changed_clocks(connection: duckdb.DuckDBPyConnection, times: Times, name: Any, types: dict[str, str]) -> list[str]:
    """What there is to say of local times that come twice or not at all."""
    zone, column = literal(times.timezone or ""), quoted(name)
    clock, instant = times.wall_clock(column, types[name]), times.is_instant(column, types[name])
    query = f"""
        with local_times as (
            select {FILE}, {ROW}, {clock} as clock, {times.local(clock)} as moment from rows
            where not {instant} and isfinite({clock})
        )
        select
            count(*) filter (timezone({zone}, moment + interval 1 hour) = clock),
            count(*) filter (timezone({zone}, moment) <> clock)
        from local_times
    """
    twice, never = connection.execute(query).fetchone()
    return [
        *[f"Times in an hour that comes twice in {times.timezone}: {twice:,}. They are read as the first."]
        * bool(twice),
        *[
            f"Times that don't exist in {times.timezone}, because the clocks went forward: {never:,}. They are read as an hour later. "
            "Are the log's times in that zone?"
        ]
        * bool(never),
    ]
