{% macro begin_build() %}
    {#-
        Runs before anything is built, once the input is checked: notes that this build runs, and raises where another one of the same
        schemas does. Returns an empty string.
        dbt opens a connection per node and closes that of the hooks before the first of them, so no session lasts as long as a build, and a lock
        alone would be lost between two nodes. The row of build_lock() lasts; every model and seed holds on to it (hold_build()).
    -#}
    {% if not (execute and is_build() and is_shared_database()) %}
        {{ return('') }}
    {% endif %}
    {% set lock = build_lock() %}
    {#- Until the hooks' connection is closed: builds that begin at the same time take turns. -#}
    {% set key = dbt.string_literal(dbt.escape_single_quotes('closed_loop ' ~ lock)) %}
    {% if not run_query("select pg_try_advisory_lock(hashtextextended(" ~ key ~ ", 0))")[0][0] %}
        {% do refuse_build('') %}
    {% endif %}
    {% if not adapter.check_schema_exists(lock.database, lock.schema) %}
        {% do adapter.create_schema(lock) %}
    {% endif %}
    {% do run_query("create table if not exists " ~ lock ~ " (invocation_id text not null, begun_at text not null)") %}
    {% for other in run_query("select invocation_id, begun_at from " ~ lock) %}
        {% if is_alive(other.invocation_id) %}
            {% do refuse_build(" since " ~ other.begun_at ~ " UTC") %}
        {% endif %}
        {% do log("The build that began at " ~ other.begun_at ~ " UTC was interrupted.", info=true) %}
    {% endfor %}
    {% set claim %}
        delete from {{ lock }};
        insert into {{ lock }} (invocation_id, begun_at)
        values ('{{ invocation_id }}', to_char(current_timestamp at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS'))
    {% endset %}
    {% do run_query(claim) %}
    {{ return('') }}
{% endmacro %}


{% macro hold_build() %}
    {#-
        Runs before each model and seed, in its transaction: raises where this build is no longer the one that runs. Until the transaction
        ends, no other build can begin. Returns an empty string.
    -#}
    {% if execute and is_shared_database() %}
        {% set held = run_query("select begun_at from " ~ build_lock() ~ " where invocation_id = '" ~ invocation_id ~ "' for share") %}
        {% if not held.rows | length %}
            {% do exceptions.raise_compiler_error("another build has begun in the meantime, because nothing was seen of this one. Run it again when the other one has ended.") %}
        {% endif %}
    {% endif %}
    {{ return('') }}
{% endmacro %}


{% macro end_build() %}
    {#- Runs when a build has ended or failed. Returns SQL that notes it, or an empty string. -#}
    {% if execute and is_build() and is_shared_database() %}
        {{ return("delete from " ~ build_lock() ~ " where invocation_id = '" ~ invocation_id ~ "'") }}
    {% endif %}
    {{ return('') }}
{% endmacro %}


{% macro is_build() %}
    {#- Whether this command builds any model or seed of the project; tests, gates' measures and `compile` don't. Returns: boolean. -#}
    {% set built = [] %}
    {% for name in selected_resources if name.split('.')[0] in ['model', 'seed', 'snapshot'] and name.split('.')[1] == 'closed_loop' %}
        {% do built.append(name) %}
    {% endfor %}
    {{ return(flags.WHICH in ['run', 'build', 'seed', 'snapshot'] and built | length > 0) }}
{% endmacro %}


{% macro build_lock() %}
    {#- The table of the build that runs, one row or none; each schema_prefix has its own. Returns: a relation. -#}
    {% set node = graph.nodes['model.closed_loop.build_log'] %}
    {{ return(api.Relation.create(database=node.database, schema=node.schema, identifier='build_lock', type='table')) }}
{% endmacro %}


{% macro is_alive(invocation_id) %}
    {#-
        PostgreSQL: whether a build still runs. Each of its queries bears its id (query-comment in dbt_project.yml), and a model's transaction
        holds its row. Between two nodes there may be neither for a moment, so only ten seconds without them are a no. Returns: boolean.
        invocation_id: dbt's id of the build.
    -#}
    {% set signs %}
        select
            exists (
                select 1 from pg_stat_activity
                where datname = current_database() and pid <> pg_backend_pid() and query like '%{{ invocation_id }}%'
            )
            or not exists (select 1 from (select 1 from {{ build_lock() }} for update skip locked) as free)
    {% endset %}
    {% set seen = [] %}
    {% for _ in range(40) if not seen %}
        {% if run_query(signs)[0][0] %}
            {% do seen.append(true) %}
        {% else %}
            {% do run_query("select pg_sleep(0.25)") %}
        {% endif %}
    {% endfor %}
    {{ return(seen | length > 0) }}
{% endmacro %}


{% macro refuse_build(since) %}
    {#- Raises: another build runs. since: the end of the sentence that says since when, or an empty string. -#}
    {% do exceptions.raise_compiler_error("another build of these schemas is running" ~ since ~ ". Nothing was built: run this one again when the other one has ended.") %}
{% endmacro %}
