"""Fixtures that several test files share."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from faults import Stages, make_stages
from mutants import MUTANTS
from project import WITHOUT_UNIT_TESTS, build, database, dbt

# The moment that the demo's contract gate counts freshness to.
AS_OF = "2026-05-25 00:00:00"
# Gate -> check -> `rows` or `measures` and `examples` -> query.
GateQueries = dict[str, dict[str, dict[str, str]]]

SLOWEST = ("test_postgres.py", "test_faults.py", "test_increments.py", "test_style.py", "test_invariance.py")


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one full demo build, with its data tests; read it, don't build into it."""
    folder = tmp_path_factory.mktemp("demo")
    # The unit tests run on a copy of it, with other vars (test_first_commands.py), and with the usual ones in a fresh clone.
    build(folder, None, *WITHOUT_UNIT_TESTS)
    return folder


@pytest.fixture(scope="session")
def gate_queries(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> GateQueries:
    """What the gates ask of a database, as dbt compiles it for the demo."""
    folder = tmp_path_factory.mktemp("gate_queries")
    shutil.copytree(demo / "target", folder / "target", ignore=shutil.ignore_patterns("compiled", "run"))
    shutil.copy(database(demo), database(folder))
    checks = f"{{'contract': contract_checks(\"cast('{AS_OF}' as timestamp)\"), 'integrity': integrity_checks()}}"
    result = dbt("--quiet", "compile", "--inline", f"{{{{ tojson({checks}) }}}}", "--output", "json", folder=folder)
    assert result.returncode == 0, result.stdout + result.stderr
    return json.loads(json.loads(result.stdout)["compiled"])


@pytest.fixture(scope="session")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Stages:
    """Two builds of a few events, one after the other; copy them, don't build into them."""
    return make_stages(tmp_path_factory.mktemp("stages"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take longest come first, so that the processes end at about the same time."""
    items.sort(key=lambda item: (*SLOWEST, item.path.name).index(item.path.name))


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
