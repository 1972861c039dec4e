-- Fails if the cases at risk are not those of the curve's row before, less those that left there, or if some are left after the last row.

with

leaving as (
    select
        month,
        workflow,
        elapsed_minutes,
        at_risk_cases,
        at_risk_cases - resolved_cases - censored_cases as left_cases
    from {{ ref('rpt_time_to_resolution_curve') }}
),

compared as (
    select
        *,
        coalesce(lead(at_risk_cases) over (partition by month, workflow order by elapsed_minutes), 0) as next_at_risk_cases
    from leaving
)

select * from compared
where left_cases <> next_at_risk_cases
