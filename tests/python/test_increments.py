"""Built again and again while events come in, the public tables are those of one full build.

`splits.py` cuts hostile events into runs. After every run the oracle says what its tables have to be; after the last they are
those of a fresh database, row by row and bit by bit. More seeds: `CLOSED_LOOP_SPLIT_SEEDS=0-49 pytest
tests/python/test_increments.py` draws everything (how files grow, 2 to 20 runs, rows that come late, builds that go wrong in between).
"""

from __future__ import annotations

import copy
import datetime as dt
import json
import os
import random
import re
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import compare
import duckdb
import hostile
import pytest
import splits
import yaml
from faults import STOPPING_DBT
from hostile import MICROSECOND
from project import ROOT, WITHOUT_TESTS, database, dbt, query, unlike_tables
from splits import Files, Run, Split

# The only table that no build replaces.
KEPT = "history.kpi_first_published"
# Meets every hard case; New York.
DEFAULT_SEED, DEFAULT_KINDS = 6, ["new", "new"]
# Only in make test-all: which builds of the default sequence are disturbed, and how: figures are published, and nothing says so. And a
# longer sequence: first there is nothing, then nothing but time passes, and steps of the changed cases are rebuilt where the cases are not.
DEFAULT_DISTURBED = {1: f"killed after {KEPT}"}
LONGER_KINDS, LONGER_DISTURBED = ["empty", "new", "time", "new"], {3: "intermediate.int_case__assembled fails"}
# What a run says when it doesn't only add what is new.
FULL_REBUILD = re.compile("full rebuild", re.IGNORECASE)
QUIET = ("--no-write-json", "--log-level-file", "none")

Published = dict[tuple[str, dt.date, str], tuple[float | None, dt.datetime]]


def seeds() -> list[int]:
    """The seeds of the environment; none without."""
    chosen: list[int] = []
    for part in filter(None, os.environ.get("CLOSED_LOOP_SPLIT_SEEDS", "").split(",")):
        first, _, last = part.partition("-")
        chosen.extend(range(int(first), int(last or first) + 1))
    return chosen


class Step(NamedTuple):
    """What became of one build."""

    name: str
    output: str
    # Readable differences from what is to be expected.
    differences: list[str]
    # Whether it has to be a full rebuild; None where either is right.
    is_full: bool | None
    # The cases that nothing new is known of: an increment does not rebuild them.
    left_alone: list[str]

    def wrong_words(self) -> str:
        """What it printed, where it says that it is a full rebuild and isn't, or the other way round; else empty."""
        if self.is_full is None or self.is_full == bool(FULL_REBUILD.search(self.output)):
            return ""
        lines = [line for line in self.output.splitlines() if " START " not in line and " OK " not in line]
        return "\n".join(
            [f"{self.name}: {'does not say' if self.is_full else 'says'} that it is a full rebuild", *lines]
        )


# Builds and what they should give ----------------------------------------------------------------------------------------


def run_dbt(folder: Path, variables: dict[str, Any], *arguments: str) -> subprocess.CompletedProcess[str]:
    """`dbt build` without tests, with the vars and the paths of a folder; the result is not checked."""
    paths = {"events_path": folder / "events", "reference_path": folder / "reference"}
    return dbt(*QUIET, "build", *arguments, *WITHOUT_TESTS, folder=folder, variables={**variables, **paths})


def publish(published: Published, tables: splits.Tables, as_of: dt.datetime | None) -> None:
    """Add what a completed build publishes: the first final value, by a build later than any before it."""
    if as_of is None or any(moment >= as_of for _, moment in published.values()):
        return
    for row in tables["rpt_kpi_weekly"]:
        if row["cohort_dimension"] == "all" and not row["is_provisional"]:
            published.setdefault((row["kpi_id"], row["week_start"], row["workflow"]), (row["value"], as_of))


def restated(published: Published, tables: splits.Tables, as_of: dt.datetime | None) -> set[tuple[Any, ...]]:
    """The cells of rpt_kpi_restatement, with both values and moments."""
    now = {
        (row["kpi_id"], row["week_start"], row["workflow"]): row["value"]
        for row in tables["rpt_kpi_weekly"]
        if row["cohort_dimension"] == "all"
    }
    found = set()
    for cell, (value, moment) in published.items():
        if cell in now and moment <= as_of:
            one_is_null = (value is None) != (now[cell] is None)
            if one_is_null or (value is not None and abs(value - now[cell]) > 1e-9):
                found.add((*cell, value, moment, now[cell], as_of))
    return found


def unlike(name: str, got: list[tuple[Any, ...]], expected: list[tuple[Any, ...]]) -> list[str]:
    """The differences of two lists of rows that begin with a cell's key; numbers nearly equal."""
    rows, others = ({row[:3]: row for row in side} for side in (got, expected))
    found = [f"{name}: {len(got)} rows, expected {len(expected)}"] if len(got) != len(expected) else []
    for key in sorted(rows.keys() | others.keys()):
        pair = rows.get(key, ()), others.get(key, ())
        if len(pair[0]) != len(pair[1]) or not all(map(compare.values_equal, *pair)):
            found.append(f"{name}: got {pair[0]}, expected {pair[1]}")
    return found[:8]


def differences(folder: Path, expected: splits.Tables, published: Published, as_of: dt.datetime | None) -> list[str]:
    """A folder's tables against the oracle's, and what is published and restated."""
    found = compare.differences(str(database(folder)), expected, limit=6)
    columns = "kpi_id, week_start, workflow, published_value, published_as_of"
    kept = query(folder, f"select {columns} from history.kpi_first_published")
    found += unlike("kpi_first_published", kept, [(*cell, *value) for cell, value in published.items()])
    got = query(folder, f"select {columns}, restated_value, restated_as_of from marts.rpt_kpi_restatement")
    return found + unlike("rpt_kpi_restatement", got, sorted(restated(published, expected, as_of), key=repr))


# Cases that are left alone ------------------------------------------------------------------------------------------------


def done(before: splits.Tables, after: splits.Tables, new: splits.Tables) -> list[str]:
    """Cases that are done and the same in every table before and after, and that no new row names."""
    named = {row["case_id"] for rows in new.values() for row in rows}
    rows: dict[str, list[list[str]]] = {}
    for side, tables in enumerate((before, after)):
        for table, found in tables.items():
            for row in found:
                if table.startswith("fct_") or table in (
                    "rpt_open_case",
                    "rpt_missing_evidence",
                    "rpt_integrity_violation",
                ):
                    rows.setdefault(row["case_id"], [[], []])[side].append(f"{table} {row}")
    return sorted(
        row["case_id"]
        for row in after["fct_case_journey"]
        if row["is_resolved"]
        and row["is_mature"]
        and row["is_due"]
        and row["case_id"] not in named
        and sorted(rows[row["case_id"]][0]) == sorted(rows[row["case_id"]][1])
    )


TAMPERED = "tampered"


def tamper(folder: Path, cases: list[str]) -> dict[str, str | None]:
    """Change a value of some cases, which only a build of these cases puts right; returns what it was."""
    names = ", ".join("'" + case_id.replace("'", "''") + "'" for case_id in cases)
    if not names:
        return {}
    values = query(
        folder, f"select case_id, customer_ref from intermediate.int_case__assembled where case_id in ({names})"
    )
    execute(
        folder, f"update intermediate.int_case__assembled set customer_ref = '{TAMPERED}' where case_id in ({names})"
    )
    return dict(values)


def restore(folder: Path, values: dict[str, str | None]) -> set[str]:
    """Put the values back where they are still as tamper() made them; returns those cases."""
    left = query(folder, f"select case_id from marts.fct_case_journey where customer_ref = '{TAMPERED}'")
    with duckdb.connect(str(database(folder))) as connection:
        for (case_id,) in left:
            connection.execute(
                "update intermediate.int_case__assembled set customer_ref = ? where case_id = ?",
                [values[case_id], case_id],
            )
    return {case_id for (case_id,) in left}


# Random sequences --------------------------------------------------------------------------------------------------------

SELECTED = [
    "staging", "+fct_case_journey", "fct_case_journey+", "rpt_kpi_weekly", "history", "intermediate", "staging intermediate",
    "+changed_cases", "build_seal",
]  # fmt: skip
WAYS = [
    "killed", "a part of the models", "marts are dropped", f"{KEPT} fails", "staging.base_events__writeback_acks fails",
    "intermediate.int_message__assembled fails", "intermediate.int_writeback__verified fails", "intermediate.int_case__opened fails",
    "intermediate.int_case__assembled fails", "builds.changed_cases fails",
]  # fmt: skip


def kill(folder: Path, variables: dict[str, Any], model: str = "", models: int = 1) -> None:
    """A build that is killed when it has made a model, or so many models, if it makes as many."""
    given = {**variables, "events_path": "events", "reference_path": "reference"}
    moment = given.pop("as_of", None)
    places = ["--target-path", str(folder / "target"), "--log-path", str(folder / "logs")]
    settings = {
        "CLOSED_LOOP_DUCKDB": database(folder).name,
        "DBT_PROJECT_DIR": str(ROOT),
        "DBT_PROFILES_DIR": str(ROOT),
        **({} if moment is None else {"CLOSED_LOOP_AS_OF": str(moment)}),
    }
    # One thread, and a stop as the model is done: the same models are there each time.
    words = f" OK created sql incremental model {model}" if model else " OK created "
    program = [sys.executable, "-P", STOPPING_DBT, words, str(models)]
    arguments = ["build", "--threads", "1", *WITHOUT_TESTS, *places, "--vars", json.dumps(given, default=str)]
    process = subprocess.Popen(
        [*program, *arguments], cwd=folder, env={**os.environ, **settings}, stdout=subprocess.DEVNULL
    )
    os.waitpid(process.pid, os.WUNTRACED)
    process.kill()
    process.wait()


def disturb(folder: Path, variables: dict[str, Any], how: str, chance: random.Random) -> None:
    """Something between two runs, after which the next run has to be right."""
    if how == "killed":
        kill(folder, variables, models=chance.randrange(1, 60))
    elif how == f"killed after {KEPT}":
        before = query(folder, f"from {KEPT}")
        kill(folder, variables, KEPT)
        # They are there, with those of the builds before; only the seal comes after them.
        assert set(before) < set(query(folder, f"from {KEPT}"))
        assert query(
            folder, f"select max(published_as_of) > (select max(as_of) from history.build_seal) from {KEPT}"
        ) == [(True,)]
    elif how == "a part of the models":
        run_dbt(folder, variables, "--select", *chance.choice(SELECTED).split(" "))
    elif how == "marts are dropped":
        execute(folder, "drop schema marts cascade")
    else:
        # A column too many: the model refuses it, those that need it are skipped, the others are built.
        table = how.removesuffix(" fails")
        execute(folder, f"alter table {table} add column surplus integer")
        result = run_dbt(folder, variables)
        # A full rebuild makes the table anew.
        assert result.returncode == (0 if FULL_REBUILD.search(result.stdout) and table != KEPT else 1)
        execute(folder, f"alter table {table} drop column if exists surplus")


def execute(folder: Path, sql: str) -> None:
    """Change a folder's database."""
    with duckdb.connect(str(database(folder))) as connection:
        connection.execute(sql)


def is_full(run: Run, before: Run, how: str | None) -> bool | None:
    """Whether a run has to be a full rebuild: where rows have missed theirs, or there was no moment to go on from."""
    if how and KEPT not in how and not how.endswith("fails"):
        return None
    if how and KEPT not in how and run.as_of is not None:
        # What was to fail was an increment, or a full rebuild, which makes the table anew and comes to its end.
        return False
    return run.is_late or before.as_of is None


def walk(split: Split, folder: Path, disturbed: dict[int, str], *, and_afresh: bool = True) -> list[Step]:
    """Build all runs of a split in one database; at the end also all of it in a fresh one, and compare to the last bit."""
    chance = random.Random(f"walk {split.seed}")
    hostile.write_reference_csv(split.reference, str(folder / "reference"))
    files = Files(folder / "events", chance)
    published: Published = {}
    steps: list[Step] = []
    expected: splits.Tables = {}
    for number, run in enumerate(split.runs):
        if number == 0 or split.way != "whole":
            files.add(run.new)
        variables = split.variables_of(run)
        how = disturbed.get(number) if number else None
        if how:
            disturb(folder, variables, how, chance)
        full = is_full(run, split.runs[number - 1], how) if number else None
        before, expected = expected, split.expected(run)
        left_alone = done(before, expected, run.new) if full is False else []
        values = tamper(folder, left_alone)
        result = run_dbt(folder, variables)
        name = f"run {number} {run.kind}{f', before it: {how}' if how else ''}"
        if result.returncode:
            return [*steps, Step(name, result.stdout, [result.stdout[-3000:]], None, left_alone)]
        found = [f"{case_id} was done, and is rebuilt" for case_id in sorted(set(left_alone) - restore(folder, values))]
        publish(published, expected, run.as_of)
        found += differences(folder, expected, published, run.as_of)
        steps.append(Step(name, result.stdout, found, full, left_alone))

    if not and_afresh:
        return steps
    fresh = folder / "fresh"
    for name in ("events", "reference"):
        shutil.copytree(folder / name, fresh / name)
    result = run_dbt(fresh, split.variables_of(split.runs[-1]))
    found = unlike_tables(folder, fresh, ["rpt_kpi_restatement"]) if result.returncode == 0 else [result.stdout[-3000:]]
    return [*steps, Step("a fresh database", result.stdout, found, None, [])]


def report(split: Split, steps: list[Step]) -> str:
    """The differences of all steps, with what is needed to make them again; empty where there are none."""
    found = [line for step in steps if step.differences for line in [f"after {step.name}:", *step.differences]]
    return "\n".join([str(split), *found]) if found else ""


def wrong_words(steps: list[Step]) -> str:
    """The same of several steps."""
    return "\n".join(filter(None, (step.wrong_words() for step in steps)))


class Walked(NamedTuple):
    """A split and what became of it, and where its database and its files are."""

    split: Split
    steps: list[Step]
    folder: Path


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Walked:
    """The default sequence."""
    split = splits.make_split(DEFAULT_SEED, "grown", DEFAULT_KINDS, late=False)
    folder = tmp_path_factory.mktemp("walked")
    return Walked(split, walk(split, folder, {}, and_afresh=False), folder)


def test_runs_end_like_one_full_build(walked: Walked) -> None:
    """As the oracle says it would."""
    found = report(walked.split, walked.steps)
    assert not found, found


def test_runs_add_only_what_is_new(walked: Walked) -> None:
    """They say so, and leave alone what nothing new is known of: report() names the cases that they don't."""
    assert not wrong_words(walked.steps), f"{walked.split}\n{wrong_words(walked.steps)}"
    assert [step.is_full for step in walked.steps] == [None, False]
    assert any(step.left_alone for step in walked.steps)


@pytest.mark.slow
def test_a_run_after_one_that_was_killed_ends_like_one_full_build(tmp_path: Path) -> None:
    split = splits.make_split(DEFAULT_SEED, "grown", DEFAULT_KINDS, late=False)
    steps = walk(split, tmp_path, DEFAULT_DISTURBED)
    assert not report(split, steps), report(split, steps)
    assert not wrong_words(steps), f"{split}\n{wrong_words(steps)}"
    assert [step.is_full for step in steps] == [None, False, None]


@pytest.mark.slow
def test_runs_from_nothing_end_like_one_full_build(tmp_path: Path) -> None:
    split = splits.make_split(DEFAULT_SEED, "grown", LONGER_KINDS, late=False)
    steps = walk(split, tmp_path, LONGER_DISTURBED)
    assert not report(split, steps), report(split, steps)
    assert not wrong_words(steps), f"{split}\n{wrong_words(steps)}"
    assert [step.is_full for step in steps] == [None, True, False, False, None]


@pytest.mark.slow
@pytest.mark.parametrize("seed", seeds())
def test_drawn_runs_end_like_one_full_build(seed: int, tmp_path: Path) -> None:
    """Only on demand: CLOSED_LOOP_SPLIT_SEEDS."""
    split = splits.make_split(seed)
    chance = random.Random(f"disturbed {seed}")
    disturbed = {number: chance.choice(WAYS) for number in range(1, len(split.runs)) if chance.random() < 0.25}
    steps = walk(split, tmp_path, disturbed)
    assert not report(split, steps), report(split, steps)
    assert not wrong_words(steps), f"{split}\n{wrong_words(steps)}"


# What makes a run a full one --------------------------------------------------------------------------------------------

# Vars that say where tables are and may move, not what is computed.
PLACES = {"events_path", "events_schema", "reference_path", "reference_schema", "schema_prefix", "allow_other_events"}
# No figure depends on these: a change rebuilds nothing.
NOT_IN_FIGURES = {"reader_roles"}
# Every other var, with two values of which a seed has at most one.
VARS: dict[str, tuple[Any, Any]] = {
    "writeback_timeout_minutes": (30, 90),
    "reporting_timezone": ("Asia/Kolkata", "Europe/Berlin"),
    "reporting_currency": ("EUR", "USD"),
    "quiet_hours_start": (9, 19),
    "quiet_hours_end": (6, 7),
    "history_start": ("2026-02-15", "2026-02-16"),
    "clock_skew_minutes": (50, 70),
    "settling_hours": (30, 50),
    "min_sample": (2, 7),
    "baseline_weeks": (2, 6),
    "pii": ("dropped", "clear"),
}


class Stand:
    """What the default sequence leaves, in a folder of its own, to be changed."""

    def __init__(self, folder: Path, walked: Walked) -> None:
        self.folder = folder
        self.variables = dict(walked.split.variables)
        self.events = {table: list(rows) for table, rows in walked.split.runs[-1].events.items()}
        self.reference = copy.deepcopy(walked.split.reference)
        shutil.copy(database(walked.folder), database(folder))

    def plan(self, *arguments: str, until: str = "build_log") -> str:
        """Only decide how to build; returns why everything is to be rebuilt, empty for an increment. A part doesn't count as done."""
        hostile.write_parquet(self.events, str(self.folder / "events"))
        hostile.write_reference_csv(self.reference, str(self.folder / "reference"))
        result = run_dbt(self.folder, self.variables, "--select", f"+{until}", *arguments)
        assert result.returncode == 0, result.stdout[-3000:]
        said = re.search(r"Full rebuild: (.*)\.$", result.stdout, re.MULTILINE)
        return said[1] if said else ""

    def described_anew(self) -> dict[tuple[str, str], bool]:
        """Each var and reference table of the last plan, and whether it is another than in the last build that finished."""
        rows = query(
            self.folder,
            """
            select now.kind, now.name, now.content is distinct from before.content
            from history.build_inputs as now
            left join history.build_inputs as before
                on now.kind = before.kind and now.name = before.name
                and before.build_number = (select max(build_number) from history.build_seal)
            where
                now.kind in ('var', 'reference table') and now.name <> 'pii (its key)'
                and now.build_number = (select max(build_number) from history.build_inputs)
            """,
        )
        return {(kind, name): is_other for kind, name, is_other in rows}


def miss(stand: Stand) -> None:
    """A row that has missed its run: loaded when the first of its table was."""
    known = min((row for row in stand.events["payments"] if row["loaded_at"]), key=lambda row: row["loaded_at"])
    stand.events["payments"].append({**known, "event_id": "late", "amount": Decimal("5.00")})


def vanish(stand: Stand) -> None:
    """A row of an earlier run is taken away: the raw layer only grows, says the contract, and where it doesn't a build notices."""
    rows = [row for row in stand.events["evidence_items"] if row["loaded_at"]]
    stand.events["evidence_items"].remove(min(rows, key=lambda row: row["loaded_at"]))


def edit(stand: Stand) -> None:
    """Every reference table has another row, one less or a first one; those of the KPIs and the time zones are the project's own."""
    numbers = {"workflows": "maturity_days", "kpi_targets": "red_flag", "cost_rates": "amount", "fixed_costs": "amount"}
    for table, rows in stand.reference.items():
        if table in numbers:
            rows[0][numbers[table]] += 1
        elif table == "fx_rates":
            rows[0]["rate"] += 0.5
        elif rows:
            del rows[0]
        else:
            assert table == "changes"
            rows.append(
                {"change_id": "a", "changed_on": "2026-03-02", "kpi_id": "completion_rate", "workflow": "(all)"}
            )


@pytest.mark.slow
def test_every_reason_for_a_full_rebuild_is_found(walked: Walked, tmp_path: Path) -> None:
    """Each is said; where there are several the first in the alphabet, but for the two that are asked first."""
    stand = Stand(tmp_path, walked)
    places = {"events_path", "events_schema", "reference_path", "reference_schema"}
    tables = set(stand.reference)
    alike = {("var", name) for name in {*VARS, *places}} | {
        ("reference table", name) for name in hostile.REFERENCE_COLUMNS
    }

    # A row that is refused is loaded a moment later: no case is another.
    as_of = walked.split.runs[-1].as_of
    stand.events["payments"].append({**stand.events["payments"][0], "event_id": None, "loaded_at": as_of + MICROSECOND})
    assert stand.plan(until="changed_cases") == ""
    refused_case = stand.events["payments"][-1]["case_id"]
    assert query(stand.folder, "select * from builds.changed_cases") == [(refused_case,)]
    assert stand.described_anew() == dict.fromkeys(alike, False)

    edit(stand)
    assert stand.plan() == f"the reference table {min(tables)} has changed"
    changed = {("reference table", name) for name in tables}
    assert stand.described_anew() == {name: name in changed for name in alike}

    stand.reference = copy.deepcopy(walked.split.reference)
    unfinished = "the build before was of a later moment or rebuilt everything, and did not finish"
    assert stand.plan() == unfinished

    # The build that only listed its cases has read the refused row, and it is gone again.
    refused = stand.events["payments"].pop()
    assert re.match(r"payments: \d+ rows were read up to .*, and \d+ are there now$", stand.plan())
    stand.events["payments"].append(refused)

    for _ in range(2):
        assert run_dbt(stand.folder, stand.variables, "--select", "int_case__opened").returncode == 0
    assert stand.plan() == "models were built without build_log, which says what is new"
    execute(stand.folder, "delete from history.build_inputs where kind = 'part'")

    miss(stand)
    assert re.match(r"payments: \d+ rows were read up to .*, and \d+ are there now$", stand.plan())
    vanish(stand)
    assert stand.plan().startswith("evidence_items: ")

    # With these vars nothing is parsed yet, which takes a while: all at once.
    for name, values in VARS.items():
        stand.variables[name] = next(value for value in values if value != stand.variables.get(name))
    stand.variables["as_of"] = as_of - MICROSECOND
    assert stand.plan() == "as_of is earlier than that of the build before, or one of them has none"
    assert stand.described_anew() == {(kind, name): name in VARS for kind, name in alike}

    execute(stand.folder, "drop table intermediate.int_case__assembled")
    assert stand.plan() == "there is no int_case__assembled"
    assert stand.plan("--full-refresh") == "--full-refresh asks for it"

    execute(stand.folder, "drop schema history cascade; create table intermediate.int_case__assembled (case_id text)")
    assert stand.plan() == "there is no record of what the build before has read"


# How a table's rows are not as they were read, by one of them: `number` tells it from the others.
UNLIKE = {
    "gone": "from {} where number <> 1",
    "twice": "from {} union all from {} where number = 1",
    "of another case": "select * replace (if(number = 1, case_id || 'x', case_id) as case_id) from {}",
    "another event": "select * replace (if(number = 1, event_id || 'x', event_id) as event_id) from {}",
    "earlier": "select * replace (occurred_at - to_microseconds(if(number = 1, 1, 0)) as occurred_at) from {}",
    "loaded earlier": "select * replace (loaded_at - to_microseconds(if(number = 1, 1, 0)) as loaded_at) from {}",
}


def test_any_row_that_is_not_as_it_was_read_leads_to_a_full_rebuild(walked: Walked, tmp_path: Path) -> None:
    """In each event table, under a `loaded_at` that was read: asked is build_reads as dbt compiled it."""
    stand = Stand(tmp_path, walked)
    assert stand.plan() == ""
    reads = (tmp_path / "target/compiled/closed_loop/models/history/build_reads.sql").read_text()
    unlike = (
        f"select source_table from ({reads}) "
        "where last_row_count_now <> last_row_count or last_rows_hash_now <> last_rows_hash"
    )
    with duckdb.connect(str(database(tmp_path)), read_only=True) as connection:
        connection.execute(f"set file_search_path = '{tmp_path}'")
        for table in stand.events:
            file = tmp_path / f"events/{table}.parquet"
            # A row in which every one of these changes something.
            sound = "isfinite(occurred_at) and isfinite(loaded_at) and event_id <> '' and case_id <> ''"
            connection.execute(
                f"create or replace temporary table rows_read as from read_parquet('{file}') "
                f"select *, row_number() over (order by ({sound}) desc nulls last, loaded_at) as number"
            )
            own = connection.sql("from rows_read where number = 1").columns[4]
            changes = {**UNLIKE, own: f"select * replace (if(number = 1, 'x', {own}) as {own}) from {{}}"}
            read = file.read_bytes()
            for what, rows in changes.items():
                connection.execute(
                    f"copy (select * exclude number from ({rows.replace('{}', 'rows_read')})) to '{file}'"
                )
                found = connection.sql(unlike).fetchall()
                assert found == [(table,)], f"{table}: a row is {what}, and a build finds {found}"
            file.write_bytes(read)
        assert connection.sql(unlike).fetchall() == []


def test_every_var_is_changed() -> None:
    """A new var has to be noticed too."""
    project = yaml.safe_load((ROOT / "dbt_project.yml").read_text())
    assert set(project["vars"]) == {*VARS, *PLACES, *NOT_IN_FIGURES, "as_of"}
