-- Fails if a cell's figures are not those of the units behind it, if a unit is behind no cell, or if a cell is empty that should not be
-- there. The cohort is taken from the case, and week and workflow are compared with clock and case, so all of them are checked as well.
{{ cells_without_their_units() }}
