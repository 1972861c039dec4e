-- Grain: one row per visible raw row of case_triggers whose event_id is not simply that of one accepted row.

with

workflows as (
    select workflow from {{ ref('stg_reference__workflows') }}
),

time_zones as (
    select timezone from {{ ref('stg_reference__time_zones') }}
),

first_rates as (
    select
        currency,
        min(valid_from) as first_date
    from {{ ref('stg_reference__fx_rates') }}
    group by currency
),

{{ exceptional_events(
    'case_triggers',
    lookups='left join workflows on raw_rows.workflow = workflows.workflow'
        ~ ' left join time_zones on raw_rows.customer_timezone = time_zones.timezone'
        ~ ' left join first_rates on raw_rows.currency = first_rates.currency',
    unknown={
        'invalid_value': "raw_rows.customer_timezone <> '' and time_zones.timezone is null",
        'unknown_workflow': 'workflows.workflow is null',
        'unknown_currency': "raw_rows.amount_due is not null and raw_rows.currency <> '' and " ~ is_unknown_currency(),
    },
) }}
