-- Fails if, for an event table, the visible raw rows (counted at the source) are not those that were reconciled, if accepted,
-- duplicate and quarantined rows don't add up to them, if the accepted ones are not all in the staging layer and the audit trail, or the
-- quarantined ones not all in rpt_quarantined_event.
{{ rows_that_got_lost() }}
