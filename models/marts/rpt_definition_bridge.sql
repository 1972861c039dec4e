-- Grain: one row per week, workflow or (all), bridge between two KPIs, and step of it; a step without a unit has no row.

with

cells as (
    select * from {{ ref('int_kpi__cells') }}
    where cohort_dimension = 'all'
),

differences as (
    select
        week_start,
        coalesce(workflow, '(all)') as workflow,
        from_kpi_id,
        to_kpi_id,
        part,
        step,
        sum(difference) as units
    from {{ ref('fct_definition_difference') }}
    group by grouping sets ( -- noqa: PRS
        (week_start, from_kpi_id, to_kpi_id, part, step),
        (week_start, from_kpi_id, to_kpi_id, part, step, workflow)
    )
),

ends as (
    {%- for bridge in definition_bridges() %}
    {%- for end, kpi_id, counts in [('from', bridge.from, bridge.from_counts or bridge.part), ('to', bridge.to, bridge.part)] %}
    select
        week_start,
        workflow,
        '{{ bridge.from }}' as from_kpi_id,
        '{{ bridge.to }}' as to_kpi_id,
        '{{ bridge.part }}' as part,
        '{{ end }}' as step,
        {{ counts }} as units
    from cells
    where kpi_id = '{{ kpi_id }}'
    {{ 'union all' if not loop.last }}
    {%- endfor %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

steps as (
    select listed.* from (
        values
        {%- for bridge in definition_bridges() %}
        {%- set comma_after_bridge = ',' if not loop.last %}
        {%- for step in bridge_steps(bridge) %}
        ('{{ bridge.from }}', '{{ bridge.to }}', '{{ bridge.part }}', '{{ step }}', {{ loop.index }})
        {{- comma_after_bridge if loop.last else ',' }}
        {%- endfor %}
        {%- endfor %}
    ) as listed (from_kpi_id, to_kpi_id, part, step, step_number)
),

walked as (
    select * from ends
    union all
    select * from differences
),

final as (
    select
        walked.week_start,
        walked.workflow,
        walked.from_kpi_id,
        walked.to_kpi_id,
        walked.part,
        steps.step_number,
        walked.step,
        cast(walked.units as {{ dbt.type_bigint() }}) as units
    from walked
    inner join steps
        on
            walked.from_kpi_id = steps.from_kpi_id
            and walked.to_kpi_id = steps.to_kpi_id
            and walked.part = steps.part
            and walked.step = steps.step
)

select * from final
