"""What can be agreed on is what can be invoiced, period after period."""

from dataclasses import replace
from decimal import Decimal

import pytest

from perennia.domain.drafting import LARGEST_TOTAL_MINOR
from perennia.domain.errors import InvalidValue, PriceNotSold, QuantityAboveTiers
from perennia.domain.policies import policies
from perennia.domain.pricing import Model, Timing
from perennia.domain.terms import check_how_many, check_on_sale, check_period_amounts
from tests.domain.prices import tiered
from tests.domain.world import WEEKLY, key, price, utc


def test_only_a_price_per_unit_is_sold_more_than_once() -> None:
    assert check_how_many(price("5.00"), Decimal("1.0")) == 1
    assert check_how_many(price("5.00", model=Model.PER_UNIT), Decimal("2.5")) == Decimal("2.5")
    for quantity in ("0", "2", "0.5"):
        with pytest.raises(InvalidValue, match="per_unit"):
            check_how_many(price("5.00"), Decimal(quantity))


def test_a_quantity_has_the_decimals_that_the_price_says() -> None:
    whole, tenths = (replace(price("5.00", model=Model.PER_UNIT), scale=scale) for scale in (0, 1))
    assert check_how_many(whole, Decimal("2.00")) == 2
    assert check_how_many(tenths, Decimal("2.5")) == Decimal("2.5")
    for found, quantity in ((whole, "2.5"), (tenths, "2.55")):
        with pytest.raises(InvalidValue, match="decimals"):
            check_how_many(found, Decimal(quantity))


def test_no_more_is_sold_than_there_are_tiers() -> None:
    graduated = tiered(Model.GRADUATED, "10: 5.00")
    assert check_how_many(graduated, Decimal(10)) == 10
    with pytest.raises(QuantityAboveTiers):
        check_how_many(graduated, Decimal(11))


def test_a_metered_price_is_sold_once_whatever_is_used() -> None:
    metered = replace(tiered(Model.VOLUME, "10: 999999999999"), meter_id=key(), timing=Timing.ARREARS)
    assert check_how_many(metered, Decimal(1)) == 1
    with pytest.raises(InvalidValue, match="used"):
        check_how_many(metered, Decimal(2))
    check_period_amounts([(price("1.00"), Decimal(1))] + [(metered, Decimal(1))] * 99999)


def test_a_period_counts_by_the_policies_in_force() -> None:
    plan = price("0.01")
    many = tiered(Model.GRADUATED, "1: 999999999999", "*: 0")
    items = [(plan, Decimal(1))] + [(many, Decimal(2))] * 1001
    with pytest.raises(InvalidValue, match="no document"):
        check_period_amounts(items)
    check_period_amounts(items, policies=policies({"tier_mode": "top"}))


@pytest.mark.parametrize("more", ["setup_fee", "period_minimum"])
def test_what_stands_beside_a_period_is_on_its_document_too(more: str) -> None:
    dear = Decimal(999_999_999_999)
    items = [(replace(price("1.00"), **{more: dear}), Decimal(1))] * 1000
    check_period_amounts(items[:999])
    with pytest.raises(InvalidValue, match="no document"):
        check_period_amounts([*items, (replace(price("1.00"), **{more: dear}), Decimal(1))])


def test_an_adjustment_of_a_plan_by_tiers_is_a_flat_amount() -> None:
    plan = replace(tiered(Model.GRADUATED, "*: 5.00"), setup_fee=Decimal(9))
    check_period_amounts([(plan, Decimal(3))], adjustment=Decimal("-15.00"))
    with pytest.raises(InvalidValue) as refused:
        check_period_amounts([(plan, Decimal(3))], adjustment=Decimal("-15.01"))
    assert refused.value.facts["field"] == "adjustment"


def test_a_price_is_taken_while_it_is_on_sale() -> None:
    first, last = utc(2025, 1, 1), utc(2025, 6, 1)
    check_on_sale(price="basic", at=utc(1999, 1, 1), sold_from=None, sold_until=None)
    check_on_sale(price="basic", at=first, sold_from=first, sold_until=last)
    for at in (utc(2024, 12, 31), last):
        with pytest.raises(PriceNotSold) as refused:
            check_on_sale(price="basic", at=at, sold_from=first, sold_until=last)
        assert refused.value.facts["at"] == at.isoformat()


@pytest.mark.parametrize(
    ("adjustment", "more", "fine"),
    [
        ("-15.00", {}, True),
        ("-15.004", {}, True),  # rounds to what is there
        ("-15.01", {}, False),
        ("-10.01", {"interval": WEEKLY}, False),  # the add-on stands on other documents
        ("-10.00", {"interval": WEEKLY}, True),
    ],
)
def test_an_adjustment_leaves_zero_or_more(adjustment: str, more: dict, fine: bool) -> None:
    items = [(price("10.00"), Decimal(1)), (price("5.00", **more), Decimal(1))]
    if fine:
        check_period_amounts(items, adjustment=Decimal(adjustment))
        return
    with pytest.raises(InvalidValue) as refused:
        check_period_amounts(items, adjustment=Decimal(adjustment))
    assert refused.value.facts["field"] == "adjustment"


def test_a_period_is_no_larger_than_a_document() -> None:
    unit = price("1000000.00", model=Model.PER_UNIT)  # 10^8 minor units
    most = Decimal(LARGEST_TOTAL_MINOR // 10**8)
    check_period_amounts([(unit, most)])
    for items, adjustment in (
        ([(unit, most + Decimal("0.000001"))], "0"),
        ([(unit, most), (price("0.01", interval=WEEKLY), Decimal(1))], "0"),
        ([(unit, most)], "0.01"),
    ):
        with pytest.raises(InvalidValue) as refused:
            check_period_amounts(items, adjustment=Decimal(adjustment))
        assert refused.value.facts["field"] == "items"
