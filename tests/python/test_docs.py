"""The figures in README.md and docs/ are the demo's: what is below a query or an analysis is just what it gives. Links lead somewhere.

A block of SQL, or the command `dbt show --select <analysis>`, that is directly followed by a table is run. All rows of a query are
compared, or the first ones that `--limit` asks for; a figure with three decimals has to agree to three decimals.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from project import ROOT, WITHOUT_TESTS, build, dbt, query
from tiers import slow_but

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# Shown on a database of its own, which the commands on the page build.
IN_STEPS = "docs/why_did_last_month_change.md"
# Each answers the question in its title, for the demo first.
QUESTIONS = (
    "why_is_this_red", "is_this_real", "why_did_last_month_change", "where_do_cases_get_stuck", "what_does_a_case_cost",
    "what_should_we_fix_first", "for_an_auditor",
)  # fmt: skip
FIRST_SCREEN = 25
# Pages that link to others, and files that name them.
LINKING = sorted(ROOT.glob("*.md")) + sorted(
    path for folder in ("docs", "examples") for path in (ROOT / folder).rglob("*.md")
)
NAMING = [
    *(ROOT / name for name in ("Makefile", "profiles.yml", "dbt_project.yml")),
    *sorted(
        path
        for folder in ("macros", "models", "scripts", "tests", "gates", "analyses")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".md", ".py", ".sql", ".yml")
    ),
]
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)")
SHOWN = re.compile(r"```(sql|sh)\n((?:(?!```).)*)```\n\n((?:\|[^\n]*\n?)+)", re.DOTALL)
BUILD = re.compile(r"dbt build --vars '(.*?)'")
LIMIT_OF_DBT_SHOW = 5


class Excerpt(NamedTuple):
    page: str
    language: str
    text: str
    table: str


EXCERPTS = [
    Excerpt(str(page.relative_to(ROOT)), *excerpt)
    for page in PAGES
    for excerpt in SHOWN.findall(page.read_text(encoding="utf-8"))
]


@pytest.fixture(scope="session")
def demo_in_steps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the demo, built moment after moment as the page on restatements says."""
    folder = tmp_path_factory.mktemp("demo_in_steps")
    steps = BUILD.findall((ROOT / IN_STEPS).read_text(encoding="utf-8"))
    assert len(steps) >= 2, f"{IN_STEPS} has to build at least twice"
    for variables in steps:
        build(folder, yaml.safe_load(variables), *WITHOUT_TESTS)
    return folder


@pytest.fixture(scope="session")
def compiled_analyses(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the compiled SQL of each analysis, with its default vars."""
    folder = tmp_path_factory.mktemp("analyses")
    result = dbt("compile", "--select", "path:analyses", folder=folder)
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr
    return folder / "target/compiled/closed_loop/analyses"


def agrees(shown: str, value: Any) -> bool:
    """Whether a cell says what the value is, to as many decimals as it shows; an empty cell says NULL."""
    if shown == ("" if value is None else str(value)):
        return True
    if not isinstance(value, float) or not re.fullmatch(r"-?[0-9,]+(\.[0-9]+)?", shown):
        return False
    decimals = len(shown.partition(".")[2])
    return abs(float(shown.replace(",", "")) - value) <= 0.5 * 10**-decimals + 1e-12


def anchors(page: Path) -> set[str]:
    """What a link may point to on a page, as GitHub makes it of the headings."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", LINKING, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    lost = []
    for path, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            lost.append(f"{path}#{anchor}")
    assert not lost, lost


def test_pages_that_are_named_are_there() -> None:
    lost = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in NAMING
        for name in re.findall(r"\bdocs/[\w/]+\.md", path.read_text(encoding="utf-8"))
        if not (ROOT / name).exists()
    ]
    assert not lost, lost


@pytest.mark.parametrize("name", QUESTIONS)
def test_each_question_is_answered_on_the_first_screen(name: str) -> None:
    page = (ROOT / f"docs/{name}.md").read_text(encoding="utf-8")
    assert re.match(r"# .+\?\n", page)
    assert "```" in "".join(page.splitlines(keepends=True)[:FIRST_SCREEN])
    places = [page.find(words) for words in ("\n|", "(scorecard.md)", "\n## With your own data\n")]
    assert -1 not in places and places == sorted(places)


def test_no_table_below_a_query_goes_unchecked() -> None:
    fences = sum(len(re.findall(r"```(?:sql|sh)\n[^`]*```\s*\n\|", page.read_text(encoding="utf-8"))) for page in PAGES)
    assert len(EXCERPTS) == fences


# The page in steps takes a build of the demo for each.
@pytest.mark.parametrize(
    "excerpt",
    slow_but([e for e in EXCERPTS if e.page != IN_STEPS], EXCERPTS),
    ids=lambda e: f"{e.page}: {e.text.split(chr(10))[0][:60]}",
)
def test_shown_figures(excerpt: Excerpt, request: pytest.FixtureRequest) -> None:
    folder = request.getfixturevalue("demo_in_steps" if excerpt.page == IN_STEPS else "demo")
    limit = None
    if excerpt.language == "sql":
        sql = excerpt.text
    else:
        command = shlex.split(excerpt.text)
        assert command[:3] == [".venv/bin/dbt", "show", "--select"], excerpt.text
        assert "--vars" not in command, "the test compiles the analyses once, with their default vars"
        limit = int(command[command.index("--limit") + 1]) if "--limit" in command else LIMIT_OF_DBT_SHOW
        sql = (request.getfixturevalue("compiled_analyses") / f"{command[3]}.sql").read_text(encoding="utf-8")
    shown = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in excerpt.table.splitlines()]
    rows = query(folder, sql)[:limit]
    assert len(shown[2:]) == len(rows), rows
    for line, row in zip(shown[2:], rows, strict=True):
        assert len(line) == len(row) and all(map(agrees, line, row)), f"shown {line}, is {row}"
