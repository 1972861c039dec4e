"""How often a week of one workflow is red and certain although nothing has changed: `python -m scripts.simulate_verdicts`.

The demo's journeys are simulated for 40 weeks of even volume, without any event of its story (scripts/journeys.py), and the project judges
them by the demo's targets, in a temporary folder. The volume is that of the demo: 165 cases a week in five workflows.

`--write` puts the table into docs/is_this_real.md, between its markers. One or two minutes.
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from unittest import mock

import duckdb

from scripts import journeys
from scripts.generate_events import columns_of, write_csv
from scripts.simulate_alerts import ROOT, build, write

PAGE = ROOT / "docs/is_this_real.md"
SEED, WEEKS, CASES_PER_WEEK = 38, 40, 165
NEVER = datetime(9000, 1, 1)
# By then the cases of the last week are mature, so that all of them are judged.
WEEKS_TO_MATURE = 6
UNCHANGED = {
    "CASES_PER_WEEK": (CASES_PER_WEEK, CASES_PER_WEEK),
    **dict.fromkeys(("OUTAGE", "KNOWLEDGE_FAULT", "SMS_TROUBLE", "DISPUTE_LOOP"), (NEVER, NEVER)),
    **dict.fromkeys(("EARLY_REMINDER", "NEW_WORDING"), NEVER),
    "WHATSAPP_PILOT": journeys.FIRST_MONDAY,
    "WORKFLOWS": {name: kind._replace(starts=journeys.FIRST_MONDAY) for name, kind in journeys.WORKFLOWS.items()},
}


def write_events(folder: Path, seed: int) -> None:
    """Write the events of an unchanged process into a folder, one CSV a table."""
    folder.mkdir()
    end = journeys.FIRST_MONDAY + timedelta(weeks=WEEKS + WEEKS_TO_MATURE)
    with mock.patch.multiple(journeys, **UNCHANGED):
        tables = journeys.make_events(seed, events_end=end, last_load=end, weeks=WEEKS)
    for table, rows in tables.items():
        write_csv(folder / f"{table}.csv", columns_of(table), rows)


def counted(database: Path) -> tuple[int, int, int, int]:
    """Weekly verdicts on rates of single workflows: all, red ones, red and certain ones, and those of them whose rate is beyond the red
    flag over all weeks together, too."""
    last = (journeys.FIRST_MONDAY + timedelta(weeks=WEEKS)).date()
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.execute(
            """
            with verdicts as (
                select
                    cells.*,
                    dim_kpi.direction,
                    sum(cells.numerator) over series / sum(cells.denominator) over series as value_of_all
                from marts.rpt_kpi_weekly as cells
                inner join marts.dim_kpi on cells.kpi_id = dim_kpi.kpi_id
                where cells.workflow <> '(all)' and cells.cohort_dimension = 'all' and dim_kpi.unit = 'rate' and cells.week_start < ?
                window series as (partition by cells.kpi_id, cells.workflow)
            )

            select
                count(*),
                count(*) filter (status = 'red'),
                count(*) filter (status = 'red' and is_certain),
                count(*) filter (
                    status = 'red' and is_certain
                    and case direction when 'higher' then value_of_all < red_flag else value_of_all > red_flag end
                )
            from verdicts
            where status in ('red', 'amber', 'green')
            """,
            [last],
        ).fetchone()


def blocks(folder: Path, seed: int = SEED) -> dict[str, str]:
    """The text of each block of the page, by the name in its markers."""
    write_events(folder / "events", seed)
    paths = {"events_path": str(folder / "events"), "reference_path": str(ROOT / "seeds/reference")}
    database, _ = build(folder, "rpt_kpi_weekly", "dim_kpi", variables=paths)
    judged, *parts = counted(database)
    lines = ["| weekly verdicts on rates of single workflows | number | share |", "| --- | --- | --- |"]
    names = ("red", "red and certain", "red and certain, and red over all weeks together, too")
    for name, number in zip(("judged", *names), (judged, *parts), strict=True):
        lines.append(f"| {name} | {number:,} | {100 * number / judged:.1f} % |")
    return {
        "verdict_settings": f"Seed {seed}; {WEEKS} weeks of {CASES_PER_WEEK} cases, in which nothing changes.",
        "verdicts": "\n".join(lines),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=SEED, help=f"seed of the journeys (default: {SEED})")
    parser.add_argument(
        "--write", action="store_true", help="write the table into docs/is_this_real.md instead of printing it"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="closed_loop_verdicts_") as name:
        texts = blocks(Path(name), arguments.seed)
    if arguments.write:
        write(texts, PAGE)
    else:
        print("\n\n".join(texts.values()))


if __name__ == "__main__":
    main()
