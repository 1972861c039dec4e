-- Fails if a KPI of the catalogue has no cell of all cases for a week and a workflow that it can apply to, or if there is such a cell
-- that the catalogue, the workflows or the weeks don't know: if the catalogue and kpi_definitions() disagree, for one.

with

kpis as (
    select kpi_id from {{ ref('dim_kpi') }}
),

workflows as (
    select * from {{ ref('dim_workflow') }}
),

weeks as (
    select week_start from {{ ref('int_week__listed') }}
),

-- What a KPI needs of a workflow; the other KPIs need nothing.
applied as (
    select
        kpis.kpi_id,
        workflows.workflow
    from kpis
    cross join workflows
    where
        case
            when kpis.kpi_id in ('payment_recovery_per_1000', 'payment_completion_rate', 'payment_decline_rate')
                then workflows.collects_payment
            when kpis.kpi_id = 'consent_capture_rate' then workflows.requires_consent
            when kpis.kpi_id = 'document_capture_rate' then workflows.requires_document
            when kpis.kpi_id = 'evidence_completeness_rate'
                then
                    workflows.requires_consent or workflows.requires_identity
                    or workflows.requires_document or workflows.requires_attestation
            else true
        end

    union all

    select
        kpi_id,
        '(all)' as workflow
    from kpis
),

expected as (
    select
        applied.kpi_id,
        applied.workflow,
        weeks.week_start
    from applied
    cross join weeks
),

published as (
    select
        kpi_id,
        workflow,
        week_start,
        count(*) as cell_count
    from {{ ref('rpt_kpi_weekly') }}
    where cohort_dimension = 'all'
    group by kpi_id, workflow, week_start
)

select
    coalesce(expected.kpi_id, published.kpi_id) as kpi_id,
    coalesce(expected.workflow, published.workflow) as workflow,
    coalesce(expected.week_start, published.week_start) as week_start,
    case when published.kpi_id is null then 'not published' else 'not expected' end as problem
from expected
full outer join published
    on
        expected.kpi_id = published.kpi_id
        and expected.workflow = published.workflow
        and expected.week_start = published.week_start
where expected.kpi_id is null or published.kpi_id is null or published.cell_count <> 1
