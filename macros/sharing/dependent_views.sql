{% macro warn_of_dependent_views() %}
    {#-
        Runs before anything is built: names each view that isn't dbt's and reads what this build may replace, with its text, where the database
        is shared: PostgreSQL drops it along with what it reads. Returns an empty string.
    -#}
    {% if execute and is_build() and is_shared_database() %}
        {% for view in dependent_views() %}
            {% do exceptions.warn(
                "the view " ~ view.schema_name ~ "." ~ view.name ~ " reads tables that builds replace, and PostgreSQL drops it with them. "
                ~ "To have it back: create " ~ view.kind ~ " " ~ view.schema_name ~ "." ~ view.name ~ " as" ~ view.definition
            ) %}
        {% endfor %}
    {% endif %}
    {{ return('') }}
{% endmacro %}


{% macro dependent_views() %}
    {#- PostgreSQL: the views that aren't dbt's and read the project's tables, also by way of others. Returns: rows of schema_name, name, kind, definition. -#}
    {% set places = [] %}
    {% for node in graph.nodes.values() if node.schema and node.alias %}
        {% do places.append("('" ~ node.schema | replace("'", "''") ~ "', '" ~ node.alias | replace("'", "''") ~ "')") %}
    {% endfor %}
    {% set query %}
        with recursive

        own as (
            select tables.oid
            from pg_class as tables
            inner join pg_namespace as schemas on tables.relnamespace = schemas.oid
            where (schemas.nspname, tables.relname) in ({{ places | join(', ') }})
        ),

        read_by as (
            select distinct
                edges.refobjid as table_oid,
                rules.ev_class as view_oid
            from pg_depend as edges
            inner join pg_rewrite as rules on edges.objid = rules.oid
            where
                edges.classid = 'pg_rewrite'::regclass
                and edges.refclassid = 'pg_class'::regclass
                and edges.refobjid <> rules.ev_class
        ),

        found as (
            select read_by.view_oid
            from own
            inner join read_by on own.oid = read_by.table_oid
            union
            select read_by.view_oid
            from found
            inner join read_by on found.view_oid = read_by.table_oid
        )

        select
            quote_ident(schemas.nspname) as schema_name,
            quote_ident(views.relname) as name,
            case views.relkind when 'm' then 'materialized view' else 'view' end as kind,
            pg_get_viewdef(views.oid) as definition
        from found
        inner join pg_class as views on found.view_oid = views.oid
        inner join pg_namespace as schemas on views.relnamespace = schemas.oid
        where views.oid not in (select own.oid from own) and views.relname not like '%\_\_dbt\_%'
        order by views.oid
    {% endset %}
    {{ return(run_query(query)) }}
{% endmacro %}
