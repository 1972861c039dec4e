"""The scorecard page: what it says is what the marts say, in the build and in a browser, whatever the texts in the data."""

from __future__ import annotations

import base64
import gzip
import html
import json
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import made_once
from project import ROOT, database

from scripts.marts import open_marts
from scripts.scorecard.page import Renderer

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
HOSTILE = "</script><img src=x onerror=alert(1)>'\"&${1} <b>"
Choice = dict[str, str]


def scorecard(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command, as a user calls it."""
    return subprocess.run(
        [sys.executable, "-m", "scripts.scorecard", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=120
    )


@pytest.fixture(scope="session")
def page_file(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's page, as the command writes it."""

    def make(folder: Path) -> None:
        result = scorecard("--out", str(folder / "page.html"), "--database", str(database(demo)))
        assert result.returncode == 0, result.stderr

    return made_once("scorecard", make, tmp_path_factory) / "page.html"


@pytest.fixture(scope="module")
def marts(demo: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_marts(database(demo)) as connection:
        yield connection


@pytest.fixture(scope="module")
def drawn_figures(page_file: Path) -> dict[str, Any]:
    """The page's own figures; read them, don't change them."""
    packed = re.search(r'id="figures">([^<]*)<', page_file.read_text(encoding="utf-8"))
    assert packed is not None
    return json.loads(gzip.decompress(base64.b64decode(packed[1])))


@pytest.fixture(scope="module")
def renderer(drawn_figures: dict[str, Any]) -> Renderer:
    """The page's own figures in the build's engine."""
    return Renderer(drawn_figures)


def choice_of(
    week: str, workflow: str = "(all)", span: str = "week", dimension: str = "all", value: str = "all"
) -> Choice:
    return {"week": week, "workflow": workflow, "dimension": dimension, "value": value, "span": span}


def views(marts: duckdb.DuckDBPyConnection) -> list[Choice]:
    """Every week and workflow of the demo, by single weeks and by four."""
    found = marts.sql("select distinct cast(week_start as text), workflow from rpt_kpi_weekly order by all").fetchall()
    return [choice_of(week, workflow, span) for week, workflow in found for span in ("week", "rolling")]


def sampled(choices: list[Choice], count: int | None) -> list[Choice]:
    """So many of them, the same ones each time; None for all."""
    return choices if count is None else random.Random(13).sample(choices, count)


def cohort_views(marts: duckdb.DuckDBPyConnection, count: int) -> list[Choice]:
    """A sample of the cohorts that have a cell."""
    found = marts.sql("""
        select distinct cast(week_start as text), workflow, cohort_dimension, cohort_value
        from rpt_kpi_weekly
        where cohort_dimension <> 'all'
        order by all
    """).fetchall()
    return sampled(
        [choice_of(week, workflow, "week", dimension, value) for week, workflow, dimension, value in found], count
    )


# -- What a reader sees ------------------------------------------------------------------------------------------------


def tile_of(html_text: str, kpi_id: str) -> str:
    """The HTML of a KPI's tile."""
    return html_text.partition(f'id="kpi-{kpi_id}">')[2].partition("</article>")[0]


def test_a_kpi_that_the_events_can_not_show_has_no_figure_and_no_verdict(
    drawn_figures: dict[str, Any], renderer: Renderer
) -> None:
    red = "writeback_success_rate"
    gap = "no acknowledgements: nothing can count as resolved"
    kpis = [{**kpi, "coverage": "none", "gaps": gap} if kpi["kpi_id"] == red else kpi for kpi in drawn_figures["kpis"]]
    bad_week = choice_of("2026-03-16")
    with_it, without = renderer.content(bad_week), Renderer({**drawn_figures, "kpis": kpis}).content(bad_week)
    assert "76 %" in words_of(tile_of(with_it, red)) and "red flag" in tile_of(with_it, red)
    assert (
        words_of(tile_of(without, red)).split() == f"Writeback success rate These events can’t show it: {gap}.".split()
    )
    # Neither what needs attention, nor the weeks beside each other, nor the sentence at the top.
    assert without.count("Writeback success rate") == 1 < with_it.count("Writeback success rate")
    assert "6 of 14 judged" in words_of(without) and "7 of 15 judged" in words_of(with_it)
    # Nor any list of what happened to it.
    everything = Renderer(
        {**drawn_figures, "kpis": [{**kpi, "coverage": "none", "gaps": gap} for kpi in drawn_figures["kpis"]]}
    ).content(bad_week)
    words = words_of(everything)
    assert "these events can’t show how many cases customers finished" in words
    for section in (
        "On the way to a target",
        "Four weeks before and after",
        "Cost of a resolved case",
        "How cases were resolved",
    ):
        assert section in words_of(with_it) and section not in words, section
    # What is known in part is shown, with what is missing.
    assert "In part: handle_minutes is known in 854 of 882 rows of agent_touches." in tile_of(
        with_it, "handle_time_mean"
    )


def words_of(html_text: str) -> str:
    """What a reader sees of some HTML."""
    return re.sub(r"<[^>]+>", " ", html_text).replace("\u00a0", " ")


TILE = re.compile(
    r'<article class="tile is-(?P<status>\w+)" id="kpi-(?P<kpi>\w+)">'
    r'.*?<p class="value[^"]*">(?P<value>[^<]*)</p>\s*<p class="beside">(?P<beside>[^<]*)</p>'
    r'.*?<p class="sample">(?P<sample>[^<]*)</p>'
    r".*?<dt>Counted</dt><dd>(?P<counted>.*?)</dd>\s*<dt>Out of</dt><dd>(?P<out_of>.*?)</dd>",
    re.DOTALL,
)


@pytest.mark.parametrize("count", [24, pytest.param(None, marks=pytest.mark.slow)])
def test_every_tile_is_its_cell_of_the_marts(
    renderer: Renderer, marts: duckdb.DuckDBPyConnection, count: int | None
) -> None:
    cells = {
        (str(cell["week"]), cell["workflow"], cell["span"], cell["kpi_id"]): cell
        for cell in as_dicts(
            marts,
            """
            select week_start as week, 'week' as span, * exclude (week_start) from rpt_kpi_weekly where cohort_dimension = 'all'
            union all by name
            select period_end - 7 as week, 'rolling' as span, * from rpt_kpi_period where period_kind = 'rolling_4_weeks'
            """,
        )
    }
    units = dict(marts.sql("select kpi_id, unit from dim_kpi").fetchall())
    seen = set()
    for choice in sampled(views(marts), count):
        for tile in TILE.finditer(renderer.content(choice)):
            key = (choice["week"], choice["workflow"], choice["span"], tile["kpi"])
            seen.add(key)
            check_tile({name: plain(text) for name, text in tile.groupdict().items()}, cells[key], units[tile["kpi"]])
    assert seen == set(cells) if count is None else len(seen) > 500


def test_every_tile_of_a_cohort_is_its_cell(renderer: Renderer, marts: duckdb.DuckDBPyConnection) -> None:
    units = dict(marts.sql("select kpi_id, unit from dim_kpi").fetchall())
    compared = 0
    for choice in cohort_views(marts, 30):
        found = as_dicts(
            marts,
            """
            from rpt_kpi_weekly
            where tier <> 'diagnostic' and week_start = $week and workflow = $workflow
                and cohort_dimension = $dimension and cohort_value = $value
            """,
            {name: choice[name] for name in ("week", "workflow", "dimension", "value")},
        )
        cells = {cell["kpi_id"]: cell for cell in found}
        tiles = {tile["kpi"]: tile.groupdict() for tile in TILE.finditer(renderer.content(choice))}
        assert set(tiles) == set(cells)
        for kpi_id, tile in tiles.items():
            check_tile({name: plain(text) for name, text in tile.items()}, cells[kpi_id], units[kpi_id])
            compared += 1
    assert compared > 300


def check_tile(tile: dict[str, str], cell: dict[str, Any], unit: str) -> None:
    """A tile says its cell's status, value, target, change, interval, sample, numerator and denominator."""
    assert tile["status"] == (cell["status"] or "none")
    if cell["value"] is None:
        assert tile["value"] in ("–", "nothing happened")
    else:
        assert says(tile["value"], cell["value"], unit), (tile, cell)
    target = re.search(r"target ([^·]+)", tile["beside"])
    assert (target is None) == (cell["target"] is None)
    assert target is None or says(target[1].strip(), cell["target"], unit), (tile, cell)
    if cell.get("change") is not None:
        change = re.sub(r"target [^·]+· | on the .*", "", tile["beside"])
        assert says(change.removeprefix("+").replace(" points", " %"), cell["change"], unit), (tile, cell)
    if cell["ci_low"] is not None:
        interval = re.search(r"interval (.+?) to (.+? %)", tile["sample"])
        assert (
            interval is not None
            and says(f"{interval[1]} %", cell["ci_low"], unit)
            and says(interval[2], cell["ci_high"], unit)
        ), (tile, cell)
    if unit != "count":
        assert f"n = {cell['sample_size']:,}".replace(",", " ") in tile["sample"], (tile, cell)
    assert ("not certain" in tile["sample"], "certain" in tile["sample"]) == (
        cell["is_certain"] is False,
        cell["is_certain"] is not None,
    )
    if unit == "rate" and cell["denominator"]:
        assert tile["counted"].endswith(f" {cell['numerator']:,.0f}".replace(",", " ")), (tile, cell)
        assert tile["out_of"].endswith(f" {cell['denominator']:,}".replace(",", " ")), (tile, cell)


def says(text: str, value: float, unit: str) -> bool:
    """Whether a text is this value in words, to as many digits as it shows."""
    if unit == "rate":
        if "below" in text or "above" in text:
            return 0 < value < 0.001 or 0.999 < value < 1
        return number(text.removesuffix(" %")) == shown(value * 100, text.removesuffix(" %"))
    if unit == "money":
        digits = text.replace("$", "")
        return number(digits) == shown(value, digits)
    if unit in ("minutes", "seconds"):
        seconds = value * (60 if unit == "minutes" else 1)
        units = {"d": 86400, "h": 3600, "min": 60, "s": 1}
        parts = re.findall(r"([\d. ]*\d) (d|h|min|s)", text)
        told = sum(float(amount.replace(" ", "")) * units[name] for amount, name in parts) * (
            -1 if text.startswith("−") else 1
        )
        # Half of the smallest unit that is said.
        smallest = {
            "d": 3600,
            "h": 3600 if "d" in text else 60,
            "min": 60,
            "s": 0.1 if "." in text or abs(seconds) < 10 else 1,
        }[parts[-1][1]]
        return abs(told - seconds) <= smallest / 2 + 1e-6
    return number(text) == shown(value, text)


def number(text: str) -> Decimal:
    return Decimal(text.replace("−", "-").replace(" ", ""))


def shown(value: float, text: str) -> Decimal:
    """A value to as many decimals as a text has."""
    places = len(text.partition(".")[2])
    return Decimal(format(value, ".12g")).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def plain(text: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", text)).replace("\u00a0", " ").replace("\u202f", " ").strip()


def as_dicts(
    marts: duckdb.DuckDBPyConnection, query: str, parameters: dict[str, str] | None = None
) -> list[dict[str, Any]]:
    result = marts.execute(query, parameters or {})
    names = [column[0] for column in result.description or []]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def table_of(content: str, label: str) -> list[list[str]]:
    """The rows of a table of the page, as texts."""
    found = re.search(rf'aria-label="{re.escape(label)}" tabindex="0"><table[^>]*>(.*?)</table>', content, re.DOTALL)
    assert found is not None, label
    body = found[1].partition("<tbody>")[2]
    return [
        [plain(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)]
        for row in re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    ]


def test_lists_are_those_of_the_marts(renderer: Renderer, marts: duckdb.DuckDBPyConnection) -> None:
    content = renderer.content(choice_of("2026-03-16"))

    def query(sql: str) -> list[tuple[Any, ...]]:
        return marts.sql(sql).fetchall()

    stages = query("""
        select cases, own_event_cases, skipped_cases
        from rpt_funnel_weekly
        where week_start = '2026-03-16' and workflow = '(all)' and cohort_dimension = 'all'
        order by stage_number
    """)
    assert [tuple(int(cell) for cell in row[2:5]) for row in table_of(content, "Funnel")] == stages

    health = query("""
        select target_system, settled, verified
        from rpt_writeback_health_weekly
        where week_start = '2026-03-16'
        order by target_system, adapter
    """)
    assert [(row[0].split(" ")[0], int(row[2]), int(row[3])) for row in table_of(content, "Writeback health")] == health

    off = query("""
        select kpis.title
        from rpt_kpi_weekly as cells
        inner join dim_kpi as kpis using (kpi_id)
        where week_start = '2026-03-16' and workflow = '(all)' and cohort_dimension = 'all' and status in ('red', 'amber')
        order by status desc, kpis.display_order
    """)
    listed = table_of(content, "Red, then off target")
    assert [(re.sub(r"^. (red flag|off target) ", "", row[0]),) for row in listed] == off

    states = query("""
        select
            workflow,
            count(*) filter (where state = 'overdue'),
            count(*) filter (where state = 'at_risk'),
            count(*) filter (where state = 'on_track')
        from rpt_open_case
        group by workflow
        order by workflow
    """)
    by_workflow = table_of(content, "Open cases by workflow")
    assert [(row[0].replace(" ", "_"), *map(int, row[1:])) for row in by_workflow] == states

    overdue = query("select case_id from rpt_open_case where state = 'overdue' order by minutes_left, case_id limit 10")
    assert [(row[0],) for row in table_of(content, "Overdue longest")] == overdue

    paths = query("""
        select count(*)
        from fct_case_journey
        where resolved_at >= '2026-03-16' and resolved_at < '2026-03-23'
        group by resolution_path
        order by array_position(['in_message', 'self_cured', 'assisted'], resolution_path)
    """)
    assert [(int(row[1]),) for row in table_of(content, "Paths")] == paths

    # Those of single workflows go with them.
    runs = query("""
        select
            strftime(first_day, '%-d %B') || case when first_day < max(day) then strftime(max(day), ' to %-d %B') else '' end,
            sum(denominator)::int
        from rpt_signal
        where workflow = '(all)'
        group by rule_id, dimension_value, first_day
        having first_day <= '2026-03-22' and max(day) >= '2026-03-16'
        order by all
    """)
    over = [row for row in table_of(content, "Signals and alerts") if row[5] == "over"]
    assert sorted((row[2], int(row[3].split(" of ")[1])) for row in over) == runs

    week = query("""
        select sum(triggered)::int, sum(resolved)::int, sum(closed)::int, arg_max(closing, day), arg_max(overdue, day)
        from rpt_backlog_daily
        where workflow = '(all)' and day between '2026-03-16' and '2026-03-22'
    """)
    assert [tuple(map(int, table_of(content, "Weeks beside each other")[0][1:6]))] == week


@pytest.mark.parametrize(
    "choice",
    [
        choice_of("2026-03-16", "failed_payment"),
        choice_of("2026-03-16", span="rolling"),
        choice_of("2026-03-16", dimension="risk_tier", value="high"),
        choice_of("2026-03-16", dimension="overdue_bucket", value="(none)"),
    ],
)
def test_the_query_of_a_rate_lists_its_units(
    renderer: Renderer, marts: duckdb.DuckDBPyConnection, choice: Choice
) -> None:
    content = renderer.content(choice)
    rates = {kpi_id for (kpi_id,) in marts.sql("select kpi_id from dim_kpi where unit = 'rate'").fetchall()}
    compared = 0
    for tile, queries in zip(TILE.finditer(content), content.split('<article class="tile')[1:], strict=True):
        if tile["kpi"] in rates:
            sql = html.unescape(re.search(r"<pre[^>]*>(.*?)</pre>", queries, re.DOTALL)[1])  # type: ignore[index]
            told = [
                int(re.search(r"<b>(.*)</b>", tile[name])[1].replace("\u202f", "")) for name in ("counted", "out_of")
            ]  # type: ignore[index]
            assert marts.sql(f"select sum(numerator)::int, sum(denominator)::int from ({sql})").fetchall() == [
                tuple(told)
            ], sql
            compared += 1
    assert compared >= 20


def test_the_verdict_names_what_is_red(renderer: Renderer) -> None:
    said = plain(
        re.search(r'<p class="verdict is-red">(.*?)</p>', renderer.content(choice_of("2026-03-16")), re.DOTALL)[1]
    )  # type: ignore[index]
    assert "72 % of the finished ones are acknowledged" in said
    assert "7 of 15 judged headline figures are beyond the red flag" in said
    assert "billing_core acknowledged 36 of 74 writes, most often failing by gateway_timeout" in said


def test_a_week_that_may_still_change_has_no_verdict(renderer: Renderer) -> None:
    content = renderer.content(choice_of("2026-06-08"))
    assert '<p class="verdict is-none"><strong>No verdict:</strong>' in content
    assert "may still change" in content


def test_too_little_data_looks_like_it(renderer: Renderer) -> None:
    content = renderer.content(choice_of("2026-05-11", "kyc_refresh"))
    assert 'class="tile is-too_little_data" id="kpi-identity_pass_rate"' in content
    assert "nothing happened" in renderer.content(choice_of("2026-06-08", "kyc_refresh"))


# -- The file ----------------------------------------------------------------------------------------------------------


def test_it_is_one_small_file_that_is_complete_without_scripts(page_file: Path, renderer: Renderer) -> None:
    text = page_file.read_text(encoding="utf-8")
    assert len(text.encode()) < 1_000_000
    assert renderer.content(choice_of("2026-05-11")) in text
    assert set(re.findall(r"(?:src|href)=.(.)", text.partition("<script")[0])) <= {"#", "d"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--week", "2026-07-01"], "there is no week of 2026-06-29. The weeks begin from 2026-01-05 to 2026-06-08."),
        (["--week", "may"], "the week may isn't a date. Name one of its days, such as 2026-05-11."),
        (
            ["--week", "2026-01-05", "--weeks", "4"],
            "the week 2026-01-05 isn't among the latest 4. Take more: --weeks 23.",
        ),
        (["--workflow", "failed_payments"], "there is no workflow failed_payments. Did you mean failed_payment"),
        (
            ["--out", "no/such/folder/page.html"],
            "no/such/folder/page.html can't be written (No such file or directory). Name another file: --out",
        ),
    ],
)
def test_what_cannot_be_shown_leaves_no_file(demo: Path, tmp_path: Path, arguments: list[str], says: str) -> None:
    out = tmp_path / "page.html"
    result = scorecard("--out", str(out), "--database", str(database(demo)), *arguments)
    assert (result.returncode, says in result.stderr) == (2, True), result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def hostile_page(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page whose every text from the data attacks it, of a database without the tables of cases and units."""
    folder = tmp_path_factory.mktemp("hostile")
    shutil.copy(database(demo), folder / database(demo).name)
    with duckdb.connect(str(folder / database(demo).name)) as connection:
        for (view,) in connection.sql("select view_name from duckdb_views() where schema_name = 'marts'").fetchall():
            connection.execute(f'drop view marts."{view}"')
        connection.execute("""
            insert into marts.rpt_kpi_restatement
            select kpi_id, week_start, workflow, value, '2026-06-01', value, '2026-06-02'
            from marts.rpt_kpi_weekly
            where cohort_dimension = 'all' and value > 0
            limit 50
        """)
        # All but those that come from a fixed list of ours.
        texts = connection.sql("""
            select table_name, column_name
            from duckdb_columns()
            where
                schema_name = 'marts' and data_type = 'VARCHAR'
                and column_name not in (
                    'kpi_id', 'tier', 'unit', 'direction', 'status', 'state', 'stage', 'cohort_dimension', 'dimension', 'verdict',
                    'progress', 'reporting_timezone', 'reporting_currency', 'project_version'
                )
        """).fetchall()
        for table, column in texts:
            keep = "('(all)', 'all')"
            connection.execute(
                f"update marts.{table} set {column} = {column} || $1 where {column} not in {keep}", [HOSTILE]
            )
    out = folder / "page.html"
    result = scorecard("--out", str(out), "--database", str(folder / database(demo).name))
    assert result.returncode == 0, result.stderr
    return out


def test_texts_of_the_data_stay_texts(hostile_page: Path) -> None:
    static = hostile_page.read_text(encoding="utf-8").partition("<main")[2].partition("</main>")[0]
    assert "<img" not in static and "<b> " not in static
    assert html.escape(HOSTILE, quote=True).replace("&#x27;", "&#39;") in static


# -- In a browser ------------------------------------------------------------------------------------------------------

in_a_browser = pytest.mark.skipif(CHROMIUM is None, reason="Chromium isn't installed (apt-get install chromium)")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def opened(browser: Any, page_file: Path) -> Iterator[Any]:
    """The demo's page, opened from its file; it may neither complain nor ask for anything else."""
    with watched(browser, page_file) as page:
        yield page


class watched:
    """A page in a context of its own, with what it complained of and asked for."""

    def __init__(self, browser: Any, file: Path, **context: Any) -> None:
        self.file, self.complaints, self.requests = file, [], []  # type: ignore[var-annotated]
        self.context = browser.new_context(**{"viewport": {"width": 1240, "height": 900}} | context)

    def __enter__(self) -> Any:
        page = self.context.new_page()
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: (self.complaints.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: self.requests.append(request.url))
        page.goto(self.file.as_uri())
        page.wait_for_function("globalThis.scorecard")
        return page

    def __exit__(self, *_: object) -> None:
        self.context.close()
        assert self.complaints == []
        assert [url for url in self.requests if not url.startswith("data:")] == [self.file.as_uri()]


@in_a_browser
@pytest.mark.parametrize(("count", "cohorts"), [(24, 12), pytest.param(None, 200, marks=pytest.mark.slow)])
def test_the_browser_draws_what_the_build_drew(
    opened: Any, renderer: Renderer, marts: duckdb.DuckDBPyConnection, count: int | None, cohorts: int
) -> None:
    for choice in [*sampled(views(marts), count), *cohort_views(marts, cohorts)]:
        assert opened.evaluate("choice => scorecard.render(scorecard.page, choice)", choice) == renderer.content(
            choice
        ), choice


@in_a_browser
@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_nobody_is_kept_out(browser: Any, page_file: Path, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
    with watched(browser, page_file, color_scheme=scheme) as page:
        for choice in (choice_of("2026-03-16"), choice_of("2026-03-16", dimension="segment", value="retail")):
            page.evaluate("choice => scorecard.show(choice)", choice)
            page.evaluate(
                "document.querySelectorAll('details').forEach((details, place) => { details.open = place % 10 === 0; })"
            )
            found = Axe().run(page, options=options).response["violations"]
            assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []


@in_a_browser
def test_nothing_is_wider_than_a_phone(browser: Any, page_file: Path) -> None:
    with watched(browser, page_file, viewport={"width": 360, "height": 740}) as page:
        for choice in (choice_of("2026-03-16"), choice_of("2026-03-16", dimension="segment", value="retail")):
            page.evaluate("choice => scorecard.show(choice)", choice)
            page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
            assert page.evaluate("document.documentElement.scrollWidth") == 360


@in_a_browser
def test_it_prints_on_five_pages(browser: Any, page_file: Path, tmp_path: Path) -> None:
    from pypdf import PdfReader

    with watched(browser, page_file) as page:
        for choice in (choice_of("2026-03-16"), choice_of("2026-03-16", "failed_payment", "rolling")):
            page.evaluate("choice => scorecard.show(choice)", choice)
            page.pdf(path=tmp_path / "page.pdf", prefer_css_page_size=True)
            assert len(PdfReader(tmp_path / "page.pdf").pages) <= 5


@in_a_browser
def test_it_works_by_keyboard_alone(opened: Any) -> None:
    heading = lambda: plain(opened.inner_text(".about"))  # noqa: E731
    focused = lambda: opened.evaluate("document.activeElement.name || document.activeElement.tagName")  # noqa: E731
    opened.keyboard.press("Tab")
    assert focused() == "older"
    opened.keyboard.press("Enter")
    assert heading().startswith("Week of 4 May 2026 · all workflows")
    opened.keyboard.press("Tab")
    assert focused() == "week"
    opened.keyboard.press("Tab")
    opened.keyboard.press("Tab")
    assert focused() == "workflow"
    opened.keyboard.press("ArrowDown")
    assert heading().startswith("Four weeks to 10 May 2026 · address update")
    opened.keyboard.press("Tab")
    assert focused() == "cohort"
    opened.keyboard.press("Tab")
    assert focused() == "span"
    opened.keyboard.press("ArrowLeft")
    assert heading().startswith("Week of 4 May 2026 · address update")
    for _ in range(60):
        opened.keyboard.press("Tab")
        if focused() == "SUMMARY":
            break
    opened.keyboard.press("Enter")
    assert opened.evaluate("document.activeElement.parentElement.open")


@in_a_browser
def test_hostile_texts_do_nothing_in_a_browser(browser: Any, hostile_page: Path) -> None:
    with watched(browser, hostile_page) as page:
        workflow, dimension, value = page.evaluate(
            "[scorecard.page.workflows[1].workflow, ...Object.entries(scorecard.page.cohorts)[0].flat().slice(0, 2)]"
        )
        assert workflow.endswith(HOSTILE) and value.endswith(HOSTILE)
        for choice in (choice_of("2026-03-16", workflow), choice_of("2026-03-16", "(all)", "week", dimension, value)):
            page.evaluate("choice => scorecard.show(choice)", choice)
            assert page.evaluate("document.querySelectorAll('main img, main script').length") == 0
            assert HOSTILE.replace("_", " ") in page.inner_text("main")


@in_a_browser
def test_without_scripts_it_is_complete(browser: Any, page_file: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(page_file.as_uri())
    assert page.locator("article.tile").count() == 40
    assert not page.locator("form").is_visible()
    context.close()
