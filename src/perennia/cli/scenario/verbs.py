"""What each verb does: one call into operations. A new verb is one function here and its arguments in `grammar.py`."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from perennia.cli.scenario import limits, money
from perennia.cli.scenario.script import Act
from perennia.cli.scenario.stage import ACTOR, Stage
from perennia.domain.errors import CurrencyMismatch, InvalidValue
from perennia.domain.facts import CollectionMode
from perennia.domain.money import exponent
from perennia.jobs import advancing, billing
from perennia.operations import billing_details, changes, pauses, ramps, redemptions, subscriptions, terms
from perennia.operations.chosen import Chosen
from perennia.operations.ramps import Step
from perennia.operations.subscriptions import TermAsked


def create_customer(stage: Stage, act: Act) -> None:
    assert act.customer is not None
    stage.create_customer(act.customer, act.given)


def set_time_zone(stage: Stage, act: Act) -> None:
    billing_details.set_time_zone(
        tenant=stage.tenant,
        actor=ACTOR,
        customer_id=stage.customer(act.customer or ""),
        zone=act.given.get("timezone"),
        now=stage.now,
    )


def subscribe(stage: Stage, act: Act) -> None:
    assert act.customer is not None and act.subscription is not None
    given = act.given
    currency = _currency(stage, act)
    aligned = {"alignment": given["alignment"]} if "alignment" in given else {}
    stage.subscriptions[act.subscription] = subscriptions.start(
        tenant=stage.tenant,
        actor=ACTOR,
        customer_id=stage.customer(act.customer),
        items=_items(stage, act, currency),
        now=stage.now,
        start_on=given.get("start_date"),
        anchor_on=given.get("anchor"),
        trial_ends_on=given.get("trial_end"),
        trial_days=given.get("trial_days"),
        cancel_on=given.get("end_date"),
        term=_term(given.get("term")),
        collection=CollectionMode(given.get("collection", "automatic")),
        net_days=given.get("net_days", 0),
        external_id=act.subscription,
        addon_of=stage.named(given["addon_of"]) if "addon_of" in given else None,
        apart=given.get("apart", False),
        policy={**aligned, **act.policy} or None,
        coupon=given.get("coupon"),
        po_number=given.get("po_number"),
        payment_behavior=given.get("payment_behavior", "allow"),
        ramp=_steps(stage, given.get("ramp", ()), currency),
    )
    stage.currencies[act.subscription], stage.owners[act.subscription] = currency, act.customer


def _items(stage: Stage, act: Act, currency: str) -> list[Chosen]:
    given = act.given
    wanted = [(given["plan"], given.get("quantity"), given.get("amount"))] if "plan" in given else []
    wanted += [(one["code"], one["quantity"], one["amount"]) for one in given.get("items", ())]
    return [_chosen(stage, act, *one, currency=currency) for one in wanted]


def _currency(stage: Stage, act: Act) -> str:
    """The one that is asked for, else that of the price that is named, else the scenario's."""
    given = act.given
    named = [given["plan"]] if "plan" in given else [item["code"] for item in given.get("items", ())]
    found = [price.currency for code in named for price in stage.script.prices if price.code == code]
    return given.get("currency") or (found[0] if found else stage.script.currency)


def _chosen(
    stage: Stage, act: Act, code: str, quantity: Decimal | None, amount: Decimal | None, *, currency: str
) -> Chosen:
    """Raises UnknownCurrency, and CurrencyMismatch where it is not sold in the currency that was asked for."""
    price = stage.price(code, currency=currency)
    if (asked := act.given.get("currency")) is not None:
        exponent(asked)
        offered = stage.currency_of_price(price)
        if asked != offered:
            raise CurrencyMismatch(expected=offered, given=asked)
    return Chosen(price, Decimal(1) if quantity is None else quantity, amount)


def _term(given: Mapping[str, Any] | None) -> TermAsked | None:
    return None if given is None else TermAsked(given["periods"], given["then"] or "renew")


def _steps(stage: Stage, given: Sequence[Mapping[str, Any]], currency: str) -> list[Step]:
    return [
        Step(
            at=one["at"],
            after_periods=one["after_periods"],
            price_id=None if one["price"] is None else stage.price(one["price"], currency=currency),
            quantity=one["quantity"],
            unit_amount=one["amount"],
        )
        for one in given
    ]


def ramp(stage: Stage, act: Act) -> None:
    steps = _steps(stage, act.given["steps"], stage.currency_of(act))
    stage.asked(act, *ramps.ramp(**_on(stage, act), steps=steps))


def change_plan(stage: Stage, act: Act) -> None:
    given = act.given
    made = changes.change_plan(
        **_on(stage, act),
        price_id=stage.price(given["plan"], currency=stage.currency_of(act)),
        quantity=given.get("quantity"),
        unit_amount=given.get("amount"),
        **_when(given),
    )
    stage.asked(act, made)


def set_quantity(stage: Stage, act: Act) -> None:
    given = act.given
    item = stage.item(act, given["item"]) if "item" in given else None
    made = changes.set_quantity(**_on(stage, act), quantity=given["quantity"], item_id=item, **_when(given))
    stage.asked(act, made)


def add_item(stage: Stage, act: Act) -> None:
    given = act.given
    code, currency = given["add_on"], stage.currency_of(act)
    chosen = _chosen(stage, act, code, given.get("quantity"), given.get("amount"), currency=currency)
    stage.asked(act, changes.add_item(**_on(stage, act), chosen=chosen, **_when(given)))


def remove_item(stage: Stage, act: Act) -> None:
    item = stage.item(act, act.given["item"])
    stage.asked(act, changes.remove_item(**_on(stage, act), item_id=item, when=act.given.get("when")))


def set_anchor_day(stage: Stage, act: Act) -> None:
    given = act.given
    day = given["day"] if "day" in given else given["anchor"].day
    if "anchor" in given and given["anchor"].day != day:
        raise InvalidValue(field="day", value=day, reason="the anchor is on another day of the month; leave one out")
    stage.asked(act, *changes.set_billing_day(**_on(stage, act), day=day))


def unchange(stage: Stage, act: Act) -> None:
    changes.withdraw_change(**_on(stage, act, policy=False), change_id=stage.change(act))


def cancel(stage: Stage, act: Act) -> None:
    subscriptions.cancel(**_on(stage, act), when=act.given.get("when"))


def uncancel(stage: Stage, act: Act) -> None:
    subscriptions.uncancel(**_on(stage, act, policy=False))


def reactivate(stage: Stage, act: Act) -> None:
    """The name is the new subscription's from now on."""
    assert act.subscription is not None
    found = subscriptions.reactivate(**_on(stage, act), start_on=act.given.get("start_date"))
    stage.subscriptions[act.subscription] = found


def withdraw(stage: Stage, act: Act) -> None:
    immediate = act.given.get("immediate_start", False)
    subscriptions.withdraw(**_on(stage, act), immediate_start=immediate)


def pause(stage: Stage, act: Act) -> None:
    given = act.given
    pauses.pause(
        **_on(stage, act), when=given.get("when", "now"), until=given.get("until"), periods=given.get("periods")
    )


def resume(stage: Stage, act: Act) -> None:
    pauses.resume(**_on(stage, act), when=act.given.get("when", "now"))


def skip(stage: Stage, act: Act) -> None:
    pauses.skip(**_on(stage, act), periods=act.given.get("periods", 1))


def set_trial_end(stage: Stage, act: Act) -> None:
    terms.set_trial_end(**_on(stage, act), trial_ends_on=act.given["trial_end"])


def end_trial(stage: Stage, act: Act) -> None:
    terms.end_trial(**_on(stage, act))


def set_term_end(stage: Stage, act: Act) -> None:
    given = act.given
    terms.set_term(
        **_on(stage, act, policy=False),
        ends_on=given.get("term_end"),
        periods=given.get("periods"),
        then=given.get("then", "renew"),
    )


def hold_invoicing(stage: Stage, act: Act) -> None:
    terms.hold_invoicing(**_on(stage, act, policy=False))


def release_invoicing(stage: Stage, act: Act) -> None:
    terms.release_invoicing(**_on(stage, act, policy=False))


def issue_drafts(stage: Stage, act: Act) -> None:
    terms.issue_drafts(**_on(stage, act, policy=False))


def apply_coupon(stage: Stage, act: Act) -> None:
    """To the subscription that is named, else to the customer."""
    subscription = None if act.subscription is None else stage.subscription(act)
    redemptions.redeem(
        tenant=stage.tenant,
        actor=ACTOR,
        code=act.given["coupon"],
        now=stage.now,
        subscription_id=subscription,
        customer_id=stage.customer(act.customer or "") if subscription is None else None,
    )


def bill_run(stage: Stage, act: Act) -> None:
    billing.run_until_done(tenant=stage.tenant, as_of=stage.now, now=stage.now)


def _when(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"when": given.get("when"), "payment_gated": given.get("payment_gated", False)}


def _on(stage: Stage, act: Act, *, policy: bool = True) -> dict[str, Any]:
    """What every act on a subscription is told: whose books, who asks, which one, when, and the act's own policies."""
    told = {"tenant": stage.tenant, "actor": ACTOR, "subscription_id": stage.subscription(act), "now": stage.now}
    return {**told, "policy": act.policy or None} if policy else told


PLAYED: dict[str, Callable[[Stage, Act], None]] = (
    {
        play.__name__: play
        for play in (
            create_customer,
            set_time_zone,
            subscribe,
            change_plan,
            set_quantity,
            ramp,
            add_item,
            remove_item,
            set_anchor_day,
            unchange,
            cancel,
            uncancel,
            reactivate,
            withdraw,
            pause,
            resume,
            skip,
            set_trial_end,
            end_trial,
            set_term_end,
            hold_invoicing,
            release_invoicing,
            issue_drafts,
            apply_coupon,
            bill_run,
        )
    }
    | money.PLAYED
    | limits.PLAYED
)
"""All verbs but `advance_to`, which is many steps."""


def advance_to(stage: Stage, act: Act, *, told: Callable[[], None]) -> None:
    """Move the clock to the goal through every instant at which anything is due; `told` is called after each step."""

    def after(so_far: advancing.Advanced) -> None:
        stage.now = so_far.clock
        told()

    goal = act.given.get("to") or act.at
    advancing.walk(
        tenant=stage.tenant, start=stage.now, to=goal, calls=None, machine_now=lambda: stage.now, progress=after
    )
    stage.now = goal
