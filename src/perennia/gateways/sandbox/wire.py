"""The little of HTTP/1.1 that the sandbox's client and server need: whole messages with a Content-Length, kept alive."""

from functools import lru_cache
from typing import NamedTuple

HEAD_LIMIT = 8_192
BODY_LIMIT = 4_096


class Malformed(ValueError):
    """These bytes are no message we read; the connection cannot go on."""


class Message(NamedTuple):
    """A request or an answer; `start` is its first line, `close` says that it is the last on its connection."""

    start: bytes
    body: bytes
    close: bool


def take_message(buffer: bytearray) -> Message | None:
    """Take one message off the front of the buffer, or None while it is not all there. Raises Malformed."""
    end = buffer.find(b"\r\n\r\n")
    if end > HEAD_LIMIT or (end < 0 and len(buffer) > HEAD_LIMIT):
        raise Malformed(f"the head is longer than {HEAD_LIMIT} bytes")
    if end < 0:
        return None
    start, _, fields = bytes(buffer[:end]).partition(b"\r\n")
    length, close = _read_fields(fields)
    total = end + 4 + length
    if len(buffer) < total:
        return None
    body = bytes(buffer[end + 4 : total])
    del buffer[:total]
    return Message(start, body, close)


@lru_cache(maxsize=256)
def _read_fields(fields: bytes) -> tuple[int, bool]:
    """The length of the body and whether the connection ends. Cached: a peer's fields differ in the length only."""
    length, close = 0, False
    for line in fields.split(b"\r\n") if fields else ():
        name, colon, value = line.partition(b":")
        name, value = name.lower(), value.strip()
        if not colon or name != name.strip():
            raise Malformed("a header line is not 'name: value'")
        if name == b"transfer-encoding":
            raise Malformed("bodies are sent with Content-Length, not Transfer-Encoding")
        if name == b"content-length":
            length = _read_length(value)
        elif name == b"connection":
            close = value.lower() == b"close"
    return length, close


def _read_length(value: bytes) -> int:
    if not value.isdigit():
        raise Malformed("Content-Length is not a number")
    if len(value) > 9 or int(value) > BODY_LIMIT:
        raise Malformed(f"the body is longer than {BODY_LIMIT} bytes")
    return int(value)
