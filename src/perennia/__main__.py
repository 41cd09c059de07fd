"""`python -m perennia` is the `perennia` command."""

import sys

from perennia.cli import main

sys.exit(main())
