-- Grain: one row per period: its kind and first day. Those that only a change asks for are not published (is_listed).

with

weeks as (
    select
        *,
        min(week_start) over () as first_week
    from {{ ref('int_week__listed') }}
),

rolling as (
    select
        {{ add_days('week_start', -21) }} as period_start,
        true as is_listed
    from weeks
    where {{ add_days('week_start', -21) }} >= first_week

    union all

    select
        {{ add_days(dbt.date_trunc('week', 'changed_on'), -28) }} as period_start,
        false as is_listed
    from {{ ref('stg_reference__changes') }}

    union all

    select
        {{ add_days(dbt.date_trunc('week', 'changed_on'), 7) }} as period_start,
        false as is_listed
    from {{ ref('stg_reference__changes') }}
),

periods as (
    select
        'week' as period_kind,
        week_start as period_start,
        {{ add_days('week_start', 7) }} as period_end,
        true as is_listed
    from weeks

    union all

    select
        'rolling_4_weeks' as period_kind,
        period_start,
        {{ add_days('period_start', 28) }} as period_end,
        bool_or(is_listed) as is_listed
    from rolling
    group by period_start
    {%- for kind, months in {'month': 1, 'quarter': 3}.items() %}

    union all

    select distinct
        '{{ kind }}' as period_kind,
        cast({{ dbt.date_trunc(kind, 'week_start') }} as date) as period_start,
        cast({{ dbt.dateadd('month', months, dbt.date_trunc(kind, 'week_start')) }} as date) as period_end,
        true as is_listed
    from weeks
    {%- endfor %}
)

select
    period_kind,
    period_start,
    period_end,
    is_listed,
    -- Targets serve a period by the Monday on or before its last day.
    cast({{ dbt.date_trunc('week', add_days('period_end', -1)) }} as date) as last_monday,
    {{ to_utc('period_end') }} as ends_at,
    -- Weeks wait for the costs of the month in which they end.
    case
        when period_kind in ('week', 'rolling_4_weeks')
            then {{ to_utc(dbt.dateadd('month', 1, 'cast(' ~ dbt.date_trunc('month', add_days('period_end', -1)) ~ ' as date)')) }}
    end as month_ends_at
from periods
