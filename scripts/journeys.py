"""Simulated journeys: the raw events of a fictional lender's automated case resolution (scripts/generate_events.py writes them).

The same rows come out every time: each case draws from its own `random.Random`, nothing reads the wall clock.
What a reader can find in the KPIs (the parameters say how strong each effect is):

* OUTAGE: the billing core loses writebacks, times out and writes twice; agents step in.
* KNOWLEDGE_FAULT: knowledge-based identity checks fail for high-risk customers.
* SMS_TROUBLE: the SMS provider fails; messages fall back to WhatsApp and email.
* DISPUTE_LOOP: exceptions about disputed amounts go round between agents.
* EARLY_REMINDER: customers whose payment failed are reminded earlier, and more of them finish. NEW_WORDING changes nothing.

FLAWS (integrity violations), BAD_ROWS (per quarantine reason) and re-deliveries season the whole.
"""

from __future__ import annotations

import math
import random
import re
from collections import defaultdict, namedtuple
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

# ---------------------------------------------------------------- parameters
# fmt: off
SEED = 38
FIRST_MONDAY, WEEKS = datetime(2026, 1, 5), 22
CASES_PER_WEEK = (140, 190)  # in the first and in the last week; volume grows evenly between them
# A Monday morning: the week before is complete, the running one has begun.
EVENTS_END, LAST_LOAD = datetime(2026, 6, 8, 9), datetime(2026, 6, 8, 9)
WEEKDAY_WEIGHTS = (24, 20, 18, 17, 15, 4, 2)
HOUR_WEIGHTS = {5: 2, 6: 6, 7: 9, 8: 10, 9: 12, 10: 11, 11: 9, 12: 7, 13: 8, 14: 8, 15: 7, 16: 6, 17: 3, 19: 1, 22: 1}

# The story: windows (start, end) and what happens in them.
OUTAGE = (datetime(2026, 3, 16), datetime(2026, 3, 23))
KNOWLEDGE_FAULT, KNOWLEDGE_FAULT_PASS = (datetime(2026, 2, 16), datetime(2026, 4, 6)), 0.15
SMS_TROUBLE, SMS_TROUBLE_FAILS = (datetime(2026, 4, 20), datetime(2026, 4, 27)), 0.62
DISPUTE_LOOP, DISPUTE_LOOP_TOUCH = (datetime(2026, 4, 1), EVENTS_END), 0.88
EARLY_REMINDER, EARLY_REMINDER_HOURS, EARLY_REMINDER_REPLIES = datetime(2026, 4, 22), 7, (0.6, 0.58, 0.4)
NEW_WORDING = datetime(2026, 3, 25)
WHATSAPP_PILOT = datetime(2026, 1, 9)  # before the price list begins on 2026-01-12: those messages have no rate

# How a write goes: status -> (weight, chance of an acknowledgement). Agents watch and repair what was not persisted.
GOOD_WRITES = {"accepted": (0.965, 0.995), "timed_out": (0.015, 0), "failed": (0.02, 0)}
OUTAGE_WRITES = {"accepted": (0.38, 0.22), "timed_out": (0.44, 0.16), "failed": (0.18, 0)}
WRITE_TRIES, WRITE_WATCHED, WRITE_REPAIRED, ACK_REJECTED_FIRST = 4, 0.75, 0.4, 0.01
WRITE_ERRORS = {"failed": ("http_503", "connection_reset", "validation_error"), "timed_out": ("gateway_timeout", "read_timeout")}

CHANNELS = {"sms": 0.5, "email": 0.3, "whatsapp": 0.2}
SEND_FAILS = {"sms": 0.06, "email": 0.03, "whatsapp": 0.05}
CURRENCIES = {"USD": 0.82, "EUR": 0.11, "GBP": 0.07}
METHODS = {"otp": 0.5, "knowledge": 0.2, "document": 0.15, "biometric": 0.15}
HIGH_RISK_METHODS = {"otp": 0.1, "knowledge": 0.72, "document": 0.09, "biometric": 0.09}
ACTION_FATES = {"completed": 0.89, "ineligible": 0.03, "failed": 0.045, "abandoned": 0.035}
DECLINES = {"insufficient_funds": 0.6, "card_expired": 0.25, "do_not_honor": 0.15}
UNANSWERED = {"cured": 0.34, "agent": 0.3, "closed": 0.26, "open": 0.1}
CLOSED_EARLY, CLOSED_LATE = ("duplicate", "cancelled", "withdrawn"), ("expired", "written_off", "withdrawn", "rejected")
TIME_ZONES = {"Europe/London": 0.42, "Europe/Berlin": 0.3, "Europe/Athens": 0.16, "America/New_York": 0.12}
SEGMENTS, TENURES = ("consumer", "consumer", "premium", "small_business"), ("under_1y", "1_to_3y", "3_to_5y", "over_5y")
RISK_TIERS = ("low", "low", "medium", "medium", "high")

NULL_SHARE, LATE_SHARE, RETRIGGER_SHARE, QUIET_SLIP = 0.03, 0.03, 0.02, 0.015
UNKNOWN_SHARE = 0.03  # of what a source may not know: minutes, context, adapters, steps that agents took
WITHDRAWN, REOPENED, REVERSED, COLLECTED_AGAIN, OWN_DUE = 0.025, 0.12, 0.02, 0.6, 0.4
CURED_BEFORE_CONTACT = 0.09  # the system fixes itself: a scheduled retry, the card network's updater, a register match
REPLY_CHANCES, UNOPENED_FALLBACK = (0.54, 0.34, 0.2), 0.11  # replies to the first message and to two reminders
IDENTITY_PASS, IDENTITY_TRIES, IDENTITY_SKIPPED = 0.91, 3, 0.25  # skipped only where the workflow does not require it
DISPUTED, EXTRA_TOUCH, TOUCH_RESOLVES = 0.13, 0.12, 0.9
EVIDENCE_MISSED, EVIDENCE_INVALID, EVIDENCE_RECAPTURED = 0.006, 0.02, 0.8
PAYMENT_FAILS, PAYMENT_GIVEN_UP, PAYMENT_REFUNDED = 0.07, 0.3, 0.02

Target = namedtuple("Target", "system adapter fields median_ack_seconds")
BILLING, LEDGER = Target("billing_core", "rest", 6, 25), Target("collections_ledger", "soap", 8, 90)
REGISTRY, CRM = Target("kyc_registry", "queue", 9, 300), Target("crm", "webhook", 4, 12)
# `actions` runs from the first step to the one that completes; without a `median_amount` nothing is collected.
FIELDS = "share starts products buckets actions targets evidence reminder_hours median_reply_minutes median_amount"
Workflow = namedtuple("Workflow", FIELDS)
WORKFLOWS = {
    "failed_payment": Workflow(0.32, FIRST_MONDAY, ("credit_card", "personal_loan", "subscription"), ("1_to_30", "1_to_30", "31_to_60"),
                               ("pay", "pay"), (BILLING,), (), 18, 150, 84),
    "card_update": Workflow(0.22, FIRST_MONDAY, ("credit_card", "subscription"), ("1_to_30", None),
                            ("update_card", "update_card"), (BILLING,), (), 18, 180, None),
    "payment_plan": Workflow(0.18, FIRST_MONDAY, ("personal_loan", "credit_card"), ("31_to_60", "61_to_90", "over_90"),
                             ("plan", "pay", "plan"), (LEDGER,), (), 44, 900, 120),
    "kyc_refresh": Workflow(0.15, FIRST_MONDAY, ("current_account", "savings"), (None,), ("confirm_details", "upload_document", "attest"),
                            (REGISTRY, CRM), ("consent", "identity", "document", "attestation"), 26, 600, None),
    "address_update": Workflow(0.13, datetime(2026, 2, 2), ("current_account", "savings", "credit_card"), (None,),
                               ("confirm_details", "confirm_details"), (CRM,), ("identity",), 26, 420, None),
}

COMMON = "event_id case_id occurred_at loaded_at"
TABLES = {  # table -> prefix of its event ids, own columns
    "case_triggers": ("trg", "workflow product customer_ref segment tenure_band overdue_bucket risk_tier contact_preference source_system "
                             "due_at customer_timezone amount_due currency variant"),
    "case_closures": ("clo", "kind reason actor"),
    "message_events": ("mev", "message_id channel status is_fallback"),
    "identity_checks": ("idc", "method outcome"),
    "action_events": ("act", "message_id action step actor actor_ref error_reason"),
    "writeback_attempts": ("wba", "idempotency_key attempt_number target_system adapter status fields_required error_reason"),
    "writeback_acks": ("wbk", "idempotency_key ack_id outcome fields_persisted"),
    "exceptions": ("exc", "reason has_context"),
    "agent_touches": ("tch", "exception_id agent_ref ended_at outcome handle_minutes wrap_up_minutes logins handoffs copy_pastes"),
    "evidence_items": ("evd", "evidence_type is_valid uri"),
    "payments": ("pev", "payment_id flow status amount currency decline_reason"),
}

FLAWS = {  # integrity violation -> how many otherwise clean cases get it
    "unacknowledged_completion": 4, "completion_without_writeback": 5, "ack_before_attempt": 4, "partial_persist": 4,
    "double_write": 3, "idempotency_key_reused": 3, "negative_duration": 3, "action_without_identity": 4,
}
REDELIVERIES_PER_TABLE, BAD_ROW_COPIES = 6, 2  # copies of each entry of BAD_ROWS
# Quarantine reason -> what is wrong in otherwise good copies of rows: `table.column=value`, no value for null, `later` for too late.
BAD_ROWS = {
    "missing_key": "message_events.event_id= identity_checks.case_id= payments.event_id= case_triggers.case_id= evidence_items.event_id=",
    "missing_timestamp": "message_events.loaded_at= action_events.occurred_at= writeback_attempts.loaded_at= payments.occurred_at=",
    "from_the_future": "message_events.occurred_at=later action_events.occurred_at=later agent_touches.ended_at=later "
                       "writeback_acks.occurred_at=later",
    "before_history": "message_events.occurred_at=1970-01-01 identity_checks.occurred_at=1970-01-01 exceptions.occurred_at=2014-12-31",
    "invalid_value": "case_triggers.workflow= case_triggers.customer_timezone=CEST case_closures.kind=paused "
                     "message_events.channel=fax message_events.status=bounced identity_checks.outcome=unsure "
                     "action_events.actor=bot writeback_attempts.attempt_number=0 writeback_acks.fields_persisted=-1 "
                     "agent_touches.ended_at=2025-12-31 evidence_items.is_valid= payments.amount=-25.00",
    "unknown_workflow": "case_triggers.workflow=loan_refresh case_triggers.workflow=KYC_refresh",
    "unknown_currency": "payments.currency=CHF payments.currency=usd case_triggers.currency=CHF",
    "orphan_case": "message_events.case_id=case-90001 action_events.case_id=case-90002 exceptions.case_id=case-90003 "
                   "payments.case_id=case-90004 case_closures.case_id=case-90005",
    "orphan_reference": "writeback_acks.idempotency_key=wb-90001-1 writeback_acks.idempotency_key=WB-90002-1 "
                        "agent_touches.exception_id=exc-90001",
}
LATER = timedelta(days=2)  # than it was loaded
# fmt: on

# ------------------------------------------------------------------ the case
Row = dict[str, object]


def minutes(value: float) -> timedelta:
    """`value` minutes, to the whole second."""
    return timedelta(seconds=round(value * 60))


def within(at: datetime, window: tuple[datetime, datetime]) -> bool:
    """Whether `at` lies in the window; its end is outside."""
    return window[0] <= at < window[1]


@dataclass
class Case:
    """One case on its way: its own random numbers, its clock `now`, its rows so far, what later steps need to know."""

    id: str
    workflow: str
    kind: Workflow
    now: datetime
    rng: random.Random
    numbers: dict[str, count]  # the next number by prefix, shared by all cases
    rows: dict[str, list[Row]] = field(default_factory=lambda: {table: [] for table in TABLES})
    events_end: datetime = EVENTS_END
    last_load: datetime = LAST_LOAD
    risk_tier: str | None = None
    message_id: str | None = None
    time_zone: str | None = None
    money: Row = field(default_factory=dict)

    def next_id(self, prefix: str) -> str:
        return f"{prefix}-{next(self.numbers[prefix]):05d}"

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def pick(self, weights: dict[str, float]) -> str:
        return self.rng.choices(list(weights), list(weights.values()))[0]

    def around(self, median: float, spread: float = 0.8) -> float:
        """A log-normal number: mostly near the median, now and then very large."""
        return self.rng.lognormvariate(math.log(median), spread)

    def wait(self, median_minutes: float, spread: float = 0.8) -> None:
        self.now += minutes(self.around(median_minutes, spread))

    def known(self, value: object) -> object:
        """The value, or None where the source happens not to know it."""
        return None if self.chance(UNKNOWN_SHARE) else value

    def wait_for_hours(self, first: int, last: int, weekdays_only: bool = False, time_zone: str | None = None) -> None:
        """Move the clock into the hours from `first` up to `last` of a time zone (none: UTC), if it is outside them."""
        offset = ZoneInfo(time_zone or "UTC").utcoffset(self.now)
        self.now += offset
        while not first <= self.now.hour < last or (weekdays_only and self.now.weekday() > 4):
            day = self.now.replace(hour=first, minute=0, second=0) + timedelta(days=self.now.hour >= first)
            self.now = day + minutes(self.rng.uniform(0, 75))
        self.now -= offset

    def emit(self, table: str, at: datetime | None = None, **values: object) -> str:
        """Log an event at `at` (default: now) that lands a little later; what is after `events_end` has not happened yet."""
        at, (prefix, columns) = at or self.now, TABLES[table]
        event_id = self.next_id(prefix)
        landing = values.get("ended_at", at).replace(microsecond=0) + minutes(0.5 + self.rng.expovariate(1 / 4))
        if self.chance(LATE_SHARE):
            landing += minutes(min(self.around(400, 1.3), 6000))
        if at < self.events_end:
            loaded_at = min(landing, self.last_load)
            stamps = {"event_id": event_id, "case_id": self.id, "occurred_at": at, "loaded_at": loaded_at}
            self.rows[table].append(stamps | dict.fromkeys(columns.split()) | values)
        return event_id


# --------------------------------------------------------------- the journey
def trigger(case: Case) -> str:
    """Open the case with its cohort attributes, now and then twice; returns the channel to begin with."""
    rng, kind, preference = case.rng, case.kind, case.pick(CHANNELS)
    values = {
        "product": rng.choice(kind.products),
        "customer_ref": f"cust-{rng.getrandbits(32):08x}",
        "segment": rng.choice(SEGMENTS),
    }
    values |= {
        "tenure_band": rng.choice(TENURES),
        "overdue_bucket": rng.choice(kind.buckets),
        "risk_tier": rng.choice(RISK_TIERS),
    }
    values |= {
        "contact_preference": preference,
        "source_system": kind.targets[0].system,
        "customer_timezone": case.pick(TIME_ZONES),
    }
    if kind.median_amount:
        case.money = {"amount": f"{case.around(kind.median_amount, 0.6):.2f}", "currency": case.pick(CURRENCIES)}
        values["amount_due"] = case.money["amount"]
    values |= {name: None for name in values if case.chance(NULL_SHARE)}
    if values.get("amount_due"):
        values["currency"] = case.money["currency"]
    case.risk_tier, case.time_zone = values["risk_tier"], values["customer_timezone"]
    if case.workflow == "kyc_refresh" and case.chance(OWN_DUE):
        # The regulator's own day.
        values["due_at"] = case.now.replace(hour=17, minute=0, second=0) + timedelta(days=rng.randint(4, 10))
    if case.workflow == "card_update" and case.now >= NEW_WORDING:
        values["variant"] = rng.choice(("old_wording", "new_wording"))
    case.emit("case_triggers", workflow=case.workflow, **values)
    if case.chance(RETRIGGER_SHARE):
        case.emit("case_triggers", case.now + minutes(rng.uniform(5, 2000)), workflow=case.workflow, **values)
    return preference if case.chance(0.9) else case.pick(CHANNELS)


def send(case: Case, channel: str, reply_chance: float, is_fallback: bool = False) -> bool:
    """One message, and its fallback on another channel where it fails or stays unopened. True: the customer reacts."""
    if not case.chance(QUIET_SLIP):
        case.wait_for_hours(8, 21, time_zone=case.time_zone)
    if channel == "whatsapp" and case.now < WHATSAPP_PILOT:
        channel = "sms"
    case.message_id = case.next_id("msg")
    message = {"message_id": case.message_id, "channel": channel, "is_fallback": is_fallback}
    case.emit("message_events", status="sent", **message)
    in_trouble = channel == "sms" and within(case.now, SMS_TROUBLE)
    failed = case.chance(SMS_TROUBLE_FAILS if in_trouble else SEND_FAILS[channel])
    arrived_at = case.now + minutes(case.rng.uniform(0.05, 2))
    case.emit("message_events", arrived_at, status="failed" if failed else "delivered", **message)
    reacts = not failed and case.chance(reply_chance)
    opened_at = arrived_at + minutes(case.around(40, 1.2))
    if reacts or (not failed and case.chance(0.45)):
        case.emit("message_events", opened_at, status="opened", **message)
    if reacts:
        case.now = opened_at
        case.wait(case.kind.median_reply_minutes, 1.1)
        if case.chance(0.9):
            case.wait_for_hours(6, 23, time_zone=case.time_zone)
        case.emit("message_events", status="clicked", **message)
    elif not is_fallback and (failed or case.chance(UNOPENED_FALLBACK)):
        case.wait(15 if failed else 300, 0.5)
        return send(
            case, case.rng.choice([other for other in CHANNELS if other != channel]), reply_chance, is_fallback=True
        )
    else:
        hours = EARLY_REMINDER_HOURS if is_reminded_early(case) else case.kind.reminder_hours
        case.now += minutes(60 * hours * case.rng.uniform(0.8, 1.1))
    return reacts


def is_reminded_early(case: Case) -> bool:
    """Whether the case is one of those that EARLY_REMINDER changes."""
    return case.workflow == "failed_payment" and case.now >= EARLY_REMINDER


def verify_identity(case: Case) -> bool:
    """Checks until one passes or the tries are used up; most cases that do not require one have one too."""
    if "identity" not in case.kind.evidence and case.chance(IDENTITY_SKIPPED):
        return True
    method = case.pick(HIGH_RISK_METHODS if case.risk_tier == "high" else METHODS)
    for _ in range(IDENTITY_TRIES):
        case.wait(2, 0.6)
        faulty = method == "knowledge" and case.risk_tier == "high" and within(case.now, KNOWLEDGE_FAULT)
        passed = case.chance(KNOWLEDGE_FAULT_PASS if faulty else IDENTITY_PASS)
        outcome = "passed" if passed else case.pick({"failed": 0.85, "abandoned": 0.15})
        case.emit("identity_checks", method=method, outcome=outcome)
        if passed:
            return True
        method = case.pick({method: 0.45, "otp": 0.4, "biometric": 0.15})
    return False


def step(case: Case, action: str, name: str, agent: str | None = None, error_reason: str | None = None) -> None:
    """One step of an action, by the customer (mostly from a message) or by an agent."""
    message_id = None if agent or case.chance(0.06) else case.message_id
    values = {
        "message_id": message_id,
        "actor": "agent" if agent else "customer",
        "actor_ref": agent,
        "error_reason": error_reason,
    }
    case.emit("action_events", action=action, step=name, **values)


def capture(case: Case, evidence_type: str) -> None:
    """An evidence item, if the workflow asks for it; an invalid one is mostly captured again."""
    if evidence_type not in case.kind.evidence or case.chance(EVIDENCE_MISSED):
        return
    is_valid = not case.chance(EVIDENCE_INVALID)
    uri = None if case.chance(0.05) else f"vault://evidence/{case.id}/{evidence_type}"
    case.emit("evidence_items", evidence_type=evidence_type, is_valid=is_valid, uri=uri)
    case.wait(1, 0.5)
    if not is_valid and case.chance(EVIDENCE_RECAPTURED):
        capture(case, evidence_type)


def act(case: Case) -> None:
    """What the customer does after the identity check, up to the writeback or the agent who takes over."""
    first, *middle, last = case.kind.actions
    capture(case, "identity")
    case.wait(1.5)
    step(case, first, "started")
    capture(case, "consent")
    if case.kind.median_amount and case.chance(DISPUTED):
        if not escalate(case, "amount_disputed"):
            return
        case.wait(60, 1.0)
    for action in middle or [first]:
        case.wait(3, 0.9)
        step(case, action, "progressed")
        capture(case, "document")
    capture(case, "attestation")
    case.wait(2, 0.9)
    fate = case.pick(ACTION_FATES)
    if fate == "completed" and not collect(case, "automated"):
        fate = "failed"
    errors = {"ineligible": "not_eligible", "failed": case.rng.choice(("form_error", "session_expired", "declined"))}
    step(case, last, fate, error_reason=errors.get(fate))
    if fate == "completed":
        write_back(case)
    elif fate == "abandoned":
        follow_up(case)
    elif agent := escalate(case, f"action_{fate}"):
        finish(case, agent)


def follow_up(case: Case) -> None:
    """Nobody answered: the case cures itself, an agent does it by hand (with no exception raised), it is closed, or it stays open."""
    route = case.pick(UNANSWERED)
    if route == "cured":
        case.wait(240, 1.0)
        finish(case)
    elif route == "agent":
        case.wait(120)
        finish(case, touch(case, None, "resolved"))
    elif route == "closed":
        case.wait(1500, 0.6)
        close(case, CLOSED_LATE, case.pick({"system": 0.6, "agent": 0.4}))


def close(case: Case, reasons: tuple[str, ...], actor: str) -> None:
    """The case is closed without being resolved; now and then it is reopened, and an agent finishes it."""
    case.emit("case_closures", kind="closed", reason=case.known(case.rng.choice(reasons)), actor=actor)
    if case.chance(REOPENED):
        case.wait(2000, 0.7)
        case.emit("case_closures", kind="reopened", actor="customer")
        case.wait(120)
        finish(case, touch(case, None, "resolved"))


def finish(case: Case, agent: str | None = None) -> None:
    """What the customer did not do, done by an agent or settled by itself; the systems still have to be updated."""
    if agent:
        step(case, case.kind.actions[-1], "completed", agent)
    for evidence_type in case.kind.evidence:
        capture(case, evidence_type)
    if collect(case, "agent" if agent else "automated"):
        write_back(case)


def escalate(case: Case, reason: str) -> str | None:
    """An exception and the touches it takes; returns the agent who resolved it, None where nobody did."""
    exception_id = case.emit("exceptions", reason=reason, has_context=case.known(case.chance(0.92)))
    case.wait(90, 1.0)
    looping = reason == "amount_disputed" and within(case.now, DISPUTE_LOOP)
    if case.chance(DISPUTE_LOOP_TOUCH if looping else EXTRA_TOUCH):
        for _ in range(case.rng.randint(1, 4) if looping else 1):
            touch(case, exception_id, case.rng.choice(("returned", "transferred")))
            case.wait(240)
    resolved = case.chance(TOUCH_RESOLVES)
    agent = touch(case, exception_id, "resolved" if resolved else "returned")
    return agent if resolved else None


def touch(case: Case, exception_id: str | None, outcome: str) -> str:
    """An agent works on the case in office hours; returns the agent."""
    case.wait_for_hours(9, 18, weekdays_only=True)
    agent, handle, wrap_up = (
        f"agent-{case.rng.randint(1, 12):02d}",
        round(case.around(9, 0.6), 1),
        round(case.around(3, 0.6), 1),
    )
    effort = {
        "handle_minutes": case.known(handle),
        "wrap_up_minutes": case.known(wrap_up),
        "logins": case.rng.randint(1, 4),
    }
    effort["copy_pastes"] = case.known(case.rng.randint(0, 5))
    handoffs = case.rng.choice((0, 0, 0, 1)) + (outcome == "transferred")
    ended_at = case.now + minutes(handle + wrap_up)
    case.emit(
        "agent_touches",
        exception_id=exception_id,
        agent_ref=agent,
        ended_at=ended_at,
        outcome=outcome,
        handoffs=handoffs,
        **effort,
    )
    case.now = ended_at
    return agent


# ----------------------------------------------------- writebacks and money
def write_back(case: Case) -> None:
    """One logical writeback per system of record; agents get some of those persisted after all that were not."""
    for number, target in enumerate(case.kind.targets, start=1):
        key = f"wb-{case.id.removeprefix('case-')}-{number}"
        case.wait(0.5, 0.6)
        if not write(case, key, target) and case.chance(WRITE_WATCHED):
            case.wait(70, 0.5)
            if escalate(case, "writeback_failed") and case.chance(WRITE_REPAIRED):
                acknowledge(case, key, target)


def write(case: Case, key: str, target: Target) -> bool:
    """Attempts until one is accepted. True: the system of record persisted one, whatever it answered."""
    odds = OUTAGE_WRITES if target is BILLING and within(case.now, OUTAGE) else GOOD_WRITES
    values = {"target_system": target.system, "adapter": case.known(target.adapter), "fields_required": target.fields}
    persisted = False
    for number in range(1, WRITE_TRIES + 1):
        status = case.pick({status: weight for status, (weight, _) in odds.items()})
        reason = case.rng.choice(WRITE_ERRORS[status]) if status in WRITE_ERRORS else None
        case.emit(
            "writeback_attempts",
            idempotency_key=key,
            attempt_number=number,
            status=status,
            error_reason=reason,
            **values,
        )
        if case.chance(odds[status][1]):
            acknowledge(case, key, target)
            persisted = True
        if status == "accepted":
            break
        case.wait(4 * number, 0.5)
    return persisted


def acknowledge(case: Case, key: str, target: Target) -> None:
    """The system of record's own word, later than the attempt; now and then it rejects the data at first."""
    at = case.now + timedelta(milliseconds=round(1000 + 1000 * case.around(target.median_ack_seconds, 0.9)))
    for outcome in ("rejected", "persisted") if case.chance(ACK_REJECTED_FIRST) else ("persisted",):
        fields = target.fields if outcome == "persisted" else 0
        case.emit(
            "writeback_acks",
            at,
            idempotency_key=key,
            ack_id=case.next_id("ack"),
            outcome=outcome,
            fields_persisted=fields,
        )
        at += minutes(10)
    if target in (BILLING, LEDGER) and case.chance(REVERSED):
        reverse(case, key, target, at)


def reverse(case: Case, key: str, target: Target, at: datetime) -> None:
    """The debit bounces days later, and the record is undone; mostly the money comes after all, and is written down again."""
    at += timedelta(days=case.rng.randint(2, 9)) + minutes(case.rng.uniform(0, 300))
    bounced = {"idempotency_key": key, "ack_id": case.next_id("ack"), "outcome": "reversed", "fields_persisted": 0}
    case.emit("writeback_acks", at, **bounced)
    if case.chance(COLLECTED_AGAIN):
        again = bounced | {"ack_id": case.next_id("ack"), "outcome": "persisted", "fields_persisted": target.fields}
        case.emit("writeback_acks", at + timedelta(days=case.rng.randint(2, 6)), **again)


def collect(case: Case, flow: str) -> bool:
    """Payments, where the workflow collects them: retries, later instalments, a few refunds. True: what has to be paid was paid."""
    if not case.kind.median_amount:
        return True
    money = {"flow": flow, **case.money}
    for week in range(case.rng.randint(2, 5) if case.workflow == "payment_plan" else 1):
        payment = money | {"payment_id": case.next_id("pay")}
        at = case.now + timedelta(weeks=week)
        if case.chance(PAYMENT_FAILS):
            case.emit("payments", at, status="failed", decline_reason=case.known(case.pick(DECLINES)), **payment)
            if case.chance(PAYMENT_GIVEN_UP):
                return case.workflow != "failed_payment"
            at += minutes(case.rng.uniform(10, 600))
        case.emit("payments", at, status="succeeded", **payment)
        if week == 0:
            case.now = at
        if case.chance(PAYMENT_REFUNDED):
            case.emit("payments", at + timedelta(days=case.rng.randint(2, 15)), status="refunded", **payment)
    return True


def run(case: Case) -> None:
    """The whole journey of one case."""
    channel = trigger(case)
    case.wait(20, 1.0)
    reply_chances = EARLY_REMINDER_REPLIES if is_reminded_early(case) else REPLY_CHANCES
    if case.chance(CURED_BEFORE_CONTACT):
        case.wait(240, 1.0)
        finish(case)
    elif case.chance(WITHDRAWN):
        close(case, CLOSED_EARLY, case.pick({"customer": 0.6, "system": 0.4}))
    elif not any(send(case, channel, reply_chance) for reply_chance in reply_chances):
        follow_up(case)
    elif verify_identity(case):
        act(case)
    elif agent := escalate(case, "identity_failed"):
        finish(case, agent)


# ----------------------------------------------------------------- seasoning
def is_clean(case: Case) -> bool:
    """Completed by the customer and written back once, outside the outage: a flaw put into it hides no other one."""
    core = [case.rows[table] for table in ("case_triggers", "writeback_attempts", "writeback_acks")]
    completed = any(row["step"] == "completed" and row["actor"] == "customer" for row in case.rows["action_events"])
    single = completed and not case.rows["exceptions"] and all(len(rows) == 1 for rows in core)
    return single and not within(core[1][0]["occurred_at"], OUTAGE)


def add_flaws(cases: list[Case], rng: random.Random, scale: int) -> None:
    """Put each integrity violation into `scale` times its number of clean cases; no case gets two."""
    clean = [case for case in cases if is_clean(case)]
    rng.shuffle(clean)
    for flaw in [flaw for flaw, number in FLAWS.items() for _ in range(scale * number)]:
        case = next(case for case in clean if flaw != "action_without_identity" or "identity" in case.kind.evidence)
        clean.remove(case)
        spoil(case, flaw, twin=clean.pop())


def spoil(case: Case, flaw: str, twin: Case) -> None:
    """Make a clean case violate; `twin` is another clean case."""
    acks, attempts = case.rows["writeback_acks"], case.rows["writeback_attempts"]
    [ack], [attempt] = acks, attempts
    again = ack | {"event_id": case.next_id("wbk"), "loaded_at": ack["loaded_at"] + minutes(2)}
    if flaw == "unacknowledged_completion":
        acks.clear()
    elif flaw == "completion_without_writeback":
        acks.clear()
        attempts.clear()
    elif flaw == "ack_before_attempt":  # its clock was behind; the same acknowledgement came again with the right time
        acks.append(again | {"occurred_at": attempt["occurred_at"] - minutes(4)})
    elif flaw == "partial_persist":
        ack["fields_persisted"] = attempt["fields_required"] - 2
    elif flaw == "double_write":
        acks.append(again | {"ack_id": case.next_id("ack"), "occurred_at": ack["occurred_at"] + minutes(1)})
    elif flaw == "idempotency_key_reused":
        ack["idempotency_key"] = attempt["idempotency_key"] = twin.rows["writeback_attempts"][0]["idempotency_key"]
    elif flaw == "negative_duration":
        late = ack["occurred_at"].replace(microsecond=0) + minutes(40)
        case.rows["case_triggers"][0].update(occurred_at=late, loaded_at=late + minutes(6))
    elif flaw == "action_without_identity":
        case.rows["identity_checks"] = [row for row in case.rows["identity_checks"] if row["outcome"] != "passed"]


def redeliver(tables: dict[str, list[Row]], rng: random.Random, scale: int, last_load: datetime) -> None:
    """Some rows arrive a second time, minutes to days later."""
    for rows in tables.values():
        for row in rng.sample(rows, min(scale * REDELIVERIES_PER_TABLE, len(rows))):
            again = row["loaded_at"] + minutes(rng.lognormvariate(math.log(90), 1.5))
            rows.append(row | {"loaded_at": min(again, last_load)})


def add_bad_rows(tables: dict[str, list[Row]], rng: random.Random, scale: int, numbers: dict[str, count]) -> None:
    """Damaged copies of good rows under new event ids, so that the good ones stay what they are."""
    good = {table: list(rows) for table, rows in tables.items()}
    for entry in " ".join(BAD_ROWS.values()).split() * (scale * BAD_ROW_COPIES):
        table, column, value = re.fullmatch(r"(\w+)\.(\w+)=(.*)", entry).groups()
        row, prefix = rng.choice([row for row in good[table] if row[column] is not None]), TABLES[table][0]
        wrong = row["loaded_at"] + LATER if value == "later" else value or None
        if column.endswith("_at") and isinstance(wrong, str):
            wrong = datetime.fromisoformat(wrong)
        tables[table].append(row | {"event_id": f"{prefix}-{next(numbers[prefix]):05d}"} | {column: wrong})


# -------------------------------------------------------------------- output
def trigger_times(rng: random.Random, scale: int, weeks: int) -> list[datetime]:
    """When cases are triggered: growing by the week, weekdays and mornings first."""
    times, (low, high) = [], CASES_PER_WEEK
    for week in range(weeks):
        for _ in range(scale * (round(low + (high - low) * week / (WEEKS - 1)) + rng.randint(-4, 4))):
            day = rng.choices(range(7), WEEKDAY_WEIGHTS)[0]
            hour = rng.choices(list(HOUR_WEIGHTS), list(HOUR_WEIGHTS.values()))[0]
            times.append(FIRST_MONDAY + timedelta(weeks=week, days=day, hours=hour, seconds=rng.randrange(3600)))
    return sorted(times)


def make_events(
    seed: int = SEED,
    scale: int = 1,
    events_end: datetime = EVENTS_END,
    last_load: datetime = LAST_LOAD,
    weeks: int = WEEKS + 1,
) -> dict[str, list[Row]]:
    """All rows by table: the journeys of so many weeks, then what is wrong with some of them.

    scale: how many times the demo's cases and flaws. events_end, last_load: what is later has not happened, or not been loaded, yet.
    weeks: the demo's last one has only begun.
    """
    rng, numbers, cases = random.Random(seed), defaultdict(lambda: count(1)), []
    times = [at for at in trigger_times(rng, scale, weeks) if at < events_end]
    for number, at in enumerate(times, start=1):
        shares = {name: kind.share for name, kind in WORKFLOWS.items() if at >= kind.starts}
        workflow = rng.choices(list(shares), list(shares.values()))[0]
        own_rng = random.Random(f"{seed}/{number}")
        cases.append(
            Case(
                f"case-{number:05d}",
                workflow,
                WORKFLOWS[workflow],
                at,
                own_rng,
                numbers,
                events_end=events_end,
                last_load=last_load,
            )
        )
        run(cases[-1])
    add_flaws(cases, rng, scale)
    tables = {table: [row for case in cases for row in case.rows[table]] for table in TABLES}
    redeliver(tables, rng, scale, last_load)
    add_bad_rows(tables, rng, scale, numbers)
    return tables
