"""What can be agreed on is what can be invoiced, period after period."""

from decimal import Decimal

import pytest

from perennia.domain.drafting import LARGEST_TOTAL_MINOR
from perennia.domain.errors import InvalidValue
from perennia.domain.pricing import Model
from perennia.domain.terms import check_how_many, check_period_amounts
from tests.domain.world import WEEKLY, price


def test_only_a_price_per_unit_is_sold_more_than_once() -> None:
    assert check_how_many(price("5.00"), Decimal("1.0")) == 1
    assert check_how_many(price("5.00", model=Model.PER_UNIT), Decimal("2.5")) == Decimal("2.5")
    for quantity in ("0", "2", "0.5"):
        with pytest.raises(InvalidValue, match="per_unit"):
            check_how_many(price("5.00"), Decimal(quantity))


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
