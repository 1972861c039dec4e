-- Grain: one row per KPI, week, workflow, and cohort with a counted unit: what the KPIs count of writebacks.

{{ weekly_sums('writebacks') }}
