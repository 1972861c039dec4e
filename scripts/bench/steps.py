"""What is measured for one number of cases, and for dbt on its own."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from scripts.bench.agreement import differences
from scripts.bench.meter import CommandFailed, Cost, measure, size_of
from scripts.generate_events import generate
from scripts.journeys import TABLES

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "seeds/reference"
DBT = str(Path(sys.executable).parent / "dbt")
WITHOUT_TESTS = ["--exclude-resource-type", "test", "unit_test"]
# Disk space: the events, and what the builds, the script and what they spill take at most at a time.
EVENT_BYTES_PER_CASE, WORK_BYTES_PER_CASE = 360, 4_500
# The last moment that is computed for lies some days before the last load.
DAYS_BEFORE_LAST_LOAD = 3
# Step -> the database that it leaves.
DATABASES = {
    "duckdb": "rival",
    "full": "built",
    "daily": "built",
    "limited": "limited",
    "long_ids": "long_ids",
    "longer": "longer",
}

Say = Callable[[str], None]
Result = dict[str, Any]


class CouldNotRun(Exception):
    """What keeps the benchmark from running, in words for its user."""


class Workbench:
    """Runs measured commands in a folder that is thrown away afterwards."""

    def __init__(self, folder: Path, say: Say) -> None:
        self.folder, self.say = folder, say
        folder.mkdir(parents=True, exist_ok=True)

    def run(self, name: str, command: list[str], environment: dict[str, str] | None = None) -> Result:
        """Measure one command."""
        self.say(f"  {name} …")
        cost: Cost = measure(command, ROOT, environment or {}, self.folder / f"{name}.log")
        self.say(
            f"  {name}: {cost.seconds:.1f} s, {cost.cpu_seconds:.1f} s of processor, {cost.peak_bytes / 1e9:.2f} GB"
        )
        return asdict(cost)

    def dbt(
        self,
        name: str,
        arguments: list[str],
        database: str,
        variables: dict[str, str] | None = None,
        settings: dict[str, str] | None = None,
    ) -> Result:
        """Measure one dbt command; what it parsed is kept per database, as a user's project keeps it. settings: environment variables."""
        target = self.folder / f"{database}_target"
        command = [DBT, "--no-use-colors", *arguments, "--target-path", str(target)]
        command += ["--log-path", str(self.folder / f"{database}_logs")]
        if variables:
            command += ["--vars", json.dumps(variables)]
        environment = {
            "CLOSED_LOOP_DUCKDB": str(self.database(database)),
            "DBT_PROJECT_DIR": str(ROOT),
            "DBT_PROFILES_DIR": str(ROOT),
            **(settings or {}),
        }
        result = self.run(name, command, environment)
        if arguments[0] == "build":
            nodes = json.loads((target / "run_results.json").read_text(encoding="utf-8"))["results"]
            times = sorted(((node["execution_time"], node["unique_id"].split(".")[-1]) for node in nodes), reverse=True)
            result["nodes"] = len(nodes)
            result["models"] = [{"name": model, "seconds": seconds} for seconds, model in times]
            result["result_bytes"] = size_of(self.database(database))
        return result

    def database(self, name: str) -> Path:
        return self.folder / f"{name}.duckdb"

    def floor(self, events: Path) -> Result:
        """Measure reading the events."""
        return self.run("floor", [sys.executable, "-m", "scripts.bench.floor", str(events)])

    def rival(self, events: Path, as_of: str) -> Result:
        """Measure the script."""
        database = self.database(DATABASES["duckdb"])
        command = [sys.executable, "-m", "scripts.bench.rival", str(events), str(REFERENCE), as_of, str(database)]
        result = self.run("duckdb", command)
        result["result_bytes"] = size_of(database)
        return result


def measure_dbt(bench: Workbench) -> dict[str, Result]:
    """dbt's overhead on its own: parsing from scratch and again, and the demo, whose events are few."""
    return {
        "parse": bench.dbt("parse", ["parse"], "demo"),
        "parse_again": bench.dbt("parse_again", ["parse"], "demo"),
        "demo": bench.dbt("demo", ["build", *WITHOUT_TESTS], "demo"),
    }


def check_disk(folder: Path, cases: int, is_there: bool) -> None:
    """Raise where the disk is too small for what a number of cases is expected to take."""
    needed = cases * (WORK_BYTES_PER_CASE + (0 if is_there else EVENT_BYTES_PER_CASE))
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise CouldNotRun(
            f"{cases:,} cases need about {needed / 1e9:.1f} GB of disk, and {folder} has {free / 1e9:.1f} GB left. "
            "Name another folder with --folder, or fewer cases."
        )


class Sample(NamedTuple):
    """Which events are generated."""

    cases: int
    weeks: int
    seed: int


def make_events(events: Path, sample: Sample, say: Say, long_ids: bool = False) -> bool:
    """Generate the events unless they are there; returns whether they were generated."""
    there = [table for table in TABLES if (events / f"{table}.parquet").exists()]
    if there and len(there) < len(TABLES):
        raise CouldNotRun(f"{events} holds only {len(there)} of {len(TABLES)} tables. Remove the folder.")
    if there:
        return False
    say(f"  generating {sample.cases:,} cases …")
    with contextlib.redirect_stdout(sys.stderr):
        generate(sample.cases, sample.weeks, events, sample.seed, long_ids=long_ids)
    return True


class Loads(NamedTuple):
    """All raw rows, those that are loaded between two moments, and these moments: a day like others, from six to six in the morning.

    Not the last day: the generated rows that would come later than everything are loaded with the last ones.
    """

    before: str
    last: str
    rows: int
    daily_rows: int


def find_loads(events: Path) -> Loads:
    """The moments of the builds, and how many rows there are."""
    rows = " union all ".join(f"select loaded_at from '{events}/{table}.parquet'" for table in TABLES)
    with duckdb.connect() as connection:
        [(last,)] = connection.execute(
            f"select date_trunc('day', max(loaded_at)) - interval {DAYS_BEFORE_LAST_LOAD} day + interval 6 hour from ({rows})"
        ).fetchall()
        before = last - dt.timedelta(days=1)
        count = "count(*), count(*) filter (loaded_at > ? and loaded_at <= ?)"
        [counts] = connection.execute(f"select {count} from ({rows})", [before, last]).fetchall()
    return Loads(str(before), str(last), *counts)


def measure_size(
    bench: Workbench, events: Path, sample: Sample, steps: list[str], memory_limit: str
) -> tuple[dict[str, Any], list[str]]:
    """Measure the steps on a folder of events: what they cost, and what is wrong with the project's figures or builds.

    A step that doesn't finish is noted, and the others go on: the script may well run out of memory.
    """
    loads = find_loads(events)
    measured: dict[str, Result] = {}
    agreement: dict[str, dict[str, int]] = {}
    wrong: list[str] = []

    def build(step: str, read: Path, as_of: str, **settings: str) -> Result:
        settings["CLOSED_LOOP_AS_OF"] = as_of
        places = {"events_path": str(read), "reference_path": str(REFERENCE)}
        return bench.dbt(step, ["build", *WITHOUT_TESTS], DATABASES[step], places, settings)

    def measure_step(step: str) -> Result:
        own_events = bench.folder / f"{step}_events"
        if step == "floor":
            return bench.floor(events)
        if step == "duckdb":
            return bench.rival(events, loads.last)
        if step == "limited":
            return build(step, events, loads.last, CLOSED_LOOP_MEMORY_LIMIT=memory_limit)
        if step == "long_ids":
            make_events(own_events, sample, bench.say, long_ids=True)
            return build(step, own_events, loads.last)
        if step == "longer":
            # As many rows a day, for twice as long.
            make_events(own_events, Sample(2 * sample.cases, 2 * sample.weeks, sample.seed), bench.say)
            longer = find_loads(own_events)
            build(step, own_events, longer.before)
            return {**build(step, own_events, longer.last), "rows": longer.rows, "daily_rows": longer.daily_rows}
        return build(step, events, loads.before if step == "full" and "daily" in steps else loads.last)

    for step in steps:
        try:
            if step == "daily" and "failed" in measured["full"]:
                raise CommandFailed("there is no full build to add to")
            measured[step] = measure_step(step)
        except CommandFailed as failure:
            bench.say(f"  {step} did not finish: {failure}")
            measured[step] = {"failed": str(failure)}
            if step not in ("floor", "duckdb"):
                wrong.append(f"{step} did not finish: {str(failure).splitlines()[-1]}")
    finished = [step for step, result in measured.items() if "failed" not in result]
    reference = next((step for step in ("daily", "full", "limited") if step in steps), None)
    for step in finished if reference in finished else []:
        if step in ("duckdb", "limited", "long_ids") and step != reference:
            bench.say(f"  comparing {step} with the project's figures …")
            ours, theirs = (bench.database(DATABASES[name]) for name in (reference, step))
            found, agreement[step] = differences(ours, theirs, step, has_long_ids=step == "long_ids")
            wrong += found
    size = {
        "rows": loads.rows,
        "daily_rows": loads.daily_rows,
        "event_bytes": size_of(events),
        "as_of": loads.last,
        "steps": measured,
        "agreement": agreement,
    }
    return size, wrong
