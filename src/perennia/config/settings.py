"""Django's settings. What an owner can choose is in `environment`; the rest is the same everywhere."""

from psycopg.conninfo import conninfo_to_dict

from perennia.config import environment, schema
from perennia.config.home import secret_key

SECRET_KEY = secret_key()
DEBUG = False
ALLOWED_HOSTS = environment.HOSTS.read()

INSTALLED_APPS = list(schema.APPS)
AUTH_USER_MODEL = "store.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"


def database(dsn: str) -> dict[str, object]:
    """Django's words for a connection string of libpq; the role is part of it."""
    parts = conninfo_to_dict(dsn)
    names = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        **{name: str(parts.pop(key, "")) for name, key in names.items()},
        "OPTIONS": parts,
    }


_dsn = environment.DSN.read()
DATABASES = {"default": database(_dsn)} if _dsn else {}
