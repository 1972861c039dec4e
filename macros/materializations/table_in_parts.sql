{% macro next_part() -%}
    {#- Stands between the selects of a model of materialization table_in_parts: a `union all`, marked. -#}
    union all -- next part
{%- endmacro %}


{% materialization table_in_parts, default %}
    {#-
        A table whose selects are run one after another, each in a statement of its own: what an aggregate holds in memory is given
        back after each, where one statement would hold that of all of them until its end. The table appears whole or not at all.
        The model is a union of selects with next_part() between them and nothing before the first; as a query it is a plain union.
    -#}
    {%- set existing_relation = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set new_relation = make_intermediate_relation(target_relation) -%}
    {%- set parts = sql.split(next_part()) -%}

    {{ drop_relation_if_exists(load_cached_relation(new_relation)) }}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- call statement('main') -%}
        {{ create_table_as(False, new_relation, parts[0]) }}
    {%- endcall -%}
    {%- for part in parts[1:] -%}
        {%- call statement('part_' ~ loop.index) -%}
            insert into {{ new_relation }}
            {{ part }}
        {%- endcall -%}
    {%- endfor -%}

    {{ drop_relation_if_exists(existing_relation) }}
    {{ adapter.rename_relation(new_relation, target_relation) }}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do persist_docs(target_relation, model) -%}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}

    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
