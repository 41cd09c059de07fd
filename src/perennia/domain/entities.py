"""Which legal entity sells."""

from collections.abc import Mapping

from perennia.domain.errors import NotFound
from perennia.domain.facts import Entity
from perennia.domain.ids import Id


def selling_entity(entities: Mapping[Id, Entity], *, country: str, chosen: Id | None = None) -> Id:
    """The legal entity for a subscription that starts: the one chosen, else by the customer's country.

    That is the entity that serves the country, else the first that is there, else the tenant's first. `entities` are
    in the order in which they were added. Raises NotFound.
    """
    if chosen is not None:
        if chosen not in entities:
            raise NotFound(kind="legal entity", id=chosen.text("ent"))
        return chosen
    serving = [entity.id for entity in entities.values() if country in entity.serves]
    there = [entity.id for entity in entities.values() if entity.country == country]
    return next(iter([*serving, *there, *entities]))
