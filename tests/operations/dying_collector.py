"""A collector that dies at a step of its work. Run as a process: `STEP TENANT SLUG URL`, on the database in PERENNIA_DSN.

It kills itself with signal 9, or, for the step `booking`, says so and is killed from outside in the middle of the
transaction that books.
"""

import os
import signal
import sys
from pathlib import Path

from perennia.config.clock import now
from perennia.config.wiring import set_up_django


def main(step: str, tenant_hex: str, slug: str, url: str) -> None:
    set_up_django(dsn=os.environ["PERENNIA_DSN"])
    from perennia.domain.ids import Id
    from perennia.jobs.collection import open_calls
    from perennia.operations import collection, tenants

    clock = tenants.find(slug).clock or now()
    tenant = Id(bytes.fromhex(tenant_hex))
    claimed = collection.claim(tenant=tenant, as_of=clock, now=clock)
    if step == "intent":
        _die()
    calls = open_calls(url)["sandbox"]
    calls.submit([call.request for call in claimed.charges])
    if step == "call":
        _die()
    results = {}
    while len(results) < len(claimed.charges):
        results |= {result.key: result for result in calls.results(5)}
    if step == "answer":
        _die()
    Path(os.environ["SIGN"]).touch()
    collection.book(tenant=tenant, answers=[(call, results[call.request.key]) for call in claimed.charges], now=clock)
    _die()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(*sys.argv[1:])
