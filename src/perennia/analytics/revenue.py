"""The revenue report: one row a month and currency, in the tenant's zone.

`mrr_minor` is the sum of all movements up to the month's last instant, `active` how many subscribers they leave, `new`
those who came or came back, `lost` those who left. `invoiced_minor` is the net of documents issued in the month,
credit notes below zero. `collected_minor` is captured in the month; `receivable_minor` is what is open at its end.

`revenue_minor` is the net of lines spread by day over their periods, whenever they were issued: a day is earned when it
begins, so a month that has ended has its whole share, and the running one that of the days up to and including
the day of `as_of`. Amounts are rounded on what a line has earned so far, so its months add up to it.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import date, datetime, timedelta
from typing import Any

from perennia.domain.calendar import first_of_month, local_date, next_month
from perennia.domain.ids import Id
from perennia.store.session import Cursor, snapshot


@dataclass(slots=True)
class Row:
    """Figures of one month (YYYY-MM) and currency, minor units; the field names are stable."""

    month: str
    currency: str
    mrr_minor: int = 0
    new_minor: int = 0
    expansion_minor: int = 0
    contraction_minor: int = 0
    churn_minor: int = 0
    reactivation_minor: int = 0
    pause_minor: int = 0
    resume_minor: int = 0
    active: int = 0
    new: int = 0
    lost: int = 0
    invoiced_minor: int = 0
    revenue_minor: int = 0
    collected_minor: int = 0
    receivable_minor: int = 0


COLUMNS = tuple(field.name for field in fields(Row))

_CAME = ("new", "reactivation")
_Months = dict[tuple[date, str], int]


@dataclass(frozen=True, slots=True)
class _Scope:
    """Whose figures, in which zone, until when; the values of every query here."""

    cursor: Cursor
    tenant: Id
    zone: str
    as_of: datetime
    values: dict[str, Any] = field(default_factory=dict)

    def by_month(self, query: str) -> _Months:
        """The answer of a query for (month, currency, amount); nothing after `as_of`."""
        values = {"tenant": self.tenant, "zone": self.zone, "as_of": self.as_of, **self.values}
        return {(month, currency): amount for month, currency, amount in self.cursor.execute(query.encode(), values)}


def revenue_report(
    *, tenant: Id, zone: str, currency: str, as_of: datetime, first: date | None = None, last: date | None = None
) -> list[Row]:
    """All months from the first activity to that of `as_of`, business time; `first` and `last` (first days) cut it.

    `currency` is the tenant's own, which has rows even before anything happened in it.
    """
    with snapshot(tenant) as cursor:
        scope = _Scope(cursor, tenant, zone, as_of)
        rows = _with_movements(scope, currency)
        _add(rows, "invoiced_minor", _invoiced(scope))
        _add(rows, "collected_minor", _collected(scope))
        _add(rows, "revenue_minor", _earned(scope))
        _add(rows, "receivable_minor", _receivable_changes(scope))
    return [row for row in _filled(rows, scope) if _within(row.month, first, last)]


def _within(month: str, first: date | None, last: date | None) -> bool:
    return (first is None or month >= f"{first:%Y-%m}") and (last is None or month <= f"{last:%Y-%m}")


_Rows = dict[tuple[date, str], Row]


def _with_movements(scope: _Scope, currency: str) -> _Rows:
    """Rows with what moved in each month; `mrr_minor` and `active` as changes."""
    this_month = first_of_month(scope.as_of, scope.zone)
    rows = _rows({(this_month, currency): 0})
    for kind in ("new", "expansion", "contraction", "churn", "reactivation", "pause", "resume"):
        scope.values["kind"] = kind
        amounts = _movements(scope, "sum(mrr_minor)::bigint")
        _add(rows, f"{kind}_minor", amounts)
        _add(rows, "mrr_minor", amounts)
        if kind in _CAME or kind == "churn":
            counts = _movements(scope, "count(*)")
            _add(rows, "new" if kind in _CAME else "lost", counts)
            _add(rows, "active", counts if kind in _CAME else {key: -count for key, count in counts.items()})
    return rows


def _rows(keys: Iterable[tuple[date, str]]) -> _Rows:
    return {(month, currency): Row(f"{month:%Y-%m}", currency) for month, currency in keys}


def _add(rows: _Rows, name: str, amounts: _Months) -> None:
    for key, amount in amounts.items():
        if key not in rows:
            rows |= _rows([key])
        setattr(rows[key], name, getattr(rows[key], name) + amount)


def _filled(rows: _Rows, scope: _Scope) -> list[Row]:
    """Every month of every currency, in order, with the running sums."""
    month, end = min(month for month, _ in rows), first_of_month(scope.as_of, scope.zone)
    currencies = sorted({currency for _, currency in rows})
    sums: dict[tuple[str, str], int] = defaultdict(int)
    found = []
    while month <= end:
        for currency in currencies:
            row = rows.get((month, currency)) or Row(f"{month:%Y-%m}", currency)
            for name in ("mrr_minor", "active", "receivable_minor"):
                sums[currency, name] += getattr(row, name)
                setattr(row, name, sums[currency, name])
            found.append(row)
        month = next_month(month)
    return found


_MONTH_OF = "date_trunc('month', {} AT TIME ZONE %(zone)s)::date"


def _movements(scope: _Scope, amount: str) -> _Months:
    return scope.by_month(
        f"""SELECT {_MONTH_OF.format("effective_at")}, currency, {amount} FROM movements
        WHERE tenant_id = %(tenant)s AND kind = %(kind)s AND effective_at <= %(as_of)s GROUP BY 1, 2 ORDER BY 1, 2"""
    )


def _invoiced(scope: _Scope) -> _Months:
    return scope.by_month(
        f"""SELECT {_MONTH_OF.format("issued_at")}, currency, sum(net_minor)::bigint FROM documents
        WHERE tenant_id = %(tenant)s AND issued_at <= %(as_of)s GROUP BY 1, 2 ORDER BY 1, 2"""
    )


def _collected(scope: _Scope) -> _Months:
    return scope.by_month(
        f"""SELECT {_MONTH_OF.format("at")}, currency, sum(captured_minor)::bigint FROM payments
        WHERE tenant_id = %(tenant)s AND at <= %(as_of)s GROUP BY 1, 2 ORDER BY 1, 2"""
    )


def _receivable_changes(scope: _Scope) -> _Months:
    """What invoices added in each month, less all that settled some of it, and what was taken for lost and never came."""
    return scope.by_month(
        f"""SELECT {_MONTH_OF.format("at")}, currency, sum(amount)::bigint FROM (
            SELECT issued_at AS at, currency, sum(net_minor + tax_minor) AS amount FROM documents
            WHERE tenant_id = %(tenant)s AND kind = 'invoice' GROUP BY 1, 2
            UNION ALL
            SELECT a.at, d.currency, -sum(a.amount_minor) FROM allocations a JOIN documents d ON d.id = a.document_id
            WHERE a.tenant_id = %(tenant)s AND d.tenant_id = %(tenant)s GROUP BY 1, 2
            UNION ALL
            SELECT at, currency, -sum(amount_minor) FROM write_offs WHERE tenant_id = %(tenant)s GROUP BY 1, 2
        ) AS c WHERE at <= %(as_of)s GROUP BY 1, 2 ORDER BY 1, 2"""
    )


def _earned(scope: _Scope) -> _Months:
    """Lines of equal period and amount are spread together; a line's currency is its subscription's, or its document's."""
    scope.values["before"] = local_date(scope.as_of, scope.zone) + timedelta(days=1)
    return scope.by_month(
        """WITH alike AS (
            SELECT coalesce(s.currency, (SELECT d.currency FROM documents d WHERE d.id = l.document_id)) AS currency,
                l.period_start, l.period_end, l.net_minor AS net, count(*) AS n
            FROM lines l LEFT JOIN subscriptions s ON s.id = l.subscription_id AND s.tenant_id = %(tenant)s
            WHERE l.tenant_id = %(tenant)s AND l.kind <> 7
            GROUP BY 1, 2, 3, 4
        ), dated AS (
            SELECT currency, net, n, (period_start AT TIME ZONE %(zone)s)::date AS starts,
                (period_end AT TIME ZONE %(zone)s)::date AS ends FROM alike
        )
        SELECT m.month, currency, sum(n * (
            earned(net, starts, ends, least((m.month + interval '1 month')::date, %(before)s))
            - earned(net, starts, ends, m.month)
        ))::bigint
        FROM dated,
        LATERAL (
            SELECT generate_series(
                date_trunc('month', starts::timestamp),
                least(greatest(ends - 1, starts), %(before)s - 1)::timestamp, interval '1 month'
            )::date AS month
        ) AS m
        GROUP BY 1, 2 ORDER BY 1, 2"""
    )
