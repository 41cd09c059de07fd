"""One trial per customer and product, remembered by keyed hashes that outlive the customer's erasure."""

import hmac
from collections.abc import Collection
from datetime import datetime

from perennia.domain.ids import Id
from perennia.domain.trials import marks
from perennia.operations.books import Books
from perennia.store.reads import trials as read
from perennia.store.reads.customers import Customer
from perennia.store.writes import trials as write


def had_trial(books: Books, *, customer: Customer, product_ids: Collection[Id]) -> set[Id]:
    """The products of which this customer had a trial: itself, by its mailbox, or by a payment method it has.

    Two that start at once are kept apart by the lock of their payer only where they have one payer; `remember` says
    which of two others came second.
    """
    return read.remembered(books.cursor, product_ids=product_ids, hashes=_hashes(books, customer))


def remember(books: Books, *, customer: Customer, product_ids: Collection[Id], now: datetime) -> set[Id]:
    """Remember that a trial of these products begins; answers those of which one was remembered already.

    Waits for a transaction that remembers the same at the same time, so a trial granted on an empty answer is the
    first. What had been missing, a new address or card of somebody known, is added.
    """
    hashes = _hashes(books, customer)
    before = read.remembered(books.cursor, product_ids=product_ids, hashes=hashes)
    met = write.remember(
        books.cursor, tenant=books.tenant.id, product_ids=sorted(product_ids), hashes=sorted(hashes), now=now
    )
    return before | met


def _hashes(books: Books, customer: Customer) -> list[bytes]:
    secret = read.secret(books.cursor, tenant=books.tenant.id)
    cards = read.fingerprints(books.cursor, customer_id=customer.id)
    found = marks(customer_id=customer.id, email=customer.email, fingerprints=cards)
    return [hmac.digest(secret, mark, "sha256") for mark in found]
