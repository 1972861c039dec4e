{% macro rows_hash(rows) -%}
    {#-
        A number that tells one set of rows from another, whatever their order: the sum of a 64-bit hash of each whole row, 0 without a row.
        An aggregate of type decimal(38, 0). The hash is the engine's own, because one that all engines share (md5 of the row's text) takes ten
        times as long: numbers compare only on the same version of the same engine.
        rows: alias of a from-item. All its columns count, in their order, nulls included.
    -#}
    {{ hash_sum(row_hash(rows)) }}
{%- endmacro %}


{% macro hash_sum(row_hash) -%}
    {#- The sum of row_hash() over a group's rows, which no order changes: an aggregate of type decimal(38, 0), 0 without a row. row_hash: SQL expression. -#}
    cast(coalesce(sum({{ row_hash }}), 0) as decimal(38, 0))
{%- endmacro %}


{% macro engine_version() -%}
    {#- The engine and its version, as a scalar of type text: what rows_hash() depends on besides the rows. -#}
    cast(version() as {{ dbt.type_string() }})
{%- endmacro %}
