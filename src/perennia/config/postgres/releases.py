"""When each minor release of PostgreSQL appeared, to tell the age of a server."""

import datetime

_RELEASES: dict[datetime.date, tuple[str, ...]] = {
    datetime.date(2026, 8, 13): ("18.6", "17.11", "16.15", "15.19"),
    datetime.date(2026, 5, 14): ("18.4", "17.10", "16.14", "15.18"),
    datetime.date(2026, 2, 26): ("18.3", "17.9", "16.13", "15.17"),
    datetime.date(2026, 2, 12): ("18.2", "17.8", "16.12", "15.16"),
    datetime.date(2025, 11, 13): ("18.1", "17.7", "16.11", "15.15"),
    datetime.date(2025, 9, 25): ("18.0",),
    datetime.date(2025, 8, 14): ("17.6", "16.10", "15.14"),
    datetime.date(2025, 5, 8): ("17.5", "16.9", "15.13"),
    datetime.date(2025, 2, 20): ("17.4", "16.8", "15.12"),
    datetime.date(2025, 2, 13): ("17.3", "16.7", "15.11"),
    datetime.date(2024, 11, 21): ("17.2", "16.6", "15.10"),
    datetime.date(2024, 11, 14): ("17.1", "16.5", "15.9"),
    datetime.date(2024, 9, 26): ("17.0",),
    datetime.date(2024, 8, 8): ("16.4", "15.8"),
}
_DATE_OF = {version: date for date, versions in _RELEASES.items() for version in versions}


def released_on(version: str) -> datetime.date | None:
    """The day a version such as `18.6` came out; the first day of our table for older ones, None for newer ones."""
    if version in _DATE_OF:
        return _DATE_OF[version]
    major, minor = _numbers(version)
    later = [date for other, date in _DATE_OF.items() if _numbers(other)[0] == major and _numbers(other)[1] > minor]
    newest_major = max(_numbers(other)[0] for other in _DATE_OF)
    if not later and (major > newest_major or f"{major}.{minor - 1}" in _DATE_OF):
        return None
    return min(later, default=min(_RELEASES))


def _numbers(version: str) -> tuple[int, int]:
    major, _, minor = version.partition(".")
    return int(major), int(minor)
