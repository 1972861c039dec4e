"""The day of the outage, build by build: it is signalled before the day is over."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from project import WITHOUT_TESTS, build, query

pytestmark = pytest.mark.slow

OUTAGE = dt.date(2026, 3, 16)


def test_a_build_every_hour_signals_the_outage_on_its_first_day(tmp_path: Path) -> None:
    """From six in the morning on; the hour before has no signal, and the hour with one names the system that lost the writebacks."""
    for hour in range(6, 24):
        moment = dt.datetime.combine(OUTAGE, dt.time(hour))
        build(tmp_path, {"as_of": moment}, *WITHOUT_TESTS)
        signals = query(
            tmp_path,
            "select dimension_value, first_day from marts.rpt_signal "
            "where kpi_id = 'writeback_success_rate' and severity = 'page' and is_open and workflow = '(all)'",
        )
        if signals:
            break
    assert set(signals) <= {("billing_core", OUTAGE), ("all", OUTAGE)}
    assert signals
    assert hour > 6
