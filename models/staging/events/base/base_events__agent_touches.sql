-- Grain: one row per visible raw row of agent_touches whose event_id is not simply that of one accepted row.

with

{{ exceptional_events('agent_touches', reference={'column': 'exception_id', 'table': 'exceptions', 'key': 'event_id'}) }}
