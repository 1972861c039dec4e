-- What an engineer would write by hand for this one engine instead of the project: case journeys and headline KPIs from the raw Parquet.
-- Reads the variables `events` and `reference` (folders) and `as_of`; the settings are the project's defaults (UTC, USD, quiet from 21 to 8).
-- Leaves the tables `journeys` and `kpis` in the database that it runs in.

-- ---------------------------------------------------------------------------------------------------------------------
-- Reference
-- ---------------------------------------------------------------------------------------------------------------------

create temp table workflows as from read_csv(getvariable('reference') || '/workflows.csv');

create temp table days as
select day::date as day, isodow(day) <= 5 and day::date not in (select holiday_date from read_csv(getvariable('reference') || '/business_holidays.csv')) as is_business_day
from range(timestamp '2014-12-01', getvariable('as_of')::timestamp + interval 200 day, interval 1 day) as series (day);

-- The midnight that ends the n-th business day after a day.
create temp table business_days_due as
with numbered as (select *, count(*) filter (is_business_day) over (order by day) as number from days)
select begun.day, terms.n, due.day + interval 1 day as due_at
from numbered as begun
cross join (select distinct sla_value::int as n from workflows where sla_unit = 'business_days') as terms
join numbered as due on due.is_business_day and due.number = begun.number + terms.n;

-- Units of the reporting currency for one unit, by day; no row before the first rate.
create temp table fx as
select 'USD' as currency, day, 1::double as rate from days
union all
select rates.currency, days.day, arg_max(rates.rate, rates.valid_from)
from days
join read_csv(getvariable('reference') || '/fx_rates.csv') as rates on rates.valid_from <= days.day and rates.currency <> 'USD'
group by all;

-- What a message, an agent's minute and a case cost, by day; a channel's own rate comes first.
create temp table rates as
select days.day, card.category, channels.channel, card.amount * fx.rate as amount
from read_csv(getvariable('reference') || '/cost_rates.csv') as card
join days on card.valid_from <= days.day and (days.day < card.valid_to or card.valid_to is null)
join fx on fx.currency = card.currency and fx.day = days.day
join (
    select 'messaging' as category, unnest(['sms', 'email', 'whatsapp', 'rcs', 'push', 'chat', 'voice', 'letter', 'portal']) as channel
    union all values ('agent', ''), ('platform', '')
) as channels
    on channels.category = card.category and (card.channel is null or card.channel = channels.channel)
qualify row_number() over (
    partition by days.day, card.category, channels.channel order by card.channel nulls last, card.valid_from desc, card.amount
) = 1;

-- ---------------------------------------------------------------------------------------------------------------------
-- Rows: sound ones, each event once
-- ---------------------------------------------------------------------------------------------------------------------

-- Cases are grouped and joined by eight bytes, case_key. Two ids that share them would become one case, so the script stops there.
-- Forwards and backwards, because DuckDB's hash of a text is weak: of ten million ids of the generator, one in ten shares its hash with another.
create temp macro short_key(id) as hash(hash(id), hash(reverse(id)));

select error('Two case ids have the same key: let case_id be the key.')
from (select distinct case_id from read_parquet(getvariable('events') || '/*.parquet', union_by_name := true) where case_id <> '')
having count(distinct short_key(case_id)) < count(case_id);

create temp macro is_sound(event_id, case_id, occurred_at, loaded_at) as
    event_id <> '' and case_id <> ''
    and loaded_at <= getvariable('as_of')::timestamp
    and occurred_at <= loaded_at + interval 5 minute
    and occurred_at >= timestamp '2015-01-01';

-- Null where a source doesn't know.
create temp macro is_within(number, greatest_number) as number is null or number between 0 and greatest_number;
create temp macro is_one_of(code, codes) as coalesce(code, '') = '' or code in codes;
create temp macro has_rate(code, moment) as (code, moment::date) in (select (currency, day) from fx);

create temp view sound_case_triggers as
select *, short_key(case_id) as case_key from read_parquet(getvariable('events') || '/case_triggers.parquet')
where
    is_sound(event_id, case_id, occurred_at, loaded_at) and workflow in (select workflow from workflows)
    and coalesce(due_at >= occurred_at, true)
    and (coalesce(customer_timezone, '') = '' or customer_timezone in (select timezone from read_csv(getvariable('reference') || '/time_zones.csv')))
    and (amount_due is null or amount_due >= 0 and has_rate(coalesce(nullif(currency, ''), 'USD'), occurred_at));

create temp view sound_case_closures as
select *, short_key(case_id) as case_key from read_parquet(getvariable('events') || '/case_closures.parquet')
where
    is_sound(event_id, case_id, occurred_at, loaded_at) and kind in ('closed', 'reopened') and actor in ('customer', 'agent', 'system')
    and is_one_of(reason, ['withdrawn', 'rejected', 'cancelled', 'written_off', 'expired', 'duplicate']);

create temp view sound_message_events as
select *, short_key(case_id) as case_key from read_parquet(getvariable('events') || '/message_events.parquet')
where
    is_sound(event_id, case_id, occurred_at, loaded_at) and message_id <> ''
    and channel in ('sms', 'email', 'whatsapp', 'rcs', 'push', 'chat', 'voice', 'letter', 'portal')
    and status in ('sent', 'delivered', 'opened', 'clicked', 'failed') and is_fallback is not null;

create temp view sound_identity_checks as
select *, short_key(case_id) as case_key from read_parquet(getvariable('events') || '/identity_checks.parquet')
where
    is_sound(event_id, case_id, occurred_at, loaded_at) and method in ('otp', 'knowledge', 'document', 'biometric')
    and outcome in ('passed', 'failed', 'abandoned');

create temp view sound_action_events as
select *, short_key(case_id) as case_key from read_parquet(getvariable('events') || '/action_events.parquet')
where
    is_sound(event_id, case_id, occurred_at, loaded_at)
    and action in ('pay', 'plan', 'update_card', 'confirm_details', 'upload_document', 'attest', 'sign', 'select', 'other')
    and step in ('started', 'progressed', 'ineligible', 'failed', 'abandoned', 'completed') and actor in ('customer', 'agent');

create temp view sound_writeback_attempts as
select *, short_key(case_id) as case_key from read_parquet(getvariable('events') || '/writeback_attempts.parquet')
where
    is_sound(event_id, case_id, occurred_at, loaded_at) and idempotency_key <> '' and attempt_number between 1 and 1e9 and target_system <> ''
    and is_one_of(adapter, ['rest', 'soap', 'webhook', 'queue', 'batch', 'file', 'other']) and status in ('accepted', 'failed', 'timed_out')
    and is_within(fields_required, 1e9);

create temp view sound_writeback_acks as
select *, short_key(case_id) as case_key from read_parquet(getvariable('events') || '/writeback_acks.parquet')
where
    is_sound(event_id, case_id, occurred_at, loaded_at) and idempotency_key <> '' and ack_id <> ''
    and outcome in ('persisted', 'rejected', 'reversed') and is_within(fields_persisted, 1e9);

create temp view sound_exceptions as
select *, short_key(case_id) as case_key from read_parquet(getvariable('events') || '/exceptions.parquet')
where is_sound(event_id, case_id, occurred_at, loaded_at) and reason <> '';

create temp view sound_agent_touches as
select *, short_key(case_id) as case_key from read_parquet(getvariable('events') || '/agent_touches.parquet')
where
    is_sound(event_id, case_id, occurred_at, loaded_at) and agent_ref <> '' and outcome in ('resolved', 'returned', 'transferred')
    and coalesce(ended_at <= loaded_at + interval 5 minute and ended_at >= occurred_at, ended_at is null)
    and is_within(handle_minutes, 1e5) and is_within(wrap_up_minutes, 1e5)
    and is_within(logins, 1e9) and is_within(handoffs, 1e9) and is_within(copy_pastes, 1e9);

create temp view sound_evidence_items as
select *, short_key(case_id) as case_key from read_parquet(getvariable('events') || '/evidence_items.parquet')
where
    is_sound(event_id, case_id, occurred_at, loaded_at) and evidence_type in ('consent', 'identity', 'document', 'attestation')
    and is_valid is not null;

create temp view sound_payments as
select *, short_key(case_id) as case_key from read_parquet(getvariable('events') || '/payments.parquet')
where
    is_sound(event_id, case_id, occurred_at, loaded_at) and payment_id <> '' and flow in ('automated', 'agent')
    and status in ('succeeded', 'failed', 'refunded') and amount >= 0
    and has_rate(currency, occurred_at);

-- Repeated deliveries are few: their ids are found by a hash of eight bytes, only they are ranked, and everything else streams by.
-- Rows of no case need no check of their own: they find no case to join.
create temp macro kept(sound) as table
with again as materialized (
    select short_key(event_id) as id from query_table(sound) group by id having count(*) > 1
)
select rows.* from query_table(sound) as rows anti join again on short_key(rows.event_id) = again.id
union all
(
    select rows.* from query_table(sound) as rows semi join again on short_key(rows.event_id) = again.id
    qualify row_number() over (partition by event_id order by loaded_at, occurred_at, case_id) = 1
);

-- ---------------------------------------------------------------------------------------------------------------------
-- Cases and their parts
-- ---------------------------------------------------------------------------------------------------------------------

-- Few cases were triggered more than once: only their triggers are put in order.
create temp table triggers as from kept(sound_case_triggers);

create temp table opened as
with again as (
    select case_key, count(*) as trigger_count from triggers group by case_key having trigger_count > 1
),
firsts as (
    select *, 1 as trigger_count from triggers anti join again using (case_key)
    union all
    (
        select triggers.*, trigger_count from triggers join again using (case_key)
        qualify row_number() over (partition by case_key order by occurred_at, event_id) = 1
    )
)
select
    case_key, case_id, firsts.workflow, nullif(product, '') as product, nullif(customer_ref, '') as customer_ref,
    nullif(segment, '') as segment, nullif(tenure_band, '') as tenure_band, nullif(overdue_bucket, '') as overdue_bucket,
    nullif(risk_tier, '') as risk_tier, nullif(contact_preference, '') as contact_preference,
    nullif(source_system, '') as source_system, nullif(customer_timezone, '') as customer_timezone, nullif(variant, '') as variant,
    amount_due * fx.rate as amount_due, trigger_count, occurred_at as triggered_at,
    case
        when firsts.due_at is not null then firsts.due_at
        when sla_unit = 'hours' then occurred_at + to_microseconds((sla_value * 3600e6)::bigint)
        when sla_unit = 'days' then occurred_at + to_microseconds((sla_value * 86400e6)::bigint)
        else business_days_due.due_at
    end as due_at,
    if(firsts.due_at is null, 'workflow', 'case') as due_at_source,
    occurred_at + to_hours(24 * maturity_days) <= getvariable('as_of')::timestamp as is_mature,
    requires_consent, requires_identity, requires_document, requires_attestation, requires_payment, collects_payment
from firsts
join workflows using (workflow)
left join fx on fx.day = occurred_at::date and fx.currency = coalesce(nullif(firsts.currency, ''), 'USD')
left join business_days_due on sla_unit = 'business_days' and business_days_due.n = sla_value and business_days_due.day = occurred_at::date;

create temp table actions as from kept(sound_action_events);

create temp table messages as
with events as (
    select
        case_key, message_id,
        min(row(occurred_at, event_id, channel, is_fallback)) filter (status = 'sent') as first_sent,
        min(occurred_at) filter (status in ('delivered', 'opened', 'clicked')) as delivered_at
    from kept(sound_message_events)
    group by case_key, message_id
),
started as (
    select case_key, message_id, min(occurred_at) as action_started_at
    from actions
    where actor = 'customer' and message_id <> ''
    group by case_key, message_id
)
select
    events.case_key, message_id, first_sent[1] as sent_at, first_sent[2] as event_id, first_sent[3] as channel, first_sent[4] as is_fallback,
    least(delivered_at, action_started_at) as delivered_at, action_started_at
from events left join started using (case_key, message_id);

create temp table checks as
with checks as (from kept(sound_identity_checks)),
-- Most cases have one check, and need no order.
ordered as (
    select case_key, occurred_at, outcome = 'passed' as is_pass,
        count(*) filter (outcome = 'passed') over (partition by case_key order by occurred_at, event_id rows between unbounded preceding and 1 preceding) as passes_before
    from checks
)
select case_key, occurred_at, is_pass from ordered where passes_before = 0;

create temp table writebacks as
with attempts as (
    select
        case_key, idempotency_key, count(*) as attempt_count, min(occurred_at) as first_attempted_at, max(occurred_at) as last_attempted_at,
        min(row(occurred_at, event_id, fields_required))[3] as fields_required
    from kept(sound_writeback_attempts)
    group by case_key, idempotency_key
),
acks as materialized (from kept(sound_writeback_acks)),
undone as (
    select case_key, idempotency_key, max(occurred_at) as undone_at from acks where outcome = 'reversed' group by all
),
verified as (
    select
        case_key, idempotency_key, min(occurred_at) as first_verified_at, any_value(undone_at) > first_verified_at as is_reversed,
        if(is_reversed, min(occurred_at) filter (occurred_at > undone_at), first_verified_at) as verified_at
    from acks
    join attempts using (case_key, idempotency_key)
    left join undone using (case_key, idempotency_key)
    where outcome = 'persisted' and occurred_at >= first_attempted_at and (fields_required is null or fields_persisted >= fields_required)
    group by case_key, idempotency_key
)
select
    attempts.*, first_verified_at is not null as was_verified, coalesce(is_reversed, false) as is_reversed, verified_at,
    was_verified or last_attempted_at + interval 60 minute <= getvariable('as_of')::timestamp as is_settled
from attempts left join verified using (case_key, idempotency_key);

create temp table raised as from kept(sound_exceptions);

create temp table touches as
select touches.*
from kept(sound_agent_touches) as touches
left join raised on raised.event_id = touches.exception_id and raised.case_key = touches.case_key
where coalesce(touches.exception_id, '') = '' or raised.event_id is not null;

-- ---------------------------------------------------------------------------------------------------------------------
-- Journeys
-- ---------------------------------------------------------------------------------------------------------------------

create table journeys as
with contacted as (
    select
        case_key, min(sent_at) as first_sent_at, min(row(sent_at, event_id, channel)) filter (sent_at is not null)[3] as entry_channel,
        count(sent_at) as message_count, count(sent_at) filter (is_fallback) as fallback_message_count,
        bool_or((local_hour >= 21 or local_hour < 8) and channel not in ('letter', 'portal')) as is_quiet_hours_contact
    from (
        select messages.*, hour(if(customer_timezone is null, sent_at, timezone(customer_timezone, timezone('UTC', sent_at)))) as local_hour
        from messages join opened using (case_key)
    )
    group by case_key
),
identified as (
    select case_key, count(*) as identity_attempt_count, min(occurred_at) filter (is_pass) as identity_passed_at
    from checks
    group by case_key
),
acted as (
    select
        case_key, min(occurred_at) filter (actor = 'customer') as action_started_at,
        min(occurred_at) filter (actor = 'customer' and step = 'completed') as action_completed_at,
        min(occurred_at) filter (actor = 'customer' and action = 'pay') as first_pay_action_at,
        bool_or(actor = 'customer' and step = 'ineligible') as has_ineligible_step,
        bool_or(actor = 'agent') as has_agent_action
    from actions
    group by case_key
),
written as (
    select
        case_key, count(*) as writeback_count, count(verified_at) as verified_writeback_count,
        count(*) filter (is_settled) as settled_writeback_count, count(*) filter (is_reversed) as reversed_writeback_count,
        max(attempt_count) as greatest_attempt_count,
        case when count(*) = count(verified_at) then max(verified_at) end as resolved_at
    from writebacks
    group by case_key
),
excepted as (
    select case_key, count(*) as exception_count from raised group by case_key
),
handled as (
    select
        case_key, count(*) as agent_touch_count,
        sum(coalesce(handle_minutes + wrap_up_minutes, handle_minutes, wrap_up_minutes)) as agent_minutes
    from touches
    group by case_key
),
closed as (
    select case_key, latest[3] as reason, latest[1] as closed_at
    from (
        select case_key, max(row(occurred_at, event_id, nullif(reason, ''), kind)) as latest from kept(sound_case_closures) group by case_key
    )
    where latest[4] = 'closed'
),
evidenced as (
    select
        case_key, min(occurred_at) filter (evidence_type = 'consent') as consent_at,
        min(occurred_at) filter (evidence_type = 'identity') as identity_evidence_at,
        min(occurred_at) filter (evidence_type = 'document') as document_at,
        min(occurred_at) filter (evidence_type = 'attestation') as attestation_at
    from kept(sound_evidence_items)
    where is_valid
    group by case_key
),
paid as (
    select
        case_key, sum(if(status = 'refunded', -1, 1) * amount * rate) as net_collected,
        coalesce(sum(if(status = 'refunded', -1, 1) * amount * rate) filter (flow = 'automated'), 0) as net_collected_automated,
        bool_or(flow = 'automated' and status = 'succeeded') as has_automated_payment,
        min(occurred_at) filter (status = 'succeeded') as paid_at
    from kept(sound_payments) as payments
    join fx on fx.currency = payments.currency and fx.day = payments.occurred_at::date
    where status <> 'failed'
    group by case_key
)
select
    opened.case_id, workflow, product, customer_ref, segment, tenure_band, overdue_bucket, risk_tier, contact_preference, source_system,
    customer_timezone, variant, amount_due, trigger_count, triggered_at, first_sent_at, entry_channel,
    coalesce(message_count, 0) as message_count, coalesce(fallback_message_count, 0) as fallback_message_count,
    coalesce(identity_attempt_count, 0) as identity_attempt_count, identity_passed_at,
    action_started_at, coalesce(has_ineligible_step, false) as has_ineligible_step, action_completed_at, first_pay_action_at,
    coalesce(writeback_count, 0) as writeback_count, coalesce(verified_writeback_count, 0) as verified_writeback_count,
    coalesce(settled_writeback_count, 0) as settled_writeback_count, coalesce(reversed_writeback_count, 0) as reversed_writeback_count, resolved_at,
    coalesce(agent_touch_count, 0) as agent_touch_count, if(agent_touch_count is null, 0, agent_minutes) as agent_minutes,
    coalesce(exception_count, 0) as exception_count,
    coalesce(net_collected, 0) as net_collected, coalesce(net_collected_automated, 0) as net_collected_automated,
    coalesce(has_automated_payment, false) as has_automated_payment, closed_at, closed.reason as closure_reason,
    first_sent_at is not null as is_initiated,
    action_completed_at is not null as is_completed_in_message,
    resolved_at is not null as is_resolved,
    agent_touch_count is not null or coalesce(has_agent_action, false) as is_agent_touched,
    is_resolved and not is_agent_touched as is_deflected,
    is_deflected and is_completed_in_message as is_automated,
    is_automated and excepted.exception_count is null and greatest_attempt_count = 1 and written.reversed_writeback_count = 0 as is_straight_through,
    not is_resolved and closed_at is not null as is_closed_unresolved,
    case
        when is_automated then 'in_message'
        when is_deflected then 'self_cured'
        when is_resolved then 'assisted'
        when is_closed_unresolved then 'closed'
        else 'open'
    end as resolution_path,
    case when resolved_at >= triggered_at then (epoch_us(resolved_at) - epoch_us(triggered_at)) / 60e6 end as resolution_minutes,
    due_at, due_at_source,
    due_at <= getvariable('as_of')::timestamp and not (is_closed_unresolved and closed_at <= due_at) as is_due,
    coalesce(resolved_at <= due_at, false) as is_resolved_on_time,
    is_due and not is_resolved_on_time as is_time_breach,
    coalesce(contacted.is_quiet_hours_contact, false) as is_quiet_hours_contact,
    requires_consent and is_completed_in_message and not coalesce(consent_at <= action_completed_at, false) as is_consent_missing,
    requires_identity and is_completed_in_message and not coalesce(identity_passed_at <= action_completed_at, false) as is_identity_missing,
    requires_document and is_resolved and not coalesce(document_at <= resolved_at, false) as is_document_missing,
    requires_attestation and is_resolved and not coalesce(attestation_at <= resolved_at, false) as is_attestation_missing,
    requires_payment and is_resolved and not coalesce(paid_at <= resolved_at, false) as is_payment_missing,
    coalesce(contacted.is_quiet_hours_contact, false) or is_consent_missing or is_identity_missing or is_document_missing
    or is_attestation_missing or is_payment_missing as is_policy_breach,
    is_due and (is_time_breach or is_policy_breach) as is_sla_breached,
    requires_consent, requires_document,
    requires_consent or requires_identity or requires_document or requires_attestation as requires_evidence, collects_payment,
    coalesce(consent_at <= action_completed_at, false) as has_consent_by_completion,
    coalesce(document_at <= resolved_at, false) as has_document_by_resolution,
    if(
        requires_evidence,
        (not requires_consent or consent_at is not null) and (not requires_identity or identity_evidence_at is not null)
        and (not requires_document or document_at is not null) and (not requires_attestation or attestation_at is not null),
        null
    ) as is_evidence_complete,
    case
        when is_resolved then 'writeback_succeeded'
        when is_completed_in_message then 'action_completed'
        when action_started_at is not null then 'action_started'
        when identity_passed_at is not null then 'identity_passed'
        else 'triggered'
    end as stage,
    is_mature
from opened
left join contacted using (case_key)
left join identified using (case_key)
left join acted using (case_key)
left join written using (case_key)
left join excepted using (case_key)
left join handled using (case_key)
left join closed using (case_key)
left join evidenced using (case_key)
left join paid using (case_key);

-- ---------------------------------------------------------------------------------------------------------------------
-- KPIs: per week and workflow, and for (all)
-- ---------------------------------------------------------------------------------------------------------------------

-- Counts add up, so they are taken once per day and workflow; `clock` says which moment of the case the day is of.
create temp table counted as
select
    clock, day, workflow, collects_payment, count(*) as cases,
    count(*) filter (is_initiated) as initiated,
    count(*) filter (is_initiated and is_completed_in_message) as initiated_completed,
    count(*) filter (is_initiated and is_completed_in_message and not is_agent_touched) as contained,
    count(*) filter (is_completed_in_message and not is_closed_unresolved) as completed,
    count(*) filter (is_completed_in_message and is_resolved) as completed_resolved,
    count(*) filter (is_automated) as automated,
    count(*) filter (is_deflected) as deflected,
    count(*) filter (is_resolved_on_time) as on_time,
    count(*) filter (is_due) as due,
    count(*) filter (is_sla_breached) as breached,
    sum(net_collected_automated) as collected
from (
    from journeys
    select
        unnest(['triggered', 'sent', 'completed', 'resolved', 'due']) as clock,
        unnest([triggered_at, first_sent_at, action_completed_at, resolved_at, due_at])::date as day,
        workflow, collects_payment, is_initiated, is_completed_in_message, is_agent_touched, is_resolved, is_automated, is_deflected,
        is_closed_unresolved, is_resolved_on_time, is_due, is_sla_breached, net_collected_automated
)
where day is not null
group by all;

create temp table parts as
select day, workflow, unnest([
    {'kpi_id': 'completion_rate', 'numerator': initiated_completed::double, 'denominator': initiated},
    {'kpi_id': 'automated_resolution_rate', 'numerator': automated, 'denominator': cases}
], recursive := true)
from counted where clock = 'triggered'
union all
select day, workflow, 'payment_recovery_per_1000', 1000 * collected, cases from counted where clock = 'triggered' and collects_payment
union all
select day, workflow, 'containment_rate', contained, initiated from counted where clock = 'sent'
union all
select day, workflow, 'verified_writeback_rate', completed_resolved, completed from counted where clock = 'completed' and completed > 0
union all
select day, workflow, unnest([
    {'kpi_id': 'deflection_rate', 'numerator': deflected::double, 'denominator': cases},
    {'kpi_id': 'sla_on_time_rate', 'numerator': on_time, 'denominator': cases},
    {'kpi_id': 'cost_per_resolved_case', 'numerator': 0, 'denominator': cases}
], recursive := true)
from counted where clock = 'resolved'
union all
select day, workflow, 'sla_breach_rate', breached, due from counted where clock = 'due' and due > 0
union all
select first_attempted_at::date, workflow, 'writeback_success_rate', count(*) filter (was_verified), count(*)
from writebacks join opened using (case_key)
where is_settled
group by all
union all
select delivered_at::date, workflow, 'action_response_rate', count(action_started_at), count(*)
from messages join opened using (case_key)
where delivered_at is not null
group by all
union all
select occurred_at::date, workflow, 'identity_pass_rate', count(*) filter (is_pass), count(*)
from checks join opened using (case_key)
group by all;

insert into parts
with handled as (
    select
        exception_id, count(*) as touch_count,
        min(row(occurred_at, event_id, ended_at, outcome)) as first_touch
    from touches
    where exception_id <> ''
    group by exception_id
),
exceptions as (
    select
        workflow, occurred_at as raised_at, first_touch[3] as closed_at, touch_count > 1 as is_escaped,
        touch_count = 1 and first_touch[4] = 'resolved' as is_resolved
    from raised join opened using (case_key) left join handled on handled.exception_id = raised.event_id
)
select raised_at::date, workflow, 'escalation_success_rate', count(*) filter (is_resolved), count(*) from exceptions group by all
union all
select closed_at::date, workflow, 'exception_escape_rate', count(*) filter (is_escaped), count(*)
from exceptions where closed_at is not null group by all;

-- Charges: what happened on a day × that day's rate; fixed costs by the case.
insert into parts
with used as (
    select sent_at::date as day, workflow, 'messaging' as category, channel, count(*)::double as quantity
    from messages join opened using (case_key)
    where sent_at is not null
    group by all
    union all
    select occurred_at::date, workflow, 'agent', '', sum(handle_minutes + wrap_up_minutes) from touches join opened using (case_key) group by all
    union all
    select day, workflow, 'platform', '', cases from counted where clock = 'triggered'
),
fixed_costs as (
    select
        row_number() over () as number, month, fixed.workflow,
        fixed.amount * fx.rate * greatest(0, least(1,
            date_diff('microsecond', month::timestamp, getvariable('as_of')::timestamp)
            / date_diff('microsecond', month::timestamp, month + interval 1 month)
        )) as amount
    from read_csv(getvariable('reference') || '/fixed_costs.csv') as fixed
    left join fx on fx.currency = fixed.currency and fx.day = fixed.month
),
triggered as (
    select day, workflow, cases, date_trunc('month', day)::date as month from counted where clock = 'triggered'
),
per_case as (
    select number, any_value(amount) / sum(cases) as amount
    from fixed_costs join triggered on triggered.month = fixed_costs.month and triggered.workflow = coalesce(fixed_costs.workflow, triggered.workflow)
    group by number
)
select day, workflow, 'cost_per_resolved_case', quantity * amount, 0 from used join rates using (day, category, channel)
union all
select day, triggered.workflow, 'cost_per_resolved_case', cases * per_case.amount, 0
from triggered
join fixed_costs on fixed_costs.month = triggered.month and triggered.workflow = coalesce(fixed_costs.workflow, triggered.workflow)
join per_case using (number)
where per_case.amount is not null;

create table kpis as
select
    date_trunc('week', day)::date as week_start, coalesce(workflow, '(all)') as workflow, kpi_id,
    sum(numerator)::double as numerator, sum(denominator)::bigint as denominator,
    sum(numerator)::double / nullif(sum(denominator), 0) as value
from parts
group by grouping sets ((week_start, workflow, kpi_id), (week_start, kpi_id));

insert into kpis by name
with percentiles as (
    select
        date_trunc('week', resolved_at)::date as week_start, coalesce(workflow, '(all)') as workflow, count(*) as denominator,
        quantile_cont(resolution_minutes, [0.5, 0.9]) as resolution_minutes
    from journeys
    where resolution_minutes is not null
    group by grouping sets ((week_start, workflow), (week_start))
)
select week_start, workflow, denominator, 'time_to_resolution_median' as kpi_id, resolution_minutes[1] as value from percentiles
union all
select week_start, workflow, denominator, 'time_to_resolution_p90' as kpi_id, resolution_minutes[2] as value from percentiles;
