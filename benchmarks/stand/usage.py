"""A run of usage events through the operation, and its control: the rows it left, copied into twins of their tables."""

import os
from dataclasses import dataclass
from typing import Any

from benchmarks.stand.crew import Crew
from benchmarks.stand.meters import Meters
from benchmarks.stand.population import make_population, make_shop
from perennia.config.clock import now as machine_now
from perennia.config.server import Server
from perennia.domain.ids import Id
from perennia.domain.metering import Aggregation
from perennia.operations import usage
from perennia.store import session

METERS = ("calls", "megabytes", "seats")
_TWINS = "control"


@dataclass(frozen=True, slots=True)
class Users:
    """Subscriptions that use something, and of which tenant they are."""

    tenant_text: str
    subscriptions: list[str]


@dataclass(frozen=True, slots=True)
class Trial:
    events: int
    batch: int
    workers: int
    duplicates: int
    seed: int


def make_users(size: int) -> Users:
    """So many subscriptions of a live tenant with three meters, and the partitions of the months ahead."""
    shop = make_shop()
    make_population(shop, size=size, months=1)
    for code, aggregation in zip(METERS, (Aggregation.COUNT, Aggregation.SUM, Aggregation.MAX), strict=True):
        usage.create_meter(tenant=shop.tenant, code=code, name=code, aggregation=aggregation, now=machine_now())
    usage.prepare_months(now=machine_now())
    with session.transaction(shop.tenant) as cursor:
        rows = cursor.execute(
            "SELECT id FROM subscriptions WHERE started_at < now() - interval '1 day' ORDER BY id"
        ).fetchall()
    return Users(shop.tenant.text("ten"), [row[0].hex() for row in rows])


def measure(meters: Meters, server: Server, users: Users, trial: Trial) -> dict[str, Any]:
    """The figures of one run and of its control. Raises RuntimeError where an event is neither counted nor known."""
    share = trial.events // trial.workers
    orders = [
        {
            "tenant": users.tenant_text, "subscriptions": users.subscriptions, "meters": METERS, "events": share,
            "batch": trial.batch, "duplicates": trial.duplicates, "seed": trial.seed * 1000 + number,
        }
        for number in range(trial.workers)
    ]  # fmt: skip
    tenant = Id.parse(users.tenant_text, prefix="ten")
    with Crew("usage_worker", orders) as crew:
        counted_before = _counted(tenant)
        meters.checkpoint()
        meters.forget_statements()
        before = meters.read()
        began = crew.go()
        told = crew.reports()
        cost = meters.read().since(before)
    seconds = max(float(one["ended"]) for one in told) - began
    calls = sum(statement.calls for statement in meters.statements())
    accepted, known = (sum(one[name] for one in told) for name in ("accepted", "duplicates"))
    sent = share * trial.workers
    if accepted + known != sent or _counted(tenant) - counted_before != accepted:
        raise RuntimeError(f"of {sent} events {accepted} were accepted and {known} known; the books have others")
    python_s = sum(one["cpu_s"] for one in told)
    control = _control(meters, server, trial, recorded=accepted)
    return {
        "workers": trial.workers,
        "events": sent,
        "batch": trial.batch,
        "duplicates": known,
        "seconds": round(seconds, 3),
        "events_per_s": round(sent / seconds, 1),
        "control_per_s": round(control, 1),
        "ratio": round(sent / seconds / control, 4),
        "statements_per_batch": round(calls * trial.batch / sent, 2),
        "cpu_us_per_event": round((python_s + cost.cpu_s) * 1e6 / sent, 2),
        "python_us_per_event": round(python_s * 1e6 / sent, 2),
        "server_us_per_event": round(cost.cpu_s * 1e6 / sent, 2),
        "wal_bytes_per_event": round(cost.wal_bytes / sent),
        "disk_bytes_per_event": round(sum(cost.sizes.values()) / accepted),
        "batch_ms_p50": round(sorted(ms for one in told for ms in one["batch_ms"])[sent // trial.batch // 2], 1),
        "peak_rss_mb": round(max(one["peak_rss_mb"] for one in told), 1),
        "load_average": round(os.getloadavg()[0], 2),
    }


def _counted(tenant: Id) -> int:
    with session.transaction(tenant) as cursor:
        row = cursor.execute("SELECT count(*) FROM usage_events").fetchone()
    assert row is not None
    return int(row[0])


def _control(meters: Meters, server: Server, trial: Trial, *, recorded: int) -> float:
    """The run's own rows a second by COPY, over as many connections and in as large batches as the run had."""
    cursor = meters.connection.cursor()
    cursor.execute(f"CREATE SCHEMA {_TWINS}".encode())
    for name, like in (("usage_keys", "usage_keys"), ("usage_events", "usage_events_default")):
        cursor.execute(f"CREATE TABLE {_TWINS}.{name} (LIKE {like} INCLUDING INDEXES INCLUDING CONSTRAINTS)".encode())
    cursor.execute(
        f"""CREATE TABLE {_TWINS}.rows AS
        SELECT *, md5(key)::uuid AS id, hashtext(key)::bigint AS content, row_number() OVER () - 1 AS n
        FROM (SELECT * FROM usage_events ORDER BY recorded_at DESC, place DESC LIMIT %s) AS latest""".encode(),
        (recorded,),
    )
    orders = [
        {"dsn": server.dsn("superuser"), "schema": _TWINS, "chunks": list(range(number, chunks, trial.workers)),
         "batch": trial.batch}
        for chunks in [-(-recorded // trial.batch)]
        for number in range(trial.workers)
    ]  # fmt: skip
    with Crew("usage_copy_worker", orders) as crew:
        meters.checkpoint()
        began = crew.go()
        told = crew.reports()
    if sum(one["rows"] for one in told) != recorded:
        raise RuntimeError("the control did not copy all rows of the run")
    cursor.execute(f"DROP SCHEMA {_TWINS} CASCADE".encode())
    return recorded / (max(float(one["ended"]) for one in told) - began)
