"""Calculations and their evaluator, by cases; that every line passes is a property of invoicing."""

from decimal import Decimal
from fractions import Fraction

import orjson
import pytest

from perennia.domain.documents import Calculation, LineKind
from perennia.domain.errors import InvalidValue
from perennia.domain.explanation import evaluate, extras, from_row

PLAIN = Calculation(LineKind.RECURRING, 2, "per_unit", Decimal("9.99"), Decimal(3))
PART = Calculation(LineKind.RECURRING, 2, "flat", Decimal("31.00"), part=18, whole=28)
LESS = Calculation(
    LineKind.RECURRING, 2, "per_unit", Decimal("9.99"), Decimal(3), 1, 2, (Decimal(10), Decimal("33.3333"), 99)
)
BACK = Calculation(LineKind.CREDIT, 2, "credit", charged=10000, removed=20, whole=30, credited=1000)


@pytest.mark.parametrize(
    ("calculation", "steps", "result"),
    [
        (PLAIN, "unit 999, quantity 2997, rounded 2997", 2997),
        (PART, "unit 3100, part 13950/7, rounded 1993", 1993),
        (BACK, "charged 10000, unused 20000/3, rounded 6667, credit -5667", -5667),
    ],
)
def test_the_steps_of_a_calculation(calculation: Calculation, steps: str, result: int) -> None:
    found, amount = evaluate(calculation)
    assert ", ".join(f"{step.name} {step.value}" for step in found) == steps
    assert amount == result


def test_discounts_are_taken_in_turn_and_rounded_once() -> None:
    exact = Fraction(2997, 2) * Fraction(9, 10) * (1 - Fraction("0.333333"))
    steps, amount = evaluate(LESS)
    assert [step.name for step in steps] == [
        "unit",
        "quantity",
        "part",
        "percent_off",
        "percent_off",
        "amount_off",
        "rounded",
    ]
    assert steps[4].value == exact and amount == round(exact) - 99


@pytest.mark.parametrize("calculation", [PLAIN, PART, LESS, BACK])
def test_what_is_stored_reads_back_as_the_same_calculation(calculation: Calculation) -> None:
    stored = orjson.loads(orjson.dumps(extras(calculation)))
    read = from_row(
        kind=int(calculation.kind), model=calculation.model, unit_amount=calculation.unit_amount,
        quantity=calculation.quantity, exponent=calculation.exponent, stored=stored,
    )  # fmt: skip
    assert read == calculation


@pytest.mark.parametrize(("amount", "result"), [("0.125", 13), ("-0.125", -13), ("0.124", 12)])
def test_the_evaluator_rounds_halves_away_from_zero(amount: str, result: int) -> None:
    assert evaluate(Calculation(LineKind.RECURRING, 2, "flat", Decimal(amount)))[1] == result


def test_a_format_nobody_reads_is_refused() -> None:
    with pytest.raises(InvalidValue):
        evaluate(Calculation(LineKind.RECURRING, 2, "flat", Decimal(1), format=2))
