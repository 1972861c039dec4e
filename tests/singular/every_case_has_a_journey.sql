-- Fails if a case with an accepted trigger has no journey, or a journey has no accepted trigger, or another count of them.
{{ journeys_unlike_their_triggers() }}
