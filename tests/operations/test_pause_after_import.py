"""Who was taken over and pauses keeps the days that the old system charged."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from perennia.config.clock import now as machine_now
from perennia.operations import pauses
from tests.operations.shop import Shop, open_shop
from tests.operations.test_import import CUSTOMERS, SUBSCRIPTIONS, findings, run

pytestmark = pytest.mark.usefixtures("database")


def paused(folder: Path, *, until: date, **policies: Any) -> Shop:
    """Bo, paid through 28 February, pauses on the 15th; May has come."""
    shop = open_shop(opened_on=date(2025, 2, 15), **policies)
    run(shop, folder, customers=CUSTOMERS, subscriptions=SUBSCRIPTIONS)
    ((subscription,),) = shop.rows("SELECT id FROM subscriptions WHERE external_id = 's1'")
    pauses.pause(
        tenant=shop.tenant, actor="astrid", subscription_id=subscription, now=machine_now(), when="now", until=until
    )
    assert findings(shop) == []
    for day in (until, date(2025, 3, 31), date(2025, 5, 1)):
        shop.clock_to(day)
        shop.bill()
        assert findings(shop) == []
    return shop


def periods(shop: Shop) -> list[str]:
    return [line.split()[5] for line in shop.documents().splitlines() if ": Basic" in line]


@pytest.mark.parametrize(
    ("until", "charged"),
    [
        (date(2025, 2, 20), ["2025-03-06..2025-04-06", "2025-04-06..2025-05-06"]),
        (date(2025, 3, 1), ["2025-03-15..2025-04-15", "2025-04-15..2025-05-15"]),
        (date(2025, 3, 10), ["2025-03-24..2025-04-24", "2025-04-24..2025-05-24"]),
    ],
)
def test_the_paid_rest_lasts_longer(tmp_path: Path, until: date, charged: list[str]) -> None:
    """Fourteen days are left when the pause begins, and fourteen when it is over."""
    assert periods(paused(tmp_path, until=until)) == charged


def test_the_billing_day_may_stay(tmp_path: Path) -> None:
    shop = paused(tmp_path, until=date(2025, 3, 10), pause_anchor="stays")
    assert periods(shop) == ["2025-03-24..2025-04-01", "2025-04-01..2025-05-01", "2025-05-01..2025-06-01"]


def test_a_rest_that_is_lost_moves_nothing(tmp_path: Path) -> None:
    shop = paused(tmp_path, until=date(2025, 2, 20), pause_rest="lost")
    assert periods(shop)[0] == "2025-03-01..2025-04-01"
