{% macro personal_columns() %}
    {#-
        The columns of event_contract() that name a person or lead to one, the one place where they are marked. All of them are texts.
        Returns: list of names.
    -#}
    {{ return(['customer_ref', 'actor_ref', 'agent_ref', 'uri']) }}
{% endmacro %}


{% macro shielded(value, spec) -%}
    {#-
        A personal column as the var `pii` has it: as it is (clear), as keyed_hash() (hashed), or without its content (dropped): null, and
        `(dropped)` where the contract allows no null. An empty text counts as null, and null stays null.
        value: SQL expression of type text. spec: the column's entry in event_contract().
    -#}
    {%- if var('pii') == 'clear' -%}
        {{ value }}
    {%- elif var('pii') == 'hashed' -%}
        {{ keyed_hash("nullif(" ~ value ~ ", '')", pii_key()) }}
    {%- elif column_type(spec).is_nullable -%}
        cast(null as {{ dbt.type_string() }})
    {%- else -%}
        case when not {{ is_blank(value) }} then '(dropped)' end
    {%- endif -%}
{%- endmacro %}


{% macro keyed_hash(value, key) -%}
    {#-
        A text that is the same for equal values under one key, and tells nothing of the value without the key: 64 hexadecimal digits, null
        where the value or the key is null. The inner hash keeps whoever knows one value's hash from making that of a longer one.
        value, key: SQL expressions of type text.
    -#}
    {{ sha256(key ~ ' || ' ~ sha256(key ~ ' || ' ~ value)) }}
{%- endmacro %}


{% macro is_sound_key(key) -%}
    {#-
        The condition that a key has 32 or more letters and digits, and nothing else: no more is safe in PGOPTIONS, or found by dbt in what it
        blanks. False for null. key: SQL expression of type text.
    -#}
    {%- set alphabet = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ' -%}
    coalesce(length({{ key }}) >= 32 and trim(both '{{ alphabet }}' from {{ key }}) = '', false)
{%- endmacro %}


{% macro pii_problems() %}
    {#- What is wrong with the var `pii`, or with the key that it needs. Returns: list of sentences, empty where all is well. -#}
    {% if var('pii') not in ['clear', 'hashed', 'dropped'] %}
        {{ return(["pii '" ~ var('pii') ~ "' is none of the three: clear, hashed, dropped."]) }}
    {% elif var('pii') == 'hashed' and pii_key() is none %}
        {{ return([
            "pii is hashed, and on the target " ~ target.name ~ " a key can't be kept secret. Use clear or dropped, or hash these columns where they are loaded."
        ]) }}
    {% elif var('pii') == 'hashed' %}
        {% if not run_query('select ' ~ is_sound_key(pii_key())).columns[0].values()[0] %}
            {{ return([
                "pii is hashed, and the environment variable " ~ pii_key_variable() ~ " gives no key of 32 or more letters and digits. Set it as docs/privacy.md says, or use another word for pii."
            ]) }}
        {% endif %}
    {% endif %}
    {{ return([]) }}
{% endmacro %}
