"""Quick values are what frozen dataclasses are, whatever they are made of."""

import copy
import pickle
from dataclasses import FrozenInstanceError, dataclass, field, fields, replace

import pytest

from perennia.domain.values import quick


@quick
@dataclass(frozen=True, slots=True)
class Parcel:
    """Has a field of every kind that a value has."""

    to: str
    weight: int = 1
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Express(Parcel):
    hours: int = field(kw_only=True)


def test_it_is_made_by_place_and_by_name_and_its_defaults_are_its_own():
    one, other = Parcel("Bo"), Parcel(to="Bo", weight=1)
    one.notes.append("fragile")
    assert (one.notes, other.notes) == (["fragile"], [])
    assert repr(other) == "Parcel(to='Bo', weight=1, notes=[])"
    assert type(other) is Parcel
    assert [one.name for one in fields(Parcel)] == ["to", "weight", "notes"]


@pytest.mark.parametrize("given", [{}, {"to": "Bo", "wait": 1}], ids=["too little", "unknown"])
def test_what_it_cannot_be_made_of_is_refused(given):
    with pytest.raises(TypeError, match=r"Parcel\.__init__"):
        Parcel(**given)


def test_nobody_changes_one():
    parcel = Parcel("Bo")
    with pytest.raises(FrozenInstanceError):
        parcel.weight = 2
    with pytest.raises(FrozenInstanceError):
        del parcel.to
    with pytest.raises((AttributeError, TypeError)):
        parcel.colour = "red"
    assert parcel == Parcel("Bo")


def test_it_is_copied_replaced_and_sent_like_any_other():
    parcel = Parcel("Bo", 3, ["fragile"])
    assert replace(parcel, weight=4) == Parcel("Bo", 4, ["fragile"])
    assert copy.deepcopy(parcel) == pickle.loads(pickle.dumps(parcel)) == parcel  # noqa: S301  our own
    assert Parcel("Bo", 3) != Parcel("Bo", 4)


def test_what_builds_on_one_is_frozen_too():
    express = Express("Bo", hours=4)
    assert (express.to, express.weight, express.hours) == ("Bo", 1, 4)
    with pytest.raises(FrozenInstanceError):
        express.hours = 5


def test_what_has_slots_of_a_base_has_no_twin():
    with pytest.raises(AssertionError, match="no twin"):
        quick(Express)
