-- Fails if a case that was completed in message or resolved lacks a valid item of a required type and isn't listed, if another one is,
-- or if is_evidence_complete says otherwise. By the items themselves.

with

required_types as (
    {%- for evidence_type in ['consent', 'identity', 'document', 'attestation'] %}
    select
        workflow,
        '{{ evidence_type }}' as evidence_type
    from {{ ref('dim_workflow') }}
    where requires_{{ evidence_type }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

valid_items as (
    select
        case_id,
        evidence_type
    from {{ ref('fct_evidence') }}
    where is_valid
    group by case_id, evidence_type
),

cases as (
    select * from {{ ref('fct_case_journey') }}
    where action_completed_at is not null or resolved_at is not null
),

-- A case of which nothing is required has one row, without a type.
required as (
    select
        cases.case_id,
        required_types.evidence_type,
        cases.is_evidence_complete,
        required_types.evidence_type is not null and valid_items.case_id is null as is_missing,
        max(case when valid_items.case_id is null then 1 else 0 end) over (partition by cases.case_id) as lacks_any
    from cases
    left join required_types on cases.workflow = required_types.workflow
    left join valid_items
        on cases.case_id = valid_items.case_id and required_types.evidence_type = valid_items.evidence_type
)

select
    coalesce(required.case_id, listed.case_id) as case_id,
    coalesce(required.evidence_type, listed.evidence_type) as evidence_type,
    required.is_missing,
    required.is_evidence_complete
from required
full outer join {{ ref('rpt_missing_evidence') }} as listed
    on required.case_id = listed.case_id and required.evidence_type = listed.evidence_type
where
    required.case_id is null
    or required.is_missing <> (listed.case_id is not null)
    or required.is_evidence_complete is distinct from case when required.evidence_type is not null then required.lacks_any = 0 end
