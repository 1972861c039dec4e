-- Grain: one row per visible raw row of case_triggers whose event_id is not simply that of one accepted row.

with

workflows as (
    select workflow from {{ ref('stg_reference__workflows') }}
),

{{ exceptional_events(
    'case_triggers',
    lookups='left join workflows on raw_rows.workflow = workflows.workflow',
    unknown={'unknown_workflow': 'workflows.workflow is null'},
) }}
