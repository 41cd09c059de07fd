"""The client of the test gateway.

Lean on purpose: collections may put hundreds of thousands of charges through it, and a general HTTP client costs
several times as much processor time a call. It speaks to our own server only; real providers are reached with httpx.
"""

import asyncio
from typing import Any
from urllib.parse import quote, urlsplit

import orjson

from perennia.gateways.declines import SANDBOX_CODES, classify
from perennia.gateways.port import ChargeRequest, ChargeResult, Outcome, RefundRequest, RequestRefused
from perennia.gateways.sandbox.wire import Malformed, Message, take_message

DECIDED = (Outcome.SUCCEEDED, Outcome.FAILED, Outcome.REQUIRES_ACTION, Outcome.PROCESSING)


class NotSent(Exception):
    """Not a byte of the request left."""


class NoAnswer(Exception):
    """The request may have arrived."""


class SandboxGateway:
    """The test gateway at `base_url` (loopback only).

    At most `max_in_flight` calls are under way, each on its own kept-alive connection, the rest wait their turn;
    `timeout_s` counts in seconds from a call's turn, connecting included.
    """

    name = "sandbox"

    def __init__(self, base_url: str, *, timeout_s: float = 10.0, max_in_flight: int = 200) -> None:
        """Raises ValueError for an address that is not on this machine."""
        address = urlsplit(base_url)
        if address.scheme != "http" or address.hostname not in ("127.0.0.1", "localhost") or not address.port:
            raise ValueError(f"the test gateway is at http://127.0.0.1:<port>, not at {base_url!r}")
        self._port = address.port
        self._timeout_s = timeout_s
        self._turns = asyncio.Semaphore(max_in_flight)
        self._idle: list[_Connection] = []

    async def charge(self, request: ChargeRequest) -> ChargeResult:
        body = {
            "key": request.key,
            "amount_minor": request.amount_minor,
            "currency": request.currency,
            "method": request.method,
            "reference": request.reference,
        }
        return await self._call(request.key, _post(b"/v1/charges", orjson.dumps(body)), unsent=Outcome.NOT_SENT)

    async def look_up(self, key: str) -> ChargeResult:
        return await self._call(key, _get(f"/v1/charges/{quote(key, safe='')}"), unsent=Outcome.UNKNOWN)

    async def refund(self, request: RefundRequest) -> ChargeResult:
        body = {
            "key": request.key,
            "amount_minor": request.amount_minor,
            "currency": request.currency,
            "charge": request.charge,
            "reference": request.reference,
        }
        return await self._call(request.key, _post(b"/v1/refunds", orjson.dumps(body)), unsent=Outcome.NOT_SENT)

    async def look_up_refund(self, key: str) -> ChargeResult:
        return await self._call(key, _get(f"/v1/refunds/{quote(key, safe='')}"), unsent=Outcome.UNKNOWN)

    async def aclose(self) -> None:
        while self._idle:
            self._idle.pop().abort()

    async def _call(self, key: str, request: bytes, *, unsent: Outcome) -> ChargeResult:
        try:
            return _result(key, await self._exchange(request))
        except NotSent as error:
            return ChargeResult(key=key, outcome=unsent, message=str(error))
        except NoAnswer as error:
            return ChargeResult(key=key, outcome=Outcome.UNKNOWN, message=str(error))

    async def _exchange(self, request: bytes) -> Message:
        async with self._turns:
            connection: _Connection | None = None
            try:
                async with asyncio.timeout(self._timeout_s):
                    connection = self._kept() or await self._connect()
                    return await connection.ask(request)
            except TimeoutError:
                raise (NoAnswer if connection else NotSent)(f"no answer within {self._timeout_s:g} s") from None
            finally:
                if connection and connection.reusable:
                    self._idle.append(connection)
                elif connection:
                    connection.abort()

    def _kept(self) -> "_Connection | None":
        while self._idle:
            if (connection := self._idle.pop()).reusable:
                return connection
        return None

    async def _connect(self) -> "_Connection":
        try:
            loop = asyncio.get_running_loop()
            _, connection = await loop.create_connection(_Connection, "127.0.0.1", self._port)
        except OSError as error:
            raise NotSent(f"the test gateway cannot be reached: {error}") from error
        return connection


class _Connection(asyncio.Protocol):
    """One kept-alive connection with one request on it at a time."""

    def __init__(self) -> None:
        self.reusable = True
        self._buffer = bytearray()
        self._answer: asyncio.Future[Message] | None = None

    def ask(self, request: bytes) -> asyncio.Future[Message]:
        """The answer to come. Raises NoAnswer when the connection ends first."""
        self.reusable = False
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answer

    def abort(self) -> None:
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        try:
            message = take_message(self._buffer)
        except Malformed as error:
            return self._break(f"the answer cannot be read: {error}")
        if message is None:
            return None
        if self._answer is None or self._answer.done():
            return self._break("an answer nobody asked for")
        self.reusable = not message.close and not self._buffer
        self._answer.set_result(message)

    def connection_lost(self, exc: Exception | None) -> None:
        self._break(f"the connection was lost: {exc or 'closed by the test gateway'}")

    def _break(self, reason: str) -> None:
        self.reusable = False
        if self._answer and not self._answer.done():
            self._answer.set_exception(NoAnswer(reason))
        self._transport.abort()


def _get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: sandbox\r\n\r\n".encode()


def _post(path: bytes, body: bytes) -> bytes:
    return b"POST %b HTTP/1.1\r\nHost: sandbox\r\nContent-Length: %d\r\n\r\n%b" % (path, len(body), body)


def _result(key: str, answer: Message) -> ChargeResult:
    """Raises RequestRefused, and NoAnswer for anything the test gateway would not have said about this key."""
    body = _read_body(answer)
    error = body.get("error", {})
    match answer.start.split(b" ")[1:2], error.get("code"):
        case [b"200"], None if body.get("key") == key and body.get("status") in DECIDED:
            return _charge_result(key, body)
        case [b"404"], "charge_not_found" | "refund_not_found":
            return ChargeResult(key=key, outcome=Outcome.NOT_FOUND, message=error["message"])
        case [b"400"] | [b"409"], str():
            raise RequestRefused(error["message"])
    raise NoAnswer(f"an answer that says nothing about the charge: {answer.start.decode(errors='replace')}")


def _read_body(answer: Message) -> dict[str, Any]:
    try:
        body = orjson.loads(answer.body)
    except orjson.JSONDecodeError as error:
        raise NoAnswer("the answer is not JSON") from error
    if not isinstance(body, dict) or not isinstance(body.get("error", {}), dict):
        raise NoAnswer("the answer is not what the test gateway sends")
    return body


def _charge_result(key: str, charge: dict[str, Any]) -> ChargeResult:
    code = charge.get("decline_code")
    return ChargeResult(
        key=key,
        outcome=Outcome(charge["status"]),
        gateway_reference=charge.get("id"),
        decline_code=code,
        decline_class=classify(code, codes=SANDBOX_CODES) if code else None,
        message=charge.get("message"),
    )
