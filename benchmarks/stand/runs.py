"""One billing run by a crew of workers, and what it cost."""

import itertools
import os
import statistics
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from benchmarks.stand.crew import Crew
from benchmarks.stand.meters import Meters, Reading, Statement

LATE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Chunk:
    """One worker's transaction, in seconds since the signal to go."""

    began: float
    ended: float
    invoices: int


@dataclass(frozen=True, slots=True)
class Run:
    """What a run did."""

    workers: int
    issued_at: datetime
    invoices: int
    seconds: float
    chunks: list[Chunk]
    python_s: float
    cost: Reading
    statements: list[Statement]
    peak_rss_mb: float
    load: float
    pace_ms: float
    """Processor time of a fixed computation around the run: a shared core is not always the same core."""
    repeat: dict[str, float]
    """How long the same run took that found nothing, and the first of its empty claims."""

    @property
    def invoices_per_s(self) -> float:
        return self.invoices / self.seconds

    @property
    def chunk(self) -> int:
        """How many invoices a chunk has."""
        return int(statistics.median(chunk.invoices for chunk in self.chunks))

    def figures(self) -> dict[str, Any]:
        n, took = self.invoices, [chunk.ended - chunk.began for chunk in self.chunks]
        return {
            "workers": self.workers,
            "invoices": n,
            "seconds": round(self.seconds, 3),
            "invoices_per_s": round(self.invoices_per_s, 1),
            "statements_per_1000": round(sum(s.calls for s in self.statements) * 1000 / n, 2),
            "peak_rss_mb": round(self.peak_rss_mb, 1),
            "rate_last_tenth_over_first": round(late_over_early(self.chunks), 3),
            "cpu_us_per_invoice": round((self.python_s + self.cost.cpu_s) * 1e6 / n, 1),
            "python_us_per_invoice": round(self.python_s * 1e6 / n, 1),
            "server_us_per_invoice": round(self.cost.cpu_s * 1e6 / n, 1),
            "disk_bytes_per_invoice": round(sum(self.cost.sizes.values()) / n),
            "wal_bytes_per_invoice": round(self.cost.wal_bytes / n),
            "disk_bytes_per_invoice_by_table": {name: round(size / n) for name, size in self.cost.sizes.items()},
            "rows_per_invoice": {name: round(rows / n, 3) for name, rows in self.cost.inserted.items()},
            "chunk_invoices": self.chunk,
            "chunk_seconds_median": round(statistics.median(took), 3),
            "chunk_seconds_max": round(max(took), 3),
            **self.repeat,
            "load_average": round(self.load, 2),
            "pace_ms": round(self.pace_ms, 1),
        }


def measure_run(meters: Meters, *, tenant: str, due_at: datetime, workers: int) -> Run:
    """Bill everything that is due, by so many processes, and then once more what is due no longer.

    Counted from the signal to go to the last commit; the processes are connected before. Raises RuntimeError where a
    payer was set aside or the second run found something.
    """
    now = due_at + LATE
    order = {"tenant": tenant, "now": now.isoformat()}
    with Crew("run_worker", [order] * workers) as crew:
        meters.checkpoint()
        pace = _pace_ms()
        meters.forget_statements()
        before = meters.read()
        began = crew.go()
        reports = crew.reports()
        cost, statements, load = meters.read().since(before), meters.statements(), os.getloadavg()[0]
        pace = (pace + _pace_ms()) / 2
        crew.await_ready()
        repeat = _repeat(crew.go(), crew.reports())
        crew.await_end()
    meters.await_quiet()
    chunks = _chunks(reports, began)
    if not chunks or any(report["set_aside"] for report in reports):
        raise RuntimeError("nothing was due, or payers were set aside, which the population gives no reason for")
    return Run(
        workers=workers,
        issued_at=now,
        invoices=sum(chunk.invoices for chunk in chunks),
        seconds=chunks[-1].ended,
        chunks=chunks,
        python_s=sum(report["cpu_s"] for report in reports),
        cost=replace(cost, inserted=meters.read().since(before).inserted),
        statements=statements,
        peak_rss_mb=max(report["peak_rss_mb"] for report in reports),
        load=load,
        pace_ms=pace,
        repeat=repeat,
    )


def _pace_ms() -> float:
    began = time.process_time()
    sum(number * number % 7 for number in range(1_000_000))
    return (time.process_time() - began) * 1000


def _repeat(began: float, reports: list[dict[str, Any]]) -> dict[str, float]:
    stamps = [report["stamps"] for report in reports]
    if any(documents for one in stamps for _, documents in one):
        raise RuntimeError("a second run issued documents")
    return {
        "repeat_seconds": round(max(one[-1][0] for one in stamps) - began, 4),
        "empty_claim_ms": round((max(one[0][0] for one in stamps) - began) * 1000, 1),
    }


def late_over_early(chunks: list[Chunk]) -> float:
    """The rate over the last tenth of the invoices against the first tenth; a chunk's are spread evenly over its time."""
    total = sum(chunk.invoices for chunk in chunks)
    first = _reached(chunks, total * 0.1)
    last = max(chunk.ended for chunk in chunks) - _reached(chunks, total * 0.9)
    return first / last


def _reached(chunks: list[Chunk], wanted: float) -> float:
    """When so many invoices had been made."""
    turns = sorted({instant for chunk in chunks for instant in (chunk.began, chunk.ended)})
    done = 0.0
    for begin, end in itertools.pairwise(turns):
        rate = sum(c.invoices / (c.ended - c.began) for c in chunks if c.began <= begin and end <= c.ended)
        if rate and done + rate * (end - begin) >= wanted:
            return begin + (wanted - done) / rate
        done += rate * (end - begin)
    return turns[-1]


def _chunks(reports: list[dict[str, Any]], began: float) -> list[Chunk]:
    """All chunks that issued something, by the instant of their commit."""
    found = []
    for report in reports:
        before, done = began, 0
        for instant, documents in report["stamps"]:
            if documents > done:
                found.append(Chunk(before - began, instant - began, documents - done))
            before, done = instant, documents
    return sorted(found, key=lambda chunk: chunk.ended)
