{% macro measure_gate(gate, moment=none, most_rows=100) %}
    {#-
        Prints what a gate measures, one line of JSON per check: `dbt run-operation measure_gate`, for scripts/gate.
        gate: contract or integrity. moment: contract: the UTC moment that freshness is counted to, 'YYYY-MM-DD HH:MM:SS'; none for as_of.
        most_rows: how many rows of what is wrong are read, so that memory is bounded; all of them are counted.
    -#}
    {% do refuse(check_vars() or check_held_events()) %}
    {% if not modules.re.fullmatch('[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}', moment or '2000-01-01 00:00:00') %}
        {% do exceptions.raise_compiler_error("moment '" ~ moment ~ "' is no UTC timestamp. Write it as 'YYYY-MM-DD HH:MM:SS'.") %}
    {% endif %}
    {% set reference = "cast('" ~ moment ~ "' as timestamp)" if moment else as_of() %}
    {% set checks = contract_checks(reference) if gate == 'contract' else integrity_checks() %}
    {% for name, check in checks.items() %}
        {% set result = {'check': name} %}
        {% if check.measures %}
            {% do result.update({'measures': read_rows(check.measures, 'thing', most_rows * 10)}) %}
            {% do result.update({'rows': read_rows(check.examples, 'thing', most_rows) if check.examples else []}) %}
        {% else %}
            {% set counted = run_query('select count(*) from (' ~ check.rows ~ ') as wrong_rows') %}
            {% do result.update({'row_count': counted[0][0] | int, 'rows': read_rows(check.rows, 'thing', most_rows)}) %}
        {% endif %}
        {% do print(tojson(result)) %}
    {% endfor %}
{% endmacro %}


{% macro read_rows(query, order_by, most_rows) %}
    {#- The first rows of a query, as a list of dicts of column -> text, or none where NULL. order_by: its column to order by. most_rows: the limit. -#}
    {% set rows = [] %}
    {% for row in run_query('select * from (' ~ query ~ ') as read_rows order by ' ~ order_by ~ ' limit ' ~ most_rows) %}
        {% set cells = {} %}
        {% for column, value in row.dict().items() %}
            {% do cells.update({column: none if value is none else value | string}) %}
        {% endfor %}
        {% do rows.append(cells) %}
    {% endfor %}
    {{ return(rows) }}
{% endmacro %}


{% macro drop_scratch() %}
    {#-
        Drops the schemas of the contract gate's own build: `dbt run-operation drop_scratch` with the var schema_prefix that it was
        built with. Raises where that is no gate's, so that it never drops a schema that is used.
    -#}
    {% if not (var('schema_prefix') or '').startswith('gate_') %}
        {% do exceptions.raise_compiler_error("drop_scratch drops what the contract gate has staged: it needs its var schema_prefix, which begins with gate_.") %}
    {% endif %}
    {% for schema in ['demo_events', 'reference', 'staging', 'history'] %}
        {% do adapter.drop_schema(api.Relation.create(database=target.database, schema=var('schema_prefix') ~ schema)) %}
    {% endfor %}
{% endmacro %}
