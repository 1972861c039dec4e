-- Grain: one row per charge.
{{ config(materialized='view') }}

select
    charge_id,
    case_id,
    category,
    is_fixed,
    charged_at,
    quantity,
    amount
from {{ ref('int_charge__charged') }}
