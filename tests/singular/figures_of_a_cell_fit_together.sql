-- Fails if a cell's value is not numerator ÷ denominator, if a rate with a denominator lacks its confidence interval or has another, if
-- a KPI that is no rate has one, or if a cell without a denominator has a value.
{{ cells_that_contradict_themselves() }}
