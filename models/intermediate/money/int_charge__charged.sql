-- Grain: one row per charge.

select
    charge_id,
    case_id,
    category,
    false as is_fixed,
    charged_at,
    quantity,
    amount
from {{ ref('int_charge__variable') }}

union all

select
    charge_id,
    case_id,
    category,
    true as is_fixed,
    charged_at,
    1 as quantity,
    amount
from {{ ref('int_charge__fixed') }}
