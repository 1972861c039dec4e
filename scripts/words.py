"""Values in the words of a reader: `words.js`, which the page uses in browsers, for Python. Spaces are plain ones, for terminals."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import quickjs

SOURCE = Path(__file__).with_name("words.js")


@functools.cache
def engine() -> quickjs.Context:
    """The words, loaded once."""
    context = quickjs.Context()
    context.eval(SOURCE.read_text(encoding="utf-8"))
    context.eval("function call(name, values) { return JSON.stringify(words[name](...JSON.parse(values))); }")
    return context


def call(name: str, *values: Any) -> Any:
    """What a function of `words` gives."""
    return json.loads(engine().get("call")(name, json.dumps(values)).replace("\u00a0", " ").replace("\u202f", " "))


def say(value: float | None, unit: str, currency: str, beside: Iterable[float | None] = ()) -> str:
    """A KPI's figure: `41 %`, `3 h 20 min`, `$4.10`; a dash where there is none.

    unit: that of dim_kpi. beside: figures that it is compared with; a rate that isn't one of them doesn't look like it.
    """
    return call("value", value, unit, currency, list(beside))


def money(value: float | None, currency: str) -> str:
    """An amount, with the sign of its currency where there is one that everybody reads alike, else with its code."""
    return call("money", value, currency)


def duration(seconds: float | None) -> str:
    """A length of time in its two largest units, such as `3 h 20 min`."""
    return call("seconds", seconds)


def status_words(status: str | None, is_certain: bool | None = None) -> str:
    """A verdict as its mark and word, and whether chance may explain it; empty where none is given. is_certain: null where nobody says."""
    if status is None:
        return ""
    certain = {True: ", certain", False: ", not certain", None: ""}[is_certain]
    return " ".join(call("status", status)) + certain
