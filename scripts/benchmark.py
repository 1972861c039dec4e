"""How long and how much memory a build takes at scale: `python -m scripts.benchmark --copies 667` is a million cases.

The demo events are copied so many times, with ids of their own, as Parquet; then `dbt build` runs on them without tests. What
it prints is of this machine and moment: compare runs side by side, not with figures from elsewhere.
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

import duckdb
import yaml

ROOT = Path(__file__).resolve().parents[1]
IDS = {"event_id", "case_id", "message_id", "idempotency_key", "ack_id", "exception_id", "payment_id"}


def copy_events(folder: Path, copies: int) -> int:
    """Write each demo event table to <folder>/<table>.parquet, so many times over; returns the number of rows."""
    folder.mkdir(parents=True)
    properties = yaml.safe_load((ROOT / "seeds/events/_events__seeds.yml").read_text())
    seeds = {seed["name"]: seed for seed in properties["seeds"]}
    rows = 0
    with duckdb.connect() as connection:
        connection.execute("set preserve_insertion_order = false; set memory_limit = '4GB'")
        for file in sorted((ROOT / "seeds/events").glob("*.csv")):
            types = seeds[file.stem]["config"]["column_types"]
            source = f"read_csv('{file}', header = true, delim = ',', quote = '\"', columns = {types})"
            items = (f"{name} || '-' || copy as {name}" if name in IDS else name for name in types)
            [(copied,)] = connection.execute(
                f"copy (select {', '.join(items)} from {source}, range({copies}) as copies (copy)) "
                f"to '{folder / file.stem}.parquet' (format parquet)"
            ).fetchall()
            rows += copied
    return rows


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
    parser.add_argument("--copies", type=int, default=667, help="copies of the demo's 1,501 cases (default: 667)")
    parser.add_argument("--models", type=int, default=10, help="how many of the slowest models to list (default: 10)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="closed_loop_benchmark_") as name:
        folder = Path(name)
        rows = copy_events(folder / "events", arguments.copies)
        seconds, gigabytes, models = timed_build(folder)
        print(f"{arguments.copies * 1501:,} cases, {rows:,} raw rows: {seconds:.0f} s, peak {gigabytes:.1f} GB")
        for model_seconds, model in models[: arguments.models]:
            print(f"{model_seconds:8.1f} s  {model}")


if __name__ == "__main__":
    main()
