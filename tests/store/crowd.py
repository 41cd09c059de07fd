"""Nordlys with thousands of subscribers, taken over from another system by the import."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from perennia.config.clock import now as machine_now
from perennia.gateways.port import ChargeResult, DeclineClass, Outcome
from perennia.operations import billing, collection
from perennia.operations.importing.files import Files, import_files
from tests.operations.shop import Shop, open_shop

BILLED_THROUGH = date(2025, 3, 1)
_CATALOGUE = "kind,code,percent_off\ncoupon,tenth,10\n"


def crowded_shop(folder: Path, *, size: int) -> Shop:
    """So many subscribers to Basic and seats, charged up to the day on which the sandbox stands.

    One in ten has a coupon, one in ten a credit balance, one in five no payment method.
    """
    shop = open_shop(opened_on=BILLED_THROUGH - timedelta(days=1))
    customers = ["external_id,name,email,payment_gateway,payment_token"]
    subscriptions = ["external_id,customer,plan,add_ons,started_on,billed_through,coupon,credit_balance"]
    for n in range(size):
        method = "," if n % 5 == 4 else "sandbox,ok"
        customers.append(f"c{n},Bo {n},bo{n}@example.com,{method}")
        coupon, credit = "tenth" if n % 10 == 1 else "", "20.00" if n % 10 == 2 else ""
        subscriptions.append(f"s{n},c{n},basic,seat:3,2024-06-01,{BILLED_THROUGH},{coupon},{credit}")
    paths = {}
    for name, lines in (("catalogue", [_CATALOGUE]), ("customers", customers), ("subscriptions", subscriptions)):
        paths[name] = folder / f"{name}.csv"
        paths[name].write_text("\n".join(lines))
    problems: list[object] = []
    done = import_files(
        tenant=shop.tenant, files=Files(**paths), now=machine_now(), actor="astrid", dry_run=False,
        refuse=problems.append, progress=lambda step, rows: None,
    )  # fmt: skip
    assert (problems, done.written) == ([], True)
    return shop


def bill_all(shop: Shop) -> None:
    while billing.run_chunk(tenant=shop.tenant, as_of=shop.now, now=shop.now).payers:
        pass


def collect(shop: Shop, *, limit: int, declines: Callable[[int], bool]) -> int:
    """Claim and book one batch; the charges whose place is named are declined. Answers how many were made."""
    claimed = collection.claim(tenant=shop.tenant, as_of=shop.now, now=machine_now(), limit=limit)
    answers = [
        (call, _declined(call.request.key) if declines(place) else _captured(call.request.key))
        for place, call in enumerate(claimed.charges)
    ]
    collection.book(tenant=shop.tenant, answers=answers, now=machine_now())
    return len(answers) + claimed.without_method + claimed.ended


def _captured(key: str) -> ChargeResult:
    return ChargeResult(key=key, outcome=Outcome.SUCCEEDED, gateway_reference=f"ch_{key}")


def _declined(key: str) -> ChargeResult:
    return ChargeResult(
        key=key, outcome=Outcome.FAILED, decline_code="insufficient_funds", decline_class=DeclineClass.SOFT
    )
