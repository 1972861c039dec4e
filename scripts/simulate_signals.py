"""How often a daily signal is false, and how soon it sees a real fall: `python -m scripts.simulate_signals`.

The project is built once in a temporary folder. Then, case by case, its daily units are replaced by drawn ones, and the compiled SQL of
int_signal__scored and rpt_signal runs on them, so that what is measured is the project's own rule. Each simulated workflow is a series of
its own. Clustered units come in threes, as the writebacks of a case do: in half of the threes all share one outcome.

`--write` puts the tables into docs/is_this_real.md, between its markers. Some ten minutes with the default number of series.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import NamedTuple

import duckdb
import numpy as np

from scripts.simulate_alerts import build, write

SEED, SERIES = 38, 300
RATES, UNITS, FALLS = (0.8, 0.9, 0.95, 0.98, 0.995), (5, 20, 100, 500), (2, 5, 20, 50)
ODDS_RATIO, FALSE_ALARMS_PER_YEAR = 3, 0.25
# The first day that has a whole reference; a year is judged from there, or the days after a fall on it.
FIRST_JUDGED, YEAR, DAYS_AFTER = 71, 365, 28
CLUSTER, SHARED = 3, 0.5


class Signals(NamedTuple):
    """What the series of one case gave: their number, the days with a signal, and the days that each took to its first one."""

    series: int
    days: int
    delays: list[int]

    @property
    def days_a_year(self) -> float:
        return self.days / self.series

    @property
    def median_delay(self) -> float | None:
        """Days from the fall to the first signal, 1 on the day itself; None where half of the series give none in time."""
        delays = sorted(self.delays) + [DAYS_AFTER + 1] * (self.series - len(self.delays))
        middle = delays[len(delays) // 2]
        return middle if middle <= DAYS_AFTER else None


def draw(generator: np.random.Generator, rates: np.ndarray, series: int, units: int, clustered: bool) -> np.ndarray:
    """Numerators by series and day. rates: the true rate of each day. units: those of a day."""
    shape = (series, len(rates))
    if not clustered:
        return generator.binomial(units, rates, shape)
    whole, rest = divmod(units, CLUSTER)
    alike = generator.binomial(whole, SHARED, shape)
    return (
        CLUSTER * generator.binomial(alike, rates)
        + generator.binomial(CLUSTER * (whole - alike), rates)
        + generator.binomial(rest, rates, shape)
    )


def simulate(
    database: Path,
    sql: list[str],
    *,
    rate: float,
    units: int,
    fall: int = 0,
    clustered: bool = False,
    series: int = SERIES,
    seed: int = SEED,
) -> Signals:
    """Judge so many series. fall: points that the true rate is lower from the first judged day on; 0: nothing is wrong for a year."""
    judged = DAYS_AFTER if fall else YEAR
    rates = np.full(FIRST_JUDGED - 1 + judged, rate)
    rates[FIRST_JUDGED - 1 :] -= fall / 100
    generator = np.random.default_rng([seed, units, round(1000 * rate), fall, clustered])
    drawn = {
        "series": np.repeat(np.arange(series), len(rates)),
        "day_number": np.tile(np.arange(len(rates)), series),
        "numerator": draw(generator, rates, series, units, clustered).ravel(),
    }
    scored_sql, signal_sql = sql
    with duckdb.connect(str(database)) as connection:
        connection.begin()
        connection.execute("delete from staging.stg_reference__signal_rules")
        connection.execute(
            "insert into staging.stg_reference__signal_rules by name select 'simulated' as rule_id, 'writeback_success_rate' as kpi_id, "
            "'drop' as kind, 'all' as dimension, ? as odds_ratio, ? as false_alarms_per_year, 'warn' as severity",
            [ODDS_RATIO, FALSE_ALARMS_PER_YEAR],
        )
        connection.execute(
            "update staging.stg_events__as_of set as_of = timestamp '2000-01-01' + to_days(?)", [len(rates) - 1]
        )
        connection.register("drawn", drawn)
        connection.execute("delete from intermediate.int_signal__units")
        connection.execute(
            f"""
            insert into intermediate.int_signal__units by name
            select
                'writeback_success_rate' as kpi_id, 'all' as dimension, 'all' as dimension_value, 's' || series as workflow,
                date '2000-01-01' + day_number::int as day, numerator, {units} as denominator
            from drawn
            """
        )
        connection.execute("delete from intermediate.int_signal__scored")
        connection.execute(f"insert into intermediate.int_signal__scored by name {scored_sql}")
        found = connection.execute(
            f"""
            select count(*), min(date_diff('day', date '2000-01-01', day)) - {FIRST_JUDGED - 2}
            from ({signal_sql}) as signals
            where day >= date '2000-01-01' + {FIRST_JUDGED - 1}
            group by workflow
            """
        ).fetchall()
        connection.rollback()
    return Signals(series, sum(days for days, _ in found), [delay for _, delay in found])


def tables(database: Path, sql: list[str], series: int = SERIES, seed: int = SEED) -> dict[str, str]:
    """The text of each block of the page, by the name in its markers."""
    header = ["rate", "units a day", "independent", "clustered", *(f"−{fall}" for fall in FALLS)]
    lines = [header, ["---"] * len(header)]
    for rate in RATES:
        for units in UNITS:
            case = {"rate": rate, "units": units, "series": series, "seed": seed}
            false = [simulate(database, sql, clustered=clustered, **case).days_a_year for clustered in (False, True)]
            delays = [simulate(database, sql, fall=fall, **case).median_delay for fall in FALLS]
            lines.append(
                [str(rate), str(units), *(f"{days:.2f}" for days in false), *(str(delay or "–") for delay in delays)]
            )
    return {
        "signal_settings": f"Seed {seed}; {series:,} simulated series for each figure, a year long for false signals. "
        f"Odds ratio {ODDS_RATIO}, {FALSE_ALARMS_PER_YEAR} days of false signals allowed a year.",
        "signals": "\n".join(f"| {' | '.join(line)} |" for line in lines),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=SERIES, help=f"series for each figure (default: {SERIES:,})")
    parser.add_argument("--seed", type=int, default=SEED, help=f"seed of the draws (default: {SEED})")
    parser.add_argument(
        "--write", action="store_true", help="write the tables into docs/is_this_real.md instead of printing them"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="closed_loop_signals_") as name:
        database, sql = build(Path(name), "int_signal__scored", "rpt_signal")
        blocks = tables(database, sql, arguments.series, arguments.seed)
    if arguments.write:
        write(blocks)
    else:
        print("\n\n".join(blocks.values()))


if __name__ == "__main__":
    main()
