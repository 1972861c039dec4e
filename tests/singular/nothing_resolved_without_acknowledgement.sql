-- The law, recomputed from the accepted events alone. Fails if a case is resolved though the system of record has not acknowledged
-- each of its writebacks (or it has none), if it is unresolved though it has, or if it was resolved at another moment.
{{ resolved_without_acknowledgement() }}
