-- Grain: one row per case, as its earliest trigger opened it.
{{ config(materialized='incremental', incremental_strategy='touched_cases', on_schema_change='fail') }}

with

triggers as (
    select
        *,
        row_number() over (partition by case_id order by occurred_at, {{ byte_order('event_id') }}) as trigger_number,
        count(*) over (partition by case_id) as trigger_count
    from {{ ref('stg_events__case_triggers') }}
    where {{ is_touched() }}
),

workflows as (
    select * from {{ ref('stg_reference__workflows') }}
),

business_days_due as (
    select * from {{ ref('int_sla__business_days_due') }}
)

select
    triggers.case_id,
    triggers.workflow,
    triggers.product,
    triggers.customer_ref,
    triggers.segment,
    triggers.tenure_band,
    triggers.overdue_bucket,
    triggers.risk_tier,
    triggers.contact_preference,
    triggers.source_system,
    triggers.trigger_count,
    triggers.occurred_at as triggered_at,
    case workflows.sla_unit
        when 'hours' then {{ add_seconds('triggers.occurred_at', 'workflows.sla_value * 3600') }}
        when 'days' then {{ add_seconds('triggers.occurred_at', 'workflows.sla_value * 86400') }}
        else business_days_due.due_at
    end as due_at,
    {{ add_seconds('triggers.occurred_at', 'workflows.maturity_days * 86400') }} as matures_at,
    workflows.requires_consent,
    workflows.requires_identity,
    workflows.requires_document,
    workflows.collects_payment
from triggers
inner join workflows on triggers.workflow = workflows.workflow
left join business_days_due
    on
        workflows.sla_unit = 'business_days'
        and workflows.sla_value = business_days_due.business_days
        and {{ local_date('triggers.occurred_at') }} = business_days_due.date_day
where triggers.trigger_number = 1
