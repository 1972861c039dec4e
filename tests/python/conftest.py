"""Fixtures that several test files share."""

from __future__ import annotations

import fcntl
import gc
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from faults import Stage, Stages, make_stages, read_stages
from mutants import MUTANTS
from project import WITHOUT_UNIT_TESTS, build, database, dbt, parse_anew
from seven_cases import make_seven_cases

# The moment that the demo's contract gate counts freshness to.
AS_OF = "2026-05-25 00:00:00"
# Gate -> check -> `rows` or `measures` and `examples` -> query.
GateQueries = dict[str, dict[str, dict[str, str]]]

# dbt keeps nearly all that it makes, here as in a process of its own, and looks through it for garbage again and again.
gc.set_threshold(200_000, 50, 50)

# The first two begin together: only one of them needs the demo, which it builds.
SLOWEST = (
    "test_postgres.py", "test_increments.py", "test_spark.py", "test_analyses.py", "test_mutants_in_data.py", "test_bad_input.py",
    "test_mutants_in_models.py", "test_seal.py", "test_against_oracle.py", "test_security.py", "test_faults.py", "test_gate.py",
    "test_invariance.py", "test_restatements.py", "test_faults_in_data.py",
)  # fmt: skip


def made_once(name: str, make: Callable[[Path], object], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of a test run share: the first that asks makes what is in it, the others wait. They only read it."""
    base = tmp_path_factory.getbasetemp()
    # The processes of xdist have a folder each, side by side.
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = folder / "made"
        if not done.exists():
            # What a process left that failed on its way.
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            done.touch()
    return folder


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one full demo build, with its data tests, and `parsed.txt`; read it, don't build into it."""

    def make_demo(folder: Path) -> None:
        _, said = parse_anew(folder)
        (folder / "parsed.txt").write_text(said, encoding="utf-8")
        # The unit tests run on a copy of it, with other vars (test_first_commands.py), and with the usual ones in a fresh clone.
        build(folder, None, *WITHOUT_UNIT_TESTS, artifacts=True)

    return made_once("demo", make_demo, tmp_path_factory)


@pytest.fixture(scope="session")
def gate_queries(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> GateQueries:
    """What the gates ask of a database, as dbt compiles it for the demo."""

    def compile_checks(folder: Path) -> None:
        shutil.copytree(demo / "target", folder / "target", ignore=shutil.ignore_patterns("compiled", "run"))
        shutil.copy(database(demo), database(folder))
        checks = f"{{'contract': contract_checks(\"cast('{AS_OF}' as timestamp)\"), 'integrity': integrity_checks()}}"
        result = dbt("--quiet", "compile", "--inline", f"{{{{ tojson({checks}) }}}}", "--output", "json", folder=folder)
        assert result.returncode == 0, result.stdout + result.stderr
        (folder / "queries.json").write_text(json.loads(result.stdout)["compiled"], encoding="utf-8")

    folder = made_once("gate_queries", compile_checks, tmp_path_factory)
    return json.loads((folder / "queries.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def built_cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a build of seven cases, with `events` and `reference`; read it, don't build into it."""
    return made_once("seven_cases", make_seven_cases, tmp_path_factory)


@pytest.fixture(scope="session")
def built_stage(built_cases: Path) -> Stage:
    """The same, to be copied and disturbed."""
    return Stage(built_cases, built_cases)


@pytest.fixture(scope="session")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Stages:
    """Two builds of a few events, one after the other; copy them, don't build into them."""
    return read_stages(made_once("stages", make_stages, tmp_path_factory))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take longest come first, so that the processes end at about the same time."""
    items.sort(key=lambda item: (*SLOWEST, item.path.name).index(item.path.name))


def pytest_deselected(items: list[pytest.Item]) -> None:
    """A process of xdist tells how many tests it left out: the summary would not say so otherwise."""
    if items and hasattr(items[0].config, "workeroutput"):
        told = items[0].config.workeroutput.setdefault("deselected", [])
        told += [item.nodeid for item in items]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Each process has left out the same ones."""
    reporter = node.config.pluginmanager.get_plugin("terminalreporter")
    left_out = getattr(node, "workeroutput", {}).get("deselected")
    if reporter and left_out:
        reporter.stats["deselected"] = left_out


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The kill matrix: each fault that was put in, and the checks that caught it."""
    passed = {
        dict(report.user_properties)["mutant"]: report.passed
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", None) == "call" and "mutant" in dict(report.user_properties)
    }
    if passed:
        terminalreporter.section("kill matrix")
        terminalreporter.line("| mutant | fault | caught by |")
        terminalreporter.line("| --- | --- | --- |")
    for mutant in MUTANTS:
        if mutant.name in passed:
            caught_by = ", ".join(mutant.checks) if passed[mutant.name] else "SURVIVED " + ", ".join(mutant.checks)
            terminalreporter.line(f"| {mutant.name} | {mutant.fault} | {caught_by} |")
