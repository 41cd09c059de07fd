"""Every operation that is told an id, and what each of its other arguments may be: for strangers to try."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from perennia import operations
from perennia.config.clock import now as machine_now
from perennia.domain.metering import LimitKind
from perennia.domain.pricing import Model
from perennia.operations import changes, coupons, one_offs, payments, redemptions, usage
from perennia.operations.chosen import Chosen
from perennia.operations.one_offs import FreeLine
from perennia.operations.ramps import Step
from tests.defects.crowd import one
from tests.operations.counter import pays
from tests.operations.metered import metered_shop
from tests.operations.shop import Shop

INSIDE = ("agreements", "books", "desk", "booking", "recovery", "settlement", "capping", "recording", "draft_payments")
"""Parts of operations, which themselves have looked by then."""


@dataclass(frozen=True, slots=True)
class Case:
    """One operation with one id of another tenant's."""

    operation: Callable[..., Any]
    stranger: str

    @property
    def name(self) -> str:
        return f"{self.operation.__module__.rsplit('.', 1)[1]}.{self.operation.__name__}-{self.stranger}"


def cases() -> list[Case]:
    """Every public operation of a tenant, once for each id that it can be told."""
    found = []
    for name in sorted(module.name for module in pkgutil.iter_modules(operations.__path__)):
        if name in INSIDE:
            continue
        module = importlib.import_module(f"perennia.operations.{name}")
        for operation in _own(module):
            parameters = inspect.signature(operation).parameters
            if "tenant" in parameters:
                ids = [each for each in parameters if each in IDS]
                found += [Case(operation, each) for each in ids]
    return found


def _own(module: Any) -> Iterator[Callable[..., Any]]:
    for name, found in vars(module).items():
        if inspect.isfunction(found) and found.__module__ == module.__name__ and not name.startswith("_"):
            yield found


def arguments(case: Case, *, ours: "Shelf", theirs: "Shelf") -> dict[str, Any]:
    """What the operation is told: all that it needs is ours, the id at hand is theirs."""
    parameters = inspect.signature(case.operation).parameters
    given: dict[str, Any] = {}
    for name, parameter in parameters.items():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            continue
        if name == case.stranger:
            given[name] = theirs.ids[name]
        elif parameter.default is inspect.Parameter.empty:
            given[name] = ours.ids[name] if name in IDS else OTHERS[name](ours)
    return given | _beside(case, ours)


def _beside(case: Case, ours: "Shelf") -> dict[str, Any]:
    """What an operation wants beside, without its signature saying so."""
    match case.operation.__name__, case.stranger:
        case "create_price", stranger:
            more = {"plan_id": ours.ids["plan_id"]} if stranger == "meter_id" else {}
            return {**more, "unit_amount": Decimal(1), "model": Model.PER_UNIT}
        case (("one_off" | "record_payment"), "entity_id"):
            return {"customer_id": ours.ids["customer_id"]}
        case "remove", "coupon_id":
            return {"subscription_id": ours.ids["subscription_id"]}
        case "set_limit", _:
            return {"quantity": Decimal(5)}
    return {}


@dataclass(slots=True)
class Shelf:
    """One business, and an id of everything that it has."""

    shop: Shop
    ids: dict[str, Any]


def a_shelf() -> Shelf:
    metered = metered_shop()
    shop, subscription = metered.shop, metered.subscription
    by = {"tenant": shop.tenant, "now": machine_now()}
    bo = one(shop, "SELECT customer_id FROM subscriptions")
    coupon = coupons.create_coupon(**by, code="TEN", percent_off=Decimal(10))
    redemptions.redeem(**by, actor="astrid", code="TEN", subscription_id=subscription)
    pending = one_offs.one_off(**by, actor="astrid", line=_tea(), subscription_id=subscription, when="next_invoice")
    payment = pays(shop, 100, customer_id=bo)
    refund = payments.refund(**by, actor="astrid", payment_id=payment, amount_minor=50)
    waits = changes.change_plan(
        **by, actor="astrid", subscription_id=subscription, price_id=shop.prices["plus"], when="period_end"
    )
    limit = usage.set_limit(
        **by, subscription_id=subscription, meter="megabytes", kind=LimitKind.ALERT, quantity=Decimal(9)
    )
    gated = shop.start(bo, "basic")
    changes.change_plan(**by, actor="astrid", subscription_id=gated, price_id=shop.prices["plus"], payment_gated=True)
    ids = {
        "draft_id": one(shop, "SELECT id FROM drafts"),
        "customer_id": bo,
        "payer_id": bo,
        "subscription_id": subscription,
        "addon_of": subscription,
        "item_id": one(shop, "SELECT id FROM items WHERE kind = 'add_on'"),
        "price_id": shop.prices["plus"],
        "of": one(shop, "SELECT id FROM plans WHERE code = 'basic'"),
        "plan_id": one(shop, "SELECT id FROM plans WHERE code = 'basic'"),
        "add_on_id": one(shop, "SELECT id FROM add_ons WHERE code = 'seat'"),
        "product_id": one(shop, "SELECT id FROM products"),
        "meter_id": one(shop, "SELECT id FROM meters WHERE code = 'megabytes'"),
        "coupon_id": coupon,
        "document_id": one(shop, "SELECT id FROM documents WHERE kind = 'invoice' AND number = 1"),
        "payment_id": payment,
        "refund_id": refund,
        "change_id": waits.change_id,
        "pending_id": pending,
        "limit_id": limit,
        "entity_id": one(shop, "SELECT id FROM legal_entities"),
    }
    return Shelf(shop, ids)


def _tea() -> FreeLine:
    return FreeLine("Tea", Decimal(1))


IDS = frozenset(
    {
        *(
            "customer_id",
            "payer_id",
            "subscription_id",
            "addon_of",
            "item_id",
            "price_id",
            "of",
            "plan_id",
            "add_on_id",
        ),
        *("product_id", "meter_id", "coupon_id", "document_id", "payment_id", "refund_id", "change_id", "pending_id"),
        *("limit_id", "entity_id", "draft_id"),
    }
)

OTHERS: dict[str, Callable[[Shelf], Any]] = {
    "tenant": lambda ours: ours.shop.tenant,
    "now": lambda ours: machine_now(),
    "actor": lambda ours: "astrid",
    "quantity": lambda ours: Decimal(3),
    "chosen": lambda ours: Chosen(ours.shop.prices["seat"], Decimal(1)),
    "items": lambda ours: [Chosen(ours.shop.prices["basic"], Decimal(1))],
    "day": lambda ours: 15,
    "zone": lambda ours: "Europe/Paris",
    "po_number": lambda ours: "PO 1",
    "name": lambda ours: "Name",
    "email": lambda ours: "a@example.com",
    "code": lambda ours: "another",
    "currency": lambda ours: "DKK",
    "count": lambda ours: 1,
    "line": lambda ours: _tea(),
    "lines": lambda ours: [_tea()],
    "position": lambda ours: 1,
    "net_minor": lambda ours: 5,
    "amount_minor": lambda ours: 5,
    "reference": lambda ours: "bank 9",
    "succeeded": lambda ours: True,
    "gateway": lambda ours: "sandbox",
    "token": lambda ours: "ok",
    "status": lambda ours: "exempt",
    "exempt_reason": lambda ours: "a school",
    "trial_ends_on": lambda ours: date(2025, 3, 20),
    "wording": lambda ours: "Yes, please",
    "source": lambda ours: "form",
    "number_series": lambda ours: "yearly",
    "meter": lambda ours: "megabytes",
    "kind": lambda ours: LimitKind.ALERT,
    "signal": lambda ours: 1,
    "one_per_customer": lambda ours: True,
    "steps": lambda ours: [Step(after_periods=1, quantity=Decimal(1), unit_amount=Decimal(5))],
    "at": lambda ours: ours.shop.now + timedelta(days=1),
}
