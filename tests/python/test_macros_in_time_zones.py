"""The macros of local time in other zones than UTC: every expectation is worked out by hand from the zone's rules.

Rome is an hour ahead of UTC, two from 29 March 2026, 01:00 UTC, to 25 October 2026, 01:00 UTC. New York is five hours
behind, four from 8 March, 07:00 UTC, to 1 November, 06:00 UTC. Kolkata is always five and a half hours ahead. Quiet
hours are the default, 21 to 8. Mondays: 29 December 2025, 5 January, 23 February, 23 March, 25 May, 1 and 29 June 2026.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import pytest
from project import dbt
from tiers import slow_but


class Moment(NamedTuple):
    """A UTC moment and what it is locally; the week and month are given where a bound is near."""

    utc: str
    local: str
    is_quiet: bool
    week: str | None = None
    month: str | None = None


MOMENTS = {
    "Europe/Rome": [
        # Sunday ends, Monday begins.
        Moment("2026-01-04 22:59:59.999999", "2026-01-04 23:59:59.999999", True, "2025-12-29", "2026-01-01"),
        Moment("2026-01-04 23:00:00", "2026-01-05 00:00:00", True, "2026-01-05", "2026-01-01"),
        Moment("2026-06-30 21:59:59", "2026-06-30 23:59:59", True, "2026-06-29", "2026-06-01"),
        Moment("2026-06-30 22:00:00", "2026-07-01 00:00:00", True, "2026-06-29", "2026-07-01"),
        # Clocks skip from 2 to 3, and go back from 3 to 2.
        Moment("2026-03-29 00:59:59", "2026-03-29 01:59:59", True, "2026-03-23"),
        Moment("2026-03-29 01:00:00", "2026-03-29 03:00:00", True, "2026-03-23"),
        Moment("2026-10-25 00:59:59", "2026-10-25 02:59:59", True),
        Moment("2026-10-25 01:00:00", "2026-10-25 02:00:00", True),
        # Quiet hours in winter and in summer.
        Moment("2026-01-05 06:59:59", "2026-01-05 07:59:59", True),
        Moment("2026-01-05 07:00:00", "2026-01-05 08:00:00", False),
        Moment("2026-06-30 18:59:59", "2026-06-30 20:59:59", False),
        Moment("2026-06-30 19:00:00", "2026-06-30 21:00:00", True),
    ],
    "America/New_York": [
        # The year ends; Sunday and May end together.
        Moment("2026-01-01 04:59:59", "2025-12-31 23:59:59", True, "2025-12-29", "2025-12-01"),
        Moment("2026-01-01 05:00:00", "2026-01-01 00:00:00", True, "2025-12-29", "2026-01-01"),
        Moment("2026-06-01 03:59:59", "2026-05-31 23:59:59", True, "2026-05-25", "2026-05-01"),
        Moment("2026-06-01 04:00:00", "2026-06-01 00:00:00", True, "2026-06-01", "2026-06-01"),
        # Clocks skip from 2 to 3, and go back from 2 to 1.
        Moment("2026-03-08 06:59:59", "2026-03-08 01:59:59", True),
        Moment("2026-03-08 07:00:00", "2026-03-08 03:00:00", True),
        Moment("2026-11-01 05:59:59", "2026-11-01 01:59:59", True),
        Moment("2026-11-01 06:00:00", "2026-11-01 01:00:00", True),
        # Quiet hours in summer, the first on the evening before in New York.
        Moment("2026-07-02 00:59:59", "2026-07-01 20:59:59", False),
        Moment("2026-07-02 01:00:00", "2026-07-01 21:00:00", True),
        Moment("2026-07-02 11:59:59", "2026-07-02 07:59:59", True),
        Moment("2026-07-02 12:00:00", "2026-07-02 08:00:00", False),
    ],
    "Asia/Kolkata": [
        Moment("2026-01-04 18:29:59", "2026-01-04 23:59:59", True, "2025-12-29", "2026-01-01"),
        Moment("2026-01-04 18:30:00", "2026-01-05 00:00:00", True, "2026-01-05", "2026-01-01"),
        Moment("2026-02-28 18:29:59", "2026-02-28 23:59:59", True, "2026-02-23", "2026-02-01"),
        Moment("2026-02-28 18:30:00", "2026-03-01 00:00:00", True, "2026-02-23", "2026-03-01"),
        # Clocks change elsewhere.
        Moment("2026-03-29 00:59:59", "2026-03-29 06:29:59", True),
        Moment("2026-03-29 01:00:00", "2026-03-29 06:30:00", True),
        # Quiet hours begin and end at half past, UTC.
        Moment("2026-07-02 02:29:59", "2026-07-02 07:59:59", True),
        Moment("2026-07-02 02:30:00", "2026-07-02 08:00:00", False),
        Moment("2026-07-02 15:29:59", "2026-07-02 20:59:59", False),
        Moment("2026-07-02 15:30:00", "2026-07-02 21:00:00", True),
    ],
}

# The one that `make test` takes: its clocks change, and its evening is the next day in UTC.
FAST_ZONE = "America/New_York"

# Local midnights in UTC: the days before and after each clock change.
MIDNIGHTS = {
    "Europe/Rome": {
        "2026-03-29": "2026-03-28 23:00:00",
        "2026-03-30": "2026-03-29 22:00:00",
        "2026-10-25": "2026-10-24 22:00:00",
        "2026-10-26": "2026-10-25 23:00:00",
    },
    "America/New_York": {
        "2026-03-08": "2026-03-08 05:00:00",
        "2026-03-09": "2026-03-09 04:00:00",
        "2026-11-01": "2026-11-01 04:00:00",
        "2026-11-02": "2026-11-02 05:00:00",
    },
    "Asia/Kolkata": {"2026-01-05": "2026-01-04 18:30:00", "2026-07-05": "2026-07-04 18:30:00"},
}


def expected_results(zone: str) -> dict[tuple[str, str | None], str | None]:
    """What each macro says of each argument in this zone, as text; of no moment, nothing."""
    of_a_moment = ("to_local", "local_date", "local_week", "local_month", "is_quiet_hour")
    results: dict[tuple[str, str | None], str | None] = {(macro, None): None for macro in (*of_a_moment, "to_utc")}
    for moment in MOMENTS[zone]:
        results["to_local", moment.utc] = moment.local
        results["local_date", moment.utc] = moment.local[:10]
        results["is_quiet_hour", moment.utc] = str(moment.is_quiet).lower()
        if moment.week:
            results["local_week", moment.utc] = moment.week
        if moment.month:
            results["local_month", moment.utc] = moment.month
    for day, utc in MIDNIGHTS[zone].items():
        results["to_utc", day] = utc
    return results


def call(macro: str, argument: str | None) -> str:
    """A query that dbt compiles: the macro's result for one argument, as text."""
    kind = "date" if argument and len(argument) == 10 else "timestamp"
    typed = f"cast({'null' if argument is None else repr(argument)} as {kind})"
    named = f"select '{macro}' as what, cast({'null' if argument is None else repr(argument)} as varchar) as of_what"
    # Quiet hours are asked of wall-clock time.
    called = f'{macro}(to_local("{typed}"))' if macro == "is_quiet_hour" else f'{macro}("{typed}")'
    return f"{named}, cast({{{{ {called} }}}} as varchar) as result"


@pytest.mark.parametrize("zone", slow_but([FAST_ZONE], MOMENTS))
def test_local_time(zone: str, tmp_path: Path) -> None:
    expected = expected_results(zone)
    queries = [call(macro, argument) for macro, argument in expected]
    result = dbt(
        *("--quiet", "show", "--inline", "\nunion all\n".join(queries), "--limit", "-1", "--output", "json"),
        folder=tmp_path,
        variables={"reporting_timezone": zone},
    )
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    rows = json.loads(result.stdout)["show"]
    assert {(row["what"], row["of_what"]): row["result"] for row in rows} == expected
