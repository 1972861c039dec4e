-- Grain: one row per accepted event of one case, in the order in which they occurred.

with

events as (
    select * from {{ ref('fct_case_event') }}
),

cases as (
    select * from {{ ref('fct_case_journey') }}
),

final as (
    select
        events.occurred_at,
        {{ minutes_between('cases.triggered_at', 'events.occurred_at') }} as minutes_from_trigger,
        events.actor,
        events.what,
        events.source_table,
        events.event_id
    from events
    inner join cases on events.case_id = cases.case_id
    where events.case_id = {{ ask_text('ask_case_id', 'case-01605') }}
)

select * from final
order by
    occurred_at,
    -- Of what occurred at once, the trigger comes first and the acknowledgement after its attempt.
    case source_table
        {%- for table in event_contract() %}
        when '{{ table }}' then {{ loop.index }}
        {%- endfor %}
    end,
    {{ byte_order('event_id') }}
