"""What a working folder holds, and how it is made: all of it, or nothing."""

from __future__ import annotations

import csv
import datetime as dt
import io
import os
import re
import tempfile
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import jinja2

from scripts.check.macros import Project
from scripts.marts import ROOT

TEMPLATES = Path(__file__).parent / "templates"
# Reference tables that come with the project, and that few people write themselves.
SHIPPED = {"kpi_catalog", "manual_steps", "time_zones"}
PLAIN_PATH = re.compile(r"[\w/ .,+@=-]+")
PAGE_OF_CONTRACT = ROOT / "docs/reference/contract.md"


class Refused(Exception):
    """What stands in the way of a folder, and the way out."""


@dataclass(frozen=True)
class Choice:
    """What a folder is for.

    kind: project or package. source: files or schema. workflow: its name. time_zone: an IANA name. currency: a code of ISO 4217.
    """

    kind: str
    source: str
    workflow: str
    time_zone: str
    currency: str

    def problems(self) -> Iterator[str]:
        """What is wrong with it."""
        if not re.fullmatch(r"[a-z][a-z0-9_]*", self.workflow):
            yield f"the workflow {self.workflow!r} isn't a name of small letters, digits and underscores, such as failed_payment."
        if self.time_zone not in zoneinfo.available_timezones():
            yield f"{self.time_zone} isn't a time zone. Name one such as Europe/Berlin."
        if not re.fullmatch(r"[A-Z]{3}", self.currency):
            yield f"{self.currency} isn't a currency code. Use three capital letters, such as EUR."


def make(folder: Path, choice: Choice) -> None:
    """Make a folder; raises Refused where something is there already, or where the choice is none."""
    for problem in choice.problems():
        raise Refused(problem)
    # As it will be written into files that make, a shell and YAML read.
    folder = Path(os.path.realpath(folder))
    for path in (folder, ROOT):
        if not PLAIN_PATH.fullmatch(str(path)):
            raise Refused(
                f"{str(path)!r} has a character that make, a shell or YAML reads in its own way. "
                "Use letters, digits, blanks, dots and hyphens."
            )
    if folder.is_relative_to(ROOT):
        raise Refused(f"{folder} is within the project, which updates replace. Name a folder elsewhere.")
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise Refused(f"{folder} already exists and isn't an empty folder. Name another one.")
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".closed_loop_init_") as place:
            beside = Path(place) / "made"
            for name, text in files(folder, choice, dt.datetime.now(dt.UTC)).items():
                (beside / name).parent.mkdir(parents=True, exist_ok=True)
                (beside / name).write_text(text, encoding="utf-8")
            if folder.exists():
                folder.rmdir()
            beside.rename(folder)
    except OSError as error:
        raise Refused(f"{folder} can't be written: {error.strerror}.") from error


def files(folder: Path, choice: Choice, now: dt.datetime) -> dict[str, str]:
    """By name: the text of each file. now: what the sample cases end at."""
    jinja = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), undefined=jinja2.StrictUndefined, keep_trailing_newline=True,
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.do"],
        # What is dbt's stays as it is.
        variable_start_string="[[", variable_end_string="]]",
    )  # fmt: skip
    names = ["README.md", ".env", ".gitignore", "Makefile"]
    if choice.kind == "project":
        names.append("vars.yml")
    else:
        names += ["dbt_project.yml", "packages.yml", "profiles.yml"]
    is_mapped_by_models = choice.kind == "package" and choice.source == "schema"
    if is_mapped_by_models:
        tables = [path.stem for path in sorted((TEMPLATES / "models/events").glob("*.sql"))]
        names += [f"models/events/{name}.sql" for name in tables]
    else:
        names.append("mapping.csv")
    export = "seeds/export.csv" if is_mapped_by_models else "export/cases.csv"
    found = {
        name: jinja.get_template(name.removeprefix(".")).render(
            folder=folder, project=ROOT, choice=choice, export=export
        )
        for name in names
    }
    return {**found, export: sample(now), **reference(choice)}


def sample(now: dt.datetime) -> str:
    """Three made cases of the last days as an event log: one finished by the customer, one by an agent, one open."""
    # So that the last one is an hour old: a gate would ask where later events are.
    start = (now - dt.timedelta(minutes=2906 + 60)).replace(second=0, microsecond=0)
    steps = [
        ("S-1", 0, "Case opened", "49.00", ""), ("S-1", 5, "Message sent", "", ""), ("S-1", 6, "Message delivered", "", ""),
        ("S-1", 40, "Customer started", "", ""), ("S-1", 43, "Customer paid", "49.00", ""),
        ("S-1", 44, "Record written", "", ""), ("S-1", 45, "Record confirmed", "", ""),
        ("S-2", 10, "Case opened", "120.00", ""), ("S-2", 15, "Message sent", "", ""), ("S-2", 1500, "Handed to an agent", "", ""),
        ("S-2", 1530, "Agent was done", "", "agent-7"), ("S-2", 1531, "Record written", "", ""), ("S-2", 1533, "Record confirmed", "", ""),
        ("S-3", 2900, "Case opened", "15.50", ""), ("S-3", 2905, "Message sent", "", ""), ("S-3", 2906, "Message delivered", "", ""),
    ]  # fmt: skip
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["Case", "Step", "At", "Amount", "Agent"])
    for case, minute, step, amount, agent in steps:
        writer.writerow([case, step, f"{start + dt.timedelta(minutes=minute):%Y-%m-%dT%H:%M:%SZ}", amount, agent])
    return text.getvalue()


def reference(choice: Choice) -> dict[str, str]:
    """The reference tables: their columns, without a row but for the one workflow, and a page that says what they mean."""
    with duckdb.connect() as connection:
        contract = Project(connection, {}).call("reference_contract")
    found = {
        f"reference/{table}.csv": ",".join(columns) + "\n"
        for table, columns in contract.items()
        if table not in SHIPPED
    }
    row = {
        "workflow": choice.workflow, "domain": "billing", "owner": "Head of Operations", "sla_value": "48", "sla_unit": "hours",
        "completion_means": "", "collects_payment": "true", "maturity_days": "10",
    }  # fmt: skip
    found["reference/workflows.csv"] += ",".join(row.get(name, "false") for name in contract["workflows"]) + "\n"
    _, _, meaning = PAGE_OF_CONTRACT.read_text(encoding="utf-8").partition("## Reference tables")
    found["REFERENCE.md"] = (
        "# Reference tables\n\nWhat people decide, and no event says. "
        "Only `workflows` is needed. A table without rows is one that you don't use; its file may go.\n"
        + re.sub(r"<!--.*?-->\n*", "", re.sub(r"\]\((?!https?:)[^)]*\)", "]", meaning))
    )
    return found
