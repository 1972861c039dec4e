-- Grain: one row per visible raw row of agent_touches.

with

raised_exceptions as (
    select
        event_id,
        case_id
    from {{ ref('stg_events__exceptions') }}
),

{{ classified_events(
    'agent_touches',
    parents='left join raised_exceptions'
        ~ ' on deliveries.exception_id = raised_exceptions.event_id'
        ~ ' and deliveries.case_id = raised_exceptions.case_id',
    is_orphan_reference="deliveries.exception_id <> '' and raised_exceptions.event_id is null",
) }}
