{% macro cohort_dimensions() %}
    {#- The attributes of a case that figures are broken down by, besides its workflow. Returns: list of column names. -#}
    {{ return([
        'entry_channel', 'product', 'segment', 'tenure_band', 'overdue_bucket', 'risk_tier', 'contact_preference',
    ]) }}
{% endmacro %}


{% macro cohort_attributes(case_alias=none) -%}
    {#-
        The cohort dimensions as select items, each as the column <dimension>_cohort: a null as `(none)`.
        case_alias: alias of the relation with the case's attributes; none where it is the only one.
    -#}
    {%- for dimension in cohort_dimensions() %}
    coalesce({{ case_alias ~ '.' if case_alias }}{{ dimension }}, '(none)') as {{ dimension }}_cohort{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{% macro cohort_columns() -%}
    {#-
        workflow, cohort_dimension and cohort_value as select items over cohort_grouping_sets(): a column that a grouping set
        leaves out is null there, and none of them is null before.
    -#}
    coalesce(workflow, '(all)') as workflow,
    case
        {%- for dimension in cohort_dimensions() %}
        when {{ dimension }}_cohort is not null then '{{ dimension }}'
        {%- endfor %}
        else 'all'
    end as cohort_dimension,
    coalesce({{ cohort_dimensions() | join('_cohort, ') }}_cohort, 'all') as cohort_value
{%- endmacro %}


{% macro cohort_grouping_sets(keys, keys_of_all=[], with_all=true) -%}
    {#-
        The grouping sets of every cell: the keys, with and without the workflow, for all cases and for each cohort dimension.
        keys: list of column names that every set has. keys_of_all: further ones that the sets of all cases have. with_all: false leaves out the
        sets without the workflow. Use after `group by`, on cohort_attributes().
    -#}
    grouping sets (
        {%- for dimension in [none] + cohort_dimensions() %}
        {%- set of_set = keys + ([dimension ~ '_cohort'] if dimension else keys_of_all) %}
        {%- if with_all %}
        ({{ of_set | join(', ') }}),
        {%- endif %}
        ({{ (of_set + ['workflow']) | join(', ') }}){{ ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
