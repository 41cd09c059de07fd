"""Several people, or several workers, at the same moment; and what every business must look like afterwards."""

from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

from perennia.domain.errors import DomainError
from perennia.store import session
from tests.faults.books import wrong
from tests.operations.shop import Shop


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """What each act answered, or the refusal it met; all begin together, each on a connection of its own."""
    answers: list[Any] = [AssertionError("it never came back")] * len(acts)
    start = Barrier(len(acts))

    def run(place: int, act: Callable[[], Any]) -> None:
        try:
            start.wait(timeout=20)
            answers[place] = act()
        except Exception as error:
            answers[place] = error
        finally:
            session.forget_connection()

    threads = [Thread(target=run, args=(place, act)) for place, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    for answer in answers:
        if isinstance(answer, Exception) and not isinstance(answer, DomainError):
            raise answer
    return answers


def codes(answers: list[Any]) -> list[str]:
    """The codes of those that were refused."""
    return [answer.code for answer in answers if isinstance(answer, DomainError)]


def one(shop: Shop, query: str, *values: Any) -> Any:
    """The single value that a question has."""
    ((found,),) = shop.rows(query, *values)
    return found


def invoices(shop: Shop) -> int:
    return int(one(shop, "SELECT count(*) FROM documents WHERE kind = 'invoice'"))


def agrees(shop: Shop) -> None:
    """Nothing is found by `perennia verify`."""
    assert wrong(shop) == []
