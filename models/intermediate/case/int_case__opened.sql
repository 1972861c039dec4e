-- Grain: one row per case, as its earliest trigger opened it.

with

triggers as {{ stored_in_increments() }} (
    select * from {{ ref('stg_events__case_triggers') }}
    where {{ is_changed() }}
),

repeated as (
    select
        case_id,
        count(*) as trigger_count
    from triggers
    group by case_id
    having count(*) > 1
),

numbered as (
    select
        triggers.*,
        1 as trigger_count,
        1 as trigger_number
    from triggers
    left join repeated on triggers.case_id = repeated.case_id
    where repeated.case_id is null

    union all

    select
        triggers.*,
        repeated.trigger_count,
        row_number() over (
            partition by triggers.case_id
            order by triggers.occurred_at, {{ byte_order('triggers.event_id') }}
        ) as trigger_number
    from triggers
    inner join repeated on triggers.case_id = repeated.case_id
),

workflows as (
    select * from {{ ref('stg_reference__workflows') }}
),

business_days_due as (
    select * from {{ ref('int_sla__business_days_due') }}
),

fx as (
    select * from {{ ref('int_fx__daily') }}
)

select
    numbered.case_id,
    numbered.workflow,
    numbered.product,
    numbered.customer_ref,
    numbered.segment,
    numbered.tenure_band,
    numbered.overdue_bucket,
    numbered.risk_tier,
    numbered.contact_preference,
    numbered.source_system,
    numbered.customer_timezone,
    numbered.variant,
    numbered.amount_due * fx.rate as amount_due,
    cast(numbered.trigger_count as {{ dbt.type_bigint() }}) as trigger_count,
    numbered.occurred_at as triggered_at,
    case
        when numbered.due_at is not null then numbered.due_at
        when workflows.sla_unit = 'hours' then {{ add_seconds('numbered.occurred_at', 'workflows.sla_value * 3600') }}
        when workflows.sla_unit = 'days' then {{ add_seconds('numbered.occurred_at', 'workflows.sla_value * 86400') }}
        else business_days_due.due_at
    end as due_at,
    case when numbered.due_at is not null then 'case' else 'workflow' end as due_at_source,
    {{ add_seconds('numbered.occurred_at', 'workflows.maturity_days * 86400') }} as matures_at,
    workflows.requires_consent,
    workflows.requires_identity,
    workflows.requires_document,
    workflows.requires_attestation,
    workflows.requires_payment,
    workflows.requires_evidence,
    workflows.collects_payment
from numbered
inner join workflows on numbered.workflow = workflows.workflow
left join business_days_due
    on
        workflows.sla_unit = 'business_days'
        and workflows.sla_value = business_days_due.business_days
        and {{ local_date('numbered.occurred_at') }} = business_days_due.date_day
left join fx
    on
        numbered.amount_due is not null
        and coalesce(numbered.currency, {{ text_literal(var('reporting_currency')) }}) = fx.currency
        and {{ local_date('numbered.occurred_at') }} = fx.date_day
where numbered.trigger_number = 1
