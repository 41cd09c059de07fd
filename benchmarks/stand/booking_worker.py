"""One process that books payment results: intents by the real operation, answers made up in memory, then booked."""

import time
from datetime import datetime

from benchmarks.stand.crew import await_go, cpu_s, orders, peak_rss_mb, report
from perennia.config import wiring
from perennia.domain.ids import Id
from perennia.gateways.port import ChargeResult, DeclineClass, Outcome

FAILED_ONE_IN = 8


def main() -> None:
    told = orders()
    tenant, now = Id.parse(told["tenant"], prefix="ten"), datetime.fromisoformat(told["now"])
    with wiring.database():
        from perennia.operations import collection

        began = time.monotonic()
        calls: list[collection.Call] = []
        while True:
            claimed = collection.claim(tenant=tenant, as_of=now, now=now)
            calls += claimed.charges
            if not claimed.charges:
                break
        claimed_in_s = time.monotonic() - began
        answers = [(call, _answer(call.request.key, number)) for number, call in enumerate(calls)]
        alone, rest = answers[: told["alone"]], answers[told["alone"] :]
        for answer in alone[:20]:
            collection.book(tenant=tenant, answers=[answer], now=now)  # statements prepared, caches warm
        began = time.monotonic()
        for answer in alone[20:]:
            collection.book(tenant=tenant, answers=[answer], now=now)
        alone_s = time.monotonic() - began
        await_go()
        used, began = cpu_s(), time.monotonic()
        booked = collection.Booked()
        for first in range(0, len(rest), told["batch"]):
            booked += collection.book(tenant=tenant, answers=rest[first : first + told["batch"]], now=now)
        report(
            results=len(rest),
            seconds=time.monotonic() - began,
            cpu_s=cpu_s() - used,
            succeeded=booked.succeeded,
            failed=booked.failed,
            claimed=len(calls),
            claimed_in_s=claimed_in_s,
            control_per_s=(len(alone) - 20) / alone_s,
            peak_rss_mb=peak_rss_mb(),
        )


def _answer(key: str, number: int) -> ChargeResult:
    if number % FAILED_ONE_IN == 0:
        return ChargeResult(
            key=key, outcome=Outcome.FAILED, decline_code="insufficient_funds", decline_class=DeclineClass.SOFT
        )
    return ChargeResult(key=key, outcome=Outcome.SUCCEEDED, gateway_reference=f"ch_{key[-16:]}")


if __name__ == "__main__":
    main()
