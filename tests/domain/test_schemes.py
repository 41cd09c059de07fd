"""What the models with more than one number come to: at the edges of every tier, by every policy, exactly."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennia.domain.errors import InvalidValue, QuantityAboveTiers
from perennia.domain.policies import policies
from perennia.domain.pricing import Model, Price, amount_under, in_minor_units, own_price, period_amount, true_up
from perennia.domain.schemes import AS_AGREED, Basis
from tests.domain.prices import bases, quantities, schemed, schemed_prices, tiered
from tests.domain.world import price

STEPS = ("10: 5.00", "20: 4.00 + 7.00", "*: 3.00")
GRADUATED = tiered(Model.GRADUATED, *STEPS)
VOLUME = tiered(Model.VOLUME, *STEPS)
STAIRSTEP = tiered(Model.STAIRSTEP, "10: 0 + 50.00", "20: 0 + 90.00", "*: 0 + 120.00")
BLOCK = tiered(Model.BLOCK, "3x100: 9.00", "2x500: 30.00", "*x1000: 40.00")
PACKAGE = schemed(Model.PACKAGE, amount="8.00", package_size="100", free_units="50")
PERCENTAGE = schemed(Model.PERCENTAGE, percent="2.5", fixed_amount="0.10", minimum="1.00", maximum="20.00")
TOP = Basis(tier_mode="top")


def table(found: Price, quantities: str, basis: Basis = AS_AGREED) -> str:
    """The exact minor units of each quantity."""
    ratios = [period_amount(found, Decimal(quantity), basis) for quantity in quantities.split()]
    return " ".join(f"{(Decimal(top) / Decimal(bottom)).normalize():f}" for top, bottom in ratios)


@pytest.mark.parametrize(
    ("found", "quantities", "minor"),
    [
        (GRADUATED, "0 1 9 10 11 20 21 30", "0 500 4500 5000 6100 9700 10000 12700"),
        (VOLUME, "0 1 9 10 11 20 21 30", "0 500 4500 5000 5100 8700 6300 9000"),
        (STAIRSTEP, "0 1 10 11 20 21 999", "0 5000 5000 9000 9000 12000 12000"),
        (BLOCK, "0 1 100 101 300 301 800 801 1300 1301 2300 2301",
         "0 900 900 1800 2700 5700 5700 8700 8700 12700 12700 16700"),
        (PACKAGE, "0 50 51 150 151 250 251", "0 0 800 800 1600 1600 2400"),
        (PERCENTAGE, "0 1 36 37 100 796 797 100000", "0 100 100 102.5 260 2000 2000 2000"),
    ],
)  # fmt: skip
def test_what_a_quantity_costs_at_the_edges(found: Price, quantities: str, minor: str) -> None:
    assert table(found, quantities) == minor


@pytest.mark.parametrize(
    ("found", "quantities", "minor"),
    [
        (GRADUATED, "0.5 9.999999 10.000001", "250 4999.9995 5700.0004"),
        (VOLUME, "10.5 20.000001", "4900 6000.0003"),
        (STAIRSTEP, "0.000001 10 10.000001", "5000 5000 9000"),
        (BLOCK, "0.5 100.000001 300.5", "900 1800 5700"),
        (PACKAGE, "50.000001 150.5", "800 1600"),
        (PERCENTAGE, "133.33", "343.325"),
    ],
)
def test_a_quantity_may_have_decimals(found: Price, quantities: str, minor: str) -> None:
    assert table(found, quantities) == minor


@pytest.mark.parametrize(
    ("currency", "minor"),
    [
        ("EUR", "0.000000001 33.3333333343"),
        ("JPY", "0.00000000001 0.333333333343"),
        ("KWD", "0.00000001 333.333333343"),
    ],
)
def test_unit_prices_of_twelve_places_in_currencies_of_two_no_and_three_decimals(currency: str, minor: str) -> None:
    tiny = tiered(Model.GRADUATED, "10: 0.000000000001", "*: 0.333333333333", currency=currency)
    assert table(tiny, "10 11") == minor


@pytest.mark.parametrize(
    ("found", "basis", "quantities", "minor"),
    [
        (GRADUATED, TOP, "0 10 11 20 21", "0 5000 5100 8700 6300"),  # all at the tier of the total, as by volume
        (VOLUME, TOP, "10 11", "5000 5100"),
        (STAIRSTEP, TOP, "10 11", "5000 9000"),
        (BLOCK, TOP, "0 300 301 801 1300 1301", "0 2700 3000 6000 9000 8000"),
        (PACKAGE, Basis(package="down"), "0 50 149.9 150 249 250", "0 0 0 800 800 1600"),
        (PERCENTAGE, Basis(events=3), "0 100", "100 280"),
        (PERCENTAGE, Basis(events=0), "0 100", "0 250"),
    ],
)  # fmt: skip
def test_policies_and_events(found: Price, basis: Basis, quantities: str, minor: str) -> None:
    assert table(found, quantities, basis) == minor


@pytest.mark.parametrize(
    ("found", "no", "yes", "at_one"),
    [
        (tiered(Model.GRADUATED, "10: 1.00 + 5.00", "*: 1.00 + 9.00"), "0", "500", "600"),
        (tiered(Model.VOLUME, "10: 1.00 + 5.00", "*: 1.00 + 9.00"), "0", "500", "600"),
        (STAIRSTEP, "0", "5000", "5000"),
        (tiered(Model.BLOCK, "3x10: 1.00 + 5.00", "*x10: 1.00"), "0", "500", "600"),
        (PACKAGE, "0", "0", "0"),
    ],
)  # fmt: skip
def test_the_first_flat_amount_at_zero(found: Price, no: str, yes: str, at_one: str) -> None:
    charged = Basis(first_flat_at_zero="yes")
    assert (table(found, "0"), table(found, "0", charged)) == (no, yes)
    assert table(found, "1") == table(found, "1", charged) == at_one


def test_a_free_part_is_free_of_the_minimum_too() -> None:
    free = schemed(Model.PERCENTAGE, percent="10", free_units="100", minimum="1.00")
    assert table(free, "0 100 101 120") == "0 0 100 200"


@pytest.mark.parametrize(
    ("found", "basis", "quantity", "minor"),
    [
        (GRADUATED, Basis(before=Decimal(8)), "5", "2900"),  # 13 cost 69.00, 8 of them were 40.00
        (GRADUATED, Basis(before=Decimal(11)), "5", "2000"),  # the second tier's flat amount was charged
        (VOLUME, Basis(before=Decimal(10)), "1", "100"),
        (PERCENTAGE, Basis(before=Decimal(700), events_before=7), "100", "180"),  # 20.00 at most, 18.20 before
        (GRADUATED, Basis(share=(1, 2)), "11", "5500"),  # tiers end at 5 and 10
        (schemed(Model.PERCENTAGE, percent="10", fixed_amount="0.10"), Basis(), "0.5", "15"),  # the sum for one event
        (schemed(Model.PERCENTAGE, percent="10", free_units="100"), Basis(share=(1, 2)), "80", "300"),  # 50 are free
        (PACKAGE, Basis(share=(1, 2)), "26", "800"),
        (BLOCK, Basis(share=(1, 3)), "101", "3900"),
    ],
)  # fmt: skip
def test_tiers_after_a_cut_count_on_or_are_shared(found: Price, basis: Basis, quantity: str, minor: str) -> None:
    assert table(found, quantity, basis) == minor


@pytest.mark.parametrize(
    ("found", "fits", "above", "most"),
    [
        (tiered(Model.GRADUATED, "5: 2.00", "10: 1.00"), "10", "10.000001", "10"),
        (tiered(Model.VOLUME, "10.5: 1.00"), "10.5", "11", "10.5"),
        (tiered(Model.STAIRSTEP, "10: 0 + 1.00"), "10", "11", "10"),
        (tiered(Model.BLOCK, "2x100: 5.00"), "200", "200.5", "200"),
    ],
)
def test_a_last_tier_that_is_closed_refuses_what_is_beyond_it(found: Price, fits: str, above: str, most: str) -> None:
    for basis in (AS_AGREED, TOP):
        assert period_amount(found, Decimal(fits), basis)[0] > 0
        with pytest.raises(QuantityAboveTiers) as refused:
            period_amount(found, Decimal(above), basis)
        assert refused.value.facts == {"quantity": above, "most": most}


@pytest.mark.parametrize("quantity", ["-1", "NaN", "Infinity"])
def test_a_quantity_that_no_scheme_can_price(quantity: str) -> None:
    for found in (GRADUATED, PACKAGE, PERCENTAGE):
        with pytest.raises(InvalidValue):
            period_amount(found, Decimal(quantity))


def test_the_policies_in_force_price_a_scheme_and_leave_the_others_alone() -> None:
    knobs = policies({"tier_mode": "top", "package": "down", "first_flat_at_zero": "yes"})
    assert amount_under(GRADUATED, Decimal(11), knobs) == (5100, 1)
    assert amount_under(PACKAGE, Decimal(149), knobs) == (0, 1)
    assert amount_under(STAIRSTEP, Decimal(0), knobs) == (5000, 1)
    assert amount_under(price("9.00", model=Model.PER_UNIT), Decimal(3), knobs) == (2700, 1)


@given(
    schemed_prices((Model.GRADUATED, Model.BLOCK, Model.PACKAGE, Model.PERCENTAGE)), bases(cut=False), quantities,
    quantities,
)  # fmt: skip
def test_more_never_costs_less(found: Price, basis: Basis, one: Decimal, other: Decimal) -> None:
    if basis.tier_mode == "top":
        basis = Basis(package=basis.package, first_flat_at_zero=basis.first_flat_at_zero, events=basis.events)
    less, more = sorted([one, other])
    assert Fraction(*period_amount(found, less, basis)) <= Fraction(*period_amount(found, more, basis))


@given(schemed_prices(), st.integers(0, 2000), st.integers(0, 2000), st.integers(0, 9), st.integers(0, 9))
def test_two_parts_that_count_on_cost_what_both_cost_together(
    found: Price, first: int, second: int, events: int, later: int
) -> None:
    parts = (
        period_amount(found, Decimal(first), Basis(events=events)),
        period_amount(found, Decimal(second), Basis(events=later, before=Decimal(first), events_before=events)),
    )
    together = period_amount(found, Decimal(first + second), Basis(events=events + later))
    assert sum(Fraction(*part) for part in parts) == Fraction(*together)


@given(schemed_prices(), quantities, st.integers(1, 31), st.integers(1, 31))
def test_sharing_all_of_the_tiers_changes_nothing(found: Price, quantity: Decimal, part: int, whole: int) -> None:
    assert period_amount(found, quantity, Basis(share=(part, part))) == period_amount(found, quantity)
    shared = [period_amount(found, quantity, Basis(share=share)) for share in ((part, whole), (part * 7, whole * 7))]
    assert shared[0] == shared[1]


@pytest.mark.parametrize(
    ("minimum", "currency", "fees", "part", "minor"),
    [
        ("100.00", "EUR", [2000, 3000], (1, 1), 5000),
        ("100.00", "EUR", [10000], (1, 1), 0),
        ("100.00", "EUR", [12000], (1, 1), 0),
        ("100.00", "EUR", [], (1, 1), 0),  # no fee, no minimum
        ("100.00", "EUR", [0], (1, 1), 10000),
        ("100.00", "EUR", [1000], (20, 30), 5667),
        ("100.00", "EUR", [6667], (20, 30), 0),  # 66.666… are there
        ("0.125", "EUR", [0], (1, 1), 13),
        ("1000", "JPY", [1], (1, 3), 332),
        ("1.0005", "KWD", [1000], (1, 1), 1),
    ],
)
def test_what_is_missing_to_a_minimum(
    minimum: str, currency: str, fees: list[int], part: tuple[int, int], minor: int
) -> None:
    assert true_up(Decimal(minimum), currency=currency, fees=fees, part=part) == minor


@given(st.integers(0, 10**8), st.lists(st.integers(0, 10**7), min_size=1), st.integers(1, 366), st.integers(0, 366))
def test_fees_and_true_up_come_to_the_part_of_the_minimum(cents: int, fees: list[int], part: int, more: int) -> None:
    minimum = Decimal(cents).scaleb(-2)
    added = true_up(minimum, currency="EUR", fees=fees, part=(part, part + more))
    owed = Fraction(cents * part, part + more)
    assert added >= 0
    assert (added == 0) if sum(fees) >= owed else abs(sum(fees) + added - owed) <= Fraction(1, 2)


def test_only_a_unit_amount_can_be_a_subscribers_own() -> None:
    for model in (Model.FLAT, Model.PER_UNIT):
        assert own_price(price("9.00", model=model), Decimal("7.00")).unit_amount == 7
    assert table(own_price(PACKAGE, Decimal("6.00")), "151") == "1200"
    for found in (GRADUATED, VOLUME, STAIRSTEP, BLOCK, PERCENTAGE):
        with pytest.raises(InvalidValue):
            own_price(found, Decimal("7.00"))


def test_a_set_up_fee_is_rounded_by_itself() -> None:
    assert [in_minor_units(Decimal("49.995"), currency) for currency in ("EUR", "JPY", "KWD")] == [5000, 50, 49995]


def test_a_whole_period_owes_what_is_missing_to_the_whole_minimum() -> None:
    assert true_up(Decimal("10.00"), currency="EUR", fees=[400]) == 600
    assert true_up(Decimal("10.00"), currency="EUR", fees=[1000]) == true_up(Decimal(10), currency="EUR", fees=[]) == 0
