-- Grain: one row per attribute and value of a resolved case; what the slowest have more often than the others comes first.
{%- set attributes = {
    'source_system': "coalesce(source_system, '(none)')",
    'triggered_week': 'cast(' ~ local_week('triggered_at') ~ ' as ' ~ dbt.type_string() ~ ')',
} %}
{%- for dimension in cohort_dimensions() %}
{%- do attributes.update({dimension: 'coalesce(' ~ dimension ~ ", '(none)')"}) %}
{%- endfor %}
{%- set conditions = {
    'is_agent_touched': 'is_agent_touched',
    'has_exception': 'exception_count > 0',
    'has_fallback_message': 'fallback_message_count > 0',
    'has_failed_identity_check': 'identity_attempt_count > case when identity_passed_at is null then 0 else 1 end',
    'is_retried': 'retried_writeback_count > 0',
    'is_double_written': 'double_writeback_count > 0',
} %}
{%- for name, condition in conditions.items() %}
{%- do attributes.update({name: 'case when ' ~ condition ~ " then 'yes' else 'no' end"}) %}
{%- endfor %}

with

cases as (
    select * from {{ ref('fct_case_journey') }}
    where
        resolution_minutes is not null
        and {{ ask_text('ask_workflow', '(all)') }} in ('(all)', workflow)
),

writebacks as (
    select * from {{ ref('fct_writeback') }}
),

-- A workflow has a pace of its own: a slow case is slow among its like.
thresholds as (
    select
        workflow,
        {{ p90('resolution_minutes') }} as p90_minutes
    from cases
    group by workflow
),

written_back as (
    select
        case_id,
        count(case when is_retried then 1 end) as retried_writeback_count,
        count(case when is_double_written then 1 end) as double_writeback_count
    from writebacks
    group by case_id
),

timed as (
    select
        cases.*,
        written_back.retried_writeback_count,
        written_back.double_writeback_count,
        cases.resolution_minutes > thresholds.p90_minutes as is_slowest
    from cases
    inner join thresholds on cases.workflow = thresholds.workflow
    inner join written_back on cases.case_id = written_back.case_id
),

described as (
    {%- for attribute, attribute_value in attributes.items() %}
    select
        case_id,
        is_slowest,
        '{{ attribute }}' as attribute,
        {{ attribute_value }} as attribute_value
    from timed

    union all
    {% endfor %}
    {%- for attribute in ['target_system', 'adapter'] %}
    -- A case that was written to two systems counts with each.
    select distinct
        timed.case_id,
        timed.is_slowest,
        '{{ attribute }}' as attribute,
        writebacks.{{ attribute }} as attribute_value
    from timed
    inner join writebacks on timed.case_id = writebacks.case_id
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

counted as (
    select
        attribute,
        attribute_value,
        count(case when is_slowest then 1 end) as slowest_cases,
        count(case when not is_slowest then 1 end) as other_cases
    from described
    group by attribute, attribute_value
),

totals as (
    select
        count(case when is_slowest then 1 end) as slowest_cases,
        count(case when not is_slowest then 1 end) as other_cases
    from timed
),

shares as (
    select
        counted.attribute,
        counted.attribute_value,
        counted.slowest_cases,
        counted.other_cases,
        {{ rate('counted.slowest_cases', 'totals.slowest_cases') }} as slowest_share,
        {{ rate('counted.other_cases', 'totals.other_cases') }} as other_share
    from counted
    cross join totals
),

final as (
    select
        attribute,
        attribute_value,
        slowest_share,
        other_share,
        slowest_share - other_share as share_difference,
        {{ rate('slowest_share', 'other_share') }} as lift,
        slowest_cases,
        other_cases
    from shares
)

select * from final
order by share_difference desc, {{ byte_order('attribute') }}, {{ byte_order('attribute_value') }}
