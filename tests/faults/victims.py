"""Processes that die: forked from the test, with a database session of their own, killed by signal 9 at a step."""

import os
import signal
import time
import traceback
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import psycopg
from django.db import connections

from perennia.gateways.sandbox import client
from perennia.store import session

_PATIENCE_S = 60.0


def run_and_die_at(step: int, act: Callable[[], object]) -> bool:
    """Run `act` in a child process that is killed just before its `step`-th statement, commits included.

    Steps are also the moments around a call of the test gateway: before it leaves, when it has left and nobody has
    answered, and when the answer is there. True if the child died; False if `act` was over before that. Any other
    end is an error of the test.
    """
    connections.close_all()
    child = os.fork()
    if child == 0:
        _before_step(step, lambda: os.kill(os.getpid(), signal.SIGKILL))
        _do(act)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        _await_its_session_to_end()
        return True
    assert os.waitstatus_to_exitcode(status) == 0, "the victim failed instead of dying"
    return False


def side_by_side(number: int, act: Callable[[], object]) -> None:
    """Run `act` in so many processes at once; all must end well."""
    connections.close_all()
    children = []
    for _ in range(number):
        child = os.fork()
        if child == 0:
            _do(act)
        children.append(child)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * number


@contextmanager
def paused_before(step: int, act: Callable[[], object]) -> Iterator[None]:
    """Run `act` in a child process that stops before its `step`-th statement, until the block is left."""

    def reach(pause: Callable[[], None]) -> None:
        _before_step(step, pause)
        act()

    with in_the_midst_of(reach):
        yield


@contextmanager
def in_the_midst_of(act: Callable[[Callable[[], None]], object]) -> Iterator[None]:
    """Run `act` in a child process up to where it calls what it is given, and to its end when the block is left.

    It must call it, and must end well.
    """
    connections.close_all()
    (reached, tell), (wait, release) = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.close(release)

        def pause() -> None:
            os.write(tell, b".")
            os.read(wait, 1)  # until the block is left

        _do(lambda: act(pause))
    os.close(tell)
    try:
        assert os.read(reached, 1), "it ended before it came so far"
        yield
    finally:
        os.close(release)
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        for descriptor in (reached, wait):
            os.close(descriptor)
    assert ended == 0


def _do(act: Callable[[], object]) -> None:
    """In the child: the act and nothing after it."""
    status = 3
    try:
        act()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def _await_its_session_to_end() -> None:
    """The server notices a moment later that its client is dead; until then the locks are still held."""
    give_up_at = time.monotonic() + _PATIENCE_S
    while _other_sessions():
        assert time.monotonic() < give_up_at, "the session of the dead process lives on"
        time.sleep(0.005)


def _other_sessions() -> int:
    with session.transaction(None) as cursor:
        found = cursor.execute(
            """SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"""
        ).fetchone()
    assert found is not None
    return int(found[0])


def _before_step(step: int, happens: Callable[[], None]) -> None:
    """From now on every statement of this process counts, and this happens before the given one."""
    steps = count(1)  # taking the next is one act, also where the gateway's thread takes it too

    def tick() -> None:
        if next(steps) == step:
            happens()

    for owner, name in (
        (psycopg.Cursor, "execute"),
        (psycopg.Cursor, "copy"),
        (psycopg.Connection, "commit"),
        (client._Connection, "ask"),
    ):
        _before(owner, name, tick)
    _after_asking(tick)


def _before(owner: type, name: str, tick: Callable[[], None]) -> None:
    original = getattr(owner, name)

    def counted(*args: object, **more: object) -> object:
        tick()
        return original(*args, **more)

    setattr(owner, name, counted)


def _after_asking(tick: Callable[[], None]) -> None:
    original = client._Connection.ask

    def asked(connection: Any, request: bytes) -> Awaitable[Any]:
        answer = original(connection, request)
        tick()
        answer.add_done_callback(lambda _: tick())
        return answer

    client._Connection.ask = asked
