"""Values in the words of a reader, on the page and in the terminal."""

from __future__ import annotations

import json

import pytest

from scripts.words import engine, say, status_words


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("rate(0.41)", "41 %"),
        ("rate(0.575)", "58 %"),
        ("rate(0.0953)", "9.5 %"),
        ("rate(0.9996)", "above 99.9 %"),
        ("rate(0.0004)", "below 0.1 %"),
        ("rate(1)", "100 %"),
        ("rate(0.598, [0.6])", "59.8 %"),
        ("rate(-0.2482)", "−25 %"),
        ("rate(null)", "–"),
        ("money(4.1, 'USD')", "$4.10"),
        ("money(-5.514, 'USD')", "−$5.51"),
        ("money(-0.001, 'USD')", "$0.00"),
        ("money(196105.3, 'CHF')", "CHF 196 105"),
        ("minutes(200)", "3 h 20 min"),
        ("minutes(0.48)", "29 s"),
        ("minutes(6240)", "4 d 8 h"),
        ("seconds(3599.6)", "1 h"),
        ("seconds(59.7)", "1 min"),
        ("seconds(7.13)", "7.1 s"),
        ("change(0.08, 'rate')", "+8 points"),
        ("change(-0.004, 'rate')", "−0.4 points"),
        ("change(-139, 'minutes')", "−2 h 19 min"),
        ("interval(0.574, 0.791)", "57 to 79 %"),
        ("count(1234567)", "1 234 567"),
        ("date('2026-05-11')", "11 May 2026"),
        ("moment('2026-06-08 08:59:32')", "8 June 2026 08:59"),
        ("rate(0.4649, [0.99, 0.95])", "46 %"),
        ("rate(0.9949, [0.99])", "99.5 %"),
        ("rate(0.9499, [0.95])", "94.99 %"),
        ("minutes(-75)", "−1 h 15 min"),
        ("minutes(59.6)", "1 h"),
        ("seconds(0.44)", "0.4 s"),
        ("seconds(0)", "0 s"),
        ("money(-1234.5, 'EUR')", "−€1 235"),
        ("money(-4.1, 'CAD')", "−CAD 4.10"),
        ("money(null, 'USD')", "–"),
        ("count(3.456)", "3.5"),
        ("plural(1, 'case')", "1 case"),
        ("plural(0, 'case')", "0 cases"),
    ],
)
def test_values_in_words(call: str, text: str) -> None:
    said = json.loads(engine().eval(f"JSON.stringify(words.{call})"))
    assert said.replace("\u00a0", " ").replace("\u202f", " ") == text


def test_python_says_it_in_the_same_words() -> None:
    assert say(0.9499, "rate", "USD", [0.95, None]) == "94.99 %"
    assert say(196105.3, "money", "CHF") == "CHF 196 105"
    assert say(None, "minutes", "USD") == "–"
    assert status_words("red", True) == "■ red flag, certain"
    assert status_words("amber", False) == "▲ off target, not certain"
    assert status_words(None) == ""
