"""The semantic layer: it is what the KPI definitions make of it, and MetricFlow gives the figures of rpt_kpi_weekly and rpt_kpi_period."""

from __future__ import annotations

import csv
import json
import math
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from project import ROOT, database, query

from scripts import semantic_layer

PAGE = ROOT / "docs/semantic_layer.md"
ENVIRONMENT = ROOT / ".venv-semantic"
COHORTS = (
    "entry_channel", "product", "segment", "tenure_band", "overdue_bucket", "risk_tier", "contact_preference",
)  # fmt: skip
# A command on the page, and what it prints.
ASKED = re.compile(r"```sh\n\.venv-semantic/bin/(mf query (?:(?!```).)*)```\n\n```text\n((?:(?!```).)*)```", re.DOTALL)
# Sums of doubles depend on the order of the rows in their last digits.
TOLERANCE = 1e-12

# Week or day of the period, workflow, cohort value -> value; a cell without a value is absent.
Cells = dict[tuple[str, ...], float]


def catalogue() -> dict[str, dict[str, str]]:
    with (ROOT / "seeds/reference/kpi_catalog.csv").open(encoding="utf-8", newline="") as file:
        return {row["kpi_id"]: row for row in csv.DictReader(file)}


def test_the_file_is_what_the_definitions_make_of_it() -> None:
    written = semantic_layer.PLACE.read_text(encoding="utf-8")
    assert written == semantic_layer.render(), "run `make semantic`, and commit what it wrote"


def test_each_kpi_of_the_catalogue_is_a_metric_in_its_words() -> None:
    metrics = {metric["name"]: metric for metric in yaml.safe_load(semantic_layer.PLACE.read_text())["metrics"]}
    assert len(catalogue()) >= 40
    assert metrics.keys() == catalogue().keys() | {"kpi_numerator", "kpi_denominator"}
    for kpi_id, words in catalogue().items():
        assert metrics[kpi_id]["label"] == words["title"]
        assert words["sentence"] in metrics[kpi_id]["description"]
        assert metrics[kpi_id]["filter"] == f"{{{{ Dimension('kpi_unit__kpi_id') }}}} = '{kpi_id}'"


def test_a_kpi_without_words_or_of_an_unknown_kind_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    definitions = semantic_layer.returned("kpi/kpi_definitions.sql", "kpi_definitions")
    cohorts = semantic_layer.returned("kpi/cohorts.sql", "cohort_dimensions")

    def render_with(**added: dict[str, str]) -> None:
        answers = {"kpi_definitions": {**definitions, **added}, "cohort_dimensions": cohorts}
        monkeypatch.setattr(semantic_layer, "returned", lambda file, macro: answers[macro])
        semantic_layer.render()

    with pytest.raises(semantic_layer.DoesNotFit, match=r"kpi_catalog\.csv don't both have made_up"):
        render_with(made_up={"kind": "rate"})
    with pytest.raises(semantic_layer.DoesNotFit, match="kind of click_rate"):
        render_with(click_rate={"kind": "geometric_mean"})


@pytest.fixture(scope="module")
def asking(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to run MetricFlow in: a copy of the demo's database, its semantic manifest, and the project's settings."""
    if not (ENVIRONMENT / "bin/mf").exists():
        pytest.skip("MetricFlow isn't there: make .venv-semantic/installed")
    folder = tmp_path_factory.mktemp("asking")
    (folder / "target").mkdir()
    shutil.copy(demo / "target/semantic_manifest.json", folder / "target")
    shutil.copy(database(demo), database(folder))
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(ROOT / name, folder)
    return folder


def run(command: list[str], folder: Path, text: str | None = None) -> str:
    """The output of a command that has to succeed, in a folder with a database."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("DBT_", "CLOSED_LOOP_"))}
    result = subprocess.run(
        command, cwd=folder, env=environment, input=text, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    return result.stdout


def answers(folder: Path, queries: list[dict[str, list[str]]]) -> list[list[dict[str, Any]]]:
    """The rows of each query, all asked in one process: starting MetricFlow takes longer than hundreds of queries."""
    script = Path(__file__).with_name("semantic_answers.py")
    printed = run([str(ENVIRONMENT / "bin/python"), str(script)], folder, json.dumps(queries)).splitlines()
    assert len(printed) == len(queries)
    return [json.loads(line) for line in printed]


def cells(rows: list[dict[str, Any]], keys: list[str], metric: str) -> Cells:
    """An answer as cells; no key comes twice. keys: the columns that it was grouped by."""
    found = {tuple(row[key].removesuffix(" 00:00:00") for key in keys): row[metric] for row in rows}
    assert len(found) == len(rows), (keys, metric)
    return {key: value for key, value in found.items() if value is not None}


def unlike(asked: Cells, published: Cells) -> list[str]:
    """The cells that only one of the two has, or that differ."""
    return [
        f"{key}: MetricFlow {asked.get(key)}, published {published.get(key)}"
        for key in asked.keys() | published.keys()
        if key not in asked
        or key not in published
        or not math.isclose(asked[key], published[key], rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    ]


class Slice:
    """A period, with or without the workflow and a cohort, as MetricFlow is asked for it and as the marts publish it."""

    def __init__(self, period: str, by_workflow: bool, cohort: str = "all") -> None:
        self.keys = [f"metric_time__{period}"]
        self.keys += ["case_id__workflow"] * by_workflow
        self.keys += [f"case_id__{cohort}"] * (cohort != "all")
        self.name = f"{period}, {'workflow' if by_workflow else '(all)'}, {cohort}"
        columns = ["week_start" if period == "week" else "period_start"]
        columns += ["workflow"] * by_workflow
        columns += ["cohort_value"] * (cohort != "all")
        table = f"rpt_kpi_weekly where cohort_dimension = '{cohort}'"
        if period != "week":
            table = f"rpt_kpi_period where period_kind = '{period}'"
        workflows = f"and {'not ' if by_workflow else ''}workflow = '(all)'"
        self.published = (
            f"select kpi_id, value, numerator, denominator, {', '.join(columns)} from marts.{table} {workflows}"
        )


SLICES = [
    *(Slice("week", by_workflow, cohort) for by_workflow in (False, True) for cohort in ("all", *COHORTS)),
    *(Slice(period, by_workflow) for period in ("month", "quarter") for by_workflow in (False, True)),
]


@pytest.mark.slow
def test_metricflow_gives_the_published_figures(asking: Path) -> None:
    """Each KPI on its own, by week, workflow and each cohort, and by month and quarter; then the sides of all KPIs."""
    kpis = list(catalogue())
    cohorts = query(asking, "select distinct cohort_dimension from marts.rpt_kpi_weekly")
    assert {cohort for (cohort,) in cohorts} == {"all", *COHORTS}
    by_kpi = iter(answers(asking, [{"metrics": [kpi], "group_by": part.keys} for part in SLICES for kpi in kpis]))
    sides = ["kpi_numerator", "kpi_denominator"]
    of_all = iter(
        answers(asking, [{"metrics": sides, "group_by": [*part.keys, "kpi_unit__kpi_id"]} for part in SLICES])
    )
    differences, compared = [], dict.fromkeys(kpis, 0)
    for part in SLICES:
        values: dict[str, Cells] = {kpi: {} for kpi in kpis}
        amounts: dict[str, Cells] = {side: {} for side in sides}
        for kpi, value, numerator, denominator, *key in query(asking, part.published):
            cell = tuple(map(str, key))
            # Nothing happened: a rate is NULL, a count 0, and MetricFlow has no row.
            if value is not None and (denominator is not None or value != 0):
                values[kpi][cell] = value
            for side, amount in zip(sides, (numerator, denominator), strict=True):
                # As above: an amount of 0 may be without a row.
                if amount:
                    amounts[side][(*cell, kpi)] = amount
        for kpi in kpis:
            asked = cells(next(by_kpi), part.keys, kpi)
            assert asked, (part.name, kpi)
            compared[kpi] += len(asked)
            differences += [f"{kpi}, {part.name}: {difference}" for difference in unlike(asked, values[kpi])]
        rows = next(of_all)
        for side in sides:
            asked = {
                key: value for key, value in cells(rows, [*part.keys, "kpi_unit__kpi_id"], side).items() if value != 0
            }
            differences += [f"{side}, {part.name}: {difference}" for difference in unlike(asked, amounts[side])]
    print(f"{sum(compared.values())} cells compared, {min(compared.values())} of a KPI at the least", file=sys.stderr)
    assert not differences, f"{len(differences)} cells differ:\n" + "\n".join(differences[:20])
    # What the demo publishes with a value, by KPI.
    assert min(compared.values()) > 100


@pytest.mark.slow
def test_the_page_shows_what_metricflow_prints(asking: Path) -> None:
    shown = ASKED.findall(PAGE.read_text(encoding="utf-8"))
    assert len(shown) == PAGE.read_text(encoding="utf-8").count("mf query --")
    for command, printed in shown:
        got = run([str(ENVIRONMENT / "bin/mf"), *shlex.split(command)[1:]], asking)
        # A newer version would be announced before it.
        lines = [[line.split() for line in text.splitlines()] for text in (got, printed)]
        assert len(lines[1]) > 2 and lines[0][-len(lines[1]) :] == lines[1], f"{command}\n{got}"
