-- Grain: one row per thing that every figure depends on: a var, a reference table, the project's own text.
{{ config(materialized='table') }}

{% for name in figure_vars() %}
select
    'var' as kind,
    '{{ name }}' as name,
    {{ text_literal(var(name) | string) }} as content
union all
{% endfor %}
{%- if var('pii') == 'hashed' %}
-- Equal under the same key, and no way back to it.
select
    'var' as kind,
    'pii (its key)' as name,
    {{ keyed_hash("'closed_loop'", pii_key()) }} as content
union all
{% endif %}
{% for table, columns in reference_contract().items() %}
select
    'reference table' as kind,
    '{{ table }}' as name,
    ({{ content_hash(ref('stg_reference__' ~ table), columns) }}) as content
union all
{% endfor %}
select
    'project' as kind,
    'text' as name,
    '{{ project_fingerprint() if execute }}' as content
