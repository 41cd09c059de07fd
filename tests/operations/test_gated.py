"""Bo asks for more than he has paid for: it is only his once the money is there."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import pytest

from perennia.config.clock import now as machine_now
from perennia.domain.errors import ChangePending, SubscriptionEnded
from perennia.domain.ids import Id
from perennia.operations import changes, drafts
from tests.gateways.gateway_stands import SandboxStand
from tests.operations.shop import Shop, open_shop
from tests.operations.till import Till, open_till

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxStand]:
    stand = SandboxStand(tmp_path_factory.mktemp("gateway"))
    yield stand
    stand.stop()


@pytest.fixture
def till(stand: SandboxStand) -> Iterator[Till]:
    with open_till(open_shop(opened_on=date(2025, 4, 1)), stand) as till:
        yield till


def upgrade(shop: Shop, subscription: Id, code: str = "plus") -> changes.Asked:
    return changes.change_plan(
        tenant=shop.tenant,
        actor="bo",
        subscription_id=subscription,
        price_id=shop.prices[code],
        now=machine_now(),
        payment_gated=True,
    )


def plan(shop: Shop) -> list[str]:
    """The plan that Bo has now."""
    rows = shop.rows(
        "SELECT p.code FROM item_versions v JOIN prices p ON p.id = v.price_id"
        " WHERE v.ends_at IS NULL AND v.starts_at <= %s",
        shop.now,
    )
    return [row[0] for row in rows]


def drafted(shop: Shop) -> list[tuple[str, str | None, int]]:
    return shop.rows("SELECT state, reason, amount_minor FROM drafts ORDER BY created_at, id")


def test_an_upgrade_is_made_and_invoiced_when_it_is_paid(till: Till):
    _, bo = till.subscriber("ok")
    till.collect()
    till.live_days(14)
    asked = upgrade(till.shop, bo)
    assert asked.draft_id is not None
    assert plan(till.shop) == ["basic"]
    assert drafted(till.shop) == [("open", None, 10000)]
    assert till.shop.rows("SELECT count(*) FROM documents") == [(1,)]
    assert till.collect().succeeded == 1
    assert plan(till.shop) == ["plus"]
    assert drafted(till.shop) == [("paid", None, 10000)]
    assert till.receivables() == [("paid", 0), ("paid", 0)]
