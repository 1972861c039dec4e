"""Whether accepted events can show a KPI: what each column that a KPI is defined by needs of the contract's tables.

`macros/kpi/kpi_definitions.sql` says which columns a KPI counts by; COLUMNS says what must be in the events for such a column to
mean something.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from scripts.check.macros import Project

SHOWS, PARTLY, NOT = "shows", "partly", "not"


@dataclass(frozen=True)
class Fact:
    """Something that accepted rows of an event table have to say.

    where: which rows do. without: what follows where none does. column, of: the column that should say it, and in which rows, where
    a source may know it for some of them only. other: a table that may say it instead, and how. is_absence: what is counted is that
    it's not there.
    """

    table: str
    without: str
    where: str = "true"
    column: str | None = None
    of: str = "true"
    other: tuple[str, str] | None = None
    is_absence: bool = False


@dataclass
class Coverage:
    """Whether the events can show a KPI (shows, partly, not), and where not wholly, why."""

    kpi_id: str
    title: str
    verdict: str
    why: list[str] = field(default_factory=list)


CUSTOMER = "actor = 'customer'"
FACTS = {
    "triggers": Fact("case_triggers", "no triggers: there is no case"),
    "sent": Fact("message_events", "no message was sent (status): no case counts as initiated", "status = 'sent'"),
    "delivered": Fact(
        "message_events",
        "no message was delivered, opened or clicked (status)",
        "status in ('delivered', 'opened', 'clicked')",
    ),
    "opened": Fact("message_events", "no message was opened or clicked (status)", "status in ('opened', 'clicked')"),
    "clicked": Fact("message_events", "no message was clicked (status)", "status = 'clicked'"),
    "fallback": Fact("message_events", "no message went by another channel (is_fallback)", "is_fallback"),
    "actions": Fact("action_events", "no actions by customers (actor)", CUSTOMER),
    "actions_in_messages": Fact(
        "action_events",
        "no action says from which message it was taken (message_id)",
        f"{CUSTOMER} and message_id <> ''",
    ),
    "completed": Fact(
        "action_events",
        "no completed actions by customers (step, actor): nothing counts as completed in a message",
        f"{CUSTOMER} and step = 'completed'",
    ),
    "ineligible": Fact("action_events", "no step is ineligible (step)", f"{CUSTOMER} and step = 'ineligible'"),
    "pay": Fact("action_events", "no customer set out to pay (action)", f"{CUSTOMER} and action = 'pay'"),
    "attempts": Fact("writeback_attempts", "no writeback attempts: nothing was written back"),
    "retries": Fact("writeback_attempts", "no attempt is a second one (attempt_number)", "attempt_number > 1"),
    "acknowledgements": Fact(
        "writeback_acks", "no acknowledgements: nothing can count as resolved", "outcome = 'persisted'"
    ),
    "proofs": Fact(
        "writeback_acks",
        "fields are required, and no acknowledgement says how many were persisted (fields_persisted): none proves anything",
        "fields_persisted is not null",
        "fields_persisted",
        "outcome = 'persisted' and (case_id, idempotency_key) in"
        " (select (case_id, idempotency_key) from stg_events__writeback_attempts where fields_required is not null)",
    ),
    "reversals": Fact("writeback_acks", "no acknowledgement is a reversal (outcome)", "outcome = 'reversed'"),
    "closures": Fact(
        "case_closures", "no closures: a case that was withdrawn or written off stays open", "kind = 'closed'"
    ),
    "agents": Fact(
        "agent_touches",
        "no agent touches: no case counts as touched by an agent",
        other=("action_events", "actor = 'agent'"),
        is_absence=True,
    ),
    "touches": Fact("agent_touches", "no agent touches"),
    "exceptions": Fact("exceptions", "no exceptions"),
    "exception_touches": Fact(
        "agent_touches", "no touch says which exception it was on (exception_id)", "exception_id <> ''"
    ),
    "ended_touches": Fact(
        "agent_touches",
        "no touch on an exception says when it ended (ended_at)",
        "exception_id <> '' and ended_at is not null",
    ),
    "context": Fact(
        "exceptions",
        "no exception says whether it came with its history (has_context)",
        "has_context is not null",
        "has_context",
    ),
    "handle_minutes": Fact(
        "agent_touches", "no touch says its handle_minutes", "handle_minutes is not null", "handle_minutes"
    ),
    "wrap_up_minutes": Fact(
        "agent_touches", "no touch says its wrap_up_minutes", "wrap_up_minutes is not null", "wrap_up_minutes"
    ),
    "checks": Fact("identity_checks", "no identity checks"),
    "passed": Fact("identity_checks", "no identity check was passed (outcome)", "outcome = 'passed'"),
    "consent": Fact(
        "evidence_items", "no valid consent (evidence_type, is_valid)", "evidence_type = 'consent' and is_valid"
    ),
    "document": Fact(
        "evidence_items", "no valid document (evidence_type, is_valid)", "evidence_type = 'document' and is_valid"
    ),
    "evidence": Fact("evidence_items", "no valid evidence (is_valid)", "is_valid"),
    "payments": Fact(
        "payments",
        "no automated payment succeeded or failed (flow, status)",
        "flow = 'automated' and status in ('succeeded', 'failed')",
    ),
    "paid": Fact(
        "payments", "no automated payment succeeded (flow, status)", "flow = 'automated' and status = 'succeeded'"
    ),
}
# An acknowledgement is accepted only where its attempt is.
RESOLVED = ["acknowledgements", "proofs"]
# What a KPI counts -> a column that it is defined by -> what that takes.
COLUMNS: dict[str, dict[str, list[str]]] = {
    "cases": {
        "triggered_at": ["triggers"],
        "is_initiated": ["sent"],
        "first_sent_at": ["sent"],
        "is_completed_in_message": ["completed"],
        "action_completed_at": ["completed"],
        "action_started_at": ["actions"],
        "first_pay_action_at": ["pay"],
        "has_ineligible_step": ["ineligible"],
        "is_agent_touched": ["agents"],
        "is_resolved": RESOLVED,
        "resolved_at": RESOLVED,
        "resolution_minutes": RESOLVED,
        "is_automated": ["completed", *RESOLVED, "agents"],
        "is_deflected": [*RESOLVED, "agents"],
        "is_straight_through": ["completed", *RESOLVED, "agents"],
        "resolution_path": [*RESOLVED, "agents", "completed"],
        "is_closed_unresolved": ["closures"],
        "due_at": ["triggers"],
        "is_due": ["triggers"],
        "is_sla_breached": RESOLVED,
        "is_resolved_on_time": RESOLVED,
        "has_consent_by_completion": ["consent"],
        "has_document_by_resolution": ["document"],
        "is_evidence_complete": ["evidence"],
        "net_collected_automated": ["paid"],
        "has_automated_payment": ["paid"],
    },
    "writebacks": {
        "first_attempted_at": ["attempts"],
        "is_settled": ["attempts"],
        "attempt_count": ["attempts"],
        "is_retried": ["retries"],
        "was_verified": ["acknowledgements", "proofs"],
        "persist_seconds": ["acknowledgements", "proofs"],
        "is_reversed": ["reversals"],
    },
    "exceptions": {
        "raised_at": ["exceptions"],
        "has_context": ["context"],
        "first_pass_closed_at": ["exception_touches", "ended_touches"],
        "is_escaped": ["exception_touches"],
        "is_first_touch_resolved": ["exception_touches"],
    },
    "messages": {
        "sent_at": ["sent"],
        "delivered_at": ["delivered"],
        "opened_at": ["opened"],
        "clicked_at": ["clicked"],
        "action_started_at": ["actions_in_messages"],
        "is_fallback": ["fallback"],
    },
    "identity_checks": {"occurred_at": ["checks"], "is_first_pass": ["passed"]},
    "agent_touches": {
        "occurred_at": ["touches"],
        "handle_minutes": ["handle_minutes"],
        "known_minutes": ["handle_minutes", "wrap_up_minutes"],
    },
    "payments": {"occurred_at": ["payments"], "status": ["payments"], "flow": ["payments"]},
    "charges": {"charged_at": [], "amount": ["rates"]},
}
# Words of SQL in a definition that are no columns.
SQL = {"and", "or", "not", "is", "null", "in", "true", "false", "case", "when", "then", "else", "end"}


def coverage(
    project: Project, ends: Mapping[str, tuple[int, int | None]], are_workflows_unknown: bool
) -> list[Coverage]:
    """Each KPI in the catalogue's order, with whether the events can show it.

    ends: rows of each event table, and how many of them are accepted, None where they can't be judged yet.
    are_workflows_unknown: whether nobody says yet what the workflows are like.
    """
    measured = Measured(project, ends)
    definitions = project.call("kpi_definitions")
    catalogue = {
        row["kpi_id"]: row
        for row in project.run_query(
            f"select * from {project.relation('stg_reference__kpi_catalog')} order by display_order"
        )
    }
    found = []
    for kpi_id in [
        *(name for name in catalogue if name in definitions),
        *(name for name in definitions if name not in catalogue),
    ]:
        hard, soft = measured.reasons(definitions[kpi_id])
        flag = definitions[kpi_id].get("only_where")
        if flag and are_workflows_unknown:
            soft.append(f"it applies to workflows of {flag} only, and workflows isn't given")
        elif flag and not measured.has_workflow(flag):
            hard.append(f"no workflow of these cases has {flag} in the table workflows")
        verdict = NOT if hard else PARTLY if soft else SHOWS
        found.append(Coverage(kpi_id, catalogue.get(kpi_id, {}).get("title", kpi_id), verdict, hard or soft))
    return found


def sides(definition: Mapping[str, Any]) -> Iterator[tuple[bool, str, str]]:
    """The columns that a KPI is defined by: whether without them nothing is counted, what is counted, the column."""
    per = definition.get("per")
    for key in ("clock", "denominator", "numerator", "observed", "where"):
        is_base = key in ("clock", "denominator") and not per
        for column in columns_of(str(definition.get(key, ""))):
            yield is_base, definition["of"], column
    if per:
        for key in ("clock", "denominator"):
            for column in columns_of(per[key]):
                yield True, per["of"], column


def columns_of(expression: str) -> list[str]:
    """The columns in an expression of a definition."""
    without_texts = re.sub(r"'[^']*'", "", expression)
    return [name for name in re.findall(r"[a-z_][a-z_0-9]*", without_texts) if name not in SQL]


class Measured:
    """What the accepted rows say, asked once for each fact."""

    def __init__(self, project: Project, ends: Mapping[str, tuple[int, int | None]]) -> None:
        self.project = project
        self.accepted = {table: accepted for table, (_, accepted) in ends.items()}
        self.refused = {table for table, (rows, accepted) in ends.items() if rows and not accepted}
        self.counts: dict[str, tuple[int, int]] = {}

    def reasons(self, definition: Mapping[str, Any]) -> tuple[list[str], list[str]]:
        """Why a KPI can't be shown, and why it can be shown only in part. One reason is enough for a table without rows."""
        hard: dict[str, str] = {}
        soft: dict[str, str] = {}
        needed = [
            (is_base, column, name) for is_base, unit, column in sides(definition) for name in COLUMNS[unit][column]
        ]
        base = {name for is_base, _, name in needed if is_base}
        for is_base, column, name in needed:
            if name == "rates":
                if not self.has_prices():
                    hard.setdefault(name, "no prices in cost_rates, and no fixed_costs")
                continue
            fact = FACTS[name]
            others = {other for _, _, other in needed} - base - {name}
            # Where something else decides, too, the figure still moves.
            is_decisive = not (fact.is_absence and others) and f"not {column}" not in str(definition.get("denominator"))
            found = self.judge(fact, is_base, is_decisive)
            if found:
                text, is_hard = found
                (hard if is_hard else soft).setdefault(fact.table if not self.accepted[fact.table] else name, text)
        return list(hard.values()), list(soft.values())

    def judge(self, fact: Fact, is_base: bool, is_decisive: bool) -> tuple[str, bool] | None:
        """What follows of a fact, and whether the KPI can't be shown for it; None where nothing does.

        Without a row in the table a figure would be the same whatever happens; where none of its rows says it, it may be true.
        """
        if self.accepted[fact.table] is None:
            return f"{fact.table} can't be judged before what is wrong in the events is put right", True
        said, among = self.count(fact)
        without = f"no row of {fact.table} would be accepted" if fact.table in self.refused else fact.without
        if fact.column:
            # That there is no row at all is said by another fact.
            if among and not said:
                return without, True
            return (
                (f"{fact.column} is known in {said:,} of {among:,} rows of {fact.table}", False)
                if said < among
                else None
            )
        if said:
            return None
        if not is_decisive:
            return without, False
        if is_base or not self.accepted[fact.table]:
            return without, True
        return f"{without}: right only if that never happens", False

    def has_prices(self) -> bool:
        """Whether anything has a price."""
        costs = [self.project.relation(f"stg_reference__{name}") for name in ("cost_rates", "fixed_costs")]
        return any(self.project.run_query(f"select 1 from {name} limit 1") for name in costs)

    def count(self, fact: Fact) -> tuple[int, int]:
        """How many accepted rows say a fact, and of how many."""
        key = f"{fact.table} {fact.where} {fact.of}"
        if key not in self.counts:
            accepted = self.project.relation(f"stg_events__{fact.table}")
            self.project.relation("stg_events__writeback_attempts")
            query = f"""
                select count(case when {fact.where} and {fact.of} then 1 end) as said, count(case when {fact.of} then 1 end) as among
                from {accepted}
            """
            (found,) = self.project.run_query(query)
            said = found["said"]
            if fact.other and self.accepted[fact.other[0]]:
                table, where = fact.other
                (other,) = self.project.run_query(
                    f"select count(*) as said from {self.project.relation(f'stg_events__{table}')} where {where}"
                )
                said += other["said"]
            self.counts[key] = said, found["among"]
        return self.counts[key]

    def has_workflow(self, flag: str) -> bool:
        """Whether a case is in a workflow of a kind. flag: a condition on the columns of stg_reference__workflows."""
        workflows, triggers = (
            self.project.relation("stg_reference__workflows"),
            self.project.relation("stg_events__case_triggers"),
        )
        return bool(
            self.project.run_query(
                f"select 1 from {workflows} where {flag} and workflow in (select workflow from {triggers}) limit 1"
            )
        )
