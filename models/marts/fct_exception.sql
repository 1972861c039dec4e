-- Grain: one row per exception.
{{ config(materialized='view') }}

select
    exception_id,
    case_id,
    reason,
    has_context,
    raised_at,
    touch_count,
    first_pass_closed_at,
    is_escaped,
    is_first_touch_resolved
from {{ ref('int_exception__assembled') }}
