"""The discounts of a subscription on its way: which are at work on a charge, what uses them up, and when they end."""

from collections.abc import Sequence
from datetime import datetime

from perennia.domain.calendar import slot_at
from perennia.domain.decision import DiscountUse
from perennia.domain.discounts import Discount, at_work, consumes, ends_at
from perennia.domain.facts import ItemKind, Settled
from perennia.domain.ids import Id
from perennia.domain.lengthened import term_after
from perennia.domain.lifecycle import LIVE
from perennia.domain.pricing import Timing
from perennia.domain.progress import Progress
from perennia.domain.standing import Standing


class Couponed(Standing):
    """What the working copy of a subscription knows of its discounts; `uses` is what became of them."""

    __slots__ = ()

    def _discounts_for(self, progress: Progress, at: datetime, *, setup: bool = False) -> tuple[Discount, ...]:
        """The discounts at work on a part, or on a set-up fee. A part of the plan that begins with a period consumes one
        of each (`coupon_counts` periods), or each invoice on which one works does (`invoices`).

        What a change dated back charges has those that were at work when it was to be charged. One that begins inside
        a period has that period's discount and consumes nothing; nor does one that stands in for a period that was
        charged before (a change on its first day, or back-dated). A used-up discount ends where the plan's next
        period begins, or the gap before a moved billing day: before that is charged in advance, or once all of the
        period before has been charged in arrears (one taken over used up, before its first part). So does one that is
        over by its date (`months`), which no part has that begins after it.
        """
        begins, starts = not setup and progress.begins_a_period(), progress.settled
        counts, renews = self.facts.policies.coupon_counts, begins and progress.item.kind is ItemKind.PLAN
        replaced = self._charged_before(progress) if renews and counts == "periods" and self.overcharged else None
        counted = self._counted_with(replaced) if replaced is not None else frozenset()
        given, later = self.facts.discounts, frozenset[Id]()
        if counts != "invoices" and self._is_dated_back(progress):
            given = self._given_then(progress, at, but_ended=renews and counts == "periods" and replaced is None)
            later = frozenset(d.id for d in self.facts.discounts) - {d.id for d in given}
        if renews or counts == "invoices" or self._is_gap(progress):
            self._end_used_up(at, starts, but=counted | later)
        active = [d for d in given if d.id not in self.ended_discounts]
        if counts == "months":
            active = [discount for discount in active if not self._is_over(discount, at, starts)]
        found = at_work(
            active, sold=progress.version.price.sold, proration=not begins and not setup,
            on_prorations=progress.policies.coupon_on_prorations,
        )  # fmt: skip
        if consumes(counts=counts, begins_period=renews, begins_document=True):
            uncounted = [d for d in active if d.ended_at is None and d.id not in counted]
            self._consume(uncounted if counts == "periods" else found, at)
        return found

    def _is_dated_back(self, progress: Progress) -> bool:
        """Whether a change begins the version of a part for whose time the plan was charged already."""
        if not self.facts.discounts_so_far or progress.version.billed_through is not None:
            return False
        charged = [v.billed_through for item in self.facts.items if item.kind is ItemKind.PLAN for v in item.versions]
        return any(through is not None and through > progress.settled for through in charged)

    def _given_then(self, progress: Progress, at: datetime, *, but_ended: bool) -> tuple[Discount, ...]:
        """The discounts that were at work when a part was to be charged, `but_ended` none that is over by now."""
        in_arrears, zone = progress.version.price.timing is Timing.ARREARS, self.facts.zone
        return tuple(
            one
            for one in self.facts.discounts_so_far
            if one.was_at_work(at, zone=zone, at_end=in_arrears) and not (but_ended and one.ended_at is not None)
        )

    def _charged_before(self, progress: Progress) -> Settled | None:
        """The part that charged the plan's next period already, and goes back now."""
        slot = slot_at(progress.version.series, progress.settled)
        versions = {one.version.id: one.version for one in self.progress if one.item.id == progress.item.id}
        for settled in self.overcharged:
            version = versions.get(settled.version_id)
            if version is None or settled.start != progress.settled or settled.end == settled.start:
                continue
            if slot_at(version.series, settled.start) == slot:
                return settled
        return None

    def _counted_with(self, replaced: Settled) -> frozenset[Id]:
        """The discounts that were counted with a charge that goes back now: what takes its place consumes none."""
        had_them = replaced.line_discount > 0 or replaced.line_net == 0
        sold = next(one.version.price.sold for one in self.progress if one.version.id == replaced.version_id)
        return frozenset(
            discount.id
            for discount in self.facts.discounts
            if self.discounts[discount.id] != discount.periods and (had_them or not discount.covers(sold))
        )

    def _is_gap(self, progress: Progress) -> bool:
        """Whether the next part of the plan follows a whole period that was counted otherwise: a moved billing day."""
        begins = progress.settled
        if progress.item.kind is not ItemKind.PLAN or begins != progress.version.starts_at:
            return False
        return any(
            other.ends == begins
            and other.item.id == progress.item.id
            and other.version.series != progress.version.series
            and slot_at(other.version.series, begins).start == begins
            for other in self.progress
        )

    def _consume(self, discounts: Sequence[Discount], at: datetime) -> None:
        for discount in discounts:
            left, by_document = self.discounts[discount.id], self.facts.policies.coupon_counts == "invoices"
            if left is not None and not (by_document and self._is_counted(discount, at)):
                self.discounts[discount.id] = left - 1
                self.uses[discount.id] = DiscountUse(discount.id, left - 1)
            self._counted[discount.id] = at

    def _is_counted(self, discount: Discount, at: datetime) -> bool:
        """Whether a discount was counted for the document of an instant already."""
        counted = self._counted.get(discount.id)
        return counted is not None and (self.together or counted == at)

    def _is_over(self, discount: Discount, at: datetime, starts: datetime) -> bool:
        facts, counts = self.facts, self.facts.policies.coupon_counts
        if counts == "invoices" and self._is_counted(discount, at):
            return False
        if counts != "months":
            return self.discounts[discount.id] == 0
        ends = ends_at(discount, counts=counts, starts=facts.started_at, zone=facts.zone)
        for pause in facts.pauses:  # its clock stands still meanwhile
            if ends is not None and pause.ends_at is not None and pause.starts_at < ends <= starts:
                ends = term_after(ends, pause, facts.zone)
        return ends is not None and ends <= starts

    def _end_used_up(self, at: datetime, starts: datetime, *, but: frozenset[Id] = frozenset()) -> None:
        """What is over for a part that starts then is at work no more, `but` those that were counted for it."""
        used_up = [
            one for one in self.facts.discounts
            if one.id not in self.ended_discounts | but and self._is_over(one, at, starts)
        ]  # fmt: skip
        if not used_up:
            return
        before = self._mrr(at)
        for one in used_up:
            self.ended_discounts |= {one.id}
            self.uses[one.id] = DiscountUse(one.id, self.discounts[one.id] or 0, ended_at=at)
        if self.status in LIVE:
            self._moved(before=before, after=self._mrr(at), at=at)
