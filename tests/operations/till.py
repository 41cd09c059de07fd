"""The shop's till: a real test gateway process behind it, and the collection loop in front."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

from perennia.domain.ids import Id
from perennia.gateways.calls import Calls
from perennia.jobs.collection import Collected, collect_due, next_collection_at
from perennia.operations import clock
from perennia.operations.collection import CHUNK
from tests.gateways.gateway_stands import SandboxStand
from tests.operations.shop import Shop

_tokens = count(1)


@dataclass(slots=True)
class Till:
    shop: Shop
    stand: SandboxStand
    calls: dict[str, Calls]

    def subscriber(self, script: str, *codes: str, name: str = "Bo", **more: object) -> tuple[Id, Id]:
        """(customer, subscription) of somebody whose card does what the script says, from today."""
        customer = self.shop.customer(name)
        self.shop.pays_with(customer, f"{script}#{self.shop.slug}-{next(_tokens)}")
        return customer, self.shop.start(customer, *(codes or ("basic",)), **more)

    def collect(self, *, alone: bool = False, given_up: bool = False, batch: int = CHUNK) -> Collected:
        return collect_due(
            tenant=self.shop.tenant,
            as_of=self.shop.now,
            now=self.shop.now,
            calls=self.calls,
            alone=alone,
            given_up=given_up,
            batch=batch,
        )

    def live_until(self, to: datetime) -> None:
        """Everything that falls due up to an instant, in order: billing, then collection."""
        while (at := self._next()) is not None and at <= to:
            self.shop.clock_to(max(at, self.shop.now))
            self.shop.bill()
            self.collect()
        self.shop.clock_to(to)

    def live_days(self, days: float) -> None:
        self.live_until(self.shop.now + timedelta(days=days))

    def _next(self) -> datetime | None:
        tenant = self.shop.tenant
        instants = clock.next_billing_at(tenant=tenant), next_collection_at(tenant=tenant)
        return min((at for at in instants if at is not None), default=None)

    def attempts(self) -> list[tuple[int, str, str | None]]:
        """(day after the first, state, decline code) of each attempt, in order."""
        rows = self.shop.rows("SELECT created_at, state, decline_code FROM attempts ORDER BY created_at, id")
        return [((row[0] - rows[0][0]).days, row[1], row[2]) for row in rows]

    def receivables(self) -> list[tuple[str, int]]:
        """(state, open minor units) of each invoice, oldest first."""
        return self.shop.rows(
            "SELECT r.state, r.open_minor FROM receivables r JOIN documents d ON d.id = r.document_id"
            " ORDER BY d.due_at, d.number"
        )

    def statuses(self) -> list[str]:
        """Every state the subscriptions have come to, in order."""
        rows = self.shop.rows("SELECT after FROM history WHERE change = 'subscription.status' ORDER BY id")
        return [row[0] for row in rows]

    def told(self, *prefixes: str) -> list[str]:
        """The events in order, those that begin like this."""
        rows = self.shop.rows("SELECT type FROM outbox ORDER BY position")
        return [row[0] for row in rows if not prefixes or row[0].startswith(prefixes)]

    def effects(self) -> list[int]:
        """How often each invoice was charged, by the gateway's own books."""
        documents = self.shop.rows("SELECT id FROM documents WHERE kind = 'invoice' ORDER BY due_at, number")
        return [self.stand.effects(document.text("inv")) for (document,) in documents]

    def balance(self) -> int:
        return int(self.shop.rows("SELECT coalesce(sum(amount_minor), 0) FROM balance_entries")[0][0])

    def books(self) -> dict[int, int]:
        """The ledger's balances by account, minor units; accounts at zero left out."""
        rows = self.shop.rows(
            "SELECT account, sum(amount_minor)::bigint FROM postings GROUP BY account ORDER BY account"
        )
        return {account: amount for account, amount in rows if amount}


@contextmanager
def open_till(shop: Shop, stand: SandboxStand, *, timeout_s: float = 5.0) -> Iterator[Till]:
    calls = {"sandbox": Calls(stand.open(timeout_s=timeout_s))}
    try:
        yield Till(shop, stand, calls)
    finally:
        calls["sandbox"].close(grace_s=1.0)
