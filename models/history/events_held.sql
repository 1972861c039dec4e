-- Grain: one row, this database: which events it holds.
-- Written before a figure of them is published; check_held_events() stops a build of others.
{{ config(materialized='table') }}

{%- set events = given_events() %}

select
    {{ text_literal(events.kind) }} as kind,
    {{ 'cast(null as ' ~ dbt.type_string() ~ ')' if events.place is none else text_literal(events.place) }} as place
{%- if flags.EMPTY %}
where false
{%- endif %}
