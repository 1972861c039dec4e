{% macro known_vars() %}
    {#- The names of all vars: those that figures depend on, the others of dbt_project.yml, and those that analyses ask for. Returns: list. -#}
    {{ return(figure_vars() + [
        'as_of', 'schema_prefix', 'allow_other_events', 'reader_roles',
        'ask_case_id', 'ask_cohort_dimension', 'ask_cohort_value', 'ask_earlier_week', 'ask_kpi_id', 'ask_points', 'ask_week', 'ask_workflow',
    ]) }}
{% endmacro %}


{% macro check_names() %}
    {#-
        Which vars were given that don't exist, with --vars or in the dbt_project.yml of the project that dbt runs in. Where that is
        another project, which uses this one as a package, the vars may be its own: only those that nearly have the name of one of ours
        count, and those that are given to this package. Returns: list of sentences, empty where all is well.
    -#}
    {% set given, for_us, for_others = {}, {}, {} %}
    {% for name, value in adapter.config.vars.to_dict().items() %}
        {% if value is mapping and name in adapter.config.load_dependencies() %}
            {% do (for_us if name == 'closed_loop' else for_others).update(value) %}
        {% else %}
            {% do given.update({name: value}) %}
        {% endif %}
    {% endfor %}
    {% do given.update(adapter.config.cli_vars) %}
    {% if project_name == 'closed_loop' %}
        {% do for_us.update(given) %}
    {% endif %}
    {% do given.update(for_us) %}
    {% set problems = [] %}
    {% for name, value in given.items() if name not in known_vars() and name not in for_others %}
        {% set nearest = nearest_name(name, known_vars() + (['closed_loop'] if value is mapping else [])) %}
        {% if name == 'closed_loop' %}
            {% do problems.append("closed_loop is no var: --vars takes no package's name. Give its vars by themselves, such as {events_path: /data/events}.") %}
        {% elif name in for_us and nearest.likeness > 0.6 %}
            {% do problems.append("there is no var " ~ name ~ "; did you mean " ~ nearest.name ~ "?") %}
        {% elif name in for_us %}
            {% do problems.append("there is no var " ~ name ~ "; docs/settings.md lists those that there are.") %}
        {% elif nearest.likeness >= 0.88 %}
            {% do problems.append(
                "there is no var " ~ name ~ " of closed_loop; did you mean " ~ nearest.name ~ "? If it is one of " ~ project_name ~ "'s own, set it in dbt_project.yml under vars: " ~ project_name ~ ":."
            ) %}
        {% endif %}
    {% endfor %}
    {{ return(problems) }}
{% endmacro %}


{% macro nearest_name(name, names) %}
    {#-
        Which of some names is most like another: the one that shares the most of its letters and digits with it, whatever their order, their
        case and what stands between them. names: list, not empty. Returns: dict of name and likeness, 1 for the same letters, 0 for none.
    -#}
    {% set nearest = {'name': none, 'likeness': -1} %}
    {% set letters = modules.re.sub('[^a-z0-9]', '', name | string | lower) %}
    {% for other in names %}
        {% set other_letters = other | replace('_', '') %}
        {% set shared = [] %}
        {% for letter in other_letters | unique %}
            {% do shared.append([letters.count(letter), other_letters.count(letter)] | min) %}
        {% endfor %}
        {% set likeness = 2 * shared | sum / (letters | length + other_letters | length) %}
        {% if likeness > nearest.likeness %}
            {% do nearest.update({'name': other, 'likeness': likeness}) %}
        {% endif %}
    {% endfor %}
    {{ return(nearest) }}
{% endmacro %}
