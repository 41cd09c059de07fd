"""Where Django looks for models; they live in `tables`."""

from perennia.store.tables import *  # noqa: F403
