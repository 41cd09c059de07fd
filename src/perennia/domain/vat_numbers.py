"""VAT identification numbers of businesses: how they are written, and the check digit where it is simple.

Source: European Commission, VIES, "Structure of the VAT identification numbers" (frequently asked questions, no. 11); for
those outside the union the tax authorities of the United Kingdom (VATREG23150), Norway (organisasjonsnummer) and
Switzerland (UID register). A number of the right shape may still belong to nobody; only VIES itself knows that.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from perennia.domain.errors import InvalidValue

PATTERNS: Mapping[str, str] = {
    "AT": r"ATU\d{8}",
    "BE": r"BE[01]\d{9}",
    "BG": r"BG\d{9,10}",
    "CY": r"CY\d{8}[A-Z]",
    "CZ": r"CZ\d{8,10}",
    "DE": r"DE[1-9]\d{8}",
    "DK": r"DK[1-9]\d{7}",
    "EE": r"EE\d{9}",
    "ES": r"ES([A-Z]\d{7}[A-Z0-9]|\d{8}[A-Z])",
    "FI": r"FI\d{8}",
    "FR": r"FR[A-HJ-NP-Z0-9]{2}\d{9}",
    "GR": r"EL\d{9}",
    "HR": r"HR\d{11}",
    "HU": r"HU\d{8}",
    "IE": r"IE(\d[A-Z0-9+*]\d{5}[A-Z]|\d{7}[A-W][A-I])",
    "IT": r"IT\d{11}",
    "LT": r"LT(\d{9}|\d{12})",
    "LU": r"LU\d{8}",
    "LV": r"LV\d{11}",
    "MT": r"MT\d{8}",
    "NL": r"NL\d{9}B\d{2}",
    "PL": r"PL\d{10}",
    "PT": r"PT\d{9}",
    "RO": r"RO[1-9]\d{1,9}",
    "SE": r"SE\d{10}01",
    "SI": r"SI[1-9]\d{7}",
    "SK": r"SK[1-9]\d{9}",
    "GB": r"GB(\d{9}|\d{12}|GD[0-4]\d{2}|HA[5-9]\d{2})",
    "NO": r"NO\d{9}(MVA)?",
    "CH": r"CHE\d{9}(MWST|TVA|IVA)?",
}

_PREFIXES = {"GR": "EL", "CH": "CHE"}
_LONGEST = 40


def vat_number(text: str, *, country: str) -> str:
    """A number as it goes on documents: capitals, without blanks and dots, with its country's prefix.

    Raises InvalidValue where the country's numbers do not look like that; those of countries without a pattern here are
    taken as they are.
    """
    plain = re.sub(r"[\s.\-/]", "", text).upper()
    if not plain or len(plain) > _LONGEST or not plain.isascii() or not plain.isprintable():
        raise InvalidValue(field="tax_id", value=text, reason=f"1 to {_LONGEST} letters and digits")
    if country not in PATTERNS:
        return plain
    prefix = _PREFIXES.get(country, country)
    if country == "GR" and plain.startswith("GR"):
        plain = plain[2:]
    if not re.fullmatch(PATTERNS[country], plain):
        plain = prefix + plain
    if not re.fullmatch(PATTERNS[country], plain):
        raise InvalidValue(field="tax_id", value=text, reason=f"no VAT number of {country} is written like that")
    check = _CHECKS.get(country)
    if check is not None and not check([int(digit) for digit in re.sub(r"\D", "", plain)]):
        raise InvalidValue(
            field="tax_id", value=text, reason="its check digit does not fit; look for a slip of the pen"
        )
    return plain


def _weighed(digits: Sequence[int], weights: Sequence[int]) -> int:
    return sum(digit * weight for digit, weight in zip(digits, weights, strict=False))


def _denmark(digits: Sequence[int]) -> bool:
    return _weighed(digits, (2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0


def _belgium(digits: Sequence[int]) -> bool:
    return (_number(digits[:8]) + _number(digits[8:])) % 97 == 0


def _luxembourg(digits: Sequence[int]) -> bool:
    return _number(digits[:6]) % 89 == _number(digits[6:])


def _finland(digits: Sequence[int]) -> bool:
    return _weighed(digits, (7, 9, 10, 5, 8, 4, 2, 1)) % 11 == 0


def _poland(digits: Sequence[int]) -> bool:
    return _weighed(digits, (6, 5, 7, 2, 3, 4, 5, 6, 7)) % 11 == digits[9]


def _portugal(digits: Sequence[int]) -> bool:
    return (11 - _weighed(digits, (9, 8, 7, 6, 5, 4, 3, 2)) % 11) % 11 % 10 == digits[8]


def _norway(digits: Sequence[int]) -> bool:
    return _weighed(digits, (3, 2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0


def _mod_11_10(digits: Sequence[int]) -> bool:
    """ISO 7064, MOD 11,10: Germany, Croatia."""
    product = 10
    for digit in digits[:-1]:
        product = ((product + digit) % 10 or 10) * 2 % 11
    return (product + digits[-1]) % 10 == 1


def _luhn(digits: Sequence[int]) -> bool:
    """ISO/IEC 7812-1, annex B."""
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _sweden(digits: Sequence[int]) -> bool:
    return _luhn(digits[:10])


def _number(digits: Sequence[int]) -> int:
    return int("".join(map(str, digits)))


_CHECKS: Mapping[str, Callable[[Sequence[int]], bool]] = {
    "BE": _belgium,
    "DE": _mod_11_10,
    "DK": _denmark,
    "FI": _finland,
    "HR": _mod_11_10,
    "IT": _luhn,
    "LU": _luxembourg,
    "NO": _norway,
    "PL": _poland,
    "PT": _portugal,
    "SE": _sweden,
}
