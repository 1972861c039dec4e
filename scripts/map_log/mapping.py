"""The mapping table: which rows of the contract an event of an activity makes. docs/event_logs.md says how it is written."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from scripts.marts import literal, quoted

COLUMNS = ("activity", "table", "values", "when", "note")
NEEDED = COLUMNS[:3]
EVERY, IGNORED = "*", "-"
# How many names a message lists.
LISTED = 12
# The windows that conditions and values may look through, over the events of the case.
WINDOWS = """window
    earlier as (partition by case_id order by position rows between unbounded preceding and 1 preceding),
    later as (partition by case_id order by position rows between 1 following and unbounded following)"""
OPENED, CLOSED, QUOTES = "{", "}", "'\""


class NotMapped(Exception):
    """Nothing can be mapped; the text says what is wrong, and the way out."""


@dataclass(frozen=True)
class Value:
    """What goes into a column. text: as it is written; parts: literal texts and, as (SQL,), expressions, in their order."""

    text: str
    parts: tuple[str | tuple[str], ...]

    def is_literal(self) -> bool:
        """Whether it is the same in every row."""
        return all(isinstance(part, str) for part in self.parts)

    def sql(self, names: Names) -> str:
        """The value as an SQL expression: of its own type where it is one pair of braces and nothing else, otherwise a text."""
        if len(self.parts) == 1 and not self.is_literal():
            return f"({names.expression(self.parts[0][0])})"
        texts = (
            literal(part) if isinstance(part, str) else f"cast(({names.expression(part[0])}) as varchar)"
            for part in self.parts
        )
        return " || ".join(texts)


@dataclass(frozen=True)
class Row:
    """A row of the mapping table. number: its place in the file, the header being 1; when: an SQL condition, empty for always."""

    number: int
    activity: str
    when: str
    table: str
    values: Mapping[str, Value]
    note: str

    def __str__(self) -> str:
        return f"row {self.number} ({self.activity or '(empty)'} → {self.table})"

    def is_ignored(self) -> bool:
        """Whether it says that the activity makes nothing."""
        return self.table == IGNORED

    def takes(self, activity: str) -> bool:
        """Whether it is about an activity of the log; `*` stands for any text."""
        return re.fullmatch(".*".join(map(re.escape, self.activity.split(EVERY))), activity, re.DOTALL) is not None

    def names(self, activity: str) -> bool:
        """Whether it says what becomes of an activity: about every activity, nothing is said."""
        return self.activity != EVERY and self.takes(activity)


class Names:
    """The columns that expressions may name: the log's, and those that the mapper adds."""

    def __init__(self, columns: Iterable[str]) -> None:
        self.columns = list(columns)
        self.by_lower = {column.lower(): column for column in self.columns}

    def find(self, name: str) -> str | None:
        """The column of that name, whatever its case; None where there is none."""
        return name if name in self.columns else self.by_lower.get(name.lower())

    def expression(self, text: str) -> str:
        """What stands in a pair of braces, as SQL: a column where it is the name of one."""
        column = self.find(text.strip())
        return quoted(column) if column else self.filled_in(text)

    def filled_in(self, text: str) -> str:
        """SQL, in which names of columns may stand in braces."""

        def column(match: re.Match[str]) -> str:
            found = self.find(match[1].strip())
            return quoted(found) if found else match[0]

        return re.sub(r"\{([^{}]*)\}", column, text)

    def unknown(self, error: str) -> str | None:
        """The name that an error of DuckDB says is no column; None where it says something else."""
        found = re.search(r'Referenced column "(.*)" (?:not found|was not found)', error)
        return found[1] if found else None

    def nearest(self, name: str) -> str:
        """A hint at the column that was meant: which is like it, or else which there are."""
        return hint(name, self.columns)


def hint(name: str, choice: Iterable[str]) -> str:
    """Which of some names may be meant by one that is none of them, as a sentence; some of them where none is like it."""
    there = list(choice)
    some = ", ".join(there[:LISTED]) + (", …" if len(there) > LISTED else "")
    return guess(name, there) or f"There are {some}."


def guess(name: str, choice: Iterable[str]) -> str:
    """The one of some names that is most like one that is none of them, as a question; empty where none is."""
    by_lower = {other.lower(): other for other in choice}
    near = get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    return f"Did you mean {by_lower[near[0]]}?" if near else ""


def read_mapping(file: Path, contract: Mapping[str, Mapping[str, object]]) -> list[Row]:
    """The rows of a mapping table. Raises NotMapped with everything that can be seen to be wrong without the log."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            lines = [(number, line) for number, line in enumerate(csv.reader(text, strict=True), start=1) if any(line)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise NotMapped(f"the mapping {file} can't be read: {error}") from error
    if not lines:
        raise NotMapped(f"the mapping {file} is empty. It begins with the header activity,when,table,values.")
    header = [name.strip() for name in lines[0][1]]
    problems = [f"it has no column {name}." for name in NEEDED if name not in header]
    problems += [f"it has a column {name}. {hint(name, COLUMNS)}" for name in header if name not in COLUMNS]
    problems += [f"it has the column {name} twice." for name in COLUMNS if header.count(name) > 1]
    rows = []
    for number, line in lines[1:] if not problems else []:
        if len(line) != len(header):
            problems.append(
                f"row {number} has {len(line)} cells instead of {len(header)}. A cell with a comma stands in double quotes."
            )
            continue
        try:
            rows.append(read_row(number, dict(zip(header, (cell.strip() for cell in line), strict=True)), contract))
        except NotMapped as error:
            problems.append(str(error))
    if not problems and not any(row.table == "case_triggers" for row in rows):
        problems.append(
            "no row makes case_triggers, and an event without a case counts nowhere. Say which activity opens a case."
        )
    if problems:
        raise NotMapped(listed(f"the mapping {file} can't be used", problems))
    return rows


def listed(what: str, problems: list[str]) -> str:
    """A sentence and what it is about, one below the other where there is more than one."""
    return f"{what}: {problems[0]}" if len(problems) == 1 else "\n  - ".join([f"{what}:", *problems])


def read_row(number: int, cells: Mapping[str, str], contract: Mapping[str, Mapping[str, object]]) -> Row:
    """One row. cells: by column. Raises NotMapped."""
    table = cells["table"]
    if table == IGNORED:
        if cells["values"] or cells.get("when") or cells["activity"] == EVERY:
            raise NotMapped(f"row {number} ignores an activity, which takes no when, no values and no activity *.")
    elif table not in contract:
        raise NotMapped(f"row {number}: there is no table {table or '(empty)'}. {hint(table, [*contract, IGNORED])}")
    values = read_values(number, cells["values"])
    for name in values if table != IGNORED else ():
        if name not in contract[table]:
            raise NotMapped(
                f"row {number}, values: {table} has no column {name or '(empty)'}. {hint(name, contract[table])}"
            )
    return Row(number, cells["activity"], cells.get("when", ""), table, values, cells.get("note", ""))


def read_values(number: int, cell: str) -> dict[str, Value]:
    """What `column=value; column=value` says. number: of the mapping's row. Raises NotMapped."""
    values: dict[str, Value] = {}
    for pair in split(number, cell):
        name, equals, text = (part.strip() for part in pair.partition("="))
        if not equals or not text:
            raise NotMapped(
                f"row {number}, values: {pair.strip()} is no column=value. Leave out a column that isn't known."
            )
        if name in values:
            raise NotMapped(f"row {number}, values: {name} is given twice.")
        values[name] = Value(text, tuple(parts(text)))
    return values


def split(number: int, cell: str) -> list[str]:
    """The pairs of a cell: what stands between semicolons that are not in braces. Raises NotMapped where braces don't close."""
    pairs, start = [], 0
    for place, depth in depths(cell):
        if depth == 0 and cell[place] == ";":
            pairs.append(cell[start:place])
            start = place + 1
    if cell and [depth for _, depth in depths(cell)][-1] != 0:
        raise NotMapped(f"row {number}, values: a brace or a quote in braces isn't closed, or a brace isn't opened.")
    return [pair for pair in [*pairs, cell[start:]] if pair.strip()]


def parts(text: str) -> list[str | tuple[str]]:
    """The literal texts and, as (SQL,), the expressions of a value, in their order."""
    found: list[str | tuple[str]] = []
    start = 0
    before = 0
    for place, depth in depths(text):
        if before == 0 and depth == 1:
            found += [text[start:place]] if place > start else []
            start = place + 1
        elif before == 1 and depth == 0:
            found.append((text[start:place],))
            start = place + 1
        before = depth
    return [*found, text[start:]] if start < len(text) else found


def depths(text: str) -> list[tuple[int, int]]:
    """Each place in a text and in how many braces it ends; -1 behind one that was never opened. Braces in SQL's quotes don't count."""
    found, depth, quote = [], 0, ""
    for place, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif depth > 0 and character in QUOTES:
            quote = character
        elif character in OPENED + CLOSED and depth >= 0:
            depth += 1 if character == OPENED else -1
        found.append((place, depth))
    # An open quote hides what follows, as an open brace does.
    return [*found[:-1], (found[-1][0], depth or 1)] if quote else found
