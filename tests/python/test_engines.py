"""macros/engine: each engine's file has the same primitives in the same order, and what only one engine knows stands nowhere else.

Everything is read from the files; dbt is not run.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from project import ROOT

ENGINES = ["duckdb", "postgres"]
# `default` is what dbt calls every other engine: its macros say which ones serve.
PREFIXES = [*ENGINES, "default"]
OTHER_FILES = ["primitives", "refuse_engine"]
FOLDERS = ["macros", "models", "tests", "analyses", "seeds"]

MACRO = re.compile(r"\{%-?\s*macro\s+(\w+)\((.*?)\)\s*-?%\}(.*?)\{%-?\s*endmacro\s*-?%\}", re.DOTALL)
DISPATCH = re.compile(r"adapter\.dispatch\('(\w+)', 'closed_loop'\)\((.*?)\)")
# A dispatch, an engine's version of a macro, a question for the engine's name.
ENGINE_SPECIFIC = re.compile(
    r"\bdispatch\s*\(|\b(?:duckdb|postgres|spark|default)__\w+|\btarget\s*(?:\.\s*type\b|\[\s*['\"]type)|\badapter\s*\.\s*type\s*\("
)


def macros(path: Path) -> list[tuple[str, str, str]]:
    """The macros of a file in their order: names, arguments, bodies."""
    return MACRO.findall(path.read_text(encoding="utf-8"))


def faults_of_primitives(folder: Path) -> Iterator[str]:
    """Which primitives are more than a dispatch of their name; files that are no engine's."""
    for name, arguments, body in macros(folder / "primitives.sql"):
        if DISPATCH.findall(body) != [(name, arguments)]:
            yield f"{name} is no dispatch of its name and arguments"
    for path in folder.glob("*.sql"):
        if path.stem not in PREFIXES + OTHER_FILES:
            yield f"{path.name} is not among the engines of this test"


def faults_of_engine(folder: Path, engine: str) -> Iterator[str]:
    """Where an engine's file differs from the primitives: what it lacks, has beside them, has in another place or with other arguments."""
    expected = {f"{engine}__{name}": arguments for name, arguments, _ in macros(folder / "primitives.sql")}
    found = {name: arguments for name, arguments, _ in macros(folder / f"{engine}.sql")}
    yield from (f"{engine}.sql lacks {name}" for name in expected if name not in found)
    yield from (f"{engine}.sql has {name}, which is no primitive" for name in found if name not in expected)
    if found.keys() == expected.keys():
        pairs = zip(found, expected, strict=True)
        yield from [f"{engine}.sql has {name} in the place of {due}" for name, due in pairs if name != due][:1]
        yield from (f"{name} has other arguments" for name in found if found[name] != expected[name])


def faults_elsewhere(root: Path) -> Iterator[str]:
    """What is engine-specific outside macros/engine."""
    files = [path for name in FOLDERS for path in (root / name).rglob("*") if path.suffix in (".sql", ".yml")]
    for path in sorted([*files, root / "dbt_project.yml"]):
        if root / "macros" / "engine" not in path.parents:
            for match in ENGINE_SPECIFIC.finditer(path.read_text(encoding="utf-8")):
                yield f"{path.relative_to(root)} has {match[0]}"


def faults(root: Path) -> list[str]:
    """All that is wrong in a project."""
    folder = root / "macros" / "engine"
    found = [fault for engine in PREFIXES for fault in faults_of_engine(folder, engine)]
    return [*faults_of_primitives(folder), *found, *faults_elsewhere(root)]


def test_engines_have_the_same_primitives() -> None:
    assert len(macros(ROOT / "macros/engine/primitives.sql")) > 10
    assert not faults(ROOT)


MUTANTS = {
    "a primitive is missing": (
        "macros/engine/postgres.sql",
        r"\{% macro postgres__sha256.*?endmacro %\}\n",
        "",
        "postgres.sql lacks postgres__sha256",
    ),
    "no word for other engines": (
        "macros/engine/default.sql",
        r"\{% macro default__sha256.*?endmacro %\}\n",
        "",
        "default.sql lacks default__sha256",
    ),
    "one more": (
        "macros/engine/duckdb.sql",
        r"\A",
        "{% macro duckdb__md5(text) %}{% endmacro %}\n",
        "duckdb.sql has duckdb__md5, which is no primitive",
    ),
    "another order": (
        "macros/engine/duckdb.sql",
        r"(\{% macro duckdb__type_double.*?endmacro %\}\n)(.*?)(\{% macro duckdb__text_literal.*?endmacro %\}\n)",
        r"\3\2\1",
        "duckdb.sql has duckdb__text_literal in the place of duckdb__type_double",
    ),
    "other arguments": (
        "macros/engine/duckdb.sql",
        r"sha256\(text\)",
        "sha256(value)",
        "duckdb__sha256 has other arguments",
    ),
    "more than a dispatch": (
        "macros/engine/primitives.sql",
        r"\{\{ adapter.dispatch\('sha256', 'closed_loop'\)\(text\) \}\}",
        "sha256({{ text }})",
        "sha256 is no dispatch of its name and arguments",
    ),
    "an engine without a test": ("macros/engine/spark.sql", "", "", "spark.sql is not among the engines of this test"),
    "a dispatch elsewhere": (
        "macros/sql/dates.sql",
        r"\Z",
        "{{ adapter.dispatch('week')() }}",
        "macros/sql/dates.sql has dispatch(",
    ),
    "an engine's macro elsewhere": (
        "macros/sql/dates.sql",
        r"\Z",
        "{{ postgres__week() }}",
        "macros/sql/dates.sql has postgres__week",
    ),
    "an engine's name elsewhere": (
        "macros/sql/dates.sql",
        r"\Z",
        "{{ target.type }}",
        "macros/sql/dates.sql has target.type",
    ),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_fault_is_found(mutant: str, tmp_path: Path) -> None:
    name, pattern, replacement, fault = MUTANTS[mutant]
    shutil.copytree(ROOT / "macros", tmp_path / "macros")
    shutil.copy(ROOT / "dbt_project.yml", tmp_path)
    path = tmp_path / name
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    changed, count = re.subn(pattern, replacement, text, count=1, flags=re.DOTALL)
    assert count == 1
    path.write_text(changed, encoding="utf-8")
    assert faults(tmp_path) == [fault]
