"""Faults around a build: killed, disk full, a file that another process holds or that can't be written. Each ends in a clear
message and, once its cause is gone, in the right tables; published figures are never lost. Pages for people:
docs/troubleshooting.md."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from faults import BETWEEN, SECOND, WORKFLOW, Stage, Stages
from made_events import WORKFLOW_COLUMNS, write_csv
from project import ROOT, database
from tiers import slow_but

from scripts import held_file

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="signals, limits and mounts are those of Linux")


# Where a build stops, what happens to it there, and whether its figures are published by then. In make test, test_increments.py kills one
# that has published.
KILLED = {
    "as it publishes": ("START sql incremental model history.kpi_first_published", signal.SIGKILL, False),
    "published, not recorded": ("OK created sql incremental model history.kpi_first_published", signal.SIGKILL, True),
    "in the marts": ("OK created sql table model marts.rpt_kpi_restatement", signal.SIGKILL, True),
    "interrupted": ("OK created sql incremental model intermediate.int_case__assembled", signal.SIGINT, False),
}


@pytest.mark.slow
@pytest.mark.parametrize("when", KILLED)
def test_killed_and_run_again(stages: Stages, tmp_path: Path, when: str) -> None:
    words, how, is_published = KILLED[when]
    stage = stages.fresh(tmp_path)
    process = stage.stopped_at(SECOND, words)
    process.send_signal(how)
    process.send_signal(signal.SIGCONT)
    output, _ = process.communicate()
    assert process.returncode != 0
    if how == signal.SIGINT:
        assert "Exited because of keyboard interrupt" in output, output[-3000:]
    # The figures of the second build are all there, or none of them.
    assert stage.published() == (stages.after if is_published else stages.before)["history.kpi_first_published"]
    stages.ends_well(stage)


@pytest.mark.slow
def test_published_but_not_recorded(stages: Stages, tmp_path: Path) -> None:
    """Killed between publishing and the seal, then a build of an earlier moment, with a new workflow: it publishes nothing."""
    inputs = tmp_path / "inputs"
    shutil.copytree(stages.first.inputs, inputs)
    stage = Stage(stages.fresh(tmp_path).folder, inputs)
    stage.build(SECOND, "--exclude", "build_seal")
    assert stage.published() == stages.after["history.kpi_first_published"]
    write_csv(inputs / "reference/workflows.csv", WORKFLOW_COLUMNS, [WORKFLOW, {**WORKFLOW, "workflow": "new"}])
    stage.build(BETWEEN)
    assert stage.published() == stages.after["history.kpi_first_published"]
    shutil.copy(stages.first.inputs / "reference/workflows.csv", inputs / "reference/workflows.csv")
    stages.ends_well(stage)


@pytest.mark.slow
def test_recorded_but_not_published(stages: Stages, tmp_path: Path) -> None:
    """A moment whose figures are not published is not recorded either: the next build publishes them."""
    stage = stages.fresh(tmp_path)
    stage.build(SECOND, "--exclude", "kpi_first_published")
    assert stage.published() == stages.before["history.kpi_first_published"]
    stages.ends_well(stage)


@pytest.fixture
def small_disk(stages: Stages, tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk that has room for the first build and 256 kB."""
    place = tmp_path / "disk"
    place.mkdir()
    kilobytes = (database(stages.first.folder).stat().st_size >> 10) + 256
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", place], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"no disk of its own: {mounted.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", place], check=True)


@pytest.mark.slow
def test_disk_full(stages: Stages, small_disk: Path, tmp_path: Path) -> None:
    rest = stages.fresh(tmp_path / "rest").folder
    shutil.move(database(rest), small_disk)
    database(rest).symlink_to(database(small_disk))
    stage = Stage(rest, stages.first.inputs)
    stage.fails(SECOND, "No space left on device", str(database(small_disk)))
    assert stage.published() == stages.before["history.kpi_first_published"]
    subprocess.run(["mount", "-o", "remount,size=100m", small_disk], check=True)
    stages.ends_well(stage)


@pytest.mark.slow
def test_disk_full_at_the_end(stages: Stages, tmp_path: Path) -> None:
    """The build fits into DuckDB's log but not into its file: nothing is lost, as long as the two stay together."""
    stage = stages.fresh(tmp_path)
    limit = database(tmp_path).stat().st_size + 100_000
    stage.build(SECOND, before=("prlimit", f"--fsize={limit}"))
    assert database(tmp_path).with_suffix(".duckdb.wal").exists()
    assert stage.tables() == stages.after


@pytest.mark.parametrize("reader", slow_but([False], [True, False]), ids=["reader", "writer"])
def test_another_process_holds_the_file(built_stage: Stage, tmp_path: Path, reader: bool) -> None:
    stage = built_stage.copy(tmp_path)
    before = stage.bytes()
    says = f"Another program (process {os.getpid()}) has {database(tmp_path)} open. Nothing was built: close that program, or"
    with duckdb.connect(str(database(tmp_path)), read_only=reader):
        said = stage.fails(SECOND, f'Could not set lock on file "{database(tmp_path)}"', f"(PID {os.getpid()})")
        asked = held_file_command(tmp_path)
    # As the gates have it, from dbt's output, and as `make build` asks beforehand.
    assert str(held_file.advice(said)).startswith(says)
    assert (asked.returncode, asked.stderr.startswith(says)) == (1, True), asked.stderr
    assert stage.bytes() == before


def held_file_command(folder: Path) -> subprocess.CompletedProcess[str]:
    """`python -m scripts.held_file` on the database of a folder."""
    environment = {**os.environ, "CLOSED_LOOP_DUCKDB": str(database(folder))}
    command = [sys.executable, "-m", "scripts.held_file"]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_a_file_that_nobody_holds(tmp_path: Path) -> None:
    """It isn't made where there is none, and what else is wrong with it is left to dbt, which says so."""
    assert held_file_command(tmp_path).returncode == 0
    assert not database(tmp_path).exists()
    database(tmp_path).write_text("no database")
    assert held_file_command(tmp_path).returncode == 0
    assert held_file.advice("Runtime Error\n  IO Error: No space left on device") is None


def without_root_rights() -> tuple[str, ...]:
    """A command that runs another one without root's right to ignore permissions; empty for an ordinary user."""
    if os.geteuid() != 0:
        return ()
    command = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
    if shutil.which(command[0]) is None or subprocess.run([*command, "true"], capture_output=True).returncode:
        pytest.skip("root ignores permissions, and setpriv can't take that away here")
    return command


READ_ONLY = {
    "file": ("closed_loop.duckdb", 'Cannot open file "{file}": Permission denied'),
    "folder": (".", 'Cannot open file "{file}.wal": Permission denied'),
    "target": ("target", "Permission denied: '{folder}/target"),
}


@pytest.mark.parametrize("what", slow_but(["file"], READ_ONLY))
def test_read_only(built_stage: Stage, tmp_path: Path, what: str) -> None:
    prefix = without_root_rights()
    stage = built_stage.copy(tmp_path)
    (tmp_path / "logs").mkdir()
    before = stage.bytes()
    name, says = READ_ONLY[what]
    place = tmp_path / name
    # dbt writes over files in a folder that it can't write: so they are read-only too.
    places = [place, *place.rglob("*")] if what == "target" else [place]
    modes = [item.stat().st_mode for item in places]
    for item in reversed(places):
        item.chmod(item.stat().st_mode & ~0o222)
    try:
        stage.fails(SECOND, says.format(file=database(tmp_path), folder=tmp_path), before=prefix)
    finally:
        for item, mode in zip(places, modes, strict=True):
            item.chmod(mode)
    assert stage.bytes() == before
