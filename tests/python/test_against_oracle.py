"""The marts against an independent implementation of the definitions in plain Python, on hostile events.

`hostile.py` makes small and nasty inputs from a seed; `oracle.py` computes the public tables from them without a line of
this project's SQL. More seeds: `CLOSED_LOOP_HOSTILE_SEEDS=0-99 pytest tests/python/test_against_oracle.py`.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import compare
import hostile
import oracle
import pytest
from project import WITHOUT_TESTS, build, database, query
from test_time_to_resolution_curve import JOURNEYS, assert_is_lifelines, cases_by_curve
from tiers import slow_but

# Chosen so that all four time zones and, but for a few, all of test_oracle.to_be_reached() occur.
DEFAULT_SEEDS = "31,79,100,114,160,161"
# The one that `make test` takes.
FAST_SEED = 160


def seeds() -> list[int]:
    chosen: list[int] = []
    for part in os.environ.get("CLOSED_LOOP_HOSTILE_SEEDS", DEFAULT_SEEDS).split(","):
        first, _, last = part.partition("-")
        chosen.extend(range(int(first), int(last or first) + 1))
    return chosen


@pytest.mark.parametrize("seed", slow_but({FAST_SEED} & {*seeds()}, seeds()))
def test_marts_equal_the_oracle(seed: int, tmp_path: Path) -> None:
    events, reference, variables = hostile.hostile_events(seed)
    # In which order the rows come must not matter; test_oracle.py asks the same of the oracle.
    shuffled = {table: random.Random(seed).sample(rows, len(rows)) for table, rows in events.items()}
    build(
        tmp_path,
        hostile.write_inputs(tmp_path, shuffled, reference, variables),
        *WITHOUT_TESTS,
    )
    tables = oracle.build(events, reference, variables)
    differences = compare.differences(str(database(tmp_path)), tables)
    assert not differences, "\n".join(differences)

    # The oracle leaves the curve to lifelines.
    curves = assert_is_lifelines(tmp_path, variables["reporting_timezone"])
    if seed == FAST_SEED:
        # A case is resolved before its trigger, and a month isn't UTC's.
        counted = sum(len(cases) for (_, workflow), cases in curves.items() if workflow == "(all)")
        assert counted == len(tables["fct_case_journey"]) - 1
        assert curves != cases_by_curve(query(tmp_path, JOURNEYS), "UTC")
