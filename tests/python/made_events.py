"""Events written by hand: what a test says of a row is what it is about, everything else has a sound default."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path
from typing import Any

KEYS = ["event_id", "case_id", "occurred_at", "loaded_at"]

# Column -> default, in the contract's order. A test that adds a column to the contract adds it here.
DEFAULTS: dict[str, dict[str, Any]] = {
    "case_triggers": {
        "workflow": "pay", "product": None, "customer_ref": None, "segment": None, "tenure_band": None,
        "overdue_bucket": None, "risk_tier": None, "contact_preference": None, "source_system": None,
        "due_at": None, "customer_timezone": None, "amount_due": None, "currency": None, "variant": None,
    },
    "case_closures": {"kind": "closed", "reason": "withdrawn", "actor": "customer"},
    "message_events": {"message_id": "m", "channel": "sms", "status": "sent", "is_fallback": False},
    "identity_checks": {"method": "otp", "outcome": "passed"},
    "action_events": {
        "message_id": None, "action": "pay", "step": "completed", "actor": "customer", "actor_ref": None,
        "error_reason": None,
    },
    "writeback_attempts": {
        "idempotency_key": "k", "attempt_number": 1, "target_system": "core", "adapter": "rest", "status": "accepted",
        "fields_required": 3, "error_reason": None,
    },
    "writeback_acks": {"idempotency_key": "k", "ack_id": "a", "outcome": "persisted", "fields_persisted": 3},
    "exceptions": {"reason": "disputed", "has_context": True},
    "agent_touches": {
        "exception_id": None, "agent_ref": "ann", "ended_at": None, "outcome": "resolved", "handle_minutes": 0,
        "wrap_up_minutes": 0, "logins": 1, "handoffs": 0, "copy_pastes": 0,
    },
    "evidence_items": {"evidence_type": "consent", "is_valid": True, "uri": None},
    "payments": {
        "payment_id": "p", "flow": "automated", "status": "succeeded", "amount": 0, "currency": "USD", "decline_reason": None,
    },
}  # fmt: skip

WORKFLOW_COLUMNS = [
    "workflow", "domain", "owner", "sla_value", "sla_unit", "completion_means", "requires_consent", "requires_identity",
    "requires_document", "collects_payment", "maturity_days", "requires_attestation", "requires_payment",
]  # fmt: skip


def workflow(*values: Any, requires_attestation: bool = False, requires_payment: bool = False) -> dict[str, Any]:
    """A row of `workflows`. values: those of WORKFLOW_COLUMNS, without the last two."""
    return dict(zip(WORKFLOW_COLUMNS, [*values, requires_attestation, requires_payment], strict=True))


class Events:
    """The event tables, filled row by row; loaded one minute after they occurred unless said otherwise."""

    def __init__(self) -> None:
        self.tables: dict[str, list[dict[str, Any]]] = {table: [] for table in DEFAULTS}

    def add(self, table: str, case_id: str | None, occurred_at: str | None, **columns: Any) -> str:
        """Add a row and return its event_id. occurred_at: 'YYYY-MM-DD HH:MM[:SS]'. columns: the contract's own, or keys."""
        unknown = set(columns) - set(DEFAULTS[table]) - set(KEYS)
        assert not unknown, f"{table} has no column {unknown}"
        row = {"event_id": f"{table}-{len(self.tables[table]) + 1:03}", "case_id": case_id, "occurred_at": occurred_at}
        if occurred_at and "loaded_at" not in columns:
            row["loaded_at"] = str(dt.datetime.fromisoformat(occurred_at) + dt.timedelta(minutes=1))
        row |= DEFAULTS[table] | columns
        self.tables[table].append(row)
        return row["event_id"]

    def write(self, folder: Path) -> Path:
        """Write all tables as CSV into a folder, which is made, and return it."""
        folder.mkdir(parents=True, exist_ok=True)
        for table, rows in self.tables.items():
            write_csv(folder / f"{table}.csv", [*KEYS, *DEFAULTS[table]], rows)
        return folder


def write_csv(path: Path, columns: list[str], rows: list[dict[str, Any]]) -> None:
    """Write rows as CSV: an empty field is null, booleans are true and false."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            cells = (row.get(column) for column in columns)
            writer.writerow(str(cell).lower() if isinstance(cell, bool) else cell for cell in cells)
