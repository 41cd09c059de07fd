"""The doctor sees who was left out of the run."""

from datetime import UTC, date, datetime
from pathlib import Path

import psycopg
import pytest

from perennia.config import doctor_books
from perennia.config.examination import Examination
from tests.conftest import Database
from tests.operations.shop import open_shop


@pytest.fixture
def patient(database: Database):
    with psycopg.connect(database.dsn("app"), autocommit=True) as connection:
        yield Examination(database.server, connection, Path("/"), datetime(2026, 1, 1, tzinfo=UTC))


def test_a_payer_that_was_set_aside_is_shown_with_its_reason_and_the_way_out(patient: Examination):
    shop = open_shop()
    shop.start(shop.customer(), "basic")
    shop.clock_to(date(2025, 9, 1))
    shop.bill()
    [(payer,)] = shop.rows("SELECT id FROM payers")
    found = doctor_books.set_aside(patient)
    assert found.state == "error"
    assert f"{payer.text('cus')} catch_up" in found.detail
    assert "--payer" in found.remedy
