"""The test gateway's HTTP server: loopback only, one request at a time on a connection, any number of connections."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from urllib.parse import parse_qs, unquote

import orjson

from perennia.gateways.sandbox.charges import Charges, LaterReply, Refused, Reply
from perennia.gateways.sandbox.refunds import Refunds
from perennia.gateways.sandbox.wire import Malformed, Message, take_message

logger = logging.getLogger(__name__)
REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 409: "Conflict", 500: "Error"}
HEADS = {
    status: f"HTTP/1.1 {status} {reason}\r\nContent-Type: application/json\r\nContent-Length: ".encode()
    for status, reason in REASONS.items()
}


async def listen(charges: Charges, refunds: Refunds, *, port: int) -> asyncio.Server:
    """Serve on 127.0.0.1 and nowhere else; port 0 takes a free one."""
    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: Connection(charges, refunds), "127.0.0.1", port, backlog=1024)


class Connection(asyncio.Protocol):
    """One client. While an answer is owed, what it sends further waits in the buffer."""

    def __init__(self, charges: Charges, refunds: Refunds) -> None:
        self._charges, self._refunds = charges, refunds
        self._buffer = bytearray()
        self._busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._serve()

    def _serve(self) -> None:
        while not self._busy and not self._transport.is_closing():
            try:
                request = take_message(self._buffer)
            except Malformed as error:
                self._send(400, _error("malformed", str(error)), close=True)
                return
            if request is None:
                return
            self._reply(request, partial(answer, self._charges, self._refunds, request))

    def _reply(self, request: Message, ask: Callable[[], Reply | LaterReply]) -> None:
        try:
            reply = ask()
        except Refused as error:
            self._send(error.status, _error(error.code, str(error)), close=request.close)
        except Exception:
            logger.exception("a request failed")
            self._send(500, _error("internal", "the test gateway failed; its log says why"), close=request.close)
        else:
            self._act(request, reply)

    def _act(self, request: Message, reply: Reply | LaterReply) -> None:
        self._busy = isinstance(reply, LaterReply) or reply.hang
        if isinstance(reply, LaterReply):
            asyncio.get_running_loop().call_later(reply.delay_s, self._resume, request, reply)
        elif reply.drop:
            self._transport.abort()
        elif not reply.hang:
            self._send(200, reply.body, close=request.close)

    def _resume(self, request: Message, reply: LaterReply) -> None:
        self._busy = False
        self._reply(request, reply.reply)
        self._serve()

    def _send(self, status: int, body: object, *, close: bool) -> None:
        payload = orjson.dumps(body)
        end = b"\r\nConnection: close\r\n\r\n" if close else b"\r\n\r\n"
        self._transport.write(b"%b%d%b%b" % (HEADS[status], len(payload), end, payload))
        if close:
            self._transport.close()


def answer(charges: Charges, refunds: Refunds, request: Message) -> Reply | LaterReply:
    """Find what is asked for and do it. Raises Refused."""
    verb, path, query = _read_start(request.start)
    match path.split("/")[1:], verb:
        case ["v1", "charges"], "POST":
            return charges.charge(_json(request.body))
        case ["v1", "charges"], "GET":
            return charges.summary(query.get("reference"))
        case ["v1", "charges", key], "GET":
            return charges.look_up(unquote(key))
        case ["v1", "refunds"], "POST":
            return refunds.refund(_json(request.body))
        case ["v1", "refunds"], "GET":
            return refunds.summary(query.get("reference"))
        case ["v1", "refunds", key], "GET":
            return refunds.look_up(unquote(key))
        case ["v1", "scripts"], "POST":
            return charges.set_script(_json(request.body))
        case ["healthz"], "GET":
            return Reply({"status": "ok"})
        case ["v1", "charges" | "refunds"] | ["v1", "charges" | "refunds", _] | ["v1", "scripts"] | ["healthz"], _:
            raise Refused(405, "method_not_allowed", f"{verb} is not offered here")
    raise Refused(404, "no_such_page", "nothing is offered at this address")


def _read_start(start: bytes) -> tuple[str, str, dict[str, str]]:
    parts = start.split(b" ")
    if len(parts) != 3 or parts[2] not in (b"HTTP/1.1", b"HTTP/1.0") or not start.isascii():
        raise Refused(400, "malformed", "the first line must be 'METHOD /path HTTP/1.1'")
    path, _, query = parts[1].decode().partition("?")
    return parts[0].decode(), path, {name: values[-1] for name, values in parse_qs(query).items()} if query else {}


def _json(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Refused(400, "malformed", f"the body is not JSON: {error}") from error


def _error(code: str, message: str) -> dict[str, dict[str, str]]:
    return {"error": {"code": code, "message": message}}
