"""Case journeys and headline KPIs from the raw Parquet in pandas, in memory: EVENTS REFERENCE AS_OF OUT.

What an engineer would write by hand instead of the project, see duckdb.sql. Texts stay in Arrow's memory; everything goes by whole
columns, and the first row of a group is found by one sort rather than by a function per group.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from scripts.bench.rivals.contract import ALLOWED

TIES = ["occurred_at", "event_id"]
NOT_BLANK = {
    "message_events": ["message_id"],
    "writeback_attempts": ["idempotency_key", "target_system"],
    "writeback_acks": ["idempotency_key", "ack_id"],
    "exceptions": ["reason"],
    "agent_touches": ["agent_ref"],
    "payments": ["payment_id"],
}
AT_LEAST = {
    "writeback_attempts": {"attempt_number": 1, "fields_required": 0},
    "writeback_acks": {"fields_persisted": 0},
    "agent_touches": {"handle_minutes": 0, "wrap_up_minutes": 0, "logins": 0, "handoffs": 0},
    "payments": {"amount": 0},
}
SET = {"message_events": ["is_fallback"], "exceptions": ["has_context"], "evidence_items": ["is_valid"]}
ATTRIBUTES = [
    "product",
    "customer_ref",
    "segment",
    "tenure_band",
    "overdue_bucket",
    "risk_tier",
    "contact_preference",
    "source_system",
]


class Reference:
    """The reference tables, by day where they depend on it."""

    def __init__(self, folder: Path, as_of: pd.Timestamp) -> None:
        def table(name: str, *dates: str) -> pd.DataFrame:
            return pd.read_csv(folder / f"{name}.csv", parse_dates=list(dates))

        self.workflows = table("workflows")
        self.holidays = table("business_holidays", "holiday_date")["holiday_date"].to_numpy("datetime64[D]")
        days = pd.DataFrame({"day": pd.date_range("2014-12-01", as_of.normalize() + pd.Timedelta(days=200))})
        given = table("fx_rates", "valid_from")
        self.first_rates = given.groupby("currency")["valid_from"].min()
        self.first_rates["USD"] = pd.Timestamp.min
        others = days.merge(given[given["currency"] != "USD"], how="cross").query("valid_from <= day")
        others = others.sort_values("valid_from").drop_duplicates(["day", "currency"], keep="last")
        columns = ["day", "currency", "rate"]
        self.fx = pd.concat([days.assign(currency="USD", rate=1.0)[columns], others[columns]], ignore_index=True)
        channels = [("messaging", channel) for channel in ALLOWED["message_events"]["channel"]]
        served = pd.DataFrame([*channels, ("agent", ""), ("platform", "")], columns=["category", "served"])
        card = table("cost_rates", "valid_from", "valid_to").merge(days, how="cross").merge(self.fx)
        card = card[(card["valid_from"] <= card["day"]) & ((card["day"] < card["valid_to"]) | card["valid_to"].isna())]
        card = card.merge(served, on="category")
        card = card[card["channel"].isna() | (card["channel"] == card["served"])]
        card["price"] = card["amount"] * card["rate"]
        card = card.assign(is_general=card["channel"].isna()).sort_values(
            ["is_general", "valid_from", "amount"], ascending=[True, False, True]
        )
        key = ["day", "category", "served"]
        self.rates = card.drop_duplicates(key)[[*key, "price"]].rename(columns={"served": "channel"})
        fixed = table("fixed_costs", "month").merge(
            self.fx, left_on=["month", "currency"], right_on=["day", "currency"]
        )
        ends = fixed["month"] + pd.offsets.MonthBegin(1)
        share = ((as_of - fixed["month"]) / (ends - fixed["month"])).clip(0, 1)
        fixed["accrued"] = fixed["amount"] * fixed["rate"] * share
        self.fixed_costs = fixed[["month", "workflow", "accrued"]]


class Events:
    """The sound rows of each table, every event once."""

    def __init__(self, folder: Path, reference: Reference, as_of: pd.Timestamp) -> None:
        self.folder, self.reference, self.as_of = folder, reference, as_of

    def kept(self, table: str, *columns: str) -> pd.DataFrame:
        """The rows of a table that are sound, without repeated deliveries. columns: what is needed of them."""
        rules = [*ALLOWED.get(table, {}), *NOT_BLANK.get(table, []), *AT_LEAST.get(table, {}), *SET.get(table, [])]
        read = list(dict.fromkeys(["event_id", "case_id", "occurred_at", "loaded_at", *columns, *rules]))
        rows = pd.read_parquet(self.folder / f"{table}.parquet", columns=read, dtype_backend="pyarrow")
        for column in ("occurred_at", "loaded_at", "ended_at"):
            if column in rows:
                rows[column] = rows[column].astype("datetime64[us]")
        latest = rows["loaded_at"] + pd.Timedelta(minutes=5)
        sound = (rows["loaded_at"] <= self.as_of) & (rows["occurred_at"] <= latest)
        sound &= rows["occurred_at"] >= pd.Timestamp("2015-01-01")
        for column in ["event_id", "case_id", *NOT_BLANK.get(table, [])]:
            sound &= (rows[column] != "").fillna(False)
        for column, values in ALLOWED.get(table, {}).items():
            sound &= rows[column].isin(values)
        for column, least in AT_LEAST.get(table, {}).items():
            sound &= (rows[column] >= least).fillna(False)
        for column in SET.get(table, []):
            sound &= rows[column].notna()
        if table == "case_triggers":
            sound &= rows["workflow"].isin(self.reference.workflows["workflow"])
        if table == "agent_touches":
            sound &= rows["ended_at"].isna() | (
                (rows["ended_at"] <= latest) & (rows["ended_at"] >= rows["occurred_at"])
            )
            sound &= np.isfinite(rows["handle_minutes"] + rows["wrap_up_minutes"]).fillna(False)
        if table == "payments":
            first = rows["currency"].map(self.reference.first_rates)
            sound &= (rows["occurred_at"] >= first.astype("datetime64[us]")).fillna(False)
        rows = rows[sound.astype(bool)]
        # Repeated deliveries are few: only they are ranked.
        again = rows["event_id"].duplicated(keep=False)
        ranked = rows[again].sort_values(["loaded_at", "occurred_at", "case_id"]).drop_duplicates("event_id")
        wanted = list(dict.fromkeys(["event_id", "case_id", "occurred_at", *columns]))
        return pd.concat([rows.loc[~again, wanted], ranked[wanted]], ignore_index=True)


def first_of(rows: pd.DataFrame, key: list[str], ties: list[str] = TIES) -> pd.DataFrame:
    """The first row of each group. Groups of one need no order, which spares most of the sort."""
    several = rows.duplicated(key, keep=False)
    return pd.concat([rows[~several], rows[several].sort_values(ties).drop_duplicates(key)])


def earliest(rows: pd.DataFrame, where: pd.Series, name: str, key: str = "case_id") -> pd.Series:
    return rows[where.astype(bool)].groupby(key)["occurred_at"].min().rename(name)


def open_cases(events: Events, reference: Reference) -> pd.DataFrame:
    """One row per case, as its earliest trigger opened it."""
    triggers = events.kept("case_triggers", "workflow", *ATTRIBUTES)
    cases = first_of(triggers, ["case_id"]).rename(columns={"occurred_at": "triggered_at"})
    cases["trigger_count"] = cases["case_id"].map(triggers["case_id"].value_counts()).astype("int64")
    for attribute in ATTRIBUTES:
        cases[attribute] = cases[attribute].mask((cases[attribute] == "").fillna(False))
    cases = cases.drop(columns="event_id").merge(reference.workflows, on="workflow")
    hours = cases["sla_value"] * cases["sla_unit"].map({"hours": 1, "days": 24, "business_days": 0})
    cases["due_at"] = cases["triggered_at"] + pd.to_timedelta(hours, unit="h").astype("timedelta64[us]")
    by_business_day = cases["sla_unit"] == "business_days"
    begun = cases.loc[by_business_day, "triggered_at"].to_numpy("datetime64[D]")
    # Rolled back first: a Saturday's first business day is the Monday after it.
    last = np.busday_offset(
        begun,
        cases.loc[by_business_day, "sla_value"].to_numpy("int64"),
        roll="backward",
        holidays=reference.holidays,
    )
    cases.loc[by_business_day, "due_at"] = (last + 1).astype("datetime64[us]")
    maturity = pd.to_timedelta(cases["maturity_days"], unit="D").astype("timedelta64[us]")
    cases["is_mature"] = cases["triggered_at"] + maturity <= events.as_of
    return cases


def assemble_messages(events: Events, actions: pd.DataFrame) -> pd.DataFrame:
    """One row per message."""
    key = ["case_id", "message_id"]
    rows = events.kept("message_events", "message_id", "channel", "status", "is_fallback")
    messages = rows[key].drop_duplicates()
    first = first_of(rows[rows["status"] == "sent"], key).rename(
        columns={"occurred_at": "sent_at", "event_id": "sent_event_id"}
    )
    messages = messages.merge(first.drop(columns="status"), on=key, how="left")
    seen = rows[rows["status"].isin(["delivered", "opened", "clicked"])].groupby(key)["occurred_at"].min()
    messages = messages.merge(seen.rename("delivered_at").reset_index(), on=key, how="left")
    started = actions[(actions["actor"] == "customer") & (actions["message_id"] != "").fillna(False)]
    started = started.groupby(key)["occurred_at"].min().rename("action_started_at").reset_index()
    messages = messages.merge(started, on=key, how="left")
    messages["delivered_at"] = messages[["delivered_at", "action_started_at"]].min(axis=1)
    return messages


def count_checks(events: Events) -> pd.DataFrame:
    """One row per identity check up to and including the first that its case passed."""
    checks = events.kept("identity_checks", "outcome").sort_values(["case_id", *TIES])
    checks["is_pass"] = (checks["outcome"] == "passed").astype(bool)
    passes = checks.groupby("case_id", sort=False)["is_pass"].cumsum()
    return checks[passes - checks["is_pass"].astype("int64") == 0]


def verify_writebacks(events: Events) -> pd.DataFrame:
    """One row per logical writeback."""
    key = ["case_id", "idempotency_key"]
    attempts = events.kept("writeback_attempts", "idempotency_key", "fields_required")
    writebacks = first_of(attempts, key).rename(columns={"occurred_at": "first_attempted_at"}).drop(columns="event_id")
    over_all = attempts.groupby(key)["occurred_at"].agg(attempt_count="count", last_attempted_at="max").reset_index()
    writebacks = writebacks.merge(over_all, on=key)
    acks = events.kept("writeback_acks", "idempotency_key", "outcome", "fields_persisted")
    acks = acks[acks["outcome"] == "persisted"].merge(writebacks, on=key)
    enough = (acks["occurred_at"] >= acks["first_attempted_at"]) & (acks["fields_persisted"] >= acks["fields_required"])
    verified = acks[enough.astype(bool)].groupby(key)["occurred_at"].min().rename("verified_at").reset_index()
    writebacks = writebacks.merge(verified, on=key, how="left")
    timed_out = writebacks["last_attempted_at"] + pd.Timedelta(minutes=60) <= events.as_of
    writebacks["is_settled"] = writebacks["verified_at"].notna() | timed_out
    writebacks["is_verified"] = writebacks["verified_at"].notna()
    return writebacks


def accept_touches(events: Events, raised: pd.DataFrame) -> pd.DataFrame:
    """One row per agent touch that names no exception, or one of its case."""
    touches = events.kept("agent_touches", "exception_id", "ended_at", "outcome", "handle_minutes", "wrap_up_minutes")
    touches["exception_id"] = touches["exception_id"].mask((touches["exception_id"] == "").fillna(False))
    touches["minutes"] = touches["handle_minutes"] + touches["wrap_up_minutes"]
    parents = raised[["case_id", "event_id"]].rename(columns={"event_id": "exception_id"}).assign(is_known=True)
    touches = touches.merge(parents, on=["case_id", "exception_id"], how="left")
    return touches[touches["exception_id"].isna() | touches["is_known"].notna()]


def follow_cases(
    events: Events, reference: Reference, units: dict[str, pd.DataFrame], actions: pd.DataFrame
) -> pd.DataFrame:
    """One row per case: its journey."""
    sent = units["messages"][units["messages"]["sent_at"].notna()]
    sent = sent.assign(
        is_quiet=(sent["sent_at"].dt.hour >= 21) | (sent["sent_at"].dt.hour < 8),
        is_fallback=sent["is_fallback"].astype(bool),
    )
    contacted = sent.groupby("case_id").agg(
        first_sent_at=("sent_at", "min"),
        message_count=("sent_at", "size"),
        fallback_message_count=("is_fallback", "sum"),
        is_quiet_hours_contact=("is_quiet", "any"),
    )
    entry = first_of(sent, ["case_id"], ["sent_at", "sent_event_id"]).set_index("case_id")["channel"]
    checks = units["checks"]
    customers = actions[actions["actor"] == "customer"]
    writebacks = (
        units["writebacks"]
        .groupby("case_id")
        .agg(
            writeback_count=("is_verified", "size"),
            verified_writeback_count=("is_verified", "sum"),
            settled_writeback_count=("is_settled", "sum"),
            greatest_attempt_count=("attempt_count", "max"),
            last_verified_at=("verified_at", "max"),
        )
    )
    all_verified = writebacks["writeback_count"] == writebacks["verified_writeback_count"]
    writebacks["resolved_at"] = writebacks.pop("last_verified_at").where(all_verified)
    touches = units["touches"].groupby("case_id")["minutes"].agg(agent_touch_count="size", agent_minutes="sum")
    evidence = events.kept("evidence_items", "evidence_type", "is_valid")
    evidence = evidence[evidence["is_valid"].astype(bool)]
    payments = events.kept("payments", "flow", "status", "amount", "currency")
    payments = payments[payments["status"] != "failed"]
    payments = payments.assign(day=payments["occurred_at"].dt.normalize()).merge(reference.fx, on=["day", "currency"])
    is_automated_flow = (payments["flow"] == "automated").astype(bool)
    sign = np.where(payments["status"] == "refunded", -1.0, 1.0)
    payments["net_collected"] = payments["amount"].astype("float64") * payments["rate"] * sign
    payments["net_collected_automated"] = payments["net_collected"].where(is_automated_flow, 0.0)
    payments["has_automated_payment"] = is_automated_flow & (payments["status"] == "succeeded").astype(bool)
    paid = payments.groupby("case_id").agg(
        net_collected=("net_collected", "sum"),
        net_collected_automated=("net_collected_automated", "sum"),
        has_automated_payment=("has_automated_payment", "any"),
    )
    cases = units["opened"].set_index("case_id")
    for part in (
        contacted,
        entry.rename("entry_channel"),
        checks.groupby("case_id").size().rename("identity_attempt_count"),
        earliest(checks, checks["is_pass"], "identity_passed_at"),
        earliest(actions, actions["actor"] == "customer", "action_started_at"),
        earliest(customers, customers["step"] == "completed", "action_completed_at"),
        earliest(customers, customers["action"] == "pay", "first_pay_action_at"),
        earliest(actions, actions["actor"] == "agent", "agent_acted_at"),
        writebacks,
        units["raised"].groupby("case_id").size().rename("exception_count"),
        touches,
        earliest(evidence, evidence["evidence_type"] == "consent", "consent_at"),
        earliest(evidence, evidence["evidence_type"] == "identity", "identity_evidence_at"),
        earliest(evidence, evidence["evidence_type"] == "document", "document_at"),
        paid,
    ):
        cases = cases.join(part)
    for count in [column for column in cases if column.endswith("_count")]:
        cases[count] = cases[count].fillna(0).astype("int64")
    for total in ("agent_minutes", "net_collected", "net_collected_automated"):
        cases[total] = cases[total].astype("float64").fillna(0.0)
    for flag in ("has_automated_payment", "is_quiet_hours_contact"):
        cases[flag] = cases[flag].eq(True)
    cases["is_initiated"] = cases["first_sent_at"].notna()
    cases["is_completed_in_message"] = cases["action_completed_at"].notna()
    cases["is_resolved"] = cases["resolved_at"].notna()
    cases["is_agent_touched"] = (cases["agent_touch_count"] > 0) | cases["agent_acted_at"].notna()
    cases["is_automated"] = cases["is_resolved"] & ~cases["is_agent_touched"]
    cases["is_straight_through"] = (
        cases["is_automated"] & (cases["exception_count"] == 0) & (cases["greatest_attempt_count"] == 1)
    )
    elapsed = cases["resolved_at"] - cases["triggered_at"]
    cases["resolution_minutes"] = (elapsed / pd.Timedelta(minutes=1)).where(elapsed >= pd.Timedelta(0))
    cases["is_due"] = cases["due_at"] <= events.as_of
    cases["is_resolved_on_time"] = cases["resolved_at"] <= cases["due_at"]
    cases["is_time_breach"] = cases["is_due"] & ~cases["is_resolved_on_time"]
    cases["has_consent_by_completion"] = cases["consent_at"] <= cases["action_completed_at"]
    cases["has_document_by_resolution"] = cases["document_at"] <= cases["resolved_at"]
    completed = cases["is_completed_in_message"]
    identified = cases["identity_passed_at"] <= cases["action_completed_at"]
    cases["is_consent_missing"] = cases["requires_consent"] & completed & ~cases["has_consent_by_completion"]
    cases["is_identity_missing"] = cases["requires_identity"] & completed & ~identified
    cases["is_document_missing"] = (
        cases["requires_document"] & cases["is_resolved"] & ~cases["has_document_by_resolution"]
    )
    cases["is_policy_breach"] = (
        cases["is_quiet_hours_contact"]
        | cases["is_consent_missing"]
        | cases["is_identity_missing"]
        | cases["is_document_missing"]
    )
    cases["is_sla_breached"] = cases["is_due"] & (cases["is_time_breach"] | cases["is_policy_breach"])
    cases["is_evidence_complete"] = (
        (~cases["requires_consent"] | cases["consent_at"].notna())
        & (~cases["requires_identity"] | cases["identity_evidence_at"].notna())
        & (~cases["requires_document"] | cases["document_at"].notna())
    )
    cases["stage"] = np.select(
        [
            cases["is_resolved"],
            completed,
            cases["action_started_at"].notna(),
            cases["identity_passed_at"].notna(),
        ],
        ["writeback_succeeded", "action_completed", "action_started", "identity_passed"],
        "triggered",
    )
    unused = {"requires_identity", "greatest_attempt_count", "agent_acted_at"}
    unused |= {"consent_at", "identity_evidence_at", "document_at"}
    unused |= set(reference.workflows.columns) - {
        "workflow",
        "requires_consent",
        "requires_document",
        "collects_payment",
    }
    return cases.drop(columns=list(unused)).reset_index()


def part(units: pd.DataFrame, clock: str, kpi: str, numerator: pd.Series | None, weight: int = 1) -> pd.DataFrame:
    """Numerator and denominator per day and workflow of one KPI."""
    counted = pd.DataFrame(
        {
            "day": units[clock].dt.normalize(),
            "workflow": units["workflow"],
            "numerator": 0.0 if numerator is None else numerator.astype("float64"),
            "denominator": weight,
        }
    )
    return counted.groupby(["day", "workflow"], as_index=False).sum().assign(kpi_id=kpi)


def charges(reference: Reference, units: dict[str, pd.DataFrame], journeys: pd.DataFrame) -> list[pd.DataFrame]:
    """What happened on a day × that day's rate; fixed costs by the case."""
    sent = units["messages"][units["messages"]["sent_at"].notna()]
    triggered = journeys.assign(day=journeys["triggered_at"].dt.normalize())
    triggered = triggered.groupby(["day", "workflow"]).size().rename("quantity").reset_index()
    used = pd.concat(
        [
            sent.assign(day=sent["sent_at"].dt.normalize(), category="messaging", quantity=1.0),
            units["touches"].assign(
                day=units["touches"]["occurred_at"].dt.normalize(),
                category="agent",
                channel="",
                quantity=units["touches"]["minutes"].astype("float64"),
            ),
            triggered.assign(category="platform", channel=""),
        ]
    )
    used = used.groupby(["day", "workflow", "category", "channel"], as_index=False)["quantity"].sum()
    used = used.merge(reference.rates, on=["day", "category", "channel"])
    carried = triggered.assign(month=triggered["day"].dt.to_period("M").dt.to_timestamp())
    carried = carried.merge(reference.fixed_costs.reset_index(names="number"), on="month", suffixes=("", "_charged"))
    carried = carried[carried["workflow_charged"].isna() | (carried["workflow"] == carried["workflow_charged"])]
    share = carried["quantity"] / carried.groupby("number")["quantity"].transform("sum")
    cost = {"kpi_id": "cost_per_resolved_case", "denominator": 0}
    return [
        used.assign(numerator=used["quantity"] * used["price"], **cost),
        carried.assign(numerator=carried["accrued"] * share, **cost),
    ]


def measure(reference: Reference, units: dict[str, pd.DataFrame], journeys: pd.DataFrame) -> pd.DataFrame:
    """The headline KPIs per week and workflow, and for (all)."""
    workflows = units["opened"][["case_id", "workflow"]]
    of_cases = {
        name: units[name].merge(workflows, on="case_id")
        for name in ("messages", "writebacks", "checks", "touches", "raised")
    }
    tied = units["touches"][units["touches"]["exception_id"].notna()]
    first = first_of(tied, ["exception_id"]).set_index("exception_id")
    handled = pd.DataFrame(
        {
            "closed_at": first["ended_at"],
            "first_outcome": first["outcome"],
            "touch_count": tied["exception_id"].value_counts(),
        }
    )
    raised = of_cases["raised"].join(handled, on="event_id")
    initiated = journeys[journeys["is_initiated"]]
    resolved = journeys[journeys["is_resolved"]]
    collecting = journeys[journeys["collects_payment"]]
    completed = journeys[journeys["is_completed_in_message"]]
    due = journeys[journeys["is_due"]]
    settled = of_cases["writebacks"][of_cases["writebacks"]["is_settled"]]
    delivered = of_cases["messages"][of_cases["messages"]["delivered_at"].notna()]
    closed = raised[raised["closed_at"].notna()]
    escalated = (raised["touch_count"] == 1) & (raised["first_outcome"] == "resolved").fillna(False)
    contained = initiated["is_completed_in_message"] & ~initiated["is_agent_touched"]
    lines = [
        part(initiated, "triggered_at", "completion_rate", initiated["is_completed_in_message"]),
        part(journeys, "triggered_at", "automated_resolution_rate", journeys["is_automated"]),
        part(collecting, "triggered_at", "payment_recovery_per_1000", 1000 * collecting["net_collected_automated"]),
        part(initiated, "first_sent_at", "containment_rate", contained),
        part(completed, "action_completed_at", "verified_writeback_rate", completed["is_resolved"]),
        part(resolved, "resolved_at", "deflection_rate", resolved["is_automated"]),
        part(resolved, "resolved_at", "sla_on_time_rate", resolved["is_resolved_on_time"]),
        part(resolved, "resolved_at", "cost_per_resolved_case", None),
        part(due, "due_at", "sla_breach_rate", due["is_sla_breached"]),
        part(settled, "first_attempted_at", "writeback_success_rate", settled["is_verified"]),
        part(delivered, "delivered_at", "action_response_rate", delivered["action_started_at"].notna()),
        part(of_cases["checks"], "occurred_at", "identity_pass_rate", of_cases["checks"]["is_pass"]),
        part(raised, "occurred_at", "escalation_success_rate", escalated),
        part(closed, "closed_at", "exception_escape_rate", closed["touch_count"] > 1),
        *charges(reference, of_cases, journeys),
    ]
    daily = pd.concat([line[["day", "workflow", "kpi_id", "numerator", "denominator"]] for line in lines])
    daily["week_start"] = daily["day"] - pd.to_timedelta(daily["day"].dt.weekday, unit="D")
    daily = pd.concat([daily, daily.assign(workflow="(all)")])
    key = ["week_start", "workflow", "kpi_id"]
    rates = daily.groupby(key, as_index=False)[["numerator", "denominator"]].sum()
    rates["value"] = rates["numerator"] / rates["denominator"].where(rates["denominator"] > 0)
    timed = journeys.loc[journeys["resolution_minutes"].notna(), ["resolved_at", "workflow", "resolution_minutes"]]
    day = timed["resolved_at"].dt.normalize()
    timed["week_start"] = day - pd.to_timedelta(day.dt.weekday, unit="D")
    timed = pd.concat([timed, timed.assign(workflow="(all)")])
    groups = timed.groupby(key[:2])["resolution_minutes"]
    percentiles = [
        groups.agg(denominator="size")
        .assign(value=groups.quantile(fraction), kpi_id=kpi, numerator=np.nan)
        .reset_index()
        for kpi, fraction in (("time_to_resolution_median", 0.5), ("time_to_resolution_p90", 0.9))
    ]
    kpis = pd.concat([rates, *percentiles])[[*key, "numerator", "denominator", "value"]]
    return kpis.astype({"numerator": "float64", "denominator": "int64", "value": "float64"})


def main(events_folder: Path, reference_folder: Path, moment: str, out: Path) -> None:
    """Write journeys.parquet and kpis.parquet into the folder `out`."""
    as_of = pd.Timestamp(moment)
    out.mkdir(parents=True, exist_ok=True)
    reference = Reference(reference_folder, as_of)
    events = Events(events_folder, reference, as_of)
    actions = events.kept("action_events", "message_id", "action", "step", "actor")
    raised = events.kept("exceptions")
    units = {
        "opened": open_cases(events, reference),
        "messages": assemble_messages(events, actions),
        "checks": count_checks(events),
        "writebacks": verify_writebacks(events),
        "raised": raised,
        "touches": accept_touches(events, raised),
    }
    journeys = follow_cases(events, reference, units, actions)
    journeys.to_parquet(out / "journeys.parquet", index=False)
    measure(reference, units, journeys).to_parquet(out / "kpis.parquet", index=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], Path(sys.argv[4]))
