#!/usr/bin/env python3
"""Makes dunning.csv.gz, the dunning export of an energy supplier that doesn't exist: nobody's data, and the same bytes each time.

    python examples/event_logs/dunning/make_log.py

1,000 cases from September 2025 to February 2026, as a billing system in Hamburg might export them: semicolons, decimal commas, local times
without an offset, a step that nobody needs, and some dirty rows (see dirt()).
"""

from __future__ import annotations

import csv
import gzip
import io
import random
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

TARGET = Path(__file__).resolve().parent / "dunning.csv.gz"
HEADER = [
    "Dunning case",
    "Step",
    "Booked at",
    "Contract",
    "Customer type",
    "Pay by",
    "Amount",
    "Method",
    "Clerk",
    "Result",
    "Reference",
]
CASES = 1000
BERLIN, UTC = ZoneInfo("Europe/Berlin"), ZoneInfo("UTC")
FIRST, DAYS = datetime(2025, 9, 1, 5, 0), 168
EXPORTED = datetime(2026, 3, 2, 5, 0)
# The ledger confirmed nothing on these days, and never caught up.
OUTAGE = datetime(2026, 1, 13), datetime(2026, 1, 16)


class Case:
    """One case as it is made: its rows, in UTC."""

    def __init__(self, number: int, dice: random.Random) -> None:
        self.id, self.dice = f"M{700000 + number}", dice
        self.rows: list[tuple[datetime, list[str]]] = []
        self.now = FIRST + timedelta(days=DAYS * number / CASES, minutes=dice.randrange(0, 300))
        self.contract = dice.choices(["Electricity", "Gas", "Heat"], [6, 3, 1])[0]
        self.kind = dice.choices(["Household", "Business"], [4, 1])[0]
        self.amount = round(dice.lognormvariate(4.6, 0.6) * (3 if self.kind == "Business" else 1), 2)
        self.pay_by = self.now.date() + timedelta(days=14)
        self.letter, self.item = "", f"L{810000 + number}"

    def chance(self, share: float) -> bool:
        """True so often."""
        return self.dice.random() < share

    def wait(self, low: float, high: float) -> None:
        """Some hours go by."""
        self.now += timedelta(seconds=round(3600 * self.dice.uniform(low, high)))

    def book(self, step: str, amount: float | None = None, **cells: str) -> None:
        """A row of the export."""
        local = self.now.replace(tzinfo=UTC).astimezone(BERLIN)
        given = {
            "Dunning case": self.id,
            "Step": step,
            "Booked at": f"{local:%d.%m.%Y %H:%M:%S}",
            "Contract": self.contract,
            "Customer type": self.kind,
            "Pay by": f"{self.pay_by:%d.%m.%Y}",
            "Amount": "" if amount is None else german(amount),
            **cells,
        }
        self.rows.append((self.now, [given.get(name, "") for name in HEADER]))

    def post(self) -> None:
        """A payment goes to the ledger."""
        if self.chance(0.05):
            self.book("Posting failed", Reference=self.item)
            self.wait(0.5, 3)
        self.book("Posting sent", Reference=self.item)
        if OUTAGE[0] <= self.now < OUTAGE[1]:
            return
        self.wait(0.01, 0.6)
        self.book("Posting rejected" if self.chance(0.02) else "Posting confirmed", Reference=self.item)

    def pay(self) -> bool:
        """The customer tries to pay in the message; whether the money came."""
        self.book("Payment page opened", Reference=self.letter)
        self.wait(0.02, 0.1)
        self.book("Login", Result="ok" if self.chance(0.93) else "failed")
        if self.rows[-1][1][HEADER.index("Result")] == "failed":
            return False
        self.wait(0.01, 0.2)
        method = self.dice.choices(["Card", "Direct debit"], [3, 2])[0]
        if self.chance(0.08):
            self.book(
                "Payment declined", self.amount, Method=method, Result="insufficient funds", Reference=self.letter
            )
            return False
        self.book("Payment made", self.amount, Method=method, Reference=self.letter)
        self.post()
        if method == "Direct debit" and self.chance(0.06):
            self.wait(72, 200)
            self.book("Direct debit returned", self.amount, Reference=self.item)
            return False
        return True

    def remind(self, step: str) -> None:
        """A message goes out."""
        self.letter = f"{self.id}-{len(self.rows)}"
        channel = self.dice.choices(["SMS", "E-mail"], [3, 2])[0] if step == "Reminder sent" else "Letter"
        self.book(step, Method=channel, Reference=self.letter)
        self.wait(0.01, 0.2)
        if channel != "Letter":
            self.book(
                "Reminder delivered" if self.chance(0.95) else "Reminder not delivered",
                Method=channel,
                Reference=self.letter,
            )

    def run(self) -> None:
        """The whole case."""
        self.book("Dunning opened", self.amount)
        self.wait(1, 5)
        self.remind("Reminder sent")
        if self.chance(0.15):
            self.now = self.now.replace(hour=1, minute=self.dice.randrange(60)) + timedelta(days=1)
            self.book("Scoring updated", Result=str(self.dice.randrange(100)))
        if self.chance(0.07):
            self.wait(10, 60)
            self.dispute()
            return
        self.wait(2, 90)
        if self.chance(0.48) and self.pay():
            return
        self.wait(24, 90)
        if self.chance(0.25):
            self.book("Bank transfer received", self.amount, Method="Transfer")
            self.post()
            return
        self.wait(72, 120)
        self.remind("Letter sent")
        self.wait(48, 200)
        if self.chance(0.35) and self.pay():
            return
        self.call()

    def call(self) -> None:
        """A clerk picks up the phone."""
        self.book("Handed to clerk", Result="no payment")
        self.wait(20, 90)
        outcome = self.dice.choices(["paid", "not reached", "promised"], [5, 3, 2])[0]
        self.book("Manual call", Clerk=self.clerk(), Result=outcome)
        if outcome == "paid":
            self.wait(0.05, 0.2)
            self.book("Payment by phone", self.amount, Method="Card", Clerk=self.rows[-1][1][HEADER.index("Clerk")])
            self.post()
        elif self.chance(0.3):
            self.wait(300, 700)
            self.book("Written off", self.amount)

    def dispute(self) -> None:
        """The customer says that the invoice is wrong."""
        self.book("Dispute raised", Result=self.dice.choice(["meter reading", "moved out", "already paid"]))
        self.wait(20, 120)
        upheld = self.chance(0.4)
        self.book("Dispute decided", Clerk=self.clerk(), Result="upheld" if upheld else "rejected")
        if upheld:
            self.book("Dunning cancelled")
        elif self.chance(0.6):
            self.wait(5, 90)
            self.pay()

    def clerk(self) -> str:
        """Somebody of the team."""
        return self.dice.choice(["K12", "K17", "K23", "K31"])


def german(amount: float) -> str:
    """1234.5 as 1.234,50."""
    return f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))


def dirt(rows: list[list[str]], dice: random.Random) -> list[list[str]]:
    """What no export is without: see the comments."""
    column = {name: place for place, name in enumerate(HEADER)}

    def some(step: str, count: int) -> list[list[str]]:
        return dice.sample([row for row in rows if row[column["Step"]] == step], count)

    # Three rows have lost their case.
    for row in some("Login", 3):
        row[column["Dunning case"]] = ""
    # One letter was sent in 2062, as somebody typed it.
    (letter,) = some("Letter sent", 1)
    letter[column["Booked at"]] = letter[column["Booked at"]].replace("2026", "2062").replace("2025", "2062")
    # Two payments are negative: corrections that were booked as payments.
    for row in some("Payment made", 2):
        row[column["Amount"]] = f"-{row[column['Amount']]}"
    # Four cases were opened before the export begins.
    for row in some("Dunning opened", 4):
        rows.remove(row)
    # Five rows are in the export twice.
    for row in some("Reminder delivered", 5):
        rows.insert(rows.index(row), list(row))
    return rows


def make(seed: int = 20260302) -> bytes:
    """The log as CSV."""
    dice = random.Random(seed)
    booked: list[tuple[datetime, int, list[str]]] = []
    for number in range(CASES):
        case = Case(number, dice)
        case.run()
        booked += [(moment, number, row) for moment, row in case.rows if moment < EXPORTED]
    booked.sort(key=lambda entry: entry[:2])
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(dirt([row for _, _, row in booked], dice))
    return text.getvalue().encode()


def main() -> None:
    """Writes the file."""
    # Without the time of day in it, the bytes are the same each time.
    TARGET.write_bytes(gzip.compress(make(), compresslevel=9, mtime=0))


if __name__ == "__main__":
    main()
