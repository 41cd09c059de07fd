"""Books for a moment: a sandbox that is gone when the block ends, for questions of the kind "what would you bill"."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from perennia.domain.ids import Id
from perennia.operations.tenants import create_business, create_tenant
from perennia.store import session
from perennia.store.identity import new_id


@contextmanager
def throw_away_sandbox(
    *,
    country: str,
    currency: str,
    zone: str,
    clock: datetime,
    now: datetime,
    policies: Mapping[str, Any] | None = None,
) -> Iterator[Id]:
    """A sandbox whose clock starts at `clock`; everything in it is rolled back on leaving.

    Operations called inside work as they always do, but what is read through `store.session.transaction` and
    written is seen by this thread alone. Raises what `tenants.create_tenant` raises.
    """
    key = new_id()
    name = f"rehearsal-{key.hex()}"
    with session.rehearsal(key):
        business = create_business(slug=name, name=name, now=now, first_tenant=key)
        yield create_tenant(
            business_id=business,
            key=key,
            slug=name,
            name=name,
            country=country,
            currency=currency,
            zone=zone,
            clock=clock,
            now=now,
            policies=dict(policies or {}),
        )
