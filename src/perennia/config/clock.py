"""The only wall clock. Everything below is handed `now`."""

import datetime


def now() -> datetime.datetime:
    """This instant, aware, in UTC."""
    return datetime.datetime.now(datetime.UTC)  # noqa: TID251
