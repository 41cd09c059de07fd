"""What is due by an instant: settled by identity ("What is due", "Changes and proration", "Price models").

Every part that should exist is worked out anew from the agreement; a part without a charge line gives one, a charge line
that covers more than the part gives a credit in proportion to what it really charged.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction

from tests.oracle import NotSupported
from tests.oracle.agreements import Agreement, End, Item, Version
from tests.oracle.calendar import NEVER, local_day
from tests.oracle.desk import Usage
from tests.oracle.lines import Line
from tests.oracle.policies import Policy
from tests.oracle.prices import minor, number, rounded, worth
from tests.oracle.slots import Cut, Slot, Stretch, fraction, length, minus
from tests.oracle.usage import Measured, measured


@dataclass
class Charges:
    """The charge lines of one subscription, and what is still due for it."""

    sub: Agreement
    horizon: datetime
    made: dict[tuple[int, object], list[Line]] = field(default_factory=dict)
    all: list[Line] = field(default_factory=list)
    opened: set[int] = field(default_factory=set)
    rated: dict[tuple[int, object], Measured] = field(default_factory=dict)
    closed: set[tuple[int, object]] = field(default_factory=set)

    def due(self, through: datetime, usage: list[Usage]) -> Iterator[Line]:
        """Credits first, then arrears and usage, then what is charged in advance ("Several things at one instant")."""
        if self.sub.withdrawn:
            yield from self._withdrawn()
            return
        life, counts, end = self.sub.life_end(self.horizon)
        found: list[Line] = []
        for item in self.sub.items:
            found += self._credits(item, through, life if counts <= through else NEVER, end)
        found += self._trial(through)
        for wanted in ("arrears", "usage", "advance"):
            for item in self.sub.items:
                found += self._opening(item, through, life) if wanted == "advance" else []
                for slot in list(self.sub.slots(item, through)):
                    for version in item.versions:
                        if version.price.timing != wanted:
                            continue
                        if wanted == "usage":
                            found += self._usage(item, slot, version, through, life, counts, end, usage)
                        else:
                            found += self._charge(item, slot, version, through, life, counts, end)
        self.all += [line for line in found if line.source is None]
        yield from found

    def _withdrawn(self) -> Iterator[Line]:
        """Every line is given back whole ("Withdrawal")."""
        for line in self.all:
            left = line.amount - line.credited
            end = line.still_covered[1]
            line.credited, line.covered = line.amount, []
            if left:
                yield self._credit_line(line, left, line.start, end, "refund", held=False)

    def _opening(self, item: Item, through: datetime, life: datetime) -> Iterator[Line]:
        """A set-up fee once, when the item starts, also in a trial."""
        first = item.versions[0]
        if not first.price.setup_fee or first.number in self.opened or first.start > through or first.start >= life:
            return
        self.opened.add(first.number)
        exact = minor(first.price.setup_fee, self.sub.currency)
        line = self._line(item, first, "setup", first.start, None, rounded(exact, self.sub.terms["rounding_mode"]))
        line.quantity, line.exact = Fraction(1), exact
        yield line

    def _trial(self, through: datetime) -> Iterator[Line]:
        """A trial with a price is charged when it begins, once for all of it."""
        price, first = self.sub.terms["trial_price"], self.sub.base.versions[0]
        if price == "free" or self.sub.trial_end is None or self.sub.start > through or -first.number in self.opened:
            return
        self.opened.add(-first.number)
        exact = minor(number(price), self.sub.currency)
        amount = rounded(exact, self.sub.terms["rounding_mode"])
        line = self._line(self.sub.base, first, "trial", self.sub.start, self.sub.trial_end, amount)
        line.quantity, line.exact = Fraction(1), exact
        yield line

    def _line(
        self, item: Item, version: Version, kind: str, start: datetime, end: datetime | None, amount: int
    ) -> Line:
        price = version.price
        return Line(
            self.sub, item.code if item is not self.sub.base else price.owner, kind, start, end, version.quantity, amount,
            self.sub.currency, price.tax_class, price.tax_inclusive, price=price,
        )  # fmt: skip

    def _cover(self, slot: Slot, version: Version, life: datetime, blanks: bool = True) -> list[Stretch]:
        """The stretch of a slot that a version covers, without the pauses that keep nothing."""
        low, high = max(version.start, slot.begin), min(version.end, slot.series.stop, life, slot.end)
        if high <= low:
            return []
        paused = [(slot.offset(p.start), slot.offset(p.end or NEVER)) for p in slot.blanks] if blanks else []
        return minus([(slot.offset(low), slot.offset(high))], paused)

    def _charge(
        self,
        item: Item,
        slot: Slot,
        version: Version,
        through: datetime,
        life: datetime,
        counts: datetime,
        end: End | None,
    ) -> Iterator[Line]:
        known = life
        if end is not None and counts > through and end.policy["known_last_part"] == "full" and slot.begin < life:
            known = NEVER
        if (
            end is not None
            and end.policy["known_last_part"] == "full"
            and version.price.timing == "arrears"
            and life < slot.end
        ):
            raise NotSupported("known_last_part=full in arrears")
        moved = end is not None and end is self.sub.term and life != self.sub.resolve(end.at, self.horizon)
        if moved and slot.begin < life < slot.end:
            raise NotSupported("the end of a term that a pause moved, inside a period")
        made = self.made.setdefault((version.number, slot.key), [])
        wanted = minus(self._cover(slot, version, known), [part for line in made for part in line.charged])
        if not wanted:
            return
        changed = version.start > slot.begin
        terms = version.terms if changed or (slot.is_first and version.start == slot.begin) else self.sub.terms
        if self._free(slot, changed, terms):
            return
        by = end if known != life else None
        if version.price.timing == "arrears" and self.sub.terms["arrears_close"] == "on_request":
            raise NotSupported("arrears_close=on_request")
        if version.price.timing == "advance":
            ready = [wanted] if slot.at(wanted[0][0], ending=False) <= through else []
        else:
            ready = [[part] for part in wanted if slot.at(part[1], ending=True) <= through]
        for parts in ready:
            yield from self._charged(item, slot, version, parts, terms, made, changed, by)

    def _free(self, slot: Slot, changed: bool, terms: Policy) -> bool:
        """Parts that cost nothing: the first part by `first_part`, a gap by `billing_day_move`, the rest by `proration`."""
        if slot.is_first and slot.begin > slot.start:
            if slot.series.first == "start" and terms["first_part"] == "free":
                return True
            if slot.series.first == "free_gap" or (slot.series.first == "change" and terms["proration"] == "none"):
                return True
        return changed and terms["proration"] == "none"

    def _charged(
        self, item: Item, slot: Slot, version: Version, parts: list[Stretch], terms: Policy, made: list[Line], changed: bool,
        whole_by: End | None,
    ) -> Iterator[Line]:  # fmt: skip
        price, mode = version.price, self.sub.terms["rounding_mode"]
        part = fraction(slot, parts, terms)
        full = worth(price, version.quantity, self.sub.terms)
        due = minor(full, price.currency) * part
        fee = rounded(due, mode)
        start, stop = max(slot.at(parts[0][0], ending=False), slot.begin), slot.at(parts[-1][1], ending=True)
        amounts = [("recurring", due, minor(full, price.currency))]
        if price.period_minimum is not None and fee:
            missing = minor(price.period_minimum, price.currency) * part - fee
            amounts += [("minimum", missing, missing / part)] if rounded(missing, mode) > 0 else []
        for kind, exact, whole in amounts:
            line = self._line(item, version, kind, start, stop, rounded(exact, mode))
            line.exact = exact if kind == "recurring" else Fraction(line.listed)
            line.slot, line.covered, line.charged, line.whole_by = slot, list(parts), list(parts), whole_by
            line.whole = whole
            line.renewal = not changed and not (slot.is_first and slot.begin > slot.start)
            line.renewal = line.renewal and not (price.timing == "arrears" and slot.blanks)
            if price.timing == "arrears":
                line.tax_day = local_day(stop - timedelta(seconds=1), self.sub.zone)
            line.held = price.timing == "advance" and (
                not (line.renewal or (slot.is_first and slot.series.first == "start" and not changed))
                and slot.series.first != "charge_gap"
                and terms["difference_invoiced"] == "next_invoice"
            )
            line.latest = slot.boundary_after
            if kind == "recurring" and version.start == start:
                line.returns = self._given_back(item, version, slot, start)
            made.append(line)
            yield line
        if price.timing == "advance":
            self.sub.paid_slots.add(slot.key)

    def _given_back(self, item: Item, version: Version, slot: Slot, at: datetime) -> int | None:
        """What was given back on that day for the same terms ("up and back on one day costs 0.00")."""
        for before in item.versions:
            if before.start < at == before.end and (before.price, before.quantity) == (version.price, version.quantity):
                for line in self.made.get((before.number, slot.key), []):
                    if line.kind == "recurring" and at in line.given_at:
                        return line.given_at[at]
        return None

    def _credits(self, item: Item, through: datetime, life: datetime, end: End | None) -> Iterator[Line]:
        current = {slot.key: slot for slot in self.sub.slots(item, through)}
        for version in item.versions:
            for key, made in [(key[1], made) for key, made in self.made.items() if key[0] == version.number]:
                for line in made:
                    yield from self._credit(line, version, current.get(key), life, end, through)
                made[:] = [line for line in made if not line.dropped]

    def _credit(
        self, line: Line, version: Version, slot: Slot | None, life: datetime, end: End | None, through: datetime
    ) -> Iterator[Line]:
        """A settled part that is shorter now, or is no more."""
        series = (slot or line.slot).series
        last = NEVER if line.whole_by is not None and line.whole_by is end else life
        gone = minus(line.covered, self._cover(slot, version, last, blanks=False) if slot else [])
        if gone:
            cuts = [(version.end, version.cut), (series.stop, series.stopped_by)]
            if end is not None:
                credit = end.policy["proration"] != "none" and end.policy["cancel_credit"] != "none"
                cuts.append((last, Cut(end.policy, credit, cancel=True)))
            cut = min(cuts, key=lambda pair: pair[0])[1]
            yield from self._given(line, slot or line.slot, gone, cut)
        for pause in slot.blanks if slot else ():
            paused = (slot.offset(pause.start), slot.offset(pause.end or NEVER))
            gone = minus(line.covered, minus(line.covered, [paused]))
            rest = pause.policy["pause_rest"]
            if gone and rest == "credited" and pause.end is not None and pause.end <= through:
                yield from self._given(line, slot, gone, Cut(pause.policy, inline=True))
            elif gone and rest != "credited" and pause.start <= through:
                yield from self._given(line, slot, gone, Cut(pause.policy, credit=False))

    def _given(self, line: Line, slot: Slot, gone: list[Stretch], cut: Cut) -> Iterator[Line]:
        """A credit for a stretch; a line still waiting for its document is made anew instead ("Several on one day")."""
        if line.held and line.document is None:
            line.dropped = True
            return
        amount = self._worth_of(line, gone, cut.policy)
        line.covered = minus(line.covered, gone)
        becomes = cut.policy["credit_becomes"]
        nothing_left = line.amount == line.credited
        if nothing_left or not cut.credit or becomes == "none" or (cut.cancel and self._debt_stays(line, cut.policy)):
            return
        if line.credited == line.amount:  # nothing is left of it, so there is nothing to tell
            return
        line.credited += amount
        start, stop = slot.at(gone[0][0], ending=False), slot.at(gone[-1][1], ending=True)
        if start == NEVER:
            raise NotSupported("an end in a pause without end")
        if start > stop:
            start = slot.at(gone[0][0], ending=True)
        deferred = cut.policy["difference_invoiced"] == "next_invoice" and not cut.inline and not cut.cancel
        given = self._credit_line(line, amount, start, stop, becomes, held=deferred or becomes == "next_invoice")
        line.given_at[start] = amount
        given.latest = slot.boundary_after if becomes != "next_invoice" else None
        yield given

    def _credit_line(
        self, line: Line, amount: int, start: datetime, stop: datetime | None, becomes: str, *, held: bool
    ) -> Line:
        return Line(
            self.sub, line.item, "credit", start, stop, line.quantity, -amount, line.currency, line.tax_class,
            line.inclusive, source=line, becomes=becomes, held=held,
        )  # fmt: skip

    def _worth_of(self, line: Line, gone: list[Stretch], terms: Policy) -> int:
        """`charged`: what is left of the line, in proportion; `list`: the price without discounts, for the part."""
        mode, slot = self.sub.terms["rounding_mode"], line.slot
        part = fraction(slot, gone, terms)
        left = line.amount - line.credited
        if terms["credit_basis"] == "list":
            return min(rounded(line.whole * part, mode), left)
        if length(gone) == length(line.covered):
            return left
        return min(rounded(left * part / fraction(slot, line.covered, terms), mode), left)

    def _debt_stays(self, line: Line, terms: Policy) -> bool:
        """`open_debt_at_cancel`: an unpaid document is collected whole unless its unused part is credited."""
        if terms["open_debt_at_cancel"] == "credit_unused" or line.document is None or line.document.open == 0:
            return False
        if line.document.paid:
            raise NotSupported(f"open_debt_at_cancel={terms['open_debt_at_cancel']} with a part paid")
        return True

    def _usage(
        self, item: Item, slot: Slot, version: Version, through: datetime, life: datetime, counts: datetime, end: End | None,
        usage: list[Usage],
    ) -> Iterator[Line]:  # fmt: skip
        """Arrears by meter, cut at the real instant: what the events come to less what was charged for them.

        Late events are charged with the next period that ends, or when the window of the last one closes.
        """
        low, high = max(version.real_start, slot.begin), min(version.real_end, slot.end)
        if slot.series.stop != version.end:
            high = min(high, slot.series.stop)
        if counts <= through and end is not None:
            high = min(high, end.real or life)
        if version is item.versions[0]:
            low = slot.begin
        if high <= low or high > through:
            return
        terms, key = self.sub.terms, (version.number, slot.key)
        now, before = measured(self.sub, version, low, high, usage), self.rated.get(key)
        if now.events and (low, high) != (slot.begin, slot.end):
            self._cut_as_known(terms)
        window = timedelta(days=int(terms["late_window_days"]))
        if before is not None:
            if now == before or key in self.closed or not self._settles(item, through, life, window):
                return
            if version.price.period_minimum is not None:
                raise NotSupported("late usage of a price with a minimum")
        if now.events and terms["progressive_threshold"] != "none":
            raise NotSupported("progressive_threshold with usage")
        self.rated[key] = now
        if through >= high + window:
            self.closed.add(key)
        price, mode = version.price, terms["rounding_mode"]
        fee = rounded(minor(worth(price, now.value, terms, now.events), price.currency), mode)
        if before is not None:
            fee -= rounded(minor(worth(price, before.value, terms, before.events), price.currency), mode)
        if fee < 0:
            raise NotSupported("usage that is given back")
        wanted = fee if before else now.value or fee or terms["zero_usage_line"] == "yes"
        amounts = [("usage", fee)] if wanted else []
        if price.period_minimum is not None and fee:
            part = fraction(slot, self._cover(slot, version, life if counts <= through else NEVER), terms)
            missing = rounded(minor(price.period_minimum, price.currency) * part - fee, mode)
            amounts += [("minimum", missing)] if missing > 0 else []
        for kind, due in amounts:
            line = self._line(item, version, kind, low, high, due)
            line.quantity, line.renewal = now.value, True
            line.tax_day = local_day(high - timedelta(seconds=1), self.sub.zone)
            yield line

    def _settles(self, item: Item, through: datetime, life: datetime, window: timedelta) -> bool:
        """Whether a period of the item ends at this very instant, or the last one's window closes."""
        ends = {slot.end for slot in self.sub.slots(item, through)} | {version.real_end for version in item.versions}
        return through in ends or through == life + window

    def _cut_as_known(self, terms: Policy) -> None:
        for key, known in (("usage_cut", "at_change"), ("tiers_after_cut", "own")):
            if terms[key] != known:
                raise NotSupported(f"{key}={terms[key]} with a cut inside a period")
