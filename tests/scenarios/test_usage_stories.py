"""Usage counted and priced: every way of counting, every model, what nothing used comes to."""

import pytest

from tests.scenarios.told import story

pytestmark = pytest.mark.usefixtures("database")


def test_the_events_of_a_month_are_charged_at_its_end_beside_the_next_advance() -> None:
    """Arrears of the period that ends and the advance of the next on one document, usage first."""
    story(
        """
        plans: {base: 10}
        add_ons: {calls: {meter: calls, amount: 0.50}}
        meters: {calls: {aggregation: sum}}

        2024-04-01 subscribe base items=[calls]
        2024-04-01 usage 3
        2024-04-30T23:59 usage 27
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          base  2024-04-01..2024-05-01  10.00
          total 10.00
        2024-05-01 c1 invoice 2
          calls  usage  2024-04-01..2024-05-01  x30  15.00
          base          2024-05-01..2024-06-01       10.00
          total 25.00
        """,
    )


def test_sum_adds_the_values_of_a_period() -> None:
    story(
        """
        plans: {api: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-02 usage 5
        2024-04-03 usage 2.5
        2024-05-01 bill_run
        """,
        """
        2024-05-01 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  x7.5  7.50
          total 7.50
        """,
    )


def test_count_counts_the_events() -> None:
    story(
        """
        plans: {api: {meter: m, amount: 1}}
        meters: {m: {aggregation: count}}

        2024-04-01 subscribe api
        2024-04-02 usage meter=m events=[{key: a}, {key: b, value: 7}, {key: a}]
        2024-05-01 bill_run
        """,
        """
        2024-05-01 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  x2  2.00
          total 2.00
        """,
    )


def test_max_takes_the_highest_value() -> None:
    story(
        """
        plans: {api: {meter: m, amount: 1}}
        meters: {m: {aggregation: max}}

        2024-04-01 subscribe api
        2024-04-02 usage 5
        2024-04-03 usage 9
        2024-04-04 usage 3
        2024-05-01 bill_run
        """,
        """
        2024-05-01 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  x9  9.00
          total 9.00
        """,
    )


def test_last_takes_the_latest_value_also_one_that_came_in_earlier() -> None:
    story(
        """
        plans: {api: {meter: m, amount: 1}}
        meters: {m: {aggregation: last}}

        2024-04-01 subscribe api
        2024-04-05 usage 5
        2024-04-20 usage meter=m events=[{at: 2024-04-19, value: 8}, {at: 2024-04-02, value: 40}]
        2024-05-01 bill_run
        """,
        """
        2024-05-01 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  x8  8.00
          total 8.00
        """,
    )


def test_unique_counts_each_person_once_in_a_period() -> None:
    story(
        """
        plans: {api: {meter: m, amount: 5}}
        meters: {m: {aggregation: unique}}

        2024-04-01 subscribe api
        2024-04-05 usage meter=m events=[{who: eva}, {who: bo}, {who: eva}]
        2024-04-25 usage meter=m who=ida
        2024-05-01 bill_run
        2024-05-05 usage meter=m who=eva
        2024-06-01 bill_run
        """,
        """
        2024-05-01 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  x3  15.00
          total 15.00
        2024-06-01 c1 invoice 2
          api  usage  2024-05-01..2024-06-01  5.00
          total 5.00
        """,
    )


def test_nothing_used_is_no_line_and_no_document() -> None:
    story(
        """
        policy: {zero_usage_line: no}
        plans: {api: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-05-01 bill_run
        """,
        """

        """,
    )


def test_with_zero_usage_line_a_period_without_usage_has_a_line() -> None:
    story(
        """
        policy: {zero_usage_line: yes}
        plans: {api: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-05-01 bill_run
        2024-05-10 usage 2
        2024-06-01 bill_run
        """,
        """
        2024-05-01 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  x0  0.00
          total 0.00
        2024-06-01 c1 invoice 2
          api  usage  2024-05-01..2024-06-01  x2  2.00
          total 2.00
        """,
    )


def test_what_was_used_within_a_free_tier_is_shown_all_the_same() -> None:
    story(
        """
        plans: {base: 10}
        add_ons: {calls: {meter: m, model: graduated, tiers: [{up_to: 100, unit: 0}, {unit: 0.10}]}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe base items=[calls]
        2024-04-10 usage 80
        2024-05-01 bill_run
        2024-05-10 usage 130
        2024-06-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          base  2024-04-01..2024-05-01  10.00
          total 10.00
        2024-05-01 c1 invoice 2
          calls  usage  2024-04-01..2024-05-01  x80   0.00
          base          2024-05-01..2024-06-01       10.00
          total 10.00
        2024-06-01 c1 invoice 3
          calls  usage  2024-05-01..2024-06-01  x130   3.00
          base          2024-06-01..2024-07-01        10.00
          total 13.00
        """,
    )


def test_the_flat_amount_of_the_first_tier_is_due_once_something_is_used() -> None:
    story(
        """
        plans: {api: {meter: m, model: graduated, tiers: [{up_to: 10, unit: 1, flat: 25}, {unit: 0.50}]}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-05-01 bill_run
        2024-05-10 usage 12
        2024-06-01 bill_run
        """,
        """
        2024-06-01 c1 invoice 1
          api  usage  2024-05-01..2024-06-01  x12  36.00
          total 36.00
        """,
    )


def test_with_first_flat_at_zero_it_is_due_in_every_period() -> None:
    story(
        """
        policy: {first_flat_at_zero: yes}
        plans: {api: {meter: m, model: graduated, tiers: [{up_to: 10, unit: 1, flat: 25}, {unit: 0.50}]}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-05-01 bill_run
        2024-05-10 usage 12
        2024-06-01 bill_run
        """,
        """
        2024-05-01 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  x0  25.00
          total 25.00
        2024-06-01 c1 invoice 2
          api  usage  2024-05-01..2024-06-01  x12  36.00
          total 36.00
        """,
    )


def test_each_unit_in_its_own_tier() -> None:
    """Ten at 1.00, five at 0.50."""
    story(
        """
        plans: {api: {meter: m, model: graduated, tiers: [{up_to: 10, unit: 1}, {unit: 0.50}]}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-10 usage 15
        2024-05-01 bill_run
        """,
        """
        2024-05-01 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  x15  12.50
          total 12.50
        """,
    )


def test_with_tier_mode_top_all_at_the_tier_reached() -> None:
    """Fifteen at 0.50."""
    story(
        """
        policy: {tier_mode: top}
        plans: {api: {meter: m, model: graduated, tiers: [{up_to: 10, unit: 1}, {unit: 0.50}]}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-10 usage 15
        2024-05-01 bill_run
        """,
        """
        2024-05-01 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  x15  7.50
          total 7.50
        """,
    )


def test_volume_stairstep_and_blocks_of_what_was_used() -> None:
    story(
        """
        plans: {base: 1}
        add_ons:
          volume: {meter: m, model: volume, tiers: [{up_to: 10, unit: 1}, {unit: 0.80}]}
          stairs: {meter: m, model: stairstep, tiers: [{up_to: 10, flat: 30}, {up_to: 20, flat: 50}, {flat: 90}]}
          blocks: {meter: m, model: block, tiers: [{unit: 4, block_size: 5, blocks: 2}, {unit: 3, block_size: 5}]}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe base items=[volume, stairs, blocks]
        2024-04-10 usage 12
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          base  2024-04-01..2024-05-01  1.00
          total 1.00
        2024-05-01 c1 invoice 2
          volume  usage  2024-04-01..2024-05-01  x12   9.60
          stairs  usage  2024-04-01..2024-05-01  x12  50.00
          blocks  usage  2024-04-01..2024-05-01  x12  11.00
          base           2024-05-01..2024-06-01        1.00
          total 71.60
        """,
    )


def test_started_packages_count() -> None:
    story(
        """
        plans: {api: {meter: m, model: package, amount: 3, package_size: 100, free_units: 50}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-10 usage 251
        2024-05-01 bill_run
        """,
        """
        2024-05-01 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  x251  9.00
          total 9.00
        """,
    )


def test_with_package_down_only_full_ones_do() -> None:
    story(
        """
        policy: {package: down}
        plans: {api: {meter: m, model: package, amount: 3, package_size: 100, free_units: 50}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-10 usage 251
        2024-05-01 bill_run
        """,
        """
        2024-05-01 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  x251  6.00
          total 6.00
        """,
    )


def test_a_percentage_of_an_amount_and_a_sum_for_each_event() -> None:
    """2.9 % of 300.00 and 0.30 for each of two."""
    story(
        """
        plans: {pay: {meter: turnover, model: percentage, percent: 2.9, fixed: 0.30}}
        meters: {turnover: {aggregation: sum}}

        2024-04-01 subscribe pay
        2024-04-10 usage 100
        2024-04-11 usage 200
        2024-05-01 bill_run
        """,
        """
        2024-05-01 c1 invoice 1
          pay  usage  2024-04-01..2024-05-01  x300  9.30
          total 9.30
        """,
    )


def test_a_price_of_twelve_decimals_is_rounded_once() -> None:
    story(
        """
        plans: {api: {meter: m, amount: 0.000000123456}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-10 usage 123456789
        2024-05-01 bill_run
        """,
        """
        2024-05-01 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  x123456789  15.24
          total 15.24
        """,
    )
