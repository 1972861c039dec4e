{% macro is_sufficient_ack(acks, writebacks) -%}
    {#-
        The condition that an acknowledgement proves a writeback: persisted, not before the first attempt, and with as many fields as required. Where
        nobody knows how many are required any number will do; where only the persisted number is unknown, nothing is proven.
        acks, writebacks: aliases of rows of one writeback.
    -#}
    (
        {{ acks }}.outcome = 'persisted'
        and {{ acks }}.occurred_at >= {{ writebacks }}.first_attempted_at
        and ({{ writebacks }}.fields_required is null or {{ acks }}.fields_persisted >= {{ writebacks }}.fields_required)
    )
{%- endmacro %}
