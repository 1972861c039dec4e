"""What `python -m scripts.show` prints, from the public tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import duckdb
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from scripts.marts import ALL, Unreadable, clean, known, literal, rows
from scripts.words import duration, money, say, status_words

Row = dict[str, Any]

# The width where there is no terminal to ask.
WIDTH = 120
WEEKS, PERIODS = 12, 4
# Worst first.
ORDER = ["red", "amber", "green", "provisional", "too_little_data", "no_data", "no_target"]
COLOURS = {"red": "bold red", "amber": "yellow", "green": "green", "overdue": "bold red", "at_risk": "yellow"}
STATES = {"overdue": "■ overdue", "at_risk": "▲ at risk", "on_track": "✓ on track"}
PATHS = {
    "in_message": "resolved in message, without an agent",
    "assisted": "resolved with an agent",
    "self_cured": "resolved by itself, without an agent or the customer in a message",
    "closed": "closed unresolved",
    "open": "open",
}
DUE_SOURCES = {"case": "the case's own date", "workflow": "by the workflow's service level"}


class Reader:
    """A database that is open, and the screen that its figures go to."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, console: Console | None = None) -> None:
        self.connection = connection
        self.console = console or Console(markup=False, highlight=False, emoji=False)
        if console is None and not self.console.is_terminal:
            self.console = Console(markup=False, highlight=False, emoji=False, width=WIDTH)
        (self.run,) = self.read("from dim_run")

    def read(self, query: str, *parameters: Any) -> list[Row]:
        """The rows of a query."""
        return rows(self.connection, query, *parameters)

    def print(self, text: object = "", style: str = "") -> None:
        """A line; what a terminal would obey is written out."""
        self.console.print(Text(clean(text), style=style))

    def heading(self, text: str) -> None:
        """A line that begins a part of the screen."""
        self.print()
        self.print(text, "bold")

    def table(self, columns: Iterable[str], lines: Iterable[Iterable[object]]) -> None:
        """A table; a column whose name ends in `>` is aligned to the right, a cell may be a Text with a colour."""
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for column in columns:
            right = column.endswith(">")
            table.add_column(
                column.removesuffix(">"), justify="right" if right else "left", overflow="fold", no_wrap=right
            )
        for line in lines:
            table.add_row(*(cell if isinstance(cell, Text) else Text(clean(cell)) for cell in line))
        self.console.print(table)

    def say(self, value: float | None, unit: str, *beside: float | None) -> str:
        """A figure in the words of a reader, in the reporting currency."""
        return say(value, unit, self.run["reporting_currency"], beside)

    def goal(self, row: Row) -> str:
        """A target with the side of it that is good."""
        if row["target"] is None:
            return "–"
        sign = "≥" if row["direction"] == "higher" else "≤"
        return f"{sign} {self.say(row['target'], row['unit'])}"

    def known_workflow(self, workflow: str) -> str:
        """The workflow; raises Unreadable with the nearest ones where there is none of that name."""
        names = [row["workflow"] for row in self.read("select workflow from dim_workflow order by workflow")]
        return known(workflow, [ALL, *names], "workflow")

    def chosen_week(self, week: dt.date | None) -> dt.date:
        """The week that was asked for, or the last complete one; raises Unreadable where it isn't listed."""
        first, latest, final = self.run["first_week"], self.run["latest_week"], self.run["latest_final_week"]
        if latest is None:
            raise Unreadable("the database has no week: not one event was accepted. See marts.rpt_row_reconciliation.")
        if week is None:
            return final or latest
        start = week - dt.timedelta(days=week.weekday())
        if start != week or not first <= week <= latest:
            nearest = min(max(start, first), latest)
            raise Unreadable(
                f"{week} is not the Monday of a listed week. The nearest is {nearest}; they run from {first} to {latest}."
            )
        return week

    def said_workflow(self, workflow: str) -> str:
        """A workflow in a heading."""
        return "all workflows" if workflow == ALL else workflow

    def as_of(self) -> str:
        """The moment that the figures are of."""
        return f"as of {stamp(self.run['as_of'])} UTC, dates of {self.run['reporting_timezone']}"

    def scorecard(self, week: dt.date | None, workflow: str) -> None:
        """The headline KPIs of a week."""
        workflow, start = self.known_workflow(workflow), self.chosen_week(week)
        running = self.run["latest_week"]
        cells = self.read(
            """
            select
                cells.*, kpis.title, kpis.unit, kpis.direction, kpis.display_order, running.value as running_value,
                coverage.coverage, coverage.gaps
            from rpt_kpi_weekly as cells
            inner join dim_kpi as kpis on cells.kpi_id = kpis.kpi_id
            inner join rpt_kpi_coverage as coverage on cells.kpi_id = coverage.kpi_id
            left join rpt_kpi_weekly as running
                on
                    cells.kpi_id = running.kpi_id and cells.workflow = running.workflow
                    and running.cohort_dimension = 'all' and running.week_start = ?
            where cells.cohort_dimension = 'all' and cells.tier = 'headline' and cells.workflow = ? and cells.week_start = ?
            order by kpis.display_order, cells.kpi_id
            """,
            running,
            workflow,
            start,
        )
        hidden = [cell for cell in cells if cell["coverage"] == "none"]
        cells = [cell for cell in cells if cell["coverage"] != "none"]
        cells.sort(key=lambda cell: ORDER.index(cell["status"]))
        self.print(
            f"Scorecard of {self.said_workflow(workflow)}, week of {start} to {start + dt.timedelta(days=6)}", "bold"
        )
        beside = "" if start == running else f"; beside it the running week of {running}"
        self.print(f"{self.as_of()}; {self.finality(start)}{beside}")
        bad = [cell for cell in cells if cell["status"] in ("red", "amber")]
        counts = {status: sum(cell["status"] == status for cell in cells) for status in ORDER}
        said = ", ".join(f"{count} {status_words(status)[2:]}" for status, count in counts.items() if count)
        self.print(f"Of {len(cells)} headline KPIs: {said}." if cells else "No headline KPI can be shown here.")
        if bad:
            self.heading("What to do")
        for cell in bad:
            figure = self.say(cell["value"], cell["unit"], cell["target"], cell["red_flag"])
            mark, _, words = status_words(cell["status"], cell["is_certain"]).partition(" ")
            self.print(f"{mark} {cell['title']}, {figure} ({words}). {to_do(cell)}", COLOURS[cell["status"]])
        columns = ["KPI", "value>", "target>", "status", "sample>"]
        if start != running:
            columns.append("running week>")
        self.print()
        self.table(columns, [self.scorecard_line(cell, start != running) for cell in cells])
        if hidden:
            self.heading("What these events can't show")
        for cell in hidden:
            self.print(f"{cell['title']}: {cell['gaps']}.")

    def finality(self, week: dt.date) -> str:
        """Whether a week's figures may still move, in words."""
        final = self.run["latest_final_week"]
        if final is None:
            return "no week is complete yet"
        if week > final:
            return f"may still move: the last complete week is that of {final}"
        return "the last complete week" if week == final else "complete"

    def scorecard_line(self, cell: Row, with_running: bool) -> list[object]:
        """A KPI's line of the scorecard."""
        line: list[object] = [
            cell["title"],
            self.say(cell["value"], cell["unit"], cell["target"], cell["red_flag"]),
            self.goal(cell),
            coloured(status_words(cell["status"], cell["is_certain"]), cell["status"]),
            f"{cell['sample_size']:,}",
        ]
        return [*line, self.say(cell["running_value"], cell["unit"])] if with_running else line

    def kpi(self, kpi_id: str, workflow: str) -> None:
        """A KPI's definition and its figures."""
        listed = {
            row["kpi_id"]: row
            for row in self.read(
                "from dim_kpi inner join rpt_kpi_coverage using (kpi_id) order by display_order, kpi_id"
            )
        }
        kpi = listed[known(kpi_id, listed, "KPI")]
        workflow = self.known_workflow(workflow)
        weeks = self.figures(kpi, workflow, "rpt_kpi_weekly", "week_start", "cohort_dimension = 'all'", WEEKS)
        if not weeks:
            raise Unreadable(f"{kpi['kpi_id']} can't apply to {clean(workflow)}: no week has it. Leave --workflow out.")
        periods = self.figures(
            kpi, workflow, "rpt_kpi_period", "period_start", "period_kind = 'rolling_4_weeks'", PERIODS
        )
        good = {"higher": "higher is better", "lower": "lower is better", None: "activity, no verdict"}[
            kpi["direction"]
        ]
        self.print(f"{kpi['title']} ({kpi['kpi_id']}), {self.said_workflow(workflow)}", "bold")
        self.print(f"{kpi['tier']}; {good}; {self.as_of()}")
        self.print(kpi["sentence"])
        self.print(f"Counted:   {kpi['numerator_definition']}")
        self.print(f"Out of:    {kpi['denominator_definition']}")
        self.print(f"Week of:   {kpi['clock']}")
        if kpi["gaps"]:
            said = "These events can't show it" if kpi["coverage"] == "none" else "To be read with care"
            self.print(f"{said}: {kpi['gaps']}.", "yellow")
        if kpi["coverage"] == "none":
            return
        self.heading(f"The last {len(weeks)} weeks")
        self.figure_table("week of", weeks)
        if periods:
            self.heading("Rolling four weeks")
            self.figure_table("from", periods)
        latest = next((row for row in weeks if row["value"] is not None), weeks[0])
        self.heading(f"The query that lists the units behind the week of {latest['start']}")
        # Whole lines, to be copied.
        self.console.print(Text(clean_lines(self.query_of(kpi, workflow, latest["start"]))), soft_wrap=True)

    def figures(self, kpi: Row, workflow: str, table: str, start: str, condition: str, limit: int) -> list[Row]:
        """The latest figures of a KPI, the latest first. table, start, condition: where they are, and which of them."""
        found = self.read(
            f"select *, {start} as start from {table} where kpi_id = ? and workflow = ? and {condition} "
            f"order by {start} desc limit {limit}",
            kpi["kpi_id"],
            workflow,
        )
        return [{**row, "unit": kpi["unit"], "direction": kpi["direction"]} for row in found]

    def figure_table(self, first: str, figures: list[Row]) -> None:
        """Figures of a KPI, one period a line."""
        self.table(
            [first, "value>", "95 % interval>", "sample>", "target>", "status"],
            [
                (
                    row["start"],
                    self.say(row["value"], row["unit"], row["target"], row["red_flag"]),
                    "–"
                    if row["ci_low"] is None
                    else f"{say(row['ci_low'], 'rate', '')} to {say(row['ci_high'], 'rate', '')}",
                    f"{row['sample_size']:,}",
                    self.goal(row),
                    coloured(self.verdict(row), row["status"]),
                )
                for row in figures
            ],
        )

    def verdict(self, row: Row) -> str:
        """A figure's status; for a diagnostic, which has none, whether it may still move."""
        return status_words(row["status"], row["is_certain"]) or (
            status_words("provisional") if row["is_provisional"] else ""
        )

    def query_of(self, kpi: Row, workflow: str, week: dt.date) -> str:
        """The query that lists a cell's units."""
        only = "" if workflow == ALL else f" and workflow = {literal(workflow)}"
        return (
            "select case_id, unit_id, clock_at, workflow, numerator, denominator, observed_value\n"
            "from marts.fct_kpi_contribution\n"
            f"where kpi_id = {literal(kpi['kpi_id'])} and week_start = '{week}'{only}\n"
            "order by clock_at, case_id, unit_id"
        )

    def case(self, case_id: str) -> None:
        """A case: its state, its audit trail and its writebacks."""
        found = self.read("from fct_case_journey where case_id = ?", case_id)
        if not found:
            # All ids may be millions; the nearest by the alphabet share the beginning.
            near = self.read(
                "select case_id from fct_case_journey order by levenshtein(case_id, ?), case_id limit 50", case_id[:200]
            )
            known(case_id, [row["case_id"] for row in near], "case")
        (case,) = found
        events = self.read(
            "from fct_case_event where case_id = ? order by occurred_at, source_table, event_id", case_id
        )
        writebacks = self.read(
            "from fct_writeback where case_id = ? order by first_attempted_at, idempotency_key", case_id
        )
        self.print(f"Case {case['case_id']}", "bold")
        for name, value in self.case_header(case):
            self.print(f"{name + ':':<15}{value}")
        self.heading(f"What happened: {len(events)} events, times in UTC")
        before: dt.datetime | None = None
        lines = []
        for event in events:
            after = "" if before is None else f"+ {duration((event['occurred_at'] - before).total_seconds())}"
            lines.append((stamp(event["occurred_at"]), after, event["actor"], event["what"]))
            before = event["occurred_at"]
        self.table(["when", "after>", "who", "what"], lines)
        self.heading("How the record was updated")
        if not writebacks:
            self.print("Nothing was written back, so the case is not resolved.")
            return
        self.table(
            ["writeback", "system", "attempts>", "acknowledgements", "so it is"],
            [self.writeback_line(writeback, events) for writeback in writebacks],
        )

    def case_header(self, case: Row) -> list[tuple[str, str]]:
        """What a case is and where it stands, by name."""
        currency = self.run["reporting_currency"]
        due = "no due date"
        if case["due_at"]:
            source = DUE_SOURCES.get(case["due_at_source"], case["due_at_source"])
            due = f"{stamp(case['due_at'])} ({source})"
        header = [
            ("workflow", case["workflow"]),
            ("path", PATHS.get(case["resolution_path"], case["resolution_path"])),
            ("stage", case["stage"].replace("_", " ")),
            ("triggered", stamp(case["triggered_at"])),
            ("due", f"{due}: {self.due_state(case)}"),
        ]
        if case["resolved_at"]:
            took = (
                ""
                if case["resolution_minutes"] is None
                else f", {duration(case['resolution_minutes'] * 60)} after the trigger"
            )
            header.append(("resolved", f"{stamp(case['resolved_at'])}{took}"))
        if case["closed_at"]:
            header.append(("closed", f"{stamp(case['closed_at'])}: {case['closure_reason'] or 'no reason given'}"))
        if case["amount_due"] is not None:
            header.append(("amount due", money(case["amount_due"], currency)))
        header.append(("collected", money(case["net_collected"], currency)))
        return header

    def due_state(self, case: Row) -> str:
        """Whether a case kept its due date, in words."""
        if case["resolved_at"]:
            return "resolved in time" if case["is_resolved_on_time"] else "resolved late"
        if case["closed_at"]:
            return "closed before it was resolved"
        if case["due_at"] is None:
            return "open"
        left = (case["due_at"] - self.run["as_of"]).total_seconds()
        return f"{duration(left)} left" if left > 0 else f"overdue by {duration(-left)}"

    def writeback_line(self, writeback: Row, events: list[Row]) -> list[object]:
        """A writeback, with each acknowledgement of it."""
        acknowledged = [
            f"{stamp(event['occurred_at'])} {event['activity'].partition('.')[2]}"
            for event in events
            if event["source_table"] == "writeback_acks" and event["idempotency_key"] == writeback["idempotency_key"]
        ]
        if writeback["is_verified"]:
            state, colour = f"✓ on record after {duration(writeback['persist_seconds'])}", "green"
        elif writeback["is_reversed"]:
            state, colour = "■ reversed", "red"
        elif writeback["is_settled"]:
            state, colour = "■ never acknowledged in full", "red"
        else:
            state, colour = "◌ in flight", ""
        if writeback["last_error_reason"]:
            state += f"; last error: {writeback['last_error_reason']}"
        return [
            writeback["idempotency_key"],
            writeback["target_system"],
            writeback["attempt_count"],
            Text("\n".join(clean(text) for text in acknowledged) or "none"),
            Text(clean(state), COLOURS.get(colour, "")),
        ]

    def open_cases(self, workflow: str, limit: int) -> None:
        """The open cases, those first that are longest overdue."""
        workflow = self.known_workflow(workflow)
        cases = self.read(
            f"""
            select *, count(*) over () as total, count(*) filter (where state = 'overdue') over () as overdue
            from rpt_open_case
            where ? in (workflow, '{ALL}')
            order by state <> 'overdue', minutes_left nulls last, case_id
            limit {limit}
            """,
            workflow,
        )
        total, overdue = (cases[0]["total"], cases[0]["overdue"]) if cases else (0, 0)
        self.print(f"Open cases of {self.said_workflow(workflow)}: {total:,}, of which {overdue:,} overdue", "bold")
        self.print(self.as_of())
        if not cases:
            return
        self.table(
            ["case", "workflow", "state", "due (UTC)", "left>", "age>", "waiting for"],
            [
                (
                    case["case_id"],
                    case["workflow"],
                    coloured(STATES.get(case["state"], case["state"]), case["state"]),
                    stamp(case["due_at"]) if case["due_at"] else "–",
                    "–" if case["minutes_left"] is None else duration(case["minutes_left"] * 60),
                    duration(case["age_minutes"] * 60),
                    (case["waiting_for"] or "–").replace("_", " "),
                )
                for case in cases
            ],
        )
        if total > len(cases):
            self.print(f"{total - len(cases):,} more: --limit {total}")

    def signals(self, weeks: int) -> None:
        """Signals that are open and alerts of late that chance does not explain."""
        signals = self.read(
            """
            select signals.*, kpis.title, kpis.unit
            from rpt_signal as signals
            inner join dim_kpi as kpis on signals.kpi_id = kpis.kpi_id
            where signals.is_open
            order by signals.severity <> 'page', signals.first_day, signals.rule_id, signals.workflow, signals.dimension_value
            """
        )
        alerts = self.read(
            """
            select alerts.*, kpis.title, kpis.unit
            from rpt_alert as alerts
            inner join dim_kpi as kpis on alerts.kpi_id = kpis.kpi_id
            where alerts.is_confirmed and alerts.week_start > ?
            order by alerts.severity <> 'page', alerts.week_start desc, alerts.rule_id, alerts.workflow
            """,
            self.chosen_week(self.run["latest_week"]) - dt.timedelta(weeks=weeks),
        )
        self.print(f"Open signals: {len(signals)}", "bold")
        self.print(self.as_of())
        if signals:
            self.table(
                ["severity", "KPI", "where", "since", "value>", "usual>"],
                [
                    (
                        row["severity"],
                        row["title"],
                        row["workflow"]
                        + ("" if row["dimension"] == "all" else f", {row['dimension']} {row['dimension_value']}"),
                        row["first_day"],
                        self.say(row["value"], row["unit"], row["reference"]),
                        self.say(row["reference"], row["unit"]),
                    )
                    for row in signals
                ],
            )
        self.heading(f"Confirmed alerts of the last {weeks} weeks: {len(alerts)}")
        if alerts:
            self.table(
                ["severity", "KPI", "where", "week of", "value>", "limit or usual>", "sample>"],
                [
                    (
                        row["severity"],
                        row["title"],
                        row["workflow"],
                        row["week_start"],
                        self.say(row["value"], row["unit"], row["reference"]),
                        self.say(row["reference"], row["unit"]),
                        row["sample_size"],
                    )
                    for row in alerts
                ],
            )
        if signals or alerts:
            self.heading("What to do")
        for line in dict.fromkeys(f"{row['title']}. {to_do(row)}" for row in [*signals, *alerts]):
            self.print(line)


def to_do(row: Row) -> str:
    """Who has to do what about a KPI."""
    return f"{row['owner'] or 'Nobody named'}: {row['action'] or 'no action named'}"


def stamp(moment: dt.datetime) -> str:
    """A moment, to the second."""
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def coloured(text: str, status: str | None) -> Text:
    """A text in the colour of a status; it says the same without."""
    return Text(clean(text), style=COLOURS.get(status or "", ""))


def clean_lines(text: str) -> str:
    """A text of several lines, each as a terminal may show it."""
    return "\n".join(clean(line) for line in text.split("\n"))
