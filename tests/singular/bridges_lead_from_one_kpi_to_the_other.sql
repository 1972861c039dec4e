-- Fails if the steps of a bridge between two KPIs don't add up from the first one's count to the second one's, as rpt_kpi_weekly
-- publishes them.

with

bridges as (
    select * from {{ ref('rpt_definition_bridge') }}
),

walked as (
    select
        week_start,
        workflow,
        from_kpi_id,
        to_kpi_id,
        part,
        sum(case when step <> 'to' then units end) as arrived_at,
        sum(case when step = 'from' then units end) as from_units,
        sum(case when step = 'to' then units end) as to_units
    from bridges
    group by week_start, workflow, from_kpi_id, to_kpi_id, part
),

cells as (
    select
        week_start,
        workflow,
        kpi_id,
        numerator,
        denominator
    from {{ ref('rpt_kpi_weekly') }}
    where cohort_dimension = 'all'
),

compared as (
    select
        walked.*,
        case
            when walked.part = 'denominator' then from_cells.denominator
            when walked.from_kpi_id = 'sla_breach_rate' then from_cells.denominator - from_cells.numerator
            else from_cells.numerator
        end as from_published,
        case when walked.part = 'denominator' then to_cells.denominator else to_cells.numerator end as to_published
    from walked
    left join cells as from_cells
        on
            walked.week_start = from_cells.week_start
            and walked.workflow = from_cells.workflow
            and walked.from_kpi_id = from_cells.kpi_id
    left join cells as to_cells
        on
            walked.week_start = to_cells.week_start
            and walked.workflow = to_cells.workflow
            and walked.to_kpi_id = to_cells.kpi_id
)

select * from compared
where
    arrived_at is distinct from to_units
    or from_units is distinct from from_published
    or to_units is distinct from to_published
