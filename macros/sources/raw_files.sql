{% macro raw_files(kind) %}
    {#-
        What the folder or bucket of events_path or reference_path holds, listed once per run: what was checked is what is read.
        A table is one of the forms of file_forms(); what begins with _ or . doesn't count. kind: 'events' or 'reference'.
        Returns: dict with `found` (dict table -> dict with its `name`, and its `paths` and `whole_paths` as SQL literals), `problems` (list of
        sentences) and `strangers` (list of names that are none of the tables, and of empty folders).
    -#}
    {% set noted = 'closed_loop_files_' ~ kind %}
    {#- dbt keeps `graph` for the whole run. -#}
    {% if noted not in graph %}
        {% set files = {'found': {}, 'problems': [], 'strangers': []} %}
        {% for row in run_query(listed_files(kind)) %}
            {% if row['what'] == 'table' and row['raw_table'] in files.found %}
                {% do files.problems.append(
                    kind ~ "_path holds the table " ~ row['raw_table'] ~ " more than once: " ~ files.found[row['raw_table']].name ~ " and " ~ row['entry']
                    ~ ". Keep one of them, so that no row is counted twice or left out."
                ) %}
            {% elif row['what'] == 'table' %}
                {% do files.found.update({row['raw_table']: {'name': row['entry'], 'paths': row['paths'], 'whole_paths': row['whole_paths']}}) %}
            {% elif row['what'] == 'stranger' %}
                {% do files.strangers.append(row['entry']) %}
            {% elif row['what'] == 'hollow' %}
                {#- Parts that were merged leave such a folder behind; one that can't be read looks the same. -#}
                {% do files.strangers.append(row['entry'] ~ "/ (empty, or it can't be read)") %}
            {% else %}
                {% do files.problems.append(kind ~ "_path: " ~ row['entry'] ~ " " ~ file_problem(row['what'], row['raw_table'])) %}
            {% endif %}
        {% endfor %}
        {% do use_whole_paths(files.found) %}
        {% do graph.update({noted: files}) %}
    {% endif %}
    {{ return(graph[noted]) }}
{% endmacro %}


{% macro file_forms(table) %}
    {#- The names under which a table is read, as text; a folder ends in /. table: a table of either contract. -#}
    {{ return([table ~ '.parquet', table ~ '.parquet/', table ~ '/', table ~ '.csv', table ~ '.csv.gz']) }}
{% endmacro %}


{% macro file_problem(what, table) %}
    {#- What is wrong with a file, and the way out, as the end of a sentence. what: of listed_files(). table: the table that it is about. -#}
    {{ return({
        'near': "looks like the table " ~ table ~ ", but nothing of that name is read. Call it " ~ table ~ ".parquet, " ~ table ~ ".csv, " ~ table ~ ".csv.gz, or "
            ~ table ~ "/ for a folder of Parquet parts; begin its name with _ where it is not meant to be read.",
        'no part': "is in the folder of a table, but is no *.parquet. Convert it, or begin its name with _ where it is not meant to be read.",
        'link': "is a link to a folder, and links below a table's folder are not followed. Put the folder itself there.",
        'empty': "holds no file, or can't be read. Grant the right to read it, put a part there (it may have no rows), or remove it.",
    }[what]) }}
{% endmacro %}


{% macro listed_files(kind) %}
    {#-
        The query behind raw_files(), for DuckDB, which alone reads files: one row per table and form, and one per thing that is no
        table: `what`, `raw_table`, `entry` and, of a table, `paths`. kind: 'events' or 'reference'.
        glob('x/**/*/') names links to folders, glob('x/**/') doesn't; neither goes through them.
    -#}
    {%- set root = var(kind ~ '_path').rstrip('/') -%}
    {%- set other = 'reference' if kind == 'events' else 'events' -%}
    {%- set others = contract(other) | list if var(other ~ '_path') and var(other ~ '_path').rstrip('/') == root else [] -%}
    {%- set is_bucket = '://' in root and not root.startswith('file:') -%}
    {%- set patterns = {'files': ['/**/*'] if is_bucket else ['/*'], 'folders': ['/*/'], 'followed': []} -%}
    {%- for table in contract(kind) if not is_bucket -%}
        {%- for folder in ['/' ~ table, '/' ~ table ~ '.parquet'] -%}
            {%- do patterns.files.append(folder ~ '/**/*') -%}
            {%- do patterns.folders.append(folder ~ '/**/*/') -%}
            {%- do patterns.followed.append(folder ~ '/**/') -%}
        {%- endfor -%}
    {%- endfor -%}
with

found as (
    select
        file as path,
        false as is_folder
    from glob([{{ glob_literals(root, patterns.files) }}])
    {%- if not is_bucket %}

    union all

    select
        file as path,
        true as is_folder
    from glob([{{ glob_literals(root, patterns.folders) }}])
    {%- endif %}
),

-- DuckDB writes some paths in another way than they were given, such as ~/events.
root as (
    {%- if is_bucket %}
    select {{ (root ~ '/') | length }} as root_length
    {%- else %}
    select coalesce(min(length(file) - length(parse_filename(file))), 0) as root_length
    from glob([{{ glob_literals(root, ['/*', '/*/']) }}])
    {%- endif %}
),

placed as (
    select
        found.path,
        found.is_folder,
        substr(found.path, root.root_length + 1) as place,
        split_part(place, '/', 1) || if(found.is_folder or contains(place, '/'), '/', '') as entry
    from found
    cross join root
    where place <> '' and not ends_with(place, '/') and not regexp_matches(place, '(^|/)[._]')
),

forms as (
    select unnest([
        {%- for table in contract(kind) %}
        {%- set outer_loop = loop %}
        {%- for form in file_forms(table) %}
        {'raw_table': '{{ table }}', 'entry': '{{ form }}'}{{ ',' if not (outer_loop.last and loop.last) }}
        {%- endfor %}
        {%- endfor %}
    ], recursive := true)
),

parts as (
    select
        forms.raw_table,
        placed.*,
        not placed.is_folder and (ends_with(place, '.parquet') or not ends_with(placed.entry, '/')) as is_part
    from placed
    inner join forms on placed.entry = forms.entry
),

tables as (
    select
        'table' as what,
        raw_table,
        entry,
        {%- for start, name in [('', 'paths'), ('' if is_bucket or root[:1] in '/~' else '<folder>', 'whole_paths')] %}
        string_agg(
            '''' || replace(replace(replace(replace({{ text_literal(start) }} || path, '[', '[[]'), '*', '[*]'), '?', '[?]'), '''', '''''') || '''',
            ', ' order by path
        ) as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from parts
    where is_part
    group by raw_table, entry
),

others as (
    select distinct entry
    from placed
    where
        entry not in (select forms.entry from forms)
        {%- for table in others %}
        and entry not in ('{{ file_forms(table) | join("', '") }}')
        {%- endfor %}
),

nearest as (
    select
        others.entry,
        min(contract_tables.raw_table) as raw_table
    from others
    cross join (select distinct raw_table, replace(raw_table, '_', '') as plain from forms) as contract_tables
    cross join lateral (select regexp_replace(lower(split_part(others.entry, '.', 1)), '[^a-z0-9]', '', 'g') as plain) as written
    where contains(written.plain, contract_tables.plain) or levenshtein(written.plain, contract_tables.plain) <= 2
    group by others.entry
),

{%- if not is_bucket %}

holders as (
    select distinct substr(path, 1, length(path) - length(parse_filename(path)) - 1) as path
    from found
),

followed as (
    select file as path
    from glob([{{ glob_literals(root, patterns.followed) }}])
),
{%- endif %}

listed as (
    select
        what,
        raw_table,
        entry,
        paths,
        whole_paths
    from tables

    union all

    select
        if(nearest.raw_table is null, 'stranger', 'near') as what,
        nearest.raw_table,
        others.entry,
        null as paths,
        null as whole_paths
    from others
    left join nearest on others.entry = nearest.entry

    union all

    select
        'no part' as what,
        raw_table,
        place as entry,
        null as paths,
        null as whole_paths
    from parts
    where not is_folder and not is_part
    {%- if not is_bucket %}

    union all

    select
        case
            when parts.path not in (select followed.path from followed) then 'link'
            when parts.entry in (select tables.entry from tables) then 'hollow'
            else 'empty'
        end as what,
        parts.raw_table,
        parts.place as entry,
        null as paths,
        null as whole_paths
    from parts
    where
        parts.is_folder
        and (
            parts.path not in (select followed.path from followed)
            or parts.path not in (select holders.path from holders)
            or parts.place || '/' = parts.entry and parts.entry not in (select tables.entry from tables)
        )
    {%- endif %}
)

select
    what,
    raw_table,
    entry,
    paths,
    whole_paths
from listed
order by what, raw_table, entry
{% endmacro %}


{% macro glob_literals(root, patterns) %}
    {#- Patterns below a folder as a list of SQL literals. root: the folder; what stands in it is no pattern. patterns: list of strings. -#}
    {%- set escaped = root | replace('[', '[[]') | replace('*', '[*]') | replace('?', '[?]') -%}
    {%- for pattern in patterns -%}
    {{ text_literal(escaped ~ pattern) }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{% endmacro %}


{% macro use_whole_paths(found) %}
    {#-
        Completes the `whole_paths` of files that are named by relative paths, so that a view can be read from other folders than dbt's own. dbt doesn't
        tell which that is: the first of likely folders that holds the same files is taken, and without one the paths stay as they are.
        found: that of raw_files(). Returns an empty string.
    -#}
    {% set file = (found.values() | list)[0] if found else {'whole_paths': ''} %}
    {% set folders = [] %}
    {% for folder in likely_folders() if '<folder>' in file.whole_paths and not folders %}
        {% set whole_paths = file.whole_paths.replace('<folder>', folder) %}
        {% set count = 'select count(*) from glob([' %}
        {% set stamps = 'select size, last_modified from read_blob([' %}
        {% if run_query(count ~ whole_paths ~ '])')[0][0] == run_query(count ~ file.paths ~ '])')[0][0] %}
            {% if run_query(stamps ~ file.paths ~ ']) except ' ~ stamps ~ whole_paths ~ '])') | length == 0 %}
                {% do folders.append(folder) %}
            {% endif %}
        {% endif %}
    {% endfor %}
    {% for file in found.values() %}
        {% do file.update({'whole_paths': file.whole_paths.replace('<folder>', folders[0]) if folders else file.paths}) %}
    {% endfor %}
    {{ return('') }}
{% endmacro %}


{% macro likely_folders() %}
    {#- Folders in which dbt may have been started, each as the beginning of a path within an SQL literal, with a / at its end. Returns: list. -#}
    {% set database = run_query("select coalesce(max(path), '') from duckdb_databases() where database_name = " ~ text_literal(target.database))[0][0] %}
    {% set folders = [] %}
    {% for place in [adapter.config.project_root, env_var('PWD', ''), modules.re.sub('/[^/]*$', '', database), modules.re.sub('/[^/]*$', '', flags.TARGET_PATH | string)] %}
        {% if (place or '').startswith('/') and place not in folders %}
            {% do folders.append(place) %}
        {% endif %}
    {% endfor %}
    {% set literals = [] %}
    {% for folder in folders %}
        {% do literals.append((folder | replace('[', '[[]') | replace('*', '[*]') | replace('?', '[?]') | replace("'", "''")) ~ '/') %}
    {% endfor %}
    {{ return(literals) }}
{% endmacro %}
