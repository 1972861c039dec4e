"""What `python -m scripts.check` prints. Texts of the data are shown as text, whatever is in them."""

from __future__ import annotations

from collections.abc import Iterable

from rich import box
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from scripts.check import words
from scripts.check.look import Report, Table
from scripts.check.needs import FULL, NONE, PARTIAL
from scripts.marts import clean

# The width where there is no terminal to ask.
WIDTH = 140
STYLES = {FULL: "green", PARTIAL: "yellow", NONE: "red"}


class Screen:
    """A terminal, and what goes there."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(markup=False, highlight=False, emoji=False)
        if console is None and not self.console.is_terminal:
            self.console = Console(markup=False, highlight=False, emoji=False, width=WIDTH)

    def show(self, report: Report) -> None:
        """Everything, what stops a build first."""
        self.line(words.verdict(report), "green" if report.is_usable() else "bold red")
        for text in report.problems:
            self.item(text, "red")
        if report.tables:
            self.tables(report)
            self.remarks(report)
            self.kpis(report)
            self.quarantine(report.tables)
        elif report.said:
            self.remarks(report)

    def tables(self, report: Report) -> None:
        """What is there: a line per table."""
        self.heading(f"What is there, as of {report.as_of or 'no moment at all'}")
        columns = ["table", "file", "rows", "accepted", "twice", "quarantined", "first", "last", "rows per week"]
        self.grid(columns, (self.table(table) for table in report.tables), right=(2, 3, 4, 5))

    def table(self, table: Table) -> list[str]:
        """The line of a table."""
        if not table.source or table.problems:
            return [table.name, words.form(table), *([""] * 6), words.not_read(table) if table.problems else ""]
        return [
            table.name,
            words.form(table),
            f"{table.rows:,}",
            *(words.number(count) for count in (table.accepted, table.duplicates)),
            words.quarantined(table),
            words.moment(table.first),
            words.moment(table.last),
            words.weeks(table.weeks),
        ]

    def remarks(self, report: Report) -> None:
        """What is missing, unknown or suspicious, none of which stops a build."""
        remarks = list(words.remarks(report))
        if remarks:
            self.heading("Worth a look")
            for text in remarks:
                self.item(text)

    def quarantine(self, tables: Iterable[Table]) -> None:
        """What would be quarantined, and why."""
        reasons = [(table, reason) for table in tables for reason in table.reasons]
        if reasons:
            self.heading("What would be quarantined, and why")
        for table, reason in sorted(reasons, key=lambda pair: -pair[1].rows):
            self.item(words.reason(table, reason), "yellow")
            for text in words.examples(reason):
                self.line(f"      {text}", "dim")
            self.line(f"    → {reason.do}")

    def kpis(self, report: Report) -> None:
        """Which KPIs these events can show."""
        self.heading(f"What these events can show: {words.tally(report.kpis)}")
        rest = [kpi for kpi in report.kpis if kpi.coverage != FULL]
        self.grid(
            ["KPI", "", "why"],
            ([kpi.kpi_id, words.SHOWN[kpi.coverage], "; ".join(kpi.why)] for kpi in rest),
            styles=[STYLES[kpi.coverage] for kpi in rest],
        )
        shown = [kpi.kpi_id for kpi in report.kpis if kpi.coverage == FULL]
        if shown:
            self.line(f"Shown: {', '.join(shown)}.")

    def line(self, text: str = "", style: str = "") -> None:
        """A line; what a terminal would obey is written out."""
        self.console.print(Text(clean(text), style=style))

    def item(self, text: str, style: str = "") -> None:
        """A line of a list."""
        self.line(f"  - {text}", style)

    def heading(self, text: str) -> None:
        """A line that begins a part."""
        self.line()
        self.line(text, "bold")

    def grid(
        self, columns: list[str], lines: Iterable[list[str]], right: Iterable[int] = (), styles: list[str] | None = None
    ) -> None:
        """A table. right: places of columns of numbers. styles: of each line's second column."""
        grid = Grid(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
        for place, name in enumerate(columns):
            grid.add_column(name, justify="right" if place in right else "left", overflow="fold")
        for number, cells in enumerate(lines):
            texts = [Text(clean(cell)) for cell in cells]
            if styles:
                texts[1].stylize(styles[number])
            grid.add_row(*texts)
        if grid.row_count:
            self.console.print(grid)
