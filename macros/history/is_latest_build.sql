{% macro is_latest_build() -%}
    {#-
        Whether this build's as_of is later than that of every build before it, so that it may publish: a boolean.
        Only kpi_first_published asks. A build counts that is sealed, or that has published: one that failed before may be built again.
    -#}
    {%- set seal = earlier_relation('build_seal') -%}
    not exists (select 1 from {{ this }} as earlier where earlier.published_as_of > {{ as_of() }})
    {%- if seal is not none %}
    and not exists (select 1 from {{ seal }} as sealed where sealed.as_of >= {{ as_of() }})
    {%- endif -%}
{%- endmacro %}
