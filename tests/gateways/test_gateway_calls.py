"""Many calls from a loop that is otherwise synchronous."""

import asyncio
import time
from threading import Thread

import pytest

from perennia.gateways.calls import Calls
from perennia.gateways.port import ChargeRequest, ChargeResult, Outcome
from tests.gateways.gateway_stands import SandboxStand, a_charge


def take(calls: Calls, *, number: int) -> list[ChargeResult]:
    """Wait for so many results, in the order in which they came."""
    taken: list[ChargeResult] = []
    while len(taken) < number and (results := calls.results(10.0)):
        taken += results
    return taken


def give(calls: Calls, batches: list[list[ChargeRequest]]) -> None:
    for batch in batches:
        calls.submit(batch)


def test_slow_calls_do_not_hold_up_fast_ones(stand: SandboxStand) -> None:
    slow = [a_charge("slow-4s") for _ in range(5)]
    fast = [a_charge("ok") for _ in range(50)]
    calls = Calls(stand.open())
    calls.submit(slow)
    calls.submit(fast)
    taken = take(calls, number=50)
    assert {result.key for result in taken} == {request.key for request in fast} and calls.pending == 5
    assert {result.key for result in take(calls, number=5)} == {request.key for request in slow}
    calls.close()


def test_no_result_is_lost_with_many_threads(stand: SandboxStand) -> None:
    batches = [[a_charge("ok") for _ in range(50)] for _ in range(40)]
    calls = Calls(stand.open())
    taken: list[ChargeResult] = []
    takers = [Thread(target=lambda: taken.extend(take(calls, number=2000))) for _ in range(2)]
    givers = [Thread(target=give, args=(calls, part)) for part in (batches[:20], batches[20:])]
    for thread in [*givers, *takers]:
        thread.start()
    for thread in [*givers, *takers]:
        thread.join()
    taken += take(calls, number=2000 - len(taken))
    assert sorted(result.key for result in taken) == sorted(request.key for batch in batches for request in batch)
    assert {result.outcome for result in taken} == {Outcome.SUCCEEDED} and calls.pending == 0
    calls.close()


def test_look_ups_go_the_same_way(stand: SandboxStand) -> None:
    request = a_charge("drop-after")
    calls = Calls(stand.open())
    calls.submit([request])
    assert [result.outcome for result in take(calls, number=1)] == [Outcome.UNKNOWN]
    calls.look_up([request.key, "att_never"])
    assert {result.key: result.outcome for result in take(calls, number=2)} == {
        request.key: Outcome.SUCCEEDED,
        "att_never": Outcome.NOT_FOUND,
    }
    calls.close()


def test_waiting_costs_no_processor_time(stand: SandboxStand) -> None:
    calls = Calls(stand.open())
    calls.submit([a_charge("slow-4s")])
    began, used = time.monotonic(), time.process_time()
    assert calls.results(0.4) == []
    assert time.monotonic() - began >= 0.4 and time.process_time() - used < 0.3
    calls.close()


def test_nothing_under_way_is_no_wait(stand: SandboxStand) -> None:
    calls = Calls(stand.open())
    began = time.monotonic()
    assert calls.results(5.0) == [] and time.monotonic() - began < 4.0
    calls.close()


def test_closing_waits_and_keeps_the_results(stand: SandboxStand) -> None:
    request = a_charge("slow-0.3s")
    calls = Calls(stand.open())
    calls.submit([request])
    calls.close()
    calls.close()
    assert [result.outcome for result in calls.results(0)] == [Outcome.SUCCEEDED]
    with pytest.raises(RuntimeError):
        calls.submit([request])


def test_what_closing_cuts_off_is_unknown(stand: SandboxStand) -> None:
    requests = [a_charge("hang-before") for _ in range(3)]
    calls = Calls(stand.open(max_in_flight=1))
    calls.submit(requests)
    calls.close(grace_s=0.1)
    assert {result.key: result.outcome for result in calls.results(0)} == {
        request.key: Outcome.UNKNOWN for request in requests
    }


def test_a_call_that_raises_is_unknown_and_the_others_go_on(stand: SandboxStand) -> None:
    good, bad = a_charge("ok"), a_charge("ok", amount_minor=0)
    calls = Calls(stand.open())
    calls.submit([bad, good])
    results = {result.key: result for result in take(calls, number=2)}
    assert results[good.key].outcome is Outcome.SUCCEEDED
    assert results[bad.key].outcome is Outcome.UNKNOWN and "amount_minor" in (results[bad.key].message or "")
    calls.close()


class Faulty:
    """An adapter with a bug in it."""

    name = "faulty"

    async def charge(self, request: ChargeRequest) -> ChargeResult:
        await asyncio.sleep(0)
        raise ZeroDivisionError

    async def look_up(self, key: str) -> ChargeResult:
        raise KeyError(key)

    async def aclose(self) -> None:
        pass


def test_a_bug_in_an_adapter_loses_no_result() -> None:
    calls = Calls(Faulty())
    calls.submit([a_charge("ok")])
    calls.look_up(["att_1"])
    assert [result.outcome for result in take(calls, number=2)] == [Outcome.UNKNOWN] * 2
    calls.close()
