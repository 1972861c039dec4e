"""What a gate tells: one screen for a person, JSON and JUnit for machines, Markdown for a job summary. All say the same words."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

from rich.console import Console
from rich.text import Text

from scripts.gate.judge import Outcome, Result

COLOURS = {"passed": "green", "warned": "yellow", "failed": "bold red"}
MOST_THINGS, MOST_ROWS = 5, 5
NEXT = {
    ("contract", "failed"): "Don't build yet: put right what failed, and run this gate again.",
    (
        "integrity",
        "failed",
    ): "Don't let anyone read the marts yet: do what stands under what failed, and run this gate again.",
}


def headline(outcome: Outcome) -> str:
    """How the gate ended, in one sentence."""
    all_of_them, warned = len(outcome.results), outcome.count("warned")
    counted = (
        f"{outcome.count('failed')} of {all_of_them} checks failed"
        if outcome.verdict == "failed"
        else f"{outcome.count('passed')} of {all_of_them} checks passed"
    )
    return f"The {outcome.gate} gate {outcome.verdict}: {counted}{f', {warned} warned' if warned else ''}."


def findings(result: Result) -> list[str]:
    """What is outside the limits, a sentence per thing."""
    told = [printable(result.limits.finding(failing)) for failing in result.failing[:MOST_THINGS]]
    more = len(result.failing) - len(told)
    return told + ([f"and {more} more"] if more else [])


def examples(result: Result) -> list[str]:
    """Some of the rows of what is wrong: the thing, and each column that has a value; a column that is alone needs no name."""
    told = []
    for row in result.rows[:MOST_ROWS]:
        cells = {name: printable(value) for name, value in row.items() if name != "thing" and value is not None}
        words = [f"{name}={value}" for name, value in cells.items()] if len(row) > 2 else list(cells.values())
        told.append(f"{printable(row['thing'])}: {' '.join(words)}")
    return told


def print_screen(outcome: Outcome, console: Console) -> None:
    """How the gate ended; of what failed and then of what warned: what is wrong, which rows, what to do; the names of what passed."""

    def say(text: str, indent: int = 0, style: str = "") -> None:
        # What goes on in the next line is set in, so that the left edge shows what belongs to what.
        for number, line in enumerate(Text(text).wrap(console, max(console.width - indent - 2, 20))):
            line.rstrip()
            console.print(Text(" " * (indent + 2 * (number > 0)) + line.plain, style=style), soft_wrap=True)

    say(headline(outcome), style=COLOURS[outcome.verdict])
    for result in outcome.results:
        if result.status == "passed":
            continue
        console.print()
        say(f"{result.status.upper()}: {result.check}", style=COLOURS[result.status])
        for sentence in findings(result):
            say(sentence, 2)
        for number, example in enumerate(examples(result)):
            if number == 0:
                say("For example:", 2)
            # In one piece, so that it can be copied; a terminal wraps it.
            console.print(Text(f"    {example}"), soft_wrap=True)
        say(f"What to do: {printable(result.limits.do)}", 2)
    console.print()
    for line in closing_lines(outcome):
        say(line)


def closing_lines(outcome: Outcome) -> list[str]:
    """What passed, what was not asked and why, and what to do now."""
    passed = [result.check for result in outcome.results if result.status == "passed"]
    reasons = dict.fromkeys(outcome.left_out.values())
    lines = [f"Passed: {', '.join(passed)}."] if passed else []
    for reason in reasons:
        names = [name for name, why in outcome.left_out.items() if why == reason]
        lines.append(f"Left out ({printable(reason)}): {', '.join(names)}.")
    if (outcome.gate, outcome.verdict) in NEXT:
        lines.append(NEXT[outcome.gate, outcome.verdict])
    elif outcome.count("warned"):
        lines.append("Warnings stop nothing; look at them in working hours.")
    return lines


def as_json(outcome: Outcome) -> str:
    """The whole outcome, with figures as numbers and the unit that they have."""
    content: dict[str, Any] = {
        "gate": outcome.gate,
        "status": outcome.verdict,
        "settings": outcome.called,
        "checks": [
            {
                "check": result.check,
                "status": result.status,
                "severity": result.limits.severity,
                "says": result.limits.rule(),
                "do": result.limits.do,
                "unit": result.limits.unit,
                "min": result.limits.min,
                "max": result.limits.max,
                "measured": result.measured,
                "failing": result.failing,
                "rows": result.rows,
            }
            for result in outcome.results
        ],
        "left_out": outcome.left_out,
    }
    return json.dumps(content, indent=2, default=str) + "\n"


def as_junit(outcome: Outcome) -> str:
    """JUnit XML: a test case per check; a warning is a passed test with output, a check left out a skipped one."""
    counts = {
        "tests": len(outcome.results) + len(outcome.left_out),
        "failures": outcome.count("failed"),
        "skipped": len(outcome.left_out),
    }
    suite = ElementTree.Element(
        "testsuite", name=f"{outcome.gate} gate", **{name: str(count) for name, count in counts.items()}
    )
    for result in outcome.results:
        case = ElementTree.SubElement(suite, "testcase", classname=f"gate.{outcome.gate}", name=result.check)
        text = "\n".join(findings(result) + examples(result) + [f"What to do: {printable(result.limits.do)}"])
        if result.status == "failed":
            failure = ElementTree.SubElement(case, "failure", message="; ".join(findings(result)))
            failure.text = text
        elif result.status == "warned":
            ElementTree.SubElement(case, "system-out").text = text
    for check, reason in outcome.left_out.items():
        case = ElementTree.SubElement(suite, "testcase", classname=f"gate.{outcome.gate}", name=check)
        ElementTree.SubElement(case, "skipped", message=printable(reason))
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True)


def as_markdown(outcome: Outcome) -> str:
    """Markdown for a job summary: a table of the checks, and of each that did not pass which rows are wrong and what to do."""
    lines = [f"## {headline(outcome)}", "", "| check | status | what was found, or is allowed |", "| --- | --- | --- |"]
    for result in outcome.results:
        found = "; ".join(findings(result)) or printable(result.limits.rule())
        cells = (result.check, result.status, found)
        lines.append("| " + " | ".join(cell.replace("\\", "\\\\").replace("|", "\\|") for cell in cells) + " |")
    for result in outcome.results:
        if result.status != "passed":
            lines += ["", f"**{result.check}**: {printable(result.limits.do)}"]
            rows = [row.replace("```", "'''") for row in examples(result)]
            lines += ["", "```text", *rows, "```"] if rows else []
    for line in closing_lines(outcome):
        if not line.startswith("Passed:"):
            lines += ["", line]
    return "\n".join(lines) + "\n"


def printable(text: object) -> str:
    """A text in one line that terminals, XML and Markdown take as text: what can't be printed is written as in Python, `\\x1b`."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in str(text)
    )


def one_per_line(error: Exception) -> str:
    """An error's message, its lines kept."""
    return "\n".join(map(printable, str(error).splitlines()))
