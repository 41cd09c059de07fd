"""Stories: a timeline in, the documents that come of it out, compared whole.

A file of stories is a module with `pytestmark = pytest.mark.usefixtures("database")` and one test per story:

    def test_an_unpaid_rest_is_credited_to_its_own_invoice() -> None:
        story(
            '''
            tax: 25
            plans: {big: 100, seat: {amount: 10, model: per_unit}}
            add_ons: {bag: {amount: 5}}

            2024-04-01 subscribe plan=big items=[{add_on: bag, quantity: 3}]
            2024-04-16 cancel now
            ''',
            '''
            2024-04-01 c1 invoice 1
              big  2024-04-01..2024-05-01      100.00
              bag  2024-04-01..2024-05-01  x3   15.00
              net 115.00  tax 28.75  total 143.75
            2024-04-16 c1 credit note 1
              ...
            ''',
        )

What comes first is a scenario of docs/scenario-format.md with two short cuts. `plans`, `add_ons`, `coupons` and `meters`
may stand at its top. The timeline is written line by line, `TIME VERB KEY=VALUE …`: a word without `=` is what the verb
takes alone (`subscribe big`, `cancel now`); a value with spaces stands in quotes, brackets or braces and is YAML; a line
that begins with `#` is a remark. TIME is `2024-04-01`, `2024-04-01T12:00` or one with an offset.

What is expected is what `perennia scenario FILE` prints, with the codes of refusals alone. A line with a moment is
followed by its documents: lines (item, kind where it is not recurring, period, quantity where it is not 1, amount
before discounts and without tax, which line a credit gives back), then discount, net and tax where there are any, total,
what the balance paid; `balance` where it moved. The checks of `verify` are part of it: what they find is printed too.

A story that fails prints what really came out, ready to be pasted once it has been worked out by hand. `played` gives
the same text, `told_as_data` what `--json` prints.
"""

import re
from datetime import UTC, datetime
from textwrap import dedent
from typing import Any

import yaml

from perennia.cli.scenario.grammar import verbs
from perennia.cli.scenario.reading import read

NOW = datetime(2024, 1, 1, tzinfo=UTC)
_ENTRY = re.compile(r"\s*\d{4}-\d\d-\d\d")
_WORD = re.compile(r"""(?:(\w+)=)?("[^"]*"|'[^']*'|\[.*?\](?=\s|$)|\{.*?\}(?=\s|$)|\S+)""")
_VERBS = verbs("UTC")
_SHORT = ("plans", "add_ons", "coupons", "meters")


def story(timeline: str, expected: str) -> None:
    """Play a timeline and compare all that came of it with what was expected."""
    found, wanted = played(timeline), dedent(expected).strip("\n").rstrip()
    assert found == wanted, f"it came out as\n\n{found}\n"


def played(timeline: str) -> str:
    """What came of a timeline, as text."""
    from perennia.cli.scenario.playing import play
    from perennia.cli.scenario.tables import as_text

    return as_text(play(read(in_full(timeline)), now=NOW), sentences=False)


def told_as_data(timeline: str) -> dict[str, Any]:
    """What came of a timeline, as `--json` prints it."""
    from perennia.cli.scenario.playing import play
    from perennia.cli.scenario.telling import as_data

    return as_data(play(read(in_full(timeline)), now=NOW))


def in_full(timeline: str) -> str:
    """The scenario without the short cuts, as YAML."""
    lines = dedent(timeline).splitlines()
    entries = [_entry(line) for line in lines if _ENTRY.match(line)]
    head = yaml.load("\n".join(line for line in lines if not _ENTRY.match(line)), Loader=yaml.BaseLoader) or {}  # noqa: S506
    goods = {name: head.pop(name) for name in _SHORT if name in head}
    head["catalogue"] = {**head.get("catalogue", {}), **goods}
    head.setdefault("timeline", []).extend(entries)
    return yaml.safe_dump(head, allow_unicode=True, sort_keys=False)


def _entry(line: str) -> dict[str, Any]:
    at, _, rest = line.strip().partition(" ")
    verb, _, rest = rest.strip().partition(" ")
    given: dict[str, Any] = {}
    for key, written in _WORD.findall(rest):
        name = key or _VERBS[verb].bare
        assert name, f"{verb} takes nothing alone: {line.strip()}"
        given[name] = yaml.load(written, Loader=yaml.BaseLoader)  # noqa: S506  it makes text of everything
    return {"at": at, verb: given}
