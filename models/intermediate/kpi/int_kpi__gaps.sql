-- Grain: one row per KPI and gap: something that it needs of the events (kpi_needs()), and that they don't say, or not everywhere.

with

needs as (
    select
        needs.kpi_id,
        needs.is_base,
        needs.is_decisive,
        facts.*,
        facts.said_rows = 0 and facts.accepted_rows = 0 as is_table_empty,
        facts.said_rows = 0 and (facts.known_column is null or facts.among_rows > 0) as is_unsaid,
        facts.source_table = 'workflows' and facts.among_rows = 0 as is_flag_unknown
    from (
        values
        {%- for need in kpi_needs() %}
        ('{{ need.kpi_id }}', '{{ need.fact }}', {{ need.is_base }}, {{ need.is_decisive }}){{ ',' if not loop.last }}
        {%- endfor %}
    ) as needs (kpi_id, fact, is_base, is_decisive)
    inner join {{ ref('int_event__facts') }} as facts on needs.fact = facts.fact
),

gaps as (
    select
        kpi_id,
        source_table,
        -- Without a row, the figure would be the same whatever happens; where no row says it, it may be true.
        case
            when is_table_empty then is_decisive
            when is_flag_unknown then false
            when known_column is not null then is_unsaid and is_decisive
            else is_decisive and is_base
        end as hides_kpi,
        case
            when is_table_empty then without_rows
            when is_flag_unknown then 'it applies to workflows of ' || fact || ' only, and workflows is not given'
            when is_unsaid and (known_column is not null or is_base or not is_decisive) then without_fact
            when is_unsaid then without_fact || ', so it is right only if that never happens'
            when known_column is not null and said_rows < among_rows then
                known_column || ' is known in ' || cast(said_rows as {{ dbt.type_string() }}) || ' of '
                || cast(among_rows as {{ dbt.type_string() }}) || ' rows of ' || source_table
        end as gap
    from needs
)

select
    kpi_id,
    source_table,
    gap,
    max(case when hides_kpi then 1 else 0 end) = 1 as hides_kpi
from gaps
where gap is not null
group by kpi_id, source_table, gap
