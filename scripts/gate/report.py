"""What a gate leaves behind: one screen for a person, JSON and JUnit for machines, Markdown for a pipeline's job summary."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from scripts.gate.judge import Result

COLOURS = {"passed": "green", "warned": "yellow", "failed": "red"}
MOST_THINGS, MOST_ROWS = 5, 5


def verdict(results: list[Result]) -> str:
    """passed or failed: warnings are listed and let the pipeline go on."""
    return "failed" if any(result.status == "failed" for result in results) else "passed"


def things_in_words(result: Result) -> str:
    """What is outside the limits, such as `payments 0.31, case_triggers 0.2 and 3 more`."""
    shown = [f"{printable(thing['thing'])} {thing['measured']:.4g}" for thing in result.failing[:MOST_THINGS]]
    more = len(result.failing) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def row_in_words(row: dict[str, Any]) -> str:
    """One row of what is wrong, as `column=value` of each column that has one."""
    return " ".join(f"{column}={printable(value)}" for column, value in row.items() if value is not None)


def print_screen(gate: str, results: list[Result], console: Console) -> None:
    """One screen: a line per check, then of each that did not pass what is wrong, which rows, and what to do."""
    table = Table(title=f"{gate} gate: {verdict(results)}", title_justify="left", box=None, pad_edge=False)
    for column in ("check", "status", "measured", "limit"):
        table.add_column(column)
    for result in results:
        status = f"[{COLOURS[result.status]}]{result.status}[/]"
        table.add_row(result.check, status, str(result.measured), result.limits.in_words())
    console.print(table)
    for result in results:
        if result.status == "passed":
            continue
        console.print(
            f"\n[{COLOURS[result.status]}]{result.check}[/]: {escape(printable(result.limits.says))}", soft_wrap=True
        )
        console.print(f"  wrong: {things_in_words(result)}", markup=False, soft_wrap=True)
        for row in result.rows[:MOST_ROWS]:
            console.print(f"    {row_in_words(row)}", markup=False, soft_wrap=True)
        console.print(f"  what to do: {printable(result.limits.do)}", markup=False, soft_wrap=True)


def as_dict(gate: str, results: list[Result], settings: dict[str, Any]) -> dict[str, Any]:
    """The whole outcome, for --json. settings: what the gate was called with."""
    return {
        "gate": gate,
        "status": verdict(results),
        "settings": settings,
        "checks": [
            {
                "check": result.check,
                "status": result.status,
                "severity": result.limits.severity,
                "says": result.limits.says,
                "do": result.limits.do,
                "min": result.limits.min,
                "max": result.limits.max,
                "measured": result.measured,
                "failing": result.failing,
                "rows": result.rows,
            }
            for result in results
        ],
    }


def as_junit(gate: str, results: list[Result]) -> str:
    """JUnit XML: a test case per check; a warning is a passed test with output."""
    failures = sum(result.status == "failed" for result in results)
    suite = ElementTree.Element("testsuite", name=f"{gate} gate", tests=str(len(results)), failures=str(failures))
    for result in results:
        case = ElementTree.SubElement(suite, "testcase", classname=f"gate.{gate}", name=result.check)
        text = "\n".join(
            [things_in_words(result), *map(row_in_words, result.rows), f"What to do: {printable(result.limits.do)}"]
        )
        if result.status == "failed":
            failure = ElementTree.SubElement(
                case, "failure", message=f"{printable(result.limits.says)} {things_in_words(result)}"
            )
            failure.text = text
        elif result.status == "warned":
            ElementTree.SubElement(case, "system-out").text = text
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True)


def printable(text: object) -> str:
    """A text in one line that terminals, XML and Markdown take as text: what can't be printed is written as in Python, `\\x1b`."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in str(text)
    )


def one_per_line(error: Exception) -> str:
    """An error's message, its lines kept."""
    return "\n".join(map(printable, str(error).splitlines()))


def as_markdown(gate: str, results: list[Result]) -> str:
    """Markdown for a job summary: a table of the checks, and of each that did not pass what is wrong and what to do."""
    lines = [
        f"## {gate.capitalize()} gate: {verdict(results)}",
        "",
        "| check | status | wrong | limit |",
        "| --- | --- | --- | --- |",
    ]
    for result in results:
        cells = (result.check, result.status, things_in_words(result), result.limits.in_words())
        lines.append("| " + " | ".join(cell.replace("\\", "\\\\").replace("|", "\\|") for cell in cells) + " |")
    for result in results:
        if result.status != "passed":
            lines += [
                "",
                f"**{result.check}**: {printable(result.limits.says)} {printable(result.limits.do)}",
                "",
                "```text",
            ]
            lines += [row_in_words(row).replace("```", "'''") for row in result.rows[:MOST_ROWS]]
            lines += ["```"]
    return "\n".join(lines) + "\n"


def write(path: Path, text: str) -> None:
    """Write a report in one piece: what stands at the path is a whole one, the old or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def write_json(path: Path, gate: str, results: list[Result], settings: dict[str, Any]) -> None:
    """Write as_dict() as JSON."""
    write(path, json.dumps(as_dict(gate, results, settings), indent=2, default=str) + "\n")
