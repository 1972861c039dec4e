"""Each fault in the SQL is caught by the test that is meant for it: tests/python/mutants.py.

A fault is put into a copy of the project, by itself, and dbt runs the tests that have to catch it, on a copy of the demo's database.
dbt runs within this process: it then parses only what has changed.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from mutants import MODELS, ModelMutant
from project import ROOT, database
from tiers import slow_but

# What `make test` takes: a model, a macro of staging, one of time, and one by a test of data.
FAST = [
    "is_resolved without acknowledgement",
    "rows after as_of",
    "business days from the UTC date",
    "final before it is mature",
]
BY_NAME = {mutant.name: mutant for mutant in MODELS}


class Project:
    """A copy of the project and of the demo's database, where faults can be put in."""

    def __init__(self, demo: Path, folder: Path) -> None:
        self.demo, self.folder, self.root = demo, folder, folder / "project"
        for name in ("models", "macros", "seeds", "tests", "analyses"):
            shutil.copytree(ROOT / name, self.root / name, ignore=shutil.ignore_patterns("python"))
        for name in ("dbt_project.yml", "profiles.yml"):
            shutil.copy(ROOT / name, self.root / name)
        # As dbt parsed the demo: of the copy it parses what is changed.
        (folder / "target").mkdir()
        shutil.copy(demo / "target/partial_parse.msgpack", folder / "target")
        self.runner = dbtRunner()
        self.reset()

    def reset(self) -> None:
        """Bring the database back to the demo as built."""
        shutil.copy(database(self.demo), database(self.folder))

    def dbt(self, *arguments: str) -> dict[str, str]:
        """The status of each node and test that a dbt command ran."""
        places = ("--target-path", str(self.folder / "target"), "--log-path", str(self.folder / "logs"))
        outcome = self.runner.invoke(["--quiet", "--no-use-colors", *arguments, *places])
        # Otherwise dbt keeps the file open for its next command.
        DuckDBConnectionManager.close_all_connections()
        assert outcome.exception is None, outcome.exception
        return {result.node.name: str(result.status) for result in outcome.result.results}

    def ask(self, checks: tuple[str, ...], builds: tuple[str, ...] = (), later_days: int = 0) -> dict[str, str]:
        """How tests end, after models were built (if any) as of so many days later: test -> pass, fail, warn or error."""
        if later_days:
            with duckdb.connect(str(database(self.folder))) as connection:
                connection.execute(f"update staging.stg_events__as_of set as_of = as_of + interval {later_days} day")
        if builds:
            built = self.dbt("run", "--select", *builds)
            assert {built[model] for model in builds} == {"success"}, built
        results = self.dbt("test", "--select", *checks)
        if builds:
            self.reset()
        return {check: results[check] for check in checks}


@pytest.fixture(scope="module")
def project(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("mutants")
    copy = Project(demo, folder)
    with pytest.MonkeyPatch.context() as patch:
        # As for the demo, else dbt would parse everything anew.
        patch.setenv("CLOSED_LOOP_DUCKDB", database(folder).name)
        patch.setenv("DBT_PROJECT_DIR", str(copy.root))
        patch.setenv("DBT_PROFILES_DIR", str(copy.root))
        patch.chdir(folder)
        yield copy


def test_what_mutants_change_is_there() -> None:
    """Most of them run at night only; a text that a change of the SQL has moved is seen at once."""
    stale = [
        (mutant.name, file)
        for mutant in MODELS
        for file, old, new in mutant.changes
        if (ROOT / file).read_text(encoding="utf-8").count(old) != 1 or old == new
    ]
    assert not stale


@pytest.mark.slow
@pytest.mark.parametrize("later_days", sorted({mutant.later_days for mutant in MODELS}))
def test_the_project_passes(later_days: int, project: Project) -> None:
    """What has to catch the mutants passes where nothing was changed, and the same models were built."""
    mutants = [mutant for mutant in MODELS if mutant.later_days == later_days]
    checks = tuple(sorted({check for mutant in mutants for check in mutant.checks}))
    builds = tuple(sorted({model for mutant in mutants for model in mutant.builds}))
    assert project.ask(checks, builds, later_days) == dict.fromkeys(checks, "pass")


@pytest.mark.parametrize("mutant", slow_but([BY_NAME[name] for name in FAST], MODELS), ids=lambda mutant: mutant.name)
def test_models(mutant: ModelMutant, project: Project, record_property: Callable[[str, object], None]) -> None:
    record_property("mutant", mutant.name)
    texts = {file: (project.root / file).read_text(encoding="utf-8") for file, _, _ in mutant.changes}
    try:
        for file, old, new in mutant.changes:
            path = project.root / file
            path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
        found = project.ask(mutant.checks, mutant.builds, mutant.later_days)
    finally:
        for file, text in texts.items():
            (project.root / file).write_text(text, encoding="utf-8")
    # A test that can't run has not caught anything.
    assert found == dict.fromkeys(mutant.checks, "fail")
