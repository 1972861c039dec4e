"""Hostile events, split at random into runs: the same database is built again and again while files grow and `as_of` rises.

``make_split(seed)`` gives a Split: what the files hold at each run, and the moment that the run is computed for. The events
are those of hostile.py; time without events is cut into them, and cases are planted whose parts come in different runs (an
orphan and its parent, an attempt and its retry, …): Plants says which.
"""

from __future__ import annotations

import datetime as dt
import itertools
import random
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import duckdb
import hostile
import oracle
from hostile import DAY, HOUR, MICROSECOND, MINUTE, Row, Tables
from made_events import DEFAULTS

CHILDREN = [table for table in DEFAULTS if table != "case_triggers"]
GAPS = [MICROSECOND, 30 * MINUTE, 5 * HOUR, DAY, 3 * DAY, 10 * DAY, 40 * DAY]


class Run(NamedTuple):
    """One build: what it is about, its moment, all rows of the files at that time, those that were not there before, and whether
    any of those lies behind how far the run before read its table."""

    kind: str
    as_of: dt.datetime | None
    events: Tables
    new: Tables
    is_late: bool


class Split(NamedTuple):
    """A sequence of runs. way: 'grown' (no var; rows come with their moment), 'asked' (the same with the var `as_of`, later
    than the rows), 'whole' (all rows are there from the start, most of them later than `as_of`)."""

    seed: int
    way: str
    runs: list[Run]
    reference: Tables
    variables: Row

    def variables_of(self, run: Run) -> Row:
        """The dbt vars of a run, without paths."""
        return self.variables if self.way == "grown" else {**self.variables, "as_of": run.as_of}

    def expected(self, run: Run) -> Tables:
        """The oracle's tables for a run."""
        return oracle.build(run.events, self.reference, self.variables_of(run))

    def __str__(self) -> str:
        """The seed and the runs, to find a difference by."""
        lines = [f"seed {self.seed}, {self.way}, {self.variables}"]
        for number, run in enumerate(self.runs):
            count = sum(map(len, run.new.values()))
            lines.append(
                f"  run {number} {run.kind}: {run.as_of}, {count} rows{' (late ones too)' if run.is_late else ''}"
            )
        return "\n".join(lines)


def total(tables: Tables) -> int:
    """The number of rows of all tables."""
    return sum(map(len, tables.values()))


# Moments ---------------------------------------------------------------------------------------------------------------


def kinds_of(chance: random.Random, count: int) -> list[str]:
    """What each run is about: `new` brings events, at least twice; `empty` comes before every event; `time` and `again` bring none."""
    kinds = ["empty" if chance.random() < 0.3 and count > 2 else "new"]
    while len(kinds) < count - 1:
        kinds.append(chance.choice(["new", "new", "new", "time", "again"]))
    kinds.append("new" if kinds.count("new") < 2 else chance.choice(["new", "time", "again"]))
    if kinds.count("new") < 2:
        return kinds_of(chance, count)
    return kinds


def cut(chance: random.Random, events: Tables, kinds: list[str], edge: dt.datetime | None) -> list[dt.datetime]:
    """The moments of the runs. Before a run without events, all later rows are loaded later, so that there is time for it.

    edge: the moment round which hostile events were made; one of the moments, where there is room.
    """
    loads = sorted({row["loaded_at"] for rows in events.values() for row in rows if row["loaded_at"] is not None})
    wanted = kinds.count("new")
    points = {edge} if edge is not None and loads[0] < edge else set()
    if points and wanted > 2 and chance.random() < 0.5:
        points.add(edge - MICROSECOND)
    while len(points) < wanted:
        points.add(chance.choice(loads[len(loads) // 5 :]) + chance.choice([0 * HOUR, 0 * HOUR, -MICROSECOND, HOUR]))
    ordered = iter(sorted(points))

    gaps: list[tuple[dt.datetime, dt.timedelta]] = []
    moments: list[dt.datetime] = []
    last, waited = None, 0 * HOUR
    for kind in kinds:
        if kind == "empty":
            moments.append(loads[0] - DAY)
        elif kind == "new":
            last = next(ordered)
            moments.append(last + waited)
        elif kind == "time" and last is not None:
            gap = chance.choice(GAPS)
            gaps.append((last, gap))
            waited += gap
            moments.append(last + waited)
        else:
            moments.append(moments[-1])
    for rows in events.values():
        for row in rows:
            if row["loaded_at"] is not None:
                row["loaded_at"] += sum((gap for point, gap in gaps if row["loaded_at"] > point), 0 * HOUR)
    return moments


# Planted cases ---------------------------------------------------------------------------------------------------------


class Plants:
    """Cases whose events come in different runs: a first part in one run, a second in a later one, a third then or later."""

    def __init__(
        self,
        chance: random.Random,
        moments: list[dt.datetime],
        kinds: list[str],
        workflows: list[Row],
        timeout: dt.timedelta,
    ) -> None:
        self.chance = chance
        self.moments = moments
        self.runs = [number for number, kind in enumerate(kinds) if kind == "new"]
        self.workflows = workflows
        self.names = [row["workflow"] for row in workflows]
        self.timeout = timeout
        self.events: Tables = {table: [] for table in DEFAULTS}
        self.count = 0
        self.months_of_costs: list[dt.datetime] = []

    def parts(self) -> list[dt.datetime]:
        """Three moments to load at, of two runs or three: often just the moment of the run."""
        first, second = sorted(self.chance.sample(self.runs, 2))
        third = self.chance.choice([number for number in self.runs if number >= second])
        return [self.load(number) for number in (first, second, third)]

    def load(self, number: int) -> dt.datetime:
        """A moment at which rows are loaded for a run."""
        end = self.moments[number]
        begin = max([end - 5 * DAY, *(moment for moment in self.moments[:number] if moment < end)])
        return self.chance.choice([end, begin + MICROSECOND, begin + (end - begin) * self.chance.random()])

    def name(self, kind: str) -> str:
        """A new id."""
        self.count += 1
        return f"{self.chance.choice(hostile.NASTY)}planted {kind}{self.count}"

    def case(self, loaded_at: dt.datetime | None = None, **own: Any) -> str:
        """A new case; without `loaded_at` its trigger is still to come."""
        case_id = self.name("case")
        if loaded_at is not None:
            self.add("case_triggers", case_id, loaded_at, **own)
        return case_id

    def add(self, table: str, case_id: str | None, loaded_at: dt.datetime | None, **own: Any) -> Row:
        """An event, by default of an hour before it was loaded."""
        occurred_at = (loaded_at or self.moments[0]) - HOUR
        row = {"event_id": self.name(table), "case_id": case_id, "occurred_at": occurred_at, "loaded_at": loaded_at}
        row |= dict.fromkeys(hostile.COLUMN_TYPES[table]) | DEFAULTS[table]
        if table == "case_triggers":
            row["workflow"] = self.chance.choice(self.names)
        self.events[table].append({**row, **own})
        return self.events[table][-1]

    def plant(self) -> None:
        """Everything, each in runs of its own choice."""
        for table in CHILDREN:
            self.orphan(table)
        for grow in (
            self.orphans_of_one_case, self.references, self.deliveries, self.triggers, self.writebacks, self.keys,
            self.checks, self.messages, self.payments, self.touches, self.agents, self.evidence, self.months, self.waiting,
            self.moves, self.sharers, self.closures, self.closed_late, self.reversals, self.reversed_late,
        ):  # fmt: skip
            grow(*self.parts())
        for before, now in itertools.pairwise(self.moments):
            if before < now and any(self.moments[number] == before for number in self.runs):
                self.lapse(before, before + min((now - before) / 2, 30 * MINUTE))

    def orphan(self, table: str) -> None:
        """An event whose case is triggered in a later run."""
        first, second, _ = self.parts()
        case_id = self.case()
        if table == "writeback_acks":
            self.add("writeback_attempts", case_id, first)
        self.add(table, case_id, first)
        self.add("case_triggers", case_id, second)

    def orphans_of_one_case(self, first: dt.datetime, second: dt.datetime, third: dt.datetime) -> None:
        """Every kind of event, then a trigger that is refused, then a good delivery of it."""
        case_id = self.case()
        for table in CHILDREN:
            self.add(table, case_id, first)
        good = self.add("case_triggers", case_id, third)
        self.events["case_triggers"].append({**good, "workflow": "no such", "loaded_at": first})

    def references(self, first: dt.datetime, second: dt.datetime, third: dt.datetime) -> None:
        """An acknowledgement before its attempt, a touch before its exception; an exception that is refused at first."""
        case_id = self.case(first)
        self.add("writeback_acks", case_id, first)
        self.add("writeback_attempts", case_id, second, occurred_at=first - 2 * HOUR)
        late = {"event_id": self.name("exception"), "occurred_at": first - 2 * HOUR}
        self.add("agent_touches", case_id, first, exception_id=late["event_id"])
        self.add("exceptions", case_id, second, **late)
        again = self.case(first)
        raised = self.add("exceptions", again, third, occurred_at=first - 2 * HOUR)
        self.events["exceptions"].append({**raised, "loaded_at": first, "reason": ""})
        self.add("agent_touches", again, first, exception_id=raised["event_id"])
        # The attempt is there, its case is not: the acknowledgement waits for both.
        unknown = self.case()
        self.add("writeback_acks", unknown, first)
        self.add("case_triggers", unknown, second)
        self.add("writeback_attempts", unknown, third)

    def deliveries(self, first: dt.datetime, second: dt.datetime, third: dt.datetime) -> None:
        """Events that are delivered again: for another case, with other values, good after bad, for a case after an orphan."""
        one, other, nobody = self.case(first), self.case(first), self.case()
        payment = self.add("payments", one, first, amount=Decimal("10.00"))
        self.events["payments"].append({**payment, "case_id": other, "loaded_at": second})
        self.events["payments"].append({**payment, "amount": Decimal("99.00"), "loaded_at": third})
        bad = self.add("payments", one, first, amount=Decimal("-1.00"))
        self.events["payments"].append({**bad, "case_id": other, "amount": Decimal("7.00"), "loaded_at": second})
        lost = self.add("identity_checks", nobody, first)
        self.events["identity_checks"].append({**lost, "case_id": one, "loaded_at": second})
        trigger = self.add("case_triggers", self.case(), first)
        self.events["case_triggers"].append({**trigger, "case_id": self.case(), "loaded_at": second})

    def triggers(self, first: dt.datetime, second: dt.datetime, third: dt.datetime) -> None:
        """An earlier trigger of a known case: in another week and workflow; a tie; one that is later and only counts."""
        for gap in (0 * HOUR, MICROSECOND, 9 * DAY):
            case_id = self.case(first, workflow=self.names[0])
            known = self.events["case_triggers"][-1]["occurred_at"]
            self.add("writeback_attempts", case_id, first)
            self.add(
                "case_triggers", case_id, second, workflow=self.names[-1], occurred_at=known - gap, product="earlier"
            )
            self.add("case_triggers", case_id, third, occurred_at=known + HOUR / 2)

    def writebacks(self, first: dt.datetime, second: dt.datetime, third: dt.datetime) -> None:
        """A retry of a verified writeback, an attempt before the known first, acknowledgements long after."""
        case_id = self.case(first, occurred_at=first - DAY)
        attempt = {"idempotency_key": self.name("key"), "error_reason": "slow"}
        self.add("writeback_attempts", case_id, first, **attempt)
        self.add(
            "writeback_acks", case_id, first, idempotency_key=attempt["idempotency_key"], occurred_at=first - MINUTE
        )
        self.add("writeback_attempts", case_id, second, **attempt)
        self.add("writeback_attempts", case_id, third, **attempt, occurred_at=first - 2 * HOUR, fields_required=9)
        other = self.case(first)
        self.add("writeback_attempts", other, first, idempotency_key="late")
        for number, loaded_at in enumerate((second, third)):
            self.add("writeback_acks", other, loaded_at, idempotency_key="late", ack_id=f"late{number}")

    def keys(self, first: dt.datetime, second: dt.datetime, third: dt.datetime) -> None:
        """A key that another case uses later: a violation of both."""
        key = self.name("key")
        for loaded_at in (first, second, third):
            self.add("writeback_attempts", self.case(loaded_at), loaded_at, idempotency_key=key)

    def checks(self, first: dt.datetime, second: dt.datetime, third: dt.datetime) -> None:
        """A pass earlier than the known one, a failure before both."""
        case_id = self.case(first, occurred_at=first - 2 * DAY)
        self.add("identity_checks", case_id, first)
        self.add("identity_checks", case_id, second, occurred_at=first - DAY)
        self.add("identity_checks", case_id, third, occurred_at=first - DAY - HOUR, outcome="failed")

    def messages(self, first: dt.datetime, second: dt.datetime, third: dt.datetime) -> None:
        """Delivered before it is known to be sent; the customer acts on it later."""
        case_id = self.case(first)
        self.add("message_events", case_id, first, status="delivered")
        self.add("message_events", case_id, second, occurred_at=first - 2 * HOUR, channel="email", is_fallback=True)
        self.add("action_events", case_id, third, message_id="m", occurred_at=first - HOUR - MINUTE, step="started")

    def payments(self, first: dt.datetime, second: dt.datetime, third: dt.datetime) -> None:
        """A payment and its refund."""
        case_id = self.case(first)
        self.add("payments", case_id, first, amount=Decimal("25.50"))
        self.add("payments", case_id, second, amount=Decimal("25.50"), status="refunded")
        self.add("payments", case_id, third, amount=Decimal("1.25"), flow="agent")

    def touches(self, first: dt.datetime, second: dt.datetime, third: dt.datetime) -> None:
        """Touches of an exception that was closed in an earlier run."""
        case_id = self.case(first)
        raised = self.add("exceptions", case_id, first)["event_id"]
        for loaded_at in (first, second, third):
            at = loaded_at - HOUR
            self.add(
                "agent_touches", case_id, loaded_at, exception_id=raised, ended_at=at + MINUTE, handle_minutes=7 / 3
            )

    def agents(self, first: dt.datetime, second: dt.datetime, third: dt.datetime) -> None:
        """A resolved case that was automated until an agent acts."""
        case_id = self.case(first, occurred_at=first - DAY)
        self.add("message_events", case_id, first, occurred_at=first - DAY)
        self.add("action_events", case_id, first, message_id="m")
        self.add("writeback_attempts", case_id, first, occurred_at=first - HOUR)
        self.add("writeback_acks", case_id, first, occurred_at=first - HOUR)
        self.add("action_events", case_id, second, actor="agent", step="started")
        self.add("writeback_attempts", case_id, third, idempotency_key="second")

    def evidence(self, first: dt.datetime, second: dt.datetime, third: dt.datetime) -> None:
        """Consent and document come after the case is done, as of before."""
        case_id = self.case(first, occurred_at=first - DAY)
        for table in ("action_events", "writeback_attempts", "writeback_acks"):
            self.add(table, case_id, first)
        for kind, loaded_at in (("consent", second), ("document", second), ("identity", third)):
            self.add("evidence_items", case_id, loaded_at, evidence_type=kind, occurred_at=first - DAY)

    def months(self, first: dt.datetime, second: dt.datetime, third: dt.datetime) -> None:
        """Cases of a month that is over, and of the month that runs, which share fixed costs with those of later runs."""
        for loaded_at in (first, second, third):
            for gap in (HOUR, 33 * DAY):
                self.case(loaded_at, occurred_at=first - gap, workflow=self.names[0])

    def waiting(self, first: dt.datetime, second: dt.datetime, third: dt.datetime) -> None:
        """Nothing comes but time: a term, a timeout, a maturity."""
        for table in ("action_events", "writeback_attempts", "exceptions", "message_events"):
            for loaded_at in (first, second):
                self.add(table, self.case(loaded_at), loaded_at)

    def moves(self, first: dt.datetime, second: dt.datetime, third: dt.datetime) -> None:
        """A case whose every clock moves to another week; in both weeks nothing else happens, but for a case that is known."""
        known = monday(first) - 280 * DAY
        for at in (known, known - 28 * DAY):
            case_id = self.case(first, occurred_at=at, workflow=self.names[0])
            self.journey(case_id, first, at, self.add("exceptions", case_id, first, occurred_at=at + HOUR)["event_id"])
        case_id = self.case(first, occurred_at=known, workflow=self.names[0])
        raised = self.add("exceptions", case_id, first, occurred_at=known - 29 * DAY)["event_id"]
        for loaded_at, at in ((first, known), (second, known - 28 * DAY)):
            self.journey(case_id, loaded_at, at, raised)
        self.add("case_triggers", case_id, second, occurred_at=known - 28 * DAY, workflow=self.names[-1])
        # It was first attempted long ago: only time settles it.
        late = {"idempotency_key": self.name("key"), "case_id": self.case(first, occurred_at=known - 56 * DAY)}
        for at in (known - 56 * DAY, first - MINUTE):
            self.add("writeback_attempts", loaded_at=first, occurred_at=at, **late)

    def lapse(self, before: dt.datetime, at: dt.datetime) -> None:
        """Something ends at a moment after that of a run, and nothing else of the case: that it isn't mature, that a writeback may come."""
        for row in self.workflows:
            self.case(before, occurred_at=at - row["maturity_days"] * DAY, workflow=row["workflow"])
        case_id = self.case(before, occurred_at=before - 500 * DAY)
        self.add("action_events", case_id, before, occurred_at=min(at - self.timeout, before))

    def journey(self, case_id: str, loaded_at: dt.datetime, at: dt.datetime, raised: str) -> None:
        """An event of each kind, so that the case is resolved some hours after a moment."""
        self.add("message_events", case_id, loaded_at, occurred_at=at + HOUR)
        self.add("message_events", case_id, loaded_at, occurred_at=at + 2 * HOUR, status="clicked")
        self.add("identity_checks", case_id, loaded_at, occurred_at=at + 2 * HOUR)
        self.add("action_events", case_id, loaded_at, occurred_at=at + 3 * HOUR, message_id="m")
        self.add("writeback_attempts", case_id, loaded_at, occurred_at=at + 3 * HOUR)
        self.add("writeback_acks", case_id, loaded_at, occurred_at=at + 4 * HOUR)
        self.add(
            "agent_touches", case_id, loaded_at, occurred_at=at + HOUR, ended_at=at + 2 * HOUR, exception_id=raised
        )

    def sharers(self, first: dt.datetime, second: dt.datetime, third: dt.datetime) -> None:
        """A case of a month in which other weeks have a case already: they share its fixed costs."""
        month = (first - 420 * DAY).replace(day=1)
        self.months_of_costs.append(month)
        for loaded_at, days in ((first, 3), (first, 25), (second, 13)):
            self.case(loaded_at, occurred_at=month + days * DAY)

    def closures(self, first: dt.datetime, second: dt.datetime, third: dt.datetime) -> None:
        """A case is completed and overdue, is closed, and reopened: each is known in another run. Another is resolved after all."""
        case_id = self.case(first, occurred_at=first - 90 * DAY)
        self.add("action_events", case_id, first, occurred_at=first - 80 * DAY)
        self.add("case_closures", case_id, second)
        self.add("case_closures", case_id, third, kind="reopened", reason=None, actor="agent", occurred_at=second)
        resolved = self.case(first, occurred_at=first - DAY)
        self.add("case_closures", resolved, first)
        self.add("action_events", resolved, second)
        self.add("writeback_attempts", resolved, second)
        self.add("writeback_acks", resolved, third)

    def closed_late(self, first: dt.datetime, second: dt.datetime, third: dt.datetime) -> None:
        """What is known of a closing comes late: that it was in time, of a case that is breached; that it came before a reopening; that it
        came before the trigger."""
        breached = self.case(first, occurred_at=first - 200 * DAY)
        self.add("case_closures", breached, second, occurred_at=first - 200 * DAY + MINUTE, reason="expired")
        reopened = self.case(first, occurred_at=first - 3 * DAY)
        self.add("case_closures", reopened, first, kind="reopened", reason=None)
        self.add("case_closures", reopened, second, occurred_at=first - 2 * DAY)
        self.add("case_closures", reopened, third, reason=None, actor="system")
        early = self.case(first)
        self.add("case_closures", early, third, occurred_at=first - 10 * DAY)

    def reversals(self, first: dt.datetime, second: dt.datetime, third: dt.datetime) -> None:
        """A resolution is undone, and the record persisted again: the case leaves its week and comes back in another."""
        case_id = self.case(first, occurred_at=first - 10 * DAY)
        self.journey(case_id, first, first - 9 * DAY, self.add("exceptions", case_id, first)["event_id"])
        self.add("writeback_acks", case_id, second, occurred_at=first - DAY, outcome="reversed", fields_persisted=None)
        self.add("writeback_acks", case_id, third, ack_id="again")

    def reversed_late(self, first: dt.datetime, second: dt.datetime, third: dt.datetime) -> None:
        """A reversal is known before what it undoes; one comes between two known acknowledgements, which then are no double write."""
        undone = self.case(first, occurred_at=first - DAY)
        self.add("writeback_attempts", undone, first, occurred_at=first - 3 * HOUR)
        self.add("writeback_acks", undone, first, outcome="reversed")
        self.add("writeback_acks", undone, second, occurred_at=first - 2 * HOUR)
        twice = self.case(first, occurred_at=first - 30 * DAY)
        self.add("action_events", twice, first, occurred_at=first - 29 * DAY)
        self.add("writeback_attempts", twice, first, occurred_at=first - 29 * DAY)
        for number, days in enumerate((28, 14)):
            self.add("writeback_acks", twice, first, occurred_at=first - days * DAY, ack_id=f"double{number}")
        self.add("writeback_acks", twice, third, occurred_at=first - 21 * DAY, outcome="reversed")

    def nameless(self, moment: dt.datetime) -> None:
        """A row that is quarantined, of a known case: it only moves the greatest `loaded_at`."""
        known = self.chance.choice(self.events["case_triggers"])["case_id"]
        self.add(self.chance.choice(CHILDREN), known, moment, event_id=None)


def monday(moment: dt.datetime) -> dt.datetime:
    """The Monday of a moment's week, at noon."""
    return moment.replace(hour=12, minute=0, second=0, microsecond=0) - moment.weekday() * DAY


def fixed_costs(moments: list[dt.datetime], further: list[dt.datetime], zone: ZoneInfo, currency: str) -> list[Row]:
    """Costs that all cases of a month share, for every month of the split and the two before, and further ones."""
    first, last = min(moments) - 40 * DAY, max(moments) + DAY
    days = [*(first + number * DAY for number in range((last - first) // DAY + 1)), *(day + 3 * DAY for day in further)]
    months = {day.replace(tzinfo=dt.UTC).astimezone(zone).date().replace(day=1) for day in days}
    shared = {"category": "platform", "workflow": None, "amount": Decimal("930.00"), "currency": currency}
    return [{"month": month, **shared} for month in sorted(months)]


# Splits ----------------------------------------------------------------------------------------------------------------


def make_split(
    seed: int, way: str | None = None, kinds: list[str] | None = None, late: bool | None = None, cases: int = 25
) -> Split:
    """A split of a seed. What is not given is drawn: way, kinds (2 to 20 runs), late (rows that miss their run)."""
    chance = random.Random(f"split {seed}")
    # A sentinel is loaded after the last run, and the runs' moments are drawn from what is loaded.
    events, reference, variables = hostile.hostile_events(seed, cases=cases, with_bounds=False)
    edge = variables.pop("as_of", None)
    # Planted events happen some weeks before the first run.
    variables.pop("history_start", None)
    drawn = chance.choice(["grown", "grown", "asked", "whole"])
    way = way or drawn
    drawn_kinds = kinds_of(chance, chance.choice([2, 3, 4, 5, 6, 8, 12, 20]))
    kinds = kinds or drawn_kinds
    drawn_late = way != "whole" and chance.random() < 0.3
    late = drawn_late if late is None else late

    moments = cut(chance, events, kinds, edge)
    currency = variables.get("reporting_currency", "USD")
    timeout = variables.get("writeback_timeout_minutes", 60) * MINUTE
    plants = Plants(chance, moments, kinds, reference["workflows"][:-1], timeout)
    plants.plant()
    zone = ZoneInfo(variables["reporting_timezone"])
    reference["fixed_costs"] += fixed_costs(moments, plants.months_of_costs, zone, currency)
    for payment in plants.events["payments"]:
        payment["currency"] = currency
    if way == "grown":
        # Without the var, a run's moment is that of its last row.
        for moment, kind in zip(moments, kinds, strict=True):
            if kind != "empty":
                plants.nameless(moment)
    for _ in range(2):
        plants.add(chance.choice(CHILDREN), plants.events["case_triggers"][0]["case_id"], None)
    for table, rows in plants.events.items():
        events[table] += rows
        chance.shuffle(events[table])
    return Split(seed, way, arrange(chance, events, moments, kinds, way, late), reference, variables)


def arrange(
    chance: random.Random, events: Tables, moments: list[dt.datetime], kinds: list[str], way: str, late: bool
) -> list[Run]:
    """The runs: which rows are in the files by when. Rows without `loaded_at` come with any run."""
    count = len(moments)
    arrival: dict[int, int] = {}
    bringing = [number for number, kind in enumerate(kinds) if kind == "new"]
    for rows in events.values():
        for row in rows:
            if way == "whole":
                arrival[id(row)] = 0
            elif row["loaded_at"] is None:
                arrival[id(row)] = chance.randrange(count)
            else:
                arrival[id(row)] = next((n for n in range(count) if row["loaded_at"] <= moments[n]), count)
    if late:
        # The rows of the moment itself come late too, and deliveries before those that are known.
        last = chance.choice(bringing[1:])
        missed = [row for rows in events.values() for row in rows if arrival[id(row)] < last and row["loaded_at"]]
        for row in chance.sample(missed, min(9, len(missed))):
            arrival[id(row)] = last
    runs: list[Run] = []
    for number, kind in enumerate(kinds):
        there = {table: [row for row in rows if arrival[id(row)] <= number] for table, rows in events.items()}
        new = {table: [row for row in rows if arrival[id(row)] == number] for table, rows in events.items()}
        as_of = oracle.default_as_of(there) if way == "grown" else moments[number]
        is_late = bool(runs) and any(
            row["loaded_at"] is not None and row["loaded_at"] <= mark
            for table, mark in watermarks(runs[-1]).items()
            for row in new[table]
        )
        runs.append(Run(kind, as_of, there, new, is_late))
    return runs


def watermarks(run: Run) -> dict[str, dt.datetime]:
    """Up to which loaded_at a run read each table; none of a table without a row that it saw."""
    seen = {
        table: [row["loaded_at"] for row in rows if row["loaded_at"] and is_visible(row, run)]
        for table, rows in run.events.items()
    }
    return {table: max(loads) for table, loads in seen.items() if loads}


def is_visible(row: Row, run: Run) -> bool:
    """Whether a run sees a row."""
    return row["loaded_at"] is None or (run.as_of is not None and row["loaded_at"] <= run.as_of)


# Files -----------------------------------------------------------------------------------------------------------------


class Files:
    """A folder of Parquet files that grows: a table is one file that is replaced, or parts, of which some grow too."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self.folder = folder
        self.chance = chance
        self.forms = {
            table: chance.choice(["file", "parts", "parts", "growing part"]) for table in hostile.COLUMN_TYPES
        }
        self.runs = 0

    def add(self, rows: Tables) -> None:
        """Lay the rows of a run down. A table without any row has no file at first, but for one: a folder may not be empty."""
        written = self.folder.parent / "written"
        hostile.write_parquet(rows, str(written))
        self.runs += 1
        for table, form in self.forms.items():
            place = self.folder / table
            if not rows[table] and not (table == "case_triggers" and self.runs == 1):
                continue
            # The names say nothing about the order.
            name = {"file": f"{table}.parquet", "growing part": f"{table}/part.parquet"}.get(
                form, f"{table}/{self.chance.randrange(10**9)}/{99 - self.runs}.parquet"
            )
            target = self.folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            merge([*([target] if target.exists() else []), written / f"{table}.parquet"], target)
            parts = list(place.rglob("*.parquet"))
            if form == "parts" and len(parts) > 1 and self.chance.random() < 0.2:
                merge(parts, place / "all.parquet")
                for part in parts:
                    if part != place / "all.parquet":
                        part.unlink()


def merge(parts: list[Path], target: Path) -> None:
    """Write the rows of some Parquet files to one, which may be one of them."""
    temporary = target.with_suffix(".tmp")
    names = ", ".join(f"'{part}'" for part in parts)
    with duckdb.connect() as connection:
        connection.execute(f"copy (from read_parquet([{names}])) to '{temporary}' (format parquet)")
    temporary.rename(target)
