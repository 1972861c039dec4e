{% macro json_text(json, path) -%}
    {#- A value within a JSON document as text, NULL where it is null or absent. json: column. path: names of members, joined by dots. -#}
    {{ adapter.dispatch('json_text', 'vendors')(json, path) }}
{%- endmacro %}


{% macro duckdb__json_text(json, path) -%}
    ({{ json }} ->> '$.{{ path }}')
{%- endmacro %}


{% macro postgres__json_text(json, path) -%}
    (cast({{ json }} as jsonb) #>> '{{ '{' }}{{ path | replace('.', ',') }}{{ '}' }}')
{%- endmacro %}


{% macro json_items(json, paths) -%}
    {#-
        The elements of arrays within a JSON document, for `left join … on true`: one row each, as `item`, so that a document without any stays.
        json: column of the table on the left. paths: list of JSON paths that end in [*].
    -#}
    lateral (
        {% for path in paths %}
        select {{ adapter.dispatch('json_elements', 'vendors')(json, path) }} as item
        {{ 'union all' if not loop.last }}
        {% endfor %}
    )
{%- endmacro %}


{% macro duckdb__json_elements(json, path) -%}
    unnest(json_extract({{ json }}, '{{ path }}'))
{%- endmacro %}


{% macro postgres__json_elements(json, path) -%}
    jsonb_path_query(cast({{ json }} as jsonb), '{{ path }}')
{%- endmacro %}
