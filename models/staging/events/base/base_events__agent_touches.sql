-- Grain: one row per visible raw row of agent_touches whose event_id is not simply that of one accepted row.

with

raised_exceptions as (
    select
        event_id,
        case_id
    from {{ ref('stg_events__exceptions') }}
),

{{ exceptional_events(
    'agent_touches',
    parents='left join raised_exceptions'
        ~ ' on raw_rows.exception_id = raised_exceptions.event_id'
        ~ ' and raw_rows.case_id = raised_exceptions.case_id',
    is_orphan_reference="raw_rows.exception_id <> '' and raised_exceptions.event_id is null",
) }}
