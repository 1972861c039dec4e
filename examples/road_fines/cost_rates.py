"""Write cost_rates.csv of the road traffic fines: the postage of each day with letters, and what costs nothing. README.md says why.

python -m examples.road_fines.cost_rates LOG FOLDER
"""

import sys
import tempfile
from pathlib import Path

import duckdb

from scripts.check.macros import Project
from scripts.map_log.log import Reading, read_log

# Mean postage per local day: the day's messages, each charged at it, add up to the day's postage.
COST_RATES = """
with

letters as (
    select cast(expense as decimal(18, 2)) as postage, cast(occurred_at as date) as sent_on
    from log
    where activity = 'Send Fine'
)

select
    'messaging' as category, null::varchar as channel, 'message' as unit,
    sum(postage)::double / count(*) as amount, 'EUR' as currency,
    sent_on as valid_from, sent_on + 1 as valid_to
from letters
group by sent_on
union all
-- the log knows no other cost: 0 is a rate, no row would be a violation
values
    ('agent', null, 'minute', 0.0, 'EUR', date '1999-01-01', null),
    ('platform', null, 'case', 0.0, 'EUR', date '1999-01-01', null)
order by category, valid_from
"""


def main(log: str, folder: str) -> None:
    """Writes the file into a folder. log: the event log, as scripts.map_log reads it."""
    with duckdb.connect() as connection, tempfile.TemporaryDirectory() as spill:
        # Local days are the session's, which read_log sets.
        read_log(Project(connection, {}), [Path(log)], Reading(timezone="Europe/Rome"), Path(spill))
        connection.sql(COST_RATES).write_csv(str(Path(folder) / "cost_rates.csv"))


if __name__ == "__main__":
    main(*sys.argv[1:])
