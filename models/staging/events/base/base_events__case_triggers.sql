-- Grain: one row per visible raw row of case_triggers.

with

workflows as (
    select workflow from {{ ref('stg_reference__workflows') }}
),

{{ classified_events(
    'case_triggers',
    lookups='left join workflows on raw_rows.workflow = workflows.workflow',
    unknown={'unknown_workflow': 'workflows.workflow is null'},
) }}
