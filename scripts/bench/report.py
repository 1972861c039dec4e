"""What was measured, as Markdown between two marks of a page, and as a plot."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"
TITLES = {
    "floor": "reading every column once",
    "duckdb": "(a) one DuckDB script",
    "full": "closed_loop, full build",
    "limited": "closed_loop, full build, limited memory",
    "long_ids": "closed_loop, full build, long ids",
    "daily": "closed_loop, a day's load",
    "longer": "closed_loop, a day's load, twice the history",
}
DAYS = ("daily", "longer")
SLOWEST = 10

Run = dict[str, Any]


def number(value: float | None, decimals: int = 1) -> str:
    return "" if value is None else f"{value:,.{decimals}f}"


def gigabytes(value: int | None) -> str:
    return number(None if value is None else value / 1e9, 2)


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows]] + [""]


def finished(size: Run) -> dict[str, Run]:
    """The steps that came to their end, by name, in the order of the page."""
    return {name: size["steps"][name] for name in TITLES if "failed" not in size["steps"].get(name, {"failed": ""})}


def costs(size: Run) -> list[str]:
    """What each step cost for one number of cases."""
    longer = finished(size).get("longer")
    rival = finished(size).get("duckdb")
    rows = []
    for name in [name for name in TITLES if name in size["steps"]]:
        step = size["steps"][name]
        if "failed" in step:
            rows.append([TITLES[name], "did not finish", *[""] * 6])
            continue
        per_million = None if name in DAYS else step["seconds"] / size["rows"] * 1e6
        rows.append(
            [
                TITLES[name],
                number(step["seconds"]),
                number(rival and step["seconds"] / rival["seconds"], 2),
                number(per_million, 2),
                number(step["cpu_seconds"]),
                gigabytes(step["peak_bytes"]),
                gigabytes(step["written_bytes"]),
                gigabytes(step.get("result_bytes")),
            ]
        )
    head = [
        "",
        "seconds",
        "÷ (a)",
        "seconds per million rows",
        "processor seconds",
        "peak GB",
        "written GB",
        "result GB",
    ]
    return [
        f"### {size['cases']:,} cases, {size['rows']:,} raw rows ({gigabytes(size['event_bytes'])} GB of Parquet)",
        "",
        *table(head, rows),
        *(
            [f"The day loads {size['daily_rows']:,} rows, {size['daily_rows'] / size['rows']:.2%} of all.", ""]
            if "daily" in size["steps"]
            else []
        ),
        *(
            [f"With twice the history, it loads {longer['daily_rows']:,} of {longer['rows']:,} rows.", ""]
            if longer
            else []
        ),
    ]


def ratios(sizes: list[Run]) -> list[str]:
    """The ratios that the targets are about, for each number of cases."""
    rows = []

    def line(what: str, of: list[float | None]) -> None:
        if any(value is not None for value in of):
            rows.append([what, *(number(value, 3) for value in of)])

    def ratio(size: Run, over: str, under: str, unit: str) -> float | None:
        steps = finished(size)
        return steps[over][unit] / steps[under][unit] if over in steps and under in steps else None

    for what, over, under in (
        ("full build ÷ (a)", "full", "duckdb"),
        ("a day's load ÷ full build", "daily", "full"),
        ("a day's load, twice the history ÷ once", "longer", "daily"),
        ("limited memory ÷ full build", "limited", "full"),
        ("long ids ÷ full build", "long_ids", "full"),
    ):
        for unit, words in (("seconds", "seconds"), ("cpu_seconds", "processor seconds")):
            line(f"{what}, {words}", [ratio(size, over, under, unit) for size in sizes])
    for step in [step for step in TITLES if step not in DAYS]:
        growth: list[float | None] = [None]
        for smaller, larger in itertools.pairwise(sizes):
            if step in finished(smaller) and step in finished(larger):
                before, after = (size["steps"][step]["seconds"] / size["rows"] for size in (smaller, larger))
                growth.append(after / before)
            else:
                growth.append(None)
        line(f"seconds per row ÷ those of the column before: {TITLES[step]}", growth)
    return table(["", *(f"{size['cases']:,} cases" for size in sizes)], rows) if rows else []


def markdown(run: Run, plot: str | None) -> str:
    """The part of the page that is written by the script."""
    machine = run["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in run["versions"].items())
    lines = [
        f"Measured on {run['measured_on']}: {machine['processor']}, {machine['cores']} cores, "
        f"{machine['memory_bytes'] / 2**30:.0f} GiB of memory, {machine['system']}; {versions}. "
        f"Processes that wanted to run in the minute before it began (load): {machine['load']:.1f}.",
        "",
    ]
    if plot:
        lines += [f"![Seconds by number of cases, for each tool]({plot})", ""]
    for size in run["sizes"]:
        lines += costs(size)
        agreed = size["agreement"]
        if agreed:
            [one, *_] = agreed.values()
            lines += [
                f"Compared with the project's figures: {', '.join(TITLES[step] for step in agreed)}. "
                + (
                    f"All agree: {one['cases']:,} cases, of them {one['resolved_cases']:,} resolved, in {one['columns']} columns; "
                    f"{one['cells']:,} cells of {one['kpis']} KPIs."
                    if not size["wrong"]
                    else f"{len(size['wrong'])} things are wrong, and no figure of this run counts."
                ),
                "",
            ]
    lines += ["### Ratios", "", *ratios(run["sizes"])]
    if run["dbt"]:
        names = {
            "parse": "`dbt parse`, from scratch",
            "parse_again": "`dbt parse`, again",
            "demo": "the demo, without tests",
        }
        lines += ["### dbt on its own", ""]
        lines += table(
            ["", "seconds", "processor seconds", "peak GB"],
            [
                [names[name], number(step["seconds"]), number(step["cpu_seconds"]), gigabytes(step["peak_bytes"])]
                for name, step in run["dbt"].items()
            ],
        )
    built = [step for step in ("full", "daily") if run["sizes"] and step in finished(run["sizes"][-1])]
    if built:
        largest = run["sizes"][-1]
        lines += [f"### The slowest models, {largest['cases']:,} cases", ""]
        lists = [largest["steps"][step]["models"][:SLOWEST] for step in built]
        lines += table(
            [heading for step in built for heading in (TITLES[step], "seconds")],
            [
                [cell for model in row for cell in (f"`{model['name']}`", number(model["seconds"]))]
                for row in zip(*lists, strict=True)
            ],
        )
    return "\n".join(lines).rstrip() + "\n"


def write_page(page: Path, run: Run, plot: str | None) -> None:
    """Put the figures between the two marks of a page."""
    text = page.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise OSError(f"{page} needs the lines {BEGIN} and {END}, each once")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    page.write_text(f"{before}{BEGIN}\n\n{markdown(run, plot)}\n{END}{after}", encoding="utf-8")


def draw(path: Path, run: Run) -> None:
    """Seconds by number of cases, one line per tool, both axes logarithmic; the same figures give the same bytes."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "closed_loop"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 5))
    for name, title in TITLES.items():
        points = [(size["cases"], size["steps"][name]["seconds"]) for size in run["sizes"] if name in finished(size)]
        if points:
            linestyle = "--" if name in ("floor", "duckdb") else "-"
            axes.plot(*zip(*points, strict=True), marker="o", label=title, linestyle=linestyle)
    axes.set(xscale="log", yscale="log", xlabel="cases", ylabel="seconds")
    axes.grid(visible=True, which="major", alpha=0.3)
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    pyplot.close(figure)
