{% macro event_facts() %}
    {#-
        What accepted rows of an event table can say, once each.
        Returns: dict fact -> dict with
          table       the event table
          where       condition on its rows (columns of the contract); without it, any row says it
          of          with `known`: the rows that could say it; without it, all of them
          known       the column, or columns, that a source may know in some rows only: an SQL expression, NULL where it doesn't
          known_as    `known` in words; without it, as it stands
          is_part     the figure moves without it, and is only to be read otherwise
          or          another fact that says the same
          is_absence  what is counted is that there is no such row
          without     what follows where no row says it; without it, what follows where the table is empty (no_rows())
    -#}
    {% set by_customer = "actor = 'customer'" %}
    {% set is_completed = by_customer ~ " and step = 'completed'" %}
    {{ return({
        'triggers': {'table': 'case_triggers'},
        'closures': {'table': 'case_closures', 'where': "kind = 'closed'", 'without': 'no case was closed (kind)'},

        'sent': {'table': 'message_events', 'where': "status = 'sent'", 'without': 'no message was sent (status): no case counts as initiated'},
        'delivered': {
            'table': 'message_events', 'where': "status in ('delivered', 'opened', 'clicked')",
            'without': 'no message was delivered, opened or clicked (status)',
        },
        'opened': {
            'table': 'message_events', 'where': "status in ('opened', 'clicked')", 'without': 'no message was opened or clicked (status)',
        },
        'clicked': {'table': 'message_events', 'where': "status = 'clicked'", 'without': 'no message was clicked (status)'},
        'fallback': {'table': 'message_events', 'where': 'is_fallback', 'without': 'no message went by another channel (is_fallback)'},

        'checks': {'table': 'identity_checks'},
        'passed': {'table': 'identity_checks', 'where': "outcome = 'passed'", 'without': 'no identity check was passed (outcome)'},

        'actions': {'table': 'action_events', 'where': by_customer, 'without': 'no action is by a customer (actor)'},
        'actions_in_messages': {
            'table': 'action_events', 'where': by_customer ~ " and message_id <> ''",
            'without': 'no action says from which message it was taken (message_id)',
        },
        'completed': {
            'table': 'action_events', 'where': is_completed,
            'without': 'no customer completed an action (step, actor): nothing counts as completed in a message',
        },
        'self_cures': {
            'table': 'action_events', 'where': is_completed, 'is_absence': true,
            'without': 'no customer completed an action (step, actor): every case without an agent counts as cured by itself',
        },
        'ineligible': {
            'table': 'action_events', 'where': by_customer ~ " and step = 'ineligible'", 'without': 'no step is ineligible (step)',
        },
        'pay': {'table': 'action_events', 'where': by_customer ~ " and action = 'pay'", 'without': 'no customer set out to pay (action)'},
        'actions_of_agents': {'table': 'action_events', 'where': "actor = 'agent'"},

        'attempts': {'table': 'writeback_attempts'},
        'retries': {'table': 'writeback_attempts', 'where': 'is_retried', 'without': 'no record was tried more than once'},
        'acknowledgements': {
            'table': 'writeback_acks', 'where': "outcome = 'persisted'",
            'without': 'no acknowledgement says that a record was persisted (outcome): nothing can count as resolved',
        },
        'proofs': {
            'table': 'writeback_acks', 'of': "outcome = 'persisted'", 'known': 'fields_persisted',
            'without': 'fields are required, and no acknowledgement says how many were persisted (fields_persisted): none proves anything',
        },
        'reversals': {'table': 'writeback_acks', 'where': "outcome = 'reversed'", 'without': 'no acknowledgement is a reversal (outcome)'},

        'exceptions': {'table': 'exceptions'},
        'context': {
            'table': 'exceptions', 'known': 'has_context', 'without': 'no exception says whether it came with its history (has_context)',
        },
        'touches': {'table': 'agent_touches'},
        'agents': {'table': 'agent_touches', 'or': 'actions_of_agents', 'is_absence': true},
        'exception_touches': {
            'table': 'agent_touches', 'where': "exception_id <> ''", 'without': 'no touch says which exception it was on (exception_id)',
        },
        'ended_touches': {
            'table': 'agent_touches', 'where': "exception_id <> '' and ended_at is not null",
            'without': 'no touch on an exception says when it ended (ended_at)',
        },
        'handle_minutes': {'table': 'agent_touches', 'known': 'handle_minutes', 'without': 'no touch says its handle_minutes'},
        'minutes': {
            'table': 'agent_touches', 'known': 'coalesce(handle_minutes, wrap_up_minutes)', 'known_as': 'handle_minutes or wrap_up_minutes',
            'without': 'no touch says its handle_minutes or wrap_up_minutes',
        },
        'wrap_up_minutes': {
            'table': 'agent_touches', 'known': 'wrap_up_minutes', 'is_part': true, 'without': 'no touch says its wrap_up_minutes',
        },
        'resolved_touches': {
            'table': 'agent_touches', 'where': "exception_id <> '' and outcome = 'resolved'",
            'without': 'no touch on an exception resolved it (outcome)',
        },

        'evidence': {'table': 'evidence_items', 'where': 'is_valid', 'without': 'no evidence is valid (is_valid)'},
        'consent': {
            'table': 'evidence_items', 'where': "evidence_type = 'consent' and is_valid",
            'without': 'no consent is valid (evidence_type, is_valid)',
        },
        'document': {
            'table': 'evidence_items', 'where': "evidence_type = 'document' and is_valid",
            'without': 'no document is valid (evidence_type, is_valid)',
        },

        'payments': {
            'table': 'payments', 'where': "flow = 'automated' and status in ('succeeded', 'failed')",
            'without': 'no automated payment succeeded or failed (flow, status)',
        },
        'failed': {
            'table': 'payments', 'where': "flow = 'automated' and status = 'failed'", 'is_part': true,
            'without': 'no automated payment failed (flow, status)',
        },
        'paid': {
            'table': 'payments', 'where': "flow = 'automated' and status = 'succeeded'",
            'without': 'no automated payment succeeded (flow, status)',
        },
    }) }}
{% endmacro %}


{% macro no_rows() %}
    {#- What follows where an event table has no accepted row, no case has a workflow, or nothing has a price. Returns: dict -> text. -#}
    {{ return({
        'case_triggers': 'no triggers: there is no case',
        'case_closures': 'no closures: a case that was withdrawn or written off stays open',
        'message_events': 'no messages: no case counts as initiated',
        'identity_checks': 'no identity checks',
        'action_events': 'no actions: nothing counts as completed in a message',
        'writeback_attempts': 'no writeback attempts: nothing was written back',
        'writeback_acks': 'no acknowledgements: nothing can count as resolved',
        'exceptions': 'no exceptions',
        'agent_touches': 'no agent touches: no case counts as touched by an agent',
        'evidence_items': 'no evidence',
        'payments': 'no payments',
        'workflows': 'no case',
        'prices': 'no prices in cost_rates, and no fixed_costs',
    }) }}
{% endmacro %}


{% macro facts_of_columns() %}
    {#-
        What has to be in the events for a column that KPIs are defined by to mean something.
        Returns: dict from what a KPI counts (kpi_units()) -> dict column -> list of facts (event_facts()), all of them needed.
    -#}
    {#- An acknowledgement is accepted only where its attempt is. -#}
    {% set resolved = ['acknowledgements', 'proofs'] %}
    {{ return({
        'cases': {
            'triggered_at': ['triggers'], 'due_at': ['triggers'], 'is_due': ['triggers'],
            'is_initiated': ['sent'], 'first_sent_at': ['sent'],
            'action_started_at': ['actions'], 'first_pay_action_at': ['pay'], 'has_ineligible_step': ['ineligible'],
            'is_completed_in_message': ['completed'], 'action_completed_at': ['completed'],
            'is_agent_touched': ['agents'],
            'is_resolved': resolved, 'resolved_at': resolved, 'resolution_minutes': resolved,
            'is_sla_breached': resolved, 'is_resolved_on_time': resolved,
            'is_automated': ['completed', 'agents'] + resolved,
            'is_straight_through': ['completed', 'agents'] + resolved,
            'is_deflected': ['agents'] + resolved,
            'resolution_path': ['self_cures', 'agents'] + resolved,
            'is_closed_unresolved': ['closures'],
            'has_consent_by_completion': ['consent'], 'has_document_by_resolution': ['document'], 'is_evidence_complete': ['evidence'],
            'net_collected_automated': ['paid'], 'has_automated_payment': ['paid'],
        },
        'writebacks': {
            'first_attempted_at': ['attempts'], 'is_settled': ['attempts'], 'attempt_count': ['attempts'], 'is_retried': ['retries'],
            'was_verified': resolved, 'persist_seconds': resolved, 'is_reversed': ['reversals'],
        },
        'exceptions': {
            'raised_at': ['exceptions'], 'has_context': ['context'],
            'first_pass_closed_at': ['exception_touches', 'ended_touches'],
            'is_escaped': ['exception_touches'], 'is_first_touch_resolved': ['exception_touches', 'resolved_touches'],
        },
        'messages': {
            'sent_at': ['sent'], 'delivered_at': ['delivered'], 'opened_at': ['opened'], 'clicked_at': ['clicked'],
            'action_started_at': ['actions_in_messages'], 'is_fallback': ['fallback'],
        },
        'identity_checks': {'occurred_at': ['checks'], 'is_first_pass': ['passed']},
        'agent_touches': {
            'occurred_at': ['touches'], 'handle_minutes': ['handle_minutes'], 'known_minutes': ['minutes', 'wrap_up_minutes'],
        },
        'payments': {'occurred_at': ['payments'], 'status': ['payments', 'failed'], 'flow': ['payments']},
        'charges': {'charged_at': [], 'amount': ['prices']},
    }) }}
{% endmacro %}


{% macro kpi_flags() %}
    {#- The flags of workflows that some KPIs ask for (only_where). Returns: list of columns of stg_reference__workflows. -#}
    {{ return(kpi_definitions().values() | map(attribute='only_where', default='') | reject('equalto', '') | unique | sort) }}
{% endmacro %}


{% macro columns_in(expression) %}
    {#- The columns that an expression of kpi_definitions() names, in their order. expression: string or none. Returns: list. -#}
    {% set words = ['and', 'or', 'not', 'is', 'null', 'in', 'true', 'false', 'case', 'when', 'then', 'else', 'end'] %}
    {% set without_texts = modules.re.sub("'[^']*'", '', expression or '') %}
    {{ return(modules.re.findall('[a-z_][a-z_0-9]*', without_texts) | reject('in', words) | list) }}
{% endmacro %}


{% macro kpi_needs() %}
    {#-
        What each KPI needs of the events: the facts of the columns that it is defined by.
        Returns: list of dicts, one per KPI and fact, with
          kpi_id
          fact         of event_facts(), `prices`, or a flag of kpi_flags()
          is_base      without it nothing is counted: of the clock or the denominator (of two clocks: those of the denominator's units)
          is_decisive  without it the figure would be the same whatever happens, not merely to be read otherwise
    -#}
    {% set facts, facts_of_columns, needs = event_facts(), facts_of_columns(), [] %}
    {% for kpi_id, kpi in kpi_definitions().items() %}
        {% set per, sides, own = kpi.per or {}, [], [] %}
        {% for key in ['clock', 'denominator', 'numerator', 'observed', 'where'] %}
            {% do sides.append([not per and key in ['clock', 'denominator'], kpi.of, kpi[key]]) %}
        {% endfor %}
        {% for key in ['clock', 'denominator'] %}
            {% do sides.append([true, per.of, per[key]]) %}
        {% endfor %}
        {% for is_base, of, expression in sides %}
            {% for column in columns_in(expression) %}
                {% if column not in facts_of_columns[of] %}
                    {% do exceptions.raise_compiler_error('closed_loop: facts_of_columns() lacks the column ' ~ column ~ ' of ' ~ of ~ ', by which ' ~ kpi_id ~ ' is defined.') %}
                {% endif %}
                {% for fact in facts_of_columns[of][column] %}
                    {% do own.append({'fact': fact, 'is_base': is_base, 'column': column}) %}
                {% endfor %}
            {% endfor %}
        {% endfor %}
        {% if kpi.only_where %}
            {% do own.append({'fact': kpi.only_where, 'is_base': true, 'column': kpi.only_where}) %}
        {% endif %}
        {% set base = own | selectattr('is_base') | map(attribute='fact') | list %}
        {% for need in own %}
            {#- Where something else decides, too, the figure still moves. -#}
            {% set others = own | map(attribute='fact') | reject('in', base + [need.fact]) | list %}
            {% set is_narrowing = 'not ' ~ need.column in (kpi.denominator or '') %}
            {% set fact = facts.get(need.fact, {}) %}
            {% set is_decisive = not fact.is_part and not (fact.is_absence and others) and not is_narrowing %}
            {% set entry = {'kpi_id': kpi_id, 'fact': need.fact, 'is_base': need.is_base, 'is_decisive': is_decisive} %}
            {% if entry not in needs %}
                {% do needs.append(entry) %}
            {% endif %}
        {% endfor %}
    {% endfor %}
    {{ return(needs) }}
{% endmacro %}
