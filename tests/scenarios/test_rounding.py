"""How amounts are rounded: a half away from zero or to the even cent, each line or the whole document, and in cash."""

import pytest

from tests.scenarios.told import story

pytestmark = pytest.mark.usefixtures("database")


def test_a_half_goes_away_from_zero() -> None:
    """0.125, a set-up fee of 1.115, and half of 0.05."""
    story(
        """
        plans: {tiny: {amount: 0.125, setup_fee: 1.115}, half: 0.05}

        2024-04-01 subscribe tiny customer=anna
        2024-04-16 subscribe half customer=bo anchor=2024-04-01
        """,
        """
        2024-04-01 anna invoice 1
          tiny  setup  2024-04-01..2024-04-01  1.12
          tiny         2024-04-01..2024-05-01  0.13
          total 1.25
        2024-04-16 bo invoice 2
          half  2024-04-16..2024-05-01  0.03
          total 0.03
        """,
    )


def test_a_half_goes_to_the_even_cent() -> None:
    story(
        """
        policy: {rounding_mode: half_even}
        plans: {tiny: {amount: 0.125, setup_fee: 1.115}, half: 0.05}

        2024-04-01 subscribe tiny customer=anna
        2024-04-16 subscribe half customer=bo anchor=2024-04-01
        """,
        """
        2024-04-01 anna invoice 1
          tiny  setup  2024-04-01..2024-04-01  1.12
          tiny         2024-04-01..2024-05-01  0.12
          total 1.24
        2024-04-16 bo invoice 2
          half  2024-04-16..2024-05-01  0.02
          total 0.02
        """,
    )


def test_a_credit_is_rounded_like_its_charge() -> None:
    """Half of 0.05 is 0.025: given back 0.03 away from zero, 0.02 to the even cent; so is its tax."""
    story(
        """
        policy: {rounding_mode: half_even}
        tax: 50
        plans: {half: 0.05}

        2024-04-01 subscribe half
        2024-04-16 cancel
        """,
        """
        2024-04-01 c1 invoice 1
          half  2024-04-01..2024-05-01  0.05
          net 0.05  tax 0.02  total 0.07
        2024-04-16 c1 credit note 1
          half  credit  2024-04-16..2024-05-01  -0.02  of 1/1
          net -0.02  tax -0.01  total -0.03
        """,
    )


def test_a_minimum_is_rounded_by_the_same_mode() -> None:
    story(
        """
        policy: {rounding_mode: half_even}
        plans: {low: {amount: 1.00, period_minimum: 2.005}}

        2024-04-01 subscribe low
        """,
        """
        2024-04-01 c1 invoice 1
          low           2024-04-01..2024-05-01  1.00
          low  minimum  2024-04-01..2024-05-01  1.00
          total 2.00
        """,
    )


def test_each_line_has_its_own_cent() -> None:
    story(
        """
        plans: {a: 0.335}
        add_ons: {b: 0.335, c: 0.335}

        2024-04-01 subscribe a items=[b, c]
        """,
        """
        2024-04-01 c1 invoice 1
          a  2024-04-01..2024-05-01  0.34
          b  2024-04-01..2024-05-01  0.34
          c  2024-04-01..2024-05-01  0.34
          total 1.02
        """,
    )


def test_a_document_rounded_once_shares_its_cents() -> None:
    """Three times 0.335 is 1.005: not 1.02 as line by line but 1.01; the first lines have the cents beyond their own."""
    story(
        """
        policy: {rounding_level: invoice}
        plans: {a: 0.335}
        add_ons: {b: 0.335, c: 0.335}

        2024-04-01 subscribe a items=[b, c]
        """,
        """
        2024-04-01 c1 invoice 1
          a  2024-04-01..2024-05-01  0.34
          b  2024-04-01..2024-05-01  0.34
          c  2024-04-01..2024-05-01  0.33
          total 1.01
        """,
    )


def test_what_a_rounded_document_gives_back_is_a_part_of_its_lines() -> None:
    story(
        """
        policy: {rounding_level: invoice, rounding_mode: half_even}
        tax: 25
        plans: {a: 0.335}
        add_ons: {b: {amount: 0.335}, c: {amount: 0.335, tax_inclusive: yes}}

        2024-04-01 subscribe a items=[b, c]
        2024-04-16 cancel
        """,
        """
        2024-04-01 c1 invoice 1
          a  2024-04-01..2024-05-01  0.34
          b  2024-04-01..2024-05-01  0.33
          c  2024-04-01..2024-05-01  0.27
          net 0.94  tax 0.24  total 1.18
        2024-04-16 c1 credit note 1
          a  credit  2024-04-16..2024-05-01  -0.17  of 1/1
          b  credit  2024-04-16..2024-05-01  -0.16  of 1/2
          c  credit  2024-04-16..2024-05-01  -0.14  of 1/3
          net -0.47  tax -0.12  total -0.59
        """,
    )


def test_cash_is_rounded_to_the_smallest_coin() -> None:
    """Swiss francs end in 0.05: 10.77 with tax is 10.75, 5.39 is 5.40."""
    story(
        """
        policy: {cash_step: 0.05}
        currency: CHF
        tax: 8.1
        plans: {basic: 9.96, small: 4.99, ten: 10.00}

        2024-04-01 subscribe basic customer=anna
        2024-04-01 subscribe small customer=bo
        2024-04-01 subscribe ten customer=eva
        2024-04-16 cancel customer=anna
        """,
        """
        2024-04-01 anna invoice 1
          basic            2024-04-01..2024-05-01   9.96
                 rounding  2024-04-01..2024-04-01  -0.02
          net 9.94  tax 0.81  total 10.75
        2024-04-01 bo invoice 2
          small            2024-04-01..2024-05-01  4.99
                 rounding  2024-04-01..2024-04-01  0.01
          net 5.00  tax 0.40  total 5.40
        2024-04-01 eva invoice 3
          ten            2024-04-01..2024-05-01  10.00
               rounding  2024-04-01..2024-04-01  -0.01
          net 9.99  tax 0.81  total 10.80
        2024-04-16 anna credit note 1
          basic  credit    2024-04-16..2024-05-01  -4.98  of 1/1
                 rounding  2024-04-16..2024-04-16  -0.01
          net -4.99  tax -0.41  total -5.40
        """,
    )


def test_a_coin_finer_than_the_currency_rounds_nothing() -> None:
    story(
        """
        policy: {cash_step: 0.05}
        currency: JPY
        plans: {basic: 997}

        2024-04-01 subscribe basic
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  997
          total 997
        """,
    )


def test_the_unpaid_rest_of_a_rounded_invoice_is_closed_by_its_credit() -> None:
    """10.77 is rounded to 10.75, all of it is given back the same day: 10.75 come off, and nothing is left."""
    story(
        """
        policy: {cash_step: 0.05}
        currency: CHF
        tax: 8.1
        plans: {basic: 9.96}

        2024-04-01 subscribe basic
        2024-04-01 cancel
        """,
        """
        2024-04-01 c1 invoice 1
          basic            2024-04-01..2024-05-01   9.96
                 rounding  2024-04-01..2024-04-01  -0.02
          net 9.94  tax 0.81  total 10.75
        2024-04-01 c1 credit note 1
          basic  credit    2024-04-01..2024-05-01  -9.96  of 1/1
                 rounding  2024-04-01..2024-04-01   0.02
          net -9.94  tax -0.81  total -10.75
        """,
    )


def test_what_waits_for_the_next_invoice_is_rounded_as_its_business_says() -> None:
    """Of no subscription: the tenant's own policy holds, and 0.125 goes to the even cent."""
    story(
        """
        policy: {rounding_mode: half_even}
        plans: {basic: 10}

        2024-04-01 subscribe basic
        2024-04-02 one_off amount=0.125 name=Key when=next_invoice
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  10.00
          total 10.00
        2024-05-01 c1 invoice 2
          basic           2024-05-01..2024-06-01  10.00
          Key    one_off  2024-04-02..2024-04-02   0.12
          total 10.12
        """,
    )


def test_a_rounded_total_is_booked_apart_from_revenue() -> None:
    """What the coin adds is no revenue: `verify` compares the accounts with lines and documents."""
    story(
        """
        policy: {cash_step: 1}
        plans: {basic: 10.40, other: 10.60}

        2024-04-01 subscribe basic customer=anna
        2024-04-01 subscribe other customer=bo
        2024-04-02 record_payment customer=bo
        2024-04-16 cancel customer=bo
        """,
        """
        2024-04-01 anna invoice 1
          basic            2024-04-01..2024-05-01  10.40
                 rounding  2024-04-01..2024-04-01  -0.40
          total 10.00
        2024-04-01 bo invoice 2
          other            2024-04-01..2024-05-01  10.60
                 rounding  2024-04-01..2024-04-01   0.40
          total 11.00
        2024-04-16 bo credit note 1
          other  credit    2024-04-16..2024-05-01  -5.30  of 2/1
                 rounding  2024-04-16..2024-04-16   0.30
          total -5.00
          balance 5.00
        """,
    )
