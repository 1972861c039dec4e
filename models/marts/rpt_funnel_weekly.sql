-- Grain: one row per trigger week, workflow or (all), cohort and stage.

with

counts as (
    select * from {{ ref('int_funnel__stages') }}
),

stages as (
    select listed.* from (
        values
        {%- for stage in funnel_stages() %}
        ({{ loop.index }}, '{{ stage }}')
        {{- ',' if not loop.last }}
        {%- endfor %}
    ) as listed (stage_number, stage)
),

workflows as (
    select workflow from {{ ref('dim_workflow') }}
    union all
    select '(all)' as workflow
),

-- Every week and workflow is shown for all cases; a cohort where one of its cases was triggered.
cells as (
    select
        weeks.week_start,
        workflows.workflow,
        'all' as cohort_dimension,
        'all' as cohort_value
    from {{ ref('int_week__listed') }} as weeks
    cross join workflows

    union all

    select
        week_start,
        workflow,
        cohort_dimension,
        cohort_value
    from counts
    where cohort_dimension <> 'all' and stage_number = 1
),

filled as (
    select
        cells.week_start,
        cells.workflow,
        cells.cohort_dimension,
        cells.cohort_value,
        stages.stage_number,
        stages.stage,
        coalesce(counts.cases, 0) as cases,
        coalesce(counts.own_event_cases, 0) as own_event_cases,
        counts.median_minutes as median_minutes_from_trigger
    from cells
    cross join stages
    left join counts
        on
            cells.week_start = counts.week_start
            and cells.workflow = counts.workflow
            and cells.cohort_dimension = counts.cohort_dimension
            and cells.cohort_value = counts.cohort_value
            and stages.stage_number = counts.stage_number
),

compared as (
    select
        *,
        first_value(cases) over stages_of_cell as triggered_cases,
        lag(cases) over stages_of_cell as previous_cases
    from filled
    window stages_of_cell as (
        partition by week_start, workflow, cohort_dimension, cohort_value
        order by stage_number
    )
),

final as (
    select
        week_start,
        workflow,
        cohort_dimension,
        cohort_value,
        stage_number,
        stage,
        cases,
        own_event_cases,
        cases - own_event_cases as skipped_cases,
        {{ rate('cases', 'triggered_cases') }} as share_of_triggered,
        {{ rate('cases', 'previous_cases') }} as share_of_previous,
        median_minutes_from_trigger
    from compared
)

select * from final
