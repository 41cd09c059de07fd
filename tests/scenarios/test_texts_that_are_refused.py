"""Text that is too long is refused by the rules, text that nobody could store by the reader; only its entry is."""

import pytest

from perennia.cli.scenario.reading import read
from perennia.cli.scenario.script import Unread
from tests.scenarios.told import played

pytestmark = pytest.mark.usefixtures("database")

_STORY = """
plans: {basic: 30}

2024-04-01 subscribe basic po_number="TEXT"
2024-04-01 one_off 5 customer=c1 name="TEXT"
"""


def test_text_that_is_too_long() -> None:
    assert played(_STORY.replace("TEXT", "A" * 2000)).splitlines() == ["2024-04-01 refused: invalid_value"] * 2


def test_text_with_nul() -> None:
    assert played(_STORY.replace("TEXT", "A\\0B")).splitlines() == ["2024-04-01 refused: invalid_value"] * 2


def test_half_of_a_surrogate_pair() -> None:
    text = '{"timeline": [{"at": "2024-04-01", "verb": "create_customer", "customer": "A\\ud800B"}]}'
    (entry,) = read(text, is_json=True).timeline
    assert isinstance(entry, Unread)
    assert "half of a surrogate pair" in entry.error.told()


def test_the_name_of_a_subscription_that_is_too_long() -> None:
    found = played(f"plans: {{basic: 30}}\n\n2024-04-01 subscribe basic subscription={'A' * 201}\n")
    assert found == "2024-04-01 refused: invalid_value"
