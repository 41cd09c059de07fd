"""When a document is to be paid."""

from datetime import UTC, date, datetime

import pytest

from perennia.domain.calendar import midnight
from perennia.domain.documents import PayTerms

ZONE = "Europe/Copenhagen"
NOON = datetime(2025, 1, 31, 12, tzinfo=UTC)


def test_at_once_and_after_days():
    assert PayTerms().pay_by(issued_at=NOON, zone=ZONE) == NOON
    assert PayTerms(14).pay_by(issued_at=NOON, zone=ZONE) == datetime(2025, 2, 14, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("issued", "days", "by"),
    [
        (datetime(2025, 1, 10, 12, tzinfo=UTC), 0, date(2025, 1, 31)),
        (NOON, 14, date(2025, 2, 14)),
        (datetime(2024, 2, 1, 12, tzinfo=UTC), 30, date(2024, 3, 30)),
        (datetime(2025, 1, 31, 23, 30, tzinfo=UTC), 0, date(2025, 2, 28)),
        (datetime(2025, 12, 24, 12, tzinfo=UTC), 8, date(2026, 1, 8)),
    ],
)
def test_after_the_end_of_the_month_of_issue_in_the_sellers_zone(issued: datetime, days: int, by: date):
    found = PayTerms(days, end_of_month=True).pay_by(issued_at=issued, zone=ZONE)
    assert found == midnight(by, ZONE)


def test_never_before_the_issue():
    assert PayTerms(0, end_of_month=True).pay_by(issued_at=NOON, zone=ZONE) == NOON
