"""What a person gave back explains itself in both languages."""

from decimal import Decimal

import pytest

from perennia.domain.corrections import LineCredit
from perennia.wording.explanations import explain_line
from tests.domain.test_corrections import credited, invoice, line

LINES = invoice(
    line(1000, 250, credited_net=400, credited_tax=100),
    line(3000, 750, position=2, quantity="3", credited_quantity=Decimal(1), credited_net=1000, credited_tax=250),
)


@pytest.mark.parametrize(
    ("wanted", "language", "told"),
    [
        (
            LineCredit(1, net_minor=150), "en",
            "Credited by hand. 10.00 EUR was charged. 6.00 EUR of that was not given back before. "
            "1.50 EUR is given back: the line comes to -1.50 EUR, before 25 % tax.",
        ),
        (
            LineCredit(1), "da",
            "Krediteret i hånden. Der blev opkrævet 10,00 EUR. 6,00 EUR af det var ikke givet tilbage før. "
            "6,00 EUR gives tilbage: linjen er på -6,00 EUR før 25 % moms.",
        ),
        (
            LineCredit(2, quantity=Decimal(1)), "en",
            "Credited by hand. "
            "2/3 of it taken back: 20.00 EUR of 30.00 EUR. 10.00 EUR of that was given back before, which leaves 10.00 EUR. "
            "10.00 EUR is given back: the line comes to -10.00 EUR, before 25 % tax.",
        ),
    ],
)  # fmt: skip
def test_an_adjustment_in_sentences(wanted: LineCredit, language: str, told: str) -> None:
    (only,) = credited(LINES, wanted).document.lines
    assert " ".join(explain_line(only, currency="EUR", language=language)) == told
