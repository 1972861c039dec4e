"""The audit trail for a data lake or a SIEM: one JSON object per line and event, in the order of time.

Keys, always all of them: occurred_at (ISO 8601, UTC, with Z), source_table, event_id (unique in its source_table), case_id, workflow,
actor, activity, what, message_id, idempotency_key, exception_id. Null: the event has none. Without `pii: clear`, actor and what are without
the references of persons and without the place of evidence, hashed ones too.
"""

from __future__ import annotations

from pathlib import Path

from scripts.export.source import KIND_OF_ACTOR, Source
from scripts.marts import literal, rows

NAME = "case_events.jsonl"
MOMENT = "%Y-%m-%dT%H:%M:%S.%fZ"
WITHOUT_PLACE = (
    "case when events.source_table = 'evidence_items' then regexp_replace(events.what, ' evidence at .*', ' evidence', 's') "
    "else events.what end"
)


def write(source: Source, folder: Path) -> dict[str, dict[str, int]]:
    """Write case_events.jsonl. Returns: file -> number of events."""
    is_clear = source.pii == "clear"
    (copied,) = rows(
        source.connection,
        f"""
        copy (
            select
                strftime(events.occurred_at, {literal(MOMENT)}) as occurred_at,
                events.source_table,
                events.event_id,
                events.case_id,
                cases.workflow,
                {"events.actor" if is_clear else KIND_OF_ACTOR} as actor,
                events.activity,
                {"events.what" if is_clear else WITHOUT_PLACE} as what,
                events.message_id,
                events.idempotency_key,
                events.exception_id
            from fct_case_event as events
            left join fct_case_journey as cases on events.case_id = cases.case_id
            order by events.occurred_at, events.source_table, events.event_id
        ) to {literal(str(folder / NAME))} (format json)
        """,
    )
    return {NAME: {"events": copied["Count"]}}
