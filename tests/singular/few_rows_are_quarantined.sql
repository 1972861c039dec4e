-- Warns of an event table of which more than 5 % would count nowhere. Each row says why in rpt_quarantined_event; `python -m scripts.check` shows
-- the reasons with examples before a build. It is no error, because what is counted is right.
{{ config(severity='warn') }}

select
    source_table,
    raw_rows,
    quarantined_rows
from {{ ref('rpt_row_reconciliation') }}
where quarantined_rows > 0.05 * raw_rows
