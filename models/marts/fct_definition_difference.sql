-- Grain: one row per bridge between two KPIs, and case or writeback that one of them counts in a week and the other does not.
{{ config(materialized='view') }}

with

differed as (
    select * from {{ ref('int_definition__differed') }}
),

final as (
    select
        from_kpi_id,
        to_kpi_id,
        part,
        case_id,
        idempotency_key,
        workflow,
        from_week as week_start,
        case when to_week is null then leaves_because else 'counted_in_another_week' end as step,
        cast(-1 as {{ dbt.type_bigint() }}) as difference
    from differed
    where from_week is not null

    union all

    select
        from_kpi_id,
        to_kpi_id,
        part,
        case_id,
        idempotency_key,
        workflow,
        to_week as week_start,
        case when from_week is null then enters_because else 'counted_from_another_week' end as step,
        cast(1 as {{ dbt.type_bigint() }}) as difference
    from differed
    where to_week is not null
)

select * from final
