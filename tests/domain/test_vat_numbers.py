"""VAT numbers as they are written, and the slips that a check digit catches. The numbers are of public companies."""

import pytest

from perennia.domain.errors import InvalidValue
from perennia.domain.vat_area import MEMBERS_TODAY
from perennia.domain.vat_numbers import PATTERNS, vat_number

RIGHT = """
AT ATU13585627   BE BE0203201340  BG BG175074752   CH CHE100155212MWST  CY CY10259033P  CZ CZ25123891   DE DE136695976
DK DK13585628    EE EE100931558   ES ES54362315K   FI FI20774740        FR FR40303265045 GB GB980780684  GR EL094259216
HR HR33392005961 HU HU12892312    IE IE6433435OA   IT IT00743110157     LT LT119511515  LU LU15027442   LV LV40003521600
MT MT11679112    NL NL004495445B01 NO NO923609016MVA PL PL8567346215    PT PT501964843  RO RO18547290   SE SE556012579001
SI SI50223054    SK SK2022749619
""".split()  # noqa: SIM905
RIGHT_OF = dict(zip(RIGHT[::2], RIGHT[1::2], strict=True))
CHECKED = "BE DE DK FI HR IT LU NO PL PT SE".split()  # noqa: SIM905


@pytest.mark.parametrize(("country", "number"), RIGHT_OF.items())
def test_a_number_is_taken_with_or_without_its_prefix_and_blanks(country: str, number: str) -> None:
    prefix = 3 if country == "CH" else 2
    assert vat_number(number, country=country) == number
    assert vat_number(f" {number[prefix:].lower()} ", country=country) == number
    assert vat_number(f"{number[:4]} {number[4:7]}.{number[7:]}", country=country) == number


def test_there_is_a_pattern_for_every_member_state_and_a_number_to_try_it() -> None:
    assert {*MEMBERS_TODAY} <= PATTERNS.keys() == RIGHT_OF.keys()


@pytest.mark.parametrize("country", CHECKED)
def test_one_wrong_digit_is_noticed(country: str) -> None:
    number = RIGHT_OF[country]
    end = len(number) - (2 if country == "SE" else 3 if country == "NO" else 0)
    for place in range(4, end):
        slip = f"{number[:place]}{(int(number[place]) + 1) % 10}{number[place + 1 :]}"
        with pytest.raises(InvalidValue):
            vat_number(slip, country=country)


@pytest.mark.parametrize(
    ("country", "number"),
    [
        ("DK", "DK1234567"),
        ("DK", "DE136695976"),  # of another country
        ("DE", ""),
        ("DE", "DE13669597X"),
        ("NL", "NL004495445C01"),
        ("SE", "SE556012579002"),
        ("GR", "094259217890"),
        ("US", "1" * 41),
        ("US", "12\0"),
        ("DE", "DE１36695976"),  # a digit of another script
    ],
)
def test_what_is_no_number_of_that_country(country: str, number: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        vat_number(number, country=country)
    assert refused.value.facts["field"] == "tax_id"


def test_greece_writes_el_and_countries_without_a_pattern_write_what_they_like() -> None:
    assert vat_number("GR 094259216", country="GR") == "EL094259216"
    assert vat_number("12-3456789", country="US") == "123456789"
