-- Grain: one row per KPI and workflow or (all) that a target serves; the workflow's own wins over `*`.

with

applied as (
    select * from {{ ref('int_kpi__applicability') }}
),

targets as (
    select * from {{ ref('stg_reference__kpi_targets') }}
),

baselines as (
    select * from {{ ref('int_kpi__baselines') }}
),

candidates as (
    select
        applied.kpi_id,
        applied.workflow,
        targets.kind,
        targets.target,
        targets.red_flag,
        targets.owner,
        row_number() over (
            partition by applied.kpi_id, applied.workflow
            order by case when targets.workflow = '*' then 1 else 0 end
        ) as preference
    from applied
    inner join targets
        on
            applied.kpi_id = targets.kpi_id
            and (applied.workflow = targets.workflow or targets.workflow = '*')
)

select
    candidates.kpi_id,
    candidates.workflow,
    candidates.owner,
    case candidates.kind
        when 'absolute' then candidates.target
        else baselines.baseline_value * (1 + candidates.target)
    end as target,
    case candidates.kind
        when 'absolute' then candidates.red_flag
        else baselines.baseline_value * (1 + candidates.red_flag)
    end as red_flag
from candidates
left join baselines
    on
        candidates.kpi_id = baselines.kpi_id
        and candidates.workflow = baselines.workflow
where candidates.preference = 1
