"""What the gates need of the warehouse, through dbt: staging the raw events aside, and measuring."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
# The contract gate stages the events in schemas of its own, so that the marts stay as they are.
SCRATCH = {"schema_prefix": "gate_"}
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
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8"
    ) as process:
        assert process.stdout
        for line in process.stdout:
            lines.append(line)
            step = STEP.search(line)
            if step and progress:
                progress(int(step[1]), int(step[2]))
    output = "".join(lines)
    if process.returncode:
        problems = refusal(output)
        if problems:
            raise InputRefused(problems)
        raise CouldNotRun(f"dbt {arguments[0]} failed:\n{error_message(output)}")
    return output


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


def stage(target: str | None, variables: dict[str, Any], progress: Progress | None = None) -> None:
    """Stage the raw events aside, with the project's own models; the marts are not touched."""
    run_dbt(
        *["build", "--select", "+path:models/staging/events", "--exclude-resource-type", "test", "unit_test"],
        target=target,
        variables={**variables, **SCRATCH},
        progress=progress,
    )


def drop_staged(target: str | None, variables: dict[str, Any]) -> None:
    """Drop what stage() made."""
    run_dbt("run-operation", "drop_scratch", target=target, variables={**variables, **SCRATCH})


def measure(gate: str, target: str | None, variables: dict[str, Any], moment: str | None) -> dict[str, dict[str, Any]]:
    """What a gate measures: check -> `measures` or `row_count`, and `rows`, as macros/gates/measure_gate.sql prints them.

    gate: contract or integrity. moment: contract: the UTC moment that freshness is counted to.
    """
    arguments = {"gate": gate, **({"moment": moment} if moment else {})}
    output = run_dbt(
        *["--quiet", "run-operation", "measure_gate", "--args", json.dumps(arguments)],
        target=target,
        variables={**variables, **(SCRATCH if gate == "contract" else {})},
    )
    results = [json.loads(line) for line in output.splitlines() if line.startswith('{"check": ')]
    return {result.pop("check"): result for result in results}
