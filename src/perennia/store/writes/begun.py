"""Item versions that changes and pauses begin, with the items that are new."""

from collections.abc import Sequence
from typing import Any

from perennia.domain.decision import Decision, VersionBegun
from perennia.domain.ids import Id
from perennia.domain.policies import Policies, as_given
from perennia.store import bulk, tables
from perennia.store.session import Cursor
from perennia.store.writes.agreements import insert_pause
from perennia.store.writes.changes import flat

_ITEM = ("id", "tenant_id", "subscription_id", "anchor_on", "kind", "name")
_VERSION = (
    "id", "tenant_id", "subscription_id", "item_id", "price_id", "starts_at", "ends_at", "bills_from", "billed_through",
    "quantity", "unit_amount", "anchor_at", "begun_under", "ended_under", "metering", "name", "zone",
    "zone_since",
)  # fmt: skip


def insert_versions(cursor: Cursor, decisions: Sequence[Decision], *, tenant: Id) -> None:
    """What begins, in order; a version that ended again, or was settled, in the same decision is inserted so."""
    begun: list[VersionBegun] = flat(decisions, "begun")
    if not begun:
        return
    ended = {end.version_id: end for end in flat(decisions, "ended")}
    settled, closed = dict(flat(decisions, "settled")), set(flat(decisions, "closed"))
    bulk.insert(
        cursor,
        tables.Item,
        _ITEM,
        [
            (one.item.id, tenant, one.subscription_id, one.version.series.anchor.date(), one.item.kind, one.item.name)
            for one in begun
            if one.is_new_item
        ],
    )
    rows: list[tuple[Any, ...]] = []
    for one in begun:
        version, end = one.version, ended.get(one.version.id)
        ends_at = version.ends_at if end is None else end.ends_at
        rows.append((
            version.id, tenant, one.subscription_id, one.item.id, version.price.id, version.starts_at, ends_at,
            version.bills_from or version.starts_at, settled.get(version.id), version.quantity, version.own_amount,
            version.series.anchor, _json(version.begun_under), _json(None if end is None else end.under),
            version.price.meter_id is not None and version.id not in closed,
            version.name or None, version.series.zone, version.series.since,
        ))  # fmt: skip
    bulk.insert(cursor, tables.ItemVersion, _VERSION, rows)
    metered = {one.subscription_id for one in begun if one.version.price.meter_id is not None}
    if metered:
        cursor.execute("UPDATE subscriptions SET metering = true WHERE id = ANY(%s) AND NOT metering", (list(metered),))


def insert_pauses(cursor: Cursor, decisions: Sequence[Decision], *, tenant: Id) -> None:
    """Pauses that nobody asked for."""
    for one in flat(decisions, "pauses_begun"):
        pause = one.pause
        insert_pause(
            cursor, key=pause.id, tenant=tenant, subscription_id=one.subscription_id, starts_at=pause.starts_at,
            ends_at=pause.ends_at, policies=pause.policies, now=pause.starts_at,
        )  # fmt: skip


def _json(under: Policies | None) -> dict[str, Any] | None:
    return None if under is None else as_given(under)
