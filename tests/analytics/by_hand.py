"""What a person did to documents and money in a small business: a row of everything that is written by hand."""

from datetime import datetime, timedelta
from decimal import Decimal

from perennia.config.clock import now as machine_now
from perennia.domain.corrections import LineCredit
from perennia.domain.grants import GrantKind
from perennia.operations import invoices, one_offs, payments
from perennia.operations.one_offs import FreeLine
from tests.operations.shop import Shop


def correct_by_hand(shop: Shop, *, now: datetime) -> None:
    """Fie buys poster and frame, returns the frame, is given money back and credit; Gro never pays. `now` is a while ago."""
    fie, gro = shop.customer("Fie"), shop.customer("Gro")
    act = {"tenant": shop.tenant, "actor": "astrid", "now": machine_now()}
    poster, frame = FreeLine("Poster", Decimal(40)), FreeLine("Frame", Decimal("12.50"), Decimal(3))
    invoice = one_offs.invoice(customer_id=fie, lines=[poster, frame], currency="DKK", po_number="PO 7", **act)
    payment = payments.record_payment(
        document_id=invoice, amount_minor=10_000, currency="DKK", reference="bank 7", **act
    )
    invoices.credit_note(document_id=invoice, lines=[LineCredit(2, quantity=Decimal(2))], **act)
    payments.refund(payment_id=payment, amount_minor=3_500, **act)
    for kind in GrantKind:
        payments.grant_credit(customer_id=fie, amount_minor=600, currency="DKK", kind=kind, **act)
    one_offs.one_off(customer_id=fie, line=FreeLine("Nail", Decimal(4)), currency="DKK", **act)
    one_offs.one_off(customer_id=fie, line=FreeLine("Wire", Decimal(4)), currency="DKK", when="next_invoice", **act)
    lost = one_offs.invoice(customer_id=gro, lines=[poster], currency="DKK", **act)
    invoices.write_off(document_id=lost, reason="gone", **act)
    payments.record_payment(
        document_id=lost, amount_minor=1_000, currency="DKK", reference="bank 8", at=now - timedelta(days=1), **act
    )
