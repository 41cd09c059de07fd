import json
from pathlib import Path

import pytest

from perennia.gateways.declines import MASTERCARD_DAY_CAP, MASTERCARD_MONTH_CAP, SANDBOX_CODES, VISA_CAP, classify
from perennia.gateways.port import DeclineClass

TABLE = Path(__file__).resolve().parents[3] / "shared" / "gateways" / "decline_codes.json"
NO_REFUSAL = {"approved", "pending", "partial"}


def test_an_unlisted_code_is_soft() -> None:
    assert classify("brand_new_code", codes=SANDBOX_CODES) is DeclineClass.SOFT


@pytest.mark.skipif(not TABLE.exists(), reason="the shared table of decline codes is not here")
def test_classes_and_caps_are_those_of_the_table() -> None:
    table = json.loads(TABLE.read_text())
    ours = {"fault" if kind is DeclineClass.OUTAGE else kind.value for kind in DeclineClass}
    assert ours == set(table["meta"]["classes"]) - NO_REFUSAL
    day, month = table["networks"]["mastercard"]["limits"]
    assert VISA_CAP.attempts == table["networks"]["visa"]["safe_setting"]
    assert VISA_CAP.window.days == table["networks"]["visa"]["reattempt_limit"]["window_days"]
    assert (MASTERCARD_DAY_CAP.attempts, MASTERCARD_DAY_CAP.window.days * 24) == (
        day["max_declines"],
        day["window_hours"],
    )
    assert (MASTERCARD_MONTH_CAP.attempts, MASTERCARD_MONTH_CAP.window.days) == (
        month["max_declines"],
        month["window_days"],
    )
