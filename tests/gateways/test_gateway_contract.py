"""What collections relies on, whoever the provider is."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

import pytest

from perennia.gateways.port import ChargeResult, DeclineClass, Gateway, Outcome, RequestRefused
from tests.gateways.gateway_stands import Stand, a_charge, a_refund

T = TypeVar("T")


def tell(gateway: Gateway, story: Callable[[Gateway], Awaitable[T]]) -> T:
    """Run a story on an adapter and give its connections back."""

    async def whole() -> T:
        try:
            return await story(gateway)
        finally:
            await gateway.aclose()

    return asyncio.run(whole())


def charge_and_look_up(gateway: Gateway, method: str) -> tuple[ChargeResult, ChargeResult, str]:
    request = a_charge(method)

    async def story(gateway: Gateway) -> tuple[ChargeResult, ChargeResult, str]:
        return await gateway.charge(request), await gateway.look_up(request.key), request.reference

    return tell(gateway, story)


def test_a_paid_charge_is_found_again(stand: Stand) -> None:
    charged, found, reference = charge_and_look_up(stand.open(), stand.method("paid"))
    assert charged.outcome is found.outcome is Outcome.SUCCEEDED
    assert charged.gateway_reference and charged.gateway_reference == found.gateway_reference
    assert charged.decline_code is charged.decline_class is None
    assert stand.effects(reference) == 1


@pytest.mark.parametrize(
    ("wish", "outcome"),
    [
        ("soft", Outcome.FAILED),
        ("hard", Outcome.FAILED),
        ("fraud", Outcome.FAILED),
        ("outage", Outcome.FAILED),
        ("authentication", Outcome.REQUIRES_ACTION),
    ],
)
def test_a_refusal_has_a_code_and_a_class(stand: Stand, wish: str, outcome: Outcome) -> None:
    charged, found, reference = charge_and_look_up(stand.open(), stand.method(wish))
    assert (charged.outcome, charged.decline_class) == (outcome, DeclineClass(wish))
    assert charged.decline_code and charged.message
    assert (found.outcome, found.decline_code) == (charged.outcome, charged.decline_code)
    assert stand.effects(reference) == 0


@pytest.mark.parametrize(
    ("wish", "timeout_s", "truth"),
    [
        ("lost_before", 10.0, Outcome.NOT_FOUND),
        ("lost_after", 10.0, Outcome.SUCCEEDED),
        ("late_before", 0.2, Outcome.NOT_FOUND),
        ("late_after", 0.2, Outcome.SUCCEEDED),
    ],
)
def test_without_an_answer_only_a_look_up_decides(stand: Stand, wish: str, timeout_s: float, truth: Outcome) -> None:
    charged, found, reference = charge_and_look_up(stand.open(timeout_s=timeout_s), stand.method(wish))
    assert charged.outcome is Outcome.UNKNOWN and charged.message
    assert found.outcome is truth
    assert stand.effects(reference) == (truth is Outcome.SUCCEEDED)


def test_a_key_nobody_used_is_not_found(stand: Stand) -> None:
    assert tell(stand.open(), lambda gateway: gateway.look_up("att_never/used?")).outcome is Outcome.NOT_FOUND


@pytest.mark.parametrize("wish", ["paid", "soft"])
def test_the_same_key_twice_is_one_charge(stand: Stand, wish: str) -> None:
    request = a_charge(stand.method(wish))

    async def story(gateway: Gateway) -> tuple[ChargeResult, ChargeResult]:
        return await gateway.charge(request), await gateway.charge(request)

    first, second = tell(stand.open(), story)
    assert first == second
    assert stand.effects(request.reference) == (wish == "paid")


def test_the_same_key_twenty_times_at_once_is_one_charge(stand: Stand) -> None:
    request = a_charge(stand.method("paid"))

    async def story(gateway: Gateway) -> list[ChargeResult]:
        return await asyncio.gather(*(gateway.charge(request) for _ in range(20)))

    outcomes = {result.outcome for result in tell(stand.open(), story)}
    assert Outcome.SUCCEEDED in outcomes <= {Outcome.SUCCEEDED, Outcome.PROCESSING}
    assert stand.effects(request.reference) == 1


def test_a_key_is_refused_for_another_charge(stand: Stand) -> None:
    request = a_charge(stand.method("paid"))

    async def story(gateway: Gateway) -> None:
        await gateway.charge(request)
        with pytest.raises(RequestRefused):
            await gateway.charge(replace(request, amount_minor=request.amount_minor + 1))

    tell(stand.open(), story)
    assert stand.effects(request.reference) == 1


def test_an_amount_of_nothing_is_refused(stand: Stand) -> None:
    request = a_charge(stand.method("paid"), amount_minor=0)

    async def story(gateway: Gateway) -> None:
        with pytest.raises(RequestRefused):
            await gateway.charge(request)

    tell(stand.open(), story)
    assert stand.effects(request.reference) == 0


def test_a_provider_out_of_reach_was_sent_nothing_and_tells_nothing(stand: Stand) -> None:
    charged, found, _ = charge_and_look_up(stand.unreachable(), "pm_any")
    assert charged.outcome is Outcome.NOT_SENT and charged.decline_class is None and charged.message
    assert found.outcome is Outcome.UNKNOWN, "NOT_SENT here would say that the charge was never sent"


def test_a_call_that_is_cut_off_does_not_spoil_the_next(stand: Stand) -> None:
    late, paid = a_charge(stand.method("late_after")), a_charge(stand.method("paid"))

    async def story(gateway: Gateway) -> list[ChargeResult]:
        call = asyncio.ensure_future(gateway.charge(late))
        await asyncio.sleep(0.1)
        call.cancel()
        await asyncio.wait([call])
        return [await gateway.charge(paid), await gateway.look_up(late.key)]

    results = tell(stand.open(max_in_flight=1), story)
    assert [(result.key, result.outcome) for result in results] == [
        (paid.key, Outcome.SUCCEEDED),
        (late.key, Outcome.SUCCEEDED),
    ]


@pytest.mark.parametrize(
    ("wish", "refunded", "found", "effects"),
    [
        ("paid", Outcome.SUCCEEDED, Outcome.SUCCEEDED, 1),
        ("hard", Outcome.FAILED, Outcome.FAILED, 0),
        ("lost_after", Outcome.UNKNOWN, Outcome.SUCCEEDED, 1),
        ("lost_before", Outcome.UNKNOWN, Outcome.NOT_FOUND, 0),
    ],
)
def test_a_refund_takes_effect_once_and_is_found_again(
    stand: Stand, wish: str, refunded: Outcome, found: Outcome, effects: int
) -> None:
    async def story(gateway: Gateway) -> tuple[ChargeResult, ChargeResult, ChargeResult, str]:
        charge = await gateway.charge(a_charge(stand.method_refunded(wish)))
        assert charge.gateway_reference is not None
        request = a_refund(charge.gateway_reference)
        first = await gateway.refund(request)
        looked_up = await gateway.look_up_refund(request.key)
        again = looked_up if looked_up.outcome is Outcome.NOT_FOUND else await gateway.refund(request)
        return first, looked_up, again, request.reference

    first, looked_up, again, reference = tell(stand.open(), story)
    assert (first.outcome, looked_up.outcome, again.outcome) == (refunded, found, found)
    assert stand.refunds(reference) == effects


def test_another_refund_under_a_used_key_is_refused(stand: Stand) -> None:
    async def story(gateway: Gateway) -> None:
        charge = await gateway.charge(a_charge(stand.method("paid")))
        assert charge.gateway_reference is not None
        request = a_refund(charge.gateway_reference)
        await gateway.refund(request)
        with pytest.raises(RequestRefused):
            await gateway.refund(replace(request, amount_minor=request.amount_minor + 1))

    tell(stand.open(), story)


def test_a_refund_whose_provider_is_not_there_was_not_sent(stand: Stand) -> None:
    async def story(gateway: Gateway) -> tuple[Outcome, Outcome]:
        request = a_refund("nobody")
        return (await gateway.refund(request)).outcome, (await gateway.look_up_refund(request.key)).outcome

    assert tell(stand.unreachable(), story) == (Outcome.NOT_SENT, Outcome.UNKNOWN)
