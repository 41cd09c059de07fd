"""The limit and the control of a run: its own rows, written as fast as the server can, and as one would by hand."""

from typing import Any

from benchmarks.stand.crew import Crew
from benchmarks.stand.meters import Meters
from benchmarks.stand.rows import Sample, make_twins, set_apart
from benchmarks.stand.runs import Run

MOST_CONTROL_INVOICES = 2_000
_ROUNDS = 2
_COPIED, _INSERTED = "copy_limit", "control"


def measure_limits(meters: Meters, run: Run, *, dsn: str) -> dict[str, Any]:
    """Figures of both, with as many connections as the run had workers."""
    sample = set_apart(meters, run)
    limit = _copy_limit(meters, sample, dsn=dsn, connections=run.workers)
    control, invoices = _control(meters, sample, dsn=dsn, connections=run.workers)
    cursor = meters.connection.cursor()
    for schema in ("apart", _COPIED, _INSERTED):
        cursor.execute(f"DROP SCHEMA {schema} CASCADE".encode())
    return {
        "copy_limit_per_s": round(limit, 1),
        "ratio": round(run.invoices_per_s / limit, 4),
        "control_per_s": round(control, 1),
        "copy_limit_invoices": sample.invoices,
        "control_invoices": invoices,
    }


def _copy_limit(meters: Meters, sample: Sample, *, dsn: str, connections: int) -> float:
    """The better of two rounds, each into empty tables: it takes seconds, and a neighbour's burst is no limit."""
    chunks = range(sample.chunks)
    told = [{"dsn": dsn, "schema": _COPIED, "chunks": list(chunks[n::connections])} for n in range(connections)]
    seconds = []
    for _ in range(_ROUNDS):
        make_twins(meters.connection.cursor(), _COPIED)
        seconds.append(_time(meters, "copy_worker", told))
    return sample.invoices / min(seconds)


def _control(meters: Meters, sample: Sample, *, dsn: str, connections: int) -> tuple[float, int]:
    make_twins(meters.connection.cursor(), _INSERTED)
    invoices = min(MOST_CONTROL_INVOICES * connections, sample.invoices)
    edges = [invoices * n // connections for n in range(connections + 1)]
    told = [{"dsn": dsn, "schema": _INSERTED, "first": edges[n] + 1, "last": edges[n + 1]} for n in range(connections)]
    return invoices / _time(meters, "insert_worker", told), invoices


def _time(meters: Meters, task: str, told: list[dict[str, Any]]) -> float:
    with Crew(task, told) as crew:
        meters.checkpoint()
        began = crew.go()
        return max(float(report["ended"]) for report in crew.reports()) - began
