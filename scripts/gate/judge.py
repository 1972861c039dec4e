"""Judging what was measured, by Great Expectations: limits from gates/thresholds.yml, one checkpoint per gate, Data Docs as HTML."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from scripts.gate import words
from scripts.gate.warehouse import ROOT, CouldNotRun

THRESHOLDS = ROOT / "gates/thresholds.yml"
SEVERITIES = ("error", "warn", "off")
STATUSES = ("failed", "warned", "passed")


# The thing of a check that may find nothing at all; what it found are its rows.
ALL_ROWS = "rows found"


@dataclass
class Limits:
    """What a check asks for, and its words: gates/thresholds.yml says what each is."""

    severity: str
    unit: str
    says: str
    do: str
    min: float | None = None
    max: float | None = None
    ongoing: bool = False

    def rule(self) -> str:
        """What the check allows, as a sentence."""
        return self.fill(words.rule(self.min, self.max, self.unit), {})

    def finding(self, failing: dict[str, Any]) -> str:
        """What is wrong with one thing, as a sentence: the thing, its figure and the limit, and whatever was measured beside it."""
        value = failing["measured"]
        columns = {
            name: text for name, text in failing.items() if name not in ("thing", "measured") and text is not None
        }
        told = [name for name in columns if f"{{{name}}}" in self.says]
        sentence = self.fill(words.amount(value, self.unit, [self.min, self.max]), columns)
        beside = ", ".join(f"{name.replace('_', ' ')} {text}" for name, text in columns.items() if name not in told)
        return (
            ("" if failing["thing"] == ALL_ROWS else f"{failing['thing']}: ")
            + f"{sentence} ({words.broken(value, self.min, self.max, self.unit)})"
            + (f": {beside}" if beside else "")
        )

    def fill(self, value: str, columns: dict[str, Any]) -> str:
        """`says` with the figure, and with the columns that it names; a column that has no value is told by its name."""
        return re.sub(
            r"\{(\w+)\}", lambda name: value if name[1] == "value" else str(columns.get(name[1], name[1])), self.says
        )


@dataclass
class Result:
    """How one check ended: status is passed, warned or failed.

    measured: how many things were. failing: those outside the limits, as they were measured. rows: examples of what is wrong.
    """

    check: str
    limits: Limits
    status: str
    measured: int
    failing: list[dict[str, Any]] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Outcome:
    """How a gate ended.

    results: failed checks first, then warnings. left_out: check -> why it was not asked. called: what the gate was called with.
    """

    gate: str
    results: list[Result]
    left_out: dict[str, str] = field(default_factory=dict)
    called: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.results = sorted(self.results, key=lambda result: STATUSES.index(result.status))

    @property
    def verdict(self) -> str:
        """passed or failed: warnings are listed and let the pipeline go on."""
        return "failed" if self.count("failed") else "passed"

    def count(self, status: str) -> int:
        """How many checks ended so."""
        return sum(result.status == status for result in self.results)


def read_thresholds(gate: str, own: Path | None) -> dict[str, Limits]:
    """The limits of a gate's checks, those switched off too; one's own file replaces those of gates/thresholds.yml, key by key."""
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
        for text in ("says", "do"):
            if not isinstance(entry[text], str):
                raise CouldNotRun(f"{own}: {gate}.{name}: {text} has to be a text, not {entry[text]}.")
        if "{value}" not in entry["says"]:
            raise CouldNotRun(f"{own}: {gate}.{name}: says has to hold {{value}}, where the figure goes.")
        for limit in ("min", "max"):
            value = entry.get(limit)
            if value is not None and (type(value) not in (int, float) or not abs(value) < 1e300):
                raise CouldNotRun(f"{own}: {gate}.{name}: {limit} has to be a number, not '{entry[limit]}'.")
    return {name: Limits(**entry) for name, entry in checks.items()}


def left_out(limits: dict[str, Limits], history: bool, alerts: bool) -> dict[str, str]:
    """Which checks are not asked, and why. history, alerts: the gates' options of these names."""
    reasons = {
        "switched off in the thresholds": [name for name, limit in limits.items() if limit.severity == "off"],
        "--history: the log is finished": [name for name, limit in limits.items() if history and limit.ongoing],
        "--alerts was not given": [name for name in limits if name in ("page_alerts", "page_signals") and not alerts],
    }
    return {name: reason for reason, names in reasons.items() for name in names}


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML file with a mapping, or CouldNotRun that names the file."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeError, yaml.YAMLError) as error:
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
    things = {
        check: measured[check].get("measures", [{"thing": ALL_ROWS, "measured": measured[check].get("row_count")}])
        for check in limits
    }
    figures = {check: [(thing["thing"], thing["measured"]) for thing in of_check] for check, of_check in things.items()}
    verdicts = validate(gate, figures, limits, docs)
    return [
        result_of(check, limits[check], things[check], verdicts[check], measured[check].get("rows", []))
        for check in limits
    ]


def result_of(
    check: str, limits: Limits, things: list[dict[str, Any]], failing: set[str], rows: list[dict[str, Any]]
) -> Result:
    """The result of one check, with the rows behind what fails."""
    status = "passed" if not failing else "failed" if limits.severity == "error" else "warned"
    return Result(
        check=check,
        limits=limits,
        status=status,
        measured=sum(thing["measured"] is not None for thing in things),
        failing=[{**thing, "measured": float(thing["measured"])} for thing in things if thing["thing"] in failing],
        rows=[row for row in rows if row["thing"] in failing or failing == {ALL_ROWS}] if failing else [],
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
                notes=f"{limit.rule()}. {limit.do}",
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
