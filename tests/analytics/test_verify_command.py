"""`perennia verify`: what it prints and how it exits."""

import json
from collections.abc import Callable
from subprocess import CompletedProcess

import psycopg
import pytest

from perennia.analytics.verification import OF_PAYERS
from tests.conftest import Database
from tests.operations.shop import Shop, open_shop

pytestmark = pytest.mark.usefixtures("database")

Run = Callable[..., CompletedProcess[str]]


def test_a_clean_business(shop: Shop, perennia: Run):
    ended = perennia("verify", "--tenant", shop.slug, "--json")
    told = json.loads(ended.stdout)
    assert (ended.returncode, told["ok"]) == (0, True)
    assert all(set(check) == {"name", "checked", "failed", "examples"} for check in told["checks"])
    ended = perennia("verify", "--tenant", shop.slug)
    assert ended.returncode == 0
    assert ended.stdout.splitlines()[-1] == f"All {len(told['checks'])} checks agree."


def test_a_finding_is_told_and_exits_with_1(database: Database, perennia: Run):
    shop = open_shop()
    customer = shop.customer()
    shop.start(customer, "basic")
    with psycopg.connect(database.dsn("owner")) as owner:
        owner.execute("UPDATE payers SET next_due_at = NULL WHERE tenant_id = %s", (shop.tenant.hex(),))
    ended = perennia("verify", "--tenant", shop.slug, "--json")
    told = json.loads(ended.stdout)
    assert (ended.returncode, told["ok"]) == (1, False)
    assert [(check["name"], check["failed"]) for check in told["checks"] if check["failed"]] == [("due_again", 1)]
    ended = perennia("verify", "--tenant", shop.slug, "--customer", customer.text("cus"))
    assert ended.returncode == 1
    assert "WRONG  due again" in ended.stdout
    assert f"{customer.text('cus')} is due at no time, by its facts at 2025-02-27 23:00:00+00:00" in ended.stdout
    assert f"1 of {len(OF_PAYERS)} checks found something." in ended.stdout


def test_a_stranger_is_not_found(perennia: Run):
    mine, other = open_shop(), open_shop()
    ended = perennia("verify", "--tenant", mine.slug, "--customer", other.customer().text("cus"))
    assert ended.returncode == 1
    assert ended.stderr.startswith("perennia: There is no customer cus_")
