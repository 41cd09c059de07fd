"""What a person does to documents and money ("Documents, receivables, balance"; decision 16)."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from tests.oracle import NotSupported
from tests.oracle.acts import Act
from tests.oracle.calendar import moment
from tests.oracle.documents import Document, Ledger
from tests.oracle.lines import Line
from tests.oracle.policies import policy
from tests.oracle.prices import minor, number, rounded, split
from tests.oracle.wallet import PAID, PROMOTIONAL

Key = tuple[str, str]


def _units(act: Act, name: str, currency: str) -> int | None:
    return rounded(minor(number(act.get(name)), currency)) if act.get(name) is not None else None


def record_payment(ledger: Ledger, act: Act, customer: str) -> None:
    """Booked on the last open document; what is left of it is the customer's balance."""
    if str(act.get("document") or "last open") not in ("last", "last open"):
        raise NotSupported("a payment of a document by number, or of a draft")
    keys = [key for key in ledger.documents if key[0] == customer] or [(customer, ledger.scenario.currency)]
    if len(keys) > 1:
        raise NotSupported("a payment by a customer with several currencies")
    (key,) = keys
    owed = [document for document in ledger.documents.get(key, []) if document.open > 0 and not document.written_off]
    amount = _units(act, "amount", key[1])
    ledger.payments.setdefault(key, []).append(amount if amount is not None else owed[-1].open)
    if owed:
        taken = owed[-1].open if amount is None else min(amount, owed[-1].open)
        owed[-1].paid += taken
        amount = 0 if amount is None else amount - taken
    ledger.wallet(key).put(amount or 0)


def refund(ledger: Ledger, act: Act, customer: str) -> None:
    """Of the last payment; it first takes what lies on the balance and was not granted."""
    key = (customer, ledger.scenario.currency)
    payments = ledger.payments[key]
    amount = _units(act, "amount", key[1])
    amount = payments[-1] if amount is None else amount
    payments[-1] -= amount
    ledger.wallet(key).expire(act.at)
    ledger.wallet(key).spend(amount, money_only=True)


def grant_credit(ledger: Ledger, act: Act, customer: str) -> None:
    key = (customer, str(act.get("currency") or ledger.scenario.currency))
    expires = moment(act.get("expires"), ledger.scenario.zone) if act.get("expires") else None
    kind = PAID if act.get("kind") == "paid" else PROMOTIONAL
    ledger.wallet(key).put(_units(act, "amount", key[1]) or 0, kind, expires)


def adjust_line(ledger: Ledger, act: Act, customer: str) -> None:
    """What a line should have come to: the rest of it is given back."""
    key, invoice = _invoice(ledger, act, customer)
    line = invoice.charges[int(str(act.get("line", 1))) - 1]
    comes_to = _units(act, "amount", key[1]) or 0
    _credit(ledger, act, key, [(line, line.amount - line.credited - comes_to)])


def credit_note(ledger: Ledger, act: Act, customer: str) -> None:
    """Amounts or units of lines; an amount shared by what is left of all lines; or all that is left."""
    key, invoice = _invoice(ledger, act, customer)
    if act.get("lines"):
        _credit(ledger, act, key, [_asked(invoice, part, key[1]) for part in act.get("lines")])
        return
    left = [line.amount - line.credited for line in invoice.charges]
    amount = _units(act, "amount", key[1])
    parts = left if amount is None else split(amount, [Fraction(units) for units in left])
    _credit(ledger, act, key, list(zip(invoice.charges, parts, strict=True)))


def _asked(invoice: Document, part: Mapping[str, Any], currency: str) -> tuple[Line, int]:
    line = invoice.charges[int(str(part["line"])) - 1]
    left = line.amount - line.credited
    if "quantity" in part:
        raise NotSupported("a credit of units")
    return line, min(rounded(minor(number(part["amount"]), currency)), left) if "amount" in part else left


def void(ledger: Ledger, act: Act, customer: str) -> None:
    """A credit note over all that is left; what was paid from the balance goes back there."""
    key, invoice = _invoice(ledger, act, customer)
    _credit(ledger, act, key, [(line, line.amount - line.credited) for line in invoice.charges])


def write_off(ledger: Ledger, act: Act, customer: str) -> None:
    """It stays open; a payment that does not name it goes elsewhere."""
    _invoice(ledger, act, customer)[1].written_off = True


def _invoice(ledger: Ledger, act: Act, customer: str) -> tuple[Key, Document]:
    key = (customer, ledger.scenario.currency)
    if str(act.get("document") or "last") != "last":
        raise NotSupported("a document by its number")
    return key, [document for document in ledger.documents[key] if document.kind == "invoice"][-1]


def _credit(ledger: Ledger, act: Act, key: Key, parts: list[tuple[Line, int]]) -> None:
    becomes = str(act.get("becomes") or policy(ledger.scenario.policy, act.overrides)["credit_becomes"])
    if becomes not in ("balance", "refund"):
        raise NotSupported(f"a credit note that becomes {becomes}")
    credits = []
    for line, amount in parts:
        if amount > 0:
            line.credited += amount
            line.by_hand = True
            start, end = line.still_covered
            credit = Line(line.sub, line.item, "credit", start, end, line.quantity, -amount, key[1], line.tax_class)
            credit.source, credit.becomes = line, becomes
            credits.append(credit)
    if credits:
        ledger.issue(key[0], key[1], credits, act.at)


BY_HAND = {
    "record_payment": record_payment,
    "refund": refund,
    "grant_credit": grant_credit,
    "adjust_line": adjust_line,
    "credit_note": credit_note,
    "void": void,
    "write_off": write_off,
    "one_off": Ledger.one_off,
}
