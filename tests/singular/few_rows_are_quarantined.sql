-- Warns of an event table of which more than 5 % (tolerable_quarantine) counts nowhere: rpt_quarantined_event says why. What is
-- counted is right, so it is no error. `python -m scripts.check` shows the reasons before a build.
{{ config(severity='warn') }}

select
    source_table,
    raw_rows,
    quarantined_rows
from {{ ref('rpt_row_reconciliation') }}
where quarantined_rows > {{ tolerable_quarantine() }} * raw_rows
