"""How long builds take at scale, and what they need, beside a script by hand: `python -m scripts.bench`, or `make bench`.

In one run, for each number of cases: reading the events once (the floor), one DuckDB script, a full build, a day's load on top of it,
full builds with little memory and with ids as long as UUIDs, and a day's load on a history twice as long. What computes the same events
has to give the same journeys and headline KPIs.

Exit codes: 0 measured, 1 figures differ or a build of the project did not finish, 2 could not run.
"""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import importlib.util
import json
import os
import platform
import shutil
import signal
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from scripts.journeys import SEED

MEASURED, WRONG, COULD_NOT_RUN = 0, 1, 2
ROOT = Path(__file__).resolve().parents[2]
STEPS = ["floor", "duckdb", "full", "daily", "limited", "long_ids", "longer"]

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


def say(text: str) -> None:
    """A line on how far it is."""
    typer.echo(f"{dt.datetime.now():%H:%M:%S} {text}", err=True)


def could_not_run(reason: object) -> typer.Exit:
    typer.echo(f"The benchmark could not run: {reason}", err=True)
    return typer.Exit(COULD_NOT_RUN)


def require(libraries: list[str]) -> None:
    """Stop where a library isn't installed."""
    missing = [name for name in libraries if importlib.util.find_spec(name) is None]
    if missing:
        raise could_not_run(
            f"{', '.join(missing)} not installed. `make bench` sets up an environment that has all it needs, from requirements-bench.txt."
        )


def processor() -> str:
    """The model of the processor, as far as the system tells."""
    listed = Path("/proc/cpuinfo")
    lines = listed.read_text(encoding="utf-8").splitlines() if listed.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def describe() -> dict[str, Any]:
    """The machine and the versions, without anything that names the machine."""
    import psutil

    packages = ["dbt-core", "dbt-duckdb", "duckdb"]
    return {
        "measured_on": f"{dt.datetime.now(dt.UTC):%Y-%m-%d}",
        "machine": {
            "processor": processor(),
            "cores": os.cpu_count(),
            "memory_bytes": psutil.virtual_memory().total,
            "system": f"{platform.system()} {platform.machine()}",
            "load": os.getloadavg()[0],
        },
        "versions": {"Python": platform.python_version()}
        | {name: importlib.metadata.version(name) for name in packages},
    }


def publish(run: dict[str, Any], page: Path | None) -> None:
    """Write the figures into the page, and the plot beside it."""
    from scripts.bench import report

    if page:
        plot = page.with_suffix(".svg")
        report.draw(plot, run)
        report.write_page(page, run, plot.name)
        say(f"figures in {page}, plot in {plot}")


@app.command(help=__doc__)
def bench(
    cases: Annotated[list[int], typer.Option(help="Number of cases; repeatable.", min=1)] = [100_000, 1_000_000],  # noqa: B006
    weeks: Annotated[int, typer.Option(help="Weeks in which the cases are triggered.", min=1)] = 26,
    seed: Annotated[int, typer.Option(help="Seed of the generated events.")] = SEED,
    events: Annotated[
        Path | None,
        typer.Option(
            help="Folder with a folder of events per number of cases; what is missing is generated, and kept here."
        ),
    ] = None,
    folder: Annotated[Path, typer.Option(help="Where databases and results stand while it runs.")] = ROOT
    / "target/bench",
    out: Annotated[
        Path | None, typer.Option(help="The figures as JSON; by default, a file named after the time in --folder.")
    ] = None,
    page: Annotated[Path | None, typer.Option(help="The page to write figures into; the plot stands beside it.")] = ROOT
    / "docs/performance.md",
    no_page: Annotated[bool, typer.Option("--no-page", help="Write the JSON only.")] = False,
    without: Annotated[
        list[str] | None,
        typer.Option(help=f"Leave out: {', '.join(STEPS)}, or dbt (its overhead on its own); repeatable."),
    ] = None,
    longer_limit: Annotated[
        int, typer.Option(help="Leave the history twice as long out above so many cases: it takes as much room again.")
    ] = 1_000_000,
    memory_limit: Annotated[str, typer.Option(help="DuckDB's memory in the build with little of it.")] = "4GB",
    keep: Annotated[bool, typer.Option("--keep", help="Keep events, databases and results.")] = False,
    from_json: Annotated[
        Path | None, typer.Option(help="Measure nothing: write the page from the JSON of an earlier run.")
    ] = None,
) -> None:
    page = None if no_page else page
    without = without or []
    unknown = set(without) - {*STEPS, "dbt"}
    if unknown:
        raise typer.BadParameter(f"--without knows {', '.join([*STEPS, 'dbt'])}; not {', '.join(sorted(unknown))}.")
    steps = [step for step in STEPS if step not in without]
    if "daily" in steps and "full" not in steps:
        raise typer.BadParameter("a day's load needs the full build before it: leave out daily too.")
    if page:
        require(["matplotlib"])
    if from_json:
        publish(json.loads(from_json.read_text(encoding="utf-8")), page)
        return
    require(["psutil"])
    from scripts.bench import meter
    from scripts.bench import steps as measuring

    out = (out or folder / f"{dt.datetime.now(dt.UTC):%Y-%m-%dT%H%M%SZ}.json").resolve()
    run: dict[str, Any] = {**describe(), "dbt": {}, "sizes": []}
    run["settings"] = {"weeks": weeks, "seed": seed, "memory_limit": memory_limit}
    wrong: list[str] = []

    def save() -> None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(run, indent=1) + "\n", encoding="utf-8")

    # Whoever ends it, what it started ends too, and its folder goes.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="run_", dir=folder)).resolve()
    try:
        sources = {number: (events or work / "events").resolve() / f"{number}" for number in sorted(set(cases))}
        for number, source in sources.items():
            measuring.check_disk(folder, number, source.exists())
        if "dbt" not in without:
            say("dbt on its own")
            run["dbt"] = measuring.measure_dbt(measuring.Workbench(work / "dbt", say))
            save()
        for number, source in sources.items():
            say(f"{number:,} cases")
            sample = measuring.Sample(number, weeks, seed)
            measuring.make_events(source, sample, say)
            measured = [step for step in steps if step != "longer" or number <= longer_limit]
            bench_of_size = measuring.Workbench(work / f"{number}", say)
            size, found = measuring.measure_size(bench_of_size, source, sample, measured, memory_limit)
            run["sizes"].append({"cases": number, **size, "wrong": found})
            wrong += [f"{number:,} cases, {one}" for one in found]
            save()
            if not keep:
                shutil.rmtree(bench_of_size.folder)
                if not events:
                    shutil.rmtree(source)
        publish(run, page)
        say(f"all figures in {out}")
    except (measuring.CouldNotRun, meter.CommandFailed, OSError) as error:
        raise could_not_run(error) from error
    except KeyboardInterrupt:
        raise could_not_run("it was interrupted.") from None
    finally:
        if keep:
            say(f"kept in {work}")
        else:
            shutil.rmtree(work, ignore_errors=True)
    for one in wrong:
        typer.echo(one, err=True)
    raise typer.Exit(WRONG if wrong else MEASURED)


if __name__ == "__main__":
    app()
