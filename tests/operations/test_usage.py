"""Usage events: each counted exactly once, or refused with its reason and nothing changed."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from perennia.config.clock import now as machine_now
from perennia.domain.decision import UsageSettled
from perennia.domain.documents import LineKind
from perennia.domain.errors import AlreadyExists, InvalidValue, NotFound
from perennia.domain.ids import Id
from perennia.domain.metering import Aggregation, LimitKind, Measured, Outcome, UsageEvent, UsageRefused
from perennia.domain.usage import AlertReached
from perennia.operations import pauses, subscriptions, usage
from perennia.store import session
from perennia.store.identity import new_id
from perennia.store.reads import usage as read_usage
from perennia.store.writes import usage as write
from tests.domain.measured import Used, measure
from tests.operations.metered import METERS, MeteredShop, local, metered_shop
from tests.store.statements import recording

pytestmark = pytest.mark.usefixtures("database")

ACCEPTED, DUPLICATE, KEY_REUSED = Outcome.ACCEPTED, Outcome.DUPLICATE, Outcome.KEY_REUSED


@pytest.fixture(scope="module")
def bo(database: object) -> MeteredShop:
    """Bo's subscription since 31 January 2025; it is noon of that day. Keys are each test's own."""
    return metered_shop()


def test_an_event_is_counted_once(bo: MeteredShop):
    before = bo.counts()
    event = bo.event("once", "2.5")
    assert bo.record(event, bo.event("other", "4")) == [ACCEPTED, ACCEPTED]
    assert bo.record(event, bo.event("third", "1"), event) == [DUPLICATE, ACCEPTED, DUPLICATE]
    assert bo.measured() == Measured(Decimal("7.5"), 3)
    assert bo.counts() == (before[0] + 3, before[1] + 3)


@pytest.mark.parametrize(
    "other",
    [
        {"value": Decimal(2)},
        {"value": None, "meter": "calls"},
        {"at": local(date(2025, 1, 31), 9)},
        {"properties": {"region": "north"}},
    ],
)
def test_a_key_stands_for_one_event(bo: MeteredShop, other: dict[str, Any]):
    first = bo.event(f"reused {other}", "1", at=local(date(2025, 1, 31), 8))
    assert bo.record(first, replace(first, **other)) == [ACCEPTED, KEY_REUSED]
    assert bo.record(replace(first, **other), first) == [KEY_REUSED, DUPLICATE]


def test_the_same_number_written_otherwise_is_the_same_event(bo: MeteredShop):
    event = bo.event("one", "1.50", at=datetime(2025, 1, 31, 9, tzinfo=UTC))
    again = replace(event, value=Decimal("15E-1"), at=local(date(2025, 1, 31), 10), subscription="bos")
    assert bo.record(event, again) == [ACCEPTED, DUPLICATE]


def test_a_key_belongs_to_its_tenant(bo: MeteredShop):
    stranger = metered_shop()
    assert bo.one(bo.event("shared")) == ACCEPTED
    assert stranger.one(stranger.event("shared")) == ACCEPTED
    assert stranger.one(bo.event("theirs")) == Outcome.UNKNOWN_SUBSCRIPTION


WRONG = {
    "no such meter": ({"meter": "parsecs"}, Outcome.UNKNOWN_METER),
    "a meter that nobody could store": ({"meter": "a\0b\ud800"}, Outcome.UNKNOWN_METER),
    "no such subscription": ({"subscription": new_id}, Outcome.UNKNOWN_SUBSCRIPTION),
    "no such external id": ({"subscription": "nobody"}, Outcome.UNKNOWN_SUBSCRIPTION),
    "an external id that nobody could store": ({"subscription": "bos\0"}, Outcome.UNKNOWN_SUBSCRIPTION),
    "nobody named": ({"subscription": None}, Outcome.UNKNOWN_SUBSCRIPTION),
    "no key": ({"key": ""}, Outcome.BAD_KEY),
    "a key of spaces": ({"key": "  "}, Outcome.BAD_KEY),
    "a key too long": ({"key": "k" * 201}, Outcome.BAD_KEY),
    "NUL in a key": ({"key": "a\0b"}, Outcome.BAD_KEY),
    "a line break in a key": ({"key": "a\nb"}, Outcome.BAD_KEY),
    "half a character in a key": ({"key": "a\ud800"}, Outcome.BAD_KEY),
    "a time without a zone": ({"at": datetime(2025, 1, 31, 10)}, Outcome.BAD_TIME),  # noqa: DTZ001
    "NaN": ({"value": Decimal("NaN")}, Outcome.BAD_VALUE),
    "a signalling NaN": ({"value": Decimal("sNaN")}, Outcome.BAD_VALUE),
    "infinity": ({"value": Decimal("-Infinity")}, Outcome.BAD_VALUE),
    "a float": ({"value": 0.1}, Outcome.BAD_VALUE),
    "no value": ({"value": None}, Outcome.BAD_VALUE),
    "too much": ({"value": Decimal(10) ** 15}, Outcome.BAD_VALUE),
    "absurdly much": ({"value": Decimal("1E+999999")}, Outcome.BAD_VALUE),
    "thirteen decimals": ({"value": Decimal("0.0000000000001")}, Outcome.BAD_VALUE),
    "below zero": ({"meter": "peak", "value": Decimal(-1)}, Outcome.NEGATIVE_VALUE),
    "nobody": ({"meter": "readers", "value": None}, Outcome.BAD_WHO),
    "somebody with NUL": ({"meter": "readers", "who": "a\0"}, Outcome.BAD_WHO),
    "too long a name": ({"meter": "readers", "who": "a" * 201}, Outcome.BAD_WHO),
    "too many properties": ({"properties": {"a": "b" * 4000}}, Outcome.BAD_PROPERTIES),
    "NUL in a property": ({"properties": {"a": "\0"}}, Outcome.BAD_PROPERTIES),
    "half a character in a property": ({"properties": {"\ud800": ""}}, Outcome.BAD_PROPERTIES),
    "a property that is no text": ({"properties": {"a": 1.5}}, Outcome.BAD_PROPERTIES),
    "before the start": ({"at": local(date(2025, 1, 30), 23, 59)}, Outcome.BEFORE_START),
    "in a thousand years": ({"at": datetime(3025, 1, 1, tzinfo=UTC)}, Outcome.IN_THE_FUTURE),
    "in the year one": ({"at": datetime(1, 1, 1, tzinfo=UTC)}, Outcome.BEFORE_START),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_counted_is_refused_with_its_reason(bo: MeteredShop, name: str):
    changes, outcome = WRONG[name]
    made = {field: value() if callable(value) else value for field, value in changes.items()}
    before = bo.counts()
    assert bo.record(replace(bo.event(f"wrong {name}"), **made)) == [outcome]
    assert bo.counts() == before


def test_the_good_ones_of_a_batch_are_counted(bo: MeteredShop):
    wrong = [
        replace(bo.event("mixed bad"), **{k: v() if callable(v) else v for k, v in WRONG[n][0].items()}) for n in WRONG
    ]
    outcomes = bo.record(bo.event("mixed 1"), *wrong, bo.event("mixed 2"))
    assert outcomes == [ACCEPTED, *(outcome for _, outcome in WRONG.values()), ACCEPTED]


def test_the_sender_may_run_five_minutes_ahead(bo: MeteredShop):
    now = bo.shop.now
    for ahead, outcome in ((timedelta(minutes=5), ACCEPTED), (timedelta(minutes=5, seconds=1), Outcome.IN_THE_FUTURE)):
        assert bo.one(bo.event(f"ahead {ahead}", at=now + ahead)) == outcome


def test_a_batch_has_a_size(bo: MeteredShop):
    for events in ([], [bo.event("big")] * (usage.MOST_EVENTS + 1)):
        with pytest.raises(InvalidValue):
            bo.record(*events)


def test_a_customer_with_one_subscription_names_it(bo: MeteredShop):
    shop = bo.shop
    eva = shop.customer("Eva", external_id="eva")
    assert bo.one(bo.event("eva 0", customer="eva")) == Outcome.UNKNOWN_SUBSCRIPTION
    first = shop.start(eva, "plus")
    assert bo.record(bo.event("eva 1", customer="eva"), bo.event("eva 2", customer=eva)) == [ACCEPTED] * 2
    assert shop.rows("SELECT DISTINCT subscription_id FROM usage_events WHERE key LIKE 'eva %%'") == [(first,)]
    shop.start(eva, "basic")
    assert bo.one(bo.event("eva 3", customer="eva")) == Outcome.SEVERAL_SUBSCRIPTIONS


def test_statements_do_not_grow_with_the_batch(bo: MeteredShop):
    sent = []
    for name, size in (("few", 20), ("many", 2_000)):
        events = [bo.event(f"{name} {n}") for n in range(size)]
        bo.record(*events[: size // 20])
        with recording() as asked:
            bo.record(*events)
        sent.append(len(asked.executed))
        assert asked.copies == 0
    assert sent[0] == sent[1] <= 12


def test_nothing_is_taken_after_the_end_or_before_the_start():
    bo = metered_shop()
    ends = local(date(2025, 2, 10), 15)
    bo.shop.clock_to(local(date(2025, 2, 11)))
    early = bo.event("early", at=ends - timedelta(hours=1))
    assert bo.one(early) == ACCEPTED
    subscriptions.cancel(tenant=bo.tenant, actor="astrid", subscription_id=bo.subscription, now=machine_now(), at=ends)
    ((ended,),) = bo.shop.rows("SELECT used_until FROM subscriptions WHERE id = %s", bo.subscription)
    assert ended == ends
    assert bo.record(bo.event("last", at=ended - timedelta(microseconds=1)), bo.event("after", at=ended)) == [
        ACCEPTED, Outcome.AFTER_END,
    ]  # fmt: skip
    late = replace(early, at=early.at)
    assert bo.one(late) == DUPLICATE


def test_the_late_window_closes_some_days_after_its_period_was_billed():
    bo = metered_shop(late_window_days=3)
    at = local(date(2025, 2, 27), 23)
    shop = bo.shop
    shop.clock_to(date(2025, 3, 20))
    assert bo.one(bo.event("not billed yet", at=at)) == ACCEPTED
    shop.clock_to(date(2025, 3, 21))
    shop.bill()
    assert bo.one(bo.event("three weeks late", at=at)) == Outcome.LATE_WINDOW_CLOSED
    known = bo.event("not billed yet", at=at)
    assert bo.one(known) == DUPLICATE
    assert bo.one(replace(known, value=Decimal(5))) == KEY_REUSED
    assert bo.one(bo.event("of this period", at=local(date(2025, 3, 1)))) == ACCEPTED


def test_within_the_late_window_a_billed_period_takes_more():
    bo = metered_shop(late_window_days=3)
    at = local(date(2025, 2, 27), 23)
    bo.shop.clock_to(date(2025, 2, 28))
    bo.shop.bill()
    bo.shop.clock_to(local(date(2025, 3, 2), 23, 59))
    assert bo.one(bo.event("in time", at=at)) == ACCEPTED
    bo.shop.clock_to(local(date(2025, 3, 3)))
    assert bo.one(bo.event("too late", at=at)) == Outcome.LATE_WINDOW_CLOSED
    assert bo.one(bo.event("another meter's", at=at, meter="peak")) == ACCEPTED  # no price charges that one


def test_nothing_is_used_in_a_pause_unless_the_policy_bills_it():
    for policy, outcome in (("refused", Outcome.PAUSED), ("billed", ACCEPTED)):
        bo = metered_shop(pause_usage=policy)
        pauses.pause(tenant=bo.tenant, actor="astrid", subscription_id=bo.subscription, now=machine_now())
        began = bo.shop.now
        bo.shop.clock_to(date(2025, 2, 20))
        ((starts_at,),) = bo.shop.rows("SELECT starts_at FROM pauses")
        assert starts_at <= began
        assert bo.one(bo.event("in it", at=local(date(2025, 2, 10)))) == outcome


@pytest.mark.parametrize("meter", METERS)
def test_the_database_counts_as_the_words_say(bo: MeteredShop, meter: str):
    """Half-open stretches, equal instants, corrections: against the few lines of the domain's tests."""
    random, start = Random(f"{meter} 7"), local(date(2025, 1, 31), 1)  # other stories use the morning
    instants = [start + timedelta(minutes=random.randrange(120)) for _ in range(40)]
    used = [Used(at, Decimal(random.randrange(1000)).scaleb(-1), random.choice("abcdefgh")) for at in instants]
    events = [
        bo.event(f"{meter} {n}", str(one.value), meter=meter, at=one.at, who=one.who) for n, one in enumerate(used)
    ]
    if meter == "calls":
        events = [replace(event, value=None) for event in events]
    assert bo.record(*events[:25]) + bo.record(*events[25:]) == [ACCEPTED] * 40
    hours = [start + timedelta(minutes=minutes) for minutes in (0, 30, 61, 119, 121)]
    asked = [bo.question(meter, begin, end) for begin in hours for end in hours if begin <= end]
    _compare(bo, asked, used)
    void = events[5]
    usage.correct(tenant=bo.tenant, event=void.key, key=f"{meter} void", void=True, now=machine_now())
    usage.correct(
        tenant=bo.tenant, event=events[9].key, key=f"{meter} other", value=Decimal("77.7"), who="z", now=machine_now()
    )
    used[9] = Used(used[9].at, Decimal("77.7"), "z")
    used.pop(5)
    _compare(bo, asked, used)


def _compare(bo: MeteredShop, asked: list[Any], used: list[Used]) -> None:
    with session.transaction(bo.tenant) as cursor:
        found = read_usage.quantities(cursor, asked)
    for question in asked:
        told = found[question]
        if question.meter.aggregation is Aggregation.LAST and len({one.at for one in used}) < len(used):
            last = max((one.at for one in used if question.start <= one.at < question.end), default=None)
            assert told.quantity in [one.value for one in used if one.at == last] or last is None
        else:
            assert told == measure(question, used), question


def test_of_two_values_at_one_instant_the_later_sent_is_the_last(bo: MeteredShop):
    at = local(date(2025, 1, 31), 5)
    disk = [bo.event(f"tie {n}", str(n), meter="disk", at=at) for n in (3, 9, 4)]
    assert bo.record(*disk) == [ACCEPTED] * 3
    assert bo.measured("disk", start=at, end=at + timedelta(seconds=1)).quantity == 4
    bo.record(bo.event("tie 1", "1", meter="disk", at=at))
    assert bo.measured("disk", start=at, end=at + timedelta(seconds=1)).quantity == 1


def test_an_event_is_corrected_by_another_and_stays():
    bo = metered_shop()
    bo.record(bo.event("wrong", "500"), bo.event("right", "20"))
    act = {"tenant": bo.tenant, "now": machine_now()}
    assert usage.correct(event="wrong", key="better", value=Decimal(50), **act)
    assert not usage.correct(event="wrong", key="better", value=Decimal(50), **act)
    assert bo.measured() == Measured(Decimal(70), 2)
    assert usage.correct(event="better", key="best", value=Decimal("5.5"), **act)
    assert usage.correct(event="right", key="none", void=True, **act)
    assert bo.measured() == Measured(Decimal("5.5"), 1)
    now = bo.shop.now
    with session.transaction(bo.tenant) as cursor:
        found = read_usage.events(
            cursor, subscription_id=bo.subscription, start=now - timedelta(days=1), end=now, limit=10
        )
    assert [(one.key, one.value, one.corrects, one.corrected_by) for one in found] == [
        ("wrong", Decimal(500), None, "better"),
        ("right", Decimal(20), None, "none"),
        ("better", Decimal(50), "wrong", "best"),
        ("best", Decimal("5.5"), "better", None),
        ("none", None, "right", None),
    ]
    assert bo.one(bo.event("wrong", "500")) == DUPLICATE


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"event": "nothing", "key": "k", "value": Decimal(1)}, NotFound),
        ({"event": "a", "key": "c", "value": Decimal(1)}, UsageRefused),  # corrected already
        ({"event": "a2", "key": "b", "value": Decimal(1)}, UsageRefused),  # a key that is taken
        ({"event": "b", "key": "k"}, UsageRefused),
        ({"event": "b", "key": "k", "value": Decimal("NaN")}, UsageRefused),
        ({"event": "b", "key": "k\0", "value": Decimal(1)}, UsageRefused),
        ({"event": "b\0", "key": "k", "value": Decimal(1)}, InvalidValue),
    ],
)
def test_a_correction_that_cannot_be_is_refused(wrong: dict[str, Any], error: type[Exception]):
    bo = metered_shop()
    bo.record(bo.event("a", "1"), bo.event("b", "2"))
    usage.correct(tenant=bo.tenant, event="a", key="a2", value=Decimal(3), now=machine_now())
    before = bo.counts()
    with pytest.raises(error):
        usage.correct(tenant=bo.tenant, now=machine_now(), **wrong)
    assert bo.counts() == before


def test_a_closed_period_is_not_corrected():
    bo = metered_shop()
    bo.record(bo.event("old", "1"))
    bo.shop.clock_to(date(2025, 3, 20))
    bo.shop.bill()
    with pytest.raises(UsageRefused) as refused:
        usage.correct(tenant=bo.tenant, event="old", key="new", value=Decimal(2), now=machine_now())
    assert refused.value.facts["kind"] is Outcome.LATE_WINDOW_CLOSED


def test_a_cap_refuses_what_goes_beyond_it_in_a_period():
    bo = metered_shop()
    limit = usage.set_limit(
        tenant=bo.tenant, subscription_id=bo.subscription, meter="megabytes", kind=LimitKind.REFUSE, now=machine_now(),
        quantity=Decimal(10),
    )  # fmt: skip
    beyond = Outcome.CAP_REACHED
    assert bo.record(*(bo.event(f"cap {n}", n) for n in ("6", "5", "4"))) == [ACCEPTED, beyond, ACCEPTED]
    assert bo.record(bo.event("cap 1", "1"), bo.event("cap 6", "6"), bo.event("cap -1", "-1")) == [
        beyond, DUPLICATE, ACCEPTED,
    ]  # fmt: skip
    assert bo.one(bo.event("cap 1", "1")) == ACCEPTED
    bo.shop.clock_to(date(2025, 3, 2))
    assert bo.one(bo.event("next period", "10")) == ACCEPTED
    assert bo.one(bo.event("next period too", "0.1")) == beyond
    usage.end_limit(tenant=bo.tenant, limit_id=limit, now=machine_now())
    assert bo.one(bo.event("next period too", "0.1")) == ACCEPTED
    with pytest.raises(NotFound):
        usage.end_limit(tenant=bo.tenant, limit_id=limit, now=machine_now())


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({}, InvalidValue),
        ({"quantity": Decimal(1), "amount_minor": 5}, InvalidValue),
        ({"amount_minor": 5, "kind": LimitKind.STOP}, InvalidValue),
        ({"amount_minor": 0}, InvalidValue),
        ({"quantity": Decimal(-1)}, InvalidValue),
        ({"quantity": Decimal("NaN")}, InvalidValue),
        ({"quantity": Decimal(1), "meter": "parsecs"}, NotFound),
        ({"quantity": Decimal(1), "meter": "readers", "kind": LimitKind.REFUSE}, InvalidValue),
        ({"quantity": Decimal(1), "subscription_id": Id(bytes(16))}, NotFound),
    ],
)
def test_a_limit_without_meaning_is_refused(bo: MeteredShop, wrong: dict[str, Any], error: type[Exception]):
    given = {"subscription_id": bo.subscription, "meter": "megabytes", "kind": LimitKind.ALERT} | wrong
    with pytest.raises(error):
        usage.set_limit(tenant=bo.tenant, now=machine_now(), **given)
    assert bo.shop.rows("SELECT 1 FROM usage_limits") == []


def test_what_is_watched_leaves_word():
    bo = metered_shop()
    bo.record(bo.event("unseen"))
    assert bo.shop.rows("SELECT 1 FROM usage_signals") == []
    usage.set_limit(
        tenant=bo.tenant, subscription_id=bo.subscription, meter="megabytes", kind=LimitKind.ALERT, now=machine_now(),
        amount_minor=500,
    )  # fmt: skip
    bo.record(bo.event("unseen"), bo.event("seen"), bo.event("seen too"))
    assert bo.shop.rows("SELECT subscription_id FROM usage_signals") == [(bo.subscription,)]
    threshold = metered_shop(progressive_threshold="100")
    threshold.record(threshold.event("seen"))
    assert threshold.shop.rows("SELECT subscription_id FROM usage_signals") == [(threshold.subscription,)]


def test_what_is_charged_alerted_and_looked_at_is_kept():
    bo = metered_shop()
    limit = usage.set_limit(
        tenant=bo.tenant, subscription_id=bo.subscription, meter="megabytes", kind=LimitKind.ALERT, now=machine_now(),
        quantity=Decimal(1),
    )  # fmt: skip
    bo.record(bo.event("one"))
    bo.record(bo.event("two"))
    version, document, start, later = new_id(), new_id(), local(date(2025, 1, 31)), local(date(2025, 2, 28))
    with session.transaction(bo.tenant) as cursor:
        lines = [
            UsageSettled(document, 1, LineKind.USAGE, version, start, Decimal("12.5"), 125),
            UsageSettled(document, 2, LineKind.USAGE, version, start, Decimal("12.5"), -25),
            UsageSettled(document, 3, LineKind.USAGE, version, later, Decimal(0), 0),
        ]
        write.settle(cursor, lines, tenant=bo.tenant)
        asked = [(version, start), (version, later), (document, start)]
        assert read_usage.charged(cursor, asked, tenant=bo.tenant) == {
            (version, start): 100,
            (version, later): 0,
        }
        limits = read_usage.limits_of(cursor, [bo.subscription])
        reached = AlertReached(limits[bo.subscription][0], bo.subscription, start, start)
        write.tell(cursor, [reached], tenant=bo.tenant)
        assert read_usage.alerts_told(cursor, limits) == {bo.subscription: frozenset({(limit, start)})}
        seen = read_usage.signals(cursor, tenant=bo.tenant, limit=1)
        write.forget_signals(cursor, subscription_id=bo.subscription, through=seen[bo.subscription], tenant=bo.tenant)
        left = read_usage.signals(cursor, tenant=bo.tenant, limit=10)
        assert list(left) == [bo.subscription] and left != seen


def test_a_meter_has_a_code_of_its_own(bo: MeteredShop):
    made = {"tenant": bo.tenant, "name": "Calls", "aggregation": Aggregation.COUNT, "now": machine_now()}
    with pytest.raises(AlreadyExists):
        usage.create_meter(code="calls", **made)
    with pytest.raises(InvalidValue):
        usage.create_meter(code="", **made)
    with pytest.raises(InvalidValue):
        usage.create_meter(code="below", negative=True, **made)


def test_an_event_is_what_it_is():
    with pytest.raises(AttributeError):
        UsageEvent("k", "m", machine_now()).key = "other"  # type: ignore[misc]
