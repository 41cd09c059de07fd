"""From the telephone company's list of subscribers to three files that `perennia import` takes."""

import csv
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

STOP = date(2020, 1, 1)
"""The list was made then: a tenure of n began n months before, and who left leaves on this day."""

CENT = Decimal("0.01")
PHONE, DSL, FIBRE = "phone", "dsl", "fibre"
PLANS = {PHONE: ("Phone", "20.00"), DSL: ("DSL", "25.00"), FIBRE: ("Fibre", "50.00")}
ADD_ONS = {
    "phone-line": ("Phone", "20.00"),
    "multiple-lines": ("Multiple lines", "5.00"),
    "online-security": ("Online security", "5.00"),
    "online-backup": ("Online backup", "5.00"),
    "device-protection": ("Device protection", "5.00"),
    "tech-support": ("Tech support", "5.00"),
    "streaming-tv": ("Streaming TV", "10.00"),
    "streaming-films": ("Streaming films", "10.00"),
}
_COLUMNS = {
    "MultipleLines": "multiple-lines",
    "OnlineSecurity": "online-security",
    "OnlineBackup": "online-backup",
    "DeviceProtection": "device-protection",
    "TechSupport": "tech-support",
    "StreamingTV": "streaming-tv",
    "StreamingMovies": "streaming-films",
}
_INTERNET = {"DSL": DSL, "Fiber optic": FIBRE}


@dataclass(frozen=True, slots=True)
class Files:
    """What was written, as `perennia import` wants it."""

    catalogue: Path
    customers: Path
    subscriptions: Path


def convert(source: Path, folder: Path) -> Files:
    """Write the three files into `folder`."""
    files = Files(folder / "catalogue.csv", folder / "customers.csv", folder / "subscriptions.csv")
    _write_catalogue(files.catalogue)
    with (
        source.open(newline="", encoding="utf-8-sig") as given,
        files.customers.open("w", newline="", encoding="utf-8") as customers_file,
        files.subscriptions.open("w", newline="", encoding="utf-8") as subscriptions_file,
    ):
        customers, subscriptions = csv.writer(customers_file), csv.writer(subscriptions_file)
        customers.writerow(["external_id", "name", "email", "payment_gateway", "payment_token"])
        subscriptions.writerow(["external_id", "customer", "plan", "add_ons", "adjustment", "started_on", "cancel_on"])
        for row in csv.DictReader(given):
            key = row["customerID"]
            customers.writerow([key, f"Subscriber {key}", f"{key.lower()}@example.com", "sandbox", "ok"])
            subscriptions.writerow([key, key, *_agreement(row)])
    return files


def _agreement(row: dict[str, str]) -> Iterator[str]:
    """Plan, add-ons, adjustment, first day, last day. Internet is the plan, or the phone where there is none."""
    plan = _INTERNET.get(row["InternetService"], PHONE)
    add_ons = [code for column, code in _COLUMNS.items() if row[column] == "Yes"]
    if plan != PHONE and row["PhoneService"] == "Yes":
        add_ons.insert(0, "phone-line")
    listed = Decimal(PLANS[plan][1]) + sum(Decimal(ADD_ONS[code][1]) for code in add_ons)
    yield plan
    yield "|".join(add_ons)
    yield str((Decimal(row["MonthlyCharges"]) - listed).quantize(CENT))
    yield _months_before(STOP, int(row["tenure"])).isoformat()
    yield STOP.isoformat() if row["Churn"] == "Yes" else ""


def _months_before(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, day.day)


def _write_catalogue(path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["kind", "code", "name", "product", "plan", "add_on", "currency", "amount", "interval"])
        rows.writerow(["product", "telephone", "Telephone and internet", "", "", "", "", "", ""])
        for code, (name, amount) in PLANS.items():
            rows.writerow(["plan", code, name, "telephone", "", "", "", "", ""])
            rows.writerow(["price", code, "", "", code, "", "EUR", amount, "month"])
        for code, (name, amount) in ADD_ONS.items():
            rows.writerow(["add_on", code, name, "telephone", "", "", "", "", ""])
            rows.writerow(["price", code, "", "", "", code, "EUR", amount, "month"])


if __name__ == "__main__":
    if len(sys.argv) != 3 or not Path(sys.argv[1]).is_file() or not Path(sys.argv[2]).is_dir():
        sys.exit("usage: convert CSV FOLDER")
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
