-- Fails if a verdict is not what value, target, red flag and sample give, if one is missing, or if one is where none may be.
{{ statuses_out_of_place() }}
