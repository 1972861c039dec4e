"""Each fault in the data is caught by the check that is meant for it, which names it: tests/python/mutants.py.

A fault is put into a copy of the demo within a transaction, the check is asked, and the fault is rolled back. Asked are the queries
of the gates and of the tests as dbt compiles them, and the gates' own judge. test_gate.py runs the gates as commands.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from conftest import AS_OF, GateQueries
from mutants import MARTS, MUTANTS, RAW_EVENTS, RAW_FILES, DataMutant, FileMutant
from project import ROOT, SEEDS, database, dbt

from scripts.gate import judge, warehouse

GATES = {gate: sorted(checks) for gate, checks in yaml.safe_load(judge.THRESHOLDS.read_text(encoding="utf-8")).items()}
SINGULAR = {path.stem for path in (ROOT / "tests/singular").glob("*.sql")}
# What the contract gate stages, in an order in which each finds what it refers to.
STAGED = sorted(
    (path.stem for path in (ROOT / "models/staging/events/base").glob("*.sql")),
    key=lambda name: (not name.endswith(("triggers", "attempts", "__exceptions")), not name.endswith("triggers")),
)

Found = dict[str, set[str]]


class Checks:
    """The queries of every check, and a copy of the demo to ask them of."""

    def __init__(self, demo: Path, gate_queries: GateQueries, folder: Path) -> None:
        self.gates = gate_queries
        shutil.copytree(demo / "target", folder / "target", ignore=shutil.ignore_patterns("compiled", "run"))
        shutil.copy(database(demo), database(folder))
        selected = ("path:tests/singular", "path:models/staging/events/base")
        compiled = dbt("compile", "--select", *selected, folder=folder)
        assert compiled.returncode == 0, compiled.stdout + compiled.stderr
        folders = ("tests/singular", "models/staging/events/base")
        paths = [path for name in folders for path in (folder / "target/compiled/closed_loop" / name).glob("*.sql")]
        self.queries = {path.stem: path.read_text(encoding="utf-8") for path in paths}
        self.connection = duckdb.connect(str(database(folder)))

    @contextmanager
    def changed(self, *statements: str) -> Iterator[None]:
        """The database with statements applied, each of which has to change rows; afterwards all is as it was."""
        self.connection.execute("begin")
        try:
            for statement in statements:
                self.change(statement)
            yield
        finally:
            self.connection.execute("rollback")

    def change(self, statement: str) -> None:
        match = re.match(r"\s*(?:update|delete from|insert into) (\w+)\.(\w+)", statement)
        assert match, statement
        table = f"{match[1]}.{match[2]}"
        self.connection.execute(f"create or replace temporary table before as select * from {table}")
        views = "select count(*) from duckdb_views() where schema_name = ? and view_name = ?"
        if self.connection.execute(views, [match[1], match[2]]).fetchall() == [(1,)]:
            self.connection.execute(f"drop view {table}; create table {table} as select * from before")
        self.connection.execute(statement)
        rows = "(select *, count(*) as copies from {} group by all)"
        before, after = rows.format("before"), rows.format(table)
        differing = f"select 1 from (({before} except {after}) union all ({after} except {before}))"
        assert self.connection.sql(differing).fetchall(), f"changes no row: {statement}"

    def stage(self) -> None:
        """Stage the raw events as of AS_OF, by the queries of the project's own models."""
        self.connection.execute(f"update staging.stg_events__as_of set as_of = '{AS_OF}'")
        for model in STAGED:
            self.connection.execute(f"create or replace table staging.{model} as {self.queries[model]}")

    def ask_gate(self, gate: str, checks: Collection[str] | None = None) -> Found:
        """How a gate judges the database: its checks (those named, else all) that do not pass, each with the things that it names."""
        measured: dict[str, dict[str, Any]] = {"inputs": {"row_count": 0, "rows": []}} if gate == "contract" else {}
        for check in self.gates[gate] if checks is None else checks:
            query = self.gates[gate][check]
            if query.get("measures"):
                measured[check] = {"measures": self.rows(query["measures"])}
            else:
                rows = self.rows(query["rows"])
                measured[check] = {"row_count": len(rows), "rows": rows}
        limits = judge.read_thresholds(gate, None)
        results = judge.judge(gate, measured, {check: limits[check] for check in limits if check in measured})
        failing = {result.check: result for result in results if result.status != "passed"}
        for result in failing.values():
            assert (result.status == "warned") == (result.limits.severity == "warn")
        return {
            name: {thing["thing"] for thing in result.failing} | {row["thing"] for row in result.rows}
            for name, result in failing.items()
        }

    def ask_test(self, name: str) -> int:
        """How many rows a dbt test returns."""
        return len(self.connection.sql(self.queries[name]).fetchall())

    def rows(self, query: str) -> list[dict[str, Any]]:
        found = self.connection.sql(query)
        return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


@pytest.fixture(scope="module")
def checks(demo: Path, gate_queries: GateQueries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checks]:
    asked = Checks(demo, gate_queries, tmp_path_factory.mktemp("mutants"))
    yield asked
    asked.connection.close()


@pytest.fixture(scope="module")
def found_in_raw(checks: Checks) -> Found:
    """What the contract gate warns of where nothing was changed."""
    with checks.changed():
        checks.stage()
        return checks.ask_gate("contract")


@pytest.fixture(scope="module")
def found_in_marts(checks: Checks) -> Found:
    """What the integrity gate warns of where nothing was changed."""
    return checks.ask_gate("integrity")


@pytest.mark.parametrize("mutant", RAW_EVENTS, ids=lambda mutant: mutant.name)
def test_raw_events(
    mutant: DataMutant, checks: Checks, found_in_raw: Found, record_property: Callable[[str, object], None]
) -> None:
    record_property("mutant", mutant.name)
    names = [check.removeprefix("contract.") for check in mutant.checks]
    with checks.changed(*mutant.change):
        checks.stage()
        found = checks.ask_gate("contract", names)
    for name in names:
        assert mutant.thing in found.get(name, set()) - found_in_raw.get(name, set()), found


@pytest.mark.parametrize("mutant", MARTS, ids=lambda mutant: mutant.name)
def test_marts(
    mutant: DataMutant, checks: Checks, found_in_marts: Found, record_property: Callable[[str, object], None]
) -> None:
    record_property("mutant", mutant.name)
    with checks.changed(*mutant.change):
        gate_checks = [check.removeprefix("integrity.") for check in mutant.checks if check.startswith("integrity.")]
        found = checks.ask_gate("integrity", gate_checks) if gate_checks else {}
        for check in gate_checks:
            named = found.get(check, set()) - found_in_marts.get(check, set())
            assert mutant.thing in named if mutant.thing else named, f"{check}: {found}"
        for check in mutant.checks:
            if not check.startswith("integrity."):
                assert checks.ask_test(check) > 0, check


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What a build, and so the contract gate, says of the demo's files with every fault of RAW_FILES; it lists all that it finds."""
    folder = tmp_path_factory.mktemp("files")
    shutil.copytree(ROOT / "seeds/events", folder / "events")
    for mutant in RAW_FILES:
        path = folder / "events" / mutant.file
        text = path.read_text(encoding="utf-8")
        assert text.count(mutant.old) == 1
        path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    paths = {"events_path": folder / "events", "reference_path": SEEDS}
    return warehouse.refusal(dbt("build", folder=folder, variables={**paths, "as_of": AS_OF}).stdout)


@pytest.mark.parametrize("mutant", RAW_FILES, ids=lambda mutant: mutant.name)
def test_raw_files(mutant: FileMutant, refused: list[str], record_property: Callable[[str, object], None]) -> None:
    record_property("mutant", mutant.name)
    assert mutant.checks == ("contract.inputs",)
    assert [problem for problem in refused if mutant.says in problem], refused


def test_the_demo_passes_the_gates(found_in_raw: Found, found_in_marts: Found) -> None:
    """Warnings do not fail a gate; test_gate.py runs both of them as commands."""
    for gate, found in {"contract": found_in_raw, "integrity": found_in_marts}.items():
        limits = judge.read_thresholds(gate, None)
        assert {limits[check].severity for check in found} <= {"warn"}


def test_the_demo_passes_every_test(checks: Checks) -> None:
    assert {name: checks.ask_test(name) for name in SINGULAR} == dict.fromkeys(SINGULAR, 0)


def test_every_check_of_a_gate_has_a_mutant() -> None:
    named = {check for mutant in MUTANTS for check in mutant.checks}
    assert {f"{gate}.{check}" for gate, checks in GATES.items() for check in checks} <= named


def test_every_singular_test_has_a_mutant() -> None:
    assert SINGULAR - {check for mutant in MUTANTS for check in mutant.checks} == set()


def test_there_are_enough_mutants_and_each_has_its_name() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 40
