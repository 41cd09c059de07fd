"""What came of a scenario, as the few columns that a defect is about. What `verify` finds is a failure of its own."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tests.scenarios.told import told_as_data


def outcome(timeline: str, *, refused: Sequence[str] = ()) -> list[dict[str, Any]]:
    """The moments of a scenario. Its books agree, and these codes were refused, no others."""
    told = told_as_data(timeline)
    assert told["verify_ok"], told
    assert [one["code"] for one in told["errors"]] == list(refused), told["errors"]
    return list(told["moments"])


def documents(timeline: str, *, customer: str | None = None, refused: Sequence[str] = ()) -> list[dict[str, Any]]:
    """All documents in order, each with its moment `at` and its `customer`."""
    return [
        {**document, "at": moment["at"], "customer": moment["customer"]}
        for moment in outcome(timeline, refused=refused)
        if customer in (None, moment["customer"])
        for document in moment["documents"]
    ]


def lines(timeline: str, *, customer: str | None = None, refused: Sequence[str] = ()) -> list[dict[str, Any]]:
    """All lines in order, each with the document's moment `at`, `customer` and `document` (its kind)."""
    return [
        {**line, "at": document["at"], "customer": document["customer"], "document": document["kind"]}
        for document in documents(timeline, customer=customer, refused=refused)
        for line in document["lines"]
    ]


def periods(timeline: str, *, customer: str | None = None) -> list[str]:
    """`2024-01-31..2024-02-29` of every line in order."""
    return [f"{line['start']}..{line['end']}" for line in lines(timeline, customer=customer)]


def amounts(timeline: str, *, customer: str | None = None) -> list[Decimal]:
    return [Decimal(line["amount"]) for line in lines(timeline, customer=customer)]


def totals(timeline: str, *, customer: str | None = None) -> list[Decimal]:
    return [Decimal(document["total"]) for document in documents(timeline, customer=customer)]


def days(first: date, count: int) -> list[date]:
    return [first + timedelta(days=n) for n in range(count)]
