"""Where a scenario is played: the books of the throw-away sandbox, and who is who in them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from perennia.cli.scenario.script import Act, Coupon, Meter, Rate, Script, Sold
from perennia.cli.scenario.tree import Unreadable
from perennia.domain.calendar import midnight
from perennia.domain.errors import DomainError, NotFound
from perennia.domain.ids import Id
from perennia.domain.metering import Aggregation, UsageRefused
from perennia.domain.money import minor_units
from perennia.domain.pricing import Model, Timing
from perennia.operations import catalog, coupons, customers, tenants, usage
from perennia.operations.changes import Asked
from perennia.store import session
from perennia.store.reads import drafts, issued
from perennia.store.reads.drafts import StoredDraft
from perennia.store.reads.issued import Invoice

ACTOR = "scenario"


class SeveralCustomers(DomainError):
    """An act names nobody, and there are several whom it may be about (`customers`)."""

    code = "several_customers"


@dataclass(frozen=True, slots=True)
class Alert:
    """What is to be told of a subscription's usage of a meter, all by the file's names: a quantity, or an amount."""

    subscription: str
    meter: str
    quantity: str | None
    amount: str | None


@dataclass(slots=True)
class Stage:
    """The books with what was made in them so far, by the names of the file."""

    tenant: Id
    script: Script
    now: datetime
    sold: dict[str, Sold] = field(default_factory=dict)
    plans: dict[str, Id] = field(default_factory=dict)
    """Plans and add-ons, by their codes."""
    meters: dict[str, Id] = field(default_factory=dict)
    prices: dict[str, Id] = field(default_factory=dict)
    customers: dict[str, Id] = field(default_factory=dict)
    subscriptions: dict[str, Id] = field(default_factory=dict)
    currencies: dict[str, str] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    """The customers of the subscriptions that were started, all by name."""
    changes: dict[str, list[tuple[str, Id]]] = field(default_factory=dict)
    """What was asked for of each subscription, as (verb, change), the latest last."""
    payments: list[tuple[str, Id, str]] = field(default_factory=list)
    """(customer, payment, currency)"""
    events: int = 0
    """How many usage events were recorded without a key of their own."""
    caps: dict[tuple[Id, str], Id] = field(default_factory=dict)
    """In force, by subscription and meter."""
    alerts: dict[Id, Alert] = field(default_factory=dict)
    turned_away: list[UsageRefused] = field(default_factory=list)
    """The usage events that the act under way was refused."""
    refused: set[str] = field(default_factory=set)
    """Customers that the file asked for and the rules refused."""

    def set_up(self) -> None:
        """Make the tax rates and the catalogue. Raises Unreadable with what the rules refuse, and where it stands."""
        for rate in self.script.taxes:
            with _at("tax"):
                self._tax(rate)
        for meter in self.script.meters:
            with _at(f"catalogue.meters.{meter.code}"):
                self._measure(meter)
        products: dict[str, Id] = {}
        for product in self.script.products:
            with _at(f"catalogue.products.{product.code}"):
                products[product.code] = catalog.create_product(
                    tenant=self.tenant, code=product.code, name=product.name, one_per_customer=product.one_per_customer
                )
        for good in self.script.sold:
            with _at(f"catalogue.{'plans' if good.is_plan else 'add_ons'}.{good.code}"):
                if good.product not in products:
                    products[good.product] = catalog.create_product(
                        tenant=self.tenant, code=good.product, name=good.product
                    )
                self._sell(good, products[good.product])
        for coupon in self.script.coupons:
            with _at(f"catalogue.coupons.{coupon.code}"):
                self._offer(coupon, products)

    def _tax(self, rate: Rate) -> None:
        tenants.set_tax_rate(
            tenant=self.tenant,
            country=rate.country,
            percent=rate.percent,
            valid_from=rate.valid_from,
            valid_to=rate.valid_to,
            tax_class=rate.tax_class,
            source="the scenario",
        )

    def _measure(self, meter: Meter) -> None:
        self.meters[meter.code] = usage.create_meter(
            tenant=self.tenant,
            code=meter.code,
            name=meter.name,
            aggregation=Aggregation(meter.aggregation),
            now=self.now,
            negative=meter.negative,
        )

    def _offer(self, coupon: Coupon, products: Mapping[str, Id]) -> None:
        limits = coupon.more
        coupons.create_coupon(
            tenant=self.tenant,
            code=coupon.code,
            now=self.now,
            percent_off=coupon.percent,
            amount_off_minor=None if coupon.amount is None else minor_units(coupon.amount, coupon.currency),
            currency=None if coupon.amount is None else coupon.currency,
            periods=coupon.periods,
            products=[_known(products, code, kind="product") for code in limits.get("products", ())],
            plans=[_known(self.plans, code, kind="plan") for code in limits.get("plans", ())],
            new_customers_only=limits.get("first_time", False),
            valid_from=midnight(limits["from"], self.script.zone) if "from" in limits else None,
            valid_to=midnight(limits["to"], self.script.zone) if "to" in limits else None,
            max_redemptions=limits.get("max_redemptions"),
            max_per_customer=limits.get("per_customer"),
        )

    def _sell(self, good: Sold, product: Id) -> None:
        make = catalog.create_plan if good.is_plan else catalog.create_add_on
        owner = make(tenant=self.tenant, product_id=product, code=good.code, name=good.name)
        self.sold[good.code], self.plans[good.code] = good, owner
        for price in good.prices:
            more = dict(price.more)
            meter, policies = more.pop("meter", None), more.pop("policy", None)
            self.prices[price.code] = catalog.create_price(
                tenant=self.tenant,
                code=price.code,
                plan_id=owner if good.is_plan else None,
                add_on_id=None if good.is_plan else owner,
                unit_amount=price.amount,
                currency=price.currency,
                now=self.now,
                model=Model(price.model),
                interval=price.interval,
                timing=None if price.timing is None else Timing(price.timing),
                tax_inclusive=price.tax_inclusive,
                tax_class=price.tax_class,
                scheme=price.scheme,
                meter_id=None if meter is None else _known(self.meters, meter, kind="meter"),
                policies=policies,
                **more,
            )

    def price(self, code: str, *, currency: str) -> Id:
        """The price of that code, or of a plan or add-on the first in the currency. Raises NotFound."""
        good = self.sold.get(code)
        if good is not None:
            offered = [price for price in good.prices if price.currency == currency] or list(good.prices[:1])
            return self.prices[offered[0].code]
        if code not in self.prices:
            raise NotFound(kind="price", id=code)
        return self.prices[code]

    def currency_of_price(self, price: Id) -> str:
        """The currency of a price that was made of the file."""
        code = next(code for code, key in self.prices.items() if key == price)
        return next(one.currency for one in self.script.prices if one.code == code)

    def cast(self, act: Act) -> Act:
        """The act with who is meant by it: the only customer, its latest subscription, a new one's name.

        Raises NotFound, SeveralCustomers.
        """
        if act.of == "nobody":
            return act
        customer, subscription = act.customer, act.subscription
        if customer is None and subscription is not None:
            customer = self.owners.get(subscription)
        if customer is None and (subscription is None or act.of != "subscription"):
            customer = self._only_customer()
        if customer is not None and act.of == "new_subscription":
            subscription = subscription or self._fresh_name(customer)
        elif customer is not None and act.of == "subscription":
            subscription = subscription or self._latest(customer)
        if act.of != "new_subscription" and self.owners.get(subscription or "", customer) != customer:
            raise NotFound(kind="subscription", id=subscription)
        return replace(act, customer=customer, subscription=subscription)

    def _only_customer(self) -> str:
        """The first is called c1; one whom the rules refused is nobody else. Raises SeveralCustomers."""
        known = [*self.customers, *sorted(self.refused)]
        if len(known) > 1:
            raise SeveralCustomers(customers=", ".join(known))
        return known[0] if known else "c1"

    def _fresh_name(self, customer: str) -> str:
        """The customer's own where no subscription has it."""
        name, n = customer, 2
        while name in self.subscriptions:
            name, n = f"{customer}-{n}", n + 1
        return name

    def _latest(self, customer: str) -> str:
        """The subscription of a customer that was started last. Raises NotFound."""
        found = next((name for name in reversed(self.subscriptions) if self.owners.get(name) == customer), None)
        if found is None:
            raise NotFound(kind="subscription of customer", id=customer)
        return found

    def customer(self, name: str) -> Id:
        """The customer of that name, made now if nobody asked for it before. Raises NotFound."""
        if name in self.refused:
            raise NotFound(kind="customer", id=name)
        if name not in self.customers:
            self.create_customer(name, {})
        return self.customers[name]

    def create_customer(self, name: str, given: Mapping[str, Any]) -> None:
        """Make a customer. Raises what the rules refuse, and keeps in mind that they did."""
        if name not in self.customers:
            self.refused.add(name)
        made = customers.create_customer(
            tenant=self.tenant,
            name=name,
            email=given.get("email") or f"{len(self.customers) + 1}@customers.example",
            now=self.now,
            country=given.get("country"),
            zone=given.get("timezone"),
            external_id=name,
            language=given.get("language") or "en",
            payer_id=self.customer(given["parent"]) if "parent" in given else None,
            billing_day=given.get("billing_day"),
        )
        if status := {"exempt", "tax_id", "region"} & set(given):
            customers.set_tax_status(
                tenant=self.tenant,
                actor=ACTOR,
                customer_id=made,
                status="exempt" if "exempt" in status else "reverse_charge" if "tax_id" in status else "taxable",
                now=self.now,
                tax_id=given.get("tax_id"),
                region=given.get("region"),
                exempt_reason=given.get("exempt"),
            )
        self.customers[name] = made
        self.refused.discard(name)

    def subscription(self, act: Act) -> Id:
        """The subscription that an act is about. Raises NotFound where its start was refused."""
        return self.named(act.subscription or "")

    def named(self, name: str) -> Id:
        """The subscription of that name. Raises NotFound."""
        found = self.subscriptions.get(name)
        if found is None:
            raise NotFound(kind="subscription", id=name)
        return found

    def meter(self, act: Act) -> str:
        """The code of the meter that an act names, or of the first there is."""
        named: str | None = act.given.get("meter")
        return named or next(iter(self.meters), "")

    def currency_of(self, act: Act) -> str:
        """The currency in which the act's subscription buys."""
        return self.currencies.get(act.subscription or "", self.script.currency)

    def item(self, act: Act, code: str) -> Id:
        """The item that was last added to the act's subscription under a plan's, an add-on's or a price's code.

        Raises NotFound.
        """
        with session.reading(self.tenant) as cursor:
            found = issued.items_by_code(cursor, subscription_id=self.subscription(act))
        if code not in found:
            raise NotFound(kind="item", id=code)
        return found[code]

    def invoices(self, act: Act) -> list[Invoice]:
        """The invoices of the act's customer, or of who pays for it, the latest last."""
        with session.reading(self.tenant) as cursor:
            return issued.invoices(cursor, customer_id=self.customer(act.customer or ""))

    def draft(self, act: Act) -> StoredDraft:
        """What the act's customer is to pay before it is issued. Raises NotFound."""
        with session.reading(self.tenant) as cursor:
            found = drafts.of_customer(cursor, customer_id=self.customer(act.customer or ""))
        if found is None:
            raise NotFound(kind="draft", id="draft")
        return found

    def asked(self, act: Act, *made: Asked) -> None:
        """Keep what an act asked for, so that it can be taken back by its verb."""
        changes = self.changes.setdefault(act.subscription or "", [])
        changes += [(act.verb, one.change_id) for one in made]

    def change(self, act: Act) -> Id:
        """The latest change asked for by the verb named, or at all. Raises NotFound."""
        verb = act.given.get("change")
        changes = self.changes.get(act.subscription or "", [])
        for kept in reversed(changes):
            if verb in (None, kept[0]):
                changes.remove(kept)
                return kept[1]
        raise NotFound(kind="change", id=verb or "")


@contextmanager
def _at(place: str) -> Iterator[None]:
    """What the rules refuse inside is told with its place in the file."""
    try:
        yield
    except DomainError as error:
        raise Unreadable(error, place=place) from None


def _known(found: Mapping[str, Id], code: str, *, kind: str) -> Id:
    if code not in found:
        raise NotFound(kind=kind, id=code)
    return found[code]
