"""What the gates need of the warehouse, through dbt: staging the raw events aside, and measuring."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import jinja2
import yaml

from scripts import held_file

ROOT = Path(__file__).resolve().parents[2]
DATABASE = "CLOSED_LOOP_DUCKDB"
# How long dbt may take to cancel its queries, in seconds.
STOPPING = 30
STEP = re.compile(r"(\d+) of (\d+) (?:OK|ERROR|SKIP)")
Progress = Callable[[int, int], None]


class CouldNotRun(Exception):
    """The gate could not measure; the message says why, in one line or a few."""


class InputRefused(Exception):
    """The build refuses the input; `problems` holds its sentences, each with the way out."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def run_dbt(*arguments: str, target: str | None, variables: dict[str, Any], progress: Progress | None = None) -> str:
    """Run dbt on the project and return what it printed.

    target: a target of the profile, None for its default. variables: dbt vars. progress: called with (done, of) as dbt goes on.
    Raises InputRefused where the input breaks the contract, CouldNotRun where anything else fails.
    """
    command = [sys.executable, "-m", "dbt.cli.main", "--no-use-colors", *arguments]
    # A target folder of its own: other vars would have dbt parse the whole project again, here and at the next build.
    folder = Path(os.environ.get("DBT_TARGET_PATH", ROOT / "target")) / "gate"
    command += ["--project-dir", str(ROOT), "--target-path", str(folder), "--vars", json.dumps(variables, default=str)]
    if target:
        command += ["--target", target]
    lines: list[str] = []
    # In a session of its own: an interruption reaches dbt through stop() only, once.
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="backslashreplace",
        start_new_session=True,
    ) as process:
        assert process.stdout
        try:
            for line in process.stdout:
                lines.append(line)
                step = STEP.search(line)
                if step and progress:
                    progress(int(step[1]), int(step[2]))
        except KeyboardInterrupt:
            stop(process)
            raise
    output = "".join(lines)
    if process.returncode:
        problems = refusal(output)
        if problems:
            raise InputRefused(problems)
        raise CouldNotRun(held_file.advice(output) or f"dbt {arguments[0]} failed:\n{error_message(output)}")
    return output


def stop(process: subprocess.Popen[str]) -> None:
    """End an interrupted dbt, so that it holds no lock when what it staged is dropped."""
    process.send_signal(signal.SIGINT)
    try:
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=STOPPING)
    finally:
        process.kill()


def refusal(output: str) -> list[str]:
    """The sentences with which a build refused its input; empty where something else went wrong."""
    if not re.search(
        r"the (input|reference tables) can't be used|_(path|schema)( holds the table|: the schema )", output
    ):
        return []
    listed = re.findall(r"^\s+- (.+)$", output, flags=re.MULTILINE)
    return list(dict.fromkeys(listed)) or [error_message(output)]


def error_message(output: str) -> str:
    """The lines of dbt's output that say what went wrong, without its clock and its macro stack."""
    lines = [re.sub(r"^[\d:]{8}\s*", "", line).rstrip() for line in output.splitlines()]
    telling = [line for line in lines if line.strip() and not re.match(r"\s*>|Running with|Registered|Found \d", line)]
    starts = [number for number, line in enumerate(telling) if re.search("error", line, re.IGNORECASE)]
    return "\n".join(telling[starts[0] if starts else -5 :][:12])


def aside(variables: dict[str, Any]) -> dict[str, Any]:
    """The vars of a build in schemas of its own, gate_*, so that the marts stay as they are; held_events() takes the `gate_` off again."""
    project = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))
    own_prefix = {**project["vars"], **variables}["schema_prefix"] or ""
    return {**variables, "schema_prefix": f"gate_{own_prefix}"}


def duckdb_file(target: str | None, variables: dict[str, Any]) -> Path | None:
    """The DuckDB file of a target, as the profile names it; None for another engine, and where only dbt understands the profile."""

    def env_var(name: str, default: str | None = None) -> str:
        value = os.environ.get(name, default)
        if value is None:
            raise jinja2.UndefinedError(name)
        return value

    def rendered(text: Any) -> str:
        return environment.from_string(str(text)).render(env_var=env_var, var=variables.get)

    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)
    folder = Path(os.environ.get("DBT_PROFILES_DIR") or ROOT)
    try:
        project = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))
        profiles = yaml.safe_load((ROOT / folder / "profiles.yml").read_text(encoding="utf-8"))
        profile = profiles[os.environ.get("DBT_PROFILE") or project["profile"]]
        output = profile["outputs"][target or os.environ.get("DBT_TARGET") or rendered(profile["target"])]
        path = rendered(output["path"]) if rendered(output["type"]) == "duckdb" else None
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError, jinja2.TemplateError):
        # dbt says what is wrong with it.
        return None
    return None if path is None or re.match(r"\w{2,}:", path) else ROOT / path


def has_database(file: Path) -> bool:
    """Whether there is something in the file: DuckDB takes an empty one for none."""
    return file.exists() and (not file.is_file() or file.stat().st_size > 0)


def no_database(file: Path) -> CouldNotRun:
    """The error of a DuckDB file that isn't there: DuckDB would make an empty one."""
    return CouldNotRun(
        f"there is no database at {file}. Point {DATABASE} at the one that was built, or run `dbt build` first."
    )


@contextmanager
def staged(target: str | None, variables: dict[str, Any], progress: Progress | None = None) -> Iterator[None]:
    """The raw events staged aside with the project's own models, and dropped again however this ends; the marts are not touched.

    Before the first build there is no database: then they are staged in one beside it, which is removed afterwards.
    """
    file = duckdb_file(target, variables)
    if file is None or has_database(file):
        try:
            stage(target, variables, progress)
            yield
        except BaseException:
            with suppress(CouldNotRun, InputRefused):
                drop_staged(target, variables)
            raise
        drop_staged(target, variables)
        return
    for schema in ("events_schema", "reference_schema"):
        if variables.get(schema):
            raise no_database(file)
    if not file.parent.is_dir():
        raise CouldNotRun(
            f"there is no folder {file.parent}, where {DATABASE} wants the database. Make it, or name another."
        )
    with tempfile.TemporaryDirectory(prefix=".gate_", dir=file.parent) as folder:
        before = os.environ.get(DATABASE)
        os.environ[DATABASE] = str(Path(folder) / file.name)
        try:
            if duckdb_file(target, variables) == file:
                # The profile is not the project's, and doesn't ask for the environment variable.
                raise no_database(file)
            stage(target, variables, progress)
            yield
        finally:
            os.environ.pop(DATABASE)
            os.environ.update({} if before is None else {DATABASE: before})


def stage(target: str | None, variables: dict[str, Any], progress: Progress | None = None) -> None:
    """Stage the raw events in schemas of the gate."""
    run_dbt(
        *["build", "--select", "+path:models/staging/events", "--exclude-resource-type", "test", "unit_test"],
        target=target,
        variables=aside(variables),
        progress=progress,
    )


def drop_staged(target: str | None, variables: dict[str, Any]) -> None:
    """Drop what stage() made."""
    run_dbt("run-operation", "drop_scratch", target=target, variables=aside(variables))


def measure(gate: str, target: str | None, variables: dict[str, Any], moment: str | None) -> dict[str, dict[str, Any]]:
    """What a gate measures: check -> `measures` or `row_count`, and `rows`, as macros/gates/measure_gate.sql prints them.

    gate: contract or integrity. moment: contract: the UTC moment that freshness is counted to.
    """
    arguments = {"gate": gate, **({"moment": moment} if moment else {})}
    output = run_dbt(
        *["--quiet", "run-operation", "measure_gate", "--args", json.dumps(arguments)],
        target=target,
        variables=aside(variables) if gate == "contract" else variables,
    )
    results = [json.loads(line) for line in output.splitlines() if line.startswith('{"check": ')]
    return {result.pop("check"): result for result in results}
