"""Documentation: nothing that dbt knows of this project goes without words, and the words name what is really there.

Models, seeds and sources are described in YAML (raw and reference columns where they are staged), macros and singular tests in the
comment that they begin with.
"""

from __future__ import annotations

import ast
import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from project import ROOT, dbt, parse_anew, query
from test_engines import PREFIXES

from scripts import reference

Manifest = dict[str, Any]

PROJECT = "closed_loop"
# A macro's arguments, and the comment that follows its first line.
# A materialization has no arguments: what stands there is its name and its engine.
HEAD = re.compile(
    r"\{%-?\s*(?:(?:macro|test)\s+\w+\s*\((.*?)\)|materialization\s.*?)\s*-?%\}(?:\s*\{#-?(.*?)-?#\})?", re.DOTALL
)
CONTRACTS = "{{ tojson({'events': event_contract(), 'reference': reference_contract()}) }}"
# The contract's types, as the seeds name them: in words that DuckDB and PostgreSQL take alike.
SEED_TYPES = {
    "text": "varchar",
    "timestamp": "timestamp",
    "date": "date",
    "boolean": "boolean",
    "integer": "bigint",
    "double": "double precision",
    "money": "decimal(18, 2)",
}


@pytest.fixture(scope="module")
def manifest(demo: Path) -> Manifest:
    """The project as it reads the demo seeds."""
    return json.loads((demo / "target/manifest.json").read_text())


def own(manifest: Manifest, collection: str, *resource_types: str) -> list[Any]:
    """The project's own resources of a collection of the manifest, of these types if any are named."""
    return [
        resource
        for resource in manifest[collection].values()
        if resource["package_name"] == PROJECT and (not resource_types or resource["resource_type"] in resource_types)
    ]


def is_described(resource: dict[str, Any]) -> bool:
    """Whether there are words; a note to write some later is none."""
    return resource["description"].strip() not in ("", "TODO")


def described_things(manifest: Manifest) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every resource and column that has to be described in YAML, with a name to find it by."""
    for node in own(manifest, "nodes", "model", "seed", "snapshot") + own(manifest, "sources"):
        yield node["unique_id"], node
        for name, column in node["columns"].items():
            yield f"{node['unique_id']}, column {name}", column


# Layer -> the layers that it may not read.
NOT_READ_BY = {
    "staging": {"builds", "intermediate", "marts"},
    "builds": {"intermediate", "marts"},
    "intermediate": {"history", "marts"},
}
# Model or macro -> what it reads as the build before left it. The last four are hooks and dbt's own question whether to replace a table.
READ_FROM_THE_LAST_BUILD = {
    "models/builds/changed_cases.sql": {"int_case__assembled"},
    "models/history/build_log.sql": {"build_seal", "int_case__assembled"},
    "macros/history/is_latest_build.sql": {"build_seal"},
    "macros/builds/full_rebuild.sql": {"build_log"},
    "macros/builds/notes.sql": {"build_inputs"},
    "macros/builds/summary.sql": {
        "fct_case_journey", "rpt_alert", "rpt_integrity_violation", "rpt_row_reconciliation", "rpt_scorecard_weekly", "stg_events__as_of",
    },
    "macros/checks/check_command.sql": {"build_seal"},
}  # fmt: skip


def test_layers_read_only_what_is_below_them(manifest: Manifest) -> None:
    models = {model["unique_id"]: model for model in own(manifest, "nodes", "model")}
    layers = {name: model["fqn"][1] for name, model in models.items()}
    against = [
        (name, parent)
        for name, model in models.items()
        for parent in model["depends_on"]["nodes"]
        if parent in models and layers[parent] in NOT_READ_BY.get(layers[name], ())
    ]
    assert not against
    # Only what judges raw rows has to know which of them are new.
    ask_the_log = {
        name for name, model in models.items() if "model.closed_loop.build_log" in model["depends_on"]["nodes"]
    }
    in_staging = {name for name in ask_the_log if layers[name] == "staging"}
    assert in_staging == {name for name in models if ".base_events__" in name}
    accesses = {(layers[name], model["access"]) for name, model in models.items()}
    assert accesses == {
        ("staging", "protected"), ("builds", "private"), ("history", "protected"), ("intermediate", "protected"), ("marts", "public"),
    }  # fmt: skip
    assert {model["group"] for model in models.values()} == {PROJECT}


def test_few_models_read_what_a_later_one_writes() -> None:
    read = {}
    for path in (path for folder in ("models", "macros") for path in (ROOT / folder).rglob("*.sql")):
        names = set(re.findall(r"earlier_relation\('(\w+)'\)", path.read_text()))
        if names:
            read[str(path.relative_to(ROOT))] = names
    assert read == READ_FROM_THE_LAST_BUILD


def test_no_compiled_model_is_longer_than_400_lines(demo: Path) -> None:
    compiled = [*(demo / "target/compiled/closed_loop/models").rglob("*.sql")]
    lengths = {path.stem: len(path.read_text().splitlines()) for path in compiled}
    assert len(lengths) > 100
    assert not {name: length for name, length in lengths.items() if length > 400}


def test_dbt_parses_without_a_word_of_warning(demo: Path) -> None:
    output = (demo / "parsed.txt").read_text()
    assert output and not re.search("warning|deprecat", output, re.IGNORECASE), output


def assert_described(manifest: Manifest) -> None:
    """Nothing goes without words."""
    wordless = [name for name, thing in described_things(manifest) if not is_described(thing)]
    assert not wordless, "no description: " + "; ".join(wordless)


def test_everything_is_described(manifest: Manifest) -> None:
    assert_described(manifest)


@pytest.mark.slow
def test_sources_are_described_and_parse_without_a_word_of_warning(tmp_path: Path) -> None:
    """Only where the project reads a schema are there sources."""
    manifest, output = parse_anew(tmp_path, events_schema="raw_events")
    assert not re.search("warning|deprecat", output, re.IGNORECASE), output
    assert len(own(manifest, "sources")) == 11
    assert_described(manifest)


def test_each_macro_begins_with_words_for_it_and_its_arguments(manifest: Manifest) -> None:
    """An engine's version of a primitive has those of the primitive: test_engines.py compares the two."""
    faults = {}
    for macro in own(manifest, "macros"):
        if Path(macro["original_file_path"]).stem in PREFIXES:
            continue
        head = HEAD.match(macro["macro_sql"])
        assert head, macro["unique_id"]
        # Jinja's default values read as Python: names, numbers, texts, empty dicts.
        arguments = [a.arg for a in ast.parse(f"def macro({head[1] or ''}): ...").body[0].args.args]  # type: ignore[attr-defined]
        unsaid = [name for name in arguments if not re.search(rf"\b{name}\b", head[2] or "")]
        if not (head[2] or "").strip() or unsaid:
            faults[macro["unique_id"]] = unsaid
    assert not faults, f"no comment, or one without these arguments: {json.dumps(faults, indent=2)}"


def test_each_singular_test_begins_with_what_it_finds(manifest: Manifest) -> None:
    tests = [node for node in own(manifest, "nodes", "test") if "test_metadata" not in node]
    assert len(tests) > 30
    begins = re.compile(r"(-- .*\n)*?-- .*(Fails if|Warns of|Tests)\b")
    wordless = [node["name"] for node in tests if not begins.match(node["raw_code"])]
    assert not wordless, "no comment on what it finds: " + "; ".join(wordless)


def test_each_model_begins_with_its_grain(manifest: Manifest) -> None:
    first_lines = {
        node["original_file_path"]: (ROOT / node["original_file_path"]).read_text().split("\n", 1)[0]
        for node in own(manifest, "nodes", "model")
    }
    grain = re.compile("-- Grain: one row(,| per) .+")
    without_grain = [path for path, line in first_lines.items() if not grain.match(line)]
    assert not without_grain, "the first line does not say the grain: " + "; ".join(without_grain)


def test_exposures_depend_on_the_public_tables_that_they_read(manifest: Manifest) -> None:
    public = {node["unique_id"]: node["name"] for node in own(manifest, "nodes", "model") if node["access"] == "public"}
    reads = {
        exposure["name"]: {
            public.get(parent, f"{parent}, which is not public") for parent in exposure["depends_on"]["nodes"]
        }
        for exposure in own(manifest, "exposures")
    }
    for name, folder in {"scorecard_page": "scripts/scorecard", "superset_dashboard": "scripts/superset"}.items():
        text = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / folder).glob("*.py")))
        assert reads[name] == set(public.values()) & set(re.findall(r"\b(?:dim|fct|rpt)_\w+", text)), name
    gates = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "macros/gates").glob("*.sql")))
    assert reads["integrity_gate"] == set(public.values()) & set(re.findall(r"ref\('(\w+)'\)", gates))
    assert set().union(*reads.values()) <= set(public.values())


def test_generated_parts_of_the_reference_are_current(manifest: Manifest) -> None:
    old = [page for page, (written, wanted) in reference.pages(manifest).items() if written != wanted]
    assert not old, f"run `make reference`: {old}"


def test_seeds_keep_the_contract(manifest: Manifest, tmp_path: Path) -> None:
    result = dbt("--quiet", "compile", "--inline", CONTRACTS, folder=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    contracts = json.loads(result.stdout)
    seeds = {node["name"]: node for node in own(manifest, "nodes", "seed")}
    models = {node["name"]: node for node in own(manifest, "nodes", "model")}
    assert seeds.keys() == contracts["events"].keys() | contracts["reference"].keys()
    for kind, tables in contracts.items():
        for table, columns in tables.items():
            seed = seeds[table]
            assert Path(seed["original_file_path"]).parts[:2] == ("seeds", kind)
            types = {
                column: SEED_TYPES["text" if isinstance(spec, list) else spec.split(" ")[0].rstrip("?")]
                for column, spec in columns.items()
            }
            with (ROOT / seed["original_file_path"]).open(newline="", encoding="utf-8") as file:
                assert next(csv.reader(file)) == list(columns), table
            assert list(seed["config"]["column_types"].items()) == list(types.items()), table
            # What follows from a row comes after it.
            assert list(models[f"stg_{kind}__{table}"]["columns"])[: len(columns)] == list(columns), table


def test_described_columns_are_those_of_the_database(manifest: Manifest, demo: Path) -> None:
    built: dict[tuple[str, str], list[str]] = {}
    for schema, table, column in query(
        demo, "select table_schema, table_name, column_name from information_schema.columns order by ordinal_position"
    ):
        built.setdefault((schema, table), []).append(column)
    # What passes through a step is described where it comes from or is published.
    known = {column for node in own(manifest, "nodes", "model") for column in node["columns"]}
    differences = {}
    for node in own(manifest, "nodes", "model"):
        columns = built.get((node["schema"], node["alias"]), [])
        is_step = node["schema"] == "intermediate" or node["name"].startswith("base_")
        needed = set(columns) - known if is_step else set(columns)
        if not needed <= set(node["columns"]) <= set(columns):
            differences[node["unique_id"]] = {
                "not described": [column for column in columns if column in needed - set(node["columns"])],
                "not there": [column for column in node["columns"] if column not in columns],
            }
    assert not differences, json.dumps(differences, indent=2)
