"""One billing run by a crew of workers, and what it cost."""

import os
import statistics
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from benchmarks.stand.crew import Crew
from benchmarks.stand.meters import Meters, Reading, Statement

LATE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Run:
    """What a run did. `commits` are (seconds since the signal to go, invoices of that chunk), in order."""

    workers: int
    issued_at: datetime
    invoices: int
    seconds: float
    commits: list[tuple[float, int]]
    chunk_s: list[float]
    python_s: float
    cost: Reading
    statements: list[Statement]
    peak_rss_mb: float
    load: float

    @property
    def invoices_per_s(self) -> float:
        return self.invoices / self.seconds

    @property
    def chunk(self) -> int:
        """How many invoices a chunk has."""
        return int(statistics.median(invoices for _, invoices in self.commits))

    def figures(self) -> dict[str, Any]:
        n = self.invoices
        return {
            "workers": self.workers,
            "invoices": n,
            "seconds": round(self.seconds, 3),
            "invoices_per_s": round(self.invoices_per_s, 1),
            "statements_per_1000": round(sum(s.calls for s in self.statements) * 1000 / n, 2),
            "peak_rss_mb": round(self.peak_rss_mb, 1),
            "rate_last_tenth_over_first": round(late_over_early(self.commits), 3),
            "cpu_us_per_invoice": round((self.python_s + self.cost.cpu_s) * 1e6 / n, 1),
            "python_us_per_invoice": round(self.python_s * 1e6 / n, 1),
            "server_us_per_invoice": round(self.cost.cpu_s * 1e6 / n, 1),
            "disk_bytes_per_invoice": round(sum(self.cost.sizes.values()) / n),
            "wal_bytes_per_invoice": round(self.cost.wal_bytes / n),
            "disk_bytes_per_invoice_by_table": {name: round(size / n) for name, size in self.cost.sizes.items()},
            "rows_per_invoice": {name: round(rows / n, 3) for name, rows in self.cost.inserted.items()},
            "chunk_invoices": self.chunk,
            "chunk_seconds_median": round(statistics.median(self.chunk_s), 3),
            "chunk_seconds_max": round(max(self.chunk_s), 3),
            "load_average": round(self.load, 2),
        }


def measure_run(meters: Meters, *, tenant: str, due_at: datetime, workers: int) -> Run:
    """Bill everything that is due, by so many processes. Raises RuntimeError where a payer was set aside.

    Counted from the signal to go to the last commit; the processes are connected before.
    """
    now = due_at + LATE
    order = {"tenant": tenant, "now": now.isoformat()}
    with Crew("run_worker", [order] * workers) as crew:
        meters.checkpoint()
        meters.forget_statements()
        before = meters.read()
        began = crew.go()
        reports = crew.reports()
        cost = meters.read().since(before)
    load = os.getloadavg()[0]
    if any(report["set_aside"] for report in reports):
        raise RuntimeError("the run set payers aside, which a benchmark's population gives no reason for")
    commits, chunk_s = _commits(reports, began)
    if not commits:
        raise RuntimeError("nothing was due")
    return Run(
        workers=workers,
        issued_at=now,
        invoices=sum(invoices for _, invoices in commits),
        seconds=commits[-1][0],
        commits=commits,
        chunk_s=chunk_s,
        python_s=sum(report["cpu_s"] for report in reports),
        cost=cost,
        statements=meters.statements(),
        peak_rss_mb=max(report["peak_rss_mb"] for report in reports),
        load=load,
    )


def measure_repeat(*, tenant: str, due_at: datetime, workers: int) -> dict[str, float]:
    """The same run once more: how long it takes to find nothing, and the first of its empty claims."""
    order = {"tenant": tenant, "now": (due_at + LATE).isoformat()}
    with Crew("run_worker", [order] * workers) as crew:
        began = crew.go()
        stamps = [report["stamps"] for report in crew.reports()]
    if any(documents for one in stamps for _, documents in one):
        raise RuntimeError("a second run issued documents")
    return {
        "repeat_seconds": round(max(one[-1][0] for one in stamps) - began, 4),
        "empty_claim_ms": round((max(one[0][0] for one in stamps) - began) * 1000, 1),
    }


def late_over_early(commits: list[tuple[float, int]]) -> float:
    """The rate over the last tenth of the invoices against the first tenth, even within a chunk."""
    total = sum(invoices for _, invoices in commits)
    first = _reached(commits, total * 0.1)
    last = commits[-1][0] - _reached(commits, total * 0.9)
    return first / last


def _reached(commits: list[tuple[float, int]], wanted: float) -> float:
    done, at = 0, 0.0
    for instant, invoices in commits:
        if done + invoices >= wanted:
            return at + (instant - at) * (wanted - done) / invoices
        done, at = done + invoices, instant
    return at


def _commits(reports: list[dict[str, Any]], began: float) -> tuple[list[tuple[float, int]], list[float]]:
    """All commits that issued something, in order, and how long each of these chunks took its worker."""
    commits, chunk_s = [], []
    for report in reports:
        before, done = began, 0
        for instant, documents in report["stamps"]:
            if documents > done:
                commits.append((instant - began, documents - done))
                chunk_s.append(instant - before)
            before, done = instant, documents
    return sorted(commits), chunk_s
