"""What usage comes to: by the month, cut at a change, corrected, invoiced before its time, watched and capped."""

from dataclasses import replace

import pytest

from perennia.domain.metering import Aggregation
from perennia.domain.stretches import closes_for_good
from perennia.domain.usage import NotMeasured, Tally
from tests.domain.measured import (
    a_meter,
    alert,
    book,
    cap,
    graduated,
    moment,
    per_unit,
    table,
)
from tests.domain.world import DAILY, WEEKLY

TIERS = ("10: 1.00", "*: 0.50")


@pytest.mark.parametrize(
    ("aggregation", "due"),
    [
        (Aggregation.SUM, "4-01..5-01: 13 = 1300 - 0"),
        (Aggregation.COUNT, "4-01..5-01: 4 = 400 - 0"),
        (Aggregation.MAX, "4-01..5-01: 8 = 800 - 0"),
        (Aggregation.LAST, "4-01..5-01: 2 = 200 - 0"),
    ],
)
def test_the_events_of_a_period_become_one_quantity(aggregation: Aggregation, due: str):
    meter = a_meter(aggregation)
    told = book(meter, ("3-01", per_unit("1.00", meter)))
    told.use("3-31 23:59 100", "4-01 3", "4-10 12:00 8", "4-20 0", "4-30 23:59 2", "5-01 50")
    assert told.due("5-01").splitlines()[-1] == due


def test_people_are_counted_once_in_a_period():
    meter = a_meter(Aggregation.UNIQUE)
    told = book(meter, ("3-01", per_unit("5.00", meter)))
    told.use("4-02 eva", "4-02 bo", "4-20 eva", "4-29 ida")
    assert told.due("5-01") == "4-01..5-01: 3 = 1500 - 0"


def test_nothing_used_is_no_line_unless_wanted():
    meter = a_meter()
    for policy, due in (("no", ""), ("yes", "4-01..5-01: 0 = 0 - 0")):
        told = book(meter, ("4-01", per_unit("1.00", meter)), zero_usage_line=policy)
        assert told.due("5-01") == due
        assert told.due("5-01") == ""


def test_what_was_used_for_nothing_is_shown():
    meter = a_meter()
    told = book(meter, ("4-01", graduated(meter, "100: 0", "*: 1.00")))
    told.use("4-02 50")
    assert told.due("5-01") == "4-01..5-01: 50 = 0 - 0"


CUTS = {
    # 8 calls before the change on the 16th at 1.00 and 0.50 above ten, 8 after it at twice as much
    ("at_change", "own"): """\
4-01..4-16: 8 = 800 - 0
4-16..5-01: 8 = 1600 - 0""",
    # half the month, half the tier: five at the first price
    ("at_change", "prorated"): """\
4-01..4-16: 8 = 650 - 0
4-16..5-01: 8 = 1300 - 0""",
    # two of the eight are the ninth and tenth of the month
    ("at_change", "whole_period"): """\
4-01..4-16: 8 = 800 - 0
4-16..5-01: 8 = 1000 - 0""",
    ("at_invoice", "own"): "4-01..5-01: 16 = 2600 - 0",
    ("at_invoice", "whole_period"): "4-01..5-01: 16 = 2600 - 0",
    ("at_invoice", "prorated"): "4-01..5-01: 16 = 2600 - 0",
}


@pytest.mark.parametrize(("cut", "tiers"), list(CUTS))
def test_a_change_of_price_cuts_the_usage_of_its_period(cut: str, tiers: str):
    meter = a_meter()
    old, new = graduated(meter, *TIERS), graduated(meter, "10: 2.00", "*: 1.00")
    told = book(meter, ("4-01", old), ("4-16", new), usage_cut=cut, tiers_after_cut=tiers)
    told.use("4-03 8", "4-16 8")
    at_change = told.due("4-16")
    assert "\n".join(filter(None, [at_change, told.due("5-01")])) == CUTS[cut, tiers]
    assert bool(at_change) == (cut == "at_change")


def test_usage_is_cut_at_the_real_instant():
    meter = a_meter()
    told = book(meter, ("4-01", per_unit("1.00", meter)), ("4-16 14:30", per_unit("3.00", meter)))
    told.use("4-16 14:29 1", "4-16 14:30 1")
    assert told.due("4-16 14:30") == "4-01..4-16 14:30: 1 = 100 - 0"
    assert told.due("5-01") == "4-16 14:30..5-01: 1 = 300 - 0"


LEVELS = {
    # fifty before the change, sixty after it, at 1.00 and then 2.00
    ("max", "own"): (5000, 12000),
    ("max", "prorated"): (2500, 6000),
    ("max", "whole_period"): (2500, 6000),
    ("last", "own"): (5000, 12000),
    ("last", "prorated"): (2500, 6000),
    # three people before it, two of them again after it with a fourth
    ("unique", "own"): (300, 600),
    ("unique", "prorated"): (300, 600),
    ("unique", "whole_period"): (300, 200),
}


@pytest.mark.parametrize(("aggregation", "tiers"), list(LEVELS))
def test_levels_and_people_at_a_cut(aggregation: str, tiers: str):
    meter = a_meter(Aggregation(aggregation))
    prices = ("4-01", per_unit("1.00", meter)), ("4-16", per_unit("2.00", meter))
    told = book(meter, *prices, tiers_after_cut=tiers)
    if aggregation == "unique":
        told.use("4-02 eva", "4-02 bo", "4-03 ida", "4-20 eva", "4-21 bo", "4-22 kaj")
    else:
        told.use("4-02 40", "4-03 50", "4-20 55", "4-28 60")
    told.due("4-16")
    told.due("5-01")
    assert tuple(told.charged.values()) == LEVELS[aggregation, tiers]


def test_another_meter_after_a_change_has_its_own_count():
    calls, seats = a_meter(), replace(a_meter(Aggregation.COUNT), code="seats")
    told = book(calls, ("4-01", per_unit("1.00", calls)), ("4-16", per_unit("9.00", seats)), usage_cut="at_invoice")
    told.meters[seats.id] = seats
    told.use("4-03 8", "4-20 100")
    assert told.due("4-16") == "4-01..4-16: 8 = 800 - 0"
    assert told.due("5-01") == "4-16..5-01: 1 = 900 - 0"


def test_a_late_event_is_charged_with_the_next_invoice():
    meter = a_meter()
    told = book(meter, ("3-01", graduated(meter, *TIERS)))
    told.use("4-03 8", "5-02 1")
    assert told.due("5-01") == "4-01..5-01: 8 = 800 - 0"
    told.use("4-30 4")
    assert told.due("6-01") == "4-01..5-01: 12 = 1100 - 800\n5-01..6-01: 1 = 100 - 0"
    told.use("4-30 9")  # nobody takes it so late; were it there all the same, April is closed
    assert told.due("7-01") == ""


def test_a_correction_gives_back_what_was_too_much():
    meter = a_meter()
    told = book(meter, ("4-01", graduated(meter, *TIERS)))
    told.use("4-03 30")
    assert told.due("5-01") == "4-01..5-01: 30 = 2000 - 0"
    told.events.clear()
    told.use("4-03 3")
    assert told.due("6-01") == "4-01..5-01: 3 = 300 - 2000"


def test_late_events_of_short_periods_are_all_taken_up():
    meter = a_meter()
    told = book(meter, ("4-01", per_unit("1.00", meter)))
    (version,) = told.item.versions
    daily = replace(version, series=replace(version.series, interval=DAILY))
    told.subscription = replace(told.subscription, items=(replace(told.item, versions=(daily,)),))
    told.use("4-01 1", "4-02 1", "4-03 1")
    for day, due in (("4-02", "4-01..4-02"), ("4-03", "4-02..4-03"), ("4-04", "4-03..4-04")):
        assert told.due(day) == f"{due}: 1 = 100 - 0"
    told.use("4-01 5", "4-03 5")
    assert told.due("4-05") == "4-01..4-02: 6 = 600 - 100\n4-03..4-04: 6 = 600 - 100"


def test_after_the_end_the_last_usage_waits_for_its_window_to_close():
    meter = a_meter()
    told = book(meter, ("4-01", per_unit("1.00", meter)), ends="4-20 08:00", late_window_days=3)
    told.use("4-03 8", "4-20 07:59 1", "4-20 08:00 50")
    version = told.item.versions[0]
    assert told.due("4-20 08:00") == "4-01..4-20 08:00: 9 = 900 - 0"
    closes = closes_for_good(told.subscription, told.item, version)
    assert closes == moment("4-23 08:00")
    told.use("4-19 2")
    assert told.due("4-23 08:00") == "4-01..4-20 08:00: 11 = 1100 - 900"
    tally = told.tally(moment("4-23 08:00"))
    assert tally.closed(told.subscription, told.item, moment("4-23 07:59")) == []
    assert tally.closed(told.subscription, told.item, moment("4-23 08:00")) == [version.id]


def test_a_version_that_was_followed_is_looked_at_until_its_period_is_closed():
    meter = a_meter()
    told = book(meter, ("4-01", per_unit("1.00", meter)), ("4-16", per_unit("2.00", meter)), usage_cut="at_invoice")
    first, second = told.item.versions
    assert closes_for_good(told.subscription, told.item, first) == moment("5-04")
    assert closes_for_good(told.subscription, told.item, second) is None


def test_another_interval_begins_a_period_of_its_own():
    meter = a_meter()
    told = book(
        meter, ("4-01", graduated(meter, *TIERS)), ("4-16", graduated(meter, *TIERS)), tiers_after_cut="whole_period"
    )
    first, second = told.item.versions
    weekly = replace(second, series=replace(second.series, anchor=moment("4-16").replace(tzinfo=None), interval=WEEKLY))
    told.subscription = replace(told.subscription, items=(replace(told.item, versions=(first, weekly)),))
    told.use("4-03 10", "4-17 10")
    assert told.due("4-16") == "4-01..4-16: 10 = 1000 - 0"
    told.use("4-15 2")
    assert told.due("4-23") == "4-01..4-16: 12 = 1100 - 1000\n4-16..4-23: 10 = 1000 - 0"


def test_what_is_not_measured_is_asked_for():
    meter = a_meter()
    told = book(meter, ("4-01", per_unit("1.00", meter)))
    before = told.told_at(moment("5-01"))
    told.subscription = book(meter, ("4-01", per_unit("1.00", meter)), ("4-16", per_unit("2.00", meter))).subscription
    with pytest.raises(NotMeasured) as asked:
        Tally(before).due(told.subscription, told.item, moment("4-16"))
    assert [(one.start, one.end) for one in asked.value.questions] == [(moment("4-01"), moment("4-16"))]


def test_what_is_used_in_the_trial_is_free():
    meter = a_meter()
    told = book(meter, ("4-01", per_unit("1.00", meter)))
    told.subscription = replace(told.subscription, trial_ends_at=moment("4-11"))
    told.use("4-10 8", "4-11 2")
    assert told.due("5-01") == "4-11..5-01: 2 = 200 - 0"


def test_months_without_a_run_are_settled_in_order():
    meter = a_meter()
    told = book(meter, ("3-01", per_unit("1.00", meter)))
    told.use("3-05 1", "4-05 2", "5-05 3")
    tally = told.tally(moment("6-01"), running=False)
    found = [
        charge
        for month in ("4-01", "5-01", "6-01")
        for charge in tally.due(told.subscription, told.item, moment(month))
    ]
    assert table(found) == "3-01..4-01: 1 = 100 - 0\n4-01..5-01: 2 = 200 - 0\n5-01..6-01: 3 = 300 - 0"


def test_at_the_threshold_what_is_unbilled_is_due_at_once():
    meter = a_meter()
    told = book(meter, ("4-01", graduated(meter, *TIERS)), progressive_threshold="9.00")
    told.use("4-03 8")
    assert told.progressive("4-04") == ""
    told.use("4-05 1")
    assert told.progressive("4-06") == "4-01..4-06: 9 = 900 - 0"
    assert told.progressive("4-06") == ""
    told.use("4-07 19")
    assert told.progressive("4-10 09:30") == "4-01..4-10 09:30: 28 = 1900 - 900"
    told.use("4-20 2")
    assert told.due("5-01") == "4-01..5-01: 30 = 2000 - 1900"


def test_an_alert_is_told_once_in_each_period():
    meter = a_meter()
    quantity, amount, far = alert(meter, "10"), alert(meter, amount=2000), alert(meter, "1000")
    told = book(meter, ("3-01", per_unit("1.00", meter)), limits=(quantity, amount, far))
    told.use("4-03 12", "4-05 8", "5-02 10")
    assert told.reached("4-02") == []
    assert told.reached("4-04") == [quantity]
    assert told.reached("4-04") == []
    assert told.reached("4-06") == [amount]
    assert told.reached("5-03") == [quantity]


def test_an_alert_counts_the_whole_period_after_a_cut():
    meter = a_meter()
    prices = ("4-01", per_unit("1.00", meter)), ("4-16", per_unit("2.00", meter))
    told = book(meter, *prices, limits=[alert(meter, "10"), alert(meter, amount=1700)])
    told.use("4-03 5", "4-17 5")
    assert told.reached("4-18") == [told.limits[0]]


def test_beyond_a_cap_nothing_is_counted():
    meter = a_meter()
    prices = ("4-01", per_unit("1.00", meter)), ("4-16", per_unit("2.00", meter))
    told = book(meter, *prices, limits=[cap(meter, "10")])
    told.use("4-03 8", "4-20 8", "5-02 50")
    told.due("4-16")
    assert told.due("5-01") == "4-16..5-01: 2 = 400 - 0"
    assert told.due("6-01") == "5-01..6-01: 10 = 2000 - 0"


def test_a_sum_below_zero_costs_nothing():
    meter = replace(a_meter(), negative=True)
    told = book(meter, ("4-01", per_unit("1.00", meter)))
    told.use("4-03 5", "4-04 -8")
    assert told.due("5-01") == ""


@pytest.mark.parametrize("tiers", ["own", "prorated", "whole_period"])
@pytest.mark.parametrize("aggregation", list(Aggregation))
def test_a_second_look_finds_nothing(aggregation: Aggregation, tiers: str):
    meter = a_meter(aggregation)
    prices = ("3-01", graduated(meter, *TIERS)), ("4-10 09:00", graduated(meter, "5: 3.00", "*: 0.125"))
    told = book(meter, *prices, tiers_after_cut=tiers, ends="5-20")
    told.use("3-15 7", "4-02 9", "4-09 3", "4-11 4.5", "4-30 0.333", "5-01 11", "5-19 1")
    for at in ("4-01", "4-10 09:00", "5-01", "5-20", "5-23"):
        told.due(at)
        assert told.due(at) == ""
