-- Grain: one row per KPI, workflow or (all), and Monday that a target serves: the workflow's own before `*`, then the latest.

with

applied as (
    select * from {{ ref('int_kpi__applicability') }}
    where can_apply
),

mondays as (
    select distinct last_monday
    from {{ ref('int_period__listed') }}
    where is_listed
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
        mondays.last_monday,
        targets.kind,
        targets.target,
        targets.red_flag,
        targets.owner,
        targets.action,
        row_number() over (
            partition by applied.kpi_id, applied.workflow, mondays.last_monday
            order by case when targets.workflow = '*' then 1 else 0 end, targets.valid_from desc nulls last
        ) as preference
    from applied
    inner join targets
        on
            applied.kpi_id = targets.kpi_id
            and (applied.workflow = targets.workflow or targets.workflow = '*')
    inner join mondays
        on
            coalesce(targets.valid_from <= mondays.last_monday, true)
            and coalesce(targets.valid_to > mondays.last_monday, true)
)

select
    candidates.kpi_id,
    candidates.workflow,
    candidates.last_monday,
    candidates.owner,
    candidates.action,
    {{ target_value('candidates.target', 'candidates.kind', 'baselines.baseline_value') }} as target,
    {{ target_value('candidates.red_flag', 'candidates.kind', 'baselines.baseline_value') }} as red_flag
from candidates
left join baselines
    on
        candidates.kpi_id = baselines.kpi_id
        and candidates.workflow = baselines.workflow
where candidates.preference = 1
