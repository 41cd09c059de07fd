"""A sandbox in which every act is previewed, done and looked into.

`do` takes an entry of a scenario's timeline (docs/scenario-format.md) and does it by the operation that `perennia scenario`
takes for it, in books of their own that are really written. After each of them it holds that

- the preview of the act, taken right before it, decided the same to the last row, and left nothing behind;
- a refused act left nothing behind either: no row of any table is another;
- `perennia verify` finds nothing;
- what was billed is not billed again: a second run right after one writes nothing.

Anything an act raises but a refusal of the domain goes through. `timeline` is what was done so far, to be played again.
"""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from perennia.cli.scenario import verbs
from perennia.cli.scenario.reading import read
from perennia.cli.scenario.script import Act, Unread
from perennia.cli.scenario.stage import Stage
from perennia.domain.decision import Decision
from perennia.domain.errors import DomainError
from perennia.operations import books, clock, feed, previews, tenants
from perennia.store import session
from perennia.store.identity import new_id
from tests.scenarios.drawn import as_told

Entry = dict[str, Any]
Told = tuple[str, str]
"""What an act decided, or what refused it: the word `decided` or a code, and all there is to say of it."""

FIRST = datetime.fromisoformat("2024-01-01T00:00")
"""Local, as every time here."""
_ID = re.compile(r"Id\([0-9a-f]+\)|\b[a-z]{2,5}_[0-9a-f]{32}")
_NO_PREVIEW = ("create_customer",)
"""Nothing of money; its names are taken in the sandbox of the test, where a preview would have to give them back."""

_WAITS = "change_pending"
"""Refused while something waits for its payment; the preview shows what it would be without that."""
_ASKS_FIRST = {"payment_gated", "payment_behavior"}
"""Done only once it is paid; the preview shows what it would be then."""


class Watched:
    """The books of one scenario without a timeline, as far as its acts came."""

    def __init__(self, head: Entry) -> None:
        self.head, self.timeline, self.refused = head, list[Entry](), list[int]()
        self.at, self.has_failed = FIRST, False
        self._script = read(json.dumps({**head, "timeline": [{"at": "2024-01-01", "verb": "bill_run"}]}))
        self._bare = {"timezone": head.get("timezone", "UTC"), "currency": head.get("currency", "EUR")}
        self._begin()
        self._rows = self.rows()

    def _begin(self) -> None:
        begins = self._script.acts[0].at
        self.slug = f"watched-{new_id().hex()}"
        business = tenants.create_business(slug=self.slug, name="Watched", now=begins)
        script = self._script
        self.tenant = tenants.create_tenant(
            business_id=business,
            slug=self.slug,
            name="Watched",
            country=script.country,
            currency=script.currency,
            zone=script.zone,
            clock=begins,
            now=begins,
            policies=dict(script.policy),
        )
        self.stage = Stage(self.tenant, script, begins)
        self.stage.set_up()

    def wait(self, passes: timedelta) -> None:
        """The clock alone goes on, as if the workers had been down."""
        self.at += passes

    def do(self, verb: str, **given: Any) -> str | None:
        """Do it now; answers the code of the refusal it met."""
        with self._told():
            return self._do(verb, given)

    def advance(self, days: int) -> None:
        """Through every instant at which anything is due; afterwards nothing more is."""
        with self._told():
            self._advance(days)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Whatever goes wrong inside is told with the life so far."""
        try:
            yield
        except BaseException as error:
            self.has_failed = True
            error.add_note(as_told({**self.head, "timeline": self.timeline}))
            raise

    def _do(self, verb: str, given: Entry) -> str | None:
        entry = {"at": self.at.isoformat(timespec="minutes"), "verb": verb, **given}
        self.timeline.append(entry)
        (act,) = read(json.dumps({**self._bare, "timeline": [entry]})).timeline
        if isinstance(act, Unread):
            self.refused.append(len(self.timeline) - 1)
            return act.error.code
        self._reach(act.at)
        act = self.stage.cast(act)
        previewed = None if verb in _NO_PREVIEW else self._previewed(act)
        done = self._done(act)
        if done[0] != _WAITS and not _ASKS_FIRST & set(act.given):
            assert previewed in (None, done), _difference(previewed, done)
        code = None if done[0] == "decided" else done[0]
        if code is not None:
            self.refused.append(len(self.timeline) - 1)
            self._unchanged(f"{verb} was refused ({code})")
            return code
        if verb == "bill_run":
            self._rows = self.rows()
            self._done(act)
            self._unchanged("it was billed before")
        self.agrees()
        self._rows = self.rows()
        return None

    def _advance(self, days: int) -> None:
        self.at += timedelta(days=days)
        entry = {"at": self.at.isoformat(timespec="minutes"), "verb": "advance_to"}
        self.timeline.append(entry)
        (act,) = read(json.dumps({**self._bare, "timeline": [entry]})).acts
        if act.at >= self.stage.now:
            verbs.advance_to(self.stage, act, told=lambda: None)
        self._rows = self.rows()
        verbs.bill_run(self.stage, act)
        self._unchanged("the clock had billed all")
        self.agrees()
        self._rows = self.rows()

    def agrees(self) -> None:
        """`perennia verify` finds nothing."""
        from perennia.analytics.verification import verify

        while feed.sequence(tenant=self.tenant):
            pass
        found = verify(tenant=tenants.find(self.slug), now=self.stage.now)
        wrong = [(finding.name, finding.failed, finding.examples) for finding in found if finding.failed]
        assert wrong == [], wrong

    def rows(self) -> dict[str, tuple[int, int]]:
        """How many rows each table has of this tenant, and a sum over all that stands in them."""
        with session.transaction(self.tenant) as cursor:
            found = cursor.execute(_sums(cursor), {"tenant": self.tenant}).fetchall()
        return {table: (count, digest) for table, count, digest in found}

    def _reach(self, at: datetime) -> None:
        if at > self.stage.now:
            clock.set_clock(tenant=self.tenant, to=at)
            self.stage.now = at
            self._rows = self.rows()

    def _previewed(self, act: Act) -> Told:
        kept = self._names()
        try:
            with previews.preview(tenant=self.tenant, now=self.stage.now) as found:
                verbs.PLAYED[act.verb](self.stage, act)
        except DomainError as error:
            told = error.code, _told(error.facts)
        else:
            told = "decided", _told(found.decisions)
        finally:
            self._give_back(kept)
        self._unchanged(f"{act.verb} was only previewed")
        return told

    def _done(self, act: Act) -> Told:
        try:
            with books.written() as made:
                verbs.PLAYED[act.verb](self.stage, act)
        except DomainError as error:
            return error.code, _told(error.facts)
        return "decided", _told(tuple(made))

    def _unchanged(self, why: str) -> None:
        now = self.rows()
        changed = {table: (self._rows.get(table), found) for table, found in now.items() if self._rows[table] != found}
        assert changed == {}, f"{why}, and yet rows changed (count, sum; before and after): {changed}"

    def _names(self) -> list[Any]:
        """What an act may put into the stage, to be given back after its preview."""
        stage = self.stage
        changes = {name: list(kept) for name, kept in stage.changes.items()}
        return [
            dict(stage.subscriptions), dict(stage.currencies), changes, list(stage.payments), stage.events,
            list(stage.turned_away), dict(stage.customers), set(stage.refused),
        ]  # fmt: skip

    def _give_back(self, kept: Sequence[Any]) -> None:
        stage = self.stage
        stage.subscriptions, stage.currencies, stage.changes, stage.payments, stage.events, *rest = kept
        stage.turned_away, stage.customers, stage.refused = rest


def _told(found: Sequence[Decision] | dict[str, object]) -> str:
    """All of it, each key in it by its place: fresh keys are others each time."""
    places: dict[str, str] = {}
    return _ID.sub(lambda key: places.setdefault(key[0], f"#{len(places)}"), repr(found))


def _difference(previewed: Told | None, done: Told) -> str:
    """Where the two begin to differ, and what came before and after."""
    one, other = (" ".join(told or ()) for told in (previewed, done))
    place = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    near = slice(max(place - 300, 0), place + 300)
    return f"previewed and done differ from their {place}th letter on:\n{one[near]}\n\n{other[near]}"


_STATEMENT: list[bytes] = []


def _sums(cursor: Any) -> bytes:
    """One question to all tables that have a tenant's rows."""
    if not _STATEMENT:
        tables = cursor.execute(
            """SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
            WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace
                AND NOT a.attisdropped AND has_table_privilege(c.oid, 'SELECT') ORDER BY 1"""
        ).fetchall()
        _STATEMENT.append(
            " UNION ALL ".join(
                f"""SELECT '{name}'::text, count(*), coalesce(sum(hashtextextended(t::text, 0)), 0)::text
                FROM {name} t WHERE tenant_id = %(tenant)s"""
                for (name,) in tables
            ).encode()
        )
    return _STATEMENT[0]
