"""What the test gateway does with a charge. The journal holds the charges; in memory is only where each of them is."""

from array import array
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from perennia.gateways.sandbox.journal import Journal, Record
from perennia.gateways.sandbox.scripts import Manner, NoSuchScript, Script, Step, read_script

CHARGE_FIELDS: dict[str, type] = {"key": str, "amount_minor": int, "currency": str, "method": str, "reference": str}
SCRIPT_FIELDS: dict[str, type] = {"method": str, "script": str}
TEXT_LIMIT = 255
ID = "sbx_"


class Refused(Exception):
    """A request answered with an error of this status and code."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to send now; `drop` closes the connection instead, `hang` never answers."""

    body: Record | None = None
    drop: bool = False
    hang: bool = False


@dataclass(frozen=True, slots=True)
class LaterReply:
    """An answer to ask for and send after `delay_s` seconds, whether or not anyone still listens."""

    delay_s: float
    reply: Callable[[], Reply]


class Charges:
    """Charges by key, scripts and counts by method token, all read back from the journal."""

    def __init__(self, journal: Journal) -> None:
        """Raises JournalUnusable."""
        self._journal = journal
        self._offsets: dict[str, int] = {}
        self._pending: dict[str, Record] = {}
        self._scripts: dict[str, str] = {}
        self._counts: Counter[str] = Counter()
        self._made = array("Q")
        for offset, record in journal.records():
            if "refund" in record:
                continue
            self._remember(offset, record)
            if "key" in record:
                self._next_step(record["method"])

    def _remember(self, offset: int, record: Record) -> None:
        if "script" in record:
            self._scripts[record["method"]] = record["script"]
            del self._counts[record["method"]]
        elif record["status"] != "lost":
            self._offsets[record["key"]] = offset
            self._made.append(offset)

    def charge(self, body: object) -> Reply | LaterReply:
        """Charge once for the key. Raises Refused for a malformed body and for a key that was used for another charge."""
        wanted = checked(body, CHARGE_FIELDS)
        check_money(wanted)
        if known := self._known(wanted["key"]):
            if any(known[name] != wanted[name] for name in CHARGE_FIELDS):
                raise Refused(409, "key_reused", "this key was used for another charge; a new attempt wants a new key")
            return Reply(answer(known))
        step = self._next_step(wanted["method"])
        if step.manner is Manner.SLOW:
            self._pending[wanted["key"]] = wanted | {"id": None, "status": "processing", "decline_code": None}
            return LaterReply(step.delay_s, lambda: Reply(self._settle(wanted, step)))
        if step.manner in (Manner.DROP_BEFORE, Manner.HANG_BEFORE):
            self._write(wanted | {"status": "lost"})
            return Reply(drop=step.manner is Manner.DROP_BEFORE, hang=step.manner is Manner.HANG_BEFORE)
        made = self._settle(wanted, step)
        if step.manner is Manner.SLOW_AFTER:
            return LaterReply(step.delay_s, lambda: Reply(made))
        return Reply(made, drop=step.manner is Manner.DROP_AFTER)

    def look_up(self, key: str) -> Reply:
        """Raises Refused with `charge_not_found` for a key that was never seen."""
        if known := self._known(key):
            return Reply(answer(known))
        raise Refused(404, "charge_not_found", "no charge with this key was ever received")

    def made(self, id: str) -> Record | None:
        """The charge with this id that succeeded."""
        number = id.removeprefix(ID)
        if not id.startswith(ID) or not number.isdecimal() or not 0 < int(number) <= len(self._made):
            return None
        charge = self._journal.read(self._made[int(number) - 1])
        return charge if charge["status"] == "succeeded" else None

    def summary(self, reference: str | None) -> Reply:
        """Totals over the whole journal (it is read through: for tests, not for a hot path), or over one reference."""
        statuses: Counter[str] = Counter()
        amounts: Counter[str] = Counter()
        effects: Counter[str] = Counter()
        for _, record in self._journal.records():
            if "key" not in record or reference not in (None, record["reference"]):
                continue
            statuses[record["status"]] += 1
            if record["status"] == "succeeded":
                amounts[record["currency"]] += record["amount_minor"]
                effects[record["reference"]] += 1
        return Reply(
            {
                "count": statuses.total() - statuses["lost"],
                "succeeded": statuses["succeeded"],
                "pending": len(self._pending),
                "amounts_minor": dict(amounts),
                "references_charged": len(effects),
                "charged_more_than_once": {name: times for name, times in effects.items() if times > 1},
            }
        )

    def set_script(self, body: object) -> Reply:
        """Give a method token a script and start it from its beginning. Raises Refused."""
        wanted = checked(body, SCRIPT_FIELDS)
        try:
            read_script(wanted["script"])
        except NoSuchScript as error:
            raise Refused(400, "no_such_script", str(error)) from error
        self._write(wanted)
        return Reply(wanted)

    def _known(self, key: str) -> Record | None:
        if (offset := self._offsets.get(key)) is not None:
            return self._journal.read(offset)
        return self._pending.get(key)

    def _script(self, method: str) -> Script | None:
        try:
            return read_script(self._scripts.get(method) or method.partition("#")[0].partition("~")[0])
        except NoSuchScript:
            return None

    def _next_step(self, method: str) -> Step:
        script = self._script(method)
        if script is None:
            return Step(decline_code="no_such_method")
        if script.counts:
            self._counts[method] += 1
        return script.step(self._counts[method])

    def _settle(self, wanted: Record, step: Step) -> Record:
        charge = wanted | {
            "id": f"{ID}{len(self._made) + 1}",
            "status": status_of(step.decline_code),
            "decline_code": step.decline_code,
        }
        self._pending.pop(wanted["key"], None)
        self._write(charge)
        return answer(charge)

    def _write(self, record: Record) -> None:
        self._remember(self._journal.append(record), record)


def status_of(decline_code: str | None) -> str:
    """What a step comes to."""
    if decline_code == "authentication_required":
        return "requires_action"
    return "failed" if decline_code else "succeeded"


def answer(charge: Record) -> Record:
    """What is told of a charge or a refund."""
    code = charge["decline_code"]
    return charge | {"message": f"the test gateway was told to decline: {code}"} if code else charge


def checked(body: object, fields: dict[str, type]) -> Record:
    """The body, which has just these fields. Raises Refused."""
    if not isinstance(body, dict) or body.keys() != fields.keys():
        raise Refused(400, "malformed", f"the body must be a JSON object with exactly {', '.join(fields)}")
    for name, kind in fields.items():
        value = body[name]
        if type(value) is not kind:
            raise Refused(400, "malformed", f"{name} must be {'a whole number' if kind is int else 'text'}")
        if isinstance(value, str) and not 0 < len(value) <= TEXT_LIMIT:
            raise Refused(400, "malformed", f"{name} must have 1 to {TEXT_LIMIT} characters")
    return body


def check_money(wanted: Record) -> None:
    """Raises Refused for an amount or currency that nobody can charge."""
    if not 0 < wanted["amount_minor"] < 2**53:
        raise Refused(400, "malformed", "amount_minor must be above zero and below 2^53, in minor units")
    currency = wanted["currency"]
    if not (len(currency) == 3 and currency.isascii() and currency.isalpha() and currency.isupper()):
        raise Refused(400, "malformed", "currency must be three capital letters")
