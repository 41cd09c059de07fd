"""What a person gets wrong in a scenario is told with what, why and what to do; nothing is taken in silence."""

from collections.abc import Sequence

import pytest

from perennia.cli.scenario.reading import read
from perennia.cli.scenario.tree import Unreadable
from tests.scenarios.told import NOW, in_full

pytestmark = pytest.mark.usefixtures("database")

_SHOP = "plans: {basic: 100}\nadd_ons: {seat: 5}\ncoupons: {TEN: {percent: 10}}\nmeters: {m: {}}\n"


def sentences(scenario: str) -> Sequence[str]:
    """What the plain form says of each refusal, or of the whole file."""
    from perennia.cli.scenario.playing import play
    from perennia.cli.scenario.tables import as_text

    try:
        lines = as_text(play(read(scenario), now=NOW)).splitlines()
    except Unreadable as refused:
        return [str(refused)]
    return [line.partition("refused: ")[2] for line in lines if "refused: " in line]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("subscribe plan=basic trial_days=3 trial_end=2024-02-01",
         "invalid_value (line 15, timeline[1]: trial_days and trial_end cannot both be given; leave one out)"),
        ("pause until=2024-02-01 periods=2", "until and periods cannot both be given; leave one out"),
        ("set_term_end term_end=2025-01-01 periods=2", "term_end and periods cannot both be given; leave one out"),
        ("usage value=3 events=[{value: 4}]", "value and events cannot both be given; leave one out"),
        ("credit_note lines=[{line: 1}] amount=4", "lines and amount cannot both be given; leave one out"),
        ("set_anchor_day day=3 anchor=2024-01-05",
         "invalid_value (day cannot be 3: the anchor is on another day of the month; leave one out.)"),
        ("bill_run policy={prorations: none}", "policy.prorations: policy cannot be prorations: no policy has this name."),
        ("grant_credit amount=5 policy={proration: halves}",
         "policy.proration: proration cannot be halves: one of prorate, none, full."),
        ("resume", "not_paused (c1 has no pause, running or to come; pause it first.)"),
        ("credit_note amount=500", "(500.00 is more than the 100.00 that are left of line invoice 1/1;"),
        ("record_payment 99", "not_found (This customer has no invoice 99; `document` is an invoice's number or `last`"),
        ("refund 5", "not_found (c1 has paid nothing that could be given back; a record_payment comes first.)"),
        ("usage 1e-13", "bad_value (The usage event event-1 is not counted: its value must be a decimal number below 10 to"),
        ("set_quantity 1,5", "'1,5' is no number; write it with a point and nothing between thousands, like 1250.50"),
        ("subscribe plan=basic alignment=monthly",
         "anniversary, calendar, customer_day, base, or billing_day(n) with a day from 1 to 31.)"),
        ("create_customer customer=eva email=nope", "invalid_value (email cannot be nope: write it as name@example.com.)"),
    ],
)  # fmt: skip
def test_an_entry(entry: str, said: str) -> None:
    (told,) = sentences(in_full(f"{_SHOP}\n2024-01-01 subscribe basic\n2024-01-10 {entry}\n"))
    assert said in told


def test_with_nobody_to_cancel_for_it_says_where_to_look() -> None:
    *_, told = sentences("timeline:\n- {at: 2024-01-01, subscribe: basic}\n- {at: 2024-01-01, cancel: }\n")
    assert told == (
        "not_found (c1 has no subscription; look whether its subscribe was refused, or name the customer or "
        "subscription meant.)"
    )


@pytest.mark.parametrize(
    ("scenario", "said"),
    [
        ("catalogue: {plans: {basic: }}\ntimeline: []",
         "invalid_value (catalogue.plans.basic: unit price cannot be none: a flat price needs it.)"),
        ("catalogue: {plans: {a: 5}, add_ons: {a: 6}}\ntimeline: []",
         "already_exists (catalogue.add_ons.a: There is already a price with this code;"),
        ("catalogue: {plans: [{code: a, amount: 5}, {code: a, amount: 6}]}\ntimeline: []",
         "already_exists (catalogue.plans.a: There is already a plan with this code;"),
        ("catalogue: {plans: {a: {meter: calls, amount: 1}}}\ntimeline: []",
         "not_found (catalogue.plans.a: There is no meter"),
        ("catalogue: {coupons: {X: {percent: 200}}}\ntimeline: []",
         "invalid_value (catalogue.coupons.X: percent off cannot be 200: above 0, up to 100.)"),
        ("catalogue: {coupons: {X: {percent: 1, from: 2024-02-01, to: 2024-01-01}}}\ntimeline: []",
         "(catalogue.coupons.X: the end of a coupon cannot be 2024-01-01T00:00:00+00:00: after the coupon's first day.)"),
        ("tax: -5\ntimeline: []", "invalid_value (tax: percent cannot be -5: 0 up to 100, at most 4 decimals.)"),
        ("catalogue: {products: {p: {name: ''}}, meters: {m: {aggregation: max, negative: yes}}}\ntimeline: []",
         "(catalogue.meters.m: negative cannot be max: only a sum has parts below zero.)"),
        ("catalogue: {plans: {a: {amount: 5, prices: [{amount: 6}]}}}\ntimeline: []",
         "catalogue.plans.a.amount: 'amount' is no key of a plan with a list of prices; the keys are code, name, prices,"),
        ("catalogue: {coupons: {X: {percent: 1, duration: twice}}}\ntimeline: []",
         "'twice' is no duration; write once, forever, 3 or 3 periods"),
        ("timeline:\n- subscribe basic\n",
         "line 2, timeline[0]: an entry is expected here, as in {at: 2024-01-31, subscribe: basic})"),
        ("timeline:\n- &a {at: 2024-01-01, bill_run: }\n- {<<: *a}\n",
         "line 3, timeline[1]: `<<` has no meaning here; write out what it stands for)"),
    ],
)  # fmt: skip
def test_a_file(scenario: str, said: str) -> None:
    (told,) = sentences(scenario)
    assert said in told


def test_who_is_not_exempt_pays_tax() -> None:
    """`exempt` is a reason, and no is none."""
    from perennia.cli.scenario.playing import play

    text = (
        "tax: 25\ncatalogue: {plans: {basic: 100}}\ntimeline:\n- {at: 2024-01-01, create_customer: {exempt: no}}\n"
        "- {at: 2024-01-01, subscribe: basic}\n"
    )
    (moment,) = play(read(text), now=NOW).moments
    assert [document.tax_minor for document in moment.documents] == [2500]
