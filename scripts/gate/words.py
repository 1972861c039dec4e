"""Figures and limits as a person says them: `2.04 %`, `19 h before`, `at most 3 rows`. A check's unit: gates/thresholds.yml."""

from __future__ import annotations

import decimal
from collections.abc import Iterable
from decimal import Decimal

# Enough for any float.
EXACT = decimal.Context(prec=1000)


def amount(value: float, unit: str, beside: Iterable[float | None] = ()) -> str:
    """A figure with its unit, rounded, but never onto or past a figure of `beside`, zero or 100 % that it is not.

    unit: share, times, hours_before, or the noun of what is counted, in the singular.
    """
    figure = Decimal(repr(float(value)))
    if unit == "hours_before":
        return f"{hours(abs(figure), [abs(float(other)) for other in beside if other is not None])} " + (
            "after" if figure < 0 else "before"
        )
    others = [Decimal(repr(float(other))) for other in beside if other is not None] + [Decimal(0)]
    if unit == "share":
        return f"{rounded(figure, [*others, Decimal(1)], Decimal(100))} %"
    number = rounded(figure, others, Decimal(1))
    if unit == "times":
        return f"{number} times"
    return f"{'no' if number == '0' else number} {unit}{'' if number == '1' else 's'}"


def hours(figure: Decimal, beside: list[float]) -> str:
    """A length of time in minutes, hours or days. beside: as in amount(), in hours."""
    others = [Decimal(repr(other)) for other in beside] + [Decimal(0)]
    if 0 < figure < 1:
        return f"{rounded(figure, others, Decimal(60))} min"
    # A limit is told in the hours that it was written in, unless it is whole days.
    if figure > 96 and (figure not in others or figure % 24 == 0):
        return f"{rounded(figure, others, 1 / Decimal(24))} days"
    return f"{rounded(figure, others, Decimal(1))} h"


def rounded(figure: Decimal, beside: list[Decimal], factor: Decimal) -> str:
    """figure * factor with three digits, or as many more as keep it on its side of everything in `beside`."""
    with decimal.localcontext(EXACT):
        exact = figure * factor
        places = max(0, 2 - exact.adjusted())
        for more in range(20):
            number = round(exact, places + more)
            if all(
                (number > other * factor, number < other * factor) == (figure > other, figure < other)
                for other in beside
            ):
                break
        return f"{number.normalize():,f}" if number else "0"


def bound(limit: float, unit: str, least: bool) -> str:
    """A limit in full, such as `at most 2 %`. least: whether it is the lower one."""
    if unit == "hours_before" and limit < 0:
        least = not least
    words = amount(limit, unit, [limit])
    return words if words.startswith("no ") else f"at {'least' if least else 'most'} {words}"


def rule(least: float | None, most: float | None, unit: str) -> str:
    """What a check allows, such as `at least 0.5 times and at most 2 times`; without limits, nothing."""
    if least is None and most is None:
        most = 0
    bounds = [(least, True), (most, False)]
    return " and ".join(bound(limit, unit, is_least) for limit, is_least in bounds if limit is not None)


def broken(value: float, least: float | None, most: float | None, unit: str) -> str:
    """The limit that a figure breaks."""
    is_least = least is not None and value < least
    limit = least if is_least else most
    if not limit and not is_least:
        return "none allowed"
    words = bound(float(limit or 0), unit, is_least)
    return words.removesuffix(" before") if value > 0 else words
