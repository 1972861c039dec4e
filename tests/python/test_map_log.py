"""An event log becomes event tables by a mapping table (`python -m scripts.map_log`): rows worked out by hand, and what stops a run."""

from __future__ import annotations

import csv
import gzip
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from project import ROOT, WITHOUT_UNIT_TESTS, build, query
from typer.testing import CliRunner, Result

from scripts.check.look import look
from scripts.check.macros import Project
from scripts.export.place import swap
from scripts.map_log.__main__ import app
from scripts.map_log.log import Log, Reading, Times, read_log
from scripts.map_log.mapping import NotMapped, read_mapping
from scripts.map_log.tables import Maker

EXAMPLES = ROOT / "examples/event_logs"
LOG = """case,step,at,amount,channel,remark
A,Open,2026-01-05 09:00:00,100.50,,
A,Letter,2026-01-06 09:00:00,,post,
A,Letter,2026-01-09 09:00:00,,post,
A,Paid,2026-01-10 12:00:00,60,,
A,Paid,2026-01-11 12:00:00,40.5,,part two
B,Open,2026-07-05 09:00:00,7,,
B,Noise,2026-07-05 09:00:00,,,
"""
MAPPING = """activity,when,table,values,note
Open,,case_triggers,workflow=dunning; amount_due={amount},
Letter,,message_events,message_id=letter-{event_id}; channel={channel}; status=sent; is_fallback=false,
Paid,,payments,payment_id={event_id}; flow=automated; status=succeeded; amount={amount}; currency=EUR,
Noise,,-,,nobody needs it
"""
COLUMNS = ["--case", "case", "--activity", "step", "--time", "at", "--timezone", "Europe/Berlin"]
OPTIONS = [*COLUMNS, "--as-it-happened", "--format", "csv"]


def run(folder: Path, *options: str | Path, log: str | None = LOG, mapping: str = MAPPING) -> Result:
    """The command in a folder, which gets the log and the mapping; it writes into events/."""
    if log is not None:
        (folder / "log.csv").write_text(log, encoding="utf-8")
        options = (folder / "log.csv", *options)
    (folder / "mapping.csv").write_text(mapping, encoding="utf-8")
    given = [*options, "--mapping", folder / "mapping.csv", "--out", folder / "events"]
    return CliRunner().invoke(app, [str(option) for option in given])


def made(folder: Path, table: str, *columns: str) -> list[tuple[Any, ...]]:
    """Columns of an event table that was made as CSV, as texts, in the order of the file."""
    with (folder / "events" / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return [tuple(row[column] for column in columns) for row in csv.DictReader(file)]


def mapped(folder: Path, table: str, *columns: str, **given: Any) -> list[tuple[Any, ...]]:
    """Columns of an event table of a run that has to succeed."""
    result = run(folder, *given.pop("options", OPTIONS), **given)
    assert result.exit_code == 0, result.output
    return made(folder, table, *columns)


def refused(folder: Path, *options: str | Path, **given: Any) -> str:
    """What a run says that has to stop; it leaves nothing behind."""
    before = {path.name for path in folder.iterdir()} | {"log.csv", "mapping.csv"}
    result = run(folder, *options, **given)
    assert result.exit_code == 2, result.output
    assert {path.name for path in folder.iterdir()} <= before
    return result.output


def row(line: str) -> str:
    """The mapping with one more row."""
    return MAPPING + line + "\n"


# What a mapping can say


def test_an_event_becomes_the_rows_that_the_mapping_says(tmp_path: Path) -> None:
    mapping = MAPPING.replace("channel={channel}", "channel=letter")
    triggers = mapped(tmp_path, "case_triggers", "case_id", "occurred_at", "workflow", "amount_due", mapping=mapping)
    # Berlin is an hour ahead of UTC in January, two in July.
    assert triggers == [
        ("A", "2026-01-05 08:00:00", "dunning", "100.50"),
        ("B", "2026-07-05 07:00:00", "dunning", "7.00"),
    ]
    assert made(tmp_path, "payments", "payment_id", "amount", "currency") == [
        ("A-20260110T110000-001", "60.00", "EUR"),
        ("A-20260111T110000-001", "40.50", "EUR"),
    ]
    assert made(tmp_path, "message_events", "message_id", "status") == [
        ("letter-A-20260106T080000-001", "sent"),
        ("letter-A-20260109T080000-001", "sent"),
    ]
    assert sorted(path.name for path in (tmp_path / "events").iterdir()) == [
        "case_triggers.csv",
        "message_events.csv",
        "payments.csv",
    ]


def test_a_value_may_look_at_earlier_and_later_events_of_its_case(tmp_path: Path) -> None:
    values = (
        "message_id={max(event_id) filter (activity = 'Letter') over earlier}; action=pay; step=completed; actor=customer; "
        "error_reason={min(remark) over later}; actor_ref={count(*) filter (activity = 'Paid') over earlier + 1}"
    )
    mapping = row(f'Paid,,action_events,"{values}",').replace("{channel}", "letter")
    columns = ("message_id", "error_reason", "actor_ref")
    rows = mapped(tmp_path, "action_events", *columns, mapping=mapping)
    assert rows == [("A-20260109T080000-001", "part two", "1"), ("A-20260109T080000-001", "", "2")]
    # The order of the file decides nothing but ties.
    header, *lines = LOG.splitlines(keepends=True)
    backwards = "".join([header, *reversed(lines)])
    options = [*OPTIONS, "--overwrite"]
    assert mapped(tmp_path, "action_events", *columns, mapping=mapping, log=backwards, options=options) == rows


def test_ids_of_a_case_sort_by_time(tmp_path: Path) -> None:
    log = LOG.replace("2026-01-09 09:00:00,,post", "2026-01-06 09:00:00.5,,post")
    mapping = MAPPING.replace(
        "payment_id={event_id}", "payment_id={max(event_id) filter (activity = 'Letter') over earlier}"
    )
    rows = mapped(tmp_path, "payments", "payment_id", mapping=mapping.replace("{channel}", "letter"), log=log)
    assert rows[0] == ("A-20260106T080000.500000-001",)


def test_a_condition_chooses_events_and_the_others_are_counted(tmp_path: Path) -> None:
    mapping = MAPPING.replace("Paid,,", "Paid,count(*) filter (activity = 'Paid') over earlier = 0,").replace(
        "{channel}", "letter"
    )
    result = run(tmp_path, *OPTIONS, mapping=mapping)
    assert made(tmp_path, "payments", "amount") == [("60.00",)]
    assert "made nothing, because no row's condition holds: 1 of Paid" in result.output


def test_conditions_and_values_are_asked_of_their_own_events_only(tmp_path: Path) -> None:
    # `remark` is no number in another event, and `amount` is none in this one.
    mapping = MAPPING.replace("Open,,", "Open,cast(amount as double) > 10,").replace("{channel}", "letter")
    log = LOG.replace("A,Letter,2026-01-06 09:00:00,,", "A,Letter,2026-01-06 09:00:00,none,")
    assert mapped(tmp_path, "case_triggers", "case_id", mapping=mapping, log=log) == [("A",)]


def test_a_star_stands_for_any_text_of_an_activity(tmp_path: Path) -> None:
    log = "case,step,at\nA,Opened by X,2026-01-05 09:00\nA,Approved by X,2026-01-05 10:00\nA,Approved by Y,2026-01-05 11:00\n"
    mapping = (
        "activity,when,table,values\n*,count(*) over earlier = 0,case_triggers,workflow=w\n"
        "Approved by *,,exceptions,reason={activity}\nOpened by *,,-,\n"
    )
    assert mapped(tmp_path, "exceptions", "reason", log=log, mapping=mapping) == [
        ("Approved by X",),
        ("Approved by Y",),
    ]
    assert made(tmp_path, "case_triggers", "case_id", "occurred_at") == [("A", "2026-01-05 08:00:00")]


def test_braces_name_any_column_also_within_sql(tmp_path: Path) -> None:
    log = "case,step,at,case:Amount of it,semi;colon\nA,Open,2026-01-05 09:00,12,x\n"
    values = "workflow={'a;}b'}; amount_due={CASE:amount of it}; segment={upper({semi;colon})}"
    mapping = f'activity,table,values\nOpen,case_triggers,"{values}"\n'
    rows = mapped(tmp_path, "case_triggers", "workflow", "amount_due", "segment", log=log, mapping=mapping)
    assert rows == [("a;}b", "12.00", "X")]


def test_a_text_with_an_unknown_part_is_unknown(tmp_path: Path) -> None:
    mapping = MAPPING.replace("workflow=dunning", "workflow=dunning; product=p-{remark}").replace("{channel}", "letter")
    log = LOG.replace("100.50,,", '100.50,,""').replace(
        "B,Open,2026-07-05 09:00:00,7,,", "B,Open,2026-07-05 09:00:00,7,,x"
    )
    assert mapped(tmp_path, "case_triggers", "product", mapping=mapping, log=log) == [("",), ("p-x",)]


# When


def test_ids_stay_when_the_log_grows_and_follow_its_order_at_one_moment(tmp_path: Path) -> None:
    mapping = MAPPING.replace("{channel}", "letter").replace("Noise,,-,,", "Noise,,exceptions,reason=noise,")
    first = mapped(tmp_path, "payments", "event_id", mapping=mapping)
    assert made(tmp_path, "exceptions", "event_id") == [("B-20260705T070000-002",)]
    # An earlier event that was recorded late, and later ones.
    longer = LOG + "A,Letter,2026-01-05 10:00:00,,post,\nA,Paid,2026-02-01 12:00:00,1,,\n"
    again = mapped(tmp_path, "payments", "event_id", mapping=mapping, log=longer, options=[*OPTIONS, "--overwrite"])
    assert again == [*first, ("A-20260201T110000-001",)]


@pytest.mark.parametrize(
    ("options", "loaded", "ended"),
    [
        (["--as-it-happened"], "2026-01-05 11:00:00", "2026-01-05 08:00:00"),
        (["--exported-at", "2026-02-01 06:00"], "2026-02-01 05:00:00", "2026-02-01 05:00:00"),
        (["--exported-at", "2026-02-01T06:00:00Z"], "2026-02-01 06:00:00", "2026-02-01 06:00:00"),
        (["--loaded", "landed"], "2026-01-07 00:00:00", "2026-01-07 00:00:00"),
    ],
)
def test_rows_landed_when_the_options_say(tmp_path: Path, options: list[str], loaded: str, ended: str) -> None:
    log = (
        "case,step,at,until,landed\nA,Open,2026-01-05 09:00,,2026-01-07 01:00\n"
        "A,Call,2026-01-05 09:00,2026-01-05 12:00,2026-01-07 01:00\n"
    )
    mapping = (
        "activity,table,values\nOpen,case_triggers,workflow=w\n"
        "Call,agent_touches,agent_ref=a; outcome=resolved; ended_at={until}\n"
    )
    rows = mapped(
        tmp_path,
        "agent_touches",
        "occurred_at",
        "ended_at",
        "loaded_at",
        log=log,
        mapping=mapping,
        options=[*COLUMNS, "--format", "csv", *options],
    )
    # A call that ends later than it begins has landed when it has ended, or a build would take it for one from the future.
    assert rows == [("2026-01-05 08:00:00", "2026-01-05 11:00:00", loaded)]
    assert made(tmp_path, "case_triggers", "loaded_at") == [(ended,)]


def test_local_times_follow_the_clocks(tmp_path: Path) -> None:
    times = {
        "2026-03-29 01:59:59": "2026-03-29 00:59:59",
        # There was no such time: as if the clocks had not changed yet.
        "2026-03-29 02:30:00": "2026-03-29 01:30:00",
        "2026-03-29 03:00:00": "2026-03-29 01:00:00",
        # It came twice; this is the first.
        "2026-10-25 02:30:00": "2026-10-25 00:30:00",
        "2026-10-25 03:00:00": "2026-10-25 02:00:00",
        "2026-10-25T02:30:00+01:00": "2026-10-25 01:30:00",
        "2026-10-25 02:30:00Z": "2026-10-25 02:30:00",
        "2026-01-05": "2026-01-04 23:00:00",
    }
    log = "case,step,at\n" + "".join(f"{time},Open,{time}\n" for time in times)
    mapping = "activity,table,values\nOpen,case_triggers,workflow=w\n"
    result = run(tmp_path, *OPTIONS, log=log, mapping=mapping)
    assert dict(made(tmp_path, "case_triggers", "case_id", "occurred_at")) == times
    assert "Times in an hour that comes twice in Europe/Berlin: 1." in result.output
    assert "Times that don't exist in Europe/Berlin, because the clocks went forward: 1." in result.output


def test_times_are_read_as_their_format_says(tmp_path: Path) -> None:
    log = "case;step;at;pay by\nA;Open;05.01.2026 09:00;31.01.2026 00:00\n"
    mapping = "activity,table,values\nOpen,case_triggers,workflow=w; due_at={pay by}\n"
    options = [*OPTIONS, "--time-format", "%d.%m.%Y %H:%M"]
    rows = mapped(tmp_path, "case_triggers", "occurred_at", "due_at", log=log, mapping=mapping, options=options)
    assert rows == [("2026-01-05 08:00:00", "2026-01-30 23:00:00")]


# What a log may be


def test_missing_keys_and_times_are_left_for_the_build_to_judge(tmp_path: Path) -> None:
    log = LOG + ",Paid,2026-01-12 12:00:00,5,,\nB,Paid,,6,,\n"
    rows = mapped(
        tmp_path,
        "payments",
        "case_id",
        "occurred_at",
        "amount",
        log=log,
        mapping=MAPPING.replace("{channel}", "letter"),
    )
    assert rows[2:] == [("", "2026-01-12 11:00:00", "5.00"), ("B", "", "6.00")]


# An empty text is unknown in any form.
ANY_FORM = MAPPING.replace("{channel}", "letter").replace("workflow=dunning", "workflow=dunning; product=p-{remark}")


@pytest.fixture(scope="module")
def in_csv(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """The files that a log of CSV becomes."""
    folder = tmp_path_factory.mktemp("csv")
    assert run(folder, *OPTIONS, mapping=ANY_FORM).exit_code == 0
    return folder, {path.name: path.read_text() for path in (folder / "events").iterdir()}


@pytest.mark.parametrize("kind", ["semicolons.csv.gz", "log.parquet", "log.xes.gz"])
def test_the_form_of_a_log_makes_no_difference(tmp_path: Path, in_csv: tuple[Path, dict[str, str]], kind: str) -> None:
    folder, expected = in_csv
    # Brackets and stars are no patterns.
    (tmp_path / "[a]*").mkdir()
    file = tmp_path / "[a]*" / kind
    options = OPTIONS
    if kind == "semicolons.csv.gz":
        file.write_bytes(gzip.compress(LOG.replace(",", ";").encode()))
    elif kind == "log.parquet":
        typed = 'cast("at" as timestamp) as "at", amount::double as amount, coalesce(remark, \'\') as remark'
        texts = f"read_csv('{folder / 'log.csv'}', all_varchar = true)"
        duckdb.sql(f"copy (select * replace ({typed}) from {texts}) to '{file}'")
    else:
        with gzip.open(file, "wt", encoding="utf-8") as out:
            out.write("".join(as_xes(list(csv.DictReader(LOG.splitlines())))))
        # XES names its columns itself, and its times have offsets.
        options = ["--as-it-happened", "--format", "csv"]
    result = run(tmp_path, file, *options, log=None, mapping=ANY_FORM)
    assert result.exit_code == 0, result.output
    assert {path.name: path.read_text() for path in (tmp_path / "events").iterdir()} == expected


def as_xes(rows: list[dict[str, str]]) -> Iterator[str]:
    """The log as XES, with a prefix for its namespace, attributes in attributes, and one case's attributes behind its events."""
    yield '<?xml version="1.0"?><x:log xmlns:x="http://www.xes-standard.org/"><x:global scope="event">'
    yield '<x:string key="amount" value="999"/></x:global>'
    for case in ("A", "B"):
        name = f'<x:string key="concept:name" value="{case}"><x:string key="amount" value="1"/></x:string>'
        yield "<x:trace>" + (name if case == "A" else "")
        for event in (row for row in rows if row["case"] == case):
            offset = "+01:00" if "-01-" in event["at"] else "+02:00"
            amount = f'<x:float key="amount" value="{event["amount"]}"/>' if event["amount"] else ""
            yield f'<x:event><x:string key="concept:name" value="{event["step"]}"/>{amount}'
            yield f'<x:string key="remark" value="{event["remark"]}"/>'
            yield f'<x:date key="time:timestamp" value="{event["at"].replace(" ", "T")}.000{offset}"/></x:event>'
        yield (name if case == "B" else "") + "</x:trace>"
    yield "</x:log>"


def test_attributes_in_attributes_and_of_cases_are_columns(tmp_path: Path) -> None:
    (tmp_path / "log.xes").write_text("".join(as_xes(list(csv.DictReader(LOG.splitlines())))))
    mapping = MAPPING.replace("{channel}", "letter").replace("{amount}", "{case:concept:name:amount}", 1)
    options = [tmp_path / "log.xes", "--as-it-happened", "--format", "csv"]
    assert mapped(tmp_path, "case_triggers", "amount_due", options=options, log=None, mapping=mapping) == [
        ("1.00",),
        ("1.00",),
    ]


def test_overlapping_exports_count_once(tmp_path: Path) -> None:
    lines = LOG.splitlines(keepends=True)
    # Twice in its own export, word for word, is two events.
    parts = ["".join([*lines[:5], lines[4]]), "".join([lines[0], *lines[4:]])]
    for number, part in enumerate(parts):
        (tmp_path / f"part{number}.csv").write_text(part)
    files = [tmp_path / "part0.csv", tmp_path / "part1.csv"]
    result = run(tmp_path, *files, *OPTIONS, log=None, mapping=MAPPING.replace("{channel}", "letter"))
    assert result.exit_code == 0, result.output
    assert made(tmp_path, "payments", "event_id", "amount") == [
        ("A-20260110T110000-001", "60.00"),
        ("A-20260110T110000-002", "60.00"),
        ("A-20260111T110000-001", "40.50"),
    ]
    assert "Rows that are in two files, word for word: 1." in result.output
    assert "Rows that repeat another row of their file, word for word: 1." in result.output


def test_a_row_that_differs_in_another_export_is_counted(tmp_path: Path) -> None:
    (tmp_path / "older.csv").write_text("".join(LOG.splitlines(keepends=True)[:6]))
    # The newer export has a column more. One event is the same word for word, three are not, and one is new.
    (tmp_path / "newer.csv").write_text(
        "case,step,at,amount,channel,remark,clerk\n"
        "A,Letter,2026-01-06 09:00:00,,post,,\n"
        "A,Letter,2026-01-09 09:00:00,,post,,Kim\n"
        "A,Paid,2026-01-10 12:00:00,60,,corrected,\n"
        "A,Paid,2026-01-11 12:00:00,40.5,,part two,Kim\n"
        "A,Paid,2026-01-12 12:00:00,1,,,\n"
    )
    files = [tmp_path / "older.csv", tmp_path / "newer.csv"]
    mapping = MAPPING.replace("{channel}", "letter").replace("Noise,,-,,nobody needs it\n", "")
    result = run(tmp_path, *files, *OPTIONS, log=None, mapping=mapping)
    assert "Rows that are in two files, word for word: 1." in result.output
    assert (
        "Events that an earlier file has with the same case, activity and time, but other attributes: 3. Each counts."
        in result.output
    )


def test_a_row_that_comes_more_often_in_another_export_does_not_differ(tmp_path: Path) -> None:
    (tmp_path / "older.csv").write_text(LOG)
    (tmp_path / "newer.csv").write_text(LOG + LOG.splitlines(keepends=True)[4])
    files = [tmp_path / "older.csv", tmp_path / "newer.csv"]
    result = run(tmp_path, *files, *OPTIONS, log=None, mapping=MAPPING.replace("{channel}", "letter"))
    assert "Rows that are in two files, word for word: 7." in result.output
    assert "other attributes" not in result.output


@pytest.mark.parametrize("kind", ["csv", "parquet", "xes"])
def test_a_folder_named_like_a_partition_changes_nothing(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "case=99" / "amount=1"
    folder.mkdir(parents=True)
    (folder / "log.csv").write_text(LOG)
    if kind == "parquet":
        texts = f"read_csv('{folder / 'log.csv'}', all_varchar = true, hive_partitioning = false)"
        duckdb.sql(f"copy (from {texts}) to '{folder / 'log.parquet'}'")
    (folder / "log.xes").write_text("".join(as_xes(list(csv.DictReader(LOG.splitlines())))))
    options = OPTIONS if kind != "xes" else ["--as-it-happened", "--format", "csv"]
    mapping = MAPPING.replace("{channel}", "letter")
    result = run(folder, folder / f"log.{kind}", *options, log=None, mapping=mapping)
    assert result.exit_code == 0, result.output
    assert made(folder, "case_triggers", "case_id", "amount_due") == [("A", "100.50"), ("B", "7.00")]


@pytest.mark.parametrize("values", ["reason=x; event_id={case_id}", "reason={unnest(['x', 'y'])}"])
def test_rows_with_one_id_are_counted(tmp_path: Path, values: str) -> None:
    # Two payments of one case, or two rows of each of two payments.
    mapping = row(f'Paid,,exceptions,"{values}",').replace("{channel}", "letter")
    result = run(tmp_path, *OPTIONS, mapping=mapping)
    rows = 2 if "unnest" in values else 1
    assert f"Rows of exceptions with the id of another row: {rows}. A build takes one of each." in result.output


def test_one_event_is_one_event(tmp_path: Path) -> None:
    mapping = "activity,table,values\nOpen,case_triggers,workflow=w\n"
    assert (
        "1 event became these rows in"
        in run(tmp_path, *OPTIONS, log="case,step,at\nA,Open,2026-01-05\n", mapping=mapping).output
    )


def test_the_next_command_takes_any_path(tmp_path: Path) -> None:
    folder = tmp_path / "it's $HOME; a b"
    folder.mkdir()
    said = run(folder, *OPTIONS, mapping=MAPPING.replace("{channel}", "letter")).output
    (tmp_path / "Makefile").write_text("check:\n\t@printf '%s|' $(CHECK)\n")
    command = said.rpartition("Look at them next: ")[2].strip()
    # Not as a part of the make that runs the tests.
    alone = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    shown = subprocess.run(["sh", "-c", command], cwd=tmp_path, env=alone, capture_output=True, text=True, check=True)
    assert shown.stdout == f"{folder / 'events'}|"


# What stops a run


def test_an_activity_that_the_mapping_does_not_name_stops_with_its_count(tmp_path: Path) -> None:
    said = refused(tmp_path, *OPTIONS, log=LOG + "B,Piad,2026-07-06 09:00:00,,,\n,,2026-07-06 09:00:00,,,\n")
    assert "Piad: 1 event. Did you mean Paid?" in said
    assert "(empty): 1 event." in said


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ("", "is empty. It begins with the header activity,when,table,values."),
        ("activity,tabel,values\n", "it has no column table."),
        ("activity,tabel,values\n", "it has a column tabel. Did you mean table?"),
        (row("Paid,,payment,,"), "row 6: there is no table payment. Did you mean payments?"),
        (row("Paid,,payments,amout=1,"), "row 6, values: payments has no column amout. Did you mean amount?"),
        (row("Paid,,payments,amount,"), "row 6, values: amount is no column=value."),
        (row("Paid,,payments,amount=1; amount=2,"), "row 6, values: amount is given twice."),
        (row("Paid,,payments,amount={amount,"), "row 6, values: a brace or a quote in braces isn't closed"),
        (
            row("Paid,,payments,amount={if(a, b)},"),
            "row 6 has 6 cells instead of 5. A cell with a comma stands in double quotes.",
        ),
        (row("Noise,,-,reason=x,"), "row 6 ignores an activity, which takes no when, no values and no activity *."),
        (
            MAPPING.replace("case_triggers,workflow=dunning; amount_due={amount}", "exceptions,reason=x"),
            "no row makes case_triggers",
        ),
        (
            row("Noise,,exceptions,reason=x,"),
            "row 5 (Noise → -) and row 6 (Noise → exceptions): Noise is both ignored and mapped.",
        ),
        (
            row("Paid,,exceptions,reason={ammount},"),
            "row 6 (Paid → exceptions), reason: the log has no column ammount. Did you mean amount?",
        ),
        (
            row("Paid,,exceptions,reason={case_ id},"),
            'syntax error at or near "id" Did you mean case_id?',
        ),
        (
            row("Paid,,exceptions,reason={a b c},"),
            'row 6 (Paid → exceptions), reason: Parser Error: syntax error at or near "b"',
        ),
        (
            row("Paid,,exceptions,reason={sum(amount::int)},"),
            "reason: what sums up over events needs `over earlier` or `over later`.",
        ),
        (row('Paid,,exceptions,"reason={1, 2}",'), "reason: {1, 2} is more than one value"),
        (
            row("Paid,amount,exceptions,reason=x,"),
            "row 6 (Paid → exceptions), when: amount is no condition, but of type varchar.",
        ),
        (
            row("Paid,,exceptions,has_context=true,"),
            "row 6 (Paid → exceptions) gives no reason, which may not be null.",
        ),
        (row("Paid,,exceptions,reason=x; has_context=perhaps,"), "has_context: perhaps is no boolean."),
        (
            row("Paid,,exceptions,reason=x; has_context=remark,"),
            "remark is no boolean. For the log's column write {remark}.",
        ),
        (row("Paid,,case_closures,kind=close; actor=agent,"), "kind: close is not allowed. Did you mean closed?"),
        (
            row("Paid,,case_closures,kind=closed; actor=agent; occurred_at={1 + 1},"),
            "occurred_at: {1 + 1} is of type integer, which is no time.",
        ),
        (
            row("Open,,case_triggers,workflow=w; amount_due={step},"),
            "row 6 (Open → case_triggers), amount_due: log.csv, row 2: Open is no money",
        ),
        (
            row("Open,,case_triggers,workflow=w; amount_due=0.1{amount},"),
            "amount_due: log.csv, row 2: 0.1100.50 is no money",
        ),
        (
            row("Open,,case_triggers,workflow=w; due_at={step},"),
            "due_at: log.csv, row 2: Open is no time as ISO 8601 has it",
        ),
        (
            row("Open,,case_triggers,workflow={cast(step as integer)},"),
            "row 6 (Open → case_triggers), workflow: Conversion Error",
        ),
        (
            row("Open,cast(step as boolean),case_triggers,workflow=w,"),
            "row 6 (Open → case_triggers), when: Conversion Error",
        ),
        (
            row("Open,,case_triggers,workflow=w,"),
            "make more than one row of case_triggers of the same event, such as A-20260105T080000-001.",
        ),
        (
            row("Open,,case_triggers,workflow=w; event_id={event_id},"),
            "row 2 (Open → case_triggers) and row 6 (Open → case_triggers) make more than one row of case_triggers of the same event",
        ),
        (
            MAPPING.replace("Open,,", "Open,amount is null,"),
            "no case is opened: row 2 (Open → case_triggers) of the mapping made nothing",
        ),
    ],
)
def test_a_mapping_that_is_wrong_is_refused_by_row_and_column(
    read: tuple[Project, Times, Log], tmp_path: Path, mapping: str, message: str
) -> None:
    project, times, log = read
    (tmp_path / "mapping.csv").write_text(mapping.replace("{channel}", "letter"), encoding="utf-8")
    with pytest.raises(NotMapped) as error:
        rows = read_mapping(tmp_path / "mapping.csv", project.call("event_contract"))
        Maker(project, times, log, rows, landed=None).make()
    assert message in str(error.value)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Project, Times, Log]]:
    """The log, read once."""
    folder = tmp_path_factory.mktemp("read")
    (folder / "log.csv").write_text(LOG, encoding="utf-8")
    reading = Reading("case", "step", "at", "Europe/Berlin")
    with duckdb.connect() as connection:
        project = Project(connection, {})
        yield project, Times(project, reading), read_log(project, [folder / "log.csv"], reading, folder)


@pytest.fixture
def read(whole: tuple[Project, Times, Log]) -> Iterator[tuple[Project, Times, Log]]:
    """The log, and nothing made of it yet."""
    yield whole
    connection = whole[0].connection
    for (name,) in connection.execute(
        "select table_name from duckdb_tables() where table_name like 'made_%'"
    ).fetchall():
        connection.execute(f"drop table {name}")


@pytest.mark.parametrize(
    ("log", "options", "message"),
    [
        (LOG, OPTIONS[2:], "the log has no column case:concept:name. Name the column of the case with --case."),
        (LOG, ["--case", "caes", *OPTIONS[2:]], "the log has no column caes. Did you mean case?"),
        (LOG, [*COLUMNS, "--loaded", "landed"], "the log has no column landed."),
        (LOG, COLUMNS, "nothing says when rows landed"),
        (LOG, [*OPTIONS, "--exported-at", "2026-08-01"], "more than one option says when rows landed"),
        (LOG, [*COLUMNS, "--exported-at", "soon"], "--exported-at: soon is no time as ISO 8601 has it"),
        (LOG.partition("\n")[0] + "\n", OPTIONS, "there is no event in"),
        (
            LOG.replace("2026-01-06 09:00:00", "6 Jan"),
            OPTIONS,
            "log.csv, row 3, at: 6 Jan is no time as ISO 8601 has it",
        ),
        (
            LOG.replace("-0", "/0"),
            OPTIONS,
            "is no time as ISO 8601 has it; say how it is written with --time-format. Further rows like it: 6.",
        ),
        (LOG, [*OPTIONS, "--time-format", "%d.%m.%Y"], "row 2, at: 2026-01-05 09:00:00 is no time as %d.%m.%Y has it"),
        (
            LOG,
            [*OPTIONS, "--time-format", "%Y-%m-%d %H:%M:%S %Z"],
            "--time-format has %Z, but names of time zones are ambiguous.",
        ),
        (LOG, [*OPTIONS[:6], *OPTIONS[8:]], "row 2, at: 2026-01-05 09:00:00 has no time zone; name it with --timezone"),
        (
            LOG,
            [*OPTIONS, "--timezone", "Europe/Belrin"],
            "there is no time zone Europe/Belrin. Did you mean Europe/Berlin?",
        ),
        (LOG + "too,few\n", OPTIONS, "log.csv can't be read: Invalid Input Error: CSV Error on Line: 9"),
    ],
)
def test_a_log_that_cannot_be_read_is_refused(tmp_path: Path, log: str, options: list[str], message: str) -> None:
    assert message in refused(tmp_path, *options, log=log, mapping=MAPPING.replace("{channel}", "letter"))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "log.xes",
            '<!DOCTYPE log [<!ENTITY a "aaaa">]><log>&a;</log>',
            "it declares a document type, which XES doesn't have.",
        ),
        ("log.xes", "<log><trace>", "it isn't valid XML: no element found"),
        ("log.xes", "<log/>", "it has no trace with events."),
        ("log.xes", "<log><event/><trace/></log>", "it has an event outside a trace, which belongs to no case."),
        ("log.xes", "<log><trace/><event/></log>", "it has an event outside a trace, which belongs to no case."),
        ("log.xes", '<?xml version="1.0" encoding="nowhere"?><log/>', "it isn't valid XML: unknown encoding"),
        ("log.xes", '<?xml version="1.0" encoding="gbk"?><log/>', "it isn't valid XML: multi-byte encodings"),
        ("log.csv", "", "it has no header in its first line."),
        ("log.csv", "\n" + LOG, "it has no header in its first line."),
        ("log.csv.gz", LOG, "log.csv.gz can't be read"),
        ("log.xes.gz", "<log/>", "log.xes.gz can't be read: Not a gzipped file"),
        ("log.xlsx", LOG, "log.xlsx is neither .csv, .csv.gz, .parquet, .xes nor .xes.gz."),
    ],
)
def test_a_file_that_is_no_log_is_refused(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text)
    assert message in refused(tmp_path, tmp_path / name, *OPTIONS, log=None)


@pytest.mark.parametrize("name", ["log.csv.gz", "log.xes.gz"])
def test_a_packed_log_that_is_damaged_is_refused(tmp_path: Path, name: str) -> None:
    """Wherever: in what says how it is packed, in what is packed, and in its checksum."""
    file = tmp_path / name
    packed = gzip.compress(LOG.encode() if ".csv" in name else b"<log><trace><event/></trace></log>", mtime=0)
    for place in (0, *range(10, len(packed), 7), len(packed) - 5):
        damaged = bytearray(packed)
        damaged[place] ^= 16
        file.write_bytes(damaged)
        assert f"{name} can't be read: " in refused(tmp_path, file, *OPTIONS, log=None), place
    file.write_bytes(packed[:-9])
    assert f"{name} can't be read: " in refused(tmp_path, file, *OPTIONS, log=None)


def test_what_is_in_the_way_is_replaced_only_when_asked_and_kept_when_a_run_fails(tmp_path: Path) -> None:
    mapping = MAPPING.replace("{channel}", "letter")
    first = mapped(tmp_path, "payments", "amount", mapping=mapping)
    assert "holds event tables. Replace them all with --overwrite" in refused(tmp_path, *OPTIONS, mapping=mapping)
    assert "Did you mean Paid?" in refused(
        tmp_path,
        *OPTIONS,
        "--overwrite",
        log=LOG.replace("40.5,,", "40.5,,").replace("A,Paid", "A,Piad", 1),
        mapping=mapping,
    )
    assert made(tmp_path, "payments", "amount") == first
    (tmp_path / "events/notes.txt").write_text("mine")
    assert "holds notes.txt, which is no event table." in refused(tmp_path, *OPTIONS, "--overwrite", mapping=mapping)
    (tmp_path / "events/notes.txt").unlink()
    (tmp_path / "events/evidence_items.csv").write_text("of an earlier run")
    mapped(tmp_path, "payments", "amount", mapping=mapping, options=[*OPTIONS, "--overwrite"])
    assert not (tmp_path / "events/evidence_items.csv").exists()


# DuckDB raises an error of its own where Ctrl-C comes within a query.
@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("Query interrupted")])
def test_an_interrupted_run_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    mapping = MAPPING.replace("{channel}", "letter")
    first = mapped(tmp_path, "payments", "amount", mapping=mapping)

    def interrupted(*_: Any) -> None:
        raise error

    monkeypatch.setattr(Maker, "write", interrupted)
    assert refused(tmp_path, *OPTIONS, "--overwrite", mapping=mapping) == "Nothing was mapped: it was interrupted.\n"
    assert made(tmp_path, "payments", "amount") == first


# The steps of swap(), and what is in the place when Ctrl-C comes behind each.
@pytest.mark.parametrize(("step", "kept"), [(1, "old"), (2, "new")])
def test_an_interrupt_between_renames_leaves_a_whole_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int, kept: str
) -> None:
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "content").write_text(name)
    rename, done = Path.rename, []

    def interrupted(path: Path, target: Path) -> Path:
        done.append(rename(path, target))
        if len(done) == step:
            raise KeyboardInterrupt
        return done[-1]

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        swap(tmp_path / "new", tmp_path / "old", tmp_path / "before")
    assert (tmp_path / "old/content").read_text() == kept


# The examples


def example(folder: Path, name: str, log: str, *options: str) -> Result:
    """The run of an example, into events/ of a folder."""
    given = [EXAMPLES / name / log, "--mapping", EXAMPLES / name / "mapping.csv", "--out", folder / "events", *options]
    result = CliRunner().invoke(app, [str(option) for option in given])
    assert result.exit_code == 0, result.output
    return result


def test_expense_declarations(tmp_path: Path) -> None:
    example(tmp_path, "expenses", "expenses.xes", "--as-it-happened", "--format", "csv")
    # Whichever activity a declaration begins with.
    assert len(made(tmp_path, "case_triggers", "case_id")) == 6
    assert made(tmp_path, "case_triggers", "case_id", "amount_due")[-2] == ("declaration 105", "310.00")
    # 102 is rejected, withdrawn, and handed in again; 103 and 104 end so.
    assert sorted(made(tmp_path, "case_closures", "case_id", "kind", "reason", "actor")) == [
        ("declaration 102", "closed", "rejected", "agent"),
        ("declaration 102", "closed", "withdrawn", "customer"),
        ("declaration 102", "reopened", "", "customer"),
        ("declaration 103", "closed", "rejected", "agent"),
        ("declaration 104", "closed", "rejected", "agent"),
        ("declaration 104", "closed", "withdrawn", "customer"),
    ]
    assert made(tmp_path, "writeback_attempts", "idempotency_key", "attempt_number") == [
        ("payment-declaration 101", "1"),
        ("payment-declaration 105", "1"),
        ("payment-declaration 102", "1"),
        ("payment-declaration 105", "2"),
    ]
    outcomes = made(tmp_path, "agent_touches", "outcome")
    assert sorted(map(outcomes.count, {("transferred",), ("resolved",), ("returned",)})) == [3, 3, 4]
    # Nobody knows how long a touch took, or when it ended: no column says 0.
    (header,) = (tmp_path / "events/agent_touches.csv").read_text().splitlines()[:1]
    assert header == "event_id,case_id,occurred_at,loaded_at,agent_ref,outcome"


def test_incidents_of_a_service_desk(tmp_path: Path) -> None:
    columns = ["--case", "Incident ID", "--activity", "IncidentActivity_Type", "--time", "DateStamp"]
    times = ["--time-format", "%d-%m-%Y %H:%M:%S", "--timezone", "Europe/Amsterdam"]
    example(tmp_path, "service_desk", "service_desk.csv", *columns, *times, "--as-it-happened", "--format", "csv")
    # 17:00 in Amsterdam.
    assert made(tmp_path, "case_triggers", "case_id", "due_at") == [
        ("IM1", "2026-01-09 16:00:00"),
        ("IM2", "2026-01-08 16:00:00"),
        ("IM3", ""),
        ("IM4", "2026-01-12 11:00:00"),
    ]
    # IM2 is closed, reopened and closed again: one record, undone in between.
    assert made(tmp_path, "writeback_attempts", "idempotency_key") == [("close-IM1",), ("close-IM2",)]
    assert made(tmp_path, "writeback_acks", "idempotency_key", "occurred_at", "outcome") == [
        ("close-IM1", "2026-01-07 08:02:40", "persisted"),
        ("close-IM2", "2026-01-08 11:00:00", "persisted"),
        ("close-IM2", "2026-01-09 07:30:00", "reversed"),
        ("close-IM2", "2026-01-12 15:00:00", "persisted"),
    ]
    # IM3 was withdrawn: closed, and nothing was written for it.
    assert made(tmp_path, "case_closures", "case_id", "kind", "reason") == [
        ("IM3", "closed", "withdrawn"),
        ("IM2", "reopened", ""),
    ]
    # Opened and assigned at 10:00, in this order; every touch of IM2 is one of that assignment.
    assert ("IM2-20260107T090000-002", "Payroll") in made(tmp_path, "exceptions", "event_id", "reason")
    touches = made(tmp_path, "agent_touches", "case_id", "exception_id", "outcome", "handoffs")
    assert [touch[1:] for touch in touches if touch[0] == "IM2"] == [
        ("IM2-20260107T090000-002", "transferred", "1"),
        ("IM2-20260107T090000-002", "resolved", ""),
        ("IM2-20260107T090000-002", "transferred", "1"),
        ("IM2-20260107T090000-002", "resolved", ""),
    ]
    assert ("IM3", "", "resolved", "") in touches


ROAD_FINES = """case:concept:name,concept:name,time:timestamp,vehicleClass,article,points,amount,dismissal,expense,paymentAmount
A1,Create Fine,2006-07-24T00:00:00+02:00,A,157.0,0,35.0,NIL,,
A1,Send Fine,2006-12-05T00:00:00+01:00,,,,,,11.0,
A1,Payment,2006-12-06T00:00:00+01:00,,,,,,,10
A1,Insert Fine Notification,2007-01-15T00:00:00+01:00,,,,,,,
A1,Add penalty,2007-03-16T00:00:00+01:00,,,,71.5,,,
A1,Payment,2007-03-16T00:00:00+01:00,,,,,,,61.50
A2,Create Fine,2006-08-02T00:00:00+02:00,A,7,2,35.0,NIL,,
A2,Insert Date Appeal to Prefecture,2006-09-05T00:00:00+02:00,,,,,,,
A2,Receive Result Appeal from Prefecture,2006-10-05T00:00:00+02:00,,,,,#,,
"""


def test_road_fines(tmp_path: Path) -> None:
    mapping = (ROOT / "examples/road_fines/mapping.csv").read_text(encoding="utf-8")
    options = ["--as-it-happened", "--format", "csv"]
    triggers = mapped(
        tmp_path, "case_triggers", "case_id", "product", "amount_due", mapping=mapping, log=ROAD_FINES, options=options
    )
    assert triggers == [("A1", "157", "35.00"), ("A2", "7", "35.00")]
    letter = "A1-20061204T230000-001"
    assert made(tmp_path, "message_events", "message_id", "status") == [(letter, "sent"), (letter, "delivered")]
    # A payment answers the letter that had been delivered before.
    assert made(tmp_path, "action_events", "message_id") == [("",), (letter,)]
    assert made(tmp_path, "payments", "event_id", "amount") == [
        ("A1-20061205T230000-001", "10.00"),
        ("A1-20070315T230000-002", "61.50"),
    ]
    assert made(tmp_path, "writeback_acks", "idempotency_key")[1] == ("payment-A1-20070315T230000-002",)
    assert made(tmp_path, "case_closures", "case_id", "reason") == [("A2", "cancelled")]
    assert made(tmp_path, "agent_touches", "exception_id", "agent_ref") == [("A2-20060904T220000-001", "prefecture")]


def test_the_dunning_export_is_the_one_that_its_maker_makes(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-c", "import make_log, sys; sys.stdout.buffer.write(make_log.make())"],
        cwd=EXAMPLES / "dunning",
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        check=True,
    )
    assert gzip.decompress((EXAMPLES / "dunning/dunning.csv.gz").read_bytes()) == result.stdout
    assert (EXAMPLES / "dunning/dunning.csv.gz").stat().st_size < 300_000


DUNNING = [
    *["--case", "Dunning case", "--activity", "Step", "--time", "Booked at", "--time-format", "%d.%m.%Y %H:%M:%S"],
    *["--timezone", "Europe/Berlin", "--exported-at", "2026-03-02 06:00"],
]
DUNNING_VARS = {"reporting_timezone": "Europe/Berlin", "reporting_currency": "EUR"}


@pytest.fixture(scope="module")
def dunning(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The events of the dunning export, and what its run said."""
    folder = tmp_path_factory.mktemp("dunning")
    return folder, example(folder, "dunning", "dunning.csv.gz", *DUNNING).output


def test_the_dunning_export_is_mapped_with_all_that_is_wrong_with_it(dunning: tuple[Path, str]) -> None:
    _, said = dunning
    # 1,000 cases, four of which were opened before the export begins; as make_log.py's dirt() has it.
    assert re.search(r"case_triggers +996\n", said)
    assert "Rows that repeat another row of their file, word for word: 5." in said
    assert "Events that are later than they landed: 1." in said
    assert "of Scoring updated (nobody here needs it)" in said


@pytest.mark.slow
def test_a_first_look_finds_what_is_wrong_with_the_dunning_export(dunning: tuple[Path, str]) -> None:
    report = look(str(dunning[0] / "events"), str(EXAMPLES / "dunning/reference"), DUNNING_VARS)
    assert report.is_usable()
    found: Counter[str] = Counter()
    for table in report.tables:
        found.update({reason.reason: reason.rows for reason in table.reasons})
    assert found.pop("orphan_case") >= 4
    # Three logins without a case, a letter of 2062, two negative payments.
    assert found == {"missing_key": 3, "from_the_future": 1, "invalid_value": 2}


@pytest.mark.slow
def test_the_dunning_export_builds(dunning: tuple[Path, str], tmp_path: Path) -> None:
    paths = {"events_path": dunning[0] / "events", "reference_path": EXAMPLES / "dunning/reference"}
    build(tmp_path, {**paths, **DUNNING_VARS}, *WITHOUT_UNIT_TESTS)
    assert query(tmp_path, "select count(*) from marts.fct_case_journey") == [(996,)]
    paths_taken = dict(query(tmp_path, "select resolution_path, count(*) from marts.fct_case_journey group by all"))
    assert set(paths_taken) == {"in_message", "assisted", "self_cured", "closed", "open"}
