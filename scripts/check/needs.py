"""Whether accepted events can show a KPI: the models rpt_kpi_coverage and int_kpi__gaps of these events, as a build would make them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from scripts.check.macros import Project

FULL, PARTIAL, NONE = "full", "partial", "none"


@dataclass
class Coverage:
    """Whether the events can show a KPI (full, partial, none), and where not in full, why."""

    kpi_id: str
    title: str
    coverage: str
    why: list[str] = field(default_factory=list)


def coverage(project: Project, ends: Mapping[str, tuple[int, int | None]]) -> list[Coverage]:
    """Each KPI in the catalogue's order, with whether the events can show it.

    ends: rows of each event table, and how many of them are accepted, None where they can't be judged yet.
    """
    kpis = project.run_query(
        f"""
        select kpis.kpi_id, kpis.title, coverage.coverage
        from {project.relation("dim_kpi")} as kpis
        inner join {project.relation("rpt_kpi_coverage")} as coverage on kpis.kpi_id = coverage.kpi_id
        order by kpis.display_order
        """
    )
    gaps: dict[tuple[str, bool], list[str]] = {}
    for row in project.run_query("select * from int_kpi__gaps order by gap"):
        texts = gaps.setdefault((row["kpi_id"], row["hides_kpi"]), [])
        text = in_these_events(row["source_table"], row["gap"], ends)
        if text not in texts:
            texts.append(text)
    return [
        Coverage(row["kpi_id"], row["title"], row["coverage"], gaps.get((row["kpi_id"], row["coverage"] == NONE), []))
        for row in kpis
    ]


def in_these_events(table: str, gap: str, ends: Mapping[str, tuple[int, int | None]]) -> str:
    """A gap in words; where a table's rows are there, and none is accepted, what keeps them out."""
    rows, accepted = ends.get(table, (0, 0))
    if accepted is None:
        return f"{table} can't be judged before what is wrong in the events is put right"
    return f"no row of {table} would be accepted" if rows and not accepted else gap
