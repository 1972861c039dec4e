"""Case journeys and headline KPIs from the raw Parquet in Polars, by its streaming engine: EVENTS REFERENCE AS_OF OUT.

What an engineer would write by hand instead of the project, see duckdb.sql. Frames stay lazy; what several steps read is sunk to
Parquet once.
"""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import Any

import polars as pl
from polars import col, lit, when

from scripts.bench.rivals.contract import ALLOWED

TIES = ("occurred_at", "event_id")
# Further conditions that a sound row fulfils; null counts as not fulfilled.
SOUND = {
    "message_events": (col.message_id != "", col.is_fallback.is_not_null()),
    "writeback_attempts": (
        col.idempotency_key != "",
        col.attempt_number >= 1,
        col.target_system != "",
        col.fields_required >= 0,
    ),
    "writeback_acks": (col.idempotency_key != "", col.ack_id != "", col.fields_persisted >= 0),
    "exceptions": (col.reason != "", col.has_context.is_not_null()),
    "agent_touches": (
        col.agent_ref != "",
        (col.ended_at <= col.loaded_at + pl.duration(minutes=5)).fill_null(True),
        (col.ended_at >= col.occurred_at).fill_null(True),
        col.handle_minutes.is_between(0, 1e300),
        col.wrap_up_minutes.is_between(0, 1e300),
        col.logins >= 0,
        col.handoffs >= 0,
    ),
    "evidence_items": (col.is_valid.is_not_null(),),
    "payments": (col.payment_id != "", col.amount >= 0),
}
TABLES = ["case_triggers", "identity_checks", "action_events", "exceptions", *SOUND]


class Reference:
    """The reference tables, by day where they depend on it."""

    def __init__(self, folder: Path, as_of: dt.datetime) -> None:
        def table(name: str) -> pl.DataFrame:
            return pl.read_csv(folder / f"{name}.csv", try_parse_dates=True)

        self.workflows = table("workflows")
        holidays = table("business_holidays")["holiday_date"].implode()
        self.days = pl.DataFrame(
            {"day": pl.date_range(dt.date(2014, 12, 1), as_of.date() + dt.timedelta(days=200), eager=True)}
        )
        business = self.days.filter(col.day.dt.weekday() <= 5, ~col.day.is_in(holidays)).with_row_index("number", 1)
        numbered = self.days.join_asof(business.with_columns(last=col.day), on="day").with_columns(
            col.number.fill_null(0)
        )
        terms = self.workflows.filter(col.sla_unit == "business_days").select("sla_value").unique()
        self.due = (
            numbered.join(terms, how="cross")
            .select("day", "sla_value", number=(col.number + col.sla_value).cast(pl.UInt32))
            .join(business.rename({"day": "due"}), on="number")
            .select("day", "sla_value", business_due_at=(col.due + pl.duration(days=1)).cast(pl.Datetime("us")))
        )
        given = table("fx_rates").sort("currency", "valid_from")
        self.first_rates = given.group_by("currency").agg(first_rate=col.valid_from.min())
        usd = self.days.select("day", currency=lit("USD"), rate=lit(1.0))
        self.fx = pl.concat(
            [
                usd,
                self.days.join(given.filter(col.currency != "USD"), how="cross")
                .filter(col.valid_from <= col.day)
                .group_by("day", "currency")
                .agg(rate=col.rate.max_by("valid_from"))
                .select(usd.columns),
            ]
        )
        served = pl.DataFrame(
            {
                "category": ["messaging"] * 3 + ["agent", "platform"],
                "served": ["sms", "email", "whatsapp", "", ""],
            }
        )
        self.rates = (
            table("cost_rates")
            .join(self.days, how="cross")
            .filter(col.valid_from <= col.day, (col.day < col.valid_to).fill_null(True))
            .join(self.fx, on=["currency", "day"])
            .join(served, on="category")
            .filter((col.channel == col.served).fill_null(True))
            .with_columns(price=col.amount * col.rate)
            .sort(col.channel.is_null(), -col.valid_from.to_physical(), "amount")
            .unique(["day", "category", "served"], keep="first", maintain_order=True)
            .select("day", "category", "price", channel="served")
        )
        self.fixed_costs = (
            table("fixed_costs")
            .with_row_index("number")
            .join(self.fx, left_on=["currency", "month"], right_on=["currency", "day"])
            .with_columns(starts=col.month.cast(pl.Datetime("us")))
            .with_columns(ends=col.starts.dt.offset_by("1mo"))
            .with_columns(
                share=((lit(as_of) - col.starts).dt.total_microseconds())
                / (col.ends - col.starts).dt.total_microseconds()
            )
            .select("number", "month", "workflow", accrued=col.amount * col.rate * col.share.clip(0, 1))
        )


class Events:
    """The sound rows of each table, every event once."""

    def __init__(self, folder: Path, reference: Reference, as_of: dt.datetime) -> None:
        self.sound = {table: self._sound(folder, table, reference, as_of) for table in TABLES}
        # Repeated deliveries are few: found by a hash of eight bytes, only they are ranked.
        again = pl.collect_all(
            [
                rows.group_by(id=col.event_id.hash()).len().filter(col.len > 1).select("id")
                for rows in self.sound.values()
            ],
            engine="streaming",
        )
        self.again = dict(zip(self.sound, again, strict=True))

    @staticmethod
    def _sound(folder: Path, table: str, reference: Reference, as_of: dt.datetime) -> pl.LazyFrame:
        rows = pl.scan_parquet(folder / f"{table}.parquet").filter(
            col.event_id != "",
            col.case_id != "",
            col.loaded_at <= as_of,
            col.occurred_at <= col.loaded_at + pl.duration(minutes=5),
            col.occurred_at >= dt.datetime(2015, 1, 1),
            *(col(column).is_in(values) for column, values in ALLOWED.get(table, {}).items()),
            *SOUND.get(table, ()),
        )
        if table == "case_triggers":
            return rows.filter(col.workflow.is_in(reference.workflows["workflow"].implode()))
        if table == "payments":
            return (
                rows.join(reference.first_rates.lazy(), on="currency", how="left")
                .filter((col.currency == "USD") | (col.occurred_at.dt.date() >= col.first_rate))
                .drop("first_rate")
            )
        return rows

    def kept(self, table: str, *columns: str) -> pl.LazyFrame:
        """The rows of a table without repeated deliveries: the first to be loaded counts. columns: what is needed of them."""
        rows, again = self.sound[table].with_columns(id=col.event_id.hash()), self.again[table].lazy()
        columns = ("case_id", *TIES, *columns)
        ranked = rows.join(again, on="id", how="semi").sort("loaded_at", "occurred_at", "case_id")
        return pl.concat(
            [
                rows.join(again, on="id", how="anti").select(columns),
                ranked.unique("event_id", keep="first", maintain_order=True).select(columns),
            ]
        )


def earliest(column: str, where: Any = True) -> pl.Expr:
    """The earliest `occurred_at` of a group's rows that fulfil a condition."""
    return col.occurred_at.filter(where).min().alias(column)


def blank_is_null(*columns: str) -> list[pl.Expr]:
    return [when(col(column) != "").then(col(column)).alias(column) for column in columns]


def open_cases(events: Events, reference: Reference, as_of: dt.datetime) -> pl.LazyFrame:
    """One row per case, as its earliest trigger opened it."""
    attributes = (
        "product",
        "customer_ref",
        "segment",
        "tenure_band",
        "overdue_bucket",
        "risk_tier",
        "contact_preference",
        "source_system",
    )
    triggers = events.kept("case_triggers", "workflow", *attributes)
    first = pl.struct(TIES)
    return (
        triggers.group_by("case_id")
        .agg(
            pl.struct("workflow", *attributes).min_by(first).alias("first"),
            col.occurred_at.min().alias("triggered_at"),
            pl.len().alias("trigger_count"),
        )
        .unnest("first")
        .with_columns(*blank_is_null(*attributes), day=col.triggered_at.dt.date())
        .join(reference.workflows.lazy(), on="workflow")
        .join(reference.due.lazy(), on=["day", "sla_value"], how="left")
        .with_columns(
            due_at=when(sla_unit="hours")
            .then(col.triggered_at + pl.duration(hours=col.sla_value))
            .when(sla_unit="days")
            .then(col.triggered_at + pl.duration(days=col.sla_value))
            .otherwise("business_due_at"),
            is_mature=col.triggered_at + pl.duration(days=col.maturity_days) <= as_of,
        )
        .select(
            "case_id",
            "workflow",
            *attributes,
            "trigger_count",
            "triggered_at",
            "due_at",
            "is_mature",
            "requires_consent",
            "requires_identity",
            "requires_document",
            "collects_payment",
        )
    )


def assemble_messages(events: Events, actions: pl.LazyFrame) -> pl.LazyFrame:
    """One row per message."""
    started = (
        actions.filter(col.actor == "customer", col.message_id != "")
        .group_by("case_id", "message_id")
        .agg(action_started_at=col.occurred_at.min())
    )
    is_sent = col.status == "sent"
    return (
        events.kept("message_events", "message_id", "channel", "status", "is_fallback")
        .group_by("case_id", "message_id")
        .agg(
            earliest("sent_at", is_sent),
            pl.struct("channel", "is_fallback", sent_event_id="event_id")
            .filter(is_sent)
            .min_by(pl.struct(TIES).filter(is_sent))
            .alias("first"),
            earliest("delivery_seen_at", col.status.is_in(["delivered", "opened", "clicked"])),
        )
        .unnest("first")
        .join(started, on=["case_id", "message_id"], how="left")
        .with_columns(delivered_at=pl.min_horizontal("delivery_seen_at", "action_started_at"))
        .drop("delivery_seen_at")
    )


def count_checks(events: Events) -> pl.LazyFrame:
    """One row per identity check up to and including the first that its case passed."""
    checks = events.kept("identity_checks", "outcome")
    passes = (
        checks.filter(col.outcome == "passed")
        .group_by("case_id")
        .agg(passed_at=col.occurred_at.min(), pass_id=col.event_id.min_by(pl.struct(TIES)))
    )
    return (
        checks.join(passes, on="case_id", how="left")
        .filter(
            col.passed_at.is_null()
            | (col.occurred_at < col.passed_at)
            | ((col.occurred_at == col.passed_at) & (col.event_id <= col.pass_id))
        )
        .select("case_id", "occurred_at", is_pass=col.outcome == "passed")
    )


def verify_writebacks(events: Events, as_of: dt.datetime) -> pl.LazyFrame:
    """One row per logical writeback."""
    key = ["case_id", "idempotency_key"]
    attempts = (
        events.kept("writeback_attempts", "idempotency_key", "fields_required")
        .group_by(key)
        .agg(
            attempt_count=pl.len(),
            first_attempted_at=col.occurred_at.min(),
            last_attempted_at=col.occurred_at.max(),
            fields_required=col.fields_required.min_by(pl.struct(TIES)),
        )
    )
    verified = (
        events.kept("writeback_acks", "idempotency_key", "outcome", "fields_persisted")
        .filter(col.outcome == "persisted")
        .join(attempts, on=key)
        .filter(col.occurred_at >= col.first_attempted_at, col.fields_persisted >= col.fields_required)
        .group_by(key)
        .agg(verified_at=col.occurred_at.min())
    )
    timeout = pl.duration(minutes=60)
    return attempts.join(verified, on=key, how="left").with_columns(
        is_settled=col.verified_at.is_not_null() | (col.last_attempted_at + timeout <= as_of)
    )


def accept_touches(events: Events, raised: pl.LazyFrame) -> pl.LazyFrame:
    """One row per agent touch that names no exception, or one of its case."""
    key = ["case_id", "exception_id"]
    touches = events.kept(
        "agent_touches", "exception_id", "ended_at", "outcome", "handle_minutes", "wrap_up_minutes"
    ).with_columns(*blank_is_null("exception_id"), minutes=col.handle_minutes + col.wrap_up_minutes)
    parents = raised.select("case_id", exception_id="event_id", is_known=lit(True))
    return touches.join(parents, on=key, how="left").filter(col.exception_id.is_null() | col.is_known)


def follow_cases(
    events: Events, reference: Reference, units: dict[str, pl.LazyFrame], actions: pl.LazyFrame, as_of: dt.datetime
) -> pl.LazyFrame:
    """One row per case: its journey."""
    hour = col.sent_at.dt.hour()
    contacted = (
        units["messages"]
        .filter(col.sent_at.is_not_null())
        .group_by("case_id")
        .agg(
            first_sent_at=col.sent_at.min(),
            entry_channel=col.channel.min_by(pl.struct("sent_at", "sent_event_id")),
            message_count=pl.len(),
            fallback_message_count=col.is_fallback.sum(),
            is_quiet_hours_contact=((hour >= 21) | (hour < 8)).any(),
        )
    )
    identified = (
        units["checks"]
        .group_by("case_id")
        .agg(pl.len().alias("identity_attempt_count"), earliest("identity_passed_at", col.is_pass))
    )
    by_customer = col.actor == "customer"
    acted = actions.group_by("case_id").agg(
        earliest("action_started_at", by_customer),
        earliest("action_completed_at", by_customer & (col.step == "completed")),
        earliest("first_pay_action_at", by_customer & (col.action == "pay")),
        (col.actor == "agent").any().alias("has_agent_action"),
    )
    written = (
        units["writebacks"]
        .group_by("case_id")
        .agg(
            writeback_count=pl.len(),
            verified_writeback_count=col.verified_at.count(),
            settled_writeback_count=col.is_settled.sum(),
            greatest_attempt_count=col.attempt_count.max(),
            last_verified_at=col.verified_at.max(),
        )
        .with_columns(resolved_at=when(col.writeback_count == col.verified_writeback_count).then("last_verified_at"))
    )
    excepted = units["raised"].group_by("case_id").agg(exception_count=pl.len())
    handled = units["touches"].group_by("case_id").agg(agent_touch_count=pl.len(), agent_minutes=col.minutes.sum())
    evidenced = (
        events.kept("evidence_items", "evidence_type", "is_valid")
        .filter("is_valid")
        .group_by("case_id")
        .agg(
            earliest("consent_at", col.evidence_type == "consent"),
            earliest("identity_evidence_at", col.evidence_type == "identity"),
            earliest("document_at", col.evidence_type == "document"),
        )
    )
    is_automated_flow = col.flow == "automated"
    net = col.amount.cast(pl.Float64) * col.rate * when(status="refunded").then(-1).otherwise(1)
    paid = (
        events.kept("payments", "flow", "status", "amount", "currency")
        .filter(col.status != "failed")
        .with_columns(day=col.occurred_at.dt.date())
        .join(reference.fx.lazy(), on=["currency", "day"])
        .with_columns(net=net)
        .group_by("case_id")
        .agg(
            net_collected=col.net.sum(),
            net_collected_automated=col.net.filter(is_automated_flow).sum(),
            has_automated_payment=(is_automated_flow & (col.status == "succeeded")).any(),
        )
    )
    joined = units["opened"]
    for part in (contacted, identified, acted, written, excepted, handled, evidenced, paid):
        joined = joined.join(part, on="case_id", how="left")
    counts = [
        "message_count",
        "fallback_message_count",
        "identity_attempt_count",
        "writeback_count",
        "verified_writeback_count",
        "settled_writeback_count",
        "agent_touch_count",
        "exception_count",
    ]
    consent_by_completion = (col.consent_at <= col.action_completed_at).fill_null(False)
    identity_by_completion = (col.identity_passed_at <= col.action_completed_at).fill_null(False)
    document_by_resolution = (col.document_at <= col.resolved_at).fill_null(False)
    return (
        joined.with_columns(
            *(col(count).fill_null(0) for count in counts),
            *(col(sum_of).fill_null(0.0) for sum_of in ("agent_minutes", "net_collected", "net_collected_automated")),
            *(
                col(flag).fill_null(False)
                for flag in ("has_automated_payment", "is_quiet_hours_contact", "has_agent_action")
            ),
            is_initiated=col.first_sent_at.is_not_null(),
            is_completed_in_message=col.action_completed_at.is_not_null(),
            is_resolved=col.resolved_at.is_not_null(),
            resolution_minutes=when(col.resolved_at >= col.triggered_at).then(
                (col.resolved_at - col.triggered_at).dt.total_microseconds() / 60e6
            ),
            is_due=col.due_at <= as_of,
            is_resolved_on_time=(col.resolved_at <= col.due_at).fill_null(False),
            has_consent_by_completion=consent_by_completion,
            has_document_by_resolution=document_by_resolution,
            is_evidence_complete=(~col.requires_consent | col.consent_at.is_not_null())
            & (~col.requires_identity | col.identity_evidence_at.is_not_null())
            & (~col.requires_document | col.document_at.is_not_null()),
        )
        .with_columns(
            is_agent_touched=(col.agent_touch_count > 0) | col.has_agent_action,
            is_time_breach=col.is_due & ~col.is_resolved_on_time,
            is_consent_missing=col.requires_consent & col.is_completed_in_message & ~consent_by_completion,
            is_identity_missing=col.requires_identity & col.is_completed_in_message & ~identity_by_completion,
            is_document_missing=col.requires_document & col.is_resolved & ~document_by_resolution,
            stage=when("is_resolved")
            .then(lit("writeback_succeeded"))
            .when("is_completed_in_message")
            .then(lit("action_completed"))
            .when(col.action_started_at.is_not_null())
            .then(lit("action_started"))
            .when(col.identity_passed_at.is_not_null())
            .then(lit("identity_passed"))
            .otherwise(lit("triggered")),
        )
        .with_columns(
            is_automated=col.is_resolved & ~col.is_agent_touched,
            is_policy_breach=pl.any_horizontal(
                "is_quiet_hours_contact", "is_consent_missing", "is_identity_missing", "is_document_missing"
            ),
        )
        .with_columns(
            is_straight_through=(
                col.is_automated & (col.exception_count == 0) & (col.greatest_attempt_count == 1)
            ).fill_null(False),
            is_sla_breached=col.is_due & (col.is_time_breach | col.is_policy_breach),
        )
        .drop(
            "requires_identity",
            "has_agent_action",
            "greatest_attempt_count",
            "last_verified_at",
            "consent_at",
            "identity_evidence_at",
            "document_at",
        )
    )


Side = tuple[pl.Expr, pl.Expr]


def parts(units: pl.LazyFrame, clock: str, kpis: dict[str, Side]) -> list[pl.LazyFrame]:
    """Numerator and denominator per day and workflow of some KPIs that share their units and clock."""
    days = (
        units.filter(col(clock).is_not_null())
        .group_by("workflow", day=col(clock).dt.date())
        .agg(
            *(side[0].cast(pl.Float64).alias(f"{kpi}.numerator") for kpi, side in kpis.items()),
            *(side[1].cast(pl.Int64).alias(f"{kpi}.denominator") for kpi, side in kpis.items()),
        )
    )
    return [
        days.select(
            "day",
            "workflow",
            kpi_id=lit(kpi),
            numerator=col(f"{kpi}.numerator"),
            denominator=col(f"{kpi}.denominator"),
        )
        for kpi in kpis
    ]


def charges(reference: Reference, units: dict[str, pl.LazyFrame], journeys: pl.LazyFrame) -> list[pl.LazyFrame]:
    """What happened on a day × that day's rate; fixed costs by the case."""
    triggered = journeys.group_by("workflow", day=col.triggered_at.dt.date()).agg(quantity=pl.len().cast(pl.Float64))
    columns = ["day", "workflow", "category", "channel", "quantity"]
    used = pl.concat(
        [
            units["messages"]
            .filter(col.sent_at.is_not_null())
            .group_by("workflow", "channel", day=col.sent_at.dt.date())
            .agg(quantity=pl.len().cast(pl.Float64))
            .with_columns(category=lit("messaging"))
            .select(columns),
            units["touches"]
            .group_by("workflow", day=col.occurred_at.dt.date())
            .agg(quantity=col.minutes.sum())
            .with_columns(category=lit("agent"), channel=lit(""))
            .select(columns),
            triggered.with_columns(category=lit("platform"), channel=lit("")).select(columns),
        ]
    ).join(reference.rates.lazy(), on=["day", "category", "channel"])
    carried = (
        triggered.with_columns(month=col.day.dt.truncate("1mo"))
        .join(reference.fixed_costs.lazy(), on="month", suffix="_charged")
        .filter((col.workflow == col.workflow_charged).fill_null(True))
        .with_columns(share=col.quantity / col.quantity.sum().over("number"))
    )
    cost = {"kpi_id": lit("cost_per_resolved_case"), "denominator": lit(0, pl.Int64)}
    order = ["day", "workflow", "kpi_id", "numerator", "denominator"]
    return [
        used.with_columns(numerator=col.quantity * col.price, **cost).select(order),
        carried.with_columns(numerator=col.accrued * col.share, **cost).select(order),
    ]


def measure(reference: Reference, units: dict[str, pl.LazyFrame], journeys: pl.LazyFrame) -> pl.DataFrame:
    """The headline KPIs per week and workflow, and for (all)."""
    workflows = units["opened"].select("case_id", "workflow")
    of_cases = {
        name: units[name].join(workflows, on="case_id")
        for name in ("messages", "writebacks", "checks", "touches", "raised")
    }
    handled = (
        units["touches"]
        .filter(col.exception_id.is_not_null())
        .group_by("exception_id")
        .agg(
            pl.len().alias("touch_count"),
            pl.struct(closed_at="ended_at", first_outcome="outcome").min_by(pl.struct(TIES)).alias("first"),
        )
        .unnest("first")
    )
    exceptions = of_cases["raised"].join(handled, left_on="event_id", right_on="exception_id", how="left")
    everything = pl.len()
    initiated_completed = col.is_initiated & col.is_completed_in_message
    lines = [
        *parts(
            journeys,
            "triggered_at",
            {
                "completion_rate": (initiated_completed.sum(), col.is_initiated.sum()),
                "automated_resolution_rate": (col.is_automated.sum(), everything),
            },
        ),
        *parts(
            journeys.filter("collects_payment"),
            "triggered_at",
            {"payment_recovery_per_1000": (1000 * col.net_collected_automated.sum(), everything)},
        ),
        *parts(
            journeys,
            "first_sent_at",
            {"containment_rate": ((initiated_completed & ~col.is_agent_touched).sum(), everything)},
        ),
        *parts(journeys, "action_completed_at", {"verified_writeback_rate": (col.is_resolved.sum(), everything)}),
        *parts(
            journeys,
            "resolved_at",
            {
                "deflection_rate": (col.is_automated.sum(), everything),
                "sla_on_time_rate": (col.is_resolved_on_time.sum(), everything),
                "cost_per_resolved_case": (lit(0), everything),
            },
        ),
        *parts(journeys.filter("is_due"), "due_at", {"sla_breach_rate": (col.is_sla_breached.sum(), everything)}),
        *parts(
            of_cases["writebacks"].filter("is_settled"),
            "first_attempted_at",
            {"writeback_success_rate": (col.verified_at.count(), everything)},
        ),
        *parts(
            of_cases["messages"],
            "delivered_at",
            {"action_response_rate": (col.action_started_at.count(), everything)},
        ),
        *parts(of_cases["checks"], "occurred_at", {"identity_pass_rate": (col.is_pass.sum(), everything)}),
        *parts(
            exceptions,
            "occurred_at",
            {
                "escalation_success_rate": (
                    ((col.touch_count == 1) & (col.first_outcome == "resolved")).sum(),
                    everything,
                )
            },
        ),
        *parts(exceptions, "closed_at", {"exception_escape_rate": ((col.touch_count > 1).sum(), everything)}),
        *charges(reference, of_cases, journeys),
    ]
    week = col.resolved_at.dt.truncate("1w").dt.date().alias("week_start")
    timed = journeys.filter(col.resolution_minutes.is_not_null())
    quantiles = [
        col.resolution_minutes.quantile(0.5, "linear").alias("time_to_resolution_median"),
        col.resolution_minutes.quantile(0.9, "linear").alias("time_to_resolution_p90"),
        pl.len().cast(pl.Int64).alias("denominator"),
    ]
    collected, by_workflow, over_all = pl.collect_all(
        [
            pl.concat(lines),
            timed.group_by(week, "workflow").agg(quantiles),
            timed.group_by(week).agg(quantiles),
        ],
        engine="streaming",
    )
    weekly = collected.with_columns(week_start=col.day.dt.truncate("1w"))
    order = ["week_start", "workflow", "kpi_id", "numerator", "denominator", "value"]
    rates = (
        pl.concat([weekly, weekly.with_columns(workflow=lit("(all)"))])
        .group_by("week_start", "workflow", "kpi_id")
        .agg(col.numerator.sum(), col.denominator.sum())
    )
    percentiles = pl.concat(
        [by_workflow, over_all.with_columns(workflow=lit("(all)")).select(by_workflow.columns)]
    ).unpivot(
        ["time_to_resolution_median", "time_to_resolution_p90"],
        index=["week_start", "workflow", "denominator"],
        variable_name="kpi_id",
    )
    return pl.concat(
        [
            rates.with_columns(value=when(col.denominator > 0).then(col.numerator / col.denominator)).select(order),
            percentiles.with_columns(numerator=lit(None, pl.Float64)).select(order),
        ]
    )


def main(events_folder: Path, reference_folder: Path, moment: str, out: Path) -> None:
    """Write journeys.parquet and kpis.parquet into the folder `out`."""
    as_of = dt.datetime.fromisoformat(moment)
    out.mkdir(parents=True, exist_ok=True)
    reference = Reference(reference_folder, as_of)
    events = Events(events_folder, reference, as_of)
    actions = events.kept("action_events", "message_id", "action", "step", "actor")
    raised = events.kept("exceptions")
    steps = {
        "opened": open_cases(events, reference, as_of),
        "messages": assemble_messages(events, actions),
        "checks": count_checks(events),
        "writebacks": verify_writebacks(events, as_of),
        "raised": raised,
        "touches": accept_touches(events, raised),
    }
    units = {}
    for name, step in steps.items():
        step.sink_parquet(out / f"{name}.parquet", engine="streaming")
        units[name] = pl.scan_parquet(out / f"{name}.parquet")
    follow_cases(events, reference, units, actions, as_of).sink_parquet(out / "journeys.parquet", engine="streaming")
    measure(reference, units, pl.scan_parquet(out / "journeys.parquet")).write_parquet(out / "kpis.parquet")
    for name in steps:
        (out / f"{name}.parquet").unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], Path(sys.argv[4]))
