"""Many gateway calls at once, for loops that are otherwise synchronous.

The calls run on an event loop in a thread of its own. Their results come back in the order in which they end, so the
database side books those that are there while hundreds are still under way.
"""

import asyncio
import logging
from collections.abc import Coroutine, Iterable
from threading import Condition, Thread
from typing import Any

from perennia.gateways.port import ChargeRequest, ChargeResult, Gateway, Outcome, RefundRequest

logger = logging.getLogger(__name__)


class Calls:
    """Calls of one gateway, which it owns from here on. All methods may be used from any thread.

    Every call that was submitted has exactly one result, whatever happens: one that raised or was cut off is `UNKNOWN`.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._changed = Condition()
        self._finished: list[ChargeResult] = []
        self._pending = 0
        self._open = True
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name=f"calls-{gateway.name}", daemon=True)
        self._thread.start()

    @property
    def pending(self) -> int:
        """How many calls are under way or wait their turn."""
        return self._pending

    def submit(self, requests: Iterable[ChargeRequest]) -> None:
        """Charge them. Raises RuntimeError after close."""
        self._start([(request.key, self._gateway.charge(request)) for request in requests])

    def look_up(self, keys: Iterable[str]) -> None:
        """Ask what became of them. Raises RuntimeError after close."""
        self._start([(key, self._gateway.look_up(key)) for key in keys])

    def refund(self, requests: Iterable[RefundRequest]) -> None:
        """Give back. Raises RuntimeError after close."""
        self._start([(request.key, self._gateway.refund(request)) for request in requests])

    def look_up_refunds(self, keys: Iterable[str]) -> None:
        """Ask what became of refunds. Raises RuntimeError after close."""
        self._start([(key, self._gateway.look_up_refund(key)) for key in keys])

    def results(self, timeout_s: float) -> list[ChargeResult]:
        """Everything that has ended since the last time; waits up to `timeout_s` seconds for the first.

        Returns at once, and empty, when nothing is under way.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._finished or not self._pending, timeout_s)
            finished, self._finished = self._finished, []
            return finished

    def close(self, *, grace_s: float = 30.0) -> None:
        """Wait up to `grace_s` seconds for what is under way, cut off the rest; results can still be taken afterwards."""
        with self._changed:
            if not self._open:
                return
            self._open = False
            self._changed.wait_for(lambda: not self._pending, grace_s)
        asyncio.run_coroutine_threadsafe(self._finish(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _start(self, calls: list[tuple[str, Coroutine[Any, Any, ChargeResult]]]) -> None:
        with self._changed:
            if not self._open:
                for _, call in calls:
                    call.close()
                raise RuntimeError("these calls are closed")
            self._pending += len(calls)
            self._loop.call_soon_threadsafe(self._spawn, calls)

    def _spawn(self, calls: list[tuple[str, Coroutine[Any, Any, ChargeResult]]]) -> None:
        for key, call in calls:
            task = self._loop.create_task(self._run(key, call))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _run(self, key: str, call: Coroutine[Any, Any, ChargeResult]) -> None:
        try:
            result = await call
        except asyncio.CancelledError:
            result = ChargeResult(key=key, outcome=Outcome.UNKNOWN, message="cut off while closing")
        except Exception as error:
            logger.exception("the call for %s raised", key)
            result = ChargeResult(key=key, outcome=Outcome.UNKNOWN, message=f"{type(error).__name__}: {error}")
        with self._changed:
            self._finished.append(result)
            self._pending -= 1
            self._changed.notify_all()

    async def _finish(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks)
        await self._gateway.aclose()
