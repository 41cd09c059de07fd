"""What can be put into the catalogue, and what is refused with which field and why."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from perennia.domain.catalog import MOST_TIERS, check_price
from perennia.domain.errors import InvalidValue, PolicyConflict, UnknownCurrency
from perennia.domain.pricing import Model, Price, Timing
from perennia.domain.schemes import Scheme, Tier
from tests.domain.prices import schemed, schemed_prices, tiered
from tests.domain.world import key, price

PERCENTAGE = schemed(Model.PERCENTAGE, percent="2.5", fixed_amount="0.10", minimum="1.00", maximum="20.00")
PACKAGE = schemed(Model.PACKAGE, amount="8.00", package_size="100", free_units="50")
METERED = {"meter_id": key(), "timing": Timing.ARREARS}


@pytest.mark.parametrize(
    "found",
    [
        price("0"),
        price("999999999999.999999999999", model=Model.PER_UNIT),
        tiered(Model.GRADUATED, "10: 5.00", "*: 3.00 + 1.00"),
        tiered(Model.GRADUATED, "0.000001: 5.00", "1000000000000000: 3.00"),
        tiered(Model.VOLUME, "*: 0"),
        tiered(Model.STAIRSTEP, "10: 0 + 5.00"),
        tiered(Model.BLOCK, "3x100: 9.00", "*x0.5: 30.00 + 1.00"),
        PACKAGE,
        PERCENTAGE,
        schemed(Model.PERCENTAGE, percent="0", fixed_amount="0.25"),
        replace(price("9.00", model=Model.PER_UNIT), **METERED, scale=0, period_minimum=Decimal(50)),
        replace(price("9.00"), setup_fee=Decimal("49.00"), trial_days=14, own_policies=(("tier_mode", "top"),)),
    ],
)
def test_what_can_be_sold(found: Price) -> None:
    assert check_price(found) == found


@given(schemed_prices())
def test_every_scheme_of_the_properties_can_be_sold(found: Price) -> None:
    assert check_price(found) == found


@pytest.mark.parametrize(
    ("found", "field"),
    [
        (price("-0.01"), "unit_amount"),
        (price("NaN"), "unit_amount"),
        (price("1", model=Model.GRADUATED), "unit_amount"),
        (price("0", model=Model.GRADUATED), "tiers"),
        (price("0", model=Model.PACKAGE), "package_size"),
        (price("0", model=Model.PERCENTAGE), "percent"),
        (tiered(Model.FLAT, "*: 1.00"), "tiers"),
        (schemed(Model.PER_UNIT, amount="1.00", free_units="5"), "free_units"),
        (schemed(Model.PACKAGE, package_size="5", percent="5"), "percent"),
        (tiered(Model.VOLUME, "10: 1.00", "10: 2.00"), "tiers"),  # a gap of nothing
        (tiered(Model.VOLUME, "20: 1.00", "10: 2.00", "*: 1.00"), "tiers"),
        (tiered(Model.VOLUME, "*: 1.00", "10: 2.00"), "tiers"),
        (tiered(Model.VOLUME, "0: 1.00", "*: 2.00"), "tiers"),
        (tiered(Model.VOLUME, "-1: 1.00", "*: 2.00"), "tiers"),
        (tiered(Model.VOLUME, "NaN: 1.00", "*: 2.00"), "tiers"),
        (tiered(Model.VOLUME, "1000000000000001: 1.00"), "tiers"),
        (tiered(Model.VOLUME, "0.0000001: 1.00"), "tiers"),
        (tiered(Model.VOLUME, "10: -1.00"), "tiers"),
        (tiered(Model.VOLUME, "10: 1.00 + NaN"), "tiers"),
        (tiered(Model.VOLUME, "10: 0.0000000000001"), "tiers"),
        (tiered(Model.VOLUME, *[f"{n}: 1.00" for n in range(1, MOST_TIERS + 2)]), "tiers"),
        (tiered(Model.STAIRSTEP, "10: 1.00 + 5.00"), "tiers"),
        (tiered(Model.VOLUME, "2x5: 1.00"), "tiers"),
        (tiered(Model.BLOCK, "10: 1.00"), "tiers"),
        (tiered(Model.BLOCK, "*: 1.00"), "tiers"),
        (tiered(Model.BLOCK, "*x5: 1.00", "2x5: 1.00"), "tiers"),
        (tiered(Model.BLOCK, "0x5: 1.00"), "tiers"),
        (tiered(Model.BLOCK, "2x0: 1.00"), "tiers"),
        (schemed(Model.PACKAGE, package_size="0"), "package_size"),
        (schemed(Model.PACKAGE, package_size="-5"), "package_size"),
        (schemed(Model.PACKAGE, package_size="5", free_units="-1"), "free_units"),
        (schemed(Model.PERCENTAGE, percent="-1"), "percent"),
        (schemed(Model.PERCENTAGE, percent="100.01"), "percent"),
        (schemed(Model.PERCENTAGE, percent="NaN"), "percent"),
        (schemed(Model.PERCENTAGE, percent="1", fixed_amount="-1"), "fixed_amount"),
        (schemed(Model.PERCENTAGE, percent="1", minimum="-1"), "minimum"),
        (schemed(Model.PERCENTAGE, percent="1", maximum="Infinity"), "maximum"),
        (schemed(Model.PERCENTAGE, percent="1", minimum="2", maximum="1"), "maximum"),
    ],
)
def test_what_a_price_cannot_be(found: Price, field: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        check_price(found)
    assert refused.value.facts["field"] == field


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"scale": 7}, "scale"),
        ({"scale": -1}, "scale"),
        ({"period_minimum": Decimal(-1)}, "period_minimum"),
        ({"setup_fee": Decimal("NaN")}, "setup_fee"),
        ({"setup_fee": Decimal(-1)}, "setup_fee"),
        ({"trial_days": -1}, "trial_days"),
        ({"trial_days": 3661}, "trial_days"),
        ({"meter_id": key()}, "timing"),
        (METERED | {"model": Model.FLAT}, "model"),
        ({"own_policies": (("package", "sideways"),)}, "package"),
        ({"own_policies": (("no_such", "x"),)}, "policy"),
    ],
)
def test_what_a_price_cannot_have_beside_its_model(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        check_price(replace(price("9.00", model=Model.PER_UNIT), **wrong))
    assert refused.value.facts["field"] == field


def test_a_price_has_a_currency_that_can_be_invoiced_and_policies_that_go_together() -> None:
    with pytest.raises(UnknownCurrency):
        check_price(price("1.00", currency="XXX"))
    clash = (("denominator", "running"), ("proration_unit", "month30"))
    with pytest.raises(PolicyConflict):
        check_price(replace(price("1.00"), own_policies=clash))


def test_a_tier_without_a_size_is_told_from_one_that_has_none_to_have() -> None:
    """A block price by quantity and a volume price by blocks are both refused, each with its reason."""
    for model, one in ((Model.BLOCK, Tier(up_to=Decimal(5), block_size=Decimal(1))), (Model.VOLUME, Tier(blocks=3))):
        with pytest.raises(InvalidValue, match="block"):
            check_price(replace(price("0", model=model), scheme=Scheme((one,))))
