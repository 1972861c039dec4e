-- Grain: one row per bridge between two KPIs, and case or writeback that they don't both count in the same week.

with

cases as (
    select * from {{ ref('int_case__assembled') }}
),

writebacks as (
    select * from {{ ref('int_writeback__verified') }}
),

-- What KPIs on cases and KPIs on writebacks both count: every writeback, and every case without one.
units as (
    select
        cases.*,
        writebacks.idempotency_key,
        writebacks.first_attempted_at,
        writebacks.is_settled,
        writebacks.was_verified,
        -- Where cases are counted, each counts once: by its first writeback.
        row_number() over (
            partition by cases.case_id
            order by writebacks.first_attempted_at, {{ byte_order('writebacks.idempotency_key') }}
        ) = 1 as stands_for_case
    from cases
    left join writebacks on cases.case_id = writebacks.case_id
),

placed as (
    {%- for bridge in definition_bridges() %}
    select
        '{{ bridge.from }}' as from_kpi_id,
        '{{ bridge.to }}' as to_kpi_id,
        '{{ bridge.part }}' as part,
        case_id,
        idempotency_key,
        workflow,
        {{ bridge_week(bridge.from, bridge.from_counts or bridge.part) | indent(8) }} as from_week,
        {{ bridge_week(bridge.to, bridge.part) | indent(8) }} as to_week,
        {{ bridge_reason(bridge.leaves) | indent(8) }} as leaves_because,
        {{ bridge_reason(bridge.enters) | indent(8) }} as enters_because
    from units
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    from_kpi_id,
    to_kpi_id,
    part,
    case_id,
    idempotency_key,
    workflow,
    from_week,
    to_week,
    case when to_week is null then leaves_because end as leaves_because,
    case when from_week is null then enters_because end as enters_because
from placed
where from_week is distinct from to_week
