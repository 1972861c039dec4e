-- Warns of a cost rate that is still valid when the next of the same category and channel begins (none is a channel of its own here).
-- Of overlapping rates the latest valid_from holds, so it is no error; it is rarely meant: correct valid_to then.
{{ config(severity='warn') }}

with

-- A rate that ends when or before it begins covers no day, so it overlaps with nothing.
cost_rates as (
    select
        category,
        channel,
        valid_from,
        valid_to
    from {{ ref('stg_reference__cost_rates') }}
    where valid_to > valid_from or valid_to is null
),

followed as (
    select
        category,
        channel,
        valid_from,
        valid_to,
        lead(valid_from) over (partition by category, channel order by valid_from) as next_valid_from
    from cost_rates
)

select
    category,
    channel,
    valid_from,
    valid_to,
    next_valid_from
from followed
where next_valid_from < valid_to or (next_valid_from is not null and valid_to is null)
