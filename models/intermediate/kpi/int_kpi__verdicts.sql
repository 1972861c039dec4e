-- Grain: one row per KPI that may carry a verdict, workflow or (all), and period: its kind and first day.
{{ config(materialized='table') }}

with

cells as (
    select
        kpi_id,
        workflow,
        'week' as period_kind,
        week_start as period_start,
        week_start as last_monday,
        value,
        denominator,
        is_rate,
        ci_low,
        ci_high,
        is_provisional
    from {{ ref('int_kpi__cells') }}
    where cohort_dimension = 'all'

    union all

    select
        kpi_id,
        workflow,
        period_kind,
        period_start,
        last_monday,
        value,
        denominator,
        is_rate,
        ci_low,
        ci_high,
        is_provisional
    from {{ ref('int_kpi__period_cells') }}
),

kpis as (
    select
        kpi_id,
        -- Turns "higher is better" and "lower is better" into one comparison.
        {{ good_sign() }} as good_sign
    from {{ ref('stg_reference__kpi_catalog') }}
    where kpi_id in ('{{ kpis_with_verdict() | join("', '") }}') -- noqa: LT05
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
        cells.*,
        baselines.baseline_value,
        targets.target,
        targets.red_flag,
        targets.action,
        coalesce(targets.owner, workflows.owner) as owner,
        {{ is_beyond('cells.value', 'targets.red_flag', 'kpis.good_sign') }} as is_red,
        {{ is_beyond('cells.value', 'targets.target', 'kpis.good_sign') }} as is_amber,
        {{ is_beyond('cells.ci_low', 'targets.red_flag', 'kpis.good_sign') }} as is_low_beyond_red_flag,
        {{ is_beyond('cells.ci_high', 'targets.red_flag', 'kpis.good_sign') }} as is_high_beyond_red_flag,
        {{ is_beyond('cells.ci_low', 'targets.target', 'kpis.good_sign') }} as is_low_beyond_target,
        {{ is_beyond('cells.ci_high', 'targets.target', 'kpis.good_sign') }} as is_high_beyond_target
    from cells
    inner join kpis on cells.kpi_id = kpis.kpi_id
    left join targets on cells.kpi_id = targets.kpi_id and cells.workflow = targets.workflow and cells.last_monday = targets.last_monday
    left join baselines on cells.kpi_id = baselines.kpi_id and cells.workflow = baselines.workflow
    left join workflows on cells.workflow = workflows.workflow
),

judged as (
    select
        *,
        case
            when target is null then 'no_target'
            when is_provisional then 'provisional'
            when value is null then 'no_data'
            when denominator < {{ var('min_sample') | int }} then 'too_little_data'
            when is_red then 'red'
            when is_amber then 'amber'
            else 'green'
        end as status
    from compared
)

select
    kpi_id,
    workflow,
    period_kind,
    period_start,
    value,
    baseline_value,
    target,
    red_flag,
    owner,
    action,
    status,
    case
        when not is_rate then cast(null as boolean)
        when status = 'red' then is_low_beyond_red_flag and is_high_beyond_red_flag
        when status = 'amber'
            then is_low_beyond_target and is_high_beyond_target and not is_low_beyond_red_flag and not is_high_beyond_red_flag
        when status = 'green' then not is_low_beyond_target and not is_high_beyond_target
    end as is_certain
from judged
