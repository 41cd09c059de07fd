"""What is done to documents and money: corrections, payments, refunds, credit, charges by hand, usage."""

from collections.abc import Callable, Sequence
from decimal import Decimal

from perennia.cli.scenario.script import Act
from perennia.cli.scenario.stage import ACTOR, Stage
from perennia.domain.calendar import midnight
from perennia.domain.corrections import LineCredit
from perennia.domain.errors import NotFound
from perennia.domain.grants import GrantKind
from perennia.domain.ids import Id
from perennia.domain.metering import Outcome, UsageEvent, UsageRefused
from perennia.domain.money import allocate, minor_units
from perennia.operations import drafts, invoices, one_offs, payments, usage
from perennia.operations.one_offs import FreeLine
from perennia.store.reads.issued import Invoice


def one_off(stage: Stage, act: Act) -> None:
    given = act.given
    inclusive = given.get("tax_inclusive", stage.script.tax_inclusive)
    line = FreeLine(
        given.get("name", "one-off"),
        given["amount"],
        given.get("quantity", Decimal(1)),
        given.get("tax_class", "standard"),
        inclusive,
    )
    subscription = None if act.subscription is None else stage.subscription(act)
    one_offs.one_off(
        tenant=stage.tenant,
        actor=ACTOR,
        line=line,
        now=stage.now,
        customer_id=_customer(stage, act) if subscription is None else None,
        subscription_id=subscription,
        currency=given.get("currency"),
        when=given.get("when", "now"),
    )


def credit_note(stage: Stage, act: Act) -> None:
    document = _document(stage, act)
    invoices.credit_note(
        tenant=stage.tenant,
        actor=ACTOR,
        document_id=document.id,
        now=stage.now,
        lines=_credits(act, document),
        becomes=act.given.get("becomes") or ("refund" if act.policy.get("credit_becomes") == "refund" else "balance"),
    )


def adjust_line(stage: Stage, act: Act) -> None:
    document = _document(stage, act)
    invoices.adjust_line(
        tenant=stage.tenant,
        actor=ACTOR,
        document_id=document.id,
        position=act.given.get("line", 1),
        net_minor=minor_units(act.given["amount"], document.currency),
        now=stage.now,
    )


def void(stage: Stage, act: Act) -> None:
    invoices.void(tenant=stage.tenant, actor=ACTOR, document_id=_document(stage, act).id, now=stage.now)


def write_off(stage: Stage, act: Act) -> None:
    invoices.write_off(tenant=stage.tenant, actor=ACTOR, document_id=_document(stage, act).id, now=stage.now)


def record_payment(stage: Stage, act: Act) -> None:
    """Of a document named, or the customer's last open one, what is open on it; money for which none is open is balance.

    `draft` is what waits for its payment before it is issued.
    """
    given = act.given
    if given.get("document") == "draft":
        _pay_draft(stage, act)
        return
    document = _document(stage, act) if "document" in given else _last_open(stage, act)
    if document is None and "amount" not in given:
        raise NotFound(kind="invoice of customer", id="last")
    currency = given.get("currency") or (stage.currency_of(act) if document is None else document.currency)
    open_minor = 0 if document is None else document.open_minor
    amount = minor_units(given["amount"], currency) if "amount" in given else open_minor
    made = payments.record_payment(
        tenant=stage.tenant,
        actor=ACTOR,
        amount_minor=amount,
        currency=currency,
        reference=f"{act.customer}-{len(stage.payments) + 1}",
        now=stage.now,
        customer_id=_customer(stage, act) if document is None else None,
        document_id=None if document is None else document.id,
    )
    stage.payments.append((act.customer or "", made, currency))


def _pay_draft(stage: Stage, act: Act) -> None:
    draft = stage.draft(act)
    given = act.given
    made = drafts.record_payment(
        tenant=stage.tenant,
        actor=ACTOR,
        draft_id=draft.id,
        amount_minor=minor_units(given["amount"], draft.currency) if "amount" in given else draft.amount_minor,
        currency=given.get("currency", draft.currency),
        reference=f"{act.customer}-{len(stage.payments) + 1}",
        now=stage.now,
    )
    stage.payments.append((act.customer or "", made, draft.currency))


def refund(stage: Stage, act: Act) -> None:
    """Of the customer's last payment."""
    found = next(((key, currency) for who, key, currency in reversed(stage.payments) if who == act.customer), None)
    if found is None:
        raise NotFound(kind="payment of customer", id=act.customer)
    amount = act.given.get("amount")
    payments.refund(
        tenant=stage.tenant,
        actor=ACTOR,
        payment_id=found[0],
        now=stage.now,
        amount_minor=None if amount is None else minor_units(amount, found[1]),
    )


def grant_credit(stage: Stage, act: Act) -> None:
    given = act.given
    currency = given.get("currency") or stage.script.currency
    payments.grant_credit(
        tenant=stage.tenant,
        actor=ACTOR,
        customer_id=_customer(stage, act),
        amount_minor=minor_units(given["amount"], currency),
        currency=currency,
        now=stage.now,
        kind=GrantKind(given.get("kind", "promotional")),
        expires_at=midnight(given["expires"], stage.script.zone) if "expires" in given else None,
    )


def record_usage(stage: Stage, act: Act) -> None:
    """A batch of events, or one; those that are refused leave their reason, the others are counted."""
    given = act.given
    meter = stage.meter(act)
    written = given.get("events") or [{name: given.get(name) for name in ("key", "at", "value", "who")}]
    events = []
    for event in written:
        stage.events += 1
        key = event["key"] or f"event-{stage.events}"
        at = event["at"] or stage.now
        events.append(UsageEvent(key, meter, at, event["value"], event["who"], stage.subscription(act)))
    found = usage.record(tenant=stage.tenant, events=events, now=stage.now)
    stage.turned_away += [
        UsageRefused(event=event.key, kind=outcome)
        for event, outcome in zip(events, found.outcomes, strict=True)
        if outcome not in (Outcome.ACCEPTED, Outcome.DUPLICATE)
    ]


def _customer(stage: Stage, act: Act) -> Id:
    return stage.customer(act.customer or "")


def _document(stage: Stage, act: Act) -> Invoice:
    """The invoice of that number, or the customer's last one. Raises NotFound."""
    wanted = act.given.get("document", "last")
    for found in reversed(stage.invoices(act)):
        if wanted in ("last", str(found.number)):
            return found
    raise NotFound(kind="invoice of customer", id=wanted)


def _last_open(stage: Stage, act: Act) -> Invoice | None:
    return next((found for found in reversed(stage.invoices(act)) if found.open_minor), None)


def _credits(act: Act, document: Invoice) -> Sequence[LineCredit] | None:
    """The lines named; an amount alone is shared over all charges in proportion to what is left of them."""
    given = act.given
    if "lines" in given:
        return [
            LineCredit(
                line["line"],
                None if line["amount"] is None else minor_units(line["amount"], document.currency),
                line["quantity"],
            )
            for line in given["lines"]
        ]
    if "amount" not in given:
        return None
    left = [(position, net) for position, net in document.left if net > 0]
    if not left:
        return None
    shares = allocate(minor_units(given["amount"], document.currency), [net for _, net in left])
    return [LineCredit(position, share) for (position, _), share in zip(left, shares, strict=True) if share]


PLAYED: dict[str, Callable[[Stage, Act], None]] = {
    "one_off": one_off,
    "credit_note": credit_note,
    "adjust_line": adjust_line,
    "void": void,
    "write_off": write_off,
    "record_payment": record_payment,
    "refund": refund,
    "grant_credit": grant_credit,
    "usage": record_usage,
}
