"""`python -m tests.oracle FILE`: what a scenario (JSON) must bill, as JSON."""

import json
import sys
from decimal import Decimal
from pathlib import Path

from tests.oracle import NotSupported
from tests.oracle.billing import billed


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: python -m tests.oracle FILE", file=sys.stderr)
        return 2
    scenario = json.loads(Path(arguments[0]).read_text(encoding="utf-8"), parse_float=Decimal)
    try:
        days = billed(scenario)
    except NotSupported as unknown:
        print(json.dumps({"not_supported": str(unknown)}))
        return 3
    print(json.dumps({"days": [day.as_json() for day in days]}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
