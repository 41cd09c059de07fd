"""Usage that a change cuts in two: at which instant, by which tiers, and what is rated anew."""

import pytest

from tests.scenarios.told import story

pytestmark = pytest.mark.usefixtures("database")


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
          two  usage   2024-04-01..2024-05-01           x12   36.00
          one  credit  2024-04-01..2024-04-10T11:00:00       -10.00  of 1/1
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
          two  usage   2024-04-11..2024-05-01  x5    10.00
          two  usage   2024-05-01..2024-06-01  x13   26.00
          one  credit  2024-04-01..2024-05-01        -5.00  of 1/1
          one  credit  2024-05-01..2024-06-01       -13.00  of 2/1
          total 18.00
        """,
    )
