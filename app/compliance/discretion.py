"""Small groups, in which a figure would tell of a person, are merged for callers who may see figures only."""

from collections.abc import Mapping

from app.core.permission import Permission
from app.core.principal import Principal


def smallest_for(actor: Principal, smallest: int) -> int:
    """Return how many people a group must have for this caller: any number for those who may see names."""
    return 1 if actor.may(Permission.OBLIGATION_READ) else smallest


def small_groups(totals: Mapping[str, int], smallest: int) -> set[str]:
    """Return the groups to merge, by their totals: all that are too small, and the next larger while they are together too few.

    One small group alone could be told from the difference to the total; so it never stays alone.
    """
    small = {key for key, total in totals.items() if 0 < total < smallest}
    if not small:
        return set()
    others = sorted((total, key) for key, total in totals.items() if total >= smallest)
    while others and (len(small) < 2 or sum(totals[key] for key in small) < smallest):
        small.add(others.pop(0)[1])
    return small
