{% macro grant_to_readers() %}
    {#-
        Runs before anything is built. Returns SQL, or an empty string: where the var reader_roles is a list, these roles, and no others, may use
        the schema of the public tables and read those that are there. New ones follow as they are built (grant_on_build()).
    -#}
    {% if not (execute and is_build() and is_shared_database() and var('reader_roles') is not none) %}
        {{ return('') }}
    {% endif %}
    {% set schemas = [] %}
    {% set relations = [] %}
    {% for node in graph.nodes.values() if node.package_name == 'closed_loop' and node.access == 'public' %}
        {% set relation = adapter.get_relation(node.database, node.schema, node.alias) %}
        {% if relation is not none %}
            {% do relations.append(relation) %}
        {% endif %}
        {% if node.schema not in schemas and adapter.check_schema_exists(node.database, node.schema) %}
            {% do schemas.append(node.schema) %}
        {% endif %}
    {% endfor %}
    {% set statements = [] %}
    {% for schema in schemas %}
        {% set place = 'usage on schema ' ~ adapter.quote(schema) %}
        {% set former = former_readers(schema) %}
        {% if former %}
            {% do statements.append('revoke ' ~ place ~ ' from ' ~ former | join(', ')) %}
            {% if relations %}
                {% do statements.append('revoke select on ' ~ relations | join(', ') ~ ' from ' ~ former | join(', ')) %}
            {% endif %}
        {% endif %}
        {% if var('reader_roles') %}
            {% do statements.append('grant ' ~ place ~ ' to ' ~ readers()) %}
        {% endif %}
    {% endfor %}
    {% if relations and var('reader_roles') %}
        {% do statements.append('grant select on ' ~ relations | join(', ') ~ ' to ' ~ readers()) %}
    {% endif %}
    {{ return(statements | join(';\n')) }}
{% endmacro %}


{% macro former_readers(schema) %}
    {#-
        PostgreSQL: who may use a schema or read something in it, beside the owner and the var reader_roles. Returns: list of quoted names, or
        public. schema: its name.
    -#}
    {% set query %}
        select distinct
            held.grantee = 0 as is_everyone,
            coalesce(roles.rolname, '') as rolname
        from (
            select schemas.nspowner as owner, acl.grantee
            from pg_namespace as schemas
            cross join lateral aclexplode(schemas.nspacl) as acl
            where schemas.nspname = '{{ schema }}' and acl.privilege_type = 'USAGE'
            union all
            select tables.relowner as owner, acl.grantee
            from pg_class as tables
            inner join pg_namespace as schemas on tables.relnamespace = schemas.oid
            cross join lateral aclexplode(tables.relacl) as acl
            where schemas.nspname = '{{ schema }}' and acl.privilege_type = 'SELECT'
        ) as held
        left join pg_roles as roles on held.grantee = roles.oid
        where held.grantee <> held.owner
    {% endset %}
    {% set former = [] %}
    {% for row in run_query(query) if row.is_everyone or row.rolname not in var('reader_roles') %}
        {% do former.append('public' if row.is_everyone else adapter.quote(row.rolname | replace('"', '""'))) %}
    {% endfor %}
    {{ return(former) }}
{% endmacro %}


{% macro readers() %}
    {#- The roles of the var reader_roles as SQL; check_vars() has let their names pass. Returns: string. -#}
    {% set quoted = [] %}
    {% for role in var('reader_roles') %}
        {% do quoted.append(adapter.quote(role)) %}
    {% endfor %}
    {{ return(quoted | join(', ')) }}
{% endmacro %}


{% macro grant_on_build(relation) %}
    {#-
        Runs after each public model, in its transaction, so that it is never there without them. Returns SQL that lets the roles of the var
        reader_roles read it, or an empty string. relation: the model's relation.
    -#}
    {% if execute and is_shared_database() and var('reader_roles') %}
        {{ return('grant select on ' ~ relation ~ ' to ' ~ readers()) }}
    {% endif %}
    {{ return('') }}
{% endmacro %}


{% macro unknown_roles() %}
    {#- The roles of the var reader_roles that the database doesn't have. Returns: list of names, empty where it isn't shared. -#}
    {% if not is_shared_database() %}
        {{ return([]) }}
    {% endif %}
    {% set known = run_query('select rolname from pg_roles').columns[0].values() %}
    {{ return(var('reader_roles') | reject('in', known) | list) }}
{% endmacro %}
