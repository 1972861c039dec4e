"""Where personal columns are hashed or dropped, no clear text stands behind the raw tables; and an erased case is gone from the file.

docs/privacy.md says the same in words; its table and its commands are taken from there.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import stat
from pathlib import Path
from typing import Any

import duckdb
import pytest
from made_events import Events
from project import LOGGED, ROOT, SEEDS, WITHOUT_TESTS, build, database, dbt, query
from test_security import SECRETS, assert_no_secret

PAGE = (ROOT / "docs/privacy.md").read_text(encoding="utf-8")
PERSONAL = ["customer_ref", "actor_ref", "agent_ref", "uri"]
KEY = {"DBT_ENV_SECRET_PII_KEY": SECRETS["DBT_ENV_SECRET_PII_KEY"]}
OTHER_KEY = {"DBT_ENV_SECRET_PII_KEY": "another" * 5}
# In every personal column of the events below; one is not of ASCII alone.
ANN, BEN, ZOË = "ann-7f3a@example.org", "ben 91c2", "Zoë 55d0"
ERASED, KEPT = "case-to-erase-c0ffee", "case-to-keep"
VARIABLES = {"pii": "hashed", "events_path": "events", "reference_path": str(SEEDS), "as_of": "2026-06-01 00:00:00"}


def two_cases() -> Events:
    """A case of Ann's and one of Ben's, both with Zoë as agent; each personal column also in a row from before history."""
    events = Events()
    for case_id, person in ((ERASED, ANN), (KEPT, BEN)):
        for day in ("2026-03-02", "2001-03-02"):
            events.add("case_triggers", case_id, f"{day} 09:00", workflow="failed_payment", customer_ref=person)
            events.add("action_events", case_id, f"{day} 09:02", actor_ref=person)
            events.add("agent_touches", case_id, f"{day} 09:03", agent_ref=ZOË)
            events.add("evidence_items", case_id, f"{day} 09:04", uri=f"vault://{person}/passport")
    # Without a value there is nothing to shield: an empty text counts as null.
    events.add("action_events", KEPT, "2026-03-02 09:06", actor_ref="")
    events.add("agent_touches", KEPT, "2026-03-02 09:07", agent_ref="")
    return events


def hashed_with(key: dict[str, str], value: str) -> str:
    """What docs/privacy.md says that a hashed value is."""
    (text,) = key.values()
    inner = hashlib.sha256((text + value).encode()).hexdigest()
    return hashlib.sha256((text + inner).encode()).hexdigest()


def columns_with(folder: Path, *needles: str) -> set[str]:
    """The columns of a folder's database that hold a text in any row, as `schema.table.column`."""
    found = set()
    # One view counts the rows of the raw files, by the path that the build was given.
    with contextlib.chdir(folder), duckdb.connect(str(database(folder)), read_only=True) as connection:
        columns = connection.sql(
            "select table_schema, table_name, list(column_name) from information_schema.columns"
            " where data_type = 'VARCHAR' group by all"
        ).fetchall()
        for schema, table, names in columns:
            holds = (" or ".join(f"contains({name}, ?)" for _ in needles) for name in names)
            counts = ", ".join(f"count(*) filter (where {condition})" for condition in holds)
            row = connection.execute(f'select {counts} from {schema}."{table}"', [*needles] * len(names)).fetchone()
            found |= {f"{schema}.{table}.{name}" for name, count in zip(names, row, strict=True) if count}
    return found


def files_with(folder: Path, *needles: str) -> list[Path]:
    """The files of a folder, the events left out, that hold a text."""
    files = [path for path in folder.rglob("*") if path.is_file() and "events" not in path.relative_to(folder).parts]
    assert database(folder) in files
    return [path for path in files for needle in needles if needle.encode() in path.read_bytes()]


def test_the_page_lists_every_place(demo: Path) -> None:
    """In the demo, whose references are clear: each column that holds one, and no other; those of the marts, each by name."""
    rows = re.findall(r"^\| `(\w+)\.(\w+)` \| (.*?) \|", PAGE, re.MULTILINE)
    listed = {f"{schema}.{table}.{name}" for schema, table, names in rows for name in re.findall(r"`(\w+)`", names)}
    found = columns_with(demo, "cust-", "agent-", "vault://")
    assert {name for name in found if name.startswith("marts.")} == {n for n in listed if n.startswith("marts.")}
    steps = {name.split(".")[2] for name in found if not name.startswith("marts.")}
    assert steps == set(PERSONAL), found


@pytest.fixture(scope="module")
def hashed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a hashed build, made under the umask of `make build`."""
    folder = tmp_path_factory.mktemp("hashed")
    two_cases().write(folder / "events")
    before = os.umask(0o077)
    try:
        build(folder, VARIABLES, *WITHOUT_TESTS, environment=SECRETS | LOGGED)
    finally:
        os.umask(before)
    return folder


def quarantined(folder: Path, column: str) -> list[Any]:
    """What the quarantined rows from before history hold in a personal column, in order."""
    rows = query(
        folder, "select row_json from marts.rpt_quarantined_event where reason = 'before_history' order by event_id"
    )
    parsed = [json.loads(text) for (text,) in rows]
    return [row[column] for row in parsed if column in row]


def key_described(folder: Path) -> list[Any]:
    """What a change of the key is noticed by: it is compared like the value of a var."""
    return query(
        folder,
        "select content from history.build_inputs where name = 'pii (its key)' "
        "and build_number = (select max(build_number) from history.build_inputs where kind = 'var')",
    )


@pytest.mark.slow
def test_hashed_values_are_equal_under_one_key(hashed: Path) -> None:
    ann, ben, zoë = (hashed_with(KEY, person) for person in (ANN, BEN, ZOË))
    passports = [hashed_with(KEY, f"vault://{person}/passport") for person in (ANN, BEN)]
    customers = query(hashed, "select case_id, customer_ref from marts.fct_case_journey order by case_id")
    assert customers == [(ERASED, ann), (KEPT, ben)]
    actors = query(
        hashed,
        "select distinct actor from marts.fct_case_event where source_table in ('action_events', 'agent_touches')",
    )
    assert sorted(actors) == sorted([("customer",), (f"customer {ann}",), (f"customer {ben}",), (f"agent {zoë}",)])
    evidence = query(
        hashed, "select what from marts.fct_case_event where source_table = 'evidence_items' order by case_id"
    )
    assert evidence == [(f"valid consent evidence at {passport}",) for passport in passports]
    expected = {"customer_ref": [ann, ben], "actor_ref": [ann, ben], "agent_ref": [zoë, zoë], "uri": passports}
    assert {column: quarantined(hashed, column) for column in PERSONAL} == expected
    # An agent's touch needs an agent.
    (without,) = query(hashed, "select row_json from marts.rpt_quarantined_event where reason = 'invalid_value'")
    assert json.loads(without[0])["agent_ref"] is None


@pytest.mark.slow
def test_hashed_there_is_no_clear_text(hashed: Path) -> None:
    assert_no_secret(hashed)
    assert not columns_with(hashed, ANN, BEN, ZOË)
    assert not files_with(hashed, ANN, BEN, ZOË)
    modes = {stat.filemode(path.stat().st_mode) for path in [database(hashed), *(hashed / "logs").iterdir()]}
    assert modes == {"-rw-------"}


@pytest.mark.slow
def test_without_a_key_nothing_is_built(hashed: Path) -> None:
    result = dbt("build", folder=hashed, variables=VARIABLES, environment={"DBT_ENV_SECRET_PII_KEY": ""})
    assert result.returncode != 0 and "nothing was built" in result.stdout
    assert "pii is hashed, and the environment variable DBT_ENV_SECRET_PII_KEY gives no key" in result.stdout


@pytest.mark.slow
def test_a_line_that_cannot_be_read_is_not_shown(hashed: Path) -> None:
    """It stands far behind what DuckDB looks at first; from there on its own message quotes the line."""
    file = hashed / "events/evidence_items.csv"
    sound = file.read_text(encoding="utf-8")
    lines = sound.splitlines()
    file.write_text("\n".join([*lines, *[lines[-1]] * 30_000, f"e,c,{ANN}"]), encoding="utf-8")
    result = dbt("build", folder=hashed, variables=VARIABLES, environment=SECRETS | LOGGED)
    file.write_text(sound, encoding="utf-8")
    line = len(lines) + 30_001
    assert (
        f"evidence_items: its CSV file has 1 line(s) that can't be read, the first of them line {line}" in result.stdout
    )
    assert ANN not in result.stdout and not files_with(hashed, ANN)


@pytest.mark.slow
def test_an_erased_case_is_gone(hashed: Path) -> None:
    """Also from the bytes of the file, once it is written anew as the page says; what was published stays. The key is another by then."""
    assert key_described(hashed) == [(hashed_with(KEY, "closed_loop"),)]
    assert {name.split(".")[0] for name in columns_with(hashed, ERASED)} >= {"staging", "intermediate", "marts"}
    published = query(hashed, "from history.kpi_first_published order by all")
    assert published

    events = two_cases()
    for rows in events.tables.values():
        rows[:] = [row for row in rows if row["case_id"] != ERASED]
    events.write(hashed / "events")
    said = build(hashed, VARIABLES, *WITHOUT_TESTS, environment=OTHER_KEY)
    assert "Full rebuild: the var pii (its key) has changed." in said, said
    assert key_described(hashed) == [(hashed_with(OTHER_KEY, "closed_loop"),)]
    assert query(hashed, "select customer_ref from marts.fct_case_journey") == [(hashed_with(OTHER_KEY, BEN),)]

    commands = re.search(r"```sql\n\s*(attach .*?)```", PAGE, re.DOTALL)
    with contextlib.chdir(hashed), duckdb.connect() as connection:
        connection.execute(commands[1])
    (hashed / "rewritten.duckdb").replace(database(hashed))
    assert not columns_with(hashed, ERASED, hashed_with(KEY, ANN), hashed_with(OTHER_KEY, ANN))
    content = database(hashed).read_bytes()
    assert KEPT.encode() in content and ERASED.encode() not in content
    assert published == query(hashed, "from history.kpi_first_published order by all")
