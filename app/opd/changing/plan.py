"""What a reorganisation does to the tree of units. Pure: units and a wish in, edits out; a wish that cannot be raises."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from app.opd.errors import UnitChangeInvalid, UnitCycle


@dataclass(frozen=True, slots=True)
class Place:
    """A unit as far as reorganisations change it."""

    id: UUID
    name: str
    parent_id: UUID | None
    agency_id: UUID
    is_agency: bool
    head_title: str = ""
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Edited units (before is None for a new one), who carries on whom, and where the staff of units that end goes."""

    edits: Sequence[tuple[Place | None, Place]]
    predecessors: Mapping[UUID, Sequence[UUID]]
    staff: Mapping[UUID, UUID]


class Tree:
    """The open units while a change is tried on them."""

    def __init__(self, places: Iterable[Place]) -> None:
        self.before = {place.id: place for place in places if place.valid_to is None}
        self.now = dict(self.before)

    def get(self, unit_id: UUID, *, root: bool = False) -> Place:
        """Return an open unit; the root only when it may be."""
        found = self.now.get(unit_id)
        if found is None:
            raise UnitChangeInvalid(reason="unit.unknown", unit_id=unit_id)
        if found.parent_id is None and not root:
            raise UnitChangeInvalid(reason="unit.root", unit_id=unit_id)
        return found

    def below(self, unit_id: UUID) -> list[UUID]:
        """Return a unit and all below it, itself first."""
        children: dict[UUID | None, list[UUID]] = {}
        for place in self.now.values():
            children.setdefault(place.parent_id, []).append(place.id)
        found = [unit_id]
        for one in found:
            found.extend(children.get(one, []))
        return found

    def put_below(self, unit_id: UUID, parent_id: UUID) -> None:
        """Move a unit with all below it; what counted to the agency it leaves counts to the one it enters."""
        unit, parent = self.get(unit_id), self.get(parent_id, root=True)
        moving = self.below(unit_id)
        if parent_id in moving:
            raise UnitCycle(unit_id=unit_id)
        self.now[unit_id] = replace(unit, parent_id=parent_id)
        if unit.is_agency:
            return
        if parent.parent_id is None:
            raise UnitChangeInvalid(reason="unit.without_agency", unit_id=unit_id)
        self.count_to(parent.agency_id, [one for one in moving if self.now[one].agency_id == unit.agency_id])

    def count_to(self, agency_id: UUID, units: Iterable[UUID]) -> None:
        """Let units count to an agency."""
        for one in units:
            self.now[one] = replace(self.now[one], agency_id=agency_id)

    def plan(self, predecessors: Mapping[UUID, Sequence[UUID]], staff: Mapping[UUID, UUID]) -> Plan:
        """Return what is not as it was."""
        edits = [(self.before.get(one), after) for one, after in self.now.items() if self.before.get(one) != after]
        return Plan(edits, predecessors, staff)


def rename(tree: Tree, unit_id: UUID, name: str, head_title: str | None) -> Plan:
    """Give a unit another name, and its head another title when one is given."""
    unit = tree.get(unit_id, root=True)
    tree.now[unit_id] = replace(unit, name=name, head_title=unit.head_title if head_title is None else head_title)
    return tree.plan({}, {})


def move(tree: Tree, unit_id: UUID, parent_id: UUID) -> Plan:
    """Move a unit below another; an agency stays one, any other unit counts to the agency it enters. Raises `UnitCycle`."""
    tree.put_below(unit_id, parent_id)
    return tree.plan({}, {})


def merge(
    tree: Tree, unit_ids: Sequence[UUID], into: UUID | None, new: UUID, name: str, head_title: str, on: date
) -> Plan:
    """End units and let one carry on: an existing one, or a new one beside the first. All are agencies, or all of one agency."""
    merging = [tree.get(one) for one in dict.fromkeys(unit_ids)]
    if len(merging) < (1 if into else 2):
        raise UnitChangeInvalid(reason="unit.too_few")
    heir = tree.get(into) if into else replace(merging[0], id=new, name=name, head_title=head_title)
    if into is None and heir.is_agency:
        heir = replace(heir, agency_id=new)
    for one in merging:
        if one.id == heir.id:
            raise UnitChangeInvalid(reason="unit.into_itself", unit_id=one.id)
        if one.is_agency != heir.is_agency or (not one.is_agency and one.agency_id != merging[0].agency_id):
            raise UnitChangeInvalid(reason="unit.other_level", unit_id=one.id)
    ended = {one.id for one in merging}
    above: Place | None = heir
    while above is not None:  # who carries on may not stand below what ends
        if above.parent_id in ended:
            raise UnitCycle(unit_id=heir.id)
        above = tree.now.get(above.parent_id) if above.parent_id else None
    tree.now[heir.id] = heir
    for place in list(tree.now.values()):
        if place.id not in ended and place.parent_id in ended:
            tree.now[place.id] = replace(place, parent_id=heir.id)
    tree.count_to(heir.agency_id, [p.id for p in tree.now.values() if p.agency_id in ended and p.id not in ended])
    for one in merging:
        tree.now[one.id] = replace(tree.now[one.id], valid_to=on)
    return tree.plan({heir.id: sorted(ended)}, dict.fromkeys(sorted(ended), heir.id))


def split(tree: Tree, source_id: UUID, unit_ids: Sequence[UUID], new: UUID, name: str, head_title: str) -> Plan:
    """Let units leave one with all below them for a new one beside it, of the same level; who is in them goes along."""
    source = tree.get(source_id)
    inside = set(tree.below(source_id)) - {source_id}
    if not unit_ids:
        raise UnitChangeInvalid(reason="unit.too_few")
    agency = new if source.is_agency else source.agency_id
    tree.now[new] = replace(source, id=new, name=name, head_title=head_title, agency_id=agency)
    for unit_id in dict.fromkeys(unit_ids):
        if unit_id not in inside:
            raise UnitChangeInvalid(reason="unit.not_inside", unit_id=unit_id)
        tree.put_below(unit_id, new)
    return tree.plan({new: [source_id]}, {})
