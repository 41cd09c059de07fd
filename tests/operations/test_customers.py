"""Who may become a customer: somebody whom mail can be sent to, in a country that there is."""

from datetime import UTC, datetime

import pytest

from perennia.domain.errors import InvalidValue
from perennia.operations import customers, tenants
from perennia.operations.rehearsal import throw_away_sandbox
from perennia.store import session
from tests.scenarios.told import played

NOW = datetime(2024, 1, 1, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("database")


@pytest.mark.parametrize(
    "email",
    [
        "nope", "@", "ida@", "@example.com", "ida@@example.com", "i@da@example.com", "ida @example.com", "ida@example",
        "ida@.com", "ida@example.", "ida@a..com", "ida@example.com\n", "ida\0@example.com", "ida\u00a0@example.com",
        f"{'i' * 250}@example.com", "",
    ],
)  # fmt: skip
def test_mail_that_nobody_could_get(email: str) -> None:
    with throw_away_sandbox(country="DK", currency="DKK", zone="UTC", clock=NOW, now=NOW) as tenant:
        with pytest.raises(InvalidValue) as refused:
            customers.create_customer(tenant=tenant, name="Ida", email=email, now=NOW)
        assert refused.value.facts["field"] == "email"
        with session.reading(tenant) as cursor:
            assert cursor.execute("SELECT count(*) FROM customers").fetchone() == (0,)


@pytest.mark.parametrize(
    "email",
    [
        "ida@example.com",
        "ida+billing@mail.example.co.uk",
        "ida@localhost",
        "søren@blåbær.dk",
        "o'hara!#$%@x.museum",
        "1@2.3",
    ],
)
def test_addresses_are_not_split_hairs_over(email: str) -> None:
    with throw_away_sandbox(country="DK", currency="DKK", zone="UTC", clock=NOW, now=NOW) as tenant:
        assert customers.create_customer(tenant=tenant, name="Ida", email=email, now=NOW)


@pytest.mark.parametrize("country", ["XX", "ZZ", "UK", "EL", "dk", "DNK", "D", ""])
def test_one_list_of_countries_for_businesses_and_customers(country: str) -> None:
    with throw_away_sandbox(country="DK", currency="DKK", zone="UTC", clock=NOW, now=NOW) as tenant:
        with pytest.raises(InvalidValue):
            customers.create_customer(tenant=tenant, name="Ida", email="ida@example.com", country=country, now=NOW)
        with pytest.raises(InvalidValue):
            tenants.add_legal_entity(tenant=tenant, actor="owner", name="Nord", country=country, now=NOW)


def test_a_customer_of_a_scenario_is_no_exception() -> None:
    assert played("2024-01-01 create_customer email=nope\n2024-01-01 create_customer country=XX").splitlines() == [
        "2024-01-01 refused: invalid_value",
        "2024-01-01 refused: invalid_value",
    ]
