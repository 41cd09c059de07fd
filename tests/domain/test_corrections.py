"""Credit notes by hand: by cases, and in any parts they come to the line and never to more."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennia.domain.corrections import Charged, ChargedLine, LineCredit, credit_note, lowered_to
from perennia.domain.documents import Document, DocumentKind, Line, LineKind
from perennia.domain.drafting import Issued
from perennia.domain.errors import InvalidValue, MoreThanLeft, NotFound, NothingLeft
from perennia.domain.explanation import evaluate
from perennia.domain.facts import CollectionMode
from perennia.domain.ledger import issue
from perennia.domain.tax import tax_on
from tests.domain.world import fresh_ids, key

AT, LATER = datetime(2025, 4, 1, tzinfo=UTC), datetime(2025, 5, 1, tzinfo=UTC)
NEW_IDS = fresh_ids(7)


def line(net: int, tax: int, *, position: int = 1, quantity: str = "1", kind: LineKind = LineKind.ONE_OFF, **more):
    return ChargedLine(
        position, kind, "Poster", None, None, AT, LATER, Decimal(quantity), net, tax, Decimal(25), **more
    )


def invoice(*lines: ChargedLine, open_minor: int = 0) -> Charged:
    return Charged(
        key(), DocumentKind.INVOICE, key(), key(), key(), key(), "EUR", CollectionMode.SEND, None, open_minor, lines
    )


def credited(document: Charged, *wanted: LineCredit) -> Issued:
    return credit_note(document, wanted or None, now=LATER, new_ids=NEW_IDS)


def after(document: Charged, issued: Issued) -> Charged:
    """The invoice as it is read once the credit note stands."""
    back: dict[int, Line] = {one.credits[1]: one for one in issued.document.lines if one.credits}
    lines = []
    for one in document.lines:
        given_back = back.get(one.position)
        units = given_back.quantity if given_back is not None and given_back.model == "quantity" else Decimal(0)
        lines.append(
            ChargedLine(
                one.position, one.kind, one.description, None, None, one.period_start, one.period_end, one.quantity,
                one.net_minor, one.tax_minor, one.tax_percent,
                one.credited_net - (given_back.net_minor if given_back else 0),
                one.credited_tax - (given_back.tax_minor if given_back else 0),
                one.credited_quantity + units,
            )
        )  # fmt: skip
    lowered = sum(allocation.amount_minor for allocation in issued.allocations)
    return Charged(
        document.id, document.kind, document.payer_id, document.entity_id, document.buyer_party_id,
        document.seller_party_id, document.currency, document.collection, None, document.open_minor - lowered,
        tuple(lines),
    )  # fmt: skip


def sound(note: Document, issued: Issued) -> None:
    """Postings are zero in sum, lines explain themselves, and the money is where it belongs."""
    assert note.kind is DocumentKind.CREDIT_NOTE and note.total_minor < 0
    assert sum(posting.amount_minor for posting in issued.postings) == 0
    assert issued.postings == issue(note, to_balance=sum(entry.amount_minor for entry in issued.balance))
    moved = sum(one.amount_minor for one in (*issued.allocations, *issued.balance))
    assert moved == -note.total_minor
    for one in note.lines:
        assert one.calculation is not None
        assert evaluate(one.calculation)[1] == one.net_minor
        assert one.kind is LineKind.ADJUSTMENT


def test_the_first_part_lowers_what_is_open_and_the_rest_goes_to_the_balance():
    issued = credited(invoice(line(10000, 2500), open_minor=5000), LineCredit(1, net_minor=6000))
    assert [one.amount_minor for one in issued.allocations] == [5000]
    assert [one.amount_minor for one in issued.balance] == [2500]
    sound(issued.document, issued)


def test_thirds_of_999_give_the_tax_of_the_rules():
    document, taxes = invoice(line(999, 250)), []
    for _ in range(3):
        issued = credited(document, LineCredit(1, net_minor=333))
        taxes.append(-issued.document.tax_minor)
        document = after(document, issued)
    assert taxes == [83, 84, 83]


def test_steps_of_a_credit_by_hand():
    issued = credited(invoice(line(1000, 250, credited_net=400, credited_tax=100)), LineCredit(1, net_minor=150))
    (only,) = issued.document.lines
    assert only.calculation is not None
    steps, _ = evaluate(only.calculation)
    assert ", ".join(f"{step.name} {step.value}" for step in steps) == "charged 1000, left 600, credit -150"


def test_a_line_of_nothing_but_tax_is_credited_whole():
    issued = credited(invoice(line(0, 1)))
    assert (issued.document.net_minor, issued.document.tax_minor) == (0, -1)
    sound(issued.document, issued)


def test_lines_that_come_to_nothing_make_no_credit_note():
    with pytest.raises(NothingLeft):
        credited(invoice(line(100, 25), line(-100, -25, position=2)))
    with pytest.raises(NothingLeft):
        credited(invoice(line(100, 25, credited_net=100, credited_tax=25)))


def test_lowered_to_takes_the_difference():
    document = invoice(line(1000, 250, credited_net=200, credited_tax=50))
    assert lowered_to(document, position=1, net_minor=300) == LineCredit(1, net_minor=500)
    with pytest.raises(MoreThanLeft):
        lowered_to(document, position=1, net_minor=800)
    with pytest.raises(NotFound):
        lowered_to(document, position=2, net_minor=0)
    with pytest.raises(InvalidValue):
        lowered_to(invoice(line(-5, 0, kind=LineKind.CREDIT)), position=1, net_minor=0)


@given(
    net=st.integers(1, 10**9), percent=st.sampled_from(["0", "5.5", "19", "25"]), open_share=st.integers(0, 100),
    parts=st.lists(st.integers(1, 10**9), max_size=6),
)  # fmt: skip
def test_parts_of_a_line_come_to_it_and_its_tax(net: int, percent: str, open_share: int, parts: list[int]):
    tax = tax_on([net], percent=Decimal(percent), inclusive=False)[0]
    document = invoice(line(net, tax), open_minor=(net + tax) * open_share // 100)
    notes = []
    for part in parts:
        left = document.lines[0].left_net
        if part > left:
            with pytest.raises(MoreThanLeft):
                credited(document, LineCredit(1, net_minor=part))
            continue
        notes.append(credited(document, LineCredit(1, net_minor=part)))
        document = after(document, notes[-1])
    if document.lines[0].left_net or document.lines[0].left_tax:
        notes.append(credited(document))
        document = after(document, notes[-1])
    assert -sum(issued.document.net_minor for issued in notes) == net
    assert -sum(issued.document.tax_minor for issued in notes) == tax
    assert document.open_minor == 0
    assert all(issued.document.tax_minor <= 0 for issued in notes)
    for issued in notes:
        sound(issued.document, issued)


@given(net=st.integers(1, 10**7), units=st.integers(1, 60), takes=st.lists(st.integers(1, 20), max_size=8))
def test_units_taken_back_come_to_the_line(net: int, units: int, takes: list[int]):
    document = invoice(line(net, 0, quantity=str(units)))
    taken = 0
    for take in takes:
        wanted = LineCredit(1, quantity=Decimal(take))
        if taken + take > units:
            with pytest.raises(MoreThanLeft):
                credited(document, wanted)
            continue
        try:
            issued = credited(document, wanted)
        except NothingLeft:  # so few units are worth less than half a minor unit
            continue
        taken += take
        document = after(document, issued)
        sound(issued.document, issued)
        assert document.lines[0].credited_net == (2 * net * taken + units) // (2 * units)
