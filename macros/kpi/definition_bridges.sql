{% macro definition_bridges() %}
    {#-
        Which two KPIs that sound alike are compared, and why a case counts for one of them and not for the other. What they count
        comes from kpi_definitions(); only the reasons stand here. Each bridge leads over the numerators and over the denominators.
        Returns: list of dicts with
          from, to      two KPIs of kind rate. Where one counts cases and the other writebacks, a case is counted by its first writeback
          part          numerator or denominator: what is compared
          from_counts   what of the first KPI is counted, of the columns numerator and denominator; without it, the part itself
          leaves        dict of reason -> condition on a case and its writeback: counted by the first KPI only. The first that holds
          enters        the same for what only the second KPI counts
        A unit that both count, in different weeks, needs no reason of its own.
    -#}
    {{ return([
        {
            'from': 'containment_rate', 'to': 'completion_rate', 'part': 'numerator',
            'leaves': {}, 'enters': {'agent_touched': 'is_agent_touched'},
        },
        {
            'from': 'containment_rate', 'to': 'completion_rate', 'part': 'denominator',
            'leaves': {}, 'enters': {},
        },
        {
            'from': 'completion_rate', 'to': 'automated_resolution_rate', 'part': 'numerator',
            'leaves': {'not_resolved': 'not is_resolved', 'agent_touched': 'is_agent_touched'},
            'enters': {'not_messaged': 'not is_initiated'},
        },
        {
            'from': 'completion_rate', 'to': 'automated_resolution_rate', 'part': 'denominator',
            'leaves': {}, 'enters': {'not_messaged': 'not is_initiated'},
        },
        {
            'from': 'automated_resolution_rate', 'to': 'deflection_rate', 'part': 'numerator',
            'leaves': {}, 'enters': {'self_cured': 'not is_completed_in_message'},
        },
        {
            'from': 'automated_resolution_rate', 'to': 'deflection_rate', 'part': 'denominator',
            'leaves': {'not_resolved': 'not is_resolved'}, 'enters': {},
        },
        {
            'from': 'verified_writeback_rate', 'to': 'writeback_success_rate', 'part': 'numerator',
            'leaves': {},
            'enters': {
                'not_completed_in_message': 'not is_completed_in_message',
                'further_writeback': 'not stands_for_case',
                'not_resolved': 'not is_resolved',
            },
        },
        {
            'from': 'verified_writeback_rate', 'to': 'writeback_success_rate', 'part': 'denominator',
            'leaves': {'no_writeback': 'idempotency_key is null', 'in_flight': 'not is_settled'},
            'enters': {
                'not_completed_in_message': 'not is_completed_in_message',
                'closed_unresolved': 'is_closed_unresolved',
                'further_writeback': 'not stands_for_case',
            },
        },
        {
            'from': 'sla_breach_rate', 'to': 'sla_on_time_rate', 'part': 'numerator', 'from_counts': 'denominator - numerator',
            'leaves': {}, 'enters': {'not_due': 'not is_due', 'policy_breach': 'is_policy_breach'},
        },
        {
            'from': 'sla_breach_rate', 'to': 'sla_on_time_rate', 'part': 'denominator',
            'leaves': {'not_resolved': 'not is_resolved'}, 'enters': {'not_due': 'not is_due'},
        },
    ]) }}
{% endmacro %}


{% macro bridge_steps(bridge) %}
    {#- The steps of a bridge in their order, from the first KPI's count to the second's. bridge: an entry of definition_bridges(). Returns: list. -#}
    {{ return(['from'] + bridge.leaves | list + bridge.enters | list + ['counted_in_another_week', 'counted_from_another_week', 'to']) }}
{% endmacro %}


{% macro bridge_week(kpi_id, counts) -%}
    {#-
        The local week in which a KPI counts a unit of int_definition__differed: a date, NULL where it doesn't count it.
        kpi_id: a KPI of kind rate. counts: what of it is counted, of the columns numerator and denominator.
    -#}
    {%- set kpi = kpi_definitions()[kpi_id] -%}
    case
        when
            {{ kpi.denominator }}
            {%- if kpi.of == 'cases' %}
            and stands_for_case
            {%- endif %}
            {%- if counts == 'numerator' %}
            and {{ kpi.numerator }}
            {%- elif counts == 'denominator - numerator' %}
            and not ({{ kpi.numerator }})
            {%- endif %}
            then {{ local_week(kpi.clock) }}
    end
{%- endmacro %}


{% macro bridge_reason(reasons) -%}
    {#- The first reason whose condition holds: a text, NULL where none does. reasons: dict of reason -> condition, may be empty. -#}
    {%- if reasons -%}
    case
        {%- for reason, condition in reasons.items() %}
        when {{ condition }} then '{{ reason }}'
        {%- endfor %}
    end
    {%- else -%}
    cast(null as {{ dbt.type_string() }})
    {%- endif -%}
{%- endmacro %}
