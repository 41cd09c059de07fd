"""Tax: rates by place, class and day, gross prices, rounding, reverse charge, exemption."""

import pytest

from tests.scenarios.told import story

pytestmark = pytest.mark.usefixtures("database")


def test_tax_rounded_once_on_the_document() -> None:
    """tax_rounding: invoice_rate; 25 % of 0.30 is 0.075."""
    story(
        """
        tax: 25
        policy: {tax_rounding: invoice_rate}
        plans: {a: 0.10}
        add_ons: {b: 0.10, c: 0.10}

        2024-04-01 subscribe a items=[b, c]
        """,
        """
        2024-04-01 c1 invoice 1
          a  2024-04-01..2024-05-01  0.10
          b  2024-04-01..2024-05-01  0.10
          c  2024-04-01..2024-05-01  0.10
          net 0.30  tax 0.08  total 0.38
        """,
    )


def test_tax_rounded_on_each_line() -> None:
    """tax_rounding: line; 25 % of 0.10 is 0.025, three times 0.03."""
    story(
        """
        tax: 25
        policy: {tax_rounding: line}
        plans: {a: 0.10}
        add_ons: {b: 0.10, c: 0.10}

        2024-04-01 subscribe a items=[b, c]
        """,
        """
        2024-04-01 c1 invoice 1
          a  2024-04-01..2024-05-01  0.10
          b  2024-04-01..2024-05-01  0.10
          c  2024-04-01..2024-05-01  0.10
          net 0.30  tax 0.09  total 0.39
        """,
    )


def test_a_gross_price_without_tax_is_stripped_of_it() -> None:
    """gross_without_tax: strip_tax; BILLING, "Tax": 99.00 at 25 % becomes 79.20."""
    story(
        """
        tax: {percent: 25, inclusive: yes}
        policy: {gross_without_tax: strip_tax}
        plans: {basic: 99}

        2024-04-01 create_customer customer=c1 exempt="a diplomatic mission"
        2024-04-01 subscribe basic
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  79.20
          total 79.20
        """,
    )


def test_a_gross_price_without_tax_is_kept() -> None:
    """gross_without_tax: keep_gross"""
    story(
        """
        tax: {percent: 25, inclusive: yes}
        policy: {gross_without_tax: keep_gross}
        plans: {basic: 99}

        2024-04-01 create_customer customer=c1 exempt="a diplomatic mission"
        2024-04-01 subscribe basic
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  99.00
          total 99.00
        """,
    )


def test_a_business_abroad_owes_the_tax_itself() -> None:
    """Reverse charge: a German VAT number, a Danish seller."""
    story(
        """
        tax: [{percent: 25, country: DK}, {percent: 19, country: DE}]
        plans: {basic: 100}

        2024-04-01 create_customer customer=gmbh country=DE tax_id=DE136695976
        2024-04-01 create_customer customer=hans country=DE
        2024-04-01 subscribe basic customer=gmbh
        2024-04-01 subscribe basic customer=hans
        """,
        """
        2024-04-01 gmbh invoice 1
          basic  2024-04-01..2024-05-01  100.00
          total 100.00
        2024-04-01 hans invoice 2
          basic  2024-04-01..2024-05-01  100.00
          net 100.00  tax 19.00  total 119.00
        """,
    )


def test_a_business_at_home_is_taxed_like_everybody() -> None:
    story(
        """
        tax: [{percent: 25, country: DK}]
        plans: {basic: 100}

        2024-04-01 create_customer customer=aps country=DK tax_id=DK13585628
        2024-04-01 subscribe basic customer=aps
        """,
        """
        2024-04-01 aps invoice 1
          basic  2024-04-01..2024-05-01  100.00
          net 100.00  tax 25.00  total 125.00
        """,
    )


def test_two_rates_on_one_document() -> None:
    story(
        """
        tax: [{percent: 25}, {percent: 5, class: books}]
        plans: {basic: 100}
        add_ons: {book: {amount: 20, tax_class: books}}

        2024-04-01 subscribe basic items=[book]
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  100.00
          book   2024-04-01..2024-05-01   20.00
          net 120.00  tax 26.00  total 146.00
        """,
    )


def test_arrears_are_taxed_as_of_their_last_day() -> None:
    """June's rate for June, though the period ends when July begins; July in advance has July's."""
    story(
        """
        tax: [{percent: 24, to: 2024-07-01}, {percent: 25.5, from: 2024-07-01}]
        plans: {later: {amount: 100, timing: arrears}}
        add_ons: {now: {amount: 100}}

        2024-06-01 subscribe later items=[now]
        2024-07-01 bill_run
        """,
        """
        2024-06-01 c1 invoice 1
          now  2024-06-01..2024-07-01  100.00
          net 100.00  tax 24.00  total 124.00
        2024-07-01 c1 invoice 2
          later  2024-06-01..2024-07-01  100.00
          now    2024-07-01..2024-08-01  100.00
          net 200.00  tax 49.50  total 249.50
        """,
    )


def test_a_credit_in_thirds_has_the_tax_in_thirds() -> None:
    """BILLING, "Tax": 9.99 with 2.50 credited in thirds gives 0.83, 0.84, 0.83."""
    story(
        """
        tax: 25
        plans: {basic: 9.99}

        2024-04-01 subscribe basic
        2024-04-02 credit_note amount=3.33
        2024-04-03 credit_note amount=3.33
        2024-04-04 credit_note amount=3.33
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  9.99
          net 9.99  tax 2.50  total 12.49
        2024-04-02 c1 credit note 1
          basic  credit  2024-04-01..2024-05-01  -3.33  of 1/1
          net -3.33  tax -0.83  total -4.16
        2024-04-03 c1 credit note 2
          basic  credit  2024-04-01..2024-05-01  -3.33  of 1/1
          net -3.33  tax -0.84  total -4.17
        2024-04-04 c1 credit note 3
          basic  credit  2024-04-01..2024-05-01  -3.33  of 1/1
          net -3.33  tax -0.83  total -4.16
        """,
    )


def test_a_credit_after_the_rate_rose_keeps_the_old_one() -> None:
    """24 % was charged in June, and 24 % goes back in July; the new plan has 25 %."""
    story(
        """
        tax: [{percent: 24, to: 2024-07-01}, {percent: 25, from: 2024-07-01}]
        plans: {basic: 30, pro: 60}

        2024-06-16 subscribe basic
        2024-07-06 change_plan pro
        """,
        """
        2024-06-16 c1 invoice 1
          basic  2024-06-16..2024-07-16  30.00
          net 30.00  tax 7.20  total 37.20
        2024-07-06 c1 invoice 2
          pro            2024-07-06..2024-07-16   20.00
          basic  credit  2024-07-06..2024-07-16  -10.00  of 1/1
          net 10.00  tax 2.60  total 12.60
        """,
    )


def test_three_decimals() -> None:
    """Kuwait's dinar has a thousand fils: a third of 10.000 is 3.333."""
    story(
        """
        timezone: Asia/Kuwait
        currency: KWD
        country: KW
        plans: {basic: 10}

        2024-04-01 subscribe basic
        2024-04-21 cancel now
        """,
        """
        2024-04-01 c1 invoice 1
          basic  2024-04-01..2024-05-01  10.000
          total 10.000
        2024-04-21 c1 credit note 1
          basic  credit  2024-04-21..2024-05-01  -3.333  of 1/1
          total -3.333
        """,
    )
