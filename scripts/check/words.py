"""What a check found, in sentences, for the terminal and the page."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from scripts.check.look import Reason, Report, Table
from scripts.check.needs import FULL, NONE, PARTIAL, Coverage

BARS = "▁▂▃▄▅▆▇█"
# As many of the latest weeks as fit into a line.
WEEKS = 18
# Coverage of a KPI -> whether it is shown.
SHOWN = {FULL: "shown", PARTIAL: "in part", NONE: "not"}


def verdict(report: Report) -> str:
    """The whole in one sentence."""
    count = len(report.problems)
    if count:
        return f"A build would stop: {count} problem{'s' if count > 1 else ''}."
    if not report.is_usable():
        return "A build would run, and find no case: not one trigger would be accepted."
    seen = sum(table.rows - table.later for table in report.tables)
    quarantined = sum(table.quarantined or 0 for table in report.tables)
    return f"A build would run. It would quarantine {quarantined:,} of {seen:,} rows ({percent(quarantined, seen)}). {tally(report.kpis)}."


def tally(kpis: Iterable[Coverage]) -> str:
    """How many KPIs can be shown."""
    counts = Counter(kpi.coverage for kpi in kpis)
    return f"{counts[FULL]} KPIs shown, {counts[PARTIAL]} in part, {counts[NONE]} not"


def percent(part: int, whole: int) -> str:
    """A share, with a figure more where it is small."""
    share = 100 * part / whole if whole else 0.0
    return f"{share:.0f} %" if share >= 10 or not part else "below 0.1 %" if share < 0.1 else f"{share:.1f} %"


def number(count: int | None) -> str:
    """A count; a dash where nobody knows."""
    return "–" if count is None else f"{count:,}"


def quarantined(table: Table) -> str:
    """How many rows of a table would be quarantined, and which share where there are any."""
    if not table.quarantined:
        return number(table.quarantined)
    return f"{table.quarantined:,} ({percent(table.quarantined, table.rows - table.later)})"


def is_warned_of(report: Report, table: Table) -> bool:
    """Whether so much of a table would be quarantined that a build warns of it."""
    return (table.quarantined or 0) > report.tolerable * (table.rows - table.later)


def moment(text: str | None) -> str:
    """A moment to the minute."""
    return (text or "")[:16]


def weeks(volumes: Mapping[str, int]) -> str:
    """The rows of each week as a row of bars, a blank for a week without any; only the latest weeks where there are many."""
    if not volumes:
        return ""
    days = {dt.date.fromisoformat(day): rows for day, rows in volumes.items() if day[:1].isdigit() and len(day) == 10}
    if not days:
        return ""
    last = max(days)
    shown = [last - dt.timedelta(weeks=back) for back in range(min(WEEKS, (last - min(days)).days // 7 + 1))][::-1]
    most = max(days.get(day, 0) for day in shown)
    return "".join(BARS[(len(BARS) - 1) * days[day] // most] if day in days else " " for day in shown)


def form(table: Table) -> str:
    """In which form a table was found."""
    if not table.source:
        return "no file"
    return "folder" if table.source.endswith("/") else table.source.removeprefix(table.name)


def not_read(table: Table) -> str:
    """Why nothing is said of a table's rows."""
    return f"{len(table.problems)} problem{'s' if len(table.problems) > 1 else ''}, see above"


def remarks(report: Report) -> Iterator[str]:
    """What is missing, unknown or suspicious, none of which stops a build."""
    yield from report.said
    if report.unlisted:
        names = ", ".join(f"{shown(row['workflow'])} ({row['rows']:,})" for row in report.unlisted[:10])
        more = ", …" if len(report.unlisted) > 10 else ""
        yield f"The triggers name these workflows, each of which needs a row in workflows: {names}{more}."
    for table in report.tables:
        for column in table.unread:
            meant = f"; is it meant to be {column['nearest']}?" if column["nearest"] else "."
            yield f"{table.name}.{column['column']} is no column of the contract, and is not read{meant}"
        if table.waits_for:
            yield f"{table.name} can't be judged before {table.waits_for} is put right."
        if table.later:
            yield f"{table.name}: {table.later:,} rows were loaded after {report.as_of}, and don't exist for a build as of then."
    repeated = [table for table in report.tables if table.duplicates]
    if repeated:
        names = ", ".join(f"{table.name} {table.duplicates:,}" for table in repeated)
        most = max((row for table in repeated for row in table.repeated), key=lambda row: row["deliveries"])
        yield f"Delivered again, and counted once: {names}. The event {shown(most['event_id'])} came {most['deliveries']} times."
    much = [
        f"{table.name} {percent(table.quarantined or 0, table.rows - table.later)}"
        for table in report.tables
        if is_warned_of(report, table)
    ]
    if much:
        yield f"So much would be quarantined that a build warns of it: {', '.join(much)}."
    yield from together((hint, table.name) for table in report.tables for hint in table.hints)
    yield from together(
        (zone_said(table.zone), table.name) for table in report.tables if table.zone and table.zone != "with a zone"
    )


def zone_said(zone: str) -> str:
    """How moments are read, where not all say their zone."""
    return f"occurred_at is {zone}. Local times without an offset would be hours off."


def together(remarks: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Remarks on tables, each once with all the tables that it is about."""
    tables: dict[str, list[str]] = {}
    for text, table in remarks:
        tables.setdefault(text, []).append(table)
    yield from (f"{', '.join(names)}: {text}" for text, names in tables.items())


def reason(table: Table, found: Reason) -> str:
    """Why rows would be quarantined, and what stands there."""
    of_all = percent(found.rows, table.rows - table.later)
    values = ", ".join(f"{shown(row['value'])} ({row['rows']:,})" for row in found.values)
    more = ", …" if sum(row["rows"] for row in found.values) < found.rows else ""
    allowed = f" The contract has {', '.join(found.allowed)}." if found.allowed else ""
    rows = f"{found.rows:,} row{'s' if found.rows > 1 else ''}"
    return f"{table.name}: {rows} ({of_all}), {found.reason}: {found.column} is {values}{more}.{allowed}"


def examples(found: Reason) -> Iterator[str]:
    """Rows that would be quarantined for a reason."""
    for row in found.examples:
        value = "" if found.column in row else f": {found.column} {shown(row['value'])}"
        yield (
            f"event {shown(row['event_id'])} of case {shown(row['case_id'])}, occurred {row['occurred_at'] or '(null)'}, "
            f"loaded {row['loaded_at'] or '(null)'}{value}"
        )


def shown(value: str | None) -> str:
    """A value of the data, shortened where it is long."""
    if not value:
        return "(null)"
    return value if len(value) <= 60 else f"{value[:59]}…"
