"""What the test gateway does with a refund of one of its charges. The journal holds the refunds beside the charges."""

from collections import Counter

from perennia.gateways.sandbox.charges import (
    Charges,
    LaterReply,
    Refused,
    Reply,
    answer,
    check_money,
    checked,
    status_of,
)
from perennia.gateways.sandbox.journal import Journal, Record
from perennia.gateways.sandbox.scripts import OK, Manner, NoSuchScript, Step, read_script

FIELDS: dict[str, type] = {"key": str, "amount_minor": int, "currency": str, "charge": str, "reference": str}
OF_REFUNDS = "~"
"""What follows it in a method's token is the script of the refunds of its charges."""


class Refunds:
    """Refunds by key, and how much of each charge was given back, all read back from the journal."""

    def __init__(self, journal: Journal, charges: Charges) -> None:
        """Raises JournalUnusable."""
        self._journal, self._charges = journal, charges
        self._known: dict[str, Record] = {}
        self._pending: dict[str, Record] = {}
        self._given: Counter[str] = Counter()
        self._counts: Counter[str] = Counter()
        for _, record in journal.records():
            if "refund" in record:
                self._counts[record["method"]] += 1
                self._remember(record)

    def refund(self, body: object) -> Reply | LaterReply:
        """Give back once for the key. Raises Refused for a malformed body, for a key that was used for another refund, and
        for more than is left of the charge.
        """
        wanted = checked(body, FIELDS)
        check_money(wanted)
        known = self._known.get(wanted["key"]) or self._pending.get(wanted["key"])
        if known is not None:
            if any(known[name] != wanted[name] for name in FIELDS):
                raise Refused(409, "key_reused", "this key was used for another refund; a new attempt wants a new key")
            return Reply(answer(known))
        made = wanted | {"method": self._method(wanted)}
        step = self._next_step(made["method"])
        if step.manner is Manner.SLOW:
            self._pending[wanted["key"]] = made | {"id": None, "status": "processing", "decline_code": None}
            return LaterReply(step.delay_s, lambda: Reply(self._settle(made, step)))
        if step.manner in (Manner.DROP_BEFORE, Manner.HANG_BEFORE):
            self._write(made | {"status": "lost"})
            return Reply(drop=step.manner is Manner.DROP_BEFORE, hang=step.manner is Manner.HANG_BEFORE)
        told = self._settle(made, step)
        if step.manner is Manner.SLOW_AFTER:
            return LaterReply(step.delay_s, lambda: Reply(told))
        return Reply(told, drop=step.manner is Manner.DROP_AFTER)

    def look_up(self, key: str) -> Reply:
        """Raises Refused with `refund_not_found` for a key that was never seen."""
        known = self._known.get(key) or self._pending.get(key)
        if known is None:
            raise Refused(404, "refund_not_found", "no refund with this key was ever received")
        return Reply(answer(known))

    def summary(self, reference: str | None) -> Reply:
        """How many refunds took effect, of all or of one reference, and what they come to by currency."""
        made = [
            one
            for one in self._known.values()
            if one["status"] == "succeeded" and reference in (None, one["reference"])
        ]
        amounts: Counter[str] = Counter()
        for one in made:
            amounts[one["currency"]] += one["amount_minor"]
        return Reply({"succeeded": len(made), "amounts_minor": dict(amounts)})

    def _method(self, wanted: Record) -> str:
        """The token of the method that was charged. Raises Refused where so much cannot be given back."""
        charge = self._charges.made(wanted["charge"])
        if charge is None or charge["currency"] != wanted["currency"]:
            raise Refused(400, "no_such_charge", "no charge of this id and currency succeeded")
        if self._given[wanted["charge"]] + wanted["amount_minor"] > charge["amount_minor"]:
            raise Refused(400, "refund_too_large", "more than is left of the charge")
        method: str = charge["method"]
        return method

    def _next_step(self, method: str) -> Step:
        try:
            script = read_script(method.partition("#")[0].partition(OF_REFUNDS)[2] or "ok")
        except NoSuchScript:
            return OK
        self._counts[method] += 1
        return script.step(self._counts[method])

    def _settle(self, wanted: Record, step: Step) -> Record:
        made = wanted | {
            "id": f"sbr_{len(self._known) + 1}",
            "status": status_of(step.decline_code),
            "decline_code": step.decline_code,
        }
        self._pending.pop(wanted["key"], None)
        self._write(made)
        return answer(made)

    def _write(self, made: Record) -> None:
        record = {"refund": made["key"], **{name: value for name, value in made.items() if name != "key"}}
        self._journal.append(record)
        self._remember(record)

    def _remember(self, record: Record) -> None:
        if record["status"] == "lost":
            return
        known = {"key": record["refund"], **{name: value for name, value in record.items() if name != "refund"}}
        self._known[known["key"]] = known
        if known["status"] == "succeeded":
            self._given[known["charge"]] += known["amount_minor"]
