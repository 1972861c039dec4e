-- Grain: one row per trigger week, workflow or (all), cohort and stage.

with

counts as (
    select * from {{ ref('int_funnel__counted') }}
),

stages as (
    {%- for name in funnel_stages() %}
    select
        {{ loop.index }} as stage_number,
        '{{ name }}' as stage
    {{ 'union all' if not loop.last }}
    {%- endfor %}
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
    where cohort_dimension <> 'all'
),

filled as (
    select
        cells.week_start,
        cells.workflow,
        cells.cohort_dimension,
        cells.cohort_value,
        stages.stage_number,
        stages.stage,
        coalesce(
            case stages.stage
                {%- for name in funnel_stages() %}
                when '{{ name }}' then counts.{{ name }}_cases
                {%- endfor %}
            end,
            0
        ) as cases,
        coalesce(
            case stages.stage
                {%- for name in funnel_stages() %}
                when '{{ name }}' then counts.{{ name }}_own_event_cases
                {%- endfor %}
            end,
            0
        ) as own_event_cases,
        medians.median_minutes as median_minutes_from_trigger
    from cells
    cross join stages
    left join counts
        on
            cells.week_start = counts.week_start
            and cells.workflow = counts.workflow
            and cells.cohort_dimension = counts.cohort_dimension
            and cells.cohort_value = counts.cohort_value
    left join {{ ref('int_funnel__medians') }} as medians
        on
            cells.week_start = medians.week_start
            and cells.workflow = medians.workflow
            and cells.cohort_dimension = medians.cohort_dimension
            and cells.cohort_value = medians.cohort_value
            and stages.stage = medians.stage
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
