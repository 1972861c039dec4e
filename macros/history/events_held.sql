{% macro given_events() %}
    {#- The events that the vars name, as described_events() says it. -#}
    {{ return(described_events(var('events_path'), var('events_schema'))) }}
{% endmacro %}


{% macro described_events(path, schema) %}
    {#-
        Which events are meant by the vars events_path and events_schema: a dict of kind (`path`, `schema`, or `demo` where neither is set)
        and place (none for the demo). Ways of writing the same path are one place; a link is not followed.
        path, schema: string, none or an empty text where not set.
    -#}
    {% set path = path | string if path else '' %}
    {% if '://' in path %}
        {{ return({'kind': 'path', 'place': path.rstrip('/')}) }}
    {% elif path %}
        {% set parts = path.split('/') | reject('in', ['', '.']) | join('/') %}
        {{ return({'kind': 'path', 'place': ('/' if path.startswith('/') else '') ~ parts or '.'}) }}
    {% endif %}
    {{ return({'kind': 'schema', 'place': schema} if schema else {'kind': 'demo', 'place': none}) }}
{% endmacro %}


{% macro held_events() %}
    {#-
        The events that the database holds, as described_events() says it: those of the last build in build_inputs. None where nothing was
        built yet. The contract gate, which stages events in schemas of its own, asks for the database that they are meant for.
    -#}
    {% set node = graph.nodes['model.closed_loop.build_inputs'] %}
    {% set inputs = adapter.get_relation(node.database, node.schema.removeprefix('gate_'), node.alias) %}
    {% set vars = {} %}
    {% if inputs is not none %}
        {% set query %}
            select name, content
            from {{ inputs }}
            where kind = 'var' and content <> 'None' and build_number = (select max(build_number) from {{ inputs }} where kind = 'var')
        {% endset %}
        {% for row in run_query(query) %}
            {% do vars.update({row[0]: row[1]}) %}
        {% endfor %}
    {% endif %}
    {{ return(described_events(vars.events_path, vars.events_schema) if vars else none) }}
{% endmacro %}


{% macro check_held_events() %}
    {#- Whether the database holds other events than the vars name, where a move is not allowed. Returns: list of at most one sentence. -#}
    {% set held, given = held_events(), given_events() %}
    {% if held in [none, given] or var('allow_other_events') %}
        {{ return([]) }}
    {% endif %}
    {{ return([
        "the database holds the events of " ~ events_in_words(held) ~ ", not of " ~ events_in_words(given) ~ (" (neither events_path nor events_schema is set)" if given.kind == 'demo' else "") ~ ". Set the vars to the events that it holds, or use another database, or another schema_prefix. To move this one to other events for good, build once with allow_other_events: true (docs/your_own_events.md)."
    ]) }}
{% endmacro %}


{% macro events_in_words(events) %}
    {#- Events as a message names them. events: what described_events() returns. -#}
    {{ return("the demo" if events.kind == 'demo' else "events_" ~ events.kind ~ " '" ~ events.place ~ "'") }}
{% endmacro %}
