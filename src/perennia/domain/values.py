"""Frozen values that are quick to make.

The standard library lets a frozen dataclass set each field past its own lock, which takes ten times as long as setting
an open one. A billing run makes fifty values for an invoice; that was a third of what its rules took.
"""

from dataclasses import MISSING, Field, fields
from typing import Any, TypeVar

T = TypeVar("T")


def quick(cls: type[T]) -> type[T]:
    """Give a frozen, slotted dataclass a constructor that costs a fifth, and leave all else as it is.

    While it is made the value is of a twin class with the same slots and no lock; then it becomes what it is for good.
    """
    assert cls.__base__ is object, "a value with slots of its base has no twin"
    made: Any = cls
    own = fields(made)
    assert not any(field.kw_only or not field.init for field in own), "only fields that are simply given"
    twin = type(cls.__name__, (), {"__slots__": made.__slots__})
    scope: dict[str, Any] = {"final": cls, "twin": twin, "unlock": object.__setattr__, "MISSING": MISSING}
    given, body = [], ["unlock(self, '__class__', twin)"]
    for field in own:
        given.append(_parameter(field, scope))
        body.append(f"self.{field.name} = {_value(field)}")
    source = f"def __init__(self, {', '.join(given)}):\n    " + "\n    ".join([*body, "self.__class__ = final"])
    exec(source, scope)  # noqa: S102  made from the class's own fields only
    quickly = scope["__init__"]
    quickly.__annotations__, quickly.__qualname__ = made.__init__.__annotations__, made.__init__.__qualname__
    made.__init__ = quickly
    return cls


def _parameter(field: Field[Any], scope: dict[str, Any]) -> str:
    """The field as the constructor takes it, with its default left in the scope."""
    name = field.name
    if field.default_factory is not MISSING:
        scope[f"make_{name}"] = field.default_factory
        return f"{name}=MISSING"
    if field.default is not MISSING:
        scope[f"default_{name}"] = field.default
        return f"{name}=default_{name}"
    return name


def _value(field: Field[Any]) -> str:
    name = field.name
    return name if field.default_factory is MISSING else f"make_{name}() if {name} is MISSING else {name}"
