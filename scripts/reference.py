"""Write the generated parts of docs/reference again: `make reference`.

The contract comes from macros/contract, the KPIs from seeds/reference/kpi_catalog.csv and macros/kpi, the tables from the descriptions of
models/marts, all as dbt's manifest has them. Each part is between two markers on its page; the rest of the page is written by hand.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2

Manifest = dict[str, Any]

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs/reference"
PROJECT = "closed_loop"
# Every event table begins with these.
SHARED = ("event_id", "case_id", "occurred_at", "loaded_at")
TIERS = {
    "headline": ("Headline", "How it is going. They can have targets, and they are on the scorecard."),
    "leading": ("Leading", "What warns earlier. They can have targets, and they are on the scorecard."),
    "diagnostic": ("Diagnostics", "Activity. They never have a target or a status, and they are not on the scorecard."),
}
KINDS = {"fct": "Facts", "rpt": "Reports", "dim": "Dimensions"}


def main() -> None:
    """Write each page that isn't up to date, and say so; ends with a message where there is no manifest."""
    path = ROOT / "target/manifest.json"
    if not path.is_file():
        sys.exit(f"There is no {path.relative_to(ROOT)}, which describes the tables: run dbt parse first.")
    manifest = json.loads(path.read_text(encoding="utf-8"))
    for page, (written, wanted) in pages(manifest).items():
        if written != wanted:
            (FOLDER / page).write_text(wanted, encoding="utf-8")
            print(f"Written: {(FOLDER / page).relative_to(ROOT)}")


def pages(manifest: Manifest) -> dict[str, tuple[str, str]]:
    """By page: its text as it is, and as it should be."""
    parts = {
        "contract.md": {
            "shared": "\n".join(shared_columns(manifest)),
            "events": "\n".join(contract_tables(manifest, "events", SHARED)),
            "reference": "\n".join(contract_tables(manifest, "reference")),
        },
        "kpis.md": {"kpis": "\n".join(kpis(manifest))},
        "tables.md": {"tables": "\n".join(tables(manifest))},
    }
    found = {}
    for page, texts in parts.items():
        wanted = written = (FOLDER / page).read_text(encoding="utf-8")
        for name, text in texts.items():
            begin, end = f"<!-- generated: {name} -->\n", "<!-- end -->"
            head, _, rest = wanted.partition(begin)
            _, marker, tail = rest.partition(end)
            assert marker, f"{page} lacks the markers of {name}"
            wanted = f"{head}{begin}\n{text.strip()}\n\n{end}{tail}"
        found[page] = (written, wanted)
    return found


def returned(manifest: Manifest, macro: str, **macros: Any) -> Any:
    """What a macro without arguments returns. macros: what the macros that it calls return, by name."""
    values: list[Any] = []
    source = manifest["macros"][f"macro.{PROJECT}.{macro}"]["macro_sql"]
    called = {name: lambda value=value: value for name, value in macros.items()}
    template = jinja2.Environment(extensions=["jinja2.ext.do"]).from_string(source, {"return": values.append, **called})
    getattr(template.module, macro)()
    return values[0]


def contract(manifest: Manifest, kind: str) -> dict[str, dict[str, Any]]:
    """Table -> column -> type, as macros/contract has them. kind: events or reference."""
    if kind == "reference":
        return returned(manifest, "reference_contract")
    return returned(manifest, "event_contract", message_channels=returned(manifest, "message_channels"))


def shared_columns(manifest: Manifest) -> Iterator[str]:
    """The table of the columns that every event table begins with."""
    table, columns = next(iter(contract(manifest, "events").items()))
    yield from column_rows(manifest, "events", table, {name: columns[name] for name in SHARED})


def contract_tables(manifest: Manifest, kind: str, without: tuple[str, ...] = ()) -> Iterator[str]:
    """Each table of the contract: what it holds, and its columns. without: columns that are not repeated."""
    for table, columns in contract(manifest, kind).items():
        yield from (f"### `{table}`", "", one_line(manifest["docs"][f"doc.{PROJECT}.{table}"]["block_contents"]), "")
        own = {name: entry for name, entry in columns.items() if name not in without}
        yield from (*column_rows(manifest, kind, table, own), "")


def column_rows(manifest: Manifest, kind: str, table: str, columns: dict[str, Any]) -> Iterator[str]:
    """The lines of a table of columns."""
    described = staged(manifest, kind, table)["columns"]
    yield from ("| column | type | may be unknown | meaning |", "| --- | --- | --- | --- |")
    for name, entry in columns.items():
        values = [value for value in entry if value != "?"] if isinstance(entry, list) else []
        words = "text: " + ", ".join(f"`{value}`" for value in values) if values else entry.split(" ")[0].rstrip("?")
        unknown = "yes" if entry[-1] == "?" else "null, but the column is there" if entry[-8:] == " or null" else "no"
        yield f"| `{name}` | {words} | {unknown} | {one_line(described[name]['description'])} |"


def staged(manifest: Manifest, kind: str, table: str) -> dict[str, Any]:
    """The model where the columns of a raw table are described."""
    return manifest["nodes"][f"model.{PROJECT}.stg_{kind}__{table}"]


def kpis(manifest: Manifest) -> Iterator[str]:
    """Every KPI in words, tier by tier."""
    definitions = returned(manifest, "kpi_definitions")
    with (ROOT / "seeds/reference/kpi_catalog.csv").open(newline="", encoding="utf-8") as file:
        catalogue = sorted(csv.DictReader(file), key=lambda row: int(row["display_order"]))
    for tier, (heading, words) in TIERS.items():
        yield from (f"## {heading}", "", words, "")
        for row in catalogue:
            if row["tier"] == tier:
                yield from kpi(row, definitions[row["kpi_id"]])


def kpi(row: dict[str, str], definition: dict[str, Any]) -> Iterator[str]:
    """One KPI in words. row: of the catalogue."""
    good = f"{row['direction']} is good" if row["direction"] else "no verdict"
    final = (
        "final once the cases of its week are mature"
        if definition.get("matures")
        else "final `settling_hours` after its week"
    )
    if definition.get("final_with_month"):
        final = "final `settling_hours` after the month of its week"
    yield from (f"### `{row['kpi_id']}`", "", f"**{row['title']}.** {row['sentence']}", "")
    yield f"- Numerator: {row['numerator']}"
    yield f"- Denominator: {row['denominator']}"
    yield f"- Clock: {row['clock']}"
    yield f"- {row['unit'].capitalize()}; {good}; {final}"
    if row["source"]:
        yield f"- Source: {row['source']}"
    yield ""


def tables(manifest: Manifest) -> Iterator[str]:
    """Every public table: a list, and then each with its columns."""
    public = {
        node["name"]: node
        for node in sorted(manifest["nodes"].values(), key=lambda node: node["name"])
        if node["resource_type"] == "model" and node["package_name"] == PROJECT and node["config"]["access"] == "public"
    }
    for kind, heading in KINDS.items():
        names = [name for name in public if name.startswith(kind)]
        yield f"- {heading}: {', '.join(f'[`{name}`](#{name})' for name in names)}"
    for kind in KINDS:
        for name, node in public.items():
            if name.startswith(kind):
                yield from ("", f"## `{name}`", "", one_line(node["description"]), "")
                yield from ("| column | type | meaning |", "| --- | --- | --- |")
                for column in node["columns"].values():
                    yield f"| `{column['name']}` | {column['data_type']} | {one_line(column['description'])} |"


def one_line(text: str) -> str:
    """A description as a cell of a table takes it."""
    return re.sub(r"\s+", " ", text).strip().replace("|", "\\|")


if __name__ == "__main__":
    main()
