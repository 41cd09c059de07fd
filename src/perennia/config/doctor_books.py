"""The doctor's look into the books: payers set aside, payers due but unbilled, payments nobody knows about."""

from collections.abc import Iterator
from datetime import timedelta

from perennia.config.examination import Check, Examination
from perennia.domain.ids import Id

_SHOWN = 3
_LATE = timedelta(hours=1)


def set_aside(_patient: Examination) -> Check:
    """Payers whom the run left out because no rule, or not the database, would take them."""
    from perennia.store import session
    from perennia.store.reads import health

    found = []
    for slug, tenant, _ in _tenants():
        with session.transaction(tenant) as cursor:
            count, first = health.set_aside(cursor, tenant=tenant, limit=_SHOWN)
        if count:
            reasons = "; ".join(f"{one.payer_id.text('cus')} {one.code}: {_short(one.reason)}" for one in first)
            found.append(f"{slug}: {count} ({reasons})")
    if not found:
        return Check("set aside", "ok", "no payer is left out of the run")
    remedy = "Mend the cause, then `perennia bill --tenant TENANT --payer cus_…` bills the payer and lets it back in."
    return Check("set aside", "error", " | ".join(found), remedy)


def unbilled(patient: Examination) -> Check:
    """Live payers that fell due more than an hour ago: the alarm for a run that has stopped unseen."""
    from perennia.store import session
    from perennia.store.reads import health

    found = []
    for slug, tenant, is_live in _tenants():
        if is_live:
            with session.transaction(tenant) as cursor:
                count = health.due_since(cursor, tenant=tenant, before=patient.now - _LATE)
            if count:
                found.append(f"{slug}: {count} payers")
    if not found:
        return Check("unbilled", "ok", "nobody is due for more than an hour")
    return Check(
        "unbilled", "error", ", ".join(found), "Start `perennia run`, or bill by `perennia bill --tenant TENANT`."
    )


def payments_unknown(_patient: Examination) -> Check:
    """Payments and refunds of which the gateway never said what became, and charges that nobody took up for a day."""
    from perennia.store import session
    from perennia.store.reads import payments, receipts

    found = []
    for slug, tenant, _ in _tenants():
        with session.transaction(tenant) as cursor:
            unknown = payments.payments_unknown(cursor, tenant=tenant)
            left = payments.payments_left(cursor, tenant=tenant, for_days=1)
            refunds = receipts.refunds_unknown(cursor, tenant=tenant)
        if refunds:
            keys = ", ".join(one.text("ref") for one in refunds[:_SHOWN])
            found.append(f"{slug}: {len(refunds)} refunds unknown for good ({keys})")
        for what, those in (("unknown for good", unknown), ("left under way", left)):
            if those:
                keys = ", ".join(one.idempotency_key for one in those[:_SHOWN])
                found.append(f"{slug}: {len(those)} {what} ({keys})")
    if not found:
        return Check("payments", "ok", "no payment is unknown for good or left under way")
    remedy = (
        "`perennia collect --tenant TENANT --unknown` asks the gateway again and books what it says; "
        "what it cannot tell is looked for there by these references."
    )
    return Check("payments", "warning", " | ".join(found), remedy)


def _tenants() -> Iterator[tuple[str, Id, bool]]:
    """Name, key and whether it is live, of every tenant."""
    from perennia.operations import tenants

    for tenant in tenants.all_tenants():
        yield tenant.slug, tenant.id, tenant.clock is None


def _short(reason: str) -> str:
    """The last line of a traceback, or the sentence itself."""
    last = reason.strip().splitlines()[-1] if reason.strip() else ""
    return last[:160]
