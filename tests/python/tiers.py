"""Which cases of a test `make test` takes; the others are slow, and run with `make test-all`. CONTRIBUTING.md, "Two tiers"."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def slow_but(fast: Iterable[Any], values: Iterable[Any]) -> list[Any]:
    """The values of a parameter, those marked as slow that are not among the fast ones."""
    fast, values = list(fast), list(values)
    assert not [value for value in fast if value not in values], fast
    return [value if value in fast else pytest.param(value, marks=pytest.mark.slow) for value in values]
