"""Write the KPIs as semantic models and metrics of MetricFlow: `python -m scripts.semantic_layer`.

What a KPI counts comes from macros/kpi, its words from seeds/reference/kpi_catalog.csv. docs/semantic_layer.md shows how to ask.
"""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any

import jinja2
import typer
import yaml

ROOT = Path(__file__).resolve().parents[1]
PLACE = ROOT / "models/marts/_marts__semantic_models.yml"
HEAD = "# Written by `make semantic` from macros/kpi and seeds/reference/kpi_catalog.csv: change those instead.\n"
# Attributes of a case that one can ask by besides its workflow and the cohort dimensions.
FURTHER_ATTRIBUTES = ["variant"]
# Kind of KPI -> the measure that it takes; the other kinds divide two.
SINGLE_MEASURES = {"median": "kpi_median", "p90": "kpi_p90", "count": "kpi_numerator"}
# A project that uses closed_loop as a package may have metrics and a time spine of its own: nothing is added to them unasked.
ENABLED = {"enabled": "{{ project_name == 'closed_loop' }}"}


class DoesNotFit(Exception):
    """The definitions and the catalogue don't fit together; its text says where."""


def returned(file: str, macro: str) -> Any:
    """What a macro without arguments returns. file: its path below macros."""
    values: list[Any] = []
    source = (ROOT / "macros" / file).read_text(encoding="utf-8")
    template = jinja2.Environment(extensions=["jinja2.ext.do"]).from_string(source, {"return": values.append})
    getattr(template.module, macro)()
    return values[0]


def semantic_models(attributes: list[str]) -> list[dict[str, Any]]:
    """The units of all KPIs, and the cases that they belong to. attributes: columns of a case that one can ask by."""
    return [
        {
            "name": "kpi_units",
            "description": "One row per KPI and unit in its numerator or denominator.",
            "config": dict(ENABLED),
            "model": "ref('fct_kpi_contribution')",
            "defaults": {"agg_time_dimension": "clock_date"},
            "primary_entity": "kpi_unit",
            "entities": [{"name": "case_id", "type": "foreign"}],
            "dimensions": [
                {"name": "clock_date", "type": "time", "type_params": {"time_granularity": "day"}},
                {"name": "kpi_id", "type": "categorical"},
            ],
            "measures": [
                {"name": "kpi_numerator", "agg": "sum", "expr": "numerator"},
                {"name": "kpi_denominator", "agg": "sum", "expr": "denominator"},
                *(
                    {
                        "name": f"kpi_{name}",
                        "agg": "percentile",
                        "expr": "observed_value",
                        "agg_params": {"percentile": fraction, "use_discrete_percentile": False},
                    }
                    for name, fraction in (("median", 0.5), ("p90", 0.9))
                ),
            ],
        },
        {
            "name": "kpi_cases",
            "description": "One row per case: its workflow and its attributes, `(none)` where one is unknown.",
            "config": dict(ENABLED),
            "model": "ref('fct_case_journey')",
            "entities": [{"name": "case_id", "type": "primary"}],
            "dimensions": [
                {"name": "workflow", "type": "categorical"},
                *({"name": name, "type": "categorical", "expr": f"coalesce({name}, '(none)')"} for name in attributes),
            ],
        },
    ]


def side(name: str) -> dict[str, Any]:
    """The metric of one side of all KPIs, which means something only for one KPI at a time. name: numerator or denominator."""
    return {
        "name": f"kpi_{name}",
        "label": f"KPI {name}",
        "description": f"The sum of one KPI's {name}: group by `kpi_unit__kpi_id`, or ask for one.",
        "config": dict(ENABLED),
        "type": "simple",
        "type_params": {"measure": f"kpi_{name}"},
    }


def metric(kind: str, words: dict[str, str]) -> dict[str, Any]:
    """A KPI as a metric. kind: as in kpi_definitions(). words: its row of the catalogue."""
    if kind in SINGLE_MEASURES:
        measured: dict[str, Any] = {"type": "simple", "type_params": {"measure": SINGLE_MEASURES[kind]}}
    else:
        measured = {"type": "ratio", "type_params": {"numerator": "kpi_numerator", "denominator": "kpi_denominator"}}
    return {
        "name": words["kpi_id"],
        "label": words["title"],
        "description": f"{words['sentence']} Unit: {words['unit']}. Day: {words['clock']}.",
        "config": dict(ENABLED),
        **measured,
        "filter": f"{{{{ Dimension('kpi_unit__kpi_id') }}}} = '{words['kpi_id']}'",
    }


def render() -> str:
    """The text of the file. Raises DoesNotFit where a KPI has no words, no definition, or an unknown kind."""
    definitions = returned("kpi/kpi_definitions.sql", "kpi_definitions")
    with (ROOT / "seeds/reference/kpi_catalog.csv").open(encoding="utf-8", newline="") as file:
        catalogue = sorted(csv.DictReader(file), key=lambda words: int(words["display_order"]))
    if unmatched := definitions.keys() ^ {words["kpi_id"] for words in catalogue}:
        raise DoesNotFit(f"kpi_definitions() and kpi_catalog.csv don't both have {', '.join(sorted(unmatched))}.")
    known = {*SINGLE_MEASURES, "rate", "ratio"}
    if unknown := [kpi_id for kpi_id, definition in definitions.items() if definition["kind"] not in known]:
        raise DoesNotFit(
            f"No metric is known for the kind of {', '.join(unknown)}: add it to scripts/semantic_layer.py."
        )
    attributes = returned("kpi/cohorts.sql", "cohort_dimensions") + FURTHER_ATTRIBUTES
    metrics = [metric(definitions[words["kpi_id"]]["kind"], words) for words in catalogue]
    content = {
        "semantic_models": semantic_models(attributes),
        "metrics": [side("numerator"), side("denominator"), *metrics],
    }
    return HEAD + yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=140)


def main() -> None:
    """Write the semantic layer: the KPIs as semantic models and metrics of MetricFlow."""
    try:
        text = render()
    except DoesNotFit as fault:
        typer.echo(str(fault), err=True)
        raise typer.Exit(1) from fault
    beside = PLACE.with_suffix(".tmp")
    beside.write_text(text, encoding="utf-8")
    os.replace(beside, PLACE)
    typer.echo(f"Wrote {PLACE.relative_to(ROOT)}.")


if __name__ == "__main__":
    typer.run(main)
