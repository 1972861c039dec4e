"""How often an alert is confirmed by chance, and how often it sees a real drop: `python -m scripts.simulate_alerts`.

The project is built once in a temporary folder. Then, case by case, its weekly cells are replaced by drawn ones (binomial, the
same number of units every week) and the compiled SQL of rpt_alert runs on them, so that what is measured is the project's own
rule. Each simulated workflow has as many weeks as the trailing window and one more, which is the week that is judged; all
are independent. A case draws from a generator of its own, so any row of the tables can be made again alone.

`--write` puts the tables into docs/is_this_real.md, between its markers. Two or three minutes with the default number of weeks.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb
import numpy as np
import yaml

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/is_this_real.md"

SEED, WEEKS = 38, 100_000
WEEKS_PER_WEEK_OF_POWER = 5  # power is no question of one percent, so it makes do with a fifth of the weeks
RATES, SAMPLES, DROPS = (0.3, 0.6, 0.95, 0.993), (50, 200, 1000, 5000), (1, 2, 5, 10)
TRAILING_WEEKS = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]["baseline_weeks"]
FEWEST_TRAILING_WEEKS = 3  # with fewer, `drop` and `rise` are silent

# Rule -> kind and amount; without an amount it is the true rate itself, where a rule is breached by chance most easily.
RULES = {
    "below": ("below", None),
    "above": ("above", None),
    "drop 0": ("drop", 0),
    "rise 0": ("rise", 0),
    "drop 0.005": ("drop", 0.005),
    "drop 0.05": ("drop", 0.05),
    "rise 0.02": ("rise", 0.02),
    "rise 0.05": ("rise", 0.05),
}
WORST_RULES, RULES_WITH_AMOUNT, RULES_OF_POWER = list(RULES)[:4], list(RULES)[4:], ["below", "drop 0.005"]


class Share(NamedTuple):
    """Weeks of one rule: how many were judged, and in how many of them it was breached and confirmed."""

    judged: int
    breached: int = 0
    confirmed: int = 0

    @property
    def confirmed_percent(self) -> float:
        return 100 * self.confirmed / self.judged

    @property
    def unconfirmed_percent(self) -> float:
        return 100 * (self.breached - self.confirmed) / self.judged

    @property
    def error(self) -> float:
        """What the simulation itself leaves open about the confirmed ones: 95 %, in points."""
        share = self.confirmed / self.judged
        return 100 * 1.96 * (share * (1 - share) / self.judged) ** 0.5


class Shares(NamedTuple):
    """By rule: the shares with the whole trailing window, and with the fewest weeks that let `drop` and `rise` speak."""

    full: dict[str, Share]
    young: dict[str, Share]


def build(folder: Path, *models: str, variables: dict[str, str] | None = None) -> tuple[Path, list[str]]:
    """Build some models and what they need in a folder, with dbt vars; returns the database and the models' compiled SQL."""
    database = folder / "closed_loop.duckdb"
    command = [
        str(Path(sys.executable).parent / "dbt"),
        "build",
        "--select",
        *(f"+{model}" for model in models),
        "--target",
        "duckdb",
    ]
    command += ["--exclude-resource-type", "test", "unit_test"]
    command += ["--target-path", str(folder / "target"), "--log-path", str(folder / "logs")]
    command += ["--vars", json.dumps(variables or {})]
    environment = {**os.environ, "CLOSED_LOOP_DUCKDB": str(database)}
    subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
    compiled = folder / "target/compiled/closed_loop/models"
    return database, [next(compiled.rglob(f"{model}.sql")).read_text(encoding="utf-8") for model in models]


def simulate(database: Path, sql: str, *, seed: int, weeks: int, sample: int, rate: float, drop: int = 0) -> Shares:
    """Judge so many weeks of a KPI by each of RULES.

    database, sql: what build() returns; the database is left as it was. sample: units per week. rate: the true rate.
    drop: the points by which the true rate is lower in the last week, the one that is judged; 0 is nothing wrong.
    """
    true_rates = np.full(TRAILING_WEEKS + 1, rate)
    true_rates[-1] -= drop / 100
    generator = np.random.default_rng([seed, sample, round(1000 * rate), drop])
    drawn = {
        "workflow": np.repeat(np.arange(weeks), len(true_rates)),
        "week": np.tile(np.arange(len(true_rates)), weeks),
        "numerator": generator.binomial(sample, true_rates, (weeks, len(true_rates))).ravel(),
    }
    rules = [(name, kind, rate if amount is None else amount) for name, (kind, amount) in RULES.items()]
    with duckdb.connect(str(database)) as connection:
        connection.begin()
        connection.execute("delete from staging.stg_reference__alert_rules")
        connection.executemany(
            "insert into staging.stg_reference__alert_rules (rule_id, kpi_id, kind, amount, severity) "
            "values (?, 'simulated_rate', ?, ?, 'warn')",
            rules,
        )
        connection.register("drawn", drawn)
        connection.execute("delete from intermediate.int_kpi__cells")
        connection.execute(
            f"""
            insert into intermediate.int_kpi__cells by name
            select
                'simulated_rate' as kpi_id, 'w' || workflow as workflow, date '2026-01-05' + 7 * week::int as week_start,
                false as is_provisional, 'all' as cohort_dimension, 'all' as cohort_value,
                numerator, {sample} as denominator, numerator / {sample}::double as value, true as is_rate
            from drawn
            """
        )
        counted = connection.sql(
            f"""
            select date_diff('day', date '2026-01-05', week_start) // 7, rule_id, count(*), count(*) filter (is_confirmed)
            from ({sql}) as alerts
            where week_start in (date '2026-01-05' + {7 * FEWEST_TRAILING_WEEKS}, date '2026-01-05' + {7 * TRAILING_WEEKS})
            group by all
            """
        ).fetchall()
        connection.rollback()
    counts = {(week, rule): Share(weeks, breached, confirmed) for week, rule, breached, confirmed in counted}
    full, young = (
        {rule: counts.get((week, rule), Share(weeks)) for rule in RULES}
        for week in (TRAILING_WEEKS, FEWEST_TRAILING_WEEKS)
    )
    return Shares(full, young)


def false_alarm_cells(shares: Shares) -> list[str]:
    """A row of the table of false alarms of the rules that allow for nothing, without its rate and sample."""
    worst = [shares.full[rule] for rule in WORST_RULES]
    young = [shares.young[rule] for rule in WORST_RULES[2:]]
    # The four share their weeks: the mean of their errors is the most that the error of their mean can be.
    mean, error, unconfirmed = (
        sum(figures) / len(worst)
        for figures in zip(*((s.confirmed_percent, s.error, s.unconfirmed_percent) for s in worst), strict=True)
    )
    cells = [f"{share.confirmed_percent:.2f} ± {share.error:.2f}" for share in [*worst, *young]]
    return [*cells[:4], f"{mean:.2f} ± {error:.2f}", f"{unconfirmed:.1f}", *cells[4:]]


def amount_cells(shares: Shares) -> list[str]:
    """A row of the table of rules with an amount, without its rate and sample."""
    with_amount = [shares.full[rule] for rule in RULES_WITH_AMOUNT]
    return [cell for s in with_amount for cell in (f"{s.confirmed_percent:.2f}", f"{s.unconfirmed_percent:.1f}")]


def power_cells(shares_by_drop: list[Shares]) -> list[str]:
    """A row of the table of power, without its rate and sample: each rule of it, drop after drop."""
    return [f"{shares.full[rule].confirmed_percent:.1f}" for rule in RULES_OF_POWER for shares in shares_by_drop]


def table(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [["rate", "units a week", *header], ["---"] * (2 + len(header)), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def tables(
    database: Path,
    sql: str,
    seed: int = SEED,
    weeks: int = WEEKS,
    rates: Sequence[float] = RATES,
    samples: Sequence[int] = SAMPLES,
) -> dict[str, str]:
    """The text of each block of the page, by the name in its markers; rates and samples may ask for some rows only."""
    false_alarms, amounts, power = [], [], []
    for rate in rates:
        for sample in samples:
            case = [str(rate), f"{sample:,}"]
            shares = simulate(database, sql, seed=seed, weeks=weeks, sample=sample, rate=rate)
            false_alarms.append(case + false_alarm_cells(shares))
            amounts.append(case + amount_cells(shares))
            fewer = weeks // WEEKS_PER_WEEK_OF_POWER
            dropped = [
                simulate(database, sql, seed=seed, weeks=fewer, sample=sample, rate=rate, drop=drop) for drop in DROPS
            ]
            power.append(case + power_cells(dropped))
    after = f"after {FEWEST_TRAILING_WEEKS} weeks"
    confirmed_or_not = [f"{rule}, {what}" for rule in RULES_WITH_AMOUNT for what in ("confirmed", "unconfirmed")]
    headers = {
        "false_alarms": [
            "below",
            "above",
            "drop 0",
            "rise 0",
            "all four",
            "unconfirmed",
            f"drop 0 {after}",
            f"rise 0 {after}",
        ],
        "amounts": confirmed_or_not,
        "power": [f"{rule}, −{drop}" for rule in RULES_OF_POWER for drop in DROPS],
    }
    rows = {"false_alarms": false_alarms, "amounts": amounts, "power": power}
    return {
        "settings": f"Seed {seed}; {weeks:,} simulated weeks for each figure on false alarms, "
        f"{weeks // WEEKS_PER_WEEK_OF_POWER:,} for each on power.",
        **{name: table(headers[name], rows[name]) for name in rows},
    }


def write(blocks: dict[str, str], path: Path = PAGE) -> None:
    """Put each block between its markers on a page."""
    page = path.read_text(encoding="utf-8")
    for name, text in blocks.items():
        pattern = rf"(<!-- simulated: {name} -->\n).*?(<!-- end -->)"
        page, found = re.subn(
            pattern, lambda match, text=text: f"{match[1]}\n{text}\n\n{match[2]}", page, flags=re.DOTALL
        )
        if found != 1:
            sys.exit(f"{path} needs the markers of {name} once, and has them {found} times")
    path.write_text(page, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=SEED, help=f"seed of the draws (default: {SEED})")
    parser.add_argument("--weeks", type=int, default=WEEKS, help=f"weeks for each figure (default: {WEEKS:,})")
    parser.add_argument(
        "--write", action="store_true", help="write the tables into docs/is_this_real.md instead of printing them"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="closed_loop_alerts_") as name:
        database, [sql] = build(Path(name), "rpt_alert")
        blocks = tables(database, sql, arguments.seed, arguments.weeks)
    if arguments.write:
        write(blocks)
    else:
        print("\n\n".join(blocks.values()))


if __name__ == "__main__":
    main()
