"""Ids of others, texts with a meaning elsewhere, moves that are not permitted: defects D002 and D173 to D196."""

import pytest

from perennia.domain.errors import NotFound
from tests.defects.foreign import Case, Shelf, a_shelf, arguments, cases
from tests.faults.books import told

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(scope="module")
def shelves(database: object) -> tuple[Shelf, Shelf]:
    return a_shelf(), a_shelf()


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_d173_no_operation_reads_or_changes_what_is_another_tenants(shelves: tuple[Shelf, Shelf], case: Case) -> None:
    ours, theirs = shelves
    before = told(ours.shop), told(theirs.shop)
    with pytest.raises(NotFound):
        case.operation(**arguments(case, ours=ours, theirs=theirs))
    assert (told(ours.shop), told(theirs.shop)) == before


def test_d173_there_are_operations_to_try() -> None:
    assert len(cases()) > 50
