"""A small business for stories: Nordlys sells Basic, Plus and seats; its sandbox has a clock of its own.

Astrid owns it. Everything is made through the public operations, and read back as plain rows.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from perennia.config.clock import now as machine_now
from perennia.domain.calendar import Interval, Unit, local_date, midnight
from perennia.domain.ids import Id
from perennia.domain.pricing import Model, Timing
from perennia.operations import billing, catalog, clock, customers, subscriptions, tenants
from perennia.operations.subscriptions import Chosen
from perennia.store import session

ZONE = "Europe/Copenhagen"


@dataclass(slots=True)
class Shop:
    """One sandbox with its catalogue; `prices` by code."""

    tenant: Id
    slug: str
    zone: str
    prices: dict[str, Id]

    @property
    def now(self) -> datetime:
        found = tenants.find(self.slug).clock
        assert found is not None
        return found

    def customer(self, name: str = "Bo", **more: Any) -> Id:
        return customers.create_customer(
            tenant=self.tenant, name=name, email=f"{name.lower().replace(' ', '.')}@example.com", now=machine_now(),
            **more,
        )  # fmt: skip

    def pays_with(self, customer: Id, token: str) -> Id:
        return customers.add_payment_method(
            tenant=self.tenant, customer_id=customer, gateway="sandbox", token=token, now=machine_now()
        )

    def tax_status(self, customer: Id, status: str, **more: Any) -> None:
        customers.set_tax_status(
            tenant=self.tenant, actor="astrid", customer_id=customer, status=status, now=machine_now(), **more
        )

    def start(self, customer: Id, *codes: str, **more: Any) -> Id:
        """A subscription to the prices named; `code*3` is three of it."""
        return subscriptions.start(
            tenant=self.tenant,
            actor="astrid",
            customer_id=customer,
            items=[self._chosen(code) for code in codes],
            now=machine_now(),
            **more,
        )

    def cancel(self, subscription: Id, at: datetime | None = None) -> datetime:
        return subscriptions.cancel(
            tenant=self.tenant, actor="astrid", subscription_id=subscription, at=at, now=machine_now()
        )

    def clock_to(self, day: date | datetime) -> datetime:
        """Move the clock alone, as if the loops had been down meanwhile."""
        to = day if isinstance(day, datetime) else midnight(day, self.zone)
        clock.set_clock(tenant=self.tenant, to=to)
        return to

    def bill(self, **more: Any) -> billing.Chunk:
        return billing.run_chunk(tenant=self.tenant, as_of=self.now, now=self.now, **more)

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with session.transaction(self.tenant) as cursor:
            return cursor.execute(query.encode(), values).fetchall()

    def documents(self) -> str:
        """All documents with their lines as a small text table, in order of due time."""
        rows = self.rows(
            """SELECT d.kind, d.number, d.due_at, l.description, l.period_start, l.period_end, l.net_minor, l.tax_minor
            FROM documents d JOIN lines l ON l.document_id = d.id ORDER BY d.due_at, d.kind, d.number, l.position"""
        )
        return "\n".join(_sentence(row, self.zone) for row in rows)

    def _chosen(self, code: str) -> Chosen:
        name, _, quantity = code.partition("*")
        return Chosen(self.prices[name], Decimal(quantity or 1))


def _sentence(row: Sequence[Any], zone: str) -> str:
    kind, number, due, description, start, end, net, tax = row
    days = f"{local_date(start, zone)}..{local_date(end, zone)}"
    return f"{kind} {number} due {local_date(due, zone)}: {description} {days} {net} + {tax}"


def open_shop(*, opened_on: date = date(2025, 1, 31), zone: str = ZONE, tax: bool = True, **policies: Any) -> Shop:
    """A fresh sandbox at noon of a day, with Basic 100.00, Plus 250.00, Seat 10.00, Year 1000.00, Later in arrears."""
    slug = f"nordlys-{secrets.token_hex(4)}"
    business = tenants.create_business(slug=slug, name="Nordlys", now=machine_now())
    tenant = tenants.create_tenant(
        business_id=business,
        slug=slug,
        name="Nordlys ApS",
        country="DK",
        currency="DKK",
        zone=zone,
        clock=midnight(opened_on, zone) + timedelta(hours=12),
        now=machine_now(),
        policies=policies,
    )
    if tax:
        tenants.set_tax_rate(
            tenant=tenant, country="DK", percent=Decimal(25), valid_from=date(1992, 1, 1), source="momsloven § 33"
        )
    return Shop(tenant, slug, zone, make_catalogue(tenant))


def make_catalogue(tenant: Id) -> dict[str, Id]:
    product = catalog.create_product(tenant=tenant, code="service", name="Service")
    prices = {}
    for code, amount, interval, timing in (
        ("basic", "100.00", Interval(Unit.MONTH), Timing.ADVANCE),
        ("plus", "250.00", Interval(Unit.MONTH), Timing.ADVANCE),
        ("year", "1000.00", Interval(Unit.YEAR), Timing.ADVANCE),
        ("later", "60.00", Interval(Unit.MONTH), Timing.ARREARS),
    ):
        plan = catalog.create_plan(tenant=tenant, product_id=product, code=code, name=code.capitalize())
        prices[code] = catalog.create_price(
            tenant=tenant,
            code=code,
            plan_id=plan,
            unit_amount=Decimal(amount),
            currency="DKK",
            interval=interval,
            timing=timing,
            now=machine_now(),
        )
    for code, amount in (("seat", "10.00"), ("dear", "999999999999")):
        add_on = catalog.create_add_on(tenant=tenant, product_id=product, code=code, name=code.capitalize())
        prices[code] = catalog.create_price(
            tenant=tenant,
            code=code,
            add_on_id=add_on,
            unit_amount=Decimal(amount),
            currency="DKK",
            model=Model.PER_UNIT,
            now=machine_now(),
        )
    return prices
