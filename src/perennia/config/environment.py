"""Settings from the environment: every name that Perennia reads, with its meaning and its default.

`docs/settings.md` explains the same names to owners; a test holds the two together.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar
from urllib.parse import urlsplit

from perennia.config.failures import ServerError
from perennia.wording.errors import languages

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Setting(Generic[Value]):
    """One environment variable. An empty variable counts as unset."""

    name: str
    parse: Callable[[str], Value]
    default: Value
    meaning: str

    def read(self) -> Value:
        """The value now, or the default. Raises ServerError when the text cannot be understood."""
        text = os.environ.get(self.name, "").strip()
        if not text:
            return self.default
        try:
            return self.parse(text)
        except ValueError as error:
            raise ServerError(
                what=f"The setting {self.name} cannot be used",
                why=str(error),
                remedy=f"Correct it or unset it. Its meaning: {self.meaning}",
            ) from None


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65_535:
        raise ValueError(f"{text!r} is not a port between 1 and 65535")
    return int(text)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) > 512:
        raise ValueError(f"{text!r} is not a number between 0 and 512")
    return int(text)


def _folder(text: str) -> Path:
    path = Path(text).expanduser()
    if not path.is_absolute():
        raise ValueError(f"{text!r} is not an absolute path")
    return path


def _pairs(text: str) -> dict[str, str]:
    pairs = dict(part.partition("=")[::2] for part in text.split())
    if not all(name.isidentifier() and value for name, value in pairs.items()):
        raise ValueError(f"{text!r} is not a list like work_mem=32MB max_connections=200")
    return pairs


def _loopback_url(text: str) -> str:
    address = urlsplit(text)
    if address.scheme != "http" or address.hostname not in ("127.0.0.1", "localhost") or not address.port:
        raise ValueError(f"{text!r} is not like http://127.0.0.1:8430")
    return text.rstrip("/")


def _language(text: str) -> str:
    if text not in languages():
        raise ValueError(f"{text!r} is none of {', '.join(languages())}")
    return text


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


HOME: Setting[Path | None] = Setting(
    "PERENNIA_HOME", _folder, None, "Folder for everything that Perennia keeps: data, secrets, logs."
)
DATABASE_URL: Setting[str] = Setting(
    "DATABASE_URL", str, "", "A PostgreSQL server of your own (15 or newer) in place of the embedded one."
)
DATABASE_APP_URL: Setting[str] = Setting(
    "DATABASE_APP_URL",
    str,
    "",
    "A second login to the same database, for all but migrations, without rights to change tables.",
)
POSTGRES_BIN: Setting[Path | None] = Setting(
    "PERENNIA_POSTGRES_BIN",
    _folder,
    None,
    "Folder with the programs postgres and initdb to use for the embedded server.",
)
POSTGRES_PORT: Setting[int | None] = Setting(
    "PERENNIA_POSTGRES_PORT", _port, None, "Also let the embedded server listen on this port of 127.0.0.1."
)
POSTGRES_SETTINGS: Setting[dict[str, str]] = Setting(
    "PERENNIA_POSTGRES_SETTINGS",
    _pairs,
    {},
    "Settings of the embedded server that win over ours: name=value, separated by blanks.",
)
DSN: Setting[str] = Setting("PERENNIA_DSN", str, "", "Set by Perennia itself: the database of this process.")
SECRET_KEY: Setting[str] = Setting(
    "PERENNIA_SECRET_KEY",
    str,
    "",
    "Key that signs sessions. The same on every machine; one is made in the home folder if unset.",
)
HOSTS: Setting[list[str]] = Setting(
    "PERENNIA_HOSTS",
    _names,
    ["localhost", "127.0.0.1"],
    "Host names under which the web pages are served, separated by commas.",
)
WORKERS: Setting[int] = Setting(
    "PERENNIA_WORKERS", _count, min(4, os.cpu_count() or 1), "How many worker processes `perennia run` starts."
)
TEST_GATEWAY_URL: Setting[str] = Setting(
    "PERENNIA_TEST_GATEWAY_URL",
    _loopback_url,
    "",
    "Base URL of a test gateway that runs already, on this machine; else the home folder's is found or started.",
)
LANGUAGE: Setting[str] = Setting(
    "PERENNIA_LANGUAGE", _language, "en", "The language in which the command line refuses and explains: da or en."
)

ALL: tuple[Setting[object], ...] = (  # type: ignore[assignment]
    HOME, DATABASE_URL, DATABASE_APP_URL, POSTGRES_BIN, POSTGRES_PORT, POSTGRES_SETTINGS, DSN, SECRET_KEY, HOSTS, WORKERS,
    TEST_GATEWAY_URL, LANGUAGE,
)  # fmt: skip
