"""What an invoice took in as credits of another one: where it goes when that invoice is credited itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from perennia.domain.ids import Id


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What a document (`by`) took in as credits of lines of another one that is still open; minor units.

    `left_minor` is what of it did not go there yet: an invoice that comes to more than its credits leaves what it
    credits open. What `by` gives back of that belongs there first.
    """

    by: Id
    document_id: Id
    left_minor: int
    open_minor: int


def passed_on(
    taken_in: Sequence[TakenIn], *, by: Id, over: int, lowered: Mapping[Id, int]
) -> tuple[tuple[TakenIn, ...], dict[Id, int]]:
    """What a credit of a document gives beyond what is open on it goes to the others whose credits that took in.

    What is left taken in, and the amounts by document. `lowered` is what their open amounts lost since they were read.
    """
    found: list[TakenIn] = []
    amounts: dict[Id, int] = {}
    for one in taken_in:
        amount = 0
        if one.by == by:
            amount = max(0, min(over, one.left_minor, one.open_minor - lowered.get(one.document_id, 0)))
        if amount:
            amounts[one.document_id] = amount
            over -= amount
        found.append(replace(one, left_minor=one.left_minor - amount))
    return tuple(found), amounts
