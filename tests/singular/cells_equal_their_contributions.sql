-- Fails if a cell's figures are not those of the units behind it, if a unit is behind no cell, or if a cell is empty that should not be
-- there. The cohort is the case's; week and workflow are compared with clock and case. Where this holds, cohorts and workflows add up to
-- all.
{{ cells_without_their_units() }}
