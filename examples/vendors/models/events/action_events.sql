-- Grain: one row per webhook that says that somebody began to pay, paid, or failed to.

with

buttons as (
    select
        events.event_id,
        events.case_id,
        events.occurred_at,
        events.loaded_at,
        events.message_id,
        event_types.becomes as action,
        'started' as step,
        'customer' as actor,
        cast(null as {{ dbt.type_string() }}) as error_reason
    from {{ ref('stg_whatsapp__items') }} as events
    inner join {{ ref('event_types') }} as event_types
        on event_types.vendor = 'whatsapp' and event_types.contract_table = 'action_events' and events.event_type = event_types.event_type
),

payments as (
    select
        events.event_id,
        events.case_id,
        events.occurred_at,
        events.loaded_at,
        cast(null as {{ dbt.type_string() }}) as message_id,
        'pay' as action,
        event_types.becomes as step,
        case events.flow when 'automated' then 'customer' when 'agent' then 'agent' end as actor,
        case when event_types.becomes = 'failed' then events.failure_reason end as error_reason
    from {{ ref('stg_stripe__events') }} as events
    inner join {{ ref('event_types') }} as event_types
        on event_types.vendor = 'stripe' and event_types.contract_table = 'action_events' and events.event_type = event_types.event_type
)

select * from buttons
union all
select * from payments
