"""One process that acts as a person does, act by act, and as often sends the bare rows of a document."""

import os
import random
import statistics
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import psycopg

from benchmarks.stand.crew import await_go, cpu_s, orders, peak_rss_mb, report
from perennia.config import wiring
from perennia.domain.ids import Id

if TYPE_CHECKING:  # its modules cannot be imported before Django is set up
    from benchmarks.stand.population import Shop

KINDS = ("preview", "change", "cancel", "control")
WARM = 30
"""Acts of each kind before the clock counts: statements prepared, caches warm, as in a process that has been up."""
COUNTED = 50
"""Acts of each kind that the server's meters see alone."""


def order(shop: "Shop", connection: psycopg.Connection[Any], *, dsn: str, rounds: int) -> dict[str, Any]:
    """What the process is told: a dearer plan, and subscriptions taken at random, each for one act."""
    from benchmarks.stand.population import due_at
    from perennia.operations import catalog

    product = connection.execute("SELECT id FROM products").fetchone()
    assert product is not None
    plan = catalog.create_plan(tenant=shop.tenant, product_id=Id(product[0].bytes), code="plus", name="Plus")
    price = catalog.create_price(
        tenant=shop.tenant,
        code="plus-month",
        plan_id=plan,
        unit_amount=Decimal("129.95"),
        currency="DKK",
        now=due_at(0),
    )
    wanted = (rounds + WARM + COUNTED) * len(KINDS)
    found = connection.execute(
        """SELECT s.id, d.id FROM subscriptions s JOIN documents d ON d.payer_id = s.payer_id
        WHERE s.status = 'active' ORDER BY s.id"""
    ).fetchall()
    taken = random.Random(20_260_101).sample(found, wanted)  # noqa: S311  the same on every machine
    return {
        "tenant": shop.tenant.text("ten"),
        "dsn": dsn,
        "price": price.hex(),
        "now": (due_at(0) + timedelta(days=10, hours=9)).isoformat(),
        "rounds": rounds,
        "subscriptions": [(subscription.hex, document.hex) for subscription, document in taken],
    }


def main() -> None:
    told = orders()
    with wiring.database(), psycopg.connect(told["dsn"]) as bare:
        acts = _acts(told, bare)
        subjects = iter(told["subscriptions"])
        for _ in range(WARM):
            for kind in KINDS:
                acts[kind](*next(subjects))
        await_go()
        took: dict[str, list[float]] = {kind: [] for kind in KINDS}
        cpu = dict.fromkeys(KINDS, 0.0)
        for _ in range(told["rounds"]):
            for kind in KINDS:
                subject, used, began = next(subjects), cpu_s(), time.perf_counter()
                acts[kind](*subject)
                took[kind].append((time.perf_counter() - began) * 1000)
                cpu[kind] += (cpu_s() - used) * 1000
        figures = {kind: _figures(took[kind], cpu[kind]) for kind in KINDS}
        report(**figures, peak_rss_mb=peak_rss_mb(), load_average=os.getloadavg()[0])
        for kind in KINDS:
            await_go()
            for _ in range(COUNTED):
                acts[kind](*next(subjects))
            report(acts=COUNTED)


def _figures(took: list[float], cpu_ms: float) -> dict[str, float]:
    return {
        "p50_ms": round(statistics.median(took), 2),
        "p95_ms": round(statistics.quantiles(took, n=20)[-1], 2),
        "max_ms": round(max(took), 2),
        "cpu_ms": round(cpu_ms / len(took), 2),
    }


def _acts(told: dict[str, Any], bare: psycopg.Connection[Any]) -> dict[str, Callable[[str, str], None]]:
    from perennia.operations import changes, previews, subscriptions

    tenant, price = Id.parse(told["tenant"], prefix="ten"), Id(bytes.fromhex(told["price"]))
    now = datetime.fromisoformat(told["now"])

    def change(subscription: str, _document: str) -> None:
        changes.change_plan(
            tenant=tenant, actor="bench", subscription_id=Id(bytes.fromhex(subscription)), price_id=price, now=now
        )

    def preview(subscription: str, document: str) -> None:
        with previews.preview(tenant=tenant, now=now) as previewed:
            change(subscription, document)
        if len(previewed.documents) != 1 or previewed.upcoming is None:
            raise RuntimeError("a change of plan brings one document, and a renewal follows")

    def cancel(subscription: str, _document: str) -> None:
        subscriptions.cancel(tenant=tenant, actor="bench", subscription_id=Id(bytes.fromhex(subscription)), now=now)

    statements = _copies(bare)

    def control(_subscription: str, document: str) -> None:
        with bare.transaction():
            bare.execute(
                "SELECT id FROM payers WHERE id = (SELECT payer_id FROM documents WHERE id = %s) FOR NO KEY UPDATE",
                (document,),
            )
            for statement in statements:
                bare.execute(statement, {"document": document})
            bare.execute("UPDATE number_series SET next_number = next_number + 1 WHERE kind = 'invoice'")

    return {"preview": preview, "change": change, "cancel": cancel, "control": control}


def _copies(bare: psycopg.Connection[Any]) -> list[bytes]:
    """The rows of a document once more, table by table, as a document of its own would have them."""
    found = []
    new = "md5(d.id::text || 'again')::uuid"
    for table, own, more in (
        ("lines", "document_id", {}),
        ("receivables", "document_id", {}),
        ("postings", "transaction_id", {}),
        ("documents", "id", {"number": "d.number + 1000000000"}),
    ):
        names = [
            str(name)
            for (name,) in bare.execute(
                """SELECT attname FROM pg_attribute WHERE attrelid = %s::text::regclass AND attnum > 0
                AND NOT attisdropped AND attidentity = '' AND attgenerated = '' ORDER BY attnum""",
                (table,),
            )
        ]
        values = [new.replace("d.id", f"d.{own}") if name == own else more.get(name, f"d.{name}") for name in names]
        found.append(
            f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(values)} FROM {table} d "
            f"WHERE d.{own} = %(document)s::uuid".encode()
        )
    bare.commit()
    return found


if __name__ == "__main__":
    main()
