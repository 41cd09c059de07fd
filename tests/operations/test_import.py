"""Astrid takes her subscribers over from another system: all of them or none, and twice changes nothing."""

import tracemalloc
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from perennia.config.clock import now as machine_now
from perennia.operations.importing.problems import Problem
from tests.faults.victims import run_and_die_at
from tests.operations.shop import Shop, open_shop

pytestmark = pytest.mark.usefixtures("database")

CUSTOMERS = """external_id,name,email,country,time_zone,language,address,payment_gateway,payment_token
c1,Bo,bo@example.com,DK,,da,"Vej 1
8000 Aarhus",sandbox,ok
c2,Ida,ida@example.com,SE,Europe/Stockholm,,,,
"""
SUBSCRIPTIONS = """external_id,customer,plan,quantity,add_ons,adjustment,started_on,billed_through
s1,c1,basic,,seat:3,-5.00,2024-06-01,2025-03-01
s2,c2,year,,,,2024-05-10,2025-05-10
"""


@pytest.fixture
def shop() -> Shop:
    """Nordlys on 15 February 2025."""
    return open_shop(opened_on=date(2025, 2, 15))


def run(shop: Shop, folder: Path, *, dry_run: bool = False, **files: str) -> tuple[Any, list[Problem]]:
    from perennia.operations.importing.files import Files, import_files

    paths = {}
    for name, content in files.items():
        paths[name] = folder / f"{name}.csv"
        paths[name].write_text(content, newline="")
    problems: list[Problem] = []
    done = import_files(
        tenant=shop.tenant,
        files=Files(**paths),
        now=machine_now(),
        actor="astrid",
        dry_run=dry_run,
        refuse=problems.append,
        progress=lambda step, rows: None,
    )
    return done, problems


def told(problems: list[Problem]) -> list[str]:
    """Each problem with file, line, column and value; every one has a reason and a remedy."""
    assert all(problem.reason and problem.remedy for problem in problems)
    return [
        f"{Path(one.file).stem}:{one.line} {one.column}={one.value}: {one.reason}"
        for one in sorted(problems, key=lambda one: (one.file, one.line))
    ]


def counts(shop: Shop) -> tuple[int, ...]:
    tables = ("customers", "payers", "parties", "payment_methods", "subscriptions", "items", "movements", "outbox")
    return tuple(shop.rows(f"SELECT count(*) FROM {table}")[0][0] for table in tables)


def findings(shop: Shop) -> list[str]:
    from perennia.analytics.verification import verify
    from perennia.operations import tenants

    return [f"{one.name}: {one.examples}" for one in verify(tenant=tenants.find(shop.slug), now=shop.now) if one.failed]


def test_subscribers_come_in_and_are_billed_from_where_the_old_system_stopped(shop: Shop, tmp_path: Path) -> None:
    done, problems = run(shop, tmp_path, customers=CUSTOMERS, subscriptions=SUBSCRIPTIONS)
    assert (problems, done.written) == ([], True)
    assert (done.files["customers"].new, done.files["subscriptions"].new) == (2, 2)
    assert shop.documents() == ""
    assert shop.rows("SELECT external_id, status FROM subscriptions ORDER BY 1") == [("s1", "active"), ("s2", "active")]
    assert shop.rows("SELECT kind, mrr_minor, effective_at FROM movements ORDER BY effective_at") == [
        ("new", 8333, datetime(2024, 5, 9, 22, tzinfo=UTC)),
        ("new", 12500, datetime(2024, 5, 31, 22, tzinfo=UTC)),
    ]
    assert findings(shop) == []
    shop.clock_to(date(2025, 3, 1))
    shop.bill()
    shop.clock_to(date(2025, 5, 10))
    shop.bill()
    assert shop.documents().splitlines() == [
        "invoice 1 due 2025-03-01: Basic 2025-03-01..2025-04-01 10000 + 2500",
        "invoice 1 due 2025-03-01: Seat 2025-03-01..2025-04-01 3000 + 750",
        "invoice 1 due 2025-03-01: Adjustment 2025-03-01..2025-04-01 -500 + -125",
        "invoice 2 due 2025-04-01: Basic 2025-04-01..2025-05-01 10000 + 2500",
        "invoice 2 due 2025-04-01: Seat 2025-04-01..2025-05-01 3000 + 750",
        "invoice 2 due 2025-04-01: Adjustment 2025-04-01..2025-05-01 -500 + -125",
        "invoice 3 due 2025-05-01: Basic 2025-05-01..2025-06-01 10000 + 2500",
        "invoice 3 due 2025-05-01: Seat 2025-05-01..2025-06-01 3000 + 750",
        "invoice 3 due 2025-05-01: Adjustment 2025-05-01..2025-06-01 -500 + -125",
        "invoice 4 due 2025-05-10: Year 2025-05-10..2026-05-10 100000 + 0",
    ]
    assert findings(shop) == []


def test_a_cancellation_credits_nothing_that_the_old_system_charged(shop: Shop, tmp_path: Path) -> None:
    run(shop, tmp_path, customers=CUSTOMERS, subscriptions=SUBSCRIPTIONS)
    ((subscription,),) = shop.rows("SELECT id FROM subscriptions WHERE external_id = 's2'")
    shop.cancel(subscription)
    assert shop.documents() == ""
    assert findings(shop) == []


def test_the_same_files_again_change_nothing(shop: Shop, tmp_path: Path) -> None:
    run(shop, tmp_path, customers=CUSTOMERS, subscriptions=SUBSCRIPTIONS)
    shop.clock_to(date(2025, 3, 1))
    shop.bill()
    before = counts(shop)
    again = SUBSCRIPTIONS.replace(",", ";").replace("-5.00", "-5,0").replace("seat:3", "seat:3.0")
    done, problems = run(shop, tmp_path, customers="\ufeff" + CUSTOMERS, subscriptions=again)
    assert (told(problems), done.written) == ([], True)
    assert [(one.new, one.unchanged) for one in done.files.values()] == [(0, 2), (0, 2)]
    assert counts(shop) == before


def test_other_content_under_a_known_id_is_refused(shop: Shop, tmp_path: Path) -> None:
    run(shop, tmp_path, customers=CUSTOMERS, subscriptions=SUBSCRIPTIONS)
    shop.customer("Kim", external_id="c9")
    before = counts(shop)
    customers = CUSTOMERS.replace("Ida", "Ida Marie") + "c9,Kim,kim@example.com,,,,,,\nc3,Eva,eva@example.com,,,,,,\n"
    done, problems = run(shop, tmp_path, customers=customers, subscriptions=SUBSCRIPTIONS.replace("-5.00", "-6.00"))
    assert told(problems) == [
        "customers:4 external_id=c2: it was imported before, with other content",
        "customers:5 external_id=c9: it is there already, not by an import",
        "subscriptions:2 external_id=s1: it was imported before, with other content",
    ]
    assert (done.written, counts(shop)) == (False, before)


def test_every_bad_row_is_reported_and_nothing_is_written(shop: Shop, tmp_path: Path) -> None:
    before = counts(shop)
    catalogue = "kind,code,name,product,plan,currency,amount,interval,percent_off,amount_off,periods\n" + "\n".join(
        [
            "plan,gold,Gold,nothing,,,,,,,",
            "price,gold-m,,,gold,DKK,1e3,month,,,",
            "price,basic-x,,,basic,DKR,5.00,fortnight,,,",
            "coupon,half,,,,,,,50,10,",
            "coupon,ten,,,,DKK,,,,10.005,",
            "thing,x,,,,,,,,,",
            "product,p,P,service,,,,,,,",
        ]
    )
    customers = (
        CUSTOMERS + "c2,Ida,ida@,Sweden,Stockholm,,,sandbox,\n,No Id,x@example.com,,,,,,\nc4,Bo,bo@home,XX,,,,,\n"
    )
    subscriptions = (
        SUBSCRIPTIONS
        + """s3,c7,basic,,,,2025-03-01,
s3,c1,seat,,,,2025-03-01,
s4,c1,platinum,,,,2024-03-01,
s5,c1,basic,-1,"seat:1|seat:2",,2025-02-30,
s6,c1,gold-m,,,,2025-03-01,
s7,c1,basic,,dear:x,"1,234",2025-03-01,2025-02-01
"""
    )
    done, problems = run(shop, tmp_path, catalogue=catalogue, customers=customers, subscriptions=subscriptions)
    assert told(problems) == [
        "catalogue:2 product=nothing: there is no product with this code",
        "catalogue:3 amount=1e3: not a number",
        "catalogue:4 currency=DKR: not a currency",
        "catalogue:4 interval=fortnight: not one of the words of this column",
        "catalogue:5 percent_off=50: a coupon takes off a percent or an amount",
        "catalogue:6 amount_off=10.005: DKK has 2 decimals",
        "catalogue:7 kind=thing: not one of the words of this column",
        "catalogue:8 product=service: a product has no product",
        "customers:5 email=ida@: not an e-mail address",
        "customers:5 country=Sweden: not a country code",
        "customers:5 time_zone=Stockholm: not a time zone",
        "customers:5 payment_token=: this cell is empty",
        "customers:5 external_id=c2: line 4 has this external_id too",
        "customers:6 external_id=: this cell is empty",
        "customers:7 email=bo@home: not an e-mail address",
        "customers:7 country=XX: not a country code",
        "subscriptions:4 customer=c7: there is no customer with this external_id",
        "subscriptions:5 plan=seat: seat is not the price of a plan",
        "subscriptions:5 external_id=s3: line 4 has this external_id too",
        "subscriptions:6 plan=platinum: there is no price platinum",
        "subscriptions:6 billed_through=: the subscription began before today, 2025-02-15 in these books",
        "subscriptions:7 quantity=-1: a quantity is from 0 to 1,000,000,000",
        "subscriptions:7 add_ons=seat:1|seat:2: the same add-on twice",
        "subscriptions:7 started_on=2025-02-30: no such day",
        "subscriptions:9 add_ons=dear:x: not a number",
        "subscriptions:9 adjustment=1,234: can be read in two ways",
        "subscriptions:9 billed_through=2025-02-01: before started_on, 2025-03-01",
    ]
    assert (done.problems, done.written, counts(shop)) == (len(problems), False, before)
    assert shop.rows("SELECT count(*) FROM prices WHERE code IN ('gold-m', 'basic-x')") == [(0,)]


def test_a_dry_run_of_good_files_writes_nothing(shop: Shop, tmp_path: Path) -> None:
    before = counts(shop)
    catalogue = "kind,code,name,product,plan,currency,amount,interval\nplan,gold,Gold,service,,,,\n"
    catalogue += "price,gold,,,gold,DKK,5.00,week\n"
    gold = SUBSCRIPTIONS.replace("basic", "gold")
    done, problems = run(shop, tmp_path, dry_run=True, catalogue=catalogue, customers=CUSTOMERS, subscriptions=gold)
    assert (told(problems), done.written, counts(shop)) == ([], False, before)
    assert {file: (one.rows, one.new) for file, one in done.files.items()} == {
        "catalogue": (2, 2),
        "customers": (2, 2),
        "subscriptions": (2, 2),
    }
    assert shop.rows("SELECT count(*) FROM plans WHERE code = 'gold'") == [(0,)]


def test_terms_that_could_never_be_billed_are_refused(shop: Shop, tmp_path: Path) -> None:
    catalogue = """kind,code,name,product,plan,currency,amount,interval,model
price,steep,,,basic,DKK,900000000000.00,month,per_unit
"""
    subscriptions = """external_id,customer,plan,quantity,add_ons,adjustment,started_on
s1,c1,basic,3,,,2025-03-01
s2,c1,basic,,,-100.01,2025-03-01
s3,c1,basic,1,seat:3,-130.00,2025-03-01
s4,c1,basic,1,seat:3,-130.01,2025-03-01
s5,c1,year,,seat:3,-1000.01,2025-03-01
s6,c1,steep,1000000000,,,2025-03-01
s7,c1,steep,1000,,,2025-03-01
"""
    done, problems = run(
        shop, tmp_path, dry_run=True, catalogue=catalogue, customers=CUSTOMERS, subscriptions=subscriptions
    )
    assert told(problems) == [
        "subscriptions:2 quantity=3: a flat price is sold once; use a price of model per_unit",
        "subscriptions:3 adjustment=-100.01: with it the plan and its add-ons come to -0.01 a period",
        "subscriptions:5 adjustment=-130.01: with it the plan and its add-ons come to -0.01 a period",
        "subscriptions:6 adjustment=-1000.01: with it the plan and its add-ons come to -0.01 a period",
        "subscriptions:7 =: one period comes to 900000000000000000000.00; no document is above 1000000000000000.00",
    ]
    assert problems[0].remedy == "write 1, or use a price of model per_unit"
    assert (done.files["subscriptions"].rows, done.files["subscriptions"].new) == (7, 2)
    kept = "\n".join(subscriptions.splitlines()[line] for line in (0, 3, 7)) + "\n"
    done, problems = run(shop, tmp_path, catalogue=catalogue, customers=CUSTOMERS, subscriptions=kept)
    assert (told(problems), done.written) == ([], True)
    assert findings(shop) == []


def test_new_are_the_sound_rows_that_are_not_there(shop: Shop, tmp_path: Path) -> None:
    run(shop, tmp_path, customers=CUSTOMERS)
    more = (
        CUSTOMERS.replace("Ida", "Eva")
        + "c3,Eva,eva@example.com,,,,,,\nc3,Eva,eva@example.com,,,,,,\nc4,Kim,kim,,,,,,\n"
    )
    done, _ = run(shop, tmp_path, customers=more)
    count_of = done.files["customers"]
    assert (count_of.rows, count_of.new, count_of.unchanged, done.problems) == (5, 1, 1, 3)


def test_a_coupon_taken_over_inside_a_period_keeps_its_periods(shop: Shop, tmp_path: Path) -> None:
    catalogue = "kind,code,percent_off,periods\ncoupon,half,50,6\n"
    subscriptions = """external_id,customer,plan,started_on,billed_through,coupon,coupon_periods_left
s1,c1,basic,2024-12-01,2025-02-15,half,1
s2,c1,later,2024-12-01,2025-02-15,half,0
"""
    done, problems = run(shop, tmp_path, catalogue=catalogue, customers=CUSTOMERS, subscriptions=subscriptions)
    assert (told(problems), done.written) == ([], True)
    shop.bill()
    for day in (date(2025, 3, 1), date(2025, 4, 1)):
        shop.clock_to(day)
        shop.bill()
    lines = shop.documents().splitlines()
    assert [line.split("due ")[1] for line in lines if "Basic" in line] == [
        "2025-02-15: Basic 2025-02-15..2025-03-01 2500 + 625",
        "2025-03-01: Basic 2025-03-01..2025-04-01 5000 + 1250",
        "2025-04-01: Basic 2025-04-01..2025-05-01 10000 + 2500",
    ]
    assert shop.rows("SELECT periods_left, ended_at IS NULL FROM subscription_discounts") == [(0, False), (0, False)]
    assert findings(shop) == []


def test_a_catalogue_is_imported_once(shop: Shop, tmp_path: Path) -> None:
    catalogue = """kind,code,name,product,plan,add_on,currency,amount,interval,interval_count,model,timing,tax,percent_off
price,gold-q,,,gold,,DKK,"2.400,00",month,3,,,inclusive,
plan,gold,Gold,club,,,,,,,,,,
product,club,Club,,,,,,,,,,,
add_on,locker,Locker,club,,,,,,,,,,
price,locker,,,,locker,DKK,12.5,month,,per_unit,arrears,,
coupon,spring,,,,,,,,,,,,25
"""
    done, problems = run(shop, tmp_path, catalogue=catalogue)
    assert (told(problems), done.files["catalogue"].new) == ([], 6)
    done, problems = run(shop, tmp_path, catalogue=catalogue.replace("12.5", "12.50"))
    assert (told(problems), done.files["catalogue"].unchanged) == ([], 6)
    _, problems = run(shop, tmp_path, catalogue=catalogue.replace("12.5", "13"))
    assert told(problems) == ["catalogue:6 code=locker: this price is there already, with other content"]


def test_each_stands_where_its_dates_put_it(shop: Shop, tmp_path: Path) -> None:
    """In trial, ended before, ending later, not yet begun, with a term and on invoice: Stockholm and Copenhagen alike."""
    head = "external_id,customer,plan,started_on,billed_through,trial_ends_on,cancel_on,term_periods_left,collection"
    subscriptions = f"""{head},net_days
trial,c1,basic,2025-02-01,2025-02-01,2025-03-03,,,,
ended,c1,basic,2024-02-01,2024-12-01,,2024-12-01,,,
ending,c1,basic,2024-02-20,2025-02-20,,2025-03-10,,,
later,c1,basic,2025-04-01,,,,,,
term,c2,basic,2024-01-31,2025-02-28,,,11,send,14
"""
    done, problems = run(shop, tmp_path, customers=CUSTOMERS, subscriptions=subscriptions)
    assert (told(problems), done.written) == ([], True)
    found = shop.rows("SELECT external_id, status, collection, net_days, term_ends_at FROM subscriptions ORDER BY 1")
    assert found == [
        ("ended", "canceled", "automatic", 0, None),
        ("ending", "active", "automatic", 0, None),
        ("later", "scheduled", "automatic", 0, None),
        ("term", "active", "send", 14, datetime(2026, 1, 30, 23, tzinfo=UTC)),
        ("trial", "trialing", "automatic", 0, None),
    ]
    assert findings(shop) == []
    while shop.now < datetime(2025, 4, 1, tzinfo=UTC):
        shop.clock_to(min(date.fromordinal(shop.now.toordinal() + 2), date(2025, 4, 2)))
        shop.bill()
    assert sorted(line.split("due ")[1] for line in shop.documents().splitlines()) == [
        "2025-02-20: Basic 2025-02-20..2025-03-10 6429 + 1607",
        "2025-02-28: Basic 2025-02-28..2025-03-31 10000 + 0",
        "2025-03-03: Basic 2025-03-03..2025-04-03 10000 + 2500",
        "2025-03-31: Basic 2025-03-31..2025-04-30 10000 + 0",
        "2025-04-01: Basic 2025-04-01..2025-05-01 10000 + 2500",
    ]
    assert findings(shop) == []


def test_coupons_and_credit_go_on(shop: Shop, tmp_path: Path) -> None:
    catalogue = "kind,code,percent_off,periods\ncoupon,half,50,6\n"
    subscriptions = """external_id,customer,plan,started_on,billed_through,coupon,coupon_periods_left,credit_balance
s1,c1,basic,2024-12-01,2025-03-01,half,1,200.00
"""
    done, problems = run(shop, tmp_path, catalogue=catalogue, customers=CUSTOMERS, subscriptions=subscriptions)
    assert (told(problems), done.written) == ([], True)
    assert shop.rows("SELECT amount_minor, source FROM balance_entries") == [(20000, "import")]
    assert findings(shop) == []
    for day in (date(2025, 3, 1), date(2025, 4, 1), date(2025, 5, 1)):
        shop.clock_to(day)
        shop.bill()
    rows = shop.rows("SELECT net_minor, tax_minor, from_balance_minor FROM documents ORDER BY due_at")
    assert rows == [(5000, 1250, 6250), (10000, 2500, 12500), (10000, 2500, 1250)]
    assert findings(shop) == []
    bad = subscriptions.replace("s1", "s9").replace(",1,200.00", ",7,-1")
    _, problems = run(shop, tmp_path, subscriptions=bad)
    assert told(problems) == [
        "subscriptions:2 coupon_periods_left=7: this coupon is for 6 periods",
        "subscriptions:2 credit_balance=-1: not an amount that is owed to a customer",
    ]


def test_a_known_payer_keeps_what_it_has(shop: Shop, tmp_path: Path) -> None:
    """Bo subscribed here before the import; his own end, due and not yet run, is left to the run with its credit."""
    bo = shop.customer("Bo", external_id="c1")
    mine = shop.start(bo, "basic")
    shop.cancel(mine, at=datetime(2025, 2, 20, tzinfo=UTC))
    shop.clock_to(date(2025, 2, 25))
    subscriptions = "external_id,customer,plan,started_on,billed_through\nold,c1,plus,2024-03-01,2025-03-01\n"
    done, problems = run(shop, tmp_path, subscriptions=subscriptions)
    assert (told(problems), done.written) == ([], True)
    assert shop.rows("SELECT status FROM subscriptions ORDER BY external_id") == [("active",), ("active",)]
    shop.bill()
    assert [line for line in shop.documents().splitlines() if "credit_note" in line] != []
    assert findings(shop) == []


def test_a_payer_may_come_in_several_batches(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from perennia.operations.importing import files

    monkeypatch.setattr(files, "BATCH_ROWS", 3)
    rows = [f"s{n},c{n % 2 + 1},basic,2024-06-01,2025-03-0{n % 3 + 1},1.00" for n in range(10)]
    head = "external_id,customer,plan,started_on,billed_through,credit_balance"
    done, problems = run(shop, tmp_path, customers=CUSTOMERS, subscriptions="\n".join([head, *rows]))
    assert (told(problems), done.files["subscriptions"].new) == ([], 10)
    assert shop.rows("SELECT lines, has_credit FROM payers") == [(5, True), (5, True)]
    assert shop.rows("SELECT DISTINCT next_due_at FROM payers") == [(datetime(2025, 2, 28, 23, tzinfo=UTC),)]
    assert findings(shop) == []


def test_a_file_that_changes_after_its_check_leaves_nothing(shop: Shop, tmp_path: Path) -> None:
    from perennia.operations.importing.files import Files, import_files
    from perennia.operations.importing.problems import FileChanged

    before = counts(shop)
    customers, subscriptions = tmp_path / "customers.csv", tmp_path / "subscriptions.csv"
    rows = "".join(f"x{n},Bo,bo@example.com\n" for n in range(2000))
    customers.write_text(f"external_id,name,email\n{rows}")
    subscriptions.write_text("external_id,customer,plan,started_on\ns1,x1,basic,2025-03-01\n")

    def spoil(step: str, done: int) -> None:
        if step == "writing customers":
            subscriptions.write_text("external_id,customer,plan,started_on\ns1,x1,basic,soon\n")

    with pytest.raises(FileChanged):
        import_files(
            tenant=shop.tenant,
            files=Files(customers=customers, subscriptions=subscriptions),
            now=machine_now(),
            actor="astrid",
            dry_run=False,
            refuse=lambda problem: None,
            progress=spoil,
        )
    assert counts(shop) == before


def test_the_customers_of_another_tenant_do_not_count(shop: Shop, tmp_path: Path) -> None:
    stranger = open_shop(opened_on=date(2025, 2, 15))
    run(stranger, tmp_path, customers=CUSTOMERS)
    _, problems = run(shop, tmp_path, subscriptions=SUBSCRIPTIONS)
    assert [problem.column for problem in problems] == ["customer", "customer"]
    done, _ = run(shop, tmp_path, customers=CUSTOMERS, subscriptions=SUBSCRIPTIONS)
    assert done.written


def test_an_import_killed_before_any_of_its_statements_leaves_nothing(shop: Shop, tmp_path: Path) -> None:
    empty = counts(shop)
    died_at = 0
    for step in count(1, 9):
        if not run_and_die_at(step, lambda: run(shop, tmp_path, customers=CUSTOMERS, subscriptions=SUBSCRIPTIONS)):
            break
        died_at = step
        assert counts(shop) == empty
    assert died_at > 30, "an import has more steps than that"
    assert counts(shop)[4] == 2
    assert findings(shop) == []


def test_nothing_is_imported_while_the_clock_is_moved(shop: Shop, tmp_path: Path) -> None:
    from perennia.domain.errors import ClockMoving
    from perennia.operations import clock

    def try_it() -> None:
        with pytest.raises(ClockMoving):
            run(shop, tmp_path, customers=CUSTOMERS)

    with clock.moving(tenant=shop.tenant, to=datetime(2025, 3, 1, tzinfo=UTC)):
        thread = Thread(target=lambda: refused.append(_outcome(try_it)))
        refused: list[str] = []
        thread.start()
        thread.join()
    assert refused == ["refused as it should"]


def _outcome(act: Any) -> str:
    from perennia.store.session import forget_connection

    act()
    forget_connection()
    return "refused as it should"


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file(shop: Shop, tmp_path: Path) -> None:
    def peak(rows: int) -> int:
        lines = (f"c{n},Søren Sørensen {n},soren{n}@example.com" for n in range(rows))
        content = "external_id,name,email\n" + "\n".join(lines) + "\n"
        path = tmp_path / "customers.csv"
        path.write_text(content)
        del content
        from perennia.operations.importing.files import Files, import_files

        tracemalloc.start()
        try:
            done = import_files(
                tenant=shop.tenant, files=Files(customers=path), now=machine_now(), actor="astrid", dry_run=True,
                refuse=lambda problem: None, progress=lambda step, rows: None,
            )  # fmt: skip
            assert done.files["customers"].rows == rows and not done.problems
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(2_000)
    small, large = peak(4_000), peak(40_000)
    assert large < small * 1.2
