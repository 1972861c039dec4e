-- Grain: one row per KPI that may carry a verdict, workflow or (all), and week.
{{ config(materialized='table') }}

with

cells as (
    select * from {{ ref('int_kpi__cells') }}
    where
        cohort_dimension = 'all'
        and kpi_id in ('{{ kpis_with_verdict() | join("', '") }}') -- noqa: LT05
),

kpis as (
    select
        kpi_id,
        -- Turns "higher is better" and "lower is better" into one comparison.
        case direction when 'higher' then 1 else -1 end as good_sign
    from {{ ref('stg_reference__kpi_catalog') }}
),

targets as (
    select * from {{ ref('int_kpi__targets') }}
),

baselines as (
    select * from {{ ref('int_kpi__baselines') }}
),

workflows as (
    select
        workflow,
        owner
    from {{ ref('stg_reference__workflows') }}
),

compared as (
    select
        cells.kpi_id,
        cells.workflow,
        cells.week_start,
        cells.value,
        cells.denominator as sample_size,
        baselines.baseline_value,
        targets.target,
        targets.red_flag,
        coalesce(targets.owner, workflows.owner) as owner,
        kpis.good_sign * {{ to_9_decimals('cells.value') }} as goodness,
        kpis.good_sign * {{ to_9_decimals('targets.target') }} as target_goodness,
        kpis.good_sign * {{ to_9_decimals('targets.red_flag') }} as red_flag_goodness
    from cells
    inner join kpis on cells.kpi_id = kpis.kpi_id
    left join targets on cells.kpi_id = targets.kpi_id and cells.workflow = targets.workflow
    left join baselines on cells.kpi_id = baselines.kpi_id and cells.workflow = baselines.workflow
    left join workflows on cells.workflow = workflows.workflow
)

select
    kpi_id,
    workflow,
    week_start,
    value,
    baseline_value,
    target,
    red_flag,
    owner,
    case
        when target is null then 'no_target'
        when value is null then 'no_data'
        when sample_size < {{ var('min_sample') | int }} then 'too_little_data'
        when goodness < red_flag_goodness then 'red'
        when goodness < target_goodness then 'amber'
        else 'green'
    end as status
from compared
