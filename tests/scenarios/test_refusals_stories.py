"""What is refused, by its code, and leaves nothing behind."""

import pytest

from tests.scenarios.told import story

pytestmark = pytest.mark.usefixtures("database")


def test_absurd_quantities() -> None:
    story(
        """
        plans: {seat: {amount: 10, model: per_unit}}

        2024-04-01 subscribe seat quantity=-1
        2024-04-01 subscribe seat quantity=1.5
        2024-04-01 subscribe seat quantity=999999999999999999
        2024-04-01 subscribe seat quantity=2
        2024-04-02 set_quantity -2
        """,
        """
        2024-04-01 refused: invalid_value
        2024-04-01 refused: invalid_value
        2024-04-01 refused: invalid_value
        2024-04-01 c1 invoice 1
          seat  2024-04-01..2024-05-01  x2  20.00
          total 20.00
        2024-04-02 refused: invalid_value
        """,
    )


def test_dates_of_another_century() -> None:
    """A slip of the pen does not bill 1,500 months; a change is never dated before the start."""
    story(
        """
        timezone: Europe/Copenhagen
        plans: {basic: 30, big: 100}

        2024-04-01 subscribe basic start_date=1900-01-01
        2024-04-01 subscribe basic start_date=1999-12-31
        2024-04-01 subscribe basic
        2024-04-01 change_plan big when=1900-01-01
        2024-04-01 cancel when=1900-01-01
        """,
        """
        2024-04-01 refused: start_too_early
        2024-04-01 refused: start_too_early
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-01 refused: invalid_value
        2024-04-01 refused: invalid_value
        """,
    )


def test_currencies_that_do_not_match() -> None:
    story(
        """
        plans: {basic: {prices: [{amount: 30}, {amount: 200, currency: DKK, code: kr}]}}
        add_ons: {bag: {amount: 10, currency: DKK}}

        2024-04-01 subscribe basic
        2024-04-02 add_item bag
        2024-04-03 change_plan kr
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-02 refused: currency_mismatch
        2024-04-03 refused: currency_mismatch
        """,
    )


def test_what_is_no_plan_of_this_product_and_what_is_no_add_on() -> None:
    story(
        """
        plans: {basic: 30, pro: 60, tea: {amount: 8, product: tea}}
        add_ons: {bag: 5}

        2024-04-01 subscribe basic
        2024-04-02 change_plan bag
        2024-04-03 change_plan tea
        2024-04-04 add_item pro
        2024-04-05 add_item basic
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-02 refused: not_a_plan
        2024-04-03 refused: other_product
        2024-04-04 refused: not_an_add_on
        2024-04-05 refused: not_an_add_on
        """,
    )


def test_a_product_that_a_customer_has_once() -> None:
    story(
        """
        catalogue: {products: {gym: {one_per_customer: yes}}}
        plans: {small: {amount: 30, product: gym}, big: {amount: 60, product: gym}, tea: {amount: 8, product: tea}}

        2024-04-01 subscribe small subscription=first
        2024-04-01 subscribe small subscription=again
        2024-04-02 subscribe big start_date=2024-06-01
        2024-04-03 subscribe tea subscription=tea
        2024-04-16 change_plan big subscription=first
        2024-04-20 cancel now subscription=first
        2024-04-20 subscribe small subscription=third
        2024-04-20 subscribe big customer=eva
        """,
        """
        2024-04-01 c1 invoice 1
          small  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-01 refused: already_subscribed
        2024-04-02 refused: already_subscribed
        2024-04-03 c1 invoice 2
          tea  2024-04-03..2024-05-03  8.00
          total 8.00
        2024-04-16 c1 invoice 3
          big            2024-04-16..2024-05-01   30.00
          small  credit  2024-04-16..2024-05-01  -15.00  of 1/1
          total 15.00
        2024-04-20 c1 credit note 1
          big  credit  2024-04-20..2024-05-01  -22.00  of 3/1
          total -22.00
        2024-04-20 c1 invoice 4
          small  2024-04-20..2024-05-20  30.00
          total 30.00
        2024-04-20 eva invoice 5
          big  2024-04-20..2024-05-20  60.00
          total 60.00
        """,
    )


def test_days_before_the_start() -> None:
    story(
        """
        plans: {basic: 30, pro: 60}

        2024-04-10 subscribe basic
        2024-04-11 cancel 2024-04-01
        2024-04-11 change_plan pro when=2024-04-01
        2024-04-11 pause until=2024-04-05
        """,
        """
        2024-04-10 c1 invoice 1
          basic  2024-04-10..2024-05-10  30.00
          total 30.00
        2024-04-11 refused: invalid_value
        2024-04-11 refused: invalid_value
        2024-04-11 refused: invalid_value
        """,
    )


def test_what_is_not_there() -> None:
    story(
        """
        plans: {basic: 30}

        2024-04-01 subscribe nothing
        2024-04-01 subscribe basic items=[nothing]
        2024-04-01 subscribe basic coupon=NOTHING
        2024-04-01 subscribe basic
        2024-04-02 change_plan nothing
        2024-04-02 remove_item nothing
        2024-04-02 cancel subscription=nobody
        2024-04-02 credit_note 99
        """,
        """
        2024-04-01 refused: not_found
        2024-04-01 refused: not_found
        2024-04-01 refused: code_unknown
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-02 refused: not_found
        2024-04-02 refused: not_found
        2024-04-02 refused: not_found
        2024-04-02 refused: not_found
        """,
    )


def test_policies_that_cannot_go_together() -> None:
    story(
        """
        plans: {basic: 30}

        2024-04-01 subscribe basic policy={proration_unit: month30, denominator: running}
        2024-04-01 subscribe basic policy={proration_unit: second, cancel_day: billed}
        2024-04-01 subscribe basic policy={proration: sometimes}
        2024-04-01 subscribe basic policy={alignment: billing_day(32)}
        """,
        """
        2024-04-01 refused: policy_conflict
        2024-04-01 refused: policy_conflict
        2024-04-01 refused: invalid_value
        2024-04-01 refused: invalid_value
        """,
    )


def test_acts_on_what_has_ended() -> None:
    story(
        """
        plans: {basic: 30, pro: 60}

        2024-04-01 subscribe basic
        2024-04-11 cancel now
        2024-04-12 change_plan pro
        2024-04-12 pause
        2024-04-12 cancel now
        2024-04-12 uncancel
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-11 c1 credit note 1
          basic  credit  2024-04-11..2024-05-01  -20.00  of 1/1
          total -20.00
        2024-04-12 refused: subscription_ended
        2024-04-12 refused: subscription_ended
        2024-04-12 refused: subscription_ended
        2024-04-12 refused: subscription_ended
        """,
    )


def test_more_than_there_is() -> None:
    story(
        """
        plans: {basic: 30}

        2024-04-01 subscribe basic
        2024-04-02 credit_note amount=30.01
        2024-04-02 refund
        2024-04-02 adjust_line 40
        2024-04-02 record_payment amount=-5
        2024-04-02 grant_credit -5
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-02 refused: more_than_left
        2024-04-02 refused: not_found
        2024-04-02 refused: more_than_left
        2024-04-02 refused: invalid_value
        2024-04-02 refused: invalid_value
        """,
    )


def test_places_and_days_that_are_not_there() -> None:
    story(
        """
        plans: {basic: 30}

        2024-04-01 create_customer customer=x timezone=Europe/Atlantis
        2024-04-01 create_customer customer=x billing_day=32
        2024-04-01 create_customer customer=x country=Z9
        """,
        """
        2024-04-01 refused: unknown_zone
        2024-04-01 refused: invalid_value
        2024-04-01 refused: invalid_value
        """,
    )


def test_days_to_pay_that_are_none() -> None:
    story(
        """
        plans: {basic: 30}

        2024-04-01 subscribe basic collection=send net_days=-1
        2024-04-01 subscribe basic collection=send net_days=999999999
        2024-04-01 subscribe basic amount=-3
        """,
        """
        2024-04-01 refused: invalid_value
        2024-04-01 refused: invalid_value
        2024-04-01 refused: invalid_value
        """,
    )


def test_a_currency_that_it_is_not_sold_in() -> None:
    """Nobody is invoiced in another currency than was asked for."""
    story(
        """
        plans: {basic: 30, dollars: {amount: 5, currency: USD}}

        2024-04-01 subscribe basic currency=USD
        2024-04-01 subscribe basic currency=XXQ
        2024-04-01 subscribe dollars
        """,
        """
        2024-04-01 refused: currency_mismatch
        2024-04-01 refused: unknown_currency
        2024-04-01 c1 invoice 1, USD
          dollars  2024-04-01..2024-05-01  5.00
          total 5.00
        """,
    )


def test_a_currency_in_which_it_is_not_sold() -> None:
    story(
        """
        plans: {basic: 30, pro: {prices: [{amount: 60}, {amount: 450, currency: DKK}]}}
        add_ons: {seat: 3}

        2024-04-01 subscribe basic currency=DKK
        2024-04-01 subscribe pro currency=DKK items=[seat]
        2024-04-01 subscribe pro currency=DKK
        """,
        """
        2024-04-01 refused: currency_mismatch
        2024-04-01 refused: currency_mismatch
        2024-04-01 c1 invoice 1, DKK
          pro  2024-04-01..2024-05-01  450.00
          total 450.00
        """,
    )
