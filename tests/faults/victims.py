"""Processes that die: forked from the test, with a database session of their own, killed by signal 9 at a step."""

import os
import signal
import traceback
from collections.abc import Callable

import psycopg
from django.db import connections


def run_and_die_at(step: int, act: Callable[[], object]) -> bool:
    """Run `act` in a child process that is killed just before its `step`-th statement, commits included.

    True if it died; False if `act` was over before that. Any other end is an error of the test.
    """
    connections.close_all()
    child = os.fork()
    if child == 0:
        _count_down(step)
        status = 3
        try:
            act()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return True
    assert os.waitstatus_to_exitcode(status) == 0, "the victim failed instead of dying"
    return False


def side_by_side(count: int, act: Callable[[], object]) -> None:
    """Run `act` in so many processes at once; all must end well."""
    connections.close_all()
    children = []
    for _ in range(count):
        child = os.fork()
        if child == 0:
            status = 3
            try:
                act()
                status = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(status)
        children.append(child)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * count


def _count_down(step: int) -> None:
    """From now on every statement of this process counts, and before the given one it kills itself."""
    left = step

    def tick() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    for owner, name in ((psycopg.Cursor, "execute"), (psycopg.Cursor, "copy"), (psycopg.Connection, "commit")):
        _before(owner, name, tick)


def _before(owner: type, name: str, tick: Callable[[], None]) -> None:
    original = getattr(owner, name)

    def counted(*args: object, **more: object) -> object:
        tick()
        return original(*args, **more)

    setattr(owner, name, counted)
