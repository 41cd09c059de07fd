"""Truths that the database holds by itself, whoever writes: tried by raw SQL, refused by name."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import psycopg
import pytest

from perennia.store import session
from perennia.store.identity import new_id
from tests.conftest import Database
from tests.operations.shop import Shop
from tests.store.lives import lived_live_shop, lived_sandbox

pytestmark = pytest.mark.usefixtures("database")

GROWING = (
    *(
        table
        for migration in ("0002_guards", "0005_corrections", "0006_customers")
        for table in import_module(f"perennia.store.migrations.{migration}").APPEND_ONLY
    ),
    "usage_keys",
    "usage_events",
)


@pytest.fixture(scope="module")
def live(database: Database) -> Shop:
    """Read only: everything tried on it is refused or rolled back."""
    return lived_live_shop()


@pytest.fixture(scope="module")
def sandbox(database: Database) -> Shop:
    """Read only, too."""
    return lived_sandbox()


@contextmanager
def owner(database: Database) -> Iterator[psycopg.Connection[Any]]:
    """The owner of the tables; all that it did is taken back."""
    if not database.server.has_roles:
        pytest.skip("this server has one role for everything")
    with psycopg.connect(database.dsn("owner")) as connection:
        session.adapt(connection)
        yield connection
        connection.rollback()


def refused(shop: Shop, name: str, *statements: tuple[str, tuple[Any, ...]] | str) -> None:
    """As the app, in one transaction: the last statement breaks the rule of that name."""
    with session.transaction(shop.tenant) as cursor:
        for statement in statements[:-1]:
            cursor.execute(*_parts(statement))
        with pytest.raises(psycopg.errors.IntegrityError) as error, session.transaction(shop.tenant):
            cursor.execute(*_parts(statements[-1]))
        session.connection.set_rollback(True)
    assert error.value.diag.constraint_name == name


def _parts(statement: tuple[str, tuple[Any, ...]] | str) -> tuple[bytes, tuple[Any, ...]]:
    query, values = (statement, ()) if isinstance(statement, str) else statement
    return query.encode(), values


def another(table: str, where: str = "true", **changes: Any) -> tuple[str, tuple[Any, ...]]:
    """Insert a row like one that is there, but for these columns."""
    made = {name: value.hex() if isinstance(value, bytes) else value for name, value in changes.items()}
    query = f"""INSERT INTO {table} SELECT r.* FROM (SELECT * FROM {table} WHERE {where} LIMIT 1) AS t,
        json_populate_record(t::{table}, %s::json) AS r RETURNING 1"""
    return query, (json.dumps(made),)


def test_every_growing_table_has_a_row_in_both_books(live: Shop, sandbox: Shop):
    for shop in (live, sandbox):
        assert [table for table in GROWING if not shop.rows(f"SELECT 1 FROM {table}")] == []


@pytest.mark.parametrize("table", GROWING)
@pytest.mark.parametrize("change", ["UPDATE {} SET tenant_id = tenant_id", "DELETE FROM {}", "TRUNCATE {}"])
def test_the_app_only_adds_to_what_only_grows(live: Shop, sandbox: Shop, table: str, change: str):
    for shop in (live, sandbox):
        with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.RestrictViolation)):
            shop.rows(change.format(table))


@pytest.mark.parametrize("table", GROWING)
@pytest.mark.parametrize("change", ["UPDATE {} SET tenant_id = tenant_id WHERE tenant_id = %s", "TRUNCATE {} CASCADE"])
def test_nor_does_the_owner_change_or_empty_it(live: Shop, sandbox: Shop, database: Database, table: str, change: str):
    for shop in (live, sandbox):
        with owner(database) as connection, pytest.raises(psycopg.errors.RestrictViolation) as error:
            connection.execute(change.format(table).encode(), (shop.tenant,) if "%s" in change else ())
        assert error.value.diag.constraint_name == "append_only"
        assert error.value.diag.table_name == table


@pytest.mark.parametrize("table", GROWING)
def test_the_owner_removes_rows_of_sandboxes_and_of_nothing_else(
    live: Shop, sandbox: Shop, database: Database, table: str
):
    loose = "kind = 'loose'" if table == "parties" else "true"  # the others are referred to
    remove = f"DELETE FROM {table} WHERE tenant_id = ANY(%s) AND {loose}".encode()
    for shops in ([sandbox], [live], [sandbox, live]):
        with owner(database) as connection:
            for shop in shops:
                connection.execute(
                    "INSERT INTO parties (id, tenant_id, kind, content, frozen_at) VALUES (%s, %s, 'loose', '{}', now())",
                    (new_id(), shop.tenant),
                )
            tenants = [shop.tenant for shop in shops]
            if live not in shops:
                assert connection.execute(remove, (tenants,)).rowcount > 0
                continue
            with pytest.raises(psycopg.errors.RestrictViolation) as error:
                connection.execute(remove, (tenants,))
            assert (error.value.diag.constraint_name, error.value.diag.table_name) == ("append_only", table)


def test_the_owner_removes_a_whole_sandbox(database: Database):
    shop = lived_sandbox()
    order = [
        "usage_alerts", "usage_limits", "usage_signals", "usage_settlements", "usage_events", "usage_keys", "meters",
        "refunds", "write_offs", "pending_lines", "credit_grants",
        "customer_discounts", "coupon_redemptions", "coupon_codes", "consents", "remembered_trials",
        "payment_methods", "subscription_discounts", "item_versions", "items", "lines", "receivables", "documents",
        "attempts", "payments", "balance_entries", "allocations", "billed_spans", "subscriptions", "customers",
        "payers", "prices", "plans", "add_ons", "products", "coupons", "number_series", "tax_rates", "legal_entities",
        "parties", "postings", "movements", "recognitions", "earnings", "outbox", "feed", "history",
    ]  # fmt: skip
    with owner(database) as connection:
        for table in order:
            done = connection.execute(f"DELETE FROM {table} WHERE tenant_id = %s".encode(), (shop.tenant,))
            assert done.rowcount or table not in GROWING
        assert connection.execute("DELETE FROM tenants WHERE id = %s", (shop.tenant,)).rowcount == 1
        connection.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_live_books_never_become_a_sandbox(live: Shop):
    refused(
        live, "tenants_mode_stays", ("UPDATE tenants SET mode = 'sandbox', clock = now() WHERE id = %s", (live.tenant,))
    )


def test_postings_sum_to_zero_per_transaction_and_currency(sandbox: Shop):
    one = new_id()
    name = "postings_sum_to_zero"
    refused(sandbox, name, another("postings", transaction_id=one, account=10, amount_minor=100))
    pair = """INSERT INTO postings (tenant_id, transaction_id, account, currency, amount_minor, at)
        SELECT %s, %s, a.account, a.currency, a.amount, now() FROM (VALUES {}) AS a (account, currency, amount)"""
    values = (sandbox.tenant, one)
    refused(sandbox, name, (pair.format("(10, 'DKK', 100), (40, 'DKK', -99)"), values))
    refused(sandbox, name, (pair.format("(10, 'DKK', 100), (40, 'EUR', -100)"), values))
    balanced = pair.format("(10, 'DKK', 100), (30, 'DKK', -80), (50, 'DKK', -20), (10, 'EUR', 5), (40, 'EUR', -5)")
    refused(sandbox, "postings_pkey", (balanced, values), (balanced, values))


def test_no_more_is_allocated_than_was_captured(sandbox: Shop):
    name = "allocations_within_payment"
    source = "source = 'payment'"
    refused(sandbox, name, another("allocations", source, document_id=new_id(), amount_minor=1))
    refused(sandbox, name, another("allocations", source, source_id=new_id(), amount_minor=1))
    refused(sandbox, "allocations_positive", another("allocations", source, document_id=new_id(), amount_minor=0))
    refused(sandbox, "payments_captured_stays", "UPDATE payments SET captured_minor = captured_minor - 1")


def test_the_rest_of_a_payment_can_be_allocated_and_not_more(sandbox: Shop):
    payment = new_id()
    paid = another("payments", "attempt_id IS NOT NULL", id=payment, attempt_id=None, captured_minor=100)
    part = another("allocations", source_id=payment, document_id=new_id(), source="payment", amount_minor=60)
    rest = another("allocations", source_id=payment, document_id=new_id(), source="payment", amount_minor=40)
    refused(
        sandbox, "allocations_within_payment", paid, part, rest,
        another("allocations", source_id=payment, document_id=new_id(), source="payment", amount_minor=1),
    )  # fmt: skip


def test_a_balance_is_never_below_zero(sandbox: Shop):
    ((balance, payer),) = sandbox.rows(
        "SELECT sum(amount_minor)::bigint, payer_id FROM balance_entries GROUP BY payer_id ORDER BY 1 DESC LIMIT 1"
    )
    assert balance > 0
    theirs = f"payer_id = '{payer.hex()}'"
    spend = [another("balance_entries", theirs, id=new_id(), amount_minor=-minor) for minor in (balance - 1, 1, 1)]
    refused(sandbox, "balance_not_negative", *spend)
    euros = another("balance_entries", theirs, id=new_id(), currency="EUR", amount_minor=-1)
    refused(sandbox, "balance_not_negative", euros)


def test_granted_credit_is_spent_within_what_was_given(sandbox: Shop):
    for change in ("left_minor = -1", "left_minor = amount_minor + 1", "amount_minor = 0"):
        refused(sandbox, "credit_grants_left", f"UPDATE credit_grants SET {change}")
    refused(sandbox, "credit_grants_kind", "UPDATE credit_grants SET kind = 'gift'")


def test_a_refund_gives_something_back_once_a_key(sandbox: Shop):
    for change in ("amount_minor = 0", "from_balance_minor = -1", "from_balance_minor = amount_minor + 1"):
        refused(sandbox, "refunds_amount", f"UPDATE refunds SET {change}")
    refused(sandbox, "refunds_state", "UPDATE refunds SET state = 'lost'")
    refused(sandbox, "refunds_key", another("refunds", id=new_id()))


def test_money_by_hand_has_a_reference_of_its_own(sandbox: Shop):
    refused(sandbox, "payments_reference", another("payments", "attempt_id IS NULL", id=new_id()))


def test_what_is_written_off_says_since_when(sandbox: Shop):
    refused(
        sandbox, "receivables_written_off", "UPDATE receivables SET written_off_at = NULL WHERE state = 'written_off'"
    )
    refused(sandbox, "receivables_written_off", "UPDATE receivables SET written_off_at = now() WHERE state = 'open'")
    refused(sandbox, "write_offs_amount", another("write_offs", id=new_id(), amount_minor=0))


def test_a_pending_charge_is_on_a_line_or_on_none(sandbox: Shop):
    refused(sandbox, "pending_lines_taken", "UPDATE pending_lines SET position = 1")


def test_no_more_is_refunded_than_was_captured(sandbox: Shop):
    refused(sandbox, "payments_refunds", "UPDATE payments SET refunded_minor = captured_minor + 1")
    refused(sandbox, "payments_refunds", "UPDATE payments SET refunded_minor = -1")


@pytest.mark.parametrize("state", ["created", "processing", "requires_action", "unknown"])
def test_a_receivable_has_one_open_attempt(sandbox: Shop, state: str):
    first = another("attempts", id=new_id(), state="processing")
    refused(sandbox, "attempts_one_open", first, another("attempts", id=new_id(), state=state))
    refused(sandbox, "attempts_state", another("attempts", id=new_id(), state=f"not {state}"))


def test_an_attempt_is_paid_once(sandbox: Shop):
    refused(sandbox, "payments_attempt", another("payments", "attempt_id IS NOT NULL", id=new_id()))


def test_a_part_is_settled_once(sandbox: Shop):
    refused(sandbox, "billed_spans_pkey", another("billed_spans", document_id=new_id(), position=9))


def test_an_invoice_is_never_below_zero(sandbox: Shop):
    invoice = "kind = 'invoice'"
    fresh = {"id": new_id(), "number": 1000}
    refused(sandbox, "documents_sign", another("documents", invoice, **fresh, net_minor=99, tax_minor=-100))
    refused(sandbox, "documents_sign", another("documents", invoice, **fresh, kind="receipt"))
    zero = another("documents", invoice, **fresh, net_minor=100, tax_minor=-100)
    refused(sandbox, "documents_pkey", zero, another("documents", invoice, **fresh | {"number": 1001}))


def test_a_number_is_given_once_per_entity_and_kind(sandbox: Shop):
    refused(sandbox, "documents_number", another("documents", id=new_id()))


def test_what_is_open_lies_between_nothing_and_what_was_due(sandbox: Shop):
    refused(sandbox, "receivables_open", "UPDATE receivables SET open_minor = due_minor + 1 WHERE state = 'open'")
    refused(sandbox, "receivables_open", "UPDATE receivables SET open_minor = -1 WHERE state = 'open'")
    refused(sandbox, "receivables_paid", "UPDATE receivables SET open_minor = 1 WHERE state = 'paid'")
    refused(sandbox, "receivables_paid", "UPDATE receivables SET state = 'paid' WHERE state = 'open'")
    refused(sandbox, "receivables_paid", "UPDATE receivables SET open_minor = 0 WHERE state = 'open'")
    refused(sandbox, "receivables_state", "UPDATE receivables SET state = 'forgotten' WHERE state = 'open'")


def test_nothing_is_left_without_its_document(sandbox: Shop):
    for table, changes in (("lines", {"position": 77}), ("receivables", {})):
        orphan = another(table, **changes, document_id=new_id())
        refused(sandbox, f"{table}_document_id", f"SET CONSTRAINTS {table}_document_id IMMEDIATE", orphan)


def test_a_coupon_and_a_code_are_never_redeemed_more_often_than_they_may_be(sandbox: Shop):
    for table in ("coupons", "coupon_codes"):
        name = f"{table}_within_limit"
        refused(sandbox, name, f"UPDATE {table} SET max_redemptions = 1, redeemed = 2")
        refused(sandbox, name, f"UPDATE {table} SET redeemed = -1")
    refused(sandbox, "coupon_redemptions_state", "UPDATE coupon_redemptions SET state = 'forgotten'")
    refused(sandbox, "coupon_redemptions_state", "UPDATE coupon_redemptions SET state = 'released'")
    refused(sandbox, "coupon_codes_pkey", another("coupon_codes"))
    refused(sandbox, "customer_discounts_once", another("customer_discounts", id=new_id()))


def test_a_customers_day_and_channel_are_what_they_can_be(sandbox: Shop):
    refused(sandbox, "customers_billing_day", "UPDATE customers SET billing_day = 32")
    refused(sandbox, "customers_billing_day", "UPDATE customers SET billing_day = 0")
    refused(sandbox, "customers_channel", "UPDATE customers SET channel = 'pigeon'")
