"""A made-up Danish coffee business and its subscribers, as the three files that an owner would import.

Everything is drawn from a fixed seed: the same business on every machine. Nobody in it exists.
"""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random

OPENED_ON = date(2025, 1, 1)
CLOSED_ON = date(2026, 7, 1)
SUBSCRIBERS = 400

_GIVEN = (
    "Astrid", "Bo", "Cecilie", "Ditte", "Emil", "Freja", "Gustav", "Hanne", "Ida", "Jakob", "Karla", "Lasse",
    "Maja", "Niels", "Oline", "Peter", "Rikke", "Signe", "Thomas", "Ulla", "Viggo", "Åse", "Ørn", "Ella",
)  # fmt: skip
_FAMILY = (
    "Aagaard", "Bech", "Clausen", "Dam", "Eriksen", "Friis", "Gram", "Holm", "Iversen", "Juhl", "Krogh", "Lund",
    "Møller", "Nygaard", "Olsen", "Winther",
)  # fmt: skip
_TOWNS = (
    "1620 København V", "2100 København Ø", "5000 Odense C", "8000 Aarhus C", "9000 Aalborg", "6100 Haderslev",
    "3700 Rønne",
)  # fmt: skip
_CATALOGUE = (
    "kind,code,name,product,plan,add_on,currency,amount,interval,model,tax,percent_off,periods",
    "product,coffee,Coffee by post,,,,,,,,,,",
    "plan,filter,Filter,coffee,,,,,,,,,",
    "plan,barista,Barista,coffee,,,,,,,,,",
    "plan,office,Office,coffee,,,,,,,,,",
    "add_on,extra-bag,Extra bag,coffee,,,,,,,,,",
    "price,filter-month,,,filter,,DKK,119.00,month,flat,inclusive,,",
    "price,barista-month,,,barista,,DKK,199.00,month,flat,inclusive,,",
    "price,office-month,,,office,,DKK,499.00,month,flat,inclusive,,",
    "price,extra-bag-month,,,,extra-bag,DKK,59.00,month,per_unit,inclusive,,",
    "coupon,welcome,,,,,,,,,,20,3",
)
# How often in a hundred, and what the test gateway answers to the charges of such a card.
_CARDS = ((84, "ok"), (6, "every-5:soft"), (4, "seq:ok,ok,soft,soft,ok"), (3, "seq:ok,soft,ok"), (2, "seq:ok,ok,hard"))
_DEAD_CARD = "soft"
_PLANS = ((52, "filter-month"), (33, "barista-month"), (15, "office-month"))


@dataclass(frozen=True, slots=True)
class Files:
    """The three files in the documented import format."""

    catalogue: Path
    customers: Path
    subscriptions: Path


def write_files(folder: Path, *, card_suffix: str) -> Files:
    """Write the business into a folder. The test gateway counts by card, so each demo's end in a suffix of their own."""
    random = Random(1864)  # noqa: S311  made up, and the same each time
    subscribers = range(1, SUBSCRIBERS + 1)
    files = Files(folder / "catalogue.csv", folder / "customers.csv", folder / "subscriptions.csv")
    files.catalogue.write_text("\n".join(_CATALOGUE) + "\n", encoding="utf-8")
    _write(
        files.customers,
        ("external_id", "name", "email", "country", "language", "address", "payment_gateway", "payment_token"),
        (_customer(random, number, card_suffix) for number in subscribers),
    )
    _write(
        files.subscriptions,
        (
            "external_id",
            "customer",
            "plan",
            "add_ons",
            "started_on",
            "anchor_on",
            "trial_ends_on",
            "cancel_on",
            "coupon",
        ),
        (_subscription(random, number) for number in subscribers),
    )
    return files


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def _customer(random: Random, number: int, card_suffix: str) -> tuple[object, ...]:
    name = f"{random.choice(_GIVEN)} {random.choice(_FAMILY)}"
    address = f"Kaffevej {random.randint(1, 99)}, {random.choice(_TOWNS)}"
    card = f"{_drawn(random, _CARDS, otherwise=_DEAD_CARD)}#{card_suffix}-{number}"
    return f"C{number:04}", name, f"c{number}@example.com", "DK", "da", address, "sandbox", card


def _subscription(random: Random, number: int) -> tuple[object, ...]:
    """Sign-ups grow over the eighteen months, three in a hundred leave each month. Parcels start and stop on Mondays,
    everybody is billed on the first: the first part of a month is charged by the day.
    """
    days = (CLOSED_ON - OPENED_ON).days - 10
    started = _monday(OPENED_ON + timedelta(days=1 + int(days * (number / SUBSCRIBERS) ** 0.8)))
    plan = _drawn(random, _PLANS, otherwise="filter-month")
    bags = random.choice((1, 2, 3)) if random.random() < 0.25 else 0
    trial = started + timedelta(days=14) if random.random() < 0.3 else None
    months = next((month for month in range(1, 36) if random.random() < 0.03), None)
    cancel = None if months is None else _monday((trial or started) + timedelta(days=round(30.4 * months)))
    coupon = "welcome" if random.random() < 0.2 else None
    add_ons = f"extra-bag-month:{bags}" if bags else ""
    return f"S{number:04}", f"C{number:04}", plan, add_ons, started, started.replace(day=1), trial, cancel, coupon


def _monday(day: date) -> date:
    """That Monday or the next."""
    return day + timedelta(days=-day.weekday() % 7)


def _drawn(random: Random, choices: Sequence[tuple[int, str]], *, otherwise: str) -> str:
    drawn = random.randrange(100)
    for share, value in choices:
        if drawn < share:
            return value
        drawn -= share
    return otherwise
