"""The audit trail as an object-centric event log, OCEL 2.0 in JSON (ocel-standard.org), for process mining.

An event is a row of fct_case_event, its type the activity. Objects are cases, messages, writebacks and exceptions, a row each of their
tables; an event names those that it is about, and messages, writebacks and exceptions name their case. It holds no personal column.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from scripts.export.events import MOMENT
from scripts.export.source import KIND_OF_ACTOR, Source
from scripts.marts import literal, rows

NAME = "ocel.json"
# What holds from the beginning has this moment by convention of the standard.
EPOCH = "1970-01-01T00:00:00Z"
BELONGS_TO = "belongs to"


@dataclass(frozen=True)
class Kind:
    """A kind of objects. key: the columns that tell them apart; given, known: attribute -> type, from the beginning or known at as_of."""

    table: str
    key: list[str]
    given: dict[str, str]
    known: dict[str, str]


KINDS = {
    "case": Kind(
        "fct_case_journey",
        ["case_id"],
        dict.fromkeys(
            ["workflow", "product", "segment", "tenure_band", "overdue_bucket", "risk_tier", "contact_preference"],
            "string",
        ),
        {"stage": "string", "resolution_path": "string"},
    ),
    "message": Kind("fct_message", ["case_id", "message_id"], {"channel": "string", "is_fallback": "boolean"}, {}),
    "writeback": Kind(
        "fct_writeback",
        ["case_id", "idempotency_key"],
        {"target_system": "string", "adapter": "string"},
        {"is_verified": "boolean", "is_reversed": "boolean"},
    ),
    "exception": Kind(
        "fct_exception", ["exception_id"], {"reason": "string", "has_context": "boolean"}, {"is_escaped": "boolean"}
    ),
}


def write(source: Source, folder: Path) -> dict[str, dict[str, int]]:
    """Write ocel.json; DuckDB writes the rows, so that memory doesn't grow with them. Returns: file -> number of objects and events."""
    types = [
        {"name": name, "attributes": [{"name": each, "type": kind} for each, kind in (kind.given | kind.known).items()]}
        for name, kind in KINDS.items()
    ]
    activities = [
        row["activity"]
        for row in rows(source.connection, "select distinct activity from fct_case_event order by activity")
    ]
    actor = [{"name": "actor", "type": "string"}]
    as_of = source.run["as_of"].strftime(MOMENT)
    found, happened = folder / "objects.part", folder / "events.part"
    counts = {
        "objects": copied(
            source,
            " union all ".join(objects(name, kind, as_of) for name, kind in KINDS.items()) + " order by id",
            found,
        ),
        "events": copied(source, events(), happened),
    }
    with (folder / NAME).open("wb") as file:
        file.write(f'{{"objectTypes": {json.dumps(types)},\n'.encode())
        file.write(
            f'"eventTypes": {json.dumps([{"name": name, "attributes": actor} for name in activities])},\n'.encode()
        )
        for name, part in (("objects", found), ("events", happened)):
            file.write(f'{"," if part is happened else ""}"{name}": '.encode())
            with part.open("rb") as content:
                shutil.copyfileobj(content, file)
            part.unlink()
        file.write(b"}\n")
    return {NAME: counts}


def copied(source: Source, query: str, file: Path) -> int:
    """Write the rows of a query as one JSON array, however many they are. Returns: how many."""
    (done,) = rows(source.connection, f"copy ({query}) to {literal(str(file))} (format json, array true)")
    return done["Count"]


def object_id(name: str, columns: list[str]) -> str:
    """SQL of an object's id: its kind and its key, in which a colon is never part of a column."""
    parts = [f"replace(replace({column}, '%', '%25'), ':', '%3A')" for column in columns]
    return " || ':' || ".join([f"'{name}'", *parts])


def objects(name: str, kind: Kind, as_of: str) -> str:
    """A query of the objects of a kind. as_of: the moment of the build."""
    attributes = ", ".join(
        # The standard's JSON schema wants values as texts.
        f"{{'name': '{attribute}', 'time': {literal(moment)}, 'value': cast({attribute} as varchar)}}"
        for moment, listed in ((EPOCH, kind.given), (as_of, kind.known))
        for attribute in listed
    )
    related = f"{{'objectId': {object_id('case', ['case_id'])}, 'qualifier': '{BELONGS_TO}'}}"
    return f"""
        select
            {object_id(name, kind.key)} as id,
            '{name}' as type,
            list_filter([{attributes}], lambda each: each.value is not null) as attributes,
            list_filter([{related}], lambda each: '{name}' <> 'case') as relationships
        from {kind.table}
    """


def events() -> str:
    """A query of the events, in the order of time. What an event names and no table has is left out."""
    related = [
        f"{{'objectId': {object_id('case', ['events.case_id'])}, 'qualifier': 'case'}}",
        f"{{'objectId': {object_id('message', ['messages.case_id', 'messages.message_id'])}, 'qualifier': 'message'}}",
        f"{{'objectId': {object_id('writeback', ['writebacks.case_id', 'writebacks.idempotency_key'])}, 'qualifier': 'writeback'}}",
        f"{{'objectId': {object_id('exception', ['raised.exception_id'])}, 'qualifier': 'exception'}}",
    ]
    return f"""
        select
            events.source_table || ':' || events.event_id as id,
            events.activity as type,
            strftime(events.occurred_at, {literal(MOMENT)}) as time,
            [{{'name': 'actor', 'value': {KIND_OF_ACTOR}}}] as attributes,
            list_filter([{", ".join(related)}], lambda each: each.objectId is not null) as relationships
        from fct_case_event as events
        left join fct_message as messages on events.case_id = messages.case_id and events.message_id = messages.message_id
        left join fct_writeback as writebacks
            on events.case_id = writebacks.case_id and events.idempotency_key = writebacks.idempotency_key
        left join fct_exception as raised on events.exception_id = raised.exception_id
        order by events.occurred_at, events.source_table, events.event_id
    """
