"""What the fault suite shares: a database with published figures, a later build to disturb, and the tables it should end in."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import dbt_processes
import duckdb
from made_events import WORKFLOW_COLUMNS, Events, workflow, write_csv
from project import ROOT, WITHOUT_TESTS, database

FIRST, BETWEEN, SECOND = "2026-03-12 00:00:00", "2026-03-15 00:00:00", "2026-03-21 00:00:00"
WORKFLOW = workflow("pay", "billing", "Ops", 24, "hours", "", False, False, False, True, 7)
STOPPING_DBT = str(Path(__file__).with_name("stopping_dbt.py"))
Tables = dict[str, list[tuple[Any, ...]]]


def events() -> Events:
    """Two weeks with a case each, so that either build publishes one; an acknowledgement of the first week comes late."""
    made = Events()
    made.add("case_triggers", "a", "2026-03-02 09:00")
    made.add("writeback_attempts", "a", "2026-03-02 10:00")
    made.add("writeback_acks", "a", "2026-03-02 10:05", loaded_at="2026-03-20 12:00")
    made.add("case_triggers", "b", "2026-03-09 09:00")
    made.add("writeback_attempts", "b", "2026-03-09 10:00")
    made.add("writeback_acks", "b", "2026-03-09 10:05")
    made.add("payments", "b", "2026-03-09 11:00", amount=12.5)
    return made


class Stage(NamedTuple):
    """A folder with a database, and where its `events` and `reference` are; `target` and `logs` stand in the folder too."""

    folder: Path
    inputs: Path

    def arguments(self, *further: str) -> list[str]:
        """What dbt is told for a build without tests."""
        variables = {"events_path": "events", "reference_path": "reference"}
        return [
            "--no-use-colors", "build", *further, *WITHOUT_TESTS, "--vars", json.dumps(variables),
            "--target-path", str(self.folder / "target"), "--log-path", str(self.folder / "logs"),
        ]  # fmt: skip

    def environment(self, as_of: str, profiles: Path = ROOT) -> dict[str, str]:
        """What a build finds in its environment. profiles: where profiles.yml is.

        The database and the inputs are named without their folder: they are the same there as in another one, also for dbt, which may
        use what it parsed.
        """
        for name in ("events", "reference"):
            if not (self.folder / name).exists():
                (self.folder / name).symlink_to(self.inputs / name)
        settings = {
            "CLOSED_LOOP_DUCKDB": database(self.folder).name,
            "DBT_PROJECT_DIR": str(ROOT),
            "DBT_PROFILES_DIR": str(profiles),
            "CLOSED_LOOP_AS_OF": as_of,
            "DBT_WRITE_JSON": "False",
        }
        return {**os.environ, **settings}

    def stopped_at(self, as_of: str, words: str) -> subprocess.Popen[str]:
        """A build that has stopped as it said these words, to be killed or continued."""
        process = self.start(as_of, program=(sys.executable, "-P", STOPPING_DBT, words, "1"))
        # What it says until then fits into the pipe.
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status), f"ended without {words!r}: {process.stdout.read()[-3000:]}"
        return process

    def start(
        self, as_of: str, *arguments: str, program: tuple[str, ...] = dbt_processes.PROGRAM
    ) -> subprocess.Popen[str]:
        """Start a build. program: dbt, or what runs it."""
        return subprocess.Popen(
            [*program, *self.arguments(*arguments)],
            cwd=self.folder,
            env=self.environment(as_of),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, as_of: str, *arguments: str, before: tuple[str, ...] = (), **options: Any) -> tuple[int, str]:
        """Run a build to its end: the exit code and all that it printed. before: a command that runs it."""
        if before:
            process = self.start(as_of, *arguments, program=(*before, *dbt_processes.PROGRAM))
            output, _ = process.communicate()
            return process.returncode, output
        result = dbt_processes.run(self.arguments(*arguments), self.folder, self.environment(as_of, **options))
        return result.returncode, result.stdout + result.stderr

    def build(self, as_of: str, *arguments: str, **options: Any) -> str:
        """A build that has to succeed; returns what it printed."""
        code, output = self.run(as_of, *arguments, **options)
        assert code == 0, output[-6000:]
        return output

    def fails(self, as_of: str, *words: str, **options: Any) -> str:
        """A build that has to fail, and to say these words; returns what it printed."""
        code, output = self.run(as_of, **options)
        assert code != 0, output[-3000:]
        for said in words:
            assert said in output, output[-6000:]
        return output

    def tables(self) -> Tables:
        """Everything in the schemas `marts` and `history`, with its rows in one fixed order, but which builds there were."""
        with duckdb.connect(str(database(self.folder)), read_only=True) as connection:
            names = connection.sql(
                "select table_schema || '.' || table_name from information_schema.tables "
                "where table_schema in ('marts', 'history') and table_name not like 'build_%'"
            ).fetchall()
            return {name: sorted(connection.sql(f"from {name}").fetchall(), key=repr) for (name,) in names}

    def published(self) -> list[tuple[Any, ...]]:
        """The published figures."""
        return self.tables()["history.kpi_first_published"]

    def bytes(self) -> bytes:
        """The database file as it stands on the disk."""
        return database(self.folder).read_bytes()

    def copy(self, folder: Path) -> Stage:
        """The same database, and what dbt parsed, in another folder."""
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(database(self.folder), database(folder))
        shutil.copytree(self.folder / "target", folder / "target")
        return Stage(folder, self.inputs)


class Stages(NamedTuple):
    """`first`: after the first build. `second`: a copy of it after the second, undisturbed; with its tables."""

    first: Stage
    second: Stage
    before: Tables
    after: Tables

    def fresh(self, folder: Path) -> Stage:
        """A copy of `first` in a folder, ready for the second build."""
        stage = self.second.copy(folder)
        shutil.copy(database(self.first.folder), database(folder))
        return stage

    def ends_well(self, stage: Stage) -> None:
        """Without the cause, a normal second build gives just the tables of the undisturbed database."""
        stage.build(SECOND)
        assert stage.tables() == self.after


def make_stages(folder: Path) -> None:
    """Build both in a folder."""
    events().write(folder / "inputs/events")
    write_csv(folder / "inputs/reference/workflows.csv", WORKFLOW_COLUMNS, [WORKFLOW])
    first = Stage(folder / "first", folder / "inputs")
    first.folder.mkdir()
    first.build(FIRST)
    first.copy(folder / "second").build(SECOND)


def read_stages(folder: Path) -> Stages:
    """What make_stages() has built there."""
    first, second = (Stage(folder / name, folder / "inputs") for name in ("first", "second"))
    before, after = first.tables(), second.tables()
    # Else no test below would see a lost figure: each build publishes some, and the second restates one of the first.
    assert before["history.kpi_first_published"] and after["marts.rpt_kpi_restatement"]
    assert set(before["history.kpi_first_published"]) < set(after["history.kpi_first_published"])
    return Stages(first, second, before, after)
