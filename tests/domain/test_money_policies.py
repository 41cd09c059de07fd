"""Documents under every mixture of money policies: they add up, explain themselves and give back no more."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perennia.domain.amounts import amounts_of
from perennia.domain.calendar import midnight
from perennia.domain.charges import of_part
from perennia.domain.documents import DocumentKind, LineKind
from perennia.domain.explanation import evaluate, extras
from perennia.domain.facts import ItemKind, Paid, Payer, Seller, Subscription
from perennia.domain.ids import Id
from perennia.domain.money import ROUNDINGS, step_minor
from perennia.domain.policies import CHOICES, DEFAULTS, changed
from perennia.domain.proration import Part
from tests.domain.agreements import CURRENCIES, DISCOUNTS, Agreements, agreements
from tests.domain.world import Account, calculation_of, item, key, price, rate, seller, simple, subscription, utc

MONEY = (
    "rounding_mode", "rounding_level", "tax_rounding", "zero_document", "credit_becomes", "credit_basis",
    "difference_invoiced", "coupon_order", "coupon_counts", "coupon_on_prorations", "cancel_credit", "proration_unit",
)  # fmt: skip
STEPS = {"JPY": "10", "EUR": "0.05", "KWD": "0.005"}


@st.composite
def money_policies(draw: st.DrawFn, *, currency: str) -> dict[str, Any]:
    found = {name: draw(st.sampled_from(CHOICES[name])) for name in MONEY}
    return {**found, "cash_step": draw(st.sampled_from([None, None, STEPS[currency]]))}


@st.composite
def under_policies(draw: st.DrawFn) -> Agreements:
    """Agreements of one business, some with policies of their own, set-up fees and minimums."""
    drawn = draw(agreements())
    common = draw(money_policies(currency=drawn.payer.subscriptions[0].currency))
    own = [draw(_dressed(one, common)) for one in drawn.payer.subscriptions]
    return replace(drawn, payer=replace(drawn.payer, subscriptions=tuple(own)))


@st.composite
def _dressed(draw: st.DrawFn, one: Subscription, common: dict[str, Any]) -> Subscription:
    items = []
    for part in one.items:
        (version,) = part.versions
        fee, minimum = draw(st.sampled_from([None, "12.3456", "3"])), draw(st.sampled_from([None, "33.335", "900"]))
        if part.kind is ItemKind.ADJUSTMENT:
            fee = minimum = None
        dressed = replace(
            version.price, setup_fee=fee and Decimal(fee), period_minimum=minimum and Decimal(minimum),
            own_policies=draw(st.sampled_from([(), (), (("rounding_mode", "half_even"),)])),
        )  # fmt: skip
        items.append(replace(part, versions=(replace(version, price=dressed),)))
    stated = draw(st.sampled_from([{}, {}, {"rounding_level": "invoice"}, {"coupon_order": "as_applied"}]))
    return replace(one, items=tuple(items), policies=changed(changed(DEFAULTS, common), stated))


@dataclass(slots=True)
class Till(Account):
    """An account whose invoices are paid by payments of their own."""

    paid: dict[Id, Paid] = field(default_factory=dict)

    def pay(self, document, minor=None) -> None:
        amount = self.open_on[document.id] if minor is None else minor
        Account.pay(self, document, minor)
        if amount:
            self.paid[document.id] = Paid(document.id, key(), "manual", amount, amount)

    def facts(self) -> Payer:
        return replace(Account.facts(self), paid=tuple(self.paid.values()))


def lived(drawn: Agreements) -> Till:
    """Some months, of which every second invoice is paid, or half of it; then all is cancelled in what it has paid."""
    start = midnight(drawn.start, "UTC") - timedelta(days=10)
    till = Till(drawn.payer, drawn.seller).run(start, start + timedelta(days=75), every=timedelta(days=30))
    for index, document in enumerate(till.documents):
        if document.kind is DocumentKind.INVOICE and index % 3:
            till.pay(document, till.open_on[document.id] // 2 if index % 2 else None)
    cancel_at = midnight(drawn.start + timedelta(days=57), "UTC")
    for index, one in enumerate(till.payer.subscriptions):
        till.cancel(midnight(cancel_at.date(), one.zone), index=index)
    till.bill(start + timedelta(days=76))
    return till


@settings(max_examples=60, deadline=None)
@given(under_policies())
def test_documents_add_up_and_explain_themselves(drawn: Agreements) -> None:
    till = lived(drawn)
    for document in till.documents:
        assert document.net_minor == sum(line.net_minor for line in document.lines)
        assert document.tax_minor == sum(line.tax_minor for line in document.lines)
        assert (document.kind is DocumentKind.INVOICE) == (document.total_minor >= 0)
        for line in document.lines:
            stored = None if line.calculation is None else orjson.loads(orjson.dumps(extras(line.calculation)))
            calculation = calculation_of(line, document.currency, stored)
            if line.kind is not LineKind.CREDIT:
                assert line.calculation in (None, calculation)
            _, result = evaluate(calculation)
            assert result == line.net_minor + (line.tax_minor if line.tax_inclusive else 0)
            if line.kind not in (LineKind.CREDIT, LineKind.ROUNDING):
                listed = evaluate(replace(calculation, off=()))[1]
                assert line.discount_minor == listed - result and line.discount_minor * (listed or 1) >= 0


@settings(max_examples=60, deadline=None)
@given(under_policies())
def test_postings_sum_to_zero_and_credits_stay_within_charges(drawn: Agreements) -> None:
    till = lived(drawn)
    sums: Counter = Counter()
    accounts: Counter = Counter()
    for posting in till.postings:
        sums[posting.transaction_id, posting.currency] += posting.amount_minor
        accounts[posting.account.name] += posting.amount_minor
    assert not any(sums.values())
    lines = [(document, position, line) for document in till.documents for position, line in enumerate(document.lines)]
    rounding = sum(line.net_minor for _, _, line in lines if line.kind is LineKind.ROUNDING)
    assert accounts["ROUNDING"] == -rounding
    assert accounts["DEFERRED_REVENUE"] == rounding - sum(document.net_minor for document in till.documents)
    charged, credited = Counter(), Counter()
    for document, position, line in lines:
        if line.kind is LineKind.CREDIT:
            credited[line.credits] -= line.net_minor + line.tax_minor
        else:
            charged[document.id, position] = line.net_minor + line.tax_minor
    for place, amount in credited.items():
        assert abs(amount) <= abs(charged[place]) and amount * charged[place] >= 0
    assert till.balance >= 0


@settings(max_examples=60, deadline=None)
@given(under_policies())
def test_a_refund_is_within_what_was_paid_and_given_back(drawn: Agreements) -> None:
    till = lived(drawn)
    refunds = [refund for decision in till.decisions for refund in decision.refunds]
    back: Counter = Counter()
    for refund in refunds:
        back[refund.payment_id] += refund.amount_minor
    paid = {one.payment_id: one.amount_minor for one in till.paid.values()}
    assert all(0 < amount <= paid[payment_id] for payment_id, amount in back.items())
    notes = sum(-document.total_minor for document in till.documents if document.kind is DocumentKind.CREDIT_NOTE)
    assert sum(back.values()) <= notes
    may = any(one.policies.credit_becomes == "refund" for one in drawn.payer.subscriptions)
    assert may or not refunds
    assert sum(refund.from_balance_minor for refund in refunds) == sum(back.values())


@settings(max_examples=60, deadline=None)
@given(under_policies())
def test_totals_end_in_a_coin_and_nothing_is_no_document(drawn: Agreements) -> None:
    till = lived(drawn)
    policies = drawn.payer.subscriptions[0].policies
    for document in till.documents:
        if policies.cash_step is not None:
            step = step_minor(policies.cash_step, document.currency)
            assert document.total_minor % step == 0
            assert abs(document.rounding_minor) * 2 <= step
        if policies.zero_document == "skip" and not any(line.credits for line in document.lines):
            assert any(line.net_minor or line.tax_minor for line in document.lines)
    free = [part for decision in till.decisions for part in decision.free]
    assert policies.zero_document == "skip" or not free


def taxless() -> Seller:
    return seller(rate("0"))


exact_amounts = st.lists(
    st.builds(lambda units, places: str(Decimal(units).scaleb(-places)), st.integers(0, 10**6), st.integers(0, 6)),
    min_size=1, max_size=6,
)  # fmt: skip


@given(exact_amounts, st.sampled_from(sorted(ROUNDINGS)), st.sampled_from(sorted(CURRENCIES)), st.booleans())
def test_a_document_rounded_once_comes_to_its_rounded_sum(amounts, mode, currency, inclusive) -> None:
    under = changed(DEFAULTS, {"rounding_mode": mode, "rounding_level": "invoice"})
    one = simple("1", start=utc(2025, 1, 1).date())
    charges = []
    for amount in amounts:
        of = item(price(amount, currency=currency, inclusive=inclusive), start=utc(2025, 1, 1).date())
        part = Part(utc(2025, 1, 1), utc(2025, 2, 1), 1, 1)
        charges.append(of_part(one, of, of.versions[0], part, under, ()))
    found = amounts_of(charges)
    whole = sum((Fraction(*charge.exact) for charge in charges), Fraction(0))
    assert sum(amount.minor for amount in found) == ROUNDINGS[mode](whole.numerator, whole.denominator)
    for amount, charge in zip(found, charges, strict=True):
        assert 0 <= amount.minor - Fraction(*charge.exact).__floor__() == amount.share <= 1


@pytest.mark.parametrize(("level", "nets"), [("line", [34, 34, 34]), ("invoice", [34, 34, 33])])
def test_the_first_lines_have_the_units_that_are_left(level: str, nets: list[int]) -> None:
    start = utc(2025, 1, 1).date()
    goods = [item(price("0.335"), start=start)]
    goods += [item(price("0.335"), start=start, kind=ItemKind.ADD_ON, name=name) for name in "ab"]
    one = subscription(*goods, start=start, policies=changed(DEFAULTS, {"rounding_level": level}))
    till = Till(Payer(key(), key(), "DK", (one,)), taxless())
    till.bill(utc(2025, 1, 1))
    assert [line.net_minor for line in till.documents[0].lines] == nets


@given(
    st.lists(DISCOUNTS, max_size=3),
    st.sampled_from(["percent_first", "as_applied"]),
    st.sampled_from(sorted(ROUNDINGS)),
)
def test_what_discounts_leave_can_be_worked_out_again_from_what_was_taken_off(discounts, order, mode) -> None:
    start = utc(2025, 1, 1).date()
    under = changed(DEFAULTS, {"rounding_mode": mode, "coupon_order": order})
    one = simple("33.333", start=start, discounts=tuple(discounts), policies=under)
    till = Till(Payer(key(), key(), "DK", (one,)), taxless())
    till.bill(utc(2025, 1, 1))
    line = till.documents[0].lines[0]
    assert 0 <= line.net_minor <= 3333
    assert evaluate(calculation_of(line, "EUR", line.calculation and extras(line.calculation)))[1] == line.net_minor
