"""How long and how much memory a build takes at scale: `python -m scripts.benchmark --cases 1000000`.

The events are those of scripts/generate_events.py, as Parquet; `dbt build` runs on them without tests. What it prints is of this
machine and moment: compare runs side by side, not with figures from elsewhere.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from scripts.generate_events import generate

ROOT = Path(__file__).resolve().parents[1]


def timed_build(folder: Path) -> tuple[float, float, list[tuple[float, str]]]:
    """Build on a folder's events: seconds, peak memory in GB of the largest process, and seconds per model, slowest first."""
    command = [str(Path(sys.executable).parent / "dbt"), "build", "--exclude-resource-type", "test", "unit_test"]
    command += ["--vars", json.dumps({"events_path": str(folder / "events")})]
    command += ["--target-path", str(folder / "target"), "--log-path", str(folder / "logs")]
    environment = {**os.environ, "CLOSED_LOOP_DUCKDB": str(folder / "benchmark.duckdb")}
    started = time.monotonic()
    subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
    seconds = time.monotonic() - started
    gigabytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
    results = json.loads((folder / "target/run_results.json").read_text())["results"]
    return (
        seconds,
        gigabytes,
        sorted(((r["execution_time"], r["unique_id"].split(".")[-1]) for r in results), reverse=True),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=1_000_000, help="number of cases (default: 1,000,000)")
    parser.add_argument("--weeks", type=int, default=26, help="weeks in which they are triggered (default: 26)")
    parser.add_argument("--models", type=int, default=10, help="how many of the slowest models to list (default: 10)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="closed_loop_benchmark_") as name:
        folder = Path(name)
        rows = generate(arguments.cases, arguments.weeks, folder / "events")
        seconds, gigabytes, models = timed_build(folder)
        print(f"{arguments.cases:,} cases, {rows:,} raw rows: {seconds:.0f} s, peak {gigabytes:.1f} GB")
        for model_seconds, model in models[: arguments.models]:
            print(f"{model_seconds:8.1f} s  {model}")


if __name__ == "__main__":
    main()
