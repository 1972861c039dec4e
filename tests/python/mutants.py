"""The faults that the checks have to catch: what each is, how it is made, and which check is meant for it.

A check is named as its user meets it: `contract.<check>` and `integrity.<check>` are checks of `python -m scripts.gate`, every other
name is a dbt test of this project. Where a mutant names several checks, each of them has to catch it on its own.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DataMutant:
    """A fault in the data. change: SQL statements; each has to change rows. thing: what the gate's check has to name."""

    name: str
    fault: str
    checks: tuple[str, ...]
    change: tuple[str, ...]
    thing: str = ""


@dataclass(frozen=True)
class FileMutant:
    """A fault in a raw file. file: name of the CSV. old, new: its text, once. says: words of the problem that is reported."""

    name: str
    fault: str
    checks: tuple[str, ...]
    file: str
    old: str
    new: str
    says: str


@dataclass(frozen=True)
class ModelMutant:
    """A fault in the SQL. changes: (file, its text, what replaces it), each text exactly once in its file.

    builds: models that are built before the check, where it is a test of data; a unit test needs none.
    later_days: the build's as_of is so many days later than that of the demo.
    """

    name: str
    fault: str
    checks: tuple[str, ...]
    changes: tuple[tuple[str, str, str], ...]
    builds: tuple[str, ...] = ()
    later_days: int = 0


Mutant = DataMutant | FileMutant | ModelMutant


RAW_FILES = [
    FileMutant(
        "column renamed by the producer",
        "payments.csv calls the column amount `amnt`.",
        ("contract.inputs",),
        *("payments.csv", "amount", "amnt"),
        says="payments lacks the column amount",
    ),
    FileMutant(
        "time of day of twelve hours",
        "A message's occurred_at is written with PM.",
        ("contract.inputs",),
        *("message_events.csv", "mev-00001,case-00001,2026-01-05 06:50:43,", "mev-00001,case-00001,2026-01-05 06:50:43 PM,"),
        says="message_events.occurred_at",
    ),
]  # fmt: skip


def raw(name: str, fault: str, check: str, thing: str, *change: str) -> DataMutant:
    """A fault in the raw events that the contract gate has to stop, naming the thing."""
    return DataMutant(name, fault, (f"contract.{check}",), change, thing)


# On the demo's raw events as of 2026-05-25, a Monday.
RAW_EVENTS = [
    raw(
        "event ids lost",
        "Every twentieth evidence item comes without its event_id.",
        *("missing_keys", "evidence_items"),
        """
        update demo_events.evidence_items set event_id = null
        where event_id in (select event_id from demo_events.evidence_items qualify row_number() over (order by event_id) % 20 = 0)
        """,
    ),
    raw(
        "load time lost",
        "The payments of May come without loaded_at.",
        *("missing_keys", "payments"),
        "update demo_events.payments set loaded_at = null where occurred_at >= '2026-05-01'",
    ),
    raw(
        "time zone applied twice",
        "Identity checks, already in UTC, are moved by two hours more.",
        *("timestamps", "identity_checks"),
        "update demo_events.identity_checks set occurred_at = occurred_at + interval 2 hour",
    ),
    raw(
        "seconds read as milliseconds",
        "The payments of May occurred in January 1970.",
        *("timestamps", "payments"),
        "update demo_events.payments set occurred_at = make_timestamp(epoch_us(occurred_at) // 1000) where occurred_at >= '2026-05-01'",
    ),
    raw(
        "swapped timestamps",
        "The start and the end of agent touches are swapped.",
        *("values", "agent_touches"),
        "update demo_events.agent_touches set occurred_at = ended_at, ended_at = occurred_at where ended_at is not null",
    ),
    raw(
        "payments booked as debits",
        "The payments of May carry a negative amount.",
        *("values", "payments"),
        "update demo_events.payments set amount = -amount where occurred_at >= '2026-05-01' and amount > 0",
    ),
    raw(
        "word renamed by the producer",
        "Completed actions are called `done`.",
        *("enumerations", "action_events.step"),
        "update demo_events.action_events set step = 'done' where step = 'completed'",
    ),
    raw(
        "upper case",
        "An adapter writes acknowledgements' outcomes in upper case.",
        *("enumerations", "writeback_acks.outcome"),
        "update demo_events.writeback_acks set outcome = upper(outcome) where occurred_at >= '2026-05-01'",
    ),
    raw(
        "workflow nobody listed",
        "The triggers of May belong to a workflow that is not in `workflows`.",
        *("lookups", "case_triggers"),
        "update demo_events.case_triggers set workflow = workflow || '_v2' where occurred_at >= '2026-05-01'",
    ),
    raw(
        "currency nobody listed",
        "The payments of May are in a currency without an exchange rate.",
        *("lookups", "payments"),
        "update demo_events.payments set currency = 'XTS' where occurred_at >= '2026-05-01'",
    ),
    raw(
        "triggers not loaded",
        "The triggers of April are missing, so their cases' events are orphans.",
        *("orphans", "message_events"),
        "delete from demo_events.case_triggers where occurred_at >= '2026-04-01' and occurred_at < '2026-05-01'",
    ),
    raw(
        "attempts not loaded",
        "The writeback attempts of April are missing, so their acknowledgements refer to nothing.",
        *("orphans", "writeback_acks"),
        "delete from demo_events.writeback_attempts where occurred_at >= '2026-04-01' and occurred_at < '2026-05-01'",
    ),
    raw(
        "ids of another system",
        "Touches name exceptions by an id that the exceptions don't have.",
        *("orphans", "agent_touches"),
        "update demo_events.agent_touches set exception_id = 'x-' || exception_id where exception_id is not null",
    ),
    raw(
        "load delivered twice",
        "The payments of May are delivered a second time an hour later.",
        *("duplicates", "payments"),
        """
        insert into demo_events.payments
        select * replace (loaded_at + interval 1 hour as loaded_at) from demo_events.payments
        where occurred_at >= '2026-05-01' and loaded_at < '2026-05-24'
        """,
    ),
    raw(
        "a little of everything",
        "Messages break four rules, each of them in less than 2 % of the rows.",
        *("quarantine", "message_events"),
        *(
            f"""
            update demo_events.message_events set {change}
            where event_id in (
                select event_id from demo_events.message_events qualify row_number() over (order by event_id) % {every} = {number}
            )
            """
            for number, (change, every) in enumerate(
                [
                    ("occurred_at = occurred_at + interval 2 hour", 60),
                    ("message_id = null", 60),
                    ("case_id = 'case-of-nobody'", 60),
                    ("loaded_at = null", 250),
                ]
            )
        ),
    ),
    raw(
        "part of the load missing",
        "Of last week's messages two of three are missing, on every day some.",
        *("volume", "message_events"),
        """
        delete from demo_events.message_events
        where event_id in (
            select event_id from demo_events.message_events
            where occurred_at >= '2026-05-18' and occurred_at < '2026-05-25'
            qualify row_number() over (order by occurred_at, event_id) % 3 > 0
        )
        """,
    ),
    raw(
        "double write under new ids",
        "Last week's actions were written three times, each with an event_id of its own.",
        *("volume", "action_events"),
        """
        insert into demo_events.action_events
        select action_events.* replace (event_id || '-' || copy as event_id)
        from demo_events.action_events cross join range(2) as copies (copy)
        where occurred_at >= '2026-05-18' and occurred_at < '2026-05-25'
        """,
    ),
    raw(
        "lost partition",
        "The acknowledgements of one day are missing.",
        *("silent_days", "writeback_acks"),
        "delete from demo_events.writeback_acks where occurred_at >= '2026-05-20' and occurred_at < '2026-05-21'",
    ),
    raw(
        "stale load",
        "Nothing was loaded in the last two days, of whatever table.",
        *("freshness", "any table"),
        *(
            f"delete from demo_events.{table} where loaded_at >= '2026-05-23'"
            for table in (
                *("case_triggers", "message_events", "identity_checks", "action_events", "writeback_attempts"),
                *("writeback_acks", "exceptions", "agent_touches", "evidence_items", "payments", "case_closures"),
            )
        ),
    ),
    raw(
        "empty table",
        "Not a single acknowledgement was loaded.",
        *("empty_tables", "writeback_acks"),
        "delete from demo_events.writeback_acks",
    ),
    raw(
        "one loader stopped",
        "The loader of evidence items stopped four days ago; the other tables are fresh.",
        *("table_freshness", "evidence_items"),
        "delete from demo_events.evidence_items where loaded_at >= '2026-05-21'",
    ),
]  # fmt: skip


def marts(name: str, fault: str, checks: str, *change: str, thing: str = "") -> DataMutant:
    """A fault in the built tables. checks: names with a blank between them."""
    return DataMutant(name, fault, tuple(checks.split()), change, thing)


# The cell of one week and of all cases that most faults of a figure are put into; 47 of 68 cases.
CELL = "cohort_dimension = 'all' and workflow = '(all)' and week_start = '2026-03-16'"
FIRST_RESOLVED = "(select min(case_id) from marts.fct_case_journey where is_resolved and writeback_count = 1 and resolution_minutes > 0)"

# On the demo as built.
MARTS = [
    marts(
        "table of another build",
        "An alert table is restored from before its owners were named.",
        "integrity.seal",
        "update marts.rpt_alert set owner = null",
        thing="rpt_alert",
    ),
    marts(
        "no case at all",
        "Every case is gone, although events were read.",
        "integrity.empty",
        "delete from marts.fct_case_journey",
        thing="fct_case_journey",
    ),
    marts(
        "denominator short by one",
        "A rate's denominator is one too low; its value was computed from it.",
        "integrity.contributions cells_equal_their_contributions",
        f"""
        update marts.rpt_kpi_weekly set denominator = denominator - 1, value = numerator / (denominator - 1)
        where kpi_id = 'completion_rate' and {CELL}
        """,
        thing="completion_rate",
    ),
    marts(
        "rate of another denominator",
        "A rate is published with one denominator and divided by another.",
        "integrity.denominators figures_of_a_cell_fit_together cells_equal_their_contributions",
        f"update marts.rpt_kpi_weekly set value = numerator / (denominator + 1) where kpi_id = 'deflection_rate' and {CELL}",
        thing="deflection_rate",
    ),
    marts(
        "interval of certainty",
        "The interval of a rate begins at 0, as if nothing were known.",
        "integrity.denominators figures_of_a_cell_fit_together",
        f"update marts.rpt_kpi_weekly set ci_low = 0 where kpi_id = 'completion_rate' and {CELL}",
        thing="completion_rate",
    ),
    marts(
        "cell twice",
        "A cell is in rpt_kpi_weekly a second time.",
        "integrity.repetitions",
        f"insert into marts.rpt_kpi_weekly select * from marts.rpt_kpi_weekly where kpi_id = 'open_rate' and {CELL}",
        thing="rpt_kpi_weekly",
    ),
    marts(
        "resolved at another moment",
        "A case counts as resolved a minute after its last acknowledgement.",
        "integrity.acknowledgements nothing_resolved_without_acknowledgement",
        f"update marts.fct_case_journey set resolved_at = resolved_at + interval 1 minute where case_id = {FIRST_RESOLVED}",
    ),
    marts(
        "red painted green",
        "The verdict on a KPI beyond its red flag is green, on the scorecard as well.",
        "integrity.status verdicts_follow_their_figures",
        f"update marts.rpt_kpi_weekly set status = 'green' where kpi_id = 'writeback_success_rate' and {CELL}",
        """
        update marts.rpt_scorecard_weekly set writeback_success_rate_status = 'green'
        where workflow = '(all)' and week_start = '2026-03-16'
        """,
        thing="writeback_success_rate",
    ),
    marts(
        "averaged rate in a cell",
        "The rate of all workflows is the mean of the workflows' rates.",
        "integrity.denominators figures_of_a_cell_fit_together cells_equal_their_contributions",
        f"""
        update marts.rpt_kpi_weekly set value = (
            select avg(value) from marts.rpt_kpi_weekly
            where kpi_id = 'completion_rate' and cohort_dimension = 'all' and workflow <> '(all)' and week_start = '2026-03-16'
        )
        where kpi_id = 'completion_rate' and {CELL}
        """,
        thing="completion_rate",
    ),
    marts(
        "0 for nothing",
        "Where a denominator is 0, the value is 0 instead of null.",
        "integrity.denominators integrity.status cells_equal_their_contributions",
        "update marts.rpt_kpi_weekly set value = 0 where denominator = 0 and status = 'no_data' and kpi_id = 'deflection_rate'",
        thing="deflection_rate",
    ),
    marts(
        "median of medians in a cell",
        "The median of all workflows is the median of the workflows' medians.",
        "integrity.contributions cells_equal_their_contributions scorecard_equals_the_weekly_kpis",
        f"""
        update marts.rpt_kpi_weekly set value = (
            select median(value) from marts.rpt_kpi_weekly
            where
                kpi_id = 'time_to_resolution_median' and cohort_dimension = 'all' and workflow <> '(all)'
                and week_start = '2026-03-16'
        )
        where kpi_id = 'time_to_resolution_median' and {CELL}
        """,
    ),
    marts(
        "unit in the wrong week",
        "A unit is a week later than its clock says.",
        "integrity.contributions cells_equal_their_contributions",
        """
        update marts.fct_kpi_contribution set week_start = week_start + 7
        where kpi_id = 'deflection_rate' and case_id = (select min(case_id) from marts.fct_case_journey where is_resolved)
        """,
        thing="deflection_rate",
    ),
    marts(
        "unit lost",
        "A message is missing among the units of a rate.",
        "integrity.contributions cells_equal_their_contributions",
        """
        delete from marts.fct_kpi_contribution
        where kpi_id = 'fallback_rate' and unit_id = (select min(unit_id) from marts.fct_kpi_contribution where kpi_id = 'fallback_rate')
        """,
        thing="fallback_rate",
    ),
    marts(
        "acknowledgement removed after publishing",
        "The acknowledgement of a resolved case is taken back at the source; the marts still count the case.",
        "integrity.acknowledgements nothing_resolved_without_acknowledgement",
        f"delete from demo_events.writeback_acks where case_id = {FIRST_RESOLVED}",
    ),
    marts(
        "acknowledgement of fewer fields after publishing",
        "An acknowledgement turns out to have persisted nothing.",
        "integrity.acknowledgements nothing_resolved_without_acknowledgement",
        f"update demo_events.writeback_acks set fields_persisted = 0 where case_id = {FIRST_RESOLVED}",
    ),
    marts(
        "resolved by hand",
        "A case without a writeback is set to resolved.",
        "integrity.acknowledgements nothing_resolved_without_acknowledgement",
        """
        update marts.fct_case_journey set is_resolved = true, resolved_at = triggered_at, resolution_minutes = 0
        where case_id = (select min(case_id) from marts.fct_case_journey where writeback_count = 0)
        """,
    ),
    marts(
        "accepted rows lost on the way",
        "Ten accepted messages are missing in staging.",
        "integrity.reconciliation raw_rows_are_accounted_for",
        """
        delete from staging.stg_events__message_events
        where event_id in (select event_id from staging.stg_events__message_events order by event_id limit 10)
        """,
        thing="message_events",
    ),
    marts(
        "quarantined row not listed",
        "A quarantined payment is missing in the list.",
        "integrity.reconciliation raw_rows_are_accounted_for",
        """
        delete from marts.rpt_quarantined_event
        where source_table = 'payments' and reason = 'unknown_currency'
        """,
        thing="payments",
    ),
    marts(
        "duplicate case",
        "A case is in fct_case_journey twice.",
        "integrity.repetitions cells_equal_their_contributions",
        "insert into marts.fct_case_journey select * from marts.fct_case_journey order by case_id limit 1",
        thing="fct_case_journey",
    ),
    marts(
        "charge booked twice",
        "The charges of a month's messages are there twice.",
        "integrity.repetitions charges_reconcile_to_the_rate_card weekly_cost_equals_its_kpi",
        """
        insert into marts.fct_charge
        select * from marts.fct_charge where category = 'messaging' and charged_at >= '2026-03-01' and charged_at < '2026-04-01'
        """,
        thing="fct_charge",
    ),
    marts(
        "time counted in boundaries",
        "The minutes to resolution count the minutes' boundaries crossed.",
        "integrity.ranges",
        """
        update marts.fct_case_journey set resolution_minutes = date_diff('minute', triggered_at, resolved_at)
        where resolution_minutes is not null
        """,
        thing="fct_case_journey.resolution_minutes",
    ),
    marts(
        "negative duration",
        "A writeback was persisted before its first attempt.",
        "integrity.ranges",
        "update marts.fct_writeback set persist_seconds = -persist_seconds where persist_seconds > 0",
        thing="fct_writeback.persist_seconds",
    ),
    marts(
        "rate in percent",
        "A rate is published in percent.",
        "integrity.denominators",
        f"update marts.rpt_kpi_weekly set value = 100 * value where kpi_id = 'completion_rate' and {CELL}",
        thing="completion_rate",
    ),
    marts(
        "verdict on an activity",
        "A diagnostic carries a verdict.",
        "integrity.status verdicts_follow_their_figures",
        f"update marts.rpt_kpi_weekly set status = 'green' where kpi_id = 'open_rate' and {CELL}",
        thing="open_rate",
    ),
    marts(
        "verdict lost",
        "A headline KPI has no verdict.",
        "integrity.status scorecard_equals_the_weekly_kpis",
        f"update marts.rpt_kpi_weekly set status = null where kpi_id = 'deflection_rate' and {CELL}",
        thing="deflection_rate",
    ),
    marts(
        "double writes",
        "Sixty more cases have a writeback under two acknowledgement ids.",
        "integrity.violations",
        """
        insert into marts.rpt_integrity_violation
        select 'double_write', case_id, 'made up' from marts.fct_case_journey order by case_id limit 60
        """,
        thing="double_write",
    ),
    marts(
        "signal that pages",
        "The latest signal of the outage is open.",
        "integrity.page_signals",
        """
        update marts.rpt_signal set is_open = true
        where rule_id = 'writeback_success_falls' and workflow = '(all)' and day = '2026-03-20'
        """,
        thing="writeback_success_falls",
    ),
    marts(
        "alert that pages",
        "In the latest final week writeback success falls below its limit for sure.",
        "integrity.page_alerts",
        """
        update marts.rpt_alert set week_start = '2026-05-25'
        where rule_id = 'writeback_success_below' and workflow = '(all)' and is_confirmed
        """,
        thing="writeback_success_below",
    ),
    marts(
        "alert lost",
        "A confirmed breach is missing among the alerts.",
        "alerts_follow_their_rules",
        "delete from marts.rpt_alert where rule_id = 'writeback_success_below' and workflow = '(all)' and is_confirmed",
    ),
    marts(
        "touched case counted as automated",
        "A resolved case that an agent touched counts as automated.",
        "paths_add_up",
        """
        update marts.fct_case_journey set is_automated = true
        where case_id = (select min(case_id) from marts.fct_case_journey where is_resolved and is_agent_touched)
        """,
    ),
    marts(
        "case that leaves no trace",
        "An open case is missing in the backlog of the last day.",
        "backlog_ends_with_the_open_cases",
        """
        update marts.rpt_backlog_daily set closing = closing - 1
        where workflow = '(all)' and day = (select max(day) from marts.rpt_backlog_daily)
        """,
    ),
    marts(
        "four weeks of five",
        "The four weeks from 2 March count one more than their weeks.",
        "four_weeks_are_the_sum_of_their_weeks",
        """
        update marts.rpt_kpi_period set numerator = numerator + 1
        where period_kind = 'rolling_4_weeks' and period_start = '2026-03-02' and workflow = '(all)' and kpi_id = 'completion_rate'
        """,
    ),
    marts(
        "month without a KPI",
        "The completion rate of March is not published.",
        "periods_equal_their_contributions",
        """
        delete from marts.rpt_kpi_period
        where period_kind = 'month' and period_start = '2026-03-01' and workflow = '(all)' and kpi_id = 'completion_rate'
        """,
    ),
    marts(
        "savings without a cost",
        "A month's savings leave out a part of what it cost.",
        "savings_equal_the_costs_of_their_months",
        "update marts.rpt_savings_monthly set total_cost = total_cost - 1 where workflow = '(all)' and month = '2026-03-01'",
    ),
    marts(
        "evidence that nobody misses",
        "A case that lacks evidence is not listed.",
        "missing_evidence_is_all_listed",
        "delete from marts.rpt_missing_evidence where case_id = (select min(case_id) from marts.rpt_missing_evidence)",
    ),
    marts(
        "agent minutes without their cost",
        "The agent cost of a month leaves out the wrap-up.",
        "agent_cost_adds_up_to_its_charges",
        "update marts.rpt_manual_effort_monthly set agent_cost = agent_cost - wrap_up_cost where wrap_up_cost > 0",
    ),
    marts(
        "bridge with a step missing",
        "The cases that an agent touched are missing on the bridge.",
        "bridges_lead_from_one_kpi_to_the_other",
        "delete from marts.rpt_definition_bridge where step = 'agent_touched' and week_start = '2026-03-16'",
    ),
    marts(
        "case at risk overlooked",
        "A case that has used more than half of its time is not listed.",
        "open_cases_are_all_listed",
        "delete from marts.rpt_open_case where case_id = (select min(case_id) from marts.rpt_open_case)",
    ),
    marts(
        "fixed cost charged in part",
        "A case's share of a fixed cost is missing.",
        "charges_reconcile_to_the_fixed_costs",
        "delete from marts.fct_charge where charge_id = (select min(charge_id) from marts.fct_charge where is_fixed and amount > 0.01)",
    ),
    marts(
        "rate of the wrong date",
        "Text messages of March are charged at February's rate.",
        "charges_reconcile_to_the_rate_card weekly_cost_equals_its_kpi",
        """
        update marts.fct_charge set amount = 0.05
        where category = 'messaging' and amount = 0.06 and charged_at >= '2026-03-01' and charged_at < '2026-04-01'
        """,
    ),
    marts(
        "cohort lost",
        "The cases of one segment have no cells.",
        "integrity.contributions cells_equal_their_contributions",
        "delete from marts.rpt_kpi_weekly where cohort_dimension = 'segment' and cohort_value = 'premium'",
    ),
    marts(
        "overlapping rate",
        "A rate of the rate card is still valid when the next one begins.",
        "cost_rates_do_not_overlap",
        "update staging.stg_reference__cost_rates set valid_to = '2026-03-15' where channel = 'sms' and valid_to = '2026-03-01'",
    ),
    marts(
        "table quarantined in part",
        "A quarter of the writeback attempts count nowhere.",
        "few_rows_are_quarantined",
        """
        update marts.rpt_row_reconciliation set accepted_rows = 3000, quarantined_rows = raw_rows - duplicate_rows - 3000
        where source_table = 'writeback_attempts'
        """,
    ),
    marts(
        "curve that counts a case twice",
        "A case that was censored in April is on its curve twice.",
        "curve_cases_are_those_of_the_journeys curve_cases_at_risk_follow_from_the_row_before",
        """
        update marts.rpt_time_to_resolution_curve set censored_cases = censored_cases + 1
        where month = '2026-04-01' and workflow = '(all)' and elapsed_minutes = (
            select min(elapsed_minutes) from marts.rpt_time_to_resolution_curve
            where month = '2026-04-01' and workflow = '(all)' and censored_cases > 0
        )
        """,
    ),
    marts(
        "curve with a row missing",
        "A time at which a case was resolved is missing on its curve.",
        "curve_cases_at_risk_follow_from_the_row_before curve_falls_by_the_share_resolved",
        """
        delete from marts.rpt_time_to_resolution_curve
        where month = '2026-03-01' and workflow = '(all)' and elapsed_minutes = (
            select quantile_disc(elapsed_minutes, 0.5) from marts.rpt_time_to_resolution_curve
            where month = '2026-03-01' and workflow = '(all)' and resolved_cases > 0
        )
        """,
    ),
    marts(
        "curve of the cases resolved so far",
        "The share still open is computed without the cases that were not resolved.",
        "curve_falls_by_the_share_resolved",
        """
        update marts.rpt_time_to_resolution_curve set share_open = 1 - resolved_so_far / of_all
        from (
            select
                month as of_month, workflow as of_workflow, elapsed_minutes as at_minutes,
                sum(resolved_cases) over (partition by month, workflow order by elapsed_minutes) as resolved_so_far,
                sum(resolved_cases) over (partition by month, workflow) as of_all
            from marts.rpt_time_to_resolution_curve
        )
        where month = of_month and workflow = of_workflow and elapsed_minutes = at_minutes and of_all > 0
        """,
    ),
    marts(
        "case lost",
        "A case with an accepted trigger has no journey.",
        "every_case_has_a_journey integrity.journeys weekly_cost_equals_its_kpi",
        "delete from marts.fct_case_journey where case_id = (select min(case_id) from marts.fct_case_journey)",
        thing="case-00001",
    ),
    marts(
        "KPI not published",
        "A workflow has no cell for a KPI in one week.",
        "every_kpi_is_published cells_equal_their_contributions",
        """
        delete from marts.rpt_kpi_weekly
        where kpi_id = 'completion_rate' and workflow = 'card_update' and week_start = '2026-03-16' and cohort_dimension = 'all'
        """,
    ),
    marts(
        "rate without its interval",
        "A rate has no lower bound.",
        "integrity.denominators figures_of_a_cell_fit_together",
        f"update marts.rpt_kpi_weekly set ci_low = null where kpi_id = 'completion_rate' and {CELL}",
        thing="completion_rate",
    ),
    marts(
        "funnel that rises",
        "More cases completed the action than were triggered.",
        "funnel_never_rises",
        """
        update marts.rpt_funnel_weekly set cases = cases + 1000
        where stage = 'action_completed' and workflow = '(all)' and cohort_dimension = 'all' and week_start = '2026-03-16'
        """,
    ),
    marts(
        "scorecard of another build",
        "A verdict of the scorecard is another than that of the weekly KPIs.",
        "scorecard_equals_the_weekly_kpis",
        "update marts.rpt_scorecard_weekly set completion_rate_status = 'green' where completion_rate_status = 'amber'",
    ),
    marts(
        "cost by the wrong clock",
        "The agent cost of a week is in the week before.",
        "weekly_cost_equals_its_kpi",
        """
        update marts.rpt_cost_weekly set agent_cost = 0, total_cost = total_cost - agent_cost
        where week_start = '2026-03-16' and workflow = '(all)' and agent_cost > 0
        """,
    ),
    marts(
        "week without a row",
        "A week is missing from every report.",
        "weeks_have_no_gap every_kpi_is_published integrity.contributions",
        "delete from marts.rpt_kpi_weekly where week_start = '2026-03-16'",
        thing="completion_rate",
    ),
    marts(
        "workflow counted in part",
        "A workflow's numerator is one too low; the figure of all workflows is right.",
        "integrity.contributions cells_equal_their_contributions",
        """
        update marts.rpt_kpi_weekly set numerator = numerator - 1, value = (numerator - 1) / denominator
        where kpi_id = 'completion_rate' and workflow = 'card_update' and week_start = '2026-03-16' and cohort_dimension = 'all'
        """,
    ),
    marts(
        "double write counted as sound",
        "The writebacks that were persisted under two ids are not counted.",
        "writeback_health_adds_up",
        "update marts.rpt_writeback_health_weekly set double_written = 0 where double_written > 0",
    ),
]


def model(
    name: str, fault: str, checks: str, *change: str, builds: tuple[str, ...] = (), later_days: int = 0
) -> ModelMutant:
    """A fault in the SQL. checks: names with a blank between them. change: file, old, new; and again for further places."""
    changes = tuple((change[start], change[start + 1], change[start + 2]) for start in range(0, len(change), 3))
    return ModelMutant(name, fault, tuple(checks.split()), changes, builds, later_days)


EVENT = "models/intermediate/event"
CASE = "models/intermediate/case"
MONEY = "models/intermediate/money"
KPI = "models/intermediate/kpi"
JOURNEY = ("int_case__customer_side", "int_case__back_office", "int_case__assembled", "fct_case_journey")

MODELS = [
    model(
        "join that drops rows",
        "A case without a message has no journey.",
        "every_case_has_a_journey case_sums_up_what_its_customer_did",
        f"{CASE}/int_case__customer_side.sql",
        "left join contacted on cases",
        "inner join contacted on cases",
        builds=JOURNEY,
    ),
    model(
        "is_resolved without acknowledgement",
        "A case is resolved by its first acknowledgement, whatever becomes of its other writebacks.",
        "nothing_resolved_without_acknowledgement case_is_resolved_when_every_writeback_is_verified",
        f"{CASE}/int_case__back_office.sql",
        "when written_back.verified_writeback_count = written_back.writeback_count then",
        "when written_back.verified_writeback_count > 0 then",
        builds=JOURNEY,
    ),
    model(
        "join that repeats rows",
        "A message is charged at the rate of every channel.",
        "charges_reconcile_to_the_rate_card each_unit_is_charged_at_its_local_date",
        f"{MONEY}/int_charge__variable.sql",
        "        and coalesce(units.channel, '') = coalesce(rates.channel, '')\n",
        "",
        builds=("int_charge__variable",),
    ),
    model(
        "bridge that loses a reason",
        "That an agent touched the case is no reason any more why KPIs differ.",
        "bridges_lead_from_one_kpi_to_the_other each_difference_has_its_reason",
        "macros/kpi/definition_bridges.sql",
        "'leaves': {}, 'enters': {'agent_touched': 'is_agent_touched'},",
        "'leaves': {}, 'enters': {},",
        builds=("int_definition__differed", "rpt_definition_bridge"),
    ),
    model(
        "figure published again",
        "A later build publishes a figure that is already published.",
        "kpi_first_published__grain",
        "models/history/kpi_first_published.sql",
        "    published.kpi_id is null\n    and {{ is_latest_build() }}",
        "    {{ is_latest_build() }}",
        builds=("kpi_first_published",),
        later_days=1,
    ),
    model(
        "restatement overwritten",
        "A restatement shows today's figure as the one that was published.",
        "restatement_is_what_differs_from_the_first_figure",
        "models/marts/rpt_kpi_restatement.sql",
        "        published.published_value,",
        "        cells.value as published_value,",
    ),
    model(
        "orphan for good",
        "An event that was loaded before its case's trigger stays an orphan.",
        "orphan_is_accepted_once_its_parent_has_arrived",
        "macros/staging/exceptional_events.sql",
        "triggered_cases as (\n    select case_id\n",
        "triggered_cases as (\n    select case_id, min(loaded_at) as first_loaded_at\n",
        "macros/staging/exceptional_events.sql",
        "'triggered_cases.case_id is null' if table",
        "'not coalesce(triggered_cases.first_loaded_at <= raw_rows.loaded_at, false)' if table",
    ),
    model(
        "acknowledgement before the attempt",
        "An acknowledgement verifies a writeback that was not attempted yet.",
        "acknowledgement_verifies_when_persisted_in_time_and_in_full",
        "macros/sql/acknowledgements.sql",
        "        and {{ acks }}.occurred_at >= {{ writebacks }}.first_attempted_at\n",
        "",
    ),
    model(
        "partial persist that verifies",
        "An acknowledgement of fewer fields than required verifies.",
        "acknowledgement_verifies_when_persisted_in_time_and_in_full",
        "macros/sql/acknowledgements.sql",
        "or {{ acks }}.fields_persisted >= {{ writebacks }}.fields_required)",
        "or {{ acks }}.fields_persisted > 0)",
    ),
    model(
        "rejection that verifies",
        "A rejected acknowledgement verifies.",
        "acknowledgement_verifies_when_persisted_in_time_and_in_full",
        "macros/sql/acknowledgements.sql",
        "{{ acks }}.outcome = 'persisted'\n",
        "{{ acks }}.outcome <> 'reversed'\n",
    ),
    model(
        "last acknowledgement counts",
        "A writeback is verified by its last acknowledgement, not its earliest.",
        "acknowledgement_verifies_when_persisted_in_time_and_in_full",
        f"{EVENT}/int_writeback__verified.sql",
        "min(case when {{ is_sufficient_ack(",
        "max(case when {{ is_sufficient_ack(",
    ),
    model(
        "writeback that never fails",
        "A writeback without an acknowledgement is in flight for ever.",
        "writeback_is_settled_when_verified_or_timed_out",
        f"{EVENT}/int_writeback__verified.sql",
        "    first_verified_at is not null or {{ times_out_at(",
        "    first_verified_at is not null or false and {{ times_out_at(",
    ),
    model(
        "repeated acknowledgement as double write",
        "The same acknowledgement, sent twice, counts as a double write.",
        "double_write_needs_two_ack_ids",
        f"{EVENT}/int_writeback__verified.sql",
        "max(case when acks.outcome = 'persisted' then {{ byte_order('acks.ack_id') }}",
        "max(case when acks.outcome = 'persisted' then {{ byte_order('acks.event_id') }}",
    ),
    model(
        "key without its case",
        "An acknowledgement finds its writeback by the key alone, which another case may use.",
        "acknowledgement_verifies_when_persisted_in_time_and_in_full",
        f"{EVENT}/int_writeback__verified.sql",
        "on acks.case_id = attempted.case_id and acks.idempotency_key = attempted.idempotency_key\n    group by",
        "on acks.idempotency_key = attempted.idempotency_key\n    group by",
    ),
    model(
        "attempts by their number",
        "The first attempt is the one with the number 1, not the earliest.",
        "attempts_are_ordered_by_time_alone",
        f"{EVENT}/int_writeback__attempted.sql",
        "            order by attempts.occurred_at, {{ byte_order('attempts.event_id') }}\n        ) as attempt_rank",
        "            order by attempts.attempt_number, {{ byte_order('attempts.event_id') }}\n        ) as attempt_rank",
    ),
    model(
        "tie broken the other way",
        # Without any tie-break the engine may happen to be right.
        "Of two triggers at the same moment the one with the greatest event_id opens the case.",
        "earliest_trigger_opens_the_case",
        f"{CASE}/int_case__opened.sql",
        "order by triggers.occurred_at, {{ byte_order('triggers.event_id') }}\n",
        "order by triggers.occurred_at, {{ byte_order('triggers.event_id') }} desc\n",
    ),
    model(
        "last trigger opens the case",
        "The clock of a case starts again with every trigger.",
        "earliest_trigger_opens_the_case",
        f"{CASE}/int_case__opened.sql",
        "order by triggers.occurred_at, {{ byte_order('triggers.event_id') }}\n",
        "order by triggers.occurred_at desc, {{ byte_order('triggers.event_id') }}\n",
    ),
    model(
        "business days from the UTC date",
        "Business days are counted from the UTC date of the trigger.",
        "business_days_count_from_the_local_date_of_the_trigger",
        f"{CASE}/int_case__opened.sql",
        "and {{ local_date('numbered.occurred_at') }} = business_days_due.date_day",
        "and cast(numbered.occurred_at as date) = business_days_due.date_day",
    ),
    model(
        "last delivery wins",
        "Of several deliveries of an event the last is kept.",
        "smallest_delivery_of_an_event_is_kept",
        "macros/staging/exceptional_events.sql",
        "                loaded_at, occurred_at, ",
        "                loaded_at desc, occurred_at, ",
    ),
    model(
        "window that loses late rows",
        "What is loaded more than an hour after it occurred is lost, as by a filter on the last load.",
        "raw_rows_are_accounted_for",
        "macros/staging/exceptional_events.sql",
        "        raw_rows.loaded_at <= {{ as_of() }}\n",
        "        raw_rows.loaded_at <= {{ add_seconds('raw_rows.occurred_at', 3600) }} and raw_rows.loaded_at <= {{ as_of() }}\n",
        builds=("stg_events__writeback_acks",),
    ),
    model(
        "rows after as_of",
        "Rows that were loaded after as_of are read.",
        "rows_loaded_after_as_of_are_not_there",
        "macros/staging/exceptional_events.sql",
        "    where {{ is_visible('delivered.loaded_at') }}\n",
        "",
    ),
    model(
        "orphan by the key alone",
        "An acknowledgement of another case's writeback is accepted.",
        "acknowledgement_needs_an_attempt_of_its_case_and_key",
        "macros/staging/exceptional_events.sql",
        "on raw_rows.case_id = referenced.case_id and raw_rows",
        "on raw_rows",
    ),
    model(
        "quarantined rows go on",
        "Quarantined acknowledgements go on to the cases.",
        "only_accepted_acknowledgements_go_on",
        "macros/staging/exceptional_events.sql",
        "    where row_status = 'accepted'\n{%- endmacro %}",
        "    where row_status <> 'duplicate'\n{%- endmacro %}",
    ),
    model(
        "late at due_at",
        "A case resolved at the very moment it is due is late.",
        "sla_is_breached_once_due",
        f"{CASE}/int_case__assembled.sql",
        "coalesce(resolved_at <= due_at, false)",
        "coalesce(resolved_at < due_at, false)",
    ),
    model(
        "breached before it is due",
        "A policy breach breaches the SLA of a case that is not due.",
        "sla_is_breached_once_due",
        f"{CASE}/int_case__assembled.sql",
        "    is_due and (is_time_breach or is_policy_breach) as is_sla_breached",
        "    is_time_breach or is_policy_breach as is_sla_breached",
    ),
    model(
        "automated in spite of an agent",
        "A resolved case counts as automated, whoever touched it.",
        "case_goes_one_of_five_ways",
        f"{CASE}/int_case__assembled.sql",
        "is_completed_in_message and not is_agent_touched as is_automated",
        "is_completed_in_message as is_automated",
    ),
    model(
        "consent after the fact",
        "Consent that is given after the completion counts.",
        "policy_rules_ask_for_proof_by_the_moment",
        f"{CASE}/int_case__assembled.sql",
        "coalesce(consent_at <= action_completed_at, false)",
        "coalesce(consent_at is not null and action_completed_at is not null, false)",
    ),
    model(
        "agent's action as the customer's",
        "An action that an agent completed counts as completed in message.",
        "case_sums_up_what_its_customer_did",
        f"{CASE}/int_case__customer_side.sql",
        "actor = 'customer' and step = 'completed'",
        "step = 'completed'",
    ),
    model(
        "touches multiplied",
        "A case's touches are multiplied, as by a join of events with events: two count four.",
        "exceptions_and_touches_of_a_case_are_counted_apart",
        f"{CASE}/int_case__back_office.sql",
        "        count(*) as agent_touch_count,",
        "        count(*) * count(*) as agent_touch_count,",
    ),
    model(
        "count of boundaries",
        "The minutes to resolution count the minutes' boundaries crossed.",
        "resolution_minutes_are_elapsed_time_and_never_negative",
        f"{CASE}/int_case__assembled.sql",
        "{{ minutes_between('triggered_at', 'resolved_at') }}",
        "cast({{ dbt.datediff('triggered_at', 'resolved_at', 'minute') }} as {{ type_double() }})",
    ),
    model(
        "count of boundaries in the macro",
        "Elapsed seconds count the seconds' boundaries crossed.",
        "elapsed_time",
        "macros/engine/duckdb.sql",
        "((epoch_us({{ ends_at }}) - epoch_us({{ starts_at }})) / 1e6)",
        "cast({{ dbt.datediff(starts_at, ends_at, 'second') }} as {{ type_double() }})",
    ),
    model(
        "zero for no denominator",
        "A rate without a denominator is 0.",
        "rate",
        "macros/sql/statistics.sql",
        "    (cast({{ numerator }} as {{ type_double() }}) / nullif(cast({{ denominator }} as {{ type_double() }}), 0))",
        "    coalesce(cast({{ numerator }} as {{ type_double() }}) / nullif(cast({{ denominator }} as {{ type_double() }}), 0), 0)",
    ),
    model(
        "percentile without interpolation",
        "A percentile is the nearest unit's value.",
        "percentiles",
        "macros/sql/statistics.sql",
        "percentile_cont({{ fraction }})",
        "percentile_disc({{ fraction }})",
    ),
    model(
        "interval of 90 %",
        "The Wilson interval uses the quantile of 90 %.",
        "wilson_bounds",
        "macros/sql/statistics.sql",
        "sign, z=1.96)",
        "sign, z=1.645)",
    ),
    model(
        "bound without its continuity correction",
        "Newcombe's bound leaves out the continuity correction.",
        "newcombe_bounds",
        "macros/sql/statistics.sql",
        "            2 * {{ successes }} + {{ z * z }} {{ sign }} 1\n",
        "            2 * {{ successes }} + {{ z * z }}\n",
    ),
    model(
        "bound on the wrong side",
        "A fall is confirmed by the bound that lies away from the reference.",
        "breach_is_confirmed_where_chance_does_not_explain_it",
        "models/marts/rpt_alert.sql",
        "newcombe_high('numerator', 'denominator')",
        "newcombe_low('numerator', 'denominator')",
    ),
    model(
        "drop that has to exceed its amount",
        "A drop by just the rule's amount is no breach.",
        "breach_at_its_threshold",
        "models/marts/rpt_alert.sql",
        "kind = 'drop' and {{ to_9_decimals('value') }} <= ",
        "kind = 'drop' and {{ to_9_decimals('value') }} < ",
    ),
    model(
        "quiet hours end an hour late",
        "The hour in which quiet hours end is quiet.",
        "quiet_hours",
        "macros/sql/local_time.sql",
        "{{ hour }} < {{ ends }}",
        "{{ hour }} <= {{ ends }}",
    ),
    model(
        "local date in UTC",
        "The local date is that of UTC.",
        "each_unit_is_charged_at_its_local_date",
        "macros/sql/local_time.sql",
        "    cast({{ to_local(moment) }} as date)\n",
        "    cast({{ moment }} as date)\n",
    ),
    model(
        "sum that depends on the order",
        "A sum of doubles is left to the engine.",
        "exact_sum",
        "macros/sql/statistics.sql",
        "cast(sum(cast({{ value }} as decimal(38, 15))) as {{ type_double() }})",
        "sum(cast({{ value }} as {{ type_double() }}))",
    ),
    model(
        "one week too many",
        "A window of weeks includes the week after it.",
        "weeks_in_a_window",
        "macros/sql/dates.sql",
        "and {{ week_start }} < {{ add_days(first_week, 7 * weeks) }}",
        "and {{ week_start }} <= {{ add_days(first_week, 7 * weeks) }}",
    ),
    model(
        "cost rate of the wrong date",
        "A unit is charged at the rate of its UTC date.",
        "each_unit_is_charged_at_its_local_date",
        f"{MONEY}/int_charge__variable.sql",
        "{{ local_date('units.charged_at') }} = rates.date_day",
        "cast(units.charged_at as date) = rates.date_day",
    ),
    model(
        "rate on its last day",
        "A cost rate is still valid on valid_to.",
        "latest_valid_rate_counts_in_reporting_currency",
        f"{MONEY}/int_rate__daily.sql",
        "cost_rates.valid_to > calendar.date_day",
        "cost_rates.valid_to >= calendar.date_day",
    ),
    model(
        "general rate before the channel's",
        "The rate without a channel wins over the channel's own.",
        "rate_of_the_channel_comes_before_the_general_one",
        f"{MONEY}/int_rate__daily.sql",
        "case when channel is null then 1 else 0 end asc",
        "case when channel is null then 0 else 1 end asc",
    ),
    model(
        "refund as income",
        "A refund is added to what was collected.",
        "refund_is_converted_at_its_own_date",
        f"{MONEY}/int_payment__converted.sql",
        "when 'refunded' then -1",
        "when 'refunded' then 1",
    ),
    model(
        "fixed cost in full from the first day",
        "The cost of a month counts in full as soon as it has begun.",
        "fixed_cost_accrues_with_the_month",
        f"{MONEY}/int_fixed_cost__accrued.sql",
        "elapsed.amount * fx.rate * elapsed.elapsed_share",
        "elapsed.amount * fx.rate * case when elapsed.elapsed_share > 0 then 1 else 0 end",
    ),
    model(
        "averaged rate",
        "The past that an alert compares with is the mean of the weeks' rates.",
        "past_needs_three_weeks_with_a_denominator",
        f"{KPI}/int_kpi__trailing.sql",
        "{{ rate(exact_sum('earlier.numerator'), 'sum(earlier.denominator)') }} as trailing_value",
        "avg({{ rate('earlier.numerator', 'earlier.denominator') }}) as trailing_value",
    ),
    model(
        "median of medians",
        "The baseline of a median is the median of the weeks' medians.",
        "baseline_pools_the_first_full_weeks",
        f"{KPI}/int_kpi__baselines.sql",
        "as percentiles\n    from observed\n",
        """as percentiles
    from (
        select observed_for, workflow, week_start, median(observed_value) as observed_value from observed group by all
    ) as observed
""",
    ),
    model(
        "cohort without a value lost",
        "Cases without a cohort attribute are in no cohort `(none)`.",
        "cohort_cells",
        "macros/kpi/cohorts.sql",
        "    coalesce({{ case_alias ~ '.' if case_alias }}{{ dimension }}, '(none)') as {{ dimension }}_cohort{{ ',' if not loop.last }}",
        "    {{ case_alias ~ '.' if case_alias }}{{ dimension }} as {{ dimension }}_cohort{{ ',' if not loop.last }}",
    ),
    model(
        "final before it is mature",
        "A week is final after settling_hours, although cases can still be resolved.",
        "kpi_applies_where_its_workflow_allows",
        f"{KPI}/int_kpi__applicability.sql",
        "when is_maturing and maturity_days * 86400 > {{ settling_seconds() }} then",
        "when false then",
    ),
    model(
        "final at the week's end",
        "A week is final when it ends, without its lag.",
        "period_is_final_at_its_end_plus_lag",
        "macros/kpi/verdicts.sql",
        "{{ add_seconds(periods ~ '.ends_at', applied ~ '.lag_seconds') }} > {{ as_of() }}",
        "{{ periods }}.ends_at > {{ as_of() }}",
    ),
    model(
        "weeks that end with as_of",
        "Units whose clock is after as_of, such as due times, have no week.",
        "weeks_run_to_the_latest_clock_if_that_is_later",
        "models/intermediate/time/int_week__listed.sql",
        "(select case when last_unit_week > as_of_week then last_unit_week else as_of_week end from bounds)",
        "(select as_of_week from bounds)",
    ),
    model(
        "red flag at its value",
        "A value at its red flag is red.",
        "status_is_the_first_that_holds",
        "macros/kpi/verdicts.sql",
        "({{ to_9_decimals(good_sign ~ ' * ' ~ value) }} < ",
        "({{ to_9_decimals(good_sign ~ ' * ' ~ value) }} <= ",
    ),
    model(
        "general target wins",
        "The target for `*` wins over the workflow's own.",
        "target_of_the_workflow_wins",
        f"{KPI}/int_kpi__targets.sql",
        "case when targets.workflow = '*' then 1 else 0 end",
        "case when targets.workflow = '*' then 0 else 1 end",
    ),
    model(
        "funnel by own events",
        "A stage is reached by its own event only.",
        "stage_is_reached_by_any_later_one",
        f"{KPI}/int_funnel__counted.sql",
        "case when furthest_stage_number >= {{ loop.index }} then 1 end",
        "{{ own_event }}",
    ),
    model(
        "curve without the open cases",
        "Cases that are not resolved are left out of the curve.",
        "curve_gives_the_textbook_example",
        "models/marts/rpt_time_to_resolution_curve.sql",
        "where not is_resolved or resolution_minutes is not null",
        "where is_resolved and resolution_minutes is not null",
    ),
    model(
        "escape without a later touch",
        "Every exception that was touched counts as escaped.",
        "escape_needs_a_first_touch_and_a_later_one",
        f"{EVENT}/int_exception__assembled.sql",
        "coalesce(handled.touch_count > 1, false) as is_escaped",
        "coalesce(handled.touch_count > 0, false) as is_escaped",
    ),
    model(
        "checks after the pass",
        "Identity checks after the first that passed are counted.",
        "identity_checks_count_up_to_the_first_pass",
        f"{EVENT}/int_identity_check__counted.sql",
        "where first_passes.check_number is null or numbered.check_number <= first_passes.check_number",
        "",
    ),
    model(
        "delivery by receipt only",
        "A message that was opened without a receipt was not delivered.",
        "message_is_delivered_when_anything_shows_it",
        f"{EVENT}/int_message__assembled.sql",
        "status in ('delivered', 'opened', 'clicked')",
        "status in ('delivered')",
    ),
]

MUTANTS: list[Mutant] = [*RAW_FILES, *RAW_EVENTS, *MARTS, *MODELS]
