"""One worker of a billing run, as `jobs` runs it, with the instant of every commit."""

import time
from datetime import datetime

from benchmarks.stand.crew import await_go, cpu_s, orders, peak_rss_mb, report
from perennia.config import wiring
from perennia.domain.ids import Id


def main() -> None:
    told = orders()
    tenant, at = Id.parse(told["tenant"], prefix="ten"), datetime.fromisoformat(told["now"])
    with wiring.database():
        from perennia.operations.books import open_books

        with open_books(tenant=tenant):
            pass  # connected, staging tables made
        _run(tenant, at)
        _run(tenant, at)  # the same once more, with nothing left to do


def _run(tenant: Id, at: datetime) -> None:
    from perennia.jobs.billing import Billed, run_until_done

    stamps: list[tuple[float, int]] = []

    def note(billed: Billed) -> None:
        stamps.append((time.monotonic(), billed.documents))

    await_go()
    used = cpu_s()
    billed = run_until_done(tenant=tenant, as_of=at, now=at, progress=note)
    report(
        stamps=stamps,
        lines=billed.lines,
        set_aside=billed.set_aside,
        cpu_s=cpu_s() - used,
        peak_rss_mb=peak_rss_mb(),
    )


if __name__ == "__main__":
    main()
