"""Usage: every way of counting, every policy of usage, late events, cuts, ends, minimums, in several zones."""

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


def test_a_change_of_plan_cuts_usage_at_the_real_instant() -> None:
    """8 at 1.00 until two o'clock, 6 at 3.00 from then on; each stretch by itself."""
    story(
        """
        policy: {usage_cut: at_change}
        plans: {one: {meter: m, amount: 1}, two: {meter: m, amount: 3}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe one
        2024-04-16T13:59 usage 8
        2024-04-16T14:00 change_plan two
        2024-04-16T14:01 usage 6
        2024-05-01 bill_run
        """,
        """
        2024-04-16T14:00:00 c1 invoice 1
          one  usage  2024-04-01..2024-04-16T14:00:00  x8  8.00
          total 8.00
        2024-05-01 c1 invoice 2
          two  usage  2024-04-16T14:00:00..2024-05-01  x6  18.00
          total 18.00
        """,
    )


def test_with_usage_cut_at_invoice_the_price_in_force_then_prices_all_of_it() -> None:
    story(
        """
        policy: {usage_cut: at_invoice}
        plans: {one: {meter: m, amount: 1}, two: {meter: m, amount: 3}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe one
        2024-04-16T13:59 usage 8
        2024-04-16T14:00 change_plan two
        2024-04-16T14:01 usage 6
        2024-05-01 bill_run
        """,
        """
        2024-05-01 c1 invoice 1
          two  usage  2024-04-01..2024-05-01  x14  42.00
          total 42.00
        """,
    )


def test_after_a_cut_each_stretch_has_its_own_tiers() -> None:
    """8 within the first ten; again 8 within the first ten, dearer."""
    story(
        """
        policy: {tiers_after_cut: own}
        plans:
          one: {meter: m, model: graduated, tiers: [{up_to: 10, unit: 1}, {unit: 0.50}]}
          two: {meter: m, model: graduated, tiers: [{up_to: 10, unit: 2}, {unit: 1}]}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe one
        2024-04-03 usage 8
        2024-04-16 change_plan two
        2024-04-20 usage 8
        2024-05-01 bill_run
        """,
        """
        2024-04-16 c1 invoice 1
          one  usage  2024-04-01..2024-04-16  x8  8.00
          total 8.00
        2024-05-01 c1 invoice 2
          two  usage  2024-04-16..2024-05-01  x8  16.00
          total 16.00
        """,
    )


def test_with_tiers_prorated_each_stretch_has_its_share_of_them() -> None:
    """Half the month, half the tier: 5 at 1.00 and 3 at 0.50; 5 at 2.00 and 3 at 1.00."""
    story(
        """
        policy: {tiers_after_cut: prorated}
        plans:
          one: {meter: m, model: graduated, tiers: [{up_to: 10, unit: 1}, {unit: 0.50}]}
          two: {meter: m, model: graduated, tiers: [{up_to: 10, unit: 2}, {unit: 1}]}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe one
        2024-04-03 usage 8
        2024-04-16 change_plan two
        2024-04-20 usage 8
        2024-05-01 bill_run
        """,
        """
        2024-04-16 c1 invoice 1
          one  usage  2024-04-01..2024-04-16  x8  6.50
          total 6.50
        2024-05-01 c1 invoice 2
          two  usage  2024-04-16..2024-05-01  x8  13.00
          total 13.00
        """,
    )


def test_with_tiers_of_the_whole_period_the_second_stretch_counts_on() -> None:
    """Two of its eight are the ninth and tenth of the month."""
    story(
        """
        policy: {tiers_after_cut: whole_period}
        plans:
          one: {meter: m, model: graduated, tiers: [{up_to: 10, unit: 1}, {unit: 0.50}]}
          two: {meter: m, model: graduated, tiers: [{up_to: 10, unit: 2}, {unit: 1}]}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe one
        2024-04-03 usage 8
        2024-04-16 change_plan two
        2024-04-20 usage 8
        2024-05-01 bill_run
        """,
        """
        2024-04-16 c1 invoice 1
          one  usage  2024-04-01..2024-04-16  x8  8.00
          total 8.00
        2024-05-01 c1 invoice 2
          two  usage  2024-04-16..2024-05-01  x8  10.00
          total 10.00
        """,
    )


def test_withdrawing_a_promise_to_change_cuts_nothing() -> None:
    story(
        """
        plans: {one: {meter: m, amount: 1}, two: {meter: m, amount: 3}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe one
        2024-04-10 usage 8
        2024-04-11 change_plan two when=2024-04-20
        2024-04-12 unchange
        2024-05-01 bill_run
        """,
        """
        2024-05-01 c1 invoice 1
          one  usage  2024-04-01..2024-05-01  x8  8.00
          total 8.00
        """,
    )


def test_with_usage_cut_at_invoice_another_meter_takes_nothing_in() -> None:
    story(
        """
        policy: {usage_cut: at_invoice}
        plans: {one: {meter: calls, amount: 1}, two: {meter: seats, amount: 3}}
        meters: {calls: {aggregation: sum}, seats: {aggregation: max}}

        2024-04-01 subscribe one
        2024-04-10 usage 8 meter=calls
        2024-04-16 change_plan two
        2024-04-17 usage 5 meter=seats
        2024-05-01 bill_run
        """,
        """
        2024-04-16 c1 invoice 1
          one  usage  2024-04-01..2024-04-16  x8  8.00
          total 8.00
        2024-05-01 c1 invoice 2
          two  usage  2024-04-16..2024-05-01  x5  15.00
          total 15.00
        """,
    )


def test_what_was_invoiced_at_a_threshold_is_given_back_where_another_price_takes_it_in() -> None:
    """10.00 invoiced at the old price; the new one prices all 12 of the month."""
    story(
        """
        policy: {usage_cut: at_invoice, progressive_threshold: 10}
        plans: {one: {meter: m, amount: 1}, two: {meter: m, amount: 3}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe one
        2024-04-10T10:00 usage 10
        2024-04-10T11:00 bill_run
        2024-04-16 change_plan two policy={usage_cut: at_invoice}
        2024-04-17 usage 2
        2024-05-01 bill_run
        """,
        """
        2024-04-10T11:00:00 c1 invoice 1
          one  usage  2024-04-01..2024-04-10T11:00:00  x10  10.00
          total 10.00
        2024-05-01 c1 invoice 2
          one  usage  2024-04-01..2024-05-01  x0   -10.00
          two  usage  2024-04-01..2024-05-01  x12   36.00
          total 26.00
        """,
    )


def test_a_level_is_held_for_its_share_of_the_period() -> None:
    """50 for half a month at 1.00, 60 for the other half at 2.00."""
    story(
        """
        policy: {tiers_after_cut: prorated}
        plans: {one: {meter: disk, amount: 1}, two: {meter: disk, amount: 2}}
        meters: {disk: {aggregation: max}}

        2024-04-01 subscribe one
        2024-04-03 usage 50
        2024-04-16 change_plan two
        2024-04-20 usage 60
        2024-05-01 bill_run
        """,
        """
        2024-04-16 c1 invoice 1
          one  usage  2024-04-01..2024-04-16  x50  25.00
          total 25.00
        2024-05-01 c1 invoice 2
          two  usage  2024-04-16..2024-05-01  x60  60.00
          total 60.00
        """,
    )


def test_several_changes_in_a_period_cut_it_several_times() -> None:
    story(
        """
        plans: {one: {meter: m, amount: 1}, two: {meter: m, amount: 2}, three: {meter: m, amount: 3}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe one
        2024-04-05 usage 1
        2024-04-10 change_plan two
        2024-04-11 usage 1
        2024-04-12 change_plan three
        2024-04-12 usage 1
        2024-05-01 bill_run
        """,
        """
        2024-04-10 c1 invoice 1
          one  usage  2024-04-01..2024-04-10  1.00
          total 1.00
        2024-04-12 c1 invoice 2
          two  usage  2024-04-10..2024-04-12  2.00
          total 2.00
        2024-05-01 c1 invoice 3
          three  usage  2024-04-12..2024-05-01  3.00
          total 3.00
        """,
    )


def test_a_change_that_waits_cuts_nothing_before_its_time() -> None:
    story(
        """
        plans: {one: {meter: m, amount: 1}, two: {meter: m, amount: 3}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe one
        2024-04-10 usage 8
        2024-04-11 change_plan two when=period_end
        2024-05-10 usage 8
        2024-06-01 advance_to
        """,
        """
        2024-05-10 c1 invoice 1
          one  usage  2024-04-01..2024-05-01  x8  8.00
          total 8.00
        2024-06-01 c1 invoice 2
          two  usage  2024-05-01..2024-06-01  x8  24.00
          total 24.00
        """,
    )


def test_from_a_metered_plan_to_one_at_a_fixed_price() -> None:
    """Usage until noon; the fixed price from that day on, 20 of 30 days."""
    story(
        """
        plans: {api: {meter: m, amount: 1}, fixed: 30}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-10 usage 8
        2024-04-11T12:00 change_plan fixed
        2024-05-10 bill_run
        """,
        """
        2024-04-11T12:00:00 c1 invoice 1
          api    usage  2024-04-01..2024-04-11T12:00:00  x8   8.00
          fixed         2024-04-11..2024-05-01               20.00
          total 28.00
        2024-05-10 c1 invoice 2
          fixed  2024-05-01..2024-06-01  30.00
          total 30.00
        """,
    )


def test_from_a_fixed_price_to_a_metered_plan() -> None:
    """20 of 30 days back, and from then on what is used."""
    story(
        """
        plans: {api: {meter: m, amount: 1}, fixed: 30}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe fixed
        2024-04-11T12:00 change_plan api
        2024-04-11T13:00 usage 8
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          fixed  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-11T12:00:00 c1 credit note 1
          fixed  credit  2024-04-11..2024-05-01  -20.00  of 1/1
          total -20.00
        2024-05-01 c1 invoice 2
          api  usage  2024-04-11T12:00:00..2024-05-01  x8  8.00
          total 8.00
        """,
    )


def test_an_add_on_that_comes_in_the_middle_of_a_month_is_charged_from_then_on() -> None:
    story(
        """
        plans: {base: 10}
        add_ons: {calls: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe base
        2024-04-11 add_item calls
        2024-04-12 usage 8
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          base  2024-04-01..2024-05-01  10.00
          total 10.00
        2024-05-01 c1 invoice 2
          calls  usage  2024-04-11..2024-05-01  x8   8.00
          base          2024-05-01..2024-06-01      10.00
          total 18.00
        """,
    )


def test_an_add_on_that_goes_is_charged_at_once_and_once_more_when_its_window_closes() -> None:
    story(
        """
        plans: {base: 10}
        add_ons: {calls: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe base items=[calls]
        2024-04-05 usage 8
        2024-04-11T12:00 remove_item calls
        2024-04-12 usage meter=m events=[{at: 2024-04-10, value: 2}]
        2024-04-14T12:00 advance_to
        2024-04-20 usage meter=m events=[{at: 2024-04-10, value: 50}]
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          base  2024-04-01..2024-05-01  10.00
          total 10.00
        2024-04-11T12:00:00 c1 invoice 2
          calls  usage  2024-04-01..2024-04-11T12:00:00  x8  8.00
          total 8.00
        2024-04-14T12:00:00 c1 invoice 3
          calls  usage  2024-04-01..2024-04-11T12:00:00  x10  2.00
          total 2.00
        2024-04-20 refused: late_window_closed
        2024-05-01 c1 invoice 4
          base  2024-05-01..2024-06-01  10.00
          total 10.00
        """,
    )


def test_a_change_made_for_an_earlier_day_rates_everything_since_anew() -> None:
    """The two months that were charged are given back from the 11th of the first on, and charged at the new price."""
    story(
        """
        plans: {one: {meter: m, amount: 1}, two: {meter: m, amount: 2}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe one
        2024-04-05 usage 8
        2024-04-15 usage 5
        2024-05-05 usage 13
        2024-06-10 bill_run
        2024-06-11 change_plan two when=2024-04-11
        2024-07-01 bill_run
        """,
        """
        2024-06-10 c1 invoice 1
          one  usage  2024-04-01..2024-05-01  x13  13.00
          total 13.00
        2024-06-10 c1 invoice 2
          one  usage  2024-05-01..2024-06-01  x13  13.00
          total 13.00
        2024-06-11 c1 invoice 3
          one  usage  2024-04-01..2024-04-11  x8    -5.00
          one  usage  2024-05-01..2024-06-01  x0   -13.00
          two  usage  2024-04-11..2024-05-01  x5    10.00
          two  usage  2024-05-01..2024-06-01  x13   26.00
          total 18.00
        """,
    )


def test_a_late_event_is_charged_with_the_next_invoice() -> None:
    """Four more at the price of a month that was invoiced already."""
    story(
        """
        plans: {api: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-10 usage 30
        2024-05-01 bill_run
        2024-05-03T23:59 usage meter=m events=[{at: 2024-04-30, value: 4}]
        2024-05-10 usage 5
        2024-06-01 bill_run
        2024-07-01 bill_run
        """,
        """
        2024-05-01 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  x30  30.00
          total 30.00
        2024-06-01 c1 invoice 2
          api  usage  2024-04-01..2024-05-01  x34  4.00
          api  usage  2024-05-01..2024-06-01  x5   5.00
          total 9.00
        """,
    )


def test_after_the_late_window_it_is_refused() -> None:
    story(
        """
        plans: {api: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-10 usage 30
        2024-05-01 bill_run
        2024-05-04 usage meter=m events=[{at: 2024-04-30, value: 4}]
        2024-06-01 bill_run
        """,
        """
        2024-05-01 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  x30  30.00
          total 30.00
        2024-05-04 refused: late_window_closed
        """,
    )


def test_without_a_late_window_nothing_late_is_taken() -> None:
    story(
        """
        policy: {late_window_days: 0}
        plans: {api: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-10 usage 30
        2024-05-01 bill_run
        2024-05-01T01:00 usage meter=m events=[{at: 2024-04-30, value: 4}, {at: 2024-05-01, value: 1}]
        2024-06-01 bill_run
        """,
        """
        2024-05-01 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  x30  30.00
          total 30.00
        2024-05-01T01:00:00 refused: late_window_closed
        2024-06-01 c1 invoice 2
          api  usage  2024-05-01..2024-06-01  1.00
          total 1.00
        """,
    )


def test_a_window_longer_than_the_period_is_open_over_several_invoices() -> None:
    story(
        """
        policy: {late_window_days: 10}
        plans: {api: {meter: m, amount: 1, interval: week}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-02 usage 1
        2024-04-08 bill_run
        2024-04-09 usage meter=m events=[{at: 2024-04-03, value: 2}]
        2024-04-15 bill_run
        2024-04-17T23:00 usage meter=m events=[{at: 2024-04-04, value: 4}, {at: 2024-04-09, value: 8}]
        2024-04-18 usage meter=m events=[{at: 2024-04-05, value: 16}]
        2024-04-22 bill_run
        2024-04-29 bill_run
        """,
        """
        2024-04-08 c1 invoice 1
          api  usage  2024-04-01..2024-04-08  1.00
          total 1.00
        2024-04-15 c1 invoice 2
          api  usage  2024-04-01..2024-04-08  x3  2.00
          total 2.00
        2024-04-18 refused: late_window_closed
        2024-04-22 c1 invoice 3
          api  usage  2024-04-01..2024-04-08  x7  4.00
          api  usage  2024-04-08..2024-04-15  x8  8.00
          total 12.00
        """,
    )


def test_a_run_that_comes_late_charges_what_came_late_too() -> None:
    """Nobody refuses what is not billed yet."""
    story(
        """
        plans: {api: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-10 usage 30
        2024-05-20 usage meter=m events=[{at: 2024-04-11, value: 5}]
        2024-05-21 bill_run
        """,
        """
        2024-05-21 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  x35  35.00
          total 35.00
        """,
    )


def test_months_that_were_missed_are_charged_in_order_one_line_each() -> None:
    story(
        """
        plans: {api: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-10 usage 1
        2024-05-10 usage 2
        2024-06-10 usage 3
        2024-07-05 bill_run
        """,
        """
        2024-07-05 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  1.00
          total 1.00
        2024-07-05 c1 invoice 2
          api  usage  2024-05-01..2024-06-01  x2  2.00
          total 2.00
        2024-07-05 c1 invoice 3
          api  usage  2024-06-01..2024-07-01  x3  3.00
          total 3.00
        """,
    )


def test_an_event_belongs_to_the_period_of_its_own_instant_in_new_york() -> None:
    """Midnight there is 04:00 in UTC."""
    story(
        """
        timezone: America/New_York
        plans: {api: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-30T23:59:59 usage 1
        2024-05-01T00:00 usage 10
        2024-05-01T00:00 bill_run
        2024-06-01 bill_run
        """,
        """
        2024-05-01 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  1.00
          total 1.00
        2024-06-01 c1 invoice 2
          api  usage  2024-05-01..2024-06-01  x10  10.00
          total 10.00
        """,
    )


def test_an_event_belongs_to_the_period_of_its_own_instant_in_tokyo() -> None:
    story(
        """
        timezone: Asia/Tokyo
        plans: {api: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-05-01T12:00 usage meter=m events=[{at: 2024-04-30T14:59:59+00:00, value: 1}]
        2024-05-01T12:00 usage meter=m events=[{at: 2024-04-30T15:00:00+00:00, value: 10}]
        2024-05-01T13:00 bill_run
        2024-06-01 bill_run
        """,
        """
        2024-05-01T13:00:00 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  1.00
          total 1.00
        2024-06-01 c1 invoice 2
          api  usage  2024-05-01..2024-06-01  x10  10.00
          total 10.00
        """,
    )


def test_the_late_window_is_counted_in_local_days_over_a_change_of_clocks() -> None:
    """The period ends with 29 March in Copenhagen; the window has 71 hours."""
    story(
        """
        timezone: Europe/Copenhagen
        plans: {api: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-02-29 subscribe api
        2024-03-05 usage 5
        2024-03-29 bill_run
        2024-03-31T23:59 usage meter=m events=[{at: 2024-03-28, value: 1}]
        2024-04-01 usage meter=m events=[{at: 2024-03-28, value: 1}]
        2024-04-29 bill_run
        """,
        """
        2024-03-29 c1 invoice 1
          api  usage  2024-02-29..2024-03-29  x5  5.00
          total 5.00
        2024-04-01 refused: late_window_closed
        2024-04-29 c1 invoice 2
          api  usage  2024-02-29..2024-03-29  x6  1.00
          total 1.00
        """,
    )


def test_a_day_of_twenty_five_hours_is_one_day_of_usage() -> None:
    story(
        """
        timezone: America/New_York
        plans: {api: {meter: m, amount: 1, interval: day}}
        meters: {m: {aggregation: count}}

        2024-11-03 subscribe api
        2024-11-04 usage meter=m events=[{at: 2024-11-03T00:00:00-04:00}, {at: 2024-11-03T01:30:00-04:00}]
        2024-11-04 usage meter=m events=[{at: 2024-11-03T01:30:00-05:00}, {at: 2024-11-03T23:59:00-05:00}]
        2024-11-04 usage meter=m events=[{at: 2024-11-04T00:00:00-05:00}]
        2024-11-04T00:00 bill_run
        2024-11-05 bill_run
        """,
        """
        2024-11-04 c1 invoice 1
          api  usage  2024-11-03..2024-11-04  x4  4.00
          total 4.00
        2024-11-05 c1 invoice 2
          api  usage  2024-11-04..2024-11-05  1.00
          total 1.00
        """,
    )


def test_a_minimum_adds_what_the_usage_of_a_period_lacks() -> None:
    story(
        """
        plans: {base: 5}
        add_ons: {calls: {meter: m, amount: 1, period_minimum: 50}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe base items=[calls]
        2024-04-10 usage 30
        2024-05-01 bill_run
        2024-05-10 usage 60
        2024-06-01 bill_run
        2024-07-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          base  2024-04-01..2024-05-01  5.00
          total 5.00
        2024-05-01 c1 invoice 2
          calls  usage    2024-04-01..2024-05-01  x30  30.00
          calls  minimum  2024-04-01..2024-05-01       20.00
          base            2024-05-01..2024-06-01        5.00
          total 55.00
        2024-06-01 c1 invoice 3
          calls  usage  2024-05-01..2024-06-01  x60  60.00
          base          2024-06-01..2024-07-01        5.00
          total 65.00
        2024-07-01 c1 invoice 4
          base  2024-07-01..2024-08-01  5.00
          total 5.00
        """,
    )


def test_a_late_event_takes_back_what_the_minimum_had_added() -> None:
    """30 and 20 were charged; with 15 more it is 45 and 5, with 10 more 55 and nothing."""
    story(
        """
        policy: {late_window_days: 20}
        plans: {api: {meter: m, amount: 1, interval: week, period_minimum: 50}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-02 usage 30
        2024-04-08 bill_run
        2024-04-09 usage meter=m events=[{at: 2024-04-03, value: 15}]
        2024-04-15 bill_run
        2024-04-16 usage meter=m events=[{at: 2024-04-03, value: 10}]
        2024-04-22 bill_run
        """,
        """
        2024-04-08 c1 invoice 1
          api  usage    2024-04-01..2024-04-08  x30  30.00
          api  minimum  2024-04-01..2024-04-08       20.00
          total 50.00
        2024-04-15 c1 invoice 2
          api  usage    2024-04-01..2024-04-08  x45   15.00
          api  minimum  2024-04-01..2024-04-08       -15.00
          total 0.00
        2024-04-22 c1 invoice 3
          api  usage    2024-04-01..2024-04-08  x55  10.00
          api  minimum  2024-04-01..2024-04-08       -5.00
          total 5.00
        """,
    )


def test_a_stretch_has_its_part_of_the_minimum() -> None:
    """15 of 30 days: 25.00 of 50.00 before the change, 30.00 of 60.00 after it."""
    story(
        """
        plans: {one: {meter: m, amount: 1, period_minimum: 50}, two: {meter: m, amount: 1, period_minimum: 60}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe one
        2024-04-03 usage 10
        2024-04-16 change_plan two
        2024-04-20 usage 20
        2024-05-01 bill_run
        """,
        """
        2024-04-16 c1 invoice 1
          one  usage    2024-04-01..2024-04-16  x10  10.00
          one  minimum  2024-04-01..2024-04-16       15.00
          total 25.00
        2024-05-01 c1 invoice 2
          two  usage    2024-04-16..2024-05-01  x20  20.00
          two  minimum  2024-04-16..2024-05-01       10.00
          total 30.00
        """,
    )


def test_what_is_used_in_the_trial_is_free() -> None:
    story(
        """
        plans: {api: {meter: m, amount: 1, trial_days: 10}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-10T23:59 usage 100
        2024-04-11 usage 5
        2024-05-11 bill_run
        """,
        """
        2024-05-11 c1 invoice 1
          api  usage  2024-04-11..2024-05-11  x5  5.00
          total 5.00
        """,
    )


def test_a_trial_given_later_frees_what_is_used_in_it_and_nothing_before() -> None:
    story(
        """
        plans: {api: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-05 usage 5
        2024-04-11T10:00 set_trial_end 2024-04-21
        2024-04-15 usage 100
        2024-04-25 usage 7
        2024-05-21 advance_to
        """,
        """
        2024-04-11T10:00:00 c1 invoice 1
          api  usage  2024-04-01..2024-04-11  x5  5.00
          total 5.00
        2024-05-21 c1 invoice 2
          api  usage  2024-04-21..2024-05-21  x7  7.00
          total 7.00
        """,
    )


def test_a_percent_coupon_takes_its_part_of_usage_too() -> None:
    story(
        """
        plans: {base: 10}
        add_ons: {calls: {meter: m, amount: 0.05}}
        meters: {m: {aggregation: sum}}
        coupons: {TEN: {percent: 10, duration: forever}}

        2024-04-01 subscribe base items=[calls] coupon=TEN
        2024-04-10 usage 333
        2024-05-01 bill_run
        2024-05-02 usage meter=m events=[{at: 2024-04-11, value: 100}]
        2024-06-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          base  2024-04-01..2024-05-01  10.00
          discount 1.00  net 9.00  total 9.00
        2024-05-01 c1 invoice 2
          calls  usage  2024-04-01..2024-05-01  x333  16.65
          base          2024-05-01..2024-06-01        10.00
          discount 2.66  net 23.99  total 23.99
        2024-06-01 c1 invoice 3
          calls  usage  2024-04-01..2024-05-01  x433   5.00
          base          2024-06-01..2024-07-01        10.00
          discount 1.50  net 13.50  total 13.50
        """,
    )


def test_an_amount_off_is_shared_with_usage() -> None:
    story(
        """
        plans: {base: 10}
        add_ons: {calls: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}
        coupons: {SIX: {amount: 6, duration: forever}}

        2024-04-01 subscribe base items=[calls] coupon=SIX
        2024-04-10 usage 20
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          base  2024-04-01..2024-05-01  10.00
          discount 6.00  net 4.00  total 4.00
        2024-05-01 c1 invoice 2
          calls  usage  2024-04-01..2024-05-01  x20  20.00
          base          2024-05-01..2024-06-01       10.00
          discount 6.00  net 24.00  total 24.00
        """,
    )


def test_a_coupon_for_one_period_of_a_metered_plan() -> None:
    story(
        """
        plans: {api: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}
        coupons: {HALF: {percent: 50, duration: once}}

        2024-04-01 subscribe api coupon=HALF
        2024-04-10 usage 20
        2024-05-01 bill_run
        2024-05-10 usage 20
        2024-06-01 bill_run
        """,
        """
        2024-05-01 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  x20  20.00
          discount 10.00  net 10.00  total 10.00
        2024-06-01 c1 invoice 2
          api  usage  2024-05-01..2024-06-01  x20  20.00
          total 20.00
        """,
    )


def test_usage_is_taxed_at_the_rate_of_the_period_it_is_of() -> None:
    """Arrears: 24 % on April, also on what came in late and stands on the invoice of May."""
    story(
        """
        tax: [{percent: 24, to: 2024-05-01}, {percent: 25, from: 2024-05-01}]
        plans: {api: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-10 usage 100
        2024-05-01 bill_run
        2024-05-02 usage meter=m events=[{at: 2024-04-11, value: 50}]
        2024-05-10 usage 10
        2024-06-01 bill_run
        """,
        """
        2024-05-01 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  x100  100.00
          net 100.00  tax 24.00  total 124.00
        2024-06-01 c1 invoice 2
          api  usage  2024-04-01..2024-05-01  x150  50.00
          api  usage  2024-05-01..2024-06-01  x10   10.00
          net 60.00  tax 14.50  total 74.50
        """,
    )


def test_prices_with_tax_in_them() -> None:
    story(
        """
        tax: {percent: 25, inclusive: yes}
        plans: {api: {meter: m, amount: 1.25}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-10 usage 100
        2024-05-01 bill_run
        """,
        """
        2024-05-01 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  x100  100.00
          net 100.00  tax 25.00  total 125.00
        """,
    )


def test_halves_to_even_where_the_policy_says_so() -> None:
    """0.125 of a euro is 0.12."""
    story(
        """
        policy: {rounding_mode: half_even}
        plans: {api: {meter: m, amount: 0.125}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-10 usage 1
        2024-05-01 bill_run
        """,
        """
        2024-05-01 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  0.12
          total 0.12
        """,
    )


def test_at_the_threshold_usage_is_invoiced_before_its_month_ends() -> None:
    """At 9.00; then again at 19 more; the rest at the month's end."""
    story(
        """
        policy: {progressive_threshold: 9}
        plans: {base: 5}
        add_ons: {calls: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe base items=[calls]
        2024-04-10T10:00 usage 8
        2024-04-10T11:00 bill_run
        2024-04-11T10:00 usage 1
        2024-04-11T11:00 bill_run
        2024-04-12T10:00 usage 19
        2024-04-12T11:00 bill_run
        2024-04-12T11:00 bill_run
        2024-04-13T10:00 usage 2
        2024-05-01 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          base  2024-04-01..2024-05-01  5.00
          total 5.00
        2024-04-11T11:00:00 c1 invoice 2
          calls  usage  2024-04-01..2024-04-11T11:00:00  x9  9.00
          total 9.00
        2024-04-12T11:00:00 c1 invoice 3
          calls  usage  2024-04-01..2024-04-12T11:00:00  x28  19.00
          total 19.00
        2024-05-01 c1 invoice 4
          calls  usage  2024-04-01..2024-05-01  x30  2.00
          base          2024-05-01..2024-06-01       5.00
          total 7.00
        """,
    )


def test_without_a_threshold_usage_waits_for_its_months_end() -> None:
    story(
        """
        policy: {progressive_threshold: none}
        plans: {base: 5}
        add_ons: {calls: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe base items=[calls]
        2024-04-12T10:00 usage 1000
        2024-04-12T11:00 bill_run
        2024-05-01 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          base  2024-04-01..2024-05-01  5.00
          total 5.00
        2024-05-01 c1 invoice 2
          calls  usage  2024-04-01..2024-05-01  x1000  1000.00
          base          2024-05-01..2024-06-01            5.00
          total 1005.00
        """,
    )


def test_the_clock_looks_at_what_was_used_before_it_moves_on() -> None:
    story(
        """
        policy: {progressive_threshold: 9}
        plans: {base: 5}
        add_ons: {calls: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe base items=[calls]
        2024-04-10T10:00 usage 12
        2024-05-01 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          base  2024-04-01..2024-05-01  5.00
          total 5.00
        2024-04-10T10:00:00 c1 invoice 2
          calls  usage  2024-04-01..2024-04-10T10:00:00  x12  12.00
          total 12.00
        2024-05-01 c1 invoice 3
          base  2024-05-01..2024-06-01  5.00
          total 5.00
        """,
    )


def test_a_pause_refuses_usage_and_cuts_it() -> None:
    story(
        """
        policy: {pause_usage: refused}
        plans: {base: 30}
        add_ons: {calls: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe base items=[calls]
        2024-04-05 usage 8
        2024-04-11 pause 2024-04-21
        2024-04-15 usage 5
        2024-04-25 usage 3
        2024-05-15 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          base  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-11 c1 invoice 2
          calls  usage  2024-04-01..2024-04-11  x8  8.00
          total 8.00
        2024-04-15 refused: paused
        2024-05-01 c1 invoice 3
          calls  usage  2024-04-21..2024-05-01  x3  3.00
          total 3.00
        2024-05-11 c1 invoice 4
          base  2024-05-11..2024-06-11  30.00
          total 30.00
        """,
    )


def test_with_pause_usage_billed_what_is_used_in_a_pause_is_charged_as_ever() -> None:
    story(
        """
        policy: {pause_usage: billed}
        plans: {base: 30}
        add_ons: {calls: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe base items=[calls]
        2024-04-05 usage 8
        2024-04-11 pause 2024-04-21
        2024-04-15 usage 5
        2024-04-25 usage 3
        2024-05-15 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          base  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-05-01 c1 invoice 2
          calls  usage  2024-04-01..2024-05-01  x16  16.00
          total 16.00
        2024-05-11 c1 invoice 3
          base  2024-05-11..2024-06-11  30.00
          total 30.00
        """,
    )


def test_a_pause_without_an_end_goes_on_charging_usage_where_it_is_billed() -> None:
    story(
        """
        policy: {pause_usage: billed}
        plans: {base: 30}
        add_ons: {calls: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe base items=[calls]
        2024-04-11 pause
        2024-04-15 usage 5
        2024-05-15 usage 6
        2024-06-02 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          base  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-05-15 c1 invoice 2
          calls  usage  2024-04-01..2024-05-01  x5  5.00
          total 5.00
        2024-06-01 c1 invoice 3
          calls  usage  2024-05-01..2024-06-01  x6  6.00
          total 6.00
        """,
    )


def test_usage_until_the_very_instant_of_a_cancellation() -> None:
    """The fixed price ends with the 20th; usage at two o'clock."""
    story(
        """
        plans: {base: 30}
        add_ons: {calls: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe base items=[calls]
        2024-04-05 usage 8
        2024-04-20T13:00 usage 2
        2024-04-20T14:00 cancel now
        2024-04-20T15:00 usage 50
        2024-05-01 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          base  2024-04-01..2024-05-01  30.00
          total 30.00
        2024-04-20T14:00:00 c1 credit note 1
          calls  usage   2024-04-01..2024-04-20T14:00:00  x10   10.00
          base   credit  2024-04-20..2024-05-01                -11.00  of 1/1
          total -1.00
        2024-04-20T15:00:00 refused: after_end
        """,
    )


def test_after_the_end_late_usage_is_invoiced_once_when_the_window_closes() -> None:
    story(
        """
        plans: {api: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-05 usage 8
        2024-04-20 cancel now
        2024-04-22 usage meter=m events=[{at: 2024-04-19, value: 3}]
        2024-04-23 advance_to
        2024-04-24 usage meter=m events=[{at: 2024-04-19, value: 3}]
        2024-06-01 advance_to
        """,
        """
        2024-04-20 c1 invoice 1
          api  usage  2024-04-01..2024-04-20  x8  8.00
          total 8.00
        2024-04-23 c1 invoice 2
          api  usage  2024-04-01..2024-04-20  x11  3.00
          total 3.00
        2024-04-24 refused: late_window_closed
        """,
    )


def test_an_end_at_the_period_end_closes_three_days_later() -> None:
    story(
        """
        plans: {api: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-05 usage 8
        2024-04-10 cancel period_end
        2024-05-02 advance_to
        2024-05-03 usage meter=m events=[{at: 2024-04-19, value: 3}]
        2024-06-01 advance_to
        """,
        """
        2024-05-01 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  x8  8.00
          total 8.00
        2024-05-04 c1 invoice 2
          api  usage  2024-04-01..2024-05-01  x11  3.00
          total 3.00
        """,
    )


def test_cancelled_for_an_earlier_day_what_was_charged_since_is_given_back() -> None:
    story(
        """
        plans: {api: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-05 usage 8
        2024-04-15 usage 5
        2024-05-05 usage 7
        2024-06-01 advance_to
        2024-06-02 cancel 2024-04-11
        2024-07-01 advance_to
        """,
        """
        2024-05-05 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  x13  13.00
          total 13.00
        2024-06-01 c1 invoice 2
          api  usage  2024-05-01..2024-06-01  x7  7.00
          total 7.00
        2024-06-02 c1 credit note 1
          api  usage  2024-04-01..2024-04-11  x8  -5.00
          api  usage  2024-05-01..2024-06-01  x0  -7.00
          total -12.00
          balance 12.00
        """,
    )


def test_withdrawn_from_nothing_used_is_owed() -> None:
    """Article 9 of the directive: all is given back, usage too."""
    story(
        """
        policy: {progressive_threshold: 5}
        plans: {api: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-05 usage 8
        2024-04-05 bill_run
        2024-04-10 withdraw
        2024-04-20 advance_to
        """,
        """
        2024-04-05 c1 invoice 1
          api  usage  2024-04-01..2024-04-05  x8  8.00
          total 8.00
        2024-04-10 c1 credit note 1
          api  usage  2024-04-01..2024-05-01  x0  -8.00
          total -8.00
          balance 8.00
        """,
    )


def test_while_invoicing_is_held_usage_waits() -> None:
    story(
        """
        plans: {api: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-05 usage 8
        2024-04-10 hold_invoicing
        2024-05-05 bill_run
        2024-05-06 release_invoicing
        2024-06-01 bill_run
        """,
        """
        2024-05-06 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  x8  8.00
          total 8.00
        """,
    )


def test_a_weekly_meter_beside_a_monthly_plan() -> None:
    story(
        """
        plans: {base: 10}
        add_ons: {calls: {meter: m, amount: 1, interval: week}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe base items=[calls]
        2024-04-03 usage 1
        2024-04-10 usage 2
        2024-04-16 advance_to
        """,
        """
        2024-04-01 c1 invoice 1
          base  2024-04-01..2024-05-01  10.00
          total 10.00
        2024-04-10 c1 invoice 2
          calls  usage  2024-04-01..2024-04-08  1.00
          total 1.00
        2024-04-15 c1 invoice 3
          calls  usage  2024-04-08..2024-04-15  x2  2.00
          total 2.00
        """,
    )


def test_two_meters_two_lines() -> None:
    story(
        """
        plans: {base: 10}
        add_ons: {calls: {meter: calls, amount: 1}, disk: {meter: disk, amount: 2}}
        meters: {calls: {aggregation: sum}, disk: {aggregation: last}}

        2024-04-01 subscribe base items=[calls, disk]
        2024-04-03 usage 5 meter=calls
        2024-04-04 usage 40 meter=disk
        2024-04-05 usage 30 meter=disk
        2024-05-01 bill_run
        """,
        """
        2024-04-01 c1 invoice 1
          base  2024-04-01..2024-05-01  10.00
          total 10.00
        2024-05-01 c1 invoice 2
          calls  usage  2024-04-01..2024-05-01  x5    5.00
          disk   usage  2024-04-01..2024-05-01  x30  60.00
          base          2024-05-01..2024-06-01       10.00
          total 75.00
        """,
    )


def test_a_moved_billing_day_closes_the_period_there() -> None:
    """Up to the 10th it is a period of its own."""
    story(
        """
        plans: {api: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-05 usage 8
        2024-05-02 bill_run
        2024-05-02 set_anchor_day 10
        2024-05-05 usage 4
        2024-06-05 usage 2
        2024-06-15 usage 3
        2024-07-10 advance_to
        """,
        """
        2024-05-02 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  x8  8.00
          total 8.00
        2024-06-15 c1 invoice 2
          api  usage  2024-05-01..2024-06-01  x4  4.00
          total 4.00
        2024-06-15 c1 invoice 3
          api  usage  2024-06-01..2024-06-10  x2  2.00
          total 2.00
        2024-07-10 c1 invoice 4
          api  usage  2024-06-10..2024-07-10  x3  3.00
          total 3.00
        """,
    )


def test_another_interval_restarts_the_counting() -> None:
    story(
        """
        plans: {one: {meter: m, amount: 1}, week: {meter: m, amount: 1, interval: week}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe one
        2024-04-05 usage 8
        2024-04-16 change_plan week
        2024-04-17 usage 3
        2024-04-23 advance_to
        """,
        """
        2024-04-16 c1 invoice 1
          one  usage  2024-04-01..2024-04-16  x8  8.00
          total 8.00
        2024-04-23 c1 invoice 2
          week  usage  2024-04-16..2024-04-23  x3  3.00
          total 3.00
        """,
    )


def test_reactivated_it_is_a_new_agreement_with_usage_of_its_own() -> None:
    story(
        """
        plans: {api: {meter: m, amount: 1}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-05 usage 8
        2024-04-10 cancel now
        2024-04-12 reactivate
        2024-04-13 usage 3
        2024-04-13 usage meter=m events=[{at: 2024-04-11, value: 1}]
        2024-05-12 advance_to
        """,
        """
        2024-04-10 c1 invoice 1
          api  usage  2024-04-01..2024-04-10  x8  8.00
          total 8.00
        2024-04-13 refused: before_start
        2024-05-12 c1 invoice 2
          api  usage  2024-04-12..2024-05-12  x3  3.00
          total 3.00
        """,
    )


def test_a_meter_that_was_used_for_one_period_while_arrears_gather() -> None:
    """What is seen on the way are drafts of what nobody asked for yet: usage of a plan they have left."""
    story(
        """
        policy: {arrears_close: on_request}
        plans: {big: 31, calls: {model: per_unit, amount: 1, meter: calls}}
        meters: {calls: {}}

        2024-01-16 subscribe calls
        2024-02-17 change_plan big
        2024-02-20 change_plan big
        """,
        """
        2024-02-17 c1 invoice 1
          big  2024-02-17..2024-03-16  29.93
          total 29.93
        """,
    )
