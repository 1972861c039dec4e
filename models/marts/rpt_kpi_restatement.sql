-- Grain: one row per published figure that has changed since: KPI, week and workflow or (all).

with

published as (
    select * from {{ ref('kpi_first_published') }}
),

cells as (
    select * from {{ ref('int_kpi__cells') }}
    where cohort_dimension = 'all'
),

final as (
    select
        published.kpi_id,
        published.week_start,
        published.workflow,
        published.published_value,
        published.published_as_of,
        cells.value as restated_value,
        {{ as_of() }} as restated_as_of
    from published
    inner join cells
        on
            published.kpi_id = cells.kpi_id
            and published.week_start = cells.week_start
            and published.workflow = cells.workflow
    where
        -- A build of an earlier moment says nothing about what was published later.
        published.published_as_of <= {{ as_of() }}
        and (
            abs(published.published_value - cells.value) > 1e-9
            or (published.published_value is null and cells.value is not null)
            or (published.published_value is not null and cells.value is null)
        )
)

select * from final
