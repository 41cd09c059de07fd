"""A line by a scheme explains itself from its calculation alone, and comes to what the rules charged."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennia.domain.documents import Calculation, LineKind
from perennia.domain.errors import InvalidValue, QuantityAboveTiers
from perennia.domain.explanation import evaluate, extras, from_row, priced
from perennia.domain.money import exponent, round_ratio
from perennia.domain.pricing import Model, Price, period_amount, true_up
from perennia.domain.schemes import AS_AGREED, Basis, as_stored, basis_of, scheme_of
from tests.domain.prices import bases, quantities, schemed, schemed_prices, tiered
from tests.domain.world import price

STEPS = ("10: 5.00", "20: 4.00 + 7.00", "*: 3.00")


def calculation(found: Price, quantity: Decimal | str, basis: Basis = AS_AGREED, **more) -> Calculation:
    return Calculation(
        LineKind.USAGE, exponent(found.currency), found.model, found.unit_amount, Decimal(quantity),
        **priced(found, basis), **more,
    )  # fmt: skip


def read_back(inputs: Calculation) -> Calculation:
    kept = orjson.loads(orjson.dumps(extras(inputs)))
    return from_row(
        kind=int(inputs.kind), model=str(inputs.model), unit_amount=inputs.unit_amount, quantity=inputs.quantity,
        exponent=inputs.exponent, stored=kept,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("inputs", "steps"),
    [
        (calculation(tiered(Model.GRADUATED, *STEPS), "21"), "tier 5000, tier 4700, tier 300, sum 10000, rounded 10000"),
        (calculation(tiered(Model.GRADUATED, *STEPS), "10"), "tier 5000, rounded 5000"),
        (calculation(tiered(Model.GRADUATED, *STEPS), "11", Basis(tier_mode="top")), "tier 5100, rounded 5100"),
        (calculation(tiered(Model.VOLUME, *STEPS), "11"), "tier 5100, rounded 5100"),
        (calculation(tiered(Model.STAIRSTEP, "5: 0 + 9.00", "*: 0 + 12.00"), "6"), "tier 1200, rounded 1200"),
        (calculation(tiered(Model.BLOCK, "3x100: 9.00", "*x500: 30.00"), "301"),
         "tier 2700, tier 3000, sum 5700, rounded 5700"),
        (calculation(schemed(Model.PACKAGE, amount="8.00", package_size="100", free_units="50"), "151"),
         "packages 1600, rounded 1600"),
        (calculation(schemed(Model.PERCENTAGE, percent="2.5", fixed_amount="0.10", minimum="1.00"), "1"),
         "percentage 5/2, events 25/2, at_least 100, rounded 100"),
        (calculation(schemed(Model.PERCENTAGE, percent="2.5", maximum="20.00"), "900", Basis(events=7)),
         "percentage 2250, at_most 2000, rounded 2000"),
        (calculation(tiered(Model.GRADUATED, *STEPS), "5", Basis(before=Decimal(8))),
         "tier 5000, tier 1900, sum 6900, before 2900, rounded 2900"),
        (calculation(tiered(Model.VOLUME, *STEPS), "11", part=1, whole=2, off=(Decimal(10), 95)),
         "tier 5100, part 2550, rounded 2550, percent_off 2295, amount_off 2200, rounded 2200"),
    ],
)  # fmt: skip
def test_the_steps_of_a_scheme(inputs: Calculation, steps: str) -> None:
    assert ", ".join(f"{step.name} {step.value}" for step in evaluate(inputs)[0]) == steps
    assert evaluate(read_back(inputs)) == evaluate(inputs)


def test_a_step_says_which_tier_and_how_many_at_what() -> None:
    first, second, *_ = evaluate(calculation(tiered(Model.BLOCK, "3x100: 9.00", "*x500: 30.00 + 1.00"), "301.5"))[0]
    assert dict(first.facts) == {"number": 1, "quantity": 300, "block_size": 100, "blocks": 3, "unit_amount": 9}
    assert dict(second.facts) == {
        "number": 2, "quantity": Fraction(3, 2), "block_size": 500, "blocks": 1, "unit_amount": 30, "flat_amount": 1,
    }  # fmt: skip


@given(schemed_prices(), quantities, bases(), st.integers(1, 31), st.integers(1, 31))
def test_the_evaluator_comes_to_what_the_rule_charges(
    found: Price, quantity: Decimal, basis: Basis, part: int, whole: int
) -> None:
    top, bottom = period_amount(found, quantity, basis)
    whole = max(part, whole)
    inputs = calculation(found, quantity, basis, part=part, whole=whole)
    assert evaluate(inputs)[1] == round_ratio(top * part, bottom * whole)
    assert evaluate(read_back(inputs)) == evaluate(inputs)
    assert (read_back(inputs).scheme, read_back(inputs).basis) == (found.scheme, basis)


@given(schemed_prices(open_end=False), quantities, bases())
def test_both_refuse_the_same_quantities(found: Price, quantity: Decimal, basis: Basis) -> None:
    try:
        amount = round_ratio(*period_amount(found, quantity, basis))
    except QuantityAboveTiers:
        with pytest.raises(InvalidValue):
            evaluate(calculation(found, quantity, basis))
    else:
        assert evaluate(calculation(found, quantity, basis))[1] == amount


@given(schemed_prices(), bases())
def test_schemes_and_bases_are_kept_as_they_are(found: Price, basis: Basis) -> None:
    assert scheme_of(orjson.loads(orjson.dumps(as_stored(found.scheme)))) == found.scheme
    assert basis_of(orjson.loads(orjson.dumps(as_stored(basis)))) == basis


def test_what_is_by_default_takes_no_room() -> None:
    graduated = tiered(Model.GRADUATED, "10: 5.00", "*: 3.00")
    assert extras(calculation(graduated, "11")) == {
        "format": 2,
        "scheme": {"tiers": [{"up_to": "10", "unit_amount": "5.00"}, {"unit_amount": "3.00"}]},
    }
    assert priced(price("9.00", model=Model.PER_UNIT)) == {}


@given(
    st.integers(0, 10**9), st.sampled_from(["EUR", "JPY", "KWD"]), st.lists(st.integers(0, 10**6), min_size=1),
    st.integers(1, 31), st.integers(0, 31),
)  # fmt: skip
def test_a_true_up_explains_itself(thousandths: int, currency: str, fees: list[int], part: int, more: int) -> None:
    minimum, whole = Decimal(thousandths).scaleb(-3), part + more
    inputs = Calculation(
        LineKind.MINIMUM, exponent(currency), "minimum", minimum, part=part, whole=whole, fees=sum(fees), format=2
    )
    assert evaluate(inputs)[1] == true_up(minimum, currency=currency, fees=fees, part=(part, whole))
    assert evaluate(read_back(inputs)) == evaluate(inputs)


def test_the_steps_of_a_true_up() -> None:
    inputs = Calculation(
        LineKind.MINIMUM,
        2,
        "minimum",
        Decimal("100.00"),
        part=20,
        whole=30,
        fees=1000,
        off=(Decimal(10),),
        format=2,
    )
    steps, result = evaluate(inputs)
    assert ", ".join(f"{step.name} {step.value}" for step in steps) == (
        "minimum 10000, part 20000/3, missing 17000/3, rounded 5667, percent_off 51003/10, rounded 5100"
    )
    assert result == 5100


def test_a_set_up_fee_explains_itself_as_a_flat_sum() -> None:
    fee = Calculation(LineKind.SETUP, 2, "flat", Decimal("49.995"))
    assert evaluate(fee)[1] == 5000
    assert read_back(fee) == fee


def test_a_calculation_that_lacks_its_scheme_is_refused() -> None:
    whole = calculation(tiered(Model.VOLUME, *STEPS), "11")
    with pytest.raises(InvalidValue):
        evaluate(replace(whole, scheme=None))
