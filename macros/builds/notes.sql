{% macro note_build_started() %}
    {#-
        Runs before anything else of a whole build, also of one that is then refused: SQL that numbers it in build_inputs, so that marts older than a
        build that failed can be told. Empty where a part of the models is built, and on a first build, which numbers itself.
    -#}
    {% if execute and not flags.EMPTY and flags.WHICH in ['run', 'build'] and is_whole_build('model.closed_loop.build_seal') %}
        {% set inputs = earlier_relation('build_inputs') %}
        {% if inputs is not none %}
            {{ return(noted_in(inputs, 'start', 'max(build_number) + 1')) }}
        {% endif %}
    {% endif %}
    {{ return('') }}
{% endmacro %}


{% macro note_partial_build() %}
    {#-
        Runs before anything is built. Returns SQL, or an empty string: where models that builds grow are selected without build_log, which says
        what is new, it notes so in build_inputs, and the next whole build is a full one.
    -#}
    {% if not execute or flags.WHICH not in ['run', 'build'] or 'model.closed_loop.build_log' in selected_resources %}
        {{ return('') }}
    {% endif %}
    {% set inputs = earlier_relation('build_inputs') %}
    {% for name in selected_resources if inputs is not none and name in graph.nodes and is_grown(graph.nodes[name]) %}
        {{ return(noted_in(inputs, 'part', 'max(build_number)')) }}
    {% endfor %}
    {{ return('') }}
{% endmacro %}


{% macro noted_in(inputs, kind, build_number) -%}
    {#- The statement that notes something of a build in build_inputs. inputs: its relation. kind: start or part. build_number: SQL aggregate. -#}
    insert into {{ inputs }} (build_number, kind, name, content)
    select
        {{ build_number }} as build_number,
        '{{ kind }}' as kind,
        'build' as name,
        cast(null as {{ dbt.type_string() }}) as content
    from {{ inputs }}
    having count(*) > 0
{%- endmacro %}


{% macro announce_full_rebuild() %}
    {#- Says why a build that could have been an increment isn't one. Returns an empty string. -#}
    {% if execute and not flags.EMPTY %}
        {% set reason = run_query('select reason from ' ~ this ~ ' order by build_number desc limit 1').columns[0].values()[0] %}
        {% if reason %}
            {% do log("Full rebuild: " ~ reason ~ ".", info=true) %}
        {% endif %}
    {% endif %}
    {{ return('') }}
{% endmacro %}
