"""What the test gateway will do, read from the payment method's token. The grammar is described in docs/test-gateway.md."""

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from perennia.gateways.declines import SANDBOX_CODES


class Manner(Enum):
    """How a charge is answered."""

    AT_ONCE = "at_once"
    SLOW = "slow"
    """Takes effect and is answered after the delay; until then it is processing."""
    SLOW_AFTER = "slow_after"
    """Takes effect at once, is answered after the delay."""
    DROP_BEFORE = "drop_before"
    """The connection closes, nothing took effect."""
    DROP_AFTER = "drop_after"
    """Takes effect, then the connection closes."""
    HANG_BEFORE = "hang_before"
    """Nothing takes effect and no answer ever comes."""


@dataclass(frozen=True, slots=True)
class Step:
    """What happens to one charge: declined with a code, or paid; `delay_s` is in seconds."""

    manner: Manner = Manner.AT_ONCE
    decline_code: str | None = None
    delay_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Script:
    """What happens to the charges of one token, in the order in which they come."""

    steps: tuple[Step, ...]
    every: int = 0

    @property
    def counts(self) -> bool:
        """Whether it matters which charge of the token it is."""
        return self.every > 0 or len(self.steps) > 1

    def step(self, nth: int) -> Step:
        """The step of the token's nth charge, from 1; past the end the last repeats. Without meaning if nothing counts."""
        if self.every:
            return self.steps[0] if nth % self.every == 0 else OK
        return self.steps[min(max(nth, 1), len(self.steps)) - 1]


class NoSuchScript(ValueError):
    """The text is no script."""


OK = Step()
STEPS = {
    "ok": OK,
    "soft": Step(decline_code="insufficient_funds"),
    "hard": Step(decline_code="account_closed"),
    "fraud": Step(decline_code="stolen_card"),
    "authentication": Step(decline_code="authentication_required"),
    "outage": Step(decline_code="processor_unavailable"),
    "slow-after": Step(Manner.SLOW_AFTER, delay_s=2.0),
    "drop-before": Step(Manner.DROP_BEFORE),
    "drop-after": Step(Manner.DROP_AFTER),
    "hang-before": Step(Manner.HANG_BEFORE),
    **{code: Step(decline_code=code) for code in SANDBOX_CODES},
}
SLOW = re.compile(r"slow(?P<after>-after)?-(?P<delay_s>\d{1,3}(\.\d{1,3})?)s")
EVERY = re.compile(r"every-(?P<every>[1-9]\d{0,5}):(?P<step>.+)")


@lru_cache(maxsize=1024)
def read_script(text: str) -> Script:
    """`ok`, `seq:soft,ok`, `every-7:soft`. Raises NoSuchScript."""
    if text.startswith("seq:"):
        return Script(tuple(_read_step(name) for name in text[4:].split(",")))
    if match := EVERY.fullmatch(text):
        return Script((_read_step(match["step"]),), every=int(match["every"]))
    return Script((_read_step(text),))


def _read_step(name: str) -> Step:
    if name in STEPS:
        return STEPS[name]
    if match := SLOW.fullmatch(name):
        return Step(Manner.SLOW_AFTER if match["after"] else Manner.SLOW, delay_s=float(match["delay_s"]))
    raise NoSuchScript(f"{name!r} is no step; see docs/test-gateway.md")
