import pytest

from perennia.gateways.declines import SANDBOX_CODES
from perennia.gateways.sandbox.scripts import Manner, NoSuchScript, Step, read_script


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("ok", [Step(), Step()]),
        ("soft", [Step(decline_code="insufficient_funds")] * 2),
        ("slow-2s", [Step(Manner.SLOW, delay_s=2.0)]),
        ("slow-after", [Step(Manner.SLOW_AFTER, delay_s=2.0)]),
        ("slow-after-0.25s", [Step(Manner.SLOW_AFTER, delay_s=0.25)]),
        ("seq:hard,ok", [Step(decline_code="account_closed"), Step(), Step()]),
        ("seq:ok,expired_card", [Step(), Step(decline_code="expired_card"), Step(decline_code="expired_card")]),
        ("every-2:fraud", [Step(), Step(decline_code="stolen_card"), Step(), Step(decline_code="stolen_card")]),
        ("every-1:soft", [Step(decline_code="insufficient_funds")] * 2),
    ],
)
def test_the_nth_charge(text: str, steps: list[Step]) -> None:
    script = read_script(text)
    assert [script.step(nth) for nth in range(1, len(steps) + 1)] == steps


@pytest.mark.parametrize("text", ["", "OK", "seq:", "seq:ok,,soft", "every-0:soft", "every-7:", "slow-s", "slow-9999s"])
def test_what_is_no_script(text: str) -> None:
    with pytest.raises(NoSuchScript):
        read_script(text)


@pytest.mark.parametrize("code", SANDBOX_CODES)
def test_every_code_can_be_asked_for(code: str) -> None:
    assert read_script(code).step(1).decline_code == code
