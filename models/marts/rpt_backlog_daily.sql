-- Grain: one row per local day and workflow or (all), from the day of the first trigger to that of as_of.

with

moves as (
    select * from {{ ref('int_backlog__moves') }}
),

days as (
    {{ date_series("(select min(day) from moves where move = 'triggered')", '(select ' ~ local_date(as_of()) ~ ')') | indent(4) }}
),

workflows as (
    select workflow from {{ ref('dim_workflow') }}
    union all
    select '(all)' as workflow
),

counted as (
    select
        day,
        coalesce(workflow, '(all)') as workflow,
        sum(case when move = 'triggered' then cases else 0 end) as triggered,
        sum(case when move = 'resolved' then cases else 0 end) as resolved,
        sum(case when move = 'closed' then cases else 0 end) as closed,
        sum(case when move = 'overdue' then cases else 0 end) as overdue,
        sum(case when move = 'no_longer_overdue' then cases else 0 end) as no_longer_overdue
    from moves
    group by grouping sets ((day), (day, workflow)) -- noqa: PRS
),

filled as (
    select
        days.date_day as day,
        workflows.workflow,
        cast(coalesce(counted.triggered, 0) as {{ dbt.type_bigint() }}) as triggered,
        cast(coalesce(counted.resolved, 0) as {{ dbt.type_bigint() }}) as resolved,
        cast(coalesce(counted.closed, 0) as {{ dbt.type_bigint() }}) as closed,
        cast(coalesce(counted.overdue, 0) as {{ dbt.type_bigint() }}) as overdue,
        cast(coalesce(counted.no_longer_overdue, 0) as {{ dbt.type_bigint() }}) as no_longer_overdue
    from days
    cross join workflows
    left join counted on days.date_day = counted.day and workflows.workflow = counted.workflow
),

summed as (
    select
        *,
        sum(triggered - resolved - closed) over days_so_far as closing,
        sum(overdue - no_longer_overdue) over days_so_far as overdue_so_far
    from filled
    window days_so_far as (
        partition by workflow
        order by day
    )
)

select
    day,
    workflow,
    cast(closing - triggered + resolved + closed as {{ dbt.type_bigint() }}) as opening,
    triggered,
    resolved,
    closed,
    cast(closing as {{ dbt.type_bigint() }}) as closing,
    cast(overdue_so_far as {{ dbt.type_bigint() }}) as overdue
from summed
