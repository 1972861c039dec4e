"""macros/engine: each engine's file has the same primitives in the same order, the macro tests ask for each, and what only one engine knows
is nowhere else.

All but DuckDB's plans is read from the files; dbt is not run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
from project import ROOT, database

ENGINES_FOLDER = ROOT / "macros" / "engine"
ENGINES = ["duckdb", "postgres", "spark"]
# `default` is what dbt calls every other engine: its macros say which ones serve.
PREFIXES = [*ENGINES, "default"]
# spark_adapter: what replaces macros of dbt-spark.
OTHER_FILES = ["primitives", "refuse_engine", "spark_adapter"]
# They give no value that SQL could ask for: a build acts by them, and the tests that build with each engine see how.
NOT_FOR_MACRO_TESTS = {
    "view_definition", "view_mark", "source_types", "check_types", "holds_as_it_is", "unfit_value", "pii_key", "pii_key_variable",
    "database_name_problem", "session_problems", "planner_settings", "replaces_rows", "is_shared_database",
}  # fmt: skip
# Where a macro test asks for a primitive by the one macro that calls it.
CALLED_BY = {"row_hash": "rows_hash"}
FOLDERS = ["macros", "models", "tests", "analyses", "seeds"]

MACRO = re.compile(r"\{%-?\s*macro\s+(\w+)\((.*?)\)\s*-?%\}(.*?)\{%-?\s*endmacro\s*-?%\}", re.DOTALL)
DISPATCH = re.compile(r"adapter\.dispatch\('(\w+)', 'closed_loop'\)\((.*?)\)")
# A dispatch, an engine's version of a macro, a question for the engine's name.
ENGINE_SPECIFIC = re.compile(
    r"\bdispatch\s*\(|\b(?:duckdb|postgres|spark|default)__\w+|\btarget\s*(?:\.\s*type\b|\[\s*['\"]type)|\badapter\s*\.\s*type\s*\("
)


def macros(file: str) -> list[tuple[str, str, str]]:
    """The macros of a file in their order: names, arguments, bodies."""
    return MACRO.findall((ENGINES_FOLDER / f"{file}.sql").read_text(encoding="utf-8"))


def faults_of_primitives() -> Iterator[str]:
    """Which primitives are more than a dispatch of their name; files that are no engine's."""
    for name, arguments, body in macros("primitives"):
        if DISPATCH.findall(body) != [(name, arguments)]:
            yield f"{name} is no dispatch of its name and arguments"
    for path in ENGINES_FOLDER.glob("*.sql"):
        if path.stem not in PREFIXES + OTHER_FILES:
            yield f"{path.name} is not among the engines of this test"


def faults_of_engine(engine: str) -> Iterator[str]:
    """Where an engine's file differs from the primitives: what it lacks, has beside them, has in another place or with other arguments."""
    expected = {f"{engine}__{name}": arguments for name, arguments, _ in macros("primitives")}
    found = {name: arguments for name, arguments, _ in macros(engine)}
    yield from (f"{engine}.sql lacks {name}" for name in expected if name not in found)
    yield from (f"{engine}.sql has {name}, which is no primitive" for name in found if name not in expected)
    if found.keys() == expected.keys():
        pairs = zip(found, expected, strict=True)
        yield from [f"{engine}.sql has {name} in the place of {due}" for name, due in pairs if name != due][:1]
        yield from (f"{name} has other arguments" for name in found if found[name] != expected[name])


def faults_elsewhere() -> Iterator[str]:
    """What is engine-specific outside macros/engine."""
    files = [path for name in FOLDERS for path in (ROOT / name).rglob("*") if path.suffix in (".sql", ".yml")]
    for path in sorted([*files, ROOT / "dbt_project.yml"]):
        if ENGINES_FOLDER not in path.parents:
            for match in ENGINE_SPECIFIC.finditer(path.read_text(encoding="utf-8")):
                yield f"{path.relative_to(ROOT)} has {match[0]}"


def test_engines_have_the_same_primitives() -> None:
    assert len(macros("primitives")) > 10
    assert not [*faults_of_primitives(), *(fault for engine in PREFIXES for fault in faults_of_engine(engine))]


def test_each_primitive_has_a_macro_test() -> None:
    """The one table of expected values that every engine is held against: dbt runs these tests on each."""
    tests = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests/macros").glob("*.sql"))
    asked = re.sub(r"^--.*", "", tests, flags=re.MULTILINE)
    names = {name for name, _, _ in macros("primitives")}
    assert names >= NOT_FOR_MACRO_TESTS
    missing = {
        name for name in names - NOT_FOR_MACRO_TESTS if not re.search(rf"\b{CALLED_BY.get(name, name)}\(", asked)
    }
    assert not missing


def test_what_one_engine_knows_is_in_its_file() -> None:
    assert not [*faults_elsewhere()]


def test_no_full_build_stores_all_raw_rows(demo: Path) -> None:
    """not_materialized(), by what DuckDB plans: most of a build's memory would go there, and no figure would tell."""
    folder = demo / "target/compiled/closed_loop/models/staging/events/base"
    queries = {path.stem: path.read_text(encoding="utf-8") for path in folder.glob("*.sql")}
    assert len(queries) == 11
    with duckdb.connect(str(database(demo)), read_only=True) as connection:
        for model, query in queries.items():
            ((_, plan),) = connection.execute(f"explain {query}").fetchall()
            stored = set(re.findall(r"CTE Name: (\w+)", plan))
            # Small ones are: without any, a plan would be written in another way by now.
            assert stored and not stored & {"visible_rows", "raw_rows"}, (model, stored)
