"""Judging what was measured, by Great Expectations: limits from gates/thresholds.yml, one checkpoint per gate, Data Docs as HTML."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from scripts.gate.warehouse import ROOT, CouldNotRun

THRESHOLDS = ROOT / "gates/thresholds.yml"
SEVERITIES = ("error", "warn", "off")


@dataclass
class Limits:
    """What a check asks for, and its words."""

    severity: str
    says: str
    do: str
    min: float | None = None
    max: float | None = None

    def in_words(self) -> str:
        """The limits as the report shows them."""
        if self.min is None and self.max is None:
            return "no rows"
        parts = [f"at least {self.min:g}"] if self.min is not None else []
        return " and ".join(parts + ([f"at most {self.max:g}"] if self.max is not None else []))


@dataclass
class Result:
    """How one check ended: status is passed, warned or failed; `failing` names what is outside the limits."""

    check: str
    limits: Limits
    status: str
    measured: int
    failing: list[dict[str, Any]] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)


def read_thresholds(gate: str, own: Path | None) -> dict[str, Limits]:
    """The limits of a gate's checks; the entries of one's own file replace those of gates/thresholds.yml, key by key."""
    checks = read_yaml(THRESHOLDS)[gate]
    changes = (read_yaml(own) if own else {}).get(gate) or {}
    if not isinstance(changes, dict):
        raise CouldNotRun(f"{own}: {gate} has to be a mapping of checks, not {changes}.")
    for name, entry in changes.items():
        if name not in checks:
            raise CouldNotRun(f"{own}: {gate} has no check '{name}'. There are: {', '.join(checks)}.")
        if not isinstance(entry, dict) or set(entry) - {"severity", "min", "max", "says", "do"}:
            raise CouldNotRun(f"{own}: {gate}.{name} may have severity, min, max, says and do, not {entry}.")
        checks[name] = {**checks[name], **entry}
    for name, entry in checks.items():
        if entry["severity"] not in SEVERITIES:
            raise CouldNotRun(f"{own}: {gate}.{name}: severity is {', '.join(SEVERITIES)}, not '{entry['severity']}'.")
        for words in ("says", "do"):
            if not isinstance(entry[words], str):
                raise CouldNotRun(f"{own}: {gate}.{name}: {words} has to be a text, not {entry[words]}.")
        for limit in ("min", "max"):
            value = entry.get(limit)
            if not isinstance(value, int | float | None) or isinstance(value, bool) or value != value:
                raise CouldNotRun(f"{own}: {gate}.{name}: {limit} has to be a number, not '{entry[limit]}'.")
    return {name: Limits(**entry) for name, entry in checks.items() if entry["severity"] != "off"}


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML file with a mapping, or CouldNotRun that names the file."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise CouldNotRun(f"the thresholds can't be read: {error}") from error
    if not isinstance(content, dict):
        raise CouldNotRun(f"{path} holds no checks. Write it as gates/thresholds.yml is written.")
    return content


def judge(
    gate: str, measured: dict[str, dict[str, Any]], limits: dict[str, Limits], docs: Path | None = None
) -> list[Result]:
    """Judge each measured check by its limits.

    measured: as measure() returns it. docs: folder for the Data Docs, None for none. Raises CouldNotRun where a check was not measured.
    """
    unmeasured = limits.keys() - measured.keys()
    if unmeasured:
        raise CouldNotRun(f"not measured: {', '.join(sorted(unmeasured))}")
    figures = {
        check: [(row["thing"], row["measured"]) for row in measured[check]["measures"]]
        if "measures" in measured[check]
        else [("rows found", measured[check]["row_count"])]
        for check in limits
    }
    verdicts = validate(gate, figures, limits, docs)
    return [
        result_of(check, limits[check], figures[check], verdicts[check], rows_of(measured[check])) for check in limits
    ]


def rows_of(measured: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows that show what is wrong: the examples, or the measures themselves where a check has none."""
    return measured.get("rows") or [
        {column: value for column, value in row.items() if column != "measured"} for row in measured.get("measures", [])
    ]


def result_of(
    check: str, limits: Limits, figures: list[tuple[str, Any]], failing: set[str], rows: list[dict[str, Any]]
) -> Result:
    """The result of one check, with the rows behind what fails."""
    status = "passed" if not failing else "failed" if limits.severity == "error" else "warned"
    return Result(
        check=check,
        limits=limits,
        status=status,
        measured=len([figure for _, figure in figures if figure is not None]),
        failing=[{"thing": thing, "measured": float(figure)} for thing, figure in figures if thing in failing],
        rows=[row for row in rows if row["thing"] in failing or failing == {"rows found"}] if failing else [],
    )


def validate(
    gate: str, figures: dict[str, list[tuple[str, Any]]], limits: dict[str, Limits], docs: Path | None
) -> dict[str, set[str]]:
    """Run the checkpoint: one row per measured thing, one column and one expectation per check. Returns: check -> what fails."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx
    import pandas as pd

    things = list(dict.fromkeys(thing for of_check in figures.values() for thing, _ in of_check))
    frame = pd.DataFrame({"thing": things})
    for check, of_check in figures.items():
        values = {thing: None if figure is None else float(figure) for thing, figure in of_check}
        frame[check] = pd.Series([values.get(thing) for thing in things], dtype="float64")

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    actions = []
    if docs:
        site = {
            "class_name": "SiteBuilder",
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
            "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(docs.resolve())},
        }
        context.add_data_docs_site(site_name=f"{gate}_gate", site_config=site)
        actions.append(gx.checkpoint.UpdateDataDocsAction(name="data_docs", site_names=[f"{gate}_gate"]))
    batch = (
        context.data_sources.add_pandas("measures").add_dataframe_asset(gate).add_batch_definition_whole_dataframe(gate)
    )
    suite = context.suites.add(gx.ExpectationSuite(name=f"{gate}_gate"))
    for check, limit in limits.items():
        suite.add_expectation(
            gx.expectations.ExpectColumnValuesToBeBetween(
                column=check,
                min_value=limit.min,
                max_value=0 if limit.min is None and limit.max is None else limit.max,
                severity="critical" if limit.severity == "error" else "warning",
                notes=f"{limit.says} {limit.do}",
                meta={"check": check},
            )
        )
    definition = context.validation_definitions.add(
        gx.ValidationDefinition(name=f"{gate}_gate", data=batch, suite=suite)
    )
    checkpoint = context.checkpoints.add(
        gx.Checkpoint(
            name=f"{gate}_gate",
            validation_definitions=[definition],
            actions=actions,
            result_format={"result_format": "COMPLETE", "unexpected_index_column_names": ["thing"]},
        )
    )
    outcome = checkpoint.run(batch_parameters={"dataframe": frame})
    (validation,) = outcome.run_results.values()
    verdicts: dict[str, set[str]] = {}
    for verdict in validation.results:
        if verdict.exception_info.get("exception_message"):
            raise CouldNotRun(
                f"{verdict.expectation_config.meta['check']}: {verdict.exception_info['exception_message']}"
            )
        unexpected = verdict.result.get("unexpected_index_list") or []
        verdicts[verdict.expectation_config.meta["check"]] = {row["thing"] for row in unexpected}
    return verdicts
