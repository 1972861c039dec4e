-- Fails if the share still open is not the share before, times the part of the cases at risk that is not resolved; if it moves where
-- none is resolved, or doesn't where one is.

with

compared as (
    select
        month,
        workflow,
        elapsed_minutes,
        at_risk_cases,
        resolved_cases,
        share_open,
        coalesce(lag(share_open) over (partition by month, workflow order by elapsed_minutes), 1) as previous_share_open
    from {{ ref('rpt_time_to_resolution_curve') }}
)

select * from compared
where
    not coalesce(
        abs(share_open - previous_share_open * {{ rate('at_risk_cases - resolved_cases', 'at_risk_cases') }}) <= 1e-9
        and (share_open < previous_share_open) = (resolved_cases > 0)
        and (share_open = previous_share_open) = (resolved_cases = 0),
        false
    )
