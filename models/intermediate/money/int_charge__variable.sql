-- Grain: one row per message sent, agent touch and case: what is charged by the unit.

with

-- One charge for each message, touch and case; charge_id comes from an id that is unique in its own table.
units as (
    select
        'messaging:' || first_event_id as charge_id,
        case_id,
        'messaging' as category,
        channel,
        sent_at as charged_at,
        cast(1 as {{ type_double() }}) as quantity
    from {{ ref('int_message__assembled') }}
    where sent_at is not null

    union all

    select
        'agent:' || event_id as charge_id,
        case_id,
        'agent' as category,
        null as channel,
        occurred_at as charged_at,
        handle_minutes + wrap_up_minutes as quantity
    from {{ ref('int_agent_touch__handled') }}

    union all

    select
        'platform:' || case_id as charge_id,
        case_id,
        'platform' as category,
        null as channel,
        triggered_at as charged_at,
        1 as quantity
    from {{ ref('int_case__opened') }}
),

rates as (
    select * from {{ ref('int_rate__daily') }}
)

select
    units.charge_id,
    units.case_id,
    units.category,
    units.charged_at,
    units.quantity,
    units.quantity * rates.amount as amount
from units
left join rates
    on
        {{ local_date('units.charged_at') }} = rates.date_day
        and units.category = rates.category
        and coalesce(units.channel, '') = coalesce(rates.channel, '')
