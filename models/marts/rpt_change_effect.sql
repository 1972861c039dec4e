-- Grain: one row per change: its KPI over the four whole weeks before the week of the change, and over the four after it.

with

changes as (
    select
        *,
        {{ add_days(dbt.date_trunc('week', 'changed_on'), -28) }} as before_start,
        {{ add_days(dbt.date_trunc('week', 'changed_on'), 7) }} as after_start
    from {{ ref('stg_reference__changes') }}
),

kpis as (
    select
        kpi_id,
        kpi_id in ({{ kpis_of_kind(['rate']) }}) as is_rate,
        {{ good_sign() }} as good_sign
    from {{ ref('stg_reference__kpi_catalog') }}
),

periods as (
    select
        *,
        {{ figures() }},
        coalesce(denominator, 0) as sample_size
    from {{ ref('int_kpi__period_sums') }}
    where period_kind = 'rolling_4_weeks'
),

listed_periods as (
    select * from {{ ref('int_period__listed') }}
    where period_kind = 'rolling_4_weeks' and is_listed
),

applied as (
    select * from {{ ref('int_kpi__applicability') }}
),

compared as (
    select
        changes.change_id,
        changes.changed_on,
        changes.kpi_id,
        changes.workflow,
        changes.description,
        kpis.is_rate,
        kpis.good_sign,
        before.value as before_value,
        after.value as after_value,
        coalesce(before.sample_size, 0) as before_sample,
        coalesce(after.sample_size, 0) as after_sample,
        after.value - before.value as difference,
        {{ square('before.value - before.ci_low') }} as before_low_distance,
        {{ square('before.ci_high - before.value') }} as before_high_distance,
        {{ square('after.value - after.ci_low') }} as after_low_distance,
        {{ square('after.ci_high - after.value') }} as after_high_distance,
        listed_periods.period_start is null or coalesce({{ may_still_move('applied', 'listed_periods') }}, false) as is_too_early
    from changes
    inner join kpis on changes.kpi_id = kpis.kpi_id
    left join periods as before
        on
            changes.kpi_id = before.kpi_id
            and changes.workflow = before.workflow
            and changes.before_start = before.period_start
    left join periods as after
        on
            changes.kpi_id = after.kpi_id
            and changes.workflow = after.workflow
            and changes.after_start = after.period_start
    left join listed_periods on changes.after_start = listed_periods.period_start
    left join applied on changes.kpi_id = applied.kpi_id and changes.workflow = applied.workflow
),

-- The interval of the difference of two rates (Newcombe 1998, method 10): the squares of the distances to the Wilson bounds, added.
bounded as (
    select
        *,
        case when is_rate then difference - sqrt(after_low_distance + before_high_distance) end as ci_low,
        case when is_rate then difference + sqrt(after_high_distance + before_low_distance) end as ci_high
    from compared
)

select
    change_id,
    changed_on,
    kpi_id,
    workflow,
    description,
    before_value,
    after_value,
    before_sample,
    after_sample,
    difference,
    {{ rate('difference', 'before_value') }} as relative_change,
    ci_low,
    ci_high,
    case
        when is_too_early then 'too_early'
        when before_sample < {{ var('min_sample') | int }} or after_sample < {{ var('min_sample') | int }} then 'too_little_data'
        when not is_rate then 'no_interval'
        when {{ to_9_decimals('ci_low') }} > 0 then case when good_sign > 0 then 'better' else 'worse' end
        when {{ to_9_decimals('ci_high') }} < 0 then case when good_sign > 0 then 'worse' else 'better' end
        else 'unclear'
    end as verdict
from bounded
