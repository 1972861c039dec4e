-- Fails if a value or a verdict of the scorecard is not that of rpt_kpi_weekly, if a cell is missing, or if there is one too many.

with

scorecard as (
    select * from {{ ref('rpt_scorecard_weekly') }}
),

kpis as (
    select kpi_id from {{ ref('dim_kpi') }}
    where kpi_id in ('{{ kpis_with_verdict() | join("', '") }}') -- noqa: LT05
),

-- Read once: a select of it for each KPI takes Spark minutes to plan.
shown as (
    select
        scorecard.week_start,
        scorecard.workflow,
        kpis.kpi_id,
        case kpis.kpi_id
            {%- for kpi_id in kpis_with_verdict() %}
            when '{{ kpi_id }}' then scorecard.{{ kpi_id }}
            {%- endfor %}
        end as value,
        case kpis.kpi_id
            {%- for kpi_id in kpis_with_verdict() %}
            when '{{ kpi_id }}' then scorecard.{{ kpi_id }}_status
            {%- endfor %}
        end as status
    from scorecard
    cross join kpis
),

published as (
    select
        week_start,
        workflow,
        kpi_id,
        value,
        status
    from {{ ref('rpt_kpi_weekly') }}
    where cohort_dimension = 'all' and tier in ('headline', 'leading')
)

select
    coalesce(shown.week_start, published.week_start) as week_start,
    coalesce(shown.workflow, published.workflow) as workflow,
    coalesce(shown.kpi_id, published.kpi_id) as kpi_id,
    shown.value as shown_value,
    published.value as published_value,
    shown.status as shown_status,
    published.status as published_status
from shown
full outer join published
    on
        shown.week_start = published.week_start
        and shown.workflow = published.workflow
        and shown.kpi_id = published.kpi_id
where
    -- A KPI that can't apply to a workflow has an empty cell on the scorecard and none in rpt_kpi_weekly.
    (published.kpi_id is null and (shown.value is not null or shown.status is not null))
    or (published.kpi_id is not null and shown.kpi_id is null)
    or (published.kpi_id is not null and shown.value is distinct from published.value)
    or (published.kpi_id is not null and shown.status is distinct from published.status)
