"""Price models: tiers, packages, percentages, blocks, fees and minima, and their policies."""

import pytest

from tests.scenarios.told import story

pytestmark = pytest.mark.usefixtures("database")


def test_a_flat_price_in_three_currencies() -> None:
    story(
        """
        currency: DKK
        plans:
          basic: {prices: [{amount: 75}, {amount: 10, currency: EUR}, {amount: 1500, currency: JPY}]}

        2024-04-01 subscribe basic customer=a
        2024-04-01 subscribe basic-eur-month customer=b
        2024-04-01 subscribe basic-jpy-month customer=c
        """,
        """
        2024-04-01 a invoice 1
          basic  2024-04-01..2024-05-01  75.00
          total 75.00
        2024-04-01 b invoice 2, EUR
          basic  2024-04-01..2024-05-01  10.00
          total 10.00
        2024-04-01 c invoice 3, JPY
          basic  2024-04-01..2024-05-01  1500
          total 1500
        """,
    )


def test_twelve_decimals_of_a_unit() -> None:
    story(
        """
        plans: {unit: {model: per_unit, amount: 0.000123456789}}

        2024-04-01 subscribe unit quantity=1000000
        """,
        """
        2024-04-01 c1 invoice 1
          unit  2024-04-01..2024-05-01  x1000000  123.46
          total 123.46
        """,
    )


def test_hours_with_decimals() -> None:
    story(
        """
        plans: {hours: {model: per_unit, amount: 80, scale: 2}}

        2024-04-01 subscribe hours quantity=1.25
        """,
        """
        2024-04-01 c1 invoice 1
          hours  2024-04-01..2024-05-01  x1.25  100.00
          total 100.00
        """,
    )


def test_graduated_counts_each_unit_in_its_own_tier() -> None:
    """tier_mode: all; ten at 5.00, the upper bound included, one at 4.00."""
    story(
        """
        policy: {tier_mode: all}
        plans: {t: {model: graduated, tiers: [{up_to: 10, unit: 5}, {unit: 4}]}}

        2024-04-01 subscribe t quantity=10 customer=a
        2024-04-01 subscribe t quantity=11 customer=b
        """,
        """
        2024-04-01 a invoice 1
          t  2024-04-01..2024-05-01  x10  50.00
          total 50.00
        2024-04-01 b invoice 2
          t  2024-04-01..2024-05-01  x11  54.00
          total 54.00
        """,
    )


def test_the_top_tier_prices_all_units() -> None:
    """tier_mode: top, as Kill Bill's TOP_TIER; eleven at 4.00."""
    story(
        """
        policy: {tier_mode: top}
        plans: {t: {model: graduated, tiers: [{up_to: 10, unit: 5}, {unit: 4}]}}

        2024-04-01 subscribe t quantity=11
        """,
        """
        2024-04-01 c1 invoice 1
          t  2024-04-01..2024-05-01  x11  44.00
          total 44.00
        """,
    )


def test_volume_prices_all_units_at_the_tier_of_the_total() -> None:
    story(
        """
        plans: {t: {model: volume, tiers: [{up_to: 10, unit: 5}, {unit: 4}]}}

        2024-04-01 subscribe t quantity=10 customer=a
        2024-04-01 subscribe t quantity=11 customer=b
        """,
        """
        2024-04-01 a invoice 1
          t  2024-04-01..2024-05-01  x10  50.00
          total 50.00
        2024-04-01 b invoice 2
          t  2024-04-01..2024-05-01  x11  44.00
          total 44.00
        """,
    )


def test_stairstep_is_the_amount_of_the_tier() -> None:
    story(
        """
        plans: {t: {model: stairstep, tiers: [{up_to: 10, flat: 50}, {up_to: 20, flat: 90}]}}

        2024-04-01 subscribe t quantity=10 customer=a
        2024-04-01 subscribe t quantity=11 customer=b
        2024-04-01 subscribe t quantity=21 customer=c
        """,
        """
        2024-04-01 a invoice 1
          t  2024-04-01..2024-05-01  x10  50.00
          total 50.00
        2024-04-01 b invoice 2
          t  2024-04-01..2024-05-01  x11  90.00
          total 90.00
        2024-04-01 refused: quantity_above_tiers
        """,
    )


def test_started_packages_count_whole() -> None:
    """package: up; 101 units above 50 free ones are two packages of 100."""
    story(
        """
        policy: {package: up}
        plans: {p: {model: package, amount: 8, package_size: 100, free_units: 50}}

        2024-04-01 subscribe p quantity=151
        """,
        """
        2024-04-01 c1 invoice 1
          p  2024-04-01..2024-05-01  x151  16.00
          total 16.00
        """,
    )


def test_only_full_packages_count() -> None:
    """package: down; 101 units above 50 free ones are one package of 100."""
    story(
        """
        policy: {package: down}
        plans: {p: {model: package, amount: 8, package_size: 100, free_units: 50}}

        2024-04-01 subscribe p quantity=151
        """,
        """
        2024-04-01 c1 invoice 1
          p  2024-04-01..2024-05-01  x151  8.00
          total 8.00
        """,
    )


def test_blocks_of_a_tier() -> None:
    """250 fill three started blocks of 100; the 301st starts a block of 500."""
    story(
        """
        plans: {b: {model: block, tiers: [{block_size: 100, blocks: 3, unit: 9}, {block_size: 500, unit: 30}]}}

        2024-04-01 subscribe b quantity=250 customer=a
        2024-04-01 subscribe b quantity=301 customer=b
        """,
        """
        2024-04-01 a invoice 1
          b  2024-04-01..2024-05-01  x250  27.00
          total 27.00
        2024-04-01 b invoice 2
          b  2024-04-01..2024-05-01  x301  57.00
          total 57.00
        """,
    )


def test_a_percentage_with_a_floor_and_a_ceiling() -> None:
    story(
        """
        plans: {fee: {model: percentage, percent: 2.5, fixed: 0.10, minimum: 1, maximum: 50}}

        2024-04-01 subscribe fee quantity=400 customer=a
        2024-04-01 subscribe fee quantity=10 customer=b
        2024-04-01 subscribe fee quantity=10000 customer=c
        """,
        """
        2024-04-01 a invoice 1
          fee  2024-04-01..2024-05-01  x400  10.10
          total 10.10
        2024-04-01 b invoice 2
          fee  2024-04-01..2024-05-01  x10  1.00
          total 1.00
        2024-04-01 c invoice 3
          fee  2024-04-01..2024-05-01  x10000  50.00
          total 50.00
        """,
    )


def test_nothing_of_a_tier_costs_nothing() -> None:
    """first_flat_at_zero: no"""
    story(
        """
        policy: {first_flat_at_zero: no}
        plans: {t: {model: graduated, tiers: [{up_to: 10, unit: 5, flat: 20}, {unit: 4}]}}

        2024-04-01 subscribe t quantity=0
        """,
        """
        2024-04-01 c1 invoice 1
          t  2024-04-01..2024-05-01  x0  0.00
          total 0.00
        """,
    )


def test_nothing_of_a_tier_costs_its_flat_amount() -> None:
    """first_flat_at_zero: yes"""
    story(
        """
        policy: {first_flat_at_zero: yes}
        plans: {t: {model: graduated, tiers: [{up_to: 10, unit: 5, flat: 20}, {unit: 4}]}}

        2024-04-01 subscribe t quantity=0
        """,
        """
        2024-04-01 c1 invoice 1
          t  2024-04-01..2024-05-01  x0  20.00
          total 20.00
        """,
    )


def test_the_minimum_of_a_part_is_a_part_of_the_minimum() -> None:
    """BILLING, "Price models": 100 x 15/30 less 10.00 is 40.00."""
    story(
        """
        plans: {seat: {model: per_unit, amount: 10, period_minimum: 100}}

        2024-04-16 subscribe seat quantity=2 alignment=calendar
        """,
        """
        2024-04-16 c1 invoice 1
          seat           2024-04-16..2024-05-01  x2  10.00
          seat  minimum  2024-04-16..2024-05-01      40.00
          total 50.00
        """,
    )


def test_a_replaced_amount_for_one_customer() -> None:
    story(
        """
        timezone: Pacific/Auckland
        plans: {basic: 30}

        2024-04-01 subscribe basic customer=a amount=24.99
        2024-04-01 subscribe basic customer=b
        """,
        """
        2024-04-01 a invoice 1
          basic  2024-04-01..2024-05-01  24.99
          total 24.99
        2024-04-01 b invoice 2
          basic  2024-04-01..2024-05-01  30.00
          total 30.00
        """,
    )


def test_tiers_in_a_part_of_a_period() -> None:
    """The whole quantity is priced and then prorated: 54.00 x 10/30."""
    story(
        """
        plans: {t: {model: graduated, tiers: [{up_to: 10, unit: 5}, {unit: 4}]}}

        2024-04-21 subscribe t quantity=11 alignment=calendar
        """,
        """
        2024-04-21 c1 invoice 1
          t  2024-04-21..2024-05-01  x11  18.00
          total 18.00
        """,
    )
