"""What an entry gets wrong is an error of that entry: nothing changes, and the timeline goes on."""

import pytest

from perennia.cli.scenario.reading import read
from tests.scenarios.told import NOW, played, story, told_as_data

pytestmark = pytest.mark.usefixtures("database")


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ("2024-01-10 set_quantity 1234567890123456789012345678901", "invalid_value"),
        ("2024-01-10 set_quantity 1e40", "invalid_value"),
        ("2024-01-10 set_quantity 1,5", "invalid_value"),
        ("2024-01-10 set_quantity NaN", "invalid_value"),
        ("2024-01-10 cancel 9999-12-31", "invalid_value"),
        ("2024-01-10 cancel 31-01-2024", "invalid_value"),
        ("2024-01-10 cancel when=now sometimes=yes", "unknown_argument"),
        ("2024-01-10 change_plan when=now", "missing_argument"),
    ],
)
def test_a_value_without_a_meaning_is_an_error_of_its_entry_alone(entry: str, code: str) -> None:
    found = played(f"plans: {{basic: 31}}\n\n2024-01-01 subscribe basic\n{entry}\n2024-02-01 bill_run\n")
    assert found.splitlines() == [
        "2024-01-01 c1 invoice 1",
        "  basic  2024-01-01..2024-02-01  31.00",
        "  total 31.00",
        f"2024-01-10 refused: {code}",
        "2024-02-01 c1 invoice 2",
        "  basic  2024-02-01..2024-03-01  31.00",
        "  total 31.00",
    ]


def test_a_time_that_no_clock_reaches_is_told_as_it_was_written_and_one_that_is_none_as_the_clock_stands() -> None:
    found = told_as_data(
        """
        plans: {basic: 31}
        timeline:
          - {at: 2024-01-01, subscribe: basic}
          - {at: 9999-12-31, bill_run: }
          - {at: 9999-12-31T23:59-12:00, bill_run: }
          - {at: tomorrow, bill_run: }
          - {bill_run: }
          - {at: 2024-02-01, bill_run: }
        """
    )
    assert found["errors"] == [
        {"at": "9999-12-31T00:00:00+00:00", "code": "invalid_value"},
        {"at": "2024-01-01T00:00:00+00:00", "code": "invalid_value"},
        {"at": "2024-01-01T00:00:00+00:00", "code": "invalid_value"},
        {"at": "2024-01-01T00:00:00+00:00", "code": "missing_argument"},
    ]
    assert [moment["at"][:10] for moment in found["moments"]] == ["2024-01-01", "2024-02-01"]


def test_numbers_as_programs_write_them() -> None:
    story(
        """
        plans: {seat: {amount: 1.25e1, model: per_unit}}

        2024-01-01 subscribe seat quantity=1e0
        2024-01-01 one_off 250E-2 quantity=2.0e0
        """,
        """
        2024-01-01 c1 invoice 1
          seat  2024-01-01..2024-02-01  12.50
          total 12.50
        2024-01-01 c1 invoice 2
          one-off  one_off  2024-01-01..2024-01-01  x2  5.00
          total 5.00
        """,
    )


def test_an_entry_that_is_earlier_than_the_one_before_is_refused_alone() -> None:
    story(
        """
        plans: {basic: 31}

        2024-01-10 subscribe basic
        2024-01-05 cancel now
        2024-01-05 advance_to
        2024-02-10 bill_run
        """,
        """
        2024-01-10 c1 invoice 1
          basic  2024-01-10..2024-02-10  31.00
          total 31.00
        2024-01-05 refused: clock_goes_forward
        2024-01-05 refused: clock_goes_forward
        2024-02-10 c1 invoice 2
          basic  2024-02-10..2024-03-10  31.00
          total 31.00
        """,
    )


def test_a_key_that_stands_twice_is_an_error_of_its_entry() -> None:
    from perennia.cli.scenario.playing import play

    text = (
        "catalogue: {plans: {basic: 31}}\ntimeline:\n- {at: 2024-01-01, at: 2024-01-02, subscribe: basic}\n"
        "- {at: 2024-01-03, subscribe: basic}"
    )
    outcome = play(read(text), now=NOW)
    assert [refusal.code for refusal in outcome.refusals] == ["invalid_value"]
    assert [moment.at.day for moment in outcome.moments] == [3]


def test_after_a_start_that_was_refused_the_latest_subscription_is_the_one_that_exists() -> None:
    story(
        """
        plans: {basic: 31, plus: 62}

        2024-01-01 subscribe basic
        2024-01-01 subscribe plus quantity=-1
        2024-01-01 subscribe plan=plus subscription=more start_date=tomorrow
        2024-01-01 subscribe plan=nothing subscription=less
        2024-01-11 cancel now
        2024-01-11 cancel subscription=less
        """,
        """
        2024-01-01 c1 invoice 1
          basic  2024-01-01..2024-02-01  31.00
          total 31.00
        2024-01-01 refused: invalid_value
        2024-01-01 refused: invalid_value
        2024-01-01 refused: not_found
        2024-01-11 c1 credit note 1
          basic  credit  2024-01-11..2024-02-01  -21.00  of 1/1
          total -21.00
        2024-01-11 refused: not_found
        """,
    )


def test_the_quantity_of_the_subscription_that_exists_is_changed() -> None:
    """The plan of the one that was refused is not the only one that may be sold by the piece."""
    story(
        """
        plans: {basic: 31, plus: 62}

        2024-01-01 subscribe basic
        2024-01-01 subscribe plan=plus trial_days=-1
        2024-01-01 set_quantity 2
        """,
        """
        2024-01-01 c1 invoice 1
          basic  2024-01-01..2024-02-01  31.00
          total 31.00
        2024-01-01 refused: invalid_value
        2024-01-01 c1 invoice 2
          basic          2024-01-01..2024-02-01  x2   62.00
          basic  credit  2024-01-01..2024-02-01      -31.00  of 1/1
          total 31.00
        """,
    )


def test_with_no_subscription_at_all_the_refusal_says_so() -> None:
    assert played("plans: {basic: 31}\n\n2024-01-01 subscribe plan=nothing\n2024-01-01 cancel now").splitlines() == [
        "2024-01-01 refused: not_found",
        "2024-01-01 refused: not_found",
    ]


def test_who_is_meant_has_to_be_said_where_there_are_several() -> None:
    found = played(
        """
        plans: {basic: 31}

        2024-01-01 create_customer customer=bo
        2024-01-01 create_customer customer=eva
        2024-01-01 subscribe basic
        2024-01-01 subscribe plan=basic customer=eva subscription=hers
        2024-01-01 cancel customer=bo subscription=hers
        """
    )
    assert found.splitlines()[0] == "2024-01-01 refused: several_customers"
    assert found.splitlines()[-1] == "2024-01-01 refused: not_found"


def test_a_customer_who_could_not_be_made_is_not_made_by_the_next_entry() -> None:
    found = played(
        """
        plans: {basic: 31}

        2024-01-01 create_customer customer=eva billing_day=first
        2024-01-01 subscribe plan=basic customer=eva
        2024-01-01 create_customer customer=eva billing_day=1
        2024-01-01 subscribe plan=basic customer=eva
        """
    )
    assert found.splitlines()[:3] == [
        "2024-01-01 refused: invalid_value",
        "2024-01-01 refused: not_found",
        "2024-01-01 eva invoice 1",
    ]
