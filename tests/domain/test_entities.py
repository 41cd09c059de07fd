"""Which company sells to whom."""

import pytest

from perennia.domain.entities import selling_entity
from perennia.domain.errors import NotFound
from perennia.domain.facts import Entity
from tests.domain.world import key

HOME, ABROAD, NORTH = (
    Entity(key(), key(), country, frozenset(serves))
    for country, serves in (("DK", ""), ("DE", ""), ("DK", ["NO", "DE"]))
)
ALL = {entity.id: entity for entity in (HOME, ABROAD, NORTH)}


@pytest.mark.parametrize(("country", "seller"), [("DK", HOME), ("NO", NORTH), ("DE", NORTH), ("US", HOME)])
def test_who_serves_the_country_comes_before_who_is_there_and_both_before_the_first(
    country: str, seller: Entity
) -> None:
    assert selling_entity(ALL, country=country) == seller.id


def test_the_one_chosen_sells_if_it_is_the_tenants() -> None:
    assert selling_entity(ALL, country="NO", chosen=ABROAD.id) == ABROAD.id
    with pytest.raises(NotFound):
        selling_entity(ALL, country="NO", chosen=key())
