-- Grain: one row per target with a due date and workflow or (all) that it serves.

with

dated_targets as (
    select * from {{ ref('stg_reference__kpi_targets') }}
    where due_date is not null and kpi_id in ('{{ kpis_with_verdict() | join("', '") }}') -- noqa: LT05
),

targeted as (
    select distinct
        kpi_id,
        workflow
    from dated_targets
),

-- `*` leaves out whoever has a dated target of their own.
served as (
    select
        applied.workflow,
        dated_targets.kpi_id,
        dated_targets.kind,
        dated_targets.target as given_target,
        dated_targets.valid_from,
        dated_targets.due_date,
        dated_targets.owner
    from dated_targets
    inner join {{ ref('int_kpi__applicability') }} as applied on dated_targets.kpi_id = applied.kpi_id and applied.can_apply
    left join targeted on applied.kpi_id = targeted.kpi_id and applied.workflow = targeted.workflow
    where
        dated_targets.workflow = applied.workflow
        or (dated_targets.workflow = '*' and targeted.kpi_id is null)
),

rolling_weeks as (
    select
        *,
        {{ add_days('period_end', -1) }} as last_day
    from {{ ref('int_kpi__period_cells') }}
    where period_kind = 'rolling_4_weeks' and not is_provisional and value is not null
),

latest as (
    select
        served.kpi_id,
        served.workflow,
        served.due_date,
        max(rolling_weeks.period_start) as period_start
    from served
    inner join rolling_weeks
        on
            served.kpi_id = rolling_weeks.kpi_id
            and served.workflow = rolling_weeks.workflow
            and served.due_date >= rolling_weeks.last_day
    group by served.kpi_id, served.workflow, served.due_date
),

compared as (
    select
        served.*,
        baselines.baseline_value as start_value,
        rolling_weeks.value as latest_value,
        {{ target_value('served.given_target', 'served.kind', 'baselines.baseline_value') }} as target,
        case when served.valid_from > windows.ends_on then served.valid_from else windows.ends_on end as starts_on,
        windows.ends_on as windows_end,
        coalesce(served.owner, workflows.owner) as owner_or_workflows,
        {{ good_sign('kpis.direction') }} as good_sign
    from served
    inner join {{ ref('stg_reference__kpi_catalog') }} as kpis on served.kpi_id = kpis.kpi_id
    left join {{ ref('int_kpi__baselines') }} as baselines on served.kpi_id = baselines.kpi_id and served.workflow = baselines.workflow
    left join {{ ref('int_baseline__window') }} as windows on served.workflow = windows.workflow
    left join {{ ref('stg_reference__workflows') }} as workflows on served.workflow = workflows.workflow
    left join latest on served.kpi_id = latest.kpi_id and served.workflow = latest.workflow and served.due_date = latest.due_date
    left join rolling_weeks
        on
            latest.kpi_id = rolling_weeks.kpi_id
            and latest.workflow = rolling_weeks.workflow
            and latest.period_start = rolling_weeks.period_start
),

-- A workflow without a case has no baseline window, and so no share of time.
timed as (
    select
        *,
        case
            when windows_end is null then null
            when due_date <= starts_on then 1
            when {{ local_date(as_of()) }} <= starts_on then 0
            when {{ local_date(as_of()) }} >= due_date then 1
            else {{ rate(dbt.datediff('starts_on', local_date(as_of()), 'day'), dbt.datediff('starts_on', 'due_date', 'day')) }}
        end as share_of_time,
        case
            when {{ to_9_decimals('target') }} <> {{ to_9_decimals('start_value') }}
                then {{ rate('latest_value - start_value', 'target - start_value') }}
        end as share_of_way
    from compared
)

select
    kpi_id,
    workflow,
    due_date,
    target,
    start_value,
    latest_value,
    share_of_time,
    share_of_way,
    case
        when start_value is null or latest_value is null then 'no_data'
        when not {{ is_beyond('latest_value', 'target', 'good_sign') }} then 'met'
        when due_date < {{ local_date(as_of()) }} then 'missed'
        when {{ to_9_decimals('share_of_time') }} < 0.25 then 'too_early'
        when {{ to_9_decimals('share_of_way') }} >= {{ to_9_decimals('share_of_time') }} then 'on_track'
        else 'off_track'
    end as progress,
    owner_or_workflows as owner
from timed
